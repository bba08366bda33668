/* See timers.h.
 *
 *   IDLE ──due came / move──▶ PAGE ──rows──▶ FIRE ──page used up──▶ PAGE …
 *     ▲                        (reader)       │ a chunk is done: let the loop serve requests, then go on
 *     └── NEXT (reader) ◀── SETTLE (commit) ◀─┘ nothing left
 *
 * FIRE works on a heap of (due, case): the page's rows, and cases that have a further timer within the target. As long
 * as its top does not lie behind the last row of the page, no unread row can come before it, so the order over all
 * cases is right across pages.
 *
 * SETTLE waits until all that was fired is on disk before NEXT asks the store what is due next, so that nothing is seen
 * twice.
 *
 * Re-deriving (a new calendar) walks over the cases in pages of their numbers, compares the due dates of running clocks
 * under one world with those under the next, and writes rows where they differ, and what it moved (tb_change_row). World
 * after world, so that what each load moved is listed even if the next one comes at once. How far it has come lies in the
 * store (meta "derived"), so a server stopped in the middle begins that world again, as the walk does when a batch fails on the
 * way; what is listed already stays. */
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 256,          /* due rows read at once */
    CHUNK = 64,          /* timers fired, or cases derived, between two turns of the loop */
    RETRY_MS = 1000,     /* after the store or memory failed */
    FULL_MS = 5,         /* when too many writes wait already */
    LONGEST_MS = 3600000 /* the wall clock may be set: look at it at least hourly */
};

enum phase { IDLE, READ_PAGE, FIRE, SETTLE, READ_NEXT, STOPPED };

struct tb_timers {
    tb_server *s;
    tb_io_timer *ring, *derive_ring;
    enum phase phase;
    int64_t next;       /* nothing is due before */
    int64_t target;     /* of this pass */
    bool failed;        /* something could not be fired in this pass: again later */
    bool in_pump, more; /* more pages may follow */
    tb_due_row cursor, top;
    tb_arena *arena; /* of the page */
    tb_due_list page;
    int64_t read_due;
    tb_due_row *heap;
    uint32_t heap_n, heap_room;
    uint64_t fired;
    tb_moved_fn *moved; /* a move is wanted or under way */
    void *moved_user;
    int64_t move_to;
    bool moving;
    /* re-deriving */
    bool deriving, derive_again, in_derive;
    bool lost; /* a batch failed meanwhile, perhaps with rows of this walk: begin again */
    int64_t derive_id; /* the case in hand */
    const tb_world *from, *to;
    int64_t after;
    struct {
        int64_t ids[CHUNK];
        uint32_t n, i;
        bool last;
    } cases;
    tb_arena *derive_arena;
    tb_str derived_text;
    tb_write derived_write;
    char leaf_text[24];
};

static void pump(tb_timers *t);
static void arm(tb_timers *t);
static void derive_on(tb_timers *t);

/* ---- the heap ---- */

static bool before(tb_due_row a, tb_due_row b) { return a.due != b.due ? a.due < b.due : a.case_id < b.case_id; }

static bool push(tb_timers *t, tb_due_row row) {
    if (t->heap_n == t->heap_room) {
        uint32_t room = t->heap_room ? t->heap_room * 2 : PAGE;
        tb_due_row *bigger = realloc(t->heap, room * sizeof *bigger);
        if (!bigger) return false;
        t->heap = bigger;
        t->heap_room = room;
    }
    uint32_t i = t->heap_n++;
    for (; i > 0 && before(row, t->heap[(i - 1) / 2]); i = (i - 1) / 2) t->heap[i] = t->heap[(i - 1) / 2];
    t->heap[i] = row;
    return true;
}

static tb_due_row pop(tb_timers *t) {
    tb_due_row top = t->heap[0], last = t->heap[--t->heap_n];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < t->heap_n; i = child) {
        if (child + 1 < t->heap_n && before(t->heap[child + 1], t->heap[child])) child++;
        if (!before(t->heap[child], last)) break;
        t->heap[i] = t->heap[child];
    }
    t->heap[i] = last;
    return top;
}

/* ---- a pass ---- */

static void pass_failed(tb_timers *t) {
    t->failed = true;
    t->heap_n = 0;
    t->more = false;
}

static int read_page(tb_reader *r, void *arg) {
    tb_timers *t = arg;
    return tb_read_due(r, t->target, t->cursor, PAGE, t->arena, &t->page);
}

static void page_is_here(void *arg, int result) {
    tb_timers *t = arg;
    if (t->phase == STOPPED) return;
    t->phase = FIRE;
    if (result != TB_STORE_OK)
        pass_failed(t);
    else {
        t->more = t->page.count == PAGE;
        for (uint32_t i = 0; i < t->page.count; i++) {
            t->cursor = t->page.items[i];
            if (!push(t, t->cursor)) pass_failed(t);
        }
    }
    pump(t);
}

static void ask_page(tb_timers *t) {
    t->phase = READ_PAGE;
    tb_arena_reset(t->arena);
    if (tb_store_read(t->s->store, read_page, page_is_here, t) == TB_OK) return;
    t->phase = FIRE;
    pass_failed(t);
}

static void begin_pass(tb_timers *t, int64_t target) {
    t->target = target;
    t->heap_n = 0;
    t->failed = false;
    t->cursor = (tb_due_row){INT64_MIN, 0};
    t->more = true;
    ask_page(t);
    if (t->phase == FIRE) pump(t);
}

static int next_of_store(tb_reader *r, void *arg) { return tb_read_next_due(r, &((tb_timers *)arg)->read_due); }

static void end_move(tb_timers *t, int result) {
    tb_moved_fn *fn = t->moved;
    t->moved = NULL;
    t->moving = false;
    if (fn) fn(t->moved_user, t->fired, result);
}

static void next_is_here(void *arg, int result) {
    tb_timers *t = arg;
    if (t->phase == STOPPED) return;
    t->phase = IDLE;
    if (result != TB_STORE_OK)
        t->failed = true;
    else if (t->read_due < t->next)
        t->next = t->read_due;
    if (t->moving && t->failed)
        end_move(t, TB_STORE_RETRY);
    else if (t->moving && t->next > t->move_to) {
        if (t->s->clock < t->move_to) t->s->clock = t->move_to;
        end_move(t, TB_STORE_OK);
    }
    arm(t);
}

static void settled(void *user, int result) {
    tb_timers *t = user;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK) t->failed = true;
    t->phase = READ_NEXT;
    if (tb_store_read(t->s->store, next_of_store, next_is_here, t) != TB_OK) next_is_here(t, TB_STORE_RETRY);
}

static void end_pass(tb_timers *t) {
    t->phase = SETTLE;
    t->next = TB_NEVER;
    if (tb_commit_barrier(t->s->commit, settled, t) != TB_COMMIT_OK) settled(t, TB_STORE_RETRY);
}

/* The clock was set back since the pass began, and what was due then is not yet. */
static bool is_early(const tb_timers *t) {
    int64_t now = tb__now(t->s);
    if (now < t->s->wall) now = t->s->wall; /* as events bear it */
    return !t->moving && t->top.due > now;
}

/* One case has come to the top. */
static void on_case(void *user, tb_entry *e, int result) {
    tb_timers *t = user;
    tb_server *s = t->s;
    int answer = TB_COMMIT_OK;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK) {
        t->failed = true;
    } else if (e->state) {
        if (t->moving && s->clock < t->top.due) s->clock = t->top.due;
        const tb_env *env = &tb_registry_world(s->registry)->env;
        int64_t due = tb__due_of(e->state->c, env, tb__now(s));
        bool early = is_early(t); /* stays for another pass */
        int n = due <= t->top.due && !early ? tb__fire(s, e, t->top.due, 1, &answer) : 0;
        if (n > 0) t->fired++;
        if (n == 0 && !early && e->state->row.due <= t->top.due)
            n = tb__rearm(s, e, &answer); /* a bound was reached, or the calendar has moved it */
        if (n < 0) {
            /* Too much waits already: this one again a little later. `top` stays set, so that pump() is left. */
            if (answer == TB_COMMIT_FULL && push(t, t->top)) {
                tb_io_timer_set(t->ring, FULL_MS);
                return;
            }
            t->failed = true;
        } else if (e->state->row.due <= t->top.due && n == 1 && due > t->top.due) {
            t->failed = true; /* written anew and still due, yet nothing could be fired: do not spin */
        } else if (!early && e->state->row.due <= t->target && !push(t, (tb_due_row){e->state->row.due, e->id})) {
            t->failed = true;
        }
    }
    t->top.case_id = 0; /* done with it */
    if (!t->in_pump) pump(t);
}

static void pump(tb_timers *t) {
    for (int chunk = 0; t->phase == FIRE; chunk++) {
        if (t->heap_n == 0 && !t->more) {
            end_pass(t);
            return;
        }
        if (t->more && (t->heap_n == 0 || before(t->cursor, t->heap[0]))) {
            ask_page(t);
            if (t->phase == READ_PAGE) return;
            continue;
        }
        if (chunk == CHUNK) {
            tb_io_timer_set(t->ring, 0);
            return;
        }
        t->top = pop(t);
        t->in_pump = true;
        tb_cases_with(t->s->cases, t->top.case_id, on_case, t);
        t->in_pump = false;
        if (t->top.case_id) return; /* on its way; on_case goes on */
    }
}

static void arm(tb_timers *t) {
    int64_t now = tb__now(t->s);
    if (t->phase != IDLE) return;
    if (t->failed) {
        t->next = INT64_MIN;
        t->failed = false;
        tb_io_timer_set(t->ring, RETRY_MS);
        return;
    }
    if (t->moved && !t->moving) {
        t->moving = true;
        t->fired = 0;
    }
    if (t->moving) {
        begin_pass(t, t->move_to);
        return;
    }
    if (t->next <= now) {
        begin_pass(t, now);
        return;
    }
    if (t->next == TB_NEVER || t->s->o.test_clock) return;
    int64_t delay = t->next - now;
    tb_io_timer_set(t->ring, delay < LONGEST_MS ? delay : LONGEST_MS);
}

static void ring(void *arg) {
    tb_timers *t = arg;
    if (t->phase == FIRE)
        pump(t);
    else
        arm(t);
}

void tb_timers_due(tb_timers *t, int64_t due) {
    if (due >= t->next) return;
    t->next = due;
    int64_t delay = due - tb__now(t->s);
    if (t->phase != IDLE || (t->s->o.test_clock && delay > 0)) return;
    tb_io_timer_set(t->ring, delay < 0 ? 0 : delay < LONGEST_MS ? delay : LONGEST_MS);
}

void tb_timers_move(tb_timers *t, int64_t to, tb_moved_fn *done, void *user) {
    t->moved = done;
    t->moved_user = user;
    t->move_to = to;
    if (t->phase == IDLE)
        arm(t);
    else if (t->phase == STOPPED)
        end_move(t, TB_STORE_RETRY);
}

void tb_timers_start(tb_timers *t) {
    t->phase = IDLE;
    t->next = INT64_MIN; /* the first pass finds out */
    arm(t);
    tb_timers_rederive(t);
}

void tb_timers_stop(tb_timers *t) {
    tb_io_timer_clear(t->ring);
    tb_io_timer_clear(t->derive_ring);
    t->phase = STOPPED;
    if (t->moved) end_move(t, TB_STORE_RETRY);
}

/* ---- deriving anew ---- */

#define META_DERIVED TB_STR(TB_META_DERIVED)

static void derive_later(tb_timers *t) {
    t->deriving = false;
    t->derive_again = true;
    tb_io_timer_set(t->derive_ring, RETRY_MS);
}

static void derived(void *user, int result) {
    tb_timers *t = user;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK) {
        derive_later(t);
        return;
    }
    t->deriving = false;
    if (tb_registry_world(t->s->registry) != t->to) t->derive_again = true;
    if (t->derive_again) tb_timers_rederive(t);
}

/* All cases are written, or on their way before this in the same queue; unless a batch failed, and they with it. */
static void write_derived(tb_timers *t) {
    if (t->lost) {
        derive_later(t);
        return;
    }
    tb_arena_reset(t->derive_arena);
    t->derived_write = (tb_write){0};
    tb_meta_row *m = TB_PUSH(t->derive_arena, t->derived_write.meta);
    if (!m) {
        derive_later(t);
        return;
    }
    snprintf(t->leaf_text, sizeof t->leaf_text, "%lld", (long long)t->to->leaf);
    *m = (tb_meta_row){META_DERIVED, tb_str_z(t->leaf_text)};
    if (tb_commit_add(t->s->commit, &t->derived_write, derived, t) != TB_COMMIT_OK) derive_later(t);
}

/* Has the case ended? Its state is canonical (M6), so one look over the bytes tells: is there an outcome, outside of
 * texts and of inner objects? */
static bool is_closed(tb_str state) {
    static const char member[] = "\"outcome\":";
    const uint32_t length = sizeof member - 1;
    int depth = 0;
    for (uint32_t i = 0; i < state.n; i++) {
        char c = state.p[i];
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c != '"') continue;
        if (depth == 1 && state.n - i > length && memcmp(state.p + i, member, length) == 0) return true;
        for (i++; i < state.n && state.p[i] != '"'; i++) i += state.p[i] == '\\';
    }
    return false;
}

/* Closed cases have nothing to move. One that waits for no timer may: what is overdue and goes on shows its due date
 * among the tasks. */
static int take_case(void *user, const tb_case_row *row) {
    tb_timers *t = user;
    t->after = row->id;
    if (row->due != TB_NEVER || !is_closed(row->state)) t->cases.ids[t->cases.n++] = row->id;
    t->cases.last = false;
    return t->cases.n == CHUNK;
}

static int read_cases(tb_reader *r, void *arg) {
    tb_timers *t = arg;
    t->cases.n = t->cases.i = 0;
    t->cases.last = true;
    return tb_scan_cases(r, t->after, CHUNK, take_case, t);
}

static void cases_are_here(void *arg, int result) {
    tb_timers *t = arg;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK)
        derive_later(t);
    else
        derive_on(t);
}

static bool moved(const tb_case *c, const tb_world *from, const tb_world *to) {
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->to != TB_NO_TIME) continue;
        tb_due a = tb_clock_due(c, &from->env, r), b = tb_clock_due(c, &to->env, r);
        if (a.kind != b.kind || a.at != b.at) return true;
        for (uint32_t k = 0; k < c->program->alerts.count; k++) { /* the days before may have moved, and it not */
            const tb_alert_def *alert = &c->program->alerts.items[k];
            if (alert->clock != r->def || (r->alerted >> alert->slot & 1)) continue;
            a = tb_alert_due(c, &from->env, r, alert), b = tb_alert_due(c, &to->env, r, alert);
            if (a.kind != b.kind || a.at != b.at) return true;
        }
    }
    return false;
}

static void derive_case(void *user, tb_entry *e, int result) {
    tb_timers *t = user;
    int answer = TB_COMMIT_OK;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK) {
        derive_later(t);
        return;
    }
    if (e->state && (!t->from || moved(e->state->c, t->from, t->to)) && tb__rearm(t->s, e, &answer) < 0) {
        t->cases.i--; /* this one again, when there is room */
        if (answer == TB_COMMIT_FULL)
            tb_io_timer_set(t->derive_ring, FULL_MS);
        else
            derive_later(t);
        return;
    }
    t->derive_id = 0;
    if (!t->in_derive) derive_on(t);
}

static void derive_on(tb_timers *t) {
    while (t->cases.i < t->cases.n) {
        t->derive_id = t->cases.ids[t->cases.i++];
        t->in_derive = true;
        tb_cases_with(t->s->cases, t->derive_id, derive_case, t);
        t->in_derive = false;
        if (!t->deriving || t->derive_id) return; /* given up, being read, or waiting for room: whoever comes goes on */
    }
    if (t->cases.last)
        write_derived(t);
    else
        tb_io_timer_set(t->derive_ring, 0); /* the next chunk after the loop has had its turn */
}

static void derive_ring(void *arg) {
    tb_timers *t = arg;
    if (!t->deriving) {
        tb_timers_rederive(t);
        return;
    }
    if (t->cases.i < t->cases.n) {
        derive_on(t);
        return;
    }
    if (tb_store_read(t->s->store, read_cases, cases_are_here, t) != TB_OK) derive_later(t);
}

static int read_derived(tb_reader *r, void *arg) {
    tb_timers *t = arg;
    int rc = tb_read_meta(r, META_DERIVED, t->derive_arena, &t->derived_text);
    if (rc == TB_STORE_NONE) t->derived_text = TB_STR("0");
    return rc == TB_STORE_NONE ? TB_STORE_OK : rc;
}

static void derived_is_here(void *arg, int result) {
    tb_timers *t = arg;
    if (t->phase == STOPPED) return;
    if (result != TB_STORE_OK) {
        derive_later(t);
        return;
    }
    int64_t leaf = 0;
    for (uint32_t i = 0; i < t->derived_text.n; i++) leaf = leaf * 10 + (t->derived_text.p[i] - '0');
    t->to = tb_registry_world_after(t->s->registry, leaf);
    t->from = tb_registry_world_at(t->s->registry, leaf);
    if (!t->to) {
        t->deriving = false;
        return;
    }
    t->after = 0;
    t->cases.n = t->cases.i = 0;
    t->cases.last = false;
    derive_ring(t);
}

void tb_timers_rederive(tb_timers *t) {
    if (t->phase == STOPPED) return;
    if (t->deriving) {
        t->derive_again = true;
        return;
    }
    t->derive_again = t->lost = false;
    t->deriving = true;
    tb_arena_reset(t->derive_arena);
    if (tb_store_read(t->s->store, read_derived, derived_is_here, t) != TB_OK) derive_later(t);
}

void tb_timers_dropped(tb_timers *t) { t->lost = true; }

tb_timers *tb_timers_new(tb_server *s) {
    tb_timers *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->s = s;
    t->phase = STOPPED;
    t->next = TB_NEVER;
    t->ring = tb_io_timer_new(s->io, ring, t);
    t->derive_ring = tb_io_timer_new(s->io, derive_ring, t);
    t->arena = tb_arena_new(NULL, 0);
    t->derive_arena = tb_arena_new(NULL, 0);
    if (t->ring && t->derive_ring && t->arena && t->derive_arena) return t;
    tb_timers_free(t);
    return NULL;
}

void tb_timers_free(tb_timers *t) {
    if (!t) return;
    tb_io_timer_free(t->ring);
    tb_io_timer_free(t->derive_ring);
    tb_arena_free(t->arena);
    tb_arena_free(t->derive_arena);
    free(t->heap);
    free(t);
}
