/* 此时 …: what must hold at a moment of a 用例. Every part of the sentence is looked at, also behind one that fails, so that a person
 * sees what was expected and what is, side by side, and not one slip after the other. */
#include "case.h"
#include "compile_work.h"
#include "scenario_work.h"
#include <string.h>

struct asking {
    tb__scenario *r;
    const tb_part *wrong; /* the first that does not hold */
    tb_str text;          /* what is said of it */
};

static void compare(struct asking *k, const tb_part *p, bool same, tb_str expected, tb_str actual, tb_str text) {
    *TB_PUSH(k->r->a, k->r->result->compared) = (tb_scenario_compared){expected, actual, same};
    if (same || k->wrong) return;
    k->wrong = p;
    k->text = text.n ? text : tb_str_printf(k->r->a, "应当 %.*s，实际 %.*s", TB_FMT(expected), TB_FMT(actual));
}

static tb_str names_text(tb__scenario *r, const tb_names *n) {
    tb_buf b;
    tb_buf_init(&b, r->a);
    for (uint32_t i = 0; i < n->count; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(n->items[i].text));
    return tb_buf_str(&b);
}

static bool same_steps(tb__scenario *r, const tb_names *want) {
    if (want->count != r->c->tasks.count) return false;
    for (uint32_t i = 0; i < want->count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < r->c->tasks.count && !found; k++)
            found = tb_str_eq(want->items[i].text, r->p->steps.items[r->c->tasks.items[k].step].name);
        for (uint32_t k = 0; k < i; k++)
            found &= !tb_str_eq(want->items[i].text, want->items[k].text); /* one name twice hides another */
        if (!found) return false;
    }
    return true;
}

static bool issued(tb__scenario *r, tb_str name) {
    for (uint32_t i = 0; i < r->c->issued.count; i++)
        if (!r->c->issued.items[i].voided &&
            tb_str_eq(r->p->documents.items[r->c->issued.items[i].document].name, name))
            return true;
    return false;
}

static bool document(tb__scenario *r, tb_str name) {
    for (uint32_t i = 0; i < r->p->documents.count; i++)
        if (tb_str_eq(r->p->documents.items[i].name, name)) return true;
    return false;
}

static const tb_occurrence *milestone(tb__scenario *r, tb_str name) {
    name = tb__fixed_name(name);
    for (uint32_t i = 0; i < r->p->milestones.count; i++)
        if (tb_str_eq(r->p->milestones.items[i].name, name)) return &r->c->milestones[i];
    return NULL;
}

static bool ends_with(tb_str *s, const char *tail) {
    if (!tb_str_ends(*s, tail) || s->n == strlen(tail)) return false;
    s->n -= (uint32_t)strlen(tail);
    return true;
}

/* ---- limits ---- */

/* 法定 → 法定期限; otherwise a step's name. */
static const tb_running *clock_named(tb__scenario *r, tb_str name, tb_str *clock) {
    const tb_running *found = NULL;
    *clock = tb_str_is(name, "法定") || tb_str_is(name, "statutory")  ? TB_STR("法定期限")
             : tb_str_is(name, "承诺") || tb_str_is(name, "promised") ? TB_STR("承诺期限")
                                                                      : name;
    for (uint32_t i = 0; i < r->c->clocks.count; i++)
        if (tb_str_eq(r->p->clocks.items[r->c->clocks.items[i].def].name, *clock)) found = &r->c->clocks.items[i];
    return found;
}

/* A day, and the time of day where the clause asks for it: the end of a day is its 24:00. */
static tb_str moment_text(tb__scenario *r, const tb_part *p, int32_t day, int64_t at) {
    char text[TB_DAY_TEXT];
    tb_day_text(day, text);
    if (p->kind != TB_P_NAMED_TIME) return tb_str_copy(r->a, tb_str_z(text));
    int minutes = (int)((at - tb_day_start(day)) / 60000);
    return tb_str_printf(r->a, "%s %02d:%02d", text, minutes / 60, minutes % 60);
}

static tb_str wanted(tb__scenario *r, const tb_part *p) {
    return moment_text(r, p, p->day, tb_day_start(p->day) + (int64_t)p->minutes * 60000);
}

static tb_str due_text(tb__scenario *r, const tb_part *p, tb_due due) {
    if (due.kind == TB_DUE_NONE) return TB_STR("停止计时");
    return tb_str_printf(r->a, "%s%.*s", due.kind == TB_DUE_NOT_BEFORE ? "不早于 " : "",
                         TB_FMT(moment_text(r, p, due.day, due.at)));
}

static void check_due(struct asking *k, const tb_part *p, tb_str name) {
    tb__scenario *r = k->r;
    tb_str clock, written = p->names.items[0].text, want = wanted(r, p);
    const tb_running *found = clock_named(r, name, &clock);
    tb_str expected = tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written), TB_FMT(want));
    if (!found) {
        compare(k, p, false, expected, TB_STR("没有在计算"), tb_str_printf(r->a, "没有在计算的“%.*s”", TB_FMT(clock)));
        return;
    }
    tb_due due = tb_clock_due(r->c, r->env, found);
    tb_str actual = due_text(r, p, due);
    compare(k, p, tb_str_eq(actual, want), expected, tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written), TB_FMT(actual)),
            tb_str_printf(r->a, "“%.*s”应到期 %.*s，实际 %.*s", TB_FMT(clock), TB_FMT(want), TB_FMT(actual)));
}

/* 法定剩余 12个工作日: what of the limit is left, counted from today, which does not count (M9). */
static void check_left(struct asking *k, const tb_part *p) {
    tb__scenario *r = k->r;
    tb_str name = p->names.items[0].text, clock, written = name;
    if (!ends_with(&name, "剩余")) ends_with(&name, "-left");
    const tb_running *found = clock_named(r, name, &clock);
    tb_str expected =
        tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written), TB_FMT(tb_duration_text(r->a, p->duration, TB_LANG_ZH)));
    if (!found) {
        compare(k, p, false, expected, TB_STR("没有在计算"), tb_str_printf(r->a, "没有在计算的“%.*s”", TB_FMT(clock)));
        return;
    }
    const tb_calendar *calendar = tb__calendar_of(r->c, r->env, r->p->clocks.items[found->def].place);
    tb_due due = tb_clock_due(r->c, r->env, found);
    int32_t today = tb_day_of(r->now);
    int left = -1;
    if (due.kind == TB_DUE_EXACT && p->duration.unit == TB_U_WORKDAYS && calendar)
        left = tb_workdays_between(calendar, today, due.day, NULL, 0);
    else if (due.kind == TB_DUE_EXACT && p->duration.unit == TB_U_DAYS) left = due.day > today ? due.day - today : 0;
    else if (due.kind == TB_DUE_EXACT && p->duration.unit == TB_U_HOURS)
        left = due.at > r->now ? (int)((due.at - r->now) / 3600000) : 0;
    else if (due.kind == TB_DUE_EXACT && p->duration.unit == TB_U_WORKHOURS && calendar)
        left = tb_used_between(calendar, r->now, due.at, TB_WORKHOURS, NULL, 0);
    tb_str actual =
        left < 0 ? due_text(r, p, due)
                 : tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written),
                                 TB_FMT(tb_duration_text(r->a, (tb_duration){left, p->duration.unit}, TB_LANG_ZH)));
    compare(k, p, left == p->duration.n, expected, actual, TB_NONE);
}

static void check_date(struct asking *k, const tb_part *p) {
    tb__scenario *r = k->r;
    tb_str name = p->names.items[0].text, written = name, want = wanted(r, p);
    if (ends_with(&name, "到期") || ends_with(&name, "-due")) {
        check_due(k, p, name);
        return;
    }
    if (!ends_with(&name, "日")) ends_with(&name, "-date");
    const tb_occurrence *m = milestone(r, name);
    tb_str expected = tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written), TB_FMT(want));
    if (!m || !m->count) {
        compare(k, p, false, expected, TB_STR("还没有发生"), tb_str_printf(r->a, "“%.*s”还没有发生", TB_FMT(name)));
        return;
    }
    tb_str have = moment_text(r, p, tb_day_of(m->last), m->last);
    compare(k, p, tb_str_eq(have, want), expected, tb_str_printf(r->a, "%.*s %.*s", TB_FMT(written), TB_FMT(have)),
            tb_str_printf(r->a, "“%.*s”日应是 %.*s，实际 %.*s", TB_FMT(name), TB_FMT(want), TB_FMT(have)));
}

/* ---- the rest ---- */

static void check_happened(struct asking *k, const tb_part *p, tb_str name) {
    tb__scenario *r = k->r;
    const tb_occurrence *m = milestone(r, name);
    bool wanted = p->kind == TB_P_DONE;
    tb_str expected = tb_str_printf(r->a, "%s %.*s", wanted ? "已" : "未", TB_FMT(name));
    enum tb_alert_kind alert = TB_ALERT_RED; /* 已 「提醒」, 「黄牌」, 「红牌」: told at some time so far */
    while (alert && !tb_str_is(tb__fixed_name(name), tb_alert_word(alert))) alert--;
    if (!m && !document(r, name) && !alert) {
        compare(k, p, false, expected, TB_STR("没有这个名称"),
                tb_str_printf(r->a, "没有时点或文书“%.*s”", TB_FMT(name)));
        return;
    }
    bool done = m ? m->count > 0 : document(r, name) ? issued(r, name) : r->told >> alert & 1;
    compare(k, p, done == wanted, expected, tb_str_printf(r->a, "%s %.*s", done ? "已" : "未", TB_FMT(name)),
            tb_str_printf(r->a, "“%.*s”%s", TB_FMT(name), done ? "已经发生" : "还没有发生"));
}

static void check_part(struct asking *k, const tb_part *p) {
    tb__scenario *r = k->r;
    tb_str names = names_text(r, &p->names), is = tb__scenario_steps(r);
    switch (p->kind) {
    case TB_P_STEPS:
        compare(k, p, same_steps(r, &p->names), tb_str_printf(r->a, "环节 %.*s", TB_FMT(names)),
                r->c->outcome == TB_NO_INDEX ? tb_str_printf(r->a, "环节 %.*s", TB_FMT(is)) : is,
                tb_str_printf(r->a, "应在环节 %.*s，实际在 %.*s", TB_FMT(names), TB_FMT(is)));
        break;
    case TB_P_CLOSE: {
        tb_str outcome = r->c->outcome == TB_NO_INDEX ? TB_NONE : r->p->outcomes.items[r->c->outcome];
        bool right = r->c->outcome != TB_NO_INDEX && (!p->names.count || tb_str_eq(outcome, p->names.items[0].text));
        compare(k, p, right, tb_str_printf(r->a, "办结 %.*s", TB_FMT(names)), is,
                tb_str_printf(r->a, "应办结 %.*s，实际 %.*s", TB_FMT(names), TB_FMT(is)));
        break;
    }
    case TB_P_ISSUE:
        for (uint32_t i = 0; i < p->names.count; i++) {
            tb_str name = p->names.items[i].text;
            bool there = issued(r, name);
            compare(k, p, there, tb_str_printf(r->a, "出具 %.*s", TB_FMT(name)),
                    there ? tb_str_printf(r->a, "出具 %.*s", TB_FMT(name)) : TB_STR("没有出具"),
                    tb_str_printf(r->a, "没有出具“%.*s”", TB_FMT(name)));
        }
        break;
    case TB_P_NAMED_DATE:
    case TB_P_NAMED_TIME:
        if (p->names.count) check_date(k, p);
        break;
    case TB_P_LEFT:
        if (p->names.count) check_left(k, p);
        break;
    case TB_P_DONE:
    case TB_P_NOT_DONE:
        for (uint32_t i = 0; i < p->names.count; i++) check_happened(k, p, p->names.items[i].text);
        break;
    default: break;
    }
}

bool tb__scenario_now(tb__scenario *r, const tb_clause *c) {
    struct asking k = {.r = r};
    r->result->compared.count = 0;
    for (uint32_t i = 0; i < c->parts.count; i++) check_part(&k, &c->parts.items[i]);
    if (k.wrong) return tb__scenario_fail(r, k.wrong->span, k.text);
    r->result->compared.count = 0;
    return true;
}
