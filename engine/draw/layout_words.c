/* What stands in boxes and on lines, as measured blocks of text. A picture on the wall says who, until when, on what
 * condition and with which document; what must be stated in a document is told by the guide and the table. */
#include "layout_work.h"
#include "source.h"

const char *tb__say(const tb__plan *t, const char *zh, const char *en) { return t->out->chinese ? zh : en; }

static int size_of(enum tb_text_kind kind) {
    if (kind == TB_TEXT_NAME) return TB__NAME;
    return kind == TB_TEXT_QUIET || kind == TB_TEXT_EXCLUDED ? TB__SMALL : TB_DRAW_LETTER;
}

static int leading(int size) { return size + size / 3 + 1; }

void tb__block_add(tb__plan *t, tb__block *b, enum tb_text_kind kind, tb_str text, bool icon, bool pending, int width) {
    int size = size_of(kind), left = icon ? TB_DRAW_ICON + 2 : 0;
    bool bold = kind == TB_TEXT_NAME || kind == TB_TEXT_ACT || kind == TB_TEXT_TITLE || kind == TB_TEXT_NO_RETURN;
    tb_lines lines = {0};
    if (text.n) tb_text_wrap(t->a, text, size, bold, width - left, &lines);
    for (uint32_t i = 0; i < lines.count; i++) {
        int w = tb_text_width(lines.items[i], size, bold);
        bool last = i + 1 == lines.count;
        if (last && pending && left + w + TB_DRAW_MARK > width) { /* the mark on a line of its own */
            pending = false;
            tb_text *own = TB_PUSH(t->a, b->texts);
            *own = (tb_text){.kind = kind,
                             .x = left,
                             .y = b->h + 2 * leading(size) - size / 3,
                             .size = size,
                             .pending = true,
                             .text = TB_STR("")};
            tb_text *x = TB_PUSH(t->a, b->texts);
            *x = (tb_text){kind,  left,          b->h + leading(size) - size / 3, w, size, bold, icon && i == 0,
                           false, lines.items[i]};
            b->h += 2 * leading(size);
        } else {
            *TB_PUSH(t->a, b->texts) = (tb_text){
                kind,          left, b->h + leading(size) - size / 3, w, size, bold, icon && i == 0, last && pending,
                lines.items[i]};
            b->h += leading(size);
        }
        if (left + w > b->w) b->w = left + w;
        if (last && pending && left + w + TB_DRAW_MARK > b->w) b->w = left + w + TB_DRAW_MARK;
    }
    if (b->w < TB_DRAW_MARK && lines.count) b->w = b->w < left + TB_DRAW_MARK ? left + TB_DRAW_MARK : b->w;
}

/* 自 X is the latest occurrence (M7); for 收到材料, which comes again with every supplement, the picture says so. */
static void put_from(const tb__plan *t, tb_buf *b, const tb_clock_def *c) {
    tb_str name = t->p->milestones.items[c->from].name;
    const char *which = c->first                                               ? tb__say(t, "首次", "first ")
                        : c->kind == TB_CLOCK_STEP && c->from == TB_M_RECEIVED ? tb__say(t, "最近一次", "latest ")
                                                                               : "";
    tb_putf(b, "%s%s%.*s", tb__say(t, "自 ", "from "), which, TB_FMT(name));
}

tb_str tb__limit_text(const tb__plan *t, const tb_clock_def *c, bool of_step) {
    tb_buf b;
    tb_buf_init(&b, t->a);
    if (!of_step) tb_putf(&b, "%.*s ", TB_FMT(c->name));
    tb_putf(&b, "%d%s", c->n, tb__draw_unit(c->unit, c->n, t->out->chinese));
    if (c->from != TB_NO_INDEX) {
        tb_puts(&b, tb__say(t, "，", ", "));
        put_from(t, &b, c);
    }
    if (!of_step && c->to != TB_NO_INDEX)
        tb_putf(&b, "%s%.*s", tb__say(t, " 至 ", " to "), TB_FMT(t->p->milestones.items[c->to].name));
    if (c->keep) tb_puts(&b, tb__say(t, "，续计", ", resumed"));
    return tb_buf_str(&b);
}

/* ---- 待核 ---- */

static bool covers(tb_span outer, tb_span inner) {
    return outer.file == inner.file && outer.from <= inner.from && inner.to <= outer.to;
}

bool tb__pending_at(const tb_program *p, tb_span s) {
    for (uint32_t i = 0; i < p->pending.count; i++)
        if (covers(s, p->pending.items[i]) || covers(p->pending.items[i], s)) return true;
    return false;
}

bool tb__pending_move(const tb_program *p, const tb_move *m) { return tb__pending_at(p, m->span); }

/* Is anything of a step open that is told neither at its limit nor at one of its moves? A step's clauses lie between its
 * heading and its last move. */
static bool pending_step(const tb_program *p, uint32_t step) {
    const tb_step_def *s = &p->steps.items[step];
    uint32_t end = s->span.to;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->step == step && m->kind != TB_MOVE_OBLIGE && m->span.file == s->span.file && m->span.to > end)
            end = m->span.to;
    }
    for (uint32_t i = 0; i < p->pending.count; i++) {
        tb_span at = p->pending.items[i];
        if (!covers((tb_span){s->span.file, s->span.from, end}, at)) continue;
        bool told = s->clock != TB_NO_INDEX && covers(p->clocks.items[s->clock].span, at);
        for (uint32_t k = 0; k < p->moves.count && !told; k++) told = covers(p->moves.items[k].span, at);
        if (!told) return true;
    }
    return false;
}

/* ---- a step ---- */

static tb_str people_of(const tb__plan *t, const uint32_t *posts, uint32_t n, bool all, int persons) {
    tb_buf b;
    tb_buf_init(&b, t->a);
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(&b, all ? tb__say(t, " 与 ", " and ") : tb__say(t, "、", ", "));
        tb_putstr(&b, t->p->posts.items[posts[i]].name);
    }
    if (persons > 1) tb_putf(&b, tb__say(t, "，不少于 %d人", ", at least %d persons"), persons);
    return tb_buf_str(&b);
}

static tb_str join(const tb__plan *t, const char *a, tb_str b) { return tb_str_printf(t->a, "%s%.*s", a, TB_FMT(b)); }

static void add_exclusion(tb__plan *t, const tb_step_def *s, tb__block *b) {
    tb_buf x;
    tb_buf_init(&x, t->a);
    tb_puts(&x, tb__say(t, "不计入期限", "not counted"));
    tb_str excluded = tb_law_text(t->p, s->why_excluded), needed = tb_law_text(t->p, s->why_needed);
    if (excluded.n) tb_putf(&x, "%s%.*s", tb__say(t, "，依 ", ", under "), TB_FMT(excluded));
    if (needed.n) tb_putf(&x, "%s%.*s", tb__say(t, "，因 ", ", for "), TB_FMT(needed));
    tb__block_add(t, b, TB_TEXT_EXCLUDED, tb_buf_str(&x), false, false, t->box_width);
}

void tb__step_block(tb__plan *t, uint32_t step, const tb_numbers *stays, const tb_move *obliges, tb__block *b,
                    int *rule) {
    const tb_program *p = t->p;
    const tb_step_def *s = &p->steps.items[step];
    int width = t->box_width;
    if (obliges) {
        tb_buf x;
        tb_buf_init(&x, t->a);
        tb_puts(&x, tb__say(t, "应当", "required"));
        if (obliges->guard_text.n) tb_putf(&x, "%s%.*s", tb__say(t, "，若 ", " if "), TB_FMT(obliges->guard_text));
        tb__block_add(t, b, TB_TEXT_OBLIGED, tb_buf_str(&x), false, tb__pending_move(p, obliges), width);
        b->h += 3;
    }
    tb__block_add(t, b, TB_TEXT_NAME, s->name, false, pending_step(p, step), width);
    if (s->posts_n && !s->call)
        tb__block_add(t, b, TB_TEXT_PLAIN, people_of(t, s->posts, s->posts_n, s->all, s->persons), false, false, width);
    if (s->duty.n || s->seal.n) {
        tb_buf x;
        tb_buf_init(&x, t->a);
        if (s->duty.n && s->place != TB_NO_INDEX) tb_putf(&x, "%.*s ", TB_FMT(p->places.items[s->place].name));
        tb_putstr(&x, s->duty);
        if (s->seal.n) tb_putf(&x, "%s%.*s", s->duty.n ? tb__say(t, "，用章 ", ", seal ") : "", TB_FMT(s->seal));
        tb__block_add(t, b, TB_TEXT_QUIET, tb_buf_str(&x), false, false, width);
    }
    if (s->on_site)
        tb__block_add(t, b, TB_TEXT_QUIET,
                      tb_str_printf(t->a, tb__say(t, "现场必须，因 %.*s", "presence needed: %.*s"), TB_FMT(s->on_site_why)),
                      false, tb__pending_at(p, s->on_site_span), width);
    if (s->held) {
        const tb_held *h = &p->helds.items[s->held - 1];
        tb__block_add(t, b, TB_TEXT_QUIET,
                      tb_str_printf(t->a, tb__say(t, "举行日 %.*s，提前 %d%s", "%.*s, told %d %s ahead"), TB_FMT(h->name), h->n,
                                    tb__draw_unit(h->unit, h->n, t->out->chinese)),
                      false, tb__pending_at(p, h->span), width);
    }
    if (s->call && s->call <= p->calls.count) {
        const tb_call_def *c = &p->calls.items[s->call - 1];
        const char *verb = c->kind == TB_CALL_MATTER ? tb__say(t, "发起 ", "start ") : tb__say(t, "调用 ", "call ");
        tb_str what = join(t, verb, c->name);
        if (c->kind == TB_CALL_INTERFACE && c->provider.n)
            what = tb_str_printf(t->a, "%.*s，%.*s", TB_FMT(what), TB_FMT(c->provider));
        tb__block_add(t, b, TB_TEXT_PLAIN, what, false, false, width);
    }
    if (s->clock != TB_NO_INDEX) {
        const tb_clock_def *c = &p->clocks.items[s->clock];
        tb__block_add(t, b, TB_TEXT_LIMIT, tb__limit_text(t, c, true), true, tb__pending_at(p, c->span), width);
    }
    if (s->excludes) add_exclusion(t, s, b);
    for (uint32_t i = 0; i < s->notices_n; i++)
        tb__block_add(t, b, TB_TEXT_DOCUMENT, p->documents.items[s->notices[i]].name, true, false, width);
    *rule = 0;
    for (uint32_t i = 0; i < stays->count; i++) {
        const tb_move *m = &p->moves.items[stays->items[i]];
        if (!*rule) *rule = b->h + 4, b->h += 7;
        enum tb_text_kind kind = m->kind == TB_MOVE_OVERDUE ? TB_TEXT_OVERDUE : TB_TEXT_PLAIN;
        tb__block_add(t, b, kind, tb__move_line(t, m), true, tb__pending_move(p, m), width);
    }
}

/* ---- a move ---- */

/* What people call the act. Those of a 并行 are named 「联合审查·均办结」: its name stands on the frame already. */
static tb_str act_of(const tb__plan *t, const tb_move *m) {
    tb_str act = m->act;
    if (m->kind == TB_MOVE_OVERDUE && !act.n) return tb_str_z(tb__say(t, "逾期", "overdue"));
    if (m->kind == TB_MOVE_ACT || m->kind == TB_MOVE_OVERDUE) return act;
    for (uint32_t i = 0; i + 1 < act.n; i++)
        if (act.p[i] == '\xC2' && act.p[i + 1] == '\xB7') return (tb_str){act.p + i + 2, act.n - i - 2};
    return act;
}

/* 首次… is once by itself; to say so again would be noise. */
static bool tells_times(const tb_move *m) { return m->times > 0 && !(m->times == 1 && tb_str_starts(m->act, "首次")); }

/* 由 …: not of answers, and not of what a limit brings about by itself (容缺逾期). */
static bool by_people(const tb_program *p, const tb_move *m) {
    return m->posts_n && !m->call && !(p->outside && m->posts[0] == p->outside);
}

/* What an effect says in words; empty for those that are shown otherwise or not at all. */
static tb_str effect_text(const tb__plan *t, const tb_effect_def *f) {
    const tb_program *p = t->p;
    switch (f->kind) {
    case TB_DO_RECORD:
        return f->deemed ? join(t, tb__say(t, "视为 ", "deemed "), p->milestones.items[f->a].name) : TB_STR("");
    case TB_DO_TRANSFER: return join(t, tb__say(t, "转送 ", "transfer to "), p->places.items[f->a].name);
    case TB_DO_RED: return join(t, tb__say(t, "红牌 ", "red card "), p->places.items[f->a].name);
    case TB_DO_YELLOW: return join(t, tb__say(t, "黄牌 ", "yellow card "), p->places.items[f->a].name);
    case TB_DO_REPORT: return join(t, tb__say(t, "报告 ", "report to "), f->text);
    case TB_DO_PROMPT: return join(t, tb__say(t, "提示 ", "prompt "), f->text);
    case TB_DO_STOP: return tb_str_z(tb__say(t, "不计入期限", "excluded"));
    default: return TB_STR("");
    }
}

void tb__move_block(tb__plan *t, const tb_move *m, bool obliges, tb__block *b) {
    const tb_program *p = t->p;
    int width = t->label_width;
    bool pending = tb__pending_move(p, m), late = m->kind == TB_MOVE_OVERDUE;
    tb_str act = obliges ? tb_str_z(tb__say(t, "应当", "required")) : act_of(t, m);
    if (tells_times(m))
        act = tb_str_printf(t->a, tb__say(t, "%.*s 限%d次", "%.*s, at most %d×"), TB_FMT(act), m->times);
    tb__block_add(t, b, late ? TB_TEXT_OVERDUE : TB_TEXT_ACT, act, false, pending, width);
    if (by_people(p, m))
        tb__block_add(t, b, TB_TEXT_QUIET,
                      join(t, tb__say(t, "由 ", "by "), people_of(t, m->posts, m->posts_n, false, 1)), false, false,
                      width);
    if (m->guard_text.n)
        tb__block_add(t, b, TB_TEXT_QUIET, join(t, tb__say(t, "若 ", "if "), m->guard_text), false, false, width);
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        if (f->kind == TB_DO_ISSUE)
            tb__block_add(t, b, TB_TEXT_DOCUMENT, p->documents.items[f->a].name, true, false, width);
        else if (f->kind != TB_DO_TRANSFER || m->kind != TB_MOVE_OBLIGE)
            tb__block_add(t, b, TB_TEXT_PLAIN, effect_text(t, f), false, false, width);
    }
    if (m->irreversible)
        tb__block_add(t, b, TB_TEXT_NO_RETURN, tb_str_z(tb__say(t, "不可撤回", "no way back")), false, false, width);
}

tb_str tb__move_line(tb__plan *t, const tb_move *m) {
    tb_buf b;
    tb_buf_init(&b, t->a);
    const char *comma = tb__say(t, "，", ", ");
    tb_putstr(&b, act_of(t, m));
    if (by_people(t->p, m)) {
        tb_puts(&b, tb__say(t, "，由 ", ", by "));
        tb_putstr(&b, people_of(t, m->posts, m->posts_n, false, 1));
    }
    if (m->guard_text.n) tb_putf(&b, "%s%.*s", tb__say(t, "，若 ", ", if "), TB_FMT(m->guard_text));
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        tb_str text = f->kind == TB_DO_ISSUE ? join(t, tb__say(t, "出具 ", "issue "), t->p->documents.items[f->a].name)
                                             : effect_text(t, f);
        if (text.n) tb_putf(&b, "%s%.*s", comma, TB_FMT(text));
    }
    if (tells_times(m)) tb_putf(&b, tb__say(t, "，限 %d次", ", at most %d×"), m->times);
    return tb_buf_str(&b);
}
