/* Which way every line takes.
 *
 * A line leaves its step to the right and comes to its end from the left. If both stand in one row and the cells between
 * are empty it runs straight; to the next column it needs one stretch in the gutter between; further, it runs through
 * the empty cells of one of the two rows, and if there are none, or against the flow, along a channel between two rows.
 * Lines that share a row get heights of their own there; lines that share a gutter or a channel get tracks of their own,
 * in the order in which they cross least. */
#include "layout_work.h"

enum { APART = 9 /* between lines in one row */, SWAPS = 200 /* passes of a track's ordering */, FOREIGN = 6 };

static bool belongs(const tb__plan *t, uint32_t frame, uint32_t node) {
    uint32_t f = t->nodes.items[node].frame;
    while (f != TB_NO_INDEX && f != frame) f = t->frames.items[f].inside;
    return f == frame;
}

/* May a line between two nodes run through this cell? Not through others' frames. */
static bool free_cell(const tb__plan *t, uint32_t row, uint32_t col, const tb__route *r) {
    uint32_t frame = t->inside[row * t->cols + col];
    if (tb__cell(t, row, col) != TB_NO_INDEX) return false;
    return frame == TB_NO_INDEX || belongs(t, frame, r->from) || belongs(t, frame, r->to);
}

static bool clear_run(const tb__plan *t, uint32_t row, const tb__route *r) {
    for (uint32_t c = r->exit_gutter; c < r->entry_gutter; c++)
        if (!free_cell(t, row, c, r)) return false;
    return true;
}

/* Does a bar stand across channel k (above row k) in column c? */
static bool barred(const tb__plan *t, uint32_t k, uint32_t c) {
    if (k == 0 || k >= t->rows) return false;
    uint32_t a = tb__cell(t, k - 1, c);
    return a != TB_NO_INDEX && a == tb__cell(t, k, c);
}

static uint32_t distance(uint32_t k, uint32_t row) {
    return 2 * k > 2 * row + 1 ? 2 * k - 2 * row - 1 : 2 * row + 1 - 2 * k;
}

static uint32_t best_channel(const tb__plan *t, const tb__route *r) {
    uint32_t from = r->exit_gutter < r->entry_gutter ? r->exit_gutter : r->entry_gutter;
    uint32_t to = r->exit_gutter < r->entry_gutter ? r->entry_gutter : r->exit_gutter;
    uint32_t best = 0, least = UINT32_MAX;
    for (uint32_t k = 0; k <= t->rows; k++) {
        uint32_t cost = 2 * (distance(k, r->exit_row) + distance(k, r->entry_row));
        bool blocked = false;
        for (uint32_t c = from; c < to && !blocked; c++) {
            blocked = barred(t, k, c);
            uint32_t above = k ? t->inside[(k - 1) * t->cols + c] : TB_NO_INDEX;
            uint32_t below = k < t->rows ? t->inside[k * t->cols + c] : TB_NO_INDEX;
            if (above != TB_NO_INDEX && above == below && !(belongs(t, above, r->from) && belongs(t, above, r->to)))
                cost += FOREIGN;
        }
        if (!blocked && cost < least) least = cost, best = k;
    }
    return best;
}

static bool in_rows(const tb__node *n, uint32_t row) { return n->row <= row && row <= n->row_to; }

/* The shelf of its channel: that inside of the innermost frame around both ends, where that begins or ends there. */
static enum tb__shelf shelf_of(const tb__plan *t, const tb__route *r) {
    uint32_t f = t->nodes.items[r->from].frame;
    while (f != TB_NO_INDEX && !belongs(t, f, r->to)) f = t->frames.items[f].inside;
    for (uint32_t i = 0; i < t->pieces.count && f != TB_NO_INDEX; i++) {
        const tb__piece *x = &t->pieces.items[i];
        if (x->frame != f) continue;
        if (x->row == r->channel) return TB__OVER;
        if (x->row_to + 1 == r->channel) return TB__UNDER;
    }
    return TB__BETWEEN;
}

static void classify(const tb__plan *t, tb__route *r) {
    const tb__node *a = &t->nodes.items[r->from], *b = &t->nodes.items[r->to];
    r->exit_gutter = a->col + 1;
    r->entry_gutter = b->col;
    r->exit_row = a->kind == TB_G_FORK && in_rows(a, b->row_mid) ? b->row_mid : a->row_mid;
    r->entry_row = b->kind == TB_G_JOIN && in_rows(b, r->exit_row) ? r->exit_row : b->row_mid;
    r->run_row = r->first = r->across = r->last = TB_NO_INDEX;
    r->channelled = false;
    if (r->back) r->channelled = true;
    else if (r->exit_gutter == r->entry_gutter) r->run_row = r->exit_row == r->entry_row ? r->exit_row : TB_NO_INDEX;
    else if (clear_run(t, r->entry_row, r)) r->run_row = r->entry_row;
    else if (clear_run(t, r->exit_row, r)) r->run_row = r->exit_row;
    else r->channelled = true;
    if (r->channelled) r->channel = best_channel(t, r), r->shelf = shelf_of(t, r);
}

static bool straight(const tb__route *r) { return !r->channelled && r->exit_row == r->entry_row; }

/* ---- exits ---- */

/* Where a line turns to, from top to bottom: rows are even, channels odd. */
static int heading(const tb__route *r) { return r->channelled ? 2 * (int)r->channel - 1 : 2 * (int)r->entry_row; }

/* The order of the exits in one row: lines up first, the straight one, end marks where there is room, lines down. */
static uint32_t order_exits(tb__plan *t, tb__node *n, uint32_t row, tb__tooth *out) {
    uint32_t count = 0, ends = 0;
    tb__tooth *end = TB_NEW_ARRAY(t->a, n->teeth.count + 1, tb__tooth);
    for (uint32_t i = 0; i < n->teeth.count; i++) {
        tb__tooth x = n->teeth.items[i];
        if (x.row != (int)row) continue;
        if (x.route == TB_NO_INDEX) {
            end[ends++] = x;
            continue;
        }
        uint32_t k = count++;
        for (; k > 0 && heading(&t->routes.items[out[k - 1].route]) > heading(&t->routes.items[x.route]); k--)
            out[k] = out[k - 1];
        out[k] = x;
    }
    uint32_t lines = count, up = 0; /* exits above the middle one */
    while (up < count && heading(&t->routes.items[out[up].route]) < 2 * (int)row) up++;
    uint32_t middle = up < count && straight(&t->routes.items[out[up].route]) ? 1 : 0;
    int above = 0, below = 0;
    for (uint32_t i = 0; i < count; i++) {
        int h = out[i].above + out[i].below;
        if (i < up) above += h;
        else if (i >= up + middle) below += h;
    }
    for (uint32_t i = 0; i < ends; i++) {
        bool high = above + end[i].above < below;
        uint32_t at = high ? up : up + middle;
        if (lines == 0) at = i;
        for (uint32_t k = count; k > at; k--) out[k] = out[k - 1];
        out[at] = end[i];
        count++;
        if (high) above += end[i].above + end[i].below, up++;
        else below += end[i].above + end[i].below, middle += 1;
    }
    return count;
}

/* Heights of the exits of one row: one of them lies in the middle of the row. */
static void space_exits(tb__plan *t, tb__node *n, uint32_t row) {
    tb__tooth *x = TB_NEW_ARRAY(t->a, n->teeth.count + 1, tb__tooth);
    uint32_t count = order_exits(t, n, row, x), middle = TB_NO_INDEX;
    int total = 0, sum = 0, nearest = INT32_MAX;
    for (uint32_t i = 0; i < count; i++) total += x[i].above + x[i].below;
    for (uint32_t i = 0; i < count; i++) {
        int y = sum + x[i].above, off = 2 * y > total ? 2 * y - total : total - 2 * y;
        if (x[i].route != TB_NO_INDEX && straight(&t->routes.items[x[i].route])) {
            middle = i;
            break;
        }
        if (off < nearest) nearest = off, middle = i;
        sum += x[i].above + x[i].below;
    }
    int y = 0;
    for (uint32_t i = 0; i < count; i++) {
        y += x[i].above;
        x[i].y = y;
        y += x[i].below;
    }
    for (uint32_t i = 0, k = 0; i < n->teeth.count; i++) {
        if (n->teeth.items[i].row != (int)row) continue;
        n->teeth.items[i] = x[k];
        n->teeth.items[i].y = x[k].y - x[middle].y;
        k++;
    }
}

static void exits(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        for (uint32_t k = 0; k < n->teeth.count; k++) {
            tb__tooth *x = &n->teeth.items[k];
            x->row = (int)(x->route == TB_NO_INDEX ? n->row_mid : t->routes.items[x->route].exit_row);
        }
        for (uint32_t row = n->row; row <= n->row_to; row++) space_exits(t, n, row);
        for (uint32_t k = 0; k < n->teeth.count; k++) {
            if (n->teeth.items[k].route == TB_NO_INDEX) continue;
            t->routes.items[n->teeth.items[k].route].exit_y = n->teeth.items[k].y;
            t->routes.items[n->teeth.items[k].route].tooth = k;
        }
    }
}

/* ---- entries ---- */

struct taken { /* a height that a line has in a row, from one place to another: gutter g is 2g, column c is 2c + 1 */
    uint32_t lo, hi;
    int y;
    uint32_t route;
};
struct row_lines {
    TB_LIST(struct taken) lines;
};

static void take(tb__plan *t, struct row_lines *row, uint32_t lo, uint32_t hi, int y, uint32_t route) {
    *TB_PUSH(t->a, row->lines) = (struct taken){lo, hi, y, route};
}

static bool vacant(const struct row_lines *row, uint32_t lo, uint32_t hi, int y, uint32_t route) {
    for (uint32_t i = 0; i < row->lines.count; i++) {
        const struct taken *x = &row->lines.items[i];
        if (x->route != route && x->lo <= hi && lo <= x->hi && x->y < y + APART && y < x->y + APART) return false;
    }
    return true;
}

static void take_exits(tb__plan *t, struct row_lines *lines) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        for (uint32_t k = 0; k < n->teeth.count; k++) {
            const tb__tooth *x = &n->teeth.items[k];
            uint32_t g = 2 * (n->col + 1), to = g;
            if (x->route != TB_NO_INDEX) {
                const tb__route *r = &t->routes.items[x->route];
                if (!r->channelled && r->run_row == r->exit_row) to = 2 * r->entry_gutter;
            }
            take(t, &lines[x->row], g, to, x->y, x->route);
        }
    }
}

static int abs_of(int x) { return x < 0 ? -x : x; }

static int reach_of(const tb__node *n) { return n->bar ? INT32_MAX / 4 : n->h / 2 - 8; }

static void enter(tb__plan *t, struct row_lines *lines, uint32_t number) {
    tb__route *r = &t->routes.items[number];
    tb__node *b = &t->nodes.items[r->to];
    uint32_t lo = 2 * r->entry_gutter, hi = lo;
    struct row_lines *row = &lines[r->entry_row];
    if (!r->channelled && r->run_row == r->entry_row) lo = 2 * r->exit_gutter;
    int reach = reach_of(b), wish = straight(r) ? r->exit_y : 0;
    if (wish > reach) wish = reach;
    if (wish < -reach) wish = -reach;
    bool from_above = heading(r) == 2 * (int)r->entry_row ? r->exit_row < r->entry_row || (straight(r) && r->exit_y < 0)
                                                          : heading(r) < 2 * (int)r->entry_row;
    int first = from_above ? -1 : 1;
    for (int off = 0;; off++) {
        int side = off <= reach ? first : 0;
        if (side && vacant(row, lo, hi, wish + side * off, number) && abs_of(wish + side * off) <= reach) {
            r->entry_y = wish + side * off;
            break;
        }
        if (vacant(row, lo, hi, wish - first * off, number) && abs_of(wish - first * off) <= reach) {
            r->entry_y = wish - first * off;
            break;
        }
        if (off > 2 * reach) { /* the box grows */
            b->h += 2 * APART;
            reach = reach_of(b);
            off = -1;
        }
    }
    take(t, row, lo, hi, r->entry_y, number);
}

/* How far from its end a line sets out, in half rows. */
static uint32_t far_off(const tb__route *r) {
    uint32_t from = r->channelled ? 2 * r->channel : 2 * r->exit_row + 1, to = 2 * r->entry_row + 1;
    return from > to ? from - to : to - from;
}

static void enter_from(tb__plan *t, struct row_lines *lines, uint32_t off, bool back) {
    for (uint32_t i = 0; i < t->routes.count; i++) {
        const tb__route *r = &t->routes.items[i];
        if (!straight(r) && r->back == back && far_off(r) == off) enter(t, lines, i);
    }
}

static void entries(tb__plan *t) {
    struct row_lines *lines = TB_NEW_ARRAY(t->a, t->rows + 1, struct row_lines);
    take_exits(t, lines);
    for (uint32_t i = 0; i < t->routes.count; i++)
        if (straight(&t->routes.items[i])) enter(t, lines, i);
    /* From the middle outwards: what comes from the left, from near to far, then what comes back from the right, from far to
     * near: so they cross least. */
    uint32_t farthest = 2 * t->rows + 1;
    for (uint32_t off = 0; off <= farthest; off++) enter_from(t, lines, off, false);
    for (uint32_t off = farthest + 1; off-- > 0;) enter_from(t, lines, off, true);
}

/* ---- tracks ---- */

static int leg_crosses(const tb__stretch *a, const tb__stretch *b) {
    int n = 0; /* a before b: legs of a to the right meet b, legs of b to the left meet a */
    n += a->lo_leg > 0 && b->lo < a->lo && a->lo < b->hi;
    n += a->hi_leg > 0 && b->lo < a->hi && a->hi < b->hi;
    n += b->lo_leg < 0 && a->lo < b->lo && b->lo < a->hi;
    n += b->hi_leg < 0 && a->lo < b->hi && b->hi < a->hi;
    return n;
}

static void order_tracks(tb__stretch **x, uint32_t n) {
    for (int pass = 0; pass < SWAPS; pass++) {
        bool swapped = false;
        for (uint32_t i = 0; i + 1 < n; i++) {
            if (x[i]->beyond != x[i + 1]->beyond ? !x[i]->beyond
                                                 : leg_crosses(x[i + 1], x[i]) >= leg_crosses(x[i], x[i + 1]))
                continue;
            tb__stretch *y = x[i];
            x[i] = x[i + 1];
            x[i + 1] = y;
            swapped = true;
        }
        if (!swapped) break;
    }
}

void tb__tracks(tb__plan *t, tb__stretch *s, uint32_t count, int apart, uint32_t *tracks, uint32_t places) {
    tb__stretch **x = TB_NEW_ARRAY(t->a, count + 1, tb__stretch *);
    for (uint32_t w = 0; w < places; w++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < count; i++)
            if (s[i].where == w) x[n++] = &s[i];
        order_tracks(x, n);
        uint32_t before = 0; /* tracks on this side of a mark; the mark has one itself */
        tracks[w] = 0;
        for (uint32_t i = 0; i < n; i++) {
            x[i]->track = x[i]->beyond ? before + 1 : 0;
            for (uint32_t k = 0; k < i; k++)
                if (x[i]->lo <= x[k]->hi + apart && x[k]->lo <= x[i]->hi + apart && x[i]->track <= x[k]->track)
                    x[i]->track = x[k]->track + 1;
            if (x[i]->track + 1 > tracks[w]) tracks[w] = x[i]->track + 1;
            if (!x[i]->beyond) before = tracks[w];
        }
    }
}

void tb__route_all(tb__plan *t) {
    for (uint32_t i = 0; i < t->routes.count; i++) classify(t, &t->routes.items[i]);
    exits(t);
    entries(t);
    for (uint32_t i = 0; i < t->routes.count; i++) {
        tb__route *r = &t->routes.items[i];
        if (!r->channelled || r->exit_gutter == r->entry_gutter) continue;
        bool right = r->entry_gutter > r->exit_gutter;
        int exit_leg = r->exit_row < r->channel ? -1 : 1, entry_leg = r->entry_row < r->channel ? -1 : 1;
        *TB_PUSH(t->a, t->level) = (tb__stretch){
            .route = i,
            .where = r->channel * TB__SHELVES + r->shelf,
            .lo = (int)(right ? r->exit_gutter : r->entry_gutter),
            .hi = (int)(right ? r->entry_gutter : r->exit_gutter),
            .lo_leg = right ? exit_leg : entry_leg,
            .hi_leg = right ? entry_leg : exit_leg,
        };
        r->across = t->level.count - 1;
    }
}
