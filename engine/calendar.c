/* Days and limits (M9–M11): one table of all days from 1949 to 2199 answers every question.
 *
 * What a limit asks is always rank or select: how many workdays lie up to day d, and which day is the k-th. So
 * tb_calendar_end turns the rows of the rule files into bit sets over all days of the range, with the number of set
 * bits before each word beside them; rank is a popcount, select a binary search over 1,400 words. Three sets are
 * enough:
 *
 *   open     days that are workdays or, where nothing is published, might be (M11: all but the holidays fixed by law)
 *   sure     days known to be workdays
 *   unknown  days that only a missing notice could decide;  open = sure + unknown
 *
 * Counting forwards over `open` reaches the n-th day as early as it can possibly come: the exact day when no unknown
 * day was passed, else the bound of M11. Counting backwards over `sure` gives the earliest day likewise.
 *
 * 工作小时 are counted on the same sets: what is left of the first day's office hours, then whole workdays, then the rest
 * within the last one.
 *
 * Which days are unknown: those of a year without notice, and 12-25…12-31 of a year whose next one has none, since
 * that next notice has moved these days before (2007-12-29, 2018-12-29). A row of a rule file about such a day
 * decides nothing: it can be moved. */
#include "calendar.h"
#include <string.h>

enum {
    OFFSET_MS = 8 * 3600000,
    HOUR_MS = 3600000,
    MINUTE_MS = 60000,
    YEARS = TB_YEAR_LAST - TB_YEAR_FIRST + 1,
    FIRST_DAY = -7670,       /* 1949-01-01 */
    DAYS = YEARS * 365 + 61, /* leap days: 1952, 1956 … 2196 without 2100 */
    WORDS = DAYS / 64 + 1,
    TAIL_MONTH = 12,
    TAIL_DAY = 25, /* from here on a year waits for the next one's notice (M11) */
    OPENS = 9 * 60,
    CLOSES = 17 * 60,
    MINUTES_A_DAY = 24 * 60,
};

typedef struct day_set {
    uint64_t bits[WORDS];
    uint32_t before[WORDS + 1]; /* set bits in the words before */
} day_set;

struct special {
    int32_t day;
    bool work;
    tb_str name;
};
struct fixed {
    int month, day;
    tb_str name;
};

struct tb_calendar {
    tb_arena *arena;
    tb_str name, notices[YEARS];
    bool published[YEARS];
    int first, last;                          /* published years, 0 none */
    tb_office_spell office[TB_OFFICE_SPELLS]; /* in order */
    uint32_t office_n;
    int64_t office_ms; /* of a whole workday */
    bool closes_day;
    TB_LIST(struct special) specials; /* by day */
    TB_LIST(struct fixed) fixed;
    day_set open, sure, unknown;
};
struct tb_calendar_builder {
    tb_calendar c;
};

/* ---- civil days ---- */

/* Years run from March here, so that the leap day is the last of its year and months need no table; 400 years are
 * 146,097 days. */
static int64_t days_from(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
    int64_t in_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static int month_days(int y, int m) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : days[m - 1];
}

int32_t tb_day(int y, int m, int d) {
    if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > month_days(y, m)) return TB_NO_DAY;
    return (int32_t)days_from(y, m, d);
}

void tb_day_split(int32_t day, int *year, int *month, int *d) {
    int64_t z = (int64_t)day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, in_era = z - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;
    *d = (int)(in_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

int tb_weekday(int32_t day) { return (int)((((int64_t)day + 3) % 7 + 7) % 7) + 1; } /* 1970-01-01 was a Thursday */

/* Splits an instant into civil day and milliseconds of that day; no instant of int64_t overflows on the way. */
static int64_t split_instant(int64_t ms, int64_t *of_day) {
    int64_t day = ms / TB_DAY_MS, rest = ms % TB_DAY_MS + OFFSET_MS;
    if (rest < 0) rest += TB_DAY_MS, day--;
    if (rest >= TB_DAY_MS) rest -= TB_DAY_MS, day++;
    *of_day = rest;
    return day;
}

int32_t tb_day_of(int64_t ms) {
    int64_t rest, day = split_instant(ms, &rest);
    return day > INT32_MAX ? INT32_MAX : day <= INT32_MIN ? INT32_MIN + 1 : (int32_t)day;
}

int64_t tb_day_start(int32_t day) { return (int64_t)day * TB_DAY_MS - OFFSET_MS; }

int32_t tb_day_add_months(int32_t day, int months) {
    int y, m, d;
    tb_day_split(day, &y, &m, &d);
    int64_t total = (int64_t)y * 12 + (m - 1) + months;
    if (total < 12 || total >= 10000 * 12) return TB_NO_DAY;
    y = (int)(total / 12), m = (int)(total % 12) + 1;
    return tb_day(y, m, d < month_days(y, m) ? d : month_days(y, m));
}

/* Reads exactly `width` digits at *at and moves past them. */
static bool digits(tb_str s, uint32_t *at, int width, int *value) {
    *value = 0;
    for (int i = 0; i < width; i++, (*at)++) {
        if (*at >= s.n || s.p[*at] < '0' || s.p[*at] > '9') return false;
        *value = *value * 10 + (s.p[*at] - '0');
    }
    return true;
}

static bool skip(tb_str s, uint32_t *at, char c) {
    if (*at >= s.n || s.p[*at] != c) return false;
    ++*at;
    return true;
}

static bool read_day(tb_str s, uint32_t *at, int32_t *day) {
    int y, m, d;
    if (!digits(s, at, 4, &y) || !skip(s, at, '-') || !digits(s, at, 2, &m) || !skip(s, at, '-')) return false;
    if (!digits(s, at, 2, &d)) return false;
    *day = tb_day(y, m, d);
    return *day != TB_NO_DAY;
}

bool tb_day_parse(tb_str s, int32_t *day) {
    uint32_t at = 0;
    int32_t got;
    if (!read_day(s, &at, &got) || at != s.n) return false;
    *day = got;
    return true;
}

bool tb_time_parse(tb_str s, int64_t *ms) {
    uint32_t at = 0;
    int32_t day;
    int hour, minute, second = 0, milli = 0, unit = 100, oh, om, sign = 1;
    if (!read_day(s, &at, &day)) return false;
    bool spaced = skip(s, &at, ' ');
    if (!spaced && !skip(s, &at, 'T') && !skip(s, &at, 't')) return false;
    if (!digits(s, &at, 2, &hour) || !skip(s, &at, ':') || !digits(s, &at, 2, &minute)) return false;
    if (skip(s, &at, ':')) {
        if (!digits(s, &at, 2, &second)) return false;
        if (skip(s, &at, '.')) {
            uint32_t from = at;
            for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++, unit /= 10) milli += (s.p[at] - '0') * unit;
            if (at == from) return false;
        }
    } else if (!spaced) {
        return false; /* RFC 3339 has seconds; only the spelling of people may leave them out */
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    int64_t offset = OFFSET_MS;
    if (skip(s, &at, 'Z') || skip(s, &at, 'z')) {
        offset = 0;
    } else if (skip(s, &at, '+') || (skip(s, &at, '-') && (sign = -1))) {
        if (!digits(s, &at, 2, &oh) || !skip(s, &at, ':') || !digits(s, &at, 2, &om)) return false;
        if (oh > 23 || om > 59) return false;
        offset = sign * ((int64_t)oh * HOUR_MS + om * MINUTE_MS);
    } else if (!spaced) {
        return false;
    }
    if (at != s.n) return false;
    *ms = (int64_t)day * TB_DAY_MS + (int64_t)hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + milli - offset;
    return true;
}

/* Writes at least `width` digits and returns the place after them. */
static char *put_digits(char *p, int64_t n, int width) {
    char tmp[24];
    int k = 0;
    if (n < 0) *p++ = '-', n = -n;
    for (; n || k < width; n /= 10) tmp[k++] = (char)('0' + n % 10);
    while (k) *p++ = tmp[--k];
    return p;
}

static char *put_two(char *p, int64_t n) { /* 0 to 99 */
    p[0] = (char)('0' + n / 10);
    p[1] = (char)('0' + n % 10);
    return p + 2;
}

static char *put_day(char *p, int64_t day) {
    int y, m, d;
    int32_t near = day > INT32_MAX ? INT32_MAX : day < INT32_MIN ? INT32_MIN : (int32_t)day;
    tb_day_split(near, &y, &m, &d);
    if (y >= 0 && y < 10000) p = put_two(put_two(p, y / 100), y % 100);
    else p = put_digits(p, y, 4);
    *p++ = '-';
    p = put_two(p, m), *p++ = '-';
    return put_two(p, d);
}

char *tb_day_text(int32_t day, char out[TB_DAY_TEXT]) {
    *put_day(out, day) = '\0';
    return out;
}

char *tb_time_text(int64_t ms, char out[TB_TIME_TEXT]) {
    int64_t rest, day = split_instant(ms, &rest);
    char *p = put_day(out, day);
    *p++ = 'T';
    p = put_two(p, rest / HOUR_MS), *p++ = ':';
    p = put_two(p, rest / MINUTE_MS % 60), *p++ = ':';
    p = put_two(p, rest / 1000 % 60);
    if (rest % 1000) *p++ = '.', p = put_digits(p, rest % 1000, 3);
    memcpy(p, "+08:00", 7);
    return out;
}

/* ---- sets of days ---- */

static bool in_range(int64_t day) { return day >= FIRST_DAY && day < FIRST_DAY + DAYS; }

static void set_add(day_set *s, int32_t day) {
    uint32_t i = (uint32_t)(day - FIRST_DAY);
    s->bits[i / 64] |= (uint64_t)1 << i % 64;
}

static bool set_has(const day_set *s, int32_t day) {
    uint32_t i = (uint32_t)(day - FIRST_DAY);
    return in_range(day) && (s->bits[i / 64] >> i % 64 & 1);
}

static void set_end(day_set *s) {
    for (int w = 0; w < WORDS; w++) s->before[w + 1] = s->before[w] + (uint32_t)__builtin_popcountll(s->bits[w]);
}

/* Days of the set up to and including `day`. A NULL set holds every day. */
static int64_t rank(const day_set *s, int32_t day) {
    if (!s) return day;
    if (day < FIRST_DAY) return 0;
    if (!in_range(day)) return s->before[WORDS];
    uint32_t i = (uint32_t)(day - FIRST_DAY);
    return s->before[i / 64] + (uint32_t)__builtin_popcountll(s->bits[i / 64] << (63 - i % 64));
}

/* The day whose rank is k and that is itself in the set; TB_NO_DAY outside the range. */
static int32_t select_day(const day_set *s, int64_t k) {
    if (!s) return in_range(k) ? (int32_t)k : TB_NO_DAY;
    if (k < 1 || k > s->before[WORDS]) return TB_NO_DAY;
    int low = 0, high = WORDS; /* before[low] < k ≤ before[high] */
    while (high - low > 1) {
        int mid = (low + high) / 2;
        if (s->before[mid] < k) low = mid;
        else high = mid;
    }
    uint64_t word = s->bits[low];
    for (int64_t skipped = s->before[low] + 1; skipped < k; skipped++) word &= word - 1;
    return FIRST_DAY + low * 64 + __builtin_ctzll(word);
}

/* ---- building ---- */

tb_calendar_builder *tb_calendar_begin(tb_arena *a, tb_str name) {
    tb_calendar_builder *b = TB_NEW(a, tb_calendar_builder);
    b->c.arena = a;
    b->c.name = tb_str_copy(a, name);
    tb_calendar_hours(b, &(tb_office_spell){OPENS, CLOSES}, 1, false);
    return b;
}

void tb_calendar_year(tb_calendar_builder *b, int year, tb_str notice) {
    tb_calendar *c = &b->c;
    if (year < TB_YEAR_FIRST || year > TB_YEAR_LAST) return;
    c->published[year - TB_YEAR_FIRST] = true;
    c->notices[year - TB_YEAR_FIRST] = tb_str_copy(c->arena, notice);
    if (!c->first || year < c->first) c->first = year;
    if (year > c->last) c->last = year;
}

/* Rule files are written in order of days, so the place of a new one is nearly always the end. */
static bool add_special(tb_calendar *c, int32_t day, bool work, tb_str name) {
    if (!in_range(day)) return false;
    uint32_t at = c->specials.count;
    while (at && c->specials.items[at - 1].day > day) at--;
    if (at && c->specials.items[at - 1].day == day) return c->specials.items[at - 1].work == work;
    bool same = at && tb_str_eq(c->specials.items[at - 1].name, name); /* 春节 is kept once, not seven times */
    tb_str kept = same ? c->specials.items[at - 1].name : tb_str_copy(c->arena, name);
    TB_PUSH(c->arena, c->specials);
    struct special *place = c->specials.items + at;
    memmove(place + 1, place, (c->specials.count - 1 - at) * sizeof *place);
    *place = (struct special){day, work, kept};
    return true;
}

bool tb_calendar_rest(tb_calendar_builder *b, int32_t day, tb_str name) { return add_special(&b->c, day, false, name); }
bool tb_calendar_work(tb_calendar_builder *b, int32_t day, tb_str name) { return add_special(&b->c, day, true, name); }

void tb_calendar_fixed(tb_calendar_builder *b, int month, int day, tb_str name) {
    struct fixed *f = TB_PUSH(b->c.arena, b->c.fixed);
    *f = (struct fixed){month, day, tb_str_copy(b->c.arena, name)};
}

bool tb_calendar_hours(tb_calendar_builder *b, const tb_office_spell *spells, uint32_t n, bool closes_day) {
    tb_calendar *c = &b->c;
    if (n == 0 || n > TB_OFFICE_SPELLS) return false;
    for (uint32_t i = 0; i < n; i++) {
        int after = i ? spells[i - 1].to : -1;
        if (spells[i].from <= after || spells[i].to <= spells[i].from || spells[i].to > MINUTES_A_DAY) return false;
    }
    memcpy(c->office, spells, n * sizeof *spells);
    c->office_n = n, c->closes_day = closes_day, c->office_ms = 0;
    for (uint32_t i = 0; i < n; i++) c->office_ms += (int64_t)(spells[i].to - spells[i].from) * MINUTE_MS;
    return true;
}

static bool is_published(const tb_calendar *c, int year) {
    return year >= TB_YEAR_FIRST && year <= TB_YEAR_LAST && c->published[year - TB_YEAR_FIRST];
}

/* The year whose notice is missing to know this day; 0 when the day is known (M11). */
static int missing_year(const tb_calendar *c, int year, int month, int d) {
    if (!is_published(c, year)) return year;
    bool tail = month == TAIL_MONTH && d >= TAIL_DAY;
    return tail && !is_published(c, year + 1) ? year + 1 : 0;
}

/* The holiday fixed by law on this day, when that is all that is known of it. The law in the files is today's, so it
 * says nothing of years before the published ones, when 5月2日 was no holiday. */
static const struct fixed *fixed_by_law(const tb_calendar *c, int year, int month, int d) {
    if (!c->last || year < c->last) return NULL;
    for (uint32_t i = 0; i < c->fixed.count; i++)
        if (c->fixed.items[i].month == month && c->fixed.items[i].day == d) return &c->fixed.items[i];
    return NULL;
}

const tb_calendar *tb_calendar_end(tb_calendar_builder *b) {
    tb_calendar *c = &b->c;
    uint32_t next = 0;
    int32_t day = FIRST_DAY;
    for (int y = TB_YEAR_FIRST; y <= TB_YEAR_LAST; y++)
        for (int m = 1; m <= 12; m++)
            for (int d = 1; d <= month_days(y, m); d++, day++) {
                while (next < c->specials.count && c->specials.items[next].day < day) next++;
                const struct special *s =
                    next < c->specials.count && c->specials.items[next].day == day ? &c->specials.items[next] : NULL;
                if (missing_year(c, y, m, d)) {
                    if (!fixed_by_law(c, y, m, d)) set_add(&c->unknown, day), set_add(&c->open, day);
                } else if (s ? s->work : tb_weekday(day) <= 5) {
                    set_add(&c->sure, day), set_add(&c->open, day);
                }
            }
    set_end(&c->open), set_end(&c->sure), set_end(&c->unknown);
    return c;
}

tb_str tb_calendar_name(const tb_calendar *c) { return c->name; }
int tb_calendar_first_year(const tb_calendar *c) { return c->first; }
int tb_calendar_last_year(const tb_calendar *c) { return c->last; }
int tb_calendar_opens(const tb_calendar *c) { return c->office[0].from; }
int tb_calendar_closes(const tb_calendar *c) { return c->office[c->office_n - 1].to; }
uint32_t tb_calendar_office(const tb_calendar *c, tb_office_spell spells[TB_OFFICE_SPELLS]) {
    memcpy(spells, c->office, c->office_n * sizeof *spells);
    return c->office_n;
}
int tb_calendar_office_minutes(const tb_calendar *c) { return (int)(c->office_ms / MINUTE_MS); }
bool tb_calendar_closes_day(const tb_calendar *c) { return c->closes_day; }
tb_str tb_calendar_notice(const tb_calendar *c, int year) {
    return is_published(c, year) ? c->notices[year - TB_YEAR_FIRST] : TB_STR("");
}

static const struct special *find_special(const tb_calendar *c, int32_t day) {
    uint32_t low = 0, high = c->specials.count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (c->specials.items[mid].day < day) low = mid + 1;
        else high = mid;
    }
    return low < c->specials.count && c->specials.items[low].day == day ? &c->specials.items[low] : NULL;
}

enum tb_day_kind tb_calendar_day(const tb_calendar *c, int32_t day, tb_str *name) {
    tb_str unused;
    if (!name) name = &unused;
    *name = TB_STR("");
    if (!in_range(day) || set_has(&c->unknown, day)) return TB_UNPUBLISHED;
    int y, m, d;
    tb_day_split(day, &y, &m, &d);
    if (missing_year(c, y, m, d)) {
        const struct fixed *f = fixed_by_law(c, y, m, d);
        if (!f) return TB_UNPUBLISHED;
        *name = f->name;
        return TB_HOLIDAY;
    }
    const struct special *s = find_special(c, day);
    if (s) *name = s->name;
    if (set_has(&c->sure, day)) return tb_weekday(day) > 5 ? TB_MAKEUP_WORKDAY : TB_WORKDAY;
    return s ? TB_HOLIDAY : TB_WEEKEND;
}

/* ---- counting ---- */

/* A next stretch of excluded days after `after`: lo < d ≤ hi, taken from the union of all exclusions in any order
 * (M10). There are few of them in a case, so each call looks at all and nothing needs to be sorted or allocated. */
static bool next_out(const tb_exclusion *out, uint32_t outs, int32_t after, int32_t *lo, int32_t *hi) {
    *lo = *hi = INT32_MAX;
    for (uint32_t i = 0; i < outs; i++) {
        int32_t from = out[i].from > after ? out[i].from : after;
        if (from < out[i].to && from < *lo) *lo = from, *hi = out[i].to;
    }
    return *lo != INT32_MAX;
}

static bool is_out(const tb_exclusion *out, uint32_t outs, int32_t day) {
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].from < day && day <= out[i].to) return true;
    return false;
}

static bool still_out(const tb_exclusion *out, uint32_t outs) {
    for (uint32_t i = 0; i < outs; i++)
        if (out[i].to == INT32_MAX) return true;
    return false;
}

/* The n-th day (n ≥ 1) of the set after `after` that is not excluded; TB_NO_DAY beyond the range. */
static int32_t nth_after(const day_set *s, int32_t after, int64_t n, const tb_exclusion *out, uint32_t outs) {
    int64_t k = rank(s, after) + n;
    int32_t day = select_day(s, k), lo, hi;
    for (int32_t at = after; day != TB_NO_DAY && next_out(out, outs, at, &lo, &hi) && lo < day; at = hi) {
        k += rank(s, hi) - rank(s, lo);
        day = select_day(s, k);
    }
    return day;
}

/* The first day of the set with after < d ≤ until that is not excluded; TB_NO_DAY when there is none. */
static int32_t first_in(const day_set *s, int32_t after, int32_t until, const tb_exclusion *out, uint32_t outs) {
    int32_t day = after < until ? nth_after(s, after, 1, out, outs) : TB_NO_DAY;
    return day <= until ? day : TB_NO_DAY;
}

static int year_missing_at(const tb_calendar *c, int32_t day) {
    int y, m, d;
    tb_day_split(day, &y, &m, &d);
    return missing_year(c, y, m, d);
}

static tb_due no_due(void) { return (tb_due){TB_DUE_NONE, TB_NO_DAY, TB_NO_TIME, 0}; }

/* An answer at the end of `day`; `unknown` is the day that makes it a bound, or TB_NO_DAY. */
static tb_due due_on(const tb_calendar *c, int32_t start, int32_t day, int32_t unknown) {
    int64_t span = (int64_t)day - start;
    if (day == TB_NO_DAY || !in_range(day) || span > TB_COUNT_LIMIT || span < -TB_COUNT_LIMIT) return no_due();
    int64_t at = c->closes_day ? tb_day_start(day) + (int64_t)tb_calendar_closes(c) * MINUTE_MS : tb_day_start(day + 1);
    if (unknown == TB_NO_DAY) return (tb_due){TB_DUE_EXACT, day, at, 0};
    return (tb_due){TB_DUE_NOT_BEFORE, day, at, year_missing_at(c, unknown)};
}

static tb_due due_workdays(const tb_calendar *c, int32_t start, int n, const tb_exclusion *out, uint32_t outs) {
    if (n == 0) return due_on(c, start, start, TB_NO_DAY);
    if (n > 0) {
        int32_t day = nth_after(&c->open, start, n, out, outs);
        return due_on(c, start, day, day == TB_NO_DAY ? TB_NO_DAY : first_in(&c->unknown, start, day, out, outs));
    }
    int32_t day = select_day(&c->open, rank(&c->open, start - 1) + n + 1); /* backwards, the day before is the first */
    int64_t unknown = rank(&c->unknown, start - 1);
    if (day != TB_NO_DAY && rank(&c->unknown, day - 1) == unknown) return due_on(c, start, day, TB_NO_DAY);
    day = select_day(&c->sure, rank(&c->sure, start - 1) + n + 1);
    return due_on(c, start, day, select_day(&c->unknown, unknown));
}

/* 自然日, 月, 年: `last` is the last day; with roll it moves to the next workday (M9), and a day that might be a rest
 * day is only a bound (M11). A day on which the clock stands still cannot be the one it is moved to. */
static tb_due due_rolled(const tb_calendar *c, int32_t start, int32_t last, bool roll, const tb_exclusion *out,
                         uint32_t outs) {
    if (last == TB_NO_DAY || !roll) return due_on(c, start, last, TB_NO_DAY);
    int32_t day = set_has(&c->open, last) ? last : nth_after(&c->open, last, 1, out, outs);
    return due_on(c, start, day, day != TB_NO_DAY && set_has(&c->unknown, day) ? day : TB_NO_DAY);
}

static tb_due due_hours(int64_t start_ms, int32_t start, int64_t ms, const tb_exclusion *out, uint32_t outs) {
    int64_t at = start_ms + ms;
    int32_t day = tb_day_of(at);
    if (outs) { /* clock hours of excluded days do not pass; hours start at once, so the first day counts too */
        int32_t moved = nth_after(NULL, start - 1, (int64_t)day - start + 1, out, outs);
        at += ((int64_t)moved - day) * TB_DAY_MS;
        day = moved;
    }
    return in_range(day) ? (tb_due){TB_DUE_EXACT, day, at, 0} : no_due();
}

/* Office hours that have passed by this instant of a workday. */
static int64_t office_passed(const tb_calendar *c, int64_t at) {
    int64_t of_day = at - tb_day_start(tb_day_of(at)), passed = 0;
    for (uint32_t i = 0; i < c->office_n; i++) {
        int64_t from = (int64_t)c->office[i].from * MINUTE_MS, to = (int64_t)c->office[i].to * MINUTE_MS;
        if (of_day > from) passed += (of_day < to ? of_day : to) - from;
    }
    return passed;
}

/* The instant of a workday by which `passed` of its office hours have; the last such one for `latest` (13:30, not
 * 12:00). */
static int64_t office_instant(const tb_calendar *c, int32_t day, int64_t passed, bool latest) {
    uint32_t i = 0;
    for (; i + 1 < c->office_n; i++) {
        int64_t whole = (int64_t)(c->office[i].to - c->office[i].from) * MINUTE_MS;
        if (latest ? passed < whole : passed <= whole) break;
        passed -= whole;
    }
    return tb_day_start(day) + (int64_t)c->office[i].from * MINUTE_MS + passed;
}

static tb_due due_workhours(const tb_calendar *c, int64_t start_ms, int32_t start, int64_t ms, const tb_exclusion *out,
                            uint32_t outs) {
    bool counts = set_has(&c->open, start) && !is_out(out, outs, start);
    int64_t before = counts ? office_passed(c, start_ms) : 0, left = counts ? c->office_ms - before : 0;
    if (ms == 0) return (tb_due){TB_DUE_EXACT, start, start_ms, 0};
    if (ms <= left) { /* within the first day */
        tb_due due = due_on(c, start, start, set_has(&c->unknown, start) ? start : TB_NO_DAY);
        due.at = office_instant(c, start, before + ms, false);
        return due;
    }
    int64_t days = (ms - left + c->office_ms - 1) / c->office_ms;
    int32_t day = nth_after(&c->open, start, days, out, outs), known = left ? start - 1 : start;
    tb_due due = due_on(c, start, day, day == TB_NO_DAY ? TB_NO_DAY : first_in(&c->unknown, known, day, out, outs));
    if (due.kind != TB_DUE_NONE) due.at = office_instant(c, day, ms - left - (days - 1) * c->office_ms, false);
    return due;
}

/* Backwards: the latest instant from which so many office hours pass until `start_ms`; over days that are not published
 * the earliest it can be, for which none of those is a workday. */
static tb_due workhours_before(const tb_calendar *c, int64_t start_ms, int32_t start, int64_t ms) {
    tb_due due = {0};
    int64_t passed = office_passed(c, start_ms);
    int32_t latest = passed ? start : start - 1; /* the first day that matters */
    const day_set *sets[] = {&c->open, &c->sure};
    for (int i = 0; i < 2; i++) {
        int64_t here = set_has(sets[i], start) ? passed : 0, days = (ms - here + c->office_ms - 1) / c->office_ms;
        int32_t day = ms <= here ? start : select_day(sets[i], rank(sets[i], start - 1) - days + 1);
        int32_t unknown = day == TB_NO_DAY ? TB_NO_DAY : first_in(&c->unknown, day - 1, latest, NULL, 0);
        if (i == 0 && day != TB_NO_DAY && unknown != TB_NO_DAY) continue;         /* it might be earlier still */
        if (i == 1) unknown = select_day(&c->unknown, rank(&c->unknown, latest)); /* the latest one passed */
        due = due_on(c, start, day, unknown);
        if (due.kind == TB_DUE_NONE) return due;
        int64_t rest = ms <= here ? here - ms : days * c->office_ms - (ms - here);
        due.at = office_instant(c, day, rest, true);
        return due;
    }
    return due;
}

tb_due tb_due_after(const tb_calendar *c, int64_t start_ms, int n, enum tb_unit unit, bool roll,
                    const tb_exclusion *out, uint32_t outs) {
    int32_t start = tb_day_of(start_ms);
    int64_t piece = unit == TB_MINUTES ? MINUTE_MS : tb_unit_instant(unit) ? HOUR_MS : TB_DAY_MS;
    int64_t most = (int64_t)TB_COUNT_LIMIT * (TB_DAY_MS / piece);
    if (!in_range(start) || n > most || n < -most || still_out(out, outs) || (n < 0 && outs)) return no_due();
    if (unit == TB_WORKDAYS) return due_workdays(c, start, n, out, outs);
    if (unit == TB_WORKHOURS && n < 0) return workhours_before(c, start_ms, start, -n * piece);
    if (unit == TB_WORKHOURS) return due_workhours(c, start_ms, start, n * piece, out, outs);
    if (tb_unit_instant(unit)) return due_hours(start_ms, start, n * piece, out, outs);
    int32_t last = unit == TB_DAYS ? start + n : tb_day_add_months(start, unit == TB_YEARS ? n * 12 : n);
    if (last > start) last = nth_after(NULL, start, last - start, out, outs);
    return due_rolled(c, start, last, roll && n >= 0, out, outs);
}

tb_due tb_due_before(const tb_calendar *c, tb_due due, int n, enum tb_unit unit) {
    if (due.kind == TB_DUE_NONE || n < 1) return no_due();
    bool instant = tb_unit_instant(unit);
    tb_due before = tb_due_after(c, instant ? due.at : tb_day_start(due.day), -n, unit, false, NULL, 0);
    if (before.kind == TB_DUE_NONE) return before;
    if (!instant) before.at = tb_day_start(before.day) + (int64_t)tb_calendar_opens(c) * MINUTE_MS;
    if (before.kind == TB_DUE_EXACT && due.kind == TB_DUE_NOT_BEFORE)
        before.kind = TB_DUE_NOT_BEFORE, before.unpublished = due.unpublished;
    return before;
}

int tb_workdays_between(const tb_calendar *c, int32_t after, int32_t until, const tb_exclusion *out, uint32_t outs) {
    if (until <= after) return 0;
    if (!in_range(after) || !in_range(until) || first_in(&c->unknown, after, until, out, outs) != TB_NO_DAY) return -1;
    int64_t days = rank(&c->sure, until) - rank(&c->sure, after);
    int32_t lo, hi;
    for (int32_t at = after; next_out(out, outs, at, &lo, &hi) && lo < until; at = hi) {
        if (hi > until) hi = until;
        days -= rank(&c->sure, hi) - rank(&c->sure, lo);
    }
    return (int)days;
}

static int whole_days_out(int32_t from, int32_t until, const tb_exclusion *out, uint32_t outs) {
    int32_t lo, hi;
    int days = 0;
    for (int32_t at = from; next_out(out, outs, at, &lo, &hi) && lo < until; at = hi)
        days += (hi < until ? hi : until) - lo;
    return days;
}

static int64_t office_between(const tb_calendar *c, int64_t from, int64_t until, const tb_exclusion *out,
                              uint32_t outs) {
    int32_t first = tb_day_of(from), last = tb_day_of(until);
    int whole = tb_workdays_between(c, first - 1, last, out, outs);
    if (whole < 0) return -1;
    int64_t ms = whole * c->office_ms;
    if (set_has(&c->sure, first) && !is_out(out, outs, first)) ms -= office_passed(c, from);
    if (set_has(&c->sure, last) && !is_out(out, outs, last)) ms -= c->office_ms - office_passed(c, until);
    return ms;
}

int tb_used_between(const tb_calendar *c, int64_t from, int64_t until, enum tb_unit unit, const tb_exclusion *out,
                    uint32_t outs) {
    if (until <= from) return 0;
    int32_t first = tb_day_of(from), last = tb_day_of(until);
    if (unit == TB_WORKDAYS) return tb_workdays_between(c, first, last, out, outs);
    if (unit == TB_WORKHOURS) {
        int64_t ms = office_between(c, from, until, out, outs);
        return ms < 0 ? -1 : (int)(ms / HOUR_MS);
    }
    int still = whole_days_out(first, last, out, outs);
    if (!tb_unit_instant(unit)) return last - first - still;
    int64_t ms = until - from - (int64_t)still * TB_DAY_MS;
    return ms < 0 ? 0 : (int)(ms / (unit == TB_MINUTES ? MINUTE_MS : HOUR_MS));
}

int32_t tb_next_workday(const tb_calendar *c, int32_t day) {
    if (!in_range(day)) return TB_NO_DAY;
    int32_t next = select_day(&c->open, rank(&c->open, day - 1) + 1);
    return next == TB_NO_DAY || set_has(&c->unknown, next) ? TB_NO_DAY : next;
}

/* ---- explanation ---- */

static void tell(tb_arena *a, tb_due_ranges *why, int32_t day, enum tb_why reason, tb_str name, int counted) {
    if (why->count) {
        tb_due_range *r = &why->items[why->count - 1];
        if (r->why == reason && tb_str_eq(r->name, name)) {
            if (day < r->from) r->from = day;
            else r->to = day;
            r->counted = counted;
            return;
        }
    }
    tb_due_range *r = TB_PUSH(a, *why);
    if (r) *r = (tb_due_range){day, day, reason, name, counted};
}

/* Why a workday count passes or takes this day. */
static enum tb_why why_workday(const tb_calendar *c, int32_t day, tb_str *name) {
    switch (tb_calendar_day(c, day, name)) {
    case TB_WORKDAY: return TB_WHY_COUNTED;
    case TB_MAKEUP_WORKDAY: return TB_WHY_MAKEUP;
    case TB_HOLIDAY: return TB_WHY_HOLIDAY;
    case TB_WEEKEND: return TB_WHY_WEEKEND;
    case TB_UNPUBLISHED: break;
    }
    return TB_WHY_UNPUBLISHED;
}

tb_due tb_due_explain(tb_arena *a, const tb_calendar *c, int64_t start_ms, int n, enum tb_unit unit, bool roll,
                      const tb_exclusion *out, uint32_t outs, tb_due_ranges *why) {
    tb_due due = tb_due_after(c, start_ms, n, unit, roll, out, outs);
    int32_t start = tb_day_of(start_ms), last = due.day, stop = INT32_MAX, step = n < 0 ? -1 : 1;
    *why = (tb_due_ranges){0};
    if (due.kind == TB_DUE_NONE) {
        if (!in_range(start) || n < 0 || n > TB_COUNT_LIMIT || !still_out(out, outs)) return due; /* nothing to tell */
        for (uint32_t i = 0; i < outs; i++)
            if (out[i].to == INT32_MAX && out[i].from < stop) stop = out[i].from;
        last = stop > start ? stop : start;
        if (last - start > TB_COUNT_LIMIT) return due;
    }
    bool by_months = unit == TB_MONTHS || unit == TB_YEARS, instants = tb_unit_instant(unit);
    bool workdays = unit == TB_WORKDAYS || unit == TB_WORKHOURS;
    int64_t piece = unit == TB_MINUTES ? MINUTE_MS : HOUR_MS;
    int64_t days = by_months ? (int64_t)tb_day_add_months(start, unit == TB_YEARS ? n * 12 : n) - start : n;
    int64_t need = days < 0 ? -days : days, got = 0, passed = 0;
    tb_str none = TB_STR(""), name = none;
    if (!instants) tell(a, why, start, TB_WHY_FIRST_DAY, none, 0);
    for (int32_t d = instants ? start : start + step; step > 0 ? d <= last : d >= last; d += step) {
        enum tb_why reason = TB_WHY_COUNTED;
        name = none;
        if (is_out(out, outs, d)) {
            reason = TB_WHY_EXCLUDED;
        } else if (workdays) {
            reason = why_workday(c, d, &name);
            bool open = reason == TB_WHY_UNPUBLISHED && step > 0;
            bool counts = open || reason == TB_WHY_COUNTED || reason == TB_WHY_MAKEUP;
            if (unit == TB_WORKDAYS) {
                got += counts;
            } else if (counts) {
                int64_t by = office_passed(c, start_ms), first = step > 0 ? c->office_ms - by : by;
                passed += d == start ? first : c->office_ms;
                got = passed / piece < need ? passed / piece : need;
            }
        } else if (instants) {
            int64_t enter = tb_day_start(step > 0 ? d : d + 1), leave = tb_day_start(step > 0 ? d + 1 : d);
            passed += (leave - (d == start ? start_ms : enter)) * step;
            got = passed / piece < need ? passed / piece : need;
        } else if (got < need) {
            got++;
        } else {
            reason = TB_WHY_ROLLED;
            tb_calendar_day(c, d - 1, &name); /* what the day before was, since that moved it on */
        }
        if (d == last && due.kind == TB_DUE_NOT_BEFORE && !workdays) /* it might be moved on from here */
            reason = TB_WHY_UNPUBLISHED, name = none;
        tell(a, why, d, reason, name, (int)got);
    }
    if (due.kind == TB_DUE_NONE) {
        tell(a, why, last + 1, TB_WHY_EXCLUDED, none, (int)got);
        why->items[why->count - 1].to = INT32_MAX;
    }
    return due;
}
