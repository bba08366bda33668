/* The seam on libuv, beneath HTTP: workers keep their order and lose nothing, wakes come from any thread, timers ring
 * once, and freeing in the middle of it is safe. Built with TSan too. (Streams are covered by test_http.) */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "check.h"
#include "io.h"

enum { JOBS = 20000, SENDERS = 4, SENDS = 1000 };

static tb_io *io;
static tb_io_worker *workers[2];
static pthread_t loop_thread;

typedef struct job {
    int worker, number, worked;
} job;
static job jobs[2][JOBS];
static int on_worker[2]; /* touched by that worker's thread only: TSan would see a second one */
static int done[2];
static bool right_thread = true, right_order = true;

static void work(void *arg) {
    job *j = arg;
    j->worked = ++on_worker[j->worker];
}
static void finished(void *arg) {
    job *j = arg;
    right_thread &= pthread_equal(pthread_self(), loop_thread);
    right_order &= j->number == done[j->worker] && j->worked == j->number + 1;
    if (++done[j->worker] == JOBS && done[!j->worker] == JOBS)
        tb_io_stop(io);
}

static void check_workers(void) {
    int failed = 0;
    loop_thread = pthread_self();
    workers[0] = tb_io_worker_new(io, "writer");
    workers[1] = tb_io_worker_new(io, "a very long name of a reader");
    for (int i = 0; i < JOBS; i++)
        for (int w = 0; w < 2; w++) {
            jobs[w][i] = (job){.worker = w, .number = i};
            failed += tb_io_worker_submit(workers[w], work, finished, &jobs[w][i]) != TB_OK;
        }
    CHECK_INT(failed, 0);
    CHECK_INT(done[0] + done[1], 0); /* done never runs before submit has returned */
    tb_io_run(io);
    CHECK_INT(done[0], JOBS);
    CHECK_INT(done[1], JOBS);
    CHECK(right_thread && right_order);
    tb_io_worker_free(workers[0]);
    tb_io_worker_free(workers[1]);
}

/* Each done submits the next: the loop and the worker wait for one another, ten thousand times. */
static tb_io_worker *pong;
static int rounds;
static void nothing(void *arg) { (void)arg; }
static void again(void *arg) {
    if (++rounds == 10000 || tb_io_worker_submit(pong, nothing, again, arg) != TB_OK)
        tb_io_stop(io);
}

/* Freed while jobs wait: all are worked and done before free returns; one done callback frees another worker. */
static tb_io_worker *inner;
static int late;
static void slow(void *arg) {
    (void)arg;
    usleep(100);
}
static void count(void *arg) {
    (void)arg;
    if (++late == 50) {
        tb_io_worker_free(inner);
        inner = NULL;
    }
}
static void check_free(void) {
    tb_io_worker *w = tb_io_worker_new(io, "outer");
    inner = tb_io_worker_new(io, "inner");
    for (int i = 0; i < 100; i++) {
        tb_io_worker_submit(w, slow, count, NULL);
        tb_io_worker_submit(inner, slow, count, NULL);
    }
    tb_io_worker_submit(w, slow, NULL, NULL);
    tb_io_worker_free(w);
    CHECK_INT(late, 200);
    CHECK(inner == NULL);
}

static tb_io_wake *wake;
static int sent, seen; /* sent: atomic */
static void *sender(void *arg) {
    (void)arg;
    for (int i = 0; i < SENDS; i++) {
        __atomic_add_fetch(&sent, 1, __ATOMIC_SEQ_CST);
        tb_io_wake_send(wake);
    }
    return NULL;
}
static void woken(void *arg) {
    (void)arg;
    seen = __atomic_load_n(&sent, __ATOMIC_SEQ_CST); /* whatever melted together, the last one is never missed */
    if (seen == SENDERS * SENDS)
        tb_io_stop(io);
}

static tb_io_timer *timers[3];
static char rung[10];
static void ring(void *arg) {
    size_t n = strlen(rung);
    rung[n] = *(const char *)arg;
    if (rung[n] == 'a') {
        tb_io_timer_free(timers[0]); /* its own */
        tb_io_timer_clear(timers[1]);
        tb_io_timer_set(timers[2], 20);
        tb_io_timer_set(timers[2], 5);
    } else if (rung[n] == 'c') {
        tb_io_timer_set(timers[1], 0);
    } else if (n < 4) {
        tb_io_timer_set(timers[1], 0); /* setting itself to "at once" must not hold the loop */
        tb_io_stop(io);
    }
}

static char signals[20];
static void on_signal(void *arg, const char *name) {
    strcpy(arg, name);
    tb_io_stop(io);
}

int main(void) {
    io = tb_io_new();
    check_workers();
    pong = tb_io_worker_new(io, "pong");
    tb_io_worker_submit(pong, nothing, again, NULL);
    tb_io_run(io);
    CHECK_INT(rounds, 10000);
    tb_io_worker_free(pong);
    check_free();

    wake = tb_io_wake_new(io, woken, NULL);
    pthread_t t[SENDERS];
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&t[i], NULL, sender, NULL);
    tb_io_run(io);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(t[i], NULL);
    CHECK_INT(seen, SENDERS * SENDS);
    tb_io_wake_free(wake);

    timers[0] = tb_io_timer_new(io, ring, (void *)(uintptr_t)"a");
    timers[1] = tb_io_timer_new(io, ring, (void *)(uintptr_t)"b");
    timers[2] = tb_io_timer_new(io, ring, (void *)(uintptr_t)"c");
    int64_t before = tb_io_now(io);
    tb_io_timer_set(timers[0], 10);
    tb_io_timer_set(timers[1], 12);
    tb_io_run(io);
    CHECK_STR(rung, "acb");
    CHECK(tb_io_now(io) - before >= 15);
    tb_io_timer_free(timers[1]);
    tb_io_timer_free(timers[2]);

    CHECK_INT(tb_io_on_signal(io, on_signal, signals), TB_OK);
    kill(getpid(), SIGTERM);
    tb_io_run(io);
    CHECK_STR(signals, "SIGTERM");
    char a[16] = "", b[16] = "";
    CHECK_INT(tb_io_random(io, a, sizeof a) | tb_io_random(io, b, sizeof b), TB_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(tb_io_wall(io) > INT64_C(1700000000000));
    tb_io_stop(io); /* late, and harmless */
    tb_io_free(io);
    return check_end();
}
