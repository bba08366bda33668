/* Suggested 用例 hold what they promise: every matter is stripped of its own, asked for suggestions, and given them; then all of them pass, and
 * what was said to be covered is. And a failing 用例 says what was expected beside what is. */
#include "engine.h"
#include "suggest.h"

static tb_str without_scenarios(world *w, tb_str text) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    bool skip = false;
    for (uint32_t i = 0, from = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '\n') continue;
        tb_str line = {text.p + from, i - from};
        bool heading = line.n && line.p[0] != ' ' && line.p[0] != '#';
        if (heading) skip = tb_str_starts(line, "用例 ") || tb_str_starts(line, "scenario ");
        if (!skip) tb_putf(&b, "%.*s\n", TB_FMT(line));
        from = i + 1;
    }
    return tb_buf_str(&b);
}

static uint32_t moves_all, moves_covered;

static void try_file(const char *path) {
    world w, again;
    world_begin(&w);
    world_add(&w, path);
    w.texts[0] = without_scenarios(&w, w.texts[0]);
    world_add(&w, "rules/日历");
    world_add(&w, "rules/组织");
    if (!CHECK_INT(world_compile(&w), TB_OK)) return;
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        const tb_program *p = w.rules->programs.items[i];
        tb_scenario_report *have, *now;
        tb_suggestions *s = NULL;
        tb_arena *scratch = tb_arena_new(NULL, 0);
        CHECK_INT(tb_scenarios_run(w.a, p, &w.env, &have), TB_OK);
        CHECK_INT(have->moves_covered, 0);
        if (!CHECK_INT(tb_suggest(w.a, scratch, p, &w.env, have, &s), TB_OK)) continue;
        tb_arena_free(scratch);
        world_begin(&again);
        world_add(&again, path);
        tb_buf b;
        tb_buf_init(&b, again.a);
        tb_putstr(&b, without_scenarios(&again, again.texts[0]));
        /* Behind their own matter: a file may hold several. */
        if (i + 1 == w.rules->programs.count)
            for (uint32_t k = 0; k < s->texts.count; k++) tb_putf(&b, "\n%.*s", TB_FMT(s->texts.items[k]));
        again.texts[0] = tb_buf_str(&b);
        world_add(&again, "rules/日历");
        world_add(&again, "rules/组织");
        if (CHECK_INT(world_compile(&again), TB_OK) && CHECK_INT(again.rules->diagnostics.errors, 0) &&
            i + 1 == w.rules->programs.count) {
            CHECK_INT(tb_scenarios_run(again.a, again.rules->programs.items[i], &again.env, &now), TB_OK);
            CHECK_INT(now->failed, 0);
            for (uint32_t k = 0; k < now->results.count; k++)
                if (!now->results.items[k].passed)
                    fprintf(stderr, "    %s: %.*s: %.*s\n", path, TB_FMT(now->results.items[k].name),
                            TB_FMT(now->results.items[k].failure));
            CHECK(now->moves_covered >= s->moves);
            uint32_t expiries = 0, refusals = 0;
            for (uint32_t k = 0; k < now->expiries.count; k++) expiries += now->expiries.items[k].covered;
            for (uint32_t k = 0; k < now->refusals.count; k++) refusals += now->refusals.items[k].covered;
            CHECK(expiries >= s->expiries);
            CHECK(refusals >= s->refusals);
            moves_all += p->moves.count;
            moves_covered += now->moves_covered;
        } else if (again.rules && again.rules->diagnostics.errors) {
            fprintf(stderr, "%.*s", TB_FMT(world_diagnostics(&again, TB_LANG_ZH)));
        }
        world_end(&again);
    }
    world_end(&w);
}

static void try_all(const char *directory) {
    world w;
    world_begin(&w);
    world_add(&w, directory);
    for (uint32_t i = 0; i < w.count; i++) try_file(w.paths[i].p);
    world_end(&w);
}

static void test_side_by_side(void) {
    world w;
    tb_scenario_report *r;
    world_begin(&w);
    world_add(&w, "rules/日历");
    world_add(&w, "rules/组织");
    world_text(&w, TB_STR("甲.tb"),
               TB_STR("事项 甲：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 "
                      "市中区行政审批服务局。\n"
                      "  办理模式 窗口办理。\n  属地 取自 「实施主体」。\n  岗位 审查员，在 属地。\n  法定期限 "
                      "20个工作日，自 提交 至 决定。\n"
                      "文书：\n  决定书，记 决定。\n"
                      "环节 审查：\n  办理人 审查员。\n  期限 24小时。\n  同意的，出具 决定书，办结 同意。\n"
                      "用例 剩余：\n  2026-09-18 提交。\n  2026-09-18 10:00 此时 法定剩余 20个工作日，法定到期 "
                      "2026-10-22，审查剩余 23小时。\n"
                      "  2026-09-21 逾期。\n  此时 法定剩余 18个工作日。\n"
                      "用例 不符：\n  2026-09-18 提交。\n  此时 环节 审查，法定剩余 3个工作日，出具 决定书，已 "
                      "决定，未 提交，办结 同意。\n"));
    if (!CHECK_INT(world_compile(&w), TB_OK) || !CHECK_INT(w.rules->programs.count, 1)) {
        fprintf(stderr, "%.*s", TB_FMT(world_diagnostics(&w, TB_LANG_ZH)));
        return;
    }
    CHECK_INT(tb_scenarios_run(w.a, w.rules->programs.items[0], &w.env, &r), TB_OK);
    CHECK(r->results.items[0].passed);
    if (!r->results.items[0].passed) fprintf(stderr, "%.*s\n", TB_FMT(r->results.items[0].failure));
    const tb_scenario_result *bad = &r->results.items[1];
    CHECK(!bad->passed);
    if (!CHECK_INT(bad->compared.count, 6)) return;
    static const char *const want[][2] = {{"环节 审查", "环节 审查"},  {"法定剩余 3个工作日", "法定剩余 20个工作日"},
                                          {"出具 决定书", "没有出具"}, {"已 决定", "未 决定"},
                                          {"未 提交", "已 提交"},      {"办结 同意", "审查"}};
    for (int i = 0; i < 6; i++) {
        CHECK(tb_str_is(bad->compared.items[i].expected, want[i][0]));
        CHECK(tb_str_is(bad->compared.items[i].actual, want[i][1]));
        CHECK_INT(bad->compared.items[i].same, i == 0);
    }
    world_end(&w);
}

int main(void) {
    try_all("rules/事项");
    try_all("tests/matters");
    printf("suggested 用例 alone take %u of %u transitions\n", moves_covered, moves_all);
    CHECK(moves_covered * 10 >= moves_all * 9);
    test_side_by_side();
    return check_end();
}
