/* Which column and which row every node gets: the layered layout.
 *
 * Columns: lines against the flow are found by a search from the starts and set aside; what is left has no circles, so the
 * longest way to a node is its rank. Legal phases come in the order of their lowest rank, and ranks are counted anew
 * inside each phase: so a phase is one band of columns, and a line into an earlier phase runs back. Bars of a 并行 have
 * columns of their own.
 *
 * Rows: a lane is packed by itself, and inside it every 并行 and 分支 first becomes a block of its own (nothing foreign
 * stands in a block, so its frame is a rectangle). Then each node and block moves to the row where its lines are
 * shortest and block each other least, in a few rounds: barycentres with obstacles. */
#include "layout_work.h"

enum { ROUNDS = 8, REACH = 8 /* rows tried around the present one */, MAIN = 3, BLOCKED = 4, NEW_ROW = 14 };

/* ---- columns ---- */

struct visit {
    tb__plan *t;
    uint8_t *state; /* 0 unseen, 1 on the way, 2 done */
    uint32_t *done; /* in order of being done */
    uint32_t count, met;
};

static void visit(struct visit *v, uint32_t n) {
    tb__plan *t = v->t;
    v->state[n] = 1;
    t->nodes.items[n].order = v->met++;
    for (uint32_t i = 0; i < t->routes.count; i++) {
        tb__route *r = &t->routes.items[i];
        if (r->from != n) continue;
        r->back = v->state[r->to] == 1;
        if (v->state[r->to] == 0) visit(v, r->to);
    }
    for (uint32_t i = 0; i < t->nodes.count; i++)
        if (t->nodes.items[i].host == n && v->state[i] == 0) visit(v, i);
    v->state[n] = 2;
    v->done[v->count++] = n;
}

/* Nodes so that every line that is not `back` leads to a later one. */
static uint32_t *flow_order(tb__plan *t) {
    uint32_t n = t->nodes.count;
    struct visit v = {t, tb_alloc(t->a, n + 1), TB_NEW_ARRAY(t->a, n + 1, uint32_t), 0, 0};
    for (uint32_t i = 0; i < n; i++)
        if (t->nodes.items[i].kind == TB_G_START && v.state[i] == 0) visit(&v, i);
    for (uint32_t i = 0; i < n; i++)
        if (v.state[i] == 0 && t->nodes.items[i].host == TB_NO_INDEX) visit(&v, i);
    for (uint32_t i = 0; i < n; i++)
        if (v.state[i] == 0) visit(&v, i);
    for (uint32_t i = 0; i < n / 2; i++) {
        uint32_t x = v.done[i];
        v.done[i] = v.done[n - 1 - i];
        v.done[n - 1 - i] = x;
    }
    return v.done;
}

/* Longest ways, over lines inside one phase only, or over all. An obligation stands with its host. */
static void rank(tb__plan *t, const uint32_t *order, bool inside_phases) {
    for (uint32_t i = 0; i < t->nodes.count; i++) t->nodes.items[i].rank = 0;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        uint32_t n = order[i];
        const tb__node *u = &t->nodes.items[n];
        for (uint32_t k = 0; k < t->routes.count; k++) {
            const tb__route *r = &t->routes.items[k];
            tb__node *v = &t->nodes.items[r->to];
            if (r->from != n || r->back || (inside_phases && v->phase != u->phase)) continue;
            if (v->rank < u->rank + 1) v->rank = u->rank + 1;
        }
        for (uint32_t k = 0; k < t->nodes.count; k++)
            if (t->nodes.items[k].host == n && t->nodes.items[k].rank < u->rank) t->nodes.items[k].rank = u->rank;
    }
}

static uint32_t phase_named(tb__plan *t, tb_str name, uint32_t gap) {
    for (uint32_t i = 0; i < t->phases.count; i++)
        if (tb_str_eq(t->phases.items[i].name, name) && (name.n || t->phases.items[i].gap == gap)) return i;
    *TB_PUSH(t->a, t->phases) = (tb__phase){.name = name, .rank = UINT32_MAX, .gap = gap};
    return t->phases.count - 1;
}

/* The phase a step says it belongs to; a step that is named like a phase of the law is that phase. */
static tb_str phase_of(const tb__plan *t, const tb__node *n) {
    static const char *const phases[] = {"受理", "审查", "决定", "送达"};
    if (n->kind != TB_G_STEP) return TB_STR("");
    const tb_step_def *s = &t->p->steps.items[n->index];
    if (s->phase.n) return s->phase;
    for (uint32_t i = 0; i < t->p->steps.count; i++)
        if (tb_str_eq(t->p->steps.items[i].phase, s->name)) return s->name;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (tb_str_is(s->name, phases[i])) return s->name;
    return TB_STR("");
}

/* Sorts phases by rank (named before the gap behind them) and tells nodes their new numbers. */
static void sort_phases(tb__plan *t) {
    uint32_t n = t->phases.count, *number = TB_NEW_ARRAY(t->a, n + 1, uint32_t);
    tb__phase *old = TB_NEW_ARRAY(t->a, n + 1, tb__phase);
    for (uint32_t i = 0; i < n; i++) old[i] = t->phases.items[i];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t before = 0;
        for (uint32_t k = 0; k < n; k++)
            if (old[k].gap < old[i].gap || (old[k].gap == old[i].gap && old[k].name.n && !old[i].name.n)) before++;
        number[i] = before;
        t->phases.items[before] = old[i];
    }
    for (uint32_t i = 0; i < t->nodes.count; i++)
        if (t->nodes.items[i].phase != TB_NO_INDEX) t->nodes.items[i].phase = number[t->nodes.items[i].phase];
}

/* A 并行 begins with the first phase of its steps and ends with the last. */
static void phase_bars(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *bar = &t->nodes.items[i];
        if (!bar->bar) continue;
        for (uint32_t k = 0; k < t->nodes.count; k++) {
            const tb__node *n = &t->nodes.items[k];
            if (n->bar || n->phase == TB_NO_INDEX || n->frame == TB_NO_INDEX) continue;
            uint32_t f = n->frame;
            while (f != TB_NO_INDEX && f != bar->frame) f = t->frames.items[f].inside;
            if (f == TB_NO_INDEX) continue;
            bool takes =
                bar->phase == TB_NO_INDEX || (bar->kind == TB_G_FORK ? n->phase < bar->phase : n->phase > bar->phase);
            if (takes) bar->phase = n->phase;
        }
    }
}

static void find_phases(tb__plan *t) {
    uint32_t *top = TB_NEW_ARRAY(t->a, t->nodes.count + 1, uint32_t); /* by phase: its highest rank */
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        tb_str name = phase_of(t, n);
        n->phase = TB_NO_INDEX;
        if (!name.n) continue;
        n->phase = phase_named(t, name, 0);
        tb__phase *x = &t->phases.items[n->phase];
        if (n->rank < x->rank) x->rank = n->rank;
        if (n->rank > top[n->phase]) top[n->phase] = n->rank;
    }
    uint32_t named = t->phases.count;
    for (uint32_t i = 0; i < named; i++) { /* gap of a named phase: its place in the order, from 1 */
        t->phases.items[i].gap = 1;
        for (uint32_t k = 0; k < named; k++) {
            uint32_t a = t->phases.items[k].rank, b = t->phases.items[i].rank;
            if (a < b || (a == b && k < i)) t->phases.items[i].gap++;
        }
    }
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        if (n->phase != TB_NO_INDEX || n->bar) continue;
        uint32_t gap = 0;
        for (uint32_t k = 0; k < named && n->kind != TB_G_START; k++) {
            const tb__phase *x = &t->phases.items[k];
            if (x->rank > n->rank) continue;
            if (n->rank <= top[k]) n->phase = k;
            if (x->gap > gap) gap = x->gap;
        }
        if (n->phase == TB_NO_INDEX) n->phase = phase_named(t, TB_STR(""), gap);
    }
    sort_phases(t);
    phase_bars(t);
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        if (n->host != TB_NO_INDEX) n->phase = t->nodes.items[n->host].phase;
        if (n->phase == TB_NO_INDEX) n->phase = 0;
    }
}

/* From ranks in phases to columns: joins, then steps, then forks of one rank, each bar in a column of its own. */
static void number_columns(tb__plan *t) {
    uint32_t col = 0;
    for (uint32_t ph = 0; ph < t->phases.count; ph++) {
        uint32_t highest = 0;
        t->phases.items[ph].col = col;
        for (uint32_t i = 0; i < t->nodes.count; i++) {
            const tb__node *n = &t->nodes.items[i];
            if (n->phase == ph && n->rank > highest) highest = n->rank;
        }
        for (uint32_t r = 0; r <= highest; r++) {
            bool steps = false;
            for (int pass = 0; pass < 3; pass++) {
                for (uint32_t i = 0; i < t->nodes.count; i++) {
                    tb__node *n = &t->nodes.items[i];
                    if (n->phase != ph || n->rank != r) continue;
                    if (n->kind == TB_G_JOIN && pass == 0) n->col = col++;
                    else if (n->kind == TB_G_FORK && pass == 2) n->col = col++;
                    else if (!n->bar && pass == 1) n->col = col, steps = true;
                }
                if (pass == 1 && steps) col++;
            }
        }
        t->phases.items[ph].cols = col - t->phases.items[ph].col;
    }
    t->cols = col;
}

static void columns(tb__plan *t) {
    const uint32_t *order = flow_order(t);
    rank(t, order, false);
    find_phases(t);
    rank(t, order, true);
    number_columns(t);
    for (uint32_t i = 0; i < t->routes.count; i++) {
        tb__route *r = &t->routes.items[i];
        r->back = t->nodes.items[r->to].col <= t->nodes.items[r->from].col;
    }
}

/* ---- rows ---- */

struct unit {             /* what is placed as one: a node with its obligations, or a frame's piece */
    uint32_t node, piece; /* one of them TB_NO_INDEX */
    uint32_t col, col_to, rows;
    int row;
};
struct container { /* a lane, or a frame's piece in it */
    uint32_t lane, frame;
    TB_LIST(struct unit) units;
    int base; /* of its first row, among all rows */
};
struct packing {
    tb__plan *t;
    TB_LIST(struct container) containers; /* inner ones before those around them */
    uint32_t *of_piece;                   /* piece → container */
    uint32_t *of_node;                    /* node → container */
    uint32_t *unit_of;                    /* node → unit in it */
    uint32_t *weight;                     /* by route */
    bool *main;                           /* by node: on the main way */
};

static bool within(const tb__plan *t, uint32_t frame, uint32_t outer) {
    while (frame != TB_NO_INDEX && frame != outer) frame = t->frames.items[frame].inside;
    return frame == outer;
}

static uint32_t hanging(const tb__plan *t, uint32_t node) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->nodes.count; i++) n += t->nodes.items[i].host == node;
    return n;
}

/* The columns of what a frame holds in a lane; false: nothing of it is there. */
static bool held_columns(const tb__plan *t, uint32_t frame, uint32_t lane, uint32_t *from, uint32_t *to) {
    bool any = false;
    *from = UINT32_MAX, *to = 0;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (!within(t, n->frame, frame) || (n->lane != lane && !n->bar)) continue;
        if (!n->bar) any = true;
        if (n->col < *from) *from = n->col;
        if (n->col > *to) *to = n->col;
    }
    return any;
}

/* The columns of a frame's piece in a lane. A 分支 reaches from bar to bar of its 并行: so each has rows of its own. */
static bool piece_columns(const tb__plan *t, uint32_t frame, uint32_t lane, uint32_t *from, uint32_t *to) {
    if (!held_columns(t, frame, lane, from, to)) return false;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (!n->bar || n->frame == frame || n->frame != t->frames.items[frame].inside) continue;
        if (n->kind == TB_G_FORK && n->col + 1 < *from) *from = n->col + 1;
        if (n->kind == TB_G_JOIN && n->col > *to + 1) *to = n->col - 1;
    }
    return true;
}

static int units_height(const struct container *c, uint32_t without) {
    int h = 0;
    for (uint32_t i = 0; i < c->units.count; i++) {
        if (i == without) continue;
        int end = c->units.items[i].row + (int)c->units.items[i].rows;
        if (end > h) h = end;
    }
    return h;
}

static bool overlaps(const struct container *c, uint32_t self, int row, uint32_t among) {
    const struct unit *u = &c->units.items[self];
    for (uint32_t i = 0; i < among; i++) {
        const struct unit *o = &c->units.items[i];
        if (i == self || o->row < -1) continue;
        if (o->col <= u->col_to && u->col <= o->col_to && o->row < row + (int)u->rows && row < o->row + (int)o->rows)
            return true;
    }
    return false;
}

/* Rows without anything are taken out, rows above the first are counted in. */
static void settle(struct container *c) {
    int low = 0;
    for (uint32_t i = 0; i < c->units.count; i++)
        if (c->units.items[i].row < low) low = c->units.items[i].row;
    for (uint32_t i = 0; i < c->units.count; i++) c->units.items[i].row -= low;
    for (int row = 0; row < units_height(c, TB_NO_INDEX);) {
        bool used = false;
        for (uint32_t i = 0; i < c->units.count && !used; i++)
            used = c->units.items[i].row <= row && row < c->units.items[i].row + (int)c->units.items[i].rows;
        if (used) {
            row++;
            continue;
        }
        for (uint32_t i = 0; i < c->units.count; i++)
            if (c->units.items[i].row > row) c->units.items[i].row--;
    }
}

static uint32_t pack(struct packing *k, uint32_t lane, uint32_t frame);

/* Units in order of their columns; in one column, as they are met on the way. */
static void add_unit(struct packing *k, struct container *c, struct unit u, uint32_t order, uint32_t *orders) {
    *TB_PUSH(k->t->a, c->units) = u;
    uint32_t i = c->units.count - 1;
    for (; i > 0; i--) {
        const struct unit *o = &c->units.items[i - 1];
        if (o->col < u.col || (o->col == u.col && orders[i - 1] <= order)) break;
        c->units.items[i] = *o;
        orders[i] = orders[i - 1];
    }
    c->units.items[i] = u;
    orders[i] = order;
}

static void gather(struct packing *k, struct container *c) {
    tb__plan *t = k->t;
    uint32_t *orders = TB_NEW_ARRAY(t->a, t->nodes.count + t->frames.count + 1, uint32_t);
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (n->lane != c->lane || n->frame != c->frame || n->host != TB_NO_INDEX || n->bar) continue;
        struct unit u = {i, TB_NO_INDEX, n->col, n->col, 1 + hanging(t, i), -2};
        add_unit(k, c, u, n->order, orders);
    }
    for (uint32_t f = 0; f < t->frames.count; f++) {
        uint32_t from, to;
        if (t->frames.items[f].inside != c->frame || !piece_columns(t, f, c->lane, &from, &to)) continue;
        uint32_t inner = pack(k, c->lane, f);
        uint32_t rows = (uint32_t)units_height(&k->containers.items[inner], TB_NO_INDEX);
        *TB_PUSH(t->a, t->pieces) = (tb__piece){.frame = f, .lane = c->lane, .col = from, .col_to = to};
        uint32_t piece = t->pieces.count - 1;
        k->of_piece[piece] = inner;
        add_unit(k, c, (struct unit){TB_NO_INDEX, piece, from, to, rows, -2}, f, orders);
    }
}

static void tell_units(struct packing *k, uint32_t number) {
    const struct container *c = &k->containers.items[number];
    for (uint32_t u = 0; u < c->units.count; u++) {
        uint32_t n = c->units.items[u].node;
        if (n == TB_NO_INDEX) continue;
        k->of_node[n] = number;
        k->unit_of[n] = u;
    }
}

static bool on_main_way(const struct packing *k, const struct unit *u) {
    const tb__plan *t = k->t;
    if (u->node != TB_NO_INDEX) return k->main[u->node];
    for (uint32_t i = 0; i < t->nodes.count; i++)
        if (k->main[i] && t->nodes.items[i].frame == t->pieces.items[u->piece].frame) return true;
    return false;
}

/* A container with its units in first places: the main way in the first row, the others below, as high as they fit. */
static uint32_t pack(struct packing *k, uint32_t lane, uint32_t frame) {
    struct container c = {.lane = lane, .frame = frame};
    bool any_main = false;
    gather(k, &c);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < c.units.count; i++) {
            if (on_main_way(k, &c.units.items[i]) != (pass == 0)) continue;
            int row = pass && any_main ? 1 : 0;
            while (overlaps(&c, i, row, c.units.count)) row++;
            c.units.items[i].row = row;
            any_main |= pass == 0;
        }
    *TB_PUSH(k->t->a, k->containers) = c;
    tell_units(k, k->containers.count - 1);
    return k->containers.count - 1;
}

/* Rows of all, from the places of units in containers. */
static void spread(struct packing *k, uint32_t container, int base) {
    tb__plan *t = k->t;
    struct container *c = &k->containers.items[container];
    c->base = base;
    for (uint32_t i = 0; i < c->units.count; i++) {
        struct unit *u = &c->units.items[i];
        int row = base + u->row;
        if (u->node != TB_NO_INDEX) {
            t->nodes.items[u->node].row = (uint32_t)row;
            uint32_t under = (uint32_t)row;
            for (uint32_t n = 0; n < t->nodes.count; n++)
                if (t->nodes.items[n].host == u->node) t->nodes.items[n].row = ++under;
        } else {
            t->pieces.items[u->piece].row = (uint32_t)row;
            t->pieces.items[u->piece].row_to = (uint32_t)row + u->rows - 1;
            spread(k, k->of_piece[u->piece], row);
        }
    }
}

static void spread_bars(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        if (!n->bar) continue;
        n->row = UINT32_MAX, n->row_to = 0;
        for (uint32_t k = 0; k < t->pieces.count; k++) {
            const tb__piece *piece = &t->pieces.items[k];
            if (piece->frame != n->frame) continue;
            if (piece->row < n->row) n->row = piece->row;
            if (piece->row_to > n->row_to) n->row_to = piece->row_to;
        }
        if (n->row == UINT32_MAX) n->row = n->row_to = t->lanes.items[n->lane].row;
        n->row_mid = (n->row + n->row_to) / 2;
    }
}

/* After a piece has grown or shrunk: the units around it, inner containers first, give way downwards. */
static void give_way(struct packing *k) {
    for (uint32_t i = 0; i < k->containers.count; i++) {
        struct container *c = &k->containers.items[i];
        for (uint32_t u = 0; u < c->units.count; u++) {
            struct unit *x = &c->units.items[u];
            if (x->piece != TB_NO_INDEX)
                x->rows = (uint32_t)units_height(&k->containers.items[k->of_piece[x->piece]], TB_NO_INDEX);
            while (overlaps(c, u, x->row, u)) x->row++;
        }
        settle(c);
    }
}

static void spread_all(struct packing *k, const uint32_t *of_lane) {
    tb__plan *t = k->t;
    uint32_t row = 0;
    give_way(k);
    for (uint32_t l = 0; l < t->lanes.count; l++) {
        int h = units_height(&k->containers.items[of_lane[l]], TB_NO_INDEX);
        t->lanes.items[l].row = row;
        t->lanes.items[l].rows = h ? (uint32_t)h : 1;
        spread(k, of_lane[l], (int)row);
        row += t->lanes.items[l].rows;
    }
    t->rows = row;
    spread_bars(t);
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        if (!n->bar) n->row_to = n->row_mid = n->row;
    }
}

/* What a unit would cost at `row` of its container: the ways of its lines, and the straight lines it would block. */
static int64_t cost_at(const struct packing *k, const struct container *c, const struct unit *u, int row) {
    const tb__plan *t = k->t;
    int64_t cost = 0;
    int shift = row - u->row;
    for (uint32_t i = 0; i < t->routes.count; i++) {
        const tb__node *a = &t->nodes.items[t->routes.items[i].from], *b = &t->nodes.items[t->routes.items[i].to];
        bool in_a, in_b;
        if (u->node != TB_NO_INDEX) {
            in_a = a == &t->nodes.items[u->node] || a->host == u->node;
            in_b = b == &t->nodes.items[u->node] || b->host == u->node;
        } else {
            uint32_t f = t->pieces.items[u->piece].frame;
            in_a = a->lane == c->lane && within(t, a->frame, f), in_b = b->lane == c->lane && within(t, b->frame, f);
        }
        int ra = (int)a->row_mid + (in_a ? shift : 0), rb = (int)b->row_mid + (in_b ? shift : 0);
        if (a->bar && !in_a && (int)a->row <= rb && rb <= (int)a->row_to) ra = rb;
        if (b->bar && !in_b && (int)b->row <= ra && ra <= (int)b->row_to) rb = ra;
        if (in_a != in_b) cost += (int64_t)k->weight[i] * (ra > rb ? ra - rb : rb - ra) * 2;
        if (in_a || in_b || ra != rb || t->routes.items[i].back) continue;
        bool between = a->col < u->col_to && u->col < b->col;
        if (between && ra >= c->base + row && ra < c->base + row + (int)u->rows) cost += BLOCKED * k->weight[i];
    }
    /* its own straight lines that others block */
    for (uint32_t i = 0; u->node != TB_NO_INDEX && i < t->routes.count; i++) {
        const tb__route *r = &t->routes.items[i];
        if (r->back || (r->from != u->node && r->to != u->node)) continue;
        const tb__node *a = &t->nodes.items[r->from], *b = &t->nodes.items[r->to];
        const tb__node *other = r->from == u->node ? b : a;
        if ((int)other->row_mid != c->base + row) continue;
        for (uint32_t n = 0; n < t->nodes.count; n++) {
            const tb__node *x = &t->nodes.items[n];
            if (x->row_mid == other->row_mid && a->col < x->col && x->col < b->col && x->host != u->node)
                cost += BLOCKED * k->weight[i];
        }
    }
    return cost;
}

static bool improve(struct packing *k, struct container *c, uint32_t unit) {
    struct unit *u = &c->units.items[unit];
    int now = u->row, best = now, height = units_height(c, unit);
    int64_t least = cost_at(k, c, u, now) + (now + (int)u->rows > height ? NEW_ROW : 0);
    for (int row = now - REACH; row <= now + REACH; row++) {
        if (row < -(int)u->rows || row > height || row == now || overlaps(c, unit, row, c->units.count)) continue;
        int64_t cost = cost_at(k, c, u, row) + (row < 0 || row + (int)u->rows > height ? NEW_ROW : 0);
        if (cost < least) least = cost, best = row;
    }
    u->row = best;
    return best != now;
}

/* The line that goes on from a node: the first that is written and does not merely lead to where one comes back from. */
static uint32_t onward(const tb__plan *t, uint32_t node) {
    uint32_t found = TB_NO_INDEX;
    for (uint32_t i = 0; i < t->routes.count; i++) {
        const tb__route *r = &t->routes.items[i];
        if (r->from != node || r->back || t->out->paths.items[r->path].style == TB_LINE_OVERDUE) continue;
        bool comes_back = false;
        for (uint32_t k = 0; k < t->routes.count && !comes_back; k++)
            comes_back = t->routes.items[k].from == r->to && t->routes.items[k].to == node &&
                         t->out->paths.items[t->routes.items[k].path].style != TB_LINE_RETURN;
        if (!comes_back) return i;
        if (found == TB_NO_INDEX) found = i;
    }
    return found;
}

static void find_main_way(struct packing *k) {
    const tb__plan *t = k->t;
    uint32_t at = TB_NO_INDEX;
    for (uint32_t i = 0; i < t->routes.count; i++)
        k->weight[i] = t->nodes.items[t->routes.items[i].from].bar ? MAIN : 1;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        uint32_t r = onward(t, i);
        if (r != TB_NO_INDEX) k->weight[r] = MAIN;
        if (t->nodes.items[i].kind == TB_G_START && at == TB_NO_INDEX) at = i;
    }
    while (at != TB_NO_INDEX && !k->main[at]) {
        k->main[at] = true;
        const tb__node *n = &t->nodes.items[at];
        uint32_t next = n->kind == TB_G_FORK ? TB_NO_INDEX : onward(t, at);
        at = next == TB_NO_INDEX ? TB_NO_INDEX : t->routes.items[next].to;
        for (uint32_t i = 0; i < t->nodes.count && n->kind == TB_G_FORK; i++)
            if (t->nodes.items[i].kind == TB_G_JOIN && t->nodes.items[i].frame == n->frame) at = i;
    }
}

static void rows(tb__plan *t) {
    struct packing k = {.t = t};
    uint32_t most = t->lanes.count * (t->frames.count + 1) + 1,
             *of_lane = TB_NEW_ARRAY(t->a, t->lanes.count + 1, uint32_t);
    k.of_piece = TB_NEW_ARRAY(t->a, most, uint32_t);
    k.of_node = TB_NEW_ARRAY(t->a, t->nodes.count + 1, uint32_t);
    k.unit_of = TB_NEW_ARRAY(t->a, t->nodes.count + 1, uint32_t);
    k.weight = TB_NEW_ARRAY(t->a, t->routes.count + 1, uint32_t);
    k.main = TB_NEW_ARRAY(t->a, t->nodes.count + 1, bool);
    find_main_way(&k);
    for (uint32_t l = 0; l < t->lanes.count; l++) of_lane[l] = pack(&k, l, TB_NO_INDEX);
    spread_all(&k, of_lane);
    for (int round = 0; round < ROUNDS; round++) {
        bool moved = false;
        for (uint32_t i = 0; i < k.containers.count; i++) {
            struct container *c = &k.containers.items[i];
            for (uint32_t u = 0; u < c->units.count; u++) {
                if (!improve(&k, c, u)) continue;
                moved = true;
                spread_all(&k, of_lane);
            }
        }
        if (!moved) break;
    }
}

static int fill_cells(tb__plan *t) {
    if ((uint64_t)t->rows * t->cols > TB_DRAW_CELLS) return TB_LIMIT;
    uint32_t *cells = TB_NEW_ARRAY(t->a, (size_t)t->rows * t->cols + 1, uint32_t);
    uint32_t *inside = TB_NEW_ARRAY(t->a, (size_t)t->rows * t->cols + 1, uint32_t);
    for (uint32_t i = 0; i < t->rows * t->cols; i++) cells[i] = inside[i] = TB_NO_INDEX;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        for (uint32_t r = n->row; r <= n->row_to; r++) cells[r * t->cols + n->col] = i;
    }
    for (uint32_t i = 0; i < t->pieces.count; i++) { /* deeper frames over those around them */
        const tb__piece *x = &t->pieces.items[i];
        for (uint32_t r = x->row; r <= x->row_to; r++)
            for (uint32_t c = x->col; c <= x->col_to; c++) {
                uint32_t *at = &inside[r * t->cols + c];
                if (*at == TB_NO_INDEX || t->frames.items[*at].depth < t->frames.items[x->frame].depth) *at = x->frame;
            }
    }
    t->cells = cells;
    t->inside = inside;
    return TB_OK;
}

/* A bar's own lines meet it in the row of what they come from or lead to, where that lies along the bar. */
static void aim_bars(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        if (!n->bar) continue;
        for (uint32_t k = 0; k < t->routes.count; k++) {
            const tb__route *r = &t->routes.items[k];
            uint32_t other = n->kind == TB_G_FORK && r->to == i     ? r->from
                             : n->kind == TB_G_JOIN && r->from == i ? r->to
                                                                    : TB_NO_INDEX;
            if (other == TB_NO_INDEX) continue;
            uint32_t row = t->nodes.items[other].row_mid;
            if (row >= n->row && row <= n->row_to) n->row_mid = row;
            break;
        }
    }
}

int tb__place(tb__plan *t) {
    columns(t);
    rows(t);
    aim_bars(t);
    return fill_cells(t);
}
