/* What operators and their programs see of a server that is not well, and of one that is: /healthz, /metrics, the lines it says, what it
 * tells systemd. */
#include "hosted.h"
#include "rules.h"
#include "served.h"
#include "store.h"
#include <jansson.h>
#include <stdatomic.h>
#include <sys/un.h>

#define RULES "{\"files\":{" WORLD_FILES "," FILE_OF("事项/甲.tb", MATTER_NAMED("办甲")) "},\"by\":\"测试\",\"request\":\"装\"}"
#define APPLY(key) \
    "{\"matter\":\"办甲\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\",\"place\":\"370402\"},\"request\":\"" key "\"}"

static atomic_int faults_left, fault_result;

static int fault(void *user, const char *point) {
    (void)user;
    if (strcmp(point, TB_FAULT_BEGIN) != 0 || atomic_load(&faults_left) <= 0) return 0;
    atomic_fetch_sub(&faults_left, 1);
    return atomic_load(&fault_result);
}

static char said[20000];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void hear(void *user, const tb_said *line) {
    (void)user;
    pthread_mutex_lock(&lock);
    size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, "%s %s %s\n", line->level, line->event, line->text);
    pthread_mutex_unlock(&lock);
}
static int heard(const char *what) {
    int n = 0;
    pthread_mutex_lock(&lock);
    for (const char *p = said; (p = strstr(p, what)); p += strlen(what)) n++;
    pthread_mutex_unlock(&lock);
    return n;
}

static bool open_server(host *h, tb_memory_disk *disk, const char *clock) {
    tb_store *store = NULL;
    tb_store_error error;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io, .fault = fault};
    said[0] = '\0';
    return CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK) &&
           CHECK(open_host(h, (tb_server_options){.store = store, .io = io, .test_clock = clock, .say = hear}));
}

/* Writes fail; nobody sends one any more; the server finds out by itself that they work again. */
static void test_failing(void) {
    host h;
    if (!open_server(&h, NULL, "2026-03-02 09:00")) return;
    int fd = dial(h.port), status = 0;
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    CHECK_INT(heard("info load 测试 装载了 1 个新版本，首个是 办甲，日历或组织有变化\n"), 1);
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
    CHECK(says("\"status\":\"ok\"") && says("\"store\":\"open\""));
    atomic_store(&fault_result, TB_STORE_RETRY);
    atomic_store(&faults_left, 3);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("1")), 503);
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 503);
    CHECK(says("\"status\":\"degraded\"") && says("\"store\":\"failing\"") && says("\"failing_ms\":") && says("\"failed_batches\":") &&
          says("\"last_failure\":\""));
    for (int i = 0; i < 3000 && status != 200; i++) {
        status = ask(fd, "GET", "/healthz", "");
        usleep(10000);
    }
    CHECK_INT(status, 200);
    CHECK(says("\"store\":\"open\"") && !strstr(answer, "failing_ms"));
    CHECK_INT(atomic_load(&faults_left), 0);
    CHECK_INT(heard("error batch_failed"), 1); /* told once, not each second */
    CHECK_INT(heard("info recovered"), 1);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("1")), 201);
    /* in doubt is told, and over when the log has been read again */
    atomic_store(&fault_result, TB_STORE_UNKNOWN);
    atomic_store(&faults_left, 1);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("2")), 503);
    for (int i = 0; i < 3000 && ask(fd, "GET", "/healthz", "") != 200; i++) usleep(10000);
    CHECK(says("\"status\":\"ok\""));
    CHECK_INT(heard("error store_unknown"), 1);
    CHECK_INT(heard("info recovered"), 2);
    close(fd);
    close_host(&h);
}

static double measured(const char *name) {
    char mark[100];
    snprintf(mark, sizeof mark, "\n%s ", name);
    const char *p = strstr(answer, mark);
    if (!p) fprintf(stderr, "    no %s in %.3000s\n", name, answer);
    return p ? atof(p + strlen(mark)) : -1;
}

static void test_measures(void) {
    host h;
    char path[80];
    if (!open_server(&h, NULL, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("1")), 201);
    snprintf(path, sizeof path, "/v1/cases/%.13s/acts", strstr(answer, "\"id\":\"") + 6);
    CHECK_INT(ask(fd, "POST", path, "{\"act\":\"材料齐全\",\"by\":{\"person\":\"王五\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":\"a\"}"), 403);
    CHECK_INT(ask(fd, "POST", path, "{\"act\":\"材料齐全\",\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":\"a\"}"), 200);
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-09T10:00:00+08:00\"}"), 200);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
    CHECK_INT(measured("tongban_act_seconds_count"), 2);
    CHECK(measured("tongban_act_seconds_sum") > 0);
    CHECK_INT(measured("tongban_act_seconds_bucket{le=\"+Inf\"}"), 2);
    CHECK(measured("tongban_commit_batch_count") >= 3);
    CHECK_INT(measured("tongban_commit_seconds_count"), measured("tongban_commit_batch_count"));
    CHECK(measured("tongban_commit_batch_sum") >= measured("tongban_commit_batch_count"));
    CHECK_INT(measured("tongban_refusals_total{code=\"NOT_HOLDER\"}"), 1);
    CHECK_INT(measured("tongban_refused_total"), 1);
    CHECK_INT(measured("tongban_commit_failing"), 0);
    /* each family is announced once, each bucket holds those below it */
    double last = 0;
    for (const char *p = answer; (p = strstr(p, "\ntongban_act_seconds_bucket{")); p++) {
        double now = atof(strchr(p, '}') + 1);
        CHECK(now >= last);
        last = now;
    }
    CHECK_INT(last, 2);
    for (const char *p = answer, *end; (p = strstr(p, "# TYPE ")); p = end) {
        char line[120];
        end = p + strcspn(p, "\n");
        snprintf(line, sizeof line, "%.*s", (int)strcspn(p + 7, " ") + 8, p);
        if (!CHECK(!strstr(end, line))) fprintf(stderr, "    twice: %s\n", line);
    }
    close(fd);
    close_host(&h);
}

/* The wall clock stands behind the log: told, once, and events bear the last one's time. */
static void test_clock(void) {
    tb_memory_disk *disk = tb_memory_disk_new();
    host h;
    if (!open_server(&h, disk, "2099-03-02 09:00")) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    close(fd);
    close_host(&h);
    if (!open_server(&h, disk, NULL)) return;
    fd = dial(h.port);
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
    CHECK(says("\"clock_behind_ms\":") && says("\"now\":\"2099-03-02T09:00:00+08:00\""));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("1")), 201);
    CHECK(says("\"entered\":\"2099-03-02T09:00:00+08:00\""));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("2")), 201);
    CHECK_INT(heard("warning clock_back"), 1);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
    CHECK(measured("tongban_clock_behind_seconds") > 86400.0 * 365);
    close(fd);
    close_host(&h);
    tb_memory_disk_free(disk);
}

/* ---- the program, and systemd ---- */

static bool told(int fd, char *out, size_t room, const char *what) {
    for (;;) { /* datagrams come in order; others may stand between */
        ssize_t n = recv(fd, out, room - 1, 0);
        if (n < 0) return CHECK(!"the supervisor was told nothing within its patience");
        out[n] = '\0';
        if (strstr(out, what)) return true;
    }
}

static void test_systemd(void) {
    char directory[256], db[300], text[2000];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 60};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    served s;
    if (!CHECK(served_directory(directory, "supervised"))) return;
    snprintf(db, sizeof db, "%s/a.db", directory);
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/notify", directory);
    CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    setenv("WATCHDOG_USEC", "100000", 1);
    CHECK(served_start(&s, db, (const char *const[]){"--json", NULL}));
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    if (told(fd, text, sizeof text, "READY=1")) CHECK(strstr(text, "STATUS=服务在 http://127.0.0.1:"));
    told(fd, text, sizeof text, "WATCHDOG=1");
    told(fd, text, sizeof text, "WATCHDOG=1");
    kill(s.pid, SIGTERM);
    told(fd, text, sizeof text, "STOPPING=1");
    /* what it said are lines of JSON */
    size_t n = strlen(s.said);
    for (ssize_t k; n + 1 < sizeof s.said && (k = read(s.output, s.said + n, sizeof s.said - 1 - n)) > 0;) n += (size_t)k;
    s.said[n] = '\0';
    int lines = 0, status = served_end(&s, SIGTERM);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (char *line = s.said, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        const char *level, *event, *when, *words;
        json_t *o = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
        if (!CHECK_INT(json_unpack(o, "{s:s,s:s,s:s,s:s!}", "at", &when, "level", &level, "event", &event, "text", &words), 0))
            fprintf(stderr, "    %s\n", line);
        else if (lines == 0) CHECK_STR(event, "listening");
        json_decref(o);
    }
    CHECK_INT(lines, 2);
    CHECK(strstr(s.said, "\"event\":\"signal\""));
    close(fd);
    unlink(at.sun_path);
    served_remove(directory, db);
}

int main(void) {
    test_failing();
    test_measures();
    test_clock();
    test_systemd();
    return check_end();
}
