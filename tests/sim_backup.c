/* Backups taken while people act, and cut by crashes (tongban backup; store_sqlite.c copies under another name, renames,
 * and syncs the directory).
 *
 * The copying is another process, on a connection of its own: between two of its writes the server's loop goes on, so
 * that batches, checkpoints and a crash fall into the midst of it. A copy that was told to be whole is examined with
 * the database, after the next crash or power failure: it must be sound, its ledger must verify, also against the last
 * head that somebody was told before it began, its projections must be those of its log; its log is a beginning of the
 * database's, and ends no sooner than what had been acknowledged when it began. Of one that failed nothing may be
 * there under its name. */
#include "sim.h"
#include "doctor.h"
#include "ledger.h"
#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { TURNS_MOST = 6 };

int __real_access(const char *path, int mode), __real_unlink(const char *path),
    __real_rename(const char *from, const char *to), __real_fsync(int fd);
int __wrap_access(const char *path, int mode), __wrap_unlink(const char *path),
    __wrap_rename(const char *from, const char *to), __wrap_fsync(int fd);

/* ---- what the system is asked for beside SQLite: on the disk of the simulation ---- */

static bool ours(const char *path) { return world && strncmp(path, sim_copy, strlen(sim_copy)) == 0; }

int __wrap_access(const char *path, int mode) {
    if (!ours(path) || mode != F_OK) return __real_access(path, mode);
    if (sim_name_there(path)) return 0;
    return errno = ENOENT, -1;
}

int __wrap_unlink(const char *path) {
    if (!world || !world->in_life || !ours(path)) return __real_unlink(path);
    if (sim_name_removed(path)) return 0;
    return errno = ENOENT, -1;
}

int __wrap_rename(const char *from, const char *to) {
    if (!ours(from)) return __real_rename(from, to);
    if (sim_name_moved(from, to)) return 0;
    return errno = EIO, -1;
}

/* Nobody else here syncs anything but through SQLite: it is the directory. */
int __wrap_fsync(int fd) {
    if (!world || !world->in_life) return __real_fsync(fd);
    if (sim_names_synced()) return 0;
    return errno = EIO, -1;
}

/* ---- taking one ---- */

static void copied(void *user, int result, const char *why) {
    *(int *)user = result;
    if (result != TB_STORE_OK) sim_trace("the backup failed: %s", why);
}

void sim_back_up(void *unused) {
    tb_store *store;
    tb_store_error error;
    int result = TB_STORE_RETRY;
    (void)unused;
    if (world->copying || world->now < world->quiet_until) return;
    sim_names_gone(sim_copy); /* the operator has put the last one away */
    world->copy_began = world->now;
    world->copy_told = world->told;
    memcpy(world->copy_head, world->head, sizeof world->head);
    world->copy_whole = false;
    world->copying = true;
    sim_trace("a backup begins");
    if (tb_store_open_sqlite(sim_db, &(tb_store_options){.read_only = true, .ledger = true, .english = true}, &store,
                             &error) != TB_OK) {
        sim_trace("the backup does not begin: %s", error.text);
        world->copying = false;
        return;
    }
    if (tb_store_backup(store, sim_copy, copied, &result) != TB_OK) abort();
    tb_store_close(store);
    world->copying = false;
    world->copy_whole = result == TB_STORE_OK;
    world->counts.copies += world->copy_whole;
    sim_trace("the backup is %s", world->copy_whole ? "whole" : "given up");
    if (!world->copy_whole && sim_name_there(sim_copy)) sim_fail("a backup failed, and %s is there", sim_copy);
}

/* Of the disk: a write of the copy. Others go on meanwhile. */
void sim_copy_written(void) {
    if (world->copying && sim_once_in(4)) sim_turns((int)sim_between(1, TURNS_MOST));
}

/* ---- examining it ---- */

typedef struct copy_check {
    int64_t leaf, until;
    uint64_t digest;
} copy_check;

static int take_event(void *user, const tb_event_row *e) {
    copy_check *c = user;
    if (e->leaf > c->until) return 1;
    int64_t numbers[] = {e->leaf, e->case_id, e->seq, e->prev, e->at, e->wall, e->program, e->world};
    c->leaf = e->leaf;
    c->digest = sim_hash(sim_hash(c->digest, numbers, sizeof numbers), e->body.p, e->body.n);
    c->digest = sim_hash(c->digest, e->outcome, sizeof e->outcome);
    return 0;
}

static uint64_t beginning(tb_reader *r, int64_t until) {
    copy_check c = {.until = until};
    if (tb_scan_events(r, 1, 0, take_event, &c)) sim_fail("the log cannot be read: %s", tb_reader_why(r));
    if (c.leaf != until)
        sim_fail("a copy holds %lld events, and the log ends at %lld", (long long)until, (long long)c.leaf);
    return c.digest;
}

static void found(void *user, const tb_doctor_finding *f) {
    (void)user;
    sim_fail("a copy's projections: %s %.*s, %s", f->case_id, TB_FMT(f->key), f->column ? f->column : "");
}

static int look_at_ledger(void *arg) {
    tb_reader *r = arg;
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_ledger_head head;
    tb_ledger_report report;
    tb_buf b;
    if (!a) abort();
    bool known = world->copy_head[0] && tb_ledger_head_read(a, tb_str_z(world->copy_head), &head);
    tb_ledger_options o = {.heads = &head, .heads_n = known};
    if (world->copy_head[0] && !known) sim_fail("no head: %s", world->copy_head);
    if (tb_ledger_verify(r, &o, &report)) sim_fail("a copy's ledger cannot be read: %s", tb_reader_why(r));
    tb_buf_init(&b, a);
    if (report.found) tb_ledger_tell(&b, &report, TB_LANG_EN);
    if (report.found) sim_fail("a copy's ledger does not hold: %.*s", TB_FMT(tb_buf_str(&b)));
    world->counts.heads += known;
    tb_arena_free(a);
    return TB_OK;
}

void sim_copy_examine(tb_reader *log, tb_arena *arena) {
    tb_store *store;
    tb_store_error error;
    tb_doctor_result result;
    char why[1024] = "";
    if (!world->copy_whole) return;
    world->copy_whole = false; /* once */
    if (tb_store_open_sqlite(sim_copy, &(tb_store_options){.read_only = true, .ledger = true, .english = true}, &store,
                             &error) != TB_OK)
        sim_fail("a backup was told to be whole, and does not open: %s", error.text);
    tb_reader *copy = tb_reader_open(store);
    int64_t leaf = tb_store_last(store).leaf;
    if (!copy) abort();
    if (tb_reader_check(copy)) sim_fail("a copy is not sound: %s", tb_reader_why(copy));
    if (tb_try(arena, look_at_ledger, copy) != TB_OK) abort();
    if (beginning(copy, leaf) != beginning(log, leaf))
        sim_fail("a copy's %lld events are not the log's", (long long)leaf);
    if (leaf < world->copy_told)
        sim_fail("the feed had told leaf %lld, and a copy begun later ends at %lld", (long long)world->copy_told,
                 (long long)leaf);
    for (const sim_request *r = world->requests; r; r = r->next)
        if (r->key && r->state == SIM_ACKED && r->acked_at < world->copy_began && r->leaf > leaf)
            sim_fail("acknowledged before a copy began that ends at leaf %lld, and at leaf %lld: %s", (long long)leaf,
                     (long long)r->leaf, r->body);
    tb_reader_close(copy);
    tb_store_close(store);
    tb_doctor_options o = {.db = sim_copy, .lang = TB_LANG_EN, .found = found};
    if (tb_doctor(&o, &result, why, sizeof why) != TB_OK) sim_fail("no doctor for a copy: %s %s", why, result.broken);
    if (result.broken[0] || result.differences) sim_fail("a copy is broken: %s", result.broken);
}
