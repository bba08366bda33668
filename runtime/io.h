/* The seam: the only door from the runtime to the event loop, the clocks, the network, threads and chance (DESIGN
 * §5).
 *
 * Why: everything that can differ between two runs of the server comes through the functions of this file. io_uv.c
 * implements them on libuv; tests/io_sim implements the same names in virtual time, in one thread, with the workers
 * run inline, so that one seed decides a whole run of the server. The linker chooses; nothing above knows which it
 * got. (Disk belongs to the store: it is reached only from a worker, through SQLite's own seam, the VFS.)
 *
 * Rules that hold for all of it:
 *  - One loop thread. Every function is called on it and every callback runs on it, except the `work` of a worker,
 *    which runs on that worker's thread, and tb_io_wake_send(), which may be called anywhere (not in a signal
 *    handler).
 *  - An object is owned by whoever made it and dies in its free or close function: after that call no callback of it
 *    runs any more and the pointer is dead, even when the implementation finishes the closing later.
 *  - Callbacks may call any function of this file, freeing their own object included.
 *  - Times are milliseconds. Failures are answered, never printed: NULL, or an enum tb_result (arena.h), or a text. */
#ifndef TB_IO_H
#define TB_IO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"

typedef struct tb_io tb_io;                   /* a loop */
typedef struct tb_io_timer tb_io_timer;       /* rings once */
typedef struct tb_io_wake tb_io_wake;         /* "come and look", from any thread */
typedef struct tb_io_worker tb_io_worker;     /* a named thread that does jobs in order */
typedef struct tb_io_listener tb_io_listener; /* a TCP port */
typedef struct tb_io_stream tb_io_stream;     /* a TCP connection */

typedef void tb_io_fn(void *arg);

/* ---- the loop ---- */
tb_io *tb_io_new(void);    /* NULL: no memory or no descriptors */
void tb_io_run(tb_io *io); /* until tb_io_stop() */
void tb_io_stop(tb_io *io);
void tb_io_free(tb_io *io); /* after run() returned and all objects were freed; NULL is allowed */

/* SIGINT and SIGTERM call fn(arg, "SIGTERM") on the loop, each time. The process otherwise ignores SIGPIPE. */
int tb_io_on_signal(tb_io *io, void (*fn)(void *arg, const char *name), void *arg);

/* ---- clocks and chance ---- */
int64_t tb_io_now(tb_io *io);  /* monotonic; of the start of this turn of the loop: cheap, constant in a callback */
int64_t tb_io_micros(tb_io *io); /* monotonic, microseconds, read afresh: to measure with */
int64_t tb_io_wall(tb_io *io); /* since the Unix epoch; read afresh; may jump, in both directions */
int tb_io_random(tb_io *io, void *bytes, size_t n); /* from the system, fit for salts and keys */

/* ---- timers ---- */
tb_io_timer *tb_io_timer_new(tb_io *io, tb_io_fn *fn, void *arg); /* NULL: no memory */
/* Rings once, in `delay`, at the earliest on the next turn of the loop. Replaces an earlier setting. */
void tb_io_timer_set(tb_io_timer *t, int64_t delay);
void tb_io_timer_clear(tb_io_timer *t); /* does not ring */
void tb_io_timer_free(tb_io_timer *t);  /* NULL is allowed */

/* ---- waking the loop ---- */
tb_io_wake *tb_io_wake_new(tb_io *io, tb_io_fn *fn, void *arg); /* NULL: no memory */
void tb_io_wake_send(tb_io_wake *w); /* any thread; fn runs at least once after it; sends may melt into one */
void tb_io_wake_free(tb_io_wake *w); /* no thread may send any more; NULL is allowed */

/* ---- workers: the writer, readers, the compiler. Each is one thread of its own, named (15 bytes) in ps and
 * debuggers ---- */
tb_io_worker *tb_io_worker_new(tb_io *io, const char *name); /* NULL: no memory or no thread */
/* work(arg) runs on the worker's thread, jobs in the order submitted; then done(arg) runs on the loop, in the same
 * order. done may be NULL. Never runs done before submit has returned. TB_NOMEM: nothing was queued. */
int tb_io_worker_submit(tb_io_worker *w, tb_io_fn *work, tb_io_fn *done, void *arg);
/* Lets the worker finish everything queued, joins it and runs the done callbacks still waiting (of other workers too)
 * before it returns. Nothing may be submitted to it during that. NULL is allowed. */
void tb_io_worker_free(tb_io_worker *w);

/* ---- TCP ---- */
/* A new connection. The callee owns `s`: it binds it or closes it. */
typedef void tb_io_accept_fn(void *arg, tb_io_stream *s);

/* Listens on a numeric address ("127.0.0.1", "::1", "0.0.0.0") or "localhost". Port 0 lets the system choose. On
 * failure NULL, and `error` says in Chinese what to do. */
tb_io_listener *tb_io_listen(tb_io *io, const char *host, int port, tb_io_accept_fn *accept, void *arg,
                             char *error, size_t error_size);
int tb_io_listener_port(const tb_io_listener *l);
void tb_io_listener_close(tb_io_listener *l); /* NULL is allowed */

/* What happens to a stream. `room` says where the next bytes shall go (*size > 0); then `data` says how many came: n
 * > 0; 0: the peer ends its sending (it may still read); -1: the connection is broken. After 0 or -1 no more reading.
 * `written` ends a write that answered TB_IO_LATER; ok is false when the connection broke. */
typedef struct tb_io_events {
    char *(*room)(void *user, size_t *size);
    void (*data)(void *user, int64_t n);
    void (*written)(void *user, bool ok);
} tb_io_events;

typedef struct tb_io_part {
    const char *p;
    size_t n;
} tb_io_part;
enum { TB_IO_PARTS = 4 }; /* parts a write, at most */

enum tb_io_sent { TB_IO_SENT, TB_IO_LATER, TB_IO_BROKEN };

void tb_io_bind(tb_io_stream *s, const tb_io_events *events, void *user); /* before anything else; reading is off */
void tb_io_reading(tb_io_stream *s, bool on);                             /* switch the flow of data on or off */
/* One write at a time. TB_IO_SENT: the system took everything, `written` will not be called. TB_IO_LATER: the parts'
 * bytes (not the array) must stay until `written`. TB_IO_BROKEN: close it. */
enum tb_io_sent tb_io_write(tb_io_stream *s, const tb_io_part *parts, int count);
size_t tb_io_unsent(const tb_io_stream *s);  /* bytes of the present write not yet taken by the system */
void tb_io_finish(tb_io_stream *s);          /* tells the peer that no more comes; not while a write is pending */
bool tb_io_from_loopback(const tb_io_stream *s);
enum { TB_IO_ADDRESS = 48 };
const char *tb_io_peer(const tb_io_stream *s); /* its numeric address, without the port; lives as long as the stream */
void tb_io_close(tb_io_stream *s);           /* at once; a pending write is given up */

/* ---- HTTP to others (io_curl.c) ---- */
typedef struct tb_io_caller tb_io_caller; /* connections to others, kept and shared */
typedef struct tb_io_post {
    const char *url;       /* http:// or https:// */
    const char *key;       /* sent as Idempotency-Key */
    const char *token;     /* sent as a bearer token; NULL: none */
    const char *body;      /* JSON */
    size_t n, answer_most; /* bytes; a longer answer is a failure */
    int64_t timeout;
} tb_io_post;
/* status 0: no answer came, `why` says why (a view, as `body`, until the callback returns). */
typedef void tb_io_answer_fn(void *arg, int status, const char *body, size_t n, const char *why);
tb_io_caller *tb_io_caller_new(tb_io *io); /* NULL: no memory */
/* Copies what it is given. Never calls fn before it returned. TB_NOMEM: nothing was begun. */
int tb_io_call(tb_io_caller *c, const tb_io_post *post, tb_io_answer_fn *fn, void *arg);
void tb_io_caller_free(tb_io_caller *c); /* calls under way are dropped, their fn does not run; NULL is allowed */
#endif
