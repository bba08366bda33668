/* 期限调整: a running deadline changed as a recorded act with authority.
 *
 *   期限调整 由 审批负责人 批准，限 2次，出具 期限调整告知书。
 *
 * gives that post the act 「调整期限」: of one running limit (期限) the whole budget becomes 改为, in the limit's own unit
 * and counted from its own start, for a stated reason (理由). A clock is a budget and what was added to it (M8), so only
 * the difference is kept, beside what 期限延长 adds and 续计 takes off; due days, alerts, cards and timers are derived
 * and follow. Of a step with 续计 the budget is that of all its visits together: what earlier ones used stays used, and
 * what was added goes on.
 *
 * An organ changes what it set itself: the limits of its steps, 承诺期限, the time for 容缺 materials. What a law sets is
 * not its own: 法定期限, and a limit of a step or for 容缺 materials that cites a law. No limit may then end after a
 * running 法定期限 does, nor before now. An exclusion that is still open is taken to end today for this comparison: every
 * day more moves the statutory limit, if anything, later. A day that is only a bound (M11) is never taken for an exact
 * one. */
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

bool tb__adjustable(const tb_clock_def *d) {
    return d->kind == TB_CLOCK_PROMISED || (d->kind != TB_CLOCK_STATUTORY && !d->law);
}

/* What the limit amounts to now, in its own unit. */
static int budget(const tb_case *c, const tb_running *r) {
    const tb_clock_def *d = &c->program->clocks.items[r->def];
    return d->n + (d->kind == TB_CLOCK_STEP ? r->adjusted : r->extended);
}

bool tb_adjustable_now(const tb_case *c, const tb_running *r) {
    return r->to == TB_NO_TIME && !r->overdue && tb__adjustable(&c->program->clocks.items[r->def]);
}

/* ---- which limit, and what it is to become ---- */

static tb_str said(const struct work *w, const char *key) {
    return w->e && w->e->input ? tb_json_text(w->e->input, key) : TB_NONE;
}

static tb_str adjustable_now(const struct work *w) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < w->c->clocks.count; i++)
        if (tb_adjustable_now(w->c, &w->c->clocks.items[i]))
            tb__list_name(&b, w->p->clocks.items[w->c->clocks.items[i].def].name);
    return b.n ? tb_buf_str(&b) : TB_STR("（无）");
}

/* By its name, or as due dates are told: “审查”的期限. */
static uint32_t limit_named(const struct work *w, tb_str name) {
    uint32_t at = 0;
    while (at < w->p->clocks.count && !tb_str_eq(w->p->clocks.items[at].name, name) &&
           !tb_str_eq(tb_clock_name(w->a, w->p, at), name))
        at++;
    return at < w->p->clocks.count ? at : TB_NO_INDEX;
}

static tb_running *running_limit(tb_case *c, uint32_t def) {
    for (uint32_t i = 0; i < c->clocks.count; i++)
        if (c->clocks.items[i].def == def && c->clocks.items[i].to == TB_NO_TIME) return &c->clocks.items[i];
    return NULL;
}

/* A whole number as people write it: 7; 0: it is none. */
static int whole(tb_str text) {
    int n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || n > TB_COUNT_LIMIT || (!n && text.p[i] == '0')) return 0;
        n = n * 10 + text.p[i] - '0';
    }
    return n;
}

static tb_running changed(const tb_case *c, const tb_running *r, int n) {
    tb_running x = *r;
    x.extended += n - budget(c, r);
    x.adjusted += n - budget(c, r);
    return x;
}

/* ---- does it stay between today and the law? ---- */

/* Is `a` certainly not later than `b`? */
static bool no_later(tb_due a, tb_due b) {
    if (a.kind == TB_DUE_NONE || b.kind == TB_DUE_NONE) return false;
    return (a.kind == TB_DUE_EXACT || b.kind != TB_DUE_EXACT) && a.at <= b.at;
}

/* The running 法定期限 that a limit due then would outlast; NULL: none. */
static const tb_running *outlasted(const tb_case *c, const tb_env *env, tb_due due, int32_t today) {
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (c->program->clocks.items[r->def].kind != TB_CLOCK_STATUTORY || r->to != TB_NO_TIME) continue;
        if (!no_later(due, tb__clock_due_resumed(c, env, r, today))) return r;
    }
    return NULL;
}

static bool passed(tb_due due, int64_t now) { return due.kind == TB_DUE_EXACT && due.at <= now; }

static bool in_range(const tb_case *c, const tb_running *r, int n) {
    int most;
    return tb__limit_fits(n, c->program->clocks.items[r->def].unit, &most) && n != budget(c, r);
}

static tb_str due_text(tb_arena *a, tb_due due, enum tb_unit unit) {
    char day[TB_DAY_TEXT], time[TB_TIME_TEXT];
    if (due.kind == TB_DUE_NONE) return TB_STR("算不出的一天");
    if (due.kind == TB_DUE_EXACT && tb_unit_instant(unit))
        return tb_str_printf(a, "%.10s %.5s", tb_time_text(due.at, time), time + 11);
    return tb_str_printf(a, "%s%s", due.kind == TB_DUE_NOT_BEFORE ? "不早于 " : "", tb_day_text(due.day, day));
}

static bool between(struct work *w, const tb_move *m, const tb_running *r, int n) {
    const tb_clock_def *d = &w->p->clocks.items[r->def];
    int32_t today = tb_day_of(w->e->at);
    tb_running then = changed(w->c, r, n);
    tb_due due = tb__clock_due_resumed(w->c, w->env, &then, today);
    tb_str day = due_text(w->a, due, d->unit);
    if (passed(due, w->e->at))
        return REFUSE(w, ADJUST_PAST, m->span, d->name,
                      tb_str_printf(w->a, "%d%s", n, tb_unit_text((enum tb_unit_word)d->unit, TB_LANG_ZH)), day);
    const tb_running *law = outlasted(w->c, w->env, due, today);
    if (!law) return due.kind != TB_DUE_NONE || REFUSE(w, ADJUST_BEYOND, m->span, d->name, day, TB_STR("日历能算的最后一天"));
    const tb_clock_def *statutory = &w->p->clocks.items[law->def];
    tb_str its = due_text(w->a, tb__clock_due_resumed(w->c, w->env, law, today), statutory->unit);
    return REFUSE(w, ADJUST_BEYOND, m->span, d->name, day,
                  tb_str_printf(w->a, "%.*s的 %.*s", TB_FMT(statutory->name), TB_FMT(its)));
}

/* ---- at the window ---- */

bool tb__adjust_open(struct work *w, const tb_move *m, tb_refusal *r) {
    for (uint32_t i = 0; i < w->c->clocks.count; i++)
        if (tb_adjustable_now(w->c, &w->c->clocks.items[i])) return true;
    if (said(w, TB__ADJUST_LIMIT).n) return true; /* tb__adjust_fits() says what is wrong with that one */
    return tb__refuse(r, TB_R_LIMIT_IDLE, m->span, TB_STR(TB__ADJUST_LIMIT), adjustable_now(w), TB_NONE);
}

bool tb__adjust_fits(struct work *w, const tb_move *m) {
    if (!w->p->adjusts || m != &w->p->moves.items[w->p->adjustment_move]) return true;
    tb_str name = said(w, TB__ADJUST_LIMIT), to = said(w, TB__ADJUST_TO);
    uint32_t def = limit_named(w, name);
    if (def == TB_NO_INDEX) return REFUSE(w, LIMIT_UNKNOWN, m->span, name, adjustable_now(w), TB_NONE);
    const tb_clock_def *d = &w->p->clocks.items[def];
    if (!tb__adjustable(d))
        return REFUSE(w, LIMIT_BY_LAW, d->span, d->name,
                      d->law ? tb_source_text(w->p->sources, d->law->span) : TB_STR("法定期限"), TB_NONE);
    const tb_running *r = running_limit(w->c, def);
    if (!r) return REFUSE(w, LIMIT_IDLE, m->span, d->name, adjustable_now(w), TB_NONE);
    tb_due due = tb_clock_due(w->c, w->env, r);
    if (r->overdue || passed(due, w->e->at))
        return REFUSE(w, EXPIRED, m->span, m->act, due_text(w->a, due, d->unit), TB_NONE);
    int n = whole(to), most;
    tb__limit_fits(n, d->unit, &most);
    if (!in_range(w->c, r, n))
        return REFUSE(w, ADJUST_NUMBER, m->span, to, tb_str_printf(w->a, "%d", most),
                      tb_str_printf(w->a, "%d%s", budget(w->c, r), tb_unit_text((enum tb_unit_word)d->unit, TB_LANG_ZH)));
    return between(w, m, r, n);
}

void tb__adjust(struct work *w) {
    tb_running *r = running_limit(w->c, limit_named(w, said(w, TB__ADJUST_LIMIT)));
    int n = whole(said(w, TB__ADJUST_TO)), was = budget(w->c, r);
    const tb_clock_def *d = &w->p->clocks.items[r->def];
    *r = changed(w->c, r, n);
    tell(w, "调整", d->name,
         tb_str_printf(w->a, "%d→%d%s", was, n, tb_unit_text((enum tb_unit_word)d->unit, TB_LANG_ZH)), w->at);
}

/* ---- what could be asked for ---- */

int tb__adjust_example(const tb_case *c, const tb_env *env, const tb_running *r, int64_t now) {
    static const int steps[] = {1, -1}; /* a unit more, or a unit less, if that is possible */
    int32_t today = tb_day_of(now);
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        int n = budget(c, r) + steps[k];
        tb_running then = changed(c, r, n);
        tb_due due = tb__clock_due_resumed(c, env, &then, today);
        if (in_range(c, r, n) && due.kind != TB_DUE_NONE && !passed(due, now) && !outlasted(c, env, due, today)) return n;
    }
    return 0;
}
