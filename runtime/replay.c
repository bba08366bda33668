/* See replay.h. Cases are taken in pages of their numbers, and of each the chain of its events is read, oldest first
 * after turning it round: a case is wholly replayed before the next one begins, so memory does not grow with the
 * database. */
#include "replay.h"
#include "digest.h"
#include "server_parts.h"
#include "walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 256, EVENTS_PAGE = 4096, PROGRESS = 1000 };

typedef struct replaying {
    const tb_replay_options *o;
    tb_replay_result *r;
    tb_reader *reader;
    tb_registry *registry;
    tb_walk walk;
    tb_arena *page_arena, *case_arena;
    TB_LIST(tb_case_row) page;
    tb_store_tail tail; /* events up to here are checked as a whole */
    int64_t only, counted, next_leaf;
    int rc; /* of a scan's callback */
} replaying;

static int differ(replaying *x, const char *case_id, int64_t seq, int64_t leaf, const char *what) {
    x->r->differs = true;
    snprintf(x->r->case_id, sizeof x->r->case_id, "%s", case_id);
    x->r->seq = seq;
    x->r->leaf = leaf;
    snprintf(x->r->what, sizeof x->r->what, "%s", what);
    return TB_FAILED;
}

/* Where two states part: a little of both from a bit before. */
static int states_differ(replaying *x, const tb_case_row *row, tb_str got) {
    char what[900];
    uint32_t at = 0;
    while (at < got.n && at < row->state.n && got.p[at] == row->state.p[at]) at++;
    uint32_t from = at > 40 ? at - 40 : 0;
    int n = (int)(got.n - from < 160 ? got.n - from : 160),
        m = (int)(row->state.n - from < 160 ? row->state.n - from : 160);
    snprintf(what, sizeof what, "最后状态从第 %u 字节起不同：记录 …%.*s…，重演 …%.*s…", at, m < 0 ? 0 : m,
             row->state.p + from, n < 0 ? 0 : n, got.p + from);
    return differ(x, x->walk.id.p, row->seq, row->last, what);
}

static int keep_state(replaying *x) {
    tb_str state = x->walk.digests ? tb_state_in(x->walk.written) : TB_NONE;
    x->r->state = malloc((size_t)state.n + 1);
    if (!x->r->state) return TB_NOMEM;
    memcpy(x->r->state, state.p, state.n);
    x->r->state[state.n] = '\0';
    x->r->state_seq = x->walk.state->seq;
    x->r->state_at = x->walk.state->at;
    return TB_OK;
}

static int replay_case(replaying *x, const tb_case_row *row) {
    char name[TB_CASE_NAME + 1];
    tb_event_list chain;
    tb__case_name(row->id, name);
    tb_arena_reset(x->case_arena);
    tb_walk_again(&x->walk, tb_str_z(name));
    if (tb_read_history(x->reader, row->last, 0, x->case_arena, &chain) != TB_STORE_OK)
        return differ(x, name, row->seq, row->last, tb_reader_why(x->reader));
    if (chain.count == 0 || chain.items[0].seq != row->seq || chain.items[0].case_id != row->id)
        return differ(x, name, row->seq, row->last, "办件行指向的最后事件不是它的");
    bool whole = true;
    for (uint32_t i = chain.count; i-- > 0;) {
        const tb_event_row *e = &chain.items[i];
        if (e->leaf <= x->tail.leaf) x->counted++;
        if (e->at > x->o->until || (x->o->seq && e->seq > x->o->seq)) {
            whole = false;
            continue;
        }
        int rc = tb_walk_step(&x->walk, e);
        if (rc == TB_NOMEM) return rc;
        if (rc) return differ(x, name, e->seq, e->leaf, x->walk.why);
        x->r->events++;
    }
    x->r->cases++;
    if (x->o->state && x->walk.state) {
        int rc = keep_state(x);
        if (rc) return rc;
    }
    if (!whole) return TB_OK;
    tb_str got = tb_state_in(x->walk.written);
    if (!tb_str_eq(got, row->state)) return states_differ(x, row, got);
    x->r->states++;
    return TB_OK;
}

typedef struct copy {
    replaying *x;
    const tb_case_row *row;
} copy;

static int copy_row(void *arg) {
    copy *c = arg;
    tb_case_row *to = TB_PUSH(c->x->page_arena, c->x->page);
    *to = *c->row;
    to->state = tb_str_copy(c->x->page_arena, c->row->state);
    return TB_OK;
}

static int take_case(void *user, const tb_case_row *row) {
    replaying *x = user;
    x->rc = tb_try(x->page_arena, copy_row, &(copy){x, row});
    return x->rc;
}

static int replay_all(replaying *x) {
    int64_t after = 0;
    int rc = TB_OK;
    do {
        tb_arena_reset(x->page_arena);
        memset(&x->page, 0, sizeof x->page);
        if (tb_scan_cases(x->reader, after, PAGE, take_case, x) != TB_STORE_OK)
            return differ(x, "", 0, 0, tb_reader_why(x->reader));
        if (x->rc) return x->rc;
        /* One view of the database a page: each read alone would lock and unlock the file. */
        if (tb_reader_begin(x->reader) != TB_STORE_OK) return differ(x, "", 0, 0, tb_reader_why(x->reader));
        for (uint32_t i = 0; i < x->page.count && rc == TB_OK; i++) {
            rc = replay_case(x, &x->page.items[i]);
            after = x->page.items[i].id;
        }
        tb_reader_end(x->reader);
        if (x->o->progress && x->page.count) x->o->progress(x->o->user, x->r->cases, x->r->events);
    } while (rc == TB_OK && x->page.count == PAGE);
    return rc;
}

/* The partition's own events belong to no chain: a load's outcome is its manifest, an attachment's and an order's their body. */
static int take_event(void *user, const tb_event_row *row) {
    replaying *x = user;
    uint8_t digest[32];
    if (row->leaf > x->tail.leaf) return 1;
    if (row->leaf != x->next_leaf) return x->rc = differ(x, "", row->seq, row->leaf, "事件编号不连续"), 1;
    x->next_leaf++;
    if (row->case_id) return 0;
    x->counted++;
    bool order = tb_str_is(row->kind, "outbox") || tb_str_is(row->kind, "repair") || tb_str_is(row->kind, "account"); /* an operator's */
    if (!order && !tb_str_is(row->kind, "attachment")) return 0;
    tb_sm3(row->body.p, row->body.n, digest);
    if (memcmp(digest, row->outcome, 32) != 0)
        return x->rc = differ(x, "", row->seq, row->leaf, order ? "操作员的事件的摘要不同" : "附件事件的摘要不同"), 1;
    return 0;
}

static int check_whole(replaying *x) {
    char what[200];
    x->next_leaf = 1;
    while (x->rc == TB_OK && x->next_leaf <= x->tail.leaf) {
        int64_t from = x->next_leaf;
        if (tb_scan_events(x->reader, from, EVENTS_PAGE, take_event, x) != TB_STORE_OK)
            return differ(x, "", 0, from, tb_reader_why(x->reader));
        if (x->rc == TB_OK && x->next_leaf == from) return differ(x, "", 0, from, "事件记录有缺失");
    }
    if (x->rc) return x->rc;
    if (x->counted == x->tail.leaf) return TB_OK;
    snprintf(what, sizeof what, "共有 %lld 个事件，属于办件和装载的只有 %lld 个", (long long)x->tail.leaf,
             (long long)x->counted);
    return differ(x, "", 0, 0, what);
}

static int take_load(void *user, const tb_load_row *row) {
    (void)row;
    ((replaying *)user)->r->loads++;
    return 0;
}

static int run(replaying *x, char *why, size_t room) {
    if (tb_registry_open(x->registry, x->reader, why, room) != TB_OK) return TB_LIMIT;
    if (tb_scan_loads(x->reader, 0, 0, take_load, x) != TB_STORE_OK ||
        tb_read_tail(x->reader, &x->tail) != TB_STORE_OK) {
        snprintf(why, room, "%s", tb_reader_why(x->reader));
        return TB_LIMIT;
    }
    if (!x->only) {
        int rc = replay_all(x);
        return rc == TB_OK ? check_whole(x) : rc;
    }
    tb_case_row row;
    int rc = tb_read_case(x->reader, x->only, x->page_arena, &row);
    if (rc == TB_STORE_OK) return replay_case(x, &row);
    snprintf(why, room,
             rc != TB_STORE_NONE        ? "%s"
             : x->o->lang == TB_LANG_EN ? "there is no case %s"
                                        : "没有办件“%s”",
             rc != TB_STORE_NONE ? tb_reader_why(x->reader) : x->o->case_id);
    return TB_LIMIT;
}

int tb_replay(const tb_replay_options *o, tb_replay_result *r, char *why, size_t room) {
    bool english = o->lang == TB_LANG_EN;
    replaying x = {.o = o, .r = r};
    tb_store *store = NULL;
    tb_store_error error;
    *r = (tb_replay_result){0};
    if (o->case_id && !tb__case_number(tb_str_z(o->case_id), &x.only)) {
        snprintf(why, room,
                 english ? "%s is not a case number (13 letters and digits)" : "“%s”不是办件号（13 位字母和数字）",
                 o->case_id);
        return TB_FAILED;
    }
    tb_store_options options = {.read_only = true, .english = english};
    if (tb_store_open_sqlite(o->db, &options, &store, &error) != TB_OK) {
        snprintf(why, room, "%s", error.text);
        return TB_FAILED;
    }
    x.reader = tb_reader_open(store);
    x.registry = tb_registry_new();
    x.page_arena = tb_arena_new(NULL, 0);
    x.case_arena = tb_arena_new(NULL, 0);
    int rc = TB_NOMEM;
    if (x.reader && x.registry && x.page_arena && x.case_arena &&
        tb_walk_begin(&x.walk, x.registry, TB_NONE, true) == TB_OK) {
        rc = run(&x, why, room);
        tb_walk_end(&x.walk);
    }
    if (rc == TB_NOMEM) snprintf(why, room, english ? "out of memory" : "内存不足");
    tb_arena_free(x.page_arena);
    tb_arena_free(x.case_arena);
    tb_registry_free(x.registry);
    tb_reader_close(x.reader);
    tb_store_close(store);
    return rc == TB_OK || (rc == TB_FAILED && r->differs) ? TB_OK : TB_FAILED;
}
