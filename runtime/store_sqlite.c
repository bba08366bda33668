/* The store in one SQLite file.
 *
 * Tables (STRICT, readable in the sqlite3 shell; times are milliseconds since 1970, digests SM3):
 *
 *   event        the log, append-only in leaf order: a batch of 64 acts dirties a handful of pages at its end
 *   cases        one row a case: its state, its next timer, the hashes of its idempotency keys, its newest leaf
 *   task         one row for each post that may take an open task, in the order it is listed
 *   outbox       what cases asked of others, and what became of it
 *   load         which rules were loaded when, by whom; `source` holds their texts
 *   attachment   the files of cases, by digest
 *   meta         small facts, by name
 *   account      who may come in; `credential` the digests of the tokens that open the door
 *   access       who read whose personal data in the clear
 *   due_change   due dates that a new calendar moved
 *
 * What is not there matters as much. The history of a case is a chain (`prev`) and not an index on (case_id, seq);
 * idempotency keys and timers are columns of the case. Each table or index that an act touches at a random key costs
 * one more page (4 KiB) of log. Hence, too, a case's id is not a hash of its request but grows with time: measured
 * with 64 writers, five acts a case, hashes as ids wrote 9.0 KB an act, leaves as ids 3.4 KB, at nearly twice the
 * rate. The hash has an index (cases_origin) that is touched once in the life of a case; the other index, of timers,
 * holds only cases that wait for one.
 *
 * Durability: WAL and synchronous=FULL, so COMMIT returns after fsync of the log. What an error at COMMIT means:
 *   - SQLITE_FULL: the frame that would have committed was not written whole; nothing later can make it valid → RETRY.
 *   - an I/O error, or no memory, may come after that frame is in the file. The index shared between connections then
 *     does not show it, but recovery after a crash would find it → UNKNOWN. reopen() ends the doubt: its own commit
 *     overwrites the frame if it was not taken up, or follows it if it was; either way what is read next is what a
 *     crash will leave. */
#include "store_backend.h"
#include "digest.h"
#include "leaf.h"
#include "log_copy.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x54424E47, /* "TBNG" */
    SCHEMA = 7,                  /* user_version */
    LEDGER_SCHEMA = 3,           /* since then every event has its leaf */
    /* Not more: when a page is split, SQLite gives one for a moment the number of the lock page, far beyond the end of the
     * file, and then looks through its whole cache at the commit for pages beyond the end. With 64 MiB that was a fifth
     * of this thread's time, and what is not kept here the system's file cache has. */
    WRITER_CACHE_KIB = 8192,
    READER_CACHE_KIB = 8192,
    FRAME_BYTES = 4096 + 24,     /* of the write-ahead log: a page and its header */
    FINISH_MS = 10000,           /* how long an ordered checkpoint waits for readers */
    BACKUP_PAGES = 1024          /* a step of a backup: 4 MiB */
};

#define EVENT_COLUMNS "leaf, case_id, seq, prev, at, wall, kind, program, world, semantics, request, body, outcome"
#define LEAF_COLUMNS EVENT_COLUMNS ", salts, tree"
#define CASE_COLUMNS "id, name, matter, program, seq, last, due, state, keys, origin"
#define TASK_COLUMNS "place, post, case_id, step, matter, entered, due, overdue, holder, alert"
#define OUTBOX_COLUMNS "leaf, n, case_id, kind, target, step, key, body, at, due, retries, attempts, state, problem"
#define ACCOUNT_COLUMNS "name, person, place, organ, roles, password, made, closed"
#define CREDENTIAL_COLUMNS "digest, account, label, session, made, expires"
#define ACCESS_COLUMNS "n, at, case_id, who, role, what, fields, why"
#define CHANGE_COLUMNS "world, case_id, n, clock, was_kind, was, kind, due"
#define LOAD_COLUMNS "leaf, kind, name, version, digest, manifest, by, at"

static const char schema[] =
    "CREATE TABLE event("
    "  leaf INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, seq INTEGER NOT NULL, prev INTEGER NOT NULL,"
    "  at INTEGER NOT NULL, wall INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  program INTEGER NOT NULL, world INTEGER NOT NULL, semantics INTEGER NOT NULL,"
    "  request TEXT, body TEXT NOT NULL, outcome BLOB NOT NULL) STRICT;"
    "CREATE TABLE cases("
    "  id INTEGER PRIMARY KEY, name TEXT NOT NULL, matter TEXT NOT NULL, program INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, last INTEGER NOT NULL, due INTEGER, state TEXT NOT NULL,"
    "  keys BLOB NOT NULL, origin INTEGER) STRICT;"
    "CREATE INDEX cases_due ON cases(due) WHERE due IS NOT NULL;"
    "CREATE UNIQUE INDEX cases_origin ON cases(origin) WHERE origin IS NOT NULL;"
    "CREATE TABLE task("
    "  place TEXT NOT NULL, post TEXT NOT NULL, case_id INTEGER NOT NULL, step TEXT NOT NULL, matter TEXT NOT NULL,"
    "  entered INTEGER NOT NULL, due INTEGER, overdue INTEGER NOT NULL,"
    "  PRIMARY KEY(place, post, case_id, step)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE load("
    "  leaf INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, digest BLOB NOT NULL,"
    "  manifest TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE source(digest BLOB PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE attachment(digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/* What each version added to the one before: [v] leads from v to v + 1. A file of an older version is brought forward when it is opened for
 * writing, in one transaction; one of a newer version is refused. */
static const char *const migrations[SCHEMA] = {
    [1] = "CREATE TABLE outbox("
          "  leaf INTEGER NOT NULL, n INTEGER NOT NULL, case_id INTEGER NOT NULL, kind INTEGER NOT NULL,"
          "  target TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,"
          "  at INTEGER NOT NULL, due INTEGER, retries INTEGER NOT NULL, attempts INTEGER NOT NULL,"
          "  state INTEGER NOT NULL, problem TEXT NOT NULL, PRIMARY KEY(leaf, n)) STRICT, WITHOUT ROWID;"
          "CREATE INDEX outbox_due ON outbox(due) WHERE due IS NOT NULL;"
          "CREATE INDEX outbox_dead ON outbox(leaf, n) WHERE state = 3;",
    /* The ledger. The leaves of events that are there already follow: grow_ledger(). */
    [2] = "ALTER TABLE event ADD COLUMN salts BLOB NOT NULL DEFAULT x'';"
          "ALTER TABLE event ADD COLUMN tree BLOB NOT NULL DEFAULT x'';",
    [3] = "ALTER TABLE task ADD COLUMN holder TEXT NOT NULL DEFAULT '';"
          "ALTER TABLE task ADD COLUMN alert TEXT NOT NULL DEFAULT '';",
    [4] = "CREATE TABLE account("
          "  name TEXT PRIMARY KEY, person TEXT NOT NULL, place TEXT NOT NULL, organ TEXT NOT NULL, roles INTEGER NOT NULL,"
          "  password TEXT NOT NULL, made INTEGER NOT NULL, closed INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
          "CREATE TABLE credential("
          "  digest BLOB PRIMARY KEY, account TEXT NOT NULL, label TEXT NOT NULL, session INTEGER NOT NULL,"
          "  made INTEGER NOT NULL, expires INTEGER) STRICT, WITHOUT ROWID;"
          "CREATE TABLE access("
          "  n INTEGER PRIMARY KEY, at INTEGER NOT NULL, case_id INTEGER NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,"
          "  what TEXT NOT NULL, fields TEXT NOT NULL, why TEXT NOT NULL) STRICT;"
          "CREATE INDEX access_case ON access(case_id, n);",
    [5] = "CREATE TABLE due_change("
          "  world INTEGER NOT NULL, case_id INTEGER NOT NULL, n INTEGER NOT NULL, clock TEXT NOT NULL,"
          "  was_kind INTEGER NOT NULL, was INTEGER NOT NULL, kind INTEGER NOT NULL, due INTEGER NOT NULL,"
          "  PRIMARY KEY(world, case_id, n)) STRICT, WITHOUT ROWID;",
    [6] = "ALTER TABLE cases ADD COLUMN applicant TEXT NOT NULL DEFAULT '';"
          "UPDATE cases SET applicant = coalesce(json_extract(state, '$.applicant.person'), '');"
          "CREATE INDEX cases_applicant ON cases(applicant);",
};

#define UPDATE_CASE(due) \
    "name=?2, matter=?3, program=?4, seq=?5, last=?6, " due "state=?8, keys=?9"

enum statement {
    PUT_SOURCE, PUT_ATTACHMENT, PUT_LOAD, PUT_EVENT, KEEP_DUE, PUT_CASE, DROP_CASE, DROP_TASK, PUT_TASK, PUT_OUTBOX, DROP_OUTBOX,
    PUT_META, PUT_ACCOUNT, DROP_CREDENTIAL, PUT_CREDENTIAL, PUT_ACCESS, DROP_ACCESSES,
    PUT_CHANGE,
    BEGIN, COMMIT, ROLLBACK, STATEMENTS
};
static const char *const statement_text[STATEMENTS] = {
    [PUT_SOURCE] = "INSERT OR IGNORE INTO source(digest, text) VALUES(?1, ?2)",
    [PUT_ATTACHMENT] = "INSERT OR IGNORE INTO attachment(digest, bytes) VALUES(?1, ?2)",
    [PUT_LOAD] = "INSERT INTO load(" LOAD_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [PUT_EVENT] = "INSERT INTO event(" LEAF_COLUMNS ")"
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    /* A case whose timer stays: its entry in cases_due, on a page of its own, is not touched. */
    [KEEP_DUE] = "UPDATE cases SET " UPDATE_CASE("") " WHERE id=?1 AND due IS ?7",
    [PUT_CASE] = "INSERT INTO cases(" CASE_COLUMNS ", applicant) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                 " ON CONFLICT(id) DO UPDATE SET " UPDATE_CASE("due=?7, "),
    [DROP_CASE] = "DELETE FROM cases WHERE id=?1",
    [DROP_TASK] = "DELETE FROM task WHERE place=?1 AND post=?2 AND case_id=?3 AND step=?4",
    [PUT_TASK] = "INSERT OR REPLACE INTO task(" TASK_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [PUT_OUTBOX] = "INSERT INTO outbox(" OUTBOX_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
                   " ON CONFLICT(leaf, n) DO UPDATE SET due=?10, attempts=?12, state=?13, problem=?14",
    [DROP_OUTBOX] = "DELETE FROM outbox WHERE leaf=?1 AND n=?2",
    [PUT_META] = "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)",
    [PUT_ACCOUNT] = "INSERT OR REPLACE INTO account(" ACCOUNT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [DROP_CREDENTIAL] = "DELETE FROM credential WHERE digest=?1",
    [PUT_CREDENTIAL] = "INSERT OR REPLACE INTO credential(" CREDENTIAL_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PUT_ACCESS] = "INSERT INTO access(" ACCESS_COLUMNS ") VALUES(NULL, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    /* From the oldest on, and only while those are old: numbers are never used again because the newest never goes. */
    [DROP_ACCESSES] = "DELETE FROM access WHERE n IN (SELECT n FROM (SELECT n, at FROM access ORDER BY n LIMIT ?2) WHERE at < ?1)",
    [PUT_CHANGE] = "INSERT OR IGNORE INTO due_change(" CHANGE_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

static const char *const query_text[TB__KINDS] = {
    [TB__EVENTS] = "SELECT " EVENT_COLUMNS " FROM event WHERE leaf >= ?1 ORDER BY leaf LIMIT ?2",
    [TB__LEAVES] = "SELECT " LEAF_COLUMNS " FROM event WHERE leaf >= ?1 ORDER BY leaf LIMIT ?2",
    [TB__LAST_EVENT] = "SELECT " EVENT_COLUMNS " FROM event ORDER BY leaf DESC LIMIT 1",
    [TB__CASES] = "SELECT " CASE_COLUMNS " FROM cases WHERE id >= ?1 ORDER BY id LIMIT ?2",
    [TB__ORIGIN] = "SELECT " CASE_COLUMNS " FROM cases WHERE origin = ?1",
    [TB__APPLICANT] = "SELECT " CASE_COLUMNS " FROM cases WHERE applicant = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
    [TB__LOADS] = "SELECT " LOAD_COLUMNS " FROM load WHERE leaf >= ?1 ORDER BY leaf LIMIT ?2",
    [TB__DUE] = "SELECT due, id FROM cases WHERE due IS NOT NULL AND due <= ?1 AND (due, id) > (?3, ?4)"
                " ORDER BY due, id LIMIT ?2",
    [TB__OUTBOX] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE (leaf, n) > (?1, ?3) AND (?4 < 0 OR state = ?4)"
                   " ORDER BY leaf, n LIMIT ?2",
    [TB__OUTBOX_DUE] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, leaf, n LIMIT ?2",
    [TB__ACCOUNTS] = "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name LIMIT ?2",
    [TB__CREDENTIALS] = "SELECT " CREDENTIAL_COLUMNS " FROM credential ORDER BY digest LIMIT ?2",
    [TB__ACCESSES] = "SELECT " ACCESS_COLUMNS " FROM access WHERE n > ?1 AND (?3 = 0 OR case_id = ?3) AND (?4 IS NULL OR who = ?4)"
                     " ORDER BY n LIMIT ?2",
    [TB__CHANGES] = "SELECT " CHANGE_COLUMNS " FROM due_change WHERE world = ?3 AND (case_id, n) > (?1, ?4)"
                    " ORDER BY case_id, n LIMIT ?2",
    [TB__SOURCE] = "SELECT text FROM source WHERE digest = ?1",
    [TB__ATTACHMENT] = "SELECT bytes FROM attachment WHERE digest = ?1",
    [TB__META] = "SELECT value FROM meta WHERE key = ?1",
}; /* TB__TASKS is composed of its filters */

struct sqlite_store {
    tb_store base;
    char *path;          /* resolved, so that two names of one file share one lock */
    int lock;            /* descriptor of path.lock, locked; -1 none */
    bool lock_is_new;
    sqlite3 *db;         /* the writer's; NULL after a failed reopen */
    sqlite3_stmt *statement[STATEMENTS];
    sqlite3 *beside;     /* the background thread's, for passive checkpoints */
};

struct sqlite_reader {
    tb_reader base;
    sqlite3 *db;
    sqlite3_stmt *begin, *commit; /* kept: parsing them was a fifth of a short read */
    sqlite3_stmt *statement[TB__KINDS];
};

static struct sqlite_store *of(tb_store *s) { return (struct sqlite_store *)s; }

/* ---- what SQLite says, in our words ---- */

static void explain(sqlite3 *db, char *why, size_t room) {
    int system = db ? sqlite3_system_errno(db) : 0;
    snprintf(why, room, "%s%s%s", db ? sqlite3_errmsg(db) : "out of memory", system ? ": " : "",
             system ? strerror(system) : "");
}

static int result_of(int rc) {
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return TB_STORE_OK;
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
    case SQLITE_READONLY: return TB_STORE_RETRY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return TB_STORE_CORRUPT;
    default: return TB_STORE_UNKNOWN;
    }
}

static int open_error_of(int rc) {
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return TB_STORE_ERROR_NOMEM;
    case SQLITE_NOTADB: return TB_STORE_ERROR_NOT_SQLITE;
    case SQLITE_CORRUPT: return TB_STORE_ERROR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return TB_STORE_ERROR_BUSY;
    case SQLITE_FULL: return TB_STORE_ERROR_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN: return TB_STORE_ERROR_NOT_WRITABLE;
    default: return TB_STORE_ERROR_IO;
    }
}

/* ---- connections ---- */

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames) {
    (void)db, (void)name;
    struct sqlite_store *s = arg;
    atomic_store(&s->base.wal_bytes, (uint64_t)frames * FRAME_BYTES);
    return SQLITE_OK; /* the hook also replaces SQLite's own automatic checkpoint, which would run within COMMIT */
}

static int pragma_int(sqlite3 *db, const char *pragma, int64_t *value) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) *value = sqlite3_column_int64(st, 0), rc = SQLITE_OK;
    else if (rc == SQLITE_DONE) rc = SQLITE_OK;
    int end = sqlite3_finalize(st);
    return rc ? rc : end;
}

/* A connection of one thread. *db is set even when it fails (for its message), as sqlite3_open_v2 does. */
static int connect_to(const char *path, int flags, int cache_kib, sqlite3 **db) {
    char pragmas[160];
    int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc) return rc;
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, TB_STORE_BUSY_MS);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* only the writer's, once the log is durable */
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA synchronous=FULL; PRAGMA cache_size=-%d; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;",
             cache_kib);
    return sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
}

static void close_writer(struct sqlite_store *s) {
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(s->statement[i]);
        s->statement[i] = NULL;
    }
    sqlite3_close(s->db); /* no statement is left: cannot fail */
    s->db = NULL;
}

static int prepare_writer(struct sqlite_store *s) {
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    int rc = sqlite3_exec(s->db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
    for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(s->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statement[i], NULL);
    sqlite3_wal_hook(s->db, on_wal, s);
    return rc;
}

static int read_tail(sqlite3 *db, tb_store_tail *tail) {
    sqlite3_stmt *st = NULL;
    *tail = (tb_store_tail){0};
    int rc = sqlite3_prepare_v2(db, "SELECT leaf, at, wall FROM event ORDER BY leaf DESC LIMIT 1", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *tail = (tb_store_tail){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2)};
    int end = sqlite3_finalize(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

/* ---- opening ---- */

/* Whose file is it? Touches nothing. *is_new: empty, or begun by us and never finished. */
static int examine(sqlite3 *db, int *code, bool *is_new, int64_t *version_of) {
    int64_t tables = 0, application = 0, version = 0;
    int rc = pragma_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc == SQLITE_OK) rc = pragma_int(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK) rc = pragma_int(db, "PRAGMA user_version", &version);
    *code = TB_STORE_ERROR_NONE;
    *version_of = version;
    *is_new = rc == SQLITE_OK && tables == 0 && application == 0 && version == 0;
    if (rc) *code = open_error_of(rc);
    else if (*is_new) return SQLITE_OK;
    else if (application != APPLICATION_ID) *code = TB_STORE_ERROR_NOT_OURS;
    else if (version > SCHEMA) *code = TB_STORE_ERROR_NEWER;
    else if (version < 1) *code = TB_STORE_ERROR_CORRUPT;
    return rc;
}

static bool read_event(sqlite3_stmt *st, bool with_leaf, tb_event_row *e);
static void put_int(sqlite3_stmt *st, int i, int64_t v), put_blob(sqlite3_stmt *st, int i, const void *p, size_t n);
static int run(sqlite3_stmt *st);

/* ---- the leaves of events from before the ledger ---- */

struct old_leaf {
    tb_arena *arena;
    tb_merkle *tree;
    tb_event_row *row;
    uint8_t seed[TB_SALT];
};

static int give_leaf(void *arg) {
    struct old_leaf *x = arg;
    tb_leaf_append(x->arena, x->tree, x->row, x->seed);
    return TB_OK;
}

/* The event after those in the tree gets its leaf. SQLITE_DONE: there is none. */
static int grow_by_one(sqlite3_stmt *next, sqlite3_stmt *put, tb_arena *arena, tb_merkle *tree) {
    tb_event_row row;
    struct old_leaf x = {.arena = arena, .tree = tree, .row = &row};
    put_int(next, 1, tree->size);
    int rc = sqlite3_step(next);
    if (rc == SQLITE_ROW) {
        if (!read_event(next, false, &row) || row.leaf != tree->size + 1) rc = SQLITE_CORRUPT;
        else if (tb_io_random(NULL, x.seed, TB_SALT) != TB_OK) rc = SQLITE_IOERR;
        else if (tb_try(arena, give_leaf, &x) != TB_OK) rc = SQLITE_NOMEM;
    }
    sqlite3_reset(next);
    if (rc != SQLITE_ROW) return rc;
    put_int(put, 1, row.leaf);
    put_blob(put, 2, row.salts.p, row.salts.n);
    put_blob(put, 3, row.tree.p, row.tree.n);
    rc = run(put);
    tb_arena_reset(arena); /* what was bound lies in it */
    return rc;
}

/* In the transaction that brings the file forward: a file has either no ledger or a whole one. The leaves attest what the
 * events were at that moment, not when they were written; a head kept from then on attests that. */
static int grow_ledger(sqlite3 *db) {
    sqlite3_stmt *next = NULL, *put = NULL;
    tb_merkle tree;
    tb_arena *arena = tb_arena_new(NULL, 0);
    int rc = arena ? SQLITE_OK : SQLITE_NOMEM;
    tb_merkle_begin(&tree, tb_sm3);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "SELECT " EVENT_COLUMNS " FROM event WHERE leaf > ?1 ORDER BY leaf LIMIT 1", -1, &next,
                                NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "UPDATE event SET salts = ?2, tree = ?3 WHERE leaf = ?1", -1, &put, NULL);
    while (rc == SQLITE_OK) rc = grow_by_one(next, put, arena, &tree);
    sqlite3_finalize(next);
    sqlite3_finalize(put);
    tb_arena_free(arena);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Brings a file forward from an older version; nothing to do for one of today's. */
static int migrate(sqlite3 *db, int64_t version) {
    char mark[48];
    if (version == SCHEMA) return SQLITE_OK;
    snprintf(mark, sizeof mark, "PRAGMA user_version=%d", SCHEMA);
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int64_t v = version; v < SCHEMA && rc == SQLITE_OK; v++) rc = sqlite3_exec(db, migrations[v], NULL, NULL, NULL);
    if (version < LEDGER_SCHEMA && rc == SQLITE_OK) rc = grow_ledger(db);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, mark, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return rc; /* when it failed the connection is closed next, which rolls back */
}

/* Either all tables and both marks are there, or none: one transaction. */
static int create_schema(sqlite3 *db) {
    char marks[80];
    snprintf(marks, sizeof marks, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID, SCHEMA);
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, schema, NULL, NULL, NULL);
    for (int v = 1; v < SCHEMA && rc == SQLITE_OK; v++) rc = sqlite3_exec(db, migrations[v], NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, marks, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return rc; /* when it failed the connection is closed next, which rolls back */
}

static int use_wal(sqlite3 *db) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    bool wal = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
    int end = sqlite3_finalize(st);
    if (rc != SQLITE_ROW) return rc;
    return end ? end : wal ? SQLITE_OK : SQLITE_IOERR; /* a file system without shared memory */
}

static int sync_log(sqlite3 *db) {
    sqlite3_file *log = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    return rc == SQLITE_OK && log && log->pMethods ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : rc;
}

/* A process that was killed leaves commits in the log that the kernel holds and the disk perhaps does not; SQLite takes
 * them up without a sync. Whoever is told of them (by a read, by the answer to a repeat) must not lose them when the
 * power fails next. So before anything is answered the log is copied into the database and emptied: that writes every
 * page anew, also where an earlier sync failed and the kernel forgot that it owes us a write, and the next commit does
 * not share a sector with the last one before a crash. Where that cannot be (no room, a reader of another process) the
 * log is synced as it is. */
static int settle_log(sqlite3 *db) {
    sqlite3_busy_timeout(db, 0);
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(db, TB_STORE_BUSY_MS);
    bool no_room = (rc & 0xff) == SQLITE_FULL, in_use = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
    return no_room || in_use ? sync_log(db) : rc;
}

/* See log_copy.h. Under SQLite's own lock, because another program may be writing just now: then the log is not one that was left,
 * and stays as it is, as it does where there is no room. */
static int renew_log(struct sqlite_store *s) {
    int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        rc = tb__log_renew(s->path);
        int end = sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        if (rc == SQLITE_OK) rc = end;
    }
    int kind = rc & 0xff;
    return kind == SQLITE_BUSY || kind == SQLITE_LOCKED || kind == SQLITE_FULL ? SQLITE_OK : rc;
}

/* The path with its directory resolved, so that the lock is the same by whatever name the file is called. */
static char *resolve(const char *path) {
    char *whole = realpath(path, NULL);
    if (whole) return whole;
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    char *real = dir ? realpath(dir, NULL) : NULL;
    free(dir);
    if (!real) return NULL;
    const char *name = slash ? slash + 1 : path;
    size_t room = strlen(real) + strlen(name) + 2;
    whole = malloc(room);
    if (whole) snprintf(whole, room, "%s/%s", real, name);
    free(real);
    return whole;
}

static int lock_error(int err) {
    switch (err) {
    case EWOULDBLOCK: return TB_STORE_ERROR_LOCKED;
    case ENOSPC:
    case EDQUOT: return TB_STORE_ERROR_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT: /* the directory is there, but makes no files (/proc) */
    case EISDIR: return TB_STORE_ERROR_NOT_WRITABLE;
    default: return TB_STORE_ERROR_IO;
    }
}

/* One tongban a file. Not by SQLite's own exclusive mode: our readers need connections of their own. The kernel drops
 * a flock when its process dies, however it dies. */
static int take_lock(struct sqlite_store *s, char *detail, size_t room) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.lock", s->path) >= (int)sizeof name) return TB_STORE_ERROR_NO_DIRECTORY;
    s->lock = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    s->lock_is_new = s->lock >= 0;
    if (s->lock < 0 && errno == EEXIST) s->lock = open(name, O_RDWR | O_CLOEXEC);
    if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        int err = errno;
        snprintf(detail, room, "%s: %s", name, strerror(err));
        if (s->lock >= 0 && err == EWOULDBLOCK) { /* who holds it? */
            char pid[24] = "";
            ssize_t n = pread(s->lock, pid, sizeof pid - 1, 0);
            int digits = n > 0 ? (int)strspn(pid, "0123456789") : 0;
            if (digits) snprintf(detail, room, "pid %.*s", digits, pid);
        }
        return lock_error(err);
    }
    char pid[24];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Only for the message above: a full disk here is found, and told, by the first write of the database itself. */
    if (ftruncate(s->lock, 0) != 0 || pwrite(s->lock, pid, (size_t)n, 0) != n) return TB_STORE_ERROR_NONE;
    return TB_STORE_ERROR_NONE;
}

static void drop_lock(struct sqlite_store *s, bool forget) {
    if (s->lock < 0) return;
    if (forget && s->lock_is_new) { /* we were refused: leave nothing beside a file that is not ours */
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s.lock", s->path);
        unlink(name);
    }
    close(s->lock);
    s->lock = -1;
}

static int refuse(struct sqlite_store *s, int code, const char *path, const char *detail, bool english,
                  tb_store_error *error) {
    tb__store_refuse(error, code, english, path, detail);
    if (s) {
        close_writer(s);
        drop_lock(s, true);
        free(s->path);
        free(s);
    }
    return TB_FAILED;
}

/* Questions the file system answers better than SQLite does ("unable to open database file"). */
static int look_first(const char *path, bool read_only, char *detail, size_t room) {
    struct stat st;
    detail[0] = '\0';
    bool there = stat(path, &st) == 0;
    int err = there ? 0 : errno;
    if (there && !S_ISREG(st.st_mode)) return snprintf(detail, room, "%s", "not a file"), TB_STORE_ERROR_NOT_SQLITE;
    if (!there && err != ENOENT) {
        snprintf(detail, room, "%s", strerror(err));
        return err == ENOTDIR ? TB_STORE_ERROR_NO_DIRECTORY : TB_STORE_ERROR_NOT_WRITABLE;
    }
    if (there && access(path, read_only ? R_OK : R_OK | W_OK) != 0)
        return snprintf(detail, room, "%s", strerror(errno)), TB_STORE_ERROR_NOT_WRITABLE;
    return there || !read_only ? TB_STORE_ERROR_NONE : TB_STORE_ERROR_NO_FILE;
}

static const tb__backend sqlite_backend;

int tb_store_open_sqlite(const char *path, const tb_store_options *options, tb_store **out, tb_store_error *error) {
    /* Counting memory costs a mutex an allocation and nobody reads it. Too late, and without effect, once SQLite runs. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    bool read_only = options && options->read_only, english = options && options->english, is_new = false;
    int64_t version = 0;
    char detail[TB__WHY + PATH_MAX] = "";
    *out = NULL;
    *error = (tb_store_error){0};
    int code = look_first(path, read_only, detail, sizeof detail);
    if (code) return refuse(NULL, code, path, detail, english, error);

    struct sqlite_store *s = calloc(1, sizeof *s);
    if (!s) return refuse(NULL, TB_STORE_ERROR_NOMEM, path, NULL, english, error);
    s->lock = -1;
    errno = 0;
    s->path = resolve(path);
    if (!s->path) code = errno == ENOMEM ? TB_STORE_ERROR_NOMEM : TB_STORE_ERROR_NO_DIRECTORY;
    else if (!read_only) code = take_lock(s, detail, sizeof detail);
    if (code) return refuse(s, code, path, detail, english, error);

    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    bool renewed = false;
    int rc = read_only ? SQLITE_OK : tb__log_restore(s->path, &renewed);
    if (rc == SQLITE_OK) rc = connect_to(s->path, flags, WRITER_CACHE_KIB, &s->db);
    if (rc == SQLITE_OK) rc = examine(s->db, &code, &is_new, &version);
    if (rc == SQLITE_OK && code) return refuse(s, code, path, NULL, english, error);
    if (rc == SQLITE_OK && read_only && options->ledger && version < LEDGER_SCHEMA && !is_new)
        return refuse(s, TB_STORE_ERROR_OLDER, path, NULL, english, error);
    if (rc == SQLITE_OK && read_only && is_new) return refuse(s, TB_STORE_ERROR_NOT_OURS, path, NULL, english, error);
    if (rc == SQLITE_OK && !read_only) {
        if (is_new) rc = create_schema(s->db);
        else if (!renewed) rc = renew_log(s);
        if (rc == SQLITE_OK && !is_new) rc = migrate(s->db, version);
        if (rc == SQLITE_OK) rc = use_wal(s->db);
        if (rc == SQLITE_OK) rc = settle_log(s->db);
        if (rc == SQLITE_OK) rc = prepare_writer(s);
    }
    s->base.lags = read_only && version < SCHEMA;
    if (rc == SQLITE_OK) rc = read_tail(s->db, &s->base.written);
    if (rc) {
        if (!s->db || sqlite3_errcode(s->db) == SQLITE_OK) snprintf(detail, sizeof detail, "%s", sqlite3_errstr(rc)); /* found by us */
        else explain(s->db, detail, TB__WHY);
        return refuse(s, open_error_of(rc), path, detail, english, error);
    }
    if (tb__store_start(&s->base, &sqlite_backend, options, path, error)) {
        tb_store_close(&s->base);
        return TB_FAILED;
    }
    *out = &s->base;
    return TB_OK;
}

static void sqlite_close(tb_store *base) {
    struct sqlite_store *s = of(base);
    sqlite3_close(s->beside);
    close_writer(s); /* the last connection checkpoints and removes the log */
    drop_lock(s, false);
    free(s->path);
    free(s);
}

/* ---- writing ---- */

static void put_int(sqlite3_stmt *st, int i, int64_t v) { sqlite3_bind_int64(st, i, v); }
static void put_text(sqlite3_stmt *st, int i, tb_str s) {
    sqlite3_bind_text64(st, i, s.p ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}
static void put_blob(sqlite3_stmt *st, int i, const void *p, size_t n) {
    sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC);
}
static void put_digest(sqlite3_stmt *st, int i, const uint8_t *digest) { put_blob(st, i, digest, TB_DIGEST); }
static void put_due(sqlite3_stmt *st, int i, int64_t due) {
    if (due == TB_NEVER) sqlite3_bind_null(st, i);
    else sqlite3_bind_int64(st, i, due);
}

static int run(sqlite3_stmt *st) {
    int rc = sqlite3_step(st);
    sqlite3_reset(st);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_event_row(struct sqlite_store *s, const tb_event_row *e) {
    sqlite3_stmt *st = s->statement[PUT_EVENT];
    put_int(st, 1, e->leaf);
    put_int(st, 2, e->case_id);
    put_int(st, 3, e->seq);
    put_int(st, 4, e->prev);
    put_int(st, 5, e->at);
    put_int(st, 6, e->wall);
    put_text(st, 7, e->kind);
    put_int(st, 8, e->program);
    put_int(st, 9, e->world);
    put_int(st, 10, e->semantics);
    if (e->request.p) put_text(st, 11, e->request);
    else sqlite3_bind_null(st, 11);
    put_text(st, 12, e->body);
    put_digest(st, 13, e->outcome);
    put_blob(st, 14, e->salts.p, e->salts.n);
    put_blob(st, 15, e->tree.p, e->tree.n);
    return run(st);
}

static int put_case_row(struct sqlite_store *s, const tb_case_row *c) {
    for (int which = c->seq == 1 || c->moved ? PUT_CASE : KEEP_DUE;; which = PUT_CASE) {
        sqlite3_stmt *st = s->statement[which];
        put_int(st, 1, c->id);
        put_text(st, 2, c->name);
        put_text(st, 3, c->matter);
        put_int(st, 4, c->program);
        put_int(st, 5, c->seq);
        put_int(st, 6, c->last);
        put_due(st, 7, c->due);
        put_text(st, 8, c->state);
        put_blob(st, 9, c->keys.p, c->keys.n);
        if (which == PUT_CASE && c->origin) put_int(st, 10, c->origin);
        else if (which == PUT_CASE) sqlite3_bind_null(st, 10);
        if (which == PUT_CASE) put_text(st, 11, c->applicant);
        int rc = run(st);
        if (rc || which == PUT_CASE || sqlite3_changes(s->db) == 1) return rc;
    }
}

static void put_task_key(sqlite3_stmt *st, const tb_task_row *t) {
    put_text(st, 1, t->place);
    put_text(st, 2, t->post);
    put_int(st, 3, t->case_id);
    put_text(st, 4, t->step);
}

static int put_task_row(struct sqlite_store *s, const tb_task_row *t) {
    sqlite3_stmt *st = s->statement[PUT_TASK];
    put_task_key(st, t);
    put_text(st, 5, t->matter);
    put_int(st, 6, t->entered);
    put_due(st, 7, t->due);
    put_int(st, 8, t->overdue);
    put_text(st, 9, t->holder);
    put_text(st, 10, t->alert);
    return run(st);
}

static int put_load_row(struct sqlite_store *s, const tb_load_row *l) {
    sqlite3_stmt *st = s->statement[PUT_LOAD];
    put_int(st, 1, l->leaf);
    put_text(st, 2, l->kind);
    put_text(st, 3, l->name);
    put_text(st, 4, l->version);
    put_digest(st, 5, l->digest);
    put_text(st, 6, l->manifest);
    put_text(st, 7, l->by);
    put_int(st, 8, l->at);
    return run(st);
}

static int put_source_row(struct sqlite_store *s, const tb_blob_row *b) {
    sqlite3_stmt *st = s->statement[PUT_SOURCE];
    put_digest(st, 1, b->digest);
    put_text(st, 2, b->bytes);
    return run(st);
}

static int put_attachment_row(struct sqlite_store *s, const tb_blob_row *b) {
    sqlite3_stmt *st = s->statement[PUT_ATTACHMENT];
    put_digest(st, 1, b->digest);
    put_blob(st, 2, b->bytes.p, b->bytes.n);
    return run(st);
}

static int drop_task_row(struct sqlite_store *s, const tb_task_row *t) {
    put_task_key(s->statement[DROP_TASK], t);
    return run(s->statement[DROP_TASK]);
}

static int put_outbox_row(struct sqlite_store *s, const tb_outbox_row *o) {
    sqlite3_stmt *st = s->statement[PUT_OUTBOX];
    put_int(st, 1, o->leaf);
    put_int(st, 2, o->n);
    put_int(st, 3, o->case_id);
    put_int(st, 4, o->kind);
    put_text(st, 5, o->target);
    put_text(st, 6, o->step);
    put_text(st, 7, o->key);
    put_text(st, 8, o->body);
    put_int(st, 9, o->at);
    put_due(st, 10, o->due);
    put_int(st, 11, o->retries);
    put_int(st, 12, o->attempts);
    put_int(st, 13, o->state);
    put_text(st, 14, o->problem);
    return run(st);
}

static int drop_case_row(struct sqlite_store *s, const tb_case_row *c) {
    put_int(s->statement[DROP_CASE], 1, c->id);
    return run(s->statement[DROP_CASE]);
}

static int drop_outbox_row(struct sqlite_store *s, const tb_outbox_row *o) {
    put_int(s->statement[DROP_OUTBOX], 1, o->leaf);
    put_int(s->statement[DROP_OUTBOX], 2, o->n);
    return run(s->statement[DROP_OUTBOX]);
}

static int put_meta_row(struct sqlite_store *s, const tb_meta_row *m) {
    put_text(s->statement[PUT_META], 1, m->key);
    put_text(s->statement[PUT_META], 2, m->value);
    return run(s->statement[PUT_META]);
}

static int put_account_row(struct sqlite_store *s, const tb_account_row *a) {
    sqlite3_stmt *st = s->statement[PUT_ACCOUNT];
    put_text(st, 1, a->name);
    put_text(st, 2, a->person);
    put_text(st, 3, a->place);
    put_text(st, 4, a->organ);
    put_int(st, 5, a->roles);
    put_text(st, 6, a->password);
    put_int(st, 7, a->made);
    put_int(st, 8, a->closed);
    return run(st);
}

static int drop_credential_row(struct sqlite_store *s, const tb_credential_row *c) {
    put_digest(s->statement[DROP_CREDENTIAL], 1, c->digest);
    return run(s->statement[DROP_CREDENTIAL]);
}

static int put_credential_row(struct sqlite_store *s, const tb_credential_row *c) {
    sqlite3_stmt *st = s->statement[PUT_CREDENTIAL];
    put_digest(st, 1, c->digest);
    put_text(st, 2, c->account);
    put_text(st, 3, c->label);
    put_int(st, 4, c->session);
    put_int(st, 5, c->made);
    put_due(st, 6, c->expires);
    return run(st);
}

static int put_access_row(struct sqlite_store *s, const tb_access_row *a) {
    sqlite3_stmt *st = s->statement[PUT_ACCESS];
    put_int(st, 2, a->at);
    put_int(st, 3, a->case_id);
    put_text(st, 4, a->who);
    put_text(st, 5, a->role);
    put_text(st, 6, a->what);
    put_text(st, 7, a->fields);
    put_text(st, 8, a->why);
    return run(st);
}

static int put_change_row(struct sqlite_store *s, const tb_change_row *c) {
    sqlite3_stmt *st = s->statement[PUT_CHANGE];
    put_int(st, 1, c->world);
    put_int(st, 2, c->case_id);
    put_int(st, 3, c->n);
    put_text(st, 4, c->clock);
    put_int(st, 5, c->was_kind);
    put_int(st, 6, c->was);
    put_int(st, 7, c->kind);
    put_int(st, 8, c->due);
    return run(st);
}

static int drop_accesses(struct sqlite_store *s, int64_t until) {
    put_int(s->statement[DROP_ACCESSES], 1, until);
    put_int(s->statement[DROP_ACCESSES], 2, TB_ACCESS_SWEEP);
    return run(s->statement[DROP_ACCESSES]);
}

#define PUT_ALL(list, put) \
    for (uint32_t i = 0; i < w->list.count && rc == SQLITE_OK; i++) rc = put(s, &w->list.items[i])

static int put_write(struct sqlite_store *s, const tb_write *w) {
    int rc = SQLITE_OK;
    PUT_ALL(sources, put_source_row);
    PUT_ALL(attachments, put_attachment_row);
    PUT_ALL(loads, put_load_row);
    PUT_ALL(events, put_event_row);
    PUT_ALL(cases, put_case_row);
    PUT_ALL(cases_gone, drop_case_row);
    PUT_ALL(tasks_gone, drop_task_row);
    PUT_ALL(tasks_come, put_task_row);
    PUT_ALL(outbox, put_outbox_row);
    PUT_ALL(outbox_gone, drop_outbox_row);
    PUT_ALL(meta, put_meta_row);
    PUT_ALL(accounts, put_account_row);
    PUT_ALL(credentials_gone, drop_credential_row);
    PUT_ALL(credentials, put_credential_row);
    PUT_ALL(accesses, put_access_row);
    PUT_ALL(changes, put_change_row);
    if (w->accesses_until && rc == SQLITE_OK) rc = drop_accesses(s, w->accesses_until);
    return rc;
}

static int sqlite_write(tb_store *base, tb_write *const *writes, uint32_t count, char *why) {
    struct sqlite_store *s = of(base);
    int rc = run(s->statement[BEGIN]);
    for (uint32_t i = 0; i < count && rc == SQLITE_OK; i++) rc = put_write(s, writes[i]);
    bool committing = rc == SQLITE_OK;
    if (committing) rc = run(s->statement[COMMIT]);
    if (rc == SQLITE_OK) return TB_STORE_OK;

    explain(s->db, why, TB__WHY);
    int result = result_of(rc);
    if (committing && (rc & 0xff) == SQLITE_NOMEM) result = TB_STORE_UNKNOWN; /* perhaps after the commit frame */
    if (!sqlite3_get_autocommit(s->db) && run(s->statement[ROLLBACK]) != SQLITE_OK && !sqlite3_get_autocommit(s->db))
        result = TB_STORE_UNKNOWN;
    return result;
}

static int sqlite_reopen(tb_store *base, tb_store_tail *tail, char *why) {
    struct sqlite_store *s = of(base);
    close_writer(s);
    int rc = connect_to(s->path, SQLITE_OPEN_READWRITE, WRITER_CACHE_KIB, &s->db);
    if (rc == SQLITE_OK) rc = prepare_writer(s);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db,
                          "INSERT INTO meta(key, value) VALUES('reopened', '1')"
                          " ON CONFLICT(key) DO UPDATE SET value = CAST(value AS INTEGER) + 1", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = read_tail(s->db, tail);
    if (rc == SQLITE_OK) return TB_STORE_OK;
    explain(s->db, why, TB__WHY);
    close_writer(s);
    return result_of(rc);
}

static int sqlite_checkpoint(tb_store *base, bool wait, char *why) {
    struct sqlite_store *s = of(base);
    /* RESTART keeps the file's length: commits then overwrite blocks and need no new metadata. TRUNCATE is for
     * measuring. */
    sqlite3_busy_timeout(s->db, wait ? FINISH_MS : 0);
    int mode = wait ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, NULL, NULL);
    if (rc) explain(s->db, why, TB__WHY);
    else atomic_store(&base->wal_bytes, 0);
    sqlite3_busy_timeout(s->db, TB_STORE_BUSY_MS);
    return result_of(rc);
}

static int sqlite_passive(tb_store *base, char *why) {
    struct sqlite_store *s = of(base);
    int64_t ignored = 0;
    int rc = SQLITE_OK;
    if (!s->beside) {
        rc = connect_to(s->path, SQLITE_OPEN_READWRITE, READER_CACHE_KIB, &s->beside);
        /* A connection learns that the file is in WAL mode by reading it. */
        if (rc == SQLITE_OK) rc = pragma_int(s->beside, "PRAGMA schema_version", &ignored);
    }
    if (rc == SQLITE_OK) rc = sqlite3_wal_checkpoint_v2(s->beside, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc == SQLITE_OK) return TB_STORE_OK;
    explain(s->beside, why, TB__WHY);
    sqlite3_close(s->beside);
    s->beside = NULL;
    return result_of(rc);
}

/* ---- backup ---- */

static int copy_pages(sqlite3 *from, sqlite3 *to) {
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b) return sqlite3_extended_errcode(to);
    int rc;
    do rc = sqlite3_backup_step(b, BACKUP_PAGES);
    while (rc == SQLITE_OK);
    int end = sqlite3_backup_finish(b);
    return rc == SQLITE_DONE ? end : rc;
}

static int sync_directory_of(const char *path) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash) slash[slash == dir] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int bad = fsync(fd);
    close(fd);
    return bad;
}

/* The copy grows under another name and gets its own only when it is whole and on disk. The source connection holds
 * one read transaction meanwhile, so that writing beside it does not make the copy begin anew. */
static int sqlite_backup(tb_store *base, const char *path, char *why) {
    struct sqlite_store *s = of(base);
    char part[PATH_MAX];
    sqlite3 *from = NULL, *to = NULL;
    int64_t ignored = 0;
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part) errno = ENAMETOOLONG;
    else if (access(path, F_OK) == 0) errno = EEXIST;
    else if (unlink(part) == 0) errno = ENOENT; /* what an interrupted backup left */
    if (errno != ENOENT) return snprintf(why, TB__WHY, "%.120s: %s", path, strerror(errno)), TB_STORE_RETRY;

    sqlite3 *at_fault = NULL;
    int rc = connect_to(s->path, SQLITE_OPEN_READONLY, READER_CACHE_KIB, &from);
    if (rc == SQLITE_OK) rc = sqlite3_exec(from, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = pragma_int(from, "SELECT count(*) FROM sqlite_schema", &ignored);
    if (rc) at_fault = from;
    if (rc == SQLITE_OK) {
        rc = connect_to(part, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, READER_CACHE_KIB, &to);
        if (rc == SQLITE_OK) rc = copy_pages(from, to);
        if (rc) at_fault = to;
    }
    if (rc) explain(at_fault, why, TB__WHY);
    sqlite3_close(to);
    sqlite3_close(from);
    if (rc == SQLITE_OK && (rename(part, path) != 0 || sync_directory_of(path) != 0)) {
        snprintf(why, TB__WHY, "%.120s: %s", path, strerror(errno));
        unlink(path); /* a name that may be gone after a power failure is no backup's */
        rc = SQLITE_IOERR;
    }
    if (rc) unlink(part);
    int result = result_of(rc);
    return result == TB_STORE_UNKNOWN ? TB_STORE_RETRY : result; /* nothing of the store itself is in doubt */
}

/* ---- reading ---- */

static tb_reader *sqlite_reader_open(tb_store *base) {
    struct sqlite_reader *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->base.store = base;
    if (connect_to(of(base)->path, SQLITE_OPEN_READONLY, READER_CACHE_KIB, &r->db) == SQLITE_OK) return &r->base;
    sqlite3_close(r->db);
    free(r);
    return NULL;
}

static void sqlite_reader_close(tb_reader *base) {
    struct sqlite_reader *r = (struct sqlite_reader *)base;
    for (int i = 0; i < TB__KINDS; i++) sqlite3_finalize(r->statement[i]);
    sqlite3_finalize(r->begin);
    sqlite3_finalize(r->commit);
    sqlite3_close(r->db);
    free(r);
}

static int answer(struct sqlite_reader *r, int rc) {
    if (result_of(rc)) explain(r->db, r->base.why, TB__WHY);
    return result_of(rc);
}

/* A statement without rows, prepared when it is first run. */
static int run_kept(sqlite3 *db, sqlite3_stmt **st, const char *sql) {
    int rc = *st ? SQLITE_OK : sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    if (rc) return rc;
    sqlite3_step(*st);
    return sqlite3_reset(*st);
}

static int sqlite_begin(tb_reader *base) {
    struct sqlite_reader *r = (struct sqlite_reader *)base;
    return answer(r, run_kept(r->db, &r->begin, "BEGIN"));
}

static void sqlite_end(tb_reader *base) {
    struct sqlite_reader *r = (struct sqlite_reader *)base;
    if (!sqlite3_get_autocommit(r->db)) run_kept(r->db, &r->commit, "COMMIT"); /* of reads: loses nothing */
}

/* The first of what SQLite finds, or "ok". */
static int sqlite_check(tb_reader *base) {
    struct sqlite_reader *r = (struct sqlite_reader *)base;
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    const char *said = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    int result = answer(r, rc);
    if (said && strcmp(said, "ok") != 0) {
        snprintf(base->why, TB__WHY, "%.240s", said);
        result = TB_STORE_CORRUPT;
    }
    sqlite3_finalize(st);
    return result;
}

static tb_str text_at(sqlite3_stmt *st, int i) {
    const char *p = (const char *)sqlite3_column_text(st, i);
    return (tb_str){p, (uint32_t)sqlite3_column_bytes(st, i)};
}
static tb_str blob_at(sqlite3_stmt *st, int i) {
    const char *p = sqlite3_column_blob(st, i); /* NULL when empty */
    return (tb_str){p ? p : "", (uint32_t)sqlite3_column_bytes(st, i)};
}
static int64_t due_at(sqlite3_stmt *st, int i) {
    return sqlite3_column_type(st, i) == SQLITE_NULL ? TB_NEVER : sqlite3_column_int64(st, i);
}
static bool digest_at(sqlite3_stmt *st, int i, uint8_t digest[TB_DIGEST]) {
    tb_str s = blob_at(st, i);
    if (s.n != TB_DIGEST) return false;
    memcpy(digest, s.p, TB_DIGEST);
    return true;
}

static bool read_event(sqlite3_stmt *st, bool with_leaf, tb_event_row *e) { /* false: its digest is none */
    *e = (tb_event_row){.leaf = sqlite3_column_int64(st, 0), .case_id = sqlite3_column_int64(st, 1),
                        .seq = sqlite3_column_int64(st, 2), .prev = sqlite3_column_int64(st, 3),
                        .at = sqlite3_column_int64(st, 4), .wall = sqlite3_column_int64(st, 5),
                        .kind = text_at(st, 6), .program = sqlite3_column_int64(st, 7),
                        .world = sqlite3_column_int64(st, 8), .semantics = sqlite3_column_int(st, 9),
                        .request = text_at(st, 10), .body = text_at(st, 11)};
    if (with_leaf) e->salts = blob_at(st, 13), e->tree = blob_at(st, 14);
    return digest_at(st, 12, e->outcome);
}

static int hand_row(sqlite3_stmt *st, tb__kind kind, tb__row_fn *each, void *user, bool *bad) {
    union {
        tb_event_row event;
        tb_case_row kase;
        tb_load_row load;
        tb_task_row task;
        tb_outbox_row outbox;
        tb_due_row due;
        tb_account_row account;
        tb_credential_row credential;
        tb_access_row access;
        tb_change_row change;
        tb_str text;
    } row;
    *bad = false;
    switch (kind) {
    case TB__EVENTS:
    case TB__LEAVES:
    case TB__LAST_EVENT:
        *bad = !read_event(st, kind == TB__LEAVES, &row.event);
        break;
    case TB__CASES:
    case TB__ORIGIN:
    case TB__APPLICANT:
        row.kase = (tb_case_row){.id = sqlite3_column_int64(st, 0), .name = text_at(st, 1), .matter = text_at(st, 2),
                                 .program = sqlite3_column_int64(st, 3), .seq = sqlite3_column_int64(st, 4),
                                 .last = sqlite3_column_int64(st, 5), .due = due_at(st, 6), .state = text_at(st, 7),
                                 .keys = blob_at(st, 8), .origin = sqlite3_column_int64(st, 9)};
        break;
    case TB__LOADS:
        row.load = (tb_load_row){.leaf = sqlite3_column_int64(st, 0), .kind = text_at(st, 1), .name = text_at(st, 2),
                                 .version = text_at(st, 3), .manifest = text_at(st, 5), .by = text_at(st, 6),
                                 .at = sqlite3_column_int64(st, 7)};
        *bad = !digest_at(st, 4, row.load.digest);
        break;
    case TB__TASKS:
        row.task = (tb_task_row){.place = text_at(st, 0), .post = text_at(st, 1),
                                 .case_id = sqlite3_column_int64(st, 2), .step = text_at(st, 3),
                                 .matter = text_at(st, 4), .entered = sqlite3_column_int64(st, 5),
                                 .due = due_at(st, 6), .overdue = sqlite3_column_int(st, 7) != 0,
                                 .holder = text_at(st, 8), .alert = text_at(st, 9)};
        break;
    case TB__OUTBOX:
    case TB__OUTBOX_DUE:
        row.outbox = (tb_outbox_row){.leaf = sqlite3_column_int64(st, 0), .n = sqlite3_column_int(st, 1),
                                     .case_id = sqlite3_column_int64(st, 2), .kind = sqlite3_column_int(st, 3),
                                     .target = text_at(st, 4), .step = text_at(st, 5), .key = text_at(st, 6),
                                     .body = text_at(st, 7), .at = sqlite3_column_int64(st, 8), .due = due_at(st, 9),
                                     .retries = sqlite3_column_int(st, 10), .attempts = sqlite3_column_int(st, 11),
                                     .state = sqlite3_column_int(st, 12), .problem = text_at(st, 13)};
        break;
    case TB__DUE: row.due = (tb_due_row){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)}; break;
    case TB__ACCOUNTS:
        row.account = (tb_account_row){.name = text_at(st, 0), .person = text_at(st, 1), .place = text_at(st, 2),
                                       .organ = text_at(st, 3), .roles = sqlite3_column_int(st, 4),
                                       .password = text_at(st, 5), .made = sqlite3_column_int64(st, 6),
                                       .closed = sqlite3_column_int(st, 7) != 0};
        break;
    case TB__CREDENTIALS:
        row.credential = (tb_credential_row){.account = text_at(st, 1), .label = text_at(st, 2),
                                             .session = sqlite3_column_int(st, 3) != 0,
                                             .made = sqlite3_column_int64(st, 4), .expires = due_at(st, 5)};
        *bad = !digest_at(st, 0, row.credential.digest);
        break;
    case TB__ACCESSES:
        row.access = (tb_access_row){.n = sqlite3_column_int64(st, 0), .at = sqlite3_column_int64(st, 1),
                                     .case_id = sqlite3_column_int64(st, 2), .who = text_at(st, 3),
                                     .role = text_at(st, 4), .what = text_at(st, 5), .fields = text_at(st, 6),
                                     .why = text_at(st, 7)};
        break;
    case TB__CHANGES:
        row.change = (tb_change_row){.world = sqlite3_column_int64(st, 0), .case_id = sqlite3_column_int64(st, 1),
                                     .n = sqlite3_column_int(st, 2), .clock = text_at(st, 3),
                                     .was_kind = sqlite3_column_int(st, 4), .was = sqlite3_column_int64(st, 5),
                                     .kind = sqlite3_column_int(st, 6), .due = sqlite3_column_int64(st, 7)};
        break;
    case TB__SOURCE:
    case TB__META: row.text = text_at(st, 0); break;
    case TB__ATTACHMENT: row.text = blob_at(st, 0); break;
    case TB__KINDS: return 1;
    }
    return *bad ? 1 : each(user, &row);
}

/* The filters that are asked, and where the last page ended: columns of the key that a filter fixes stay out of the
 * comparison, so that SQLite seeks in the primary key instead of walking it. */
static int prepare_tasks(struct sqlite_reader *r, const tb_task_query *q, sqlite3_stmt **st) {
    char sql[512];
    bool place = q->place.p, post = q->post.p;
    int n = snprintf(sql, sizeof sql, "SELECT " TASK_COLUMNS " FROM task WHERE 1");
    if (place) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND place = ?3");
    if (post) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND post = ?4");
    if (q->step.p) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND step = ?5");
    if (q->matter.p) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND matter = ?6");
    if (q->overdue_only) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND overdue = 1");
    if (q->alert_only) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND alert <> ''");
    if (q->holder.p) n += snprintf(sql + n, sizeof sql - (size_t)n, " AND holder = ?11");
    if (q->after)
        n += snprintf(sql + n, sizeof sql - (size_t)n, " AND (%s) > (%s)",
                      place && post ? "case_id, step" : place ? "post, case_id, step" : "place, post, case_id, step",
                      place && post ? "?9, ?10" : place ? "?8, ?9, ?10" : "?7, ?8, ?9, ?10");
    snprintf(sql + n, sizeof sql - (size_t)n, " ORDER BY place, post, case_id, step LIMIT ?2");
    int rc = sqlite3_prepare_v2(r->db, sql, -1, st, NULL);
    if (rc) return rc;
    /* Binding a number the statement does not mention is refused by SQLite, and harmless. */
    if (place) put_text(*st, 3, q->place);
    if (post) put_text(*st, 4, q->post);
    if (q->step.p) put_text(*st, 5, q->step);
    if (q->matter.p) put_text(*st, 6, q->matter);
    if (q->holder.p) put_text(*st, 11, q->holder);
    if (q->after) {
        if (!place) put_text(*st, 7, q->after->place);
        if (!place || !post) put_text(*st, 8, q->after->post);
        put_int(*st, 9, q->after->case_id);
        put_text(*st, 10, q->after->step);
    }
    return SQLITE_OK;
}

static int prepare_query(struct sqlite_reader *r, const tb__query *q, sqlite3_stmt **out) {
    int rc = SQLITE_OK;
    if (q->kind == TB__TASKS) {
        rc = prepare_tasks(r, q->tasks, out);
    } else {
        sqlite3_stmt **kept = &r->statement[q->kind];
        if (!*kept) rc = sqlite3_prepare_v3(r->db, query_text[q->kind], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
        *out = *kept;
    }
    if (rc) return rc;
    sqlite3_stmt *st = *out;
    if (sqlite3_stmt_busy(st)) return SQLITE_LOCKED; /* a scan within the same scan: the contract forbids it */
    switch (q->kind) {
    case TB__SOURCE:
    case TB__ATTACHMENT: put_blob(st, 1, q->key.p, q->key.n); return SQLITE_OK;
    case TB__META: put_text(st, 1, q->key); return SQLITE_OK;
    case TB__LAST_EVENT: return SQLITE_OK;
    case TB__ORIGIN: put_int(st, 1, q->from); return SQLITE_OK;
    case TB__DUE:
        put_int(st, 1, q->until);
        put_int(st, 3, q->after.due);
        put_int(st, 4, q->after.case_id);
        break;
    case TB__TASKS: break;
    case TB__APPLICANT:
        put_int(st, 1, q->until);
        put_text(st, 3, q->key);
        break;
    case TB__OUTBOX:
        put_int(st, 1, q->from);
        put_int(st, 3, q->until);
        put_int(st, 4, q->state);
        break;
    case TB__OUTBOX_DUE: put_int(st, 1, q->until); break;
    case TB__ACCOUNTS:
    case TB__CREDENTIALS: break;
    case TB__ACCESSES:
        put_int(st, 1, q->from);
        put_int(st, 3, q->until);
        if (q->key.p) put_text(st, 4, q->key);
        else sqlite3_bind_null(st, 4);
        break;
    case TB__CHANGES:
        put_int(st, 1, q->from);
        put_int(st, 3, q->until);
        put_int(st, 4, q->state);
        break;
    default: put_int(st, 1, q->from); break;
    }
    put_int(st, 2, q->limit ? (int64_t)q->limit : -1);
    return SQLITE_OK;
}

static int sqlite_scan(tb_reader *base, const tb__query *q, tb__row_fn *each, void *user) {
    struct sqlite_reader *r = (struct sqlite_reader *)base;
    sqlite3_stmt *st = NULL;
    int rc = prepare_query(r, q, &st);
    if (rc) return answer(r, rc);
    bool bad = false;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        if (hand_row(st, q->kind, each, user, &bad)) break;
    int result = answer(r, rc);
    if (q->kind == TB__TASKS) sqlite3_finalize(st);
    else sqlite3_reset(st);
    if (bad) {
        snprintf(base->why, TB__WHY, "a digest is not %d bytes long", TB_DIGEST);
        result = TB_STORE_CORRUPT;
    }
    return result;
}

static const tb__backend sqlite_backend = {
    .write = sqlite_write, .reopen = sqlite_reopen, .checkpoint = sqlite_checkpoint, .passive = sqlite_passive,
    .backup = sqlite_backup, .reader_open = sqlite_reader_open, .reader_close = sqlite_reader_close,
    .begin = sqlite_begin, .end = sqlite_end, .scan = sqlite_scan, .check = sqlite_check, .close = sqlite_close,
};
