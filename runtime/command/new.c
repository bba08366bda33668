/* tongban new: the first text of a matter, from the spreadsheet a department has (实施清单) or from a name.
 *
 * The text is made beside the organs and calendars of the rules directory it will lie in, and compiled there before
 * this command says what to do next; a file that exists is never written over. */
#include "../sheet.h"
#include "digest.h"
#include "workspace.h"
#include "calendar.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct made {
    tb_draft *draft;
    const tb_source_matter *source; /* NULL: from a name */
    tb_str path;                    /* "-": standard output */
};
struct starting {
    tb_line *line;
    tb_str root, directory; /* of the rules; where files go */
    tb_files context;       /* 组织, 日历 */
    tb_draft_world world;
    tb_draft_source source;
    TB_LIST(struct made) made;
    tb_rules *rules;
};

/* ---- where ---- */

static bool is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* -o FILE.tb, -o DIR or -o -; without it 事项/ of the rules directory found here, or in ./rules, else here. */
static int place(struct starting *s, const char *out) {
    tb_arena *a = s->line->arena;
    if (out && strcmp(out, "-") == 0) {
        s->directory = TB_STR(".");
    } else if (out && tb_str_ends(tb_str_z(out), ".tb") && !is_directory(out)) {
        s->directory = tb_str_copy(a, tb_path_directory(tb_str_z(out)));
    } else if (out) {
        s->directory = tb_str_copy(a, tb_str_z(out));
    } else {
        s->root = tb_rules_root(a, ".");
        if (!s->root.n && tb_str_is(tb_rules_root(a, "rules"), "rules")) s->root = TB_STR("rules");
        s->directory = s->root.n ? tb_path_under(a, s->root, TB_STR("事项")) : TB_STR(".");
    }
    if (!s->root.n) s->root = tb_rules_root(a, s->directory.p);
    if (!s->root.n && out && strcmp(out, "-") == 0 && tb_str_is(tb_rules_root(a, "rules"), "rules"))
        s->root = TB_STR("rules");
    if (is_directory(s->directory.p) || mkdir(s->directory.p, 0777) == 0) return TB_OK;
    return tb_line_error(s->line, "%s：目录建不成：%s", "%s: the directory cannot be made: %s", s->directory.p,
                         strerror(errno));
}

static int add_context(struct starting *s) {
    static const char *const parts[] = {"组织", "日历"};
    for (int i = 0; s->root.n && i < 2; i++) {
        tb_str path = tb_path_under(s->line->arena, s->root, tb_str_z(parts[i]));
        uint32_t before = s->context.list.count;
        if (!is_directory(path.p)) continue;
        if (tb_files_add(s->line->arena, &s->context, path.p, s->line->lang) != TB_OK &&
            s->context.list.count != before)
            return tb_line_error(s->line, "%s", "%s", s->context.error);
    }
    return TB_OK;
}

/* Compiles the context and, when there are any, the texts made. */
static int compile(struct starting *s) {
    tb_arena *a = s->line->arena;
    uint32_t n = s->context.list.count, all = n + s->made.count;
    tb_str *paths = TB_NEW_ARRAY(a, all + 1, tb_str), *texts = TB_NEW_ARRAY(a, all + 1, tb_str);
    tb_resolver *resolver = TB_NEW(a, tb_resolver);
    *resolver = (tb_resolver){.arena = a, .lang = s->line->lang};
    for (uint32_t i = 0; i < n; i++) paths[i] = s->context.list.items[i].path, texts[i] = s->context.list.items[i].text;
    for (uint32_t i = 0; i < s->made.count; i++) {
        paths[n + i] = s->made.items[i].path;
        texts[n + i] = s->made.items[i].draft->text;
    }
    tb_compile_input in = {
        .paths = paths, .texts = texts, .count = all, .resolve = tb_resolve_on_disk, .user = resolver, .sm3 = tb_sm3};
    int r = all ? tb_compile(a, &in, &s->rules) : TB_OK;
    if (r == TB_OK) return TB_OK;
    return tb_line_error(s->line, "编译时超过了上限，请分几次做",
                         "a limit of the compiler was exceeded; make fewer at a time");
}

/* ---- what ---- */

static int day_of_effect(struct starting *s) {
    const char *given = tb_line_value(s->line, "effective");
    s->world.today = tb_day_of((int64_t)time(NULL) * 1000);
    if (given && !tb_day_parse(tb_str_z(given), &s->world.today))
        return tb_line_error(s->line, "“%s”不是日期。写成 2026-03-02", "\"%s\" is not a date; write 2026-03-02", given);
    return TB_OK;
}

static int kind(struct starting *s) {
    const char *k = tb_line_value(s->line, "kind");
    if (!k) return TB_OK;
    if (strcmp(k, "即办件") == 0 || strcmp(k, "instant") == 0) s->world.service = TB_STR("即办件");
    else if (strcmp(k, "承诺件") == 0 || strcmp(k, "promised") == 0) s->world.service = TB_STR("承诺件");
    else
        return tb_line_error(s->line, "--kind 只能是 即办件 或 承诺件，不是“%s”",
                             "--kind is 即办件 (instant) or 承诺件 (promised), not \"%s\"", k);
    return TB_OK;
}

static int read_sheets(struct starting *s, const char *from) {
    tb_grids grids = {0};
    tb_str error;
    if (tb_sheet_read(s->line->arena, from, s->line->lang, &grids, &error))
        return tb_line_error(s->line, "%s", "%s", error.p);
    const char *more;
    for (int n = 0; (more = tb_line_nth(s->line, "materials", n)); n++)
        if (tb_sheet_read(s->line->arena, more, s->line->lang, &grids, &error))
            return tb_line_error(s->line, "%s", "%s", error.p);
    if (tb_draft_read(s->line->arena, &grids, s->line->lang, &s->source))
        return tb_line_error(s->line, "%s", "%s", s->source.error.p);
    return TB_OK;
}

enum { LISTED = 30 };

static int which_of_many(struct starting *s) {
    const tb_draft_source *src = &s->source;
    tb_buf b;
    tb_buf_init(&b, s->line->arena);
    for (uint32_t i = 0; i < src->matters.count && i < LISTED; i++) {
        const tb_found *name = &src->matters.items[i].cells[TB_COL_NAME];
        tb_putf(&b, tb_line_say(s->line, "\n  第 %u 行 %.*s", "\n  row %u %.*s"), name->row, TB_FMT(name->text));
    }
    if (src->matters.count > LISTED) tb_puts(&b, "\n  …");
    return tb_line_error(s->line, "表里有 %u 个事项，请用 --row 行号 指明一个，或用 --all 全部起草：%s",
                         "the sheet has %u matters; choose one with --row N, or --all: %s", src->matters.count, b.p);
}

static void make(struct starting *s, const tb_source_matter *m) {
    struct made *made = TB_PUSH(s->line->arena, s->made);
    *made = (struct made){.draft = tb_draft_write(s->line->arena, m, &s->world), .source = m};
}

static int choose(struct starting *s) {
    const char *row = tb_line_value(s->line, "row"), *name = s->line->count ? s->line->args[0] : NULL;
    bool all = tb_line_has(s->line, "all");
    uint32_t count = s->source.matters.count;
    char *end = NULL;
    long wanted = row ? strtol(row, &end, 10) : 0;
    if (row && (all || name))
        return tb_line_error(s->line, "--row、--all 和名称只能用一个", "use only one of --row, --all and a name");
    if (row && (end == row || *end || wanted < 1))
        return tb_line_error(s->line, "--row 后面写行号，不是“%s”", "--row takes a row number, not \"%s\"", row);
    for (uint32_t i = 0; i < count; i++) {
        const tb_source_matter *m = &s->source.matters.items[i];
        const tb_found *f = &m->cells[TB_COL_NAME];
        if (row ? f->row == (uint32_t)wanted : name ? tb_str_is(f->text, name) : all || count == 1) make(s, m);
        if (!all && s->made.count) return TB_OK;
    }
    if (s->made.count) return TB_OK;
    if (row)
        return tb_line_error(s->line, "第 %s 行没有事项的名称（事项从它的名称所在的行算）",
                             "no matter begins in row %s", row);
    if (name) return tb_line_error(s->line, "表里没有事项“%s”", "there is no matter \"%s\" in the sheet", name);
    return which_of_many(s);
}

/* ---- files ---- */

enum { NAME_BYTES = 180 };

static tb_str file_name(tb_arena *a, tb_str matter) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < matter.n && (b.n < NAME_BYTES || ((unsigned char)matter.p[i] & 0xC0) == 0x80); i++) {
        unsigned char c = (unsigned char)matter.p[i];
        bool bad = c < 0x21 || c == 0x7F || strchr("/\\:*?\"<>|", c) || (b.n == 0 && (c == '.' || c == '-'));
        tb_put(&b, bad ? "_" : (const char *)&matter.p[i], 1);
    }
    return b.n ? tb_buf_str(&b) : TB_STR("未命名");
}

static bool taken(const struct starting *s, uint32_t before, tb_str path) {
    for (uint32_t i = 0; i < before; i++)
        if (tb_str_eq(s->made.items[i].path, path)) return true;
    return false;
}

static void paths(struct starting *s, const char *out) {
    tb_arena *a = s->line->arena;
    bool file = out && tb_str_ends(tb_str_z(out), ".tb") && !is_directory(out);
    for (uint32_t i = 0; i < s->made.count; i++) {
        struct made *m = &s->made.items[i];
        tb_str stem = file_name(a, m->draft->matter);
        m->path = file ? tb_str_copy(a, tb_str_z(out))
                       : tb_path_under(a, s->directory, tb_str_printf(a, "%.*s.tb", TB_FMT(stem)));
        if (taken(s, i, m->path)) /* two matters of one name: the row tells them apart */
            m->path = tb_path_under(a, s->directory,
                                    tb_str_printf(a, "%.*s-%u.tb", TB_FMT(stem), m->source->cells[TB_COL_NAME].row));
    }
}

static int write_files(struct starting *s) {
    for (uint32_t i = 0; i < s->made.count; i++) /* before anything is written */
        if (access(s->made.items[i].path.p, F_OK) == 0)
            return tb_line_error(s->line, "%s：已经有这个文件，不覆盖。换一个 -o，或先把它移走",
                                 "%s: exists and is not written over; choose another -o, or move it away",
                                 s->made.items[i].path.p);
    for (uint32_t i = 0; i < s->made.count; i++)
        if (!tb_file_create(s->made.items[i].path.p, s->made.items[i].draft->text))
            return tb_line_error(s->line, "%s：写不进去：%s", "%s: cannot be written: %s", s->made.items[i].path.p,
                                 strerror(errno));
    return TB_OK;
}

/* ---- telling ---- */

static void notes(tb_line *line, const char *title, const tb_draft_note *n, uint32_t count, enum tb_ink ink) {
    if (!count) return;
    tb_putf(&line->out, "  %s%s%s\n", tb_ink(line, ink), title, tb_ink(line, TB_INK_OFF));
    for (uint32_t i = 0; i < count; i++)
        tb_putf(&line->out, tb_line_say(line, "    %.*s：%.*s\n", "    %.*s: %.*s\n"), TB_FMT(n[i].what),
                TB_FMT(n[i].text));
}

static void tell_one(struct starting *s, const struct made *m) {
    tb_line *line = s->line;
    tb_arena *a = line->arena;
    const tb_draft *d = m->draft;
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < d->filled.count; i++) {
        bool again = i && tb_str_eq(d->filled.items[i].what, d->filled.items[i - 1].what);
        if (!again) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(d->filled.items[i].what));
    }
    tb_putf(&line->out, tb_line_say(line, "%s已写 %s%s\n", "%swrote %s%s\n"), tb_ink(line, TB_INK_BOLD), m->path.p,
            tb_ink(line, TB_INK_OFF));
    if (m->source)
        tb_putf(&line->out, tb_line_say(line, "  照清单填好 %u 处：%s\n", "  filled %u from the sheet: %s\n"),
                d->filled.count, b.p);
    if (m->source)
        notes(line, tb_str_printf(a, tb_line_say(line, "待核 %u 处：", "open (待核) %u:"), d->pending.count).p,
              d->pending.items, d->pending.count, TB_INK_YELLOW);
    else
        tb_putf(&line->out,
                tb_line_say(line, "  有 %u 句待核：按实际逐句改定，删去“，待核”\n",
                            "  %u clauses are open: settle each, delete its 待核\n"),
                d->pending.count);
    if (d->kept.count)
        tb_putf(&line->out, tb_line_say(line, "  没有对应条款、留作注释 %u 处\n", "  kept as comments: %u\n"),
                d->kept.count);
}

static void tell_people(struct starting *s) {
    tb_line *line = s->line;
    tb_buf *b = &line->out;
    for (uint32_t i = 0; i < s->source.warnings.count; i++)
        tb_putf(b, tb_line_say(line, "%s注意%s %.*s\n", "%snote%s %.*s\n"), tb_ink(line, TB_INK_YELLOW),
                tb_ink(line, TB_INK_OFF), TB_FMT(s->source.warnings.items[i]));
    if (s->made.count == 1) {
        tell_one(s, &s->made.items[0]);
    } else {
        for (uint32_t i = 0; i < s->made.count; i++)
            tb_putf(b, tb_line_say(line, "已写 %s：照清单填好 %u 处，待核 %u 处\n", "wrote %s: filled %u, open %u\n"),
                    s->made.items[i].path.p, s->made.items[i].draft->filled.count,
                    s->made.items[i].draft->pending.count);
    }
    const char *first = s->made.count == 1 ? s->made.items[0].path.p : s->directory.p;
    if (!s->root.n)
        tb_puts(b, tb_line_say(line,
                               "这里不在规则目录里（上级没有 "
                               "组织/、日历/），岗位和日子没有核对，用例也跑不了：请放进规则目录的 事项/。\n",
                               "this is no rules directory (no 组织/ and 日历/ above), so posts and days were not "
                               "checked and scenarios cannot "
                               "run; put it under 事项/ of one.\n"));
    tb_puts(b, tb_line_say(line, "下一步：\n", "next:\n"));
    tb_putf(b, "  tongban check %s\n", first);
    if (s->root.n) tb_putf(b, "  tongban test %s\n", first);
    tb_putf(b, "  tongban draw %s\n", s->made.items[0].path.p);
}

static void json_notes(tb_buf *b, const char *name, const tb_draft_note *n, uint32_t count) {
    tb_putf(b, ",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        tb_puts(b, i ? ",{\"what\":" : "{\"what\":");
        tb_json_put_text(b, n[i].what);
        tb_puts(b, ",\"text\":");
        tb_json_put_text(b, n[i].text);
        if (n[i].place.n) {
            tb_puts(b, ",\"place\":");
            tb_json_put_text(b, n[i].place);
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void tell_programs(struct starting *s) {
    tb_buf *b = &s->line->out;
    tb_puts(b, "{\"matters\":[");
    for (uint32_t i = 0; i < s->made.count; i++) {
        const struct made *m = &s->made.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, m->draft->matter);
        tb_puts(b, ",\"file\":");
        tb_json_put_text(b, m->path);
        if (m->source) tb_putf(b, ",\"row\":%u", m->source->cells[TB_COL_NAME].row);
        json_notes(b, "filled", m->draft->filled.items, m->draft->filled.count);
        json_notes(b, "pending", m->draft->pending.items, m->draft->pending.count);
        json_notes(b, "kept", m->draft->kept.items, m->draft->kept.count);
        tb_puts(b, "}");
    }
    tb_puts(b, "],\"warnings\":[");
    for (uint32_t i = 0; i < s->source.warnings.count; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, s->source.warnings.items[i]);
    }
    tb_puts(b, "],\"diagnostics\":");
    tb_diagnostics_json(b, &s->rules->sources, &s->rules->diagnostics, s->line->lang);
    tb_puts(b, "}\n");
}

static int run(tb_line *line) {
    struct starting *s = TB_NEW(line->arena, struct starting);
    const char *from = tb_line_value(line, "from"), *out = tb_line_value(line, "o");
    *s = (struct starting){.line = line, .world = {.lang = line->lang}};
    if (!from && !line->count)
        return tb_line_error(line, "写一个事项名称，或用 --from 指明实施清单",
                             "give a name, or a spreadsheet with --from");
    if (!from && (tb_line_has(line, "row") || tb_line_has(line, "all") || tb_line_has(line, "materials")))
        return tb_line_error(line, "--row、--all、--materials 要和 --from 一起用",
                             "--row, --all and --materials go with --from");
    if (kind(s) || day_of_effect(s) || (from && read_sheets(s, from))) return TB_EXIT_FAILED;
    if (place(s, out) || add_context(s) || compile(s)) return TB_EXIT_FAILED;
    s->world.directory = s->rules ? s->rules->directory : NULL;
    if (from) {
        if (choose(s)) return TB_EXIT_FAILED;
    } else {
        *TB_PUSH(line->arena, s->made) =
            (struct made){.draft = tb_draft_blank(line->arena, tb_str_z(line->args[0]), &s->world)};
    }
    bool file = out && tb_str_ends(tb_str_z(out), ".tb") && !is_directory(out);
    if (file && s->made.count > 1)
        return tb_line_error(line, "%u 个事项写不进一个文件，-o 请给目录",
                             "%u matters do not go into one file; give a directory with -o", s->made.count);
    paths(s, out);
    if (out && strcmp(out, "-") == 0) {
        for (uint32_t i = 0; i < s->made.count; i++) tb_putstr(&line->out, s->made.items[i].draft->text);
        return TB_EXIT_CLEAN;
    }
    if (write_files(s) || compile(s)) return TB_EXIT_FAILED;
    if (line->json) tell_programs(s);
    else tell_people(s);
    if (!s->rules->diagnostics.errors) return TB_EXIT_CLEAN;
    if (!line->json)
        tb_diagnostics_print(&line->out, &s->rules->sources, &s->rules->diagnostics, line->lang, line->colour);
    return TB_EXIT_FOUND;
}

static const tb_flag flags[] = {
    {"from", "清单.csv|xlsx", "实施清单：一行一个事项，或一张表一个事项",
     "the department's list: a matter a row, or a form"},
    {"materials", "材料.csv|xlsx", "另一个文件里的材料表，可以写几次", "materials in a file of their own; may repeat"},
    {"row", "N", "只要第 N 行的事项", "only the matter in row N"},
    {"all", NULL, "全部事项，每个一个文件", "all matters, a file each"},
    {"o", "文件.tb|目录|-", "写到哪里；缺省是规则目录的 事项/", "where to; 事项/ of the rules directory when absent"},
    {"kind", "即办件|承诺件", "办件类型", "即办件 (instant) or 承诺件 (promised)"},
    {"effective", "日期", "生效日期，缺省今天", "the day it takes effect, today when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_new = {
    .name = "new",
    .arguments = "[名称] [--from 实施清单.csv|xlsx]",
    .least = 0,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "起草一个事项：照实施清单，或者从骨架开始",
    .en = "begin a matter: from the department's spreadsheet, or from a skeleton",
    .more_zh = "清单里有的写成条款，没有的写 待核，没有对应条款的留作注释；写出来的能通过 tongban check。\n"
               "例：tongban new --from 实施清单.xlsx --row 5\n    tongban new 老年优待证申领 --kind 即办件",
    .more_en = "What the sheet says becomes clauses, what it does not say ends with 待核, the rest stays as comments.\n"
               "example: tongban new --from list.xlsx --row 5",
};
