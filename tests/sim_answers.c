/* What people expect of the answers they get.
 *
 * A request is in one of these states, and stays in the second and third for ever:
 *
 *   SIM_DOUBT ──2xx──▶ SIM_ACKED    must be in the log once, where the answer said, for ever; asked again, it gives
 *     │ │                             the same bytes
 *     │ └───4xx──▶ SIM_REFUSED        must not be in the log; SIM_VAGUE when an earlier copy may still be under way
 *     └ no answer, 503, 429: asked again later, by anyone, after a crash, as it was
 *
 * Besides, some requests are sent many at a time, a line each, and one client follows the feed: what it is told has no
 * gaps, and no crash may take it back. */
#include "sim_people.h"
#include <zlib.h>

static const char *excerpt(const char *body, size_t n) { return sim_text("%.*s", (int)(n < 500 ? n : 500), body); }

static sim_case **cases_like(const char *id) { return &world->cases_by_name[sim_hash(4, id, strlen(id)) % SIM_CALLS]; }

static void add_case(sim_case *c, const char *id) {
    sim_case **chain = cases_like(id);
    snprintf(c->id, sizeof c->id, "%s", id);
    c->same = *chain;
    *chain = c;
    sim_list_add(&world->cases, c);
}

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
    r->acked_at = world->now;
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
        r->of->seq = 1;
        add_case(r->of, sim_text("%.13s", id + 6));
        break;
    case SIM_ACT:
        if (number > r->of->seq) r->of->seq = number;
        break;
    case SIM_ATTACH: world->counts.attachments++; break;
    }
}

typedef struct reading { /* under tb_try */
    person *p;
    tb_str body;
} reading;

static int learn(void *arg) {
    reading *x = arg;
    return sim_learn(x->p->learning, x->p->arena, x->body);
}
static int choose(void *arg) {
    reading *x = arg;
    return sim_choose(x->p, x->body);
}

/* `known`: it had been acknowledged before this copy of it was sent. */
static void answered_request(sim_request *r, bool known, int status, const char *body, size_t n) {
    r->open--;
    if (status == 200 || status == 201) {
        acked(r, body, n);
    } else if (status == 503 || status == 429 || status == 401) { /* 401: by another token, later */
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

/* What a reader is shown has happened: no crash may take it back. */
static void is_shown(const char *body, const char *member) {
    for (const char *at = body; (at = strstr(at, member)); at++) {
        int64_t leaf = strtoll(at + strlen(member), NULL, 10);
        if (leaf > world->shown) world->shown = leaf;
    }
}

static void find_cases(const char *body) {
    for (const char *at = body; (at = strstr(at, "\"case\":\"")); at += 8) {
        char id[sizeof((sim_case *)0)->id];
        snprintf(id, sizeof id, "%.13s", at + 8);
        sim_case *c = *cases_like(id);
        while (c && strcmp(c->id, id) != 0) c = c->same;
        if (c) continue;
        c = sim_alloc(sizeof *c);
        c->seq = 1;
        add_case(c, id);
        world->counts.found++;
    }
}

static void answer(person *p, int status, const char *body, size_t n) {
    reading x = {p, {body, (uint32_t)n}};
    sim_request *r = p->doing;
    p->waiting = false;
    world->digest = sim_hash(sim_hash(world->digest, &status, sizeof status), body, n);
    sim_trace("%d ◀ %s %.150s", status, r ? r->key ? r->key : r->path : p->looking ? p->looking->id : "reading", body);
    if (status == 500) sim_fail("500 %s to %s", excerpt(body, n), r && r->body ? r->body : "a reader");
    if (status == 503 && sim_all_well(p) && p->since - world->healthy_since > RECOVERY_MS)
        sim_fail("503 %lld s after the disk was well again: %s", (long long)(world->now - world->healthy_since) / 1000,
                 excerpt(body, n));
    if (sim_accounts_answered(p, status, body)) {
        sim_put_aside(p);
        sim_next_turn(p);
        return;
    }
    sim_has_read(p, status, body);
    if (r) {
        answered_request(r, p->known, status, body, n);
    } else if (p->bulk_count) {
        answered_many(p, status, body);
    } else if (p->learning && status == 200) {
        if (tb_try(p->arena, learn, &x) != TB_OK) sim_fail("a matter is not told as API.md says: %s", excerpt(body, n));
    } else if (p->heading) {
        if (status == 200) is_shown(body, "\"size\":");
        if (status == 200 && n < sizeof world->head) memcpy(world->head, body, n + 1);
    } else if (p->history) {
        if (status == 200) is_shown(body, "\"leaf\":");
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
        if (status == 200)
            p->tagged = p->new_tag[0] ? c : NULL, p->tagged_seq = seq ? strtoll(seq + 6, NULL, 10) : 0,
            p->tagged_as = p->who;
        if (status == 200) memcpy(p->tag, p->new_tag, sizeof p->tag);
        if (status == 200 && tb_try(p->arena, choose, &x) != TB_OK)
            sim_fail("a case is not told as API.md says: %s", excerpt(body, n));
        p->looking = NULL;
        tb_arena_reset(p->arena);
        if (p->turn != before) return; /* it asks already */
    }
    sim_put_aside(p);
    p->looking = NULL, p->learning = NULL, p->fetching = NULL, p->finding = p->heading = p->history = false;
    tb_arena_reset(p->arena);
    sim_next_turn(p);
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

void sim_got(void *user, const char *bytes, size_t n) {
    person *p = user;
    if (n == 0) { /* closed */
        p->conn = NULL;
        p->n = 0;
        if (p->waiting) sim_no_answer(p);
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

static void stop_following(int64_t pause) {
    if (follower.conn) sim_hang_up(follower.conn);
    follower.conn = NULL;
    sim_after(pause, sim_follow, NULL);
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
        sim_after(sim_between(1, 3000), sim_follow, NULL);
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
    if (world->healing && world->quiet_until <= world->now && sim_leapt()) return; /* to the end */
    if ((uint64_t)(uintptr_t)arg == follower.turn && follower.conn) stop_following(sim_between(1, 5000));
}

void sim_follow(void *unused) {
    char text[300];
    (void)unused;
    int64_t quiet = world->quiet_until - world->now;
    if (quiet > 0) {
        sim_after(quiet + 1, sim_follow, NULL);
        return;
    }
    sim_token *token = world->auth ? sim_token_of(world->auditor) : NULL;
    int n = snprintf(text, sizeof text, "GET /v1/feed?after=%lld HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s\r\n",
                     (long long)world->told, token ? "Authorization: Bearer " : "", token ? sim_token_text(token) : "",
                     token ? "\r\n" : "");
    follower.n = follower.text_n = 0;
    follower.head = false;
    follower.conn = sim_connect(fed, NULL);
    sim_send(follower.conn, text, (size_t)n);
    /* Not for long: a follower is sent a sign of life every 15 s, through weeks in which nothing else happens. */
    sim_after(sim_between(10, 5000), enough, (void *)(uintptr_t)++follower.turn);
}

void sim_follower_begin(void) {
    if (!(follower.in = malloc(ANSWER_ROOM + 1)) || !(follower.text = malloc(ANSWER_ROOM + 1))) abort();
}
