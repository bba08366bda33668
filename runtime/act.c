/* An act: from a request to rows, an answer, and the next state (DESIGN §5).
 *
 *   parse ─▶ case in memory ─▶ known key? ──yes──▶ wait for the disk, walk the history to it, answer as then
 *                                  │ no
 *                                  ▼
 *        timers due before it (M12), then tb_step ─▶ refused ─▶ wait for what it was judged on ─▶ 4xx
 *                                  │ accepted
 *                                  ▼
 *        event rows, case row, tasks, answer ─▶ commit ─▶ on disk ─▶ 200
 *
 * Everything of one act lies in one arena: what was parsed, the states it stepped through, rows, the answer's text.
 * When it is accepted the arena becomes the case's newest state in the cache, so nothing is copied and nothing is
 * parsed twice.
 *
 * Timers that were due stay fired even if the act behind them is refused: they happened before it. */
#include "stepping.h"
#include "recount.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMERS_AT_ONCE = 1000 /* of one case before one act */, ANSWER_ROOM = 1536 };

/* ---- requests ---- */

typedef struct act { /* in the call's arena */
    tb_call *c;
    tb__stepping g;
    bool submit, has_at, accepted;
    int64_t id, origin, at, expect; /* expect −1: none */
    int64_t begun; /* µs, when it was read */
    tb_str matter, request;
    uint8_t key[TB__KEY];
    char name[TB_CASE_NAME + 1];
    tb_event event;
    tb_entry *entry;
    tb_str answer;
    int64_t seq; /* repeats: of the event that had this key */
    tb_str was;  /* and the matter of its case */
    int64_t last;
    tb_recount again;
} act;

static const char *const case_members[] = {"matter", "mode", "form", "materials", "by", "at", "request", NULL};
static const char *const act_members[] = {"act", "task", "by", "input", "at", "request", "expect", NULL};

static const char *const line_members[] = {"case", "act", "task", "by", "input", "at", "request", "expect", NULL};

/* A line of many says itself what it is about: a case, or, to begin one, a matter. */
static int read_line(tb_call *c, const tb_json **o) {
    act *x = c->more;
    tb_str id;
    if (tb__object(c, o)) return TB_FAILED;
    x->submit = tb_json_get(*o, "matter") != NULL;
    if (tb__members(c, *o, TB_SAY(c, "这一行", "the line"), x->submit ? case_members : line_members)) return TB_FAILED;
    if (x->submit) return TB_OK;
    return tb__text(c, *o, "case", true, TB_NAME_BYTES, &id) ? TB_FAILED : tb__case_id(c, id, &x->id);
}

static int read_request(void *arg) {
    tb_call *c = arg;
    act *x = c->more;
    const tb_json *o, *v;
    if (c->line ? read_line(c, &o) : tb__body(c, x->submit ? case_members : act_members, &o)) return TB_FAILED;
    if (tb__text(c, o, "request", true, TB_REQUEST_KEY, &x->request) ||
        tb__actor(c, o, &x->event.by) || tb__time(c, o, "at", &x->at))
        return TB_FAILED;
    if (tb_str_is(x->event.by.post, "外部接口")) /* answers come through the outbox, which knows what was asked */
        return tb__fail(c, 403, "OUTSIDE_ONLY",
                        tb_str_z(TB_SAY(c, "外部接口的答复请用 POST /v1/replies", "answers of interfaces come by POST /v1/replies")));
    x->has_at = x->at != TB_NO_TIME;
    x->expect = -1;
    tb__hash_key(x->request, x->key);
    if (x->submit) {
        x->event.kind = TB_EV_SUBMIT;
        if (!c->who.open && !(c->who.roles & TB_ROLE_APPLICANT) && !x->event.by.behalf.n)
            return tb__fail(c, 422, "FOR_NEEDED",
                            tb_str_z(TB_SAY(c, "您的账号不是申请人的账号：替谁代录，请在 by 里写明 for",
                                            "yours is not an applicant's account: say in by whom you enter it for (for)")));
        if (tb__text(c, o, "matter", true, TB_NAME_BYTES, &x->matter) ||
            tb__text(c, o, "mode", true, TB_NAME_BYTES, &x->event.mode))
            return TB_FAILED;
        x->event.form = tb_json_get(o, "form");
        x->event.materials = tb_json_get(o, "materials");
        if (x->event.form && x->event.form->kind != TB_JSON_OBJECT)
            return tb__fail(c, 422, "MEMBER_TYPE",
                            tb_str_z(TB_SAY(c, "“form”应是对象 {\"字段\":值,…}", "form is an object of fields")));
        bool names = !x->event.materials || x->event.materials->kind == TB_JSON_ARRAY;
        for (uint32_t i = 0; names && x->event.materials && i < x->event.materials->count; i++)
            names = x->event.materials->items[i].kind == TB_JSON_STR || x->event.materials->items[i].kind == TB_JSON_OBJECT;
        if (!names)
            return tb__fail(c, 422, "MEMBER_TYPE",
                            tb_str_z(TB_SAY(c, "“materials”应是材料名称（或 {\"名称\":…,\"方式\":\"容缺\"|\"承诺\"}）的数组", "materials is an array of names, or of {\"名称\",\"方式\"}")));
        x->origin = tb__origin_of_request(c->arena, &x->event.by, x->request);
    } else {
        x->event.kind = TB_EV_ACT;
        if (tb__text(c, o, "act", true, TB_NAME_BYTES, &x->event.act) ||
            tb__text(c, o, "task", false, TB_NAME_BYTES, &x->event.task))
            return TB_FAILED;
        x->event.input = tb_json_get(o, "input");
        if (x->event.input && x->event.input->kind != TB_JSON_OBJECT)
            return tb__fail(c, 422, "MEMBER_TYPE",
                            tb_str_z(TB_SAY(c, "“input”应是对象 {\"内容\":值,…}", "input is an object")));
        if ((v = tb_json_get(o, "expect"))) {
            if (v->kind != TB_JSON_INT || v->number < 0)
                return tb__fail(
                    c, 422, "MEMBER_TYPE",
                    tb_str_z(TB_SAY(c, "“expect”应是办件的序号（整数）", "expect is the case's seq, an integer")));
            x->expect = v->number;
        }
    }
    if (c->body.n > TB_INPUT_BYTES)
        return tb__fail(c, 413, "INPUT_TOO_LARGE",
                        tb_str_printf(c->arena,
                                      TB_SAY(c, "请求超过 %d 字节；文件请用 PUT …/attachments/名称 上传",
                                             "the request exceeds %d bytes; put files with PUT …/attachments/NAME"),
                                      TB_INPUT_BYTES));
    return TB_OK;
}

/* Ends a call that is not accepted: the entry goes back, the problem is answered. */
static void give_up(tb_call *c) {
    act *x = c->more;
    if (x->entry) tb_entry_unpin(c->server->cases, x->entry);
    x->entry = NULL;
    tb__answer_problem(c);
}

static void problem_after(void *user, int result) {
    tb_call *c = user;
    if (result != TB_STORE_OK) c->problem = tb__store_problem(result, c->lang);
    give_up(c);
}

/* A refusal is as durable as what it was judged on: it waits for that (DESIGN §5). */
static void refuse(tb_call *c) {
    act *x = c->more;
    c->server->counters.refused++;
    if (!x->entry || !x->entry->pending) {
        give_up(c);
        return;
    }
    int answer = tb_commit_barrier(c->server->commit, problem_after, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    give_up(c);
}

static int step_act(void *arg) {
    tb_call *c = arg;
    act *x = c->more;
    tb__stepping *g = &x->g;
    tb_server *s = c->server;
    tb_outcome *o;
    tb__stepping_begin(g, s, c->work, x->entry);
    if (x->submit) g->origin = x->origin;
    x->id = g->id;
    tb__case_name(x->id, x->name);
    x->event.at = x->has_at ? x->at : g->wall;
    if (x->event.at > g->wall) {
        char text[TB_TIME_TEXT];
        tb_str now = tb_str_copy(c->arena, tb_str_z(tb_time_text(g->wall, text)));
        return tb__fail(
            c, 422, "TIME_FUTURE",
            tb_str_printf(c->arena, TB_SAY(c, "“at”在将来；服务器现在是 %.*s", "at lies in the future; it is now %.*s"),
                          TB_FMT(now)));
    }
    if (x->submit) {
        c->work->version = tb_registry_in_force(s->registry, x->matter, tb_day_of(x->event.at)); /* M19 */
        if (!c->work->version) {
            bool known = false;
            for (uint32_t i = 0; i < tb_registry_count(s->registry) && !known; i++)
                known = tb_str_eq(tb_registry_at(s->registry, i)->program->matter, x->matter);
            return known ? tb__fail(c, 422, "MATTER_NOT_IN_FORCE",
                                    tb_str_printf(c->arena,
                                                  TB_SAY(c, "事项“%.*s”在申请日还没有生效的版本",
                                                         "no version of matter %.*s is in force on that day"),
                                                  TB_FMT(x->matter)))
                         : tb__fail(c, 404, "NO_SUCH_MATTER",
                                    tb_str_printf(c->arena,
                                                  TB_SAY(c, "没有事项“%.*s”；已装载的见 GET /v1/matters",
                                                         "there is no matter %.*s; see GET /v1/matters"),
                                                  TB_FMT(x->matter)));
        }
    } else {
        if (tb_str_is(x->event.by.post, "申请人") && c->who.roles & TB_ROLE_APPLICANT && !tb_auth_owns(&c->who, g->now))
            return tb__fail(c, 403, "NOT_YOUR_CASE",
                            tb_str_z(TB_SAY(c, "这不是您申请的办件", "you did not apply for this case")));
        if (x->expect >= 0 && (uint64_t)x->expect != g->now->seq) {
            c->problem.detail = tb_str_printf(c->arena, "{\"seq\":%u}", g->now->seq);
            return tb__fail(c, 409, "VERSION_CONFLICT",
                            tb_str_printf(c->arena,
                                          TB_SAY(c, "办件已到第 %u 步，请求按第 %lld 步提出；请先查看最新状态",
                                                 "the case is at seq %u, the request expects %lld; look again first"),
                                          g->now->seq, (long long)x->expect));
        }
        int n = tb__stepping_timers(g, x->event.at, TIMERS_AT_ONCE);
        if (n < 0) return TB_NOMEM;
        s->counters.timers += (uint64_t)n;
        if (g->now->seq >= TB_CASE_EVENTS)
            return tb__fail(
                c, 409, "CASE_FULL",
                tb_str_printf(c->arena, TB_SAY(c, "本件已有 %d 个事件，达到上限", "the case has %d events, the limit"),
                              TB_CASE_EVENTS));
    }
    const tb_program *p = c->work->version->program;
    int rc = tb_step(c->arena, p, tb_str_z(x->name), g->now, &x->event, &g->world->env, &o);
    if (rc) return rc;
    if (o->refused) {
        s->counters.refusals[o->refusal.code]++;
        c->problem = tb__refused(c->arena, p, &o->refusal, c->lang);
        return TB_FAILED;
    }
    tb_str before = g->written;
    tb_outcome *outcome_before = g->outcome;
    const tb_case *now_before = g->now;
    tb__stepping_take(g, &x->event, o, x->submit ? "submit" : "act", x->request, x->key);
    if (tb_state_in(g->written).n > TB_CASE_BYTES) { /* take it out again: what timers did stays */
        tb_refusal large = {
            .code = TB_R_TOO_LARGE, .span = TB_NO_SPAN, .values = {tb_str_printf(c->arena, "%d", TB_CASE_BYTES)}};
        g->write.events.count--;
        g->keys.n -= TB__KEY;
        g->leaf--;
        g->written = before;
        g->outcome = outcome_before;
        g->now = now_before;
        c->problem = tb__refused(c->arena, p, &large, c->lang);
        return TB_FAILED;
    }
    x->accepted = true;
    tb_buf b;
    tb__open_text(&b, c->arena, ANSWER_ROOM);
    tb__put_answer(&b, o, &g->world->env);
    x->answer = tb_buf_str(&b);
    return TB_OK;
}

static int finish_work(void *arg) {
    tb__stepping_rows(&((act *)((tb_call *)arg)->more)->g);
    return TB_OK;
}

static const char *location(const act *x, char out[80]) {
    snprintf(out, 80, "Location: /v1/cases/%s\r\n", x->name);
    return out;
}

static void committed(void *user, int result) {
    tb_call *c = user;
    act *x = c->more;
    tb_server *s = c->server;
    tb__stepping_landed(&x->g);
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        s->counters.failed++;
        give_up(c);
        return;
    }
    if (!x->accepted) { /* only the timers before it were committed */
        give_up(c);
        return;
    }
    char extra[80];
    bool submit = x->submit;
    ++*(submit ? &s->counters.submissions : &s->counters.acts);
    tb_measure_add(&s->act_seconds, (double)(tb_io_micros(s->io) - x->begun) / 1e6);
    if (submit) { /* the entry of the origin has served; from now on the case is known by its number */
        tb_cases_put(s->cases, x->id, c->work);
        tb_entry_retire(s->cases, x->entry);
    }
    tb_entry_unpin(s->cases, x->entry);
    tb__answer(c, submit ? 201 : 200, submit ? location(x, extra) : NULL, x->answer);
}

/* ---- repeats ---- */

static int compare_repeat(tb_call *c, const tb_event_row *row) {
    act *x = c->more;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    bool same = tb_str_eq(row->request, x->request) && tb_str_is(row->kind, x->submit ? "submit" : "act") &&
                (!x->submit || tb_str_eq(x->was, x->matter)) && (x->has_at || row->at == row->wall);
    x->event.at = x->has_at ? x->at : row->at;
    tb_event_write(&b, &x->event);
    if (same && tb_str_eq(tb_buf_str(&b), row->body)) return TB_OK;
    c->problem.detail = tb_str_printf(c->arena, "{\"id\":\"%s\",\"seq\":%lld}", x->name, (long long)x->seq);
    return tb__fail(c, 409, "IDEMPOTENCY_CONFLICT",
                    tb_str_z(TB_SAY(c, "同一请求号（request）已用于另一内容的请求；请换一个请求号",
                                    "this request key was used for a request with other content; use another key")));
}

typedef struct repeating {
    tb_call *c;
    const tb_event_row *row;
    const tb_walk *w;
} repeating;

static int answer_repeat(void *arg) {
    repeating *r = arg;
    tb_buf b;
    if (compare_repeat(r->c, r->row)) return TB_FAILED;
    tb_buf_init(&b, r->c->arena);
    tb__put_answer(&b, r->w->outcome, &r->w->world->env);
    ((act *)r->c->more)->answer = tb_buf_str(&b);
    return TB_OK;
}

static int repeat_event(void *user, const tb_event_row *row, const tb_walk *w) {
    tb_call *c = user;
    if (row->seq < ((act *)c->more)->seq) return TB_OK;
    return tb_try(c->arena, answer_repeat, &(repeating){c, row, w});
}

static void repeat_page(void *user) { tb_recount_go(&((act *)((tb_call *)user)->more)->again); }

static void repeat_done(void *user, int rc, int store, const tb_walk *w) {
    tb_call *c = user;
    act *x = c->more;
    if (store != TB_STORE_OK || rc == TB_NOMEM) c->problem = tb__store_problem(store != TB_STORE_OK ? store : TB_STORE_RETRY, c->lang);
    else if (rc == TB_FAILED && !c->problem.status)
        c->problem = (tb_problem){.status = 500, .code = "REPLAY_DIFFERS", .message = tb_str_copy(c->arena, tb_str_z(w->why))};
    else if (rc == TB_OK && !x->answer.n) c->problem = tb__store_problem(TB_STORE_CORRUPT, c->lang); /* the chain is shorter than the keys say */
    tb_recount_end(&x->again);
    if (c->problem.status) {
        give_up(c);
        return;
    }
    char extra[128];
    c->server->counters.repeats++;
    snprintf(extra, sizeof extra, "Tongban-Repeat: %lld\r\nLocation: /v1/cases/%s\r\n", (long long)x->seq, x->name);
    tb_entry_unpin(c->server->cases, x->entry);
    tb__answer(c, x->submit ? 201 : 200, extra, x->answer);
}

static void repeat_after(void *user, int result) {
    tb_call *c = user;
    act *x = c->more;
    x->again = (tb_recount){.s = c->server, .id = tb_str_z(x->name), .last = x->last, .until_seq = x->seq, .until_at = INT64_MAX,
                            .user = c, .each = repeat_event, .page = repeat_page, .done = repeat_done};
    if (result == TB_STORE_OK && tb_recount_begin(&x->again)) return;
    c->problem = tb__store_problem(result != TB_STORE_OK ? result : TB_STORE_RETRY, c->lang);
    give_up(c);
}

/* A repeat of one still in flight joins it: it waits for the same commit. */
static void repeat(tb_call *c) {
    act *x = c->more;
    x->last = x->entry->state->row.last;
    x->id = x->entry->state->row.id;
    x->was = x->entry->state->version->program->matter; /* the entry's state may go meanwhile; versions stay */
    tb__case_name(x->id, x->name);
    if (!x->entry->pending) {
        repeat_after(c, TB_STORE_OK);
        return;
    }
    int answer = tb_commit_barrier(c->server->commit, repeat_after, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    give_up(c);
}

static void act_on_case(void *user, tb_entry *e, int result) {
    tb_call *c = user;
    act *x = c->more;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        give_up(c);
        return;
    }
    if (!e->state && !x->submit) {
        tb__fail(
            c, 404, "NO_SUCH_CASE",
            tb_str_z(TB_SAY(c, "没有这个办件号；请核对受理时给出的编号", "there is no such case; check the number")));
        give_up(c);
        return;
    }
    x->entry = e;
    tb_entry_pin(e);
    x->seq = tb__known_key(e->state, x->key);
    if (x->seq) {
        repeat(c);
        return;
    }
    if (x->submit && e->state) {
        tb__fail(c, 409, "IDEMPOTENCY_CONFLICT",
                 tb_str_z(TB_SAY(c, "请求号冲突；请换一个请求号（request）", "the request key clashes; use another")));
        refuse(c);
        return;
    }
    int rc = tb_try(c->arena, step_act, c);
    if (rc != TB_NOMEM && x->g.write.events.count) rc = tb_try(c->arena, finish_work, c) == TB_NOMEM ? TB_NOMEM : rc;
    if (rc == TB_NOMEM) {
        c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
        give_up(c);
        return;
    }
    if (!x->g.write.events.count) {
        refuse(c);
        return;
    }
    int answer = tb__stepping_commit(&x->g, committed, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    give_up(c);
}

static act *begin_act(tb_server *s, tb_http_request *req, bool submit, tb_str id, tb_call **call) {
    tb_call *c = tb__call_new(s, req);
    act *x = c ? TB_NEW(c->arena, act) : NULL;
    if (!x) {
        if (c) tb__answer_nomem(c);
        return NULL;
    }
    c->more = x;
    x->c = c;
    x->submit = submit;
    x->begun = tb_io_micros(s->io);
    *call = c;
    if (!submit && tb__case_id(c, id, &x->id)) {
        tb__answer_problem(c);
        return NULL;
    }
    return tb__try(c, read_request) ? x : NULL;
}

void tb__post_case(tb_server *s, tb_http_request *req) {
    tb_call *c;
    act *x = begin_act(s, req, true, TB_NONE, &c);
    if (x) tb_cases_with(s->cases, -x->origin, act_on_case, c);
}

void tb__post_act(tb_server *s, tb_http_request *req, tb_str id) {
    tb_call *c;
    act *x = begin_act(s, req, false, id, &c);
    if (x) tb_cases_with(s->cases, x->id, act_on_case, c);
}

void tb__act_of_line(tb_server *s, tb_http_request *req, struct tb_bulk_line *line, tb_str text) {
    tb_state *work = tb_state_new(s->cases);
    tb_call *c = work ? TB_NEW(work->arena, tb_call) : NULL;
    act *x = c ? TB_NEW(work->arena, act) : NULL;
    if (!x) {
        if (work) tb_state_drop(work);
        tb__bulk_answer(line, 503, tb__no_memory);
        return;
    }
    *c = (tb_call){.server = s, .req = req, .work = work, .arena = work->arena, .lang = tb__lang(req), .line = line, .body = text, .more = x};
    x->c = c;
    if (tb_auth_again(c)) return;
    x->begun = tb_io_micros(s->io);
    if (s->stopping || s->closing) {
        tb__fail(c, 503, "STOPPING", tb_str_z(TB_SAY(c, "服务正在停止：这一行没有办，请稍后再送", "the server is stopping: this line was not done, send it later")));
        tb__answer_problem(c);
        return;
    }
    if (tb__try(c, read_request)) tb_cases_with(s->cases, x->submit ? -x->origin : x->id, act_on_case, c);
}
