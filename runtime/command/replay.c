/* tongban replay: steps every recorded history again, from the database alone, and compares with what was recorded
 * (../replay.h). */
#include "../replay.h"
#include "calendar.h"
#include "canonical.h"
#include "command.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void progress(void *user, uint64_t cases, uint64_t events) {
    tb_line *line = user;
    fprintf(stderr, tb_line_say(line, "\r%llu 件，%llu 个事件… ", "\r%llu cases, %llu events… "),
            (unsigned long long)cases, (unsigned long long)events);
}

static void tell_people(tb_line *line, const tb_replay_options *o, const tb_replay_result *r) {
    char time[TB_TIME_TEXT];
    if (r->differs) {
        tb_putf(&line->out, tb_line_say(line, "%s重放与记录不一致%s：", "%sreplay differs from the record%s: "),
                tb_ink(line, TB_INK_RED), tb_ink(line, TB_INK_OFF));
        if (r->case_id[0])
            tb_putf(&line->out,
                    tb_line_say(line, "办件 %s 第 %lld 步（日志 %lld）\n", "case %s, seq %lld (leaf %lld)\n"),
                    r->case_id, (long long)r->seq, (long long)r->leaf);
        tb_putf(&line->out, "%s\n", r->what);
        return;
    }
    if (r->state) {
        tb_putf(&line->out, tb_line_say(line, "办件 %s 第 %lld 步，%s\n", "case %s, seq %lld, %s\n"), o->case_id,
                (long long)r->state_seq, r->state_seq ? tb_time_text(r->state_at, time) : "-");
        tb_putf(&line->out, "%s\n", r->state);
    }
    tb_putf(
        &line->out,
        tb_line_say(
            line, "%s重放 %llu 件、%llu 个事件、%llu 次装载，与记录逐字节一致；%llu 件的状态与库中相同%s\n",
            "%sreplayed %llu cases, %llu events, %llu loads, the same to the byte; %llu states equal those stored%s\n"),
        tb_ink(line, TB_INK_GREEN), (unsigned long long)r->cases, (unsigned long long)r->events,
        (unsigned long long)r->loads, (unsigned long long)r->states, tb_ink(line, TB_INK_OFF));
}

static void tell_programs(tb_line *line, const tb_replay_result *r) {
    tb_buf *b = &line->out;
    char time[TB_TIME_TEXT];
    tb_putf(b, "{\"same\":%s,\"cases\":%llu,\"events\":%llu,\"loads\":%llu,\"states\":%llu",
            r->differs ? "false" : "true", (unsigned long long)r->cases, (unsigned long long)r->events,
            (unsigned long long)r->loads, (unsigned long long)r->states);
    if (r->differs) {
        tb_putf(b, ",\"case\":\"%s\",\"seq\":%lld,\"leaf\":%lld,\"what\":", r->case_id, (long long)r->seq,
                (long long)r->leaf);
        tb_json_put_text(b, tb_str_z(r->what));
    }
    if (r->state)
        tb_putf(b, ",\"seq\":%lld,\"at\":\"%s\",\"state\":%s", (long long)r->state_seq, tb_time_text(r->state_at, time),
                r->state);
    tb_puts(b, "}\n");
}

static bool read_limits(tb_line *line, tb_replay_options *o) {
    const char *at = tb_line_value(line, "at"), *seq = tb_line_value(line, "seq");
    int32_t day;
    char *end = NULL;
    if (at && tb_day_parse(tb_str_z(at), &day)) o->until = tb_day_start(day + 1) - 1; /* a day means its end */
    else if (at && !tb_time_parse(tb_str_z(at), &o->until)) {
        tb_line_error(line, "--at 应是日期或时刻，如 2026-03-02 或 “2026-03-02 09:00”，不是“%s”",
                      "--at is a day or a time, such as 2026-03-02, not \"%s\"", at);
        return false;
    }
    if (!seq) return true;
    o->seq = strtoll(seq, &end, 10);
    if (o->seq > 0 && *end == '\0' && o->case_id) return true;
    if (!o->case_id) tb_line_error(line, "--seq 要和 --case 一起用", "--seq goes with --case");
    else tb_line_error(line, "--seq 应是正整数，不是“%s”", "--seq is a positive integer, not \"%s\"", seq);
    return false;
}

static int run(tb_line *line) {
    char why[2048] = "";
    tb_replay_result r = {0};
    tb_replay_options o = {.db = tb_line_value(line, "db"),
                           .case_id = tb_line_value(line, "case"),
                           .until = INT64_MAX,
                           .lang = line->lang,
                           .user = line};
    if (!o.db) return tb_line_error(line, "请用 --db 指定数据库文件", "name the database with --db");
    if (!read_limits(line, &o)) return TB_EXIT_FAILED;
    o.state = o.case_id != NULL;
    bool show = isatty(STDERR_FILENO) && !line->json;
    if (show) o.progress = progress;
    int rc = tb_replay(&o, &r, why, sizeof why);
    if (show) fputs("\r\033[K", stderr);
    if (rc != TB_OK) return tb_line_error(line, "%s", "%s", why);
    if (line->json) tell_programs(line, &r);
    else tell_people(line, &o, &r);
    free(r.state);
    return r.differs ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"db", "文件", "数据库文件（服务器运行着也可以读）", "the database (a running server's may be read, too)"},
    {"case", "办件号", "只重放这一件，并打印状态", "this case only, and print its state"},
    {"at", "时刻", "到这一时刻为止（日期指当天结束）", "up to this time (a day means its end)"},
    {"seq", "序号", "到这一件的第几步为止", "up to this event of the case"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_replay = {
    .name = "replay",
    .arguments = "--db 文件 [--case 办件号] [--at 时刻|--seq 序号]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "重放历史，与记录逐字节比较",
    .en = "replay histories and compare them byte for byte",
    .more_zh = "只读数据库，不需要规则文件：装载过的来源都在库里。",
    .more_en = "Needs the database alone: the sources of everything ever loaded are in it.",
};
