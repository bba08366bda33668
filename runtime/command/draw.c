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
    int (*draw)(tb_buf *out, const tb_program *p); /* NULL: a table */
    bool one;                                      /* one picture a file */
} formats[] = {{"svg", tb_draw_svg, true},
               {"bpmn", tb_draw_bpmn, true},
               {"table", NULL, false},
               {"dot", draw_dot, false},
               {"mermaid", draw_mermaid, false}};

static const struct format *format_named(const char *name) {
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

/* ---- table: for people aligned, for programs as rows ---- */

static const struct {
    const char *key, *zh, *en;
} heads[TB_ROW_CELLS] = {
    [TB_ROW_FROM] = {"from", "环节", "from"},
    [TB_ROW_EVENT] = {"event", "情形", "event"},
    [TB_ROW_CONDITION] = {"condition", "条件", "condition"},
    [TB_ROW_TO] = {"to", "去向", "to"},
    [TB_ROW_WHO] = {"who", "由谁", "who"},
    [TB_ROW_WHERE] = {"where", "在何地", "where"},
    [TB_ROW_LIMIT] = {"limit", "环节期限", "limit"},
    [TB_ROW_CLOCK] = {"clock", "全程期限", "clock"},
};

static void put_decision(tb_line *line, const tb_draw_decision *d, bool zh) {
    tb_table table = {.columns = d->columns};
    tb_putf(&line->out, zh ? "\n决策表 %.*s（%.*s）\n" : "\ndecision table %.*s (%.*s)\n", TB_FMT(d->name),
            TB_FMT(d->caption));
    for (uint32_t i = 0; i < d->cells.count; i++) tb_table_cell(line, &table, d->cells.items[i]);
    tb_table_put(line, &table);
}

static void put_decision_json(tb_line *line, const tb_draw_decision *d) {
    tb_puts(&line->out, "{\"table\":");
    tb_json_put_text(&line->out, d->name);
    tb_puts(&line->out, ",\"about\":");
    tb_json_put_text(&line->out, d->caption);
    tb_puts(&line->out, ",\"rows\":[");
    for (uint32_t i = 0; i < d->cells.count; i++) {
        tb_puts(&line->out, i % d->columns ? "," : i ? ",[" : "[");
        tb_json_put_text(&line->out, d->cells.items[i]);
        if (i % d->columns == d->columns - 1) tb_puts(&line->out, "]");
    }
    tb_puts(&line->out, "]}");
}

static void put_table(tb_line *line, const tb_program *p, const tb_draw_rows *rows) {
    tb_table table = {.columns = TB_ROW_CELLS};
    bool zh = tb_draws_chinese(p);
    for (int i = 0; i < TB_ROW_CELLS; i++) tb_table_cell(line, &table, tb_str_z(zh ? heads[i].zh : heads[i].en));
    for (uint32_t r = 0; r < rows->count; r++)
        for (int i = 0; i < TB_ROW_CELLS; i++) {
            bool again = i == TB_ROW_FROM && r && tb_str_eq(rows->items[r].cell[i], rows->items[r - 1].cell[i]);
            tb_table_cell(line, &table, again ? TB_STR("") : rows->items[r].cell[i]);
        }
    tb_putf(&line->out, "%.*s %.*s\n", TB_FMT(p->matter), TB_FMT(p->version));
    tb_table_put(line, &table);
}

static void put_rows(tb_line *line, const tb_program *p, const tb_draw_rows *rows,
                     const tb_draw_decisions_list *decisions) {
    tb_puts(&line->out, "{\"format\":\"table\",\"matter\":");
    tb_json_put_text(&line->out, p->matter);
    tb_puts(&line->out, ",\"rows\":[");
    for (uint32_t r = 0; r < rows->count; r++) {
        for (int i = 0; i < TB_ROW_CELLS; i++) {
            tb_putf(&line->out, "%s\"%s\":", i ? "," : r ? ",{" : "{", heads[i].key);
            tb_json_put_text(&line->out, rows->items[r].cell[i]);
        }
        tb_puts(&line->out, "}");
    }
    tb_puts(&line->out, "],\"tables\":[");
    for (uint32_t i = 0; i < decisions->count; i++) {
        if (i) tb_puts(&line->out, ",");
        put_decision_json(line, &decisions->items[i]);
    }
    tb_puts(&line->out, "]}\n");
}

static int tell_table(tb_line *line, const tb_program *p) {
    tb_draw_rows rows = {0};
    tb_draw_decisions_list decisions = {0};
    tb_draw_table(line->arena, p, &rows);
    tb_draw_decisions(line->arena, p, &decisions);
    if (line->json) {
        put_rows(line, p, &rows, &decisions);
        return TB_EXIT_CLEAN;
    }
    put_table(line, p, &rows);
    for (uint32_t i = 0; i < decisions.count; i++) put_decision(line, &decisions.items[i], tb_draws_chinese(p));
    return TB_EXIT_CLEAN;
}

static int tell_drawing(tb_line *line, const struct format *format, const tb_program *p) {
    tb_buf text;
    tb_buf_init(&text, line->arena);
    if (format->draw(&text, p) != TB_OK)
        return tb_line_error(line, "%.*s 太大，一张图画不下", "%.*s is too large for one picture", TB_FMT(p->matter));
    if (!line->json) {
        tb_putstr(&line->out, tb_buf_str(&text));
        return TB_EXIT_CLEAN;
    }
    tb_putf(&line->out, "{\"format\":\"%s\",\"matter\":", format->name);
    tb_json_put_text(&line->out, p->matter);
    tb_puts(&line->out, ",\"text\":");
    tb_json_put_text(&line->out, tb_buf_str(&text));
    tb_puts(&line->out, "}\n");
    return TB_EXIT_CLEAN;
}

/* The matters asked for: all of the file, or the one of --matter. */
static bool wanted(const tb_line *line, const tb_program *p) {
    const char *name = tb_line_value(line, "matter");
    return !name || tb_str_is(p->matter, name);
}

static int run(tb_line *line) {
    const char *name = tb_line_value(line, "format");
    const struct format *format = format_named(name ? name : "dot");
    if (!format)
        return tb_line_error(line, "没有格式“%s”。现有：svg、table、bpmn、dot（Graphviz）、mermaid",
                             "there is no format \"%s\"; there are: svg, table, bpmn, dot (Graphviz), mermaid", name);
    tb_workspace w;
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (tb__workspace_tell(line, &w)) return TB_EXIT_FOUND;
    line->out.n = 0; /* warnings are for check: what is printed here is the drawing and nothing else */
    if (w.rules->programs.count == 0)
        return tb_line_error(line, "%s 里没有事项，没有可画的", "there is no matter in %s, so nothing to draw",
                             line->args[0]);
    uint32_t count = 0;
    for (uint32_t i = 0; i < w.rules->programs.count; i++) count += wanted(line, w.rules->programs.items[i]);
    tb_str names = tb__workspace_matters(line, &w);
    if (count == 0)
        return tb_line_error(line, "%s 里没有事项 %s。有：%.*s", "%s has no matter %s; it has: %.*s", line->args[0],
                             tb_line_value(line, "matter"), TB_FMT(names));
    if (count > 1 && format->one && !line->json)
        return tb_line_error(line, "%s 里有 %u 个事项，一个文件只放一张图。请加 --matter 指明一个：%.*s",
                             "%s has %u matters, and a file holds one picture. Name one with --matter: %.*s",
                             line->args[0], count, TB_FMT(names));
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        const tb_program *p = w.rules->programs.items[i];
        if (!wanted(line, p)) continue;
        int exit = format->draw ? tell_drawing(line, format, p) : tell_table(line, p);
        if (exit != TB_EXIT_CLEAN) return exit;
    }
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"format", "svg|table|bpmn|dot|mermaid", "图的格式，缺省 dot", "format of the drawing, dot when absent"},
    {"matter", "事项", "文件里有几个事项时，画哪一个", "which one, when the file holds several matters"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_draw = {
    .name = "draw",
    .arguments = "文件 [--format svg|table|bpmn|dot|mermaid] [--matter 事项]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "画出事项的流程图",
    .en = "draw a matter as a diagram",
    .more_zh =
        "svg 是挂图：按地点分泳道，按阶段从左到右，A3 横版，图例在图上。\n"
        "bpmn 是 BPMN 2.0，带图形坐标，通用的流程建模工具能打开。\n"
        "dot、mermaid "
        "给别的程序排版。虚线：逾期或退回；粗红线：不可撤回；点线：应当办理的环节；灰底：不计入期限；双框：办结。\n"
        "例：tongban draw rules/事项/食品经营许可核发.tb --format svg > 食品经营许可核发.svg",
    .more_en =
        "svg is a picture for the wall: lanes by place, phases from left to right, A3 landscape, with its legend.\n"
        "bpmn is BPMN 2.0 with diagram interchange, for modelling tools.\n"
        "table tells from, event, condition, to, who, where, limit and clock; with --json as rows.\n"
        "dot and mermaid are laid out by other programs. Dashed: overdue or return; bold red: no way back; dotted: "
        "obligations; grey: time stands still; double: outcome.",
};
