/* Inside the engine: making and copying case states. See case.c. */
#ifndef TB_CASE_H
#define TB_CASE_H
#include "step.h"

tb_case *tb__case_new(tb_arena *a, const tb_program *p, tb_str id); /* under tb_try */
tb_case *tb__case_copy(tb_arena *a, const tb_case *from);           /* deep */
tb_json tb__json_copy(tb_arena *a, const tb_json *v);               /* deep */
const tb_calendar *tb__calendar_at(const tb_env *env, tb_str place_code);
/* The calendar of a place role of a case; of the authority's when the role is TB_NO_INDEX. NULL: not loaded. */
const tb_calendar *tb__calendar_of(const tb_case *c, const tb_env *env, uint32_t role);
#endif
