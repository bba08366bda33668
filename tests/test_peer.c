/* Two readers of the same bytes. Requests are smuggled where a proxy and the server behind it disagree about where a request ends; so what our
 * HTTP server lets through, another must read alike. The other is GNU libmicrohttpd, in its forgiving and in its strict mood.
 *
 * Both answer every request with a header that says what they saw: method, path, length and hash of the body. A stream of bytes — written by hand
 * below, or one of those mutated by a seed — goes to each; then for every request both accepted:
 *
 *   the i-th we saw = the i-th they saw, and we did not wait for more where they were content, nor the other way round.
 *
 * That one of the two refuses (or ends the connection, and says so) where the other does not is no smuggling: what follows is then read by
 * nobody. We refuse more (head_guard.h says what and why). */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "check.h"
#include "http.h"

enum { SAW = 4096, SEEN = 32 };

static uint64_t hash_more(uint64_t h, const char *p, size_t n) { /* FNV-1a */
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)p[i]) * 1099511628211u;
    return h;
}
#define HASH_OF_NOTHING 14695981039346656037u

static void saw(char out[SAW], const char *method, const char *path, size_t n, uint64_t hash, size_t body) {
    snprintf(out, SAW, "%s %.*s %zu %016llx", method, (int)(n < 3000 ? n : 3000), path, body, (unsigned long long)hash);
}

/* ---- ours ---- */

static tb_io *io;
static tb_http_server *ours;
static tb_io_wake *wake;

static void on_request(void *user, tb_http_request *r) {
    (void)user;
    char text[SAW], extra[SAW + 20];
    tb_str path = tb_http_path(r), body = tb_http_body(r);
    saw(text, tb_method_name(tb_http_method(r)), path.p, path.n, hash_more(HASH_OF_NOTHING, body.p, body.n), body.n);
    snprintf(extra, sizeof extra, "X-Saw: %s\r\n", text);
    tb_http_answer(r, 200, NULL, extra, "", 0);
}
static void drained(void *arg) { tb_io_stop(arg); }
static void on_wake(void *arg) {
    (void)arg;
    tb_http_server_drain(ours, drained, io);
}
static void *serve(void *arg) {
    (void)arg;
    tb_io_run(io);
    return NULL;
}

/* ---- theirs ---- */

typedef struct seen {
    uint64_t hash;
    size_t n;
} seen;

static enum MHD_Result on_peer(void *user, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data,
                               size_t *size, void **state) {
    (void)user, (void)version;
    seen *s = *state;
    if (!s) {
        if (!(*state = s = malloc(sizeof *s))) return MHD_NO;
        *s = (seen){HASH_OF_NOTHING, 0};
        return MHD_YES;
    }
    if (*size) {
        s->hash = hash_more(s->hash, data, *size);
        s->n += *size;
        *size = 0;
        return MHD_YES;
    }
    char text[SAW];
    const char *path = url, *scheme = strstr(url, "://"); /* http://host/path: the path */
    if (*url != '/' && scheme && !(path = strchr(scheme + 3, '/'))) path = "/";
    saw(text, method, path, strlen(path), s->hash, s->n);
    struct MHD_Response *r = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    if (!r) return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(r, "X-Saw", text) == MHD_YES ? MHD_queue_response(c, 200, r) : MHD_NO;
    MHD_destroy_response(r);
    return ok;
}
static void on_peer_done(void *user, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why) {
    (void)user, (void)c, (void)why;
    free(*state);
    *state = NULL;
}
static size_t as_it_is(void *user, struct MHD_Connection *c, char *s) { /* instead of decoding %XX: the path as sent */
    (void)user, (void)c;
    return strlen(s);
}
static void silent(void *user, const char *format, va_list args) { (void)user, (void)format, (void)args; }

static struct MHD_Daemon *peer(int strict, int *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_peer, NULL, MHD_OPTION_EXTERNAL_LOGGER, silent, NULL,
        MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_STRICT_FOR_CLIENT, strict, MHD_OPTION_UNESCAPE_CALLBACK, as_it_is, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_peer_done, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    *port = info ? info->port : 0;
    return d;
}

/* ---- one stream, one reader ---- */

typedef struct reading {
    char requests[SEEN][SAW];
    int count, refused; /* refused: the status of its last answer, if that was no 200 */
    bool ended;         /* it ended the connection: by a refusal, by saying so, or without a word before it was told that no more comes */
} reading;

static char got[1 << 20];

static int dial(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) perror("connect");
    return fd;
}

static void take_apart(reading *r, const char *p, size_t n) {
    const char *end = p + n;
    r->count = r->refused = 0;
    r->ended = false;
    while (p < end && r->count < SEEN) {
        const char *stop = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
        if (!stop || strncmp(p, "HTTP/1.", 7) != 0) return;
        int status = atoi(p + 9);
        if (status >= 200 && status != 200) {
            r->refused = status;
            r->ended = true;
            return;
        }
        r->ended |= memmem(p, (size_t)(stop - p), "Connection: close", 17) != NULL || memmem(p, (size_t)(stop - p), "Connection: Close", 17) != NULL;
        const char *mark = memmem(p, (size_t)(stop - p), "X-Saw: ", 7);
        if (status == 200 && mark) snprintf(r->requests[r->count++], SAW, "%.*s", (int)strcspn(mark + 7, "\r"), mark + 7);
        p = stop + 4;
    }
}

/* Sends the bytes; reads until the other closes. When it has been silent for a while it is told that no more comes: some readers drop what they have
 * read by then, so not at once. */
static void show(int port, const char *p, size_t n, int patience, reading *r) {
    int fd = dial(port);
    size_t have = 0;
    bool told = false;
    while (n) {
        ssize_t m = send(fd, p, n, MSG_NOSIGNAL);
        if (m <= 0) break;
        p += m, n -= (size_t)m;
    }
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (!told && poll(&wait, 1, patience) == 0) {
            shutdown(fd, SHUT_WR);
            told = true;
            continue;
        }
        ssize_t m = recv(fd, got + have, sizeof got - 1 - have, 0);
        if (m <= 0) break;
        have += (size_t)m;
    }
    close(fd);
    take_apart(r, got, have);
    r->ended |= !told;
}

/* ---- comparing ---- */

static int port_ours, ports[2];
static struct {
    int both, we_refuse, they_refuse, requests;
} sums;

enum verdict { SAME, DIFFERENT, WE_ONLY, THEY_ONLY };

static enum verdict compare(const reading *a, const reading *b) {
    int least = a->count < b->count ? a->count : b->count;
    for (int i = 0; i < least; i++)
        if (strcmp(a->requests[i], b->requests[i]) != 0) return DIFFERENT;
    if (a->count == b->count) return a->refused && !b->refused ? WE_ONLY : b->refused && !a->refused ? THEY_ONLY : SAME;
    if (a->count < b->count) return a->ended ? WE_ONLY : DIFFERENT;
    return b->ended ? THEY_ONLY : DIFFERENT;
}

static void print(const char *who, const reading *r) {
    fprintf(stderr, "    %s:\n", who);
    for (int i = 0; i < r->count; i++) fprintf(stderr, "      %s\n", r->requests[i]);
    fprintf(stderr, r->refused ? "      refused, %d\n" : r->ended ? "      ended\n" : "      waited for more\n", r->refused);
}

static void both(const char *p, size_t n, int which) {
    static reading a, b;
    enum verdict v = DIFFERENT;
    for (int patience = 20; v == DIFFERENT && patience <= 2000; patience *= 10) { /* again, in case one was not given the time */
        show(port_ours, p, n, patience, &a);
        show(ports[which], p, n, patience, &b);
        v = compare(&a, &b);
    }
    sums.both += v == SAME;
    sums.we_refuse += v == WE_ONLY;
    sums.they_refuse += v == THEY_ONLY;
    sums.requests += a.count;
    if (CHECK(v != DIFFERENT)) return;
    fprintf(stderr, "    bytes:\n");
    for (size_t i = 0; i < n; i++) fprintf(stderr, p[i] >= 32 && p[i] < 127 ? "%c" : p[i] == '\n' ? "\\n\n" : p[i] == '\r' ? "\\r" : "\\x%02x", (uint8_t)p[i]);
    fprintf(stderr, "\n");
    print("we saw", &a);
    print(which ? "they saw (strict)" : "they saw (forgiving)", &b);
}

/* Would it be seen? A boundary drawn elsewhere, a request more, one that waits where the other is content. */
static void check_compare(void) {
    static reading a = {.requests = {"POST /p 5", "GET /a 0"}, .count = 2, .ended = true}, b;
    b = a;
    CHECK_INT(compare(&a, &b), SAME);
    snprintf(b.requests[0], SAW, "POST /p 0");
    CHECK_INT(compare(&a, &b), DIFFERENT);
    b = a, b.count = 1;
    CHECK_INT(compare(&a, &b), THEY_ONLY);
    CHECK_INT(compare(&b, &a), WE_ONLY);
    b.ended = false;
    CHECK_INT(compare(&a, &b), DIFFERENT);
    CHECK_INT(compare(&b, &a), DIFFERENT);
}

#define HOST "Host: x\r\n"
#define END "GET /end HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
#define REQ(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define CHUNKED "POST /c HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static const char *const streams[] = {
    REQ("/a") REQ("/b?x=1") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\nhello world" REQ("/a") END,
    CHUNKED "5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "005\r\nhello\r\n000\r\n\r\n" REQ("/a") END,
    CHUNKED "A\r\n0123456789\r\n0\r\n\r\n" END,
    CHUNKED "5;ext=1\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "5\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n" REQ("/a") END,
    CHUNKED "5\nhello\n0\n\n" REQ("/a") END,
    CHUNKED "5 \r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "0x5\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "+5\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "-1\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "ffffffffffffffff\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    CHUNKED "5\r\nhelloXX0\r\n\r\n" REQ("/a") END,
    CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5 \r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 05\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "X: a\r\n Transfer-Encoding: chunked\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "X: a\rTransfer-Encoding: chunked\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.1\r\n" HOST "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "POST /p HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REQ("/a") END,
    "GET /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" REQ("/b") END,
    "GET /a HTTP/1.1\r\n\r\n" END,
    "GET /a HTTP/1.1\r\n" HOST HOST "\r\n" END,
    "GET /a HTTP/1.1\nHost: x\n\n" END,
    "\r\n\r\nGET /a HTTP/1.1\r\n" HOST "\r\n" END,
    "GET  /a HTTP/1.1\r\n" HOST "\r\n" END,
    "GET\t/a HTTP/1.1\r\n" HOST "\r\n" END,
    " GET /a HTTP/1.1\r\n" HOST "\r\n" END,
    "GET /a\r\n\r\n" END,
    "GET /a HTTP/1.1 \r\n" HOST "\r\n" END,
    "GET /a b HTTP/1.1\r\n" HOST "\r\n" END,
    "GET http://x/a HTTP/1.1\r\n" HOST "\r\n" END,
    "GET /\xe4\xba\x8b HTTP/1.1\r\n" HOST "\r\n" END,
    "get /a HTTP/1.1\r\n" HOST "\r\n" END,
    "HEAD /a HTTP/1.1\r\n" HOST "\r\n" REQ("/b") END,
    "DELETE /a HTTP/1.1\r\n" HOST "\r\n" REQ("/b") END,
    "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc" REQ("/b") END,
    "GET /a HTTP/1.1\r\n" HOST ": x\r\n\r\n" END,
    "GET /a HTTP/1.1\r\n" HOST "no colon\r\n\r\n" END,
    "GET /a HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n" END,
    "GET /a HTTP/1.1\r\n" HOST "X:\r\n\r\n" REQ("/b") END,
    "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" REQ("/b"),
    "GET /a HTTP/1.0\r\n\r\n" REQ("/b"),
    "GET /a HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n" REQ("/b") END,
};

int main(void) {
    char error[500];
    pthread_t thread;
    struct MHD_Daemon *peers[2];
    io = tb_io_new();
    ours = tb_http_server_new(io, &(tb_http_options){.linger_ms = 100}, on_request, NULL);
    CHECK_INT(tb_http_server_listen(ours, "127.0.0.1", 0, error, sizeof error), TB_OK);
    port_ours = tb_http_server_port(ours);
    wake = tb_io_wake_new(io, on_wake, NULL);
    pthread_create(&thread, NULL, serve, NULL);
    for (int strict = 0; strict < 2; strict++)
        if (!CHECK((peers[strict] = peer(strict, &ports[strict])) != NULL && ports[strict])) return check_end();

    check_compare();
    for (int strict = 0; strict < 2; strict++)
        for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) both(streams[i], strlen(streams[i]), strict);

    uint64_t x = seed_of("peer");
#define RANDOM(n) ((size_t)((x = x * 6364136223846793005u + 1442695040888963407u) >> 33) % (n))
    for (int i = 0; i < 1500; i++) {
        char text[1000];
        const char *from = streams[RANDOM(sizeof streams / sizeof *streams)];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (size_t k = 1 + RANDOM(3); k > 0; k--) {
            size_t p = RANDOM(n);
            switch (RANDOM(5)) {
            case 0: text[p] = (char)RANDOM(256); break;
            case 1: memmove(text + p, text + p + 1, n - p - 1), n--; break;
            case 2: memmove(text + p + 1, text + p, n - p), n++; break;
            default: text[p] = "\r\n\t :;,0a%+-x5"[RANDOM(15)]; break;
            }
        }
        both(text, n, (int)RANDOM(2));
    }
    printf("%d requests seen by both alike; of %d streams we alone refused %d, they alone %d\n", sums.requests,
           sums.both + sums.we_refuse + sums.they_refuse, sums.we_refuse, sums.they_refuse);
    for (int strict = 0; strict < 2; strict++) MHD_stop_daemon(peers[strict]);
    tb_io_wake_send(wake);
    pthread_join(thread, NULL);
    tb_http_server_free(ours);
    tb_io_wake_free(wake);
    tb_io_free(io);
    return check_end();
}
