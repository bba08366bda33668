/* The table of duties as a page: how many articles are treated how, by law; then each law article by article; the codes with
 * their meaning last, so that the rows stay short. */
#include "catalogue.h"
#include "duties.h"
#include "step.h"

typedef struct page {
    tb_buf *b;
    enum tb_lang lang;
} page;

static const char *say(const page *x, const char *zh, const char *en) { return x->lang == TB_LANG_EN ? en : zh; }

/* A cell ends at a bar and at a line's end. */
static void put_cell(tb_buf *b, tb_str s) {
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '|') tb_puts(b, "\\");
        tb_put(b, s.p[i] == '\n' ? " " : s.p + i, 1);
    }
}

static void put_list(page *x, const tb_texts *l) {
    for (uint32_t i = 0; i < l->count; i++) {
        if (i) tb_puts(x->b, "、");
        put_cell(x->b, l->items[i]);
    }
}

static void put_says(page *x, const tb_duty *d) {
    char text[8];
    for (uint32_t i = 0; i < d->says.count; i++) {
        if (i) tb_puts(x->b, "<br>");
        put_cell(x->b, d->says.items[i].text);
        if (d->says.items[i].asked) tb_putf(x->b, " `%s`", tb_code_text(d->says.items[i].asked, text));
    }
}

static void put_head(page *x) {
    tb_buf *b = x->b;
    tb_puts(b,
            say(x,
                "# 义务\n\n"
                "法规（rules/法规）里的每一条，通办怎样对待。这个文件由 engine/duties.def、法规和事项生成（`make "
                "duties`），不要手改；"
                "对不上的时候测试会失败。\n\n"
                "- **证明**：`tongban check` 证明；违反它的规则不能装载。\n"
                "- **执行**：办件时执行；违反它的动作被拒绝，或者由时钟自己办。\n"
                "- **记录**：记在办件里，由人判断。\n"
                "- **范围外**：不做，以及为什么。\n\n"
                "说明里写“许可”的，只及于事项类型是 行政许可 的事项。一条可以有几种对待，所以各栏加起来可以比条数多。"
                "“文件里还写了”一栏后面有代码的，引用这一条的事项自动受它检查；没有代码的给人看。"
                "看自己的法规：`tongban duties 目录`；看一条：`tongban explain 《行政许可法》第四十二条`。\n",
                "# Duties\n\nHow each article of the laws in rules/法规 is treated. Made of engine/duties.def, the "
                "laws and the "
                "matters (`make duties`).\n\n"
                "- **proved**: by `tongban check`; rules that break it do not load.\n"
                "- **enforced**: an act that breaks it is refused, or the clock does it.\n"
                "- **recorded**: kept with the case, judged by people.\n"
                "- **outside**: not done, and why.\n\n"
                "An article may be treated in several ways.\n"));
}

static void put_counts(page *x, const tb_duties *d) {
    uint32_t sum[TB_TREATED_COUNT] = {0}, articles = 0;
    tb_putf(x->b, "\n| %s | %s |", say(x, "法规", "law"), say(x, "条目", "articles"));
    for (int how = 1; how <= TB_TREATED_COUNT; how++)
        tb_putf(x->b, " %s |", tb_treated_word((enum tb_treated)(how % TB_TREATED_COUNT), x->lang));
    tb_puts(x->b, "\n|---|--:|--:|--:|--:|--:|--:|\n");
    for (uint32_t i = 0; i < d->laws.count; i++) {
        const tb_duty_law *law = &d->laws.items[i];
        tb_putf(x->b, "| %.*s | %u |", TB_FMT(law->name), law->articles.count);
        for (int how = 1; how <= TB_TREATED_COUNT; how++) {
            tb_putf(x->b, " %u |", law->counts[how % TB_TREATED_COUNT]);
            sum[how % TB_TREATED_COUNT] += law->counts[how % TB_TREATED_COUNT];
        }
        articles += law->articles.count;
        tb_puts(x->b, "\n");
    }
    tb_putf(x->b, "| **%s** | **%u** |", say(x, "合计", "all"), articles);
    for (int how = 1; how <= TB_TREATED_COUNT; how++) tb_putf(x->b, " **%u** |", sum[how % TB_TREATED_COUNT]);
    tb_puts(x->b, "\n");
}

static void put_treatment(page *x, const tb_treatment *t) {
    tb_putf(x->b, "**%s**", tb_treated_word(t->how, x->lang));
    for (uint32_t i = 0; t->codes[i]; i++) tb_putf(x->b, " `%.*s`", TB_FMT(tb_treatment_code(x->b->arena, t, i)));
    if (t->left) tb_putf(x->b, " %s", t->left);
    tb_puts(x->b, say(x, "：", ": "));
    put_cell(x->b, tb_str_z(say(x, t->zh, t->en)));
}

static void put_article(page *x, const tb_duty *d) {
    tb_putf(x->b, "| %.*s%s | ", TB_FMT(d->article), d->open ? say(x, "（待核）", " (unverified)") : "");
    put_cell(x->b, d->gist);
    tb_puts(x->b, " | ");
    put_says(x, d);
    tb_puts(x->b, " | ");
    for (uint32_t i = 0; i < d->treatments.count; i++) {
        if (i) tb_puts(x->b, "<br>");
        put_treatment(x, d->treatments.items[i]);
    }
    if (!d->treatments.count) tb_putf(x->b, "**%s**", tb_treated_word((enum tb_treated)0, x->lang));
    tb_puts(x->b, " | ");
    put_list(x, &d->matters);
    tb_puts(x->b, " |\n");
}

static void put_law(page *x, const tb_duty_law *law) {
    tb_putf(x->b, "\n## %.*s\n\n%.*s%s%s\n\n", TB_FMT(law->name), TB_FMT(law->rank),
            law->open ? say(x, "，待核", ", unverified") : "", say(x, "。", "."));
    tb_putf(x->b, "| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n", say(x, "条目", "article"),
            say(x, "说什么", "gist"), say(x, "文件里还写了", "its file also says"), say(x, "怎样对待", "treated"),
            say(x, "引用它的事项", "cited by"));
    for (uint32_t i = 0; i < law->articles.count; i++) put_article(x, &law->articles.items[i]);
}

static void put_missing(page *x, const tb_duties *d) {
    if (!d->missing.count) return;
    tb_putf(x->b, "\n## %s\n\n| %s | %s |\n|---|---|\n",
            say(x, "事项引用、法规文件里没有的", "Cited, and in no law's file"), say(x, "条目", "article"),
            say(x, "引用它的事项", "cited by"));
    for (uint32_t i = 0; i < d->missing.count; i++) {
        tb_puts(x->b, "| ");
        put_cell(x->b, d->missing.items[i].text);
        tb_puts(x->b, " | ");
        put_list(x, &d->missing.items[i].matters);
        tb_puts(x->b, " |\n");
    }
}

static bool names_code(const tb_duties *d, enum tb_treated how, int code) {
    for (uint32_t l = 0; l < d->laws.count; l++)
        for (uint32_t i = 0; i < d->laws.items[l].articles.count; i++)
            for (uint32_t k = 0; k < d->laws.items[l].articles.items[i].treatments.count; k++) {
                const tb_treatment *t = d->laws.items[l].articles.items[i].treatments.items[k];
                for (uint32_t n = 0; t->how == how && t->codes[n]; n++)
                    if (t->codes[n] == code) return true;
            }
    return false;
}

static void put_code(page *x, const char *code) {
    const tb_explanation *e = tb_explanation_of(tb_str_z(code));
    tb_putf(x->b, "| `%s` | %s |\n", code, e ? say(x, e->title_zh, e->title_en) : "");
}

static void put_codes(page *x, const tb_duties *d) {
    char text[8];
    tb_putf(x->b, "\n## %s\n\n%s\n\n| %s | %s |\n|---|---|\n", say(x, "代码", "Codes"),
            say(x, "说明和例子：`tongban explain TB0314`。", "Explained with examples by `tongban explain TB0314`."),
            say(x, "代码", "code"), say(x, "说什么", "title"));
    for (int i = TB_CODE_NONE + 1; i < TB_CODE_COUNT; i++)
        if (names_code(d, TB_TREATED_PROVED, i)) put_code(x, tb_code_text((enum tb_code)i, text));
    for (int i = TB_R_NONE + 1; i < TB_R_COUNT; i++)
        if (names_code(d, TB_TREATED_ENFORCED, i)) put_code(x, tb_refusal_name((enum tb_refusal_code)i));
}

void tb_duties_page(tb_buf *b, const tb_duties *d, enum tb_lang lang) {
    page x = {b, lang};
    put_head(&x);
    put_counts(&x, d);
    for (uint32_t i = 0; i < d->laws.count; i++) put_law(&x, &d->laws.items[i]);
    put_missing(&x, d);
    put_codes(&x, d);
}
