/* A failed proof shows its path: in a line for people, and as a 用例 that `tongban test` runs against the same rules.
 *
 * The 用例 is dated by the calendar given, in its last published year: from the first Monday in March on, a stretch
 * without long holidays, or, for a span in 自然日 or 小时, from the day of the year from which the path takes
 * longest. Each step kept to its last moment where the path says so: at 16:00 of the due day, or by looking,
 * the day after, at what 逾期的 did at its end (24:00, still that day: step.c). It uses the step clocks' own derivation
 * (calendar.h), so that the dates are those a server would give. */
#include "names.h"
#include "proof_work.h"
#include "case.h"
#include <string.h>

enum { MINUTE = 60000, LATE_HOUR = 16 };

tb_str tb__path_text(tb__proof *w, const tb__edges *path) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < path->count; i++) {
        const tb__edge *e = &w->g.edges.items[path->items[i]];
        uint32_t step = tb__step_of_edge(w, e);
        if (step == TB_NO_INDEX) {
            tb_putf(&b, tb__say(w, "提交（%.*s）", "submitted (%.*s)"),
                    TB_FMT(w->p->modes.items[w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))].mode].name));
            continue;
        }
        tb_putf(&b, " → %.*s·%.*s", TB_FMT(w->p->steps.items[step].name), TB_FMT(w->p->moves.items[e->move].act));
    }
    return tb_buf_str(&b);
}

/* ---- the 用例 ---- */

struct line {
    int64_t at;
    tb_str text;
};
struct telling {
    tb__proof *w;
    TB_LIST(struct line) lines;
    int64_t now;                  /* of the event being performed */
    bool dry;                     /* only the dates: no lines */
    int64_t *entered;             /* by state: when its clock began */
    int64_t *ready;               /* by state: when the next act of the task may be written */
    int64_t *first, *last;        /* by milestone; TB_NO_TIME */
    int *used;                    /* by step, 续计: what earlier visits took */
    TB_LIST(tb_exclusion) pauses; /* interruptions: the limits of what was interrupted stand still */
    bool resuming;
};

static void put_line(struct telling *t, int64_t at, tb_str text) {
    char day[TB_DAY_TEXT];
    if (t->dry) return;
    int minutes = (int)((at - tb_day_start(tb_day_of(at))) / MINUTE);
    struct line *l = TB_PUSH(t->w->a, t->lines);
    *l = (struct line){at, tb_str_printf(t->w->a, "  %s %02d:%02d %.*s。\n", tb_day_text(tb_day_of(at), day),
                                         minutes / 60, minutes % 60, TB_FMT(text))};
    for (; l > t->lines.items && l[-1].at > l->at;
         l--) { /* tasks side by side have their own time: put in order, stable */
        struct line x = l[-1];
        l[-1] = *l;
        *l = x;
    }
}

/* The interruptions that are over and ended after that day: what stood still for a limit begun then. */
static uint32_t pauses_after(const struct telling *t, int32_t day, tb_exclusion *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->pauses.count && n < TB__EXCLUSIONS; i++)
        if (t->pauses.items[i].to > day && t->pauses.items[i].to != INT32_MAX) out[n++] = t->pauses.items[i];
    return n;
}

static void interrupt(struct telling *t, const tb_move *m, uint16_t source) {
    const tb_node *n = &t->w->p->nodes[source];
    int32_t day = tb_day_of(t->now);
    if (m->interrupts) *TB_PUSH(t->w->a, t->pauses) = (tb_exclusion){day, INT32_MAX};
    else if (m->resumes) t->pauses.items[t->pauses.count - 1].to = day;
    else if (n->kind == TB_NODE_STEP && t->w->p->steps.items[n->index].interrupts && m->leaves) t->pauses.count--;
    t->resuming = m->resumes;
}

static tb_due due_of(struct telling *t, uint16_t leaf, uint32_t step) {
    const tb_program *p = t->w->p;
    tb_due none = {.kind = TB_DUE_NONE, .at = TB_NO_TIME};
    if (p->steps.items[step].clock == TB_NO_INDEX) return none;
    const tb_clock_def *d = &p->clocks.items[p->steps.items[step].clock];
    int64_t from = d->from == TB_NO_INDEX ? t->entered[leaf] : d->first ? t->first[d->from] : t->last[d->from];
    if (from == TB_NO_TIME) return none;
    tb_exclusion out[TB__EXCLUSIONS];
    uint32_t outs = pauses_after(t, tb_day_of(from), out);
    return tb_due_after(t->w->calendar, from, d->n - (d->keep ? t->used[step] : 0), d->unit, d->roll, out, outs);
}

static void leave(struct telling *t, uint16_t leaf, uint32_t step) {
    const tb_program *p = t->w->p;
    if (p->steps.items[step].clock == TB_NO_INDEX) return;
    const tb_clock_def *d = &p->clocks.items[p->steps.items[step].clock];
    if (!d->keep || t->entered[leaf] == TB_NO_TIME) return;
    tb_exclusion out[TB__EXCLUSIONS];
    uint32_t outs = pauses_after(t, tb_day_of(t->entered[leaf]), out);
    int n = tb_used_between(t->w->calendar, t->entered[leaf], t->now, d->unit, out, outs);
    if (n > 0) t->used[step] += n;
}

static void record(struct telling *t, const tb__records *r) {
    for (uint32_t i = 0; i < r->count; i++) {
        const tb__record *x = &r->items[i];
        int64_t at = t->now;
        if (x->dated != TB_NO_INDEX && t->last[x->dated] != TB_NO_TIME)
            at = x->dated_first ? t->first[x->dated] : t->last[x->dated];
        if (t->first[x->milestone] == TB_NO_TIME) t->first[x->milestone] = at;
        t->last[x->milestone] = at;
    }
}

static void perform(struct telling *t, const tb__edge *e, int64_t ready) {
    tb__proof *w = t->w;
    const tb_program *p = w->p;
    uint64_t recorded = 0;
    const tb_held *fixed = NULL;
    tb__records r = {0};
    if (e->from == TB__NONE)
        tb__records_of_submission(w, w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))].mode, &recorded, &r);
    record(t, &r);
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        r.count = 0;
        if (TB__OP_IS_ENTER(op)) {
            uint16_t s = (uint16_t)TB__OP_INDEX(op);
            if (!t->resuming) t->entered[s] = t->now;
            t->ready[s] = ready;
            if (p->nodes[s].kind == TB_NODE_STEP && !t->resuming)
                tb__records_of_step(w, p->nodes[s].index, &recorded, &r);
        } else {
            const tb_move *m = &p->moves.items[p->transition_move[TB__OP_INDEX(op)]];
            uint16_t source = tb_chart_arrow(p->chart, (uint16_t)TB__OP_INDEX(op)).source;
            for (uint16_t s = source; m->kind == TB_MOVE_DONE && s < tb_chart_states(p->chart) &&
                                      (s == source || tb_chart_descends(p->chart, s, source));
                 s++) {
                if (p->nodes[s].kind != TB_NODE_BRANCH_DONE || t->entered[s] == TB_NO_TIME) continue;
                if (t->entered[s] > t->now) t->now = t->entered[s]; /* the join waits for the last */
                if (t->ready[s] > ready) ready = t->ready[s];
            }
            interrupt(t, m, source);
            tb__records_of_move(w, m, e->tacit, &recorded, &r);
            fixed = m->held && !e->tacit ? &p->helds.items[m->held - 1] : fixed;
        }
        record(t, &r);
    }
    if (fixed) t->last[fixed->milestone] = tb__held_earliest(w->calendar, fixed, t->now); /* as the 用例 will state it */
}

tb_str tb__submission_text(tb__proof *w, const tb__valuation *v) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    tb_putf(&b, "提交，模式 %.*s", TB_FMT(tb_name_written(w->a, w->p->modes.items[v->mode].name)));
    for (uint32_t i = 0; i < w->deciding.count; i++) {
        const tb__deciding *d = &w->deciding.items[i];
        const tb__answer *answer = &d->answers.items[v->chosen[i]];
        for (uint32_t k = 0; k < d->fields_n; k++) {
            const tb_field *f = &w->p->fields.items[d->fields[k]];
            tb_str text = answer->texts[k];
            if (answer->values[k].kind == TB_JSON_NULL) continue;
            if (f->type == TB_T_OPTION) text = tb_name_written(w->a, text);
            if (f->type == TB_T_TEXT || f->type == TB_T_TIME) text = tb_str_printf(w->a, "“%.*s”", TB_FMT(text));
            tb_putf(&b, "，%.*s 为 %.*s", TB_FMT(tb_name_written(w->a, f->name)), TB_FMT(text));
        }
    }
    return tb_buf_str(&b);
}

/* A material brought this way, when the case is one in which some was: 容缺 of what may come later, 承诺 of what may be promised. */
static const tb_material *brought(const tb__proof *w, uint32_t state, uint32_t milestone, const tb_material *not) {
    if (milestone == TB_NO_INDEX || !tb__fact(w, tb__state(w, state), milestone)) return NULL;
    for (uint32_t i = 0; i < w->p->materials.count; i++) {
        const tb_material *m = &w->p->materials.items[i];
        if (m != not && (milestone == w->p->papers.promised ? m->promisable : m->deferrable)) return m;
    }
    return NULL;
}

static void put_submission(struct telling *t, const tb__edge *e) {
    tb__proof *w = t->w;
    if (t->dry) return;
    const tb_material *promised = brought(w, e->to, w->p->papers.promised, NULL);
    const tb_material *deferred = brought(w, e->to, w->p->papers.deferred, promised);
    tb_buf b;
    tb_buf_init(&b, w->a);
    tb_putstr(&b, tb__submission_text(w, &w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))]));
    if (promised) tb_putf(&b, "，%.*s 为 承诺", TB_FMT(tb_name_written(w->a, promised->name)));
    if (deferred) tb_putf(&b, "，%.*s 为 容缺", TB_FMT(tb_name_written(w->a, deferred->name)));
    put_line(t, t->now, tb_buf_str(&b));
}

/* What stands beside the task of a host: it acts after what is done; and if it is kept to its last moment, that is the
 * last of what is not done yet (limits.c: wait_for_duties()). Answers the step whose limit `last` is. */
static uint32_t after_obligations(struct telling *t, const tb__edge *e, tb_due *last) {
    const tb_program *p = t->w->p;
    uint16_t host = tb_chart_parent(p->chart, e->leaf);
    uint32_t whose = p->nodes[e->leaf].index;
    if (p->nodes[host].kind != TB_NODE_HOST) return whose;
    for (uint16_t s = (uint16_t)(host + 1); s < tb_chart_states(p->chart) && tb_chart_descends(p->chart, s, host); s++) {
        if (s == e->leaf || !tb_bit(tb__state(t->w, e->from), s)) continue;
        if (p->nodes[s].kind == TB_NODE_DONE && t->ready[s] > t->ready[e->leaf]) t->ready[e->leaf] = t->ready[s];
        if (p->nodes[s].kind != TB_NODE_STEP || last->kind != TB_DUE_EXACT) continue;
        tb_due due = due_of(t, s, p->nodes[s].index);
        if (due.kind == TB_DUE_EXACT && due.at > last->at) *last = due, whose = p->nodes[s].index;
    }
    return whose;
}

static bool leaves_by_expiry(const tb_program *p, uint16_t leaf) {
    for (uint16_t i = 0; i < tb_chart_transitions(p->chart); i++) {
        const tb_move *m = &p->moves.items[p->transition_move[i]];
        if (tb_chart_arrow(p->chart, i).source == leaf && m->kind == TB_MOVE_OVERDUE && m->leaves) return true;
    }
    return false;
}

/* Before its limit is over? A step that an expiry begins at 24:00 and that is interrupted at once has used up a day of it
 * (M10), which the proof need not have counted. */
static bool in_time(struct telling *t, uint16_t leaf, uint32_t step, int64_t at) {
    tb_due due = due_of(t, leaf, step);
    return due.kind != TB_DUE_EXACT || at < due.at;
}

static bool put_event(struct telling *t, const tb__edge *e, bool waits) {
    tb__proof *w = t->w;
    const tb_program *p = w->p;
    uint32_t step = tb__step_of_edge(w, e);
    const tb_move *m = &p->moves.items[e->move];
    bool beside = false;
    for (uint16_t s = e->leaf; s != TB_NO_STATE; s = tb_chart_parent(p->chart, s))
        beside |= tb_chart_kind(p->chart, s) == TB_PARALLEL;
    tb_due due = {.kind = TB_DUE_NONE};
    if (waits || e->tacit) {
        due = due_of(t, e->leaf, step);
        if (due.kind != TB_DUE_EXACT) return false;
    }
    if (e->tacit) {
        bool midnight = due.at == tb_day_start(tb_day_of(due.at)); /* 24:00, as in step.c: still the day it ends */
        int64_t at = due.at + (midnight ? 9 * 60 * MINUTE : MINUTE);
        t->now = midnight ? due.at - 1 : due.at;
        if (t->now < t->entered[e->leaf]) t->now = t->entered[e->leaf];
        if (at <= t->ready[e->leaf]) at = t->ready[e->leaf] + MINUTE;
        if (m->leaves) leave(t, e->leaf, step);
        else t->ready[e->leaf] = at;
        perform(t, e, at);
        put_line(t, at, tb__ended(w, e->to) ? TB_STR("此时 办结") : TB_STR("此时 已 提交"));
        return true;
    }
    uint32_t whose = after_obligations(t, e, &due);
    int64_t at = t->ready[e->leaf] + MINUTE;
    if (waits) {
        int64_t last = tb_day_start(due.day) + LATE_HOUR * 60 * MINUTE;
        if (tb_unit_instant(p->clocks.items[p->steps.items[whose].clock].unit)) last = due.at - MINUTE;
        if (last > at) at = last;
    }
    uint32_t held = m->leaves && m->step != TB_NO_INDEX ? p->steps.items[m->step].held : 0;
    int64_t day = held ? t->last[p->helds.items[held - 1].milestone] : TB_NO_TIME;
    if (day != TB_NO_TIME && day + 9 * 60 * MINUTE > at) at = day + 9 * 60 * MINUTE;
    if (leaves_by_expiry(p, e->leaf) && !in_time(t, e->leaf, step, at)) return false;
    t->now = at;
    tb_str act = t->dry ? TB_NONE : tb_name_written(w->a, m->act);
    if (!t->dry)
        put_line(t, at,
                 beside ? tb_str_printf(w->a, "%.*s，环节 %.*s", TB_FMT(act),
                                        TB_FMT(tb_name_written(w->a, p->steps.items[step].name)))
                        : act);
    if (m->leaves && !m->interrupts) leave(t, e->leaf, step);
    if (!m->leaves) t->ready[e->leaf] = at;
    perform(t, e, at);
    return true;
}

/* Tells the path from a submission at 09:00 of `day` on; false when some date cannot be told. */
static bool tell(struct telling *t, const tb__edges *path, const bool *waits, int32_t day) {
    tb__proof *w = t->w;
    uint32_t milestones = w->p->milestones.count, states = tb_chart_states(w->p->chart);
    t->now = tb_day_start(day) + 9 * 60 * MINUTE;
    memset(t->used, 0, w->p->steps.count * sizeof *t->used);
    t->pauses.count = 0;
    t->resuming = false;
    for (uint32_t s = 0; s < states; s++) t->entered[s] = t->ready[s] = TB_NO_TIME;
    for (uint32_t i = 0; i < milestones; i++) t->first[i] = t->last[i] = TB_NO_TIME;
    for (uint32_t i = 0; i < path->count; i++) {
        const tb__edge *e = &w->g.edges.items[path->items[i]];
        if (e->from == TB__NONE) {
            put_submission(t, e);
            perform(t, e, t->now);
        } else if (!put_event(t, e, waits && waits[i])) {
            return false;
        }
    }
    return true;
}

/* The first Monday in March; or, when rest days count, the day of that year from which the path takes longest. */
static int32_t first_day(struct telling *t, const tb__edges *path, const bool *waits, bool rest_days_count) {
    int year = tb_calendar_last_year(t->w->calendar);
    int32_t best = tb_day(year, 3, 1), longest = -1;
    while (tb_weekday(best) != 1) best++;
    t->dry = true;
    for (int32_t day = tb_day(year, 1, 1); rest_days_count && day < tb_day(year, 12, 1); day++) {
        if (!tell(t, path, waits, day)) continue;
        int32_t took = tb_day_of(t->now) - day;
        if (took > longest) longest = took, best = day;
    }
    t->dry = false;
    return best;
}

tb_str tb__path_scenario(tb__proof *w, const tb__edges *path, const bool *waits, bool rest_days_count, tb_str name,
                         tb_str remark) {
    if (!w->calendar || !tb_calendar_last_year(w->calendar)) return TB_NONE;
    /* No form is known that answers so: there is nothing to hand in. */
    if (path->count && !tb__shown(w, tb__valuation_of(w, tb__state(w, w->g.edges.items[path->items[0]].to))))
        return TB_NONE;
    struct telling t = {.w = w};
    uint32_t milestones = w->p->milestones.count, states = tb_chart_states(w->p->chart);
    t.entered = TB_NEW_ARRAY(w->a, states, int64_t);
    t.ready = TB_NEW_ARRAY(w->a, states, int64_t);
    t.first = TB_NEW_ARRAY(w->a, milestones, int64_t);
    t.last = TB_NEW_ARRAY(w->a, milestones, int64_t);
    t.used = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, int);
    /* A limit that never began or ended too early, or a year not published: there is no date to write. */
    if (!tell(&t, path, waits, first_day(&t, path, waits, rest_days_count))) return TB_NONE;
    tb_buf b;
    tb_buf_init(&b, w->a);
    tb_putf(&b, "用例 %.*s：  # %.*s\n", TB_FMT(tb_name_written(w->a, name)), TB_FMT(remark));
    for (uint32_t i = 0; i < t.lines.count; i++) tb_putstr(&b, t.lines.items[i].text);
    return tb_buf_str(&b);
}

tb_diagnostic *tb__failed(tb__proof *w, enum tb_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2,
                          const tb__edges *path) {
    tb_proof_failure f = {.code = code, .span = span};
    if (path) {
        f.path_text = tb__path_text(w, path);
        f.scenario = tb__path_scenario(
            w, path, NULL, false,
            tb_str_printf(w->a, tb__say(w, "证明失败%u", "failed-proof-%u"), w->r->failures.count + 1), v0);
    }
    *TB_PUSH(w->a, w->r->failures) = f;
    return tb_report(w->out, code, span, v0, v1, v2);
}
