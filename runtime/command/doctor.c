/* tongban doctor: rebuilds what follows from the log, compares it with what is stored, and repairs it on order
 * (../doctor.h). */
#include "../doctor.h"
#include "canonical.h"
#include "command.h"
#include <stdio.h>
#include <unistd.h>

enum { SHOWN = 120, BEFORE = 40 /* bytes of a value shown to people; of them before where it differs */ };

typedef struct telling {
    tb_line *line;
    int64_t told;
} telling;

static const char *const kinds[] = {"case", "task", "call"};
static const char *const hows[] = {"missing", "extra", "differs"};

/* A long value from a little before where the two part. */
static void put_value(tb_line *line, const char *label, tb_str s, uint32_t from) {
    uint32_t end = s.n - from > SHOWN ? from + SHOWN : s.n;
    while (end < s.n && end > from && ((uint8_t)s.p[end] & 0xc0) == 0x80) end--; /* not within a character */
    tb_putf(&line->out, "    %s %s%.*s%s\n", label, from ? "…" : "", (int)(end - from), s.p + from,
            end < s.n ? "…" : "");
}

static uint32_t before_parting(tb_str a, tb_str b) {
    uint32_t at = 0;
    while (at < a.n && at < b.n && a.p[at] == b.p[at]) at++;
    at = at > BEFORE ? at - BEFORE : 0;
    while (at > 0 && ((uint8_t)a.p[at] & 0xc0) == 0x80) at--;
    return at;
}

static void tell_people(tb_line *line, const tb_doctor_finding *f) {
    static const char *const kinds_zh[] = {"办件行", "任务", "外发请求"};
    static const char *const kinds_en[] = {"its row", "task", "call"};
    static const char *const hows_zh[] = {"缺失", "多余", "不同"};
    tb_putf(&line->out, tb_line_say(line, "办件 %s：%s", "case %s: %s"), f->case_id,
            tb_line_say(line, kinds_zh[f->kind], kinds_en[f->kind]));
    if (f->key.n) tb_putf(&line->out, " %.*s", TB_FMT(f->key));
    tb_putf(&line->out, " %s",
            tb_line_say(line, hows_zh[f->how], f->how == TB_DOCTOR_EXTRA ? "should not be there" : hows[f->how]));
    if (f->column) tb_putf(&line->out, tb_line_say(line, "（%s）", " (%s)"), f->column);
    tb_puts(&line->out, "\n");
    if (f->how != TB_DOCTOR_DIFFERS) return;
    uint32_t from = before_parting(f->stored, f->right);
    put_value(line, tb_line_say(line, "库中", "stored"), f->stored, from);
    put_value(line, tb_line_say(line, "应为", "right "), f->right, from);
}

static void tell_programs(tb_line *line, const tb_doctor_finding *f, bool first) {
    tb_buf *b = &line->out;
    tb_putf(b, "%s{\"kind\":\"%s\",\"how\":\"%s\",\"case\":\"%s\"", first ? "" : ",", kinds[f->kind], hows[f->how],
            f->case_id);
    if (f->key.n) tb_puts(b, ",\"key\":"), tb_json_put_text(b, f->key);
    if (f->column) {
        tb_putf(b, ",\"column\":\"%s\",\"stored\":", f->column);
        tb_json_put_text(b, f->stored);
        tb_puts(b, ",\"right\":");
        tb_json_put_text(b, f->right);
    }
    tb_puts(b, "}");
}

static void found(void *user, const tb_doctor_finding *f) {
    telling *t = user;
    if (t->line->json) tell_programs(t->line, f, t->told == 0);
    else tell_people(t->line, f);
    t->told++;
}

static void progress(void *user, int64_t cases, int64_t all) {
    tb_line *line = ((telling *)user)->line;
    fprintf(stderr, tb_line_say(line, "\r%lld / %lld 件… ", "\r%lld of %lld cases… "), (long long)cases,
            (long long)all);
}

static void summary(tb_line *line, const tb_doctor_result *r) {
    tb_buf *b = &line->out;
    if (r->ledger.found) {
        tb_putf(b, tb_line_say(line, "%s账本不符%s：", "%sthe ledger does not hold%s: "), tb_ink(line, TB_INK_RED),
                tb_ink(line, TB_INK_OFF));
        tb_ledger_tell(b, &r->ledger, line->lang);
        tb_puts(b, tb_line_say(line, "\n没有修复任何东西：先查明记录本身（tongban audit verify），或从备份恢复\n",
                               "\nnothing was repaired: look into the log itself first (tongban audit verify), or "
                               "restore a backup\n"));
    } else if (r->broken[0]) {
        tb_putf(b,
                tb_line_say(line, "不能重演，没有修复任何东西：%s\n", "cannot be replayed, nothing was repaired: %s\n"),
                r->broken);
    } else if (r->repaired) {
        tb_putf(b,
                tb_line_say(line, "%s%lld 处不同，已按记录重写并记录在案%s\n",
                            "%s%lld differences, written anew from the log, on record%s\n"),
                tb_ink(line, TB_INK_YELLOW), (long long)r->differences, tb_ink(line, TB_INK_OFF));
    } else if (r->differences) {
        tb_putf(b,
                tb_line_say(line,
                            "%s%lld 处不同%s。要按记录重写：停掉服务，再加 --repair --person 谁 --reason 为什么\n",
                            "%s%lld differences%s; to write them anew from the log: stop the server and add --repair "
                            "--person --reason\n"),
                tb_ink(line, TB_INK_RED), (long long)r->differences, tb_ink(line, TB_INK_OFF));
    } else {
        tb_putf(b,
                tb_line_say(line,
                            "%s正常：%lld 个事件重演出的 %lld 件、%lld 项任务、%lld 个外发请求与库中相同，账本完整%s\n",
                            "%sin order: %lld events give the %lld cases, %lld tasks and %lld calls that are stored, "
                            "and the ledger holds%s\n"),
                tb_ink(line, TB_INK_GREEN), (long long)r->events, (long long)r->cases, (long long)r->tasks,
                (long long)r->calls, tb_ink(line, TB_INK_OFF));
    }
    if (r->underived)
        tb_puts(b,
                tb_line_say(
                    line, "服务器还没有按新装载的日历重算完到期日：到期日没有比较\n",
                    "the server has still to derive due dates under a calendar just loaded: they were not compared\n"));
}

static void summary_json(tb_line *line, const tb_doctor_result *r) {
    tb_buf *b = &line->out;
    tb_putf(b,
            "],\"whole\":%s,\"events\":%lld,\"cases\":%lld,\"tasks\":%lld,\"calls\":%lld,\"differences\":%lld,"
            "\"repaired\":%s",
            r->differences || r->ledger.found || r->broken[0] ? "false" : "true", (long long)r->events,
            (long long)r->cases, (long long)r->tasks, (long long)r->calls, (long long)r->differences,
            r->repaired ? "true" : "false");
    tb_putf(b, ",\"ledger\":\"%s\",\"due_compared\":%s", tb_ledger_finding_name(r->ledger.found),
            r->underived ? "false" : "true");
    if (r->broken[0]) tb_puts(b, ",\"broken\":"), tb_json_put_text(b, tb_str_z(r->broken));
    tb_puts(b, "}\n");
}

static int run(tb_line *line) {
    char why[2048];
    telling t = {line, 0};
    tb_doctor_result r;
    bool show = isatty(STDERR_FILENO) && !line->json;
    tb_doctor_options o = {.db = tb_line_value(line, "db"),
                           .repair = tb_line_has(line, "repair"),
                           .person = tb_line_value(line, "person"),
                           .reason = tb_line_value(line, "reason"),
                           .lang = line->lang,
                           .found = found,
                           .progress = show ? progress : NULL,
                           .user = &t};
    if (!o.db) return tb_line_error(line, "请用 --db 指定数据库文件", "name the database with --db");
    if (o.repair && (!o.person || !o.reason))
        return tb_line_error(line, "修复要写明谁（--person）、为什么（--reason）：这要记录在案",
                             "a repair needs who (--person) and why (--reason): it goes on record");
    if (line->json) tb_puts(&line->out, "{\"findings\":[");
    int rc = tb_doctor(&o, &r, why, sizeof why);
    if (show) fputs("\r\033[K", stderr);
    if (rc != TB_OK) {
        line->out.n = 0;
        return tb_line_error(line, "%s", "%s", why);
    }
    if (line->json) summary_json(line, &r);
    else summary(line, &r);
    bool sound = !r.ledger.found && !r.broken[0] && (!r.differences || r.repaired);
    return sound ? TB_EXIT_CLEAN : TB_EXIT_FOUND;
}

static const tb_flag flags[] = {
    {"db", "文件", "数据库文件（只查看时服务器可以运行着）",
     "the database (a server may run beside unless it is repaired)"},
    {"repair", NULL, "按记录重写不同的行（事件从不改动）",
     "write what differs anew from the log (events are never changed)"},
    {"person", "姓名", "谁修复（记录在案）", "who repairs (on record)"},
    {"reason", "理由", "为什么修复（记录在案）", "why (on record)"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_doctor = {
    .name = "doctor",
    .arguments = "--db 文件 [--repair --person 姓名 --reason 理由]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "由记录重建办件、任务、定时和外发请求，与库中比较，按令修复",
    .en = "rebuild cases, tasks, timers and calls from the log, compare, and repair on order",
};
