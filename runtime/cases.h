/* The cases in memory: a bounded cache of parsed states, and the arenas in which acts are done.
 *
 * A state (tb_state) is one arena with everything an act made: the parsed case, its row, the rows to be written, the
 * answer. It is counted: the cache holds the newest state of a case, a commit under way holds the one it writes, an
 * answer the one it sends. The last to let go gives the arena back to a pool. So an act copies nothing and, once warm,
 * allocates nothing.
 *
 * What an act leaves in its arena is several times what the case needs. While acts follow each other that is no matter: each
 * frees what the one before took. But a case that rests would hold it for nothing: when such states take more than an eighth of
 * the cache, those least recently made are packed, one for one that comes: copied into an arena of just their size, without the
 * state's text (which the case says again), and the arena goes back to the pool. A case that is acted upon in between is never
 * copied, and a busy server finds warm arenas in its pool instead of asking for new ones.
 *
 * An entry is what the cache knows about one case number. While it is in somebody's hands (pins) or has writes under
 * way (pending) it stays; others are let go, least recently used first, when the states exceed the cache's bytes. A
 * failed batch kills all entries: what they hold may never have happened.
 *
 * A case is also looked for by its origin (hash of who asked and his request key), under the negative of that number:
 * so a request that begins a case and its repeat meet in one entry, before the case has a number and while its first
 * event is on the way to disk. */
#ifndef TB_CASES_H
#define TB_CASES_H
#include "registry.h"
#include "store.h"

typedef struct tb_cases tb_cases;

typedef struct tb_state {
    tb_cases *owner;
    tb_arena *arena;
    uint32_t refs;
    bool packed;
    uint32_t written; /* bytes of the state as text, about: for who writes the next one */
    const tb_version *version;
    const tb_case *c; /* NULL until parsed or stepped */
    tb_case_row row;  /* as stored, or to be stored; `state` is empty in a packed one */
    struct tb_state *next;
} tb_state;

typedef struct tb_entry {
    int64_t id;
    tb_state *state; /* newest, maybe not yet durable; NULL: there is no such case */
    uint32_t pins, pending;
    size_t bytes; /* what the cache counts for it */
    bool loaded, dead, again, loose /* its state is not packed */;
    struct tb_waiter *waiters, **last_waiter;
    struct tb_entry *chain, *newer, *older;
    struct tb_entry *later, *earlier; /* loose ones, in the order their states were made */
} tb_entry;

tb_cases *tb_cases_new(tb_store *store, const tb_registry *registry, size_t bytes);
void tb_cases_free(tb_cases *c); /* after the store was closed; NULL is allowed */

/* Calls fn(user, entry, result) when the case is in memory: at once when it is, else after a read. result: TB_STORE_OK
 * (entry->state NULL when no such case is stored), or what the read failed with (then entry is NULL). The entry stays
 * valid until fn returns; pin it to keep it. */
typedef void tb_case_fn(void *user, tb_entry *e, int result);
void tb_cases_with(tb_cases *c, int64_t id /* or -origin */, tb_case_fn *fn, void *user);
tb_entry *tb_cases_find(tb_cases *c, int64_t id); /* NULL: not in memory now */
void tb_entry_pin(tb_entry *e);
void tb_entry_unpin(tb_cases *c, tb_entry *e);

tb_state *tb_state_new(tb_cases *c); /* one reference, an empty arena; NULL: no memory */
void tb_state_keep(tb_state *s);
void tb_state_drop(tb_state *s);
void tb_entry_set(tb_cases *c, tb_entry *e, tb_state *s); /* s becomes the newest state; takes a reference of its own */

/* An origin's entry whose case is on disk has served. Out of the table, though others hold it yet: whoever asks for it from now on
 * reads the store, and finds the case. (Left in the table without a state it would say that there is no such case.) The caller
 * holds a pin. */
void tb_entry_retire(tb_cases *c, tb_entry *e);
/* A state just made durable, under its number, unless the cache knows that number already. */
void tb_cases_put(tb_cases *c, int64_t id, tb_state *s);

void tb_cases_forget(tb_cases *c); /* everything: a batch failed */

typedef struct tb_cases_stats {
    uint64_t hits, misses;
    size_t bytes; /* of all states and entries, and of the arenas in the pool */
    size_t loose; /* of them, of states not packed */
    uint32_t entries;
} tb_cases_stats;
tb_cases_stats tb_cases_now(const tb_cases *c);
#endif
