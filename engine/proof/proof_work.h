/* Inside the prover: the graph all proofs walk, and what their files share. */
#ifndef TB_PROOF_WORK_H
#define TB_PROOF_WORK_H
#include "proof.h"

#define TB__NONE UINT32_MAX

/* One way the form answers the conditions, in one mode. Fields never change after the submission, so it holds for a
 * whole case. */
typedef struct tb__valuation {
    uint32_t mode;
    const uint32_t *chosen; /* by group of deciding fields: index into its answers */
} tb__valuation;
/* Fields that conditions and tables read together, and the ways they can answer (valuations.c). */
typedef struct tb__answer {
    const uint64_t *truth; /* by condition of the group */
    const tb_json *values; /* by field: a form that answers so; TB_JSON_NULL: not filled */
    const tb_str *texts;   /* as a 用例 writes them */
    bool shown;            /* those values do answer so; false: none were found, perhaps there are none */
} tb__answer;
typedef struct tb__deciding {
    const uint32_t *fields;
    uint32_t fields_n;
    TB_LIST(tb__answer) answers;
} tb__deciding;
/* A condition on the form, and which bit of which group's answers says whether it holds. */
typedef struct tb__atom {
    const tb_condition *c;
    uint32_t group, bit;
} tb__atom;

/* What happened inside an edge, in order: transitions taken, states entered. */
typedef uint32_t tb__op;
#define TB__OP_TAKE(transition) ((tb__op)(transition))
#define TB__OP_ENTER(state) ((tb__op)(state) | 0x80000000u)
#define TB__OP_IS_ENTER(op) ((op) >> 31)
#define TB__OP_INDEX(op) ((op)&0x7fffffffu)

typedef struct tb__edge {
    uint32_t from; /* state; TB__NONE: a submission */
    uint32_t to;
    uint32_t op;   /* into graph.ops */
    uint32_t move; /* the first taken; TB__NONE: a submission */
    uint16_t ops;
    uint16_t leaf; /* the task it is addressed to */
    bool tacit;
    bool beside; /* 任一环节: not a way of getting on */
} tb__edge;

typedef struct tb__graph {
    uint32_t words, memory_word, fact_word, count_word,
        meta_word; /* of one state: configuration, 原环节, facts, counts, irreversible + valuation */
    uint32_t states;
    uint64_t *state;         /* words each */
    uint32_t *edge_first;    /* by state: its edges, CSR, states + 1 */
    uint32_t *found_by;      /* by state: the edge that found it first (breadth first: a shortest path) */
    TB_LIST(tb__edge) edges; /* in order of `from`; the submissions first */
    uint32_t submissions;
    TB_LIST(tb__op) ops;
    uint8_t *move_seen, *step_seen;
    uint32_t runaway; /* state whose edge ran away; TB__NONE */
    uint32_t runaway_move;
    bool complete;
    bool reduced; /* some interleavings of independent branches were left out */
} tb__graph;

/* What a move records, in the order step.c does it, once each: milestone, and the milestone whose day it takes
 * (TB_NO_INDEX: now). `late`: it may be dated to the next workday (非工作时间网上提交). The notices of steps it
 * enters come after. `recorded` is the move's own memory. */
typedef struct tb__record {
    uint32_t milestone, dated;
    bool dated_first, late;
} tb__record;
typedef TB_LIST(tb__record) tb__records;
typedef struct tb__proof {
    tb_arena *a;
    const tb_program *p;
    const tb_directory *d;
    const tb_calendar *calendar;
    tb_diagnostics *out;
    bool english; /* its messages are: by wish, else as the matter's source */
    tb_proof_report *r;
    tb__graph g;
    TB_LIST(tb__valuation) valuations;
    TB_LIST(tb__deciding) deciding;
    TB_LIST(tb__atom) atoms;
    uint8_t *milestone_fact; /* by milestone: bit of the facts; UINT8_MAX: nothing asks */
    uint8_t *document_fact, *step_fact;
    uint32_t *count_byte; /* by move: where its count is kept; TB__NONE */
    uint32_t count_bytes;
    tb__records scratch; /* of whoever needs one for a moment */
    uint8_t *accepted;   /* tb__accepted(), once it has been asked */
    size_t bytes_before; /* of the arena */
} tb__proof;

/* The words of values and hints, in the user's language. */
static inline const char *tb__say(const tb__proof *w, const char *zh, const char *en) { return w->english ? en : zh; }

/* valuations.c: false when there are more than the limits hold. */
bool tb__valuations(tb__proof *w);
bool tb__atom_holds(const tb__proof *w, uint32_t valuation, const tb_condition *c);
bool tb__shown(const tb__proof *w, uint32_t valuation); /* its values do answer so */

/* The same for whoever asks other questions: `take` gets every combination of cells of the program's fields that `rows`
 * can tell apart. false: more asking than `asks` would be needed (take was not called), or `take` said so. */
typedef struct tb__forms tb__forms;
typedef bool tb__take(void *user, tb__forms *f);
bool tb__forms_each(tb__proof *w, const tb_condition *const *rows, uint32_t rows_n, uint64_t asks, tb__take *take,
                    void *user);
bool tb__forms_ask(tb__forms *f, const tb_condition *c);
bool tb__forms_text(tb__forms *f, bool english, tb_str *text); /* its values, for people; false: none are known that do it */

/* graph.c */
bool tb__memory_spent(const tb__proof *w);
void tb__graph_build(tb__proof *w);
static inline const uint64_t *tb__state(const tb__proof *w, uint32_t s) { return w->g.state + (size_t)s * w->g.words; }
static inline bool tb__fact(const tb__proof *w, const uint64_t *s, uint32_t milestone) {
    uint8_t bit = w->milestone_fact[milestone];
    return bit != UINT8_MAX && (s[w->g.fact_word] >> bit & 1);
}
static inline bool tb__irreversible(const tb__proof *w, const uint64_t *s) { return s[w->g.meta_word] & 1; }
static inline uint32_t tb__valuation_of(const tb__proof *w, const uint64_t *s) {
    return (uint32_t)(s[w->g.meta_word] >> 1);
}
/* Is `s` active in a state of the graph, or put aside there by an interruption? */
static inline bool tb__kept(const tb__proof *w, const uint64_t *state, uint16_t s) {
    return tb_bit(state, s) || (w->g.memory_word != w->g.fact_word && tb_bit(state + w->g.memory_word, s));
}
bool tb__ended(const tb__proof *w, uint32_t state);
void tb__records_of_move(tb__proof *w, const tb_move *m, bool tacit, uint64_t *recorded, tb__records *out);
void tb__records_of_step(tb__proof *w, uint32_t step, uint64_t *recorded, tb__records *out);
void tb__records_of_submission(tb__proof *w, uint32_t mode, uint64_t *recorded, tb__records *out);
/* The edges from a submission to `state`, then `edge` (TB__NONE: none). */
typedef TB_LIST(uint32_t) tb__edges;
void tb__path_to(tb__proof *w, uint32_t state, uint32_t edge, tb__edges *out);
void tb__turn_around(tb__edges *path); /* a path that was followed from its end */
uint32_t tb__step_of_edge(const tb__proof *w, const tb__edge *e); /* TB_NO_INDEX: a submission */
tb_str tb__steps_text(tb__proof *w, uint32_t state);              /* active steps: 审查、现场核查 */

/* path.c: paths for people and as 用例 */
tb_str tb__submission_text(tb__proof *w, const tb__valuation *v); /* 提交，模式 …，F 为 V */
tb_str tb__path_text(tb__proof *w, const tb__edges *path);
/* `waits` (may be NULL: none): by edge, whether the step was kept to its last moment. `rest_days_count`: the span is
 * not in workdays. */
tb_str tb__path_scenario(tb__proof *w, const tb__edges *path, const bool *waits, bool rest_days_count, tb_str name,
                         tb_str remark);
/* Reports with the path that shows it. */
tb_diagnostic *tb__failed(tb__proof *w, enum tb_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2,
                          const tb__edges *path);

/* duties.c: does the move refuse, by what it issues or where it leads? */
bool tb__refusal(const tb_program *p, const tb_move *m);
bool tb__reaches_none(const tb_program *p, const tb_step_def *s); /* its 不计入期限 stops no limit (laws.c) */
bool tb__refusal_words(tb_str name); /* is a document, an outcome of this name one of refusal? */
bool tb__states(const tb_move *m, const char *what); /* 载明 */
bool tb__holds_word(tb_str s, const char *word);
/* Does it lead to an end without the case's purpose: 不予, 撤回, 终止 …? */
bool tb__undoes(const tb_move *m);

/* duties.c: by state: on every way to it the case was accepted; what acts are, and who does them */
const uint8_t *tb__accepted(tb__proof *w);
bool tb__asks_for_more(tb__proof *w, const tb_move *m); /* 补正 */
bool tb__organs_act(const tb_program *p, const tb_move *m); /* somebody else than the applicant may do it */
bool tb__applicants_act(const tb_program *p, const tb_move *m); /* nobody else may, nor is it nobody's */
bool tb__written_in(const tb_document *d, uint32_t milestone); /* does the document 记 it? */
bool tb__is_inspection(const tb_step_def *s);
bool tb__is_hearing(const tb_program *p, const tb_step_def *s); /* that stops limits, and is no sketch (待核) */
/* laws.c: may the clause say otherwise than 行政许可法, by a norm that it cites, or is it open (待核)? Is a limit never longer than so many
 * workdays? */
bool tb__law_says_otherwise(tb__proof *w, enum tb_clause_kind kind, tb_span clause);
bool tb__within_days(const tb__proof *w, int n, enum tb_unit unit, int days);
/* graph.c: does a condition hold in a state? soundness.c: the values of its case, for people */
bool tb__holds_in(tb__proof *w, uint32_t state, const tb_condition *c);
tb_str tb__valuation_text(tb__proof *w, uint32_t state);

/* the proofs */
/* milestones.c: paths on which something is lacking. Breadth first from the submissions along the edges that do not fill it; a
 * path counts from the edge on that begins it (`begins` NULL: at once). `arrives` is shown each edge of one, with where it came
 * from; true: enough. */
typedef struct tb__search tb__search;
struct tb__search {
    tb__proof *w;
    bool (*fills)(tb__search *x, uint32_t edge);
    bool (*begins)(tb__search *x, uint32_t edge);
    bool (*arrives)(tb__search *x, uint32_t edge, uint32_t at);
    const void *user;
    uint32_t lacks, had; /* the milestones, of searches that are about such */
    uint32_t *by, *from; /* by node: the edge that came there, plus one (0: nothing did); the node before */
    uint8_t *told;       /* of the asker */
};
void tb__seek(tb__search *x);
/* The path to node `at`, then `edge`: shortest, as nodes are found breadth first. */
tb__edges tb__sought_path(const tb__search *x, uint32_t edge, uint32_t at);
/* does it 记 the milestone, by its moves, documents, transfers? */
bool tb__edge_records(tb__proof *w, const tb__edge *e, uint32_t milestone);
void tb__prove_beginnings(tb__proof *w);
void tb__prove_service(tb__proof *w);
/* documents.c: what is put into writing; by edge: does it grant, in writing? */
void tb__prove_documents(tb__proof *w);
const uint8_t *tb__granting_edges(tb__proof *w);
void tb__prove_promises(tb__proof *w);
void tb__prove_one_notice(tb__proof *w);
void tb__prove_silence(tb__proof *w);
void tb__prove_hearing_limit(tb__proof *w);
void tb__prove_records(tb__proof *w);
void tb__prove_choices(tb__proof *w);
void tb__prove_laws(tb__proof *w);
void tb__prove_ranks(tb__proof *w);
void tb__prove_demands(tb__proof *w); /* of articles that acts cite; after the duties */
void tb__prove_soundness(tb__proof *w);
void tb__prove_limits(tb__proof *w);
void tb__prove_duties(tb__proof *w);
void tb__prove_separation(tb__proof *w);
#endif
