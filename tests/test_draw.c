/* Pictures of matters: what the layout promises (layout.h), checked on the shipped matters, on those of tests/matters and
 * on random ones. No two boxes overlap; no line runs through a box or a text; texts overlap nothing; everything lies on
 * the sheet; each step, move, outcome and mode is shown; the SVG is well-formed XML; the same program gives the same
 * bytes. The checks know the geometry only, not how it came about. */
#include "draw/bpmn.h"
#include "draw/layout.h"
#include "engine.h"
#include "xml.h"

static const char *matter; /* named by failures */
static int failures;
static bool hold(bool ok, const char *what, const char *a, const char *b) {
    if (!ok && failures++ < 20) fprintf(stderr, "%s: %s: «%s» «%s»\n", matter, what, a, b);
    return CHECK(ok);
}

/* ---- geometry ---- */

static bool meet(tb_rect a, tb_rect b) {
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static tb_rect text_rect(const tb_text *t) {
    int left = t->icon ? TB_DRAW_ICON : 0;
    return (tb_rect){t->x - left, t->y - t->size + 2, t->w + left + (t->pending ? TB_DRAW_MARK : 0), t->size};
}

/* The interior a stretch of a line covers, as a rectangle of one unit's thickness. */
static tb_rect stretch_rect(tb_point a, tb_point b) {
    int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    return (tb_rect){x, y, abs(a.x - b.x) + 1, abs(a.y - b.y) + 1};
}

static const char *box_name(const tb_layout *l, uint32_t i) {
    static char names[4][80];
    static int turn;
    const tb_box *b = &l->boxes.items[i];
    char *out = names[turn++ % 4];
    tb_str first = b->texts.count ? b->texts.items[0].text : TB_STR("");
    snprintf(out, 80, "%u kind %d %.*s", i, b->kind, TB_FMT(first));
    return out;
}

static const char *text_name(const tb_text *t) {
    static char names[4][80];
    static int turn;
    char *out = names[turn++ % 4];
    snprintf(out, 80, "%.*s @%d,%d", (int)(t->text.n < 60 ? t->text.n : 60), t->text.p ? t->text.p : "", t->x, t->y);
    return out;
}

static void check_boxes(const tb_layout *l) {
    bool apart = true, on_sheet = true, inside = true;
    for (uint32_t i = 0; i < l->boxes.count; i++) {
        const tb_rect a = l->boxes.items[i].at;
        on_sheet &= hold(a.w > 0 && a.h > 0 && a.x >= 0 && a.y >= 0 && a.x + a.w <= l->w && a.y + a.h <= l->h,
                         "box off sheet", box_name(l, i), "");
        for (uint32_t k = 0; k < i; k++)
            if (meet(a, l->boxes.items[k].at)) apart = hold(false, "boxes overlap", box_name(l, i), box_name(l, k));
        const tb_texts *texts = &l->boxes.items[i].texts;
        for (uint32_t k = 0; k < texts->count; k++) {
            tb_rect t = text_rect(&texts->items[k]);
            if (t.x < a.x || t.y < a.y || t.x + t.w > a.x + a.w || t.y + t.h > a.y + a.h)
                inside = hold(false, "text leaves its box", box_name(l, i), text_name(&texts->items[k]));
        }
    }
    CHECK(apart && on_sheet && inside);
}

static void check_lines(const tb_layout *l) {
    bool right = true, clear = true, on_sheet = true;
    for (uint32_t i = 0; i < l->paths.count; i++) {
        const tb_path *p = &l->paths.items[i];
        right &= hold(p->points.count >= 2, "a line without points", box_name(l, p->from), box_name(l, p->to));
        for (uint32_t k = 1; k < p->points.count; k++) {
            tb_point a = p->points.items[k - 1], b = p->points.items[k];
            right &= (a.x == b.x) != (a.y == b.y);
            on_sheet &= b.x > 0 && b.y > 0 && b.x < l->w && b.y < l->h;
            tb_rect s = stretch_rect(a, b);
            for (uint32_t n = 0; n < l->boxes.count; n++) {
                tb_rect box = l->boxes.items[n].at;
                tb_rect in = {box.x + 1, box.y + 1, box.w - 2, box.h - 2};
                if (meet(s, in)) clear = hold(false, "a line runs through a box", box_name(l, p->from), box_name(l, n));
            }
            for (uint32_t q = 0; q < l->paths.count; q++)
                for (uint32_t t = 0; t < l->paths.items[q].texts.count; t++)
                    if (meet(s, text_rect(&l->paths.items[q].texts.items[t])))
                        clear = hold(false, "a line runs through a text", box_name(l, p->from),
                                     text_name(&l->paths.items[q].texts.items[t]));
        }
        const tb_rect from = l->boxes.items[p->from].at, to = l->boxes.items[p->to].at;
        tb_point a = p->points.items[0], z = p->points.items[p->points.count - 1];
        right &= hold(a.x == from.x + from.w && a.y >= from.y && a.y <= from.y + from.h, "a line begins off its box",
                      box_name(l, p->from), box_name(l, p->to));
        right &= hold(z.x == to.x && z.y >= to.y && z.y <= to.y + to.h, "a line ends off its box", box_name(l, p->from),
                      box_name(l, p->to));
    }
    CHECK(right && clear && on_sheet);
}

/* Lines of different steps may cross, they never run on top of each other. Lines out of one step share their stem. */
static void check_apart(const tb_layout *l) {
    bool apart = true;
    for (uint32_t i = 0; i < l->paths.count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const tb_path *p = &l->paths.items[i], *q = &l->paths.items[k];
            if (p->from == q->from) continue;
            for (uint32_t a = 1; a < p->points.count; a++)
                for (uint32_t b = 1; b < q->points.count; b++) {
                    tb_point p0 = p->points.items[a - 1], p1 = p->points.items[a], q0 = q->points.items[b - 1],
                             q1 = q->points.items[b];
                    bool level = p0.y == p1.y && q0.y == q1.y && p0.y == q0.y;
                    bool upright = p0.x == p1.x && q0.x == q1.x && p0.x == q0.x;
                    if ((level || upright) && meet(stretch_rect(p0, p1), stretch_rect(q0, q1)))
                        apart = hold(false, "lines on top of each other", box_name(l, p->from), box_name(l, q->from));
                }
        }
    CHECK(apart);
}

static void check_labels(const tb_layout *l) {
    bool clear = true;
    for (uint32_t i = 0; i < l->paths.count; i++)
        for (uint32_t k = 0; k < l->paths.items[i].texts.count; k++) {
            const tb_text *t = &l->paths.items[i].texts.items[k];
            for (uint32_t n = 0; n < l->boxes.count; n++)
                if (meet(text_rect(t), l->boxes.items[n].at))
                    clear = hold(false, "a text on a box", text_name(t), box_name(l, n));
            for (uint32_t q = 0; q < l->paths.count; q++)
                for (uint32_t m = 0; m < l->paths.items[q].texts.count; m++) {
                    const tb_text *o = &l->paths.items[q].texts.items[m];
                    if (o != t && meet(text_rect(t), text_rect(o)))
                        clear = hold(false, "a text on a text", text_name(t), text_name(o));
                }
            tb_rect r = text_rect(t);
            clear &= hold(r.x >= 0 && r.y >= 0 && r.x + r.w <= l->w && r.y + r.h <= l->h, "a text off the sheet",
                          text_name(t), "");
        }
    CHECK(clear);
}

/* What frames, marks and spans are called: nothing runs through it. */
static void check_titles(const tb_layout *l) {
    bool clear = true;
    const tb_text *titles[4096];
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->frames.count && count < 4000; i++)
        for (uint32_t k = 0; k < l->frames.items[i].texts.count; k++)
            titles[count++] = &l->frames.items[i].texts.items[k];
    for (uint32_t i = 0; i < l->marks.count; i++) titles[count++] = &l->marks.items[i].texts.items[0];
    for (uint32_t i = 0; i < l->brackets.count; i++) titles[count++] = &l->brackets.items[i].texts.items[0];
    for (uint32_t i = 0; i < count; i++) {
        tb_rect r = text_rect(titles[i]);
        for (uint32_t n = 0; n < l->boxes.count; n++)
            if (meet(r, l->boxes.items[n].at))
                clear = hold(false, "a title on a box", text_name(titles[i]), box_name(l, n));
        for (uint32_t q = 0; q < l->paths.count; q++) {
            const tb_path *p = &l->paths.items[q];
            for (uint32_t k = 1; k < p->points.count; k++)
                if (meet(r, stretch_rect(p->points.items[k - 1], p->points.items[k])))
                    clear = hold(false, "a line through a title", text_name(titles[i]), box_name(l, p->from));
            for (uint32_t k = 0; k < p->texts.count; k++)
                if (meet(r, text_rect(&p->texts.items[k])))
                    clear = hold(false, "a title on a text", text_name(titles[i]), text_name(&p->texts.items[k]));
        }
        for (uint32_t k = 0; k < i; k++)
            if (meet(r, text_rect(titles[k])))
                clear = hold(false, "titles overlap", text_name(titles[i]), text_name(titles[k]));
    }
    CHECK(clear);
}

/* ---- nothing is left out ---- */

static bool shown_move(const tb_layout *l, uint32_t move) {
    for (uint32_t i = 0; i < l->paths.count; i++)
        for (uint32_t k = 0; k < l->paths.items[i].moves.count; k++)
            if (l->paths.items[i].moves.items[k] == move) return true;
    for (uint32_t i = 0; i < l->boxes.count; i++) {
        const tb_box *b = &l->boxes.items[i];
        if (b->kind == TB_BOX_ANYWHERE && b->index == move) return true;
        for (uint32_t k = 0; k < b->stays.count; k++)
            if (b->stays.items[k] == move) return true;
        if (b->kind == TB_BOX_STEP && b->host != TB_NO_INDEX && l->program->moves.items[move].kind == TB_MOVE_OBLIGE &&
            l->program->moves.items[move].step == l->boxes.items[b->host].index)
            return true;
    }
    return false;
}

static bool shown_box(const tb_layout *l, enum tb_box_kind kind, uint32_t index) {
    for (uint32_t i = 0; i < l->boxes.count; i++)
        if (l->boxes.items[i].kind == kind && l->boxes.items[i].index == index) return true;
    return false;
}

static void check_whole(const tb_layout *l) {
    const tb_program *p = l->program;
    for (uint32_t i = 0; i < p->steps.count; i++)
        hold(shown_box(l, TB_BOX_STEP, i), "a step is missing", p->steps.items[i].name.p, "");
    for (uint32_t i = 0; i < p->outcomes.count; i++)
        hold(shown_box(l, TB_BOX_END, i), "an outcome is missing", p->outcomes.items[i].p, "");
    for (uint32_t i = 0; i < p->modes.count; i++) hold(shown_box(l, TB_BOX_START, i), "a mode is missing", "", "");
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++)
        if (p->transition_move[t] != TB_NO_INDEX && p->moves.items[p->transition_move[t]].kind != TB_MOVE_EACH)
            hold(shown_move(l, p->transition_move[t]), "a move is missing", p->moves.items[p->transition_move[t]].key.p,
                 "");
    uint32_t spans = 0;
    for (uint32_t i = 0; i < p->clocks.count; i++) spans += p->clocks.items[i].kind != TB_CLOCK_STEP;
    CHECK_INT(l->brackets.count, spans);
}

static void check_svg(tb_arena *a, const tb_program *p) {
    tb_buf one, two;
    tb_buf_init(&one, a), tb_buf_init(&two, a);
    CHECK_INT(tb_draw_svg(&one, p), TB_OK);
    CHECK_INT(tb_draw_svg(&two, p), TB_OK);
    CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
    const char *error = xml_error(one.p, one.n);
    hold(!error, "not XML", error ? error : "", "");
    CHECK(tb_valid_utf8(tb_buf_str(&one), NULL));
}

/* ---- BPMN: every flow begins and ends on its nodes, every node is tied in, every reference is there ---- */

static bool on_border(tb_point p, tb_rect r) {
    bool across = p.x >= r.x && p.x <= r.x + r.w, down = p.y >= r.y && p.y <= r.y + r.h;
    return (across && (p.y == r.y || p.y == r.y + r.h)) || (down && (p.x == r.x || p.x == r.x + r.w));
}

static const char *node_name(const tb_bpmn *m, uint32_t i) {
    static char names[2][120];
    static int turn;
    const tb_bpmn_node *n = &m->nodes.items[i];
    char *out = names[turn++ % 2];
    snprintf(out, 120, "%u kind %d %.*s %d,%d %dx%d", i, n->kind, (int)(n->name.n < 60 ? n->name.n : 60),
             n->name.n ? n->name.p : "", n->at.x, n->at.y, n->at.w, n->at.h);
    return out;
}

static void check_flows(const tb_bpmn *m) {
    for (uint32_t i = 0; i < m->flows.count; i++) {
        const tb_bpmn_flow *f = &m->flows.items[i];
        if (!CHECK(f->from < m->nodes.count && f->to < m->nodes.count && f->points.count >= 2)) continue;
        hold(on_border(f->points.items[0], m->nodes.items[f->from].at), "a flow begins off its node",
             node_name(m, f->from), node_name(m, f->to));
        hold(on_border(f->points.items[f->points.count - 1], m->nodes.items[f->to].at), "a flow ends off its node",
             node_name(m, f->from), node_name(m, f->to));
    }
}

static void check_nodes(const tb_bpmn *m) {
    uint32_t tasks = 0, starts = 0;
    for (uint32_t i = 0; i < m->nodes.count; i++) {
        const tb_bpmn_node *n = &m->nodes.items[i];
        uint32_t in = 0, out = 0;
        for (uint32_t k = 0; k < m->flows.count; k++)
            in += m->flows.items[k].to == i, out += m->flows.items[k].from == i && !m->flows.items[k].association;
        bool task = n->kind == TB_BPMN_TASK || n->kind == TB_BPMN_SERVICE || n->kind == TB_BPMN_CALL;
        bool edge = n->kind == TB_BPMN_TIMER || n->kind == TB_BPMN_CONDITION;
        tasks += task;
        starts += n->kind == TB_BPMN_START && n->lane != TB_NO_INDEX;
        hold(n->at.w > 0 && n->at.h > 0, "a node without a size", node_name(m, i), "");
        if (n->kind == TB_BPMN_START || edge || n->kind == TB_BPMN_SUBPROCESS) CHECK_INT(in, 0);
        else hold(in > 0, "a node that nothing leads to", node_name(m, i), "");
        if (n->kind == TB_BPMN_END || n->kind == TB_BPMN_NOTE || n->kind == TB_BPMN_SUBPROCESS) CHECK_INT(out, 0);
        else if (!task) hold(out > 0, "a node that leads nowhere", node_name(m, i), "");
        if (edge)
            hold(on_border((tb_point){n->at.x + n->at.w / 2, n->at.y + n->at.h / 2}, m->nodes.items[n->host].at),
                 "an event off its task", node_name(m, i), node_name(m, n->host));
        if (n->lane == TB_NO_INDEX) continue;
        tb_rect l = m->layout->lanes.items[n->lane].at;
        int middle = n->at.y + n->at.h / 2; /* a gateway may stand where lanes meet: a bar reaches over both */
        hold(n->at.x >= 2 * l.x && middle >= 2 * l.y && n->at.x + n->at.w <= 2 * (l.x + l.w) &&
                 middle <= 2 * (l.y + l.h),
             "a node off its lane", node_name(m, i), "");
        for (uint32_t k = 0; k < i; k++)
            if (task && m->nodes.items[k].lane != TB_NO_INDEX && m->nodes.items[k].kind != TB_BPMN_TIMER &&
                m->nodes.items[k].kind != TB_BPMN_CONDITION && m->nodes.items[k].kind != TB_BPMN_NOTE)
                hold(!meet(n->at, m->nodes.items[k].at), "nodes overlap", node_name(m, i), node_name(m, k));
    }
    CHECK_INT(tasks, m->layout->program->steps.count);
    CHECK_INT(starts, m->layout->program->modes.count);
}

/* Every move is a flow, an event on an edge, or a sub-process. */
static void check_moves(const tb_bpmn *m) {
    const tb_program *p = m->layout->program;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        if (p->moves.items[i].kind == TB_MOVE_EACH) continue; /* nobody's act: how a list opens its branches */
        tb_str said = tb_source_text(p->sources, p->moves.items[i].span);
        bool told = false;
        for (uint32_t k = 0; k < m->flows.count; k++) told |= tb_str_eq(m->flows.items[k].doc, said);
        for (uint32_t k = 0; k < m->nodes.count; k++) told |= tb_str_eq(m->nodes.items[k].doc, said);
        hold(told, "BPMN lacks a move", p->moves.items[i].key.p, "");
    }
}

static bool has_id(const char *all, const char *id, size_t n) {
    char wanted[80];
    snprintf(wanted, sizeof wanted, " id=\"%.*s\"", (int)n, id);
    const char *one = strstr(all, wanted);
    return one && !strstr(one + 1, wanted); /* once */
}

static void check_references(const char *xml) {
    static const char *const kinds[] = {"sourceRef=\"",  "targetRef=\"",       "attachedToRef=\"", "bpmnElement=\"",
                                        "processRef=\"", "<bpmn:flowNodeRef>", "<bpmn:incoming>",  "<bpmn:outgoing>"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (const char *at = strstr(xml, kinds[k]); at; at = strstr(at, kinds[k])) {
            at += strlen(kinds[k]);
            hold(has_id(xml, at, strcspn(at, "\"<")), "a reference to nothing", kinds[k], "");
        }
}

static void check_bpmn(tb_arena *a, const tb_program *p) {
    tb_buf one, two;
    tb_layout l;
    tb_bpmn m;
    tb_buf_init(&one, a), tb_buf_init(&two, a);
    CHECK_INT(tb_draw_bpmn(&one, p), TB_OK);
    CHECK_INT(tb_draw_bpmn(&two, p), TB_OK);
    CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
    const char *error = xml_error(one.p, one.n);
    hold(!error, "BPMN is not XML", error ? error : "", "");
    CHECK(tb_valid_utf8(tb_buf_str(&one), NULL));
    CHECK_INT(tb_bpmn_of(a, p, &l, &m), TB_OK);
    check_flows(&m);
    check_nodes(&m);
    check_moves(&m);
    if (p->steps.count < 30) check_references(one.p);
}

static void check_program(tb_arena *a, const tb_program *p) {
    static char name[300];
    snprintf(name, sizeof name, "%.*s", (int)(p->matter.n < 200 ? p->matter.n : 200), p->matter.p);
    matter = name;
    tb_layout l;
    if (!CHECK_INT(tb_layout_of(a, p, &l), TB_OK)) return;
    check_boxes(&l);
    check_lines(&l);
    check_apart(&l);
    check_labels(&l);
    check_titles(&l);
    check_whole(&l);
    CHECK(l.sheet == TB_DRAW_ROLL || (l.w * 1000 / l.h >= 1400 && l.w * 1000 / l.h <= 1430));
    check_svg(a, p);
    check_bpmn(a, p);
}

static int draw_all(void *arg) {
    world *w = arg;
    for (uint32_t i = 0; i < w->rules->programs.count; i++) check_program(w->a, w->rules->programs.items[i]);
    return TB_OK;
}

/* ---- memory that runs out: an answer, never a crash, whatever was being drawn ---- */

struct scarce {
    tb_arena *a;
    const tb_program *p;
    size_t bytes;
};
static int draw_scarcely(void *arg) {
    struct scarce *s = arg;
    tb_buf b;
    tb_draw_rows rows = {0};
    tb_buf_init(&b, s->a);
    int result = tb_draw_svg(&b, s->p);
    tb_draw_table(s->a, s->p, &rows);
    s->bytes = b.n;
    return result;
}

static void check_memory(const tb_program *p) {
    int without = 0;
    for (size_t limit = 1 << 12;; limit += limit / 8) {
        struct scarce s = {tb_arena_new(NULL, limit), p, 0};
        int result = s.a ? tb_try(s.a, draw_scarcely, &s) : TB_NOMEM;
        tb_arena_free(s.a);
        CHECK(result == TB_NOMEM || result == TB_OK);
        if (result == TB_OK) {
            CHECK(s.bytes > 0 && without > 5);
            return;
        }
        without++;
        if (!CHECK(limit < (size_t)1 << 28)) return;
    }
}

static void check_rules(const char *const *paths) {
    world w;
    world_begin(&w);
    for (; *paths; paths++) world_add(&w, *paths);
    CHECK_INT(world_compile(&w), TB_OK);
    CHECK(w.rules->programs.count > 0);
    CHECK_INT(tb_try(w.a, draw_all, &w), TB_OK);
    check_memory(w.rules->programs.items[0]);
    world_end(&w);
}

/* ---- random matters: several places, phases, 并行 (nested), obligations, returns, every kind of exit ---- */

static uint64_t seed;
static bool chance(uint32_t percent) { return below(&seed, 100) < percent; }

static void put_step(tb_buf *b, int number, const char *in, int next, int steps, bool obligation) {
    static const char *const posts[] = {"甲员", "乙员", "丙员", "申请人"};
    static const char *const phases[] = {"", "", "，属 受理阶段", "，属 审查阶段", "，属 送达阶段"};
    tb_putf(b, "环节 环%d%s%s：\n  办理人 %s。\n", number, in, phases[below(&seed, 5)], posts[below(&seed, 4)]);
    if (chance(70))
        tb_putf(b, "  期限 %u个工作日%s。\n", 1 + below(&seed, 20), chance(30) ? "，自 接受任务，待核" : "");
    if (chance(10)) tb_puts(b, "  不计入期限，依《甲法》第一条，因《甲法》第二条，出具 「<甲>&\"书\"」，待核。\n");
    if (obligation) tb_putf(b, "  应当 附%d，若 甲 且 未 「<甲>&\"书\"」。\n", number);
    uint32_t extra = below(&seed, 4);
    tb_putf(b, "  做成%d的，出具 丙书、「<甲>&\"书\"」，", number);
    if (next < 0) tb_puts(b, "完成。\n");
    else if (next == steps) tb_puts(b, "办结 办好了。\n");
    else tb_putf(b, "转 环%d。\n", next);
    for (uint32_t i = 0; i < extra; i++) {
        tb_putf(b, "  另%d之%u的，", number, i);
        if (chance(30)) tb_puts(b, "若 甲 且 未 丙书，");
        if (chance(40)) tb_puts(b, "出具 丙书，");
        uint32_t to = below(&seed, (uint32_t)steps);
        if (next < 0) tb_puts(b, chance(50) ? "载明 理由、救济途径，不予。\n" : "完成。\n");
        else if (chance(30)) tb_puts(b, "载明 理由、救济途径，办结 没办好，待核。\n");
        else if (chance(15)) tb_puts(b, "提示 缺少材料。\n");
        else if (to <= (uint32_t)number)
            tb_putf(b, "%s 环%u，限 1次。\n", to < (uint32_t)number && chance(50) ? "退回" : "转", to);
        else tb_putf(b, "转 环%u%s。\n", to, chance(10) ? "，不可撤回" : "");
    }
}

/* Steps 环0 … 环n-1, the way through them first; now and then a 并行 stands between two, told by its own text. */
static tb_str random_matter(tb_arena *a, int steps) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(
        &b,
        "事项 「画<图>&试\"验\"」：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n"
        "  实施主体 甲地 审批局，待核。\n  办理模式 窗口办理、全程网办，待核。\n  甲地 取自 所在。\n  乙地 取自 "
        "提交地。\n"
        "  收到材料 以 甲地收到 为准，待核。\n  非工作时间网上提交 视为 当日收到。\n"
        "  法定期限 90个工作日，自 受理 至 决定，待核。\n  岗位 甲员、丙员，在 甲地。\n  岗位 乙员，在 乙地。\n"
        "申请表：\n  所在 区划，必填。\n  甲 是否，必填。\n文书：\n  丙书，记 决定。\n  「<甲>&\"书\"」，记 受理。\n");
    int parallel = chance(50) ? (int)below(&seed, (uint32_t)steps) : -1;
    for (int i = 0; i < steps; i++) {
        bool obligation = chance(15);
        if (i == parallel) { /* this step goes on to the 并行, and that to the next step */
            tb_putf(&b, "环节 环%d：\n  办理人 甲员。\n  分办的，转 同时。\n", i);
            tb_puts(&b, "并行 同时：\n");
            char next[32] = "办结 办好了";
            if (i + 1 < steps) snprintf(next, sizeof next, "转 环%d", i + 1);
            tb_putf(&b, "  均办结的，%s。\n  任一不予的，办结 没办好。\n", next);
            uint32_t branches = 2 + below(&seed, 3);
            for (uint32_t k = 0; k < branches; k++) {
                char in[32];
                tb_putf(&b, "分支 支%u（在 同时）：\n", k);
                if (k == 0 && chance(40)) { /* a 并行 inside of a branch */
                    tb_puts(&b, "并行 内里（在 支0）：\n  均办结的，完成。\n  任一不予的，不予。\n");
                    for (uint32_t n = 0; n < 2; n++) {
                        tb_putf(&b, "分支 内%u（在 内里）：\n", n);
                        snprintf(in, sizeof in, "（在 内%u）", n);
                        put_step(&b, 2000 + (int)n, in, -1, steps, false);
                    }
                    continue;
                }
                snprintf(in, sizeof in, "（在 支%u）", k);
                put_step(&b, 1000 + (int)k, in, -1, steps, false);
            }
            continue;
        }
        put_step(&b, i, "", i + 1, steps, obligation);
        if (obligation) {
            tb_putf(&b, "环节 附%d：\n  办理人 %s。\n  期限 3个工作日。\n  附毕%d的，出具 丙书，完成。\n", i,
                    chance(50) ? "甲员" : "乙员", i);
        }
    }
    if (chance(60)) tb_puts(&b, "任一环节，决定之前：\n  撤回的，由 申请人，办结 撤回。\n");
    return tb_buf_str(&b);
}

static int random_matters(int count, int largest) {
    int drawn = 0;
    for (int i = 0; i < count && failures == 0; i++) {
        world w;
        world_begin(&w);
        tb_str text = random_matter(w.a, 1 + (int)below(&seed, (uint32_t)largest));
        world_text(&w, TB_STR("随机.tb"), text);
        CHECK_INT(world_compile(&w), TB_OK);
        if (w.rules->programs.count == 0 && drawn == 0 && i == count - 1)
            fprintf(stderr, "%.*s", TB_FMT(world_diagnostics(&w, TB_LANG_ZH)));
        if (w.rules->programs.count) {
            drawn++;
            CHECK_INT(tb_try(w.a, draw_all, &w), TB_OK);
        }
        if (failures) fprintf(stderr, "%.*s\n", TB_FMT(text));
        world_end(&w);
    }
    return drawn;
}

/* ---- measuring ---- */

static int measuring(void *arg) {
    tb_arena *a = arg;
    CHECK_INT(tb_text_width(TB_STR("受理通知书"), 12, false), 60);
    CHECK(tb_text_width(TB_STR("2026"), 12, false) < 36 && tb_text_width(TB_STR("2026"), 12, false) > 20);
    const char *const texts[] = {"5个工作日，自 最近一次收到材料",
                                 "若 经营面积 大于 300 且 未 核查记录",
                                 "（一）《行政许可法》第三十二条第一款第四项",
                                 "AVeryLongLatinWordWithoutAnyPlaceToBreakIt",
                                 "书",
                                 "",
                                 "   ",
                                 "“全部”补正内容，一次告知。"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int width = 30; width <= 200; width += 10) {
            tb_lines lines = {0};
            tb_str whole = tb_str_z(texts[i]);
            tb_text_wrap(a, whole, 12, false, width, &lines);
            uint32_t kept = 0, all = 0;
            for (uint32_t k = 0; k < whole.n; k++) all += whole.p[k] != ' ';
            for (uint32_t k = 0; k < lines.count; k++) {
                tb_str s = lines.items[k];
                CHECK(tb_text_width(s, 12, false) <= width);
                CHECK(s.n && !tb_str_starts(s, "，") && !tb_str_starts(s, "。") && !tb_str_ends(s, "（") &&
                      !tb_str_ends(s, "《"));
                for (uint32_t c = 0; c < s.n; c++) kept += s.p[c] != ' ';
            }
            CHECK_INT(kept, all);
        }
    return TB_OK;
}

int main(void) {
    seed = seed_of("test_draw");
    tb_arena *a = tb_arena_new(NULL, 0);
    CHECK_INT(tb_try(a, measuring, a), TB_OK);
    tb_arena_free(a);
    check_rules((const char *const[]){"rules", NULL});
    check_rules((const char *const[]){"rules/组织", "tests/matters", NULL});
    int drawn = random_matters(60, 9) + random_matters(4, 60);
    CHECK(drawn > 20);
    printf("test_draw: %d random matters drawn\n", drawn);
    return check_end();
}
