/* 用例: a matter's own tests, run by the same step as real cases, in virtual time. What a line leaves unsaid is filled
 * in as a careful clerk would: required fields with valid values, a person who holds the post and has no incompatible
 * duty, the texts that must be stated. */
#ifndef TB_SCENARIO_H
#define TB_SCENARIO_H
#include "step.h"

/* One thing that a 此时 asks: what it wants, what there is. */
typedef struct tb_scenario_compared {
    tb_str expected, actual;
    bool same;
} tb_scenario_compared;

typedef struct tb_scenario_result {
    tb_str name;
    bool passed;
    tb_span span;    /* the line that failed, or the heading */
    tb_str failure;  /* what was expected and what was; empty when passed */
    TB_LIST(tb_scenario_compared) compared; /* of the line that failed, when it is a 此时: every part of it */
    tb_str form;     /* the application as it was filed, what was left unsaid filled in: canonical JSON; empty: none was */
    tb_str timeline; /* one line an effect: for a failed one, and for the curious */
} tb_scenario_result;

/* A refusal that a matter's text can bring about: the clause, and for which of its words. */
typedef struct tb_scenario_refusal {
    uint32_t move;
    enum tb_refusal_code code;
    bool covered;
} tb_scenario_refusal;
typedef struct tb_scenario_expiry {
    uint32_t clock;
    bool covered; /* it has run out in some 用例 */
} tb_scenario_expiry;

typedef struct tb_scenario_report {
    TB_LIST(tb_scenario_result) results;
    uint32_t failed;
    uint32_t *covered; /* by move: how often it was taken */
    uint32_t moves_covered;
    TB_LIST(tb_scenario_refusal) refusals;
    TB_LIST(tb_scenario_expiry) expiries;
} tb_scenario_report;

/* Runs every 用例 of `p`. TB_OK (look at `failed`) or TB_NOMEM. */
int tb_scenarios_run(tb_arena *a, const tb_program *p, const tb_env *env, tb_scenario_report **out);
/* The same, showing every event as it is stepped, timers and refused acts too: so that a test can do the same to a
 * server. Event and outcome live in `a`. */
typedef void tb_scenario_seen(void *user, const tb_section *scenario, const tb_event *e, const tb_outcome *o);
int tb_scenarios_watch(tb_arena *a, const tb_program *p, const tb_env *env, tb_scenario_seen *seen, void *user,
                       tb_scenario_report **out);
/* The place a generated application is made in: the authority's seat, or the first place where the matter's posts are
 * held. */
tb_str tb_default_place(const tb_program *p, const tb_directory *d);
/* A valid value for a field, for 用例, benches and examples. */
tb_json tb_example_value(tb_arena *a, const tb_field *f, tb_str place);
#endif
