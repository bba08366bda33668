/* Group commit, over the store in memory with faults injected. The writer's thread is held at a gate (in the fault
 * hook), so that each test decides what is in flight, what is queued, and what becomes of it. */
#include <semaphore.h>
#include <stdlib.h>
#include "check.h"
#include "commit.h"
#include "io.h"

enum { ACTS = 4000 };

struct rig {
    tb_io *io;
    tb_memory_disk *disk;
    tb_store *store;
    tb_commit *commit;
    tb_arena *arena;
    sem_t gate;         /* each batch takes one before it begins */
    bool held;
    _Atomic int fault;  /* the result injected next, at `point` */
    const char *point;
    _Atomic int reopen_failures;
    int64_t leaf;       /* the last one given out */
    int dropped, reopened, drop_result;
    char log[4 * ACTS]; /* a letter for each answer, in order */
    int answers, until;
    void (*then)(struct rig *rig);
    int chain;          /* acts still to add from callbacks */
};

static int at_point(void *user, const char *point) { /* the writer's thread */
    struct rig *rig = user;
    if (strcmp(point, TB_FAULT_BEGIN) == 0 && rig->held) sem_wait(&rig->gate);
    if (strcmp(point, TB_FAULT_REOPEN) == 0 && rig->reopen_failures > 0) {
        rig->reopen_failures--;
        return TB_STORE_UNKNOWN;
    }
    if (rig->point && strcmp(point, rig->point) == 0) {
        int result = rig->fault;
        rig->fault = 0;
        return result;
    }
    return 0;
}

static void on_dropped(void *user, int result, const char *why) {
    struct rig *rig = user;
    CHECK(why[0] != '\0');
    rig->dropped++;
    rig->drop_result = result;
    rig->leaf = tb_store_last(rig->store).leaf; /* as the server does */
    strcat(rig->log, "!");
}

static void on_reopened(void *user) {
    struct rig *rig = user;
    rig->reopened++;
    rig->leaf = tb_store_last(rig->store).leaf;
    if (rig->then) rig->then(rig);
}

static bool rig_start(struct rig *rig, bool threads, uint32_t batch, uint32_t queue) {
    tb_store_error error;
    *rig = (struct rig){.held = threads};
    sem_init(&rig->gate, 0, 0);
    rig->io = threads ? tb_io_new() : NULL;
    rig->arena = tb_arena_new(NULL, 0);
    rig->disk = tb_memory_disk_new();
    tb_store_options options = {.io = rig->io, .fault = at_point, .fault_user = rig};
    if (!CHECK_INT(tb_store_open_memory(rig->disk, &options, &rig->store, &error), TB_OK)) return false;
    tb_commit_options commit = {
        .batch = batch, .queue = queue, .dropped = on_dropped, .reopened = on_reopened, .user = rig};
    rig->commit = tb_commit_new(rig->io, rig->store, &commit);
    return CHECK(rig->commit != NULL);
}

static void rig_end(struct rig *rig) {
    tb_store_close(rig->store);
    tb_commit_free(rig->commit);
    tb_memory_disk_free(rig->disk);
    tb_io_free(rig->io);
    tb_arena_free(rig->arena);
    sem_destroy(&rig->gate);
}

struct act {
    struct rig *rig;
    char name;
    int64_t leaf; /* the log must reach it when the answer is OK */
};

static int add(struct rig *rig, char name);

static void answered(void *user, int result) {
    struct act *act = user;
    struct rig *rig = act->rig;
    size_t n = strlen(rig->log);
    rig->log[n] = act->name;
    if (result) rig->log[n + 1] = (char)('0' + result);
    if (act->name == '*' && result == TB_STORE_OK && rig->chain-- > 0) add(rig, '*');
    if (act->name == '+' && result && rig->chain-- > 0) add(rig, 'z');
    if (++rig->answers == rig->until && rig->io) tb_io_stop(rig->io);
}

static int add(struct rig *rig, char name) {
    tb_write *w = TB_NEW(rig->arena, tb_write);
    struct act *act = TB_NEW(rig->arena, struct act);
    *act = (struct act){rig, name, rig->leaf};
    int64_t leaf = ++rig->leaf; /* before: without an io the answer, and what it adds, comes first */
    *TB_PUSH(rig->arena, w->events) =
        (tb_event_row){.leaf = leaf, .case_id = 1, .seq = 1, .kind = TB_STR("x"), .body = TB_STR("{}")};
    int answer = tb_commit_add(rig->commit, w, answered, act);
    if (answer != TB_COMMIT_OK) rig->leaf = leaf - 1;
    return answer;
}

static int barrier(struct rig *rig, char name) {
    struct act *act = TB_NEW(rig->arena, struct act);
    *act = (struct act){rig, name, rig->leaf};
    return tb_commit_barrier(rig->commit, answered, act);
}

static void run_until(struct rig *rig, int answers) {
    rig->until = answers;
    if (rig->answers < answers) tb_io_run(rig->io);
    CHECK_INT(rig->answers, answers);
}

static void open_gate(struct rig *rig, int batches) {
    while (batches--) sem_post(&rig->gate);
}

static int64_t on_disk(struct rig *rig) {
    tb_reader *r = tb_reader_open(rig->store);
    tb_store_tail tail = {0};
    CHECK_INT(tb_read_tail(r, &tail), TB_STORE_OK);
    tb_reader_close(r);
    return tail.leaf;
}

/* What arrives while a batch is written forms the next one, up to the cap; answers come in order. */
static void test_groups(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 4, 0)) return;
    for (char c = 'a'; c <= 'k'; c++) CHECK_INT(add(&rig, c), TB_COMMIT_OK);
    tb_commit_health h = tb_commit_health_now(rig.commit);
    CHECK(h.in_flight == 1 && h.queued == 10 && h.state == TB_COMMIT_STATE_OPEN && h.why[0] == '\0');
    CHECK_STR(rig.log, "");
    open_gate(&rig, 1);
    run_until(&rig, 1);
    CHECK_STR(rig.log, "a");
    open_gate(&rig, 3);
    run_until(&rig, 11);
    CHECK_STR(rig.log, "abcdefghijk");
    h = tb_commit_health_now(rig.commit);
    CHECK(h.batches == 4 && h.writes == 11 && h.failed == 0 && h.in_flight == 0 && h.queued == 0); /* 1 + 4 + 4 + 2 */
    CHECK_INT(on_disk(&rig), 11);
    rig_end(&rig);
}

/* The next batch cannot be sent (here: the store closes; or there is no memory) while the last one is still to be answered, and one
 * that fails adds another: each is answered once, with its own result. (They were mixed up: what had not been written was
 * answered OK in the place of what had.) */
static void test_next_cannot_be_sent(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 4, 0)) return;
    rig.chain = 1;
    for (const char *c = "a+"; *c; c++) CHECK_INT(add(&rig, *c), TB_COMMIT_OK);
    open_gate(&rig, 1);
    tb_store_close(rig.store);
    rig.store = NULL;
    CHECK_STR(rig.log, "a!+1!z1");
    rig_end(&rig);
}

/* A barrier is answered after all that was accepted before it, and before what comes after; at once when nothing is
 * under way. */
static void test_barrier(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 2, 0)) return;
    CHECK_INT(barrier(&rig, 'A'), TB_COMMIT_OK);
    CHECK_STR(rig.log, "A");
    add(&rig, 'b');
    barrier(&rig, 'C');
    barrier(&rig, 'D');
    add(&rig, 'e');
    add(&rig, 'f');
    barrier(&rig, 'G');
    add(&rig, 'h');
    barrier(&rig, 'I');
    open_gate(&rig, 1);
    run_until(&rig, 4);
    CHECK_STR(rig.log, "AbCD");
    open_gate(&rig, 2);
    run_until(&rig, 9);
    CHECK_STR(rig.log, "AbCDefGhI");
    CHECK_INT(tb_commit_health_now(rig.commit).batches, 3); /* barriers cost no batch */
    rig_end(&rig);
}

/* A failed batch fails what is queued behind it, barriers too; the owner hears first; then writing goes on. */
static void test_retry(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 2, 0)) return;
    rig.point = TB_FAULT_BEGIN;
    rig.fault = TB_STORE_RETRY;
    for (char c = 'a'; c <= 'e'; c++) add(&rig, c);
    barrier(&rig, 'F');
    open_gate(&rig, 1);
    run_until(&rig, 6);
    CHECK_STR(rig.log, "!a1b1c1d1e1F1");
    CHECK(rig.dropped == 1 && rig.drop_result == TB_STORE_RETRY && rig.leaf == 0);
    CHECK_INT(add(&rig, 'g'), TB_COMMIT_OK);
    open_gate(&rig, 1);
    run_until(&rig, 7);
    CHECK_STR(rig.log, "!a1b1c1d1e1F1g");
    tb_commit_health h = tb_commit_health_now(rig.commit);
    CHECK(h.state == TB_COMMIT_STATE_OPEN && h.failed == 1 && h.batches == 1 && h.why[0] != '\0' && h.reopens == 0);
    CHECK_INT(on_disk(&rig), 1);
    rig_end(&rig);
}

/* UNKNOWN: nothing is taken until reopening has succeeded, however often it fails; then the tail tells what
 * is there. */
static void after_reopen(struct rig *rig) {
    rig->then = NULL;
    CHECK_INT(tb_commit_health_now(rig->commit).state, TB_COMMIT_STATE_OPEN);
    CHECK_INT(rig->leaf, 2);
    CHECK_INT(add(rig, 'z'), TB_COMMIT_OK);
    sem_post(&rig->gate);
}

static void test_unknown(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 0, 0)) return;
    add(&rig, 'a');
    open_gate(&rig, 1);
    run_until(&rig, 1);
    rig.point = TB_FAULT_COMMIT; /* the next batch is written, and nobody knows */
    rig.fault = TB_STORE_UNKNOWN;
    rig.reopen_failures = 2;
    rig.then = after_reopen;
    add(&rig, 'b');
    add(&rig, 'c');
    open_gate(&rig, 1);
    run_until(&rig, 3);
    CHECK_STR(rig.log, "a!b2c2");
    CHECK_INT(tb_commit_health_now(rig.commit).state, TB_COMMIT_STATE_REOPENING);
    CHECK_INT(add(&rig, 'd'), TB_COMMIT_REOPENING);
    CHECK_INT(barrier(&rig, 'E'), TB_COMMIT_REOPENING);
    run_until(&rig, 4);
    CHECK_STR(rig.log, "a!b2c2z");
    tb_commit_health h = tb_commit_health_now(rig.commit);
    CHECK(rig.reopened == 1 && h.reopens == 3 && h.failed == 1 && h.batches == 2);
    CHECK_INT(on_disk(&rig), 3);
    rig_end(&rig);
}

/* CORRUPT ends writing for good. */
static void test_corrupt(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 0, 0)) return;
    rig.leaf = 5; /* a log that begins at 6: the store refuses it */
    add(&rig, 'a');
    add(&rig, 'b');
    open_gate(&rig, 1);
    run_until(&rig, 2);
    CHECK_STR(rig.log, "!a3b3");
    CHECK_INT(tb_commit_health_now(rig.commit).state, TB_COMMIT_STATE_BROKEN);
    CHECK_STR(tb_commit_state_name(TB_COMMIT_STATE_BROKEN), "broken");
    CHECK_INT(add(&rig, 'c'), TB_COMMIT_BROKEN);
    CHECK_INT(barrier(&rig, 'D'), TB_COMMIT_BROKEN);
    CHECK_INT(on_disk(&rig), 0);
    rig_end(&rig);
}

/* Overload is answered, not buffered without bound. */
static void test_full(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 2, 4)) return;
    CHECK_INT(add(&rig, 'a'), TB_COMMIT_OK);
    for (char c = 'b'; c <= 'e'; c++) CHECK_INT(add(&rig, c), TB_COMMIT_OK);
    CHECK_INT(add(&rig, 'f'), TB_COMMIT_FULL);
    CHECK_INT(barrier(&rig, 'G'), TB_COMMIT_FULL);
    open_gate(&rig, 3);
    run_until(&rig, 5);
    CHECK_INT(add(&rig, 'h'), TB_COMMIT_OK);
    open_gate(&rig, 1);
    run_until(&rig, 6);
    CHECK_STR(rig.log, "abcdeh");
    rig_end(&rig);
}

/* Closing the store answers what is in flight and fails what waits. */
static void test_close(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 1, 0)) return;
    add(&rig, 'a');
    add(&rig, 'b');
    open_gate(&rig, 1);
    tb_store_close(rig.store);
    rig.store = NULL;
    CHECK(strcmp(rig.log, "a!b1") == 0 || strcmp(rig.log, "!b1a") == 0);
    rig_end(&rig);
}

/* What is added while the store closes is refused: its `done` would run before tb_commit_add returned. */
static int closing_answer, closing_answers;
static int read_nothing(tb_reader *r, void *arg) { return (void)r, (void)arg, TB_STORE_OK; }
static void add_in_closing(void *arg, int result) {
    struct rig *rig = arg;
    int before = rig->answers;
    CHECK_INT(result, TB_STORE_OK);
    closing_answer = add(rig, 'z');
    closing_answers = rig->answers - before;
}

static void test_add_in_closing(void) {
    struct rig rig;
    if (!rig_start(&rig, true, 0, 0)) return;
    closing_answer = -1;
    CHECK_INT(tb_store_read(rig.store, read_nothing, add_in_closing, &rig), TB_OK);
    tb_store_close(rig.store);
    rig.store = NULL;
    CHECK_INT(closing_answer, TB_COMMIT_FULL);
    CHECK_INT(closing_answers, 0);
    CHECK_INT(tb_commit_health_now(rig.commit).queued, 0);
    rig_end(&rig);
}

/* Without an io everything happens at once, and a chain of acts from callbacks does not grow the stack. */
static void test_inline(void) {
    struct rig *rig = malloc(sizeof *rig);
    if (!CHECK(rig != NULL) || !rig_start(rig, false, 0, 0)) return;
    rig->chain = ACTS - 2;
    CHECK_INT(add(rig, 'a'), TB_COMMIT_OK);
    CHECK_STR(rig->log, "a");
    CHECK_INT(add(rig, '*'), TB_COMMIT_OK);
    CHECK_INT(rig->answers, ACTS);
    CHECK_INT(on_disk(rig), ACTS);
    rig->point = TB_FAULT_COMMIT;
    rig->fault = TB_STORE_UNKNOWN;
    CHECK_INT(add(rig, 'b'), TB_COMMIT_OK);
    CHECK(rig->reopened == 1 && tb_store_last(rig->store).leaf == ACTS + 1);
    rig->leaf = tb_store_last(rig->store).leaf;
    CHECK_INT(add(rig, 'c'), TB_COMMIT_OK);
    CHECK_STR(rig->log + ACTS, "!b2c");
    rig_end(rig);
    free(rig);
}

/* Random acts, barriers and faults from one seed: each is answered once; what is answered OK, a barrier too, has all
 * that was accepted up to it on disk; what is refused as RETRY is not there. */
static void storm_answered(void *user, int result) {
    struct act *act = user;
    struct rig *rig = act->rig;
    if (result == TB_STORE_OK) CHECK(tb_store_last(rig->store).leaf >= act->leaf);
    if (result == TB_STORE_OK && act->name == 'w') rig->chain++;
    if (++rig->answers == rig->until) tb_io_stop(rig->io);
}

static void stop_loop(struct rig *rig) { tb_io_stop(rig->io); }

static void storm(unsigned seed) {
    static const int faults[] = {0, 0, 0, TB_STORE_RETRY, TB_STORE_UNKNOWN};
    struct rig *rig = malloc(sizeof *rig);
    if (!CHECK(rig != NULL) || !rig_start(rig, true, 5, 16)) return;
    rig->held = false;
    rig->then = stop_loop;
    for (int round = 0; round < 60; round++) {
        int fault = faults[rand_r(&seed) % 5];
        /* RETRY means: surely not there; so it cannot follow the commit. */
        rig->point = fault == TB_STORE_RETRY || rand_r(&seed) % 2 ? TB_FAULT_BEGIN : TB_FAULT_COMMIT;
        rig->fault = fault;
        rig->log[0] = '\0';
        rig->chain = 0;
        int64_t before = rig->leaf;
        int waiting = 0, writes = 0;
        for (int n = rand_r(&seed) % 24 + 1; n; n--) {
            tb_write *w = TB_NEW(rig->arena, tb_write);
            struct act *act = TB_NEW(rig->arena, struct act);
            bool is_write = rand_r(&seed) % 4 != 0;
            int answers = rig->answers;
            *act = (struct act){rig, is_write ? 'w' : 'B', rig->leaf + is_write};
            *TB_PUSH(rig->arena, w->events) =
                (tb_event_row){.leaf = act->leaf, .kind = TB_STR("x"), .body = TB_STR("{}")};
            int answer = is_write ? tb_commit_add(rig->commit, w, storm_answered, act)
                                  : tb_commit_barrier(rig->commit, storm_answered, act);
            if (answer != TB_COMMIT_OK) continue;
            rig->leaf = act->leaf;
            writes += is_write;
            waiting += rig->answers == answers; /* a barrier may be answered at once */
        }
        if (waiting) run_until(rig, rig->answers + waiting);
        if (tb_commit_health_now(rig->commit).state == TB_COMMIT_STATE_REOPENING) tb_io_run(rig->io);
        int64_t now = on_disk(rig);
        CHECK(now - before >= rig->chain && now - before <= writes);
        if (fault != TB_STORE_UNKNOWN) CHECK_INT(now - before, rig->chain);
        CHECK_INT(rig->leaf, now);
        CHECK_INT(tb_store_last(rig->store).leaf, now);
    }
    CHECK(tb_commit_health_now(rig->commit).failed > 0 && rig->reopened > 0);
    rig_end(rig);
    free(rig);
}

int main(void) {
    test_groups();
    test_next_cannot_be_sent();
    test_barrier();
    test_retry();
    test_unknown();
    test_corrupt();
    test_full();
    test_close();
    test_add_in_closing();
    test_inline();
    for (unsigned seed = 1; seed <= 10; seed++) storm(seed);
    return check_end();
}
