/* See recount.h. */
#include "recount.h"

void tb_recount_end(tb_recount *x) {
    if (x->walking) tb_walk_end(&x->w);
    x->walking = false;
    tb_arena_free(x->arena);
    tb_arena_free(x->chain);
    x->arena = x->chain = NULL;
}

static void finish(tb_recount *x, int rc, int store) {
    x->done(x->user, rc, store, &x->w);
}

typedef struct reading {
    tb_recount *x;
    tb_event_row row;
} reading;

static int push_row(void *arg) {
    reading *r = arg;
    *TB_PUSH(r->x->arena, r->x->rows) = r->row;
    return TB_OK;
}

/* The reading thread. */
static int read_page(tb_reader *r, void *arg) {
    tb_recount *x = arg;
    reading one = {.x = x};
    uint64_t bytes = 0;
    int result = TB_STORE_OK;
    if (!x->leaves.count) result = tb_read_chain(r, x->last, x->chain, &x->leaves);
    for (uint32_t i = x->next; result == TB_STORE_OK && i < x->leaves.count && x->rows.count < TB_RECOUNT_EVENTS && bytes < TB_RECOUNT_BYTES; i++) {
        result = tb_read_event(r, x->leaves.items[x->leaves.count - 1 - i], x->arena, &one.row);
        if (result == TB_STORE_NONE) result = TB_STORE_CORRUPT;
        if (result == TB_STORE_OK && tb_try(x->arena, push_row, &one) != TB_OK) result = TB_STORE_RETRY;
        bytes += one.row.body.n;
    }
    return result;
}

static void page_is_here(void *arg, int store) {
    tb_recount *x = arg;
    x->reading = false;
    if (x->gone) {
        tb_recount_drop(x, x->gone);
        return;
    }
    int rc = TB_OK;
    bool beyond = false;
    for (uint32_t i = 0; store == TB_STORE_OK && rc == TB_OK && i < x->rows.count; i++) {
        const tb_event_row *row = &x->rows.items[i];
        if ((beyond = row->seq > x->until_seq || row->at > x->until_at)) break;
        rc = tb_walk_step(&x->w, row);
        if (rc == TB_OK) rc = x->each(x->user, row, &x->w);
        x->next++;
    }
    if (store != TB_STORE_OK || rc != TB_OK || beyond || x->next == x->leaves.count) finish(x, rc, store);
    else x->page(x->user);
}

static bool read_on(tb_recount *x) {
    tb_arena_reset(x->arena);
    x->rows = (tb_event_list){0};
    return x->reading = tb_store_read(x->s->store, read_page, page_is_here, x) == TB_OK;
}

bool tb_recount_begin(tb_recount *x) {
    x->next = 0;
    x->leaves = (tb_leaf_list){0};
    x->reading = false;
    x->gone = NULL;
    x->arena = tb_arena_new(NULL, 0);
    x->chain = tb_arena_new(NULL, 0);
    x->walking = x->arena && x->chain && tb_walk_begin(&x->w, x->s->registry, x->id, false) == TB_OK;
    if (x->walking && read_on(x)) return true;
    tb_recount_end(x);
    return false;
}

void tb_recount_go(tb_recount *x) {
    if (!read_on(x)) finish(x, TB_OK, TB_STORE_RETRY);
}

void tb_recount_drop(tb_recount *x, void (*gone)(void *user)) {
    x->gone = gone;
    if (x->reading) return;
    tb_recount_end(x);
    gone(x->user);
}
