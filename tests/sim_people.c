/* The people of the simulation, what outside services do, and what both remember.
 *
 * A client has one connection and one request on it. What it asks is drawn from what the server offers: the matters
 * loaded, the form each of them tells, the acts that a case lists as open with their posts, people and what must be
 * stated. So any matter will do, and none is known here. Everything that may write is a *request* with a key,
 * remembered in the world's memory before the first byte is sent:
 *
 *   SIM_DOUBT ──2xx──▶ SIM_ACKED    must be in the log once, where the answer said, for ever; asked again, it gives
 *     │ │                             the same bytes
 *     │ └───4xx──▶ SIM_REFUSED        must not be in the log; SIM_VAGUE when an earlier copy may still be under way
 *     └ no answer, 503, 429: asked again later, by anyone, after a crash, as it was
 *
 * Besides, some requests are sent many at a time, a line each, and one client follows the feed: what it is told has no
 * gaps, and no crash may take it back.
 *
 * Fate, which is a client as well, makes trouble: a disk that fills up or fails for a while, a wall clock that jumps,
 * nights and weeks in which nobody asks anything and only timers work. In the last life of a world there is none; all
 * that is in doubt is asked again. */
#include "sim.h"
#include "canonical.h"
#include "server.h"
#include <dirent.h>
#include <zlib.h>

enum {
    MATTERS = 16,
    FIELDS = 40,
    MODES = 6,
    INTERFACES = 8,
    BULK = 8,
    REPLIES = 6,
    ANSWER_ROOM = 1 << 20,
    PATIENCE_MS = 60 * 1000, /* a client that waited so long goes away, and if all was well that is a finding */
    RECOVERY_MS = 30 * 1000, /* after the disk is well again the server must be */
    AGAIN_PERCENT = 15
};

/* ---- the rules of a world ---- */

typedef struct field {
    const char *name, *type, *item;
    const char *options[8];
    int option_count;
    bool required;
} field;

typedef struct matter {
    const char *name, *text, *path;
    sim_draft *draft; /* it was made up: later versions of it differ */
    int file;         /* the first matter of its file */
    bool loaded, known;
    int version;
    field fields[FIELDS];
    int field_count;
    const char *modes[MODES];
    int mode_count;
    const char *materials[FIELDS];
    int material_count;
} matter;

typedef struct service {
    const char *name, *words[REPLIES], *contents[REPLIES];
    int count;
} service;

typedef struct rules { /* at the world's first allocation */
    matter matters[MATTERS];
    int count;
    struct {
        const char *path, *text;
    } base[16];
    int base_count;
    service services[INTERFACES];
    int service_count;
    const char *interfaces;
} rules;
#define book (world->book)

static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = sim_alloc(1 << 18);
    size_t n = fread(text, 1, (1 << 18) - 1, f);
    text[n] = '\0';
    fclose(f);
    char *fit = sim_text("%s", text);
    sim_give_back(text, 1 << 18);
    return fit;
}

static const char *between(const char *from, const char *a, const char *b) { /* a copy; NULL */
    const char *at = strstr(from, a), *end = at ? strstr(at + strlen(a), b) : NULL;
    return end ? sim_text("%.*s", (int)(end - at - (int)strlen(a)), at + strlen(a)) : NULL;
}

/* "a、b、c" */
static int split(const char *text, const char **out, int most) {
    int n = 0;
    while (text && *text && n < most) {
        const char *end = strstr(text, "、");
        out[n++] = end ? sim_text("%.*s", (int)(end - text), text) : sim_text("%s", text);
        text = end ? end + strlen("、") : NULL;
    }
    return n;
}

static void learn_services(const char *text) {
    for (const char *at = text; (at = strstr(at, "外部接口 ")) && book->service_count < INTERFACES; at++) {
        const char *name = between(at, "外部接口 ", "："), *words = between(at, "回复 ", "。");
        service *s = &book->services[book->service_count];
        bool known = false;
        for (int i = 0; i < book->service_count; i++) known |= strcmp(book->services[i].name, name) == 0;
        if (!words || known || strlen(name) > 90) continue;
        s->name = name;
        s->count = split(words, s->words, REPLIES);
        for (int i = 0; i < s->count; i++) {
            const char *stated = strstr(text, sim_text("答复%s的，载明 ", s->words[i]));
            const char *list = stated ? between(stated, "载明 ", "，") : NULL, *names[8];
            int n = split(list, names, 8);
            char *json = sim_text("{");
            for (int k = 0; k < n; k++) json = sim_text("%s%s\"%s\":\"77\"", json, k ? "," : "", names[k]);
            s->contents[i] = sim_text("%s}", json);
        }
        book->service_count++;
    }
}

static void add_base(const char *path) {
    if (strncmp(path, "../", 3) == 0) path += 3; /* as files below rules/ say it */
    for (int i = 0; i < book->base_count; i++)
        if (strcmp(book->base[i].path, path) == 0) return;
    char *text = slurp(sim_text("rules/%s", path));
    if (!text || book->base_count == 16) return;
    book->base[book->base_count].path = path;
    book->base[book->base_count++].text = text;
    learn_services(text);
    const char *line = strstr(text, "引用 "), *end = line ? strstr(line, "。") : NULL;
    for (const char *at = line; at && (at = strstr(at, "“")) && at < end; at++) add_base(between(at, "“", "”"));
}

static void add_text(const char *path, const char *text, sim_draft *draft) {
    int file = book->count;
    if (!text) return;
    const char *line = strstr(text, "引用 "), *end = line ? strstr(line, "。") : NULL;
    for (const char *at = line; at && (at = strstr(at, "“")) && at < end; at++) add_base(between(at, "“", "”"));
    learn_services(text);
    for (const char *at = text; (at = strstr(at, "\n事项 ")) && book->count < MATTERS; at++) {
        const char *name = between(at, "\n事项 ", "：");
        if (strchr(name, '\n')) continue;
        book->matters[book->count++] =
            (matter){.name = name, .text = text, .path = path, .draft = draft, .file = file, .version = 1};
    }
}

static void add_matter(const char *path) { add_text(path, slurp(path), NULL); }

static void add_random(int number) {
    const char *text = NULL;
    sim_draft *draft = sim_draft_new(number, &text);
    if (draft) add_text(sim_text("random/随机%d.tb", number), text, draft);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_rules(const struct dirent *e) { return strstr(e->d_name, ".tb") != NULL; }

/* One file of a directory. */
static void add_any(const char *directory) {
    struct dirent **list;
    int n = scandir(directory, &list, is_rules, by_name), which = n > 0 ? (int)sim_below((uint64_t)n) : 0;
    for (int i = 0; i < n; i++) {
        if (i == which) add_matter(sim_text("%s/%s", directory, list[i]->d_name));
        free(list[i]);
    }
    if (n >= 0) free(list);
}

/* A calendar of its own each time: another holiday moves due dates of open cases. */
static const char *calendar(void) {
    char *text = sim_text("日历 全国：\n  年度 2026，依 “测试”。\n");
    for (int month = 3; month <= 12; month++)
        if (sim_chance(30)) text = sim_text("%s  放假 2026-%02d-%02d，测试。\n", text, month, (int)sim_between(1, 28));
    if (sim_chance(50)) text = sim_text("%s\n  年度 2027，依 “测试”。\n", text);
    return text;
}

void sim_people_born(void) {
    book = sim_alloc(sizeof *book);
    add_base("组织/山东省.tb");
    add_base("组织/枣庄市.tb");
    add_base("组织/枣庄市市中区.tb");
    if (sim_chance(50)) add_matter("tests/matters/外部接口.tb");
    if (sim_chance(60)) add_any("tests/matters");
    for (int n = (int)sim_between(1, 3); n > 0; n--) add_random(n);
    if (sim_chance(7)) add_any("rules/事项");
    if (!book->count) add_matter("tests/matters/外部接口.tb");
    char *json = sim_text("{");
    for (int i = 0; i < book->service_count; i++)
        json = sim_text("%s%s\"%s\":{\"url\":\"http://service/%d\",\"timeout_ms\":%d}", json, i ? "," : "",
                        book->services[i].name, i, (int)sim_between(500, 30000));
    book->interfaces = sim_text("%s}", json);
    world->client_count = (int)sim_between(1, world->large ? SIM_CLIENTS : SIM_CLIENTS / 4);
    for (int i = 0; i < world->client_count; i++) world->clients[i].number = i;
}

const char *sim_interfaces(void) { return book->interfaces; }

/* ---- the services ---- */

static sim_call **chain_of(const char *key) { return &world->calls_by_key[sim_hash(1, key, strlen(key)) % SIM_CALLS]; }

sim_call *sim_call_of(const char *key) {
    for (sim_call *c = *chain_of(key); c; c = c->same)
        if (strcmp(c->key, key) == 0) return c;
    return NULL;
}

static sim_reaction say(const char *json, int status) {
    return (sim_reaction){.answers = true,
                          .status = status,
                          .body = sim_text("%s", json),
                          .delay = sim_once_in(10) ? sim_between(1, 20000) : sim_between(1, 300)};
}

sim_reaction sim_service(const char *key, const char *url, const char *body, size_t n) {
    const service *s = &book->services[atoi(strrchr(url, '/') + 1)];
    sim_call *c = sim_call_of(key);
    if (!c) {
        c = sim_alloc(sizeof *c);
        int word = (int)sim_below((uint64_t)s->count);
        *c = (sim_call){.next = world->calls,
                        .same = *chain_of(key),
                        .key = sim_text("%s", key),
                        .body = sim_text("%.*s", (int)n, body),
                        .reply = sim_text("{\"reply\":\"%s\",\"content\":%s}", s->words[word], s->contents[word]),
                        .id = between(body, "\"id\":\"", "\"")};
        world->calls = *chain_of(key) = c;
    }
    c->times++;
    world->counts.calls++;
    if (strlen(c->body) != n || memcmp(c->body, body, n) != 0)
        sim_fail("a service was asked for two things under the key %s:\n  %s\n  %.*s", key, c->body, (int)n, body);
    int luck = world->healing ? 10 : (int)sim_below(100);
    if (luck < 4) c->owes = true; /* and will say it once more by itself */
    if (luck < 60) return say(c->reply, 200);
    if (luck < 70) {
        c->owes = true;
        return say("{}", 202);
    }
    if (luck < 78) return (sim_reaction){.answers = true, .delay = sim_between(1, 500)}; /* the connection fails */
    if (luck < 86) return (sim_reaction){.answers = false};
    if (luck < 92) return say("", 503);
    if (luck < 94) return say("{\"error\":1}", 400);
    if (luck < 97) return say("not JSON at all", 200);
    return say("{\"reply\":\"没有这种答复\"}", 200);
}

/* ---- a client of one life ---- */

typedef struct person {
    sim_client *c;
    sim_conn *conn;
    char *in;
    size_t n;
    sim_request *doing;    /* NULL: it only reads */
    sim_case *looking;     /* … this case, to act on it */
    bool finding;          /* … the tasks, for cases that nobody here began: a started case has no other way to be known */
    int64_t seen;          /* its seq, as anyone had been told when it asked */
    matter *learning;      /* … or this matter */
    sim_request *fetching; /* … or this attachment */
    sim_request *bulk[BULK];
    bool known, bulk_known[BULK]; /* they had been acknowledged when they were sent */
    int bulk_count;               /* … or these, a line each */
    /* the case that it read last, by which validator and at which seq */
    char tag[40], new_tag[40];
    sim_case *tagged;
    int64_t tagged_seq;
    bool waiting;
    uint64_t turn;     /* counts requests: an old time-out is none */
    uint64_t failures; /* of the disk, when it was sent */
    int64_t since;
    tb_arena *arena;
} person;
static person people[SIM_CLIENTS];
static tb_server *server;
static int done_count; /* people who have nothing more to do */
static bool leapt;

static void turn(void *arg);

static int64_t a_while(void) {
    return world->healing    ? sim_between(0, 30)
           : sim_once_in(30) ? sim_between(100, 20000)
           : sim_once_in(3)  ? sim_between(1, 60)
                             : 0;
}

static void next_turn(person *p) {
    p->waiting = false;
    sim_after(a_while(), turn, p);
}

static void drop_line(person *p) {
    if (p->conn) sim_hang_up(p->conn);
    p->conn = NULL;
    p->n = 0;
}

/* Was the disk well all the time since? */
static bool all_well(const person *p) {
    return world->disk.trouble == SIM_WELL && !world->starving && p->failures == world->disk.failures &&
           world->now - world->healthy_since > RECOVERY_MS;
}

static void put_aside(person *p) {
    if (p->doing) p->doing->taken = false;
    p->doing = NULL;
    for (int i = 0; i < p->bulk_count; i++) p->bulk[i]->taken = false;
    p->bulk_count = 0;
}

static void no_answer(person *p) {
    if (p->doing && p->doing->state == SIM_DOUBT) world->counts.doubtful++;
    put_aside(p);
    p->looking = NULL, p->learning = NULL, p->fetching = NULL, p->finding = false;
    next_turn(p);
}

typedef struct waited {
    person *p;
    uint64_t turn;
} waited;

static void too_long(void *arg) {
    waited *w = arg;
    person *p = w->p;
    if (p->waiting && p->turn == w->turn) {
        if (all_well(p) && p->since >= world->healthy_since)
            sim_fail("no answer in %d s, though the disk was well: %s", PATIENCE_MS / 1000,
                     p->doing ? p->doing->body ? p->doing->body : p->doing->path : "a reader's request");
        drop_line(p);
        no_answer(p);
    }
    free(w);
}

static void got(void *user, const char *bytes, size_t n);

static void transmit(person *p, const char *method, const char *path, const char *type, const char *body) {
    size_t n = body ? strlen(body) : 0;
    char *text = malloc(n + strlen(path) + 400), saving[100] = "";
    int k = sim_chance(20) ? sprintf(saving, "Accept-Encoding: gzip\r\n") : 0;
    if (!body && p->looking && p->looking == p->tagged) sprintf(saving + k, "If-None-Match: %s\r\n", p->tag);
    waited *w = malloc(sizeof *w);
    if (!text || !w) abort();
    int head =
        body ? sprintf(text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                       method, path, saving, type, n)
             : sprintf(text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", method, path, saving);
    if (n) memcpy(text + head, body, n);
    if (p->conn && sim_once_in(50)) drop_line(p);
    if (!p->conn) p->conn = sim_connect(got, p);
    p->n = 0;
    p->waiting = true;
    p->turn++;
    p->failures = world->disk.failures;
    p->since = world->now;
    sim_send(p->conn, text, (size_t)head + n);
    free(text);
    *w = (waited){p, p->turn};
    sim_after(PATIENCE_MS, too_long, w);
    if (sim_once_in(60)) { /* a client that goes away, before or after it was heard */
        drop_line(p);
        p->waiting = false;
        no_answer(p);
    }
}

static void attempt(sim_request *r) {
    r->taken = true;
    if (r->life != world->counts.lives) r->life = world->counts.lives, r->open = 0;
    r->open++;
    if (r->attempts++) world->counts.retried++;
}

static void ask(person *p, sim_request *r) {
    p->doing = r;
    p->known = r->state == SIM_ACKED;
    attempt(r);
    transmit(p, r->method, r->path, r->kind == SIM_ATTACH ? "text/plain" : "application/json", r->body);
}

static void read_only(person *p, const char *path) { transmit(p, "GET", path, NULL, NULL); }

static sim_request *remember(sim_request parts) {
    sim_request *r = sim_alloc(sizeof *r);
    *r = parts;
    if (world->last_request) world->last_request->next = r;
    else world->requests = world->first_doubt = r;
    world->last_request = r;
    sim_list_add(&world->all_requests, r);
    return r;
}

/* ---- texts ---- */

static char *encoded(const char *text) { /* for a path */
    char *out = sim_alloc(3 * strlen(text) + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p > 0x7f || *p <= ' ' || strchr("%?#/\"", *p)) to += sprintf(to, "%%%02X", *p);
        else *to++ = (char)*p;
    }
    return out;
}

static char *quoted(const char *text) { /* as JSON */
    char *out = sim_alloc(2 * strlen(text) + 3), *to = out;
    *to++ = '"';
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\') *to++ = '\\', *to++ = *p;
        else if (*p == '\n') *to++ = '\\', *to++ = 'n';
        else if (*p == '\r') *to++ = '\\', *to++ = 'r';
        else if (*p == '\t') *to++ = '\\', *to++ = 't';
        else *to++ = *p;
    }
    *to++ = '"';
    return out;
}

static const char *new_key(const char *what) { return sim_text("%s-%llu", what, (unsigned long long)++world->serial); }

/* A value of a type: one that will do, most times. */
static const char *value_of(const field *f, const char *type) {
    if (strcmp(type, "整数") == 0) return sim_text("%d", (int)sim_between(1, 400));
    if (strcmp(type, "小数") == 0 || strcmp(type, "金额") == 0) return sim_text("\"%d\"", (int)sim_between(1, 600));
    if (strcmp(type, "是否") == 0) return sim_chance(50) ? "true" : "false";
    if (strcmp(type, "日期") == 0)
        return sim_text("\"2026-%02d-%02d\"", (int)sim_between(1, 12), (int)sim_between(1, 28));
    if (strcmp(type, "时刻") == 0)
        return sim_text("\"2026-%02d-%02dT10:00:00+08:00\"", (int)sim_between(1, 12), (int)sim_between(1, 28));
    if (strcmp(type, "地址") == 0) return "{\"区划\":\"370402\",\"详址\":\"光明路1号\"}";
    if (strcmp(type, "区划") == 0) return "\"370402\"";
    if (strcmp(type, "身份证") == 0) return "\"11010519491231002X\"";
    if (strcmp(type, "统一社会信用代码") == 0) return "\"11370800MB28559184\"";
    if (strcmp(type, "手机号") == 0) return "\"13800000000\"";
    if (strcmp(type, "选项") == 0 && f->option_count)
        return sim_text("\"%s\"", f->options[sim_below((uint64_t)f->option_count)]);
    return sim_text("\"文%d\"", (int)sim_below(1000));
}

static const char *form_of(const matter *m) {
    char *out = sim_text("{");
    bool any = false;
    for (int i = 0; i < m->field_count; i++) {
        const field *f = &m->fields[i];
        if (!f->required && sim_chance(60)) continue;
        const char *value;
        if (strcmp(f->type, "列表") == 0) {
            int n = (int)sim_between(1, 3);
            char *list = sim_text("[");
            for (int k = 0; k < n; k++) list = sim_text("%s%s%s", list, k ? "," : "", value_of(f, f->item));
            value = sim_text("%s]", list);
        } else {
            value = value_of(f, f->type);
        }
        out = sim_text("%s%s\"%s\":%s", out, any ? "," : "", f->name, value);
        any = true;
    }
    return sim_text("%s}", out);
}

static const char *person_name(void) {
    static const char *const names[] = {"李四", "王五", "赵六"};
    return names[sim_below(3)];
}

/* ---- what a client may do ---- */

/* The district with other people: some have left, one has come, and some days somebody stands in for another. */
static const char *other_people(const char *text) {
    char *out = sim_text("%s", "");
    for (const char *at = text, *end; *at; at = end) {
        const char *line_end = strchr(at, '\n');
        end = line_end ? line_end + 1 : at + strlen(at);
        if (strncmp(at, "  人员 ", strlen("  人员 ")) == 0 && sim_once_in(25)) continue;
        out = sim_text("%s%.*s", out, (int)(end - at), at);
    }
    int month = (int)sim_between(1, 12), day = (int)sim_between(1, 20);
    if (sim_chance(50))
        out = sim_text("%s  人员 新来%d，岗位 审查员、受理员，机构 市中区行政审批服务局。\n", out, (int)sim_below(100));
    if (sim_chance(50) && strstr(out, "  人员 王审查") && strstr(out, "  人员 褚审查"))
        out = sim_text("%s  代理 王审查，由 褚审查，岗位 审查员，自 2026-%02d-%02d 至 2026-%02d-28，依 “测试”。\n", out,
                       month, day, month);
    return out;
}

static bool load_rules(person *p, bool first) {
    char *files = sim_text("\"日历/全国.tb\":%s", quoted(calendar()));
    const char *district = "组织/枣庄市市中区.tb";
    for (int i = 0; !first && i < book->base_count; i++)
        if (strcmp(book->base[i].path, district) == 0 && sim_chance(50))
            files = sim_text("%s%s:%s", sim_chance(50) ? sim_text("%s,", files) : "", quoted(district),
                             quoted(other_people(book->base[i].text)));
    for (int i = 0; first && i < book->base_count; i++)
        files = sim_text("%s,%s:%s", files, quoted(book->base[i].path), quoted(book->base[i].text));
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
        quoted(strncmp(m->path, "rules/", 6) == 0 ? m->path + 6 : strrchr(m->path, '/') + 1), quoted(text),
        new_key("load"));
    ask(p,
        remember((sim_request){.kind = SIM_LOAD, .method = "POST", .path = "/v1/loads", .body = body, .act = m->name}));
    return true;
}

static bool submit(person *p) {
    matter *m = &book->matters[sim_below((uint64_t)book->count)];
    if (!m->loaded) return load_matter(p, m);
    if (!m->known) {
        p->learning = m;
        read_only(p, sim_text("/v1/matters/%s", encoded(m->name)));
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
    char *body = sim_text("{\"matter\":\"%s\",\"mode\":\"%s\",\"form\":%s,\"materials\":%s],\"by\":{\"person\":\"%s\","
                          "\"place\":\"370402\"},\"request\":\"%s\"}",
                          m->name, mode, form_of(m), materials, person_name(), key);
    sim_case *c = sim_alloc(sizeof *c);
    ask(p, remember((sim_request){
               .kind = SIM_SUBMIT, .method = "POST", .path = "/v1/cases", .body = body, .key = key, .of = c}));
    return true;
}

static sim_case *any_case(void) {
    uint64_t n = world->cases.n, newest = sim_chance(70) && n > 12 ? 12 : n;
    return n ? world->cases.at[n - 1 - sim_below(newest)] : NULL;
}

static bool look(person *p) {
    sim_case *c = p->tagged && sim_chance(15) ? p->tagged : any_case();
    if (!c) return false;
    p->looking = c;
    p->seen = c->seq;
    read_only(p, sim_text("/v1/cases/%s", c->id));
    return true;
}

static bool attach(person *p) {
    sim_case *c = any_case();
    if (!c) return false;
    const char *name = new_key("file");
    ask(p, remember((sim_request){
               .kind = SIM_ATTACH,
               .method = "PUT",
               .of = c,
               .act = name,
               .path = sim_text("/v1/cases/%s/attachments/%s?by=%s", c->id, name, encoded("李四")),
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
    transmit(p, "POST", r->path, "application/json",
             sim_text("{\"act\":\"没有这种事\",\"by\":{\"person\":\"李四\",\"place\":\"370402\"},\"request\":\"%s\"}",
                      r->key));
    return true;
}

static bool bad_request(person *p) {
    static const char *const bodies[] = {
        "{", "{\"a\":1,\"a\":2}", "[]",
        "{\"matter\":\"没有的\",\"mode\":\"x\",\"by\":{\"person\":\"a\",\"place\":\"370402\"},\"request\":\"z\"}"};
    transmit(p, "POST", "/v1/cases", "application/json", bodies[sim_below(4)]);
    return true;
}

static bool read_something(person *p) {
    const sim_case *c = any_case();
    switch (sim_below(c ? 8 : 5)) {
    case 0: read_only(p, "/healthz"); break;
    case 1: read_only(p, "/metrics"); break;
    case 2: read_only(p, "/v1/outbox"); break;
    case 3: p->finding = true, read_only(p, "/v1/tasks?place=370402&limit=20"); break;
    case 4: read_only(p, "/v1/ledger/head"); break;
    case 5: read_only(p, sim_text("/v1/cases/%s/history", c->id)); break;
    case 6: read_only(p, sim_text("/v1/cases/%s/history?seq=%d", c->id, (int)sim_between(1, c->seq))); break;
    default: read_only(p, sim_text("/v1/cases/%s", c->id)); break;
    }
    return true;
}

/* A service that said 202 answers now; once, twice, late. */
static bool reply_later(person *p) {
    int looked = 0;
    for (sim_call *c = world->calls; c && (world->healing || looked++ < 200); c = c->next) {
        if (!c->owes || (!world->healing && sim_chance(60))) continue;
        if (world->healing || sim_chance(70)) c->owes = false;
        world->counts.replies++;
        transmit(p, "POST", "/v1/replies", "application/json", sim_text("{\"id\":\"%s\",%s", c->id, c->reply + 1));
        return true;
    }
    return false;
}

static bool order(person *p) {
    sim_call *c = world->calls;
    for (uint64_t i = sim_below(20); c && c->next && i--;) c = c->next;
    if (!c) return false;
    transmit(p, "POST", sim_text("/v1/outbox/%s", c->id), "application/json",
             sim_chance(80) ? "{\"do\":\"retry\",\"by\":{\"person\":\"张三\"},\"reason\":\"已修好\"}"
                            : "{\"do\":\"give-up\",\"by\":{\"person\":\"张三\"},\"reason\":\"不办了\"}");
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
    for (uint64_t i = n > 200 ? n - 200 : 0; i < n && p->bulk_count < BULK; i++) {
        sim_request *r = world->all_requests.at[i];
        bool wanted = r->state == SIM_DOUBT || (r->state == SIM_ACKED && sim_once_in(20));
        if (r->taken || !r->key || !wanted) continue;
        attempt(r);
        p->bulk_known[p->bulk_count] = r->state == SIM_ACKED;
        p->bulk[p->bulk_count++] = r;
        lines = r->kind == SIM_SUBMIT ? sim_text("%s%s\n", lines, r->body)
                                      : sim_text("%s{\"case\":\"%s\",%s\n", lines, r->of->id, r->body + 1);
    }
    if (!p->bulk_count) return false;
    transmit(p, "POST", "/v1/acts", "application/x-ndjson", lines);
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
        p->fetching = r;
        char *path = sim_text("%s", r->path);
        *strchr(path, '?') = '\0';
        read_only(p, path);
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

/* ---- answers ---- */

static tb_str text_of(const char *body, size_t n) { return (tb_str){body, (uint32_t)n}; }

static const char *keep(tb_str s) { return sim_text("%.*s", TB_FMT(s)); }

typedef struct reading {
    person *p;
    const char *body;
    size_t n;
    char *act; /* the body of the act to ask for */
    const char *name;
} reading;

static int learn(void *arg) {
    reading *x = arg;
    matter *m = x->p->learning;
    const tb_json *o = tb_json_read(x->p->arena, text_of(x->body, x->n), NULL, NULL),
                  *versions = o ? tb_json_get(o, "versions") : NULL;
    if (!versions || !versions->count) return TB_FAILED;
    const tb_json *v = &versions->items[0], *form = tb_json_get(v, "form"), *modes = tb_json_get(v, "modes"),
                  *materials = tb_json_get(v, "materials");
    m->field_count = m->mode_count = m->material_count = 0;
    for (uint32_t i = 0; form && i < form->count && i < FIELDS; i++) {
        const tb_json *f = &form->items[i], *options = tb_json_get(f, "options"),
                      *required = tb_json_get(f, "required"), *item = tb_json_get(f, "item");
        field *to = &m->fields[m->field_count++];
        *to = (field){.name = keep(tb_json_text(f, "name")),
                      .type = keep(tb_json_text(f, "type")),
                      .item = "文本",
                      .required = (required && required->kind == TB_JSON_TRUE) || tb_json_get(f, "required_when")};
        if (item) to->item = keep(item->kind == TB_JSON_STR ? item->text : tb_json_text(item, "type"));
        for (uint32_t k = 0; options && k < options->count && k < 8; k++)
            to->options[to->option_count++] = keep(options->items[k].text);
    }
    for (uint32_t i = 0; modes && i < modes->count && i < MODES; i++)
        m->modes[m->mode_count++] = keep(modes->items[i].text);
    for (uint32_t i = 0; materials && i < materials->count && i < FIELDS; i++)
        m->materials[m->material_count++] = keep(tb_json_text(&materials->items[i], "name"));
    m->known = true;
    return TB_OK;
}

static const tb_str *any_text(const tb_json *list) {
    static tb_str none;
    return list && list->count ? &list->items[sim_below(list->count)].text : &none;
}

static const matter *matter_called(tb_str name) {
    for (int i = 0; i < book->count; i++)
        if (tb_str_is(name, book->matters[i].name)) return &book->matters[i];
    return NULL;
}

/* One of the acts that the case lists as open. */
static int choose(void *arg) {
    reading *x = arg;
    sim_case *c = x->p->looking;
    const tb_json *o = tb_json_read(x->p->arena, text_of(x->body, x->n), NULL, NULL),
                  *acts = o ? tb_json_get(o, "acts") : NULL, *found = NULL;
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
    const matter *m = matter_called(tb_json_text(o, "matter"));
    const tb_json *applicant = tb_json_get(o, "applicant"), *needs = tb_json_get(found, "needs");
    tb_str who = man->n                                        ? *man
                 : applicant && applicant->kind == TB_JSON_STR ? applicant->text
                                                               : tb_json_text(applicant, "person");
    tb_str act = tb_json_text(found, "act"), task = tb_json_text(found, "task");
    const char *key = new_key("a");
    const tb_json *deputies = tb_json_get(found, "deputies"), *deputy = NULL;
    if (deputies && deputies->count && sim_chance(60)) deputy = &deputies->items[sim_below(deputies->count)];
    if (deputy) who = tb_json_text(deputy, "person"), world->counts.deputies++;
    char *b = sim_text("{\"act\":\"%.*s\",\"by\":{\"person\":\"%.*s\"", TB_FMT(act), TB_FMT(who));
    if (deputy) b = sim_text("%s,\"for\":\"%.*s\"", b, TB_FMT(tb_json_text(deputy, "for")));
    if (task.n) b = sim_text("{\"task\":\"%.*s\",%s", TB_FMT(task), b + 1);
    if (post->n) b = sim_text("%s,\"post\":\"%.*s\"", b, TB_FMT(*post));
    b = sim_text("%s,\"place\":\"%.*s\"},\"input\":{", b, TB_FMT(place->n ? *place : TB_STR("370402")));
    const tb_str *date = any_text(tb_json_get(found, "dates")); /* 举行日: mostly late enough */
    for (uint32_t i = 0; needs && i < needs->count; i++)
        if (tb_str_is(needs->items[i].text, "材料") && m && m->material_count)
            b = sim_text("%s%s\"材料\":[\"%s\"]", b, i ? "," : "",
                         m->materials[sim_below((uint64_t)m->material_count)]);
        else if (date->n && tb_str_eq(*date, needs->items[i].text) && !sim_once_in(60))
            b = sim_text("%s%s\"%.*s\":\"2026-%02d-%02d\"", b, i ? "," : "", TB_FMT(*date), 1 + (int)sim_below(12), 1 + (int)sim_below(28));
        else if (!sim_once_in(60))
            b = sim_text("%s%s\"%.*s\":\"甲%d\"", b, i ? "," : "", TB_FMT(needs->items[i].text), (int)sim_below(100));
    b = sim_text("%s},", b);
    if (sim_chance(20)) b = sim_text("%s\"expect\":%d,", b, (int)(c->seq - sim_once_in(4)));
    x->act = sim_text("%s\"request\":\"%s\"}", b, key);
    x->name = keep(act);
    ask(x->p, remember((sim_request){.kind = SIM_ACT,
                                     .method = "POST",
                                     .path = sim_text("/v1/cases/%s/acts", c->id),
                                     .body = x->act,
                                     .key = key,
                                     .act = x->name,
                                     .of = c}));
    return TB_OK;
}

static const char *excerpt(const char *body, size_t n) { return sim_text("%.*s", (int)(n < 500 ? n : 500), body); }

static void acked(sim_request *r, const char *body, size_t n) {
    const char *seq = strstr(body, "\"seq\":"), *id = strstr(body, "\"id\":\"");
    int64_t number = seq ? strtoll(seq + 6, NULL, 10) : 0;
    uint64_t hash = sim_hash(7, body, n);
    if (r->state == SIM_ACKED && r->key) {
        world->counts.repeats++;
        if (hash != r->answer) sim_fail("%s got two answers:\n  %s\n  %s", r->body, r->said, excerpt(body, n));
        return;
    }
    r->state = SIM_ACKED;
    r->answer = hash;
    r->said = excerpt(body, n);
    r->seq = number;
    world->counts.acked++;
    switch (r->kind) {
    case SIM_LOAD:
        if (!r->act) world->loaded = true;
        for (int i = 0; r->act && i < book->count; i++)
            if (strstr(body, sim_text("\"%s\"", book->matters[i].name)))
                book->matters[i].loaded = true, book->matters[i].known = false;
        world->counts.loads++;
        break;
    case SIM_SUBMIT:
        if (!id || number != 1) sim_fail("a new case without id or with seq %lld: %s", (long long)number, r->said);
        snprintf(r->of->id, sizeof r->of->id, "%.13s", id + 6);
        r->of->seq = 1;
        sim_list_add(&world->cases, r->of);
        break;
    case SIM_ACT:
        if (number > r->of->seq) r->of->seq = number;
        break;
    case SIM_ATTACH: world->counts.attachments++; break;
    }
}

/* `known`: it had been acknowledged before this copy of it was sent. */
static void answered_request(sim_request *r, bool known, int status, const char *body, size_t n) {
    r->open--;
    if (status == 200 || status == 201) {
        acked(r, body, n);
    } else if (status == 503 || status == 429) {
        if (r->state == SIM_DOUBT) world->counts.doubtful++;
    } else if (known && r->kind != SIM_LOAD && r->kind != SIM_ATTACH) {
        sim_fail("acknowledged, and then refused when it was repeated: %s\n  first %s\n  then %d %s", r->body, r->said,
                 status, excerpt(body, n));
    } else if (r->state == SIM_DOUBT) {
        r->state = r->open > 0 ? SIM_VAGUE : SIM_REFUSED; /* an earlier copy may be on its way to the server yet */
        r->said = excerpt(body, n);
        world->counts.refused++;
        if (strstr(body, "NO_SUCH_CASE")) sim_fail("a case is gone: %s %s\n  %s", r->path, r->body, r->said);
        if (r->kind == SIM_LOAD && !world->loaded) sim_fail("the first rules are refused: %s", r->said);
        if (r->kind == SIM_LOAD) sim_trace("load of %s refused: %s", r->act ? r->act : "people or days", r->said);
    }
}

/* {"line":N,"status":S,"answer":{…}} or with "error", a line each, in order; all of them, or the connection broke. */
static void answered_many(person *p, int status, const char *body) {
    const char *at = body;
    if (status != 200) return;
    for (int i = 0; i < p->bulk_count; i++) {
        const char *end = strchr(at, '\n'), *result = strstr(at, "\"status\":"), *answer = strstr(at, "\"answer\":");
        if (!end || !result || result > end || strtol(at + 8, NULL, 10) != i + 1)
            sim_fail("%d lines were asked, and line %d is answered %s", p->bulk_count, i + 1, excerpt(at, strlen(at)));
        bool good = answer && answer < end;
        const char *from = good ? answer + 9 : at, *to = good ? end - 1 : end; /* without the brace of the line */
        char *copy = strndup(from, (size_t)(to - from));
        if (!copy) abort();
        answered_request(p->bulk[i], p->bulk_known[i], (int)strtol(result + 9, NULL, 10), copy, strlen(copy));
        free(copy);
        at = end + 1;
    }
    world->counts.bulk += (uint64_t)p->bulk_count;
}

static void find_cases(const char *body) {
    for (const char *at = body; (at = strstr(at, "\"case\":\"")); at += 8) {
        sim_case *c;
        uint64_t i = 0;
        while (i < world->cases.n && strncmp(((sim_case *)world->cases.at[i])->id, at + 8, 13) != 0) i++;
        if (i < world->cases.n) continue;
        c = sim_alloc(sizeof *c);
        snprintf(c->id, sizeof c->id, "%.13s", at + 8);
        c->seq = 1;
        sim_list_add(&world->cases, c);
        world->counts.found++;
    }
}

static void answer(person *p, int status, const char *body, size_t n) {
    reading x = {p, body, n, NULL, NULL};
    sim_request *r = p->doing;
    p->waiting = false;
    world->digest = sim_hash(sim_hash(world->digest, &status, sizeof status), body, n);
    sim_trace("%d ◀ %s %.150s", status, r ? r->key ? r->key : r->path : p->looking ? p->looking->id : "reading", body);
    if (status == 500) sim_fail("500 %s to %s", excerpt(body, n), r && r->body ? r->body : "a reader");
    if (status == 503 && all_well(p) && p->since - world->healthy_since > RECOVERY_MS)
        sim_fail("503 %lld s after the disk was well again: %s", (long long)(world->now - world->healthy_since) / 1000,
                 excerpt(body, n));
    if (r) {
        answered_request(r, p->known, status, body, n);
    } else if (p->bulk_count) {
        answered_many(p, status, body);
    } else if (p->learning && status == 200) {
        if (tb_try(p->arena, learn, &x) != TB_OK) sim_fail("a matter is not told as API.md says: %s", excerpt(body, n));
    } else if (p->finding) {
        if (status == 200) find_cases(body);
    } else if (p->fetching) {
        if (status == 200 && (strlen(p->fetching->body) != n || memcmp(p->fetching->body, body, n) != 0))
            sim_fail("attachment %s comes back changed: %s", p->fetching->act, excerpt(body, n));
        if (status == 404) sim_fail("attachment %s was acknowledged and is gone", p->fetching->act);
    } else if (p->looking) {
        sim_case *c = p->looking;
        const char *seq = strstr(body, "\"seq\":");
        if (status == 404) sim_fail("case %s was acknowledged and is gone", c->id);
        if (status == 200 && seq && strtoll(seq + 6, NULL, 10) < p->seen)
            sim_fail("case %s was at seq %lld and now shows %s", c->id, (long long)p->seen, excerpt(body, n));
        if (status == 304) {
            world->counts.unchanged++;
            if (p->seen > p->tagged_seq)
                sim_fail(
                    "case %s is said not to have changed since seq %lld, and was at seq %lld before that was asked",
                    c->id, (long long)p->tagged_seq, (long long)p->seen);
        }
        uint64_t before = p->turn;
        if (status == 200) p->tagged = p->new_tag[0] ? c : NULL, p->tagged_seq = seq ? strtoll(seq + 6, NULL, 10) : 0;
        if (status == 200) memcpy(p->tag, p->new_tag, sizeof p->tag);
        if (status == 200 && tb_try(p->arena, choose, &x) != TB_OK)
            sim_fail("a case is not told as API.md says: %s", excerpt(body, n));
        p->looking = NULL;
        tb_arena_reset(p->arena);
        if (p->turn != before) return; /* it asks already */
    }
    put_aside(p);
    p->looking = NULL, p->learning = NULL, p->fetching = NULL, p->finding = false;
    tb_arena_reset(p->arena);
    next_turn(p);
}

/* In place of `packed`, which is freed. */
static char *unpacked(char *packed, size_t *n) {
    char *plain = malloc(ANSWER_ROOM + 1);
    z_stream z = {
        .next_in = (Bytef *)packed, .avail_in = (uInt)*n, .next_out = (Bytef *)plain, .avail_out = ANSWER_ROOM};
    if (!plain || inflateInit2(&z, 15 + 16) != Z_OK) abort();
    int rc = inflate(&z, Z_FINISH);
    if (rc != Z_STREAM_END || z.avail_in) sim_fail("a packed answer of %zu bytes does not unpack: %d", *n, rc);
    *n = z.total_out;
    plain[*n] = '\0';
    inflateEnd(&z);
    free(packed);
    world->counts.packed++;
    return plain;
}

/* A copy of the body, when all of it is there; chunks are put together. */
static char *whole_body(char *in, size_t head, size_t n, size_t *out) {
    if (strncmp(in + 9, "304", 3) == 0) return *out = 0, strdup("");
    const char *length = strcasestr(in, "Content-Length:");
    if (length && length < in + head) {
        *out = strtoul(length + 15, NULL, 10);
        if (n < head + *out) return NULL;
        char *copy = malloc(*out + 1);
        if (!copy) abort();
        memcpy(copy, in + head, *out);
        return copy[*out] = '\0', copy;
    }
    char *copy = malloc(n + 1);
    if (!copy) abort();
    *out = 0;
    for (size_t at = head; at < n;) {
        char *line = memmem(in + at, n - at, "\r\n", 2);
        size_t k = line ? strtoul(in + at, NULL, 16) : 0, from = line ? (size_t)(line + 2 - in) : 0;
        if (!line || from + k + 2 > n) break;
        if (k == 0) return copy[*out] = '\0', copy;
        memcpy(copy + *out, in + from, k);
        *out += k;
        at = from + k + 2;
    }
    free(copy);
    return NULL;
}

static void got(void *user, const char *bytes, size_t n) {
    person *p = user;
    if (n == 0) { /* closed */
        p->conn = NULL;
        p->n = 0;
        if (p->waiting) no_answer(p);
        return;
    }
    if (p->n + n >= ANSWER_ROOM) sim_fail("an answer longer than %d bytes", ANSWER_ROOM);
    memcpy(p->in + p->n, bytes, n);
    p->n += n;
    p->in[p->n] = '\0';
    if (!p->waiting) return;
    char *end = strstr(p->in, "\r\n\r\n");
    if (!end) return;
    size_t head = (size_t)(end + 4 - p->in), body;
    char *copy = whole_body(p->in, head, p->n, &body);
    if (!copy) return;
    int status = atoi(p->in + 9);
    *end = '\0';
    const char *tag = strcasestr(p->in, "\r\nETag: ");
    snprintf(p->new_tag, sizeof p->new_tag, "%.*s", tag ? (int)strcspn(tag + 8, "\r") : 0, tag ? tag + 8 : "");
    if (strcasestr(p->in, "Content-Encoding: gzip") && status != 304) copy = unpacked(copy, &body);
    p->n = 0;
    answer(p, status, copy, body);
    free(copy);
}

/* ---- a follower of the feed: what it is told has no gaps, and is on disk ---- */

static struct {
    sim_conn *conn;
    char *in, *text; /* as it comes; without the framing of chunks */
    size_t n, text_n;
    bool head;
    uint64_t turn;
} follower;

static void follow(void *arg);

static void stop_following(int64_t pause) {
    if (follower.conn) sim_hang_up(follower.conn);
    follower.conn = NULL;
    sim_after(pause, follow, NULL);
}

static void told(const char *line) {
    int64_t id = strncmp(line, "id: ", 4) == 0 ? strtoll(line + 4, NULL, 10) : -1;
    if (id < 0 || id == world->told) return; /* the beginning repeats the place */
    if (id != world->told + 1) sim_fail("the feed told %lld, and then %lld", (long long)world->told, (long long)id);
    world->told = id;
    world->counts.told++;
}

static void take_lines(void) {
    char *at = follower.text, *end;
    for (; (end = memchr(at, '\n', follower.text_n - (size_t)(at - follower.text))); at = end + 1) {
        *end = '\0';
        told(at);
    }
    follower.text_n -= (size_t)(at - follower.text);
    memmove(follower.text, at, follower.text_n);
}

static void take_chunks(void) {
    size_t at = 0;
    while (at < follower.n) {
        char *line = memmem(follower.in + at, follower.n - at, "\r\n", 2);
        size_t k = line ? strtoul(follower.in + at, NULL, 16) : 0, from = line ? (size_t)(line + 2 - follower.in) : 0;
        if (!line || from + k + 2 > follower.n) break;
        if (follower.text_n + k > ANSWER_ROOM) sim_fail("a line of the feed without an end");
        memcpy(follower.text + follower.text_n, follower.in + from, k);
        follower.text_n += k;
        at = from + k + 2;
    }
    follower.n -= at;
    memmove(follower.in, follower.in + at, follower.n);
    take_lines();
}

static void fed(void *user, const char *bytes, size_t n) {
    (void)user;
    if (n == 0) {
        follower.conn = NULL;
        sim_after(sim_between(1, 3000), follow, NULL);
        return;
    }
    if (follower.n + n > ANSWER_ROOM) sim_fail("a chunk of the feed longer than %d bytes", ANSWER_ROOM);
    memcpy(follower.in + follower.n, bytes, n);
    follower.n += n;
    if (!follower.head) {
        char *end = memmem(follower.in, follower.n, "\r\n\r\n", 4);
        if (!end) return;
        follower.in[9 + 3] = '\0';
        int status = atoi(follower.in + 9);
        if (status == 409)
            sim_fail("the feed told %lld, and the log does not reach so far now", (long long)world->told);
        if (status != 200) {
            stop_following(1000);
            return;
        }
        follower.head = true;
        follower.n -= (size_t)(end + 4 - follower.in);
        memmove(follower.in, end + 4, follower.n);
    }
    take_chunks();
}

static void enough(void *arg) {
    if (world->healing && world->quiet_until <= world->now && leapt) return; /* to the end */
    if ((uint64_t)(uintptr_t)arg == follower.turn && follower.conn) stop_following(sim_between(1, 5000));
}

static void follow(void *arg) {
    char text[160];
    (void)arg;
    int64_t quiet = world->quiet_until - world->now;
    if (quiet > 0) {
        sim_after(quiet + 1, follow, NULL);
        return;
    }
    int n = snprintf(text, sizeof text, "GET /v1/feed?after=%lld HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                     (long long)world->told);
    follower.n = follower.text_n = 0;
    follower.head = false;
    follower.conn = sim_connect(fed, NULL);
    sim_send(follower.conn, text, (size_t)n);
    /* Not for long: a follower is sent a sign of life every 15 s, through weeks in which nothing else happens. */
    sim_after(sim_between(10, 5000), enough, (void *)(uintptr_t)++follower.turn);
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
        world->skew += by;
        world->jumped += by;
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
        next_turn(p);
    }
    if (!(follower.in = malloc(ANSWER_ROOM + 1)) || !(follower.text = malloc(ANSWER_ROOM + 1))) abort();
    if (sim_chance(60) || world->healing) sim_after(sim_between(1, 1000), follow, NULL);
    if (world->disk.trouble != SIM_WELL) sim_after(sim_between(1, 5000), heal, NULL);
    world->starving = 0; /* a new process */
    sim_after(sim_between(100, 3000), fate, NULL);
}
