/* Inside the server: what its files share. Only server.c, cases.c, act.c, timers.c, loads.c and api*.c include this. */
#ifndef TB_SERVER_PARTS_H
#define TB_SERVER_PARTS_H
#include "auth.h"
#include "cases.h"
#include "commit.h"
#include "feed.h"
#include "http.h"
#include "mask.h"
#include "outbox.h"
#include "registry.h"
#include "server.h"
#include "timers.h"

#define TB_ACCESS_KEEP ((int64_t)3 * 366 * 86400000) /* ms: 个人信息保护法第五十六条 keeps records of such dealings three years */
enum {
    TB_REASON_BYTES = 500, /* of ?unmask= */
    TB_REQUEST_KEY = 200,  /* bytes of an idempotency key */
    TB_PERSON_BYTES = 200, /* bytes of a person's, a post's name, a place's code */
    TB_ATTACHMENT_BYTES = 8 << 20,
    TB_LOAD_BODY = 64 << 20,
    TB_BULK_BODY = 16 << 20,
    TB_BULK_LINES = 10000,
    TB_PAGE = 100,
    TB_PAGE_MOST = 1000
};

typedef struct tb__counters {
    uint64_t acts, submissions, repeats, refused, timers, loads, failed, logins, logins_failed, accesses;
    uint64_t refusals[TB_R_COUNT]; /* by the rules, for each reason */
} tb__counters;

struct tb_server {
    tb_server_options o;
    tb_io *io;
    bool own_io, stopping, closing, moving; /* moving: a POST /v1/clock is under way */
    tb_store *store;
    tb_commit *commit;
    tb_http_server *http;
    tb_registry *registry;
    tb_cases *cases;
    tb_timers *timers;
    tb_outbox *outbox;
    tb_feed *feed;
    tb_io_worker *compiler;
    tb_io_timer *alive;
    tb_accounts *accounts;
    tb_credential *asking; /* of the request being entered; NULL: none was asked for */
    struct tb_logins *logins;
    struct tb_loads *loads;
    int64_t leaf, wall; /* of the last event given to commit */
    int64_t clock;      /* virtual now, under a test clock */
    tb__counters counters;
    tb_measure act_seconds, timer_late;
    bool clock_back, failing; /* told the operator: the wall clock stands behind the log; writes fail */
};

/* ---- time ---- */
int64_t tb__now(const tb_server *s);        /* the wall clock, or the virtual one */
int64_t tb__event_time(tb_server *s); /* max(now, last event): time in the log never runs back (M12) */
enum { TB_CLOCK_BEHIND = 1000 /* ms by which the wall clock may stand behind the last event before it is told */ };

/* ---- what the operator is told ---- */
/* One line: level and event as in server.h, the text in the operator's language (printf). */
void tb__report(tb_server *s, const char *level, const char *event, const char *format, ...) __attribute__((format(printf, 4, 5)));
#define TB_TELL(s, zh, en) ((s)->o.lang == TB_LANG_EN ? (en) : (zh))

/* ---- problems: why a request is answered with an error ---- */
typedef struct tb_problem {
    int status; /* 0: none */
    const char *code;
    tb_str message, file, detail /* JSON, or empty */;
    uint32_t line;
    uint32_t retry; /* seconds, of a 429 or 503; 0: 1 */
} tb_problem;
void tb__problem_write(tb_buf *b, const tb_problem *p);
tb_problem tb__refused(tb_arena *a, const tb_program *p, const tb_refusal *r, enum tb_lang lang);
tb_problem tb__store_problem(int result, enum tb_lang lang);  /* RETRY, UNKNOWN, CORRUPT of the store */
tb_problem tb__commit_problem(int answer, enum tb_lang lang); /* FULL, REOPENING, BROKEN of the commit */

/* ---- requests ---- */
enum tb_lang tb__lang(const tb_http_request *req);
/* A request in work: an arena that lives until its answer is written, one problem, the language. */
typedef struct tb_call {
    tb_server *server;
    tb_http_request *req;
    tb_state *work; /* whose arena it is; the answer takes it along */
    tb_arena *arena;
    enum tb_lang lang;
    tb_who who;
    tb_problem problem;
    void *more; /* the handler's own, in the arena */
    struct tb_bulk_line *line; /* a line of POST /v1/acts: the answer goes there. NULL: the request is the call */
    tb_str body;               /* the request's, or the line's */
    const struct tb_listing *listing; /* of tb__list; and what it has written */
    tb_str out;
} tb_call;
#define TB_SAY(c, zh, en) ((c)->lang == TB_LANG_EN ? (en) : (zh))
tb_call *tb__call_new(tb_server *s, tb_http_request *req); /* NULL: answered 503 already */
/* Fails the call with a message (printf of the two languages cannot be shared: make it first). Always answers
 * TB_FAILED. */
int tb__fail(tb_call *c, int status, const char *code, tb_str message);
void tb__answer(tb_call *c, int status, const char *extra,
                tb_str body); /* and ends the call; `extra`: as tb_http_answer */
void tb__answer_problem(tb_call *c);
void tb__answer_nomem(tb_call *c);
extern const tb_str tb__no_memory; /* the body of that answer */
/* Runs work(c) under tb_try; when it did not answer TB_OK, answers the problem (or 503) and ends the call: false. */
bool tb__try(tb_call *c, int (*work)(void *));

/* A list: what is asked for, under tb_try; the rows, on the reading thread; the answer, into c->out, under tb_try. All get the call.
 * Answers it, or what went wrong. */
typedef struct tb_listing {
    int (*ask)(void *call);
    tb_store_work read;
    int (*write)(void *call);
} tb_listing;
void tb__list(tb_server *s, tb_http_request *req, const tb_listing *l);

/* Reading bodies; all under tb_try, all answer TB_OK or TB_FAILED with c->problem set. `known` ends with NULL. */
int tb__body(tb_call *c, const char *const *known, const tb_json **object);
int tb__object(tb_call *c, const tb_json **object); /* whatever its type and members */
int tb__members(tb_call *c, const tb_json *o, const char *where, const char *const *known);
int tb__text(tb_call *c, const tb_json *o, const char *name, bool required, uint32_t most, tb_str *out);
int tb__flag(tb_call *c, const tb_json *o, const char *name, bool *out);
int tb__time(tb_call *c, const tb_json *o, const char *name, int64_t *out); /* TB_NO_TIME when absent */
int tb__actor(tb_call *c, const tb_json *o, tb_actor *out); /* who acts, as tb_auth_actor() lets him; `by` may be absent when a credential says it */
int tb__case_id(tb_call *c, tb_str text, int64_t *id);

/* Case numbers: 63 bits as 13 characters of Crockford's base 32. */
enum { TB_CASE_NAME = 13 };
void tb__case_name(int64_t id, char out[TB_CASE_NAME + 1]);
/* Parameters of lists; TB_FAILED with a problem set. An absent one leaves *flag as it is, and *limit `usual`. Under tb_try. */
int tb__read_flag(tb_call *c, const char *name, bool *flag);
int tb__read_limit(tb_call *c, uint32_t usual, uint32_t most, uint32_t *limit);
bool tb__case_number(tb_str text, int64_t *id); /* any case; i, l read as 1, o as 0 */

/* ---- pieces of answers ---- */
void tb__put_time(tb_buf *b, int64_t at); /* "2026-03-02T09:00:00+08:00", or null */
void tb__put_steps(tb_buf *b, const tb_case *c, const tb_env *env);
void tb__put_outcome(tb_buf *b, const tb_case *c); /* "outcome": its name, or null */
void tb__put_clocks(tb_buf *b, const tb_case *c, const tb_env *env, bool why);
void tb__put_documents(tb_buf *b, const tb_case *c, uint32_t of_seq /* 0: all */);
void tb__put_effects(tb_buf *b, const tb_outcome *o);
void tb__put_acts(tb_buf *b, const tb_case *c, const tb_env *env, int32_t today, enum tb_lang lang);
void tb__put_summary(tb_buf *b, const tb_case *c, const tb_env *env, tb_mask *mask /* NULL: in the clear */); /* members of a case, without braces */
void tb__put_answer(tb_buf *b, const tb_outcome *o, const tb_env *env); /* of an act */
tb_str tb__post_place(const tb_case *c, uint32_t post);

/* ---- what comes back from outside (inject.c) ---- */
enum tb_injected {
    TB_INJECTED = 0,     /* on disk, and the outbox row with it */
    TB_INJECT_REPEAT,    /* had been done before; the row is still to be settled */
    TB_INJECT_REFUSED,   /* `text` says why; likewise */
    TB_INJECT_IMPOSSIBLE, /* make() answered TB_FAILED, or there is no such case or matter; likewise */
    TB_INJECT_LATER      /* memory or store: again later */
};
typedef struct tb_inject {
    tb_server *server;
    bool submit;
    int64_t id;              /* the case; a submission's origin */
    tb_str matter, request;  /* the matter to begin; the idempotency key */
    /* Makes the event, but its time; under tb_try, in `a`. TB_FAILED: `text` says why not. `base` is NULL for a submission. */
    int (*make)(struct tb_inject *x, tb_arena *a, const tb_state *base, const tb_program *p, tb_event *e);
    tb_outbox_row settle;    /* written with the event */
    void (*done)(struct tb_inject *x, enum tb_injected how);
    void *user;
    char text[512];
} tb_inject;
/* Steps a case by an event of the server's own making, exactly once by its key. `x` and its texts stay until done, which is called on the loop,
 * perhaps before this returns. */
void tb__inject(tb_inject *x);

/* ---- handlers ---- */
void tb__api(void *server, tb_http_request *req);
size_t tb__body_limit(void *server, const tb_http_request *req);
void tb__post_case(tb_server *s, tb_http_request *req);
void tb__post_act(tb_server *s, tb_http_request *req, tb_str id);
void tb__post_acts(tb_server *s, tb_http_request *req);
void tb__get_case(tb_server *s, tb_http_request *req, tb_str id);
void tb__get_history(tb_server *s, tb_http_request *req, tb_str id);
void tb__get_document(tb_server *s, tb_http_request *req, tb_str id, tb_str number);
void tb__put_attachment(tb_server *s, tb_http_request *req, tb_str id, tb_str name);
void tb__get_attachment(tb_server *s, tb_http_request *req, tb_str id, tb_str name);
void tb__get_tasks(tb_server *s, tb_http_request *req);
void tb__get_cases(tb_server *s, tb_http_request *req);
void tb__get_changes(tb_server *s, tb_http_request *req); /* GET /v1/loads/N/changes */
void tb__get_matters(tb_server *s, tb_http_request *req, tb_str name /* empty: all */);
void tb__post_load(tb_server *s, tb_http_request *req);
void tb__post_reply(tb_server *s, tb_http_request *req);
void tb__get_outbox(tb_server *s, tb_http_request *req);
void tb__post_outbox(tb_server *s, tb_http_request *req, tb_str id);
void tb__get_ledger_head(tb_server *s, tb_http_request *req);
void tb__post_clock(tb_server *s, tb_http_request *req);
void tb__post_session(tb_server *s, tb_http_request *req);
void tb__get_session(tb_server *s, tb_http_request *req);
void tb__delete_session(tb_server *s, tb_http_request *req);
void tb__get_accounts(tb_server *s, tb_http_request *req);
void tb__get_accesses(tb_server *s, tb_http_request *req);
void tb__post_account(tb_server *s, tb_http_request *req);
void tb__get_health(tb_server *s, tb_http_request *req);
void tb__get_metrics(tb_server *s, tb_http_request *req);

/* ---- many acts in one request (api_bulk.c) ---- */
typedef struct tb_bulk tb_bulk;
/* Begins the act that a line of `req` says; ends in tb__bulk_answer, perhaps before it returns. */
void tb__act_of_line(tb_server *s, tb_http_request *req, struct tb_bulk_line *line, tb_str text);
void tb__bulk_answer(struct tb_bulk_line *line, int status, tb_str body);

/* ---- acts ---- */
/* Steps the timers of a case that are due at or before `t`, at most `most`, and commits them. Answers how many were
 * stepped; -1: could not (no memory, or the commit takes no more now: *answer says which, an enum tb_commit_answer, or
 * -1). */
int tb__fire(tb_server *s, tb_entry *e, int64_t t, int most, int *answer);
/* The next thing to do about a case by itself: an expiry, or a day on which to look again (M11). TB_NEVER: nothing. */
int64_t tb__due_of(const tb_case *c, const tb_env *env, int64_t now);
/* Writes the case's row and tasks anew if their due dates moved (calendar loads, re-checks). As tb__fire. */
int tb__rearm(tb_server *s, tb_entry *e, int *answer);

/* ---- logins (api_accounts.c) ---- */
int tb__logins_new(tb_server *s); /* TB_OK, or TB_NOMEM */
/* In two halves, as the compiler's: no hash is begun or answered any more; then the memory goes. */
void tb__logins_stop(tb_server *s);
void tb__logins_free(tb_server *s);
/* The store was reopened: was a change of accounts in doubt? */
void tb__accounts_reopened(tb_server *s);
bool tb__accounts_unread(const tb_server *s); /* they could not be read; tried again each second */

/* ---- loads ---- */
int tb__loads_new(tb_server *s);
void tb__loads_free(tb_server *s);
void tb__loads_reopened(tb_server *s); /* the store was reopened: was a load in doubt? */
/* At start, before the loop runs: everything below `rules`. False: `why`. */
bool tb__load_directory(tb_server *s, const char *rules, char *why, size_t room);
#endif
