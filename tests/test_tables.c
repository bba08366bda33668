/* The proof of decision tables against an enumerator that knows nothing of it: random tables over inputs with few values,
 * every input tried. What the proof reports must be so, and what is so must be reported, unless the proof says that it
 * did not prove it.
 *
 *   TB_SEED=N TB_TABLES=N    the seed (printed) and how many tables */
#include "compile.h"
#include "digest.h"
#include "pure.h"
#include <stdlib.h>

enum { MOST = 6, ROWS = 6, ATOMS = 3, NUMBERS = 7 /* 0 … 6 */ };

struct atom {
    int kind, op, n,
        not ; /* kind: 0 甲 op n; 1 乙 op n; 2 甲 op 乙; 3 甲 + 乙 * 2 op n; 4 丙 is n; 5 丁; 6 戊 filled and op n; 7 戊 not filled */
};
struct row {
    struct atom atom[ATOMS];
    int atoms, either, out;
};
struct table {
    struct row row[ROWS];
    int rows, policy, otherwise;
};
struct input {
    int a, b, c, d, e; /* e −1: absent */
};

static int below(int n) { return (int)dice((uint32_t)n); }

static const char *const ops[] = {"等于", "不等于", "小于", "不大于", "大于", "不小于"};
static const char *const policies[] = {"唯一", "首个", "优先", "汇集"};

static bool holds_op(int op, int x, int y) {
    return op == 0 ? x == y : op == 1 ? x != y : op == 2 ? x < y : op == 3 ? x <= y : op == 4 ? x > y : x >= y;
}

static bool atom_holds(const struct atom *t, const struct input *in) {
    bool x = t->kind == 0   ? holds_op(t->op, in->a, t->n)
             : t->kind == 1 ? holds_op(t->op, in->b, t->n)
             : t->kind == 2 ? holds_op(t->op, in->a, in->b)
             : t->kind == 3 ? holds_op(t->op, in->a + in->b * 2, t->n)
             : t->kind == 4 ? in->c == t->n
             : t->kind == 5 ? in->d
             : t->kind == 6 ? in->e >= 0 && holds_op(t->op, in->e, t->n)
                            : in->e < 0;
    return x != (bool)t->not ;
}

static bool row_holds(const struct row *r, const struct input *in) {
    for (int i = 0; i < r->atoms; i++)
        if (atom_holds(&r->atom[i], in) == (bool)r->either) return r->either;
    return !r->either;
}

static void random_table(struct table *t) {
    *t = (struct table){.rows = 1 + below(ROWS), .policy = below(4), .otherwise = below(3) == 0};
    for (int i = 0; i < t->rows; i++) {
        struct row *r = &t->row[i];
        *r = (struct row){.atoms = 1 + below(ATOMS), .either = below(3) == 0, .out = below(3)};
        for (int k = 0; k < r->atoms; k++) {
            struct atom *x = &r->atom[k];
            *x = (struct atom){.kind = below(8), .op = below(6), .n = below(NUMBERS), .not = below(5) == 0};
            if (x->kind == 3) x->n = below(3 * MOST + 1);
            if (x->kind == 4) x->n = below(3);
        }
    }
}

static void put_atom(tb_buf *b, const struct atom *t) {
    static const char *const options[] = {"子", "丑", "寅"};
    const char *op = ops[t->op];
    tb_puts(b, t->not ? "非 （" : "（");
    switch (t->kind) {
    case 0: tb_putf(b, "甲 %s %d", op, t->n); break;
    case 1: tb_putf(b, "乙 %s %d", op, t->n); break;
    case 2: tb_putf(b, "甲 %s 乙", op); break;
    case 3: tb_putf(b, "甲 + 乙 * 2 %s %d", op, t->n); break;
    case 4: tb_putf(b, "丙 是 %s", options[t->n]); break;
    case 5: tb_puts(b, "丁"); break;
    case 6: tb_putf(b, "已填 戊 且 戊 %s %d", op, t->n); break;
    default: tb_puts(b, "未填 戊");
    }
    tb_puts(b, "）");
}

static tb_str text_of(tb_arena *a, const struct table *t) {
    static const char *const outs[] = {"高", "中", "低"};
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, "决策表 表：\n  输入 甲 整数，不小于 0，不大于 6。\n  输入 乙 整数，不小于 0，不大于 6。\n  输入 丙 "
                "选项 子、丑、寅。\n"
                "  输入 丁 是否。\n  输入 戊 整数，选填，不小于 0，不大于 6。\n  输出 级 选项 高、中、低。\n");
    tb_putf(&b, "  命中 %s。\n", policies[t->policy]);
    for (int i = 0; i < t->rows; i++) {
        tb_puts(&b, "  若 ");
        for (int k = 0; k < t->row[i].atoms; k++) {
            if (k) tb_puts(&b, t->row[i].either ? " 或 " : " 且 ");
            put_atom(&b, &t->row[i].atom[k]);
        }
        tb_putf(&b, "，级 为 %s。\n", outs[t->row[i].out]);
    }
    if (t->otherwise) tb_puts(&b, "  否则，级 为 低。\n");
    return tb_buf_str(&b);
}

struct truth {
    bool gap, overlap, decides[ROWS + 1];
};

static void ask(const struct table *t, const struct input *in, struct truth *x) {
    int best = -1, hits = 0;
    bool hit[ROWS];
    for (int i = 0; i < t->rows; i++) {
        hit[i] = row_holds(&t->row[i], in);
        hits += hit[i];
        if (hit[i] && (best < 0 || (t->policy == 2 && t->row[i].out < t->row[best].out))) best = i;
    }
    for (int i = 0; i < t->rows; i++) {
        x->decides[i] |= hit[i] && (t->policy == 0 || t->policy == 3 || i == best);
        for (int k = 0; k < i && t->policy == 0; k++) x->overlap |= hit[i] && hit[k] && t->row[i].out != t->row[k].out;
    }
    if (!hits && t->otherwise) x->decides[t->rows] = true;
    if (!hits && !t->otherwise && t->policy != 3) x->gap = true;
}

static struct truth enumerate(const struct table *t) {
    struct truth x = {0};
    struct input in;
    for (in.a = 0; in.a <= MOST; in.a++)
        for (in.b = 0; in.b <= MOST; in.b++)
            for (in.c = 0; in.c < 3; in.c++)
                for (in.d = 0; in.d < 2; in.d++)
                    for (in.e = -1; in.e <= MOST; in.e++) ask(t, &in, &x);
    return x;
}

/* Rows whose conditions, and those before them, ask for no sums: the proof knows them exactly. */
static bool exact(const struct table *t, int row) {
    for (int i = 0; i < t->rows && i <= row; i++)
        for (int k = 0; k < t->row[i].atoms; k++)
            if (t->row[i].atom[k].kind == 2 || t->row[i].atom[k].kind == 3) return false;
    return true;
}

static int compared, gaps, overlaps, dead, unproved;

static void compare(const struct table *t, const tb_diagnostics *d, const struct truth *want) {
    bool gap = false, overlap = false, doubt = false, never[ROWS + 1] = {false};
    for (uint32_t i = 0; i < d->list.count; i++) {
        const tb_diagnostic *x = &d->list.items[i];
        gap |= x->code == TB_E_TABLE_GAP;
        overlap |= x->code == TB_E_TABLE_OVERLAP;
        doubt |= x->code == TB_E_TABLE_NOT_PROVED;
        if (x->code == TB_E_TABLE_ROW_DEAD) never[atoi(x->values[0].p) - 1] = true;
        CHECK(x->code == TB_E_TABLE_GAP || x->code == TB_E_TABLE_OVERLAP || x->code == TB_E_TABLE_NOT_PROVED ||
              x->code == TB_E_TABLE_ROW_DEAD);
    }
    CHECK(!gap || want->gap);
    CHECK(!overlap || want->overlap);
    CHECK(!want->gap || gap || doubt || overlap);
    CHECK(!want->overlap || overlap || doubt || gap);
    if (exact(t, t->rows)) CHECK(gap == want->gap && overlap == want->overlap && !doubt);
    for (int i = 0; i < t->rows + t->otherwise; i++) {
        CHECK(!never[i] || !want->decides[i]);
        if (exact(t, t->policy == 2 ? t->rows : i)) CHECK(never[i] == !want->decides[i]);
        dead += never[i];
    }
    compared++, gaps += gap, overlaps += overlap, unproved += doubt;
}

static void one_table(tb_arena *a) {
    struct table t;
    tb_rules *rules;
    random_table(&t);
    tb_str file = TB_STR("表.tb"), text = text_of(a, &t);
    tb_compile_input in = {.paths = &file, .texts = &text, .count = 1, .sm3 = tb_sm3};
    if (!CHECK_INT(tb_compile(a, &in, &rules), TB_OK)) return;
    struct truth want = enumerate(&t);
    int failed = check_failed;
    compare(&t, &rules->diagnostics, &want);
    if (check_failed == failed) return;
    tb_buf b;
    tb_buf_init(&b, a);
    tb_diagnostics_print(&b, &rules->sources, &rules->diagnostics, TB_LANG_ZH, false);
    fprintf(stderr, "%.*s%.*sgap %d overlap %d\n", TB_FMT(text), TB_FMT(tb_buf_str(&b)), want.gap, want.overlap);
}

static int run(void *arg) {
    tb_arena *a = tb_arena_new(NULL, 0);
    const char *tables = getenv("TB_TABLES");
    int n = tables ? atoi(tables) : 2000;
    (void)arg;
    for (int i = 0; i < n && CHECK(a != NULL) && check_failed < 3; i++) {
        one_table(a);
        tb_arena_reset(a);
    }
    tb_arena_free(a);
    printf("%d tables: %d with gaps, %d with overlaps, %d rows that never decide, %d not proved\n", compared, gaps,
           overlaps, dead, unproved);
    if (!tables) CHECK(gaps > 100 && overlaps > 100 && dead > 100 && unproved * 20 < compared);
    return TB_OK;
}

int main(void) { return run_pure(run); }
