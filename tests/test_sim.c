/* The simulation: seeds, lives and crashes (sim.h tells the shape of it).
 *
 *   test_sim               the usual run: the same seeds every time, and the self-test
 *   test_sim SEED EVENTS   worlds from SEED on, until their logs hold EVENTS events together (make sim)
 *
 * The same seed is the same world on every machine, as long as rules/ and tests/matters/ are the same. When something
 * is found, the line that repeats it is printed, the last lines of the trace (all of it with SIM_TRACE=1), and what
 * was expected. (SIM_DRAFTS=1 shows why drafts of random matters are refused.)
 *
 * The self-test makes the machine guilty on purpose (a disk that says "synced" of the log and lies; a flipped bit; an
 * acknowledgement that never was) and fails unless that is found: a check that cannot fail is none. */
#include "check.h"
#include "server.h"
#include "sim.h"
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LARGE_EVERY = 32, LARGE_EVENTS = 40000 };
static bool is_large(uint64_t seed) { return seed % LARGE_EVERY == 0; }
enum { USUAL_SEEDS = 140, LIVES_MOST = 40, STARTS_MOST = 3, TRACE_TOLD = 40 };
#define WORLD_BYTES ((size_t)3 << 30) /* of address space; what is used is what is written */

sim *world;
const char *sim_db, *sim_copy;
static char directory[256], db[300], copy[300];

/* Lives are short: what was freed need not be kept for long, and each page that a child touches is a page fault. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=8:malloc_context_size=8"; }

/* ---- chance and memory ---- */

uint64_t sim_random(void) { /* splitmix64 */
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
uint64_t sim_below(uint64_t n) { return n ? sim_random() % n : 0; }
bool sim_chance(int percent) { return (int)sim_below(100) < percent; }
bool sim_once_in(uint64_t n) { return sim_below(n) == 0; }
int64_t sim_between(int64_t a, int64_t b) { return a >= b ? a : a + (int64_t)sim_below((uint64_t)(b - a) + 1); }

static int size_class(size_t n) {
    int c = 4;
    while (((size_t)1 << c) < n) c++;
    return c;
}

void *sim_alloc(size_t n) {
    int c = size_class(n);
    size_t room = (size_t)1 << c;
    void *p = world->spare[c];
    if (p) {
        memcpy(&world->spare[c], p, sizeof p);
        memset(p, 0, room);
        return p;
    }
    if (world->used + room > world->room) {
        fprintf(stderr, "the world's memory is used up; ask for fewer EVENTS a world\n");
        abort();
    }
    p = world->rest + world->used;
    world->used += room;
    return p;
}

void sim_give_back(void *p, size_t n) {
    int c = size_class(n);
    memcpy(p, &world->spare[c], sizeof p);
    world->spare[c] = p;
}

/* Texts are never given back: no rounding up. */
char *sim_text(const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (world->used + (size_t)n + 16 > world->room) abort();
    char *p = world->rest + world->used;
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    world->used += ((size_t)n + 16) & ~(size_t)15;
    return p;
}

void sim_list_add(sim_list *l, void *p) {
    if (l->n == l->room) {
        uint64_t room = l->room ? 2 * l->room : 64;
        void **at = sim_alloc(room * sizeof *at);
        if (l->n) memcpy(at, l->at, l->n * sizeof *at);
        if (l->room) sim_give_back(l->at, l->room * sizeof *at);
        l->at = at, l->room = room;
    }
    l->at[l->n++] = p;
}

uint64_t sim_hash(uint64_t h, const void *p, size_t n) { /* FNV-1a */
    for (const unsigned char *s = p; n--; s++) h = (h ^ *s) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

bool sim_enough(uint64_t more) {
    return world->counts.acked >= world->events + more || world->all_requests.n > 8 * (world->events + more) + 2000;
}

/* ---- telling ---- */

void sim_trace(const char *format, ...) {
    static int loud = -1;
    char *line = world->trace[world->traced++ % SIM_TRACE];
    va_list args;
    va_start(args, format);
    int n = snprintf(line, SIM_TRACE_LINE, "%llu/%lld.%03d ", (unsigned long long)world->counts.lives,
                     (long long)world->now / 1000, (int)(world->now % 1000));
    vsnprintf(line + n, SIM_TRACE_LINE - (size_t)n, format, args);
    va_end(args);
    if (loud < 0) loud = getenv("SIM_TRACE") != NULL;
    if (loud) fprintf(stderr, "%s\n", line);
}

void sim_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(world->failure, sizeof world->failure, format, args);
    va_end(args);
    _exit(SIM_FOUND);
}

void sim_die(void) { _exit(SIM_CRASHED); }

/* ---- a life, in a child ---- */

static void said(void *user, const tb_said *what) {
    (void)user;
    sim_trace("server: %s (%s): %s", what->level, what->event, what->text);
}

static void end_it(void *server) { tb_server_stop(server); }

static int live(int64_t closes_after) {
    char why[2048] = "";
    sim_vfs_use();
    sqlite3_initialize();
    sqlite3_randomness(0, NULL); /* SQLite's own generator begins anew, from ours */
    if (!sim_accounts_found()) return SIM_NO_START;
    world->in_life = true;
    world->copying = false;
    tb_io *io = tb_io_new();
    tb_server_options o = {.db = sim_db,
                           .interfaces = sim_interfaces(),
                           .io = io,
                           .auth = world->auth,
                           .lang = TB_LANG_EN,
                           .say = said,
                           .cache_bytes = sim_chance(30) ? 20000 : 0};
    tb_server *server = tb_server_new(&o, why, sizeof why);
    if (!server) {
        sim_trace("the server does not start: %s", why);
        return SIM_NO_START;
    }
    sim_people_begin(server);
    if (closes_after) sim_after(closes_after, end_it, server);
    tb_io_run(io);
    tb_server_free(server);
    tb_io_free(io);
    return world->healing ? SIM_DONE : SIM_CLOSED;
}

static int in_child(int (*what)(int64_t), int64_t arg) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(what(arg));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (pid > 0 && WIFEXITED(status)) return WEXITSTATUS(status);
    snprintf(world->failure, sizeof world->failure, "the process died of signal %d", WTERMSIG(status));
    return SIM_FOUND;
}

static int examine(int64_t whole) {
    sim_disk *d = &world->disk;
    uint64_t random = world->random, ios = d->ios;
    sim_name names[SIM_NAMES];
    memcpy(names, d->names, sizeof names);
    d->frozen = true;
    d->crash_at = 0;
    sim_vfs_use();
    sim_examine(whole != 0);
    d->frozen = false;
    memcpy(d->names, names, sizeof names);
    d->ios = ios, world->random = random; /* looking changes nothing */
    return SIM_SOUND;
}

/* ---- a world ---- */

enum guilt { INNOCENT, FORGETFUL, BIT, PHANTOM, REVIVED, UNRECORDED, USURPED, SPOILT };

/* How many acknowledgements a world of that seed is for. Most worlds are small and crash all the time, since what is
 * to be found lies near a crash; that costs a start of the server, and examinations, for every few events. In the large
 * ones lives are long: the log grows beyond its bound, cases leave the cache, hundreds of timers wait. */
static uint64_t size_of(uint64_t seed) {
    uint64_t most = is_large(seed) ? LARGE_EVENTS : seed % 16 == 0 ? 500 : seed % 4 == 0 ? 60 : 24;
    return (is_large(seed) ? most / 4 : 4) + sim_hash(5, &seed, sizeof seed) % most;
}

static int born(int64_t unused) {
    (void)unused;
    sim_people_born();
    return SIM_SOUND;
}

static bool begin_world(uint64_t seed) {
    if (!world) {
        world = mmap(NULL, WORLD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (world == MAP_FAILED) return false;
    } else {
        madvise(world, sizeof *world + world->used + 4096, MADV_REMOVE); /* all zero again */
    }
    world->room = WORLD_BYTES - sizeof *world;
    world->seed = world->random = seed;
    world->events = size_of(seed);
    world->large = is_large(seed);
    world->auth = sim_hash(11, &seed, sizeof seed) % 5 < 2;
    world->counts.auth = world->auth;
    world->digest = 1;
    for (int i = 0; i < SIM_NAMES; i++) world->disk.names[i].now = world->disk.names[i].kept = -1;
    world->disk.powersafe = sim_chance(50);
    world->now = sim_between(1000, 1000000);
    world->skew =
        INT64_C(1772413200000) /* 2026-03-02 09:00 */ + sim_between(0, 330) * 86400000 + sim_between(0, 86400000);
    return in_child(born, 0) == SIM_SOUND; /* this process stays small: it is forked for every life */
}

/* How this life shall end. Answers after how many ms it is closed; 0: not. */
static int64_t plan(void) {
    world->disk.crash_at = world->step_crash = 0;
    world->healing = world->counts.lives >= LIVES_MOST || sim_enough(0);
    if (world->healing) return 0;
    uint64_t luck = sim_below(100), far = (uint64_t)1 << (world->large ? sim_between(8, 18) : sim_between(2, 10));
    if (luck < 60) world->disk.crash_at = world->disk.ios + 1 + sim_below(far);
    else if (luck < 85) world->step_crash = world->steps + 1 + sim_below(8 * far);
    else return 1 + (int64_t)sim_below(4 * far);
    return 0;
}

static void flip_a_bit(int first, int end) { /* in the middle of what the log in these files says */
    for (int i = first; i < end; i++) {
        sim_file *f = &world->disk.files[i];
        char *at = f->used && f->size ? memmem(f->now, (size_t)f->size, "\"by\":{", 6) : NULL;
        for (; at; at = memmem(at + 6, (size_t)(f->now + f->size - at - 6), "\"by\":{", 6)) at[2] ^= 1;
    }
}

static void forge(void) { /* an acknowledgement that nobody gave */
    for (sim_request *r = world->requests; r; r = r->next)
        if (r->key && r->state == SIM_REFUSED) {
            r->state = SIM_ACKED;
            return;
        }
}

/* SIM_SOUND, or SIM_FOUND with world->failure. */
static int run_world(enum guilt guilt) {
    int starts = 0;
    bool remade = false;
    for (;;) {
        world->counts.lives++;
        int64_t closes_after = plan();
        world->disk.forgetful = guilt == FORGETFUL && !world->healing;
        if (world->healing) world->disk.trouble = SIM_WELL;
        /* SQLite goes on in the middle of a sector behind a log that it recovered, which only powersafe overwrite
         * makes safe. The store therefore begins with an empty log; but emptying it needs room. */
        if (!world->disk.powersafe && world->disk.trouble == SIM_FULL) world->disk.trouble = SIM_WELL;
        uint64_t failures = world->disk.failures;
        sim_trace("life %llu%s, disk operation %llu, crash at %llu", (unsigned long long)world->counts.lives,
                  world->healing ? " (the last)" : "", (unsigned long long)world->disk.ios,
                  (unsigned long long)world->disk.crash_at);
        int end = in_child(live, closes_after);
        switch (end) {
        case SIM_DONE: break;
        case SIM_CRASHED: world->counts.crashes++, starts = 0; break;
        case SIM_CLOSED: world->counts.closed++, starts = 0; break;
        case SIM_NO_START:
            world->counts.no_start++;
            if (world->disk.failures == failures && world->counts.acked == 0 && !world->founded && !remade) {
                /* A database that was being made, rolled back and hit by a power failure need not be one (SQLite
                 * drops the journal of an empty file unsynced). Nothing was in it: the operator takes it away. */
                sim_trace("the half-made database is taken away");
                for (int i = 0; i < SIM_NAMES; i++) world->disk.names[i].now = world->disk.names[i].kept = -1;
                remade = true;
            } else if (world->disk.failures == failures) {
                snprintf(world->failure, sizeof world->failure,
                         "the server does not start on a disk that is well (the trace says why)");
                return SIM_FOUND;
            }
            if (++starts == STARTS_MOST) world->disk.trouble = SIM_WELL;
            break;
        case SIM_FOUND: return SIM_FOUND;
        default:
            snprintf(world->failure, sizeof world->failure,
                     "the process ended with status %d (what a sanitizer said stands above)", end);
            return SIM_FOUND;
        }
        world->in_life = false;
        bool power = end != SIM_DONE && sim_chance(end == SIM_CRASHED ? 75 : 40);
        world->counts.power += power;
        sim_trace("the life ended (%d), %s", end, power ? "and the power failed" : "the machine runs on");
        sim_disk_settle(power);
        if (world->healing && guilt == BIT) flip_a_bit(0, SIM_FILES);
        for (int i = 0; i < SIM_NAMES && guilt == SPOILT && world->copy_whole; i++)
            if (strcmp(world->disk.names[i].text, "copy.db") == 0 && world->disk.names[i].now >= 0)
                flip_a_bit(world->disk.names[i].now, world->disk.names[i].now + 1);
        if (world->healing && guilt == PHANTOM) forge();
        if (world->healing && guilt >= REVIVED && guilt <= USURPED) sim_accounts_forge(guilt == REVIVED, guilt == UNRECORDED);
        if (end == SIM_NO_START && !power) continue;
        int trouble = world->disk.trouble;
        world->disk.trouble = SIM_WELL;
        int found = in_child(examine, world->healing || sim_chance(15));
        world->disk.trouble = trouble;
        if (found != SIM_SOUND) {
            if (!world->failure[0])
                snprintf(world->failure, sizeof world->failure, "the examination ended with status %d", found);
            return SIM_FOUND;
        }
        if (end == SIM_DONE) return SIM_SOUND;
    }
}

static void tell(void) {
    fprintf(stderr, "FAILED: make sim SEED=%llu EVENTS=1\n", (unsigned long long)world->seed);
    uint64_t from = world->traced > TRACE_TOLD ? world->traced - TRACE_TOLD : 0;
    for (uint64_t i = from; i < world->traced; i++) fprintf(stderr, "  %s\n", world->trace[i % SIM_TRACE]);
    fprintf(stderr, "found in life %llu: %s\n", (unsigned long long)world->counts.lives, world->failure);
}

/* ---- many worlds ---- */

typedef struct sums {
    sim_counts c;
    uint64_t worlds, ios, failures, found;
} sums;

static void add_up(sums *s) {
    uint64_t *to = (uint64_t *)&s->c;
    const uint64_t *from = (const uint64_t *)&world->counts;
    for (size_t i = 0; i < sizeof s->c / sizeof *to; i++) to[i] += from[i];
    s->worlds++;
    s->ios += world->disk.ios;
    s->failures += world->disk.failures;
}

static void print_sums(const sums *s) {
#define N(x) (unsigned long long)s->x
    printf("%llu worlds, %llu lives (%llu crashes, %llu closed, %llu did not start; %llu power failures), %llu events "
           "(%llu timers)\n",
           N(worlds), N(c.lives), N(c.crashes), N(c.closed), N(c.no_start), N(c.power), N(c.ledger), N(c.timers));
    printf("%llu requests acknowledged (%llu repeated), %llu refused, %llu in doubt, %llu asked again, %llu "
           "attachments, %llu loads\n",
           N(c.acked), N(c.repeats), N(c.refused), N(c.doubtful), N(c.retried), N(c.attachments), N(c.loads));
    printf("%llu calls of services, %llu late replies, %llu lines in bulk, %llu events told by the feed; %llu changes "
           "of the disk, %llu of them failed in %llu troubles; "
           "%llu jumps of the clock, %llu quiet "
           "times; %llu allocations failed, %llu answers packed, %llu unchanged\n",
           N(c.calls), N(c.replies), N(c.bulk), N(c.told), N(ios), N(failures), N(c.troubles), N(c.jumps), N(c.leaps),
           N(c.starved), N(c.packed), N(c.unchanged));
    printf("%llu drafts of matters, %llu of them sound; %llu new versions of matters in use; %llu cases that others "
           "started found\n",
           N(c.drafts), N(c.sound), N(c.versions), N(c.found));
    printf("%llu backups, %llu of them held against a head kept before\n", N(c.copies), N(c.heads));
    printf("%llu worlds with accounts: %llu logins, %llu held back, %llu orders, %llu tokens and sessions ended, %llu "
           "attempts turned away, %llu readings in the clear; %llu acts found lawful by 组织\n",
           N(c.auth), N(c.logins), N(c.held_back), N(c.orders), N(c.ended), N(c.turned_away), N(c.readings), N(c.authority));
#undef N
}

static bool one_world(sums *s, uint64_t seed) {
    if (!begin_world(seed)) return false;
    bool sound = run_world(INNOCENT) == SIM_SOUND;
    if (!sound) tell(), s->found++;
    add_up(s);
    return sound;
}

/* make sim */
static int simulate(const char *seed_text, const char *events_text) {
    sums s = {0};
    uint64_t seed = strtoull(seed_text, NULL, 10), events = strtoull(events_text, NULL, 10), first = seed;
    if (strcmp(seed_text, "random") == 0 && getrandom(&seed, sizeof seed, 0) == sizeof seed) first = seed = seed >> 24;
    printf("make sim SEED=%llu EVENTS=%llu\n", (unsigned long long)seed, (unsigned long long)events);
    time_t began = time(NULL), told = began;
    do {
        one_world(&s, seed);
        seed++;
        if (time(NULL) - told >= 60) {
            told = time(NULL);
            printf("%llu events, %llu worlds, %llu found\n", (unsigned long long)s.c.ledger,
                   (unsigned long long)s.worlds, (unsigned long long)s.found);
            fflush(stdout);
        }
    } while (s.c.ledger < events && s.found < 10);
    print_sums(&s);
    printf("seeds %llu to %llu, %llu s: %llu findings\n", (unsigned long long)first, (unsigned long long)seed - 1,
           (unsigned long long)(time(NULL) - began), (unsigned long long)s.found);
    return s.found != 0;
}

/* ---- the usual run ---- */

static void test_same_seed(uint64_t seed) {
    uint64_t digest[2], ios[2], steps[2];
    for (int i = 0; i < 2; i++) {
        CHECK(begin_world(seed));
        CHECK_INT(run_world(INNOCENT), SIM_SOUND);
        digest[i] = world->digest, ios[i] = world->disk.ios, steps[i] = world->steps;
    }
    CHECK_INT(digest[1], digest[0]);
    CHECK_INT(ios[1], ios[0]);
    CHECK_INT(steps[1], steps[0]);
}

/* ---- a process that is killed, and then the power: at every operation of the disk ---- */

enum { BATCHES = 4 };

static void written(void *user, int result, const char *why) {
    (void)why;
    if (result == TB_STORE_OK) world->leaf = *(const int64_t *)user;
}

static tb_store *open_it(void) {
    tb_store *store;
    tb_store_error error;
    sim_vfs_use();
    if (tb_store_open_sqlite(sim_db, &(tb_store_options){.english = true}, &store, &error) != TB_OK)
        sim_fail("the database does not open: %s", error.text);
    return store;
}

static int write_some(int64_t unused) {
    tb_store *store = open_it();
    (void)unused;
    for (int64_t leaf = 1; leaf <= BATCHES; leaf++) {
        tb_event_row event = {.leaf = leaf, .kind = TB_STR("x"), .body = TB_STR("{}")};
        tb_write write = {.events = {.items = &event, .count = 1}}, *list = &write;
        if (tb_store_submit(store, &list, 1, written, &leaf) != TB_OK) abort();
    }
    return SIM_CLOSED; /* without closing: as if it were killed */
}

/* What is in the log must be what was acknowledged, at least; and once it was shown it stays. */
static int look_and_die(int64_t unused) {
    (void)unused;
    int64_t leaf = tb_store_last(open_it()).leaf;
    if (leaf < world->leaf)
        sim_fail("leaf %lld was known, and the log ends at %lld", (long long)world->leaf, (long long)leaf);
    world->leaf = leaf;
    return SIM_SOUND;
}

static void test_shown_stays(void) {
    int end = SIM_CRASHED, shown = 0;
    for (uint64_t k = 1; end == SIM_CRASHED && k < 500; k++) {
        if (!CHECK(begin_world(k))) return;
        world->disk.crash_at = k;
        end = in_child(write_some, 0);
        world->disk.crash_at = 0;
        int64_t acknowledged = world->leaf;
        bool sound = in_child(look_and_die, 0) == SIM_SOUND; /* the machine runs on … */
        shown += world->leaf > acknowledged;
        sim_disk_settle(true); /* … and then the power fails */
        sound = sound && in_child(look_and_die, 0) == SIM_SOUND;
        if (!CHECK(sound)) fprintf(stderr, "    crash at operation %llu: %s\n", (unsigned long long)k, world->failure);
    }
    CHECK_INT(end, SIM_CLOSED);
    CHECK(shown > 0); /* otherwise nothing was at stake */
}

/* ---- a sync of the log that fails, the death of who was told, and then the power (runtime/log_copy.c) ---- */

enum { FAILED_SYNCS = 120 };

/* Events 1, 2, …, each with a row that knows the newest, until a write fails. */
static int write_until_it_fails(int64_t unused) {
    tb_store *store = open_it();
    (void)unused;
    for (int64_t leaf = 1; leaf <= 50; leaf++) {
        if (leaf == 3) world->disk.trouble = SIM_SYNC_FAILS, world->disk.percent = 30;
        tb_event_row event = {.leaf = leaf, .case_id = 7, .kind = TB_STR("x"), .body = TB_STR("{}")};
        tb_case_row row = {
            .id = 7, .name = TB_STR("a"), .seq = leaf, .last = leaf, .state = TB_STR("{}"), .due = TB_NEVER};
        tb_write write = {.events = {.items = &event, .count = 1}, .cases = {.items = &row, .count = 1}},
                 *list = &write;
        int64_t before = world->leaf;
        if (tb_store_submit(store, &list, 1, written, &leaf) != TB_OK) abort();
        if (world->leaf == before) return SIM_CRASHED; /* killed, as a watchdog kills what hangs in fsync */
    }
    return SIM_CLOSED;
}

static int only_open(int64_t unused) {
    (void)unused;
    open_it();
    return SIM_CLOSED;
}

static int row_knows_the_log(int64_t unused) {
    tb_store *store = open_it();
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_reader *reader = tb_reader_open(store);
    tb_case_row row;
    int64_t leaf = tb_store_last(store).leaf;
    (void)unused;
    if (!a || !reader) abort();
    if (leaf < world->leaf)
        sim_fail("leaf %lld was acknowledged, and the log ends at %lld", (long long)world->leaf, (long long)leaf);
    int rc = tb_read_case(reader, 7, a, &row);
    if (rc) sim_fail("the row cannot be read: %d %s", rc, tb_reader_why(reader));
    if (row.last != leaf)
        sim_fail("the row knows leaf %lld, and the log ends at %lld", (long long)row.last, (long long)leaf);
    if (tb_reader_check(reader)) sim_fail("the file is not sound: %s", tb_reader_why(reader));
    return SIM_SOUND;
}

static void test_failed_sync(void) {
    int failed = 0, crashed = 0;
    for (uint64_t seed = 1; seed <= FAILED_SYNCS; seed++) {
        if (!CHECK(begin_world(seed))) return;
        int end = in_child(write_until_it_fails, 0);
        failed += end == SIM_CRASHED;
        world->disk.trouble = SIM_WELL;
        for (int lives = (int)sim_between(1, 4); lives > 0; lives--) {
            if (sim_chance(25)) world->disk.trouble = SIM_SYNC_FAILS, world->disk.percent = 30;
            world->disk.crash_at = world->disk.ios + 1 + sim_below(40);
            end = in_child(only_open, 0);
            crashed += end == SIM_CRASHED;
            world->disk.trouble = SIM_WELL;
            sim_disk_settle(sim_chance(40));
        }
        world->disk.crash_at = 0;
        sim_disk_settle(true);
        if (!CHECK(in_child(row_knows_the_log, 0) == SIM_SOUND))
            fprintf(stderr, "    seed %llu: %s\n", (unsigned long long)seed, world->failure);
    }
    CHECK(failed > FAILED_SYNCS / 2); /* otherwise nothing was at stake */
    CHECK(crashed > FAILED_SYNCS / 2);
}

/* Of a few worlds with that guilt one must be found out, and for what it is. */
static void test_guilt(enum guilt guilt, uint64_t seed, const char *what) {
    bool found = false;
    for (int i = 0; i < 12 && !found; i++) {
        CHECK(begin_world(seed + (uint64_t)i));
        found = run_world(guilt) == SIM_FOUND && strstr(world->failure, what);
    }
    if (!CHECK(found)) fprintf(stderr, "    not found: «%s»; last: «%s»\n", what, world->failure);
}

int main(int argc, char **argv) {
    const char *under = getenv("TMPDIR");
    sums s = {0};
    int rc = 0;
    snprintf(directory, sizeof directory, "%s/tongban-sim-XXXXXX", under && *under ? under : "/tmp");
    if (!mkdtemp(directory)) return perror(directory), 2;
    snprintf(db, sizeof db, "%s/t.db", directory);
    snprintf(copy, sizeof copy, "%s/copy.db", directory);
    sim_db = db;
    sim_copy = copy;
    FILE *c = fopen(copy, "w");
    if (!c || fclose(c)) return perror(copy), 2;
    FILE *f = fopen(db, "w"); /* the store looks for a file and locks beside it; what is in the file is ours */
    if (!f || fclose(f)) return perror(db), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) {
        rc = simulate(argv[1], argc > 2 ? argv[2] : "100000");
    } else {
        uint64_t first = seed_of("simulation") % 1000000007 / LARGE_EVERY * LARGE_EVERY + 16;
        for (uint64_t i = 0; i < USUAL_SEEDS && s.found < 5; i++) /* one that is not small will do */
            if (i == 0 || (first + i) % 16) CHECK(one_world(&s, first + i));
        print_sums(&s);
        test_same_seed(first + 1);
        test_same_seed(first + 4);
        test_shown_stays();
        test_failed_sync();
        test_guilt(FORGETFUL, 1, "lost");
        test_guilt(BIT, 100, "ledger");
        test_guilt(PHANTOM, 200, "lost");
        test_guilt(REVIVED, 300, "was ended, and is on disk");
        test_guilt(UNRECORDED, 300, "are on record");
        test_guilt(USURPED, 300, "nobody gave");
        test_guilt(SPOILT, 400, "a copy's ledger does not hold");
        rc = check_end();
    }
    static const char *const tails[] = {"", ".lock"};
    for (int i = 0; i < 2; i++) {
        char path[320];
        snprintf(path, sizeof path, "%s%s", db, tails[i]);
        unlink(path);
    }
    unlink(copy);
    rmdir(directory);
    return rc;
}
