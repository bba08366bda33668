/* From the layout to BPMN's nodes and flows: bpmn.h says how. */
#include "bpmn.h"
#include "layout_work.h"

enum {
    S = TB_BPMN_SCALE,
    EVENT = 30,
    SMALL = 24,
    GATE = 24,
    SIDE = 32 /* for a gateway in a box */,
    FOOT = 46,
    LOOP = 12,
    LABEL = 14
};

/* What a box of the layout has become. */
struct parts {
    uint32_t in, task, out; /* nodes; TB_NO_INDEX: not there */
    uint32_t entries, exits, loops, timers;
    int foot;
};
struct drawing {
    tb_arena *a;
    const tb_program *p;
    const tb_layout *l;
    tb_bpmn *b;
    tb__plan words; /* for the words of the picture */
    struct parts *parts;
};

static tb_rect scaled(tb_rect r) { return (tb_rect){S * r.x, S * r.y, S * r.w, S * r.h}; }
static int middle(tb_rect r) { return r.y + r.h / 2; }

static uint32_t add(struct drawing *d, enum tb_bpmn_kind kind, tb_str name, uint32_t lane, tb_rect at) {
    *TB_PUSH(d->a, d->b->nodes) =
        (tb_bpmn_node){.kind = kind, .name = name, .lane = lane, .host = TB_NO_INDEX, .interrupting = true, .at = at};
    return d->b->nodes.count - 1;
}

static uint32_t connect(struct drawing *d, uint32_t from, uint32_t to) {
    *TB_PUSH(d->a, d->b->flows) = (tb_bpmn_flow){.from = from, .to = to, .inside = TB_NO_INDEX};
    return d->b->flows.count - 1;
}

/* One point after another; the same one twice is one. */
static void point(struct drawing *d, uint32_t flow, int x, int y) {
    tb_bpmn_flow *f = &d->b->flows.items[flow];
    if (f->points.count && f->points.items[f->points.count - 1].x == x && f->points.items[f->points.count - 1].y == y)
        return;
    *TB_PUSH(d->a, f->points) = (tb_point){x, y};
}

static tb_rect round_at(int x, int y, int size) { return (tb_rect){x - size / 2, y - size / 2, size, size}; }

/* ---- what is said of a node ---- */

static tb_str clause(const struct drawing *d, tb_span span) { return tb_source_text(d->p->sources, span); }

static tb_str step_doc(struct drawing *d, const tb_step_def *s) {
    tb_buf b;
    tb_buf_init(&b, d->a);
    for (uint32_t i = 0; i < s->posts_n; i++)
        tb_putf(&b, "%s%.*s", i == 0 ? "办理人 " : s->all ? " 与 " : "、", TB_FMT(d->p->posts.items[s->posts[i]].name));
    if (s->persons > 1) tb_putf(&b, "，不少于 %d人", s->persons);
    tb_puts(&b, "。");
    if (s->clock != TB_NO_INDEX) tb_putf(&b, "\n%.*s", TB_FMT(clause(d, d->p->clocks.items[s->clock].span)));
    if (s->excludes)
        tb_putf(&b, "\n不计入期限，依%.*s，因%.*s。", TB_FMT(tb_law_text(d->p, s->why_excluded)),
                TB_FMT(tb_law_text(d->p, s->why_needed)));
    if (s->call) tb_putf(&b, "\n%.*s", TB_FMT(clause(d, d->p->calls.items[s->call - 1].span)));
    return tb_buf_str(&b);
}

/* What decides for a flow: the act that is done, and what it asks for. */
static tb_str condition_of(const struct drawing *d, const tb_move *m) {
    if (!m->guard_text.n) return m->act;
    return tb_str_printf(d->a, "%.*s，若 %.*s", TB_FMT(m->act), TB_FMT(m->guard_text));
}

/* ---- boxes ---- */

static bool is_late(const struct drawing *d, uint32_t move) { return d->p->moves.items[move].kind == TB_MOVE_OVERDUE; }

static bool of_anywhere(const struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    return b->kind == TB_BOX_ANYWHERE ||
           (b->kind == TB_BOX_END && b->host != TB_NO_INDEX && d->l->boxes.items[b->host].kind == TB_BOX_ANYWHERE);
}

static bool hangs(const tb_box *b) { return b->kind == TB_BOX_STEP && b->host != TB_NO_INDEX; }

static void count_ways(struct drawing *d) {
    for (uint32_t i = 0; i < d->l->paths.count; i++) {
        const tb_path *p = &d->l->paths.items[i];
        if (of_anywhere(d, p->from)) continue;
        uint32_t ways = p->moves.count ? p->moves.count : 1;
        d->parts[p->to].entries += ways;
        for (uint32_t k = 0; k < p->moves.count; k++) {
            if (p->style == TB_LINE_OBLIGES) continue;
            if (is_late(d, p->moves.items[k])) d->parts[p->from].timers++;
            else d->parts[p->from].exits++;
        }
    }
    for (uint32_t i = 0; i < d->l->boxes.count; i++) {
        const tb_box *b = &d->l->boxes.items[i];
        if (b->kind != TB_BOX_STEP) continue;
        if (hangs(b)) d->parts[i].entries++;
        for (uint32_t k = 0; k < b->stays.count; k++) {
            if (is_late(d, b->stays.items[k])) d->parts[i].timers++;
            else d->parts[i].loops++;
        }
    }
}

static enum tb_bpmn_kind task_kind(const struct drawing *d, const tb_step_def *s) {
    if (!s->call) return TB_BPMN_TASK;
    return d->p->calls.items[s->call - 1].kind == TB_CALL_MATTER ? TB_BPMN_CALL : TB_BPMN_SERVICE;
}

static void add_step(struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    const tb_step_def *s = &d->p->steps.items[b->index];
    struct parts *x = &d->parts[box];
    tb_rect r = scaled(b->at);
    int y = middle(r);
    bool merges = x->entries + x->loops > 1, parts = x->exits > 1 || x->loops;
    x->foot = (x->timers ? FOOT : 0) + (int)x->loops * LOOP;
    if (x->foot > r.h / 2 - 6) x->foot = r.h / 2 - 6;
    tb_rect t = {r.x + (merges ? SIDE : 0), r.y, r.w - (merges ? SIDE : 0) - (parts ? SIDE : 0), r.h - x->foot};
    x->task = add(d, task_kind(d, s), s->name, b->lane, t);
    d->b->nodes.items[x->task].doc = step_doc(d, s);
    x->in = x->out = x->task;
    if (merges) {
        x->in = add(d, TB_BPMN_EXCLUSIVE, TB_STR(""), b->lane, round_at(r.x + SIDE / 2 + 2, y, GATE));
        uint32_t f = connect(d, x->in, x->task);
        point(d, f, r.x + SIDE / 2 + 2 + GATE / 2, y);
        point(d, f, t.x, y);
    }
    if (parts) {
        int gx = r.x + r.w - SIDE / 2 - 2;
        x->out = add(d, TB_BPMN_EXCLUSIVE, TB_STR("情形"), b->lane, round_at(gx, y, GATE));
        uint32_t f = connect(d, x->task, x->out);
        point(d, f, t.x + t.w, y);
        point(d, f, gx - GATE / 2, y);
    }
}

/* Does a join wait for all branches, and for nothing else? */
static bool waits_for_all(const struct drawing *d, uint32_t box) {
    uint32_t ways = 0;
    bool all = true;
    for (uint32_t i = 0; i < d->l->paths.count; i++)
        for (uint32_t k = 0; d->l->paths.items[i].from == box && k < d->l->paths.items[i].moves.count; k++) {
            const tb_move *m = &d->p->moves.items[d->l->paths.items[i].moves.items[k]];
            all &= m->kind == TB_MOVE_DONE && m->needs == 0;
            ways++;
        }
    return all && ways <= 1;
}

/* End marks and the bars of a 并行 stand in the lane where their middle is drawn. */
static uint32_t lane_at(const struct drawing *d, tb_rect r) {
    for (uint32_t i = 0; i < d->l->lanes.count; i++) {
        tb_rect lane = scaled(d->l->lanes.items[i].at);
        if (middle(r) >= lane.y && middle(r) < lane.y + lane.h) return i;
    }
    return 0;
}

static void add_anywhere(struct drawing *d, const tb_box *b, uint32_t box) {
    const tb_move *m = &d->p->moves.items[b->index];
    tb_rect r = scaled(b->at);
    struct parts *x = &d->parts[box];
    tb_rect lane = scaled(d->l->lanes.items[lane_at(d, r)].at); /* a bar's words may reach beyond a narrow lane */
    if (r.x + r.w > lane.x + lane.w) r.x = lane.x + lane.w - r.w;
    uint32_t sub = add(d, TB_BPMN_SUBPROCESS, tb__move_line(&d->words, m), lane_at(d, r), r);
    d->b->nodes.items[sub].doc = clause(d, m->span);
    uint32_t from = add(d, TB_BPMN_START, m->act, TB_NO_INDEX, round_at(r.x + r.w - 150, middle(r), EVENT));
    uint32_t to = add(d, TB_BPMN_END, m->target.n ? m->target : TB_STR("继续办理"), TB_NO_INDEX,
                      round_at(r.x + r.w - 40, middle(r), EVENT));
    d->b->nodes.items[from].host = d->b->nodes.items[to].host = sub;
    d->b->nodes.items[from].interrupting = m->leaves;
    uint32_t f = connect(d, from, to);
    d->b->flows.items[f].inside = sub;
    point(d, f, r.x + r.w - 150 + EVENT / 2, middle(r));
    point(d, f, r.x + r.w - 40 - EVENT / 2, middle(r));
    x->in = x->out = x->task = sub;
}

static void add_box(struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    struct parts *x = &d->parts[box];
    tb_rect r = scaled(b->at);
    int y = middle(r);
    x->in = x->out = x->task = TB_NO_INDEX;
    switch (b->kind) {
    case TB_BOX_START:
        x->out =
            add(d, TB_BPMN_START, d->p->modes.items[b->index].name, b->lane, round_at(r.x + r.w - EVENT / 2, y, EVENT));
        break;
    case TB_BOX_STEP: add_step(d, box); break;
    case TB_BOX_FORK:
    case TB_BOX_JOIN: {
        bool all = b->kind == TB_BOX_FORK || waits_for_all(d, box);
        x->in = x->out = add(d, all ? TB_BPMN_PARALLEL : TB_BPMN_COMPLEX, d->p->nodes[b->index].name, lane_at(d, r),
                             round_at(r.x + r.w / 2, y, GATE));
        break;
    }
    case TB_BOX_END:
        if (!of_anywhere(d, box))
            x->in =
                add(d, TB_BPMN_END, d->p->outcomes.items[b->index], lane_at(d, r), round_at(r.x + EVENT / 2, y, EVENT));
        break;
    case TB_BOX_FULFILLED:
    case TB_BOX_RESUMED:
        x->in = add(d, TB_BPMN_END, b->kind == TB_BOX_RESUMED ? TB_STR("原环节") : TB_STR("完成"), lane_at(d, r),
                    round_at(r.x + EVENT / 2, y, EVENT));
        break;
    case TB_BOX_ANYWHERE: add_anywhere(d, b, box); break;
    }
}

/* ---- events on the lower edge of a step ---- */

/* The n-th of its step, from the right; what an obligation hangs on is at the left. */
static uint32_t add_timer(struct drawing *d, uint32_t box, uint32_t n, uint32_t move, bool interrupting) {
    const tb_bpmn_node task = d->b->nodes.items[d->parts[box].task];
    const tb_step_def *s = &d->p->steps.items[d->l->boxes.items[box].index];
    const tb_clock_def *c = s->clock == TB_NO_INDEX ? NULL : &d->p->clocks.items[s->clock];
    int left = task.at.x + SMALL / 2, x = task.at.x + task.at.w - SMALL / 2 - 4 - (int)n * (SMALL + 4);
    if (x < left) x = left;
    uint32_t node = add(d, TB_BPMN_TIMER, TB_STR("逾期"), task.lane, round_at(x, task.at.y + task.at.h, SMALL));
    tb_bpmn_node *t = &d->b->nodes.items[node];
    t->host = d->parts[box].task;
    t->interrupting = interrupting;
    t->doc = clause(d, d->p->moves.items[move].span);
    t->text = c ? tb__limit_text(&d->words, c, true) : TB_STR("期限");
    return node;
}

static uint32_t timers_before(const struct drawing *d, uint32_t box) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->b->nodes.count; i++)
        n += d->b->nodes.items[i].kind == TB_BPMN_TIMER && d->b->nodes.items[i].host == d->parts[box].task;
    return n;
}

static void add_stays(struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    const struct parts *x = &d->parts[box];
    tb_rect r = scaled(b->at);
    int bottom = r.y + r.h, loop = 0;
    for (uint32_t i = 0; i < b->stays.count; i++) {
        const tb_move *m = &d->p->moves.items[b->stays.items[i]];
        uint32_t f;
        if (m->kind == TB_MOVE_OVERDUE) {
            uint32_t timer = add_timer(d, box, timers_before(d, box), b->stays.items[i], false);
            tb_rect t = d->b->nodes.items[timer].at;
            int cx = t.x + SMALL / 2, ey = bottom - 8;
            uint32_t end = add(d, TB_BPMN_END, tb__move_line(&d->words, m), b->lane, round_at(cx - 34, ey, 16));
            f = connect(d, timer, end);
            point(d, f, cx, t.y + SMALL);
            point(d, f, cx, ey);
            point(d, f, cx - 26, ey);
        } else {
            tb_rect gate = d->b->nodes.items[x->out].at, merge = d->b->nodes.items[x->in].at;
            int y = bottom - 4 - (x->timers ? FOOT / 2 : 0) - loop++ * 4;
            f = connect(d, x->out, x->in);
            point(d, f, gate.x + GATE / 2, gate.y + GATE);
            point(d, f, gate.x + GATE / 2, y);
            point(d, f, merge.x + GATE / 2, y);
            point(d, f, merge.x + GATE / 2, merge.y + GATE);
            d->b->flows.items[f].name = m->act;
            d->b->flows.items[f].condition = condition_of(d, m);
        }
        d->b->flows.items[f].doc = clause(d, m->span);
    }
}

/* The move that opens an obligation in its host. */
static const tb_move *obliging(const struct drawing *d, uint32_t host, uint32_t step) {
    for (uint32_t i = 0; i < d->p->moves.count; i++) {
        const tb_move *m = &d->p->moves.items[i];
        if (m->kind == TB_MOVE_OBLIGE && m->step == host && tb_str_eq(m->target, d->p->steps.items[step].name))
            return m;
    }
    return NULL;
}

static uint32_t add_condition(struct drawing *d, uint32_t host, const tb_move *m, int x) {
    const tb_bpmn_node task = d->b->nodes.items[d->parts[host].task];
    int left = task.at.x, right = task.at.x + task.at.w;
    x = x < left ? left : x > right ? right : x;
    uint32_t node = add(d, TB_BPMN_CONDITION, TB_STR("应当"), task.lane, round_at(x, task.at.y + task.at.h, SMALL));
    tb_bpmn_node *c = &d->b->nodes.items[node];
    c->host = d->parts[host].task;
    c->interrupting = false;
    c->text = m && m->guard_text.n ? m->guard_text : TB_STR("进入本环节");
    c->doc = m ? clause(d, m->span) : TB_STR("");
    return node;
}

/* The end of a flow: at the left of a task, an event, a gateway. */
static void arrive(struct drawing *d, uint32_t flow, uint32_t node, int x, int y) {
    tb_rect at = d->b->nodes.items[node].at;
    bool gate = d->b->nodes.items[node].kind == TB_BPMN_EXCLUSIVE || d->b->nodes.items[node].kind == TB_BPMN_PARALLEL ||
                d->b->nodes.items[node].kind == TB_BPMN_COMPLEX;
    int cy = middle(at);
    if (gate && y != cy && x > at.x) { /* a bar's line: in from above or below */
        point(d, flow, at.x + at.w / 2, y);
        point(d, flow, at.x + at.w / 2, y < cy ? at.y : at.y + at.h);
        return;
    }
    point(d, flow, x, y);
    if (gate || d->b->nodes.items[node].kind == TB_BPMN_END) point(d, flow, x, cy), point(d, flow, at.x, cy);
    else point(d, flow, at.x, y);
}

static void add_obligation(struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    const tb_box *host = &d->l->boxes.items[b->host];
    tb_rect r = scaled(b->at);
    uint32_t event = add_condition(d, b->host, obliging(d, host->index, b->index), S * (b->at.x - TB_DRAW_HANG));
    tb_rect e = d->b->nodes.items[event].at;
    uint32_t f = connect(d, event, d->parts[box].in);
    int x = S * (b->at.x - TB_DRAW_HANG), below = S * (host->at.y + host->at.h);
    point(d, f, e.x + SMALL / 2, e.y + SMALL);
    point(d, f, e.x + SMALL / 2, below > e.y + SMALL ? below : e.y + SMALL);
    point(d, f, x, below > e.y + SMALL ? below : e.y + SMALL);
    point(d, f, x, middle(r));
    arrive(d, f, d->parts[box].in, r.x, middle(r));
}

/* ---- lines ---- */

/* The beginning of a flow, up to the right side of its box. */
static uint32_t depart(struct drawing *d, const tb_path *path, uint32_t move) {
    const tb_box *b = &d->l->boxes.items[path->from];
    const struct parts *x = &d->parts[path->from];
    tb_rect r = scaled(b->at);
    int right = r.x + r.w, y = S * path->points.items[0].y;
    bool late = move != TB_NO_INDEX && b->kind == TB_BOX_STEP && is_late(d, move);
    bool obliges = path->style == TB_LINE_OBLIGES && b->kind == TB_BOX_STEP;
    if (late || obliges) {
        uint32_t event =
            late ? add_timer(d, path->from, timers_before(d, path->from), move, true)
                 : add_condition(d, path->from, move == TB_NO_INDEX ? NULL : &d->p->moves.items[move], r.x + r.w / 2);
        tb_rect e = d->b->nodes.items[event].at;
        uint32_t f = connect(d, event, d->parts[path->to].in);
        point(d, f, e.x + SMALL / 2, e.y + SMALL);
        point(d, f, e.x + SMALL / 2, r.y + r.h - 4);
        point(d, f, right, r.y + r.h - 4);
        return f;
    }
    tb_rect at = d->b->nodes.items[x->out].at;
    uint32_t f = connect(d, x->out, d->parts[path->to].in);
    if (y != middle(at) && (b->kind == TB_BOX_FORK || b->kind == TB_BOX_JOIN)) {
        point(d, f, at.x + at.w / 2, y < middle(at) ? at.y : at.y + at.h);
        point(d, f, at.x + at.w / 2, y);
    } else {
        point(d, f, at.x + at.w, b->kind == TB_BOX_STEP && x->out == x->task ? y : middle(at));
        if (at.x + at.w <= right) point(d, f, right, middle(at));
    }
    return f;
}

/* The name of the n-th act of a line: above the stretch over which the picture tells all of it. */
static tb_rect label_of(const tb_path *path, uint32_t nth) {
    const tb_text *found = NULL;
    int bottom = 0, behind = (int)(path->moves.count - nth);
    for (uint32_t i = 0, seen = 0; i < path->texts.count; i++) {
        const tb_text *t = &path->texts.items[i];
        if (t->y > bottom) bottom = t->y;
        if ((t->kind == TB_TEXT_ACT || t->kind == TB_TEXT_OVERDUE) && seen++ == nth) found = t;
    }
    if (!found) return (tb_rect){0};
    return (tb_rect){S * found->x, S * bottom - behind * (LABEL + 2) + 4, S * found->w, LABEL};
}

/* Those of a 并行 are named 「联合审查·均办结」: its name stands at the gateway already. */
static tb_str name_of(const tb_move *m) {
    static const char dot[] = "·";
    bool join = m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED;
    for (uint32_t i = 0; join && i + sizeof dot - 1 < m->act.n; i++)
        if (memcmp(m->act.p + i, dot, sizeof dot - 1) == 0)
            return (tb_str){m->act.p + i + sizeof dot - 1, m->act.n - i - (uint32_t)(sizeof dot - 1)};
    return m->act;
}

static void add_flow(struct drawing *d, const tb_path *path, uint32_t nth) {
    uint32_t move = nth < path->moves.count ? path->moves.items[nth] : TB_NO_INDEX;
    uint32_t f = depart(d, path, move);
    uint32_t n = path->points.count;
    for (uint32_t i = 0; i + 1 < n; i++) {
        const tb_rect from = d->b->nodes.items[d->b->flows.items[f].from].at;
        int x = S * path->points.items[i].x;
        if (i == 0 && x < from.x + from.w && d->l->boxes.items[path->from].kind != TB_BOX_STEP) continue;
        point(d, f, x, S * path->points.items[i].y);
    }
    arrive(d, f, d->parts[path->to].in, S * path->points.items[n - 1].x, S * path->points.items[n - 1].y);
    if (move == TB_NO_INDEX) return;
    const tb_move *m = &d->p->moves.items[move];
    tb_bpmn_flow *flow = &d->b->flows.items[f];
    flow->name = name_of(m);
    enum tb_bpmn_kind from = d->b->nodes.items[flow->from].kind;
    if (from == TB_BPMN_EXCLUSIVE || from == TB_BPMN_COMPLEX || m->guard_text.n) flow->condition = condition_of(d, m);
    flow->label = label_of(path, nth);
    flow->doc = clause(d, m->span);
}

/* ---- notes ---- */

/* 任一环节 that leads to a step: a flow cannot leave an event sub-process, so it is tied to that step. */
static void tie_anywhere(struct drawing *d, uint32_t box) {
    const tb_box *b = &d->l->boxes.items[box];
    const tb_move *m = &d->p->moves.items[b->index];
    for (uint32_t i = 0; i < d->l->boxes.count; i++) {
        const tb_box *to = &d->l->boxes.items[i];
        if (to->kind == TB_BOX_END && to->host == box) return; /* it ends the case, whatever else bears that name */
    }
    for (uint32_t i = 0; i < d->l->boxes.count; i++) {
        const tb_box *to = &d->l->boxes.items[i];
        if (to->kind != TB_BOX_STEP || !tb_str_eq(d->p->steps.items[to->index].name, m->target)) continue;
        tb_rect from = d->b->nodes.items[d->parts[box].task].at, at = d->b->nodes.items[d->parts[i].in].at;
        uint32_t f = connect(d, d->parts[box].task, d->parts[i].in);
        d->b->flows.items[f].association = true;
        point(d, f, from.x + from.w / 2, from.y);
        point(d, f, at.x + at.w / 2, at.y + at.h);
    }
}

static void add_note(struct drawing *d, uint32_t node, tb_str text, tb_rect at) {
    uint32_t note = add(d, TB_BPMN_NOTE, text, TB_NO_INDEX, at);
    d->b->nodes.items[note].host = node;
    tb_rect to = d->b->nodes.items[node].at;
    uint32_t f = connect(d, node, note);
    d->b->flows.items[f].association = true;
    point(d, f, to.x + to.w / 2, to.y);
    point(d, f, at.x, at.y + at.h / 2);
}

static void add_notes(struct drawing *d) {
    for (uint32_t i = 0; i < d->l->boxes.count; i++) {
        const tb_box *b = &d->l->boxes.items[i];
        if (b->kind == TB_BOX_ANYWHERE) tie_anywhere(d, i);
        if (b->kind != TB_BOX_STEP) continue;
        tb_rect r = scaled(b->at);
        const tb_step_def *s = &d->p->steps.items[b->index];
        tb_str law = tb_law_text(d->p, s->why_excluded);
        if (s->excludes)
            add_note(d, d->parts[i].task, tb_str_printf(d->a, "不计入期限%s%.*s", law.n ? "，依" : "", TB_FMT(law)),
                     (tb_rect){r.x + r.w / 2, r.y - 44, 200, 36});
        for (uint32_t k = 0; k < d->p->moves.count; k++) {
            const tb_move *m = &d->p->moves.items[k];
            if (m->step == b->index && m->irreversible)
                add_note(d, d->parts[i].task, tb_str_printf(d->a, "%.*s以后不可撤回", TB_FMT(m->act)),
                         (tb_rect){r.x + r.w / 2, r.y - 44, 200, 36});
        }
    }
}

int tb_bpmn_of(tb_arena *a, const tb_program *p, tb_layout *layout, tb_bpmn *out) {
    int result = tb_layout_of(a, p, layout);
    if (result != TB_OK) return result;
    *out = (tb_bpmn){.layout = layout};
    struct drawing d = {.a = a, .p = p, .l = layout, .b = out, .words = {.a = a, .p = p, .out = layout}};
    d.parts = TB_NEW_ARRAY(a, layout->boxes.count + 1, struct parts);
    count_ways(&d);
    for (uint32_t i = 0; i < layout->boxes.count; i++) add_box(&d, i);
    for (uint32_t i = 0; i < layout->boxes.count; i++) {
        if (layout->boxes.items[i].kind != TB_BOX_STEP) continue;
        add_stays(&d, i);
        if (hangs(&layout->boxes.items[i])) add_obligation(&d, i);
    }
    for (uint32_t i = 0; i < layout->paths.count; i++) {
        const tb_path *path = &layout->paths.items[i];
        if (of_anywhere(&d, path->from)) continue;
        for (uint32_t k = 0; k == 0 || k < path->moves.count; k++) add_flow(&d, path, k); /* a begin has no move */
    }
    add_notes(&d);
    return TB_OK;
}
