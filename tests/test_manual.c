/* The manual holds what the language is.
 *
 *   test_manual [-u]      -u (make manual) writes grammar/词表.md, the lists of the manual, from the tables the program is made of
 *
 * A table that changed without the list fails here, and so does a keyword, a clause or a part of one that no example of grammar/手册.md
 * shows, an example not laid out as `tongban fmt` does, and a chapter that the contents leave out. (That the examples compile and their 用例 pass: test_rules.) */
#include "engine.h"
#include "example.h"
#include "names.h"
#include "proof/proof.h"
#include "step.h"
#include "syntax.h"
#include "table.h"
#include "value.h"

static const char manual_path[] = "grammar/手册.md", list_path[] = "grammar/词表.md";
static tb_arena *arena;

/* ---- the tables ---- */

typedef struct word_pair {
    const char *zh, *en;
} word_pair;
static const word_pair keywords[] = {
#define X(token, zh, en) {zh, en},
#include "keywords.def"
#undef X
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static bool is_word(const word_pair *k, const char *zh, const char *en) {
    return *k->en && strcmp(k->en, en) == 0 && (strcmp(k->zh, zh) == 0 || !*k->zh);
}

static bool heads_section(const word_pair *k) {
    for (int s = 1; s < TB_S_COUNT; s++)
        if (is_word(k, tb_section_word(s, TB_LANG_ZH), tb_section_word(s, TB_LANG_EN))) return true;
    return strcmp(k->en, "import") == 0;
}

static bool heads_clause(const word_pair *k) {
    for (int c = 1; c < TB_C_COUNT; c++)
        if (is_word(k, tb_clause_word(c, TB_LANG_ZH), tb_clause_word(c, TB_LANG_EN))) return true;
    return false;
}

static bool heads_part(const word_pair *k) {
    for (int p = 1; p < TB_P_COUNT; p++)
        if (is_word(k, tb_part_word(p, TB_LANG_ZH), tb_part_word(p, TB_LANG_EN))) return true;
    return false;
}

/* A clause or part without a word of its own: how it is told. */
static const char *clause_called(enum tb_clause_kind k) {
    switch (k) {
    case TB_C_FIELD: return "（字段的名称）";
    case TB_C_MATERIAL: return "（材料的名称）";
    case TB_C_DOCUMENT: return "（文书的名称）";
    case TB_C_AT: return "（日期、钟点、动作）";
    case TB_C_LISTED: return "（事项的名称）";
    default: return tb_clause_word(k, TB_LANG_ZH);
    }
}

static const char *part_called(enum tb_part_kind k) {
    switch (k) {
    case TB_P_TEXT: return "“文字”";
    case TB_P_COMPARE: return "大于 小于 …";
    case TB_P_DATED: return "…日 …日";
    case TB_P_NAMED_DATE: return "…到期 …日 DATE";
    case TB_P_NAMED_TIME: return "…到期 …日 DATE TIME";
    case TB_P_SET: return "… 为 …";
    case TB_P_TIMES: return "限 N次";
    case TB_P_ONLY: return "限 …";
    default: return tb_part_word(k, TB_LANG_ZH);
    }
}

/* ---- the list ---- */

static void put_head(tb_buf *b) {
    tb_puts(b,
            "# 词表\n\n"
            "这个文件由程序所用的表生成（`make manual`），不要手改；表改了而它没有跟着改，测试会失败。怎样用这些词，见"
            "[手册](手册.md)。\n\n"
            "- [关键字](#关键字)\n- [句子](#句子)\n- [类型](#类型)\n- [固定的名称](#固定的名称)\n- [上限](#上限)\n"
            "- [诊断](#诊断)\n- [拒绝](#拒绝)\n");
}

static void put_keyword_group(tb_buf *b, const char *title, int group) {
    tb_putf(b, "\n**%s**\n\n| 中文 | English |\n|---|---|\n", title);
    for (int i = 0; i < KEYWORDS; i++) {
        const word_pair *k = &keywords[i];
        int mine = heads_section(k) ? 0 : heads_clause(k) ? 1 : heads_part(k) ? 2 : 3;
        if (mine != group) continue;
        if (*k->zh) tb_putf(b, "| `%s` | `%s` |\n", k->zh, k->en);
        else tb_putf(b, "| %s | `%s` |\n", strcmp(k->en, "when") == 0 ? "`…的，`" : "`…之前`", k->en);
    }
}

static void put_keywords(tb_buf *b) {
    tb_puts(b, "\n## 关键字\n\n不能当名称；要当名称，写在「」里。中文和英文意思相同，可以混用。\n");
    put_keyword_group(b, "标题和引用", 0);
    put_keyword_group(b, "句首", 1);
    put_keyword_group(b, "句中的部分", 2);
    put_keyword_group(b, "其余：值、条件、连接", 3);
}

static void put_clause(tb_buf *b, enum tb_clause_kind k) {
    static const char *const often[] = {"", "", "（必写）", "（可重复）"};
    bool first = true;
    tb_putf(b, "| %s | `%s` | ", clause_called(k), tb_clause_word(k, TB_LANG_EN));
    for (int s = 1; s < TB_S_COUNT; s++) {
        if (!tb__takes_clause(s, k)) continue;
        tb_putf(b, "%s%s", first ? "" : "、", tb_section_word(s, TB_LANG_ZH));
        first = false;
    }
    tb_puts(b, " | ");
    first = true;
    for (int p = 1; p < TB_P_COUNT; p++) {
        int how = tb__takes_part(k, p);
        if (!how) continue;
        tb_putf(b, "%s%s%s", first ? "" : "，", part_called(p), often[how]);
        first = false;
    }
    tb_puts(b, " |\n");
}

static void put_clauses(tb_buf *b) {
    tb_puts(
        b,
        "\n## 句子\n\n每一句写在哪些标题下，可以带哪些部分。没有注明的部分至多一次；`待核` 可以写在任何一句的末尾。\n\n"
        "| 句首 | English | 写在 | 部分 |\n|---|---|---|---|\n");
    for (int k = 1; k < TB_C_COUNT; k++) put_clause(b, k);
}

/* A value as JSON that is right, one that is wrong: what is said of it is what the program says. */
static const struct {
    enum tb_type type;
    const char *rule, *right, *wrong;
} type_rules[] = {
    {TB_T_TEXT, "一段文字，不能空", "\"张三\"", "\"\""},
    {TB_T_INTEGER, "精确的整数，至多 18 位", "12", "\"12.5\""},
    {TB_T_DECIMAL, "精确的小数，至多 18 位，写成字符串；整数也可以不写成字符串", "\"12.50\"", "\"12.\""},
    {TB_T_MONEY, "同小数，至多两位小数", "\"12.50\"", "\"12.505\""},
    {TB_T_DATE, "真有的一天", "\"2026-03-02\"", "\"2026-02-30\""},
    {TB_T_TIME, "日期、钟点和时区", "\"2026-03-02T09:00:00+08:00\"", "\"09:00\""},
    {TB_T_BOOL, "是或否", "true", "\"是\""},
    {TB_T_OPTION, "列出的值之一（这里是 甲、乙）", "\"甲\"", "\"丙\""},
    {TB_T_ADDRESS, "区划和详址；详址可以没有", "{\"区划\":\"370402\",\"详址\":\"某路1号\"}", "\"某路1号\""},
    {TB_T_DIVISION, "GB/T 2260 或组织文件里的六位代码", "\"370402\"", "\"370499\""},
    {TB_T_ID_CARD, "GB 11643：出生日期真有而且不在提交以后，校验位相符", "\"11010519491231002X\"",
     "\"110105194912310021\""},
    {TB_T_CREDIT_CODE, "GB 32100 和 GB 11714：两个校验位都相符", "\"11511301008778183N\"", "\"11511301008778183P\""},
    {TB_T_PHONE, "11 位，13 至 19 开头", "\"13812345678\"", "\"12812345678\""},
    {TB_T_ATTACHMENT, "附件的名称，不能空", "\"平面图.pdf\"", "\"\""},
    {TB_T_LIST, "数组，每一项都按类型查，次序不变（这里是 列表 整数，至多 2）", "[1,2]", "[1,2,3]"},
};

static tb_str judged(enum tb_type type, const char *json) {
    static const tb_str options[] = {{"甲", 3}, {"乙", 3}};
    tb_field f = {.type = type, .item = TB_T_INTEGER, .most = 2};
    if (type == TB_T_OPTION) f.options = options, f.options_n = 2;
    const tb_json *v = tb_json_read(arena, tb_str_z(json), NULL, NULL);
    if (!CHECK(v)) return TB_NONE;
    return tb_value_wrong(arena, TB_LANG_ZH, &f, v, tb_day(2026, 3, 2), NULL);
}

static void put_types(tb_buf *b) {
    tb_puts(b, "\n## 类型\n\n例子是 JSON 里的写法；最后一栏是程序对错的例子说的话。\n\n"
               "| 类型 | English | 规则 | 对 | 错 | 程序说 |\n|---|---|---|---|---|---|\n");
    CHECK_INT(sizeof type_rules / sizeof *type_rules, TB_T_LIST);
    for (size_t i = 0; i < sizeof type_rules / sizeof *type_rules; i++) {
        enum tb_type t = type_rules[i].type;
        tb_str said = judged(t, type_rules[i].wrong);
        CHECK_INT(t, i + 1);
        if (!CHECK(said.n && !judged(t, type_rules[i].right).n))
            fprintf(stderr, "    the examples of the type %s\n", tb_type_word(t, TB_LANG_ZH));
        tb_putf(b, "| `%s` | `%s` | %s | `%s` | `%s` | %.*s |\n", tb_type_word(t, TB_LANG_ZH),
                tb_type_word(t, TB_LANG_EN), type_rules[i].rule, type_rules[i].right, type_rules[i].wrong,
                TB_FMT(said));
    }
}

static void put_fixed_names(tb_buf *b) {
    tb_puts(
        b, "\n## 固定的名称\n\n语言自己给的名称，不用声明，也不能改名。\n\n| 什么 | 名称 | English |\n|---|---|---|\n");
    for (int s = 0; s < TB_SORTS; s++) {
        enum tb_sort sort = (enum tb_sort)(1u << s);
        if (sort == TB_N_TYPE) continue; /* told above */
        const char *zh;
        for (uint32_t n = 0; (zh = tb_fixed_name_of(sort, n, TB_LANG_ZH)) != NULL; n++)
            tb_putf(b, "| %s | `%s` | `%s` |\n", tb_sort_word(sort, TB_LANG_ZH), zh,
                    tb_fixed_name_of(sort, n, TB_LANG_EN));
    }
}

static void put_limits(tb_buf *b) {
    static const struct {
        const char *what, *constant;
        int64_t value;
    } limits[] = {
#define LIMIT(what, constant) {what, #constant, constant},
        LIMIT("一个文件的字节", TB_SOURCE_BYTES) LIMIT("一次读的文件", TB_SOURCE_FILES)
            LIMIT("一行的字节", TB_LINE_BYTES) LIMIT("一个名称的字节", TB_NAME_BYTES) LIMIT("条件的层数", TB_EXPR_DEPTH)
                LIMIT("一次说出的诊断（其余只计数）", TB_DIAGNOSTIC_LIMIT) LIMIT("一个事项的环节", TB_STEPS)
                    LIMIT("环节和分支（打开的样子）合计", TB_CHART_STATES) LIMIT("申请表的字段", TB_FIELDS)
                        LIMIT("时点，包括固定的和「P收到」", TB_MILESTONES) LIMIT("办理模式", TB_MODES)
                            LIMIT("列表的 至多", TB_LIST_ITEMS) LIMIT("没有写 至多 的列表", TB_LIST_USUAL)
                                LIMIT("要计数的动作（限 N次 …）", TB_COUNTED_MOVES) LIMIT("决策表的行", TB_TABLE_ROWS)
                                    LIMIT("决策表的输入；输出", TB_TABLE_COLUMNS)
                                        LIMIT("接口没有写 重试 时重试的次数", TB_CALL_RETRIES)
                                            LIMIT("一个期限跨越的天数", TB_COUNT_LIMIT)
                                                LIMIT("一个办件的事件", TB_CASE_EVENTS) LIMIT("一次动作的内容的字节",
                                                                                              TB_INPUT_BYTES)
                                                    LIMIT("一个办件的状态的字节", TB_CASE_BYTES)
                                                        LIMIT("证明：一个事项的情形", TB_PROOF_CONFIGURATIONS)
                                                            LIMIT("证明：申请表影响条件的取法", TB_PROOF_VALUATIONS)
                                                                LIMIT("证明：一个事项所用的内存（MiB）", TB_PROOF_MIB)
#undef LIMIT
    };
    tb_puts(b, "\n## 上限\n\n超过的，得到说明白的错误（证明的上限：说“没有证明”）。\n\n| 什么 | 上限 | 常量 "
               "|\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        tb_putf(b, "| %s | %" PRId64 " | `%s` |\n", limits[i].what, limits[i].value, limits[i].constant);
}

static const struct code_row {
    enum tb_code code;
    enum tb_severity severity;
} codes[] = {
#define X(name, number, severity, zh, zh_hint, en, en_hint) {TB_E_##name, severity},
#include "diagnostics.def"
#undef X
};

/* The rows of one file of the catalogue, in its order. */
static void put_catalogue_file(tb_buf *b, const char *file, bool refusals) {
    static const char *const severities[] = {"", "错误", "警告", "说明"};
    tb_str text = read_all(arena, tb_str_printf(arena, "grammar/%s", file).p);
    if (!CHECK(text.n)) return;
    bool any = false;
    for (uint32_t at = find_line(text, 0, "## "); at < text.n; at = find_line(text, line_end(text, at), "## ")) {
        uint32_t from = at + 3, to = from;
        while (to < text.n && text.p[to] > ' ') to++;
        const tb_explanation *e = tb_explanation_of((tb_str){text.p + from, to - from});
        if (!e) continue;
        if (!any)
            tb_putf(b,
                    refusals ? "\n[%s](%s)\n\n| 名称 | 为什么 | English |\n|---|---|---|\n"
                             : "\n[%s](%s)\n\n| 代码 | 级别 | 题目 | English |\n|---|---|---|---|\n",
                    file, file);
        any = true;
        if (refusals) {
            tb_putf(b, "| `%s` | %s | %s |\n", e->code, e->title_zh, e->title_en);
            continue;
        }
        const char *severity = "";
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            char code[8];
            if (strcmp(tb_code_text(codes[i].code, code), e->code) == 0) severity = severities[codes[i].severity];
        }
        tb_putf(b, "| `%s` | %s | %s | %s |\n", e->code, severity, e->title_zh, e->title_en);
    }
    if (!CHECK(any)) fprintf(stderr, "    grammar/%s explains nothing\n", file);
}

static int by_name(const void *a, const void *b) { return strcmp(((const tb_str *)a)->p, ((const tb_str *)b)->p); }

static void put_catalogue(tb_buf *b) {
    static const char refusals[] = "诊断-办件.md";
    TB_LIST(tb_str) files = {0};
    DIR *d = opendir("grammar");
    for (struct dirent *e; d && (e = readdir(d));) {
        tb_str name = tb_str_z(e->d_name);
        if (tb_str_starts(name, "诊断") && tb_str_ends(name, ".md") && !tb_str_is(name, refusals))
            *TB_PUSH(arena, files) = tb_str_copy(arena, name);
    }
    if (d) closedir(d);
    if (!CHECK(files.count)) return;
    qsort(files.items, files.count, sizeof *files.items, by_name);
    tb_puts(b, "\n## 诊断\n\n检查规则时说的代码。每一个的说明、错的和对的例子：`tongban explain "
               "TB0006`，或者各表上面的文件。\n");
    for (uint32_t i = 0; i < files.count; i++) put_catalogue_file(b, files.items[i].p, false);
    tb_puts(b, "\n## 拒绝\n\n办件时一个动作为什么被拒绝；用例里写在 `应当拒绝` 后面。\n");
    put_catalogue_file(b, refusals, true);
}

static void word_list(bool update) {
    tb_buf b;
    tb_buf_init(&b, arena);
    put_head(&b);
    put_keywords(&b);
    put_clauses(&b);
    put_types(&b);
    put_fixed_names(&b);
    put_limits(&b);
    put_catalogue(&b);
    tb_str fresh = tb_buf_str(&b);
    if (update) {
        FILE *f = fopen(list_path, "wb");
        if (!CHECK(f && fwrite(fresh.p, 1, fresh.n, f) == fresh.n)) perror(list_path);
        if (f) fclose(f);
        return;
    }
    tb_str is = read_all(arena, list_path);
    if (CHECK(is.n == fresh.n && memcmp(is.p, fresh.p, is.n) == 0)) return;
    uint32_t at = 0, line = 1;
    for (; at < is.n && at < fresh.n && is.p[at] == fresh.p[at]; at++) line += is.p[at] == '\n';
    while (at && fresh.p[at - 1] != '\n') at--;
    fprintf(stderr, "    %s:%u is not what the tables give: %.*s    run `make manual`, and commit what it writes\n",
            list_path, line, (int)(line_end(fresh, at) - at), fresh.p + at);
}

/* ---- what the examples show ---- */

static bool shown_keyword[KEYWORDS], shown_section[TB_S_COUNT], shown_clause[TB_C_COUNT], shown_part[TB_P_COUNT];

static void note_keywords(const tb_sources *s, uint32_t file) {
    tb__lexer l;
    const tb_source *source = &s->list.items[file];
    tb__lex_begin(&l, arena, NULL, source, file);
    for (tb__token t; (t = tb__lex_next(&l)).kind != 0;) {
        tb_str text = {source->text.p + t.at.from, t.at.to - t.at.from};
        bool act = tb_str_ends(text, "的"), until = tb_str_ends(text, "之前");
        for (int i = 0; i < KEYWORDS; i++) {
            const word_pair *k = &keywords[i];
            bool plain = tb_str_is(text, k->zh) || tb_str_is(text, k->en);
            bool joined = !*k->zh && (strcmp(k->en, "when") == 0 ? act : until);
            shown_keyword[i] |= (plain && tb__keyword(text) == t.kind) || joined;
        }
    }
}

static void note_tree(const tb_tree *t) {
    for (uint32_t i = 0; i < t->sections.count; i++) {
        const tb_section *s = &t->sections.items[i];
        shown_section[s->kind] = true;
        for (uint32_t k = 0; k < s->clauses.count; k++) {
            const tb_clause *c = &s->clauses.items[k];
            shown_clause[c->kind] = true;
            for (uint32_t n = 0; n < c->parts.count; n++) shown_part[c->parts.items[n].kind] = true;
        }
    }
}

static void note_example(tb_str text) {
    example x;
    read_example(&x, arena, text, "全文 ");
    for (uint32_t i = 0; i < x.count; i++) {
        tb_sources sources = {0};
        tb_diagnostics d;
        tb_diagnostics_init(&d, arena);
        uint32_t file = tb_source_add(arena, &sources, x.paths[i], x.texts[i]);
        const tb_tree *t = tb_parse(arena, &sources, file, &d);
        if (!CHECK(t && !d.errors)) return;
        if (!CHECK(tb_str_eq(tb_format(arena, x.paths[i], x.texts[i]), x.texts[i])))
            fprintf(stderr, "    not as tongban fmt lays it out: the example that begins %.*s",
                    (int)line_end(x.texts[i], 0), x.texts[i].p);
        note_keywords(&sources, file);
        note_tree(t);
    }
}

static void must_show(bool shown, const char *what, const char *word) {
    if (!CHECK(shown)) fprintf(stderr, "    no ```tb of %s shows the %s “%s”\n", manual_path, what, word);
}

static void coverage(tb_str manual) {
    for (uint32_t at = find_line(manual, 0, "```tb\n"); at < manual.n; at = find_line(manual, at, "```tb\n")) {
        uint32_t from = line_end(manual, at), to = find_line(manual, from, "```");
        note_example((tb_str){manual.p + from, to - from});
        at = line_end(manual, to);
    }
    for (int i = 0; i < KEYWORDS; i++)
        must_show(shown_keyword[i], "keyword", *keywords[i].zh ? keywords[i].zh : keywords[i].en);
    for (int s = 1; s < TB_S_COUNT; s++) must_show(shown_section[s], "heading", tb_section_word(s, TB_LANG_ZH));
    for (int c = 1; c < TB_C_COUNT; c++) must_show(shown_clause[c], "clause", clause_called(c));
    for (int p = 1; p < TB_P_COUNT; p++) must_show(shown_part[p], "part", part_called(p));
}

/* ---- its chapters ---- */

/* Each heading of a chapter is a line of the contents, in the same order. */
static void contents(tb_str manual) {
    uint32_t line = find_line(manual, 0, "- [");
    for (uint32_t at = find_line(manual, 0, "## "); at < manual.n;
         at = find_line(manual, line_end(manual, at), "## ")) {
        tb_str title = without_blank_end((tb_str){manual.p + at + 3, line_end(manual, at) - at - 3});
        tb_str entry = {manual.p + line, line_end(manual, line) - line};
        tb_str want = tb_str_printf(arena, "- [%.*s](#", TB_FMT(title));
        if (!CHECK(tb_str_starts(entry, want.p)))
            fprintf(stderr, "    the contents of %s say %.*s    where the chapter is “%.*s”\n", manual_path,
                    TB_FMT(entry), TB_FMT(title));
        line = line_end(manual, line);
    }
    CHECK(manual.p[line] == '\n');
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
    arena = tb_arena_new(NULL, 0);
    word_list(update);
    if (!update) {
        tb_str manual = read_all(arena, manual_path);
        if (CHECK(manual.n)) {
            contents(manual);
            coverage(manual);
        }
    }
    tb_arena_free(arena);
    return check_end();
}
