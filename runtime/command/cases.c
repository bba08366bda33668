/* tongban cases: which cases a person has applied for. */
#include "remote.h"

static void tell(tb_line *line, const tb_json *answer) {
    const tb_json *list = tb_json_get(answer, "cases");
    tb_table t = {.columns = 5};
    const char *heads[] = {tb_line_say(line, "办件", "case"), tb_line_say(line, "事项", "matter"), tb_line_say(line, "最近", "last"),
                           tb_line_say(line, "办到", "at"), tb_line_say(line, "期限", "due")};
    for (int i = 0; i < 5; i++) tb_table_cell(line, &t, tb_str_z(heads[i]));
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *x = &list->items[i], *steps = tb_json_get(x, "steps");
        tb_str outcome = tb__text_of(x, "outcome"), due = TB_NONE;
        tb_buf where;
        tb_buf_init(&where, line->arena);
        tb_putstr(&where, outcome);
        for (uint32_t k = 0; steps && k < steps->count; k++) {
            if (k) tb_puts(&where, tb_line_say(line, "、", ", "));
            tb_putstr(&where, tb__text_of(&steps->items[k], "name"));
            tb_str d = tb__text_of(&steps->items[k], "due");
            if (d.n && (!due.n || tb_str_cmp(d, due) < 0)) due = d; /* the next one; all in one form */
        }
        tb_table_cell(line, &t, tb__text_of(x, "id"));
        tb_table_cell(line, &t, tb__text_of(x, "matter"));
        tb_table_cell(line, &t, tb__short_time(line, tb__text_of(x, "at")));
        tb_table_cell(line, &t, tb_buf_str(&where));
        tb_table_cell(line, &t, due.n ? tb__due_time(line, due) : TB_STR("—"));
    }
    if (list && list->count) tb_table_put(line, &t);
    else tb_puts(&line->out, tb_line_say(line, "没有可以列出的办件\n", "no cases to list\n"));
    tb__tell_next(line, answer);
}

static int run(tb_line *line) {
    const tb_json *answer;
    tb_buf path;
    tb_buf_init(&path, line->arena);
    tb_puts(&path, "/v1/cases");
    tb__put_parameter(line, &path, "applicant", "applicant");
    tb__put_parameter(line, &path, "matter", "matter");
    tb__put_parameter(line, &path, "limit", "limit");
    tb__put_parameter(line, &path, "after", "after");
    tb__put_switch(line, &path, "open");
    int code = tb__remote(line, "GET", tb_buf_str(&path), TB_NONE, &answer);
    if (code == TB_EXIT_CLEAN && !line->json) tell(line, answer);
    return code;
}

static const tb_flag flags[] = {
    {"applicant", "姓名", "谁申请的；申请人的账号不用写，看自己的", "whose; an applicant's account sees its own without"},
    {"matter", "事项", "只看这个事项的", "of this matter"},
    {"open", NULL, "只看没有办结的", "those that are not ended"},
    {"limit", "条数", "一次最多看几件", "how many are looked at"},
    {"after", "办件号", "接着上一页", "go on after the last page"},
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_cases = {
    .name = "cases",
    .arguments = "[--applicant 姓名] [--matter 事项] [--open]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "列出一个人申请的办件，新的在前",
    .en = "list the cases of an applicant, the newest first",
};
