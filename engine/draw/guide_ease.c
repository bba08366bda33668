/* What a guide tells of the newer arrangements: materials that may come later (容缺受理) or be replaced by a promise (告知承诺),
 * the steps that need somebody's presence (现场必须), and for those who do the work what reminds them before a limit runs
 * out, how a task is claimed and how a slip is taken back (更正). An applicant reads what he may do, until when, and what
 * follows if he does not; the staff reads the same rule as the work it makes. */
#include "guide_work.h"

/* ---- 容缺受理, 告知承诺 ---- */

static tb_str names_of(const tb__guide *g, bool deferrable) {
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < g->p->materials.count; i++) {
        const tb_material *m = &g->p->materials.items[i];
        if (deferrable ? m->deferrable : m->promisable) tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(m->name));
    }
    return tb_buf_str(&b);
}

static void put_named(tb__guide *g, const char *act) {
    const tb_program *p = g->p;
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (tb_str_is(p->moves.items[i].act, act))
            tb__guide_item(g, tb__pending_at(p, p->moves.items[i].span), "%.*s", TB_FMT(tb__guide_sentence(g, i)));
}

void tb__guide_deferral(tb__guide *g) {
    const tb_program *p = g->p;
    if (p->papers.clock == TB_NO_INDEX) return;
    const tb_clock_def *c = &p->clocks.items[p->papers.clock];
    tb_str names = names_of(g, true), limit = tb__guide_limit(g, c), basis = tb__guide_basis(g, c->span);
    tb_str until = tb__guide_milestone(g, p->papers.until);
    tb__guide_part(g, TB_STR("可以后补的材料（容缺受理）"));
    if (g->staff)
        tb__guide_item(g, false, "申请人申请时声明容缺的，缺少下列材料不影响受理：%.*s。没有声明的，不算容缺。",
                       TB_FMT(names));
    else
        tb__guide_item(g, false, "下列材料申请时还没有的，可以先申请、后补交：%.*s。申请时要说明哪一份容缺。",
                       TB_FMT(names));
    tb__guide_item(g, tb__pending_at(p, c->span), "%s%.*s补齐%s%s%.*s。", g->staff ? "申请人应当" : "您应当",
                   TB_FMT(limit), c->roll ? "，最后一日是休息日的顺延" : "", basis.n ? "；依" : "", TB_FMT(basis));
    if (g->staff)
        tb__guide_item(g, false, "申请人用“补交容缺材料”补交，逐份销记；全部补齐以前，记“%.*s”的动作办不了。",
                       TB_FMT(until));
    else tb__guide_item(g, false, "可以分几次补交；没有全部补齐的，办不到“%.*s”这一步。", TB_FMT(until));
    put_named(g, "容缺逾期");
}

void tb__guide_promise(tb__guide *g) {
    const tb_program *p = g->p;
    if (p->papers.promised == TB_NO_INDEX) return;
    tb_str names = names_of(g, false);
    tb__guide_part(g, TB_STR("可以用承诺代替的材料（告知承诺）"));
    if (g->staff) tb__guide_item(g, false, "申请人申请时选择承诺的，不得再要下列材料：%.*s。", TB_FMT(names));
    else
        tb__guide_item(g, false, "下列材料可以不交，申请时书面承诺它要证明的情况属实：%.*s。交材料还是承诺，由您选择。",
                       TB_FMT(names));
    tb__guide_item(g, false, "承诺书的格式和具体内容，规则没有写明，以实施主体告知的为准。");
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!tb_str_is(m->act, "承诺不实") || m->step == TB_NO_INDEX) continue;
        const tb_step_def *s = &p->steps.items[m->step];
        tb_str limit = s->clock == TB_NO_INDEX ? TB_STR("") : tb__guide_limit(g, &p->clocks.items[s->clock]);
        tb__guide_item(g, false, "承诺的情况由%.*s在“%.*s”环节核查%s%.*s。",
                       TB_FMT(tb__guide_people(g, s->posts, s->posts_n, s->all, s->persons)), TB_FMT(s->name),
                       limit.n ? "，" : "", TB_FMT(limit));
    }
    put_named(g, "承诺属实");
    put_named(g, "承诺不实");
}

/* ---- 现场必须 ---- */

/* Why, and on what it rests: the clause cites its reason too, which is said but once. */
tb_str tb__guide_on_site(const tb__guide *g, const tb_step_def *s) {
    tb_span at = s->on_site_span;
    tb_buf b;
    tb_buf_init(&b, g->a);
    tb_putf(&b, "因%.*s", TB_FMT(s->on_site_why));
    bool any = false;
    for (uint32_t i = 0; i < g->p->citations.count; i++) {
        const tb_citation *c = &g->p->citations.items[i];
        bool here = c->clause.file == at.file && c->clause.from == at.from && c->clause.to == at.to;
        if (!here || tb_str_eq(c->text, s->on_site_why)) continue;
        tb_putf(&b, "%s%.*s", any ? "、" : "；依", TB_FMT(c->text));
        any = true;
    }
    return tb_buf_str(&b);
}

/* Can a case that has left the step come back to it? */
static bool comes_back(const tb__guide *g, uint32_t step) {
    const tb_graph *x = &g->graph;
    bool *seen = TB_NEW_ARRAY(g->a, x->nodes.count, bool), more = true;
    for (uint32_t i = 0; i < x->edges.count; i++) {
        const tb_graph_node *from = &x->nodes.items[x->edges.items[i].from];
        if (from->kind == TB_G_STEP && from->index == step && x->edges.items[i].from != x->edges.items[i].to)
            seen[x->edges.items[i].to] = true;
    }
    while (more) {
        more = false;
        for (uint32_t i = 0; i < x->edges.count; i++) {
            if (!seen[x->edges.items[i].from] || seen[x->edges.items[i].to]) continue;
            more = seen[x->edges.items[i].to] = true;
        }
    }
    for (uint32_t i = 0; i < x->nodes.count; i++)
        if (seen[i] && x->nodes.items[i].kind == TB_G_STEP && x->nodes.items[i].index == step) return true;
    return false;
}

/* ---- 全程网办 ---- */

void tb__guide_not_online(tb__guide *g) {
    for (uint32_t i = 0; i < g->p->citations.count; i++) {
        const tb_citation *c = &g->p->citations.items[i];
        if (c->kind != TB_C_MODES || !c->why) continue;
        if (g->staff) tb__guide_fact(g, "不能全程网办", c->open, "因%.*s", TB_FMT(c->text));
        else tb__guide_item(g, c->open, "不能全程网办，因%.*s。", TB_FMT(c->text));
    }
}

void tb__guide_presence(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        if (!s->on_site) continue;
        any = true;
        tb__guide_item(g, tb__pending_at(p, s->on_site_span), "“%.*s”环节必须到现场办理：%.*s。%s", TB_FMT(s->name),
                       TB_FMT(tb__guide_on_site(g, s)), comes_back(g, i) ? "办件再回到这个环节的，要再到现场。" : "");
    }
    for (uint32_t i = 0; i < p->modes.count && any; i++) {
        uint32_t times = 0;
        bool again = false;
        for (uint32_t k = 0; k < p->steps.count; k++) {
            if (!p->steps.items[k].on_site || !(p->steps.items[k].modes >> i & 1)) continue;
            times++;
            again |= comes_back(g, k);
        }
        if (times)
            tb__guide_item(g, false, "选择“%.*s”的，最多到现场 %u 次%s。", TB_FMT(p->modes.items[i].name), times,
                           again ? "（再回到那个环节的除外）" : "");
        else tb__guide_item(g, false, "选择“%.*s”的，没有必须到现场的环节。", TB_FMT(p->modes.items[i].name));
    }
}

/* ---- 提醒, 黄牌, 红牌 ---- */

tb_str tb__guide_alert(const tb__guide *g, const tb_alert_def *d) {
    const tb_program *p = g->p;
    tb_buf b;
    tb_buf_init(&b, g->a);
    tb_putf(&b, "届满前%d%s，", d->n, tb__draw_unit(d->unit, d->n, true));
    tb_puts(&b, d->kind == TB_ALERT_REMIND ? "提醒" : "对");
    for (uint32_t i = 0; i < d->to_n; i++)
        tb_putf(&b, "%s%.*s", i ? "、" : "",
                TB_FMT(d->kind == TB_ALERT_REMIND ? p->posts.items[d->to[i]].name : p->places.items[d->to[i]].name));
    if (d->kind != TB_ALERT_REMIND) tb_putf(&b, "记%s", tb_alert_word(d->kind));
    if (d->report.n) tb_putf(&b, "，报告%.*s", TB_FMT(d->report));
    return tb_buf_str(&b);
}

void tb__guide_alerts(tb__guide *g, uint32_t clock) {
    const tb_program *p = g->p;
    for (uint32_t i = 0; i < p->alerts.count; i++) {
        const tb_alert_def *d = &p->alerts.items[i];
        if (d->clock == clock)
            tb__guide_fact(g, tb_alert_word(d->kind), tb__pending_at(p, d->span), "%.*s",
                           TB_FMT(tb__guide_alert(g, d)));
    }
}

/* ---- 签收, 更正 ---- */

void tb__guide_claims(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    tb__guide_section(g, "签收、退签和更正");
    tb__guide_item(g, false, "能办一个环节的人可以先“签收”；签收以后别人不能再办，直到他“退签”或者环节结束。");
    tb__guide_item(g, false, "申请人的环节、等待答复的环节不能签收；要几个人一起办的环节，签收不拦别人。");
    for (uint32_t i = 0; i < p->posts.count; i++)
        if (tb_str_is(p->posts.items[i].name, "本机关负责人") && !p->posts.items[i].copy)
            tb__guide_item(g, false, "签收的人不在的，本机关负责人可以代为退签。");
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!m->correct_n) continue;
        any = true;
        tb__guide_item(g, tb__pending_at(p, m->span), "“%.*s”环节“%.*s”办错的：%d%s内，由%.*s更正，写明理由。",
                       TB_FMT(m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name), TB_FMT(m->act),
                       m->correct_n, tb__draw_unit(m->correct_unit, m->correct_n, true),
                       TB_FMT(tb__guide_actors(g, m)));
    }
    if (any)
        tb__guide_item(
            g, false,
            "更正限同一岗位、同一地点，并且办件还没有发生别的事（签收、提醒不算）；出具的文书作废，编号不再用。");
    else tb__guide_item(g, false, "规则没有规定可以更正的动作。");
}
