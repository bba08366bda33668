/* tongban: one binary, many commands. Finds the command, reads its line, runs it, answers its exit code. */
#include "command/command.h"
#include "program.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define TB_VERSION "0.1.0"

#define X(name) extern const tb_command tb__command_##name;
#include "command/commands.def"
#undef X
const tb_command *const tb__commands[] = {
#define X(name) &tb__command_##name,
#include "command/commands.def"
#undef X
    NULL,
};

struct start {
    tb_line line;
    int argc;
    char **argv;
    int code;
};

static int unknown_command(tb_line *line, const char *word) {
    for (const tb_command *const *c = tb__commands; *c; c++)
        if (strncmp((*c)->name, word, 2) == 0)
            return tb_line_error(line, "没有命令“%s”。是不是 %s？全部命令见 tongban --help",
                                 "no command \"%s\"; did you mean %s? See tongban --help", word, (*c)->name);
    return tb_line_error(line, "没有命令“%s”。全部命令见 tongban --help", "no command \"%s\"; see tongban --help",
                         word);
}

static bool is(const char *word, const char *flag) { return word && strcmp(word, flag) == 0; }

/* The program's own number; the meaning of rules that the history of a case is tied to (M5); what it stores with. */
static void say_version(tb_line *line) {
    tb_putf(&line->out,
            tb_line_say(line, "通办 %s（语义 %d，SQLite %s，libuv %s）\n",
                        "tongban %s (semantics %d, SQLite %s, libuv %s)\n"),
            TB_VERSION, TB_SEMANTICS, sqlite3_libversion(), uv_version_string());
}

/* Before the command only --lang, --help and --version may stand. */
static int run(tb_line *line, int argc, char **argv) {
    bool help = false, version = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (is(argv[i], "--lang")) line->lang = is(argv[++i], "en") ? TB_LANG_EN : TB_LANG_ZH;
        else if (is(argv[i], "--version")) version = true;
        else if (is(argv[i], "--help") || is(argv[i], "-h")) help = true;
        else
            return tb_line_error(line, "没有选项 %s。用法：tongban 命令 [参数]，见 tongban --help",
                                 "no option %s; usage: tongban COMMAND [ARGUMENTS], see tongban --help", argv[i]);
    }
    if (version && !help) {
        say_version(line);
        return tb_line_flush(line) ? TB_EXIT_CLEAN : TB_EXIT_FAILED;
    }
    if (i >= argc || help) {
        tb_line_help(line);
        return help ? TB_EXIT_CLEAN : TB_EXIT_FAILED;
    }
    for (const tb_command *const *c = tb__commands; *c; c++) {
        if (!is(argv[i], (*c)->name)) continue;
        int code;
        line->command = *c;
        if (!tb_line_read(line, argc - i - 1, argv + i + 1, &code)) return code;
        code = (*c)->run(line);
        return tb_line_flush(line) ? code : TB_EXIT_FAILED;
    }
    return unknown_command(line, argv[i]);
}

static int start(void *arg) {
    struct start *s = arg;
    tb_buf_init(&s->line.out, s->line.arena);
    s->line.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && !is(getenv("TERM"), "dumb");
    s->code = run(&s->line, s->argc, s->argv);
    return TB_OK;
}

int main(int argc, char **argv) {
    static struct start s; /* large: it holds the arguments */
    s.argc = argc;
    s.argv = argv;
    s.line.arena = tb_arena_new(NULL, 0);
    if (!s.line.arena || tb_try(s.line.arena, start, &s) != TB_OK)
        s.code = tb_line_error(&s.line, "内存不足", "out of memory");
    tb_arena_free(s.line.arena);
    return s.code;
}
