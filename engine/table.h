/* 决策表: rows of conditions over declared inputs, each giving a value to every output.
 *
 * A table is compiled once, by itself: its rows may read its inputs and nothing else, so that it means the same for
 * every matter that says 采用. Adopting binds inputs to fields; the rows' conditions are then checked again over those
 * fields, and asking needs no binding. A table is a function of the form: the form is refused at submission when no row
 * answers for it, or two rows answer differently (form.c); the proof (proof/tables.c) tells beforehand that neither
 * happens.
 *
 * 命中: 唯一 one row, or several that say the same; 首个 the first in order of writing; 优先 the one whose outputs stand
 * first in their lists of options; 汇集 all rows: a list, or with 合计 最大 最小 计数 one number. 否则 answers when nothing
 * else does. */
#ifndef TB_TABLE_H
#define TB_TABLE_H
#include "compile_work.h"
#include "expression.h"

enum { TB_TABLE_ROWS = 256, TB_TABLE_COLUMNS = 32 /* inputs and outputs each */ };
enum tb_hit_policy { TB_HITS_UNIQUE = 1, TB_HITS_FIRST, TB_HITS_COLLECT, TB_HITS_PRIORITY };
enum tb_fold { TB_FOLD_NONE = 0, TB_FOLD_SUM, TB_FOLD_MOST, TB_FOLD_LEAST, TB_FOLD_COUNT };

typedef struct tb_table_row {
    const tb_expr *said;       /* NULL: 否则 */
    const tb_condition *holds; /* over the inputs; NULL: 否则 */
    const tb_json *values;     /* by output */
    tb_span span;
} tb_table_row;

typedef struct tb_table {
    tb_str name;
    tb_span span;
    enum tb_hit_policy policy;
    enum tb_fold fold;
    const tb_field *inputs, *outputs;
    const tb_field *results; /* the outputs as conditions see them: lists of 汇集, numbers of its sums */
    uint32_t inputs_n, outputs_n;
    const tb_table_row *rows; /* 否则 last */
    uint32_t rows_n;
    bool otherwise; /* the last row is 否则 */
    bool sound;     /* no errors */
    TB_LIST(tb_span) pending;
    const tb_section *section;
} tb_table;

/* compile: all tables of all files; then those a matter adopts. */
void tb__tables_compile(tb__compiler *c);
void tb__tables_adopt(tb__matter *m);
/* 列表 选项 甲、乙，至多 3 …: a column or a field from its clause, whose first name is `name`. Reports. */
tb_field tb__field_of(tb__compiler *c, const tb_clause *clause);

/* proof/tables.c: no input without an answer, none with two; rows that never decide. Reports. */
void tb__table_prove(tb__compiler *c, const tb_table *t);
bool tb__row_before(const tb_table *t, uint32_t x, uint32_t y); /* 优先: x stands before y */

/* Which rows answer. */
enum tb_decided { TB_DECIDED = 1, TB_NO_ROW, TB_ROWS_DIFFER, TB_UNDECIDED /* a sum could not be computed */ };
typedef struct tb_hits {
    uint64_t bits[TB_TABLE_ROWS / 64];
    uint32_t row;   /* the one that decides; of 汇集 the first */
    uint32_t other; /* ROWS_DIFFER */
} tb_hits;
typedef enum tb_truth tb__asker(void *user, const tb_condition *c);
enum tb_decided tb__table_hits(const tb_table *t, const tb_condition *const *rows, tb__asker *ask, void *user,
                               tb_hits *h);
enum tb_decided tb__table_decide(const tb__reading *r, const tb_table_use *u, tb_hits *h);
bool tb__rows_agree(const tb_table *t, uint32_t x, uint32_t y);
/* What comes out. A list has no value of its own: ask tb__hits_contain(). */
tb_value tb__hits_value(const tb_table *t, uint32_t column, const tb_hits *h);
bool tb__hits_contain(const tb_table *t, uint32_t column, const tb_hits *h, const tb_value *item);
tb_str tb__hits_text(tb_arena *a, const tb_table *t, uint32_t column, const tb_hits *h);
static inline bool tb__hit(const tb_hits *h, uint32_t row) { return h->bits[row / 64] >> row % 64 & 1; }
#endif
