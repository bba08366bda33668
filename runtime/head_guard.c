/* The guard in front of the HTTP parser; why and what stands in head_guard.h.
 *
 * A byte-driven machine over the grammar of RFC 9112 §3 and §5:
 *
 *   METHOD ' ' TARGET ' ' VERSION CR LF  ( NAME ':' BLANK VALUE CR LF )*  CR LF
 *
 * Each byte is either what the state expects or a reason to refuse. What a line means is judged at its LF, what the
 * head means as a whole at the last LF: so the answer does not depend on how the bytes were cut on their way. */
#include "head_guard.h"
#include <string.h>
#include <strings.h>

enum state { METHOD, TARGET, VERSION, REQUEST_LF, LINE, NAME, BLANK, VALUE, FIELD_LF, END_LF, WHOLE, REFUSED };

/* Classes of ASCII: token of a name or method (RFC 9110 §5.6.2), target (RFC 3986, no '#'), registered host name. */
enum { N = 1, U = 2, H = 4, NUH = 7, UH = 6 };
static const uint8_t class_of[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /*   ! " # $ % & ' ( ) * + , - . / */ 0, NUH, 0, N, NUH, NUH, NUH, NUH, UH, UH, NUH, NUH, UH, NUH, NUH, U,
    /* 0 … 9 : ; < = > ? */ NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, U, UH, 0, UH, 0, U,
    /* @ A … O */ U, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH,
    /* P … Z [ \ ] ^ _ */ NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, 0, 0, 0, N, NUH,
    /* ` a … o */ N, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH,
    /* p … z { | } ~ DEL */ NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, NUH, 0, N, 0, NUH, 0,
};
static bool is(uint8_t c, int which) { return c < 128 && (class_of[c] & which); }
static bool is_target(uint8_t c) { return c >= 0x80 || (class_of[c] & U); }
static bool is_value(uint8_t c) { return (c >= ' ' && c != 127) || c == '\t'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

static const struct {
    int status;
    const char *code, *text;
} reasons[] = {
#define X(name, status, code, text) {status, code, text},
    TB_HEAD_REASONS(X)
#undef X
};
int tb_head_status(tb_head_reason r) { return reasons[r].status; }
const char *tb_head_code(tb_head_reason r) { return reasons[r].code; }
const char *tb_head_text(tb_head_reason r) { return reasons[r].text; }

static const char *const method_names[TB_HTTP_METHODS] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
const char *tb_method_name(tb_method m) { return method_names[m]; }

static bool span_is(const char *head, tb_head_span s, const char *word) {
    return s.n == strlen(word) && strncasecmp(head + s.at, word, s.n) == 0;
}

void tb_head_begin(tb_head *h) { memset(h, 0, offsetof(tb_head, fields)); }

static tb_head_verdict refuse(tb_head *h, tb_head_reason r) {
    h->state = REFUSED;
    h->reason = r;
    return TB_HEAD_REFUSED;
}

/* A byte that its state did not expect: which reason tells the sender most? */
static tb_head_reason unexpected(uint8_t c, tb_head_reason otherwise) {
    return c == '\n' ? TB_HEAD_BARE_LF : otherwise;
}

/* host [":" port], RFC 9110 §7.2; an IPv6 address in brackets. */
static bool host_ok(const char *p, size_t n) {
    size_t i = 0;
    if (n && p[0] == '[') {
        for (i = 1; i < n && (is_hex(p[i]) || p[i] == ':' || p[i] == '.'); i++) {}
        if (i < 3 || i == n || p[i++] != ']')
            return false;
    } else {
        while (i < n && is((uint8_t)p[i], H))
            i++;
        if (i == 0)
            return false;
    }
    if (i == n)
        return true;
    if (p[i++] != ':' || n - i > 5)
        return false;
    while (i < n && is_digit(p[i]))
        i++;
    return i == n;
}

static tb_head_reason judge_method(tb_head *h, const char *p) {
    if (h->target.n == 0)
        return TB_HEAD_METHOD;
    h->method = TB_HTTP_METHODS; /* unknown: said only when the rest of the line is in order */
    for (int m = 0; m < TB_HTTP_METHODS; m++)
        if (strlen(method_names[m]) == h->target.n && memcmp(p, method_names[m], h->target.n) == 0)
            h->method = (tb_method)m;
    return TB_HEAD_NONE;
}

/* The four forms of RFC 9112 §3.2; authority-form belongs to CONNECT, which is not ours. */
static tb_head_reason judge_target(tb_head *h, const char *p) {
    tb_head_span t = h->target;
    if (t.n == 1 && p[t.at] == '*') {
        h->path = t;
        return h->method == TB_HTTP_OPTIONS || h->method == TB_HTTP_METHODS ? TB_HEAD_NONE : TB_HEAD_TARGET;
    }
    uint16_t end = (uint16_t)(t.at + t.n), i = t.at;
    if (t.n > 7 && strncasecmp(p + t.at, "http://", 7) == 0) {
        i = (uint16_t)(i + 7);
        h->authority.at = i;
        while (i < end && p[i] != '/' && p[i] != '?')
            i++;
        h->authority.n = (uint16_t)(i - h->authority.at);
    }
    if (i == end || p[i] != '/')
        return h->method == TB_HTTP_METHODS ? TB_HEAD_UNKNOWN_METHOD : TB_HEAD_TARGET;
    const char *mark = memchr(p + i, '?', (size_t)(end - i));
    uint16_t path_end = mark ? (uint16_t)(mark - p) : end;
    h->path = (tb_head_span){i, (uint16_t)(path_end - i)};
    if (mark)
        h->query = (tb_head_span){(uint16_t)(path_end + 1), (uint16_t)(end - path_end - 1)};
    return TB_HEAD_NONE;
}

static tb_head_reason judge_version(tb_head *h, const char *v, size_t n) {
    if (n != 8 || memcmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) || v[6] != '.' || !is_digit(v[7]))
        return TB_HEAD_VERSION;
    if (v[5] != '1' || v[7] > '1')
        return TB_HEAD_OTHER_VERSION;
    h->minor = (uint8_t)(v[7] - '0');
    return h->method == TB_HTTP_METHODS ? TB_HEAD_UNKNOWN_METHOD : TB_HEAD_NONE;
}

static tb_head_reason judge_length(tb_head *h, const char *v, size_t n) {
    if (h->has_length)
        return TB_HEAD_TWO_LENGTHS; /* even when equal: one of two readers may take the first, the other neither */
    if (n == 0 || n > TB_HEAD_MAX_LENGTH_DIGITS)
        return TB_HEAD_LENGTH;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(v[i]))
            return TB_HEAD_LENGTH;
        h->length = h->length * 10 + (uint64_t)(v[i] - '0');
    }
    h->has_length = true;
    return TB_HEAD_NONE;
}

/* Connection is a list: only "close" and "keep-alive" matter to us. */
static void read_connection(tb_head *h, const char *v, size_t n) {
    for (size_t i = 0, end; i < n; i = end + 1) {
        const char *comma = memchr(v + i, ',', n - i);
        end = comma ? (size_t)(comma - v) : n;
        size_t a = i, b = end;
        while (a < b && (v[a] == ' ' || v[a] == '\t'))
            a++;
        while (a < b && (v[b - 1] == ' ' || v[b - 1] == '\t'))
            b--;
        h->close |= b - a == 5 && strncasecmp(v + a, "close", 5) == 0;
        h->keep_alive |= b - a == 10 && strncasecmp(v + a, "keep-alive", 10) == 0;
    }
}

static tb_head_reason judge_field(tb_head *h, const char *p) {
    tb_head_field *f = &h->fields[h->count++];
    const char *v = p + f->value.at;
    while (f->value.n && (v[f->value.n - 1] == ' ' || v[f->value.n - 1] == '\t'))
        f->value.n--;
    size_t n = f->value.n;
    switch (f->name.n) { /* the length decides first: most fields are none of ours */
    case 4:
        if (!span_is(p, f->name, "host"))
            return TB_HEAD_NONE;
        if (h->host.at)
            return TB_HEAD_TWO_HOSTS;
        h->host = f->value;
        return host_ok(v, n) ? TB_HEAD_NONE : TB_HEAD_HOST;
    case 6:
        if (!span_is(p, f->name, "expect"))
            return TB_HEAD_NONE;
        h->wants_continue = true;
        return span_is(p, f->value, "100-continue") ? TB_HEAD_NONE : TB_HEAD_EXPECT;
    case 10:
        if (span_is(p, f->name, "connection"))
            read_connection(h, v, n);
        return TB_HEAD_NONE;
    case 14:
        return span_is(p, f->name, "content-length") ? judge_length(h, v, n) : TB_HEAD_NONE;
    case 17:
        if (!span_is(p, f->name, "transfer-encoding"))
            return TB_HEAD_NONE;
        if (h->chunked || h->minor == 0 || !span_is(p, f->value, "chunked"))
            return TB_HEAD_CODING;
        h->chunked = true;
        return TB_HEAD_NONE;
    default: return TB_HEAD_NONE;
    }
}

static tb_head_reason judge_head(const tb_head *h, const char *p) {
    if (h->has_length && h->chunked)
        return TB_HEAD_LENGTH_AND_CODING;
    if (h->minor == 1 && !h->host.at)
        return TB_HEAD_NO_HOST;
    if (h->authority.at && (h->authority.n != h->host.n ||
                            strncasecmp(p + h->authority.at, p + h->host.at, h->host.n) != 0))
        return TB_HEAD_HOST;
    return TB_HEAD_NONE;
}

tb_head_verdict tb_head_feed(tb_head *h, const char *bytes, size_t n) {
    if (h->state == REFUSED)
        return TB_HEAD_REFUSED;
    if (h->state == WHOLE)
        return TB_HEAD_WHOLE;
    const uint8_t *p = (const uint8_t *)bytes;
    uint32_t i = h->seen, end = n < TB_HEAD_MAX ? (uint32_t)n : TB_HEAD_MAX;
    tb_head_reason r = TB_HEAD_NONE;
    tb_head_field *f;
    for (; i < end; i++) {
        uint8_t c = p[i];
        switch ((enum state)h->state) {
        case METHOD: /* its length is counted in `target`, which is not in use yet */
            if (c == ' ') {
                r = judge_method(h, bytes);
                h->target = (tb_head_span){(uint16_t)(i + 1), 0};
                h->state = TARGET;
            } else if (!is(c, N) || ++h->target.n > TB_HEAD_MAX_METHOD) {
                r = i == 0 && c == 0x16 ? TB_HEAD_TLS : unexpected(c, TB_HEAD_METHOD);
            }
            break;
        case TARGET:
            while (i + 1 < end && is_target(p[i]))
                i++;
            c = p[i];
            if (is_target(c))
                break;
            h->target.n = (uint16_t)(i - h->target.at);
            if (c == ' ' && h->target.n) {
                r = judge_target(h, bytes);
                h->state = VERSION;
            } else {
                r = unexpected(c, TB_HEAD_TARGET);
            }
            break;
        case VERSION:
            if (c == '\r')
                h->state = REQUEST_LF;
            else if (!is_value(c))
                r = unexpected(c, TB_HEAD_VERSION);
            break;
        case REQUEST_LF: {
            uint32_t at = h->target.at + h->target.n + 1u; /* of the version: after the target's blank */
            r = c == '\n' ? judge_version(h, bytes + at, i - 1 - at) : TB_HEAD_BARE_CR;
            h->state = LINE;
            break;
        }
        case LINE:
            if (c == '\r') {
                h->state = END_LF;
            } else if (h->count == TB_HEAD_MAX_FIELDS) {
                r = TB_HEAD_FIELDS;
            } else if (c == ' ' || c == '\t') {
                r = TB_HEAD_FOLD;
            } else if (c == ':') {
                r = TB_HEAD_EMPTY_NAME;
            } else if (!is(c, N)) {
                r = unexpected(c, TB_HEAD_NAME);
            } else {
                h->fields[h->count].name = (tb_head_span){(uint16_t)i, 0};
                h->state = NAME;
            }
            break;
        case NAME:
            while (i + 1 < end && is(p[i], N))
                i++;
            c = p[i];
            if (is(c, N))
                break;
            f = &h->fields[h->count];
            f->name.n = (uint16_t)(i - f->name.at);
            if (c == ':')
                h->state = BLANK;
            else
                r = c == ' ' || c == '\t' ? TB_HEAD_SPACE_COLON : unexpected(c, TB_HEAD_NAME);
            break;
        case BLANK:
            if (c == ' ' || c == '\t')
                break;
            h->fields[h->count].value = (tb_head_span){(uint16_t)i, 0};
            h->state = VALUE;
            /* fall through */
        case VALUE:
            while (i + 1 < end && is_value(p[i]))
                i++;
            c = p[i];
            if (is_value(c))
                break;
            if (c != '\r') {
                r = unexpected(c, TB_HEAD_VALUE);
                break;
            }
            f = &h->fields[h->count];
            f->value.n = (uint16_t)(i - f->value.at);
            h->state = FIELD_LF;
            break;
        case FIELD_LF:
            r = c == '\n' ? judge_field(h, bytes) : TB_HEAD_BARE_CR;
            h->state = LINE;
            break;
        case END_LF:
            r = c == '\n' ? judge_head(h, bytes) : TB_HEAD_BARE_CR;
            if (r)
                break;
            h->state = WHOLE;
            h->seen = i + 1;
            return TB_HEAD_WHOLE;
        case WHOLE:
        case REFUSED: break; /* answered above */
        }
        if (r) {
            h->seen = i;
            return refuse(h, r);
        }
    }
    h->seen = end;
    return end == TB_HEAD_MAX ? refuse(h, TB_HEAD_LONG) : TB_HEAD_MORE;
}

/* ---- chunked bodies, RFC 9112 §7.1 ---- */

enum chunk_state { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF };

void tb_chunks_begin(tb_chunks *c, uint64_t limit) { *c = (tb_chunks){.limit = limit}; }

tb_head_verdict tb_chunks_feed(tb_chunks *c, const char *bytes, size_t n, size_t *used) {
    tb_head_reason r = c->reason;
    for (size_t i = 0; i < n && !r; i++) {
        char b = bytes[i];
        switch ((enum chunk_state)c->state) {
        case SIZE:
            if (is_hex(b) && c->digits < TB_HEAD_MAX_CHUNK_DIGITS) {
                c->digits++;
                c->left = c->left * 16 + (uint64_t)(is_digit(b) ? b - '0' : (b | 32) - 'a' + 10);
            } else if (b == '\r' && c->digits) {
                c->state = SIZE_LF;
            } else {
                r = c->digits && (b == ';' || b == ' ' || b == '\t') ? TB_HEAD_CHUNK_EXTENSION : TB_HEAD_CHUNK;
            }
            break;
        case SIZE_LF:
            c->total += c->left;
            r = b != '\n' ? TB_HEAD_CHUNK : c->total > c->limit ? TB_HEAD_BODY_LONG : TB_HEAD_NONE;
            c->state = c->left ? DATA : LAST_CR;
            c->digits = 0;
            break;
        case DATA: {
            size_t take = n - i < c->left ? n - i : (size_t)c->left;
            c->left -= take;
            i += take - 1;
            if (c->left == 0)
                c->state = DATA_CR;
            break;
        }
        case DATA_CR:
            r = b == '\r' ? TB_HEAD_NONE : TB_HEAD_CHUNK;
            c->state = DATA_LF;
            break;
        case DATA_LF:
            r = b == '\n' ? TB_HEAD_NONE : TB_HEAD_CHUNK;
            c->state = SIZE;
            break;
        case LAST_CR:
            r = b == '\r' ? TB_HEAD_NONE : TB_HEAD_CHUNK_EXTENSION;
            c->state = LAST_LF;
            break;
        case LAST_LF:
            if (b == '\n') {
                *used = i + 1;
                return TB_HEAD_WHOLE;
            }
            r = TB_HEAD_CHUNK;
            break;
        }
    }
    *used = n;
    c->reason = r;
    return r ? TB_HEAD_REFUSED : TB_HEAD_MORE;
}
