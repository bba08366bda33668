/* tongban outbox: what cases ask of others and has not come back; to carry it again, or to give it up. */
#include "remote.h"
#include <string.h>

static void tell(tb_line *line, const tb_json *answer) {
    const tb_json *list = tb_json_get(answer, "calls");
    tb_table t = {.columns = 8};
    const char *heads[] = {tb_line_say(line, "编号", "id"),   tb_line_say(line, "状态", "state"),
                           tb_line_say(line, "办件", "case"), tb_line_say(line, "对方", "to"),
                           tb_line_say(line, "环节", "step"), tb_line_say(line, "次数", "attempts"),
                           tb_line_say(line, "下次", "next"), tb_line_say(line, "问题", "problem")};
    static const char *const members[] = {"id", "state", "case", "to", "step", NULL, NULL, "problem"};
    for (int i = 0; i < 8; i++) tb_table_cell(line, &t, tb_str_z(heads[i]));
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *x = &list->items[i];
        for (int k = 0; k < 8; k++)
            tb_table_cell(line, &t,
                          k == 5 ? tb_str_printf(line->arena, "%lld/%lld", (long long)tb_json_number(x, "attempts", 0),
                                                 (long long)tb_json_number(x, "retries", 0))
                          : k == 6 ? tb__short_time(line, tb__text_of(x, "due"))
                                   : tb__text_of(x, members[k]));
    }
    if (list && list->count) tb_table_put(line, &t);
    else tb_puts(&line->out, tb_line_say(line, "没有\n", "none\n"));
    tb__tell_next(line, answer);
}

static int list(tb_line *line) {
    const tb_json *answer;
    tb_buf path;
    tb_buf_init(&path, line->arena);
    tb_puts(&path, "/v1/outbox");
    tb__put_parameter(line, &path, "state", "state");
    tb__put_parameter(line, &path, "limit", "limit");
    tb__put_parameter(line, &path, "after", "after");
    int code = tb__remote(line, "GET", tb_buf_str(&path), TB_NONE, &answer);
    if (code == TB_EXIT_CLEAN && !line->json) tell(line, answer);
    return code;
}

static int order(tb_line *line, const char *what, const char *id) {
    const tb_json *answer;
    const char *reason = tb_line_value(line, "reason");
    tb_buf path, body;
    if (!reason || (!tb_line_value(line, "person") && !tb__has_token()))
        return tb_line_error(line, "请写明谁（--person）、为什么（--reason）：这要记录在案",
                             "say who (--person) and why (--reason): it goes on record");
    tb_buf_init(&path, line->arena);
    tb_buf_init(&body, line->arena);
    tb_puts(&path, "/v1/outbox/");
    tb__put_encoded(line, &path, id);
    tb_putf(&body, "{\"do\":\"%s\",\"reason\":", what);
    tb_json_put_text(&body, tb_str_z(reason));
    tb_puts(&body, ",");
    tb__put_by(line, &body);
    tb_puts(&body, "}");
    int code = tb__remote(line, "POST", tb_buf_str(&path), tb_buf_str(&body), &answer);
    if (code == TB_EXIT_CLEAN && !line->json)
        tb_putf(&line->out, "%s：%.*s\n", id, TB_FMT(tb__text_of(answer, "state")));
    return code;
}

static int run(tb_line *line) {
    if (line->count == 0) return list(line);
    const char *what = line->args[0];
    if ((strcmp(what, "retry") != 0 && strcmp(what, "give-up") != 0) || line->count != 2)
        return tb_line_error(line, "写成 tongban outbox retry 编号，或 tongban outbox give-up 编号",
                             "write tongban outbox retry ID, or tongban outbox give-up ID");
    return order(line, what, line->args[1]);
}

static const tb_flag flags[] = {
    {"state", "状态", "pending、waiting、done、dead 或 given-up", "pending, waiting, done, dead or given-up"},
    {"limit", "条数", "一次最多几条", "how many at most"},
    {"after", "位置", "接着上一页", "go on after the last page"},
    {"reason", "理由", "为什么重发或放弃（记录在案）", "why it is carried again or given up (on record)"},
    TB_BY_FLAGS,
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_outbox = {
    .name = "outbox",
    .arguments = "[--state 状态] | retry 编号 | give-up 编号",
    .least = 0,
    .most = 2,
    .flags = flags,
    .run = run,
    .zh = "发往外部接口和其他事项的请求：查看、重发、放弃",
    .en = "calls to interfaces and other matters: list, carry again, give up",
};
