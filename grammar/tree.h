/* The tree of a rules text: headings, clauses, parts. Flat, as the language is: a heading (事项 X：) reaches to the
 * next heading; a clause is a head and parts between commas, ended by 。; a part is one keyword with its arguments.
 *
 * Why so uniform: one clause a line is how regulations read and how errors stay small; the shape rules (which
 * clause under which heading, which part in which clause, how often) are tables (clauses.def, parts.def), checked
 * in one pass that can say in words what belongs where. The grammar itself stays tiny, and a new clause is a line
 * in a table. */
#ifndef TB_TREE_H
#define TB_TREE_H
#include "diagnostic.h"

typedef struct tb_name {
    tb_str text; /* without 「」 or quotes */
    tb_span span;
} tb_name;
typedef TB_LIST(tb_name) tb_names;

typedef struct tb_law_ref { /* 《行政许可法》第四十二条第一款第三项; numbers 0 when not given */
    tb_str law;
    int article, paragraph, item;
    int sub; /* 第四十五条之一 → 1 */
    tb_span span;
} tb_law_ref;
typedef TB_LIST(tb_law_ref) tb_law_refs;
/* A citation that stands outside of rules, in a table of the program or on a command line: 《行政许可法》第四十二条第一款, or the law alone (its
 * numbers are 0 then). `out->law` is a view of `text`. false: it is none. */
bool tb_law_read(tb_str text, tb_law_ref *out);

enum tb_unit_word { TB_U_WORKDAYS = 1, TB_U_DAYS, TB_U_HOURS, TB_U_MONTHS, TB_U_YEARS,
    TB_U_MINUTES, TB_U_WORKHOURS }; /* 工作日 自然日 小时 月 年 分钟 工作小时 as enum tb_unit; 分钟 only where machines wait (超时) */
typedef struct tb_duration {
    int n;
    enum tb_unit_word unit;
} tb_duration;

enum tb_expr_kind {
    TB_X_OR = 1, TB_X_AND, TB_X_NOT,
    TB_X_COMPARE,  /* a op b */
    TB_X_NAME,     /* a field, by name */
    TB_X_NUMBER, TB_X_TEXT, TB_X_DATE,
    TB_X_DONE,     /* 已 M: milestone M is recorded, or document M issued, or step M completed */
    TB_X_NOT_DONE, /* 未 M */
    TB_X_FILLED,   /* 已填 F */
    TB_X_UNFILLED, /* 未填 F */
    TB_X_IN,       /* F 属于 A、B (also F 是 A) */
    TB_X_MODE,     /* 模式 是 A、B */
    TB_X_CONTAINS, /* F 包含 A、B: a list, or the hits of a table, holds one of them */
    TB_X_ADD, TB_X_SUB, TB_X_MUL, /* a + b: exact decimals */
    TB_X_ITEMS /* a list holds so many items: the compiler's own, of 逐一 */
};
enum tb_compare { TB_EQ = 1, TB_NE, TB_LT, TB_LE, TB_GT, TB_GE };
typedef struct tb_expr tb_expr;
struct tb_expr {
    enum tb_expr_kind kind;
    enum tb_compare op;
    tb_span span;
    const tb_expr *a, *b;
    tb_str text; /* NAME, NUMBER as written (ASCII digits), TEXT, DONE …: the name */
    int32_t day; /* DATE */
    tb_names names; /* IN, MODE */
    int height;     /* 1 for a leaf; at most TB_EXPR_DEPTH */
    tb_str given;   /* the whole condition with a template's parameters put in; empty: as written */
};

enum tb_part_kind {
    TB_P_NONE = 0,
#define X(name, zh, en) TB_P_##name,
#include "parts.def"
#undef X
    TB_P_COUNT
};

typedef struct tb_part {
    enum tb_part_kind kind;
    tb_span span;
    tb_names names;
    tb_duration duration;
    int number;           /* 限 N次; 不少于 N人; a comparison's operator is `op` */
    enum tb_compare op;
    tb_name value;        /* SET, DEFAULT: the value as written (the first of several); COMPARE: the number as written. Of COMPARE, PERSONS, TIMES,
                             UP_TO, CORRECTABLE, BEFORE_EXPIRY with value_kind TB_V_NAME: a template's parameter */
    tb_names values;      /* SET: all of them: a list's items in a 用例 */
    enum { TB_V_NONE = 0, TB_V_NAME, TB_V_TEXT, TB_V_NUMBER, TB_V_DATE, TB_V_DURATION, TB_V_TIMES, TB_V_PERSONS } value_kind;
    int32_t day, day_to;  /* dates; INT32_MIN when not given */
    int minutes;          /* NAMED_TIME */
    const tb_expr *expr;
    tb_law_refs laws;
} tb_part;

enum tb_clause_kind {
    TB_C_NONE = 0,
#define X(name, zh, en, parts) TB_C_##name,
#include "clauses.def"
#undef X
    TB_C_COUNT
};

/* From one time of day to another, in minutes from 00:00; -1: no such time. */
typedef struct tb_spell {
    int from, to;
    tb_span span;
} tb_spell;
typedef TB_LIST(tb_spell) tb_spells;

typedef struct tb_clause {
    enum tb_clause_kind kind;
    tb_span span;         /* from the first byte of the head to the 。 */
    tb_span head;         /* the head keyword or name: where carets point */
    bool all;             /* names were joined by 与 (all of), not 、 (any of) */
    bool pending;         /* 待核 */
    bool none;            /* 法定期限 无 */
    tb_names names;       /* what stands in the head */
    tb_duration duration;
    int32_t day;          /* scenario and calendar clauses; INT32_MIN none */
    int32_t day_to;
    int minutes;          /* 09:00 as minutes; -1 none */
    tb_spells spells;     /* 办公时间 09:00 至 12:00、13:30 至 17:30 */
    int number;           /* 年度 2026 */
    tb_law_ref article;   /* law clauses: 第四十二条第一款; its law is empty */
    tb_law_refs laws;
    const tb_expr *expr;  /* a row of a table: 若 …; NULL: 否则 */
    TB_LIST(tb_part) parts;
} tb_clause;

enum tb_section_kind {
    TB_S_NONE = 0, TB_S_MATTER /* 事项 */, TB_S_FORM /* 申请表 */, TB_S_MATERIALS /* 申请材料 */, TB_S_DOCUMENTS /* 文书 */,
    TB_S_STEP /* 环节 */, TB_S_PARALLEL /* 并行 */, TB_S_BRANCH /* 分支 */, TB_S_ANYWHERE /* 任一环节 */, TB_S_SCENARIO /* 用例 */,
    TB_S_LAW /* 法规 */, TB_S_CALENDAR /* 日历 */, TB_S_DIRECTORY /* 组织 */,
    TB_S_TEMPLATE /* 流程模板 */, TB_S_TABLE /* 决策表 */, TB_S_INTERFACE /* 外部接口 */, TB_S_CATALOGUE /* 清单 */, TB_S_COUNT
};

typedef struct tb_section {
    enum tb_section_kind kind;
    tb_span span; /* the heading */
    tb_name name; /* empty for 申请表, 申请材料, 文书, 任一环节 */
    tb_name in;   /* （在 X） */
    tb_name phase; /* 属 X阶段: the text without 阶段 is the phase's name */
    tb_name before; /* X之前: the milestone */
    tb_names only; /* 限 MODE、MODE */
    tb_name each;  /* 逐一 X: a branch for each item of that list */
    tb_name inserted; /* 插入 X之前: a step put before one of the template */
    bool changed;  /* 改: changes the template's step of this name */
    bool pending;
    TB_LIST(tb_clause) clauses;
} tb_section;

typedef struct tb_tree {
    uint32_t file;        /* in the sources it was parsed from */
    tb_names references;  /* 引用: paths as written */
    TB_LIST(tb_section) sections;
} tb_tree;

/* Parses source number `file`. Always answers a tree (what could be understood), NULL only when memory ran out
 * (outside tb_try). What is wrong is in `d`. Never reads beyond the text, never recurses deeper than TB_EXPR_DEPTH.
 * */
enum { TB_EXPR_DEPTH = 200, TB_NAME_BYTES = 256 };
const tb_tree *tb_parse(tb_arena *a, const tb_sources *s, uint32_t file, tb_diagnostics *d);

/* The Chinese (or English) word of a part, clause or section kind, for messages. */
const char *tb_part_word(enum tb_part_kind k, enum tb_lang lang);
const char *tb_clause_word(enum tb_clause_kind k, enum tb_lang lang);
const char *tb_unit_text(enum tb_unit_word unit, enum tb_lang lang); /* 个工作日, workdays; "" for none */
tb_str tb_duration_text(tb_arena *a, tb_duration d, enum tb_lang lang); /* as it is written: 12个工作日, 12-workdays */
const char *tb_section_word(enum tb_section_kind k, enum tb_lang lang);
/* First part of a kind in a clause; NULL none. */
const tb_part *tb_part_of(const tb_clause *c, enum tb_part_kind k);

/* A plain text of all that the tree says, without places: for tests and tools; two texts that mean the same dump
 * alike. */
tb_str tb_tree_dump(tb_arena *a, const tb_tree *t);

/* The text laid out by the one style, every comment kept at its place; works on tokens, so a text with errors is
 * laid out too, except that text the lexer could not read is kept as it is. (format.c) p is NULL when memory ran
 * out (outside tb_try). */
tb_str tb_format(tb_arena *a, tb_str path, tb_str text);
#endif
