/* Inside the engine: a step that stands still with the case it waits for. See along.c. All under tb_try. */
#ifndef TB_ALONG_H
#define TB_ALONG_H
#include "case.h"

struct work;
/* Is the message about a stop that is new, or one that goes on, to this task? A late or repeated one is not. */
bool tb__along_fits(const tb_case *c, const tb_move *m, const tb_event *e, const tb_task *task);
bool tb__along_says(tb_str key);                    /* of the input of such a message */
void tb__along(struct work *w, enum tb_along what); /* the effect of such a message */
/* The time of a started case stands still, or goes on: by the entry of that number in its state; whoever waits is told. */
void tb__stop_told(tb_arena *a, const tb_case *c, tb_outcome *o, uint32_t stopped, int64_t at);
#endif
