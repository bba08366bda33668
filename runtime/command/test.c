/* tongban test: runs the 用例 written beside each matter, and says which transitions no 用例 takes. */
#include "scenario.h"
#include "suggest.h"
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

/* What was expected beside what is, one line each; what agrees is there too, so that the odd one out shows. */
static void tell_compared(tb_line *line, const tb_scenario_result *s) {
    if (!s->compared.count) return;
    tb_table t = {.columns = 3};
    tb_table_cell(line, &t, TB_STR("    "));
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "应当", "expected")));
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "实际", "actual")));
    for (uint32_t i = 0; i < s->compared.count; i++) {
        tb_table_cell(line, &t, s->compared.items[i].same ? TB_STR("    ") : TB_STR("   ✗"));
        tb_table_cell(line, &t, s->compared.items[i].expected);
        tb_table_cell(line, &t, s->compared.items[i].actual);
    }
    tb_table_put(line, &t);
}

/* 用例 that would cover what none covers: ready to be copied into the matter. */
static int tell_suggestions(tb_line *line, const tb_program *p, const tb_env *env, const tb_scenario_report *report) {
    tb_suggestions *s;
    tb_arena *scratch = tb_arena_new(NULL, 0);
    int result = scratch ? tb_suggest(line->arena, scratch, p, env, report, &s) : TB_NOMEM;
    tb_arena_free(scratch);
    if (result != TB_OK) return tb_line_error(line, "内存不足", "out of memory");
    if (s->texts.count)
        tb_putf(&line->out, tb_line_say(line, "\n# %.*s：补 %u 个动作、%u 处到期、%u 种拒绝\n", "\n# %.*s: %u acts, %u expiries, %u refusals more\n"),
                TB_FMT(p->matter), s->moves, s->expiries, s->refusals);
    for (uint32_t i = 0; i < s->texts.count; i++) tb_putf(&line->out, "\n%.*s", TB_FMT(s->texts.items[i]));
    if (!s->complete)
        tb_puts(&line->out, tb_line_say(line, "\n# 情形太多，没有试完\n", "\n# too many ways: not all were tried\n"));
    return TB_EXIT_CLEAN;
}

static void tell_uncovered(tb_line *line, const char *zh, const char *en, tb_str what) {
    tb_putf(&line->out, "  %s%s%.*s%s\n", tb_ink(line, TB_INK_YELLOW), tb_line_say(line, zh, en), TB_FMT(what),
            tb_ink(line, TB_INK_OFF));
}

static void tell_people(tb_line *line, const tb_program *p, const tb_scenario_report *report) {
    tb_buf *b = &line->out;
    tb_putf(b, "%s%.*s %.*s%s\n", tb_ink(line, TB_INK_BOLD), TB_FMT(p->matter), TB_FMT(p->version),
            tb_ink(line, TB_INK_OFF));
    for (uint32_t i = 0; i < report->results.count; i++) {
        const tb_scenario_result *s = &report->results.items[i];
        tb_putf(b, "  %s%s%s %.*s\n", tb_ink(line, s->passed ? TB_INK_GREEN : TB_INK_RED), s->passed ? "✓" : "✗",
                tb_ink(line, TB_INK_OFF), TB_FMT(s->name));
        if (tb_line_has(line, "values") && s->form.n) tb_putf(b, "    %.*s\n", TB_FMT(s->form));
        if (s->passed) continue;
        tb_putf(b, "    %.*s: %.*s\n", TB_FMT(tb_span_text(line->arena, p, s->span)), TB_FMT(s->failure));
        tell_compared(line, s);
        tb_putstr(b, s->timeline);
    }
    tb_putf(b, tb_line_say(line, "  转移 %u/%u 有用例走到\n", "  %u of %u transitions taken\n"), report->moves_covered,
            p->moves.count);
    uint32_t expiries = 0, refusals = 0;
    for (uint32_t i = 0; i < report->expiries.count; i++) expiries += report->expiries.items[i].covered;
    for (uint32_t i = 0; i < report->refusals.count; i++) refusals += report->refusals.items[i].covered;
    tb_putf(b, tb_line_say(line, "  到期 %u/%u，拒绝 %u/%u\n", "  %u of %u expiries, %u of %u refusals\n"), expiries,
            report->expiries.count, refusals, report->refusals.count);
    for (uint32_t m = 0; m < p->moves.count; m++)
        if (!report->covered[m]) tell_uncovered(line, "没有用例走到：", "never taken: ", move_text(line, p, &p->moves.items[m]));
    for (uint32_t i = 0; i < report->expiries.count; i++) {
        const tb_clock_def *c = &p->clocks.items[report->expiries.items[i].clock];
        if (report->expiries.items[i].covered) continue;
        tell_uncovered(line, "没有用例等到届满：", "never run out: ",
                       tb_str_printf(line->arena, "%.*s（%.*s）", TB_FMT(c->name),
                                     TB_FMT(tb_span_text(line->arena, p, c->span))));
    }
    for (uint32_t i = 0; i < report->refusals.count; i++) {
        const tb_scenario_refusal *x = &report->refusals.items[i];
        if (x->covered) continue;
        tell_uncovered(line, "没有用例被拒绝：", "never refused: ",
                       tb_str_printf(line->arena, "%s %.*s", tb_refusal_name(x->code),
                                     TB_FMT(move_text(line, p, &p->moves.items[x->move]))));
    }
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
        if (tb_line_has(line, "values") && s->form.n) tb_putf(b, ",\"form\":%.*s", TB_FMT(s->form));
        if (!s->passed) {
            tb_puts(b, ",\"place\":");
            tb_json_put_text(b, tb_span_text(line->arena, p, s->span));
            tb_puts(b, ",\"failure\":");
            tb_json_put_text(b, s->failure);
            tb_puts(b, ",\"compared\":[");
            for (uint32_t k = 0; k < s->compared.count; k++) {
                tb_puts(b, k ? ",{\"expected\":" : "{\"expected\":");
                tb_json_put_text(b, s->compared.items[k].expected);
                tb_puts(b, ",\"actual\":");
                tb_json_put_text(b, s->compared.items[k].actual);
                tb_putf(b, ",\"same\":%s}", s->compared.items[k].same ? "true" : "false");
            }
            tb_puts(b, "]");
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
    tb_puts(b, "],\"expiries\":[");
    for (uint32_t i = 0; i < report->expiries.count; i++) {
        tb_puts(b, i ? ",{\"limit\":" : "{\"limit\":");
        tb_json_put_text(b, p->clocks.items[report->expiries.items[i].clock].name);
        tb_putf(b, ",\"covered\":%s}", report->expiries.items[i].covered ? "true" : "false");
    }
    tb_puts(b, "],\"refusals\":[");
    for (uint32_t i = 0; i < report->refusals.count; i++) {
        tb_puts(b, i ? ",{\"transition\":" : "{\"transition\":");
        tb_json_put_text(b, p->moves.items[report->refusals.items[i].move].key);
        tb_putf(b, ",\"code\":\"%s\",\"covered\":%s}", tb_refusal_name(report->refusals.items[i].code),
                report->refusals.items[i].covered ? "true" : "false");
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
        if (tb_line_has(line, "suggest") && !line->json && tell_suggestions(line, p, &env, report) != TB_EXIT_CLEAN) return TB_EXIT_FAILED;
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

static const tb_flag flags[] = {
    {"suggest", NULL, "给没有覆盖到的动作、到期和拒绝写出现成的用例", "print ready-made scenarios for what is not covered"},
    {"values", NULL, "打印每个用例提交的申请（没有写的值是怎样补上的）", "print each scenario's application, with the values that were filled in"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_test = {
    .name = "test",
    .arguments = "文件|目录…",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "跑事项里的用例，报告转移覆盖",
    .en = "run the scenarios (用例) of matters, report transition coverage",
    .more_zh = "用例在虚拟时间里跑，与服务器用同一个引擎。例：tongban test rules",
    .more_en = "Scenarios run in virtual time by the engine that the server uses.",
};
