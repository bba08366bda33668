/* See cells.h. */
#include "cells.h"
#include "value.h"
#include <string.h>

int tb__scale_of(enum tb_type t) { return t == TB_T_INTEGER || t == TB_T_DATE ? 0 : t == TB_T_MONEY ? 2 : 17; }

static tb_decimal one_at(int scale) { return (tb_decimal){1, scale}; }

/* The greatest number with that many digits after the point that is not above `d`. */
static tb_decimal floor_at(tb_decimal d, int scale) {
    while (d.scale > scale) d = (tb_decimal){d.units / 10 - (d.units % 10 < 0), d.scale - 1};
    return d;
}

/* A value strictly between, with as few digits as can be. */
static bool between(const tb__cell *c, int scale, tb_decimal *value) {
    if (c->no_from && c->no_to) return *value = (tb_decimal){0, 0}, true;
    for (int s = 0; s <= scale; s++) {
        tb_decimal v;
        if (c->no_from) { /* the next below: −(floor(−to) + 1) */
            if (!tb_decimal_add(floor_at(tb_decimal_neg(c->to), s), one_at(s), &v)) return false;
            return *value = tb_decimal_neg(v), true;
        }
        if (!tb_decimal_add(floor_at(c->from, s), one_at(s), &v)) return false;
        if (c->no_to || tb_decimal_cmp(v, c->to) < 0) return *value = v, true;
    }
    return false;
}

static bool fits_scale(tb_decimal d, int scale) { return tb_decimal_cmp(floor_at(d, scale), d) == 0; }

void tb__cells_of(tb_arena *a, const tb_decimal *constants, uint32_t n, int scale, tb__cells *out) {
    tb_decimal *sorted = TB_NEW_ARRAY(a, n + 1, tb_decimal);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) { /* insertion: constants are few */
        uint32_t at = count;
        while (at && tb_decimal_cmp(sorted[at - 1], constants[i]) > 0) at--;
        if (at && tb_decimal_cmp(sorted[at - 1], constants[i]) == 0) continue;
        memmove(sorted + at + 1, sorted + at, (count - at) * sizeof *sorted);
        sorted[at] = constants[i];
        count++;
    }
    for (uint32_t i = 0; i <= count; i++) {
        tb__cell c = {.no_from = i == 0, .no_to = i == count};
        if (i) c.from = sorted[i - 1];
        if (i < count) c.to = sorted[i];
        if (between(&c, scale, &c.value)) *TB_PUSH(a, *out) = c;
        if (i == count || !fits_scale(sorted[i], scale)) continue;
        *TB_PUSH(a, *out) = (tb__cell){sorted[i], sorted[i], sorted[i], false, false};
    }
}

bool tb__outside_bounds(tb_arena *a, const tb_field *in, const tb_field *f, tb_decimal *value) {
    tb_decimal *constants = TB_NEW_ARRAY(a, in->bounds_n + f->bounds_n + 1, tb_decimal);
    tb__cells cells = {0};
    uint32_t n = 0, broken;
    for (uint32_t i = 0; i < in->bounds_n; i++) constants[n++] = in->bounds[i].value;
    for (uint32_t i = 0; i < f->bounds_n; i++) constants[n++] = f->bounds[i].value;
    tb__cells_of(a, constants, n, tb__scale_of(f->type == TB_T_LIST ? f->item : f->type), &cells);
    for (uint32_t i = 0; i < cells.count; i++) {
        tb_decimal v = cells.items[i].value;
        if (tb_value_bound(f, v, &broken) && !tb_value_bound(in, v, &broken)) return *value = v, true;
    }
    return false;
}
