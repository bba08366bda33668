/* Calendar and counting (M9–M11): known answers, boundaries, and a slow day-by-day reference asked the same random
 * questions.
 *
 * The reference below shares nothing with engine/calendar.c: it walks years, months and days with its own leap rule,
 * keeps one letter a day and counts by stepping. It is written from the words of calendar.h. TB_SEED=N repeats a run.
 */
#include "pure.h"
#include "arena.h"
#include "calendar.h"
#include <stdlib.h>
#include <time.h>

enum { QUESTIONS = 150000, WORKING_QUESTIONS = 4000, SPEED_CALLS = 1000000, FIRST = -7670, DAYS = 91676, LOADS_MOST = 64 };

static const tb_calendar *cal;
/* kind: W workday, R rest, U unknown, F a fixed holiday where all else is unknown */
static struct { int y, m, d, weekday; char kind; } days[DAYS];

/* ---- facts ---- */

static int leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
static int length_of(int y, int m) { return m == 2 ? 28 + leap(y) : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31; }

struct fact { int32_t day; int work; char name[64]; };
static struct fact facts[1000];
static int fact_count;

static void read_facts(void) {
    FILE *f = fopen("tests/data/calendar.tsv", "r");
    char line[256];
    if (!CHECK(f != NULL)) exit(check_end());
    while (fgets(line, sizeof line, f)) {
        char *kind = strchr(line, '\t'), *name = kind ? strchr(kind + 1, '\t') : NULL;
        if (line[0] == '#' || !name) continue;
        struct fact *fact = &facts[fact_count++];
        if (!tb_day_parse((tb_str){line, 10}, &fact->day)) CHECK_STR(line, "a day");
        fact->work = strncmp(kind + 1, "workday", 7) == 0;
        snprintf(fact->name, sizeof fact->name, "%.*s", (int)strcspn(name + 1, "\r\n"), name + 1);
    }
    fclose(f);
    CHECK_INT(fact_count, 676);
}

static const int fixed_days[][2] = {{1, 1}, {5, 1}, {5, 2}, {10, 1}, {10, 2}, {10, 3}};

static const tb_calendar *build(tb_arena *a, int first, int last, int leave_out, int closes_day) {
    tb_calendar_builder *b = tb_calendar_begin(a, TB_STR("全国"));
    for (int y = first; y <= last; y++)
        if (y != leave_out) tb_calendar_year(b, y, tb_str_printf(a, "%d年通知", y));
    for (size_t i = 0; i < sizeof fixed_days / sizeof *fixed_days; i++)
        tb_calendar_fixed(b, fixed_days[i][0], fixed_days[i][1], TB_STR("法定节日"));
    int taken = 0;
    for (int i = 0; i < fact_count; i++)
        taken += (facts[i].work ? tb_calendar_work : tb_calendar_rest)(b, facts[i].day, tb_str_z(facts[i].name));
    CHECK_INT(taken, fact_count);
    if (closes_day) CHECK(tb_calendar_hours(b, &(tb_office_spell){9 * 60, 17 * 60 + 30}, 1, true));
    return tb_calendar_end(b);
}

static int is_published(int y, int first, int last, int gap) { return y >= first && y <= last && y != gap; }

static void build_reference(int first, int last, int gap) {
    int y = 1949, m = 1, d = 1, weekday = 6, next = 0; /* 1949-01-01 was a Saturday */
    for (int i = 0; i < DAYS; i++) {
        days[i].y = y, days[i].m = m, days[i].d = d, days[i].weekday = weekday;
        int fixed = 0, work = weekday <= 5;
        for (size_t k = 0; k < sizeof fixed_days / sizeof *fixed_days; k++)
            fixed |= fixed_days[k][0] == m && fixed_days[k][1] == d && y >= last;
        while (next < fact_count && facts[next].day < FIRST + i) next++;
        if (next < fact_count && facts[next].day == FIRST + i) work = facts[next].work;
        int tail = m == 12 && d >= 25 && !is_published(y + 1, first, last, gap);
        int known = is_published(y, first, last, gap) && !tail;
        days[i].kind = known ? (work ? 'W' : 'R') : fixed ? 'F' : 'U';
        weekday = weekday % 7 + 1;
        if (++d > length_of(y, m)) d = 1, m++;
        if (m > 12) m = 1, y++;
    }
    CHECK_INT(y, 2200);
}

/* ---- reference ---- */

static char kind_of(int32_t day) { return days[day - FIRST].kind; }
static int inside(int32_t day) { return day >= FIRST && day < FIRST + DAYS; }

static int excluded(int32_t day, const tb_exclusion *out, uint32_t outs) {
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].from < day && day <= out[i].to) return 1;
    return 0;
}

static int missing_at(int32_t day, int first, int last, int gap) {
    int y = days[day - FIRST].y;
    return is_published(y, first, last, gap) ? y + 1 : y;
}

static tb_due ref_none(void) { return (tb_due){TB_DUE_NONE, TB_NO_DAY, TB_NO_TIME, 0}; }

struct span { int first, last, gap; };

static tb_due ref_day(int32_t start, int32_t day, int32_t unknown, struct span s) {
    if (!inside(day) || abs(day - start) > TB_COUNT_LIMIT) return ref_none();
    int64_t at = ((int64_t)day + 1) * TB_DAY_MS - 8 * 3600000;
    if (unknown == TB_NO_DAY) return (tb_due){TB_DUE_EXACT, day, at, 0};
    return (tb_due){TB_DUE_NOT_BEFORE, day, at, missing_at(unknown, s.first, s.last, s.gap)};
}

static int32_t ref_months(int32_t start, int months) {
    int total = days[start - FIRST].y * 12 + days[start - FIRST].m - 1 + months, y = total / 12, m = total % 12 + 1;
    int d = days[start - FIRST].d < length_of(y, m) ? days[start - FIRST].d : length_of(y, m);
    for (int32_t i = start; inside(i); i += months < 0 ? -1 : 1)
        if (days[i - FIRST].y == y && days[i - FIRST].m == m && days[i - FIRST].d == d) return i;
    return TB_NO_DAY;
}

static tb_due ref_due(int64_t start_ms, int n, enum tb_unit unit, int roll, const tb_exclusion *out, uint32_t outs,
                      struct span s) {
    int64_t local = start_ms + 8 * 3600000;
    int32_t day, unknown = TB_NO_DAY, start = (int32_t)(local / TB_DAY_MS - (local % TB_DAY_MS < 0));
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].to == INT32_MAX) return ref_none();
    day = start;
    if (unit == TB_WORKDAYS && n >= 0) {
        for (int left = n; left;) {
            if (!inside(++day)) return ref_none();
            if (excluded(day, out, outs)) continue;
            if (kind_of(day) == 'U' && unknown == TB_NO_DAY) unknown = day;
            left -= kind_of(day) == 'W' || kind_of(day) == 'U';
        }
        return ref_day(start, day, unknown, s);
    }
    if (unit == TB_WORKDAYS) {
        int32_t seen = TB_NO_DAY, latest = TB_NO_DAY, sure = TB_NO_DAY;
        int open = 0, certain = 0;
        for (day = start - 1; inside(day) && sure == TB_NO_DAY; day--) {
            char k = kind_of(day);
            if (k == 'U' && seen == TB_NO_DAY && latest == TB_NO_DAY) seen = day;
            open += k == 'W' || k == 'U', certain += k == 'W';
            if (open == -n && latest == TB_NO_DAY) latest = day;
            if (certain == -n) sure = day;
        }
        return seen == TB_NO_DAY ? ref_day(start, latest, TB_NO_DAY, s) : ref_day(start, sure, seen, s);
    }
    if (unit == TB_HOURS) {
        int64_t at = start_ms, left = (int64_t)n * 3600000;
        if (n < 0) at += left, left = 0;
        for (day = start; left || excluded(day, out, outs);) { /* the hours of days that count; the others pass whole */
            int64_t end = ((int64_t)day + 1) * TB_DAY_MS - 8 * 3600000;
            if (excluded(day, out, outs)) at += TB_DAY_MS, day++;
            else if (at + left < end) at += left, left = 0;
            else left -= end - at, at = end, day++;
            if (left == 0 && !excluded(day, out, outs)) break;
        }
        if (n < 0) day = tb_day_of(at);
        return (tb_due){TB_DUE_EXACT, day, at, 0};
    }
    int32_t plain = unit == TB_DAYS ? start + n : ref_months(start, unit == TB_YEARS ? 12 * n : n);
    if (plain <= start) day = plain;
    else
        for (int left = plain - start; left; left -= !excluded(day, out, outs)) day++;
    if (!roll || n < 0) return ref_day(start, day, TB_NO_DAY, s);
    if (kind_of(day) == 'R' || kind_of(day) == 'F')
        do day++; while (kind_of(day) == 'R' || kind_of(day) == 'F' || excluded(day, out, outs));
    return ref_day(start, day, kind_of(day) == 'U' ? day : TB_NO_DAY, s);
}

static int ref_between(int32_t after, int32_t until, const tb_exclusion *out, uint32_t outs) {
    int n = 0;
    for (int32_t d = after + 1; d <= until; d++) {
        if (excluded(d, out, outs)) continue;
        if (kind_of(d) == 'U') return -1;
        n += kind_of(d) == 'W';
    }
    return n;
}

/* ---- known answers ---- */

static int32_t day_z(const char *z) {
    int32_t d = TB_NO_DAY;
    if (!tb_day_parse(tb_str_z(z), &d)) CHECK_STR(z, "a day");
    return d;
}

static int64_t at_z(const char *z) {
    int64_t t = TB_NO_TIME;
    if (!tb_time_parse(tb_str_z(z), &t)) CHECK_STR(z, "a time");
    return t;
}

/* "2026-10-22", "≥2027-01-10 (2027)" or "none" */
static const char *say(tb_due due) {
    static char text[4][64];
    static int turn;
    char *out = text[turn++ % 4], day[TB_DAY_TEXT];
    if (due.kind == TB_DUE_NONE) return "none";
    tb_day_text(due.day, day);
    if (due.kind == TB_DUE_EXACT) snprintf(out, 64, "%s", day);
    else snprintf(out, 64, "≥%s (%d)", day, due.unpublished);
    return out;
}

static const char *ask(const char *start, int n, enum tb_unit unit, bool roll) {
    return say(tb_due_after(cal, tb_day_start(day_z(start)) + 10 * 3600000, n, unit, roll, NULL, 0));
}

static void test_known(void) {
    CHECK_STR(ask("2026-09-18", 20, TB_WORKDAYS, false), "2026-10-22");
    CHECK_STR(ask("2026-09-18", 30, TB_WORKDAYS, false), "2026-11-05");
    CHECK_STR(ask("2026-09-18", 45, TB_WORKDAYS, false), "2026-11-26");
    CHECK_STR(ask("2025-12-25", 5, TB_WORKDAYS, false), "2026-01-04");
    CHECK_STR(ask("2026-02-12", 5, TB_WORKDAYS, false), "2026-02-26");
    CHECK_STR(ask("2024-02-08", 20, TB_WORKDAYS, false), "2024-03-13");
    CHECK_STR(ask("2022-12-29", 5, TB_WORKDAYS, false), "2023-01-06");
    CHECK_STR(ask("2026-12-20", 20, TB_WORKDAYS, false), "≥2027-01-10 (2027)");
    CHECK_STR(ask("2026-12-18", 4, TB_WORKDAYS, false), "2026-12-24");
    CHECK_STR(ask("2026-12-18", 5, TB_WORKDAYS, false), "≥2026-12-25 (2027)");
    CHECK_STR(ask("2026-12-31", 1, TB_WORKDAYS, false), "≥2027-01-02 (2027)"); /* 01-01 is fixed by law */
    CHECK_STR(ask("2027-04-30", 1, TB_WORKDAYS, false), "≥2027-05-03 (2027)");
    CHECK_STR(ask("2018-12-28", 1, TB_WORKDAYS, false), "2018-12-29");         /* moved by the notice for 2019 */
    CHECK_STR(ask("2007-12-28", 1, TB_WORKDAYS, false), "2007-12-29");
    CHECK_STR(ask("2006-12-29", 1, TB_WORKDAYS, false), "≥2006-12-30 (2006)");
    CHECK_STR(ask("2006-12-31", 1, TB_WORKDAYS, false), "2007-01-04");
    CHECK_STR(ask("2026-12-24", 0, TB_WORKDAYS, false), "2026-12-24");
    CHECK_STR(ask("2026-10-08", -1, TB_WORKDAYS, false), "2026-09-30");
    CHECK_STR(ask("2026-10-12", -7, TB_WORKDAYS, false), "2026-09-24"); /* 10-10 is a make-up Saturday */
    CHECK_STR(ask("2027-01-05", -2, TB_WORKDAYS, false), "≥2026-12-23 (2027)");
    CHECK_STR(ask("2026-01-31", 1, TB_MONTHS, false), "2026-02-28");
    CHECK_STR(ask("2024-01-31", 1, TB_MONTHS, false), "2024-02-29");
    CHECK_STR(ask("2024-02-29", 1, TB_YEARS, false), "2025-02-28");
    CHECK_STR(ask("2024-02-29", 4, TB_YEARS, false), "2028-02-29");
    CHECK_STR(ask("2026-03-31", -1, TB_MONTHS, false), "2026-02-28");
    CHECK_STR(ask("2026-09-01", 30, TB_DAYS, true), "2026-10-08");             /* 10-01 moves over the holidays */
    CHECK_STR(ask("2026-09-01", 30, TB_DAYS, false), "2026-10-01");
    CHECK_STR(ask("2026-12-01", 23, TB_DAYS, true), "2026-12-24");
    CHECK_STR(ask("2026-12-01", 24, TB_DAYS, true), "≥2026-12-25 (2027)");
    CHECK_STR(ask("2026-12-01", 24, TB_DAYS, false), "2026-12-25");
    CHECK_STR(ask("2026-12-01", 31, TB_DAYS, true), "≥2027-01-02 (2027)");
    CHECK_STR(ask("2026-03-02", TB_COUNT_LIMIT, TB_DAYS, false), "2126-05-17");
    CHECK_STR(ask("2026-03-02", TB_COUNT_LIMIT + 1, TB_DAYS, false), "none");
    CHECK_STR(ask("2026-03-02", TB_COUNT_LIMIT, TB_WORKDAYS, false), "none");  /* few enough, but over too many days */
    CHECK_STR(ask("2026-03-02", 1300, TB_MONTHS, false), "none");
    CHECK_STR(ask("2026-03-02", INT32_MAX, TB_YEARS, false), "none");
    CHECK_STR(ask("2026-03-02", INT32_MIN, TB_WORKDAYS, false), "none");
    CHECK_STR(ask("2199-12-31", 1, TB_DAYS, false), "none");
    CHECK_STR(ask("1949-01-01", -1, TB_WORKDAYS, false), "none");
    CHECK_STR(ask("2007-01-04", -1, TB_WORKDAYS, false), "none");              /* nothing is certain before 2007 */
    char text[TB_TIME_TEXT];
    tb_due due = tb_due_after(cal, at_z("2026-03-02 09:30"), 24, TB_HOURS, false, NULL, 0);
    CHECK_STR(tb_time_text(due.at, text), "2026-03-03T09:30:00+08:00");
    due = tb_due_after(cal, at_z("2026-03-02 09:30"), 20, TB_WORKDAYS, false, NULL, 0);
    CHECK_STR(tb_time_text(due.at, text), "2026-03-31T00:00:00+08:00");
}

/* 届满前 n: in words as say(), with the instant at which it is told. */
static const char *before(const char *start, int limit, bool closing, int n, enum tb_unit unit) {
    static char out[3][96];
    static int turn;
    char text[TB_TIME_TEXT], *to = out[turn++ % 3];
    const tb_calendar *c = closing ? build(arena, 2007, 2026, 0, 1) : cal;
    tb_due due = tb_due_after(c, at_z(start), limit, TB_WORKDAYS, false, NULL, 0);
    tb_due told = tb_due_before(c, due, n, unit);
    snprintf(to, 96, "%s%s", say(told), told.kind == TB_DUE_NONE ? "" : tb_time_text(told.at, text) + 10);
    return to;
}

static void test_before(void) {
    /* 2026-09-18 and 20 workdays is 10-22; 10-10 is a make-up Saturday, 10-01 to 10-07 are holidays */
    CHECK_STR(before("2026-09-18 09:00", 20, false, 1, TB_WORKDAYS), "2026-10-21T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 3, TB_WORKDAYS), "2026-10-19T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 9, TB_WORKDAYS), "2026-10-10T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 12, TB_WORKDAYS), "2026-09-30T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 19, TB_WORKDAYS), "2026-09-20T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 5, TB_DAYS), "2026-10-17T09:00:00+08:00"); /* a Saturday: as the law counts */
    CHECK_STR(before("2026-09-18 09:00", 20, false, 1, TB_MONTHS), "2026-09-22T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 4, TB_HOURS), "2026-10-22T20:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, true, 4, TB_HOURS), "2026-10-22T13:30:00+08:00"); /* closing time is 17:30 */
    CHECK_STR(before("2026-12-18 09:00", 4, false, 2, TB_WORKDAYS), "2026-12-22T09:00:00+08:00");
    /* a bound gives a bound: the due day is not before 12-25, so the day before is not before 12-24 */
    CHECK_STR(before("2026-12-18 09:00", 5, false, 1, TB_WORKDAYS), "≥2026-12-24 (2027)T09:00:00+08:00");
    CHECK_STR(before("2026-12-18 09:00", 9, false, 1, TB_WORKDAYS), "≥2026-12-24 (2027)T09:00:00+08:00");
    CHECK_STR(before("2026-12-18 09:00", 5, false, 3, TB_DAYS), "≥2026-12-22 (2027)T09:00:00+08:00");
    CHECK_STR(before("2026-09-18 09:00", 20, false, 0, TB_WORKDAYS), "none");
    CHECK_STR(before("2026-09-18 09:00", 20, false, -1, TB_WORKDAYS), "none");
    tb_due stopped = {.kind = TB_DUE_NONE, .day = TB_NO_DAY, .at = TB_NO_TIME};
    CHECK_INT(tb_due_before(cal, stopped, 1, TB_WORKDAYS).kind, TB_DUE_NONE);
}

static void test_exclusions(void) {
    int64_t start = at_z("2026-03-02 09:00");
    tb_exclusion out[] = {{day_z("2026-03-10"), day_z("2026-03-16")}, {day_z("2026-03-04"), day_z("2026-03-06")},
                          {day_z("2026-03-05"), day_z("2026-03-11")}};
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_WORKDAYS, false, NULL, 0)), "2026-03-16");
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_WORKDAYS, false, out, 1)), "2026-03-20");
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_WORKDAYS, false, out, 3)), "2026-03-26"); /* union: 03-05…03-16 */
    CHECK_INT(tb_workdays_between(cal, day_z("2026-03-02"), day_z("2026-03-26"), out, 3), 10);
    tb_exclusion same_day = {day_z("2026-03-04"), day_z("2026-03-04")}, open = {day_z("2026-03-04"), INT32_MAX};
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_WORKDAYS, false, &same_day, 1)), "2026-03-16");
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_WORKDAYS, false, &open, 1)), "none");
    CHECK_STR(say(tb_due_after(cal, start, -10, TB_WORKDAYS, false, out, 1)), "none");
    CHECK_STR(say(tb_due_after(cal, start, 10, TB_DAYS, false, out, 1)), "2026-03-18");
    tb_due_ranges why;
    tb_due due = tb_due_explain(arena, cal, start, 10, TB_WORKDAYS, false, &open, 1, &why);
    CHECK(due.kind == TB_DUE_NONE && why.count == 3);
    CHECK(why.items[1].why == TB_WHY_COUNTED && why.items[1].counted == 2 && why.items[1].to == open.from);
    CHECK(why.items[2].why == TB_WHY_EXCLUDED && why.items[2].from == open.from + 1 && why.items[2].to == INT32_MAX);
}

/* The ranges in words: "first 09-29…09-29 0; holiday国庆节 10-01…10-07 1; …", each with what was counted by its end. */
static const char *explain(const char *start, int n, enum tb_unit unit, bool roll) {
    static const char *const words[] = {"", "counted", "weekend", "holiday", "makeup", "excluded", "rolled",
        "unpublished", "first"};
    tb_due_ranges why;
    tb_buf b;
    char from[TB_DAY_TEXT], to[TB_DAY_TEXT];
    tb_buf_init(&b, arena);
    tb_due_explain(arena, cal, at_z(start), n, unit, roll, NULL, 0, &why);
    for (uint32_t i = 0; i < why.count; i++) {
        const tb_due_range *r = &why.items[i];
        tb_putf(&b, "%s%s%.*s %s…%s %d", i ? "; " : "", words[r->why], TB_FMT(r->name), tb_day_text(r->from, from) + 5,
                tb_day_text(r->to, to) + 5, r->counted);
    }
    return tb_buf_str(&b).p;
}

static void test_explain(void) {
    CHECK_STR(explain("2026-09-18 09:00", 4, TB_WORKDAYS, false),
              "first 09-18…09-18 0; weekend 09-19…09-19 0; makeup国庆节 09-20…09-20 1; counted 09-21…09-23 4");
    CHECK_STR(explain("2026-09-29 09:00", 2, TB_WORKDAYS, false),
              "first 09-29…09-29 0; counted 09-30…09-30 1; holiday国庆节 10-01…10-07 1; counted 10-08…10-08 2");
    CHECK_STR(explain("2026-12-23 09:00", 3, TB_WORKDAYS, false),
              "first 12-23…12-23 0; counted 12-24…12-24 1; unpublished 12-25…12-26 3");
    CHECK_STR(explain("2026-09-29 09:00", 2, TB_DAYS, true),
              "first 09-29…09-29 0; counted 09-30…10-01 2; rolled国庆节 10-02…10-08 2");
    CHECK_STR(explain("2026-12-23 09:00", 3, TB_DAYS, true),
              "first 12-23…12-23 0; counted 12-24…12-25 2; unpublished 12-26…12-26 3");
    CHECK_STR(explain("2026-10-09 09:00", -2, TB_WORKDAYS, false),
              "first 10-09…10-09 0; counted 10-08…10-08 1; holiday国庆节 10-01…10-07 1; counted 09-30…09-30 2");
    tb_due_ranges why;
    tb_exclusion out = {day_z("2026-03-02"), day_z("2026-03-03")};
    tb_due_explain(arena, cal, at_z("2026-03-02 09:30"), 30, TB_HOURS, false, &out, 1, &why);
    CHECK_INT(why.count, 3);
    CHECK(why.items[0].why == TB_WHY_COUNTED && why.items[0].counted == 14); /* 09:30 to 24:00, whole hours */
    CHECK(why.items[1].why == TB_WHY_EXCLUDED && why.items[2].counted == 30 && why.items[2].to == day_z("2026-03-04"));
}

static void test_days(void) {
    for (int i = 0; i < DAYS; i++) {
        int y, m, d, bad = 0;
        tb_day_split(FIRST + i, &y, &m, &d);
        bad |= y != days[i].y || m != days[i].m || d != days[i].d || tb_day(y, m, d) != FIRST + i;
        bad |= tb_weekday(FIRST + i) != days[i].weekday;
        bad |= tb_day_of(tb_day_start(FIRST + i)) != FIRST + i;
        bad |= tb_day_of(tb_day_start(FIRST + i) - 1) != FIRST + i - 1;
        enum tb_day_kind kind = tb_calendar_day(cal, FIRST + i, NULL);
        char want = days[i].kind;
        bad |= want == 'U' ? kind != TB_UNPUBLISHED : want == 'W' ? kind != TB_WORKDAY && kind != TB_MAKEUP_WORKDAY
                                                                  : kind != TB_WEEKEND && kind != TB_HOLIDAY;
        if (bad) CHECK_INT(FIRST + i, -1);
    }
    tb_str name;
    CHECK_INT(tb_calendar_day(cal, day_z("2026-09-20"), &name), TB_MAKEUP_WORKDAY);
    CHECK(tb_str_is(name, "国庆节"));
    CHECK_INT(tb_calendar_day(cal, day_z("2015-09-03"), &name), TB_HOLIDAY);
    CHECK(tb_str_is(name, "抗日战争暨世界反法西斯战争胜利70周年纪念日"));
    CHECK_INT(tb_calendar_day(cal, day_z("2026-03-07"), &name), TB_WEEKEND);
    CHECK_INT(tb_calendar_day(cal, day_z("2026-12-24"), &name), TB_WORKDAY);
    CHECK_INT(tb_calendar_day(cal, day_z("2026-12-25"), &name), TB_UNPUBLISHED);
    CHECK_INT(tb_calendar_day(cal, day_z("2027-01-01"), &name), TB_HOLIDAY);
    CHECK_INT(tb_calendar_day(cal, day_z("2006-05-02"), &name), TB_UNPUBLISHED);
    CHECK_INT(tb_calendar_day(cal, INT32_MAX, &name), TB_UNPUBLISHED);
    CHECK_INT(tb_next_workday(cal, day_z("2026-10-01")), day_z("2026-10-08"));
    CHECK_INT(tb_next_workday(cal, day_z("2026-12-25")), TB_NO_DAY);
    CHECK_INT(tb_calendar_first_year(cal), 2007);
    CHECK_INT(tb_calendar_last_year(cal), 2026);
    CHECK(tb_str_is(tb_calendar_notice(cal, 2026), "2026年通知") && tb_calendar_notice(cal, 2027).n == 0);
    CHECK_INT(tb_day(2026, 2, 29), TB_NO_DAY);
    CHECK_INT(tb_day(2100, 2, 29), TB_NO_DAY);
    CHECK_INT(tb_day(0, 1, 1), TB_NO_DAY);
    CHECK_INT(tb_day_add_months(day_z("9999-12-31"), 1), TB_NO_DAY);
    CHECK_INT(tb_workdays_between(cal, day_z("2026-12-20"), day_z("2026-12-24"), NULL, 0), 4);
    CHECK_INT(tb_workdays_between(cal, day_z("2026-12-20"), day_z("2026-12-25"), NULL, 0), -1);
    CHECK_INT(tb_workdays_between(cal, day_z("2026-12-20"), day_z("2026-12-01"), NULL, 0), 0);
}

static void test_text(void) {
    static const struct { const char *in, *out; } good[] = {
        {"2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00+08:00"},
        {"2026-03-02T01:00:00Z", "2026-03-02T09:00:00+08:00"},
        {"2026-03-02T01:00:00.5z", "2026-03-02T09:00:00.500+08:00"},
        {"2026-03-01T20:00:00-05:00", "2026-03-02T09:00:00+08:00"},
        {"2026-03-02 09:00", "2026-03-02T09:00:00+08:00"},
        {"2026-03-02 09:00:07", "2026-03-02T09:00:07+08:00"},
        {"2026-03-02T09:00:00.123456789+08:00", "2026-03-02T09:00:00.123+08:00"},
        {"1969-12-31 23:59:59.001", "1969-12-31T23:59:59.001+08:00"},
        {"0001-01-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00"},
    };
    static const char *bad[] = {"", "2026-03-02", "2026-3-2 09:00", "2026-03-02T09:00", "2026-03-02T09:00:00",
        "2026-03-02T24:00:00Z", "2026-02-29T09:00:00Z", "2026-03-02T09:60:00Z", "2026-03-02T09:00:60Z",
        "2026-03-02T09:00:00+8:00", "2026-03-02T09:00:00.Z", "2026-03-02T09:00:00Zx", "2026-03-02T09:00:00+24:00",
        "2026-03-02X09:00:00Z", "0000-01-01T00:00:00Z", "2026-13-01 09:00"};
    char text[TB_TIME_TEXT], day[TB_DAY_TEXT];
    int64_t ms;
    int32_t d;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (CHECK(tb_time_parse(tb_str_z(good[i].in), &ms))) CHECK_STR(tb_time_text(ms, text), good[i].out);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!tb_time_parse(tb_str_z(bad[i]), &ms))) fprintf(stderr, "    %s\n", bad[i]);
    CHECK(!tb_day_parse(TB_STR("2026-03-021"), &d) && !tb_day_parse(TB_STR("2026-3-02"), &d));
    CHECK(!tb_day_parse(TB_STR(""), &d));
    CHECK_STR(tb_day_text(day_z("2026-03-02"), day), "2026-03-02");
    CHECK(strlen(tb_time_text(INT64_MAX, text)) < TB_TIME_TEXT && strlen(tb_time_text(INT64_MIN, text)) < TB_TIME_TEXT);
    CHECK(strlen(tb_day_text(INT32_MAX, day)) < TB_DAY_TEXT && strlen(tb_day_text(INT32_MIN, day)) < TB_DAY_TEXT);
    CHECK(tb_day_of(INT64_MAX) == INT32_MAX && tb_day_of(INT64_MIN) != TB_NO_DAY);
}

static void test_building(void) {
    tb_calendar_builder *b = tb_calendar_begin(arena, TB_STR("试"));
    int32_t d = day_z("2026-03-02"), e = day_z("2026-03-01");
    CHECK(tb_calendar_rest(b, d, TB_STR("甲")) && tb_calendar_rest(b, d, TB_STR("甲")));
    CHECK(!tb_calendar_work(b, d, TB_STR("乙")));
    CHECK(tb_calendar_work(b, e, TB_STR("乙")) && !tb_calendar_rest(b, e, TB_STR("甲")));
    CHECK(!tb_calendar_rest(b, FIRST - 1, TB_STR("甲")) && !tb_calendar_work(b, FIRST + DAYS, TB_STR("甲")));
    tb_calendar_year(b, 2026, TB_STR("通知"));
    const tb_calendar *c = tb_calendar_end(b);
    tb_str name;
    CHECK(tb_str_is(tb_calendar_name(c), "试"));
    CHECK(tb_calendar_day(c, d, &name) == TB_HOLIDAY && tb_str_is(name, "甲"));
    CHECK(tb_calendar_day(c, e, &name) == TB_MAKEUP_WORKDAY && tb_str_is(name, "乙"));
    CHECK(tb_calendar_opens(c) == 540 && tb_calendar_closes(c) == 1020 && !tb_calendar_closes_day(c));
    const tb_calendar *none = tb_calendar_end(tb_calendar_begin(arena, TB_STR("空"))); /* bounds everywhere */
    CHECK_INT(tb_calendar_first_year(none), 0);
    CHECK_STR(say(tb_due_after(none, tb_day_start(d), 5, TB_WORKDAYS, false, NULL, 0)), "≥2026-03-07 (2026)");
    const tb_calendar *closing = build(arena, 2007, 2026, 0, 1);
    char text[TB_TIME_TEXT];
    tb_due due = tb_due_after(closing, tb_day_start(d), 5, TB_WORKDAYS, false, NULL, 0);
    CHECK_STR(tb_time_text(due.at, text), "2026-03-09T17:30:00+08:00");
}

/* ---- working hours ---- */

static const tb_office_spell office_spells[] = {{9 * 60, 12 * 60}, {13 * 60 + 30, 17 * 60 + 30}};

static const tb_calendar *office_calendar(void) {
    tb_calendar_builder *b = tb_calendar_begin(arena, TB_STR("两段"));
    for (int y = 2007; y <= 2026; y++) tb_calendar_year(b, y, TB_STR("通知"));
    for (size_t i = 0; i < sizeof fixed_days / sizeof *fixed_days; i++)
        tb_calendar_fixed(b, fixed_days[i][0], fixed_days[i][1], TB_STR("法定节日"));
    for (int i = 0; i < fact_count; i++)
        (facts[i].work ? tb_calendar_work : tb_calendar_rest)(b, facts[i].day, tb_str_z(facts[i].name));
    CHECK(tb_calendar_hours(b, office_spells, 2, false));
    return tb_calendar_end(b);
}

static int at_work(int minute) {
    for (size_t i = 0; i < sizeof office_spells / sizeof *office_spells; i++)
        if (minute >= office_spells[i].from && minute < office_spells[i].to) return 1;
    return 0;
}

/* Minute by minute; `start` is a whole one. Backwards a first pass takes every unknown day for a workday, a second none. */
static tb_due ref_workhours(int64_t start, int n, const tb_exclusion *out, uint32_t outs, struct span s) {
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].to == INT32_MAX) return ref_none();
    int32_t unknown = TB_NO_DAY;
    for (int pass = 0; pass < 2; pass++) {
        int64_t at = start, left = (int64_t)(n < 0 ? -n : n) * 60;
        while (left) {
            if (n < 0) at -= 60000;
            int32_t day = (int32_t)((at + 8 * 3600000) / TB_DAY_MS);
            if (!inside(day)) return ref_none();
            int counts = at_work((int)((at + 8 * 3600000) % TB_DAY_MS / 60000)) && !excluded(day, out, outs);
            if (counts && kind_of(day) == 'U' && unknown == TB_NO_DAY) unknown = day;
            left -= counts && (kind_of(day) == 'W' || (kind_of(day) == 'U' && pass == 0));
            if (n > 0) at += 60000;
        }
        if (n > 0 || unknown == TB_NO_DAY || pass == 1) {
            int32_t day = (int32_t)((at + 8 * 3600000) / TB_DAY_MS);
            if (unknown == TB_NO_DAY) return (tb_due){TB_DUE_EXACT, day, at, 0};
            return (tb_due){TB_DUE_NOT_BEFORE, day, at, missing_at(unknown, s.first, s.last, s.gap)};
        }
    }
    return ref_none();
}

static const char *workhours(const tb_calendar *c, const char *start, int n) {
    static char text[4][64 + TB_TIME_TEXT];
    static int turn;
    char *out = text[turn++ % 4], time[TB_TIME_TEXT];
    tb_due due = tb_due_after(c, at_z(start), n, TB_WORKHOURS, false, NULL, 0);
    tb_time_text(due.at, time);
    snprintf(out, sizeof text[0], "%s%.16s", due.kind == TB_DUE_NOT_BEFORE ? "≥" : due.kind == TB_DUE_EXACT ? "" : "none ", time);
    return out;
}

static void test_working_hours(struct span s) {
    const tb_calendar *c = office_calendar();
    CHECK_INT(tb_calendar_office_minutes(c), 7 * 60);
    CHECK_STR(workhours(c, "2026-03-02 09:00", 3), "2026-03-02T12:00");  /* ends before lunch, not after it */
    CHECK_STR(workhours(c, "2026-03-02 09:00", 4), "2026-03-02T14:30");
    CHECK_STR(workhours(c, "2026-03-02 12:30", 4), "2026-03-02T17:30");  /* begun at lunch; closing time, not tomorrow */
    CHECK_STR(workhours(c, "2026-03-02 17:30", 1), "2026-03-03T10:00");
    CHECK_STR(workhours(c, "2026-03-06 16:30", 8), "2026-03-09T17:30");  /* Friday 1 h, Monday 7 h */
    CHECK_STR(workhours(c, "2026-03-07 11:00", 1), "2026-03-09T10:00");  /* Saturday */
    CHECK_STR(workhours(c, "2026-02-14 09:00", 14), "2026-02-24T17:30"); /* a make-up Saturday, then 春节 to 02-23 */
    CHECK_STR(workhours(c, "2026-12-24 16:30", 2), "≥2026-12-25T10:00");
    CHECK_STR(workhours(c, "2026-12-24 16:30", 1), "2026-12-24T17:30");
    CHECK_STR(workhours(c, "2026-12-25 17:30", 1), "≥2026-12-26T10:00");
    CHECK_STR(workhours(c, "2026-03-02 14:30", -1), "2026-03-02T13:30"); /* backwards: the latest instant */
    CHECK_STR(workhours(c, "2026-03-02 14:30", -4), "2026-03-02T09:00");
    CHECK_STR(workhours(c, "2026-03-02 08:00", -1), "2026-02-28T16:30"); /* 02-28 is a make-up Saturday */
    CHECK_STR(workhours(c, "2027-01-04 09:00", -1), "≥2026-12-24T16:30");
    CHECK_STR(workhours(c, "2026-03-02 09:00", 8760), "≥2029-11-22T12:00");
    tb_due limit = tb_due_after(c, at_z("2026-03-02 09:00"), 5, TB_WORKDAYS, false, NULL, 0);
    char text[TB_TIME_TEXT];
    CHECK_STR(tb_time_text(tb_due_before(c, limit, 8, TB_WORKHOURS).at, text), "2026-03-06T16:30:00+08:00");
    tb_exclusion out = {day_z("2026-03-02"), day_z("2026-03-04")};
    tb_due_ranges why;
    tb_due due = tb_due_explain(arena, c, at_z("2026-03-02 16:30"), 9, TB_WORKHOURS, false, &out, 1, &why);
    CHECK_STR(tb_time_text(due.at, text), "2026-03-06T10:00:00+08:00");
    CHECK(why.count == 3 && why.items[0].counted == 1 && why.items[1].why == TB_WHY_EXCLUDED && why.items[2].counted == 9);
    CHECK_INT(tb_used_between(c, at_z("2026-03-02 16:30"), due.at, TB_WORKHOURS, &out, 1), 9);
    CHECK_INT(tb_used_between(c, at_z("2026-03-02 16:30"), due.at - 1, TB_WORKHOURS, &out, 1), 8);
    CHECK_INT(tb_used_between(c, at_z("2026-12-24 09:00"), at_z("2026-12-25 09:00"), TB_WORKHOURS, NULL, 0), -1);

    int wrong = 0, kinds[4] = {0};
    for (int q = 0; q < WORKING_QUESTIONS && wrong < 5; q++) {
        int32_t start = day_z("2008-06-01") + (int32_t)dice(18 * 365);
        if (dice(4) == 0) start = day_z("2026-12-31") - (int32_t)dice(40) + (int32_t)dice(30);
        int64_t ms = tb_day_start(start) + (int64_t)dice(1440) * 60000;
        int n = 1 + (int)dice(dice(4) ? 24 : 120);
        tb_exclusion outs[3];
        uint32_t outs_n = dice(3) ? 0 : 1 + dice(3);
        for (uint32_t i = 0; i < outs_n; i++) {
            outs[i].from = start - 10 + (int32_t)dice(30);
            outs[i].to = dice(200) == 0 ? INT32_MAX : outs[i].from + (int32_t)dice(20) - 2;
        }
        if (dice(4) == 0) n = -n, outs_n = 0;
        tb_due got = tb_due_after(c, ms, n, TB_WORKHOURS, false, outs, outs_n), want = ref_workhours(ms, n, outs, outs_n, s);
        kinds[got.kind]++;
        int bad = got.kind != want.kind || got.at != want.at || got.unpublished != want.unpublished;
        if (!bad && got.kind == TB_DUE_EXACT && n > 0)
            bad = tb_used_between(c, ms, got.at, TB_WORKHOURS, outs, outs_n) != n ? 2
                  : tb_used_between(c, ms, got.at - 1, TB_WORKHOURS, outs, outs_n) != n - 1 ? 3 : 0;
        tb_due told = tb_due_explain(arena, c, ms, n, TB_WORKHOURS, false, outs, outs_n, &why);
        if (!bad && told.kind != TB_DUE_NONE)
            bad = told.at != got.at || why.items[why.count - 1].counted != abs(n) || why.items[0].from > start ||
                  why.items[0].to < start ? 4 : 0;
        if (bad) {
            char at[TB_TIME_TEXT], is[TB_TIME_TEXT], due_at[TB_TIME_TEXT];
            wrong++;
            fprintf(stderr, "working hours %d (%d): %s %+d outs %u: got %d %s %d, expected %d %s %d\n", q, bad, tb_time_text(ms, at), n,
                    outs_n, got.kind, tb_time_text(got.at, is), got.unpublished, want.kind, tb_time_text(want.at, due_at), want.unpublished);
        }
    }
    CHECK_INT(wrong, 0);
    CHECK(kinds[TB_DUE_EXACT] > WORKING_QUESTIONS / 4 && kinds[TB_DUE_NOT_BEFORE] > WORKING_QUESTIONS / 50 && kinds[TB_DUE_NONE] > 0);
}

/* What is no day's office hours is refused, and changes nothing. */
static void test_office_hours(void) {
    static const tb_office_spell wrong[][2] = {{{540, 720}, {720, 1020}}, {{540, 720}, {600, 1020}}, {{780, 1020}, {540, 720}},
                                               {{540, 540}, {600, 700}}, {{-1, 540}, {600, 700}}, {{540, 600}, {700, 1441}}};
    tb_calendar_builder *b = tb_calendar_begin(arena, TB_STR("试"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!tb_calendar_hours(b, wrong[i], 2, true));
    tb_office_spell many[TB_OFFICE_SPELLS + 1];
    for (int i = 0; i <= TB_OFFICE_SPELLS; i++) many[i] = (tb_office_spell){i * 100, i * 100 + 50};
    CHECK(!tb_calendar_hours(b, many, 0, true) && !tb_calendar_hours(b, many, TB_OFFICE_SPELLS + 1, true));
    const tb_calendar *c = tb_calendar_end(b);
    CHECK(tb_calendar_opens(c) == 540 && tb_calendar_closes(c) == 1020 && !tb_calendar_closes_day(c));
}

/* ---- random questions ---- */

static int same(tb_due a, tb_due b) {
    return a.kind == b.kind && a.day == b.day && a.at == b.at && a.unpublished == b.unpublished;
}

/* The ranges join without gap from the start to the answer, each day of them is what the reference says, and they
 * count to n. */
static int explained(tb_due due, const tb_due_ranges *why, int32_t start, int n, enum tb_unit unit,
                     const tb_exclusion *out, uint32_t outs) {
    if (due.kind == TB_DUE_NONE) return why->count == 0 || why->items[why->count - 1].to == INT32_MAX;
    int step = n < 0 ? -1 : 1, counted = 0;
    int32_t at = unit == TB_HOURS ? start : start + step;
    for (uint32_t i = 0; i < why->count; i++) {
        const tb_due_range *r = &why->items[i];
        if (i == 0 && unit != TB_HOURS) {
            if (r->why != TB_WHY_FIRST_DAY || r->from != start || r->to != start || r->counted) return 0;
            continue;
        }
        if (r->from > r->to || (step > 0 ? r->from : r->to) != at) return 0;
        for (int32_t d = r->from; d <= r->to; d++) {
            if (excluded(d, out, outs) != (r->why == TB_WHY_EXCLUDED)) return 0;
            if (unit == TB_WORKDAYS && r->why != TB_WHY_EXCLUDED) {
                char k = kind_of(d), said = r->why == TB_WHY_COUNTED || r->why == TB_WHY_MAKEUP ? 'W'
                    : r->why == TB_WHY_UNPUBLISHED ? 'U' : 'R';
                if (k != said && !(k == 'F' && said == 'R')) return 0;
                counted += k == 'W' || (k == 'U' && step > 0);
            }
        }
        if (unit == TB_WORKDAYS && r->counted != counted) return 0;
        at = step > 0 ? r->to + 1 : r->from - 1;
    }
    if (at - step != due.day) return 0;
    int last = why->items[why->count - 1].counted;
    if (unit == TB_MONTHS) return last == abs(ref_months(start, n) - start);
    if (unit == TB_YEARS) return last == abs(ref_months(start, n * 12) - start);
    return last == abs(n);
}

static void test_random(struct span s, int questions) {
    int wrong = 0, kinds[4] = {0};
    for (int q = 0; q < questions && wrong < 5; q++) {
        int32_t start = day_z("2005-06-01") + (int32_t)dice(24 * 365);
        if (dice(4) == 0) start = day_z("2026-12-31") - (int32_t)dice(60) + (int32_t)dice(30);
        if (dice(20) == 0) start = tb_day(2006 + (int)dice(22), 12, 20) + (int32_t)dice(20);
        int64_t ms = tb_day_start(start) + dice(TB_DAY_MS);
        enum tb_unit unit = dice(3) ? TB_WORKDAYS : TB_WORKDAYS + dice(5);
        int n = (int)dice(dice(8) ? 60 : 500), roll = dice(2);
        if (unit == TB_MONTHS) n %= 30;
        if (unit == TB_YEARS) n %= 6;
        tb_exclusion out[5];
        uint32_t outs = dice(3) ? 0 : 1 + dice(5);
        for (uint32_t i = 0; i < outs; i++) {
            out[i].from = start - 10 + (int32_t)dice(80);
            out[i].to = dice(200) == 0 ? INT32_MAX : out[i].from + (int32_t)dice(40) - 2;
        }
        if (dice(6) == 0) n = -n, outs = 0;
        tb_due got = tb_due_after(cal, ms, n, unit, roll, out, outs), want = ref_due(ms, n, unit, roll, out, outs, s);
        kinds[got.kind]++;
        int bad = !same(got, want);
        if (!bad && q % 4 == 0) {
            tb_due_ranges why;
            tb_due told = tb_due_explain(arena, cal, ms, n, unit, roll, out, outs, &why);
            bad = !same(told, got) ? 2 : !explained(told, &why, start, n, unit, out, outs) ? 3 : 0;
        }
        int left = 1 + (int)dice(20); /* 届满前: the reference counts back from the answer, from day to day */
        tb_due told = tb_due_before(cal, got, left, TB_WORKDAYS);
        if (!bad && got.kind == TB_DUE_NONE) bad = told.kind == TB_DUE_NONE ? 0 : 6;
        else if (!bad) {
            tb_due back = ref_due(tb_day_start(got.day), -left, TB_WORKDAYS, false, NULL, 0, s);
            int bound = got.kind == TB_DUE_NOT_BEFORE || back.kind == TB_DUE_NOT_BEFORE;
            if (back.kind == TB_DUE_NONE) bad = told.kind == TB_DUE_NONE ? 0 : 7;
            else bad = told.day == back.day && told.at == tb_day_start(back.day) + 9 * 3600000 &&
                           told.kind == (bound ? TB_DUE_NOT_BEFORE : TB_DUE_EXACT)
                       ? 0 : 8;
        }
        int32_t until = start + (int32_t)dice(100);
        if (!bad && tb_workdays_between(cal, start, until, out, outs) != ref_between(start, until, out, outs)) bad = 4;
        if (!bad && n > 0 && unit == TB_WORKDAYS && got.kind == TB_DUE_EXACT) /* the count of the answer is the limit */
            bad = tb_workdays_between(cal, start, got.day, out, outs) != n ? 5 : 0;
        if (bad) {
            char day[TB_DAY_TEXT];
            wrong++;
            fprintf(stderr, "question %d (%d): %s %+d unit %d roll %d outs %u: got %s, expected %s\n", q, bad,
                    tb_day_text(start, day), n, unit, roll, outs, say(got), say(want));
            for (uint32_t i = 0; i < outs; i++)
                fprintf(stderr, "    out %d…%d\n", out[i].from - start, out[i].to - start);
        }
    }
    CHECK_INT(wrong, 0);
    CHECK(kinds[TB_DUE_EXACT] > questions / 4 && kinds[TB_DUE_NOT_BEFORE] > questions / 50 && kinds[TB_DUE_NONE] > 0);
}

/* ---- memory ---- */

static int build_and_ask(void *arg) {
    tb_arena *a = arg;
    const tb_calendar *c = build(a, 2007, 2026, 0, 0);
    tb_due_ranges why;
    tb_due_explain(a, c, tb_day_start(20000), 2000, TB_WORKDAYS, false, NULL, 0, &why);
    return TB_OK;
}

static void test_memory(void) {
    fail_every_allocation(build_and_ask, 3, LOADS_MOST);
}

static void say_speed(void) {
    struct timespec from, to;
    int64_t start = tb_day_start(day_z("2026-01-05")), sum = 0;
    tb_exclusion out[2] = {{day_z("2026-01-20"), day_z("2026-01-30")}, {day_z("2026-02-03"), day_z("2026-02-10")}};
    for (uint32_t outs = 0; outs <= 2; outs += 2) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < SPEED_CALLS; i++)
            sum += tb_due_after(cal, start + (int64_t)(i % 100) * TB_DAY_MS, 20, TB_WORKDAYS, false, out, outs).day;
        clock_gettime(CLOCK_MONOTONIC, &to);
        double ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / SPEED_CALLS;
        printf("tb_due_after, 20 workdays, %u exclusions: %.0f ns (%d)\n", outs, ns, (int)(sum & 1));
    }
}

static int run(void *arg) {
    (void)arg;
    read_facts();
    cal = build(arena, 2007, 2026, 0, 0);
    build_reference(2007, 2026, 0);
    test_days();
    test_known();
    test_before();
    test_exclusions();
    test_explain();
    test_text();
    test_building();
    test_office_hours();
    test_working_hours((struct span){2007, 2026, 0});
    test_random((struct span){2007, 2026, 0}, QUESTIONS);
    say_speed();
    cal = build(arena, 2007, 2026, 2016, 0); /* a missing year in the middle is as unknown as one at the end */
    build_reference(2007, 2026, 2016);
    test_random((struct span){2007, 2026, 2016}, QUESTIONS / 5);
    test_memory();
    return TB_OK;
}

int main(void) { return run_pure(run); }
