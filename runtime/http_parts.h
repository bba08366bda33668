/* Inside the HTTP server: what its files share. http_request.c takes requests and their targets apart, http_answer.c writes
 * answers, http_saving.c leaves out what need not be sent, http.c runs connections, time and the server. http.h is the contract. */
#ifndef TB_HTTP_PARTS_H
#define TB_HTTP_PARTS_H
#include "http.h"
#include "llhttp.h"
#include <stdlib.h>
#include <string.h>

enum {
    KEEP = 16 * 1024, /* a larger buffer is given back when its work is done */
    POOL = 256,       /* requests kept for reuse */
    TICK_MIN = 5,     /* ms between two sweeps */
    TICK_MAX = 1000,
    TURN_AWAY = 64,      /* connections above the limit that are told so before they are closed */
    TB__TAG = 24,        /* bytes of an ETag, its NUL included */
    OWN_WORTH = 4 * 1024 /* a smaller body is cheaper copied than written apart */
};

/* ---- growing bytes on malloc; after a failure nothing is put any more and `failed` says so ---- */

typedef struct bytes {
    char *p;
    size_t n, room;
    bool failed;
} bytes;

static inline char *more(bytes *b, size_t n) {
    if (b->failed) return NULL;
    if (b->room - b->n < n) {
        size_t room = b->room ? b->room : 512;
        while (room - b->n < n) room *= 2;
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

static inline void put(bytes *b, const char *p, size_t n) {
    char *to = n ? more(b, n) : NULL;
    if (to) {
        memcpy(to, p, n);
        b->n += n;
    }
}
static inline void puts_(bytes *b, const char *z) { put(b, z, strlen(z)); }
#define PUT(b, literal) put((b), literal, sizeof(literal) - 1)

static inline void put_number(bytes *b, uint64_t v, unsigned base) {
    char digits[24], *p = digits + sizeof digits;
    do *--p = "0123456789abcdef"[v % base];
    while (v /= base);
    put(b, p, (size_t)(digits + sizeof digits - p));
}

static inline void drop(bytes *b) {
    free(b->p);
    *b = (bytes){0};
}
static inline void empty(bytes *b) {
    b->n = 0;
    if (b->room > KEEP) drop(b);
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

static inline void give_back(owned *o) {
    if (o->give) o->give(o->arg);
    *o = (owned){0};
}

struct tb_http_request {
    tb_http_server *server;
    conn *conn;            /* NULL: the client is gone */
    tb_http_request *next; /* in the connection's queue, or in the pool */
    bool answered, streaming, finite, chunking, close, loopback;
    char peer[TB_IO_ADDRESS];
    tb_io_fn *gone;
    void *gone_arg;
    bytes text; /* the head as received, then what was decoded of it */
    bytes body;
    bytes reply; /* what was answered before its turn came */
    owned own;   /* follows `reply` */
    char tag[TB__TAG]; /* the ETag of the answer; empty: none */
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
    bool eof;    /* the client sends no more */
    bool last;   /* nothing further is read: the queue is answered, then we close */
    bool doomed; /* to be closed at once */
    bool dead;   /* closed: only memory is left */
    bool pumping, writing, loopback, reading, ready;
    bool owes_continue;  /* 100 Continue is due when the answers before it are out */
    bool complete;       /* llhttp: the message ended */
    uint32_t start, end; /* of what is unread in `buffer` */
    uint64_t body_left, body_limit;
    tb_chunks chunks;
    llhttp_t parser;
    tb_http_request *req;  /* being read */
    tb_http_request *held; /* read, waiting for those before it */
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
    tb_io_worker *packer; /* made when first needed */
    int packing;          /* bodies with it */
};

static inline bool is_safe(const tb_http_request *r) {
    return r->head.method == TB_HTTP_GET || r->head.method == TB_HTTP_HEAD || r->head.method == TB_HTTP_OPTIONS;
}

static inline size_t pending(const conn *c) {
    return c->out.n + c->out_own.n + (c->writing ? tb_io_unsent(c->stream) : 0);
}

/* Where the next bytes of this answer go: straight out when it is its turn, else to wait. An owned body seals what is
 * before it: nothing can be put behind until it is written. */
static inline bytes *sink(tb_http_request *r) {
    conn *c = r->conn;
    return c->first == r && !c->out_own.p && !r->reply.n && !r->own.p ? &c->out : &r->reply;
}

/* http_request.c */
tb_http_request *tb__request_take(conn *c); /* from the pool; NULL when no memory */
void tb__request_free(tb_http_request *r);
void tb__request_release(tb_http_request *r); /* back into the pool */
/* Keeps the head and takes its target apart. TB_OK, TB_NOMEM, TB_FAILED (the target is no good). */
int tb__request_target(tb_http_request *r, const char *head);
/* http_answer.c */
void tb__answers_advance(conn *c); /* moves what is answered, in order, into `out` */
void tb__answers_flush(conn *c);   /* writes it */
/* The answer as it leaves, packed or not; after it `r` must not be touched. */
void tb__http_send(tb_http_request *r, int status, const char *type, const char *extra, owned own, bool packed);
/* http_saving.c */
/* The ETag of this answer; false: it has none. */
bool tb__http_validator(const tb_http_request *r, int status, const char *type, const char *body, size_t n, char tag[TB__TAG]);
bool tb__http_unchanged(const tb_http_request *r, const char *tag); /* the client has it */
bool tb__http_packable(const tb_http_request *r, int status, const char *type, const char *extra, size_t n);
/* Sends it packed, later; a body without `give` is copied. False: no means to; nothing was taken. */
bool tb__http_pack(tb_http_request *r, int status, const char *type, const char *extra, owned own);
/* http.c: all there is to do now; from_user: called by the user, so do not call him */
void tb__http_pump(conn *c, bool from_user);
#endif
