/* Decision tables: for every input one answer, and no row for nothing.
 *
 *   gap       an input that no row hits, where there is no 否则 (汇集 may be empty; 最大 and 最小 of nothing are none)
 *   overlap   of 唯一: an input that two rows hit with different outputs
 *   dead row  a row that never decides: its condition cannot hold, or rows before it always do
 *
 * The inputs are cut into cells by the constants of the rows and by their own bounds, cells that no condition tells
 * apart are one, and every combination is asked (valuations.c); so the answers hold for all values, and what is wrong is
 * shown with values. A table is proved once, by what its inputs declare, whoever adopts it: what a field may be beyond
 * that is an error of the adopting (table.c). Sums of several inputs are over-estimated; when only such an estimate
 * speaks against a table, it is not proved, and that is said. */
#include "proof_work.h"
#include "table.h"
#include <string.h>

struct proving {
    tb__proof w;
    const tb_table *t;
    const tb_condition **rows;
    uint32_t rows_n; /* without 否则 */
    uint8_t *decides;
    uint8_t *told; /* pairs, by row × rows_n + row */
    uint32_t overlaps;
    bool gap, english;
    tb_str doubt; /* an estimate that was not confirmed */
    tb_span doubt_span;
};

static tb_str row_number(struct proving *x, uint32_t row) { return tb_str_printf(x->w.a, "%u", row + 1); }

static void doubtful(struct proving *x, tb_span span, tb_str text) {
    if (x->doubt.n) return;
    x->doubt = text;
    x->doubt_span = span;
}

static void overlap(struct proving *x, tb__forms *f, uint32_t first, uint32_t second) {
    const tb_table *t = x->t;
    tb_str text;
    uint8_t *told = &x->told[first * x->rows_n + second];
    if (*told || x->overlaps == TB_PROOF_FAILURES) return;
    if (!tb__forms_text(f, x->english, &text)) {
        doubtful(x, t->rows[second].span, text);
        return;
    }
    *told = 1;
    x->overlaps++;
    tb_report(x->w.out, TB_E_TABLE_OVERLAP, t->rows[second].span, row_number(x, first), row_number(x, second), text)
        ->other = t->rows[first].span;
}

static void gap(struct proving *x, tb__forms *f) {
    const tb_table *t = x->t;
    tb_str text;
    bool empty = t->policy == TB_HITS_COLLECT && t->fold != TB_FOLD_MOST && t->fold != TB_FOLD_LEAST;
    if (empty || x->gap) return;
    if (!tb__forms_text(f, x->english, &text)) {
        doubtful(x, t->span, text);
        return;
    }
    x->gap = true;
    tb_report(x->w.out, TB_E_TABLE_GAP, t->span, t->name, text, TB_NONE);
}

static bool take(void *user, tb__forms *f) {
    struct proving *x = user;
    const tb_table *t = x->t;
    uint32_t best = TB_NO_INDEX;
    uint32_t hit[TB_TABLE_ROWS], hits = 0;
    for (uint32_t i = 0; i < x->rows_n; i++) {
        if (!tb__forms_ask(f, x->rows[i])) continue;
        hit[hits++] = i;
        if (best == TB_NO_INDEX || (t->policy == TB_HITS_PRIORITY && tb__row_before(t, i, best))) best = i;
        if (t->policy == TB_HITS_FIRST) break;
    }
    for (uint32_t i = 0; i < hits; i++) {
        bool decides = t->policy == TB_HITS_UNIQUE || t->policy == TB_HITS_COLLECT || hit[i] == best;
        if (decides) x->decides[hit[i]] = 1;
        for (uint32_t k = 0; k < i && t->policy == TB_HITS_UNIQUE; k++)
            if (!tb__rows_agree(t, hit[k], hit[i])) overlap(x, f, hit[k], hit[i]);
    }
    if (hits) return true;
    if (t->otherwise) x->decides[x->rows_n] = 1;
    else gap(x, f);
    return true;
}

void tb__table_prove(tb__compiler *c, const tb_table *t) {
    tb_arena *a = c->a;
    tb_program *p = TB_NEW(a, tb_program); /* a form of the inputs, and nothing else */
    struct proving x = {.w = {.a = a, .p = p, .out = c->d}, .t = t, .rows_n = t->rows_n - t->otherwise};
    x.english = tb__english(c, t->span.file);
    p->sources = &c->rules->sources;
    for (uint32_t i = 0; i < t->inputs_n; i++) *TB_PUSH(a, p->fields) = t->inputs[i];
    x.rows = TB_NEW_ARRAY(a, t->rows_n + 1, const tb_condition *);
    for (uint32_t i = 0; i < x.rows_n; i++) x.rows[i] = t->rows[i].holds;
    x.decides = TB_NEW_ARRAY(a, t->rows_n + 1, uint8_t);
    x.told = TB_NEW_ARRAY(a, (size_t)x.rows_n * x.rows_n + 1, uint8_t);
    if (!tb__forms_each(&x.w, x.rows, x.rows_n, TB_PROOF_TABLE_ASKS, take, &x)) {
        tb_report(
            c->d, TB_E_TABLE_NOT_PROVED, t->span, t->name,
            tb_str_z(x.english ? "more combinations of inputs than the proof can ask" : "输入的组合超过证明的上限"),
            TB_NONE);
        return;
    }
    if (x.doubt.n && !x.gap && !x.overlaps)
        tb_report(
            c->d, TB_E_TABLE_NOT_PROVED, x.doubt_span, t->name,
            tb_str_z(x.english
                         ? "the sums in its rows may leave a gap or overlap, and no values were found that show it"
                         : "行里的算式合起来会不会有漏有重，没有找到能说明的值"),
            TB_NONE);
    for (uint32_t i = 0; i < t->rows_n; i++)
        if (!x.decides[i]) tb_report(c->d, TB_E_TABLE_ROW_DEAD, t->rows[i].span, row_number(&x, i), t->name, TB_NONE);
}
