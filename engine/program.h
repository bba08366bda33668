/* A program: one matter (事项) compiled. Immutable, in one arena, dropped whole (M1, M4).
 *
 * A program is a chart (chart.h) plus what administration adds to it: steps with people and limits, moves with
 * conditions and effects, milestones, clocks, documents, places. Everything is an index into tables of the program, so
 * that a step touches no text; names stay beside for people. The chart's shape: the root holds LIVE (every step,
 * parallel and branch) and one final state per outcome. A step with obligations (应当, M15) is a parallel of the step
 * itself and, for each obligation, a region idle → step → done. A 分支 is a region ending in 完成 or 不予. 任一环节
 * stands on LIVE. */
#ifndef TB_PROGRAM_H
#define TB_PROGRAM_H
#include "calendar.h"
#include "canonical.h"
#include "chart.h"
#include "directory.h"
#include "tree.h"

enum {
    TB_SEMANTICS = 1 /* M5: raised when a meaning changes */,
    TB_MILESTONES = 64,
    TB_MODES = 16,
    TB_STEPS = 500,
    TB_ACTS = 10000 /* as written; what templates and 逐一 make of them: TB_CHART_TRANSITIONS */,
    TB_FIELDS = 500,
    TB_MATERIALS = 500,
    TB_DOCUMENTS = 500,
    TB_PLACES = 500,
    TB_POSTS = 500,
    TB_LIST_ITEMS = 1000 /* 至多 N at most */,
    TB_LIST_USUAL = 100 /* a 列表 that says no 至多 */,
    TB_EACH = 16 /* items of a list that 逐一 goes through */,
    TB_COUNTED_MOVES = 1024 /* with 限 N次, or of a step that 已 asks for */,
    TB_CLOCK_ALERTS = 32    /* 提醒, 黄牌, 红牌 of one limit: a set of them is a word */
};
#define TB_NO_INDEX UINT32_MAX

/* A decision table as a matter adopts it (采用): its inputs bound to fields, its rows asked of them (table.h). */
struct tb_table;
struct tb_condition;
typedef struct tb_table_use {
    const struct tb_table *table;
    const uint32_t *fields;                 /* by input */
    const struct tb_condition *const *rows; /* over the fields; NULL for 否则 */
    tb_span span;                           /* its name in 采用 */
    bool used;                              /* some condition reads an output */
} tb_table_use;

enum tb_type {
    TB_T_TEXT = 1,
    TB_T_INTEGER,
    TB_T_DECIMAL,
    TB_T_MONEY,
    TB_T_DATE,
    TB_T_TIME,
    TB_T_BOOL,
    TB_T_OPTION,
    TB_T_ADDRESS,
    TB_T_DIVISION,
    TB_T_ID_CARD,
    TB_T_CREDIT_CODE,
    TB_T_PHONE,
    TB_T_ATTACHMENT,
    TB_T_LIST /* 列表 of any of the others */
};

typedef struct tb_bound {
    enum tb_compare op;
    tb_decimal value;
} tb_bound;
typedef struct tb_field {
    tb_str name, unit;
    enum tb_type type;
    bool required, sensitive;
    bool placed; /* a place is taken from it: the directory must know its division (PLACE_UNKNOWN) */
    const tb_str *options;
    uint32_t options_n;
    const tb_bound *bounds;
    uint32_t bounds_n;
    enum tb_type item;               /* 列表: the type of its items, whose options, bounds and unit are the field's */
    uint32_t most;                   /* 至多 */
    const struct tb_condition *when; /* 必填，若 C: required when it holds; NULL: `required` says it all */
    tb_str when_text;
    tb_span span;
} tb_field;

typedef struct tb_material {
    tb_str name;
    bool needed, electronic, exempt, deferrable, promisable; /* 可容缺, 可承诺: papers.c */
    tb_str only;
    tb_str when; /* 若 C, as written: needed only then (for people: nothing is refused for want of it) */
    tb_span span;
} tb_material;

/* The first milestones are fixed (M7); the matter's own and 「P收到」 of each place role follow. */
enum tb_milestone_id {
    TB_M_SUBMITTED /* 提交 */,
    TB_M_RECEIVED /* 收到材料 */,
    TB_M_NOTIFIED /* 告知 */,
    TB_M_ACCEPTED /* 受理 */,
    TB_M_DECIDED /* 决定 */,
    TB_M_SERVED /* 送达 */,
    TB_M_CLOSED /* 办结 */,
    TB_M_FIXED
};
typedef struct tb_milestone {
    tb_str name;
} tb_milestone;

typedef struct tb_document {
    tb_str name, seal;
    const uint32_t *records; /* milestones its issue sets */
    uint32_t records_n;
    tb_span span;
} tb_document;

/* A place role (收件地, 属地, 迁出地 …): where its value comes from (M16: from the form, never overridden). */
enum tb_place_from {
    TB_PLACE_SUBMISSION = 1 /* 提交地 */,
    TB_PLACE_FIELD,
    TB_PLACE_ORGAN /* the seat of the 实施主体 */
};
typedef struct tb_role_place {
    tb_str name;
    enum tb_place_from from;
    uint32_t field;
    uint32_t received; /* its 收到 milestone */
    uint32_t items;    /* of a list: so many copies follow, one for each item of 逐一; itself no place. 0: one place */
    uint32_t item;     /* a copy: which item it takes, from 1; empty in a case with fewer. 0: no copy */
    tb_span span;
} tb_role_place;

typedef struct tb_post {
    tb_str name;
    uint32_t place; /* role; TB_NO_INDEX for 申请人. Of a list: copies with the same name follow, at its items */
    tb_span span;
    bool copy;
} tb_post;
enum { TB_POST_APPLICANT = 0 };
typedef struct tb_separation {
    uint32_t a, b;
    tb_span span;
} tb_separation; /* 不得同一人, pairwise */

enum tb_clock_kind { TB_CLOCK_STATUTORY = 1, TB_CLOCK_PROMISED, TB_CLOCK_STEP, TB_CLOCK_DEFERRAL /* 容缺受理: to bring what is missing */ };
typedef struct tb_clock_def {
    enum tb_clock_kind kind;
    tb_str name; /* 法定期限, 承诺期限, or the step's name: unique, the key of its timer */
    int n;
    enum tb_unit unit;
    bool roll, keep;
    bool fixed;            /* 期限延长 does not lengthen it: its article speaks of others (reach.c) */
    bool first;            /* from the first occurrence, not the latest */
    uint32_t from;         /* milestone; TB_NO_INDEX: the step's entry */
    uint32_t to;           /* milestone that ends it; TB_NO_INDEX: the step's end */
    uint32_t step;         /* TB_CLOCK_STEP: its step */
    uint32_t place;        /* role whose calendar counts */
    uint32_t alerts;       /* how many alerts it has */
    const tb_law_ref *law; /* may be NULL */
    tb_span span;
} tb_clock_def;

/* 提醒, 黄牌, 红牌: something to be told once, n units before a limit runs out (alert.c). */
enum tb_alert_kind { TB_ALERT_REMIND = 1, TB_ALERT_YELLOW, TB_ALERT_RED };
typedef struct tb_alert_def {
    enum tb_alert_kind kind;
    tb_str key;          /* unique: the key of its timer */
    uint32_t clock, slot /* its number among the alerts of that clock */;
    const uint32_t *to;  /* 提醒: posts; cards: place roles */
    uint32_t to_n;
    int n;
    enum tb_unit unit;
    tb_str report; /* 报告 X; empty: nobody */
    tb_span span;
} tb_alert_def;

/* 举行日: a day fixed beforehand by the act that states it; what leaves the step waits for it (held.c). */
typedef struct tb_held {
    tb_str name; /* what is stated, and the milestone that keeps the day */
    uint32_t milestone, step;
    int n; /* 提前 */
    enum tb_unit unit;
    const tb_law_ref *law; /* may be NULL */
    tb_span span;
} tb_held;

typedef struct tb_step_def {
    tb_str name, phase;
    const uint32_t *posts; /* who may act */
    uint32_t posts_n;
    bool all;          /* 与: one act of each post is needed */
    int persons;       /* 不少于 N人; 1 otherwise */
    uint32_t clock;    /* its limit; TB_NO_INDEX none */
    uint32_t place;    /* role where it is done: of its first post, or its 主体; TB_NO_INDEX: the applicant's */
    tb_str duty, seal; /* 主体 P 派出所，用章 X */
    uint32_t call;     /* what it asks of others: 1 + index into calls; 0 none (outside.c) */
    bool asked;        /* some condition asks 已 S: how often its acts were taken is state */
    bool on_site;      /* 现场必须: somebody must come; not in the mode 全程网办 (M16) */
    tb_str on_site_why;
    tb_span on_site_span;
    uint32_t held;     /* 举行日: 1 + index into helds; 0 none */
    bool excludes;     /* 不计入期限 (M10) */
    bool interrupts;   /* some act of it leads back to 原环节 (history.c) */
    const tb_law_ref *why_needed, *why_excluded;
    tb_span excluded_span;  /* the clause */
    const uint32_t *beyond; /* limits of the case that run on all the same: its ground does not reach them (reach.c) */
    uint32_t beyond_n;
    const uint32_t *notices; /* documents issued on entry */
    uint32_t notices_n;
    uint64_t modes;  /* bit set of modes it exists in; ~0: all */
    uint16_t branch; /* state of the branch it is in; TB_NO_STATE */
    tb_span span;
} tb_step_def;

typedef struct tb_condition tb_condition; /* a checked condition: expression.h */

enum tb_effect_kind {
    TB_DO_ISSUE = 1, /* document */
    TB_DO_RECORD, /* milestone; `dated` names the milestone whose day it takes (受理日 最近一次收到材料日), TB_NO_INDEX:
                     now */
    TB_DO_TRANSFER, /* place role */
    TB_DO_CLOSE,    /* outcome */
    TB_DO_IRREVERSIBLE,
    TB_DO_RED /* place role */,
    TB_DO_YELLOW,
    TB_DO_REPORT /* text */,
    TB_DO_PROMPT /* text */,
    TB_DO_STOP, /* 子办件停止计时的，不计入期限 (along.c), and back */
    TB_DO_GO_ON,
    TB_DO_EXTEND,
    TB_DO_ADJUST
};
typedef struct tb_effect_def {
    enum tb_effect_kind kind;
    uint32_t a;
    uint32_t dated;
    uint32_t held; /* RECORD: 1 + index into helds: the day that is stated; 0: none */
    bool dated_first;
    bool deemed;
    tb_str text;
} tb_effect_def;

enum tb_move_kind {
    TB_MOVE_ACT = 1,
    TB_MOVE_OVERDUE,
    TB_MOVE_DONE /* 均办结的, 任一办结的, 满N个办结的: `needs` */,
    TB_MOVE_REJECTED /* 任一不予的, 满N个不予的 */,
    TB_MOVE_OBLIGE /* idle → step */,
    TB_MOVE_EACH   /* gate → the copy's first step, or past the end of the list: void */
};
enum tb_along { TB_ALONG_STOP = 1, TB_ALONG_GO_ON };
/* A move: what one …的 clause says. Several chart transitions may carry the same move (a step copied into two
 * obligations). */
typedef struct tb_move {
    enum tb_move_kind kind;
    tb_str key;            /* unique in the program: 「受理·材料齐全」; states count by it */
    tb_str act;            /* 材料齐全; the name in requests */
    uint32_t step;         /* where it is written; TB_NO_INDEX: 任一环节, 并行 */
    const uint32_t *posts; /* 由 X; NULL: the step's people */
    uint32_t posts_n;
    const tb_condition *guard; /* 若; NULL none (expression.h) */
    tb_str guard_text;         /* as written */
    const tb_expr *said;       /* the same as a tree, for whom compares matters by their words */
    uint32_t before;           /* 任一环节，M之前: milestone; TB_NO_INDEX none */
    int times;                 /* 限 N次; 0 none */
    uint32_t needs;            /* DONE, REJECTED: how many branches; 0: all (均办结的) */
    bool leaves;               /* leaves its step: obligations must be done (M15) */
    bool irreversible, rejects, returns;
    bool interrupts;      /* 任一环节 into a step that interrupts: what is left is kept */
    bool resumes;         /* 转 原环节 */
    int correct_n; /* 可更正: how long afterwards; 0: it cannot be */
    enum tb_unit correct_unit;
    const tb_str *stated; /* 载明: inputs that must be given */
    uint32_t stated_n;
    uint32_t held; /* 1 + index into helds: it fixes that day; 0 none */
    const tb_str *choices; /* 由 P 选择 A、B: the input 选择 is one of them */
    uint32_t choices_n;
    const tb_effect_def *effects;
    uint32_t effects_n;
    uint32_t call; /* the answer to a call: 1 + index; 0: an act of people */
    tb_str reply;  /* which answer: 有效; an outcome, 办结 or 未能发起 of a case that was started */
    enum tb_along along; /* a message that the started case stands still, or goes on; 0: it is none */
    const tb_law_ref *laws;
    uint32_t laws_n;
    tb_str target; /* for people: the step or outcome it leads to */
    tb_span span;
} tb_move;
/* Completes its step (已 S): an act or an answer that leaves it; its expiry does not. */
static inline bool tb__completes(const tb_move *m) { return m->kind == TB_MOVE_ACT && m->leaves; }

/* 调用 an outside interface, 发起 a case of another matter: on entering its step (outside.c). */
enum tb_call_kind { TB_CALL_INTERFACE = 1, TB_CALL_MATTER };
enum { TB_CALL_RETRIES = 8 /* 重试, unless told */ };
typedef struct tb_binding {
    tb_str to;      /* what the other calls it */
    uint32_t field; /* of our form; TB_NO_INDEX: `text` as it is */
    tb_str text;
    bool given; /* said in the clause */
} tb_binding;
typedef struct tb_call_def {
    enum tb_call_kind kind;
    tb_str name, provider; /* the interface, or the matter */
    tb_str mode;           /* of the case that is started; empty: its first */
    uint32_t step;
    const tb_binding *bindings;
    uint32_t bindings_n;
    const tb_str *replies; /* of an interface */
    uint32_t replies_n;
    int retries;
    bool along; /* of a started case: it is to tell when its time stands still (along.c) */
    tb_span span;
} tb_call_def;

typedef struct tb_mode {
    tb_str name;
    uint16_t start; /* state a case starts in */
} tb_mode;

/* What a state is, by the chart's tag. */
enum tb_node_kind {
    TB_NODE_ROOT = 0,
    TB_NODE_LIVE,
    TB_NODE_STEP,
    TB_NODE_HOST /* step with obligations */,
    TB_NODE_REGION,
    TB_NODE_IDLE,
    TB_NODE_DONE,
    TB_NODE_PARALLEL,
    TB_NODE_BRANCH,
    TB_NODE_BRANCH_DONE,
    TB_NODE_BRANCH_REJECTED,
    TB_NODE_OUTCOME,
    TB_NODE_HISTORY /* 原环节, in LIVE, deep */,
    TB_NODE_GATE /* of a copied branch (逐一): never active when a step has ended */,
    TB_NODE_BRANCH_VOID /* beyond the end of the list */
};
typedef struct tb_node {
    enum tb_node_kind kind;
    uint32_t index;  /* STEP, HOST, IDLE, DONE: step; OUTCOME: outcome */
    uint32_t raises; /* BRANCH_DONE, BRANCH_REJECTED: the internal event its entry raises; 0 none */
    tb_str name;     /* unique in the program: states are written by name */
} tb_node;

/* What stands in `text` came into the matter by the 套用 `clause` (template.c). */
typedef struct tb_use {
    tb_span text, clause;
} tb_use;

/* What a clause rests on (依, 因), one for each law or text it names: for those who read, not for what runs. */
typedef struct tb_citation {
    const tb_law_ref *law; /* NULL: a text, 依 “国办发〔2020〕35号” */
    tb_str text;           /* as written: 《行政许可法》第四十二条第一款 */
    tb_str rank, gist;     /* 位阶, and what the article says in short: from the law's file; empty: not there */
    tb_span clause;        /* that cites */
    enum tb_clause_kind kind;
    tb_duration says, allows; /* a limit (or 期限延长) of the clause, and of the article it rests on; unit 0: none */
    bool applicant;           /* the clause is about a step of the applicant's: longer is then his gain */
    bool open; /* 待核: the clause, or the article in the law's file */
    bool why;  /* stands after 因: a reason, or the article that asks for it */
    bool exact;                       /* the article is written in the law's file as it is cited, paragraph and item */
    const struct tb_section *section; /* the law in its file, and the article there; NULL: not there */
    const struct tb_clause *article;
    const struct tb_clause *citing; /* the clause itself, in the section `in` */
    tb_str in;
} tb_citation;

/* 容缺受理, 告知承诺 (papers.c); TB_NO_INDEX: the matter has none. */
typedef struct tb_papers {
    uint32_t clock;                        /* within which what is missing must come */
    uint32_t deferred, promised, supplied; /* milestones 容缺, 承诺, 补齐容缺 */
    uint32_t until;                        /* milestone that has to wait for them */
} tb_papers;

typedef struct tb_program {
    tb_span span; /* its name, in the file that is its root: steps may stand in a template's */
    tb_str matter, version, digest /* hex SM3 over its sources */, kind, service;
    tb_span kind_span, modes_span; /* of their clauses */
    int32_t effective;
    tb_str authority;         /* 实施主体: the organ; empty when by place and duty */
    uint32_t authority_place; /* role whose organ decides (属地 by default) */
    tb_str authority_duty, authority_seal;
    tb_span authority_span;
    bool no_statutory; /* 法定期限 无: said, not forgotten */
    tb_span no_statutory_span;
    const tb_chart *chart;
    const tb_node *nodes; /* by state */
    uint16_t live;
    TB_LIST(tb_mode) modes;
    TB_LIST(tb_role_place) places;
    TB_LIST(tb_post) posts;
    TB_LIST(tb_separation) separations;
    TB_LIST(tb_field) fields;
    TB_LIST(tb_table_use) tables;              /* 采用, in order (table.h) */
    TB_LIST(const struct tb_condition *) sums; /* comparisons that compute: of the form alone, so tried at submission */
    TB_LIST(tb_material) materials;
    TB_LIST(tb_document) documents;
    TB_LIST(tb_milestone) milestones;
    TB_LIST(tb_step_def) steps;
    TB_LIST(tb_clock_def) clocks;
    TB_LIST(tb_held) helds;
    TB_LIST(tb_alert_def) alerts;    /* in order of writing */
    TB_LIST(tb_call_def) calls;
    uint32_t outside;                /* the post 外部接口; 0: nothing is called */
    TB_LIST(tb_move) moves;          /* in order of writing; coverage counts these */
    const uint32_t *transition_move; /* chart transition → move */
    TB_LIST(tb_str) acts;            /* event number e ≥ TB_EVENT_FIRST_ACT is acts.items[e - TB_EVENT_FIRST_ACT] */
    TB_LIST(tb_str) outcomes;
    tb_papers papers;
    uint32_t receipt;          /* milestone that sets 收到材料 (以 … 为准); TB_NO_INDEX none */
    bool next_workday_receipt; /* 非工作时间网上提交 视为 次一工作日收到 */
    int extension_n;           /* 期限延长; 0 none */
    enum tb_unit extension_unit;
    uint32_t extension_move;
    bool adjusts;              /* 期限调整 (adjust.c) */
    uint32_t adjustment_move;
    TB_LIST(tb_span) pending; /* every 待核 */
    TB_LIST(tb_citation) citations;
    TB_LIST(tb_use) uses;
    TB_LIST(const tb_section *) scenarios;
    const tb_sources *sources;
} tb_program;
/* Event numbers of the chart. */
enum { TB_EVENT_NONE = 0, TB_EVENT_OVERDUE = 1, TB_EVENT_FIRST_ACT = 2 };

/* Inside the engine: where in a TB_LIST the item stands whose `field` (".name", or nothing for a list of texts) is `text`. */
#define TB__FIND(list, field, text, at)                                                                                \
    do {                                                                                                               \
        (at) = 0;                                                                                                      \
        while ((at) < (list).count && !tb_str_eq((list).items[at] field, (text))) (at)++;                              \
        if ((at) == (list).count) (at) = TB_NO_INDEX;                                                                  \
    } while (0)

/* Inside the engine (history.c): is a step active that has interrupted others? Only then is anything remembered; call
 * `forget` when a run has ended. */
bool tb__interrupted(const tb_program *p, const uint64_t *active);
void tb__forget(const tb_program *p, const uint64_t *active, uint64_t *memory);
/* Inside the engine (joins.c): have as many branches of `parallel` ended as this move of it asks for? */
bool tb__join_open(const tb_program *p, const uint64_t *active, uint16_t parallel, const tb_move *m);
/* Inside the engine: diagnostics from number `from` on that stand in a template's text also show the 套用 that brought
 * it into `p` (template.c). */
void tb__template_places(const tb_program *p, tb_diagnostics *d, uint32_t from);
/* Moves whose number of times is state: 限 N次 (M13), and those that complete a step some condition asks for. */
static inline bool tb__counted(const tb_program *p, uint32_t move) {
    const tb_move *m = &p->moves.items[move];
    return m->times > 0 || (m->step != TB_NO_INDEX && p->steps.items[m->step].asked && tb__completes(m));
}

/* 延长期限 and 调整期限: they change limits and no configuration. */
static inline bool tb__changes_limits(const tb_program *p, uint32_t move) {
    return (p->extension_n && move == p->extension_move) || (p->adjusts && move == p->adjustment_move);
}
/* Inside the engine (adjust.c): did the organ set this limit itself, so that it may change it? */
bool tb__adjustable(const tb_clock_def *d);

uint32_t tb_act_event(const tb_program *p, tb_str act);   /* 0: no such act */
uint32_t tb_step_named(const tb_program *p, tb_str name); /* TB_NO_INDEX */
const char *tb_alert_word(enum tb_alert_kind k); /* 提醒, 黄牌, 红牌: as in effects */
/* "食品经营许可.tb:31" for messages. */
tb_str tb_span_text(tb_arena *a, const tb_program *p, tb_span span);
bool tb_stops(const tb_step_def *s, uint32_t clock); /* does the clock of a span stand still in that step? (M10) */
tb_str tb_law_text(const tb_program *p, const tb_law_ref *law); /* as written, a view of its source; empty: NULL */
#endif
