/* 流程模板 and 套用: a matter made of a template, before anything asks what it means.
 *
 *   套用 一般行政许可，审查期限 为 3个工作日。
 *
 * A template is the sections of a matter with some words left open. 套用 puts the arguments into a copy of its tree and
 * lays the matter's own sections over it; what comes out is an ordinary matter, and nobody after this file knows the
 * difference. So a template has no meaning of its own that could differ from what the matter would say in full, and the
 * proofs, the drawing and the coverage need no second case. What is kept is the place: every clause points at the text
 * it came from, and an error found there also shows the 套用 clause that brought it in (tb_program.uses).
 *
 *   template tree ─ parameters put in ─┐
 *   … of the templates it uses itself ─┴─▶ base ─ 插入 ─ 改 ─ the matter's own sections ─ what nothing reaches falls away
 *
 * Laid over: of sentences that a head says once the matter's count; lists and entries add up; a step of the template is
 * changed only where the matter says 改, because silently replacing what a template provides is how a safeguard is
 * lost. What led to the step before which another is 插入 now leads to that one: only the template's own clauses are
 * turned, since what the author wrote himself he meant.
 *
 * When a matter 删去 the act that leads to a hearing, the hearing's step, its documents and its posts have no purpose
 * left. Keeping them would make the matter fail (nobody reaches the step, nobody holds the post), so steps of the
 * template that nothing leads to fall away, which is said in a note; a step of the matter's own is never dropped.
 *
 * A template is checked once where it stands (its parameters are declared, of a known kind, used, and used where their
 * kind belongs); what depends on the arguments is checked at each 套用. */
#include "compile_work.h"
#include <string.h>

enum { DEPTH = 8 /* of templates that use templates */, CLAUSES = 20000 /* of a matter with all templates in it */ };

/* ---- parameters ---- */

struct kind_word {
    const char *zh, *en, *zh_example, *en_example;
    int value; /* TB_V_… */
};
static const struct kind_word kinds[] = {
    {"期间", "period", "5个工作日", "5-workdays", TB_V_DURATION},
    {"数", "number", "300", "300", TB_V_NUMBER},
    {"次数", "count", "1次", "1-times", TB_V_TIMES},
    {"人数", "persons", "2人", "2-persons", TB_V_PERSONS},
    {"名称", "name", "…", "…", TB_V_NAME},
};

struct binding {
    const tb_clause *declared;
    tb_name name;
    const struct kind_word *kind;
    const tb_part *given; /* SET or DEFAULT: the value */
    bool used;
};

struct bindings {
    TB_LIST(struct binding) list;
    const tb_clause *use; /* the 套用 clause; NULL while the template is checked by itself */
};

struct work {
    tb__compiler *c;
    const struct bindings *with; /* NULL: nothing is left open */
    bool checking;               /* the template by itself: say what is wrong with it */
    uint32_t clauses;            /* copied so far */
    bool failed;
    TB_LIST(struct turned {
        tb_span at;
        tb_str text;
    })
    turned; /* in the condition at hand */
};

static tb_str say(const struct work *w, tb_span at, const char *zh, const char *en) {
    return tb_str_z(tb__english(w->c, at.file) ? en : zh);
}

static tb_str kind_name(const tb__compiler *c, const struct kind_word *k, tb_span at) {
    return tb_str_z(tb__english(c, at.file) ? k->en : k->zh);
}

static tb_str kind_example(const tb__compiler *c, const struct kind_word *k, tb_span at) {
    return tb_str_z(tb__english(c, at.file) ? k->en_example : k->zh_example);
}

static const struct kind_word *kind_named(tb_str s) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (tb_str_is(s, kinds[i].zh) || tb_str_is(s, kinds[i].en)) return &kinds[i];
    return NULL;
}

static bool fits(const struct kind_word *k, const tb_part *value) {
    return (int)value->value_kind == k->value || (k->value == TB_V_NAME && value->value_kind == TB_V_TEXT);
}

static tb_diagnostic *report(struct work *w, enum tb_code code, tb_span at, tb_str v0, tb_str v1, tb_str v2) {
    w->failed = true;
    return tb_report(w->c->d, code, at, v0, v1, v2);
}

static void wrong_kind(struct work *w, const struct binding *b, const tb_part *value) {
    tb_str written = value->value.text;
    tb_diagnostic *d =
        report(w, TB_E_ARGUMENT_KIND, value->span, b->name.text, kind_name(w->c, b->kind, value->span), written);
    if (b->kind->value != TB_V_NAME)
        d->hint = tb_str_printf(w->c->a, tb__english(w->c, value->span.file) ? "such as %.*s" : "例如 %.*s",
                                TB_FMT(kind_example(w->c, b->kind, value->span)));
}

/* The parameters a template declares, each with its 默认. What is wrong with a declaration is said when the template is
 * checked by itself. */
static void declare(struct work *w, const tb_section *template, struct bindings *out) {
    *out = (struct bindings){0};
    for (uint32_t i = 0; i < template->clauses.count; i++) {
        const tb_clause *c = &template->clauses.items[i];
        if (c->kind != TB_C_PARAMETER || c->names.count < 2) continue;
        struct binding b = {c, c->names.items[0], kind_named(c->names.items[1].text), tb_part_of(c, TB_P_DEFAULT),
                            false};
        uint32_t same = 0;
        while (same < out->list.count && !tb_str_eq(out->list.items[same].name.text, b.name.text)) same++;
        if (same < out->list.count) {
            if (w->checking)
                report(w, TB_E_DUPLICATE, b.name.span, b.name.text, TB_NONE, TB_NONE)->other =
                    out->list.items[same].name.span;
        } else if (!b.kind) {
            if (w->checking)
                report(w, TB_E_PARAMETER_KIND, c->names.items[1].span, c->names.items[1].text, TB_NONE, TB_NONE);
        } else {
            if (w->checking && b.given && !fits(b.kind, b.given)) wrong_kind(w, &b, b.given);
            *TB_PUSH(w->c->a, out->list) = b;
        }
    }
}

static struct binding *parameter(struct work *w, tb_str name) {
    for (uint32_t i = 0; w->with && i < w->with->list.count; i++)
        if (tb_str_eq(w->with->list.items[i].name.text, name)) return &w->with->list.items[i];
    return NULL;
}

static tb_str declared_names(struct work *w, const struct bindings *b) {
    tb_buf names;
    tb_buf_init(&names, w->c->a);
    tb_puts(&names, "");
    for (uint32_t i = 0; i < b->list.count; i++) {
        if (i) tb_puts(&names, "、");
        tb_putstr(&names, b->list.items[i].name.text);
    }
    return b->list.count ? tb_buf_str(&names) : TB_STR("—");
}

/* The arguments of one 套用. false: they do not fit; `told` says whether somebody has said so already (a 套用 inside a
 * template is checked where it stands). */
static bool bind(struct work *w, const tb_clause *use, const tb__named *template, struct bindings *out, bool told) {
    bool good = true;
    declare(w, template->section, out);
    out->use = use;
    for (uint32_t i = 0; i < out->list.count; i++) out->list.items[i].used = false;
    for (uint32_t i = 0; i < use->parts.count; i++) {
        const tb_part *set = &use->parts.items[i];
        struct binding *b = NULL;
        if (set->kind != TB_P_SET || !set->names.count) continue;
        for (uint32_t k = 0; k < out->list.count; k++)
            if (tb_str_eq(out->list.items[k].name.text, set->names.items[0].text)) b = &out->list.items[k];
        if (b && !b->used && fits(b->kind, set)) {
            b->given = set;
            b->used = true; /* an argument stands for it */
            continue;
        }
        good = false;
        if (told) continue;
        if (!b)
            report(w, TB_E_PARAMETER_UNKNOWN, set->names.items[0].span, set->names.items[0].text,
                   template->section->name.text, declared_names(w, out))
                ->other = template->section->name.span;
        else if (b->used)
            report(w, TB_E_DUPLICATE, set->names.items[0].span, b->name.text, TB_NONE, TB_NONE)->other =
                b->given->names.items[0].span;
        else wrong_kind(w, b, set);
        if (b && !b->used) b->given = set; /* not missing, too */
    }
    for (uint32_t i = 0; i < out->list.count; i++) {
        const struct binding *b = &out->list.items[i];
        if (b->given && fits(b->kind, b->given)) continue;
        good = false;
        if (!told && !b->given)
            report(w, TB_E_ARGUMENT_MISSING, use->span, b->name.text, template->section->name.text,
                   kind_example(w->c, b->kind, use->span))
                ->other = b->declared->span;
    }
    return good;
}

/* ---- a copy of the tree with the parameters put in ---- */

static void misplaced(struct work *w, const struct binding *b, tb_span at) {
    if (w->checking)
        report(w, TB_E_PARAMETER_WHERE, at, b->name.text, kind_name(w->c, b->kind, at), TB_NONE)->other =
            b->declared->span;
}

/* 「P收到」 goes with the place P (M7). */
static struct binding *received_at(struct work *w, tb_str text, const char **ending) {
    static const char *const endings[] = {"收到", "-received"};
    for (int i = 0; i < 2; i++)
        if (tb_str_ends(text, endings[i])) {
            *ending = endings[i];
            return parameter(w, (tb_str){text.p, text.n - (uint32_t)strlen(endings[i])});
        }
    return NULL;
}

static tb_str put_text(struct work *w, tb_str text, tb_span at) {
    const char *ending = "";
    struct binding *b = parameter(w, text);
    if (!b) b = received_at(w, text, &ending);
    if (!b) return text;
    b->used = true;
    if (b->kind->value != TB_V_NAME) misplaced(w, b, at);
    if (b->kind->value != TB_V_NAME || !b->given) return text;
    return *ending ? tb_str_printf(w->c->a, "%.*s%s", TB_FMT(b->given->value.text), ending) : b->given->value.text;
}

static tb_name put_name(struct work *w, tb_name n) { return (tb_name){put_text(w, n.text, n.span), n.span}; }

static tb_names put_names(struct work *w, const tb_names *names) {
    tb_names out = {0};
    for (uint32_t i = 0; i < names->count; i++) *TB_PUSH(w->c->a, out) = put_name(w, names->items[i]);
    return out;
}

/* The argument for an amount that was left open; NULL: there is none (it has been said). */
static const tb_part *amount(struct work *w, tb_name open, int kind) {
    struct binding *b = parameter(w, open.text);
    if (!b && w->checking) report(w, TB_E_PARAMETER_OPEN, open.span, open.text, TB_NONE, TB_NONE);
    if (!b) return NULL;
    b->used = true;
    if (b->kind->value == kind) return b->given;
    misplaced(w, b, open.span);
    return NULL;
}

static void up_to(struct work *w, tb_part *p, const tb_part *given) {
    enum { MOST = 100000000 };
    for (uint32_t i = 0; i < given->value.text.n && p->number < MOST; i++) {
        char digit = given->value.text.p[i];
        if (digit < '0' || digit > '9') {
            report(w, TB_E_NEEDS_NUMBER, given->value.span, tb_str_printf(w->c->a, "“%.*s”", TB_FMT(given->value.text)),
                   TB_NONE, TB_NONE);
            return;
        }
        p->number = p->number * 10 + (digit - '0');
    }
}

static void put_amount(struct work *w, tb_part *p) {
    int kind = TB_V_NONE;
    switch (p->kind) {
    case TB_P_COMPARE:
    case TB_P_UP_TO: kind = TB_V_NUMBER; break;
    case TB_P_PERSONS: kind = TB_V_PERSONS; break;
    case TB_P_TIMES: kind = TB_V_TIMES; break;
    case TB_P_CORRECTABLE:
    case TB_P_BEFORE_EXPIRY: kind = TB_V_DURATION; break;
    default: return;
    }
    if (p->value_kind != TB_V_NAME) return;
    const tb_part *given = amount(w, p->value, kind);
    if (!given) return;
    p->value_kind = given->value_kind;
    p->value = (tb_name){given->value.text, p->value.span};
    p->duration = given->duration;
    p->number = given->number;
    if (kind != TB_V_NUMBER) p->value_kind = TB_V_NONE; /* as if it had been written there */
    if (p->kind == TB_P_UP_TO) up_to(w, p, given);
}

/* 为 P: an argument handed on. */
static void put_value(struct work *w, tb_part *set) {
    struct binding *b = set->value_kind == TB_V_NAME ? parameter(w, set->value.text) : NULL;
    if (!b) return;
    b->used = true;
    if (!b->given) { /* checked by itself, without a 默认: anything of its kind */
        set->value_kind = b->kind->value;
        return;
    }
    set->value = (tb_name){b->given->value.text, set->value.span};
    set->value_kind = b->given->value_kind;
    set->duration = b->given->duration;
    set->number = b->given->number;
}

/* Where in the text of a condition's leaf the name stands: first before 属于 and 包含, last after 已. */
static tb_span name_in(struct work *w, const tb_expr *x, tb_str name, bool last) {
    tb_str all = tb_source_text(&w->c->rules->sources, x->span);
    tb_span at = {x->span.file, x->span.from, x->span.from};
    for (uint32_t i = 0; i + name.n <= all.n; i++) {
        if (memcmp(all.p + i, name.p, name.n) != 0) continue;
        at.from = x->span.from + i;
        at.to = at.from + name.n;
        if (!last) break;
    }
    return at;
}

static void turned(struct work *w, tb_span at, tb_str before, tb_str after) {
    if (at.to > at.from && !tb_str_eq(before, after)) *TB_PUSH(w->c->a, w->turned) = (struct turned){at, after};
}

static const tb_expr *put_expr(struct work *w, const tb_expr *x) { /* as deep as TB_EXPR_DEPTH */
    if (!x) return NULL;
    tb_expr *out = TB_NEW(w->c->a, tb_expr);
    *out = *x;
    out->a = put_expr(w, x->a);
    bool last = x->kind == TB_X_DONE || x->kind == TB_X_NOT_DONE || x->kind == TB_X_FILLED || x->kind == TB_X_UNFILLED;
    struct binding *b = x->kind == TB_X_NAME ? parameter(w, x->text) : NULL;
    if (b && b->kind->value == TB_V_NUMBER) {
        b->used = true;
        out->kind = TB_X_NUMBER;
        out->text = b->given ? b->given->value.text : TB_STR("0");
    } else if (x->text.n && x->kind != TB_X_TEXT && x->kind != TB_X_NUMBER) {
        out->text = put_text(w, x->text, x->span);
    }
    if (x->text.n) turned(w, name_in(w, x, x->text, last), x->text, out->text);
    for (uint32_t i = 0; i < x->names.count; i++) {
        if (!i) out->names = (tb_names){0};
        tb_name n = put_name(w, x->names.items[i]);
        *TB_PUSH(w->c->a, out->names) = n;
        turned(w, n.span, x->names.items[i].text, n.text);
    }
    out->b = put_expr(w, x->b);
    return out;
}

/* A refusal quotes the condition: with 300 in it, not with the parameter's name. */
static const tb_expr *put_condition(struct work *w, const tb_expr *x) {
    if (!x) return NULL;
    w->turned.count = 0;
    tb_expr *out = (tb_expr *)(uintptr_t)put_expr(w, x);
    tb_buf b;
    uint32_t from = x->span.from;
    tb_buf_init(&b, w->c->a);
    for (uint32_t i = 0; i < w->turned.count; i++) {
        tb_span at = w->turned.items[i].at;
        if (at.from < from) continue;
        tb_putstr(&b, tb_source_text(&w->c->rules->sources, (tb_span){x->span.file, from, at.from}));
        tb_putstr(&b, w->turned.items[i].text);
        from = at.to;
    }
    if (!w->turned.count) return out;
    tb_putstr(&b, tb_source_text(&w->c->rules->sources, (tb_span){x->span.file, from, x->span.to}));
    out->given = tb_buf_str(&b);
    return out;
}

static bool open_limit(const tb_clause *c) {
    return (c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_PROMISED ||
            c->kind == TB_C_EXTENSION || c->kind == TB_C_DEFERRED) &&
           c->names.count && !c->duration.unit;
}

static tb_clause put_clause(struct work *w, const tb_clause *c) {
    tb_clause out = *c;
    if (open_limit(c)) {
        const tb_part *given = amount(w, c->names.items[0], TB_V_DURATION);
        if (given) out.duration = given->duration;
        out.names = (tb_names){0};
    } else {
        out.names = put_names(w, &c->names);
    }
    out.expr = put_condition(w, c->expr);
    memset(&out.parts, 0, sizeof out.parts);
    for (uint32_t i = 0; i < c->parts.count; i++) {
        tb_part p = c->parts.items[i];
        if (p.kind == TB_P_SET) put_value(w, &p); /* what is set is named by whom it is handed to */
        else p.names = put_names(w, &p.names);
        p.expr = put_condition(w, p.expr);
        put_amount(w, &p);
        *TB_PUSH(w->c->a, out.parts) = p;
    }
    return out;
}

static tb_section *put_section(struct work *w, const tb_section *s) {
    tb_section *out = TB_NEW(w->c->a, tb_section);
    *out = *s;
    if (s->kind != TB_S_TEMPLATE) out->name = put_name(w, s->name);
    out->in = put_name(w, s->in);
    out->phase = put_name(w, s->phase);
    out->before = put_name(w, s->before);
    out->each = put_name(w, s->each);
    out->inserted = put_name(w, s->inserted);
    out->only = put_names(w, &s->only);
    memset(&out->clauses, 0, sizeof out->clauses);
    w->clauses += s->clauses.count + 1;
    for (uint32_t i = 0; i < s->clauses.count && w->clauses <= CLAUSES; i++)
        if (s->clauses.items[i].kind != TB_C_PARAMETER)
            *TB_PUSH(w->c->a, out->clauses) = put_clause(w, &s->clauses.items[i]);
    return out;
}

/* ---- layers: what templates give, and what is laid over it ---- */

typedef struct piece {
    tb_section *s;
    bool own; /* of the matter itself, or changed by it */
} piece;
typedef TB_LIST(piece) pieces;
typedef struct layer {
    tb_section *head;
    pieces sections;
} layer;

static piece *piece_named(const pieces *list, enum tb_section_kind kind, tb_str name) {
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].s->kind == kind && tb_str_eq(list->items[i].s->name.text, name)) return &list->items[i];
    return NULL;
}

/* Sentences of a head that the one below says in vain when the one above says them. */
static bool replaces(enum tb_clause_kind k) {
    static const enum tb_clause_kind list[] = {TB_C_KIND,     TB_C_SERVICE, TB_C_AUTHORITY, TB_C_MODES,
                                               TB_C_RECEIPT,  TB_C_DEEM,    TB_C_EXTENSION, TB_C_STATUTORY,
                                               TB_C_PROMISED, TB_C_PROMISE, TB_C_DEFERRED};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == k) return true;
    return false;
}

static bool says(const tb_section *s, enum tb_clause_kind kind) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == kind) return true;
    return false;
}

static void merge_heads(struct work *w, tb_section *own, const tb_section *base) {
    uint32_t mine = own->clauses.count;
    for (uint32_t i = 0; i < base->clauses.count; i++) {
        const tb_clause *c = &base->clauses.items[i];
        bool said = false;
        for (uint32_t k = 0; k < mine && replaces(c->kind); k++) said |= own->clauses.items[k].kind == c->kind;
        if (!said && c->kind != TB_C_USES) *TB_PUSH(w->c->a, own->clauses) = *c;
    }
}

static bool same_act(tb_str a, tb_str b) {
    a = tb_str_is(tb__fixed_name(a), "逾期") ? TB_STR("逾期") : a;
    b = tb_str_is(tb__fixed_name(b), "逾期") ? TB_STR("逾期") : b;
    return tb_str_eq(a, b);
}

/* Do both say the same thing of their step, so that the one replaces the other? */
static bool same_head(const tb_clause *a, const tb_clause *b) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case TB_C_EVENT:
        return a->names.count && b->names.count && same_act(a->names.items[0].text, b->names.items[0].text);
    case TB_C_OBLIGATION:
    case TB_C_CALLS:
    case TB_C_STARTS:
    case TB_C_REMIND:
    case TB_C_YELLOW:
    case TB_C_RED: return a->names.count && b->names.count && tb_str_eq(a->names.items[0].text, b->names.items[0].text);
    default: return true;
    }
}

static const tb_clause *head_in(const tb_section *s, const tb_clause *c) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (same_head(&s->clauses.items[i], c)) return &s->clauses.items[i];
    return NULL;
}

static bool dropped(const tb_section *own, const tb_clause *c) {
    for (uint32_t i = 0; i < own->clauses.count && c->kind == TB_C_EVENT && c->names.count; i++)
        for (uint32_t k = 0; own->clauses.items[i].kind == TB_C_DROPS && k < own->clauses.items[i].names.count; k++)
            if (same_act(own->clauses.items[i].names.items[k].text, c->names.items[0].text)) return true;
    return false;
}

static void check_drops(struct work *w, const tb_section *own, const tb_section *base) {
    for (uint32_t i = 0; i < own->clauses.count; i++)
        for (uint32_t k = 0; own->clauses.items[i].kind == TB_C_DROPS && k < own->clauses.items[i].names.count; k++) {
            const tb_name *n = &own->clauses.items[i].names.items[k];
            bool found = false;
            for (uint32_t x = 0; x < base->clauses.count; x++) {
                const tb_clause *c = &base->clauses.items[x];
                found |= c->kind == TB_C_EVENT && c->names.count && same_act(c->names.items[0].text, n->text);
            }
            if (!found)
                report(w, TB_E_DROP_UNKNOWN, n->span, base->name.text, n->text, TB_NONE)->other = base->name.span;
        }
}

/* 环节 X，改: its clauses take the place of those of the same head; others come after. */
static tb_section *change(struct work *w, const tb_section *base, const tb_section *own) {
    tb_section *out = TB_NEW(w->c->a, tb_section);
    *out = *base;
    if (own->in.text.n) out->in = own->in;
    if (own->phase.text.n) out->phase = own->phase;
    if (own->only.count) out->only = own->only;
    out->pending = base->pending || own->pending;
    memset(&out->clauses, 0, sizeof out->clauses);
    check_drops(w, own, base);
    for (uint32_t i = 0; i < base->clauses.count; i++) {
        const tb_clause *c = &base->clauses.items[i];
        bool said = head_in(own, c) != NULL;
        if (!said && !dropped(own, c)) *TB_PUSH(w->c->a, out->clauses) = *c;
        if (!said || head_in(base, c) != c) continue;
        for (uint32_t k = 0; k < own->clauses.count; k++) /* all that is said of it now, where it was said first */
            if (same_head(&own->clauses.items[k], c)) *TB_PUSH(w->c->a, out->clauses) = own->clauses.items[k];
    }
    for (uint32_t i = 0; i < own->clauses.count; i++)
        if (own->clauses.items[i].kind != TB_C_DROPS && !head_in(base, &own->clauses.items[i]))
            *TB_PUSH(w->c->a, out->clauses) = own->clauses.items[i];
    return out;
}

/* What the template sends to `from` goes to `to`. */
static void redirect(const pieces *list, tb_str from, tb_str to) {
    for (uint32_t i = 0; i < list->count; i++) {
        tb_section *s = list->items[i].s;
        for (uint32_t k = 0; k < s->clauses.count && !list->items[i].own; k++)
            for (uint32_t n = 0; n < s->clauses.items[k].parts.count; n++) {
                tb_part *p = &s->clauses.items[k].parts.items[n];
                if ((p->kind == TB_P_GOTO || p->kind == TB_P_RETURN) && p->names.count &&
                    tb_str_eq(p->names.items[0].text, from))
                    p->names.items[0].text = to;
            }
    }
}

static bool already_before(struct work *w, const pieces *own, const tb_section *s) {
    for (uint32_t i = 0; i < own->count && own->items[i].s != s; i++) {
        const tb_section *other = own->items[i].s;
        if (!tb_str_eq(other->inserted.text, s->inserted.text)) continue;
        report(w, TB_E_INSERTED_TWICE, s->inserted.span, s->inserted.text, other->name.text, TB_NONE)->other =
            other->inserted.span;
        return true;
    }
    return false;
}

/* 环节 Y，插入 X之前, once X is there: X may itself be one that is put in. true: it was. */
static bool insert(struct work *w, pieces *list, const piece *new) {
    const piece *before = piece_named(list, TB_S_STEP, new->s->inserted.text);
    if (!before) before = piece_named(list, TB_S_PARALLEL, new->s->inserted.text);
    if (!before) return false;
    uint32_t at = (uint32_t)(before - list->items);
    if (!new->s->in.text.n) new->s->in = before->s->in;
    redirect(list, new->s->inserted.text, new->s->name.text);
    TB_PUSH(w->c->a, *list);
    memmove(list->items + at + 1, list->items + at, (list->count - 1 - at) * sizeof *list->items);
    list->items[at] = *new;
    return true;
}

static void insert_all(struct work *w, pieces *list, const pieces *own) {
    bool *done = TB_NEW_ARRAY(w->c->a, own->count + 1, bool);
    for (uint32_t i = 0; i < own->count; i++)
        done[i] = !own->items[i].s->inserted.text.n || already_before(w, own, own->items[i].s);
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < own->count; i++)
            if (!done[i] && insert(w, list, &own->items[i])) done[i] = news = true;
    }
    for (uint32_t i = 0; i < own->count; i++)
        if (!done[i])
            report(w, TB_E_NO_BASE_STEP, own->items[i].s->inserted.span, own->items[i].s->inserted.text, TB_NONE,
                   TB_NONE);
}

static void clash(struct work *w, const tb_section *own, const tb_section *base) {
    report(w, TB_E_STEP_CLASH, own->name.span, own->name.text, TB_NONE, TB_NONE)->other = base->name.span;
}

/* An act of 任一环节 stands in every step: of two by one name the second would never be taken. */
static void check_anywhere(struct work *w, const pieces *list, const tb_section *own) {
    for (uint32_t i = 0; i < list->count; i++)
        for (uint32_t k = 0; list->items[i].s->kind == TB_S_ANYWHERE && k < own->clauses.count; k++) {
            const tb_clause *there = head_in(list->items[i].s, &own->clauses.items[k]);
            if (!list->items[i].own && there && there->kind == TB_C_EVENT)
                report(w, TB_E_DUPLICATE, own->clauses.items[k].head, own->clauses.items[k].names.items[0].text,
                       TB_NONE, TB_NONE)
                    ->other = there->head;
        }
}

static void lay_over(struct work *w, pieces *list, const pieces *own) {
    insert_all(w, list, own);
    for (uint32_t i = 0; i < own->count; i++) {
        const piece *new = &own->items[i];
        piece *base = new->s->kind == TB_S_STEP ? piece_named(list, TB_S_STEP, new->s->name.text) : NULL;
        if (!new->s->changed && says(new->s, TB_C_DROPS))
            report(w, TB_E_DROP_WHERE, new->s->name.span, new->s->name.text, TB_NONE, TB_NONE);
        if (new->s->inserted.text.n) {
            if (base && base->s != new->s) clash(w, new->s, base->s);
            if (new->s->changed) report(w, TB_E_NO_BASE_STEP, new->s->name.span, new->s->name.text, TB_NONE, TB_NONE);
            continue;
        }
        if (new->s->changed && base) {
            base->s = change(w, base->s, new->s);
            base->own = true;
        } else if (new->s->changed) {
            report(w, TB_E_NO_BASE_STEP, new->s->name.span, new->s->name.text, TB_NONE, TB_NONE);
        } else if (base && !base->own) {
            clash(w, new->s, base->s);
        } else {
            if (new->s->kind == TB_S_ANYWHERE) check_anywhere(w, list, new->s);
            *TB_PUSH(w->c->a, *list) = *new;
        }
    }
}

/* ---- 套用 ---- */

struct chain { /* the templates being used, innermost first */
    const tb__named *template;
    const struct chain *outer;
    int depth;
};

static bool belongs(enum tb_section_kind k) {
    return k == TB_S_FORM || k == TB_S_MATERIALS || k == TB_S_DOCUMENTS || k == TB_S_STEP || k == TB_S_PARALLEL ||
           k == TB_S_BRANCH || k == TB_S_ANYWHERE || k == TB_S_SCENARIO;
}

/* Where a template's sections end; tables and interfaces may stand between. */
static uint32_t template_end(const tb__named *t) {
    uint32_t i = t->at + 1;
    while (i < t->tree->sections.count &&
           (belongs(t->tree->sections.items[i].kind) || t->tree->sections.items[i].kind == TB_S_TABLE ||
            t->tree->sections.items[i].kind == TB_S_INTERFACE))
        i++;
    return i;
}

static void expand(struct work *w, const tb__named *t, const struct bindings *with, const struct chain *outer,
                   layer *out);

static void use(struct work *w, const tb_clause *c, uint32_t file, const struct chain *outer, layer *base) {
    const tb__named *t = c->names.count ? tb__named_for(w->c, file, TB_S_TEMPLATE, c->names.items[0].text) : NULL;
    bool told = outer != NULL; /* inside a template it was checked with that */
    int depth = outer ? outer->depth + 1 : 1;
    if (!t) {
        if (!told && c->names.count)
            report(w, TB_E_TEMPLATE_UNKNOWN, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE);
        w->failed = true;
        return;
    }
    for (const struct chain *x = outer; x; x = x->outer)
        if (x->template == t) { /* a circle: said where it stands */
            w->failed = true;
            return;
        }
    if (depth > DEPTH) {
        report(w, TB_E_TOO_MANY, c->head, say(w, c->head, "套用里的套用", "uses within uses"),
               tb_str_printf(w->c->a, "%d", DEPTH), TB_NONE);
        return;
    }
    struct bindings with;
    if (!bind(w, c, t, &with, told)) {
        w->failed = true;
        return;
    }
    layer one = {0};
    struct chain chain = {t, outer, depth};
    expand(w, t, &with, &chain, &one);
    if (!one.head) return;
    for (uint32_t i = 0; i < one.head->clauses.count; i++)
        if (one.head->clauses.items[i].kind != TB_C_USES)
            *TB_PUSH(w->c->a, base->head->clauses) = one.head->clauses.items[i];
    if (one.head->pending) base->head->pending = true;
    for (uint32_t i = 0; i < one.sections.count; i++)
        *TB_PUSH(w->c->a, base->sections) = (piece){one.sections.items[i].s, false};
}

/* The bases of all 套用 in a head. */
static layer bases(struct work *w, const tb_section *head, uint32_t file, const struct chain *outer) {
    layer base = {.head = TB_NEW(w->c->a, tb_section)};
    for (uint32_t i = 0; i < head->clauses.count; i++)
        if (head->clauses.items[i].kind == TB_C_USES) use(w, &head->clauses.items[i], file, outer, &base);
    return base;
}

static void expand(struct work *w, const tb__named *t, const struct bindings *with, const struct chain *chain,
                   layer *out) {
    struct work inner = {.c = w->c, .with = with, .clauses = w->clauses};
    pieces own = {0};
    tb_section *head = put_section(&inner, t->section);
    for (uint32_t i = t->at + 1; i < template_end(t); i++)
        if (belongs(t->tree->sections.items[i].kind))
            *TB_PUSH(w->c->a, own) = (piece){put_section(&inner, &t->tree->sections.items[i]), true};
    if (inner.clauses > CLAUSES && w->clauses <= CLAUSES)
        report(&inner, TB_E_TOO_MANY, with->use->head,
               say(w, with->use->head, "套用得来的句子", "clauses brought by templates"),
               tb_str_printf(w->c->a, "%d", CLAUSES), TB_NONE);
    w->clauses = inner.clauses;
    w->failed |= inner.failed;
    if (w->clauses > CLAUSES) return;
    layer base = bases(w, head, t->file, chain);
    merge_heads(w, head, base.head);
    head->pending |= base.head->pending;
    lay_over(w, &base.sections, &own);
    *out = (layer){head, base.sections};
}

/* ---- what nothing leads to ---- */

struct falling {
    struct work *w;
    const tb_section *head;
    pieces *list;
    bool *reached;
};

static bool obliged(const pieces *list, tb_str step) {
    for (uint32_t i = 0; i < list->count; i++)
        for (uint32_t k = 0; k < list->items[i].s->clauses.count; k++) {
            const tb_clause *c = &list->items[i].s->clauses.items[k];
            if (c->kind == TB_C_OBLIGATION && c->names.count && tb_str_eq(c->names.items[0].text, step)) return true;
        }
    return false;
}

static bool open_in(const tb_section *s, tb_str mode) {
    for (uint32_t i = 0; i < s->only.count; i++)
        if (tb_str_eq(s->only.items[i].text, mode)) return true;
    return !s->only.count;
}

/* M16: a case of each mode starts in the first step that is open in it. */
static void reach_starts(struct falling *f) {
    for (uint32_t i = 0; i < f->head->clauses.count; i++)
        for (uint32_t k = 0; f->head->clauses.items[i].kind == TB_C_MODES && k < f->head->clauses.items[i].names.count;
             k++)
            for (uint32_t n = 0; n < f->list->count; n++) {
                const tb_section *s = f->list->items[n].s;
                if (s->kind != TB_S_STEP || s->in.text.n || obliged(f->list, s->name.text)) continue;
                if (!open_in(s, f->head->clauses.items[i].names.items[k].text)) continue;
                f->reached[n] = true;
                break;
            }
}

static bool reach(struct falling *f, enum tb_section_kind kind, tb_str name) {
    bool news = false;
    for (uint32_t i = 0; i < f->list->count; i++)
        if (f->list->items[i].s->kind == kind && tb_str_eq(f->list->items[i].s->name.text, name) && !f->reached[i])
            f->reached[i] = news = true;
    return news;
}

/* A parallel opens all its branches; a branch its first step. */
static bool reach_inside(struct falling *f, const tb_section *s) {
    bool news = false;
    for (uint32_t i = 0; i < f->list->count; i++) {
        const tb_section *inner = f->list->items[i].s;
        if (!tb_str_eq(inner->in.text, s->name.text)) continue;
        if (s->kind == TB_S_BRANCH && (inner->kind != TB_S_STEP && inner->kind != TB_S_PARALLEL)) continue;
        if (s->kind == TB_S_PARALLEL && inner->kind != TB_S_BRANCH) continue;
        if (s->kind == TB_S_BRANCH && obliged(f->list, inner->name.text)) continue;
        news |= !f->reached[i];
        f->reached[i] = true;
        if (s->kind == TB_S_BRANCH) break;
    }
    return news;
}

static bool reach_from(struct falling *f, const tb_section *s) {
    bool news = false;
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        const tb_clause *c = &s->clauses.items[i];
        if (c->kind == TB_C_OBLIGATION && c->names.count) news |= reach(f, TB_S_STEP, c->names.items[0].text);
        for (uint32_t k = 0; k < c->parts.count; k++) {
            const tb_part *p = &c->parts.items[k];
            if ((p->kind != TB_P_GOTO && p->kind != TB_P_RETURN) || !p->names.count) continue;
            news |= reach(f, TB_S_STEP, p->names.items[0].text);
            news |= reach(f, TB_S_PARALLEL, p->names.items[0].text);
        }
    }
    if (s->kind == TB_S_PARALLEL || s->kind == TB_S_BRANCH) news |= reach_inside(f, s);
    return news;
}

static const tb_span *use_of(const tb_program *p, tb_span at) {
    for (uint32_t i = 0; i < p->uses.count; i++) {
        const tb_use *u = &p->uses.items[i];
        if (u->text.file == at.file && u->text.from <= at.from && at.from < u->text.to) return &u->clause;
    }
    return NULL;
}

static void tell_fallen(struct work *w, const tb_program *p, const struct falling *f) {
    for (uint32_t u = 0; u < p->uses.count; u++) {
        tb_buf names;
        tb_buf_init(&names, w->c->a);
        for (uint32_t i = 0; i < f->list->count; i++) {
            const tb_section *s = f->list->items[i].s;
            const tb_span *from = f->reached[i] || s->kind != TB_S_STEP ? NULL : use_of(p, s->name.span);
            if (from != &p->uses.items[u].clause) continue;
            if (names.n) tb_puts(&names, "、");
            tb_putstr(&names, s->name.text);
        }
        if (names.n) tb_report(w->c->d, TB_E_FALLS_AWAY, p->uses.items[u].clause, tb_buf_str(&names), TB_NONE, TB_NONE);
    }
}

static bool mentions_in(const tb_expr *x, tb_str name) {
    if (!x) return false;
    for (uint32_t i = 0; i < x->names.count; i++)
        if (tb_str_eq(x->names.items[i].text, name)) return true;
    return tb_str_eq(x->text, name) || mentions_in(x->a, name) || mentions_in(x->b, name);
}

static bool mentions(const tb_section *s, tb_str name) {
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        const tb_clause *c = &s->clauses.items[i];
        bool entry = c->kind == TB_C_POSTS || c->kind == TB_C_SEPARATE || c->kind == TB_C_DOCUMENT;
        for (uint32_t k = 0; k < c->names.count && !entry; k++)
            if (tb_str_eq(c->names.items[k].text, name)) return true;
        for (uint32_t k = 0; k < c->parts.count; k++) {
            bool reported = c->parts.items[k].kind == TB_P_REPORT; /* to an office, not to a post that acts */
            for (uint32_t n = 0; n < c->parts.items[k].names.count && !reported; n++)
                if (tb_str_eq(c->parts.items[k].names.items[n].text, name)) return true;
            if (mentions_in(c->parts.items[k].expr, name)) return true;
        }
    }
    return false;
}

static bool needed(const struct falling *f, tb_str name) {
    if (mentions(f->head, name)) return true;
    for (uint32_t i = 0; i < f->list->count; i++)
        if (mentions(f->list->items[i].s, name)) return true;
    return false;
}

/* Posts and documents of a template that nothing names any more. */
static void drop_entries(const struct falling *f, const tb_program *p, tb_section *s) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        tb_clause c = s->clauses.items[i];
        bool list = c.kind == TB_C_POSTS || c.kind == TB_C_SEPARATE || c.kind == TB_C_DOCUMENT;
        if (list && use_of(p, c.span)) {
            tb_names names = {0};
            for (uint32_t k = 0; k < c.names.count; k++)
                if (needed(f, c.names.items[k].text)) *TB_PUSH(f->w->c->a, names) = c.names.items[k];
            if (names.count < (c.kind == TB_C_SEPARATE && c.names.count > 1 ? 2u : 1u)) continue;
            c.names = names;
        }
        s->clauses.items[kept++] = c;
    }
    s->clauses.count = kept;
}

static void fall_away(struct work *w, const tb_program *p, tb_section *head, pieces *list) {
    struct falling f = {w, head, list, TB_NEW_ARRAY(w->c->a, list->count + 1, bool)};
    for (uint32_t i = 0; i < list->count; i++) {
        enum tb_section_kind k = list->items[i].s->kind;
        f.reached[i] = list->items[i].own || (k != TB_S_STEP && k != TB_S_PARALLEL && k != TB_S_BRANCH);
    }
    for (uint32_t i = 0; i < head->clauses.count; i++)
        if (head->clauses.items[i].kind == TB_C_PROMISE && head->clauses.items[i].names.count)
            reach(&f, TB_S_STEP, head->clauses.items[i].names.items[0].text);
    reach_starts(&f);
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < list->count; i++)
            if (f.reached[i]) news |= reach_from(&f, list->items[i].s);
    }
    tell_fallen(w, p, &f);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (f.reached[i]) list->items[kept++] = list->items[i];
    list->count = kept;
    drop_entries(&f, p, head);
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].s->kind == TB_S_DOCUMENTS && !list->items[i].own) drop_entries(&f, p, list->items[i].s);
}

/* ---- a matter ---- */

static void note_use(tb__matter *m, const tb__named *t, tb_span clause, int depth) {
    const tb_section *sections = t->tree->sections.items;
    uint32_t end = template_end(t);
    tb_span text = {t->file, t->section->span.from, UINT32_MAX};
    if (end < t->tree->sections.count) text.to = sections[end].span.from;
    for (uint32_t i = 0; i < m->p->uses.count; i++)
        if (m->p->uses.items[i].text.file == text.file && m->p->uses.items[i].text.from == text.from) return;
    *TB_PUSH(m->c->a, m->p->uses) = (tb_use){text, clause};
    for (uint32_t i = 0; i < t->section->clauses.count && depth < DEPTH; i++) {
        const tb_clause *c = &t->section->clauses.items[i];
        const tb__named *inner = c->kind == TB_C_USES && c->names.count
                                     ? tb__named_for(m->c, t->file, TB_S_TEMPLATE, c->names.items[0].text)
                                     : NULL;
        if (inner) note_use(m, inner, clause, depth + 1);
    }
}

/* 改, 插入 and 删去 speak of a template. */
static void check_without(tb__matter *m, struct work *w) {
    for (uint32_t i = 1; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        if (s->changed || s->inserted.text.n)
            report(w, TB_E_NO_BASE_STEP, s->changed ? s->name.span : s->inserted.span,
                   s->changed ? s->name.text : s->inserted.text, TB_NONE, TB_NONE);
        else if (says(s, TB_C_DROPS)) report(w, TB_E_DROP_WHERE, s->name.span, s->name.text, TB_NONE, TB_NONE);
    }
}

bool tb__template_apply(tb__matter *m) {
    struct work w = {.c = m->c};
    if (!says(m->head, TB_C_USES)) {
        check_without(m, &w);
        return !w.failed;
    }
    uint32_t file = m->head->span.file;
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        const tb__named *t = c->kind == TB_C_USES && c->names.count
                                 ? tb__named_for(m->c, file, TB_S_TEMPLATE, c->names.items[0].text)
                                 : NULL;
        if (t) note_use(m, t, c->span, 1);
    }
    layer base = bases(&w, m->head, file, NULL);
    if (w.failed) return false;
    tb_section *head = TB_NEW(m->c->a, tb_section);
    *head = *m->head;
    memset(&head->clauses, 0, sizeof head->clauses);
    for (uint32_t i = 0; i < m->head->clauses.count; i++) *TB_PUSH(m->c->a, head->clauses) = m->head->clauses.items[i];
    merge_heads(&w, head, base.head);
    head->pending |= base.head->pending;
    pieces own = {0};
    for (uint32_t i = 1; i < m->sections_n; i++) {
        tb_section *s = TB_NEW(m->c->a, tb_section);
        *s = *m->sections[i];
        *TB_PUSH(m->c->a, own) = (piece){s, true};
    }
    lay_over(&w, &base.sections, &own);
    if (w.failed) return false;
    fall_away(&w, m->p, head, &base.sections);
    m->head = head;
    m->sections = TB_NEW_ARRAY(m->c->a, base.sections.count + 1, const tb_section *);
    m->sections[0] = head;
    m->sections_n = 1;
    for (uint32_t i = 0; i < base.sections.count; i++) m->sections[m->sections_n++] = base.sections.items[i].s;
    return true;
}

void tb__template_places(const tb_program *p, tb_diagnostics *d, uint32_t from) {
    for (uint32_t i = from; i < d->list.count; i++) {
        tb_diagnostic *e = &d->list.items[i];
        const tb_span *use = use_of(p, e->span);
        if (use && e->other.file == TB_NO_SPAN.file) e->other = *use;
    }
}

tb_str tb__condition_text(const tb_sources *s, const tb_expr *x) {
    return x->given.n ? x->given : tb_source_text(s, x->span);
}

/* ---- a template by itself ---- */

static void check_sections(struct work *w, const tb__named *t) {
    for (uint32_t i = t->at + 1; i < template_end(t); i++) {
        const tb_section *s = &t->tree->sections.items[i];
        if (s->kind == TB_S_SCENARIO)
            report(w, TB_E_TEMPLATE_SECTION, s->span,
                   tb_str_z(tb_section_word(s->kind, tb__english(w->c, s->span.file) ? TB_LANG_EN : TB_LANG_ZH)),
                   TB_NONE, TB_NONE);
        else if (belongs(s->kind)) put_section(w, s);
    }
}

static void check_uses(struct work *w, const tb__named *t, const tb_section *head) {
    for (uint32_t i = 0; i < head->clauses.count; i++) {
        const tb_clause *c = &head->clauses.items[i];
        struct bindings with;
        if (c->kind != TB_C_USES || !c->names.count) continue;
        const tb__named *inner = tb__named_for(w->c, t->file, TB_S_TEMPLATE, c->names.items[0].text);
        struct work there = {.c = w->c};
        if (!inner) report(w, TB_E_TEMPLATE_UNKNOWN, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE);
        else bind(&there, c, inner, &with, false);
    }
}

static void check_template(tb__compiler *c, const tb__named *t) {
    struct bindings own;
    struct work w = {.c = c, .checking = true};
    declare(&w, t->section, &own);
    w.with = &own;
    tb_section *head = put_section(&w, t->section);
    check_sections(&w, t);
    check_uses(&w, t, head);
    for (uint32_t i = 0; i < own.list.count; i++)
        if (!own.list.items[i].used)
            report(&w, TB_E_PARAMETER_UNUSED, own.list.items[i].name.span, own.list.items[i].name.text, TB_NONE,
                   TB_NONE);
}

struct circles {
    tb__compiler *c;
    uint8_t *seen; /* by number in c->named; 1: on the way, 2: done */
};

static void find_circle(struct circles *f, const tb__named *t, const struct chain *outer) {
    uint32_t at = (uint32_t)(t - f->c->named.items);
    struct chain chain = {t, outer, outer ? outer->depth + 1 : 1};
    f->seen[at] = 1;
    for (uint32_t i = 0; i < t->section->clauses.count; i++) {
        const tb_clause *c = &t->section->clauses.items[i];
        const tb__named *to = c->kind == TB_C_USES && c->names.count
                                  ? tb__named_for(f->c, t->file, TB_S_TEMPLATE, c->names.items[0].text)
                                  : NULL;
        if (!to) continue;
        uint8_t seen = f->seen[to - f->c->named.items];
        if (!seen && chain.depth <= DEPTH) find_circle(f, to, &chain);
        if (seen != 1) continue;
        tb_str circle = to->section->name.text;
        for (const struct chain *x = &chain; x; x = x->template == to ? NULL : x->outer)
            circle = tb_str_printf(f->c->a, "%.*s → %.*s", TB_FMT(x->template->section->name.text), TB_FMT(circle));
        tb_report(f->c->d, TB_E_TEMPLATE_CIRCLE, c->names.items[0].span, circle, TB_NONE, TB_NONE);
    }
    f->seen[at] = 2;
}

void tb__templates_check(tb__compiler *c) {
    struct circles f = {c, TB_NEW_ARRAY(c->a, c->named.count + 1, uint8_t)};
    for (uint32_t i = 0; i < c->named.count; i++) {
        const tb__named *t = &c->named.items[i];
        uint32_t errors = c->d->errors;
        if (t->section->kind != TB_S_TEMPLATE) continue;
        if (!f.seen[i]) find_circle(&f, t, NULL);
        check_template(c, t);
        if (c->d->errors != errors) c->unclean.items[t->file] = true;
    }
}
