/* See leaf.h. The body is canonical JSON that we wrote ourselves, or what somebody made of it: it is scanned as bytes,
 * never parsed into values, so that whatever stands there gets exactly one entry, and values keep their bytes. */
#include "leaf.h"
#include "canonical.h"
#include "digest.h"
#include <string.h>

typedef struct entry {
    tb_buf *b;
    const tb_event_row *row;
    uint32_t values, erased;
} entry;

/* ---- salts ---- */

void tb_leaf_salt(const uint8_t seed[TB_SALT], uint32_t value, uint8_t salt[TB_SALT]) {
    uint8_t bytes[TB_SALT + 4], digest[TB_HASH];
    memcpy(bytes, seed, TB_SALT);
    for (int i = 0; i < 4; i++) bytes[TB_SALT + i] = (uint8_t)(value >> (24 - 8 * i));
    tb_sm3(bytes, sizeof bytes, digest);
    memcpy(salt, digest, TB_SALT);
}

/* The salt of the next value. false: it is erased, the row holds the commitment itself. */
static bool next_salt(entry *x, uint8_t salt[TB_SALT]) {
    tb_str s = x->row->salts;
    uint32_t value = x->values++;
    if (s.n == TB_SALT) return tb_leaf_salt((const uint8_t *)s.p, value, salt), true;
    memset(salt, 0, TB_SALT);
    size_t at = (size_t)value * TB_SALT_KEPT;
    if (s.n < at + TB_SALT_KEPT) return true; /* no honest row: its hash is not met */
    memcpy(salt, s.p + at + 1, TB_SALT);
    bool kept = s.p[at] != 0;
    x->erased += !kept;
    return kept;
}

static void put_hex(tb_buf *b, const uint8_t digest[TB_HASH]) {
    char hex[TB_SM3_HEX + 1];
    tb_hex(digest, TB_HASH, hex);
    tb_putf(b, "\"%s\"", hex);
}

/* {"sm3":"…"} in the place of a value; an erased one is that already. */
static void put_value(entry *x, const char *p, size_t n) {
    uint8_t salt[TB_SALT], digest[TB_HASH];
    if (!next_salt(x, salt)) {
        tb_put(x->b, p, n);
        return;
    }
    char *bytes = tb_alloc(x->b->arena, TB_SALT + n);
    memcpy(bytes, salt, TB_SALT);
    if (n) memcpy(bytes + TB_SALT, p, n);
    tb_sm3(bytes, TB_SALT + n, digest);
    tb_puts(x->b, "{\"sm3\":");
    put_hex(x->b, digest);
    tb_puts(x->b, "}");
}

static void put_outcome(entry *x) {
    uint8_t bytes[TB_SALT + TB_DIGEST], digest[TB_HASH];
    if (!next_salt(x, bytes)) {
        put_hex(x->b, x->row->outcome);
        return;
    }
    memcpy(bytes + TB_SALT, x->row->outcome, TB_DIGEST);
    tb_sm3(bytes, sizeof bytes, digest);
    put_hex(x->b, digest);
}

/* ---- the body ---- */

static const char *past_string(const char *p, const char *end) { /* from its first quote; NULL: it does not end */
    for (p++; p < end; p++) {
        if (*p == '"') return p + 1;
        if (*p == '\\') p++;
    }
    return NULL;
}

static const char *past_value(const char *p, const char *end) { /* NULL: there is none */
    if (p < end && *p == '"') return past_string(p, end);
    if (p < end && (*p == '{' || *p == '[')) {
        for (uint32_t depth = 0; p < end;) {
            if (*p == '"') {
                p = past_string(p, end);
                if (!p) return NULL;
                continue;
            }
            if (*p == '{' || *p == '[') depth++;
            if (*p == '}' || *p == ']') depth--;
            p++;
            if (depth == 0) return p;
        }
        return NULL;
    }
    const char *from = p;
    while (p < end && *p != ',' && *p != '}' && *p != ']') p++;
    return p > from ? p : NULL;
}

enum inside { TOP, ALL /* every member is a value */, ACTOR /* the person is, and for whom */ };

static bool is(tb_str key, const char *z) { return tb_str_is(key, z); }

static bool put_object(entry *x, const char *p, const char *end, enum inside where);

/* A member as it stands, as a value, or as an object whose members are looked at. */
static bool put_member(entry *x, tb_str key, const char *p, const char *past, enum inside where) {
    bool object = *p == '{';
    bool people = where == TOP && is(key, "by");
    if (where == TOP && object && (is(key, "form") || is(key, "input"))) return put_object(x, p, past, ALL);
    if (people && object) return put_object(x, p, past, ACTOR);
    bool value = where == ALL || people || (where == ACTOR && (is(key, "person") || is(key, "for"))) ||
                 (where == TOP &&
                  (is(key, "form") || is(key, "input") || is(key, "digest") || is(key, "name") || is(key, "reason") ||
                   is(key, "account") || is(key, "person")));
    if (value) put_value(x, p, (size_t)(past - p));
    else tb_put(x->b, p, (size_t)(past - p));
    return true;
}

/* From { to `end`, which must be just past its }. false: no object. */
static bool put_object(entry *x, const char *p, const char *end, enum inside where) {
    if (end - p < 2 || *p != '{' || end[-1] != '}') return false;
    tb_puts(x->b, "{");
    p++;
    if (p == end - 1) return tb_puts(x->b, "}"), true;
    for (;;) {
        const char *key = p;
        if (*p != '"') return false;
        p = past_string(p, end);
        if (!p || p >= end || *p != ':') return false;
        tb_put(x->b, key, (size_t)(p + 1 - key));
        const char *value = p + 1;
        p = past_value(value, end);
        if (!p || p >= end) return false;
        tb_str name = {key + 1, (uint32_t)(value - key - 3)};
        if (!put_member(x, name, value, p, where)) return false;
        if (*p == '}' && p == end - 1) return tb_puts(x->b, "}"), true;
        if (*p != ',') return false;
        tb_puts(x->b, ",");
        p++;
    }
}

static void put_body(entry *x) {
    tb_str body = x->row->body;
    entry before = *x;
    size_t length = x->b->n;
    if (put_object(x, body.p, body.p + body.n, TOP)) return;
    *x = before;
    x->b->n = length;
    put_value(x, body.p, body.n);
}

/* ---- the entry ---- */

static void put_number(tb_buf *b, const char *name, int64_t n) {
    tb_puts(b, name);
    tb_put_int(b, n);
}

static void put_before_leaf(entry *x) {
    const tb_event_row *row = x->row;
    x->values = 1; /* 0 is the outcome */
    put_number(x->b, "{\"at\":", row->at);
    tb_puts(x->b, ",\"body\":");
    put_body(x);
    put_number(x->b, ",\"case_id\":", row->case_id);
    tb_puts(x->b, ",\"kind\":");
    tb_json_put_text(x->b, row->kind);
    tb_puts(x->b, ",\"leaf\":");
}

static void put_after_leaf(entry *x) {
    const tb_event_row *row = x->row;
    x->values = 0;
    tb_puts(x->b, ",\"outcome\":");
    put_outcome(x);
    put_number(x->b, ",\"prev\":", row->prev);
    put_number(x->b, ",\"program\":", row->program);
    if (row->request.p) {
        tb_puts(x->b, ",\"request\":");
        tb_json_put_text(x->b, row->request);
    }
    put_number(x->b, ",\"semantics\":", row->semantics);
    put_number(x->b, ",\"seq\":", row->seq);
    put_number(x->b, ",\"wall\":", row->wall);
    put_number(x->b, ",\"world\":", row->world);
    tb_puts(x->b, "}");
}

void tb_leaf_entry(tb_buf *b, const tb_event_row *row, uint32_t *erased) {
    entry x = {.b = b, .row = row};
    put_before_leaf(&x);
    tb_put_int(b, row->leaf);
    put_after_leaf(&x);
    if (erased) *erased = x.erased;
}

enum { ENTRY_ROOM = 768 /* beyond the body */ };

static void open_room(tb_buf *b, tb_arena *a, size_t room) {
    *b = (tb_buf){.arena = a, .p = tb_alloc(a, room), .room = room};
}

tb_leaf_parts tb_leaf_split(tb_arena *a, const tb_event_row *row, uint32_t *erased) {
    tb_buf before, after;
    entry x = {.row = row};
    open_room(x.b = &before, a, ENTRY_ROOM + (size_t)row->body.n);
    put_before_leaf(&x);
    open_room(x.b = &after, a, ENTRY_ROOM);
    put_after_leaf(&x);
    if (erased) *erased = x.erased;
    return (tb_leaf_parts){tb_buf_str(&before), tb_buf_str(&after)};
}

void tb_leaf_hash_as(tb_arena *a, const tb_leaf_parts *p, int64_t leaf, uint8_t out[TB_HASH]) {
    tb_buf b;
    open_room(&b, a, (size_t)p->before.n + p->after.n + 32);
    tb_put(&b, "\0", 1);
    tb_putstr(&b, p->before);
    tb_put_int(&b, leaf);
    tb_putstr(&b, p->after);
    tb_merkle_leaf(tb_sm3, b.p + 1, b.n - 1, out);
}

void tb_leaf_hash(tb_arena *a, const tb_event_row *row, uint8_t out[TB_HASH]) {
    tb_buf b;
    open_room(&b, a, ENTRY_ROOM + (size_t)row->body.n);
    tb_put(&b, "\0", 1);
    tb_leaf_entry(&b, row, NULL);
    tb_merkle_leaf(tb_sm3, b.p + 1, b.n - 1, out);
}

void tb_leaf_append(tb_arena *a, tb_merkle *t, tb_event_row *row, const uint8_t seed[TB_SALT]) {
    uint8_t hash[TB_HASH];
    row->salts = tb_str_copy(a, (tb_str){(const char *)seed, TB_SALT});
    tb_leaf_hash(a, row, hash);
    uint32_t n = (uint32_t)tb_merkle_ends(t->size + 1) * TB_HASH;
    char *tree = tb_alloc(a, n);
    tb_merkle_append(t, hash, (uint8_t(*)[TB_HASH])tree);
    row->tree = (tb_str){tree, n};
}
