/* From clauses to a chart: states for steps, obligations, parallels and branches; a move for every …的 clause;
 * transitions that carry them.
 *
 *   root ─┬─ LIVE ─┬─ 受理                      a plain step: one leaf
 *         │        ├─ 审查* ─┬─ 审查             a step with 应当: a parallel (the host) of itself …
 *         │        │         └─ 审查/现场核查 ─ 等待 → 现场核查 → 完成     … and a region for each obligation
 *         │        └─ 联合审查 ─┬─ 消防 ─ 消防审查 … 完成 | 不予            并行 and its 分支
 *         │                     └─ 卫生 ─ …
 *         ├─ 办结：准予 (final)
 *         └─ 办结：撤回 (final)                  one final state an outcome
 *
 * An act's transition stands on the step's own leaf, so an act is addressed to one task (M2); 任一环节 stands on LIVE.
 * 逾期的 is the event OVERDUE sent to the leaf. How branches come together: joins.c. */
#include "compile_work.h"
#include "case.h"
#include "expression.h"
#include <string.h>

/* ---- states ---- */

static uint16_t add_state(tb__matter *m, uint16_t parent, enum tb_state_kind kind, enum tb_node_kind node,
                          uint32_t index, tb_str name) {
    uint16_t s = tb_chart_state(m->builder, parent, kind, index);
    *TB_PUSH(m->c->a, m->nodes) = (tb_node){.kind = node, .index = index, .name = name};
    return s;
}

tb_str tb__path2(tb__matter *m, tb_str a, const char *between, tb_str b) {
    return tb_str_printf(m->c->a, "%.*s%s%.*s", TB_FMT(a), between, TB_FMT(b));
}

static uint32_t obligation_step(tb__matter *m, const tb_clause *c, bool report) {
    uint32_t at = TB_NO_INDEX;
    if (c->names.count) TB__FIND(m->p->steps, .name, c->names.items[0].text, at);
    if (at == TB_NO_INDEX && report && c->names.count)
        TB__REPORT(m, UNKNOWN_STEP, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE);
    return at;
}

static void add_step_state(tb__matter *m, uint16_t parent, uint32_t step) {
    const tb_section *s = m->step_section[step];
    tb_str name = m->p->steps.items[step].name;
    bool host = false;
    for (uint32_t i = 0; i < s->clauses.count; i++)
        host |= s->clauses.items[i].kind == TB_C_OBLIGATION &&
                obligation_step(m, &s->clauses.items[i], false) != TB_NO_INDEX;
    uint16_t entry =
        host ? add_state(m, parent, TB_PARALLEL, TB_NODE_HOST, step, tb__path2(m, name, "", TB_STR("*"))) : TB_NO_STATE;
    uint16_t leaf = add_state(m, host ? entry : parent, TB_ATOMIC, TB_NODE_STEP, step, name);
    *TB_PUSH(m->c->a, m->leaves) = (tb__leaf){leaf, host ? entry : leaf, entry, step, TB_NO_STATE};
    for (uint32_t i = 0; i < s->clauses.count && host; i++) {
        const tb_clause *c = &s->clauses.items[i];
        uint32_t must = c->kind == TB_C_OBLIGATION ? obligation_step(m, c, true) : TB_NO_INDEX;
        if (must == TB_NO_INDEX) continue;
        tb_str inner = m->p->steps.items[must].name, path = tb__path2(m, name, "/", inner);
        if (m->p->steps.items[must].branch == TB_NO_STATE)
            m->p->steps.items[must].branch = m->p->steps.items[step].branch;
        uint16_t region = add_state(m, entry, TB_COMPOUND, TB_NODE_REGION, must, tb__path2(m, path, "", TB_STR("…")));
        add_state(m, region, TB_ATOMIC, TB_NODE_IDLE, must, tb__path2(m, path, "", TB_STR("：等待")));
        uint16_t active = add_state(m, region, TB_ATOMIC, TB_NODE_STEP, must, path);
        uint16_t done = add_state(m, region, TB_ATOMIC, TB_NODE_DONE, must, tb__path2(m, path, "", TB_STR("：完成")));
        *TB_PUSH(m->c->a, m->leaves) = (tb__leaf){active, active, TB_NO_STATE, must, done};
    }
}

static void add_contents(tb__matter *m, uint16_t parent, tb_str container, uint16_t branch, int depth);

static bool says_reject(const tb_section *s) {
    for (uint32_t k = 0; k < s->clauses.count; k++)
        if (tb_part_of(&s->clauses.items[k], TB_P_REJECT)) return true;
    return false;
}

/* Asked once the branch's steps have their states: an obligation of one may reject, too, and a parallel within. */
static bool branch_rejects(tb__matter *m, tb_str name, uint16_t branch) {
    for (uint32_t i = 0; i < m->sections_n; i++)
        if (m->sections[i]->kind == TB_S_PARALLEL && tb_str_eq(m->sections[i]->in.text, name) &&
            says_reject(m->sections[i]))
            return true;
    for (uint32_t i = 0; i < m->p->steps.count; i++)
        if (m->p->steps.items[i].branch == branch && says_reject(m->step_section[i])) return true;
    return false;
}

static void add_branch(tb__matter *m, uint16_t parallel, const tb_section *s, int depth) {
    tb_str name = s->name.text;
    uint16_t state = add_state(m, parallel, TB_COMPOUND, TB_NODE_BRANCH, 0, name), gate = TB_NO_STATE;
    if (tb__copy_of(m, s))
        gate = add_state(m, state, TB_ATOMIC, TB_NODE_GATE, 0, tb__path2(m, name, "：", TB_STR("有无")));
    uint32_t before = m->leaves.count, errors = m->c->d->errors;
    add_contents(m, state, name, state, depth);
    if (m->leaves.count == before && m->c->d->errors == errors)
        TB__REPORT(m, PARALLEL_EMPTY, s->name.span, name, TB_NONE, TB_NONE);
    tb__branch_states b = {.section = s, .state = state, .parallel = parallel, .rejected = TB_NO_STATE, .gate = gate, .beyond = TB_NO_STATE};
    b.done = add_state(m, state, TB_FINAL, TB_NODE_BRANCH_DONE, 0, tb__path2(m, name, "：", TB_STR("完成")));
    if (branch_rejects(m, name, state))
        b.rejected = add_state(m, state, TB_FINAL, TB_NODE_BRANCH_REJECTED, 0, tb__path2(m, name, "：", TB_STR("不予")));
    if (gate != TB_NO_STATE)
        b.beyond = add_state(m, state, TB_FINAL, TB_NODE_BRANCH_VOID, 0, tb__path2(m, name, "：", TB_STR("无此项")));
    *TB_PUSH(m->c->a, m->branches) = b;
}

static void add_parallel(tb__matter *m, uint16_t parent, const tb_section *s, int depth) {
    uint16_t state = add_state(m, parent, TB_PARALLEL, TB_NODE_PARALLEL, 0, s->name.text);
    *TB_PUSH(m->c->a, m->branches) = (tb__branch_states){
        .section = s, .state = state, .done = TB_NO_STATE, .rejected = TB_NO_STATE, .parallel = TB_NO_STATE,
        .gate = TB_NO_STATE, .beyond = TB_NO_STATE};
    uint32_t branches = 0;
    for (uint32_t i = 0; i < m->sections_n; i++)
        if (m->sections[i]->kind == TB_S_BRANCH && tb_str_eq(m->sections[i]->in.text, s->name.text))
            branches++, add_branch(m, state, m->sections[i], depth + 1);
    if (!branches) TB__REPORT(m, PARALLEL_EMPTY, s->name.span, s->name.text, TB_NONE, TB_NONE);
}

enum { NESTING = 8 };

static void add_contents(tb__matter *m, uint16_t parent, tb_str container, uint16_t branch, int depth) {
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        if (!tb_str_eq(s->in.text, container)) continue;
        uint32_t step = TB_NO_INDEX;
        if (s->kind == TB_S_STEP) TB__FIND(m->p->steps, .name, s->name.text, step);
        if (step != TB_NO_INDEX && m->step_section[step] == s && !m->obligation[step]) {
            m->p->steps.items[step].branch = branch;
            add_step_state(m, parent, step);
        } else if (s->kind == TB_S_PARALLEL && depth < NESTING) {
            add_parallel(m, parent, s, depth);
        } else if (s->kind == TB_S_PARALLEL) {
            TB__REPORT(m, TOO_MANY, s->span, TB__SAY(m, "并行里的并行", "parallels in parallels"),
                       tb_str_printf(m->c->a, "%d", NESTING), TB_NONE);
        }
    }
}

static void check_containers(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        bool found = !s->in.text.n;
        enum tb_section_kind want = s->kind == TB_S_BRANCH ? TB_S_PARALLEL : TB_S_BRANCH;
        for (uint32_t k = 0; k < m->sections_n && !found; k++)
            found = m->sections[k]->kind == want && tb_str_eq(m->sections[k]->name.text, s->in.text);
        if (!found) TB__REPORT(m, UNKNOWN_BRANCH, s->in.span, s->in.text, TB_NONE, TB_NONE);
        if (s->kind != TB_S_BRANCH && s->kind != TB_S_PARALLEL) continue;
        for (uint32_t k = 0; k < i; k++)
            if (m->sections[k]->kind == s->kind && tb_str_eq(m->sections[k]->name.text, s->name.text))
                TB__REPORT(m, DUPLICATE, s->name.span, s->name.text, TB_NONE, TB_NONE)->other =
                    m->sections[k]->name.span;
    }
    for (uint32_t i = 0; i < m->p->steps.count; i++)
        for (uint32_t k = 0; k < m->step_section[i]->clauses.count; k++) {
            const tb_clause *c = &m->step_section[i]->clauses.items[k];
            uint32_t at = c->kind == TB_C_OBLIGATION ? obligation_step(m, c, false) : TB_NO_INDEX;
            if (at != TB_NO_INDEX) m->obligation[at] = true;
            if (c->kind == TB_C_OBLIGATION && at == TB_NO_INDEX && c->names.count)
                TB__REPORT(m, UNKNOWN_STEP, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE);
        }
    for (uint32_t i = 0; i < m->p->steps.count; i++)
        for (uint32_t k = 0; k < m->step_section[i]->clauses.count; k++) {
            const tb_clause *c = &m->step_section[i]->clauses.items[k];
            if (c->kind == TB_C_OBLIGATION && m->obligation[i])
                TB__REPORT(m, CHART_BAD, c->head,
                           tb_str_printf(m->c->a,
                                         TB__SAY(m, "“%.*s”本身是应当办理的环节，里面不能再有 应当",
                                                 "%.*s is an obligation itself and can owe none")
                                             .p,
                                         TB_FMT(m->p->steps.items[i].name)),
                           TB_NONE, TB_NONE);
        }
}

/* States, tasks and clocks are written by name, so no two may bear the same one; and 转 X must mean one thing. */
static void check_names(tb__matter *m) {
    for (uint32_t i = 0; i < m->nodes.count; i++)
        for (uint32_t k = 0; k < i; k++) {
            if (!tb_str_eq(m->nodes.items[i].name, m->nodes.items[k].name)) continue;
            tb_span span = m->head->name.span;
            for (uint32_t s = 0; s < m->sections_n; s++)
                if (s && tb_str_eq(m->sections[s]->name.text, m->nodes.items[i].name)) span = m->sections[s]->name.span;
            TB__REPORT(m, DUPLICATE, span, m->nodes.items[i].name, TB_NONE, TB_NONE);
            break;
        }
}

/* One step can be owed in two places, but not in two branches: both may be open, and its task and its limit would have
 * one name. */
static void check_shared_obligations(tb__matter *m) {
    for (uint32_t i = 0; i < m->p->steps.count; i++) {
        uint32_t first = TB_NO_INDEX;
        for (uint32_t k = 0; k < m->p->steps.count && m->obligation[i]; k++) {
            bool owes = false;
            for (uint32_t n = 0; n < m->step_section[k]->clauses.count; n++)
                owes |= m->step_section[k]->clauses.items[n].kind == TB_C_OBLIGATION &&
                        obligation_step(m, &m->step_section[k]->clauses.items[n], false) == i;
            if (!owes) continue;
            if (first == TB_NO_INDEX) first = k;
            else if (m->p->steps.items[first].branch != m->p->steps.items[k].branch)
                TB__REPORT(m, CHART_BAD, m->p->steps.items[k].span,
                           tb_str_printf(m->c->a,
                                         TB__SAY(m, "“%.*s”在不同的分支里都应当办理，会同时打开两次",
                                                 "%.*s is owed in two branches and could be open twice")
                                             .p,
                                         TB_FMT(m->p->steps.items[i].name)),
                           TB_NONE, TB_NONE);
        }
    }
}

/* ---- moves ---- */

static tb_str without_day(tb_str s) { /* 受理日 → 受理 */
    static const char *const days[] = {"日", "-date"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (tb_str_ends(s, days[i]) && s.n > strlen(days[i])) return (tb_str){s.p, s.n - (uint32_t)strlen(days[i])};
    return s;
}

struct effects {
    TB_LIST(tb_effect_def) list;
};

static void put_effect(tb__matter *m, struct effects *e, enum tb_effect_kind kind, uint32_t a) {
    if (a != TB_NO_INDEX) *TB_PUSH(m->c->a, e->list) = (tb_effect_def){.kind = kind, .a = a, .dated = TB_NO_INDEX};
}

static void put_text(tb__matter *m, struct effects *e, enum tb_effect_kind kind, tb_str text) {
    *TB_PUSH(m->c->a, e->list) = (tb_effect_def){.kind = kind, .dated = TB_NO_INDEX, .text = text};
}

/* 视为 受理，受理日 最近一次收到材料日: one recording with its date, told before the documents that would record it as
 * of now. */
static void deemed_first(tb__matter *m, const tb_clause *c, struct effects *e) {
    const tb_part *deem = tb_part_of(c, TB_P_DEEM), *dated = tb_part_of(c, TB_P_DATED);
    if (deem && deem->names.count) {
        put_effect(m, e, TB_DO_RECORD, tb__milestone_of(m->c->a, m->p, deem->names.items[0].text));
        e->list.items[e->list.count - 1].deemed = true;
    }
    if (!dated || dated->names.count < 2) return;
    uint32_t what = tb__milestone_of(m->c->a, m->p, without_day(dated->names.items[0].text));
    if (!e->list.count || e->list.items[e->list.count - 1].a != what) put_effect(m, e, TB_DO_RECORD, what);
    tb_effect_def *f = &e->list.items[e->list.count - 1];
    f->dated = tb__milestone_ref(m, without_day(dated->names.items[1].text), &f->dated_first);
}

static const uint32_t *posts_of(tb__matter *m, const tb_part *p, uint32_t *n) {
    uint32_t *posts = TB_NEW_ARRAY(m->c->a, p->names.count, uint32_t);
    for (uint32_t i = 0; i < p->names.count; i++) {
        uint32_t post = tb__post_here(m, &p->names.items[i]);
        if (post != TB_NO_INDEX) posts[(*n)++] = post;
    }
    return posts;
}

static const tb_str *texts_of(tb__matter *m, const tb_clause *c, enum tb_part_kind kind, uint32_t skip, uint32_t *n) {
    uint32_t room = 0;
    for (uint32_t i = 0; i < c->parts.count; i++)
        room += c->parts.items[i].kind == kind ? c->parts.items[i].names.count : 0;
    tb_str *texts = TB_NEW_ARRAY(m->c->a, room, tb_str);
    for (uint32_t i = 0; i < c->parts.count; i++)
        for (uint32_t k = skip; c->parts.items[i].kind == kind && k < c->parts.items[i].names.count; k++)
            texts[(*n)++] = c->parts.items[i].names.items[k].text;
    return texts;
}

static bool always_first(tb_str name) { return tb_str_starts(name, "首次") || tb_str_starts(name, "first-"); }

enum { MOST_TIMES = 10000 /* 限 N次; a case has no more events */ };

void tb__fill_effects(tb__matter *m, const tb_clause *c, tb_move *v) {
    struct effects e = {0};
    deemed_first(m, c, &e);
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        for (uint32_t k = 0; k < p->names.count; k++) {
            const tb_name *n = &p->names.items[k];
            switch (p->kind) {
            case TB_P_ISSUE: put_effect(m, &e, TB_DO_ISSUE, tb__document_named(m, n)); break;
            case TB_P_RECORD: put_effect(m, &e, TB_DO_RECORD, tb__milestone_of(m->c->a, m->p, n->text)); break;
            case TB_P_TRANSFER: put_effect(m, &e, TB_DO_TRANSFER, tb__place_here(m, n)); break;
            case TB_P_RED: put_effect(m, &e, TB_DO_RED, tb__place_here(m, n)); break;
            case TB_P_YELLOW: put_effect(m, &e, TB_DO_YELLOW, tb__place_here(m, n)); break;
            case TB_P_REPORT: put_text(m, &e, TB_DO_REPORT, n->text); break;
            case TB_P_PROMPT: put_text(m, &e, TB_DO_PROMPT, n->text); break;
            default: break;
            }
        }
        if (p->kind == TB_P_STOPS) put_effect(m, &e, TB_DO_STOP, 0);
        if (p->kind == TB_P_IRREVERSIBLE) put_text(m, &e, TB_DO_IRREVERSIBLE, TB_NONE), v->irreversible = true;
        if (p->kind == TB_P_BY || p->kind == TB_P_APPROVE) v->posts = posts_of(m, p, &v->posts_n);
        if (p->kind == TB_P_CHOICE && p->names.count) tb__post_named(m, &p->names.items[0]);
        if (p->kind == TB_P_TIMES) v->times = p->number;
        if (p->kind == TB_P_CORRECTABLE) v->correct_n = p->duration.n, v->correct_unit = (enum tb_unit)p->duration.unit;
        if (p->kind == TB_P_TIMES && p->number < 1)
            TB__REPORT(m, LIMIT_RANGE, p->span, tb_str_printf(m->c->a, "%d", MOST_TIMES), TB_NONE, TB_NONE);
        if (p->kind == TB_P_IF && p->expr) {
            v->guard = tb_condition_check(m->c->a, m->p, p->expr, m->c->d);
            v->guard_text = tb__condition_text(m->p->sources, p->expr);
            v->said = p->expr;
        }
        if (p->kind == TB_P_BASIS && p->laws.count) v->laws = p->laws.items, v->laws_n = p->laws.count;
    }
    if (!v->times && always_first(v->act)) v->times = 1; /* M13 */
    v->stated = texts_of(m, c, TB_P_STATE, 0, &v->stated_n);
    v->choices = texts_of(m, c, TB_P_CHOICE, 1, &v->choices_n);
    v->held = v->kind == TB_MOVE_ACT ? tb__held_stated(m->p, v) : 0;
    if (v->held) {
        put_effect(m, &e, TB_DO_RECORD, m->p->helds.items[v->held - 1].milestone);
        e.list.items[e.list.count - 1].held = v->held;
    }
    v->effects = e.list.items;
    v->effects_n = e.list.count;
}

static uint32_t outcome_named(tb__matter *m, tb_str name) {
    uint32_t at;
    TB__FIND(m->p->outcomes, , name, at);
    if (at != TB_NO_INDEX) return at;
    *TB_PUSH(m->c->a, m->p->outcomes) = name;
    return m->p->outcomes.count - 1;
}

/* Outcomes must be known before the chart is built: their states stand beside LIVE. */
static void collect_outcomes(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            const tb_part *close = c->kind == TB_C_EVENT ? tb_part_of(c, TB_P_CLOSE) : NULL;
            if (close) outcome_named(m, close->names.count ? close->names.items[0].text : TB_STR("办结"));
        }
}

static uint16_t entry_of_step(tb__matter *m, uint32_t step) {
    for (uint32_t i = 0; i < m->leaves.count; i++)
        if (m->leaves.items[i].step == step) return m->leaves.items[i].entry;
    return TB_NO_STATE;
}

static uint16_t named_target(tb__matter *m, const tb_name *n) {
    uint32_t step;
    TB__FIND(m->p->steps, .name, n->text, step);
    if (step != TB_NO_INDEX) {
        if (m->obligation[step]) TB__REPORT(m, OBLIGATION_TARGET, n->span, n->text, TB_NONE, TB_NONE);
        return entry_of_step(m, step);
    }
    for (uint32_t i = 0; i < m->branches.count; i++)
        if (m->branches.items[i].section->kind == TB_S_PARALLEL &&
            tb_str_eq(m->branches.items[i].section->name.text, n->text))
            return m->branches.items[i].state;
    TB__REPORT(m, UNKNOWN_STEP, n->span, n->text, TB_NONE, TB_NONE);
    return TB_NO_STATE;
}

static tb__branch_states *branch_around(tb__matter *m, uint16_t branch) {
    for (uint32_t i = 0; i < m->branches.count; i++)
        if (m->branches.items[i].state == branch) return &m->branches.items[i];
    return NULL;
}

/* Where a clause leads, for one place it stands in: `leaf` for a step's, NULL for 任一环节 and 并行; `branch` around
 * it, or NULL. */
tb__target tb__target_of(tb__matter *m, const tb_section *s, const tb_clause *c, const tb__leaf *leaf,
                         tb__branch_states *branch) {
    static const enum tb_part_kind kinds[] = {TB_P_GOTO, TB_P_RETURN, TB_P_CLOSE, TB_P_COMPLETE, TB_P_REJECT};
    tb__target t = {.state = TB_NO_STATE};
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        bool leads = false;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) leads |= p->kind == kinds[k];
        if (!leads) continue;
        if (t.part) {
            TB__REPORT(m, TWO_TARGETS, p->span, TB_NONE, TB_NONE, TB_NONE);
            break;
        }
        t.part = p;
        if (p->kind == TB_P_GOTO || p->kind == TB_P_RETURN) {
            if (!tb__history_target(m, s, p, leaf, branch)) continue;
            if (tb__names_history(p)) t.state = m->history, t.text = TB_STR("原环节");
            else if (p->names.count) t.state = named_target(m, &p->names.items[0]), t.text = p->names.items[0].text;
        } else if (p->kind == TB_P_CLOSE) {
            t.text = p->names.count ? p->names.items[0].text : TB_STR("办结");
            if (branch) TB__REPORT(m, CLOSE_IN_BRANCH, p->span, TB_NONE, TB_NONE, TB_NONE);
            t.state = m->outcome_state[outcome_named(m, t.text)];
        } else if (p->kind == TB_P_COMPLETE && leaf && leaf->done != TB_NO_STATE) {
            t.state = leaf->done;
            t.text = TB_STR("完成");
        } else if (branch && (p->kind == TB_P_COMPLETE || branch->rejected != TB_NO_STATE)) {
            t.state = p->kind == TB_P_COMPLETE ? branch->done : branch->rejected;
            branch->completes |= p->kind == TB_P_COMPLETE;
            t.text = p->kind == TB_P_COMPLETE ? TB_STR("完成") : TB_STR("不予");
        } else {
            TB__REPORT(m, COMPLETE_WHERE, p->span, s->name.text,
                       tb_str_z(tb_part_word(p->kind, m->english ? TB_LANG_EN : TB_LANG_ZH)), TB_NONE);
        }
    }
    return t;
}

void tb__add_transition(tb__matter *m, uint16_t source, uint32_t event, uint16_t target, uint32_t move) {
    uint16_t targets[1] = {target};
    tb_chart_transition(m->builder, source, event, false, targets, target == TB_NO_STATE ? 0 : 1, move);
    *TB_PUSH(m->c->a, m->transition_move) = move;
}

uint32_t tb__new_move(tb__matter *m, tb_move v) {
    tb_program *p = m->p;
    tb_str where = v.step == TB_NO_INDEX ? TB_STR("任一环节") : p->steps.items[v.step].name;
    v.key = tb_str_printf(m->c->a, "%.*s·%.*s", TB_FMT(where), TB_FMT(v.act));
    uint32_t same = 1;
    for (uint32_t i = 0; i < p->moves.count; i++)
        same += p->moves.items[i].step == v.step && tb_str_eq(p->moves.items[i].act, v.act);
    if (same > 1) v.key = tb_str_printf(m->c->a, "%.*s#%u", TB_FMT(v.key), same);
    if (v.returns && !v.times && !m->c->in->stored) TB__REPORT(m, RETURN_TIMES, v.span, v.act, v.target, TB_NONE);
    *TB_PUSH(m->c->a, p->moves) = v;
    return p->moves.count - 1;
}

/* An act bears the name its author gave it; only 逾期 is the engine's, with its English twin (「accepted」 may be an
 * act, though it is also 受理). */
static tb_str act_of(const tb_clause *c) {
    tb_str name = c->names.items[0].text;
    return tb_str_is(tb__fixed_name(name), "逾期") ? TB_STR("逾期") : name;
}

static uint32_t event_of(tb__matter *m, tb_str act) {
    uint32_t at;
    TB__FIND(m->p->acts, , act, at);
    if (at == TB_NO_INDEX) {
        *TB_PUSH(m->c->a, m->p->acts) = act;
        at = m->p->acts.count - 1;
    }
    return at + TB_EVENT_FIRST_ACT;
}

#define EXTEND "延长期限" /* the act that 期限延长 gives */
#define ADJUST "调整期限" /* the act that 期限调整 gives */

/* Acts get their numbers first; internal events come after them. */
static void collect_acts(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            bool step = m->sections[i]->kind == TB_S_STEP || m->sections[i]->kind == TB_S_ANYWHERE;
            if (c->kind != TB_C_EVENT || !c->names.count || !step || tb_str_is(act_of(c), "逾期") ||
                tb__outside_timeout(m->sections[i], act_of(c)))
                continue;
            if (tb_builtin_act(act_of(c))) TB__REPORT(m, BUILTIN_ACT, c->head, act_of(c), TB_NONE, TB_NONE);
            if ((m->p->extension_n && tb_str_is(act_of(c), EXTEND)) || (m->p->adjusts && tb_str_is(act_of(c), ADJUST)))
                TB__REPORT(m, DUPLICATE, c->head, act_of(c), TB_NONE, TB_NONE); /* it would hide the built-in one */
            event_of(m, act_of(c));
            if (tb_part_of(c, TB_P_STOPS) && tb__along_act(act_of(c)).n) event_of(m, tb__along_act(act_of(c)));
        }
    if (m->p->extension_n) event_of(m, TB_STR(EXTEND));
    if (m->p->adjusts) event_of(m, TB_STR(ADJUST));
    m->internal_events = TB_EVENT_FIRST_ACT + m->p->acts.count;
}

/* Of two clauses for one act the first that is open is taken: after one without 若 and 限 the second never is. */
static void check_hidden(tb__matter *m, const tb_section *s, const tb_clause *c) {
    for (const tb_clause *x = s->clauses.items; x < c; x++) {
        if (x->kind != TB_C_EVENT || !x->names.count || !tb_str_eq(act_of(x), act_of(c))) continue;
        if (tb_part_of(x, TB_P_IF) || tb_part_of(x, TB_P_TIMES) || always_first(x->names.items[0].text)) continue;
        TB__REPORT(m, DUPLICATE, c->head, act_of(c), TB_NONE, TB_NONE)->other = x->head;
        return;
    }
}

static void along_back(tb__matter *m, const tb_move *stop) {
    tb_move back = tb__along_back(m, stop);
    uint32_t event = event_of(m, back.act), move = tb__new_move(m, back);
    for (uint32_t i = 0; i < m->leaves.count; i++)
        if (m->leaves.items[i].step == stop->step)
            tb__add_transition(m, m->leaves.items[i].state, event, TB_NO_STATE, move);
}

static void step_clause(tb__matter *m, const tb_section *s, uint32_t step, const tb_clause *c) {
    tb_program *p = m->p;
    tb__enter_copy(m, s);
    tb_str act = act_of(c);
    bool overdue = tb_str_is(act, "逾期") || tb__outside_timeout(s, act);
    tb_move v = {.kind = overdue ? TB_MOVE_OVERDUE : TB_MOVE_ACT,
                 .act = act,
                 .step = step,
                 .before = TB_NO_INDEX,
                 .span = c->span};
    if (overdue && p->steps.items[step].clock == TB_NO_INDEX)
        TB__REPORT(m, EVENT_WHERE, c->head, act, TB_NONE, TB_NONE);
    tb__fill_effects(m, c, &v);
    tb__outside_move(m, &v, c);
    tb__along_move(m, &v, c);
    uint32_t event = overdue ? (uint32_t)TB_EVENT_OVERDUE : event_of(m, act), move = TB_NO_INDEX;
    for (uint32_t i = 0; i < m->leaves.count; i++) {
        const tb__leaf *leaf = &m->leaves.items[i];
        if (leaf->step != step) continue;
        tb__target t = tb__target_of(m, s, c, leaf, branch_around(m, p->steps.items[step].branch));
        if (move == TB_NO_INDEX) {
            v.target = t.text;
            v.leaves = t.state != TB_NO_STATE;
            v.rejects = t.part && t.part->kind == TB_P_REJECT;
            v.returns = t.part && t.part->kind == TB_P_RETURN;
            v.resumes = t.part && t.state == m->history && t.state != TB_NO_STATE;
            move = tb__new_move(m, v);
        }
        if (t.part && t.state == TB_NO_STATE) continue; /* reported */
        tb__add_transition(m, leaf->state, event, t.state, move);
    }
    if (v.along == TB_ALONG_STOP) along_back(m, &v);
}

/* The regions of a host: waiting until the condition holds on entry or later (M15), by an eventless transition. */
static void obligation_moves(tb__matter *m, const tb_section *s, uint32_t step) {
    for (uint32_t h = 0; h < m->leaves.count; h++) {
        if (m->leaves.items[h].step != step || m->leaves.items[h].host == TB_NO_STATE) continue;
        uint32_t next = h + 1;
        for (uint32_t i = 0; i < s->clauses.count; i++) {
            const tb_clause *c = &s->clauses.items[i];
            uint32_t must = c->kind == TB_C_OBLIGATION ? obligation_step(m, c, false) : TB_NO_INDEX;
            if (must == TB_NO_INDEX) continue;
            const tb_part *condition = tb_part_of(c, TB_P_IF);
            tb_move v = {.kind = TB_MOVE_OBLIGE,
                         .act = tb__path2(m, TB_STR("应当"), "", m->p->steps.items[must].name),
                         .step = step,
                         .before = TB_NO_INDEX,
                         .target = m->p->steps.items[must].name,
                         .span = c->span};
            if (condition && condition->expr) {
                v.guard = tb_condition_check(m->c->a, m->p, condition->expr, m->c->d);
                v.guard_text = tb__condition_text(m->p->sources, condition->expr);
            }
            const tb__leaf *inner = &m->leaves.items[next++];
            tb__add_transition(m, (uint16_t)(inner->state - 1), TB_EVENT_NONE, inner->state, tb__new_move(m, v));
        }
    }
}

/* The gate of each copy (逐一): on when the list holds its item, else past all of it. */
static void gate_moves(tb__matter *m) {
    for (uint32_t i = 0; i < m->branches.count; i++) {
        const tb__branch_states *b = &m->branches.items[i];
        if (b->section->kind != TB_S_BRANCH || b->gate == TB_NO_STATE) continue;
        const tb__copy *copy = tb__copy_of(m, b->section);
        tb_condition *holds = TB_NEW(m->c->a, tb_condition);
        *holds = (tb_condition){.kind = TB_X_ITEMS,
                                .column = TB_NO_INDEX,
                                .type = TB_T_LIST,
                                .literal = {.kind = TB_IS_NUMBER, .number = {copy->item, 0}},
                                .span = b->section->each.span};
        TB__FIND(m->p->fields, .name, copy->field, holds->index);
        tb_move v = {.kind = TB_MOVE_EACH,
                     .act = tb__path2(m, b->section->name.text, "·", TB_STR("有此项")),
                     .step = TB_NO_INDEX,
                     .before = TB_NO_INDEX,
                     .guard = holds,
                     .target = b->section->name.text,
                     .span = b->section->span};
        tb__add_transition(m, b->gate, TB_EVENT_NONE, (uint16_t)(b->gate + 1), tb__new_move(m, v));
        v.act = tb__path2(m, b->section->name.text, "·", TB_STR("无此项"));
        v.guard = NULL;
        tb__add_transition(m, b->gate, TB_EVENT_NONE, b->beyond, tb__new_move(m, v));
    }
}

static void anywhere_clause(tb__matter *m, const tb_section *s, const tb_clause *c) {
    tb_str act = act_of(c);
    tb__enter_copy(m, s);
    tb_move v = {.kind = TB_MOVE_ACT, .act = act, .step = TB_NO_INDEX, .before = TB_NO_INDEX, .span = c->span};
    if (tb_str_is(act, "逾期")) TB__REPORT(m, EVENT_WHERE, c->head, act, TB_NONE, TB_NONE);
    if (s->before.text.n) {
        bool first;
        v.before = tb__milestone_ref(m, s->before.text, &first);
    }
    tb__fill_effects(m, c, &v);
    tb__along_move(m, &v, c);
    if (tb__papers_expiry(m, act)) { /* of a post that nobody holds: the limit sends it */
        uint32_t *nobody = TB_NEW(m->c->a, uint32_t);
        *nobody = m->p->outside;
        if (v.posts_n) TB__REPORT(m, REPLY_BY, c->head, act, TB_NONE, TB_NONE);
        v.posts = nobody, v.posts_n = 1;
    }
    if (!v.posts_n) TB__REPORT(m, ANYWHERE_WHO, c->head, act, TB_NONE, TB_NONE);
    tb__target t = tb__target_of(m, s, c, NULL, NULL);
    v.target = t.text;
    v.leaves = t.state != TB_NO_STATE;
    v.returns = t.part && t.part->kind == TB_P_RETURN;
    v.interrupts = t.part && tb__interrupting_step(m, t.part);
    if (!t.part || t.state != TB_NO_STATE) tb__add_transition(m, m->p->live, event_of(m, act), t.state, tb__new_move(m, v));
}

/* 限 N次 of a clause that gives an act; once, when it does not say. */
static int times_of(tb__matter *m, const tb_clause *c) {
    const tb_part *times = tb_part_of(c, TB_P_TIMES);
    if (!times) return 1;
    if (times->number < 1)
        TB__REPORT(m, LIMIT_RANGE, times->span, tb_str_printf(m->c->a, "%d", MOST_TIMES), TB_NONE, TB_NONE);
    return times->number;
}

/* What an act that a clause of the matter gives does, and the documents that the clause issues with it. */
static void clause_effects(tb__matter *m, const tb_clause *c, enum tb_effect_kind kind, tb_move *v) {
    struct effects e = {0};
    put_effect(m, &e, kind, 0);
    const tb_part *issue = tb_part_of(c, TB_P_ISSUE);
    for (uint32_t k = 0; issue && k < issue->names.count; k++)
        put_effect(m, &e, TB_DO_ISSUE, tb__document_named(m, &issue->names.items[k]));
    v->effects = e.list.items;
    v->effects_n = e.list.count;
}

/* Such an act is possible as long as the case runs. */
static uint32_t act_while_live(tb__matter *m, tb_move v) {
    uint32_t number = tb__new_move(m, v);
    tb__add_transition(m, m->p->live, event_of(m, v.act), TB_NO_STATE, number);
    return number;
}

static void extension_move(tb__matter *m) {
    m->item = 0;
    for (uint32_t i = 0; i < m->head->clauses.count && m->p->extension_n; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        const tb_part *by = c->kind == TB_C_EXTENSION ? tb_part_of(c, TB_P_BEFORE_EXPIRY) : NULL;
        if (!by) continue;
        tb_str *stated = TB_NEW_ARRAY(m->c->a, 1, tb_str);
        stated[0] = TB_STR("理由"); /* 行政许可法 42: the applicant is told why */
        tb_move v = {.kind = TB_MOVE_ACT,
                     .act = TB_STR(EXTEND),
                     .step = TB_NO_INDEX,
                     .before = TB_M_DECIDED,
                     .times = times_of(m, c),
                     .stated = stated,
                     .stated_n = 1,
                     .span = c->span};
        v.posts = posts_of(m, by, &v.posts_n);
        clause_effects(m, c, TB_DO_EXTEND, &v);
        m->p->extension_move = act_while_live(m, v);
        return;
    }
}

/* What may be wrong with 期限调整 that its names do not say; an empty text: nothing. */
static tb_str adjustment_wrong(tb__matter *m, const tb_move *v) {
    bool any = false;
    for (uint32_t i = 0; i < m->p->clocks.count; i++) any |= tb__adjustable(&m->p->clocks.items[i]);
    if (!any)
        return TB__SAY(m, "没有可以调整的期限：环节的期限、承诺期限，都没有，或者都依法律规定",
                       "there is no limit to adjust: no step limit or promise that no law sets");
    for (uint32_t i = 0; i < v->posts_n; i++)
        if (v->posts[i] == TB_POST_APPLICANT)
            return TB__SAY(m, "不能由 申请人 批准", "the applicant cannot approve it");
    return TB_NONE;
}

static void adjustment_move(tb__matter *m) {
    m->item = 0;
    for (uint32_t i = 0; i < m->head->clauses.count && m->p->adjusts; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        if (c->kind != TB_C_ADJUSTMENT) continue;
        const tb_part by = {.names = c->names};
        tb_str *stated = TB_NEW_ARRAY(m->c->a, 3, tb_str);
        stated[0] = TB_STR(TB__ADJUST_LIMIT), stated[1] = TB_STR(TB__ADJUST_TO), stated[2] = TB_STR("理由");
        tb_move v = {.kind = TB_MOVE_ACT,
                     .act = TB_STR(ADJUST),
                     .step = TB_NO_INDEX,
                     .before = TB_NO_INDEX,
                     .times = times_of(m, c),
                     .stated = stated,
                     .stated_n = 3,
                     .span = c->span};
        v.posts = posts_of(m, &by, &v.posts_n);
        clause_effects(m, c, TB_DO_ADJUST, &v);
        tb_str wrong = adjustment_wrong(m, &v);
        if (wrong.n) TB__REPORT(m, ADJUSTMENT, c->span, wrong, TB_NONE, TB_NONE);
        m->p->adjustment_move = act_while_live(m, v);
        return;
    }
}

static void mode_starts(tb__matter *m) {
    tb_program *p = m->p;
    for (uint32_t i = 0; i < p->modes.count; i++) {
        p->modes.items[i].start = TB_NO_STATE;
        for (uint32_t k = 0; k < m->leaves.count && p->modes.items[i].start == TB_NO_STATE; k++) {
            const tb__leaf *leaf = &m->leaves.items[k];
            const tb_step_def *s = &p->steps.items[leaf->step];
            if (leaf->done != TB_NO_STATE || s->branch != TB_NO_STATE || !(s->modes >> i & 1)) continue;
            p->modes.items[i].start = leaf->entry;
            if (s->interrupts) TB__REPORT(m, HISTORY_ENTRY, s->span, s->name, TB_NONE, TB_NONE);
        }
        if (p->modes.items[i].start == TB_NO_STATE)
            TB__REPORT(m, NO_START, m->head->name.span, p->modes.items[i].name, TB_NONE, TB_NONE);
    }
}

bool tb__matter_chart(tb__matter *m) {
    tb_program *p = m->p;
    tb_arena *a = m->c->a;
    const char *error = NULL;
    check_containers(m);
    collect_outcomes(m);
    collect_acts(m);
    m->builder = tb_chart_begin(a);
    uint16_t root = add_state(m, TB_NO_STATE, TB_COMPOUND, TB_NODE_ROOT, 0, TB_STR("/"));
    p->live = add_state(m, root, TB_COMPOUND, TB_NODE_LIVE, 0, TB_STR("在办"));
    tb__history_find(m);
    add_contents(m, p->live, TB_NONE, TB_NO_STATE, 0);
    bool history = false;
    for (uint32_t i = 0; i < p->steps.count; i++) history |= p->steps.items[i].interrupts;
    m->history = history ? add_state(m, p->live, TB_HISTORY_DEEP, TB_NODE_HISTORY, 0, TB_STR("原环节")) : TB_NO_STATE;
    if (!m->leaves.count || !p->outcomes.count) { /* told only when nothing else is wrong: it may follow from that */
        if (!m->c->d->errors) TB__REPORT(m, CANNOT_END, m->head->name.span, p->matter, TB_NONE, TB_NONE);
        return false;
    }
    m->outcome_state = TB_NEW_ARRAY(a, p->outcomes.count, uint16_t);
    for (uint32_t i = 0; i < p->outcomes.count; i++)
        m->outcome_state[i] =
            add_state(m, root, TB_FINAL, TB_NODE_OUTCOME, i, tb__path2(m, TB_STR("办结"), "：", p->outcomes.items[i]));
    if (m->nodes.count > TB_CHART_STATES) {
        TB__REPORT(m, TOO_MANY, m->head->span, TB__SAY(m, "环节和分支", "steps and branches"),
                   tb_str_printf(a, "%d", TB_CHART_STATES), TB_NONE);
        return false;
    }
    if (m->c->d->errors == m->errors_before) check_names(m); /* else it might repeat what was said */
    check_shared_obligations(m);
    mode_starts(m);
    if (history) tb_chart_initial(m->builder, m->history, &p->modes.items[0].start, 1); /* asked for, never used */
    for (uint32_t i = 0; i < m->sections_n; i++) { /* in order of writing: coverage and ties follow the text */
        const tb_section *s = m->sections[i];
        uint32_t step = TB_NO_INDEX;
        if (s->kind == TB_S_STEP) TB__FIND(p->steps, .name, s->name.text, step);
        if (step != TB_NO_INDEX && m->step_section[step] != s) continue;
        for (uint32_t k = 0; k < s->clauses.count; k++) {
            const tb_clause *c = &s->clauses.items[k];
            if (c->kind != TB_C_EVENT || !c->names.count) continue;
            if (step != TB_NO_INDEX || s->kind == TB_S_ANYWHERE || s->kind == TB_S_PARALLEL) check_hidden(m, s, c);
            if (step != TB_NO_INDEX) step_clause(m, s, step, c);
            else if (s->kind == TB_S_ANYWHERE) anywhere_clause(m, s, c);
        }
        if (step != TB_NO_INDEX) obligation_moves(m, s, step);
    }
    tb__outside_answers(m);
    tb__papers_check(m);
    extension_move(m);
    adjustment_move(m);
    gate_moves(m);
    tb__joins(m);
    uint32_t counted = 0;
    for (uint32_t i = 0; i < p->moves.count; i++) counted += tb__counted(p, i);
    if (counted > TB_COUNTED_MOVES)
        TB__REPORT(m, TOO_MANY, m->head->span, TB__SAY(m, "限次的动作", "acts with a count"),
                   tb_str_printf(a, "%d", TB_COUNTED_MOVES), TB_NONE);
    if (m->transition_move.count >= TB_CHART_TRANSITIONS)
        TB__REPORT(m, TOO_MANY, m->head->span, TB__SAY(m, "动作", "acts"), tb_str_printf(a, "%d", TB_CHART_TRANSITIONS),
                   TB_NONE);
    if (m->c->d->errors != m->errors_before) return false;
    p->chart = tb_chart_end(m->builder, &error);
    if (!p->chart) {
        TB__REPORT(m, CHART_BAD, m->head->name.span, tb_str_z(error), TB_NONE, TB_NONE);
        return false;
    }
    p->nodes = m->nodes.items;
    p->transition_move = m->transition_move.items;
    return true;
}

/* ---- looking names up, at run time ---- */

uint32_t tb_act_event(const tb_program *p, tb_str act) {
    for (uint32_t i = 0; i < p->acts.count; i++)
        if (tb_str_eq(p->acts.items[i], act)) return i + TB_EVENT_FIRST_ACT;
    return 0;
}

uint32_t tb_step_named(const tb_program *p, tb_str name) {
    uint32_t at;
    TB__FIND(p->steps, .name, name, at);
    return at;
}

tb_str tb_span_text(tb_arena *a, const tb_program *p, tb_span span) {
    if (span.file >= p->sources->list.count) return TB_NONE;
    return tb_str_printf(a, "%.*s:%u", TB_FMT(p->sources->list.items[span.file].path),
                         tb_source_place(p->sources, span.file, span.from).line);
}
