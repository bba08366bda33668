/* What makes a matter unable to work: steps nobody reaches, places a case can never leave, milestones nothing sets,
 * posts nobody holds.
 *
 * These are graph questions over the chart with every condition taken as possible; the proofs over time and persons
 * build on the same tables. 任一环节 does not count as a way to end: a case that can only be withdrawn is stuck. */
#include "compile_work.h"
#include "table.h"
#include "expression.h"
#include <string.h>

struct graph {
    tb__matter *m;
    const tb_chart *chart;
    uint16_t n;
    uint8_t *reached, *ends;
};

/* Everything entered with a state: its ancestors, its first child or all regions. */
static bool reach(struct graph *g, uint16_t s) {
    bool news = false;
    for (uint16_t up = s; up != TB_NO_STATE && !g->reached[up]; up = tb_chart_parent(g->chart, up))
        g->reached[up] = 1, news = true;
    enum tb_state_kind kind = tb_chart_kind(g->chart, s);
    for (uint16_t c = (uint16_t)(s + 1); c < g->n && tb_chart_descends(g->chart, c, s); c++) {
        if (tb_chart_parent(g->chart, c) != s) continue;
        if (!g->reached[c]) news |= reach(g, c);
        if (kind == TB_COMPOUND) break;
    }
    return news;
}

/* All that what is reached leads to; `onward`: not by 退回. */
static void spread(struct graph *g, bool onward) {
    const tb_program *p = g->m->p;
    for (bool news = true; news;) {
        news = false;
        for (uint16_t t = 0; t < tb_chart_transitions(g->chart); t++) {
            struct tb_chart_arrow arrow = tb_chart_arrow(g->chart, t);
            if (onward && p->moves.items[p->transition_move[t]].returns) continue;
            for (uint32_t k = 0; k < arrow.count; k++)
                if (g->reached[arrow.source] && !g->reached[arrow.targets[k]]) news |= reach(g, arrow.targets[k]);
        }
    }
}

static void find_reached(struct graph *g) {
    const tb_program *p = g->m->p;
    for (uint32_t i = 0; i < p->modes.count; i++) reach(g, p->modes.items[i].start);
    spread(g, false);
}

/* Can a state be left for good? A branch's leaf: to the branch's end, and the parallel goes on; a region's: to its
 * 完成. */
static bool ends_now(struct graph *g, uint16_t s) {
    const tb_program *p = g->m->p;
    enum tb_node_kind kind = p->nodes[s].kind;
    if (kind == TB_NODE_OUTCOME || kind == TB_NODE_DONE || kind == TB_NODE_BRANCH_DONE ||
        kind == TB_NODE_BRANCH_REJECTED || kind == TB_NODE_IDLE || kind == TB_NODE_HISTORY ||
        kind == TB_NODE_BRANCH_VOID)
        return true;
    if (kind == TB_NODE_HOST) { /* its step and every obligation must be able to end */
        for (uint16_t c = (uint16_t)(s + 1); c < g->n && tb_chart_descends(g->chart, c, s); c++)
            if (p->nodes[c].kind == TB_NODE_STEP && !g->ends[c]) return false;
        return true;
    }
    bool way = false;
    for (uint16_t t = 0; t < tb_chart_transitions(g->chart) && !way; t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(g->chart, t);
        for (uint32_t k = 0; k < arrow.count && arrow.source == s; k++)
            way |= arrow.targets[k] != s && g->ends[arrow.targets[k]];
    }
    if (kind == TB_NODE_PARALLEL)
        for (uint16_t c = (uint16_t)(s + 1); c < g->n && way && tb_chart_descends(g->chart, c, s); c++)
            if (p->nodes[c].kind == TB_NODE_BRANCH && tb_chart_parent(g->chart, c) == s && !g->ends[c + 1]) way = false;
    return way;
}

static void find_ends(struct graph *g) {
    for (bool news = true; news;) {
        news = false;
        for (uint16_t s = g->n; s-- > 0;) /* backwards: rules run forwards, and what ends is mostly written last */
            if (!g->ends[s] && ends_now(g, s)) g->ends[s] = 1, news = true;
    }
}

static void report_graph(struct graph *g) {
    tb__matter *m = g->m;
    for (uint32_t i = 0; i < m->p->steps.count; i++) {
        bool reached = false, ends = true;
        for (uint32_t k = 0; k < m->leaves.count; k++)
            if (m->leaves.items[k].step == i)
                reached |= g->reached[m->leaves.items[k].state], ends &= g->ends[m->leaves.items[k].state];
        tb_str name = m->p->steps.items[i].name;
        if (!reached) TB__REPORT(m, UNREACHABLE, m->p->steps.items[i].span, name, TB_NONE, TB_NONE);
        else if (!ends) TB__REPORT(m, CANNOT_END, m->p->steps.items[i].span, name, TB_NONE, TB_NONE);
    }
    for (uint32_t i = 0; i < m->branches.count; i++) {
        const tb__branch_states *b = &m->branches.items[i];
        if (b->section->kind == TB_S_PARALLEL && !g->reached[b->state])
            TB__REPORT(m, UNREACHABLE, b->section->name.span, b->section->name.text, TB_NONE, TB_NONE);
    }
}

/* ---- modes (M16) ---- */

static uint64_t modes_allowed(const tb_condition *c) {
    if (!c) return ~(uint64_t)0;
    if (c->kind == TB_X_MODE) return c->modes;
    if (c->kind == TB_X_AND) return modes_allowed(c->a) & modes_allowed(c->b);
    return ~(uint64_t)0;
}

/* How a case of this mode gets to a step that does not exist in it: the clause that says 转, else the step's own
 * heading (the first step of a branch is entered with its parallel). */
static tb_span way_into(struct graph *g, uint64_t mode, uint16_t s) {
    const tb_program *p = g->m->p;
    for (uint16_t t = 0; t < tb_chart_transitions(g->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(g->chart, t);
        const tb_move *v = &p->moves.items[p->transition_move[t]];
        for (uint32_t k = 0; k < arrow.count; k++) {
            uint16_t to = arrow.targets[k];
            while (p->nodes[to].kind == TB_NODE_HOST) to++;
            if (to == s && g->reached[arrow.source] && (modes_allowed(v->guard) & mode)) return v->span;
        }
    }
    return p->steps.items[p->nodes[s].index].span;
}

/* A walk for each mode, over what its conditions let pass, that stops at steps which do not exist in it. */
static void check_modes(tb__matter *m, struct graph *g) {
    const tb_program *p = m->p;
    for (uint32_t i = 0; i < p->modes.count; i++) {
        uint64_t mode = (uint64_t)1 << i;
        memset(g->reached, 0, g->n);
        reach(g, p->modes.items[i].start);
        for (bool news = true; news;) {
            news = false;
            for (uint16_t t = 0; t < tb_chart_transitions(g->chart); t++) {
                struct tb_chart_arrow arrow = tb_chart_arrow(g->chart, t);
                const tb_node *from = &p->nodes[arrow.source];
                if (!g->reached[arrow.source] || !(modes_allowed(p->moves.items[p->transition_move[t]].guard) & mode))
                    continue;
                if (from->kind == TB_NODE_STEP && !(p->steps.items[from->index].modes & mode)) continue;
                for (uint32_t k = 0; k < arrow.count; k++)
                    if (!g->reached[arrow.targets[k]]) news |= reach(g, arrow.targets[k]);
            }
        }
        for (uint16_t s = 0; s < g->n; s++)
            if (g->reached[s] && p->nodes[s].kind == TB_NODE_STEP && !(p->steps.items[p->nodes[s].index].modes & mode))
                TB__REPORT(m, MODE_TARGET, way_into(g, mode, s), p->steps.items[p->nodes[s].index].name,
                           p->modes.items[i].name, TB_NONE);
    }
}

/* ---- 退回 leads back ---- */

/* The target must be able to come before: some way that is itself no 退回 leads from it to where the clause stands. */
static void check_returns(tb__matter *m, struct graph *g) {
    const tb_program *p = m->p;
    for (uint16_t t = 0; t < tb_chart_transitions(g->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(g->chart, t);
        const tb_move *v = &p->moves.items[p->transition_move[t]];
        if (!v->returns || !arrow.count || m->c->in->stored) continue;
        memset(g->reached, 0, g->n);
        reach(g, arrow.targets[0]);
        spread(g, true);
        bool itself = v->step != TB_NO_INDEX && tb_str_eq(v->target, p->steps.items[v->step].name);
        if (!g->reached[arrow.source] || itself)
            TB__REPORT(m, RETURN_FORWARD, v->span, v->target,
                       v->step == TB_NO_INDEX ? v->act : p->steps.items[v->step].name, TB_NONE);
    }
}

/* ---- milestones (M7) ---- */

static void check_milestones(tb__matter *m) {
    const tb_program *p = m->p;
    if (p->milestones.count > TB_MILESTONES) /* the moves named more than the tables */
        TB__REPORT(m, TOO_MANY, m->head->span, TB__SAY(m, "时点", "milestones"),
                   tb_str_printf(m->c->a, "%d", TB_MILESTONES), TB_NONE);
    uint8_t *set = TB_NEW_ARRAY(m->c->a, p->milestones.count, uint8_t);
    set[TB_M_SUBMITTED] = set[TB_M_CLOSED] = 1;
    for (uint32_t i = 0; i < p->modes.count; i++) {
        uint16_t s = p->modes.items[i].start;
        while (p->nodes[s].kind == TB_NODE_HOST) s++;
        uint32_t place = p->steps.items[p->nodes[s].index].place;
        if (place != TB_NO_INDEX) set[p->places.items[place].received] = 1;
    }
    for (uint32_t i = 0; i < p->moves.count; i++)
        for (uint32_t k = 0; k < p->moves.items[i].effects_n; k++) {
            const tb_effect_def *f = &p->moves.items[i].effects[k];
            if (f->kind == TB_DO_RECORD) set[f->a] = 1;
            if (f->kind == TB_DO_TRANSFER) set[p->places.items[f->a].received] = 1;
        }
    for (uint32_t i = 0; i < p->documents.count; i++)
        for (uint32_t k = 0; m->document_used[i] && k < p->documents.items[i].records_n; k++)
            set[p->documents.items[i].records[k]] = 1;
    const uint32_t papers[] = {p->papers.deferred, p->papers.promised, p->papers.supplied};
    for (int i = 0; i < 3; i++)
        if (papers[i] != TB_NO_INDEX) set[papers[i]] = 1;
    if (p->receipt != TB_NO_INDEX && set[p->receipt]) set[TB_M_RECEIVED] = 1;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *d = &p->clocks.items[i];
        uint32_t ends[2] = {d->from, d->to};
        for (int k = 0; k < 2; k++)
            if (ends[k] != TB_NO_INDEX && !set[ends[k]])
                TB__REPORT(m, NEVER_RECORDED, d->span, p->milestones.items[ends[k]].name, TB_NONE, TB_NONE);
    }
    for (uint32_t i = 0; i < p->moves.count; i++) {
        uint32_t before = p->moves.items[i].before;
        if (before != TB_NO_INDEX && !set[before])
            TB__REPORT(m, NEVER_RECORDED, p->moves.items[i].span, p->milestones.items[before].name, TB_NONE, TB_NONE);
    }
}

/* ---- expiries that would come again at once ---- */

/* 逾期的 back into its own step starts the limit anew: with 续计 nothing is left of it, and from a milestone that has not moved it has
 * run out already. Either would expire in the same instant, again and again. */
static void check_expiry_loops(tb__matter *m) {
    const tb_program *p = m->p;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *v = &p->moves.items[i];
        if (v->kind != TB_MOVE_OVERDUE || v->times || !v->leaves || !tb_str_eq(v->target, p->steps.items[v->step].name))
            continue;
        const tb_clock_def *d = &p->clocks.items[p->steps.items[v->step].clock];
        bool moved = !d->keep && d->from == TB_NO_INDEX;
        for (uint32_t k = 0; k < v->effects_n && !d->keep && !d->first; k++) {
            const tb_effect_def *f = &v->effects[k];
            if (f->kind == TB_DO_RECORD) moved |= f->a == d->from && f->dated == TB_NO_INDEX;
            if (f->kind != TB_DO_ISSUE) continue;
            for (uint32_t n = 0; n < p->documents.items[f->a].records_n; n++)
                moved |= p->documents.items[f->a].records[n] == d->from;
        }
        if (!moved) TB__REPORT(m, EXPIRY_LOOP, v->span, d->name, TB_NONE, TB_NONE);
    }
}

/* ---- posts and places that exist ---- */

static void check_posts(tb__matter *m) {
    const tb_program *p = m->p;
    const tb_directory *d = m->c->directory;
    const tb_organ *organ = d && p->authority.n ? tb_directory_organ_named(d, p->authority) : NULL;
    for (uint32_t i = 1; i < p->posts.count; i++) {
        const tb_post *post = &p->posts.items[i];
        if (post->copy) continue; /* told once */
        if (!m->post_used[i]) { /* who holds it matters when somebody must act */
            TB__REPORT(m, UNUSED, post->span, TB__SAY(m, "岗位", "post"), post->name, TB_NONE);
            continue;
        }
        if (!d || i == p->outside) continue;
        uint32_t most = 0, need = 1;
        tb_str where = TB__SAY(m, "任何地方", "anywhere");
        for (uint32_t k = 0; k < tb_directory_places(d); k++) {
            const tb_place *place = tb_directory_place_at(d, k);
            if (organ && post->place == p->authority_place && organ->place != k) continue;
            uint32_t holders = tb_directory_holders(d, place->code, post->name);
            if (holders > most) most = holders;
            if (organ && post->place == p->authority_place) where = place->name;
        }
        for (uint32_t k = 0; k < p->steps.count; k++)
            for (uint32_t n = 0; n < p->steps.items[k].posts_n; n++)
                if (p->steps.items[k].posts[n] == i && !p->steps.items[k].all && p->steps.items[k].posts_n == 1 &&
                    p->steps.items[k].persons > (int)need)
                    need = (uint32_t)p->steps.items[k].persons;
        if (most < need)
            TB__REPORT(m, NO_HOLDER, post->span, post->name,
                       need > 1 ? tb_str_printf(m->c->a, TB__SAY(m, "%.*s，需要 %u 人", "%.*s, %u needed").p,
                                                TB_FMT(where), need)
                                : where,
                       TB_NONE);
    }
    for (uint32_t i = 0; i < p->documents.count; i++)
        if (!m->document_used[i])
            TB__REPORT(m, UNUSED, p->documents.items[i].span, TB__SAY(m, "文书", "document"),
                       p->documents.items[i].name, TB_NONE);
    for (uint32_t i = 0; i < p->tables.count; i++)
        if (!p->tables.items[i].used)
            TB__REPORT(m, UNUSED, p->tables.items[i].span, TB__SAY(m, "决策表", "decision table"),
                       p->tables.items[i].table->name, TB_NONE);
}

void tb__matter_check(tb__matter *m) {
    struct graph g = {.m = m, .chart = m->p->chart, .n = tb_chart_states(m->p->chart)};
    g.reached = TB_NEW_ARRAY(m->c->a, g.n, uint8_t);
    g.ends = TB_NEW_ARRAY(m->c->a, g.n, uint8_t);
    find_reached(&g);
    find_ends(&g);
    report_graph(&g);
    check_modes(m, &g);
    check_returns(m, &g);
    check_milestones(m);
    check_expiry_loops(m);
    check_posts(m);
    tb__corrections(m);
    tb__held_check(m);
}
