/* The picture of a matter as SVG: `tongban draw X.tb --format svg`. All geometry is the layout's (layout.h); here it is
 * written. Everything is told twice, by colour and by form (dashes, hatching, thickness, double borders, words), so that
 * it survives a black and white printer and eyes that see no red. Shapes and attributes are the plainest there are: no
 * style sheet, no marker, no script, no font but a list of names; what a move says in full is its tool tip. */
#include "layout.h"
#include "source.h"
#include <stdio.h>

enum { LEGEND_ROW = 26, NOTE_ROW = 18, SIDE = 28 };

struct ink {
    const char *stroke, *more;
    int width; /* tenths */
};
static const struct ink inks[] = {
    [TB_LINE_PLAIN] = {"#1d2a38", "", 14},
    [TB_LINE_OVERDUE] = {"#b35900", " stroke-dasharray=\"6 4\"", 16},
    [TB_LINE_RETURN] = {"#1f5fa8", " stroke-dasharray=\"12 4\"", 16},
    [TB_LINE_REJECT] = {"#6b3fa0", " stroke-dasharray=\"10 3 2 3\"", 15},
    [TB_LINE_NO_RETURN] = {"#b00020", "", 34},
    [TB_LINE_OBLIGES] = {"#1d2a38", " stroke-dasharray=\"2 4\"", 16},
};

static const char *colour_of(enum tb_text_kind kind) {
    switch (kind) {
    case TB_TEXT_QUIET: return "#46525f";
    case TB_TEXT_OVERDUE: return "#9a4a00";
    case TB_TEXT_NO_RETURN: return "#b00020";
    default: return "#111820";
    }
}

static void put_title(tb_buf *b, tb_str s) {
    tb_puts(b, "<title>");
    tb__put_markup(b, s, true);
    tb_puts(b, "</title>");
}

static void put_rect(tb_buf *b, tb_rect r, const char *more) {
    tb_putf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" %s/>\n", r.x, r.y, r.w, r.h, more);
}

static void put_line(tb_buf *b, int x1, int y1, int x2, int y2, const char *more) {
    tb_putf(b, "<path d=\"M%d %dL%d %d\" fill=\"none\" %s/>\n", x1, y1, x2, y2, more);
}

/* ---- text with what stands beside it ---- */

static void put_icon(tb_buf *b, const tb_text *t) {
    int x = t->x - TB_DRAW_ICON - 1, y = t->y;
    const char *ink = colour_of(t->kind);
    if (t->kind == TB_TEXT_DOCUMENT) /* a sheet with a folded corner and two lines */
        tb_putf(b,
                "<path d=\"M%d %dv-10h6l3 3v7zm6 -10v3h3m-7 1h3m-3 2.5h5\" fill=\"none\" stroke=\"%s\" "
                "stroke-width=\"0.9\"/>\n",
                x + 1, y + 1, ink);
    else if (t->kind == TB_TEXT_LIMIT) /* a clock */
        tb_putf(b,
                "<path d=\"M%d %da5 5 0 1 1 0 0.01zm5 0v-3.4m0 3.4h2.6\" fill=\"none\" stroke=\"%s\" "
                "stroke-width=\"1.1\"/>\n",
                x, y - 4, ink);
    else /* a loop: the case stays */
        tb_putf(b,
                "<path d=\"M%d %da4 4 0 1 0 2 -5.2\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\"/>"
                "<path d=\"M%d %dl4.4 -1.6l-0.6 4.6z\" fill=\"%s\"/>\n",
                x + 1, y - 4, ink, x + 1, y - 9, ink);
}

static void put_pending(tb_buf *b, int x, int y, bool chinese) {
    tb_putf(b,
            "<rect x=\"%d\" y=\"%d\" width=\"26\" height=\"13\" rx=\"3\" fill=\"#fff3c4\" stroke=\"#7a5a00\" "
            "stroke-dasharray=\"3 1.5\"/><text x=\"%d\" y=\"%d\" font-size=\"9\" text-anchor=\"middle\" "
            "fill=\"#5c4400\">%s</text>\n",
            x, y - 10, x + 13, y, chinese ? "待核" : "open");
}

static void put_words(tb_buf *b, const tb_text *t, bool centred, bool chinese) {
    if (t->icon) put_icon(b, t);
    if (t->text.n) {
        tb_putf(b, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"%s\"", centred ? t->x + t->w / 2 : t->x, t->y,
                t->size, colour_of(t->kind));
        if (centred) tb_puts(b, " text-anchor=\"middle\"");
        if (t->bold) tb_puts(b, " font-weight=\"bold\"");
        tb_puts(b, ">");
        tb__put_markup(b, t->text, true);
        tb_puts(b, "</text>\n");
    }
    if (t->pending) put_pending(b, t->x + t->w + (t->w ? 4 : 0), t->y, chinese);
}

static void put_all(tb_buf *b, const tb_texts *texts, bool centred, bool chinese) {
    for (uint32_t i = 0; i < texts->count; i++) put_words(b, &texts->items[i], centred, chinese);
}

/* ---- lanes, phases, spans ---- */

static void put_ground(tb_buf *b, const tb_layout *l) {
    for (uint32_t i = 0; i < l->lanes.count; i++) {
        const tb_lane *lane = &l->lanes.items[i];
        put_rect(b, lane->at, i % 2 ? "fill=\"#f6f8fb\" stroke=\"#5b6b7c\"" : "fill=\"#ffffff\" stroke=\"#5b6b7c\"");
        put_rect(b, lane->head, "fill=\"#e4ebf3\" stroke=\"#5b6b7c\"");
        put_all(b, &lane->texts, true, l->chinese);
    }
    for (uint32_t i = 0; i < l->bands.count; i++) {
        const tb_band *band = &l->bands.items[i];
        put_rect(b, band->at, i % 2 ? "fill=\"#d3dfec\" stroke=\"#5b6b7c\"" : "fill=\"#e4ebf3\" stroke=\"#5b6b7c\"");
        put_all(b, &band->texts, true, l->chinese);
        if (i)
            put_line(b, band->at.x, l->field.y, band->at.x, l->paths_end,
                     "stroke=\"#aab6c4\" stroke-dasharray=\"1 5\"");
    }
}

static void put_brackets(tb_buf *b, const tb_layout *l) {
    for (uint32_t i = 0; i < l->brackets.count; i++) {
        const tb_bracket *s = &l->brackets.items[i];
        const tb_clock_def *c = &l->program->clocks.items[s->clock];
        const char *ink = c->kind == TB_CLOCK_STATUTORY
                              ? "stroke=\"#123f73\" stroke-width=\"2.2\""
                              : "stroke=\"#123f73\" stroke-width=\"1.4\" stroke-dasharray=\"8 3\"";
        tb_putf(b, "<path d=\"M%d %dv-7H%dv7\" fill=\"none\" %s/>\n", s->from, s->y + 7, s->to, ink);
        put_all(b, &s->texts, false, l->chinese);
    }
}

static void put_marks(tb_buf *b, const tb_layout *l) {
    for (uint32_t i = 0; i < l->marks.count; i++) {
        const tb_mark *m = &l->marks.items[i];
        put_line(b, m->x - 2, m->from, m->x - 2, m->to, "stroke=\"#b00020\" stroke-width=\"1.6\"");
        put_line(b, m->x + 2, m->from, m->x + 2, m->to, "stroke=\"#b00020\" stroke-width=\"1.6\"");
        put_all(b, &m->texts, false, l->chinese);
    }
}

static void put_frames(tb_buf *b, const tb_layout *l) {
    for (uint32_t i = 0; i < l->frames.count; i++) {
        const tb_frame *f = &l->frames.items[i];
        bool parallel = l->program->nodes[f->state].kind == TB_NODE_PARALLEL;
        put_rect(b, f->at,
                 parallel
                     ? "rx=\"8\" fill=\"#eef3ea\" fill-opacity=\"0.6\" stroke=\"#4d6b3c\" stroke-width=\"1.6\""
                     : "rx=\"6\" fill=\"#ffffff\" fill-opacity=\"0.7\" stroke=\"#4d6b3c\" stroke-dasharray=\"7 3\"");
        put_all(b, &f->texts, false, l->chinese);
    }
}

/* ---- lines ---- */

static void put_arrow(tb_buf *b, tb_point from, tb_point to, const char *fill) {
    int dx = to.x > from.x ? 1 : to.x < from.x ? -1 : 0, dy = to.y > from.y ? 1 : to.y < from.y ? -1 : 0;
    tb_putf(b, "<path d=\"M%d %dL%d %dL%d %dz\" fill=\"%s\"/>\n", to.x, to.y, to.x - 9 * dx - 4 * dy,
            to.y - 9 * dy - 4 * dx, to.x - 9 * dx + 4 * dy, to.y - 9 * dy + 4 * dx, fill);
}

static void put_path(tb_buf *b, const tb_layout *l, const tb_path *path) {
    const struct ink *ink = &inks[path->style];
    const tb_point *p = path->points.items;
    uint32_t n = path->points.count;
    tb_puts(b, "<g>");
    if (path->moves.count) {
        tb_buf tip;
        tb_buf_init(&tip, b->arena);
        for (uint32_t i = 0; i < path->moves.count; i++) {
            if (i) tb_puts(&tip, "\n");
            tb_putstr(&tip, tb_source_text(l->program->sources, l->program->moves.items[path->moves.items[i]].span));
        }
        put_title(b, tb_buf_str(&tip));
    }
    tb_puts(b, "<path d=\"M");
    for (uint32_t i = 0; i < n; i++) {
        int back = i + 1 == n ? 6 : 0; /* the arrow covers the end */
        int dx = back ? (p[i].x > p[i - 1].x) - (p[i].x < p[i - 1].x) : 0;
        int dy = back ? (p[i].y > p[i - 1].y) - (p[i].y < p[i - 1].y) : 0;
        tb_putf(b, "%s%d %d", i ? "L" : "", p[i].x - back * dx, p[i].y - back * dy);
    }
    tb_putf(b, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d.%d\" stroke-linejoin=\"round\"%s/>", ink->stroke,
            ink->width / 10, ink->width % 10, ink->more);
    put_arrow(b, p[n - 2], p[n - 1], ink->stroke);
    tb_puts(b, "</g>\n");
}

/* Lines that share their first stretch: the plain one is drawn last and lies on top. */
static void put_paths(tb_buf *b, const tb_layout *l) {
    for (int plain = 0; plain < 2; plain++)
        for (uint32_t i = 0; i < l->paths.count; i++)
            if ((l->paths.items[i].style == TB_LINE_PLAIN) == (plain == 1)) put_path(b, l, &l->paths.items[i]);
    for (uint32_t i = 0; i < l->paths.count; i++) put_all(b, &l->paths.items[i].texts, false, l->chinese);
}

/* ---- boxes ---- */

static void put_hang(tb_buf *b, const tb_layout *l, const tb_box *box) {
    const tb_rect *host = &l->boxes.items[box->host].at;
    int x = box->at.x - TB_DRAW_HANG, y = box->at.y + box->at.h / 2;
    tb_putf(
        b,
        "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#1d2a38\" stroke-width=\"1.6\" stroke-dasharray=\"2 4\"/>\n",
        x, host->y + host->h, y, box->at.x);
}

static void put_end(tb_buf *b, const tb_box *box) {
    tb_rect r = box->at, in = {r.x + 3, r.y + 3, r.w - 6, r.h - 6};
    char more[80];
    snprintf(more, sizeof more, "rx=\"%d\" fill=\"#ffffff\" stroke=\"#111820\" stroke-width=\"1.6\"", r.h / 2);
    put_rect(b, r, more);
    snprintf(more, sizeof more, "rx=\"%d\" fill=\"#f0f0f0\" stroke=\"#111820\" stroke-width=\"0.8\"", in.h / 2);
    put_rect(b, in, more);
}

static void put_box(tb_buf *b, const tb_layout *l, const tb_box *box) {
    char more[96];
    bool obligation = box->kind == TB_BOX_STEP && box->host != TB_NO_INDEX, centred = false;
    if (obligation) put_hang(b, l, box);
    switch (box->kind) {
    case TB_BOX_START:
        snprintf(more, sizeof more, "rx=\"%d\" fill=\"#e9f5ec\" stroke=\"#1d2a38\" stroke-width=\"1.4\"",
                 box->at.h / 2);
        put_rect(b, box->at, more);
        centred = true;
        break;
    case TB_BOX_STEP:
        snprintf(more, sizeof more, "rx=\"4\" fill=\"%s\" stroke=\"#1d2a38\" stroke-width=\"1.5\"%s",
                 box->excluded ? "url(#excluded)" : "#fffdf6", obligation ? " stroke-dasharray=\"4 2\"" : "");
        put_rect(b, box->at, more);
        break;
    case TB_BOX_FORK:
    case TB_BOX_JOIN: put_rect(b, box->at, "fill=\"#2f3a46\""); break;
    case TB_BOX_END:
        put_end(b, box);
        centred = true;
        break;
    case TB_BOX_FULFILLED:
    case TB_BOX_RESUMED:
        snprintf(more, sizeof more, "rx=\"%d\" fill=\"#ffffff\" stroke=\"#1d2a38\" stroke-dasharray=\"4 2\"",
                 box->at.h / 2);
        put_rect(b, box->at, more);
        centred = true;
        break;
    case TB_BOX_ANYWHERE:
        put_rect(b, box->at, "rx=\"4\" fill=\"#ffffff\" stroke=\"#1d2a38\" stroke-dasharray=\"6 3\"");
        break;
    }
    if (box->rule)
        put_line(b, box->at.x + 6, box->rule, box->at.x + box->at.w - 6, box->rule,
                 "stroke=\"#8a97a5\" stroke-dasharray=\"2 2\"");
    if (box->excluded) { /* on white, so that the hatching does not run through words */
        for (uint32_t i = 0; i < box->texts.count; i++) {
            const tb_text *t = &box->texts.items[i];
            int left = t->icon ? TB_DRAW_ICON + 2 : 0, right = t->pending ? TB_DRAW_MARK : 0;
            put_rect(b, (tb_rect){t->x - left - 2, t->y - t->size, t->w + left + right + 4, t->size + 4},
                     "fill=\"#ffffff\"");
        }
    }
    put_all(b, &box->texts, centred, l->chinese);
}

/* ---- title and legend ---- */

static void put_plain(tb_buf *b, int x, int y, int size, const char *more, tb_str s) {
    tb_putf(b, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"#111820\" %s>", x, y, size, more);
    tb__put_markup(b, s, true);
    tb_puts(b, "</text>\n");
}

static tb_str authority_of(tb_arena *a, const tb_program *p) {
    if (p->authority.n || p->authority_place == TB_NO_INDEX || p->authority_place >= p->places.count)
        return p->authority;
    return tb_str_printf(a, "%.*s %.*s", TB_FMT(p->places.items[p->authority_place].name), TB_FMT(p->authority_duty));
}

static void put_head(tb_buf *b, const tb_layout *l) {
    const tb_program *p = l->program;
    bool zh = l->chinese;
    char day[16];
    tb_day_text(p->effective, day);
    put_plain(b, SIDE, SIDE + 34, 32, "font-weight=\"bold\"", p->matter);
    tb_buf x;
    tb_buf_init(&x, b->arena);
    tb_putf(&x, zh ? "版本 %.*s，%s 生效" : "version %.*s, effective %s", TB_FMT(p->version), day);
    tb_str authority = authority_of(b->arena, p);
    if (authority.n) tb_putf(&x, "%s%.*s", zh ? "　实施主体：" : "   authority: ", TB_FMT(authority));
    if (p->kind.n) tb_putf(&x, "%s%.*s", zh ? "　事项类型：" : "   kind: ", TB_FMT(p->kind));
    if (p->service.n) tb_putf(&x, "%s%.*s", zh ? "　办件类型：" : "   service: ", TB_FMT(p->service));
    put_plain(b, SIDE, SIDE + 58, 14, "", tb_buf_str(&x));
    put_line(b, SIDE, SIDE + 68, l->w - SIDE, SIDE + 68, "stroke=\"#1d2a38\" stroke-width=\"2\"");
}

struct legend {
    tb_buf *b;
    const tb_layout *l;
    int x, y;
};

static void legend_words(struct legend *g, const char *zh, const char *en, int sample) {
    tb_str words = tb_str_z(g->l->chinese ? zh : en);
    put_plain(g->b, g->x + sample + 8, g->y + 4, TB_DRAW_LETTER, "", words);
    g->x += sample + 8 + tb_text_width(words, TB_DRAW_LETTER, false) + 26;
    if (g->x > g->l->w - 260) g->x = SIDE, g->y += LEGEND_ROW;
}

static void legend_line(struct legend *g, enum tb_line_style style, const char *zh, const char *en) {
    const struct ink *ink = &inks[style];
    bool any = false;
    for (uint32_t i = 0; i < g->l->paths.count; i++) any |= g->l->paths.items[i].style == style;
    for (uint32_t i = 0; i < g->l->boxes.count && style == TB_LINE_OBLIGES; i++)
        any |= g->l->boxes.items[i].kind == TB_BOX_STEP && g->l->boxes.items[i].host != TB_NO_INDEX;
    if (!any) return;
    tb_putf(g->b, "<path d=\"M%d %dh28\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d.%d\"%s/>\n", g->x, g->y,
            ink->stroke, ink->width / 10, ink->width % 10, ink->more);
    put_arrow(g->b, (tb_point){g->x, g->y}, (tb_point){g->x + 34, g->y}, ink->stroke);
    legend_words(g, zh, en, 34);
}

static bool has_box(const tb_layout *l, enum tb_box_kind kind) {
    for (uint32_t i = 0; i < l->boxes.count; i++)
        if (l->boxes.items[i].kind == kind) return true;
    return false;
}

static bool has_icon(const tb_texts *texts, enum tb_text_kind kind) {
    for (uint32_t i = 0; i < texts->count; i++) {
        enum tb_text_kind k = texts->items[i].kind == TB_TEXT_OVERDUE ? TB_TEXT_PLAIN : texts->items[i].kind;
        if (texts->items[i].icon && k == kind) return true;
    }
    return false;
}

static void legend_icon(struct legend *g, enum tb_text_kind kind, const char *zh, const char *en) {
    bool any = false;
    for (uint32_t i = 0; i < g->l->boxes.count; i++) any |= has_icon(&g->l->boxes.items[i].texts, kind);
    for (uint32_t i = 0; i < g->l->paths.count; i++) any |= has_icon(&g->l->paths.items[i].texts, kind);
    if (!any) return;
    put_icon(g->b, &(tb_text){.kind = kind, .x = g->x + 15, .y = g->y + 4});
    legend_words(g, zh, en, 12);
}

static void legend_boxes(struct legend *g) {
    bool excluded = false;
    for (uint32_t i = 0; i < g->l->boxes.count; i++) excluded |= g->l->boxes.items[i].excluded;
    if (excluded) {
        put_rect(g->b, (tb_rect){g->x, g->y - 8, 28, 16}, "rx=\"3\" fill=\"url(#excluded)\" stroke=\"#1d2a38\"");
        legend_words(g, "不计入期限", "not counted", 28);
    }
    if (has_box(g->l, TB_BOX_END)) {
        put_end(g->b, &(tb_box){.at = {g->x, g->y - 9, 34, 18}});
        legend_words(g, "办结", "outcome", 34);
    }
    if (has_box(g->l, TB_BOX_FORK)) {
        put_rect(g->b, (tb_rect){g->x + 4, g->y - 9, 6, 18}, "fill=\"#2f3a46\"");
        legend_words(g, "并行分办、汇合", "parallel: fork, join", 14);
    }
    legend_icon(g, TB_TEXT_LIMIT, "期限", "limit");
    legend_icon(g, TB_TEXT_DOCUMENT, "出具文书", "document issued");
    legend_icon(g, TB_TEXT_PLAIN, "留在本环节", "stays in the step");
    if (g->l->program->pending.count) {
        put_pending(g->b, g->x, g->y + 3, g->l->chinese);
        legend_words(g, "法律依据或数字尚待核实", "not yet verified", 26);
    }
}

/* The posts of a 逐一 branch are copies of one name: what was said of one is said of all. */
static bool told_separation(const tb_program *p, uint32_t i) {
    const tb_separation *s = &p->separations.items[i];
    for (uint32_t k = 0; k < i; k++) {
        const tb_separation *x = &p->separations.items[k];
        if (tb_str_eq(p->posts.items[x->a].name, p->posts.items[s->a].name) &&
            tb_str_eq(p->posts.items[x->b].name, p->posts.items[s->b].name))
            return true;
    }
    return false;
}

static void put_separations(tb_buf *b, const tb_layout *l, int y) {
    const tb_program *p = l->program;
    tb_buf x;
    tb_buf_init(&x, b->arena);
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        if (told_separation(p, i)) continue;
        tb_puts(&x, i == 0 ? l->chinese ? "不得同一人：" : "never one person: " : l->chinese ? "；" : "; ");
        tb_putf(&x, "%.*s%s%.*s", TB_FMT(p->posts.items[s->a].name), l->chinese ? "、" : ", ",
                TB_FMT(p->posts.items[s->b].name));
    }
    if (!x.n) return;
    tb_lines lines = {0};
    tb_text_wrap(b->arena, tb_buf_str(&x), TB_DRAW_LETTER, false, l->w - 2 * SIDE, &lines);
    if (lines.count) put_plain(b, SIDE, y, TB_DRAW_LETTER, "", lines.items[0]);
}

static void put_legend(tb_buf *b, const tb_layout *l) {
    struct legend g = {b, l, SIDE, l->legend_y + 18};
    legend_line(&g, TB_LINE_PLAIN, "办理", "act");
    legend_line(&g, TB_LINE_OVERDUE, "逾期", "overdue");
    legend_line(&g, TB_LINE_RETURN, "退回", "return");
    legend_line(&g, TB_LINE_REJECT, "不予（分支）", "refused (branch)");
    legend_line(&g, TB_LINE_NO_RETURN, "不可撤回", "no way back");
    legend_line(&g, TB_LINE_OBLIGES, "应当办理", "required");
    legend_boxes(&g);
    put_separations(b, l, (g.x > SIDE ? g.y + LEGEND_ROW : g.y) + 6);
}

/* ---- the whole ---- */

/* For those who hear the picture: every step, and what may happen there. */
static void put_description(tb_buf *b, const tb_layout *l) {
    const tb_program *p = l->program;
    tb_puts(b, "<desc>");
    for (uint32_t i = 0; i < p->steps.count; i++) {
        tb__put_markup(b, p->steps.items[i].name, true);
        tb_puts(b, l->chinese ? "：" : ": ");
        bool first = true;
        for (uint32_t k = 0; k < p->moves.count; k++) {
            const tb_move *m = &p->moves.items[k];
            if (m->step != i || m->kind == TB_MOVE_OBLIGE) continue;
            if (!first) tb_puts(b, l->chinese ? "；" : "; ");
            tb__put_markup(b, m->act, true);
            if (m->target.n) tb_puts(b, " → "), tb__put_markup(b, m->target, true);
            first = false;
        }
        tb_puts(b, l->chinese ? "。\n" : ".\n");
    }
    tb_puts(b, "</desc>\n");
}

int tb_draw_svg(tb_buf *b, const tb_program *p) {
    static const int paper[4][2] = {{1189, 841}, {841, 594}, {594, 420}, {420, 297}};
    tb_layout l;
    int result = tb_layout_of(b->arena, p, &l);
    if (result != TB_OK) return result;
    int across = l.sheet == TB_DRAW_ROLL ? (int)((int64_t)l.w * paper[3][0] / TB_DRAW_A3_WIDTH) : paper[l.sheet][0];
    int down = l.sheet == TB_DRAW_ROLL ? (int)((int64_t)l.h * paper[3][0] / TB_DRAW_A3_WIDTH) : paper[l.sheet][1];
    tb_putf(
        b,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%dmm\" height=\"%dmm\" viewBox=\"0 0 %d %d\" role=\"img\" "
        "lang=\"%s\" font-family=\"'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',sans-serif\">\n",
        across, down, l.w, l.h, l.chinese ? "zh-CN" : "en");
    put_title(b, tb_str_printf(b->arena, l.chinese ? "%.*s %.*s 办理流程图" : "%.*s %.*s", TB_FMT(p->matter),
                               TB_FMT(p->version)));
    tb_puts(b, "\n");
    put_description(b, &l);
    tb_puts(
        b,
        "<defs><pattern id=\"excluded\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
        "<rect width=\"8\" height=\"8\" fill=\"#eef1f4\"/><path d=\"M-2 2l4 -4M0 8l8 -8M6 10l4 -4\" stroke=\"#9aa7b5\" "
        "stroke-width=\"1.2\"/></pattern></defs>\n");
    put_rect(b, (tb_rect){0, 0, l.w, l.h}, "fill=\"#ffffff\"");
    put_head(b, &l);
    put_ground(b, &l);
    put_frames(b, &l);
    put_brackets(b, &l);
    put_marks(b, &l);
    put_paths(b, &l);
    for (uint32_t i = 0; i < l.boxes.count; i++) put_box(b, &l, &l.boxes.items[i]);
    put_legend(b, &l);
    tb_puts(b, "</svg>\n");
    return TB_OK;
}
