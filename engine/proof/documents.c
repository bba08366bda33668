/* What a licence puts into writing, on every path: acceptance, the decision, the licence itself (行政许可法 32(2), 38(1), 39).
 *
 * No name of a document is asked for. A document is that of an acceptance or a decision when it records the milestone (受理通知书，记
 * 受理), when the very act that records the milestone issues it, or, of acceptance, when its name says so. What no act refuses and
 * nobody undoes by its name is a grant; refusals have their own proof (duties.c). The proofs are searches for a path on which the
 * document is lacking (milestones.c), so that an expiry that stands for an acceptance (逾期的，视为 受理) is asked like any act.
 *
 *   accepted, then ended             without a document of acceptance                32(2)
 *   ended by the organ, not accepted without any document, 退件 for instance         32(2)
 *   decided, then ended as granted   without a document of the decision              38(1)
 *   accepted, then ended as granted  without a decision at all                       37, 38(1)
 *   granted                          without the licence that other grants issue     39
 *
 * Whether a matter needs a licence document is its own to say: it does by declaring one, a document named 证 or 照. */
#include "proof_work.h"

enum {
    ACCEPTED = 1 << 0,
    ACCEPTANCE = 1 << 1, /* a document of it */
    DECIDED = 1 << 2,
    DECISION = 1 << 3,
    GRANT = 1 << 4, /* a document of a decision that is no refusal */
    LICENCE = 1 << 5,
    REFUSAL = 1 << 6, /* a document of one */
    ANY = 1 << 7
};

/* 卫生许可证, 营业执照; not what only proves receipt or service, nor a hearing. */
static bool is_licence(tb_str name) {
    static const char *const ends[] = {"证", "照", "证书", "证件"}, *const others[] = {"凭证", "回证", "听证", "公证",
                                                                                       "佐证"};
    bool is = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) is |= tb_str_ends(name, ends[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) is &= !tb_str_ends(name, others[i]);
    return is;
}

static uint8_t of_document(const tb_program *p, uint32_t document) {
    const tb_document *d = &p->documents.items[document];
    bool refusal = tb__refusal_words(d->name);
    uint8_t flags = ANY | (refusal ? REFUSAL : 0);
    if (tb__written_in(d, TB_M_ACCEPTED) || (!refusal && tb__holds_word(d->name, "受理"))) flags |= ACCEPTANCE;
    if (tb__written_in(d, TB_M_DECIDED)) flags |= DECISION | (refusal ? 0 : GRANT);
    if (!refusal && is_licence(d->name)) flags |= LICENCE;
    return flags;
}

static uint8_t of_move(const tb_program *p, const tb_move *m) {
    uint8_t flags = 0;
    bool accepts = false, decides = false;
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        if (f->kind == TB_DO_ISSUE) flags |= of_document(p, f->a);
        accepts |= f->kind == TB_DO_RECORD && f->a == TB_M_ACCEPTED;
        decides |= f->kind == TB_DO_RECORD && f->a == TB_M_DECIDED;
    }
    if (accepts && (flags & ANY) && !(flags & REFUSAL)) flags |= ACCEPTANCE;
    if (decides && (flags & ANY)) flags |= DECISION | (flags & REFUSAL ? 0 : GRANT);
    return flags;
}

static uint8_t of_edge(tb__proof *w, const tb__edge *e) {
    const tb_program *p = w->p;
    uint8_t flags = 0;
    if (tb__edge_records(w, e, TB_M_ACCEPTED)) flags |= ACCEPTED;
    if (tb__edge_records(w, e, TB_M_DECIDED)) flags |= DECIDED;
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op)) {
            flags |= of_move(p, &p->moves.items[p->transition_move[TB__OP_INDEX(op)]]);
        } else if (p->nodes[TB__OP_INDEX(op)].kind == TB_NODE_STEP) {
            const tb_step_def *s = &p->steps.items[p->nodes[TB__OP_INDEX(op)].index];
            for (uint32_t k = 0; k < s->notices_n; k++) flags |= of_document(p, s->notices[k]);
        }
    }
    return flags;
}

/* The move that ends the case: the last that is taken. */
static const tb_move *closing(tb__proof *w, const tb__edge *e) {
    const tb_move *last = e->move == TB__NONE ? NULL : &w->p->moves.items[e->move];
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op)) last = &w->p->moves.items[w->p->transition_move[TB__OP_INDEX(op)]];
    }
    return last;
}

/* ---- the searches ---- */

typedef struct lack {
    const uint8_t *flags; /* by edge */
    uint8_t fills, begins;
    enum tb_code code;
    bool grants;  /* only ends that give what was asked for */
    bool unasked; /* ends of the organ's own before it has accepted */
    const char *article;
} lack;

static bool fills(tb__search *x, uint32_t edge) {
    const lack *l = x->user;
    return l->flags[edge] & l->fills;
}
static bool begins(tb__search *x, uint32_t edge) {
    const lack *l = x->user;
    return l->flags[edge] & l->begins;
}

static bool ends(tb__search *x, uint32_t edge, uint32_t at) {
    const lack *l = x->user;
    tb__proof *w = x->w;
    const tb__edge *e = &w->g.edges.items[edge];
    const tb_move *m = closing(w, e);
    if (!m || !tb__ended(w, e->to)) return false;
    bool refusal = tb__refusal(w->p, m);
    bool applicants = tb__applicants_act(w->p, m); /* his act, or a step of his that he let expire */
    if (tb__undoes(m) && !refusal && applicants) return false; /* withdrawn */
    if (l->grants && (refusal || tb__undoes(m))) return false;
    if (l->unasked && (refusal || applicants || (l->flags[edge] & ANY)))
        return false; /* a refusal: duties.c */
    tb__edges path = tb__sought_path(x, edge, at);
    tb__failed(w, l->code, m->span, m->act, tb__path_text(w, &path), tb_str_z(l->article), &path);
    return true;
}

const uint8_t *tb__granting_edges(tb__proof *w) {
    uint8_t *grants = TB_NEW_ARRAY(w->a, w->g.edges.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        uint8_t flags = of_edge(w, &w->g.edges.items[i]);
        grants[i] = (flags & DECIDED) && (flags & GRANT);
    }
    return grants;
}

void tb__prove_documents(tb__proof *w) {
    uint8_t *flags = TB_NEW_ARRAY(w->a, w->g.edges.count + 1, uint8_t);
    bool licence = false;
    for (uint32_t i = 0; i < w->g.edges.count; i++) flags[i] = of_edge(w, &w->g.edges.items[i]);
    for (uint32_t i = 0; i < w->p->documents.count; i++) licence |= (of_document(w->p, i) & LICENCE) != 0;
    const lack lacks[] = {
        {flags, ACCEPTANCE, ACCEPTED, TB_E_DUTY_ACCEPTANCE_WRITTEN, false, false, "《行政许可法》第三十二条第二款"},
        {flags, ACCEPTED | REFUSAL, 0, TB_E_DUTY_ENDED_UNWRITTEN, false, true, "《行政许可法》第三十二条第二款"},
        {flags, DECISION, DECIDED, TB_E_DUTY_DECISION_WRITTEN, true, false, "《行政许可法》第三十八条第一款"},
        {flags, DECIDED | REFUSAL, ACCEPTED, TB_E_DUTY_NO_DECISION, true, false,
         "《行政许可法》第三十七条、第三十八条第一款"},
        {flags, LICENCE, GRANT, TB_E_DUTY_LICENCE, true, false, "《行政许可法》第三十九条"},
    };
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        if (lacks[i].fills == LICENCE && !licence) continue;
        tb__seek(&(tb__search){
            .w = w, .user = &lacks[i], .fills = fills, .begins = lacks[i].begins ? begins : NULL, .arrives = ends});
    }
}
