/* Between store.c (threads, faults, copying of rows: the same for all stores) and the stores themselves. Only
 * runtime/store*.c include this.
 *
 * A store is five blocking operations on the writer's side and one on the reader's: `scan`, which hands the rows that
 * a query asks for to a callback. Every read of store.h is one such query, so a new store implements reading once. */
#ifndef TB_STORE_BACKEND_H
#define TB_STORE_BACKEND_H
#include <stdatomic.h>
#include "io.h"
#include "merkle.h"
#include "store.h"

enum { TB__WHY = 256 };

typedef enum tb__kind {
    TB__EVENTS,     /* tb_event_row, leaf >= from */
    TB__LEAVES,     /* tb_event_row with salts and tree, likewise */
    TB__LAST_EVENT, /* tb_event_row, the newest */
    TB__CASES,      /* tb_case_row, id >= from */
    TB__ORIGIN,     /* tb_case_row, origin == from */
    TB__APPLICANT,  /* tb_case_row, applicant == key, id < until, the newest first */
    TB__LOADS,      /* tb_load_row, leaf >= from */
    TB__DUE,        /* tb_due_row, due <= until, (due, id) > after */
    TB__TASKS,      /* tb_task_row */
    TB__OUTBOX,     /* tb_outbox_row, (leaf, n) > (from, until), of `state` unless it is < 0 */
    TB__OUTBOX_DUE, /* tb_outbox_row, due <= until, by (due, leaf, n) */
    TB__ACCOUNTS,   /* tb_account_row, all */
    TB__CREDENTIALS,/* tb_credential_row, all */
    TB__ACCESSES,   /* tb_access_row, n > from; of case `until` unless 0; by `key` unless its p is NULL */
    TB__CHANGES,    /* tb_change_row of world `until`, (case_id, n) > (from, state) */
    TB__SOURCE,     /* tb_str, of digest `key`; likewise the next two */
    TB__ATTACHMENT,
    TB__META,
    TB__KINDS
} tb__kind;

typedef struct tb__query {
    tb__kind kind;
    int64_t from, until;
    tb_due_row after;
    tb_str key;
    const tb_task_query *tasks;
    int state;
    uint32_t limit; /* 0: all */
} tb__query;

typedef int tb__row_fn(void *user, const void *row); /* non-zero ends the scan */

typedef struct tb__backend {
    /* The writer's thread. `why` has room for TB__WHY bytes and is "" before. */
    int (*write)(tb_store *s, tb_write *const *writes, uint32_t count, char *why);
    int (*reopen)(tb_store *s, tb_store_tail *tail, char *why);
    /* Above the bound (wait: at any price) the writer finishes the log. RETRY: somebody still reads or checkpoints
     * it. */
    int (*checkpoint)(tb_store *s, bool wait, char *why);
    /* The background thread, while the writer writes. */
    int (*passive)(tb_store *s, char *why);
    int (*backup)(tb_store *s, const char *path, char *why);
    /* Any thread; each reader belongs to one. */
    tb_reader *(*reader_open)(tb_store *s);
    void (*reader_close)(tb_reader *r);
    int (*begin)(tb_reader *r);
    void (*end)(tb_reader *r);
    int (*scan)(tb_reader *r, const tb__query *q, tb__row_fn *each, void *user);
    int (*check)(tb_reader *r); /* is the file sound in itself? CORRUPT: no, and r->why says what */
    /* The loop thread, nothing else running. Frees *s itself. */
    void (*close)(tb_store *s);
} tb__backend;

struct tb_store { /* first member of every store */
    const tb__backend *ops;
    tb_store_options options;
    tb_io_worker *writer, *background, *reading;
    tb_reader *reader;       /* the reading thread's */
    tb_store_tail written;   /* the writer's thread: the end of the log on disk */
    tb_merkle ledger;        /* the writer's thread: the tree over `written` */
    tb_arena *leaves;        /* the writer's thread: what a batch's leaves are made in */
    bool lost;               /* the writer's thread: an answer was UNKNOWN; nothing is written until reopened */
    tb_store_tail tail;      /* the loop's copy of `written` */
    bool checkpointing, closing;
    bool lags;               /* see tb_store_lags */
    uint64_t wal_seen, passive_at, forced_at; /* bytes of log: at the last look; at which to act */
    _Atomic uint64_t batches, writes, wal_bytes, passive, forced;
};

struct tb_reader { /* first member of every reader */
    tb_store *store;
    char why[TB__WHY];
};

/* Starts the threads (if options.io) and the first reader of a store whose `written` is right, and opens its ledger.
 * `path` is for messages. */
int tb__store_start(tb_store *s, const tb__backend *ops, const tb_store_options *options, const char *path,
                    tb_store_error *error);
/* Fills *error in: the message of `code` about `path`, and `detail` in brackets ("" or NULL: none). Answers
 * TB_FAILED. */
int tb__store_refuse(tb_store_error *error, int code, bool english, const char *path, const char *detail);
#endif
