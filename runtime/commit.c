/* See commit.h. Entries wait in a ring; those of the batch being written move to `flight`; those being answered, to
 * `answering`. Three arrays and no allocation: being out of memory cannot make an accepted write disappear. */
#include "commit.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "io.h"

enum { WHY = 256 };

struct entry {
    tb_write *write; /* NULL: a barrier */
    uint64_t bytes;
    tb_commit_done done;
    void *user;
};

struct tb_commit {
    tb_io *io;
    tb_store *store;
    tb_commit_options options;
    int state;
    struct entry *ring;
    uint32_t head, waiting;            /* entries of the ring in use */
    uint32_t queued;                   /* of them, writes */
    uint64_t queued_bytes;
    struct entry *flight, *answering;
    uint32_t in_flight;                /* entries; 0: nothing is with the store */
    uint32_t flight_writes;
    tb_write **batch;                  /* the writes of the flight, as the store wants them */
    bool pumping;                      /* do not send now: whoever set it sends when it is done */
    tb_io_timer *timer;                /* to the next attempt to reopen */
    int64_t pause;
    uint64_t batches, writes, failed, reopens;
    uint64_t failing;                  /* since the last batch that did not fail */
    int64_t failing_since;
    tb_io_timer *probe_timer;
    bool probing;
    tb_write probe;
    tb_meta_row probe_row;
    int64_t sent;                      /* µs, when the flight left */
    tb_measure sizes, seconds;
    char why[WHY];
};

const char *tb_commit_state_name(int state) {
    static const char *const names[] = {"open", "reopening", "broken"};
    return state >= 0 && state <= TB_COMMIT_STATE_BROKEN ? names[state] : "?";
}

/* What a write weighs: texts that can be long. Rows themselves are bounded by TB_COMMIT_BATCH. */
static uint64_t weigh(const tb_write *w) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < w->sources.count; i++) bytes += w->sources.items[i].bytes.n;
    for (uint32_t i = 0; i < w->attachments.count; i++) bytes += w->attachments.items[i].bytes.n;
    for (uint32_t i = 0; i < w->events.count; i++) bytes += w->events.items[i].body.n;
    for (uint32_t i = 0; i < w->cases.count; i++) bytes += w->cases.items[i].state.n;
    return bytes;
}

static void on_batch(void *user, int result, const char *why);

/* Moves the next batch from the ring to the flight: up to the limits, and the barriers that follow its last write. */
static void load_flight(tb_commit *c) {
    uint64_t bytes = 0;
    c->flight_writes = 0;
    while (c->waiting) {
        const struct entry *e = &c->ring[c->head];
        bool full = c->flight_writes >= c->options.batch || bytes > TB_COMMIT_BATCH_BYTES;
        if (e->write && full) break;
        if (e->write) {
            c->batch[c->flight_writes++] = e->write;
            bytes += e->bytes;
            c->queued--;
            c->queued_bytes -= e->bytes;
        }
        c->flight[c->in_flight++] = *e;
        c->head = (c->head + 1) % c->options.queue;
        c->waiting--;
    }
}

/* false: the store takes nothing, and all is as before. */
static bool send(tb_commit *c) {
    uint32_t head = c->head, waiting = c->waiting, queued = c->queued;
    uint64_t bytes = c->queued_bytes;
    load_flight(c);
    c->sent = c->io ? tb_io_micros(c->io) : 0;
    if (tb_store_submit(c->store, c->batch, c->flight_writes, on_batch, c) == TB_OK) return true;
    c->in_flight = 0;
    c->head = head, c->waiting = waiting, c->queued = queued, c->queued_bytes = bytes;
    return false;
}

static void fail_all(tb_commit *c, uint32_t answered, int result, const char *why);

/* Without an io the store answers inside tb_store_submit: a loop, lest the stack grow with every write a callback
 * adds. */
static void pump(tb_commit *c) {
    if (c->pumping) return;
    c->pumping = true;
    while (!c->in_flight && c->waiting && c->state == TB_COMMIT_STATE_OPEN)
        if (!send(c)) fail_all(c, 0, TB_STORE_RETRY, "the store could not take the batch: no memory, or closing");
    c->pumping = false;
}

static void answer(const struct entry *entries, uint32_t count, int result) {
    for (uint32_t i = 0; i < count; i++) entries[i].done(entries[i].user, result);
}

static void try_reopen(void *arg);
static int add(tb_commit *c, struct entry e);

/* ---- is the cause gone? ---- */

static void probed(void *user, int result) {
    (void)result; /* on_batch has seen it */
    ((tb_commit *)user)->probing = false;
}

/* Only when nothing else is under way that would tell. */
static void probe(void *arg) {
    tb_commit *c = arg;
    if (!c->failing) return;
    tb_io_timer_set(c->probe_timer, TB_COMMIT_PROBE_MS);
    if (c->probing || c->in_flight || c->waiting || c->state != TB_COMMIT_STATE_OPEN) return;
    c->probing = true;
    if (add(c, (struct entry){&c->probe, 0, probed, c}) != TB_COMMIT_OK) c->probing = false;
}

static void on_reopened(void *user, int result, const char *why) {
    tb_commit *c = user;
    if (result == TB_STORE_OK) {
        c->state = TB_COMMIT_STATE_OPEN;
        c->failing = 0; /* reopening has written a mark */
        c->pause = TB_COMMIT_REOPEN_MS;
        if (c->options.reopened) c->options.reopened(c->options.user);
        pump(c);
        return;
    }
    snprintf(c->why, sizeof c->why, "%s", why);
    if (result == TB_STORE_CORRUPT) {
        c->state = TB_COMMIT_STATE_BROKEN;
        return;
    }
    if (!c->timer) return; /* without an io there is nobody to wait: the owner restarts */
    tb_io_timer_set(c->timer, c->pause);
    c->pause = c->pause * 2 < TB_COMMIT_REOPEN_MAX_MS ? c->pause * 2 : TB_COMMIT_REOPEN_MAX_MS;
}

static void try_reopen(void *arg) {
    tb_commit *c = arg;
    c->reopens++;
    if (tb_store_reopen(c->store, on_reopened, c) == TB_NOMEM)
        on_reopened(c, TB_STORE_RETRY, "no memory to reopen the store");
}

/* Everything stepped on the lost states fails with them, what waits in the ring too. While the callbacks run nothing is
 * accepted to be sent: what they add waits behind them, on states read anew. */
static void fail_all(tb_commit *c, uint32_t answered, int result, const char *why) {
    c->failed++;
    if (c->failing++ == 0) c->failing_since = c->io ? tb_io_now(c->io) : 0;
    if (c->probe_timer) tb_io_timer_set(c->probe_timer, TB_COMMIT_PROBE_MS);
    snprintf(c->why, sizeof c->why, "%s", why);
    if (result == TB_STORE_UNKNOWN) c->state = TB_COMMIT_STATE_REOPENING;
    if (result == TB_STORE_CORRUPT) c->state = TB_COMMIT_STATE_BROKEN;
    uint32_t doomed = c->waiting;
    if (c->options.dropped) c->options.dropped(c->options.user, result, c->why);
    answer(c->answering, answered, result);
    for (; doomed; doomed--) {
        struct entry e = c->ring[c->head];
        c->head = (c->head + 1) % c->options.queue;
        c->waiting--;
        if (e.write) c->queued--, c->queued_bytes -= e.bytes;
        e.done(e.user, result);
    }
}

static void on_batch(void *user, int result, const char *why) {
    tb_commit *c = user;
    struct entry *answering = c->flight;
    uint32_t count = c->in_flight;
    c->flight = c->answering;
    c->answering = answering;
    c->in_flight = 0;
    if (result == TB_STORE_OK) {
        if (c->flight_writes) {
            c->batches++;
            c->failing = 0;
            tb_measure_add(&c->sizes, c->flight_writes);
            if (c->io) tb_measure_add(&c->seconds, (double)(tb_io_micros(c->io) - c->sent) / 1e6);
        }
        c->writes += c->flight_writes;
        /* The writer works on the next batch while this one is answered. If it cannot be sent, it waits until this one is: both
         * cannot be answered at once. */
        if (!c->pumping && c->waiting && c->state == TB_COMMIT_STATE_OPEN) send(c);
    }
    bool nested = c->pumping;
    c->pumping = true; /* what the callbacks add becomes one batch */
    if (result == TB_STORE_OK) answer(answering, count, result);
    else fail_all(c, count, result, why);
    c->pumping = nested;
    if (result == TB_STORE_OK && c->options.landed) c->options.landed(c->options.user);
    if (result == TB_STORE_UNKNOWN) try_reopen(c);
    pump(c);
}

static int add(tb_commit *c, struct entry e) {
    if (c->state == TB_COMMIT_STATE_REOPENING) return TB_COMMIT_REOPENING;
    if (c->state == TB_COMMIT_STATE_BROKEN) return TB_COMMIT_BROKEN;
    if (c->waiting == c->options.queue || c->queued_bytes > TB_COMMIT_QUEUE_BYTES) return TB_COMMIT_FULL;
    if (e.write && c->in_flight) tb_store_prepare(e.write); /* it waits for the writer in any case */
    c->ring[(c->head + c->waiting++) % c->options.queue] = e;
    if (e.write) c->queued++, c->queued_bytes += e.bytes;
    bool alone = c->waiting == 1 && !c->in_flight && !c->pumping;
    if (!alone || !c->io) {
        pump(c);
    } else if (!send(c)) { /* no memory, or closing: it is refused, since `done` must not run before this returns */
        c->waiting--;
        if (e.write) c->queued--, c->queued_bytes -= e.bytes;
        return TB_COMMIT_FULL;
    }
    return TB_COMMIT_OK;
}

int tb_commit_add(tb_commit *c, tb_write *write, tb_commit_done done, void *user) {
    assert(write && done);
    return add(c, (struct entry){write, weigh(write), done, user});
}

int tb_commit_barrier(tb_commit *c, tb_commit_done done, void *user) {
    assert(done);
    if (!c->in_flight && !c->waiting && c->state == TB_COMMIT_STATE_OPEN) {
        done(user, TB_STORE_OK);
        return TB_COMMIT_OK;
    }
    struct entry e = {NULL, 0, done, user};
    if (c->in_flight && !c->waiting && c->in_flight < c->options.queue) { /* answered with the batch under way */
        c->flight[c->in_flight++] = e;
        return TB_COMMIT_OK;
    }
    return add(c, e);
}

tb_commit_health tb_commit_health_now(const tb_commit *c) {
    return (tb_commit_health){.state = c->state, .queued = c->queued, .in_flight = c->in_flight ? c->flight_writes : 0,
                              .batches = c->batches, .writes = c->writes, .failed = c->failed, .reopens = c->reopens, .failing = c->failing,
                              .failing_ms = c->failing && c->io ? tb_io_now(c->io) - c->failing_since : 0,
                              .why = c->why};
}

const tb_measure *tb_commit_sizes(const tb_commit *c) { return &c->sizes; }
const tb_measure *tb_commit_seconds(const tb_commit *c) { return &c->seconds; }

tb_commit *tb_commit_new(tb_io *io, tb_store *store, const tb_commit_options *options) {
    tb_commit *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    if (options) c->options = *options;
    if (!c->options.batch) c->options.batch = TB_COMMIT_BATCH;
    if (!c->options.queue) c->options.queue = TB_COMMIT_QUEUE;
    c->io = io;
    c->store = store;
    c->pause = TB_COMMIT_REOPEN_MS;
    c->ring = calloc(c->options.queue, sizeof *c->ring);
    c->flight = calloc(c->options.queue, sizeof *c->flight);
    c->answering = calloc(c->options.queue, sizeof *c->answering);
    c->batch = calloc(c->options.batch, sizeof *c->batch);
    c->timer = io ? tb_io_timer_new(io, try_reopen, c) : NULL;
    c->probe_timer = io ? tb_io_timer_new(io, probe, c) : NULL;
    c->probe_row = (tb_meta_row){TB_STR("probed"), TB_STR("1")};
    c->probe.meta.items = &c->probe_row;
    c->probe.meta.count = c->probe.meta.room = 1;
    c->sizes = tb_measure_numbers();
    c->seconds = tb_measure_seconds();
    if (c->ring && c->flight && c->answering && c->batch && ((c->timer && c->probe_timer) || !io)) return c;
    tb_commit_free(c);
    return NULL;
}

void tb_commit_free(tb_commit *c) {
    if (!c) return;
    tb_io_timer_free(c->timer);
    tb_io_timer_free(c->probe_timer);
    free(c->ring);
    free(c->flight);
    free(c->answering);
    free(c->batch);
    free(c);
}
