/* tongban bench: durable acts a second over HTTP, beside a bare loop in the same run (DESIGN §7).
 *
 * The bare loop is measured twice: recording the same rows as the server (the yardstick: what differs is parsing, authority,
 * step and answer), and recording only an event and a case in two statements (lean: what the projections cost too).
 *
 * Absolute figures move with the machine; what counts is the ratio to the least any server of our durability does:
 * libuv, SQLite, group commit, the same client, the same bytes recorded, and no parse, no rules, no step
 * (tests/bench_bare.c). For each number of connections the two are measured in turn, several rounds, each on a fresh
 * database; the round with the median rate is shown.
 *
 * One client alone cannot be served faster than one round trip and one sync of the disk; so with one connection these two are
 * measured as well, in the same rounds: GET /healthz, and a write of two pages with fdatasync where the database lies.
 * The helpers bench_load and bench_bare are built by `make bench`,
 * which is the way to run this. */
#include "../files.h"
#include "command.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LEVELS = 8, ROUNDS = 9, OUTPUT = 4096, START_MS = 30000, SYNCS = 300, SYNC_BYTES = 2 * (4096 + 24) };

struct figures {
    double rate, p50, p99, bytes, errors; /* acts a second; microseconds; bytes written an act */
};
struct level {
    int connections;
    struct figures lean, bare, ours;
    double trip, sync; /* µs, medians; of one connection */
};
struct bench {
    tb_line *line;
    const char *load, *bare, *self; /* paths of the programs */
    char directory[PATH_MAX];
    double seconds;
    int rounds, state;
};

/* ---- child processes ---- */

/* Starts a program with its output in a pipe; -1 when it cannot. */
static pid_t start(const char *const *argv, int *output) {
    int pair[2];
    if (pipe(pair) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pair[1], STDOUT_FILENO);
        close(pair[0]);
        close(pair[1]);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(pair[1]);
    if (pid < 0) close(pair[0]);
    *output = pair[0];
    return pid;
}

/* Reads until `mark` was seen (then true) or the output ends; keeps what fits. */
static bool read_until(int fd, const char *mark, char out[OUTPUT]) {
    size_t n = 0;
    out[0] = '\0';
    while (n + 1 < OUTPUT) {
        ssize_t k = read(fd, out + n, OUTPUT - 1 - n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        n += (size_t)k;
        out[n] = '\0';
        const char *at = mark ? strstr(out, mark) : NULL;
        if (at && strchr(at, '\n')) return true;
    }
    return false;
}

static void stop(pid_t pid, int output) {
    kill(pid, SIGTERM);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    close(output); /* not before: its last words would break on a closed pipe */
}

static int free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0)
        port = ntohs(at.sin_port);
    if (fd >= 0) close(fd);
    return port;
}

/* ---- one measurement ---- */

static double figure(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : -1;
}

static bool load_client(struct bench *b, int port, pid_t server, const char *plan, int connections, struct figures *f) {
    char p[16], c[16], s[32], i[16], out[OUTPUT];
    snprintf(p, sizeof p, "%d", port);
    snprintf(c, sizeof c, "%d", connections);
    snprintf(s, sizeof s, "%.2f", b->seconds);
    snprintf(i, sizeof i, "%d", (int)server);
    const char *argv[] = {b->load,    "--port", p,       "--plan", plan, "--connections", c, "--seconds", s,
                          "--warmup", "1",      "--pid", i,        NULL};
    int output;
    pid_t pid = start(argv, &output);
    if (pid < 0) return false;
    read_until(output, "bench plan=", out);
    close(output);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    const char *line = strstr(out, "bench plan=");
    if (!line) return false;
    *f = (struct figures){figure(line, "acts_per_s="), figure(line, "p50_us="), figure(line, "p99_us="),
                          figure(line, "bytes_per_act="), figure(line, "errors=")};
    return f->rate > 0;
}

static void remove_database(const char *db) {
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char path[PATH_MAX + 16];
    for (int i = 0; i < 4; i++) snprintf(path, sizeof path, "%s%s", db, tails[i]), unlink(path);
}

static int by_size(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The median time to put two pages behind a file and have them on disk, µs; -1: it cannot be done. */
static double sync_time(struct bench *b) {
    static const char pages[SYNC_BYTES] = {1};
    double took[SYNCS];
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/sync", b->directory);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    for (int i = 0; i < SYNCS && ok; i++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        ok = write(fd, pages, sizeof pages) == (ssize_t)sizeof pages && fdatasync(fd) == 0;
        clock_gettime(CLOCK_MONOTONIC, &to);
        took[i] = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
    }
    if (fd >= 0) close(fd);
    unlink(path);
    if (!ok) return -1;
    qsort(took, SYNCS, sizeof *took, by_size);
    return took[SYNCS / 2];
}

enum who { LEAN, BARE, OURS };
/* `trip`: NULL, or where the time of a round trip goes. */
static bool measure(struct bench *b, enum who who, int connections, struct figures *f, double *trip) {
    char db[PATH_MAX + 16], address[32], port_text[16], state[16], out[OUTPUT];
    int port = free_port(), output;
    snprintf(db, sizeof db, "%s/bench.db", b->directory);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    snprintf(port_text, sizeof port_text, "%d", port);
    snprintf(state, sizeof state, "%d", b->state);
    const char *serve[] = {b->self, "serve", "--db", db, "--rules", "rules", "--listen", address, NULL};
    const char *bare[] = {b->bare, "--db", db, "--port", port_text, "--state", state,
                          "--rows", who == LEAN ? "lean" : "same", NULL};
    remove_database(db);
    pid_t pid = start(who == OURS ? serve : bare, &output);
    if (pid < 0) return false;
    bool ok = read_until(output, "http://", out) && 
              load_client(b, port, pid, who == OURS ? "case" : "bare", connections, f);
    struct figures ping = {0};
    if (ok && trip) ok = load_client(b, port, pid, "ping", 1, &ping);
    if (trip) *trip = ping.p50;
    stop(pid, output);
    remove_database(db);
    return ok;
}

static int by_rate(const void *x, const void *y) {
    double a = ((const struct figures *)x)->rate, b = ((const struct figures *)y)->rate;
    return (a > b) - (a < b);
}

/* The three in turn, `rounds` times; the median of each. */
static bool measure_level(struct bench *b, struct level *l) {
    struct figures lean[ROUNDS], bare[ROUNDS], ours[ROUNDS];
    double trip[ROUNDS], sync[ROUNDS];
    bool one = l->connections == 1;
    for (int r = 0; r < b->rounds; r++) {
        if (!b->line->json)
            fprintf(stderr, tb_line_say(b->line, "\r%d 个连接，第 %d/%d 轮… ", "\r%d connections, round %d of %d… "),
                    l->connections, r + 1, b->rounds);
        if (!measure(b, LEAN, l->connections, &lean[r], NULL) || !measure(b, BARE, l->connections, &bare[r], NULL) ||
            (one && (sync[r] = sync_time(b)) < 0) || !measure(b, OURS, l->connections, &ours[r], one ? &trip[r] : NULL))
            return false;
    }
    if (!b->line->json) fputs("\r\033[K", stderr);
    qsort(lean, (size_t)b->rounds, sizeof *lean, by_rate);
    qsort(bare, (size_t)b->rounds, sizeof *bare, by_rate);
    qsort(ours, (size_t)b->rounds, sizeof *ours, by_rate);
    l->lean = lean[b->rounds / 2];
    l->bare = bare[b->rounds / 2];
    l->ours = ours[b->rounds / 2];
    if (!one) return true;
    qsort(trip, (size_t)b->rounds, sizeof *trip, by_size);
    qsort(sync, (size_t)b->rounds, sizeof *sync, by_size);
    l->trip = trip[b->rounds / 2];
    l->sync = sync[b->rounds / 2];
    return true;
}

/* ---- telling ---- */

static void cell(tb_line *line, tb_table *t, const char *format, double value) {
    char text[64];
    snprintf(text, sizeof text, format, value);
    tb_table_cell(line, t, tb_str_copy(line->arena, tb_str_z(text)));
}

static void row(tb_line *line, tb_table *t, int connections, const char *who, const struct figures *f) {
    cell(line, t, "%.0f", connections);
    tb_table_cell(line, t, tb_str_z(who));
    cell(line, t, "%.0f", f->rate);
    cell(line, t, "%.2f", f->p50 / 1000);
    cell(line, t, "%.2f", f->p99 / 1000);
    cell(line, t, "%.0f", f->bytes);
    cell(line, t, "%.0f", f->errors);
}

static void ratio(tb_line *line, tb_table *t, int connections, const char *what, const struct figures *a,
                  const struct figures *b) {
    cell(line, t, "%.0f", connections);
    tb_table_cell(line, t, tb_str_z(what));
    cell(line, t, "%.2f", a->rate / b->rate);
    cell(line, t, "%.2f", a->p50 / b->p50);
    cell(line, t, "%.2f", a->p99 / b->p99);
    cell(line, t, "%.2f", a->bytes / b->bytes);
    tb_table_cell(line, t, TB_STR(""));
}

static void tell_people(tb_line *line, const struct level *levels, int n) {
    tb_table t = {.columns = 7, .right = 0x7D};
    const char *heads[] = {tb_line_say(line, "连接", "connections"),
                           "",
                           tb_line_say(line, "动作/秒", "acts/s"),
                           "p50 ms",
                           "p99 ms",
                           tb_line_say(line, "写盘字节/动作", "bytes written/act"),
                           tb_line_say(line, "错误", "errors")};
    for (int i = 0; i < 7; i++) tb_table_cell(line, &t, tb_str_z(heads[i]));
    for (int i = 0; i < n; i++) {
        const struct level *l = &levels[i];
        row(line, &t, l->connections, tb_line_say(line, "最简对照（两句）", "lean loop (two statements)"), &l->lean);
        row(line, &t, l->connections, tb_line_say(line, "空转对照（同样的行）", "bare loop (same rows)"), &l->bare);
        row(line, &t, l->connections, tb_line_say(line, "通办", "tongban"), &l->ours);
        ratio(line, &t, l->connections, tb_line_say(line, "比空转", "to the bare loop"), &l->ours, &l->bare);
        ratio(line, &t, l->connections, tb_line_say(line, "比最简", "to the lean loop"), &l->ours, &l->lean);
    }
    tb_table_put(line, &t);
    for (int i = 0; i < n; i++)
        if (levels[i].trip > 0)
            tb_putf(&line->out,
                    tb_line_say(line, "一个连接：往返 %.2f ms，落盘 %.2f ms；一个动作 p50 %.2f ms，是两者之和的 %.2f 倍\n",
                                "one connection: round trip %.2f ms, sync %.2f ms; an act p50 %.2f ms, %.2f times their sum\n"),
                    levels[i].trip / 1000, levels[i].sync / 1000, levels[i].ours.p50 / 1000,
                    levels[i].ours.p50 / (levels[i].trip + levels[i].sync));
}

static void put_figures(tb_buf *b, const char *name, const struct figures *f) {
    tb_putf(b, "\"%s\":{\"acts_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"bytes_per_act\":%.0f,\"errors\":%.0f}",
            name, f->rate, f->p50, f->p99, f->bytes, f->errors);
}

static void tell_programs(tb_line *line, const struct level *levels, int n) {
    tb_puts(&line->out, "{\"levels\":[");
    for (int i = 0; i < n; i++) {
        tb_putf(&line->out, "%s{\"connections\":%d,", i ? "," : "", levels[i].connections);
        put_figures(&line->out, "lean", &levels[i].lean);
        tb_puts(&line->out, ",");
        put_figures(&line->out, "bare", &levels[i].bare);
        tb_puts(&line->out, ",");
        put_figures(&line->out, "tongban", &levels[i].ours);
        tb_putf(&line->out, ",\"ratio\":{\"acts_per_s\":\"%.2f\",\"p99\":\"%.2f\",\"bytes\":\"%.2f\",\"acts_per_s_lean\":\"%.2f\"}",
                levels[i].ours.rate / levels[i].bare.rate, levels[i].ours.p99 / levels[i].bare.p99,
                levels[i].ours.bytes / levels[i].bare.bytes, levels[i].ours.rate / levels[i].lean.rate);
        if (levels[i].trip > 0)
            tb_putf(&line->out, ",\"trip_us\":%.0f,\"sync_us\":%.0f", levels[i].trip, levels[i].sync);
        tb_puts(&line->out, "}");
    }
    tb_puts(&line->out, "]}\n");
}

/* ---- the command ---- */

/* build/tongban → build/obj/tests/bench_load */
static const char *helper(tb_line *line, const char *self, const char *name) {
    tb_str path =
        tb_path_under(line->arena, tb_path_directory(tb_str_z(self)), tb_str_printf(line->arena, "obj/tests/%s", name));
    if (access(path.p, X_OK) == 0) return path.p;
    tb_line_error(line, "缺少 %s。请用 make bench 运行，它会先编译压测程序",
                  "%s is missing; run make bench, which builds the helpers first", path.p);
    return NULL;
}

static int number(tb_line *line, const char *flag, int otherwise, int least, int most) {
    const char *given = tb_line_value(line, flag);
    char *end;
    long n = given ? strtol(given, &end, 10) : otherwise;
    if (given && (*end || end == given || n < least || n > most)) {
        tb_line_error(line, "--%s 应在 %d 到 %d 之间，不是“%s”", "--%s lies between %d and %d, not \"%s\"", flag, least,
                      most, given);
        return -1;
    }
    return (int)n;
}

static int run(tb_line *line) {
    static const int usual[] = {1, 16, 64, 256};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return tb_line_error(line, "找不到程序自身的路径", "cannot find this program's own path");
    self[n] = '\0';
    struct bench b = {
        .line = line, .self = self, .load = helper(line, self, "bench_load"), .bare = helper(line, self, "bench_bare")};
    if (!b.load || !b.bare) return TB_EXIT_FAILED;
    int seconds = number(line, "seconds", 3, 1, 600), one = number(line, "connections", 0, 1, 4096);
    b.rounds = number(line, "rounds", 3, 1, ROUNDS);
    b.state = number(line, "state", 1030, 1, 4096);
    if (seconds < 0 || one < 0 || b.rounds < 0 || b.state < 0) return TB_EXIT_FAILED;
    b.seconds = seconds;
    const char *under = tb_line_value(line, "dir");
    snprintf(b.directory, sizeof b.directory, "%s/tongban-bench-XXXXXX",
             under ? under : tb_str_copy(line->arena, tb_path_directory(tb_str_z(self))).p);
    if (!mkdtemp(b.directory))
        return tb_line_error(line, "建不了目录 %s：%s", "cannot make %s: %s", b.directory, strerror(errno));
    struct level levels[LEVELS];
    int count = one ? 1 : (int)(sizeof usual / sizeof *usual), code = TB_EXIT_CLEAN;
    for (int i = 0; i < count && code == TB_EXIT_CLEAN; i++) {
        levels[i].connections = one ? one : usual[i];
        if (!measure_level(&b, &levels[i]))
            code = tb_line_error(line, "有一轮没有跑完（服务器或压测程序没有起来）",
                                 "a round did not finish (a server or the load client did not start)");
    }
    rmdir(b.directory);
    if (code != TB_EXIT_CLEAN) return code;
    if (line->json) tell_programs(line, levels, count);
    else tell_people(line, levels, count);
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"connections", "数", "只测这个连接数，缺省 1、16、64、256",
     "only this many connections; 1, 16, 64, 256 when absent"},
    {"seconds", "秒", "每次测量的时长，缺省 3", "how long each measurement takes, 3 when absent"},
    {"rounds", "轮", "每个连接数测几轮取中位，缺省 3", "rounds a level, the median counts, 3 when absent"},
    {"state", "字节", "对照程序每个办件记录的字节，缺省 1030：连同事件与通办写的一样多",
     "bytes the bare loop records a case, 1030 when absent: with the event, as much as ours"},
    {"dir", "目录", "数据库放在哪个磁盘，缺省程序所在目录",
     "where the databases lie, the program's directory when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_bench = {
    .name = "bench",
    .arguments = "[--connections 数] [--seconds 秒] [--rounds 轮]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "量每秒落盘的动作数，与空转对照程序同场比较",
    .en = "measure durable acts a second beside a bare loop in the same run",
    .more_zh = "请用 make bench 运行：它会先编译压测程序。绝对数随机器而变，看比值。",
    .more_en =
        "Run it as `make bench`, which builds the helpers. Absolute figures move with the machine; look at the ratios.",
};
