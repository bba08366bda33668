/* See imply.h. Variables are collected from both sides first, then the conditions are evaluated on the trees of the
 * sources: names are what two matters have in common, not the numbers of their fields. */
#include "imply.h"
#include "canonical.h"
#include "compile_work.h"
#include "value.h"
#include <string.h>

enum class {
    UNKNOWN = 0,
    NUMBER,
    DATE,
    CHOICE /* of listed words */,
    WORD /* any text; only equality */,
    YES_NO,
    FACT
};

typedef struct variable {
    enum class class;
    tb_str name;
    const tb_field *fields[2];   /* of x and y; NULL: that form has none */
    bool integer, may_lack;      /* whole numbers only; the last value is "not filled" */
    TB_LIST(tb_decimal) numbers; /* constants, sorted; of NUMBER and DATE (as days) */
    TB_LIST(tb_str) words;
    uint32_t count, at; /* of values; the one at hand */
} variable;

struct asking {
    tb_arena *a;
    const tb__open *side[2];
    TB_LIST(variable) variables;
    bool english;
    tb_str not_understood;
};

#define MODE_NAME TB_STR("模式")

static const tb_field *field_of(const tb_program *p, tb_str name) {
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (tb_str_eq(p->fields.items[i].name, name)) return &p->fields.items[i];
    return NULL;
}

static enum class class_of(const tb_field *f) {
    switch (f->type){
        case TB_T_INTEGER : case TB_T_DECIMAL : case TB_T_MONEY : return NUMBER; case TB_T_DATE : return DATE;
        case TB_T_BOOL : return YES_NO;
        case TB_T_OPTION : return CHOICE;
        case TB_T_TEXT : return WORD;
        default : return UNKNOWN;
    }
}

static variable *variable_named(struct asking *q, enum class class, tb_str name) {
    for (uint32_t i = 0; i < q->variables.count; i++)
        if (tb_str_eq(q->variables.items[i].name, name) && (q->variables.items[i].class == FACT) == (class == FACT))
            return &q->variables.items[i];
    variable *v = TB_PUSH(q->a, q->variables);
    *v = (variable){.class = class, .name = name};
    return v;
}

static void give_up(struct asking *q, tb_str what) {
    if (!q->not_understood.n) q->not_understood = what.n ? what : TB_STR("?");
}

static void put_number(struct asking *q, variable *v, tb_decimal d) {
    uint32_t at = 0;
    while (at < v->numbers.count && tb_decimal_cmp(v->numbers.items[at], d) < 0) at++;
    if (at < v->numbers.count && tb_decimal_cmp(v->numbers.items[at], d) == 0) return;
    TB_PUSH(q->a, v->numbers);
    memmove(v->numbers.items + at + 1, v->numbers.items + at, (v->numbers.count - 1 - at) * sizeof d);
    v->numbers.items[at] = d;
}

static void put_word(struct asking *q, variable *v, tb_str word) {
    for (uint32_t i = 0; i < v->words.count; i++)
        if (tb_str_eq(v->words.items[i], word)) return;
    *TB_PUSH(q->a, v->words) = word;
}

static bool offers(const tb_field *f, tb_str option) {
    for (uint32_t i = 0; i < f->options_n; i++)
        if (tb_str_eq(f->options[i], option)) return true;
    return false;
}

/* The variable of a field that the condition of `side` names; NULL: it is none, or of a type that is not decided. */
static variable *field_variable(struct asking *q, int side, tb_str name) {
    const tb_field *own = field_of(q->side[side]->p, name);
    if (!own || class_of(own) == UNKNOWN) return NULL;
    variable *v = variable_named(q, class_of(own), name);
    if (v->fields[0] || v->fields[1]) return v->class == class_of(own) ? v : NULL;
    for (int i = 0; i < 2; i++) {
        const tb_field *f = v->fields[i] = field_of(q->side[i]->p, name);
        if (f && class_of(f) != v->class) return NULL;
        if (f && f->type == TB_T_INTEGER) v->integer = true;
        for (uint32_t k = 0; f && k < f->bounds_n; k++) put_number(q, v, f->bounds[k].value);
    }
    v->integer |= v->class == DATE;
    v->may_lack = !(v->fields[0] && v->fields[0]->required) && !(v->fields[1] && v->fields[1]->required);
    for (uint32_t k = 0; v->class == CHOICE && k < own->options_n; k++) {
        const tb_field *other = v->fields[1 - side];
        if (!other || offers(other, own->options[k])) put_word(q, v, own->options[k]);
    }
    return v;
}

static bool constant(const variable *v, const tb_expr *x, tb_decimal *d) {
    if (v->class == DATE && x->kind == TB_X_DATE) return *d = (tb_decimal){x->day, 0}, true;
    return v->class == NUMBER && x->kind == TB_X_NUMBER && tb_decimal_read(x->text, d);
}

static bool is_word(const tb_expr *x) { return x->kind == TB_X_NAME || x->kind == TB_X_TEXT || x->kind == TB_X_NUMBER; }

/* `field` op constant, in either order; NULL: something else. */
static const tb_expr *field_side(const struct asking *q, int side, const tb_expr *x) {
    if (x->a->kind == TB_X_NAME && field_of(q->side[side]->p, x->a->text)) return x->a;
    return x->b->kind == TB_X_NAME && field_of(q->side[side]->p, x->b->text) ? x->b : NULL;
}

static void collect_compare(struct asking *q, int side, const tb_expr *x) {
    const tb_expr *name = field_side(q, side, x), *other = name == x->a ? x->b : x->a;
    variable *v = name ? field_variable(q, side, name->text) : NULL;
    tb_decimal d;
    bool both = other->kind == TB_X_NAME && field_of(q->side[side]->p, other->text);
    bool equality = x->op == TB_EQ || x->op == TB_NE;
    if (v && !both && constant(v, other, &d)) put_number(q, v, d);
    else if (v && !both && equality && (v->class == CHOICE || v->class == WORD) && is_word(other)) {
        if (v->class == WORD) put_word(q, v, other->text);
    } else give_up(q, tb__condition_text(q->side[side]->p->sources, x));
}

static void collect(struct asking *q, int side, const tb_expr *x) { /* as deep as TB_EXPR_DEPTH */
    variable *v;
    tb_str text = tb__condition_text(q->side[side]->p->sources, x);
    switch (x->kind) {
    case TB_X_OR:
    case TB_X_AND:
        collect(q, side, x->a);
        collect(q, side, x->b);
        break;
    case TB_X_NOT: collect(q, side, x->a); break;
    case TB_X_COMPARE: collect_compare(q, side, x); break;
    case TB_X_NAME:
        v = field_variable(q, side, x->text);
        if (!v || v->class != YES_NO) give_up(q, text);
        break;
    case TB_X_FILLED:
    case TB_X_UNFILLED:
        if (!field_variable(q, side, x->text)) give_up(q, text);
        break;
    case TB_X_DONE:
    case TB_X_NOT_DONE: variable_named(q, FACT, tb__fixed_name(x->text)); break;
    case TB_X_MODE: variable_named(q, CHOICE, MODE_NAME); break;
    case TB_X_IN:
        v = field_variable(q, side, x->text);
        if (!v || (v->class != CHOICE && v->class != WORD)) give_up(q, text);
        for (uint32_t i = 0; v && v->class == WORD && i < x->names.count; i++) put_word(q, v, x->names.items[i].text);
        break;
    default: give_up(q, text); break;
    }
}

/* ---- values: of numbers 2k is the open stretch before constant k, 2k+1 the constant itself ---- */

static int rank_of(const variable *v, tb_decimal d) {
    for (uint32_t i = 0; i < v->numbers.count; i++)
        if (tb_decimal_cmp(v->numbers.items[i], d) == 0) return (int)(2 * i + 1);
    return -1;
}

static tb_decimal next_whole(tb_decimal d) {
    int64_t one = 1;
    for (int i = 0; i < d.scale; i++) one *= 10;
    int64_t whole = d.units / one;
    if (d.units < 0 && d.units % one) whole--;
    return (tb_decimal){whole + 1, 0};
}

/* Does the value lie within both forms? An integer has nothing between 3 and 4. */
static bool exists(const variable *v, uint32_t value) {
    uint32_t k = value / 2;
    if (v->class != NUMBER && v->class != DATE) return true;
    bool point = value % 2;
    if (v->integer && point) {
        tb_decimal below = v->numbers.items[k];
        below.units--; /* the whole number after a little less is itself exactly when it is whole */
        if (tb_decimal_cmp(next_whole(below), v->numbers.items[k]) != 0) return false;
    }
    if (v->integer && !point && k > 0 && k < v->numbers.count &&
        tb_decimal_cmp(next_whole(v->numbers.items[k - 1]), v->numbers.items[k]) >= 0)
        return false;
    for (int i = 0; i < 2; i++)
        for (uint32_t b = 0; v->fields[i] && b < v->fields[i]->bounds_n; b++)
            if (!tb__by_order((int)value - rank_of(v, v->fields[i]->bounds[b].value), v->fields[i]->bounds[b].op))
                return false;
    return true;
}

static void count_values(struct asking *q, variable *v) {
    if (v->class == CHOICE && tb_str_eq(v->name, MODE_NAME) && !v->fields[0] && !v->fields[1]) {
        const tb_program *x = q->side[0]->p, *y = q->side[1]->p;
        for (uint32_t i = 0; i < x->modes.count; i++)
            for (uint32_t k = 0; k < y->modes.count; k++)
                if (tb_str_eq(x->modes.items[i].name, y->modes.items[k].name)) put_word(q, v, x->modes.items[i].name);
    }
    switch (v->class) {
    case NUMBER:
    case DATE: v->count = 2 * v->numbers.count + 1; break;
    case CHOICE: v->count = v->words.count; break;
    case WORD: v->count = v->words.count + 1; break; /* the last: any other */
    default: v->count = 2; break;
    }
    v->count += v->may_lack;
}

static bool lacks(const variable *v) { return v->may_lack && v->at + 1 == v->count; }

static variable *known(struct asking *q, enum class class, tb_str name) { return variable_named(q, class, name); }

static tb_str word_at(const variable *v) { return v->at < v->words.count ? v->words.items[v->at] : TB_NONE; }

static bool holds_compare(struct asking *q, int side, const tb_expr *x) {
    const tb_expr *name = field_side(q, side, x), *other = name == x->a ? x->b : x->a;
    const variable *v = known(q, NUMBER, name->text);
    enum tb_compare op = x->op;
    tb_decimal d;
    if (lacks(v)) return false;
    if (constant(v, other, &d)) {
        int order = (int)v->at - rank_of(v, d);
        return tb__by_order(name == x->a ? order : -order, op);
    }
    return tb_str_eq(word_at(v), other->text) == (op == TB_EQ);
}

static bool holds(struct asking *q, int side, const tb_expr *x) {
    const variable *v;
    switch (x->kind) {
    case TB_X_OR: return holds(q, side, x->a) || holds(q, side, x->b);
    case TB_X_AND: return holds(q, side, x->a) && holds(q, side, x->b);
    case TB_X_NOT: return !holds(q, side, x->a);
    case TB_X_COMPARE: return holds_compare(q, side, x);
    case TB_X_NAME: v = known(q, YES_NO, x->text); return !lacks(v) && v->at == 1;
    case TB_X_FILLED: return !lacks(known(q, NUMBER, x->text));
    case TB_X_UNFILLED: return lacks(known(q, NUMBER, x->text));
    case TB_X_DONE: return known(q, FACT, tb__fixed_name(x->text))->at == 1;
    case TB_X_NOT_DONE: return known(q, FACT, tb__fixed_name(x->text))->at == 0;
    case TB_X_MODE:
    case TB_X_IN:
        v = known(q, CHOICE, x->kind == TB_X_MODE ? MODE_NAME : x->text);
        for (uint32_t i = 0; i < x->names.count && !lacks(v); i++)
            if (tb_str_eq(x->names.items[i].text, word_at(v))) return true;
        return false;
    default: return false; /* collect() gave up */
    }
}

static bool open_now(struct asking *q, int side) {
    for (uint32_t i = 0; i < q->side[side]->any.count; i++)
        if (!q->side[side]->any.items[i] || holds(q, side, q->side[side]->any.items[i])) return true;
    return false;
}

/* ---- for people ---- */

static tb_str number_text(struct asking *q, const variable *v, uint32_t k) {
    char day[TB_DAY_TEXT], digits[32];
    tb_decimal d = v->numbers.items[k];
    if (v->class == DATE) return tb_str_copy(q->a, tb_str_z(tb_day_text((int32_t)d.units, day)));
    bool minus = d.units < 0;
    uint64_t n = minus ? 0 - (uint64_t)d.units : (uint64_t)d.units;
    int at = (int)sizeof digits;
    for (int i = 0; n || i <= d.scale; i++, n /= 10) {
        if (i == d.scale && i) digits[--at] = '.';
        digits[--at] = (char)('0' + n % 10);
    }
    return tb_str_printf(q->a, "%s%.*s", minus ? "-" : "", (int)sizeof digits - at, digits + at);
}

static void put_value(struct asking *q, tb_buf *b, const variable *v) {
    if (v->class == FACT) {
        tb_putf(b, q->english ? "%s %.*s" : "%s %.*s",
                v->at ? (q->english ? "done" : "已") : (q->english ? "not-done" : "未"), TB_FMT(v->name));
        return;
    }
    if (lacks(v)) {
        tb_putf(b, q->english ? "%.*s not filled" : "未填 %.*s", TB_FMT(v->name));
        return;
    }
    tb_putf(b, "%.*s ", TB_FMT(v->name));
    if (v->class == YES_NO) tb_puts(b, v->at ? (q->english ? "yes" : "是") : (q->english ? "no" : "否"));
    else if (v->class == WORD && v->at == v->words.count) tb_puts(b, q->english ? "something else" : "另填别的");
    else if (v->class == WORD || v->class == CHOICE) tb_putf(b, q->english ? "is %.*s" : "是 %.*s", TB_FMT(word_at(v)));
    else if (v->at % 2) tb_putf(b, q->english ? "equals %.*s" : "等于 %.*s", TB_FMT(number_text(q, v, v->at / 2)));
    else {
        uint32_t k = v->at / 2;
        if (k) tb_putf(b, q->english ? "over %.*s" : "大于 %.*s", TB_FMT(number_text(q, v, k - 1)));
        if (k < v->numbers.count)
            tb_putf(b, q->english ? "%sbelow %.*s" : "%s小于 %.*s", k ? (q->english ? " and " : "、") : "",
                    TB_FMT(number_text(q, v, k)));
        if (!v->numbers.count) tb_puts(b, q->english ? "filled" : "已填");
    }
}

static tb_str example_text(struct asking *q) {
    tb_buf b;
    tb_buf_init(&b, q->a);
    tb_puts(&b, "");
    for (uint32_t i = 0; i < q->variables.count; i++) {
        if (i) tb_puts(&b, q->english ? ", " : "，");
        put_value(q, &b, &q->variables.items[i]);
    }
    return tb_buf_str(&b);
}

/* 已 容缺, 已 承诺 of a matter that has such a rule, against one that has not: who applies as there never does so. */
static bool never_happens(const struct asking *q, const variable *v) {
    bool deferral = tb_str_is(v->name, "容缺") || tb_str_is(v->name, "补齐容缺");
    if (v->class != FACT || (!deferral && !tb_str_is(v->name, "承诺"))) return false;
    for (int side = 0; side < 2; side++) {
        const tb_program *p = q->side[side]->p, *other = q->side[1 - side]->p;
        uint32_t milestone, document;
        TB__FIND(other->milestones, .name, v->name, milestone);
        TB__FIND(other->documents, .name, v->name, document);
        if ((deferral ? p->papers.deferred : p->papers.promised) != TB_NO_INDEX && milestone == TB_NO_INDEX &&
            document == TB_NO_INDEX && tb_step_named(other, v->name) == TB_NO_INDEX)
            return true;
    }
    return false;
}

enum tb__implied tb__implies(tb_arena *a, const tb__open *x, const tb__open *y, bool english, tb_str *example) {
    struct asking q = {.a = a, .side = {x, y}, .english = english};
    uint64_t combinations = 1;
    *example = TB_NONE;
    for (int side = 0; side < 2; side++)
        for (uint32_t i = 0; i < q.side[side]->any.count; i++) {
            if (q.side[side]->any.items[i]) {
                collect(&q, side, q.side[side]->any.items[i]);
                continue;
            }
            if (side == 1) return TB__IMPLIED; /* always open */
        }
    for (uint32_t i = 0; i < q.variables.count && combinations <= TB_IMPLY_COMBINATIONS; i++) {
        count_values(&q, &q.variables.items[i]);
        if (never_happens(&q, &q.variables.items[i])) q.variables.items[i].count = 1; /* not done */
        combinations *= q.variables.items[i].count;
    }
    if (!q.not_understood.n && combinations > TB_IMPLY_COMBINATIONS)
        give_up(&q, tb_str_printf(a, english ? "more than %d combinations" : "组合超过 %d 种", TB_IMPLY_COMBINATIONS));
    if (q.not_understood.n) return *example = q.not_understood, TB__IMPLY_UNKNOWN;
    for (uint64_t n = 0; n < combinations; n++) {
        uint64_t rest = n;
        bool real = true;
        for (uint32_t i = 0; i < q.variables.count; i++) {
            variable *v = &q.variables.items[i];
            v->at = (uint32_t)(rest % v->count);
            rest /= v->count;
            real &= lacks(v) || exists(v, v->at);
        }
        if (real && open_now(&q, 0) && !open_now(&q, 1)) return *example = example_text(&q), TB__NOT_IMPLIED;
    }
    return TB__IMPLIED;
}

bool tb__admits(const tb_field *x, const tb_field *y, bool english, tb_str *example, tb_arena *a) {
    *example = TB_NONE;
    for (uint32_t i = 0; i < y->options_n; i++)
        if (x->options_n && !offers(x, y->options[i])) return *example = y->options[i], false;
    if (class_of(x) != NUMBER || class_of(y) != NUMBER) return true;
    struct asking q = {.a = a, .english = english};
    variable v = {.class = NUMBER, .name = x->name, .fields = {y, NULL}, .integer = y->type == TB_T_INTEGER};
    const tb_field *both[2] = {x, y};
    for (int i = 0; i < 2; i++)
        for (uint32_t k = 0; k < both[i]->bounds_n; k++) put_number(&q, &v, both[i]->bounds[k].value);
    for (v.at = 0; v.at <= 2 * v.numbers.count; v.at++) {
        bool in = true;
        for (uint32_t k = 0; k < x->bounds_n; k++)
            in &= tb__by_order((int)v.at - rank_of(&v, x->bounds[k].value), x->bounds[k].op);
        if (in || !exists(&v, v.at)) continue;
        tb_buf b;
        tb_buf_init(&b, a);
        v.count = UINT32_MAX;
        put_value(&q, &b, &v);
        return *example = tb_buf_str(&b), false;
    }
    return true;
}
