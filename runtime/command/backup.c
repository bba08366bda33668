/* tongban backup: a copy of a database as of one moment, while a server goes on writing it; the copy is then read back and
 * verified, since a backup that nobody has read is a hope. */
#include "copies.h"
#include <stdio.h>

static void tell(tb_line *line, const char *to, const tb_copy *c) {
    const tb_ledger_report *r = &c->report;
    if (line->json) {
        tb_putf(&line->out, "{\"events\":%lld,\"cases\":%lld,\"head\":", (long long)r->events, (long long)r->cases);
        if (c->older) tb_puts(&line->out, "null}\n");
        else tb_ledger_head_write(&line->out, &r->head), line->out.n--, tb_puts(&line->out, "}\n");
        return;
    }
    tb_putf(&line->out, tb_line_say(line, "已备份到 %s", "backed up to %s"), to);
    if (c->older)
        tb_puts(&line->out,
                tb_line_say(line, "（较早版本的数据库，还没有账本，只核对了文件本身）\n",
                            " (of an older version without a ledger: only the file itself was verified)\n"));
    else
        tb_putf(&line->out,
                tb_line_say(line, "：%lld 个事件、%lld 件，已读回核对\n",
                            ": %lld events, %lld cases, read back and verified\n"),
                (long long)r->events, (long long)r->cases);
}

static int run(tb_line *line) {
    const char *db = tb_line_value(line, "db"), *to = tb_line_value(line, "o");
    tb_copy from, copy;
    if (!db || !to)
        return tb_line_error(line, "请用 --db 指定数据库文件，用 -o 指定备份到哪个新文件",
                             "name the database with --db, and the new file with -o");
    if (!tb__copy_open(line, db, &from)) return TB_EXIT_FAILED;
    int code = tb__copy_to(line, &from, to);
    tb__copy_close(&from);
    if (code != TB_EXIT_CLEAN || !tb__copy_open(line, to, &copy)) return TB_EXIT_FAILED;
    code = tb__copy_verify(line, to, &copy);
    if (code == TB_EXIT_CLEAN) tell(line, to, &copy);
    tb__copy_close(&copy);
    return code;
}

static const tb_flag flags[] = {
    {"db", "文件", "数据库文件（服务器运行着也可以备份）", "the database (a running server's may be copied, too)"},
    {"o", "文件", "备份到这个新文件", "the new file"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_backup = {
    .name = "backup",
    .arguments = "--db 文件 -o 文件",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "在线备份数据库，并读回核对",
    .en = "copy a database while it is used, and verify the copy",
    .more_zh = "备份是某一时刻的完整数据库。恢复：tongban restore 备份文件 --db 新文件。",
    .more_en = "The copy is a whole database as of one moment. To restore: tongban restore COPY --db NEWFILE.",
};
