/* The server: HTTP in, acts stepped in memory, group commits out, timers beside (DESIGN §5).
 *
 *        http ─▶ api ─▶ cases (cache) ─▶ act: timers due, then tb_step ─▶ commit ─▶ answer
 *                         ▲                                               │
 *        timers ──────────┘             registry ◀── loads ◀── compiler ──┘
 *
 * Everything runs on one loop thread but compiling, committing and reading. An answer leaves when what it says is on
 * disk. */
#ifndef TB_SERVER_H
#define TB_SERVER_H
#include "diagnostic.h"
#include "io.h"
#include "store.h"

typedef struct tb_server tb_server;

/* What the operator is told. `event` names what happened, for programs: listening, signal, conflict, batch_failed, recovered,
 * store_unknown, clock_back, clock_caught_up, load, call_dead, load_doubt. */
typedef struct tb_said {
    int64_t at;        /* ms since 1970, wall clock */
    const char *level; /* "info", "warning", "error" */
    const char *event, *text; /* without a line end */
} tb_said;

typedef struct tb_server_options {
    const char *db;    /* path of the SQLite database; NULL: `store` is given */
    const char *rules; /* directory whose .tb files are loaded at start; NULL: none */
    const char *host;  /* NULL: "127.0.0.1". Any address that is not loopback is refused without `auth` and `behind_tls` */
    int port;  /* 0: the system chooses */
    const char
        *test_clock;   /* NULL: the wall clock; otherwise virtual time from this instant on, moved by POST /v1/clock */
    bool auth;       /* every request needs a credential (auth.h) */
    bool behind_tls; /* a proxy before this server ends TLS, and says in X-Forwarded-For whom it speaks for */
    const char *interfaces; /* NULL: none; the JSON of outbox.h: addresses of 外部接口 */
    enum tb_lang lang; /* of messages on the terminal */
    void (*say)(void *user, const tb_said *said); /* for the operator; NULL: nowhere */
    void (*alive)(void *user); /* called by the loop every alive_ms, as long as it turns; NULL: not */
    int64_t alive_ms;
    void *user; /* of these two */
    tb_store *store;    /* tests: an open store with `io`; the server closes it */
    tb_io *io;          /* tests: a loop of the caller's, who runs it; NULL: the server's own, run by tb_server_run */
    size_t cache_bytes; /* of parsed cases; 0: TB_SERVER_CACHE */
} tb_server_options;

#define TB_SERVER_CACHE ((size_t)256 << 20)

/* Opens the store, compiles what it holds, loads `rules`, listens. NULL: `why` says what to do, in the language asked
 * for. The texts of the options must outlive the server. */
tb_server *tb_server_new(const tb_server_options *o, char *why, size_t room);
int tb_server_port(const tb_server *s);
/* Runs until tb_server_stop() or a signal, then answers what is in work and closes. Only with a loop of its own. */
int tb_server_run(tb_server *s);
/* Begins a graceful stop: accepts no more, answers what is in work; then ends tb_server_run(), or, on the caller's
 * loop, calls tb_io_stop(). */
void tb_server_stop(tb_server *s);
void tb_server_free(tb_server *s); /* NULL is allowed */
#endif
