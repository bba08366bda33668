/* How a chart runs. See chart.h for what it promises.
 *
 * States are numbered in document order, so a state's descendants are the numbers right after it: "is inside" is two
 * comparisons, an exit set is `active` and a range of bits, and walking a set upward or downward is entry or exit
 * order. What the W3C text computes at each event is therefore mostly known when the chart is built:
 *
 *   exit domain    the innermost state that is not left (LCCA), kept with each transition. Only a history target
 *                  inside an active ancestor of the source depends on what is remembered, and is looked up when the
 *                  transition is chosen.
 *   conflicts      two transitions conflict when their exit sets meet, that is, when one domain is the other or lies
 *                  inside it (every domain is an active compound and so has something active inside).
 *   entry set      targets and their ancestors up to the first active one; then, in one walk in document order that
 *                  also enters, a parallel adds all regions and a compound with nothing chosen inside adds its
 *                  initial. Additions lie inside the state that adds them, hence ahead of the walk.
 *
 *   send ─▶ select (event) ─▶ nothing: NOT_HANDLED
 *               │
 *               ▼
 *           microstep: remember, leave ▲inner first, take, enter ▼outer first ──▶ top final: stop
 *               ▲                                  │
 *               └── select (eventless), else select (next internal event) ──▶ queue empty: TAKEN
 *
 * A run allocates nothing: its sets and its queue are small, bounded, and live on the stack. */
#include "chart.h"
#include <assert.h>
#include <string.h>

enum { WORDS = TB_CHART_WORDS(TB_CHART_STATES) };

struct state {
    uint32_t tag, done;
    uint16_t parent, last; /* last: the last descendant, or the state itself */
    uint16_t history;      /* which set of the memory, for a history */
    uint8_t kind;
    uint32_t first, count;   /* its transitions in `asks` */
    const uint16_t *initial; /* of a compound (made explicit by tb_chart_end) or a history */
    uint32_t initials;
};

struct arrow {
    struct tb_chart_arrow shown;
    uint16_t domain; /* TB_NO_STATE: targetless, leaves nothing */
    bool remembers;  /* the domain depends on a history */
};

struct ask { /* what selection needs of a transition, sorted by source */
    uint32_t event;
    uint16_t transition;
};

struct tb_chart {
    uint16_t states, transitions, histories, words;
    const struct state *state;
    const struct arrow *arrow;
    const struct ask *asks;
    uint64_t atomic[WORDS];     /* atomic and final states */
    uint64_t eager[WORDS];      /* states with eventless transitions */
    uint64_t remembered[WORDS]; /* states with a history child */
    uint64_t ends[WORDS];       /* final children of the root */
};

struct tb_chart_queue { /* a ring */
    uint32_t first, count;
    bool overflow;
    uint32_t events[TB_CHART_QUEUE];
};

/* The transitions of one microstep in the order of their taking. At most one comes from each active atomic state. */
struct choice {
    uint32_t count;
    uint16_t transition[TB_CHART_STATES], domain[TB_CHART_STATES];
};

/* ---- bit sets ---- */

/* The bits of word `w` that lie in lo…hi. */
static inline uint64_t span(unsigned w, unsigned lo, unsigned hi) {
    unsigned from = w * 64, to = from + 63;
    if (lo > to || hi < from || lo > hi) return 0;
    uint64_t bits = UINT64_MAX;
    if (lo > from) bits &= UINT64_MAX << (lo - from);
    if (hi < to) bits &= UINT64_MAX >> (to - hi);
    return bits;
}

/* The first member of `set` in lo…hi, or TB_NO_STATE. */
static inline uint16_t next_in(const uint64_t *set, unsigned lo, unsigned hi) {
    for (unsigned w = lo / 64; lo <= hi && w <= hi / 64; w++) {
        uint64_t bits = set[w] & span(w, lo, hi);
        if (bits) return (uint16_t)(w * 64 + (unsigned)__builtin_ctzll(bits));
    }
    return TB_NO_STATE;
}

static inline bool meets(const tb_chart *c, const uint64_t *a, const uint64_t *b) {
    for (unsigned w = 0; w < c->words; w++)
        if (a[w] & b[w]) return true;
    return false;
}

#define EACH_IN(s, set, lo, hi)                                                                                        \
    for (uint16_t s = next_in(set, lo, hi); s != TB_NO_STATE; s = next_in(set, (unsigned)s + 1, hi))
/* Children are found by jumping over each child's descendants. */
#define EACH_CHILD(k, states, parent_)                                                                                 \
    for (uint16_t k = (uint16_t)((parent_) + 1); k <= (states)[parent_].last; k = (uint16_t)((states)[k].last + 1))

/* ---- looking ---- */

static inline bool inside(const struct state *states, uint16_t s, uint16_t ancestor) {
    return s > ancestor && s <= states[ancestor].last;
}
static inline bool is_history(const struct state *s) {
    return s->kind == TB_HISTORY_SHALLOW || s->kind == TB_HISTORY_DEEP;
}

uint16_t tb_chart_states(const tb_chart *c) { return c->states; }
uint16_t tb_chart_parent(const tb_chart *c, uint16_t s) { return c->state[s].parent; }
enum tb_state_kind tb_chart_kind(const tb_chart *c, uint16_t s) { return (enum tb_state_kind)c->state[s].kind; }
uint32_t tb_chart_tag(const tb_chart *c, uint16_t s) { return c->state[s].tag; }
uint16_t tb_chart_transitions(const tb_chart *c) { return c->transitions; }
struct tb_chart_arrow tb_chart_arrow(const tb_chart *c, uint16_t t) {
    return c->arrow[t].shown;
}
bool tb_chart_descends(const tb_chart *c, uint16_t s, uint16_t ancestor) { return inside(c->state, s, ancestor); }
uint32_t tb_chart_memory(const tb_chart *c) { return (uint32_t)c->histories * c->words; }
bool tb_chart_ended(const tb_chart *c, const uint64_t *active) { return meets(c, active, c->ends); }

/* Where in the memory history `h` has its set: bits among the descendants of its parent; none while that was never
 * left. */
static inline size_t place(const tb_chart *c, uint16_t h) { return (size_t)c->state[h].history * c->words; }

/* Has `s`, taken as active, as many active children as its kind asks for? */
static bool has_its_children(const tb_chart *c, const uint64_t *set, uint16_t s) {
    unsigned regions = 0, in = 0;
    EACH_CHILD(k, c->state, s) {
        if (is_history(&c->state[k])) continue;
        regions++;
        in += tb_bit(set, k);
    }
    return in == (c->state[s].kind == TB_COMPOUND ? 1 : regions);
}

/* Is `set` within lo…hi? */
static bool is_within(const tb_chart *c, const uint64_t *set, unsigned lo, unsigned hi) {
    for (unsigned w = 0; w < c->words; w++)
        if (set[w] & ~span(w, lo, hi)) return false;
    return true;
}

/* Could history `h` be restored from `set`: the right members, whole with their ancestors below its parent? */
static bool is_memory(const tb_chart *c, const uint64_t *set, uint16_t h) {
    uint16_t parent = c->state[h].parent, last = c->state[parent].last;
    bool deep = c->state[h].kind == TB_HISTORY_DEEP;
    uint64_t all[WORDS] = {0};
    if (!is_within(c, set, parent + 1u, last)) return false;
    if (next_in(set, parent + 1u, last) == TB_NO_STATE) return true; /* never left */
    EACH_IN(s, set, parent + 1u, last) {
        if (deep ? !tb_bit(c->atomic, s) : c->state[s].parent != parent || is_history(&c->state[s])) return false;
        for (uint16_t up = s; up != parent; up = c->state[up].parent) tb_bit_set(all, up);
    }
    if (!has_its_children(c, all, parent)) return false;
    if (deep) EACH_IN(s, all, parent + 1u, last)
    if (!has_its_children(c, all, s)) return false;
    return true;
}

bool tb_chart_whole(const tb_chart *c, const uint64_t *active, const uint64_t *memory) {
    if (!tb_bit(active, 0) || !is_within(c, active, 0, c->states - 1u)) return false;
    EACH_IN(s, active, 0, c->states - 1u) {
        if (is_history(&c->state[s]) || (s && !tb_bit(active, c->state[s].parent))) return false;
        if (!has_its_children(c, active, s)) return false;
    }
    for (uint16_t h = 0; c->histories && h < c->states; h++)
        if (is_history(&c->state[h]) && !is_memory(c, memory + place(c, h), h)) return false;
    return true;
}

/* ---- building ---- */

struct tb_chart_builder {
    tb_arena *arena;
    const char *error; /* the first mistake */
    TB_LIST(struct state) states;
    TB_LIST(struct arrow) arrows;
};

static const char no_memory[] = "out of memory";

/* Keeps the first mistake, with the number of the state or transition it is about. */
static void mistake(tb_chart_builder *b, const char *where, unsigned number, const char *what) {
    if (b->error) return;
    tb_str text = tb_str_printf(b->arena, "%s %u: %s", where, number, what);
    b->error = text.n ? text.p : no_memory;
}

static const uint16_t *copy_targets(tb_chart_builder *b, const uint16_t *targets, uint32_t count) {
    uint16_t *copy = TB_NEW_ARRAY(b->arena, count, uint16_t);
    if (!copy) b->error = no_memory;
    else if (count) memcpy(copy, targets, count * sizeof *copy);
    return copy;
}

tb_chart_builder *tb_chart_begin(tb_arena *a) {
    tb_chart_builder *b = TB_NEW(a, tb_chart_builder);
    if (b) b->arena = a;
    return b;
}

uint16_t tb_chart_state(tb_chart_builder *b, uint16_t parent, enum tb_state_kind kind, uint32_t tag) {
    if (!b || b->error) return TB_NO_STATE;
    uint16_t n = (uint16_t)b->states.count;
    const char *wrong = NULL;
    if (n == TB_CHART_STATES) {
        wrong = "too many states";
    } else if (n == 0) {
        if (parent != TB_NO_STATE || kind != TB_COMPOUND)
            wrong = "the first state is the root, a compound without parent";
    } else if (kind < TB_COMPOUND || kind > TB_HISTORY_DEEP) {
        wrong = "no such kind";
    } else if (parent >= n) {
        wrong = "its parent must be added before it";
    } else {
        uint8_t above = b->states.items[parent].kind;
        uint16_t open = (uint16_t)(n - 1); /* the parent must be the newest state or an ancestor of it */
        while (open != parent && open) open = b->states.items[open].parent;
        if (open != parent) wrong = "added after its parent's next sibling";
        else if (above != TB_COMPOUND && above != TB_PARALLEL) wrong = "its parent is neither compound nor parallel";
        else if (above == TB_PARALLEL && kind == TB_FINAL) wrong = "a region of a parallel cannot be final";
        else if (kind >= TB_HISTORY_SHALLOW && parent == 0)
            wrong = "the root is never left: its history would stay empty";
    }
    if (wrong) return mistake(b, "state", n, wrong), TB_NO_STATE;
    struct state *s = TB_PUSH(b->arena, b->states);
    if (!s) return b->error = no_memory, TB_NO_STATE;
    *s = (struct state){.tag = tag, .parent = parent, .last = n, .kind = (uint8_t)kind};
    for (uint16_t up = parent; up != TB_NO_STATE; up = b->states.items[up].parent) b->states.items[up].last = n;
    return n;
}

void tb_chart_initial(tb_chart_builder *b, uint16_t state, const uint16_t *targets, uint32_t count) {
    if (!b || b->error) return;
    struct state *s = state < b->states.count ? &b->states.items[state] : NULL;
    const char *wrong = NULL;
    if (!s) wrong = "no such state";
    else if (s->kind != TB_COMPOUND && !is_history(s)) wrong = "neither a compound nor a history";
    else if (s->initials) wrong = "set twice";
    else if (count == 0) wrong = "no targets";
    if (wrong) {
        mistake(b, "initial of state", state, wrong);
        return;
    }
    s->initial = copy_targets(b, targets, count);
    s->initials = count;
}

uint16_t tb_chart_transition(tb_chart_builder *b, uint16_t source, uint32_t event, bool internal,
                             const uint16_t *targets, uint32_t count, uint32_t tag) {
    if (!b || b->error) return TB_NO_TRANSITION;
    uint16_t n = (uint16_t)b->arrows.count;
    const char *wrong = NULL;
    if (b->arrows.count == TB_CHART_TRANSITIONS) wrong = "too many transitions";
    else if (source >= b->states.count) wrong = "its source does not exist";
    else if (b->states.items[source].kind > TB_ATOMIC) wrong = "its source is a final or history state";
    if (wrong) return mistake(b, "transition", n, wrong), TB_NO_TRANSITION;
    const uint16_t *copy = copy_targets(b, targets, count);
    struct arrow *t = copy ? TB_PUSH(b->arena, b->arrows) : NULL;
    if (!t) return b->error = no_memory, TB_NO_TRANSITION;
    *t = (struct arrow){.shown = {source, internal, event, tag, copy, count}, .domain = TB_NO_STATE};
    return n;
}

void tb_chart_done_event(tb_chart_builder *b, uint16_t state, uint32_t event) {
    if (!b || b->error) return;
    struct state *s = state < b->states.count ? &b->states.items[state] : NULL;
    const char *wrong = NULL;
    if (!s) wrong = "no such state";
    else if (state == 0) wrong = "the run ends with the root";
    else if (s->kind != TB_COMPOUND && s->kind != TB_PARALLEL) wrong = "neither a compound nor a parallel";
    if (wrong) mistake(b, "done event of state", state, wrong);
    else s->done = event;
}

/* Can a and b be active together, neither inside the other? They must part in a parallel. A history stands for its
 * whole parent. */
static bool side_by_side(const struct state *states, uint16_t a, uint16_t b) {
    if (is_history(&states[a])) a = states[a].parent;
    if (is_history(&states[b])) b = states[b].parent;
    if (a == b || inside(states, a, b) || inside(states, b, a)) return false;
    do a = states[a].parent;
    while (!inside(states, b, a));
    return states[a].kind == TB_PARALLEL;
}

/* What is wrong with these targets, all of which must lie inside `within`; NULL when nothing is. */
static const char *wrong_targets(const struct state *states, uint32_t n, uint16_t within, const uint16_t *t,
                                 uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (t[i] >= n) return "its target does not exist";
        if (t[i] == 0) return "the root cannot be a target";
        if (!inside(states, t[i], within)) return "its target lies outside";
        for (uint32_t j = 0; j < i; j++)
            if (!side_by_side(states, t[i], t[j])) return "its targets cannot be active together";
    }
    return NULL;
}

/* A history's default may lead to another history only further inside, or the two could ask each other for ever. */
static const char *wrong_initial(const struct state *states, uint32_t n, uint16_t s) {
    const struct state *at = &states[s];
    const char *wrong = wrong_targets(states, n, is_history(at) ? at->parent : s, at->initial, at->initials);
    for (uint32_t i = 0; is_history(at) && !wrong && i < at->initials; i++)
        if (is_history(&states[at->initial[i]]) && states[at->initial[i]].parent == at->parent)
            wrong = "its default is a history of the same parent";
    return wrong;
}

/* Completes and checks one state: children, initial, the number of a history. */
static const char *finish_state(struct tb_chart *c, struct state *states, uint16_t *first_child, uint16_t s) {
    struct state *at = &states[s];
    uint16_t child = TB_NO_STATE;
    EACH_CHILD(k, states, s) {
        if (is_history(&states[k])) tb_bit_set(c->remembered, s);
        else if (child == TB_NO_STATE) child = k;
        if (s == 0 && states[k].kind == TB_FINAL) tb_bit_set(c->ends, k);
    }
    switch (at->kind) {
    case TB_COMPOUND:
        if (child == TB_NO_STATE) return "a compound needs a child";
        if (!at->initials) {
            *first_child = child;
            at->initial = first_child;
            at->initials = 1;
        }
        return wrong_initial(states, c->states, s);
    case TB_PARALLEL: return child == TB_NO_STATE ? "a parallel needs a region" : NULL;
    case TB_HISTORY_SHALLOW:
    case TB_HISTORY_DEEP:
        at->history = c->histories++;
        return at->initials ? wrong_initial(states, c->states, s) : "a history needs a default";
    default: tb_bit_set(c->atomic, s); return NULL;
    }
}

static bool lies_in(const tb_chart *c, const uint64_t *memory, uint16_t target, uint16_t s);

/* getTransitionDomain: the innermost compound that holds source and targets and stays active. Starting at the source
 * itself is what type="internal" means, and all the root can do. */
static uint16_t domain_of(const tb_chart *c, const struct tb_chart_arrow *t, const uint64_t *memory) {
    uint16_t d = t->source;
    if (d && !(t->internal && c->state[d].kind == TB_COMPOUND)) d = c->state[d].parent;
    for (;; d = c->state[d].parent) { /* the root holds every target */
        bool holds = c->state[d].kind == TB_COMPOUND;
        for (uint32_t i = 0; holds && i < t->count; i++) holds = lies_in(c, memory, t->targets[i], d);
        if (holds) return d;
    }
}

static const char *finish_arrow(const struct tb_chart *c, struct arrow *t) {
    const struct tb_chart_arrow *a = &t->shown;
    const char *wrong = wrong_targets(c->state, c->states, 0, a->targets, a->count);
    if (wrong || a->count == 0) return wrong;
    t->domain = domain_of(c, a, NULL);
    for (uint32_t i = 0; i < a->count; i++) {
        const struct state *target = &c->state[a->targets[i]];
        t->remembers |= is_history(target) && inside(c->state, a->source, target->parent);
    }
    return NULL;
}

/* Transitions by source, each source's in the order of adding. */
static void sort_asks(struct tb_chart *c, struct state *states, struct ask *asks) {
    for (uint16_t t = 0; t < c->transitions; t++) states[c->arrow[t].shown.source].count++;
    uint32_t first = 0;
    for (uint16_t s = 0; s < c->states; s++) {
        states[s].first = first;
        first += states[s].count;
        states[s].count = 0;
    }
    for (uint16_t t = 0; t < c->transitions; t++) {
        const struct tb_chart_arrow *a = &c->arrow[t].shown;
        asks[states[a->source].first + states[a->source].count++] = (struct ask){a->event, t};
        if (a->event == 0) tb_bit_set(c->eager, a->source);
    }
}

const tb_chart *tb_chart_end(tb_chart_builder *b, const char **error) {
    *error = no_memory;
    if (!b) return NULL;
    if (!b->error && b->states.count == 0) b->error = "the chart has no states";
    *error = b->error;
    if (b->error) return NULL;
    uint32_t n = b->states.count, m = b->arrows.count;
    struct tb_chart *c = TB_NEW(b->arena, struct tb_chart);
    struct state *states = TB_NEW_ARRAY(b->arena, n, struct state);
    struct arrow *arrows = TB_NEW_ARRAY(b->arena, m, struct arrow);
    struct ask *asks = TB_NEW_ARRAY(b->arena, m, struct ask);
    uint16_t *first_child = TB_NEW_ARRAY(b->arena, n, uint16_t);
    *error = no_memory;
    if (!c || !states || !arrows || !asks || !first_child) return NULL;
    for (uint32_t s = 0; s < n; s++) states[s] = b->states.items[s];
    if (m) memcpy(arrows, b->arrows.items, m * sizeof *arrows);
    *c = (struct tb_chart){.states = (uint16_t)n, .transitions = (uint16_t)m, .words = TB_CHART_WORDS(n)};
    c->state = states;
    c->arrow = arrows;
    c->asks = asks;
    for (uint16_t s = 0; s < n; s++) {
        const char *wrong = finish_state(c, states, &first_child[s], s);
        if (wrong) mistake(b, "state", s, wrong);
    }
    for (uint16_t t = 0; t < m && !b->error; t++) {
        const char *wrong = finish_arrow(c, &arrows[t]);
        if (wrong) mistake(b, "transition", t, wrong);
    }
    *error = b->error;
    if (b->error) return NULL;
    sort_asks(c, states, asks);
    return c;
}

/* ---- history ---- */

/* Does the target, or for a history what it now stands for (getEffectiveTargetStates), lie inside s? */
static bool lies_in(const tb_chart *c, const uint64_t *memory, uint16_t target, uint16_t s) {
    if (inside(c->state, target, s)) return true;
    if (!is_history(&c->state[target]) || !memory) return false;
    const struct state *h = &c->state[target], *above = &c->state[h->parent];
    const uint64_t *set = memory + place(c, target);
    uint16_t some = next_in(set, h->parent + 1u, above->last);
    for (uint32_t i = 0; some == TB_NO_STATE && i < h->initials; i++)
        if (!lies_in(c, memory, h->initial[i], s)) return false;
    EACH_IN(k, set, h->parent + 1u, above->last)
    if (!inside(c->state, k, s)) return false;
    return true;
}

/* Before `s` is left, its histories take down what is active in it: the children, or the atomic states. */
static void remember(tb_chart_run *run, uint16_t s) {
    const tb_chart *c = run->chart;
    EACH_CHILD(h, c->state, s) {
        if (!is_history(&c->state[h])) continue;
        uint64_t *set = run->memory + place(c, h);
        memset(set, 0, c->words * sizeof *set);
        EACH_IN(k, run->active, s + 1u, c->state[s].last)
        if (c->state[h].kind == TB_HISTORY_DEEP ? tb_bit(c->atomic, k) : c->state[k].parent == s) tb_bit_set(set, k);
    }
}

/* ---- selection ---- */

/* The first enabled transition of `s` itself for the event. */
static uint16_t ask(tb_chart_run *run, uint16_t s, uint32_t event) {
    const tb_chart *c = run->chart;
    const struct ask *q = c->asks + c->state[s].first, *end = q + c->state[s].count;
    for (; q < end; q++)
        if (q->event == event && run->calls->guard(run->user, run, q->transition)) return q->transition;
    return TB_NO_TRANSITION;
}

/* The same of `s` and its ancestors, inner first. */
static uint16_t ask_upward(tb_chart_run *run, uint16_t s, uint32_t event) {
    uint16_t t = TB_NO_TRANSITION;
    for (; s != TB_NO_STATE && t == TB_NO_TRANSITION; s = run->chart->state[s].parent) t = ask(run, s, event);
    return t;
}

/* Do the exit sets meet? */
static inline bool conflict(const tb_chart *c, uint16_t d, uint16_t e) {
    return d != TB_NO_STATE && e != TB_NO_STATE && (d == e || inside(c->state, d, e) || inside(c->state, e, d));
}

/* removeConflictingTransitions, one at a time: a new transition yields to a chosen one it conflicts with, unless its
 * source lies inside that one's source; then that one yields. */
static void choose(tb_chart_run *run, struct choice *chosen, uint16_t t) {
    const tb_chart *c = run->chart;
    const struct arrow *a = &c->arrow[t];
    uint16_t d = a->remembers ? domain_of(c, &a->shown, run->memory) : a->domain;
    for (uint32_t i = 0; i < chosen->count; i++)
        if (conflict(c, d, chosen->domain[i]) &&
            !inside(c->state, a->shown.source, c->arrow[chosen->transition[i]].shown.source))
            return;
    uint32_t n = 0;
    for (uint32_t i = 0; i < chosen->count; i++) {
        if (conflict(c, d, chosen->domain[i])) continue;
        chosen->transition[n] = chosen->transition[i];
        chosen->domain[n++] = chosen->domain[i];
    }
    chosen->transition[n] = t;
    chosen->domain[n] = d;
    chosen->count = n + 1;
}

/* selectTransitions (event ≠ 0) and selectEventlessTransitions: every active atomic state asks upward. An ancestor
 * asked already has been decided with all above it: guards are pure. */
static void select_all(tb_chart_run *run, struct choice *chosen, uint32_t event) {
    const tb_chart *c = run->chart;
    uint64_t asked[WORDS], atoms[WORDS];
    chosen->count = 0;
    if (event == 0 && !meets(c, run->active, c->eager)) return;
    for (unsigned w = 0; w < c->words; w++) {
        asked[w] = 0;
        atoms[w] = run->active[w] & c->atomic[w];
    }
    EACH_IN(atom, atoms, 0, c->states - 1u) {
        for (uint16_t s = atom; s != TB_NO_STATE && !tb_bit(asked, s); s = c->state[s].parent) {
            tb_bit_set(asked, s);
            uint16_t t = ask(run, s, event);
            if (t == TB_NO_TRANSITION) continue;
            choose(run, chosen, t);
            break;
        }
    }
}

/* ---- a microstep ---- */

static void leave_states(tb_chart_run *run, const struct choice *chosen) {
    const tb_chart *c = run->chart;
    uint64_t out[WORDS] = {0};
    for (uint32_t i = 0; i < chosen->count; i++) {
        uint16_t d = chosen->domain[i];
        if (d == TB_NO_STATE) continue;
        for (unsigned w = (d + 1u) / 64, lo = d + 1u, hi = c->state[d].last; w <= hi / 64; w++)
            out[w] |= run->active[w] & span(w, lo, hi);
    }
    if (c->histories) EACH_IN(s, out, 0, c->states - 1u)
    if (tb_bit(c->remembered, s)) remember(run, s);
    for (unsigned w = c->words; w-- > 0;) {
        while (out[w]) {
            unsigned bit = 63 - (unsigned)__builtin_clzll(out[w]);
            uint16_t s = (uint16_t)(w * 64 + bit);
            run->calls->leave(run->user, run, s);
            tb_bit_clear(run->active, s);
            tb_bit_clear(out, s);
        }
    }
}

/* Puts a target and its inactive ancestors into the entry set; a history is replaced by what it stands for. */
static void want(tb_chart_run *run, uint64_t *in, uint16_t t) {
    const tb_chart *c = run->chart;
    const struct state *at = &c->state[t];
    if (is_history(at)) {
        const uint64_t *set = run->memory + place(c, t);
        unsigned lo = at->parent + 1u, hi = c->state[at->parent].last;
        if (next_in(set, lo, hi) == TB_NO_STATE)
            for (uint32_t i = 0; i < at->initials; i++) want(run, in, at->initial[i]);
        EACH_IN(k, set, lo, hi) want(run, in, k);
        return;
    }
    for (; t != TB_NO_STATE && !tb_bit(run->active, t) && !tb_bit(in, t); t = c->state[t].parent) tb_bit_set(in, t);
}

/* isInFinalState, for a region of a parallel. */
static bool is_done(const tb_chart *c, const uint64_t *active, uint16_t s) {
    bool compound = c->state[s].kind == TB_COMPOUND;
    if (!compound && c->state[s].kind != TB_PARALLEL) return false;
    EACH_CHILD(k, c->state, s) {
        const struct state *child = &c->state[k];
        if (compound && child->kind == TB_FINAL && tb_bit(active, k)) return true;
        if (!compound && !is_history(child) && !is_done(c, active, k)) return false;
    }
    return !compound;
}

/* A final state below the root has been entered: its parent is done, and so may be the parallels right above. */
static void raise_done(tb_chart_run *run, uint16_t final) {
    const tb_chart *c = run->chart;
    uint16_t s = c->state[final].parent;
    do {
        tb_chart_raise(run, c->state[s].done);
        s = c->state[s].parent;
    } while (c->state[s].kind == TB_PARALLEL && is_done(c, run->active, s));
}

/* Enters the entry set and all it implies, outer first. Answers whether the run has ended. */
static bool enter_states(tb_chart_run *run, uint64_t *in) {
    const tb_chart *c = run->chart;
    bool ended = false;
    EACH_IN(s, in, 0, c->states - 1u) {
        const struct state *at = &c->state[s];
        if (at->kind == TB_PARALLEL) {
            EACH_CHILD(k, c->state, s)
            if (!is_history(&c->state[k])) tb_bit_set(in, k);
        } else if (at->kind == TB_COMPOUND && next_in(in, s + 1u, at->last) == TB_NO_STATE) {
            for (uint32_t i = 0; i < at->initials; i++) want(run, in, at->initial[i]);
        }
        tb_bit_set(run->active, s);
        run->calls->enter(run->user, run, s);
        if (at->kind != TB_FINAL) continue;
        if (at->parent == 0) ended = true;
        else raise_done(run, s);
    }
    return ended;
}

static bool microstep(tb_chart_run *run, const struct choice *chosen) {
    const tb_chart *c = run->chart;
    uint64_t in[WORDS] = {0};
    leave_states(run, chosen);
    for (uint32_t i = 0; i < chosen->count; i++) run->calls->take(run->user, run, chosen->transition[i]);
    for (uint32_t i = 0; i < chosen->count; i++) {
        const struct tb_chart_arrow *a = &c->arrow[chosen->transition[i]].shown;
        for (uint32_t k = 0; k < a->count; k++) want(run, in, a->targets[k]);
    }
    return enter_states(run, in);
}

/* ---- a macrostep ---- */

void tb_chart_raise(tb_chart_run *run, uint32_t event) {
    struct tb_chart_queue *q = run->queue;
    assert(q && "raised outside leave, take and enter");
    if (event == 0) return;
    if (q->count == TB_CHART_QUEUE) q->overflow = true;
    else q->events[(q->first + q->count++) % TB_CHART_QUEUE] = event;
}

/* Runs to completion after the first microstep: eventless transitions first, then internal events in their order. */
static enum tb_chart_result complete(tb_chart_run *run, struct choice *chosen, bool ended) {
    struct tb_chart_queue *q = run->queue;
    for (int steps = 1; !ended && !q->overflow; steps++) {
        select_all(run, chosen, 0);
        while (chosen->count == 0 && q->count) {
            uint32_t event = q->events[q->first];
            q->first = (q->first + 1) % TB_CHART_QUEUE;
            q->count--;
            select_all(run, chosen, event);
        }
        if (chosen->count == 0) return TB_CHART_TAKEN;
        if (steps == TB_CHART_MICROSTEPS) return TB_CHART_RUNAWAY;
        ended = microstep(run, chosen);
    }
    return ended ? TB_CHART_TAKEN : TB_CHART_RUNAWAY;
}

static void queue_on(tb_chart_run *run, struct tb_chart_queue *q) {
    q->first = q->count = 0;
    q->overflow = false;
    run->queue = q;
}

enum tb_chart_result tb_chart_start_at(tb_chart_run *run, const uint16_t *targets, uint32_t count) {
    const tb_chart *c = run->chart;
    if (count == 0 || wrong_targets(c->state, c->states, 0, targets, count)) return TB_CHART_NOT_HANDLED;
    uint64_t in[WORDS] = {0};
    struct tb_chart_queue queue;
    struct choice chosen;
    memset(run->active, 0, c->words * sizeof *run->active);
    if (c->histories) memset(run->memory, 0, tb_chart_memory(c) * sizeof *run->memory);
    for (uint32_t i = 0; i < count; i++) want(run, in, targets[i]);
    queue_on(run, &queue);
    enum tb_chart_result r = complete(run, &chosen, enter_states(run, in));
    run->queue = NULL;
    return r;
}

enum tb_chart_result tb_chart_start(tb_chart_run *run) {
    return tb_chart_start_at(run, run->chart->state[0].initial, run->chart->state[0].initials);
}

enum tb_chart_result tb_chart_send(tb_chart_run *run, uint32_t event, uint16_t at) {
    const tb_chart *c = run->chart;
    if (tb_chart_ended(c, run->active)) return TB_CHART_ENDED;
    struct choice chosen;
    if (at == TB_NO_STATE) {
        select_all(run, &chosen, event);
    } else {
        uint16_t t = tb_chart_probe(run, event, at);
        chosen.count = 0;
        if (t != TB_NO_TRANSITION) choose(run, &chosen, t);
    }
    if (chosen.count == 0) return TB_CHART_NOT_HANDLED;
    struct tb_chart_queue queue;
    queue_on(run, &queue);
    enum tb_chart_result r = complete(run, &chosen, microstep(run, &chosen));
    run->queue = NULL;
    return r;
}

uint16_t tb_chart_probe(tb_chart_run *run, uint32_t event, uint16_t at) {
    const tb_chart *c = run->chart;
    bool possible = at < c->states && tb_bit(run->active, at) && !tb_chart_ended(c, run->active);
    return possible ? ask_upward(run, at, event) : TB_NO_TRANSITION;
}
