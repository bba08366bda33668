/* tongban due: when a limit ends, and why. The answer stands on the first line, for scripts; the derivation follows,
 * for people. */
#include "digest.h"
#include "workspace.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct unit {
    const char *word;
    enum tb_unit unit;
} units[] = {
    {"个工作日", TB_WORKDAYS},    {"工作日", TB_WORKDAYS},    {"workdays", TB_WORKDAYS},   {"workday", TB_WORKDAYS},
    {"个自然日", TB_DAYS},        {"自然日", TB_DAYS},        {"days", TB_DAYS},           {"day", TB_DAYS},
    {"个工作小时", TB_WORKHOURS}, {"工作小时", TB_WORKHOURS}, {"workhours", TB_WORKHOURS}, {"workhour", TB_WORKHOURS},
    {"个小时", TB_HOURS},         {"小时", TB_HOURS},         {"hours", TB_HOURS},         {"hour", TB_HOURS},
    {"个月", TB_MONTHS},          {"months", TB_MONTHS},      {"month", TB_MONTHS},        {"年", TB_YEARS},
    {"years", TB_YEARS},          {"year", TB_YEARS},
};

/* "10个工作日", "-7个工作日" (backwards), "10 workdays" as two arguments joined. */
static bool read_duration(tb_line *line, int *n, enum tb_unit *unit) {
    char text[64];
    snprintf(text, sizeof text, "%s%s", line->args[1], line->count > 2 ? line->args[2] : "");
    char *end;
    long value = strtol(text, &end, 10);
    while (*end == ' ') end++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].word) != 0 || end == text) continue;
        if (value == 0 || value > TB_COUNT_LIMIT || value < -TB_COUNT_LIMIT) {
            tb_line_error(line, "天数要在 1 到 %d 之间（倒数写负数）",
                          "the number must lie between 1 and %d (negative: backwards)", TB_COUNT_LIMIT);
            return false;
        }
        *n = (int)value;
        *unit = units[i].unit;
        return true;
    }
    if (end != text && (strcmp(end, "日") == 0 || strcmp(end, "天") == 0))
        tb_line_error(line, "“%s”要写明是工作日还是自然日，例如 %ld个工作日",
                      "\"%s\": say which days, for example %ld个工作日 (workdays)", text, value);
    else
        tb_line_error(line, "看不懂期限“%s”。例：10个工作日、30个自然日、24小时、16个工作小时、3个月、1年",
                      "cannot read the limit \"%s\"; for example 10个工作日 (or: 10 workdays), 30个自然日 (days), "
                      "24小时 (hours), 16个工作小时 (workhours), 3个月 (months), 1年 (years)",
                      text);
    return false;
}

static bool read_start(tb_line *line, int64_t *at) {
    int32_t day;
    tb_str text = tb_str_z(line->args[0]);
    if (tb_day_parse(text, &day)) return *at = tb_day_start(day), true;
    if (tb_time_parse(text, at)) return true;
    tb_line_error(line, "“%s”不是日期。写成 2026-03-02 或 “2026-03-02 09:00”",
                  "\"%s\" is not a date; write 2026-03-02 or \"2026-03-02 09:00\"", line->args[0]);
    return false;
}

/* The shipped calendar: below the working directory, else beside the program (build/tongban → rules/). */
static const char *shipped_calendar(tb_line *line) {
    static const char here[] = "rules/日历/全国.tb";
    if (access(here, R_OK) == 0) return here;
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return here;
    tb_str beside = tb_path_directory(tb_path_directory((tb_str){self, (uint32_t)n}));
    tb_str path = tb_path_under(line->arena, beside, TB_STR(here));
    return access(path.p, R_OK) == 0 ? path.p : here;
}

/* Is what the place's calendar stands on in another file? The shipped one is at hand. */
static bool stands_on_another(const tb_rules *rules) {
    for (uint32_t i = 0; i < rules->diagnostics.list.count; i++)
        if (rules->diagnostics.list.items[i].code == TB_E_CALENDAR_BENEATH) return true;
    return false;
}

static const tb_calendar *read_calendar(tb_line *line, const char **path, int *exit) {
    const char *asked = tb_line_value(line, "calendar");
    tb_files files = {0};
    tb_rules *rules;
    *path = asked ? asked : shipped_calendar(line);
    *exit = TB_EXIT_FAILED;
    if (tb_files_add(line->arena, &files, *path, line->lang) != TB_OK)
        return tb_line_error(line, "%s（用 --calendar 指定日历文件）", "%s (name a calendar with --calendar)",
                             files.error),
               NULL;
    const tb_file *f = files.list.items;
    tb_str paths[2] = {f->path}, texts[2] = {f->text};
    tb_compile_input in = {.paths = paths, .texts = texts, .count = 1, .sm3 = tb_sm3};
    if (tb_compile(line->arena, &in, &rules) != TB_OK) return tb_line_error(line, "内存不足", "out of memory"), NULL;
    if (asked && stands_on_another(rules) && tb_files_add(line->arena, &files, shipped_calendar(line), line->lang) == TB_OK) {
        paths[1] = files.list.items[1].path, texts[1] = files.list.items[1].text, in.count = 2;
        if (tb_compile(line->arena, &in, &rules) != TB_OK) return tb_line_error(line, "内存不足", "out of memory"), NULL;
    }
    if (rules->diagnostics.errors) {
        tb_diagnostics_print(&line->out, &rules->sources, &rules->diagnostics, line->lang, line->colour);
        *exit = TB_EXIT_FOUND;
        return NULL;
    }
    if (rules->calendars.count == 0)
        return tb_line_error(line, "%s 里没有日历", "there is no calendar in %s", *path), NULL;
    return rules->calendars.items[0];
}

/* ---- telling ---- */

static tb_str due_text(tb_line *line, tb_due due, enum tb_unit unit) {
    char day[TB_DAY_TEXT], time[TB_TIME_TEXT];
    if (due.kind == TB_DUE_NONE) return TB_STR("");
    tb_day_text(due.day, day);
    const char *when = tb_unit_instant(unit) ? tb_time_text(due.at, time) : day;
    if (due.kind == TB_DUE_EXACT) return tb_str_copy(line->arena, tb_str_z(when));
    return tb_str_printf(
        line->arena, tb_line_say(line, "不早于 %s；%d 年日历未公布", "not before %s; calendar for %d not published"),
        when, due.unpublished);
}

static const char *why_word(const tb_line *line, enum tb_why why) {
    switch (why) {
    case TB_WHY_COUNTED: return tb_line_say(line, "计入", "counted");
    case TB_WHY_WEEKEND: return tb_line_say(line, "周末，不计", "weekend, skipped");
    case TB_WHY_HOLIDAY: return tb_line_say(line, "放假，不计", "holiday, skipped");
    case TB_WHY_MAKEUP: return tb_line_say(line, "调休上班，计入", "make-up workday, counted");
    case TB_WHY_EXCLUDED: return tb_line_say(line, "依法不计入", "excluded by law");
    case TB_WHY_ROLLED: return tb_line_say(line, "末日遇休息日，顺延", "last day on a rest day, moved on");
    case TB_WHY_UNPUBLISHED: return tb_line_say(line, "日历未公布", "not published");
    case TB_WHY_FIRST_DAY: return tb_line_say(line, "首日，不计", "first day, not counted");
    }
    return "";
}

static const char *why_name(enum tb_why why) {
    static const char *const names[] = {"",         "counted", "weekend",     "holiday",  "makeup-workday",
                                        "excluded", "rolled",  "unpublished", "first-day"};
    return names[why];
}

static tb_str range_days(tb_line *line, const tb_due_range *r) {
    char from[TB_DAY_TEXT], to[TB_DAY_TEXT];
    tb_day_text(r->from, from);
    if (r->from == r->to) return tb_str_copy(line->arena, tb_str_z(from));
    return tb_str_printf(line->arena, "%s … %s", from, tb_day_text(r->to, to) + 5);
}

/* The notices that made days of this count holidays or make-up workdays. */
static void tell_notices(tb_line *line, const tb_due_ranges *why, const tb_calendar *c) {
    int told = 0;
    for (uint32_t i = 0; i < why->count; i++) {
        const tb_due_range *r = &why->items[i];
        for (int32_t day = r->from; r->name.n && day <= r->to; day++) {
            int year, month, d;
            tb_day_split(day, &year, &month, &d);
            tb_str notice = tb_calendar_notice(c, year);
            if (year == told || !notice.n) continue;
            told = year;
            tb_putf(&line->out, tb_line_say(line, "  依据：%.*s\n", "  by: %.*s\n"), TB_FMT(notice));
        }
    }
}

static void tell_office(tb_line *line, const tb_calendar *c) {
    tb_office_spell spells[TB_OFFICE_SPELLS];
    uint32_t n = tb_calendar_office(c, spells);
    tb_puts(&line->out, tb_line_say(line, "  办公时间：", "  office hours: "));
    for (uint32_t i = 0; i < n; i++)
        tb_putf(&line->out, "%s%02d:%02d–%02d:%02d", !i ? "" : tb_line_say(line, "、", ", "), spells[i].from / 60,
                spells[i].from % 60, spells[i].to / 60, spells[i].to % 60);
    tb_puts(&line->out, "\n");
}

static void tell_people(tb_line *line, tb_str answer, const tb_due_ranges *why, const tb_calendar *c, const char *path,
                        enum tb_unit unit) {
    tb_putf(&line->out, "%s%.*s%s\n", tb_ink(line, TB_INK_BOLD), TB_FMT(answer), tb_ink(line, TB_INK_OFF));
    for (uint32_t i = 0; i < why->count; i++) {
        const tb_due_range *r = &why->items[i];
        tb_puts(&line->out, "  ");
        tb_put_cells(&line->out, range_days(line, r), 20);
        tb_put_cells(
            &line->out,
            tb_str_printf(line->arena, "%s%s%.*s", why_word(line, r->why), r->name.n ? " " : "", TB_FMT(r->name)), 26);
        tb_putf(&line->out, "%s %d\n", tb_line_say(line, "累计", "so far"), r->counted);
    }
    tb_putf(&line->out,
            tb_line_say(line, "  日历：%.*s（%d–%d 年已公布），%s\n", "  calendar: %.*s (published for %d–%d), %s\n"),
            TB_FMT(tb_calendar_name(c)), tb_calendar_first_year(c), tb_calendar_last_year(c), path);
    tell_notices(line, why, c);
    if (unit == TB_WORKHOURS) tell_office(line, c);
}

static void tell_programs(tb_line *line, tb_due due, const tb_due_ranges *why, const tb_calendar *c) {
    static const char *const kinds[] = {"", "exact", "not-before", "none"};
    char day[TB_DAY_TEXT], time[TB_TIME_TEXT];
    tb_buf *b = &line->out;
    tb_putf(b, "{\"kind\":\"%s\",\"day\":\"%s\",\"expires\":\"%s\"", kinds[due.kind], tb_day_text(due.day, day),
            tb_time_text(due.at, time));
    if (due.kind == TB_DUE_NOT_BEFORE) tb_putf(b, ",\"unpublished\":%d", due.unpublished);
    tb_puts(b, ",\"calendar\":");
    tb_json_put_text(b, tb_calendar_name(c));
    tb_puts(b, ",\"why\":[");
    for (uint32_t i = 0; i < why->count; i++) {
        const tb_due_range *r = &why->items[i];
        tb_putf(b, "%s{\"from\":\"%s\"", i ? "," : "", tb_day_text(r->from, day));
        tb_putf(b, ",\"to\":\"%s\",\"why\":\"%s\",\"counted\":%d", tb_day_text(r->to, day), why_name(r->why),
                r->counted);
        if (r->name.n) tb_puts(b, ",\"name\":"), tb_json_put_text(b, r->name);
        tb_puts(b, "}");
    }
    tb_puts(b, "]}\n");
}

static int run(tb_line *line) {
    int64_t at;
    int n, exit;
    enum tb_unit unit;
    const char *path;
    if (!read_start(line, &at) || !read_duration(line, &n, &unit)) return TB_EXIT_FAILED;
    const tb_calendar *c = read_calendar(line, &path, &exit);
    if (!c) return exit;
    tb_due_ranges why = {0};
    /* M9: the last day of 自然日, 月 and 年 moves off a rest day. */
    bool roll = n > 0 && unit != TB_WORKDAYS && !tb_unit_instant(unit) && !tb_line_has(line, "no-roll");
    tb_due due = tb_due_explain(line->arena, c, at, n, unit, roll, NULL, 0, &why);
    if (due.kind == TB_DUE_NONE)
        return tb_line_error(line, "算不出：超出可计算的年份（%d–%d）", "cannot be computed: outside the years %d–%d",
                             TB_YEAR_FIRST, TB_YEAR_LAST);
    if (line->json) tell_programs(line, due, &why, c);
    else tell_people(line, due_text(line, due, unit), &why, c, path, unit);
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"calendar", "文件", "日历文件，缺省 rules/日历/全国.tb", "calendar file, rules/日历/全国.tb when absent"},
    {"no-roll", NULL, "自然日、月、年的末日遇休息日不顺延", "days, months, years: a last day on a rest day stays"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_due = {
    .name = "due",
    .arguments = "日期 期限 [--calendar 文件]",
    .least = 2,
    .most = 3,
    .flags = flags,
    .run = run,
    .zh = "算到期日，并说明理由",
    .en = "compute a due date, and say why",
    .more_zh = "期限：10个工作日、30个自然日、24小时、16个工作小时、3个月、1年；负数为倒数（-7个工作日）。\n"
               "首日不计；日历未公布的年份只答“不早于”，不作断言。\n例：tongban due 2026-09-24 10个工作日",
    .more_en = "limits: 10个工作日 (10 workdays), 30个自然日 (days), 24小时 (hours), 16个工作小时 (workhours), 3个月 "
               "(months), 1年 (years); "
               "negative: backwards.\n"
               "The first day does not count. Where a calendar is not published the answer is a bound.",
};
