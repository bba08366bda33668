/* The people of the simulation: what clients ask, and when.
 *
 * A client has one connection and one request on it. What it asks is drawn from what the server offers: the matters
 * loaded, the form each of them tells, the acts that a case lists as open with their posts, people and what must be
 * stated. So any matter will do, and none is known here. Everything that may write is a *request* with a key,
 * remembered in the world's memory before the first byte is sent; what becomes of it, and what is expected of its
 * answers, is told in sim_answers.c.
 *
 * Fate, which is a client as well, makes trouble: a disk that fills up or fails for a while, a wall clock that jumps,
 * nights and weeks in which nobody asks anything and only timers work. In the last life of a world there is none; all
 * that is in doubt is asked again. */
#include "sim_people.h"

static person people[SIM_CLIENTS];
static void *server;
static int done_count; /* people who have nothing more to do */
static bool leapt;
bool sim_leapt(void) { return leapt; }

static void turn(void *arg);

static int64_t a_while(void) {
    return world->healing    ? sim_between(0, 30)
           : sim_once_in(30) ? sim_between(100, 20000)
           : sim_once_in(3)  ? sim_between(1, 60)
                             : 0;
}

void sim_next_turn(person *p) {
    p->waiting = false;
    sim_after(a_while(), turn, p);
}

void sim_drop_line(person *p) {
    if (p->conn) sim_hang_up(p->conn);
    p->conn = NULL;
    p->n = 0;
}

/* Was the disk well all the time since? */
bool sim_all_well(const person *p) {
    return world->disk.trouble == SIM_WELL && !world->starving && p->failures == world->disk.failures &&
           world->now - world->healthy_since > RECOVERY_MS;
}

void sim_put_aside(person *p) {
    if (p->doing) p->doing->taken = false;
    p->doing = NULL;
    for (int i = 0; i < p->bulk_count; i++) p->bulk[i]->taken = false;
    p->bulk_count = 0;
}

void sim_no_answer(person *p) {
    if (p->doing && p->doing->state == SIM_DOUBT) world->counts.doubtful++;
    sim_accounts_unanswered(p);
    sim_put_aside(p);
    p->looking = NULL, p->learning = NULL, p->fetching = NULL, p->finding = p->heading = p->history = false;
    sim_next_turn(p);
}

void sim_later(person *p) {
    p->waiting = false;
    p->turn++; /* whoever looks whether p asks already */
    sim_after(sim_between(1, 50), turn, p);
}

typedef struct waited {
    person *p;
    uint64_t turn;
} waited;

static void too_long(void *arg) {
    waited *w = arg;
    person *p = w->p;
    if (p->waiting && p->turn == w->turn) {
        if (sim_all_well(p) && p->since >= world->healthy_since)
            sim_fail("no answer in %d s, though the disk was well: %s", PATIENCE_MS / 1000,
                     p->doing ? p->doing->body ? p->doing->body : p->doing->path : "a reader's request");
        sim_drop_line(p);
        sim_no_answer(p);
    }
    free(w);
}

void sim_transmit(person *p, const char *method, const char *path, const char *type, const char *body) {
    size_t n = body ? strlen(body) : 0;
    char *text = malloc(n + strlen(path) + 600), saving[300] = "";
    int k = sim_chance(20) ? sprintf(saving, "Accept-Encoding: gzip\r\n") : 0;
    if (p->looking && p->looking == p->tagged && p->who == p->tagged_as)
        k += sprintf(saving + k, "If-None-Match: %s\r\n", p->tag);
    const char *token = p->errand.kind == SIM_PROBE && p->errand.text ? p->errand.text
                        : p->token                                    ? sim_token_text(p->token)
                                                                      : NULL;
    if (token) sprintf(saving + k, "Authorization: Bearer %s\r\n", token);
    waited *w = malloc(sizeof *w);
    if (!text || !w) abort();
    int head =
        body ? sprintf(text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                       method, path, saving, type, n)
             : sprintf(text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", method, path, saving);
    if (n) memcpy(text + head, body, n);
    if (p->conn && sim_once_in(50)) sim_drop_line(p);
    if (!p->conn) p->conn = sim_connect(sim_got, p);
    p->n = 0;
    p->waiting = true;
    p->turn++;
    sim_token_sent(p);
    p->failures = world->disk.failures;
    p->since = world->now;
    sim_send(p->conn, text, (size_t)head + n);
    free(text);
    *w = (waited){p, p->turn};
    sim_after(PATIENCE_MS, too_long, w);
    if (sim_once_in(60)) { /* a client that goes away, before or after it was heard */
        sim_drop_line(p);
        p->waiting = false;
        sim_no_answer(p);
    }
}

static void attempt(sim_request *r) {
    r->taken = true;
    if (r->life != world->counts.lives) r->life = world->counts.lives, r->open = 0;
    r->open++;
    if (r->attempts++) world->counts.retried++;
}

static void ask(person *p, sim_request *r) {
    if (!sim_badge(p, r->who ? r->who : world->operator)) return;
    p->doing = r;
    p->known = r->state == SIM_ACKED;
    attempt(r);
    sim_transmit(p, r->method, r->path, r->kind == SIM_ATTACH ? "text/plain" : "application/json", r->body);
}

static void read_only(person *p, const char *path) { sim_transmit(p, "GET", path, NULL, NULL); }

static sim_request *remember(sim_request parts) {
    sim_request *r = sim_alloc(sizeof *r);
    *r = parts;
    if (world->last_request) world->last_request->next = r;
    else world->requests = world->first_doubt = r;
    world->last_request = r;
    sim_list_add(&world->all_requests, r);
    return r;
}

static const char *new_key(const char *what) { return sim_text("%s-%llu", what, (unsigned long long)++world->serial); }

static const char *person_name(void) {
    static const char *const names[] = {"李四", "王五", "赵六"};
    return names[sim_below(3)];
}

void sim_people_born(void) {
    sim_book_born();
    sim_accounts_born();
    world->client_count = (int)sim_between(1, world->large ? SIM_CLIENTS : SIM_CLIENTS / 4);
    for (int i = 0; i < world->client_count; i++) world->clients[i].number = i;
}

/* ---- what a client may do ---- */

static bool load_rules(person *p, bool first) {
    char *files = sim_text("\"日历/全国.tb\":%s", sim_quoted(sim_calendar()));
    const char *district = "组织/枣庄市市中区.tb";
    for (int i = 0; !first && i < book->base_count; i++)
        if (strcmp(book->base[i].path, district) == 0 && sim_chance(50))
            files = sim_text("%s%s:%s", sim_chance(50) ? sim_text("%s,", files) : "", sim_quoted(district),
                             sim_quoted(sim_other_people(book->base[i].text)));
    for (int i = 0; first && i < book->base_count; i++)
        files = sim_text("%s,%s:%s", files, sim_quoted(book->base[i].path), sim_quoted(book->base[i].text));
    ask(p, remember((sim_request){.kind = SIM_LOAD,
                                  .method = "POST",
                                  .path = "/v1/loads",
                                  .body = sim_text("{\"files\":{%s},\"by\":\"管理员\",\"accept_pending\":true,\"accept_"
                                                   "unproved\":true,\"request\":\"%s\"}",
                                                   files, new_key("load"))}));
    return true;
}

/* A matter's file as it stands, or a later version of it. */
static bool load_matter(person *p, matter *m) {
    m = &book->matters[m->file];
    const char *text = m->text;
    const char *head = strstr(text, "  版本 "), *end = head ? strchr(head, '\n') : NULL;
    if (m->loaded) {
        int64_t day = (world->now + world->skew) / 86400000 % 365;
        char *from = sim_text("2026-%02d-%02d", (int)(day / 31 + 1), (int)sim_between(1, 28));
        m->version++;
        if (m->draft) text = m->text = sim_draft_next(m->draft, m->version, from);
        else if (end)
            text =
                sim_text("%.*s  版本 x%d，生效 %s，适用 申请日。%s", (int)(head - text), text, m->version, from, end);
        world->counts.versions++;
    }
    char *body = sim_text(
        "{\"files\":{%s:%s},\"by\":\"管理员\",\"accept_pending\":true,\"accept_unproved\":true,\"request\":\"%s\"}",
        sim_quoted(strncmp(m->path, "rules/", 6) == 0 ? m->path + 6 : strrchr(m->path, '/') + 1), sim_quoted(text),
        new_key("load"));
    ask(p,
        remember((sim_request){.kind = SIM_LOAD, .method = "POST", .path = "/v1/loads", .body = body, .act = m->name}));
    return true;
}

static bool submit(person *p) {
    matter *m = &book->matters[sim_below((uint64_t)book->count)];
    if (!m->loaded) return load_matter(p, m);
    if (!m->known) {
        if (!sim_badge(p, world->auditor)) return true;
        p->learning = m;
        read_only(p, sim_text("/v1/matters/%s", sim_encoded(m->name)));
        return true;
    }
    const char *key = new_key("s"), *mode = m->mode_count ? m->modes[sim_below((uint64_t)m->mode_count)] : "全程网办";
    char *materials = sim_text("[");
    bool any = false;
    for (int i = 0; i < m->material_count; i++) {
        bool later = m->draft && i > 0 && sim_chance(30); /* of a random matter: 容缺, 承诺 */
        if (!sim_chance(m->draft ? 95 : 80)) continue;
        materials = later ? sim_text("%s%s{\"名称\":\"%s\",\"方式\":\"%s\"}", materials, any ? "," : "",
                                     m->materials[i], sim_chance(60) ? "容缺" : "承诺")
                          : sim_text("%s%s\"%s\"", materials, any ? "," : "", m->materials[i]);
        any = true;
    }
    const char *applicant = person_name();
    char *body = sim_text("{\"matter\":\"%s\",\"mode\":\"%s\",\"form\":%s,\"materials\":%s],\"by\":{\"person\":\"%s\","
                          "\"place\":\"370402\"},\"request\":\"%s\"}",
                          m->name, mode, sim_form_of(m), materials, applicant, key);
    sim_case *c = sim_alloc(sizeof *c);
    c->applicant = applicant;
    ask(p, remember((sim_request){.kind = SIM_SUBMIT,
                                  .method = "POST",
                                  .path = "/v1/cases",
                                  .body = body,
                                  .key = key,
                                  .person = applicant,
                                  .who = sim_account_of(applicant),
                                  .of = c}));
    return true;
}

sim_case *sim_any_case(void) {
    uint64_t n = world->cases.n, newest = sim_chance(70) && n > 12 ? 12 : n;
    return n ? world->cases.at[n - 1 - sim_below(newest)] : NULL;
}

/* Who reads a case: somebody whom it may concern, or who reads all. */
static sim_account *reader_of(const sim_case *c) {
    uint64_t luck = sim_below(100);
    sim_account *any = world->auth && luck < 20 ? sim_any_account() : NULL;
    if (!world->auth || any) return any;
    if (luck < 45 && c->applicant) return sim_account_of(c->applicant);
    return luck < 60 ? world->operator: world->auditor;
}

static bool look(person *p) {
    sim_case *c = p->tagged && sim_chance(15) ? p->tagged : sim_any_case();
    if (!c) return false;
    sim_account *who = reader_of(c);
    if (!sim_badge(p, who)) return true;
    sim_reads(p, who, c, "case", false);
    p->looking = c;
    p->seen = c->seq;
    read_only(p, sim_text("/v1/cases/%s", c->id));
    return true;
}

static bool attach(person *p) {
    sim_case *c = sim_any_case();
    if (!c) return false;
    const char *name = new_key("file");
    ask(p, remember((sim_request){
               .kind = SIM_ATTACH,
               .method = "PUT",
               .of = c,
               .act = name,
               .who = sim_account_of("李四"),
               .path = sim_text("/v1/cases/%s/attachments/%s?by=%s", c->id, name, sim_encoded("李四")),
               .body = sim_text("%s %0*d", name, (int)sim_between(1, sim_once_in(20) ? 60000 : 300), 7)}));
    return true;
}

/* A few are looked at; NULL: none of them would do. */
static sim_request *any_request(enum sim_state state, bool keyed) {
    uint64_t n = world->all_requests.n, newest = n > 300 && sim_chance(80) ? 300 : n;
    for (int i = 0; i < 12 && n; i++) {
        sim_request *r = world->all_requests.at[n - 1 - sim_below(newest)];
        if (r->state == state && !r->taken && (!keyed || r->key)) return r;
    }
    return NULL;
}

static sim_request *first_doubt(void) {
    while (world->first_doubt && world->first_doubt->state != SIM_DOUBT && world->first_doubt->next)
        world->first_doubt = world->first_doubt->next;
    for (sim_request *r = world->first_doubt; r; r = r->next)
        if (r->state == SIM_DOUBT && !r->taken) return r;
    return NULL;
}

static sim_request *crowd; /* the next ask for this as well */
static int crowd_left;

/* One that somebody else waits for just now: two copies of it, or more, are in work at the same time. */
static sim_request *in_work(void) {
    for (int i = 0; i < SIM_CLIENTS; i++) {
        sim_request *r = people[sim_below((uint64_t)world->client_count)].doing;
        if (r && r->key) return r;
    }
    return NULL;
}

/* The same key for something else: must be refused, and change nothing. Nobody's request: what it says is judged at
 * once. */
static bool misuse_key(person *p) {
    sim_request *r = any_request(SIM_ACKED, true);
    if (!r || r->kind != SIM_ACT) return false;
    if (!sim_badge(p, r->who)) return true;
    sim_transmit(
        p, "POST", r->path, "application/json",
        sim_text("{\"act\":\"没有这种事\",\"by\":{\"person\":\"李四\",\"place\":\"370402\"},\"request\":\"%s\"}",
                 r->key));
    return true;
}

static bool bad_request(person *p) {
    static const char *const bodies[] = {
        "{", "{\"a\":1,\"a\":2}", "[]",
        "{\"matter\":\"没有的\",\"mode\":\"x\",\"by\":{\"person\":\"a\",\"place\":\"370402\"},\"request\":\"z\"}"};
    if (!sim_badge(p, sim_account_of("李四"))) return true;
    sim_transmit(p, "POST", "/v1/cases", "application/json", bodies[sim_below(4)]);
    return true;
}

static bool read_history(person *p, sim_case *c) {
    sim_account *who = reader_of(c);
    if (!sim_badge(p, who)) return true;
    bool reason = world->auth && sim_chance(30);
    sim_reads(p, who, c, "history", reason);
    char *path = sim_text("/v1/cases/%s/history", c->id);
    if (sim_chance(50)) path = sim_text("%s?seq=%d", path, (int)sim_between(1, c->seq));
    if (reason) path = sim_text("%s%cunmask=%s", path, strchr(path, '?') ? '&' : '?', sim_encoded("抽查"));
    p->history = true;
    return read_only(p, path), true;
}

static bool read_something(person *p) {
    static const char *const paths[] = {"/healthz", "/metrics", "/v1/outbox", "", /* the tasks */
                                        "/v1/ledger/head"};
    sim_case *c = sim_any_case();
    uint64_t which = sim_below(c ? 8 : 5);
    if (which >= 5) return read_history(p, c);
    if (!sim_badge(p, world->auditor)) return true;
    p->finding = which == 3;
    p->heading = which == 4;
    const char *path = paths[which];
    int limit = sim_once_in(4) ? (int)sim_between(100, 500) : (int)sim_between(1, 30);
    if (which == 2 && world->auth && sim_chance(60)) path = sim_chance(50) ? "/v1/accounts" : "/v1/accesses?limit=200";
    if (which == 3) path = sim_text("/v1/tasks?place=370402&limit=%d%s", limit, sim_chance(10) ? "&overdue=true" : "");
    read_only(p, path);
    return true;
}

/* A service that said 202 answers now; once, twice, late. */
static bool reply_later(person *p) {
    int looked = 0;
    for (sim_call *c = world->calls; c && (world->healing || looked++ < 200); c = c->next) {
        if (!c->owes || (!world->healing && sim_chance(60))) continue;
        if (world->healing || sim_chance(70)) c->owes = false;
        world->counts.replies++;
        if (!sim_badge(p, world->interface)) return true;
        sim_transmit(p, "POST", "/v1/replies", "application/json", sim_text("{\"id\":\"%s\",%s", c->id, c->reply + 1));
        return true;
    }
    return false;
}

static bool order(person *p) {
    sim_call *c = world->calls;
    for (uint64_t i = sim_below(20); c && c->next && i--;) c = c->next;
    if (!c) return false;
    if (!sim_badge(p, world->operator)) return true;
    sim_transmit(p, "POST", sim_text("/v1/outbox/%s", c->id), "application/json",
                 sim_chance(80) ? "{\"do\":\"retry\",\"by\":{\"person\":\"管理员\"},\"reason\":\"已修好\"}"
                                : "{\"do\":\"give-up\",\"by\":{\"person\":\"管理员\"},\"reason\":\"不办了\"}");
    return true;
}

static bool again(person *p) {
    sim_request *r = any_request(SIM_ACKED, true);
    if (!r) return false;
    ask(p, r);
    return true;
}

/* Several at once, a line each: those in doubt, and some that were acknowledged. */
static bool ask_many(person *p) {
    char *lines = sim_text("%s", "");
    uint64_t n = world->all_requests.n;
    sim_account *who = world->auth ? sim_any_account() : NULL; /* the lines are all of one person */
    if (world->auth && (!who || !(p->token = sim_token_of(who)))) return false;
    for (uint64_t i = n > 200 ? n - 200 : 0; i < n && p->bulk_count < BULK; i++) {
        sim_request *r = world->all_requests.at[i];
        bool wanted = r->state == SIM_DOUBT || (r->state == SIM_ACKED && sim_once_in(20));
        if (r->taken || !r->key || !wanted || r->who != who) continue;
        attempt(r);
        p->bulk_known[p->bulk_count] = r->state == SIM_ACKED;
        p->bulk[p->bulk_count++] = r;
        lines = r->kind == SIM_SUBMIT ? sim_text("%s%s\n", lines, r->body)
                                      : sim_text("%s{\"case\":\"%s\",%s\n", lines, r->of->id, r->body + 1);
    }
    if (!p->bulk_count) return false;
    sim_transmit(p, "POST", "/v1/acts", "application/x-ndjson", lines);
    return true;
}

static bool in_turn(person *p) {
    sim_request *r = first_doubt();
    if (!world->loaded) {
        if (p->c->number != 0) return false;
        if (r) return ask(p, r), true;
        return load_rules(p, true);
    }
    if (r && sim_chance(40)) return ask(p, r), true;
    if (world->auth && sim_chance(12) && sim_accounts_turn(p)) return true;
    if (!crowd_left && sim_chance(3) && (crowd = in_work())) crowd_left = (int)sim_between(1, 6);
    if (crowd_left && crowd_left-- && crowd->state != SIM_REFUSED) return ask(p, crowd), true;
    uint64_t luck = sim_below(100);
    if (luck < 22) return submit(p);
    if (luck < 66) return look(p);
    if (luck < 70) return attach(p);
    if (luck < 78) return again(p);
    if (luck < 80) return misuse_key(p);
    if (luck < 81) return bad_request(p);
    if (luck < 89) return read_something(p);
    bool loads = !world->large || sim_once_in(60); /* every start compiles all that was ever loaded */
    if (luck < 90 && loads) return load_rules(p, false);
    if (luck < 91 && loads) return load_matter(p, &book->matters[sim_below((uint64_t)book->count)]);
    if (luck < 95) return reply_later(p);
    if (luck < 98) return ask_many(p);
    return order(p);
}

/* The last life: what is in doubt is settled, what was acknowledged is asked for again, and then time passes until
 * nothing is due. */
static bool settle(person *p) {
    static uint64_t repeats;
    sim_request *r = first_doubt();
    if (r) return ask(p, r), true;
    if (reply_later(p)) return true;
    if (repeats++ < 40 && (r = any_request(SIM_ACKED, false))) {
        if (r->kind != SIM_ATTACH) return r->key ? (ask(p, r), true) : false;
        if (!sim_badge(p, world->auditor)) return true;
        p->fetching = r;
        sim_reads(p, world->auditor, r->of, sim_text("attachment/%s", r->act), true);
        int n = (int)(strchr(r->path, '?') - r->path);
        read_only(
            p, sim_text("%.*s%s%s", n, r->path, world->auth ? "?unmask=" : "", world->auth ? sim_encoded("抽查") : ""));
        return true;
    }
    return false;
}

static void retire(void *arg) { tb_server_stop(arg); }

static void turn(void *arg) {
    person *p = arg;
    if (!world->healing && sim_enough(20)) { /* no crash has come */
        retire(server);
        return;
    }
    if (!world->healing && world->now < world->quiet_until) {
        sim_after(world->quiet_until - world->now + sim_between(0, 1000), turn, p);
        return;
    }
    if (world->healing ? settle(p) : in_turn(p)) return;
    if (!world->healing) {
        sim_after(sim_between(1, 2000), turn, p);
        return;
    }
    if (++done_count < world->client_count) return;
    done_count = 0;
    if (!leapt) { /* weeks later: every timer that can be due is, and the services answer what that asks of them */
        leapt = true;
        int64_t longest = 0;
        for (int i = 0; i < world->client_count; i++) {
            int64_t delay = INT64_C(86400000) * (i ? 60 : sim_between(40, 59));
            if (delay > longest) longest = delay;
            sim_after(delay, turn, &people[i]);
        }
        world->quiet_until = world->now + longest;
    } else {
        sim_after(2 * 3600 * 1000, retire, server);
    }
}

static const tb_str *any_text(const tb_json *list) {
    static tb_str none;
    return list && list->count ? &list->items[sim_below(list->count)].text : &none;
}

/* Who may well have no business there. */
static const char *somebody(void) {
    static const char *const names[] = {"郑受理", "王审查", "褚审查", "卫核查", "韩决定",
                                        "朱听证", "尤局长", "陶所长", "李四"};
    return names[sim_below(sizeof names / sizeof *names)];
}

/* One of the acts that the case lists as open. */
int sim_choose(person *p, tb_str body) {
    sim_case *c = p->looking;
    p->looking = NULL;
    const tb_json *o = tb_json_read(p->arena, body, NULL, NULL), *acts = o ? tb_json_get(o, "acts") : NULL,
                  *found = NULL;
    uint64_t n = 0;
    c->seq = tb_json_number(o, "seq", 0);
    for (uint32_t i = 0; acts && i < acts->count; i++) {
        const tb_json *open = tb_json_get(&acts->items[i], "open");
        bool is_open = open && open->kind == TB_JSON_TRUE;
        if ((is_open || sim_once_in(30)) && sim_once_in(++n)) found = &acts->items[i];
    }
    if (!found) return TB_OK;
    const tb_str *post = any_text(tb_json_get(found, "posts")), *place = any_text(tb_json_get(found, "places")),
                 *man = any_text(tb_json_get(found, "people"));
    const matter *m = sim_matter_called(tb_json_text(o, "matter"));
    const tb_json *applicant = tb_json_get(o, "applicant"), *needs = tb_json_get(found, "needs");
    tb_str who = man->n                                        ? *man
                 : applicant && applicant->kind == TB_JSON_STR ? applicant->text
                                                               : tb_json_text(applicant, "person");
    tb_str act = tb_json_text(found, "act"), task = tb_json_text(found, "task");
    const char *key = new_key("a");
    const tb_json *deputies = tb_json_get(found, "deputies"), *deputy = NULL;
    if (deputies && deputies->count && sim_chance(60)) deputy = &deputies->items[sim_below(deputies->count)];
    if (deputy) who = tb_json_text(deputy, "person"), world->counts.deputies++;
    const char *at = sim_keep(place->n ? *place : TB_STR("370402"));
    if (sim_once_in(40)) who = tb_str_z(somebody());
    if (sim_once_in(80)) at = "370403";
    const char *person = sim_keep(who);
    sim_account *account = sim_account_of(person);
    char *b = sim_text("{\"act\":\"%.*s\",\"by\":{\"place\":\"%s\"", TB_FMT(act), at);
    if (!account || sim_chance(70)) b = sim_text("%s,\"person\":\"%s\"", b, person); /* else as the token says */
    if (deputy) b = sim_text("%s,\"for\":\"%.*s\"", b, TB_FMT(tb_json_text(deputy, "for")));
    if (task.n) b = sim_text("{\"task\":\"%.*s\",%s", TB_FMT(task), b + 1);
    if (post->n) b = sim_text("%s,\"post\":\"%.*s\"", b, TB_FMT(*post));
    b = sim_text("%s},\"input\":{", b);
    const tb_str *date = any_text(tb_json_get(found, "dates")); /* 举行日: mostly late enough */
    for (uint32_t i = 0; needs && i < needs->count; i++)
        if (tb_str_is(needs->items[i].text, "材料") && m && m->material_count)
            b = sim_text("%s%s\"材料\":[\"%s\"]", b, i ? "," : "",
                         m->materials[sim_below((uint64_t)m->material_count)]);
        else if (date->n && tb_str_eq(*date, needs->items[i].text) && !sim_once_in(60))
            b = sim_text("%s%s\"%.*s\":\"2026-%02d-%02d\"", b, i ? "," : "", TB_FMT(*date), 1 + (int)sim_below(12),
                         1 + (int)sim_below(28));
        else if (!sim_once_in(60))
            b = sim_text("%s%s\"%.*s\":\"甲%d\"", b, i ? "," : "", TB_FMT(needs->items[i].text), (int)sim_below(100));
    b = sim_text("%s},", b);
    if (sim_chance(20)) b = sim_text("%s\"expect\":%d,", b, (int)(c->seq - sim_once_in(4)));
    char *text = sim_text("%s\"request\":\"%s\"}", b, key);
    ask(p, remember((sim_request){.kind = SIM_ACT,
                                  .method = "POST",
                                  .path = sim_text("/v1/cases/%s/acts", c->id),
                                  .body = text,
                                  .key = key,
                                  .act = sim_keep(act),
                                  .person = person,
                                  .who = account,
                                  .of = c}));
    return TB_OK;
}

/* ---- fate ---- */

static void heal(void *arg) {
    (void)arg;
    if (world->disk.trouble == SIM_WELL) return;
    sim_trace("the disk is well again");
    world->disk.trouble = SIM_WELL;
    world->healthy_since = world->now;
}

static void feed_again(void *arg) {
    (void)arg;
    if (!world->starving) return;
    sim_trace("there is memory again");
    world->starving = 0;
    world->healthy_since = world->now;
}

static void fate(void *arg) {
    static const char *const troubles[] = {"", "is full", "fails to write", "fails to sync", "fails to read"};
    uint64_t luck = sim_below(100);
    (void)arg;
    if (world->healing) return;
    if (luck < 8 && !world->starving) {
        world->starving = (uint64_t)1 << sim_between(0, 10);
        sim_trace("one in %llu allocations fails", (unsigned long long)world->starving);
        sim_after(sim_between(1, sim_chance(50) ? 100 : 2000), feed_again, NULL);
    } else if (luck < 25 && world->disk.trouble == SIM_WELL) {
        world->disk.trouble = (int)sim_between(1, SIM_TROUBLES - 1);
        world->disk.percent = sim_chance(50) ? 100 : (int)sim_between(1, 60);
        world->counts.troubles++;
        sim_trace("the disk %s (%d%%)", troubles[world->disk.trouble], world->disk.percent);
        sim_after(sim_once_in(4) ? sim_between(1000, 60000) : sim_between(1, 400), heal, NULL);
    } else if (luck < 50) {
        int64_t by = sim_between(1, 1000) * (sim_chance(50) ? 1000 : sim_chance(50) ? 60000 : 200000);
        if (sim_chance(40)) by = -by;
        if (llabs(world->jumped + by) > 10 * INT64_C(86400000)) by = -world->jumped; /* set right, after so many */
        sim_accounts_tick();
        world->skew += by;
        world->jumped += by;
        sim_accounts_tick();
        world->counts.jumps++;
        sim_trace("the wall clock jumps by %lld s", (long long)by / 1000);
    } else if (luck < (world->large ? 100 : 65) && world->now >= world->quiet_until) {
        int64_t hours = sim_chance(60) ? sim_between(1, 30) : sim_between(24, 24 * 12);
        world->quiet_until = world->now + hours * 3600 * 1000;
        world->counts.leaps++;
        sim_trace("quiet for %lld hours", (long long)hours);
    }
    int64_t quiet = world->quiet_until - world->now, seldom = world->large ? 20 : 1;
    sim_after(quiet > 0        ? quiet / 3 + 1
              : sim_once_in(3) ? seldom * sim_between(10, 500)
                               : seldom * sim_between(500, 8000),
              fate, NULL);
}

void sim_people_begin(void *s) {
    server = s;
    world->healthy_since = world->now;
    for (sim_request *r = world->requests; r; r = r->next) r->taken = false;
    for (int i = 0; i < world->client_count; i++) {
        person *p = &people[i];
        *p = (person){.c = &world->clients[i], .in = malloc(ANSWER_ROOM + 1), .arena = tb_arena_new(NULL, 0)};
        if (!p->in || !p->arena) abort();
        sim_next_turn(p);
    }
    sim_follower_begin();
    if (sim_chance(60) || world->healing) sim_after(sim_between(1, 1000), sim_follow, NULL);
    if (world->disk.trouble != SIM_WELL) sim_after(sim_between(1, 5000), heal, NULL);
    world->starving = 0; /* a new process */
    if (sim_chance(40)) sim_after(sim_between(1, world->large ? 60000 : 1500), sim_back_up, NULL);
    sim_after(sim_between(100, 3000), fate, NULL);
}
