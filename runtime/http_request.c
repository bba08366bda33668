/* Requests of the HTTP server: taken from a pool and given back with their buffers, looked at by the handler, their targets taken apart
 * (percent-decoding, segments, query; everything decoded is valid UTF-8 without control characters). */
#include "canonical.h"
#include "http_parts.h"
#include <stdio.h>
#include <strings.h>

/* ---- requests ---- */

tb_http_request *tb__request_take(conn *c) {
    tb_http_server *s = c->server;
    tb_http_request *r = s->pool;
    if (r) {
        s->pool = r->next;
        s->pooled--;
    } else if (!(r = malloc(sizeof *r))) {
        return NULL;
    } else {
        r->text = r->body = r->reply = (bytes){0};
        r->own = (owned){0};
    }
    r->server = s;
    r->conn = c;
    r->next = NULL;
    r->answered = r->streaming = r->finite = r->chunking = r->close = false;
    r->loopback = c->loopback;
    snprintf(r->peer, sizeof r->peer, "%s", tb_io_peer(c->stream));
    r->gone = NULL;
    r->segments = r->parameters = 0;
    tb_head_begin(&r->head);
    s->live++;
    return r;
}

void tb__request_free(tb_http_request *r) {
    drop(&r->text);
    drop(&r->body);
    drop(&r->reply);
    free(r);
}

void tb__request_release(tb_http_request *r) {
    tb_http_server *s = r->server;
    give_back(&r->own);
    empty(&r->text);
    empty(&r->body);
    empty(&r->reply);
    r->text.failed = r->body.failed = r->reply.failed = false;
    s->live--;
    if (s->pooled < POOL && !s->freed) {
        r->next = s->pool;
        s->pool = r;
        s->pooled++;
        return;
    }
    tb__request_free(r);
    if (s->freed && s->live == 0) free(s);
}

tb_method tb_http_method(const tb_http_request *r) { return r->head.method; }
static tb_str at(const tb_http_request *r, tb_head_span s) { return (tb_str){r->text.p + s.at, s.n}; }
tb_str tb_http_path(const tb_http_request *r) { return at(r, r->head.path); }
int tb_http_segments(const tb_http_request *r) { return r->segments; }
tb_str tb_http_segment(const tb_http_request *r, int i) {
    return i >= 0 && i < r->segments ? r->segment[i] : (tb_str){"", 0};
}
tb_str tb_http_body(const tb_http_request *r) { return (tb_str){r->body.p ? r->body.p : "", (uint32_t)r->body.n}; }
bool tb_http_from_loopback(const tb_http_request *r) { return r->loopback; }
const char *tb_http_peer(const tb_http_request *r) { return r->peer; }

bool tb_http_parameter(const tb_http_request *r, const char *name, tb_str *value) {
    for (int i = 0; i < r->parameters; i++)
        if (tb_str_is(r->parameter[i].name, name)) return *value = r->parameter[i].value, true;
    return false;
}

bool tb_http_header(const tb_http_request *r, const char *name, tb_str *value) {
    size_t n = strlen(name);
    for (uint32_t i = 0; i < r->head.count; i++) {
        tb_str have = at(r, r->head.fields[i].name);
        if (have.n == n && strncasecmp(have.p, name, n) == 0) return *value = at(r, r->head.fields[i].value), true;
    }
    return false;
}

bool tb_http_for_loopback(const tb_http_request *r) {
    tb_str host = at(r, r->head.host);
    if (host.n && host.p[0] == '[')
        return host.n >= 5 && memcmp(host.p, "[::1]", 5) == 0; /* what follows is a port: the guard has seen to it */
    const char *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
    uint32_t n = colon ? (uint32_t)(colon - host.p) : host.n;
    return (n == 9 && strncasecmp(host.p, "localhost", 9) == 0) || (n == 9 && memcmp(host.p, "127.0.0.1", 9) == 0);
}

void tb_http_on_gone(tb_http_request *r, tb_io_fn *fn, void *arg) {
    r->gone = fn;
    r->gone_arg = arg;
}

/* ---- decoding the target ---- */

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Appends the decoded piece and a NUL to the request's text, where room was made before. False: a bad %XX, a control
 * character, or not UTF-8. */
static bool decode(tb_http_request *r, const char *p, const char *end, bool plus, tb_str *out) {
    char *to = r->text.p + r->text.n, *from = to;
    for (; p < end; p++) {
        int c = (uint8_t)*p;
        if (c == '%') {
            if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0) return false;
            c = hex(p[1]) * 16 + hex(p[2]);
            p += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f) return false;
        *to++ = (char)c;
    }
    *to = '\0';
    *out = (tb_str){from, (uint32_t)(to - from)};
    r->text.n += out->n + 1u;
    return tb_valid_utf8(*out, NULL);
}

/* Keeps the head and takes its target apart. TB_OK, TB_NOMEM, TB_FAILED (the target is no good). */
int tb__request_target(tb_http_request *r, const char *head) {
    const tb_head *h = &r->head;
    /* Decoding never makes longer, and each piece's NUL takes the place of its mark. */
    size_t target = (size_t)h->path.n + h->query.n;
    if (!more(&r->text, h->seen + target + 2)) return TB_NOMEM;
    put(&r->text, head, h->seen);
    const char *p = r->text.p + h->path.at, *end = p + h->path.n;
    while (*p == '/') { /* not so for "*" */
        const char *slash = memchr(p + 1, '/', (size_t)(end - p - 1)), *stop = slash ? slash : end;
        if (r->segments == TB_HTTP_SEGMENTS || !decode(r, p + 1, stop, false, &r->segment[r->segments++]))
            return TB_FAILED;
        if (!slash) break;
        p = slash;
    }
    for (p = r->text.p + h->query.at, end = p + h->query.n; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        if (stop > p) {
            if (r->parameters == TB_HTTP_PARAMETERS) return TB_FAILED;
            int i = r->parameters++;
            r->parameter[i].value = (tb_str){"", 0};
            if (!decode(r, p, eq ? eq : stop, true, &r->parameter[i].name) ||
                (eq && !decode(r, eq + 1, stop, true, &r->parameter[i].value)))
                return TB_FAILED;
        }
        p = stop + 1;
    }
    return TB_OK;
}
