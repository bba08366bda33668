/* Types and values: see value.h. What is wrong with a value is said so that it can be put right: which character, what
 * it should have been. */
#include "value.h"
#include <string.h>

static const struct {
    const char *zh, *en;
} types[] = {
    [TB_T_TEXT] = {"文本", "text"},         [TB_T_INTEGER] = {"整数", "integer"},
    [TB_T_DECIMAL] = {"小数", "decimal"},   [TB_T_MONEY] = {"金额", "money"},
    [TB_T_DATE] = {"日期", "date"},         [TB_T_TIME] = {"时刻", "time"},
    [TB_T_BOOL] = {"是否", "yes-no"},       [TB_T_OPTION] = {"选项", "option"},
    [TB_T_ADDRESS] = {"地址", "address"},   [TB_T_DIVISION] = {"区划", "division"},
    [TB_T_ID_CARD] = {"身份证", "id-card"}, [TB_T_CREDIT_CODE] = {"统一社会信用代码", "credit-code"},
    [TB_T_PHONE] = {"手机号", "phone"},     [TB_T_ATTACHMENT] = {"附件", "attachment"},
    [TB_T_LIST] = {"列表", "list"},
};

const char *tb_type_word(enum tb_type t, enum tb_lang lang) {
    if (t < TB_T_TEXT || t > TB_T_LIST) return "";
    return lang == TB_LANG_EN ? types[t].en : types[t].zh;
}

enum tb_type tb_type_named(tb_str word) {
    for (int t = TB_T_TEXT; t <= TB_T_LIST; t++)
        if (tb_str_is(word, types[t].zh) || tb_str_is(word, types[t].en)) return (enum tb_type)t;
    return 0;
}

bool tb_is_number(enum tb_type t) { return t == TB_T_INTEGER || t == TB_T_DECIMAL || t == TB_T_MONEY; }

/* What is wrong, in the language asked for. */
#define WORDS(zh, en) (lang == TB_LANG_EN ? (en) : (zh))
#define SAY(zh, en) tb_str_z(WORDS(zh, en))

/* ---- 区划 ---- */

static const struct division {
    uint32_t code;
    const char *name;
} divisions[] = {
#define X(code, name) {code, name},
#include "divisions.def"
#undef X
};

const char *tb_division_name(tb_str code) {
    uint32_t n = 0, low = 0, high = sizeof divisions / sizeof *divisions;
    if (code.n != 6) return NULL;
    for (uint32_t i = 0; i < 6; i++) {
        if (code.p[i] < '0' || code.p[i] > '9') return NULL;
        n = n * 10 + (uint32_t)(code.p[i] - '0');
    }
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (divisions[mid].code == n) return divisions[mid].name;
        if (divisions[mid].code < n) low = mid + 1;
        else high = mid;
    }
    return NULL;
}

static tb_str division_wrong(tb_arena *a, enum tb_lang lang, tb_str s, const tb_directory *d) {
    if (tb_division_name(s) || (d && tb_directory_find_place(d, s))) return TB_NONE;
    bool six = s.n == 6;
    for (uint32_t i = 0; i < s.n; i++) six &= s.p[i] >= '0' && s.p[i] <= '9';
    if (six) {
        tb_str above = tb_str_printf(a, "%.4s00", s.p);
        const char *name = tb_division_name(above);
        if (name)
            return tb_str_printf(a, WORDS("没有区划代码 %.*s（%.*s 是%s）", "there is no division %.*s (%.*s is %s)"),
                                 TB_FMT(s), TB_FMT(above), name);
        return tb_str_printf(a, WORDS("没有区划代码 %.*s", "there is no division %.*s"), TB_FMT(s));
    }
    return SAY("应是六位区划代码，如 370402", "should be a division code of six digits, such as 370402");
}

/* ---- codes with check digits ---- */

/* The character at `at` as text: one that is more than a byte is shown whole. */
static tb_str character(tb_str s, uint32_t at) {
    uint32_t n = 1;
    while (at + n < s.n && ((unsigned char)s.p[at + n] & 0xc0) == 0x80) n++;
    return (tb_str){s.p + at, n};
}

static tb_str wrong_length(tb_arena *a, enum tb_lang lang, tb_str s, uint32_t want) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return tb_str_printf(a, WORDS("应是 %u 位，现在是 %u 位", "should have %u characters and has %u"), want, n);
}

/* GB 11643: a division, the day of birth, a number, a check digit. Codes of divisions long withdrawn are still borne by
 * those who were born there, so the first six digits are only digits. */
static tb_str id_card_wrong(tb_arena *a, enum tb_lang lang, tb_str s, int32_t today) {
    static const int8_t weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int n[17], sum = 0;
    for (uint32_t i = 0; i < s.n && i < 17; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return tb_str_printf(a, WORDS("第 %u 位“%.*s”应是数字", "character %u, “%.*s”, should be a digit"), i + 1,
                                 TB_FMT(character(s, i)));
        n[i] = s.p[i] - '0';
        sum += n[i] * weight[i];
    }
    if (s.n != 18) return wrong_length(a, lang, s, 18);
    int32_t born = tb_day(n[6] * 1000 + n[7] * 100 + n[8] * 10 + n[9], n[10] * 10 + n[11], n[12] * 10 + n[13]);
    if (born == TB_NO_DAY)
        return tb_str_printf(a,
                             WORDS("第 7 至 14 位“%.8s”不是一个日子，应是出生日期",
                                   "characters 7 to 14, “%.8s”, should be a date of birth"),
                             s.p + 6);
    if (today != TB_NO_DAY && born > today)
        return tb_str_printf(a, WORDS("出生日期“%.8s”还没有到", "the date of birth “%.8s” is yet to come"), s.p + 6);
    char check = "10X98765432"[sum % 11];
    if (s.p[17] == check) return TB_NONE;
    if (check == 'X' && s.p[17] == 'x') return SAY("第 18 位“x”要大写", "character 18 should be a capital X");
    return tb_str_printf(a,
                         WORDS("第 18 位（校验位）是“%.*s”，按前 17 位算应是 %c：有一位抄错了",
                               "the check digit (18) is “%.*s” and by the first 17 should be %c: one of them is wrong"),
                         TB_FMT(character(s, 17)), check);
}

/* GB 32100-2015: 登记管理部门, 机构类别, 区划 (6), 主体标识码 (8 and its own check digit by GB 11714), check digit. */
static tb_str credit_code_wrong(tb_arena *a, enum tb_lang lang, tb_str s) {
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY", digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const int8_t inner[] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0, weight = 1, inside = 0;
    for (uint32_t i = 0; i < s.n && i < 18; i++, weight = weight * 3 % 31) {
        const char *c = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;
        if (i >= 2 && i < 8 && (s.p[i] < '0' || s.p[i] > '9'))
            return tb_str_printf(a,
                                 WORDS("第 %u 位“%.*s”应是数字（第 3 至 8 位是区划代码）",
                                       "character %u, “%.*s”, should be a digit (3 to 8 are the division)"),
                                 i + 1, TB_FMT(character(s, i)));
        if (!c)
            return tb_str_printf(
                a,
                WORDS("第 %u 位“%.*s”应是数字或大写字母（不用 I、O、S、V、Z）",
                      "character %u, “%.*s”, should be a digit or a capital letter (never I, O, S, V, Z)"),
                i + 1, TB_FMT(character(s, i)));
        if (i < 17) sum += (int)(c - alphabet) * weight;
        if (i >= 8 && i < 16) inside += (int)(strchr(digits, s.p[i]) - digits) * inner[i - 8];
    }
    if (s.n != 18) return wrong_length(a, lang, s, 18);
    char nine = "0123456789X0"[11 - inside % 11], last = alphabet[(31 - sum % 31) % 31];
    if (s.p[16] != nine)
        return tb_str_printf(a,
                             WORDS("第 17 位（组织机构代码的校验位）是“%c”，按第 9 至 16 位算应是 %c：有一位抄错了",
                                   "the check digit of the organization code (17) is “%c” and by 9 to 16 should be %c: "
                                   "one of them is wrong"),
                             s.p[16], nine);
    if (s.p[17] != last)
        return tb_str_printf(
            a,
            WORDS("第 18 位（校验位）是“%c”，按前 17 位算应是 %c：有一位抄错了",
                  "the check digit (18) is “%c” and by the first 17 should be %c: one of them is wrong"),
            s.p[17], last);
    return TB_NONE;
}

static tb_str phone_wrong(tb_arena *a, enum tb_lang lang, tb_str s) {
    for (uint32_t i = 0; i < s.n && i < 11; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return tb_str_printf(a, WORDS("第 %u 位“%.*s”应是数字", "character %u, “%.*s”, should be a digit"), i + 1,
                                 TB_FMT(character(s, i)));
    if (s.n != 11) return wrong_length(a, lang, s, 11);
    if (s.p[0] != '1' || s.p[1] < '3') return SAY("手机号以 13 至 19 开头", "a mobile number begins with 13 to 19");
    return TB_NONE;
}

/* ---- all types ---- */

bool tb__by_order(int order, enum tb_compare op) {
    switch (op) {
    case TB_EQ: return order == 0;
    case TB_NE: return order != 0;
    case TB_LT: return order < 0;
    case TB_LE: return order <= 0;
    case TB_GT: return order > 0;
    case TB_GE: return order >= 0;
    }
    return false;
}

bool tb_value_bound(const tb_field *f, tb_decimal n, uint32_t *broken) {
    for (uint32_t i = 0; i < f->bounds_n; i++)
        if (!tb__by_order(tb_decimal_cmp(n, f->bounds[i].value), f->bounds[i].op)) return *broken = i, false;
    return true;
}

static tb_str number_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, const tb_json *v) {
    static const char *const zh[] = {"", "应 等于", "应 不等于", "应 小于", "应 不大于", "应 大于", "应 不小于"};
    static const char *const en[] = {"",
                                     "should be",
                                     "should not be",
                                     "should be below",
                                     "should be at most",
                                     "should be over",
                                     "should be at least"};
    tb_decimal n = {v->number, 0};
    uint32_t broken;
    bool read = v->kind == TB_JSON_STR && tb_decimal_read(v->text, &n);
    if (v->kind == TB_JSON_INT) read = v->number > -TB_DECIMAL_LIMIT && v->number < TB_DECIMAL_LIMIT;
    if (f->type == TB_T_INTEGER && (!read || n.scale)) return SAY("应是整数", "should be a whole number");
    if (!read) return SAY("应是小数，写成字符串，如 \"12.50\"", "should be a decimal in a string, such as \"12.50\"");
    if (f->type == TB_T_MONEY && n.scale > 2) return SAY("金额至多两位小数", "money has two decimals at most");
    if (tb_value_bound(f, n, &broken)) return TB_NONE;
    return tb_str_printf(a, "%s %.*s", WORDS(zh, en)[f->bounds[broken].op],
                         TB_FMT(tb_decimal_text(a, f->bounds[broken].value)));
}

static tb_str option_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, tb_str s) {
    tb_buf b;
    for (uint32_t i = 0; i < f->options_n; i++)
        if (tb_str_eq(f->options[i], s)) return TB_NONE;
    tb_buf_init(&b, a);
    tb_puts(&b, WORDS("应是下列之一：", "should be one of "));
    for (uint32_t i = 0; i < f->options_n; i++)
        tb_putf(&b, "%s%.*s", i ? WORDS("、", ", ") : "", TB_FMT(f->options[i]));
    return tb_buf_str(&b);
}

static tb_str address_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, const tb_json *v,
                            const tb_directory *d) {
    bool shaped = v->kind == TB_JSON_OBJECT && tb_json_text(v, "区划").n &&
                  (v->count == 1 || (v->count == 2 && tb_json_text(v, "详址").n));
    if (shaped && f->placed) return TB_NONE;
    return shaped ? division_wrong(a, lang, tb_json_text(v, "区划"), d)
                  : SAY("应是 {\"区划\":\"六位代码\",\"详址\":\"…\"}",
                        "should be {\"区划\":\"six digits\",\"详址\":\"…\"}");
}

static tb_str list_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, const tb_json *v, int32_t today,
                         const tb_directory *d) {
    tb_field item = *f;
    item.type = f->item;
    if (v->kind != TB_JSON_ARRAY) return SAY("应是列表，写成数组", "should be a list: an array");
    if (!v->count)
        return SAY("列表至少一项；没有就不填", "a list has at least one item; leave it out when there is none");
    if (v->count > f->most)
        return tb_str_printf(a, WORDS("至多 %u 项，现在是 %u 项", "%u items at most, and there are %u"), f->most,
                             v->count);
    for (uint32_t i = 0; i < v->count; i++) {
        tb_str wrong = tb_value_wrong(a, lang, &item, &v->items[i], today, d);
        if (wrong.n) return tb_str_printf(a, WORDS("第 %u 项：%.*s", "item %u: %.*s"), i + 1, TB_FMT(wrong));
    }
    return TB_NONE;
}

tb_str tb_value_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, const tb_json *v, int32_t today,
                      const tb_directory *d) {
    int32_t day;
    int64_t at;
    switch (f->type) {
    case TB_T_INTEGER:
    case TB_T_DECIMAL:
    case TB_T_MONEY: return number_wrong(a, lang, f, v);
    case TB_T_BOOL:
        return v->kind == TB_JSON_TRUE || v->kind == TB_JSON_FALSE
                   ? TB_NONE
                   : SAY("应是 true 或 false", "should be true or false");
    case TB_T_ADDRESS: return address_wrong(a, lang, f, v, d);
    case TB_T_LIST: return list_wrong(a, lang, f, v, today, d);
    default: break;
    }
    if (v->kind != TB_JSON_STR || !v->text.n) return SAY("应是文字", "should be text");
    switch (f->type) {
    case TB_T_DATE:
        return tb_day_parse(v->text, &day) ? TB_NONE
                                           : SAY("应是日期，如 2026-03-02", "should be a date, such as 2026-03-02");
    case TB_T_TIME:
        return tb_time_parse(v->text, &at) ? TB_NONE
                                           : SAY("应是时刻，如 2026-03-02T09:00:00+08:00",
                                                 "should be a time, such as 2026-03-02T09:00:00+08:00");
    case TB_T_OPTION: return option_wrong(a, lang, f, v->text);
    case TB_T_DIVISION: return f->placed ? TB_NONE : division_wrong(a, lang, v->text, d);
    case TB_T_ID_CARD: return id_card_wrong(a, lang, v->text, today);
    case TB_T_CREDIT_CODE: return credit_code_wrong(a, lang, v->text);
    case TB_T_PHONE: return phone_wrong(a, lang, v->text);
    default: return TB_NONE; /* 文本, 附件 */
    }
}

/* ---- values as conditions see them ---- */

tb_value tb_value_of(enum tb_type t, enum tb_type item, const tb_json *v) {
    tb_value x = {.kind = TB_IS_ABSENT, .item = item};
    int32_t day;
    if (!v) return x;
    switch (t) {
    case TB_T_INTEGER:
    case TB_T_DECIMAL:
    case TB_T_MONEY:
        if (v->kind == TB_JSON_INT) x.number = (tb_decimal){v->number, 0}, x.kind = TB_IS_NUMBER;
        else if (v->kind == TB_JSON_STR && tb_decimal_read(v->text, &x.number)) x.kind = TB_IS_NUMBER;
        break;
    case TB_T_DATE:
        if (v->kind == TB_JSON_STR && tb_day_parse(v->text, &day)) x.at = day, x.kind = TB_IS_DAY;
        break;
    case TB_T_TIME:
        if (v->kind == TB_JSON_STR && tb_time_parse(v->text, &x.at)) x.kind = TB_IS_INSTANT;
        break;
    case TB_T_BOOL:
        if (v->kind == TB_JSON_TRUE || v->kind == TB_JSON_FALSE) x.at = v->kind == TB_JSON_TRUE, x.kind = TB_IS_BOOL;
        break;
    case TB_T_LIST:
        if (v->kind == TB_JSON_ARRAY) x.list = v, x.kind = TB_IS_LIST;
        break;
    default:
        if (v->kind == TB_JSON_STR) x.text = v->text, x.kind = TB_IS_TEXT;
    }
    return x;
}

int tb_value_cmp(const tb_value *a, const tb_value *b) {
    if (a->kind == TB_IS_NUMBER) return tb_decimal_cmp(a->number, b->number);
    if (a->kind == TB_IS_TEXT) return !tb_str_eq(a->text, b->text);
    return (a->at > b->at) - (a->at < b->at);
}

tb_json tb_value_written(const tb_field *f, tb_str text) {
    enum tb_type type = f->type == TB_T_LIST ? f->item : f->type;
    tb_decimal n;
    if (type == TB_T_INTEGER && tb_decimal_read(text, &n) && n.scale == 0) return tb_json_of_int(n.units);
    bool yes = tb_str_is(text, "是") || tb_str_is(text, "true") || tb_str_is(text, "yes");
    bool no = tb_str_is(text, "否") || tb_str_is(text, "false") || tb_str_is(text, "no");
    if (type == TB_T_BOOL && (yes || no)) return tb_json_of_bool(yes);
    return tb_json_of_text(text);
}

tb_str tb_value_text(tb_arena *a, const tb_json *v) {
    tb_buf b;
    switch (v->kind) {
    case TB_JSON_TRUE: return TB_STR("是");
    case TB_JSON_FALSE: return TB_STR("否");
    case TB_JSON_STR: return v->text;
    case TB_JSON_ARRAY:
        tb_buf_init(&b, a);
        for (uint32_t i = 0; i < v->count; i++)
            tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(tb_value_text(a, &v->items[i])));
        return b.n ? tb_buf_str(&b) : TB_STR("（没有一项）");
    case TB_JSON_OBJECT: return tb_str_printf(a, "%.*s", TB_FMT(tb_json_text(v, "区划")));
    case TB_JSON_INT: return tb_str_printf(a, "%lld", (long long)v->number);
    case TB_JSON_NULL: break;
    }
    return TB_STR("（未填）");
}
