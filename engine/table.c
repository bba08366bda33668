/* Decision tables: from their sections, into matters, and asked. See table.h. */
#include "table.h"
#include "cells.h"
#include "step.h"
#include <string.h>

#define REPORT(c, code, span, v0, v1, v2) tb_report((c)->d, TB_E_##code, (span), (v0), (v1), (v2))

/* ---- compiling a table ---- */

struct making {
    tb__compiler *c;
    tb_table *t;
    tb_field *inputs, *outputs, *results;
    tb_table_row *rows;
    bool beyond; /* a row after 否则 has been told of */
};

static bool can_be_output(enum tb_type t) { return t != TB_T_LIST && t != TB_T_ADDRESS && t != TB_T_ATTACHMENT; }

static void add_column(struct making *k, const tb_clause *clause) {
    tb_table *t = k->t;
    bool input = clause->kind == TB_C_INPUT;
    uint32_t *n = input ? &t->inputs_n : &t->outputs_n;
    if (clause->names.count < 2) return;
    tb_field f = tb__field_of(k->c, clause);
    f.required = !tb_part_of(clause, TB_P_OPTIONAL);
    for (int out = 0; out < 2; out++)
        for (uint32_t i = 0; i < (out ? t->outputs_n : t->inputs_n); i++) {
            const tb_field *x = out ? &k->outputs[i] : &k->inputs[i];
            if (tb_str_eq(x->name, f.name))
                REPORT(k->c, DUPLICATE, clause->names.items[0].span, f.name, TB_NONE, TB_NONE)->other = x->span;
        }
    if (!input && f.type && !can_be_output(f.type))
        REPORT(k->c, TABLE_OUTPUT_TYPE, clause->names.items[1].span, f.name, clause->names.items[1].text, TB_NONE);
    if (*n == TB_TABLE_COLUMNS)
        REPORT(k->c, TOO_MANY, clause->span, TB_STR("列"), tb_str_printf(k->c->a, "%d", TB_TABLE_COLUMNS), TB_NONE);
    else (input ? k->inputs : k->outputs)[(*n)++] = f;
}

static const tb_clause *clause_of(const tb_section *s, enum tb_clause_kind kind) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == kind) return &s->clauses.items[i];
    return NULL;
}

static void policy(struct making *k, const tb_clause *clause) {
    static const struct {
        const char *zh, *en;
        int value;
    } policies[] = {{"唯一", "unique", TB_HITS_UNIQUE},
                    {"首个", "first", TB_HITS_FIRST},
                    {"汇集", "collect", TB_HITS_COLLECT},
                    {"优先", "priority", TB_HITS_PRIORITY}},
      folds[] = {{"合计", "sum", TB_FOLD_SUM},
                 {"最大", "most", TB_FOLD_MOST},
                 {"最小", "least", TB_FOLD_LEAST},
                 {"计数", "count", TB_FOLD_COUNT}};
    tb_table *t = k->t;
    const tb_name *how = &clause->names.items[0], *fold = clause->names.count > 1 ? &clause->names.items[1] : NULL;
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        if (tb_str_is(how->text, policies[i].zh) || tb_str_is(how->text, policies[i].en))
            t->policy = (enum tb_hit_policy)policies[i].value;
    for (size_t i = 0; fold && i < sizeof folds / sizeof *folds; i++)
        if (tb_str_is(fold->text, folds[i].zh) || tb_str_is(fold->text, folds[i].en))
            t->fold = (enum tb_fold)folds[i].value;
    if (!t->policy) REPORT(k->c, TABLE_POLICY, how->span, how->text, TB_NONE, TB_NONE);
    if (fold && (!t->fold || t->policy != TB_HITS_COLLECT))
        REPORT(k->c, TABLE_POLICY, fold->span, fold->text, TB_NONE, TB_NONE);
    bool single = t->outputs_n == 1, number = single && tb_is_number(k->outputs[0].type);
    bool day = single && k->outputs[0].type == TB_T_DATE;
    if (t->fold && (!single || (t->fold == TB_FOLD_SUM && !number) ||
                    ((t->fold == TB_FOLD_MOST || t->fold == TB_FOLD_LEAST) && !number && !day)))
        REPORT(k->c, TABLE_FOLD, clause->span, fold->text, TB_NONE, TB_NONE);
    for (uint32_t i = 0; i < t->outputs_n && t->policy == TB_HITS_PRIORITY; i++)
        if (k->outputs[i].type != TB_T_OPTION)
            REPORT(k->c, TABLE_PRIORITY, clause->span, k->outputs[i].name, TB_NONE, TB_NONE)->other =
                k->outputs[i].span;
}

static void results(struct making *k) {
    tb_table *t = k->t;
    for (uint32_t i = 0; i < t->outputs_n; i++) {
        tb_field *r = &k->results[i];
        *r = k->outputs[i];
        r->required = true; /* an answer is always there: the form is refused otherwise */
        if (t->policy != TB_HITS_COLLECT) continue;
        if (!t->fold) r->item = r->type, r->type = TB_T_LIST, r->most = TB_TABLE_ROWS;
        if (t->fold == TB_FOLD_COUNT) r->type = TB_T_INTEGER, r->unit = TB_NONE, r->options_n = 0;
    }
}

/* OUT 为 VALUE of one row: each output once, each value of its type. */
static void row_values(struct making *k, const tb_clause *clause, tb_json *values) {
    tb__compiler *c = k->c;
    tb_table *t = k->t;
    tb_span *said = TB_NEW_ARRAY(c->a, t->outputs_n + 1, tb_span);
    for (uint32_t i = 0; i < clause->parts.count; i++) {
        const tb_part *p = &clause->parts.items[i];
        uint32_t at = 0;
        if (p->kind != TB_P_SET || !p->names.count) continue;
        while (at < t->outputs_n && !tb_str_eq(k->outputs[at].name, p->names.items[0].text)) at++;
        if (at == t->outputs_n) {
            REPORT(c, TABLE_NO_OUTPUT, p->names.items[0].span, p->names.items[0].text, t->name, TB_NONE);
            continue;
        }
        if (values[at].kind) REPORT(c, PART_TWICE, p->span, p->names.items[0].text, TB_NONE, TB_NONE)->other = said[at];
        said[at] = p->span;
        values[at] = tb_value_written(&k->outputs[at], p->value.text);
        if (!k->outputs[at].type || !can_be_output(k->outputs[at].type)) continue;
        tb_str wrong = tb_value_wrong(c->a, tb__english(c, p->span.file) ? TB_LANG_EN : TB_LANG_ZH, &k->outputs[at],
                                      &values[at], TB_NO_DAY, c->directory);
        if (wrong.n) REPORT(c, TABLE_VALUE, p->value.span, k->outputs[at].name, p->value.text, wrong);
    }
    for (uint32_t i = 0; i < t->outputs_n; i++)
        if (!values[i].kind) REPORT(c, TABLE_ROW_LACKS, clause->head, k->outputs[i].name, TB_NONE, TB_NONE);
}

static void add_row(struct making *k, const tb_clause *clause) {
    tb__compiler *c = k->c;
    tb_table *t = k->t;
    if (t->rows_n == TB_TABLE_ROWS) {
        REPORT(c, TOO_MANY, clause->span, TB_STR("行"), tb_str_printf(c->a, "%d", TB_TABLE_ROWS), TB_NONE);
        return;
    }
    if (t->otherwise && !k->beyond)
        REPORT(c, TABLE_OTHERWISE, clause->head, t->name, TB_NONE, TB_NONE)->other = k->rows[t->rows_n - 1].span;
    k->beyond = t->otherwise;
    tb_json *values = TB_NEW_ARRAY(c->a, t->outputs_n + 1, tb_json);
    row_values(k, clause, values);
    tb_table_row r = {.said = clause->expr, .values = values, .span = clause->span};
    const tb__inputs inputs = {t->inputs, t->inputs_n, NULL};
    if (r.said) r.holds = tb__condition_check_row(c->a, NULL, &inputs, &c->rules->sources, r.said, c->d);
    else t->otherwise = true;
    k->rows[t->rows_n++] = r;
}

/* 合计: whatever rows hit together, their sum must have a value: all above zero together, and all below. */
static void fold_fits(struct making *k) {
    tb_table *t = k->t;
    for (int below = 0; below < 2 && t->fold == TB_FOLD_SUM; below++) {
        tb_decimal sum = {0, 0};
        for (uint32_t i = 0; i < t->rows_n; i++) {
            tb_value v = tb_value_of(t->outputs[0].type, 0, &t->rows[i].values[0]);
            if (v.kind != TB_IS_NUMBER || (v.number.units < 0) != below) continue;
            if (tb_decimal_add(sum, v.number, &sum)) continue;
            REPORT(k->c, TABLE_SUM, t->rows[i].span, t->outputs[0].name, TB_NONE, TB_NONE);
            return;
        }
    }
}

static void lacks(struct making *k, enum tb_clause_kind kind, const char *zh, const char *en) {
    bool english = tb__english(k->c, k->t->span.file);
    if (clause_of(k->t->section, kind)) return;
    REPORT(k->c, TABLE_LACKS, k->t->span, k->t->name, tb_str_z(tb_clause_word(kind, english ? TB_LANG_EN : TB_LANG_ZH)),
           tb_str_z(english ? en : zh));
}

static void compile_table(tb__compiler *c, const tb_section *s, tb_table *t) {
    uint32_t errors = c->d->errors, n = s->clauses.count;
    struct making k = {.c = c, .t = t};
    *t = (tb_table){.name = s->name.text, .span = s->name.span, .section = s};
    t->inputs = k.inputs = TB_NEW_ARRAY(c->a, TB_TABLE_COLUMNS, tb_field);
    t->outputs = k.outputs = TB_NEW_ARRAY(c->a, TB_TABLE_COLUMNS, tb_field);
    t->results = k.results = TB_NEW_ARRAY(c->a, TB_TABLE_COLUMNS, tb_field);
    t->rows = k.rows = TB_NEW_ARRAY(c->a, TB_TABLE_ROWS, tb_table_row);
    if (s->pending) *TB_PUSH(c->a, t->pending) = s->span;
    for (uint32_t i = 0; i < n; i++) {
        const tb_clause *clause = &s->clauses.items[i];
        if (clause->pending) *TB_PUSH(c->a, t->pending) = clause->span;
        if (clause->kind == TB_C_INPUT || clause->kind == TB_C_OUTPUT) add_column(&k, clause);
    }
    const tb_clause *hits = clause_of(s, TB_C_HITS);
    if (hits && hits->names.count) policy(&k, hits);
    results(&k);
    for (uint32_t i = 0; i < n; i++) {
        const tb_clause *clause = &s->clauses.items[i];
        if (clause->kind == TB_C_ROW) add_row(&k, clause);
        if (clause->kind == TB_C_HITS && clause != hits)
            REPORT(c, DUPLICATE, clause->head, TB_STR("命中"), TB_NONE, TB_NONE)->other = hits->head;
    }
    lacks(&k, TB_C_INPUT, "输入 面积 小数，单位 平方米。", "input area decimal, unit square-metres.");
    lacks(&k, TB_C_OUTPUT, "输出 等级 选项 高、中、低。", "output level option high / low.");
    lacks(&k, TB_C_HITS, "命中 唯一。", "hits unique.");
    lacks(&k, TB_C_ROW, "若 面积 大于 300，等级 为 高。", "if area over 300, level is high.");
    t->sound = c->d->errors == errors;
    if (t->sound) fold_fits(&k);
    t->sound = c->d->errors == errors;
}

/* A citation in a row is held against the law's file, as one in a matter is. */
static void cite(tb__compiler *c, const tb_section *s) {
    tb_program p = {.sources = &c->rules->sources};
    tb__matter m = {.c = c, .p = &p};
    for (uint32_t i = 0; i < s->clauses.count; i++)
        for (uint32_t k = 0; k < s->clauses.items[i].parts.count; k++)
            tb__cite(&m, &s->clauses.items[i], &s->clauses.items[i].parts.items[k].laws);
}

void tb__tables_compile(tb__compiler *c) {
    for (uint32_t i = 0; i < c->named.count; i++) {
        const tb_section *s = c->named.items[i].section;
        if (s->kind != TB_S_TABLE) continue;
        tb_table *t = TB_NEW(c->a, tb_table);
        compile_table(c, s, t);
        cite(c, s);
        uint32_t errors = c->d->errors;
        if (t->sound) tb__table_prove(c, t);
        t->sound &= c->d->errors == errors;
        *TB_PUSH(c->a, c->tables) = t;
    }
}

/* ---- adopting ---- */

static const tb_table *table_of(const tb__compiler *c, const tb_section *s) {
    for (uint32_t i = 0; i < c->tables.count; i++)
        if (c->tables.items[i]->section == s) return c->tables.items[i];
    return NULL;
}

static tb_str or_none(tb__matter *m, tb_str s) { return s.n ? s : TB__SAY(m, "（没有写）", "none"); }

static tb_str type_text(tb__matter *m, const tb_field *f) {
    enum tb_lang lang = m->english ? TB_LANG_EN : TB_LANG_ZH;
    if (f->type != TB_T_LIST) return tb_str_z(tb_type_word(f->type, lang));
    return tb_str_printf(m->c->a, "%s %s", tb_type_word(TB_T_LIST, lang), tb_type_word(f->item, lang));
}

/* Can every value of the field be a value of the input? Else why not. */
static tb_str unfit(tb__matter *m, const tb_field *in, const tb_field *f) {
    tb_arena *a = m->c->a;
    bool list = in->type == TB_T_LIST, en = m->english;
    enum tb_type want = list ? in->item : in->type, have = list ? f->item : f->type;
    bool widens = (want == TB_T_DECIMAL && tb_is_number(have)) ||
                  (want == TB_T_TEXT && (have == TB_T_OPTION || have == TB_T_DIVISION || have == TB_T_PHONE ||
                                         have == TB_T_ID_CARD || have == TB_T_CREDIT_CODE));
    if (list != (f->type == TB_T_LIST) || (want != have && !widens))
        return tb_str_printf(a, en ? "the input is of type %.*s, the field %.*s" : "类型不同：输入是 %.*s，字段是 %.*s",
                             TB_FMT(type_text(m, in)), TB_FMT(type_text(m, f)));
    if (tb_is_number(want) && !tb_str_eq(in->unit, f->unit))
        return tb_str_printf(a,
                             en ? "the input's unit is %.*s, the field's %.*s" : "单位不同：输入是 %.*s，字段是 %.*s",
                             TB_FMT(or_none(m, in->unit)), TB_FMT(or_none(m, f->unit)));
    for (uint32_t i = 0; i < f->options_n && want == TB_T_OPTION; i++) {
        bool known = false;
        for (uint32_t k = 0; k < in->options_n && !known; k++) known = tb_str_eq(in->options[k], f->options[i]);
        if (!known)
            return tb_str_printf(a, en ? "the input lacks the option %.*s" : "字段有选项“%.*s”，输入没有",
                                 TB_FMT(f->options[i]));
    }
    if (list && f->most > in->most)
        return tb_str_printf(a, en ? "the field takes %u items, the input %u" : "字段至多 %u 项，输入至多 %u 项",
                             f->most, in->most);
    tb_decimal outside;
    if (tb_is_number(want) && tb__outside_bounds(a, in, f, &outside))
        return tb_str_printf(
            a, en ? "the field may be %.*s, which the input does not take" : "字段可以是 %.*s，超出输入的范围",
            TB_FMT(tb_decimal_text(a, outside)));
    return TB_NONE;
}

static uint32_t bind(tb__matter *m, const tb_clause *clause, const tb_table *t, const tb_field *in) {
    tb_name from = {in->name, clause->span};
    uint32_t at;
    for (uint32_t i = 0; i < clause->parts.count; i++) {
        const tb_part *p = &clause->parts.items[i];
        if (p->kind == TB_P_SET && p->names.count && tb_str_eq(p->names.items[0].text, in->name)) from = p->value;
    }
    TB__FIND(m->p->fields, .name, from.text, at);
    if (at == TB_NO_INDEX) {
        TB__REPORT(m, TABLE_UNBOUND, from.span, t->name, in->name, from.text)->other = in->span;
        return at;
    }
    const tb_field *f = &m->p->fields.items[at];
    tb_str why = unfit(m, in, f);
    if (why.n) TB__REPORT(m, TABLE_INPUT_TYPE, from.span, f->name, in->name, why)->other = in->span;
    else if (in->required && !f->required)
        TB__REPORT(m, TABLE_INPUT_ABSENT, from.span, f->name, in->name, TB_NONE)->other = in->span;
    return at;
}

/* 采用 X，面积 为 经营面积: the name on the left must be an input of a table the clause names. */
static void known_inputs(tb__matter *m, const tb_clause *clause) {
    for (uint32_t i = 0; i < clause->parts.count; i++) {
        const tb_part *p = &clause->parts.items[i];
        bool known = p->kind != TB_P_SET || !p->names.count;
        for (uint32_t n = 0; n < clause->names.count && !known; n++) {
            const tb__named *named = tb__named_for(m->c, clause->span.file, TB_S_TABLE, clause->names.items[n].text);
            const tb_table *t = named ? table_of(m->c, named->section) : NULL;
            for (uint32_t k = 0; t && k < t->inputs_n && !known; k++)
                known = tb_str_eq(t->inputs[k].name, p->names.items[0].text);
        }
        if (!known)
            TB__REPORT(m, TABLE_NO_INPUT, p->names.items[0].span, p->names.items[0].text, clause->names.items[0].text,
                       TB_NONE);
    }
}

static void adopt(tb__matter *m, const tb_clause *clause, const tb_name *name) {
    tb__compiler *c = m->c;
    const tb__named *named = tb__named_for(c, clause->span.file, TB_S_TABLE, name->text);
    const tb_table *t = named ? table_of(c, named->section) : NULL;
    if (!t) {
        TB__REPORT(m, TABLE_UNKNOWN, name->span, name->text, TB_NONE, TB_NONE);
        return;
    }
    for (uint32_t i = 0; i < m->p->tables.count; i++)
        if (m->p->tables.items[i].table == t) {
            TB__REPORT(m, DUPLICATE, name->span, name->text, TB_NONE, TB_NONE)->other = m->p->tables.items[i].span;
            return;
        }
    uint32_t errors = c->d->errors;
    uint32_t *fields = TB_NEW_ARRAY(c->a, t->inputs_n + 1, uint32_t);
    for (uint32_t i = 0; i < t->inputs_n; i++) fields[i] = bind(m, clause, t, &t->inputs[i]);
    m->unsound |= !t->sound; /* its errors have been told where they stand */
    bool fits = t->sound && c->d->errors == errors;
    const tb_condition **rows = TB_NEW_ARRAY(c->a, t->rows_n + 1, const tb_condition *);
    const tb__inputs inputs = {t->inputs, t->inputs_n, fields};
    for (uint32_t i = 0; i < t->rows_n && fits; i++)
        if (t->rows[i].said)
            rows[i] = tb__condition_check_row(c->a, m->p, &inputs, &c->rules->sources, t->rows[i].said, c->d);
    for (uint32_t i = 0; i < t->pending.count; i++) *TB_PUSH(c->a, m->p->pending) = t->pending.items[i];
    /* One that does not fit is kept for its names: conditions that read it are no further slip. */
    *TB_PUSH(c->a, m->p->tables) = (tb_table_use){t, fields, rows, name->span, !fits};
}

void tb__tables_adopt(tb__matter *m) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *clause = &m->head->clauses.items[i];
        if (clause->kind != TB_C_ADOPTS) continue;
        known_inputs(m, clause);
        for (uint32_t k = 0; k < clause->names.count; k++) adopt(m, clause, &clause->names.items[k]);
    }
}

/* ---- which rows answer ---- */

bool tb__rows_agree(const tb_table *t, uint32_t x, uint32_t y) {
    for (uint32_t i = 0; i < t->outputs_n; i++) {
        tb_value v = tb_value_of(t->outputs[i].type, 0, &t->rows[x].values[i]);
        tb_value w = tb_value_of(t->outputs[i].type, 0, &t->rows[y].values[i]);
        if (tb_value_cmp(&v, &w) != 0) return false;
    }
    return true;
}

static uint32_t rank(const tb_field *f, tb_str option) {
    uint32_t i = 0;
    while (i < f->options_n && !tb_str_eq(f->options[i], option)) i++;
    return i;
}

/* 优先: the row whose first output stands earlier in its list; equal, the next output decides. */
bool tb__row_before(const tb_table *t, uint32_t x, uint32_t y) {
    for (uint32_t i = 0; i < t->outputs_n; i++) {
        uint32_t a = rank(&t->outputs[i], t->rows[x].values[i].text),
                 b = rank(&t->outputs[i], t->rows[y].values[i].text);
        if (a != b) return a < b;
    }
    return false;
}

enum tb_decided tb__table_hits(const tb_table *t, const tb_condition *const *rows, tb__asker *ask, void *user,
                               tb_hits *h) {
    uint32_t count = 0, conditions = t->rows_n - t->otherwise;
    *h = (tb_hits){.row = TB_NO_INDEX};
    for (uint32_t i = 0; i < conditions; i++) {
        enum tb_truth truth = ask(user, rows[i]);
        if (truth == TB_NOT_COMPUTED) return TB_UNDECIDED;
        if (truth == TB_NO) continue;
        h->bits[i / 64] |= (uint64_t)1 << i % 64;
        count++;
        if (h->row == TB_NO_INDEX || (t->policy == TB_HITS_PRIORITY && tb__row_before(t, i, h->row))) h->row = i;
        if (t->policy == TB_HITS_FIRST) break;
        if (t->policy == TB_HITS_UNIQUE && h->row != i && !tb__rows_agree(t, h->row, i))
            return h->other = i, TB_ROWS_DIFFER;
    }
    if (count) return TB_DECIDED;
    if (t->otherwise) {
        h->row = conditions;
        h->bits[conditions / 64] |= (uint64_t)1 << conditions % 64;
        return TB_DECIDED;
    }
    bool empty = t->policy == TB_HITS_COLLECT && t->fold != TB_FOLD_MOST && t->fold != TB_FOLD_LEAST;
    return empty ? TB_DECIDED : TB_NO_ROW;
}

static enum tb_truth ask_form(void *user, const tb_condition *c) { return tb__condition_ask(user, c); }

enum tb_decided tb__table_decide(const tb__reading *r, const tb_table_use *u, tb_hits *h) {
    return tb__table_hits(u->table, u->rows, ask_form, (void *)(uintptr_t)r, h);
}

tb_value tb__hits_value(const tb_table *t, uint32_t column, const tb_hits *h) {
    enum tb_type type = t->outputs[column].type;
    if (!t->fold && t->policy == TB_HITS_COLLECT) return (tb_value){.kind = TB_IS_LIST, .item = type};
    if (!t->fold) return tb_value_of(type, 0, &t->rows[h->row].values[column]);
    tb_value out = {.kind = t->fold == TB_FOLD_SUM || t->fold == TB_FOLD_COUNT ? TB_IS_NUMBER : TB_IS_ABSENT};
    for (uint32_t i = 0; i < t->rows_n; i++) {
        if (!tb__hit(h, i)) continue;
        tb_value v = tb_value_of(type, 0, &t->rows[i].values[column]);
        if (t->fold == TB_FOLD_COUNT) out.number.units += t->rows[i].said != NULL; /* 否则 is no hit */
        else if (t->fold == TB_FOLD_SUM) {                                         /* fits: fold_fits() */
            if (!tb_decimal_add(out.number, v.number, &out.number)) return (tb_value){.kind = TB_IS_TOO_LARGE};
        } else if (out.kind == TB_IS_ABSENT || (tb_value_cmp(&v, &out) > 0) == (t->fold == TB_FOLD_MOST)) out = v;
    }
    return out;
}

bool tb__hits_contain(const tb_table *t, uint32_t column, const tb_hits *h, const tb_value *item) {
    for (uint32_t i = 0; i < t->rows_n; i++) {
        if (!tb__hit(h, i)) continue;
        tb_value v = tb_value_of(t->outputs[column].type, 0, &t->rows[i].values[column]);
        if (v.kind == item->kind && tb_value_cmp(&v, item) == 0) return true;
    }
    return false;
}

tb_str tb__hits_text(tb_arena *a, const tb_table *t, uint32_t column, const tb_hits *h) {
    char day[TB_DAY_TEXT];
    if (!t->fold && t->policy != TB_HITS_COLLECT) return tb_value_text(a, &t->rows[h->row].values[column]);
    if (!t->fold) {
        tb_buf b;
        tb_buf_init(&b, a);
        for (uint32_t i = 0; i < t->rows_n; i++)
            if (tb__hit(h, i))
                tb_putf(&b, "%s%.*s", b.n ? "、" : "", TB_FMT(tb_value_text(a, &t->rows[i].values[column])));
        return b.n ? tb_buf_str(&b) : TB_STR("（没有一项）");
    }
    tb_value v = tb__hits_value(t, column, h);
    if (v.kind == TB_IS_DAY) return tb_str_copy(a, tb_str_z(tb_day_text((int32_t)v.at, day)));
    return v.kind == TB_IS_NUMBER ? tb_decimal_text(a, v.number) : TB_NONE;
}
