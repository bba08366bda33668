/* Conditions: see expression.h for what is checked and why. Evaluation is a walk over a checked tree of bounded depth
 * (TB_EXPR_DEPTH). */
#include "expression.h"
#include "compile_work.h"
#include "step.h"
#include <string.h>

struct checking {
    tb_arena *a;
    const tb_program *p;
    tb_diagnostics *d;
    uint8_t *filled; /* by field: known to be filled here */
};

static uint32_t field_named(const tb_program *p, tb_str name) {
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (tb_str_eq(p->fields.items[i].name, name)) return i;
    return TB_NO_INDEX;
}

static bool is_number(enum tb_type t) { return t == TB_T_INTEGER || t == TB_T_DECIMAL || t == TB_T_MONEY; }

/* Values that are one text; 是否 and 地址 are not, and 时刻 has many spellings of one instant. */
static bool is_text(enum tb_type t) {
    return !is_number(t) && t != TB_T_DATE && t != TB_T_TIME && t != TB_T_BOOL && t != TB_T_ADDRESS;
}

static bool check_option(struct checking *k, const tb_field *f, tb_str text, tb_span span) {
    for (uint32_t i = 0; i < f->options_n; i++)
        if (tb_str_eq(f->options[i], text)) return true;
    if (f->type != TB_T_OPTION) return true;
    tb_report(k->d, TB_E_UNKNOWN_OPTION, span, text, f->name, TB_NONE);
    return false;
}

static uint32_t field_or_report(struct checking *k, const tb_expr *e, tb_str name, tb_span span) {
    uint32_t i = field_named(k->p, name);
    (void)e;
    if (i == TB_NO_INDEX) tb_report(k->d, TB_E_UNKNOWN_FIELD, span, name, TB_NONE, TB_NONE);
    return i;
}

/* A field read for its value: it must be required, or known to be filled at this point. */
static void need_filled(struct checking *k, uint32_t field, tb_span span) {
    if (field != TB_NO_INDEX && !k->p->fields.items[field].required && !k->filled[field])
        tb_report(k->d, TB_E_MAYBE_ABSENT, span, k->p->fields.items[field].name, TB_NONE, TB_NONE);
}

static tb_condition *check(struct checking *k, const tb_expr *e);

static tb_condition *check_compare(struct checking *k, const tb_expr *e, tb_condition *c) {
    const tb_expr *left = e->a, *right = e->b;
    if (left->kind != TB_X_NAME || right->kind == TB_X_NAME) {
        /* 「经营面积 等于 大型」: a name on the right is an option's text; on the left only a field can stand. */
        if (left->kind != TB_X_NAME) {
            tb_report(k->d, TB_E_COMPARE_FIELD, left->span, TB_NONE, TB_NONE, TB_NONE);
            return NULL;
        }
    }
    c->index = field_or_report(k, e, left->text, left->span);
    if (c->index == TB_NO_INDEX) return NULL;
    need_filled(k, c->index, left->span);
    const tb_field *f = &k->p->fields.items[c->index];
    c->type = f->type;
    bool ordered = e->op != TB_EQ && e->op != TB_NE, fits;
    switch (right->kind) {
    case TB_X_NUMBER: fits = is_number(f->type) && tb_decimal_read(right->text, &c->number); break;
    case TB_X_DATE:
        fits = f->type == TB_T_DATE;
        c->day = right->day;
        break;
    case TB_X_TEXT:
    case TB_X_NAME: /* a name is an option or a word, never another field: that would be compared as a word without a
                       sound */
        fits = is_text(f->type) && !ordered &&
               (right->kind == TB_X_TEXT || f->type == TB_T_OPTION || field_named(k->p, right->text) == TB_NO_INDEX);
        c->text = right->text;
        if (fits && !check_option(k, f, right->text, right->span)) return NULL;
        break;
    default: fits = false;
    }
    if (!fits) {
        tb_report(k->d, TB_E_COMPARE_TYPES, right->span, f->name, right->text, TB_NONE);
        return NULL;
    }
    return c;
}

static bool check_options(struct checking *k, const tb_expr *e, tb_condition *c) {
    c->index = field_or_report(k, e, e->text, e->span);
    if (c->index == TB_NO_INDEX) return false;
    need_filled(k, c->index, e->span);
    const tb_field *f = &k->p->fields.items[c->index];
    c->type = f->type;
    if (!is_text(f->type)) {
        tb_report(k->d, TB_E_COMPARE_TYPES, e->span, f->name, e->names.count ? e->names.items[0].text : TB_NONE,
                  TB_NONE);
        return false;
    }
    tb_str *texts = TB_NEW_ARRAY(k->a, e->names.count, tb_str);
    for (uint32_t i = 0; i < e->names.count; i++) {
        texts[i] = e->names.items[i].text;
        check_option(k, f, texts[i], e->names.items[i].span);
    }
    c->options = texts;
    c->options_n = e->names.count;
    return true;
}

static bool check_modes(struct checking *k, const tb_expr *e, tb_condition *c) {
    for (uint32_t i = 0; i < e->names.count; i++) {
        uint32_t m = 0;
        while (m < k->p->modes.count && !tb_str_eq(k->p->modes.items[m].name, e->names.items[i].text)) m++;
        if (m == k->p->modes.count)
            tb_report(k->d, TB_E_UNKNOWN_MODE, e->names.items[i].span, e->names.items[i].text, TB_NONE, TB_NONE);
        else c->modes |= (uint64_t)1 << m;
    }
    return true;
}

static bool check_done(struct checking *k, const tb_expr *e, tb_condition *c) {
    for (uint32_t i = 0; i < k->p->milestones.count; i++)
        if (tb_str_eq(k->p->milestones.items[i].name, tb__fixed_name(e->text))) return c->index = i, true;
    for (uint32_t i = 0; i < k->p->documents.count; i++)
        if (tb_str_eq(k->p->documents.items[i].name, e->text)) return c->index = i, c->document = true, true;
    tb_report(k->d, TB_E_UNKNOWN_MILESTONE, e->span, e->text, TB_NONE, TB_NONE);
    return false;
}

/* Facts "F is filled" that hold when `e` is true (or, negated, when it is false). */
static void learn(struct checking *k, const tb_expr *e, bool truth, uint8_t *into) {
    if (e->kind == TB_X_NOT) {
        learn(k, e->a, !truth, into);
    } else if (e->kind == (truth ? TB_X_AND : TB_X_OR)) {
        learn(k, e->a, truth, into);
        learn(k, e->b, truth, into);
    } else if (e->kind == (truth ? TB_X_FILLED : TB_X_UNFILLED)) {
        uint32_t i = field_named(k->p, e->text);
        if (i != TB_NO_INDEX) into[i] = 1;
    }
}

static tb_condition *check_pair(struct checking *k, const tb_expr *e, tb_condition *c) {
    c->a = check(k, e->a);
    uint8_t *outside = k->filled;
    uint8_t *inside = TB_NEW_ARRAY(k->a, k->p->fields.count + 1, uint8_t);
    memcpy(inside, outside, k->p->fields.count);
    learn(k, e->a, e->kind == TB_X_AND, inside); /* the right side is asked only when the left did not decide */
    k->filled = inside;
    c->b = check(k, e->b);
    k->filled = outside;
    return c->a && c->b ? c : NULL;
}

static tb_condition *check(struct checking *k, const tb_expr *e) {
    tb_condition *c = TB_NEW(k->a, tb_condition);
    c->kind = e->kind;
    c->op = e->op;
    switch (e->kind) {
    case TB_X_OR:
    case TB_X_AND: return check_pair(k, e, c);
    case TB_X_NOT: c->a = check(k, e->a); return c->a ? c : NULL;
    case TB_X_COMPARE: return check_compare(k, e, c);
    case TB_X_NAME: { /* a yes/no field by itself */
        c->index = field_or_report(k, e, e->text, e->span);
        if (c->index == TB_NO_INDEX) return NULL;
        need_filled(k, c->index, e->span);
        if (k->p->fields.items[c->index].type == TB_T_BOOL) return c;
        tb_report(k->d, TB_E_NOT_A_CONDITION, e->span, e->text, TB_NONE, TB_NONE);
        return NULL;
    }
    case TB_X_DONE:
    case TB_X_NOT_DONE: return check_done(k, e, c) ? c : NULL;
    case TB_X_FILLED:
    case TB_X_UNFILLED: c->index = field_or_report(k, e, e->text, e->span); return c->index == TB_NO_INDEX ? NULL : c;
    case TB_X_IN: return check_options(k, e, c) ? c : NULL;
    case TB_X_MODE: return check_modes(k, e, c) ? c : NULL;
    case TB_X_CONTAINS:
    case TB_X_ADD:
    case TB_X_SUB:
    case TB_X_MUL:
    case TB_X_NUMBER:
    case TB_X_TEXT:
    case TB_X_DATE: break;
    }
    tb_report(k->d, TB_E_NOT_A_CONDITION, e->span, e->text, TB_NONE, TB_NONE);
    return NULL;
}

const tb_condition *tb_condition_check(tb_arena *a, const tb_program *p, const tb_expr *e, tb_diagnostics *d) {
    struct checking k = {.a = a, .p = p, .d = d, .filled = TB_NEW_ARRAY(a, p->fields.count + 1, uint8_t)};
    return check(&k, e);
}

static bool by_order(int order, enum tb_compare op) {
    switch (op) {
    case TB_EQ: return order == 0;
    case TB_NE: return order != 0;
    case TB_LT: return order < 0;
    case TB_LE: return order <= 0;
    case TB_GT: return order > 0;
    case TB_GE: return order >= 0;
    }
    return false;
}

static bool compare(const tb_condition *c, const tb_json *v) {
    tb_decimal number;
    int32_t day;
    if (!v) return false; /* cannot be: checked */
    if (is_number(c->type)) {
        if (v->kind == TB_JSON_INT) number = (tb_decimal){v->number, 0};
        else if (v->kind != TB_JSON_STR || !tb_decimal_read(v->text, &number)) return false;
        return by_order(tb_decimal_cmp(number, c->number), c->op);
    }
    if (c->type == TB_T_DATE) return tb_day_parse(v->text, &day) && by_order((day > c->day) - (day < c->day), c->op);
    return by_order(!tb_str_eq(v->text, c->text), c->op);
}

bool tb_condition_holds(const tb_condition *c, const tb_case *s) {
    const tb_program *p = s->program;
    const tb_json *v = NULL;
    switch (c->kind) {
    case TB_X_OR: return tb_condition_holds(c->a, s) || tb_condition_holds(c->b, s);
    case TB_X_AND: return tb_condition_holds(c->a, s) && tb_condition_holds(c->b, s);
    case TB_X_NOT: return !tb_condition_holds(c->a, s);
    case TB_X_MODE: return c->modes >> s->mode & 1;
    case TB_X_DONE:
    case TB_X_NOT_DONE: {
        bool done = false;
        if (!c->document) done = s->milestones[c->index].count > 0;
        else
            for (uint32_t i = 0; i < s->issued.count && !done; i++) done = s->issued.items[i].document == c->index;
        return done == (c->kind == TB_X_DONE);
    }
    default: v = tb_json_find(&s->form, p->fields.items[c->index].name);
    }
    switch (c->kind) {
    case TB_X_FILLED: return v != NULL;
    case TB_X_UNFILLED: return v == NULL;
    case TB_X_NAME: return v && v->kind == TB_JSON_TRUE;
    case TB_X_COMPARE: return compare(c, v);
    case TB_X_IN:
        for (uint32_t i = 0; v && i < c->options_n; i++)
            if (tb_str_eq(v->text, c->options[i])) return true;
        return false;
    default: return false;
    }
}
