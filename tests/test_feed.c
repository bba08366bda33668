/* The feed, against a whole server in this process: nothing is missed or told twice, whatever becomes of the connection or the server;
 * a follower that does not read costs his place and no more. */
#include "hosted.h"
#include "feed.h"
#include "rules.h"
#include "store.h"
#include <stdatomic.h>

#define RULES WORLD_FILES "," FILE_OF("事项/甲.tb", MATTER_NAMED("办甲")) "," FILE_OF("事项/乙.tb", MATTER_NAMED("办乙"))

static bool open_server(host *h, tb_memory_disk *disk) {
    tb_store *store = NULL;
    tb_store_error error;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io};
    return CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK) &&
           CHECK(open_host(h, (tb_server_options){.store = store, .io = io, .test_clock = "2026-03-02 09:00"}));
}

static bool load_rules(int fd) {
    return CHECK_INT(ask(fd, "POST", "/v1/loads", "{\"files\":{" RULES "},\"by\":\"测试\",\"request\":\"装\"}"), 200);
}

static char id[40];
static void apply(int fd, const char *matter, int n) {
    char body[400];
    snprintf(body, sizeof body,
             "{\"matter\":\"%s\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\",\"place\":\"370402\"},\"request\":\"%s-%d\"}",
             matter, matter, n);
    if (!CHECK_INT(ask(fd, "POST", "/v1/cases", body), 201)) fprintf(stderr, "    %s\n", answer);
    const char *p = strstr(answer, "\"id\":\"");
    if (p) snprintf(id, sizeof id, "%.13s", p + 6);
}

static uint32_t random_below(uint64_t *s, uint32_t n) { /* xorshift64 */
    *s ^= *s << 13, *s ^= *s >> 7, *s ^= *s << 17;
    return (uint32_t)(*s >> 32) % n;
}

/* ---- a follower ---- */

typedef struct ear {
    int fd;
    char text[1 << 20]; /* all that came, chunked framing and all */
    size_t n;
} ear;

static void listen_to(ear *e, int port, const char *query, const char *last) {
    char extra[80] = "", path[200];
    e->fd = dial(port);
    e->n = 0;
    e->text[0] = '\0';
    if (last) snprintf(extra, sizeof extra, "Last-Event-ID: %s\r\n", last);
    snprintf(path, sizeof path, "/v1/feed%s", query);
    put(e->fd, "GET", path, extra, "");
}

/* Reads until `text` is among what came. */
static bool hears(ear *e, const char *text) {
    while (!strstr(e->text, text)) {
        ssize_t m = e->n + 1 < sizeof e->text ? read(e->fd, e->text + e->n, sizeof e->text - 1 - e->n) : 0;
        if (m <= 0) {
            fprintf(stderr, "    heard %.3000s\n", e->text);
            return CHECK(!"the feed ended before it said what was expected");
        }
        e->n += (size_t)m;
        e->text[e->n] = '\0';
    }
    return true;
}

/* The leaves told, in order: each must be one more than the last. Answers the last, or −1. */
static long in_order(const ear *e, long from) {
    const char *p = e->text;
    while ((p = strstr(p, "data: {\"leaf\":"))) {
        long leaf = strtol(p + 14, NULL, 10);
        const char *end = strstr(p, "\n\n");
        p += 14;
        if (!end) break;                                      /* cut */
        if (memmem(p - 40 < e->text ? e->text : p - 40, 40, "begin", 5)) continue;
        if (leaf != from + 1) return CHECK_INT(leaf, from + 1), -1;
        from = leaf;
    }
    return from;
}

static int count(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

static void test_from_the_beginning(void) {
    host h;
    static ear e, later;
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    if (!load_rules(fd)) return;
    listen_to(&e, h.port, "?after=0", NULL);
    CHECK(hears(&e, "event: begin\ndata: {\"leaf\":0}"));
    CHECK(strstr(e.text, "HTTP/1.1 200") && strstr(e.text, "Content-Type: text/event-stream") && strstr(e.text, "Cache-Control: no-store"));
    apply(fd, "办甲", 1);
    char want[200];
    snprintf(want, sizeof want, "\"case\":\"%s\",\"seq\":1,\"matter\":\"办甲\",\"name\":\"全程网办\",\"kind\":\"submit\",\"at\":\"2026-03-02T09:00:00+08:00\"}", id);
    CHECK(hears(&e, want));
    char path[80];
    snprintf(path, sizeof path, "/v1/cases/%s/acts", id);
    CHECK_INT(ask(fd, "POST", path, "{\"act\":\"材料齐全\",\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":\"办\"}"), 200);
    CHECK(hears(&e, "\"seq\":2,\"matter\":\"办甲\",\"name\":\"材料齐全\",\"kind\":\"act\""));
    long last = in_order(&e, 0);
    CHECK(last >= 5); /* the loads of two matters and a world, and two events of the case */
    listen_to(&later, h.port, "", NULL); /* who says nothing begins now */
    snprintf(want, sizeof want, "id: %ld\nevent: begin\n", last);
    CHECK(hears(&later, want));
    apply(fd, "办乙", 1);
    CHECK(hears(&later, "\"name\":\"全程网办\"") && hears(&e, "\"matter\":\"办乙\""));
    CHECK_INT(in_order(&later, last), last + 1);
    CHECK_INT(in_order(&e, 0), last + 1);
    CHECK(!strstr(e.text, "王五") && !strstr(e.text, "张受")); /* nobody is named */
    close(later.fd);
    close(e.fd);
    close(fd);
    close_host(&h);
}

/* Connections that break at any byte, and servers that stop: what was heard, put together, is the whole log. */
static void test_nothing_is_missed(void) {
    enum { CASES = 150 };
    static ear e;
    tb_memory_disk *disk = tb_memory_disk_new();
    host h;
    uint64_t dice = seed_of("feed");
    long last = 0;
    int breaks = 0;
    for (int life = 0; life < 3; life++) {
        if (!open_server(&h, disk)) return;
        int fd = dial(h.port);
        if (life == 0 && !load_rules(fd)) return;
        char after[24];
        snprintf(after, sizeof after, "%ld", last);
        listen_to(&e, h.port, "", after);
        for (int i = 0; i < CASES; i++) {
            apply(fd, "办甲", life * CASES + i);
            if (random_below(&dice, 8)) continue;
            size_t more = 1 + random_below(&dice, 3000);
            ssize_t m = recv(e.fd, e.text + e.n, more, 0);
            e.n += m > 0 ? (size_t)m : 0;
            e.text[e.n] = '\0';
            last = in_order(&e, last);
            close(e.fd);
            breaks++;
            if (last < 0) return;
            snprintf(after, sizeof after, "%ld", last);
            listen_to(&e, h.port, "", after);
        }
        char want[80];
        snprintf(want, sizeof want, "\"case\":\"%s\"", id);
        if (!hears(&e, want) || (last = in_order(&e, last)) < 0) return;
        if (life < 2) { /* the stop ends the feed in good order */
            close(fd);
            close_host(&h);
            CHECK(hears(&e, "\r\n0\r\n\r\n"));
            close(e.fd);
        } else {
            CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
            const char *leaf = strstr(answer, "\"leaf\":");
            CHECK_INT(leaf ? strtol(leaf + 7, NULL, 10) : -1, last);
            close(e.fd);
            close(fd);
            close_host(&h);
        }
    }
    CHECK(breaks > 20);
    tb_memory_disk_free(disk);
}

/* Who filters hears only his own; so does one who asks for one case. */
static void test_filters(void) {
    host h;
    static ear one, matter;
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    if (!load_rules(fd)) return;
    apply(fd, "办乙", 0);
    char query[80];
    snprintf(query, sizeof query, "?after=0&case=%s", id);
    listen_to(&one, h.port, query, NULL);
    listen_to(&matter, h.port, "?after=0&matter=%E5%8A%9E%E4%B9%99", NULL); /* 办乙 */
    for (int i = 0; i < 300; i++) apply(fd, i % 3 ? "办甲" : "办乙", 1 + i);
    snprintf(query, sizeof query, "/v1/cases/%.13s/acts", strstr(query, "case=") + 5);
    CHECK_INT(ask(fd, "POST", query, "{\"act\":\"材料齐全\",\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":\"办\"}"), 200);
    CHECK(hears(&one, "\"kind\":\"act\"") && hears(&matter, "\"kind\":\"act\""));
    CHECK_INT(count(one.text, "\ndata: "), 3);    /* begin, and its two events */
    CHECK_INT(count(matter.text, "\ndata: "), 103); /* begin, 101 cases, one act */
    CHECK(!strstr(matter.text, "办甲"));
    close(one.fd);
    close(matter.fd);
    close(fd);
    close_host(&h);
}

/* The server is in this process: its end of a connection is the descriptor whose peer we are. Lets little lie in the kernel between the two. */
static void narrow(int fd) {
    struct sockaddr_in mine, peer;
    socklen_t n = sizeof mine;
    int small = 4096, found = 0;
    CHECK_INT(getsockname(fd, (struct sockaddr *)&mine, &n), 0);
    for (int i = 0; i < 1024; i++) {
        n = sizeof peer;
        if (getpeername(i, (struct sockaddr *)&peer, &n) || peer.sin_family != AF_INET || peer.sin_port != mine.sin_port) continue;
        found += setsockopt(i, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    CHECK_INT(found, 1);
}

/* Who does not read is not read for, and is told everything when he does. */
static void test_slow(void) {
    enum { CASES = 1500 };
    host h;
    static ear slow;
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    if (!load_rules(fd)) return;
    listen_to(&slow, h.port, "?after=0", NULL);
    CHECK(hears(&slow, "event: begin"));
    narrow(slow.fd);
    for (int i = 0; i < CASES; i++) apply(fd, "办甲", i);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
    const char *lag = strstr(answer, "\ntongban_feed_lag ");
        CHECK(lag && atoi(lag + 18) > 100);
    char want[80];
    snprintf(want, sizeof want, "\"case\":\"%s\"", id);
    CHECK(hears(&slow, want));
    CHECK(in_order(&slow, 0) >= CASES);
    close(slow.fd);
    close(fd);
    close_host(&h);
}

static void test_refusals(void) {
    static int ears[TB_FEED_FOLLOWERS];
    host h;
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "GET", "/v1/feed?after=1000", ""), 409);
    CHECK(says("FEED_AHEAD"));
    CHECK_INT(ask(fd, "GET", "/v1/feed?after=-1", ""), 422);
    CHECK_INT(ask(fd, "GET", "/v1/feed?after=99999999999999999999", ""), 422);
    put(fd, "GET", "/v1/feed", "Last-Event-ID: x\r\n", "");
    CHECK_INT(take(fd), 422);
    CHECK_INT(ask(fd, "GET", "/v1/feed?case=x", ""), 404);
    CHECK_INT(ask(fd, "POST", "/v1/feed", "{}"), 405);
    put(fd, "HEAD", "/v1/feed", "", "");
    CHECK_INT(take(fd), 200);
    for (int i = 0; i < TB_FEED_FOLLOWERS; i++) {
        char byte;
        put(ears[i] = dial(h.port), "GET", "/v1/feed", "", "");
        CHECK_INT(read(ears[i], &byte, 1), 1);
    }
    CHECK_INT(ask(fd, "GET", "/v1/feed", ""), 429);
    CHECK(says("FEED_FULL") && strstr(head, "Retry-After: "));
    close(ears[0]);
    for (int i = 0; i < 5000; i++) { /* until the server has seen that he went */
        CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
        if (!strstr(answer, "tongban_feed_followers 256")) break;
        usleep(1000);
    }
    put(ears[0] = dial(h.port), "GET", "/v1/feed", "", "");
    char line[13] = "";
    CHECK_INT(recv(ears[0], line, 12, MSG_WAITALL), 12);
    CHECK(strcmp(line, "HTTP/1.1 200") == 0);
    for (int i = 0; i < TB_FEED_FOLLOWERS; i++) close(ears[i]);
    close(fd);
    close_host(&h);
}

int main(void) {
    test_from_the_beginning();
    test_nothing_is_missed();
    test_filters();
    test_slow();
    test_refusals();
    return check_end();
}
