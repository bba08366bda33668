/* The statechart core (M1, M2): outside conformance machines, our own small charts with the order of leaving and
 * entering written out, random charts against a slow interpreter that follows the W3C pseudo-code, wrong charts, and
 * failing memory. `test_chart SEED` repeats a random run; `test_chart bench` prints the cost of an addressed event. */
#include "arena.h"
#include "chart.h"
#include "check.h"
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

/* ---- small charts as text
 * ----------------------------------------------------------------------------------------------------- States: `a`
 * atomic, `a{ … }` compound, `a[ … ]` parallel, `a!` final, `h~x` shallow and `h*x` deep history with default x;
 *   before the bracket `>x,y` names the initial and `@e` the done event. The root, `root`, is around them.
 * Arrows, apart by `;`: `SOURCE EVENT TARGETS`: event `-` is none, `e?f` asks for flag f; targets `x,y`, `-` none,
 * `=x` internal. Content, apart by blanks: what an entering `+a`, leaving `-a` or taking `t0` does: `+a:e` raises e,
 * `+a:!f` sets flag f. Events and flags are single letters. A trace shows the order: `-a t0 +b`. */
enum { MOST = 40, WORDS_OF_LARGE = TB_CHART_WORDS(601) };
struct model {
    tb_arena *arena;
    tb_chart_builder *b;
    const tb_chart *chart;
    const char *error, *content;
    char names[MOST][12];
    int count;
    char flag[MOST]; /* of each transition */
    struct { uint16_t state; char targets[40]; } initials[MOST];
    int initial_count;
};
struct live {
    struct model *m;
    tb_chart_run run;
    uint64_t active[1], memory[8];
    uint32_t flags;
    char trace[400], leaves[200];
};

static char *word(const char **p, char *into) {
    char *w = into;
    while (isalnum((unsigned char)**p) || **p == ',') *w++ = *(*p)++;
    *w = 0;
    return into;
}
static uint16_t named(const struct model *m, const char *name) {
    for (int i = 0; i < m->count; i++)
        if (!strcmp(m->names[i], name)) return (uint16_t)i;
    return 999; /* does not exist: the builder must say so */
}
static uint32_t targets_of(const struct model *m, const char *text, uint16_t *t) {
    uint32_t n = 0;
    char one[12];
    while (*text && *text != '-') {
        size_t k = strcspn(text, ",");
        snprintf(one, sizeof one, "%.*s", (int)k, text);
        t[n++] = named(m, one);
        text += k + (text[k] == ',');
    }
    return n;
}
static void read_states(struct model *m, const char **p, uint16_t parent) {
    for (;;) {
        while (**p == ' ') ++*p;
        if (!**p || **p == '}' || **p == ']') return;
        char *name = m->names[m->count++], initial[40] = "";
        word(p, name);
        uint32_t done = 0;
        if (**p == '>') ++*p, word(p, initial);
        if (**p == '@') done = (uint32_t)(*p)[1], *p += 2;
        char k = **p;
        enum tb_state_kind kind = k == '{'   ? TB_COMPOUND
                                  : k == '[' ? TB_PARALLEL
                                  : k == '!' ? TB_FINAL
                                  : k == '~' ? TB_HISTORY_SHALLOW
                                  : k == '*' ? TB_HISTORY_DEEP
                                             : TB_ATOMIC;
        if (kind != TB_ATOMIC) ++*p;
        if (k == '~' || k == '*') word(p, initial);
        uint16_t s = tb_chart_state(m->b, parent, kind, 0);
        if (done) tb_chart_done_event(m->b, s, done);
        if (*initial) {
            m->initials[m->initial_count].state = s;
            strcpy(m->initials[m->initial_count++].targets, initial);
        }
        if (k == '{' || k == '[') {
            read_states(m, p, s);
            if (**p) ++*p;
        }
    }
}
static void build(struct model *m, const char *states, const char *arrows, const char *content) {
    *m = (struct model){.arena = tb_arena_new(NULL, 0), .content = content ? content : ""};
    m->b = tb_chart_begin(m->arena);
    tb_chart_state(m->b, TB_NO_STATE, TB_COMPOUND, 0);
    strcpy(m->names[m->count++], "root");
    read_states(m, &states, 0);
    uint16_t t[MOST];
    for (int i = 0; i < m->initial_count; i++) {
        uint32_t n = targets_of(m, m->initials[i].targets, t);
        tb_chart_initial(m->b, m->initials[i].state, t, n);
    }
    for (const char *p = arrows; p && *p;) {
        char source[12], event[8], to[40];
        int used = 0;
        if (sscanf(p, " %11[^ ] %7[^ ] %39[^ ;]%n", source, event, to, &used) != 3) abort();
        bool internal = to[0] == '=';
        uint32_t n = targets_of(m, to + internal, t), e = event[0] == '-' ? 0 : (uint32_t)event[0];
        uint16_t k = tb_chart_transition(m->b, named(m, source), e, internal, t, n, 0);
        if (k < MOST && event[1] == '?') m->flag[k] = event[2];
        p += used;
        p += strspn(p, "; ");
    }
    m->chart = tb_chart_end(m->b, &m->error);
}

static bool flag_guard(void *user, tb_chart_run *run, uint16_t t) {
    struct live *l = user;
    char f = l->m->flag[t];
    (void)run;
    return !f || (l->flags >> (f - 'a') & 1);
}
static void note(struct live *l, const char *what) {
    size_t n = strlen(l->trace);
    snprintf(l->trace + n, sizeof l->trace - n, "%s%s", n ? " " : "", what);
    size_t k = strlen(what);
    for (const char *c = l->m->content; *c; c += strcspn(c, " "), c += strspn(c, " ")) {
        if (strncmp(c, what, k) || c[k] != ':') continue;
        if (c[k + 1] == '!') l->flags |= 1u << (c[k + 2] - 'a');
        else tb_chart_raise(&l->run, (uint32_t)c[k + 1]);
    }
}
static void on_leave(void *u, tb_chart_run *r, uint16_t s) {
    struct live *l = u;
    char text[20];
    snprintf(text, sizeof text, "-%s", l->m->names[s]);
    if (!tb_bit(r->active, s)) abort();
    note(l, text);
}
static void on_enter(void *u, tb_chart_run *r, uint16_t s) {
    struct live *l = u;
    char text[20];
    snprintf(text, sizeof text, "+%s", l->m->names[s]);
    if (!tb_bit(r->active, s)) abort();
    note(l, text);
}
static void on_take(void *u, tb_chart_run *r, uint16_t t) {
    char text[20];
    (void)r;
    snprintf(text, sizeof text, "t%d", t);
    note(u, text);
}
static const tb_chart_calls trace_calls = {flag_guard, on_leave, on_take, on_enter};

static void bring_up(struct live *l, struct model *m) {
    *l = (struct live){.m = m};
    l->run =
        (tb_chart_run){.chart = m->chart, .active = l->active, .memory = l->memory, .calls = &trace_calls, .user = l};
    if (m->chart && (tb_chart_states(m->chart) > 64 || tb_chart_memory(m->chart) > 8)) abort();
}
static const char *leaves(struct live *l) {
    l->leaves[0] = 0;
    for (uint16_t s = 0; s < tb_chart_states(l->run.chart); s++) {
        if (!tb_bit(l->active, s) || tb_chart_kind(l->run.chart, s) < TB_ATOMIC) continue;
        if (l->leaves[0]) strcat(l->leaves, " ");
        strcat(l->leaves, l->m->names[s]);
    }
    return l->leaves;
}
/* Sends one event, `at` NULL for everybody; answers the trace, or what went wrong. */
static const char *send_at(struct live *l, char event, const char *at) {
    static const char *const results[] = {"", "NOT HANDLED", "RUNAWAY", "ENDED"};
    l->trace[0] = 0;
    int r = tb_chart_send(&l->run, event == '-' ? 0 : (uint32_t)event, at ? named(l->m, at) : TB_NO_STATE);
    if (r != TB_CHART_RUNAWAY && !tb_chart_whole(l->run.chart, l->active, l->memory)) return "BROKEN CONFIGURATION";
    return r ? results[r] : l->trace;
}
static const char *send_all(struct live *l, char event) { return send_at(l, event, NULL); }
static const char *start(struct live *l) {
    l->trace[0] = 0;
    return tb_chart_start(&l->run) ? "FAILED" : l->trace;
}

#define CHART(states, arrows, content) \
    struct model m; \
    struct live l; \
    build(&m, states, arrows, content); \
    bring_up(&l, &m); \
    if (!CHECK(m.chart)) { \
        fprintf(stderr, "    %s\n", m.error); \
        tb_arena_free(m.arena); \
        return; \
    }
#define DONE tb_arena_free(m.arena)

static void test_transitions(void) {
    CHART("a{ b{ c d } e } f", "c x f; b y e; b z b; b w =d; a v =e; b u -; c u -; f x a; b q =f", NULL);
    CHECK_STR(start(&l), "+root +a +b +c");
    CHECK_STR(send_all(&l, 'u'), "t6"); /* targetless: nothing left; the inner one wins */
    CHECK_STR(send_all(&l, 'z'), "-c -b t2 +b +c"); /* an external self-transition leaves and enters its source */
    CHECK_STR(send_all(&l, 'w'), "-c t3 +d"); /* an internal one does not */
    CHECK_STR(send_all(&l, 'u'), "t5");
    CHECK_STR(send_all(&l, 'y'), "-d -b t1 +e");
    CHECK_STR(send_all(&l, 'y'), "NOT HANDLED");
    CHECK_STR(l.trace, "");
    CHECK_STR(send_all(&l, 'v'), "-e t4 +e");
    CHECK_STR(leaves(&l), "e");
    start(&l);
    CHECK_STR(send_all(&l, 'q'), "-c -b -a t8 +f"); /* internal, but leading outside: external */
    CHECK_STR(send_all(&l, 'x'), "-f t7 +a +b +c");
    CHECK_STR(send_all(&l, 'x'), "-c -b -a t0 +f");
    DONE;
}

static void test_document_order(void) {
    CHART("a b c", "a x b; a x c; b x?f a; b x c; root x a; root y -; root z =c", NULL);
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "-a t0 +b");
    CHECK_STR(send_all(&l, 'x'), "-b t3 +c"); /* the first is not enabled */
    CHECK_STR(send_all(&l, 'x'), "-c t4 +a"); /* the root's own: it is never left */
    CHECK_STR(send_all(&l, 'y'), "t5");
    CHECK_STR(send_all(&l, 'z'), "-a t6 +c");
    DONE;
}

static void test_parallel(void) {
    CHART("p[ r{ a b } s{ c d } ] q", "a x b; c x d; p y q; a z b; c z q; r w q; c w d; p v -; a o q; c o q", NULL);
    CHECK_STR(start(&l), "+root +p +r +a +s +c");
    CHECK_STR(send_all(&l, 'v'), "t7"); /* asked by both regions, taken once */
    CHECK_STR(send_all(&l, 'x'), "-c -a t0 t1 +b +d");
    CHECK_STR(send_all(&l, 'y'), "-d -s -b -r -p t2 +q");
    start(&l);
    CHECK_STR(send_all(&l, 'z'), "-a t3 +b"); /* c→q would leave all: it yields to the earlier region's */
    CHECK_STR(leaves(&l), "b c");
    CHECK_STR(send_all(&l, 'z'), "-c -s -b -r -p t4 +q");
    start(&l);
    CHECK_STR(send_all(&l, 'w'), "-c -s -a -r -p t5 +q"); /* r is the earlier, though c lies deeper */
    start(&l);
    CHECK_STR(send_all(&l, 'o'), "-c -s -a -r -p t8 +q");
    DONE;
}

static void test_preemption_by_descendant(void) {
    /* a (region r) chooses p's transition; c (region s) has its own, which lies inside p: the inner one wins. */
    CHART("p[ r{ a } s{ c d } t{ e } ] q", "p x q; c x d", NULL);
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "-c t1 +d");
    CHECK_STR(send_all(&l, 'x'), "-e -t -d -s -a -r -p t0 +q");
    DONE;
}

static void test_addressed(void) {
    CHART("p[ r{ a b } s{ c d } ] q", "a x b; c x d; s y =d; p z q; p y -; d x?f c; root u -", NULL);
    start(&l);
    CHECK_STR(send_at(&l, 'x', "c"), "-c t1 +d"); /* the sibling region has x too */
    CHECK_STR(leaves(&l), "a d");
    CHECK_STR(send_at(&l, 'x', "c"), "NOT HANDLED"); /* not active */
    CHECK_STR(send_at(&l, 'x', "d"), "NOT HANDLED"); /* its guard refuses */
    CHECK_STR(send_at(&l, 'y', "a"), "t4");
    CHECK_STR(send_at(&l, 'y', "s"), "-d t2 +d"); /* an inner state may be addressed by its parent */
    CHECK_STR(send_at(&l, 'y', "p"), "t4");
    CHECK_STR(send_at(&l, 'u', "a"), "t6");
    CHECK_STR(send_at(&l, 'x', "p"), "NOT HANDLED"); /* downward nobody is asked */
    CHECK_STR(send_at(&l, 'x', "nobody"), "NOT HANDLED");
    CHECK_STR(send_at(&l, 'z', "a"), "-d -s -a -r -p t3 +q");
    DONE;
    /* What the act raises is broadcast. */
    struct model n;
    struct live k;
    build(&n, "p[ r{ a b } s{ c d } ]", "a x b; c i d", "t0:i");
    bring_up(&k, &n);
    start(&k);
    CHECK_STR(send_at(&k, 'x', "a"), "-a t0 +b -c t1 +d");
    tb_arena_free(n.arena);
}

static void test_probe(void) {
    CHART("p[ r{ a b h~a } s{ c d } ] q", "a x b; c x?f d; p x q; p y h", NULL);
    CHECK_INT(tb_chart_probe(&l.run, 'x', named(&m, "a")), TB_NO_TRANSITION); /* not yet started */
    start(&l);
    struct live before = l;
    CHECK_INT(tb_chart_probe(&l.run, 'x', named(&m, "a")), 0);
    CHECK_INT(tb_chart_probe(&l.run, 'x', named(&m, "c")), 2);
    l.flags = before.flags = 1u << ('f' - 'a');
    CHECK_INT(tb_chart_probe(&l.run, 'x', named(&m, "c")), 1);
    CHECK_INT(tb_chart_probe(&l.run, 'x', named(&m, "b")), TB_NO_TRANSITION);
    CHECK_INT(tb_chart_probe(&l.run, 'q', named(&m, "a")), TB_NO_TRANSITION);
    CHECK_INT(tb_chart_probe(&l.run, 'x', TB_NO_STATE), TB_NO_TRANSITION);
    CHECK(!memcmp(&l, &before, sizeof l));
    DONE;
}

static void test_eventless(void) {
    /* The way on depends on what entering did: b sets f only after the second visit's w. */
    CHART("a b c d e", "a x b; b -?f c; b w b; c - d; d -?g e; d y -", "t2:!f t5:!g");
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "-a t0 +b");
    CHECK_STR(send_all(&l, '-'), "NOT HANDLED");
    CHECK_STR(send_all(&l, 'w'), "-b t2 +b -b t1 +c -c t3 +d");
    CHECK_STR(send_all(&l, 'y'), "t5 -d t4 +e");
    DONE;
    struct model n;
    struct live k;
    build(&n, "a b c", "a - b; b -?f c", NULL);
    bring_up(&k, &n);
    CHECK_STR(start(&k), "+root +a -a t0 +b"); /* at the start as well */
    CHECK_STR(send_all(&k, '-'), "NOT HANDLED");
    k.flags = 1u << ('f' - 'a'); /* the caller's facts changed: event 0 looks again */
    CHECK_STR(send_all(&k, '-'), "-b t1 +c");
    tb_arena_free(n.arena);
}

static void test_runaway(void) {
    CHART("a b c[ r{ d } ]", "a x b; b - b; a y a; a i a; a z c; d k -", "t2:i t3:i t4:k t5:k");
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "RUNAWAY");
    start(&l);
    CHECK_STR(send_all(&l, 'y'), "RUNAWAY"); /* internal events that raise themselves */
    start(&l);
    CHECK_STR(send_all(&l, 'z'), "RUNAWAY"); /* targetless too */
    CHECK(l.run.queue == NULL);
    DONE;
}

/* A chain of exactly as many microsteps as allowed, and one more. */
static bool always(void *u, tb_chart_run *r, uint16_t t) { return (void)u, (void)r, (void)t, true; }
static void nothing(void *u, tb_chart_run *r, uint16_t t) { (void)u, (void)r, (void)t; }
static void flood(void *u, tb_chart_run *r, uint16_t t) {
    (void)t;
    for (int i = *(int *)u; i > 0; i--) tb_chart_raise(r, 9);
}
static void test_bounds(void) {
    for (int more = 0; more < 2; more++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_chart_builder *b = tb_chart_begin(a);
        tb_chart_state(b, TB_NO_STATE, TB_COMPOUND, 0);
        int n = TB_CHART_MICROSTEPS + 1 + more;
        for (int i = 1; i <= n; i++) tb_chart_state(b, 0, TB_ATOMIC, 0);
        for (int i = 1; i < n; i++)
            tb_chart_transition(b, (uint16_t)i, i == 1 ? 1 : 0, false, &(uint16_t){(uint16_t)(i + 1)}, 1, 0);
        const char *error;
        const tb_chart *c = tb_chart_end(b, &error);
        uint64_t active[TB_CHART_WORDS(TB_CHART_STATES)];
        tb_chart_calls calls = {always, nothing, nothing, nothing};
        tb_chart_run run = {.chart = c, .active = active, .calls = &calls};
        CHECK(c && tb_chart_start(&run) == TB_CHART_TAKEN);
        CHECK_INT(tb_chart_send(&run, 1, TB_NO_STATE), more ? TB_CHART_RUNAWAY : TB_CHART_TAKEN);
        if (!more) CHECK(tb_bit(active, (unsigned)n) && tb_chart_whole(c, active, NULL));
        int count = TB_CHART_QUEUE + more; /* the queue's bound: nobody handles event 9 */
        calls.leave = flood;
        run.user = &count;
        tb_chart_start(&run);
        calls.guard = always;
        enum tb_chart_result r = tb_chart_send(&run, 1, 1);
        CHECK_INT(r, TB_CHART_RUNAWAY); /* each of the chain's steps floods again */
        tb_arena_free(a);
    }
    for (int more = 0; more < 2; more++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_chart_builder *b = tb_chart_begin(a);
        tb_chart_state(b, TB_NO_STATE, TB_COMPOUND, 0);
        tb_chart_state(b, 0, TB_ATOMIC, 0);
        tb_chart_transition(b, 1, 1, false, (uint16_t[]){1}, 1, 0);
        const char *error;
        int count = TB_CHART_QUEUE + more;
        uint64_t active[1];
        tb_chart_calls calls = {always, flood, nothing, nothing};
        tb_chart_run run = {.chart = tb_chart_end(b, &error), .active = active, .calls = &calls, .user = &count};
        CHECK_INT(tb_chart_start(&run), TB_CHART_TAKEN);
        CHECK_INT(tb_chart_send(&run, 1, 1), more ? TB_CHART_RUNAWAY : TB_CHART_TAKEN);
        tb_arena_free(a);
    }
}

static void test_internal_events(void) {
    /* Raised in the order leave, take, enter; each run to completion, eventless ones first. */
    CHART("a b c d e", "a x b; b i -; b j -; b k c; c - d; d l e; d m -", "-a:i t0:j +b:k +b:l +c:m");
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "-a t0 +b t1 t2 -b t3 +c -c t4 +d -d t5 +e");
    DONE;
}

static void test_done(void) {
    CHART("a@i{ b f! } c", "b x f; a i c", NULL);
    start(&l);
    CHECK_STR(send_all(&l, 'x'), "-b t0 +f -f -a t1 +c");
    DONE;
    struct model n;
    struct live k;
    /* Each region's done event, then the parallel's; q is reached only when both are done. */
    build(&n, "p@k[ r@i{ a f! } s@j{ b g! } h~s ] q", "a x f; b y g; r i -; s j -; p k q", NULL);
    bring_up(&k, &n);
    start(&k);
    CHECK_STR(send_all(&k, 'x'), "-a t0 +f t2");
    CHECK_STR(send_all(&k, 'y'), "-b t1 +g t3 -g -s -f -r -p t4 +q");
    tb_arena_free(n.arena);
    /* Both at once; a parallel inside a parallel counts as a region. */
    build(&n, "p@k[ o@l[ r{ a f! } s{ b g! } ] t{ c h! } ] q", "a x f; b x g; c y h; o l -; p k q", NULL);
    bring_up(&k, &n);
    start(&k);
    CHECK_STR(send_all(&k, 'y'), "-c t2 +h");
    CHECK_STR(send_all(&k, 'x'), "-b -a t0 t1 +f +g t3 -h -t -g -s -f -r -o -p t4 +q");
    tb_arena_free(n.arena);
    /* An atomic region is never done. */
    build(&n, "p@k[ r{ a f! } s ] q", "a x f; p k q", NULL);
    bring_up(&k, &n);
    start(&k);
    CHECK_STR(send_all(&k, 'x'), "-a t0 +f");
    tb_arena_free(n.arena);
}

static void test_end(void) {
    CHART("a b f! c", "a x f; b - c; root y -; root i -", "+f:i");
    start(&l);
    CHECK(!tb_chart_ended(m.chart, l.active));
    CHECK_STR(send_all(&l, 'x'), "-a t0 +f"); /* what was raised is not handled any more */
    CHECK(tb_chart_ended(m.chart, l.active));
    CHECK_STR(send_all(&l, 'y'), "ENDED");
    CHECK_STR(send_at(&l, 'y', "root"), "ENDED");
    CHECK_INT(tb_chart_probe(&l.run, 'y', 0), TB_NO_TRANSITION);
    CHECK_STR(leaves(&l), "f");
    DONE;
}

static void test_history(void) {
    CHART("a{ b{ c d } e{ f g } h~e k*g } q", "c x d; a y e; f x g; a o q; q h h; q k k; q a a; d y e", NULL);
    CHECK_STR(start(&l), "+root +a +b +c");
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'a'), "-q t6 +a +b +c");
    send_all(&l, 'x');
    CHECK_STR(send_all(&l, 'o'), "-d -b -a t3 +q");
    CHECK_STR(send_all(&l, 'h'), "-q t4 +a +b +c"); /* shallow: b, but its own beginning */
    send_all(&l, 'x');
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'k'), "-q t5 +a +b +d"); /* deep: b and d */
    tb_chart_start_at(&l.run, (uint16_t[]){named(&m, "q")}, 1);
    CHECK_STR(send_all(&l, 'h'), "-q t4 +a +e +f"); /* never left: the defaults */
    tb_chart_start_at(&l.run, (uint16_t[]){named(&m, "q")}, 1);
    CHECK_STR(send_all(&l, 'k'), "-q t5 +a +e +g");
    DONE;
}

static void test_nested_history(void) {
    /* A deep one over a parallel with a shallow one inside; an initial that is a history; a default that is a deeper
     * history. */
    CHART("a>i{ p[ r{ b c h~b } s{ d e } ] z y{ u v w~v } i*p j~w } q",
          "b x c; d x e; a o q; q a a; q j j; q h h; y x u; a y y; u x v", NULL);
    CHECK_STR(start(&l), "+root +a +p +r +b +s +d");
    send_all(&l, 'x');
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'a'), "-q t3 +a +p +r +c +s +e");
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'h'), "-q t5 +a +p +r +c +s +d"); /* r's history; s begins anew */
    CHECK_STR(send_all(&l, 'y'), "-d -s -c -r -p -a t7 +a +y +u"); /* external: a is left, and remembered */
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'j'), "-q t4 +a +y +u");
    tb_chart_start_at(&l.run, (uint16_t[]){named(&m, "q")}, 1);
    CHECK_STR(send_all(&l, 'j'), "-q t4 +a +y +v"); /* j's default is w, whose default is v */
    DONE;
}

static void test_parallel_history(void) {
    CHART("p[ r{ a b } s{ c d } h~s k*b ] q", "a x b; c y d; p o q; q h h; q k k; q n b,d", NULL);
    start(&l);
    send_all(&l, 'y');
    CHECK_STR(send_all(&l, 'o'), "-d -s -a -r -p t2 +q");
    CHECK_STR(send_all(&l, 'h'), "-q t3 +p +r +a +s +c");
    send_all(&l, 'x');
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'k'), "-q t4 +p +r +b +s +c");
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'n'), "-q t5 +p +r +b +s +d"); /* several targets */
    tb_chart_start_at(&l.run, (uint16_t[]){named(&m, "q")}, 1);
    CHECK_STR(send_all(&l, 'k'), "-q t4 +p +r +b +s +c"); /* a default in one region only */
    DONE;
}

static void test_history_from_inside(void) {
    /* What a's history stands for decides what is left: d and c alone, not b, which stays active. */
    CHART("a{ p[ r{ c d } s{ e f } ] h*c } q", "d x h; c y d; e y f; a o q; q h h", NULL);
    start(&l);
    send_all(&l, 'y');
    CHECK_STR(send_all(&l, 'x'), "-d t0 +c"); /* default c: within r; s keeps f */
    CHECK_STR(leaves(&l), "c f");
    send_all(&l, 'o');
    CHECK_STR(send_all(&l, 'h'), "-q t4 +a +p +r +c +s +f");
    CHECK_STR(send_all(&l, 'y'), "-c t1 +d");
    CHECK_STR(send_all(&l, 'x'), "-f -s -d -r -p t0 +p +r +c +s +f"); /* now it stands for c and f: all of p */
    DONE;
}

static void test_start_at(void) {
    CHART("a p[ r{ b c } s{ d e h~d } ] f!", "c - b; a x p", NULL);
    uint16_t t[2] = {named(&m, "e"), 0};
    l.trace[0] = 0;
    CHECK_INT(tb_chart_start_at(&l.run, t, 1), TB_CHART_TAKEN);
    CHECK_STR(l.trace, "+root +p +r +b +s +e");
    t[1] = named(&m, "c");
    l.trace[0] = 0;
    CHECK_INT(tb_chart_start_at(&l.run, t, 2), TB_CHART_TAKEN);
    CHECK_STR(l.trace, "+root +p +r +c +s +e -c t0 +b");
    t[0] = named(&m, "f");
    CHECK_INT(tb_chart_start_at(&l.run, t, 1), TB_CHART_TAKEN);
    CHECK(tb_chart_ended(m.chart, l.active));
    struct live before = l;
    CHECK_INT(tb_chart_start_at(&l.run, t, 2), TB_CHART_NOT_HANDLED); /* f and c cannot be together */
    CHECK_INT(tb_chart_start_at(&l.run, (uint16_t[]){0}, 1), TB_CHART_NOT_HANDLED);
    CHECK_INT(tb_chart_start_at(&l.run, (uint16_t[]){99}, 1), TB_CHART_NOT_HANDLED);
    CHECK_INT(tb_chart_start_at(&l.run, t, 0), TB_CHART_NOT_HANDLED);
    CHECK(!memcmp(&l, &before, sizeof l));
    DONE;
}

static void test_looking(void) {
    CHART("a{ b c } p[ r s{ d h~d } ]", "b x c; p y =r; b - -", NULL);
    CHECK_INT(tb_chart_states(m.chart), 9);
    CHECK_INT(tb_chart_parent(m.chart, 0), TB_NO_STATE);
    CHECK_INT(tb_chart_parent(m.chart, 3), 1);
    CHECK_INT(tb_chart_kind(m.chart, 4), TB_PARALLEL);
    CHECK_INT(tb_chart_transitions(m.chart), 3);
    CHECK_INT(tb_chart_memory(m.chart), 1);
    struct tb_chart_arrow t = tb_chart_arrow(m.chart, 1);
    CHECK(t.source == 4 && t.internal && t.event == 'y' && t.count == 1 && t.targets[0] == 5);
    CHECK(tb_chart_descends(m.chart, 7, 4) && tb_chart_descends(m.chart, 7, 0));
    CHECK(!tb_chart_descends(m.chart, 4, 4) && !tb_chart_descends(m.chart, 3, 4) && !tb_chart_descends(m.chart, 4, 7));
    /* Broken configurations are seen. */
    start(&l);
    uint64_t good = l.active[0];
    CHECK(tb_chart_whole(m.chart, l.active, l.memory));
    for (int i = 0; i < 64; i++) {
        l.active[0] = good ^ (uint64_t)1 << i;
        CHECK(!tb_chart_whole(m.chart, l.active, l.memory));
    }
    l.active[0] = good;
    for (int i = 0; i < 64; i++) {
        l.memory[0] = (uint64_t)1 << i;
        CHECK_INT(tb_chart_whole(m.chart, l.active, l.memory), i == 7); /* d is what h may remember */
    }
    DONE;
}

/* ---- wrong charts ---- */

static void wrong(const char *states, const char *arrows, const char *message) {
    struct model m;
    build(&m, states, arrows, NULL);
    CHECK(m.chart == NULL);
    CHECK_STR(m.error, message);
    tb_arena_free(m.arena);
}
static void test_errors(void) {
    wrong("", NULL, "state 0: a compound needs a child");
    wrong("a{ }", NULL, "state 1: a compound needs a child");
    wrong("a{ h~h }", NULL, "state 1: a compound needs a child");
    wrong("a[ ]", NULL, "state 1: a parallel needs a region");
    wrong("p[ f! ]", NULL, "state 2: a region of a parallel cannot be final");
    wrong("a h~a", NULL, "state 2: the root is never left: its history would stay empty");
    wrong("a{ b h~ }", NULL, "state 3: a history needs a default");
    wrong("a{ b h~h }", NULL, "state 3: its default is a history of the same parent");
    wrong("a{ b h~g g~h }", NULL, "state 3: its default is a history of the same parent");
    wrong("a{ b h~c } c", NULL, "state 3: its target lies outside");
    wrong("a>c{ b } c", NULL, "state 1: its target lies outside");
    wrong("a>a{ b }", NULL, "state 1: its target lies outside");
    wrong("a>b,c{ b c }", NULL, "state 1: its targets cannot be active together");
    wrong("a>p,b{ p[ b c ] }", NULL, "state 1: its targets cannot be active together");
    wrong("a>z{ b }", NULL, "state 1: its target does not exist");
    wrong("p>b[ b ]", NULL, "initial of state 1: neither a compound nor a history");
    wrong("a>b", NULL, "initial of state 1: neither a compound nor a history");
    wrong("a b", "a x z", "transition 0: its target does not exist");
    wrong("a b", "a x root", "transition 0: the root cannot be a target");
    wrong("a b", "a x a; a x a,b", "transition 1: its targets cannot be active together");
    wrong("p[ r{ a b } s{ c d h~c } ]", "a x b,h,d", "transition 0: its targets cannot be active together");
    wrong("p[ r{ a b } s{ c d } h~r ]", "a x b,h", "transition 0: its targets cannot be active together");
    wrong("a f!", "f x a", "transition 0: its source is a final or history state");
    wrong("a{ b h~b }", "h x a", "transition 0: its source is a final or history state");
    wrong("a", "z x a", "transition 0: its source does not exist");
    wrong("a@x", NULL, "done event of state 1: neither a compound nor a parallel");

    /* What the notation cannot say. */
    static const char *const expected[] = {
        "the chart has no states",
        "state 0: the first state is the root, a compound without parent",
        "state 0: the first state is the root, a compound without parent",
        "state 1: its parent must be added before it",
        "state 3: added after its parent's next sibling",
        "state 2: its parent is neither compound nor parallel",
        "state 1: no such kind",
        "initial of state 0: set twice",
        "initial of state 0: no targets",
        "initial of state 7: no such state",
        "done event of state 0: the run ends with the root",
        "done event of state 7: no such state",
        "state 1024: too many states",
        "transition 65535: too many transitions",
        "state 1: its parent must be added before it", /* the first mistake is told; later calls do nothing */
    };
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_chart_builder *b = tb_chart_begin(a);
        if (i == 1) tb_chart_state(b, TB_NO_STATE, TB_PARALLEL, 0);
        if (i == 2) tb_chart_state(b, 0, TB_COMPOUND, 0);
        if (i > 2) tb_chart_state(b, TB_NO_STATE, TB_COMPOUND, 0);
        if (i == 3 || i == 14) CHECK_INT(tb_chart_state(b, i == 3 ? TB_NO_STATE : 1, TB_ATOMIC, 0), TB_NO_STATE);
        if (i == 6) tb_chart_state(b, 0, (enum tb_state_kind)7, 0);
        if (i == 4 || i == 5 || i >= 7)
            CHECK_INT(tb_chart_state(b, 0, i == 4 ? TB_COMPOUND : TB_ATOMIC, 0), i == 14 ? TB_NO_STATE : 1);
        if (i == 4) tb_chart_state(b, 0, TB_ATOMIC, 0), tb_chart_state(b, 1, TB_ATOMIC, 0);
        if (i == 5) tb_chart_state(b, 1, TB_ATOMIC, 0);
        if (i == 7) tb_chart_initial(b, 0, (uint16_t[]){1}, 1), tb_chart_initial(b, 0, (uint16_t[]){1}, 1);
        if (i == 8) tb_chart_initial(b, 0, NULL, 0);
        if (i == 9) tb_chart_initial(b, 7, NULL, 0);
        if (i == 10 || i == 11) tb_chart_done_event(b, i == 10 ? 0 : 7, 1);
        for (int k = 0; i == 12 && k < TB_CHART_STATES; k++) tb_chart_state(b, 0, TB_ATOMIC, 0);
        for (int k = 0; i == 13 && k <= TB_CHART_TRANSITIONS; k++) tb_chart_transition(b, 1, 1, false, NULL, 0, 0);
        if (i == 14) {
            CHECK_INT(tb_chart_transition(b, 0, 1, false, NULL, 0, 0), TB_NO_TRANSITION);
            tb_chart_initial(b, 9, NULL, 0);
            tb_chart_done_event(b, 9, 1);
        }
        const char *error = NULL;
        CHECK(tb_chart_end(b, &error) == NULL);
        CHECK_STR(error, expected[i]);
        tb_arena_free(a);
    }
}

/* ---- failing memory ---- */

struct scarce { int left; };
static void *take_scarce(void *user, size_t n) {
    struct scarce *s = user;
    return s->left-- > 0 ? malloc(n) : NULL;
}
static void give_scarce(void *user, void *p) { (void)user; free(p); }

/* A chart large enough for several blocks, every builder call in it. 0: built and ran; 1: no memory, told so. */
static int build_large(void *user) {
    tb_arena *a = user;
    tb_chart_builder *b = tb_chart_begin(a);
    tb_chart_state(b, TB_NO_STATE, TB_COMPOUND, 0);
    for (uint16_t i = 0; i < 200; i++) {
        uint16_t s = tb_chart_state(b, 0, TB_COMPOUND, i), k = tb_chart_state(b, s, TB_ATOMIC, 0);
        uint16_t h = tb_chart_state(b, s, TB_HISTORY_DEEP, 0);
        tb_chart_initial(b, s, &k, 1);
        tb_chart_initial(b, h, &k, 1);
        tb_chart_done_event(b, s, 5);
        for (uint16_t t = 0; t < 8; t++)
            tb_chart_transition(b, k, t + 1u, false, (uint16_t[]){(uint16_t)(i * 3 + 1)}, 1, 0);
    }
    const char *error = "unset";
    const tb_chart *c = tb_chart_end(b, &error);
    if (!c) return strcmp(error, "out of memory") == 0 ? 1 : 2;
    uint64_t active[WORDS_OF_LARGE];
    uint64_t memory[200 * WORDS_OF_LARGE];
    tb_chart_calls calls = {always, nothing, nothing, nothing};
    tb_chart_run run = {.chart = c, .active = active, .memory = memory, .calls = &calls};
    return error || tb_chart_start(&run) || tb_chart_send(&run, 1, 2) || !tb_chart_whole(c, active, memory) ? 3 : 0;
}
static void test_memory(void) {
    for (int tried = 0; tried < 2; tried++) {
        int n = 0, result = 1;
        for (; result != 0 && n < 100; n++) {
            struct scarce s = {n};
            tb_allocator from = {take_scarce, give_scarce, &s};
            tb_arena *a = tb_arena_new(&from, 0);
            if (!a) continue;
            result = tried ? tb_try(a, build_large, a) : build_large(a);
            if (result) CHECK_INT(result, tried ? TB_NOMEM : 1);
            tb_arena_free(a);
        }
        CHECK(result == 0 && n > 5);
    }
}

/* ---- machines from outside ---- */

struct outside { /* one machine being read */
    tb_chart_builder *b;
    const char *ids[TB_CHART_STATES];
    json_t *nodes[TB_CHART_STATES];
    int count;
    const char *events[100];
    uint32_t event_count;
};
static uint32_t event_number(struct outside *o, const char *name, size_t n) {
    for (uint32_t i = 0; i < o->event_count; i++)
        if (strlen(o->events[i]) == n && !memcmp(o->events[i], name, n)) return i + 1;
    o->events[o->event_count++] = strndup(name, n);
    return o->event_count;
}
static void outside_states(struct outside *o, json_t *node, uint16_t parent) {
    json_t *children = json_object_get(node, "children"), *child;
    const char *kind = json_string_value(json_object_get(node, "kind")),
               *id = json_string_value(json_object_get(node, "id"));
    bool has = json_array_size(children) > 0;
    uint16_t s = tb_chart_state(o->b, parent,
                                !strcmp(kind, "parallel") ? TB_PARALLEL
                                : has                     ? TB_COMPOUND
                                                          : TB_ATOMIC,
                                0);
    if (s == TB_NO_STATE) return;
    o->ids[s] = id ? id : "";
    o->nodes[s] = node;
    o->count = s + 1;
    size_t i;
    json_array_foreach(children, i, child) outside_states(o, child, s);
}
static uint32_t outside_targets(struct outside *o, json_t *list, uint16_t *t) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        t[i] = 9999;
        for (int s = 0; s < o->count; s++)
            if (!strcmp(o->ids[s], json_string_value(one))) t[i] = (uint16_t)s;
    }
    return (uint32_t)json_array_size(list);
}
static bool guard_tag(void *u, tb_chart_run *r, uint16_t t) { return (void)u, tb_chart_arrow(r->chart, t).tag == 0; }
static bool same_leaves(struct outside *o, const tb_chart *c, const uint64_t *active, json_t *expected) {
    size_t n = 0, i;
    json_t *one;
    for (uint16_t s = 0; s < o->count; s++) n += tb_bit(active, s) && tb_chart_kind(c, s) == TB_ATOMIC;
    if (n != json_array_size(expected)) return false;
    json_array_foreach(expected, i, one) {
        int s = 0;
        while (s < o->count && strcmp(o->ids[s], json_string_value(one))) s++;
        if (s == o->count || !tb_bit(active, (unsigned)s)) return false;
    }
    return true;
}
static bool outside_agrees(json_t *top) {
    tb_arena *a = tb_arena_new(NULL, 0);
    struct outside o = {.b = tb_chart_begin(a)};
    outside_states(&o, json_object_get(top, "machine"), TB_NO_STATE);
    uint16_t t[32];
    for (int s = 0; s < o.count; s++) {
        json_t *initial = json_object_get(o.nodes[s], "initial"), *arrow;
        if (json_array_size(initial)) {
            uint32_t n = outside_targets(&o, initial, t);
            tb_chart_initial(o.b, (uint16_t)s, t, n);
        }
        size_t i;
        json_array_foreach(json_object_get(o.nodes[s], "transitions"), i, arrow) {
            const char *cond = json_string_value(json_object_get(arrow, "cond"));
            const char *e = json_string_value(json_object_get(arrow, "event"));
            uint32_t n = outside_targets(&o, json_object_get(arrow, "target"), t);
            for (size_t k; *e; e += k, e += strspn(e, " ")) { /* "foo bar": any of them */
                k = strcspn(e, " ");
                tb_chart_transition(o.b, (uint16_t)s, event_number(&o, e, k), false, t, n,
                                    cond && !strcmp(cond, "false"));
            }
        }
    }
    const char *error;
    const tb_chart *c = tb_chart_end(o.b, &error);
    bool agrees = c != NULL;
    uint64_t active[TB_CHART_WORDS(TB_CHART_STATES)];
    tb_chart_calls calls = {guard_tag, nothing, nothing, nothing};
    tb_chart_run run = {.chart = c, .active = active, .calls = &calls};
    json_t *script = json_object_get(top, "script"), *step;
    agrees = agrees && tb_chart_start(&run) == TB_CHART_TAKEN;
    agrees = agrees && same_leaves(&o, c, active, json_object_get(script, "initialConfiguration"));
    size_t i;
    json_array_foreach(json_object_get(script, "events"), i, step) {
        const char *name = json_string_value(json_object_get(json_object_get(step, "event"), "name"));
        if (agrees) tb_chart_send(&run, event_number(&o, name, strlen(name)), TB_NO_STATE);
        agrees = agrees && tb_chart_whole(c, active, NULL) &&
                 same_leaves(&o, c, active, json_object_get(step, "nextConfiguration"));
    }
    if (!agrees)
        fprintf(stderr, "    %s: %s\n", json_string_value(json_object_get(top, "test")), c ? "disagrees" : error);
    for (uint32_t k = 0; k < o.event_count; k++) free((char *)o.events[k]);
    tb_arena_free(a);
    return agrees;
}
static void test_outside(void) {
    const char *shared = getenv("TB_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/data/statecharts.jsonl", shared ? shared : "../shared");
    FILE *f = fopen(path, "r");
    if (!f) {
        printf("skipped: %s is absent\n", path);
        return;
    }
    int machines = 0, agreed = 0;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, f) > 0) {
        json_t *top = json_loads(line, 0, NULL);
        machines++;
        agreed += top && outside_agrees(top);
        json_decref(top);
    }
    free(line);
    fclose(f);
    printf("statecharts.jsonl: %d of %d machines agree\n", agreed, machines);
    CHECK_INT(machines, 71);
    CHECK_INT(agreed, machines);
}

/* ---- random charts against the pseudo-code
 * ------------------------------------------------------------------------------------ The reference keeps the names
 * and the steps of https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation, with plain sets and parent pointers
 * only. Where chart.h says it departs, so does this, at the lines marked DEPARTS. Content is a number `data` that
 * every leave, take and enter mixes into, and guards and raising look at it: another order is soon another run. */
enum { S = 24, T = 40, TARGETS = 4 };
struct spec { /* a chart, as both sides read it */
    int states, arrows;
    struct { int parent, kind, initial[TARGETS], initials; uint32_t done; } s[S];
    struct { int source, target[TARGETS], targets; uint32_t event; bool internal; } t[T];
};

static uint64_t random_state;
static uint32_t rnd(uint32_t n) { /* splitmix64 */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) % n);
}

/* What content does, shared by both sides: a trace and data. */
struct tale {
    uint32_t data, n;
    int32_t told[200000];
};
static uint32_t mix(uint32_t a, uint32_t b) { return (a ^ (b * 2654435761u)) * 2246822519u + (a >> 15); }
/* Eventless transitions are seldom enabled, or most runs would run away. */
static bool spec_guard(const struct tale *k, int t, uint32_t event) {
    uint32_t luck = mix(k->data, (uint32_t)t) >> 16 & 3;
    return event ? t % 3 == 0 || luck : !luck;
}
/* kind 1 leave, 2 take, 3 enter; the event to raise, or 0. */
static uint32_t tell(struct tale *k, int kind, int what) {
    if (k->n < sizeof k->told / sizeof *k->told) k->told[k->n++] = kind << 16 | what;
    k->data = mix(k->data, (uint32_t)(kind << 16 | what));
    return k->data >> 13 & 7 ? 0 : 1 + (k->data >> 8) % 6;
}

struct ref {
    const struct spec *c;
    struct tale tale;
    bool configuration[S], historyValue[S][S], hasHistory[S];
    uint32_t queue[TB_CHART_QUEUE];
    uint32_t queued;
    bool running, overflow;
    int preempted, several, restored;
};

static bool isDescendant(const struct spec *c, int s, int a) {
    for (s = c->s[s].parent; s >= 0; s = c->s[s].parent)
        if (s == a) return true;
    return false;
}
static bool isHistory(const struct spec *c, int s) { return c->s[s].kind >= TB_HISTORY_SHALLOW; }
static bool isChildState(const struct spec *c, int k, int s) { return c->s[k].parent == s && !isHistory(c, k); }
static bool isAtomic(const struct spec *c, int s) { return c->s[s].kind == TB_ATOMIC || c->s[s].kind == TB_FINAL; }

static void enqueue(struct ref *r, uint32_t event) {
    if (!event) return;
    if (r->queued == TB_CHART_QUEUE) r->overflow = true;
    else r->queue[r->queued++] = event;
}

/* An ordered set of states or transitions. */
struct set { int n, item[S * 4]; };
static bool isMember(const struct set *l, int x) {
    for (int i = 0; i < l->n; i++)
        if (l->item[i] == x) return true;
    return false;
}
static void add(struct set *l, int x) { if (!isMember(l, x)) l->item[l->n++] = x; }
static void removeItem(struct set *l, int x) {
    int n = 0;
    for (int i = 0; i < l->n; i++)
        if (l->item[i] != x) l->item[n++] = l->item[i];
    l->n = n;
}

static void getEffectiveTargetStates(struct ref *r, const int *target, int n, struct set *targets) {
    for (int i = 0; i < n; i++) {
        int s = target[i];
        if (!isHistory(r->c, s)) add(targets, s);
        else if (r->hasHistory[s]) {
            for (int k = 0; k < r->c->states; k++)
                if (r->historyValue[s][k]) add(targets, k);
        } else
            getEffectiveTargetStates(r, r->c->s[s].initial, r->c->s[s].initials, targets);
    }
}
static bool every(const struct spec *c, const struct set *l, int ancestor) {
    for (int i = 0; i < l->n; i++)
        if (!isDescendant(c, l->item[i], ancestor)) return false;
    return true;
}
static int getTransitionDomain(struct ref *r, int t) {
    const struct spec *c = r->c;
    struct set tstates = {0};
    getEffectiveTargetStates(r, c->t[t].target, c->t[t].targets, &tstates);
    if (!tstates.n) return -1;
    int source = c->t[t].source;
    if (c->t[t].internal && c->s[source].kind == TB_COMPOUND && every(c, &tstates, source)) return source;
    if (source == 0) return 0; /* DEPARTS: the root has transitions and is not left */
    for (int anc = c->s[source].parent; anc >= 0; anc = c->s[anc].parent) /* findLCCA */
        if (c->s[anc].kind == TB_COMPOUND && every(c, &tstates, anc)) return anc;
    abort();
}
static void computeExitSet(struct ref *r, const struct set *transitions, struct set *out) {
    for (int i = 0; i < transitions->n; i++) {
        int domain = getTransitionDomain(r, transitions->item[i]);
        for (int s = 0; domain >= 0 && s < r->c->states; s++)
            if (r->configuration[s] && isDescendant(r->c, s, domain)) add(out, s);
    }
}
static bool hasIntersection(const struct set *a, const struct set *b) {
    for (int i = 0; i < a->n; i++)
        if (isMember(b, a->item[i])) return true;
    return false;
}
static void removeConflictingTransitions(struct ref *r, const struct set *enabled, struct set *filtered) {
    for (int i = 0; i < enabled->n; i++) {
        int t1 = enabled->item[i];
        bool t1Preempted = false;
        struct set transitionsToRemove = {0}, exit1 = {0}, one = {1, {t1}}, current = *filtered;
        computeExitSet(r, &one, &exit1);
        for (int k = 0; k < current.n; k++) {
            int t2 = current.item[k];
            struct set exit2 = {0}, two = {1, {t2}};
            computeExitSet(r, &two, &exit2);
            if (!hasIntersection(&exit1, &exit2)) continue;
            r->preempted++;
            if (isDescendant(r->c, r->c->t[t1].source, r->c->t[t2].source)) {
                add(&transitionsToRemove, t2);
            } else {
                t1Preempted = true;
                break;
            }
        }
        if (t1Preempted) continue;
        for (int k = 0; k < transitionsToRemove.n; k++) removeItem(filtered, transitionsToRemove.item[k]);
        add(filtered, t1);
    }
    if (filtered->n > 1) r->several++;
}
static int firstEnabled(struct ref *r, int state, uint32_t event) { /* of the state and its proper ancestors */
    for (int s = state; s >= 0; s = r->c->s[s].parent)
        for (int t = 0; t < r->c->arrows; t++)
            if (r->c->t[t].source == s && r->c->t[t].event == event && spec_guard(&r->tale, t, event)) return t;
    return -1;
}
static struct set selectTransitions(struct ref *r, uint32_t event) {
    struct set enabled = {0}, filtered = {0};
    for (int s = 0; s < r->c->states; s++)
        if (r->configuration[s] && isAtomic(r->c, s) && firstEnabled(r, s, event) >= 0)
            add(&enabled, firstEnabled(r, s, event));
    removeConflictingTransitions(r, &enabled, &filtered);
    return filtered;
}

static void exitStates(struct ref *r, const struct set *transitions) {
    const struct spec *c = r->c;
    struct set statesToExit = {0};
    computeExitSet(r, transitions, &statesToExit);
    for (int h = 0; h < c->states; h++) {
        if (!isHistory(c, h) || !isMember(&statesToExit, c->s[h].parent)) continue;
        r->hasHistory[h] = true;
        for (int s0 = 0; s0 < c->states; s0++)
            r->historyValue[h][s0] =
                r->configuration[s0] &&
                (c->s[h].kind == TB_HISTORY_DEEP ? isAtomic(c, s0) && isDescendant(c, s0, c->s[h].parent)
                                                 : c->s[s0].parent == c->s[h].parent);
    }
    for (int s = c->states - 1; s >= 0; s--) {
        if (!isMember(&statesToExit, s)) continue;
        enqueue(r, tell(&r->tale, 1, s));
        r->configuration[s] = false;
    }
}

static void addAncestorStatesToEnter(struct ref *r, int state, int ancestor, struct set *in);
static void addDescendantStatesToEnter(struct ref *r, int state, int domain, struct set *in) {
    const struct spec *c = r->c;
    if (isHistory(c, state)) {
        struct set value = {0};
        for (int k = 0; k < c->states; k++)
            if (r->hasHistory[state] && r->historyValue[state][k]) add(&value, k);
        r->restored += r->hasHistory[state];
        for (int i = 0; !r->hasHistory[state] && i < c->s[state].initials; i++) add(&value, c->s[state].initial[i]);
        /* DEPARTS: what lies between the history's parent and the domain was not left and is not entered. A history
         * among the defaults has then no ancestors to add. */
        int up_to = domain >= 0 && isDescendant(c, domain, c->s[state].parent) ? domain : c->s[state].parent;
        for (int i = 0; i < value.n; i++) addDescendantStatesToEnter(r, value.item[i], domain, in);
        for (int i = 0; i < value.n; i++)
            if (isDescendant(c, value.item[i], up_to)) addAncestorStatesToEnter(r, value.item[i], up_to, in);
        return;
    }
    add(in, state);
    if (c->s[state].kind == TB_COMPOUND) {
        int first = state + 1;
        while (!c->s[state].initials && isHistory(c, first)) first++;
        const int *initial = c->s[state].initials ? c->s[state].initial : &first;
        int n = c->s[state].initials ? c->s[state].initials : 1;
        for (int i = 0; i < n; i++) addDescendantStatesToEnter(r, initial[i], domain, in);
        for (int i = 0; i < n; i++) addAncestorStatesToEnter(r, initial[i], state, in);
    } else if (c->s[state].kind == TB_PARALLEL) {
        for (int child = 0; child < c->states; child++) {
            if (!isChildState(c, child, state)) continue;
            bool some = false;
            for (int i = 0; i < in->n; i++) some |= isDescendant(c, in->item[i], child);
            if (!some) addDescendantStatesToEnter(r, child, domain, in);
        }
    }
}
static void addAncestorStatesToEnter(struct ref *r, int state, int ancestor, struct set *in) {
    const struct spec *c = r->c;
    for (int anc = c->s[state].parent; anc >= 0 && anc != ancestor; anc = c->s[anc].parent) {
        add(in, anc);
        if (c->s[anc].kind != TB_PARALLEL) continue;
        for (int child = 0; child < c->states; child++) {
            if (!isChildState(c, child, anc)) continue;
            bool some = false;
            for (int i = 0; i < in->n; i++) some |= isDescendant(c, in->item[i], child);
            if (!some) addDescendantStatesToEnter(r, child, ancestor, in);
        }
    }
}
static bool isInFinalState(struct ref *r, int s) {
    const struct spec *c = r->c;
    bool some = false, all = true;
    for (int k = 0; k < c->states; k++) {
        if (!isChildState(c, k, s)) continue;
        some |= c->s[k].kind == TB_FINAL && r->configuration[k];
        if (c->s[s].kind == TB_PARALLEL) all &= isInFinalState(r, k);
    }
    return c->s[s].kind == TB_COMPOUND ? some : c->s[s].kind == TB_PARALLEL && all;
}
static void enterThese(struct ref *r, const struct set *in) {
    const struct spec *c = r->c;
    for (int s = 0; s < c->states; s++) {
        if (!isMember(in, s)) continue;
        r->configuration[s] = true;
        enqueue(r, tell(&r->tale, 3, s));
        if (c->s[s].kind != TB_FINAL) continue;
        if (c->s[s].parent == 0) {
            r->running = false;
            continue;
        }
        int parent = c->s[s].parent, grandparent = c->s[parent].parent;
        enqueue(r, c->s[parent].done);
        for (; c->s[grandparent].kind == TB_PARALLEL && isInFinalState(r, grandparent); /* DEPARTS: goes on upward */
             grandparent = c->s[grandparent].parent)
            enqueue(r, c->s[grandparent].done);
    }
}
static void microstepOf(struct ref *r, const struct set *transitions) {
    const struct spec *c = r->c;
    int domains[S * 4]; /* DEPARTS: as they were when states were left; leaving may record the very history that is the
                           target */
    for (int i = 0; i < transitions->n; i++) domains[i] = getTransitionDomain(r, transitions->item[i]);
    exitStates(r, transitions);
    for (int i = 0; i < transitions->n; i++) enqueue(r, tell(&r->tale, 2, transitions->item[i]));
    struct set in = {0};
    for (int i = 0; i < transitions->n; i++) { /* computeEntrySet */
        int t = transitions->item[i], ancestor = domains[i];
        struct set effective = {0};
        for (int k = 0; k < c->t[t].targets; k++) addDescendantStatesToEnter(r, c->t[t].target[k], ancestor, &in);
        getEffectiveTargetStates(r, c->t[t].target, c->t[t].targets, &effective);
        for (int k = 0; k < effective.n; k++) addAncestorStatesToEnter(r, effective.item[k], ancestor, &in);
    }
    enterThese(r, &in);
}
static enum tb_chart_result mainLoop(struct ref *r, int steps) {
    while (r->running) {
        if (r->overflow) return TB_CHART_RUNAWAY;
        struct set enabled = selectTransitions(r, 0);
        if (!enabled.n) {
            if (!r->queued) return TB_CHART_TAKEN;
            uint32_t event = r->queue[0];
            memmove(r->queue, r->queue + 1, --r->queued * sizeof *r->queue);
            enabled = selectTransitions(r, event);
        }
        if (!enabled.n) continue;
        if (++steps > TB_CHART_MICROSTEPS) return TB_CHART_RUNAWAY;
        microstepOf(r, &enabled);
    }
    return TB_CHART_TAKEN;
}
static enum tb_chart_result ref_start(struct ref *r) {
    struct set in = {1, {0}};
    r->running = true;
    addDescendantStatesToEnter(r, 0, -1, &in);
    enterThese(r, &in);
    return mainLoop(r, 1); /* the first entering counts as a microstep */
}
static enum tb_chart_result ref_send(struct ref *r, uint32_t event, int at) {
    if (!r->running) return TB_CHART_ENDED;
    struct set enabled = {0};
    if (at < 0) enabled = selectTransitions(r, event);
    else if (r->configuration[at] && firstEnabled(r, at, event) >= 0) add(&enabled, firstEnabled(r, at, event));
    if (!enabled.n) return TB_CHART_NOT_HANDLED;
    r->queued = 0;
    microstepOf(r, &enabled);
    return mainLoop(r, 1);
}

/* ---- making the random charts ---- */

/* May a and b be entered together? By the definition: neither in the other, and the least state above both is a
 * parallel. */
static bool together(const struct spec *c, int a, int b) {
    if (isHistory(c, a)) a = c->s[a].parent;
    if (isHistory(c, b)) b = c->s[b].parent;
    if (a == b || isDescendant(c, a, b) || isDescendant(c, b, a)) return false;
    while (!isDescendant(c, b, a)) a = c->s[a].parent;
    return c->s[a].kind == TB_PARALLEL;
}
/* Up to `most` targets inside `within`; a history's default (`of` ≥ 0) names other histories only further inside. */
static int random_targets(const struct spec *c, int within, int of, int most, int *t) {
    int n = 0;
    for (int tries = 0; tries < 40 && n < most; tries++) {
        int x = 1 + (int)rnd((uint32_t)c->states - 1);
        bool fits = isDescendant(c, x, within) && !(of >= 0 && isHistory(c, x) && c->s[x].parent == within);
        for (int i = 0; i < n; i++) fits = fits && together(c, x, t[i]);
        if (fits) t[n++] = x;
    }
    return n;
}
static void random_children(struct spec *c, int parent, int depth) {
    bool parallel = c->s[parent].kind == TB_PARALLEL;
    int children = 1 + (int)rnd(3) + (parent == 0), real = 0;
    for (int i = 0; i < children || !real; i++) {
        if (c->states == S) { /* no room: what has nothing inside becomes atomic */
            if (!real) c->s[parent].kind = TB_ATOMIC;
            return;
        }
        uint32_t k = rnd(real ? 12 : 10); /* the first child is no history */
        int kind = k < 4 || depth > 4 ? TB_ATOMIC : k < 7 ? TB_COMPOUND : k < 9 ? TB_PARALLEL : k < 10 ? TB_FINAL
                   : k < 11 ? TB_HISTORY_SHALLOW : TB_HISTORY_DEEP;
        if ((kind == TB_FINAL && (parallel || (parent == 0 && rnd(4)))) || (kind >= TB_HISTORY_SHALLOW && parent == 0))
            kind = TB_ATOMIC;
        int s = c->states++;
        c->s[s].parent = parent;
        c->s[s].kind = kind;
        c->s[s].initials = 0;
        c->s[s].done = 0;
        real += kind < TB_HISTORY_SHALLOW;
        if (kind <= TB_PARALLEL) random_children(c, s, depth + 1);
    }
}
static void random_chart(struct spec *c) {
    memset(c, 0, sizeof *c);
    c->states = 1;
    c->s[0].parent = -1;
    c->s[0].kind = TB_COMPOUND;
    random_children(c, 0, 1);
    for (int s = 0; s < c->states; s++) {
        int kind = c->s[s].kind;
        if (s && kind <= TB_PARALLEL && rnd(2)) c->s[s].done = 1 + rnd(6);
        if (kind == TB_COMPOUND && rnd(2))
            c->s[s].initials = random_targets(c, s, -1, 1 + (int)rnd(3), c->s[s].initial);
        while (isHistory(c, s) && !c->s[s].initials)
            c->s[s].initials = random_targets(c, c->s[s].parent, s, 1 + (int)rnd(2), c->s[s].initial);
    }
    for (int t = (int)rnd(T); t > 0; t--) {
        int source = (int)rnd((uint32_t)c->states), k = c->arrows;
        if (c->s[source].kind > TB_ATOMIC) continue;
        c->t[k].source = source;
        c->t[k].event = rnd(8) ? 1 + rnd(6) : 0;
        c->t[k].internal = rnd(3) == 0;
        c->t[k].targets = rnd(6) ? random_targets(c, 0, -1, 1 + (rnd(3) == 0), c->t[k].target) : 0;
        c->arrows++;
    }
}
static const tb_chart *spec_chart(tb_arena *a, const struct spec *c, const char **error) {
    tb_chart_builder *b = tb_chart_begin(a);
    uint16_t t[TARGETS];
    for (int s = 0; s < c->states; s++)
        tb_chart_state(b, c->s[s].parent < 0 ? TB_NO_STATE : (uint16_t)c->s[s].parent, (enum tb_state_kind)c->s[s].kind,
                       0);
    for (int s = 0; s < c->states; s++) {
        for (int i = 0; i < c->s[s].initials; i++) t[i] = (uint16_t)c->s[s].initial[i];
        if (c->s[s].initials) tb_chart_initial(b, (uint16_t)s, t, (uint32_t)c->s[s].initials);
        if (c->s[s].done) tb_chart_done_event(b, (uint16_t)s, c->s[s].done);
    }
    for (int k = 0; k < c->arrows; k++) {
        for (int i = 0; i < c->t[k].targets; i++) t[i] = (uint16_t)c->t[k].target[i];
        tb_chart_transition(b, (uint16_t)c->t[k].source, c->t[k].event, c->t[k].internal, t, (uint32_t)c->t[k].targets,
                            0);
    }
    return tb_chart_end(b, error);
}

static bool tale_guard(void *u, tb_chart_run *r, uint16_t t) {
    return spec_guard(u, t, tb_chart_arrow(r->chart, t).event);
}
static void tale_leave(void *u, tb_chart_run *r, uint16_t s) { tb_chart_raise(r, tell(u, 1, s)); }
static void tale_take(void *u, tb_chart_run *r, uint16_t t) { tb_chart_raise(r, tell(u, 2, t)); }
static void tale_enter(void *u, tb_chart_run *r, uint16_t s) { tb_chart_raise(r, tell(u, 3, s)); }
static const tb_chart_calls tale_calls = {tale_guard, tale_leave, tale_take, tale_enter};

static bool alike(const struct ref *r, const struct tale *k, const tb_chart *c, const uint64_t *active) {
    if (k->n != r->tale.n || k->data != r->tale.data || memcmp(k->told, r->tale.told, k->n * sizeof *k->told))
        return false;
    for (int s = 0; s < r->c->states; s++)
        if (r->configuration[s] != tb_bit(active, (unsigned)s)) return false;
    return tb_chart_ended(c, active) == !r->running;
}
static void test_random(uint64_t seed) {
    enum { CHARTS = 4000, EVENTS = 24 };
    struct ref *r = malloc(sizeof *r);
    struct tale *k = malloc(sizeof *k);
    static int results[4];
    int several = 0, preempted = 0, restored = 0, bad = 0;
    if (!r || !k) abort();
    for (int i = 0; i < CHARTS && bad < 3; i++) {
        struct spec c;
        random_state = seed + (uint64_t)i * 1000003;
        random_chart(&c);
        tb_arena *a = tb_arena_new(NULL, 0);
        const char *error = NULL;
        const tb_chart *chart = spec_chart(a, &c, &error);
        memset(r, 0, offsetof(struct ref, tale.told));
        memset(r->configuration, 0, sizeof *r - offsetof(struct ref, configuration));
        r->c = &c;
        k->n = k->data = r->tale.data = 0;
        uint64_t active[1] = {0}, memory[S], copy[1], copy_memory[S] = {0};
        tb_chart_run run = {.chart = chart, .active = active, .memory = memory, .calls = &tale_calls, .user = k};
        enum tb_chart_result got = TB_CHART_TAKEN, want = TB_CHART_TAKEN;
        bool good = chart != NULL;
        for (int e = 0; good && e < EVENTS && got != TB_CHART_RUNAWAY; e++) {
            if (e == 0) {
                want = ref_start(r);
                got = tb_chart_start(&run);
            } else {
                uint32_t event = rnd(20) ? 1 + rnd(6) : 0;
                int at = rnd(2) ? (int)rnd((uint32_t)c.states) : -1;
                if (at >= 0) { /* the probe says what the send then takes, and leaves no trace */
                    copy[0] = active[0];
                    memcpy(copy_memory, memory, sizeof memory);
                    uint32_t told = k->n;
                    int t = r->running && r->configuration[at] ? firstEnabled(r, at, event) : -1;
                    good = tb_chart_probe(&run, event, (uint16_t)at) == (t < 0 ? TB_NO_TRANSITION : t);
                    good = good && copy[0] == active[0] && !memcmp(copy_memory, memory, tb_chart_memory(chart) * 8) &&
                           told == k->n;
                }
                want = ref_send(r, event, at);
                got = tb_chart_send(&run, event, at < 0 ? TB_NO_STATE : (uint16_t)at);
            }
            results[got]++;
            good = good && got == want && alike(r, k, chart, active);
            if (got != TB_CHART_RUNAWAY) good = good && tb_chart_whole(chart, active, memory);
            if (!good)
                fprintf(stderr, "    seed %" PRIu64 " chart %d event %d: result %d, reference %d\n", seed, i, e, got,
                        want);
        }
        if (!chart) fprintf(stderr, "    seed %" PRIu64 " chart %d: %s\n", seed, i, error);
        several += r->several, preempted += r->preempted, restored += r->restored;
        bad += !CHECK(good);
        tb_arena_free(a);
    }
    printf("random charts, seed %" PRIu64 ": %d taken, %d not handled, %d run away, %d ended before; "
           "%d sets of several, %d conflicts, %d restored\n",
           seed, results[0], results[1], results[2], results[3], several, preempted, restored);
    /* The test would prove little if these did not happen. */
    CHECK(results[0] > 1000 && results[1] > 1000 && results[2] > 5 && results[3] > 100);
    CHECK(several > 500 && preempted > 500 && restored > 100);
    free(r);
    free(k);
}

/* ---- cost ---- */

static void bench(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_chart_builder *b = tb_chart_begin(a);
    tb_chart_state(b, TB_NO_STATE, TB_COMPOUND, 0);
    tb_chart_state(b, 0, TB_COMPOUND, 0);
    for (int i = 2; i < 20; i++) tb_chart_state(b, 1, TB_ATOMIC, 0);
    for (int i = 2; i < 20; i++)
        for (uint32_t e = 1; e <= 3; e++)
            tb_chart_transition(b, (uint16_t)i, e, false, &(uint16_t){(uint16_t)(i < 19 ? i + 1 : 2)}, 1, 0);
    tb_chart_transition(b, 1, 9, false, (uint16_t[]){2}, 1, 0);
    const char *error;
    uint64_t active[1];
    tb_chart_calls calls = {always, nothing, nothing, nothing};
    tb_chart_run run = {.chart = tb_chart_end(b, &error), .active = active, .calls = &calls};
    enum { N = 5000000 };
    for (int broadcast = 0; broadcast < 2; broadcast++) {
        tb_chart_start(&run);
        struct timespec t0, t1;
        clock_gettime(CLOCK_MONOTONIC, &t0);
        unsigned at = 2, taken = 0;
        for (int i = 0; i < N; i++) {
            taken += tb_chart_send(&run, 3, broadcast ? TB_NO_STATE : (uint16_t)at) == TB_CHART_TAKEN;
            at = at < 19 ? at + 1 : 2;
        }
        clock_gettime(CLOCK_MONOTONIC, &t1);
        printf("%s event, 20 states: %.1f ns (%u taken)\n", broadcast ? "broadcast" : "addressed",
               ((double)(t1.tv_sec - t0.tv_sec) * 1e9 + (double)(t1.tv_nsec - t0.tv_nsec)) / N, taken);
    }
    tb_arena_free(a);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "bench")) return bench(), 0;
    test_transitions();
    test_document_order();
    test_parallel();
    test_preemption_by_descendant();
    test_addressed();
    test_probe();
    test_eventless();
    test_runaway();
    test_bounds();
    test_internal_events();
    test_done();
    test_end();
    test_history();
    test_nested_history();
    test_parallel_history();
    test_history_from_inside();
    test_start_at();
    test_looking();
    test_errors();
    test_memory();
    test_outside();
    test_random(argc > 1 ? strtoull(argv[1], NULL, 10) : 20260101);
    return check_end();
}
