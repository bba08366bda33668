/* Putting a guide together: blocks, cells, lines, and the sections that both guides have (依据, 申请材料, 申请表, 待核). */
#include "guide_work.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- blocks ---- */

static tb_str number_of_section(tb_arena *a, uint32_t n) {
    static const char *const digits[] = {"", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    return tb_str_printf(a, "%s%s%s", n >= 20 ? digits[n / 10] : "", n >= 10 ? "十" : "", digits[n % 10]);
}

static tb_guide_block *block(tb__guide *g, enum tb_guide_kind kind, tb_str title) {
    tb_guide_block *b = TB_PUSH(g->a, g->out->blocks);
    *b = (tb_guide_block){.kind = kind, .title = title, .columns = kind == TB_GUIDE_FACTS ? 2 : 1};
    return b;
}

static tb_guide_block *last_block(tb__guide *g) { return &g->out->blocks.items[g->out->blocks.count - 1]; }

/* The block that goes on when it is of that kind, else a new one. */
static tb_guide_block *going_on(tb__guide *g, enum tb_guide_kind kind) {
    if (g->out->blocks.count && last_block(g)->kind == kind) return last_block(g);
    return block(g, kind, TB_STR(""));
}

static void put_line(tb__guide *g, bool open, const char *format, va_list values) {
    tb_guide_block *b = last_block(g);
    char small[512];
    va_list again;
    va_copy(again, values);
    int n = vsnprintf(small, sizeof small, format, values);
    char *text = small;
    if (n >= (int)sizeof small) {
        text = tb_alloc(g->a, (size_t)n + 1);
        vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    tb_guide_cell *cell = &b->cells.items[b->cells.count - 1];
    *TB_PUSH(g->a, cell->lines) = (tb_guide_line){tb_str_copy(g->a, tb_str_z(text)), open};
}

static void put_cell(tb__guide *g, tb_guide_block *b) { *TB_PUSH(g->a, b->cells) = (tb_guide_cell){0}; }

#define PUT_LINE(g, open, format)                                                                                      \
    do {                                                                                                               \
        va_list values;                                                                                                \
        va_start(values, format);                                                                                      \
        put_line((g), (open), (format), values);                                                                       \
        va_end(values);                                                                                                \
    } while (0)

void tb__guide_section(tb__guide *g, const char *title) {
    tb_str number = number_of_section(g->a, ++g->sections);
    block(g, TB_GUIDE_SECTION, tb_str_printf(g->a, "%.*s、%s", TB_FMT(number), title));
}

void tb__guide_part(tb__guide *g, tb_str title) { block(g, TB_GUIDE_PART, title); }

void tb__guide_paragraph(tb__guide *g, bool open, const char *format, ...) {
    put_cell(g, block(g, TB_GUIDE_PARAGRAPH, TB_STR("")));
    PUT_LINE(g, open, format);
}

void tb__guide_item(tb__guide *g, bool open, const char *format, ...) {
    put_cell(g, going_on(g, TB_GUIDE_LIST));
    PUT_LINE(g, open, format);
}

void tb__guide_fact(tb__guide *g, const char *term, bool open, const char *format, ...) {
    tb_guide_block *b = going_on(g, TB_GUIDE_FACTS);
    put_cell(g, b);
    *TB_PUSH(g->a, b->cells.items[b->cells.count - 1].lines) = (tb_guide_line){tb_str_z(term), false};
    put_cell(g, b);
    PUT_LINE(g, open, format);
}

void tb__guide_table(tb__guide *g, uint32_t columns, const char *const *heads, const uint8_t *shares) {
    tb_guide_block *b = block(g, TB_GUIDE_TABLE, TB_STR(""));
    b->columns = columns;
    b->shares = shares;
    for (uint32_t i = 0; i < columns; i++) {
        put_cell(g, b);
        *TB_PUSH(g->a, b->cells.items[i].lines) = (tb_guide_line){tb_str_z(heads[i]), false};
    }
}

void tb__guide_cell(tb__guide *g, bool open, const char *format, ...) {
    put_cell(g, last_block(g));
    PUT_LINE(g, open, format);
}

void tb__guide_blank(tb__guide *g) { put_cell(g, last_block(g)); }

void tb__guide_more(tb__guide *g, bool open, const char *format, ...) { PUT_LINE(g, open, format); }

/* ---- sections of both ---- */

static bool same_law(const tb_citation *a, const tb_citation *b) {
    return a->law && b->law ? tb_str_eq(a->law->law, b->law->law) : !a->law && !b->law && tb_str_eq(a->text, b->text);
}

/* 第四十二条第一款 of 《行政许可法》第四十二条第一款. */
static tb_str article_text(const tb_citation *c) {
    static const char close[] = "》";
    for (uint32_t i = 0; i + sizeof close - 1 <= c->text.n; i++)
        if (memcmp(c->text.p + i, close, sizeof close - 1) == 0)
            return (tb_str){c->text.p + i + sizeof close - 1, c->text.n - i - (uint32_t)(sizeof close - 1)};
    return TB_STR("");
}

static bool cited_before(const tb_program *p, uint32_t i, bool article) {
    const tb_citation *c = &p->citations.items[i];
    for (uint32_t k = 0; k < i; k++) {
        const tb_citation *x = &p->citations.items[k];
        if (same_law(x, c) && (!article || tb_str_eq(article_text(x), article_text(c)))) return true;
    }
    return false;
}

/* An article is open when nobody cites it as settled. */
static bool article_open(const tb_program *p, const tb_citation *c) {
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *x = &p->citations.items[i];
        if (same_law(x, c) && tb_str_eq(article_text(x), article_text(c)) && !x->open) return false;
    }
    return true;
}

static bool comes_before(const tb_law_ref *a, const tb_law_ref *b) {
    if (a->article != b->article) return a->article < b->article;
    if (a->sub != b->sub) return a->sub < b->sub;
    if (a->paragraph != b->paragraph) return a->paragraph < b->paragraph;
    return a->item < b->item;
}

/* The articles of a law that are cited, each once, in the law's order. */
static void put_articles(tb__guide *g, const tb_citation *law) {
    const tb_program *p = g->p;
    const tb_citation **list = TB_NEW_ARRAY(g->a, p->citations.count, const tb_citation *);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *c = &p->citations.items[i];
        if (!c->law || !same_law(c, law) || cited_before(p, i, true) || !article_text(c).n) continue;
        uint32_t at = n++;
        for (; at && comes_before(c->law, list[at - 1]->law); at--) list[at] = list[at - 1];
        list[at] = c;
    }
    if (!n) tb__guide_cell(g, article_open(p, law), "引用全文，没有写明条款");
    else tb__guide_blank(g);
    for (uint32_t i = 0; i < n; i++)
        tb__guide_more(g, article_open(p, list[i]), "%.*s%s%.*s", TB_FMT(article_text(list[i])),
                       list[i]->gist.n ? "：" : "", TB_FMT(list[i]->gist));
}

void tb__guide_laws(tb__guide *g) {
    static const char *const heads[] = {"文件", "位阶", "引用的条款和要点"};
    static const uint8_t shares[] = {24, 10, 60};
    const tb_program *p = g->p;
    tb__guide_section(g, "设定和办理依据");
    if (!p->citations.count) {
        tb__guide_paragraph(g, true, "规则没有写明依据的法律、法规、规章和文件。");
        return;
    }
    tb__guide_table(g, 3, heads, shares);
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *c = &p->citations.items[i];
        if (cited_before(p, i, false) || (c->why && !c->law)) continue;
        if (c->law) tb__guide_cell(g, false, "《%.*s》", TB_FMT(c->law->law));
        else tb__guide_cell(g, false, "%.*s", TB_FMT(c->text));
        if (c->rank.n) tb__guide_cell(g, false, "%.*s", TB_FMT(c->rank));
        else tb__guide_cell(g, false, "没有写明");
        put_articles(g, c);
    }
    tb__guide_paragraph(g, false, "要点是对条文的概括，不是原文；以公布的文本为准。");
}

static void put_decimal(tb_buf *b, tb_decimal d) {
    int64_t scale = 1, units = d.units < 0 ? -d.units : d.units;
    for (int i = 0; i < d.scale; i++) scale *= 10;
    tb_putf(b, "%s%lld", d.units < 0 ? "-" : "", (long long)(units / scale));
    if (d.scale) tb_putf(b, ".%0*lld", d.scale, (long long)(units % scale));
}

static tb_str field_wants(const tb__guide *g, const tb_field *f) {
    static const char *const kinds[] = {[TB_T_TEXT] = "文字",
                                        [TB_T_INTEGER] = "整数",
                                        [TB_T_DECIMAL] = "数字，可以有小数",
                                        [TB_T_MONEY] = "金额（元）",
                                        [TB_T_DATE] = "年月日",
                                        [TB_T_TIME] = "年月日和时刻",
                                        [TB_T_BOOL] = "选“是”或者“否”",
                                        [TB_T_OPTION] = "选一项：",
                                        [TB_T_ADDRESS] = "所在区县和详细地址",
                                        [TB_T_DIVISION] = "所在区县",
                                        [TB_T_ID_CARD] = "18位公民身份号码",
                                        [TB_T_CREDIT_CODE] = "18位统一社会信用代码",
                                        [TB_T_PHONE] = "11位手机号码",
                                        [TB_T_ATTACHMENT] = "上传附件"};
    static const char *const ops[] = {[TB_EQ] = "等于",   [TB_NE] = "不等于", [TB_LT] = "小于",
                                      [TB_LE] = "不大于", [TB_GT] = "大于",   [TB_GE] = "不小于"};
    tb_buf b;
    tb_buf_init(&b, g->a);
    enum tb_type type = f->type == TB_T_LIST ? f->item : f->type;
    if (f->type == TB_T_LIST) tb_putf(&b, "可以填几项，至多%u项，每项：", f->most);
    if (type < sizeof kinds / sizeof *kinds && kinds[type]) tb_puts(&b, kinds[type]);
    for (uint32_t i = 0; i < f->options_n; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(f->options[i]));
    if (f->unit.n) tb_putf(&b, "，单位%.*s", TB_FMT(f->unit));
    for (uint32_t i = 0; i < f->bounds_n; i++) {
        tb_putf(&b, "，%s", ops[f->bounds[i].op]);
        put_decimal(&b, f->bounds[i].value);
    }
    return tb_buf_str(&b);
}

void tb__guide_form(tb__guide *g) {
    static const char *const heads[] = {"序号", "填写项", "是否必填", "怎样填写"};
    static const uint8_t shares[] = {9, 22, 14, 50};
    const tb_program *p = g->p;
    bool sensitive = false;
    tb__guide_section(g, "申请表");
    if (!p->fields.count) {
        tb__guide_paragraph(g, false, "规则没有规定申请表的填写项。");
        return;
    }
    tb__guide_table(g, 4, heads, shares);
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const tb_field *f = &p->fields.items[i];
        tb_str wants = field_wants(g, f);
        sensitive |= f->sensitive;
        tb__guide_cell(g, false, "%u", i + 1);
        tb__guide_cell(g, tb__pending_at(p, f->span), "%.*s%s", TB_FMT(f->name), f->sensitive ? "*" : "");
        if (f->when) tb__guide_cell(g, false, "必填，若%.*s", TB_FMT(tb__guide_condition(g, f->when_text)));
        else tb__guide_cell(g, false, "%s", f->required ? "必填" : "选填");
        tb__guide_cell(g, false, "%.*s", TB_FMT(wants));
    }
    if (sensitive) tb__guide_paragraph(g, false, "* 敏感信息，依法保护。");
}

static const char *need_of(const tb_material *m) {
    if (m->exempt) return "免提交";
    return m->needed ? "必要" : "选填，可以不交";
}

void tb__guide_materials(tb__guide *g) {
    static const char *const heads[] = {"序号", "材料名称", "是否必要", "形式", "何时需要", "依据"};
    static const uint8_t shares[] = {9, 24, 13, 15, 18, 30};
    const tb_program *p = g->p;
    tb__guide_section(g, "申请材料");
    if (!p->materials.count) {
        tb__guide_paragraph(g, false, "规则没有规定申请材料。");
        return;
    }
    tb__guide_table(g, 6, heads, shares);
    for (uint32_t i = 0; i < p->materials.count; i++) {
        const tb_material *m = &p->materials.items[i];
        bool open = tb__pending_at(p, m->span);
        tb_str basis = tb__guide_basis(g, m->span);
        tb__guide_cell(g, false, "%u", i + 1);
        tb__guide_cell(g, open, "%.*s", TB_FMT(m->name));
        tb__guide_cell(g, false, "%s", need_of(m));
        if (m->deferrable) tb__guide_more(g, false, "可以后补");
        if (m->promisable) tb__guide_more(g, false, "可以承诺");
        tb__guide_cell(g, false, "%s", m->electronic ? "电子证照" : "没有写明");
        if (m->only.n) tb__guide_cell(g, false, "限%.*s", TB_FMT(m->only));
        else if (m->when.n) tb__guide_blank(g);
        else tb__guide_cell(g, false, "申请时");
        if (m->when.n) tb__guide_more(g, false, "若%.*s", TB_FMT(tb__guide_condition(g, m->when)));
        if (basis.n) tb__guide_cell(g, false, "%.*s", TB_FMT(basis));
        else tb__guide_cell(g, false, "没有写明");
    }
    bool exempt = false;
    for (uint32_t i = 0; i < p->materials.count; i++) exempt |= p->materials.items[i].exempt;
    if (exempt) tb__guide_paragraph(g, false, "标“免提交”的，申请人不必提交。");
    tb__guide_deferral(g);
    tb__guide_promise(g);
    tb__guide_paragraph(g, false, "材料的份数、原件或者复印件，规则没有写明；上表“没有写明”的，以实施主体的答复为准。");
}

/* The text of an open clause on one line, as written, without the 待核 at its end. */
static tb_str clause_text(const tb__guide *g, tb_span span) {
    tb_str s = tb_source_text(g->p->sources, span);
    tb_buf b;
    tb_buf_init(&b, g->a);
    for (uint32_t i = 0; i < s.n; i++) {
        bool blank = s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t';
        if (blank && b.n && b.p[b.n - 1] == ' ') continue;
        tb_put(&b, blank ? " " : s.p + i, 1);
    }
    return tb_buf_str(&b);
}

void tb__guide_open(tb__guide *g) {
    const tb_program *p = g->p;
    tb__guide_section(g, g->staff ? "待核事项" : "尚待核实的内容");
    if (!p->pending.count) {
        tb__guide_paragraph(g, false, "规则里没有待核的内容。");
        return;
    }
    if (g->staff)
        tb__guide_paragraph(g, false,
                            "下列 %u 处规则写明待核。核对原文以后改定规则、删去“待核”；本操作流程随规则重新生成。",
                            p->pending.count);
    else
        tb__guide_paragraph(g, false, "下列 %u 处规则还没有对照原文核实，办理前请向实施主体核实；规则原话如下。",
                            p->pending.count);
    for (uint32_t i = 0; i < p->pending.count; i++) {
        tb_str text = clause_text(g, p->pending.items[i]), where = tb_span_text(g->a, p, p->pending.items[i]);
        if (g->staff) tb__guide_item(g, false, "%.*s（%.*s）", TB_FMT(text), TB_FMT(where));
        else tb__guide_item(g, false, "%.*s", TB_FMT(text));
    }
}

void tb_guide_of(tb_arena *a, const tb_program *p, enum tb_guide_reader reader, tb_guide *out) {
    tb__guide g = {.a = a, .p = p, .out = out, .staff = reader == TB_GUIDE_STAFF};
    int year, month, day;
    *out = (tb_guide){.reader = reader};
    tb__graph(a, p, &g.graph);
    tb_day_split(p->effective, &year, &month, &day);
    out->title = tb_str_printf(a, "%.*s%s", TB_FMT(p->matter), g.staff ? "操作流程" : "办事指南");
    out->subtitle = tb_str_printf(a, "%s版本 %.*s，自%d年%d月%d日起施行", g.staff ? "工作人员用　" : "",
                                  TB_FMT(p->version), year, month, day);
    out->foot = tb_str_printf(a, "本%s由办理规则生成，与系统执行的规则一致。规则摘要（SM3）：%.*s",
                              g.staff ? "流程" : "指南", TB_FMT(p->digest));
    if (g.staff) tb__guide_staff(&g);
    else tb__guide_applicant(&g);
}
