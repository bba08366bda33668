/* From a program to the graph that is drawn: see draw.h. Walks the chart's states and transitions and folds copies of
 * a step into one node. */
#include "draw.h"
#include "source.h"

struct drawing {
    tb_arena *arena;
    const tb_program *program;
    const tb_chart *chart;
    tb_graph *graph;
};

static uint32_t node(struct drawing *d, enum tb_graph_node_kind kind, uint32_t index, uint32_t cluster) {
    tb_graph *g = d->graph;
    for (uint32_t i = 0; i < g->nodes.count; i++)
        if (g->nodes.items[i].kind == kind && g->nodes.items[i].index == index) return i;
    *TB_PUSH(d->arena, g->nodes) = (tb_graph_node){kind, index, cluster};
    return g->nodes.count - 1;
}

static void edge(struct drawing *d, enum tb_graph_edge_kind kind, uint32_t from, uint32_t to, uint32_t move) {
    tb_graph *g = d->graph;
    if (from == TB_NO_INDEX || to == TB_NO_INDEX) return;
    for (uint32_t i = 0; i < g->edges.count; i++) {
        const tb_graph_edge *e = &g->edges.items[i];
        if (e->kind == kind && e->from == from && e->to == to && e->move == move) return;
    }
    *TB_PUSH(d->arena, g->edges) = (tb_graph_edge){kind, from, to, move};
}

static const tb_node *meaning(const struct drawing *d, uint16_t state) { return &d->program->nodes[state]; }

/* The nearest state at or above `s` of a kind; TB_NO_STATE when there is none. */
static uint16_t around(const struct drawing *d, uint16_t s, enum tb_node_kind kind) {
    while (s != TB_NO_STATE && meaning(d, s)->kind != kind) s = tb_chart_parent(d->chart, s);
    return s;
}

static uint32_t cluster_of(struct drawing *d, uint16_t state) {
    tb_graph *g = d->graph;
    for (uint16_t s = state; s != TB_NO_STATE; s = tb_chart_parent(d->chart, s)) {
        enum tb_node_kind kind = meaning(d, s)->kind;
        if (kind != TB_NODE_PARALLEL && kind != TB_NODE_BRANCH) continue;
        for (uint32_t i = 0; i < g->clusters.count; i++)
            if (g->clusters.items[i].state == s) return i;
        uint16_t up = tb_chart_parent(d->chart, s);
        uint32_t inside = up == TB_NO_STATE ? TB_NO_INDEX : cluster_of(d, up);
        tb_str label =
            tb_str_printf(d->arena, "%s %.*s", kind == TB_NODE_PARALLEL ? "并行" : "分支", TB_FMT(meaning(d, s)->name));
        *TB_PUSH(d->arena, g->clusters) = (tb_graph_cluster){s, inside, label};
        return g->clusters.count - 1;
    }
    return TB_NO_INDEX;
}

static uint32_t join_of(struct drawing *d, uint16_t state) {
    uint16_t parallel = around(d, state, TB_NODE_PARALLEL);
    return parallel == TB_NO_STATE ? TB_NO_INDEX : node(d, TB_G_JOIN, parallel, cluster_of(d, parallel));
}

/* The node that stands for a state; `arriving` tells a parallel's fork from its join. */
static uint32_t node_of(struct drawing *d, uint16_t state, bool arriving) {
    const tb_node *n = meaning(d, state);
    switch (n->kind) {
    case TB_NODE_STEP:
    case TB_NODE_HOST: return node(d, TB_G_STEP, n->index, cluster_of(d, state));
    case TB_NODE_PARALLEL:
        return arriving ? node(d, TB_G_FORK, state, cluster_of(d, state))
                        : node(d, TB_G_JOIN, state, cluster_of(d, state));
    case TB_NODE_OUTCOME: return node(d, TB_G_OUTCOME, n->index, TB_NO_INDEX);
    case TB_NODE_BRANCH_DONE:
    case TB_NODE_BRANCH_REJECTED: return join_of(d, state);
    case TB_NODE_HISTORY: /* back to whichever it was */
    case TB_NODE_LIVE: return node(d, TB_G_ANYWHERE, 0, TB_NO_INDEX);
    default: return TB_NO_INDEX;
    }
}

/* The step that has this state's obligation; TB_NO_INDEX when it is none. */
static uint32_t host_of(struct drawing *d, uint16_t state) {
    uint16_t host = around(d, tb_chart_parent(d->chart, state), TB_NODE_HOST);
    return host == TB_NO_STATE ? TB_NO_INDEX : node_of(d, host, true);
}

static void draw_states(struct drawing *d) {
    for (uint16_t s = 0; s < tb_chart_states(d->chart); s++) {
        enum tb_node_kind kind = meaning(d, s)->kind;
        if (kind == TB_NODE_STEP || kind == TB_NODE_HOST || kind == TB_NODE_OUTCOME) node_of(d, s, true);
        if (kind == TB_NODE_PARALLEL) node_of(d, s, true), node_of(d, s, false);
    }
}

static void draw_entries(struct drawing *d) {
    for (uint32_t m = 0; m < d->program->modes.count; m++)
        edge(d, TB_G_BEGIN, node(d, TB_G_START, m, TB_NO_INDEX), node_of(d, d->program->modes.items[m].start, true),
             TB_NO_INDEX);
    /* A fork leads to the first step of each branch: the first one below it in document order. */
    for (uint16_t s = 0; s < tb_chart_states(d->chart); s++) {
        if (meaning(d, s)->kind != TB_NODE_BRANCH) continue;
        uint16_t parallel = around(d, s, TB_NODE_PARALLEL), first = (uint16_t)(s + 1);
        while (first < tb_chart_states(d->chart) && meaning(d, first)->kind != TB_NODE_STEP &&
               meaning(d, first)->kind != TB_NODE_HOST && meaning(d, first)->kind != TB_NODE_PARALLEL)
            first++;
        if (parallel != TB_NO_STATE && first < tb_chart_states(d->chart) && tb_chart_descends(d->chart, first, s))
            edge(d, TB_G_BEGIN, node_of(d, parallel, true), node_of(d, first, true), TB_NO_INDEX);
    }
}

static void draw_transitions(struct drawing *d) {
    const tb_program *p = d->program;
    for (uint16_t t = 0; t < tb_chart_transitions(d->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(d->chart, t);
        uint32_t move = p->transition_move[t];
        if (move == TB_NO_INDEX) continue;
        const tb_move *m = &p->moves.items[move];
        enum tb_graph_edge_kind kind = m->kind == TB_MOVE_OVERDUE ? TB_G_OVERDUE : TB_G_MOVE;
        if (meaning(d, arrow.source)->kind == TB_NODE_IDLE) { /* idle → step: the obligation begins (M15) */
            if (arrow.count) edge(d, TB_G_OBLIGES, host_of(d, arrow.source), node_of(d, arrow.targets[0], true), move);
            continue;
        }
        uint32_t from = node_of(d, arrow.source, false);
        if (arrow.count == 0) edge(d, kind, from, from, move);
        for (uint32_t i = 0; i < arrow.count; i++) {
            uint16_t target = arrow.targets[i];
            if (meaning(d, target)->kind == TB_NODE_DONE) edge(d, TB_G_FULFILS, from, host_of(d, target), move);
            else edge(d, kind, from, node_of(d, target, true), move);
        }
    }
}

void tb__graph(tb_arena *a, const tb_program *p, tb_graph *g) {
    *g = (tb_graph){0};
    struct drawing d = {a, p, p->chart, g};
    draw_states(&d);
    draw_entries(&d);
    draw_transitions(&d);
}

/* ---- words ---- */

bool tb_draws_chinese(const tb_program *p) {
    return p->span.file >= p->sources->list.count || tb_source_chinese(p->sources->list.items[p->span.file].text);
}

bool tb__records(const tb_program *p, const tb_move *m, uint32_t milestone) {
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        if (f->kind == TB_DO_CLOSE && milestone == TB_M_CLOSED) return true;
        if (f->kind == TB_DO_RECORD && f->a == milestone) return true;
        if (f->kind == TB_DO_TRANSFER && p->places.items[f->a].received == milestone) return true;
        if (f->kind != TB_DO_ISSUE) continue;
        const tb_document *d = &p->documents.items[f->a];
        for (uint32_t k = 0; k < d->records_n; k++)
            if (d->records[k] == milestone) return true;
    }
    return false;
}

const char *tb__draw_unit(enum tb_unit unit, int n, bool chinese) {
    static const char *const one[] = {"", " workday", " day", " hour", " month", " year", " minute", " working hour"};
    static const char *const many[] = {"", " workdays", " days", " hours", " months", " years", " minutes", " working hours"};
    if ((size_t)unit >= sizeof one / sizeof *one) return "";
    return chinese ? tb_unit_text((enum tb_unit_word)unit, TB_LANG_ZH) : n == 1 ? one[unit] : many[unit];
}

static void put_limit(tb_buf *b, const tb_program *p, const tb_clock_def *c) {
    tb_putf(b, "\n期限 %d%s", c->n, tb__draw_unit(c->unit, c->n, true));
    if (c->from != TB_NO_INDEX)
        tb_putf(b, "，自 %s%.*s", c->first ? "首次" : "", TB_FMT(p->milestones.items[c->from].name));
    for (uint32_t i = 0; i < p->alerts.count; i++) {
        const tb_alert_def *a = &p->alerts.items[i];
        if (&p->clocks.items[a->clock] == c)
            tb_putf(b, "\n届满前 %d%s %s", a->n, tb__draw_unit(a->unit, a->n, true), tb_alert_word(a->kind));
    }
}

static void put_step(tb_buf *b, const tb_program *p, const tb_step_def *s) {
    tb_putstr(b, s->name);
    if (s->phase.n) tb_putf(b, "（%.*s阶段）", TB_FMT(s->phase));
    for (uint32_t i = 0; i < s->posts_n; i++) {
        const tb_post *post = &p->posts.items[s->posts[i]];
        tb_puts(b, i == 0 ? "\n" : s->all ? " 与 " : "、");
        tb_putstr(b, post->name);
        if (post->place != TB_NO_INDEX) tb_putf(b, "@%.*s", TB_FMT(p->places.items[post->place].name));
    }
    if (s->persons > 1) tb_putf(b, "，不少于 %d人", s->persons);
    if (s->clock != TB_NO_INDEX) put_limit(b, p, &p->clocks.items[s->clock]);
    if (s->on_site) tb_puts(b, "\n现场必须");
    if (s->excludes) tb_puts(b, "\n不计入期限");
}

tb_str tb__graph_node_text(tb_arena *a, const tb_program *p, const tb_graph_node *n) {
    tb_buf b;
    tb_buf_init(&b, a);
    switch (n->kind) {
    case TB_G_START: tb_putf(&b, "申请\n%.*s", TB_FMT(p->modes.items[n->index].name)); break;
    case TB_G_STEP: put_step(&b, p, &p->steps.items[n->index]); break;
    case TB_G_FORK: tb_puts(&b, "分办"); break;
    case TB_G_JOIN: tb_puts(&b, "汇合"); break;
    case TB_G_ANYWHERE: tb_puts(&b, "任一环节"); break;
    case TB_G_OUTCOME: tb_putf(&b, "办结 %.*s", TB_FMT(p->outcomes.items[n->index])); break;
    }
    return tb_buf_str(&b);
}

/* Its act bears the parallel's name before it, which the drawing shows already. */
static void put_join(tb_buf *b, const tb_move *m) {
    const char *what = m->kind == TB_MOVE_DONE ? "办结" : "不予";
    if (m->needs > 1) tb_putf(b, "满%u个%s", m->needs, what);
    else tb_putf(b, "%s%s", m->needs ? "任一" : "均", what);
}

tb_str tb__graph_edge_text(tb_arena *a, const tb_program *p, const tb_graph_edge *e) {
    tb_buf b;
    tb_buf_init(&b, a);
    if (e->move == TB_NO_INDEX) return tb_buf_str(&b);
    const tb_move *m = &p->moves.items[e->move];
    if (e->kind == TB_G_OBLIGES) {
        tb_puts(&b, "应当");
    } else {
        if (m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED) put_join(&b, m);
        else tb_putstr(&b, m->act);
        if (m->before != TB_NO_INDEX) tb_putf(&b, "（%.*s之前）", TB_FMT(p->milestones.items[m->before].name));
    }
    if (m->guard_text.n) tb_putf(&b, "\n若 %.*s", TB_FMT(m->guard_text));
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        if (f->kind == TB_DO_ISSUE) tb_putf(&b, "\n出具 %.*s", TB_FMT(p->documents.items[f->a].name));
        if (f->kind == TB_DO_STOP) tb_puts(&b, "\n不计入期限");
        if (f->kind == TB_DO_TRANSFER) tb_putf(&b, "\n转送 %.*s", TB_FMT(p->places.items[f->a].name));
    }
    if (m->times) tb_putf(&b, "\n限 %d次", m->times);
    if (m->resumes) tb_puts(&b, "\n回到原环节");
    if (m->rejects) tb_puts(&b, "\n不予");
    if (m->irreversible) tb_puts(&b, "\n不可撤回");
    return tb_buf_str(&b);
}
