/* Values of the types of the language: what is wrong with them is found, wherever the scheme promises it, and said. */
#include "value.h"
#include "check.h"

static tb_arena *arena;

static const char *wrong(enum tb_type type, tb_str s) {
    tb_field f = {.type = type};
    tb_json v = tb_json_of_text(s);
    return tb_str_copy(arena, tb_value_wrong(arena, TB_LANG_ZH, &f, &v, tb_day(2026, 3, 2), NULL)).p;
}

static bool good(enum tb_type type, tb_str s) { return *wrong(type, s) == '\0'; }

/* Every single wrong character must be noticed: GB 32100 promises it of the last digit, GB 11714 of the inner one. */
static void test_credit_codes(void) {
    static const char *credit[] = {
        "11511301008778183N", "115113010833722043", "12441500196720244T", "11370800MB28559184", "11430000006122244L",
        "113700000045046442", "113700000045030270", "11100000000013338W", "11100000000013661B", "11100000MB03271699"};
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (size_t i = 0; i < sizeof credit / sizeof *credit; i++) {
        int missed = 0;
        CHECK_STR(wrong(TB_T_CREDIT_CODE, tb_str_z(credit[i])), "");
        for (int at = 0; at < 18; at++)
            for (const char *c = alphabet; *c; c++) {
                char other[19];
                memcpy(other, credit[i], 19);
                other[at] = *c;
                missed += *c != credit[i][at] && good(TB_T_CREDIT_CODE, (tb_str){other, 18});
            }
        CHECK_INT(missed, 0);
        tb_arena_reset(arena);
    }
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("11511301008778183n")),
              "第 18 位“n”应是数字或大写字母（不用 I、O、S、V、Z）");
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("1151130100877818N")), "应是 18 位，现在是 17 位");
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("11511301008778183I")),
              "第 18 位“I”应是数字或大写字母（不用 I、O、S、V、Z）");
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("115113A1008778183N")), "第 7 位“A”应是数字（第 3 至 8 位是区划代码）");
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("一")), "第 1 位“一”应是数字或大写字母（不用 I、O、S、V、Z）");
    CHECK(!good(TB_T_CREDIT_CODE, (tb_str){"1151130100877818\0N", 18}));
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("11511301008778184N")),
              "第 17 位（组织机构代码的校验位）是“4”，按第 9 至 16 位算应是 3：有一位抄错了");
    CHECK_STR(wrong(TB_T_CREDIT_CODE, TB_STR("11511301008778183P")),
              "第 18 位（校验位）是“P”，按前 17 位算应是 N：有一位抄错了");
}

static void test_id_cards(void) {
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("11010519491231002X")), "");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("11010519491231002x")), "第 18 位“x”要大写");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("110105194912310021")),
              "第 18 位（校验位）是“1”，按前 17 位算应是 X：有一位抄错了");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("11010519491231002")), "应是 18 位，现在是 17 位");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("1101051949123100 X")), "第 17 位“ ”应是数字");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("110105194912三1002X")), "第 13 位“三”应是数字");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("370402199902300018")), "第 7 至 14 位“19990230”不是一个日子，应是出生日期");
    CHECK_STR(wrong(TB_T_ID_CARD, TB_STR("370402202603030018")), "出生日期“20260303”还没有到");
    int found = 0, leap = 0; /* exactly one check character suits each number; a 29th of February needs its leap year */
    for (const char *c = "0123456789X"; *c; c++) {
        char card[19] = "37040219990230001", born[19] = "37040220000229001";
        card[17] = *c, born[17] = *c;
        found += good(TB_T_ID_CARD, (tb_str){card, 18}), leap += good(TB_T_ID_CARD, (tb_str){born, 18});
    }
    CHECK_INT(found, 0);
    CHECK_INT(leap, 1);
}

static void test_others(void) {
    CHECK_STR(wrong(TB_T_DIVISION, TB_STR("370402")), "");
    CHECK_STR(wrong(TB_T_DIVISION, TB_STR("370499")), "没有区划代码 370499（370400 是枣庄市）");
    CHECK_STR(wrong(TB_T_DIVISION, TB_STR("990000")), "没有区划代码 990000");
    CHECK_STR(wrong(TB_T_DIVISION, TB_STR("37040")), "应是六位区划代码，如 370402");
    CHECK_STR(tb_division_name(TB_STR("110000")), "北京市");
    CHECK(!tb_division_name(TB_STR("11000x")) && !tb_division_name(TB_STR("000000")) &&
          !tb_division_name(TB_STR("999999")));
    CHECK_STR(wrong(TB_T_PHONE, TB_STR("13800000000")), "");
    CHECK_STR(wrong(TB_T_PHONE, TB_STR("1380000000")), "应是 11 位，现在是 10 位");
    CHECK_STR(wrong(TB_T_PHONE, TB_STR("1380000000a")), "第 11 位“a”应是数字");
    CHECK_STR(wrong(TB_T_PHONE, TB_STR("23800000000")), "手机号以 13 至 19 开头");
    CHECK_STR(wrong(TB_T_TIME, TB_STR("2026-03-02")), "应是时刻，如 2026-03-02T09:00:00+08:00");
    CHECK_STR(wrong(TB_T_DATE, TB_STR("2026-02-30")), "应是日期，如 2026-03-02");
    CHECK_STR(wrong(TB_T_MONEY, TB_STR("0.125")), "金额至多两位小数");
    CHECK_STR(wrong(TB_T_INTEGER, TB_STR("1.0")), "应是整数");
    CHECK_STR(wrong(TB_T_TEXT, TB_STR("")), "应是文字");
}

static void test_english(void) {
    tb_field id = {.type = TB_T_ID_CARD}, place = {.type = TB_T_DIVISION};
    tb_json card = tb_json_of_text(TB_STR("110105194912310021")), code = tb_json_of_text(TB_STR("370499"));
    CHECK_STR(tb_value_wrong(arena, TB_LANG_EN, &id, &card, TB_NO_DAY, NULL).p,
              "the check digit (18) is “1” and by the first 17 should be X: one of them is wrong");
    CHECK_STR(tb_value_wrong(arena, TB_LANG_EN, &place, &code, TB_NO_DAY, NULL).p,
              "there is no division 370499 (370400 is 枣庄市)");
}

static void test_lists(void) {
    tb_field f = {.type = TB_T_LIST, .item = TB_T_DIVISION, .most = 2};
    tb_json items[] = {tb_json_of_text(TB_STR("370402")), tb_json_of_text(TB_STR("370498")),
                       tb_json_of_text(TB_STR("370403"))};
    tb_json none = tb_json_of_array(items, 0), two = tb_json_of_array(items, 2), three = tb_json_of_array(items, 3);
    CHECK_STR(tb_value_wrong(arena, TB_LANG_ZH, &f, &none, TB_NO_DAY, NULL).p, "列表至少一项；没有就不填");
    CHECK_STR(tb_value_wrong(arena, TB_LANG_ZH, &f, &two, TB_NO_DAY, NULL).p,
              "第 2 项：没有区划代码 370498（370400 是枣庄市）");
    CHECK_STR(tb_value_wrong(arena, TB_LANG_ZH, &f, &three, TB_NO_DAY, NULL).p, "至多 2 项，现在是 3 项");
    CHECK_STR(tb_value_wrong(arena, TB_LANG_ZH, &f, &items[0], TB_NO_DAY, NULL).p, "应是列表，写成数组");
    CHECK_STR(tb_value_text(arena, &two).p, "370402、370498");
}

int main(void) {
    arena = tb_arena_new(NULL, 0);
    if (!CHECK(arena != NULL)) return check_end();
    test_credit_codes();
    test_id_cards();
    test_others();
    test_lists();
    test_english();
    tb_arena_free(arena);
    return check_end();
}
