/* Timers: what happens by itself, in order, late rather than never (M12).
 *
 * The next due time of each case lies in its row, indexed by the store; in memory there is only one number, a time
 * before which nothing is due. When it comes, the due cases are read in pages and fired one timer at a time in order of
 * due time over all cases; a case whose next timer is due as well goes back into the order. A popped timer derives its
 * due date again before anything is called overdue. Between chunks the loop serves requests. */
#ifndef TB_TIMERS_H
#define TB_TIMERS_H
#include <stdint.h>

typedef struct tb_timers tb_timers;
struct tb_server;

tb_timers *tb_timers_new(struct tb_server *s); /* NULL: no memory */
void tb_timers_free(tb_timers *t);             /* NULL is allowed */
void tb_timers_start(tb_timers *t);            /* looks at the store and begins */
void tb_timers_stop(tb_timers *t);
void tb_timers_due(tb_timers *t, int64_t due); /* a case has become due at that time (TB_NEVER: nothing) */
/* Virtual time: fires everything due at or before `to`, the clock going along, then done(user, fired, result); result
 * is a TB_STORE_… */
typedef void tb_moved_fn(void *user, uint64_t fired, int result);
void tb_timers_move(tb_timers *t, int64_t to, tb_moved_fn *done, void *user);
/* The store's meta that says up to which world (leaf of its load) all due dates have been derived. */
#define TB_META_DERIVED "derived"
/* A new world: derives the due dates of all open cases again, in chunks. */
void tb_timers_rederive(tb_timers *t);
void tb_timers_dropped(tb_timers *t); /* a batch of writes failed */
#endif
