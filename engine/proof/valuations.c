/* In which ways can a form answer the conditions of a matter? One valuation for each, and never fewer.
 *
 * Fields that some condition, or some table a condition reads, looks at together form a group; groups answer
 * independently. Within a group every field takes one value for each cell that the constants cut its values into
 * (cells.h): thresholds and the intervals between them, options, yes and no, texts named and another, absent. All
 * combinations are asked, tables and all, and those that turn out alike for every condition are one answer.
 *
 * Comparisons that compute, or hold one number against another (仓储面积 乘 2 加 经营面积 大于 300), are not decided by cells.
 * The difference of their sides is a sum of products; conditions on the same sum with different constants cut it into
 * cells of its own, and each is tried that the intervals of the fields do not rule out. So two conditions on one sum
 * never contradict each other, and what several sums say together may be more than any form can: the proofs then hold
 * for more than can happen. Where values can be found that do it, the path is shown with them.
 *
 * A form that no row of a table answers for, that two rows answer for differently, or whose sum is too long is refused
 * when it is handed in (form.c): no valuation. */
#include "cells.h"
#include "proof_work.h"
#include "scenario.h"
#include "table.h"
#include <string.h>

enum {
    GROUP_ATOMS = 256, /* conditions on one group */
    GROUP_SUMS = 12,   /* different sums in one group */
    TERMS = 64,        /* of one sum */
    FACTORS = 4,       /* of one term */
    LIST_TEXTS = 8,    /* different items asked of one list */
    TRUTH_WORDS = GROUP_ATOMS / 64
};

typedef TB_LIST(const tb_condition *) conditions;

typedef struct candidate {
    tb_json value;
    tb_str text;
    bool number; /* it stands for `cell` */
    tb__cell cell;
} candidate;
typedef TB_LIST(candidate) candidates;

typedef struct term {
    tb_decimal times;
    uint32_t field[FACTORS];
    uint32_t factors;
} term;
typedef struct sum { /* of a comparison: terms op constant */
    term *terms;
    uint32_t n;
    TB_LIST(tb_decimal) constants;
    tb__cells cells;
    bool free; /* not of this form: it may turn out either way */
} sum;
typedef struct summed {
    const tb_condition *c;
    uint32_t sum;
    tb_decimal constant;
    bool turned; /* the terms' signs were turned: so is the order */
} summed;

struct tb__forms {
    tb__proof *w;
    tb__deciding *d;
    conditions atoms;  /* of the guards: what valuations tell apart */
    conditions leaves; /* these, those of the tables' rows, and of 必填，若 */
    candidates *of;    /* by field of the group */
    uint32_t *at;      /* chosen */
    bool *joint;       /* by field: compared with another */
    TB_LIST(sum) sums;
    TB_LIST(summed) summed;
    uint32_t sum_at[GROUP_SUMS];
    tb_json form;
    tb_json *form_values;
    tb_str *form_keys;
    uint32_t *slots, mask;
    bool refused; /* the form at hand would be */
    tb__take *take;
    void *user;
};

/* ---- what a condition reads ---- */

typedef void seen_field(void *user, uint32_t field);

static void fields_of(const tb_program *p, const tb_condition *c, seen_field *seen, void *user);

static void fields_of_table(const tb_program *p, uint32_t table, seen_field *seen, void *user) {
    const tb_table_use *u = &p->tables.items[table];
    for (uint32_t i = 0; i < u->table->inputs_n; i++) seen(user, u->fields[i]);
}

static bool names(const tb_condition *c) {
    return c->kind == TB_X_NAME || c->kind == TB_X_IN || c->kind == TB_X_CONTAINS || c->kind == TB_X_FILLED ||
           c->kind == TB_X_UNFILLED || c->kind == TB_X_ITEMS;
}

static void fields_of(const tb_program *p, const tb_condition *c, seen_field *seen, void *user) {
    if (names(c) && c->column == TB_NO_INDEX) seen(user, c->index);
    else if (names(c)) fields_of_table(p, c->index, seen, user);
    if (c->a) fields_of(p, c->a, seen, user);
    if (c->b) fields_of(p, c->b, seen, user);
}

/* The conditions that hold no others and read the form. */
static void leaves_of(tb_arena *a, const tb_condition *c, conditions *out) {
    if (!c) return;
    if (c->kind == TB_X_AND || c->kind == TB_X_OR || c->kind == TB_X_NOT) {
        leaves_of(a, c->a, out);
        leaves_of(a, c->b, out);
    } else if (names(c) || c->kind == TB_X_COMPARE) {
        *TB_PUSH(a, *out) = c;
    }
}

/* ---- groups: union of fields ---- */

struct joining {
    uint32_t *parent, first;
};

static uint32_t root(uint32_t *parent, uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

static void join(void *user, uint32_t field) {
    struct joining *j = user;
    uint32_t x = root(j->parent, field);
    if (j->first == TB_NO_INDEX) j->first = x;
    uint32_t y = root(j->parent, j->first);
    if (x < y) j->parent[y] = x;
    else j->parent[x] = y;
}

static void join_all(const tb_program *p, const tb_condition *c, uint32_t *parent) {
    struct joining j = {parent, TB_NO_INDEX};
    if (c) fields_of(p, c, join, &j);
}

static uint32_t place_in(const struct tb__forms *g, uint32_t field) {
    for (uint32_t i = 0; i < g->d->fields_n; i++)
        if (g->d->fields[i] == field) return i;
    return TB_NO_INDEX;
}

/* ---- sums ---- */

static bool is_literal(const tb_condition *c) {
    return c->kind == TB_X_NUMBER || c->kind == TB_X_TEXT || c->kind == TB_X_DATE;
}
static bool is_field(const tb_condition *c) { return c->kind == TB_X_NAME && c->column == TB_NO_INDEX; }
static bool counts(enum tb_type t) { return tb_is_number(t) || t == TB_T_DATE; }

/* Is it decided by the cells of its fields alone? A field or an output against a constant; options and yes-no against
 * each other; texts, whose cells name enough others. */
static bool by_cells(const tb_program *p, const tb_condition *c) {
    if (c->kind != TB_X_COMPARE || (c->a->kind == TB_X_NAME && is_literal(c->b))) return true;
    if (c->a->kind != TB_X_NAME || c->b->kind != TB_X_NAME) return false;
    bool output = false;
    for (int side = 0; side < 2; side++) {
        const tb_condition *x = side ? c->b : c->a, *y = side ? c->a : c->b;
        if (x->column == TB_NO_INDEX) continue;
        output = true; /* its values are constants, unless they are added up */
        if (is_field(y) && p->tables.items[x->index].table->fold) return false;
    }
    return output || (!counts(c->a->type) && c->a->type != TB_T_TIME);
}

static bool put_product(sum *s, tb_decimal *constant, tb_decimal times, const uint32_t *field, uint32_t factors) {
    if (!factors) return tb_decimal_add(*constant, times, constant);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->terms[i].factors == factors && memcmp(s->terms[i].field, field, factors * sizeof *field) == 0)
            return tb_decimal_add(s->terms[i].times, times, &s->terms[i].times);
    if (s->n == TERMS) return false;
    term *t = &s->terms[s->n++];
    *t = (term){.times = times, .factors = factors};
    memcpy(t->field, field, factors * sizeof *field);
    return true;
}

/* A product of atoms into one term. */
static bool product(const tb_condition *c, tb_decimal *times, uint32_t *field, uint32_t *factors) {
    if (c->kind == TB_X_MUL) return product(c->a, times, field, factors) && product(c->b, times, field, factors);
    if (c->kind == TB_X_NUMBER) return tb_decimal_mul(*times, c->literal.number, times);
    if (c->kind == TB_X_DATE) return tb_decimal_mul(*times, (tb_decimal){c->literal.at, 0}, times);
    if (!is_field(c) || *factors == FACTORS) return false;
    uint32_t at = (*factors)++;
    for (; at && field[at - 1] > c->index; at--) field[at] = field[at - 1];
    field[at] = c->index;
    return true;
}

static bool add_side(sum *s, tb_decimal *constant, const tb_condition *c, int sign) {
    if (c->kind == TB_X_ADD || c->kind == TB_X_SUB)
        return add_side(s, constant, c->a, sign) && add_side(s, constant, c->b, c->kind == TB_X_SUB ? -sign : sign);
    tb_decimal times = {sign, 0};
    uint32_t field[FACTORS], factors = 0;
    return product(c, &times, field, &factors) && put_product(s, constant, times, field, factors);
}

static bool same_terms(const sum *x, const sum *y) {
    if (x->n != y->n || x->free || y->free) return false;
    for (uint32_t i = 0; i < x->n; i++) {
        const term *t = &x->terms[i];
        uint32_t k = 0;
        while (k < y->n && (y->terms[k].factors != t->factors ||
                            memcmp(y->terms[k].field, t->field, t->factors * sizeof *t->field) != 0))
            k++;
        if (k == y->n || tb_decimal_cmp(y->terms[k].times, t->times) != 0) return false;
    }
    return true;
}

/* The sum of a comparison: left minus right, constants apart, the term of the earliest field positive, so that A > B and
 * B < A, and A > B and A ≤ B, are about one sum. */
static bool note_sum(struct tb__forms *g, const tb_condition *c) {
    sum s = {.terms = TB_NEW_ARRAY(g->w->a, TERMS, term)};
    tb_decimal constant = {0, 0};
    s.free = c->a->type == TB_T_TIME || !add_side(&s, &constant, c->a, 1) || !add_side(&s, &constant, c->b, -1);
    uint32_t kept = 0, least = 0;
    for (uint32_t i = 0; i < s.n && !s.free; i++)
        if (s.terms[i].times.units) s.terms[kept++] = s.terms[i];
    s.n = kept;
    for (uint32_t i = 1; i < s.n; i++)
        if (memcmp(s.terms[i].field, s.terms[least].field, sizeof s.terms[i].field) < 0) least = i;
    summed x = {.c = c, .constant = tb_decimal_neg(constant)};
    if (s.n && s.terms[least].times.units < 0) {
        for (uint32_t i = 0; i < s.n; i++) s.terms[i].times = tb_decimal_neg(s.terms[i].times);
        x.turned = true;
        x.constant = constant;
    }
    while (x.sum < g->sums.count && !same_terms(&g->sums.items[x.sum], &s)) x.sum++;
    if (x.sum == GROUP_SUMS) return false;
    if (x.sum == g->sums.count) *TB_PUSH(g->w->a, g->sums) = s;
    *TB_PUSH(g->w->a, g->sums.items[x.sum].constants) = x.constant;
    *TB_PUSH(g->w->a, g->summed) = x;
    return true;
}

static const summed *summed_of(const struct tb__forms *g, const tb_condition *c) {
    for (uint32_t i = 0; i < g->summed.count; i++)
        if (g->summed.items[i].c == c) return &g->summed.items[i];
    return NULL;
}

/* An end of an interval: a number, or none; open when the number itself is outside. */
typedef struct end {
    tb_decimal at;
    bool none, open;
} end;

static end scaled(tb_decimal at, bool none, bool open, tb_decimal times) {
    end e = {.none = none, .open = open};
    if (!none && !tb_decimal_mul(at, times, &e.at)) e.none = true;
    return e;
}

static void add_end(end *x, end y) {
    x->none |= y.none;
    x->open |= y.open;
    if (!x->none && !tb_decimal_add(x->at, y.at, &x->at)) x->none = true;
}

/* From where to where the sum can be while its fields stay in their cells. */
static void bounds_of_sum(const struct tb__forms *g, const sum *s, end *low, end *high) {
    *low = *high = (end){.none = s->free};
    for (uint32_t i = 0; i < s->n && !s->free; i++) {
        const term *t = &s->terms[i];
        uint32_t at = place_in(g, t->field[0]);
        const candidate *c = &g->of[at].items[g->at[at]];
        if (t->factors > 1 || !c->number) {
            low->none = high->none = true;
            return;
        }
        const tb__cell *k = &c->cell;
        bool open = k->no_from || k->no_to || tb_decimal_cmp(k->from, k->to) != 0, down = t->times.units < 0;
        end from = scaled(k->from, k->no_from, open, t->times), to = scaled(k->to, k->no_to, open, t->times);
        add_end(low, down ? to : from);
        add_end(high, down ? from : to);
    }
}

static bool can_be_in(const end *low, const end *high, const tb__cell *c) {
    bool point = !c->no_from && !c->no_to && tb_decimal_cmp(c->from, c->to) == 0;
    if (!high->none && !c->no_from) {
        int order = tb_decimal_cmp(high->at, c->from);
        if (order < 0 || (order == 0 && (high->open || !point))) return false;
    }
    if (!low->none && !c->no_to) {
        int order = tb_decimal_cmp(low->at, c->to);
        if (order > 0 || (order == 0 && (low->open || !point))) return false;
    }
    return true;
}

/* ---- candidates ---- */

static void put_candidate(struct tb__forms *g, uint32_t i, tb_json v, tb_str text) {
    *TB_PUSH(g->w->a, g->of[i]) = (candidate){.value = v, .text = text};
}

static void put_text(struct tb__forms *g, uint32_t i, tb_str s) {
    for (uint32_t k = 0; k < g->of[i].count; k++)
        if (tb_str_eq(g->of[i].items[k].text, s)) return;
    put_candidate(g, i, tb_json_of_text(s), s);
}

static tb_decimal day_number(int64_t day) { return (tb_decimal){day, 0}; }

typedef TB_LIST(tb_value) tb__values;

/* Every constant that some condition holds against the field: written there, or what a table may answer. */
static void constants_of(struct tb__forms *g, uint32_t field, tb__values *out) {
    const tb_program *p = g->w->p;
    for (uint32_t i = 0; i < g->leaves.count; i++) {
        const tb_condition *c = g->leaves.items[i];
        if (names(c) && c->column == TB_NO_INDEX && c->index == field)
            for (uint32_t k = 0; k < c->list_n; k++) *TB_PUSH(g->w->a, *out) = c->list[k];
        if (c->kind != TB_X_COMPARE) continue;
        for (int side = 0; side < 2; side++) {
            const tb_condition *x = side ? c->b : c->a, *y = side ? c->a : c->b;
            if (!is_field(x) || x->index != field) continue;
            if (is_literal(y)) *TB_PUSH(g->w->a, *out) = y->literal;
            if (y->kind != TB_X_NAME || y->column == TB_NO_INDEX) continue;
            const tb_table *t = p->tables.items[y->index].table;
            for (uint32_t r = 0; r < t->rows_n && !t->fold; r++)
                *TB_PUSH(g->w->a, *out) = tb_value_of(t->outputs[y->column].type, 0, &t->rows[r].values[y->column]);
        }
    }
}

static void put_number(struct tb__forms *g, uint32_t i, const tb__cell *c, enum tb_type type) {
    char day[TB_DAY_TEXT];
    for (uint32_t k = 0; k < g->of[i].count; k++)
        if (tb_decimal_cmp(g->of[i].items[k].cell.value, c->value) == 0) return;
    tb_str text = type == TB_T_DATE ? tb_str_copy(g->w->a, tb_str_z(tb_day_text((int32_t)c->value.units, day)))
                                    : tb_decimal_text(g->w->a, c->value);
    put_candidate(g, i, tb_json_of_text(text), text);
    candidate *x = &g->of[i].items[g->of[i].count - 1];
    x->number = true;
    x->cell = *c;
}

/* The plain neighbours of each constant first: they read better in a 用例. */
static void number_candidates(struct tb__forms *g, uint32_t i, const tb_field *f, const tb__values *constants) {
    tb_decimal *at = TB_NEW_ARRAY(g->w->a, constants->count + f->bounds_n + 1, tb_decimal);
    tb__cells cells = {0};
    uint32_t n = 0, broken;
    for (uint32_t k = 0; k < constants->count; k++) {
        const tb_value *v = &constants->items[k];
        if (v->kind == TB_IS_NUMBER || v->kind == TB_IS_DAY)
            at[n++] = v->kind == TB_IS_DAY ? day_number(v->at) : v->number;
    }
    uint32_t asked = n;
    for (uint32_t k = 0; k < f->bounds_n; k++) at[n++] = f->bounds[k].value;
    tb__cells_of(g->w->a, at, n, tb__scale_of(f->type), &cells);
    for (uint32_t k = 0; k <= asked; k++)
        for (int side = 0; side < 3; side++)
            for (uint32_t x = 0; x < cells.count; x++) {
                const tb__cell *c = &cells.items[x];
                bool point = !c->no_from && !c->no_to && tb_decimal_cmp(c->from, c->to) == 0;
                bool up = f->type != TB_T_DATE ? side == 0 : side == 2, below = !up && side != 1;
                bool near = k == asked || (side == 1 && point && tb_decimal_cmp(c->value, at[k]) == 0) ||
                            (up && !point && !c->no_from && tb_decimal_cmp(c->from, at[k]) == 0) ||
                            (below && !point && !c->no_to && tb_decimal_cmp(c->to, at[k]) == 0);
                if (near && tb_value_bound(f, c->value, &broken)) put_number(g, i, c, f->type);
            }
}

static void instant_candidates(struct tb__forms *g, uint32_t i, const tb__values *constants) {
    char text[TB_TIME_TEXT];
    for (uint32_t k = 0; k < constants->count; k++)
        for (int64_t by = -1000; by <= 1000 && constants->items[k].kind == TB_IS_INSTANT; by += 1000)
            put_text(g, i, tb_str_copy(g->w->a, tb_str_z(tb_time_text(constants->items[k].at + by, text))));
}

static tb_str item_text(tb_arena *a, const tb_value *v) {
    char day[TB_DAY_TEXT];
    if (v->kind == TB_IS_NUMBER) return tb_decimal_text(a, v->number);
    if (v->kind == TB_IS_DAY) return tb_str_copy(a, tb_str_z(tb_day_text((int32_t)v->at, day)));
    return v->text;
}

static bool among(const tb_str *list, uint32_t n, tb_str s) {
    for (uint32_t i = 0; i < n; i++)
        if (tb_str_eq(list[i], s)) return true;
    return false;
}

/* Something that none of the constants is. */
static bool another(struct tb__forms *g, const tb_field *f, enum tb_type type, const tb_str *list, uint32_t n,
                    tb_str *other) {
    static const char *const more[] = {"370402", "370403", "370404", "370405", "13800000000", "13900000000"};
    tb_field of = *f;
    of.type = type;
    if (type == TB_T_OPTION) {
        for (uint32_t i = 0; i < f->options_n; i++)
            if (!among(list, n, f->options[i])) return *other = f->options[i], true;
        return false;
    }
    *other = TB_STR("其他");
    if (type == TB_T_TEXT) {
        while (among(list, n, *other)) *other = tb_str_printf(g->w->a, "%.*s甲", TB_FMT(*other));
        return true;
    }
    tb_json v = tb_example_value(g->w->a, &of, TB_STR("370402"));
    *other = tb_value_text(g->w->a, &v);
    if (!among(list, n, *other)) return true;
    bool right = type == TB_T_DIVISION || type == TB_T_PHONE;
    for (size_t i = 0; i < sizeof more / sizeof *more && right; i++) {
        *other = tb_str_z(more[i]);
        if ((strlen(more[i]) == 6) == (type == TB_T_DIVISION) && !among(list, n, *other)) return true;
    }
    *other =
        tb_str_printf(g->w->a, "%.*s甲", TB_FMT(v.text)); /* no form can hold it: one value too many does no harm */
    return true;
}

static void text_candidates(struct tb__forms *g, uint32_t i, const tb_field *f, const tb__values *constants) {
    tb_str *list = TB_NEW_ARRAY(g->w->a, constants->count + g->d->fields_n + 1, tb_str), other;
    uint32_t n = 0;
    for (uint32_t k = 0; k < constants->count; k++) put_text(g, i, list[n++] = constants->items[k].text);
    /* Fields compared with each other need as many others as there are fields, to be alike or all different. */
    uint32_t others = g->joint[i] ? g->d->fields_n : 1;
    for (uint32_t k = 0; k < others && another(g, f, f->type, list, n, &other); k++) put_text(g, i, list[n++] = other);
}

/* Lists that hold each choice of the items asked for. */
static bool list_candidates(struct tb__forms *g, uint32_t i, const tb_field *f, const tb__values *constants) {
    tb_arena *a = g->w->a;
    tb_str list[LIST_TEXTS + 1], other;
    uint32_t n = 0;
    for (uint32_t k = 0; k < constants->count; k++) {
        tb_str s = item_text(a, &constants->items[k]);
        if (among(list, n, s)) continue;
        if (n == LIST_TEXTS) return false;
        list[n++] = s;
    }
    bool has_other = another(g, f, f->item, list, n, &other);
    for (uint32_t choice = has_other ? 0 : 1; choice < 1u << n; choice++) {
        tb_json *items = TB_NEW_ARRAY(a, n + 1, tb_json);
        uint32_t count = 0;
        tb_buf text;
        tb_buf_init(&text, a);
        for (uint32_t k = 0; k <= n; k++) {
            if (k < n ? !(choice >> k & 1) : choice) continue;
            tb_str s = k < n ? list[k] : other;
            tb_putf(&text, "%s“%.*s”", count ? "、" : "", TB_FMT(s));
            items[count++] = tb_json_of_text(s);
        }
        if (count <= f->most) put_candidate(g, i, tb_json_of_array(items, count), tb_buf_str(&text));
    }
    return true;
}

/* Each list again with more items, when it is asked how many there are. */
static void longer_lists(struct tb__forms *g, uint32_t i, const tb_field *f) {
    uint32_t most = 0, known = g->of[i].count;
    for (uint32_t k = 0; k < g->atoms.count; k++) {
        const tb_condition *c = g->atoms.items[k];
        if (c->kind == TB_X_ITEMS && c->index == g->d->fields[i] && c->literal.number.units > most)
            most = (uint32_t)c->literal.number.units;
    }
    for (uint32_t k = 0; k < known && most; k++) {
        candidate one = g->of[i].items[k];
        if (one.value.kind != TB_JSON_ARRAY || !one.value.count) continue;
        tb_str text = one.text, last = tb_value_text(g->w->a, &one.value.items[one.value.count - 1]);
        for (uint32_t n = one.value.count + 1; n <= most && n <= f->most; n++) {
            tb_json *items = TB_NEW_ARRAY(g->w->a, n, tb_json);
            for (uint32_t x = 0; x < n; x++) items[x] = one.value.items[x < one.value.count ? x : one.value.count - 1];
            text = tb_str_printf(g->w->a, "%.*s、“%.*s”", TB_FMT(text), TB_FMT(last));
            put_candidate(g, i, tb_json_of_array(items, n), text);
        }
    }
}

static bool candidates_of(struct tb__forms *g, uint32_t i) {
    const tb_field *f = &g->w->p->fields.items[g->d->fields[i]];
    tb__values constants = {0};
    bool all = true;
    constants_of(g, g->d->fields[i], &constants);
    if (f->type == TB_T_BOOL) {
        put_candidate(g, i, tb_json_of_bool(true), TB_STR("「是」"));
        put_candidate(g, i, tb_json_of_bool(false), TB_STR("「否」"));
    } else if (f->type == TB_T_OPTION) {
        for (uint32_t k = 0; k < f->options_n; k++) put_text(g, i, f->options[k]);
    } else if (counts(f->type)) {
        if (constants.count || g->joint[i]) number_candidates(g, i, f, &constants);
    } else if (f->type == TB_T_TIME) {
        instant_candidates(g, i, &constants);
    } else if (f->type == TB_T_LIST) {
        if (constants.count) all = list_candidates(g, i, f, &constants);
    } else if (f->type != TB_T_ADDRESS && (constants.count || g->joint[i])) {
        text_candidates(g, i, f, &constants);
    }
    if (!g->of[i].count) { /* only asked whether it is filled */
        tb_json v = tb_example_value(g->w->a, f, TB_STR("370402"));
        put_candidate(g, i, v, tb_value_text(g->w->a, &v));
    }
    if (f->type == TB_T_LIST) longer_lists(g, i, f);
    if (!f->required) put_candidate(g, i, (tb_json){.kind = TB_JSON_NULL}, TB_NONE);
    return all;
}

/* ---- asking a combination ---- */

/* The form of the choices at hand: members in byte order, absent ones left out. */
static void set_form(struct tb__forms *g) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->d->fields_n; i++) { /* insertion by key */
        const candidate *c = &g->of[i].items[g->at[i]];
        tb_str key = g->w->p->fields.items[g->d->fields[i]].name;
        uint32_t at = n;
        if (c->value.kind == TB_JSON_NULL) continue;
        for (; at && tb_str_cmp(g->form_keys[at - 1], key) > 0; at--)
            g->form_keys[at] = g->form_keys[at - 1], g->form_values[at] = g->form_values[at - 1];
        g->form_keys[at] = key;
        g->form_values[at] = c->value;
        n++;
    }
    g->form = (tb_json){.kind = TB_JSON_OBJECT, .count = n, .items = g->form_values, .keys = g->form_keys};
}

static enum tb_truth ask(void *user, const tb_condition *c);

static bool filled(const struct tb__forms *g, const tb_condition *c) {
    if (is_field(c)) return tb_json_find(&g->form, g->w->p->fields.items[c->index].name) != NULL;
    return (!c->a || filled(g, c->a)) && (!c->b || filled(g, c->b));
}

static enum tb_truth ask_sum(struct tb__forms *g, const summed *x) {
    const sum *s = &g->sums.items[x->sum];
    if (!filled(g, x->c)) return TB_NO; /* guarded by 已填 */
    if (s->free) return g->sum_at[x->sum] ? TB_YES : TB_NO;
    int order = tb_decimal_cmp(s->cells.items[g->sum_at[x->sum]].value, x->constant);
    return tb__by_order(x->turned ? -order : order, x->c->op) ? TB_YES : TB_NO;
}

static tb_value operand(struct tb__forms *g, const tb__reading *r, const tb_condition *c) {
    tb_hits h;
    if (c->kind != TB_X_NAME || c->column == TB_NO_INDEX) return tb__operand(r, c);
    const tb_table_use *u = &g->w->p->tables.items[c->index];
    if (tb__table_hits(u->table, u->rows, ask, g, &h) == TB_DECIDED) return tb__hits_value(u->table, c->column, &h);
    g->refused = true;
    return (tb_value){.kind = TB_IS_ABSENT};
}

/* A condition that reads an output. */
static enum tb_truth ask_output(struct tb__forms *g, const tb__reading *r, const tb_condition *c) {
    tb_condition name = *c;
    tb_hits h;
    if (c->kind == TB_X_CONTAINS) {
        const tb_table_use *u = &g->w->p->tables.items[c->index];
        if (tb__table_hits(u->table, u->rows, ask, g, &h) != TB_DECIDED) return g->refused = true, TB_NO;
        for (uint32_t i = 0; i < c->list_n; i++)
            if (tb__hits_contain(u->table, c->column, &h, &c->list[i])) return TB_YES;
        return TB_NO;
    }
    name.kind = TB_X_NAME;
    tb_value v = operand(g, r, c->kind == TB_X_COMPARE ? c->a : &name);
    if (c->kind == TB_X_NAME) return v.kind == TB_IS_BOOL && v.at ? TB_YES : TB_NO;
    if (c->kind == TB_X_COMPARE) {
        tb_value y = operand(g, r, c->b);
        if (v.kind == TB_IS_TOO_LARGE || y.kind == TB_IS_TOO_LARGE) g->refused = true;
        if (v.kind != y.kind || v.kind == TB_IS_ABSENT || v.kind == TB_IS_TOO_LARGE) return TB_NO;
        return tb__by_order(tb_value_cmp(&v, &y), c->op) ? TB_YES : TB_NO;
    }
    for (uint32_t i = 0; i < c->list_n; i++)
        if (v.kind == c->list[i].kind && tb_value_cmp(&v, &c->list[i]) == 0) return TB_YES;
    return TB_NO;
}

static bool reads_output(const tb_condition *c) {
    return (names(c) && c->column != TB_NO_INDEX) || (c->a && reads_output(c->a)) || (c->b && reads_output(c->b));
}

static enum tb_truth ask(void *user, const tb_condition *c) {
    struct tb__forms *g = user;
    const tb__reading r = {g->w->p->fields.items, g->w->p->tables.items, &g->form, 0, NULL};
    if (c->kind == TB_X_AND) return ask(g, c->a) == TB_YES && ask(g, c->b) == TB_YES ? TB_YES : TB_NO;
    if (c->kind == TB_X_OR) return ask(g, c->a) == TB_YES || ask(g, c->b) == TB_YES ? TB_YES : TB_NO;
    if (c->kind == TB_X_NOT) return ask(g, c->a) == TB_YES ? TB_NO : TB_YES;
    const summed *x = summed_of(g, c);
    if (x) return ask_sum(g, x);
    if (reads_output(c)) return ask_output(g, &r, c);
    enum tb_truth truth = tb__condition_ask(&r, c);
    g->refused |= truth == TB_NOT_COMPUTED;
    return truth == TB_YES ? TB_YES : TB_NO;
}

/* 必填，若 C, left out though C holds. C that asks for the mode may hold or not: it does not count. */
static bool asks_mode(const tb_condition *c) {
    return c->kind == TB_X_MODE || (c->a && asks_mode(c->a)) || (c->b && asks_mode(c->b));
}

static bool lacking(struct tb__forms *g) {
    for (uint32_t i = 0; i < g->d->fields_n; i++) {
        const tb_field *f = &g->w->p->fields.items[g->d->fields[i]];
        if (f->when && !asks_mode(f->when) && g->of[i].items[g->at[i]].value.kind == TB_JSON_NULL &&
            ask(g, f->when) == TB_YES)
            return true;
    }
    return false;
}

/* ---- values for sums ---- */

static bool sum_value(const struct tb__forms *g, const sum *s, const tb_decimal *value, tb_decimal *out) {
    *out = (tb_decimal){0, 0};
    for (uint32_t i = 0; i < s->n; i++) {
        tb_decimal x = s->terms[i].times;
        for (uint32_t k = 0; k < s->terms[i].factors; k++)
            if (!tb_decimal_mul(x, value[place_in(g, s->terms[i].field[k])], &x)) return false;
        if (!tb_decimal_add(*out, x, out)) return false;
    }
    return true;
}

static bool in_cell(tb_decimal v, const tb__cell *c) {
    bool point = !c->no_from && !c->no_to && tb_decimal_cmp(c->from, c->to) == 0;
    if (point) return tb_decimal_cmp(v, c->from) == 0;
    return (c->no_from || tb_decimal_cmp(v, c->from) > 0) && (c->no_to || tb_decimal_cmp(v, c->to) < 0);
}

static bool all_sums_fit(const struct tb__forms *g, const tb_decimal *value) {
    tb_decimal v;
    for (uint32_t i = 0; i < g->sums.count; i++) {
        const sum *s = &g->sums.items[i];
        if (s->free || !sum_value(g, s, value, &v) || !in_cell(v, &s->cells.items[g->sum_at[i]])) return false;
    }
    return true;
}

/* Finds values inside the fields' cells for which the sums are where they are said to be: what stands for each cell,
 * or one field moved so that a sum is as wanted. A search that may fail: then the path is told without values. */
static bool find_values(struct tb__forms *g, tb_decimal *value) {
    for (uint32_t i = 0; i < g->d->fields_n; i++) value[i] = g->of[i].items[g->at[i]].cell.value;
    for (int round = 0; round < 4; round++) {
        if (all_sums_fit(g, value)) return true;
        for (uint32_t i = 0; i < g->sums.count; i++) {
            const sum *s = &g->sums.items[i];
            tb_decimal now, missing;
            if (s->free || !sum_value(g, s, value, &now) || in_cell(now, &s->cells.items[g->sum_at[i]])) continue;
            if (!tb_decimal_add(s->cells.items[g->sum_at[i]].value, tb_decimal_neg(now), &missing)) return false;
            for (uint32_t k = 0; k < s->n; k++) {
                const term *t = &s->terms[k];
                uint32_t at = place_in(g, t->field[0]);
                tb_decimal moved, by = missing;
                /* by 1/times: exact when that is 1, −1, or a half, a fifth … of ten */
                tb_decimal inverse = {0, 0};
                for (int64_t n = 1; n <= 1000 && !inverse.units; n++)
                    for (int scale = 0; scale <= 3 && !inverse.units; scale++) {
                        tb_decimal one, try = {t->times.units < 0 ? -n : n, scale};
                        if (tb_decimal_mul(try, t->times, &one) && tb_decimal_cmp(one, (tb_decimal){1, 0}) == 0)
                            inverse = try;
                    }
                if (t->factors > 1 || !inverse.units || !tb_decimal_mul(by, inverse, &by)) continue;
                if (!tb_decimal_add(value[at], by, &moved)) continue;
                const candidate *c = &g->of[at].items[g->at[at]];
                if (!c->number || !in_cell(moved, &c->cell)) continue;
                if (moved.scale > tb__scale_of(g->w->p->fields.items[g->d->fields[at]].type)) continue;
                value[at] = moved;
                break;
            }
        }
    }
    return all_sums_fit(g, value);
}

/* ---- answers ---- */

static void fill_answer(struct tb__forms *g, tb__answer *x) {
    tb_arena *a = g->w->a;
    uint32_t n = g->d->fields_n;
    tb_json *values = TB_NEW_ARRAY(a, n + 1, tb_json);
    tb_str *texts = TB_NEW_ARRAY(a, n + 1, tb_str);
    tb_decimal *number = TB_NEW_ARRAY(a, n + 1, tb_decimal);
    char day[TB_DAY_TEXT];
    x->shown = !g->sums.count || find_values(g, number);
    for (uint32_t i = 0; i < n; i++) {
        const candidate *c = &g->of[i].items[g->at[i]];
        values[i] = c->value;
        texts[i] = c->text;
        if (!g->sums.count || !x->shown || !c->number) continue;
        texts[i] = g->w->p->fields.items[g->d->fields[i]].type == TB_T_DATE
                       ? tb_str_copy(a, tb_str_z(tb_day_text((int32_t)number[i].units, day)))
                       : tb_decimal_text(a, number[i]);
        values[i] = tb_json_of_text(texts[i]);
    }
    x->values = values;
    x->texts = texts;
}

static uint64_t truth_hash(const uint64_t *t) {
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < TRUTH_WORDS; i++) h = (h ^ t[i]) * 0xff51afd7ed558ccdu, h ^= h >> 32;
    return h;
}

/* Keeps the combination at hand when it turns out as none before. */
static bool keep(void *user, struct tb__forms *g) {
    (void)user;
    uint64_t truth[TRUTH_WORDS] = {0};
    g->refused = false;
    for (uint32_t i = 0; i < g->atoms.count; i++)
        if (ask(g, g->atoms.items[i]) == TB_YES) truth[i / 64] |= (uint64_t)1 << i % 64;
    if (lacking(g) || g->refused) return true;
    uint32_t at = (uint32_t)truth_hash(truth) & g->mask;
    for (; g->slots[at]; at = (at + 1) & g->mask) {
        tb__answer *x = &g->d->answers.items[g->slots[at] - 1];
        if (memcmp(x->truth, truth, sizeof truth) != 0) continue;
        if (!x->shown) fill_answer(g, x);
        return true;
    }
    if (g->d->answers.count == TB_PROOF_VALUATIONS) return false;
    tb__answer *x = TB_PUSH(g->w->a, g->d->answers);
    uint64_t *kept = TB_NEW_ARRAY(g->w->a, TRUTH_WORDS, uint64_t);
    memcpy(kept, truth, sizeof truth);
    *x = (tb__answer){.truth = kept};
    fill_answer(g, x);
    g->slots[at] = g->d->answers.count;
    return true;
}

/* Every cell of each sum that the fields' cells allow. */
static bool keep_sums(struct tb__forms *g, uint32_t i) {
    if (i == g->sums.count) return g->take(g->user, g);
    const sum *s = &g->sums.items[i];
    end low, high;
    bounds_of_sum(g, s, &low, &high);
    for (uint32_t k = 0; k < (s->free ? 2 : s->cells.count); k++) {
        g->sum_at[i] = k;
        if (!s->free && !can_be_in(&low, &high, &s->cells.items[k])) continue;
        if (!keep_sums(g, i + 1)) return false;
    }
    return true;
}

/* A field that is not compared with others needs one value for each way its own conditions turn out. */
static void merge(struct tb__forms *g, uint32_t i) {
    candidates *of = &g->of[i];
    uint32_t kept = 0, words = g->leaves.count / 64 + 1;
    uint64_t *seen = TB_NEW_ARRAY(g->w->a, (size_t)words * (of->count + 1), uint64_t);
    tb_json value;
    tb_str key = g->w->p->fields.items[g->d->fields[i]].name;
    for (uint32_t k = 0; k < of->count; k++) {
        uint64_t *mine = seen + (size_t)words * kept;
        value = of->items[k].value;
        tb_json form = {.kind = TB_JSON_OBJECT, .count = value.kind != TB_JSON_NULL, .items = &value, .keys = &key};
        const tb__reading r = {g->w->p->fields.items, g->w->p->tables.items, &form, 0, NULL};
        memset(mine, 0, words * sizeof *mine);
        for (uint32_t x = 0; x < g->leaves.count; x++) {
            const tb_condition *c = g->leaves.items[x];
            bool own =
                (names(c) && c->column == TB_NO_INDEX && c->index == g->d->fields[i]) ||
                (c->kind == TB_X_COMPARE && is_field(c->a) && is_literal(c->b) && c->a->index == g->d->fields[i]);
            if (own && tb__condition_ask(&r, c) == TB_YES) mine[x / 64] |= (uint64_t)1 << x % 64;
        }
        bool known = false;
        for (uint32_t x = 0; x < kept && !known; x++)
            known = memcmp(seen + (size_t)words * x, mine, words * sizeof *mine) == 0;
        if (!known) of->items[kept++] = of->items[k];
    }
    of->count = kept;
}

struct marking {
    struct tb__forms *g;
};

static void mark_joint(void *user, uint32_t field) {
    struct marking *k = user;
    uint32_t i = place_in(k->g, field);
    if (i != TB_NO_INDEX) k->g->joint[i] = true;
}

static bool in_group(const struct tb__forms *g, const tb_condition *c) {
    if (names(c) && c->column == TB_NO_INDEX) return place_in(g, c->index) != TB_NO_INDEX;
    if (names(c)) {
        const tb_table_use *u = &g->w->p->tables.items[c->index];
        return u->table->inputs_n && place_in(g, u->fields[0]) != TB_NO_INDEX;
    }
    return (c->a && in_group(g, c->a)) || (c->b && in_group(g, c->b));
}

static void tables_of(tb_arena *a, const tb_program *p, const tb_condition *c, conditions *leaves, uint8_t *done) {
    if (names(c) && c->column != TB_NO_INDEX && !done[c->index]) {
        const tb_table_use *u = &p->tables.items[c->index];
        done[c->index] = 1;
        for (uint32_t i = 0; i < u->table->rows_n; i++) leaves_of(a, u->rows[i], leaves);
    }
    if (c->a) tables_of(a, p, c->a, leaves, done);
    if (c->b) tables_of(a, p, c->b, leaves, done);
}

/* Candidates of every field, cells of every sum. false: more than the limits hold. */
static bool prepare(struct tb__forms *g, uint64_t most) {
    tb__proof *w = g->w;
    const tb_program *p = w->p;
    tb_arena *a = w->a;
    uint32_t n = g->d->fields_n;
    struct marking mark = {g};
    uint8_t *done = TB_NEW_ARRAY(a, p->tables.count + 1, uint8_t);
    for (uint32_t i = 0; i < n; i++) leaves_of(a, p->fields.items[g->d->fields[i]].when, &g->leaves);
    for (uint32_t i = 0, k = g->leaves.count; i < k; i++) tables_of(a, p, g->leaves.items[i], &g->leaves, done);
    g->joint = TB_NEW_ARRAY(a, n + 1, bool);
    g->of = TB_NEW_ARRAY(a, n + 1, candidates);
    g->at = TB_NEW_ARRAY(a, n + 1, uint32_t);
    g->form_values = TB_NEW_ARRAY(a, n + 1, tb_json);
    g->form_keys = TB_NEW_ARRAY(a, n + 1, tb_str);
    for (uint32_t i = 0; i < g->leaves.count; i++) {
        const tb_condition *c = g->leaves.items[i];
        bool compares = c->kind == TB_X_COMPARE && !(is_field(c->a) && is_literal(c->b));
        if (compares && !reads_output(c)) fields_of(p, c, mark_joint, &mark);
        if (compares && is_field(c->a)) mark_joint(&mark, c->a->index);
        if (compares && is_field(c->b)) mark_joint(&mark, c->b->index);
        if (!by_cells(p, c) && !note_sum(g, c)) return false;
    }
    for (uint32_t i = 0; i < g->sums.count; i++)
        tb__cells_of(a, g->sums.items[i].constants.items, g->sums.items[i].constants.count, 17,
                     &g->sums.items[i].cells);
    uint64_t all = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (!candidates_of(g, i)) return false;
        if (!g->joint[i]) merge(g, i);
        all *= g->of[i].count;
        if (all > most) return false;
    }
    return true;
}

static bool each(struct tb__forms *g) {
    for (bool more = true; more;) {
        set_form(g);
        g->refused = false;
        if (!keep_sums(g, 0)) return false;
        uint32_t i = 0; /* the next one, like an odometer */
        while (i < g->d->fields_n && ++g->at[i] == g->of[i].count) g->at[i++] = 0;
        more = i < g->d->fields_n;
    }
    return true;
}

static bool answer_group(tb__proof *w, tb__deciding *d, const conditions *atoms) {
    struct tb__forms g = {.w = w, .d = d, .take = keep};
    for (uint32_t i = 0; i < atoms->count; i++) {
        if (!in_group(&g, atoms->items[i])) continue;
        *TB_PUSH(w->a, g.atoms) = atoms->items[i];
        *TB_PUSH(w->a, w->atoms) = (tb__atom){atoms->items[i], w->deciding.count, g.atoms.count - 1};
        *TB_PUSH(w->a, g.leaves) = atoms->items[i];
    }
    if (g.atoms.count > GROUP_ATOMS || !prepare(&g, TB_PROOF_COMBINATIONS)) return false;
    g.mask = 4 * TB_PROOF_VALUATIONS - 1;
    g.slots = TB_NEW_ARRAY(w->a, (size_t)g.mask + 1, uint32_t);
    return each(&g);
}

bool tb__forms_each(tb__proof *w, const tb_condition *const *rows, uint32_t rows_n, uint64_t asks, tb__take *take,
                    void *user) {
    uint32_t n = w->p->fields.count;
    uint32_t *fields = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
    tb__deciding d = {.fields = fields, .fields_n = n};
    struct tb__forms g = {.w = w, .d = &d, .take = take, .user = user};
    for (uint32_t i = 0; i < n; i++) fields[i] = i;
    for (uint32_t i = 0; i < rows_n; i++) leaves_of(w->a, rows[i], &g.leaves);
    return prepare(&g, asks / (g.leaves.count + 1)) && each(&g);
}

bool tb__forms_ask(tb__forms *f, const tb_condition *c) { return ask(f, c) == TB_YES; }

bool tb__forms_text(tb__forms *f, bool english, tb_str *text) {
    tb__answer x = {0};
    tb_buf b;
    tb_buf_init(&b, f->w->a);
    fill_answer(f, &x);
    for (uint32_t i = 0; i < f->d->fields_n; i++) {
        tb_str name = f->w->p->fields.items[f->d->fields[i]].name;
        if (i) tb_puts(&b, english ? ", " : "，");
        if (x.values[i].kind == TB_JSON_NULL) tb_putf(&b, english ? "%.*s not filled" : "未填 %.*s", TB_FMT(name));
        else tb_putf(&b, english ? "%.*s is %.*s" : "%.*s 为 %.*s", TB_FMT(name), TB_FMT(x.texts[i]));
    }
    *text = tb_buf_str(&b);
    return x.shown;
}

static bool product_of_groups(tb__proof *w) {
    const tb_program *p = w->p;
    uint64_t all = p->modes.count;
    for (uint32_t i = 0; i < w->deciding.count; i++)
        if (all <= TB_PROOF_VALUATIONS) all *= w->deciding.items[i].answers.count;
    for (uint32_t mode = 0; mode < p->modes.count && all; mode++) {
        uint32_t *at = TB_NEW_ARRAY(w->a, w->deciding.count + 1, uint32_t);
        for (bool more = true; more && w->valuations.count < TB_PROOF_VALUATIONS;) {
            uint32_t *chosen = TB_NEW_ARRAY(w->a, w->deciding.count + 1, uint32_t);
            memcpy(chosen, at, w->deciding.count * sizeof *at);
            *TB_PUSH(w->a, w->valuations) = (tb__valuation){mode, chosen};
            uint32_t i = 0;
            while (i < w->deciding.count && ++at[i] == w->deciding.items[i].answers.count) at[i++] = 0;
            more = i < w->deciding.count;
        }
    }
    return all <= TB_PROOF_VALUATIONS;
}

static int by_address(const tb__atom *x, const tb__atom *y) {
    uintptr_t a = (uintptr_t)x->c, b = (uintptr_t)y->c;
    return (a > b) - (a < b);
}

/* Sorted for looking up; the order shows nowhere. */
static void sort_atoms(tb__proof *w) {
    for (uint32_t gap = w->atoms.count / 2; gap; gap /= 2)
        for (uint32_t i = gap; i < w->atoms.count; i++) {
            tb__atom x = w->atoms.items[i];
            uint32_t at = i;
            for (; at >= gap && by_address(&w->atoms.items[at - gap], &x) > 0; at -= gap)
                w->atoms.items[at] = w->atoms.items[at - gap];
            w->atoms.items[at] = x;
        }
}

bool tb__valuations(tb__proof *w) {
    const tb_program *p = w->p;
    conditions atoms = {0};
    uint32_t n = p->fields.count;
    uint32_t *parent = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
    bool fits = true;
    for (uint32_t i = 0; i < p->moves.count; i++) leaves_of(w->a, p->moves.items[i].guard, &atoms);
    for (uint32_t i = 0; i < n; i++) parent[i] = i;
    for (uint32_t i = 0; i < atoms.count; i++) join_all(p, atoms.items[i], parent);
    uint8_t *read = TB_NEW_ARRAY(w->a, n + 1, uint8_t);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t r = root(parent, i);
        read[r] |= r != i;
        for (uint32_t k = 0; k < atoms.count && !read[r]; k++) {
            tb__deciding one = {.fields = &i, .fields_n = 1};
            struct tb__forms g = {.w = w, .d = &one};
            read[r] = in_group(&g, atoms.items[k]);
        }
    }
    /* 必填，若: a field some condition reads, and what makes it required, are one group. */
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < n; i++) {
            const tb_condition *when = p->fields.items[i].when;
            if (!when || !read[root(parent, i)]) continue;
            struct joining j = {parent, i};
            uint32_t before = root(parent, i);
            uint32_t *copy = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
            memcpy(copy, parent, n * sizeof *parent);
            fields_of(p, when, join, &j);
            read[root(parent, i)] |= read[before];
            for (uint32_t k = 0; k < n && !news; k++) news = root(copy, k) != root(parent, k);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        tb__deciding d = {0};
        if (root(parent, i) != i || !read[i]) continue;
        uint32_t *fields = TB_NEW_ARRAY(w->a, n + 1, uint32_t);
        for (uint32_t k = i; k < n; k++)
            if (root(parent, k) == i) fields[d.fields_n++] = k;
        d.fields = fields;
        fits &= answer_group(w, &d, &atoms);
        *TB_PUSH(w->a, w->deciding) = d;
    }
    sort_atoms(w);
    return fits && product_of_groups(w);
}

bool tb__atom_holds(const tb__proof *w, uint32_t valuation, const tb_condition *c) {
    tb__atom key = {.c = c};
    uint32_t low = 0, high = w->atoms.count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        int order = by_address(&w->atoms.items[mid], &key);
        if (order == 0) {
            const tb__atom *x = &w->atoms.items[mid];
            const tb__deciding *d = &w->deciding.items[x->group];
            const tb__answer *answer = &d->answers.items[w->valuations.items[valuation].chosen[x->group]];
            return answer->truth[x->bit / 64] >> x->bit % 64 & 1;
        }
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    return false;
}

bool tb__shown(const tb__proof *w, uint32_t valuation) {
    for (uint32_t i = 0; i < w->deciding.count; i++)
        if (!w->deciding.items[i].answers.items[w->valuations.items[valuation].chosen[i]].shown) return false;
    return true;
}
