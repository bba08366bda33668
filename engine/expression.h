/* Conditions (若 …): names resolved, types checked, absent values handled, then asked of a case.
 *
 * Static types. Numbers compare with numbers of the same unit (no conversion: the words must be the same; a number
 * written in the rules takes any), days with days, instants with instants; text and options for equality only, options
 * only when the two fields can agree. Sums are exact (canonical.h). A field that need not be filled may be read only
 * where 已填 F holds (且 on its left, or the whole of a 或 on 未填 F): absent values are an error the author must handle,
 * never a silent null (DESIGN §3).
 *
 * A condition over the form alone never changes during a case, since the form does not. So what can go wrong with the
 * values of one form (a sum of more than 18 digits, a table without a row for it) is found when the form is handed in
 * and refuses it there (form.c); a case that was accepted can always be asked. */
#ifndef TB_EXPRESSION_H
#define TB_EXPRESSION_H
#include "program.h"
#include "value.h"

enum tb_truth { TB_NO = 0, TB_YES, TB_NOT_COMPUTED };
enum tb_asked { TB_ASK_MILESTONE = 0, TB_ASK_DOCUMENT, TB_ASK_STEP };

/* A checked condition, or an operand of a comparison (NAME, NUMBER, TEXT, DATE, ADD, SUB, MUL). */
struct tb_condition {
    enum tb_expr_kind kind;
    enum tb_compare op;
    enum tb_asked asked;
    uint32_t index;  /* NAME, IN, CONTAINS, FILLED, UNFILLED: a field, or the table of an output; DONE: what is asked */
    uint32_t column; /* the output; TB_NO_INDEX: a field */
    enum tb_type type;    /* of what it names */
    enum tb_type item;    /* of a list's items */
    uint64_t modes;       /* MODE */
    tb_value literal;     /* NUMBER, TEXT, DATE */
    const tb_value *list; /* IN, CONTAINS */
    uint32_t list_n;
    const tb_condition *a, *b;
    tb_span span;
};

struct tb_case;
/* NULL and diagnostics when it does not check. Lives in `a`. Notes in `p` what it asks for (sums, steps, tables). */
const tb_condition *tb_condition_check(tb_arena *a, tb_program *p, const tb_expr *e, tb_diagnostics *d);
/* The same over the inputs of a table: name i stands for field `fields[i]` (NULL: for i itself). `p` may be NULL. */
typedef struct tb__inputs {
    const tb_field *list;
    uint32_t count;
    const uint32_t *fields;
} tb__inputs;
const tb_condition *tb__condition_check_row(tb_arena *a, tb_program *p, const tb__inputs *inputs,
                                            const tb_sources *sources, const tb_expr *e, tb_diagnostics *d);

bool tb__asks_case(const tb_condition *c); /* reads what happens after the submission: 已, 未 */
bool tb_condition_holds(const tb_condition *c, const struct tb_case *state);

/* What a condition is asked of. `c` NULL: there is no case yet, and 已 is false. */
typedef struct tb__reading {
    const tb_field *fields;
    const struct tb_table_use *tables;
    const tb_json *form;
    uint32_t mode;
    const struct tb_case *c;
} tb__reading;
enum tb_truth tb__condition_ask(const tb__reading *r, const tb_condition *c);
tb_value tb__operand(const tb__reading *r, const tb_condition *c); /* of an operand */
/* The values and rows that decided, as the end of a refusal: 「；经营面积 为 120」, 「；风险 为 高（决策表 风险等级 第 2 行，甲.tb:31）」.
 * Fields marked 敏感 are named without their value. Empty: it read nothing of the form. */
tb_str tb__condition_why(tb_arena *a, const tb_condition *c, const struct tb_case *s);
#endif
