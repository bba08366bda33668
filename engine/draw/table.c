/* A matter as a table: what may happen in each step, one row a move and target. The columns are those of a state
 * transition table (from, event, condition, to) and those an office asks for: who, where, until when, and what it does to
 * the clocks. For a terminal, and as rows for programs. */
#include "draw.h"

struct table {
    tb_arena *a;
    const tb_program *p;
    const tb_graph *g;
    bool zh;
    tb_draw_rows *out;
};

static tb_str zh_en(const struct table *t, const char *zh, const char *en) { return tb_str_z(t->zh ? zh : en); }

static tb_str node_name(const struct table *t, uint32_t node) {
    const tb_graph_node *n = &t->g->nodes.items[node];
    const tb_program *p = t->p;
    switch (n->kind) {
    case TB_G_START: return p->modes.items[n->index].name;
    case TB_G_STEP: return p->steps.items[n->index].name;
    case TB_G_FORK:
    case TB_G_JOIN: return p->nodes[n->index].name;
    case TB_G_ANYWHERE: return zh_en(t, "任一环节", "any step");
    case TB_G_OUTCOME:
        return tb_str_printf(t->a, t->zh ? "办结 %.*s" : "close %.*s", TB_FMT(p->outcomes.items[n->index]));
    }
    return TB_STR("");
}

static tb_str target_of(const struct table *t, const tb_graph_edge *e) {
    const tb_graph_node *from = &t->g->nodes.items[e->from], *to = &t->g->nodes.items[e->to];
    const tb_move *m = e->move == TB_NO_INDEX ? NULL : &t->p->moves.items[e->move];
    if (e->from == e->to) return zh_en(t, "（不变）", "(stays)");
    if (e->kind == TB_G_FULFILS) return zh_en(t, "完成", "done");
    if (to->kind == TB_G_JOIN && from->kind == TB_G_STEP)
        return m && m->rejects ? zh_en(t, "不予", "refuse") : zh_en(t, "完成", "done");
    if (e->kind == TB_G_OBLIGES)
        return tb_str_printf(t->a, t->zh ? "应当 %.*s" : "require %.*s", TB_FMT(node_name(t, e->to)));
    if (to->kind == TB_G_OUTCOME) return node_name(t, e->to);
    const char *verb = m && m->returns ? (t->zh ? "退回" : "return to") : (t->zh ? "转" : "to");
    return tb_str_printf(t->a, "%s %.*s", verb, TB_FMT(node_name(t, e->to)));
}

static tb_str event_of(const struct table *t, const tb_graph_edge *e) {
    if (e->move == TB_NO_INDEX) return zh_en(t, "提交", "submitted");
    const tb_move *m = &t->p->moves.items[e->move];
    if (m->kind == TB_MOVE_OBLIGE) return zh_en(t, "应当", "required");
    return m->act;
}

static tb_str condition_of(const struct table *t, const tb_move *m) {
    tb_buf b;
    tb_buf_init(&b, t->a);
    if (m->before != TB_NO_INDEX)
        tb_putf(&b, t->zh ? "%.*s之前" : "before %.*s", TB_FMT(t->p->milestones.items[m->before].name));
    if (m->guard_text.n) tb_putf(&b, "%s%.*s", b.n ? (t->zh ? "，" : ", ") : "", TB_FMT(m->guard_text));
    if (m->times)
        tb_putf(&b, "%s%s%d%s", b.n ? (t->zh ? "，" : ", ") : "", t->zh ? "限 " : "at most ", m->times,
                t->zh ? "次" : "×");
    return tb_buf_str(&b);
}

/* Who acts and where: those named by the move, else the step's people. */
static void people_of(const struct table *t, const tb_move *m, tb_str *who, tb_str *where) {
    const uint32_t *posts = m->posts;
    uint32_t n = m->posts_n;
    if (n && !m->call && t->p->outside && m->posts[0] == t->p->outside) return; /* a limit: nobody's act */
    const tb_step_def *s = m->step == TB_NO_INDEX ? NULL : &t->p->steps.items[m->step];
    bool all = false;
    if (m->kind != TB_MOVE_ACT) return; /* the clock or the case itself */
    if (!n && s) posts = s->posts, n = s->posts_n, all = s->all;
    tb_buf b, at;
    tb_buf_init(&b, t->a), tb_buf_init(&at, t->a);
    uint32_t last = TB_NO_INDEX;
    for (uint32_t i = 0; i < n; i++) {
        const tb_post *post = &t->p->posts.items[posts[i]];
        tb_putf(&b, "%s%.*s", i == 0 ? "" : all ? (t->zh ? " 与 " : " and ") : t->zh ? "、" : ", ", TB_FMT(post->name));
        if (post->place == TB_NO_INDEX || post->place == last) continue;
        tb_putf(&at, "%s%.*s", at.n ? (t->zh ? "、" : ", ") : "", TB_FMT(t->p->places.items[post->place].name));
        last = post->place;
    }
    if (s && s->persons > 1 && !m->posts_n) tb_putf(&b, t->zh ? "（%d人）" : " (%d persons)", s->persons);
    *who = tb_buf_str(&b);
    *where = tb_buf_str(&at);
}

static tb_str limit_of(const struct table *t, const tb_step_def *s) {
    if (s->clock == TB_NO_INDEX) return TB_STR("");
    const tb_clock_def *c = &t->p->clocks.items[s->clock];
    tb_buf b;
    tb_buf_init(&b, t->a);
    tb_putf(&b, "%d%s", c->n, tb__draw_unit(c->unit, c->n, t->zh));
    if (c->from != TB_NO_INDEX)
        tb_putf(&b, "%s%.*s", t->zh ? "，自 " : ", from ", TB_FMT(t->p->milestones.items[c->from].name));
    return tb_buf_str(&b);
}

static void put_clock(const struct table *t, tb_buf *b, const char *zh, const char *en, tb_str name) {
    tb_putf(b, "%s%s%.*s", b->n ? (t->zh ? "，" : ", ") : "", t->zh ? zh : en, TB_FMT(name));
}

/* What a move does to the spans of the case: begins them, ends them; entering a step that is not counted stops them, leaving
 * it lets them run on. */
static tb_str clocks_of(const struct table *t, const tb_graph_edge *e, const tb_move *m) {
    const tb_program *p = t->p;
    const tb_graph_node *from = &t->g->nodes.items[e->from], *to = &t->g->nodes.items[e->to];
    tb_buf b;
    tb_buf_init(&b, t->a);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        if (c->kind == TB_CLOCK_STEP) continue;
        if (c->from != TB_NO_INDEX && tb__records(p, m, c->from)) put_clock(t, &b, "起 ", "begins ", c->name);
        if (c->to != TB_NO_INDEX && tb__records(p, m, c->to)) put_clock(t, &b, "止 ", "ends ", c->name);
    }
    for (uint32_t i = 0; i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_EXTEND)
            put_clock(
                t, &b, "延长 ", "extends by ",
                tb_str_printf(t->a, "%d%s", p->extension_n, tb__draw_unit(p->extension_unit, p->extension_n, t->zh)));
    for (uint32_t i = 0; i < m->effects_n; i++) {
        enum tb_effect_kind kind = m->effects[i].kind;
        if (kind == TB_DO_ADJUST) put_clock(t, &b, "调整", "adjusts", TB_STR(""));
        if (kind == TB_DO_STOP) put_clock(t, &b, "停表", "stops", TB_STR(""));
        if (kind == TB_DO_GO_ON) put_clock(t, &b, "续表", "resumes", TB_STR(""));
    }
    bool out = from->kind == TB_G_STEP && p->steps.items[from->index].excludes;
    bool in = to->kind == TB_G_STEP && p->steps.items[to->index].excludes;
    if (e->from != e->to && in && !out) put_clock(t, &b, "停表", "stops", TB_STR(""));
    if (e->from != e->to && out && !in) put_clock(t, &b, "续表", "resumes", TB_STR(""));
    return tb_buf_str(&b);
}

static void put_row(const struct table *t, const tb_graph_edge *e) {
    tb_draw_row *row = TB_PUSH(t->a, *t->out);
    *row = (tb_draw_row){.move = e->move};
    for (int i = 0; i < TB_ROW_CELLS; i++) row->cell[i] = TB_STR("");
    row->cell[TB_ROW_FROM] = node_name(t, e->from);
    row->cell[TB_ROW_EVENT] = event_of(t, e);
    row->cell[TB_ROW_TO] = target_of(t, e);
    if (e->move == TB_NO_INDEX) {
        row->cell[TB_ROW_WHO] = t->p->posts.items[TB_POST_APPLICANT].name;
        return;
    }
    const tb_move *m = &t->p->moves.items[e->move];
    row->cell[TB_ROW_CONDITION] = condition_of(t, m);
    people_of(t, m, &row->cell[TB_ROW_WHO], &row->cell[TB_ROW_WHERE]);
    if (m->step != TB_NO_INDEX) row->cell[TB_ROW_LIMIT] = limit_of(t, &t->p->steps.items[m->step]);
    row->cell[TB_ROW_CLOCK] = clocks_of(t, e, m);
}

void tb_draw_table(tb_arena *a, const tb_program *p, tb_draw_rows *out) {
    tb_graph g;
    tb__graph(a, p, &g);
    struct table t = {a, p, &g, tb_draws_chinese(p), out};
    for (uint32_t i = 0; i < g.edges.count; i++) /* a case begins */
        if (g.nodes.items[g.edges.items[i].from].kind == TB_G_START) put_row(&t, &g.edges.items[i]);
    for (uint32_t n = 0; n < g.nodes.count; n++) /* then node after node, as the matter is written */
        for (uint32_t i = 0; i < g.edges.count; i++)
            if (g.edges.items[i].from == n && g.edges.items[i].move != TB_NO_INDEX) put_row(&t, &g.edges.items[i]);
}
