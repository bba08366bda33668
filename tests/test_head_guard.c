/* The head guard: a table of heads and what it says of each; every head is fed whole, byte by byte, and cut in two at
 * every place, and the answer must not depend on it. */
#include <stdlib.h>
#include "check.h"
#include "head_guard.h"

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define END "\r\n"

static const struct {
    const char *head;
    tb_head_reason reason; /* NONE: let through */
} table[] = {
    {GET H END, TB_HEAD_NONE},
    {"GET /v1/cases?a=b&c=%20 HTTP/1.1\r\nHost: 127.0.0.1:8420\r\nAccept: */*\r\n\r\n", TB_HEAD_NONE},
    {"GET /v1/matters/食品经营许可 HTTP/1.1\r\n" H END, TB_HEAD_NONE},
    {"GET http://a/x HTTP/1.1\r\n" H END, TB_HEAD_NONE},
    {"GET http://A/x?y HTTP/1.1\r\n" H END, TB_HEAD_NONE},
    {"OPTIONS * HTTP/1.1\r\n" H END, TB_HEAD_NONE},
    {"GET / HTTP/1.0\r\n\r\n", TB_HEAD_NONE},
    {GET "Host: [::1]:8420\r\n\r\n", TB_HEAD_NONE},
    {GET "hOsT:\t a \t\r\nX:\r\nY: \r\nZ: 值\r\n\r\n", TB_HEAD_NONE},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", TB_HEAD_NONE},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n", TB_HEAD_NONE},
    {"POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n", TB_HEAD_NONE},
    /* line ends */
    {"GET / HTTP/1.1\n" H END, TB_HEAD_BARE_LF},
    {GET "Host: a\n\r\n", TB_HEAD_BARE_LF},
    {GET H "\n", TB_HEAD_BARE_LF},
    {GET "Host: a\rX: b\r\n\r\n", TB_HEAD_BARE_CR},
    {GET "Host: a\r\r\n\r\n", TB_HEAD_BARE_CR},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", TB_HEAD_BARE_CR},
    {GET H "\rX", TB_HEAD_BARE_CR},
    {"\r\n" GET H END, TB_HEAD_METHOD},
    {"\n" GET H END, TB_HEAD_BARE_LF},
    /* the request line */
    {"\x16\x03\x01\x02", TB_HEAD_TLS},
    {" GET / HTTP/1.1\r\n" H END, TB_HEAD_METHOD},
    {"G@T / HTTP/1.1\r\n" H END, TB_HEAD_METHOD},
    {"AVERYLONGMETHODNAME / HTTP/1.1\r\n" H END, TB_HEAD_METHOD},
    {"get / HTTP/1.1\r\n" H END, TB_HEAD_UNKNOWN_METHOD},
    {"BREW / HTTP/1.1\r\n" H END, TB_HEAD_UNKNOWN_METHOD},
    {"CONNECT a:80 HTTP/1.1\r\n" H END, TB_HEAD_UNKNOWN_METHOD},
    {"GET  / HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET x HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET * HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET /a#b HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET /a\"b HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET /a\tb HTTP/1.1\r\n" H END, TB_HEAD_TARGET},
    {"GET /\r\n" H END, TB_HEAD_TARGET},
    {"GET / \r\n" H END, TB_HEAD_VERSION},
    {"GET / x HTTP/1.1\r\n" H END, TB_HEAD_VERSION},
    {"GET / HTTP/1.1 \r\n" H END, TB_HEAD_VERSION},
    {"GET / http/1.1\r\n" H END, TB_HEAD_VERSION},
    {"GET / HTTP/1.10\r\n" H END, TB_HEAD_VERSION},
    {"GET / HTTP/2.0\r\n" H END, TB_HEAD_OTHER_VERSION},
    {"GET / HTTP/0.9\r\n" H END, TB_HEAD_OTHER_VERSION},
    {"GET / HTTP/1.2\r\n" H END, TB_HEAD_OTHER_VERSION},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TB_HEAD_OTHER_VERSION},
    /* fields */
    {GET " Host: a\r\n\r\n", TB_HEAD_FOLD},
    {GET H "X: a\r\n b\r\n\r\n", TB_HEAD_FOLD},
    {GET H "X: a\r\n\tb\r\n\r\n", TB_HEAD_FOLD},
    {GET "Host : a\r\n\r\n", TB_HEAD_SPACE_COLON},
    {GET H "Content-Length\t: 5\r\n\r\n", TB_HEAD_SPACE_COLON},
    {GET H ": x\r\n\r\n", TB_HEAD_EMPTY_NAME},
    {GET H "X(y): x\r\n\r\n", TB_HEAD_NAME},
    {GET H "名: x\r\n\r\n", TB_HEAD_NAME},
    {GET H "Nocolon\r\n\r\n", TB_HEAD_NAME},
    {GET H "X: a\x01\r\n\r\n", TB_HEAD_VALUE},
    {GET H "X: a\x7f\r\n\r\n", TB_HEAD_VALUE},
    /* framing */
    {GET H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", TB_HEAD_TWO_LENGTHS},
    {GET H "Content-Length: 1, 1\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length: +1\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length: -1\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length: 0x1\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length:\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length: 9999999999999999\r\n\r\n", TB_HEAD_LENGTH},
    {GET H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", TB_HEAD_LENGTH_AND_CODING},
    {GET H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", TB_HEAD_LENGTH_AND_CODING},
    {GET H "Transfer-Encoding: gzip, chunked\r\n\r\n", TB_HEAD_CODING},
    {GET H "Transfer-Encoding: identity\r\n\r\n", TB_HEAD_CODING},
    {GET H "Transfer-Encoding: xchunked\r\n\r\n", TB_HEAD_CODING},
    {GET H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", TB_HEAD_CODING},
    {GET H "Transfer-Encoding:\r\n\r\n", TB_HEAD_CODING},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", TB_HEAD_CODING},
    {GET H "Expect: 200-ok\r\n\r\n", TB_HEAD_EXPECT},
    /* Host */
    {GET "\r\n", TB_HEAD_NO_HOST},
    {GET H H END, TB_HEAD_TWO_HOSTS},
    {GET "Host:\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: a b\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: a/b\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: a:b\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: a:123456\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: [::1\r\n\r\n", TB_HEAD_HOST},
    {GET "Host: x@a\r\n\r\n", TB_HEAD_HOST},
    {"GET http://b/x HTTP/1.1\r\n" H END, TB_HEAD_HOST},
};

/* The head in memory of its exact size, so that a sanitizer sees a read beyond what has come. */
static tb_head_verdict feed(tb_head *h, const char *head, size_t n) {
    char *copy = malloc(n ? n : 1);
    memcpy(copy, head, n);
    tb_head_verdict v = tb_head_feed(h, copy, n);
    free(copy);
    return v;
}

static void check_case(const char *head, tb_head_reason want) {
    static tb_head whole, cut;
    size_t n = strlen(head);
    tb_head_begin(&whole);
    tb_head_verdict v = feed(&whole, head, n);
    if (!CHECK_INT(v, want ? TB_HEAD_REFUSED : TB_HEAD_WHOLE) ||
        !CHECK_STR(tb_head_code(whole.reason), tb_head_code(want)))
        fprintf(stderr, "    head: %s\n", head);
    tb_head_begin(&cut);
    for (size_t i = 0; i <= n && (v = feed(&cut, head, i)) == TB_HEAD_MORE; i++) {}
    if (!CHECK_INT(cut.reason, want) || !CHECK_INT(v, want ? TB_HEAD_REFUSED : TB_HEAD_WHOLE))
        fprintf(stderr, "    byte by byte: %s\n", head);
    for (size_t at = 0; at <= n; at++) {
        tb_head_begin(&cut);
        feed(&cut, head, at);
        feed(&cut, head, n);
        if (cut.reason != want || cut.seen != whole.seen || cut.count != whole.count ||
            memcmp(cut.fields, whole.fields, cut.count * sizeof *cut.fields) != 0) {
            CHECK(!"a cut changes the answer");
            fprintf(stderr, "    cut at %zu: %s\n", at, head);
        }
    }
}

static bool span_is(const char *head, tb_head_span s, const char *want) {
    return s.n == strlen(want) && memcmp(head + s.at, want, s.n) == 0;
}

static void check_meaning(void) {
    static tb_head h;
    const char *head = "POST http://a:1/v1/x%20y?q=1&r HTTP/1.1\r\nHost: a:1\r\nContent-Length:  42 \r\n"
                       "Connection: x, Close\r\nExpect: 100-continue\r\nX-Empty:\r\n\r\nBODY";
    tb_head_begin(&h);
    CHECK_INT(tb_head_feed(&h, head, strlen(head)), TB_HEAD_WHOLE);
    CHECK_INT(h.seen, strlen(head) - 4);
    CHECK_INT(h.method, TB_HTTP_POST);
    CHECK(span_is(head, h.path, "/v1/x%20y"));
    CHECK(span_is(head, h.query, "q=1&r"));
    CHECK(h.has_length && h.length == 42 && !h.chunked && h.close && h.wants_continue && h.minor == 1);
    CHECK_INT(h.count, 5);
    CHECK(span_is(head, h.fields[1].name, "Content-Length") && span_is(head, h.fields[1].value, "42"));
    CHECK(span_is(head, h.fields[4].name, "X-Empty") && h.fields[4].value.n == 0);
}

static void check_limits(void) {
    static tb_head h;
    static char big[TB_HEAD_MAX + 100];
    /* exactly the limit goes through, one more does not */
    for (int over = 0; over < 2; over++) {
        size_t n = (size_t)sprintf(big, GET H "X: "), room = (size_t)(TB_HEAD_MAX + over) - n - 4;
        memset(big + n, 'x', room);
        memcpy(big + n + room, "\r\n\r\n", 5);
        tb_head_begin(&h);
        CHECK_INT(tb_head_feed(&h, big, strlen(big)), over ? TB_HEAD_REFUSED : TB_HEAD_WHOLE);
        CHECK_INT(h.reason, over ? TB_HEAD_LONG : TB_HEAD_NONE);
    }
    for (int over = 0; over < 2; over++) {
        char *p = big + sprintf(big, GET H);
        for (int i = 1; i < TB_HEAD_MAX_FIELDS + over; i++)
            p += sprintf(p, "X%d: y\r\n", i);
        strcpy(p, "\r\n");
        check_case(big, over ? TB_HEAD_FIELDS : TB_HEAD_NONE);
    }
    /* every reason has a status, a code and a text */
    for (int r = 1; r <= TB_HEAD_BODY_LONG; r++)
        CHECK(tb_head_status(r) >= 400 && strncmp(tb_head_code(r), "HTTP_", 5) == 0 && *tb_head_text(r));
}

static const struct {
    const char *body;
    tb_head_reason reason;
    int used; /* bytes of it, when whole */
} chunked[] = {
    {"0\r\n\r\n", TB_HEAD_NONE, 5},
    {"5\r\nhello\r\n0\r\n\r\nGET", TB_HEAD_NONE, 15},
    {"a\r\n0123456789\r\n00\r\n\r\n", TB_HEAD_NONE, 21},
    {"\r\n", TB_HEAD_CHUNK, 0},
    {"g\r\n", TB_HEAD_CHUNK, 0},
    {"-1\r\n", TB_HEAD_CHUNK, 0},
    {" 1\r\n", TB_HEAD_CHUNK, 0},
    {"0x1\r\n", TB_HEAD_CHUNK, 0},
    {"5\nhello", TB_HEAD_CHUNK, 0},
    {"5\rhello", TB_HEAD_CHUNK, 0},
    {"5\r\nhelloXX0\r\n\r\n", TB_HEAD_CHUNK, 0},
    {"5\r\nhello\n0\r\n\r\n", TB_HEAD_CHUNK, 0},
    {"000000001\r\n", TB_HEAD_CHUNK, 0},
    {"fffffffff\r\n", TB_HEAD_CHUNK, 0},
    {"5;x=y\r\nhello\r\n", TB_HEAD_CHUNK_EXTENSION, 0},
    {"5 \r\nhello\r\n", TB_HEAD_CHUNK_EXTENSION, 0},
    {"0\r\nX: y\r\n\r\n", TB_HEAD_CHUNK_EXTENSION, 0},
    {"0\r\n\rX", TB_HEAD_CHUNK, 0},
    {"65\r\n", TB_HEAD_BODY_LONG, 0},
    {"ffffffff\r\n", TB_HEAD_BODY_LONG, 0},
};

static void check_chunks(void) {
    for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++)
        for (size_t step = 1; step <= 16; step++) {
            tb_chunks c;
            tb_chunks_begin(&c, 100);
            size_t n = strlen(chunked[i].body), at = 0, used = 0;
            tb_head_verdict v = TB_HEAD_MORE;
            for (; at < n && v == TB_HEAD_MORE; at += used)
                v = tb_chunks_feed(&c, chunked[i].body + at, n - at < step ? n - at : step, &used);
            if (!CHECK_INT(c.reason, chunked[i].reason) ||
                !CHECK_INT(v, chunked[i].reason ? TB_HEAD_REFUSED : TB_HEAD_WHOLE) ||
                (!chunked[i].reason && !CHECK_INT(at, chunked[i].used)))
                fprintf(stderr, "    chunks by %zu: %s\n", step, chunked[i].body);
        }
}

int main(void) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check_case(table[i].head, table[i].reason);
    check_meaning();
    check_limits();
    check_chunks();
    return check_end();
}
