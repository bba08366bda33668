/* 子办件停止计时的，不计入期限: a step that waits for a case it started (发起) stands still together with it.
 *
 *   环节 等许可：
 *     发起 食品经营许可核发，…。
 *     期限 15个工作日。
 *     子办件停止计时的，不计入期限。
 *
 * A hearing in the started case takes days that the law does not count (M10). The case that waits has them in its own limits, too,
 * and would be overdue for days nobody may count: so the started case tells when its time stands still and when it goes on, and
 * the waiting step's limit and the spans of its case leave out the same days. They are the days of the started case, however late
 * the message came. What it stands still for in turn is told on: a chain of cases stands still as one.
 *
 * The clause gives two acts of the step, 子办件停止计时 and 子办件恢复计时, taken from the machine like every answer (outside.c). A
 * message says which stop of the started case it is about and all of its days, so that one that comes late, twice or after the next
 * does nothing wrong: in the state each stop bears the key of the call and that number. Told is only who asked for it when
 * it started the case: what was started before has no more to say. When the waiting step is left, what stands still goes on. */
#include "along.h"
#include "calls.h"
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

#define STOPPED "停止计时" /* the words of the messages */
#define GOES_ON "恢复计时"

/* ---- in the language ---- */

static bool may_stand_beside(enum tb_part_kind k) {
    return k == TB_P_STOPS || k == TB_P_ISSUE || k == TB_P_RED || k == TB_P_YELLOW || k == TB_P_REPORT ||
           k == TB_P_BASIS || k == TB_P_GROUND;
}

tb_str tb__along_act(tb_str act) {
    return tb_str_is(act, "子办件" STOPPED)  ? TB_STR("子办件" GOES_ON)
           : tb_str_is(act, "child-stopped") ? TB_STR("child-goes-on")
                                             : TB_NONE;
}

void tb__along_move(tb__matter *m, tb_move *v, const tb_clause *c) {
    const tb_part *stops = tb_part_of(c, TB_P_STOPS);
    bool starts = v->call && m->p->calls.items[v->call - 1].kind == TB_CALL_MATTER && tb__along_act(v->act).n;
    if (!starts) {
        if (stops) TB__REPORT(m, ALONG, stops->span, v->act, TB_NONE, TB_NONE);
        return;
    }
    v->along = TB_ALONG_STOP;
    v->reply = TB_STR(STOPPED);
    m->p->calls.items[v->call - 1].along = true;
    if (!stops) TB__REPORT(m, ALONG_ONLY, c->head, v->act, TB_NONE, TB_NONE);
    for (uint32_t i = 0; i < c->parts.count; i++)
        if (!may_stand_beside(c->parts.items[i].kind)) {
            TB__REPORT(m, ALONG_ONLY, c->parts.items[i].span, v->act, TB_NONE, TB_NONE);
            return;
        }
}

tb_move tb__along_back(tb__matter *m, const tb_move *stop) {
    tb_effect_def *go_on = TB_NEW(m->c->a, tb_effect_def);
    *go_on = (tb_effect_def){.kind = TB_DO_GO_ON, .dated = TB_NO_INDEX};
    tb_move v = *stop;
    v.along = TB_ALONG_GO_ON;
    v.act = tb__along_act(stop->act);
    v.reply = TB_STR(GOES_ON);
    v.effects = go_on, v.effects_n = 1;
    return v;
}

bool tb__along_may(const tb_program *p) {
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i].excludes) return true;
    for (uint32_t i = 0; i < p->calls.count; i++)
        if (p->calls.items[i].along) return true;
    return false;
}

/* ---- what a message says ---- */

/* The number written in a text that is nothing else; 0: none. */
static uint32_t digits(tb_str text) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || n > UINT32_MAX) return 0;
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static uint32_t number_of(const tb_event *e) {
    return e->input ? digits(tb_json_text(e->input, "次")) : 0; /* a text: 用例 give nothing else */
}

/* A day it names, or the day of the event; nothing has stood still after that. */
static int32_t day_of(const tb_event *e, const char *key) {
    int32_t day, today = tb_day_of(e->at);
    tb_str text = e->input ? tb_json_text(e->input, key) : TB_NONE;
    return text.n && tb_day_parse(text, &day) && day < today ? day : today;
}

bool tb__along_says(tb_str key) {
    static const char *const keys[] = {"次", "停止日", "恢复日", "事由"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (tb_str_is(key, keys[i])) return true;
    return false;
}

static bool of_call(const tb_stopped *x, tb_str call) {
    return x->call.n > call.n && memcmp(x->call.p, call.p, call.n) == 0 && x->call.p[call.n] == '.';
}

static tb_str mark(tb_arena *a, tb_str call, uint32_t number) {
    return tb_str_printf(a, "%.*s.%u", TB_FMT(call), number);
}

static tb_stopped *stop_marked(const tb_case *c, tb_str call, uint32_t number) {
    for (uint32_t i = 0; i < c->stopped.count; i++) {
        tb_stopped *x = &c->stopped.items[i];
        if (of_call(x, call) && digits((tb_str){x->call.p + call.n + 1, x->call.n - call.n - 1}) == number) return x;
    }
    return NULL;
}

static tb_stopped *last_open(const tb_case *c, tb_str call) {
    tb_stopped *found = NULL;
    for (uint32_t i = 0; i < c->stopped.count; i++)
        if (of_call(&c->stopped.items[i], call) && c->stopped.items[i].to == INT32_MAX) found = &c->stopped.items[i];
    return found;
}

/* A 用例 need not number its stops: a new one, or the last that is open. */
static uint32_t next_number(const tb_case *c, tb_str call) {
    uint32_t n = 1;
    for (uint32_t i = 0; i < c->stopped.count; i++) n += of_call(&c->stopped.items[i], call);
    return n;
}

bool tb__along_fits(const tb_case *c, const tb_move *m, const tb_event *e, const tb_task *task) {
    uint32_t n = number_of(e);
    const tb_stopped *x = n                            ? stop_marked(c, task->call, n)
                          : m->along == TB_ALONG_GO_ON ? last_open(c, task->call)
                                                       : NULL;
    if (m->along == TB_ALONG_STOP) return !x;
    return x ? x->to == INT32_MAX : n != 0; /* it may come before the one it ends */
}

/* ---- the case that waits ---- */

static tb_task *waiting(struct work *w) {
    tb_str key = w->e->input ? tb_json_text(w->e->input, "键") : TB_NONE;
    for (uint32_t i = 0; i < w->c->tasks.count; i++)
        if (key.n && tb_str_eq(w->c->tasks.items[i].call, key)) return &w->c->tasks.items[i];
    return NULL;
}

static void stop(struct work *w, const tb_task *t, uint32_t number, int32_t to) {
    tb_str why = w->e->input ? tb_str_copy(w->a, tb_json_text(w->e->input, "事由")) : TB_NONE;
    tb_stopped x = {
        .step = t->step, .from = day_of(w->e, "停止日"), .to = to, .call = mark(w->a, t->call, number), .ground = why};
    if (x.to < x.from) x.to = x.from;
    *TB_PUSH(w->a, w->c->stopped) = x;
    tell(w, STOPPED, w->p->steps.items[t->step].name, why, w->at);
    tb__stop_told(w->a, w->c, w->o, w->c->stopped.count - 1, w->at);
}

void tb__along(struct work *w, enum tb_along what) {
    const tb_task *t = waiting(w);
    if (!t) return; /* tb__reply_fits() has seen to it */
    uint32_t n = number_of(w->e);
    if (what == TB_ALONG_STOP) {
        stop(w, t, n ? n : next_number(w->c, t->call), INT32_MAX);
        return;
    }
    tb_stopped *x = n ? stop_marked(w->c, t->call, n) : last_open(w->c, t->call);
    if (!x) {
        stop(w, t, n, day_of(w->e, "恢复日"));
    } else {
        x->to = day_of(w->e, "恢复日");
        if (x->to < x->from) x->to = x->from;
        tb__stop_told(w->a, w->c, w->o, (uint32_t)(x - w->c->stopped.items), w->at);
    }
    tell(w, GOES_ON, w->p->steps.items[t->step].name, TB_NONE, w->at);
}

/* ---- the case that stands still ---- */

void tb__stop_told(tb_arena *a, const tb_case *c, tb_outcome *o, uint32_t stopped, int64_t at) {
    if (!c->parent_stops) return;
    const tb_stopped *x = &c->stopped.items[stopped];
    bool open = x->to == INT32_MAX;
    char day[TB_DAY_TEXT];
    tb_json_maker m;
    tb_buf b;
    tb_json_begin(&m, a);
    tb_json_add(&m, TB_STR("结果"), tb_json_of_text(open ? TB_STR(STOPPED) : TB_STR(GOES_ON)));
    tb_json_add(&m, TB_STR("次"), tb_json_of_text(tb_str_printf(a, "%u", stopped + 1)));
    tb_json_add(&m, TB_STR("停止日"), tb_json_of_text(tb_str_copy(a, tb_str_z(tb_day_text(x->from, day)))));
    if (!open) tb_json_add(&m, TB_STR("恢复日"), tb_json_of_text(tb_str_copy(a, tb_str_z(tb_day_text(x->to, day)))));
    tb_str why = tb_str_printf(a, "%.*s：%.*s", TB_FMT(c->program->matter), TB_FMT(tb__stop_ground(a, c, x)));
    tb_json_add(&m, TB_STR("事由"), tb_json_of_text(why));
    tb_json body = tb_json_done(&m);
    tb_buf_init(&b, a);
    tb_json_write(&b, &body);
    *TB_PUSH(a, o->sent) =
        (tb_sent){.kind = TB_SENT_RESULT, .to = c->parent, .key = c->parent_key, .body = tb_buf_str(&b)};
    *TB_PUSH(a, o->effects) = (tb_effect){"回报", c->parent, open ? TB_STR(STOPPED) : TB_STR(GOES_ON), at};
}
