/* tongban tasks: what waits for a post at a place. */
#include "remote.h"
#include <string.h>

static void tell(tb_line *line, const tb_json *answer) {
    const tb_json *list = tb_json_get(answer, "tasks");
    bool held = false; /* the column of holders only when somebody holds something */
    for (uint32_t i = 0; list && i < list->count; i++) held |= tb__text_of(&list->items[i], "holder").n > 0;
    tb_table t = {.columns = held ? 8 : 7};
    const char *heads[] = {tb_line_say(line, "办件", "case"),  tb_line_say(line, "事项", "matter"),
                           tb_line_say(line, "环节", "step"),  tb_line_say(line, "岗位", "post"),
                           tb_line_say(line, "地点", "place"), tb_line_say(line, "进入", "since"),
                           tb_line_say(line, "期限", "due"),   tb_line_say(line, "签收", "holder")};
    for (int i = 0; i < (held ? 8 : 7); i++) tb_table_cell(line, &t, tb_str_z(heads[i]));
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *x = &list->items[i], *late = tb_json_get(x, "overdue");
        static const char *const members[] = {"case", "matter", "step", "post", "place", "entered"};
        for (int k = 0; k < 6; k++)
            tb_table_cell(line, &t,
                          k < 5 ? tb__text_of(x, members[k]) : tb__short_time(line, tb__text_of(x, members[k])));
        bool overdue = late && late->kind == TB_JSON_TRUE;
        tb_str alert = tb__text_of(x, "alert");
        tb_table_cell(line, &t,
                      tb_str_printf(line->arena, "%.*s%s%s%.*s", TB_FMT(tb__due_time(line, tb__text_of(x, "due"))),
                                    overdue ? tb_line_say(line, " 已超期", " overdue") : "", alert.n ? " " : "", TB_FMT(alert)));
        if (held) tb_table_cell(line, &t, tb__text_of(x, "holder"));
    }
    if (list && list->count) tb_table_put(line, &t);
    else tb_puts(&line->out, tb_line_say(line, "没有待办\n", "nothing to do\n"));
    tb__tell_next(line, answer);
}

static int run(tb_line *line) {
    const tb_json *answer;
    tb_buf path;
    tb_buf_init(&path, line->arena);
    tb_puts(&path, "/v1/tasks");
    tb__put_parameter(line, &path, "post", "post");
    tb__put_parameter(line, &path, "place", "place");
    tb__put_parameter(line, &path, "step", "step");
    tb__put_parameter(line, &path, "limit", "limit");
    tb__put_parameter(line, &path, "after", "after");
    tb__put_parameter(line, &path, "holder", "holder");
    tb__put_switch(line, &path, "overdue");
    tb__put_switch(line, &path, "alert");
    if (tb_line_has(line, "unclaimed")) tb_putf(&path, "%cholder=", memchr(path.p, '?', path.n) ? '&' : '?');
    int code = tb__remote(line, "GET", tb_buf_str(&path), TB_NONE, &answer);
    if (code == TB_EXIT_CLEAN && !line->json) tell(line, answer);
    return code;
}

static const tb_flag flags[] = {
    {"post", "岗位", "只看这个岗位的", "of this post"},
    {"place", "区划", "只看这个地点的", "at this place"},
    {"step", "环节", "只看这个环节的", "of this step"},
    {"overdue", NULL, "只看超期的", "overdue ones only"},
    {"alert", NULL, "只看有提醒、黄牌、红牌的", "those with an alert only"},
    {"holder", "人员", "只看这个人签收的", "claimed by this person"},
    {"unclaimed", NULL, "只看没有人签收的", "claimed by nobody"},
    {"limit", "条数", "一次最多几条", "how many at most"},
    {"after", "位置", "接着上一页", "go on after the last page"},
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_tasks = {
    .name = "tasks",
    .arguments = "[--post 岗位] [--place 区划] [--holder 人员] [--overdue]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "列出待办",
    .en = "list open tasks",
};
