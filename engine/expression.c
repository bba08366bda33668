/* Conditions: see expression.h for what is checked and why. Asking is a walk over a checked tree of bounded depth
 * (TB_EXPR_DEPTH). */
#include "expression.h"
#include "step.h"
#include "table.h"
#include <string.h>

struct checking {
    tb_arena *a;
    tb_program *p;            /* NULL: a table by itself */
    const tb__inputs *inputs; /* not NULL: only these can be read */
    const tb_sources *sources;
    tb_diagnostics *d;
    uint8_t *filled; /* by field or input: known to be filled here */
};

/* What a name stands for. */
struct variable {
    const tb_field *f;      /* NULL: nothing */
    uint32_t index, column; /* as in tb_condition */
    uint32_t own;           /* into `filled` */
};

static bool ordered(enum tb_compare op) { return op != TB_EQ && op != TB_NE; }

/* Values that are one text; 是否, 地址 and lists are not, and 时刻 has many spellings of one instant. */
static bool is_text(enum tb_type t) {
    return !tb_is_number(t) && t != TB_T_DATE && t != TB_T_TIME && t != TB_T_BOOL && t != TB_T_ADDRESS &&
           t != TB_T_LIST;
}

static uint32_t variables(const struct checking *k) { return k->inputs ? k->inputs->count : k->p->fields.count; }

/* ---- names ---- */

/* An output: 「X·OUT」 always; its own name, or the table's when it has but one, while no other table says the same. */
static bool find_output(struct checking *k, tb_str name, tb_span span, struct variable *v) {
    uint32_t found = 0;
    tb_buf all;
    tb_buf_init(&all, k->a);
    for (uint32_t t = 0; t < k->p->tables.count; t++) {
        const tb_table *table = k->p->tables.items[t].table;
        for (uint32_t c = 0; c < table->outputs_n; c++) {
            tb_str whole = tb_str_printf(k->a, "%.*s·%.*s", TB_FMT(table->name), TB_FMT(table->outputs[c].name));
            bool full = tb_str_eq(name, whole);
            if (!full && !tb_str_eq(name, table->outputs[c].name) &&
                !(table->outputs_n == 1 && tb_str_eq(name, table->name)))
                continue;
            if (full || !found) *v = (struct variable){&table->results[c], t, c, TB_NO_INDEX};
            tb_putf(&all, "%s「%.*s」", found++ ? "、" : "", TB_FMT(whole));
            if (full) return true;
        }
    }
    if (found > 1) {
        tb_report(k->d, TB_E_OUTPUT_AMBIGUOUS, span, name, tb_buf_str(&all), TB_NONE);
        return *v = (struct variable){0}, false;
    }
    return true;
}

/* What `name` stands for; v->f NULL: nothing. false: that has been reported. */
static bool find(struct checking *k, tb_str name, tb_span span, struct variable *v) {
    *v = (struct variable){.column = TB_NO_INDEX};
    uint32_t n = variables(k);
    for (uint32_t i = 0; i < n; i++) {
        const tb_field *f = k->inputs ? &k->inputs->list[i] : &k->p->fields.items[i];
        if (!tb_str_eq(f->name, name)) continue;
        *v = (struct variable){f, k->inputs && k->inputs->fields ? k->inputs->fields[i] : i, TB_NO_INDEX, i};
        return true;
    }
    return k->inputs || find_output(k, name, span, v);
}

static void note_use(struct checking *k, const struct variable *v) {
    if (v->column != TB_NO_INDEX) k->p->tables.items[v->index].used = true;
}

/* The variable that must stand here; false: reported. */
static bool variable_or_report(struct checking *k, tb_str name, tb_span span, struct variable *v) {
    if (!find(k, name, span, v)) return false;
    if (!v->f)
        return tb_report(k->d, k->inputs ? TB_E_TABLE_INPUT_ONLY : TB_E_UNKNOWN_FIELD, span, name, TB_NONE, TB_NONE),
               false;
    note_use(k, v);
    return true;
}

/* A field read for its value: it must be required, or known to be filled at this point. */
static void need_filled(struct checking *k, const struct variable *v, tb_span span) {
    if (v->own != TB_NO_INDEX && !v->f->required && !k->filled[v->own])
        tb_report(k->d, TB_E_MAYBE_ABSENT, span, v->f->name, TB_NONE, TB_NONE);
}

static void put_variable(tb_condition *c, const struct variable *v) {
    c->index = v->index;
    c->column = v->column;
    c->type = v->f->type;
    c->item = v->f->item;
}

/* ---- operands ---- */

struct operand {
    tb_condition *c;
    enum tb_type type;
    const tb_field *f; /* a variable by itself */
    tb_str unit;       /* empty: a plain number */
    bool reads;        /* something of the form */
    bool word;         /* a name that stands for nothing: perhaps an option's text */
    bool computes;
};

static tb_str unit_of(const tb_field *f) {
    return f->unit.n ? f->unit : f->type == TB_T_MONEY ? TB_STR("元") : TB_NONE;
}

static bool operand(struct checking *k, const tb_expr *e, struct operand *o);

static bool same_unit(struct checking *k, const struct operand *x, const struct operand *y, tb_span span) {
    if (!x->reads || !y->reads || tb_str_eq(x->unit, y->unit)) return true;
    tb_report(k->d, TB_E_UNITS, span, x->unit.n ? x->unit : TB_STR("—"),
              y->unit.n ? y->unit : TB_STR("—"), TB_NONE);
    return false;
}

/* 加 and 减 keep the unit; 乘 by a plain number keeps it, else both stand in it, in the order of their bytes. */
static bool sum(struct checking *k, const tb_expr *e, struct operand *o) {
    struct operand x, y;
    bool fits = operand(k, e->a, &x);
    fits &= operand(k, e->b, &y);
    if (!fits) return false;
    const struct operand *both[] = {&x, &y};
    for (int i = 0; i < 2; i++) {
        const tb_expr *at = i ? e->b : e->a;
        if (both[i]->word) return tb_report(k->d, TB_E_UNKNOWN_FIELD, at->span, at->text, TB_NONE, TB_NONE), false;
        if (!tb_is_number(both[i]->type))
            return tb_report(k->d, TB_E_SUM_TYPES, at->span, tb_source_text(k->sources, at->span), TB_NONE, TB_NONE),
                   false;
    }
    if (e->kind != TB_X_MUL && !same_unit(k, &x, &y, e->span)) return false;
    o->reads = x.reads || y.reads;
    o->type = TB_T_DECIMAL;
    o->computes = true;
    o->unit = x.reads && x.unit.n ? x.unit : y.unit;
    if (e->kind == TB_X_MUL && x.unit.n && y.unit.n) {
        bool swap = tb_str_cmp(x.unit, y.unit) > 0;
        o->unit = tb_str_printf(k->a, "%.*s×%.*s", TB_FMT(swap ? y.unit : x.unit), TB_FMT(swap ? x.unit : y.unit));
    }
    o->c->a = x.c;
    o->c->b = y.c;
    return true;
}

static bool operand(struct checking *k, const tb_expr *e, struct operand *o) {
    *o = (struct operand){.c = TB_NEW(k->a, tb_condition)};
    *o->c = (tb_condition){.kind = e->kind, .column = TB_NO_INDEX, .span = e->span};
    struct variable v;
    switch (e->kind) {
    case TB_X_NAME:
        if (!find(k, e->text, e->span, &v)) return false;
        if (!v.f) {
            o->word = true;
            o->type = TB_T_TEXT;
            o->c->kind = TB_X_TEXT;
            o->c->literal = (tb_value){.kind = TB_IS_TEXT, .text = e->text};
            return true;
        }
        note_use(k, &v);
        need_filled(k, &v, e->span);
        put_variable(o->c, &v);
        o->type = v.f->type;
        o->f = v.f;
        o->unit = unit_of(v.f);
        o->reads = true;
        return true;
    case TB_X_NUMBER:
        o->type = TB_T_DECIMAL;
        o->c->literal.kind = TB_IS_NUMBER;
        if (tb_decimal_read(e->text, &o->c->literal.number)) return true;
        return tb_report(k->d, TB_E_LONG_NUMBER, e->span, e->text, TB_NONE, TB_NONE), false;
    case TB_X_DATE:
        o->type = TB_T_DATE;
        o->c->literal = (tb_value){.kind = TB_IS_DAY, .at = e->day};
        return true;
    case TB_X_TEXT:
        o->type = TB_T_TEXT;
        o->c->literal = (tb_value){.kind = TB_IS_TEXT, .text = e->text};
        return true;
    default: return sum(k, e, o);
    }
}

/* ---- comparisons ---- */

static bool has_option(const tb_field *f, tb_str text) {
    for (uint32_t i = 0; i < f->options_n; i++)
        if (tb_str_eq(f->options[i], text)) return true;
    return false;
}

static bool known_option(struct checking *k, const tb_field *f, enum tb_type type, tb_str text, tb_span span) {
    if (type != TB_T_OPTION || has_option(f, text)) return true;
    return tb_report(k->d, TB_E_UNKNOWN_OPTION, span, text, f->name, TB_NONE), false;
}

/* As it is called: a field's name, a text without its quotes, a sum as written. */
static tb_str called(struct checking *k, const tb_expr *e) {
    return e->text.n ? e->text : tb_source_text(k->sources, e->span);
}

static bool types_differ(struct checking *k, const tb_expr *left, const tb_expr *right) {
    return tb_report(k->d, TB_E_COMPARE_TYPES, right->span, called(k, left), called(k, right), TB_NONE), false;
}

/* The right side is written in the rules: text, an option, an instant. */
static bool with_text(struct checking *k, const tb_expr *e, const struct operand *x, struct operand *y) {
    if (y->word && (tb_is_number(x->type) || x->type == TB_T_DATE || x->type == TB_T_TIME))
        return tb_report(k->d, k->inputs ? TB_E_TABLE_INPUT_ONLY : TB_E_UNKNOWN_FIELD, e->b->span, e->b->text, TB_NONE,
                         TB_NONE),
               false;
    if (x->type == TB_T_TIME && tb_time_parse(e->b->text, &y->c->literal.at))
        return y->c->literal.kind = TB_IS_INSTANT, true;
    if (!x->f || !is_text(x->type) || ordered(e->op)) return types_differ(k, e->a, e->b);
    return known_option(k, x->f, x->type, e->b->text, e->b->span);
}

/* Two fields, or a field and a sum. */
static bool with_field(struct checking *k, const tb_expr *e, const struct operand *x, const struct operand *y) {
    if (tb_is_number(x->type) && tb_is_number(y->type)) return same_unit(k, x, y, e->span);
    if (x->type == y->type && (x->type == TB_T_DATE || x->type == TB_T_TIME)) return true;
    bool alike = x->type == y->type || x->type == TB_T_TEXT || y->type == TB_T_TEXT;
    bool equal = (is_text(x->type) && is_text(y->type) && alike) || (x->type == TB_T_BOOL && y->type == TB_T_BOOL);
    if (!equal || ordered(e->op)) return types_differ(k, e->a, e->b);
    if (x->type != TB_T_OPTION || y->type != TB_T_OPTION) return true;
    for (uint32_t i = 0; i < x->f->options_n; i++)
        if (has_option(y->f, x->f->options[i])) return true;
    return tb_report(k->d, TB_E_OPTIONS_APART, e->span, x->f->name, y->f->name, TB_NONE), false;
}

static tb_condition *check_compare(struct checking *k, const tb_expr *e, tb_condition *c) {
    struct operand x, y;
    bool fits = operand(k, e->a, &x);
    fits &= operand(k, e->b, &y);
    if (!fits) return NULL;
    if (x.word)
        return tb_report(k->d, k->inputs ? TB_E_TABLE_INPUT_ONLY : TB_E_UNKNOWN_FIELD, e->a->span, e->a->text, TB_NONE,
                         TB_NONE),
               NULL;
    if (!x.reads) return tb_report(k->d, TB_E_COMPARE_FIELD, e->a->span, TB_NONE, TB_NONE, TB_NONE), NULL;
    if (y.f && e->b->kind == TB_X_NAME && x.f && x.type == TB_T_OPTION && has_option(x.f, e->b->text))
        return tb_report(k->d, TB_E_OPTION_OR_FIELD, e->b->span, e->b->text, x.f->name, TB_NONE), NULL;
    if (y.word || e->b->kind == TB_X_TEXT) fits = with_text(k, e, &x, &y);
    else if (y.reads) fits = with_field(k, e, &x, &y);
    else if (!(tb_is_number(x.type) && tb_is_number(y.type)) && !(x.type == TB_T_DATE && y.type == TB_T_DATE))
        fits = types_differ(k, e->a, e->b);
    if (!fits) return NULL;
    c->a = x.c;
    c->b = y.c;
    if (k->p && (x.computes || y.computes)) *TB_PUSH(k->a, k->p->sums) = c;
    return c;
}

/* What a name or text in 属于 or 包含 is, for a value of that type. */
static bool literal(struct checking *k, const tb_field *f, enum tb_type type, const tb_name *n, tb_value *out) {
    int32_t day;
    *out = (tb_value){.kind = TB_IS_TEXT, .text = n->text};
    if (is_text(type)) return known_option(k, f, type, n->text, n->span);
    if (tb_is_number(type) && tb_decimal_read(n->text, &out->number)) return out->kind = TB_IS_NUMBER, true;
    if (type == TB_T_DATE && tb_day_parse(n->text, &day)) return out->kind = TB_IS_DAY, out->at = day, true;
    return tb_report(k->d, TB_E_COMPARE_TYPES, n->span, f->name, n->text, TB_NONE), false;
}

/* F 属于 A、B and F 包含 A、B. */
static tb_condition *check_list(struct checking *k, const tb_expr *e, tb_condition *c) {
    struct variable v;
    if (!variable_or_report(k, e->text, e->span, &v)) return NULL;
    need_filled(k, &v, e->span);
    put_variable(c, &v);
    bool contains = e->kind == TB_X_CONTAINS, fits = true;
    if (contains != (c->type == TB_T_LIST))
        return tb_report(k->d, contains ? TB_E_NOT_A_LIST : TB_E_LIST_CONTAINS, e->span, v.f->name, TB_NONE, TB_NONE),
               NULL;
    tb_value *list = TB_NEW_ARRAY(k->a, e->names.count, tb_value);
    for (uint32_t i = 0; i < e->names.count; i++)
        fits &= literal(k, v.f, contains ? c->item : c->type, &e->names.items[i], &list[i]);
    c->list = list;
    c->list_n = e->names.count;
    return fits ? c : NULL;
}

/* ---- the rest ---- */

static tb_condition *check_modes(struct checking *k, const tb_expr *e, tb_condition *c) {
    for (uint32_t i = 0; i < e->names.count; i++) {
        uint32_t m;
        TB__FIND(k->p->modes, .name, e->names.items[i].text, m);
        if (m == TB_NO_INDEX)
            tb_report(k->d, TB_E_UNKNOWN_MODE, e->names.items[i].span, e->names.items[i].text, TB_NONE, TB_NONE);
        else c->modes |= (uint64_t)1 << m;
    }
    return c;
}

/* 已 M: a milestone, then a document, then a step of that name. */
static tb_condition *check_done(struct checking *k, const tb_expr *e, tb_condition *c) {
    TB__FIND(k->p->milestones, .name, tb__fixed_name(e->text), c->index);
    if (c->index != TB_NO_INDEX) return c;
    TB__FIND(k->p->documents, .name, e->text, c->index);
    c->asked = TB_ASK_DOCUMENT;
    if (c->index != TB_NO_INDEX) return c;
    TB__FIND(k->p->steps, .name, e->text, c->index);
    c->asked = TB_ASK_STEP;
    if (c->index != TB_NO_INDEX) return k->p->steps.items[c->index].asked = true, c;
    return tb_report(k->d, TB_E_UNKNOWN_MILESTONE, e->span, e->text, TB_NONE, TB_NONE), NULL;
}

/* Facts "F is filled" that hold when `e` is true (or, negated, when it is false). */
static void learn(struct checking *k, const tb_expr *e, bool truth, uint8_t *into) {
    if (e->kind == TB_X_NOT) {
        learn(k, e->a, !truth, into);
    } else if (e->kind == (truth ? TB_X_AND : TB_X_OR)) {
        learn(k, e->a, truth, into);
        learn(k, e->b, truth, into);
    } else if (e->kind == (truth ? TB_X_FILLED : TB_X_UNFILLED)) {
        for (uint32_t i = 0; i < variables(k); i++)
            if (tb_str_eq(k->inputs ? k->inputs->list[i].name : k->p->fields.items[i].name, e->text)) into[i] = 1;
    }
}

static tb_condition *check(struct checking *k, const tb_expr *e);

static tb_condition *check_pair(struct checking *k, const tb_expr *e, tb_condition *c) {
    c->a = check(k, e->a);
    uint8_t *outside = k->filled;
    uint8_t *inside = TB_NEW_ARRAY(k->a, variables(k) + 1, uint8_t);
    memcpy(inside, outside, variables(k));
    learn(k, e->a, e->kind == TB_X_AND, inside); /* the right side is asked only when the left did not decide */
    k->filled = inside;
    c->b = check(k, e->b);
    k->filled = outside;
    return c->a && c->b ? c : NULL;
}

static tb_condition *check(struct checking *k, const tb_expr *e) {
    tb_condition *c = TB_NEW(k->a, tb_condition);
    struct variable v;
    *c = (tb_condition){.kind = e->kind, .op = e->op, .column = TB_NO_INDEX, .span = e->span};
    bool of_case = e->kind == TB_X_DONE || e->kind == TB_X_NOT_DONE || e->kind == TB_X_MODE;
    if (k->inputs && of_case)
        return tb_report(k->d, TB_E_TABLE_INPUT_ONLY, e->span, tb_source_text(k->sources, e->span), TB_NONE, TB_NONE),
               NULL;
    switch (e->kind) {
    case TB_X_OR:
    case TB_X_AND: return check_pair(k, e, c);
    case TB_X_NOT: c->a = check(k, e->a); return c->a ? c : NULL;
    case TB_X_COMPARE: return check_compare(k, e, c);
    case TB_X_NAME: /* a yes/no field by itself */
        if (!variable_or_report(k, e->text, e->span, &v)) return NULL;
        need_filled(k, &v, e->span);
        put_variable(c, &v);
        if (c->type == TB_T_BOOL) return c;
        break;
    case TB_X_DONE:
    case TB_X_NOT_DONE: return check_done(k, e, c);
    case TB_X_FILLED:
    case TB_X_UNFILLED:
        if (!variable_or_report(k, e->text, e->span, &v)) return NULL;
        put_variable(c, &v);
        if (v.own != TB_NO_INDEX) return c;
        return tb_report(k->d, TB_E_OUTPUT_FILLED, e->span, e->text, TB_NONE, TB_NONE), NULL;
    case TB_X_IN:
    case TB_X_CONTAINS: return check_list(k, e, c);
    case TB_X_MODE: return check_modes(k, e, c);
    default: break;
    }
    tb_report(k->d, TB_E_NOT_A_CONDITION, e->span, called(k, e), TB_NONE, TB_NONE);
    return NULL;
}

const tb_condition *tb_condition_check(tb_arena *a, tb_program *p, const tb_expr *e, tb_diagnostics *d) {
    struct checking k = {.a = a, .p = p, .sources = p->sources, .d = d};
    k.filled = TB_NEW_ARRAY(a, p->fields.count + 1, uint8_t);
    return check(&k, e);
}

const tb_condition *tb__condition_check_row(tb_arena *a, tb_program *p, const tb__inputs *inputs,
                                            const tb_sources *sources, const tb_expr *e, tb_diagnostics *d) {
    struct checking k = {.a = a, .p = p, .inputs = inputs, .sources = sources, .d = d};
    k.filled = TB_NEW_ARRAY(a, inputs->count + 1, uint8_t);
    return check(&k, e);
}

bool tb__asks_case(const tb_condition *c) {
    if (c->kind == TB_X_DONE || c->kind == TB_X_NOT_DONE) return true;
    return (c->a && tb__asks_case(c->a)) || (c->b && tb__asks_case(c->b));
}

/* ---- asking ---- */

static const tb_json *field_value(const tb__reading *r, const tb_condition *c) {
    return tb_json_find(r->form, r->fields[c->index].name);
}

tb_value tb__operand(const tb__reading *r, const tb_condition *c) {
    tb_value x, y, none = {.kind = TB_IS_TOO_LARGE};
    tb_hits h;
    switch (c->kind) {
    case TB_X_NAME:
        if (c->column == TB_NO_INDEX) return tb_value_of(c->type, c->item, field_value(r, c));
        if (tb__table_decide(r, &r->tables[c->index], &h) != TB_DECIDED) return none;
        return tb__hits_value(r->tables[c->index].table, c->column, &h);
    case TB_X_ADD:
    case TB_X_SUB:
    case TB_X_MUL:
        x = tb__operand(r, c->a), y = tb__operand(r, c->b);
        if (x.kind != TB_IS_NUMBER) return x;
        if (y.kind != TB_IS_NUMBER) return y;
        if (c->kind == TB_X_SUB) y.number = tb_decimal_neg(y.number);
        bool fits = c->kind == TB_X_MUL ? tb_decimal_mul(x.number, y.number, &x.number)
                                        : tb_decimal_add(x.number, y.number, &x.number);
        return fits ? x : none;
    default: return c->literal;
    }
}

static enum tb_truth ask_compare(const tb__reading *r, const tb_condition *c) {
    tb_value x = tb__operand(r, c->a), y = tb__operand(r, c->b);
    if (x.kind == TB_IS_TOO_LARGE || y.kind == TB_IS_TOO_LARGE) return TB_NOT_COMPUTED;
    if (x.kind == TB_IS_ABSENT || y.kind == TB_IS_ABSENT) return TB_NO; /* cannot be: checked */
    return tb__by_order(tb_value_cmp(&x, &y), c->op) ? TB_YES : TB_NO;
}

static enum tb_truth ask_contains(const tb__reading *r, const tb_condition *c) {
    tb_hits h;
    if (c->column != TB_NO_INDEX) {
        if (tb__table_decide(r, &r->tables[c->index], &h) != TB_DECIDED) return TB_NOT_COMPUTED;
        for (uint32_t i = 0; i < c->list_n; i++)
            if (tb__hits_contain(r->tables[c->index].table, c->column, &h, &c->list[i])) return TB_YES;
        return TB_NO;
    }
    const tb_json *v = field_value(r, c);
    for (uint32_t k = 0; v && v->kind == TB_JSON_ARRAY && k < v->count; k++) {
        tb_value item = tb_value_of(c->item, 0, &v->items[k]);
        for (uint32_t i = 0; i < c->list_n; i++)
            if (item.kind == c->list[i].kind && tb_value_cmp(&item, &c->list[i]) == 0) return TB_YES;
    }
    return TB_NO;
}

static enum tb_truth ask_in(const tb__reading *r, const tb_condition *c) {
    tb_condition name = *c;
    name.kind = TB_X_NAME;
    tb_value v = tb__operand(r, &name);
    if (v.kind == TB_IS_TOO_LARGE) return TB_NOT_COMPUTED;
    for (uint32_t i = 0; i < c->list_n; i++)
        if (v.kind == c->list[i].kind && tb_value_cmp(&v, &c->list[i]) == 0) return TB_YES;
    return TB_NO;
}

/* A step was completed: some act that leaves it was taken, by people or as an answer, not by its expiry. */
static bool step_completed(const tb_case *s, uint32_t step) {
    for (uint32_t i = 0; i < s->program->moves.count; i++) {
        const tb_move *m = &s->program->moves.items[i];
        if (m->step == step && tb__completes(m) && s->taken[i]) return true;
    }
    return false;
}

static bool done(const tb_case *s, const tb_condition *c) {
    if (!s) return false;
    if (c->asked == TB_ASK_MILESTONE) return s->milestones[c->index].count > 0;
    if (c->asked == TB_ASK_STEP) return step_completed(s, c->index);
    for (uint32_t i = 0; i < s->issued.count; i++)
        if (s->issued.items[i].document == c->index && !s->issued.items[i].voided) return true;
    return false;
}

enum tb_truth tb__condition_ask(const tb__reading *r, const tb_condition *c) {
    enum tb_truth x, y;
    tb_value v;
    switch (c->kind) {
    case TB_X_OR:
        if ((x = tb__condition_ask(r, c->a)) == TB_YES) return x;
        y = tb__condition_ask(r, c->b);
        return y == TB_NO ? x : y;
    case TB_X_AND:
        if ((x = tb__condition_ask(r, c->a)) == TB_NO) return x;
        y = tb__condition_ask(r, c->b);
        return y == TB_YES ? x : y;
    case TB_X_NOT: x = tb__condition_ask(r, c->a); return x == TB_NOT_COMPUTED ? x : x == TB_YES ? TB_NO : TB_YES;
    case TB_X_MODE: return c->modes >> r->mode & 1 ? TB_YES : TB_NO;
    case TB_X_DONE:
    case TB_X_NOT_DONE: return done(r->c, c) == (c->kind == TB_X_DONE) ? TB_YES : TB_NO;
    case TB_X_FILLED: return field_value(r, c) ? TB_YES : TB_NO;
    case TB_X_UNFILLED: return field_value(r, c) ? TB_NO : TB_YES;
    case TB_X_ITEMS: {
        const tb_json *list = field_value(r, c);
        return list && (int64_t)list->count >= c->literal.number.units ? TB_YES : TB_NO;
    }
    case TB_X_NAME:
        v = tb__operand(r, c);
        return v.kind == TB_IS_TOO_LARGE ? TB_NOT_COMPUTED : v.kind == TB_IS_BOOL && v.at ? TB_YES : TB_NO;
    case TB_X_COMPARE: return ask_compare(r, c);
    case TB_X_IN: return ask_in(r, c);
    case TB_X_CONTAINS: return ask_contains(r, c);
    default: return TB_NO;
    }
}

static tb__reading reading_of(const tb_case *s) {
    return (tb__reading){s->program->fields.items, s->program->tables.items, &s->form, s->mode, s};
}

bool tb_condition_holds(const tb_condition *c, const tb_case *s) {
    tb__reading r = reading_of(s);
    return tb__condition_ask(&r, c) == TB_YES;
}

/* ---- saying why ---- */

struct why {
    tb_arena *a;
    const tb_case *s;
    tb_buf b;
};

static void why_output(struct why *w, const tb_condition *c) {
    const tb_program *p = w->s->program;
    const tb_table_use *u = &p->tables.items[c->index];
    const tb_table *t = u->table;
    tb__reading r = reading_of(w->s);
    tb_hits h;
    if (tb__table_decide(&r, u, &h) != TB_DECIDED) return;
    tb_putf(&w->b, "；%.*s 为 %.*s（决策表 %.*s", TB_FMT(t->results[c->column].name),
            TB_FMT(tb__hits_text(w->a, t, c->column, &h)), TB_FMT(t->name));
    for (uint32_t i = 0; i < t->rows_n; i++) {
        bool decides = t->policy == TB_HITS_COLLECT ? tb__hit(&h, i) : i == h.row;
        if (decides) tb_putf(&w->b, " 第 %u 行 %.*s", i + 1, TB_FMT(tb_span_text(w->a, p, t->rows[i].span)));
    }
    tb_puts(&w->b, "）");
}

static void why_field(struct why *w, const tb_condition *c) {
    const tb_field *f = &w->s->program->fields.items[c->index];
    const tb_json *v = tb_json_find(&w->s->form, f->name);
    if (!v) tb_putf(&w->b, "；未填 %.*s", TB_FMT(f->name));
    else if (f->sensitive) tb_putf(&w->b, "；%.*s 敏感，不显示", TB_FMT(f->name));
    else tb_putf(&w->b, "；%.*s 为 %.*s", TB_FMT(f->name), TB_FMT(tb_value_text(w->a, v)));
}

static void why(struct why *w, const tb_condition *c, const tb_condition *root);

/* Has what `c` reads been said, by a part of the condition that stands before it? */
static bool said(const tb_condition *in, const tb_condition *c, bool *passed) {
    if (!in || *passed) return false;
    if (in == c) return *passed = true, false;
    bool names = in->kind == TB_X_NAME || in->kind == TB_X_IN || in->kind == TB_X_CONTAINS || in->kind == TB_X_FILLED ||
                 in->kind == TB_X_UNFILLED;
    if (names && in->index == c->index && in->column == c->column) return true;
    return said(in->a, c, passed) || said(in->b, c, passed);
}

static void why(struct why *w, const tb_condition *c, const tb_condition *root) {
    bool passed = false;
    switch (c->kind) {
    case TB_X_NAME:
    case TB_X_IN:
    case TB_X_CONTAINS:
    case TB_X_FILLED:
    case TB_X_UNFILLED:
        if (said(root, c, &passed)) return;
        if (c->column == TB_NO_INDEX) why_field(w, c);
        else why_output(w, c);
        return;
    default:
        if (c->a) why(w, c->a, root);
        if (c->b) why(w, c->b, root);
    }
}

tb_str tb__condition_why(tb_arena *a, const tb_condition *c, const tb_case *s) {
    struct why w = {.a = a, .s = s};
    tb_buf_init(&w.b, a);
    why(&w, c, c);
    return w.b.n ? tb_buf_str(&w.b) : TB_NONE;
}
