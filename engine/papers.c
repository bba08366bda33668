/* 容缺受理 and 告知承诺: an application that is taken in although a material is missing, or although a promise stands for it.
 *
 *   容缺受理 10个工作日，自 受理 至 决定。     materials marked 可容缺 may be handed in later, within that time …
 *   容缺逾期的，… （任一环节）                  … and this is what happens when they are not
 *   告知承诺 事后核查。                         for materials marked 可承诺 a promise will do; that step finds out whether it was true:
 *   承诺属实的，… 承诺不实的，…                 what follows from either
 *
 * The application says which: an item of `materials` is a name, or {"名称":…,"方式":"容缺"|"承诺"}. What was left out is remembered as the milestones
 * 容缺 and 承诺, so that conditions can ask (若 已 承诺). The applicant hands in what is missing by the act 补交容缺材料, which every such
 * matter has; when nothing is missing any more, 补齐容缺 is recorded and the limit ends. Until then what the clause names by 至 cannot be
 * done (an organ may accept an incomplete file, not decide on it), but by 容缺逾期 itself. An application without such items is as ever. */
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

#define DEFERRED "容缺"
#define PROMISED "承诺"
#define SUPPLIED "补齐容缺"
#define EXPIRED "容缺逾期"
#define SUPPLY "补交容缺材料"

/* ---- in the language ---- */

static const tb_clause *head_clause(const tb__matter *m, enum tb_clause_kind kind) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++)
        if (m->head->clauses.items[i].kind == kind) return &m->head->clauses.items[i];
    return NULL;
}

void tb__papers_milestones(tb__matter *m) {
    tb_program *p = m->p;
    p->papers = (tb_papers){.clock = TB_NO_INDEX,
                            .deferred = TB_NO_INDEX,
                            .promised = TB_NO_INDEX,
                            .supplied = TB_NO_INDEX,
                            .until = TB_NO_INDEX};
    if (head_clause(m, TB_C_DEFERRED)) {
        p->papers.deferred = tb__milestone_of(m->c->a, p, TB_STR(DEFERRED));
        p->papers.supplied = tb__milestone_of(m->c->a, p, TB_STR(SUPPLIED));
    }
    if (head_clause(m, TB_C_PROMISE)) p->papers.promised = tb__milestone_of(m->c->a, p, TB_STR(PROMISED));
}

void tb__papers_clock(tb__matter *m) {
    tb_program *p = m->p;
    const tb_clause *c = head_clause(m, TB_C_DEFERRED);
    if (!c) return;
    tb_clock_def d = {
        .kind = TB_CLOCK_DEFERRAL, .step = TB_NO_INDEX, .place = p->authority_place, .name = TB_STR("容缺补齐期限")};
    const tb_part *from = tb_part_of(c, TB_P_FROM);
    bool first = false;
    d.from = from && from->names.count ? tb__milestone_ref(m, from->names.items[0].text, &first) : TB_M_ACCEPTED;
    d.first = first;
    d.to = p->papers.supplied;
    p->papers.until =
        from && from->names.count > 1 ? tb__milestone_ref(m, from->names.items[1].text, &first) : TB_M_DECIDED;
    if (d.from == TB_NO_INDEX) d.from = TB_M_ACCEPTED;
    if (!tb__fill_limit(m, c, &d)) return;
    p->papers.clock = p->clocks.count;
    *TB_PUSH(m->c->a, p->clocks) = d;
}

/* 容缺逾期的 is brought about by the limit, not by anybody. */
bool tb__papers_expiry(const tb__matter *m, tb_str act) {
    return m->p->papers.deferred != TB_NO_INDEX && tb_str_is(act, EXPIRED);
}

static bool step_has(const tb_program *p, uint32_t step, const char *act, const tb_move **found) {
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (p->moves.items[i].step == step && tb_str_is(p->moves.items[i].act, act))
            return *found = &p->moves.items[i], true;
    return false;
}

void tb__papers_check(tb__matter *m) {
    const tb_program *p = m->p;
    const tb_clause *deferred = head_clause(m, TB_C_DEFERRED), *promise = head_clause(m, TB_C_PROMISE);
    for (uint32_t i = 0; i < p->materials.count; i++) {
        const tb_material *x = &p->materials.items[i];
        if (x->deferrable && !deferred)
            TB__REPORT(m, PAPERS_RULE, x->span, x->name, TB_STR("可容缺"),
                       TB__SAY(m, "容缺受理 10个工作日，自 受理 至 决定，依 …。",
                               "deferral 10-workdays, from accepted to decided."));
        if (x->promisable && !promise)
            TB__REPORT(m, PAPERS_RULE, x->span, x->name, TB_STR("可承诺"),
                       TB__SAY(m, "告知承诺 核查的环节，依 …。", "promise STEP."));
    }
    bool any[2] = {false, false}, expires = false;
    for (uint32_t i = 0; i < p->materials.count; i++)
        any[0] |= p->materials.items[i].deferrable, any[1] |= p->materials.items[i].promisable;
    if (deferred && !any[0]) TB__REPORT(m, PAPERS_NONE, deferred->head, TB_STR("容缺受理"), TB_STR("可容缺"), TB_NONE);
    if (promise && !any[1]) TB__REPORT(m, PAPERS_NONE, promise->head, TB_STR("告知承诺"), TB_STR("可承诺"), TB_NONE);
    for (uint32_t i = 0; i < p->moves.count; i++)
        expires |= p->moves.items[i].step == TB_NO_INDEX && tb_str_is(p->moves.items[i].act, EXPIRED) &&
                   p->moves.items[i].leaves;
    if (deferred && !expires) TB__REPORT(m, PAPERS_EXPIRY, deferred->head, TB_NONE, TB_NONE, TB_NONE);
    if (!promise || !promise->names.count) return;
    uint32_t step;
    const tb_move *kept, *broken;
    TB__FIND(p->steps, .name, promise->names.items[0].text, step);
    if (step == TB_NO_INDEX) {
        TB__REPORT(m, UNKNOWN_STEP, promise->names.items[0].span, promise->names.items[0].text, TB_NONE, TB_NONE);
        return;
    }
    if (!step_has(p, step, "承诺属实", &kept))
        TB__REPORT(m, PROMISE_ACT, p->steps.items[step].span, p->steps.items[step].name, TB_STR("承诺属实"), TB_NONE);
    if (!step_has(p, step, "承诺不实", &broken)) {
        TB__REPORT(m, PROMISE_ACT, p->steps.items[step].span, p->steps.items[step].name, TB_STR("承诺不实"), TB_NONE);
        return;
    }
    bool issues = false;
    for (uint32_t i = 0; i < broken->effects_n; i++) issues |= broken->effects[i].kind == TB_DO_ISSUE;
    if (!issues || !broken->leaves) TB__REPORT(m, PROMISE_BROKEN, broken->span, TB_NONE, TB_NONE, TB_NONE);
}

/* ---- at the window ---- */

/* How an item of the application's materials is brought: "" by itself, 容缺, 承诺. */
static tb_str way_of(const tb_json *item, tb_str *name) {
    if (item->kind == TB_JSON_STR) return *name = item->text, TB_NONE;
    *name = tb_json_text(item, "名称");
    return tb_json_text(item, "方式");
}

bool tb__papers_fit(const tb_program *p, const tb_json *item, tb_refusal *r) {
    tb_str name, way = way_of(item, &name);
    for (uint32_t i = 0; i < p->materials.count; i++) {
        const tb_material *m = &p->materials.items[i];
        if (!tb_str_eq(m->name, name)) continue;
        bool may = item->kind == TB_JSON_STR || (item->count == 2 && ((m->deferrable && tb_str_is(way, DEFERRED)) ||
                                                                      (m->promisable && tb_str_is(way, PROMISED))));
        return may || tb__refuse(r, TB_R_MATERIAL_WAY, m->span, name, way,
                                 m->deferrable && m->promisable ? TB_STR("容缺、承诺")
                                 : m->deferrable                ? TB_STR("容缺")
                                 : m->promisable                ? TB_STR("承诺")
                                                                : TB_STR("（无）"));
    }
    return true;
}

static bool brought(const tb_case *c, const char *way) {
    tb_str name;
    for (uint32_t i = 0; i < c->materials.count; i++)
        if (tb_str_is(way_of(&c->materials.items[i], &name), way)) return true;
    return false;
}

bool tb__papers_owed(const tb_case *c) {
    const tb_papers *x = &c->program->papers;
    return x->deferred != TB_NO_INDEX && c->milestones[x->deferred].count && !c->milestones[x->supplied].count;
}

void tb__papers_submitted(struct work *w) {
    const tb_papers *x = &w->p->papers;
    if (x->deferred != TB_NO_INDEX && brought(w->c, DEFERRED)) tb__record(w, x->deferred, w->at);
    if (x->promised != TB_NO_INDEX && brought(w->c, PROMISED)) tb__record(w, x->promised, w->at);
}

static tb_str owed_names(tb_arena *a, const tb_case *c) {
    tb_buf b;
    tb_str name;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < c->materials.count; i++)
        if (tb_str_is(way_of(&c->materials.items[i], &name), DEFERRED)) tb__list_name(&b, name);
    return tb_buf_str(&b);
}

/* Does the move do what must wait until nothing is missing? */
bool tb__papers_bar(struct work *w, const tb_move *m, tb_refusal *r) {
    const tb_program *p = w->p;
    if (m->kind != TB_MOVE_ACT || !tb__papers_owed(w->c) || tb_str_is(m->act, EXPIRED)) return false;
    bool settles = false;
    for (uint32_t i = 0; i < m->effects_n && !settles; i++) {
        const tb_effect_def *f = &m->effects[i];
        settles = f->kind == TB_DO_RECORD && f->a == p->papers.until;
        for (uint32_t k = 0; f->kind == TB_DO_ISSUE && k < p->documents.items[f->a].records_n; k++)
            settles |= p->documents.items[f->a].records[k] == p->papers.until;
    }
    return settles && !tb__refuse(r, TB_R_MATERIALS_OWED, m->span, m->act, owed_names(w->a, w->c), TB_NONE);
}

uint32_t tb__papers_event(const tb_program *p) { return tb_act_event(p, TB_STR(EXPIRED)); }

/* ---- 补交容缺材料 ---- */

bool tb__is_supply(tb_str act) { return tb_str_is(act, SUPPLY); }
static const tb_str supply_needs[] = {{"材料", sizeof "材料" - 1}};

bool tb__supply(struct work *w) {
    const tb_json *in = w->e->input, *list = in ? tb_json_get(in, "材料") : NULL;
    static const uint32_t applicant[] = {TB_POST_APPLICANT};
    if (!tb__papers_owed(w->c)) return REFUSE(w, NOTHING_OWED, TB_NO_SPAN, TB_NONE, TB_NONE, TB_NONE);
    if (tb__authority(w, w->e->act, TB_NO_SPAN, applicant, 1, false) == TB_NO_INDEX) return false;
    if (!list || (list->kind != TB_JSON_STR && list->kind != TB_JSON_ARRAY) ||
        (list->kind == TB_JSON_ARRAY && !list->count) || in->count > 1)
        return REFUSE(w, INPUT_MISSING, TB_NO_SPAN, w->e->act, supply_needs[0], TB_NONE);
    tb_json items = tb__json_copy(w->a, &w->c->materials);
    tb_json *changed = TB_NEW_ARRAY(w->a, items.count, tb_json);
    if (items.count) memcpy(changed, items.items, items.count * sizeof *changed);
    items.items = changed;
    for (uint32_t i = 0; i < (list->kind == TB_JSON_ARRAY ? list->count : 1); i++) {
        const tb_json *given = list->kind == TB_JSON_ARRAY ? &list->items[i] : list;
        tb_str name;
        bool found = false;
        for (uint32_t k = 0; k < items.count && !found; k++) {
            if (!tb_str_is(way_of(&changed[k], &name), DEFERRED) || given->kind != TB_JSON_STR ||
                !tb_str_eq(name, given->text))
                continue;
            changed[k] = tb_json_of_text(name);
            tell(w, "补交", name, TB_NONE, w->at);
            found = true;
        }
        if (!found)
            return REFUSE(w, NOT_OWED, TB_NO_SPAN, given->kind == TB_JSON_STR ? given->text : TB_STR("？"),
                          owed_names(w->a, w->c), TB_NONE);
    }
    w->c->materials = items;
    if (!brought(w->c, DEFERRED)) tb__record(w, w->p->papers.supplied, w->at);
    return true;
}

void tb__supply_list(struct work *w, tb_possibles *list) {
    uint32_t *post = TB_NEW(w->a, uint32_t); /* the applicant */
    if (!tb__papers_owed(w->c)) return;
    *TB_PUSH(w->a, *list) = (tb_possible){.move = TB_NO_INDEX,
                                          .act = TB_STR(SUPPLY),
                                          .step = TB_NO_INDEX,
                                          .posts = post,
                                          .posts_n = 1,
                                          .needs = supply_needs,
                                          .needs_n = 1,
                                          .open = true};
}
