/* tongban fmt: the one layout. Never changes meaning, never loses a comment; a text it cannot read it leaves as it is.
 * */
#include "workspace.h"
#include <errno.h>
#include <string.h>

static int run(tb_line *line) {
    tb_workspace w;
    bool write = tb_line_has(line, "w"), check = tb_line_has(line, "check");
    if (write && check) return tb_line_error(line, "-w 和 --check 只能用一个", "use -w or --check, not both");
    if (tb__workspace_read(line, &w)) return TB_EXIT_FAILED;
    uint32_t changed = 0;
    if (line->json) tb_puts(&line->out, "{\"changed\":[");
    for (uint32_t i = 0; i < w.named; i++) {
        const tb_file *f = &w.files.list.items[i];
        tb_str after = tb_format(line->arena, f->path, f->text);
        bool differs = !tb_str_eq(after, f->text);
        if (differs && write && !tb_file_write(line->arena, f->path.p, after))
            return tb_line_error(line, "%s：写不进去：%s。文件没有改动",
                                 "%s: cannot be written: %s; it was left as it was", f->path.p, strerror(errno));
        if (line->json && differs) {
            if (changed) tb_puts(&line->out, ",");
            tb_json_put_text(&line->out, f->path);
        } else if (!line->json && (write || check) && differs) {
            tb_putf(&line->out, "%.*s\n", TB_FMT(f->path));
        } else if (!line->json && !write && !check) {
            tb_putstr(&line->out, after);
        }
        changed += differs;
    }
    if (line->json) tb_putf(&line->out, "],\"files\":%u}\n", w.named);
    return check && changed ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"w", NULL, "写回文件，列出改动的文件", "write the files back, list those that changed"},
    {"check", NULL, "只列出格式不对的文件；有则退出码 1",
     "only list files whose layout differs; exit 1 when there are any"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_fmt = {
    .name = "fmt",
    .arguments = "文件|目录… [-w|--check]",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "按统一格式排版，保留全部注释",
    .en = "lay rules out in the one style, keeping every comment",
    .more_zh = "不带 -w 和 --check 时，把排好的文本写到标准输出。",
    .more_en = "Without -w and --check the text goes to standard output.",
};
