/* The words of the guides: limits, places, people, and a move as a sentence. What runs is said as people at a window say
 * it, in the order of an official notice: when, on what condition, who, what is stated and issued, where it leads. */
#include "guide_work.h"

bool tb__guide_in_posts(const uint32_t *posts, uint32_t n, uint32_t post) {
    for (uint32_t i = 0; i < n; i++)
        if (posts[i] == post) return true;
    return false;
}

bool tb__guide_states(const tb_move *m, const char *what) {
    for (uint32_t i = 0; i < m->stated_n; i++)
        if (tb_str_is(m->stated[i], what)) return true;
    return false;
}

tb_str tb__guide_names(const tb__guide *g, const tb_str *names, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < n; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(names[i]));
    return tb_buf_str(&b);
}

/* ---- limits ---- */

tb_str tb__guide_milestone(const tb__guide *g, uint32_t milestone) { return g->p->milestones.items[milestone].name; }

tb_str tb__guide_length(const tb__guide *g, const tb_clock_def *c) {
    return tb_str_printf(g->a, "%d%s", c->n, tb__draw_unit(c->unit, c->n, true));
}

/* 自最近一次收到材料之日起; hours run from the moment. */
static tb_str since(const tb__guide *g, const tb_clock_def *c) {
    const char *point = tb_unit_instant(c->unit) ? "时" : "之日";
    if (c->from == TB_NO_INDEX) return tb_str_printf(g->a, "自进入本环节%s起", point);
    tb_str m = tb__guide_milestone(g, c->from);
    const char *which = c->first ? "首次" : c->kind == TB_CLOCK_STEP && c->from == TB_M_RECEIVED ? "最近一次" : "";
    return tb_str_printf(g->a, "自%s%.*s%s起", which, TB_FMT(m), point);
}

tb_str tb__guide_limit(const tb__guide *g, const tb_clock_def *c) {
    tb_str from = since(g, c), length = tb__guide_length(g, c);
    return tb_str_printf(g->a, "%.*s%.*s内", TB_FMT(from), TB_FMT(length));
}

tb_str tb__guide_span(const tb__guide *g, const tb_clock_def *c) {
    tb_str from = since(g, c), length = tb__guide_length(g, c);
    const char *roll = c->roll ? "，最后一日是休息日的顺延" : "";
    if (c->to == TB_NO_INDEX) return tb_str_printf(g->a, "%.*s，%.*s算%s", TB_FMT(length), TB_FMT(from), roll);
    return tb_str_printf(g->a, "%.*s，%.*s算，到“%.*s”为止%s", TB_FMT(length), TB_FMT(from),
                         TB_FMT(tb__guide_milestone(g, c->to)), roll);
}

/* ---- places and people ---- */

tb_str tb__guide_place(const tb__guide *g, uint32_t place) {
    return place == TB_NO_INDEX ? TB_STR("") : g->p->places.items[place].name;
}

tb_str tb__guide_place_from(const tb__guide *g, uint32_t place) {
    const tb_role_place *r = &g->p->places.items[place];
    switch (r->from) {
    case TB_PLACE_SUBMISSION: return TB_STR("提交申请的地方");
    case TB_PLACE_ORGAN: return TB_STR("实施主体所在地");
    default: return tb_str_printf(g->a, "按申请表“%.*s”确定", TB_FMT(g->p->fields.items[r->field].name));
    }
}

tb_str tb__guide_authority(const tb__guide *g) {
    const tb_program *p = g->p;
    if (p->authority.n) return p->authority;
    tb_str place = tb__guide_place(g, p->authority_place);
    return tb_str_printf(g->a, "%.*s%.*s", TB_FMT(place), TB_FMT(p->authority_duty));
}

/* 属地的审查员、核查员（2人以上）; people of several places each with theirs. */
tb_str tb__guide_people(const tb__guide *g, const uint32_t *posts, uint32_t n, bool all, int persons) {
    tb_buf b;
    uint32_t last = TB_NO_INDEX;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < n; i++) {
        const tb_post *post = &g->p->posts.items[posts[i]];
        if (i) tb_puts(&b, !all ? "、" : i + 1 == n ? "和" : "、");
        if (post->place != TB_NO_INDEX && post->place != last)
            tb_putf(&b, "%.*s的", TB_FMT(tb__guide_place(g, post->place)));
        tb_putstr(&b, post->name);
        last = post->place;
    }
    if (all) tb_puts(&b, "（各自办理，缺一不可）");
    if (persons > 1) tb_putf(&b, "（不少于%d人）", persons);
    return tb_buf_str(&b);
}

tb_str tb__guide_actors(const tb__guide *g, const tb_move *m) {
    if (m->kind != TB_MOVE_ACT || tb__guide_by_itself(g, m)) return TB_STR("系统自动");
    if (m->posts_n) return tb__guide_people(g, m->posts, m->posts_n, false, 1);
    if (m->step == TB_NO_INDEX) return TB_STR("");
    const tb_step_def *s = &g->p->steps.items[m->step];
    return tb__guide_people(g, s->posts, s->posts_n, s->all, s->persons);
}

/* ---- conditions ---- */

static tb_str next_word(tb_str s, uint32_t *at) {
    while (*at < s.n && s.p[*at] == ' ') (*at)++;
    uint32_t from = *at;
    while (*at < s.n && s.p[*at] != ' ') (*at)++;
    return (tb_str){s.p + from, *at - from};
}

/* 已 补正告知书: a document issued; 已 受理: a point in time that has come; 已 审查: a step that is done. */
static void put_done(const tb__guide *g, tb_buf *b, bool done, tb_str what) {
    uint32_t document, step;
    TB__FIND(g->p->documents, .name, what, document);
    TB__FIND(g->p->steps, .name, what, step);
    if (document != TB_NO_INDEX) tb_putf(b, "%s出具《%.*s》", done ? "已经" : "没有", TB_FMT(what));
    else if (step != TB_NO_INDEX) tb_putf(b, "%s办完“%.*s”", done ? "已经" : "还没有", TB_FMT(what));
    else tb_putf(b, "%s“%.*s”", done ? "已经" : "还没有", TB_FMT(what));
}

static void put_word(const tb__guide *g, tb_buf *b, tb_str w, const tb_field **about) {
    uint32_t field;
    TB__FIND(g->p->fields, .name, w, field);
    if (field != TB_NO_INDEX) *about = &g->p->fields.items[field];
    if (tb_str_is(w, "且")) tb_puts(b, "，并且");
    else if (tb_str_is(w, "或")) tb_puts(b, "，或者");
    else if (tb_str_is(w, "非")) tb_puts(b, "不");
    else tb_putstr(b, w);
    if (*about && w.n && w.p[0] >= '0' && w.p[0] <= '9') tb_putstr(b, (*about)->unit);
}

/* A condition is written word by word; what is not known here stays as it is written. */
tb_str tb__guide_condition(const tb__guide *g, tb_str text) {
    const tb_field *about = NULL;
    tb_buf b;
    if (g->staff) return text; /* who decides reads the rule itself */
    tb_buf_init(&b, g->a);
    for (uint32_t at = 0; at < text.n;) {
        tb_str w = next_word(text, &at);
        bool done = tb_str_is(w, "已"), open = tb_str_is(w, "未");
        if (done || open) put_done(g, &b, done, next_word(text, &at));
        else put_word(g, &b, w, &about);
    }
    return tb_buf_str(&b);
}

/* ---- moves ---- */

const tb_graph_node *tb__guide_goal(const tb__guide *g, uint32_t move) {
    for (uint32_t i = 0; i < g->graph.edges.count; i++) {
        const tb_graph_edge *e = &g->graph.edges.items[i];
        if (e->move == move) return e->from == e->to ? NULL : &g->graph.nodes.items[e->to];
    }
    return NULL;
}

static tb_str join_text(const tb__guide *g, const tb_move *m) {
    const char *what = m->kind == TB_MOVE_DONE ? "办结" : "不予";
    if (m->needs > 1) return tb_str_printf(g->a, "%u个分支%s的", m->needs, what);
    return tb_str_printf(g->a, "%s分支%s的", m->needs ? "任何一个" : "各", m->needs ? what : "都办结");
}

static tb_str overdue_text(const tb__guide *g, const tb_move *m) {
    const tb_step_def *s = m->step == TB_NO_INDEX ? NULL : &g->p->steps.items[m->step];
    if (s && s->call) return TB_STR("到期没有得到答复的");
    if (s && tb__guide_in_posts(s->posts, s->posts_n, TB_POST_APPLICANT)) return TB_STR("申请人逾期没有办理的");
    return TB_STR("逾期没有办理的");
}

bool tb__guide_by_itself(const tb__guide *g, const tb_move *m) {
    return m->kind == TB_MOVE_OVERDUE || (g->p->papers.clock != TB_NO_INDEX && tb_str_is(m->act, "容缺逾期"));
}

tb_str tb__guide_act(const tb__guide *g, const tb_move *m) {
    if (m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED) return join_text(g, m);
    if (m->kind == TB_MOVE_OVERDUE) return overdue_text(g, m);
    if (!g->staff && tb__guide_by_itself(g, m)) return TB_STR("容缺的材料到期没有补齐的");
    return tb_str_printf(g->a, "%.*s的", TB_FMT(m->act));
}

tb_str tb__guide_documents(const tb__guide *g, const tb_move *m) {
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_ISSUE)
            tb_putf(&b, "《%.*s》", TB_FMT(g->p->documents.items[m->effects[i].a].name));
    return tb_buf_str(&b);
}

static void put_deemed(const tb__guide *g, tb_buf *b, const tb_effect_def *f) {
    tb_str what = tb__guide_milestone(g, f->a);
    if (f->deemed) tb_putf(b, "，视为%.*s", TB_FMT(what));
    if (f->dated != TB_NO_INDEX)
        tb_putf(b, "，%.*s日为%s%.*s之日", TB_FMT(what), f->dated_first ? "首次" : "最近一次",
                TB_FMT(tb__guide_milestone(g, f->dated)));
}

static void put_effect(const tb__guide *g, tb_buf *b, const tb_effect_def *f) {
    const tb_program *p = g->p;
    switch (f->kind) {
    case TB_DO_RECORD:
        if (f->deemed || f->dated != TB_NO_INDEX) put_deemed(g, b, f);
        else if (g->staff) tb_putf(b, "，记“%.*s”", TB_FMT(tb__guide_milestone(g, f->a)));
        break;
    case TB_DO_TRANSFER: tb_putf(b, "，办件转送%.*s", TB_FMT(tb__guide_place(g, f->a))); break;
    case TB_DO_RED: tb_putf(b, "，对%.*s记红牌", TB_FMT(tb__guide_place(g, f->a))); break;
    case TB_DO_YELLOW: tb_putf(b, "，对%.*s记黄牌", TB_FMT(tb__guide_place(g, f->a))); break;
    case TB_DO_REPORT: tb_putf(b, "，报告%.*s", TB_FMT(f->text)); break;
    case TB_DO_PROMPT: tb_putf(b, "，提示%.*s", TB_FMT(f->text)); break;
    case TB_DO_EXTEND:
        tb_putf(b, "，期限延长%d%s", p->extension_n, tb__draw_unit(p->extension_unit, p->extension_n, true));
        break;
    case TB_DO_STOP: tb_puts(b, "，本环节和本办件的期限跟着停止计算"); break;
    case TB_DO_GO_ON: tb_puts(b, "，期限接着计算"); break;
    case TB_DO_ADJUST: tb_puts(b, "，所选的期限改为所写的长度"); break;
    default: break;
    }
}

tb_str tb__guide_effects(const tb__guide *g, const tb_move *m) {
    static const uint32_t comma = sizeof "，" - 1;
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < m->effects_n; i++) put_effect(g, &b, &m->effects[i]);
    tb_str s = tb_buf_str(&b);
    return s.n ? (tb_str){s.p + comma, s.n - comma} : TB_STR("");
}

tb_str tb__guide_target(const tb__guide *g, uint32_t move) {
    const tb_program *p = g->p;
    const tb_move *m = &p->moves.items[move];
    const tb_graph_node *to = tb__guide_goal(g, move);
    if (m->rejects) return TB_STR("本分支不予");
    if (!to) return tb_str_is(m->target, "完成") ? TB_STR("本项完成") : TB_STR("");
    switch (to->kind) {
    case TB_G_OUTCOME: return tb_str_printf(g->a, "办结（%.*s）", TB_FMT(p->outcomes.items[to->index]));
    case TB_G_JOIN: return TB_STR("本分支完成");
    case TB_G_STEP:
    case TB_G_FORK:
        if (tb_str_is(m->target, "完成")) return TB_STR("本项完成");
        return tb_str_printf(g->a, "%s“%.*s”", m->returns ? "退回" : "转入", TB_FMT(m->target));
    default: return TB_STR("");
    }
}

/* 首次… is once by itself; to say so again would be noise. */
static bool tells_times(const tb_move *m) { return m->times > 0 && !(m->times == 1 && tb_str_starts(m->act, "首次")); }

tb_str tb__guide_sentence(const tb__guide *g, uint32_t move) {
    const tb_move *m = &g->p->moves.items[move];
    tb_buf b;
    tb_buf_init(&b, g->a);
    tb_putstr(&b, tb__guide_act(g, m));
    if (m->guard_text.n) tb_putf(&b, "（条件：%.*s）", TB_FMT(tb__guide_condition(g, m->guard_text)));
    if (tells_times(m)) tb_putf(&b, "（限%d次）", m->times);
    if (m->choices_n) {
        tb_puts(&b, "，选择");
        for (uint32_t i = 0; i < m->choices_n; i++) tb_putf(&b, "%s“%.*s”", i ? "或者" : "", TB_FMT(m->choices[i]));
    }
    if (m->kind == TB_MOVE_ACT && m->posts_n && !m->call && !tb__guide_by_itself(g, m))
        tb_putf(&b, "，由%.*s%s", TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)),
                tb__guide_in_posts(m->posts, m->posts_n, TB_POST_APPLICANT) ? "提出" : "办理");
    tb_str effects = tb__guide_effects(g, m), documents = tb__guide_documents(g, m), target = tb__guide_target(g, move);
    if (effects.n) tb_putf(&b, "，%.*s", TB_FMT(effects));
    if (m->stated_n)
        tb_putf(&b, "，%s%.*s", g->staff ? "载明" : "写明", TB_FMT(tb__guide_names(g, m->stated, m->stated_n)));
    if (documents.n) tb_putf(&b, "，出具%.*s", TB_FMT(documents));
    if (target.n) tb_putf(&b, "，%.*s", TB_FMT(target));
    else if (m->kind == TB_MOVE_OVERDUE) tb_puts(&b, "，继续办理");
    if (m->irreversible) tb_puts(&b, "，此后不可撤回");
    tb_puts(&b, "。");
    return tb_buf_str(&b);
}

/* ---- 依据, documents ---- */

tb_str tb__guide_basis(const tb__guide *g, tb_span at) {
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < g->p->citations.count; i++) {
        const tb_citation *c = &g->p->citations.items[i];
        bool reason = c->why && !c->law; /* no norm */
        if (!reason && c->clause.file == at.file && c->clause.from == at.from && c->clause.to == at.to)
            tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(c->text));
    }
    return tb_buf_str(&b);
}

tb_str tb__guide_seal(const tb__guide *g, uint32_t document) {
    const tb_program *p = g->p;
    if (p->documents.items[document].seal.n) return p->documents.items[document].seal;
    tb_buf b; /* of the steps that issue it */
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        tb_str seal = m->step == TB_NO_INDEX ? TB_STR("") : p->steps.items[m->step].seal;
        for (uint32_t k = 0; k < m->effects_n && seal.n; k++) {
            bool issues = m->effects[k].kind == TB_DO_ISSUE && m->effects[k].a == document;
            if (!issues || (b.n >= seal.n && memcmp(b.p + b.n - seal.n, seal.p, seal.n) == 0)) continue;
            tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(seal));
        }
    }
    return b.n ? tb_buf_str(&b) : p->authority_seal;
}

static void put_issue(const tb__guide *g, tb_buf *b, uint32_t step, tb_str act) {
    tb_str where = step == TB_NO_INDEX ? TB_STR("任一环节") : g->p->steps.items[step].name;
    tb_putf(b, "%s%.*s：%.*s", b->n ? "；" : "", TB_FMT(where), TB_FMT(act));
}

tb_str tb__guide_issued(const tb__guide *g, uint32_t document) {
    const tb_program *p = g->p;
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (tb__guide_in_posts(p->steps.items[i].notices, p->steps.items[i].notices_n, document))
            put_issue(g, &b, i, TB_STR("进入时"));
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        for (uint32_t k = 0; k < m->effects_n; k++)
            if (m->effects[k].kind == TB_DO_ISSUE && m->effects[k].a == document)
                put_issue(g, &b, m->step, tb__guide_act(g, m));
    }
    return tb_buf_str(&b);
}
