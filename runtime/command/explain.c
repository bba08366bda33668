/* tongban explain: what a code of the checker, or a refusal of the server, means, why the rule exists and what to write
 * instead. The texts are grammar/诊断*.md (grammar/catalogue.h), built in. Of an article of a law: how it is treated
 * (duties.c). */
#include "canonical.h"
#include "catalogue.h"
#include "command.h"
#include "explain.h"

enum { WIDTH = 78 /* display cells of a line */, INDENT = 2 };

static enum tb_code code_of(const tb_explanation *e) {
    char text[8];
    for (int i = TB_CODE_NONE + 1; i < TB_CODE_COUNT; i++)
        if (tb_str_is(tb_str_z(e->code), tb_code_text((enum tb_code)i, text))) return (enum tb_code)i;
    return TB_CODE_NONE; /* a refusal */
}

static const char *severity_of(const tb_line *line, const tb_explanation *e) {
    enum tb_code code = code_of(e);
    switch (code == TB_CODE_NONE ? (enum tb_severity)0 : tb_code_severity(code)) {
    case TB_ERROR: return tb_line_say(line, "错误", "error");
    case TB_WARNING: return tb_line_say(line, "警告", "warning");
    case TB_NOTE: return tb_line_say(line, "说明", "note");
    }
    return tb_line_say(line, "拒绝", "refusal");
}

/* ---- wrapping: Han may break anywhere, but no line begins with a closing mark or ends with an opening one ---- */

static bool one_of(tb_str c, const char *const *marks) {
    for (; *marks; marks++)
        if (tb_str_is(c, *marks)) return true;
    return false;
}
static bool no_line_begins_with(tb_str c) {
    static const char *const marks[] = {"，", "。", "、", "；", "：", "）", "》", "」", "”", "？", "！", "…", NULL};
    return one_of(c, marks);
}
static bool no_line_ends_with(tb_str c) {
    static const char *const marks[] = {"（", "《", "「", "“", NULL};
    return one_of(c, marks);
}

/* The piece at the start of `s` that stays together: an ASCII word, or one character with what may not leave it. */
static tb_str piece(tb_str s) {
    uint32_t n = 0;
    bool holds = true;
    while (n < s.n && holds) {
        uint32_t from = n;
        bool ascii = (unsigned char)s.p[n] < 0x80;
        for (n++; n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80; n++) {}
        if (ascii && s.p[from] == ' ') return (tb_str){s.p, n}; /* blanks end a piece and belong to it */
        uint32_t next = n + 1;
        while (next < s.n && ((unsigned char)s.p[next] & 0xC0) == 0x80) next++;
        tb_str after = {s.p + n, n < s.n ? (next < s.n ? next : s.n) - n : 0};
        bool word = ascii && after.n && (unsigned char)after.p[0] < 0x80;
        holds = word || no_line_begins_with(after) || no_line_ends_with((tb_str){s.p + from, n - from});
    }
    return (tb_str){s.p, n};
}

static void indent(tb_buf *b, int n) {
    while (n--) tb_puts(b, " ");
}

void tb__put_wrapped(tb_buf *b, tb_str text) {
    uint32_t cells = 0;
    while (text.n) {
        if (text.p[0] == '\n') {
            tb_puts(b, "\n");
            cells = 0, text.p++, text.n--;
            continue;
        }
        tb_str line = text;
        for (uint32_t i = 0; i < line.n; i++)
            if (line.p[i] == '\n') line.n = i;
        tb_str p = piece(line);
        uint32_t wide = tb_cells(p) - (p.p[p.n - 1] == ' ');
        if (cells && cells + wide > WIDTH) {
            while (b->n && b->p[b->n - 1] == ' ') b->n--;
            tb_puts(b, "\n"), cells = 0;
        }
        if (!cells) indent(b, INDENT), cells = INDENT;
        tb_putstr(b, p);
        cells += tb_cells(p);
        text.p += p.n, text.n -= p.n;
    }
    tb_puts(b, "\n");
}

static void put_example(tb_line *line, const char *label, enum tb_ink ink, const char *text) {
    tb_buf *b = &line->out;
    if (!*text) return;
    tb_putf(b, "\n  %s%s%s\n", tb_ink(line, ink), label, tb_ink(line, TB_INK_OFF));
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n) indent(b, 2 * INDENT);
        tb_put(b, text, n);
        tb_puts(b, "\n");
        text += n + (text[n] == '\n');
    }
}

static void tell_people(tb_line *line, const tb_explanation *e) {
    tb_putf(&line->out, "%s%s %s%s%s\n\n", tb_ink(line, TB_INK_BOLD), e->code, severity_of(line, e),
            tb_line_say(line, "：", ": "), tb_line_say(line, e->title_zh, e->title_en));
    tb_puts(&line->out, tb_ink(line, TB_INK_OFF));
    tb__put_wrapped(&line->out, tb_str_z(tb_line_say(line, e->zh, e->en)));
    put_example(line, tb_line_say(line, "错", "wrong"), TB_INK_RED, e->wrong);
    put_example(line, tb_line_say(line, "对", "right"), TB_INK_GREEN, e->right);
}

static void put_member(tb_buf *b, const char *name, const char *text) {
    tb_putf(b, ",\"%s\":", name);
    tb_json_put_text(b, tb_str_z(text));
}

static void tell_programs(tb_line *line, const tb_explanation *e, bool whole) {
    tb_buf *b = &line->out;
    enum tb_code code = code_of(e);
    static const char *const severities[] = {"refusal", "error", "warning", "note"};
    tb_putf(b, "{\"code\":\"%s\",\"severity\":\"%s\"", e->code,
            severities[code == TB_CODE_NONE ? 0 : tb_code_severity(code)]);
    put_member(b, "title", tb_line_say(line, e->title_zh, e->title_en));
    if (whole) {
        put_member(b, "text", tb_line_say(line, e->zh, e->en));
        put_member(b, "wrong", e->wrong);
        put_member(b, "right", e->right);
    }
    tb_puts(b, "}");
}

static int list(tb_line *line) {
    if (line->json) {
        tb_puts(&line->out, "[");
        for (const tb_explanation *e = tb_explanations(); e->code; e++) {
            if (e != tb_explanations()) tb_puts(&line->out, ",");
            tell_programs(line, e, false);
        }
        tb_puts(&line->out, "]\n");
        return TB_EXIT_CLEAN;
    }
    tb_table t = {.columns = 3};
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "代码", "code")));
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "级别", "severity")));
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "说什么", "title")));
    for (const tb_explanation *e = tb_explanations(); e->code; e++) {
        tb_table_cell(line, &t, tb_str_z(e->code));
        tb_table_cell(line, &t, tb_str_z(severity_of(line, e)));
        tb_table_cell(line, &t, tb_str_z(tb_line_say(line, e->title_zh, e->title_en)));
    }
    tb_table_put(line, &t);
    return TB_EXIT_CLEAN;
}

static bool is_citation(const char *arg) { return tb_str_starts(tb_str_z(arg), "《"); }

static int run(tb_line *line) {
    const char *rules = tb_line_value(line, "rules");
    if (!line->count) return list(line);
    for (int i = 0; i < line->count; i++)
        if (!is_citation(line->args[i]) && !tb_explanation_of(tb_str_z(line->args[i])))
            return tb_line_error(line, "没有代码“%s”。所有代码：tongban explain",
                                 "there is no code \"%s\"; all codes: tongban explain", line->args[i]);
    if (line->json) tb_puts(&line->out, "[");
    for (int i = 0; i < line->count; i++) {
        if (i) tb_puts(&line->out, line->json ? "," : "\n");
        if (is_citation(line->args[i])) {
            if (tb__explain_law(line, rules ? rules : "rules", line->args[i]) == TB_EXIT_CLEAN) continue;
            line->out.n = 0; /* all or nothing: half an array helps nobody */
            return TB_EXIT_FAILED;
        }
        const tb_explanation *e = tb_explanation_of(tb_str_z(line->args[i]));
        if (line->json) tell_programs(line, e, true);
        else tell_people(line, e);
    }
    if (line->json) tb_puts(&line->out, "]\n");
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"rules", "目录", "条文取自这个目录，缺省 rules", "articles are those of this directory, rules when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_explain = {
    .name = "explain",
    .arguments = "[代码|条文…] [--rules 目录]",
    .least = 0,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "解释错误代码：为什么有这条规则，怎样改，错的和对的例子；解释法规的条文：程序怎样对待",
    .en = "explain codes: why the rule exists, what to do, a wrong and a right example; articles: how they are treated",
    .more_zh = "代码可以写 TB0123、0123 或 123，也可以是办件被拒绝的原因，如 WRONG_POST；不写代码，列出全部。\n"
               "例：tongban explain TB0006 TB0229\n"
               "条文写成 《行政许可法》第四十二条：说什么，怎样证明、执行、记录，哪些事项引用。",
    .more_en =
        "A code is written TB0123, 0123 or 123, or is the reason of a refused act such as WRONG_POST; without one, "
        "all are listed.\nexample: tongban explain TB0006\n"
        "An article, 《行政许可法》第42条: what it says, how it is proved, enforced, recorded, which matters cite it.",
};
