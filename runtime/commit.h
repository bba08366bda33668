/* Group commit: what was stepped in memory becomes durable, in order, many acts to one fsync.
 *
 * While a batch is being written, new writes collect; when its result arrives they form the next batch. One batch is
 * with the store at a time, so "everything before it" is always on disk when it begins. (Tried: a second batch that grows with
 * the store until the writer is free. The writer then waits for nobody, but batches are smaller and more of them are
 * synced: a twentieth more acts on a fast disk, a third fewer on a slow one.)
 *
 *            add ──▶ queue ──▶ batch in flight ──▶ OK ──▶ done(OK) of each, in order
 *                      │              │
 *                      └── all fail ◀─┴─ RETRY, UNKNOWN, CORRUPT: first `dropped`, then done(result) of each, in order
 *
 * Why all fail: a queued act was stepped on states that the failed batch would have made. Which ones depend on it is
 * not worth knowing; the owner drops every cached state and reads from the store again.
 *
 *   state        when                                     add answers            ends
 *   OPEN         normal; also after RETRY                 OK, or FULL
 *                (then `failing`: once a second a mark is written to see whether the cause has gone, for who is told to
 *                 stay away while we are not well would otherwise never let us find out)
 *   REOPENING    after UNKNOWN: is the batch there?       REOPENING              when tb_store_reopen succeeded (tried
 *                                                                                again with growing pauses)
 *   BROKEN       after CORRUPT                            BROKEN                 never: a person must look
 *
 * All functions are called on the loop thread. Callbacks may call tb_commit_add and tb_commit_barrier. With a store
 * that has an io, a write's `done` never runs before tb_commit_add returned; with one that has none, it does. */
#ifndef TB_COMMIT_H
#define TB_COMMIT_H
#include "measure.h"
#include "store.h"

typedef struct tb_commit tb_commit;

#define TB_COMMIT_BATCH 128                      /* acts in a batch, at most */
#define TB_COMMIT_BATCH_BYTES ((uint64_t)8 << 20) /* a batch ends with the write that passes this (attachments) */
#define TB_COMMIT_QUEUE 4096                     /* writes and barriers waiting, at most */
#define TB_COMMIT_QUEUE_BYTES ((uint64_t)256 << 20)
#define TB_COMMIT_REOPEN_MS 100                  /* pause before the second attempt to reopen; doubles up to… */
#define TB_COMMIT_REOPEN_MAX_MS 5000
#define TB_COMMIT_PROBE_MS 1000                  /* between two marks while batches fail */

enum tb_commit_answer {
    TB_COMMIT_OK = 0,
    TB_COMMIT_FULL,      /* overloaded, out of memory, or the store is closing: 429, come back later */
    TB_COMMIT_REOPENING, /* 503: an answer of the disk is in doubt, retry with the same request */
    TB_COMMIT_BROKEN     /* 503: the store contradicts itself and takes no more writes */
};
enum tb_commit_state { TB_COMMIT_STATE_OPEN, TB_COMMIT_STATE_REOPENING, TB_COMMIT_STATE_BROKEN };

typedef struct tb_commit_options {
    uint32_t batch, queue; /* 0: the limits above */
    /* A batch failed: forget all cached states and take leaf numbers from tb_store_last() again. Before the `done`s
     * it fails. */
    void (*dropped)(void *user, int result, const char *why);
    /* The store was reopened and its tail re-read (tb_store_last()): what was lost may be there. Forget cached states
     * again. */
    void (*reopened)(void *user);
    /* A batch is on disk; after the `done`s of its writes. */
    void (*landed)(void *user);
    void *user; /* of these three */
} tb_commit_options;

/* NULL: no memory. `io` is that of the store and may be NULL with it. Both must outlive the commit's use; `options`
 * may be NULL. */
tb_commit *tb_commit_new(tb_io *io, tb_store *store, const tb_commit_options *options);

/* After tb_store_close(), which answers what is in flight and fails what is queued. NULL is allowed. */
void tb_commit_free(tb_commit *c);

/* Gets the result (enum tb_store_result) of the batch that held the write, or of what made it fail. */
typedef void (*tb_commit_done)(void *user, int result);

/* Queues a write (which stays the caller's and must stay as it is until done). An enum tb_commit_answer; if it is not
 * TB_COMMIT_OK, `done` is not called. */
int tb_commit_add(tb_commit *c, tb_write *write, tb_commit_done done, void *user);

/* done(OK) as soon as everything accepted so far is on disk, or done(result) when some of it failed. At once, before
 * this returns, when nothing is under way. A refusal that depends on states not yet committed waits behind one
 * (DESIGN §5). */
int tb_commit_barrier(tb_commit *c, tb_commit_done done, void *user);

typedef struct tb_commit_health {
    int state;                  /* enum tb_commit_state */
    uint32_t queued, in_flight; /* writes */
    uint64_t batches, writes;   /* on disk */
    uint64_t failed;            /* batches that were not OK */
    uint64_t reopens;           /* attempts, after UNKNOWN */
    uint64_t failing;           /* batches that failed since the last one that did not; 0: well */
    int64_t failing_ms;         /* for how long */
    const char *why;            /* of the last failure, "" if none; lives until the next call into this file */
} tb_commit_health;
tb_commit_health tb_commit_health_now(const tb_commit *c);
/* Acts in a batch; seconds from handing a batch to the store until its answer. Live as long as the commit. */
const tb_measure *tb_commit_sizes(const tb_commit *c);
const tb_measure *tb_commit_seconds(const tb_commit *c);
const char *tb_commit_state_name(int state); /* "open", "reopening", "broken" */
#endif
