/* Days: which are workdays, where, and what is not known yet (M9, M11).
 *
 * A calendar is built from rule files (日历), one place's: published years with their notice, holidays, make-up
 * workdays, the solar holidays fixed by law, office hours. A year is known only from the State Council's notice of
 * the November before, and that notice has also moved the last week of the December before it, so from 12-25 of the
 * last published year on nothing but the holidays fixed by law is certain: the answer there is a bound, never a date
 * (M11). The same holds before the first published year and around a year left out in the middle.
 *
 * Immutable once ended; lives in its arena, with copies of the texts given. What takes an arena or a builder runs
 * under tb_try (arena.h); counting allocates nothing. */
#ifndef TB_CALENDAR_H
#define TB_CALENDAR_H
#include "arena.h"

enum {
    TB_YEAR_FIRST = 1949,
    TB_YEAR_LAST = 2199,
    TB_DAY_MS = 86400000,
    TB_COUNT_LIMIT = 36600 /* days one limit may span */
};
#define TB_NO_DAY INT32_MIN
#define TB_NO_TIME INT64_MIN

/* ---- civil days and instants, UTC+08:00 ---- */
int32_t tb_day(int year, int month, int day); /* TB_NO_DAY when there is no such day; years 1–9999 */
void tb_day_split(int32_t day, int *year, int *month, int *d);
int tb_weekday(int32_t day);                        /* 1 Monday … 7 Sunday */
int32_t tb_day_of(int64_t ms);                      /* the civil day an instant falls on */
int64_t tb_day_start(int32_t day);                  /* 00:00; the end of a day is the start of the next */
int32_t tb_day_add_months(int32_t day, int months); /* corresponding day or the month's last (M9); or none */
bool tb_day_parse(tb_str s, int32_t *day);          /* 2026-03-02 */
/* RFC 3339 with any offset; after a space instead of T, seconds and offset may be left out: "2026-03-02 09:00" is
 * +08:00. Digits below the millisecond are cut off; leap seconds (:60) and 24:00 are refused. */
bool tb_time_parse(tb_str text, int64_t *ms);
enum { TB_TIME_TEXT = 40, TB_DAY_TEXT = 16 };
char *tb_day_text(int32_t day, char out[TB_DAY_TEXT]);  /* 2026-03-02 */
char *tb_time_text(int64_t ms, char out[TB_TIME_TEXT]); /* 2026-03-02T09:00:00+08:00; .mmm only when not zero */

/* ---- building ---- */
typedef struct tb_calendar tb_calendar;
typedef struct tb_calendar_builder tb_calendar_builder;
tb_calendar_builder *tb_calendar_begin(tb_arena *a, tb_str name);
void tb_calendar_year(tb_calendar_builder *b, int year, tb_str notice); /* published, by this notice */
/* false: the day is already given with another meaning, or lies outside TB_YEAR_… Rows about days that are not
 * published (M11) are kept but decide nothing. */
bool tb_calendar_rest(tb_calendar_builder *b, int32_t day, tb_str name);         /* 放假 */
bool tb_calendar_work(tb_calendar_builder *b, int32_t day, tb_str name);         /* 上班: a make-up workday */
void tb_calendar_fixed(tb_calendar_builder *b, int month, int day, tb_str name); /* each year, by law: for bounds */
/* Office hours in minutes from 00:00, one to TB_OFFICE_SPELLS of them a day (09:00–12:00, 13:30–17:30); 09:00–17:00 unless
 * told. false, and nothing changes: they are not in order, meet each other, or leave the day. `closes_day`: limits
 * end at closing time, not at 24:00. */
enum { TB_OFFICE_SPELLS = 4 };
typedef struct tb_office_spell {
    int from, to;
} tb_office_spell;
bool tb_calendar_hours(tb_calendar_builder *b, const tb_office_spell *spells, uint32_t n, bool closes_day);
const tb_calendar *tb_calendar_end(tb_calendar_builder *b);
tb_str tb_calendar_name(const tb_calendar *c);
int tb_calendar_first_year(const tb_calendar *c), tb_calendar_last_year(const tb_calendar *c); /* published; 0 none */
int tb_calendar_opens(const tb_calendar *c), tb_calendar_closes(const tb_calendar *c);         /* of the day, minutes */
uint32_t tb_calendar_office(const tb_calendar *c, tb_office_spell spells[TB_OFFICE_SPELLS]);   /* in order; how many */
int tb_calendar_office_minutes(const tb_calendar *c);                                          /* of a workday */
bool tb_calendar_closes_day(const tb_calendar *c);

tb_str tb_calendar_notice(const tb_calendar *c, int year); /* the notice that published it; empty: not published */

enum tb_day_kind { TB_WORKDAY = 1, TB_WEEKEND, TB_HOLIDAY, TB_MAKEUP_WORKDAY, TB_UNPUBLISHED };
enum tb_day_kind tb_calendar_day(const tb_calendar *c, int32_t day, tb_str *name /* may be NULL: why */);

/* ---- counting ---- */
enum tb_unit {
    TB_WORKDAYS = 1,
    TB_DAYS,
    TB_HOURS,
    TB_MONTHS,
    TB_YEARS,
    TB_MINUTES /* of machines: as hours */,
    TB_WORKHOURS /* 工作小时: only office hours of workdays pass */
};
/* Limits that run out at an instant, not with a day. */
static inline bool tb_unit_instant(enum tb_unit u) { return u == TB_HOURS || u == TB_MINUTES || u == TB_WORKHOURS; }
enum tb_due_kind { TB_DUE_EXACT = 1, TB_DUE_NOT_BEFORE /* M11: a bound */, TB_DUE_NONE /* stopped, or out of range */ };
typedef struct tb_due {
    enum tb_due_kind kind;
    int32_t day; /* the due day, or the earliest day it can be */
    int64_t
        at; /* when it expires: the end of that day (24:00 or closing time), or the instant for hours (of a bound: the earliest) */
    int unpublished; /* for NOT_BEFORE: the year whose calendar is missing */
} tb_due;

/* Days that do not count towards a limit (M10): those with from < d ≤ to. `to` INT32_MAX while still stopped. */
typedef struct tb_exclusion {
    int32_t from, to;
} tb_exclusion;

/* n units after the civil day of `start_ms` (the first day does not count; hours start at once; n = 0 is the day
 * itself). Working hours pass only in the office hours of workdays that are not excluded: a limit ends at the instant its
 * last one has passed, at closing time rather than at the next opening.
 *
 * Exclusions come in any order and may overlap, their union counts once: excluded days are not counted, so that 自然日,
 * 月, 年 and hours move on by as many days as were excluded before the answer. While an exclusion is open the answer is
 * TB_DUE_NONE, also when the due day came before it: an owner who needs that day asks without it.
 *
 * `roll`: a last day on a rest day moves to the next workday that is not excluded (自然日, 月, 年; M9). Such a last day
 * is exact without roll wherever it lies; with it, only when it is known whether it is a workday (M11).
 *
 * n may be negative: counted backwards (届满前30日) without roll; exclusions must be empty (else TB_DUE_NONE). Workdays
 * counted back over unpublished days give the earliest day it can be, for which none of those is a workday.
 *
 * TB_DUE_NONE too when |n| or the span is above TB_COUNT_LIMIT days, or a day lies outside TB_YEAR_… . O(log days +
 * outs²). */
tb_due tb_due_after(const tb_calendar *c, int64_t start_ms, int n, enum tb_unit unit, bool roll,
                    const tb_exclusion *out, uint32_t outs);
/* When `n` units (n ≥ 1) are left before `due` runs out: counted backwards from its day, which is not counted (M9), and
 * falling at the beginning of that day's office hours, so that the day itself can be used; hours and minutes at the
 * instant. Of a due date that is only a bound the answer is one too (M11): not before that. TB_DUE_NONE of none. */
tb_due tb_due_before(const tb_calendar *c, tb_due due, int n, enum tb_unit unit);
/* What passed between two instants, in whole units as a limit of that unit counts: a limit of so many units begun at `from`
 * has not run out before `until` (workdays: the day of `from` does not count, that of `until` does). Months and years
 * are told in days. -1 when a day that matters is unpublished. */
int tb_used_between(const tb_calendar *c, int64_t from, int64_t until, enum tb_unit unit, const tb_exclusion *out,
                    uint32_t outs);
/* Working days d with after < d ≤ until that are not excluded; -1 when one of the days that matter is unpublished. */
int tb_workdays_between(const tb_calendar *c, int32_t after, int32_t until, const tb_exclusion *out, uint32_t outs);
/* The next workday on or after `day`; TB_NO_DAY when that is not published. */
int32_t tb_next_workday(const tb_calendar *c, int32_t day);

/* ---- explanation: the derivation in ranges: counted, skipped (by which rule), excluded, not published ---- */
enum tb_why {
    TB_WHY_COUNTED = 1,
    TB_WHY_WEEKEND,
    TB_WHY_HOLIDAY,
    TB_WHY_MAKEUP /* counted, though a weekend */,
    TB_WHY_EXCLUDED,
    TB_WHY_ROLLED,
    TB_WHY_UNPUBLISHED,
    TB_WHY_FIRST_DAY
};
typedef struct tb_due_range {
    int32_t from, to; /* inclusive */
    enum tb_why why;
    tb_str name; /* the holiday's, a view into c; of TB_WHY_ROLLED: of the day before, which moved it on; of TB_WHY_EXCLUDED:
                    empty here, the ground in tb_clock_why() */
    int counted; /* workdays, days or whole hours counted up to the end of this range */
} tb_due_range;
typedef TB_LIST(tb_due_range) tb_due_ranges;
/* The same answer as tb_due_after, with its ranges in the order of counting (backwards: the latest first), without
 * gap from the first day to the due day, allocated in `a`. Not published days are counted forwards, since they might
 * be workdays (M11), but not backwards. While stopped the last range is TB_WHY_EXCLUDED with `to` INT32_MAX; an
 * answer out of range has none. */
tb_due tb_due_explain(tb_arena *a, const tb_calendar *c, int64_t start_ms, int n, enum tb_unit unit, bool roll,
                      const tb_exclusion *out, uint32_t outs, tb_due_ranges *why);
#endif
