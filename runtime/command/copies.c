/* See copies.h. */
#include "copies.h"
#include <stdio.h>
#include <unistd.h>

bool tb__copy_open(tb_line *line, const char *path, tb_copy *c) {
    tb_store_error error;
    tb_store_options options = {.read_only = true, .ledger = true, .english = line->lang == TB_LANG_EN};
    *c = (tb_copy){0};
    int rc = tb_store_open_sqlite(path, &options, &c->store, &error);
    if (rc != TB_OK && error.code == TB_STORE_ERROR_OLDER) {
        c->older = true;
        options.ledger = false;
        rc = tb_store_open_sqlite(path, &options, &c->store, &error);
    }
    if (rc != TB_OK) return tb_line_error(line, "%s", "%s", error.text), false;
    c->reader = tb_reader_open(c->store);
    if (c->reader) return true;
    tb_line_error(line, "内存不足", "out of memory");
    tb__copy_close(c);
    return false;
}

void tb__copy_close(tb_copy *c) {
    tb_reader_close(c->reader);
    tb_store_close(c->store);
    *c = (tb_copy){0};
}

static void progress(void *user, int64_t events, int64_t all) {
    tb_line *line = user;
    fprintf(stderr, tb_line_say(line, "\r核对 %lld / %lld 个事件… ", "\rverifying %lld of %lld events… "),
            (long long)events, (long long)all);
}

int tb__copy_verify(tb_line *line, const char *path, tb_copy *c) {
    int result = tb_reader_check(c->reader);
    if (result == TB_STORE_CORRUPT)
        return tb_line_error(line, "“%s”已损坏：%s", "%s is damaged: %s", path, tb_reader_why(c->reader)),
               TB_EXIT_FOUND;
    if (result) return tb_line_error(line, "读不了“%s”：%s", "cannot read %s: %s", path, tb_reader_why(c->reader));
    if (c->older) return TB_EXIT_CLEAN;
    bool show = isatty(STDERR_FILENO) && !line->json;
    tb_ledger_options o = {.progress = show ? progress : NULL, .user = line};
    result = tb_ledger_verify(c->reader, &o, &c->report);
    if (show) fputs("\r\033[K", stderr);
    if (result) return tb_line_error(line, "读不了“%s”：%s", "cannot read %s: %s", path, tb_reader_why(c->reader));
    if (!c->report.found) return TB_EXIT_CLEAN;
    tb_buf b;
    tb_buf_init(&b, line->arena);
    tb_ledger_tell(&b, &c->report, line->lang);
    tb_line_error(line, "“%s”的账本不符：%s", "the ledger of %s does not hold: %s", path, b.p);
    return TB_EXIT_FOUND;
}

struct copied {
    tb_line *line;
    int code;
};

static void copied(void *user, int result, const char *why) {
    struct copied *x = user;
    x->code =
        result == TB_STORE_OK ? TB_EXIT_CLEAN : tb_line_error(x->line, "没有复制：%s", "nothing was copied: %s", why);
}

int tb__copy_to(tb_line *line, const tb_copy *c, const char *path) {
    struct copied x = {line, TB_EXIT_FAILED};
    if (tb_store_backup(c->store, path, copied, &x) != TB_OK) return tb_line_error(line, "内存不足", "out of memory");
    return x.code;
}
