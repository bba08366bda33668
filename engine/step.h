/* One step of a case: tb_step(program, case, event, env) → outcome. Pure and total; the same arguments give the same
 * bytes (M3).
 *
 * A case is a value: a step never changes it, it answers a new one in the outcome's arena, or a refusal that names the
 * code, the clause that decided, and the values. The state is written as canonical JSON (names, not numbers), so that a
 * database can be read with a shell and a program compiled again from the same sources reads it back. Effects are told
 * in order; they are the outcome's meaning, and with the state they are what the outcome's digest covers. */
#ifndef TB_STEP_H
#define TB_STEP_H
#include "program.h"

enum tb_refusal_code {
    TB_R_NONE = 0,
#define X(name, status, zh, en) TB_R_##name,
#include "refusals.def"
#undef X
    TB_R_COUNT
};
typedef struct tb_refusal {
    enum tb_refusal_code code;
    tb_span span;     /* the clause that decided; TB_NO_SPAN none */
    tb_str values[3]; /* {0} {1} {2} of the text */
} tb_refusal;
const char *tb_refusal_name(enum tb_refusal_code c); /* "WRONG_POST" */
int tb_refusal_status(enum tb_refusal_code c);       /* the HTTP status it answers as */
tb_str tb_refusal_text(tb_arena *a, const tb_refusal *r, enum tb_lang lang);

enum {
    TB_CASE_EVENTS = 10000 /* of one case */,
    TB_INPUT_BYTES = 64 << 10,
    TB_CASE_BYTES = 256 << 10 /* of one state */,
    TB_UNDO_BYTES = TB_CASE_BYTES / 2 /* of the state before that 更正 may need: a larger one cannot be corrected */
};

typedef struct tb_env {
    const tb_directory *directory;
    const tb_calendar *(*calendar)(void *user, tb_str name); /* by name; NULL: not loaded */
    void *user;
} tb_env;

typedef struct tb_actor {
    tb_str person, post, place;
    tb_str behalf; /* for whom (deputy.c); empty: himself */
} tb_actor;

enum tb_event_kind { TB_EV_SUBMIT = 1, TB_EV_ACT, TB_EV_TIMER };
typedef struct tb_event {
    enum tb_event_kind kind;
    int64_t at;       /* legal time; for a timer its due time */
    tb_str act, task; /* ACT: its name; the step it is addressed to (may be empty when only one can take it) */
    tb_actor by;
    tb_str mode;                     /* SUBMIT */
    const tb_json *form, *materials; /* SUBMIT: object; array of names */
    const tb_json *input;            /* ACT: object, or NULL */
    tb_str parent, parent_key;       /* SUBMIT: the case that started this one (发起), and the key of its call */
    bool parent_stops;               /* which is to be told when the time of this one stands still (along.c) */
    tb_str timer;                    /* TIMER: the clock's key, from tb_next_timer() */
} tb_event;
/* The event as stored: canonical JSON of the input, and back (M5). `e->form` … point into `body` after reading. */
void tb_event_write(tb_buf *b, const tb_event *e);
int tb_event_read(tb_arena *a, tb_str body, tb_event *e); /* TB_OK; TB_FAILED: it is none; TB_NOMEM */

typedef struct tb_occurrence {
    int64_t first, last;
    uint32_t count;
} tb_occurrence;
typedef struct tb_task {
    uint16_t state; /* the active leaf */
    uint32_t step;
    int64_t entered;
    TB_LIST(tb_str) confirmed; /* 「post/place/person」, of a deputy 「post/place/person/for whom」, who have done the act so far (不少于 N人, 与) */
    tb_str confirming;         /* the act they confirm */
    tb_str call;               /* the key of the open call; empty: none, or answered */
    tb_str holder;             /* 「post/place/person」 who has claimed it (签收); empty: nobody */
    int64_t claimed;           /* when */
} tb_task;
typedef struct tb_running {
    uint32_t def;
    uint16_t state;   /* step clocks: the leaf; TB_NO_STATE for spans */
    int64_t from, to; /* start; end, TB_NO_TIME while it runs */
    int extended;     /* units added */
    int adjusted;     /* those of them by 期限调整; of 续计 in all visits so far */
    bool overdue;     /* its expiry has been stepped */
    int64_t begun;    /* when it was started, which may be after `from`: alerts of a time before that are not told */
    uint32_t alerted; /* set of its alerts, by slot, that have been told */
} tb_running;
typedef struct tb_stopped {
    uint32_t step;
    int32_t from, to;    /* days; INT32_MAX while open */
    tb_str call, ground; /* with a started case (along.c): which stop, 「call.number」, and why; empty: the step's own */
} tb_stopped;
typedef struct tb_pause { /* a step's limit standing still while its step is interrupted (history.c) */
    uint32_t def;
    int32_t from, to; /* days; INT32_MAX while open */
} tb_pause;
typedef struct tb_issued {
    uint32_t document;
    uint32_t seq;
    int64_t at;
    tb_str number;
    bool voided; /* its act has been corrected (更正); the number is not used again */
} tb_issued;
/* What 更正 needs to go back: the last act, while it can still be corrected. */
typedef struct tb_undo {
    tb_str before; /* the state before it, as canonical JSON without an undo of its own; empty: nothing to correct */
    uint32_t move;
    int64_t at;
    tb_str post, place; /* of whoever did it */
} tb_undo;
typedef struct tb_duty_done {
    uint32_t post;
    tb_str who; /* place/person */
} tb_duty_done;

typedef struct tb_case {
    const tb_program *program;
    tb_str id;
    uint32_t seq; /* events so far */
    int64_t at;   /* legal time of the last */
    uint32_t mode;
    uint32_t outcome; /* TB_NO_INDEX while open */
    bool irreversible;
    tb_actor applicant;
    tb_str entered_by; /* who entered the application for him, at the applicant's place (窗口代录); empty: himself */
    tb_str parent, parent_key; /* 发起: which case waits for this one */
    bool parent_stops;         /* and is told when its time stands still (along.c) */
    uint64_t *active, *memory;
    tb_str *places; /* codes by role */
    tb_json form, materials;
    tb_occurrence *milestones;
    uint32_t *taken; /* by move (M13) */
    TB_LIST(tb_task) tasks;
    TB_LIST(tb_running) clocks;
    TB_LIST(tb_stopped) stopped;
    TB_LIST(tb_task) suspended; /* of interrupted steps, as they were; their clocks run on paper, paused */
    TB_LIST(tb_pause) pauses;
    TB_LIST(tb_issued) issued;
    TB_LIST(tb_duty_done) duties;
    tb_undo undo;
} tb_case;

/* What happened, in order: one line each, as canonical JSON members {"do","name",…}. */
typedef struct tb_effect {
    const char
        *what; /* "进入" "离开" "记" "出具" "转送" "办结" "超期" "红牌" "报告" "会签" "停止计时" "恢复计时" "延长" … */
    tb_str name;
    tb_str value;
    int64_t at;
} tb_effect;

/* What is to be carried to others, once this step is on disk: by the outbox (runtime), at least once. */
enum tb_sent_kind { TB_SENT_CALL = 1 /* to an interface */, TB_SENT_START /* a case of another matter */, TB_SENT_RESULT /* to the parent */ };
typedef struct tb_sent {
    enum tb_sent_kind kind;
    tb_str to;   /* interface; matter; the parent's case id */
    tb_str step; /* CALL, START: the step that waits for the answer */
    tb_str key;  /* of the call: 「seq.n」, unique in its case; RESULT: the parent's */
    tb_str body; /* canonical JSON. CALL: {what 请求 asks}; START: {"form":{…},"mode":…,"place":…}; RESULT: {"结果":outcome} */
    int retries;
} tb_sent;

typedef struct tb_outcome {
    bool refused;
    tb_refusal refusal;
    tb_case *next; /* NULL when refused */
    TB_LIST(tb_effect) effects;
    TB_LIST(tb_sent) sent;
    uint32_t move;           /* the move taken, TB_NO_INDEX none (submission, a plain expiry, a confirmation) */
    TB_LIST(uint32_t) moves; /* all moves taken, internal ones too: coverage */
} tb_outcome;

/* `before` is NULL for a submission (then `id` names the new case). The outcome lives in `a` and owns copies of all it
 * needs: `before`, the event and their texts may go afterwards. Answers TB_OK (accepted or refused) or TB_NOMEM. */
int tb_step(tb_arena *a, const tb_program *p, tb_str id, const tb_case *before, const tb_event *e, const tb_env *env,
            tb_outcome **out);

/* What will happen by itself: the expiry of each running clock not yet stepped, and its alerts not yet told. `recheck`: the
 * day is not published (M11), `due` is the earliest it can be: never an expiry or alert, but a time to look again. */
typedef struct tb_timer {
    int64_t due;
    tb_str key;
    bool recheck;
    bool alert;   /* an alert, not an expiry */
    uint32_t def; /* its clock, or its alert */
} tb_timer;
typedef void tb_timer_fn(void *user, const tb_timer *t);
void tb_each_timer(const tb_case *c, const tb_env *env, tb_timer_fn *fn, void *user);
/* The next of them: the earliest expiry or alert (M12: alerts first at one instant, then in order of declaration); when
 * there is none, the earliest re-check, which stays until a calendar is loaded. false: none. */
bool tb_next_timer(const tb_case *c, const tb_env *env, tb_timer *t);

/* Due date of one running clock, derived (M8). */
tb_due tb_clock_due(const tb_case *c, const tb_env *env, const tb_running *clock);
tb_due tb_clock_why(tb_arena *a, const tb_case *c, const tb_env *env, const tb_running *clock, tb_due_ranges *why);
/* When an alert of a running clock falls; TB_DUE_NONE while the clock stands still, and for one whose time had passed when
 * the clock was started. */
tb_due tb_alert_due(const tb_case *c, const tb_env *env, const tb_running *clock, const tb_alert_def *alert);
/* May 调整期限 name it: does it run, and did the organ set it itself? */
bool tb_adjustable_now(const tb_case *c, const tb_running *clock);
tb_str tb_clock_name(tb_arena *a, const tb_program *p, uint32_t def); /* 法定期限, 承诺期限, 「审查」期限 */

/* What may be done now, by whom: for people and for GET /v1/cases/ID. Built-in acts (people.c) are listed after the moves
 * of their task. */
typedef struct tb_possible {
    uint32_t move;  /* TB_NO_INDEX: a built-in act */
    tb_str act;     /* its name in requests */
    uint32_t step;  /* the task it is addressed to */
    const uint32_t *posts;
    uint32_t posts_n;
    tb_str person;       /* only this one; empty: whoever holds one of the posts */
    const tb_str *needs; /* inputs that must be given */
    uint32_t needs_n;
    bool open; /* conditions hold now; otherwise `blocked` says which does not */
    tb_refusal blocked;
} tb_possible;
typedef TB_LIST(tb_possible) tb_possibles;
/* Until when the last act may be corrected; TB_DUE_NONE: it cannot be (any more, apart from the time). */
tb_due tb_correct_until(const tb_case *c, const tb_env *env);
/* 签收 and 退签 of each task, 更正 …: acts that the engine gives to every matter. False: `act` is none of them. */
bool tb_builtin_act(tb_str act);
/* The person of a 「post/place/person」. */
tb_str tb_holder_person(tb_str holder);
int tb_possible_acts(tb_arena *a, const tb_case *c, const tb_env *env, tb_possibles **out);

/* The event that carries an answer to a waiting step: `reply` of an interface, the outcome of a started case, or 未能发起. Answers false when the
 * step has no act for it. `input` is made in `a`: the key, and what `more` holds. */
bool tb_reply_event(tb_arena *a, const tb_program *p, tb_str step, tb_str key, tb_str reply, const tb_json *more, tb_event *e);
/* A deep copy, which needs nothing but the program; NULL: no memory. And the bytes of its arena that it takes: a step's arena
 * holds several times as much (the request, the outcome, its texts), so who keeps a case for long keeps a copy. */
tb_case *tb_case_copy(tb_arena *a, const tb_case *c);
size_t tb_case_room(const tb_case *c);
/* The state as canonical JSON, and back with the same program. */
void tb_case_write(tb_buf *b, const tb_case *c);
tb_case *tb_case_read(tb_arena *a, const tb_program *p, tb_str state, const char **error); /* NULL: *error says why, and is */
extern const char tb_case_no_memory[];                                                     /* this when the state may be sound */
/* The bytes an outcome's digest is taken over: {"effects":[…],"state":{…}}. */
void tb_outcome_write(tb_buf *b, const tb_outcome *o);
#endif
