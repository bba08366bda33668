/* How the branches of a 并行 come together.
 *
 *   均办结的         every branch has ended with 完成           the parallel's done event, and nobody said 不予
 *   任一办结的       the first 完成                             an internal event raised by each 完成 …
 *   满N个办结的      the N-th 完成                              … and the number of them
 *   任一不予的       the first 不予                             likewise, raised by each 不予
 *   满N个不予的      the N-th 不予
 *
 * The parallel is left by the first of these that comes true; what is still open in it ends there and then: tasks are
 * left, their limits end. A branch that has ended stays ended, so only the two numbers matter, 完成 and 不予, and with B
 * branches there are few of them. That is why it can be decided here, without the prover, that no join is waited for
 * in vain, that none is always overtaken by another, and that there is one for every way all branches can end
 * (conditions are taken as possible; what they rule out the prover finds). */
#include "compile_work.h"
#include <string.h>

typedef struct join {
    bool rejects;
    uint32_t needs; /* 0: all */
    const tb_clause *clause;
} join;
typedef TB_LIST(join) joins;

/* 满2个办结, at-least-2-rejected. */
static bool counted(tb_str act, const char *before, const char *after, uint32_t *n) {
    uint32_t head = (uint32_t)strlen(before), tail = (uint32_t)strlen(after);
    enum { MOST = 100000 };
    if (!tb_str_starts(act, before) || !tb_str_ends(act, after) || act.n <= head + tail) return false;
    *n = 0;
    for (uint32_t i = head; i < act.n - tail; i++) {
        if (act.p[i] < '0' || act.p[i] > '9' || *n > MOST) return false;
        *n = *n * 10 + (uint32_t)(act.p[i] - '0');
    }
    return *n > 0;
}

static bool read_join(tb_str act, join *j) {
    act = tb__fixed_name(act);
    j->rejects = tb_str_is(act, "任一不予") || counted(act, "满", "个不予", &j->needs) ||
                 counted(act, "at-least-", "-rejected", &j->needs);
    if (j->rejects && tb_str_is(act, "任一不予")) j->needs = 1;
    if (j->rejects) return true;
    j->needs = tb_str_is(act, "任一办结");
    return j->needs || tb_str_is(act, "均办结") || counted(act, "满", "个办结", &j->needs) ||
           counted(act, "at-least-", "-completed", &j->needs);
}

/* The branches of a parallel: how many, how many of them can end with 完成, with 不予. */
struct sizes {
    uint32_t branches, complete, reject;
    uint32_t items, sure; /* of them, copies (逐一): how many, how many are never void (the first of a list that is 必填) */
};

static bool always_filled(const tb__matter *m, tb_str field) {
    uint32_t at;
    TB__FIND(m->p->fields, .name, field, at);
    return at != TB_NO_INDEX && m->p->fields.items[at].required && !m->p->fields.items[at].when;
}

static struct sizes sizes_of(const tb__matter *m, uint16_t parallel) {
    struct sizes n = {0};
    for (uint32_t i = 0; i < m->branches.count; i++) {
        const tb__branch_states *b = &m->branches.items[i];
        if (b->parallel != parallel) continue;
        n.branches++;
        n.complete += b->completes;
        n.reject += b->rejected != TB_NO_STATE;
        n.items += b->gate != TB_NO_STATE;
        const tb__copy *copy = tb__copy_of(m, b->section);
        n.sure += copy && copy->item == 1 && always_filled(m, copy->field);
    }
    return n;
}

static tb_str number(tb__matter *m, uint32_t n) { return tb_str_printf(m->c->a, "%u", n); }

static uint32_t needed(const join *j, struct sizes n) { return j->needs || j->rejects ? j->needs : n.branches; }

/* A join nobody can wait for with success, and one that always comes too late. */
static bool check_join(tb__matter *m, const joins *all, const join *j, struct sizes n) {
    uint32_t can = j->rejects ? n.reject : n.complete, needs = needed(j, n);
    tb_str act = j->clause->names.items[0].text;
    if (!needs || needs > can) {
        TB__REPORT(m, JOIN_COUNT, j->clause->head, act, number(m, can),
                   tb_str_z(tb_part_word(j->rejects ? TB_P_REJECT : TB_P_COMPLETE, m->english ? TB_LANG_EN : TB_LANG_ZH)));
        return false;
    }
    for (const join *x = all->items; x < all->items + all->count; x++) {
        bool always = !tb_part_of(x->clause, TB_P_IF) && !tb_part_of(x->clause, TB_P_TIMES);
        if (x == j || x->rejects != j->rejects || !always) continue;
        if (n.items && !j->rejects && !j->needs) continue; /* 均办结的 of fewer items than the other asks for */
        uint32_t earlier = needed(x, n);
        if (earlier < needs || (earlier == needs && x < j && !tb_str_eq(x->clause->names.items[0].text, act))) {
            TB__REPORT(m, JOIN_HIDDEN, j->clause->head, act, x->clause->names.items[0].text, TB_NONE)->other =
                x->clause->head;
            return false;
        }
    }
    return true;
}

/* Is there a join for every way all branches can end? */
static void check_gap(tb__matter *m, const tb_section *s, const joins *all, struct sizes n) {
    uint32_t done = UINT32_MAX, rejected = UINT32_MAX;
    bool whole = false, plain = true; /* nothing but 均办结的 and 任一不予的 */
    for (const join *x = all->items; x < all->items + all->count; x++) {
        uint32_t needs = needed(x, n), *least = x->rejects ? &rejected : &done;
        whole |= !x->rejects && !x->needs;
        if (needs < *least && (x->needs || !n.items)) *least = needs;
        plain &= x->rejects ? x->needs == 1 : x->needs == 0;
    }
    uint32_t most = n.items - n.sure; /* void, at most: a list that is given has an item (value.c) */
    if (m->c->in->stored && most && !n.sure) most--; /* what was loaded before lists left out were thought of stays */
    for (uint32_t i = 0; i < (most + 1) * (n.reject + 1); i++) {
        uint32_t r = i / (most + 1), branches = n.branches - i % (most + 1), c = branches - r;
        if (r > branches || c > n.complete || c >= done || r >= rejected || (n.items && whole && !r)) continue;
        if (plain)
            TB__REPORT(m, PARALLEL_JOIN, s->name.span, s->name.text,
                       r ? TB__SAY(m, "任一不予的", "when any-rejected") : TB__SAY(m, "均办结的", "when all-completed"),
                       TB_NONE);
        if (!plain) {
            tb_diagnostic *d = TB__REPORT(m, JOIN_GAP, s->name.span, s->name.text, number(m, c), number(m, r));
            if (n.items && !r)
                d->hint = c ? TB__SAY(m, "列表可能只有这么几项：再写一句 均办结的", "the list may hold no more: add when all-completed")
                            : TB__SAY(m, "列表没有写 必填，可能一项也没有：再写一句 均办结的",
                                      "the list is not required and may be empty: add when all-completed");
        }
        if (!plain || r) return;
    }
}

static tb__branch_states *branch_of(tb__matter *m, tb_str name) {
    for (uint32_t i = 0; i < m->branches.count; i++)
        if (m->branches.items[i].section->kind == TB_S_BRANCH &&
            tb_str_eq(m->branches.items[i].section->name.text, name))
            return &m->branches.items[i];
    return NULL;
}

struct events {
    uint32_t all, done, rejected;
};

static void add_join(tb__matter *m, const tb__branch_states *b, const join *j, const struct events *events) {
    const tb_section *s = b->section;
    tb__enter_copy(m, s);
    /* A parallel inside a branch ends the branch, not the case. */
    tb__branch_states *around = s->in.text.n ? branch_of(m, s->in.text) : NULL;
    tb_str act = tb__fixed_name(j->clause->names.items[0].text);
    tb_move v = {.kind = j->rejects ? TB_MOVE_REJECTED : TB_MOVE_DONE,
                 .act = tb__path2(m, s->name.text, "·", act),
                 .step = TB_NO_INDEX,
                 .before = TB_NO_INDEX,
                 .needs = j->needs,
                 .leaves = true,
                 .span = j->clause->span};
    tb__fill_effects(m, j->clause, &v);
    tb__target t = tb__target_of(m, s, j->clause, NULL, around);
    v.target = t.text;
    v.returns = t.part && t.part->kind == TB_P_RETURN;
    if (t.state != TB_NO_STATE)
        tb__add_transition(m, b->state,
                           j->rejects ? events->rejected
                           : j->needs ? events->done
                                      : events->all,
                           t.state, tb__new_move(m, v));
    else if (!t.part)
        TB__REPORT(m, PARALLEL_JOIN, j->clause->head, s->name.text, tb__path2(m, act, "的", TB_NONE), TB_NONE);
}

static void parallel_clauses(tb__matter *m, const tb__branch_states *b, joins *all) {
    const tb_section *s = b->section;
    struct events events = {m->internal_events, m->internal_events + 1, m->internal_events + 2};
    m->internal_events += 3;
    tb_chart_done_event(m->builder, b->state, events.all);
    for (uint32_t i = 0; i < m->branches.count; i++) {
        const tb__branch_states *x = &m->branches.items[i];
        if (x->parallel != b->state) continue;
        m->nodes.items[x->done].raises = events.done;
        if (x->rejected != TB_NO_STATE) m->nodes.items[x->rejected].raises = events.rejected;
    }
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        const tb_clause *c = &s->clauses.items[i];
        join j = {.clause = c};
        if (c->kind != TB_C_EVENT || !c->names.count) continue;
        if (!read_join(c->names.items[0].text, &j)) {
            TB__REPORT(m, EVENT_WHERE, c->head, c->names.items[0].text, TB_NONE, TB_NONE);
            continue;
        }
        add_join(m, b, &j, &events);
        *TB_PUSH(m->c->a, *all) = j;
    }
}

void tb__joins(tb__matter *m) {
    joins *all = TB_NEW_ARRAY(m->c->a, m->branches.count, joins);
    for (uint32_t i = 0; i < m->branches.count; i++)
        if (m->branches.items[i].section->kind == TB_S_PARALLEL) parallel_clauses(m, &m->branches.items[i], &all[i]);
    if (m->c->d->errors != m->errors_before) return;   /* what is missing may be in what was wrong */
    for (uint32_t i = 0; i < m->branches.count; i++) { /* now it is known which branches can complete */
        const tb__branch_states *b = &m->branches.items[i];
        struct sizes n = sizes_of(m, b->state);
        if (b->section->kind != TB_S_PARALLEL || !n.branches) continue;
        bool sound = true;
        for (const join *j = all[i].items; j < all[i].items + all[i].count; j++) sound &= check_join(m, &all[i], j, n);
        if (sound) check_gap(m, b->section, &all[i], n);
    }
}

/* ---- at run time, and in the proofs ---- */

bool tb__join_open(const tb_program *p, const uint64_t *active, uint16_t parallel, const tb_move *m) {
    uint32_t done = 0, rejected = 0;
    for (uint16_t s = (uint16_t)(parallel + 1);
         s < tb_chart_states(p->chart) && tb_chart_descends(p->chart, s, parallel); s++) {
        enum tb_node_kind kind = p->nodes[s].kind;
        if (!tb_bit(active, s) || (kind != TB_NODE_BRANCH_DONE && kind != TB_NODE_BRANCH_REJECTED)) continue;
        if (tb_chart_parent(p->chart, tb_chart_parent(p->chart, s)) != parallel) continue; /* of a parallel within */
        if (kind == TB_NODE_BRANCH_DONE) done++;
        else rejected++;
    }
    if (m->kind == TB_MOVE_REJECTED) return rejected >= m->needs;
    return m->needs ? done >= m->needs : !rejected; /* 均办结的 comes when all have ended */
}
