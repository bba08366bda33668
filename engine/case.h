/* Inside the engine: making and copying case states. See case.c. */
#ifndef TB_CASE_H
#define TB_CASE_H
#include "step.h"

tb_case *tb__case_new(tb_arena *a, const tb_program *p, tb_str id); /* under tb_try */
tb_case *tb__case_copy(tb_arena *a, const tb_case *from);           /* deep */
tb_case *tb__case_read(tb_arena *a, const tb_program *p, tb_str state); /* as tb_case_read(), under tb_try */
tb_json tb__json_copy(tb_arena *a, const tb_json *v);               /* deep */
enum { TB__EXCLUSIONS = 256 /* that reach one clock */ };
const tb_calendar *tb__calendar_at(const tb_env *env, tb_str place_code);
/* The calendar of a place role of a case; of the authority's when the role is TB_NO_INDEX. NULL: not loaded. */
const tb_calendar *tb__calendar_of(const tb_case *c, const tb_env *env, uint32_t role);

/* step.c: a refusal written into `r` (answers false), names joined by 、, and whether a name is in a list. */
bool tb__refuse(tb_refusal *r, enum tb_refusal_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2);
void tb__list_name(tb_buf *b, tb_str name);
/* held.c: a day as it is stated, and as it is written; the earliest that may be stated at `now`, and when a year is not published, a day
 * it cannot be before. TB_NO_TIME: none. */
int64_t tb__held_at(tb_str text);
tb_str tb__held_text(tb_arena *a, int64_t at);
int64_t tb__held_earliest(const tb_calendar *c, const tb_held *h, int64_t now);
/* clock.c: on what ground it stands still: the step and its two citations. */
tb_str tb__stop_ground(tb_arena *a, const tb_case *c, const tb_stopped *x);
/* clock.c: as tb_clock_due(), but of an exclusion still open as if it ended today. */
tb_due tb__clock_due_resumed(const tb_case *c, const tb_env *env, const tb_running *clock, int32_t today);
/* adjust.c: what 调整期限 is told: which limit, and what it becomes; a number next to the present one that is possible, 0: none. */
#define TB__ADJUST_LIMIT "期限"
#define TB__ADJUST_TO "改为"
int tb__adjust_example(const tb_case *c, const tb_env *env, const tb_running *r, int64_t now);
bool tb__among(tb_str name, const tb_str *list, uint32_t n);
#endif
