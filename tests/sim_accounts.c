/* Worlds with authentication: who may come in, and what becomes of a right that was given or taken.
 *
 * Some worlds run the server with --auth. Its first accounts are made offline, as `tongban account add` makes them: an
 * operator, an auditor and an outside service. The operator makes one for each person that is to act: applicants by
 * their name, and whoever 组织 lists. What an account, a token or a session is just now is written down here as it was
 * acknowledged, in the world's memory, and each answer is held against it:
 *
 *   TOKEN_LIVE ──end asked──▶ TOKEN_ENDING ──acknowledged, or 401──▶ TOKEN_ENDED
 *       │     must be accepted        either             never accepted again, and not on disk
 *       └── too long unused, its time is over, or too many came after it: TOKEN_LOOSE, either
 *
 * An order (a password, a closing) that nobody answered is repeated until it is; till then nothing is expected of what
 * it would end. Passwords are checked by a hash without scrypt's cost.
 *
 * A request is shown by the token of whom it is of; without one, that is obtained first: a login, or a token that the
 * operator orders. Besides, people try what must not be possible: dead and invented tokens, other people's names,
 * roles that they do not have, wrong passwords until the brake holds. */
#include "sim_people.h"
#include "accounts.h"
#include "digest.h"
#include "server_parts.h"

enum token_state { TOKEN_LIVE, TOKEN_ENDING, TOKEN_ENDED, TOKEN_LOOSE };

struct sim_token {
    sim_token *next; /* of its account */
    sim_account *of;
    const char *text, *label, *password; /* password: that a session began with */
    enum token_state state;
    bool session, seen; /* seen: on disk, by the examination at hand */
    int64_t used;       /* wall clock: at the latest that counts for certain */
    int64_t expires;
    uint64_t attempt; /* which login of its account it was */
    uint8_t digest[TB_DIGEST];
};

struct sim_account {
    sim_account *next;
    const char *name, *person, *roles;
    const char *password, *next_password; /* next: ordered, and in doubt */
    bool exists, closed;
    bool busy;             /* an order about it is under way */
    bool full;             /* it has all the tokens that it may have */
    bool fixed;            /* made offline; nobody changes it */
    bool seen;             /* on disk, by the examination at hand */
    int pending, attempts; /* an order that is to be repeated (enum tb_account_do), and how often it was given */
    const char *pending_label;
    sim_token *tokens;
    uint64_t logins, lost, changes, closings, openings; /* lost: sessions that nobody was told of, perhaps */
    uint64_t life, tries;                               /* wrong passwords, of this life … */
    int64_t last_try, last_told;                        /* … when the last was sent, and answered … */
    uint64_t unbraked;   /* the life in which the brake may have been let go without that anybody was told */
    uint64_t last_jumps; /* … and jumps of the clock till then */
};

typedef struct label { /* of an ordered token: once in the log */
    const char *text;
    bool acked;
    int64_t leaf; /* where it is */
} label;

struct sim_reading {
    sim_reading *next; /* of those whose key has this hash */
    sim_account *who;
    sim_case *of;
    char what[48];
    int asked, shown, rows;
};

static int64_t wall(void) { return world->now + world->skew; }

/* ---- the hash ---- */

int __wrap_EVP_PBE_scrypt(const char *password, size_t n, const unsigned char *salt, size_t salt_n, uint64_t cost,
                          uint64_t r, uint64_t p, uint64_t most, unsigned char *key, size_t key_n);
int __wrap_EVP_PBE_scrypt(const char *password, size_t n, const unsigned char *salt, size_t salt_n, uint64_t cost,
                          uint64_t r, uint64_t p, uint64_t most, unsigned char *key, size_t key_n) {
    uint8_t both[512];
    (void)cost, (void)r, (void)p, (void)most;
    if (n + salt_n > sizeof both || key_n != TB_DIGEST) return 0;
    memcpy(both, password, n);
    memcpy(both + n, salt, salt_n);
    tb_sm3(both, n + salt_n, key);
    return 1;
}

/* ---- who there is ---- */

static sim_account *account_called(const char *name) {
    for (sim_account *a = world->accounts; a; a = a->next)
        if (strcmp(a->name, name) == 0) return a;
    return NULL;
}

static sim_account *make_account(const char *name, const char *person, const char *roles) {
    sim_account *a = account_called(name);
    if (a) return a;
    a = sim_alloc(sizeof *a);
    *a = (sim_account){.next = world->accounts, .name = name, .person = person, .roles = roles};
    return world->accounts = a;
}

void sim_accounts_born(void) {
    if (!world->auth) return;
    world->operator= make_account("管理员", "管理员", "\"operator\"");
    world->auditor = make_account("审计甲", "审计甲", "\"auditor\"");
    world->interface = make_account("外系统", "外系统", "\"interface\"");
    world->operator->fixed = world->auditor->fixed = world->interface->fixed = true;
}

sim_account *sim_account_of(const char *person) {
    if (!world->auth) return NULL;
    if (strcmp(person, "李四") == 0 || strcmp(person, "王五") == 0 || strcmp(person, "赵六") == 0)
        return make_account(sim_text("%s", person), sim_text("%s", person), "\"applicant\"");
    return make_account(sim_text("账-%s", person), sim_text("%s", person), "\"staff\"");
}

sim_account *sim_any_account(void) { /* of those that come and go; NULL */
    sim_account *found = NULL;
    uint64_t n = 0;
    for (sim_account *a = world->accounts; a; a = a->next)
        if (!a->fixed && a->exists && sim_once_in(++n)) found = a;
    return found;
}

static sim_token *new_token(sim_account *a, const char *text, bool session, int64_t expires) {
    sim_token *t = sim_alloc(sizeof *t);
    *t = (sim_token){.next = a->tokens,
                     .of = a,
                     .text = sim_text("%s", text),
                     .session = session,
                     .expires = expires,
                     .used = wall()};
    if (!tb_token_digest(tb_str_z(t->text), t->digest)) sim_fail("no token: %s", text);
    return a->tokens = t;
}

/* ---- what time does to tokens ---- */

/* Whether it must be accepted now. Once it need not, nothing is expected of it any more. */
static bool must_live(sim_token *t) {
    bool over = t->expires <= wall();
    if (t->session) over = over || t->used + TB_SESSION_IDLE <= wall();
    if (t->session && t->of->logins - t->attempt + 1 >= TB_CREDENTIALS_EACH) over = true;
    if (t->state == TOKEN_LIVE && over) t->state = TOKEN_LOOSE;
    return t->state == TOKEN_LIVE;
}

/* Before and after the wall clock jumps: between its jumps it only goes on. */
void sim_accounts_tick(void) {
    for (sim_account *a = world->accounts; a; a = a->next)
        for (sim_token *t = a->tokens; t; t = t->next) {
            if (t->used > wall()) t->used = wall();
            must_live(t);
        }
}

static void end_token(sim_token *t, enum token_state to) {
    if (t->state != TOKEN_ENDED) t->state = to;
}

/* ---- what an order ends ---- */

static bool ends(int what, const sim_token *t, const char *label) {
    switch (what) {
    case TB_ACCOUNT_CLOSE: return true;
    case TB_ACCOUNT_PASSWORD: return t->session;
    case TB_ACCOUNT_REVOKE: return !label || (t->label && strcmp(t->label, label) == 0);
    default: return false;
    }
}

/* ---- errands: requests about accounts ---- */

static void post_order(person *p, sim_account *a, int what, const char *label) {
    static const char *const words[] = {"", "add", "change", "password", "token", "revoke", "close", "open"};
    sim_errand *e = &p->errand;
    *e = (sim_errand){.kind = SIM_ORDER, .of = a, .what = what, .label = label};
    char *body = sim_text("{\"do\":\"%s\",\"account\":\"%s\"", words[what], a->name);
    bool own = false;
    a->busy = true;
    a->changes++;
    if (what != TB_ACCOUNT_TOKEN && what != TB_ACCOUNT_ADD) {
        a->attempts = a->pending == what ? a->attempts + 1 : 1;
        a->pending = what;
        a->pending_label = label;
    }
    if (what == TB_ACCOUNT_OPEN) a->openings++;
    if (what == TB_ACCOUNT_ADD) {
        if (!a->password) a->password = sim_text("第一个密码-%06llu", (unsigned long long)++world->serial);
        body =
            sim_text("%s,\"person\":\"%s\",\"roles\":[%s],\"password\":\"%s\"", body, a->person, a->roles, a->password);
    } else if (what == TB_ACCOUNT_PASSWORD) {
        if (!a->next_password) a->next_password = sim_text("换过的密码-%06llu", (unsigned long long)++world->serial);
        body = sim_text("%s,\"password\":\"%s\"", body, a->next_password);
        for (sim_token *t = a->tokens; t && a->attempts == 1 && !own; t = t->next)
            if (must_live(t) && sim_chance(50)) { /* one's own, by the old one */
                own = true;
                p->token = t;
                world->password_tries++;
                body = sim_text("%s,\"old\":\"%s\"", body, a->password);
            }
    } else if (what == TB_ACCOUNT_TOKEN) {
        struct label *l = sim_alloc(sizeof *l);
        l->text = label;
        sim_list_add(&world->labels, l);
        e->days = sim_chance(80) ? 3650 : (int)sim_between(1, 3);
        body = sim_text("%s,\"label\":\"%s\",\"days\":%d", body, label, e->days);
    } else if (label) {
        body = sim_text("%s,\"label\":\"%s\"", body, label);
    }
    for (sim_token *t = a->tokens; t; t = t->next)
        if (ends(what, t, label)) end_token(t, TOKEN_ENDING);
    if (!own) p->token = sim_token_of(world->operator);
    sim_transmit(p, "POST", "/v1/accounts", "application/json", sim_text("%s}", body));
}

static void log_in(person *p, sim_account *a, const char *password) {
    p->errand = (sim_errand){.kind = SIM_LOGIN,
                             .of = a,
                             .password = password,
                             .closings = a->closings,
                             .openings = a->openings,
                             .changes = a->changes,
                             .quiet = !a->busy && !a->pending && !a->closed,
                             .attempt = ++a->logins};
    p->token = NULL;
    if (a->life != world->counts.lives) a->life = world->counts.lives, a->tries = 0;
    a->lost++;
    if (password == a->password || password == a->next_password) a->tries = 0;
    world->password_tries++;
    sim_transmit(p, "POST", "/v1/sessions", "application/json",
                 sim_text("{\"person\":\"%s\",\"password\":\"%s\"}", a->name, password));
}

static const char *new_label(void) { return sim_text("t-%llu", (unsigned long long)++world->serial); }

/* Towards a token of `a`, one request of it. */
static void obtain(person *p, sim_account *a) {
    if (a->busy) {
        sim_later(p);
    } else if (a->pending) {
        post_order(p, a, a->pending, a->pending_label);
    } else if (!a->exists) {
        post_order(p, a, TB_ACCOUNT_ADD, NULL);
    } else if (a->closed) {
        post_order(p, a, TB_ACCOUNT_OPEN, NULL);
    } else if (a->full) {
        a->full = false;
        post_order(p, a, TB_ACCOUNT_REVOKE, NULL);
    } else if (!a->fixed && !world->healing && sim_chance(60)) {
        log_in(p, a, a->password);
    } else {
        post_order(p, a, TB_ACCOUNT_TOKEN, new_label());
    }
}

sim_token *sim_token_of(sim_account *a) {
    sim_token *found = NULL;
    uint64_t n = 0;
    for (sim_token *t = a->tokens; t; t = t->next)
        if (must_live(t) && sim_once_in(++n)) found = t;
    return found;
}

const char *sim_token_text(const sim_token *t) { return t->text; }

bool sim_badge(person *p, sim_account *a) {
    p->token = NULL;
    p->who = a;
    if (!world->auth) return true;
    p->token = sim_token_of(a);
    if (p->token && (a->fixed || world->healing || !sim_once_in(60))) return true;
    obtain(p, a);
    return false;
}

/* ---- what people try besides ---- */

static bool try_token(person *p, const char *text, sim_account *as) {
    p->errand = (sim_errand){.kind = SIM_PROBE, .text = text, .expected = 401, .of = as};
    p->token = NULL;
    sim_transmit(p, "GET", sim_chance(50) ? "/v1/sessions" : "/v1/tasks?place=370402", NULL, NULL);
    return true;
}

static sim_token *ended_token(void) {
    sim_token *found = NULL;
    uint64_t n = 0;
    for (sim_account *a = world->accounts; a; a = a->next)
        for (sim_token *t = a->tokens; t; t = t->next)
            if (t->state == TOKEN_ENDED && sim_once_in(++n)) found = t;
    return found;
}

/* As a token looks that was never given. */
static const char *invented(void) {
    char hex[65] = "";
    for (int i = 0; i < 4; i++) sprintf(hex + 16 * i, "%016llx", (unsigned long long)sim_random());
    return sim_text("%s%s", sim_chance(50) ? "tbtoken_" : "tbsession_", hex);
}

/* A role that this account does not have, or a name that is not its own: 403 and nothing else. */
static bool overreach(person *p, sim_account *a) {
    static const char *const bodies[] = {"{\"do\":\"close\",\"account\":\"管理员\"}",
                                         "{\"do\":\"token\",\"account\":\"管理员\",\"label\":\"偷\"}",
                                         "{\"do\":\"password\",\"account\":\"审计甲\",\"password\":\"一个新的密码\"}"};
    const sim_case *c = sim_any_case();
    bool applicant = strcmp(a->roles, "\"applicant\"") == 0;
    if (!sim_badge(p, a)) return true;
    p->errand = (sim_errand){.kind = SIM_PROBE, .expected = 403, .of = a};
    switch (sim_below(c ? 5 : 3)) {
    case 0: sim_transmit(p, "POST", "/v1/accounts", "application/json", bodies[sim_below(3)]); break;
    case 1: sim_transmit(p, "GET", sim_chance(50) ? "/v1/accounts" : "/v1/accesses", NULL, NULL); break;
    case 2:
        sim_transmit(p, "POST", "/v1/loads", "application/json",
                     "{\"files\":{\"日历/全国.tb\":\"\"},\"by\":\"管理员\",\"request\":\"x\"}");
        break;
    case 3:
        sim_transmit(p, "POST", sim_text("/v1/cases/%s/acts", c->id), "application/json",
                     sim_text("{\"act\":\"撤回\",\"by\":{\"person\":\"别人\",\"place\":\"370402\"},\"request\":\"%s\"}",
                              new_label()));
        break;
    default:
        sim_transmit(p, "POST", sim_text("/v1/cases/%s/acts", c->id), "application/json",
                     sim_text("{\"act\":\"撤回\",\"by\":{\"post\":\"%s\",\"place\":\"370402\"},\"request\":\"%s\"}",
                              applicant ? "决定人" : "申请人", new_label()));
        break;
    }
    return true;
}

bool sim_accounts_turn(person *p) {
    sim_account *a = sim_any_account();
    sim_token *t;
    uint64_t luck = sim_below(100);
    if (!a) return false;
    if (luck < 15) return try_token(p, invented(), NULL);
    if (luck < 40) return (t = ended_token()) ? try_token(p, t->text, t->of) : false;
    if (luck < 55) return log_in(p, a, "不是这个密码"), true;
    if (luck < 70) return overreach(p, a);
    if (a->busy) return false;
    if (a->pending) return obtain(p, a), true;
    if (luck < 80) { /* log out */
        for (t = a->tokens; t && !(t->session && must_live(t));) t = t->next;
        if (!t) return false;
        p->errand = (sim_errand){.kind = SIM_LOGOUT, .of = a, .token = t};
        p->token = t;
        t->state = TOKEN_ENDING;
        return sim_transmit(p, "DELETE", "/v1/sessions", NULL, NULL), true;
    }
    if (luck < 88 && a->closed == false) return post_order(p, a, TB_ACCOUNT_PASSWORD, NULL), true;
    if (luck < 94) {
        for (t = a->tokens; t && !(t->label && must_live(t));) t = t->next;
        return t ? (post_order(p, a, TB_ACCOUNT_REVOKE, t->label), true) : false;
    }
    if (luck < 96) return post_order(p, a, TB_ACCOUNT_REVOKE, NULL), true;
    return post_order(p, a, a->closed ? TB_ACCOUNT_OPEN : TB_ACCOUNT_CLOSE, NULL), true;
}

/* ---- answers ---- */

static int64_t expiry(const char *body) {
    const char *at = strstr(body, "\"expires\":\"");
    int64_t ms = 0;
    if (!at || !tb_time_parse((tb_str){at + 11, (uint32_t)strcspn(at + 11, "\"")}, &ms))
        sim_fail("a token without an end: %s", body);
    return ms;
}

static void order_done(sim_errand *e, const char *body) {
    sim_account *a = e->of;
    for (sim_token *t = a->tokens; t; t = t->next) {
        if (!ends(e->what, t, e->label)) continue;
        bool newer = e->what == TB_ACCOUNT_PASSWORD && t->password == a->next_password;
        if (newer && t->state != TOKEN_ENDING) continue;
        if (newer) t->state = a->attempts > 1 ? TOKEN_LOOSE : TOKEN_LIVE;
        else if (t->state == TOKEN_LIVE && e->what == TB_ACCOUNT_REVOKE) t->state = TOKEN_LOOSE; /* came meanwhile */
        else if (t->state != TOKEN_ENDED) t->state = TOKEN_ENDED, world->counts.ended++;
    }
    switch (e->what) {
    case TB_ACCOUNT_ADD: a->exists = true; break;
    case TB_ACCOUNT_CLOSE: a->closed = true, a->closings++; break;
    case TB_ACCOUNT_OPEN: a->closed = false; break;
    case TB_ACCOUNT_PASSWORD: a->password = a->next_password, a->next_password = NULL, a->tries = 0; break;
    case TB_ACCOUNT_TOKEN: {
        const char *text = sim_between_texts(body, "\"token\":\"", "\"");
        if (!text) sim_fail("a token that is not told: %s", body);
        new_token(a, text, false, expiry(body))->label = e->label;
        for (uint64_t i = 0; i < world->labels.n; i++)
            if (((label *)world->labels.at[i])->text == e->label) ((label *)world->labels.at[i])->acked = true;
        break;
    }
    default: break;
    }
    if (e->what != TB_ACCOUNT_ADD && e->what != TB_ACCOUNT_TOKEN) a->pending = 0;
    world->counts.orders++;
}

static void order_answered(sim_errand *e, int status, const char *body) {
    sim_account *a = e->of;
    a->busy = false;
    a->changes++;
    if (e->what == TB_ACCOUNT_PASSWORD) a->tries = 0;
    if (status == 200 || status == 201) order_done(e, body);
    if (status == 200 || status == 201 || status == 429 || status == 503 || status == 401) return; /* again, later */
    if (e->what == TB_ACCOUNT_ADD && strstr(body, "ACCOUNT_EXISTS")) a->exists = true;
    else if (e->what == TB_ACCOUNT_TOKEN && strstr(body, "TOKENS_FULL")) a->full = true;
    else if (e->what == TB_ACCOUNT_REVOKE && strstr(body, "NO_SUCH_TOKEN") && (a->attempts > 1 || !e->label))
        order_done(e, body); /* by the first attempt */
    else if (e->what == TB_ACCOUNT_PASSWORD && strstr(body, "LOGIN_WRONG") && a->attempts > 1) return;
    else sim_fail("an order about account %s is refused: %d %s", a->name, status, body);
}

/* n wrong ones were certainly counted before this one: then it had to wait. */
static void brake_holds(person *p, sim_account *a) {
    int64_t waits = a->tries < 5 ? 0 : a->tries > 14 ? 512 : INT64_C(1) << (a->tries - 5);
    bool steady = p->sent_jumps == world->counts.jumps && a->last_jumps == world->counts.jumps;
    if (a->tries && steady && p->sent_wall >= a->last_told && wall() - a->last_try < waits * 1000)
        sim_fail("wrong password %llu of %s was looked at %lld ms after the one before",
                 (unsigned long long)a->tries + 1, a->name, (long long)(wall() - a->last_try));
    if (wall() - a->last_try >= 60 * 60000 || a->last_jumps != world->counts.jumps) a->tries = 0; /* forgotten */
    a->tries++;
    a->last_try = p->sent_wall;
    a->last_told = wall();
    a->last_jumps = p->sent_jumps;
}

static void login_answered(person *p, int status, const char *body) {
    const sim_errand *e = &p->errand;
    sim_account *a = e->of;
    bool right = e->password == a->password || e->password == a->next_password;
    if (right) a->tries = 0;
    if (status == 201 || status == 401 || status == 429) a->lost--;
    if (status == 201) {
        const char *text = sim_between_texts(body, "\"token\":\"", "\"");
        if (!text) sim_fail("a session that is not told: %s", body);
        if (strcmp(e->password, "不是这个密码") == 0) sim_fail("%s came in by a wrong password", a->name);
        if (e->quiet && e->changes == a->changes && !right)
            sim_fail("%s came in by an old password: %s", a->name, e->password);
        sim_token *t = new_token(a, text, true, expiry(body));
        t->attempt = e->attempt;
        t->password = e->password;
        a->tries = 0;
        world->counts.logins++;
        if (a->pending == TB_ACCOUNT_REVOKE) t->state = TOKEN_LOOSE;
        else if (a->busy || a->pending) t->state = TOKEN_ENDING;
        else if (!right) t->state = TOKEN_ENDED; /* it was ended with all that the old password began */
        else if (e->closings != a->closings) t->state = e->openings == a->openings ? TOKEN_ENDED : TOKEN_LOOSE;
        else if (e->changes != a->changes) t->state = TOKEN_LOOSE;
    } else if (status == 401) {
        if (e->quiet && e->changes == a->changes && right)
            sim_fail("the password of %s is said to be wrong: %s", a->name, body);
        if (a->life == world->counts.lives && a->unbraked != a->life) brake_holds(p, a);
    } else if (status == 429) {
        if (strstr(body, "THROTTLED") && world->password_tries <= 5)
            sim_fail("password %llu of this life is held back: %s", (unsigned long long)world->password_tries, body);
        world->counts.held_back++;
    } else if (status != 503) {
        sim_fail("a login is answered %d %s", status, body);
    }
}

/* The token it was asked by: was it good, and had it to be? */
static void token_answered(person *p, int status, const char *body) {
    sim_token *t = p->token;
    bool same_time = p->sent_jumps == world->counts.jumps;
    if (status == 401 && strstr(body, "BAD_CREDENTIAL")) {
        if (t->state == TOKEN_LIVE && same_time && must_live(t))
            sim_fail("a %s of %s was acknowledged, and is refused: %s", t->session ? "session" : "token", t->of->name,
                     body);
        if (t->state == TOKEN_LIVE) t->state = TOKEN_LOOSE;
        if (t->state == TOKEN_ENDING) t->state = TOKEN_ENDED;
        return;
    }
    if (status == 503 || status == 429 || status == 400) return; /* may be said before anybody looks at it */
    if (p->token_ended)
        sim_fail("a %s of %s had ended, and opens: %d %s", t->session ? "session" : "token", t->of->name, status, body);
    if (same_time && p->sent_wall >= t->expires) sim_fail("a token that had expired opens: %d %s", status, body);
    if (same_time && t->used < p->sent_wall) t->used = p->sent_wall;
}

void sim_token_sent(person *p) {
    p->token_ended = p->token && p->token->state == TOKEN_ENDED;
    p->sent_wall = wall();
    p->sent_jumps = world->counts.jumps;
    if (p->errand.kind)
        sim_trace("errand %d of %s (%d %s): %.20s", p->errand.kind, p->errand.of ? p->errand.of->name : "nobody",
                  p->errand.what, p->errand.label ? p->errand.label : "",
                  p->errand.text ? p->errand.text
                  : p->token     ? p->token->text
                                 : "");
}

bool sim_accounts_answered(person *p, int status, const char *body) {
    sim_errand e = p->errand;
    if (p->token) token_answered(p, status, body);
    p->errand.kind = SIM_NO_ERRAND;
    switch (e.kind) {
    case SIM_NO_ERRAND: return false;
    case SIM_ORDER: order_answered(&e, status, body); break;
    case SIM_LOGIN: p->errand = e, login_answered(p, status, body), p->errand.kind = SIM_NO_ERRAND; break;
    case SIM_LOGOUT:
        if (status == 200) e.token->state = TOKEN_ENDED, world->counts.ended++;
        break;
    case SIM_PROBE:
        if (status != e.expected && status != 503 && status != 429 && !(p->token && status == 401))
            sim_fail("%s had to be told %d, and was told %d: %s", e.of ? e.of->name : "nobody", e.expected, status,
                     body);
        world->counts.turned_away++;
        break;
    }
    return true;
}

void sim_accounts_unanswered(person *p) {
    sim_errand *e = &p->errand;
    if (e->kind == SIM_ORDER) e->of->busy = false, e->of->changes++;
    if (e->kind == SIM_ORDER || e->kind == SIM_LOGIN) e->of->unbraked = world->counts.lives;
    p->reading = NULL;
    e->kind = SIM_NO_ERRAND;
}

/* ---- reading personal data ---- */

/* What forms of type 手机号 and 身份证 are filled in with (sim_book.c). */
static bool shows(const char *body) { return strstr(body, "13800000000") || strstr(body, "11010519491231002X"); }

static sim_reading **readings_of(tb_str who, const char *id) {
    return &world->readings_by_key[sim_hash(sim_hash(2, who.p, who.n), id, strlen(id)) % SIM_CALLS];
}

void sim_reads(person *p, sim_account *who, sim_case *c, const char *what, bool reason) {
    if (!world->auth) return;
    sim_reading **chain = readings_of(tb_str_z(who->name), c->id), *r = *chain;
    while (r && !(r->who == who && r->of == c && strcmp(r->what, what) == 0)) r = r->next;
    if (!r) {
        r = sim_alloc(sizeof *r);
        *r = (sim_reading){.next = *chain, .who = who, .of = c};
        *chain = r;
        snprintf(r->what, sizeof r->what, "%s", what);
    }
    r->asked++;
    p->reading = r;
    p->reason = reason;
}

void sim_has_read(person *p, int status, const char *body) {
    sim_reading *r = p->reading;
    p->reading = NULL;
    if (!r || status != 200) return;
    bool clear = shows(body) || strncmp(r->what, "attachment/", 11) == 0;
    bool masked = r->who == world->operator||(r->who == world->auditor && !p->reason);
    if (clear && masked) sim_fail("%s sees of %s what is not for him: %s", r->who->name, r->of->id, body);
    if (strcmp(r->who->roles, "\"applicant\"") == 0 && r->of->applicant &&
        strcmp(r->of->applicant, r->who->person) != 0)
        sim_fail("%s sees %s, which %s applied for: %s", r->who->name, r->of->id, r->of->applicant, body);
    if (clear) r->shown++, world->counts.readings++;
}

void sim_accounts_forge(bool token, bool reading) {
    for (int i = 0; i < SIM_CALLS && reading; i++)
        for (sim_reading *r = world->readings_by_key[i]; r; r = r->next)
            if (r->shown) r->shown += 100;
    for (sim_account *a = world->accounts; a && token; a = a->next)
        for (sim_token *t = a->tokens; t; t = t->next)
            if (must_live(t)) t->state = TOKEN_ENDED;
    if (!token && !reading) world->usurped = true, world->judged = 0;
}

/* ---- a life begins ---- */

typedef struct founding {
    tb_store *store;
    tb_accounts *accounts;
    tb_arena *arena;
    sim_account *a;
    int what;
    bool ok;
    tb_account_told told;
} founding;

static void founded(void *user, int result, const char *why) {
    founding *f = user;
    f->ok = result == TB_STORE_OK;
    if (!f->ok) sim_trace("offline: %s", why);
    if (!f->ok) return;
    if (f->what == TB_ACCOUNT_ADD) f->a->exists = true;
    else new_token(f->a, f->told.token, false, f->told.expires)->label = "offline";
    world->founded = true;
}

static int found_one(void *arg) {
    founding *f = arg;
    tb_store_tail tail = tb_store_last(f->store);
    bool there = tb_accounts_find(f->accounts, tb_str_z(f->a->name)) != NULL;
    if (f->a->exists && !there) sim_fail("account %s was made, and is gone", f->a->name);
    f->what = there ? TB_ACCOUNT_TOKEN : TB_ACCOUNT_ADD;
    tb_account_order o = {.what = (enum tb_account_do)f->what,
                          .account = tb_str_z(f->a->name),
                          .label = TB_STR("offline"),
                          .days = 3650,
                          .kept = TB_NONE,
                          .by = TB_STR("离线")};
    if (!there)
        o.label = (tb_str){NULL, 0}, o.days = 0,
        o.roles = tb_role_of((tb_str){f->a->roles + 1, (uint32_t)strlen(f->a->roles) - 2});
    tb_write w = {0}, *list = &w;
    int64_t now = wall() > tail.wall ? wall() : tail.wall;
    if (tb_accounts_order(f->accounts, f->arena, NULL, &o, tail.leaf + 1, now, &w, &f->told) != TB_OK)
        sim_fail("the first account is refused: %s", f->told.en);
    tb_store_submit(f->store, &list, 1, founded, f);
    if (f->ok && tb_accounts_adopt(f->accounts, &w) != TB_OK) abort();
    return TB_OK;
}

/* As `tongban account add` and `account token` do before the server runs. */
bool sim_accounts_found(void) {
    sim_account *first[] = {world->operator, world->auditor, world->interface};
    if (!world->auth) return true;
    for (sim_account *a = world->accounts; a; a = a->next) a->busy = false;
    world->password_tries = 0;
    sim_accounts_tick();
    if (world->operator->tokens && world->auditor->tokens && world->interface->tokens) return true;
    founding f = {.arena = tb_arena_new(NULL, 0), .accounts = tb_accounts_new()};
    tb_store_error error;
    if (!f.arena || !f.accounts) abort();
    if (tb_store_open_sqlite(sim_db, &(tb_store_options){.english = true}, &f.store, &error) != TB_OK) {
        sim_trace("offline: %s", error.text);
        return false;
    }
    tb_reader *r = tb_reader_open(f.store);
    f.ok = r && tb_accounts_read(f.accounts, r, wall()) == TB_STORE_OK;
    tb_reader_close(r);
    for (int i = 0; i < 3; i++)
        while (f.ok && !first[i]->tokens) {
            f.a = first[i];
            if (tb_try(f.arena, found_one, &f) != TB_OK) abort();
        }
    tb_store_close(f.store);
    tb_accounts_free(f.accounts);
    tb_arena_free(f.arena);
    return f.ok;
}

/* ---- what must be on disk ---- */

typedef struct looking {
    tb_reader *reader;
    tb_arena *arena;
} looking;

static int look_at_account(void *user, const tb_account_row *row) {
    char name[TB_ACCOUNT_NAME + 1];
    (void)user;
    snprintf(name, sizeof name, "%.*s", TB_FMT(row->name));
    sim_account *a = account_called(name);
    if (!a) sim_fail("nobody ordered account %s", name);
    a->seen = true;
    tb_str word = {a->roles + 1, (uint32_t)strlen(a->roles) - 2};
    if (row->roles != tb_role_of(word) || !tb_str_is(row->person, a->person))
        sim_fail("account %s is not what was ordered: %.*s, roles %d", name, TB_FMT(row->person), (int)row->roles);
    bool doubt = a->pending == TB_ACCOUNT_CLOSE || a->pending == TB_ACCOUNT_OPEN;
    if (!doubt && row->closed != a->closed) sim_fail("account %s is %s", name, row->closed ? "closed" : "open again");
    if (a->pending != TB_ACCOUNT_PASSWORD && a->exists && a->password &&
        tb_password_is(row->password, tb_str_z(a->password)) != 1)
        sim_fail("the password of %s is not the one that was acknowledged", name);
    return 0;
}

static label *label_called(tb_str text) {
    for (uint64_t i = 0; i < world->labels.n; i++)
        if (tb_str_is(text, ((label *)world->labels.at[i])->text)) return world->labels.at[i];
    return NULL;
}

static int look_at_credential(void *user, const tb_credential_row *row) {
    char name[TB_ACCOUNT_NAME + 1];
    (void)user;
    snprintf(name, sizeof name, "%.*s", TB_FMT(row->account));
    sim_account *a = account_called(name);
    sim_token *t = a ? a->tokens : NULL;
    while (t && memcmp(t->digest, row->digest, TB_DIGEST) != 0) t = t->next;
    if (t && t->state == TOKEN_ENDED)
        sim_fail("a %s of %s was ended, and is on disk", t->session ? "session" : "token", name);
    if (t) return t->seen = true, 0;
    if (row->session && (!a || !a->lost)) sim_fail("nobody began this session of %s", name);
    const label *l = row->session ? NULL : label_called(row->label);
    if (!row->session && !(l && !l->acked) && !(a && a->fixed))
        sim_fail("nobody ordered token %.*s of %s", TB_FMT(row->label), name);
    return 0;
}

static void look_at_accesses(const looking *x) {
    tb_access_list rows;
    int64_t after = 0;
    for (int i = 0; i < SIM_CALLS; i++)
        for (sim_reading *r = world->readings_by_key[i]; r; r = r->next) r->rows = 0;
    do {
        int rc = tb_read_accesses(x->reader, after, 0, (tb_str){NULL, 0}, 500, x->arena, &rows);
        if (rc) sim_fail("the accesses cannot be read: %s", tb_reader_why(x->reader));
        for (uint32_t i = 0; i < rows.count; i++) {
            const tb_access_row *row = &rows.items[i];
            char id[TB_CASE_NAME + 1];
            tb__case_name(row->case_id, id);
            after = row->n;
            sim_reading *r = *readings_of(row->who, id);
            while (r &&
                   !(tb_str_is(row->who, r->who->name) && strcmp(r->of->id, id) == 0 && tb_str_is(row->what, r->what)))
                r = r->next;
            if (!r || ++r->rows > r->asked)
                sim_fail("%.*s did not read %.*s of %s so often", TB_FMT(row->who), TB_FMT(row->what), id);
        }
    } while (rows.count == 500);
    for (int i = 0; i < SIM_CALLS; i++)
        for (const sim_reading *r = world->readings_by_key[i]; r; r = r->next)
            if (r->rows < r->shown)
                sim_fail("%s saw %s of %s in the clear %d times, and %d are on record", r->who->name, r->what,
                         r->of->id, r->shown, r->rows);
}

void sim_accounts_examine(tb_reader *reader, tb_arena *arena) {
    looking x = {reader, arena};
    if (!world->auth) return;
    for (sim_account *a = world->accounts; a; a = a->next) {
        a->seen = false;
        for (sim_token *t = a->tokens; t; t = t->next) t->seen = false;
    }
    if (tb_scan_accounts(reader, look_at_account, &x) || tb_scan_credentials(reader, look_at_credential, &x))
        sim_fail("the accounts cannot be read: %s", tb_reader_why(reader));
    for (sim_account *a = world->accounts; a; a = a->next) {
        if (a->exists && !a->seen) sim_fail("account %s was acknowledged, and is gone", a->name);
        for (sim_token *t = a->tokens; t; t = t->next)
            if (!t->seen && must_live(t))
                sim_fail("a %s of %s was acknowledged, and is gone", t->session ? "session" : "token", a->name);
    }
    look_at_accesses(&x);
}

/* An event of the log about an account. */
void sim_account_event(const tb_event_row *e, tb_arena *a) {
    const tb_json *o = tb_json_read(a, e->body, NULL, NULL);
    tb_str by = o ? tb_json_text(o, "by") : TB_NONE, text = o ? tb_json_text(o, "label") : TB_NONE;
    if (!world->auth || !o) sim_fail("leaf %lld is about an account: %.*s", (long long)e->leaf, TB_FMT(e->body));
    bool own = tb_str_is(tb_json_text(o, "do"), "password") && tb_str_eq(by, tb_json_text(o, "account"));
    if (!tb_str_is(by, "管理员") && !tb_str_is(by, "离线") && !own)
        sim_fail("%.*s ordered %.*s", TB_FMT(by), TB_FMT(e->body));
    if (!tb_str_is(tb_json_text(o, "do"), "token") || tb_str_is(text, "offline")) return;
    label *l = label_called(text);
    if (!l) sim_fail("nobody ordered leaf %lld: %.*s", (long long)e->leaf, TB_FMT(e->body));
    if (l->leaf) sim_fail("token %s was made twice", l->text);
    l->leaf = e->leaf;
}

void sim_labels_begin(int64_t from) {
    for (uint64_t i = 0; i < world->labels.n; i++)
        if (((label *)world->labels.at[i])->leaf >= from) ((label *)world->labels.at[i])->leaf = 0;
}

void sim_labels_end(void) {
    for (uint64_t i = 0; i < world->labels.n; i++) {
        const label *l = world->labels.at[i];
        if (l->acked && !l->leaf) sim_fail("token %s was acknowledged, and its event is lost", l->text);
    }
}
