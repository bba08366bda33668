/* tongban test: runs the 用例 written beside each matter, and says which transitions no 用例 takes. */
#include "scenario.h"
#include "workspace.h"

static const tb_calendar *calendar_named(void *user, tb_str name) {
    return tb_rules_calendar(user, name);
}

struct sums {
    uint32_t passed, failed, moves, covered;
};

static tb_str move_text(tb_line *line, const tb_program *p, const tb_move *m) {
    return tb_str_printf(line->arena, "%.*s（%.*s）", TB_FMT(m->key), TB_FMT(tb_span_text(line->arena, p, m->span)));
}

static void tell_people(tb_line *line, const tb_program *p, const tb_scenario_report *report) {
    tb_buf *b = &line->out;
    tb_putf(b, "%s%.*s %.*s%s\n", tb_ink(line, TB_INK_BOLD), TB_FMT(p->matter), TB_FMT(p->version),
            tb_ink(line, TB_INK_OFF));
    for (uint32_t i = 0; i < report->results.count; i++) {
        const tb_scenario_result *s = &report->results.items[i];
        tb_putf(b, "  %s%s%s %.*s\n", tb_ink(line, s->passed ? TB_INK_GREEN : TB_INK_RED), s->passed ? "✓" : "✗",
                tb_ink(line, TB_INK_OFF), TB_FMT(s->name));
        if (s->passed) continue;
        tb_putf(b, "    %.*s: %.*s\n", TB_FMT(tb_span_text(line->arena, p, s->span)), TB_FMT(s->failure));
        tb_putstr(b, s->timeline);
    }
    tb_putf(b, tb_line_say(line, "  转移 %u/%u 有用例走到\n", "  %u of %u transitions taken\n"), report->moves_covered,
            p->moves.count);
    for (uint32_t m = 0; m < p->moves.count; m++)
        if (!report->covered[m])
            tb_putf(b, "  %s%s %.*s%s\n", tb_ink(line, TB_INK_YELLOW),
                    tb_line_say(line, "没有用例走到：", "never taken:"), TB_FMT(move_text(line, p, &p->moves.items[m])),
                    tb_ink(line, TB_INK_OFF));
}

static void tell_programs(tb_line *line, const tb_program *p, const tb_scenario_report *report, bool first) {
    tb_buf *b = &line->out;
    tb_puts(b, first ? "{\"matter\":" : ",{\"matter\":");
    tb_json_put_text(b, p->matter);
    tb_puts(b, ",\"version\":");
    tb_json_put_text(b, p->version);
    tb_puts(b, ",\"scenarios\":[");
    for (uint32_t i = 0; i < report->results.count; i++) {
        const tb_scenario_result *s = &report->results.items[i];
        tb_puts(b, i ? ",{\"name\":" : "{\"name\":");
        tb_json_put_text(b, s->name);
        tb_putf(b, ",\"passed\":%s", s->passed ? "true" : "false");
        if (!s->passed) {
            tb_puts(b, ",\"place\":");
            tb_json_put_text(b, tb_span_text(line->arena, p, s->span));
            tb_puts(b, ",\"failure\":");
            tb_json_put_text(b, s->failure);
        }
        tb_puts(b, "}");
    }
    tb_putf(b, "],\"transitions\":%u,\"covered\":%u,\"uncovered\":[", p->moves.count, report->moves_covered);
    bool comma = false;
    for (uint32_t m = 0; m < p->moves.count; m++) {
        if (report->covered[m]) continue;
        if (comma) tb_puts(b, ",");
        tb_json_put_text(b, p->moves.items[m].key);
        comma = true;
    }
    tb_puts(b, "]}");
}

static int run(tb_line *line) {
    tb_workspace w;
    struct sums sums = {0};
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (tb__workspace_tell(line, &w)) return TB_EXIT_FOUND;
    line->out.n = 0; /* warnings are for check */
    if (w.rules->programs.count == 0)
        return tb_line_error(line, "没有找到事项，没有可跑的用例", "no matter found, so no scenarios to run");
    if (!w.rules->directory)
        return tb_line_error(line, "上级目录里没有 组织/，用例里没有人可以办事",
                             "there is no 组织/ above these files, so nobody could act in a scenario");
    tb_env env = {.directory = w.rules->directory, .calendar = calendar_named, .user = w.rules};
    if (line->json) tb_puts(&line->out, "{\"matters\":[");
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        const tb_program *p = w.rules->programs.items[i];
        tb_scenario_report *report;
        if (tb_scenarios_run(line->arena, p, &env, &report) != TB_OK)
            return tb_line_error(line, "内存不足", "out of memory");
        if (line->json) tell_programs(line, p, report, i == 0);
        else tell_people(line, p, report);
        sums.failed += report->failed;
        sums.passed += report->results.count - report->failed;
        sums.moves += p->moves.count;
        sums.covered += report->moves_covered;
    }
    if (line->json)
        tb_putf(&line->out, "],\"passed\":%u,\"failed\":%u,\"transitions\":%u,\"covered\":%u}\n", sums.passed,
                sums.failed, sums.moves, sums.covered);
    else
        tb_putf(&line->out,
                tb_line_say(line, "%s用例 %u 个通过，%u 个失败；转移 %u/%u%s\n",
                            "%s%u scenarios passed, %u failed; transitions %u/%u%s\n"),
                tb_ink(line, sums.failed ? TB_INK_RED : TB_INK_GREEN), sums.passed, sums.failed, sums.covered,
                sums.moves, tb_ink(line, TB_INK_OFF));
    return sums.failed ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

const tb_command tb__command_test = {
    .name = "test",
    .arguments = "文件|目录…",
    .least = 1,
    .most = TB_ARGUMENTS,
    .run = run,
    .zh = "跑事项里的用例，报告转移覆盖",
    .en = "run the scenarios (用例) of matters, report transition coverage",
    .more_zh = "用例在虚拟时间里跑，与服务器用同一个引擎。例：tongban test rules",
    .more_en = "Scenarios run in virtual time by the engine that the server uses.",
};
