/* See suggest.h. A search, breadth first, over cases of this matter: begun in each mode and for each way the form can answer the conditions,
 * moved on by every act that is open and by the next expiry. Two cases are the same when the same steps are active and the same things have
 * happened; times and persons are left out. The first way found to something uncovered is a shortest one; the longest of those
 * ways are taken first, since a long way covers much of what lies on it. */
#include "names.h"
#include "suggest.h"
#include "case.h"
#include "proof/proof.h"
#include "scenario_work.h"
#include <string.h>

typedef struct node {
    tb_case *c;
    int64_t now;
    uint32_t from; /* TB_NO_INDEX: a submission */
    uint32_t depth, way;
    tb_str line;           /* what led here, as a sentence */
    const uint32_t *moves; /* taken by it */
    uint32_t moves_n;
    uint32_t expiry; /* clock that ran out; TB_NO_INDEX */
    bool known;      /* another way led to the same before: told, but not gone on from */
} node;

/* Something uncovered, and where it was found. */
typedef struct target {
    uint32_t move, expiry, refusal; /* one of them; TB_NO_INDEX the others */
    uint32_t at;                    /* node after it; for a refusal: before it. TB_NO_INDEX: not found */
    tb_str line;                    /* the refused sentence */
} target;

struct spelling {
    tb_str name, written;
};

struct search {
    tb_arena *a;       /* what is kept */
    tb_arena *scratch; /* what is tried from one node: reset after it */
    const tb_program *p;
    const tb_env *env;
    const tb_scenario_report *have;
    tb_suggestions *out;
    TB_LIST(node) nodes;
    TB_LIST(target) targets;
    TB_LIST(struct spelling) names;
    uint64_t *seen;
    uint32_t seen_room, seen_n;
    bool full;
};

/* ---- states ---- */

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    return h ^ h >> 32;
}

static uint64_t signature(const struct search *k, const tb_case *c, uint32_t way) {
    const tb_program *p = k->p;
    uint64_t h = mix(0x9e3779b97f4a7c15u, way); /* the mode, and all that the form decides */
    uint32_t words = (uint32_t)TB_CHART_WORDS(tb_chart_states(p->chart));
    for (uint32_t i = 0; i < words; i++) h = mix(h, c->active[i]);
    for (uint32_t i = 0; i < p->milestones.count; i++) h = mix(h, c->milestones[i].count > 0);
    for (uint32_t i = 0; i < p->moves.count; i++) h = mix(h, p->moves.items[i].times ? c->taken[i] : 0);
    for (uint32_t i = 0; i < p->documents.count; i++) {
        bool there = false;
        for (uint32_t n = 0; n < c->issued.count; n++)
            there |= c->issued.items[n].document == i && !c->issued.items[n].voided;
        h = mix(h, there);
    }
    for (uint32_t i = 0; i < c->clocks.count; i++)
        h = mix(h, (uint64_t)c->clocks.items[i].def << 1 | c->clocks.items[i].overdue);
    return mix(h, c->outcome) | 1;
}

/* true: not seen before. */
static bool fresh(struct search *k, uint64_t h) {
    uint32_t at = (uint32_t)(h >> 20) & (k->seen_room - 1);
    for (; k->seen[at]; at = (at + 1) & (k->seen_room - 1))
        if (k->seen[at] == h) return false;
    if (k->seen_n * 2 >= k->seen_room) return k->full = true, false;
    k->seen[at] = h;
    k->seen_n++;
    return true;
}

/* ---- trying ---- */

static tb_clause *clause(struct search *k, enum tb_clause_kind kind, tb_str name) {
    tb_clause *c = TB_NEW(k->scratch, tb_clause);
    *c = (tb_clause){.kind = kind, .day = TB_NO_DAY, .day_to = TB_NO_DAY, .minutes = -1};
    if (name.n) TB_PUSH(k->scratch, c->names)->text = name;
    return c;
}

static tb_part *part(struct search *k, tb_clause *c, enum tb_part_kind kind, tb_str name) {
    tb_part *p = TB_PUSH(k->scratch, c->parts);
    *p = (tb_part){.kind = kind, .day = TB_NO_DAY, .day_to = TB_NO_DAY};
    if (name.n) TB_PUSH(k->scratch, p->names)->text = name;
    return p;
}

/* Asking the parser costs, and the same names come again and again. */
static tb_str written(struct search *k, tb_str s) {
    for (uint32_t i = 0; i < k->names.count; i++)
        if (tb_str_eq(k->names.items[i].name, s)) return k->names.items[i].written;
    *TB_PUSH(k->a, k->names) = (struct spelling){s, tb_name_written(k->a, s)};
    return k->names.items[k->names.count - 1].written;
}

static tb_str time_text(struct search *k, int64_t at) {
    char text[TB_TIME_TEXT];
    tb_time_text(at, text);
    text[10] = ' ';
    return tb_str_printf(k->scratch, "%.16s", text);
}

/* Runs one sentence on a copy of where we are; what it covered is in `report`. */
static bool attempt(struct search *k, const node *from, int64_t at, const tb_clause *c, tb__scenario *r,
                    tb_scenario_report **report, tb_scenario_result *result) {
    *report = tb__scenario_report_new(k->scratch, k->p);
    *result = (tb_scenario_result){.passed = true};
    tb__scenario_begin(r, k->scratch, k->p, k->env, *report, result);
    if (from) r->c = from->c, r->now = from->now;
    if (at != INT64_MIN) r->now = at;
    return tb__scenario_line(r, c);
}

static void reached(struct search *k, const node *n, uint32_t index) {
    for (uint32_t i = 0; i < k->targets.count; i++) {
        target *t = &k->targets.items[i];
        if (t->at != TB_NO_INDEX) continue;
        if (t->expiry != TB_NO_INDEX && t->expiry == n->expiry) t->at = index;
        for (uint32_t m = 0; m < n->moves_n; m++)
            if (t->move != TB_NO_INDEX && t->move == n->moves[m]) t->at = index;
    }
}

static void add_node(struct search *k, node n, const tb_scenario_report *report) {
    uint32_t *moves = TB_NEW_ARRAY(k->scratch, k->p->moves.count, uint32_t);
    for (uint32_t i = 0; i < k->p->moves.count; i++)
        if (report->covered[i]) moves[n.moves_n++] = i;
    n.moves = moves;
    if (n.from != TB_NO_INDEX) n.depth = k->nodes.items[n.from].depth + 1, n.way = k->nodes.items[n.from].way;
    bool news = fresh(k, signature(k, n.c, n.way));
    bool wanted = false; /* a way back to a known place may still be the only one that takes this act */
    for (uint32_t i = 0; i < k->targets.count && !wanted; i++) {
        const target *t = &k->targets.items[i];
        if (t->at != TB_NO_INDEX) continue;
        wanted = t->expiry != TB_NO_INDEX && t->expiry == n.expiry;
        for (uint32_t m = 0; m < n.moves_n; m++) wanted |= t->move != TB_NO_INDEX && t->move == n.moves[m];
    }
    if (!news && !wanted) return;
    uint32_t *kept = TB_NEW_ARRAY(k->a, n.moves_n, uint32_t);
    if (n.moves_n) memcpy(kept, moves, n.moves_n * sizeof *kept);
    n.moves = kept;
    n.line = tb_str_copy(k->a, n.line);
    n.c = tb__case_copy(k->a, n.c);
    n.known = !news;
    *TB_PUSH(k->a, k->nodes) = n;
    reached(k, &n, k->nodes.count - 1);
}

/* The one sentence of a text. */
static const tb_clause *read_sentence(struct search *k, tb_str line) {
    tb_sources *sources = TB_NEW(k->scratch, tb_sources);
    tb_diagnostics d;
    tb_diagnostics_init(&d, k->scratch);
    uint32_t file =
        tb_source_add(k->scratch, sources, TB_STR("提交"), tb_str_printf(k->scratch, "用例 试：\n%.*s", TB_FMT(line)));
    const tb_tree *t = tb_parse(k->scratch, sources, file, &d);
    bool whole = t && !d.errors && t->sections.count == 1 && t->sections.items[0].clauses.count == 1;
    return whole ? &t->sections.items[0].clauses.items[0] : NULL;
}

static void submissions(struct search *k) {
    tb_proof_ways ways;
    bool complete = false;
    int32_t day = TB_NO_DAY;
    const tb_calendar *calendar = tb__calendar_at(k->env, tb_default_place(k->p, k->env->directory));
    if (calendar && tb_calendar_last_year(calendar)) day = tb_day(tb_calendar_last_year(calendar), 3, 1);
    if (day == TB_NO_DAY || tb_ways(k->a, k->p, &ways, &complete) != TB_OK) {
        k->full = true;
        return;
    }
    while (tb_weekday(day) != 1) day++;
    int64_t at = tb_day_start(day) + 9 * 3600000;
    k->full |= !complete || ways.count > TB_SUGGEST_WAYS;
    for (uint32_t i = 0; i < ways.count && i < TB_SUGGEST_WAYS; i++) {
        tb_str line = tb_str_printf(k->a, "  %.*s %.*s。\n", TB_FMT(time_text(k, at)), TB_FMT(ways.items[i]));
        const tb_clause *c = read_sentence(k, line);
        tb__scenario r;
        tb_scenario_report *report;
        tb_scenario_result result;
        if (c && attempt(k, NULL, at, c, &r, &report, &result) && r.c)
            add_node(k, (node){.c = r.c, .now = at, .from = TB_NO_INDEX, .line = line, .way = i, .expiry = TB_NO_INDEX},
                     report);
        tb_arena_reset(k->scratch);
    }
}

/* Without its end. */
static tb_str act_line(struct search *k, int64_t at, tb_str act, tb_str step, bool several) {
    if (!several) return tb_str_printf(k->scratch, "  %.*s %.*s", TB_FMT(time_text(k, at)), TB_FMT(written(k, act)));
    return tb_str_printf(k->scratch, "  %.*s %.*s，环节 %.*s", TB_FMT(time_text(k, at)), TB_FMT(written(k, act)),
                         TB_FMT(written(k, step)));
}

static tb_str refused_line(struct search *k, int64_t at, tb_str act, tb_str step, bool several,
                           enum tb_refusal_code code) {
    tb_str head = act_line(k, at, act, step, several);
    return tb_str_printf(k->a, "%.*s，应当拒绝 %s。\n", TB_FMT(head), tb_refusal_name(code));
}

static void refusal_found(struct search *k, uint32_t at_node, int64_t at, const tb_possible *x,
                          enum tb_refusal_code code, bool several) {
    for (uint32_t i = 0; i < k->targets.count; i++) {
        target *t = &k->targets.items[i];
        if (t->at != TB_NO_INDEX || t->refusal == TB_NO_INDEX) continue;
        const tb_scenario_refusal *want = &k->have->refusals.items[t->refusal];
        if (want->move != x->move || want->code != code) continue;
        t->at = at_node;
        t->line = refused_line(k, at, k->p->moves.items[x->move].act, k->p->steps.items[x->step].name, several, code);
    }
}

static void try_acts(struct search *k, uint32_t index) {
    node n = k->nodes.items[index];
    tb_possibles *list;
    int64_t at = n.now + 60000;
    if (tb_possible_acts(k->scratch, n.c, k->env, &list) != TB_OK) return;
    for (uint32_t i = 0; i < list->count; i++) {
        const tb_possible *x = &list->items[i];
        if (x->move >= k->p->moves.count) continue; /* built in: 签收 … */
        const tb_move *m = &k->p->moves.items[x->move];
        bool several = n.c->tasks.count > 1;
        tb_str step = k->p->steps.items[x->step].name;
        if (!x->open) {
            refusal_found(k, index, at, x, x->blocked.code, several);
            continue;
        }
        tb_clause *c = clause(k, TB_C_AT, m->act);
        if (several) part(k, c, TB_P_STEPS, step);
        tb__scenario r;
        tb_scenario_report *report;
        tb_scenario_result result;
        if (!attempt(k, &n, at, c, &r, &report, &result)) continue;
        tb_str line = tb_str_printf(k->scratch, "%.*s。\n", TB_FMT(act_line(k, at, m->act, step, several)));
        add_node(k, (node){.c = r.c, .now = at, .from = index, .line = line, .expiry = TB_NO_INDEX}, report);
    }
}

/* The first expiry, past the alerts on the way to it. */
static void earlier_expiry(void *user, const tb_timer *x) {
    tb_timer *first = user;
    if (!x->alert && !x->recheck && (!first->key.n || x->due < first->due)) *first = *x;
}

static void try_expiry(struct search *k, uint32_t index) {
    node n = k->nodes.items[index];
    tb_timer t = {0};
    tb_each_timer(n.c, k->env, earlier_expiry, &t);
    if (!t.key.n) return;
    bool midnight = tb_day_start(tb_day_of(t.due)) == t.due; /* 24:00: looked at in the morning */
    int64_t at = midnight ? t.due + 9 * 3600000 : t.due + 60000;
    if (at <= n.now) at = n.now + 60000;
    uint32_t expiry;
    TB__FIND(k->p->clocks, .name, t.key, expiry);
    tb__scenario r;
    tb_scenario_report *report;
    tb_scenario_result result = {.passed = true};
    report = tb__scenario_report_new(k->scratch, k->p);
    tb__scenario_begin(&r, k->scratch, k->p, k->env, report, &result);
    r.c = n.c;
    r.now = n.now;
    if (!tb__scenario_wait(&r, at)) return;
    tb_str line = tb_str_printf(k->scratch, "  %.*s 逾期。\n", TB_FMT(time_text(k, at)));
    add_node(k, (node){.c = r.c, .now = at, .from = index, .line = line, .expiry = expiry}, report);
}

/* ---- telling ---- */

static bool all_found(const struct search *k) {
    for (uint32_t i = 0; i < k->targets.count; i++)
        if (k->targets.items[i].at == TB_NO_INDEX) return false;
    return true;
}

static void tell(struct search *k, target *t, bool *done) {
    tb_buf b;
    tb_str what;
    tb_buf_init(&b, k->a);
    if (t->move != TB_NO_INDEX) what = k->p->moves.items[t->move].key;
    else if (t->expiry != TB_NO_INDEX)
        what = tb_str_printf(k->a, "%.*s·逾期", TB_FMT(k->p->clocks.items[t->expiry].name));
    else {
        const tb_scenario_refusal *x = &k->have->refusals.items[t->refusal];
        what = tb_str_printf(k->a, "%.*s·%s", TB_FMT(k->p->moves.items[x->move].key), tb_refusal_name(x->code));
    }
    tb_putf(&b, "用例 「补 %.*s」：  # tongban test --suggest 写出：请逐句核对是不是应当如此\n", TB_FMT(what));
    uint32_t path[TB_SUGGEST_STATES + 8], n = 0;
    for (uint32_t at = t->at; at != TB_NO_INDEX && n < TB_SUGGEST_STATES; at = k->nodes.items[at].from) path[n++] = at;
    for (uint32_t i = n; i-- > 0;) {
        const node *x = &k->nodes.items[path[i]];
        tb_putstr(&b, x->line);
        for (uint32_t j = 0; j < k->targets.count; j++) {
            const target *o = &k->targets.items[j];
            if (o->expiry != TB_NO_INDEX && o->expiry == x->expiry) done[j] = true;
            for (uint32_t m = 0; m < x->moves_n; m++)
                if (o->move != TB_NO_INDEX && o->move == x->moves[m]) done[j] = true;
        }
    }
    for (uint32_t j = 0; j < k->targets.count; j++) { /* refusals at its end cost one line each */
        if (k->targets.items[j].at != t->at || k->targets.items[j].refusal == TB_NO_INDEX || done[j]) continue;
        tb_putstr(&b, k->targets.items[j].line);
        done[j] = true;
    }
    const node *last = &k->nodes.items[t->at];
    if (last->c) {
        bool closed = last->c->outcome != TB_NO_INDEX;
        tb_puts(&b, closed ? "  此时 " : "  此时 环节 ");
        if (closed) tb_putf(&b, "办结 %.*s", TB_FMT(written(k, k->p->outcomes.items[last->c->outcome])));
        for (uint32_t i = 0; i < last->c->tasks.count && !closed; i++)
            tb_putf(&b, "%s%.*s", i ? "、" : "",
                    TB_FMT(written(k, k->p->steps.items[last->c->tasks.items[i].step].name)));
        tb_puts(&b, "。\n");
    }
    *TB_PUSH(k->a, k->out->texts) = tb_buf_str(&b);
}

static void tell_all(struct search *k) {
    bool *done = TB_NEW_ARRAY(k->a, k->targets.count + 1, bool);
    for (;;) {
        target *best = NULL;
        for (uint32_t i = 0; i < k->targets.count; i++) {
            target *t = &k->targets.items[i];
            if (done[i] || t->at == TB_NO_INDEX) continue;
            if (!best || k->nodes.items[t->at].depth > k->nodes.items[best->at].depth) best = t;
        }
        if (!best) break;
        tell(k, best, done);
        done[best - k->targets.items] = true;
    }
    for (uint32_t i = 0; i < k->targets.count; i++) {
        k->out->moves += done[i] && k->targets.items[i].move != TB_NO_INDEX;
        k->out->expiries += done[i] && k->targets.items[i].expiry != TB_NO_INDEX;
        k->out->refusals += done[i] && k->targets.items[i].refusal != TB_NO_INDEX;
    }
}

static void want(struct search *k, uint32_t move, uint32_t expiry, uint32_t refusal) {
    *TB_PUSH(k->a, k->targets) = (target){.move = move, .expiry = expiry, .refusal = refusal, .at = TB_NO_INDEX};
}

static int work(void *arg) {
    struct search *k = arg;
    k->out = TB_NEW(k->a, tb_suggestions);
    k->seen_room = 32768; /* a power of two, above twice the states */
    k->seen = TB_NEW_ARRAY(k->a, k->seen_room, uint64_t);
    for (uint32_t i = 0; i < k->p->moves.count; i++)
        if (!k->have->covered[i]) want(k, i, TB_NO_INDEX, TB_NO_INDEX);
    for (uint32_t i = 0; i < k->have->expiries.count; i++)
        if (!k->have->expiries.items[i].covered) want(k, TB_NO_INDEX, k->have->expiries.items[i].clock, TB_NO_INDEX);
    for (uint32_t i = 0; i < k->have->refusals.count; i++)
        if (!k->have->refusals.items[i].covered) want(k, TB_NO_INDEX, TB_NO_INDEX, i);
    size_t before = tb_arena_bytes(k->a);
    if (k->targets.count) submissions(k);
    for (uint32_t i = 0; i < k->nodes.count && !all_found(k); i++) {
        if (i == TB_SUGGEST_STATES || (tb_arena_bytes(k->a) - before) >> 20 >= TB_SUGGEST_MIB) {
            k->full = true;
            break;
        }
        if (k->nodes.items[i].known || k->nodes.items[i].c->outcome != TB_NO_INDEX) continue;
        try_acts(k, i);
        try_expiry(k, i);
        tb_arena_reset(k->scratch);
    }
    k->out->complete = !k->full;
    tell_all(k);
    return TB_OK;
}

/* Memory of either arena may run out: then both attempts end here, and the caller frees both. */
static int work_in_scratch(void *arg) {
    struct search *k = arg;
    return tb_try(k->scratch, work, k);
}

int tb_suggest(tb_arena *a, tb_arena *scratch, const tb_program *p, const tb_env *env, const tb_scenario_report *have,
               tb_suggestions **out) {
    struct search k = {.a = a, .scratch = scratch, .p = p, .env = env, .have = have};
    int result = tb_try(a, work_in_scratch, &k);
    *out = result == TB_OK ? k.out : NULL;
    return result;
}
