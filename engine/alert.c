/* 提醒, 黄牌, 红牌, 届满前 …: what is told before a limit runs out.
 *
 * Under a step an alert is of that step's limit; under 事项 of the promised span, or of the statutory one when nothing is
 * promised. Each is a timer of its running clock, n units before the due date (tb_due_before), told once. Like due
 * dates its day is derived, never stored: an exclusion, an extension or a new calendar moves it along, and while the
 * clock stands still there is none. What had passed when the clock was started is not told: it would warn of nothing
 * that anybody could have heeded. An alert moves no case; it only says something, in the history and to those it names. */
#include "compile_work.h"
#include "step_work.h"

const char *tb_alert_word(enum tb_alert_kind k) {
    static const char *const words[] = {"", "提醒", "黄牌", "红牌"};
    return words[k];
}

/* ---- in the language ---- */

static enum tb_alert_kind kind_of(enum tb_clause_kind k) {
    return k == TB_C_REMIND ? TB_ALERT_REMIND : k == TB_C_YELLOW ? TB_ALERT_YELLOW : k == TB_C_RED ? TB_ALERT_RED : 0;
}

/* As long as the limit itself, or longer: it could never be told. Units that cannot be compared may be. */
static bool never(const tb_clock_def *d, const tb_alert_def *a) {
    if (a->unit == d->unit) return a->n >= d->n;
    bool clock = d->unit == TB_HOURS || d->unit == TB_MINUTES; /* working hours of a day are the calendar's */
    if (!clock || a->unit == TB_WORKHOURS) return false;
    int64_t limit = (int64_t)d->n * (d->unit == TB_HOURS ? 60 : 1);
    int64_t before = (int64_t)a->n * (a->unit == TB_MINUTES ? 1 : a->unit == TB_HOURS ? 60 : 24 * 60);
    return before >= limit;
}

static void add(tb__matter *m, const tb_clause *c, tb_alert_def a, uint32_t clock) {
    tb_program *p = m->p;
    tb_clock_def *d = &p->clocks.items[clock];
    tb_str span = tb_source_text(p->sources, tb_part_of(c, TB_P_BEFORE_EXPIRY)->span);
    if (never(d, &a)) {
        TB__REPORT(m, ALERT_NEVER, tb_part_of(c, TB_P_BEFORE_EXPIRY)->span, d->name, span, TB_NONE)->other = d->span;
        return;
    }
    if (d->alerts == TB_CLOCK_ALERTS) {
        TB__REPORT(m, TOO_MANY, c->head, TB_STR("一个期限的提醒"), tb_str_printf(m->c->a, "%d", TB_CLOCK_ALERTS), TB_NONE);
        return;
    }
    a.clock = clock;
    a.slot = d->alerts++;
    a.key = tb_str_printf(m->c->a, "%.*s·%s%u", TB_FMT(d->name), tb_alert_word(a.kind), a.slot + 1);
    *TB_PUSH(m->c->a, p->alerts) = a;
}

/* The limits a clause is about: of its step, or the spans of the case. */
static void add_all(tb__matter *m, const tb_clause *c, const tb_alert_def *a, uint32_t step) {
    const tb_program *p = m->p;
    bool promised = false, any = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) promised |= p->clocks.items[i].kind == TB_CLOCK_PROMISED;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        enum tb_clock_kind kind = p->clocks.items[i].kind;
        bool meant = step == TB_NO_INDEX ? kind == (promised ? TB_CLOCK_PROMISED : TB_CLOCK_STATUTORY)
                                         : i == p->steps.items[step].clock;
        if (meant) add(m, c, *a, i);
        any |= meant;
    }
    if (!any)
        TB__REPORT(m, ALERT_NO_LIMIT, c->head, step == TB_NO_INDEX ? p->matter : p->steps.items[step].name, TB_NONE,
                   TB_NONE);
}

static void clause(tb__matter *m, const tb_clause *c, uint32_t step) {
    const tb_part *before = tb_part_of(c, TB_P_BEFORE_EXPIRY), *report = tb_part_of(c, TB_P_REPORT);
    tb_alert_def a = {.kind = kind_of(c->kind), .span = c->span};
    if (!a.kind || !before) return; /* shape.c has said so */
    a.n = before->duration.n;
    a.unit = (enum tb_unit)before->duration.unit;
    a.report = report && report->names.count ? report->names.items[0].text : TB_NONE;
    if (a.n < 1 || before->names.count) {
        TB__REPORT(m, ALERT_WHEN, before->span, tb_str_z(tb_alert_word(a.kind)), TB_NONE, TB_NONE);
        return;
    }
    uint32_t *to = TB_NEW_ARRAY(m->c->a, c->names.count, uint32_t);
    for (uint32_t i = 0; i < c->names.count; i++) {
        uint32_t at = a.kind == TB_ALERT_REMIND ? tb__post_named(m, &c->names.items[i])
                                                : tb__place_named(m, &c->names.items[i]);
        if (at != TB_NO_INDEX) to[a.to_n++] = at;
    }
    a.to = to;
    add_all(m, c, &a, step);
}

void tb__alerts(tb__matter *m) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++) clause(m, &m->head->clauses.items[i], TB_NO_INDEX);
    for (uint32_t s = 0; s < m->p->steps.count; s++)
        for (uint32_t i = 0; i < m->step_section[s]->clauses.count; i++)
            clause(m, &m->step_section[s]->clauses.items[i], s);
}

/* ---- in a step ---- */

static void say(struct work *w, const tb_alert_def *a, tb_str clock, tb_due due) {
    char day[TB_DAY_TEXT];
    const tb_case *c = w->c;
    tell(w, "临近届满", clock, tb_str_copy(w->a, tb_str_z(tb_day_text(due.day, day))), w->at);
    for (uint32_t i = 0; i < a->to_n; i++) {
        bool remind = a->kind == TB_ALERT_REMIND;
        uint32_t role = remind ? w->p->posts.items[a->to[i]].place : a->to[i];
        tb_str name = remind ? w->p->posts.items[a->to[i]].name : w->p->places.items[a->to[i]].name;
        tell(w, tb_alert_word(a->kind), name, role == TB_NO_INDEX ? c->applicant.person : c->places[role], w->at);
    }
    if (a->report.n) tell(w, "报告", a->report, TB_NONE, w->at);
}

bool tb__alert_told(struct work *w) {
    const tb_program *p = w->p;
    uint32_t at;
    TB__FIND(p->alerts, .key, w->e->timer, at);
    for (uint32_t i = 0; at != TB_NO_INDEX && w->c->outcome == TB_NO_INDEX && i < w->c->clocks.count; i++) {
        const tb_alert_def *a = &p->alerts.items[at];
        tb_running *r = &w->c->clocks.items[i];
        if (r->def != a->clock || r->to != TB_NO_TIME || r->overdue || (r->alerted >> a->slot & 1)) continue;
        tb_due due = tb_alert_due(w->c, w->env, r, a);
        if (due.kind != TB_DUE_EXACT || due.at > w->e->at) continue;
        r->alerted |= (uint32_t)1 << a->slot;
        if (w->at < w->before->at) w->at = w->before->at; /* moved back by a new calendar, behind what has happened */
        say(w, a, p->clocks.items[r->def].name, tb_clock_due(w->c, w->env, r));
        return true;
    }
    return false;
}
