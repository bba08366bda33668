/* What has been recorded on the way: limits that never begin, decisions that are never served.
 *
 * A limit that begins with a milestone binds nobody where that has not been set; the step then has no expiry, and with it
 * no way out that the law or the writer counted on. That is a path on which the milestone is missing, as a decision
 * that nobody was told of is a path to the end without 送达. Both are one search: breadth first over the states, each
 * with and without what had to come before, along the edges that do not record what is sought; the first that arrives
 * is a shortest counterexample. */
#include "proof_work.h"

bool tb__edge_records(tb__proof *w, const tb__edge *e, uint32_t milestone) {
    uint64_t recorded = 0, all = 0;
    w->scratch.count = 0;
    if (e->from == TB__NONE) {
        tb__records_of_submission(w, w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))].mode, &recorded,
                                  &w->scratch);
        for (uint32_t i = 0; i < w->scratch.count; i++) all |= (uint64_t)1 << w->scratch.items[i].milestone;
    }
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op))
            tb__records_of_move(w, &w->p->moves.items[w->p->transition_move[TB__OP_INDEX(op)]], e->tacit, &recorded,
                                &w->scratch);
        else if (w->p->nodes[TB__OP_INDEX(op)].kind == TB_NODE_STEP)
            tb__records_of_step(w, w->p->nodes[TB__OP_INDEX(op)].index, &recorded, &w->scratch);
        all |= recorded;
    }
    return all >> milestone & 1;
}

/* A path that lacks the milestone `lacks`, has `had` (TB_NO_INDEX: nothing need), and ends by entering `step` (TB_NO_INDEX: by
 * closing the case). */
struct sought {
    uint32_t lacks, had, step;
};

static bool arrives(tb__proof *w, const tb__edge *e, uint32_t step) {
    if (step == TB_NO_INDEX) return tb__ended(w, e->to);
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        const tb_node *n = TB__OP_IS_ENTER(op) ? &w->p->nodes[TB__OP_INDEX(op)] : NULL;
        if (n && n->kind == TB_NODE_STEP && n->index == step) return true;
    }
    return false;
}

static void reversed(tb__edges *path) {
    for (uint32_t i = 0, k = path->count; i + 1 < k; i++) {
        uint32_t other = path->items[--k];
        path->items[k] = path->items[i];
        path->items[i] = other;
    }
}

/* A node is a state twice, plus one when `had` has happened. */
static bool path_without(tb__proof *w, struct sought x, tb__edges *out) {
    const tb__graph *g = &w->g;
    uint32_t room = g->states * 2 + 1;
    uint32_t *by = TB_NEW_ARRAY(w->a, room, uint32_t); /* the edge that came there, plus one; 0: nothing did */
    uint32_t *from = TB_NEW_ARRAY(w->a, room, uint32_t), *queue = TB_NEW_ARRAY(w->a, room, uint32_t);
    uint32_t head = 0, tail = 0, at = TB__NONE, next = 0, end = g->submissions;
    for (;;) {
        for (; next < end; next++) {
            const tb__edge *e = &g->edges.items[next];
            if (tb__edge_records(w, e, x.lacks)) continue;
            bool had = x.had == TB_NO_INDEX || (at != TB__NONE && at % 2) || tb__edge_records(w, e, x.had);
            if (had && arrives(w, e, x.step)) {
                *TB_PUSH(w->a, *out) = next;
                for (; at != TB__NONE; at = from[at]) *TB_PUSH(w->a, *out) = by[at] - 1;
                return reversed(out), true;
            }
            uint32_t to = e->to * 2 + had;
            if (by[to]) continue;
            by[to] = next + 1;
            from[to] = at;
            queue[tail++] = to;
        }
        if (head == tail) return false;
        at = queue[head++];
        next = g->edge_first[at / 2];
        end = g->edge_first[at / 2 + 1];
    }
}

/* A milestone that some act during the step records may still come. */
static bool begins_later(tb__proof *w, uint32_t step, uint32_t milestone) {
    for (uint32_t i = w->g.submissions; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (!tb__edge_records(w, e, milestone)) continue;
        for (uint16_t s = 0; s < tb_chart_states(w->p->chart); s++)
            if (w->p->nodes[s].kind == TB_NODE_STEP && w->p->nodes[s].index == step &&
                tb__kept(w, tb__state(w, e->from), s))
                return true;
    }
    return false;
}

void tb__prove_beginnings(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        const tb_clock_def *c = s->clock == TB_NO_INDEX ? NULL : &p->clocks.items[s->clock];
        tb__edges path = {0};
        if (!c || c->from == TB_NO_INDEX || !w->g.step_seen[i]) continue;
        if (!path_without(w, (struct sought){c->from, TB_NO_INDEX, i}, &path) || begins_later(w, i, c->from)) continue;
        tb__failed(w, TB_E_PROOF_NOT_BEGUN, c->span, s->name, tb__path_text(w, &path), TB_NONE, &path);
    }
}

/* 行政许可法 44: what has been decided reaches the applicant before the case is closed. */
void tb__prove_service(tb__proof *w) {
    tb__edges path = {0};
    if (!path_without(w, (struct sought){TB_M_SERVED, TB_M_DECIDED, TB_NO_INDEX}, &path)) return;
    uint32_t move = w->g.edges.items[path.items[path.count - 1]].move;
    tb__failed(w, TB_E_DUTY_SERVICE, move == TB__NONE ? w->p->span : w->p->moves.items[move].span,
               tb__path_text(w, &path), TB_STR("《行政许可法》第四十四条"), TB_NONE, &path);
}
