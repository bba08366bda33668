/* POST /v1/acts: many acts in one request, a line of JSON each (NDJSON), answered line for line in their order.
 *
 * For those who have hundreds of acts to record at once: a window that was without its network for a morning, a department's own system that hands
 * over what it received. Each line is an act of its own, with its own key: it is accepted or refused alone, and the same body sent again does
 * nothing twice. It is not a transaction over cases — no rule spans two — but the lines go into the same few commits, which is
 * what makes it fast.
 *
 * Lines are begun in order, WINDOW of them at a time, so two acts on one case are stepped in the order they are written. Answers wait for those
 * before them. Bounded: no line is begun for a client who does not take his answers. If the client goes, or the server stops, what was
 * begun is finished, and the rest is not begun. */
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 64,        /* lines begun and not yet answered */
    ROOM = 256 * 1024,  /* bytes of answers that the client has still to take: no further line is begun */
    FULL_MS = 10        /* looks again after this, when the client is what we wait for */
};

struct tb_bulk_line {
    tb_bulk *bulk;
    uint32_t number; /* of the line in the body, from 1 */
    bool done;
    char *answer; /* malloc; NULL with done: memory lacked, `brief` stands for it */
    size_t n;
    char brief[200];
};

struct tb_bulk {
    tb_server *s;
    tb_http_request *req;
    tb_io_timer *timer;
    tb_str rest; /* of the body */
    uint32_t number;
    struct tb_bulk_line lines[WINDOW]; /* a ring: `begun` of them from `first` on */
    uint32_t first, begun;
    bool pumping, gone;
};

/* Puts out what is answered, in order. */
static void put_answers(tb_bulk *b) {
    for (; b->begun && b->lines[b->first].done; b->begun--, b->first = (b->first + 1) % WINDOW) {
        struct tb_bulk_line *l = &b->lines[b->first];
        if (!b->gone) tb_http_stream_put(b->req, l->answer ? l->answer : l->brief, l->answer ? l->n : strlen(l->brief));
        free(l->answer);
        l->answer = NULL;
    }
}

static bool take_line(tb_bulk *b, tb_str *line) {
    while (b->rest.n) {
        const char *end = memchr(b->rest.p, '\n', b->rest.n);
        uint32_t n = end ? (uint32_t)(end - b->rest.p) : b->rest.n, blank = 0;
        *line = (tb_str){b->rest.p, n};
        b->rest.p += n + (end != NULL);
        b->rest.n -= n + (end != NULL);
        b->number++;
        while (blank < n && (line->p[blank] == ' ' || line->p[blank] == '\t' || line->p[blank] == '\r')) blank++;
        if (blank < n) return true;
    }
    return false;
}

static void finish(tb_bulk *b) {
    tb_http_stream_end(b->req);
    tb_io_timer_free(b->timer);
    free(b);
}

static void pump(tb_bulk *b) {
    tb_str text;
    if (b->pumping) return; /* a line that is answered at once: the loop below goes on */
    b->pumping = true;
    for (;;) {
        put_answers(b);
        if (b->begun == WINDOW || b->gone) break;
        if (b->rest.n && tb_http_stream_pending(b->req) >= ROOM) {
            if (!b->begun) tb_io_timer_set(b->timer, FULL_MS);
            break;
        }
        if (!take_line(b, &text)) break;
        struct tb_bulk_line *l = &b->lines[(b->first + b->begun++) % WINDOW];
        *l = (struct tb_bulk_line){.bulk = b, .number = b->number};
        tb__act_of_line(b->s, b->req, l, text);
    }
    b->pumping = false;
    if (!b->begun && (b->gone || !b->rest.n)) finish(b);
}

static void on_timer(void *arg) { pump(arg); }

static void on_gone(void *arg) {
    tb_bulk *b = arg;
    b->gone = true;
    pump(b);
}

/* An error's body is {"error":…}: as a member it goes without its braces. */
void tb__bulk_answer(struct tb_bulk_line *l, int status, tb_str body) {
    bool error = status >= 300;
    size_t room = body.n + 64u;
    l->done = true;
    l->answer = malloc(room);
    if (l->answer && error)
        l->n = (size_t)snprintf(l->answer, room, "{\"line\":%u,\"status\":%d,%.*s\n", l->number, status, (int)body.n - 1, body.p + 1);
    else if (l->answer)
        l->n = (size_t)snprintf(l->answer, room, "{\"line\":%u,\"status\":%d,\"answer\":%.*s}\n", l->number, status, TB_FMT(body));
    else
        snprintf(l->brief, sizeof l->brief,
                 "{\"line\":%u,\"status\":503,\"error\":{\"code\":\"NO_MEMORY\",\"message\":\"out of memory; send the line again\",\"file\":null,"
                 "\"line\":null,\"detail\":null}}\n",
                 l->number);
    pump(l->bulk);
}

/* ---- the request ---- */

static int read_bulk(void *arg) {
    tb_call *c = arg;
    tb_str body = tb_http_body(c->req), type;
    uint32_t lines = 0, any = 0;
    if (!tb_http_header(c->req, "Content-Type", &type) || !tb_str_starts(type, "application/x-ndjson"))
        return tb__fail(c, 415, "BODY_TYPE",
                        tb_str_z(TB_SAY(c, "请求体应是 application/x-ndjson，一行一个 JSON 对象",
                                        "the body should be application/x-ndjson, an object of JSON a line")));
    for (uint32_t i = 0; i < body.n; i++) {
        lines += body.p[i] == '\n';
        any |= !strchr(" \t\r\n", body.p[i]);
    }
    if (!any) return tb__fail(c, 422, "BULK_EMPTY", tb_str_z(TB_SAY(c, "请求体里一行也没有", "there is no line in the body")));
    lines += body.p[body.n - 1] != '\n';
    if (lines <= TB_BULK_LINES) return TB_OK;
    return tb__fail(c, 413, "BULK_LINES",
                    tb_str_printf(c->arena, TB_SAY(c, "超过 %d 行；请分几次提交", "more than %d lines; send them in several requests"),
                                  TB_BULK_LINES));
}

void tb__post_acts(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, read_bulk)) return;
    tb_bulk *b = calloc(1, sizeof *b);
    if (b) b->timer = tb_io_timer_new(s->io, on_timer, b);
    if (!b || !b->timer) {
        free(b);
        tb__answer_nomem(c);
        return;
    }
    tb_state_drop(c->work);
    b->s = s;
    b->req = req;
    b->rest = tb_http_body(req);
    tb_http_on_gone(req, on_gone, b);
    tb_http_stream_begin(req, 200, "application/x-ndjson", "Cache-Control: no-store\r\n");
    tb_http_stream_finite(req);
    pump(b);
}
