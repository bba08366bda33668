/* What cells mean: codes and words of the national lists, periods, laws, days.
 *
 * Departments fill the same column with a code (01), a word (行政许可), both (01-行政许可) or a sentence
 * (自受理之日起20个工作日). Each reader answers "not known" rather than guess: the clause then ends with 待核. */
#include "draft_work.h"
#include "calendar.h"
#include "compile_work.h"

/* GB/T 39046-2020 table A.1; the words stand first, since a cell may hold both. */
tb_str tb__kind_of(tb_str cell) {
    static const struct {
        const char *codes, *word, *alike;
    } kinds[] = {{"01|1|XK", "行政许可", "许可"},
                 {"02|2|CF", "行政处罚", "处罚"},
                 {"03|3|QZ", "行政强制", "强制"},
                 {"04|4|ZS", "行政征收", "征收"},
                 {"05|5|JF", "行政给付", "给付"},
                 {"06|6|JC", "行政检查", "检查"},
                 {"07|7|QR", "行政确认", "确认"},
                 {"08|8|JL", "行政奖励", "奖励"},
                 {"09|9|CJ", "行政裁决", "裁决"},
                 {"10|QT", "其他行政权力", "其他行政权力|其他权力|其他类别|其他类"},
                 {"20|GG|FW", "公共服务", "公共服务|便民服务"}};
    cell = tb__trim(cell);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (tb__has(cell, kinds[i].word) || tb__is_any(cell, kinds[i].alike)) return tb_str_z(kinds[i].word);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (tb__is_any(cell, kinds[i].codes)) return tb_str_z(kinds[i].word);
    if (tb__has(cell, "其他行政权力") || tb__has(cell, "其他权力")) return TB_STR("其他行政权力");
    return TB_NONE;
}

tb_str tb__service_of(tb_str cell) {
    cell = tb__trim(cell);
    if (tb__has(cell, "即办") || tb__is_any(cell, "1|01")) return TB_STR("即办件");
    if (tb__has(cell, "承诺") || tb__is_any(cell, "2|02")) return TB_STR("承诺件");
    return TB_NONE;
}

enum tb__yes tb__yes_of(tb_str cell) {
    cell = tb__trim(cell);
    if (!cell.n) return TB__SILENT;
    if (tb__is_any(cell, "0|否|不|无|不支持|不收费|N|n|不涉及|非必要|不允许")) return TB__NO;
    if (tb__is_any(cell, "1|是|有|支持|收费|Y|y|允许|√|必要")) return TB__YES;
    return TB__SILENT;
}

/* ---- periods ---- */

/* A digit, ASCII or full-width; -1 none. *size: its bytes. */
static int digit_at(const char *p, size_t n, uint32_t *size) {
    *size = 1;
    if (n && *p >= '0' && *p <= '9') return *p - '0';
    if (n < 3 || memcmp(p, "\xEF\xBC", 2) != 0) return -1;
    unsigned char c = (unsigned char)p[2];
    *size = 3;
    return c >= 0x90 && c <= 0x99 ? c - 0x90 : -1;
}

/* 一 … 九, 两, 〇; 10 for 十, 100 for 百; -1 none. */
static int numeral_at(const char *p, size_t n) {
    static const char *const words[] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"};
    if (n < 3) return -1;
    for (int i = 0; i < 11; i++)
        if (memcmp(p, words[i], 3) == 0) return i;
    return memcmp(p, "两", 3) == 0 ? 2 : memcmp(p, "百", 3) == 0 ? 100 : -1;
}

enum { NUMBER_MOST = 99999 };

/* The number at s[*i]: 20, ２０ or 二十; -1: none. *i moves behind it. */
static int number_at(tb_str s, uint32_t *i) {
    uint32_t size;
    int n = -1, d;
    while ((d = digit_at(s.p + *i, s.n - *i, &size)) >= 0) {
        n = (n < 0 ? 0 : n) * 10 + d;
        if (n > NUMBER_MOST) n = NUMBER_MOST;
        *i += size;
    }
    if (n >= 0) {
        if (s.n - *i >= 2 && s.p[*i] == '.' && s.p[*i + 1] == '0') *i += 2; /* 20.0 */
        return n;
    }
    int sum = 0, ones = -1;
    for (; (d = numeral_at(s.p + *i, s.n - *i)) >= 0; *i += 3) {
        n = 0;
        if (d >= 10) sum += (ones < 0 ? 1 : ones) * d, ones = -1;
        else ones = d;
        if (sum > NUMBER_MOST) sum = NUMBER_MOST;
    }
    return n < 0 ? -1 : sum + (ones < 0 ? 0 : ones);
}

/* The unit at the start of a text. */
static enum tb_unit_word unit_at(tb_str s, bool *said) {
    static const struct {
        const char *word;
        enum tb_unit_word unit;
        bool said;
    } units[] = {{"工作日", TB_U_WORKDAYS, true}, {"自然日", TB_U_DAYS, true},     {"日历日", TB_U_DAYS, true},
                 {"小时", TB_U_HOURS, true},      {"工作小时", TB_U_WORKHOURS, true}, {"月", TB_U_MONTHS, true},
                 {"年", TB_U_YEARS, true},        {"日", TB_U_WORKDAYS, false},    {"天", TB_U_WORKDAYS, false}};
    while (s.n && (*s.p == ' ' || *s.p == '(')) s.p++, s.n--;
    if (tb_str_starts(s, "个")) s.p += 3, s.n -= 3;
    if (tb_str_starts(s, "（")) s.p += 3, s.n -= 3;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (tb_str_starts(s, units[i].word)) return *said = units[i].said, units[i].unit;
    return 0;
}

static enum tb_unit_word unit_of(tb_str cell, bool *said) {
    *said = true;
    cell = tb__trim(cell);
    if (tb__is_any(cell, "1|01|G")) return TB_U_WORKDAYS;
    if (tb__is_any(cell, "2|02|Z")) return *said = tb__is_any(cell, "Z"), TB_U_DAYS;
    enum tb_unit_word unit = cell.n ? unit_at(cell, said) : 0;
    if (!unit) *said = false;
    return unit;
}

struct tb__limit tb__limit_of(tb_str day, tb_str unit_cell) {
    struct tb__limit limit = {.unit = TB_U_WORKDAYS};
    day = tb__trim(day);
    if (!day.n) return limit;
    if (tb__is_any(day, "无|/|-|—|——|无期限|无规定|未规定|没有规定|无法定时限|无法定期限|法律未规定|不限")) {
        limit.state = TB__LIMIT_NONE;
        return limit;
    }
    limit.state = TB__LIMIT_UNREAD;
    if (tb__has_any(day, "即办|当场|即时|立等可取|当即")) limit.state = TB__LIMIT_ZERO, limit.n = 0;
    for (uint32_t i = 0; i < day.n;) { /* the first number that has a unit, or stands alone */
        uint32_t from = i;
        int n = number_at(day, &i);
        if (n < 0) {
            i++;
            continue;
        }
        bool said = false;
        enum tb_unit_word unit = unit_at((tb_str){day.p + i, day.n - i}, &said);
        bool alone = from == 0 && tb__trim((tb_str){day.p + i, day.n - i}).n == 0;
        if (!unit && !alone) continue;
        if (!said) { /* a bare 日: the column beside it may know */
            bool beside;
            enum tb_unit_word other = unit_of(unit_cell, &beside);
            if (other) unit = other, said = beside;
        }
        limit.unit = unit ? unit : TB_U_WORKDAYS;
        limit.unit_said = said;
        limit.n = n;
        int most;
        bool fits = tb__limit_fits(n, (enum tb_unit)limit.unit, &most);
        limit.state = n == 0 ? TB__LIMIT_ZERO : fits ? TB__LIMIT_N : TB__LIMIT_UNREAD;
        return limit;
    }
    return limit;
}

/* ---- laws ---- */

/* Skips 第…条, 第…款 …; the numerals inside must be ones the lexer reads: all digits or all Han. */
static bool level_at(tb_str s, uint32_t *i, const char *word) {
    uint32_t k = *i;
    if (s.n - k < 6 || memcmp(s.p + k, "第", 3) != 0) return false;
    k += 3;
    uint32_t from = k;
    int n = number_at(s, &k);
    bool wide_digits = k > from && (unsigned char)s.p[from] == 0xEF;
    if (n < 1 || n > 9999 || wide_digits || s.n - k < 3 || memcmp(s.p + k, word, 3) != 0) return false;
    *i = k + 3;
    return true;
}

/* 第四十二条之一第一款第二项 at s[i]: its bytes, 0 none. */
static uint32_t article_at(tb_str s, uint32_t i) {
    uint32_t k = i, size;
    if (!level_at(s, &k, "条")) return 0;
    if (s.n - k >= 6 && memcmp(s.p + k, "之", 3) == 0 && numeral_at(s.p + k + 3, s.n - k - 3) > 0 &&
        digit_at(s.p + k + 3, s.n - k - 3, &size) < 0)
        for (k += 3; numeral_at(s.p + k, s.n - k) >= 0;) k += 3;
    if (level_at(s, &k, "款")) level_at(s, &k, "项");
    else level_at(s, &k, "项");
    return k - i;
}

/* A law's numerals must be readable by the lexer: the citation is tried there, and cut to the title when it is not. */
static bool readable(tb_arena *a, tb_str citation) {
    tb_sources sources = {0};
    tb_diagnostics d;
    tb_diagnostics_init(&d, a);
    tb_str text = tb_str_printf(a, "事项 试：\n  法定期限 1个工作日，依%.*s。\n", TB_FMT(citation));
    uint32_t file = tb_source_add(a, &sources, TB_STR("试"), text);
    tb_parse(a, &sources, file, &d);
    return d.errors == 0;
}

static void add_law(tb_arena *a, tb__strs *out, tb_str citation) {
    for (uint32_t i = 0; i < out->count; i++)
        if (tb_str_eq(out->items[i], citation)) return;
    *TB_PUSH(a, *out) = citation;
}

/* What may stand between 》 and 第…条: blanks, （2019年修正）. */
static uint32_t skip_remark(tb_str s, uint32_t i) {
    for (;;) {
        if (i < s.n && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\r')) {
            i++;
            continue;
        }
        bool full = s.n - i >= 3 && memcmp(s.p + i, "（", 3) == 0;
        if (!full && !(i < s.n && s.p[i] == '(')) return i;
        uint32_t k = i;
        while (k < s.n && k < i + 120 && s.p[k] != ')' && !(s.n - k >= 3 && memcmp(s.p + k, "）", 3) == 0)) k++;
        if (k >= s.n || k >= i + 120) return i;
        i = k + (s.p[k] == ')' ? 1 : 3);
    }
}

enum { TITLE_BYTES = 240 };

void tb__laws(tb_arena *a, tb_str s, uint32_t most, tb__strs *out) {
    for (uint32_t i = 0; i + 6 < s.n && out->count < most; i++) {
        if (memcmp(s.p + i, "《", 3) != 0) continue;
        uint32_t shut = i + 3;
        bool plain = true;
        while (s.n - shut >= 3 && memcmp(s.p + shut, "》", 3) != 0) {
            plain &= (unsigned char)s.p[shut] >= 0x20 && s.p[shut] != 0x7F && memcmp(s.p + shut, "《", 3) != 0;
            shut++;
        }
        if (s.n - shut < 3) return;
        if (!plain || shut - i > TITLE_BYTES || shut == i + 3) continue;
        tb_str title = {s.p + i, shut + 3 - i};
        i = shut + 2;
        uint32_t at = skip_remark(s, shut + 3), size = article_at(s, at);
        tb_str whole = size ? tb_str_printf(a, "%.*s%.*s", TB_FMT(title), (int)size, s.p + at) : title;
        if (size && readable(a, whole)) add_law(a, out, whole);
        else if (readable(a, title)) add_law(a, out, title);
    }
}

/* ---- days ---- */

static bool digits_at(tb_str s, uint32_t *i, uint32_t least, uint32_t most, int *value) {
    uint32_t n = 0;
    *value = 0;
    for (; *i < s.n && n < most && s.p[*i] >= '0' && s.p[*i] <= '9'; n++) *value = *value * 10 + (s.p[(*i)++] - '0');
    return n >= least;
}

bool tb__date_in(tb_str s, int32_t *day) {
    int part[3];
    uint32_t i = 0;
    s = tb__trim(s);
    for (int k = 0; k < 3; k++) {
        if (!digits_at(s, &i, k ? 1 : 4, k ? 2 : 4, &part[k])) return false;
        if (i < s.n && (s.p[i] == '-' || s.p[i] == '/' || s.p[i] == '.')) i++;
        else if (s.n - i >= 3 && (memcmp(s.p + i, "年", 3) == 0 || memcmp(s.p + i, "月", 3) == 0)) i += 3;
    }
    *day = tb_day(part[0], part[1], part[2]);
    return *day != TB_NO_DAY && part[0] >= 1980 && part[0] < 2100;
}
