/* See log_copy.h.
 *
 * When fsync of the log fails, Linux may count the pages that it could not write as clean: they are read as if they
 * were there, no later fsync writes them, and only the process that was told knows. When that process dies, the next one
 * recovers those frames, and its checkpoint syncs the log (in vain), then writes them into the database. If the power
 * fails before the database is synced, the disk holds some of their pages, and a log with a hole before them: a
 * database that was never any state of itself. (Found by the simulation, seed 1041: the row of a case knew an event that
 * the log did not have.)
 *
 * Nobody can ask whether that has happened. So a process trusts no byte of a log but those it wrote and synced itself: what
 * it finds is written anew. In place alone that will not do, since a power failure may spoil what is just being written,
 * and most of it was acknowledged. Hence
 *
 *   copy beside it, sync ─▶ remove older copies ─▶ write the copy over the log, sync ─▶ remove the copy
 *
 * The log is touched only while a copy is on disk that its own writer synced. A process that dies on the way leaves a copy
 * that is whole (its last bytes say so) but perhaps not on disk, so the next one makes a copy of the copy, under the
 * other of two names, with a turn one higher. Of two that are whole the one of the lower turn is kept: if the log was
 * touched at all, that is the one which was synced before, since all others were removed in between.
 *
 * To remove a copy is to cut it to nothing, sync, and only then to unlink it: an unlinking that never reached the disk
 * can be undone by a power failure long after the log went on.
 *
 * The files are reached through SQLite's VFS, as SQLite reaches them. */
#include "log_copy.h"
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16, NAME = 4096 + 16, COPIES = 2 };

typedef struct tail { /* the copy never leaves the machine: as the machine writes numbers */
    char magic[8];
    int64_t size, turn;
    uint64_t sum;
} tail;
static const char magic[8] = "TBNGLOG1";

typedef struct file {
    char name[NAME];
    sqlite3_file *f; /* NULL: there is none */
    int64_t size;    /* bytes of log in it; of a copy that is not whole 0 */
    int64_t turn;
} file;

typedef struct log_copy {
    sqlite3_vfs *vfs;
    file log, copy[COPIES];
    char *block;
    uint64_t sum;
} log_copy;

static uint64_t add_to(uint64_t sum, const char *p, int n) { /* FNV-1a */
    for (int i = 0; i < n; i++) sum = (sum ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
    return sum ^ sum >> 29;
}

static void close_file(file *x) {
    if (x->f && x->f->pMethods) x->f->pMethods->xClose(x->f);
    free(x->f);
    x->f = NULL;
}

/* SQLITE_OK and no x->f: there is no such file. */
static int open_file(sqlite3_vfs *vfs, file *x, bool make) {
    int there = 0, flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL | (make ? SQLITE_OPEN_CREATE : 0);
    if (x->f) return SQLITE_OK;
    x->f = calloc(1, (size_t)vfs->szOsFile);
    if (!x->f) return SQLITE_NOMEM;
    int rc = vfs->xOpen(vfs, x->name, x->f, flags, NULL);
    if (rc == SQLITE_OK) return rc;
    close_file(x);
    if (make || vfs->xAccess(vfs, x->name, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || there) return rc;
    return SQLITE_OK;
}

static int end(log_copy *x, int rc) {
    close_file(&x->log);
    for (int i = 0; i < COPIES; i++) close_file(&x->copy[i]);
    free(x->block);
    free(x);
    return rc;
}

static log_copy *begin(const char *path) {
    log_copy *x = calloc(1, sizeof *x);
    if (!x) return NULL;
    x->vfs = sqlite3_vfs_find(NULL);
    x->block = malloc(BLOCK);
    bool fits = snprintf(x->log.name, NAME, "%s-wal", path) < NAME;
    for (int i = 0; i < COPIES; i++) fits &= snprintf(x->copy[i].name, NAME, "%s-wal-copy%d", path, i) < NAME;
    if (x->vfs && x->block && fits) return x;
    end(x, SQLITE_NOMEM);
    return NULL;
}

/* n bytes of `from`, added up, and written to `to` unless that is NULL. */
static int pour(log_copy *x, const file *from, const file *to, int64_t n) {
    int rc = SQLITE_OK;
    x->sum = UINT64_C(0xcbf29ce484222325);
    for (int64_t at = 0; at < n && rc == SQLITE_OK; at += BLOCK) {
        int part = n - at < BLOCK ? (int)(n - at) : BLOCK;
        rc = from->f->pMethods->xRead(from->f, x->block, part, at);
        if (rc == SQLITE_OK && to) rc = to->f->pMethods->xWrite(to->f, x->block, part, at);
        x->sum = add_to(x->sum, x->block, part);
    }
    return rc;
}

static int sync_file(const file *x) { return x->f->pMethods->xSync(x->f, SQLITE_SYNC_NORMAL); }

static int look_at(log_copy *x, file *copy) {
    sqlite3_int64 size = 0;
    tail t;
    int rc = open_file(x->vfs, copy, false);
    if (rc || !copy->f) return rc;
    rc = copy->f->pMethods->xFileSize(copy->f, &size);
    if (rc || size < (int64_t)sizeof t) return rc;
    if ((rc = copy->f->pMethods->xRead(copy->f, &t, sizeof t, size - (int64_t)sizeof t))) return rc;
    if (memcmp(t.magic, magic, sizeof magic) != 0 || t.size != size - (int64_t)sizeof t) return SQLITE_OK;
    if ((rc = pour(x, copy, NULL, t.size))) return rc;
    if (x->sum == t.sum) copy->size = t.size, copy->turn = t.turn;
    return SQLITE_OK;
}

static int remove_copy(log_copy *x, file *copy) {
    if (!copy->f) return SQLITE_OK;
    int rc = copy->f->pMethods->xTruncate(copy->f, 0);
    if (rc == SQLITE_OK) rc = sync_file(copy);
    close_file(copy);
    return rc ? rc : x->vfs->xDelete(x->vfs, copy->name, 1);
}

static int make_copy(log_copy *x, const file *from, file *copy) {
    close_file(copy); /* opened as if new, its first sync reaches the directory too */
    int rc = open_file(x->vfs, copy, true);
    if (rc == SQLITE_OK) rc = copy->f->pMethods->xTruncate(copy->f, 0);
    if (rc == SQLITE_OK) rc = pour(x, from, copy, from->size);
    if (rc) return rc;
    tail t = {.size = from->size, .turn = from->turn + 1, .sum = x->sum};
    memcpy(t.magic, magic, sizeof magic);
    rc = copy->f->pMethods->xWrite(copy->f, &t, sizeof t, from->size);
    if (rc == SQLITE_OK) rc = sync_file(copy);
    if (rc == SQLITE_OK) copy->size = t.size, copy->turn = t.turn;
    return rc;
}

/* From a copy that this process synced. */
static int write_log(log_copy *x, file *copy) {
    int rc = open_file(x->vfs, &x->log, true);
    if (rc == SQLITE_OK) rc = pour(x, copy, &x->log, copy->size);
    if (rc == SQLITE_OK) rc = sync_file(&x->log);
    return rc ? rc : remove_copy(x, copy);
}

int tb__log_restore(const char *path, bool *renewed) {
    log_copy *x = begin(path);
    *renewed = false;
    if (!x) return SQLITE_NOMEM;
    int rc = look_at(x, &x->copy[0]);
    if (rc == SQLITE_OK) rc = look_at(x, &x->copy[1]);
    if (rc) return end(x, rc);
    bool second = x->copy[1].size && (!x->copy[0].size || x->copy[1].turn < x->copy[0].turn);
    file *from = &x->copy[second], *to = &x->copy[!second];
    if (!from->size) { /* none is whole: the log was never touched */
        rc = remove_copy(x, from);
        return end(x, rc ? rc : remove_copy(x, to));
    }
    rc = make_copy(x, from, to);
    if (rc == SQLITE_OK) rc = remove_copy(x, from);
    if (rc == SQLITE_OK) rc = write_log(x, to);
    *renewed = rc == SQLITE_OK;
    return end(x, rc);
}

int tb__log_renew(const char *path) {
    log_copy *x = begin(path);
    sqlite3_int64 size = 0;
    if (!x) return SQLITE_NOMEM;
    int rc = open_file(x->vfs, &x->log, false);
    if (rc || !x->log.f) return end(x, rc);
    rc = x->log.f->pMethods->xFileSize(x->log.f, &size);
    if (rc || size == 0) return end(x, rc);
    x->log.size = size;
    rc = make_copy(x, &x->log, &x->copy[0]);
    if ((rc & 0xff) == SQLITE_FULL) {
        int removed = remove_copy(x, &x->copy[0]);
        return end(x, removed ? removed : rc);
    }
    if (rc == SQLITE_OK) rc = write_log(x, &x->copy[0]);
    return end(x, rc);
}
