/* tongban draw: a matter as a diagram. */
#include "draw/draw.h"
#include "workspace.h"
#include <string.h>

static const struct format {
    const char *name;
    void (*draw)(tb_buf *out, const tb_program *p);
} formats[] = {{"dot", tb_draw_dot}, {"mermaid", tb_draw_mermaid}};

static const struct format *format_named(const char *name) {
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static int run(tb_line *line) {
    const char *name = tb_line_value(line, "format");
    const struct format *format = format_named(name ? name : "dot");
    if (!format)
        return tb_line_error(line, "没有格式“%s”。现有：dot（Graphviz）、mermaid",
                             "there is no format \"%s\"; there are: dot (Graphviz), mermaid", name);
    tb_workspace w;
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (tb__workspace_tell(line, &w)) return TB_EXIT_FOUND;
    line->out.n = 0; /* warnings are for check: what is printed here is the drawing and nothing else */
    if (w.rules->programs.count == 0)
        return tb_line_error(line, "%s 里没有事项，没有可画的", "there is no matter in %s, so nothing to draw",
                             line->args[0]);
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        tb_buf text;
        tb_buf_init(&text, line->arena);
        format->draw(&text, w.rules->programs.items[i]);
        if (line->json) {
            tb_putf(&line->out, "{\"format\":\"%s\",\"matter\":", format->name);
            tb_json_put_text(&line->out, w.rules->programs.items[i]->matter);
            tb_puts(&line->out, ",\"text\":");
            tb_json_put_text(&line->out, tb_buf_str(&text));
            tb_puts(&line->out, "}\n");
        } else {
            tb_putstr(&line->out, tb_buf_str(&text));
        }
    }
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"format", "dot|mermaid", "图的格式，缺省 dot", "format of the drawing, dot when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_draw = {
    .name = "draw",
    .arguments = "文件 [--format dot|mermaid]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "画出事项的流程图",
    .en = "draw a matter as a diagram",
    .more_zh = "虚线：逾期或退回；粗红线：不可撤回；点线：应当办理的环节；灰底：不计入期限；双框：办结。\n"
               "例：tongban draw rules/事项/食品经营许可核发.tb --format dot | dot -Tsvg -o 流程.svg",
    .more_en = "Dashed: overdue or return; bold red: no way back; dotted: obligations; grey: time stands still; "
               "double: outcome.",
};
