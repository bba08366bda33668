/* Conditions (若 …): names resolved, types checked, absent values handled, then evaluated against a case.
 *
 * Static types: a number is compared with a number, a date with a date, text and options for equality only. A field
 * that need not be filled may be read only where 已填 F holds (且 on its left, or the whole of a 或 on 未填 F): absent
 * values are an error the author must handle, never a silent null (DESIGN §3). */
#ifndef TB_EXPRESSION_H
#define TB_EXPRESSION_H
#include "program.h"

struct tb_condition {
    enum tb_expr_kind kind;
    enum tb_compare op;
    uint32_t index; /* field; milestone or document of DONE */
    bool document;  /* DONE: index is a document */
    uint64_t modes;
    enum tb_type type;
    tb_decimal number;
    tb_str text;
    int32_t day;
    const tb_str *options;
    uint32_t options_n;
    const tb_condition *a, *b;
};

struct tb_case;
/* NULL and diagnostics when it does not check. Lives in `a`. */
const tb_condition *tb_condition_check(tb_arena *a, const tb_program *p, const tb_expr *e, tb_diagnostics *d);
bool tb_condition_holds(const tb_condition *c, const struct tb_case *state);
#endif
