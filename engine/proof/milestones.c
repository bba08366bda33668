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

static bool records_lacking(tb__search *x, uint32_t edge) {
    return tb__edge_records(x->w, &x->w->g.edges.items[edge], x->lacks);
}
static bool records_had(tb__search *x, uint32_t edge) {
    return tb__edge_records(x->w, &x->w->g.edges.items[edge], x->had);
}

tb__edges tb__sought_path(const tb__search *x, uint32_t edge, uint32_t at) {
    tb__edges path = {0};
    *TB_PUSH(x->w->a, path) = edge;
    for (; at != TB__NONE; at = x->from[at]) *TB_PUSH(x->w->a, path) = x->by[at] - 1;
    tb__turn_around(&path);
    return path;
}

/* A node is a state twice, plus one when the path counts. */
void tb__seek(tb__search *x) {
    const tb__graph *g = &x->w->g;
    uint32_t room = g->states * 2 + 1, *queue = TB_NEW_ARRAY(x->w->a, room, uint32_t);
    uint32_t head = 0, tail = 0, at = TB__NONE, next = 0, end = g->submissions;
    x->by = TB_NEW_ARRAY(x->w->a, room, uint32_t);
    x->from = TB_NEW_ARRAY(x->w->a, room, uint32_t);
    for (;;) {
        for (; next < end; next++) {
            if (x->fills(x, next)) continue;
            bool had = !x->begins || (at != TB__NONE && at % 2) || x->begins(x, next);
            uint32_t to = g->edges.items[next].to * 2 + had;
            if (had && x->arrives(x, next, at)) return;
            if (x->by[to]) continue;
            x->by[to] = next + 1;
            x->from[to] = at;
            queue[tail++] = to;
        }
        if (head == tail) return;
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

/* Does it enter a step whose limit begins with what is lacking? Each is told once. */
static bool enters(tb__search *x, uint32_t edge, uint32_t at) {
    const tb_program *p = x->w->p;
    const tb__edge *e = &x->w->g.edges.items[edge];
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = x->w->g.ops.items[e->op + i];
        const tb_node *n = TB__OP_IS_ENTER(op) ? &p->nodes[TB__OP_INDEX(op)] : NULL;
        if (!n || n->kind != TB_NODE_STEP || x->told[n->index]) continue;
        const tb_step_def *s = &p->steps.items[n->index];
        const tb_clock_def *c = s->clock == TB_NO_INDEX ? NULL : &p->clocks.items[s->clock];
        if (!c || c->from != x->lacks) continue;
        x->told[n->index] = 1;
        if (begins_later(x->w, n->index, x->lacks)) continue;
        tb__edges path = tb__sought_path(x, edge, at);
        tb__failed(x->w, TB_E_PROOF_NOT_BEGUN, c->span, s->name, tb__path_text(x->w, &path), TB_NONE, &path);
    }
    return false;
}

/* One search a milestone, not one a step: many steps begin with the same few. */
void tb__prove_beginnings(tb__proof *w) {
    const tb_program *p = w->p;
    uint64_t begun = 0;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        uint32_t clock = p->steps.items[i].clock,
                 from = clock == TB_NO_INDEX ? TB_NO_INDEX : p->clocks.items[clock].from;
        if (from != TB_NO_INDEX) begun |= (uint64_t)1 << from;
    }
    tb__search x = {
        .w = w, .fills = records_lacking, .arrives = enters, .told = TB_NEW_ARRAY(w->a, p->steps.count + 1, uint8_t)};
    for (x.lacks = 0; x.lacks < p->milestones.count; x.lacks++)
        if (begun >> x.lacks & 1) tb__seek(&x);
}

static bool closes(tb__search *x, uint32_t edge, uint32_t at) {
    const tb__edge *e = &x->w->g.edges.items[edge];
    if (!tb__ended(x->w, e->to)) return false;
    tb__edges path = tb__sought_path(x, edge, at);
    tb__failed(x->w, TB_E_DUTY_SERVICE, e->move == TB__NONE ? x->w->p->span : x->w->p->moves.items[e->move].span,
               tb__path_text(x->w, &path), TB_STR("《行政许可法》第四十四条"), TB_NONE, &path);
    return true;
}

/* 行政许可法 44: what has been decided reaches the applicant before the case is closed. */
void tb__prove_service(tb__proof *w) {
    tb__seek(&(tb__search){.w = w,
                           .fills = records_lacking,
                           .begins = records_had,
                           .lacks = TB_M_SERVED,
                           .had = TB_M_DECIDED,
                           .arrives = closes});
}
