/* 举行日: a day that is announced beforehand and waited for: a hearing's (行政许可法 48(1)(1)), an auction's, an examination's.
 *
 *   环节 听证：
 *     举行日 听证时间，提前 7个工作日，依《行政许可法》第四十八条第一款第一项。
 *     通知听证的，载明 听证时间、听证地点，出具 听证通知书。
 *     听证结束的，若 已 听证通知书，…，转 决定。
 *
 * The act that states 听证时间 fixes the day: its input is a date, with a time of day if one is known, and it is refused when
 * between the act and that day there is less than 提前, counted from the day after the act (M9). The day is kept as the milestone of the
 * same name, so that it is restored by 更正, shown in history and asked for by 已, without anything new in the state. Acts of people
 * that leave the step are refused before it has come; the step's limit runs out as ever. Where the calendar of the year is not
 * published (M11) only what is too early in any case is refused. */
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

enum { MINUTE = 60000 };

/* ---- in the language ---- */

void tb__held_add(tb__matter *m, tb_step_def *s, uint32_t step, const tb_clause *c) {
    const tb_part *ahead = tb_part_of(c, TB_P_AHEAD), *basis = tb_part_of(c, TB_P_BASIS);
    if (!c->names.count || !ahead || s->held) return; /* a second one is told as a duplicate */
    tb_held h = {.name = c->names.items[0].text,
                 .step = step,
                 .n = ahead->duration.n,
                 .unit = (enum tb_unit)ahead->duration.unit,
                 .span = c->span};
    int most;
    uint32_t at;
    if (m->item) {
        TB__REPORT(m, HELD_DAY, c->span, h.name,
                   TB__SAY(m, "逐一 的分支有几份，日子只有一个", "the copies of a for-each branch would share one day"),
                   TB_NONE);
        return;
    }
    if (basis && basis->laws.count) h.law = &basis->laws.items[0];
    if (!tb__limit_fits(h.n, h.unit, &most))
        TB__REPORT(m, LIMIT_RANGE, ahead->span, tb_str_printf(m->c->a, "%d", most), TB_NONE, TB_NONE);
    TB__FIND(m->p->helds, .name, h.name, at);
    if (at != TB_NO_INDEX)
        TB__REPORT(m, DUPLICATE, c->names.items[0].span, h.name, TB_NONE, TB_NONE)->other = m->p->helds.items[at].span;
    h.milestone = tb__milestone_of(m->c->a, m->p, h.name);
    *TB_PUSH(m->c->a, m->p->helds) = h;
    s->held = m->p->helds.count;
}

/* Which of the move's 载明 fixes a day; 0: none. */
uint32_t tb__held_stated(const tb_program *p, const tb_move *v) {
    for (uint32_t i = 0; i < p->helds.count; i++)
        for (uint32_t k = 0; k < v->stated_n; k++)
            if (tb_str_eq(v->stated[k], p->helds.items[i].name)) return i + 1;
    return 0;
}

static bool recorded_elsewhere(const tb_program *p, uint32_t milestone, tb_span *where) {
    for (uint32_t i = 0; i < p->moves.count; i++)
        for (uint32_t k = 0; k < p->moves.items[i].effects_n; k++) {
            const tb_effect_def *f = &p->moves.items[i].effects[k];
            if (f->kind == TB_DO_RECORD && f->a == milestone && !f->held) return *where = p->moves.items[i].span, true;
        }
    for (uint32_t i = 0; i < p->documents.count; i++)
        for (uint32_t k = 0; k < p->documents.items[i].records_n; k++)
            if (p->documents.items[i].records[k] == milestone) return *where = p->documents.items[i].span, true;
    return false;
}

void tb__held_check(tb__matter *m) {
    const tb_program *p = m->p;
    for (uint32_t i = 0; i < p->helds.count; i++) {
        const tb_held *h = &p->helds.items[i];
        const tb_step_def *s = &p->steps.items[h->step];
        bool fixed = false;
        tb_span where;
        for (uint32_t k = 0; k < p->moves.count; k++) fixed |= p->moves.items[k].held == i + 1;
        if (!fixed)
            TB__REPORT(m, HELD_DAY, h->span, h->name, TB__SAY(m, "没有一个动作 载明 它", "no act states it"), TB_NONE);
        if (recorded_elsewhere(p, h->milestone, &where))
            TB__REPORT(m, HELD_DAY, where, h->name,
                       TB__SAY(m, "这里把它记成当时，只能由 载明 它的动作定",
                               "recorded here as of now; only the act that states it fixes it"),
                       TB_NONE)
                ->other = h->span;
        for (uint32_t k = 0; k < p->clocks.count; k++)
            if (p->clocks.items[k].from == h->milestone || p->clocks.items[k].to == h->milestone)
                TB__REPORT(m, HELD_DAY, p->clocks.items[k].span, h->name,
                           TB__SAY(m, "期限不能从还没有到的日子起算，也不能到它为止",
                                   "no limit runs from or to a day that has not come"),
                           TB_NONE)
                    ->other = h->span;
        const tb_clock_def *d = s->clock == TB_NO_INDEX ? NULL : &p->clocks.items[s->clock];
        if (d && d->unit == h->unit && d->n < h->n)
            TB__REPORT(m, HELD_DAY, h->span, h->name,
                       TB__SAY(m, "环节的期限比 提前 还短，等不到那一天就逾期",
                               "the step's limit is shorter: it runs out before the day can come"),
                       TB_NONE)
                ->other = d->span;
    }
}

/* ---- at the window ---- */

/* 2026-04-01, or with a time: 2026-04-01 14:00. TB_NO_TIME: it is not. */
int64_t tb__held_at(tb_str text) {
    int32_t day;
    int64_t at;
    if (tb_day_parse(text, &day)) return tb_day_start(day);
    return tb_time_parse(text, &at) ? at : TB_NO_TIME;
}

int64_t tb__held_earliest(const tb_calendar *c, const tb_held *h, int64_t now) {
    tb_due due = tb_due_after(c, now, h->n, h->unit, false, NULL, 0);
    if (due.kind == TB_DUE_NONE) return TB_NO_TIME;
    return tb_unit_instant(h->unit) ? due.at : tb_day_start(due.day);
}

tb_str tb__held_text(tb_arena *a, int64_t at) {
    char day[TB_DAY_TEXT];
    int minutes = (int)((at - tb_day_start(tb_day_of(at))) / MINUTE);
    tb_day_text(tb_day_of(at), day);
    return minutes ? tb_str_printf(a, "%s %02d:%02d", day, minutes / 60, minutes % 60) : tb_str_copy(a, tb_str_z(day));
}

static tb_str stated(const struct work *w, const tb_held *h) {
    const tb_json *v = w->e->input ? tb_json_find(w->e->input, h->name) : NULL;
    return v && v->kind == TB_JSON_STR ? v->text : TB_NONE;
}

bool tb__held_fits(struct work *w, const tb_move *m) {
    if (!m->held) return true;
    const tb_held *h = &w->p->helds.items[m->held - 1];
    tb_str said = stated(w, h);
    int64_t at = tb__held_at(said);
    const tb_calendar *c = tb__calendar_of(w->c, w->env, w->p->steps.items[h->step].place);
    if (at == TB_NO_TIME) return REFUSE(w, HELD_DATE, m->span, m->act, h->name, said);
    int64_t earliest = c ? tb__held_earliest(c, h, w->e->at) : TB_NO_TIME;
    if (earliest == TB_NO_TIME || at >= earliest) return true;
    char today[TB_DAY_TEXT];
    tb_str why = tb_str_printf(w->a, "%.*s（%s %d%s）", TB_FMT(tb__held_text(w->a, earliest)),
                               tb_day_text(tb_day_of(w->e->at), today), h->n,
                               tb_unit_text((enum tb_unit_word)h->unit, TB_LANG_ZH));
    return REFUSE(w, HELD_EARLY, m->span, h->name, tb_str_copy(w->a, said), why);
}

int64_t tb__held_fixed(const struct work *w, const tb_effect_def *f) {
    return tb__held_at(stated(w, &w->p->helds.items[f->held - 1]));
}

/* Must this act wait for the day? */
bool tb__held_bars(struct work *w, const tb_move *m, tb_refusal *r) {
    uint32_t held = m->kind == TB_MOVE_ACT && m->leaves && m->step != TB_NO_INDEX ? w->p->steps.items[m->step].held : 0;
    if (!held || !w->e) return false;
    const tb_held *h = &w->p->helds.items[held - 1];
    const tb_occurrence *day = &w->c->milestones[h->milestone];
    if (!day->count || w->e->at >= day->last) return false;
    return !tb__refuse(r, TB_R_NOT_HELD, m->span, m->act, h->name, tb__held_text(w->a, day->last));
}
