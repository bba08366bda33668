/* 告知承诺: where a promise stood for a material, somebody finds out whether it was true.
 *
 * The case is decided on the promise; what makes that lawful is that it is verified afterwards, within a time that is declared. So
 * no path on which something was promised may reach an end that gives the applicant what he asked for unless the acts 承诺属实 or
 * 承诺不实 were taken on it; letting the step's limit run out verifies nothing. An end that refuses, or that undoes the case
 * before anything was given, needs no verification. The search is breadth first from the submissions with a promise along what does
 * not verify: the first end it meets is a shortest counterexample. */
#include "proof_work.h"
#include <string.h>

static bool verifies(const tb_move *m) {
    return m->kind == TB_MOVE_ACT && m->step != TB_NO_INDEX &&
           (tb_str_is(m->act, "承诺属实") || tb_str_is(m->act, "承诺不实"));
}

static bool marks(const tb__proof *w, const tb__edge *e) {
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op) && verifies(&w->p->moves.items[w->p->transition_move[TB__OP_INDEX(op)]])) return true;
    }
    return false;
}

/* Was something promised in this case? Where no condition asks, the graph does not tell them apart: any may be one. */
static bool promised(const tb__proof *w, uint32_t state) {
    uint32_t milestone = w->p->papers.promised;
    return w->milestone_fact[milestone] == UINT8_MAX || tb__fact(w, tb__state(w, state), milestone);
}

/* The edges that came to `state`, then `edge`. */
static tb__edges path_of(tb__proof *w, const uint32_t *by, uint32_t edge) {
    tb__edges path = {0};
    for (uint32_t e = edge;; e = by[w->g.edges.items[e].from] - 1) {
        *TB_PUSH(w->a, path) = e;
        if (w->g.edges.items[e].from == TB__NONE) break;
    }
    tb__turn_around(&path);
    return path;
}

static void verified(tb__proof *w) {
    const tb__graph *g = &w->g;
    uint32_t *by = TB_NEW_ARRAY(w->a, g->states + 1, uint32_t), *queue = TB_NEW_ARRAY(w->a, g->states + 1, uint32_t);
    uint32_t head = 0, tail = 0, next = 0, end = g->submissions;
    for (;;) {
        for (; next < end; next++) {
            const tb__edge *e = &g->edges.items[next];
            if (by[e->to] || marks(w, e) || (e->from == TB__NONE && !promised(w, e->to))) continue;
            by[e->to] = next + 1;
            if (!tb__ended(w, e->to)) {
                queue[tail++] = e->to;
                continue;
            }
            const tb_move *m = e->move == TB__NONE ? NULL : &w->p->moves.items[e->move];
            if (m && (tb__undoes(m) || tb__refusal(w->p, m))) continue;
            tb__edges path = path_of(w, by, next);
            tb__failed(w, TB_E_DUTY_PROMISE, m ? m->span : w->p->span, m ? m->act : w->p->matter,
                       tb__path_text(w, &path), TB_NONE, &path);
            return;
        }
        if (head == tail) return;
        next = g->edge_first[queue[head]];
        end = g->edge_first[queue[head++] + 1];
    }
}

void tb__prove_promises(tb__proof *w) {
    const tb_program *p = w->p;
    if (p->papers.promised == TB_NO_INDEX) return;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!verifies(m) || !tb_str_is(m->act, "承诺属实") || p->steps.items[m->step].clock != TB_NO_INDEX) continue;
        tb__failed(w, TB_E_DUTY_PROMISE_LIMIT, p->steps.items[m->step].span, p->steps.items[m->step].name, TB_NONE,
                   TB_NONE, NULL);
    }
    verified(w);
}
