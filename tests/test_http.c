/* The HTTP server over real sockets: a server on a thread of its own, with short time limits, and a raw client that
 * says exactly the bytes a case is about. A seed may be given as argument; it is printed when mutations are tried. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "check.h"
#include "http.h"

/* ---- the server under test ---- */

enum { HELD = 32, BIG = 3000000 };
static tb_io *io;
static tb_http_server *server;
static tb_io_wake *wake;
static tb_io_worker *worker;
static int port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the lines below */
static tb_http_stats stats;
static int looks; /* how often they were taken */
static int gone, given, order_n;
static char order[200];
static bool stop;

static tb_http_request *held[HELD], *feeds[HELD];
static int held_n, feeds_n;
static char *big;

typedef struct later {
    tb_http_request *req;
    tb_io_timer *timer;
    char said[40];
} later;

static void answer(tb_http_request *r, const char *z) { tb_http_answer(r, 200, "text/plain", NULL, z, strlen(z)); }

static void on_later(void *arg) {
    later *l = arg;
    answer(l->req, l->said);
    tb_io_timer_free(l->timer);
    free(l);
}

static void on_gone(void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    gone++;
    pthread_mutex_unlock(&lock);
}
static void on_given(void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    given++;
    pthread_mutex_unlock(&lock);
}

static void on_work(void *arg) { ((later *)arg)->said[0] = 'W'; }
static void on_done(void *arg) {
    later *l = arg;
    answer(l->req, l->said);
    free(l);
}

static void answer_as_told(tb_http_request *r) {
    tb_str p = tb_http_segment(r, 0), v;
    pthread_mutex_lock(&lock);
    if (order_n < (int)sizeof order - 1)
        order[order_n++] = tb_http_method(r) == TB_HTTP_POST ? 'P' : 'g';
    pthread_mutex_unlock(&lock);
    if (tb_str_is(p, "hello")) {
        answer(r, "hello");
    } else if (tb_str_is(p, "echo")) {
        tb_str b = tb_http_body(r);
        tb_http_answer(r, 200, "text/plain", "X-Echo: yes\r\n", b.p, b.n);
    } else if (tb_str_is(p, "info")) {
        char text[2000];
        int n = snprintf(text, sizeof text, "%s %.*s", tb_method_name(tb_http_method(r)), TB_FMT(tb_http_path(r)));
        for (int i = 0; i < tb_http_segments(r); i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "|%s", tb_http_segment(r, i).p);
        if (tb_http_parameter(r, "名", &v))
            n += snprintf(text + n, sizeof text - (size_t)n, "?%s", v.p);
        if (tb_http_parameter(r, "empty", &v))
            n += snprintf(text + n, sizeof text - (size_t)n, "&%u", v.n);
        if (tb_http_header(r, "x-mine", &v))
            n += snprintf(text + n, sizeof text - (size_t)n, "#%.*s", TB_FMT(v));
        snprintf(text + n, sizeof text - (size_t)n, "%s", tb_http_from_loopback(r) ? " local" : " far");
        answer(r, text);
    } else if (tb_str_is(p, "later") || tb_str_is(p, "worker")) {
        later *l = calloc(1, sizeof *l);
        l->req = r;
        snprintf(l->said, sizeof l->said, "later %s", tb_http_segment(r, 1).p);
        if (tb_str_is(p, "worker")) {
            tb_io_worker_submit(worker, on_work, on_done, l);
        } else {
            l->timer = tb_io_timer_new(io, on_later, l);
            tb_io_timer_set(l->timer, atoi(tb_http_segment(r, 1).p));
        }
    } else if (tb_str_is(p, "hold")) {
        tb_http_on_gone(r, on_gone, NULL);
        held[held_n++] = r;
    } else if (tb_str_is(p, "release")) {
        for (int i = 0; i < held_n; i++)
            answer(held[i], "released");
        held_n = 0;
        answer(r, "ok");
    } else if (tb_str_is(p, "big")) {
        tb_http_answer_own(r, 200, "text/plain", NULL, big, BIG, on_given, NULL);
    } else if (tb_str_is(p, "ours")) {
        answer(r, tb_http_for_loopback(r) ? "yes" : "no!");
    } else if (tb_str_is(p, "nothing")) {
        tb_http_answer(r, 204, NULL, NULL, NULL, 0);
    } else if (tb_str_is(p, "inject")) {
        tb_http_answer(r, 200, "text/plain", "X: a\r\n\r\nHTTP/1.1 200 OK\r\n", "x", 1);
    } else if (tb_str_is(p, "fail")) {
        tb_http_error(r, 422, "CASE", "不行：\"引号\"\n");
    } else if (tb_str_is(p, "stream")) {
        tb_http_stream_begin(r, 200, "text/plain", NULL);
        tb_http_stream_put(r, "one ", 4);
        tb_http_stream_put(r, "two", 3);
        tb_http_stream_end(r);
    } else if (tb_str_is(p, "abort")) {
        tb_http_stream_begin(r, 200, "text/plain", NULL);
        tb_http_stream_put(r, "one ", 4);
        tb_http_stream_abort(r);
    } else if (tb_str_is(p, "feed")) { /* endless; /flood until it is refused */
        tb_http_on_gone(r, on_gone, NULL);
        tb_http_stream_begin(r, 200, "text/event-stream", NULL);
        bool flood = tb_str_is(tb_http_segment(r, 1), "flood");
        while (tb_http_stream_put(r, flood ? big : "data: 1\n\n", flood ? 100000 : 9) && flood) {}
        feeds[feeds_n++] = r;
    } else if (tb_str_is(p, "end")) {
        for (int i = 0; i < feeds_n; i++)
            tb_http_stream_end(feeds[i]);
        feeds_n = 0;
        answer(r, "ok");
    } else {
        tb_http_error(r, 404, "NOT_FOUND", "没有这个地址");
    }
}

static bool inside, nested; /* the handler is never called from inside an answer */
static void handle(void *user, tb_http_request *r) {
    (void)user;
    nested |= inside;
    inside = true;
    answer_as_told(r);
    inside = false;
}

static size_t body_limit(void *user, const tb_http_request *r) {
    (void)user;
    return tb_str_is(tb_http_segment(r, 1), "large") ? 4 * 1000 * 1000 : 1000;
}

static void on_drained(void *arg) { tb_io_stop(arg); }
static void on_wake(void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    stats = tb_http_server_stats(server);
    looks++;
    bool now = stop;
    pthread_mutex_unlock(&lock);
    if (now)
        tb_http_server_drain(server, on_drained, io);
}
static void *serve(void *arg) {
    (void)arg;
    tb_io_run(io);
    return NULL;
}

static int read_locked(const int *n) {
    pthread_mutex_lock(&lock);
    int v = *n;
    pthread_mutex_unlock(&lock);
    return v;
}
/* The numbers of the server, from its own thread, as they are 20 ms from now or later: what was sent has come by then. */
static tb_http_stats look(void) {
    usleep(20000);
    int before = read_locked(&looks);
    tb_io_wake_send(wake);
    while (read_locked(&looks) == before)
        usleep(1000);
    pthread_mutex_lock(&lock);
    tb_http_stats s = stats;
    pthread_mutex_unlock(&lock);
    return s;
}

static pthread_t thread;
static void start(const tb_http_options *o) {
    char error[300] = "";
    stop = false;
    io = tb_io_new();
    server = tb_http_server_new(io, o, handle, NULL);
    CHECK_INT(tb_http_server_listen(server, "127.0.0.1", 0, error, sizeof error), TB_OK);
    port = tb_http_server_port(server);
    wake = tb_io_wake_new(io, on_wake, NULL);
    worker = tb_io_worker_new(io, "test-worker");
    pthread_create(&thread, NULL, serve, NULL);
}
static void finish(void) {
    pthread_mutex_lock(&lock);
    stop = true;
    pthread_mutex_unlock(&lock);
    tb_io_wake_send(wake);
    pthread_join(thread, NULL);
    tb_io_worker_free(worker);
    tb_io_wake_free(wake);
    tb_http_server_free(server);
    for (int i = 0; i < held_n; i++) /* what the handler still holds outlives the server */
        tb_http_error(held[i], 500, "X", "x");
    for (int i = 0; i < feeds_n; i++)
        tb_http_stream_end(feeds[i]);
    held_n = feeds_n = 0;
    tb_io_free(io);
}

/* ---- the raw client ---- */

static struct sockaddr_in there(void) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = there();
    struct timeval t = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        perror("connect");
    return fd;
}
static void say_n(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}
static void say(int fd, const char *z) { say_n(fd, z, strlen(z)); }

static char got[8 * 1000 * 1000];
static size_t got_n;
/* Everything until the server closes ("closed"), or until `until` has come. NULL: neither within the time. */
static const char *hear(int fd, const char *until) {
    got_n = 0;
    got[0] = '\0';
    while (!until || !strstr(got, until)) {
        ssize_t k = recv(fd, got + got_n, sizeof got - 1 - got_n, 0);
        if (k <= 0)
            return k == 0 || errno == ECONNRESET ? "closed" : NULL;
        got_n += (size_t)k;
        got[got_n] = '\0';
    }
    return got;
}
static int times(const char *what) {
    int n = 0;
    for (const char *p = got; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}
static int status(void) { return strncmp(got, "HTTP/1.1 ", 9) == 0 ? atoi(got + 9) : -1; }

/* Says it, hears until the close, and checks status and error code. */
static void refused(const char *request, int want, const char *code) {
    int fd = dial();
    say(fd, request);
    const char *how = hear(fd, NULL);
    if (!CHECK(how) || !CHECK_INT(status(), want) || (code && !CHECK(strstr(got, code))))
        fprintf(stderr, "    request: %.300s\n    answer: %.300s\n", request, got);
    CHECK_INT(times("HTTP/1.1 "), 1);
    CHECK(strstr(got, "Connection: close\r\n"));
    close(fd);
}

#define HOST "Host: x\r\n"
#define REQ(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define POST(path, n, body) "POST " path " HTTP/1.1\r\n" HOST "Content-Length: " #n "\r\n\r\n" body

static void check_plain(void) {
    int fd = dial();
    say(fd, REQ("/hello"));
    CHECK(hear(fd, "\r\n\r\nhello"));
    CHECK(strstr(got, "HTTP/1.1 200 OK\r\nDate: "));
    CHECK(strstr(got, "Content-Type: text/plain\r\nContent-Length: 5\r\nETag: W/\""));
    say(fd, POST("/echo", 7, "payload"));
    CHECK(hear(fd, "\r\n\r\npayload") && strstr(got, "X-Echo: yes\r\n"));
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
    CHECK(hear(fd, "\r\n\r\nhello!") && strstr(got, "Content-Length: 6"));
    say(fd, POST("/echo", 0, ""));
    CHECK(hear(fd, "Content-Length: 0\r\n") && status() == 200);
    say(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n" REQ("/nothing"));
    CHECK(hear(fd, "204 No Content"));
    CHECK(times("Content-Length") == 1 && times("hello") == 0 && times("\r\n\r\n") >= 1);
    say(fd, REQ("/fail"));
    CHECK(hear(fd, "null}}"));
    CHECK(strstr(got, "{\"error\":{\"code\":\"CASE\",\"message\":\"不行：\\\"引号\\\"\\u000a\","
                      "\"file\":null,\"line\":null,\"detail\":null}}"));
    say(fd, REQ("/inject"));
    CHECK(hear(fd, "null}}") && status() == 500 && times("HTTP/1.1 ") == 1);
    say(fd, REQ("/stream"));
    CHECK(hear(fd, "0\r\n\r\n") && strstr(got, "Transfer-Encoding: chunked\r\n"));
    CHECK(strstr(got, "\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    say(fd, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n" REQ("/worker/7"));
    CHECK(hear(fd, "Water 7") && times("one") == 0);
    int cut = dial();
    say(cut, REQ("/abort") REQ("/hello"));
    CHECK_STR(hear(cut, NULL), "closed");
    CHECK(!strstr(got, "\r\n0\r\n") && !strstr(got, "hello")); /* no end: nobody takes a part for the whole */
    close(cut);
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
    CHECK(hear(fd, "hello") && status() == 200);
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    CHECK_STR(hear(fd, NULL), "closed");
    CHECK(strstr(got, "Connection: close\r\n") && strstr(got, "hello"));
    close(fd);
    fd = dial();
    say(fd, "GET /stream HTTP/1.0\r\n\r\n");
    CHECK_STR(hear(fd, NULL), "closed");
    CHECK(strstr(got, "\r\n\r\none two") && !strstr(got, "chunked"));
    close(fd);
}

/* The body just heard, unpacked; how long it is. */
static size_t unpack(char *out, size_t room) {
    const char *body = strstr(got, "\r\n\r\n") + 4;
    z_stream z = {.next_in = (Bytef *)body, .avail_in = (uInt)(got + got_n - body), .next_out = (Bytef *)out, .avail_out = (uInt)room};
    CHECK_INT(inflateInit2(&z, 15 + 16), Z_OK);
    CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_INT(z.avail_in, 0);
    inflateEnd(&z);
    return room - z.avail_out;
}

static void hear_whole(int fd) { /* a head, and as much as its Content-Length says */
    hear(fd, "\r\n\r\n");
    const char *length = strstr(got, "Content-Length: "), *body = strstr(got, "\r\n\r\n") + 4;
    size_t want = (size_t)(body - got) + (length && length < body ? strtoul(length + 16, NULL, 10) : 0);
    while (got_n < want) {
        ssize_t k = recv(fd, got + got_n, want - got_n, 0);
        if (!CHECK(k > 0)) return;
        got_n += (size_t)k;
    }
    got[got_n] = '\0';
}

/* What need not be sent: bodies the client has, and what gzip takes out. */
static void check_saving(void) {
    int fd = dial();
    char tag[40], request[300];
    static char out[BIG + 1];
    say(fd, REQ("/info/a"));
    hear_whole(fd);
    const char *p = strstr(got, "ETag: ");
    if (!CHECK(p)) return;
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(p + 6, "\r"), p + 6);
    CHECK(strncmp(tag, "W/\"", 3) == 0 && strstr(got, "Cache-Control: private, no-cache\r\n") && strstr(got, "Vary: Accept-Encoding"));
    static const struct {
        const char *given;
        int status;
    } tries[] = {{"%s", 304}, {"\"x\", %s", 304}, {"*", 304}, {"\"x\"", 200}, {"W/", 200}, {"", 200}, {", ,%s ,", 304}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        char given[100];
        snprintf(given, sizeof given, strstr(tries[i].given, "%s") ? tries[i].given : "%s", strstr(tries[i].given, "%s") ? tag : tries[i].given);
        snprintf(request, sizeof request, "GET /info/a HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", given);
        say(fd, request);
        hear_whole(fd);
        CHECK_INT(status(), tries[i].status);
        CHECK(strstr(got, tag));
        if (status() == 304) CHECK(!strstr(got, "Content-Length") && got_n == (size_t)(strstr(got, "\r\n\r\n") + 4 - got));
    }
    snprintf(request, sizeof request, "GET /info/a HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", tag + 2); /* without its mark */
    say(fd, request);
    hear_whole(fd);
    CHECK_INT(status(), 304);
    snprintf(request, sizeof request, "GET /info/b HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", tag); /* another body */
    say(fd, request);
    hear_whole(fd);
    CHECK_INT(status(), 200);
    snprintf(request, sizeof request, "POST /echo HTTP/1.1\r\n" HOST "If-None-Match: *\r\nContent-Length: 1\r\n\r\nx");
    say(fd, request);
    hear_whole(fd);
    CHECK(status() == 200 && !strstr(got, "ETag")); /* what is done is not what is looked at */
    /* packed, when it is long and wanted */
    static const struct {
        const char *path, *accept;
        bool packed;
    } packs[] = {{"/big", "gzip", true}, {"/big", "deflate, GZIP;q=0.5", true}, {"/big", "*", true}, {"/big", "br, gzip;q=0", false},
                 {"/big", "*;q=1, gzip;q=0.0", false}, {"/big", "identity", false}, {"/hello", "gzip", false}};
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST "Accept-Encoding: %s\r\n\r\n", packs[i].path, packs[i].accept);
        say(fd, request);
        hear_whole(fd);
        if (!CHECK_INT(strstr(got, "Content-Encoding: gzip\r\n") != NULL, packs[i].packed)) fprintf(stderr, "    %s\n", request);
        else if (packs[i].packed) CHECK(got_n < BIG / 20 && unpack(out, sizeof out) == BIG && memcmp(out, big, BIG) == 0);
    }
    /* the order stays, and more at once than are packed */
    for (int i = 0; i < TB_HTTP_PIPELINE; i++) say(fd, "GET /big HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n" REQ("/info/next"));
    int seen = 0;
    size_t from = 0;
    for (got_n = 0; seen < TB_HTTP_PIPELINE;) { /* packed bytes may hold NULs */
        ssize_t k = recv(fd, got + got_n, sizeof got - got_n, 0);
        if (k <= 0) break;
        got_n += (size_t)k;
        for (char *at; (at = memmem(got + from, got_n - from, "|next local", 11)); seen++) from = (size_t)(at + 11 - got);
    }
    CHECK_INT(seen, TB_HTTP_PIPELINE);
    /* who goes before his body is packed is forgotten */
    for (int i = 0; i < 5; i++) {
        int other = dial();
        say(other, "GET /big HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n");
        close(other);
    }
    say(fd, REQ("/hello"));
    CHECK(hear(fd, "hello"));
    close(fd);
}

static void check_target(void) {
    int fd = dial();
    say(fd, "GET /info/%E4%BA%8B%2F项/a+b/?x&empty=&%E5%90%8D=%E5%BC%A0+%26&&y= HTTP/1.1\r\n" HOST "X-MINE: 1\r\n\r\n");
    CHECK(hear(fd, " local"));
    CHECK(strstr(got, "|info|事/项|a+b|?张 &&0#1 local"));
    say(fd, "GET http://x/info HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(fd, "GET /info|info local"));
    static const struct {
        const char *host;
        bool ours;
    } names[] = {{"localhost", 1}, {"LocalHost:8420", 1}, {"127.0.0.1:1", 1}, {"[::1]:8420", 1}, {"[::1]", 1},
                 {"evil.example", 0}, {"127.0.0.1.evil.example", 0}, {"localhost.evil:80", 0}, {"[::2]", 0}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200];
        snprintf(text, sizeof text, "GET /ours HTTP/1.1\r\nHost: %s\r\n\r\n", names[i].host);
        say(fd, text);
        if (!CHECK(hear(fd, names[i].ours ? "yes" : "no!")))
            fprintf(stderr, "    %s\n", names[i].host);
    }
    say(fd, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(fd, "NOT_FOUND"));
    close(fd);
    refused("GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /%ff HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /%ed%a0%80 HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /?a=%c0%af HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
    refused("GET /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17 HTTP/1.1\r\n" HOST "\r\n", 400, "HTTP_TARGET");
}

static void check_pipelining(void) {
    int fd = dial();
    char all[20000] = "";
    for (int i = 0; i < 100; i++)
        strcat(all, i % 3 ? REQ("/hello") : POST("/echo", 3, "abc"));
    say(fd, all);
    say(fd, REQ("/info/last"));
    CHECK(hear(fd, "|last"));
    CHECK_INT(times("200 OK"), 101);
    CHECK_INT(times("hello"), 66);
    /* the slow first is answered first, and the safe ones behind it are in work at the same time */
    say(fd, REQ("/later/80") REQ("/later/10") REQ("/hello"));
    CHECK(hear(fd, "hello"));
    CHECK(strstr(got, "later 80") && strstr(got, "later 80") < strstr(got, "later 10"));
    CHECK(strstr(got, "later 10") < strstr(got, "hello"));
    /* an unsafe one waits for those before it, and those behind wait for it */
    usleep(10000);
    pthread_mutex_lock(&lock);
    order_n = 0;
    memset(order, 0, sizeof order);
    pthread_mutex_unlock(&lock);
    say(fd, REQ("/hold") POST("/echo", 1, "x") REQ("/hello"));
    usleep(50000);
    CHECK_INT(read_locked(&order_n), 1);
    int other = dial();
    say(other, REQ("/release"));
    CHECK(hear(other, "ok"));
    CHECK(hear(fd, "hello"));
    CHECK(strstr(got, "released") < strstr(got, "X-Echo"));
    CHECK_STR(order, "ggPg");
    close(other);
    /* more than the pipeline holds: the rest waits in the socket */
    for (int i = 0; i < TB_HTTP_PIPELINE + 10; i++)
        say(fd, REQ("/later/20"));
    say(fd, REQ("/info/end"));
    CHECK(hear(fd, "|end"));
    CHECK_INT(times("later 20"), TB_HTTP_PIPELINE + 10);
    /* byte by byte */
    const char *bytes = POST("/echo", 4, "slow") REQ("/hello");
    for (const char *p = bytes; *p; p++)
        say_n(fd, p, 1);
    CHECK(hear(fd, "hello") && strstr(got, "slow"));
    /* an error of framing is answered after the answers before it */
    say(fd, REQ("/later/50") "BAD\r\n\r\n");
    CHECK_STR(hear(fd, NULL), "closed");
    CHECK(strstr(got, "later 50") && strstr(got, "later 50") < strstr(got, "400 Bad Request"));
    close(fd);
}

static void check_limits(void) {
    refused(POST("/echo", 1001, ""), 413, "HTTP_BODY_LONG");
    refused("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, "HTTP_BODY_LONG");
    refused("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n", 413,
            "HTTP_BODY_LONG");
    static char text[TB_HEAD_MAX + 3000];
    int n = sprintf(text, "GET / HTTP/1.1\r\n" HOST "X: ");
    memset(text + n, 'x', TB_HEAD_MAX + 2000);
    refused(text, 431, "HTTP_HEAD_LONG");
    /* an upload above the usual limit, where the server allows it */
    int fd = dial();
    say(fd, POST("/echo/large", 3000000, ""));
    say_n(fd, big, BIG);
    CHECK(hear(fd, "\r\n\r\n"));
    size_t head = (size_t)(strstr(got, "\r\n\r\n") + 4 - got);
    for (ssize_t k = 1; got_n < head + BIG && k > 0; got_n += k > 0 ? (size_t)k : 0)
        k = recv(fd, got + got_n, sizeof got - got_n, 0);
    CHECK(got_n == head + BIG && memcmp(got + head, big, BIG) == 0);
    /* owned bodies behind one another, and something small between */
    look(); /* the echo was given back as well */
    int before = read_locked(&given);
    say(fd, REQ("/big") REQ("/hello") REQ("/big") REQ("/info/enough"));
    CHECK(hear(fd, "|enough"));
    CHECK(got_n > 2 * BIG && times("hello") >= 1);
    look();
    CHECK_INT(read_locked(&given), before + 2);
    close(fd);
    /* 100-continue */
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK_STR(hear(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "ok");
    CHECK(hear(fd, "\r\n\r\nok"));
    close(fd);
}

/* Every one must be answered once, and the hidden second request never reach the handler. */
static void check_smuggling(void) {
    static const char hidden[] = REQ("/hello");
    static const struct {
        const char *head;
        int status;
    } tries[] = {
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 30\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
         "0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\x0b" "chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "X: a\r\n Content-Length: 30\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0;x\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nZXX0\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: y\r\n\r\n", 400},
        {"GET /hello HTTP/1.1\r\n" HOST "Host: y\r\n\r\n", 400},
        {"GET http://y/hello HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /hello HTTP/2.0\r\n" HOST "\r\n", 505},
        {"TRACE /hello HTTP/1.1\r\n" HOST "\r\n", 501},
        {"\x16\x03\x01\x02\x00\x01", 400},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        char text[1000];
        snprintf(text, sizeof text, "%s%s", tries[i].head, hidden);
        uint64_t before = look().requests;
        refused(text, tries[i].status, "\"code\":\"HTTP_");
        CHECK_INT(look().requests, before);
    }
}

static void check_times(void) {
    int idle = dial(), head = dial(), body = dial(), slow = dial();
    say(head, "GET / HTTP/1.1\r\nHo");
    say(body, POST("/echo", 10, "half"));
    /* slowloris: a byte now and then does not buy more time */
    for (int i = 0; i < 10; i++) {
        say_n(slow, "GET /hello", 1);
        usleep(40000);
    }
    CHECK_STR(hear(head, NULL), "closed");
    CHECK(status() == 408 && strstr(got, "HTTP_HEAD_TIMEOUT"));
    CHECK_STR(hear(body, NULL), "closed");
    CHECK(status() == 408 && strstr(got, "HTTP_BODY_TIMEOUT"));
    CHECK_STR(hear(slow, NULL), "closed");
    CHECK_STR(hear(idle, NULL), "closed");
    CHECK_INT(got_n, 0);
    close(idle), close(head), close(body), close(slow);
    /* a client that takes nothing */
    int fd = dial(), small = 4096, before = read_locked(&given);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(fd, REQ("/big") REQ("/big") REQ("/big") REQ("/big"));
    /* a busy machine may take seconds: to close it, and to accept it */
    for (int i = 0; i < 1000 && (look().open > 0 || read_locked(&given) == before); i++) {}
    CHECK_INT(look().open, 0);
    CHECK(read_locked(&given) > before);
    close(fd);
}

static void check_vanishing(void) {
    int before = read_locked(&gone);
    int fd = dial();
    say(fd, REQ("/hold"));
    usleep(20000);
    struct linger hard = {1, 0}; /* close with a reset */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    for (int i = 0; i < 100 && read_locked(&gone) == before; i++)
        usleep(10000);
    CHECK_INT(read_locked(&gone), before + 1);
    fd = dial();
    say(fd, REQ("/release"));
    CHECK(hear(fd, "ok"));
    /* half-closed: the answer still comes, then the close */
    say(fd, REQ("/later/50") REQ("/hello"));
    shutdown(fd, SHUT_WR);
    CHECK_STR(hear(fd, NULL), "closed");
    CHECK(strstr(got, "later 50") && strstr(got, "hello"));
    close(fd);
    /* half a request is nobody's */
    fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhalf");
    shutdown(fd, SHUT_WR);
    CHECK_STR(hear(fd, NULL), "closed");
    CHECK_INT(got_n, 0);
    close(fd);
    /* a feed whose reader goes; one whose reader takes nothing */
    before = read_locked(&gone);
    fd = dial();
    say(fd, REQ("/feed"));
    CHECK(hear(fd, "data: 1\n\n"));
    close(fd);
    for (int i = 0; i < 100 && read_locked(&gone) == before; i++)
        usleep(10000);
    CHECK_INT(read_locked(&gone), before + 1);
    fd = dial();
    say(fd, REQ("/feed/flood"));
    for (int i = 0; i < 100 && read_locked(&gone) == before + 1; i++)
        usleep(10000);
    CHECK_INT(read_locked(&gone), before + 2);
    close(fd);
    fd = dial();
    say(fd, REQ("/end"));
    CHECK(hear(fd, "ok"));
    close(fd);
}

static void check_crowd(void) {
    tb_http_options o = {.connections = 3, .idle_ms = 5000};
    start(&o);
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        say(fds[i], REQ("/hello"));
        CHECK(hear(fds[i], "hello"));
    }
    fds[3] = dial();
    CHECK_STR(hear(fds[3], NULL), "closed");
    CHECK(status() == 503 && strstr(got, "HTTP_BUSY"));
    close(fds[3]);
    close(fds[0]);
    usleep(50000);
    fds[0] = dial();
    say(fds[0], REQ("/hello"));
    CHECK(hear(fds[0], "hello"));
    /* a graceful stop: in work is answered, feeds are ended, the idle are closed, nobody new comes in */
    say(fds[0], REQ("/later/150"));
    say(fds[1], REQ("/feed"));
    CHECK(hear(fds[1], "data: 1\n\n"));
    int before = read_locked(&gone);
    pthread_mutex_lock(&lock);
    stop = true;
    pthread_mutex_unlock(&lock);
    tb_io_wake_send(wake);
    usleep(50000);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = there();
    CHECK(connect(late, (struct sockaddr *)&a, sizeof a) != 0);
    close(late);
    CHECK_STR(hear(fds[1], NULL), "closed");
    CHECK_STR(got, "0\r\n\r\n");
    CHECK_INT(read_locked(&gone), before + 1);
    close(fds[1]);
    CHECK_STR(hear(fds[0], NULL), "closed");
    CHECK(strstr(got, "later 150") && strstr(got, "Connection: close\r\n"));
    close(fds[0]);
    CHECK_STR(hear(fds[2], NULL), "closed");
    close(fds[2]);
    finish();
}

static void check_busy_port(void) {
    char error[300] = "";
    tb_io *other = tb_io_new();
    tb_http_server *s = tb_http_server_new(other, NULL, handle, NULL);
    CHECK_INT(tb_http_server_listen(s, "127.0.0.1", port, error, sizeof error), TB_FAILED);
    CHECK(strstr(error, "端口已被占用"));
    CHECK_INT(tb_http_server_listen(s, "nowhere", 1, error, sizeof error), TB_FAILED);
    CHECK(strstr(error, "地址不对"));
    tb_http_server_free(s);
    tb_io_free(other);
}

/* Random damage to good requests: the server answers or closes, and goes on. */
static void check_mutations(uint64_t seed) {
    static const char *good[] = {
        REQ("/info/a%20b?c=d&e=%41"),
        POST("/echo", 11, "hello world") REQ("/hello"),
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n" REQ("/stream"),
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\nabc",
        REQ("/later/1") "HEAD /hello HTTP/1.1\r\n" HOST "\r\n" REQ("/worker/3"),
    };
    printf("mutations: seed %" PRIu64 "\n", seed);
    uint64_t x = seed * 2862933555777941757u + 3037000493u;
#define RANDOM(n) ((size_t)((x = x * 6364136223846793005u + 1442695040888963407u) >> 33) % (n))
    int hung = 0;
    for (int i = 0; i < 1000; i++) {
        char text[1000];
        const char *from = good[RANDOM(sizeof good / sizeof *good)];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (size_t k = 1 + RANDOM(4); k > 0; k--) {
            size_t p = RANDOM(n);
            switch (RANDOM(4)) {
            case 0: text[p] = (char)RANDOM(256); break;
            case 1: memmove(text + p, text + p + 1, n - p - 1); n--; break;
            case 2: memmove(text + p + 1, text + p, n - p); n++; break;
            default: text[p] = "\r\n :;,0a%"[RANDOM(9)]; break;
            }
        }
        int fd = dial();
        size_t cut = RANDOM(n);
        say_n(fd, text, cut);
        if (i % 4 == 0)
            usleep(200);
        say_n(fd, text + cut, n - cut);
        shutdown(fd, SHUT_WR);
        if (!hear(fd, NULL)) {
            hung++;
            fprintf(stderr, "    no end after: %.*s\n", (int)n, text);
        }
        close(fd);
    }
    CHECK_INT(hung, 0);
    int fd = dial();
    say(fd, REQ("/hello"));
    CHECK(hear(fd, "hello"));
    close(fd);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed_of("http");
    big = malloc(BIG);
    for (int i = 0; i < BIG; i++)
        big[i] = "abcdefghijklmnopqrstuvwxyz0123456789\n"[i % 37];
    /* A patient server for what is no question of time, however busy the machine; a hasty one for what is. */
    tb_http_options patient = {.head_ms = 20000, .body_ms = 20000, .idle_ms = 20000, .write_ms = 20000,
                               .linger_ms = 100, .drain_ms = 300, .body_limit = body_limit};
    tb_http_options hasty = {.head_ms = 200, .body_ms = 200, .idle_ms = 400, .write_ms = 200, .linger_ms = 100,
                             .drain_ms = 300, .body_limit = body_limit};
    start(&patient);
    check_plain();
    check_saving();
    check_target();
    check_pipelining();
    check_limits();
    check_smuggling();
    finish();
    start(&hasty);
    check_times();
    check_vanishing();
    check_busy_port();
    check_mutations(seed);
    usleep(600000);
    tb_http_stats s = look();
    CHECK_INT(s.open, 0);
    CHECK_INT(s.in_work, 0);
    int fd = dial();
    say(fd, REQ("/hold"));
    for (int i = 0; i < 100 && look().in_work == 0; i++)
        usleep(10000);
    CHECK_INT(look().in_work, 1);
    close(fd);
    finish();
    check_crowd();
    free(big);
    CHECK(!nested);
    return check_end();
}
