/* Walking a case's history again: its events, stepped one after the other as they were recorded, by the program and in
 * the world recorded.
 *
 * Used by the audit (replay.h), by GET …/history, and for the answer of a repeated request, which is recomputed and
 * never stored. Two arenas take turns, so that a case of ten thousand events takes the memory of two. Blocking and
 * pure: any thread that may read the registry. */
#ifndef TB_WALK_H
#define TB_WALK_H
#include "registry.h"

typedef struct tb_walk {
    const tb_registry *registry;
    tb_arena *arenas[2];
    int turn; /* the arena of `state` */
    const tb_version *version;
    const tb_world *world;     /* of the last event */
    tb_str id;                 /* of the case, as text */
    const tb_case *state;      /* after the last event; NULL before the first */
    const tb_outcome *outcome; /* of the last event; refused: it differs from what was recorded */
    tb_event event;            /* the last, as read */
    tb_str written;            /* its outcome's bytes, when digests are wanted */
    bool digests;
    char why[512]; /* after a failure: what differs, with values; Chinese */
} tb_walk;

int tb_walk_begin(tb_walk *w, const tb_registry *r, tb_str id,
                  bool digests); /* TB_OK or TB_NOMEM; `id` must outlive the walk */
/* The next event of the chain, oldest first. TB_OK; TB_FAILED: it cannot be stepped, is refused, or (digests) has
 * another outcome than recorded; TB_NOMEM. After the last two the walk is at an end. */
int tb_walk_step(tb_walk *w, const tb_event_row *row);
void tb_walk_again(tb_walk *w, tb_str id); /* another case with the same arenas */
void tb_walk_end(tb_walk *w);

/* Where in the outcome's bytes the state begins: it is their last member, so that it need not be written twice. */
tb_str tb_state_in(tb_str outcome);
#endif
