/* tongban audit: the ledger's head, and the verification of everything under it (../ledger.h, LEDGER.md). Reads the
 * database beside a running server. */
#include "../ledger.h"
#include "../server_parts.h" /* the names of cases */
#include "calendar.h"
#include "canonical.h"
#include "command.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096 /* of a file with a head */ };

static void progress(void *user, int64_t events, int64_t all) {
    tb_line *line = user;
    fprintf(stderr, tb_line_say(line, "\r%lld / %lld 个事件… ", "\r%lld of %lld events… "), (long long)events,
            (long long)all);
}

/* ---- heads in files ---- */

static bool read_head(tb_line *line, const char *path, tb_ledger_head *h) {
    char *text = tb_alloc(line->arena, HEAD_BYTES + 1);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, HEAD_BYTES, f) : 0;
    bool bad = !f || ferror(f);
    int why = errno;
    if (f) fclose(f);
    if (bad) {
        tb_line_error(line, "读不了树头文件“%s”：%s", "cannot read the head %s: %s", path, strerror(why));
        return false;
    }
    if (tb_ledger_head_read(line->arena, (tb_str){text, (uint32_t)n}, h)) return true;
    tb_line_error(line, "“%s”不是树头文件，应如 {\"at\":…,\"root\":\"64 位十六进制\",\"size\":N}",
                  "%s is no head; it should read {\"at\":…,\"root\":\"64 hex digits\",\"size\":N}", path);
    return false;
}

/* A file appears whole, or not at all: it is evidence. An older one is not overwritten. */
static int write_head(tb_line *line, const char *path, tb_str text) {
    FILE *f = fopen(path, "wbx");
    if (!f && errno == EEXIST)
        return tb_line_error(line, "“%s”已经存在；树头不覆盖，请另取文件名",
                             "%s exists; a head is not overwritten, name another file", path);
    bool ok = f && fwrite(text.p, 1, text.n, f) == text.n && fflush(f) == 0 && fsync(fileno(f)) == 0;
    int why = errno;
    if (f && fclose(f) != 0) ok = false;
    if (ok) return TB_EXIT_CLEAN;
    if (f) remove(path);
    return tb_line_error(line, "写不了“%s”：%s", "cannot write %s: %s", path, strerror(why));
}

static int head(tb_line *line, tb_reader *r) {
    tb_ledger_head h;
    tb_buf b;
    const char *to = tb_line_value(line, "o");
    int result = tb_reader_begin(r); /* beside a server that writes: one view */
    if (result == TB_STORE_OK) result = tb_ledger_head_now(r, &h);
    if (result != TB_STORE_OK) return tb_line_error(line, "%s", "%s", tb_reader_why(r));
    tb_reader_end(r);
    tb_buf_init(&b, line->arena);
    tb_ledger_head_write(&b, &h);
    if (!to) {
        tb_putstr(&line->out, tb_buf_str(&b));
        return TB_EXIT_CLEAN;
    }
    int code = write_head(line, to, tb_buf_str(&b));
    if (code == TB_EXIT_CLEAN && !line->json)
        tb_putf(&line->out,
                tb_line_say(line, "树头已写到 %s：%lld 个事件。请存放在这台机器之外\n",
                            "the head is in %s: %lld events; keep it away from this machine\n"),
                to, (long long)h.size);
    return code;
}

/* ---- verification ---- */

static void tell_people(tb_line *line, const tb_ledger_report *r) {
    tb_buf *b = &line->out;
    char hex[2 * TB_HASH + 1];
    if (r->found) {
        tb_putf(b, tb_line_say(line, "%s账本不符%s：", "%sthe ledger does not hold%s: "), tb_ink(line, TB_INK_RED),
                tb_ink(line, TB_INK_OFF));
        tb_ledger_tell(b, r, line->lang);
        tb_puts(b, "\n");
        return;
    }
    for (int i = 0; i < TB_HASH; i++) snprintf(hex + 2 * i, 3, "%02x", r->head.root[i]);
    tb_putf(
        b,
        tb_line_say(line, "%s账本完整：%lld 个事件、%lld 次装载、%lld 份来源、%lld 个附件，逐一重算相符%s\n",
                    "%sthe ledger holds: %lld events, %lld loads, %lld sources, %lld attachments, all recomputed%s\n"),
        tb_ink(line, TB_INK_GREEN), (long long)r->events, (long long)r->loads, (long long)r->sources,
        (long long)r->attachments, tb_ink(line, TB_INK_OFF));
    tb_putf(b, tb_line_say(line, "树根 %s，%lld 个叶\n", "root %s, %lld leaves\n"), hex, (long long)r->head.size);
    if (r->heads)
        tb_putf(b, tb_line_say(line, "与外存的 %lld 个树头相符\n", "agrees with %lld heads kept outside\n"),
                (long long)r->heads);
    else
        tb_puts(
            b,
            tb_line_say(
                line, "没有与外存的树头比较（--head）：连同摘要一起的改写，只有那样才能发现\n",
                "not compared with a head kept outside (--head): only that finds a rewriting that recomputed all\n"));
    if (r->erased)
        tb_putf(b,
                tb_line_say(line, "%s有 %lld 个值已被删除，只剩承诺（最早在记录号 %lld）：请核对每一个都有依据%s\n",
                            "%s%lld values are erased, only their commitments remain (first at leaf %lld): each needs "
                            "its ground%s\n"),
                tb_ink(line, TB_INK_YELLOW), (long long)r->erased, (long long)r->erased_leaf, tb_ink(line, TB_INK_OFF));
}

static void tell_programs(tb_line *line, const tb_ledger_report *r) {
    tb_buf *b = &line->out, text;
    tb_ledger_head h = r->head;
    tb_putf(b,
            "{\"whole\":%s,\"events\":%lld,\"loads\":%lld,\"sources\":%lld,\"attachments\":%lld,\"heads\":%lld,"
            "\"erased\":%lld",
            r->found ? "false" : "true", (long long)r->events, (long long)r->loads, (long long)r->sources,
            (long long)r->attachments, (long long)r->heads, (long long)r->erased);
    if (r->found) {
        tb_putf(b, ",\"found\":\"%s\",\"leaf\":%lld,\"until\":%lld", tb_ledger_finding_name(r->found),
                (long long)r->leaf, (long long)r->until);
        if (r->case_id[0]) tb_putf(b, ",\"case\":\"%s\",\"seq\":%lld", r->case_id, (long long)r->seq);
        if (r->other) tb_putf(b, ",\"other\":%lld", (long long)r->other);
        if (r->expected[0]) tb_putf(b, ",\"expected\":\"%s\"", r->expected);
        if (r->got[0]) tb_putf(b, ",\"got\":\"%s\"", r->got);
        tb_puts(b, ",\"what\":");
        tb_buf_init(&text, line->arena);
        tb_ledger_tell(&text, r, line->lang);
        tb_json_put_text(b, tb_buf_str(&text));
        tb_puts(b, "}\n");
        return;
    }
    tb_puts(b, ",\"head\":");
    tb_ledger_head_write(b, &h);
    b->n--; /* its newline */
    tb_puts(b, "}\n");
}

static int verify(tb_line *line, tb_reader *r) {
    tb_ledger_head heads[TB_FLAGS];
    tb_ledger_report report;
    tb_ledger_options o = {.heads = heads, .user = line};
    const char *path;
    for (; (path = tb_line_nth(line, "head", (int)o.heads_n)); o.heads_n++)
        if (!read_head(line, path, &heads[o.heads_n])) return TB_EXIT_FAILED;
    bool show = isatty(STDERR_FILENO) && !line->json;
    if (show) o.progress = progress;
    int result = tb_ledger_verify(r, &o, &report);
    if (show) fputs("\r\033[K", stderr);
    if (result != TB_STORE_OK) {
        const char *why = tb_reader_why(r);
        return tb_line_error(line, "%s", "%s", *why ? why : tb_line_say(line, "内存不足", "out of memory"));
    }
    if (line->json) tell_programs(line, &report);
    else tell_people(line, &report);
    return report.found ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

/* ---- who has read personal data ---- */

enum { ACCESSES_PAGE = 1000 };

static void access_json(tb_buf *b, const tb_access_row *x, const char *name, const char *at) {
    const struct {
        const char *member;
        tb_str value;
    } all[] = {{",\"case\":", tb_str_z(name)}, {",\"who\":", x->who}, {",\"right\":", x->role}, {",\"what\":", x->what}, {",\"fields\":", x->fields}, {",\"why\":", x->why}};
    tb_putf(b, "{\"n\":%lld,\"at\":\"%s\"", (long long)x->n, at);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        tb_puts(b, all[i].member);
        tb_json_put_text(b, all[i].value);
    }
    tb_puts(b, "}\n");
}

/* A line each, as it is read: three years of them are many. */
static int accesses(tb_line *line, tb_reader *r) {
    const char *who = tb_line_value(line, "who"), *of = tb_line_value(line, "case");
    int64_t id = 0, after = 0, all = 0;
    if (of && !tb__case_number(tb_str_z(of), &id))
        return tb_line_error(line, "办件号应是 13 位字母和数字，不是“%s”", "a case number has 13 letters and digits, not \"%s\"", of);
    for (;;) {
        tb_access_list rows;
        int result = tb_read_accesses(r, after, id, who ? tb_str_z(who) : (tb_str){NULL, 0}, ACCESSES_PAGE, line->arena, &rows);
        if (result != TB_STORE_OK)
            return tb_line_error(line, "读不了访问记录（较早版本的库请先用本版本的 tongban serve 打开一次）：%s",
                                 "cannot read the accesses (open an older version's file once with this version's tongban serve): %s", tb_reader_why(r));
        for (uint32_t i = 0; i < rows.count; i++) {
            const tb_access_row *x = &rows.items[i];
            char at[TB_TIME_TEXT], name[TB_CASE_NAME + 1];
            tb__case_name(x->case_id, name);
            tb_time_text(x->at, at);
            if (line->json) access_json(&line->out, x, name, at);
            else
                tb_putf(&line->out, "%.10s %.8s  %s  %.*s（%.*s）%.*s：%.*s%s%.*s\n", at, at + 11, name, TB_FMT(x->who), TB_FMT(x->role),
                        TB_FMT(x->what), TB_FMT(x->fields), x->why.n ? tb_line_say(line, "，理由：", "; reason: ") : "", TB_FMT(x->why));
            after = x->n;
        }
        all += rows.count;
        if (!tb_line_flush(line)) return TB_EXIT_FAILED;
        if (rows.count < ACCESSES_PAGE) break;
    }
    if (!all && !line->json) tb_puts(&line->out, tb_line_say(line, "没有\n", "none\n"));
    return TB_EXIT_CLEAN;
}

static int run(tb_line *line) {
    const char *db = tb_line_value(line, "db"), *what = line->args[0];
    int (*work)(tb_line *, tb_reader *) = strcmp(what, "verify") == 0 ? verify
                                          : strcmp(what, "head") == 0 ? head
                                          : strcmp(what, "accesses") == 0 ? accesses
                                                                          : NULL;
    tb_store *store;
    tb_store_error error;
    if (!work)
        return tb_line_error(line, "没有“%s”。写成 tongban audit verify、tongban audit head 或 tongban audit accesses",
                             "there is no \"%s\"; write tongban audit verify, head or accesses", what);
    if (!db) return tb_line_error(line, "请用 --db 指定数据库文件", "name the database with --db");
    tb_store_options options = {.read_only = true, .ledger = true, .english = line->lang == TB_LANG_EN};
    if (tb_store_open_sqlite(db, &options, &store, &error) != TB_OK) return tb_line_error(line, "%s", "%s", error.text);
    tb_reader *r = tb_reader_open(store);
    int code = r ? work(line, r) : tb_line_error(line, "内存不足", "out of memory");
    tb_reader_close(r);
    tb_store_close(store);
    return code;
}

static const tb_flag flags[] = {
    {"db", "文件", "数据库文件（服务器运行着也可以读）", "the database (a running server's may be read, too)"},
    {"head", "文件", "verify：与存放在别处的树头比较，可以重复",
     "verify: compare with a head kept elsewhere; may be repeated"},
    {"case", "办件号", "accesses：只看这一件的", "accesses: of this case only"},
    {"who", "账号", "accesses：只看这一账号的", "accesses: by this account only"},
    {"o", "文件", "head：写到这个新文件", "head: write it to this new file"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_audit = {
    .name = "audit",
    .arguments = "verify|head|accesses --db 文件 [--head 文件]… [-o 文件] [--case 办件号] [--who 账号]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "账本：重算全部摘要，找出第一处改动；取树头；谁看过个人信息",
    .en = "the ledger: recompute every digest and name the first tampering; take a head; who has read personal data",
    .more_zh = "账本的字节和它能保证什么：runtime/LEDGER.md。",
    .more_en = "The bytes of the ledger, and what it promises: runtime/LEDGER.md.",
};
