/* See accounts.h. Two chained hash tables, of names and of digests; blocks of their own for each row, so that pointers stay good while
 * the tables grow. */
#include "accounts.h"
#include "canonical.h"
#include "digest.h"
#include "io.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

struct tb_accounts {
    tb_account **names;
    tb_credential **digests;
    uint32_t name_buckets, digest_buckets; /* powers of two */
    uint32_t count, credentials;
};

/* ---- roles and orders, by name ---- */

#define X(name, bit, word, zh) {bit, word, zh},
static const struct {
    int32_t bit;
    const char *word, *zh;
} roles_table[] = {TB_ROLES(X)};
#undef X
enum { ROLES = sizeof roles_table / sizeof *roles_table };

int32_t tb_role_of(tb_str word) {
    for (int i = 0; i < ROLES; i++)
        if (tb_str_is(word, roles_table[i].word) || tb_str_is(word, roles_table[i].zh)) return roles_table[i].bit;
    return 0;
}

void tb_roles_put(tb_buf *b, int32_t roles) {
    tb_puts(b, "[");
    for (int i = 0, n = 0; i < ROLES; i++)
        if (roles & roles_table[i].bit) tb_putf(b, "%s\"%s\"", n++ ? "," : "", roles_table[i].word);
    tb_puts(b, "]");
}

tb_str tb_roles_text(tb_arena *a, int32_t roles, enum tb_lang lang) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (int i = 0, n = 0; i < ROLES; i++)
        if (roles & roles_table[i].bit)
            tb_putf(&b, "%s%s", n++ ? lang == TB_LANG_EN ? ", " : "、" : "",
                    lang == TB_LANG_EN ? roles_table[i].word : roles_table[i].zh);
    return tb_buf_str(&b);
}

static const char *const do_words[] = {NULL, "add", "change", "password", "token", "revoke", "close", "open"};

int tb_account_do_of(tb_str word) {
    for (int i = 1; i < (int)(sizeof do_words / sizeof *do_words); i++)
        if (tb_str_is(word, do_words[i])) return i;
    return 0;
}

/* ---- the tables ---- */

static uint32_t name_hash(tb_str name) {
    uint32_t h = 2166136261u; /* FNV-1a; operators choose the names */
    for (uint32_t i = 0; i < name.n; i++) h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    return h ^ h >> 15;
}
static uint32_t digest_hash(const uint8_t *digest) {
    uint32_t h;
    memcpy(&h, digest, sizeof h); /* a digest is its own hash */
    return h;
}

static void free_credential(tb_credential *c) { free(c); }

static void clear(tb_accounts *a) {
    for (uint32_t i = 0; i < a->digest_buckets; i++)
        for (tb_credential *c = a->digests[i], *next; c; c = next) next = c->next, free_credential(c);
    for (uint32_t i = 0; i < a->name_buckets; i++)
        for (tb_account *x = a->names[i], *next; x; x = next) {
            next = x->next;
            free(x->text);
            free(x);
        }
    memset(a->names, 0, a->name_buckets * sizeof *a->names);
    memset(a->digests, 0, a->digest_buckets * sizeof *a->digests);
    a->count = a->credentials = 0;
}

tb_accounts *tb_accounts_new(void) {
    tb_accounts *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->names = calloc(FIRST_BUCKETS, sizeof *a->names);
    a->digests = calloc(FIRST_BUCKETS, sizeof *a->digests);
    a->name_buckets = a->digest_buckets = FIRST_BUCKETS;
    if (a->names && a->digests) return a;
    free(a->names);
    free(a->digests);
    free(a);
    return NULL;
}

void tb_accounts_free(tb_accounts *a) {
    if (!a) return;
    clear(a);
    free(a->names);
    free(a->digests);
    free(a);
}

uint32_t tb_accounts_count(const tb_accounts *a) { return a->count; }

tb_account *tb_accounts_find(const tb_accounts *a, tb_str name) {
    tb_account *x = a->names[name_hash(name) & (a->name_buckets - 1)];
    while (x && !tb_str_eq(x->row.name, name)) x = x->next;
    return x;
}

static tb_credential *find_digest(const tb_accounts *a, const uint8_t *digest) {
    tb_credential *c = a->digests[digest_hash(digest) & (a->digest_buckets - 1)];
    while (c && memcmp(c->row.digest, digest, TB_DIGEST) != 0) c = c->next;
    return c;
}

/* Longer chains are slower, not wrong: no memory for more buckets is no failure. */
static void grow_names(tb_accounts *a) {
    uint32_t n = a->name_buckets * 2;
    tb_account **more = a->count < a->name_buckets ? NULL : calloc(n, sizeof *more);
    if (!more) return;
    for (uint32_t i = 0; i < a->name_buckets; i++)
        for (tb_account *x = a->names[i], *next; x; x = next) {
            tb_account **bucket = &more[name_hash(x->row.name) & (n - 1)];
            next = x->next;
            x->next = *bucket;
            *bucket = x;
        }
    free(a->names);
    a->names = more;
    a->name_buckets = n;
}
static void grow_digests(tb_accounts *a) {
    uint32_t n = a->digest_buckets * 2;
    tb_credential **more = a->credentials < a->digest_buckets ? NULL : calloc(n, sizeof *more);
    if (!more) return;
    for (uint32_t i = 0; i < a->digest_buckets; i++)
        for (tb_credential *c = a->digests[i], *next; c; c = next) {
            tb_credential **bucket = &more[digest_hash(c->row.digest) & (n - 1)];
            next = c->next;
            c->next = *bucket;
            *bucket = c;
        }
    free(a->digests);
    a->digests = more;
    a->digest_buckets = n;
}

static char *keep_text(char *to, tb_str *s) {
    if (s->n) memcpy(to, s->p, s->n);
    s->p = to;
    return to + s->n;
}

static int put_account(tb_accounts *a, const tb_account_row *row) {
    tb_account *x = tb_accounts_find(a, row->name);
    bool fresh = !x;
    char *text = malloc((size_t)row->name.n + row->person.n + row->place.n + row->organ.n + row->password.n + 1);
    if (fresh) x = calloc(1, sizeof *x);
    if (!text || !x) {
        free(text);
        if (fresh) free(x);
        return TB_NOMEM;
    }
    tb_account_row kept = *row;
    char *to = keep_text(text, &kept.name);
    to = keep_text(to, &kept.person);
    to = keep_text(to, &kept.place);
    to = keep_text(to, &kept.organ);
    keep_text(to, &kept.password);
    free(x->text);
    x->text = text;
    x->row = kept;
    if (!fresh) return TB_OK;
    grow_names(a);
    tb_account **bucket = &a->names[name_hash(kept.name) & (a->name_buckets - 1)];
    x->next = *bucket;
    *bucket = x;
    a->count++;
    return TB_OK;
}

static int put_credential(tb_accounts *a, const tb_credential_row *row, int64_t now) {
    tb_account *of = tb_accounts_find(a, row->account);
    if (!of || find_digest(a, row->digest)) return TB_OK;
    tb_credential *c = malloc(sizeof *c + row->label.n);
    if (!c) return TB_NOMEM;
    *c = (tb_credential){.row = *row, .account = of, .used = now, .next_of_account = of->credentials};
    c->row.account = TB_NONE; /* `of` is it: its texts may be replaced */
    keep_text((char *)(c + 1), &c->row.label);
    of->credentials = c;
    of->count++;
    grow_digests(a);
    tb_credential **bucket = &a->digests[digest_hash(row->digest) & (a->digest_buckets - 1)];
    c->next = *bucket;
    *bucket = c;
    a->credentials++;
    return TB_OK;
}

static void drop_credential(tb_accounts *a, const uint8_t *digest) {
    tb_credential **at = &a->digests[digest_hash(digest) & (a->digest_buckets - 1)];
    while (*at && memcmp((*at)->row.digest, digest, TB_DIGEST) != 0) at = &(*at)->next;
    tb_credential *c = *at;
    if (!c) return;
    *at = c->next;
    tb_credential **of = &c->account->credentials;
    while (*of != c) of = &(*of)->next_of_account;
    *of = c->next_of_account;
    c->account->count--;
    a->credentials--;
    free_credential(c);
}

/* ---- reading ---- */

struct reading {
    tb_accounts *a;
    int64_t now;
    int rc;
};

static int take_account(void *user, const tb_account_row *row) {
    struct reading *x = user;
    return x->rc = put_account(x->a, row);
}
static int take_credential(void *user, const tb_credential_row *row) {
    struct reading *x = user;
    return x->rc = put_credential(x->a, row, x->now);
}

int tb_accounts_read(tb_accounts *a, tb_reader *r, int64_t now) {
    struct reading x = {a, now, TB_OK};
    clear(a);
    int result = tb_scan_accounts(r, take_account, &x);
    if (result == TB_STORE_OK && x.rc == TB_OK) result = tb_scan_credentials(r, take_credential, &x);
    return result != TB_STORE_OK ? result : x.rc ? TB_STORE_RETRY : TB_STORE_OK;
}

static bool over(const tb_credential *c, int64_t now) {
    return c->row.expires <= now || (c->row.session && c->used + TB_SESSION_IDLE <= now);
}

tb_credential *tb_accounts_enter(tb_accounts *a, tb_str token, int64_t now) {
    uint8_t digest[TB_DIGEST];
    tb_credential *c = tb_token_digest(token, digest) ? find_digest(a, digest) : NULL;
    if (!c || c->account->row.closed || over(c, now)) return NULL;
    if (c->used < now) c->used = now;
    return c;
}

void tb_accounts_each(const tb_accounts *a, void (*each)(void *user, const tb_account *x), void *user) {
    for (uint32_t i = 0; i < a->name_buckets; i++)
        for (const tb_account *x = a->names[i]; x; x = x->next) each(user, x);
}

/* ---- orders ---- */

static int refuse(tb_account_told *told, int status, const char *code, const char *zh, const char *en) {
    told->status = status;
    told->code = code;
    told->zh = zh;
    told->en = en;
    return TB_FAILED;
}

static bool plain(tb_str text) { /* what stands in messages, paths and headers */
    for (uint32_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f || text.p[i] == '/') return false;
    return text.n <= TB_ACCOUNT_NAME && tb_valid_utf8(text, &(size_t){0});
}

static int fits(const tb_account_row *row, tb_account_told *told) {
    bool alone = row->roles & TB_ROLE_APPLICANT && row->roles != TB_ROLE_APPLICANT;
    if (!row->name.n || !plain(row->name) || !plain(row->person) || !plain(row->place) || !plain(row->organ))
        return refuse(
            told, 422, "ACCOUNT_NAME", "账号、姓名、区划、机构应是 1 到 100 字节的文字，不含斜杠和控制字符",
            "account, person, place and organ are texts of 1 to 100 bytes without slashes and control characters");
    if (!row->roles || (row->roles & ~TB_ROLE_ANY))
        return refuse(told, 422, "ACCOUNT_ROLES", "角色至少一个：申请人、工作人员、部门、管理员、审计、外部接口",
                      "at least one role: applicant, staff, department, operator, auditor, interface");
    if (alone)
        return refuse(told, 422, "ACCOUNT_ROLES", "申请人的账号不能兼有别的角色；工作人员自己申请的，另开申请人账号",
                      "an applicant's account has no other role; staff who apply themselves use a second account");
    if (row->roles & TB_ROLE_APPLICANT && !tb_str_eq(row->name, row->person))
        return refuse(told, 422, "ACCOUNT_PERSON", "申请人的账号名就是办件上的申请人，两者须相同：重名的另取账号名",
                      "an applicant's account name is the applicant named in cases: they must be the same");
    if (row->roles & TB_ROLE_DEPARTMENT && !row->organ.n)
        return refuse(told, 422, "ACCOUNT_ORGAN", "部门账号要写明机构：它只能装载以该机构为实施主体的事项",
                      "a department's account names its organ: it loads only the matters of that organ");
    return TB_OK;
}

static void end_credential(tb_arena *arena, tb_write *w, const tb_credential *c, tb_account_told *told) {
    tb_credential_row *gone = TB_PUSH(arena, w->credentials_gone);
    memcpy(gone->digest, c->row.digest, TB_DIGEST);
    if (told) told->ended++;
}

static void put_text(tb_arena *arena, tb_json_maker *m, const char *name, tb_str value) {
    if (value.n) tb_json_add(m, tb_str_z(name), tb_json_of_text(tb_str_copy(arena, value)));
}

/* What was ordered, by whom; never a secret. */
static void put_event(tb_arena *arena, const tb_account_order *o, const tb_account_row *row, int64_t expires,
                      int64_t leaf, int64_t now, tb_write *w) {
    bool whole = o->what == TB_ACCOUNT_ADD || o->what == TB_ACCOUNT_CHANGE;
    char at[TB_TIME_TEXT];
    tb_json_maker m;
    tb_buf b;
    tb_json_begin(&m, arena);
    put_text(arena, &m, "account", o->account);
    put_text(arena, &m, "by", o->by);
    put_text(arena, &m, "do", tb_str_z(do_words[o->what]));
    if (o->what == TB_ACCOUNT_TOKEN) put_text(arena, &m, "expires", tb_str_z(tb_time_text(expires, at)));
    put_text(arena, &m, "label", o->label);
    if (whole) {
        put_text(arena, &m, "organ", row->organ);
        put_text(arena, &m, "person", row->person);
        put_text(arena, &m, "place", row->place);
        put_text(arena, &m, "roles", tb_roles_text(arena, row->roles, TB_LANG_EN));
    }
    tb_json v = tb_json_done(&m);
    tb_buf_init(&b, arena);
    tb_json_write(&b, &v);
    tb_event_row *e = TB_PUSH(arena, w->events);
    *e = (tb_event_row){.leaf = leaf,
                        .at = now,
                        .wall = now,
                        .semantics = TB_SEMANTICS,
                        .kind = TB_STR("account"),
                        .body = tb_buf_str(&b)};
    tb_sm3(e->body.p, e->body.n, e->outcome); /* what an order brings about is what it says */
}

static uint32_t tokens_of(const tb_account *x, int64_t now) {
    uint32_t n = 0;
    for (const tb_credential *c = x->credentials; c; c = c->next_of_account) n += !c->row.session && !over(c, now);
    return n;
}

static int make_token(tb_arena *arena, tb_io *io, const tb_account *x, const tb_account_order *o, int64_t now,
                      tb_write *w, tb_account_told *told) {
    int64_t days = o->days ? o->days : TB_TOKEN_DAYS;
    if (days < 1 || days > TB_TOKEN_DAYS_MOST)
        return refuse(told, 422, "TOKEN_DAYS", "令牌的有效期应是 1 到 3650 日", "a token lasts 1 to 3650 days");
    if (x->row.closed) return refuse(told, 409, "ACCOUNT_CLOSED", "这个账号已停用", "this account is closed");
    if (tokens_of(x, now) >= TB_CREDENTIALS_EACH)
        return refuse(told, 409, "TOKENS_FULL", "这个账号的令牌已达 16 个，请先收回不用的",
                      "this account has 16 tokens; revoke some first");
    tb_credential_row *row = TB_PUSH(arena, w->credentials);
    told->expires = now + days * 86400000;
    *row = (tb_credential_row){.account = tb_str_copy(arena, o->account),
                               .label = tb_str_copy(arena, o->label),
                               .made = now,
                               .expires = told->expires};
    if (tb_token_make(io, TB_TOKEN_PREFIX, told->token, row->digest) == TB_OK) return TB_OK;
    return refuse(told, 503, "NO_RANDOM", "系统没有随机数", "the system gives no random numbers");
}

int tb_accounts_order(const tb_accounts *a, tb_arena *arena, tb_io *io, const tb_account_order *o, int64_t leaf,
                      int64_t now, tb_write *w, tb_account_told *told) {
    const tb_account *x = tb_accounts_find(a, o->account);
    tb_account_row row = x ? x->row : (tb_account_row){.name = o->account, .person = o->account, .made = now};
    *told = (tb_account_told){0};
    if (x && o->what == TB_ACCOUNT_ADD)
        return refuse(told, 409, "ACCOUNT_EXISTS", "已有这个账号；改它请用 change",
                      "there is such an account; use change to change it");
    if (!x && o->what != TB_ACCOUNT_ADD)
        return refuse(told, 404, "NO_SUCH_ACCOUNT", "没有这个账号", "there is no such account");
    if (!x && a->count >= TB_ACCOUNTS_MOST)
        return refuse(told, 409, "ACCOUNTS_FULL", "账号已达 20 万个，达到上限",
                      "there are 200,000 accounts, the limit");
    bool rewrites = true;
    switch (o->what) {
    case TB_ACCOUNT_ADD:
    case TB_ACCOUNT_CHANGE:
        if (o->person.p) row.person = o->person;
        if (o->place.p) row.place = o->place;
        if (o->organ.p) row.organ = o->organ;
        if (o->roles) row.roles = o->roles;
        if (o->kept.n) row.password = o->kept;
        if (fits(&row, told)) return TB_FAILED;
        break;
    case TB_ACCOUNT_PASSWORD: row.password = o->kept; break;
    case TB_ACCOUNT_CLOSE: row.closed = true; break;
    case TB_ACCOUNT_OPEN: row.closed = false; break;
    case TB_ACCOUNT_TOKEN:
        if (make_token(arena, io, x, o, now, w, told)) return TB_FAILED;
        rewrites = false;
        break;
    case TB_ACCOUNT_REVOKE: rewrites = false; break;
    }
    for (const tb_credential *c = x ? x->credentials : NULL; c; c = c->next_of_account) {
        bool ends = o->what == TB_ACCOUNT_CLOSE || (o->what == TB_ACCOUNT_PASSWORD && c->row.session) ||
                    (o->what == TB_ACCOUNT_REVOKE && (!o->label.p || tb_str_eq(c->row.label, o->label)));
        if (ends) end_credential(arena, w, c, told);
    }
    if (o->what == TB_ACCOUNT_REVOKE && !told->ended)
        return refuse(told, 404, "NO_SUCH_TOKEN", "这个账号没有这样的令牌", "this account has no such token");
    if (rewrites) {
        tb_account_row *kept = TB_PUSH(arena, w->accounts);
        *kept = row;
        tb_str *texts[] = {&kept->name, &kept->person, &kept->place, &kept->organ, &kept->password};
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            *texts[i] = tb_str_copy(arena, *texts[i]); /* x may be replaced meanwhile */
    }
    put_event(arena, o, &row, told->expires, leaf, now, w);
    return TB_OK;
}

int tb_accounts_session(const tb_accounts *a, tb_arena *arena, tb_io *io, const tb_account *of, int64_t now,
                        tb_write *w, char token[TB_TOKEN_TEXT], int64_t *expires) {
    const tb_credential *oldest = NULL;
    uint32_t sessions = 0;
    for (const tb_credential *c = of->credentials; c; c = c->next_of_account) {
        if (!c->row.session || over(c, now)) continue;
        sessions++;
        if (!oldest || c->row.made < oldest->row.made) oldest = c;
    }
    if (sessions >= TB_CREDENTIALS_EACH) end_credential(arena, w, oldest, NULL);
    /* What has expired leaves with what comes: of this account all, of others a few buckets' worth, from a place that the time chooses. */
    for (const tb_credential *c = of->credentials; c; c = c->next_of_account)
        if (over(c, now)) end_credential(arena, w, c, NULL);
    for (uint32_t i = 0; i < TB_EXPIRED_AT_ONCE; i++)
        for (const tb_credential *c = a->digests[((uint32_t)(now / 1000) + i) & (a->digest_buckets - 1)];
             c && i < a->digest_buckets; c = c->next)
            if (c->account != of && over(c, now)) end_credential(arena, w, c, NULL);
    tb_credential_row *row = TB_PUSH(arena, w->credentials);
    *expires = now + TB_SESSION_LASTS;
    *row = (tb_credential_row){
        .account = tb_str_copy(arena, of->row.name), .session = true, .made = now, .expires = *expires};
    return tb_token_make(io, TB_SESSION_PREFIX, token, row->digest);
}

int tb_accounts_adopt(tb_accounts *a, const tb_write *w) {
    int rc = TB_OK;
    for (uint32_t i = 0; i < w->credentials_gone.count; i++) drop_credential(a, w->credentials_gone.items[i].digest);
    for (uint32_t i = 0; i < w->accounts.count; i++)
        if (put_account(a, &w->accounts.items[i])) rc = TB_NOMEM;
    for (uint32_t i = 0; i < w->credentials.count; i++)
        if (put_credential(a, &w->credentials.items[i], w->credentials.items[i].made)) rc = TB_NOMEM;
    return rc;
}
