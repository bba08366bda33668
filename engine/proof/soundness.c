/* Soundness: from every configuration a case can reach, some way leads to 办结; nothing written is dead; nothing
 * runs for ever by itself.
 *
 *   option to complete   backwards from the outcomes over all edges but 任一环节: a case that can only be withdrawn
 *                        is stuck
 *   proper completion    an outcome is a final child of the root, which ends the case whole (chart.h); what may be
 *                        cut off unfinished is an obligation (应当) whose step leaves by 逾期的: told
 *   no dead step, move   every step entered and every move taken in some configuration, conditions and counts as
 *                        they are
 *   livelock             eventless and internal moves that never end (the chart's own bound); loops of acts without
 *                        限 N次 are a note: supplementing a file again and again is lawful, if tiresome */
#include "proof_work.h"
#include <string.h>

tb_str tb__valuation_text(tb__proof *w, uint32_t state) {
    const tb__valuation *v = &w->valuations.items[tb__valuation_of(w, tb__state(w, state))];
    tb_buf b;
    tb_buf_init(&b, w->a);
    tb_putf(&b, tb__say(w, "模式 %.*s", "mode %.*s"), TB_FMT(w->p->modes.items[v->mode].name));
    for (uint32_t i = 0; i < w->deciding.count; i++) {
        const tb__deciding *d = &w->deciding.items[i];
        const tb__answer *answer = &d->answers.items[v->chosen[i]];
        for (uint32_t k = 0; k < d->fields_n; k++) {
            tb_str name = w->p->fields.items[d->fields[k]].name, text = answer->texts[k];
            if (!answer->shown) tb_putf(&b, tb__say(w, "，%.*s 的某些值", ", some values of %.*s"), TB_FMT(name));
            else if (answer->values[k].kind == TB_JSON_NULL)
                tb_putf(&b, tb__say(w, "，未填 %.*s", ", %.*s not filled"), TB_FMT(name));
            else tb_putf(&b, tb__say(w, "，%.*s 为 %.*s", ", %.*s is %.*s"), TB_FMT(name), TB_FMT(text));
        }
    }
    return tb_buf_str(&b);
}

static tb_span span_of_state(tb__proof *w, uint32_t state) {
    for (uint16_t s = 0; s < tb_chart_states(w->p->chart); s++)
        if (tb_bit(tb__state(w, state), s) && w->p->nodes[s].kind == TB_NODE_STEP)
            return w->p->steps.items[w->p->nodes[s].index].span;
    for (uint16_t t = 0; t < tb_chart_transitions(w->p->chart); t++) { /* all branches have ended: what should follow */
        uint16_t s = tb_chart_arrow(w->p->chart, t).source;
        if (tb_bit(tb__state(w, state), s) && w->p->nodes[s].kind == TB_NODE_PARALLEL)
            return w->p->moves.items[w->p->transition_move[t]].span;
    }
    return w->p->span;
}

/* Which states can end, 任一环节 left aside. */
static uint8_t *can_end(tb__proof *w) {
    tb__graph *g = &w->g;
    uint8_t *ends = TB_NEW_ARRAY(w->a, g->states + 1, uint8_t);
    uint32_t *first = TB_NEW_ARRAY(w->a, g->states + 2, uint32_t),
             *in = TB_NEW_ARRAY(w->a, g->edges.count + 1, uint32_t);
    uint32_t *stack = TB_NEW_ARRAY(w->a, g->states + 1, uint32_t), top = 0;
    for (uint32_t i = 0; i < g->edges.count; i++) first[g->edges.items[i].to + 2]++;
    for (uint32_t s = 2; s < g->states + 2; s++) first[s] += first[s - 1];
    for (uint32_t i = 0; i < g->edges.count; i++) in[first[g->edges.items[i].to + 1]++] = i;
    for (uint32_t s = 0; s < g->states; s++)
        if (tb__ended(w, s)) ends[s] = 1, stack[top++] = s;
    while (top) {
        uint32_t s = stack[--top];
        for (uint32_t i = first[s]; i < first[s + 1]; i++) {
            const tb__edge *e = &g->edges.items[in[i]];
            if (e->from != TB__NONE && !e->beside && !ends[e->from]) ends[e->from] = 1, stack[top++] = e->from;
        }
    }
    return ends;
}

static bool has_way(tb__proof *w, uint32_t s) {
    for (uint32_t i = w->g.edge_first[s]; i < w->g.edge_first[s + 1]; i++)
        if (!w->g.edges.items[i].beside &&
            (w->g.edges.items[i].to != s || w->p->moves.items[w->g.edges.items[i].move].leaves))
            return true;
    return false;
}

static void completion(tb__proof *w) {
    uint8_t *ends = can_end(w);
    tb_str told[TB_PROOF_FAILURES];
    uint32_t n = 0;
    for (int deadlocks = 1; deadlocks >= 0; deadlocks--)
        for (uint32_t s = 0; s < w->g.states && n < TB_PROOF_FAILURES; s++) {
            if (ends[s] || has_way(w, s) == (bool)deadlocks) continue;
            if (!deadlocks && n) break; /* what cannot move is why the others cannot end */
            tb_str steps = tb__steps_text(w, s);
            bool known = false;
            for (uint32_t i = 0; i < n && !known; i++) known = tb_str_eq(told[i], steps);
            if (known) continue;
            told[n++] = steps;
            tb__edges path = {0};
            tb__path_to(w, s, TB__NONE, &path);
            tb__failed(w, deadlocks ? TB_E_PROOF_DEADLOCK : TB_E_PROOF_STUCK, span_of_state(w, s), steps,
                       tb_str_printf(w->a, tb__say(w, "%.*s（%.*s）", "%.*s (%.*s)"), TB_FMT(tb__path_text(w, &path)),
                                     TB_FMT(tb__valuation_text(w, s))),
                       TB_NONE, &path);
            if (!deadlocks) return;
        }
}

static tb_str why_dead(tb__proof *w, const tb_move *m) {
    if (m->guard)
        return tb_str_printf(w->a, tb__say(w, "若 %.*s 在那里不会成立", "if %.*s cannot hold there"),
                             TB_FMT(m->guard_text));
    if (m->kind == TB_MOVE_OVERDUE) return tb_str_z(tb__say(w, "这里的期限不会起算", "its limit never begins there"));
    if (m->before != TB_NO_INDEX)
        return tb_str_printf(w->a, tb__say(w, "总在“%.*s”之后", "it is always after %.*s"),
                             TB_FMT(w->p->milestones.items[m->before].name));
    return tb_str_z(tb__say(w, "前面的情形总是先走", "another move is always taken first"));
}

static void dead(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (!w->g.step_seen[i])
            tb__failed(w, TB_E_PROOF_DEAD_STEP, p->steps.items[i].span, p->steps.items[i].name, TB_NONE, TB_NONE, NULL);
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (w->g.move_seen[i] || tb__changes_limits(p, i) || m->kind == TB_MOVE_EACH) continue;
        if (m->step != TB_NO_INDEX && !w->g.step_seen[m->step]) continue; /* told by its step */
        tb__failed(w, TB_E_PROOF_DEAD_MOVE, m->span,
                   m->step == TB_NO_INDEX ? tb_str_z(tb__say(w, "任一环节", "any step")) : p->steps.items[m->step].name,
                   m->act, why_dead(w, m), NULL);
    }
}

/* ---- loops: strongly connected components, Tarjan without recursion ---- */

static void report_loop(tb__proof *w, const uint32_t *members, uint32_t n, uint8_t *told) {
    const tb_program *p = w->p;
    tb_buf b;
    uint8_t *in = TB_NEW_ARRAY(w->a, p->steps.count + 1, uint8_t);
    bool news = false;
    tb_span span = TB_NO_SPAN;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < n; i++)
        for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
            if (tb_bit(tb__state(w, members[i]), s) && p->nodes[s].kind == TB_NODE_STEP) in[p->nodes[s].index] = 1;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        if (!in[i]) continue;
        news |= !told[i];
        told[i] = 1;
        if (!b.n) span = p->steps.items[i].span;
        tb_putf(&b, "%s%.*s", b.n ? tb__say(w, "、", ", ") : "", TB_FMT(p->steps.items[i].name));
    }
    if (news) tb_report(w->out, TB_E_PROOF_LOOP, span, tb_buf_str(&b), TB_NONE, TB_NONE);
}

static void loops(tb__proof *w) {
    uint32_t n = w->g.states, clock = 0, depth = 0, open = 0;
    uint32_t *index = TB_NEW_ARRAY(w->a, n + 1, uint32_t), *low = TB_NEW_ARRAY(w->a, n + 1, uint32_t),
             *at = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
    uint32_t *walk = TB_NEW_ARRAY(w->a, n + 1, uint32_t), *stack = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
    uint8_t *on = TB_NEW_ARRAY(w->a, n + 1, uint8_t), *told = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, uint8_t);
    for (uint32_t root = 0; root < n; root++) {
        if (index[root]) continue;
        walk[depth++] = root;
        while (depth) {
            uint32_t s = walk[depth - 1];
            if (!index[s]) index[s] = low[s] = ++clock, at[s] = w->g.edge_first[s], stack[open++] = s, on[s] = 1;
            bool deeper = false;
            while (at[s] < w->g.edge_first[s + 1] && !deeper) {
                uint32_t to = w->g.edges.items[at[s]++].to;
                if (!index[to]) walk[depth++] = to, deeper = true;
                else if (on[to] && index[to] < low[s]) low[s] = index[to];
            }
            if (deeper) continue;
            depth--;
            if (depth && low[s] < low[walk[depth - 1]]) low[walk[depth - 1]] = low[s];
            if (low[s] != index[s]) continue;
            uint32_t from = open;
            do on[stack[--from]] = 0;
            while (stack[from] != s);
            if (open - from > 1) report_loop(w, stack + from, open - from, told);
            open = from;
        }
    }
}

/* 应当 cut off: the host is left by its step's expiry while an obligation is open. */
static void skipped(tb__proof *w) {
    const tb_program *p = w->p;
    uint8_t *told = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (!e->tacit || told[e->move] || !p->moves.items[e->move].leaves) continue;
        uint16_t host = tb_chart_parent(p->chart, e->leaf);
        if (p->nodes[host].kind == TB_NODE_REGION && tb_chart_parent(p->chart, host) != TB_NO_STATE &&
            p->nodes[tb_chart_parent(p->chart, host)].kind == TB_NODE_HOST) { /* the obligation's own expiry */
            tb_str name = p->steps.items[p->nodes[e->leaf].index].name;
            tb__edges path = {0};
            told[e->move] = 1;
            tb__path_to(w, e->from, i, &path);
            tb__failed(w, TB_E_PROOF_SKIPPED, p->moves.items[e->move].span, name, name, TB_NONE, &path);
            continue;
        }
        if (p->nodes[host].kind != TB_NODE_HOST) continue;
        for (uint16_t s = (uint16_t)(host + 1); s < tb_chart_states(p->chart) && tb_chart_descends(p->chart, s, host);
             s++) {
            if (s == e->leaf || !tb_bit(tb__state(w, e->from), s) || p->nodes[s].kind != TB_NODE_STEP) continue;
            told[e->move] = 1;
            tb__edges path = {0};
            tb__path_to(w, e->from, i, &path);
            tb__failed(w, TB_E_PROOF_SKIPPED, p->moves.items[e->move].span, p->steps.items[p->nodes[s].index].name,
                       p->steps.items[p->nodes[e->leaf].index].name, TB_NONE, &path);
            break;
        }
    }
}

void tb__prove_soundness(tb__proof *w) {
    if (w->g.runaway != TB__NONE) {
        tb_str name =
            w->g.runaway_move == TB__NONE || !w->g.states ? TB_STR("提交") : w->p->moves.items[w->g.runaway_move].act;
        tb_span span = w->g.states ? span_of_state(w, w->g.runaway) : TB_NO_SPAN;
        tb__failed(w, TB_E_PROOF_RUNAWAY, span, name, TB_NONE, TB_NONE, NULL);
        return;
    }
    if (!w->g.complete) {
        tb__failed(w, TB_E_PROOF_NOT_PROVED, w->p->span, w->p->matter, w->r->covered, TB_NONE, NULL);
        return;
    }
    completion(w);
    dead(w);
    loops(w);
    skipped(w);
    tb__prove_choices(w);
    tb__prove_beginnings(w);
}
