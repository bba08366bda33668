/* The durable half of the server: what it keeps, how it is written, how it is read back.
 *
 * The shape of the contract, and why:
 *
 * - Whole batches in, one result out. Nothing above this header speaks SQL or decides conflicts with it: what may
 *   happen is decided in memory by the loop thread (versions, duplicates, guards); the store only makes it last. A
 *   batch is on disk completely or not at all.
 * - The event log is the truth: `event` is append-only in leaf order, leaf = last + 1, checked here. `cases` and `task`
 *   are projections that a replay can rebuild. Sources and loads lie inside, so that one file replays alone.
 * - No second copy of an order: the history of a case is the chain of `prev` from the case's last leaf; its idempotency
 *   keys and its next timer lie in its own row. Tables and indexes with random keys cost half the throughput.
 * - Every event is a leaf of the ledger (leaf.h, LEDGER.md), appended in the batch that writes it, on the writer's thread.
 * - One writer thread, readers beside it. A reader (tb_reader) belongs to one thread at a time and sees every batch
 *   whose result was delivered before the read began.
 * - Two stores keep this contract: SQLite (a server) and memory (tests, simulation). They run one test suite.
 *
 * Threads: functions that take a tb_store are called on the loop thread; `done` callbacks run there, never before the
 * call returned, unless the store was opened without an io (commands, tests): then the work runs in the caller and
 * `done` runs before the call returns. Asynchronous calls answer TB_OK when `done` will be called, TB_NOMEM (or
 * TB_FAILED while closing) when it will not: nothing was begun. Functions that take a tb_reader block, on whatever
 * thread owns that reader.
 *
 * Rows point at memory of others: in a write they belong to the caller and must stay as they are until `done`; rows
 * handed to a callback live until it returns; rows put in an arena live as long as the arena. */
#ifndef TB_STORE_H
#define TB_STORE_H
#include "arena.h"

typedef struct tb_io tb_io;
typedef struct tb_store tb_store;
typedef struct tb_reader tb_reader;

/* What became of a batch, or of a read. */
enum tb_store_result {
    TB_STORE_OK = 0,
    TB_STORE_RETRY,   /* surely not written (disk full, busy, no memory): drop the states stepped on it, try again */
    TB_STORE_UNKNOWN, /* an I/O error: it may or may not be there; nothing is written until tb_store_reopen succeeds */
    TB_STORE_CORRUPT, /* the file, or what it shall hold, contradicts itself: nothing written, a person must look */
    TB_STORE_NONE     /* reads only: there is no such row */
};
const char *tb_store_result_name(int result); /* "ok", "retry", … for logs and health; static */

/* Why a store did not open: the code scripts see, the message for Chinese and English readers (what happened, what to
 * do). The messages receive the path as %s. */
#define TB_STORE_ERRORS(X) \
    X(NOMEM, "store_no_memory", "打开数据库“%s”时内存不足。请关闭其他程序后重试。", \
      "out of memory while opening the database %s; free some and try again") \
    X(NO_FILE, "store_no_file", "没有数据库文件“%s”。请检查路径；新库由 tongban serve 建立。", \
      "there is no database %s; check the path (tongban serve creates new ones)") \
    X(NO_DIRECTORY, "store_no_directory", "数据库“%s”所在的目录不存在。请先建立该目录，或改用 --db 指定别处。", \
      "the directory of %s does not exist; create it, or name another place with --db") \
    X(NOT_WRITABLE, "store_not_writable", \
      "数据库“%s”或其目录不可写。请检查权限和磁盘是否以只读方式挂载，或改用 --db 指定别处。", \
      "%s or its directory cannot be written; check permissions and read-only mounts, or use another --db") \
    X(NOT_SQLITE, "store_not_sqlite", "“%s”不是 SQLite 数据库文件，没有改动它。请检查 --db 的路径是否写错。", \
      "%s is not an SQLite database and was left alone; check the path given to --db") \
    X(NOT_OURS, "store_not_ours", "“%s”是别的程序的数据库，没有改动它。请检查 --db 的路径是否写错。", \
      "%s is another program's database and was left alone; check the path given to --db") \
    X(NEWER, "store_newer", "数据库“%s”由更新版本的通办写成，本版本读不懂，没有改动它。请用新版本打开。", \
      "%s was written by a newer tongban and was left alone; use that version") \
    X(OLDER, "store_older", "数据库“%s”由较早版本的通办写成，还没有账本。请先用本版本的 tongban serve 打开一次，它会补建账本。", \
      "%s was written by an older tongban and has no ledger yet; open it once with this version's tongban serve") \
    X(LOCKED, "store_locked", "数据库“%s”正被另一个通办进程使用。请先停掉那个进程，或用另一个 --db。", \
      "%s is in use by another tongban process; stop that one first, or use another --db") \
    X(BUSY, "store_busy", "数据库“%s”被别的程序（例如 sqlite3 命令行）锁住。请结束那里的事务后重试。", \
      "%s is locked by another program (an sqlite3 shell?); end its transaction and try again") \
    X(FULL, "store_full", "磁盘已满，无法打开数据库“%s”。请腾出空间后重试。", \
      "the disk is full, %s cannot be opened; make room and try again") \
    X(IO, "store_io", "读写数据库“%s”时发生输入输出错误。请检查磁盘（dmesg），不要删除该文件及其 -wal 文件。", \
      "I/O error on %s; check the disk (dmesg), and do not delete the file or its -wal file") \
    X(CORRUPT, "store_corrupt", "数据库“%s”已损坏，没有改动它。请从备份恢复，并保留原文件以供查证。", \
      "%s is damaged and was left alone; restore from a backup, and keep this file as evidence")
enum tb_store_error_code {
    TB_STORE_ERROR_NONE = 0,
#define X(code, name, zh, en) TB_STORE_ERROR_##code,
    TB_STORE_ERRORS(X)
#undef X
};
typedef struct tb_store_error {
    int code;         /* enum tb_store_error_code */
    const char *name; /* "store_locked"; static */
    char text[1024];  /* the message, with what the system said in brackets at its end */
} tb_store_error;

/* ---- rows ---- */
#define TB_NEVER INT64_MAX /* `due` when nothing is due (NULL in the database) */
#define TB_DIGEST 32       /* bytes of an SM3 digest */

/* One event. case_id 0: an event of the partition (loads). Absent `request`: p == NULL. */
typedef struct tb_event_row {
    int64_t leaf;      /* its place in the partition's log, from 1, without gaps */
    int64_t case_id;
    int64_t seq;       /* its place in the case, from 1 */
    int64_t prev;      /* leaf of the case's event before it, 0 for the first */
    int64_t at;        /* legal time, ms since 1970 */
    int64_t wall;      /* when it was recorded, ms since 1970 */
    int64_t program;   /* leaf of the load that brought the program; 0 none */
    int64_t world;     /* leaf of the last load of a calendar or directory in force; 0 none (M4) */
    int32_t semantics; /* M5 */
    tb_str kind;
    tb_str request;    /* idempotency key as sent */
    tb_str body;       /* canonical JSON of the input (M6) */
    uint8_t outcome[TB_DIGEST];
    tb_str salts, tree; /* of the ledger (leaf.h): given by the store when it writes; read only by tb_read_leaf and tb_scan_leaves */
    tb_str sealed;     /* written only: when given, `outcome` becomes the SM3 of these bytes: on the writer's thread, or by
                        * tb_store_prepare. They stay unchanged until the batch is answered */
} tb_event_row;

typedef struct tb_case_row {
    int64_t id;        /* > 0. Best the leaf of its first event: cases of one time share pages (see store_sqlite.c) */
    int64_t origin;    /* hash of (caller, key) of the request that began it, to find it again when that is repeated;
                        * 0: none. Written with seq 1, never changed; two cases of one origin are CORRUPT */
    int64_t program;   /* leaf of its program's load */
    int64_t seq, last; /* its newest event: number in the case, leaf in the log */
    int64_t due;       /* its next timer, or TB_NEVER */
    bool moved;        /* written only: `due` is another than in the row before; saves asking. Never read back */
    tb_str name, matter;
    tb_str state;      /* canonical JSON */
    tb_str keys;       /* 8 bytes for each event in order: hash of its idempotency key */
    tb_str applicant;  /* written only, with seq 1, never changed: his cases are found by it (tb_read_cases_by) */
} tb_case_row;
typedef TB_LIST(tb_case_row) tb_case_list;

/* An open task as one post sees it. Key: (place, post, case_id, step), text in byte order. */
typedef struct tb_task_row {
    tb_str place, post;
    int64_t case_id;
    tb_str step, matter;
    int64_t entered, due; /* ms; due may be TB_NEVER */
    bool overdue;
    tb_str holder; /* the person who has claimed it; empty: nobody */
    tb_str alert;  /* 提醒, 黄牌 or 红牌 told to this post or place of a limit that still runs; empty: none */
} tb_task_row;

/* What a case asked of others, from the event that asked it until it is settled (outbox.h). Key: (leaf, n). */
enum tb_outbox_state {
    TB_OUTBOX_PENDING = 0, /* to be carried when due */
    TB_OUTBOX_WAITING,     /* taken by the other side, which answers later */
    TB_OUTBOX_DONE,
    TB_OUTBOX_DEAD,        /* gave up by itself: an operator decides */
    TB_OUTBOX_GIVEN_UP     /* by an operator */
};
typedef struct tb_outbox_row {
    int64_t leaf, case_id; /* the event's, its case's */
    int32_t n;             /* from 1, within the event */
    int32_t kind;          /* enum tb_sent_kind (step.h) */
    tb_str target, step, key, body;
    int64_t at;            /* wall clock, when it was asked */
    int64_t due;           /* wall clock, next attempt; TB_NEVER when there is none */
    int32_t retries, attempts, state;
    tb_str problem;        /* of the last attempt; empty: none */
} tb_outbox_row;

typedef struct tb_load_row {
    int64_t leaf, at;
    tb_str kind, name, version, by;
    tb_str manifest; /* JSON: path → source digest */
    uint8_t digest[TB_DIGEST];
} tb_load_row;

/* Content named by its digest: the sources of rules, the attachments of cases. Writing it twice is harmless. */
typedef struct tb_blob_row {
    uint8_t digest[TB_DIGEST];
    tb_str bytes;
} tb_blob_row;

typedef struct tb_meta_row {
    tb_str key, value;
} tb_meta_row;

/* Who may come in (accounts.h). Not derived from the log, which holds the changes but never a secret. */
typedef struct tb_account_row {
    tb_str name;          /* key */
    tb_str person, place; /* as in 组织; empty place: wherever that person is listed */
    tb_str organ;         /* of a department: whose matters it loads; may be empty */
    int32_t roles;        /* set of enum tb_role */
    tb_str password;      /* "scrypt$…" (accounts.h); empty: none */
    int64_t made;
    bool closed;
} tb_account_row;

typedef struct tb_credential_row {
    uint8_t digest[TB_DIGEST]; /* key; of the token, which is nowhere */
    tb_str account, label;
    bool session;         /* began with a password; else a token that was made for somebody */
    int64_t made, expires; /* expires: TB_NEVER when it does not */
} tb_credential_row;

/* One reading of personal data in the clear (auth.h). */
typedef struct tb_access_row {
    int64_t n; /* key, counting up; given by the store when it is written */
    int64_t at, case_id;
    tb_str who, role; /* account; applicant, handler or auditor: by what right */
    tb_str what;      /* case, history, document/NUMBER, attachment/NAME */
    tb_str fields;    /* "、" between */
    tb_str why;       /* the reason given; may be empty */
} tb_access_row;

/* A due date that a new calendar moved (a new world, registry.h): one line of what GET /v1/loads/N/changes lists. Key: (world, case_id, n). It
 * follows from the log, and is kept so that an auditor does not have to step a million cases to see it. */
typedef struct tb_change_row {
    int64_t world;           /* leaf of the load */
    int64_t case_id;
    int32_t n;               /* which of the case's clocks, in its state before the load */
    int32_t was_kind, kind;  /* enum tb_due_kind: a date, or a bound of it (M11) */
    int64_t was, due;        /* ms; before and after */
    tb_str clock;            /* 法定期限, “审查”的期限 */
} tb_change_row;

/* ---- opening ---- */
#define TB_STORE_WAL_BOUND ((uint64_t)16 << 20)  /* above it the writer finishes the checkpoint between two batches */
#define TB_STORE_WAL_PASSIVE ((uint64_t)4 << 20) /* each time it grew by this, a checkpoint runs in the background */
#define TB_STORE_BUSY_MS 1000                    /* how long a write waits for a foreign writer before RETRY */

/* Points at which the `fault` option is asked; a non-zero answer (a tb_store_result) is what then "happens". */
#define TB_FAULT_BEGIN "begin"   /* before anything is written: the batch gets that result and is not written */
#define TB_FAULT_COMMIT "commit" /* after the batch was committed: it is there, and the answer is that result */
#define TB_FAULT_READ "read"     /* at the start of each read */
#define TB_FAULT_REOPEN "reopen" /* when reopening: it fails so */

typedef struct tb_store_options {
    tb_io *io;          /* NULL: blocking use, see above */
    bool read_only;     /* no lock, no writes: may be opened beside a running server (replay, audit) */
    bool ledger;        /* with read_only: a file from before the ledger is refused (OLDER) */
    bool english;       /* language of messages */
    uint64_t wal_bound; /* 0: TB_STORE_WAL_BOUND */
    int (*fault)(void *user, const char *point); /* tests only; on the thread that does the work. NULL: none */
    void *fault_user;
} tb_store_options;

/* Opens `path`, creating it when it is absent or empty (not when read_only). A lock on `path.lock` keeps a second
 * tongban out as long as the store is open. TB_OK, or TB_FAILED with *error filled in. `options` may be NULL. */
int tb_store_open_sqlite(const char *path, const tb_store_options *options, tb_store **out, tb_store_error *error);

/* The same contract without a disk. `disk` holds the rows and survives tb_store_close, as a disk survives a crash;
 * NULL: the store brings its own. */
typedef struct tb_memory_disk tb_memory_disk;
tb_memory_disk *tb_memory_disk_new(void);      /* NULL when no memory */
void tb_memory_disk_free(tb_memory_disk *disk);
int tb_store_open_memory(tb_memory_disk *disk, const tb_store_options *options, tb_store **out, tb_store_error *error);

/* Finishes the work already submitted, with its `done` callbacks (which may submit nothing any more), and closes.
 * Close own readers before. NULL is allowed. */
void tb_store_close(tb_store *s);

/* The end of the log, as of the last delivered result. leaf is 0 when there is no event yet. */
typedef struct tb_store_tail {
    int64_t leaf, at, wall;
} tb_store_tail;
tb_store_tail tb_store_last(const tb_store *s);

/* ---- writing ---- */

/* What one act changes; all lists may be empty. Rows are applied in this order: sources, attachments, loads, events,
 * cases, cases gone, tasks gone (only the key is read; an absent one is no error), tasks come (replaces), outbox (a new row, or a new due,
 * attempts, state and problem of the one with that key), outbox gone, meta, accounts, credentials gone, credentials, accesses, changes; then accesses
 * before `accesses_until` go, at most TB_ACCESS_SWEEP of them. */
typedef struct tb_write {
    TB_LIST(tb_blob_row) sources;
    TB_LIST(tb_blob_row) attachments;
    TB_LIST(tb_load_row) loads;
    TB_LIST(tb_event_row) events;
    tb_case_list cases; /* inserted, or replaced as a whole */
    tb_case_list cases_gone; /* only the id is read; for repairs: a case once begun never goes */
    TB_LIST(tb_task_row) tasks_gone;
    TB_LIST(tb_task_row) tasks_come;
    TB_LIST(tb_outbox_row) outbox;
    TB_LIST(tb_outbox_row) outbox_gone; /* only the key is read; for repairs */
    TB_LIST(tb_meta_row) meta;
    TB_LIST(tb_account_row) accounts; /* inserted, or replaced as a whole */
    TB_LIST(tb_credential_row) credentials_gone; /* only the digest is read */
    TB_LIST(tb_credential_row) credentials;
    TB_LIST(tb_access_row) accesses;
    TB_LIST(tb_change_row) changes; /* one that is there stays */
    int64_t accesses_until; /* ms; 0: none goes */
} tb_write;
#define TB_ACCESS_SWEEP 16 /* a batch that adds accesses rids itself of more than it adds, and stays short */

/* `why` says what the system said when the result is not OK ("" otherwise); it lives until the callback returns. */
typedef void (*tb_store_done)(void *user, int result, const char *why);

/* Opened read-only, and written by an older version: what later versions added is not there. */
bool tb_store_lags(const tb_store *s);

/* Writes `count` writes in order as one transaction; the next batch only after its `done` (commit.h sees to that).
 * Events must continue the log without a gap, else CORRUPT. The array of pointers, too, must live until done. */
int tb_store_submit(tb_store *s, tb_write *const *writes, uint32_t count, tb_store_done done, void *user);

/* Digests what of a write can be digested before it is the writer's turn. On the loop thread, for a write that waits in any
 * case: so the two threads share the work. */
void tb_store_prepare(tb_write *w);

/* After UNKNOWN: opens the writing connection anew, re-reads the tail and commits a mark, which settles on disk
 * whether the lost batch is there. OK: tb_store_last() is right again. Otherwise still closed; try again later. */
int tb_store_reopen(tb_store *s, tb_store_done done, void *user);

/* Copies the whole store, as of now, to a new file while it goes on being written. Fails (RETRY, why) when `path`
 * exists, and on a store in memory. */
int tb_store_backup(tb_store *s, const char *path, tb_store_done done, void *user);

/* Empties the write-ahead log into the database and truncates it (before measuring, at a quiet end). */
int tb_store_checkpoint(tb_store *s, tb_store_done done, void *user);

typedef struct tb_store_stats {
    uint64_t batches, writes;     /* committed */
    uint64_t wal_bytes;           /* of the write-ahead log now in use */
    uint64_t checkpoints_passive; /* finished in the background */
    uint64_t checkpoints_forced;  /* finished by the writer between batches */
} tb_store_stats;
tb_store_stats tb_store_stats_now(const tb_store *s); /* any thread */

/* ---- reading ---- */

/* Runs work(reader, arg) on the store's reading thread, then done(arg, its answer) on the loop thread. Any tb_read_…
 * may be used inside; all see one state of the store. Keep it short (one page, one case), since reads queue behind
 * it. */
typedef int (*tb_store_work)(tb_reader *r, void *arg);
int tb_store_read(tb_store *s, tb_store_work work, void (*done)(void *arg, int result), void *arg);

/* A reader of one's own, for a thread of one's own (start, replay, export). NULL when it cannot be opened. */
tb_reader *tb_reader_open(tb_store *s);
void tb_reader_close(tb_reader *r); /* NULL is allowed */
const char *tb_reader_why(const tb_reader *r); /* what the system said of the last failure; lives until the next read */

/* Between begin and end all reads see one state of the store. Without them each read sees the newest. */
int tb_reader_begin(tb_reader *r);
void tb_reader_end(tb_reader *r);

/* Is the file sound in itself: every page, every index, every column's type? Reads all of it. CORRUPT: no, and
 * tb_reader_why() says what is wrong first. What the rows mean is not looked at. */
int tb_reader_check(tb_reader *r);

/* All answer a tb_store_result. Rows are copied into the arena (RETRY when it has no room). May be called inside
 * tb_try(). */
int tb_read_case(tb_reader *r, int64_t id, tb_arena *a, tb_case_row *row); /* NONE: no such case */
int tb_read_case_of(tb_reader *r, int64_t origin, tb_arena *a, tb_case_row *row); /* NONE: no case began so */
/* An applicant's cases with numbers below `before`, the newest first, at most `limit`. */
int tb_read_cases_by(tb_reader *r, tb_str applicant, int64_t before, uint32_t limit, tb_arena *a, tb_case_list *rows);
int tb_read_event(tb_reader *r, int64_t leaf, tb_arena *a, tb_event_row *row);
int tb_read_leaf(tb_reader *r, int64_t leaf, tb_arena *a, tb_event_row *row); /* with salts and tree */
int tb_read_source(tb_reader *r, const uint8_t digest[TB_DIGEST], tb_arena *a, tb_str *bytes);
int tb_read_attachment(tb_reader *r, const uint8_t digest[TB_DIGEST], tb_arena *a, tb_str *bytes);
int tb_read_meta(tb_reader *r, tb_str key, tb_arena *a, tb_str *value);
int tb_read_tail(tb_reader *r, tb_store_tail *tail);
/* The tree of the first `size` events from what was written with them, in O(log size) reads; CORRUPT: one is not there, or
 * bears no such node. Only for ends that are on disk: between tb_reader_begin and tb_reader_end, or sizes of the past. */
struct tb_merkle;
int tb_read_ledger(tb_reader *r, int64_t size, struct tb_merkle *tree);

/* The history of a case, newest first: follows `prev` from `leaf` for at most `limit` events. To go on, begin at the
 * `prev` of the last one; 0 ends. A broken chain (a leaf of another case, a missing one) is CORRUPT. */
typedef TB_LIST(tb_event_row) tb_event_list;
int tb_read_history(tb_reader *r, int64_t leaf, uint32_t limit, tb_arena *a, tb_event_list *rows);
/* Only the leaves of the chain, newest first: eight bytes an event. Whoever wants a long history from its beginning reads these, and
 * then the events themselves a page at a time. */
typedef TB_LIST(int64_t) tb_leaf_list;
int tb_read_chain(tb_reader *r, int64_t leaf, tb_arena *a, tb_leaf_list *leaves);

/* Scans call `each` for row after row; rows live until it returns; a non-zero answer ends the scan early (still OK).
 * `each` may use the reader for anything but the same kind of scan, must not write, and must not jump out by
 * tb_try(). Long scans hold back checkpoints: on a running server read in pages (`limit`; 0 is all). */
int tb_scan_events(tb_reader *r, int64_t from_leaf, uint32_t limit,
                   int (*each)(void *user, const tb_event_row *row), void *user);
int tb_scan_leaves(tb_reader *r, int64_t from_leaf, uint32_t limit, /* likewise, with salts and tree */
                   int (*each)(void *user, const tb_event_row *row), void *user);
int tb_scan_cases(tb_reader *r, int64_t after_id, uint32_t limit, /* ascending id */
                  int (*each)(void *user, const tb_case_row *row), void *user);
int tb_scan_loads(tb_reader *r, int64_t after_leaf, uint32_t limit,
                  int (*each)(void *user, const tb_load_row *row), void *user);

/* Timers: cases with due ≤ t, ascending (due, id), beginning after (after_due, after_id); start with INT64_MIN, 0. */
typedef struct tb_due_row {
    int64_t due, case_id;
} tb_due_row;
typedef TB_LIST(tb_due_row) tb_due_list;
int tb_read_due(tb_reader *r, int64_t t, tb_due_row after, uint32_t limit, tb_arena *a, tb_due_list *rows);
int tb_read_next_due(tb_reader *r, int64_t *due); /* TB_NEVER when no timer runs */

/* The outbox in order of (leaf, n), after that key; `state` < 0: all. */
typedef TB_LIST(tb_outbox_row) tb_outbox_list;
int tb_read_outbox(tb_reader *r, int state, int64_t after_leaf, int32_t after_n, uint32_t limit, tb_arena *a,
                   tb_outbox_list *rows);
int tb_read_outbox_row(tb_reader *r, int64_t leaf, int32_t n, tb_arena *a, tb_outbox_row *row); /* NONE: no such row */
/* Those to be carried at or before t, the longest due first; and when the next one is due (TB_NEVER: none). */
int tb_read_outbox_due(tb_reader *r, int64_t t, uint32_t limit, tb_arena *a, tb_outbox_list *rows);
int tb_read_outbox_next(tb_reader *r, int64_t *due);

/* All accounts, by name; all credentials, in no order that means anything. */
int tb_scan_accounts(tb_reader *r, int (*each)(void *user, const tb_account_row *row), void *user);
int tb_scan_credentials(tb_reader *r, int (*each)(void *user, const tb_credential_row *row), void *user);
/* Readings of personal data after number `after`, oldest first; of one case unless case_id is 0; by one account unless `who` has p == NULL. */
typedef TB_LIST(tb_access_row) tb_access_list;
int tb_read_accesses(tb_reader *r, int64_t after, int64_t case_id, tb_str who, uint32_t limit, tb_arena *a, tb_access_list *rows);

/* The due dates that the load of leaf `world` moved, after the key (after_case, after_n). */
typedef TB_LIST(tb_change_row) tb_change_list;
int tb_read_changes(tb_reader *r, int64_t world, int64_t after_case, int32_t after_n, uint32_t limit, tb_arena *a, tb_change_list *rows);

/* Tasks in key order. A filter with p == NULL is not asked; overdue_only asks for the overdue, alert_only for those with an alert. `after`: the last row
 * of the page before (its key is read), or NULL. */
typedef struct tb_task_query {
    tb_str place, post, step, matter, holder; /* holder "": those that nobody has claimed */
    bool overdue_only, alert_only;
    const tb_task_row *after;
    uint32_t limit; /* 0: TB_TASK_PAGE */
} tb_task_query;
#define TB_TASK_PAGE 100
typedef TB_LIST(tb_task_row) tb_task_list;
int tb_read_tasks(tb_reader *r, const tb_task_query *q, tb_arena *a, tb_task_list *rows);
#endif
