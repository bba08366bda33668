/* POST /v1/acts: every line is answered, in order, as it would have been alone; sent again it does nothing twice, whatever became of the
 * first time. */
#include "hosted.h"
#include "rules.h"
#include "store.h"

#define RULES "{\"files\":{" WORLD_FILES "," FILE_OF("事项/甲.tb", MATTER_NAMED("办甲")) "},\"by\":\"测试\",\"request\":\"装\"}"

static size_t cache_bytes; /* 0: the usual */
static bool open_server(host *h, tb_memory_disk *disk) {
    tb_store *store = NULL;
    tb_store_error error;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io};
    return CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK) &&
           CHECK(open_host(h, (tb_server_options){.store = store, .io = io, .test_clock = "2026-03-02 09:00", .cache_bytes = cache_bytes}));
}

/* ---- a body of many lines, and the lines of its answer ---- */

static char body[4 << 20], raw[8 << 20], lines[8 << 20];
static size_t body_n;

static void begin(void) { body_n = 0, body[0] = '\0'; }
static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void line(const char *format, ...) {
    va_list args;
    va_start(args, format);
    body_n += (size_t)vsnprintf(body + body_n, sizeof body - body_n, format, args);
    va_end(args);
    body_n += (size_t)snprintf(body + body_n, sizeof body - body_n, "\n");
}
static void apply(int n) {
    line("{\"matter\":\"办甲\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\",\"place\":\"370402\"},\"request\":\"申请-%d\"}", n);
}

static void send_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t m = send(fd, p, n, MSG_NOSIGNAL);
        if (m <= 0) return;
        p += m, n -= (size_t)m;
    }
}

static void begin_request(int fd) {
    char start[200];
    int n = snprintf(start, sizeof start,
                     "POST /v1/acts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n", body_n);
    send_all(fd, start, (size_t)n);
    send_all(fd, body, body_n);
}

/* What came so far, without the chunks' framing, into `lines`. True: the answer is whole. */
static bool unchunk(size_t n) {
    char *p = memmem(raw, n, "\r\n\r\n", 4), *end = raw + n, *to = lines;
    bool whole = false;
    for (p = p ? p + 4 : end; p < end && !whole;) {
        char *after;
        size_t size = strtoul(p, &after, 16);
        if (after == p || after + 2 > end) break;
        whole = size == 0;
        p = after + 2;
        if (p + size > end) size = (size_t)(end - p);
        memcpy(to, p, size);
        to += size;
        p += size + 2;
    }
    *to = '\0';
    return whole;
}

static bool hear_all(int fd) {
    size_t n = 0;
    for (ssize_t m; n + 1 < sizeof raw && (m = recv(fd, raw + n, sizeof raw - 1 - n, 0)) > 0;) {
        n += (size_t)m;
        if (n >= 5 && memcmp(raw + n - 5, "0\r\n\r\n", 5) == 0 && unchunk(n)) return true;
    }
    unchunk(n);
    return false;
}

/* The answer to the i-th line (from 1) that was no blank; NULL: there is none. */
static const char *nth(int i, char out[2000]) {
    const char *p = lines;
    while (--i > 0 && (p = strchr(p, '\n'))) p++;
    if (!p || !*p) return NULL;
    snprintf(out, 2000, "%.*s", (int)strcspn(p, "\n"), p);
    return out;
}
static int count(const char *what) {
    int n = 0;
    for (const char *p = lines; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}
static long leaf(int fd) {
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
    const char *p = strstr(answer, "\"leaf\":");
    return p ? strtol(p + 7, NULL, 10) : -1;
}

#define OFFICER "\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"}"

/* Applications alone, after which nobody asks: the cache keeps to its limit all the same, and keeps them all. */
static void test_cache_limit(void) {
    host h;
    enum { CACHE = 6 << 20, CASES = 300 }; /* a batch's states as they were made, and a third of the others' */
    cache_bytes = CACHE;
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    begin();
    for (int i = 0; i < CASES; i++) apply(i);
    begin_request(fd);
    CHECK(hear_all(fd));
    CHECK_INT(count("\"status\":201"), CASES);
    int other = dial(h.port);
    CHECK_INT(ask(other, "GET", "/metrics", ""), 200);
    const char *bytes = strstr(answer, "\ntongban_cache_bytes "), *entries = strstr(answer, "\ntongban_cache_entries ");
    if (CHECK(bytes && entries)) {
        CHECK(strtod(bytes + 21, NULL) <= CACHE);
        CHECK(strtod(entries + 23, NULL) >= CASES); /* those that rest are packed: none had to go */
    }
    /* and one of them goes on from where it rested */
    const char *misses = strstr(answer, "\ntongban_cache_misses_total ");
    long before = misses ? strtol(misses + 28, NULL, 10) : -1;
    char first[2000], path[60], act[300];
    if (CHECK(nth(200, first) && strstr(first, "\"id\":\""))) {
        snprintf(path, sizeof path, "/v1/cases/%.13s/acts", strstr(first, "\"id\":\"") + 6);
        snprintf(act, sizeof act, "{\"act\":\"材料齐全\"," OFFICER ",\"request\":\"a\"}");
        CHECK_INT(ask(other, "POST", path, act), 200);
        path[strlen(path) - 5] = '\0';
        CHECK_INT(ask(other, "GET", path, ""), 200);
        CHECK(strstr(answer, "\"seq\":2"));
        CHECK_INT(ask(other, "GET", "/metrics", ""), 200);
        CHECK((misses = strstr(answer, "\ntongban_cache_misses_total ")) && strtol(misses + 28, NULL, 10) == before);
    }
    close(fd);
    close(other);
    close_host(&h);
    cache_bytes = 0;
}

static void test_lines(void) {
    host h;
    char one[2000], id[14], first[2000];
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port), other = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    begin();
    apply(1);
    begin_request(fd);
    if (!CHECK(hear_all(fd)) || !CHECK(nth(1, first))) return;
    CHECK(strncmp(first, "{\"line\":1,\"status\":201,\"answer\":{", 33) == 0);
    CHECK(strstr(raw, "Content-Type: application/x-ndjson\r\n"));
    snprintf(id, sizeof id, "%s", strstr(first, "\"id\":\"") + 6);
    begin();
    line("{\"case\":\"%s\",\"act\":\"材料齐全\"," OFFICER ",\"request\":\"a\"}", id); /* the step is left… */
    line("{\"case\":\"%s\",\"act\":\"材料齐全\"," OFFICER ",\"request\":\"b\"}", id); /* …so this is not possible any more */
    line("%s", "");
    line("  \t\r");
    line("不是 JSON");
    line("[]");
    line("{\"case\":\"x\",\"act\":\"材料齐全\"," OFFICER ",\"request\":\"c\"}");
    line("{\"case\":\"0000000000001\",\"act\":\"材料齐全\"," OFFICER ",\"request\":\"c\"}");
    line("{\"act\":\"材料齐全\"," OFFICER ",\"request\":\"c\"}");
    line("{\"case\":\"%s\",\"akt\":\"材料齐全\"," OFFICER ",\"request\":\"c\"}", id);
    apply(1); /* again */
    line("{\"case\":\"%s\",\"act\":\"材料齐全\"," OFFICER ",\"request\":\"a\"}\r", id); /* again */
    body[--body_n] = '\0'; /* the last line needs no end */
    begin_request(fd);
    if (!CHECK(hear_all(fd))) return;
    static const struct {
        int line, status;
        const char *says;
    } want[] = {{1, 200, "\"answer\":{"}, {2, 409, "\"error\":{\"code\":\"NOT_HERE\""}, {5, 400, "BODY_NOT_JSON"}, {6, 422, "BODY_NOT_OBJECT"},
                {7, 404, "NO_SUCH_CASE"}, {8, 404, "NO_SUCH_CASE"}, {9, 422, "MEMBER_MISSING"}, {10, 422, "MEMBER_UNKNOWN"},
                {11, 201, "\"answer\":{"}, {12, 200, "\"answer\":{"}};
    for (int i = 0; i < (int)(sizeof want / sizeof *want); i++) {
        char start[60];
        snprintf(start, sizeof start, "{\"line\":%d,\"status\":%d,", want[i].line, want[i].status);
        if (!CHECK(nth(i + 1, one) && strncmp(one, start, strlen(start)) == 0 && strstr(one, want[i].says) && one[strlen(one) - 1] == '}'))
            fprintf(stderr, "    line %d: %s\n", want[i].line, one);
    }
    CHECK(!nth(11, one));
    CHECK(nth(9, one) && strcmp(strstr(one, "answer"), strstr(first, "answer")) == 0); /* the repeat says what was said then */
    CHECK_INT(leaf(other), 4); /* the world, the matter, the case, the act: nothing twice */
    /* what cannot be begun at all */
    CHECK_INT(ask(other, "POST", "/v1/acts", "{}"), 415);
    put(other, "POST", "/v1/acts", "Content-Type: application/x-ndjson\r\n", " \n\r\n");
    CHECK_INT(take(other), 422);
    CHECK(says("BULK_EMPTY"));
    CHECK_INT(ask(other, "GET", "/v1/acts", ""), 405);
    begin();
    for (int i = 0; i < 10000; i++) line("{}");
    begin_request(fd);
    CHECK(hear_all(fd));
    CHECK_INT(count("MEMBER_MISSING"), 10000);
    line("{}");
    begin_request(other);
    CHECK_INT(take(other), 413);
    CHECK(says("BULK_LINES"));
    close(fd);
    close(other);
    close_host(&h);
}

/* Two thousand at once; then once more: the same answers, and not one event more. */
static void test_many(void) {
    enum { MANY = 2000 };
    host h;
    static char first[sizeof lines];
    char one[2000], start[40];
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port), other = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    long before = leaf(other);
    begin();
    for (int i = 1; i <= MANY; i++) apply(i);
    begin_request(fd);
    CHECK(hear_all(fd));
    CHECK_INT(count("\"status\":201"), MANY);
    for (int i = 1; i <= MANY; i += 97) {
        snprintf(start, sizeof start, "{\"line\":%d,", i);
        CHECK(nth(i, one) && strncmp(one, start, strlen(start)) == 0);
    }
    CHECK_INT(leaf(other), before + MANY);
    memcpy(first, lines, sizeof lines);
    begin_request(fd);
    CHECK(hear_all(fd));
    CHECK(strcmp(first, lines) == 0);
    CHECK_INT(leaf(other), before + MANY);
    close(fd);
    close(other);
    close_host(&h);
}

/* The client goes in the middle, or the server stops in the middle: what was answered is done, and the same body again completes the rest. */
static void test_cut(void) {
    enum { MANY = 1500 };
    tb_memory_disk *disk = tb_memory_disk_new();
    host h;
    static char heard[sizeof lines];
    char one[2000];
    if (!open_server(&h, disk)) return;
    int fd = dial(h.port), other = dial(h.port);
    CHECK_INT(ask(other, "POST", "/v1/loads", RULES), 200);
    long before = leaf(other);
    begin();
    for (int i = 1; i <= MANY; i++) apply(i);
    begin_request(fd);
    CHECK(recv(fd, raw, 3000, 0) > 0);
    close(fd); /* goes */
    CHECK_INT(ask(other, "GET", "/v1/matters", ""), 200);
    fd = dial(h.port);
    begin_request(fd);
    ssize_t n = recv(fd, raw, 60000, 0);
    CHECK(n > 0);
    close(other);
    tb_io_wake_send(h.wake); /* the server is told to stop while it is at it: every line is answered, done or not */
    for (ssize_t m; n + 1 < (ssize_t)sizeof raw && (m = recv(fd, raw + n, sizeof raw - 1 - (size_t)n, 0)) > 0;) n += m;
    CHECK(unchunk((size_t)n));
    int done = count("\"status\":201"), left = count("\"code\":\"STOPPING\"");
    CHECK_INT(done + left, MANY);
    CHECK_INT(count("\n"), MANY);
    memcpy(heard, lines, sizeof lines);
    close(fd);
    close_host(&h);
    if (!open_server(&h, disk)) return;
    fd = dial(h.port), other = dial(h.port);
    CHECK(leaf(other) >= before + done);
    begin_request(fd);
    CHECK(hear_all(fd));
    CHECK_INT(count("\"status\":201"), MANY);
    CHECK_INT(leaf(other), before + MANY);
    for (int i = 1; i <= done; i += 13) { /* what was answered then is answered so again */
        char *p = heard, *end;
        for (int k = 1; k < i; k++) p = strchr(p, '\n') + 1;
        end = strchr(p, '\n');
        *end = '\0';
        CHECK(nth(i, one) && strcmp(one, p) == 0);
        *end = '\n';
    }
    close(fd);
    close(other);
    close_host(&h);
    tb_memory_disk_free(disk);
}

/* A case of many events: its history goes out in pages, whole and in order, to who reads slowly too; a limit ends it; a repeat of an early act is
 * answered as then; who goes in the middle is forgotten. */
static void test_long(void) {
    enum { TIMES = 400 };
    host h;
    char id[14], path[80], one[2000], mark[40];
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port), other = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/loads", RULES), 200);
    begin();
    apply(1);
    begin_request(fd);
    if (!CHECK(hear_all(fd)) || !CHECK(nth(1, one))) return;
    snprintf(id, sizeof id, "%s", strstr(one, "\"id\":\"") + 6);
    begin();
    for (int i = 0; i < TIMES; i++) {
        line("{\"case\":\"%s\",\"act\":\"签收\"," OFFICER ",\"request\":\"s%d\"}", id, i);
        line("{\"case\":\"%s\",\"act\":\"退签\"," OFFICER ",\"request\":\"t%d\"}", id, i);
    }
    begin_request(fd);
    CHECK(hear_all(fd));
    if (!CHECK_INT(count("\"status\":200"), 2 * TIMES)) fprintf(stderr, "    %s\n", nth(1, one));
    snprintf(path, sizeof path, "/v1/cases/%s/history", id);
    put(fd, "GET", path, "", "");
    CHECK(hear_all(fd)); /* chunked: it was not kept whole */
    CHECK_INT(count("\"outcome\":\""), 2 * TIMES + 1);
    const char *p = lines;
    for (int seq = 1; p && seq <= 2 * TIMES + 1; seq++) {
        snprintf(mark, sizeof mark, "{\"seq\":%d,\"leaf\":", seq);
        p = strstr(p, mark);
    }
    CHECK(p && strstr(p, "],\"state\":{") && lines[strlen(lines) - 1] == '}');
    snprintf(mark, sizeof mark, "\"seq\":%d,", 2 * TIMES + 1);
    CHECK(strstr(strstr(lines, "],\"state\":{"), mark));
    snprintf(path, sizeof path, "/v1/cases/%s/history?seq=150", id);
    put(fd, "GET", path, "", "");
    CHECK(hear_all(fd));
    CHECK_INT(count("\"outcome\":\""), 150);
    snprintf(path, sizeof path, "/v1/cases/%s/history?seq=3", id); /* a short one is an answer like any other */
    CHECK_INT(ask(fd, "GET", path, ""), 200);
    CHECK(strstr(head, "Content-Length: ") && strstr(head, "ETag: ") && says("\"seq\":3"));
    snprintf(path, sizeof path, "/v1/cases/%s/acts", id);
    CHECK_INT(ask(fd, "POST", path, "{\"act\":\"签收\"," OFFICER ",\"request\":\"s70\"}"), 200);
    CHECK(strstr(head, "Tongban-Repeat: 142\r\n") && says("\"seq\":142"));
    CHECK_INT(ask(fd, "POST", path, "{\"act\":\"退签\"," OFFICER ",\"request\":\"s70\"}"), 409);
    CHECK(says("IDEMPOTENCY_CONFLICT"));
    snprintf(path, sizeof path, "/v1/cases/%s/history", id);
    for (int i = 0; i < 5; i++) { /* goes in the middle */
        int gone = dial(h.port);
        put(gone, "GET", path, "", "");
        CHECK(recv(gone, raw, 1000, 0) > 0);
        close(gone);
    }
    CHECK_INT(ask(other, "GET", "/v1/matters", ""), 200);
    close(fd);
    close(other);
    close_host(&h);
}

int main(void) {
    test_lines();
    test_cache_limit();
    test_many();
    test_cut();
    test_long();
    return check_end();
}
