/* What the tests of pure subjects share: an arena for the whole test, a dice with a printed seed, memory that fails at the n-th
 * allocation. A test ends with `int main(void) { return run_pure(run); }`. */
#ifndef TB_TEST_PURE_H
#define TB_TEST_PURE_H
#include "arena.h"
#include "check.h"
#include <stdlib.h>

static tb_arena *arena;

static uint64_t state; /* xorshift64 */
static inline uint32_t dice(uint32_t n) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32) % n;
}

/* ---- an allocator whose call number `until` fails; `live` counts blocks not given back ---- */
struct failing {
    int until, live;
};
static void *take(void *user, size_t n) {
    struct failing *f = user;
    if (f->until-- == 0) return NULL;
    f->live++;
    return malloc(n);
}
static void give(void *user, void *p) {
    ((struct failing *)user)->live--;
    free(p);
}

/* Runs work(arena) with the n-th allocation failing, n from 0 until it succeeds: never a leak, and more than `least` tries. */
static inline void fail_every_allocation(int (*work)(void *arena), int least, int most) {
    int result = TB_NOMEM, n = 0;
    for (; result == TB_NOMEM && n < most; n++) {
        struct failing f = {n, 0};
        tb_arena *a = tb_arena_new(&(tb_allocator){take, give, &f}, 0);
        if (a) result = tb_try(a, work, a);
        tb_arena_free(a);
        CHECK_INT(f.live, 0);
    }
    CHECK(result == TB_OK && n > least);
}

/* Seed from seed_of(); then run() under tb_try. */
static inline int run_pure(int (*run)(void *arg)) {
    state = seed_of("the dice");
    for (int i = 0; i < 8; i++) dice(2);
    arena = tb_arena_new(NULL, 0);
    if (!CHECK(arena != NULL)) return check_end();
    CHECK_INT(tb_try(arena, run, NULL), TB_OK);
    tb_arena_free(arena);
    return check_end();
}
#endif
