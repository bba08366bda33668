/* Inside the compiler: what its files share. compile.c gathers files; template.c puts templates in; matter.c fills a
 * program's tables; moves.c builds the chart and its moves; joins.c says how branches come together; check.c asks
 * whether the whole can work. */
#ifndef TB_COMPILE_WORK_H
#define TB_COMPILE_WORK_H
#include "compile.h"
#include "index.h"
#include "step.h"

struct tb_table;

/* A section that others name: 法规 by 依, 流程模板 by 套用, 决策表 by 采用, 外部接口 by 调用, 事项 by 遵循. */
typedef struct tb__named {
    const tb_section *section;
    const tb_tree *tree; /* a template's or a matter's own sections follow it there */
    uint32_t at, file;
    uint32_t next, last; /* the next of its name; of the first of a name, the last: TB_NO_INDEX */
} tb__named;

/* 遵循: who, where it says so, and the standard once it is compiled. */
typedef struct tb__following {
    const tb_program *p;
    const tb_clause *clause;
    uint32_t file;
    const tb_program *standard;
} tb__following;
typedef struct tb__standard { /* a matter of a referenced file; NULL: it has errors */
    const tb_section *section;
    const tb_program *program;
} tb__standard;
enum { TB_STANDARDS = 16 /* that follow each other upwards */ };

typedef struct tb__compiler {
    tb_arena *a;
    const tb_compile_input *in;
    tb_rules *rules;
    tb_diagnostics *d;
    TB_LIST(tb__named) named; /* in order of files and writing */
    tb_index by_name;         /* the first of each (short) name among them */
    TB_LIST(tb__following) following;
    TB_LIST(tb__standard) standards;
    TB_LIST(bool) unclean;                   /* by file: its text has errors of its own */
    TB_LIST(const struct tb_table *) tables; /* of all files (table.h) */
    uint32_t **closure;                      /* by file: files it references, itself first, ended by TB_NO_INDEX */
    const tb_directory *directory;           /* for checks; NULL: none */
    uint8_t (*text_digests)[32];             /* by file; all zero: not asked for yet */
    tb_str *program_digests;                 /* by file; empty likewise: files hold many matters, matters share laws */
} tb__compiler;

/* A section made for one item of a list (each.c). */
typedef struct tb__copy {
    const tb_section *section;
    tb_str field;
    uint32_t item;
} tb__copy;

/* What a matter is while it is being compiled. */
typedef struct tb__leaf {
    uint16_t state, entry, host;
    uint32_t step;
    uint16_t done; /* of its obligation region; TB_NO_STATE */
} tb__leaf;
typedef struct tb__branch_states {
    const tb_section *section;
    uint16_t state, done, rejected, parallel;
    uint16_t gate, beyond; /* of a copy (逐一); TB_NO_STATE */
    bool completes; /* some clause leads to its 完成 */
} tb__branch_states;
typedef struct tb__target { /* where a clause leads */
    const tb_part *part;    /* NULL: nowhere */
    uint16_t state;
    tb_str text;
} tb__target;
typedef struct tb__matter {
    tb__compiler *c;
    tb_program *p;
    const tb_section *head;
    const tb_section **sections; /* of this matter, the head first */
    uint32_t sections_n;
    const tb_section **step_section; /* by step */
    bool *obligation;                /* by step: stands in a 应当 */
    uint8_t *post_used, *document_used;
    tb_chart_builder *builder;
    TB_LIST(tb_node) nodes;
    TB_LIST(tb__leaf) leaves;            /* steps as chart states; an obligation may stand in several */
    TB_LIST(tb__branch_states) branches; /* parallels too: state only */
    TB_LIST(uint32_t) transition_move;
    uint16_t *outcome_state; /* by outcome */
    uint32_t internal_events;
    TB_LIST(tb__copy) copies;
    uint32_t item; /* the copy whose section is at hand: places and posts named are its own; 0 none */
    tb_str item_field;
    uint16_t history; /* 原环节; TB_NO_STATE when no clause leads there */
    uint32_t errors_before;
    bool english; /* messages about it are */
    bool unsound; /* a table it adopts has errors, told at the table */
} tb__matter;

/* compile.c: what a matter written in `file` may name is what that file and its 引用 hold. The first of that kind and
 * name; NULL: none. Two of one name have been reported. */
const tb__named *tb__named_for(const tb__compiler *c, uint32_t file, enum tb_section_kind kind, tb_str name);
const tb_section *tb__law_for(tb__compiler *c, uint32_t file, const tb_law_ref *ref);
const tb_clause *tb__article_of(const tb_section *law, const tb_law_ref *ref);
/* compile.c */
bool tb__english(const tb__compiler *c, uint32_t file); /* are messages about this file? */
/* listing.c */
void tb__listings_compile(tb__compiler *c, uint32_t roots);
/* template.c */
void tb__templates_check(tb__compiler *c); /* every template by itself */
/* 套用, 改, 插入, 删去: afterwards head and sections are those of an ordinary matter. false: errors, all reported. */
bool tb__template_apply(tb__matter *m);
/* A condition as people read it: as written, with the parameters of a template put in. */
tb_str tb__condition_text(const tb_sources *s, const tb_expr *x);
/* matter.c */
bool tb__matter_tables(tb__matter *m);
uint32_t tb__post_named(tb__matter *m, const tb_name *n); /* reports; TB_NO_INDEX */
uint32_t tb__place_named(tb__matter *m, const tb_name *n);
uint32_t tb__place_here(tb__matter *m, const tb_name *n); /* one place: of a list's only in its copies */
uint32_t tb__post_here(tb__matter *m, const tb_name *n);
uint32_t tb__document_named(tb__matter *m, const tb_name *n);
uint32_t tb__milestone_of(tb_arena *a, tb_program *p, tb_str name); /* adds it when new */
/* 「最近一次收到材料」, 「首次受理」, 「告知送达」: the milestone, whether the first one; TB_NO_INDEX for 接受任务. */
uint32_t tb__milestone_ref(tb__matter *m, tb_str text, bool *first);
tb_str tb__fixed_name(tb_str name); /* English names of fixed things → theirs */
void tb__cite(tb__matter *m, const tb_clause *c, const tb_law_refs *laws);
/* outside.c: 外部接口 and 发起 */
bool tb__outside_step(const tb_section *s); /* does the step ask others? */
void tb__outside_post(tb__matter *m);
/* The step's call; an interface's 超时 becomes `limit` (n 0: none). */
void tb__outside_fill(tb__matter *m, const tb_section *s, tb_step_def *step, uint32_t index, tb_clock_def *limit);
bool tb__outside_timeout(const tb_section *s, tb_str act); /* 答复超时: the expiry of such a limit */
void tb__outside_move(tb__matter *m, tb_move *v,
                      const tb_clause *c); /* 答复有效, 子办件准予: an answer, not an act of people */
void tb__outside_answers(tb__matter *m);
/* deputy.c: the 代理 clauses of one 组织, after its persons. */
void tb__deputies(tb__compiler *c, tb_directory_builder *b, int place, tb_str code, const tb_section *s);
void tb__outside_check(tb__compiler *c);                        /* when all matters are compiled */
/* along.c: 子办件停止计时的，不计入期限: the clause, the act that ends it (empty: `act` is not of that name), and its move; can the time of
 * such a matter stand still? */
void tb__along_move(tb__matter *m, tb_move *v, const tb_clause *c);
tb_str tb__along_act(tb_str act);
tb_move tb__along_back(tb__matter *m, const tb_move *stop);
bool tb__along_may(const tb_program *p);
tb_str tb__joined(tb_arena *a, const tb_str *list, uint32_t n); /* a、b */
tb_str tb__type_name(uint32_t i);                               /* the types of fields; empty after the last */
/* people.c: which acts may be corrected, once the chart stands */
void tb__corrections(tb__matter *m);
bool tb__limit_fits(int n, enum tb_unit unit, int *most); /* matter.c: of a duration; `most` of that unit, 0: no unit of limits */
/* held.c: 举行日: the clause, which move fixes a day (0: none), and what must hold when the moves are known */
void tb__held_add(tb__matter *m, tb_step_def *s, uint32_t step, const tb_clause *c);
uint32_t tb__held_stated(const tb_program *p, const tb_move *v);
void tb__held_check(tb__matter *m);
/* reach.c: which limits the article that a 不计入期限 rests on does not reach; NULL: it is in no file */
void tb__reach_extension(tb__matter *m, const tb_clause *extension); /* which limits 期限延长 does not lengthen */
void tb__reach(tb__matter *m, tb_step_def *s, const tb_section *law, const tb_clause *article);
/* alert.c: 提醒, 黄牌, 红牌, once the limits are known */
void tb__alerts(tb__matter *m);
/* advice.c: goes over what was said of the matter from the `from`-th on. */
void tb__advise(tb__matter *m, uint32_t from);
void tb__advise_all(tb__compiler *c); /* once, at the end */
/* scenario_names.c: the names in 用例, of a matter that has no errors; what they are names of, and its word (advice.c). */
enum tb__scenario_sort {
    TB__SCENARIO_ACT,
    TB__SCENARIO_STEP,
    TB__SCENARIO_DOCUMENT,
    TB__SCENARIO_MILESTONE,
    TB__SCENARIO_OUTCOME,
    TB__SCENARIO_CLOCK,
    TB__SCENARIO_FIELD,
    TB__SCENARIO_REFUSAL,
    TB__SCENARIO_SORTS
};
void tb__scenario_names(tb__matter *m);
tb_str tb__scenario_sort_word(enum tb__scenario_sort sort, bool english);
/* papers.c: 容缺受理 and 告知承诺 */
void tb__papers_milestones(tb__matter *m);
void tb__papers_clock(tb__matter *m);
bool tb__papers_expiry(const tb__matter *m, tb_str act); /* 容缺逾期: brought about by the limit, by nobody */
void tb__papers_check(tb__matter *m);
bool tb__fill_limit(tb__matter *m, const tb_clause *c, tb_clock_def *d); /* matter.c */
/* moves.c */
bool tb__matter_chart(tb__matter *m);
tb_str tb__path2(tb__matter *m, tb_str a, const char *between, tb_str b);
void tb__fill_effects(tb__matter *m, const tb_clause *c, tb_move *v);
tb__target tb__target_of(tb__matter *m, const tb_section *s, const tb_clause *c, const tb__leaf *leaf,
                         tb__branch_states *branch);
uint32_t tb__new_move(tb__matter *m, tb_move v);
void tb__add_transition(tb__matter *m, uint16_t source, uint32_t event, uint16_t target, uint32_t move);
/* each.c: 逐一 becomes a branch for each item, before anything is compiled. false: errors, said. */
bool tb__each(tb__matter *m);
const tb__copy *tb__copy_of(const tb__matter *m, const tb_section *s); /* NULL: as written */
void tb__enter_copy(tb__matter *m, const tb_section *s);
uint32_t tb__each_most(const tb__matter *m, tb_str field); /* items of a list that 逐一 may go through; 0: none such */
/* joins.c: the clauses of every 并行 */
void tb__joins(tb__matter *m);
/* history.c: 原环节 */
bool tb__names_history(const tb_part *p);
void tb__history_find(tb__matter *m); /* which steps interrupt */
/* What is wrong with the clause `c` of `s`, for 原环节 or a step that interrupts as its target; true: nothing. */
bool tb__history_target(tb__matter *m, const tb_section *s, const tb_part *part, const tb__leaf *leaf,
                        const tb__branch_states *branch);
bool tb__interrupting_step(const tb__matter *m, const tb_part *part); /* does the clause lead into such a step? */
/* check.c */
void tb__matter_check(tb__matter *m);
/* A word of ours in a message, in its language. */
#define TB__SAY(m, zh, en) tb_str_z((m)->english ? (en) : (zh))
#define TB__REPORT(m, code, span, v0, v1, v2) tb_report((m)->c->d, TB_E_##code, (span), (v0), (v1), (v2))
#endif
