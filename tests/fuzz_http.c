/* Coverage-guided fuzzing of the guard in front of the HTTP parser (libFuzzer; `make fuzz-http`, see tests/fuzz): any bytes, whole and one by one. What
 * it lets through, llhttp reads as the same method, the same framing, the same end; what is chunked ends where llhttp says. */
#include "head_guard.h"
#include "llhttp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 100000 };

#define INSIST(what)                                        \
    do {                                                    \
        if (what) break;                                    \
        fprintf(stderr, "does not hold: %s\n", #what);      \
        abort();                                            \
    } while (0)

static int ended(llhttp_t *p) {
    *(int *)p->data = 1;
    return HPE_PAUSED;
}

static int no_upgrade(llhttp_t *p) {
    p->upgrade = 0;
    return 0;
}

/* The same bytes one at a time: the same verdict at the same place. */
static void check_slowly(const tb_head *whole, tb_head_verdict verdict, const char *bytes, size_t n) {
    tb_head slow;
    tb_head_verdict v = TB_HEAD_MORE;
    tb_head_begin(&slow);
    for (size_t i = 1; i <= n && v == TB_HEAD_MORE; i++) v = tb_head_feed(&slow, bytes, i);
    INSIST(v == verdict && (v != TB_HEAD_REFUSED || slow.reason == whole->reason));
    INSIST(v != TB_HEAD_WHOLE || (slow.seen == whole->seen && slow.count == whole->count && slow.length == whole->length));
}

static size_t check_chunks(const char *bytes, size_t n, tb_head_verdict *verdict) {
    tb_chunks fast, slow;
    size_t used = n, at = 0;
    tb_head_verdict v = TB_HEAD_MORE;
    tb_chunks_begin(&fast, LIMIT);
    tb_chunks_begin(&slow, LIMIT);
    *verdict = tb_chunks_feed(&fast, bytes, n, &used);
    while (at < n && v == TB_HEAD_MORE) {
        size_t one = 1;
        v = tb_chunks_feed(&slow, bytes + at, 1, &one);
        at += one;
    }
    INSIST(v == *verdict && (v != TB_HEAD_REFUSED || fast.reason == slow.reason));
    INSIST(v != TB_HEAD_WHOLE || at == used);
    INSIST(used <= n);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = (const char *)data;
    tb_head h;
    tb_head_begin(&h);
    tb_head_verdict v = tb_head_feed(&h, bytes, size);
    check_slowly(&h, v, bytes, size);
    INSIST(h.seen <= size && h.seen <= TB_HEAD_MAX);
    if (v == TB_HEAD_REFUSED) INSIST(tb_head_status(h.reason) >= 400 && *tb_head_text(h.reason));
    if (v != TB_HEAD_WHOLE) return 0;
    INSIST(!(h.chunked && h.has_length));
    for (uint32_t i = 0; i < h.count; i++)
        INSIST(h.fields[i].name.n && (size_t)h.fields[i].value.at + h.fields[i].value.n <= h.seen);

    /* http.c feeds llhttp exactly what was measured; a disagreement is answered 400 there, and would be a finding here. */
    int end = 0;
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_headers_complete = no_upgrade;
    settings.on_message_complete = ended;
    llhttp_t p;
    llhttp_init(&p, HTTP_REQUEST, &settings);
    p.data = &end;
    size_t n = size - h.seen, used = 0;
    if (h.chunked) {
        tb_head_verdict body;
        used = check_chunks(bytes + h.seen, n, &body);
        if (body != TB_HEAD_WHOLE) return 0;
    } else if (h.has_length) {
        if (h.length > n) return 0;
        used = (size_t)h.length;
    }
    llhttp_errno_t e = llhttp_execute(&p, bytes, h.seen + used);
    INSIST(e == HPE_PAUSED || e == HPE_OK || e == HPE_CLOSED_CONNECTION || e == HPE_INVALID_URL || e == HPE_INVALID_HEADER_TOKEN ||
           e == HPE_INVALID_METHOD || !end); /* stricter than the guard: refused then */
    if (e == HPE_PAUSED) INSIST(llhttp_get_error_pos(&p) == bytes + h.seen + used || llhttp_get_error_pos(&p) == bytes + h.seen + used - 1);
    if (e == HPE_PAUSED || e == HPE_OK) {
        INSIST(end);
        INSIST(((p.flags & F_CHUNKED) != 0) == h.chunked);
    }
    return 0;
}
