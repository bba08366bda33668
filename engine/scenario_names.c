/* The names in 用例, held against the rules: an act, a step or a document that the matter does not have makes its 用例 fail whenever it runs. Said
 * when the rules are checked, so that an editor shows it while it is typed, and with the nearest name that there is. */
#include "compile_work.h"
#include "step.h"

static void unknown(tb__matter *m, const tb_name *n, enum tb__scenario_sort sort) {
    if (n->span.file == TB_NO_SPAN.file) return;
    TB__REPORT(m, SCENARIO_NAME, n->span, n->text, tb__scenario_sort_word(sort, m->english), TB_NONE);
}

static bool is_milestone(const tb_program *p, tb_str name) {
    uint32_t at;
    TB__FIND(p->milestones, .name, tb__fixed_name(name), at);
    return at != TB_NO_INDEX;
}

static bool is_document(const tb_program *p, tb_str name) {
    uint32_t at;
    TB__FIND(p->documents, .name, name, at);
    return at != TB_NO_INDEX;
}

static bool is_alert(tb_str name) {
    for (enum tb_alert_kind k = TB_ALERT_REMIND; k <= TB_ALERT_RED; k++)
        if (tb_str_is(tb__fixed_name(name), tb_alert_word(k))) return true;
    return false;
}

static bool is_clock(const tb_program *p, tb_str name) {
    uint32_t at;
    if (tb_str_is(name, "法定") || tb_str_is(name, "statutory")) name = TB_STR("法定期限");
    else if (tb_str_is(name, "承诺") || tb_str_is(name, "promised")) name = TB_STR("承诺期限");
    TB__FIND(p->clocks, .name, name, at);
    return at != TB_NO_INDEX;
}

static bool is_refusal(tb_str name) {
    for (int code = TB_R_NONE + 1; code < TB_R_COUNT; code++)
        if (tb_str_is(name, tb_refusal_name((enum tb_refusal_code)code))) return true;
    return false;
}

static bool is_act(const tb_program *p, tb_str name) {
    tb_str fixed = tb__fixed_name(name);
    return tb_act_event(p, name) || tb_builtin_act(name) || tb_str_is(fixed, "提交") || tb_str_is(fixed, "逾期") ||
           tb_str_is(name, "容缺逾期") || tb_str_is(name, "答复超时") || tb_str_is(name, "reply-timeout");
}

/* 受理日 2026-03-02, 审查到期 2026-03-05, 法定剩余 12个工作日: the name without its ending. */
static tb_name stem(tb_name n, const char *zh, const char *en) {
    const char *const ends[] = {zh, en};
    for (int i = 0; i < 2; i++) {
        tb_str end = tb_str_z(ends[i]);
        if (n.text.n <= end.n || !tb_str_ends(n.text, ends[i])) continue;
        n.text.n -= end.n;
        if (n.span.to - n.span.from > end.n) n.span.to -= end.n;
        break;
    }
    return n;
}

static bool ends(const tb_name *n, const char *zh, const char *en) {
    return tb_str_ends(n->text, zh) || tb_str_ends(n->text, en);
}

static void check_dated(tb__matter *m, const tb_name *n) {
    bool due = ends(n, "到期", "-due");
    tb_name name = due ? stem(*n, "到期", "-due") : stem(*n, "日", "-date");
    if (due && !is_clock(m->p, name.text)) unknown(m, &name, TB__SCENARIO_CLOCK);
    if (!due && !is_milestone(m->p, name.text)) unknown(m, &name, TB__SCENARIO_MILESTONE);
}

static void check_set(tb__matter *m, const tb_name *n) {
    uint32_t field, material;
    TB__FIND(m->p->fields, .name, n->text, field);
    TB__FIND(m->p->materials, .name, n->text, material);
    if (field == TB_NO_INDEX && material == TB_NO_INDEX) unknown(m, n, TB__SCENARIO_FIELD);
}

static void check_part(tb__matter *m, const tb_clause *c, const tb_part *part) {
    const tb_program *p = m->p;
    bool files = c->kind == TB_C_AT && c->names.count && tb_str_is(tb__fixed_name(c->names.items[0].text), "提交");
    for (uint32_t i = 0; i < part->names.count; i++) {
        const tb_name *n = &part->names.items[i];
        uint32_t at = 0;
        switch (part->kind) {
        case TB_P_STEPS:
            if (tb_step_named(p, n->text) == TB_NO_INDEX) unknown(m, n, TB__SCENARIO_STEP);
            break;
        case TB_P_ISSUE:
            if (!is_document(p, n->text)) unknown(m, n, TB__SCENARIO_DOCUMENT);
            break;
        case TB_P_CLOSE:
            TB__FIND(p->outcomes, , n->text, at);
            if (at == TB_NO_INDEX) unknown(m, n, TB__SCENARIO_OUTCOME);
            break;
        case TB_P_DONE:
        case TB_P_NOT_DONE:
            if (!is_milestone(p, n->text) && !is_document(p, n->text) && !is_alert(n->text))
                unknown(m, n, TB__SCENARIO_MILESTONE);
            break;
        case TB_P_NAMED_DATE:
        case TB_P_NAMED_TIME:
            if (c->kind == TB_C_NOW) check_dated(m, n);
            break;
        case TB_P_LEFT: {
            tb_name name = stem(*n, "剩余", "-left");
            if (!is_clock(p, name.text)) unknown(m, &name, TB__SCENARIO_CLOCK);
            break;
        }
        case TB_P_REFUSED:
            if (!is_refusal(n->text)) unknown(m, n, TB__SCENARIO_REFUSAL);
            break;
        case TB_P_SET:
            if (files) check_set(m, n);
            break;
        default: break;
        }
    }
}

/* Of a matter without errors: its names are then all there. */
void tb__scenario_names(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        for (uint32_t k = 0; s->kind == TB_S_SCENARIO && k < s->clauses.count; k++) {
            const tb_clause *c = &s->clauses.items[k];
            if (c->kind == TB_C_AT && c->names.count && !is_act(m->p, c->names.items[0].text))
                unknown(m, &c->names.items[0], TB__SCENARIO_ACT);
            for (uint32_t n = 0; n < c->parts.count; n++) check_part(m, c, &c->parts.items[n]);
        }
    }
}
