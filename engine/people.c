/* What people do beside the moves of a matter: acts that every matter has, and 可更正.
 *
 * 签收: whoever may act on a step takes it for himself; until it ends, or until he gives it back (退签), nobody else may do
 * what is the step's own people's to do. It is not a duty yet (不得同一人 counts acts, not intentions), and it bars
 * nobody where several persons must act anyway (不少于 N人, 与), nor other posts that a clause names (由 P), nor what may
 * happen in any step. A step of the applicant, or one that waits for another side, has nobody to choose from. When the
 * holder is away the 本机关负责人, where the matter declares one, may give a task back for him.
 *
 * 更正: an act that says 可更正 can be taken back, within that time, by its own post and place, as long as nothing else has
 * happened: no other act, no expiry; claims and alerts do not count. The state before it, which the case has kept, is the
 * state again: milestones, clocks, duties, counts. Only time is not taken back: a limit that ran out meanwhile expires
 * now. What it issued is void, its numbers are never used again, and the history keeps both acts. What others have
 * been told cannot be taken back so: never after 不可撤回, never an act that asked an interface, started a case or told
 * the result to one that waits.
 *
 * Built-in acts are listed with the possible acts, so that who looks at a case sees them. */
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

enum builtin { NONE, CLAIM, RELEASE, CORRECT, BUILTINS };
static const struct {
    const char *zh, *en;
} names[BUILTINS] = {[CLAIM] = {"签收", "claim"}, [RELEASE] = {"退签", "unclaim"}, [CORRECT] = {"更正", "correct"}};
static const tb_str correction_needs[] = {{"理由", sizeof "理由" - 1}};

static enum builtin builtin_named(tb_str act) {
    for (enum builtin i = CLAIM; i < BUILTINS; i++)
        if (tb_str_is(act, names[i].zh) || tb_str_is(act, names[i].en)) return i;
    return NONE;
}

bool tb_builtin_act(tb_str act) { return builtin_named(act) != NONE || tb__is_supply(act); }

/* ---- who holds a task ---- */

tb_str tb_holder_person(tb_str holder) {
    for (int slashes = 0; holder.n && slashes < 2; holder.p++, holder.n--) slashes += holder.p[0] == '/';
    return holder;
}

static tb_str full_name(struct work *w, const tb_actor *by) {
    return tb_str_printf(w->a, "%.*s/%.*s/%.*s", TB_FMT(by->post), TB_FMT(by->place), TB_FMT(by->person));
}

static bool is_held_by(const tb_task *t, tb_str place, tb_str person) {
    tb_str rest = t->holder;
    while (rest.n && rest.p[0] != '/') rest.p++, rest.n--;
    if (rest.n != place.n + person.n + 2) return false;
    return memcmp(rest.p + 1, place.p, place.n) == 0 && rest.p[place.n + 1] == '/' &&
           memcmp(rest.p + place.n + 2, person.p, person.n) == 0;
}

/* The same person at the same place, in whatever post; or one for whom this one acts (deputy.c). */
static bool holds(const tb_task *t, const tb_actor *by) {
    return is_held_by(t, by->place, by->person) || (by->behalf.n && is_held_by(t, by->place, by->behalf));
}

static bool among(const uint32_t *posts, uint32_t n, uint32_t post) {
    for (uint32_t i = 0; i < n; i++)
        if (posts[i] == post) return true;
    return false;
}

bool tb__claim_bars(struct work *w, const tb_move *m, const tb_task *t, uint32_t post) {
    const tb_step_def *s = &w->p->steps.items[t->step];
    if (!t->holder.n || m->step == TB_NO_INDEX || m->call || s->persons > 1 || s->all) return false;
    if (!among(s->posts, s->posts_n, post) || holds(t, &w->e->by)) return false;
    return !REFUSE(w, CLAIMED, m->span, s->name, tb_holder_person(t->holder), m->act);
}

/* May this step be claimed at all? Otherwise who it waits for. */
static bool claimable(const tb_program *p, const tb_step_def *s, tb_str *waits) {
    for (uint32_t i = 0; i < s->posts_n; i++)
        if (s->posts[i] != TB_POST_APPLICANT && !(p->outside && s->posts[i] == p->outside)) return true;
    *waits = s->posts_n ? p->posts.items[s->posts[0]].name : TB_NONE;
    return false;
}

static uint32_t leader_of(const tb_program *p) {
    uint32_t at;
    TB__FIND(p->posts, .name, TB_STR("本机关负责人"), at);
    return at;
}

/* ---- which task ---- */

static bool fits(struct work *w, enum builtin act, const tb_task *t) {
    const tb_step_def *s = &w->p->steps.items[t->step];
    if (act == RELEASE) return t->holder.n > 0;
    for (uint32_t i = 0; i < s->posts_n; i++)
        if (s->posts[i] != TB_POST_APPLICANT && tb_str_eq(w->p->posts.items[s->posts[i]].name, w->e->by.post)) return true;
    return false;
}

/* The one task that is meant; the first of that name when none fits, so that the reason can be told. */
static tb_task *task_meant(struct work *w, enum builtin act) {
    tb_task *first = NULL, *found = NULL;
    tb_buf able;
    tb_buf_init(&able, w->a);
    uint32_t fitting = 0;
    for (uint32_t i = 0; i < w->c->tasks.count; i++) {
        tb_task *t = &w->c->tasks.items[i];
        tb_str step = w->p->steps.items[t->step].name;
        if (w->e->task.n && !tb_str_eq(step, w->e->task)) continue;
        if (!first) first = t;
        if (!fits(w, act, t)) continue;
        tb__list_name(&able, step);
        if (!fitting++) found = t;
    }
    if (!first) return REFUSE(w, NO_SUCH_TASK, TB_NO_SPAN, w->e->task, tb__active_names(w), TB_NONE), NULL;
    if (fitting > 1) return REFUSE(w, TASK_NEEDED, TB_NO_SPAN, w->e->act, tb_buf_str(&able), TB_NONE), NULL;
    return found ? found : first;
}

/* ---- the acts ---- */

/* What may be said with a built-in act: what it needs, and a remark. */
static bool input_fits(struct work *w, const tb_str *needs, uint32_t n) {
    const tb_json *in = w->e->input;
    for (uint32_t i = 0; i < n; i++)
        if (!tb_json_text(in, needs[i].p).n) return REFUSE(w, INPUT_MISSING, TB_NO_SPAN, w->e->act, needs[i], TB_NONE);
    for (uint32_t i = 0; in && i < in->count; i++) {
        if (in->items[i].kind == TB_JSON_STR && (tb_str_is(in->keys[i], "备注") || tb__among(in->keys[i], needs, n))) continue;
        tb_buf may;
        tb_buf_init(&may, w->a);
        for (uint32_t k = 0; k < n; k++) tb__list_name(&may, needs[k]);
        tb__list_name(&may, TB_STR("备注"));
        return REFUSE(w, INPUT_UNKNOWN, TB_NO_SPAN, w->e->act, in->keys[i], tb_buf_str(&may));
    }
    return true;
}

static bool claim(struct work *w) {
    tb_task *t = task_meant(w, CLAIM);
    tb_str waits;
    if (!t) return false;
    const tb_step_def *s = &w->p->steps.items[t->step];
    if (!claimable(w->p, s, &waits)) return REFUSE(w, NO_CLAIM, s->span, s->name, waits, TB_NONE);
    if (tb__authority(w, w->e->act, s->span, s->posts, s->posts_n, false) == TB_NO_INDEX) return false;
    if (tb_str_is(w->e->by.post, "申请人")) return REFUSE(w, NO_CLAIM, s->span, s->name, w->e->by.post, TB_NONE);
    if (t->holder.n) return REFUSE(w, CLAIMED, s->span, s->name, tb_holder_person(t->holder), w->e->act);
    if (!input_fits(w, NULL, 0)) return false;
    t->holder = full_name(w, &w->e->by);
    t->claimed = w->at;
    tell(w, names[CLAIM].zh, s->name, tb_str_copy(w->a, w->e->by.person), w->at);
    return true;
}

static bool release(struct work *w) {
    tb_task *t = task_meant(w, RELEASE);
    if (!t) return false;
    const tb_step_def *s = &w->p->steps.items[t->step];
    uint32_t leader = leader_of(w->p);
    if (!t->holder.n) return REFUSE(w, NOT_CLAIMED, s->span, s->name, TB_NONE, TB_NONE);
    if (!tb_str_eq(t->holder, full_name(w, &w->e->by)) && !(w->e->by.behalf.n && holds(t, &w->e->by))) {
        if (leader == TB_NO_INDEX || !tb_str_eq(w->p->posts.items[leader].name, w->e->by.post))
            return REFUSE(w, CLAIMED, s->span, s->name, tb_holder_person(t->holder), w->e->act);
        if (tb__authority(w, w->e->act, s->span, &leader, 1, false) == TB_NO_INDEX) return false;
    }
    if (!input_fits(w, NULL, 0)) return false;
    tell(w, names[RELEASE].zh, s->name, tb_holder_person(t->holder), w->at);
    t->holder = TB_NONE;
    return true;
}

/* ---- 更正 ---- */

tb_due tb_correct_until(const tb_case *c, const tb_env *env) {
    static const tb_due none = {.kind = TB_DUE_NONE, .day = TB_NO_DAY, .at = TB_NO_TIME};
    const tb_program *p = c->program;
    uint32_t post;
    if (!c->undo.before.n) return none;
    const tb_move *m = &p->moves.items[c->undo.move];
    TB__FIND(p->posts, .name, c->undo.post, post);
    const tb_calendar *calendar = tb__calendar_of(c, env, post == TB_NO_INDEX ? post : p->posts.items[post].place);
    return calendar ? tb_due_after(calendar, c->undo.at, m->correct_n, m->correct_unit, false, NULL, 0) : none;
}

void tb__correctable(struct work *w, const tb_move *m) {
    if (!m->correct_n || w->before->irreversible || w->c->irreversible || w->o->sent.count) return;
    tb_case plain = *w->before;
    tb_buf b;
    plain.undo = (tb_undo){0};
    tb_buf_init(&b, w->a);
    tb_case_write(&b, &plain);
    if (b.n > TB_UNDO_BYTES) return;
    w->c->undo = (tb_undo){.before = tb_buf_str(&b),
                           .move = (uint32_t)(m - w->p->moves.items),
                           .at = w->at,
                           .post = tb_str_copy(w->a, w->e->by.post),
                           .place = tb_str_copy(w->a, w->e->by.place)};
}

/* The state before, with what cannot be taken back: the number of events, the time, the numbers of documents. */
static bool go_back(struct work *w) {
    tb_case *c = w->c, *was = tb__case_read(w->a, w->p, c->undo.before);
    if (!was) return REFUSE(w, NOTHING_TO_CORRECT, TB_NO_SPAN, TB_NONE, TB_NONE, TB_NONE);
    uint32_t kept = was->issued.count;
    was->id = c->id;
    was->seq = c->seq;
    was->at = c->at;
    was->issued.count = was->issued.room = 0;
    for (uint32_t i = 0; i < c->issued.count; i++) {
        tb_issued *d = TB_PUSH(w->a, was->issued);
        *d = c->issued.items[i];
        if (i < kept || d->voided) continue;
        d->voided = true;
        tell(w, "作废", w->p->documents.items[d->document].name, d->number, w->at);
    }
    w->c = was;
    for (uint32_t i = 0; i < was->tasks.count; i++)
        tell(w, "回到", w->p->steps.items[was->tasks.items[i].step].name, TB_NONE, w->at);
    return true;
}

static bool correct(struct work *w) {
    const tb_undo *u = &w->c->undo;
    tb_due until = tb_correct_until(w->c, w->env);
    uint32_t post;
    if (!u->before.n) return REFUSE(w, NOTHING_TO_CORRECT, TB_NO_SPAN, TB_NONE, TB_NONE, TB_NONE);
    const tb_move *m = &w->p->moves.items[u->move];
    TB__FIND(w->p->posts, .name, u->post, post);
    if (post == TB_NO_INDEX || tb__authority(w, w->e->act, m->span, &post, 1, false) == TB_NO_INDEX) return false;
    if (!tb_str_eq(w->e->by.place, u->place)) return REFUSE(w, WRONG_PLACE, m->span, w->e->act, u->place, w->e->by.place);
    if (until.kind == TB_DUE_NONE || w->e->at > until.at) {
        char text[TB_TIME_TEXT];
        tb_str at = until.kind == TB_DUE_NONE ? TB_STR("（停）") : tb_str_z(tb_time_text(until.at, text));
        return REFUSE(w, CORRECTION_LATE, m->span, m->act, tb_str_copy(w->a, at), TB_NONE);
    }
    if (!input_fits(w, correction_needs, 1)) return false;
    tell(w, names[CORRECT].zh, m->act, tb_str_copy(w->a, tb_json_text(w->e->input, "理由")), w->at);
    return go_back(w);
}

bool tb__builtin_done(struct work *w) {
    enum builtin act = builtin_named(w->e->act);
    if (w->c->outcome != TB_NO_INDEX && act != CORRECT) /* 更正 may open again what was closed by mistake */
        return REFUSE(w, CLOSED, TB_NO_SPAN, w->p->outcomes.items[w->c->outcome], w->e->act, TB_NONE);
    if (tb__is_supply(w->e->act)) return tb__supply(w);
    switch (act) {
    case CLAIM: return claim(w);
    case RELEASE: return release(w);
    case CORRECT: return correct(w);
    case NONE:
    case BUILTINS: break;
    }
    return REFUSE(w, NO_SUCH_ACT, TB_NO_SPAN, w->p->matter, w->e->act, TB_NONE);
}

void tb__correction_list(struct work *w, tb_possibles *list) {
    const tb_undo *u = &w->c->undo;
    uint32_t *post = TB_NEW(w->a, uint32_t);
    tb__supply_list(w, list);
    if (!u->before.n) return;
    TB__FIND(w->p->posts, .name, u->post, *post);
    if (*post == TB_NO_INDEX) return;
    *TB_PUSH(w->a, *list) = (tb_possible){.move = TB_NO_INDEX,
                                          .act = tb_str_z(names[CORRECT].zh),
                                          .step = TB_NO_INDEX,
                                          .posts = post,
                                          .posts_n = 1,
                                          .needs = correction_needs,
                                          .needs_n = 1,
                                          .open = true};
}

void tb__builtin_list(struct work *w, const tb_task *t, tb_possibles *list) {
    const tb_step_def *s = &w->p->steps.items[t->step];
    tb_str waits;
    if (!claimable(w->p, s, &waits)) return;
    uint32_t *posts = TB_NEW_ARRAY(w->a, s->posts_n + 1, uint32_t), n = 0, leader = leader_of(w->p);
    for (uint32_t i = 0; i < s->posts_n; i++)
        if (s->posts[i] != TB_POST_APPLICANT) posts[n++] = s->posts[i];
    tb_possible x = {.move = TB_NO_INDEX, .step = t->step, .posts = posts, .posts_n = n, .open = !t->holder.n};
    x.act = tb_str_z(names[CLAIM].zh);
    if (t->holder.n) tb__refuse(&x.blocked, TB_R_CLAIMED, s->span, s->name, tb_holder_person(t->holder), x.act);
    *TB_PUSH(w->a, *list) = x;
    if (!t->holder.n) return;
    if (leader != TB_NO_INDEX && !among(posts, n, leader)) posts[n++] = leader;
    *TB_PUSH(w->a, *list) = (tb_possible){.move = TB_NO_INDEX,
                                          .act = tb_str_z(names[RELEASE].zh),
                                          .step = t->step,
                                          .posts = posts,
                                          .posts_n = n,
                                          .person = tb_holder_person(t->holder),
                                          .open = true};
}

/* ---- in the language ---- */

/* Does entering a state begin a step that asks others? Everything below it that may be entered with it. */
static bool asks_others(const tb_program *p, uint16_t target) {
    for (uint16_t s = target; s < tb_chart_states(p->chart); s++) {
        if (s != target && !tb_chart_descends(p->chart, s, target)) break; /* document order: its descendants follow it */
        if (p->nodes[s].kind == TB_NODE_STEP && p->steps.items[p->nodes[s].index].call) return true;
    }
    return false;
}

/* A branch's end may end its parallel, which then goes on by itself. */
static bool joins_into_others(const tb_program *p, uint16_t target) {
    if (p->nodes[target].kind != TB_NODE_BRANCH_DONE && p->nodes[target].kind != TB_NODE_BRANCH_REJECTED) return false;
    uint16_t parallel = tb_chart_parent(p->chart, tb_chart_parent(p->chart, target));
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
        for (uint32_t i = 0; arrow.source == parallel && i < arrow.count; i++)
            if (asks_others(p, arrow.targets[i]) || joins_into_others(p, arrow.targets[i])) return true;
    }
    return false;
}

void tb__corrections(tb__matter *m) {
    const tb_program *p = m->p;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *v = &p->moves.items[i];
        int most;
        if (!v->correct_n) continue;
        if (!tb__limit_fits(v->correct_n, v->correct_unit, &most))
            TB__REPORT(m, LIMIT_RANGE, v->span, tb_str_printf(m->c->a, "%d", most), TB_NONE, TB_NONE);
        if (v->kind != TB_MOVE_ACT || v->call) TB__REPORT(m, CORRECT_WHO, v->span, v->act, TB_NONE, TB_NONE);
        if (v->irreversible) TB__REPORT(m, CORRECT_NEVER, v->span, v->act, TB_STR("不可撤回"), TB_NONE);
        bool told = false;
        for (uint16_t t = 0; t < tb_chart_transitions(p->chart) && !told; t++) {
            struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
            for (uint32_t k = 0; p->transition_move[t] == i && k < arrow.count; k++)
                told |= asks_others(p, arrow.targets[k]) || joins_into_others(p, arrow.targets[k]);
        }
        if (told) TB__REPORT(m, CORRECT_NEVER, v->span, v->act, TB_STR("调用、发起"), TB_NONE);
    }
}
