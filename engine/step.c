/* One step: authority first, then the input, then the chart, then what the clauses say happens.
 *
 * The order is the order a window works in. Whose act is it, and here (M14, M16, M17)? Is what must be stated stated?
 * Do the conditions hold (M13, M15)? Only then does the chart move, inner states left first, and on the way the effects
 * of the move are told. A refused act returns before anything was changed, and the copy it might have changed is
 * dropped, so it leaves nothing behind (M3).
 *
 *   submit ─▶ form, places, authority ─▶ 提交, 收到 ─▶ first step of the mode
 *   act    ─▶ which task ─▶ which move ─▶ who ─▶ input ─▶ confirmations ─▶ chart
 *   timer  ─▶ an alert, or which clock ─▶ 超期 ─▶ the step's 逾期的, if it has one
 */
#include "along.h"
#include "calls.h"
#include "case.h"
#include "expression.h"
#include "form.h"
#include "history.h"
#include "step_work.h"
#include <string.h>

/* ---- refusals ---- */

static const struct {
    const char *name;
    int status;
    const char *zh, *en;
} refusals[] = {
    {"NONE", 200, "", ""},
#define X(name, status, zh, en) {#name, status, zh, en},
#include "refusals.def"
#undef X
};

const char *tb_refusal_name(enum tb_refusal_code c) { return refusals[c].name; }
int tb_refusal_status(enum tb_refusal_code c) { return refusals[c].status; }

tb_str tb_refusal_text(tb_arena *a, const tb_refusal *r, enum tb_lang lang) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (const char *z = lang == TB_LANG_EN ? refusals[r->code].en : refusals[r->code].zh; *z; z++) {
        if (z[0] == '{' && z[1] >= '0' && z[1] <= '2' && z[2] == '}') {
            tb_putstr(&b, r->values[z[1] - '0']);
            z += 2;
        } else {
            tb_put(&b, z, 1);
        }
    }
    return tb_buf_str(&b);
}

bool tb__refuse(tb_refusal *r, enum tb_refusal_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2) {
    *r = (tb_refusal){.code = code, .span = span, .values = {v0, v1, v2}};
    return false;
}

void tb__list_name(tb_buf *b, tb_str name) {
    if (b->n) tb_puts(b, "、");
    tb_putstr(b, name);
}

static tb_str time_text(tb_arena *a, int64_t at) {
    char text[TB_TIME_TEXT];
    return tb_str_copy(a, tb_str_z(tb_time_text(at, text)));
}

/* ---- effects ---- */

static void put_effects(tb_buf *b, const tb_outcome *o) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < o->effects.count; i++) {
        const tb_effect *f = &o->effects.items[i];
        tb_puts(b, i ? ",{\"at\":" : "{\"at\":");
        tb_put_int(b, f->at);
        tb_puts(b, ",\"do\":\"");
        tb_puts(b, f->what);
        tb_puts(b, "\",\"name\":");
        tb_json_put_text(b, f->name);
        if (f->value.n) {
            tb_puts(b, ",\"value\":");
            tb_json_put_text(b, f->value);
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

void tb_outcome_write(tb_buf *b, const tb_outcome *o) {
    tb_puts(b, "{\"effects\":");
    put_effects(b, o);
    tb_puts(b, ",\"state\":");
    tb_case_write(b, o->next);
    tb_puts(b, "}");
}

static tb_running *running_clock(tb_case *c, uint32_t def) {
    for (uint32_t i = 0; i < c->clocks.count; i++)
        if (c->clocks.items[i].def == def && c->clocks.items[i].to == TB_NO_TIME) return &c->clocks.items[i];
    return NULL;
}

/* 续计 (M13): a return continues with what was left, so what earlier visits used is taken off. */
static int used_before(struct work *w, uint32_t def) {
    const tb_clock_def *d = &w->p->clocks.items[def];
    const tb_calendar *calendar = tb__calendar_of(w->c, w->env, d->place);
    int used = 0;
    for (uint32_t i = 0; i < w->c->clocks.count && d->keep && calendar; i++) {
        const tb_running *r = &w->c->clocks.items[i];
        if (r->def != def || r->to == TB_NO_TIME) continue;
        tb_exclusion out[TB__EXCLUSIONS];
        uint32_t outs = tb__pauses_of(w->c, def, tb_day_of(r->from), out, TB__EXCLUSIONS);
        if (outs > TB__EXCLUSIONS) outs = TB__EXCLUSIONS;
        int n = tb_used_between(calendar, r->from, r->to, d->unit, out, outs);
        if (n > 0) used += n;
    }
    return used;
}

/* And what 期限调整 gave it goes on, too. */
static int adjusted_before(const struct work *w, uint32_t def) {
    int adjusted = 0;
    for (uint32_t i = 0; i < w->c->clocks.count && w->p->clocks.items[def].keep; i++)
        if (w->c->clocks.items[i].def == def) adjusted = w->c->clocks.items[i].adjusted;
    return adjusted;
}

/* Starts a clock, or starts it anew (M7: a new occurrence restarts it). */
static void start_clock(struct work *w, uint32_t def, uint16_t state, int64_t from) {
    tb_running *r = running_clock(w->c, def);
    if (!r) {
        int used = used_before(w, def), adjusted = adjusted_before(w, def);
        r = TB_PUSH(w->a, w->c->clocks);
        *r = (tb_running){.extended = adjusted - used, .adjusted = adjusted};
    }
    bool late = w->p->clocks.items[def].alerts && w->at > from; /* alerts of the time before are not told */
    *r = (tb_running){.def = def,
                      .state = state,
                      .from = from,
                      .to = TB_NO_TIME,
                      .extended = r->extended,
                      .adjusted = r->adjusted,
                      .begun = late ? w->at : from};
}

static void end_clock(struct work *w, tb_running *r, int64_t at) {
    const tb_clock_def *d = &w->p->clocks.items[r->def];
    if (d->kind == TB_CLOCK_STEP) tb__pauses_end(w->c, r->def, d->keep, at);
    if (d->kind != TB_CLOCK_STEP || d->keep) {
        r->to = at;
        return;
    }
    uint32_t i = (uint32_t)(r - w->c->clocks.items); /* a step's limit has ended with its step: the history tells it */
    memmove(r, r + 1, (w->c->clocks.count - i - 1) * sizeof *r);
    w->c->clocks.count--;
}

static tb_task *task_in(tb_case *c, uint16_t state) {
    for (uint32_t i = 0; i < c->tasks.count; i++)
        if (c->tasks.items[i].state == state) return &c->tasks.items[i];
    return NULL;
}

void tb__record(struct work *w, uint32_t milestone, int64_t at) {
    const tb_program *p = w->p;
    if (w->recorded >> milestone & 1) return;
    w->recorded |= (uint64_t)1 << milestone;
    tb_occurrence *m = &w->c->milestones[milestone];
    if (!m->count) m->first = at;
    m->last = at;
    m->count++;
    tell(w, "记", p->milestones.items[milestone].name, TB_NONE, at);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *d = &p->clocks.items[i];
        if (d->to == milestone) {
            tb_running *r = running_clock(w->c, i);
            if (r) end_clock(w, r, at);
        }
        if (d->from != milestone || (d->first && m->count > 1)) continue;
        if (d->kind == TB_CLOCK_DEFERRAL && !tb__papers_owed(w->c)) continue;
        if (d->kind != TB_CLOCK_STEP) {
            start_clock(w, i, TB_NO_STATE, at);
            continue;
        }
        for (uint32_t t = 0; t < w->c->tasks.count; t++)
            if (w->c->tasks.items[t].step == d->step) start_clock(w, i, w->c->tasks.items[t].state, at);
        for (uint32_t t = 0; t < w->c->suspended.count; t++) {
            uint16_t state = w->c->suspended.items[t].state;
            if (w->c->suspended.items[t].step != d->step) continue;
            start_clock(w, i, state, at);
            tb__pause(w->a, w->c, state, at);
        }
    }
}

/* 收到材料 by the applicant online outside office hours: that day, or the next workday, as the matter declares. */
static int64_t receipt_time(struct work *w) {
    int64_t at = w->at;
    const tb_calendar *c = tb__calendar_of(w->c, w->env, TB_NO_INDEX);
    if (!w->p->next_workday_receipt || !c || w->e->kind == TB_EV_TIMER) return at;
    if (w->e->kind == TB_EV_ACT && !tb_str_is(w->e->by.post, "申请人")) return at;
    int32_t day = tb_day_of(at), workday = tb_next_workday(c, day);
    int64_t minute = (at - tb_day_start(day)) / 60000;
    if (workday == TB_NO_DAY) return at;
    if (workday == day && minute >= tb_calendar_closes(c)) workday = tb_next_workday(c, day + 1);
    if (workday == TB_NO_DAY || workday == day) return at;
    return tb_day_start(workday) + (int64_t)tb_calendar_opens(c) * 60000;
}

static void arrive(struct work *w, uint32_t place) {
    uint32_t received = w->p->places.items[place].received;
    tb__record(w, received, w->at);
    if (received == w->p->receipt) tb__record(w, TB_M_RECEIVED, receipt_time(w));
}

static void issue(struct work *w, uint32_t document) {
    const tb_document *d = &w->p->documents.items[document];
    tb_issued *i = TB_PUSH(w->a, w->c->issued);
    *i = (tb_issued){.document = document, .seq = w->c->seq, .at = w->at};
    i->number = tb_str_printf(w->a, "%.*s-%u", TB_FMT(w->c->id), w->c->issued.count);
    tell(w, "出具", d->name, i->number, w->at);
    for (uint32_t k = 0; k < d->records_n; k++) tb__record(w, d->records[k], w->at);
}

static void extend(struct work *w) {
    for (uint32_t i = 0; i < w->c->clocks.count; i++) {
        tb_running *r = &w->c->clocks.items[i];
        const tb_clock_def *d = &w->p->clocks.items[r->def];
        if (d->kind == TB_CLOCK_STEP || d->kind == TB_CLOCK_DEFERRAL || r->to != TB_NO_TIME ||
            d->unit != w->p->extension_unit || d->fixed)
            continue;
        r->extended += w->p->extension_n;
        tell(w, "延长", d->name, tb_str_printf(w->a, "%d", w->p->extension_n), w->at);
    }
}

static int64_t dated(const struct work *w, const tb_effect_def *f) {
    if (f->dated == TB_NO_INDEX || !w->c->milestones[f->dated].count) return w->at;
    return f->dated_first ? w->c->milestones[f->dated].first : w->c->milestones[f->dated].last;
}

static void perform(struct work *w, const tb_effect_def *f) {
    const tb_program *p = w->p;
    int64_t at = w->at;
    switch (f->kind) {
    case TB_DO_ISSUE: issue(w, f->a); break;
    case TB_DO_RECORD:
        if (f->deemed) tell(w, "视为", p->milestones.items[f->a].name, TB_NONE, dated(w, f));
        if (f->held) {
            tb__record(w, f->a, tb__held_fixed(w, f));
            break;
        }
        tb__record(w, f->a, f->a == TB_M_RECEIVED && f->dated == TB_NO_INDEX ? receipt_time(w) : dated(w, f));
        break;
    case TB_DO_TRANSFER:
        tell(w, "转送", p->places.items[f->a].name, w->c->places[f->a], at);
        arrive(w, f->a);
        break;
    case TB_DO_CLOSE: break; /* the final state is the target: enter() tells it */
    case TB_DO_IRREVERSIBLE:
        w->c->irreversible = true;
        tell(w, "不可撤回", TB_NONE, TB_NONE, at);
        break;
    case TB_DO_RED: tell(w, "红牌", p->places.items[f->a].name, w->c->places[f->a], at); break;
    case TB_DO_YELLOW: tell(w, "黄牌", p->places.items[f->a].name, w->c->places[f->a], at); break;
    case TB_DO_REPORT: tell(w, "报告", f->text, TB_NONE, at); break;
    case TB_DO_PROMPT: {
        const tb_json *said = w->e->input ? tb_json_find(w->e->input, f->text) : NULL;
        tell(w, "提示", f->text, said && said->kind == TB_JSON_STR ? tb_str_copy(w->a, said->text) : TB_NONE, at);
        break;
    }
    case TB_DO_EXTEND: extend(w); break;
    case TB_DO_ADJUST: tb__adjust(w); break;
    case TB_DO_STOP: tb__along(w, TB_ALONG_STOP); break;
    case TB_DO_GO_ON: tb__along(w, TB_ALONG_GO_ON); break;
    }
}

/* ---- the chart's callbacks ---- */

/* Why a move may not be taken now, apart from who asks; true: it may. `host`: the step's parallel when it has
 * obligations. */
static bool move_open(struct work *w, const tb_move *m, uint16_t source, tb_refusal *r) {
    const tb_program *p = w->p;
    tb_case *c = w->c;
    if (!tb__may_interrupt(c, m, r)) return false;
    if (m->before != TB_NO_INDEX && c->milestones[m->before].count)
        return tb__refuse(r, TB_R_TOO_LATE, m->span, m->act, p->milestones.items[m->before].name, TB_NONE);
    /* M17: after 不可撤回 the applicant cannot end the case; what an organ must do stays possible. */
    bool applicants = false;
    for (uint32_t i = 0; i < m->posts_n; i++) applicants |= m->posts[i] == TB_POST_APPLICANT;
    if (m->step == TB_NO_INDEX && m->kind == TB_MOVE_ACT && m->leaves && applicants && c->irreversible)
        return tb__refuse(r, TB_R_TOO_LATE, m->span, m->act, TB_STR("不可撤回"), TB_NONE);
    uint32_t number = (uint32_t)(m - p->moves.items);
    if (m->times && c->taken[number] >= (uint32_t)m->times)
        return tb__refuse(r, TB_R_TIMES, m->span, m->act, tb_str_printf(w->a, "%d", m->times), TB_NONE);
    if (tb__papers_bar(w, m, r) || tb__held_bars(w, m, r)) return false;
    if (m->guard && !tb_condition_holds(m->guard, c))
        return tb__refuse(r, TB_R_CONDITION, m->span, m->act, m->guard_text, tb__condition_why(w->a, m->guard, c));
    uint16_t host = source == TB_NO_STATE ? source : tb_chart_parent(p->chart, source);
    if (m->leaves && m->kind == TB_MOVE_ACT && host != TB_NO_STATE && p->nodes[host].kind == TB_NODE_HOST) {
        for (uint32_t i = 0; i < c->tasks.count; i++) {
            uint16_t s = c->tasks.items[i].state;
            if (s != source && tb_chart_descends(p->chart, s, host))
                return tb__refuse(r, TB_R_OBLIGATION, m->span, p->steps.items[c->tasks.items[i].step].name, m->act,
                                  TB_NONE);
        }
    }
    if (p->extension_n && number == p->extension_move) {
        bool runs = false;
        for (uint32_t i = 0; i < c->clocks.count; i++) {
            const tb_running *k = &c->clocks.items[i];
            if (p->clocks.items[k->def].kind != TB_CLOCK_STATUTORY || k->to != TB_NO_TIME || p->clocks.items[k->def].fixed)
                continue;
            tb_due due = tb_clock_due(c, w->env, k);
            if (k->overdue || (due.kind == TB_DUE_EXACT && w->e && w->e->at >= due.at))
                return tb__refuse(r, TB_R_EXPIRED, m->span, m->act, time_text(w->a, due.at), TB_NONE);
            runs = true;
        }
        if (!runs) return tb__refuse(r, TB_R_NOT_RUNNING, m->span, m->act, TB_NONE, TB_NONE);
    }
    return !p->adjusts || number != p->adjustment_move || tb__adjust_open(w, m, r);
}

static bool on_guard(void *user, tb_chart_run *run, uint16_t transition) {
    struct work *w = user;
    const tb_move *m = &w->p->moves.items[w->p->transition_move[transition]];
    struct tb_chart_arrow arrow = tb_chart_arrow(run->chart, transition);
    if (m->kind == TB_MOVE_OBLIGE || m->kind == TB_MOVE_EACH) return !m->guard || tb_condition_holds(m->guard, w->c);
    bool join = m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED;
    if (join && !tb__join_open(w->p, run->active, arrow.source, m)) return false;
    tb_refusal ignored;
    return move_open(w, m, arrow.source, &ignored);
}

/* What stood still because of this step counts again. */
static bool go_on(struct work *w, uint32_t step) {
    bool any = false;
    for (uint32_t i = 0; i < w->c->stopped.count; i++) {
        tb_stopped *x = &w->c->stopped.items[i];
        if (x->step != step || x->to != INT32_MAX) continue;
        x->to = tb_day_of(w->at);
        tb__stop_told(w->a, w->c, w->o, i, w->at);
        any = true;
    }
    return any;
}

static void on_leave(void *user, tb_chart_run *run, uint16_t state) {
    struct work *w = user;
    const tb_node *n = &w->p->nodes[state];
    (void)run;
    if (n->kind != TB_NODE_STEP) return;
    const tb_step_def *s = &w->p->steps.items[n->index];
    tell(w, "离开", s->name, TB_NONE, w->at);
    if (go_on(w, n->index) || s->excludes) tell(w, "恢复计时", s->name, TB_NONE, w->at);
    tb_task *t = task_in(w->c, state);
    if (t) {
        *TB_PUSH(w->a, w->left) = *t;
        uint32_t i = (uint32_t)(t - w->c->tasks.items);
        memmove(t, t + 1, (w->c->tasks.count - i - 1) * sizeof *t);
        w->c->tasks.count--;
    }
}

static void end_step_clocks(struct work *w, uint16_t state) {
    for (uint32_t i = w->c->clocks.count; i-- > 0;)
        if (w->c->clocks.items[i].state == state && w->c->clocks.items[i].to == TB_NO_TIME)
            end_clock(w, &w->c->clocks.items[i], w->at);
}

/* What was left is over, unless this move interrupts it. What had been interrupted is over, too, when the interrupting
 * step is left another way than by 转 原环节. */
static void settle_left(struct work *w, const tb_move *m) {
    bool over = false;
    for (uint32_t i = 0; i < w->left.count; i++) {
        const tb_task *t = &w->left.items[i];
        over |= w->p->steps.items[t->step].interrupts && !m->resumes;
        if (m->interrupts) {
            tb__suspend(w->a, w->c, t, w->at);
            tell(w, "中断", w->p->steps.items[t->step].name, TB_NONE, w->at);
        } else {
            end_step_clocks(w, t->state);
        }
    }
    w->left.count = 0;
    for (uint32_t i = 0; over && i < w->c->suspended.count; i++) end_step_clocks(w, w->c->suspended.items[i].state);
    if (over) w->c->suspended.count = 0;
}

static void on_take(void *user, tb_chart_run *run, uint16_t transition) {
    struct work *w = user;
    (void)run;
    uint32_t number = w->p->transition_move[transition];
    const tb_move *m = &w->p->moves.items[number];
    w->c->taken[number]++;
    *TB_PUSH(w->a, w->o->moves) = number;
    if (w->o->move == TB_NO_INDEX) w->o->move = number;
    w->recorded = 0;
    settle_left(w, m);
    w->resuming = m->resumes;
    for (uint32_t i = 0; i < m->effects_n; i++) perform(w, &m->effects[i]);
}

static void close_case(struct work *w, uint32_t outcome) {
    tb_case *c = w->c;
    c->outcome = outcome;
    tell(w, "办结", w->p->outcomes.items[outcome], TB_NONE, w->at);
    tb__record(w, TB_M_CLOSED, w->at);
    for (uint32_t i = 0; i < c->clocks.count; i++)
        if (c->clocks.items[i].to == TB_NO_TIME) c->clocks.items[i].to = w->at;
    for (uint32_t i = 0; i < c->stopped.count; i++)
        if (c->stopped.items[i].to == INT32_MAX) c->stopped.items[i].to = tb_day_of(w->at);
    tb__result_told(w->a, c, w->o, w->at);
}

static void stop_counting(struct work *w, uint32_t step) {
    *TB_PUSH(w->a, w->c->stopped) = (tb_stopped){.step = step, .from = tb_day_of(w->at), .to = INT32_MAX};
    tell(w, "停止计时", w->p->steps.items[step].name, TB_NONE, w->at);
    tb__stop_told(w->a, w->c, w->o, w->c->stopped.count - 1, w->at);
}

/* An interrupted step goes on as it was: its task, its limit; nothing is issued or asked anew. */
static bool resume_step(struct work *w, uint16_t state, uint32_t step) {
    if (!tb__resume(w->a, w->c, state, w->at)) return false;
    tell(w, "回到", w->p->steps.items[step].name, TB_NONE, w->at);
    if (w->p->steps.items[step].excludes) stop_counting(w, step);
    return true;
}

static void enter_step(struct work *w, uint16_t state, uint32_t step) {
    const tb_step_def *s = &w->p->steps.items[step];
    if (w->resuming && resume_step(w, state, step)) return;
    tb_task *t = TB_PUSH(w->a, w->c->tasks);
    *t = (tb_task){.state = state, .step = step, .entered = w->at};
    tell(w, "进入", s->name, TB_NONE, w->at);
    if (s->clock != TB_NO_INDEX) {
        const tb_clock_def *d = &w->p->clocks.items[s->clock];
        if (d->from == TB_NO_INDEX) start_clock(w, s->clock, state, w->at);
        else if (w->c->milestones[d->from].count)
            start_clock(w, s->clock, state,
                        d->first ? w->c->milestones[d->from].first : w->c->milestones[d->from].last);
    }
    if (s->excludes) stop_counting(w, step);
    for (uint32_t i = 0; i < s->notices_n; i++) issue(w, s->notices[i]);
    if (s->call) tb__call_open(w->a, w->c, w->o, task_in(w->c, state), w->at);
}

static void on_enter(void *user, tb_chart_run *run, uint16_t state) {
    struct work *w = user;
    const tb_node *n = &w->p->nodes[state];
    if (n->kind == TB_NODE_STEP) enter_step(w, state, n->index);
    else if (n->kind == TB_NODE_OUTCOME) close_case(w, n->index);
    else if (!w->resuming && (n->kind == TB_NODE_BRANCH_DONE || n->kind == TB_NODE_BRANCH_REJECTED)) {
        tell(w, n->kind == TB_NODE_BRANCH_DONE ? "分支完成" : "分支不予", n->name, TB_NONE, w->at);
        tb_chart_raise(run, n->raises);
    }
}

static const tb_chart_calls calls = {on_guard, on_leave, on_take, on_enter};

static tb_chart_run run_of(struct work *w) {
    return (tb_chart_run){
        .chart = w->p->chart, .active = w->c->active, .memory = w->c->memory, .calls = &calls, .user = w};
}

/* ---- acts ---- */

tb_str tb__active_names(struct work *w) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < w->c->tasks.count; i++)
        tb__list_name(&b, w->p->steps.items[w->c->tasks.items[i].step].name);
    return tb_buf_str(&b);
}

static tb_str possible_names(struct work *w) {
    tb_possibles *list;
    tb_buf b;
    tb_buf_init(&b, w->a);
    if (tb_possible_acts(w->a, w->c, w->env, &list) == TB_OK)
        for (uint32_t i = 0; i < list->count; i++)
            if (list->items[i].open && list->items[i].move != TB_NO_INDEX) tb__list_name(&b, list->items[i].act);
    return b.n ? tb_buf_str(&b) : TB_STR("（无）");
}

/* The first transition for `event` at a leaf or above it, whether it is open or not: for saying why not. */
static uint16_t written_for(const tb_program *p, uint32_t event, uint16_t leaf) {
    for (uint16_t s = leaf; s != TB_NO_STATE; s = tb_chart_parent(p->chart, s))
        for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
            struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
            if (arrow.source == s && arrow.event == event) return t;
        }
    return UINT16_MAX;
}

/* M2: finds the one task and transition an act is for. */
static bool choose(struct work *w, uint32_t event, tb_task **task, uint16_t *transition) {
    tb_chart_run run = run_of(w);
    tb_buf able;
    bool named = false;
    *task = NULL;
    tb_buf_init(&able, w->a);
    for (uint32_t i = 0; i < w->c->tasks.count; i++) {
        tb_task *t = &w->c->tasks.items[i];
        tb_str step = w->p->steps.items[t->step].name;
        if (w->e->task.n && !tb_str_eq(step, w->e->task)) continue;
        named = true;
        uint16_t found = tb_chart_probe(&run, event, t->state);
        if (found == UINT16_MAX) continue;
        tb__list_name(&able, step);
        if (!*task) {
            *task = t;
            *transition = found;
        } else if (found != *transition) {
            *transition = UINT16_MAX; /* more than one could take it */
        }
    }
    if (w->e->task.n && !named) return REFUSE(w, NO_SUCH_TASK, TB_NO_SPAN, w->e->task, tb__active_names(w), TB_NONE);
    if (*task && *transition == UINT16_MAX)
        return REFUSE(w, TASK_NEEDED, TB_NO_SPAN, w->e->act, tb_buf_str(&able), TB_NONE);
    if (*task) return true;
    for (uint32_t i = 0; i < w->c->tasks.count; i++) {
        tb_task *t = &w->c->tasks.items[i];
        if (w->e->task.n && !tb_str_eq(w->p->steps.items[t->step].name, w->e->task)) continue;
        uint16_t written = written_for(w->p, event, t->state);
        if (written == UINT16_MAX) continue;
        if (!move_open(w, &w->p->moves.items[w->p->transition_move[written]],
                       tb_chart_arrow(w->p->chart, written).source, &w->o->refusal))
            return false;
    }
    return REFUSE(w, NOT_HERE, TB_NO_SPAN, w->e->task.n ? w->e->task : tb__active_names(w), w->e->act, possible_names(w));
}

static tb_str post_names(struct work *w, const uint32_t *posts, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < n; i++) tb__list_name(&b, w->p->posts.items[posts[i]].name);
    return tb_buf_str(&b);
}

/* 「place/person」: who it is in any post. (Not printed: an act is mostly this and copying.) */
static tb_str at_place(struct work *w, tb_str place, tb_str person) {
    uint32_t n = place.n;
    char *p = tb_alloc(w->a, (size_t)n + person.n + 2);
    if (n) memcpy(p, place.p, n);
    p[n] = '/';
    if (person.n) memcpy(p + n + 1, person.p, person.n);
    return (tb_str){p, n + person.n + 1};
}

/* A post at the places of a list is one post at each: who has held it there is told by the place. */
static bool same_post(const tb_program *p, uint32_t a, uint32_t b) {
    return a == b || tb_str_eq(p->posts.items[a].name, p->posts.items[b].name);
}

/* Who acts (M14, M16, M17): post, place, holding the post there, and not already in an incompatible duty. Answers the
 * post, or TB_NO_INDEX. */
uint32_t tb__authority(struct work *w, tb_str act, tb_span span, const uint32_t *posts, uint32_t n, bool answer) {
    const tb_program *p = w->p;
    const tb_actor *by = &w->e->by;
    uint32_t post = TB_NO_INDEX;
    for (uint32_t i = 0; i < n && post == TB_NO_INDEX; i++)
        if (tb_str_eq(p->posts.items[posts[i]].name, by->post)) post = posts[i];
    if (post == TB_NO_INDEX)
        return REFUSE(w, WRONG_POST, span, act, post_names(w, posts, n), by->post), TB_NO_INDEX;
    if (post == p->outside && answer) return post; /* whose answer it is: reply_fits() */
    if (post == TB_POST_APPLICANT)
        return tb__is_applicant(w, act, span) ? post : TB_NO_INDEX;
    uint32_t role = p->posts.items[post].place;
    tb_str place = role == TB_NO_INDEX ? w->c->applicant.place : w->c->places[role];
    if (!tb_str_eq(by->place, place)) return REFUSE(w, WRONG_PLACE, span, act, place, by->place), TB_NO_INDEX;
    if (!tb__stands(w, place, span)) return TB_NO_INDEX;
    const tb_str acting[] = {by->person, by->behalf}; /* both act (deputy.c) */
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        if (s->a != post && s->b != post) continue;
        uint32_t other = s->a == post ? s->b : s->a;
        for (int who = 0; who < 2 && acting[who].n; who++)
            for (uint32_t k = 0; k < w->c->duties.count; k++)
                if (same_post(p, w->c->duties.items[k].post, other) &&
                    tb_str_eq(w->c->duties.items[k].who, at_place(w, by->place, acting[who])))
                    return REFUSE(w, SAME_PERSON, s->span, acting[who], p->posts.items[other].name, by->post), TB_NO_INDEX;
    }
    return post;
}

/* An answer from outside, to the call this very task waits for; taken once. */
static bool reply_fits(struct work *w, const tb_move *m, tb_task *task) {
    enum tb_refusal_code code = tb__reply_fits(w->c, m, w->e, task);
    if (code != TB_R_NONE)
        return tb__refuse(&w->o->refusal, code, m->span, m->act,
                          code == TB_R_OUTSIDE_ONLY ? w->p->calls.items[m->call - 1].name
                          : task->call.n            ? task->call
                                                    : TB_STR("无"),
                          TB_NONE);
    if (!m->along) task->call = TB_NONE;
    return true;
}

static void remember_person(struct work *w, uint32_t post, tb_str person) {
    tb_str who = at_place(w, w->e->by.place, person);
    for (uint32_t k = 0; k < w->c->duties.count; k++)
        if (same_post(w->p, w->c->duties.items[k].post, post) && tb_str_eq(w->c->duties.items[k].who, who)) return;
    *TB_PUSH(w->a, w->c->duties) = (tb_duty_done){post, who};
}

static void remember_duty(struct work *w, uint32_t post) {
    const tb_program *p = w->p;
    bool matters = false;
    for (uint32_t i = 0; i < p->separations.count && !matters; i++)
        matters = p->separations.items[i].a == post || p->separations.items[i].b == post;
    if (!matters) return;
    remember_person(w, post, w->e->by.person);
    if (w->e->by.behalf.n) remember_person(w, post, w->e->by.behalf);
}

bool tb__among(tb_str name, const tb_str *list, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (tb_str_eq(list[i], name)) return true;
    return false;
}

static tb_str names_text(struct work *w, const tb_str *list, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < n; i++) tb__list_name(&b, list[i]);
    return tb_buf_str(&b);
}

/* What an answer from outside bears besides what its clause states: the call's key, a started case's result, why it was not started. */
static bool is_answer(tb_str key) { return tb_str_is(key, "键") || tb_str_is(key, "结果") || tb_str_is(key, "原因"); }

/* May the input of this act hold `key`? `names`, when given, gets all keys that may stand. */
static bool takes_input(const tb_move *m, tb_str key, tb_buf *names) {
    bool known = tb_str_is(key, "备注") || (m->call && is_answer(key)) || (m->along && tb__along_says(key)) || tb__among(key, m->stated, m->stated_n) ||
                 (m->choices_n && tb_str_is(key, "选择"));
    for (uint32_t i = 0; names && i < m->stated_n; i++) tb__list_name(names, m->stated[i]);
    for (uint32_t i = 0; i < m->effects_n; i++) {
        if (m->effects[i].kind != TB_DO_PROMPT) continue;
        known |= tb_str_eq(m->effects[i].text, key);
        if (names) tb__list_name(names, m->effects[i].text);
    }
    if (names && m->choices_n) tb__list_name(names, TB_STR("选择"));
    if (names) tb__list_name(names, TB_STR("备注"));
    return known;
}

static bool input_fits(struct work *w, const tb_move *m) {
    const tb_json *in = w->e->input;
    for (uint32_t i = 0; i < m->stated_n; i++) {
        const tb_json *v = tb_json_find(in, m->stated[i]);
        if (!v || v->kind != TB_JSON_STR || v->text.n == 0)
            return REFUSE(w, INPUT_MISSING, m->span, m->act, m->stated[i], TB_NONE);
    }
    if (!tb__held_fits(w, m) || !tb__adjust_fits(w, m)) return false;
    if (m->choices_n && !tb__among(tb_json_text(in, "选择"), m->choices, m->choices_n))
        return REFUSE(w, CHOICE_BAD, m->span, names_text(w, m->choices, m->choices_n), TB_NONE, TB_NONE);
    for (uint32_t i = 0; in && i < in->count; i++) {
        if (takes_input(m, in->keys[i], NULL) && in->items[i].kind == TB_JSON_STR) continue;
        tb_buf names;
        tb_buf_init(&names, w->a);
        takes_input(m, in->keys[i], &names);
        return REFUSE(w, INPUT_UNKNOWN, m->span, m->act, in->keys[i], tb_buf_str(&names));
    }
    return true;
}

/* 「post/place/person[/for whom]」: its n-th piece. */
static tb_str piece_of(tb_str who, int n) {
    const char *end = who.p + who.n, *from = who.p;
    for (; n > 0 && from; n--) {
        from = memchr(from, '/', (size_t)(end - from));
        if (from) from++;
    }
    if (!from) return TB_NONE;
    const char *slash = memchr(from, '/', (size_t)(end - from));
    return (tb_str){from, (uint32_t)((slash ? slash : end) - from)};
}

static bool same_post_named(tb_str x, tb_str y) { return tb_str_eq(piece_of(x, 0), piece_of(y, 0)); }

/* One person among those who act and those they act for, at one place: they count once. */
static bool share_person(tb_str x, tb_str y) {
    if (!tb_str_eq(piece_of(x, 1), piece_of(y, 1))) return false;
    for (int i = 2; i < 4; i++)
        for (int k = 2; k < 4; k++)
            if (piece_of(x, i).n && tb_str_eq(piece_of(x, i), piece_of(y, k))) return true;
    return false;
}

/* 不少于 N人 and 与 (M14): all but the last are confirmations. 1: go on; 0: recorded, wait for others; -1 refused. */
static int confirmations(struct work *w, const tb_move *m, tb_task *t, uint32_t post) {
    const tb_step_def *s = &w->p->steps.items[t->step];
    if (m->posts || (s->persons <= 1 && !s->all)) return 1;
    tb_str behalf = w->e->by.behalf, who = tb_str_printf(w->a, "%.*s/%.*s/%.*s%s%.*s", TB_FMT(w->p->posts.items[post].name), TB_FMT(w->e->by.place),
                                                         TB_FMT(w->e->by.person), behalf.n ? "/" : "", TB_FMT(behalf));
    if (t->confirmed.count && !tb_str_eq(t->confirming, m->act)) {
        /* Who alone has confirmed one act may turn to another: two who differ must not block the case for ever. */
        if (t->confirmed.count > 1 || !tb__among(who, t->confirmed.items, 1))
            return REFUSE(w, OTHER_CONFIRMING, m->span, t->confirming, m->act, TB_NONE), -1;
        tell(w, "撤销会签", t->confirming, who, w->at);
        t->confirmed.count = 0;
    }
    bool again = false;
    for (uint32_t i = 0; i < t->confirmed.count && !again; i++)
        again = same_post_named(t->confirmed.items[i], who) && share_person(t->confirmed.items[i], who);
    if (again)
        return REFUSE(w, ALREADY_CONFIRMED, m->span, w->e->by.person, m->act, TB_NONE), -1;
    *TB_PUSH(w->a, t->confirmed) = who;
    t->confirming = m->act;
    uint32_t persons = 0;
    bool each = true;
    for (uint32_t i = 0; i < t->confirmed.count; i++) {
        bool seen = false; /* the same person under another post counts once */
        for (uint32_t k = 0; k < i && !seen; k++) seen = share_person(t->confirmed.items[i], t->confirmed.items[k]);
        persons += !seen;
    }
    for (uint32_t i = 0; i < s->posts_n && s->all && each; i++) {
        tb_str name = w->p->posts.items[s->posts[i]].name;
        each = false;
        for (uint32_t k = 0; k < t->confirmed.count && !each; k++)
            each = t->confirmed.items[k].n > name.n && t->confirmed.items[k].p[name.n] == '/' &&
                   memcmp(t->confirmed.items[k].p, name.p, name.n) == 0;
    }
    if (persons >= (uint32_t)(s->persons > 1 ? s->persons : 1) && each) {
        t->confirmed.count = 0; /* a move that stays in its step starts counting anew */
        t->confirming = TB_NONE;
        return 1;
    }
    tell(w, "会签", m->act, who, w->at);
    return 0;
}

static bool after_chart(struct work *w, enum tb_chart_result r) {
    if (r == TB_CHART_RUNAWAY) return REFUSE(w, RUNAWAY, TB_NO_SPAN, TB_NONE, TB_NONE, TB_NONE);
    tb__forget(w->p, w->c->active, w->c->memory);
    return true;
}

static bool do_act(struct work *w) {
    if (tb_builtin_act(w->e->act)) return tb__builtin_done(w);
    tb_task *task = NULL;
    uint16_t transition = UINT16_MAX;
    uint32_t event = tb_act_event(w->p, w->e->act);
    if (!event) return REFUSE(w, NO_SUCH_ACT, TB_NO_SPAN, w->p->matter, w->e->act, TB_NONE);
    if (w->c->outcome != TB_NO_INDEX)
        return REFUSE(w, CLOSED, TB_NO_SPAN, w->p->outcomes.items[w->c->outcome], w->e->act, TB_NONE);
    if (!choose(w, event, &task, &transition)) return false;
    const tb_move *m = &w->p->moves.items[w->p->transition_move[transition]];
    const tb_step_def *s = &w->p->steps.items[task->step];
    uint32_t post = tb__authority(w, m->act, m->span, m->posts ? m->posts : s->posts,
                                  m->posts ? m->posts_n : s->posts_n, m->call != 0);
    if (post == TB_NO_INDEX || tb__claim_bars(w, m, task, post) || (m->call && !reply_fits(w, m, task)) || !input_fits(w, m)) return false;
    int go = confirmations(w, m, task, post);
    if (go < 0) return false;
    remember_duty(w, post);
    w->c->undo = (tb_undo){0};
    if (go == 0) return true;
    tb_chart_run run = run_of(w);
    if (!after_chart(w, tb_chart_send(&run, event, task->state))) return false;
    tb__correctable(w, m);
    return true;
}

/* ---- timers ---- */

static bool do_timer(struct work *w) {
    if (tb__alert_told(w)) return true;
    for (uint32_t i = 0; i < w->c->clocks.count && w->c->outcome == TB_NO_INDEX; i++) {
        tb_running *r = &w->c->clocks.items[i];
        const tb_clock_def *d = &w->p->clocks.items[r->def];
        if (r->to != TB_NO_TIME || r->overdue || !tb_str_eq(d->name, w->e->timer)) continue;
        tb_due due = tb_clock_due(w->c, w->env, r);
        if (due.kind != TB_DUE_EXACT || due.at > w->e->at)
            continue; /* another of the name may be due: two branches, one step */
        r->overdue = true;
        w->c->undo = (tb_undo){0};
        tb_str charged = TB_NONE; /* M14: overdue charges the post that holds it */
        if (d->kind == TB_CLOCK_STEP)
            charged = post_names(w, w->p->steps.items[d->step].posts, w->p->steps.items[d->step].posts_n);
        tell(w, "超期", d->name, charged, due.at);
        /* 24:00 belongs to the day it ends: what follows from the expiry happens on that day, and a limit that begins with it
         * counts the next day as its first (M9). As the next day's 00:00 it would give everybody after it a day too many. */
        if (tb_day_start(tb_day_of(w->e->at)) == w->e->at) w->at = w->e->at - 1;
        if (w->at < w->before->at) w->at = w->before->at; /* a limit that had run out before its step began */
        if (d->kind == TB_CLOCK_DEFERRAL && w->c->tasks.count) { /* 容缺逾期的, of 任一环节: above whatever is active */
            tb_chart_run run = run_of(w);
            return after_chart(w, tb_chart_send(&run, tb__papers_event(w->p), w->c->tasks.items[0].state));
        }
        if (d->kind != TB_CLOCK_STEP) return true;
        tb_chart_run run = run_of(w);
        return after_chart(w, tb_chart_send(&run, TB_EVENT_OVERDUE, r->state));
    }
    return REFUSE(w, BAD_TIMER, TB_NO_SPAN, w->e->timer, TB_NONE, TB_NONE);
}

/* ---- submission ---- */

static bool do_submit(struct work *w) {
    const tb_program *p = w->p;
    const tb_event *e = w->e;
    tb_buf names;
    tb_buf_init(&names, w->a);
    if (w->before) { /* a case is applied for once */
        if (w->c->outcome != TB_NO_INDEX)
            return REFUSE(w, CLOSED, TB_NO_SPAN, p->outcomes.items[w->c->outcome], TB_STR("提交"), TB_NONE);
        return REFUSE(w, NOT_HERE, TB_NO_SPAN, tb__active_names(w), TB_STR("提交"), possible_names(w));
    }
    w->c->mode = TB_NO_INDEX;
    for (uint32_t i = 0; i < p->modes.count; i++) {
        tb__list_name(&names, p->modes.items[i].name);
        if (tb_str_eq(p->modes.items[i].name, e->mode)) w->c->mode = i;
    }
    if (w->c->mode == TB_NO_INDEX) return REFUSE(w, MODE_UNKNOWN, TB_NO_SPAN, p->matter, e->mode, tb_buf_str(&names));
    if (e->by.post.n && !tb_str_is(e->by.post, "申请人"))
        return REFUSE(w, WRONG_POST, TB_NO_SPAN, TB_STR("提交"), TB_STR("申请人"), e->by.post);
    const tb__submission form = {w->a, p, e, w->env, w->c->places, &w->o->refusal};
    if (!tb__form_fits(&form, w->c->mode)) return false;
    w->c->parent = tb_str_copy(w->a, e->parent);
    w->c->parent_key = tb_str_copy(w->a, e->parent_key);
    w->c->parent_stops = e->parent.n && e->parent_stops;
    if (!tb__may_enter(w)) return false;
    w->c->applicant = (tb_actor){tb_str_copy(w->a, e->by.behalf.n ? e->by.behalf : e->by.person), TB_STR("申请人"),
                                 tb_str_copy(w->a, e->by.place), TB_NONE};
    if (e->by.behalf.n) w->c->entered_by = tb_str_copy(w->a, e->by.person);
    if (e->form) w->c->form = tb__json_copy(w->a, e->form);
    if (e->materials) w->c->materials = tb__json_copy(w->a, e->materials);
    if (!tb__places_fit(&form)) return false;
    w->at = e->at;
    uint16_t start = p->modes.items[w->c->mode].start;
    tb__record(w, TB_M_SUBMITTED, e->at);
    uint16_t leaf = start;
    while (leaf + 1 < tb_chart_states(p->chart) && p->nodes[leaf].kind != TB_NODE_STEP)
        leaf++; /* a host: its own step comes first */
    uint32_t place = p->steps.items[p->nodes[leaf].index].place;
    if (place != TB_NO_INDEX) arrive(w, place);
    tb__papers_submitted(w);
    w->recorded = 0;
    tb_chart_run run = run_of(w);
    return after_chart(w, tb_chart_start_at(&run, &start, 1));
}

/* ---- the step ---- */

static int step_work(void *arg) {
    struct work *w = arg;
    const tb_event *e = w->e;
    bool accepted;
    w->o = TB_NEW(w->a, tb_outcome);
    w->o->move = TB_NO_INDEX;
    w->o->refusal.span = TB_NO_SPAN;
    w->c = w->before ? tb__case_copy(w->a, w->before) : tb__case_new(w->a, w->p, w->id);
    if (w->before && e->at < w->before->at && e->kind != TB_EV_TIMER) {
        accepted = REFUSE(w, TIME_ORDER, TB_NO_SPAN, time_text(w->a, e->at), time_text(w->a, w->before->at), TB_NONE);
    } else {
        w->at = e->at;
        w->c->seq++;
        if (w->c->at == TB_NO_TIME || e->at > w->c->at) w->c->at = e->at;
        accepted = e->kind == TB_EV_SUBMIT ? do_submit(w) : e->kind == TB_EV_ACT ? do_act(w) : do_timer(w);
    }
    for (int i = 0; i < 3 && !accepted; i++)
        w->o->refusal.values[i] = tb_str_copy(w->a, w->o->refusal.values[i]); /* views of the event so far */
    w->o->refused = !accepted;
    w->o->next = accepted ? w->c : NULL;
    return TB_OK;
}

int tb_step(tb_arena *a, const tb_program *p, tb_str id, const tb_case *before, const tb_event *e, const tb_env *env,
            tb_outcome **out) {
    struct work w = {.a = a, .p = p, .id = id, .before = before, .e = e, .env = env};
    int result = tb_try(a, step_work, &w);
    *out = result == TB_OK ? w.o : NULL;
    return result;
}

/* ---- what may be done now ---- */

struct listing {
    struct work w;
    tb_possibles *list;
};

static int list_acts(void *arg) {
    struct listing *l = arg;
    struct work *w = &l->w;
    const tb_chart *chart = w->p->chart;
    l->list = TB_NEW(w->a, tb_possibles);
    for (uint32_t i = 0; i < w->c->tasks.count && w->c->outcome == TB_NO_INDEX; i++) {
        const tb_task *task = &w->c->tasks.items[i];
        for (uint16_t s = task->state; s != TB_NO_STATE; s = tb_chart_parent(chart, s)) {
            for (uint16_t t = 0; t < tb_chart_transitions(chart); t++) {
                struct tb_chart_arrow arrow = tb_chart_arrow(chart, t);
                if (arrow.source != s || arrow.event < TB_EVENT_FIRST_ACT) continue;
                uint32_t number = w->p->transition_move[t];
                const tb_move *m = &w->p->moves.items[number];
                bool listed = m->kind != TB_MOVE_ACT;
                for (uint32_t k = 0; k < l->list->count && !listed; k++) listed = l->list->items[k].move == number;
                if (listed) continue;
                const tb_step_def *step = &w->p->steps.items[task->step];
                tb_possible x = {.move = number,
                                 .act = m->act,
                                 .needs = m->stated,
                                 .needs_n = m->stated_n,
                                 .step = task->step,
                                 .posts = m->posts ? m->posts : step->posts,
                                 .posts_n = m->posts ? m->posts_n : step->posts_n};
                x.open = move_open(w, m, s, &x.blocked);
                *TB_PUSH(w->a, *l->list) = x;
            }
        }
        tb__builtin_list(w, task, l->list);
    }
    tb__correction_list(w, l->list);
    return TB_OK;
}

int tb_possible_acts(tb_arena *a, const tb_case *c, const tb_env *env, tb_possibles **out) {
    /* move_open() reads the case only; the cast lets it share the step's working record. */
    struct listing l = {.w = {.a = a, .p = c->program, .before = c, .env = env, .c = (tb_case *)(uintptr_t)c}};
    int result = tb_try(a, list_acts, &l);
    *out = result == TB_OK ? l.list : NULL;
    return result;
}
