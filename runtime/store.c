/* What all stores share: which thread does what, the checks of the contract, faults for tests, rows into arenas.
 *
 *   loop thread                 writer               background            reading
 *   submit, reopen  ──────────▶ transaction, fsync
 *   done ◀────────────────────
 *   log above its bound ──────▶ finish checkpoint
 *   log grew by 4 MiB ───────────────────────────▶ passive checkpoint
 *   backup ──────────────────────────────────────▶ copy
 *   read ──────────────────────────────────────────────────────────────▶ work(reader)
 *
 * Why two ways of checkpointing: one that runs beside the writer never meets the moment when the whole log is copied,
 * so under load the log would not restart (measured: 757 MiB in 12 s); one by the writer alone makes every batch
 * behind it wait for all the copying. So the background copies most of it, and the writer, between two batches and
 * after the answers of the first have left, copies the rest and restarts the log.
 *
 * (Tried, and without gain on two cores, where the loop, the writer and the system's own work fill both: a thread that makes the leaves
 * of what waits; the writes of a commit to the log gathered into one, which also wrote a tenth more to the disk.) */
#include "store_backend.h"
#include "digest.h"
#include "leaf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tb_store_result_name(int result) {
    static const char *const names[] = {"ok", "retry", "unknown", "corrupt", "none"};
    return result >= 0 && result <= TB_STORE_NONE ? names[result] : "?";
}

int tb__store_refuse(tb_store_error *error, int code, bool english, const char *path, const char *detail) {
    /* The texts are literals of the table; a switch keeps the format strings checked. */
    error->code = code;
    error->text[0] = '\0';
    switch (code) {
#define X(id, label, zh, en)                                          \
    case TB_STORE_ERROR_##id:                                         \
        error->name = label;                                          \
        if (english) snprintf(error->text, sizeof error->text, en, path); \
        else snprintf(error->text, sizeof error->text, zh, path);     \
        break;
        TB_STORE_ERRORS(X)
#undef X
    default: error->name = ""; break;
    }
    size_t n = strlen(error->text);
    if (detail && *detail) snprintf(error->text + n, sizeof error->text - n, english ? " (%s)" : "（%s）", detail);
    return TB_FAILED;
}

static int fault(const tb_store *s, const char *point) {
    return s->options.fault ? s->options.fault(s->options.fault_user, point) : TB_STORE_OK;
}

/* ---- jobs: one message to a thread and back ---- */

enum job_kind { JOB_WRITE, JOB_REOPEN, JOB_BACKUP, JOB_CHECKPOINT, JOB_PASSIVE, JOB_FORCE, JOB_READ };

struct job {
    enum job_kind kind;
    tb_store *s;
    tb_write *const *writes;
    uint32_t count;
    char *path;
    tb_store_done done;
    void *user;
    tb_store_work read;
    void (*read_done)(void *arg, int result);
    int result;
    tb_store_tail tail; /* of the log after the job */
    char why[TB__WHY];
};

/* Leaf numbers come from the loop thread; that they continue the log on disk is checked where they land. */
static bool continues(const tb_store *s, const struct job *j, tb_store_tail *tail) {
    *tail = s->written;
    for (uint32_t i = 0; i < j->count; i++)
        for (uint32_t k = 0; k < j->writes[i]->events.count; k++) {
            const tb_event_row *e = &j->writes[i]->events.items[k];
            if (e->leaf != tail->leaf + 1) return false;
            *tail = (tb_store_tail){e->leaf, e->at, e->wall};
        }
    return true;
}

/* ---- the ledger: what is written gets its leaf ---- */

static void digest_outcome(tb_event_row *e) {
    if (e->sealed.p) tb_sm3(e->sealed.p, e->sealed.n, e->outcome);
    e->sealed = (tb_str){NULL, 0};
}

void tb_store_prepare(tb_write *w) {
    for (uint32_t i = 0; i < w->events.count; i++) digest_outcome(&w->events.items[i]);
}

struct sealing {
    const struct job *j;
    tb_merkle *tree;
    const uint8_t *seeds;
};

static int seal(void *arg) {
    struct sealing *x = arg;
    for (uint32_t i = 0; i < x->j->count; i++)
        for (uint32_t k = 0; k < x->j->writes[i]->events.count; k++) {
            tb_event_row *e = &x->j->writes[i]->events.items[k];
            digest_outcome(e);
            tb_leaf_append(x->j->s->leaves, x->tree, e, x->seeds);
            x->seeds += TB_SALT;
        }
    return TB_OK;
}

/* The leaves of a batch, on a copy of the tree: the batch may fail. */
static int seal_batch(struct job *j, tb_merkle *tree) {
    tb_store *s = j->s;
    size_t events = 0;
    *tree = s->ledger;
    for (uint32_t i = 0; i < j->count; i++) events += j->writes[i]->events.count;
    tb_arena_reset(s->leaves);
    if (events == 0) return TB_STORE_OK;
    uint8_t *seeds = tb_alloc(s->leaves, events * TB_SALT);
    int rc = !seeds ? TB_NOMEM : tb_io_random(s->options.io, seeds, events * TB_SALT);
    if (rc == TB_OK) rc = tb_try(s->leaves, seal, &(struct sealing){j, tree, seeds});
    if (rc == TB_OK) return TB_STORE_OK;
    snprintf(j->why, TB__WHY, rc == TB_NOMEM ? "out of memory" : "the system gives no random bytes");
    return TB_STORE_RETRY;
}

/* What the store gave to the rows lies in its own arena. */
static void take_back(const struct job *j) {
    for (uint32_t i = 0; i < j->count; i++)
        for (uint32_t k = 0; k < j->writes[i]->events.count; k++)
            j->writes[i]->events.items[k].salts = j->writes[i]->events.items[k].tree = (tb_str){NULL, 0};
}

struct peak {
    int level, result;
    bool found;
    int64_t last;
    uint8_t *out;
};

static int take_peak(void *user, const void *row) {
    struct peak *x = user;
    const tb_event_row *e = row;
    size_t at = (size_t)x->level * TB_HASH;
    x->found = e->leaf == x->last && e->tree.n == (size_t)tb_merkle_ends(x->last) * TB_HASH;
    if (x->found) memcpy(x->out, e->tree.p + at, TB_HASH);
    return 1;
}

static int read_peak(void *user, int64_t last, int level, uint8_t out[TB_HASH]) {
    tb_reader *r = user;
    struct peak x = {.level = level, .last = last, .out = out};
    tb__query q = {.kind = TB__LEAVES, .from = last, .limit = 1};
    int result = r->store->ops->scan(r, &q, take_peak, &x);
    if (result == TB_STORE_OK && !x.found) {
        snprintf(r->why, TB__WHY, "the ledger is damaged at leaf %lld (tongban audit verify)", (long long)last);
        result = TB_STORE_CORRUPT;
    }
    return result;
}

int tb_read_ledger(tb_reader *r, int64_t size, tb_merkle *tree) {
    r->why[0] = '\0';
    return tb_merkle_open(tree, tb_sm3, size, read_peak, r);
}

/* The tree over what is on disk, on the thread that writes: in O(log n) reads. */
static int open_ledger(tb_store *s, char *why) {
    tb_reader *r = s->ops->reader_open(s);
    if (!r) return snprintf(why, TB__WHY, "out of memory"), TB_STORE_RETRY;
    int result = tb_read_ledger(r, s->written.leaf, &s->ledger);
    if (result) snprintf(why, TB__WHY, "%s", r->why);
    tb_reader_close(r);
    return result;
}

static int write_batch(struct job *j) {
    tb_store *s = j->s;
    tb_store_tail tail;
    if (s->options.read_only) return snprintf(j->why, TB__WHY, "opened read-only"), TB_STORE_RETRY;
    if (s->lost) return snprintf(j->why, TB__WHY, "waiting to be reopened"), TB_STORE_RETRY;
    int result = fault(s, TB_FAULT_BEGIN);
    if (result) return snprintf(j->why, TB__WHY, "injected at %s", TB_FAULT_BEGIN), result;
    if (!continues(s, j, &tail)) {
        snprintf(j->why, TB__WHY, "leaf out of order after %lld", (long long)s->written.leaf);
        return TB_STORE_CORRUPT;
    }
    tb_merkle tree;
    result = seal_batch(j, &tree);
    if (result == TB_STORE_OK) result = s->ops->write(s, j->writes, j->count, j->why);
    take_back(j);
    if (result) return result;
    result = fault(s, TB_FAULT_COMMIT);
    if (result) return snprintf(j->why, TB__WHY, "injected at %s", TB_FAULT_COMMIT), result;
    s->written = tail;
    s->ledger = tree;
    atomic_fetch_add(&s->batches, 1);
    atomic_fetch_add(&s->writes, j->count);
    return TB_STORE_OK;
}

static int reopen(struct job *j) {
    tb_store *s = j->s;
    int result = fault(s, TB_FAULT_REOPEN);
    if (result) return snprintf(j->why, TB__WHY, "injected at %s", TB_FAULT_REOPEN), result;
    result = s->ops->reopen(s, &s->written, j->why);
    if (result == TB_STORE_OK) result = open_ledger(s, j->why);
    if (result == TB_STORE_OK) s->lost = false;
    return result;
}

static int read_work(struct job *j) {
    tb_reader *r = j->s->reader;
    int result = tb_reader_begin(r);
    if (result) return result;
    result = j->read(r, j->user);
    tb_reader_end(r);
    return result;
}

static void work(void *arg) { /* on the job's thread */
    struct job *j = arg;
    tb_store *s = j->s;
    switch (j->kind) {
    case JOB_WRITE:
        j->result = write_batch(j);
        if (j->result == TB_STORE_UNKNOWN) s->lost = true;
        j->tail = s->written;
        break;
    case JOB_REOPEN:
        j->result = reopen(j);
        j->tail = s->written;
        break;
    case JOB_BACKUP: j->result = s->ops->backup(s, j->path, j->why); break;
    case JOB_PASSIVE: j->result = s->ops->passive(s, j->why); break;
    case JOB_CHECKPOINT:
    case JOB_FORCE:
        j->result = s->lost ? TB_STORE_RETRY : s->ops->checkpoint(s, j->kind == JOB_CHECKPOINT, j->why);
        break;
    case JOB_READ: j->result = read_work(j); break;
    }
}

static void look_at_log(tb_store *s);

static void finish(void *arg) { /* on the loop */
    struct job *j = arg;
    tb_store *s = j->s;
    uint64_t wal = atomic_load(&s->wal_bytes);
    switch (j->kind) {
    case JOB_WRITE:
        s->tail = j->tail;
        if (!s->closing) look_at_log(s); /* before `done`: the batch that it submits waits for a checkpoint */
        break;
    case JOB_REOPEN:
        if (j->result == TB_STORE_OK) s->tail = j->tail;
        break;
    case JOB_PASSIVE:
        s->checkpointing = false;
        s->passive_at = wal + TB_STORE_WAL_PASSIVE;
        if (j->result == TB_STORE_OK) atomic_fetch_add(&s->passive, 1);
        break;
    case JOB_FORCE:
        s->checkpointing = false;
        /* A long reader may hold the log: no use in trying after every batch. */
        s->forced_at = j->result == TB_STORE_OK ? s->options.wal_bound : wal + TB_STORE_WAL_PASSIVE / 4;
        if (j->result == TB_STORE_OK) atomic_fetch_add(&s->forced, 1);
        break;
    default: break;
    }
    if (j->done) j->done(j->user, j->result, j->why);
    if (j->read_done) j->read_done(j->user, j->result);
    free(j->path);
    free(j);
}

static tb_io_worker *worker_of(tb_store *s, enum job_kind kind) {
    switch (kind) {
    case JOB_READ: return s->reading;
    case JOB_BACKUP:
    case JOB_PASSIVE: return s->background;
    default: return s->writer;
    }
}

static int submit(tb_store *s, struct job parts) {
    if (s->closing) return free(parts.path), TB_FAILED;
    struct job *j = malloc(sizeof *j);
    if (!j) return free(parts.path), TB_NOMEM;
    *j = parts;
    j->s = s;
    if (!s->options.io) {
        work(j);
        finish(j);
        return TB_OK;
    }
    int result = tb_io_worker_submit(worker_of(s, j->kind), work, finish, j);
    if (result) {
        free(j->path);
        free(j);
    }
    return result;
}

static void look_at_log(tb_store *s) {
    uint64_t wal = atomic_load(&s->wal_bytes);
    if (wal < s->wal_seen) { /* it was restarted */
        s->passive_at = TB_STORE_WAL_PASSIVE;
        s->forced_at = s->options.wal_bound;
    }
    s->wal_seen = wal;
    if (s->checkpointing) return;
    /* When a message cannot be sent for want of memory, the next batch looks again. */
    if (wal >= s->forced_at) {
        s->checkpointing = true;
        if (submit(s, (struct job){.kind = JOB_FORCE})) s->checkpointing = false;
    } else if (wal >= s->passive_at && s->options.io) {
        s->checkpointing = true;
        if (submit(s, (struct job){.kind = JOB_PASSIVE})) s->checkpointing = false;
    }
}

/* ---- the public face of writing ---- */

int tb__store_start(tb_store *s, const tb__backend *ops, const tb_store_options *options, const char *path,
                    tb_store_error *error) {
    s->ops = ops;
    if (options) s->options = *options;
    if (!s->options.wal_bound) s->options.wal_bound = TB_STORE_WAL_BOUND;
    s->tail = s->written;
    s->passive_at = TB_STORE_WAL_PASSIVE;
    s->forced_at = s->options.wal_bound;
    tb_io *io = s->options.io;
    s->reader = ops->reader_open(s);
    s->leaves = tb_arena_new(NULL, 0);
    if (io) {
        s->writer = tb_io_worker_new(io, "writer");
        s->background = tb_io_worker_new(io, "checkpoint");
        s->reading = tb_io_worker_new(io, "reader");
    }
    if (s->reader && s->leaves && (!io || (s->writer && s->background && s->reading))) {
        char why[TB__WHY] = "";
        int result = s->options.read_only ? TB_STORE_OK : open_ledger(s, why);
        if (result == TB_STORE_OK) return TB_OK;
        int code = result == TB_STORE_CORRUPT ? TB_STORE_ERROR_CORRUPT : result == TB_STORE_RETRY ? TB_STORE_ERROR_NOMEM : TB_STORE_ERROR_IO;
        return tb__store_refuse(error, code, s->options.english, path, why);
    }
    return tb__store_refuse(error, TB_STORE_ERROR_NOMEM, s->options.english, path, NULL);
}

void tb_store_close(tb_store *s) {
    if (!s) return;
    s->closing = true;
    tb_io_worker_free(s->writer);
    tb_io_worker_free(s->background);
    tb_io_worker_free(s->reading);
    tb_reader_close(s->reader);
    tb_arena_free(s->leaves);
    s->ops->close(s);
}

tb_store_tail tb_store_last(const tb_store *s) { return s->tail; }

bool tb_store_lags(const tb_store *s) { return s->lags; }

int tb_store_submit(tb_store *s, tb_write *const *writes, uint32_t count, tb_store_done done, void *user) {
    return submit(s, (struct job){.kind = JOB_WRITE, .writes = writes, .count = count, .done = done, .user = user});
}

int tb_store_reopen(tb_store *s, tb_store_done done, void *user) {
    return submit(s, (struct job){.kind = JOB_REOPEN, .done = done, .user = user});
}

int tb_store_backup(tb_store *s, const char *path, tb_store_done done, void *user) {
    char *copy = strdup(path);
    if (!copy) return TB_NOMEM;
    return submit(s, (struct job){.kind = JOB_BACKUP, .path = copy, .done = done, .user = user});
}

int tb_store_checkpoint(tb_store *s, tb_store_done done, void *user) {
    return submit(s, (struct job){.kind = JOB_CHECKPOINT, .done = done, .user = user});
}

int tb_store_read(tb_store *s, tb_store_work read, void (*done)(void *arg, int result), void *arg) {
    return submit(s, (struct job){.kind = JOB_READ, .read = read, .read_done = done, .user = arg});
}

tb_store_stats tb_store_stats_now(const tb_store *s) {
    return (tb_store_stats){.batches = atomic_load(&s->batches), .writes = atomic_load(&s->writes),
                            .wal_bytes = atomic_load(&s->wal_bytes), .checkpoints_passive = atomic_load(&s->passive),
                            .checkpoints_forced = atomic_load(&s->forced)};
}

/* ---- reading ---- */

tb_reader *tb_reader_open(tb_store *s) { return s->ops->reader_open(s); }
void tb_reader_close(tb_reader *r) { if (r) r->store->ops->reader_close(r); }
const char *tb_reader_why(const tb_reader *r) { return r->why; }
int tb_reader_begin(tb_reader *r) { return r->store->ops->begin(r); }
void tb_reader_end(tb_reader *r) { r->store->ops->end(r); }

int tb_reader_check(tb_reader *r) {
    r->why[0] = '\0';
    return r->store->ops->check(r);
}

static int scan(tb_reader *r, tb__query q, tb__row_fn *each, void *user) {
    r->why[0] = '\0';
    int result = fault(r->store, TB_FAULT_READ);
    if (result) return snprintf(r->why, TB__WHY, "injected at %s", TB_FAULT_READ), result;
    return r->store->ops->scan(r, &q, each, user);
}

/* Rows that shall outlive the scan are copied under a tb_try of their own: a jump to a caller's tb_try would leave
 * the scan (a statement, a lock) open. */
struct take {
    tb_arena *arena;
    const void *row;
    void *into;                              /* a row, or a list */
    void (*copy)(struct take *t);
    bool found;
    int result;
};

static int copy_under_try(void *arg) {
    struct take *t = arg;
    t->copy(t);
    return TB_OK;
}

static int take_row(void *user, const void *row) {
    struct take *t = user;
    t->row = row;
    t->found = true;
    t->result = tb_try(t->arena, copy_under_try, t) == TB_OK ? TB_STORE_OK : TB_STORE_RETRY;
    return t->result;
}

static int take(tb_reader *r, tb__query q, tb_arena *a, void (*copy)(struct take *), void *into, bool *found) {
    struct take t = {.arena = a, .into = into, .copy = copy};
    int result = scan(r, q, take_row, &t);
    if (found) *found = t.found;
    return result ? result : t.result;
}

static tb_str copy_or_none(tb_arena *a, tb_str s) { return s.p ? tb_str_copy(a, s) : s; }

static void copy_event_to(tb_arena *a, const tb_event_row *from, tb_event_row *to) {
    *to = *from;
    to->kind = tb_str_copy(a, from->kind);
    to->request = copy_or_none(a, from->request);
    to->body = tb_str_copy(a, from->body);
    to->salts = copy_or_none(a, from->salts);
    to->tree = copy_or_none(a, from->tree);
}

static void copy_event(struct take *t) { copy_event_to(t->arena, t->row, t->into); }

static void copy_case(struct take *t) {
    const tb_case_row *from = t->row;
    tb_case_row *to = t->into;
    *to = *from;
    to->name = tb_str_copy(t->arena, from->name);
    to->matter = tb_str_copy(t->arena, from->matter);
    to->state = tb_str_copy(t->arena, from->state);
    to->keys = tb_str_copy(t->arena, from->keys);
}

static void copy_text(struct take *t) { *(tb_str *)t->into = tb_str_copy(t->arena, *(const tb_str *)t->row); }

static void push_due(struct take *t) { *TB_PUSH(t->arena, *(tb_due_list *)t->into) = *(const tb_due_row *)t->row; }

static void push_task(struct take *t) {
    const tb_task_row *from = t->row;
    tb_task_row to = *from;
    to.place = tb_str_copy(t->arena, from->place);
    to.post = tb_str_copy(t->arena, from->post);
    to.step = tb_str_copy(t->arena, from->step);
    to.matter = tb_str_copy(t->arena, from->matter);
    to.holder = tb_str_copy(t->arena, from->holder);
    to.alert = tb_str_copy(t->arena, from->alert);
    *TB_PUSH(t->arena, *(tb_task_list *)t->into) = to;
}

/* One row by its number: the first of a scan from there, if it is that one. */
int tb_read_case(tb_reader *r, int64_t id, tb_arena *a, tb_case_row *row) {
    bool found;
    int result = take(r, (tb__query){.kind = TB__CASES, .from = id, .limit = 1}, a, copy_case, row, &found);
    return result ? result : found && row->id == id ? TB_STORE_OK : TB_STORE_NONE;
}

int tb_read_case_of(tb_reader *r, int64_t origin, tb_arena *a, tb_case_row *row) {
    bool found = false;
    if (origin == 0) return TB_STORE_NONE;
    int result = take(r, (tb__query){.kind = TB__ORIGIN, .from = origin, .limit = 1}, a, copy_case, row, &found);
    return result ? result : found ? TB_STORE_OK : TB_STORE_NONE;
}

static void push_case(struct take *t) {
    struct take one = {.arena = t->arena, .row = t->row, .into = TB_PUSH(t->arena, *(tb_case_list *)t->into)};
    copy_case(&one);
}

int tb_read_cases_by(tb_reader *r, tb_str applicant, int64_t before, uint32_t limit, tb_arena *a, tb_case_list *rows) {
    *rows = (tb_case_list){0};
    return take(r, (tb__query){.kind = TB__APPLICANT, .key = applicant, .until = before, .limit = limit}, a, push_case, rows, NULL);
}

int tb_read_event(tb_reader *r, int64_t leaf, tb_arena *a, tb_event_row *row) {
    bool found;
    int result = take(r, (tb__query){.kind = TB__EVENTS, .from = leaf, .limit = 1}, a, copy_event, row, &found);
    return result ? result : found && row->leaf == leaf ? TB_STORE_OK : TB_STORE_NONE;
}

int tb_read_leaf(tb_reader *r, int64_t leaf, tb_arena *a, tb_event_row *row) {
    bool found;
    int result = take(r, (tb__query){.kind = TB__LEAVES, .from = leaf, .limit = 1}, a, copy_event, row, &found);
    return result ? result : found && row->leaf == leaf ? TB_STORE_OK : TB_STORE_NONE;
}

static int read_text(tb_reader *r, tb__kind kind, tb_str key, tb_arena *a, tb_str *text) {
    bool found;
    int result = take(r, (tb__query){.kind = kind, .key = key, .limit = 1}, a, copy_text, text, &found);
    return result ? result : found ? TB_STORE_OK : TB_STORE_NONE;
}

int tb_read_source(tb_reader *r, const uint8_t digest[TB_DIGEST], tb_arena *a, tb_str *bytes) {
    return read_text(r, TB__SOURCE, (tb_str){(const char *)digest, TB_DIGEST}, a, bytes);
}

int tb_read_attachment(tb_reader *r, const uint8_t digest[TB_DIGEST], tb_arena *a, tb_str *bytes) {
    return read_text(r, TB__ATTACHMENT, (tb_str){(const char *)digest, TB_DIGEST}, a, bytes);
}

int tb_read_meta(tb_reader *r, tb_str key, tb_arena *a, tb_str *value) {
    return read_text(r, TB__META, key, a, value);
}

static int take_tail(void *user, const void *row) {
    const tb_event_row *e = row;
    *(tb_store_tail *)user = (tb_store_tail){e->leaf, e->at, e->wall};
    return 1;
}

int tb_read_tail(tb_reader *r, tb_store_tail *tail) {
    *tail = (tb_store_tail){0};
    return scan(r, (tb__query){.kind = TB__LAST_EVENT, .limit = 1}, take_tail, tail);
}

static void push_event(struct take *t) {
    tb_event_row copy;
    copy_event_to(t->arena, t->row, &copy);
    *TB_PUSH(t->arena, *(tb_event_list *)t->into) = copy;
}

/* What of an event ties it to the one before it. */
typedef struct link {
    int64_t leaf, case_id, seq, prev;
} link_row;

/* Is `e`, found at `leaf`, a link of the chain whose newer one is `newer` (NULL: it is the first we look at)? */
static int check_link(tb_reader *r, int64_t leaf, const link_row *e, const link_row *newer) {
    bool linked = e && e->leaf == leaf && e->prev < leaf && (e->prev > 0) == (e->seq > 1) &&
                  (!newer || (e->case_id == newer->case_id && e->seq == newer->seq - 1));
    if (linked) return TB_STORE_OK;
    snprintf(r->why, TB__WHY, "the chain of a case is broken at leaf %lld", (long long)leaf);
    return TB_STORE_CORRUPT;
}

static link_row link_of(const tb_event_row *e) { return (link_row){e->leaf, e->case_id, e->seq, e->prev}; }

int tb_read_history(tb_reader *r, int64_t leaf, uint32_t limit, tb_arena *a, tb_event_list *rows) {
    link_row one, newer;
    *rows = (tb_event_list){0};
    while (leaf > 0 && (limit == 0 || rows->count < limit)) {
        bool found, first = rows->count == 0;
        int result = take(r, (tb__query){.kind = TB__EVENTS, .from = leaf, .limit = 1}, a, push_event, rows, &found);
        if (result) return result;
        if (found) one = link_of(&rows->items[rows->count - 1]);
        if ((result = check_link(r, leaf, found ? &one : NULL, first ? NULL : &newer))) return result;
        newer = one;
        leaf = one.prev;
    }
    return TB_STORE_OK;
}

static int take_link(void *user, const void *row) {
    *(link_row *)user = link_of(row);
    return 0;
}

typedef struct leaf_push {
    tb_arena *a;
    tb_leaf_list *leaves;
    int64_t leaf;
} leaf_push;
static int push_leaf(void *arg) {
    leaf_push *p = arg;
    *TB_PUSH(p->a, *p->leaves) = p->leaf;
    return TB_OK;
}

int tb_read_chain(tb_reader *r, int64_t leaf, tb_arena *a, tb_leaf_list *leaves) {
    link_row one, newer;
    *leaves = (tb_leaf_list){0};
    while (leaf > 0) {
        one.leaf = 0;
        int result = scan(r, (tb__query){.kind = TB__EVENTS, .from = leaf, .limit = 1}, take_link, &one);
        if (!result) result = check_link(r, leaf, one.leaf ? &one : NULL, leaves->count ? &newer : NULL);
        if (!result && tb_try(a, push_leaf, &(leaf_push){a, leaves, leaf}) != TB_OK) result = TB_STORE_RETRY;
        if (result) return result;
        newer = one;
        leaf = one.prev;
    }
    return TB_STORE_OK;
}

/* The callbacks of the public scans are typed; the one below them is not. */
struct hand {
    int (*event)(void *, const tb_event_row *);
    int (*kase)(void *, const tb_case_row *);
    int (*load)(void *, const tb_load_row *);
    void *user;
};
static int hand_event(void *h, const void *row) { return ((struct hand *)h)->event(((struct hand *)h)->user, row); }
static int hand_case(void *h, const void *row) { return ((struct hand *)h)->kase(((struct hand *)h)->user, row); }
static int hand_load(void *h, const void *row) { return ((struct hand *)h)->load(((struct hand *)h)->user, row); }

int tb_scan_events(tb_reader *r, int64_t from_leaf, uint32_t limit,
                   int (*each)(void *user, const tb_event_row *row), void *user) {
    struct hand h = {.event = each, .user = user};
    return scan(r, (tb__query){.kind = TB__EVENTS, .from = from_leaf, .limit = limit}, hand_event, &h);
}

int tb_scan_leaves(tb_reader *r, int64_t from_leaf, uint32_t limit,
                   int (*each)(void *user, const tb_event_row *row), void *user) {
    struct hand h = {.event = each, .user = user};
    return scan(r, (tb__query){.kind = TB__LEAVES, .from = from_leaf, .limit = limit}, hand_event, &h);
}

int tb_scan_cases(tb_reader *r, int64_t after_id, uint32_t limit,
                  int (*each)(void *user, const tb_case_row *row), void *user) {
    struct hand h = {.kase = each, .user = user};
    if (after_id == INT64_MAX) return TB_STORE_OK;
    return scan(r, (tb__query){.kind = TB__CASES, .from = after_id + 1, .limit = limit}, hand_case, &h);
}

int tb_scan_loads(tb_reader *r, int64_t after_leaf, uint32_t limit,
                  int (*each)(void *user, const tb_load_row *row), void *user) {
    struct hand h = {.load = each, .user = user};
    return scan(r, (tb__query){.kind = TB__LOADS, .from = after_leaf + 1, .limit = limit}, hand_load, &h);
}

int tb_read_due(tb_reader *r, int64_t t, tb_due_row after, uint32_t limit, tb_arena *a, tb_due_list *rows) {
    *rows = (tb_due_list){0};
    return take(r, (tb__query){.kind = TB__DUE, .until = t, .after = after, .limit = limit}, a, push_due, rows, NULL);
}

static int take_due(void *user, const void *row) {
    *(int64_t *)user = ((const tb_due_row *)row)->due;
    return 1;
}

int tb_read_next_due(tb_reader *r, int64_t *due) {
    *due = TB_NEVER;
    tb__query first = {.kind = TB__DUE, .until = TB_NEVER - 1, .after = {INT64_MIN, 0}, .limit = 1};
    return scan(r, first, take_due, due);
}

struct hand_people {
    int (*account)(void *, const tb_account_row *);
    int (*credential)(void *, const tb_credential_row *);
    void *user;
};
static int hand_account(void *h, const void *row) { return ((struct hand_people *)h)->account(((struct hand_people *)h)->user, row); }
static int hand_credential(void *h, const void *row) {
    return ((struct hand_people *)h)->credential(((struct hand_people *)h)->user, row);
}

int tb_scan_accounts(tb_reader *r, int (*each)(void *user, const tb_account_row *row), void *user) {
    return scan(r, (tb__query){.kind = TB__ACCOUNTS}, hand_account, &(struct hand_people){.account = each, .user = user});
}

int tb_scan_credentials(tb_reader *r, int (*each)(void *user, const tb_credential_row *row), void *user) {
    return scan(r, (tb__query){.kind = TB__CREDENTIALS}, hand_credential,
                &(struct hand_people){.credential = each, .user = user});
}

static void push_access(struct take *t) {
    tb_access_row to = *(const tb_access_row *)t->row;
    tb_str *texts[] = {&to.who, &to.role, &to.what, &to.fields, &to.why};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = tb_str_copy(t->arena, *texts[i]);
    *TB_PUSH(t->arena, *(tb_access_list *)t->into) = to;
}

int tb_read_accesses(tb_reader *r, int64_t after, int64_t case_id, tb_str who, uint32_t limit, tb_arena *a,
                     tb_access_list *rows) {
    *rows = (tb_access_list){0};
    tb__query q = {.kind = TB__ACCESSES, .from = after, .until = case_id, .key = who, .limit = limit};
    return take(r, q, a, push_access, rows, NULL);
}

static void push_change(struct take *t) {
    tb_change_row to = *(const tb_change_row *)t->row;
    to.clock = tb_str_copy(t->arena, to.clock);
    *TB_PUSH(t->arena, *(tb_change_list *)t->into) = to;
}

int tb_read_changes(tb_reader *r, int64_t world, int64_t after_case, int32_t after_n, uint32_t limit, tb_arena *a,
                    tb_change_list *rows) {
    *rows = (tb_change_list){0};
    tb__query q = {.kind = TB__CHANGES, .from = after_case, .until = world, .state = after_n, .limit = limit};
    return take(r, q, a, push_change, rows, NULL);
}

int tb_read_tasks(tb_reader *r, const tb_task_query *q, tb_arena *a, tb_task_list *rows) {
    *rows = (tb_task_list){0};
    uint32_t limit = q->limit ? q->limit : TB_TASK_PAGE;
    return take(r, (tb__query){.kind = TB__TASKS, .tasks = q, .limit = limit}, a, push_task, rows, NULL);
}

static void push_outbox(struct take *t) {
    tb_outbox_row to = *(const tb_outbox_row *)t->row;
    tb_str *texts[] = {&to.target, &to.step, &to.key, &to.body, &to.problem};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = tb_str_copy(t->arena, *texts[i]);
    *TB_PUSH(t->arena, *(tb_outbox_list *)t->into) = to;
}

int tb_read_outbox(tb_reader *r, int state, int64_t after_leaf, int32_t after_n, uint32_t limit, tb_arena *a,
                   tb_outbox_list *rows) {
    tb__query q = {.kind = TB__OUTBOX, .from = after_leaf, .until = after_n, .state = state, .limit = limit};
    *rows = (tb_outbox_list){0};
    return take(r, q, a, push_outbox, rows, NULL);
}

int tb_read_outbox_row(tb_reader *r, int64_t leaf, int32_t n, tb_arena *a, tb_outbox_row *row) {
    tb_outbox_list list;
    int result = tb_read_outbox(r, -1, leaf, n - 1, 1, a, &list);
    if (result) return result;
    if (list.count == 0 || list.items[0].leaf != leaf || list.items[0].n != n) return TB_STORE_NONE;
    *row = list.items[0];
    return TB_STORE_OK;
}

int tb_read_outbox_due(tb_reader *r, int64_t t, uint32_t limit, tb_arena *a, tb_outbox_list *rows) {
    *rows = (tb_outbox_list){0};
    return take(r, (tb__query){.kind = TB__OUTBOX_DUE, .until = t, .limit = limit}, a, push_outbox, rows, NULL);
}

static int take_outbox_due(void *user, const void *row) {
    *(int64_t *)user = ((const tb_outbox_row *)row)->due;
    return 1;
}

int tb_read_outbox_next(tb_reader *r, int64_t *due) {
    *due = TB_NEVER;
    return scan(r, (tb__query){.kind = TB__OUTBOX_DUE, .until = TB_NEVER - 1, .limit = 1}, take_outbox_due, due);
}
