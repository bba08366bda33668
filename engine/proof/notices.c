/* The one notice and the silence of 行政许可法 32(1)(4), and the records of hearings and inspections: what paths show and single acts do not.
 *
 * What is missing is told once, and wholly, before acceptance: after a notice nothing new is asked. duties.c asks of every act
 * that asks for more that it happens once; here that no second one follows it on any path, whatever the acts are called.
 * Where both cannot come in one case (their conditions exclude each other) the graph holds no such path.
 *
 * The organ that says nothing has accepted as of the day it received the material, when five workdays are over. So the step
 * whose expiry accepts counts them, from the receipt: 五日 of another norm of sufficient rank may be another number.
 *
 * A decision after a hearing rests on its record: none follows one without it. The record may be written in the hearing or in a
 * step after it; who leaves the hearing by withdrawing his own request has none. So with an inspection, where what the act states
 * is a record, too. */
#include "proof_work.h"
#include <string.h>

static const char article[] = "《行政许可法》第三十二条第一款第四项";

/* ---- searches for two edges, one after the other ---- */

typedef struct pair {
    const uint8_t *first, *second,
        *between; /* by edge; what is between ends the search on a path; NULL: nothing does */
    enum tb_code code;
    const char *article;
} pair;

static bool begins(tb__search *x, uint32_t edge) { return ((const pair *)x->user)->first[edge]; }
static bool ends_it(tb__search *x, uint32_t edge) {
    const pair *p = x->user;
    return p->between && p->between[edge];
}

static bool arrives(tb__search *x, uint32_t edge, uint32_t at) {
    const pair *p = x->user;
    tb__proof *w = x->w;
    if (at == TB__NONE || at % 2 == 0 || !p->second[edge]) return false; /* a path that counts, before this edge */
    const tb_move *m = &w->p->moves.items[w->g.edges.items[edge].move];
    tb__edges path = tb__sought_path(x, edge, at);
    tb__failed(w, p->code, m->span, m->act, tb__path_text(w, &path), tb_str_z(p->article), &path);
    return true;
}

static void seek(tb__proof *w, const pair *p) {
    tb__seek(&(tb__search){.w = w, .user = p, .begins = begins, .fills = ends_it, .arrives = arrives});
}

/* ---- one notice ---- */

static uint8_t *edges_of(tb__proof *w, const uint8_t *moves) {
    uint8_t *edges = TB_NEW_ARRAY(w->a, w->g.edges.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        for (uint32_t k = 0; k < e->ops; k++) {
            tb__op op = w->g.ops.items[e->op + k];
            if (!TB__OP_IS_ENTER(op)) edges[i] |= moves[w->p->transition_move[TB__OP_INDEX(op)]];
        }
    }
    return edges;
}

void tb__prove_one_notice(tb__proof *w) {
    const tb_program *p = w->p;
    uint8_t *asks = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        asks[i] = m->times == 1 && tb__asks_for_more(w, m); /* else it has been told of by itself */
        n += asks[i];
    }
    if (n < 2) return;
    uint8_t *edges = edges_of(w, asks);
    seek(w, &(pair){.first = edges, .second = edges, .code = TB_E_DUTY_NOTICE_AGAIN, .article = article});
}

/* ---- silence ---- */

/* How long a limit is that is too long. */
static tb_str written(tb__proof *w, const tb_clock_def *c) {
    return tb_str_printf(w->a, tb__say(w, "写的是 %d%s", "it is %d %s"), c->n,
                         tb_unit_text((enum tb_unit_word)c->unit, w->english ? TB_LANG_EN : TB_LANG_ZH));
}

enum { NOTICE_DAYS = 5 };

static bool accepts_by_silence(const tb_move *m) {
    for (uint32_t i = 0; m->kind == TB_MOVE_OVERDUE && m->step != TB_NO_INDEX && i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_RECORD && m->effects[i].a == TB_M_ACCEPTED) return true;
    return false;
}

/* Entered, not accepted yet, by an edge that brings no material in: its days do not begin with the receipt. */
static bool entered_later(tb__proof *w, uint32_t step, const uint8_t *accepted) {
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (e->from == TB__NONE ? w->p->receipt == TB_NO_INDEX : accepted[e->from])
            continue; /* filed is received, unless said otherwise */
        for (uint32_t k = 0; k < e->ops; k++) {
            tb__op op = w->g.ops.items[e->op + k];
            const tb_node *n = TB__OP_IS_ENTER(op) ? &w->p->nodes[TB__OP_INDEX(op)] : NULL;
            if (n && n->kind == TB_NODE_STEP && n->index == step && !tb__edge_records(w, e, TB_M_RECEIVED)) return true;
        }
    }
    return false;
}

void tb__prove_silence(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (!accepts_by_silence(m)) continue;
        const tb_step_def *s = &p->steps.items[m->step];
        const tb_clock_def *c = s->clock == TB_NO_INDEX ? NULL : &p->clocks.items[s->clock];
        if (!c || tb__law_says_otherwise(w, TB_C_LIMIT, c->span)) continue;
        bool late = c->from == TB_NO_INDEX && entered_later(w, m->step, tb__accepted(w));
        if (!late && tb__within_days(w, c->n, c->unit, NOTICE_DAYS)) continue;
        tb_str why =
            late ? tb_str_z(tb__say(w, "从进入环节起算，不是从收到材料",
                                    "it counts from the step's entry, not from the receipt"))
                 : written(w, c);
        tb__failed(w, TB_E_DUTY_SILENCE_LATE, c->span, s->name, why, tb_str_z(article), NULL);
    }
}

/* ---- hearings in time ---- */

enum { HEARING_DAYS = 20 };

/* 47: twenty days from the request; a matter's step begins with it, or later. */
void tb__prove_hearing_limit(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        const tb_clock_def *c = s->clock == TB_NO_INDEX ? NULL : &p->clocks.items[s->clock];
        if (!tb__is_hearing(p, s)) continue;
        if (c && (tb__law_says_otherwise(w, TB_C_LIMIT, c->span) || tb__within_days(w, c->n, c->unit, HEARING_DAYS)))
            continue;
        tb_str why = c ? written(w, c) : tb_str_z(tb__say(w, "没有写期限", "no limit is written"));
        tb__failed(w, TB_E_DUTY_HEARING_LIMIT, c ? c->span : s->span, s->name, why,
                   TB_STR("《行政许可法》第四十七条第一款"), NULL);
    }
}

/* ---- records ---- */

static bool holds_one(tb_str name, const char *const *words) {
    for (int k = 0; words[k]; k++)
        if (tb__holds_word(name, words[k])) return true;
    return false;
}

static bool issues_one(const tb_program *p, const tb_move *m, const char *const *words) {
    for (uint32_t i = 0; i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_ISSUE && holds_one(p->documents.items[m->effects[i].a].name, words))
            return true;
    return false;
}

static bool states_one(const tb_move *m, const char *const *words) {
    for (uint32_t i = 0; i < m->stated_n; i++)
        if (holds_one(m->stated[i], words)) return true;
    return false;
}

static const char *const minutes[] = {"笔录", "记录", NULL};
static const char *const findings[] = {"笔录", "记录", "报告", "核查", "检查", "勘验", NULL};

static bool of_hearing(const tb_program *p, const tb_step_def *s) { return tb__is_hearing(p, s); }
static bool of_inspection(const tb_program *p, const tb_step_def *s) { return (void)p, tb__is_inspection(s); }

/* What is left behind, by people, and what must be on record before the decision. */
static const struct recorded {
    bool (*is)(const tb_program *p, const tb_step_def *s);
    const char *const *words;
    bool stated; /* what an act states is a record, too */
    enum tb_code code;
    const char *article;
} recorded[] = {
    {of_hearing, minutes, false, TB_E_DUTY_HEARING_RECORD, "《行政许可法》第四十八条第一款第五项、第二款"},
    {of_inspection, findings, true, TB_E_DUTY_INSPECTION_RECORD, "《行政许可法》第三十四条第三款"},
};

static void on_record(tb__proof *w, const struct recorded *r) {
    const tb_program *p = w->p;
    uint8_t *ends = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t),
            *writes = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t);
    bool any = false;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        writes[i] = issues_one(p, m, r->words) || (r->stated && states_one(m, r->words));
        ends[i] =
            m->step != TB_NO_INDEX && r->is(p, &p->steps.items[m->step]) && tb__completes(m) && tb__organs_act(p, m);
        any |= ends[i];
    }
    if (!any) return;
    uint8_t *first = edges_of(w, ends), *between = edges_of(w, writes),
            *decided = TB_NEW_ARRAY(w->a, w->g.edges.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++)
        decided[i] = w->g.edges.items[i].from != TB__NONE && tb__edge_records(w, &w->g.edges.items[i], TB_M_DECIDED);
    seek(w, &(pair){.first = first, .second = decided, .between = between, .code = r->code, .article = r->article});
}

void tb__prove_records(tb__proof *w) {
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) on_record(w, &recorded[i]);
}
