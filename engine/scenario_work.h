/* Inside the engine: one 用例 while it runs, shared by what runs those that are written (scenario.c), what writes those that
 * are missing (suggest.c), and what is played at a terminal (play.c). */
#ifndef TB_SCENARIO_WORK_H
#define TB_SCENARIO_WORK_H
#include "scenario.h"

typedef struct tb__scenario {
    tb_arena *a;
    const tb_program *p;
    const tb_env *env;
    tb_scenario_report *report; /* coverage is counted there */
    tb_scenario_result *result;
    const tb_section *section;
    tb_case *c; /* NULL before the submission */
    int64_t now;
    uint32_t fired; /* expiries, before the line in hand */
    uint32_t told;  /* set of the alerts told so far, by kind: 已 「提醒」 */
    tb_buf timeline;
    tb_scenario_seen *seen;
    void *user;
} tb__scenario;

/* What a report counts, ready to count. Under tb_try. */
tb_scenario_report *tb__scenario_report_new(tb_arena *a, const tb_program *p);
/* A 用例 before its first line. Under tb_try. */
void tb__scenario_begin(tb__scenario *r, tb_arena *a, const tb_program *p, const tb_env *env, tb_scenario_report *report,
                        tb_scenario_result *result);
/* One sentence: timers due before it, then the act, or what must hold. false: result->failure says why not. */
bool tb__scenario_line(tb__scenario *r, const tb_clause *c);
bool tb__scenario_fail(tb__scenario *r, tb_span span, tb_str text); /* always false */
/* 此时 …: what must hold (scenario_now.c). */
bool tb__scenario_now(tb__scenario *r, const tb_clause *c);
/* Fires what is due up to `until`, which becomes now. */
bool tb__scenario_wait(tb__scenario *r, int64_t until);
tb_str tb__scenario_steps(tb__scenario *r); /* 审查、现场核查; 办结 准予许可 */
#endif
