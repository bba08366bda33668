/* The crash test: kills a loaded server with SIGKILL at random moments, starts it again on the same database, and asks
 * what is there.
 *
 * After every kill (DESIGN §8): each acknowledged act is in its case's history exactly once, where its answer said;
 * anything else there was sent, is whole, and its retry gets the original answer; nothing else exists at all (the
 * log's length is accounted for to the event). At the end a sample of all requests ever acknowledged is sent again and
 * must get the same bytes, and the whole database must replay.
 *
 *   test_crash [kills [seed]]      50 kills unless told otherwise (or TB_KILLS); the seed is printed */
#include "canonical.h"
#include "check.h"
#include "client.h"
#include "served.h"
#include <pthread.h>
#include <time.h>

enum { WORKERS = 8, STEPS = 6, SAMPLE = 300 };

/* The way of a case through 开具户籍类证明, with one return; who acts is asked of the server once. */
static const char *const way[STEPS] = {"（提交）", "需要查档", "查到记载", "记载有疑", "查到记载", "核对无误"};
static const char *const inputs[STEPS] = {"",
                                          "{\"查档事由\":\"甲\",\"预计时限\":\"乙\"}",
                                          "{\"档案出处\":\"丙\"}",
                                          "{\"疑点\":\"丁\"}",
                                          "{\"档案出处\":\"戊\"}",
                                          "{}"};
static char by[STEPS][160];

typedef struct request {
    int step;
    int64_t seq; /* as answered; 0: not answered */
    char *answer;
} request;
typedef struct dossier { /* a case and everything ever asked about it */
    char id[16];
    request sent[STEPS];
    int count; /* of sent; the last one may be unanswered */
    int number;
} dossier;
typedef struct worker {
    int index;
    pthread_t thread;
    dossier *cases;
    int count, room;
    int checked; /* cases before this one were finished and checked after an earlier kill */
    bool answered_wrongly;
} worker;

static struct {
    char url[64];
    worker workers[WORKERS];
    uint64_t random;
    int64_t base; /* leaves before the first request */
} g;

static uint64_t chance(uint64_t below) {
    g.random = g.random * 6364136223846793005u + 1442695040888963407u;
    return (g.random >> 33) % below;
}

/* ---- requests ---- */

static void request_of(const worker *w, const dossier *d, int step, char path[128], char body[1024]) {
    if (step == 0) {
        snprintf(path, 128, "/v1/cases");
        snprintf(body, 1024,
                 "{\"matter\":\"开具户籍类证明\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"李四\",\"公民身份号码\":"
                 "\"11010519491231002X\","
                 "\"户口所在地\":\"370402\",\"证明种类\":\"亲属关系证明\",\"证明用途\":\"入学\",\"手机号码\":"
                 "\"13800000000\"},"
                 "\"by\":{\"person\":\"李四\",\"place\":\"370402\"},\"request\":\"w%d-c%d-s0\"}",
                 w->index, d->number);
        return;
    }
    snprintf(path, 128, "/v1/cases/%s/acts", d->id);
    snprintf(body, 1024, "{\"act\":\"%s\",\"by\":%s,\"input\":%s,\"request\":\"w%d-c%d-s%d\"}", way[step], by[step],
             inputs[step], w->index, d->number, step);
}

/* 0: no answer came. */
static int ask(tb_client *c, const char *method, const char *path, const char *body, char **answer) {
    char error[TB_CLIENT_ERROR];
    size_t n;
    int status = 0;
    *answer = NULL;
    if (!c || tb_client_request(c, method, path, body, body ? strlen(body) : 0, &status, answer, &n, error)) return 0;
    return status;
}

static tb_client *connect_to(void) {
    char error[TB_CLIENT_ERROR];
    return tb_client_new(g.url, error);
}

static int64_t number_in(const char *answer, const char *member) {
    const char *at = answer ? strstr(answer, member) : NULL;
    return at ? strtoll(at + strlen(member), NULL, 10) : 0;
}

static void take_answer(dossier *d, request *r, char *answer) {
    const char *id = r->step == 0 ? strstr(answer, "\"id\":\"") : NULL;
    r->seq = number_in(answer, "\"seq\":");
    r->answer = answer;
    if (id) snprintf(d->id, sizeof d->id, "%.13s", id + 6);
}

/* The case in hand, or a new one when that is done. */
static dossier *in_hand(worker *w) {
    if (w->count && w->cases[w->count - 1].count < STEPS) return &w->cases[w->count - 1];
    if (w->count == w->room) {
        w->room = w->room ? 2 * w->room : 64;
        w->cases = realloc(w->cases, (size_t)w->room * sizeof *w->cases);
        if (!w->cases) abort();
    }
    w->cases[w->count] = (dossier){.number = w->count};
    return &w->cases[w->count++];
}

static void *load(void *arg) {
    worker *w = arg;
    tb_client *c = connect_to();
    for (;;) {
        char path[128], body[1024], *answer;
        dossier *d = in_hand(w);
        request *r = &d->sent[d->count++];
        *r = (request){.step = d->count - 1};
        request_of(w, d, r->step, path, body);
        int status = ask(c, "POST", path, body, &answer);
        if (status == 200 || status == 201) {
            take_answer(d, r, answer);
            continue;
        }
        if (status && status != 503) { /* 503: a server on its way down may say so; anything else is wrong */
            w->answered_wrongly = true;
            fprintf(stderr, "%s %s\n  answered %d %s\n", path, body, status, answer ? answer : "");
        }
        free(answer);
        break;
    }
    tb_client_free(c);
    return NULL;
}

/* ---- after a kill ---- */

/* How often the key of a step stands in a history, and where (its seq). */
static int found(const char *history, const worker *w, const dossier *d, int step, int64_t *seq) {
    char key[64];
    int n = 0;
    snprintf(key, sizeof key, "\"request\":\"w%d-c%d-s%d\"", w->index, d->number, step);
    for (const char *at = history; (at = strstr(at, key)); at++, n++) {
        const char *event = NULL;
        for (const char *e = strstr(history, "{\"seq\":"); e && e < at; e = strstr(e + 1, "{\"seq\":")) event = e;
        *seq = event ? strtoll(event + 7, NULL, 10) : 0;
    }
    return n;
}

static int events_in(const char *history) {
    int n = 0;
    for (const char *at = history; (at = strstr(at, "{\"seq\":")); at++) n++;
    return n;
}

static char *history_of(tb_client *c, const dossier *d) {
    char path[128], *answer;
    snprintf(path, sizeof path, "/v1/cases/%s/history", d->id);
    CHECK_INT(ask(c, "GET", path, NULL, &answer), 200);
    return answer;
}

/* The unanswered last request of a case: is it there? Its retry must be accepted, and a second retry get the same
 * bytes. */
static void settle(tb_client *c, worker *w, dossier *d) {
    char path[128], body[1024], *first, *second, *history = NULL;
    request *r = &d->sent[d->count - 1];
    int64_t seq = 0;
    bool there = false;
    if (d->count == 0 || r->answer) return;
    if (r->step > 0 && (history = history_of(c, d))) {
        int n = found(history, w, d, r->step, &seq);
        CHECK(n <= 1);
        there = n == 1;
    }
    free(history);
    request_of(w, d, r->step, path, body);
    int status = ask(c, "POST", path, body, &first);
    if (!CHECK(status == 200 || status == 201))
        fprintf(stderr, "retry of %s: %d %s\n", body, status, first ? first : "");
    CHECK(ask(c, "POST", path, body, &second) == status);
    CHECK_STR(second, first);
    free(second);
    if (!first) return;
    take_answer(d, r, first);
    if (there) CHECK_INT(r->seq, seq);
}

static void check_case(tb_client *c, const worker *w, const dossier *d) {
    char *history = history_of(c, d);
    if (!history) return;
    CHECK_INT(events_in(history), d->count); /* nothing but what was sent */
    for (int i = 0; i < d->count; i++) {
        int64_t seq = 0;
        CHECK_INT(found(history, w, d, d->sent[i].step, &seq), 1);
        CHECK_INT(seq, d->sent[i].seq);
    }
    free(history);
}

static int64_t leaf_now(tb_client *c) {
    char *answer;
    CHECK_INT(ask(c, "GET", "/healthz", NULL, &answer), 200);
    int64_t leaf = number_in(answer, "\"leaf\":");
    free(answer);
    return leaf;
}

static void look(void) {
    int64_t sent = 0, unanswered = 0;
    tb_client *c = connect_to();
    if (!CHECK(c)) return;
    for (int i = 0; i < WORKERS; i++)
        for (int k = 0; k < g.workers[i].count; k++) {
            const dossier *d = &g.workers[i].cases[k];
            sent += d->count;
            if (d->count && !d->sent[d->count - 1].answer) unanswered++;
        }
    int64_t before = leaf_now(c) - g.base;
    CHECK(before >= sent - unanswered && before <= sent);
    for (int i = 0; i < WORKERS; i++) {
        worker *w = &g.workers[i];
        if (w->count) settle(c, w, &w->cases[w->count - 1]);
        for (; w->checked < w->count; w->checked++) check_case(c, w, &w->cases[w->checked]);
        if (w->count && w->cases[w->count - 1].count < STEPS)
            w->checked = w->count - 1; /* goes on: look again next time */
    }
    CHECK_INT(leaf_now(c) - g.base, sent);
    tb_client_free(c);
}

static void ask_again(void) {
    tb_client *c = connect_to();
    for (int i = 0; i < SAMPLE && c; i++) {
        char path[128], body[1024], *answer;
        worker *w = &g.workers[chance(WORKERS)];
        dossier *d = w->count ? &w->cases[chance((uint64_t)w->count)] : NULL;
        if (!d || !d->count) continue;
        request *r = &d->sent[chance((uint64_t)d->count)];
        request_of(w, d, r->step, path, body);
        int status = ask(c, "POST", path, body, &answer);
        CHECK(status == 200 || status == 201);
        CHECK_STR(answer, r->answer);
        free(answer);
    }
    tb_client_free(c);
}

/* ---- the test ---- */

/* Takes one case along the way and notes who can do each act. */
static bool scout(void) {
    tb_client *c = connect_to();
    worker w = {.index = 99};
    dossier d = {.number = 0};
    bool ok = c != NULL;
    for (int step = 0; ok && step < STEPS; step++) {
        char path[128], body[1024], act[64], *answer;
        if (step > 0) {
            snprintf(path, sizeof path, "/v1/cases/%s", d.id);
            ask(c, "GET", path, NULL, &answer);
            snprintf(act, sizeof act, "{\"act\":\"%s\"", way[step]);
            const char *at = answer ? strstr(answer, act) : NULL, *post = at ? strstr(at, "\"posts\":[\"") : NULL,
                       *person = at ? strstr(at, "\"people\":[\"") : NULL;
            ok = post && person;
            if (ok)
                snprintf(by[step], sizeof by[step], "{\"person\":\"%.*s\",\"post\":\"%.*s\",\"place\":\"370402\"}",
                         (int)strcspn(person + 11, "\""), person + 11, (int)strcspn(post + 10, "\""), post + 10);
            free(answer);
        }
        request_of(&w, &d, step, path, body);
        int status = ok ? ask(c, "POST", path, body, &answer) : 0;
        ok = status == 200 || status == 201;
        if (!ok)
            fprintf(stderr, "the way of a case is blocked at %s: %d %s\n", way[step], status, status ? answer : "");
        else {
            request r = {.step = step};
            take_answer(&d, &r, answer);
            free(r.answer);
        }
    }
    g.base = ok ? leaf_now(c) : 0;
    tb_client_free(c);
    return ok;
}

static bool start(served *s, const char *db) {
    bool ok = CHECK(served_start(s, db, NULL));
    if (!ok) fprintf(stderr, "the server did not start:\n%s\n", s->said);
    memcpy(g.url, s->url, sizeof g.url);
    return ok;
}

static void pause_us(uint64_t us) { nanosleep(&(struct timespec){.tv_nsec = (long)us * 1000}, NULL); }

static void crash(const char *db, int kills) {
    served s;
    bool up = start(&s, db) && CHECK(scout());
    for (int round = 0; up && round < kills && check_failed < 10; round++) {
        for (int i = 0; i < WORKERS; i++) {
            g.workers[i].index = i;
            if (pthread_create(&g.workers[i].thread, NULL, load, &g.workers[i]) != 0) abort();
        }
        pause_us(2000 + chance(120000));
        served_end(&s, SIGKILL);
        for (int i = 0; i < WORKERS; i++) {
            pthread_join(g.workers[i].thread, NULL);
            CHECK(!g.workers[i].answered_wrongly);
        }
        if (chance(4) == 0 && round + 1 < kills) { /* and once more while it comes up */
            round++;
            if (!start(&s, db)) return;
            pause_us(chance(3000));
            served_end(&s, SIGKILL);
        }
        up = start(&s, db);
        if (up) look();
    }
    if (!up) return;
    ask_again();
    CHECK_INT(served_end(&s, SIGTERM), 0);
    CHECK_INT(served_run((const char *const[]){"replay", "--db", db, NULL}), 0);
}

int main(int argc, char **argv) {
    const char *wish = getenv("TB_KILLS");
    char directory[256], db[300];
    int kills = argc > 1 ? atoi(argv[1]) : wish ? atoi(wish) : 50;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
    int64_t acts = 0;
    g.random = seed;
    printf("%d kills, seed %llu\n", kills, (unsigned long long)seed);
    fflush(stdout);
    signal(SIGPIPE, SIG_IGN);
    if (CHECK(served_directory(directory, "crash"))) {
        snprintf(db, sizeof db, "%s/t.db", directory);
        crash(db, kills);
        served_remove(directory, db);
    }
    for (int i = 0; i < WORKERS; i++) {
        for (int k = 0; k < g.workers[i].count; k++) {
            acts += g.workers[i].cases[k].count;
            for (int n = 0; n < g.workers[i].cases[k].count; n++) free(g.workers[i].cases[k].sent[n].answer);
        }
        free(g.workers[i].cases);
    }
    printf("%lld events sent\n", (long long)acts);
    return check_end();
}
