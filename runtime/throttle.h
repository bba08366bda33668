/* How often somebody may try and fail: the brake on guessing passwords.
 *
 * Each key (a person, an address) has `free` tries; from then on each failure doubles the wait until the next, from one second up to
 * `longest`. What has been quiet for `forget` is forgotten. A try counts as failed from its beginning, so that a hundred at once
 * are not one; success takes that back.
 *
 * The table is of fixed size: TB_THROTTLE_SETS sets of TB_THROTTLE_WAYS. A full set gives up who failed the longest ago. Keys are
 * hashed with a seed that nobody outside knows, so that nobody can fill the set of his own entry on purpose; and who sprays names to
 * push one out is himself stopped by his address. One thread. */
#ifndef TB_THROTTLE_H
#define TB_THROTTLE_H
#include "arena.h"

enum { TB_THROTTLE_SETS = 512, TB_THROTTLE_WAYS = 8, TB_THROTTLE_SEED = 16 };

typedef struct tb_throttle_entry {
    uint64_t key; /* 0: free */
    int64_t last, until;
    uint32_t failures;
} tb_throttle_entry;
typedef struct tb_throttle {
    uint32_t free;
    int64_t longest, forget; /* ms */
    uint8_t seed[TB_THROTTLE_SEED];
    tb_throttle_entry entries[TB_THROTTLE_SETS][TB_THROTTLE_WAYS];
} tb_throttle;

/* Milliseconds to wait; 0: go on, and the try is counted. */
int64_t tb_throttle_try(tb_throttle *t, tb_str key, int64_t now);
/* That try succeeded: it is not counted; `all`: nor are those before. */
void tb_throttle_succeeded(tb_throttle *t, tb_str key, bool all);
#endif
