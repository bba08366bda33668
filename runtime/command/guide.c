/* tongban guide: what a matter says, for the window (办事指南) and for those who do the work (操作流程). */
#include "draw/draw.h"
#include "draw/guide.h"
#include "workspace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct wish {
    enum tb_guide_reader reader;
    bool html, picture;
    uint32_t columns;
    const char *file;
};

static bool among(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* HTML when the file's name says so, or when told; text otherwise. */
static int read_wish(tb_line *line, struct wish *w) {
    const char *format = tb_line_value(line, "format"), *who = tb_line_value(line, "for"),
               *columns = tb_line_value(line, "columns");
    w->file = tb_line_value(line, "o");
    w->html = !format && w->file && tb_str_ends(tb_str_z(w->file), ".html");
    w->picture = tb_line_has(line, "picture");
    w->reader = TB_GUIDE_APPLICANT;
    w->columns = TB_GUIDE_COLUMNS;
    if (format && strcmp(format, "html") == 0) w->html = true;
    else if (format && strcmp(format, "text") != 0)
        return tb_line_error(line, "没有格式“%s”。现有：html、text", "there is no format \"%s\"; there are: html, text",
                             format);
    if (who && among(who, "工作人员", "staff")) w->reader = TB_GUIDE_STAFF;
    else if (who && !among(who, "申请人", "applicant"))
        return tb_line_error(line, "不知道给谁看：“%s”。--for 申请人 或 --for 工作人员",
                             "for whom? \"%s\" is unknown: --for applicant or --for staff", who);
    if (w->picture && !w->html)
        return tb_line_error(line, "只有 HTML 里能放流程图：加 --format html", "a picture needs --format html");
    if (columns) {
        char *end;
        long n = strtol(columns, &end, 10);
        if (*end || n < TB_GUIDE_NARROW || n > TB_GUIDE_WIDE)
            return tb_line_error(line, "--columns 是 %d 到 %d 的数，不是“%s”",
                                 "--columns is a number from %d to %d, not \"%s\"", TB_GUIDE_NARROW, TB_GUIDE_WIDE,
                                 columns);
        w->columns = (uint32_t)n;
    }
    return TB_EXIT_CLEAN;
}

static int pick(tb_line *line, const tb_workspace *w, const tb_program **out) {
    const char *name = tb_line_value(line, "matter");
    uint32_t count = w->rules->programs.count;
    *out = NULL;
    if (!count)
        return tb_line_error(line, "%s 里没有事项，没有可写的", "there is no matter in %s, so nothing to tell",
                             line->args[0]);
    if (!name && count > 1)
        return tb_line_error(line, "%s 里有 %u 个事项。请加 --matter 指明一个：%.*s",
                             "%s has %u matters; name one with --matter: %.*s", line->args[0], count,
                             TB_FMT(tb__workspace_matters(line, w)));
    for (uint32_t i = 0; i < count; i++)
        if (!name || tb_str_is(w->rules->programs.items[i]->matter, name)) *out = w->rules->programs.items[i];
    if (*out) return TB_EXIT_CLEAN;
    return tb_line_error(line, "%s 里没有事项 %s。有：%.*s", "%s has no matter %s; it has: %.*s", line->args[0], name,
                         TB_FMT(tb__workspace_matters(line, w)));
}

static int run(tb_line *line) {
    struct wish wish;
    tb_workspace w;
    const tb_program *p;
    int exit = read_wish(line, &wish);
    if (exit != TB_EXIT_CLEAN) return exit;
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (tb__workspace_tell(line, &w)) return TB_EXIT_FOUND;
    line->out.n = 0; /* warnings are for check */
    exit = pick(line, &w, &p);
    if (exit != TB_EXIT_CLEAN) return exit;
    tb_guide guide;
    tb_buf text, picture;
    tb_buf_init(&text, line->arena), tb_buf_init(&picture, line->arena);
    tb_guide_of(line->arena, p, wish.reader, &guide);
    if (wish.picture && tb_draw_svg(&picture, p) != TB_OK)
        return tb_line_error(line, "%.*s 太大，一张图画不下：不要 --picture", "%.*s is too large for one picture",
                             TB_FMT(p->matter));
    if (wish.html) tb_guide_html(&text, &guide, tb_buf_str(&picture));
    else tb_guide_text(&text, &guide, wish.columns);
    if (wish.file && !tb_file_create(wish.file, tb_buf_str(&text)) &&
        (errno != EEXIST || !tb_file_write(line->arena, wish.file, tb_buf_str(&text)))) /* made anew, as rules change */
        return tb_line_error(line, "%s：写不进去：%s", "%s: cannot be written: %s", wish.file, strerror(errno));
    if (wish.file) return TB_EXIT_CLEAN;
    if (line->json) {
        tb_putf(&line->out,
                "{\"for\":\"%s\",\"format\":\"%s\",\"matter\":", wish.reader == TB_GUIDE_STAFF ? "staff" : "applicant",
                wish.html ? "html" : "text");
        tb_json_put_text(&line->out, p->matter);
        tb_puts(&line->out, ",\"text\":");
        tb_json_put_text(&line->out, tb_buf_str(&text));
        tb_puts(&line->out, "}\n");
    } else {
        tb_putstr(&line->out, tb_buf_str(&text));
    }
    return TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"for", "申请人|工作人员", "给谁看，缺省 申请人", "applicant (when absent) or staff"},
    {"format", "html|text", "格式；缺省 text，-o 以 .html 结尾时为 html", "text, or html when -o ends in .html"},
    {"o", "文件", "写到文件，不写到标准输出", "write to a file"},
    {"matter", "事项", "文件里有几个事项时，写哪一个", "which one, when the file holds several matters"},
    {"columns", "列数", "text 的宽度，缺省 80", "width of the text, 80 when absent"},
    {"picture", NULL, "html 末尾附流程图", "the drawing at the end of the html"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_guide = {
    .name = "guide",
    .arguments = "文件 [--for 申请人|工作人员] [--format html|text] [-o 文件]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "写出办事指南（给申请人）或操作流程（给工作人员）",
    .en = "write the guide for applicants, or the procedure for staff",
    .more_zh = "html 是一个完整的网页，不用网络，A4 打印可以直接张贴。\n"
               "规则没有写明的写“没有写明”，写明待核的标“待核”，不替规则补充。\n"
               "例：tongban guide rules/事项/食品经营许可核发.tb -o 办事指南.html\n"
               "    tongban guide rules/事项/食品经营许可核发.tb --for 工作人员 --picture -o 操作流程.html",
    .more_en = "html is one page that needs no network and prints on A4.\n"
               "What the rules do not say is said to be open; the guides are in Chinese.",
};
