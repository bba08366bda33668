/* Choices are exclusive, or ordered on purpose.
 *
 * One act may be written several times in a step, with other conditions and other ways to go. When two of them hold at once,
 * the first written is taken: whoever reads the second does not see that. So no two hold at once in any state, unless the
 * order is meant, which is said by a last one without 若 (otherwise), by 限 N次 of the earlier (until it is used up), or
 * does not matter, when both do the same. */
#include "proof_work.h"

static bool alike(const tb_move *a, const tb_move *b) {
    bool same = tb_str_eq(a->target, b->target) && a->effects_n == b->effects_n && a->rejects == b->rejects &&
                a->leaves == b->leaves && a->stated_n == b->stated_n;
    for (uint32_t i = 0; same && i < a->effects_n; i++)
        same = a->effects[i].kind == b->effects[i].kind && a->effects[i].a == b->effects[i].a;
    return same;
}

static bool same_act(const tb_move *a, const tb_move *b) {
    return a->kind == TB_MOVE_ACT && b->kind == TB_MOVE_ACT && a->step == b->step && a->step != TB_NO_INDEX &&
           a->call == b->call && tb_str_eq(a->act, b->act);
}

/* Is the last of its name without a condition? */
static bool has_otherwise(const tb_program *p, const tb_move *m) {
    const tb_move *last = m;
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (same_act(m, &p->moves.items[i])) last = &p->moves.items[i];
    return !last->guard;
}

static bool active(tb__proof *w, uint32_t state, uint32_t step) {
    for (uint16_t s = 0; s < tb_chart_states(w->p->chart); s++)
        if (tb_bit(tb__state(w, state), s) && w->p->nodes[s].kind == TB_NODE_STEP && w->p->nodes[s].index == step)
            return true;
    return false;
}

static void overlap(tb__proof *w, const tb_move *a, const tb_move *b) {
    for (uint32_t s = 0; s < w->g.states; s++) {
        if (!active(w, s, a->step) || !tb__holds_in(w, s, a->guard) || !tb__holds_in(w, s, b->guard)) continue;
        tb__edges path = {0};
        tb__path_to(w, s, TB__NONE, &path);
        tb__failed(w, TB_E_PROOF_CHOICE, b->span, b->act, tb__valuation_text(w, s), tb__path_text(w, &path), &path)
            ->other = a->span;
        return;
    }
}

void tb__prove_choices(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t b = 1; b < p->moves.count; b++)
        for (uint32_t a = 0; a < b; a++) {
            const tb_move *x = &p->moves.items[a], *y = &p->moves.items[b];
            if (!same_act(x, y) || !x->guard || !y->guard || x->times || alike(x, y) || has_otherwise(p, x)) continue;
            overlap(w, x, y);
        }
}
