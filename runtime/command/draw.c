/* tongban draw: a matter as a diagram. */
#include "draw/draw.h"
#include "workspace.h"
#include <string.h>

static int draw_dot(tb_buf *out, const tb_program *p) {
    tb_draw_dot(out, p);
    return TB_OK;
}
static int draw_mermaid(tb_buf *out, const tb_program *p) {
    tb_draw_mermaid(out, p);
    return TB_OK;
}

static const struct format {
    const char *name;
    int (*draw)(tb_buf *out, const tb_program *p);
} formats[] = {{"svg", tb_draw_svg}, {"dot", draw_dot}, {"mermaid", draw_mermaid}};

static const struct format *format_named(const char *name) {
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static int run(tb_line *line) {
    const char *name = tb_line_value(line, "format");
    const struct format *format = format_named(name ? name : "dot");
    if (!format)
        return tb_line_error(line, "没有格式“%s”。现有：svg、dot（Graphviz）、mermaid",
                             "there is no format \"%s\"; there are: svg, dot (Graphviz), mermaid", name);
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
        if (format->draw(&text, w.rules->programs.items[i]) != TB_OK)
            return tb_line_error(line, "%.*s 太大，一张图画不下", "%.*s is too large for one picture",
                                 TB_FMT(w.rules->programs.items[i]->matter));
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
    {"format", "svg|dot|mermaid", "图的格式，缺省 dot", "format of the drawing, dot when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_draw = {
    .name = "draw",
    .arguments = "文件 [--format svg|dot|mermaid]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "画出事项的流程图",
    .en = "draw a matter as a diagram",
    .more_zh =
        "svg 是挂图：按地点分泳道，按阶段从左到右，A3 横版，图例在图上。\n"
        "dot、mermaid "
        "给别的程序排版。虚线：逾期或退回；粗红线：不可撤回；点线：应当办理的环节；灰底：不计入期限；双框：办结。\n"
        "例：tongban draw rules/事项/食品经营许可核发.tb --format svg > 食品经营许可核发.svg",
    .more_en =
        "svg is a picture for the wall: lanes by place, phases from left to right, A3 landscape, with its legend.\n"
        "dot and mermaid are laid out by other programs. Dashed: overdue or return; bold red: no way back; dotted: "
        "obligations; grey: time stands still; double: outcome.",
};
