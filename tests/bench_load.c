/* The load client of the benchmarks: N connections in a closed loop (each sends its next request when the last one is
 * answered), one thread, epoll. The same client drives the bare loop (bench_bare.c) and the server, so that their
 * ratio means something.
 *
 *   bench_load --port 8420 [--plan bare] [--connections 64] [--seconds 5] [--warmup 1] [--pid SERVER]
 *
 * Latency is from the send of an act to the last byte of its answer. Bytes written are the server's write_bytes in
 * /proc/PID/io over the measured seconds: what it dirtied in the page cache, log and checkpoints together. Ends with
 * one line for programs: `bench plan=… connections=… acts=… acts_per_s=… p50_us=… p99_us=… max_us=… errors=…
 * bytes_per_act=…`. */
#include "bench_load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 64 * 1024, REPLY_BYTES = 4 * 1024 * 1024, EVENTS = 256, MAX_CONNECTIONS = 4096 };

size_t bench_post(char *buf, size_t room, const char *path, const char *body, size_t body_n) {
    int n = snprintf(buf, room,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n", path, body_n);
    if (n < 0 || (size_t)n + body_n > room) return 0;
    memcpy(buf + n, body, body_n);
    return (size_t)n + body_n;
}

/* ---- the plan for the bare loop: 300 bytes to a case, five acts a case, as a short matter has ---- */

enum { BARE_BODY = 300, BARE_ACTS = 5 };

struct bare {
    int64_t connection, connections, acts;
    char body[BARE_BODY];
};

static void *bare_start(int connection, int connections, uint64_t seed) {
    struct bare *b = malloc(sizeof *b);
    if (!b) return NULL;
    *b = (struct bare){.connection = connection, .connections = connections};
    for (int i = 0; i < BARE_BODY; i++) { /* not compressible, and text */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        b->body[i] = (char)('a' + (seed >> 60));
    }
    return b;
}

static size_t bare_next(void *state, const bench_reply *last, char *buf, size_t room, bool *is_act) {
    struct bare *b = state;
    char path[64];
    if (last && last->status != 200) return 0;
    int64_t case_id = b->connection + 1 + b->connections * (b->acts++ / BARE_ACTS);
    snprintf(path, sizeof path, "/cases/%" PRId64 "/acts", case_id);
    *is_act = true;
    return bench_post(buf, room, path, b->body, sizeof b->body);
}

static const bench_plan bench_plan_bare = {"bare", "300 bytes to bench_bare, five acts a case", bare_start, free, bare_next};

/* ---- the plan that asks for nothing: a round trip, the server's reading and answering included ---- */

static void *ping_start(int connection, int connections, uint64_t seed) {
    (void)connection, (void)connections, (void)seed;
    return malloc(1);
}

static size_t ping_next(void *state, const bench_reply *last, char *buf, size_t room, bool *is_act) {
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    (void)state;
    if ((last && last->status != 200) || room < sizeof request) return 0;
    *is_act = true;
    memcpy(buf, request, sizeof request - 1);
    return sizeof request - 1;
}

static const bench_plan bench_plan_ping = {"ping", "GET /healthz", ping_start, free, ping_next};

extern const bench_plan bench_plan_case; /* bench_plan_case.c: the real server */
static const bench_plan *const plans[] = {&bench_plan_bare, &bench_plan_case, &bench_plan_ping};

enum { PLANS = sizeof plans / sizeof *plans };

/* ---- connections ---- */

struct connection {
    int fd;
    void *state;
    char *out, *in;
    size_t out_n, out_at, in_n, in_room;
    bool is_act, dead;
    int64_t sent_ns;
};

struct run {
    const bench_plan *plan;
    int epoll, live;
    bool measuring;
    uint64_t acts, errors;
    uint32_t *samples; /* µs */
    size_t samples_n, samples_room;
};

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void give_up(struct run *r, struct connection *c, const char *why) {
    int n = c->in_n < 600 ? (int)c->in_n : 600;
    if (r->errors++ < 3) fprintf(stderr, "bench_load: connection given up: %s\n%.*s\n", why, n, c->in);
    close(c->fd);
    c->dead = true;
    r->live--;
}

static void watch(struct run *r, struct connection *c, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, c->fd, &e) != 0) die("epoll_ctl");
}

static void push(struct run *r, struct connection *c) {
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(r, c, EPOLLIN | EPOLLOUT);
            return;
        }
        if (n < 0) {
            give_up(r, c, strerror(errno));
            return;
        }
        c->out_at += (size_t)n;
    }
}

static void ask(struct run *r, struct connection *c, const bench_reply *last) {
    c->is_act = false;
    c->out_n = r->plan->next(c->state, last, c->out, REQUEST_BYTES, &c->is_act);
    c->out_at = 0;
    if (!c->out_n) {
        give_up(r, c, "the plan ended it");
        return;
    }
    c->in_n = 0;
    c->sent_ns = now_ns();
    push(r, c);
}

static void sample(struct run *r, int64_t ns) {
    if (r->samples_n == r->samples_room) {
        r->samples_room = r->samples_room ? r->samples_room * 2 : 1 << 16;
        r->samples = realloc(r->samples, r->samples_room * sizeof *r->samples);
        if (!r->samples) die("memory");
    }
    r->samples[r->samples_n++] = (uint32_t)(ns / 1000);
}

/* The length of the body, from the head; -1 when there is none (then it is taken to be empty). */
static long content_length(const char *head, const char *end) {
    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, "content-length:", 15) == 0) return strtol(line + 17, NULL, 10);
    return 0;
}

static void pull(struct run *r, struct connection *c) {
    for (;;) {
        if (c->in_room - c->in_n < 4096) {
            if (c->in_room >= REPLY_BYTES) {
                give_up(r, c, "an answer too long");
                return;
            }
            c->in = realloc(c->in, c->in_room *= 2);
            if (!c->in) die("memory");
        }
        ssize_t n = recv(c->fd, c->in + c->in_n, c->in_room - c->in_n - 1, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            give_up(r, c, n ? strerror(errno) : "closed by the server");
            return;
        }
        c->in_n += (size_t)n;
        c->in[c->in_n] = '\0';
        const char *end = strstr(c->in, "\r\n\r\n");
        if (!end) continue;
        size_t head = (size_t)(end - c->in) + 4, body = (size_t)content_length(c->in, end);
        if (c->in_n < head + body) continue;
        bench_reply reply = {.status = c->in_n > 12 ? atoi(c->in + 9) : 0, .body = c->in + head, .body_n = body};
        if (r->measuring && c->is_act && reply.status < 300) {
            r->acts++;
            sample(r, now_ns() - c->sent_ns);
        } else if (r->measuring && reply.status >= 300) {
            r->errors++;
        }
        ask(r, c, &reply);
        return;
    }
}

static void open_connection(struct run *r, struct connection *c, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
    c->out = malloc(REQUEST_BYTES);
    c->in = malloc(c->in_room = 16384);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (!c->state || !c->out || !c->in || epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) die("memory");
}

static void turn_until(struct run *r, int64_t end) {
    struct epoll_event events[EVENTS];
    while (r->live > 0) {
        int64_t left = end - now_ns();
        if (left <= 0) return;
        int n = epoll_wait(r->epoll, events, EVENTS, (int)(left / 1000000) + 1);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->dead) continue;
            if (events[i].events & EPOLLOUT) {
                watch(r, c, EPOLLIN);
                push(r, c);
            }
            if (!c->dead && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) pull(r, c);
        }
    }
}

/* ---- measuring ---- */

static int64_t written_by(long pid) {
    char path[64], line[128];
    int64_t bytes = -1;
    if (!pid) return -1;
    snprintf(path, sizeof path, "/proc/%ld/io", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "write_bytes: %" SCNd64, &bytes) == 1) break;
    if (f) fclose(f);
    return bytes;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(const struct run *r, double q) {
    if (!r->samples_n) return 0;
    size_t i = (size_t)(q * (double)r->samples_n);
    return r->samples[i < r->samples_n ? i : r->samples_n - 1];
}

static void report(struct run *r, int connections, double seconds, int64_t bytes) {
    qsort(r->samples, r->samples_n, sizeof *r->samples, by_size);
    double rate = (double)r->acts / seconds, per_act = r->acts && bytes >= 0 ? (double)bytes / (double)r->acts : -1;
    uint32_t p50 = quantile(r, 0.50), p99 = quantile(r, 0.99), max = quantile(r, 1.0);
    printf("%-6s %4d connections: %8.0f acts/s   p50 %7.2f ms   p99 %7.2f ms   max %7.2f ms", r->plan->name,
           connections, rate, p50 / 1e3, p99 / 1e3, max / 1e3);
    if (per_act >= 0) printf("   %6.0f bytes written/act", per_act);
    printf("   %" PRIu64 " errors\n", r->errors);
    printf("bench plan=%s connections=%d seconds=%.2f acts=%" PRIu64 " acts_per_s=%.0f p50_us=%u p99_us=%u max_us=%u"
           " errors=%" PRIu64 " bytes_per_act=%.0f\n", r->plan->name, connections, seconds, r->acts, rate, p50, p99,
           max, r->errors, per_act);
}

static int usage(void) {
    fprintf(stderr, "usage: bench_load --port P [--plan NAME] [--connections N] [--seconds S] [--warmup S]"
                    " [--pid SERVER]\nplans:\n");
    for (size_t i = 0; i < PLANS; i++) fprintf(stderr, "  %-8s %s\n", plans[i]->name, plans[i]->says);
    return 2;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, NULL, 'p'},    {"plan", 1, NULL, 'l'},   {"connections", 1, NULL, 'c'},
        {"seconds", 1, NULL, 's'}, {"warmup", 1, NULL, 'w'}, {"pid", 1, NULL, 'i'}, {0}};
    struct run r = {.plan = NULL};
    int port = 0, connections = 64;
    double seconds = 5, warmup = 1;
    long pid = 0;
    const char *plan = "bare";
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'p') port = atoi(optarg);
        else if (o == 'l') plan = optarg;
        else if (o == 'c') connections = atoi(optarg);
        else if (o == 's') seconds = atof(optarg);
        else if (o == 'w') warmup = atof(optarg);
        else if (o == 'i') pid = atol(optarg);
        else return usage();
    }
    for (size_t i = 0; i < PLANS; i++)
        if (strcmp(plans[i]->name, plan) == 0) r.plan = plans[i];
    if (!r.plan || port <= 0 || connections < 1 || connections > MAX_CONNECTIONS || seconds <= 0 || warmup < 0)
        return usage();

    r.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *c = calloc((size_t)connections, sizeof *c);
    if (r.epoll < 0 || !c) die("start");
    uint64_t seed = (uint64_t)now_ns();
    for (int i = 0; i < connections; i++) {
        c[i].state = r.plan->start(i, connections, seed + (uint64_t)i);
        open_connection(&r, &c[i], port);
    }
    r.live = connections;
    for (int i = 0; i < connections; i++) ask(&r, &c[i], NULL);
    turn_until(&r, now_ns() + (int64_t)(warmup * 1e9));
    int64_t before = written_by(pid), begin = now_ns();
    r.measuring = true;
    turn_until(&r, begin + (int64_t)(seconds * 1e9));
    r.measuring = false;
    double took = (double)(now_ns() - begin) / 1e9;
    int64_t after = written_by(pid);
    report(&r, connections, took, before >= 0 && after >= 0 ? after - before : -1);
    for (int i = 0; i < connections; i++) {
        if (!c[i].dead) close(c[i].fd);
        r.plan->end(c[i].state);
        free(c[i].out);
        free(c[i].in);
    }
    free(c);
    free(r.samples);
    close(r.epoll);
    return r.errors ? 1 : 0;
}
