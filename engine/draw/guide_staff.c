/* The 操作流程: for those who do the work. By post and place who does what; for every step each act with its conditions,
 * what must be stated, what is issued under which seal, where it leads, and what happens when the limit runs out; then what holds for
 * the whole: who may not be one person, returns and their bounds, time that does not count, the point of no return. */
#include "guide_work.h"

/* ---- 概况 ---- */

static void facts(tb__guide *g) {
    const tb_program *p = g->p;
    tb_buf modes;
    tb_buf_init(&modes, g->a);
    for (uint32_t i = 0; i < p->modes.count; i++)
        tb_putf(&modes, "%s%.*s", i ? "、" : "", TB_FMT(p->modes.items[i].name));
    tb__guide_section(g, "事项概况");
    tb__guide_fact(g, "事项名称", false, "%.*s", TB_FMT(p->matter));
    tb__guide_fact(g, "事项类型", false, "%.*s%s%.*s", TB_FMT(p->kind), p->service.n ? "，" : "", TB_FMT(p->service));
    tb__guide_fact(g, "实施主体", tb__pending_at(p, p->authority_span), "%.*s", TB_FMT(tb__guide_authority(g)));
    if (p->authority_seal.n) tb__guide_fact(g, "用章", false, "%.*s", TB_FMT(p->authority_seal));
    tb__guide_fact(g, "办理模式", false, "%.*s", TB_FMT(tb_buf_str(&modes)));
    tb__guide_not_online(g);
    for (uint32_t i = 0; i < p->places.count; i++)
        tb__guide_fact(g, "地点", tb__pending_at(p, p->places.items[i].span), "%.*s：%.*s",
                       TB_FMT(p->places.items[i].name), TB_FMT(tb__guide_place_from(g, i)));
    if (p->receipt != TB_NO_INDEX)
        tb__guide_fact(g, "收到材料", false, "以%.*s为准；非工作时间网上提交的，视为%s收到。",
                       TB_FMT(tb__guide_milestone(g, p->receipt)), p->next_workday_receipt ? "次一工作日" : "当日");
}

/* ---- 岗位 ---- */

static void put_duties(tb__guide *g, uint32_t post) {
    const tb_program *p = g->p;
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (tb__guide_in_posts(p->steps.items[i].posts, p->steps.items[i].posts_n, post))
            tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(p->steps.items[i].name));
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->call || !tb__guide_in_posts(m->posts, m->posts_n, post)) continue;
        tb_str where = m->step == TB_NO_INDEX ? TB_STR("任一环节") : p->steps.items[m->step].name;
        tb_putf(&b, "%s%.*s时“%.*s”", b.n ? "、" : "", TB_FMT(where), TB_FMT(m->act));
    }
    tb_str duties = tb_buf_str(&b);
    if (duties.n) tb__guide_cell(g, false, "%.*s", TB_FMT(duties));
    else tb__guide_blank(g);
}

static void posts(tb__guide *g) {
    static const char *const heads[] = {"岗位", "在哪里", "办什么"};
    static const uint8_t shares[] = {20, 20, 60};
    const tb_program *p = g->p;
    tb__guide_section(g, "岗位职责");
    tb__guide_table(g, 3, heads, shares);
    for (uint32_t i = 0; i < p->posts.count; i++) {
        const tb_post *post = &p->posts.items[i];
        if (p->outside && i == p->outside) continue;
        tb__guide_cell(g, false, "%.*s", TB_FMT(post->name));
        if (post->place == TB_NO_INDEX) tb__guide_cell(g, false, "不限");
        else tb__guide_cell(g, false, "%.*s", TB_FMT(tb__guide_place(g, post->place)));
        put_duties(g, i);
    }
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        tb_str basis = tb__guide_basis(g, s->span);
        tb__guide_item(g, tb__pending_at(p, s->span), "同一办件，%.*s和%.*s不得是同一人%s%.*s。",
                       TB_FMT(p->posts.items[s->a].name), TB_FMT(p->posts.items[s->b].name), basis.n ? "，依" : "",
                       TB_FMT(basis));
    }
    if (!p->separations.count) tb__guide_paragraph(g, false, "规则没有规定哪些岗位不得由同一人担任。");
}

/* ---- 环节 ---- */

static void put_where(tb__guide *g, const tb_step_def *s) {
    const tb_program *p = g->p;
    if (s->branch != TB_NO_STATE) tb__guide_fact(g, "所在分支", false, "%.*s", TB_FMT(p->nodes[s->branch].name));
    if (s->modes != ~(uint64_t)0) {
        tb_buf b;
        tb_buf_init(&b, g->a);
        for (uint32_t i = 0; i < p->modes.count; i++)
            if (s->modes >> i & 1) tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(p->modes.items[i].name));
        tb__guide_fact(g, "只在", false, "%.*s", TB_FMT(tb_buf_str(&b)));
    }
    if (s->duty.n) tb__guide_fact(g, "主体", false, "%.*s%.*s", TB_FMT(tb__guide_place(g, s->place)), TB_FMT(s->duty));
    if (s->seal.n) tb__guide_fact(g, "用章", false, "%.*s", TB_FMT(s->seal));
    if (s->held) {
        const tb_held *h = &p->helds.items[s->held - 1];
        tb_str basis = tb__guide_basis(g, h->span);
        tb__guide_fact(g, "举行日", tb__pending_at(p, h->span), "“%.*s”写日期，从通知的次日起至少 %d%s；到了那一天才能办结这个环节%s%.*s",
                       TB_FMT(h->name), h->n, tb_unit_text((enum tb_unit_word)h->unit, TB_LANG_ZH), basis.n ? "；依" : "", TB_FMT(basis));
    }
    if (s->on_site)
        tb__guide_fact(g, "现场必须", tb__pending_at(p, s->on_site_span), "必须到现场办理：%.*s",
                       TB_FMT(tb__guide_on_site(g, s)));
}

static void put_limit(tb__guide *g, const tb_step_def *s) {
    const tb_program *p = g->p;
    if (s->clock == TB_NO_INDEX) {
        tb__guide_fact(g, "期限", false, "规则没有写明");
        return;
    }
    const tb_clock_def *c = &p->clocks.items[s->clock];
    tb_str basis = tb__guide_basis(g, c->span);
    tb__guide_fact(g, "期限", tb__pending_at(p, c->span), "%.*s%s%s%s%.*s", TB_FMT(tb__guide_limit(g, c)),
                   c->roll ? "，最后一日是休息日的顺延" : "", c->keep ? "，退回后接着用，不重新计算" : "",
                   basis.n ? "；依" : "", TB_FMT(basis));
    if (c->place != TB_NO_INDEX && c->place != s->place)
        tb__guide_more(g, false, "工作日按%.*s的日历计算", TB_FMT(tb__guide_place(g, c->place)));
    bool told = false;
    for (uint32_t i = 0; i < p->moves.count; i++)
        told |= p->moves.items[i].kind == TB_MOVE_OVERDUE && &p->steps.items[p->moves.items[i].step] == s;
    if (!told) tb__guide_more(g, false, "期限届满没有办理的，记超期，由办理岗位负责；继续办理。");
    tb__guide_alerts(g, s->clock);
}

static void put_exclusion(tb__guide *g, const tb_step_def *s) {
    const tb_program *p = g->p;
    if (!s->excludes) return;
    tb_str law = s->why_excluded ? tb_source_text(p->sources, s->why_excluded->span) : TB_STR("");
    tb_str need = s->why_needed ? tb_source_text(p->sources, s->why_needed->span) : TB_STR("");
    tb__guide_fact(g, "不计入期限", tb__pending_at(p, s->span),
                   "本环节期间，法定期限和承诺期限停止计算：依%.*s，因%.*s", TB_FMT(law), TB_FMT(need));
    for (uint32_t i = 0; i < s->notices_n; i++)
        tb__guide_more(g, false, "进入时出具《%.*s》", TB_FMT(p->documents.items[s->notices[i]].name));
}

static void put_call(tb__guide *g, const tb_step_def *s) {
    const tb_program *p = g->p;
    if (!s->call) return;
    const tb_call_def *c = &p->calls.items[s->call - 1];
    if (c->kind == TB_CALL_MATTER) {
        tb__guide_fact(g, "发起", tb__pending_at(p, c->span), "进入时发起“%.*s”%s%.*s%s，等待其结果", TB_FMT(c->name),
                       c->mode.n ? "（" : "", TB_FMT(c->mode), c->mode.n ? "）" : "");
    } else {
        tb__guide_fact(g, "外部接口", tb__pending_at(p, c->span), "进入时调用“%.*s”%s%.*s，没有答复的重试%d次",
                       TB_FMT(c->name), c->provider.n ? "，提供方" : "", TB_FMT(c->provider), c->retries);
    }
    for (uint32_t i = 0; i < c->bindings_n; i++) {
        const tb_binding *b = &c->bindings[i];
        tb_str from = b->field == TB_NO_INDEX ? b->text : p->fields.items[b->field].name;
        tb__guide_more(g, false, "送出“%.*s”：%.*s", TB_FMT(b->to), TB_FMT(from));
    }
}

static void put_obligations(tb__guide *g, uint32_t step) {
    const tb_program *p = g->p;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_OBLIGE) continue;
        tb_str basis = tb__guide_basis(g, m->span);
        if (m->step == step)
            tb__guide_fact(g, "应当", tb__pending_at(p, m->span), "%s%.*s%s“%.*s”；没有完成的，不得离开本环节%s%.*s",
                           m->guard_text.n ? "若 " : "", TB_FMT(m->guard_text), m->guard_text.n ? "，应当办理" : "办理",
                           TB_FMT(m->target), basis.n ? "；依" : "", TB_FMT(basis));
        else if (tb_str_eq(m->target, p->steps.items[step].name))
            tb__guide_fact(g, "由来", false, "“%.*s”环节应当办理", TB_FMT(p->steps.items[m->step].name));
    }
}

static void put_act(tb__guide *g, uint32_t move) {
    const tb_program *p = g->p;
    const tb_move *m = &p->moves.items[move];
    tb_str documents = tb__guide_documents(g, m), target = tb__guide_target(g, move), effects = tb__guide_effects(g, m);
    tb_str basis = tb__guide_basis(g, m->span);
    tb__guide_cell(g, tb__pending_at(p, m->span), "%.*s", TB_FMT(tb__guide_act(g, m)));
    if (m->kind == TB_MOVE_ACT && m->posts_n && !m->call && !tb__guide_by_itself(g, m))
        tb__guide_more(g, false, "由%.*s", TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)));
    if (tb__guide_by_itself(g, m)) tb__guide_more(g, false, "到期自动");
    if (m->call) tb__guide_more(g, false, "由系统接收");
    bool conditions = m->guard_text.n || m->times || m->before != TB_NO_INDEX;
    tb__guide_blank(g);
    if (m->guard_text.n) tb__guide_more(g, false, "%.*s", TB_FMT(m->guard_text));
    if (m->times) tb__guide_more(g, false, "限%d次", m->times);
    if (m->before != TB_NO_INDEX) tb__guide_more(g, false, "“%.*s”之前", TB_FMT(tb__guide_milestone(g, m->before)));
    if (!conditions) tb__guide_more(g, false, "无");
    tb__guide_blank(g);
    if (m->stated_n) tb__guide_more(g, false, "载明%.*s", TB_FMT(tb__guide_names(g, m->stated, m->stated_n)));
    if (m->choices_n) tb__guide_more(g, false, "记下选择：%.*s", TB_FMT(tb__guide_names(g, m->choices, m->choices_n)));
    if (documents.n) tb__guide_more(g, false, "出具%.*s", TB_FMT(documents));
    if (effects.n) tb__guide_more(g, false, "%.*s", TB_FMT(effects));
    if (m->irreversible) tb__guide_more(g, false, "此后不可撤回");
    if (m->correct_n)
        tb__guide_more(g, false, "办错的，%d%s内可以更正", m->correct_n,
                       tb__draw_unit(m->correct_unit, m->correct_n, true));
    tb__guide_cell(g, false, "%.*s", TB_FMT(target.n ? target : TB_STR("留在本环节，继续办理")));
    if (basis.n) tb__guide_cell(g, false, "%.*s", TB_FMT(basis));
    else tb__guide_blank(g);
}

static void acts_table(tb__guide *g) {
    static const char *const heads[] = {"情形", "条件", "载明、出具、记录", "去向", "依据"};
    static const uint8_t shares[] = {18, 18, 30, 16, 18};
    tb__guide_table(g, 5, heads, shares);
}

static void put_step(tb__guide *g, uint32_t step) {
    const tb_program *p = g->p;
    const tb_step_def *s = &p->steps.items[step];
    tb_str phase = s->phase.n ? tb_str_printf(g->a, "（%.*s阶段）", TB_FMT(s->phase)) : TB_STR("");
    tb__guide_part(g, tb_str_printf(g->a, "%u. %.*s%.*s", step + 1, TB_FMT(s->name), TB_FMT(phase)));
    tb__guide_fact(g, "办理人", false, "%.*s", TB_FMT(tb__guide_people(g, s->posts, s->posts_n, s->all, s->persons)));
    put_where(g, s);
    put_limit(g, s);
    put_exclusion(g, s);
    put_call(g, s);
    put_obligations(g, step);
    acts_table(g);
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (p->moves.items[i].step == step && p->moves.items[i].kind != TB_MOVE_OBLIGE) put_act(g, i);
}

static void put_free_acts(tb__guide *g, bool joins) {
    const tb_program *p = g->p;
    bool any = false;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        bool join = m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED;
        if (m->step != TB_NO_INDEX || m->kind == TB_MOVE_OBLIGE || m->kind == TB_MOVE_EACH || join != joins) continue;
        if (!any) {
            tb__guide_part(g, joins ? TB_STR("分支的会合") : TB_STR("任一环节都可以办的"));
            acts_table(g);
        }
        any = true;
        put_act(g, i);
    }
}

static void steps(tb__guide *g) {
    tb__guide_section(g, "各环节怎样办");
    for (uint32_t i = 0; i < g->p->steps.count; i++) put_step(g, i);
    put_free_acts(g, true);
    put_free_acts(g, false);
}

/* ---- 全程 ---- */

static void adjustment(tb__guide *g) {
    const tb_program *p = g->p;
    if (!p->adjusts) return;
    const tb_move *m = &p->moves.items[p->adjustment_move];
    tb_str issued = tb__guide_documents(g, m);
    tb__guide_item(g, tb__pending_at(p, m->span),
                   "届满前经%.*s批准，可以调整环节的期限和承诺期限（法律规定的除外），不得晚于法定期限，限%d次，载明%.*s%s%.*s。",
                   TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)), m->times,
                   TB_FMT(tb__guide_names(g, m->stated, m->stated_n)), issued.n ? "，出具" : "", TB_FMT(issued));
}

static void limits(tb__guide *g) {
    const tb_program *p = g->p;
    bool spans = false, excluded = false;
    tb__guide_section(g, "全程期限");
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        if (c->kind == TB_CLOCK_STEP) continue;
        tb_str basis = tb__guide_basis(g, c->span);
        spans |= c->kind != TB_CLOCK_DEFERRAL;
        tb__guide_item(g, tb__pending_at(p, c->span), "%.*s：%.*s%s%.*s。", TB_FMT(c->name),
                       TB_FMT(tb__guide_span(g, c)), basis.n ? "；依" : "", TB_FMT(basis));
        for (uint32_t k = 0; k < p->alerts.count; k++)
            if (p->alerts.items[k].clock == i)
                tb__guide_item(g, tb__pending_at(p, p->alerts.items[k].span), "%.*s%.*s。", TB_FMT(c->name),
                               TB_FMT(tb__guide_alert(g, &p->alerts.items[k])));
    }
    if (p->no_statutory) tb__guide_item(g, false, "法定期限：无。");
    else if (!spans) tb__guide_item(g, false, "法定期限和承诺期限，规则没有写明。");
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        if (!s->excludes) continue;
        excluded = true;
        tb__guide_item(g, tb__pending_at(p, s->span), "“%.*s”期间不计入%s%.*s。", TB_FMT(s->name),
                       s->why_excluded ? "，依" : "",
                       TB_FMT(s->why_excluded ? tb_source_text(p->sources, s->why_excluded->span) : TB_STR("")));
    }
    if (!excluded) tb__guide_item(g, false, "没有不计入期限的环节。");
    adjustment(g);
    if (!p->extension_n) {
        tb__guide_item(g, false, "规则没有规定可以延长。");
        return;
    }
    const tb_move *m = &p->moves.items[p->extension_move];
    tb__guide_item(g, tb__pending_at(p, m->span), "届满前经%.*s批准，可以延长%d%s，限%d次，载明%.*s，出具%.*s。",
                   TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)), p->extension_n,
                   tb__draw_unit(p->extension_unit, p->extension_n, true), m->times,
                   TB_FMT(tb__guide_names(g, m->stated, m->stated_n)), TB_FMT(tb__guide_documents(g, m)));
}

static void bounds(tb__guide *g) {
    const tb_program *p = g->p;
    bool returns = false, final = false;
    tb__guide_section(g, "退回和不可撤回");
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!m->returns) continue;
        returns = true;
        tb__guide_item(g, tb__pending_at(p, m->span), "“%.*s”环节%.*s，退回“%.*s”，一个办件限%d次。",
                       TB_FMT(m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name),
                       TB_FMT(tb__guide_act(g, m)), TB_FMT(m->target), m->times);
    }
    if (!returns) tb__guide_item(g, false, "没有退回。");
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!m->irreversible) continue;
        final = true;
        tb__guide_item(g, tb__pending_at(p, m->span),
                       "“%.*s”环节%.*s以后不可撤回：申请人不能再撤回，办件必须走到办结。",
                       TB_FMT(m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name), TB_FMT(m->act));
    }
    if (!final) tb__guide_item(g, false, "没有不可撤回的环节。");
}

static void documents(tb__guide *g) {
    static const char *const heads[] = {"文书", "出具的环节和情形", "记下的时点", "用章"};
    static const uint8_t shares[] = {24, 46, 14, 16};
    const tb_program *p = g->p;
    tb__guide_section(g, "文书和用章");
    if (!p->documents.count) {
        tb__guide_paragraph(g, false, "规则没有规定文书。");
        return;
    }
    tb__guide_table(g, 4, heads, shares);
    for (uint32_t i = 0; i < p->documents.count; i++) {
        const tb_document *d = &p->documents.items[i];
        tb_str when = tb__guide_issued(g, i), seal = tb__guide_seal(g, i), basis = tb__guide_basis(g, d->span);
        tb__guide_cell(g, tb__pending_at(p, d->span), "%.*s", TB_FMT(d->name));
        if (basis.n) tb__guide_more(g, false, "依%.*s", TB_FMT(basis));
        if (when.n) tb__guide_cell(g, false, "%.*s", TB_FMT(when));
        else tb__guide_cell(g, false, "没有环节出具");
        tb_buf b;
        tb_buf_init(&b, g->a);
        for (uint32_t k = 0; k < d->records_n; k++)
            tb_putf(&b, "%s%.*s", k ? "、" : "", TB_FMT(tb__guide_milestone(g, d->records[k])));
        if (b.n) tb__guide_cell(g, false, "%.*s", TB_FMT(tb_buf_str(&b)));
        else tb__guide_blank(g);
        if (seal.n) tb__guide_cell(g, false, "%.*s", TB_FMT(seal));
        else tb__guide_cell(g, false, "没有写明");
    }
}

void tb__guide_staff(tb__guide *g) {
    facts(g);
    posts(g);
    steps(g);
    limits(g);
    bounds(g);
    tb__guide_claims(g);
    documents(g);
    tb__guide_materials(g);
    tb__guide_form(g);
    tb__guide_laws(g);
    tb__guide_open(g);
}
