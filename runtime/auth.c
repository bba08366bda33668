/* See auth.h. */
#include "auth.h"
#include "server_parts.h"
#include <stdio.h>
#include <string.h>

/* ---- which roles a path is for ---- */

enum { GET = 1, POST = 2, PUT = 4, DELETE = 8, WRITES = POST | PUT | DELETE };
#define READERS (TB_ROLE_APPLICANT | TB_ROLE_STAFF | TB_ROLE_AUDITOR | TB_ROLE_OPERATOR)
#define ACTORS (TB_ROLE_APPLICANT | TB_ROLE_STAFF)
#define NOBODY 0 /* no credential is asked for */

/* Below /v1; "*" is any one segment. The first that fits decides. */
static const struct rule {
    const char *path;
    int methods, roles;
} rules[] = {
    {"sessions", POST, NOBODY},
    {"sessions", GET | DELETE, TB_ROLE_ANY},
    {"matters", GET, TB_ROLE_ANY},
    {"matters/*", GET, TB_ROLE_ANY},
    {"cases", POST, ACTORS},
    {"cases", GET, READERS},
    {"cases/*", GET, READERS},
    {"cases/*/acts", POST, ACTORS},
    {"cases/*/history", GET, READERS},
    {"cases/*/documents/*", GET, READERS},
    {"cases/*/attachments/*", GET, READERS},
    {"cases/*/attachments/*", PUT, ACTORS},
    {"acts", POST, ACTORS},
    {"tasks", GET, TB_ROLE_STAFF | TB_ROLE_AUDITOR | TB_ROLE_OPERATOR},
    {"feed", GET, TB_ROLE_AUDITOR | TB_ROLE_OPERATOR},
    {"loads", POST, TB_ROLE_DEPARTMENT | TB_ROLE_OPERATOR},
    {"loads/*/changes", GET, TB_ROLE_DEPARTMENT | TB_ROLE_OPERATOR | TB_ROLE_AUDITOR},
    {"outbox", GET, TB_ROLE_OPERATOR | TB_ROLE_AUDITOR},
    {"outbox/*", POST, TB_ROLE_OPERATOR},
    {"replies", POST, TB_ROLE_INTERFACE},
    {"ledger/head", GET, TB_ROLE_AUDITOR | TB_ROLE_OPERATOR},
    {"accounts", GET, TB_ROLE_AUDITOR | TB_ROLE_OPERATOR},
    {"accounts", POST, TB_ROLE_ANY}, /* one's own password; the rest is asked for there */
    {"accesses", GET, TB_ROLE_AUDITOR},
};

static int method_bit(const tb_http_request *req) {
    switch (tb_http_method(req)) {
    case TB_HTTP_GET:
    case TB_HTTP_HEAD: return GET;
    case TB_HTTP_POST: return POST;
    case TB_HTTP_PUT: return PUT;
    default: return DELETE;
    }
}

static bool fits(const char *path, const tb_http_request *req) {
    int n = tb_http_segments(req), i = 1;
    for (; *path && i < n; i++) {
        size_t k = strcspn(path, "/");
        tb_str segment = tb_http_segment(req, i);
        if (!(k == 1 && *path == '*') && !(segment.n == k && memcmp(segment.p, path, k) == 0)) return false;
        path += k;
        if (*path == '/') path++;
    }
    return !*path && i == n;
}

static int roles_for(const tb_http_request *req) {
    int method = method_bit(req);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].methods & method && fits(rules[i].path, req)) return rules[i].roles;
    return TB_ROLE_OPERATOR;
}

/* ---- entering ---- */

static int turn_away(tb_http_request *req, int status, const char *code, const char *zh, const char *en) {
    char body[512];
    int n = snprintf(body, sizeof body,
                     "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"file\":null,\"line\":null,\"detail\":null}}",
                     code, tb__lang(req) == TB_LANG_EN ? en : zh);
    tb_http_answer(req, status, TB_HTTP_JSON, status == 401   ? "WWW-Authenticate: Bearer realm=\"tongban\"\r\n"
                   : status == 503 ? "Retry-After: 1\r\n"
                                   : NULL,
                   body, (size_t)n);
    return TB_FAILED;
}

/* "Bearer" in any case (RFC 9110 §11.1), blanks, the token. */
static tb_str bearer(const tb_http_request *req) {
    tb_str v;
    static const char scheme[] = "bearer ";
    if (!tb_http_header(req, "Authorization", &v) || v.n < sizeof scheme) return TB_NONE;
    for (uint32_t i = 0; i + 1 < sizeof scheme; i++)
        if ((v.p[i] | 0x20) != scheme[i]) return TB_NONE;
    v.p += sizeof scheme - 1, v.n -= sizeof scheme - 1;
    while (v.n && v.p[0] == ' ') v.p++, v.n--;
    return v;
}

int tb_auth_enter(tb_server *s, tb_http_request *req) {
    bool api = tb_http_segments(req) > 0 && tb_str_is(tb_http_segment(req, 0), "v1");
    bool metrics = tb_http_segments(req) == 1 && tb_str_is(tb_http_segment(req, 0), "metrics");
    s->asking = NULL;
    if (!s->o.auth) {
        /* A name that was made to point at 127.0.0.1: somebody else's page speaks. With --auth such a page has no token to show. */
        if (tb_http_for_loopback(req)) return TB_OK;
        return turn_away(req, 421, "WRONG_HOST",
                         "没有身份认证时，本服务只应答 127.0.0.1、[::1] 和 localhost 这几个主机名",
                         "without authentication this server answers only to 127.0.0.1, [::1] and localhost");
    }
    /* Behind a proxy everybody comes from loopback. */
    if (metrics && tb_http_from_loopback(req) && !s->o.behind_tls) return TB_OK;
    if (!api && !metrics) return TB_OK; /* /healthz, and what does not exist */
    int roles = metrics ? TB_ROLE_OPERATOR | TB_ROLE_AUDITOR : roles_for(req);
    if (roles == NOBODY) return TB_OK;
    tb_str token = bearer(req);
    if (!token.n)
        return turn_away(req, 401, "NO_CREDENTIAL",
                         "请带上令牌：Authorization: Bearer …（用密码换取：POST /v1/sessions）",
                         "send a token: Authorization: Bearer … (POST /v1/sessions gives one for a password)");
    if (tb__accounts_unread(s)) /* not 401: his token may be as good as ever */
        return turn_away(req, 503, "ACCOUNTS_UNREAD", "正在重新读取账号，请稍后以同一请求重试", "the accounts are being read anew; retry with the same request");
    s->asking = tb_accounts_enter(s->accounts, token, tb__now(s));
    if (!s->asking)
        return turn_away(req, 401, "BAD_CREDENTIAL", "令牌无效、已过期或已收回，请重新登录",
                         "the token is not valid, has expired or was revoked; log in again");
    if (s->asking->account->row.roles & roles) return TB_OK;
    s->counters.refused++;
    return turn_away(req, 403, "WRONG_ROLE", "您的账号没有办这件事的角色（见 runtime/API.md，谁可以做什么）",
                     "your account has no role for this (see runtime/API.md)");
}

struct copying {
    const tb_account_row *row;
    tb_arena *a;
    tb_who *who;
};
static int copy_who(void *arg) {
    struct copying *x = arg;
    x->who->account = tb_str_copy(x->a, x->row->name);
    x->who->person = tb_str_copy(x->a, x->row->person);
    x->who->place = tb_str_copy(x->a, x->row->place);
    x->who->organ = tb_str_copy(x->a, x->row->organ);
    x->who->roles = x->row->roles;
    return TB_OK;
}

int tb_auth_who(const tb_server *s, tb_arena *a, tb_who *who) {
    *who = (tb_who){.open = !s->o.auth, .account = TB_NONE, .person = TB_NONE, .place = TB_NONE, .organ = TB_NONE};
    if (!s->asking) return TB_OK;
    who->session = s->asking->row.session;
    memcpy(who->digest, s->asking->row.digest, TB_DIGEST);
    return tb_try(a, copy_who, &(struct copying){&s->asking->account->row, a, who});
}

bool tb_auth_still(tb_server *s, const tb_http_request *req) {
    if (!s->o.auth) return true;
    const tb_credential *now = tb_accounts_enter(s->accounts, bearer(req), tb__now(s));
    return now && (now->account->row.roles & roles_for(req));
}

int tb_auth_again(tb_call *c) {
    tb_server *s = c->server;
    s->asking = s->o.auth ? tb_accounts_enter(s->accounts, bearer(c->req), tb__now(s)) : NULL;
    if (s->o.auth && !s->asking) {
        tb__fail(c, 401, "BAD_CREDENTIAL",
                 tb_str_z(TB_SAY(c, "令牌已过期或已收回，请重新登录",
                                 "the token has expired or was revoked; log in again")));
        tb__answer_problem(c);
        return TB_FAILED;
    }
    if (tb_auth_who(s, c->arena, &c->who) == TB_OK) return TB_OK;
    tb__answer_nomem(c);
    return TB_FAILED;
}

/* ---- who acts ---- */

static int wrong_person(tb_call *c, tb_str said) {
    return tb__fail(c, 403, "WRONG_PERSON",
                    tb_str_printf(c->arena,
                                  TB_SAY(c, "令牌是 %.*s 的，不能以 %.*s 的名义办；“person”可以不写",
                                         "the token is %.*s's and cannot act as %.*s; \"person\" may be left out"),
                                  TB_FMT(c->who.person), TB_FMT(said)));
}

int tb_auth_name(tb_call *c, tb_str *said) {
    if (c->who.open) return TB_OK;
    if (said->n && !tb_str_eq(*said, c->who.person)) return wrong_person(c, *said);
    *said = c->who.person;
    return TB_OK;
}

int tb_auth_actor(tb_call *c, tb_actor *by) {
    const tb_who *w = &c->who;
    if (w->open) return TB_OK;
    if (tb_auth_name(c, &by->person)) return TB_FAILED;
    if (w->place.n && by->place.n && !(w->roles & TB_ROLE_APPLICANT) && !tb_str_eq(w->place, by->place))
        return tb__fail(c, 403, "WRONG_ACCOUNT_PLACE",
                        tb_str_printf(c->arena, TB_SAY(c, "您的账号只在 %.*s 办事", "your account acts at %.*s only"),
                                      TB_FMT(w->place)));
    if (!by->place.n) by->place = w->place;
    if (!(w->roles & TB_ROLE_APPLICANT)) {
        if (!tb_str_is(by->post, "申请人") || by->behalf.n) return TB_OK;
        return tb__fail(c, 403, "NOT_AN_APPLICANT", /* one of the same name may be */
                        tb_str_z(TB_SAY(c, "您的账号不是申请人的账号；替申请人代录的，在 by 里写明 for",
                                        "yours is not an applicant's account; to enter what an applicant says, give `for`")));
    }
    if (!by->post.n) by->post = TB_STR("申请人");
    if (tb_str_is(by->post, "申请人") && !by->behalf.n) return TB_OK;
    return tb__fail(c, 403, "APPLICANT_ONLY",
                    tb_str_z(TB_SAY(c, "申请人的账号只能以“申请人”为自己办理", "an applicant's account acts as 申请人 only, and for himself")));
}

/* ---- reading ---- */

bool tb_auth_owns(const tb_who *who, const tb_case *c) {
    /* Whom somebody else entered an application for may only bear the same name. */
    return who->open || (who->roles & TB_ROLE_APPLICANT && !c->entered_by.n && tb_str_eq(who->person, c->applicant.person));
}

static bool at_own_place(const tb_who *who, tb_str place) { return !who->place.n || tb_str_eq(who->place, place); }

static bool stands(const tb_who *who, const tb_case *c, const tb_env *env, uint32_t post, int32_t today) {
    tb_str place = tb__post_place(c, post), name = c->program->posts.items[post].name;
    if (!at_own_place(who, place)) return false;
    if (post == TB_POST_APPLICANT) return false;
    if (tb_directory_holds(env->directory, place, name, who->person)) return true;
    for (uint32_t i = 0; i < tb_directory_deputies(env->directory, place, name); i++) {
        const tb_deputy *x = tb_directory_deputy_at(env->directory, place, name, i);
        if (tb_str_eq(x->person, who->person) && x->from <= today && today <= x->to) return true;
    }
    return false;
}

bool tb_auth_works_at(const tb_who *who, const tb_env *env, tb_str place) {
    return at_own_place(who, place) && tb_directory_has_person(env->directory, place, who->person);
}

/* Has one of the case's open tasks a post of this person's? A step's own posts, and those of its moves that name others (批准). */
static bool has_task(const tb_who *who, const tb_case *c, const tb_env *env, int32_t today) {
    const tb_program *p = c->program;
    for (uint32_t i = 0; i < c->tasks.count && c->outcome == TB_NO_INDEX; i++) {
        const tb_step_def *s = &p->steps.items[c->tasks.items[i].step];
        for (uint32_t k = 0; k < s->posts_n; k++)
            if (stands(who, c, env, s->posts[k], today)) return true;
        for (uint32_t m = 0; m < p->moves.count; m++) {
            const tb_move *move = &p->moves.items[m];
            if (move->kind != TB_MOVE_ACT || move->step != c->tasks.items[i].step) continue;
            for (uint32_t k = 0; k < move->posts_n; k++)
                if (stands(who, c, env, move->posts[k], today)) return true;
        }
    }
    return false;
}

enum tb_sight tb_auth_sight(const tb_who *who, const tb_case *c, const tb_env *env, int32_t today, const char **right) {
    *right = "open";
    if (who->open) return TB_SIGHT_CLEAR;
    *right = "applicant";
    if (who->roles & TB_ROLE_APPLICANT) return tb_auth_owns(who, c) ? TB_SIGHT_CLEAR : TB_SIGHT_NONE;
    if (who->roles & TB_ROLE_STAFF) {
        *right = "handler";
        if (has_task(who, c, env, today)) return TB_SIGHT_CLEAR;
        /* Who enters an application is the applicant's hand at that place (窗口代录), and so, with a reason, are those who work beside him. */
        bool beside = c->entered_by.n && c->outcome == TB_NO_INDEX && tb_auth_works_at(who, env, c->applicant.place);
        *right = "staff";
        if (beside) return tb_str_eq(c->entered_by, who->person) ? TB_SIGHT_CLEAR : TB_SIGHT_REASON;
    }
    *right = "auditor";
    if (who->roles & TB_ROLE_AUDITOR) return TB_SIGHT_REASON;
    *right = "staff";
    for (uint32_t i = 0; who->roles & TB_ROLE_STAFF && i < c->program->posts.count; i++)
        if (stands(who, c, env, i, today)) return TB_SIGHT_REASON;
    *right = "operator";
    return who->roles & TB_ROLE_OPERATOR ? TB_SIGHT_MASKED : TB_SIGHT_NONE;
}
