/* The decision tables a matter adopts (采用), to be read as tables: under what condition which answer, one row a row, in the
 * order of writing; above it what it asks (and which field of the form that is) and how it decides when several rows
 * hold. */
#include "../table.h"
#include "draw.h"

static tb_str policy_words(const tb_table *t, bool zh) {
    static const char *const folds[][2] = {[TB_FOLD_SUM] = {"合计", "the sum"},
                                           [TB_FOLD_MOST] = {"最大的", "the most"},
                                           [TB_FOLD_LEAST] = {"最小的", "the least"},
                                           [TB_FOLD_COUNT] = {"计数", "the count"}};
    if (t->fold) return tb_str_z(folds[t->fold][!zh]);
    switch (t->policy) {
    case TB_HITS_FIRST: return tb_str_z(zh ? "从上往下第一个成立的行" : "the first row that holds");
    case TB_HITS_PRIORITY:
        return tb_str_z(zh ? "成立的行里，选项排在最前的" : "of the rows that hold the first option");
    case TB_HITS_COLLECT: return tb_str_z(zh ? "所有成立的行" : "all rows that hold");
    default: return tb_str_z(zh ? "唯一成立的行" : "the only row that holds");
    }
}

static tb_str caption(tb_arena *a, const tb_program *p, const tb_table_use *u, bool zh) {
    const tb_table *t = u->table;
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, zh ? "看：" : "asks: ");
    for (uint32_t i = 0; i < t->inputs_n; i++) {
        const tb_field *f = &t->inputs[i];
        tb_putf(&b, "%s%.*s", i ? (zh ? "、" : ", ") : "", TB_FMT(f->name));
        if (u->fields[i] == TB_NO_INDEX) continue;
        tb_str from = p->fields.items[u->fields[i]].name;
        if (!tb_str_eq(from, f->name)) tb_putf(&b, zh ? "（取自 %.*s）" : " (from %.*s)", TB_FMT(from));
    }
    tb_putf(&b, zh ? "；取：%.*s" : "; takes: %.*s", TB_FMT(policy_words(t, zh)));
    if (t->fold) tb_puts(&b, zh ? "（所有成立的行）" : " of all rows that hold");
    return tb_buf_str(&b);
}

static void cell(tb_arena *a, tb_draw_decision *d, tb_str text) { *TB_PUSH(a, d->cells) = text; }

/* A condition may go over lines in its file. */
static tb_str one_line(tb_arena *a, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < s.n; i++) {
        bool blank = s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t' || s.p[i] == ' ';
        if (blank && b.n && b.p[b.n - 1] == ' ') continue;
        tb_put(&b, blank ? " " : s.p + i, 1);
    }
    return tb_buf_str(&b);
}

void tb_draw_decisions(tb_arena *a, const tb_program *p, tb_draw_decisions_list *out) {
    bool zh = tb_draws_chinese(p);
    for (uint32_t i = 0; i < p->tables.count; i++) {
        const tb_table_use *u = &p->tables.items[i];
        const tb_table *t = u->table;
        tb_draw_decision *d = TB_PUSH(a, *out);
        *d = (tb_draw_decision){.name = t->name, .caption = caption(a, p, u, zh), .columns = t->outputs_n + 1};
        cell(a, d, tb_str_z(zh ? "若" : "if"));
        for (uint32_t k = 0; k < t->outputs_n; k++) {
            const tb_field *f = &t->outputs[k];
            cell(a, d,
                 f->unit.n ? tb_str_printf(a, zh ? "%.*s（%.*s）" : "%.*s (%.*s)", TB_FMT(f->name), TB_FMT(f->unit))
                           : f->name);
        }
        for (uint32_t r = 0; r < t->rows_n; r++) {
            const tb_table_row *row = &t->rows[r];
            cell(a, d,
                 row->said ? one_line(a, tb__condition_text(p->sources, row->said))
                           : tb_str_z(zh ? "否则" : "otherwise"));
            for (uint32_t k = 0; k < t->outputs_n; k++) cell(a, d, tb_value_text(a, &row->values[k]));
        }
    }
}
