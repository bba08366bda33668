/* The disk of the simulation: an SQLite VFS over memory that knows of every sector what readers see and what a power
 * failure leaves.
 *
 * The model is the one that SQLite documents (atomiccommit.html §2, psow.html): nothing atomic, nothing in order, no
 * safe appends. Until a file is synced each sector written since the last sync is on its own: it may reach the disk
 * at any time (now and then the older of two versions, since the kernel writes back when it likes), in any order,
 * never, or as garbage when the power fails on it. A file's length may run ahead of its content; cutting it happens
 * at once or not. A name that was created or removed is certain once the directory was synced (which SQLite asks for
 * with the first sync of a new journal or log, and with some deletions).
 *
 * A world's device is of one of two kinds, and says so to SQLite (xDeviceCharacteristics). Half of them promise
 * nothing: garbage takes the whole sector, bytes that were synced long ago with it. The others promise powersafe
 * overwrite, as SQLite's own VFS does on Linux: only bytes just being written are in danger. On these a sync that
 * fails is as bad as Linux makes it: some sectors arrive, some stay to be written, and some count as written from
 * then on though they are not (fsyncgate); whoever goes on as if nothing had happened loses them. (Not on the former:
 * there SQLite ends a commit with copies of its last frame up to the next sector, syncs a part of them, and never
 * writes the rest again after a failed sync. Its log then has a hole behind which all that was acknowledged later is
 * lost. Found by this simulation; it takes both a failed sync and a VFS without powersafe overwrite.)
 *
 * Locks are those of SQLite's documentation, by handle, since one process holds all connections; the shared memory of
 * the log is memory of the process and dies with it, as SQLite itself makes sure by its first lock. */
#include "sim.h"
#include <sqlite3.h>

enum { SHM_LOCKS = 8, SHM_REGIONS = 64 };

typedef struct handle {
    sqlite3_file base;
    sim_file *file;
    sim_file own;         /* of a temporary file, which no crash can leave behind */
    int index;            /* in the disk; −1: temporary */
    int lock;             /* SQLITE_LOCK_… */
    bool syncs_directory; /* with its first sync, as SQLite's own VFS does for journals and logs */
    bool shm, read_only;
    uint8_t shm_shared, shm_alone; /* a bit for each lock held */
} handle;

/* Of one process: forgotten with it. */
static struct {
    int open, shared;
    handle *reserved, *pending, *alone;
    char *region[SHM_REGIONS];
    int shm_shared[SHM_LOCKS];
    handle *shm_alone[SHM_LOCKS];
} held[SIM_FILES];
static int64_t cost;

int64_t sim_io_cost(void) {
    int64_t c = cost;
    cost = 0;
    return c;
}

/* ---- what may go wrong ---- */

/* A change of the disk is about to happen (or has). The life may end here. */
static void at_io(const char *what, const char *name, int64_t at, bool after) {
    sim_disk *d = &world->disk;
    if (!after) d->ios++;
    if (d->frozen &&
        strcmp(what, "creation") != 0) /* a reader makes an empty log, which the examination takes away again */
        sim_fail("examining the disk must not change it: %s of %s at %lld", what, name, (long long)at);
    if (!d->crash_at || d->ios < d->crash_at || (d->ios == d->crash_at && after != (world->seed + d->ios) % 2)) return;
    sim_trace("crash %s %s of %s at %lld", after ? "after" : "before", what, name, (long long)at);
    sim_die();
}

static bool fails(int trouble) {
    if (world->disk.trouble != trouble || !sim_chance(world->disk.percent)) return false;
    world->disk.failures++;
    return true;
}

static const char *name_of(const handle *h) {
    for (int i = 0; i < SIM_NAMES; i++)
        if (h->index >= 0 && world->disk.names[i].now == h->index && world->disk.names[i].text[0])
            return world->disk.names[i].text;
    return "(temporary)";
}

/* ---- bytes ---- */

static void *memory(const handle *h, size_t n) {
    if (h->index >= 0) return sim_alloc(n);
    void *p = __real_calloc(1, n);
    if (!p) abort();
    return p;
}

static void give_back(const handle *h, void *p, size_t n) {
    if (!p) return;
    if (h->index >= 0) sim_give_back(p, n);
    else free(p);
}

static void *bigger(const handle *h, void *old, size_t from, size_t to) {
    void *p = memory(h, to);
    if (old) memcpy(p, old, from);
    give_back(h, old, from);
    return p;
}

static size_t spans(int64_t room) { return (size_t)(room / SIM_SECTOR) * sizeof(sim_span); }

static void make_room(const handle *h, int64_t n) {
    sim_file *f = h->file;
    int64_t room = f->room ? f->room : 16 * SIM_SECTOR;
    while (room < n) room *= 2;
    if (room == f->room) return;
    f->now = bigger(h, f->now, (size_t)f->room, (size_t)room);
    f->kept = bigger(h, f->kept, (size_t)f->room, (size_t)room);
    f->dirty = bigger(h, f->dirty, spans(f->room), spans(room));
    f->room = room;
}

static void reach_disk(sim_file *f, int64_t sector) {
    int64_t end = (sector + 1) * SIM_SECTOR;
    memcpy(f->kept + sector * SIM_SECTOR, f->now + sector * SIM_SECTOR, SIM_SECTOR);
    if (end > f->size) end = f->size;
    if (end > f->kept_size) f->kept_size = end;
    f->dirty[sector] = (sim_span){0, 0};
}

/* Sectors outside [first_dirty, dirty_end) are clean. */
static void all_clean(sim_file *f) { f->first_dirty = INT64_MAX, f->dirty_end = 0; }

/* A file is cut at once or not at all: that is a change of its inode. */
static void cut_on_disk(sim_file *f) {
    if (f->cut && f->kept_size > f->cut - 1) {
        memset(f->kept + f->cut - 1, 0, (size_t)(f->kept_size - (f->cut - 1)));
        f->kept_size = f->cut - 1;
    }
    f->cut = 0;
}

/* [from, to) is about to be written. */
static void touch(const handle *h, int64_t from, int64_t to) {
    sim_file *f = h->file;
    if (f->first_dirty > from / SIM_SECTOR) f->first_dirty = from / SIM_SECTOR;
    if (f->dirty_end < (to + SIM_SECTOR - 1) / SIM_SECTOR) f->dirty_end = (to + SIM_SECTOR - 1) / SIM_SECTOR;
    for (int64_t s = from / SIM_SECTOR; s * SIM_SECTOR < to; s++) {
        sim_span *d = &f->dirty[s];
        if (h->index >= 0 && d->to && sim_once_in(8)) reach_disk(f, s);
        uint16_t first = from > s * SIM_SECTOR ? (uint16_t)(from - s * SIM_SECTOR) : 0;
        uint16_t end = to < (s + 1) * SIM_SECTOR ? (uint16_t)(to - s * SIM_SECTOR) : SIM_SECTOR;
        *d = d->to ? (sim_span){first < d->from ? first : d->from, end > d->to ? end : d->to} : (sim_span){first, end};
    }
}

static void put(const handle *h, const void *p, int64_t n, int64_t at) {
    sim_file *f = h->file;
    if (n == 0) return;
    make_room(h, at + n);
    touch(h, at < f->size ? at : f->size, at + n);
    memcpy(f->now + at, p, (size_t)n);
    if (at + n > f->size) f->size = at + n;
}

/* ---- the methods of a file ---- */

static handle *of(sqlite3_file *f) { return (handle *)f; }

static int x_read(sqlite3_file *base, void *p, int n, sqlite3_int64 at) {
    handle *h = of(base);
    const sim_file *f = h->file;
    if (h->index >= 0 && fails(SIM_READ_FAILS)) {
        sim_trace("a read of %s at %lld fails", name_of(h), (long long)at);
        return SQLITE_IOERR_READ;
    }
    int64_t have = at < f->size ? f->size - at : 0;
    if (have >= n) return memcpy(p, f->now + at, (size_t)n), SQLITE_OK;
    if (have) memcpy(p, f->now + at, (size_t)have);
    memset((char *)p + have, 0, (size_t)(n - have));
    return SQLITE_IOERR_SHORT_READ;
}

/* A file of a copy of the database, which another process writes (sim_backup.c). */
static bool of_copy(const handle *h) {
    const char *slash = strrchr(sim_copy, '/');
    return strncmp(name_of(h), slash + 1, strlen(slash + 1)) == 0;
}

static int x_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at) {
    handle *h = of(base);
    if (h->index < 0) return put(h, p, n, at), SQLITE_OK;
    if (world->copying && of_copy(h)) sim_copy_written();
    at_io("write", name_of(h), at, false);
    cost += sim_once_in(4);
    bool full = at + n > h->file->size && fails(SIM_FULL), bad = fails(SIM_WRITE_FAILS);
    if (full || bad) {
        if (sim_chance(50)) put(h, p, (int64_t)sim_below((uint64_t)n), at); /* as far as it came */
        sim_trace("a write of %s at %lld fails: %s", name_of(h), (long long)at, full ? "full" : "error");
        return full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    put(h, p, n, at);
    at_io("write", name_of(h), at, true);
    return SQLITE_OK;
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 n) {
    handle *h = of(base);
    sim_file *f = h->file;
    if (h->index >= 0) at_io("truncation", name_of(h), n, false);
    if (h->index >= 0 && fails(SIM_WRITE_FAILS)) return SQLITE_IOERR_TRUNCATE;
    if (n < f->size) {
        memset(f->now + n, 0, (size_t)(f->size - n));
        for (int64_t s = (n + SIM_SECTOR - 1) / SIM_SECTOR; s < f->dirty_end; s++) f->dirty[s] = (sim_span){0, 0};
        f->size = n;
        if (!f->cut || n < f->cut - 1) f->cut = n + 1;
    }
    if (h->index >= 0) at_io("truncation", name_of(h), n, true);
    return SQLITE_OK;
}

static void sync_directory(void) {
    for (int i = 0; i < SIM_NAMES; i++) world->disk.names[i].kept = world->disk.names[i].now;
}

static void fail_to_sync(sim_file *f) {
    if (sim_chance(50)) cut_on_disk(f);
    for (int64_t s = f->first_dirty; s < f->dirty_end; s++) {
        if (!f->dirty[s].to) continue;
        switch (sim_below(3)) {
        case 0: reach_disk(f, s); break;
        case 1:
            if (world->disk.powersafe) f->dirty[s] = (sim_span){0, 0};
            break;
        default: break;
        }
    }
}

static int x_sync(sqlite3_file *base, int flags) {
    handle *h = of(base);
    sim_file *f = h->file;
    (void)flags;
    if (h->index < 0) return SQLITE_OK;
    at_io("sync", name_of(h), f->size, false);
    cost += sim_once_in(50) ? sim_between(20, 400) : sim_between(0, 4);
    if (world->disk.forgetful && strstr(name_of(h), "-wal")) return SQLITE_OK;
    if (fails(SIM_SYNC_FAILS)) {
        sim_trace("a sync of %s fails", name_of(h));
        fail_to_sync(f);
        return SQLITE_IOERR_FSYNC;
    }
    cut_on_disk(f);
    for (int64_t s = f->first_dirty; s < f->dirty_end; s++)
        if (f->dirty[s].to) reach_disk(f, s);
    all_clean(f);
    f->kept_size = f->size;
    if (h->syncs_directory) sync_directory();
    h->syncs_directory = false;
    at_io("sync", name_of(h), f->size, true);
    return SQLITE_OK;
}

static int x_size(sqlite3_file *base, sqlite3_int64 *size) {
    *size = of(base)->file->size;
    return SQLITE_OK;
}

/* ---- locks: SHARED by many; RESERVED beside them; PENDING keeps new ones out; EXCLUSIVE alone ---- */

static int x_lock(sqlite3_file *base, int want) {
    handle *h = of(base);
    if (h->index < 0 || h->lock >= want) return h->lock = want > h->lock ? want : h->lock, SQLITE_OK;
    if (h->read_only && want > SQLITE_LOCK_SHARED) return SQLITE_IOERR_LOCK; /* as a descriptor that cannot write */
    if (h->lock == SQLITE_LOCK_NONE) {
        if (held[h->index].pending || held[h->index].alone) return SQLITE_BUSY;
        held[h->index].shared++;
        h->lock = SQLITE_LOCK_SHARED;
    }
    if (want == SQLITE_LOCK_RESERVED) {
        if (held[h->index].reserved) return SQLITE_BUSY;
        held[h->index].reserved = h;
        h->lock = want;
    }
    if (want < SQLITE_LOCK_EXCLUSIVE) return SQLITE_OK;
    if (held[h->index].reserved && held[h->index].reserved != h) return SQLITE_BUSY;
    if (held[h->index].pending && held[h->index].pending != h) return SQLITE_BUSY;
    held[h->index].pending = h;
    if (h->lock < SQLITE_LOCK_PENDING) h->lock = SQLITE_LOCK_PENDING;
    if (held[h->index].shared > 1) return SQLITE_BUSY;
    held[h->index].alone = h;
    h->lock = want;
    return SQLITE_OK;
}

static int x_unlock(sqlite3_file *base, int to) {
    handle *h = of(base);
    if (h->index < 0 || h->lock <= to) return SQLITE_OK;
    if (held[h->index].reserved == h) held[h->index].reserved = NULL;
    if (held[h->index].pending == h) held[h->index].pending = NULL;
    if (held[h->index].alone == h) held[h->index].alone = NULL;
    if (to == SQLITE_LOCK_NONE) held[h->index].shared--;
    h->lock = to;
    return SQLITE_OK;
}

static int x_reserved(sqlite3_file *base, int *is) {
    handle *h = of(base);
    *is = h->index >= 0 && held[h->index].reserved != NULL;
    return SQLITE_OK;
}

static int x_control(sqlite3_file *base, int op, void *arg) {
    (void)base, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}
static int x_sector(sqlite3_file *base) { return (void)base, SIM_SECTOR; }
static int x_promises(sqlite3_file *base) {
    return (void)base, world->disk.powersafe ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

/* ---- the index of the log ---- */

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out) {
    handle *h = of(base);
    h->shm = true;
    *out = NULL;
    if (region >= SHM_REGIONS) return SQLITE_NOMEM;
    if (!held[h->index].region[region] && extend && !(held[h->index].region[region] = __real_calloc(1, (size_t)size)))
        return SQLITE_NOMEM;
    *out = held[h->index].region[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int first, int n, int flags) {
    handle *h = of(base);
    bool alone = flags & SQLITE_SHM_EXCLUSIVE;
    for (int i = first; i < first + n && flags & SQLITE_SHM_LOCK; i++) {
        const handle *other = held[h->index].shm_alone[i];
        int mine = h->shm_shared >> i & 1;
        if (other && other != h) return SQLITE_BUSY;
        if (alone && held[h->index].shm_shared[i] > mine) return SQLITE_BUSY;
    }
    for (int i = first; i < first + n; i++) {
        uint8_t bit = (uint8_t)(1 << i);
        if (flags & SQLITE_SHM_UNLOCK) {
            if (h->shm_alone & bit) held[h->index].shm_alone[i] = NULL;
            if (h->shm_shared & bit) held[h->index].shm_shared[i]--;
            h->shm_alone &= (uint8_t)~bit, h->shm_shared &= (uint8_t)~bit;
        } else if (alone) {
            held[h->index].shm_alone[i] = h;
            h->shm_alone |= bit;
        } else if (!(h->shm_shared & bit)) {
            held[h->index].shm_shared[i]++;
            h->shm_shared |= bit;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base) { (void)base; }

static int shm_unmap(sqlite3_file *base, int forget) {
    handle *h = of(base);
    if (!h->shm) return SQLITE_OK;
    shm_lock(base, 0, SHM_LOCKS, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
    h->shm = false;
    for (int i = 0; i < SHM_REGIONS && forget; i++) free(held[h->index].region[i]), held[h->index].region[i] = NULL;
    return SQLITE_OK;
}

static int x_close(sqlite3_file *base) {
    handle *h = of(base);
    if (h->index < 0) {
        give_back(h, h->own.now, 0), give_back(h, h->own.kept, 0), give_back(h, h->own.dirty, 0);
        return SQLITE_OK;
    }
    shm_unmap(base, 0);
    x_unlock(base, SQLITE_LOCK_NONE);
    if (--held[h->index].open > 0) return SQLITE_OK;
    for (int i = 0; i < SHM_REGIONS; i++) free(held[h->index].region[i]), held[h->index].region[i] = NULL;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_promises,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ---- names ---- */

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static sim_name *entry(const char *path, bool make) {
    const char *text = last_part(path);
    sim_name *unused = NULL;
    for (int i = SIM_NAMES; i-- > 0;) {
        sim_name *n = &world->disk.names[i];
        if (strcmp(n->text, text) == 0) return n;
        if (!n->text[0]) unused = n;
    }
    if (!make) return NULL;
    if (!unused || strlen(text) >= sizeof unused->text) abort(); /* more files than this server ever makes */
    snprintf(unused->text, sizeof unused->text, "%s", text);
    unused->now = unused->kept = -1;
    return unused;
}

static bool has_name(int file) {
    for (int i = 0; i < SIM_NAMES; i++)
        if (world->disk.names[i].text[0] && (world->disk.names[i].now == file || world->disk.names[i].kept == file))
            return true;
    return false;
}

static void empty_file(sim_file *f) {
    if (f->now) sim_give_back(f->now, (size_t)f->room);
    if (f->kept) sim_give_back(f->kept, (size_t)f->room);
    if (f->dirty) sim_give_back(f->dirty, spans(f->room));
    *f = (sim_file){0};
}

static int new_file(void) {
    for (int i = 0; i < SIM_FILES; i++) {
        if (world->disk.files[i].used && (has_name(i) || held[i].open)) continue;
        empty_file(&world->disk.files[i]);
        all_clean(&world->disk.files[i]);
        world->disk.files[i].used = true;
        memset(&held[i], 0, sizeof held[i]);
        return i;
    }
    abort();
}

static int x_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out) {
    handle *h = of(base);
    (void)vfs;
    *h = (handle){.index = -1};
    h->file = &h->own;
    if (out) *out = flags;
    if (!path) return h->base.pMethods = &methods, SQLITE_OK;
    sim_name *n = entry(path, flags & SQLITE_OPEN_CREATE);
    if (!n || (n->now < 0 && !(flags & SQLITE_OPEN_CREATE))) return SQLITE_CANTOPEN;
    if (n->now < 0) {
        at_io("creation", n->text, 0, false);
        if (fails(SIM_FULL)) return SQLITE_CANTOPEN;
        n->now = new_file();
        at_io("creation", n->text, 0, true);
    }
    h->syncs_directory =
        flags & SQLITE_OPEN_CREATE && flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL);
    h->read_only = flags & SQLITE_OPEN_READONLY;
    h->index = n->now;
    h->file = &world->disk.files[h->index];
    held[h->index].open++;
    h->base.pMethods = &methods;
    return SQLITE_OK;
}

/* ---- names, as the system is asked for them (sim_backup.c) ---- */

bool sim_name_there(const char *path) {
    const sim_name *n = entry(path, false);
    return n && n->now >= 0;
}

bool sim_name_removed(const char *path) {
    sim_name *n = entry(path, false);
    if (!n || n->now < 0) return false;
    at_io("deletion", n->text, 0, false);
    n->now = -1;
    at_io("deletion", n->text, 0, true);
    return true;
}

bool sim_name_moved(const char *from, const char *to) {
    sim_name *a = entry(from, false), *b = entry(to, true);
    at_io("renaming", b->text, 0, false);
    if (!a || a->now < 0 || fails(SIM_WRITE_FAILS)) return false;
    b->now = a->now;
    a->now = -1;
    at_io("renaming", b->text, 0, true);
    return true;
}

bool sim_names_synced(void) {
    at_io("sync", "the directory", 0, false);
    if (fails(SIM_SYNC_FAILS)) return false;
    sync_directory();
    at_io("sync", "the directory", 0, true);
    return true;
}

void sim_names_gone(const char *path) {
    for (int i = 0; i < SIM_NAMES; i++)
        if (strncmp(world->disk.names[i].text, last_part(path), strlen(last_part(path))) == 0)
            world->disk.names[i].now = world->disk.names[i].kept = -1;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int sync) {
    sim_name *n = entry(path, false);
    (void)vfs;
    if (!n || n->now < 0) return SQLITE_IOERR_DELETE_NOENT;
    at_io("deletion", n->text, 0, false);
    if (fails(SIM_WRITE_FAILS)) return SQLITE_IOERR_DELETE;
    n->now = -1;
    if (sync) sync_directory();
    at_io("deletion", n->text, 0, true);
    return SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *path, int flags, int *is) {
    const sim_name *n = entry(path, false);
    (void)vfs;
    *is =
        n && n->now >= 0 && (flags != SQLITE_ACCESS_EXISTS || world->disk.files[n->now].size > 0); /* as SQLite's own */
    return SQLITE_OK;
}

static int x_whole(sqlite3_vfs *vfs, const char *path, int room, char *out) {
    (void)vfs;
    return snprintf(out, (size_t)room, "%s", path) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int x_random(sqlite3_vfs *vfs, int n, char *out) {
    (void)vfs;
    for (int i = 0; i < n; i++) out[i] = (char)sim_random();
    return n;
}

static int x_sleep(sqlite3_vfs *vfs, int us) {
    (void)vfs;
    cost += us / 1000 + 1;
    return us;
}

static int x_time(sqlite3_vfs *vfs, sqlite3_int64 *ms) {
    (void)vfs;
    *ms = INT64_C(210866760000000) + world->now + world->skew;
    return SQLITE_OK;
}

static int x_error(sqlite3_vfs *vfs, int room, char *out) { return (void)vfs, (void)room, (void)out, 0; }

void sim_vfs_use(void) {
    static sqlite3_vfs vfs = {.iVersion = 2,
                              .szOsFile = sizeof(handle),
                              .mxPathname = 512,
                              .zName = "sim",
                              .xOpen = x_open,
                              .xDelete = x_delete,
                              .xAccess = x_access,
                              .xFullPathname = x_whole,
                              .xRandomness = x_random,
                              .xSleep = x_sleep,
                              .xGetLastError = x_error,
                              .xCurrentTimeInt64 = x_time};
    sqlite3_vfs_register(&vfs, 1);
}

/* ---- what a crash leaves ---- */

static void settle_file(sim_file *f) {
    int luck = sim_chance(30)   ? 0
               : sim_chance(30) ? 100
                                : (int)sim_below(101); /* percent of the unsynced that arrived */
    if (sim_chance(luck)) cut_on_disk(f);
    int64_t size = f->size;
    bool longer = f->size > f->kept_size;
    f->cut = 0;
    for (int64_t s = f->first_dirty; s < f->dirty_end; s++) {
        sim_span d = f->dirty[s];
        if (!d.to) continue;
        if (!world->disk.powersafe) d = (sim_span){0, SIM_SECTOR};
        if (sim_chance(luck)) reach_disk(f, s);
        else if (luck && sim_once_in(8))
            for (int i = d.from; i < d.to; i++) f->kept[s * SIM_SECTOR + i] = (char)sim_random();
    }
    if (luck && longer && size > f->kept_size) f->kept_size += (int64_t)sim_below((uint64_t)(size - f->kept_size) + 1);
    if (f->kept_size < f->room) memset(f->kept + f->kept_size, 0, (size_t)(f->room - f->kept_size));
    f->size = f->kept_size;
    if (f->room) {
        memcpy(f->now, f->kept, (size_t)f->room);
        memset(f->dirty, 0, spans(f->room));
        all_clean(f);
    }
}

void sim_disk_settle(bool power) {
    sim_disk *d = &world->disk;
    if (!power) return; /* the kernel lives on, and what it holds */
    for (int i = 0; i < SIM_NAMES; i++)
        if (d->names[i].text[0] && d->names[i].now != d->names[i].kept) {
            if (sim_chance(50)) d->names[i].now = d->names[i].kept;
            else d->names[i].kept = d->names[i].now;
        }
    for (int i = 0; i < SIM_FILES; i++)
        if (d->files[i].used) settle_file(&d->files[i]);
}

uint64_t sim_disk_digest(void) {
    uint64_t h = 1;
    for (int i = 0; i < SIM_NAMES; i++) {
        const sim_name *n = &world->disk.names[i];
        if (!n->text[0] || n->now < 0) continue;
        h = sim_hash(h, n->text, strlen(n->text));
        h = sim_hash(h, world->disk.files[n->now].now, (size_t)world->disk.files[n->now].size);
    }
    return h;
}
