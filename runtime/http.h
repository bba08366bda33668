/* The HTTP/1.1 server: bytes from streams of the seam (io.h) in, requests to one handler, answers out in order.
 *
 * What it takes care of, so that the handler need not: framing beyond doubt (head_guard.h), limits of size, number
 * and time, keep-alive, pipelining, 100-continue, HEAD, slow and vanished clients, back-pressure, graceful stop. What
 * it leaves to the handler: which paths and methods exist (404, 405), and who may do what.
 *
 * The handler is called from the loop only, never from inside a call of this file: what answers ten requests in a row
 * is not interrupted by an eleventh.
 *
 * A request belongs to the handler from the call until it is answered: exactly one tb_http_answer…(), tb_http_error()
 * or tb_http_stream_end() for each, at once or any time later, on the loop thread. The client may be gone by then:
 * answering is then a quiet no-op. All texts a request gives live until that answer.
 *
 * Order on one connection: answers leave in the order of the requests. Requests are handled side by side only while
 * all of them are safe (GET, HEAD, OPTIONS); any other waits for those before it and is waited for (RFC 9112 §9.3.2).
 *
 * Every error has the one shape {"error":{"code","message","file":null,"line":null,"detail":null}}; codes of this
 * layer begin HTTP_. After an error of framing (400, 408, 413, 417, 431, 501, 505) the connection is closed: where
 * the next request begins is in doubt. */
#ifndef TB_HTTP_H
#define TB_HTTP_H
#include "arena.h"
#include "head_guard.h"
#include "io.h"

enum {
    TB_HTTP_CONNECTIONS = 4096,          /* open at once; more are told 503 and closed */
    TB_HTTP_BODY = 1024 * 1024,          /* bytes of a request body */
    TB_HTTP_HEAD_MS = 10 * 1000,         /* from the first byte of a head to its last */
    TB_HTTP_BODY_MS = 30 * 1000,         /* from the head's end to the body's */
    TB_HTTP_IDLE_MS = 60 * 1000,         /* a connection with nothing to do */
    TB_HTTP_WRITE_MS = 30 * 1000,        /* without the client taking a byte of its answer */
    TB_HTTP_LINGER_MS = 1000,            /* after the last answer, for the client to close first */
    TB_HTTP_DRAIN_MS = 10 * 1000,        /* a graceful stop */
    TB_HTTP_PIPELINE = 16,               /* requests of one connection in work at once */
    TB_HTTP_PENDING = 256 * 1024,        /* bytes of answers waiting: from here on no further request is begun */
    TB_HTTP_STREAM_PENDING = 1024 * 1024,/* bytes of a stream waiting: a client so slow is let go */
    TB_HTTP_GZIP_LEAST = 1024,           /* bytes of a body from which on it is packed for who takes it so */
    TB_HTTP_GZIP_JOBS = 32,              /* being packed at once; beyond, bodies go as they are */
    TB_HTTP_SEGMENTS = 16,               /* of a path */
    TB_HTTP_PARAMETERS = 32              /* of a query */
};

typedef struct tb_http_server tb_http_server;
typedef struct tb_http_request tb_http_request;
typedef void tb_http_handler(void *user, tb_http_request *req);

/* 0 means the number above. */
typedef struct tb_http_options {
    int connections;
    size_t body;
    int64_t head_ms, body_ms, idle_ms, write_ms, linger_ms, drain_ms;
    /* May be NULL. Asked when a head with a body is in: how long may the body be? (An attachment is not an act.) Only
     * the method, path, query and headers are there yet; it must not answer. */
    size_t (*body_limit)(void *user, const tb_http_request *req);
} tb_http_options;

typedef struct tb_http_stats {
    uint64_t accepted, turned_away, requests;
    uint64_t refused;   /* answered by this layer with an error of framing or time */
    uint64_t timed_out; /* of these: too slow */
    uint64_t lost;      /* connections that broke */
    int open, in_work;                                                  /* connections; requests not yet answered */
} tb_http_stats;

/* ---- the server ---- */
tb_http_server *tb_http_server_new(tb_io *io, const tb_http_options *options, tb_http_handler *handler, void *user);
/* TB_OK, or TB_FAILED and in `error` a Chinese sentence that says what to do. */
int tb_http_server_listen(tb_http_server *s, const char *host, int port, char *error, size_t error_size);
int tb_http_server_port(const tb_http_server *s);
tb_http_stats tb_http_server_stats(const tb_http_server *s);
/* Accepts no more; lets what is in work be answered (streams are ended); then, at the latest after drain_ms,
 * done(arg): no connection is left. Requests whose client went earlier are not waited for. */
void tb_http_server_drain(tb_http_server *s, tb_io_fn *done, void *arg);
/* Closes everything at once. Requests still with the handler stay valid until it answers them. Not from inside a
 * handler, a gone or a give. NULL is allowed. */
void tb_http_server_free(tb_http_server *s);

/* ---- a request ---- */
tb_method tb_http_method(const tb_http_request *req);
tb_str tb_http_path(const tb_http_request *req); /* as sent, "/v1/cases/7", without the query; "*" of OPTIONS * */
/* The path between the slashes, percent-decoded, UTF-8, NUL-terminated: "/v1/cases/7" has three. "/" has one, empty.
 * Nothing is special about "." and "..". */
int tb_http_segments(const tb_http_request *req);
tb_str tb_http_segment(const tb_http_request *req, int i);
/* The first parameter of that name, decoded (+ is a blank); false when absent. */
bool tb_http_parameter(const tb_http_request *req, const char *name, tb_str *value);
bool tb_http_header(const tb_http_request *req, const char *name, tb_str *value); /* the first of that name, any case */
tb_str tb_http_body(const tb_http_request *req);
bool tb_http_from_loopback(const tb_http_request *req); /* of the connection it came by */
const char *tb_http_peer(const tb_http_request *req);    /* the numeric address of whom it came from; a proxy's, when there is one */
/* Does its Host name this machine to itself (localhost, 127.0.0.1, [::1])? A web page elsewhere whose name was bent
 * to 127.0.0.1 (DNS rebinding) comes from loopback, but keeps its own name: without authentication, ask both. */
bool tb_http_for_loopback(const tb_http_request *req);
/* fn(arg) once if the client goes before the answer is complete: to give up a stream. Never from inside a call of this
 * file, and not after the answer. The request must still be answered (ended). */
void tb_http_on_gone(tb_http_request *req, tb_io_fn *fn, void *arg);

/* ---- answers ---- `type` is the Content-Type (NULL: none). `extra` is NULL or whole header lines, "Name: value\r\n"
 * each; one that would break the head is answered 500 HTTP_BAD_ANSWER instead. 204 and 304 have no body.
 * A GET that is answered 200 gets an ETag and, when the client has that body already (If-None-Match), 304; a long text goes packed
 * to who accepts gzip. Both happen here, for all. */
void tb_http_answer(tb_http_request *req, int status, const char *type, const char *extra, const char *body, size_t n);
/* The same without copying: give(arg) when the bytes are no longer needed, at the latest when the connection goes. */
void tb_http_answer_own(tb_http_request *req, int status, const char *type, const char *extra, const char *body,
                        size_t n, void (*give)(void *arg), void *arg);
void tb_http_error(tb_http_request *req, int status, const char *code, const char *message);

/* An answer that grows (Server-Sent Events, exports). put: false when the client is gone or too slow; the rest may be
 * left unsaid, the end may not. */
void tb_http_stream_begin(tb_http_request *req, int status, const char *type, const char *extra);
/* It ends by itself, soon: a graceful stop waits for it as for any answer, instead of ending it. */
void tb_http_stream_finite(tb_http_request *req);
bool tb_http_stream_put(tb_http_request *req, const char *bytes, size_t n);
/* Bytes of it that the client has not taken yet. Who puts more when there are many asks for TB_HTTP_STREAM_PENDING. */
size_t tb_http_stream_pending(const tb_http_request *req);
void tb_http_stream_end(tb_http_request *req);
/* Instead of the end, when it cannot be said to the end: the connection breaks, so that the client does not take a part for the whole. */
void tb_http_stream_abort(tb_http_request *req);

#define TB_HTTP_JSON "application/json; charset=utf-8"
#endif
