/* The statechart core (M1): W3C SCXML's algorithm over immutable tables, with nothing in it about administration.
 *
 * Why apart from step.h: the matters of the language are a surface on this core, and outside conformance suites must
 * be able to run on the core itself. A chart is compound, parallel, atomic, final and history states with transitions;
 * a configuration is a bit set of active states. The caller's callbacks decide guards and perform content; the core
 * decides which transitions are taken, and in which order states are left and entered (inner first, document order
 * breaks ties), and runs to completion.
 *
 * Rules followed: https://www.w3.org/TR/scxml/ "Algorithm for SCXML Interpretation" — selectTransitions,
 * removeConflictingTransitions, exit and entry sets, history, done events for final states; internal events before
 * external ones; microsteps bounded (TB_CHART_MICROSTEPS). Chosen openly where that text is silent, or contradicts
 * itself:
 *   - The root is a state like others: entered first, active to the end, never left; it may have transitions.
 *   - A parallel right inside a parallel counts as a region: once it is done, the outer one may be (§3.4 says so, the
 *     pseudo-code does not).
 *   - A transition's domain is the one at the time of leaving, and nothing active is entered: the pseudo-code
 *     would enter a state twice, or leave one for good, when a transition leads from inside a state to its history.
 *   - A final child of the root stops the run as it stands: nothing is left: the configuration tells the end. */
#ifndef TB_CHART_H
#define TB_CHART_H
#include "arena.h"

enum { TB_CHART_STATES = 1024, TB_CHART_TRANSITIONS = UINT16_MAX, TB_CHART_MICROSTEPS = 1000, TB_CHART_QUEUE = 1024 };
enum tb_state_kind { TB_COMPOUND = 1, TB_PARALLEL, TB_ATOMIC, TB_FINAL, TB_HISTORY_SHALLOW, TB_HISTORY_DEEP };
#define TB_NO_STATE UINT16_MAX
#define TB_NO_TRANSITION UINT16_MAX

typedef struct tb_chart tb_chart;
typedef struct tb_chart_builder tb_chart_builder;

/* ---- building. States are numbered from 0 (the root, a compound) in document order: a child is added after its
 * parent and before the parent's next sibling. Events are the caller's numbers: 0 is "no event" (an eventless
 * transition). States may be named as targets before they are added. The first mistake (or want of memory) is kept and
 * told by tb_chart_end; calls after it do nothing, so a caller checks once. ---- */
tb_chart_builder *tb_chart_begin(tb_arena *a);
/* `parent` of the root: TB_NO_STATE. Answers the state's number, TB_NO_STATE after a mistake. `tag` is the caller's. */
uint16_t tb_chart_state(tb_chart_builder *b, uint16_t parent, enum tb_state_kind kind, uint32_t tag);
/* At most once a state; `targets` is copied. For a compound: any states inside it, default its first child that is no
 * history. For a history: its default (required), any states inside its parent. Several targets must lie in different
 * regions of a parallel. */
void tb_chart_initial(tb_chart_builder *b, uint16_t state, const uint16_t *targets, uint32_t count);
/* Transitions of one source keep the order of their adding. count 0: targetless (content only). `internal`: SCXML
 * type="internal". `targets` is copied. Answers the transition's number, counting up from 0 over the chart;
 * TB_NO_TRANSITION after a mistake. */
uint16_t tb_chart_transition(tb_chart_builder *b, uint16_t source, uint32_t event, bool internal,
                             const uint16_t *targets, uint32_t count, uint32_t tag);
/* The event raised inside (internal queue) when a final child of `state`, a compound but not the root (whose final
 * child ends the run), is entered, or when all regions of a parallel are done; 0: none. */
void tb_chart_done_event(tb_chart_builder *b, uint16_t state, uint32_t event);
/* Checks the chart (targets exist and can be active together, a compound has children, a history's parent is a
 * compound or parallel below the root …). The chart lives in the builder's arena and may be shared by threads. NULL
 * and a message, of that arena, on error. */
const tb_chart *tb_chart_end(tb_chart_builder *b, const char **error);

/* ---- looking ---- */
uint16_t tb_chart_states(const tb_chart *c);
uint16_t tb_chart_parent(const tb_chart *c, uint16_t s);
enum tb_state_kind tb_chart_kind(const tb_chart *c, uint16_t s);
uint32_t tb_chart_tag(const tb_chart *c, uint16_t s);
uint16_t tb_chart_transitions(const tb_chart *c);
struct tb_chart_arrow {
    uint16_t source;
    bool internal;
    uint32_t event, tag;
    const uint16_t *targets;
    uint32_t count;
};
struct tb_chart_arrow tb_chart_arrow(const tb_chart *c, uint16_t transition);
bool tb_chart_descends(const tb_chart *c, uint16_t s, uint16_t ancestor); /* proper descendant */

/* ---- configurations: TB_CHART_WORDS(n states) words of 64 bits, the caller's memory. History values are kept in the
 * same way: one configuration-sized bit set for all history states (the remembered states of a history are those under
 * its parent) is not enough for nested histories, so each history state has its own set; tb_chart_memory() words in
 * all (0 without history). ---- */
#define TB_CHART_WORDS(n) (((n) + 63) / 64)
static inline bool tb_bit(const uint64_t *set, unsigned i) { return set[i / 64] >> (i % 64) & 1; }
static inline void tb_bit_set(uint64_t *set, unsigned i) { set[i / 64] |= (uint64_t)1 << (i % 64); }
static inline void tb_bit_clear(uint64_t *set, unsigned i) { set[i / 64] &= ~((uint64_t)1 << (i % 64)); }
uint32_t tb_chart_memory(const tb_chart *c); /* words of history memory */
/* Is `active` a whole configuration (the root, one child of each active compound, all regions of each active parallel,
 * nothing else), and can each history be restored? The functions below rely on it; ask when they come from outside (a
 * database). */
bool tb_chart_whole(const tb_chart *c, const uint64_t *active, const uint64_t *memory);
bool tb_chart_ended(const tb_chart *c, const uint64_t *active); /* a final child of the root is active */

/* ---- running. All callbacks get `user`; none may be NULL. leave, take and enter may call tb_chart_raise() on the run
 * (internal events) and may read run->active: a state is active during its own leave and its own enter. None may start
 * or send on the same run. One may leave by tb_try()'s longjmp: the run is then lost, like a runaway. ---- */
typedef struct tb_chart_run tb_chart_run;
typedef struct tb_chart_calls {
    /* true: may be taken. Pure: raises and changes nothing */
    bool (*guard)(void *user, tb_chart_run *run, uint16_t transition);
    void (*leave)(void *user, tb_chart_run *run, uint16_t state);
    void (*take)(void *user, tb_chart_run *run, uint16_t transition);
    void (*enter)(void *user, tb_chart_run *run, uint16_t state);
} tb_chart_calls;
struct tb_chart_run {
    const tb_chart *chart;
    uint64_t *active; /* in and out: the configuration */
    uint64_t *memory; /* in and out: history; may be NULL when tb_chart_memory() is 0 */
    const tb_chart_calls *calls;
    void *user;
    struct tb_chart_queue *queue; /* the core's, NULL outside a run. Runs need no memory but some 10 KiB of stack */
};

/* After RUNAWAY `active` and `memory` are those of a run cut short: throw them away. NOT_HANDLED and ENDED changed and
 * called nothing (but guards). */
enum tb_chart_result {
    TB_CHART_TAKEN = 0,   /* done to completion; tb_chart_ended() tells whether that was the end */
    TB_CHART_NOT_HANDLED, /* no transition enabled; of tb_chart_start_at: these states cannot be entered together */
    TB_CHART_RUNAWAY,     /* over TB_CHART_MICROSTEPS (a start is one), or over TB_CHART_QUEUE events waiting */
    TB_CHART_ENDED        /* the chart had ended before */
};
/* Enters the initial configuration and runs to completion. `active` and `memory` are cleared first. */
enum tb_chart_result tb_chart_start(tb_chart_run *run);
/* Enters `targets` (and what they imply) from nothing instead of the root's initial: a case may start in another step
 * (M16). */
enum tb_chart_result tb_chart_start_at(tb_chart_run *run, const uint16_t *targets, uint32_t count);
/* One event, then internal events and eventless transitions to completion. `at` = TB_NO_STATE: broadcast to every
 * active atomic state (SCXML). Otherwise only that active state and its ancestors are asked (M2: acts are addressed),
 * and the first enabled transition, inner first, is taken. Event 0 takes eventless transitions, for a caller whose
 * guards now answer otherwise than when the last run ended. */
enum tb_chart_result tb_chart_send(tb_chart_run *run, uint32_t event, uint16_t at);
/* Which transition `event` would take for `at` (a state, not TB_NO_STATE): its number, or TB_NO_TRANSITION. Asks
 * guards, changes nothing. */
uint16_t tb_chart_probe(tb_chart_run *run, uint32_t event, uint16_t at);
/* From leave, take or enter: queue an internal event (broadcast). 0, no event, queues nothing. */
void tb_chart_raise(tb_chart_run *run, uint32_t event);
#endif
