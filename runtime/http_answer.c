/* Answers of the HTTP server: heads, bodies, streams, and their way to the socket in the order of the requests. An answer given before its
 * turn waits in its request; a large body is written from where its giver keeps it. */
#include "http_parts.h"
#include <assert.h>
#include <stdio.h>
#include <time.h>

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
        if (!cr || cr == p || cr[0] != '\r' || cr[1] != '\n' || !memchr(p, ':', (size_t)(cr - p))) return false;
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

static void put_head(tb_http_request *r, bytes *b, int status, const char *type, const char *extra, const char *saving,
                     int64_t length) {
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
    if (extra) puts_(b, extra);
    if (saving) puts_(b, saving);
    if (r->close) PUT(b, "Connection: close\r\n");
    PUT(b, "\r\n");
}

/* While the server stops, the last answer of each connection says so. */
static bool closes(const tb_http_request *r) {
    return r->server->draining && r->conn->last_request == r && !r->conn->held;
}

/* Moves what is answered, in order, into `out`. */
void tb__answers_advance(conn *c) {
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
        if (!r->answered) return;
        if (!(c->first = r->next)) c->last_request = NULL;
        c->queued--;
        c->unsafe -= !is_safe(r);
        if (r->close) c->last = true;
        tb__request_release(r);
        c->since = c->phase == IDLE ? tb_io_now(c->server->io) : c->since;
    }
}

void tb__answers_flush(conn *c) {
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
            tb__answers_advance(c);
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
    if (c) tb__http_pump(c, true);
    else tb__request_release(r);
}

static void put_body(tb_http_request *r, bytes *b, int status, const char *body, size_t n) {
    if (r->head.method != TB_HTTP_HEAD && status != 204 && status != 304) put(b, body, n);
}

void tb__http_send(tb_http_request *r, int status, const char *type, const char *extra, owned own, bool packed) {
    if (!r->conn || r->conn->dead) {
        give_back(&own);
        finished(r);
        return;
    }
    char saving[160];
    int n = 0;
    if (r->tag[0])
        n = snprintf(saving, sizeof saving, "ETag: %s\r\nCache-Control: private, no-cache\r\nVary: Accept-Encoding, Accept-Language\r\n%s", r->tag,
                     packed ? "Content-Encoding: gzip\r\n" : "");
    r->close |= closes(r);
    bytes *b = sink(r);
    put_head(r, b, status, type, extra, n ? saving : NULL, (int64_t)own.n);
    if (own.give && own.n >= OWN_WORTH && r->head.method != TB_HTTP_HEAD && status != 204 && status != 304) {
        if (b == &r->reply) r->own = own;
        else r->conn->out_own = own;
    } else {
        put_body(r, b, status, own.p, own.n);
        give_back(&own);
    }
    finished(r);
}

void tb_http_answer_own(tb_http_request *r, int status, const char *type, const char *extra, const char *body, size_t n,
                        void (*give)(void *arg), void *arg) {
    assert(!r->answered && !r->streaming && status >= 200 && status < 600);
    owned own = {body, n, give, arg};
    if (extra && !extra_ok(extra)) {
        give_back(&own);
        tb_http_error(r, 500, "HTTP_BAD_ANSWER", "服务器内部错误：答复的头部不合规定");
        return;
    }
    r->tag[0] = '\0';
    if (r->conn && !r->conn->dead && tb__http_validator(r, status, type, body, n, r->tag)) {
        if (tb__http_unchanged(r, r->tag)) {
            give_back(&own);
            tb__http_send(r, 304, NULL, extra, (owned){0}, false);
            return;
        }
        if (tb__http_packable(r, status, type, extra, n) && tb__http_pack(r, status, type, extra, own)) return;
    }
    tb__http_send(r, status, type, extra, own, false);
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
    if (!r->conn || r->conn->dead) return;
    bool sound = !extra || extra_ok(extra);
    r->chunking = r->head.minor == 1;
    r->close |= !r->chunking || closes(r);
    put_head(r, sink(r), sound ? status : 500, type, sound ? extra : NULL, NULL, r->chunking ? CHUNKED : UNTIL_CLOSE);
    tb__http_pump(r->conn, true);
}

void tb_http_stream_finite(tb_http_request *r) { r->finite = true; }

bool tb_http_stream_put(tb_http_request *r, const char *p, size_t n) {
    assert(r->streaming && !r->answered);
    conn *c = r->conn;
    if (!c || c->dead || c->doomed) return false;
    if (n == 0 || r->head.method == TB_HTTP_HEAD) return true;
    bytes *b = sink(r);
    if (r->chunking) {
        put_number(b, n, 16);
        PUT(b, "\r\n");
    }
    put(b, p, n);
    if (r->chunking) PUT(b, "\r\n");
    if (b->failed || pending(c) + r->reply.n > TB_HTTP_STREAM_PENDING + n)
        c->doomed = true; /* it takes less than comes: let it go, and reconnect from where it was */
    tb__http_pump(c, true);
    return !c->doomed;
}

size_t tb_http_stream_pending(const tb_http_request *r) {
    return r->conn && !r->conn->dead ? pending(r->conn) + r->reply.n : 0;
}

void tb_http_stream_end(tb_http_request *r) {
    assert(r->streaming && !r->answered);
    if (r->conn && !r->conn->dead && r->chunking && r->head.method != TB_HTTP_HEAD) PUT(sink(r), "0\r\n\r\n");
    finished(r);
}

void tb_http_stream_abort(tb_http_request *r) {
    assert(r->streaming && !r->answered);
    if (r->conn) r->conn->doomed = true;
    finished(r);
}
