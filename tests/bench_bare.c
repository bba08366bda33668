/* The yardstick: the least that any server with our durability does. libuv, one writer thread, group commit, SQLite
 * in WAL with synchronous=FULL. No JSON, no authentication, no rules, no step. DESIGN §7 asks for a fraction of its
 * rate; both are measured in one run by one client (bench_load.c).
 *
 *   bench_bare --db FILE --port P [--state 300] [--rows same|lean]    POST /cases/N/acts with any body; until SIGTERM
 *
 * It records, an act, either the same rows as the server (same: the event with all its columns, the case with its timer
 * in an index, the task that goes and the one that comes), so that what differs is parsing, authority, step and answer; or
 * only an event and a case row (lean, two statements), the least that could be called a workflow store at all.
 *
 * Checkpoints as in the real store: passive ones beside, the writer restarts the log between batches above a bound. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <uv.h>

enum {
    BATCH = 128,
    REQUEST_BYTES = 8192,
    FRAME_BYTES = 4096 + 24,
    WAL_BOUND = 16 << 20,
    WAL_PASSIVE = 4 << 20,
    STATE_BYTES = 4096,
    DAY_MS = 86400000
};

typedef struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    struct connection *next;  /* waiting for a batch */
    char in[REQUEST_BYTES], out[256];
    size_t in_n;
    const char *body;
    int body_n;
    int64_t case_id, leaf, before; /* before: the case of its last request */
    int seq;                       /* of its case */
    bool busy, closing;       /* busy: its request is with the writer */
} connection;

static struct {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t done;
    uv_signal_t term;
    connection *first, **last;          /* waiting */
    connection *batch[BATCH], *answer[BATCH];
    int batch_n;
    bool writing;                       /* the writer has the batch */
    int64_t leaf;
    pthread_t writer, checkpointer;
    pthread_mutex_t lock;
    pthread_cond_t work, check;
    bool given, written, stop, passive, passive_running;
    sqlite3 *db, *beside;
    sqlite3_stmt *begin, *commit, *event, *kase, *drop, *put; /* drop, put: tasks; NULL when lean */
    bool lean;
    int64_t wal, passive_at;
    char state[STATE_BYTES];
    int state_n;
} g;

static void must(int rc, const char *what) {
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
    fprintf(stderr, "bench_bare: %s: %s\n", what, g.db ? sqlite3_errmsg(g.db) : sqlite3_errstr(rc));
    exit(2);
}

/* ---- the writer ---- */

static void run(sqlite3_stmt *st, const char *what) {
    must(sqlite3_step(st), what);
    sqlite3_reset(st);
}

/* What the server's rows hold beside: numbers, a request key, a digest; a timer that moves with every act. */
static void bind_rest(connection *c, int64_t now) {
    static const char digest[32] = {1};
    c->seq = c->case_id == c->before ? c->seq + 1 : 1;
    c->before = c->case_id;
    sqlite3_bind_int64(g.event, 5, c->seq);
    sqlite3_bind_int64(g.event, 6, c->leaf - 64);
    sqlite3_bind_text(g.event, 7, "load-1234567890", 15, SQLITE_STATIC);
    sqlite3_bind_blob(g.event, 8, digest, sizeof digest, SQLITE_STATIC);
    sqlite3_bind_int64(g.kase, 4, c->seq);
    sqlite3_bind_int64(g.kase, 5, now / DAY_MS * DAY_MS + (1 + c->seq) * DAY_MS);
    sqlite3_bind_int64(g.kase, 6, (int64_t)((uint64_t)c->case_id * 0x9E3779B97F4A7C15u >> 1)); /* origin: as a hash falls */
}

static void put_tasks(connection *c, int64_t now) {
    static const char *const steps[] = {"受理", "审查", "决定", "送达", "归档"};
    static const char *const posts[] = {"受理员", "审查员", "决定人", "送达员", "档案员"};
    if (c->seq > 1) {
        sqlite3_bind_text(g.drop, 1, posts[(c->seq - 2) % 5], -1, SQLITE_STATIC);
        sqlite3_bind_int64(g.drop, 2, c->case_id);
        sqlite3_bind_text(g.drop, 3, steps[(c->seq - 2) % 5], -1, SQLITE_STATIC);
        run(g.drop, "task");
    }
    sqlite3_bind_text(g.put, 1, posts[(c->seq - 1) % 5], -1, SQLITE_STATIC);
    sqlite3_bind_int64(g.put, 2, c->case_id);
    sqlite3_bind_text(g.put, 3, steps[(c->seq - 1) % 5], -1, SQLITE_STATIC);
    sqlite3_bind_int64(g.put, 4, now);
    sqlite3_bind_int64(g.put, 5, now / DAY_MS * DAY_MS + (1 + c->seq) * DAY_MS);
    run(g.put, "task");
}

static void write_batch(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t now = t.tv_sec * 1000ll + t.tv_nsec / 1000000;
    run(g.begin, "begin");
    for (int i = 0; i < g.batch_n; i++) {
        connection *c = g.batch[i];
        sqlite3_bind_int64(g.event, 1, c->leaf);
        sqlite3_bind_int64(g.event, 2, c->case_id);
        sqlite3_bind_int64(g.event, 3, now);
        sqlite3_bind_text(g.event, 4, c->body, c->body_n, SQLITE_STATIC);
        sqlite3_bind_int64(g.kase, 1, c->case_id);
        sqlite3_bind_int64(g.kase, 2, c->leaf);
        sqlite3_bind_text(g.kase, 3, g.state, g.state_n, SQLITE_STATIC);
        if (!g.lean) bind_rest(c, now);
        run(g.event, "event");
        run(g.kase, "case");
        if (!g.lean) put_tasks(c, now);
    }
    run(g.commit, "commit");
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames) {
    (void)arg, (void)db, (void)name;
    g.wal = (int64_t)frames * FRAME_BYTES;
    return SQLITE_OK;
}

/* On the writer's thread, after the batch was handed back. */
static void look_at_log(void) {
    pthread_mutex_lock(&g.lock);
    bool busy = g.passive || g.passive_running;
    if (!busy && g.wal < WAL_BOUND && g.wal >= g.passive_at) {
        g.passive = true;
        g.passive_at = g.wal + WAL_PASSIVE;
        pthread_cond_signal(&g.check);
    }
    pthread_mutex_unlock(&g.lock);
    if (busy || g.wal < WAL_BOUND) return;
    if (sqlite3_wal_checkpoint_v2(g.db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL) == SQLITE_OK) {
        g.wal = 0;
        g.passive_at = WAL_PASSIVE;
    }
}

static void *writer(void *arg) {
    (void)arg;
    pthread_mutex_lock(&g.lock);
    for (;;) {
        while (!g.given && !g.stop) pthread_cond_wait(&g.work, &g.lock);
        if (g.stop) break;
        g.given = false;
        pthread_mutex_unlock(&g.lock);
        write_batch();
        pthread_mutex_lock(&g.lock);
        g.written = true;
        pthread_mutex_unlock(&g.lock);
        uv_async_send(&g.done);
        look_at_log();
        pthread_mutex_lock(&g.lock);
    }
    pthread_mutex_unlock(&g.lock);
    return NULL;
}

static void *checkpointer(void *arg) {
    (void)arg;
    pthread_mutex_lock(&g.lock);
    for (;;) {
        while (!g.passive && !g.stop) pthread_cond_wait(&g.check, &g.lock);
        if (g.stop) break;
        g.passive = false;
        g.passive_running = true;
        pthread_mutex_unlock(&g.lock);
        sqlite3_wal_checkpoint_v2(g.beside, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        pthread_mutex_lock(&g.lock);
        g.passive_running = false;
    }
    pthread_mutex_unlock(&g.lock);
    return NULL;
}

/* ---- connections ---- */

static void on_closed(uv_handle_t *h) { free(h->data); }

static void close_connection(connection *c) {
    c->closing = true; /* while the writer has its body, it stays */
    if (!c->busy && !uv_is_closing((uv_handle_t *)&c->tcp)) uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void give(void) {
    if (g.writing || !g.first) return;
    for (g.batch_n = 0; g.first && g.batch_n < BATCH; g.first = g.first->next) {
        g.first->leaf = ++g.leaf;
        g.batch[g.batch_n++] = g.first;
    }
    if (!g.first) g.last = &g.first;
    g.writing = true;
    pthread_mutex_lock(&g.lock);
    g.given = true;
    pthread_cond_signal(&g.work);
    pthread_mutex_unlock(&g.lock);
}

static void on_written(uv_write_t *w, int status) {
    if (status) close_connection(w->data);
}

static void answer(connection *c) {
    char body[48];
    int n = snprintf(body, sizeof body, "{\"leaf\":%lld}", (long long)c->leaf);
    n = snprintf(c->out, sizeof c->out,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n, body);
    c->busy = false;
    c->in_n = 0;
    if (c->closing) {
        close_connection(c);
        return;
    }
    uv_buf_t part = uv_buf_init(c->out, (unsigned)n);
    int sent = uv_try_write((uv_stream_t *)&c->tcp, &part, 1);
    if (sent == n) return;
    size_t from = sent > 0 ? (size_t)sent : 0;
    part = uv_buf_init(c->out + from, (unsigned)((size_t)n - from));
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &part, 1, on_written) != 0) close_connection(c);
}

static void on_done(uv_async_t *async) {
    (void)async;
    pthread_mutex_lock(&g.lock);
    bool written = g.written;
    g.written = false;
    pthread_mutex_unlock(&g.lock);
    if (!written) return;
    int n = g.batch_n;
    memcpy(g.answer, g.batch, sizeof g.batch);
    g.writing = false;
    give();
    for (int i = 0; i < n; i++) answer(g.answer[i]);
    give();
}

/* Exactly what bench_load sends: one request at a time, POST /cases/N/…, Content-Length. */
static bool parse(connection *c) {
    c->in[c->in_n] = '\0';
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return true;
    const char *length = NULL;
    for (char *line = strstr(c->in, "\r\n"); line < end; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, "content-length:", 15) == 0) length = line + 17;
    if (strncmp(c->in, "POST /cases/", 12) != 0 || !length) return false;
    c->body = end + 4;
    c->body_n = atoi(length);
    if (c->body_n < 0 || c->body_n > REQUEST_BYTES / 2) return false;
    if (c->in_n < (size_t)(c->body - c->in) + (size_t)c->body_n) return true;
    c->case_id = strtoll(c->in + 12, NULL, 10);
    c->busy = true;
    c->next = NULL;
    *g.last = c;
    g.last = &c->next;
    give();
    return true;
}

static void on_room(uv_handle_t *h, size_t wanted, uv_buf_t *buf) {
    (void)wanted;
    connection *c = h->data;
    *buf = c->busy ? uv_buf_init(NULL, 0) : uv_buf_init(c->in + c->in_n, (unsigned)(REQUEST_BYTES - 1 - c->in_n));
}

static void on_data(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
    (void)buf;
    connection *c = s->data;
    if (n == 0) return;
    if (n > 0) c->in_n += (size_t)n;
    if (n < 0 || !parse(c)) {
        uv_read_stop(s);
        close_connection(c);
    }
}

static void on_connection(uv_stream_t *listener, int status) {
    connection *c = status ? NULL : calloc(1, sizeof *c);
    if (!c) return;
    uv_tcp_init(&g.loop, &c->tcp);
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
        close_connection(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, on_room, on_data);
}

static void on_term(uv_signal_t *s, int number) {
    (void)s, (void)number;
    uv_stop(&g.loop);
}

/* ---- start ---- */

static const char lean_schema[] = "CREATE TABLE event(leaf INTEGER PRIMARY KEY, case_id INTEGER NOT NULL,"
                                  " at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;"
                                  "CREATE TABLE cases(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
                                  " last INTEGER NOT NULL, state TEXT NOT NULL) STRICT;";
static const char same_schema[] =
    "CREATE TABLE event(leaf INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, seq INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " at INTEGER NOT NULL, wall INTEGER NOT NULL, kind TEXT NOT NULL, program INTEGER NOT NULL, world INTEGER NOT NULL,"
    " semantics INTEGER NOT NULL, request TEXT, body TEXT NOT NULL, outcome BLOB NOT NULL) STRICT;"
    "CREATE TABLE cases(id INTEGER PRIMARY KEY, name TEXT NOT NULL, matter TEXT NOT NULL, program INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, last INTEGER NOT NULL, due INTEGER, state TEXT NOT NULL, keys BLOB NOT NULL, origin INTEGER, applicant TEXT NOT NULL) STRICT;"
    "CREATE INDEX cases_applicant ON cases(applicant);"
    "CREATE INDEX cases_due ON cases(due) WHERE due IS NOT NULL;"
    "CREATE UNIQUE INDEX cases_origin ON cases(origin) WHERE origin IS NOT NULL;"
    "CREATE TABLE task(place TEXT NOT NULL, post TEXT NOT NULL, case_id INTEGER NOT NULL, step TEXT NOT NULL,"
    " matter TEXT NOT NULL, entered INTEGER NOT NULL, due INTEGER, overdue INTEGER NOT NULL,"
    " PRIMARY KEY(place, post, case_id, step)) STRICT, WITHOUT ROWID;";

static sqlite3_stmt *prepare(const char *text) {
    sqlite3_stmt *st = NULL;
    must(sqlite3_prepare_v2(g.db, text, -1, &st, NULL), text);
    return st;
}

static void open_database(const char *path) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* as the server does */
    must(sqlite3_open_v2(path, &g.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL), path);
    must(sqlite3_exec(g.db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                            "PRAGMA cache_size=-8192;", NULL, NULL, NULL), "pragmas");
    must(sqlite3_exec(g.db, g.lean ? lean_schema : same_schema, NULL, NULL, NULL), "schema");
    g.begin = prepare("BEGIN IMMEDIATE");
    g.commit = prepare("COMMIT");
    if (g.lean) {
        g.event = prepare("INSERT INTO event VALUES(?1, ?2, ?3, ?4)");
        g.kase = prepare("INSERT INTO cases VALUES(?1, 1, ?2, ?3)"
                         " ON CONFLICT(id) DO UPDATE SET seq=seq+1, last=?2, state=?3");
    } else {
        g.event = prepare("INSERT INTO event VALUES(?1, ?2, ?5, ?6, ?3, ?3, 'act', 5, 1, 1, ?7, ?4, ?8)");
        g.kase = prepare("INSERT INTO cases VALUES(?1, '13TXS1ZD6PGG1', '开具户籍类证明', 5, ?4, ?2, ?5, ?3, x'00', ?6, '李四')"
                         " ON CONFLICT(id) DO UPDATE SET seq=?4, last=?2, due=?5, state=?3");
        g.drop = prepare("DELETE FROM task WHERE place='370402' AND post=?1 AND case_id=?2 AND step=?3");
        g.put = prepare("INSERT OR REPLACE INTO task VALUES('370402', ?1, ?2, ?3, '开具户籍类证明', ?4, ?5, 0)");
    }
    sqlite3_wal_hook(g.db, on_wal, NULL);
    must(sqlite3_open_v2(path, &g.beside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL), path);
    must(sqlite3_exec(g.beside, "PRAGMA synchronous=FULL; PRAGMA schema_version", NULL, NULL, NULL), path);
    g.passive_at = WAL_PASSIVE;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"db", 1, NULL, 'd'}, {"port", 1, NULL, 'p'}, {"state", 1, NULL, 's'},
                                            {"rows", 1, NULL, 'r'}, {0}};
    const char *db = NULL;
    int port = 0;
    g.state_n = 300;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'd') db = optarg;
        else if (o == 'p') port = atoi(optarg);
        else if (o == 's') g.state_n = atoi(optarg);
        else if (o == 'r') g.lean = strcmp(optarg, "lean") == 0;
    }
    if (!db || port <= 0 || g.state_n < 0 || g.state_n > STATE_BYTES) {
        fprintf(stderr, "usage: bench_bare --db FILE --port P [--state BYTES] [--rows same|lean]\n");
        return 2;
    }
    memset(g.state, 's', sizeof g.state);
    g.last = &g.first;
    pthread_mutex_init(&g.lock, NULL);
    pthread_cond_init(&g.work, NULL);
    pthread_cond_init(&g.check, NULL);
    open_database(db);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&g.loop);
    uv_async_init(&g.loop, &g.done, on_done);
    uv_signal_init(&g.loop, &g.term);
    uv_signal_start(&g.term, on_term, SIGTERM);
    struct sockaddr_in at;
    uv_ip4_addr("127.0.0.1", port, &at);
    uv_tcp_init(&g.loop, &g.listener);
    int bad = uv_tcp_bind(&g.listener, (struct sockaddr *)&at, 0);
    if (!bad) bad = uv_listen((uv_stream_t *)&g.listener, 1024, on_connection);
    if (bad) return fprintf(stderr, "bench_bare: cannot listen on %d: %s\n", port, uv_strerror(bad)), 2;
    bad = pthread_create(&g.writer, NULL, writer, NULL) || pthread_create(&g.checkpointer, NULL, checkpointer, NULL);
    if (bad) return fprintf(stderr, "bench_bare: no thread\n"), 2;
    printf("bench_bare: http://127.0.0.1:%d\n", port);
    fflush(stdout);
    uv_run(&g.loop, UV_RUN_DEFAULT);

    pthread_mutex_lock(&g.lock);
    g.stop = true;
    pthread_cond_broadcast(&g.work);
    pthread_cond_broadcast(&g.check);
    pthread_mutex_unlock(&g.lock);
    pthread_join(g.writer, NULL);
    pthread_join(g.checkpointer, NULL);
    sqlite3_stmt *all[] = {g.begin, g.commit, g.event, g.kase, g.drop, g.put};
    for (int i = 0; i < 6; i++) sqlite3_finalize(all[i]);
    sqlite3_close(g.beside);
    sqlite3_close(g.db);
    return 0; /* connections and the loop end with the process */
}
