/* The configurations of a matter: what a case can be, time left out.
 *
 * A state is the chart's configuration and what else decides which moves are open: milestones, documents and completed
 * steps that some condition, 「M之前」 or limit asks about (facts), what an interruption has put aside (原环节), counts of
 * 限 N次 moves, 不可撤回, and the valuation. A valuation is a mode and one way the form may answer the conditions
 * (valuations.c). Since a form never changes after its submission, a case keeps its valuation, so that a step whose two
 * exits ask for opposite things is not stuck, and one whose exits leave a gap is.
 *
 * Edges are what step.c would do: an act addressed to an active task, or the expiry of a task's limit, run to
 * completion by the chart itself. Persons and inputs are left out (separation.c asks about persons): somebody can
 * always be found to act or refuse.
 *
 * Reduction. Branches of a parallel multiply: six branches of four states are 4096 configurations. When what a branch can do
 * next does not depend on anything that the others can still do (none reads what another writes; nothing written before
 * a 不予 cuts the others off is asked about later; no limit counts from it), every order leads to the same places, so
 * that branch alone is moved on: an ample set in the sense of partial order reduction (Peled 1993), of steps, not of
 * branches, so that two branches which depend on each other at one step each multiply only there. Time does not need
 * the orders: each task keeps its own entry time, and the join takes the latest (limits.c).
 * A branch that will never end by itself must not keep the others waiting: one of them may end it with 不予.
 * Where that is so is only seen when all is explored; then those states move on another branch, and all is explored
 * anew (held). */
#include "proof_work.h"
#include "expression.h"
#include <string.h>

enum { FACTS = 64, COUNT_MAX = 255, FIRST_SLOTS = 1024 };

/* What moves may do to each other. */
typedef struct trait {
    uint64_t reads, writes, kept; /* facts; kept: also when the branch goes on */
    bool rejects, counts, hot;    /* hot: a time hangs on it */
} trait;

typedef struct branch {
    uint16_t state, parallel;
    uint32_t around; /* the branch that the parallel is in; TB__NONE */
    bool rejects;
    bool ordered;    /* its parallel is left when some branches have ended: it matters which */
    bool alone;      /* somewhere it was moved on alone */
    trait next, rest; /* in the state being looked at: of the moves open in it; of all that are still to come */
} branch;

/* In this state the branch cannot end by itself: another is moved on. */
typedef struct held {
    const uint64_t *state;
    uint32_t branch;
} held;

struct walk {
    tb__proof *w;
    uint64_t *s;              /* the state being run */
    uint32_t valuation, mode; /* of that state */
    uint64_t recorded;
    uint32_t first_move;
    bool tacit, resuming;
    uint32_t *slots, mask;
    uint32_t room;
    TB_LIST(branch) branches;
    uint32_t *branch_of;     /* by state: the innermost branch it is in; TB__NONE */
    trait *next, *rest;      /* by state: of the moves from it, and of all that may follow within its branch */
    bool *timed;             /* by milestone: a clock hangs on it, or a date */
    bool may_reduce;
    bool full;               /* a limit was reached: stop */
    uint16_t preferred;      /* a branch to move on first; TB_NO_STATE */
    const uint32_t **events; /* by state: events of its transitions, 0-ended */
    TB_LIST(held) held;
    uint32_t *held_slots, held_mask; /* index + 1 */
};

/* ---- which facts are asked about ---- */

static void ask_milestone(tb__proof *w, uint32_t m, uint32_t *n) {
    if (w->milestone_fact[m] == UINT8_MAX && *n < FACTS) w->milestone_fact[m] = (uint8_t)(*n)++;
}

static uint8_t *fact_of(const tb__proof *w, const tb_condition *c) {
    return c->asked == TB_ASK_STEP       ? &w->step_fact[c->index]
           : c->asked == TB_ASK_DOCUMENT ? &w->document_fact[c->index]
                                         : &w->milestone_fact[c->index];
}

static uint64_t asked(tb__proof *w, const tb_condition *c, uint32_t *n) {
    if (!c) return 0;
    if (c->kind == TB_X_AND || c->kind == TB_X_OR) return asked(w, c->a, n) | asked(w, c->b, n);
    if (c->kind == TB_X_NOT) return asked(w, c->a, n);
    if (c->kind != TB_X_DONE && c->kind != TB_X_NOT_DONE) return 0;
    uint8_t *bit = fact_of(w, c);
    if (*bit == UINT8_MAX && *n < FACTS) *bit = (uint8_t)(*n)++;
    return *bit == UINT8_MAX ? 0 : (uint64_t)1 << *bit;
}

static bool facts(tb__proof *w) {
    const tb_program *p = w->p;
    uint32_t n = 0;
    w->milestone_fact = TB_NEW_ARRAY(w->a, p->milestones.count + 1, uint8_t);
    w->document_fact = TB_NEW_ARRAY(w->a, p->documents.count + 1, uint8_t);
    w->count_byte = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint32_t);
    memset(w->milestone_fact, UINT8_MAX, p->milestones.count + 1);
    memset(w->document_fact, UINT8_MAX, p->documents.count + 1);
    w->step_fact = TB_NEW_ARRAY(w->a, p->steps.count + 1, uint8_t);
    memset(w->step_fact, UINT8_MAX, p->steps.count + 1);
    bool fits = true;
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        bool extension = tb__changes_limits(p, i);
        asked(w, m->guard, &n);
        if (m->before != TB_NO_INDEX && !extension) ask_milestone(w, m->before, &n);
        for (uint32_t k = 0; k < m->effects_n; k++)
            if (m->effects[k].kind == TB_DO_RECORD && m->effects[k].dated != TB_NO_INDEX)
                ask_milestone(w, m->effects[k].dated, &n);
        w->count_byte[i] = m->times && !extension ? w->count_bytes++ : TB__NONE;
        fits &= m->times <= COUNT_MAX;
    }
    for (uint32_t i = 0; i < p->clocks.count; i++)
        if (p->clocks.items[i].kind == TB_CLOCK_STEP && p->clocks.items[i].from != TB_NO_INDEX)
            ask_milestone(w, p->clocks.items[i].from, &n);
    return fits && n < FACTS;
}

/* ---- what is recorded, as in step.c ---- */

static void put_record(tb__proof *w, tb__records *out, uint64_t *recorded, tb__record r) {
    if (*recorded >> r.milestone & 1) return;
    *recorded |= (uint64_t)1 << r.milestone;
    *TB_PUSH(w->a, *out) = r;
}

static void put_arrival(tb__proof *w, tb__records *out, uint64_t *recorded, uint32_t place, bool late) {
    uint32_t received = w->p->places.items[place].received;
    put_record(w, out, recorded, (tb__record){.milestone = received, .dated = TB_NO_INDEX});
    if (received == w->p->receipt)
        put_record(w, out, recorded, (tb__record){.milestone = TB_M_RECEIVED, .dated = TB_NO_INDEX, .late = late});
}

static void put_document(tb__proof *w, tb__records *out, uint64_t *recorded, uint32_t document) {
    const tb_document *d = &w->p->documents.items[document];
    for (uint32_t k = 0; k < d->records_n; k++)
        put_record(w, out, recorded, (tb__record){.milestone = d->records[k], .dated = TB_NO_INDEX});
}

void tb__records_of_move(tb__proof *w, const tb_move *m, bool tacit, uint64_t *recorded, tb__records *out) {
    bool late = false; /* 次一工作日收到: only what the applicant hands in outside office hours */
    const uint32_t *posts = m->posts ? m->posts : m->step == TB_NO_INDEX ? NULL : w->p->steps.items[m->step].posts;
    uint32_t n = m->posts ? m->posts_n : m->step == TB_NO_INDEX ? 0 : w->p->steps.items[m->step].posts_n;
    for (uint32_t i = 0; i < n && !tacit && w->p->next_workday_receipt; i++) late |= posts[i] == TB_POST_APPLICANT;
    *recorded = 0;
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        if (f->kind == TB_DO_RECORD)
            put_record(
                w, out, recorded,
                (tb__record){f->a, f->dated, f->dated_first, late && f->a == TB_M_RECEIVED && f->dated == TB_NO_INDEX});
        else if (f->kind == TB_DO_ISSUE) put_document(w, out, recorded, f->a);
        else if (f->kind == TB_DO_TRANSFER) put_arrival(w, out, recorded, f->a, late);
    }
}

void tb__records_of_step(tb__proof *w, uint32_t step, uint64_t *recorded, tb__records *out) {
    const tb_step_def *s = &w->p->steps.items[step];
    for (uint32_t i = 0; i < s->notices_n; i++) put_document(w, out, recorded, s->notices[i]);
}

void tb__records_of_submission(tb__proof *w, uint32_t mode, uint64_t *recorded, tb__records *out) {
    uint16_t leaf = w->p->modes.items[mode].start;
    while (w->p->nodes[leaf].kind != TB_NODE_STEP) leaf++;
    uint32_t place = w->p->steps.items[w->p->nodes[leaf].index].place;
    *recorded = 0;
    put_record(w, out, recorded, (tb__record){.milestone = TB_M_SUBMITTED, .dated = TB_NO_INDEX});
    if (place != TB_NO_INDEX) put_arrival(w, out, recorded, place, w->p->next_workday_receipt);
    *recorded = 0;
}

/* ---- running the chart on a state ---- */

static void learn_records(struct walk *k, const tb__records *r) {
    for (uint32_t i = 0; i < r->count; i++) {
        uint8_t bit = k->w->milestone_fact[r->items[i].milestone];
        if (bit != UINT8_MAX) k->s[k->w->g.fact_word] |= (uint64_t)1 << bit;
    }
}

/* The fact 「已 S」 that a move sets; 0: none, or nothing asks. */
static uint64_t step_bit(const tb__proof *w, const tb_move *m) {
    if (m->step == TB_NO_INDEX || !tb__completes(m) || w->step_fact[m->step] == UINT8_MAX) return 0;
    return (uint64_t)1 << w->step_fact[m->step];
}

static void learn_document(struct walk *k, uint32_t document) {
    uint8_t bit = k->w->document_fact[document];
    if (bit != UINT8_MAX) k->s[k->w->g.fact_word] |= (uint64_t)1 << bit;
}

static uint8_t *counter(struct walk *k, uint32_t move) {
    uint32_t byte = k->w->count_byte[move];
    return byte == TB__NONE ? NULL : (uint8_t *)(k->s + k->w->g.count_word) + byte;
}

static bool holds(struct walk *k, const tb_condition *c) {
    const tb__proof *w = k->w;
    switch (c->kind) {
    case TB_X_OR: return holds(k, c->a) || holds(k, c->b);
    case TB_X_AND: return holds(k, c->a) && holds(k, c->b);
    case TB_X_NOT: return !holds(k, c->a);
    case TB_X_MODE: return c->modes >> k->mode & 1;
    case TB_X_DONE:
    case TB_X_NOT_DONE: return (k->s[w->g.fact_word] >> *fact_of(w, c) & 1) == (c->kind == TB_X_DONE);
    default: return tb__atom_holds(w, k->valuation, c);
    }
}

bool tb__holds_in(tb__proof *w, uint32_t state, const tb_condition *c) {
    struct walk k = {.w = w, .s = w->g.state + (size_t)state * w->g.words};
    k.valuation = tb__valuation_of(w, k.s);
    k.mode = w->valuations.items[k.valuation].mode;
    return holds(&k, c);
}

/* history.c's tb__may_interrupt() */
static bool may_interrupt(const tb_program *p, const uint64_t *active) {
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        if (tb_bit(active, s) && p->nodes[s].kind == TB_NODE_STEP &&
            (p->steps.items[p->nodes[s].index].interrupts || p->steps.items[p->nodes[s].index].call))
            return false;
    return true;
}

/* step.c's move_open() without persons and due times. */
static bool on_guard(void *user, tb_chart_run *run, uint16_t transition) {
    struct walk *k = user;
    const tb_program *p = k->w->p;
    uint32_t number = p->transition_move[transition];
    const tb_move *m = &p->moves.items[number];
    uint16_t source = tb_chart_arrow(run->chart, transition).source;
    if (m->kind == TB_MOVE_OBLIGE || m->kind == TB_MOVE_EACH) return !m->guard || holds(k, m->guard);
    bool join = m->kind == TB_MOVE_DONE || m->kind == TB_MOVE_REJECTED;
    if (join && !tb__join_open(p, run->active, source, m)) return false;
    if (tb__changes_limits(p, number)) return false; /* changes no configuration */
    if (m->before != TB_NO_INDEX && tb__fact(k->w, k->s, m->before)) return false;
    if (m->interrupts && !may_interrupt(p, run->active)) return false;
    if (m->step == TB_NO_INDEX && m->kind == TB_MOVE_ACT && m->leaves && tb__irreversible(k->w, k->s)) return false;
    uint8_t *count = counter(k, number);
    if (count && *count >= m->times) return false;
    if (m->guard && !holds(k, m->guard)) return false;
    uint16_t host = tb_chart_parent(run->chart, source);
    if (m->leaves && m->kind == TB_MOVE_ACT && host != TB_NO_STATE && p->nodes[host].kind == TB_NODE_HOST)
        for (uint16_t s = (uint16_t)(host + 1);
             s < tb_chart_states(run->chart) && tb_chart_descends(run->chart, s, host); s++)
            if (s != source && tb_bit(run->active, s) && p->nodes[s].kind == TB_NODE_STEP) return false;
    return true;
}

static void on_leave(void *user, tb_chart_run *run, uint16_t state) { (void)user, (void)run, (void)state; }

static void on_take(void *user, tb_chart_run *run, uint16_t transition) {
    struct walk *k = user;
    tb__proof *w = k->w;
    uint32_t number = w->p->transition_move[transition];
    const tb_move *m = &w->p->moves.items[number];
    (void)run;
    *TB_PUSH(w->a, w->g.ops) = TB__OP_TAKE(transition);
    if (k->first_move == TB__NONE) k->first_move = number;
    k->resuming = m->resumes;
    w->g.move_seen[number] = 1;
    uint8_t *count = counter(k, number);
    if (count && *count < m->times) ++*count;
    w->scratch.count = 0;
    tb__records_of_move(w, m, k->tacit, &k->recorded, &w->scratch);
    learn_records(k, &w->scratch);
    k->s[w->g.fact_word] |= step_bit(w, m);
    for (uint32_t i = 0; i < m->effects_n; i++) {
        if (m->effects[i].kind == TB_DO_ISSUE) learn_document(k, m->effects[i].a);
        if (m->effects[i].kind == TB_DO_IRREVERSIBLE) k->s[w->g.meta_word] |= 1;
    }
}

static void on_enter(void *user, tb_chart_run *run, uint16_t state) {
    struct walk *k = user;
    tb__proof *w = k->w;
    const tb_node *n = &w->p->nodes[state];
    enum tb_state_kind kind = tb_chart_kind(run->chart, state);
    if (kind == TB_ATOMIC || kind == TB_FINAL) *TB_PUSH(w->a, w->g.ops) = TB__OP_ENTER(state);
    if (k->resuming) return; /* as it was: nothing is issued or raised anew */
    if (n->kind == TB_NODE_STEP) {
        w->g.step_seen[n->index] = 1;
        w->scratch.count = 0;
        tb__records_of_step(w, n->index, &k->recorded, &w->scratch);
        learn_records(k, &w->scratch);
        for (uint32_t i = 0; i < w->p->steps.items[n->index].notices_n; i++)
            learn_document(k, w->p->steps.items[n->index].notices[i]);
    } else {
        tb_chart_raise(run, n->raises);
    }
}

static const tb_chart_calls calls = {on_guard, on_leave, on_take, on_enter};

/* ---- the set of states ---- */

static uint64_t hash(const uint64_t *s, uint32_t n) {
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < n; i++) h = (h ^ s[i]) * 0xff51afd7ed558ccdu, h ^= h >> 32;
    return h;
}

static void grow(struct walk *k) {
    tb__graph *g = &k->w->g;
    uint32_t room = k->room ? k->room * 2 : FIRST_SLOTS / 2;
    uint64_t *state = TB_NEW_ARRAY(k->w->a, (size_t)room * g->words, uint64_t);
    uint32_t *found = TB_NEW_ARRAY(k->w->a, room, uint32_t);
    if (g->states)
        memcpy(state, g->state, (size_t)g->states * g->words * sizeof *state),
            memcpy(found, g->found_by, g->states * sizeof *found);
    g->state = state;
    g->found_by = found;
    k->room = room;
    k->mask = room * 2 - 1;
    k->slots = TB_NEW_ARRAY(k->w->a, (size_t)room * 2, uint32_t); /* index + 1 */
    for (uint32_t i = 0; i < g->states; i++) {
        uint32_t at = (uint32_t)hash(state + (size_t)i * g->words, g->words) & k->mask;
        while (k->slots[at]) at = (at + 1) & k->mask;
        k->slots[at] = i + 1;
    }
}

/* The number of k->s; TB__NONE when there is no room for a new one. */
static uint32_t number_of(struct walk *k, uint32_t edge) {
    tb__graph *g = &k->w->g;
    if (g->states == k->room) grow(k);
    uint32_t at = (uint32_t)hash(k->s, g->words) & k->mask;
    for (; k->slots[at]; at = (at + 1) & k->mask)
        if (memcmp(g->state + (size_t)(k->slots[at] - 1) * g->words, k->s, g->words * sizeof *k->s) == 0)
            return k->slots[at] - 1;
    if (g->states == TB_PROOF_CONFIGURATIONS) return TB__NONE;
    memcpy(g->state + (size_t)g->states * g->words, k->s, g->words * sizeof *k->s);
    g->found_by[g->states] = edge;
    k->slots[at] = ++g->states;
    return g->states - 1;
}

/* ---- reduction ---- */

static uint64_t fact_bits(const tb__proof *w, const tb__records *r) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < r->count; i++)
        if (w->milestone_fact[r->items[i].milestone] != UINT8_MAX)
            bits |= (uint64_t)1 << w->milestone_fact[r->items[i].milestone];
    return bits;
}

/* Milestones whose order with other branches' events matters to limits: clocks hang on them, or dates are taken from
 * them. What is only asked about is a fact like others. */
static void find_timed(struct walk *k) {
    const tb_program *p = k->w->p;
    k->timed = TB_NEW_ARRAY(k->w->a, p->milestones.count + 1, bool);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        if (p->clocks.items[i].from != TB_NO_INDEX) k->timed[p->clocks.items[i].from] = true;
        if (p->clocks.items[i].to != TB_NO_INDEX) k->timed[p->clocks.items[i].to] = true;
    }
    for (uint32_t i = 0; i < p->moves.count; i++)
        for (uint32_t e = 0; e < p->moves.items[i].effects_n; e++) {
            const tb_effect_def *f = &p->moves.items[i].effects[e];
            if (f->kind == TB_DO_RECORD && f->dated != TB_NO_INDEX) k->timed[f->dated] = true;
        }
}

static bool hot(const struct walk *k, const tb__records *r) {
    for (uint32_t i = 0; i < r->count; i++)
        if (k->timed[r->items[i].milestone]) return true;
    return false;
}

static bool merge(trait *to, const trait *from) {
    trait before = *to;
    to->reads |= from->reads, to->writes |= from->writes, to->kept |= from->kept;
    to->rejects |= from->rejects, to->counts |= from->counts, to->hot |= from->hot;
    return to->reads != before.reads || to->writes != before.writes || to->kept != before.kept ||
           to->rejects != before.rejects || to->counts != before.counts || to->hot != before.hot;
}

static uint64_t document_bit(const tb__proof *w, uint32_t document) {
    return w->document_fact[document] == UINT8_MAX ? 0 : (uint64_t)1 << w->document_fact[document];
}

static uint64_t milestone_bit(const tb__proof *w, uint32_t m) {
    return m == TB_NO_INDEX || w->milestone_fact[m] == UINT8_MAX ? 0 : (uint64_t)1 << w->milestone_fact[m];
}

/* To be in a step, and to enter it. */
static trait of_step(struct walk *k, const tb_step_def *step, uint32_t index) {
    uint64_t recorded = 0;
    tb__records r = {0};
    tb__records_of_step(k->w, index, &recorded, &r);
    trait x = {.writes = fact_bits(k->w, &r), .hot = hot(k, &r)};
    for (uint32_t i = 0; i < step->notices_n; i++) x.writes |= document_bit(k->w, step->notices[i]);
    x.kept = x.writes;
    if (step->clock != TB_NO_INDEX) x.reads = milestone_bit(k->w, k->w->p->clocks.items[step->clock].from);
    return x;
}

static trait of_move(struct walk *k, const tb_move *m) {
    uint64_t recorded = 0;
    uint32_t n = FACTS;
    tb__records r = {0};
    tb__records_of_move(k->w, m, false, &recorded, &r);
    trait x = {.reads = asked(k->w, m->guard, &n) | milestone_bit(k->w, m->before),
               .writes = fact_bits(k->w, &r) | step_bit(k->w, m),
               .rejects = m->rejects,
               .counts = m->times != 0,
               .hot = hot(k, &r)};
    for (uint32_t i = 0; i < m->effects_n; i++) {
        if (m->effects[i].kind == TB_DO_ISSUE) x.writes |= document_bit(k->w, m->effects[i].a);
        x.counts |= m->effects[i].kind == TB_DO_IRREVERSIBLE;
    }
    if (!m->rejects) x.kept = x.writes;
    return x;
}

/* A move to `target` enters something within it: what that does at once is the move's own, what follows comes after it. */
static bool follow(struct walk *k, uint16_t source, uint16_t target) {
    const tb_program *p = k->w->p;
    bool more = false;
    for (uint16_t s = target; s < tb_chart_states(p->chart) && (s == target || tb_chart_descends(p->chart, s, target)); s++) {
        more |= merge(&k->rest[source], &k->rest[s]);
        if (p->nodes[s].kind == TB_NODE_STEP) {
            trait x = of_step(k, &p->steps.items[p->nodes[s].index], p->nodes[s].index);
            more |= merge(&k->next[source], &x);
        } else {
            more |= merge(&k->next[source], &k->next[s]);
        }
    }
    return more;
}

static void find_traits(struct walk *k) {
    const tb_program *p = k->w->p;
    uint16_t n = tb_chart_states(p->chart);
    k->next = TB_NEW_ARRAY(k->w->a, n, trait);
    k->rest = TB_NEW_ARRAY(k->w->a, n, trait);
    for (uint16_t s = 0; s < n; s++)
        if (p->nodes[s].kind == TB_NODE_STEP && k->branch_of[s] != TB__NONE)
            k->next[s] = of_step(k, &p->steps.items[p->nodes[s].index], p->nodes[s].index);
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
        if (k->branch_of[arrow.source] == TB__NONE) continue;
        trait x = of_move(k, &p->moves.items[p->transition_move[t]]);
        for (uint32_t i = 0; i < arrow.count; i++) /* a way out past the join */
            if (!tb_chart_descends(p->chart, arrow.targets[i], k->branches.items[k->branch_of[arrow.source]].state)) x.hot = true;
        merge(&k->next[arrow.source], &x);
    }
    for (bool more = true; more;) {
        more = false;
        for (uint16_t s = 0; s < n; s++) more |= merge(&k->rest[s], &k->next[s]);
        for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
            struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
            if (k->branch_of[arrow.source] == TB__NONE) continue;
            for (uint32_t i = 0; i < arrow.count; i++) more |= follow(k, arrow.source, arrow.targets[i]);
        }
    }
}

/* Is the parallel left when some of its branches have ended? Then it matters which those are. */
static bool joins_by_number(const tb_program *p, uint16_t parallel) {
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        const tb_move *m = &p->moves.items[p->transition_move[t]];
        if (tb_chart_arrow(p->chart, t).source == parallel &&
            ((m->kind == TB_MOVE_DONE && m->needs) || (m->kind == TB_MOVE_REJECTED && m->needs > 1)))
            return true;
    }
    return false;
}

static void prepare_reduction(struct walk *k) {
    const tb_program *p = k->w->p;
    k->may_reduce = true;
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
        if (arrow.source != p->live || tb__changes_limits(p, p->transition_move[t])) continue;
        if (!arrow.count || p->nodes[arrow.targets[0]].kind != TB_NODE_OUTCOME) k->may_reduce = false;
    }
    k->branch_of = TB_NEW_ARRAY(k->w->a, tb_chart_states(p->chart), uint32_t);
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++) { /* from the outermost in */
        uint16_t up = tb_chart_parent(p->chart, s);
        k->branch_of[s] = up == TB_NO_STATE ? TB__NONE : k->branch_of[up];
        if (p->nodes[s].kind != TB_NODE_BRANCH) continue;
        *TB_PUSH(k->w->a, k->branches) =
            (branch){.state = s, .parallel = up, .around = k->branch_of[s], .ordered = joins_by_number(p, up)};
        k->branch_of[s] = k->branches.count - 1;
    }
    find_timed(k);
    find_traits(k);
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        for (uint32_t b = k->branch_of[s]; b != TB__NONE; b = k->branches.items[b].around)
            k->branches.items[b].rejects |= k->next[s].rejects;
}

/* What the branches can do in that state. */
static void look_at(struct walk *k, const uint64_t *s) {
    const uint32_t words = TB_CHART_WORDS(tb_chart_states(k->w->p->chart));
    for (uint32_t i = 0; i < k->branches.count; i++) k->branches.items[i].next = k->branches.items[i].rest = (trait){0};
    for (uint32_t i = 0; i < words; i++)
        for (uint64_t bits = s[i]; bits; bits &= bits - 1) {
            uint32_t x = i * 64 + (uint32_t)__builtin_ctzll(bits);
            for (uint32_t b = k->branch_of[x]; b != TB__NONE; b = k->branches.items[b].around) {
                merge(&k->branches.items[b].next, &k->next[x]);
                merge(&k->branches.items[b].rest, &k->rest[x]);
            }
        }
}

static bool finished(struct walk *k, const uint64_t *s, uint16_t state) {
    for (uint16_t x = (uint16_t)(state + 1);
         x < tb_chart_states(k->w->p->chart) && tb_chart_descends(k->w->p->chart, x, state); x++)
        if (tb_bit(s, x) && k->w->p->nodes[x].kind == TB_NODE_STEP) return false;
    return true;
}

/* Do the moves open in `x` stand apart from all that `y` can still do? */
static bool independent(const branch *x, const branch *y) {
    const trait *a = &x->next, *b = &y->rest;
    if (x->ordered || a->hot || b->hot || (a->writes & b->reads) || (b->writes & a->reads)) return false;
    if (a->rejects && (b->kept || b->counts))
        return false; /* what y did before x ends it all would be asked about later */
    return !(b->rejects && (a->kept || a->counts));
}

/* Is it held there; or, if `add`, will it be from now on? */
static bool is_held(struct walk *k, const uint64_t *s, uint32_t branch, bool add) {
    uint32_t words = k->w->g.words;
    if (!add && !k->held.count) return false;
    if (add && k->held.count * 2 >= k->held_mask) {
        k->held_mask = k->held_mask ? k->held_mask * 2 + 1 : FIRST_SLOTS - 1;
        k->held_slots = TB_NEW_ARRAY(k->w->a, (size_t)k->held_mask + 1, uint32_t);
        for (uint32_t i = 0; i < k->held.count; i++) {
            const held *x = &k->held.items[i];
            uint32_t at = (uint32_t)(hash(x->state, words) + x->branch) & k->held_mask;
            while (k->held_slots[at]) at = (at + 1) & k->held_mask;
            k->held_slots[at] = i + 1;
        }
    }
    uint32_t at = (uint32_t)(hash(s, words) + branch) & k->held_mask;
    for (; k->held_slots[at]; at = (at + 1) & k->held_mask) {
        const held *x = &k->held.items[k->held_slots[at] - 1];
        if (x->branch == branch && memcmp(x->state, s, words * sizeof *s) == 0) return true;
    }
    if (!add) return false;
    *TB_PUSH(k->w->a, k->held) = (held){s, branch};
    k->held_slots[at] = k->held.count;
    return true;
}

/* May `b` be moved on alone? The parallel is the outermost with something to do. */
static bool stands_alone(struct walk *k, const uint64_t *s, const branch *b) {
    for (uint32_t i = 0; i < k->branches.count; i++) {
        const branch *other = &k->branches.items[i];
        if (other != b && other->parallel == b->parallel && tb_bit(s, other->state) && !finished(k, s, other->state) &&
            !independent(b, other))
            return false;
    }
    return true;
}

/* The branch of the outermost parallel inside `within` that may be moved on alone; NULL: none, or nothing is parallel. */
static branch *alone(struct walk *k, const uint64_t *s, uint16_t within) {
    const tb_chart *chart = k->w->p->chart;
    branch *found = NULL;
    uint16_t parallel = TB_NO_STATE;
    bool preferred = false; /* it is there: it or none */
    for (uint32_t i = 0; i < k->branches.count; i++) {
        branch *b = &k->branches.items[i];
        if (!tb_bit(s, b->state) || (within && !tb_chart_descends(chart, b->state, within)) || finished(k, s, b->state) ||
            is_held(k, s, i, false))
            continue;
        if (parallel == TB_NO_STATE) parallel = b->parallel;
        if (b->parallel != parallel || preferred) continue;
        preferred = b->state == k->preferred;
        if (preferred) found = NULL;
        if (!found && stands_alone(k, s, b)) found = b;
    }
    /* A host around the parallel has tasks beside it. */
    for (uint16_t up = parallel; up != TB_NO_STATE && found; up = tb_chart_parent(chart, up))
        if (k->w->p->nodes[up].kind == TB_NODE_HOST) found = NULL;
    return found;
}

/* The state within whose tasks it is enough to move on; the root: all. */
static uint16_t scope(struct walk *k, const uint64_t *s) {
    uint16_t within = 0;
    if (!k->may_reduce || !k->branches.count) return within;
    look_at(k, s);
    for (branch *b; (b = alone(k, s, within)); within = b->state) b->alone = true;
    return within;
}

bool tb__memory_spent(const tb__proof *w) {
    return tb_arena_bytes(w->a) - w->bytes_before > (size_t)TB_PROOF_MIB << 20;
}

/* ---- building ---- */

static void events_by_state(struct walk *k) {
    const tb_program *p = k->w->p;
    uint16_t n = tb_chart_states(p->chart);
    uint32_t internal = TB_EVENT_FIRST_ACT + p->acts.count;
    typedef TB_LIST(uint32_t) events;
    events *list = TB_NEW_ARRAY(k->w->a, n, events);
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
        events *l = &list[arrow.source];
        bool known = arrow.event == TB_EVENT_NONE || arrow.event >= internal;
        for (uint32_t i = 0; i < l->count && !known; i++) known = l->items[i] == arrow.event;
        if (!known) *TB_PUSH(k->w->a, *l) = arrow.event;
    }
    k->events = TB_NEW_ARRAY(k->w->a, n, const uint32_t *);
    for (uint16_t s = 0; s < n; s++) {
        *TB_PUSH(k->w->a, list[s]) = 0;
        k->events[s] = list[s].items;
    }
}

static tb_chart_run run_of(struct walk *k) {
    return (tb_chart_run){.chart = k->w->p->chart, .active = k->s, .memory = k->s + k->w->g.memory_word, .calls = &calls, .user = k};
}

static void add_edge(struct walk *k, uint32_t from, uint16_t leaf, bool tacit, uint32_t ops_before) {
    tb__graph *g = &k->w->g;
    tb__forget(k->w->p, k->s, k->s + g->memory_word);
    uint32_t number = g->edges.count, ops = g->ops.count - ops_before;
    uint32_t to = ops > UINT16_MAX || tb__memory_spent(k->w) ? TB__NONE : number_of(k, number);
    if (to == TB__NONE) {
        g->complete = false;
        k->full = true;
        g->ops.count = ops_before;
        return;
    }
    const tb_move *m = k->first_move == TB__NONE ? NULL : &k->w->p->moves.items[k->first_move];
    *TB_PUSH(k->w->a, g->edges) = (tb__edge){.from = from,
                                             .to = to,
                                             .op = ops_before,
                                             .ops = (uint16_t)ops,
                                             .move = k->first_move,
                                             .leaf = leaf,
                                             .tacit = tacit,
                                             .beside = m && m->step == TB_NO_INDEX && m->kind == TB_MOVE_ACT};
}

/* `papers`: which of 容缺, 承诺, 补齐容缺 (papers.c) hold; that they came together at the beginning is the widest way to see it. */
static void submit(struct walk *k, uint32_t valuation, uint32_t papers) {
    tb__proof *w = k->w;
    const tb__valuation *v = &w->valuations.items[valuation];
    uint32_t ops = w->g.ops.count;
    memset(k->s, 0, w->g.words * sizeof *k->s);
    k->s[w->g.meta_word] = (uint64_t)valuation << 1;
    k->valuation = valuation;
    k->mode = v->mode;
    k->first_move = TB__NONE;
    k->tacit = k->resuming = false;
    tb__records r = {0};
    tb__records_of_submission(w, v->mode, &k->recorded, &r);
    learn_records(k, &r);
    const tb_papers *x = &w->p->papers;
    const uint32_t facts[] = {x->deferred, x->promised, x->supplied};
    for (int i = 0; i < 3; i++) {
        if (!(papers >> i & 1)) continue;
        uint8_t bit = w->milestone_fact[facts[i]];
        if (bit == UINT8_MAX) return; /* nothing asks: the same as without */
        k->s[w->g.fact_word] |= (uint64_t)1 << bit;
    }
    tb_chart_run run = run_of(k);
    if (tb_chart_start_at(&run, &w->p->modes.items[v->mode].start, 1) == TB_CHART_TAKEN)
        add_edge(k, TB__NONE, TB_NO_STATE, false, ops);
    else w->g.runaway = 0;
}

static bool clock_runs(const tb__proof *w, const uint64_t *s, uint32_t step) {
    uint32_t clock = w->p->steps.items[step].clock;
    if (clock == TB_NO_INDEX) return false;
    return w->p->clocks.items[clock].from == TB_NO_INDEX || tb__fact(w, s, w->p->clocks.items[clock].from);
}

static void expand(struct walk *k, uint32_t from) {
    tb__proof *w = k->w;
    const tb_program *p = w->p;
    uint16_t within = scope(k, tb__state(w, from));
    uint32_t valuation = tb__valuation_of(w, tb__state(w, from));
    k->valuation = valuation;
    k->mode = w->valuations.items[valuation].mode;
    w->g.reduced |= within != 0;
    for (uint16_t leaf = within;
         leaf < tb_chart_states(p->chart) && (leaf == within || tb_chart_descends(p->chart, leaf, within)); leaf++) {
        if (!tb_bit(tb__state(w, from), leaf) || p->nodes[leaf].kind != TB_NODE_STEP) continue;
        for (uint16_t up = leaf; up != TB_NO_STATE; up = tb_chart_parent(p->chart, up))
            for (const uint32_t *e = k->events[up]; *e; e++) {
                bool tacit = *e == TB_EVENT_OVERDUE, again = false;
                for (uint16_t x = leaf; x != up && !again;
                     x = tb_chart_parent(p->chart, x)) /* an inner state was asked for it already */
                    for (const uint32_t *o = k->events[x]; *o; o++) again |= *o == *e;
                if (again || (tacit && (up != leaf || !clock_runs(w, tb__state(w, from), p->nodes[leaf].index))))
                    continue;
                uint32_t ops = w->g.ops.count;
                memcpy(k->s, tb__state(w, from), w->g.words * sizeof *k->s);
                k->first_move = TB__NONE;
                k->tacit = tacit;
                k->resuming = false;
                tb_chart_run run = run_of(k);
                enum tb_chart_result r = tb_chart_send(&run, *e, leaf);
                if (r == TB_CHART_TAKEN) {
                    add_edge(k, from, leaf, tacit, ops);
                } else {
                    w->g.ops.count = ops;
                    if (r == TB_CHART_RUNAWAY && w->g.runaway == TB__NONE)
                        w->g.runaway = from, w->g.runaway_move = k->first_move;
                }
            }
    }
}

static void explore(struct walk *k) {
    tb__proof *w = k->w;
    tb__graph *g = &w->g;
    k->room = 0;
    const tb_papers *x = &w->p->papers;
    for (uint32_t i = 0; i < w->valuations.count; i++)
        for (uint32_t papers = 0; papers < 8; papers++) {
            bool may = !((papers & 1) && x->deferred == TB_NO_INDEX) && !((papers & 2) && x->promised == TB_NO_INDEX) &&
                       !((papers & 4) && !(papers & 1));
            if (may) submit(k, i, papers);
        }
    g->submissions = g->edges.count;
    typedef TB_LIST(uint32_t) firsts;
    firsts first = {0};
    for (uint32_t s = 0; s < g->states && g->runaway == TB__NONE && !k->full; s++) {
        *TB_PUSH(w->a, first) = g->edges.count;
        if (!tb__ended(w, s)) expand(k, s);
    }
    while (first.count <= g->states) *TB_PUSH(w->a, first) = g->edges.count;
    g->edge_first = first.items;
    g->complete &= g->runaway == TB__NONE;
}

/* May a branch beside this one end it? */
static bool cut_by_others(struct walk *k, const branch *b) {
    const tb_chart *chart = k->w->p->chart;
    for (const branch *x = k->branches.items; x < k->branches.items + k->branches.count; x++)
        if (x != b && x->rejects && !tb_chart_descends(chart, x->state, b->state) &&
            !tb_chart_descends(chart, b->state, x->state))
            return true;
    return false;
}

/* Holds branch `number` in every state that moved it on alone (`within`, by state) and where it can never end. Answers
 * whether there was one. */
static bool hold(struct walk *k, uint32_t number, const uint16_t *within, const uint32_t *in_first, const uint32_t *in) {
    tb__proof *w = k->w;
    const branch *b = &k->branches.items[number];
    uint8_t *ends = TB_NEW_ARRAY(w->a, w->g.states + 1, uint8_t);
    uint32_t *stack = TB_NEW_ARRAY(w->a, w->g.states + 1, uint32_t), top = 0, before = k->held.count;
    for (uint32_t s = 0; s < w->g.states; s++)
        if (!tb_bit(tb__state(w, s), b->state) || finished(k, tb__state(w, s), b->state)) ends[s] = 1, stack[top++] = s;
    while (top) {
        uint32_t s = stack[--top];
        for (uint32_t i = in_first[s]; i < in_first[s + 1]; i++) {
            const tb__edge *e = &w->g.edges.items[in[i]];
            if (e->from != TB__NONE && !e->beside && !ends[e->from]) ends[e->from] = 1, stack[top++] = e->from;
        }
    }
    for (uint32_t s = 0; s < w->g.states; s++)
        if (!ends[s] && (within[s] == b->state || tb_chart_descends(w->p->chart, within[s], b->state)))
            is_held(k, tb__state(w, s), number, true);
    return k->held.count > before;
}

/* Is there a state that waits in vain for the branch moved on in it? */
static bool waits_in_vain(struct walk *k) {
    tb__proof *w = k->w;
    const tb__graph *g = &w->g;
    bool any = false, held = false;
    for (uint32_t i = 0; i < k->branches.count; i++)
        any |= k->branches.items[i].alone && cut_by_others(k, &k->branches.items[i]);
    if (!any) return false;
    uint32_t *first = TB_NEW_ARRAY(w->a, g->states + 2, uint32_t), *in = TB_NEW_ARRAY(w->a, g->edges.count + 1, uint32_t);
    for (uint32_t i = 0; i < g->edges.count; i++) first[g->edges.items[i].to + 2]++;
    for (uint32_t s = 2; s < g->states + 2; s++) first[s] += first[s - 1];
    for (uint32_t i = 0; i < g->edges.count; i++) in[first[g->edges.items[i].to + 1]++] = i;
    uint16_t *within = TB_NEW_ARRAY(w->a, g->states + 1, uint16_t);
    for (uint32_t s = 0; s < g->states; s++) within[s] = scope(k, tb__state(w, s));
    for (uint32_t i = 0; i < k->branches.count; i++)
        if (k->branches.items[i].alone && cut_by_others(k, &k->branches.items[i])) held |= hold(k, i, within, first, in);
    return held;
}

/* Something inside the branch was never seen: a branch moved on before it may always have cut it off. */
static bool unseen(struct walk *k, uint16_t branch) {
    const tb_program *p = k->w->p;
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++)
        if (tb_chart_descends(p->chart, tb_chart_arrow(p->chart, t).source, branch) &&
            !k->w->g.move_seen[p->transition_move[t]])
            return true;
    return false;
}

void tb__graph_build(tb__proof *w) {
    struct walk k = {.w = w, .preferred = TB_NO_STATE};
    tb__graph *g = &w->g;
    bool fits = facts(w), all = tb__valuations(w);
    uint32_t words = TB_CHART_WORDS(tb_chart_states(w->p->chart));
    *g = (tb__graph){.memory_word = words, .runaway = TB__NONE, .complete = fits && all};
    g->fact_word = words + tb_chart_memory(w->p->chart);
    g->count_word = g->fact_word + 1;
    g->meta_word = g->count_word + (w->count_bytes + 7) / 8;
    g->words = g->meta_word + 1;
    g->move_seen = TB_NEW_ARRAY(w->a, w->p->moves.count + 1, uint8_t);
    g->step_seen = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, uint8_t);
    k.s = TB_NEW_ARRAY(w->a, g->words, uint64_t);
    events_by_state(&k);
    prepare_reduction(&k);
    tb__graph empty = *g;
    if (fits) explore(&k);
    while (g->reduced && g->complete && waits_in_vain(&k)) {
        *g = empty;
        explore(&k);
    }
    tb__graph whole = *g;
    for (uint32_t i = 0; i < k.branches.count && whole.reduced && whole.complete; i++) {
        if (!unseen(&k, k.branches.items[i].state)) continue;
        k.preferred = k.branches.items[i].state; /* only for what it sees */
        *g = empty;
        explore(&k);
    }
    *g = whole;
    w->r->configurations = g->states;
    w->r->transitions = g->edges.count;
    w->r->valuations = w->valuations.count;
    w->r->complete = g->complete;
    if (!fits)
        w->r->covered =
            tb_str_z(tb__say(w, "时点、文书或次数超过了证明的上限，没有展开",
                             "more milestones, documents or counts than the proofs can hold: nothing was explored"));
    else if (!all)
        w->r->covered =
            tb_str_printf(w->a,
                          tb__say(w, "条件的取值组合超过 %d 种，只展开了前 %u 种",
                                  "the conditions can turn out in more than %d ways; the first %u were explored"),
                          TB_PROOF_VALUATIONS, w->valuations.count);
    else if (!g->complete)
        w->r->covered = tb_str_printf(w->a,
                                      tb__say(w, "展开了 %u 个状态、%u 个转移，没有展开完",
                                              "%u states and %u transitions were explored, not all"),
                                      g->states, g->edges.count);
}

/* ---- looking ---- */

bool tb__ended(const tb__proof *w, uint32_t state) { return tb_chart_ended(w->p->chart, tb__state(w, state)); }

void tb__turn_around(tb__edges *path) {
    for (uint32_t i = 0, k = path->count; i + 1 < k; i++) {
        uint32_t other = path->items[--k];
        path->items[k] = path->items[i];
        path->items[i] = other;
    }
}

void tb__path_to(tb__proof *w, uint32_t state, uint32_t edge, tb__edges *out) {
    uint32_t n = 0;
    for (uint32_t s = state; s != TB__NONE; n++) s = w->g.edges.items[w->g.found_by[s]].from;
    uint32_t *e = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
    uint32_t at = n;
    for (uint32_t s = state; s != TB__NONE; s = w->g.edges.items[w->g.found_by[s]].from) e[--at] = w->g.found_by[s];
    for (uint32_t i = 0; i < n; i++) *TB_PUSH(w->a, *out) = e[i];
    if (edge != TB__NONE) *TB_PUSH(w->a, *out) = edge;
}

uint32_t tb__step_of_edge(const tb__proof *w, const tb__edge *e) {
    return e->leaf == TB_NO_STATE ? TB_NO_INDEX : w->p->nodes[e->leaf].index;
}

tb_str tb__steps_text(tb__proof *w, uint32_t state) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint16_t s = 0; s < tb_chart_states(w->p->chart); s++) {
        if (!tb_bit(tb__state(w, state), s) || w->p->nodes[s].kind != TB_NODE_STEP) continue;
        if (b.n) tb_puts(&b, "、");
        tb_putstr(&b, w->p->steps.items[w->p->nodes[s].index].name);
    }
    for (uint16_t s = 0; s < tb_chart_states(w->p->chart) && !b.n; s++) /* all branches have ended, and it waits */
        if (tb_bit(tb__state(w, state), s) && w->p->nodes[s].kind == TB_NODE_PARALLEL)
            tb_putstr(&b, w->p->nodes[s].name);
    return tb_buf_str(&b);
}
