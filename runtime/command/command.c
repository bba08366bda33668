/* Reading a command line against its command's table of flags, and writing for people: see command.h. */
#include "command.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Understood by every command. */
static const tb_flag common[] = {
    {"json", NULL, "为程序输出 JSON", "JSON for programs"},
    {"lang", "zh|en", "输出语言", "language of what is printed"},
    {"help", NULL, "本帮助", "this help"},
    {NULL, NULL, NULL, NULL},
};

const char *tb_line_say(const tb_line *line, const char *zh, const char *en) {
    return line->lang == TB_LANG_EN ? en : zh;
}

int tb_line_error(tb_line *line, const char *zh, const char *en, ...) {
    va_list args;
    va_start(args, en);
    fprintf(stderr, line->command ? "tongban %s: " : "tongban: ", line->command ? line->command->name : "");
    vfprintf(stderr, tb_line_say(line, zh, en), args);
    fputc('\n', stderr);
    va_end(args);
    return TB_EXIT_FAILED;
}

bool tb_line_flush(tb_line *line) {
    if (line->out.n) fwrite(line->out.p, 1, line->out.n, stdout);
    line->out.n = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    tb_line_error(line, "无法写到标准输出（管道已关闭，或磁盘已满）",
                  "standard output cannot be written (closed pipe, or disk full)");
    return false;
}

/* ---- words that are nearly right ---- */

/* Edit distance of two short ASCII words, bounded: beyond 31 bytes nothing is near. */
static int distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    int row[32];
    if (n > 31 || m > 31) return 99;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int swap = corner + (a[i - 1] != b[j - 1]), above = row[j] + 1, left = row[j - 1] + 1;
            corner = row[j];
            row[j] = swap < above ? swap : above;
            if (left < row[j]) row[j] = left;
        }
    }
    return row[m];
}

static const char *nearest(const char *word, const char *best, int *least, const char *candidate) {
    int d = distance(word, candidate);
    if (d < *least && d <= 2) return *least = d, candidate;
    return best;
}

static const tb_flag *flag_named(const tb_flag *flags, const char *name) {
    for (; flags && flags->name; flags++)
        if (strcmp(flags->name, name) == 0) return flags;
    return NULL;
}

static bool unknown_flag(tb_line *line, const char *word) {
    const char *best = NULL;
    int least = 99;
    for (const tb_flag *f = line->command->flags; f && f->name; f++) best = nearest(word, best, &least, f->name);
    for (const tb_flag *f = common; f->name; f++) best = nearest(word, best, &least, f->name);
    const char *dashes = strlen(word) == 1 ? "-" : "--";
    if (best)
        tb_line_error(line, "没有选项 %s%s。是不是 --%s？", "no option %s%s; did you mean --%s?", dashes, word, best);
    else
        tb_line_error(line, "没有选项 %s%s。选项见 tongban %s --help", "no option %s%s; see tongban %s --help", dashes,
                      word, line->command->name);
    return false;
}

static bool set_lang(tb_line *line, const char *value) {
    if (strcmp(value, "zh") == 0) return line->lang = TB_LANG_ZH, true;
    if (strcmp(value, "en") == 0) return line->lang = TB_LANG_EN, true;
    tb_line_error(line, "--lang 只能是 zh 或 en，不是“%s”", "--lang is zh or en, not \"%s\"", value);
    return false;
}

static bool take_flag(tb_line *line, const char *word, int argc, char **argv, int *i) {
    char name[64];
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    if (n >= sizeof name) n = sizeof name - 1;
    memcpy(name, word, n);
    name[n] = '\0';
    const tb_flag *f = flag_named(line->command->flags, name);
    if (!f) f = flag_named(common, name);
    if (!f) return unknown_flag(line, name);
    const char *value = equals ? equals + 1 : NULL;
    if (f->value && !value) {
        if (*i + 1 >= argc) {
            tb_line_error(line, "选项 --%s 后面要写 %s", "option --%s needs a value: %s", name, f->value);
            return false;
        }
        value = argv[++*i];
    } else if (!f->value && value) {
        tb_line_error(line, "选项 --%s 不带值", "option --%s takes no value", name);
        return false;
    }
    if (strcmp(name, "json") == 0) line->json = true;
    if (strcmp(name, "lang") == 0 && !set_lang(line, value)) return false;
    if (line->flags == TB_FLAGS) {
        tb_line_error(line, "选项太多（最多 %d 个）", "too many options (at most %d)", TB_FLAGS);
        return false;
    }
    line->given[line->flags].flag = f;
    line->given[line->flags++].value = value;
    return true;
}

/* "-7个工作日" is a value, not an option; "-" alone is a name. */
static bool is_flag(const char *word) { return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9'); }

bool tb_line_read(tb_line *line, int argc, char **argv, int *exit) {
    bool plain = false; /* after -- everything is an argument */
    *exit = TB_EXIT_FAILED;
    for (int i = 0; i < argc; i++) {
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && is_flag(argv[i])) {
            if (!take_flag(line, argv[i] + (argv[i][1] == '-' ? 2 : 1), argc, argv, &i)) return false;
        } else if (line->count == TB_ARGUMENTS) {
            return tb_line_error(line, "参数太多（最多 %d 个）", "too many arguments (at most %d)", TB_ARGUMENTS),
                   false;
        } else {
            line->args[line->count++] = argv[i];
        }
    }
    if (tb_line_has(line, "help")) return tb_line_help(line), *exit = TB_EXIT_CLEAN, false;
    const tb_command *c = line->command;
    if (line->count < c->least || line->count > c->most) {
        tb_line_error(line, "%s。用法：tongban %s %s", "%s; usage: tongban %s %s",
                      line->count < c->least ? tb_line_say(line, "参数不够", "too few arguments")
                                             : tb_line_say(line, "参数太多", "too many arguments"),
                      c->name, c->arguments);
        return false;
    }
    return true;
}

bool tb_line_has(const tb_line *line, const char *flag) { return tb_line_nth(line, flag, 0) != NULL; }

const char *tb_line_nth(const tb_line *line, const char *flag, int n) {
    for (int i = 0; i < line->flags; i++)
        if (strcmp(line->given[i].flag->name, flag) == 0 && n-- == 0)
            return line->given[i].value ? line->given[i].value : "";
    return NULL;
}

const char *tb_line_value(const tb_line *line, const char *flag) {
    const char *last = NULL;
    for (int n = 0;; n++) {
        const char *v = tb_line_nth(line, flag, n);
        if (!v) return last;
        last = v;
    }
}

/* ---- help ---- */

static uint32_t flag_cells(const tb_flag *f) {
    return (uint32_t)(strlen(f->name) + 3) + (f->value ? tb_cells(tb_str_z(f->value)) + 1 : 0);
}

static void help_flags(tb_buf *b, const tb_line *line, const tb_flag *flags, uint32_t width) {
    for (const tb_flag *f = flags; f && f->name; f++) {
        tb_puts(b, "  ");
        tb_str left = tb_str_printf(b->arena, "%s%s%s%s", strlen(f->name) == 1 ? "-" : "--", f->name,
                                    f->value ? " " : "", f->value ? f->value : "");
        tb_put_cells(b, left, width + 2);
        tb_putf(b, "%s\n", tb_line_say(line, f->zh, f->en));
    }
}

void tb_line_help(const tb_line *line) {
    tb_buf b;
    tb_buf_init(&b, line->arena);
    const tb_command *c = line->command;
    if (!c) {
        tb_puts(
            &b,
            tb_line_say(
                line, "通办：把办事规程的文字变成可运行、可查证、可审计的服务。\n\n用法：tongban 命令 [参数]\n\n",
                "Tongban turns the text of an administrative procedure into a running, provable, auditable service.\n\n"
                "usage: tongban COMMAND [ARGUMENTS]\n\n"));
        for (const tb_command *const *p = tb__commands; *p; p++) {
            tb_puts(&b, "  ");
            tb_put_cells(&b, tb_str_z((*p)->name), 8);
            tb_putf(&b, "  %s\n", tb_line_say(line, (*p)->zh, (*p)->en));
        }
        tb_puts(&b,
                tb_line_say(line, "\n每个命令的选项：tongban 命令 --help。退出码：0 正常，1 查出问题，2 无法运行。\n",
                            "\nOptions of each: tongban COMMAND --help. Exit codes: 0 clean, 1 found something, 2 "
                            "could not run.\n"));
    } else {
        uint32_t width = 0;
        for (const tb_flag *f = c->flags; f && f->name; f++)
            if (flag_cells(f) > width) width = flag_cells(f);
        for (const tb_flag *f = common; f->name; f++)
            if (flag_cells(f) > width) width = flag_cells(f);
        tb_putf(&b, "tongban %s — %s\n\n%s tongban %s %s\n\n", c->name, tb_line_say(line, c->zh, c->en),
                tb_line_say(line, "用法：", "usage:"), c->name, c->arguments);
        help_flags(&b, line, c->flags, width);
        help_flags(&b, line, common, width);
        const char *more = tb_line_say(line, c->more_zh, c->more_en);
        if (more) tb_putf(&b, "\n%s\n", more);
    }
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
}

/* ---- text for people ---- */

const char *tb_ink(const tb_line *line, enum tb_ink ink) {
    static const char *const codes[] = {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"};
    return line->colour ? codes[ink] : "";
}

static void blanks(tb_buf *b, uint32_t n) {
    while (n--) tb_put(b, " ", 1);
}

void tb_put_cells(tb_buf *b, tb_str s, uint32_t cells) {
    tb_putstr(b, s);
    uint32_t have = tb_cells(s);
    if (have < cells) blanks(b, cells - have);
}

void tb_table_cell(tb_line *line, tb_table *t, tb_str text) { *TB_PUSH(line->arena, t->cells) = text; }

void tb_table_put(tb_line *line, const tb_table *t) {
    tb_buf *b = &line->out;
    uint32_t *wide = TB_NEW_ARRAY(line->arena, t->columns, uint32_t);
    for (uint32_t i = 0; i < t->cells.count; i++) {
        uint32_t w = tb_cells(t->cells.items[i]);
        if (w > wide[i % t->columns]) wide[i % t->columns] = w;
    }
    for (uint32_t i = 0; i < t->cells.count; i++) {
        uint32_t column = i % t->columns, pad = wide[column] - tb_cells(t->cells.items[i]);
        bool right = t->right >> column & 1, last = column + 1 == t->columns;
        if (i == 0) tb_puts(b, tb_ink(line, TB_INK_BOLD));
        if (right) blanks(b, pad);
        tb_putstr(b, t->cells.items[i]);
        if (!right && !last) blanks(b, pad);
        if (last && i + 1 == t->columns) tb_puts(b, tb_ink(line, TB_INK_OFF));
        tb_puts(b, last ? "\n" : "  ");
    }
}
