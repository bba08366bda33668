/* POST, GET, DELETE /v1/sessions, GET, POST /v1/accounts, GET /v1/accesses: passwords into tokens, the operator's care of who may come in, and
 * who has read what.
 *
 *   POST /v1/sessions ─▶ brake (throttle.h) ─▶ queue ─▶ hashing thread ─▶ right? ─▶ commit ─▶ 201 token
 *
 * A hash takes a tenth of a second on a thread of its own; TB_LOGINS_WAITING may wait, more are told 429. Whether there is such an
 * account, whether it has a password and whether it is closed is told by nothing: not by the answer, nor by how long it takes. */
#include "password.h"
#include "server_parts.h"
#include "throttle.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TB_LOGINS_WAITING = 32,     /* hashes queued */
    TB_LOGIN_PERSON_FREE = 5,   /* wrong passwords of one account in a row, before each costs a wait */
    TB_LOGIN_ADDRESS_FREE = 30, /* from one address: an office may be behind it */
    TB_LOGIN_LONGEST = 15 * 60000,
    TB_LOGIN_FORGET = 60 * 60000
};

enum { DOUBT_MS = 1000 };

struct tb_logins {
    tb_io_worker *worker;
    int waiting;
    bool changing; /* a change of accounts is being written … */
    tb_str changed; /* … of this one */
    struct people *sessions; /* that are being written */
    bool doubt;    /* whether a change is on disk is not known */
    bool unread;   /* and reading them anew has failed: nobody is known until it succeeds */
    tb_io_timer *again; /* to the next attempt at that */
    tb_throttle persons, addresses;
};

static void look_again(void *server) { tb__accounts_reopened(server); }

int tb__logins_new(tb_server *s) {
    struct tb_logins *l = s->logins = calloc(1, sizeof *l);
    if (!l) return TB_NOMEM;
    l->persons.free = TB_LOGIN_PERSON_FREE;
    l->addresses.free = TB_LOGIN_ADDRESS_FREE;
    l->persons.longest = l->addresses.longest = TB_LOGIN_LONGEST;
    l->persons.forget = l->addresses.forget = TB_LOGIN_FORGET;
    if (tb_io_random(s->io, l->persons.seed, TB_THROTTLE_SEED) != TB_OK ||
        tb_io_random(s->io, l->addresses.seed, TB_THROTTLE_SEED) != TB_OK)
        return TB_NOMEM;
    l->worker = tb_io_worker_new(s->io, "passwords");
    l->again = tb_io_timer_new(s->io, look_again, s);
    return l->worker && l->again ? TB_OK : TB_NOMEM;
}

void tb__logins_stop(tb_server *s) {
    if (!s->logins) return;
    tb_io_worker_free(s->logins->worker); /* finishes the hashes; a session may still be committed */
    s->logins->worker = NULL;
}

void tb__logins_free(tb_server *s) {
    if (s->logins) tb_io_timer_free(s->logins->again);
    free(s->logins);
    s->logins = NULL;
}

bool tb__accounts_unread(const tb_server *s) { return s->logins && s->logins->unread; }

/* What was in doubt is on disk or not: read anew. A disk that fails to be read just now is asked again. */
void tb__accounts_reopened(tb_server *s) {
    if (!s->logins || !s->logins->doubt) return;
    s->asking = NULL;
    tb_reader *r = tb_reader_open(s->store);
    int result = r ? tb_accounts_read(s->accounts, r, tb__now(s)) : TB_STORE_RETRY;
    tb_reader_close(r);
    s->logins->doubt = s->logins->unread = result != TB_STORE_OK;
    if (result == TB_STORE_OK) return;
    tb_io_timer_set(s->logins->again, DOUBT_MS);
    tb__report(s, "error", "accounts_doubt", "%s",
               s->o.lang == TB_LANG_EN ? "cannot read the accounts; trying again" : "读不了数据库中的账号，稍后再试");
}

typedef struct people { /* one call about people; in its arena */
    tb_call *c;
    tb_str account, password, kept; /* kept: what the password is checked with */
    tb_str address;
    int is;           /* of tb_password_is() */
    bool check, hash; /* what the hashing thread does */
    char hashed[TB_PASSWORD_TEXT];
    bool failed;
    tb_account_order order;
    tb_account_told told;
    tb_write write;
    char token[TB_TOKEN_TEXT];
    int64_t expires;
    tb_str out;
    struct people *next; /* session that is being written */
} people;

/* Under no tb_try: the call's own fields only. */
static void fail_now(tb_call *c, int status, const char *code, const char *zh, const char *en) {
    tb__fail(c, status, code, tb_str_z(TB_SAY(c, zh, en)));
    tb__answer_problem(c);
}

static void forget_password(people *x) { OPENSSL_cleanse((char *)x->password.p, x->password.n); }

/* ---- the hashing thread ---- */

static void hash_work(void *arg) {
    people *x = arg;
    if (x->check) x->is = tb_password_is(x->kept, x->password);
    if (x->hash && (!x->check || x->is == 1))
        x->failed = tb_password_keep(x->c->server->io, x->order.kept, x->hashed) != TB_OK;
}

/* Queues the hashes a call needs; false: it is answered. */
static bool hash(people *x, tb_io_fn *done) {
    tb_call *c = x->c;
    struct tb_logins *l = c->server->logins;
    if (l->waiting >= TB_LOGINS_WAITING || tb_io_worker_submit(l->worker, hash_work, done, x) != TB_OK) {
        fail_now(c, 429, "LOGINS_WAITING", "正在验证的密码太多，请稍后再试",
                 "too many passwords are being checked; try again in a moment");
        return false;
    }
    l->waiting++;
    return true;
}

/* ---- the address ---- */

/* Whom the request comes from: the peer, or what the proxy before us says it is. The last element is the one that our own proxy wrote. */
static tb_str address_of(const tb_server *s, const tb_http_request *req) {
    tb_str v;
    if (!s->o.behind_tls || !tb_http_header(req, "X-Forwarded-For", &v)) return tb_str_z(tb_http_peer(req));
    for (uint32_t i = v.n; i > 0; i--)
        if (v.p[i - 1] == ',') {
            v = (tb_str){v.p + i, v.n - i};
            break;
        }
    while (v.n && v.p[0] == ' ') v.p++, v.n--;
    return v;
}

/* ---- who am I ---- */

static void put_member(tb_buf *b, const char *before, tb_str text) {
    tb_puts(b, before);
    tb_json_put_text(b, text);
}

static void put_account(tb_buf *b, const tb_account_row *row) {
    put_member(b, "{\"account\":", row->name);
    put_member(b, ",\"person\":", row->person);
    if (row->place.n) put_member(b, ",\"place\":", row->place);
    if (row->organ.n) put_member(b, ",\"organ\":", row->organ);
    tb_puts(b, ",\"roles\":");
    tb_roles_put(b, row->roles);
    tb_puts(b, row->closed ? ",\"closed\":true" : "");
}

static int write_self(void *arg) {
    tb_call *c = arg;
    people *x = c->more = TB_NEW(c->arena, people);
    const tb_credential *me = c->server->asking;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    if (!me) {
        tb_puts(&b, "{\"account\":null");
    } else {
        put_account(&b, &me->account->row);
        tb_puts(&b, me->row.session ? ",\"session\":true,\"expires\":" : ",\"session\":false,\"expires\":");
        tb__put_time(&b, me->row.expires);
    }
    tb_puts(&b, "}");
    x->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_session(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (c && tb__try(c, write_self)) tb__answer(c, 200, "Cache-Control: no-store\r\n", ((people *)c->more)->out);
}

/* ---- beginning a session ---- */

static int read_login(void *arg) {
    static const char *const known[] = {"person", "password", NULL};
    tb_call *c = arg;
    people *x = c->more = TB_NEW(c->arena, people);
    const tb_json *o;
    x->c = c;
    x->check = true;
    if (tb__body(c, known, &o) || tb__text(c, o, "person", true, TB_ACCOUNT_NAME, &x->account) ||
        tb__text(c, o, "password", true, TB_PASSWORD_BYTES, &x->password))
        return TB_FAILED;
    x->address = tb_str_copy(c->arena, address_of(c->server, c->req));
    const tb_account *a = tb_accounts_find(c->server->accounts, x->account);
    x->kept = a && !a->row.closed ? tb_str_copy(c->arena, a->row.password) : TB_NONE;
    return TB_OK;
}

static int write_session(void *arg) {
    tb_call *c = arg;
    people *x = c->more;
    const tb_account *a = tb_accounts_find(c->server->accounts, x->account);
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_putf(&b, "{\"token\":\"%s\",\"expires\":", x->token);
    tb__put_time(&b, x->expires);
    tb_putf(&b, ",\"idle_minutes\":%d,\"as\":", TB_SESSION_IDLE / 60000);
    put_account(&b, &a->row);
    tb_puts(&b, "}}");
    x->out = tb_buf_str(&b);
    return TB_OK;
}

/* A change of an account ends what it must by what is known of it, and a session is known when it is on disk. So the two are not written
 * at one time: one begun with the old password would outlive the new one. */
static bool session_comes(const struct tb_logins *l, tb_str account) {
    for (const people *x = l->sessions; x; x = x->next)
        if (tb_str_eq(x->account, account)) return true;
    return false;
}

static void busy_now(tb_call *c) {
    fail_now(c, 429, "ACCOUNTS_BUSY", "另一个账号变更正在写入，请稍后再试",
             "another change of accounts is being written; try again");
}

static void session_written(void *user, int result) {
    tb_call *c = user;
    people *x = c->more;
    tb_server *s = c->server;
    people **at = &s->logins->sessions;
    while (*at != x) at = &(*at)->next;
    *at = x->next;
    if (result == TB_STORE_UNKNOWN) s->logins->doubt = true;
    if (result == TB_STORE_OK && tb_accounts_adopt(s->accounts, &x->write) != TB_OK) result = TB_STORE_RETRY;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        tb__answer_problem(c);
        return;
    }
    s->counters.logins++;
    if (tb__try(c, write_session)) tb__answer(c, 201, "Cache-Control: no-store\r\n", x->out);
}

static int make_session(void *arg) {
    tb_call *c = arg;
    people *x = c->more;
    tb_server *s = c->server;
    const tb_account *a = tb_accounts_find(s->accounts, x->account);
    return tb_accounts_session(s->accounts, c->arena, s->io, a, tb__now(s), &x->write, x->token, &x->expires);
}

/* Nobody is known just now: no password is wrong for that. */
static void unread_now(tb_call *c) {
    fail_now(c, 503, "ACCOUNTS_UNREAD", "正在重新读取账号，请稍后以同一请求重试",
             "the accounts are being read anew; retry with the same request");
}

static void login_hashed(void *arg) {
    people *x = arg;
    tb_call *c = x->c;
    tb_server *s = c->server;
    const tb_account *a = tb_accounts_find(s->accounts, x->account);
    s->logins->waiting--;
    forget_password(x);
    if (s->logins->unread) {
        unread_now(c);
        return;
    }
    /* Another password, or a closed account, since the check began: then this one is wrong. */
    if (x->is == 1 && (!a || a->row.closed || !tb_str_eq(a->row.password, x->kept))) x->is = 0;
    if (x->is < 0) {
        c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
        tb__answer_problem(c);
        return;
    }
    if (x->is == 0) {
        s->counters.logins_failed++;
        fail_now(c, 401, "LOGIN_WRONG", "账号或密码不对", "the account or the password is wrong");
        return;
    }
    tb_throttle_succeeded(&s->logins->persons, x->account, true);
    tb_throttle_succeeded(&s->logins->addresses, x->address, false);
    if (s->logins->changing && tb_str_eq(s->logins->changed, x->account)) {
        busy_now(c);
        return;
    }
    int rc = tb_try(c->arena, make_session, c);
    int answer = rc == TB_OK ? tb_commit_add(s->commit, &x->write, session_written, c) : -1;
    if (answer == TB_COMMIT_OK) {
        x->next = s->logins->sessions;
        s->logins->sessions = x;
        return;
    }
    c->problem = tb__commit_problem(answer, c->lang);
    tb__answer_problem(c);
}

void tb__post_session(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, read_login)) return;
    people *x = c->more;
    if (s->logins->unread) {
        forget_password(x);
        unread_now(c);
        return;
    }
    int64_t now = tb__now(s), wait = tb_throttle_try(&s->logins->addresses, x->address, now);
    if (!wait && (wait = tb_throttle_try(&s->logins->persons, x->account, now)))
        tb_throttle_succeeded(&s->logins->addresses, x->address, false); /* that was no try */
    if (wait) {
        c->problem.retry = (uint32_t)((wait + 999) / 1000);
        fail_now(c, 429, "LOGIN_THROTTLED", "密码错误次数过多，请过一会儿再试（见 Retry-After）",
                 "too many wrong passwords; wait (see Retry-After)");
        return;
    }
    hash(x, login_hashed);
}

/* ---- ending one ---- */

static int make_end(void *arg) {
    tb_call *c = arg;
    people *x = c->more = TB_NEW(c->arena, people);
    x->c = c;
    if (!c->who.session)
        return tb__fail(c, 409, "NOT_A_SESSION",
                        tb_str_z(TB_SAY(c, "这是令牌，不是登录会话；收回令牌见 POST /v1/accounts",
                                        "this is a token, not a session; POST /v1/accounts revokes tokens")));
    memcpy(TB_PUSH(c->arena, x->write.credentials_gone)->digest, c->who.digest, TB_DIGEST);
    return TB_OK;
}

static void ended(void *user, int result) {
    tb_call *c = user;
    people *x = c->more;
    if (result == TB_STORE_OK) {
        tb_accounts_adopt(c->server->accounts, &x->write); /* only an end: needs no memory */
        tb__answer(c, 200, NULL, TB_STR("{\"ended\":true}"));
        return;
    }
    if (result == TB_STORE_UNKNOWN) c->server->logins->doubt = true;
    c->problem = tb__store_problem(result, c->lang);
    tb__answer_problem(c);
}

void tb__delete_session(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, make_end)) return;
    int answer = tb_commit_add(s->commit, &((people *)c->more)->write, ended, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    tb__answer_problem(c);
}

/* ---- the list ---- */

typedef TB_LIST(const tb_account *) account_list;
struct listing {
    tb_arena *a;
    account_list list;
};
static void take(void *user, const tb_account *x) {
    struct listing *l = user;
    *TB_PUSH(l->a, l->list) = x;
}
static int by_name(const void *a, const void *b) {
    return tb_str_cmp((*(const tb_account *const *)a)->row.name, (*(const tb_account *const *)b)->row.name);
}

static int write_list(void *arg) {
    tb_call *c = arg;
    people *x = c->more = TB_NEW(c->arena, people);
    struct listing l = {.a = c->arena};
    int64_t now = tb__now(c->server);
    tb_buf b;
    tb_accounts_each(c->server->accounts, take, &l);
    if (l.list.count) qsort(l.list.items, l.list.count, sizeof *l.list.items, by_name);
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"accounts\":[");
    for (uint32_t i = 0; i < l.list.count; i++) {
        const tb_account *a = l.list.items[i];
        uint32_t sessions = 0, n = 0;
        if (i) tb_puts(&b, ",");
        put_account(&b, &a->row);
        tb_putf(&b, ",\"password\":%s,\"tokens\":[", a->row.password.n ? "true" : "false");
        for (const tb_credential *k = a->credentials; k; k = k->next_of_account) {
            if (k->row.expires <= now) continue;
            sessions += k->row.session;
            if (k->row.session) continue;
            put_member(&b, n++ ? ",{\"label\":" : "{\"label\":", k->row.label);
            tb_puts(&b, ",\"made\":");
            tb__put_time(&b, k->row.made);
            tb_puts(&b, ",\"expires\":");
            tb__put_time(&b, k->row.expires);
            tb_puts(&b, "}");
        }
        tb_putf(&b, "],\"sessions\":%u}", sessions);
    }
    tb_puts(&b, "]}");
    x->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_accounts(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (c && tb__try(c, write_list)) tb__answer(c, 200, NULL, ((people *)c->more)->out);
}

/* ---- who has read personal data ---- */

typedef struct log_query {
    int64_t after, case_id;
    tb_str who;
    uint32_t limit;
    tb_access_list rows;
} log_query;

static bool number(tb_str text, int64_t most, int64_t *out) {
    int64_t n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || n > most / 10) return false;
        n = n * 10 + (text.p[i] - '0');
    }
    *out = n;
    return text.n > 0 && n <= most;
}

static int read_log_query(void *arg) {
    tb_call *c = arg;
    log_query *q = c->more = TB_NEW(c->arena, log_query);
    tb_str text;
    int64_t limit = TB_PAGE;
    q->who = (tb_str){NULL, 0};
    if (tb_http_parameter(c->req, "who", &text) && text.n) q->who = text;
    if (tb_http_parameter(c->req, "case", &text) && text.n && tb__case_id(c, text, &q->case_id)) return TB_FAILED;
    bool ok = !tb_http_parameter(c->req, "after", &text) || number(text, INT64_MAX / 16, &q->after);
    ok = ok && (!tb_http_parameter(c->req, "limit", &text) || (number(text, TB_PAGE_MOST, &limit) && limit > 0));
    q->limit = (uint32_t)limit;
    if (ok) return TB_OK;
    return tb__fail(c, 422, "PARAMETER",
                    tb_str_printf(c->arena,
                                  TB_SAY(c, "after 应照抄上一页的 next，limit 应是 1 到 %d",
                                         "after is the next of the page before, limit is 1 to %d"),
                                  TB_PAGE_MOST));
}

static int read_log(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    log_query *q = c->more;
    return tb_read_accesses(r, q->after, q->case_id, q->who, q->limit, c->arena, &q->rows);
}

static int write_log(void *arg) {
    tb_call *c = arg;
    log_query *q = c->more;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"accesses\":[");
    for (uint32_t i = 0; i < q->rows.count; i++) {
        const tb_access_row *x = &q->rows.items[i];
        char name[TB_CASE_NAME + 1];
        tb__case_name(x->case_id, name);
        tb_putf(&b, "%s{\"n\":%lld,\"at\":", i ? "," : "", (long long)x->n);
        tb__put_time(&b, x->at);
        tb_putf(&b, ",\"case\":\"%s\"", name);
        put_member(&b, ",\"who\":", x->who);
        put_member(&b, ",\"right\":", x->role);
        put_member(&b, ",\"what\":", x->what);
        put_member(&b, ",\"fields\":", x->fields);
        put_member(&b, ",\"why\":", x->why);
        tb_puts(&b, "}");
    }
    if (q->rows.count == q->limit) tb_putf(&b, "],\"next\":%lld}", (long long)q->rows.items[q->rows.count - 1].n);
    else tb_puts(&b, "],\"next\":null}");
    c->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_accesses(tb_server *s, tb_http_request *req) {
    static const tb_listing l = {read_log_query, read_log, write_log};
    tb__list(s, req, &l);
}

/* ---- orders ---- */

static int read_roles(tb_call *c, const tb_json *o, int32_t *roles) {
    const tb_json *v = tb_json_get(o, "roles");
    *roles = 0;
    for (uint32_t i = 0; v && v->kind == TB_JSON_ARRAY && i < v->count; i++) {
        int32_t bit = v->items[i].kind == TB_JSON_STR ? tb_role_of(v->items[i].text) : 0;
        if (!bit) *roles = -1;
        if (*roles >= 0) *roles |= bit;
    }
    if (!v || (v->kind == TB_JSON_ARRAY && v->count && *roles > 0)) return TB_OK;
    return tb__fail(
        c, 422, "ACCOUNT_ROLES",
        tb_str_z(TB_SAY(c, "“roles”应是数组，可用：applicant、staff、department、operator、auditor、interface",
                        "roles is an array of applicant, staff, department, operator, auditor, interface")));
}

static int optional(tb_call *c, const tb_json *o, const char *name, tb_str *out) {
    if (tb__text(c, o, name, false, TB_ACCOUNT_NAME, out)) return TB_FAILED;
    if (!tb_json_get(o, name)) *out = (tb_str){NULL, 0};
    return TB_OK;
}

static int read_order(void *arg) {
    static const char *const known[] = {"do",    "account", "person",   "place", "organ", "roles",
                                        "label", "days",    "password", "old",   NULL};
    tb_call *c = arg;
    people *x = c->more = TB_NEW(c->arena, people);
    tb_account_order *order = &x->order;
    const tb_json *o, *days;
    tb_str what, password;
    x->c = c;
    if (tb__body(c, known, &o) || tb__text(c, o, "do", true, 20, &what) ||
        tb__text(c, o, "account", true, TB_ACCOUNT_NAME, &order->account) || optional(c, o, "person", &order->person) ||
        optional(c, o, "place", &order->place) || optional(c, o, "organ", &order->organ) ||
        optional(c, o, "label", &order->label) || read_roles(c, o, &order->roles) ||
        tb__text(c, o, "password", false, TB_PASSWORD_BYTES, &password) ||
        tb__text(c, o, "old", false, TB_PASSWORD_BYTES, &x->password))
        return TB_FAILED;
    order->what = tb_account_do_of(what);
    if (!order->what)
        return tb__fail(c, 422, "MEMBER_TYPE",
                        tb_str_z(TB_SAY(c, "“do”应是 add、change、password、token、revoke、close 或 open",
                                        "do is add, change, password, token, revoke, close or open")));
    days = tb_json_get(o, "days");
    if (days && days->kind != TB_JSON_INT)
        return tb__fail(c, 422, "MEMBER_TYPE", tb_str_z(TB_SAY(c, "“days”应是整数", "days is an integer")));
    order->days = days ? days->number : 0;
    order->by = c->who.open ? TB_STR("（本机，未认证）") : c->who.account;
    bool own = order->what == TB_ACCOUNT_PASSWORD && !c->who.open && tb_str_eq(order->account, c->who.account);
    if (!c->who.open && !(c->who.roles & TB_ROLE_OPERATOR) && !own)
        return tb__fail(c, 403, "WRONG_ROLE",
                        tb_str_z(TB_SAY(c, "账号由管理员管理；自己的密码可以自己改",
                                        "accounts are the operator's; one's own password is one's own")));
    x->check = own;
    const tb_account *me = own ? tb_accounts_find(c->server->accounts, order->account) : NULL;
    if (me) x->kept = tb_str_copy(c->arena, me->row.password);
    bool takes = order->what == TB_ACCOUNT_PASSWORD || order->what == TB_ACCOUNT_ADD;
    if (order->what == TB_ACCOUNT_PASSWORD && !password.n)
        return tb__fail(c, 422, "MEMBER_MISSING", tb_str_z(TB_SAY(c, "缺少“password”", "password is missing")));
    if (password.n && !takes)
        return tb__fail(
            c, 422, "MEMBER_UNKNOWN",
            tb_str_z(TB_SAY(c, "“password”只用于 add 和 password", "password goes with add and password only")));
    if (password.n && !tb_password_fits(password, order->account))
        return tb__fail(
            c, 422, "PASSWORD_WEAK",
            tb_str_z(TB_SAY(c, "密码应有 8 个字以上、256 字节以内，且不能就是账号名",
                            "a password has 8 characters or more, 256 bytes at most, and is not the account's name")));
    x->hash = password.n > 0;
    order->kept = password; /* its hash takes its place */
    return TB_OK;
}

static int write_told(void *arg) {
    tb_call *c = arg;
    people *x = c->more;
    const tb_account *a = tb_accounts_find(c->server->accounts, x->order.account);
    tb_buf b;
    tb_buf_init(&b, c->arena);
    put_account(&b, &a->row);
    if (x->told.token[0]) {
        tb_putf(&b, ",\"token\":\"%s\",\"expires\":", x->told.token);
        tb__put_time(&b, x->told.expires);
    }
    tb_putf(&b, ",\"ended\":%u}", x->told.ended);
    x->out = tb_buf_str(&b);
    return TB_OK;
}

static void order_written(void *user, int result) {
    tb_call *c = user;
    people *x = c->more;
    struct tb_logins *l = c->server->logins;
    l->changing = false;
    if (result == TB_STORE_UNKNOWN) l->doubt = true;
    if (result == TB_STORE_OK && tb_accounts_adopt(c->server->accounts, &x->write) != TB_OK) result = TB_STORE_RETRY;
    if (result == TB_STORE_OK && tb__try(c, write_told))
        tb__answer(c, x->order.what == TB_ACCOUNT_ADD || x->order.what == TB_ACCOUNT_TOKEN ? 201 : 200,
                   "Cache-Control: no-store\r\n", x->out);
    if (result == TB_STORE_OK) return;
    c->problem = tb__store_problem(result, c->lang);
    tb__answer_problem(c);
}

static int make_order(void *arg) {
    tb_call *c = arg;
    people *x = c->more;
    tb_server *s = c->server;
    if (x->hash) x->order.kept = tb_str_z(x->hashed);
    if (tb_accounts_order(s->accounts, c->arena, s->io, &x->order, s->leaf + 1, tb__event_time(s), &x->write,
                          &x->told) == TB_OK)
        return TB_OK;
    return tb__fail(c, x->told.status, x->told.code, tb_str_z(TB_SAY(c, x->told.zh, x->told.en)));
}

static void give_order(people *x) {
    tb_call *c = x->c;
    tb_server *s = c->server;
    if (s->logins->changing || s->logins->doubt || session_comes(s->logins, x->order.account)) {
        busy_now(c);
        return;
    }
    if (!tb__try(c, make_order)) return;
    int answer = tb_commit_add(s->commit, &x->write, order_written, c);
    if (answer != TB_COMMIT_OK) {
        c->problem = tb__commit_problem(answer, c->lang);
        tb__answer_problem(c);
        return;
    }
    s->logins->changing = true;
    s->logins->changed = x->order.account;
    s->leaf++;
    s->wall = x->write.events.items[0].wall;
}

static void order_hashed(void *arg) {
    people *x = arg;
    tb_call *c = x->c;
    struct tb_logins *l = c->server->logins;
    l->waiting--;
    OPENSSL_cleanse((char *)x->order.kept.p, x->order.kept.n);
    forget_password(x);
    if (x->check && x->is == 1) tb_throttle_succeeded(&l->persons, x->order.account, true);
    if (x->check && x->is == 0) fail_now(c, 403, "LOGIN_WRONG", "原密码（old）不对", "the old password (old) is wrong");
    else if (x->failed || x->is < 0) {
        c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
        tb__answer_problem(c);
    } else give_order(x);
}

void tb__post_account(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, read_order)) return;
    people *x = c->more;
    int64_t wait = x->check ? tb_throttle_try(&s->logins->persons, x->order.account, tb__now(s)) : 0;
    if (wait) {
        c->problem.retry = (uint32_t)((wait + 999) / 1000);
        fail_now(c, 429, "LOGIN_THROTTLED", "密码错误次数过多，请过一会儿再试（见 Retry-After）",
                 "too many wrong passwords; wait (see Retry-After)");
    } else if (x->hash) hash(x, order_hashed);
    else give_order(x);
}
