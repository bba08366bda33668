/* See cases.h. A hash table with chains and a list in order of use; both grow and shrink with the entries. */
#include "cases.h"
#include <stdlib.h>
#include <string.h>

enum {
    POOL = 512 /* arenas kept for reuse */,
    POOL_BYTES = 256 << 10 /* a larger one is not kept */,
    POOL_SHARE = 16 /* of the cache's bytes, one in so many at most lies in the pool */,
    LOOSE_SHARE = 8 /* and one in so many in states that are not packed */,
    PACKED_AT_ONCE = 2 /* more than one: what was in somebody's hands when its turn came is caught up with */,
    FIRST_BUCKETS = 1024,
    HEADS = 192 /* of the arena, of its block, what malloc keeps beside four pieces, and a place in the table */
};

struct tb_waiter {
    struct tb_waiter *next;
    tb_case_fn *fn;
    void *user;
};

struct tb_cases {
    tb_store *store;
    const tb_registry *registry;
    size_t limit, bytes;
    tb_entry **buckets;
    uint32_t buckets_n, entries;
    tb_entry *newest, *oldest;
    tb_entry *last_made, *first_made; /* the loose ones */
    size_t loose;
    tb_state *pool;
    uint32_t pooled;
    size_t pool_bytes;
    uint64_t hits, misses;
};

/* ---- states ---- */

static size_t state_bytes(const tb_state *s) { return tb_arena_bytes(s->arena) + sizeof *s + HEADS; }

tb_state *tb_state_new(tb_cases *c) {
    tb_state *s = c->pool;
    if (s) {
        c->pool = s->next;
        c->pooled--;
        c->pool_bytes -= state_bytes(s);
        tb_arena *a = s->arena;
        *s = (tb_state){.owner = c, .arena = a, .refs = 1};
        return s;
    }
    s = calloc(1, sizeof *s);
    if (s && !(s->arena = tb_arena_new(NULL, 0))) return free(s), NULL;
    if (s) s->owner = c, s->refs = 1;
    return s;
}

void tb_state_keep(tb_state *s) { s->refs++; }

void tb_state_drop(tb_state *s) {
    if (--s->refs) return;
    tb_cases *c = s->owner;
    size_t bytes = state_bytes(s);
    if (!s->packed && c->pooled < POOL && bytes <= POOL_BYTES && c->pool_bytes + bytes <= c->limit / POOL_SHARE) {
        tb_arena_reset(s->arena);
        s->next = c->pool;
        c->pool = s;
        c->pooled++;
        c->pool_bytes += state_bytes(s);
        return;
    }
    tb_arena_free(s->arena);
    free(s);
}

/* ---- entries ---- */

/* Numbers count up and origins are digests: the low bits of both will do. */
static tb_entry **bucket(const tb_cases *c, int64_t id) { return &c->buckets[(uint64_t)id & (c->buckets_n - 1)]; }

tb_entry *tb_cases_find(tb_cases *c, int64_t id) {
    tb_entry *e = *bucket(c, id);
    while (e && e->id != id) e = e->chain;
    return e;
}

static void unlink_use(tb_cases *c, tb_entry *e) {
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void link_use(tb_cases *c, tb_entry *e) {
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static void link_loose(tb_cases *c, tb_entry *e) {
    e->loose = true;
    e->later = NULL;
    e->earlier = c->last_made;
    *(c->last_made ? &c->last_made->later : &c->first_made) = e;
    c->last_made = e;
    c->loose += e->bytes;
}

static void unlink_loose(tb_cases *c, tb_entry *e) {
    if (!e->loose) return;
    *(e->earlier ? &e->earlier->later : &c->first_made) = e->later;
    *(e->later ? &e->later->earlier : &c->last_made) = e->earlier;
    e->loose = false;
    c->loose -= e->bytes;
}

static void let_state_go(tb_cases *c, tb_entry *e) {
    if (!e->state) return;
    unlink_loose(c, e);
    c->bytes -= e->bytes;
    tb_state_drop(e->state);
    e->state = NULL;
}

/* Out of the table; freed as soon as nobody holds it. */
static void take_out(tb_cases *c, tb_entry *e) {
    tb_entry **at = bucket(c, e->id);
    while (*at != e) at = &(*at)->chain;
    *at = e->chain;
    unlink_use(c, e);
    c->entries--;
    e->dead = true;
    if (!e->pins) {
        let_state_go(c, e);
        free(e);
    }
}

static bool too_much(const tb_cases *c) { return c->bytes + c->pool_bytes > c->limit; }

static void shrink(tb_cases *c) {
    for (tb_entry *e = c->oldest; e && too_much(c);) {
        tb_entry *newer = e->newer;
        if (!e->pins) take_out(c, e);
        e = newer;
    }
}

/* The entry's state, counted at what it takes now. */
static void set_state(tb_cases *c, tb_entry *e, tb_state *s) {
    tb_state_keep(s);
    let_state_go(c, e);
    e->bytes = state_bytes(s) + sizeof *e;
    c->bytes += e->bytes;
    e->state = s;
    if (!s->packed) link_loose(c, e);
}

/* ---- packing ---- */

static tb_state *packed(tb_cases *c, const tb_state *from) {
    tb_state *s = calloc(1, sizeof *s);
    if (!s || !(s->arena = tb_arena_new(NULL, 0))) return free(s), NULL;
    tb_arena_expect(s->arena, tb_case_room(from->c) + tb_arena_room(from->row.keys.n + 1));
    tb_case *k = tb_case_copy(s->arena, from->c);
    tb_str keys = k ? tb_str_copy(s->arena, from->row.keys) : TB_NONE;
    if (!k || keys.n != from->row.keys.n) return tb_arena_free(s->arena), free(s), NULL;
    s->owner = c;
    s->packed = true;
    s->written = from->written;
    s->version = from->version;
    s->c = k;
    s->row = from->row;
    s->row.name = k->id;
    s->row.matter = k->program->matter;
    s->row.state = TB_NONE;
    s->row.keys = keys;
    return s;
}

/* One whose turn it is, but which is in somebody's hands or for which there is no memory, has another turn later. */
static void settle(tb_cases *c) {
    for (int n = 0; n < PACKED_AT_ONCE && c->first_made && c->loose > c->limit / LOOSE_SHARE; n++) {
        tb_entry *e = c->first_made;
        tb_state *s = e->pins || e->state->refs > 1 ? NULL : packed(c, e->state);
        set_state(c, e, s ? s : e->state);
    }
    if (too_much(c)) shrink(c);
}

void tb_entry_pin(tb_entry *e) { e->pins++; }

void tb_entry_unpin(tb_cases *c, tb_entry *e) {
    if (--e->pins) return;
    if (e->dead) {
        let_state_go(c, e);
        free(e);
    } else if (!e->state && e->loaded) {
        take_out(c,
                 e); /* nothing is remembered about cases that do not exist: anybody can ask for any number of them */
    } else {
        if (e->state) set_state(c, e, e->state); /* the answer has been made in its arena meanwhile */
        settle(c);
    }
}

void tb_entry_set(tb_cases *c, tb_entry *e, tb_state *s) { set_state(c, e, s); }

static void grow(tb_cases *c) {
    uint32_t n = c->buckets_n * 2;
    tb_entry **fresh = n ? calloc(n, sizeof *fresh) : NULL;
    if (!fresh) return; /* longer chains, no harm */
    tb_entry **old = c->buckets;
    uint32_t old_n = c->buckets_n;
    c->buckets = fresh;
    c->buckets_n = n;
    for (uint32_t i = 0; i < old_n; i++)
        for (tb_entry *e = old[i], *next; e; e = next) {
            next = e->chain;
            tb_entry **at = bucket(c, e->id);
            e->chain = *at;
            *at = e;
        }
    free(old);
}

static tb_entry *put_in(tb_cases *c, int64_t id) {
    tb_entry *e = calloc(1, sizeof *e);
    if (!e) return NULL;
    if (c->entries >= c->buckets_n) grow(c);
    e->id = id;
    tb_entry **at = bucket(c, id);
    e->chain = *at;
    *at = e;
    link_use(c, e);
    c->entries++;
    return e;
}

void tb_entry_retire(tb_cases *c, tb_entry *e) {
    if (!e->dead) take_out(c, e);
}

void tb_cases_put(tb_cases *c, int64_t id, tb_state *s) {
    tb_entry *e = tb_cases_find(c, id) ? NULL : put_in(c, id);
    if (!e) return; /* no memory: it will be read when it is wanted */
    e->loaded = true;
    e->last_waiter = &e->waiters;
    tb_entry_set(c, e, s);
    settle(c); /* nobody holds it, so nobody lets go of it */
}

/* ---- reading in ---- */

typedef struct reading {
    tb_cases *owner;
    tb_entry *e;
    tb_state *s;
    const char *error;
} reading;

static int read_row(tb_reader *r, void *arg) { /* the reading thread */
    reading *job = arg;
    int64_t id = job->e->id;
    return id < 0 ? tb_read_case_of(r, -id, job->s->arena, &job->s->row)
                  : tb_read_case(r, id, job->s->arena, &job->s->row);
}

static int parse_state(void *arg) {
    reading *job = arg;
    tb_state *s = job->s;
    s->version = tb_registry_version(job->owner->registry, s->row.program);
    s->c = s->version ? tb_case_read(s->arena, s->version->program, s->row.state, &job->error) : NULL;
    s->written = s->row.state.n;
    return s->c ? TB_OK : job->error == tb_case_no_memory ? TB_NOMEM : TB_FAILED;
}

static void tell_waiters(tb_cases *c, tb_entry *e, int result) {
    struct tb_waiter *w = e->waiters;
    e->waiters = NULL;
    e->last_waiter = &e->waiters;
    for (struct tb_waiter *next; w; w = next) {
        next = w->next;
        w->fn(w->user, result == TB_STORE_OK ? e : NULL, result);
        free(w);
    }
    (void)c;
}

static int begin_read(tb_cases *c, tb_entry *e);

static void row_is_here(void *arg, int result) {
    reading *job = arg;
    tb_cases *c = job->owner;
    tb_entry *e = job->e;
    if (e->again) { /* a batch failed meanwhile: what was read may be older than what the store says now */
        e->again = false;
        tb_state_drop(job->s);
        free(job);
        result = begin_read(c, e);
        if (result == TB_STORE_OK) return;
        job = NULL;
    }
    if (job && result == TB_STORE_OK) {
        int rc = tb_try(job->s->arena, parse_state, job);
        if (rc == TB_OK)
            tb_entry_set(c, e, job->s);
        else
            result = rc == TB_NOMEM ? TB_STORE_RETRY : TB_STORE_CORRUPT;
    } else if (result == TB_STORE_NONE) {
        result = TB_STORE_OK;
    }
    e->loaded = true;
    if (job) {
        tb_state_drop(job->s);
        free(job);
    }
    tell_waiters(c, e, result);
    if (result != TB_STORE_OK && !e->dead) take_out(c, e);
    tb_entry_unpin(c, e);
}

/* The entry is pinned until the row is here. A TB_STORE_… result; not OK: nothing was begun. */
static int begin_read(tb_cases *c, tb_entry *e) {
    reading *job = malloc(sizeof *job);
    tb_state *s = job ? tb_state_new(c) : NULL;
    if (!s) return free(job), TB_STORE_RETRY;
    *job = (reading){.owner = c, .e = e, .s = s, .error = ""};
    if (tb_store_read(c->store, read_row, row_is_here, job) == TB_OK) return TB_STORE_OK;
    tb_state_drop(s);
    free(job);
    return TB_STORE_RETRY;
}

void tb_cases_with(tb_cases *c, int64_t id, tb_case_fn *fn, void *user) {
    tb_entry *e = tb_cases_find(c, id);
    if (e && e->loaded) {
        c->hits++;
        if (e != c->newest) {
            unlink_use(c, e);
            link_use(c, e);
        }
        tb_entry_pin(e);
        fn(user, e, TB_STORE_OK);
        tb_entry_unpin(c, e);
        return;
    }
    struct tb_waiter *w = malloc(sizeof *w);
    if (!w) {
        fn(user, NULL, TB_STORE_RETRY);
        return;
    }
    *w = (struct tb_waiter){.fn = fn, .user = user};
    if (e) {
        *e->last_waiter = w;
        e->last_waiter = &w->next;
        return;
    }
    c->misses++;
    e = put_in(c, id);
    if (!e) {
        free(w);
        fn(user, NULL, TB_STORE_RETRY);
        return;
    }
    e->waiters = w;
    e->last_waiter = &w->next;
    e->pins = 1;
    if (begin_read(c, e) == TB_STORE_OK) return;
    e->loaded = true;
    tell_waiters(c, e, TB_STORE_RETRY);
    if (!e->dead) take_out(c, e);
    tb_entry_unpin(c, e);
}

void tb_cases_forget(tb_cases *c) {
    for (tb_entry *e = c->newest, *older; e; e = older) {
        older = e->older;
        if (e->loaded)
            take_out(c, e);
        else
            e->again = true;
    }
}

tb_cases *tb_cases_new(tb_store *store, const tb_registry *registry, size_t bytes) {
    tb_cases *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    *c = (tb_cases){.store = store, .registry = registry, .limit = bytes, .buckets_n = FIRST_BUCKETS};
    c->buckets = calloc(FIRST_BUCKETS, sizeof *c->buckets);
    if (!c->buckets) return free(c), NULL;
    return c;
}

void tb_cases_free(tb_cases *c) {
    if (!c) return;
    while (c->newest) take_out(c, c->newest);
    for (tb_state *s = c->pool, *next; s; s = next) {
        next = s->next;
        tb_arena_free(s->arena);
        free(s);
    }
    free(c->buckets);
    free(c);
}

tb_cases_stats tb_cases_now(const tb_cases *c) { return (tb_cases_stats){c->hits, c->misses, c->bytes + c->pool_bytes, c->loose, c->entries}; }
