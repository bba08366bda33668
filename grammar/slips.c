/* What was meant by words that the language spells otherwise: see slips.h.
 *
 * Regulations, forms and other systems have words of their own for what a rule says, and a person who writes from memory writes those. They are no
 * slips of the pen, so nearness does not find them: each is listed, with the one keyword that says the same. Numbers and dates are read as people
 * write them, and given back as the language does. */
#include "slips.h"
#include <string.h>

tb_str tb_other_word(tb_str word) {
    static const char *const words[][2] = {
        {"从", "自"},
        {"到", "至"},
        {"直到", "至"},
        {"如果", "若"},
        {"如", "若"},
        {"当", "若"},
        {"并且", "且"},
        {"而且", "且"},
        {"同时", "且"},
        {"或者", "或"},
        {"不是", "非"},
        {"没有", "未"},
        {"已经", "已"},
        {"尚未", "未"},
        {"超过", "大于"},
        {"高于", "大于"},
        {"多于", "大于"},
        {"低于", "小于"},
        {"不足", "小于"},
        {"大于等于", "不小于"},
        {"大于或等于", "不小于"},
        {"不低于", "不小于"},
        {"至少", "不小于"},
        {"小于等于", "不大于"},
        {"小于或等于", "不大于"},
        {"不超过", "不大于"},
        {"不高于", "不大于"},
        {"最多", "至多"},
        {"根据", "依"},
        {"依据", "依"},
        {"依照", "依"},
        {"按照", "依"},
        {"因为", "因"},
        {"由于", "因"},
        {"转到", "转"},
        {"转至", "转"},
        {"转入", "转"},
        {"进入", "转"},
        {"移送", "转送"},
        {"移交", "转送"},
        {"送交", "转送"},
        {"颁发", "出具"},
        {"发给", "出具"},
        {"制作", "出具"},
        {"结束", "办结"},
        {"退到", "退回"},
        {"退还", "退回"},
        {"写明", "载明"},
        {"注明", "载明"},
        {"填写", "载明"},
        {"可选", "选填"},
        {"非必填", "选填"},
        {"必须填", "必填"},
        {"必交", "必要"},
        {"必须提交", "必要"},
        {"非必要", "选填"},
        {"盖章", "用章"},
        {"经办人", "办理人"},
        {"承办人", "办理人"},
        {"时限", "期限"},
        {"办理时限", "期限"},
        {"法定时限", "法定期限"},
        {"承诺时限", "承诺期限"},
        {"等同", "等于"},
        {"加上", "加"},
        {"减去", "减"},
        {"乘以", "乘"},
        {"生效日期", "生效"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tb_str_is(word, words[i][0])) return tb_str_z(words[i][1]);
    return TB_STR("");
}

/* ---- numbers, as people write them ---- */

enum { MOST = 99999999 };

static uint32_t blanks(tb_str s, uint32_t at) {
    while (at < s.n && s.p[at] == ' ') at++;
    return at;
}

static bool begins(tb_str s, uint32_t at, const char *word) {
    tb_str rest = {s.p + at, s.n - at};
    return tb_str_starts(rest, word);
}

/* 〇 to 九, and 两: its value; -1: none. All of them are three bytes long. */
static int figure(tb_str s, uint32_t at) {
    static const char *const figures[] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    for (int i = 0; i < 10; i++)
        if (begins(s, at, figures[i])) return i;
    return begins(s, at, "两") ? 2 : begins(s, at, "零") ? 0 : -1;
}

static int unit(tb_str s, uint32_t at) {
    return begins(s, at, "十") ? 10 : begins(s, at, "百") ? 100 : begins(s, at, "千") ? 1000 : 0;
}

/* 三百二十, 十五, 两千: reads on to *at; -1: none, or larger than anybody would write so. */
static int han_number(tb_str s, uint32_t *at) {
    enum { HAN = 3 };
    int sum = 0, last = -1;
    uint32_t i = *at;
    for (; i < s.n; i += HAN) {
        int f = figure(s, i), u = unit(s, i);
        if (f < 0 && !u) break;
        if (u) sum += (last < 0 ? 1 : last) * u, last = 0;
        else last = f;
        if (sum > MOST) return -1;
    }
    if (i == *at) return -1;
    *at = i;
    return sum + (last > 0 ? last : 0);
}

static int digits(tb_str s, uint32_t *at) {
    int v = 0;
    uint32_t i = *at;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        if ((v = v * 10 + (s.p[i] - '0')) > MOST) return -1;
    if (i == *at) return -1;
    *at = i;
    return v;
}

static int number(tb_str s, uint32_t *at) {
    int v = digits(s, at);
    return v >= 0 ? v : han_number(s, at);
}

tb_str tb_number_meant(tb_arena *a, tb_str text) {
    uint32_t at = 0;
    int v = number(text, &at);
    if (v < 0) return TB_STR("");
    if (at < text.n && text.p[at] == '.') { /* 3.5平方米 */
        uint32_t end = at + 1, from = end;
        if (digits(text, &end) < 0) return TB_STR("");
        return tb_str_printf(a, "%d.%.*s", v, (int)(end - from), text.p + from);
    }
    return tb_str_printf(a, "%d", v);
}

tb_str tb_period_meant(tb_arena *a, tb_str text) {
    static const char *const units[][2] = {{"工作日", "个工作日"}, {"工作天", "个工作日"},
                                           {"工作小时", "个工作小时"},
                                           {"自然日", "个自然日"}, {"自然天", "个自然日"},
                                           {"日历日", "个自然日"}, {"日历天", "个自然日"},
                                           {"月", "个月"},         {"小时", "小时"},
                                           {"钟头", "小时"},       {"年", "年"}};
    uint32_t at = 0;
    int v = number(text, &at);
    if (v <= 0) return TB_STR("");
    at = blanks(text, at);
    if (begins(text, at, "个")) at = blanks(text, at + 3);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (begins(text, at, units[i][0])) return tb_str_printf(a, "%d%s", v, units[i][1]);
    return TB_STR("");
}

/* ---- dates ---- */

tb_str tb_date_meant(tb_arena *a, tb_str text) {
    static const char *const marks[2][5] = {{"年", "-", "/", ".", "－"}, {"月", "-", "/", ".", "－"}};
    int value[3];
    uint32_t at = 0;
    for (int i = 0; i < 3; i++) {
        at = blanks(text, at);
        if ((value[i] = number(text, &at)) < 0) return TB_STR("");
        at = blanks(text, at);
        bool marked = i == 2;
        for (int k = 0; i < 2 && k < 5 && !marked; k++)
            if (begins(text, at, marks[i][k])) at += (uint32_t)strlen(marks[i][k]), marked = true;
        if (!marked) return TB_STR("");
    }
    if (value[0] < 1900 || value[0] > 9999 || value[1] < 1 || value[1] > 12 || value[2] < 1 || value[2] > 31)
        return TB_STR("");
    return tb_str_printf(a, "%04d-%02d-%02d", value[0], value[1], value[2]);
}
