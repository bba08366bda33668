/* The seam on libuv: the only file that calls uv_*. What each function promises stands in io.h.
 *
 * Closing. libuv finishes a close on a later turn of the loop, but io.h promises that an object is dead at once. So
 * every object carries its own uv handle, is marked closed (`events`/`fn` are cleared, so that no late callback
 * reaches its owner), and is freed in libuv's close callback. tb_io_free() turns the loop until the last of these has
 * come.
 *
 * Writing. uv_try_write() first: on a loopback or a quick network everything goes out in one writev(2), without a
 * request object, an allocation or another turn of the loop. Only what the socket did not take becomes a uv_write();
 * one at a time a stream, so its request is part of the stream.
 *
 * Workers. Own threads, not the uv pool: the pool is shared by file and DNS work, has no order, and a commit waiting
 * behind a compile would be a defect nobody finds. A worker has a queue (mutex, condition); what is done goes to one
 * list of the loop, and one uv_async_t wakes the loop. Job records are recycled, so that a steady server allocates
 * none. */
#include "io.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

enum {
    TB_IO_BACKLOG = 1024,      /* connections the system may hold for us between two turns of the loop */
    TB_IO_ACCEPT_RETRY = 100   /* ms until a connection that found no memory is tried again */
};

typedef struct job {
    struct job *next;
    tb_io_fn *work, *done;
    void *arg;
} job;

/* For io_curl.c, the other half of this implementation. */
uv_loop_t *tb__io_loop(tb_io *io);

struct tb_io {
    uv_loop_t loop;
    uv_signal_t sigint, sigterm;
    bool has_signals;
    void (*on_signal)(void *arg, const char *name);
    void *signal_arg;
    uv_async_t jobs_done;
    pthread_mutex_t lock; /* guards the lists below */
    job *done_first, *done_last, *spare;
};

struct tb_io_timer {
    uv_timer_t uv;
    tb_io_fn *fn;
    void *arg;
};

struct tb_io_wake {
    uv_async_t uv;
    tb_io_fn *fn;
    void *arg;
};

struct tb_io_worker {
    tb_io *io;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the lines below */
    pthread_cond_t more;
    job *first, *last;
    bool ending;
};

struct tb_io_listener {
    uv_tcp_t uv;
    uv_timer_t retry;
    tb_io *io;
    tb_io_accept_fn *accept;
    void *arg;
    int port;
};

struct tb_io_stream {
    uv_tcp_t uv;
    uv_write_t write;
    uv_shutdown_t finish;
    const tb_io_events *events; /* NULL once closed */
    void *user;
    bool loopback, ended;
    char peer[TB_IO_ADDRESS];
};

static void free_handle(uv_handle_t *h) { free(h->data); } /* `data` of every handle is the object that carries it */

/* ---- the loop ---- */

/* Runs what waits in the done list. One job at a time leaves the list, since a done function may free a worker, which
 * comes here again. */
static void run_done(tb_io *io) {
    for (;;) {
        pthread_mutex_lock(&io->lock);
        job *j = io->done_first;
        if (j && !(io->done_first = j->next))
            io->done_last = NULL;
        pthread_mutex_unlock(&io->lock);
        if (!j)
            return;
        tb_io_fn *done = j->done;
        void *arg = j->arg;
        pthread_mutex_lock(&io->lock);
        j->next = io->spare;
        io->spare = j;
        pthread_mutex_unlock(&io->lock);
        if (done)
            done(arg);
    }
}

static void on_jobs_done(uv_async_t *a) { run_done(a->data); }

tb_io *tb_io_new(void) {
    tb_io *io = calloc(1, sizeof *io);
    if (!io)
        return NULL;
    if (pthread_mutex_init(&io->lock, NULL) != 0)
        return free(io), NULL;
    if (uv_loop_init(&io->loop) != 0) {
        pthread_mutex_destroy(&io->lock);
        return free(io), NULL;
    }
    if (uv_async_init(&io->loop, &io->jobs_done, on_jobs_done) != 0) {
        uv_loop_close(&io->loop);
        pthread_mutex_destroy(&io->lock);
        return free(io), NULL;
    }
    io->jobs_done.data = io;
    signal(SIGPIPE, SIG_IGN); /* a vanished client is the answer of a write, not the end of the process */
    return io;
}

void tb_io_run(tb_io *io) { uv_run(&io->loop, UV_RUN_DEFAULT); }
void tb_io_stop(tb_io *io) { uv_stop(&io->loop); }

void tb_io_free(tb_io *io) {
    if (!io)
        return;
    uv_close((uv_handle_t *)&io->jobs_done, NULL);
    if (io->has_signals) {
        uv_close((uv_handle_t *)&io->sigint, NULL);
        uv_close((uv_handle_t *)&io->sigterm, NULL);
    }
    /* Only closes are left: a few turns, none of which waits. (The first may do no more than forget a late
     * tb_io_stop().) */
    for (int turn = 0; turn < 8 && uv_run(&io->loop, UV_RUN_NOWAIT) != 0; turn++) {}
    int rc = uv_loop_close(&io->loop);
    assert(rc == 0 && "an object of this loop was not freed");
    (void)rc;
    for (job *j; (j = io->spare);) {
        io->spare = j->next;
        free(j);
    }
    pthread_mutex_destroy(&io->lock);
    free(io);
}

static void on_signal(uv_signal_t *s, int number) {
    tb_io *io = s->data;
    io->on_signal(io->signal_arg, number == SIGINT ? "SIGINT" : "SIGTERM");
}

int tb_io_on_signal(tb_io *io, void (*fn)(void *arg, const char *name), void *arg) {
    io->on_signal = fn;
    io->signal_arg = arg;
    if (io->has_signals)
        return TB_OK;
    uv_signal_init(&io->loop, &io->sigint); /* cannot fail on Unix once a loop has its signal pipe */
    uv_signal_init(&io->loop, &io->sigterm);
    io->has_signals = true;
    io->sigint.data = io->sigterm.data = io;
    return uv_signal_start(&io->sigint, on_signal, SIGINT) || uv_signal_start(&io->sigterm, on_signal, SIGTERM)
               ? TB_FAILED : TB_OK;
}

/* ---- clocks and chance ---- */

int64_t tb_io_now(tb_io *io) { return (int64_t)uv_now(&io->loop); }

int64_t tb_io_micros(tb_io *io) {
    (void)io;
    return (int64_t)(uv_hrtime() / 1000);
}

int64_t tb_io_wall(tb_io *io) {
    (void)io;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int tb_io_random(tb_io *io, void *bytes, size_t n) {
    (void)io;
    for (char *p = bytes; n > 0;) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR)
            return TB_FAILED;
        if (got > 0)
            p += got, n -= (size_t)got;
    }
    return TB_OK;
}

/* ---- timers and wakes ---- */

static void on_timer(uv_timer_t *uv) {
    tb_io_timer *t = uv->data;
    t->fn(t->arg);
}

tb_io_timer *tb_io_timer_new(tb_io *io, tb_io_fn *fn, void *arg) {
    tb_io_timer *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    uv_timer_init(&io->loop, &t->uv);
    t->uv.data = t;
    t->fn = fn;
    t->arg = arg;
    return t;
}

/* Not 0: libuv before 1.45 rings timers until none is due, so one that sets itself to 0 would hold the loop for ever.
 */
void tb_io_timer_set(tb_io_timer *t, int64_t delay) {
    uv_timer_start(&t->uv, on_timer, delay > 1 ? (uint64_t)delay : 1, 0);
}
void tb_io_timer_clear(tb_io_timer *t) { uv_timer_stop(&t->uv); }

void tb_io_timer_free(tb_io_timer *t) {
    if (t)
        uv_close((uv_handle_t *)&t->uv, free_handle);
}

static void on_wake(uv_async_t *uv) {
    tb_io_wake *w = uv->data;
    if (w->fn)
        w->fn(w->arg);
}

tb_io_wake *tb_io_wake_new(tb_io *io, tb_io_fn *fn, void *arg) {
    tb_io_wake *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    if (uv_async_init(&io->loop, &w->uv, on_wake) != 0)
        return free(w), NULL;
    w->uv.data = w;
    w->fn = fn;
    w->arg = arg;
    return w;
}

void tb_io_wake_send(tb_io_wake *w) { uv_async_send(&w->uv); }

void tb_io_wake_free(tb_io_wake *w) {
    if (!w)
        return;
    w->fn = NULL;
    uv_close((uv_handle_t *)&w->uv, free_handle);
}

/* ---- workers ---- */

static void *worker_main(void *arg) {
    tb_io_worker *w = arg;
    tb_io *io = w->io;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->first && !w->ending)
            pthread_cond_wait(&w->more, &w->lock);
        job *j = w->first;
        if (!j)
            break;
        if (!(w->first = j->next))
            w->last = NULL;
        pthread_mutex_unlock(&w->lock);
        j->work(j->arg);
        j->next = NULL;
        pthread_mutex_lock(&io->lock);
        if (io->done_last)
            io->done_last->next = j;
        else
            io->done_first = j;
        io->done_last = j;
        pthread_mutex_unlock(&io->lock);
        uv_async_send(&io->jobs_done);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

tb_io_worker *tb_io_worker_new(tb_io *io, const char *name) {
    tb_io_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->io = io;
    if (pthread_mutex_init(&w->lock, NULL) != 0)
        return free(w), NULL;
    if (pthread_cond_init(&w->more, NULL) != 0) {
        pthread_mutex_destroy(&w->lock);
        return free(w), NULL;
    }
    /* Signals belong to the loop: the new thread starts with all of them blocked. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        pthread_cond_destroy(&w->more);
        pthread_mutex_destroy(&w->lock);
        return free(w), NULL;
    }
    char short_name[16]; /* what the system keeps, the final NUL included */
    snprintf(short_name, sizeof short_name, "%s", name);
    pthread_setname_np(w->thread, short_name);
    return w;
}

int tb_io_worker_submit(tb_io_worker *w, tb_io_fn *work, tb_io_fn *done, void *arg) {
    tb_io *io = w->io;
    pthread_mutex_lock(&io->lock);
    job *j = io->spare;
    if (j)
        io->spare = j->next;
    pthread_mutex_unlock(&io->lock);
    if (!j && !(j = malloc(sizeof *j)))
        return TB_NOMEM;
    *j = (job){.work = work, .done = done, .arg = arg};
    pthread_mutex_lock(&w->lock);
    assert(!w->ending);
    if (w->last)
        w->last->next = j;
    else
        w->first = j;
    w->last = j;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->more); /* not before: it would wake up to wait for the lock */
    return TB_OK;
}

void tb_io_worker_free(tb_io_worker *w) {
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    run_done(w->io);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* ---- TCP ---- */

static bool is_loopback(const struct sockaddr *a) {
    if (a->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
    if (a->sa_family != AF_INET6)
        return false;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static void on_connection(uv_stream_t *server, int status);
static void on_retry(uv_timer_t *t) { on_connection((uv_stream_t *)&((tb_io_listener *)t->data)->uv, 0); }

static void on_connection(uv_stream_t *server, int status) {
    tb_io_listener *l = server->data;
    if (status < 0)
        return; /* the client gave up before we took it, or descriptors ran out: libuv then refuses the caller */
    tb_io_stream *s = calloc(1, sizeof *s);
    if (!s) { /* libuv accepts nothing more until this one is taken: so it must be tried again */
        uv_timer_start(&l->retry, on_retry, TB_IO_ACCEPT_RETRY, 0);
        return;
    }
    uv_tcp_init(&l->io->loop, &s->uv);
    s->uv.data = s;
    struct sockaddr_storage peer;
    int n = sizeof peer;
    if (uv_accept(server, (uv_stream_t *)&s->uv) != 0 ||
        uv_tcp_getpeername(&s->uv, (struct sockaddr *)&peer, &n) != 0) {
        tb_io_close(s);
        return;
    }
    uv_tcp_nodelay(&s->uv, 1); /* answers are whole when written: Nagle would only hold them back */
    s->loopback = is_loopback((struct sockaddr *)&peer);
    uv_ip_name((struct sockaddr *)&peer, s->peer, sizeof s->peer); /* cannot fail: an address of its own kind, and room */
    l->accept(l->arg, s);
}

static void listen_error(char *error, size_t size, const char *host, int port, int code) {
    const char *what = code == UV_EADDRINUSE ? "端口已被占用：先停掉占用它的程序，或用 --listen 换一个端口"
                     : code == UV_EACCES ? "没有权限监听此端口：1024 以下的端口需要 root，请换一个端口"
                     : code == UV_EADDRNOTAVAIL ? "本机没有这个地址：请检查 --listen 的地址"
                     : code == UV_EINVAL ? "地址不对：请写成 127.0.0.1:8420 或 [::1]:8420"
                     : uv_strerror(code);
    snprintf(error, size, "无法监听 %s:%d：%s", host, port, what);
}

tb_io_listener *tb_io_listen(tb_io *io, const char *host, int port, tb_io_accept_fn *accept, void *arg,
                             char *error, size_t error_size) {
    struct sockaddr_storage address;
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (port < 0 || port > 65535 ||
        (uv_ip4_addr(numeric, port, (struct sockaddr_in *)&address) != 0 &&
         uv_ip6_addr(numeric, port, (struct sockaddr_in6 *)&address) != 0))
        return listen_error(error, error_size, host, port, UV_EINVAL), NULL;
    tb_io_listener *l = calloc(1, sizeof *l);
    if (!l)
        return listen_error(error, error_size, host, port, UV_ENOMEM), NULL;
    l->io = io;
    l->accept = accept;
    l->arg = arg;
    uv_tcp_init(&io->loop, &l->uv);
    uv_timer_init(&io->loop, &l->retry);
    l->uv.data = l->retry.data = l;
    int n = sizeof address;
    int rc = uv_tcp_bind(&l->uv, (struct sockaddr *)&address, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&l->uv, TB_IO_BACKLOG, on_connection);
    if (rc == 0)
        rc = uv_tcp_getsockname(&l->uv, (struct sockaddr *)&address, &n);
    if (rc != 0) {
        tb_io_listener_close(l);
        return listen_error(error, error_size, host, port, rc), NULL;
    }
    l->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                  : ((struct sockaddr_in *)&address)->sin_port);
    return l;
}

int tb_io_listener_port(const tb_io_listener *l) { return l->port; }

static void close_retry(uv_handle_t *h) { uv_close((uv_handle_t *)&((tb_io_listener *)h->data)->retry, free_handle); }

void tb_io_listener_close(tb_io_listener *l) {
    if (!l)
        return;
    uv_timer_stop(&l->retry);
    uv_close((uv_handle_t *)&l->uv, close_retry); /* one after the other: the second frees what carries both */
}

void tb_io_bind(tb_io_stream *s, const tb_io_events *events, void *user) {
    s->events = events;
    s->user = user;
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    tb_io_stream *s = h->data;
    size_t size = 0;
    char *p = s->events->room(s->user, &size);
    assert(p && size > 0);
    *buf = uv_buf_init(p, (unsigned)size);
}

static void on_data(uv_stream_t *uv, ssize_t n, const uv_buf_t *buf) {
    (void)buf;
    tb_io_stream *s = uv->data;
    if (n == 0 || !s->events)
        return; /* "nothing yet" */
    if (n < 0) {
        s->ended = true;
        uv_read_stop(uv);
    }
    s->events->data(s->user, n > 0 ? n : n == UV_EOF ? 0 : -1);
}

void tb_io_reading(tb_io_stream *s, bool on) {
    if (on && !s->ended)
        uv_read_start((uv_stream_t *)&s->uv, on_room, on_data); /* fails only when closing, or already on */
    else if (!on)
        uv_read_stop((uv_stream_t *)&s->uv);
}

static void on_written(uv_write_t *w, int status) {
    tb_io_stream *s = w->handle->data;
    if (s->events)
        s->events->written(s->user, status == 0);
}

enum tb_io_sent tb_io_write(tb_io_stream *s, const tb_io_part *parts, int count) {
    assert(count > 0 && count <= TB_IO_PARTS);
    uv_buf_t bufs[TB_IO_PARTS];
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        bufs[i] = (uv_buf_t){.base = (char *)(uintptr_t)parts[i].p, .len = parts[i].n};
        total += parts[i].n;
    }
    int sent = uv_try_write((uv_stream_t *)&s->uv, bufs, (unsigned)count);
    if (sent < 0 && sent != UV_EAGAIN)
        return TB_IO_BROKEN;
    size_t skip = sent > 0 ? (size_t)sent : 0;
    if (skip == total)
        return TB_IO_SENT;
    int first = 0;
    for (; skip >= bufs[first].len; first++)
        skip -= bufs[first].len;
    bufs[first].base += skip;
    bufs[first].len -= skip;
    int rc = uv_write(&s->write, (uv_stream_t *)&s->uv, bufs + first, (unsigned)(count - first), on_written);
    return rc == 0 ? TB_IO_LATER : TB_IO_BROKEN;
}

size_t tb_io_unsent(const tb_io_stream *s) { return uv_stream_get_write_queue_size((const uv_stream_t *)&s->uv); }

void tb_io_finish(tb_io_stream *s) {
    uv_shutdown(&s->finish, (uv_stream_t *)&s->uv, NULL); /* fails when the peer is gone: reading will say so */
}

bool tb_io_from_loopback(const tb_io_stream *s) { return s->loopback; }

const char *tb_io_peer(const tb_io_stream *s) { return s->peer; }

void tb_io_close(tb_io_stream *s) {
    s->events = NULL;
    uv_close((uv_handle_t *)&s->uv, free_handle);
}

uv_loop_t *tb__io_loop(tb_io *io) { return &io->loop; }
