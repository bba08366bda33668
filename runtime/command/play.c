/* tongban play: a case of a matter, played at the terminal in virtual time, by the engine that the server uses. Numbers choose among what can
 * be done; any sentence of a 用例 can be said; in the end the case is written as a 用例. */
#include "names.h"
#include "session.h"
#include "workspace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHOICES = 99, LINE = 4096 };

struct play {
    tb_line *line;
    const tb_program *p;
    tb_env env;
    tb_session *s;
    tb_str choices[CHOICES]; /* sentences, by number */
    int choices_n;
    tb_timer timer;
    bool has_timer;
};

static const tb_calendar *calendar_named(void *user, tb_str name) { return tb_rules_calendar(user, name); }

static void flush(tb_line *line) {
    if (line->out.n) fwrite(line->out.p, 1, line->out.n, stdout);
    fflush(stdout);
    line->out.n = 0;
}

static tb_str short_time(tb_line *line, int64_t at) {
    char text[TB_TIME_TEXT];
    bool midnight = tb_day_start(tb_day_of(at)) == at;
    tb_time_text(midnight ? at - 1 : at, text);
    return midnight ? tb_str_printf(line->arena, "%.10s 24:00", text)
                    : tb_str_printf(line->arena, "%.10s %.5s", text, text + 11);
}

static void choice(struct play *g, tb_table *t, tb_str sentence, tb_str who, tb_str leads) {
    if (g->choices_n == CHOICES) return;
    g->choices[g->choices_n++] = sentence;
    tb_table_cell(g->line, t, tb_str_printf(g->line->arena, "%3d", g->choices_n));
    tb_table_cell(g->line, t, sentence);
    tb_table_cell(g->line, t, who);
    tb_table_cell(g->line, t, leads);
}

static tb_str posts_text(struct play *g, const uint32_t *posts, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, g->line->arena);
    for (uint32_t i = 0; i < n; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(g->p->posts.items[posts[i]].name));
    return tb_buf_str(&b);
}

/* Where the case is, what can be done, what runs out next. */
static void show(struct play *g) {
    tb_line *line = g->line;
    const tb_case *c = tb_session_case(g->s);
    tb_table t = {.columns = 4};
    tb_possibles *list = NULL;
    g->choices_n = 0;
    g->has_timer = c && tb_next_timer(c, &g->env, &g->timer) && !g->timer.recheck;
    tb_putf(&line->out, "\n%s%.*s%s", tb_ink(line, TB_INK_BOLD), TB_FMT(short_time(line, tb_session_now(g->s))),
            tb_ink(line, TB_INK_OFF));
    if (!c) {
        tb_puts(&line->out, "\n");
        for (uint32_t i = 0; i < g->p->modes.count; i++)
            choice(g, &t,
                   tb_str_printf(line->arena, tb_line_say(line, "提交，模式 %.*s", "提交, mode %.*s"),
                                 TB_FMT(tb_name_written(line->arena, g->p->modes.items[i].name))),
                   tb_str_z(tb_line_say(line, "申请人", "applicant")), TB_STR(""));
    } else if (c->outcome != TB_NO_INDEX) {
        tb_putf(&line->out, tb_line_say(line, "  办结：%.*s\n", "  closed: %.*s\n"),
                TB_FMT(g->p->outcomes.items[c->outcome]));
    } else {
        for (uint32_t i = 0; i < c->tasks.count; i++)
            tb_putf(&line->out, "%s%.*s", i ? "、" : tb_line_say(line, "  环节 ", "  step "),
                    TB_FMT(g->p->steps.items[c->tasks.items[i].step].name));
        tb_puts(&line->out, "\n");
        if (tb_possible_acts(line->arena, c, &g->env, &list) != TB_OK) return;
        for (uint32_t i = 0; i < list->count; i++) {
            const tb_possible *x = &list->items[i];
            if (!x->open || x->move >= g->p->moves.count) continue;
            const tb_move *m = &g->p->moves.items[x->move];
            tb_str act = tb_name_written(line->arena, m->act), step = g->p->steps.items[x->step].name;
            if (c->tasks.count > 1)
                act = tb_str_printf(line->arena, "%.*s，环节 %.*s", TB_FMT(act),
                                    TB_FMT(tb_name_written(line->arena, step)));
            choice(g, &t, act, posts_text(g, x->posts, x->posts_n),
                   m->target.n ? tb_str_printf(line->arena, "→ %.*s", TB_FMT(m->target)) : TB_STR(""));
        }
    }
    if (g->choices_n) tb_table_put(line, &t);
    if (g->has_timer)
        tb_putf(&line->out,
                tb_line_say(line, "  t  等到 %.*s，“%.*s”到期\n", "  t  wait until %.*s, when %.*s runs out\n"),
                TB_FMT(short_time(line, g->timer.due)), TB_FMT(g->timer.key));
}

static void help(struct play *g) {
    tb_puts(
        &g->line->out,
        tb_line_say(g->line,
                    "  数字    做那一件事\n  t       等到下一个时限届满\n  w 时刻  等到那时，例如 w 2026-03-09 10:00\n "
                    " u       收回上一句\n"
                    "  s 名称  写成用例\n  q       结束\n  其余    当作用例里的一句，例如：首次材料不齐，由 郑受理\n",
                    "  NUMBER  do that\n  t       wait for the next limit to run out\n  w TIME  wait, such as w "
                    "2026-03-09 10:00\n  u       take the last sentence back\n"
                    "  s NAME  write it as a scenario\n  q       end\n  else    a sentence of a scenario\n"));
}

static void answer(struct play *g, int rc, tb_str why, tb_str told) {
    tb_putstr(&g->line->out, told);
    if (rc == TB_OK) return;
    tb_putf(&g->line->out, "%s%s%.*s%s\n", tb_ink(g->line, TB_INK_RED), tb_line_say(g->line, "不行：", "no: "),
            TB_FMT(why), tb_ink(g->line, TB_INK_OFF));
}

static void wait_until(struct play *g, tb_str text) {
    int64_t at;
    int32_t day;
    tb_str why = TB_STR("写成 w 2026-03-09 10:00"), told = TB_STR("");
    int rc = TB_FAILED;
    bool is_day = tb_day_parse(text, &day);
    if (is_day) at = tb_day_start(day) + 9 * 3600000;
    if (is_day || tb_time_parse(text, &at)) rc = tb_session_wait(g->s, at, &why, &told);
    answer(g, rc, why, told);
}

/* 24:00 of a day is looked at the next morning, as a 用例 would. */
static int64_t after(int64_t due) { return tb_day_start(tb_day_of(due)) == due ? due + 9 * 3600000 : due + 60000; }

/* false: the end. */
static bool command(struct play *g, tb_str text) {
    tb_line *line = g->line;
    tb_str why, told, rest = {text.p + (text.n > 2 ? 2 : text.n), text.n > 2 ? text.n - 2 : 0};
    char *end;
    long number = strtol(text.p, &end, 10);
    bool all = end == text.p + text.n && text.n;
    if (!text.n) return true;
    if (tb_str_is(text, "q")) return false;
    if (tb_str_is(text, "?") || tb_str_is(text, "？")) {
        help(g);
    } else if (tb_str_is(text, "u")) {
        if (!tb_session_undo(g->s))
            tb_puts(&line->out, tb_line_say(line, "还没有可以收回的\n", "nothing to take back\n"));
    } else if (tb_str_is(text, "t")) {
        if (g->has_timer) answer(g, tb_session_wait(g->s, after(g->timer.due), &why, &told), why, told);
        else tb_puts(&line->out, tb_line_say(line, "没有在计算的时限\n", "no limit is running\n"));
    } else if (tb_str_starts(text, "w ")) {
        wait_until(g, rest);
    } else if (tb_str_is(text, "s") || tb_str_starts(text, "s ")) {
        tb_putf(&line->out, "\n%.*s", TB_FMT(tb_session_written(g->s, rest.n ? rest : TB_STR("试办"))));
    } else if (all && (number < 1 || number > g->choices_n)) {
        tb_putf(&line->out, tb_line_say(line, "没有第 %ld 项；? 看帮助\n", "there is no %ld; ? for help\n"), number);
    } else {
        tb_str sentence = all ? g->choices[number - 1] : text;
        answer(g, tb_session_say(g->s, sentence, &why, &told), why, told);
    }
    return true;
}

struct doing {
    struct play *g;
    tb_str text;
    bool on;
};
static int do_command(void *arg) {
    struct doing *w = arg;
    w->on = command(w->g, w->text);
    if (w->on) show(w->g);
    return TB_OK;
}

static int play(struct play *g) {
    char text[LINE];
    bool terminal = isatty(STDIN_FILENO);
    show(g);
    tb_puts(&g->line->out, tb_line_say(g->line, "（? 看帮助，q 结束）\n", "(? for help, q to end)\n"));
    for (;;) {
        tb_puts(&g->line->out, "> ");
        flush(g->line);
        if (!fgets(text, sizeof text, stdin)) break;
        text[strcspn(text, "\r\n")] = '\0';
        if (!terminal) tb_putf(&g->line->out, "%s\n", text);
        struct doing w = {g, tb_str_copy(g->line->arena, tb_str_z(text)), true};
        if (tb_try(g->line->arena, do_command, &w) != TB_OK) return tb_line_error(g->line, "内存不足", "out of memory");
        if (!w.on) break;
    }
    if (!terminal) tb_puts(&g->line->out, "\n");
    return TB_EXIT_CLEAN;
}

static int run(tb_line *line) {
    tb_workspace w;
    const char *matter = tb_line_value(line, "matter"), *from = tb_line_value(line, "from");
    struct play g = {.line = line};
    int32_t day = TB_NO_DAY;
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (tb__workspace_tell(line, &w)) return TB_EXIT_FOUND;
    line->out.n = 0; /* warnings are for check */
    for (uint32_t i = 0; i < w.rules->programs.count && !g.p; i++)
        if (!matter || tb_str_is(w.rules->programs.items[i]->matter, matter)) g.p = w.rules->programs.items[i];
    if (!g.p) return tb_line_error(line, "没有找到事项", "no such matter");
    if (!w.rules->directory)
        return tb_line_error(line, "上级目录里没有 组织/，没有人可以办事",
                             "there is no 组织/ above these files, so nobody could act");
    if (from && !tb_day_parse(tb_str_z(from), &day))
        return tb_line_error(line, "--from 写成 2026-03-02", "write --from 2026-03-02");
    g.env = (tb_env){.directory = w.rules->directory, .calendar = calendar_named, .user = w.rules};
    if (day == TB_NO_DAY) { /* the first Monday in March of the last published year */
        const tb_calendar *c = calendar_named(
            w.rules, tb_directory_calendar(w.rules->directory, tb_default_place(g.p, w.rules->directory)));
        day = tb_day(c && tb_calendar_last_year(c) ? tb_calendar_last_year(c) : 2026, 3, 1);
        while (tb_weekday(day) != 1) day++;
    }
    g.s = tb_session_new(line->arena, g.p, &g.env, tb_day_start(day) + 9 * 3600000);
    tb_putf(&line->out, "%s%.*s %.*s%s\n", tb_ink(line, TB_INK_BOLD), TB_FMT(g.p->matter), TB_FMT(g.p->version),
            tb_ink(line, TB_INK_OFF));
    return play(&g);
}

static const tb_flag flags[] = {
    {"matter", "事项", "文件里有几个事项时，玩哪一个", "which matter, when the file holds several"},
    {"from", "日期", "从哪天开始，缺省为已公布年度的三月第一个星期一", "the day it begins"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_play = {
    .name = "play",
    .arguments = "文件",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "在终端里一步步走一个办件，写成用例",
    .en = "step through a case at the terminal, and write it as a scenario",
    .more_zh = "虚拟时间，与服务器用同一个引擎；没有写的值和办理人自动补上。",
    .more_en = "Virtual time, the engine that the server uses; values and persons not given are filled in.",
};
