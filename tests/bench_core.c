/* Steps a second on one core, without disk, network or store (`make bench-core`; DESIGN §7): the 用例 of the shipped matters are stepped
 * again and again,
 *   steps      tb_step alone
 *   replayed   and the event read from its text as the log holds it: a replay without digests
 *   written    and the outcome written as canonical JSON
 *   verified   and its SM3 taken: a replay that compares
 * States go from one of two arenas to the other, as in a walk (runtime/walk.h). Prints events a second for each. */
#include "engine.h"
#include <stdio.h>
#include <time.h>

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct story { /* the events of one 用例, as it ran */
    const tb_program *program;
    TB_LIST(tb_event) events;
    TB_LIST(tb_str) texts; /* of the same */
} story;
typedef TB_LIST(story) stories;

typedef struct collecting {
    world *w;
    const tb_program *program;
    const tb_section *scenario; /* of the last story */
    stories *all;
} collecting;

/* Everything a 用例 stepped, timers included, in order; what was refused is left out. */
static void take(void *user, const tb_section *scenario, const tb_event *e, const tb_outcome *o) {
    collecting *x = user;
    if (scenario != x->scenario) *TB_PUSH(x->w->a, *x->all) = (story){.program = x->program};
    x->scenario = scenario;
    if (o->refused) return;
    story *s = &x->all->items[x->all->count - 1];
    tb_buf b;
    tb_buf_init(&b, x->w->a);
    tb_event_write(&b, e);
    *TB_PUSH(x->w->a, s->events) = *e;
    *TB_PUSH(x->w->a, s->texts) = tb_buf_str(&b);
}

static void collect(world *w, stories *all) {
    for (uint32_t i = 0; i < w->rules->programs.count; i++) {
        collecting x = {w, w->rules->programs.items[i], NULL, all};
        tb_scenario_report *ran;
        if (tb_scenarios_watch(w->a, x.program, &w->env, take, &x, &ran) != TB_OK) exit(1);
    }
}

enum how { STEPS, REPLAYED, WRITTEN, VERIFIED };

static uint64_t run(const world *w, const stories *all, enum how how, double for_seconds, double *took) {
    tb_arena *arenas[2] = {tb_arena_new(NULL, 0), tb_arena_new(NULL, 0)};
    uint64_t events = 0;
    uint8_t digest[32];
    double from = seconds();
    while ((*took = seconds() - from) < for_seconds)
        for (uint32_t i = 0; i < all->count; i++) {
            const story *s = &all->items[i];
            const tb_case *now = NULL;
            int turn = 0;
            for (uint32_t e = 0; e < s->events.count; e++) {
                tb_outcome *o;
                turn = !turn;
                tb_arena_reset(arenas[turn]);
                tb_event event = s->events.items[e];
                if (how >= REPLAYED && tb_event_read(arenas[turn], s->texts.items[e], &event)) exit(1);
                if (tb_step(arenas[turn], s->program, TB_STR("0000000000001"), now, &event, &w->env, &o) != TB_OK) exit(1);
                events++;
                if (o->refused) exit(1); /* what was accepted once is accepted again */
                now = o->next;
                if (how <= REPLAYED) continue;
                tb_buf b;
                tb_buf_init(&b, arenas[turn]);
                tb_outcome_write(&b, o);
                if (how == VERIFIED) tb_sm3(b.p, b.n, digest);
            }
        }
    tb_arena_free(arenas[0]);
    tb_arena_free(arenas[1]);
    return events;
}

int main(int argc, char **argv) {
    static const char *const names[] = {"steps", "replayed", "written", "verified"};
    double each = argc > 1 ? atof(argv[1]) : 3;
    world w;
    stories all = {0};
    world_begin(&w);
    world_add(&w, "rules");
    if (world_compile(&w) != TB_OK || w.rules->diagnostics.errors) return 2;
    collect(&w, &all);
    for (int how = STEPS; how <= VERIFIED; how++) {
        double took;
        uint64_t n = run(&w, &all, (enum how)how, each, &took);
        printf("%-9s %10.0f a second   %6.0f ns\n", names[how], (double)n / took, took * 1e9 / (double)n);
    }
    world_end(&w);
    return 0;
}
