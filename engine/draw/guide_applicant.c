/* The 办事指南: what an applicant asks at the window, in the order of the field's own form — what it is, may I, where, what do
 * I bring, what happens then, how long, what do I get, what does it cost, what if I am refused. */
#include "guide_work.h"

/* ---- 基本信息 ---- */

static void facts(tb__guide *g) {
    const tb_program *p = g->p;
    tb_str authority = tb__guide_authority(g), basis = tb__guide_basis(g, p->authority_span);
    tb__guide_section(g, "基本信息");
    tb__guide_fact(g, "事项名称", false, "%.*s", TB_FMT(p->matter));
    tb__guide_fact(g, "事项类型", false, "%.*s", TB_FMT(p->kind));
    if (p->service.n) tb__guide_fact(g, "办件类型", false, "%.*s", TB_FMT(p->service));
    tb__guide_fact(g, "实施主体", tb__pending_at(p, p->authority_span), "%.*s%s%.*s%s", TB_FMT(authority),
                   basis.n ? "（依" : "", TB_FMT(basis), basis.n ? "）" : "");
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        if (c->kind != TB_CLOCK_STATUTORY && c->kind != TB_CLOCK_PROMISED) continue;
        tb__guide_fact(g, c->kind == TB_CLOCK_STATUTORY ? "法定期限" : "承诺期限", tb__pending_at(p, c->span), "%.*s",
                       TB_FMT(tb__guide_span(g, c)));
    }
    tb__guide_fact(g, "收费", false, "规则没有写明是否收费，办理前请向实施主体核实。");
    tb__guide_fact(g, "咨询和投诉", false, "规则没有写明电话和网址，请向实施主体询问。");
}

/* ---- 办理条件 ---- */

static void put_district(tb__guide *g) {
    const tb_program *p = g->p;
    if (p->authority_place == TB_NO_INDEX) return;
    const tb_role_place *r = &p->places.items[p->authority_place];
    if (r->from != TB_PLACE_FIELD) return;
    tb_str field = p->fields.items[r->field].name;
    if (p->authority.n)
        tb__guide_item(g, false, "“%.*s”应当在%.*s的辖区内；不在的，本机关不受理。", TB_FMT(field),
                       TB_FMT(p->authority));
    else
        tb__guide_item(g, false, "由%.*s（按申请表“%.*s”确定）的%.*s办理。", TB_FMT(r->name), TB_FMT(field),
                       TB_FMT(p->authority_duty));
}

/* Does the act turn an application down? It ends a branch with 不予, must name the remedies, or closes with reasons. */
static bool turns_down(const tb__guide *g, uint32_t move) {
    const tb_move *m = &g->p->moves.items[move];
    const tb_graph_node *to = tb__guide_goal(g, move);
    bool closes = to && to->kind == TB_G_OUTCOME;
    return m->rejects || tb__guide_states(m, "救济途径") ||
           (closes && (tb__guide_states(m, "理由") || tb__guide_states(m, "有权机关")));
}

static void conditions(tb__guide *g) {
    const tb_program *p = g->p;
    tb__guide_section(g, "办理对象和条件");
    tb__guide_paragraph(g, false, "可以申请的人的范围、资格，规则没有单独写明；以下是从规则里能够确定的条件。");
    put_district(g);
    uint32_t needed = 0;
    for (uint32_t i = 0; i < p->fields.count; i++) needed += p->fields.items[i].required;
    if (needed) tb__guide_item(g, false, "申请表必填 %u 项，填写要求见“申请表”一节。", needed);
    bool any = false;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!turns_down(g, i) || m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED) continue;
        if (!any) tb__guide_paragraph(g, false, "有下列情形之一的，不予受理、不予办理或者终止办理：");
        any = true;
        tb_str where = m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name;
        tb__guide_item(g, tb__pending_at(p, m->span), "%.*s环节，%.*s", TB_FMT(where),
                       TB_FMT(tb__guide_sentence(g, i)));
    }
}

/* ---- 办理模式 ---- */

static const tb_citation *modes_basis(const tb_program *p) {
    for (uint32_t i = 0; i < p->citations.count; i++)
        if (p->citations.items[i].kind == TB_C_MODES && !p->citations.items[i].why) return &p->citations.items[i];
    return NULL;
}

static void channels(tb__guide *g) {
    static const char *const heads[] = {"办理模式", "在哪里申请", "谁先办理"};
    static const uint8_t shares[] = {22, 40, 38};
    const tb_program *p = g->p;
    bool online = false;
    tb__guide_section(g, "办理模式和申请渠道");
    tb__guide_table(g, 3, heads, shares);
    for (uint32_t i = 0; i < p->modes.count; i++) {
        const tb_mode *m = &p->modes.items[i];
        bool net = tb_str_is(m->name, "全程网办");
        online |= net;
        tb__guide_cell(g, false, "%.*s", TB_FMT(m->name));
        const tb_node *n = &p->nodes[m->start];
        const tb_step_def *s = &p->steps.items[n->index];
        if (net) tb__guide_cell(g, false, "网上提交，全程不到窗口");
        else if (s->place != TB_NO_INDEX)
            tb__guide_cell(g, false, "%.*s（%.*s）", TB_FMT(tb__guide_place(g, s->place)),
                           TB_FMT(tb__guide_place_from(g, s->place)));
        else tb__guide_cell(g, false, "规则没有写明");
        tb__guide_cell(g, false, "“%.*s”环节，%.*s", TB_FMT(s->name),
                       TB_FMT(tb__guide_people(g, s->posts, s->posts_n, s->all, s->persons)));
    }
    const tb_citation *basis = modes_basis(p);
    tb__guide_not_online(g);
    if (basis) tb__guide_item(g, basis->open, "办理模式的依据：%.*s。", TB_FMT(tb__guide_basis(g, basis->clause)));
    if (p->receipt != TB_NO_INDEX)
        tb__guide_item(g, false, "收到材料的时间，以%.*s为准。", TB_FMT(tb__guide_milestone(g, p->receipt)));
    if (online && p->receipt != TB_NO_INDEX)
        tb__guide_item(g, false, "非工作时间在网上提交的，视为%s收到。",
                       p->next_workday_receipt ? "次一工作日" : "当日");
    tb__guide_presence(g);
    tb__guide_item(g, false, "网上平台的网址、窗口地址和办公时间，规则没有写明。");
}

/* ---- 办理流程 ---- */

static void put_modes(const tb__guide *g, tb_buf *b, const tb_step_def *s) {
    if (s->modes == ~(uint64_t)0) return;
    tb_puts(b, "（只在");
    bool first = true;
    for (uint32_t i = 0; i < g->p->modes.count; i++) {
        if (!(s->modes >> i & 1)) continue;
        tb_putf(b, "%s%.*s", first ? "" : "、", TB_FMT(g->p->modes.items[i].name));
        first = false;
    }
    tb_puts(b, "时）");
}

static void put_who(tb__guide *g, const tb_step_def *s) {
    const tb_program *p = g->p;
    tb_str limit = s->clock == TB_NO_INDEX ? TB_STR("") : tb__guide_limit(g, &p->clocks.items[s->clock]);
    tb_str people = tb__guide_people(g, s->posts, s->posts_n, s->all, s->persons);
    bool open = s->clock != TB_NO_INDEX && tb__pending_at(p, p->clocks.items[s->clock].span);
    if (s->call) {
        const tb_call_def *c = &p->calls.items[s->call - 1];
        tb_str wait = s->clock == TB_NO_INDEX ? TB_STR("") : tb__guide_length(g, &p->clocks.items[s->clock]);
        const char *format = c->kind == TB_CALL_MATTER ? "同时办理“%.*s”，有了结果再往下办，申请人不必另行申请%s%.*s。"
                                                       : "向“%.*s”核查，申请人不必另行提交%s%.*s。";
        tb__guide_paragraph(g, open, format, TB_FMT(c->name), wait.n ? "；最多等待" : "", TB_FMT(wait));
    } else {
        tb__guide_paragraph(g, open, "由%.*s办理%s%.*s。", TB_FMT(people), limit.n ? "，" : "；期限没有写明",
                            TB_FMT(limit));
    }
    if (s->held) {
        const tb_held *h = &p->helds.items[s->held - 1];
        tb__guide_paragraph(g, tb__pending_at(p, h->span), "“%.*s”至少提前 %d%s通知，从通知的次日起算。", TB_FMT(h->name), h->n,
                            tb_unit_text((enum tb_unit_word)h->unit, TB_LANG_ZH));
    }
    if (s->on_site)
        tb__guide_paragraph(g, tb__pending_at(p, s->on_site_span), "这一步必须到现场办理：%.*s。",
                            TB_FMT(tb__guide_on_site(g, s)));
    if (s->excludes)
        tb__guide_paragraph(
            g, false, "本环节所需时间不计入办理期限，依%.*s。",
            TB_FMT(s->why_excluded ? tb_source_text(p->sources, s->why_excluded->span) : TB_STR("规则")));
}

/* What an applicant need not know: how late work is charged inside. What comes of papers that are never brought is told with
 * the papers. */
static bool of_interest(const tb__guide *g, uint32_t move) {
    const tb_move *m = &g->p->moves.items[move];
    if (m->kind == TB_MOVE_ACT && tb__guide_by_itself(g, m)) return false;
    return m->kind != TB_MOVE_OBLIGE && (m->kind != TB_MOVE_OVERDUE || m->leaves);
}

static void put_parallel(tb__guide *g, uint16_t state) {
    const tb_program *p = g->p;
    tb__guide_part(g, tb_str_printf(g->a, "%.*s（同时办理）", TB_FMT(p->nodes[state].name)));
    tb__guide_paragraph(g, false, "下列分支同时办理，申请人不必分别申请。");
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        if (p->nodes[s].kind == TB_NODE_BRANCH && tb_chart_parent(p->chart, s) == state)
            tb__guide_item(g, false, "%.*s", TB_FMT(p->nodes[s].name));
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_DONE && m->kind != TB_MOVE_REJECTED) continue;
        for (uint32_t e = 0; e < g->graph.edges.count; e++) {
            const tb_graph_edge *x = &g->graph.edges.items[e];
            const tb_graph_node *from = &g->graph.nodes.items[x->from];
            if (x->move != i || from->kind != TB_G_JOIN || from->index != state) continue;
            tb__guide_paragraph(g, false, "%.*s", TB_FMT(tb__guide_sentence(g, i)));
            break;
        }
    }
}

static void put_step(tb__guide *g, uint32_t step, uint32_t number) {
    const tb_program *p = g->p;
    const tb_step_def *s = &p->steps.items[step];
    tb_buf b;
    tb_buf_init(&b, g->a);
    tb_putf(&b, "%u. %.*s", number, TB_FMT(s->name));
    if (s->branch != TB_NO_STATE) tb_putf(&b, "（%.*s）", TB_FMT(p->nodes[s->branch].name));
    put_modes(g, &b, s);
    tb__guide_part(g, tb_buf_str(&b));
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_OBLIGE || !tb_str_eq(m->target, s->name)) continue;
        tb__guide_paragraph(g, tb__pending_at(p, m->span), "%.*s%s“%.*s”期间应当办理本环节，办完才能往下办。",
                            TB_FMT(tb__guide_condition(g, m->guard_text)), m->guard_text.n ? "的，" : "",
                            TB_FMT(p->steps.items[m->step].name));
    }
    put_who(g, s);
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (p->moves.items[i].step == step && of_interest(g, i))
            tb__guide_item(g, tb__pending_at(p, p->moves.items[i].span), "%.*s", TB_FMT(tb__guide_sentence(g, i)));
}

/* What may be done in any step; the extension is told among the limits. */
static void free_acts(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_ACT || m->step != TB_NO_INDEX || !of_interest(g, i) ||
            tb__changes_limits(p, i))
            continue;
        if (!any) tb__guide_part(g, TB_STR("办理过程中，不论在哪个环节"));
        any = true;
        tb_str before = m->before == TB_NO_INDEX ? TB_STR("办结") : tb__guide_milestone(g, m->before);
        tb__guide_item(g, tb__pending_at(p, m->span), "在“%.*s”之前，%.*s", TB_FMT(before),
                       TB_FMT(tb__guide_sentence(g, i)));
    }
}

static void flow(tb__guide *g) {
    const tb_program *p = g->p;
    bool *told = TB_NEW_ARRAY(g->a, tb_chart_states(p->chart), bool);
    tb__guide_section(g, "办理流程");
    for (uint32_t i = 0; i < p->steps.count; i++) {
        uint16_t branch = p->steps.items[i].branch;
        uint16_t parallel = branch == TB_NO_STATE ? TB_NO_STATE : tb_chart_parent(p->chart, branch);
        if (parallel != TB_NO_STATE && !told[parallel]) put_parallel(g, parallel);
        if (parallel != TB_NO_STATE) told[parallel] = true;
        put_step(g, i, i + 1);
    }
    free_acts(g);
}

/* ---- 期限 ---- */

static void spans(tb__guide *g) {
    const tb_program *p = g->p;
    bool statutory = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) statutory |= p->clocks.items[i].kind == TB_CLOCK_STATUTORY;
    if (!statutory)
        tb__guide_fact(g, "法定期限", false, "%s", p->no_statutory ? "无：没有法定的办理期限。" : "规则没有写明。");
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        if (c->kind != TB_CLOCK_STATUTORY && c->kind != TB_CLOCK_PROMISED) continue;
        tb_str basis = tb__guide_basis(g, c->span);
        tb__guide_fact(g, c->kind == TB_CLOCK_STATUTORY ? "法定期限" : "承诺期限", tb__pending_at(p, c->span),
                       "%.*s%s%.*s。", TB_FMT(tb__guide_span(g, c)), basis.n ? "；依" : "", TB_FMT(basis));
    }
}

static void excluded_time(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        if (!s->excludes) continue;
        tb_str law = s->why_excluded ? tb_source_text(p->sources, s->why_excluded->span) : TB_STR("");
        tb_str need = s->why_needed ? tb_source_text(p->sources, s->why_needed->span) : TB_STR("");
        tb_buf notices;
        tb_buf_init(&notices, g->a);
        for (uint32_t k = 0; k < s->notices_n; k++)
            tb_putf(&notices, "《%.*s》", TB_FMT(p->documents.items[s->notices[k]].name));
        tb_str told = tb_buf_str(&notices);
        any = true;
        tb__guide_fact(g, "不计入的时间", false, "%.*s所需时间（因%.*s需要，依%.*s不计入）%s%.*s%s。", TB_FMT(s->name),
                       TB_FMT(need), TB_FMT(law), told.n ? "，以" : "", TB_FMT(told), told.n ? "告知" : "");
    }
    if (!any) tb__guide_fact(g, "不计入的时间", false, "没有：各环节的时间都计入办理期限。");
}

static void extension(tb__guide *g) {
    const tb_program *p = g->p;
    if (!p->extension_n) {
        tb__guide_fact(g, "延长", false, "规则没有规定可以延长。");
        return;
    }
    const tb_move *m = &p->moves.items[p->extension_move];
    tb__guide_fact(g, "延长", tb__pending_at(p, m->span),
                   "届满前经%.*s批准，可以延长%d%s，限%d次，出具%.*s并说明理由。",
                   TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)), p->extension_n,
                   tb__draw_unit(p->extension_unit, p->extension_n, true), m->times, TB_FMT(tb__guide_documents(g, m)));
}

static void adjustment(tb__guide *g) {
    const tb_program *p = g->p;
    if (!p->adjusts) return;
    const tb_move *m = &p->moves.items[p->adjustment_move];
    tb_str told = tb__guide_documents(g, m);
    tb__guide_fact(g, "调整", tb__pending_at(p, m->span),
                   "经%.*s批准，机关自己定的期限可以在办理中调整，说明理由，限%d次%s%.*s；不得晚于法定期限。",
                   TB_FMT(tb__guide_people(g, m->posts, m->posts_n, false, 1)), m->times, told.n ? "，出具" : "", TB_FMT(told));
}

/* What the applicant must do in time. */
static void own_limits(tb__guide *g) {
    const tb_program *p = g->p;
    if (p->papers.clock != TB_NO_INDEX) {
        const tb_clock_def *c = &p->clocks.items[p->papers.clock];
        tb__guide_fact(g, "申请人的期限", tb__pending_at(p, c->span), "补交容缺的材料：%.*s%s。",
                       TB_FMT(tb__guide_limit(g, c)), c->roll ? "，最后一日是休息日的顺延" : "");
    }
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        if (s->clock == TB_NO_INDEX || !tb__guide_in_posts(s->posts, s->posts_n, TB_POST_APPLICANT)) continue;
        const tb_clock_def *c = &p->clocks.items[s->clock];
        tb__guide_fact(g, "申请人的期限", tb__pending_at(p, c->span), "%.*s：%.*s%s。", TB_FMT(s->name),
                       TB_FMT(tb__guide_limit(g, c)), c->roll ? "，最后一日是休息日的顺延" : "");
        for (uint32_t k = 0; k < p->moves.count; k++)
            if (p->moves.items[k].step == i && p->moves.items[k].kind == TB_MOVE_OVERDUE)
                tb__guide_more(g, tb__pending_at(p, p->moves.items[k].span), "%.*s", TB_FMT(tb__guide_sentence(g, k)));
    }
}

static void silence(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        bool deemed = false;
        for (uint32_t k = 0; k < m->effects_n; k++) deemed |= m->effects[k].deemed;
        if (m->kind != TB_MOVE_OVERDUE || !deemed) continue;
        any = true;
        tb__guide_fact(g, "机关没有答复", tb__pending_at(p, m->span), "“%.*s”环节%.*s",
                       TB_FMT(p->steps.items[m->step].name), TB_FMT(tb__guide_sentence(g, i)));
    }
    if (!any) tb__guide_fact(g, "机关没有答复", false, "规则没有规定逾期视为同意或者视为受理的情形。");
}

static void limits(tb__guide *g) {
    tb__guide_section(g, "办理期限");
    spans(g);
    excluded_time(g);
    extension(g);
    adjustment(g);
    own_limits(g);
    silence(g);
    tb__guide_paragraph(g, false, "按工作日计算的，休息日和法定节假日不计，调休上班日计入；期限的第一日不计。");
}

/* ---- 结果 ---- */

/* Every act that ends a case so, with the papers that come with it. */
static void put_ways(tb__guide *g, uint32_t outcome) {
    const tb_program *p = g->p;
    tb__guide_blank(g);
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_graph_node *to = tb__guide_goal(g, i);
        if (!to || to->kind != TB_G_OUTCOME || to->index != outcome) continue;
        const tb_move *m = &p->moves.items[i];
        tb_str where = m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name;
        tb_str act = tb__guide_act(g, m), documents = tb__guide_documents(g, m);
        tb__guide_more(g, false, "%.*s环节，%.*s%s%.*s", TB_FMT(where), TB_FMT(act), documents.n ? "，发给" : "",
                       TB_FMT(documents));
    }
}

static void papers(tb__guide *g) {
    static const char *const heads[] = {"文书", "什么时候出具", "用章"};
    static const uint8_t shares[] = {28, 50, 20};
    const tb_program *p = g->p;
    bool sealed = false;
    if (!p->documents.count) return;
    for (uint32_t i = 0; i < p->documents.count; i++) sealed |= tb__guide_seal(g, i).n > 0;
    tb__guide_paragraph(g, false, "办理中出具的文书%s：", sealed ? "" : "（用章规则没有写明）");
    tb__guide_table(g, sealed ? 3 : 2, heads, shares);
    for (uint32_t i = 0; i < p->documents.count; i++) {
        tb_str seal = tb__guide_seal(g, i), when = tb__guide_issued(g, i);
        tb__guide_cell(g, tb__pending_at(p, p->documents.items[i].span), "%.*s", TB_FMT(p->documents.items[i].name));
        tb__guide_cell(g, false, "%.*s", TB_FMT(when.n ? when : TB_STR("规则没有写明")));
        if (sealed) tb__guide_cell(g, false, "%.*s", TB_FMT(seal.n ? seal : TB_STR("没有写明")));
    }
}

static void results(tb__guide *g) {
    static const char *const heads[] = {"办结的结果", "什么情形，发给什么"};
    static const uint8_t shares[] = {22, 70};
    const tb_program *p = g->p;
    tb__guide_section(g, "办理结果和送达");
    tb__guide_table(g, 2, heads, shares);
    for (uint32_t i = 0; i < p->outcomes.count; i++) {
        tb__guide_cell(g, false, "%.*s", TB_FMT(p->outcomes.items[i]));
        put_ways(g, i);
    }
    papers(g);
    tb__guide_paragraph(g, false, "送达的方式（窗口领取、邮寄、电子送达），规则没有写明。");
}

/* ---- 救济 ---- */

static bool names_remedy(tb_str s) {
    static const char *const words[] = {"复议", "诉讼", "申诉"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        for (uint32_t i = 0; i + 6 <= s.n; i++)
            if (memcmp(s.p + i, words[w], 6) == 0) return true;
    return false;
}

static void remedies(tb__guide *g) {
    const tb_program *p = g->p;
    bool any = false;
    tb__guide_section(g, "救济途径");
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        tb_str documents = tb__guide_documents(g, m);
        if (!tb__guide_states(m, "救济途径")) continue;
        tb_str where = m->step == TB_NO_INDEX ? TB_STR("任一") : p->steps.items[m->step].name;
        any = true;
        tb__guide_item(g, tb__pending_at(p, m->span), "“%.*s”环节%.*s，%.*s应当写明救济途径%s。", TB_FMT(where),
                       TB_FMT(tb__guide_act(g, m)), TB_FMT(documents.n ? documents : TB_STR("答复")),
                       tb__guide_states(m, "理由") ? "和理由" : "");
    }
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *c = &p->citations.items[i];
        bool again = !names_remedy(c->gist);
        for (uint32_t k = 0; k < i && !again; k++) again = tb_str_eq(p->citations.items[k].text, c->text);
        if (!again) tb__guide_item(g, c->open, "%.*s：%.*s。", TB_FMT(c->text), TB_FMT(c->gist));
    }
    tb__guide_paragraph(g, false, "%s",
                        any ? "行政复议机关、行政诉讼的法院和期限，以文书载明的为准。"
                            : "规则没有写明行政复议、行政诉讼的途径，以决定文书载明的为准。");
}

void tb__guide_applicant(tb__guide *g) {
    if (g->p->pending.count)
        tb__guide_paragraph(g, false, "标有“待核”的内容还没有对照原文核实，以实施主体的答复为准。");
    facts(g);
    tb__guide_laws(g);
    conditions(g);
    channels(g);
    tb__guide_materials(g);
    tb__guide_form(g);
    flow(g);
    limits(g);
    results(g);
    remedies(g);
    tb__guide_open(g);
}
