/* The seam (io.h) in virtual time: every name of io_uv.c and io_curl.c again, in one thread, without a system call.
 * The linker takes these.
 *
 * What happens later is an entry of one heap, ordered by time and then by the order of asking; the loop takes the
 * first, sets the clock to its time and runs it. Nothing waits: a week without work takes no longer than a
 * millisecond.
 *
 *  - The monotonic clock is the world's and goes on through crashes. The wall clock is it plus a skew, which
 *    sim_people.c changes.
 *  - A worker's jobs run inline, one after the other, each at a moment of its own; what the disk took of virtual time
 *    (sim_io_cost) passes before its `done` is told, so that requests come in while a commit runs, and a crash finds
 *    acts on disk that nobody was told of.
 *  - A stream takes and gives bytes in pieces, late, and breaks. A write is taken whole, in part (TB_IO_LATER), or
 *    refused.
 *  - A call to a service is answered as sim_service() says, after its time; its time-out is kept here, as curl keeps
 *    it.
 *
 * Objects are malloc'd and freed as their contract says, so that AddressSanitizer sees who uses one that is gone. */
#include "io.h"
#include "sim.h"
#include <assert.h>

enum { STANDSTILL = 1000000 };

/* ---- memory that is not there ---- */

static bool serving; /* the server's code runs, called from here; what it allocates may fail */

static bool lacks(void) {
    if (!serving || !world->starving || !sim_once_in(world->starving)) return false;
    world->disk.failures++;
    world->counts.starved++;
    return true;
}

/* The linker puts these in the place of the C library's (Makefile); the simulation's own memory is always there. */
void *__wrap_malloc(size_t n), *__wrap_calloc(size_t n, size_t size), *__wrap_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n) { return lacks() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return lacks() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return lacks() ? NULL : __real_realloc(p, n); }

/* ---- what happens later ---- */

typedef struct entry {
    int64_t at;
    uint64_t order;
    tb_io_fn *fn; /* NULL: called off */
    void *arg;
} entry;

static struct {
    entry **heap;
    size_t n, room;
    uint64_t order;
} later;

struct tb_io {
    bool stop;
    void (*on_signal)(void *arg, const char *name);
    void *signal_arg;
    struct job *done_first, *done_last;
    bool done_rings;
};

static void *need(size_t n) {
    void *p = __real_calloc(1, n);
    if (!p) abort();
    return p;
}

static bool sooner(const entry *a, const entry *b) { return a->at != b->at ? a->at < b->at : a->order < b->order; }

static entry *add(int64_t delay, tb_io_fn *fn, void *arg) {
    entry *e = need(sizeof *e);
    *e = (entry){world->now + (delay > 0 ? delay : 0), ++later.order, fn, arg};
    if (later.n == later.room) {
        later.room = later.room ? 2 * later.room : 64;
        if (!(later.heap = __real_realloc(later.heap, later.room * sizeof *later.heap))) abort();
    }
    size_t i = later.n++;
    for (; i > 0 && sooner(e, later.heap[(i - 1) / 2]); i = (i - 1) / 2) later.heap[i] = later.heap[(i - 1) / 2];
    later.heap[i] = e;
    return e;
}

static entry *take(void) {
    entry *top = later.heap[0], *last = later.heap[--later.n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < later.n; i = child) {
        if (child + 1 < later.n && sooner(later.heap[child + 1], later.heap[child])) child++;
        if (!sooner(later.heap[child], last)) break;
        later.heap[i] = later.heap[child];
    }
    if (later.n) later.heap[i] = last;
    return top;
}

/* The entry stays in the heap until its time, and then does nothing. */
static void call_off(entry **e) {
    if (*e) (*e)->fn = NULL;
    *e = NULL;
}

void sim_after(int64_t delay, void (*fn)(void *arg), void *arg) { add(delay, fn, arg); }

/* ---- the loop ---- */

tb_io *tb_io_new(void) { return need(sizeof(tb_io)); }

static tb_io *running;

static void one_turn(void) {
    static int64_t at;
    static uint64_t since;
    entry *e = take();
    if (e->fn) {
        if (e->at > world->now) world->now = e->at;
        if (sim_once_in(200)) world->now += sim_between(1, 40); /* the machine was busy with something else */
        world->steps++;
        if (world->now != at) at = world->now, since = world->steps;
        if (world->steps - since > STANDSTILL)
            sim_fail("%d callbacks and no millisecond passed: somebody calls himself again and again", STANDSTILL);
        if (world->steps == world->step_crash) {
            sim_trace("crash between two turns of the loop");
            sim_die();
        }
        tb_io_fn *fn = e->fn;
        void *arg = e->arg;
        serving = false;
        fn(arg); /* may call itself off: `e` is still there */
    }
    free(e);
}

void tb_io_run(tb_io *io) {
    running = io;
    io->stop = false;
    while (!io->stop) {
        if (!later.n) sim_fail("the loop has nothing more to do: whoever waits, waits for ever");
        one_turn();
    }
}

void sim_turns(int n) {
    while (n-- > 0 && later.n && !running->stop) one_turn();
    serving = false;
}

void tb_io_stop(tb_io *io) { io->stop = true; }

void tb_io_free(tb_io *io) {
    if (!io) return;
    while (later.n) free(take());
    free(later.heap);
    memset(&later, 0, sizeof later);
    free(io);
}

int tb_io_on_signal(tb_io *io, void (*fn)(void *arg, const char *name), void *arg) {
    io->on_signal = fn;
    io->signal_arg = arg;
    return TB_OK;
}

/* ---- clocks and chance ---- */

int64_t tb_io_now(tb_io *io) { return (void)io, world->now; }
int64_t tb_io_micros(tb_io *io) { return (void)io, world->now * 1000; }
int64_t tb_io_wall(tb_io *io) { return (void)io, world->now + world->skew; }

int tb_io_random(tb_io *io, void *bytes, size_t n) {
    (void)io;
    for (size_t i = 0; i < n; i++) ((uint8_t *)bytes)[i] = (uint8_t)(sim_random() >> 24);
    return TB_OK;
}

/* ---- timers and wakes ---- */

struct tb_io_timer {
    tb_io_fn *fn;
    void *arg;
    entry *set;
};

static void ring(void *arg) {
    tb_io_timer *t = arg;
    t->set = NULL;
    serving = true;
    t->fn(t->arg);
}

tb_io_timer *tb_io_timer_new(tb_io *io, tb_io_fn *fn, void *arg) {
    tb_io_timer *t = need(sizeof *t);
    (void)io;
    *t = (tb_io_timer){fn, arg, NULL};
    return t;
}

void tb_io_timer_set(tb_io_timer *t, int64_t delay) {
    call_off(&t->set);
    t->set = add(delay > 1 ? delay : 1, ring, t);
}

void tb_io_timer_clear(tb_io_timer *t) { call_off(&t->set); }

void tb_io_timer_free(tb_io_timer *t) {
    if (t) call_off(&t->set);
    free(t);
}

struct tb_io_wake {
    tb_io_fn *fn;
    void *arg;
    entry *sent;
};

static void woken(void *arg) {
    tb_io_wake *w = arg;
    w->sent = NULL;
    serving = true;
    w->fn(w->arg);
}

tb_io_wake *tb_io_wake_new(tb_io *io, tb_io_fn *fn, void *arg) {
    tb_io_wake *w = need(sizeof *w);
    (void)io;
    *w = (tb_io_wake){fn, arg, NULL};
    return w;
}

void tb_io_wake_send(tb_io_wake *w) {
    if (!w->sent) w->sent = add(0, woken, w);
}

void tb_io_wake_free(tb_io_wake *w) {
    if (w) call_off(&w->sent);
    free(w);
}

/* ---- workers ---- */

typedef struct job {
    struct job *next;
    tb_io_fn *work, *done;
    void *arg;
} job;

struct tb_io_worker {
    tb_io *io;
    char name[16];
    job *first, *last;
    entry *turn; /* the first job is about to run, or running */
};

static void tell_done(tb_io *io) {
    serving = true;
    for (job *j; (j = io->done_first);) {
        if (!(io->done_first = j->next)) io->done_last = NULL;
        tb_io_fn *done = j->done;
        void *arg = j->arg;
        free(j);
        if (done) done(arg);
    }
}

static void done_rings(void *arg) {
    tb_io *io = arg;
    io->done_rings = false;
    tell_done(io);
}

static void is_done(tb_io *io, job *j) {
    j->next = NULL;
    if (io->done_last) io->done_last->next = j;
    else io->done_first = j;
    io->done_last = j;
}

static job *next_job(tb_io_worker *w) {
    job *j = w->first;
    if (j && !(w->first = j->next)) w->last = NULL;
    return j;
}

static void worker_starts(void *arg);

static void worker_ends(void *arg) {
    tb_io_worker *w = arg;
    w->turn = NULL;
    is_done(w->io, next_job(w));
    if (!w->io->done_rings) {
        w->io->done_rings = true;
        add(sim_once_in(8) ? sim_between(0, 20) : 0, done_rings, w->io);
    }
    if (w->first) w->turn = add(sim_once_in(8) ? sim_between(0, 5) : 0, worker_starts, w);
}

static void worker_starts(void *arg) {
    tb_io_worker *w = arg;
    sim_io_cost();
    serving = true;
    w->first->work(w->first->arg);
    w->turn = add(sim_io_cost() + (sim_once_in(4) ? sim_between(0, 30) : 0), worker_ends, w);
}

tb_io_worker *tb_io_worker_new(tb_io *io, const char *name) {
    tb_io_worker *w = need(sizeof *w);
    w->io = io;
    snprintf(w->name, sizeof w->name, "%s", name);
    return w;
}

int tb_io_worker_submit(tb_io_worker *w, tb_io_fn *work, tb_io_fn *done, void *arg) {
    job *j = need(sizeof *j);
    *j = (job){NULL, work, done, arg};
    if (w->last) w->last->next = j;
    else w->first = j;
    w->last = j;
    if (!w->turn) w->turn = add(sim_once_in(4) ? sim_between(0, 10) : 0, worker_starts, w);
    return TB_OK;
}

void tb_io_worker_free(tb_io_worker *w) {
    if (!w) return;
    bool begun = w->turn && w->turn->fn == worker_ends;
    call_off(&w->turn);
    for (job *j; (j = next_job(w)); begun = false) {
        if (!begun) j->work(j->arg);
        is_done(w->io, j);
    }
    tell_done(w->io);
    free(w);
}

/* ---- TCP: one port, and the clients' ends of its connections ---- */

typedef struct bytes {
    char *p;
    size_t from, n, room;
} bytes;

struct tb_io_listener {
    tb_io_accept_fn *accept;
    void *arg;
    int port;
};
static tb_io_listener *listening;

struct tb_io_stream {
    sim_conn *conn;
    const tb_io_events *events;
    void *user;
    bool reading, ended, finished;
    tb_io_part parts[TB_IO_PARTS]; /* of the write under way */
    int count;
    size_t unsent;
    entry *drains;
};

struct sim_conn { /* lives as long as either end does */
    tb_io_stream *server;
    sim_got_fn *got; /* NULL: hung up */
    void *user;
    bytes up, down; /* on the way to the server, to the client */
    entry *rises, *falls;
    bool server_gone, broken;
};

static void put(bytes *b, const char *p, size_t n) {
    if (b->from == b->n) b->from = b->n = 0;
    if (b->n + n > b->room) {
        b->room = 2 * (b->n + n);
        if (!(b->p = __real_realloc(b->p, b->room))) abort();
    }
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
}

static size_t waiting(const bytes *b) { return b->n - b->from; }

static size_t piece(size_t n) { return sim_chance(80) ? n : 1 + (size_t)sim_below(n); }

static int64_t flight(void) {
    return sim_once_in(200) ? sim_between(50, 3000) : sim_once_in(3) ? sim_between(1, 8) : 0;
}

static void let_go(sim_conn *c) {
    if (c->server || c->got) return;
    call_off(&c->rises);
    call_off(&c->falls);
    free(c->up.p);
    free(c->down.p);
    free(c);
}

static void fall(void *arg) { /* to the client */
    sim_conn *c = arg;
    char part[4096];
    c->falls = NULL;
    if (!c->got) return;
    size_t n = waiting(&c->down);
    if (n) {
        n = piece(n < sizeof part ? n : sizeof part);
        memcpy(part, c->down.p + c->down.from, n);
        c->down.from += n;
        if (waiting(&c->down) || c->server_gone) c->falls = add(flight(), fall, c);
        c->got(c->user, part, n);
    } else if (c->server_gone) {
        sim_got_fn *got = c->got;
        void *user = c->user;
        c->got = NULL;
        let_go(c);
        got(user, NULL, 0);
    }
}

static void fall_soon(sim_conn *c) {
    if (!c->falls && c->got) c->falls = add(flight(), fall, c);
}

static void rise(void *arg);
static void rise_soon(sim_conn *c) {
    if (!c->rises && c->server) c->rises = add(flight(), rise, c);
}

static void rise(void *arg) { /* to the server */
    sim_conn *c = arg;
    tb_io_stream *s = c->server;
    c->rises = NULL;
    if (!s || !s->events || !s->reading || s->ended) return;
    size_t n = waiting(&c->up), room = 0;
    serving = true;
    if (n) {
        char *to = s->events->room(s->user, &room);
        assert(to && room > 0);
        n = piece(n < room ? n : room);
        memcpy(to, c->up.p + c->up.from, n);
        c->up.from += n;
        rise_soon(c);
        s->events->data(s->user, (int64_t)n);
    } else if (!c->got) {
        s->ended = true;
        s->events->data(s->user, c->broken ? -1 : 0);
    }
}

tb_io_listener *tb_io_listen(tb_io *io, const char *host, int port, tb_io_accept_fn *accept, void *arg, char *error,
                             size_t error_size) {
    (void)io, (void)host, (void)error, (void)error_size;
    tb_io_listener *l = need(sizeof *l);
    *l = (tb_io_listener){accept, arg, port ? port : 8420};
    return listening = l;
}

int tb_io_listener_port(const tb_io_listener *l) { return l->port; }

void tb_io_listener_close(tb_io_listener *l) {
    if (l && listening == l) listening = NULL;
    free(l);
}

static void arrives(void *arg) { /* a connection at the listener */
    sim_conn *c = arg;
    c->rises = NULL;
    if (!listening) {
        c->server_gone = true;
        fall_soon(c);
        return;
    }
    tb_io_stream *s = c->server = need(sizeof *s);
    s->conn = c;
    rise_soon(c);
    serving = true;
    listening->accept(listening->arg, s);
}

sim_conn *sim_connect(sim_got_fn *got, void *user) {
    sim_conn *c = need(sizeof *c);
    c->got = got;
    c->user = user;
    c->rises = add(flight(), arrives, c);
    return c;
}

void sim_send(sim_conn *c, const char *p, size_t n) {
    put(&c->up, p, n);
    rise_soon(c);
}

void sim_hang_up(sim_conn *c) {
    c->got = NULL;
    c->broken = sim_chance(50);
    call_off(&c->falls);
    if (c->broken) c->up.from = c->up.n = 0; /* what was on the way is lost; otherwise it still arrives */
    if (c->server) rise_soon(c);
    else let_go(c);
}

void tb_io_bind(tb_io_stream *s, const tb_io_events *events, void *user) {
    s->events = events;
    s->user = user;
}

void tb_io_reading(tb_io_stream *s, bool on) {
    s->reading = on;
    if (on) rise_soon(s->conn);
}

/* As many bytes as the system takes just now. */
static void take_some(tb_io_stream *s, size_t n) {
    for (int i = 0; i < s->count && n; i++) {
        size_t k = s->parts[i].n < n ? s->parts[i].n : n;
        if (s->conn->got) put(&s->conn->down, s->parts[i].p, k);
        s->parts[i].p += k, s->parts[i].n -= k;
        n -= k, s->unsent -= k;
    }
    fall_soon(s->conn);
}

static void drain(void *arg) {
    tb_io_stream *s = arg;
    s->drains = NULL;
    bool ok = s->conn->got != NULL;
    if (ok) take_some(s, piece(s->unsent));
    if (ok && s->unsent) s->drains = add(sim_between(1, 20), drain, s);
    else serving = true, s->events->written(s->user, ok);
}

enum tb_io_sent tb_io_write(tb_io_stream *s, const tb_io_part *parts, int count) {
    assert(count > 0 && count <= TB_IO_PARTS && !s->unsent && !s->drains && !s->finished);
    if (!s->conn->got && sim_chance(50)) return TB_IO_BROKEN; /* otherwise it has not heard of it yet */
    s->count = count;
    for (int i = 0; i < count; i++) s->parts[i] = parts[i], s->unsent += parts[i].n;
    take_some(s, sim_once_in(10) ? (size_t)sim_below(s->unsent + 1) : s->unsent);
    if (!s->unsent) return TB_IO_SENT;
    s->drains = add(sim_once_in(40) ? sim_between(1000, 40000) : sim_between(1, 30), drain, s);
    return TB_IO_LATER;
}

size_t tb_io_unsent(const tb_io_stream *s) { return s->unsent; }

void tb_io_finish(tb_io_stream *s) {
    assert(!s->drains);
    s->finished = true;
    s->conn->server_gone = true;
    fall_soon(s->conn);
}

bool tb_io_from_loopback(const tb_io_stream *s) { return (void)s, true; }
const char *tb_io_peer(const tb_io_stream *s) {
    static const char here[TB_IO_ADDRESS] = "127.0.0.1"; /* all of it may be read */
    return (void)s, here;
}

void tb_io_close(tb_io_stream *s) {
    sim_conn *c = s->conn;
    call_off(&s->drains);
    c->server = NULL;
    c->server_gone = true;
    if (!sim_chance(90)) c->down.from = c->down.n; /* reset: what was under way is lost */
    fall_soon(c);
    let_go(c);
    free(s);
}

/* ---- calls to services ---- */

typedef struct calling {
    struct calling *next, **here;
    tb_io_answer_fn *fn;
    void *arg;
    sim_reaction reaction;
    entry *answers;
    const char *why;
} calling;

struct tb_io_caller {
    calling *calls;
};

tb_io_caller *tb_io_caller_new(tb_io *io) { return (void)io, need(sizeof(tb_io_caller)); }

static void drop(calling *x) {
    call_off(&x->answers);
    *x->here = x->next;
    if (x->next) x->next->here = x->here;
    free(x);
}

static void answered(void *arg) {
    calling *x = arg, copy = *x;
    x->answers = NULL;
    drop(x);
    const char *body = copy.reaction.body ? copy.reaction.body : "";
    serving = true;
    copy.fn(copy.arg, copy.reaction.status, body, strlen(body), copy.why);
}

int tb_io_call(tb_io_caller *c, const tb_io_post *post, tb_io_answer_fn *fn, void *arg) {
    calling *x = need(sizeof *x);
    x->fn = fn;
    x->arg = arg;
    x->reaction = sim_service(post->key, post->url, post->body, post->n);
    x->next = c->calls;
    x->here = &c->calls;
    if (x->next) x->next->here = &x->next;
    c->calls = x;
    x->why = "connection refused";
    if (!x->reaction.answers || x->reaction.delay > post->timeout) {
        x->reaction = (sim_reaction){.delay = post->timeout};
        x->why = "timed out";
    }
    x->answers = add(x->reaction.delay > 0 ? x->reaction.delay : 1, answered, x);
    return TB_OK;
}

void tb_io_caller_free(tb_io_caller *c) {
    if (!c) return;
    while (c->calls) drop(c->calls);
    free(c);
}
