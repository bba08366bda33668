/* See follow.h. One function an aspect; each says in words what differs, so that the same list serves the diagnostics of
 * 遵循 and the table of `compare`. */
#include "follow.h"
#include "compile_work.h"
#include "imply.h"
#include "proof_work.h"
#include <limits.h>

struct comparing {
    tb_arena *a;
    const tb_program *here, *there;
    bool en;
    tb_differences *out;
};

static tb_str say(const struct comparing *q, const char *zh, const char *en) { return tb_str_z(q->en ? en : zh); }

static void differ(struct comparing *q, enum tb_aspect aspect, bool proved, tb_str subject, tb_str here, tb_str there,
                   tb_span at, tb_span other) {
    *TB_PUSH(q->a, q->out->list) = (tb_difference){aspect, proved, subject, here, there, at, other};
}

/* ---- limits ---- */

static tb_str period(const struct comparing *q, int n, enum tb_unit unit) {
    return tb_duration_text(q->a, (tb_duration){n, (enum tb_unit_word)unit}, q->en ? TB_LANG_EN : TB_LANG_ZH);
}

/* The fewest and the most days a period may take; a workday may be followed by any number of days off. */
static void days_of(int n, enum tb_unit unit, int64_t *least, int64_t *most) {
    *least = *most = n;
    switch (unit) {
    case TB_WORKDAYS: *most = INT64_MAX; break;
    case TB_HOURS: *least = n / 24, *most = n / 24 + 1; break;
    case TB_WORKHOURS: *least = n / 24, *most = INT64_MAX; break;
    case TB_MONTHS: *least = 28 * (int64_t)n, *most = 31 * (int64_t)n; break;
    case TB_YEARS: *least = 365 * (int64_t)n, *most = 366 * (int64_t)n; break;
    default: break;
    }
}

enum { NOT_LONGER = 0, LONGER, MAYBE };

static int longer(int n, enum tb_unit unit, int than, enum tb_unit than_unit) {
    int64_t least, most, than_least, than_most;
    if (unit == than_unit) return n > than ? LONGER : NOT_LONGER;
    days_of(n, unit, &least, &most);
    days_of(than, than_unit, &than_least, &than_most);
    return least > than_most ? LONGER : most <= than_least ? NOT_LONGER : MAYBE;
}

static tb_str milestone(const tb_program *p, uint32_t at) {
    return at == TB_NO_INDEX ? TB_NONE : p->milestones.items[at].name;
}

static bool same_ends(const struct comparing *q, const tb_clock_def *x, const tb_clock_def *y) {
    return tb_str_eq(milestone(q->here, x->from), milestone(q->there, y->from)) &&
           tb_str_eq(milestone(q->here, x->to), milestone(q->there, y->to)) && x->first == y->first;
}

static tb_str limit_text(const struct comparing *q, const tb_program *p, const tb_clock_def *d) {
    const char *first = !d->first ? "" : q->en ? "the first " : "首次";
    return tb_str_printf(q->a, q->en ? "%.*s, from %s%.*s to %.*s" : "%.*s，自 %s%.*s 至 %.*s",
                         TB_FMT(period(q, d->n, d->unit)), first, TB_FMT(milestone(p, d->from)),
                         TB_FMT(milestone(p, d->to)));
}

/* The promise stands for itself; where there is none, the statutory limit is what is promised. */
static const tb_clock_def *counterpart(const struct comparing *q, const tb_clock_def *y, bool *other_ends) {
    const tb_clock_def *found = NULL;
    for (uint32_t i = 0; i < q->here->clocks.count; i++) {
        const tb_clock_def *x = &q->here->clocks.items[i];
        if (x->kind != y->kind && !(y->kind == TB_CLOCK_PROMISED && x->kind == TB_CLOCK_STATUTORY)) continue;
        if (!same_ends(q, x, y)) *other_ends |= x->kind == y->kind;
        else if (!found || x->kind == y->kind) found = x;
    }
    return found;
}

static void limits(struct comparing *q) {
    for (uint32_t i = 0; i < q->there->clocks.count; i++) {
        const tb_clock_def *y = &q->there->clocks.items[i];
        bool other_ends = false;
        if (y->kind != TB_CLOCK_STATUTORY && y->kind != TB_CLOCK_PROMISED) continue;
        const tb_clock_def *x = counterpart(q, y, &other_ends);
        tb_str there = limit_text(q, q->there, y);
        if (!x) {
            differ(q, TB_ASPECT_LIMIT, !other_ends, y->name,
                   other_ends ? say(q, "起止不同", "from and to other milestones") : say(q, "没有", "none"), there,
                   q->here->span, y->span);
            continue;
        }
        int than = longer(x->n, x->unit, y->n, y->unit);
        if (!than && x->roll && !y->roll && x->unit != TB_WORKDAYS) than = MAYBE; /* a last day off moves the end here */
        if (than)
            differ(q, TB_ASPECT_LIMIT, than == LONGER, y->name, limit_text(q, q->here, x), there, x->span, y->span);
    }
    if (q->here->adjusts && !q->there->adjusts) /* a promise could then be put off */
        differ(q, TB_ASPECT_LIMIT, true, say(q, "期限调整", "adjustment"), say(q, "可以", "possible"), say(q, "没有", "none"),
               q->here->moves.items[q->here->adjustment_move].span, q->there->span);
    if (!q->here->extension_n) return;
    tb_span at = q->here->moves.items[q->here->extension_move].span, other = q->there->span;
    tb_str here = period(q, q->here->extension_n, q->here->extension_unit), there = say(q, "没有", "none");
    int than = LONGER;
    if (q->there->extension_n) {
        const tb_move *x = &q->here->moves.items[q->here->extension_move],
                      *y = &q->there->moves.items[q->there->extension_move];
        than = longer(q->here->extension_n, q->here->extension_unit, q->there->extension_n, q->there->extension_unit);
        there = period(q, q->there->extension_n, q->there->extension_unit);
        other = y->span;
        if (x->times > y->times) {
            than = LONGER;
            here = tb_str_printf(q->a, q->en ? "%.*s, %d times" : "%.*s，%d 次", TB_FMT(here), x->times);
            there = tb_str_printf(q->a, q->en ? "%.*s, %d times" : "%.*s，%d 次", TB_FMT(there), y->times);
        }
    }
    if (than) differ(q, TB_ASPECT_LIMIT, than == LONGER, say(q, "期限延长", "extension"), here, there, at, other);
}

/* ---- the form, the materials, the modes ---- */

static const tb_field *field_named(const tb_program *p, tb_str name) {
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (tb_str_eq(p->fields.items[i].name, name)) return &p->fields.items[i];
    return NULL;
}

static tb_str when_words(const struct comparing *q, tb_str condition) {
    return tb_str_printf(q->a, q->en ? "required if %.*s" : "%.*s 时必填", TB_FMT(condition));
}

static void fields(struct comparing *q) {
    for (uint32_t i = 0; i < q->here->fields.count; i++) {
        const tb_field *x = &q->here->fields.items[i], *y = field_named(q->there, x->name);
        tb_span other = y ? y->span : q->there->span;
        tb_str example;
        if (x->required && (!y || !y->required))
            differ(q, TB_ASPECT_FIELD, true, x->name, say(q, "必填", "required"),
                   y ? say(q, "选填", "optional") : say(q, "没有这一项", "not asked"), x->span, other);
        if (x->when && (!y || (!y->required && !tb_str_eq(x->when_text, y->when_text))))
            differ(q, TB_ASPECT_FIELD, !y || !y->when, x->name, when_words(q, x->when_text),
                   !y        ? say(q, "没有这一项", "not asked")
                   : y->when ? when_words(q, y->when_text)
                             : say(q, "选填", "optional"),
                   x->span, other);
        if (!y) continue;
        if (x->type != y->type)
            differ(q, TB_ASPECT_FIELD, false, x->name, say(q, "类型不同", "of another type"), TB_NONE, x->span, other);
        else if (!tb__admits(x, y, q->en, &example, q->a))
            differ(q, TB_ASPECT_FIELD, true, x->name,
                   tb_str_printf(q->a, q->en ? "%.*s cannot be given" : "不能填“%.*s”", TB_FMT(example)),
                   say(q, "可以", "it can"), x->span, other);
    }
}

static const tb_material *material_named(const tb_program *p, tb_str name) {
    for (uint32_t i = 0; i < p->materials.count; i++)
        if (tb_str_eq(p->materials.items[i].name, name)) return &p->materials.items[i];
    return NULL;
}

/* What an applicant must bring: 免提交 is fetched by the authority itself. */
static bool brought(const tb_material *m) { return m->needed && !m->exempt; }

static void materials(struct comparing *q) {
    for (uint32_t i = 0; i < q->here->materials.count; i++) {
        const tb_material *x = &q->here->materials.items[i], *y = material_named(q->there, x->name);
        tb_span other = y ? y->span : q->there->span;
        if (!brought(x)) continue;
        if (!y || !brought(y))
            differ(q, TB_ASPECT_MATERIAL, true, x->name, say(q, "必要", "needed"),
                   !y          ? say(q, "没有这份材料", "not asked")
                   : y->exempt ? say(q, "免提交", "exempt")
                               : say(q, "选填", "optional"),
                   x->span, other);
        else if (y->only.n && !tb_str_eq(x->only, y->only))
            differ(q, TB_ASPECT_MATERIAL, !x->only.n, x->name,
                   x->only.n ? tb_str_printf(q->a, q->en ? "only %.*s" : "限 %.*s", TB_FMT(x->only))
                             : say(q, "人人都要", "of everyone"),
                   tb_str_printf(q->a, q->en ? "only %.*s" : "限 %.*s", TB_FMT(y->only)), x->span, other);
        else if (y->when.n && !tb_str_eq(x->when, y->when)) /* needed there only sometimes */
            differ(q, TB_ASPECT_MATERIAL, !x->when.n, x->name, x->when.n ? x->when : say(q, "都要", "always"), y->when,
                   x->span, other);
    }
}

static void modes(struct comparing *q) {
    for (uint32_t i = 0; i < q->there->modes.count; i++) {
        uint32_t at;
        tb_str name = q->there->modes.items[i].name;
        TB__FIND(q->here->modes, .name, name, at);
        if (at == TB_NO_INDEX)
            differ(q, TB_ASPECT_MODE, true, name, say(q, "不能", "not offered"), say(q, "可以", "offered"),
                   q->here->span, q->there->span);
    }
}

/* ---- what the applicant has to do ---- */

static bool applicants(const uint32_t *posts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (posts[i] == TB_POST_APPLICANT) return true;
    return false;
}

static bool only_applicants(const tb_step_def *s) { return s->posts_n == 1 && s->posts[0] == TB_POST_APPLICANT; }

static void applicant_steps(struct comparing *q) {
    for (uint32_t i = 0; i < q->here->steps.count; i++) {
        const tb_step_def *x = &q->here->steps.items[i];
        uint32_t at = tb_step_named(q->there, x->name);
        if (!only_applicants(x) && !(x->all && applicants(x->posts, x->posts_n))) continue;
        const tb_step_def *y = at == TB_NO_INDEX ? NULL : &q->there->steps.items[at];
        if (!y || !applicants(y->posts, y->posts_n)) {
            differ(q, TB_ASPECT_APPLICANT, true, x->name, say(q, "要申请人办", "the applicant must act"),
                   say(q, "不要", "not asked"), x->span, y ? y->span : q->there->span);
            continue;
        }
        if (x->clock == TB_NO_INDEX) continue;
        const tb_clock_def *limit = &q->here->clocks.items[x->clock];
        if (y->clock == TB_NO_INDEX) {
            differ(q, TB_ASPECT_APPLICANT, true, x->name, period(q, limit->n, limit->unit),
                   say(q, "不限时间", "no limit"), limit->span, y->span);
            continue;
        }
        const tb_clock_def *than = &q->there->clocks.items[y->clock]; /* less time is more trouble */
        int less = longer(than->n, than->unit, limit->n, limit->unit);
        if (less)
            differ(q, TB_ASPECT_APPLICANT, less == LONGER, x->name, period(q, limit->n, limit->unit),
                   period(q, than->n, than->unit), limit->span, than->span);
    }
}

/* ---- acts ---- */

/* All clauses of one act in one step that refuse, or all that do not. */
typedef struct group {
    const tb_move *first;
    tb_str step;
    bool refusing, applicant, closes;
    int times; /* 0: any number */
    tb__open open;
} group;
typedef TB_LIST(group) groups;

static bool acts_for_applicant(const tb_program *p, const tb_move *m) {
    if (m->posts) return applicants(m->posts, m->posts_n);
    return m->step != TB_NO_INDEX && applicants(p->steps.items[m->step].posts, p->steps.items[m->step].posts_n);
}

/* 容缺逾期, 承诺不实 that end the case are against the applicant, by whatever name the outcome goes (终止, 撤销). */
static bool ends_against(const tb_program *p, const tb_move *m) {
    bool outcome = false;
    for (uint32_t i = 0; i < p->outcomes.count; i++) outcome |= m->leaves && tb_str_eq(p->outcomes.items[i], m->target);
    return outcome && ((p->papers.deferred != TB_NO_INDEX && tb_str_is(m->act, "容缺逾期")) ||
                       (p->papers.promised != TB_NO_INDEX && tb_str_is(m->act, "承诺不实")));
}

static void group_moves(struct comparing *q, const tb_program *p, groups *out) {
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_ACT && m->kind != TB_MOVE_OVERDUE) continue;
        if (tb__changes_limits(p, i)) continue; /* limits */
        bool refusing = tb__refusal(p, m) || ends_against(p, m);
        if (m->kind == TB_MOVE_OVERDUE && !refusing) continue;
        tb_str step = m->step == TB_NO_INDEX ? TB_NONE : p->steps.items[m->step].name;
        uint32_t at = 0;
        while (at < out->count && !(tb_str_eq(out->items[at].first->act, m->act) &&
                                    tb_str_eq(out->items[at].step, step) && out->items[at].refusing == refusing))
            at++;
        if (at == out->count)
            *TB_PUSH(q->a, *out) =
                (group){.first = m, .step = step, .refusing = refusing, .times = m->times, .open = {.p = p}};
        group *g = &out->items[at];
        g->applicant |= acts_for_applicant(p, m);
        g->times = g->times && m->times ? (g->times > m->times ? g->times : m->times) : 0;
        for (uint32_t k = 0; k < m->effects_n; k++) g->closes |= m->effects[k].kind == TB_DO_CLOSE;
        for (uint32_t k = 0; k < p->outcomes.count; k++)
            g->closes |= m->leaves && tb_str_eq(p->outcomes.items[k], m->target);
        *TB_PUSH(q->a, g->open.any) = m->said;
    }
}

static const group *group_like(const groups *list, const group *g) {
    const group *elsewhere = NULL;
    for (uint32_t i = 0; i < list->count; i++) {
        const group *x = &list->items[i];
        if (x->refusing != g->refusing || !tb_str_eq(x->first->act, g->first->act)) continue;
        if (tb_str_eq(x->step, g->step)) return x;
        if (!elsewhere) elsewhere = x;
    }
    return tb_str_is(g->first->act, "逾期") ? NULL : elsewhere; /* 逾期 has no name of its own */
}

static tb_str name_of(const struct comparing *q, const group *g) {
    return g->step.n ? tb_str_printf(q->a, "%.*s·%.*s", TB_FMT(g->step), TB_FMT(g->first->act)) : g->first->act;
}

static tb_str guard_words(const struct comparing *q, const group *g) {
    tb_buf b;
    tb_buf_init(&b, q->a);
    for (uint32_t i = 0; i < g->open.any.count; i++) {
        if (!g->open.any.items[i]) return say(q, "没有条件", "no condition");
        if (i) tb_puts(&b, q->en ? " or " : " 或 ");
        tb_putstr(&b, tb__condition_text(g->open.p->sources, g->open.any.items[i]));
    }
    return tb_buf_str(&b);
}

/* `x` must imply `y`: a refusal here one there, an acceptance there one here. */
static void condition(struct comparing *q, const group *x, const group *y, bool refusing) {
    tb_str example;
    enum tb__implied answer = tb__implies(q->a, &x->open, &y->open, q->en, &example);
    const group *here = refusing ? x : y, *there = refusing ? y : x;
    tb_str words = guard_words(q, here);
    if (answer == TB__IMPLIED) return;
    if (answer == TB__NOT_IMPLIED && example.n)
        words = tb_str_printf(q->a,
                              q->en ? (refusing ? "%.*s; refuses when %.*s" : "%.*s; not when %.*s")
                                    : (refusing ? "%.*s；%.*s 时也不予" : "%.*s；%.*s 时却不行"),
                              TB_FMT(words), TB_FMT(example));
    if (answer == TB__IMPLY_UNKNOWN)
        words = tb_str_printf(q->a, q->en ? "%.*s (not understood: %.*s)" : "%.*s（比不出：%.*s）", TB_FMT(words),
                              TB_FMT(example));
    differ(q, TB_ASPECT_CONDITION, answer == TB__NOT_IMPLIED, name_of(q, here), words, guard_words(q, there),
           here->first->span, there->first->span);
}

/* ---- 容缺受理, 告知承诺 ---- */

static void lost_right(struct comparing *q, const tb_material *x, const tb_material *y, bool deferrable) {
    differ(q, TB_ASPECT_PAPERS, true, x->name,
           deferrable ? say(q, "申请时就要有", "is needed at once") : say(q, "不能以承诺代替", "a promise will not do"),
           deferrable ? say(q, "可容缺", "may come later") : say(q, "可承诺", "a promise will do"), x->span, y->span);
}

/* Less time to bring what is missing is more trouble; other ends cannot be compared. */
static void deferral_limit(struct comparing *q) {
    if (q->here->papers.clock == TB_NO_INDEX || q->there->papers.clock == TB_NO_INDEX) return;
    const tb_clock_def *x = &q->here->clocks.items[q->here->papers.clock],
                       *y = &q->there->clocks.items[q->there->papers.clock];
    tb_str until = milestone(q->here, q->here->papers.until), than = milestone(q->there, q->there->papers.until);
    const char *bars = q->en ? "no %.*s before" : "补齐以前不能 %.*s";
    int less = !same_ends(q, x, y) ? MAYBE : longer(y->n, y->unit, x->n, x->unit);
    if (!less && y->roll && !x->roll) less = MAYBE; /* a last day off moves the end only there */
    if (less)
        differ(q, TB_ASPECT_PAPERS, less == LONGER, y->name, limit_text(q, q->here, x), limit_text(q, q->there, y),
               x->span, y->span);
    if (!tb_str_eq(until, than))
        differ(q, TB_ASPECT_PAPERS, false, y->name, tb_str_printf(q->a, bars, TB_FMT(until)),
               tb_str_printf(q->a, bars, TB_FMT(than)), x->span, y->span);
}

static void papers(struct comparing *q) {
    for (uint32_t i = 0; i < q->here->materials.count; i++) {
        const tb_material *x = &q->here->materials.items[i], *y = material_named(q->there, x->name);
        if (!y || !brought(x)) continue;
        if (y->deferrable && !x->deferrable) lost_right(q, x, y, true);
        if (y->promisable && !x->promisable) lost_right(q, x, y, false);
    }
    deferral_limit(q);
}

static bool asks_promise(const tb_expr *x) {
    if (!x) return false;
    if (x->kind == TB_X_AND) return asks_promise(x->a) || asks_promise(x->b);
    if (x->kind == TB_X_OR) return asks_promise(x->a) && asks_promise(x->b);
    return x->kind == TB_X_DONE && tb_str_is(tb__fixed_name(x->text), "承诺");
}

/* Does nobody come to the step but who promised something? Every way in must ask 已 承诺. */
static bool only_promised(const tb_program *p, uint32_t step) {
    tb_str name = p->steps.items[step].name;
    for (uint32_t i = 0; i < p->modes.count; i++) {
        const tb_node *n = &p->nodes[p->modes.items[i].start];
        if ((n->kind == TB_NODE_STEP || n->kind == TB_NODE_HOST) && n->index == step) return false;
    }
    if (p->steps.items[step].branch != TB_NO_STATE) return false; /* entered with its branch */
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (tb_str_eq(m->target, name) && m->step != step && !asks_promise(m->said)) return false;
    }
    return true;
}

/* An act of `p` that can only befall who used a right that `other` does not give: to have it takes nothing from anybody,
 * and to lack it is told with the right itself. */
static bool price_of_right(const tb_program *p, const tb_program *other, const tb_move *m) {
    if (tb_str_is(m->act, "容缺逾期"))
        return p->papers.deferred != TB_NO_INDEX && other->papers.deferred == TB_NO_INDEX;
    if (p->papers.promised == TB_NO_INDEX || other->papers.promised != TB_NO_INDEX) return false;
    return asks_promise(m->said) || (m->step != TB_NO_INDEX && only_promised(p, m->step));
}

/* ---- 现场必须 ---- */

static bool in_mode(const tb_program *p, const tb_step_def *s, tb_str mode) {
    uint32_t at;
    TB__FIND(p->modes, .name, mode, at);
    return at != TB_NO_INDEX && s->on_site && (s->modes >> at & 1);
}

/* In a mode that both offer somebody must come for a step where there nobody has to. */
static void presence(struct comparing *q) {
    for (uint32_t i = 0; i < q->here->steps.count; i++) {
        const tb_step_def *x = &q->here->steps.items[i];
        uint32_t at = tb_step_named(q->there, x->name);
        const tb_step_def *y = at == TB_NO_INDEX ? NULL : &q->there->steps.items[at];
        for (uint32_t k = 0; k < q->there->modes.count; k++) {
            tb_str mode = q->there->modes.items[k].name;
            if (!in_mode(q->here, x, mode) || (y && in_mode(q->there, y, mode))) continue;
            differ(q, TB_ASPECT_PRESENCE, true, x->name,
                   tb_str_printf(q->a, q->en ? "%.*s: presence, because of %.*s" : "%.*s 时现场必须，因 %.*s",
                                 TB_FMT(mode), TB_FMT(x->on_site_why)),
                   y ? say(q, "不必到现场", "no presence") : say(q, "没有这个环节", "no such step"), x->on_site_span,
                   y ? y->span : q->there->span);
            break;
        }
    }
}

static void acts(struct comparing *q) {
    groups here = {0}, there = {0};
    group_moves(q, q->here, &here);
    group_moves(q, q->there, &there);
    for (uint32_t i = 0; i < here.count; i++) {
        const group *x = &here.items[i], *y = x->refusing ? group_like(&there, x) : NULL;
        if (!x->refusing || (!y && price_of_right(q->here, q->there, x->first))) continue;
        if (y) condition(q, x, y, true);
        else
            differ(q, TB_ASPECT_REFUSAL, true, name_of(q, x), guard_words(q, x), say(q, "没有", "none"), x->first->span,
                   q->there->span);
    }
    for (uint32_t i = 0; i < there.count; i++) {
        const group *y = &there.items[i], *x = y->refusing ? NULL : group_like(&here, y);
        if (y->refusing || (!x && price_of_right(q->there, q->here, y->first))) continue;
        if (x) {
            condition(q, y, x, false);
            if (x->times && (!y->times || x->times < y->times) && y->applicant)
                differ(q, TB_ASPECT_APPLICANT, true, name_of(q, x),
                       tb_str_printf(q->a, q->en ? "%d times" : "限 %d次", x->times),
                       y->times ? tb_str_printf(q->a, q->en ? "%d times" : "限 %d次", y->times)
                                : say(q, "不限次数", "any number of times"),
                       x->first->span, y->first->span);
        } else if (y->applicant) {
            differ(q, TB_ASPECT_APPLICANT, true, name_of(q, y), say(q, "申请人不可以", "the applicant cannot"),
                   say(q, "申请人可以", "the applicant can"), q->here->span, y->first->span);
        } else if (y->closes) {
            differ(q, TB_ASPECT_CONDITION, false, name_of(q, y), say(q, "没有这个动作", "no such act"),
                   guard_words(q, y), q->here->span, y->first->span);
        }
    }
}

void tb_stricter(tb_arena *a, const tb_program *here, const tb_program *there, bool english, tb_differences *out) {
    struct comparing q = {a, here, there, english, out};
    limits(&q);
    fields(&q);
    materials(&q);
    modes(&q);
    applicant_steps(&q);
    acts(&q);
    papers(&q);
    presence(&q);
}

const char *tb_aspect_word(enum tb_aspect aspect, bool english) {
    static const char *const zh[] = {"",       "期限", "申请表", "申请材料", "办理模式",
                                     "申请人", "不予", "条件",   "容缺承诺", "现场"};
    static const char *const en[] = {"",          "limit",   "form",      "materials", "modes",
                                     "applicant", "refusal", "condition", "deferral",  "presence"};
    return english ? en[aspect] : zh[aspect];
}

void tb__follow_report(tb_arena *a, const tb_program *p, const tb_clause *clause, const tb_program *standard,
                       bool english, tb_diagnostics *d) {
    static const enum tb_code codes[] = {
        TB_CODE_NONE,          TB_E_FOLLOW_LIMIT,   TB_E_FOLLOW_FIELD,     TB_E_FOLLOW_MATERIAL, TB_E_FOLLOW_MODE,
        TB_E_FOLLOW_APPLICANT, TB_E_FOLLOW_REFUSAL, TB_E_FOLLOW_CONDITION, TB_E_FOLLOW_PAPERS,   TB_E_FOLLOW_PRESENCE};
    tb_differences all = {0};
    tb_stricter(a, p, standard, english, &all);
    for (uint32_t i = 0; i < all.list.count; i++) {
        const tb_difference *x = &all.list.items[i];
        enum tb_code code = x->proved         ? codes[x->aspect]
                            : clause->pending ? TB_E_FOLLOW_ASSUMED
                                              : TB_E_FOLLOW_NOT_PROVED;
        bool lacks = x->at.file == p->span.file && x->at.from == p->span.from; /* what is not there has no place */
        tb_diagnostic *e = tb_report(d, code, lacks ? clause->span : x->at, x->subject, x->here, x->there);
        e->values[3] = standard->matter;
        e->other = x->other;
    }
}
