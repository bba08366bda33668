/* The outbox over HTTP: what waits and what is dead, for operators, who may have it carried again or give it up, on record; and
 * the door by which an interface that answered 202 brings its answer later. */
#include "digest.h"
#include "server_parts.h"
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"pending", "waiting", "done", "dead", "given-up"};
static const char *const kind_names[] = {"", "interface", "matter", "parent"};

typedef struct outbox_call {
    int state;
    int64_t leaf;
    int32_t n;
    uint32_t limit;
    tb_outbox_list rows;
    tb_outbox_row row;
    tb_str reply, what, reason, out;
    tb_actor by;
    const tb_json *content;
    tb_write write;
} outbox_call;

/* "1234.1" */
static bool read_id(tb_str text, int64_t *leaf, int32_t *n) {
    int64_t value[2] = {0, 0};
    int at = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && at == 0 && i) at = 1;
        else if (c >= '0' && c <= '9' && value[at] < INT32_MAX * (int64_t)1000000)
            value[at] = value[at] * 10 + (c - '0');
        else return false;
    }
    *leaf = value[0];
    *n = (int32_t)value[1];
    return at == 1 && value[1] > 0 && value[1] < INT32_MAX && value[0] > 0;
}

static int bad_id(tb_call *c) {
    return tb__fail(
        c, 404, "NO_SUCH_CALL",
        tb_str_z(TB_SAY(c, "没有这个请求；编号形如 1234.1", "there is no such call; an id is like 1234.1")));
}

static void put_row(tb_buf *b, const tb_outbox_row *r) {
    char name[TB_CASE_NAME + 1];
    tb__case_name(r->case_id, name);
    tb_putf(b, "{\"id\":\"%lld.%d\",\"state\":\"%s\",\"kind\":\"%s\",\"case\":\"%s\",\"to\":", (long long)r->leaf,
            (int)r->n, state_names[r->state], kind_names[r->kind], name);
    tb_json_put_text(b, r->target);
    tb_puts(b, ",\"step\":");
    tb_json_put_text(b, r->step);
    tb_puts(b, ",\"key\":");
    tb_json_put_text(b, r->key);
    tb_puts(b, ",\"at\":");
    tb__put_time(b, r->at);
    tb_puts(b, ",\"due\":");
    tb__put_time(b, r->due);
    tb_putf(b, ",\"attempts\":%d,\"retries\":%d,\"problem\":", (int)r->attempts, (int)r->retries);
    tb_json_put_text(b, r->problem);
    tb_puts(b, "}");
}

/* ---- listing ---- */

static int read_list_query(void *arg) {
    tb_call *c = arg;
    outbox_call *x = c->more = TB_NEW(c->arena, outbox_call);
    tb_str text;
    x->state = -1;
    x->limit = TB_PAGE;
    if (tb_http_parameter(c->req, "state", &text) && text.n) {
        for (int i = 0; i < (int)(sizeof state_names / sizeof *state_names); i++)
            if (tb_str_is(text, state_names[i])) x->state = i;
        if (x->state < 0)
            return tb__fail(c, 422, "PARAMETER",
                            tb_str_z(TB_SAY(c, "state 应是 pending、waiting、done、dead 或 given-up",
                                            "state is pending, waiting, done, dead or given-up")));
    }
    if (tb_http_parameter(c->req, "limit", &text)) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < text.n && n <= TB_PAGE_MOST; i++)
            n = text.p[i] >= '0' && text.p[i] <= '9' ? n * 10 + (uint32_t)(text.p[i] - '0') : TB_PAGE_MOST + 1;
        if (n == 0 || n > TB_PAGE_MOST)
            return tb__fail(c, 422, "PARAMETER",
                            tb_str_printf(c->arena, TB_SAY(c, "limit 应是 1 到 %d", "limit is 1 to %d"), TB_PAGE_MOST));
        x->limit = n;
    }
    if (tb_http_parameter(c->req, "after", &text) && text.n && !read_id(text, &x->leaf, &x->n))
        return tb__fail(c, 422, "PARAMETER",
                        tb_str_z(TB_SAY(c, "after 应原样照抄上一页的 next", "after is the `next` of the page before")));
    return TB_OK;
}

static int read_rows(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    outbox_call *x = c->more;
    return tb_read_outbox(r, x->state, x->leaf, x->n, x->limit, c->arena, &x->rows);
}

static int write_rows(void *arg) {
    tb_call *c = arg;
    outbox_call *x = c->more;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"calls\":[");
    for (uint32_t i = 0; i < x->rows.count; i++) {
        if (i) tb_puts(&b, ",");
        put_row(&b, &x->rows.items[i]);
    }
    const tb_outbox_row *last = x->rows.count == x->limit ? &x->rows.items[x->rows.count - 1] : NULL;
    if (last) tb_putf(&b, "],\"next\":\"%lld.%d\"}", (long long)last->leaf, (int)last->n);
    else tb_puts(&b, "],\"next\":null}");
    c->out = tb_buf_str(&b);
    return TB_OK;
}

static void read_or_fail(tb_call *c, tb_store_work work, void (*done)(void *, int)) {
    if (tb_store_read(c->server->store, work, done, c) == TB_OK) return;
    c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
    tb__answer_problem(c);
}

void tb__get_outbox(tb_server *s, tb_http_request *req) {
    static const tb_listing l = {read_list_query, read_rows, write_rows};
    tb__list(s, req, &l);
}

/* ---- one call ---- */

static int read_row(tb_reader *r, void *arg) {
    tb_call *c = arg;
    outbox_call *x = c->more;
    return tb_read_outbox_row(r, x->leaf, x->n, c->arena, &x->row);
}

/* The row is here; or the call is answered. */
static bool row_found(tb_call *c, int result) {
    if (result == TB_STORE_OK) return true;
    if (result == TB_STORE_NONE) bad_id(c);
    else c->problem = tb__store_problem(result, c->lang);
    tb__answer_problem(c);
    return false;
}

static void busy(tb_call *c) {
    tb__fail(
        c, 429, "CALL_IN_HAND",
        tb_str_z(TB_SAY(c, "正在处理这个请求，请稍后再试", "this call is in hand just now; try again in a moment")));
    tb__answer_problem(c);
}

/* ---- an answer that came later ---- */

static int read_reply(void *arg) {
    static const char *const known[] = {"id", "reply", "content", NULL};
    tb_call *c = arg;
    outbox_call *x = c->more = TB_NEW(c->arena, outbox_call);
    const tb_json *o;
    tb_str id;
    if (tb__body(c, known, &o) || tb__text(c, o, "id", true, 40, &id) ||
        tb__text(c, o, "reply", true, TB_NAME_BYTES, &x->reply))
        return TB_FAILED;
    x->content = tb_json_get(o, "content");
    if (x->content && x->content->kind != TB_JSON_OBJECT)
        return tb__fail(c, 422, "MEMBER_TYPE",
                        tb_str_z(TB_SAY(c, "“content”应是对象 {\"内容\":值,…}", "content is an object")));
    return read_id(id, &x->leaf, &x->n) ? TB_OK : bad_id(c);
}

static void reply_told(void *user, int how, const char *text) {
    static const char *const words[] = {"done", "repeat", "late"};
    tb_call *c = user;
    char body[64];
    if (how == TB_INJECT_LATER || how == TB_INJECT_IMPOSSIBLE) {
        if (how == TB_INJECT_LATER) c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
        else tb__fail(c, 422, "REPLY_UNKNOWN", tb_str_copy(c->arena, tb_str_z(text)));
        tb__answer_problem(c);
        return;
    }
    snprintf(body, sizeof body, "{\"status\":\"%s\"}",
             words[how]); /* late does no harm, and is no fault of the sender */
    tb_str copy = tb_str_copy(c->arena, tb_str_z(body));
    tb__answer(c, 200, NULL, copy);
}

static void reply_row_is_here(void *arg, int result) {
    tb_call *c = arg;
    outbox_call *x = c->more;
    if (!row_found(c, result)) return;
    if (x->row.kind != TB_SENT_CALL) {
        bad_id(c);
        tb__answer_problem(c);
    } else if (x->row.state == TB_OUTBOX_DONE) {
        tb__answer(c, 200, NULL, TB_STR("{\"status\":\"repeat\"}"));
    } else if (!tb_outbox_answer(c->server->outbox, &x->row, x->reply, x->content, reply_told, c)) {
        busy(c);
    }
}

void tb__post_reply(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (c && tb__try(c, read_reply)) read_or_fail(c, read_row, reply_row_is_here);
}

/* ---- an operator decides ---- */

static int read_order(void *arg) {
    static const char *const known[] = {"do", "by", "reason", NULL};
    tb_call *c = arg;
    outbox_call *x = c->more;
    const tb_json *o;
    if (tb__body(c, known, &o) || tb__text(c, o, "do", true, 40, &x->what) || tb__actor(c, o, &x->by) ||
        tb__text(c, o, "reason", true, 1000, &x->reason))
        return TB_FAILED;
    if (tb_str_is(x->what, "retry") || tb_str_is(x->what, "give-up")) return TB_OK;
    return tb__fail(c, 422, "MEMBER_TYPE", tb_str_z(TB_SAY(c, "“do”应是 retry 或 give-up", "do is retry or give-up")));
}

static int make_order(void *arg) {
    tb_call *c = arg;
    outbox_call *x = c->more;
    tb_server *s = c->server;
    tb_json_maker m, who;
    tb_buf b;
    bool retry = tb_str_is(x->what, "retry");
    tb_json_begin(&who, c->arena);
    tb_json_add(&who, TB_STR("person"), tb_json_of_text(x->by.person));
    if (x->by.place.n) tb_json_add(&who, TB_STR("place"), tb_json_of_text(x->by.place));
    if (x->by.post.n) tb_json_add(&who, TB_STR("post"), tb_json_of_text(x->by.post));
    tb_json_begin(&m, c->arena);
    tb_json_add(&m, TB_STR("by"), tb_json_done(&who));
    tb_json_add(&m, TB_STR("do"), tb_json_of_text(x->what));
    tb_json_add(&m, TB_STR("outbox"),
                tb_json_of_text(tb_str_printf(c->arena, "%lld.%d", (long long)x->leaf, (int)x->n)));
    tb_json_add(&m, TB_STR("reason"), tb_json_of_text(x->reason));
    tb_json body = tb_json_done(&m);
    tb_buf_init(&b, c->arena);
    tb_json_write(&b, &body);
    int64_t now = tb__event_time(s);
    tb_event_row *row = TB_PUSH(c->arena, x->write.events);
    *row = (tb_event_row){.leaf = s->leaf + 1,
                          .at = now,
                          .wall = now,
                          .semantics = TB_SEMANTICS,
                          .kind = TB_STR("outbox"),
                          .body = tb_buf_str(&b)};
    tb_sm3(row->body.p, row->body.n, row->outcome); /* what an order brings about is what it says */
    x->row.state = retry ? TB_OUTBOX_PENDING : TB_OUTBOX_GIVEN_UP;
    x->row.due = retry ? tb_io_wall(s->io) : TB_NEVER;
    x->row.attempts = retry ? 0 : x->row.attempts;
    *TB_PUSH(c->arena, x->write.outbox) = x->row;
    tb_buf_init(&b, c->arena);
    put_row(&b, &x->row);
    x->out = tb_buf_str(&b);
    return TB_OK;
}

static void ordered(void *user, int result) {
    tb_call *c = user;
    outbox_call *x = c->more;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        tb__answer_problem(c);
        return;
    }
    tb_outbox_look(c->server->outbox);
    tb__answer(c, 200, NULL, x->out);
}

static void order_row_is_here(void *arg, int result) {
    tb_call *c = arg;
    outbox_call *x = c->more;
    tb_server *s = c->server;
    if (!row_found(c, result)) return;
    bool over = x->row.state == TB_OUTBOX_DONE || x->row.state == TB_OUTBOX_GIVEN_UP;
    if (over || (x->row.state == TB_OUTBOX_PENDING && tb_str_is(x->what, "retry"))) {
        tb__fail(c, 409, "CALL_SETTLED",
                 tb_str_printf(c->arena,
                               TB_SAY(c, "这个请求现在是 %s，不能再 %.*s", "this call is %s: it cannot be %.*s"),
                               state_names[x->row.state], TB_FMT(x->what)));
        tb__answer_problem(c);
        return;
    }
    if (tb_outbox_holds(s->outbox, &x->row)) {
        busy(c);
        return;
    }
    if (!tb__try(c, make_order)) return;
    int answer = tb_commit_add(s->commit, &x->write, ordered, c);
    if (answer != TB_COMMIT_OK) {
        c->problem = tb__commit_problem(answer, c->lang);
        tb__answer_problem(c);
        return;
    }
    s->leaf++;
    s->wall = x->write.events.items[0].wall;
}

void tb__post_outbox(tb_server *s, tb_http_request *req, tb_str id) {
    tb_call *c = tb__call_new(s, req);
    outbox_call *x = c ? TB_NEW(c->arena, outbox_call) : NULL;
    if (!x) {
        if (c) tb__answer_nomem(c);
        return;
    }
    c->more = x;
    if (!read_id(id, &x->leaf, &x->n)) {
        bad_id(c);
        tb__answer_problem(c);
        return;
    }
    if (tb__try(c, read_order)) read_or_fail(c, read_row, order_row_is_here);
}
