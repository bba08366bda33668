/* 外部接口 and 发起: what a matter asks of others, and waits for.
 *
 * A step may call an outside service (调用 证照核验) or start a case of another matter (发起 食品经营许可核发). Either way the step
 * is where the case waits: what may come back is written as acts of that step, so that a reader sees every answer and where it leads,
 * and the compiler can insist that none is forgotten.
 *
 *   调用 X     答复有效的，… 答复无效的，…   one for each 回复 of X; the step's limit is X's 超时, its expiry 答复超时的，…
 *   发起 M     子办件准予许可的，…            one for an outcome of M; 子办件办结的，… for every other outcome;
 *                                            子办件未能发起的，… when M refused the application;
 *                                            子办件停止计时的，不计入期限 while its time stands still (along.c)
 *
 * Answers are taken from nobody but the machine that carries them: such an act belongs to the post 外部接口, which no person can hold, and
 * must bear the key of the very call that is open, so that a late or repeated answer does nothing (M3: the call's key is part of
 * the state). The engine only says what is to be sent; carrying it is the outbox's work (runtime). */
#include "compile_work.h"
#include <string.h>

#define OUTSIDE "外部接口"

/* A section of that kind and name in the matter's file or in what it references. */
static const tb_section *section_named(tb__matter *m, uint32_t file, enum tb_section_kind kind, tb_str name) {
    for (const uint32_t *f = m->c->closure[file]; *f != TB_NO_INDEX; f++) {
        const tb_tree *t = m->c->rules->trees.items[*f];
        for (uint32_t i = 0; i < t->sections.count; i++)
            if (t->sections.items[i].kind == kind && tb_str_eq(t->sections.items[i].name.text, name))
                return &t->sections.items[i];
    }
    return NULL;
}

static const tb_clause *clause_of(const tb_section *s, enum tb_clause_kind kind) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == kind) return &s->clauses.items[i];
    return NULL;
}

bool tb__outside_step(const tb_section *s) { return clause_of(s, TB_C_CALLS) || clause_of(s, TB_C_STARTS); }

void tb__outside_post(tb__matter *m) {
    bool limits = false; /* 容缺逾期, too, is nobody's act */
    for (uint32_t i = 0; i < m->head->clauses.count; i++) limits |= m->head->clauses.items[i].kind == TB_C_DEFERRED;
    for (uint32_t i = 0; i < m->sections_n && !m->p->outside; i++) {
        if (!limits && (m->sections[i]->kind != TB_S_STEP || !tb__outside_step(m->sections[i]))) continue;
        m->p->outside = m->p->posts.count;
        *TB_PUSH(m->c->a, m->p->posts) = (tb_post){TB_STR(OUTSIDE), TB_NO_INDEX, m->sections[i]->span, false};
    }
}

/* ---- what is sent along ---- */

static bool same_kind(const tb_field *a, const tb_field *b) {
    bool text = b->type == TB_T_TEXT;
    return (a->type == b->type && (a->type != TB_T_LIST || (a->item == b->item && a->most <= b->most))) ||
           (text && (a->type == TB_T_OPTION || a->type == TB_T_ID_CARD || a->type == TB_T_CREDIT_CODE ||
                     a->type == TB_T_PHONE || a->type == TB_T_DIVISION));
}

static tb_binding bound(tb__matter *m, tb_str to, const tb_part *set) {
    tb_binding b = {.to = to, .field = TB_NO_INDEX};
    tb_str from = set ? set->value.text : to;
    if (!set || set->value_kind == TB_V_NAME) TB__FIND(m->p->fields, .name, from, b.field);
    if (b.field == TB_NO_INDEX) b.text = from;
    return b;
}

static const tb_part *set_for(const tb_clause *c, tb_str name) {
    for (uint32_t i = 0; i < c->parts.count; i++)
        if (c->parts.items[i].kind == TB_P_SET && tb_str_eq(c->parts.items[i].names.items[0].text, name))
            return &c->parts.items[i];
    return NULL;
}

/* ---- 调用 ---- */

static void interface_lacks(tb__matter *m, const tb_section *s, const char *what, const char *example) {
    TB__REPORT(m, INTERFACE_LACKS, s->name.span, s->name.text, tb_str_z(what), tb_str_z(example));
}

static void call_interface(tb__matter *m, tb_step_def *step, uint32_t index, const tb_clause *c, tb_clock_def *limit) {
    tb_arena *a = m->c->a;
    const tb_section *s = section_named(m, c->span.file, TB_S_INTERFACE, c->names.items[0].text);
    if (!s) {
        TB__REPORT(m, UNKNOWN_INTERFACE, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE);
        return;
    }
    const tb_clause *replies = clause_of(s, TB_C_REPLIES), *asks = clause_of(s, TB_C_REQUESTS),
                    *wait = clause_of(s, TB_C_TIMEOUT), *retries = clause_of(s, TB_C_RETRIES),
                    *provider = clause_of(s, TB_C_PROVIDER);
    if (!replies) interface_lacks(m, s, "回复", "回复 有效、无效。");
    if (!wait) interface_lacks(m, s, "超时", "超时 30分钟。");
    tb_call_def d = {.kind = TB_CALL_INTERFACE, .name = s->name.text, .step = index, .span = c->span};
    if (provider && provider->names.count) d.provider = provider->names.items[0].text;
    d.retries = retries ? retries->number : TB_CALL_RETRIES;
    uint32_t n = asks ? asks->names.count : 0;
    tb_binding *bindings = TB_NEW_ARRAY(a, n, tb_binding);
    for (uint32_t i = 0; i < n; i++) {
        const tb_name *ask = &asks->names.items[i];
        const tb_part *set = set_for(c, ask->text);
        bindings[i] = bound(m, ask->text, set);
        if (bindings[i].field == TB_NO_INDEX && (!set || set->value_kind == TB_V_NAME))
            TB__REPORT(m, UNBOUND, set ? set->value.span : c->head, ask->text, set ? set->value.text : ask->text,
                       d.name);
    }
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        bool asked = p->kind != TB_P_SET;
        for (uint32_t k = 0; k < n && !asked; k++) asked = tb_str_eq(asks->names.items[k].text, p->names.items[0].text);
        if (!asked) TB__REPORT(m, NOT_ASKED, p->span, p->names.items[0].text, d.name, TB_NONE);
    }
    d.bindings = bindings, d.bindings_n = n;
    tb_str *list = TB_NEW_ARRAY(a, replies ? replies->names.count : 0, tb_str);
    for (uint32_t i = 0; replies && i < replies->names.count; i++) list[d.replies_n++] = replies->names.items[i].text;
    d.replies = list;
    if (wait) {
        limit->n = wait->duration.n;
        limit->unit = (enum tb_unit)wait->duration.unit;
        limit->span = wait->span;
    }
    *TB_PUSH(a, m->p->calls) = d;
    step->call = m->p->calls.count;
}

/* ---- 发起 ---- */

/* What the form of the other matter takes can only be asked when all matters are compiled: tb__outside_check(). Until then every SET, and
 * every field of ours, is carried; what the other does not have is dropped there. */
static void start_matter(tb__matter *m, tb_step_def *step, uint32_t index, const tb_clause *c) {
    tb_arena *a = m->c->a;
    const tb_part *mode = tb_part_of(c, TB_P_MODE);
    tb_call_def d = {.kind = TB_CALL_MATTER, .name = c->names.items[0].text, .step = index, .span = c->span};
    if (mode && mode->names.count) d.mode = mode->names.items[0].text;
    if (tb_str_eq(d.name, m->p->matter)) TB__REPORT(m, STARTS_ITSELF, c->names.items[0].span, d.name, d.name, TB_NONE);
    tb_binding *bindings = TB_NEW_ARRAY(a, c->parts.count, tb_binding);
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        if (p->kind != TB_P_SET) continue;
        bindings[d.bindings_n] = bound(m, p->names.items[0].text, p);
        bindings[d.bindings_n++].given = true;
    }
    d.bindings = bindings;
    *TB_PUSH(a, m->p->calls) = d;
    step->call = m->p->calls.count;
}

/* 办理人 where nobody but the other side acts would bind nobody. */
static void no_actor(tb__matter *m, const tb_section *s, tb_str step) {
    const tb_clause *actors = clause_of(s, TB_C_ACTORS);
    if (!actors || m->c->in->stored) return;
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        const tb_clause *c = &s->clauses.items[i];
        tb_str act = c->kind == TB_C_EVENT && c->names.count ? c->names.items[0].text : TB_NONE;
        bool answer = tb_str_starts(act, "答复") || tb_str_starts(act, "reply-") || tb_str_starts(act, "子办件") ||
                      tb_str_starts(act, "child-");
        if (act.n && !answer && !tb_str_is(tb__fixed_name(act), "逾期")) return;
    }
    TB__REPORT(m, CALL_ACTOR, actors->head, step, TB_NONE, TB_NONE);
}

void tb__outside_fill(tb__matter *m, const tb_section *s, tb_step_def *step, uint32_t index, tb_clock_def *limit) {
    const tb_clause *call = clause_of(s, TB_C_CALLS), *start = clause_of(s, TB_C_STARTS),
                    *within = clause_of(s, TB_C_LIMIT);
    const tb_clause *c = call ? call : start;
    if (!c || !c->names.count) return;
    /* The first is read on, so that its answers are no second error. */
    if (call && start) TB__REPORT(m, TWO_CALLS, start->head, step->name, TB_NONE, TB_NONE)->other = call->head;
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == c->kind && &s->clauses.items[i] != c) {
            TB__REPORT(m, TWO_CALLS, s->clauses.items[i].head, step->name, TB_NONE, TB_NONE)->other = c->head;
            break;
        }
    no_actor(m, s, step->name);
    if (call && within) TB__REPORT(m, CALL_LIMIT, within->head, step->name, TB_NONE, TB_NONE)->other = call->head;
    if (call) call_interface(m, step, index, call, limit);
    else start_matter(m, step, index, start);
}

/* ---- answers ---- */

static bool cut(tb_str *s, const char *zh, const char *en) {
    const char *prefixes[2] = {zh, en};
    for (int i = 0; i < 2; i++) {
        uint32_t n = (uint32_t)strlen(prefixes[i]);
        if (s->n <= n || !tb_str_starts(*s, prefixes[i])) continue;
        *s = (tb_str){s->p + n, s->n - n};
        return true;
    }
    return false;
}

bool tb__outside_timeout(const tb_section *s, tb_str act) {
    return clause_of(s, TB_C_CALLS) && (tb_str_is(act, "答复超时") || tb_str_is(act, "reply-timeout"));
}

void tb__outside_move(tb__matter *m, tb_move *v, const tb_clause *c) {
    uint32_t call = m->p->steps.items[v->step].call;
    tb_str reply = v->act;
    if (!call || v->kind != TB_MOVE_ACT) return;
    const tb_call_def *d = &m->p->calls.items[call - 1];
    bool service = d->kind == TB_CALL_INTERFACE;
    if (!(service ? cut(&reply, "答复", "reply-") : cut(&reply, "子办件", "child-"))) return;
    if (!service && tb_str_is(reply, "closed")) reply = TB_STR("办结");
    if (!service && tb_str_is(reply, "not-started")) reply = TB_STR("未能发起");
    bool known = !service || !d->replies_n; /* an interface without replies: that has been said */
    for (uint32_t i = 0; i < d->replies_n && !known; i++) known = tb_str_eq(d->replies[i], reply);
    if (!known) TB__REPORT(m, UNKNOWN_REPLY, c->head, d->name, reply, tb__joined(m->c->a, d->replies, d->replies_n));
    uint32_t *posts = TB_NEW_ARRAY(m->c->a, 1, uint32_t);
    posts[0] = m->p->outside;
    v->call = call;
    v->reply = reply;
    if (v->posts_n) TB__REPORT(m, REPLY_BY, c->head, v->act, TB_NONE, TB_NONE);
    v->posts = posts;
    v->posts_n = 1;
}

tb_str tb__joined(tb_arena *a, const tb_str *list, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < n; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(list[i]));
    return tb_buf_str(&b);
}

static bool answered(const tb_program *p, uint32_t call, tb_str reply) {
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (p->moves.items[i].call == call + 1 && tb_str_eq(p->moves.items[i].reply, reply)) return true;
    return false;
}

/* Every answer leads somewhere. */
void tb__outside_answers(tb__matter *m) {
    const tb_program *p = m->p;
    for (uint32_t i = 0; i < p->calls.count; i++) {
        const tb_call_def *d = &p->calls.items[i];
        tb_str step = p->steps.items[d->step].name;
        for (uint32_t k = 0; k < d->replies_n; k++)
            if (!answered(p, i, d->replies[k]))
                TB__REPORT(m, NO_ANSWER, d->span, step, tb_str_printf(m->c->a, "答复%.*s", TB_FMT(d->replies[k])),
                           TB_NONE);
        bool expires = d->kind == TB_CALL_MATTER;
        for (uint32_t k = 0; k < p->moves.count && !expires; k++)
            expires = p->moves.items[k].step == d->step && p->moves.items[k].kind == TB_MOVE_OVERDUE;
        if (!expires) TB__REPORT(m, NO_ANSWER, d->span, step, TB_STR("答复超时"), TB_NONE);
        if (d->kind != TB_CALL_MATTER) continue;
        if (!answered(p, i, TB_STR("未能发起")))
            TB__REPORT(m, NO_ANSWER, d->span, step, TB_STR("子办件未能发起"), TB_NONE);
        if (!answered(p, i, TB_STR("办结"))) TB__REPORT(m, NO_ANSWER, d->span, step, TB_STR("子办件办结"), TB_NONE);
    }
}

/* ---- across matters ---- */

static const tb_program *compiled(const tb_rules *r, tb_str matter) {
    for (uint32_t i = 0; i < r->programs.count; i++)
        if (tb_str_eq(r->programs.items[i]->matter, matter)) return r->programs.items[i];
    return NULL;
}

/* Would it count days that the started case leaves out? */
static bool counts_while_waiting(const tb_program *p, uint32_t step) {
    bool counts = p->steps.items[step].clock != TB_NO_INDEX;
    for (uint32_t i = 0; i < p->clocks.count; i++)
        counts |= p->clocks.items[i].kind == TB_CLOCK_STATUTORY || p->clocks.items[i].kind == TB_CLOCK_PROMISED;
    return counts && !p->steps.items[step].excludes;
}

static void check_form(tb__compiler *c, const tb_program *p, const tb_call_def *d, const tb_program *to) {
    for (uint32_t i = 0; i < d->bindings_n; i++) {
        const tb_binding *b = &d->bindings[i];
        uint32_t at;
        TB__FIND(to->fields, .name, b->to, at);
        if (at == TB_NO_INDEX) tb_report(c->d, TB_E_START_FIELD, d->span, to->matter, b->to, TB_NONE);
        else if (b->field != TB_NO_INDEX && !same_kind(&p->fields.items[b->field], &to->fields.items[at]))
            tb_report(c->d, TB_E_START_TYPE, d->span, to->matter, b->to, p->fields.items[b->field].name);
    }
    for (uint32_t i = 0; i < to->fields.count; i++) {
        const tb_field *f = &to->fields.items[i];
        bool given = !f->required;
        for (uint32_t k = 0; k < d->bindings_n && !given; k++) given = tb_str_eq(d->bindings[k].to, f->name);
        for (uint32_t k = 0; k < p->fields.count && !given; k++)
            given = tb_str_eq(p->fields.items[k].name, f->name) && p->fields.items[k].required &&
                    same_kind(&p->fields.items[k], f);
        if (!given) tb_report(c->d, TB_E_START_LACKS, d->span, to->matter, f->name, TB_NONE)->other = f->span;
    }
    bool mode = !d->mode.n;
    for (uint32_t i = 0; i < to->modes.count && !mode; i++) mode = tb_str_eq(to->modes.items[i].name, d->mode);
    if (!mode) {
        tb_diagnostic *said = tb_report(c->d, TB_E_UNKNOWN_MODE, d->span, d->mode, TB_NONE, TB_NONE);
        tb_str *modes = TB_NEW_ARRAY(c->a, to->modes.count + 1, tb_str);
        for (uint32_t i = 0; i < to->modes.count; i++) modes[i] = to->modes.items[i].name;
        tb_str list = tb__joined(c->a, modes, to->modes.count);
        said->hint = tb_str_printf(c->a, "事项“%.*s”的办理模式：%.*s", TB_FMT(to->matter), TB_FMT(list));
        said->hint_en = tb_str_printf(c->a, "the modes of matter %.*s: %.*s", TB_FMT(to->matter), TB_FMT(list));
        said->other = to->span;
    }
    if (!d->along && tb__along_may(to) && counts_while_waiting(p, d->step))
        tb_report(c->d, TB_E_ALONG_ALONE, d->span, to->matter, p->steps.items[d->step].name, TB_NONE)->other = to->span;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *v = &p->moves.items[i];
        uint32_t at;
        if (v->along == TB_ALONG_STOP && &p->calls.items[v->call - 1] == d && !tb__along_may(to))
            tb_report(c->d, TB_E_ALONG_NEVER, v->span, to->matter, TB_NONE, TB_NONE)->other = to->span;
        if (v->along || !v->call || &p->calls.items[v->call - 1] != d || tb_str_is(v->reply, "办结") ||
            tb_str_is(v->reply, "未能发起"))
            continue;
        TB__FIND(to->outcomes, , v->reply, at);
        if (at == TB_NO_INDEX)
            tb_report(c->d, TB_E_UNKNOWN_REPLY, v->span, to->matter, v->reply,
                      tb__joined(c->a, to->outcomes.items, to->outcomes.count));
    }
}

enum { STARTS_DEEP = 16 };

/* A matter that, through the matters it starts, starts itself would never end. */
static bool leads_back(const tb_rules *r, const tb_program *from, const tb_program *to, int deep) {
    for (uint32_t i = 0; i < from->calls.count; i++) {
        const tb_call_def *d = &from->calls.items[i];
        const tb_program *next = d->kind == TB_CALL_MATTER ? compiled(r, d->name) : NULL;
        if (next && (next == to || deep == STARTS_DEEP || leads_back(r, next, to, deep + 1))) return true;
    }
    return false;
}

/* Is there a matter of that name among the files? Without a program it has errors of its own, which are told. */
static bool written(const tb__compiler *c, tb_str matter) {
    for (uint32_t i = 0; i < c->rules->trees.count; i++)
        for (uint32_t k = 0; k < c->rules->trees.items[i]->sections.count; k++) {
            const tb_section *s = &c->rules->trees.items[i]->sections.items[k];
            if (s->kind == TB_S_MATTER && tb_str_eq(s->name.text, matter)) return true;
        }
    return false;
}

void tb__outside_check(tb__compiler *c) {
    for (uint32_t i = 0; i < c->rules->programs.count; i++) {
        const tb_program *p = c->rules->programs.items[i];
        for (uint32_t k = 0; k < p->calls.count; k++) {
            const tb_call_def *d = &p->calls.items[k];
            if (d->kind != TB_CALL_MATTER) continue;
            const tb_program *to = compiled(c->rules, d->name);
            if (!to && written(c, d->name)) continue;
            if (!to) tb_report(c->d, TB_E_START_UNSEEN, d->span, d->name, TB_NONE, TB_NONE);
            else if (leads_back(c->rules, to, p, 0))
                tb_report(c->d, TB_E_STARTS_ITSELF, d->span, p->matter, to->matter, TB_NONE);
            else check_form(c, p, d, to);
        }
    }
}
