/* 原环节: a step that interrupts whatever is being done, and gives it back as it was.
 *
 *   任一环节：  中止的，由 审查员，转 中止。       审查 ──中止的──▶ 中止
 *   环节 中止： 恢复的，转 原环节。                 审查 ◀──恢复的── 中止
 *
 * In the chart 原环节 is a deep history of LIVE, so obligations and branches come back too. What the chart does not
 * hold is kept in the case: the tasks (`suspended`: who has confirmed, since when) and, for each limit of an interrupted
 * step, a pause. The limit keeps its start; the days d with date(stop) < d ≤ date(resume) do not count for it (M8,
 * M10), so it goes on with what was left. The limits of the case stop only if the interrupting step is 不计入期限.
 *
 * There is one level: an interrupted case is not interrupted again before it resumes, else the history would be
 * overwritten by the interruption itself. Nor is a step that waits for an answer from outside: the answer would find
 * nobody. If the interrupting step is left another way (a decision, 办结), what was interrupted is over. */
#include "history.h"
#include "compile_work.h"
#include <string.h>

/* ---- what the clauses may say ---- */

bool tb__names_history(const tb_part *p) {
    return (p->kind == TB_P_GOTO || p->kind == TB_P_RETURN) && p->names.count &&
           tb_str_is(tb__fixed_name(p->names.items[0].text), "原环节");
}

void tb__history_find(tb__matter *m) {
    for (uint32_t i = 0; i < m->p->steps.count; i++) {
        const tb_section *s = m->step_section[i];
        for (uint32_t k = 0; k < s->clauses.count; k++)
            for (uint32_t n = 0; n < s->clauses.items[k].parts.count; n++)
                m->p->steps.items[i].interrupts |= s->clauses.items[k].parts.items[n].kind == TB_P_GOTO &&
                                                   tb__names_history(&s->clauses.items[k].parts.items[n]);
    }
}

bool tb__interrupting_step(const tb__matter *m, const tb_part *part) {
    uint32_t step = TB_NO_INDEX;
    if ((part->kind == TB_P_GOTO || part->kind == TB_P_RETURN) && part->names.count)
        TB__FIND(m->p->steps, .name, part->names.items[0].text, step);
    return step != TB_NO_INDEX && m->p->steps.items[step].interrupts;
}

bool tb__history_target(tb__matter *m, const tb_section *s, const tb_part *part, const tb__leaf *leaf,
                        const tb__branch_states *branch) {
    if (tb__names_history(part)) {
        if (part->kind == TB_P_GOTO && leaf && leaf->done == TB_NO_STATE && !branch) return true;
        TB__REPORT(m, HISTORY_WHERE, part->span, tb_str_z(tb_part_word(part->kind, m->english ? TB_LANG_EN : TB_LANG_ZH)), TB_NONE, TB_NONE);
        return false;
    }
    if (s->kind == TB_S_ANYWHERE || !tb__interrupting_step(m, part)) return true;
    TB__REPORT(m, HISTORY_ENTRY, part->span, part->names.items[0].text, TB_NONE, TB_NONE);
    return false;
}

/* ---- configurations ---- */

bool tb__interrupted(const tb_program *p, const uint64_t *active) {
    for (uint16_t s = 0; tb_chart_memory(p->chart) && s < tb_chart_states(p->chart); s++)
        if (tb_bit(active, s) && p->nodes[s].kind == TB_NODE_STEP && p->steps.items[p->nodes[s].index].interrupts)
            return true;
    return false;
}

void tb__forget(const tb_program *p, const uint64_t *active, uint64_t *memory) {
    uint32_t words = tb_chart_memory(p->chart);
    if (words && !tb__interrupted(p, active)) memset(memory, 0, words * sizeof *memory);
}

/* ---- a case ---- */

bool tb__may_interrupt(const tb_case *c, const tb_move *m, tb_refusal *r) {
    const tb_program *p = c->program;
    for (uint32_t i = 0; i < c->tasks.count && m->interrupts; i++) {
        const tb_step_def *s = &p->steps.items[c->tasks.items[i].step];
        if (s->interrupts) return tb__refuse(r, TB_R_INTERRUPTED, m->span, m->act, s->name, TB_NONE);
        if (s->call) return tb__refuse(r, TB_R_ASKING, m->span, m->act, s->name, TB_NONE);
    }
    return true;
}

static tb_pause *open_pause(tb_case *c, uint32_t def) {
    for (uint32_t i = 0; i < c->pauses.count; i++)
        if (c->pauses.items[i].def == def && c->pauses.items[i].to == INT32_MAX) return &c->pauses.items[i];
    return NULL;
}

void tb__pause(tb_arena *a, tb_case *c, uint16_t state, int64_t at) {
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->state == state && r->to == TB_NO_TIME && !open_pause(c, r->def))
            *TB_PUSH(a, c->pauses) = (tb_pause){r->def, tb_day_of(at), INT32_MAX};
    }
}

void tb__suspend(tb_arena *a, tb_case *c, const tb_task *t, int64_t at) {
    *TB_PUSH(a, c->suspended) = *t;
    tb__pause(a, c, t->state, at);
}

bool tb__resume(tb_arena *a, tb_case *c, uint16_t state, int64_t at) {
    uint32_t i = 0;
    while (i < c->suspended.count && c->suspended.items[i].state != state) i++;
    if (i == c->suspended.count) return false;
    *TB_PUSH(a, c->tasks) = c->suspended.items[i];
    memmove(c->suspended.items + i, c->suspended.items + i + 1, (c->suspended.count - i - 1) * sizeof(tb_task));
    c->suspended.count--;
    for (uint32_t k = 0; k < c->clocks.count; k++) {
        const tb_running *r = &c->clocks.items[k];
        tb_pause *pause = r->state == state && r->to == TB_NO_TIME ? open_pause(c, r->def) : NULL;
        if (pause) pause->to = tb_day_of(at);
    }
    return true;
}

/* A clock that has ended for good takes its pauses with it; with 续计 what earlier visits used is asked for again. */
void tb__pauses_end(tb_case *c, uint32_t def, bool keep, int64_t at) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->pauses.count; i++) {
        tb_pause x = c->pauses.items[i];
        if (x.def == def && x.to == INT32_MAX) x.to = tb_day_of(at);
        if (x.def != def || keep) c->pauses.items[n++] = x;
    }
    c->pauses.count = n;
}
