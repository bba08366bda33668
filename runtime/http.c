/* The HTTP/1.1 server; what it promises stands in http.h.
 *
 * One connection is a small machine around one function, pump():
 *
 *   read buffer ─▶ guard ─▶ llhttp ─▶ request ─▶ [held] ─▶ queue in order ─▶ handler
 *                                                            │ answered, and first?
 *        socket ◀─ one write ◀─ sending ◀─swap─ out ◀────────┘
 *
 * Whatever happens (bytes came, a write ended, a request was answered) changes the state and calls pump(), which does
 * all there is to do: parse and hand out requests, move finished answers to `out`, write. Answers given inside a
 * handler only fill `out`; they are written together when the buffer is used up, so sixteen pipelined requests cost
 * one write. pump() is not re-entered, and a connection is freed only at its end: no code below has to ask whether it
 * is still there. When it runs because the user answered (`from_user`), he is in the middle of something of his own:
 * then it only moves and writes, and what would call him (the next request, a lost client) waits for the next turn.
 *
 * Memory. A connection has one read buffer of the size of the longest head. Requests come from a pool and keep their
 * buffers: a steady server allocates nothing. A failed allocation costs that connection, nothing else.
 *
 * Time. One timer for the whole server sweeps the connections a few times within the shortest limit: far cheaper than
 * moving a timer at each request, and exact enough for limits of seconds. It rests while no connection is open. */
#include "http_parts.h"
#include <stdio.h>

/* ---- connections ---- */

static void conn_free(conn *c) {
    drop(&c->out);
    drop(&c->sending);
    free(c);
}

/* Closes the connection and lets go of its requests; the memory goes here, or at the end of the tb__http_pump() that runs. */
static void lose(conn *c) {
    tb_http_server *s = c->server;
    c->dead = true;
    tb_io_close(c->stream);
    for (conn **p = &s->ready; c->ready && *p; p = &(*p)->next_ready)
        if (*p == c) {
            *p = c->next_ready;
            break;
        }
    if (c->next) c->next->prev = c->prev;
    *(c->prev ? &c->prev->next : &s->conns) = c->next;
    s->stats.open--;
    if (c->req) tb__request_release(c->req);
    if (c->held) tb__request_release(c->held);
    for (tb_http_request *r; (r = c->first);) {
        c->first = r->next;
        r->conn = NULL;
        if (r->answered) tb__request_release(r);
        else if (r->gone) r->gone(r->gone_arg);
    }
    give_back(&c->out_own);
    give_back(&c->sending_own);
    if (!c->pumping) conn_free(c);
}

static void enqueue(conn *c, tb_http_request *r) {
    if (c->last_request) c->last_request->next = r;
    else c->first = r;
    c->last_request = r;
    c->queued++;
    c->unsafe += !is_safe(r);
    c->server->stats.in_work++;
}

/* Answers the request being read with an error of framing, after those before it; then the connection ends. */
static void refuse(conn *c, tb_http_request *r, int status, const char *code, const char *text) {
    c->server->stats.refused++;
    c->req = NULL;
    c->last = true;
    c->owes_continue = false;
    c->phase = IDLE;
    r->close = true;
    enqueue(c, r);
    tb_http_error(r, status, code, text);
}

static void refuse_head(conn *c, tb_head_reason why) {
    refuse(c, c->req, tb_head_status(why), tb_head_code(why), tb_head_text(why));
}

static const llhttp_method_t methods[TB_HTTP_METHODS] = {HTTP_GET,   HTTP_HEAD,   HTTP_POST,   HTTP_PUT,
                                                         HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS};

static int on_headers_complete(llhttp_t *p) {
    p->upgrade = 0; /* we may ignore Upgrade (RFC 9110 §7.8), and do */
    return 0;
}
static int on_body(llhttp_t *p, const char *b, size_t n) {
    conn *c = p->data;
    put(&c->req->body, b, n);
    return 0;
}
static int on_message_complete(llhttp_t *p) {
    ((conn *)p->data)->complete = true;
    return 0;
}

/* Feeds llhttp what the guard has measured. False, and the request refused, when it reads other than the guard. */
static bool parse(conn *c, const char *p, size_t n, bool expect_end) {
    if (llhttp_execute(&c->parser, p, n) == HPE_OK && c->complete == expect_end) return true;
    refuse(c, c->req, 400, "HTTP_PARSER", "请求有歧义：两种解析的结果不一致");
    return false;
}

static void request_complete(conn *c) {
    c->held = c->req;
    c->req = NULL;
    c->phase = IDLE;
    c->owes_continue = false;
    c->server->stats.requests++;
}

static void head_complete(conn *c) {
    tb_http_server *s = c->server;
    tb_http_request *r = c->req;
    const tb_head *h = &r->head;
    const char *head = c->buffer + c->start;
    c->start += h->seen;
    r->close = h->close || h->minor == 0; /* HTTP/1.0 keeps nothing alive here */
    switch (tb__request_target(r, head)) {
    case TB_NOMEM: c->doomed = true; return;
    case TB_FAILED: refuse_head(c, TB_HEAD_TARGET); return;
    default: break;
    }
    bool has_body = h->chunked || (h->has_length && h->length > 0);
    c->complete = false;
    llhttp_init(&c->parser, HTTP_REQUEST, &s->settings);
    c->parser.data = c;
    if (!parse(c, head, h->seen, !has_body)) return;
    if (c->parser.method != methods[h->method] || ((c->parser.flags & F_CHUNKED) != 0) != h->chunked ||
        (has_body && !h->chunked && c->parser.content_length != h->length)) {
        refuse(c, r, 400, "HTTP_PARSER", "请求有歧义：两种解析的结果不一致");
        return;
    }
    if (!has_body) {
        request_complete(c);
        return;
    }
    c->body_limit = s->o.body_limit ? s->o.body_limit(s->user, r) : s->o.body;
    if (!h->chunked && h->length > c->body_limit) {
        refuse_head(c, TB_HEAD_BODY_LONG);
        return;
    }
    c->phase = BODY;
    c->since = tb_io_now(s->io);
    c->body_left = h->length;
    tb_chunks_begin(&c->chunks, c->body_limit);
    c->owes_continue = h->wants_continue && h->minor == 1 && c->start == c->end;
}

static void read_body(conn *c) {
    const char *p = c->buffer + c->start;
    size_t n = c->end - c->start, used = n;
    tb_head_verdict v;
    if (c->req->head.chunked) {
        v = tb_chunks_feed(&c->chunks, p, n, &used);
        if (v == TB_HEAD_REFUSED) {
            refuse_head(c, c->chunks.reason);
            return;
        }
    } else {
        used = n < c->body_left ? n : (size_t)c->body_left;
        c->body_left -= used;
        v = c->body_left ? TB_HEAD_MORE : TB_HEAD_WHOLE;
    }
    c->start += (uint32_t)used;
    c->owes_continue = false;
    if (!parse(c, p, used, v == TB_HEAD_WHOLE)) return;
    if (c->req->body.failed) c->doomed = true;
    else if (v == TB_HEAD_WHOLE) request_complete(c);
}

/* Reads requests and hands them out while it can. True: all there is has been read; false: something must be answered
 * or written first. */
static bool read_requests(conn *c) {
    tb_http_server *s = c->server;
    while (!c->doomed && !c->last) {
        tb_http_request *r = c->held;
        if (r) {
            if (c->queued && (c->unsafe || !is_safe(r))) return false;
            c->held = NULL;
            c->last |= r->close;
            enqueue(c, r);
            s->handler(s->user, r);
            tb__answers_advance(c);
            continue;
        }
        if (c->phase == IDLE && (c->queued >= TB_HTTP_PIPELINE || pending(c) >= TB_HTTP_PENDING)) return false;
        if (c->start == c->end) return true;
        if (c->phase == BODY) {
            read_body(c);
            continue;
        }
        if (!c->req) {
            if (!(c->req = tb__request_take(c))) {
                c->doomed = true;
                return true;
            }
            c->phase = HEAD;
            c->since = tb_io_now(s->io);
        }
        switch (tb_head_feed(&c->req->head, c->buffer + c->start, c->end - c->start)) {
        case TB_HEAD_MORE: return true;
        case TB_HEAD_REFUSED: refuse_head(c, c->req->head.reason); break;
        case TB_HEAD_WHOLE: head_complete(c); break;
        }
    }
    return true;
}

static void pump_later(conn *c) {
    tb_http_server *s = c->server;
    if (c->ready) return;
    c->ready = true;
    c->next_ready = s->ready;
    s->ready = c;
    tb_io_wake_send(s->wake);
}

void tb__http_pump(conn *c, bool from_user) {
    if (c->pumping || c->dead) return;
    c->pumping = true;
    tb_http_server *s = c->server;
    bool all_read, again;
    do {
        tb__answers_advance(c);
        all_read = !from_user && read_requests(c);
        tb__answers_advance(c); /* what a refusal just answered */
        if (c->owes_continue && !c->queued && !c->out_own.p) {
            PUT(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
            c->owes_continue = false;
        }
        int before = c->queued;
        bool full = pending(c) >= TB_HTTP_PENDING;
        tb__answers_flush(c);
        again = !from_user && !all_read && (c->queued < before || (full && !c->writing));
    } while (again && !c->doomed);
    if (c->eof && all_read)
        c->last = true; /* a half-closed client still gets its answers; a request cut short is nobody's */
    if (c->eof && c->first && c->first->streaming && !c->first->answered)
        c->doomed = true; /* but nobody half-closes and listens to a feed: that one has gone */
    if (c->last && !c->queued && !c->held && !c->writing && !c->out.n && !c->out_own.n && c->phase != LINGER) {
        if (c->eof) {
            c->doomed = true;
        } else { /* closing with unread input would destroy the answer on its way (RFC 9112 §9.6) */
            c->phase = LINGER;
            c->since = tb_io_now(s->io);
            tb_io_finish(c->stream);
        }
    }
    if (from_user && (c->doomed || c->eof || c->held || c->start != c->end)) pump_later(c);
    if (c->doomed && !from_user) {
        lose(c);
    } else if (!c->doomed) {
        bool want = !c->eof && (c->phase == LINGER || (!c->last && c->end - c->start < sizeof c->buffer));
        if (want != c->reading) tb_io_reading(c->stream, c->reading = want);
    }
    c->pumping = false;
    if (c->dead) conn_free(c);
}

static void on_wake(void *arg) {
    tb_http_server *s = arg;
    for (conn *c; (c = s->ready);) {
        s->ready = c->next_ready;
        c->ready = false;
        tb__http_pump(c, false);
    }
}

static char *on_room(void *user, size_t *size) {
    conn *c = user;
    if (c->start == c->end || c->phase == LINGER) c->start = c->end = 0;
    if (c->end == sizeof c->buffer) {
        memmove(c->buffer, c->buffer + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    *size = sizeof c->buffer - c->end;
    return c->buffer + c->end;
}

static void on_data(void *user, int64_t n) {
    conn *c = user;
    if (n < 0) {
        c->server->stats.lost += c->phase != LINGER;
        c->doomed = true;
    } else if (n == 0) {
        c->eof = true;
        c->reading = false;
        c->doomed |= c->phase == LINGER;
    } else if (c->phase != LINGER) {
        c->end += (uint32_t)n;
    }
    tb__http_pump(c, false);
}

static void on_written(void *user, bool ok) {
    conn *c = user;
    c->writing = false;
    empty(&c->sending);
    give_back(&c->sending_own);
    if (!ok) {
        c->server->stats.lost++;
        c->doomed = true;
    }
    tb__http_pump(c, false);
}

static const tb_io_events events = {on_room, on_data, on_written};

static void on_accept(void *arg, tb_io_stream *stream) {
    tb_http_server *s = arg;
    /* The read buffer is left as it comes: only the pages a client really fills are ever touched. */
    conn *c = s->stats.open < s->o.connections + TURN_AWAY ? malloc(sizeof *c) : NULL;
    if (!c) {
        s->stats.turned_away++;
        tb_io_close(stream);
        return;
    }
    memset(c, 0, offsetof(conn, buffer));
    c->server = s;
    c->stream = stream;
    c->loopback = tb_io_from_loopback(stream);
    c->since = tb_io_now(s->io);
    c->next = s->conns;
    if (c->next) c->next->prev = c;
    s->conns = c;
    s->stats.accepted++;
    if (s->stats.open++ == 0) tb_io_timer_set(s->tick, s->tick_ms);
    tb_io_bind(stream, &events, c);
    tb_io_reading(stream, c->reading = true);
    if (s->stats.open > s->o.connections) {
        s->stats.turned_away++;
        if (!(c->req = tb__request_take(c))) lose(c);
        else refuse(c, c->req, 503, "HTTP_BUSY", "连接数已满，请稍后重试");
    }
}

/* ---- time ---- */

/* True: the connection was closed, and is gone. */
static bool check_times(conn *c, int64_t now) {
    const tb_http_options *o = &c->server->o;
    if (c->writing && now - c->write_since >= o->write_ms) {
        size_t unsent = tb_io_unsent(c->stream);
        if (unsent >= c->unsent) c->doomed = true;
        c->unsent = unsent;
        c->write_since = now;
    }
    int64_t age = now - c->since;
    if (c->phase == LINGER) c->doomed |= age >= o->linger_ms;
    else if (c->phase == IDLE && !c->queued && !c->held && !c->writing) c->doomed |= age >= o->idle_ms;
    else if (c->phase == HEAD && age >= o->head_ms) {
        c->server->stats.timed_out++;
        refuse(c, c->req, 408, "HTTP_HEAD_TIMEOUT", "请求头没有在时限内到齐");
    } else if (c->phase == BODY && age >= o->body_ms) {
        c->server->stats.timed_out++;
        refuse(c, c->req, 408, "HTTP_BODY_TIMEOUT", "请求正文没有在时限内到齐");
    }
    bool doomed = c->doomed;
    if (doomed) tb__http_pump(c, false);
    return doomed;
}

/* Takes a stream from its owner, who hears of it and still has to end it, and ends what the client sees. */
static void end_stream(conn *c) {
    tb_http_request *r = c->first;
    if (r->chunking && r->head.method != TB_HTTP_HEAD) PUT(sink(r), "0\r\n\r\n");
    tb__answers_advance(c);
    if (!(c->first = r->next)) c->last_request = NULL;
    c->queued--;
    c->unsafe -= !is_safe(r);
    c->last = true;
    r->conn = NULL;
    if (r->gone) r->gone(r->gone_arg);
}

/* While the server stops: ends a feed, closes what has nothing to do. */
static void drain(conn *c) {
    if (c->first && c->first->streaming && !c->first->finite && !c->first->answered && !c->out_own.p) end_stream(c);
    if (c->phase == IDLE && !c->queued && !c->held && c->start == c->end) c->last = true;
    tb__http_pump(c, false);
}

static void on_tick(void *arg) {
    tb_http_server *s = arg;
    int64_t now = tb_io_now(s->io);
    bool late = s->draining && now - s->drain_since >= s->o.drain_ms;
    for (conn *c = s->conns, *next; c; c = next) {
        next = c->next; /* what one connection's callbacks do to another never frees it: tb__http_pump(…, true) */
        c->doomed |= late;
        if (!check_times(c, now) && s->draining) drain(c);
    }
    if (s->conns) tb_io_timer_set(s->tick, s->draining && s->tick_ms > 10 ? 10 : s->tick_ms);
    else if (s->draining && s->drained) {
        tb_io_fn *done = s->drained;
        s->drained = NULL;
        done(s->drained_arg);
    }
}

/* ---- the server ---- */

tb_http_server *tb_http_server_new(tb_io *io, const tb_http_options *options, tb_http_handler *handler, void *user) {
    tb_http_server *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->io = io;
    s->handler = handler;
    s->user = user;
    s->date_second = -1;
    if (options) s->o = *options;
    tb_http_options *o = &s->o;
    if (!o->connections) o->connections = TB_HTTP_CONNECTIONS;
    if (!o->body) o->body = TB_HTTP_BODY;
    int64_t *limits[] = {&o->head_ms, &o->body_ms, &o->idle_ms, &o->write_ms, &o->linger_ms, &o->drain_ms};
    static const int64_t usual[] = {TB_HTTP_HEAD_MS,  TB_HTTP_BODY_MS,   TB_HTTP_IDLE_MS,
                                    TB_HTTP_WRITE_MS, TB_HTTP_LINGER_MS, TB_HTTP_DRAIN_MS};
    s->tick_ms = TICK_MAX;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (!*limits[i]) *limits[i] = usual[i];
        if (*limits[i] / 4 < s->tick_ms) s->tick_ms = *limits[i] / 4;
    }
    if (s->tick_ms < TICK_MIN) s->tick_ms = TICK_MIN;
    llhttp_settings_init(&s->settings);
    s->settings.on_headers_complete = on_headers_complete;
    s->settings.on_body = on_body;
    s->settings.on_message_complete = on_message_complete;
    s->tick = tb_io_timer_new(io, on_tick, s);
    s->wake = tb_io_wake_new(io, on_wake, s);
    if (!s->tick || !s->wake) {
        tb_io_timer_free(s->tick);
        tb_io_wake_free(s->wake);
        return free(s), NULL;
    }
    return s;
}

int tb_http_server_listen(tb_http_server *s, const char *host, int port, char *error, size_t error_size) {
    s->listener = tb_io_listen(s->io, host, port, on_accept, s, error, error_size);
    return s->listener ? TB_OK : TB_FAILED;
}

int tb_http_server_port(const tb_http_server *s) { return tb_io_listener_port(s->listener); }
tb_http_stats tb_http_server_stats(const tb_http_server *s) { return s->stats; }

void tb_http_server_drain(tb_http_server *s, tb_io_fn *done, void *arg) {
    s->drained = done;
    s->drained_arg = arg;
    if (!s->draining) {
        s->draining = true;
        s->drain_since = tb_io_now(s->io);
        tb_io_listener_close(s->listener);
        s->listener = NULL;
    }
    tb_io_timer_set(s->tick, 0); /* the sweep does the rest */
}

void tb_http_server_free(tb_http_server *s) {
    if (!s) return;
    while (s->conns) lose(s->conns);
    tb_io_worker_free(s->packer);
    tb_io_listener_close(s->listener);
    tb_io_timer_free(s->tick);
    tb_io_wake_free(s->wake);
    for (tb_http_request *r; (r = s->pool);) {
        s->pool = r->next;
        tb__request_free(r);
    }
    s->pooled = 0;
    s->freed = true;
    if (s->live == 0) free(s);
}
