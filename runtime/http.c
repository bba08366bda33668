/* The HTTP/1.1 server; what it promises stands in http.h.
 *
 * One connection is a small machine around one function, pump():
 *
 *   read buffer ─▶ guard ─▶ llhttp ─▶ request ─▶ [held] ─▶ queue in order ─▶ handler
 *                                                            │ answered, and first?
 *        socket ◀─ one write ◀─ sending ◀─swap─ out ◀────────┘
 *
 * Whatever happens (bytes came, a write ended, a request was answered) changes the state and calls pump(), which does
 * all there is to do: parse and hand out requests, move finished answers to `out`, write. Answers given inside a
 * handler only fill `out`; they are written together when the buffer is used up, so sixteen pipelined requests cost
 * one write. pump() is not re-entered, and a connection is freed only at its end: no code below has to ask whether it
 * is still there. When it runs because the user answered (`from_user`), he is in the middle of something of his own:
 * then it only moves and writes, and what would call him (the next request, a lost client) waits for the next turn.
 *
 * Memory. A connection has one read buffer of the size of the longest head. Requests come from a pool and keep their
 * buffers: a steady server allocates nothing. A failed allocation costs that connection, nothing else.
 *
 * Time. One timer for the whole server sweeps the connections a few times within the shortest limit: far cheaper than
 * moving a timer at each request, and exact enough for limits of seconds. It rests while no connection is open. */
#include "http.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "llhttp.h"

enum {
    KEEP = 16 * 1024,    /* a larger buffer is given back when its work is done */
    POOL = 256,          /* requests kept for reuse */
    TICK_MIN = 5,        /* ms between two sweeps */
    TICK_MAX = 1000,
    TURN_AWAY = 64,      /* connections above the limit that are told so before they are closed */
    OWN_WORTH = 4 * 1024 /* a smaller body is cheaper copied than written apart */
};

/* ---- growing bytes on malloc; after a failure nothing is put any more and `failed` says so ---- */

typedef struct bytes {
    char *p;
    size_t n, room;
    bool failed;
} bytes;

static char *more(bytes *b, size_t n) {
    if (b->failed)
        return NULL;
    if (b->room - b->n < n) {
        size_t room = b->room ? b->room : 512;
        while (room - b->n < n)
            room *= 2;
        char *p = realloc(b->p, room);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->room = room;
    }
    return b->p + b->n;
}

static void put(bytes *b, const char *p, size_t n) {
    char *to = n ? more(b, n) : NULL;
    if (to) {
        memcpy(to, p, n);
        b->n += n;
    }
}
static void puts_(bytes *b, const char *z) { put(b, z, strlen(z)); }
#define PUT(b, literal) put((b), literal, sizeof(literal) - 1)

static void put_number(bytes *b, uint64_t v, unsigned base) {
    char digits[24], *p = digits + sizeof digits;
    do
        *--p = "0123456789abcdef"[v % base];
    while (v /= base);
    put(b, p, (size_t)(digits + sizeof digits - p));
}

static void drop(bytes *b) {
    free(b->p);
    *b = (bytes){0};
}
static void empty(bytes *b) {
    b->n = 0;
    if (b->room > KEEP)
        drop(b);
}

/* ---- the things ---- */

typedef struct conn conn;

/* A body that its giver keeps until it is written. */
typedef struct owned {
    const char *p;
    size_t n;
    void (*give)(void *arg);
    void *arg;
} owned;

static void give_back(owned *o) {
    if (o->give)
        o->give(o->arg);
    *o = (owned){0};
}

struct tb_http_request {
    tb_http_server *server;
    conn *conn;            /* NULL: the client is gone */
    tb_http_request *next; /* in the connection's queue, or in the pool */
    bool answered, streaming, chunking, close, loopback;
    tb_io_fn *gone;
    void *gone_arg;
    bytes text; /* the head as received, then what was decoded of it */
    bytes body;
    bytes reply; /* what was answered before its turn came */
    owned own;   /* follows `reply` */
    int segments, parameters;
    tb_str segment[TB_HTTP_SEGMENTS];
    struct {
        tb_str name, value;
    } parameter[TB_HTTP_PARAMETERS];
    tb_head head;
};

/* What a connection waits for from its client; `since` is when it began. */
enum phase { IDLE, HEAD, BODY, LINGER };

struct conn {
    tb_http_server *server;
    conn *next, *prev, *next_ready;
    tb_io_stream *stream;
    enum phase phase;
    int64_t since, write_since;
    bool eof;     /* the client sends no more */
    bool last;    /* nothing further is read: the queue is answered, then we close */
    bool doomed;  /* to be closed at once */
    bool dead;    /* closed: only memory is left */
    bool pumping, writing, loopback, reading, ready;
    bool owes_continue; /* 100 Continue is due when the answers before it are out */
    bool complete;      /* llhttp: the message ended */
    uint32_t start, end; /* of what is unread in `buffer` */
    uint64_t body_left, body_limit;
    tb_chunks chunks;
    llhttp_t parser;
    tb_http_request *req;          /* being read */
    tb_http_request *held;         /* read, waiting for those before it */
    tb_http_request *first, *last_request;
    int queued, unsafe;
    bytes out, sending;
    owned out_own, sending_own; /* the last bytes of each */
    size_t unsent;
    char buffer[TB_HEAD_MAX];
};

struct tb_http_server {
    tb_io *io;
    tb_http_options o;
    tb_http_handler *handler;
    void *user;
    tb_io_listener *listener;
    tb_io_timer *tick;
    tb_io_wake *wake;
    conn *ready; /* to be pumped on the next turn of the loop */
    int64_t tick_ms;
    conn *conns;
    tb_http_request *pool;
    int pooled;
    tb_http_stats stats;
    int live; /* requests outside the pool */
    bool draining, freed;
    int64_t drain_since;
    tb_io_fn *drained;
    void *drained_arg;
    int64_t date_second;
    char date[40];
    size_t date_n;
    llhttp_settings_t settings;
};

static void pump(conn *c, bool from_user);

/* ---- requests ---- */

static tb_http_request *request_take(conn *c) {
    tb_http_server *s = c->server;
    tb_http_request *r = s->pool;
    if (r) {
        s->pool = r->next;
        s->pooled--;
    } else if (!(r = malloc(sizeof *r))) {
        return NULL;
    } else {
        r->text = r->body = r->reply = (bytes){0};
        r->own = (owned){0};
    }
    r->server = s;
    r->conn = c;
    r->next = NULL;
    r->answered = r->streaming = r->chunking = r->close = false;
    r->loopback = c->loopback;
    r->gone = NULL;
    r->segments = r->parameters = 0;
    tb_head_begin(&r->head);
    s->live++;
    return r;
}

static void request_free(tb_http_request *r) {
    drop(&r->text);
    drop(&r->body);
    drop(&r->reply);
    free(r);
}

static void request_release(tb_http_request *r) {
    tb_http_server *s = r->server;
    give_back(&r->own);
    empty(&r->text);
    empty(&r->body);
    empty(&r->reply);
    r->text.failed = r->body.failed = r->reply.failed = false;
    s->live--;
    if (s->pooled < POOL && !s->freed) {
        r->next = s->pool;
        s->pool = r;
        s->pooled++;
        return;
    }
    request_free(r);
    if (s->freed && s->live == 0)
        free(s);
}

static bool is_safe(const tb_http_request *r) {
    return r->head.method == TB_HTTP_GET || r->head.method == TB_HTTP_HEAD || r->head.method == TB_HTTP_OPTIONS;
}

tb_method tb_http_method(const tb_http_request *r) { return r->head.method; }
static tb_str at(const tb_http_request *r, tb_head_span s) { return (tb_str){r->text.p + s.at, s.n}; }
tb_str tb_http_path(const tb_http_request *r) { return at(r, r->head.path); }
int tb_http_segments(const tb_http_request *r) { return r->segments; }
tb_str tb_http_segment(const tb_http_request *r, int i) {
    return i >= 0 && i < r->segments ? r->segment[i] : (tb_str){"", 0};
}
tb_str tb_http_body(const tb_http_request *r) { return (tb_str){r->body.p ? r->body.p : "", (uint32_t)r->body.n}; }
bool tb_http_from_loopback(const tb_http_request *r) { return r->loopback; }

bool tb_http_parameter(const tb_http_request *r, const char *name, tb_str *value) {
    for (int i = 0; i < r->parameters; i++)
        if (tb_str_is(r->parameter[i].name, name))
            return *value = r->parameter[i].value, true;
    return false;
}

bool tb_http_header(const tb_http_request *r, const char *name, tb_str *value) {
    size_t n = strlen(name);
    for (uint32_t i = 0; i < r->head.count; i++) {
        tb_str have = at(r, r->head.fields[i].name);
        if (have.n == n && strncasecmp(have.p, name, n) == 0)
            return *value = at(r, r->head.fields[i].value), true;
    }
    return false;
}

bool tb_http_for_loopback(const tb_http_request *r) {
    tb_str host = at(r, r->head.host);
    if (host.n && host.p[0] == '[')
        return host.n >= 5 && memcmp(host.p, "[::1]", 5) == 0; /* what follows is a port: the guard has seen to it */
    const char *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
    uint32_t n = colon ? (uint32_t)(colon - host.p) : host.n;
    return (n == 9 && strncasecmp(host.p, "localhost", 9) == 0) || (n == 9 && memcmp(host.p, "127.0.0.1", 9) == 0);
}

void tb_http_on_gone(tb_http_request *r, tb_io_fn *fn, void *arg) {
    r->gone = fn;
    r->gone_arg = arg;
}

/* ---- decoding the target ---- */

static bool utf8_ok(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        int tail = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
        if (tail < 0 || end - p <= tail)
            return false;
        for (int i = 1; i <= tail; i++)
            if ((p[i] & 0xc0) != 0x80)
                return false;
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
            (*p == 0xf4 && p[1] > 0x8f))
            return false; /* longer than needed, a surrogate, beyond U+10FFFF */
        p += tail + 1;
    }
    return true;
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Appends the decoded piece and a NUL to the request's text, where room was made before. False: a bad %XX, a control
 * character, or not UTF-8. */
static bool decode(tb_http_request *r, const char *p, const char *end, bool plus, tb_str *out) {
    char *to = r->text.p + r->text.n, *from = to;
    for (; p < end; p++) {
        int c = (uint8_t)*p;
        if (c == '%') {
            if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0)
                return false;
            c = hex(p[1]) * 16 + hex(p[2]);
            p += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f)
            return false;
        *to++ = (char)c;
    }
    *to = '\0';
    *out = (tb_str){from, (uint32_t)(to - from)};
    r->text.n += out->n + 1u;
    return utf8_ok((uint8_t *)from, (uint8_t *)to);
}

/* Keeps the head and takes its target apart. TB_OK, TB_NOMEM, TB_FAILED (the target is no good). */
static int read_target(tb_http_request *r, const char *head) {
    const tb_head *h = &r->head;
    /* Decoding never makes longer, and each piece's NUL takes the place of its mark. */
    size_t target = (size_t)h->path.n + h->query.n;
    if (!more(&r->text, h->seen + target + 2))
        return TB_NOMEM;
    put(&r->text, head, h->seen);
    const char *p = r->text.p + h->path.at, *end = p + h->path.n;
    while (*p == '/') { /* not so for "*" */
        const char *slash = memchr(p + 1, '/', (size_t)(end - p - 1)), *stop = slash ? slash : end;
        if (r->segments == TB_HTTP_SEGMENTS || !decode(r, p + 1, stop, false, &r->segment[r->segments++]))
            return TB_FAILED;
        if (!slash)
            break;
        p = slash;
    }
    for (p = r->text.p + h->query.at, end = p + h->query.n; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        if (stop > p) {
            if (r->parameters == TB_HTTP_PARAMETERS)
                return TB_FAILED;
            int i = r->parameters++;
            r->parameter[i].value = (tb_str){"", 0};
            if (!decode(r, p, eq ? eq : stop, true, &r->parameter[i].name) ||
                (eq && !decode(r, eq + 1, stop, true, &r->parameter[i].value)))
                return TB_FAILED;
        }
        p = stop + 1;
    }
    return TB_OK;
}

/* ---- writing answers ---- */

static const char *phrase(int status) {
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return ""; /* the phrase may be empty (RFC 9112 §4) */
    }
}

/* Whole lines "Name: value\r\n", no line empty: what is user data in them must not end the head early. */
static bool extra_ok(const char *p) {
    while (*p) {
        const char *cr = strpbrk(p, "\r\n");
        if (!cr || cr == p || cr[0] != '\r' || cr[1] != '\n' || !memchr(p, ':', (size_t)(cr - p)))
            return false;
        p = cr + 2;
    }
    return true;
}

static void put_date(tb_http_server *s, bytes *b) {
    int64_t second = tb_io_now(s->io) / 1000;
    if (second != s->date_second) {
        static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        time_t t = (time_t)(tb_io_wall(s->io) / 1000);
        struct tm u;
        gmtime_r(&t, &u);
        s->date_second = second;
        s->date_n = (size_t)snprintf(s->date, sizeof s->date, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                                     days + 3 * u.tm_wday, u.tm_mday % 100, months + 3 * u.tm_mon,
                                     (u.tm_year + 1900) % 10000, u.tm_hour % 100, u.tm_min % 100, u.tm_sec % 100);
    }
    put(b, s->date, s->date_n);
}

enum { CHUNKED = -1, UNTIL_CLOSE = -2 };

static void put_head(tb_http_request *r, bytes *b, int status, const char *type, const char *extra, int64_t length) {
    if (status == 200) {
        PUT(b, "HTTP/1.1 200 OK\r\n");
    } else {
        PUT(b, "HTTP/1.1 ");
        put_number(b, (uint64_t)status, 10);
        PUT(b, " ");
        puts_(b, phrase(status));
        PUT(b, "\r\n");
    }
    put_date(r->server, b);
    if (type) {
        PUT(b, "Content-Type: ");
        puts_(b, type);
        PUT(b, "\r\n");
    }
    if (length == CHUNKED) {
        PUT(b, "Transfer-Encoding: chunked\r\n");
    } else if (length >= 0 && status != 204 && status != 304) {
        PUT(b, "Content-Length: ");
        put_number(b, (uint64_t)length, 10);
        PUT(b, "\r\n");
    }
    if (extra)
        puts_(b, extra);
    if (r->close)
        PUT(b, "Connection: close\r\n");
    PUT(b, "\r\n");
}

/* Where the next bytes of this answer go: straight out when it is its turn, else to wait. An owned body seals what is
 * before it: nothing can be put behind until it is written. */
static bytes *sink(tb_http_request *r) {
    conn *c = r->conn;
    return c->first == r && !c->out_own.p && !r->reply.n && !r->own.p ? &c->out : &r->reply;
}

/* While the server stops, the last answer of each connection says so. */
static bool closes(const tb_http_request *r) {
    return r->server->draining && r->conn->last_request == r && !r->conn->held;
}

static size_t pending(const conn *c) { return c->out.n + c->out_own.n + (c->writing ? tb_io_unsent(c->stream) : 0); }

/* Moves what is answered, in order, into `out`. */
static void advance(conn *c) {
    for (tb_http_request *r; (r = c->first) && !c->out_own.p;) {
        if (r->reply.failed || c->out.failed) { /* an answer without memory: a closed connection at least is no lie */
            c->doomed = true;
            return;
        }
        put(&c->out, r->reply.p, r->reply.n);
        empty(&r->reply);
        if (r->own.p) {
            c->out_own = r->own;
            r->own = (owned){0};
        }
        if (!r->answered)
            return;
        if (!(c->first = r->next))
            c->last_request = NULL;
        c->queued--;
        c->unsafe -= !is_safe(r);
        if (r->close)
            c->last = true;
        request_release(r);
        c->since = c->phase == IDLE ? tb_io_now(c->server->io) : c->since;
    }
}

static void flush(conn *c) {
    c->doomed |= c->out.failed; /* what is in it may be cut anywhere */
    while (!c->writing && !c->doomed && (c->out.n || c->out_own.n)) {
        bytes b = c->sending;
        c->sending = c->out;
        c->out = b;
        c->sending_own = c->out_own;
        c->out_own = (owned){0};
        tb_io_part parts[2] = {{c->sending.p, c->sending.n}, {c->sending_own.p, c->sending_own.n}};
        bool no_head = c->sending.n == 0; /* a body whose head left with an earlier write */
        switch (tb_io_write(c->stream, parts + no_head, c->sending_own.n && !no_head ? 2 : 1)) {
        case TB_IO_SENT:
            empty(&c->sending);
            give_back(&c->sending_own);
            advance(c);
            break;
        case TB_IO_LATER:
            c->writing = true;
            c->write_since = tb_io_now(c->server->io);
            c->unsent = tb_io_unsent(c->stream);
            break;
        case TB_IO_BROKEN: c->doomed = true; break;
        }
    }
}

/* The answer to `r` is complete in its sink; `r` must not be touched any more. */
static void finished(tb_http_request *r) {
    conn *c = r->conn;
    r->answered = true;
    r->server->stats.in_work--;
    if (c)
        pump(c, true);
    else
        request_release(r);
}

static void put_body(tb_http_request *r, bytes *b, int status, const char *body, size_t n) {
    if (r->head.method != TB_HTTP_HEAD && status != 204 && status != 304)
        put(b, body, n);
}

void tb_http_answer_own(tb_http_request *r, int status, const char *type, const char *extra, const char *body, size_t n,
                        void (*give)(void *arg), void *arg) {
    assert(!r->answered && !r->streaming && status >= 200 && status < 600);
    owned own = {body, n, give, arg};
    if (!r->conn || r->conn->dead) {
        give_back(&own);
        finished(r);
        return;
    }
    if (extra && !extra_ok(extra)) {
        give_back(&own);
        tb_http_error(r, 500, "HTTP_BAD_ANSWER", "服务器内部错误：答复的头部不合规定");
        return;
    }
    r->close |= closes(r);
    bytes *b = sink(r);
    put_head(r, b, status, type, extra, (int64_t)n);
    if (give && n >= OWN_WORTH && r->head.method != TB_HTTP_HEAD && status != 204 && status != 304) {
        if (b == &r->reply)
            r->own = own;
        else
            r->conn->out_own = own;
    } else {
        put_body(r, b, status, body, n);
        give_back(&own);
    }
    finished(r);
}

void tb_http_answer(tb_http_request *r, int status, const char *type, const char *extra, const char *body, size_t n) {
    tb_http_answer_own(r, status, type, extra, body, n, NULL, NULL);
}

static void put_json(bytes *b, const char *z) {
    PUT(b, "\"");
    for (; *z; z++) {
        uint8_t c = (uint8_t)*z;
        if (c == '"' || c == '\\') {
            PUT(b, "\\");
            put(b, z, 1);
        } else if (c < 0x20) {
            PUT(b, "\\u00");
            put_number(b, c >> 4, 16);
            put_number(b, c & 15, 16);
        } else {
            put(b, z, 1);
        }
    }
    PUT(b, "\"");
}

void tb_http_error(tb_http_request *r, int status, const char *code, const char *message) {
    bytes b = {0};
    PUT(&b, "{\"error\":{\"code\":");
    put_json(&b, code);
    PUT(&b, ",\"message\":");
    put_json(&b, message);
    PUT(&b, ",\"file\":null,\"line\":null,\"detail\":null}}");
    if (b.failed) {
        static const char poor[] = "{\"error\":{\"code\":\"HTTP_MEMORY\",\"message\":\"内存不足，请稍后重试\","
                                   "\"file\":null,\"line\":null,\"detail\":null}}";
        tb_http_answer(r, 503, TB_HTTP_JSON, NULL, poor, sizeof poor - 1);
    } else {
        tb_http_answer(r, status, TB_HTTP_JSON, NULL, b.p, b.n);
    }
    drop(&b);
}

void tb_http_stream_begin(tb_http_request *r, int status, const char *type, const char *extra) {
    assert(!r->answered && !r->streaming);
    r->streaming = true;
    if (!r->conn || r->conn->dead)
        return;
    bool sound = !extra || extra_ok(extra);
    r->chunking = r->head.minor == 1;
    r->close |= !r->chunking || closes(r);
    put_head(r, sink(r), sound ? status : 500, type, sound ? extra : NULL, r->chunking ? CHUNKED : UNTIL_CLOSE);
    pump(r->conn, true);
}

bool tb_http_stream_put(tb_http_request *r, const char *p, size_t n) {
    assert(r->streaming && !r->answered);
    conn *c = r->conn;
    if (!c || c->dead || c->doomed)
        return false;
    if (n == 0 || r->head.method == TB_HTTP_HEAD)
        return true;
    bytes *b = sink(r);
    if (r->chunking) {
        put_number(b, n, 16);
        PUT(b, "\r\n");
    }
    put(b, p, n);
    if (r->chunking)
        PUT(b, "\r\n");
    if (b->failed || pending(c) + r->reply.n > TB_HTTP_STREAM_PENDING + n)
        c->doomed = true; /* it takes less than comes: let it go, and reconnect from where it was */
    pump(c, true);
    return !c->doomed;
}

void tb_http_stream_end(tb_http_request *r) {
    assert(r->streaming && !r->answered);
    if (r->conn && !r->conn->dead && r->chunking && r->head.method != TB_HTTP_HEAD)
        PUT(sink(r), "0\r\n\r\n");
    finished(r);
}

/* ---- connections ---- */

static void conn_free(conn *c) {
    drop(&c->out);
    drop(&c->sending);
    free(c);
}

/* Closes the connection and lets go of its requests; the memory goes here, or at the end of the pump() that runs. */
static void lose(conn *c) {
    tb_http_server *s = c->server;
    c->dead = true;
    tb_io_close(c->stream);
    for (conn **p = &s->ready; c->ready && *p; p = &(*p)->next_ready)
        if (*p == c) {
            *p = c->next_ready;
            break;
        }
    if (c->next)
        c->next->prev = c->prev;
    *(c->prev ? &c->prev->next : &s->conns) = c->next;
    s->stats.open--;
    if (c->req)
        request_release(c->req);
    if (c->held)
        request_release(c->held);
    for (tb_http_request *r; (r = c->first);) {
        c->first = r->next;
        r->conn = NULL;
        if (r->answered)
            request_release(r);
        else if (r->gone)
            r->gone(r->gone_arg);
    }
    give_back(&c->out_own);
    give_back(&c->sending_own);
    if (!c->pumping)
        conn_free(c);
}

static void enqueue(conn *c, tb_http_request *r) {
    if (c->last_request)
        c->last_request->next = r;
    else
        c->first = r;
    c->last_request = r;
    c->queued++;
    c->unsafe += !is_safe(r);
    c->server->stats.in_work++;
}

/* Answers the request being read with an error of framing, after those before it; then the connection ends. */
static void refuse(conn *c, tb_http_request *r, int status, const char *code, const char *text) {
    c->server->stats.refused++;
    c->req = NULL;
    c->last = true;
    c->owes_continue = false;
    c->phase = IDLE;
    r->close = true;
    enqueue(c, r);
    tb_http_error(r, status, code, text);
}

static void refuse_head(conn *c, tb_head_reason why) {
    refuse(c, c->req, tb_head_status(why), tb_head_code(why), tb_head_text(why));
}

static const llhttp_method_t methods[TB_HTTP_METHODS] = {HTTP_GET,   HTTP_HEAD,   HTTP_POST,   HTTP_PUT,
                                                         HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS};

static int on_headers_complete(llhttp_t *p) {
    p->upgrade = 0; /* we may ignore Upgrade (RFC 9110 §7.8), and do */
    return 0;
}
static int on_body(llhttp_t *p, const char *b, size_t n) {
    conn *c = p->data;
    put(&c->req->body, b, n);
    return 0;
}
static int on_message_complete(llhttp_t *p) {
    ((conn *)p->data)->complete = true;
    return 0;
}

/* Feeds llhttp what the guard has measured. False, and the request refused, when it reads other than the guard. */
static bool parse(conn *c, const char *p, size_t n, bool expect_end) {
    if (llhttp_execute(&c->parser, p, n) == HPE_OK && c->complete == expect_end)
        return true;
    refuse(c, c->req, 400, "HTTP_PARSER", "请求有歧义：两种解析的结果不一致");
    return false;
}

static void request_complete(conn *c) {
    c->held = c->req;
    c->req = NULL;
    c->phase = IDLE;
    c->owes_continue = false;
    c->server->stats.requests++;
}

static void head_complete(conn *c) {
    tb_http_server *s = c->server;
    tb_http_request *r = c->req;
    const tb_head *h = &r->head;
    const char *head = c->buffer + c->start;
    c->start += h->seen;
    r->close = h->close || h->minor == 0; /* HTTP/1.0 keeps nothing alive here */
    switch (read_target(r, head)) {
    case TB_NOMEM: c->doomed = true; return;
    case TB_FAILED: refuse_head(c, TB_HEAD_TARGET); return;
    default: break;
    }
    bool has_body = h->chunked || (h->has_length && h->length > 0);
    c->complete = false;
    llhttp_init(&c->parser, HTTP_REQUEST, &s->settings);
    c->parser.data = c;
    if (!parse(c, head, h->seen, !has_body))
        return;
    if (c->parser.method != methods[h->method] || ((c->parser.flags & F_CHUNKED) != 0) != h->chunked ||
        (has_body && !h->chunked && c->parser.content_length != h->length)) {
        refuse(c, r, 400, "HTTP_PARSER", "请求有歧义：两种解析的结果不一致");
        return;
    }
    if (!has_body) {
        request_complete(c);
        return;
    }
    c->body_limit = s->o.body_limit ? s->o.body_limit(s->user, r) : s->o.body;
    if (!h->chunked && h->length > c->body_limit) {
        refuse_head(c, TB_HEAD_BODY_LONG);
        return;
    }
    c->phase = BODY;
    c->since = tb_io_now(s->io);
    c->body_left = h->length;
    tb_chunks_begin(&c->chunks, c->body_limit);
    c->owes_continue = h->wants_continue && h->minor == 1 && c->start == c->end;
}

static void read_body(conn *c) {
    const char *p = c->buffer + c->start;
    size_t n = c->end - c->start, used = n;
    tb_head_verdict v;
    if (c->req->head.chunked) {
        v = tb_chunks_feed(&c->chunks, p, n, &used);
        if (v == TB_HEAD_REFUSED) {
            refuse_head(c, c->chunks.reason);
            return;
        }
    } else {
        used = n < c->body_left ? n : (size_t)c->body_left;
        c->body_left -= used;
        v = c->body_left ? TB_HEAD_MORE : TB_HEAD_WHOLE;
    }
    c->start += (uint32_t)used;
    c->owes_continue = false;
    if (!parse(c, p, used, v == TB_HEAD_WHOLE))
        return;
    if (c->req->body.failed)
        c->doomed = true;
    else if (v == TB_HEAD_WHOLE)
        request_complete(c);
}

/* Reads requests and hands them out while it can. True: all there is has been read; false: something must be answered
 * or written first. */
static bool read_requests(conn *c) {
    tb_http_server *s = c->server;
    while (!c->doomed && !c->last) {
        tb_http_request *r = c->held;
        if (r) {
            if (c->queued && (c->unsafe || !is_safe(r)))
                return false;
            c->held = NULL;
            c->last |= r->close;
            enqueue(c, r);
            s->handler(s->user, r);
            advance(c);
            continue;
        }
        if (c->phase == IDLE && (c->queued >= TB_HTTP_PIPELINE || pending(c) >= TB_HTTP_PENDING))
            return false;
        if (c->start == c->end)
            return true;
        if (c->phase == BODY) {
            read_body(c);
            continue;
        }
        if (!c->req) {
            if (!(c->req = request_take(c))) {
                c->doomed = true;
                return true;
            }
            c->phase = HEAD;
            c->since = tb_io_now(s->io);
        }
        switch (tb_head_feed(&c->req->head, c->buffer + c->start, c->end - c->start)) {
        case TB_HEAD_MORE: return true;
        case TB_HEAD_REFUSED: refuse_head(c, c->req->head.reason); break;
        case TB_HEAD_WHOLE: head_complete(c); break;
        }
    }
    return true;
}

static void pump_later(conn *c) {
    tb_http_server *s = c->server;
    if (c->ready)
        return;
    c->ready = true;
    c->next_ready = s->ready;
    s->ready = c;
    tb_io_wake_send(s->wake);
}

static void pump(conn *c, bool from_user) {
    if (c->pumping || c->dead)
        return;
    c->pumping = true;
    tb_http_server *s = c->server;
    bool all_read, again;
    do {
        advance(c);
        all_read = !from_user && read_requests(c);
        advance(c); /* what a refusal just answered */
        if (c->owes_continue && !c->queued && !c->out_own.p) {
            PUT(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
            c->owes_continue = false;
        }
        int before = c->queued;
        bool full = pending(c) >= TB_HTTP_PENDING;
        flush(c);
        again = !from_user && !all_read && (c->queued < before || (full && !c->writing));
    } while (again && !c->doomed);
    if (c->eof && all_read)
        c->last = true; /* a half-closed client still gets its answers; a request cut short is nobody's */
    if (c->eof && c->first && c->first->streaming && !c->first->answered)
        c->doomed = true; /* but nobody half-closes and listens to a feed: that one has gone */
    if (c->last && !c->queued && !c->held && !c->writing && !c->out.n && !c->out_own.n && c->phase != LINGER) {
        if (c->eof) {
            c->doomed = true;
        } else { /* closing with unread input would destroy the answer on its way (RFC 9112 §9.6) */
            c->phase = LINGER;
            c->since = tb_io_now(s->io);
            tb_io_finish(c->stream);
        }
    }
    if (from_user && (c->doomed || c->eof || c->held || c->start != c->end))
        pump_later(c);
    if (c->doomed && !from_user) {
        lose(c);
    } else if (!c->doomed) {
        bool want = !c->eof && (c->phase == LINGER || (!c->last && c->end - c->start < sizeof c->buffer));
        if (want != c->reading)
            tb_io_reading(c->stream, c->reading = want);
    }
    c->pumping = false;
    if (c->dead)
        conn_free(c);
}

static void on_wake(void *arg) {
    tb_http_server *s = arg;
    for (conn *c; (c = s->ready);) {
        s->ready = c->next_ready;
        c->ready = false;
        pump(c, false);
    }
}

static char *on_room(void *user, size_t *size) {
    conn *c = user;
    if (c->start == c->end || c->phase == LINGER)
        c->start = c->end = 0;
    if (c->end == sizeof c->buffer) {
        memmove(c->buffer, c->buffer + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    *size = sizeof c->buffer - c->end;
    return c->buffer + c->end;
}

static void on_data(void *user, int64_t n) {
    conn *c = user;
    if (n < 0) {
        c->server->stats.lost += c->phase != LINGER;
        c->doomed = true;
    } else if (n == 0) {
        c->eof = true;
        c->reading = false;
        c->doomed |= c->phase == LINGER;
    } else if (c->phase != LINGER) {
        c->end += (uint32_t)n;
    }
    pump(c, false);
}

static void on_written(void *user, bool ok) {
    conn *c = user;
    c->writing = false;
    empty(&c->sending);
    give_back(&c->sending_own);
    if (!ok) {
        c->server->stats.lost++;
        c->doomed = true;
    }
    pump(c, false);
}

static const tb_io_events events = {on_room, on_data, on_written};

static void on_accept(void *arg, tb_io_stream *stream) {
    tb_http_server *s = arg;
    /* The read buffer is left as it comes: only the pages a client really fills are ever touched. */
    conn *c = s->stats.open < s->o.connections + TURN_AWAY ? malloc(sizeof *c) : NULL;
    if (!c) {
        s->stats.turned_away++;
        tb_io_close(stream);
        return;
    }
    memset(c, 0, offsetof(conn, buffer));
    c->server = s;
    c->stream = stream;
    c->loopback = tb_io_from_loopback(stream);
    c->since = tb_io_now(s->io);
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    s->stats.accepted++;
    if (s->stats.open++ == 0)
        tb_io_timer_set(s->tick, s->tick_ms);
    tb_io_bind(stream, &events, c);
    tb_io_reading(stream, c->reading = true);
    if (s->stats.open > s->o.connections) {
        s->stats.turned_away++;
        if (!(c->req = request_take(c)))
            lose(c);
        else
            refuse(c, c->req, 503, "HTTP_BUSY", "连接数已满，请稍后重试");
    }
}

/* ---- time ---- */

/* True: the connection was closed, and is gone. */
static bool check_times(conn *c, int64_t now) {
    const tb_http_options *o = &c->server->o;
    if (c->writing && now - c->write_since >= o->write_ms) {
        size_t unsent = tb_io_unsent(c->stream);
        if (unsent >= c->unsent)
            c->doomed = true;
        c->unsent = unsent;
        c->write_since = now;
    }
    int64_t age = now - c->since;
    if (c->phase == LINGER)
        c->doomed |= age >= o->linger_ms;
    else if (c->phase == IDLE && !c->queued && !c->held && !c->writing)
        c->doomed |= age >= o->idle_ms;
    else if (c->phase == HEAD && age >= o->head_ms) {
        c->server->stats.timed_out++;
        refuse(c, c->req, 408, "HTTP_HEAD_TIMEOUT", "请求头没有在时限内到齐");
    } else if (c->phase == BODY && age >= o->body_ms) {
        c->server->stats.timed_out++;
        refuse(c, c->req, 408, "HTTP_BODY_TIMEOUT", "请求正文没有在时限内到齐");
    }
    bool doomed = c->doomed;
    if (doomed)
        pump(c, false);
    return doomed;
}

/* Takes a stream from its owner, who hears of it and still has to end it, and ends what the client sees. */
static void end_stream(conn *c) {
    tb_http_request *r = c->first;
    if (r->chunking && r->head.method != TB_HTTP_HEAD)
        PUT(sink(r), "0\r\n\r\n");
    advance(c);
    if (!(c->first = r->next))
        c->last_request = NULL;
    c->queued--;
    c->unsafe -= !is_safe(r);
    c->last = true;
    r->conn = NULL;
    if (r->gone)
        r->gone(r->gone_arg);
}

/* While the server stops: ends a feed, closes what has nothing to do. */
static void drain(conn *c) {
    if (c->first && c->first->streaming && !c->first->answered && !c->out_own.p)
        end_stream(c);
    if (c->phase == IDLE && !c->queued && !c->held && c->start == c->end)
        c->last = true;
    pump(c, false);
}

static void on_tick(void *arg) {
    tb_http_server *s = arg;
    int64_t now = tb_io_now(s->io);
    bool late = s->draining && now - s->drain_since >= s->o.drain_ms;
    for (conn *c = s->conns, *next; c; c = next) {
        next = c->next; /* what one connection's callbacks do to another never frees it: pump(…, true) */
        c->doomed |= late;
        if (!check_times(c, now) && s->draining)
            drain(c);
    }
    if (s->conns)
        tb_io_timer_set(s->tick, s->draining && s->tick_ms > 10 ? 10 : s->tick_ms);
    else if (s->draining && s->drained) {
        tb_io_fn *done = s->drained;
        s->drained = NULL;
        done(s->drained_arg);
    }
}

/* ---- the server ---- */

tb_http_server *tb_http_server_new(tb_io *io, const tb_http_options *options, tb_http_handler *handler, void *user) {
    tb_http_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->io = io;
    s->handler = handler;
    s->user = user;
    s->date_second = -1;
    if (options)
        s->o = *options;
    tb_http_options *o = &s->o;
    if (!o->connections) o->connections = TB_HTTP_CONNECTIONS;
    if (!o->body) o->body = TB_HTTP_BODY;
    int64_t *limits[] = {&o->head_ms, &o->body_ms, &o->idle_ms, &o->write_ms, &o->linger_ms, &o->drain_ms};
    static const int64_t usual[] = {TB_HTTP_HEAD_MS, TB_HTTP_BODY_MS, TB_HTTP_IDLE_MS, TB_HTTP_WRITE_MS,
                                    TB_HTTP_LINGER_MS, TB_HTTP_DRAIN_MS};
    s->tick_ms = TICK_MAX;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (!*limits[i])
            *limits[i] = usual[i];
        if (*limits[i] / 4 < s->tick_ms)
            s->tick_ms = *limits[i] / 4;
    }
    if (s->tick_ms < TICK_MIN)
        s->tick_ms = TICK_MIN;
    llhttp_settings_init(&s->settings);
    s->settings.on_headers_complete = on_headers_complete;
    s->settings.on_body = on_body;
    s->settings.on_message_complete = on_message_complete;
    s->tick = tb_io_timer_new(io, on_tick, s);
    s->wake = tb_io_wake_new(io, on_wake, s);
    if (!s->tick || !s->wake) {
        tb_io_timer_free(s->tick);
        tb_io_wake_free(s->wake);
        return free(s), NULL;
    }
    return s;
}

int tb_http_server_listen(tb_http_server *s, const char *host, int port, char *error, size_t error_size) {
    s->listener = tb_io_listen(s->io, host, port, on_accept, s, error, error_size);
    return s->listener ? TB_OK : TB_FAILED;
}

int tb_http_server_port(const tb_http_server *s) { return tb_io_listener_port(s->listener); }
tb_http_stats tb_http_server_stats(const tb_http_server *s) { return s->stats; }

void tb_http_server_drain(tb_http_server *s, tb_io_fn *done, void *arg) {
    s->drained = done;
    s->drained_arg = arg;
    if (!s->draining) {
        s->draining = true;
        s->drain_since = tb_io_now(s->io);
        tb_io_listener_close(s->listener);
        s->listener = NULL;
    }
    tb_io_timer_set(s->tick, 0); /* the sweep does the rest */
}

void tb_http_server_free(tb_http_server *s) {
    if (!s)
        return;
    while (s->conns)
        lose(s->conns);
    tb_io_listener_close(s->listener);
    tb_io_timer_free(s->tick);
    tb_io_wake_free(s->wake);
    for (tb_http_request *r; (r = s->pool);) {
        s->pool = r->next;
        request_free(r);
    }
    s->pooled = 0;
    s->freed = true;
    if (s->live == 0)
        free(s);
}
