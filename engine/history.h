/* Inside the engine: a case whose steps are interrupted. See history.c. */
#ifndef TB_HISTORY_H
#define TB_HISTORY_H
#include "case.h"

/* Of a move into an interrupting step: is the case not interrupted already, and nobody waited for outside? */
bool tb__may_interrupt(const tb_case *c, const tb_move *m, tb_refusal *r);
/* The task was left by an interruption: it is kept, and its limit stands still from that day on. */
void tb__suspend(tb_arena *a, tb_case *c, const tb_task *t, int64_t at);
void tb__pause(tb_arena *a, tb_case *c, uint16_t state, int64_t at); /* its limit alone, when it began meanwhile */
/* Gives the task back; false: none was kept for that state. */
bool tb__resume(tb_arena *a, tb_case *c, uint16_t state, int64_t at);
void tb__pauses_end(tb_case *c, uint32_t def, bool keep, int64_t at);
/* clock.c: what a limit, of a step or a span, stands still for, as days that do not count, from `start` on, in order and apart; more
 * than `room`: there are more. */
uint32_t tb__pauses_of(const tb_case *c, uint32_t def, int32_t start, tb_exclusion *out, uint32_t room);
#endif
