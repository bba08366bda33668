/* The proofs of a matter (DESIGN §4 "Proofs"): what `check` can say about every case before the first one is filed.
 *
 *   soundness   every case can end; no dead step or move; no loop of eventless transitions
 *   limits      if every step keeps its own limit, every statutory and promised span is kept, on every path
 *   duties      refusals carry reasons and remedies and come from the authority; after 不可撤回 nothing refuses
 *   separation  不得同一人 can be kept with the persons there are: somebody can always act
 *
 * All of them walk the same graph: the configurations of the matter's own chart, run by the chart's own code, for
 * each way the form may answer the conditions (graph.c). Time is not in the graph; limits.c lays it over, since a
 * worst case is a longest path.
 *
 * Nothing here is a sample: what is reported as proved holds for every path. Where the graph is larger than the
 * named limits the answer is TB_NOT_PROVED and says what was covered; such a matter is not sound by silence. */
#ifndef TB_PROOF_H
#define TB_PROOF_H
#include "program.h"

enum {
    TB_PROOF_CONFIGURATIONS = 1000000, /* states of the graph, over all valuations */
    TB_PROOF_VALUATIONS = 4096,        /* ways the form may answer the conditions, times the modes */
    TB_PROOF_COMBINATIONS = 32768,     /* of the cells of fields that are read together */
    TB_PROOF_TABLE_ASKS = 8000000,     /* combinations of a table's inputs, times the conditions of its rows */
    TB_PROOF_ARCS = 6000000,           /* of the longest-path graph of one span */
    TB_PROOF_MIB = 512,                /* memory of one matter's proofs; what needs more is not proved */
    TB_PROOF_BUDGET_WORK =
        4000000,          /* arcs relaxed to find what each step may still use; beyond it budgets are left out */
    TB_PROOF_FAILURES = 8 /* of one kind told for one matter */
};

enum tb_proof_verdict {
    TB_PROVED = 1,
    TB_BY_EXTENSION, /* longer than the limit, not longer than the limit with its 期限延长 */
    TB_REFUTED,      /* a path is longer: `path`, `scenario` */
    TB_UNBOUNDED,    /* a path has no bound: `reason` says why (a step without a limit, a loop without 限 N次) */
    TB_NOT_PROVED    /* a named limit was reached, or a unit cannot be converted without a calendar */
};
/* In what a span is measured: workdays; civil days (自然日, 月, 年); hours; working hours. Numbered as their units. */
enum tb_proof_measure {
    TB_PROOF_WORKDAYS = TB_WORKDAYS,
    TB_PROOF_DAYS = TB_DAYS,
    TB_PROOF_HOURS = TB_HOURS,
    TB_PROOF_WORKHOURS = TB_WORKHOURS
};

/* One event on a path: who leaves which step how, and what the clock of the span says then. */
typedef struct tb_proof_hop {
    uint32_t step; /* TB_NO_INDEX: the submission */
    uint32_t move; /* TB_NO_INDEX: the submission */
    bool tacit;    /* the step's limit expired */
    bool running;  /* the span runs after this hop, or ends by it */
    bool waits;    /* the step was kept to its last moment; false: done at once */
    int used;      /* units of the span spent in the step up to here (0 outside the span and in excluded steps) */
    int at;        /* units of the span used when it happens; before the span begins 0 */
} tb_proof_hop;

typedef struct tb_proof_budget {
    uint32_t step;
    int limit; /* the step's own, as written */
    enum tb_unit unit;
    int share;   /* units of the span it takes on the worst path */
    bool known;  /* `spare` was computed */
    int spare;   /* by how many of its units it may still grow; negative: must shrink, if it alone were to give */
    bool enough; /* spare < 0 and the step is long enough to give it alone */
} tb_proof_budget;

typedef struct tb_proof_span {
    uint32_t clock; /* of program.clocks */
    enum tb_proof_verdict verdict;
    enum tb_proof_measure measure;
    int budget, extension;            /* the limit and what 期限延长 may add, in units of the measure */
    int bound;                        /* the longest; valid unless UNBOUNDED or NOT_PROVED */
    TB_LIST(tb_proof_hop) path;       /* the worst path, from the submission on */
    TB_LIST(tb_proof_budget) budgets; /* of every step the span can run in, in order of writing */
    uint32_t bottleneck;              /* step with the largest share; TB_NO_INDEX none */
    tb_str path_text;                 /* 受理 6 → 审查 3 → 决定 2 */
    tb_str reason;                    /* of UNBOUNDED, NOT_PROVED */
    tb_str assumed;                   /* how units were converted; empty when none had to be */
    tb_str scenario;                  /* the path as a 用例, when a calendar was given and the path is finite */
} tb_proof_span;

typedef struct tb_proof_failure {
    enum tb_code code;
    tb_span span;
    tb_str path_text, scenario;
} tb_proof_failure;

typedef struct tb_proof_report {
    uint32_t configurations, transitions, valuations;
    bool complete;  /* the whole graph was seen */
    tb_str covered; /* when not: what was */
    TB_LIST(tb_proof_span) spans;
    TB_LIST(tb_proof_failure) failures; /* each also a diagnostic: the path that shows it */
} tb_proof_report;

/* Proves `p`. `d` NULL: separation is not asked. `calendar` NULL: no 用例, and spans in 自然日 cannot convert
 * workdays. Failures are reported to `out` (codes 300 and up). All in `a`. TB_OK (also with failures), TB_NOMEM. */
int tb_prove(tb_arena *a, const tb_program *p, const tb_directory *d, const tb_calendar *calendar, tb_diagnostics *out,
             tb_proof_report **report);
/* Every way the form can answer the conditions, in every mode, as the sentence of a 用例 that submits it; at most TB_PROOF_VALUATIONS. *complete: no
 * more are there. TB_OK or TB_NOMEM. */
typedef TB_LIST(tb_str) tb_proof_ways;
int tb_ways(tb_arena *a, const tb_program *p, tb_proof_ways *out, bool *complete);
/* For people: verdicts, worst paths, what each step may still use (`check --budget`). */
void tb_proof_print(tb_buf *b, const tb_program *p, const tb_proof_report *r, enum tb_lang lang);
/* The paths of the errors, as 用例 that `tongban test` runs, each before an empty line; nothing when nothing failed. */
void tb_proof_scenarios(tb_buf *b, const tb_proof_report *r);
#endif
