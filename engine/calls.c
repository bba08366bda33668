/* Calls of a running case: see outside.c for what they mean in the language, calls.h for the contract.
 *
 * A call's key is the number of the event that opened it and its place among that event's calls. It is written in the task, so that a
 * replay gives the same keys, and with the case's id it is the key under which the outbox sends: the other side sees a
 * repeated delivery as one. An answer empties it; whatever comes again finds no call open. */
#include "calls.h"
#include "along.h"
#include <string.h>

static tb_json value_of(const tb_case *c, const tb_binding *b, bool *there) {
    const tb_json *v = b->field == TB_NO_INDEX ? NULL : tb_json_find(&c->form, c->program->fields.items[b->field].name);
    *there = v || b->field == TB_NO_INDEX;
    return v ? *v : tb_json_of_text(b->text);
}

static tb_json call_body(tb_arena *a, const tb_case *c, const tb_call_def *d) {
    tb_json_maker m;
    tb_json_begin(&m, a);
    for (uint32_t i = 0; i < d->bindings_n; i++) {
        bool there;
        tb_json v = value_of(c, &d->bindings[i], &there);
        if (there) tb_json_add(&m, d->bindings[i].to, v); /* what was not filled in is not sent */
    }
    return tb_json_done(&m);
}

/* The form of the case to be started: what the clause says, and our own fields, of which the other takes those it knows. */
static tb_json start_body(tb_arena *a, const tb_case *c, const tb_call_def *d) {
    tb_json_maker form, m;
    tb_json_begin(&form, a);
    for (uint32_t i = 0; i < c->form.count; i++) {
        bool said = false;
        for (uint32_t k = 0; k < d->bindings_n && !said; k++) said = tb_str_eq(d->bindings[k].to, c->form.keys[i]);
        if (!said) tb_json_add(&form, c->form.keys[i], c->form.items[i]);
    }
    for (uint32_t i = 0; i < d->bindings_n; i++) {
        bool there;
        tb_json v = value_of(c, &d->bindings[i], &there);
        if (there) tb_json_add(&form, d->bindings[i].to, v);
    }
    tb_json_begin(&m, a);
    tb_json_add(&m, TB_STR("form"), tb_json_done(&form));
    if (d->mode.n) tb_json_add(&m, TB_STR("mode"), tb_json_of_text(d->mode));
    if (d->along) tb_json_add(&m, TB_STR("stops"), tb_json_of_bool(true));
    if (c->entered_by.n) tb_json_add(&m, TB_STR("entered_by"), tb_json_of_text(c->entered_by));
    tb_json_add(&m, TB_STR("person"), tb_json_of_text(c->applicant.person));
    tb_json_add(&m, TB_STR("place"), tb_json_of_text(c->applicant.place));
    return tb_json_done(&m);
}

static tb_str json_text(tb_arena *a, const tb_json *v) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_json_write(&b, v);
    return tb_buf_str(&b);
}

static void tell(tb_arena *a, tb_outcome *o, const char *what, tb_str name, tb_str value, int64_t at) {
    *TB_PUSH(a, o->effects) = (tb_effect){what, name, value, at};
}

void tb__call_open(tb_arena *a, tb_case *c, tb_outcome *o, tb_task *task, int64_t at) {
    const tb_program *p = c->program;
    const tb_call_def *d = &p->calls.items[p->steps.items[task->step].call - 1];
    tb_json body = d->kind == TB_CALL_INTERFACE ? call_body(a, c, d) : start_body(a, c, d);
    task->call = tb_str_printf(a, "%u.%u", c->seq, o->sent.count + 1);
    *TB_PUSH(a, o->sent) = (tb_sent){.kind = d->kind == TB_CALL_INTERFACE ? TB_SENT_CALL : TB_SENT_START,
                                     .to = d->name,
                                     .step = p->steps.items[task->step].name,
                                     .key = task->call,
                                     .body = json_text(a, &body),
                                     .retries = d->retries};
    tell(a, o, d->kind == TB_CALL_INTERFACE ? "请求" : "发起", d->name, task->call, at);
}

void tb__result_told(tb_arena *a, const tb_case *c, tb_outcome *o, int64_t at) {
    if (!c->parent.n || c->outcome == TB_NO_INDEX) return;
    tb_json_maker m;
    tb_str outcome = c->program->outcomes.items[c->outcome];
    tb_json_begin(&m, a);
    tb_json_add(&m, TB_STR("结果"), tb_json_of_text(outcome));
    tb_json body = tb_json_done(&m);
    *TB_PUSH(a, o->sent) =
        (tb_sent){.kind = TB_SENT_RESULT, .to = c->parent, .key = c->parent_key, .body = json_text(a, &body)};
    tell(a, o, "回报", c->parent, outcome, at);
}

enum tb_refusal_code tb__reply_fits(const tb_case *c, const tb_move *m, const tb_event *e, const tb_task *task) {
    const tb_program *p = c->program;
    if (!tb_str_eq(e->by.person, p->calls.items[m->call - 1].name)) return TB_R_OUTSIDE_ONLY;
    bool open = task->call.n && tb_str_eq(tb_json_text(e->input, "键"), task->call);
    return open && (!m->along || tb__along_fits(c, m, e, task)) ? TB_R_NONE : TB_R_STALE_REPLY;
}

struct answer {
    tb_arena *a;
    const tb_program *p;
    tb_str step, key, reply;
    const tb_json *more;
    tb_event *e;
};

static int answer_work(void *arg) {
    struct answer *w = arg;
    const tb_move *found = NULL;
    for (uint32_t i = 0; i < w->p->moves.count; i++) {
        const tb_move *m = &w->p->moves.items[i];
        if (!m->call || !tb_str_eq(w->p->steps.items[m->step].name, w->step)) continue;
        bool matter = w->p->calls.items[m->call - 1].kind == TB_CALL_MATTER;
        if (tb_str_eq(m->reply, w->reply)) {
            found = m;
            break;
        }
        /* any other end of a started case */
        bool end = !tb_str_is(w->reply, "未能发起") && !tb_json_get(w->more, "次"); /* a message of along.c ends nothing */
        if (matter && tb_str_is(m->reply, "办结") && end) found = m;
    }
    if (!found) return TB_FAILED;
    tb_json_maker in;
    tb_json_begin(&in, w->a);
    for (uint32_t i = 0; w->more && i < w->more->count; i++)
        if (!tb_str_is(w->more->keys[i], "键")) tb_json_add(&in, w->more->keys[i], w->more->items[i]);
    tb_json_add(&in, TB_STR("键"), tb_json_of_text(w->key));
    tb_json *input = TB_NEW(w->a, tb_json);
    *input = tb_json_done(&in);
    *w->e = (tb_event){.kind = TB_EV_ACT,
                       .act = found->act,
                       .task = w->step,
                       .by = {w->p->calls.items[found->call - 1].name, w->p->posts.items[w->p->outside].name, TB_NONE, TB_NONE},
                       .input = input};
    return TB_OK;
}

bool tb_reply_event(tb_arena *a, const tb_program *p, tb_str step, tb_str key, tb_str reply, const tb_json *more,
                    tb_event *e) {
    struct answer w = {a, p, step, key, reply, more, e};
    return tb_try(a, answer_work, &w) == TB_OK;
}
