/* Clocks of a case (M7, M8, M10, M11): a running clock keeps its start and what was added; its due day is derived each
 * time.
 *
 * Why derived: a calendar revised in mid-year moves every open deadline, and a stored target would have to be found and
 * mended. The timer in the store is only a reminder; when it pops, the due day is derived again before anything is
 * called overdue. */
#include "case.h"
#include "history.h"
#include <string.h>

const tb_calendar *tb__calendar_at(const tb_env *env, tb_str place_code) {
    return env->calendar(env->user, tb_directory_calendar(env->directory, place_code));
}

const tb_calendar *tb__calendar_of(const tb_case *c, const tb_env *env, uint32_t role) {
    if (role == TB_NO_INDEX) role = c->program->authority_place;
    return tb__calendar_at(env, role == TB_NO_INDEX ? c->applicant.place : c->places[role]);
}

/* Adds a stretch that ended after `start`, in order of time; what touches is one. They mostly come in that order: not what a started
 * case tells late (along.c). */
static uint32_t add_stretch(tb_exclusion x, int32_t start, tb_exclusion *out, uint32_t n, uint32_t room) {
    if (x.to <= start) return n; /* over before this clock began */
    uint32_t at = n, past;
    while (at && out[at - 1].from > x.from) at--;
    if (at && x.from <= out[at - 1].to) {
        if (x.to > out[--at].to) out[at].to = x.to;
    } else {
        if (n == room) return n + 1;
        memmove(out + at + 1, out + at, (n - at) * sizeof *out);
        out[at] = x;
        n++;
    }
    for (past = at + 1; past < n && out[past].from <= out[at].to; past++)
        if (out[past].to > out[at].to) out[at].to = out[past].to;
    memmove(out + at + 1, out + past, (n - past) * sizeof *out);
    return n - (past - at - 1);
}

bool tb_stops(const tb_step_def *s, uint32_t clock) {
    for (uint32_t i = 0; i < s->beyond_n; i++)
        if (s->beyond[i] == clock) return false;
    return s->excludes;
}

/* Does the i-th of the case's pauses, and then of its stops, hold this clock's time? *by: the stop; NULL: a pause. The law's exclusions
 * stop spans of the case, never a step's own limit (M10): that stands still only while its step is interrupted (history.c),
 * or waits for a case that stands still (along.c), which stops every span as well. */
static bool holds_time(const tb_case *c, uint32_t def, uint32_t i, tb_exclusion *x, const tb_stopped **by) {
    const tb_clock_def *d = &c->program->clocks.items[def];
    bool own = d->kind == TB_CLOCK_STEP || d->kind == TB_CLOCK_DEFERRAL;
    *by = NULL;
    if (i < c->pauses.count) {
        *x = (tb_exclusion){c->pauses.items[i].from, c->pauses.items[i].to};
        return own && c->pauses.items[i].def == def;
    }
    const tb_stopped *s = *by = &c->stopped.items[i - c->pauses.count];
    *x = (tb_exclusion){s->from, s->to};
    if (own) return s->call.n && s->step == d->step;
    return s->call.n || tb_stops(&c->program->steps.items[s->step], def);
}

uint32_t tb__pauses_of(const tb_case *c, uint32_t def, int32_t start, tb_exclusion *out, uint32_t room) {
    const tb_stopped *by;
    tb_exclusion x;
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->pauses.count + c->stopped.count && n <= room; i++)
        if (holds_time(c, def, i, &x, &by)) n = add_stretch(x, start, out, n, room);
    return n;
}

/* `until`: an exclusion that is still open is taken to end that day; INT32_MAX: it is open. */
static tb_due derive(tb_arena *a, const tb_case *c, const tb_env *env, const tb_running *clock, int32_t until,
                     tb_due_ranges *why) {
    const tb_clock_def *def = &c->program->clocks.items[clock->def];
    const tb_calendar *calendar = tb__calendar_of(c, env, def->place);
    tb_exclusion out[TB__EXCLUSIONS];
    uint32_t outs = tb__pauses_of(c, clock->def, tb_day_of(clock->from), out, TB__EXCLUSIONS);
    if (!calendar || outs > TB__EXCLUSIONS) return (tb_due){.kind = TB_DUE_NONE, .day = TB_NO_DAY, .at = TB_NO_TIME};
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].to == INT32_MAX) out[i].to = until;
    int n = def->n + clock->extended > 0 ? def->n + clock->extended
                                         : 0; /* 续计 with nothing left ends on the day it began, not before */
    return why ? tb_due_explain(a, calendar, clock->from, n, def->unit, def->roll, out, outs, why)
               : tb_due_after(calendar, clock->from, n, def->unit, def->roll, out, outs);
}

tb_due tb_clock_due(const tb_case *c, const tb_env *env, const tb_running *clock) {
    return derive(NULL, c, env, clock, INT32_MAX, NULL);
}

tb_due tb__clock_due_resumed(const tb_case *c, const tb_env *env, const tb_running *clock, int32_t today) {
    return derive(NULL, c, env, clock, today, NULL);
}

/* ---- why ---- */

tb_str tb_law_text(const tb_program *p, const tb_law_ref *law) {
    return law && law->span.file < p->sources->list.count ? tb_source_text(p->sources, law->span) : TB_STR("");
}

tb_str tb__stop_ground(tb_arena *a, const tb_case *c, const tb_stopped *x) {
    const tb_step_def *s = &c->program->steps.items[x->step];
    if (x->call.n) return x->ground.n ? x->ground : tb_str_printf(a, "%.*s：子办件停止计时", TB_FMT(s->name));
    tb_str excluded = tb_law_text(c->program, s->why_excluded), needed = tb_law_text(c->program, s->why_needed);
    return tb_str_printf(a, "%.*s%s%.*s%s%.*s", TB_FMT(s->name), excluded.n ? "，依" : "", TB_FMT(excluded),
                         needed.n ? "，因" : "", TB_FMT(needed));
}

/* A stretch that does not count, and on what ground. */
struct ground {
    tb_exclusion days;
    tb_str text;
};
typedef TB_LIST(struct ground) grounds;

static grounds grounds_of(tb_arena *a, const tb_case *c, const tb_running *clock) {
    const tb_stopped *by;
    grounds all = {0};
    struct ground g;
    for (uint32_t i = 0; i < c->pauses.count + c->stopped.count; i++) {
        if (!holds_time(c, clock->def, i, &g.days, &by)) continue;
        g.text = by ? tb__stop_ground(a, c, by) : TB_STR("环节中断");
        *TB_PUSH(a, all) = g;
    }
    return all;
}

/* The grounds of one day, joined; *to: the last day for which they are the same. */
static tb_str ground_of(tb_arena *a, const grounds *all, int32_t day, int32_t *to) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct ground *g = &all->items[i];
        bool within = g->days.from < day && day <= g->days.to, said = false;
        if (within && g->days.to < *to) *to = g->days.to;
        if (g->days.from >= day && g->days.from < *to) *to = g->days.from;
        for (uint32_t k = 0; within && k < i && !said; k++)
            said = all->items[k].days.from < day && day <= all->items[k].days.to && tb_str_eq(all->items[k].text, g->text);
        if (!within || said) continue;
        if (b.n) tb_puts(&b, "；");
        tb_putstr(&b, g->text);
    }
    return tb_buf_str(&b);
}

tb_due tb_clock_why(tb_arena *a, const tb_case *c, const tb_env *env, const tb_running *clock, tb_due_ranges *why) {
    tb_due_ranges plain;
    tb_due due = derive(a, c, env, clock, INT32_MAX, &plain);
    grounds all = grounds_of(a, c, clock);
    *why = (tb_due_ranges){0};
    for (uint32_t i = 0; i < plain.count; i++) {
        tb_due_range r = plain.items[i];
        while (r.why == TB_WHY_EXCLUDED) {
            int32_t last = r.to;
            r.name = ground_of(a, &all, r.from, &r.to);
            if (r.to == last) break;
            *TB_PUSH(a, *why) = r;
            r.from = r.to + 1, r.to = last;
        }
        *TB_PUSH(a, *why) = r;
    }
    return due;
}

tb_str tb_clock_name(tb_arena *a, const tb_program *p, uint32_t def) {
    const tb_clock_def *d = &p->clocks.items[def];
    return d->kind == TB_CLOCK_STEP ? tb_str_printf(a, "“%.*s”的期限", TB_FMT(d->name)) : d->name;
}

tb_due tb_alert_due(const tb_case *c, const tb_env *env, const tb_running *clock, const tb_alert_def *alert) {
    static const tb_due none = {.kind = TB_DUE_NONE, .day = TB_NO_DAY, .at = TB_NO_TIME};
    const tb_calendar *calendar = tb__calendar_of(c, env, c->program->clocks.items[clock->def].place);
    if (!calendar) return none;
    tb_due due = tb_due_before(calendar, tb_clock_due(c, env, clock), alert->n, alert->unit);
    return due.kind == TB_DUE_EXACT && due.at <= clock->begun ? none : due;
}

void tb_each_timer(const tb_case *c, const tb_env *env, tb_timer_fn *fn, void *user) {
    const tb_program *p = c->program;
    for (uint32_t i = 0; i < c->clocks.count && c->outcome == TB_NO_INDEX; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->to != TB_NO_TIME || r->overdue) continue;
        tb_due due = tb_clock_due(c, env, r);
        if (due.kind == TB_DUE_NONE) continue;
        tb_timer expiry = {due.at, p->clocks.items[r->def].name, due.kind == TB_DUE_NOT_BEFORE, false, r->def};
        fn(user, &expiry);
        for (uint32_t k = 0; p->clocks.items[r->def].alerts && k < p->alerts.count; k++) {
            const tb_alert_def *a = &p->alerts.items[k];
            if (a->clock != r->def || (r->alerted >> a->slot & 1)) continue;
            due = tb_alert_due(c, env, r, a);
            if (due.kind == TB_DUE_NONE) continue;
            tb_timer alert = {due.at, a->key, due.kind == TB_DUE_NOT_BEFORE, true, k};
            fn(user, &alert);
        }
    }
}

/* Which of two timers of one instant goes first: an alert before any expiry, a step's expiry before a span's, then in
 * order of declaration. M12 has declaration alone; but what a step's expiry brings about (视为 受理, a decision) happens
 * on the day that ends, and may itself end the span in time. */
static bool goes_before(const tb_program *p, const tb_timer *a, const tb_timer *b) {
    if (a->alert != b->alert) return a->alert;
    if (a->alert) return a->def < b->def;
    bool step_a = p->clocks.items[a->def].kind == TB_CLOCK_STEP, step_b = p->clocks.items[b->def].kind == TB_CLOCK_STEP;
    return step_a != step_b ? step_a : a->def < b->def;
}

struct next {
    const tb_program *p;
    tb_timer *t;
    bool found;
};

/* Any expiry or alert goes before any re-check: a bound that has passed says nothing (M11) and must not hide a limit that
 * did expire. */
static void take_earlier(void *user, const tb_timer *x) {
    struct next *n = user;
    bool earlier = !n->found || (x->recheck != n->t->recheck ? !x->recheck
                                 : x->due != n->t->due       ? x->due < n->t->due
                                                             : goes_before(n->p, x, n->t));
    if (earlier) *n->t = *x;
    n->found = true;
}

bool tb_next_timer(const tb_case *c, const tb_env *env, tb_timer *t) {
    struct next n = {.p = c->program, .t = t};
    tb_each_timer(c, env, take_earlier, &n);
    return n.found;
}
