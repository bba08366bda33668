/* What of an answer need not be sent: the body that the client has already (conditional GET, RFC 9110 §13), and the redundancy of one that
 * is long (gzip).
 *
 * The validator is a hash of the body itself. A case's answer depends on more than its events (calendars, the day, the language), so
 * whatever we named instead would one day be the same for two different bodies. It costs a pass over the bytes; saving
 * the work of making them is the cache's business (cases.h). It is weak (W/): the same for both encodings of one body. 64 bits,
 * not cryptographic: who could find a collision could only show himself an old body.
 *
 * no-cache does not forbid to keep an answer, but to use it without asking; private keeps shared proxies from keeping
 * what is one person's.
 *
 * Compressing a long list takes longer than all the rest of its request, so a worker does it, a few at a time; when too many wait, or memory
 * lacks, the body goes as it is. (Compressed secrets can be guessed by who may mix his own text into another's
 * answer and watch its length. Credentials here are headers that a browser does not send for others, and no answer repeats one.) */
#include "http_parts.h"
#include <stdio.h>
#include <strings.h>
#include <zlib.h>

enum { GZIP_LEVEL = 5, GZIP_WINDOW = 15 + 16 /* with gzip's head and tail */, GZIP_MEMORY = 8 };

/* ---- validators ---- */

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t hash(const char *p, size_t n) {
    uint64_t h = mix(0x243f6a8885a308d3u, n), v;
    for (; n >= sizeof v; p += sizeof v, n -= sizeof v) {
        memcpy(&v, p, sizeof v);
        h = mix(h, v);
    }
    v = 0;
    memcpy(&v, p, n);
    return mix(mix(h, v), 1);
}

/* One element after the other of a list in a header (RFC 9110 §5.6.1); commas inside quotes are not looked for: neither of our lists has them. */
static bool next_element(tb_str *rest, tb_str *out) {
    while (rest->n && (*rest->p == ' ' || *rest->p == '\t' || *rest->p == ',')) rest->p++, rest->n--;
    const char *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
    uint32_t n = comma ? (uint32_t)(comma - rest->p) : rest->n;
    *out = (tb_str){rest->p, n};
    rest->p += n;
    rest->n -= n;
    while (out->n && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\t')) out->n--;
    return out->n > 0;
}

bool tb__http_validator(const tb_http_request *r, int status, const char *type, const char *body, size_t n, char tag[TB__TAG]) {
    if (status != 200 || !type || (r->head.method != TB_HTTP_GET && r->head.method != TB_HTTP_HEAD)) return false;
    snprintf(tag, TB__TAG, "W/\"%016llx\"", (unsigned long long)hash(body, n));
    return true;
}

bool tb__http_unchanged(const tb_http_request *r, const char *tag) {
    tb_str list, one;
    if (!tb_http_header(r, "If-None-Match", &list)) return false;
    while (next_element(&list, &one)) {
        if (tb_str_is(one, "*")) return true;
        bool weak = tb_str_starts(one, "W/");
        if (tb_str_is((tb_str){one.p + 2 * weak, one.n - 2u * weak}, tag + 2)) return true; /* weakly: the mark does not count */
    }
    return false;
}

/* ---- gzip ---- */

/* "gzip", "gzip;q=0.5", "*": but not with q=0. */
static bool takes_gzip(const tb_http_request *r) {
    tb_str list, one;
    bool any = false;
    if (!tb_http_header(r, "Accept-Encoding", &list)) return false;
    while (next_element(&list, &one)) {
        uint32_t name = 0;
        while (name < one.n && one.p[name] != ';' && one.p[name] != ' ') name++;
        bool gzip = name == 4 && strncasecmp(one.p, "gzip", 4) == 0, star = name == 1 && *one.p == '*';
        if (!gzip && !star) continue;
        const char *q = memmem(one.p, one.n, "q=", 2);
        bool wanted = !q || strspn(q + 2, "0.") < (size_t)(one.p + one.n - q - 2);
        if (gzip) return wanted;
        any = wanted;
    }
    return any;
}

bool tb__http_packable(const tb_http_request *r, int status, const char *type, const char *extra, size_t n) {
    return n >= TB_HTTP_GZIP_LEAST && status == 200 && r->head.method != TB_HTTP_HEAD && type &&
           (strncmp(type, "application/json", 16) == 0 || strncmp(type, "text/", 5) == 0) &&
           !(extra && strcasestr(extra, "Content-Encoding")) && r->server->packing < TB_HTTP_GZIP_JOBS && takes_gzip(r);
}

typedef struct packing {
    tb_http_request *r;
    int status;
    owned own;
    char *out, *type, *extra;
    size_t n;
} packing;

static void pack(void *arg) { /* the worker's thread */
    packing *k = arg;
    z_stream z = {0};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) return;
    size_t room = k->own.n - k->own.n / 8; /* less is not worth it */
    k->out = malloc(room);
    z.next_in = (Bytef *)k->own.p;
    z.avail_in = (uInt)k->own.n;
    z.next_out = (Bytef *)k->out;
    z.avail_out = (uInt)room;
    bool packed = k->out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    k->n = room - z.avail_out;
    deflateEnd(&z);
    if (packed) return;
    free(k->out);
    k->out = NULL;
}

static void give_packed(void *p) { free(p); }

static void packed(void *arg) {
    packing *k = arg;
    tb_http_server *s = k->r->server;
    s->packing--;
    if (k->out) {
        give_back(&k->own);
        tb__http_send(k->r, k->status, k->type, k->extra, (owned){k->out, k->n, give_packed, k->out}, true);
    } else {
        tb__http_send(k->r, k->status, k->type, k->extra, k->own, false);
    }
    free(k);
}

bool tb__http_pack(tb_http_request *r, int status, const char *type, const char *extra, owned own) {
    tb_http_server *s = r->server;
    size_t types = strlen(type) + 1, extras = extra ? strlen(extra) + 1 : 0;
    if (own.n > UINT32_MAX) return false;
    if (!s->packer && !(s->packer = tb_io_worker_new(s->io, "gzip"))) return false;
    char *copy = own.give ? NULL : malloc(own.n);
    packing *k = own.give || copy ? malloc(sizeof *k + types + extras) : NULL;
    if (!k) {
        free(copy);
        return false;
    }
    if (copy) own = (owned){memcpy(copy, own.p, own.n), own.n, free, copy};
    *k = (packing){.r = r, .status = status, .own = own};
    k->type = memcpy(k + 1, type, types);
    if (extras) k->extra = memcpy(k->type + types, extra, extras);
    s->packing++;
    if (tb_io_worker_submit(s->packer, pack, packed, k) == TB_OK) return true;
    s->packing--;
    free(copy);
    free(k);
    return false;
}
