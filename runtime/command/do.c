/* tongban do: one act on one case, by a person in a post at a place. */
#include "remote.h"
#include <string.h>

/* {"act":…,"task":…,"by":{…},"input":{…},"at":…,"expect":…,"request":…}; NULL text: told why not. */
static tb_str body_of(tb_line *line, tb_str request) {
    tb_buf b;
    tb_json_maker input;
    tb_buf_init(&b, line->arena);
    tb_puts(&b, "{\"act\":");
    tb_json_put_text(&b, tb_str_z(line->args[1]));
    static const char *const texts[] = {"task", "at"};
    for (int i = 0; i < 2; i++) {
        const char *value = tb_line_value(line, texts[i]);
        if (!value) continue;
        tb_putf(&b, ",\"%s\":", texts[i]);
        tb_json_put_text(&b, tb_str_z(value));
    }
    const char *expect = tb_line_value(line, "expect");
    if (expect && (strspn(expect, "0123456789") != strlen(expect) || strlen(expect) > 9 || !*expect)) {
        tb_line_error(line, "--expect 是办件序号，应是整数，不是“%s”",
                      "--expect is the case's seq, an integer, not \"%s\"", expect);
        return (tb_str){NULL, 0};
    }
    if (expect) tb_putf(&b, ",\"expect\":%s", expect);
    tb_json_begin(&input, line->arena);
    for (int i = 0;; i++) {
        tb_str name, value;
        const char *given = tb_line_nth(line, "input", i);
        if (!given) break;
        if (!tb__name_value(line, "input", given, &name, &value)) return (tb_str){NULL, 0};
        tb_json_add(&input, name, tb__typed_value(line, value));
    }
    tb_json object = tb_json_done(&input);
    if (object.count) tb_puts(&b, ",\"input\":"), tb_json_write(&b, &object);
    tb_puts(&b, ",");
    tb__put_by(line, &b);
    tb_puts(&b, ",\"request\":");
    tb_json_put_text(&b, request);
    tb_puts(&b, "}");
    return tb_buf_str(&b);
}

static int run(tb_line *line) {
    bool fresh;
    const tb_json *answer;
    tb_str request = tb__request_key(line, &fresh), body = body_of(line, request);
    tb_buf path;
    if (!body.p) return TB_EXIT_FAILED;
    tb_buf_init(&path, line->arena);
    tb_puts(&path, "/v1/cases/");
    tb__put_encoded(line, &path, line->args[0]);
    tb_puts(&path, "/acts");
    int code = tb__remote(line, "POST", tb_buf_str(&path), body, &answer);
    if (code == TB_EXIT_FAILED && fresh)
        tb_line_error(line, "请求号 %.*s；结果不明时用同一请求号重试", "request key %.*s; when in doubt repeat with it",
                      TB_FMT(request));
    if (code == TB_EXIT_CLEAN && !line->json) tb__tell_answer(line, answer);
    return code;
}

static const tb_flag flags[] = {
    TB_BY_FLAGS,
    {"task", "环节", "办的是哪个环节；只有一个能办时可省",
     "the step it is addressed to; may be left out when only one can take it"},
    {"input", "名=值", "载明的内容，可重复", "what the act states; may repeat"},
    {"at", "时刻", "事情实际发生的时刻（补录）", "when it really happened (entered later)"},
    {"expect", "序号", "只在办件仍是这个序号时才办", "only when the case is still at this seq"},
    TB_REQUEST_FLAG,
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_do = {
    .name = "do",
    .arguments = "办件号 动作 --person 姓名 --post 岗位 --place 区划",
    .least = 2,
    .most = 2,
    .flags = flags,
    .run = run,
    .zh = "办一步：受理、审查、决定……",
    .en = "one act on a case",
    .more_zh = "现在能做什么、由谁做：tongban show 办件号。\n"
               "例：tongban do 07ZK3M9Q2W5RT 材料齐全 --person 郑受理 --post 受理员 --place 370402",
    .more_en = "What is possible now, and for whom: tongban show CASE.",
};
