/* The API's door: which path and method goes where, how bodies are read, how answers and problems are written.
 *
 * Bodies are read straight into canonical values (canonical.h): the reader refuses duplicate keys, floats, bad UTF-8
 * and depth by itself, and what it yields is what is stored and digested. A member nobody knows is a mistake of the
 * caller's and is told, never skipped. */
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- calls ---- */

enum tb_lang tb__lang(const tb_http_request *req) {
    tb_str v;
    return tb_http_header(req, "Accept-Language", &v) && (tb_str_starts(v, "en") || tb_str_starts(v, "EN"))
               ? TB_LANG_EN
               : TB_LANG_ZH;
}

#define NO_MEMORY "服务器内存不足，请稍后以同一请求重试 (out of memory; retry with the same request)"
static const char no_memory[] = NO_MEMORY;
const tb_str tb__no_memory = {"{\"error\":{\"code\":\"NO_MEMORY\",\"message\":\"" NO_MEMORY "\",\"file\":null,\"line\":null,\"detail\":null}}",
                              sizeof "{\"error\":{\"code\":\"NO_MEMORY\",\"message\":\"" NO_MEMORY "\",\"file\":null,\"line\":null,\"detail\":null}}" - 1};

tb_call *tb__call_new(tb_server *s, tb_http_request *req) {
    tb_state *work = tb_state_new(s->cases);
    tb_call *c = work ? TB_NEW(work->arena, tb_call) : NULL;
    if (!c) {
        if (work) tb_state_drop(work);
        tb_http_error(req, 503, "NO_MEMORY", no_memory);
        return NULL;
    }
    *c = (tb_call){.server = s, .req = req, .work = work, .arena = work->arena, .lang = tb__lang(req), .body = tb_http_body(req)};
    if (tb_auth_who(s, c->arena, &c->who) == TB_OK) return c;
    tb__answer_nomem(c);
    return NULL;
}

int tb__fail(tb_call *c, int status, const char *code, tb_str message) {
    c->problem.status = status;
    c->problem.code = code;
    c->problem.message = message;
    return TB_FAILED;
}

static void let_go(void *work) { tb_state_drop(work); }

void tb__answer(tb_call *c, int status, const char *extra, tb_str body) {
    if (c->line) {
        tb_state *work = c->work;
        tb__bulk_answer(c->line, status, body);
        tb_state_drop(work);
        return;
    }
    tb_http_answer_own(c->req, status, TB_HTTP_JSON, extra, body.p, body.n, let_go, c->work);
}

void tb__answer_nomem(tb_call *c) {
    tb_state *work = c->work;
    if (c->line) tb__bulk_answer(c->line, 503, tb__no_memory);
    else tb_http_error(c->req, 503, "NO_MEMORY", no_memory);
    tb_state_drop(work);
}

typedef struct writing {
    tb_call *c;
    tb_str out;
} writing;

static int write_problem(void *arg) {
    writing *w = arg;
    tb_buf b;
    tb_buf_init(&b, w->c->arena);
    tb__problem_write(&b, &w->c->problem);
    w->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__answer_problem(tb_call *c) {
    writing w = {.c = c};
    if (tb_try(c->arena, write_problem, &w) != TB_OK) {
        tb__answer_nomem(c);
        return;
    }
    int status = c->problem.status;
    char retry[40];
    snprintf(retry, sizeof retry, "Retry-After: %u\r\n", c->problem.retry ? c->problem.retry : 1);
    tb__answer(c, status, status == 429 || status == 503 ? retry : status == 401 ? "WWW-Authenticate: Bearer realm=\"tongban\"\r\n" : NULL, w.out);
}

bool tb__try(tb_call *c, int (*work)(void *)) {
    int rc = tb_try(c->arena, work, c);
    if (rc == TB_OK) return true;
    if (rc == TB_FAILED && c->problem.status)
        tb__answer_problem(c);
    else
        tb__answer_nomem(c);
    return false;
}

/* ---- lists ---- */

static void rows_are_here(void *arg, int result) {
    tb_call *c = arg;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        tb__answer_problem(c);
    } else if (tb__try(c, c->listing->write)) {
        tb__answer(c, 200, NULL, c->out);
    }
}

void tb__list(tb_server *s, tb_http_request *req, const tb_listing *l) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, l->ask)) return;
    c->listing = l;
    if (tb_store_read(s->store, l->read, rows_are_here, c) == TB_OK) return;
    c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
    tb__answer_problem(c);
}

/* ---- problems ---- */

void tb__problem_write(tb_buf *b, const tb_problem *p) {
    tb_puts(b, "{\"error\":{\"code\":");
    tb_json_put_text(b, tb_str_z(p->code));
    tb_puts(b, ",\"message\":");
    tb_json_put_text(b, p->message);
    tb_puts(b, ",\"file\":");
    if (p->file.n)
        tb_json_put_text(b, p->file);
    else
        tb_puts(b, "null");
    if (p->line)
        tb_putf(b, ",\"line\":%u", p->line);
    else
        tb_puts(b, ",\"line\":null");
    tb_puts(b, ",\"detail\":");
    if (p->detail.n)
        tb_putstr(b, p->detail);
    else
        tb_puts(b, "null");
    tb_puts(b, "}}");
}

tb_problem tb__refused(tb_arena *a, const tb_program *p, const tb_refusal *r, enum tb_lang lang) {
    tb_problem out = {
        .status = tb_refusal_status(r->code), .code = tb_refusal_name(r->code), .message = tb_refusal_text(a, r, lang)};
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, "{\"values\":[");
    for (int i = 0, any = 0; i < 3; i++) {
        if (!r->values[i].n) continue;
        if (any++) tb_puts(&b, ",");
        tb_json_put_text(&b, r->values[i]);
    }
    tb_puts(&b, "]}");
    out.detail = tb_buf_str(&b);
    if (r->span.file < p->sources->list.count) {
        out.file = p->sources->list.items[r->span.file].path;
        out.line = tb_source_place(p->sources, r->span.file, r->span.from).line;
    }
    return out;
}

#define PROBLEM(lang_, status_, code_, zh, en)                                                                         \
    (tb_problem) { .status = (status_), .code = (code_), .message = (lang_) == TB_LANG_EN ? TB_STR(en) : TB_STR(zh) }

tb_problem tb__store_problem(int result, enum tb_lang lang) {
    switch (result) {
    case TB_STORE_UNKNOWN:
        return PROBLEM(lang, 503, "STORE_UNKNOWN",
                       "磁盘的回答不确定：这一请求可能已经办成。请以同一请求（同一 request）重试",
                       "the disk's answer is in doubt: this may have been done. Retry with the same request");
    case TB_STORE_CORRUPT:
        return PROBLEM(lang, 503, "STORE_CORRUPT", "数据库自相矛盾，已停止写入。请联系管理员，保留数据库文件",
                       "the database contradicts itself; writing has stopped. Call the administrator, keep the file");
    default:
        return PROBLEM(lang, 503, "STORE_RETRY", "这一请求没有办成（磁盘满、忙或内存不足）。请以同一请求重试",
                       "this was not done (disk full, busy, or out of memory). Retry with the same request");
    }
}

tb_problem tb__commit_problem(int answer, enum tb_lang lang) {
    switch (answer) {
    case TB_COMMIT_FULL:
        return PROBLEM(lang, 429, "OVERLOADED", "等待写入的请求太多，请稍后以同一请求重试",
                       "too many writes are waiting; retry with the same request");
    case TB_COMMIT_REOPENING:
        return PROBLEM(lang, 503, "STORE_REOPENING", "正在确认上一批写入是否落盘，请稍后以同一请求重试",
                       "finding out whether the last batch is on disk; retry with the same request");
    case TB_COMMIT_BROKEN:
        return tb__store_problem(TB_STORE_CORRUPT, lang);
    default:
        return tb__store_problem(TB_STORE_RETRY, lang);
    }
}

/* ---- bodies ---- */

int tb__members(tb_call *c, const tb_json *o, const char *where, const char *const *known) {
    for (uint32_t i = 0; i < o->count; i++) {
        const char *const *k = known;
        while (*k && !tb_str_is(o->keys[i], *k)) k++;
        if (*k) continue;
        tb_buf b;
        tb_buf_init(&b, c->arena);
        for (k = known; *k; k++) tb_putf(&b, "%s%s", k == known ? "" : TB_SAY(c, "、", ", "), *k);
        tb_str list = tb_buf_str(&b);
        return tb__fail(
            c, 422, "MEMBER_UNKNOWN",
            tb_str_printf(c->arena,
                          TB_SAY(c, "%s里没有“%.*s”这一项；可用：%.*s", "%s has no member %.*s; it has: %.*s"), where,
                          TB_FMT(o->keys[i]), TB_FMT(list)));
    }
    return TB_OK;
}

int tb__object(tb_call *c, const tb_json **object) {
    const char *error = "";
    size_t where = 0;
    const tb_json *o = tb_json_read(c->arena, c->body, &error, &where);
    if (!o) {
        c->problem.detail = tb_str_printf(c->arena, "{\"offset\":%zu}", where);
        return tb__fail(c, 400, "BODY_NOT_JSON",
                        tb_str_printf(c->arena,
                                      TB_SAY(c, "请求体不是可用的 JSON，第 %zu 字节：%s",
                                             "the body is not usable JSON, at byte %zu: %s"),
                                      where, TB_SAY(c, tb_json_error_zh(error), error)));
    }
    if (o->kind != TB_JSON_OBJECT)
        return tb__fail(c, 422, "BODY_NOT_OBJECT",
                        tb_str_z(TB_SAY(c, "请求体应是 JSON 对象 {…}", "the body should be a JSON object")));
    *object = o;
    return TB_OK;
}

int tb__body(tb_call *c, const char *const *known, const tb_json **object) {
    tb_str type;
    /* Without authentication a page in a local browser could post here; it cannot say application/json without asking first. */
    if (!tb_http_header(c->req, "Content-Type", &type) || !tb_str_starts(type, "application/json"))
        return tb__fail(c, 415, "BODY_TYPE",
                        tb_str_z(TB_SAY(c, "请求体应是 application/json", "the body should be application/json")));
    return tb__object(c, object) ? TB_FAILED : tb__members(c, *object, TB_SAY(c, "请求", "the request"), known);
}

int tb__text(tb_call *c, const tb_json *o, const char *name, bool required, uint32_t most, tb_str *out) {
    const tb_json *v = tb_json_get(o, name);
    *out = TB_NONE;
    if (!v && !required) return TB_OK;
    if (!v)
        return tb__fail(c, 422, "MEMBER_MISSING",
                        tb_str_printf(c->arena, TB_SAY(c, "缺少“%s”", "%s is missing"), name));
    if (v->kind != TB_JSON_STR)
        return tb__fail(c, 422, "MEMBER_TYPE",
                        tb_str_printf(c->arena, TB_SAY(c, "“%s”应是字符串", "%s should be a string"), name));
    if (required && v->text.n == 0)
        return tb__fail(c, 422, "MEMBER_MISSING",
                        tb_str_printf(c->arena, TB_SAY(c, "“%s”是空的", "%s is empty"), name));
    if (v->text.n > most)
        return tb__fail(c, 422, "MEMBER_TOO_LONG",
                        tb_str_printf(c->arena, TB_SAY(c, "“%s”超过 %u 字节", "%s exceeds %u bytes"), name, most));
    *out = v->text;
    return TB_OK;
}

int tb__flag(tb_call *c, const tb_json *o, const char *name, bool *out) {
    const tb_json *v = tb_json_get(o, name);
    *out = v && v->kind == TB_JSON_TRUE;
    if (!v || v->kind == TB_JSON_TRUE || v->kind == TB_JSON_FALSE) return TB_OK;
    return tb__fail(c, 422, "MEMBER_TYPE",
                    tb_str_printf(c->arena, TB_SAY(c, "“%s”应是 true 或 false", "%s should be true or false"), name));
}

int tb__time(tb_call *c, const tb_json *o, const char *name, int64_t *out) {
    tb_str text;
    *out = TB_NO_TIME;
    if (tb__text(c, o, name, false, TB_TIME_TEXT, &text)) return TB_FAILED;
    if (!text.n || tb_time_parse(text, out)) return TB_OK;
    return tb__fail(c, 422, "MEMBER_TYPE",
                    tb_str_printf(c->arena,
                                  TB_SAY(c, "“%s”应是时刻，如 2026-03-02T09:00:00+08:00",
                                         "%s should be a time such as 2026-03-02T09:00:00+08:00"),
                                  name));
}

int tb__actor(tb_call *c, const tb_json *o, tb_actor *out) {
    static const char *const known[] = {"person", "post", "place", "for", NULL};
    const tb_json *by = tb_json_get(o, "by");
    *out = (tb_actor){TB_NONE, TB_NONE, TB_NONE, TB_NONE};
    if (!by && !c->who.open) return tb_auth_actor(c, out);
    if (!by)
        return tb__fail(c, 422, "MEMBER_MISSING", tb_str_z(TB_SAY(c, "缺少“by”：谁在办", "by is missing: who acts")));
    if (by->kind != TB_JSON_OBJECT)
        return tb__fail(c, 422, "MEMBER_TYPE",
                        tb_str_z(TB_SAY(c, "“by”应是对象 {\"person\":…,\"post\":…,\"place\":…,\"for\":…}",
                                        "by should be an object {\"person\",\"post\",\"place\",\"for\"}")));
    if (tb__members(c, by, "by", known) || tb__text(c, by, "person", c->who.open, TB_PERSON_BYTES, &out->person) ||
        tb__text(c, by, "post", false, TB_PERSON_BYTES, &out->post) || tb__text(c, by, "for", false, TB_PERSON_BYTES, &out->behalf))
        return TB_FAILED;
    return tb__text(c, by, "place", false, TB_PERSON_BYTES, &out->place) ? TB_FAILED : tb_auth_actor(c, out);
}

/* ---- case numbers ---- */

/* Inside, cases count up (store.h). Outside they are shown stirred, by a bijection of 63 bits, so that two cases of one
 * day do not differ in one character that somebody mistypes or guesses. A shift by more than half the bits undoes
 * itself; an odd factor has an inverse. */
#define BITS ((uint64_t)INT64_MAX)
static const uint64_t stir = 0x5851f42d4c957f2dU;

static uint64_t
unstir(void) { /* the inverse of the factor modulo 2^63, by Newton's iteration: each round doubles the right bits */
    uint64_t x = stir;
    for (int i = 0; i < 6; i++) x *= 2 - stir * x;
    return x & BITS;
}

static const char digits32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

void tb__case_name(int64_t id, char out[TB_CASE_NAME + 1]) {
    uint64_t n = (uint64_t)id;
    n ^= n >> 32;
    n = n * stir & BITS;
    n ^= n >> 32;
    for (int i = TB_CASE_NAME; i-- > 0; n >>= 5) out[i] = digits32[n & 31];
    out[TB_CASE_NAME] = '\0';
}

bool tb__case_number(tb_str text, int64_t *id) {
    uint64_t n = 0;
    if (text.n != TB_CASE_NAME) return false;
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
        if (c == 'I' || c == 'L') c = '1';
        if (c == 'O') c = '0';
        const char *at = c ? strchr(digits32, c) : NULL;
        if (!at || (i == 0 && at - digits32 > 7)) return false; /* 63 bits: the first character holds three */
        n = n << 5 | (uint64_t)(at - digits32);
    }
    n ^= n >> 32;
    n = n * unstir() & BITS;
    n ^= n >> 32;
    *id = (int64_t)n;
    return n > 0;
}

int tb__case_id(tb_call *c, tb_str text, int64_t *id) {
    if (tb__case_number(text, id)) return TB_OK;
    return tb__fail(c, 404, "NO_SUCH_CASE",
                    tb_str_z(TB_SAY(c, "办件号应是 13 位字母和数字，如 07ZK3M9Q2W5RT",
                                    "a case number has 13 letters and digits, such as 07ZK3M9Q2W5RT")));
}

/* ---- routes ---- */

static void no_such_path(tb_server *s, tb_http_request *req) {
    (void)s;
    tb_http_error(req, 404, "NO_SUCH_PATH",
                  tb__lang(req) == TB_LANG_EN ? "there is no such path; the API is under /v1 (runtime/API.md)"
                                              : "没有这个路径；接口都在 /v1 之下（见 runtime/API.md）");
}

static void wrong_method(tb_http_request *req, const char *allow) {
    char extra[64], body[256];
    snprintf(extra, sizeof extra, "Allow: %s\r\n", allow);
    int n = snprintf(
        body, sizeof body,
        "{\"error\":{\"code\":\"WRONG_METHOD\",\"message\":\"%s%s\",\"file\":null,\"line\":null,\"detail\":null}}",
        tb__lang(req) == TB_LANG_EN ? "this path takes only " : "这个路径只接受 ", allow);
    tb_http_answer(req, 405, TB_HTTP_JSON, extra, body, (size_t)n);
}

static bool segment_is(const tb_http_request *req, int i, const char *z) {
    return tb_str_is(tb_http_segment(req, i), z);
}

/* GET covers HEAD: http.c sends no body then. */
static bool get(const tb_http_request *req) {
    return tb_http_method(req) == TB_HTTP_GET || tb_http_method(req) == TB_HTTP_HEAD;
}

static void route_cases(tb_server *s, tb_http_request *req, int n) {
    bool is_get = get(req), is_post = tb_http_method(req) == TB_HTTP_POST, is_put = tb_http_method(req) == TB_HTTP_PUT;
    if (n == 2) {
        if (is_post)
            tb__post_case(s, req);
        else if (is_get)
            tb__get_cases(s, req);
        else
            wrong_method(req, "GET, POST");
        return;
    }
    tb_str id = tb_http_segment(req, 2);
    if (n == 3) {
        if (is_get)
            tb__get_case(s, req, id);
        else
            wrong_method(req, "GET");
    } else if (n == 4 && segment_is(req, 3, "acts")) {
        if (is_post)
            tb__post_act(s, req, id);
        else
            wrong_method(req, "POST");
    } else if (n == 4 && segment_is(req, 3, "history")) {
        if (is_get)
            tb__get_history(s, req, id);
        else
            wrong_method(req, "GET");
    } else if (n == 5 && segment_is(req, 3, "documents")) {
        if (is_get)
            tb__get_document(s, req, id, tb_http_segment(req, 4));
        else
            wrong_method(req, "GET");
    } else if (n == 5 && segment_is(req, 3, "attachments")) {
        if (is_get)
            tb__get_attachment(s, req, id, tb_http_segment(req, 4));
        else if (is_put)
            tb__put_attachment(s, req, id, tb_http_segment(req, 4));
        else
            wrong_method(req, "GET, PUT");
    } else {
        no_such_path(s, req);
    }
}

static void route_sessions(tb_server *s, tb_http_request *req) {
    if (get(req)) tb__get_session(s, req);
    else if (tb_http_method(req) == TB_HTTP_POST) tb__post_session(s, req);
    else if (tb_http_method(req) == TB_HTTP_DELETE) tb__delete_session(s, req);
    else wrong_method(req, "GET, POST, DELETE");
}

void tb__api(void *server, tb_http_request *req) {
    tb_server *s = server;
    if (tb_auth_enter(s, req)) return;
    int n = tb_http_segments(req);
    bool is_get = get(req), is_post = tb_http_method(req) == TB_HTTP_POST;
    void (*simple)(tb_server *, tb_http_request *) = NULL;
    bool takes_post = false;
    if (n == 1 && segment_is(req, 0, "healthz"))
        simple = tb__get_health;
    else if (n == 1 && segment_is(req, 0, "metrics"))
        simple = tb__get_metrics;
    else if (n < 2 || !segment_is(req, 0, "v1"))
        simple = NULL;
    else if (segment_is(req, 1, "cases")) {
        route_cases(s, req, n);
        return;
    } else if (n <= 3 && segment_is(req, 1, "matters")) {
        if (is_get)
            tb__get_matters(s, req, n == 3 ? tb_http_segment(req, 2) : TB_NONE);
        else
            wrong_method(req, "GET");
        return;
    } else if (n == 3 && segment_is(req, 1, "outbox")) {
        if (is_post)
            tb__post_outbox(s, req, tb_http_segment(req, 2));
        else
            wrong_method(req, "POST");
        return;
    } else if (n == 2 && segment_is(req, 1, "outbox"))
        simple = tb__get_outbox;
    else if (n == 2 && segment_is(req, 1, "replies"))
        simple = tb__post_reply, takes_post = true;
    else if (n == 3 && segment_is(req, 1, "ledger") && segment_is(req, 2, "head"))
        simple = tb__get_ledger_head;
    else if (n == 2 && segment_is(req, 1, "acts"))
        simple = tb__post_acts, takes_post = true;
    else if (n == 2 && segment_is(req, 1, "feed"))
        simple = tb__get_feed;
    else if (n == 2 && segment_is(req, 1, "tasks"))
        simple = tb__get_tasks;
    else if (n == 4 && segment_is(req, 1, "loads") && segment_is(req, 3, "changes"))
        simple = tb__get_changes;
    else if (n == 2 && segment_is(req, 1, "loads"))
        simple = tb__post_load, takes_post = true;
    else if (n == 2 && segment_is(req, 1, "sessions")) {
        route_sessions(s, req);
        return;
    } else if (n == 2 && segment_is(req, 1, "accounts"))
        simple = is_post ? tb__post_account : tb__get_accounts, takes_post = is_post;
    else if (n == 2 && segment_is(req, 1, "accesses"))
        simple = tb__get_accesses;
    else if (n == 2 && segment_is(req, 1, "clock"))
        simple = tb__post_clock, takes_post = true;
    if (!simple)
        no_such_path(s, req);
    else if (takes_post ? is_post : is_get)
        simple(s, req);
    else
        wrong_method(req, takes_post ? "POST" : "GET");
}

size_t tb__body_limit(void *server, const tb_http_request *req) {
    (void)server;
    int n = tb_http_segments(req);
    if (n == 2 && segment_is(req, 1, "loads")) return TB_LOAD_BODY;
    if (n == 2 && segment_is(req, 1, "acts")) return TB_BULK_BODY;
    if (n == 5 && segment_is(req, 3, "attachments")) return TB_ATTACHMENT_BYTES;
    return TB_HTTP_BODY;
}
