/* From a program to the geometry of its picture: see layout.h for what stands where and why. Here the plan is made (nodes,
 * lanes, frames, exits with their words), handed to place and route, and turned into numbers: rows as high as what stands
 * in them, gutters as wide as the words and tracks in them. Several widths of text are tried, and the one that fills a
 * landscape sheet best is taken. */
#include "layout_work.h"

enum {
    MARGIN = 28,
    HEAD = 74 /* title */,
    LEGEND = 92,
    LANE_HEAD = 104,
    BAND = 28,
    BRACKET = 30,
    MARK_ROW = 22,
    BAR_ROW = 40 /* of 任一环节 */,
    LEAD = 16 /* from a box to the words on its exit */,
    STEM = 8 /* from a box to where its exits part */,
    ARROW = 16,
    OVER_LINE = 4 /* between words and their line */,
    LOOSE = 7 /* around tracks */,
    SMALLEST_ROW = 24,
    ROOT_2 = 1414 /* thousandths: the sides of a sheet */,
    STRETCH_ROW = 260,
    STRETCH_GUTTER = 200,
    WIDE_ENOUGH = 2400 /* up to this, the widest texts are taken: fewer broken lines */
};

/* ---- the plan ---- */

static uint32_t lane_of(tb__plan *t, uint32_t place) {
    for (uint32_t i = 0; i < t->lanes.count; i++)
        if (t->lanes.items[i].place == place) return i;
    *TB_PUSH(t->a, t->lanes) = (tb__lane){.place = place};
    return t->lanes.count - 1;
}

/* The applicant first, then places in the order of the matter, those where something is done. */
static void find_lanes(tb__plan *t) {
    const tb_program *p = t->p;
    lane_of(t, TB_NO_INDEX);
    for (uint32_t k = 0; k < p->places.count; k++)
        for (uint32_t i = 0; i < p->steps.count; i++)
            if (p->steps.items[i].place == k) lane_of(t, k);
}

static uint32_t frame_of_cluster(const tb__plan *t, uint32_t cluster) {
    for (uint32_t i = 0; i < t->frames.count; i++)
        if (t->frames.items[i].cluster == cluster) return i;
    return TB_NO_INDEX;
}

static void find_frames(tb__plan *t) {
    for (uint32_t i = 0; i < t->graph.clusters.count; i++)
        *TB_PUSH(t->a, t->frames) = (tb__frame){.state = t->graph.clusters.items[i].state, .cluster = i};
    for (uint32_t i = 0; i < t->frames.count; i++) {
        tb__frame *f = &t->frames.items[i];
        f->inside = frame_of_cluster(t, t->graph.clusters.items[i].inside);
        for (uint32_t c = i; c != TB_NO_INDEX; c = t->graph.clusters.items[c].inside) f->depth++;
    }
}

static uint32_t node_at(const tb__plan *t, uint32_t graph_node) {
    for (uint32_t i = 0; i < t->nodes.count; i++)
        if (t->nodes.items[i].node == graph_node) return i;
    return TB_NO_INDEX;
}

static void find_nodes(tb__plan *t) {
    for (uint32_t i = 0; i < t->graph.nodes.count; i++) {
        const tb_graph_node *g = &t->graph.nodes.items[i];
        if (g->kind == TB_G_OUTCOME || g->kind == TB_G_ANYWHERE) continue;
        tb__node *n = TB_PUSH(t->a, t->nodes);
        *n = (tb__node){.node = i, .kind = g->kind, .index = g->index, .phase = TB_NO_INDEX, .host = TB_NO_INDEX};
        n->bar = g->kind == TB_G_FORK || g->kind == TB_G_JOIN;
        n->frame = frame_of_cluster(t, g->cluster);
        if (g->kind == TB_G_STEP) n->lane = lane_of(t, t->p->steps.items[g->index].place);
        tb_box *b = TB_PUSH(t->a, t->out->boxes);
        *b = (tb_box){.index = g->index, .lane = n->lane, .frame = n->frame, .host = TB_NO_INDEX};
        b->kind = g->kind == TB_G_START  ? TB_BOX_START
                  : g->kind == TB_G_STEP ? TB_BOX_STEP
                  : g->kind == TB_G_FORK ? TB_BOX_FORK
                                         : TB_BOX_JOIN;
        b->excluded = g->kind == TB_G_STEP && t->p->steps.items[g->index].excludes;
    }
}

static enum tb_line_style style_of(const tb__plan *t, const tb_graph_edge *e) {
    if (e->kind == TB_G_OVERDUE) return TB_LINE_OVERDUE;
    if (e->kind == TB_G_OBLIGES) return TB_LINE_OBLIGES;
    if (e->move == TB_NO_INDEX) return TB_LINE_PLAIN;
    const tb_move *m = &t->p->moves.items[e->move];
    if (m->irreversible) return TB_LINE_NO_RETURN;
    if (m->returns) return TB_LINE_RETURN;
    return m->rejects ? TB_LINE_REJECT : TB_LINE_PLAIN;
}

/* The exit of node `from` towards a node or an end mark, in one style; made when new. */
static tb__tooth *exit_of(tb__plan *t, uint32_t from, uint32_t to, enum tb_box_kind end, uint32_t index,
                          enum tb_line_style style) {
    tb__node *n = &t->nodes.items[from];
    for (uint32_t i = 0; i < n->teeth.count; i++) {
        const tb__tooth *x = &n->teeth.items[i];
        if (t->out->paths.items[x->path].style != style) continue;
        if (to != TB_NO_INDEX && x->route != TB_NO_INDEX && t->routes.items[x->route].to == to)
            return &n->teeth.items[i];
        if (to == TB_NO_INDEX && x->end != TB_NO_INDEX && t->out->boxes.items[x->end].kind == end &&
            t->out->boxes.items[x->end].index == index)
            return &n->teeth.items[i];
    }
    tb__tooth *x = TB_PUSH(t->a, n->teeth);
    *x = (tb__tooth){.route = TB_NO_INDEX, .end = TB_NO_INDEX, .path = t->out->paths.count};
    if (to == TB_NO_INDEX) {
        x->end = t->out->boxes.count;
        *TB_PUSH(t->a, t->out->boxes) =
            (tb_box){.kind = end, .index = index, .lane = n->lane, .frame = n->frame, .host = from};
    } else {
        x->route = t->routes.count;
        *TB_PUSH(t->a, t->routes) = (tb__route){.from = from, .to = to, .path = x->path};
    }
    *TB_PUSH(t->a, t->out->paths) = (tb_path){.style = style, .from = from, .to = to == TB_NO_INDEX ? x->end : to};
    return x;
}

static void add_move(tb__plan *t, tb__tooth *x, uint32_t move, bool obliges) {
    tb_path *path = &t->out->paths.items[x->path];
    if (move == TB_NO_INDEX) {
        path->begins = true;
        return;
    }
    if (x->label.h) x->label.h += 4;
    tb__move_block(t, &t->p->moves.items[move], obliges, &x->label);
    *TB_PUSH(t->a, path->moves) = move;
}

/* An obligation hangs under its first host when both stand in one lane and frame; else a line leads to it. */
static bool hangs(tb__plan *t, uint32_t host, uint32_t step, uint32_t move) {
    tb__node *n = &t->nodes.items[step];
    const tb__node *h = &t->nodes.items[host];
    if (n->host != TB_NO_INDEX || n->lane != h->lane || n->frame != h->frame || h->host != TB_NO_INDEX || step == host)
        return false;
    n->host = host;
    n->obliged_by = move;
    t->out->boxes.items[step].host = host;
    return true;
}

static void find_lines(tb__plan *t) {
    for (uint32_t i = 0; i < t->graph.edges.count; i++) {
        const tb_graph_edge *e = &t->graph.edges.items[i];
        const tb_graph_node *to = &t->graph.nodes.items[e->to];
        uint32_t a = node_at(t, e->from), b = node_at(t, e->to);
        enum tb_line_style style = style_of(t, e);
        if (a == TB_NO_INDEX) continue; /* 任一环节: bars, later */
        if (e->from == e->to && e->move != TB_NO_INDEX) *TB_PUSH(t->a, t->out->boxes.items[a].stays) = e->move;
        else if (to->kind == TB_G_OUTCOME)
            add_move(t, exit_of(t, a, TB_NO_INDEX, TB_BOX_END, to->index, style), e->move, false);
        else if (e->kind == TB_G_FULFILS)
            add_move(t, exit_of(t, a, TB_NO_INDEX, TB_BOX_FULFILLED, t->nodes.items[a].index, style), e->move, false);
        else if (to->kind == TB_G_ANYWHERE)
            add_move(t, exit_of(t, a, TB_NO_INDEX, TB_BOX_RESUMED, t->nodes.items[a].index, style), e->move, false);
        else if (b != TB_NO_INDEX && a != b && (e->kind != TB_G_OBLIGES || !hangs(t, a, b, e->move)))
            add_move(t, exit_of(t, a, b, 0, 0, style), e->move, e->kind == TB_G_OBLIGES);
    }
}

/* A bar's lane is that of the first step inside: only for where its 并行 would stand without any. */
static void find_bar_lanes(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++)
        for (uint32_t k = t->nodes.count; k-- > 0 && t->nodes.items[i].bar;)
            if (!t->nodes.items[k].bar && t->nodes.items[k].frame != TB_NO_INDEX &&
                t->frames.items[t->nodes.items[k].frame].inside == t->nodes.items[i].frame)
                t->nodes.items[i].lane = t->out->boxes.items[i].lane = t->nodes.items[k].lane;
}

/* ---- sizes of boxes and exits ---- */

static void size_nodes(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        tb_box *b = &t->out->boxes.items[i];
        tb__block block = {0};
        if (n->bar) {
            n->w = TB__BAR, n->h = 0;
            continue;
        }
        if (n->kind == TB_G_START) {
            tb__block_add(t, &block, TB_TEXT_PLAIN, tb_str_z(tb__say(t, "申请", "apply")), false, false, t->box_width);
            tb__block_add(t, &block, TB_TEXT_ACT, t->p->modes.items[n->index].name, false, false, t->box_width);
        } else {
            const tb_move *by = n->host == TB_NO_INDEX ? NULL : &t->p->moves.items[n->obliged_by];
            tb__step_block(t, n->index, &b->stays, by, &block, &b->rule);
        }
        b->texts = block.texts;
        n->w = block.w + 2 * TB__PAD;
        n->h = block.h + 2 * TB__PAD - 2;
        n->text_h = block.h;
        n->h += n->h % 2;
    }
}

static void size_exit(tb__plan *t, tb__tooth *x) {
    x->above = x->label.h ? x->label.h + OVER_LINE : 6;
    x->below = 6;
    if (x->end == TB_NO_INDEX) return;
    tb_box *b = &t->out->boxes.items[x->end];
    tb__block block = {0};
    tb_str name = b->kind == TB_BOX_END       ? t->p->outcomes.items[b->index]
                  : b->kind == TB_BOX_RESUMED ? tb_str_z(tb__say(t, "原环节", "back"))
                                              : tb_str_z(tb__say(t, "完成", "done"));
    tb__block_add(t, &block, TB_TEXT_ACT, name, false, false, t->label_width - 24);
    b->texts = block.texts;
    b->at.w = block.w + 20;
    b->at.h = block.h + 6 + block.h % 2;
    x->above = x->label.h + OVER_LINE + b->at.h / 2 - (x->label.h ? 2 : 0);
    x->below = b->at.h / 2 + 5;
}

static void size_exits(tb__plan *t) {
    for (uint32_t i = 0; i < t->nodes.count; i++)
        for (uint32_t k = 0; k < t->nodes.items[i].teeth.count; k++) size_exit(t, &t->nodes.items[i].teeth.items[k]);
}

/* ---- numbers ---- */

struct numbers {
    tb__plan *t;
    int *up, *down, *mid;      /* by row */
    int *open_row, *close_row; /* by channel: room of frames that begin below it, end above it */
    int *channel_y;            /* where its tracks begin */
    uint32_t *level_tracks, *upright_tracks;
    int *open_col, *close_col;            /* by gutter */
    int *col_x, *col_w, *zone, *gutter_x; /* gutter_x: where its tracks begin */
    bool *marked;                         /* by gutter: the point of no return runs in it, */
    uint32_t *mark_track;                 /* on this track */
    int stretch_row, stretch_gutter;
    int left, top, right, bottom; /* of rows and columns */
};

/* How much room a frame's piece takes at one of its sides, with the pieces that begin (end) there inside of it. */
enum side { TOP, BOTTOM, LEFT, RIGHT };
static bool same_side(const tb__piece *a, const tb__piece *b, enum side side) {
    switch (side) {
    case TOP: return a->row == b->row;
    case BOTTOM: return a->row_to == b->row_to;
    case LEFT: return a->col == b->col;
    case RIGHT: return a->col_to == b->col_to;
    }
    return false;
}
/* A 并行 that ends with its own bar: what the bar's exits say stands outside of the frame. */
static bool ends_with_bar(const tb__plan *t, const tb__piece *x) {
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (n->bar && n->frame == x->frame && n->col == x->col_to) return true;
    }
    return false;
}
static int side_room(const tb__plan *t, const tb__piece *x, enum side side) {
    int inner = 0;
    if (side == RIGHT && ends_with_bar(t, x)) return 0;
    for (uint32_t i = 0; i < t->pieces.count; i++) {
        const tb__piece *y = &t->pieces.items[i];
        if (y->lane != x->lane || t->frames.items[y->frame].inside != x->frame || !same_side(x, y, side)) continue;
        int room = side_room(t, y, side);
        if (room > inner) inner = room;
    }
    return inner + (side == TOP ? TB__FRAME_TITLE : TB__FRAME);
}

static void most(int *at, int value) {
    if (value > *at) *at = value;
}

static void room_of_frames(struct numbers *x) {
    const tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->pieces.count; i++) {
        const tb__piece *piece = &t->pieces.items[i];
        most(&x->open_row[piece->row], side_room(t, piece, TOP));
        most(&x->close_row[piece->row_to + 1], side_room(t, piece, BOTTOM));
        most(&x->open_col[piece->col], side_room(t, piece, LEFT));
        most(&x->close_col[piece->col_to + 1], side_room(t, piece, RIGHT));
    }
}

static void row_extents(struct numbers *x) {
    const tb__plan *t = x->t;
    for (uint32_t r = 0; r < t->rows; r++) x->up[r] = x->down[r] = SMALLEST_ROW;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (!n->bar) most(&x->up[n->row], n->h / 2 + 4), most(&x->down[n->row], n->h / 2 + 4);
        for (uint32_t k = 0; k < n->teeth.count; k++) {
            const tb__tooth *e = &n->teeth.items[k];
            most(&x->up[e->row], e->above - e->y);
            most(&x->down[e->row], e->below + e->y);
        }
    }
}

static int lane_head_height(tb__plan *t, uint32_t lane, tb__block *block) {
    const tb_program *p = t->p;
    uint32_t place = t->lanes.items[lane].place;
    tb_str name = place == TB_NO_INDEX ? tb_str_z(tb__say(t, "申请人", "applicant")) : p->places.items[place].name;
    tb__block_add(t, block, TB_TEXT_NAME, name, false, false, LANE_HEAD - 16);
    block->h += 4;
    for (uint32_t i = 0; i < p->posts.count && place != TB_NO_INDEX; i++)
        if (p->posts.items[i].place == place)
            tb__block_add(t, block, TB_TEXT_QUIET, p->posts.items[i].name, false, false, LANE_HEAD - 16);
    return block->h + 2 * TB__PAD;
}

static int shelf_room(const struct numbers *x, uint32_t k, enum tb__shelf which) {
    int tracks = (int)x->level_tracks[k * TB__SHELVES + which];
    if (which == TB__BETWEEN) return 2 * LOOSE + tracks * TB__PITCH;
    return tracks ? 4 + tracks * TB__PITCH : 0;
}

/* A shelf of channel k from y on; where it ends. */
static int shelf(struct numbers *x, uint32_t k, enum tb__shelf which, int y) {
    x->channel_y[k * TB__SHELVES + which] = y + (which == TB__BETWEEN ? LOOSE : 2);
    return y + shelf_room(x, k, which);
}

/* The rows of a lane; where it ends. */
static int lane_to_numbers(struct numbers *x, const tb__lane *lane, int y) {
    uint32_t last = lane->row + lane->rows;
    for (uint32_t r = lane->row; r < last; r++) {
        if (r == lane->row) y += 4; /* the lane above ended with its frames */
        y = shelf(x, r, TB__BETWEEN, y) + x->open_row[r];
        y = shelf(x, r, TB__OVER, y);
        x->mid[r] = y + x->stretch_row / 2 + x->up[r];
        y = x->mid[r] + x->down[r] + x->stretch_row / 2;
        y = shelf(x, r + 1, TB__UNDER, y) + x->close_row[r + 1];
    }
    return y + 4;
}

static void rows_to_numbers(struct numbers *x) {
    tb__plan *t = x->t;
    row_extents(x);
    int y = x->top;
    for (uint32_t l = 0; l < t->lanes.count; l++) {
        const tb__lane *lane = &t->lanes.items[l];
        tb__block head = {0};
        int start = y, least = lane_head_height(t, l, &head);
        y = lane_to_numbers(x, lane, start);
        if (y - start < least) { /* its head needs more */
            int more = (least - (y - start)) / 2;
            x->up[lane->row] += more;
            x->down[lane->row + lane->rows - 1] += more;
            y = lane_to_numbers(x, lane, start);
        }
        tb_lane *out = TB_PUSH(t->a, t->out->lanes);
        *out = (tb_lane){.place = lane->place, .at = {MARGIN, start, 0, y - start}, .texts = head.texts};
        out->head = (tb_rect){MARGIN, start, LANE_HEAD, out->at.h};
    }
    y = shelf(x, t->rows, TB__BETWEEN, y);
    for (uint32_t g = 0; g <= t->cols; g++)
        if (x->marked[g]) y += MARK_ROW, g = t->cols; /* what the point of no return is called stands at its foot */
    tb_lane *last = &t->out->lanes.items[t->out->lanes.count - 1];
    last->at.h = last->head.h = y - last->at.y;
    x->bottom = y;
}

static int channel_track(const struct numbers *x, const tb__stretch *s) {
    return x->channel_y[s->where] + (int)s->track * TB__PITCH + TB__PITCH / 2;
}

static void add_upright(struct numbers *x, uint32_t route, uint32_t *which, uint32_t gutter, int from, int from_leg,
                        int to, int to_leg) {
    tb__plan *t = x->t;
    *which = TB_NO_INDEX;
    if (from == to) return;
    tb__stretch s = {.route = route, .where = gutter, .lo = from, .hi = to, .lo_leg = from_leg, .hi_leg = to_leg};
    s.beyond = x->marked[gutter] && t->nodes.items[t->routes.items[route].to].col >= gutter;
    if (from > to) s.lo = to, s.hi = from, s.lo_leg = to_leg, s.hi_leg = from_leg;
    *TB_PUSH(t->a, t->upright) = s;
    *which = t->upright.count - 1;
}

static void uprights(struct numbers *x) {
    tb__plan *t = x->t;
    t->upright.count = 0;
    for (uint32_t i = 0; i < t->routes.count; i++) {
        tb__route *r = &t->routes.items[i];
        int from = x->mid[r->exit_row] + r->exit_y, to = x->mid[r->entry_row] + r->entry_y;
        if (r->across != TB_NO_INDEX) {
            int y = channel_track(x, &t->level.items[r->across]), leg = r->entry_gutter > r->exit_gutter ? 1 : -1;
            add_upright(x, i, &r->first, r->exit_gutter, from, -1, y, leg);
            add_upright(x, i, &r->last, r->entry_gutter, y, -leg, to, 1);
        } else if (r->run_row == r->entry_row && r->run_row != r->exit_row) {
            add_upright(x, i, &r->first, r->exit_gutter, from, -1, to, 1);
        } else {
            add_upright(x, i, &r->first, r->entry_gutter, from, -1, to, 1);
        }
    }
    tb__tracks(t, t->upright.items, t->upright.count, 8, x->upright_tracks, t->cols + 1);
    for (uint32_t g = 0; g <= t->cols; g++) {
        x->mark_track[g] = 0;
        for (uint32_t i = 0; i < t->upright.count; i++)
            if (t->upright.items[i].where == g && !t->upright.items[i].beyond &&
                t->upright.items[i].track >= x->mark_track[g])
                x->mark_track[g] = t->upright.items[i].track + 1;
        if (x->marked[g] && x->upright_tracks[g] <= x->mark_track[g]) x->upright_tracks[g] = x->mark_track[g] + 1;
    }
}

/* A frame's title stands over its first column that is not a bar's, where no line can run down through it. */
static uint32_t title_column(const tb__plan *t, const tb__piece *piece) {
    for (uint32_t c = piece->col; c <= piece->col_to; c++) {
        bool bar = false;
        for (uint32_t i = 0; i < t->nodes.count && !bar; i++) bar = t->nodes.items[i].bar && t->nodes.items[i].col == c;
        if (!bar) return c;
    }
    return piece->col;
}

static tb_str frame_title(const tb__plan *t, const tb__piece *piece) {
    return t->graph.clusters.items[t->frames.items[piece->frame].cluster].label;
}

static void column_widths(struct numbers *x) {
    const tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->pieces.count; i++) {
        const tb__piece *piece = &t->pieces.items[i];
        most(&x->col_w[title_column(t, piece)], tb_text_width(frame_title(t, piece), TB_DRAW_LETTER, true) + 4);
    }
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        most(&x->col_w[n->col], n->w + (n->host != TB_NO_INDEX ? TB__INDENT : 0));
        for (uint32_t k = 0; k < n->teeth.count; k++) {
            const tb__tooth *e = &n->teeth.items[k];
            most(&x->zone[n->col + 1], LEAD + e->label.w + 4);
            if (e->end != TB_NO_INDEX) most(&x->zone[n->col + 1], LEAD + t->out->boxes.items[e->end].at.w + 20);
        }
    }
}

static void columns_to_numbers(struct numbers *x) {
    const tb__plan *t = x->t;
    int at = x->left;
    for (uint32_t g = 0; g <= t->cols; g++) {
        at += x->zone[g] + x->close_col[g];
        x->gutter_x[g] = at + LOOSE;
        at = x->gutter_x[g] + (int)x->upright_tracks[g] * TB__PITCH + (g > 0 && g < t->cols ? x->stretch_gutter : 0);
        at += x->open_col[g] + (g < t->cols ? ARROW : LOOSE);
        if (g < t->cols) x->col_x[g] = at, at += x->col_w[g];
    }
    x->right = at;
}

static int track_x(const struct numbers *x, uint32_t gutter, uint32_t track) {
    bool between = gutter > 0 && gutter < x->t->cols;
    return x->gutter_x[gutter] + (int)track * TB__PITCH + TB__PITCH / 2 + (between ? x->stretch_gutter / 2 : 0);
}

static int gutter_track(const struct numbers *x, const tb__stretch *s) { return track_x(x, s->where, s->track); }

/* ---- from numbers to what is drawn ---- */

static void put_texts(tb_texts *texts, int x, int y) {
    for (uint32_t i = 0; i < texts->count; i++) texts->items[i].x += x, texts->items[i].y += y;
}

static void centre(tb_texts *texts, int left, int width) {
    for (uint32_t i = 0; i < texts->count; i++) texts->items[i].x = left + (width - texts->items[i].w) / 2;
}

static void least_most(int *from, int *to, int y) {
    if (y - 8 < *from) *from = y - 8;
    if (y + 8 > *to) *to = y + 8;
}

static void put_boxes(struct numbers *x) {
    tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        tb__node *n = &t->nodes.items[i];
        tb_box *b = &t->out->boxes.items[i];
        if (n->bar) continue;
        int indent = n->host != TB_NO_INDEX ? TB__INDENT : 0;
        b->at = (tb_rect){x->col_x[n->col] + indent, x->mid[n->row] - n->h / 2, x->col_w[n->col] - indent, n->h};
        int y = b->at.y + (n->h - n->text_h) / 2 - 1;
        if (b->rule) b->rule += y;
        put_texts(&b->texts, b->at.x + TB__PAD, y);
        if (b->kind == TB_BOX_START) centre(&b->texts, b->at.x, b->at.w);
    }
    for (uint32_t i = 0; i < t->nodes.count; i++) { /* bars: as long as the lines that meet them */
        tb__node *n = &t->nodes.items[i];
        if (!n->bar) continue;
        int from = x->mid[n->row] - SMALLEST_ROW, to = x->mid[n->row_to] + SMALLEST_ROW;
        for (uint32_t k = 0; k < t->routes.count; k++) {
            const tb__route *r = &t->routes.items[k];
            if (r->to == i) least_most(&from, &to, x->mid[r->entry_row] + r->entry_y);
        }
        for (uint32_t k = 0; k < n->teeth.count; k++)
            least_most(&from, &to, x->mid[n->teeth.items[k].row] + n->teeth.items[k].y);
        t->out->boxes.items[i].at = (tb_rect){x->col_x[n->col], from, x->col_w[n->col], to - from};
    }
}

static void point(tb__plan *t, tb_path *path, int x, int y) {
    if (path->points.count) {
        tb_point *last = &path->points.items[path->points.count - 1];
        if (last->x == x && last->y == y) return;
        if (path->points.count > 1) { /* a stretch in the same direction is the same stretch */
            const tb_point *before = last - 1;
            if ((before->x == last->x && last->x == x) || (before->y == last->y && last->y == y)) {
                *last = (tb_point){x, y};
                return;
            }
        }
    }
    *TB_PUSH(t->a, path->points) = (tb_point){x, y};
}

static void put_exit(struct numbers *x, uint32_t node, tb__tooth *e) {
    tb__plan *t = x->t;
    const tb__node *n = &t->nodes.items[node];
    tb_path *path = &t->out->paths.items[e->path];
    const tb_rect *from = &t->out->boxes.items[node].at;
    int right = from->x + from->w, y = x->mid[e->row] + e->y, start = n->bar ? y : x->mid[e->row];
    point(t, path, right, start);
    if (start != y) point(t, path, right + STEM, start);
    point(t, path, start != y ? right + STEM : right, y);
    path->texts = e->label.texts;
    int lift = 0;
    if (e->end != TB_NO_INDEX) {
        tb_box *b = &t->out->boxes.items[e->end];
        b->at.x = x->col_x[n->col] + x->col_w[n->col] + x->zone[n->col + 1] - b->at.w - 2;
        b->at.y = y - b->at.h / 2;
        put_texts(&b->texts, 0, b->at.y + 3);
        centre(&b->texts, b->at.x, b->at.w);
        point(t, path, b->at.x, y);
        lift = b->at.h / 2 - 2;
    }
    put_texts(&path->texts, right + LEAD, y - OVER_LINE - lift - e->label.h);
}

static void put_lines(struct numbers *x) {
    tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->nodes.count; i++)
        for (uint32_t k = 0; k < t->nodes.items[i].teeth.count; k++) put_exit(x, i, &t->nodes.items[i].teeth.items[k]);
    for (uint32_t i = 0; i < t->routes.count; i++) {
        const tb__route *r = &t->routes.items[i];
        tb_path *path = &t->out->paths.items[r->path];
        int y = x->mid[r->exit_row] + r->exit_y;
        if (r->first != TB_NO_INDEX) {
            const tb__stretch *s = &t->upright.items[r->first];
            point(t, path, gutter_track(x, s), y);
            y = r->across != TB_NO_INDEX ? channel_track(x, &t->level.items[r->across])
                                         : x->mid[r->entry_row] + r->entry_y;
            point(t, path, gutter_track(x, s), y);
        }
        if (r->last != TB_NO_INDEX) {
            const tb__stretch *s = &t->upright.items[r->last];
            point(t, path, gutter_track(x, s), y);
            y = x->mid[r->entry_row] + r->entry_y;
            point(t, path, gutter_track(x, s), y);
        }
        point(t, path, t->out->boxes.items[r->to].at.x, x->mid[r->entry_row] + r->entry_y);
    }
}

/* Frames, those around others first. */
static void put_frames(struct numbers *x, uint32_t depth) {
    tb__plan *t = x->t;
    bool deeper = false;
    for (uint32_t i = 0; i < t->pieces.count; i++) {
        const tb__piece *piece = &t->pieces.items[i];
        const tb__frame *f = &t->frames.items[piece->frame];
        deeper |= f->depth > depth;
        if (f->depth != depth) continue;
        tb_frame *out = TB_PUSH(t->a, t->out->frames);
        *out = (tb_frame){.state = f->state, .inside = f->inside, .lane = piece->lane};
        int left = x->col_x[piece->col] - ARROW - side_room(t, piece, LEFT) + TB__FRAME;
        int top = x->mid[piece->row] - x->up[piece->row] - x->stretch_row / 2 - shelf_room(x, piece->row, TB__OVER) -
                  side_room(t, piece, TOP) + 3;
        uint32_t g = piece->col_to + 1;
        int right = x->col_x[piece->col_to] + x->col_w[piece->col_to] + x->zone[g] + side_room(t, piece, RIGHT) - 3;
        if (ends_with_bar(t, piece)) right = x->col_x[piece->col_to] + x->col_w[piece->col_to] + 6;
        int bottom = x->mid[piece->row_to] + x->down[piece->row_to] + x->stretch_row / 2 +
                     shelf_room(x, piece->row_to + 1, TB__UNDER) + side_room(t, piece, BOTTOM) - 3;
        out->at = (tb_rect){left, top, right - left, bottom - top};
        tb__block title = {0};
        tb__block_add(t, &title, TB_TEXT_TITLE, frame_title(t, piece), false, false, INT32_MAX / 200);
        out->texts = title.texts;
        put_texts(&out->texts, x->col_x[title_column(t, piece)], top);
    }
    if (deeper) put_frames(x, depth + 1);
}

static void put_bands(struct numbers *x) {
    tb__plan *t = x->t;
    int from = x->left;
    for (uint32_t i = 0; i < t->phases.count; i++) {
        const tb__phase *ph = &t->phases.items[i];
        if (!ph->cols) continue;
        uint32_t end = ph->col + ph->cols;
        int to = end == t->cols ? x->right : x->gutter_x[end] - LOOSE + 3;
        tb_band *b = TB_PUSH(t->a, t->out->bands);
        *b = (tb_band){.name = ph->name, .at = {from, x->top - BAND, to - from, BAND}};
        bool steps = false;
        for (uint32_t n = 0; n < t->nodes.count; n++)
            steps |= t->nodes.items[n].phase == i && t->nodes.items[n].kind != TB_G_START;
        tb_str name = ph->name.n ? tb_str_printf(t->a, tb__say(t, "%.*s阶段", "%.*s"), TB_FMT(ph->name))
                      : !steps   ? tb_str_z(tb__say(t, "提交", "apply"))
                      : ph->gap == 0 && t->phases.count > 1 ? tb_str_z(tb__say(t, "收件", "intake"))
                                                            : tb_str_z(tb__say(t, "办理", "process"));
        tb__block title = {0};
        tb__block_add(t, &title, TB_TEXT_TITLE, name, false, false, to - from);
        b->texts = title.texts;
        put_texts(&b->texts, from + (to - from - title.w) / 2, x->top - BAND + (BAND - title.h) / 2 - 1);
        from = to;
    }
}

/* ---- spans, the point of no return, 任一环节 ---- */

static int right_of(const tb_rect *r) { return r->x + r->w; }

static void reach(const tb__plan *t, uint32_t from, uint32_t unless, bool *seen);

/* Where a milestone is set first: at the first (last) step whose moves record it and that a case reaches without it. false: nowhere in the flow, it is set when the case is submitted. */
static bool milestone_at(const struct numbers *x, uint32_t milestone, bool last, tb_rect *at) {
    const tb__plan *t = x->t;
    bool any = false, *fresh = TB_NEW_ARRAY(t->a, t->nodes.count + 1, bool);
    for (uint32_t n = 0; n < t->nodes.count; n++)
        if (t->nodes.items[n].kind == TB_G_START) reach(t, n, milestone, fresh);
    for (uint32_t i = 0; i < t->p->moves.count; i++) {
        const tb_move *m = &t->p->moves.items[i];
        if (m->step == TB_NO_INDEX || !tb__records(t->p, m, milestone)) continue;
        for (uint32_t n = 0; n < t->nodes.count; n++) {
            if (t->nodes.items[n].kind != TB_G_STEP || t->nodes.items[n].index != m->step || !fresh[n]) continue;
            const tb_rect *r = &t->out->boxes.items[n].at;
            if (!any || (last ? right_of(r) > right_of(at) : right_of(r) < right_of(at))) *at = *r;
            any = true;
        }
    }
    return any;
}

static int first_step_x(const struct numbers *x) {
    const tb__plan *t = x->t;
    int at = x->right;
    for (uint32_t i = 0; i < t->nodes.count; i++)
        if (t->nodes.items[i].kind == TB_G_STEP && t->out->boxes.items[i].at.x < at) at = t->out->boxes.items[i].at.x;
    return at;
}

static uint32_t spans_of(const tb_program *p) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->clocks.count; i++) n += p->clocks.items[i].kind != TB_CLOCK_STEP;
    return n;
}

static void put_brackets(struct numbers *x) {
    tb__plan *t = x->t;
    const tb_program *p = t->p;
    int y = x->top - BAND - (int)spans_of(p) * BRACKET;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        if (c->kind == TB_CLOCK_STEP) continue;
        tb_bracket *b = TB_PUSH(t->a, t->out->brackets);
        *b = (tb_bracket){.clock = i, .from = first_step_x(x), .to = x->right - LOOSE, .y = y + BRACKET - 9};
        tb_rect at;
        if (c->to != TB_NO_INDEX) {
            if (milestone_at(x, c->to, true, &at)) b->to = right_of(&at);
            else b->open_to = true;
        }
        if (c->from != TB_NO_INDEX && c->from != TB_M_RECEIVED && milestone_at(x, c->from, false, &at))
            b->from = right_of(&at) < b->to ? right_of(&at) : at.x < b->to ? at.x : b->from;
        tb__block text = {0};
        tb_str law = tb_law_text(p, c->law), words = tb__limit_text(t, c, false);
        if (law.n)
            words = tb_str_printf(t->a, tb__say(t, "%.*s，依%.*s", "%.*s, under %.*s"), TB_FMT(words), TB_FMT(law));
        tb__block_add(t, &text, TB_TEXT_PLAIN, words, false, tb__pending_at(p, c->span), x->right - x->left);
        b->texts = text.texts;
        int left = (b->from + b->to - text.w) / 2;
        if (left < b->from && b->from + text.w <= x->right) left = b->from;
        if (left + text.w > x->right) left = x->right - text.w;
        put_texts(&b->texts, left > x->left ? left : x->left, y - 1);
        y += BRACKET;
    }
}

/* Does every move of a line record the milestone? Then what lies behind it comes after the milestone. */
static bool always_records(const tb__plan *t, const tb_path *path, uint32_t milestone) {
    for (uint32_t i = 0; i < path->moves.count; i++)
        if (!tb__records(t->p, &t->p->moves.items[path->moves.items[i]], milestone)) return false;
    return path->moves.count > 0;
}

/* Nodes that the flow reaches from `from`, with what is not reached without recording a milestone (TB_NO_INDEX: any way)
 * left out. */
static void reach(const tb__plan *t, uint32_t from, uint32_t unless, bool *seen) {
    bool grew = true;
    seen[from] = true;
    while (grew) {
        grew = false;
        for (uint32_t i = 0; i < t->routes.count; i++) {
            const tb__route *r = &t->routes.items[i];
            if (!seen[r->from] || seen[r->to]) continue;
            if (unless != TB_NO_INDEX && always_records(t, &t->out->paths.items[r->path], unless)) continue;
            seen[r->to] = grew = true;
        }
        for (uint32_t i = 0; i < t->nodes.count; i++) {
            uint32_t host = t->nodes.items[i].host;
            if (host != TB_NO_INDEX && seen[host] && !seen[i]) seen[i] = grew = true;
        }
    }
}

/* The point of no return is a line down the page when the page is parted by it: whatever stands right of it lies behind
 * it in the flow, and what stands left before it. Else the line of the move alone tells. */
static bool parts_page(const tb__plan *t, const tb__route *r) {
    bool *seen = TB_NEW_ARRAY(t->a, t->nodes.count + 1, bool);
    reach(t, r->to, TB_NO_INDEX, seen);
    for (uint32_t i = 0; i < t->nodes.count; i++) {
        const tb__node *n = &t->nodes.items[i];
        if (n->host == TB_NO_INDEX && seen[i] != (n->col >= r->entry_gutter)) return false;
    }
    return !r->back;
}

static void find_marks(struct numbers *x) {
    const tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->routes.count; i++)
        if (t->out->paths.items[t->routes.items[i].path].style == TB_LINE_NO_RETURN &&
            parts_page(t, &t->routes.items[i]))
            x->marked[t->routes.items[i].entry_gutter] = true;
}

static void put_marks(struct numbers *x) {
    tb__plan *t = x->t;
    for (uint32_t i = 0; i < t->routes.count; i++) {
        const tb__route *r = &t->routes.items[i];
        const tb_path *path = &t->out->paths.items[r->path];
        if (path->style != TB_LINE_NO_RETURN || !x->marked[r->entry_gutter]) continue;
        x->marked[r->entry_gutter] = false; /* one line for several moves */
        tb_mark *m = TB_PUSH(t->a, t->out->marks);
        int at = track_x(x, r->entry_gutter, x->mark_track[r->entry_gutter]);
        *m = (tb_mark){.move = path->moves.items[0], .x = at, .from = x->top, .to = x->bottom};
        tb__block text = {0};
        tb__block_add(t, &text, TB_TEXT_NO_RETURN,
                      tb_str_z(tb__say(t, "不可撤回：此后只能办到底", "point of no return")), false, false,
                      INT32_MAX / 200);
        m->texts = text.texts;
        put_texts(&m->texts, at + 8, x->bottom - MARK_ROW);
    }
}

static uint32_t anywhere_moves(const tb__plan *t) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->graph.edges.count; i++)
        n += t->graph.nodes.items[t->graph.edges.items[i].from].kind == TB_G_ANYWHERE;
    return n;
}

static void put_anywhere_bar(struct numbers *x, const tb_graph_edge *e, uint32_t lane, int y) {
    tb__plan *t = x->t;
    const tb_move *m = &t->p->moves.items[e->move];
    const tb_graph_node *to = &t->graph.nodes.items[e->to];
    uint32_t number = t->out->boxes.count;
    tb_box bar = {.kind = TB_BOX_ANYWHERE, .index = e->move, .lane = lane, .frame = TB_NO_INDEX, .host = TB_NO_INDEX};
    int from = first_step_x(x), until = x->right - 160;
    tb_rect at;
    if (m->before != TB_NO_INDEX && milestone_at(x, m->before, true, &at)) until = right_of(&at);
    if (until > x->right - 160) until = x->right - 160;
    tb_str words = tb__move_line(t, m);
    if (m->before != TB_NO_INDEX)
        words = tb_str_printf(t->a, tb__say(t, "%.*s之前：%.*s", "before %.*s: %.*s"),
                              TB_FMT(t->p->milestones.items[m->before].name), TB_FMT(words));
    if (to->kind == TB_G_STEP)
        words = tb_str_printf(t->a, tb__say(t, "%.*s，转 %.*s", "%.*s, to %.*s"), TB_FMT(words),
                              TB_FMT(t->p->steps.items[to->index].name));
    tb__block text = {0};
    int room = until - from > 300 ? until - from : 300;
    tb__block_add(t, &text, TB_TEXT_PLAIN, words, false, tb__pending_move(t->p, m), room - 2 * TB__PAD);
    if (until < from + text.w + 2 * TB__PAD) until = from + text.w + 2 * TB__PAD;
    bar.at = (tb_rect){from, y + (BAR_ROW - text.h - 8) / 2, until - from, text.h + 8};
    bar.texts = text.texts;
    put_texts(&bar.texts, bar.at.x + TB__PAD, bar.at.y + 3);
    if (to->kind == TB_G_ANYWHERE) *TB_PUSH(t->a, bar.stays) = e->move;
    *TB_PUSH(t->a, t->out->boxes) = bar;
    if (to->kind != TB_G_OUTCOME) return;
    tb__block name = {0};
    tb__block_add(t, &name, TB_TEXT_ACT, t->p->outcomes.items[to->index], false, false, 110);
    tb_box end = {.kind = TB_BOX_END, .index = to->index, .lane = lane, .frame = TB_NO_INDEX, .host = number};
    int middle = bar.at.y + bar.at.h / 2;
    end.at = (tb_rect){until + 36, middle - (name.h + 6) / 2, name.w + 20, name.h + 6};
    end.texts = name.texts;
    put_texts(&end.texts, end.at.x + 10, end.at.y + 3);
    *TB_PUSH(t->a, t->out->boxes) = end;
    tb_path *path = TB_PUSH(t->a, t->out->paths);
    *path = (tb_path){.style = style_of(t, e), .from = number, .to = number + 1};
    *TB_PUSH(t->a, path->moves) = e->move;
    point(t, path, until, middle);
    point(t, path, end.at.x, middle);
}

static void put_anywhere(struct numbers *x) {
    tb__plan *t = x->t;
    uint32_t bars = anywhere_moves(t);
    if (!bars) return;
    tb_lane *lane = TB_PUSH(t->a, t->out->lanes);
    *lane = (tb_lane){.place = TB_NO_INDEX, .anywhere = true, .at = {MARGIN, x->bottom, 0, (int)bars * BAR_ROW + 8}};
    lane->head = (tb_rect){MARGIN, x->bottom, LANE_HEAD, lane->at.h};
    tb__block head = {0};
    tb__block_add(t, &head, TB_TEXT_NAME, tb_str_z(tb__say(t, "任一环节", "any step")), false, false, LANE_HEAD - 16);
    lane->texts = head.texts;
    int y = x->bottom + 4;
    for (uint32_t i = 0; i < t->graph.edges.count; i++) {
        const tb_graph_edge *e = &t->graph.edges.items[i];
        if (t->graph.nodes.items[e->from].kind != TB_G_ANYWHERE) continue;
        put_anywhere_bar(x, e, t->out->lanes.count - 1, y);
        y += BAR_ROW;
    }
    x->bottom = y + 4;
}

static void put_lanes(struct numbers *x) {
    tb_layout *out = x->t->out;
    for (uint32_t i = 0; i < out->lanes.count; i++) {
        tb_lane *l = &out->lanes.items[i];
        l->at.w = x->right - MARGIN;
        int low = 0;
        for (uint32_t k = 0; k < l->texts.count; k++) low = l->texts.items[k].y > low ? l->texts.items[k].y : low;
        int y = l->at.y + (l->at.h - low) / 2 - 2;
        for (uint32_t k = 0; k < l->texts.count; k++)
            l->texts.items[k].x += l->head.x + (LANE_HEAD - l->texts.items[k].w) / 2, l->texts.items[k].y += y;
    }
}

/* ---- the sheet ---- */

static void measure(struct numbers *x) {
    tb__plan *t = x->t;
    tb_layout *out = t->out;
    out->lanes.count = 0;
    memset(x->col_w, 0, t->cols * sizeof *x->col_w);
    memset(x->zone, 0, (t->cols + 1) * sizeof *x->zone);
    x->left = MARGIN + LANE_HEAD;
    x->top = MARGIN + HEAD + (int)spans_of(t->p) * BRACKET + BAND;
    rows_to_numbers(x);
    uprights(x);
    column_widths(x);
    columns_to_numbers(x);
}

/* What A0 holds with legible letters; wider pictures are printed from a roll. */
static int roll_width(void) { return (int)((int64_t)TB_DRAW_A3_WIDTH * ROOT_2 / 1000 * ROOT_2 / 1000 * ROOT_2 / 1000); }

/* A sheet of the proportions of paper, as small as holds the picture; what is left over goes between rows or columns. */
static void fit(struct numbers *x) {
    tb__plan *t = x->t;
    int below = (int)anywhere_moves(t) * BAR_ROW + (anywhere_moves(t) ? 8 : 0) + LEGEND + MARGIN;
    measure(x);
    int w = x->right + MARGIN, h = x->bottom + below;
    if (w > roll_width()) {
        x->stretch_row = x->stretch_gutter = 0;
    } else if ((int64_t)h * ROOT_2 < (int64_t)w * 1000) {
        int room = (int)((int64_t)w * 1000 / ROOT_2) - h, each = t->rows ? room / (int)t->rows : 0;
        x->stretch_row = each > STRETCH_ROW ? STRETCH_ROW : each;
    } else {
        int room = (int)((int64_t)h * ROOT_2 / 1000) - w, each = t->cols > 1 ? room / (int)(t->cols - 1) : 0;
        x->stretch_gutter = each > STRETCH_GUTTER ? STRETCH_GUTTER : each;
    }
    x->stretch_row -= x->stretch_row % 2;
    x->stretch_gutter -= x->stretch_gutter % 2;
    measure(x);
    w = x->right + MARGIN, h = x->bottom + below;
    t->out->w = w, t->out->h = h;
    if (w > roll_width()) { /* a roll: as high as it is */
        t->out->sheet = TB_DRAW_ROLL;
        return;
    }
    if ((int64_t)h * ROOT_2 < (int64_t)w * 1000) t->out->h = (int)(((int64_t)w * 1000 + ROOT_2 - 1) / ROOT_2);
    else t->out->w = (int)(((int64_t)h * ROOT_2 + 999) / 1000);
    t->out->sheet = 3;
    for (int64_t at = TB_DRAW_A3_WIDTH; t->out->w > at && t->out->sheet > 0; at = at * ROOT_2 / 1000) t->out->sheet--;
}

static void new_numbers(struct numbers *x, tb__plan *t) {
    tb_arena *a = t->a;
    uint32_t r = t->rows + 2, c = t->cols + 2;
    *x = (struct numbers){.t = t};
    x->up = TB_NEW_ARRAY(a, r, int), x->down = TB_NEW_ARRAY(a, r, int), x->mid = TB_NEW_ARRAY(a, r, int);
    x->open_row = TB_NEW_ARRAY(a, r, int), x->close_row = TB_NEW_ARRAY(a, r, int);
    x->channel_y = TB_NEW_ARRAY(a, r * TB__SHELVES, int);
    x->level_tracks = TB_NEW_ARRAY(a, r * TB__SHELVES, uint32_t);
    x->open_col = TB_NEW_ARRAY(a, c, int), x->close_col = TB_NEW_ARRAY(a, c, int);
    x->col_x = TB_NEW_ARRAY(a, c, int), x->col_w = TB_NEW_ARRAY(a, c, int), x->zone = TB_NEW_ARRAY(a, c, int);
    x->gutter_x = TB_NEW_ARRAY(a, c, int), x->upright_tracks = TB_NEW_ARRAY(a, c, uint32_t);
    x->marked = TB_NEW_ARRAY(a, c, bool), x->mark_track = TB_NEW_ARRAY(a, c, uint32_t);
}

/* One try, with texts of a width. */
static int lay_out(tb_arena *a, const tb_program *p, int box, int label, tb_layout *out) {
    *out = (tb_layout){.program = p, .chinese = tb_draws_chinese(p)};
    tb__plan t = {.a = a, .p = p, .out = out, .box_width = box, .label_width = label};
    tb__graph(a, p, &t.graph);
    if (t.graph.nodes.count > TB_DRAW_NODES || t.graph.edges.count > TB_DRAW_LINES) return TB_LIMIT;
    find_lanes(&t);
    find_frames(&t);
    find_nodes(&t);
    find_lines(&t);
    find_bar_lanes(&t);
    size_nodes(&t);
    size_exits(&t);
    int result = tb__place(&t);
    if (result != TB_OK) return result;
    tb__route_all(&t);
    struct numbers x;
    new_numbers(&x, &t);
    tb__tracks(&t, t.level.items, t.level.count, 0, x.level_tracks, (t.rows + 1) * TB__SHELVES);
    room_of_frames(&x);
    find_marks(&x);
    fit(&x);
    put_boxes(&x);
    put_lines(&x);
    put_frames(&x, 1);
    put_bands(&x);
    put_brackets(&x);
    put_marks(&x);
    out->paths_end = x.bottom;
    put_anywhere(&x);
    put_lanes(&x);
    out->field = (tb_rect){MARGIN, x.top, x.right - MARGIN, x.bottom - x.top};
    out->legend_y = out->h - LEGEND - MARGIN / 2;
    return TB_OK;
}

int tb_layout_of(tb_arena *a, const tb_program *p, tb_layout *out) {
    static const int widths[][2] = {{148, 128}, {132, 108}, {120, 96}, {120, 84}};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        tb_layout one;
        int result = lay_out(a, p, widths[i][0], widths[i][1], &one);
        if (result != TB_OK) return result;
        if (i == 0 || one.w < out->w) *out = one;
        if (out->w <= WIDE_ENOUGH || out->sheet == TB_DRAW_ROLL) break;
    }
    return TB_OK;
}
