/* What a case asks of others while it runs (run-time half of outside.c): opening a call on entering a step, taking its answer once,
 * telling the parent how a started case ended. */
#ifndef TB_CALLS_H
#define TB_CALLS_H
#include "step.h"

/* Opens the call of `step` for its task: gives it a key and says in `o` what is to be sent. Under tb_try. */
void tb__call_open(tb_arena *a, tb_case *c, tb_outcome *o, tb_task *task, int64_t at);
/* Is the event the answer to the call this task waits for? TB_R_NONE: yes. */
enum tb_refusal_code tb__reply_fits(const tb_case *c, const tb_move *m, const tb_event *e, const tb_task *task);
/* A started case has closed: its parent is told. */
void tb__result_told(tb_arena *a, const tb_case *c, tb_outcome *o, int64_t at);
#endif
