/* tongban restore: a backup becomes a database again. It is verified before (nothing is written when it is damaged or was
 * tampered with) and compared after; an existing database is never overwritten, nor is a log that lies beside its name taken for its own. */
#include "copies.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The name must be free, and the names SQLite and we put beside it: a foreign -wal would be read into the new file. */
static bool name_is_free(tb_line *line, const char *db) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_MAX];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (snprintf(name, sizeof name, "%s%s", db, endings[i]) >= (int)sizeof name || access(name, F_OK) != 0)
            continue;
        tb_line_error(
            line, "“%s”已经存在，没有改动它。请另取文件名，或先把原来的数据库（连同 -wal）移开",
            "%s exists and was left alone; name another file, or move the old database (and its -wal) away first",
            name);
        return false;
    }
    return true;
}

static int compare(tb_line *line, const char *db, const tb_copy *from) {
    tb_copy copy;
    tb_ledger_head head = {0};
    if (!tb__copy_open(line, db, &copy)) return TB_EXIT_FAILED;
    int result = tb_reader_check(copy.reader);
    if (result == TB_STORE_OK && !copy.older) result = tb_ledger_head_now(copy.reader, &head);
    bool same = result == TB_STORE_OK && (copy.older || (head.size == from->report.head.size &&
                                                         memcmp(head.root, from->report.head.root, TB_HASH) == 0));
    int code = same ? TB_EXIT_CLEAN
                    : tb_line_error(line, "“%s”与备份不同（%s）：请检查磁盘，不要使用它",
                                    "%s differs from the backup (%s): check the disk, do not use it", db,
                                    result ? tb_reader_why(copy.reader) : tb_line_say(line, "树根不同", "other root"));
    tb__copy_close(&copy);
    return code;
}

static void tell(tb_line *line, const char *db, const tb_copy *from) {
    const tb_ledger_report *r = &from->report;
    if (line->json)
        tb_putf(&line->out, "{\"events\":%lld,\"cases\":%lld,\"ledger\":%s}\n", (long long)r->events,
                (long long)r->cases, from->older ? "false" : "true");
    else if (from->older)
        tb_putf(
            &line->out,
            tb_line_say(line, "已恢复到 %s（较早版本的数据库，还没有账本，只核对了文件本身）\n",
                        "restored to %s (of an older version without a ledger: only the file itself was verified)\n"),
            db);
    else
        tb_putf(&line->out,
                tb_line_say(line, "已恢复到 %s：%lld 个事件、%lld 件，账本完整\n",
                            "restored to %s: %lld events, %lld cases, the ledger holds\n"),
                db, (long long)r->events, (long long)r->cases);
}

static int run(tb_line *line) {
    const char *db = tb_line_value(line, "db"), *path = line->args[0];
    tb_copy from;
    if (!db) return tb_line_error(line, "请用 --db 指定恢复到哪个新文件", "name the new database with --db");
    if (!name_is_free(line, db) || !tb__copy_open(line, path, &from)) return TB_EXIT_FAILED;
    int code = tb__copy_verify(line, path, &from);
    if (code == TB_EXIT_CLEAN) code = tb__copy_to(line, &from, db);
    if (code == TB_EXIT_CLEAN) code = compare(line, db, &from);
    if (code == TB_EXIT_CLEAN) tell(line, db, &from);
    tb__copy_close(&from);
    return code;
}

static const tb_flag flags[] = {
    {"db", "文件", "恢复到这个新文件，已有的不覆盖", "the new database; an existing one is not overwritten"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_restore = {
    .name = "restore",
    .arguments = "备份文件 --db 文件",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "核对备份，恢复成新的数据库",
    .en = "verify a backup and make a database of it",
};
