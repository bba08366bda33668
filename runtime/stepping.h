/* Stepping a case through several events into one write: shared by acts of requests (act.c), timers, and what comes back from
 * outside (inject.c). Everything of one such step lies in the arena of its work, which becomes the case's newest state. */
#ifndef TB_STEPPING_H
#define TB_STEPPING_H
#include "server_parts.h"

enum { TB__KEY = 8 /* bytes of a key's hash in the case's row */ };

typedef struct tb__stepping {
    tb_server *s;
    tb_state *work;
    const tb_world *world;
    tb_entry *e;
    const tb_state *base; /* the state before; NULL for a submission */
    const tb_case *now;
    tb_outcome *outcome; /* of the last event accepted */
    tb_str written;      /* its bytes */
    int64_t wall, leaf, id, origin;
    tb_write write;
    tb_buf keys;
} tb__stepping;

/* A new case (e->state NULL) is numbered by the leaf of its first event: cases of one time lie together on disk (store.h). */
void tb__stepping_begin(tb__stepping *g, tb_server *s, tb_state *work, tb_entry *e);
/* Takes an accepted event into the write. `request` may be absent, then `key` is NULL. Under tb_try. */
void tb__stepping_take(tb__stepping *g, const tb_event *ev, tb_outcome *o, const char *kind, tb_str request, const uint8_t *key);
/* Steps up to `most` timers due at or before t (M12). Answers how many, or -1: no memory. Under tb_try. */
int tb__stepping_timers(tb__stepping *g, int64_t t, int most);
/* The rows that follow from the last state. Under tb_try. */
void tb__stepping_rows(tb__stepping *g);
/* Hands the write over; then the work is the case's newest state. A tb_commit_answer. */
int tb__stepping_commit(tb__stepping *g, tb_commit_done done, void *user);
/* To be called first in `done`. */
void tb__stepping_landed(tb__stepping *g);

/* Where a case comes from: who asked and his key, or the case that started it and the key of the call. A repeat finds the case
 * by it, wherever the first answer was lost (DESIGN §5). Never 0. The first under tb_try. */
int64_t tb__origin_of_request(tb_arena *a, const tb_actor *by, tb_str request);
int64_t tb__origin_of_start(tb_str parent, tb_str key);

/* What a case's rows should be: its open tasks, under tb_try; and whether `due` can be its next timer (a bound that was looked at may be put off,
 * up to the next exact due date). */
void tb__task_rows(tb_arena *a, tb_task_list *out, const tb_case *c, const tb_env *env, int64_t id);
bool tb__due_fits(const tb_case *c, const tb_env *env, int64_t due);

/* Into the write: what worlds that came after the case's last event moved of its due dates. Whoever first writes the case after a load lists
 * them, the walk over all cases (timers.c) or an act that is quicker. Under tb_try. */
void tb__put_changes(tb_arena *a, tb_write *w, tb_server *s, const tb_state *base);

/* The hash under which an idempotency key lies in a case's row, and the event that bears it (0: none). */
void tb__hash_key(tb_str request, uint8_t key[TB__KEY]);
int64_t tb__known_key(const tb_state *st, const uint8_t key[TB__KEY]);
/* A text whose length is about known: growing by doubling would leave as much behind in the arena again. */
void tb__open_text(tb_buf *b, tb_arena *a, size_t room);
#endif
