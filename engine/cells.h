/* Cells: how constants cut a line of numbers. n constants give n points and n + 1 open intervals; conditions that compare
 * one number with those constants answer alike for all values of a cell, so one value of each stands for all. What the
 * proofs ask of every value they ask of these. Days are numbers without digits after the point. */
#ifndef TB_CELLS_H
#define TB_CELLS_H
#include "program.h"

typedef struct tb__cell {
    tb_decimal value;    /* stands for the cell; a plain one where there is a choice */
    tb_decimal from, to; /* of an interval, both outside it; of a point both the point */
    bool no_from, no_to; /* it has no end on that side */
} tb__cell;
typedef TB_LIST(tb__cell) tb__cells;

/* The cells in ascending order; `scale`: digits after the point a value may have (0: whole numbers). A cell without
 * such a value is left out. */
void tb__cells_of(tb_arena *a, const tb_decimal *constants, uint32_t n, int scale, tb__cells *out);
int tb__scale_of(enum tb_type t); /* of 整数 0, 金额 2, 小数 17 */
/* A value that `f`'s bounds allow and `in`'s do not. */
bool tb__outside_bounds(tb_arena *a, const tb_field *in, const tb_field *f, tb_decimal *value);
#endif
