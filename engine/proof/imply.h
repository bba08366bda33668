/* Does one condition imply another, for two matters with forms of their own? Exact over the fields: each field's values
 * fall into the classes that the constants of both conditions induce (for numbers and dates the constants and the open
 * stretches between them, where an integer's stretch may be empty), and every combination of classes is tried, within
 * what both forms allow. 模式 ranges over the modes of both; 已 M and 未 M over yes and no. What else a condition may
 * hold (sums, tables, lists, a field against a field) is not decided here: the answer is then "unknown", said openly. */
#ifndef TB_PROOF_IMPLY_H
#define TB_PROOF_IMPLY_H
#include "program.h"

enum { TB_IMPLY_COMBINATIONS = 1 << 16 };

/* Open when any of the conditions holds; NULL among them: always. The fields are `p`'s. */
typedef struct tb__open {
    const tb_program *p;
    TB_LIST(const tb_expr *) any;
} tb__open;

enum tb__implied { TB__IMPLIED = 1, TB__NOT_IMPLIED, TB__IMPLY_UNKNOWN };
/* NOT_IMPLIED: `example` says when `x` is open and `y` is not (empty: always). UNKNOWN: it says what was not understood.
 * Lives in `a`, under tb_try(). */
enum tb__implied tb__implies(tb_arena *a, const tb__open *x, const tb__open *y, bool english, tb_str *example);
/* Does the field `x` admit every value that `y` admits? Bounds and options; `example`: one it does not. */
bool tb__admits(const tb_field *x, const tb_field *y, bool english, tb_str *example, tb_arena *a);
#endif
