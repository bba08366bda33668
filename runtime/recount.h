/* A case's history stepped again for an answer, a page at a time: read on the reading thread, stepped on the loop, and between two pages the
 * loop serves others. Whatever its length, it takes the memory of a page and of two states.
 *
 * For GET …/history, whose answer may be longer than anybody wants to keep, and for repeats of requests, whose answer is what it was
 * then. Blocking commands (replay, doctor) walk by themselves (walk.h). */
#ifndef TB_RECOUNT_H
#define TB_RECOUNT_H
#include "server_parts.h"
#include "walk.h"

enum {
    TB_RECOUNT_EVENTS = 64,       /* of a page */
    TB_RECOUNT_BYTES = 512 * 1024 /* of their texts, above which a page ends */
};

typedef struct tb_recount {
    /* Given by the caller; unchanged until `done`. */
    tb_server *s;
    tb_str id;     /* the case's number as text */
    int64_t last;  /* leaf of its newest event */
    int64_t until_seq, until_at; /* events after these are left out */
    void *user;
    /* After an event was stepped; `row` and the walk's outcome live until the next one. TB_OK to go on; TB_FAILED, TB_NOMEM: ends, and is handed to
     * `done`. */
    int (*each)(void *user, const tb_event_row *row, const tb_walk *w);
    /* A page was stepped and more follow: tb_recount_go, now or later. */
    void (*page)(void *user);
    /* The end, exactly once, unless tb_recount_drop came first. `store`: a TB_STORE_… other than OK: reading failed. Else `rc`: TB_OK; TB_FAILED: `each`
     * said so, or, when w->why says something, the history cannot be stepped again; TB_NOMEM. Ends with tb_recount_end. */
    void (*done)(void *user, int rc, int store, const tb_walk *w);
    /* Its own. */
    tb_walk w;
    tb_arena *arena, *chain;
    tb_leaf_list leaves; /* newest first */
    uint32_t next;       /* how many have been stepped */
    tb_event_list rows;
    bool walking, reading;
    void (*gone)(void *user); /* dropped while it was being read */
} tb_recount;

/* Begins to read. False: no memory, or the store takes no more; nothing will be called. */
bool tb_recount_begin(tb_recount *x);
void tb_recount_go(tb_recount *x);
void tb_recount_end(tb_recount *x); /* gives its memory back; in `done` */
/* Nobody wants it any more: not from inside `each`. Calls gone(user) when nothing runs for it any more, at once or later; `done` does not come. */
void tb_recount_drop(tb_recount *x, void (*gone)(void *user));
#endif
