/* tongban apply: hands an application in. Asks the server for the matter's form first, so that values are sent in the
 * type the form wants: what is typed is always text, what is recorded is not. */
#include "remote.h"
#include "scenario.h"
#include "value.h"
#include <string.h>

/* The version in force; when none is, the last one (the server will say why it cannot be applied for). NULL: told. */
static const tb_json *matter_version(tb_line *line, int *code) {
    const tb_json *answer, *list;
    tb_buf path;
    bool json = line->json;
    tb_buf_init(&path, line->arena);
    tb_puts(&path, "/v1/matters/");
    tb__put_encoded(line, &path, line->args[0]);
    line->json = false; /* this answer is not what was asked for */
    *code = tb__remote(line, "GET", tb_buf_str(&path), TB_NONE, &answer);
    line->json = json;
    if (*code != TB_EXIT_CLEAN) return NULL;
    list = tb_json_get(answer, "versions");
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *in_force = tb_json_get(&list->items[i], "in_force");
        if ((in_force && in_force->kind == TB_JSON_TRUE) || i + 1 == list->count) return &list->items[i];
    }
    *code = tb_line_error(line, "看不懂服务器的回答", "cannot read the server's answer");
    return NULL;
}

static const tb_json *field_named(const tb_json *fields, tb_str name) {
    for (uint32_t i = 0; fields && i < fields->count; i++)
        if (tb_str_eq(tb_json_text(&fields->items[i], "name"), name)) return &fields->items[i];
    return NULL;
}

/* "370402 光明路1号" → {"区划":"370402","详址":"光明路1号"} */
static tb_json address(tb_line *line, tb_str text) {
    tb_json_maker m;
    uint32_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') n++;
    tb_str code = {text.p, n};
    while (n < text.n && text.p[n] == ' ') n++;
    tb_json_begin(&m, line->arena);
    tb_json_add(&m, TB_STR("区划"), tb_json_of_text(code));
    tb_json_add(&m, TB_STR("详址"), tb_json_of_text((tb_str){text.p + n, text.n - n}));
    return tb_json_done(&m);
}

/* 甲、乙 → its items. */
static tb_json list_of(tb_line *line, enum tb_type item, tb_str text) {
    typedef TB_LIST(tb_json) values;
    values list = {0};
    for (uint32_t from = 0, at = 0; at <= text.n; at++) {
        bool comma = at + 3 <= text.n && memcmp(text.p + at, "、", 3) == 0;
        if (at < text.n && !comma) continue;
        tb_str one = {text.p + from, at - from};
        tb_field f = {.type = item};
        *TB_PUSH(line->arena, list) = item == TB_T_ADDRESS ? address(line, one) : tb_value_written(&f, one);
        from = at + 3;
        at += comma ? 2 : 0;
    }
    return tb_json_of_array(list.items, list.count);
}

static tb_json value_of(tb_line *line, const tb_json *field, tb_str text) {
    tb_field f = {.type = field ? tb_type_named(tb_json_text(field, "type")) : TB_T_TEXT};
    bool json = text.n && (text.p[0] == '{' || text.p[0] == '[');
    if (f.type == TB_T_LIST && !json) return list_of(line, tb_type_named(tb_json_text(field, "item")), text);
    if (f.type == TB_T_ADDRESS && text.n && !json) return address(line, text);
    if (f.type == TB_T_INTEGER || f.type == TB_T_BOOL) {
        tb_json v = tb_value_written(&f, text);
        if (v.kind != TB_JSON_STR) return v;
    }
    return tb__typed_value(line, text);
}

static void fill_example(tb_line *line, tb_json_maker *form, const tb_json *fields, const char *place) {
    for (uint32_t i = 0; fields && i < fields->count; i++) {
        const tb_json *f = &fields->items[i], *required = tb_json_get(f, "required"),
                      *options = tb_json_get(f, "options");
        if (!required || required->kind != TB_JSON_TRUE) continue;
        tb_field field = {.name = tb_json_text(f, "name"),
                          .type = tb_type_named(tb_json_text(f, "type")),
                          .item = tb_type_named(tb_json_text(f, "item"))};
        if (options && options->count) field.options = &options->items[0].text, field.options_n = 1;
        tb_json_add(form, field.name, tb_example_value(line->arena, &field, tb_str_z(place)));
    }
}

static bool put_form(tb_line *line, tb_buf *b, const tb_json *version, const char *place) {
    const tb_json *fields = tb_json_get(version, "form");
    tb_json_maker form;
    tb_json_begin(&form, line->arena);
    if (tb_line_has(line, "example")) fill_example(line, &form, fields, place);
    for (int i = 0;; i++) {
        tb_str name, value;
        const char *given = tb_line_nth(line, "field", i);
        if (!given) break;
        if (!tb__name_value(line, "field", given, &name, &value)) return false;
        tb_json_add(&form, name, value_of(line, field_named(fields, name), value));
    }
    tb_json object = tb_json_done(&form);
    tb_puts(b, ",\"form\":");
    tb_json_write(b, &object);
    return true;
}

/* The mode asked for, or the only one. */
static tb_str mode_of(tb_line *line, const tb_json *version) {
    const char *given = tb_line_value(line, "mode");
    const tb_json *modes = tb_json_get(version, "modes");
    if (given) return tb_str_z(given);
    if (modes && (modes->count == 1 || (modes->count && tb_line_has(line, "example")))) return modes->items[0].text;
    tb_line_error(line, "请用 --mode 指定办理模式：%.*s", "choose a mode with --mode: %.*s",
                  TB_FMT(tb__list_of(line, version, "modes")));
    return TB_NONE;
}

static tb_str body_of(tb_line *line, const tb_json *version, tb_str request) {
    const char *place = tb_line_value(line, "place"), *person = tb_line_value(line, "person"),
               *at = tb_line_value(line, "at");
    tb_str mode = mode_of(line, version);
    tb_buf b;
    tb_buf_init(&b, line->arena);
    if (!mode.n) return TB_NONE;
    if (!place || (!person && !tb__has_token()))
        return tb_line_error(line, "请写明谁在哪里申请：--person 姓名 --place 区划",
                             "say who applies where: --person NAME --place CODE"),
               TB_NONE;
    tb_puts(&b, "{\"matter\":");
    tb_json_put_text(&b, tb_str_z(line->args[0]));
    tb_puts(&b, ",\"mode\":");
    tb_json_put_text(&b, mode);
    if (!put_form(line, &b, version, place)) return TB_NONE;
    tb_puts(&b, ",\"materials\":[");
    for (int i = 0; tb_line_nth(line, "material", i); i++) {
        if (i) tb_puts(&b, ",");
        tb_json_put_text(&b, tb_str_z(tb_line_nth(line, "material", i)));
    }
    tb_puts(&b, "],");
    if (at) tb_puts(&b, "\"at\":"), tb_json_put_text(&b, tb_str_z(at)), tb_puts(&b, ",");
    tb__put_by(line, &b);
    tb_puts(&b, ",\"request\":");
    tb_json_put_text(&b, request);
    tb_puts(&b, "}");
    return tb_buf_str(&b);
}

static int run(tb_line *line) {
    bool fresh;
    int code;
    const tb_json *answer, *version = matter_version(line, &code);
    if (!version) return code;
    tb_str request = tb__request_key(line, &fresh), body = body_of(line, version, request);
    if (!body.n) return TB_EXIT_FAILED;
    code = tb__remote(line, "POST", TB_STR("/v1/cases"), body, &answer);
    if (line->json) return code;
    if (code == TB_EXIT_CLEAN) {
        tb__tell_answer(line, answer);
        if (fresh) tb_putf(&line->out, tb_line_say(line, "  请求号 %.*s\n", "  request key %.*s\n"), TB_FMT(request));
        tb_putf(&line->out,
                tb_line_say(line, "  进度和可办的动作：tongban show %.*s\n",
                            "  progress, and what can be done: tongban show %.*s\n"),
                TB_FMT(tb__text_of(answer, "id")));
    } else if (code == TB_EXIT_FAILED && fresh) {
        tb_line_error(line, "请求号 %.*s；结果不明时用同一请求号重试", "request key %.*s; when in doubt repeat with it",
                      TB_FMT(request));
    }
    return code;
}

static const tb_flag flags[] = {
    {"mode", "模式", "办理模式；只有一种时可省", "mode; may be left out when there is only one"},
    {"field", "名=值", "申请表的一项，可重复；地址写成 “370402 光明路1号”",
     "a field of the form, may repeat; an address as \"370402 STREET\""},
    {"material", "名", "提交的材料，可重复", "a material handed in, may repeat"},
    {"example", NULL, "没写的必填项填示例值（试用）", "fill required fields that are not given with examples"},
    TB_BY_FLAGS,
    {"at", "时刻", "实际提交的时刻（补录）", "when it was really handed in (entered later)"},
    TB_REQUEST_FLAG,
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_apply = {
    .name = "apply",
    .arguments = "事项 --person 姓名 --place 区划 [--mode 模式] [--field 名=值]…",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "提交申请，得到办件号",
    .en = "hand in an application, get a case number",
    .more_zh = "例：tongban apply 开具户籍类证明 --example --person 李四 --place 370402",
    .more_en = "example: tongban apply 开具户籍类证明 --example --person 李四 --place 370402",
};
