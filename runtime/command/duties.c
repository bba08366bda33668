/* tongban duties: every article of the laws, and how it is treated: proved, enforced, recorded, left out, or undeclared. And one
 * article at length, for `tongban explain 《行政许可法》第四十二条`.
 *
 * An undeclared article is no error: who adds a law is shown what is not done for him, and decides. */
#include "duties.h"
#include "canonical.h"
#include "catalogue.h"
#include "explain.h"
#include "workspace.h"
#include <string.h>

/* What was asked for, and whose lines are told. NULL: all. */
typedef struct asked {
    const char *law, *matter;
    const tb_sources *sources;
} asked;

static const char *word(const tb_line *line, enum tb_treated how) { return tb_treated_word(how, line->lang); }

/* ---- as JSON ---- */

static void put_member(tb_buf *b, const char *name, tb_str text) {
    tb_putf(b, ",\"%s\":", name);
    tb_json_put_text(b, text);
}

static void put_texts(tb_buf *b, const char *name, const tb_texts *l) {
    tb_putf(b, ",\"%s\":[", name);
    for (uint32_t i = 0; i < l->count; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, l->items[i]);
    }
    tb_puts(b, "]");
}

static const char *title_of(const tb_line *line, tb_str code) {
    const tb_explanation *e = tb_explanation_of(code);
    return e ? tb_line_say(line, e->title_zh, e->title_en) : "";
}

static void put_treatment(tb_line *line, const tb_treatment *t) {
    tb_buf *b = &line->out;
    tb_putf(b, "{\"how\":\"%s\",\"codes\":[", tb_treated_word(t->how, TB_LANG_EN));
    for (uint32_t i = 0; t->codes[i]; i++) {
        tb_str code = tb_treatment_code(line->arena, t, i);
        tb_puts(b, i ? ",{\"code\":" : "{\"code\":");
        tb_json_put_text(b, code);
        put_member(b, "title", tb_str_z(title_of(line, code)));
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
    put_member(b, "left", tb_str_z(t->left ? t->left : ""));
    put_member(b, "text", tb_str_z(tb_line_say(line, t->zh, t->en)));
    tb_puts(b, "}");
}

static void put_says(tb_buf *b, const tb_duty *d) {
    char text[8];
    tb_puts(b, ",\"says\":[");
    for (uint32_t i = 0; i < d->says.count; i++) {
        const tb_duty_part *p = &d->says.items[i];
        tb_puts(b, i ? ",{\"text\":" : "{\"text\":");
        tb_json_put_text(b, p->text);
        if (p->asked) tb_putf(b, ",\"asked\":\"%s\"", tb_code_text(p->asked, text));
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void put_cites(tb_buf *b, const tb_duty *d, const tb_sources *sources) {
    tb_puts(b, ",\"cites\":[");
    for (uint32_t i = 0; i < d->cites.count; i++) {
        const tb_duty_cite *x = &d->cites.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, x->matter);
        put_member(b, "file", sources->list.items[x->clause.file].path);
        tb_putf(b, ",\"line\":%u}", tb_source_place(sources, x->clause.file, x->clause.from).line);
    }
    tb_puts(b, "]");
}

static void put_article(tb_line *line, const tb_duty_law *law, const tb_duty *d, const tb_sources *sources) {
    tb_buf *b = &line->out;
    tb_puts(b, "{\"law\":");
    tb_json_put_text(b, law->name);
    put_member(b, "rank", law->rank);
    put_member(b, "article", d->article);
    put_member(b, "gist", d->gist);
    put_says(b, d);
    tb_putf(b, ",\"pending\":%s,\"treatments\":[", d->open ? "true" : "false");
    for (uint32_t i = 0; i < d->treatments.count; i++) {
        if (i) tb_puts(b, ",");
        put_treatment(line, d->treatments.items[i]);
    }
    tb_puts(b, "]");
    put_texts(b, "matters", &d->matters);
    put_cites(b, d, sources);
    tb_puts(b, "}");
}

static bool among(const tb_texts *l, const char *matter) {
    bool found = !matter;
    for (uint32_t i = 0; i < l->count && !found; i++) found = tb_str_is(l->items[i], matter);
    return found;
}

static bool wanted(const tb_duty_law *law, const asked *only) {
    bool cited = !only->matter;
    for (uint32_t k = 0; k < law->articles.count && !cited; k++) cited = among(&law->articles.items[k].matters, only->matter);
    return cited && (!only->law || tb_law_named(law->name, tb_str_z(only->law)));
}

static void tell_programs(tb_line *line, const tb_duties *d, const asked *only) {
    tb_buf *b = &line->out;
    bool first = true;
    tb_puts(b, "{\"articles\":[");
    for (uint32_t i = 0; i < d->laws.count; i++) {
        const tb_duty_law *law = &d->laws.items[i];
        for (uint32_t k = 0; wanted(law, only) && k < law->articles.count; k++) {
            if (!among(&law->articles.items[k].matters, only->matter)) continue;
            if (!first) tb_puts(b, ",");
            first = false;
            put_article(line, law, &law->articles.items[k], only->sources);
        }
    }
    tb_puts(b, "],\"missing\":[");
    first = true;
    for (uint32_t i = 0; i < d->missing.count; i++) {
        if (!among(&d->missing.items[i].matters, only->matter)) continue;
        tb_puts(b, first ? "{\"article\":" : ",{\"article\":");
        first = false;
        tb_json_put_text(b, d->missing.items[i].text);
        put_texts(b, "matters", &d->missing.items[i].matters);
        tb_puts(b, "}");
    }
    tb_puts(b, "]}\n");
}

/* ---- as a table ---- */

static tb_str codes_of(tb_line *line, const tb_treatment *t) {
    tb_buf b;
    tb_buf_init(&b, line->arena);
    tb_puts(&b, t->left ? t->left : "");
    for (uint32_t i = 0; t->codes[i]; i++)
        tb_putf(&b, "%s%.*s", i ? " " : "", TB_FMT(tb_treatment_code(line->arena, t, i)));
    return b.n ? tb_buf_str(&b) : TB_STR("—");
}

/* Of an undeclared article: what matters that cite it are checked for all the same. */
static tb_str asked_of(tb_line *line, const tb_duty *d) {
    char text[8];
    tb_buf b;
    tb_buf_init(&b, line->arena);
    for (uint32_t i = 0; i < d->says.count; i++)
        if (d->says.items[i].asked) tb_putf(&b, "%s%s", b.n ? " " : "", tb_code_text(d->says.items[i].asked, text));
    return b.n ? tb_buf_str(&b) : TB_STR("—");
}

static tb_str file_name(tb_str path) {
    for (uint32_t i = path.n; i-- > 0;)
        if (path.p[i] == '/') return (tb_str){path.p + i + 1, path.n - i - 1};
    return path;
}

/* How many matters cite the article; of one matter: in which lines. A template's are told with its file. */
static tb_str cited_in(tb_line *line, const tb_duty *d, const asked *only, uint32_t own) {
    tb_buf b;
    if (!only->matter) return tb_str_printf(line->arena, "%u", d->matters.count);
    tb_buf_init(&b, line->arena);
    for (uint32_t i = 0; i < d->cites.count; i++) {
        const tb_duty_cite *x = &d->cites.items[i];
        if (!tb_str_is(x->matter, only->matter)) continue;
        if (b.n) tb_puts(&b, tb_line_say(line, "、", ", "));
        if (x->clause.file != own)
            tb_putf(&b, "%.*s:", TB_FMT(file_name(only->sources->list.items[x->clause.file].path)));
        tb_put_int(&b, tb_source_place(only->sources, x->clause.file, x->clause.from).line);
    }
    return tb_buf_str(&b);
}

static void put_row(tb_line *line, tb_table *t, const tb_duty *d, uint32_t n, const asked *only, uint32_t own) {
    const tb_treatment *x = n < d->treatments.count ? d->treatments.items[n] : NULL;
    tb_table_cell(line, t, n ? TB_STR("") : d->article);
    tb_table_cell(line, t, n ? TB_STR("") : cited_in(line, d, only, own));
    tb_table_cell(line, t, tb_str_z(word(line, x ? x->how : (enum tb_treated)0)));
    tb_table_cell(line, t, x ? codes_of(line, x) : asked_of(line, d));
    tb_table_cell(line, t, x ? tb_str_z(tb_line_say(line, x->zh, x->en)) : d->gist);
}

static void count_up(tb_line *line, const tb_duty_law *law) {
    tb_putf(&line->out, tb_line_say(line, "《%.*s》（%.*s）：%u 条", "《%.*s》 (%.*s): %u articles"), TB_FMT(law->name),
            TB_FMT(law->rank), law->articles.count);
    for (int how = 1; how <= TB_TREATED_COUNT; how++)
        if (law->counts[how % TB_TREATED_COUNT])
            tb_putf(&line->out, tb_line_say(line, "，%s %u", ", %s %u"),
                    word(line, (enum tb_treated)(how % TB_TREATED_COUNT)), law->counts[how % TB_TREATED_COUNT]);
    tb_puts(&line->out, "\n");
}

static void put_law(tb_line *line, const tb_duty_law *law, const asked *only, uint32_t own) {
    static const char *const zh[] = {"条目", "事项", "对待", "代码或记录", "说明"};
    static const char *const en[] = {"article", "matters", "treated", "codes or record", "how far"};
    tb_table t = {.columns = 5, .right = only->matter ? 0 : 1 << 1};
    if (!only->matter) count_up(line, law);
    else tb_putf(&line->out, tb_line_say(line, "《%.*s》（%.*s）\n", "《%.*s》 (%.*s)\n"), TB_FMT(law->name), TB_FMT(law->rank));
    for (int i = 0; i < 5; i++)
        tb_table_cell(line, &t, tb_str_z(i == 1 && only->matter ? tb_line_say(line, "行", "lines") : tb_line_say(line, zh[i], en[i])));
    for (uint32_t i = 0; i < law->articles.count; i++) {
        const tb_duty *d = &law->articles.items[i];
        if (!among(&d->matters, only->matter)) continue;
        for (uint32_t n = 0; n == 0 || n < d->treatments.count; n++) put_row(line, &t, d, n, only, own);
    }
    if (law->articles.count) tb_table_put(line, &t);
}

static void put_list(tb_buf *b, const tb_texts *l, const char *between) {
    for (uint32_t i = 0; i < l->count; i++) tb_putf(b, "%s%.*s", i ? between : "", TB_FMT(l->items[i]));
}

static void tell_people(tb_line *line, const tb_duties *d, const asked *only, uint32_t own) {
    tb_buf *b = &line->out;
    bool first = true, missing = false;
    for (uint32_t i = 0; i < d->laws.count; i++) {
        if (!wanted(&d->laws.items[i], only)) continue;
        if (!first) tb_puts(b, "\n");
        first = false;
        put_law(line, &d->laws.items[i], only, own);
    }
    for (uint32_t i = 0; i < d->missing.count; i++) missing |= among(&d->missing.items[i].matters, only->matter);
    if (only->law || !missing) return;
    tb_putf(
        b, "\n%s\n",
        tb_line_say(line, "事项引用、这些法规文件里没有的条：", "Articles that matters cite and no law's file holds:"));
    for (uint32_t i = 0; i < d->missing.count; i++) {
        if (!among(&d->missing.items[i].matters, only->matter)) continue;
        tb_putf(b, "  %.*s%s", TB_FMT(d->missing.items[i].text), tb_line_say(line, "：", ": "));
        put_list(b, &d->missing.items[i].matters, "、");
        tb_puts(b, "\n");
    }
}

/* ---- one article at length ---- */

static void explain_treatment(tb_line *line, const tb_treatment *t) {
    tb_buf *b = &line->out;
    tb_putf(b, "\n%s%s%s", tb_ink(line, TB_INK_BOLD), word(line, t->how), tb_ink(line, TB_INK_OFF));
    tb_putf(b, "%s%s\n", t->left ? "  " : "", t->left ? t->left : "");
    tb__put_wrapped(b, tb_str_z(tb_line_say(line, t->zh, t->en)));
    for (uint32_t i = 0; t->codes[i]; i++) {
        tb_str code = tb_treatment_code(line->arena, t, i);
        tb_putf(b, "    %.*s  %s\n", TB_FMT(code), title_of(line, code));
    }
}

/* What the file says besides the gist; a code behind it: matters that cite the article are checked against it. */
static void explain_says(tb_line *line, const tb_duty *d) {
    char text[8];
    if (d->says.count) tb_putf(&line->out, "\n%s\n", tb_line_say(line, "文件里还写了", "its file also says"));
    for (uint32_t i = 0; i < d->says.count; i++) {
        const tb_duty_part *p = &d->says.items[i];
        tb_putf(&line->out, "  %.*s", TB_FMT(p->text));
        if (p->asked)
            tb_putf(&line->out, tb_line_say(line, "（引用它的，违反时报 %s）", " (what cites it and breaks it: %s)"),
                    tb_code_text(p->asked, text));
        tb_puts(&line->out, "\n");
    }
}

static void explain_article(tb_line *line, const tb_duty_law *law, const tb_duty *d) {
    tb_buf *b = &line->out;
    tb_putf(b, "%s《%.*s》%.*s%s%s\n\n", tb_ink(line, TB_INK_BOLD), TB_FMT(law->name), TB_FMT(d->article),
            d->open ? tb_line_say(line, "（待核）", " (unverified)") : "", tb_ink(line, TB_INK_OFF));
    if (d->gist.n) tb__put_wrapped(b, d->gist);
    explain_says(line, d);
    for (uint32_t i = 0; i < d->treatments.count; i++) explain_treatment(line, d->treatments.items[i]);
    if (!d->treatments.count)
        tb_putf(b, "\n%s%s\n", word(line, (enum tb_treated)0),
                tb_line_say(line, "：程序对这一条做什么，没有声明",
                            ": what the program does for this article is not declared"));
    tb_putf(b, "\n%s%s", tb_line_say(line, "引用它的事项", "cited by"), tb_line_say(line, "：", ": "));
    if (!d->matters.count) tb_puts(b, "—");
    put_list(b, &d->matters, "、");
    tb_puts(b, "\n");
}

/* Article 42 is its paragraphs, too; paragraph 1 is its items. */
static bool covers(const tb_law_ref *asked, const tb_law_ref *x) {
    if (!asked->article) return true;
    return x->article == asked->article && x->sub == asked->sub &&
           (!asked->paragraph || x->paragraph == asked->paragraph) && (!asked->item || x->item == asked->item);
}

static int open_rules(tb_line *line, const char *rules, tb_workspace *w) {
    const char *first = line->args[0];
    int count = line->count;
    line->args[0] = rules;
    line->count = 1;
    int r = tb__workspace_open(line, w);
    line->args[0] = first;
    line->count = count;
    return r;
}

int tb__explain_law(tb_line *line, const char *rules, const char *citation) {
    tb_workspace w;
    tb_law_ref ref;
    uint32_t found = 0;
    bool law = false;
    if (!tb_law_read(tb_str_z(citation), &ref))
        return tb_line_error(line, "看不懂“%s”；写成 《行政许可法》第四十二条第一款",
                             "\"%s\" is no citation; write 《行政许可法》第42条第1款", citation);
    if (open_rules(line, rules, &w)) return TB_EXIT_FAILED;
    const tb_duties *d = tb_duties_of(line->arena, w.rules);
    for (uint32_t i = 0; i < d->laws.count; i++) {
        if (!tb_law_named(d->laws.items[i].name, ref.law)) continue;
        law = true;
        for (uint32_t k = 0; k < d->laws.items[i].articles.count; k++) {
            const tb_duty *x = &d->laws.items[i].articles.items[k];
            if (!covers(&ref, &x->ref)) continue;
            if (found++) tb_puts(&line->out, line->json ? "," : "\n");
            if (line->json) put_article(line, &d->laws.items[i], x, &w.rules->sources);
            else explain_article(line, &d->laws.items[i], x);
        }
    }
    if (found) return TB_EXIT_CLEAN;
    if (law)
        return tb_line_error(line, "%s 的文件里没有这一条：%s", "the law's file below %s has no such article: %s",
                             rules, citation);
    return tb_line_error(line, "%s 里没有这部法规：%s。另一个目录用 --rules",
                         "no such law below %s: %s; for another directory use --rules", rules, citation);
}

/* ---- the command ---- */

static bool any_wanted(const tb_duties *d, const asked *only) {
    for (uint32_t i = 0; i < d->laws.count; i++)
        if (wanted(&d->laws.items[i], only)) return true;
    return false;
}

static const tb_program *program_of(const tb_rules *r, const char *matter) {
    for (uint32_t i = 0; matter && i < r->programs.count; i++)
        if (tb_str_is(r->programs.items[i]->matter, matter)) return r->programs.items[i];
    return NULL;
}

static int run(tb_line *line) {
    tb_workspace w;
    asked only = {.law = tb_line_value(line, "law"), .matter = tb_line_value(line, "matter")};
    const char *format = tb_line_value(line, "format");
    bool page = format && strcmp(format, "markdown") == 0;
    if (format && !page && strcmp(format, "table") != 0)
        return tb_line_error(line, "没有格式“%s”。现有：table、markdown",
                             "there is no format \"%s\"; there are: table, markdown", format);
    if (page && (only.law || only.matter || line->json))
        return tb_line_error(line, "--format markdown 写出全部，不能同时用 --law、--matter 或 --json",
                             "--format markdown writes all: it goes with none of --law, --matter, --json");
    if (!line->count) line->args[line->count++] = "rules";
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    bool errors = w.rules->diagnostics.errors && tb__workspace_tell(line, &w);
    const tb_duties *d = tb_duties_of(line->arena, w.rules);
    if (!d->laws.count) return tb_line_error(line, "这些文件里没有 法规", "there is no law (法规) in these files");
    const tb_program *p = program_of(w.rules, only.matter);
    only.sources = &w.rules->sources;
    if (only.matter && !p)
        return tb_line_error(line, "这些文件里没有事项“%s”，或者它有错误", "there is no matter “%s” in these files, or it has errors", only.matter);
    if (!only.matter && !any_wanted(d, &only))
        return tb_line_error(line, "这些文件里没有《%s》", "there is no law “%s” in these files", only.law);
    if (line->json) tell_programs(line, d, &only);
    else if (page) tb_duties_page(&line->out, d, line->lang);
    else tell_people(line, d, &only, p ? p->span.file : 0);
    return errors ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"law", "法规", "只列这一部", "this law only"},
    {"matter", "事项", "只列这个事项引用的条，说在哪几行", "only what this matter cites, and in which lines"},
    {"format", "table|markdown", "格式，缺省 table", "table when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_duties = {
    .name = "duties",
    .arguments = "[文件|目录…] [--law 法规] [--matter 事项]",
    .least = 0,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "法规的每一条怎样对待：证明、执行、记录、范围外、未声明",
    .en = "how each article of the laws is treated: proved, enforced, recorded, outside, undeclared",
    .more_zh =
        "证明：check 证明，违反的规则不能装载。执行：违反的动作被拒绝，或者时钟自己办。记录：记在办件里，由人判断。\n"
        "范围外：不做，说明为什么。未声明：程序对这一条做什么没有声明，例如本部门自己加的法规；不是错误。\n"
        "没有写目录的是 rules。规则有错误时退出码是 1，没有法规时是 2。\n"
        "例：tongban duties rules --law 行政许可法；一条的全部：tongban explain 《行政许可法》第四十二条",
    .more_en =
        "proved: rules that break it do not load. enforced: acts that break it are refused, or the clock does it.\n"
        "recorded: kept with the case. outside: not done, and why. undeclared: nothing is said, as of a law of your "
        "own; no error.\n"
        "Without a directory: rules. Exits with 1 on errors in the rules, 2 where there is no law.\n"
        "example: tongban duties rules --law 行政许可法; one article at length: tongban explain "
        "《行政许可法》第四十二条",
};
