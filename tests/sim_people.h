/* What the files of the simulation's people share.
 *
 *   sim_book.c      the rules of a world as people know them; what outside services do
 *   sim_accounts.c  who they are, in worlds where the server asks for it
 *   sim_people.c    what clients ask, and when; fate
 *   sim_answers.c   what they expect of the answers; the follower of the feed */
#ifndef TB_SIM_PEOPLE_H
#define TB_SIM_PEOPLE_H
#include "sim.h"
#include "canonical.h"
#include "server.h"

enum {
    MATTERS = 16,
    FIELDS = 40,
    MODES = 6,
    INTERFACES = 8,
    BULK = 8,
    REPLIES = 6,
    ANSWER_ROOM = 1 << 20,
    PATIENCE_MS = 60 * 1000, /* a client that waited so long goes away, and if all was well that is a finding */
    RECOVERY_MS = 30 * 1000, /* after the disk is well again the server must be */
    AGAIN_PERCENT = 15
};

/* ---- the rules of a world ---- */

typedef struct field {
    const char *name, *type, *item;
    const char *options[8];
    int option_count;
    bool required;
} field;

typedef struct matter {
    const char *name, *text, *path;
    sim_draft *draft; /* it was made up: later versions of it differ */
    int file;         /* the first matter of its file */
    bool loaded, known;
    int version;
    field fields[FIELDS];
    int field_count;
    const char *modes[MODES];
    int mode_count;
    const char *materials[FIELDS];
    int material_count;
} matter;

typedef struct service {
    const char *name, *words[REPLIES], *contents[REPLIES];
    int count;
} service;

typedef struct rules { /* at the world's first allocation */
    matter matters[MATTERS];
    int count;
    struct {
        const char *path, *text;
    } base[16];
    int base_count;
    service services[INTERFACES];
    int service_count;
    const char *interfaces;
} rules;
#define book (world->book)

/* ---- sim_book.c ---- */
const char *sim_between_texts(const char *from, const char *a, const char *b); /* a copy; NULL */
void sim_book_born(void);
const char *sim_calendar(void);
const char *sim_other_people(const char *text);
/* The bytes of GET /v1/matters/NAME; under tb_try. */
int sim_learn(matter *m, tb_arena *a, tb_str body);
const matter *sim_matter_called(tb_str name);
const char *sim_form_of(const matter *m);
char *sim_encoded(const char *text); /* for a path */
char *sim_quoted(const char *text);  /* as JSON */
const char *sim_keep(tb_str s);

/* ---- sim_people.c ---- */
typedef struct sim_errand { /* a request about accounts */
    enum { SIM_NO_ERRAND, SIM_ORDER, SIM_LOGIN, SIM_LOGOUT, SIM_PROBE } kind;
    sim_account *of;
    int what; /* enum tb_account_do */
    int days, expected;
    const char *label, *password;
    const char *text; /* PROBE: the token to show */
    sim_token *token; /* LOGOUT */
    bool quiet;       /* LOGIN: nobody was changing the account */
    uint64_t changes, closings, openings, attempt;
} sim_errand;

typedef struct person {
    sim_client *c;
    sim_conn *conn;
    char *in;
    size_t n;
    sim_request *doing; /* NULL: it only reads */
    sim_case *looking;  /* … this case, to act on it */
    bool history;          /* … a history */
    bool heading;          /* … the ledger's head, to be kept */
    bool finding;     /* … the tasks, for cases that nobody here began: a started case has no other way to be known */
    int64_t seen;     /* its seq, as anyone had been told when it asked */
    matter *learning; /* … or this matter */
    sim_request *fetching; /* … or this attachment */
    sim_request *bulk[BULK];
    bool known, bulk_known[BULK]; /* they had been acknowledged when they were sent */
    int bulk_count;               /* … or these, a line each */
    /* the case that it read last, by which validator and at which seq */
    char tag[40], new_tag[40];
    sim_case *tagged;
    int64_t tagged_seq;
    sim_account *tagged_as;
    /* who it is, for this request: sim_accounts.c */
    sim_errand errand;
    sim_token *token; /* NULL: none is shown */
    sim_account *who;
    bool token_ended; /* when it was shown */
    int64_t sent_wall;
    uint64_t sent_jumps;
    sim_reading *reading;
    bool reason; /* … and says why it wants to see it in the clear */
    bool waiting;
    uint64_t turn;     /* counts requests: an old time-out is none */
    uint64_t failures; /* of the disk, when it was sent */
    int64_t since;
    tb_arena *arena;
} person;
void sim_next_turn(person *p);
void sim_drop_line(person *p);
bool sim_all_well(const person *p); /* was the disk well all the time since it asked? */
void sim_put_aside(person *p);      /* what it had in hand */
void sim_no_answer(person *p);
void sim_later(person *p); /* has to wait a little */
void sim_transmit(person *p, const char *method, const char *path, const char *type, const char *body);
sim_case *sim_any_case(void); /* NULL: there is none */
/* One of the acts that the case at hand lists as open: asks for it. Under tb_try. */
int sim_choose(person *p, tb_str body);
bool sim_leapt(void); /* of the last life: nothing more is asked */

/* ---- sim_accounts.c ---- */
sim_account *sim_account_of(const char *person); /* NULL: nobody is asked who he is */
sim_account *sim_any_account(void);
sim_token *sim_token_of(sim_account *a); /* that must be accepted; NULL: there is none */
const char *sim_token_text(const sim_token *t);
/* Puts a token of `a` into p's hand. false: there is none yet, and p asks for one instead. */
bool sim_badge(person *p, sim_account *a);
bool sim_accounts_turn(person *p); /* something that is about accounts; false: nothing just now */
void sim_token_sent(person *p);
bool sim_accounts_answered(person *p, int status, const char *body); /* true: that was all it was about */
void sim_accounts_unanswered(person *p);
void sim_accounts_tick(void); /* before and after a jump of the wall clock */
/* p asks for `what` of a case, as the record of accesses calls it; and the answer has come. */
void sim_reads(person *p, sim_account *who, sim_case *c, const char *what, bool reason);
void sim_has_read(person *p, int status, const char *body);

/* ---- sim_answers.c ---- */
void sim_got(void *user, const char *bytes, size_t n); /* of a person's connection */
void sim_follow(void *unused);
void sim_follower_begin(void);
#endif
