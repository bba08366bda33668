/* Texts of a size nobody writes by hand, but a program or a slip may: each ends in a clear answer, and none of them hangs (the alarm
 * is the only clock here; how long each takes is measured by hand). What the command line says of a directory, a NUL or bytes
 * that are no text stands in tests/cases. */
#include "engine.h"
#include <unistd.h>

static const char head[] =
    "  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 市中区行政审批服务局。\n"
    "  办理模式 全程网办。\n  属地 取自 实施主体。\n  收到材料 以 属地收到 为准。\n"
    "  非工作时间网上提交 视为 当日收到。\n  法定期限 无。\n  岗位 受理员，在 属地。\n";
static const char step[] = "环节 受理：\n  办理人 受理员。\n  期限 5个工作日，自 提交。\n  受理的，办结 办完。\n"
                           "  逾期的，办结 逾期。\n";

static bool from_memory(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    (void)from;
    *found = path;
    *text = tb_str_printf(user, "法规 %.*s：\n  位阶 法律。\n  公布 2020-01-01。\n", (int)path.n - 3, path.p);
    return true;
}

/* Compiles the text; `code` is among what is said (NULL: nothing is wrong), and `programs` come out. */
static void compiles(tb_arena *a, tb_str text, const char *code, uint32_t programs) {
    tb_str path = TB_STR("大.tb");
    tb_compile_input in = {
        .paths = &path, .texts = &text, .count = 1, .resolve = from_memory, .user = a, .sm3 = tb_sm3};
    tb_rules *rules;
    tb_buf said;
    if (!CHECK_INT(tb_compile(a, &in, &rules), TB_OK)) return;
    tb_buf_init(&said, a);
    tb_diagnostics_print(&said, &rules->sources, &rules->diagnostics, TB_LANG_ZH, false);
    tb_str all = tb_buf_str(&said);
    bool ok = code ? CHECK(all.n && strstr(all.p, code)) : CHECK_INT(rules->diagnostics.errors, 0);
    if (!(ok & CHECK_INT(rules->programs.count, programs)))
        fprintf(stderr, "    %s wanted of %.60s…\n%.*s\n", code ? code : "no error", text.p,
                (int)(all.n < 2000 ? all.n : 2000), all.n ? all.p : "");
}

/* before, then `row` so many times with its number in it, then after. */
static void repeated(const char *before, const char *row, const char *after, int times, const char *code,
                     uint32_t programs) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, before);
    for (int i = 0; i < times; i++)
        for (const char *p = row; *p; p++)
            if (*p == '@') tb_put_int(&b, i);
            else tb_put(&b, p, 1);
    tb_puts(&b, after);
    compiles(a, tb_buf_str(&b), code, programs);
    tb_arena_free(a);
}

int main(void) {
    char matter[2048], row[4096];
    alarm(300);
    snprintf(matter, sizeof matter, "事项 甲：\n%s", head);
    repeated(matter, "# 一行注释，占着地方\n", step, 200000, NULL, 1);
    repeated("", "# x", "", 3 << 20, "TB0001", 0); /* 9 MB, over the limit */
    repeated(matter, "环节 步@：\n  办理人 受理员。\n  期限 5个工作日。\n  受理的，办结 办完。\n", "", 10000, "TB0253",
             0);
    repeated(matter, "  岗位 岗@，在 属地。\n", step, 50000, "TB0253", 0);
    repeated(matter, "  地@ 取自 提交地。\n", step, 50000, "TB0253", 0);
    snprintf(row, sizeof row, "%s申请表：\n", matter);
    repeated(row, "  字段@ 文本，必填。\n", step, 50000, "TB0253", 0);
    snprintf(row, sizeof row, "%s申请材料：\n", matter);
    repeated(row, "  材料@ 必要。\n", step, 50000, "TB0253", 0);
    snprintf(row, sizeof row, "%s文书：\n", matter);
    repeated(row, "  文书@，记 决定。\n", step, 50000, "TB0253", 0);
    snprintf(row, sizeof row, "%s%s", matter, step);
    repeated(row, "  动作@的，留在 受理。\n", "", 100000, "TB0253", 0);
    repeated(row, "  办的，办结 办完。\n", "", 100000, "TB0253", 0);
    repeated(row,
             "环节 步@：\n  办理人 受理员。\n  期限 5个工作日。\n"
             "  甲的，转 受理。\n  乙的，转 受理。\n  丙的，转 受理。\n",
             "", 15000, "TB0253", 0);
    repeated(row, "用例 例@：\n  2026-03-02 提交，由 申请人。\n", "", 60000, NULL, 1);
    repeated(row, "用例 例：\n  2026-03-02 提交，由 申请人。\n", "", 60000, "TB0212", 0);
    snprintf(row, sizeof row, "%s申请表：\n  种类 选项 首\n", matter);
    repeated(row, "、甲@\n", "。\n", 300000, "TB0253", 0);
    repeated("清单 单：\n  公布 2026-01-01，“某发〔2026〕1号”。\n", "  事项@，牵头 某局。\n", "", 100000, "TB0291", 0);
    snprintf(row, sizeof row, "%s%s", matter, step);
    repeated("", "外部接口 口@：\n  提供方 某局。\n  请求 甲。\n  回复 乙。\n  超时 5分钟。\n  重试 3次。\n", row, 30000,
             NULL, 1);
    repeated("", "外部接口 口：\n  提供方 某局。\n", row, 60000, "TB0212", 0);
    snprintf(row, sizeof row, "%s%s  应当 甲，若 ", matter, step);
    repeated(row, "（", "甲。\n", 1000, "TB0054", 0);
    repeated("环节 甲：\n", "  办理仁 受理员@。\n", "", 20000, "TB0056", 0);
    repeated("事项 ", "甲", "：\n", 350000, "TB0013", 0);        /* one line of a megabyte */
    repeated("事项 甲：\n", "依《 ", "\n", 200000, "TB0013", 0); /* 《 never closed */
    repeated("事项 甲：\n", "依「 ", "\n", 200000, "TB0013", 0);
    snprintf(row, sizeof row, "事项 甲@：\n%s%s", head, step);
    repeated("", row, "", 2000, NULL, 2000);
    snprintf(row, sizeof row, "。\n%s%s", matter, step);
    repeated("引用 “乙.tb”", "、“甲@.tb”", row, 1000, NULL, 1);
    repeated("引用 “乙.tb”", "、\n“甲.tb”", row, 200000, "TB0253", 0);
    return check_end();
}
