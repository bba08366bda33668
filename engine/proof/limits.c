/* Worst-case limits: if every step keeps its own limit, does every statutory and promised span hold on every path?
 *
 * Time is laid over the graph of configurations as a longest-path problem. Each active task keeps the time it was
 * entered, each milestone that a limit counts from the time it was last (or first) set, in units of the span since
 * the span began. A step with a limit of n from its entry at x is left at x + n at the latest; with a limit from
 * milestone M set at v, at max(x, v + n): a step that begins after its limit ran out is left at once. A join happens
 * at the latest of its branches, a step with 应当 not before what it must wait for. All of these are maxima of sums,
 * so the longest path over "components" (a task's entry or a milestone's time in a state) is exact, and states
 * reached on several paths need only the componentwise maximum.
 *
 * The act comes at the last moment of the due day: n days. 逾期的 fires when that day has ended (24:00), which still
 * belongs to it (step.c): n days too, and a limit that begins then counts the next day as its first. A span that begins
 * with a back-dated milestone (受理日 最近一次收到材料日) is followed from the milestone it is dated to. Before a span
 * begins everything is taken to be done at once, the worst for limits that count from an earlier milestone. Steps with
 * 不计入期限 take no time of the span (M10). A step that overruns its limit and goes on (继续办理) does not keep it:
 * left out, unless 应当 holds it back (M15): then what it does meanwhile may come as late as what it waits for. A step
 * without a limit has no bound; nor has a loop that takes time and is not bounded by 限 N次. 续计 gives all visits of a
 * step one budget: one visit may take all of it (a maximum of sums is largest at such a corner).
 *
 * An interrupted step (转 原环节) keeps its times beside those of the step that interrupts it, and gets them back later by
 * what that step took at most: its own limit stood still, the span did not, unless the step is 不计入期限.
 *
 * The bound always holds. It is the longest path itself, not merely above it, but where what is known of a task depends
 * on when a task beside it must have acted (a span that ends inside a branch, a branch that can only refuse, a parallel
 * left by 任一办结的 or 满N个…的, a step with 应当 that has an 逾期的), or on time that went by before the span began (a
 * limit from 收到材料 after an expiry, a 续计 step used before, or interrupted and not gone back to, a step begun by an
 * expiry at 24:00 in which the span begins by 继续办理 or that is interrupted): there it may be a few days too long.
 * tests/test_proof.c holds both.
 *
 * Units. The span is measured in workdays, civil days, hours or working hours; a step's limit is converted by a bound
 * that holds for every calendar where there is one — n 自然日 are at most n workdays, n hours touch at most ⌈n/24⌉ later
 * days, a month at most 31 days — and otherwise by the worst stretch of the published calendar (n workdays in civil
 * days) or by its office hours (n 工作小时 touch at most ⌈n/8⌉ later workdays; n workdays hold at most the office hours of
 * n + 1), which the report then says. */
#include "proof_work.h"
#include <string.h>

enum {
    UNLIMITED = 1 << 28,
    REFERENCES = 64,  /* milestones that limits count from */
    KEEPS = 24,       /* steps with 续计 */
    CHECK_CYCLE = 32, /* updates of one component before its derivation is searched for a loop */
    SOURCE = 0,
    SINK = 1
};
enum { PHASE_NONE = -2, PHASE_RUNNING = -1 /* 0…: waits for the back-dating from reference k */ };

typedef struct term {
    uint32_t src, owner, also;
    int extra;
    bool spent, also_spent;
} term; /* value(src) + limit(owner) + limit(also) + extra; spent: without that limit */
typedef TB_LIST(term) terms;
typedef struct arc {
    uint32_t src, dst, edge;
    term t;
} arc;
typedef struct node {
    uint32_t state, keep, first;
    int phase;
} node;
typedef struct reference {
    uint32_t milestone;
    bool first;
} reference;

struct span {
    tb__proof *w;
    const tb_clock_def *def;
    tb_proof_span *out;
    enum tb_proof_measure measure;
    reference refs[REFERENCES];
    uint32_t refs_n;
    bool back[REFERENCES]; /* some move dates the span's beginning back to it */
    uint32_t *keep_bit;    /* by step; TB__NONE */
    uint32_t keeps;
    bool too_large;
    int *cost; /* by step: its limit in units of the span */
    int late;  /* 次一工作日收到 */
    TB_LIST(node) nodes;
    uint32_t *slots, slots_n; /* node index + 1 */
    uint32_t components;
    TB_LIST(uint32_t) node_of; /* by component */
    TB_LIST(arc) arcs;
    uint32_t *out_first, *out_arc; /* CSR by source component */
    uint8_t *matters;              /* by component: the span's end depends on it */
    /* the edge being followed */
    terms *leaf, ref[REFERENCES], now;
    int phase;
    bool dead, ends;
    bool resuming;   /* 转 原环节 was taken */
    term took;       /* what an interrupting step that is left took, at most: its limit, as `also` of others */
    bool took_known; /* else: until now */
    bool begins;     /* a run that waits for its back-dating begins by it; else it waits for a later one */
    uint32_t keep;
    uint64_t facts; /* references set */
    /* the last solution */
    int *value;
    uint32_t *queue, *updates; /* of solve(): components waiting, how often each was raised */
    uint8_t *waiting;
    uint32_t *by; /* arc */
    uint64_t relaxed;
    uint32_t also_keep; /* a step taken as 续计 for the sake of argument, + 1 */
    uint8_t *runs_on;   /* by step: the span runs in it, though others stand still there */
    uint32_t unlimited; /* a step without a limit that the end depends on */
    const uint8_t *starts; /* by edge: whether a run may begin there; NULL: everywhere */
    tb_span blame;      /* of UNBOUNDED: the step that has no limit, or the first of the loop */
};

/* ---- units ---- */

/* The longest stretch of civil days a limit can take, over the published calendar; -1: cannot be told. */
static int worst_days(const tb_calendar *c, int n, enum tb_unit unit, bool roll) {
    int worst = -1;
    if (!c || !tb_calendar_first_year(c)) return -1;
    int32_t from = tb_day(tb_calendar_first_year(c), 1, 1), to = tb_day(tb_calendar_last_year(c), 12, 24);
    if (to - from > 3700) from = to - 3700; /* the last ten years: make-up days were arranged otherwise before */
    for (int32_t d = from; d <= to; d++) {
        tb_due due = tb_due_after(c, tb_day_start(d), n, unit, roll, NULL, 0);
        if (due.kind == TB_DUE_EXACT && due.day - d > worst) worst = due.day - d;
    }
    return worst;
}

static int month_days(int n, bool longest) {
    int best = longest ? 0 : INT32_MAX;
    for (int start = 0; start < 48; start++) { /* a leap year and three others */
        int32_t day = tb_day(2024, 1, 1);
        day = tb_day_add_months(day, start);
        int32_t end = tb_day_add_months(day, n);
        if (day == TB_NO_DAY || end == TB_NO_DAY) return -1;
        if (longest ? end - day > best : end - day < best) best = end - day;
    }
    return best;
}

static void assume(struct span *s, const char *zh, const char *en) {
    const char *text = tb__say(s->w, zh, en);
    tb_str *out = &s->out->assumed;
    for (uint32_t i = 0; i + strlen(text) <= out->n; i++)
        if (memcmp(out->p + i, text, strlen(text)) == 0) return;
    *out = out->n ? tb_str_printf(s->w->a, tb__say(s->w, "%.*s；%s", "%.*s; %s"), TB_FMT(*out), text) : tb_str_z(text);
}

static int office_minutes(const struct span *s) {
    return s->w->calendar ? tb_calendar_office_minutes(s->w->calendar) : 0;
}

/* The workdays after their first that n working hours touch at most; -1: no calendar. */
static int touched_workdays(struct span *s, int n) {
    int day = office_minutes(s);
    assume(s, "工作小时按日历的办公时间折成工作日", "working hours as workdays of the calendar's office hours");
    return day ? (n * 60 + day - 1) / day : -1;
}

/* The working hours in n days after a first one, and in that, at most; -1: no calendar. */
static int office_hours(struct span *s, int n) {
    int64_t minutes = ((int64_t)n + 1) * office_minutes(s);
    assume(s, "天数按每天的办公时间折成工作小时，连同起算那天",
           "days as their office hours, those of the first day too");
    return minutes ? (int)((minutes + 59) / 60) : -1;
}

static int clock_hours_at_work(struct span *s, int n) {
    int day = office_minutes(s), rest = n % 24 * 60;
    assume(s, "小时按其中的办公时间折成工作小时", "hours as the office hours within them");
    return day ? (n / 24 * day + (rest < day ? rest : day) + 59) / 60 : -1;
}

/* A step's limit in units of the span; -1: cannot be converted. */
static int converted(struct span *s, int n, enum tb_unit unit, bool roll) {
    int days;
    if ((int)unit == (int)s->measure && unit != TB_DAYS) return n;
    switch (unit) {
    case TB_WORKHOURS: n = touched_workdays(s, n); return n < 0 ? -1 : converted(s, n, TB_WORKDAYS, false);
    case TB_WORKDAYS:
        if (s->measure == TB_PROOF_WORKHOURS) return office_hours(s, n);
        assume(s, "工作日按已公布日历里最长的间隔折算", "workdays as the longest stretch of the published calendar");
        days = worst_days(s->w->calendar, n, unit, roll);
        break;
    case TB_HOURS:
        if (s->measure == TB_PROOF_WORKHOURS) return clock_hours_at_work(s, n);
        assume(s, "小时按可能跨过的天数折算", "hours as the days they may touch");
        return (n + 23) / 24;
    case TB_MINUTES: return converted(s, (n + 59) / 60, TB_HOURS, roll); /* a machine's 超时 */
    case TB_DAYS:
        days = n;
        if (s->measure == TB_PROOF_WORKHOURS)
            return office_hours(s, n); /* rolling on adds a day for one that had none */
        if (s->measure == TB_PROOF_WORKDAYS)
            assume(
                s, "自然日按每天都是工作日折算",
                "days as if each were a workday"); /* a last day moved on to a workday adds none that n did not count */
        else if (roll)
            assume(s, "顺延按已公布日历里最长的假期折算", "rolling over the longest holiday of the published calendar"),
                days = worst_days(s->w->calendar, n, unit, roll);
        break;
    default:
        assume(s, "月、年按最长的月折算，每天都算", "months and years by the longest months, every day counted");
        if (s->measure == TB_PROOF_WORKHOURS) return office_hours(s, month_days(unit == TB_YEARS ? 12 * n : n, true));
        days = roll && s->measure != TB_PROOF_WORKDAYS ? worst_days(s->w->calendar, n, unit, roll)
                                                       : month_days(unit == TB_YEARS ? 12 * n : n, true);
        break;
    }
    return days < 0 ? -1 : s->measure == TB_PROOF_HOURS ? (days + 1) * 24 : days;
}

/* Do steps of this matter count on other calendars than the span? Known only with a directory. */
static bool other_calendars(const struct span *s) {
    const tb_program *p = s->w->p;
    const tb_directory *d = s->w->d;
    bool elsewhere = false, differ = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) elsewhere |= p->clocks.items[i].place != s->def->place;
    for (uint32_t i = 1; elsewhere && d && i < tb_directory_places(d); i++)
        differ |= !tb_str_eq(tb_directory_calendar(d, tb_directory_place_at(d, i)->code),
                             tb_directory_calendar(d, tb_directory_place_at(d, 0)->code));
    return differ;
}

static bool units(struct span *s) {
    const tb_program *p = s->w->p;
    const tb_clock_def *d = s->def;
    tb_proof_span *o = s->out;
    s->measure = d->unit == TB_MONTHS || d->unit == TB_YEARS ? TB_PROOF_DAYS : (enum tb_proof_measure)d->unit;
    o->measure = s->measure;
    o->budget = d->unit == TB_MONTHS  ? month_days(d->n, false)
                : d->unit == TB_YEARS ? month_days(12 * d->n, false)
                                      : d->n;
    if (p->extension_n && p->extension_unit == d->unit && !d->fixed) {
        uint32_t times = (uint32_t)p->moves.items[p->extension_move].times;
        o->extension = p->extension_n * (int)(times ? times : 1);
        if (d->unit == TB_MONTHS) o->extension = month_days(o->extension, false);
        if (d->unit == TB_YEARS) o->extension = month_days(12 * o->extension, false);
    }
    s->cost = TB_NEW_ARRAY(s->w->a, p->steps.count + 1, int);
    for (uint32_t i = 0; i < p->steps.count; i++) {
        uint32_t clock = p->steps.items[i].clock;
        s->cost[i] = UNLIMITED;
        if (clock == TB_NO_INDEX) continue;
        const tb_clock_def *c = &p->clocks.items[clock];
        s->cost[i] = converted(s, c->n, c->unit, c->roll);
        if (s->cost[i] < 0) return false;
    }
    if (p->next_workday_receipt) {
        s->late = s->measure == TB_PROOF_WORKDAYS;
        if (s->measure == TB_PROOF_DAYS || s->measure == TB_PROOF_HOURS) { /* no office hours pass meanwhile */
            s->late = worst_days(s->w->calendar, 1, TB_WORKDAYS, false);
            if (s->late < 0) return false;
            if (s->measure == TB_PROOF_HOURS) s->late = (s->late + 1) * 24;
        }
    }
    return true;
}

/* ---- following one edge ---- */

static void put(struct span *s, terms *l, term t) {
    for (uint32_t i = 0; i < l->count; i++)
        if (l->items[i].src == t.src && l->items[i].owner == t.owner && l->items[i].extra == t.extra &&
            l->items[i].spent == t.spent && l->items[i].also == t.also && l->items[i].also_spent == t.also_spent)
            return;
    *TB_PUSH(s->w->a, *l) = t;
}
static void put_all(struct span *s, terms *to, const terms *from) {
    for (uint32_t i = 0; i < from->count; i++) put(s, to, from->items[i]);
}
static void copy(struct span *s, terms *to, const terms *from, int extra) {
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        term t = from->items[i];
        t.extra += extra;
        put(s, to, t);
    }
}

static uint32_t reference_of(const struct span *s, uint32_t milestone, bool first) {
    for (uint32_t i = 0; i < s->refs_n; i++)
        if (s->refs[i].milestone == milestone && s->refs[i].first == first) return i;
    return TB__NONE;
}

static void add_reference(struct span *s, uint32_t milestone, bool first) {
    if (reference_of(s, milestone, first) != TB__NONE) return;
    if (s->refs_n == REFERENCES) s->too_large = true;
    else s->refs[s->refs_n++] = (reference){milestone, first};
}

static bool timed(const struct span *s, uint16_t state) {
    enum tb_state_kind k = tb_chart_kind(s->w->p->chart, state);
    return (k == TB_ATOMIC || k == TB_FINAL) && s->w->p->nodes[state].kind != TB_NODE_OUTCOME;
}

/* One milestone set at `now`. `spawn`: the run of the span begins here, in this phase. */
static void follow_record(struct span *s, const tb__record *r, int spawn) {
    uint32_t k = r->dated == TB_NO_INDEX ? TB__NONE : reference_of(s, r->dated, r->dated_first);
    bool back = k != TB__NONE && (s->facts >> k & 1); /* dated to something that happened; else dated now */
    if (s->phase == PHASE_RUNNING && r->milestone == s->def->to) s->ends = s->dead = true;
    if (s->phase != PHASE_NONE && r->milestone == s->def->from) {
        if (s->phase == PHASE_RUNNING && !s->def->first)
            s->ends = s->dead = true; /* begins anew (M7): a run of its own */
        if (s->phase >= 0 && back && (uint32_t)s->phase == k && s->begins) s->phase = PHASE_RUNNING;
    }
    if (s->phase >= 0 && s->refs[s->phase].milestone == r->milestone && !s->refs[s->phase].first) s->dead = true;
    if (spawn != PHASE_NONE) s->phase = spawn;
    for (uint32_t i = 0; i < s->refs_n; i++) {
        if (s->refs[i].milestone != r->milestone || (s->refs[i].first && (s->facts >> i & 1))) continue;
        if (back) copy(s, &s->ref[i], &s->ref[k], 0);
        else copy(s, &s->ref[i], &s->now, r->late && spawn == PHASE_NONE ? s->late : 0);
    }
    for (uint32_t i = 0; i < s->refs_n; i++)
        if (s->refs[i].milestone == r->milestone) s->facts |= (uint64_t)1 << i;
}

struct spawning {
    uint32_t at, seen;
    int phase;
}; /* the run begins at the at-th record of the edge */

static void follow_records(struct span *s, const tb__records *r, struct spawning *x) {
    for (uint32_t i = 0; i < r->count && !s->dead; i++)
        follow_record(s, &r->items[i], x && x->seen++ == x->at ? x->phase : PHASE_NONE);
}

static void put_later(struct span *s, terms *l, term t) {
    t.also = s->took.owner;
    t.also_spent = s->took.spent;
    t.extra += s->took.extra;
    put(s, l, t);
}

/* An interrupted step goes on: its limit is as much later as the interruption took. With a limit that counts from a
 * milestone the entry stands for the end of that limit from here on (set_now() takes the later of the two). */
static void resume(struct span *s, uint16_t state) {
    const tb_program *p = s->w->p;
    if (!timed(s, state)) return;
    if (p->nodes[state].kind == TB_NODE_DONE) { /* what waited for it may have been interrupted after */
        terms later = {0};
        if (!s->took_known) put_all(s, &later, &s->now);
        for (uint32_t i = 0; i < s->leaf[state].count; i++) put_later(s, &later, s->leaf[state].items[i]);
        s->leaf[state] = later;
    }
    if (p->nodes[state].kind != TB_NODE_STEP) return; /* what has ended has ended */
    const tb_step_def *d = &p->steps.items[p->nodes[state].index];
    const tb_clock_def *c = d->clock == TB_NO_INDEX ? NULL : &p->clocks.items[d->clock];
    uint32_t k = c && c->from != TB_NO_INDEX ? reference_of(s, c->from, c->first) : TB__NONE;
    terms later = {0};
    if (!s->took_known) put_all(s, &later, &s->now);
    for (uint32_t i = 0; i < s->leaf[state].count; i++) put_later(s, &later, s->leaf[state].items[i]);
    for (uint32_t i = 0; k != TB__NONE && (s->facts >> k & 1) && i < s->ref[k].count; i++) {
        term t = s->ref[k].items[i];
        t.owner = p->nodes[state].index;
        put_later(s, &later, t);
    }
    s->leaf[state] = later;
}

static void follow_ops(struct span *s, const tb__edge *e, struct spawning *x) {
    tb__proof *w = s->w;
    const tb_program *p = w->p;
    uint64_t recorded = 0;
    tb__records *r = &w->scratch;
    r->count = 0;
    if (e->from == TB__NONE)
        tb__records_of_submission(w, w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))].mode, &recorded, r);
    follow_records(s, r, x);
    for (uint32_t i = 0; i < e->ops && !s->dead; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        r->count = 0;
        if (TB__OP_IS_ENTER(op)) {
            uint16_t state = (uint16_t)TB__OP_INDEX(op);
            if (p->nodes[state].kind == TB_NODE_OUTCOME) {
                if (s->phase == PHASE_RUNNING) s->ends = true; /* a span that still runs ends with the case */
                s->dead = true;
                return;
            }
            if (s->resuming) resume(s, state);
            else if (timed(s, state)) copy(s, &s->leaf[state], &s->now, 0);
            if (p->nodes[state].kind == TB_NODE_STEP && !s->resuming)
                tb__records_of_step(w, p->nodes[state].index, &recorded, r);
        } else {
            const tb_move *m = &p->moves.items[p->transition_move[TB__OP_INDEX(op)]];
            uint16_t source = tb_chart_arrow(p->chart, (uint16_t)TB__OP_INDEX(op)).source;
            s->resuming = m->resumes;
            for (uint16_t k = source; m->kind == TB_MOVE_DONE && k < tb_chart_states(p->chart) &&
                                      (k == source || tb_chart_descends(p->chart, k, source));
                 k++)
                if (p->nodes[k].kind == TB_NODE_BRANCH_DONE)
                    put_all(s, &s->now, &s->leaf[k]); /* the join waits for the last */
            tb__records_of_move(w, m, e->tacit, &recorded, r);
        }
        follow_records(s, r, x);
    }
}

/* The times of a node as terms. Without a node (a run begins): everything is now, and now is 0. */
static void load(struct span *s, const node *n, const tb__edge *e) {
    tb__proof *w = s->w;
    uint16_t states = tb_chart_states(w->p->chart);
    uint32_t at = n ? n->first : SOURCE;
    for (uint16_t i = 0; i < states; i++) s->leaf[i].count = 0;
    for (uint32_t i = 0; i < s->refs_n; i++) s->ref[i].count = 0;
    s->facts = 0;
    s->now.count = 0;
    s->dead = s->ends = s->resuming = false;
    s->took = (term){.owner = TB__NONE};
    s->took_known = true;
    s->phase = n ? n->phase : PHASE_NONE;
    s->keep = n ? n->keep : 0;
    if (e->from == TB__NONE) {
        put(s, &s->now, (term){.src = SOURCE, .owner = TB__NONE, .also = TB__NONE});
        return;
    }
    const uint64_t *state = tb__state(w, e->from);
    for (uint16_t i = 0; i < states; i++)
        if (tb__kept(w, state, i) && timed(s, i))
            put(s, &s->leaf[i], (term){.src = n ? at++ : SOURCE, .owner = TB__NONE, .also = TB__NONE});
    for (uint32_t i = 0; i < s->refs_n; i++) {
        if (!tb__fact(w, state, s->refs[i].milestone)) continue;
        s->facts |= (uint64_t)1 << i;
        put(s, &s->ref[i], (term){.src = n ? at++ : SOURCE, .owner = TB__NONE, .also = TB__NONE});
    }
    if (!n) put(s, &s->now, (term){.src = SOURCE, .owner = TB__NONE, .also = TB__NONE});
}

/* Does the step leave by its expiry, whatever the case? */
static bool taken_away(const tb_program *p, uint16_t leaf) {
    for (uint16_t t = 0; t < tb_chart_transitions(p->chart); t++) {
        struct tb_chart_arrow arrow = tb_chart_arrow(p->chart, t);
        const tb_move *m = &p->moves.items[p->transition_move[t]];
        if (arrow.source == leaf && m->kind == TB_MOVE_OVERDUE && m->leaves && !m->guard && !m->times) return true;
    }
    return false;
}

/* Do the days in the step not count towards the span? (M10) */
static bool stands_still(const struct span *s, uint32_t step) { return tb_stops(&s->w->p->steps.items[step], s->out->clock); }

/* An obligation beside a step whose days do not count: that step is active all the while. */
static bool beside_excluded(const struct span *s, uint16_t leaf) {
    const tb_program *p = s->w->p;
    uint16_t region = tb_chart_parent(p->chart, leaf),
             host = p->nodes[region].kind == TB_NODE_REGION ? tb_chart_parent(p->chart, region) : TB_NO_STATE;
    return host != TB_NO_STATE && p->nodes[host].kind == TB_NODE_HOST && stands_still(s, p->nodes[host].index);
}

/* What a task beside the one that acts may last to, its own limit kept. */
static void put_latest(struct span *s, uint16_t leaf, terms *to) {
    const tb_program *p = s->w->p;
    uint32_t step = p->nodes[leaf].index;
    const tb_clock_def *c =
        p->steps.items[step].clock == TB_NO_INDEX ? NULL : &p->clocks.items[p->steps.items[step].clock];
    uint32_t k = c && c->from != TB_NO_INDEX ? reference_of(s, c->from, c->first) : TB__NONE;
    bool stopped = stands_still(s, step) || beside_excluded(s, leaf),
         runs = k != TB__NONE && (s->facts >> k & 1);
    for (uint32_t i = 0; i < s->leaf[leaf].count; i++) {
        term t = s->leaf[leaf].items[i];
        if (!stopped && !runs) t.owner = step, t.extra += c && c->from != TB_NO_INDEX ? UNLIMITED : 0;
        put(s, to, t);
    }
    for (uint32_t i = 0; !stopped && runs && i < s->ref[k].count; i++) {
        term t = s->ref[k].items[i];
        t.owner = step;
        put(s, to, t);
    }
}

/* Is something open that the acting task must wait for? */
static bool has_duty(const struct span *s, const tb__edge *e) {
    const tb_program *p = s->w->p;
    uint16_t host = tb_chart_parent(p->chart, e->leaf);
    if (p->nodes[host].kind != TB_NODE_HOST) return false;
    for (uint16_t x = (uint16_t)(host + 1); x < tb_chart_states(p->chart) && tb_chart_descends(p->chart, x, host); x++)
        if (x != e->leaf && tb_bit(tb__state(s->w, e->from), x) && p->nodes[x].kind == TB_NODE_STEP) return true;
    return false;
}

/* M15: a step does not leave before what it must wait for is done, and meanwhile its own limit does not bind it: what
 * else it does, or is done to it from 任一环节, may come as late. Not so when 逾期的 takes it away first. */
static void wait_for_duties(struct span *s, const tb__edge *e) {
    const tb_program *p = s->w->p;
    uint16_t host = tb_chart_parent(p->chart, e->leaf);
    if (e->tacit || p->nodes[host].kind != TB_NODE_HOST || taken_away(p, e->leaf)) return;
    s->took_known = false;
    for (uint16_t x = (uint16_t)(host + 1); x < tb_chart_states(p->chart) && tb_chart_descends(p->chart, x, host);
         x++) {
        if (x == e->leaf || !tb_bit(tb__state(s->w, e->from), x) || !timed(s, x)) continue;
        if (p->nodes[x].kind == TB_NODE_STEP) put_latest(s, x, &s->now);
        else put_all(s, &s->now, &s->leaf[x]);
    }
}

/* When the edge happens at the latest. `all`: of a 续计 step, whether this visit takes the whole budget. A visit before
 * that takes no time at all, nor what it must wait for: one that waits uses up the budget. */
static void set_now(struct span *s, const tb__edge *e, bool all) {
    const tb_program *p = s->w->p;
    uint32_t step = tb__step_of_edge(s->w, e);
    const tb_step_def *d = &p->steps.items[step];
    const tb_move *m = &p->moves.items[e->move];
    const tb_clock_def *c = d->clock == TB_NO_INDEX ? NULL : &p->clocks.items[d->clock];
    uint32_t k = c && c->from != TB_NO_INDEX ? reference_of(s, c->from, c->first) : TB__NONE;
    bool spent = s->keep_bit[step] != TB__NONE && (s->keep >> s->keep_bit[step] & 1);
    if (d->excludes && s->phase == PHASE_RUNNING && !stands_still(s, step)) s->runs_on[step] = 1;
    if (stands_still(s, step) || beside_excluded(s, e->leaf)) { /* M10: the days in it do not count */
        copy(s, &s->now, &s->leaf[e->leaf], 0);
    } else if (k != TB__NONE && (s->facts >> k & 1)) {
        copy(s, &s->now, &s->leaf[e->leaf], 0);
        for (uint32_t i = 0; i < s->ref[k].count; i++) {
            term t = s->ref[k].items[i];
            t.owner = step;
            put(s, &s->now, t);
        }
        s->took_known = false;
    } else {
        for (uint32_t i = 0; i < s->leaf[e->leaf].count; i++) {
            term t = s->leaf[e->leaf].items[i];
            t.owner = step;
            t.spent = s->keep_bit[step] != TB__NONE && (!all || spent);
            put(s, &s->now, t);
            s->took.spent = t.spent;
        }
        s->took.owner = step;
        if (s->keep_bit[step] != TB__NONE && m->leaves && !m->interrupts && (all || e->tacit))
            s->keep |= (uint32_t)1 << s->keep_bit[step];
        /* A limit that has not begun binds nobody. */
        if (c && c->from != TB_NO_INDEX) {
            s->took.extra = UNLIMITED;
            for (uint32_t i = 0; i < s->now.count; i++) s->now.items[i].extra = UNLIMITED;
        }
    }
    if (all || spent) wait_for_duties(s, e);
}

/* ---- the graph of components ---- */

static uint32_t node_of(struct span *s, uint32_t state, int phase, uint32_t keep) {
    tb__proof *w = s->w;
    if (s->nodes.count * 2 >= s->slots_n) {
        uint32_t n = s->slots_n ? s->slots_n * 2 : 256;
        uint32_t *slots = TB_NEW_ARRAY(w->a, n, uint32_t);
        for (uint32_t i = 0; i < s->nodes.count; i++) {
            const node *x = &s->nodes.items[i];
            uint32_t at = (x->state * 2654435761u + (uint32_t)x->phase * 40503u + x->keep * 69069u) & (n - 1);
            while (slots[at]) at = (at + 1) & (n - 1);
            slots[at] = i + 1;
        }
        s->slots = slots;
        s->slots_n = n;
    }
    uint32_t at = (state * 2654435761u + (uint32_t)phase * 40503u + keep * 69069u) & (s->slots_n - 1);
    for (; s->slots[at]; at = (at + 1) & (s->slots_n - 1)) {
        const node *x = &s->nodes.items[s->slots[at] - 1];
        if (x->state == state && x->phase == phase && x->keep == keep) return s->slots[at] - 1;
    }
    *TB_PUSH(w->a, s->nodes) = (node){state, keep, s->components, phase};
    s->slots[at] = s->nodes.count;
    for (uint16_t i = 0; i < tb_chart_states(w->p->chart); i++)
        if (tb__kept(w, tb__state(w, state), i) && timed(s, i))
            s->components++, *TB_PUSH(w->a, s->node_of) = s->nodes.count - 1;
    for (uint32_t i = 0; i < s->refs_n; i++)
        if (tb__fact(w, tb__state(w, state), s->refs[i].milestone))
            s->components++, *TB_PUSH(w->a, s->node_of) = s->nodes.count - 1;
    return s->nodes.count - 1;
}

static void put_arcs(struct span *s, uint32_t edge, uint32_t dst, const terms *l) {
    for (uint32_t i = 0; i < l->count; i++) *TB_PUSH(s->w->a, s->arcs) = (arc){l->items[i].src, dst, edge, l->items[i]};
    if (s->arcs.count > TB_PROOF_ARCS || tb__memory_spent(s->w)) s->too_large = true;
}

/* What the followed edge leads to, as arcs. */
static void lead(struct span *s, uint32_t edge) {
    tb__proof *w = s->w;
    const tb__edge *e = &w->g.edges.items[edge];
    if (s->ends) put_arcs(s, edge, SINK, &s->now);
    if (s->dead || s->phase == PHASE_NONE || tb__ended(w, e->to)) return;
    uint32_t number = node_of(s, e->to, s->phase, s->keep), to = s->nodes.items[number].first;
    for (uint16_t i = 0; i < tb_chart_states(w->p->chart); i++)
        if (tb__kept(w, tb__state(w, e->to), i) && timed(s, i)) put_arcs(s, edge, to++, &s->leaf[i]);
    for (uint32_t i = 0; i < s->refs_n; i++)
        if (tb__fact(w, tb__state(w, e->to), s->refs[i].milestone)) put_arcs(s, edge, to++, &s->ref[i]);
}

/* The milestones an edge sets, in order: where runs begin. */
static void begin_runs(struct span *s, uint32_t edge) {
    tb__proof *w = s->w;
    const tb__edge *e = &w->g.edges.items[edge];
    tb__records all = {0};
    uint64_t recorded = 0;
    if (s->starts && !s->starts[edge]) return;
    if (e->from == TB__NONE)
        tb__records_of_submission(w, w->valuations.items[tb__valuation_of(w, tb__state(w, e->to))].mode, &recorded,
                                  &all);
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op))
            tb__records_of_move(w, &w->p->moves.items[w->p->transition_move[TB__OP_INDEX(op)]], e->tacit, &recorded,
                                &all);
        else if (w->p->nodes[TB__OP_INDEX(op)].kind == TB_NODE_STEP)
            tb__records_of_step(w, w->p->nodes[TB__OP_INDEX(op)].index, &recorded, &all);
    }
    for (uint32_t i = 0; i < all.count; i++) {
        const tb__record *r = &all.items[i];
        for (int phase = PHASE_RUNNING; phase < (int)s->refs_n; phase++) {
            bool begins = phase == PHASE_RUNNING ? r->milestone == s->def->from
                                                 : s->back[phase] && r->milestone == s->refs[phase].milestone;
            if (!begins) continue;
            for (int begins = phase >= 0 ? 0 : 1; begins < 2; begins++) {
                struct spawning x = {i, 0, phase};
                load(s, NULL, e);
                s->begins = begins;
                /* Back-dated to something that happened: followed from there. */
                uint32_t k = r->dated == TB_NO_INDEX ? TB__NONE : reference_of(s, r->dated, r->dated_first);
                if (phase == PHASE_RUNNING && k != TB__NONE && (s->facts >> k & 1)) continue;
                follow_ops(s, e, &x);
                if (!begins || phase == PHASE_RUNNING || s->phase == PHASE_RUNNING || s->ends) lead(s, edge);
            }
        }
    }
}

/* Does some move date the span's beginning back to this reference? */
static bool dates_back(const struct span *s, uint32_t ref) {
    const tb_program *p = s->w->p;
    for (uint32_t i = 0; i < p->moves.count; i++)
        for (uint32_t k = 0; k < p->moves.items[i].effects_n; k++) {
            const tb_effect_def *f = &p->moves.items[i].effects[k];
            if (f->kind == TB_DO_RECORD && f->a == s->def->from && f->dated == s->refs[ref].milestone &&
                f->dated_first == s->refs[ref].first)
                return true;
        }
    return false;
}

static void references(struct span *s) {
    const tb_program *p = s->w->p;
    for (uint32_t i = 0; i < p->moves.count; i++)
        for (uint32_t k = 0; k < p->moves.items[i].effects_n; k++) {
            const tb_effect_def *f = &p->moves.items[i].effects[k];
            if (f->kind == TB_DO_RECORD && f->dated != TB_NO_INDEX) add_reference(s, f->dated, f->dated_first);
        }
    for (uint32_t i = 0; i < p->clocks.count; i++)
        if (p->clocks.items[i].kind == TB_CLOCK_STEP && p->clocks.items[i].from != TB_NO_INDEX)
            add_reference(s, p->clocks.items[i].from, p->clocks.items[i].first);
    s->keep_bit = TB_NEW_ARRAY(s->w->a, p->steps.count + 1, uint32_t);
    for (uint32_t i = 0; i < p->steps.count; i++) {
        uint32_t clock = p->steps.items[i].clock;
        bool keep = clock != TB_NO_INDEX && (p->clocks.items[clock].keep || s->also_keep == i + 1) &&
                    p->clocks.items[clock].from == TB_NO_INDEX && s->keeps < KEEPS;
        s->keep_bit[i] = keep ? s->keeps++ : TB__NONE;
    }
}

static void build(struct span *s) {
    tb__proof *w = s->w;
    s->leaf = TB_NEW_ARRAY(w->a, tb_chart_states(w->p->chart), terms);
    s->runs_on = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, uint8_t);
    s->components = 2;
    for (int i = 0; i < 2; i++) *TB_PUSH(w->a, s->node_of) = TB__NONE;
    for (uint32_t i = 0; i < s->refs_n; i++) s->back[i] = dates_back(s, i);
    for (uint32_t i = 0; i < w->g.edges.count && !s->too_large; i++) begin_runs(s, i);
    for (uint32_t n = 0; n < s->nodes.count && !s->too_large; n++) {
        node at = s->nodes.items[n];
        for (uint32_t i = w->g.edge_first[at.state]; i < w->g.edge_first[at.state + 1]; i++) {
            const tb__edge *e = &w->g.edges.items[i];
            if (e->tacit && !w->p->moves.items[e->move].leaves && !has_duty(s, e)) continue; /* 继续办理: not kept */
            const tb_move *m = &w->p->moves.items[e->move];
            bool keeps = s->keep_bit[tb__step_of_edge(w, e)] != TB__NONE && m->leaves && !m->interrupts;
            for (int all = keeps && !e->tacit ? 0 : 1; all < 2; all++)
                for (int begins = at.phase >= 0 ? 0 : 1; begins < 2; begins++) {
                    load(s, &at, e);
                    s->begins = begins;
                    set_now(s, e, all);
                    follow_ops(s, e, NULL);
                    if (!begins || at.phase == PHASE_RUNNING || s->phase == PHASE_RUNNING || s->ends) lead(s, i);
                }
        }
    }
    s->out_first = TB_NEW_ARRAY(w->a, s->components + 1, uint32_t);
    s->out_arc = TB_NEW_ARRAY(w->a, s->arcs.count + 1, uint32_t);
    uint32_t *in_first = TB_NEW_ARRAY(w->a, s->components + 1, uint32_t),
             *in_arc = TB_NEW_ARRAY(w->a, s->arcs.count + 1, uint32_t);
    for (uint32_t i = 0; i < s->arcs.count; i++) s->out_first[s->arcs.items[i].src]++, in_first[s->arcs.items[i].dst]++;
    for (uint32_t i = 0, o = 0, n = 0; i <= s->components; i++) {
        uint32_t co = i < s->components ? s->out_first[i] : 0, cn = i < s->components ? in_first[i] : 0;
        s->out_first[i] = o, in_first[i] = n;
        o += co, n += cn;
    }
    uint32_t *fill = TB_NEW_ARRAY(w->a, s->components + 1, uint32_t),
             *fill_in = TB_NEW_ARRAY(w->a, s->components + 1, uint32_t);
    for (uint32_t i = 0; i < s->arcs.count; i++) {
        const arc *x = &s->arcs.items[i];
        s->out_arc[s->out_first[x->src] + fill[x->src]++] = i;
        in_arc[in_first[x->dst] + fill_in[x->dst]++] = i;
    }
    s->matters = TB_NEW_ARRAY(w->a, s->components, uint8_t); /* only what the end depends on may make it unbounded */
    uint32_t *stack = TB_NEW_ARRAY(w->a, s->components, uint32_t), top = 0;
    s->matters[SINK] = 1;
    stack[top++] = SINK;
    while (top) {
        uint32_t c = stack[--top];
        for (uint32_t i = in_first[c]; i < in_first[c + 1]; i++) {
            uint32_t src = s->arcs.items[in_arc[i]].src;
            if (!s->matters[src]) s->matters[src] = 1, stack[top++] = src;
        }
    }
    s->value = TB_NEW_ARRAY(w->a, s->components, int);
    s->by = TB_NEW_ARRAY(w->a, s->components, uint32_t);
    s->queue = TB_NEW_ARRAY(w->a, s->components + 1, uint32_t);
    s->updates = TB_NEW_ARRAY(w->a, s->components, uint32_t);
    s->waiting = TB_NEW_ARRAY(w->a, s->components, uint8_t);
}

/* ---- the longest path ---- */

static int weight(const struct span *s, const term *t) {
    int w = t->extra;
    if (t->owner != TB__NONE && !t->spent) w += s->cost[t->owner];
    if (t->also != TB__NONE && !t->also_spent) w += s->cost[t->also];
    return w > UNLIMITED ? UNLIMITED : w;
}

/* A component whose derivation leads back to itself; TB__NONE: none. */
static uint32_t cycle_at(const struct span *s, uint32_t c) {
    uint32_t x = c;
    for (uint32_t n = 0; n <= s->components && x != SOURCE; n++) {
        x = s->arcs.items[s->by[x]].src;
        if (x == c) return c;
    }
    return x == SOURCE ? TB__NONE : x; /* longer than there are components: x lies on a loop */
}

/* Longest paths from SOURCE. Answers a component on a loop that takes time; TB__NONE: none. value[SINK] < 0: the
 * span never ends. */
static uint32_t solve(struct span *s) {
    uint32_t n = s->components;
    uint32_t *queue = s->queue, *updates = s->updates, head = 0, tail = 0;
    uint8_t *waiting = s->waiting;
    for (uint32_t i = 0; i < n; i++) s->value[i] = -1, updates[i] = 0, waiting[i] = 0;
    s->value[SOURCE] = 0;
    queue[tail++] = SOURCE;
    while (head != tail) {
        uint32_t c = queue[head];
        head = head == n ? 0 : head + 1;
        waiting[c] = 0;
        for (uint32_t i = s->out_first[c]; i < s->out_first[c + 1]; i++) {
            const arc *x = &s->arcs.items[s->out_arc[i]];
            if (!s->matters[x->dst]) continue;
            s->relaxed++;
            int step = weight(s, &x->t), v = s->value[c] + step;
            if (step >= UNLIMITED) { /* reached, and the end depends on it: no bound */
                s->unlimited = x->t.owner;
                s->value[SINK] = UNLIMITED;
                return TB__NONE;
            }
            if (v > UNLIMITED - 1) v = UNLIMITED - 1;
            if (v <= s->value[x->dst]) continue;
            s->value[x->dst] = v;
            s->by[x->dst] = s->out_arc[i];
            uint32_t k = ++updates[x->dst];
            if (k >= CHECK_CYCLE && (k & (k - 1)) == 0) {
                uint32_t loop = cycle_at(s, x->dst);
                if (loop != TB__NONE) return loop;
            }
            if (waiting[x->dst] || x->dst == SINK) continue;
            waiting[x->dst] = 1;
            queue[tail] = x->dst;
            tail = tail == n ? 0 : tail + 1;
        }
    }
    return TB__NONE;
}

/* ---- what was found, for people ---- */

static tb_str amount(const tb__proof *w, int n, enum tb_unit u) {
    return tb_duration_text(w->a, (tb_duration){n, (enum tb_unit_word)u}, w->english ? TB_LANG_EN : TB_LANG_ZH);
}
static tb_str measured(const tb__proof *w, int n, enum tb_proof_measure m) { return amount(w, n, (enum tb_unit)m); }

static void put_step(tb__proof *w, tb_buf *b, uint32_t step, const char *between) {
    if (b->n) tb_puts(b, between);
    tb_putstr(b, w->p->steps.items[step].name);
}

static void unbounded_loop(struct span *s, uint32_t at) {
    tb_buf b;
    tb_buf_init(&b, s->w->a);
    uint32_t last = TB__NONE, x = at, steps[TB_STEPS], n = 0;
    do {
        const arc *a = &s->arcs.items[s->by[x]];
        uint32_t step = tb__step_of_edge(s->w, &s->w->g.edges.items[a->edge]);
        if (step != TB_NO_INDEX && step != last && n < TB_STEPS) steps[n++] = last = step;
        x = a->src;
    } while (x != at && x != SOURCE);
    uint32_t first = 0; /* told from the step written first, backwards as it was found */
    for (uint32_t i = 1; i < n; i++)
        if (steps[i] < steps[first]) first = i;
    for (uint32_t i = 0; i < n; i++) put_step(s->w, &b, steps[(first + n - i) % n], " → ");
    s->out->verdict = TB_UNBOUNDED;
    if (n) s->blame = s->w->p->steps.items[steps[first]].span;
    s->out->reason =
        tb_str_printf(s->w->a, tb__say(s->w, "%.*s 可以反复，没有写 限 N次", "%.*s may repeat without a count"),
                      TB_FMT(tb_buf_str(&b)));
}

static void unbounded_step(struct span *s) {
    const tb_step_def *d = &s->w->p->steps.items[s->unlimited];
    s->out->verdict = TB_UNBOUNDED;
    s->blame = d->span;
    s->out->reason =
        tb_str_printf(s->w->a,
                      d->clock == TB_NO_INDEX ? tb__say(s->w, "环节“%.*s”没有写期限", "step %.*s has no limit")
                                              : tb__say(s->w, "环节“%.*s”的期限可能还没有起算",
                                                        "the limit of step %.*s may not have begun"),
                      TB_FMT(d->name));
}

static int value_of(const struct span *s, const terms *l, const int *at, bool *waits) {
    int best = -1;
    for (uint32_t i = 0; i < l->count; i++) {
        int v = at[l->items[i].src] + weight(s, &l->items[i]);
        if (v > best) best = v, *waits = l->items[i].owner != TB__NONE && !l->items[i].spent;
    }
    return best;
}

/* The worst path, edge by edge: what the submission to the span's beginning took at once, then times along the path
 * alone. */
static void tell_path(struct span *s) {
    tb__proof *w = s->w;
    tb_proof_span *o = s->out;
    tb__edges path = {0};
    uint32_t n = 0;
    for (uint32_t c = SINK; c != SOURCE; c = s->arcs.items[s->by[c]].src) n++;
    uint32_t *arcs = TB_NEW_ARRAY(w->a, n, uint32_t), at = n;
    for (uint32_t c = SINK; c != SOURCE; c = s->arcs.items[s->by[c]].src) arcs[--at] = s->by[c];
    const tb__edge *first = &w->g.edges.items[s->arcs.items[arcs[0]].edge];
    if (first->from != TB__NONE) tb__path_to(w, first->from, TB__NONE, &path);
    uint32_t before = path.count;
    int *value = TB_NEW_ARRAY(w->a, s->components, int), *share = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, int);
    bool *waits = TB_NEW_ARRAY(w->a, before + n, bool);
    for (uint32_t i = 0; i < before; i++) {
        const tb__edge *e = &w->g.edges.items[path.items[i]];
        *TB_PUSH(w->a, o->path) = (tb_proof_hop){
            .step = tb__step_of_edge(w, e), .move = e->from == TB__NONE ? TB_NO_INDEX : e->move, .tacit = e->tacit};
    }
    tb_buf text;
    tb_buf_init(&text, w->a);
    for (uint32_t i = 0; i < n; i++) {
        const arc *a = &s->arcs.items[arcs[i]];
        const tb__edge *e = &w->g.edges.items[a->edge];
        *TB_PUSH(w->a, path) = a->edge;
        tb_proof_hop hop = {.step = tb__step_of_edge(w, e),
                            .move = e->from == TB__NONE ? TB_NO_INDEX : e->move,
                            .tacit = e->tacit,
                            .running = true};
        if (i) {
            node from = s->nodes.items[s->node_of.items[a->src]];
            uint32_t to_keep = a->dst == SINK ? TB__NONE : s->nodes.items[s->node_of.items[a->dst]].keep;
            bool all = a->t.owner == TB__NONE || !a->t.spent;
            if (s->keep_bit[hop.step] != TB__NONE && to_keep != TB__NONE && !e->tacit &&
                w->p->moves.items[e->move].leaves && !w->p->moves.items[e->move].interrupts)
                all = to_keep != from.keep || (from.keep >> s->keep_bit[hop.step] & 1);
            load(s, &from, e);
            s->begins = a->dst == SINK || s->nodes.items[s->node_of.items[a->dst]].phase == PHASE_RUNNING;
            int entered = 0;
            bool ignored;
            if (s->leaf[e->leaf].count) entered = value_of(s, &s->leaf[e->leaf], value, &ignored);
            set_now(s, e, all);
            hop.at = value_of(s, &s->now, value, &hop.waits);
            bool takes = a->t.owner != TB__NONE || a->t.also != TB__NONE;
            waits[before + i] = hop.waits && takes;
            follow_ops(s, e, NULL);
            hop.used = hop.at - entered;
            bool waited = a->t.owner != TB__NONE && a->t.also == TB__NONE; /* perhaps for a duty beside it */
            uint32_t who = waited ? a->t.owner : hop.step;
            if (takes && !stands_still(s, who)) {
                int used = weight(s, &a->t); /* these add up to the bound */
                share[who] += used;
                if (text.n) tb_puts(&text, " → ");
                tb_putf(&text, "%.*s %d", TB_FMT(w->p->steps.items[who].name), used);
            }
        }
        *TB_PUSH(w->a, o->path) = hop;
        if (a->dst == SINK) break;
        const node *to = &s->nodes.items[s->node_of.items[a->dst]];
        uint32_t c = to->first;
        bool ignored;
        if (i) { /* else all 0 */
            for (uint16_t k = 0; k < tb_chart_states(w->p->chart); k++)
                if (tb__kept(w, tb__state(w, e->to), k) && timed(s, k))
                    value[c++] = value_of(s, &s->leaf[k], value, &ignored);
            for (uint32_t k = 0; k < s->refs_n; k++)
                if (tb__fact(w, tb__state(w, e->to), s->refs[k].milestone))
                    value[c++] = value_of(s, &s->ref[k], value, &ignored);
        }
    }
    o->path_text = tb_buf_str(&text);
    o->bottleneck = TB_NO_INDEX;
    for (uint32_t i = 0; i < w->p->steps.count; i++)
        if (share[i] > 0 && (o->bottleneck == TB_NO_INDEX || share[i] > share[o->bottleneck])) o->bottleneck = i;
    for (uint32_t i = 0; i < o->budgets.count; i++) o->budgets.items[i].share = share[o->budgets.items[i].step];
    if (o->verdict == TB_PROVED) return;
    o->scenario = tb__path_scenario(
        w, &path, waits, s->measure != TB_PROOF_WORKDAYS,
        tb_str_printf(w->a, tb__say(w, "%.*s不够的一条路", "%.*s-is-not-enough"), TB_FMT(s->def->name)),
        tb_str_printf(w->a, tb__say(w, "%.*s %.*s，这条路用 %d", "%.*s %.*s; this way takes %d"), TB_FMT(s->def->name),
                      TB_FMT(measured(w, o->budget, o->measure)), o->bound));
}

/* ---- budgets: by how much may one step grow, or must it shrink, alone? ---- */

static bool keeps_limit(struct span *s, uint32_t step, int n, int allowed) {
    const tb_clock_def *c = &s->w->p->clocks.items[s->w->p->steps.items[step].clock];
    int before = s->cost[step];
    s->cost[step] = converted(s, n, c->unit, c->roll);
    bool ok = s->cost[step] >= 0 && solve(s) == TB__NONE && s->value[SINK] <= allowed;
    s->cost[step] = before;
    return ok;
}

static void find_budget(struct span *s, tb_proof_budget *b, int allowed) {
    int low, high; /* holds at low (0: not even then), does not at high */
    if (keeps_limit(s, b->step, b->limit, allowed)) {
        low = b->limit;
        high = b->limit + 1;
        for (int step = 1; keeps_limit(s, b->step, high, allowed); step *= 2) {
            low = high;
            high += step;
            if (high > b->limit + allowed + 1) break; /* beyond the whole span: it does not take part */
        }
        if (high > b->limit + allowed + 1) high = low + 1;
    } else {
        low = 0;
        high = b->limit;
    }
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (keeps_limit(s, b->step, middle, allowed)) low = middle;
        else high = middle;
    }
    b->known = true;
    b->enough = low > 0;
    b->spare = low - b->limit;
}

static void find_budgets(struct span *s) {
    tb__proof *w = s->w;
    uint8_t *taken = TB_NEW_ARRAY(w->a, w->p->steps.count + 1, uint8_t);
    for (uint32_t i = 0; i < s->arcs.count; i++)
        if (s->arcs.items[i].t.owner != TB__NONE && s->matters[s->arcs.items[i].dst])
            taken[s->arcs.items[i].t.owner] = 1;
    s->out->assumed = TB_NONE; /* only what was converted for steps that take part */
    if (other_calendars(s)) assume(s, "各地日历不同，按同一日历计算", "the places' calendars differ; counted as one");
    for (uint32_t i = 0; i < w->p->steps.count; i++) {
        if (!taken[i] || w->p->steps.items[i].clock == TB_NO_INDEX) continue;
        const tb_clock_def *c = &w->p->clocks.items[w->p->steps.items[i].clock];
        converted(s, c->n, c->unit, c->roll);
        *TB_PUSH(w->a, s->out->budgets) = (tb_proof_budget){.step = i, .limit = c->n, .unit = c->unit};
    }
}

static void spare_time(struct span *s) {
    for (uint32_t i = 0; i < s->out->budgets.count && s->relaxed < TB_PROOF_BUDGET_WORK; i++)
        find_budget(s, &s->out->budgets.items[i], s->out->budget);
}

/* ---- one span ---- */

/* A step visited again on the worst path: would one budget for all visits (续计) be enough? Builds the span anew. */
static bool enough_with_keep(struct span *s, uint32_t step) {
    tb_proof_span ignored = {.clock = s->out->clock};
    struct span again = {.w = s->w, .def = s->def, .out = &ignored, .also_keep = step + 1, .starts = s->starts};
    if (!units(&again)) return false;
    references(&again);
    if (!again.too_large) build(&again);
    return !again.too_large && solve(&again) == TB__NONE && again.value[SINK] <= s->out->budget;
}

static tb_str advice(struct span *s) {
    tb_proof_span *o = s->out;
    const char * or = tb__say(s->w, "，或者", ", or ");
    tb_buf b;
    tb_buf_init(&b, s->w->a);
    for (uint32_t i = 0; i < o->budgets.count; i++) {
        const tb_proof_budget *x = &o->budgets.items[i];
        const tb_step_def *step = &s->w->p->steps.items[x->step];
        bool organ = false; /* the applicant's time is not the organ's to cut */
        for (uint32_t k = 0; k < step->posts_n; k++) organ |= step->posts[k] != TB_POST_APPLICANT;
        if (!x->known || !x->enough || x->spare >= 0 || !organ) continue;
        tb_putf(&b, tb__say(s->w, "%s把“%.*s”的期限从 %.*s改为 %.*s", "%schange the limit of %.*s from %.*s to %.*s"),
                b.n ? or : "", TB_FMT(step->name), TB_FMT(amount(s->w, x->limit, x->unit)),
                TB_FMT(amount(s->w, x->limit + x->spare, x->unit)));
    }
    for (uint32_t i = 0; i < o->budgets.count; i++) {
        const tb_proof_budget *x = &o->budgets.items[i];
        uint32_t visits = 0;
        for (uint32_t k = 0; k < o->path.count; k++)
            visits += o->path.items[k].step == x->step && o->path.items[k].used > 0;
        if (visits < 2 || s->keep_bit[x->step] != TB__NONE || !enough_with_keep(s, x->step)) continue;
        tb_putf(&b,
                tb__say(s->w, "%s给“%.*s”的期限写上 续计，几次办理合用一个期限",
                        "%swrite resumes to the limit of %.*s, one limit for all visits"),
                b.n ? or : "", TB_FMT(s->w->p->steps.items[x->step].name));
    }
    if (b.n) return tb_buf_str(&b);
    tb_putf(&b,
            tb__say(s->w, "只改一个环节不够，合计要减 %.*s", "no single step is enough: together they must give %.*s"),
            TB_FMT(measured(s->w, o->bound - o->budget, o->measure)));
    if (o->bottleneck != TB_NO_INDEX)
        tb_putf(&b, tb__say(s->w, "；最长的是“%.*s”", "; the longest is %.*s"),
                TB_FMT(s->w->p->steps.items[o->bottleneck].name));
    return tb_buf_str(&b);
}

static void report(struct span *s) {
    tb__proof *w = s->w;
    tb_proof_span *o = s->out;
    const tb_clock_def *d = s->def;
    tb_str law = d->law ? tb_source_text(w->p->sources, d->law->span) : TB_NONE;
    tb_str limit = tb_str_printf(w->a, "%.*s %.*s%s%.*s", TB_FMT(d->name), TB_FMT(amount(w, d->n, d->unit)),
                                 law.n ? tb__say(w, "，依", ", under ") : "", TB_FMT(law));
    tb_diagnostic *x = NULL;
    tb_str bound = measured(w, o->bound, o->measure);
    switch (o->verdict) {
    case TB_PROVED: return;
    case TB_REFUTED: x = tb_report(w->out, TB_E_PROOF_LIMIT, d->span, limit, bound, o->path_text); break;
    case TB_BY_EXTENSION: x = tb_report(w->out, TB_E_PROOF_LIMIT_EXTENSION, d->span, limit, bound, o->path_text); break;
    case TB_UNBOUNDED: x = tb_report(w->out, TB_E_PROOF_LIMIT_UNBOUNDED, d->span, limit, o->reason, TB_NONE); break;
    case TB_NOT_PROVED: x = tb_report(w->out, TB_E_PROOF_NOT_PROVED, d->span, limit, o->reason, TB_NONE); break;
    }
    if (o->verdict == TB_REFUTED || o->verdict == TB_BY_EXTENSION) x->hint = advice(s);
    if (o->verdict == TB_UNBOUNDED) x->other = s->blame;
    if (o->bottleneck != TB_NO_INDEX && o->verdict == TB_REFUTED) {
        uint32_t clock = w->p->steps.items[o->bottleneck].clock;
        if (clock != TB_NO_INDEX) x->other = w->p->clocks.items[clock].span;
    }
    *TB_PUSH(w->a, w->r->failures) = (tb_proof_failure){x->code, d->span, o->path_text, o->scenario};
}

/* M10: that a limit runs on where others stand still is said: whoever reads the step takes it for all of them. */
static void tell_running(struct span *s) {
    const tb_program *p = s->w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *d = &p->steps.items[i];
        if (s->runs_on[i] && !tb__reaches_none(p, d))
            tb_report(s->w->out, TB_E_PROOF_GROUND_BEYOND, s->def->span, d->name, s->def->name,
                      tb_law_text(p, d->why_excluded))->other = d->span;
    }
}

static void prove(struct span *s) {
    tb__proof *w = s->w;
    tb_proof_span *o = s->out;
    o->bottleneck = TB_NO_INDEX;
    if (!w->g.complete) {
        o->verdict = TB_NOT_PROVED;
        o->reason = w->r->covered;
        return;
    }
    if (!units(s)) {
        o->verdict = TB_NOT_PROVED;
        o->reason = tb_str_z(tb__say(w, "没有日历，单位无从折算", "units cannot be converted without a calendar"));
        return;
    }
    if (s->starts) o->extension = 0; /* 42 extends the decision, not what follows */
    references(s);
    if (!s->too_large) build(s);
    if (s->too_large) {
        o->verdict = TB_NOT_PROVED;
        o->reason = tb_str_printf(w->a,
                                  tb__say(w, "%u 个状态的时间关系超过 %d 条或 %d MiB",
                                          "the times of %u states need more than %d relations or %d MiB"),
                                  w->g.states, TB_PROOF_ARCS, TB_PROOF_MIB);
        return;
    }
    tell_running(s);
    uint32_t loop = solve(s);
    if (loop != TB__NONE) {
        unbounded_loop(s, loop);
    } else if (s->value[SINK] >= UNLIMITED) {
        unbounded_step(s);
    } else {
        o->bound = s->value[SINK] < 0 ? 0 : s->value[SINK];
        o->verdict = o->bound <= o->budget                  ? TB_PROVED
                     : o->bound <= o->budget + o->extension ? TB_BY_EXTENSION
                                                            : TB_REFUTED;
        if (s->value[SINK] < 0) return; /* never begins: check.c has said so */
        find_budgets(s);
        tell_path(s);
        spare_time(s);
    }
}

/* 行政许可法 44: a grant is issued and served within ten workdays, whether or not the matter writes a limit of its own. Refusals it does
 * not speak of. */
enum { SERVICE_DAYS = 10 };

static bool limits_service(const tb_clock_def *d) {
    return d->kind != TB_CLOCK_STEP && d->from == TB_M_DECIDED && d->to == TB_M_SERVED && d->unit == TB_WORKDAYS &&
           d->n <= SERVICE_DAYS;
}

static void service(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->clocks.count; i++)
        if (limits_service(&p->clocks.items[i])) return; /* proved as it is written */
    const tb_clock_def d = {.kind = TB_CLOCK_STATUTORY,
                            .name = tb_str_z(tb__say(w, "《行政许可法》第四十四条 颁发、送达", "《行政许可法》第四十四条, service")),
                            .n = SERVICE_DAYS,
                            .unit = TB_WORKDAYS,
                            .from = TB_M_DECIDED,
                            .to = TB_M_SERVED,
                            .step = TB_NO_INDEX,
                            .place = p->authority_place,
                            .span = p->kind_span};
    struct span s = {.w = w, .def = &d, .starts = tb__granting_edges(w)};
    tb_proof_span out = {.clock = p->clocks.count}; /* what the law limits by itself is no clock of the matter's */
    s.out = &out;
    prove(&s);
    report(&s);
}

void tb__prove_limits(tb__proof *w) {
    if (w->g.complete && tb_str_is(w->p->kind, "行政许可")) service(w);
    for (uint32_t i = 0; i < w->p->clocks.count; i++) {
        const tb_clock_def *d = &w->p->clocks.items[i];
        if (d->kind == TB_CLOCK_STEP || d->kind == TB_CLOCK_DEFERRAL) continue;
        struct span s = {.w = w, .def = d};
        tb_proof_span out = {.clock = i};
        s.out = &out;
        prove(&s);
        report(&s);
        *TB_PUSH(w->a, w->r->spans) = out;
    }
}
