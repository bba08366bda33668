/* See feed.h. */
#include "feed.h"
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct follower {
    struct follower *next;
    tb_feed *feed;
    tb_http_request *req;
    int64_t after;   /* all up to this leaf has been told, or was not for him */
    int64_t told;    /* the last id he was sent */
    int64_t case_id; /* 0: all */
    char *matter;    /* NULL: all */
} follower;

typedef struct news { /* one event, in the page's arena */
    int64_t leaf, case_id, seq, at, program;
    tb_str kind, name;
    tb_str matter, frame;
} news;

struct tb_feed {
    tb_server *s;
    follower *first; /* whose turn it is */
    int followers;
    tb_io_timer *pace, *beat;
    bool reading, pacing;
    int64_t from; /* of the page */
    uint32_t limit;
    tb_arena *arena, *scratch; /* the reading thread's while it reads */
    TB_LIST(news) page;
};

/* ---- reading: on the store's reading thread ---- */

typedef struct taking {
    tb_feed *f;
    const tb_event_row *row;
} taking;

static int take(void *arg) {
    taking *t = arg;
    tb_feed *f = t->f;
    news *n = TB_PUSH(f->arena, f->page);
    *n = (news){.leaf = t->row->leaf, .case_id = t->row->case_id, .seq = t->row->seq, .at = t->row->at, .program = t->row->program};
    n->kind = tb_str_copy(f->arena, t->row->kind);
    tb_event e;
    int rc = n->case_id ? tb_event_read(f->scratch, t->row->body, &e) : TB_FAILED;
    if (rc == TB_NOMEM) return rc;
    if (rc == TB_OK)
        n->name = tb_str_copy(f->arena, e.kind == TB_EV_ACT ? e.act : e.kind == TB_EV_TIMER ? e.timer : e.mode);
    return TB_OK;
}

static int try_take(void *arg) { return tb_try(((taking *)arg)->f->arena, take, arg); }

static int each_row(void *user, const tb_event_row *row) {
    tb_feed *f = user;
    taking t = {f, row};
    tb_arena_reset(f->scratch);
    return tb_try(f->scratch, try_take, &t);
}

static int read_page(tb_reader *r, void *arg) {
    tb_feed *f = arg;
    return tb_scan_events(r, f->from, f->limit, each_row, f);
}

/* ---- telling ---- */

static int write_frames(void *arg) {
    tb_feed *f = arg;
    for (uint32_t i = 0; i < f->page.count; i++) {
        news *n = &f->page.items[i];
        const tb_version *v = n->program ? tb_registry_version(f->s->registry, n->program) : NULL;
        tb_buf b;
        tb_buf_init(&b, f->arena);
        if (v) n->matter = v->program->matter;
        tb_putf(&b, "id: %lld\nevent: %.*s\ndata: {\"leaf\":%lld", (long long)n->leaf, TB_FMT(n->kind), (long long)n->leaf);
        if (n->case_id) {
            char name[TB_CASE_NAME + 1];
            tb__case_name(n->case_id, name);
            tb_putf(&b, ",\"case\":\"%s\",\"seq\":%lld,\"matter\":", name, (long long)n->seq);
            tb_json_put_text(&b, n->matter); /* JSON holds no line end: a frame's lines are its own */
            tb_puts(&b, ",\"name\":");
            tb_json_put_text(&b, n->name);
        }
        tb_puts(&b, ",\"kind\":");
        tb_json_put_text(&b, n->kind);
        tb_puts(&b, ",\"at\":");
        tb__put_time(&b, n->at);
        tb_puts(&b, "}\n\n");
        n->frame = tb_buf_str(&b);
    }
    return TB_OK;
}

static bool wants(const follower *w, const news *n) {
    return (!w->case_id || w->case_id == n->case_id) && (!w->matter || tb_str_is(n->matter, w->matter));
}

typedef struct telling {
    tb_feed *f;
    follower *w;
    tb_str text;
} telling;

static int gather(void *arg) {
    telling *t = arg;
    tb_buf b;
    tb_buf_init(&b, t->f->scratch);
    for (uint32_t i = 0; i < t->f->page.count; i++) {
        const news *n = &t->f->page.items[i];
        if (n->leaf <= t->w->after || !wants(t->w, n)) continue;
        tb_putstr(&b, n->frame);
        t->w->told = n->leaf;
    }
    t->text = tb_buf_str(&b);
    return TB_OK;
}

static void gone(void *follower);

/* Those whose place lies in the page get what of it is theirs. One for whom there is no memory now keeps his place. */
static void tell(tb_feed *f) {
    int64_t end = f->from + (int64_t)f->page.count - 1;
    for (follower *w = f->first, *next; w; w = next) {
        next = w->next;
        if (w->after + 1 < f->from || w->after >= end || tb_http_stream_pending(w->req) >= TB_FEED_ROOM) continue;
        if (!tb_auth_still(f->s, w->req)) { /* his token was taken back, or has ended: nothing more for him */
            gone(w);
            continue;
        }
        telling t = {.f = f, .w = w};
        int64_t told = w->told;
        tb_arena_reset(f->scratch);
        if (tb_try(f->scratch, gather, &t) != TB_OK) {
            w->told = told;
            continue;
        }
        w->after = end;
        if (t.text.n) tb_http_stream_put(w->req, t.text.p, t.text.n); /* one that is gone will be told so */
    }
}

static void pump(tb_feed *f);

static void rest(tb_feed *f, int64_t ms) {
    f->pacing = true;
    tb_io_timer_set(f->pace, ms);
}

static void on_pace(void *arg) {
    tb_feed *f = arg;
    f->pacing = false;
    pump(f);
}

static void page_is_here(void *arg, int result) {
    tb_feed *f = arg;
    bool whole = result == TB_STORE_OK && f->page.count == f->limit && tb_try(f->arena, write_frames, f) == TB_OK;
    f->reading = false;
    if (f->s->closing) return;
    if (whole) tell(f);
    bool full = whole && f->limit == TB_FEED_PAGE;
    if (full) pump(f);
    else rest(f, whole ? TB_FEED_PACE_MS : TB_FEED_RETRY_MS);
}

/* Reads a page for the next follower in turn that is behind and takes what he is sent. */
static void pump(tb_feed *f) {
    int64_t tail = tb_store_last(f->s->store).leaf;
    bool behind = false;
    if (f->reading || f->pacing || f->s->closing) return;
    follower **p = &f->first, *w;
    for (; (w = *p); p = &w->next) {
        if (w->after >= tail) continue;
        behind = true;
        if (tb_http_stream_pending(w->req) < TB_FEED_ROOM) break;
    }
    if (!w) {
        if (behind) rest(f, TB_FEED_FULL_MS);
        return;
    }
    *p = w->next; /* to the end of the row: each in turn */
    for (p = &f->first; *p;) p = &(*p)->next;
    *p = w;
    w->next = NULL;
    f->from = w->after + 1;
    f->limit = tail - w->after < TB_FEED_PAGE ? (uint32_t)(tail - w->after) : TB_FEED_PAGE;
    tb_arena_reset(f->arena);
    f->page.items = NULL;
    f->page.count = f->page.room = 0;
    f->reading = tb_store_read(f->s->store, read_page, page_is_here, f) == TB_OK;
    if (!f->reading) rest(f, TB_FEED_RETRY_MS);
}

void tb_feed_grown(tb_feed *f) {
    if (f->first) pump(f);
}

/* A frame without data is no event to the browser, but its id is kept: who filters does not begin again from long ago. */
static void on_beat(void *arg) {
    tb_feed *f = arg;
    for (follower *w = f->first, *next; w; w = next) {
        next = w->next;
        if (!tb_auth_still(f->s, w->req)) {
            gone(w);
            continue;
        }
        char text[64];
        int n = w->after > w->told ? snprintf(text, sizeof text, "id: %lld\n\n", (long long)w->after)
                                   : snprintf(text, sizeof text, ": %s\n\n", "…");
        if (tb_http_stream_pending(w->req) >= TB_FEED_ROOM) continue;
        w->told = w->after;
        tb_http_stream_put(w->req, text, (size_t)n);
    }
    if (f->first) tb_io_timer_set(f->beat, TB_FEED_BEAT_MS);
}

/* ---- followers ---- */

static void gone(void *arg) {
    follower *w = arg, **p = &w->feed->first;
    while (*p != w) p = &(*p)->next;
    *p = w->next;
    w->feed->followers--;
    tb_http_stream_end(w->req);
    free(w->matter);
    free(w);
}

static bool leaf_number(tb_str text, int64_t *out) {
    if (text.n == 0 || text.n > 18) return false;
    *out = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        *out = *out * 10 + (text.p[i] - '0');
    }
    return true;
}

typedef struct asked {
    int64_t after, case_id;
    tb_str matter;
} asked;

static int read_asked(void *arg) {
    tb_call *c = arg;
    asked *x = c->more = TB_NEW(c->arena, asked);
    int64_t tail = tb_store_last(c->server->store).leaf;
    tb_str text;
    x->after = tail;
    if ((tb_http_header(c->req, "Last-Event-ID", &text) && text.n) || tb_http_parameter(c->req, "after", &text)) {
        if (!leaf_number(text, &x->after))
            return tb__fail(c, 422, "PARAMETER",
                            tb_str_z(TB_SAY(c, "Last-Event-ID（或 after）应是上次见到的编号，是个整数；0 是从头开始",
                                            "Last-Event-ID (or after) is the last id seen, an integer; 0 begins at the beginning")));
        if (x->after > tail)
            return tb__fail(c, 409, "FEED_AHEAD",
                            tb_str_printf(c->arena,
                                          TB_SAY(c, "这里的记录只到 %lld：您的编号来自另一个数据库，或这个库是从较早的备份恢复的",
                                                 "the log ends at %lld: your id is another database's, or this one was restored from an earlier copy"),
                                          (long long)tail));
    }
    if (tb_http_parameter(c->req, "case", &text) && tb__case_id(c, text, &x->case_id)) return TB_FAILED;
    if (!tb_http_parameter(c->req, "matter", &x->matter)) x->matter = TB_NONE;
    if (c->server->stopping)
        return tb__fail(c, 503, "STOPPING", tb_str_z(TB_SAY(c, "服务正在停止，请稍后重连", "the server is stopping; reconnect later")));
    if (tb_feed_followers(c->server->feed) < TB_FEED_FOLLOWERS) return TB_OK;
    return tb__fail(c, 429, "FEED_FULL",
                    tb_str_printf(c->arena, TB_SAY(c, "订阅的人已有 %d 个，达到上限", "there are %d followers, the limit"),
                                  TB_FEED_FOLLOWERS));
}

void tb__get_feed(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, read_asked)) return;
    const asked *x = c->more;
    tb_feed *f = s->feed;
    follower *w = calloc(1, sizeof *w);
    if (!w || (x->matter.n && !(w->matter = strndup(x->matter.p, x->matter.n)))) {
        free(w);
        tb__answer_nomem(c);
        return;
    }
    w->feed = f;
    w->req = req;
    w->after = w->told = x->after;
    w->case_id = x->case_id;
    tb_state_drop(c->work);
    char text[160];
    int n = snprintf(text, sizeof text, "retry: %d\nid: %lld\nevent: begin\ndata: {\"leaf\":%lld}\n\n", TB_FEED_RETRY_MS,
                     (long long)w->after, (long long)w->after);
    w->next = f->first;
    f->first = w;
    if (f->followers++ == 0) tb_io_timer_set(f->beat, TB_FEED_BEAT_MS);
    tb_http_on_gone(req, gone, w);
    tb_http_stream_begin(req, 200, "text/event-stream; charset=utf-8", "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
    tb_http_stream_put(req, text, (size_t)n);
    if (tb_http_method(req) == TB_HTTP_HEAD) gone(w);
    else pump(f);
}

int tb_feed_followers(const tb_feed *f) { return f->followers; }

int64_t tb_feed_lag(const tb_feed *f) {
    int64_t tail = tb_store_last(f->s->store).leaf, least = tail;
    for (const follower *w = f->first; w; w = w->next)
        if (w->after < least) least = w->after;
    return tail - least;
}

tb_feed *tb_feed_new(tb_server *s) {
    tb_feed *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->s = s;
    f->arena = tb_arena_new(NULL, 0);
    f->scratch = tb_arena_new(NULL, 0);
    f->pace = tb_io_timer_new(s->io, on_pace, f);
    f->beat = tb_io_timer_new(s->io, on_beat, f);
    if (f->arena && f->scratch && f->pace && f->beat) return f;
    tb_feed_free(f);
    return NULL;
}

void tb_feed_free(tb_feed *f) {
    if (!f) return;
    tb_io_timer_free(f->pace);
    tb_io_timer_free(f->beat);
    tb_arena_free(f->arena);
    tb_arena_free(f->scratch);
    free(f);
}
