/* Canonical JSON (M6): reading with every restriction checked at the border, writing without choices.
 *
 * The reader walks the text once. Finished values wait on two stacks (values, keys) until their array or object
 * closes; then exactly that many move into the arena, so a value never moves again and no array is allocated twice.
 * The stacks begin in the frame of tb_json_read: an ordinary body never grows them. Objects are sorted as they close:
 * insertion sort for the few members of a form, a merge of indices for large ones, since a body may bring thousands
 * in the worst order.
 *
 * Everything here is deterministic and free of locale, floats and libc parsing: the same value gives the same bytes
 * everywhere. */
#include "canonical.h"
#include "calendar.h"
#include <string.h>

enum {
    WAITING = 48, /* values the stacks hold before they grow */
    FEW = 16,     /* members sorted by insertion */
    DECIMAL_DIGITS = 18,
};

/* ---- UTF-8 ---- */

/* Length of the sequence at p (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF); 0 when it is none. */
static unsigned utf8_length(const unsigned char *p, size_t room) {
    unsigned char c = p[0];
    if (c < 0x80) return 1;
    unsigned n = c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (n == 0 || room < n) return 0;
    unsigned char low = 0x80, high = 0xBF; /* what the second byte may be */
    if (c == 0xE0) low = 0xA0;
    else if (c == 0xED) high = 0x9F;
    else if (c == 0xF0) low = 0x90;
    else if (c == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    for (unsigned i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    return n;
}

static unsigned utf8_put(char *p, uint32_t c) {
    if (c < 0x80) return p[0] = (char)c, 1;
    if (c < 0x800) return p[0] = (char)(0xC0 | c >> 6), p[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000)
        return p[0] = (char)(0xE0 | c >> 12), p[1] = (char)(0x80 | (c >> 6 & 63)), p[2] = (char)(0x80 | (c & 63)), 3;
    p[0] = (char)(0xF0 | c >> 18), p[1] = (char)(0x80 | (c >> 12 & 63));
    return p[2] = (char)(0x80 | (c >> 6 & 63)), p[3] = (char)(0x80 | (c & 63)), 4;
}

bool tb_valid_utf8(tb_str s, size_t *where) {
    for (size_t i = 0; i < s.n;) {
        unsigned n = utf8_length((const unsigned char *)s.p + i, s.n - i);
        if (n == 0) {
            if (where) *where = i;
            return false;
        }
        i += n;
    }
    return true;
}

/* What a JSON string holds as it is. */
static bool is_plain(char c) { return (unsigned char)c >= 0x20 && c != '"' && c != '\\'; }

/* Are all of the eight bytes at p plain, and none above 0x7f when `ascii` is asked? Exact, since no sum carries into the next
 * byte: of a byte below 0x80, adding 0x60 sets the top bit unless it is a control, and adding 0x7f to its difference
 * from c sets it unless it is c. */
#define EACH_BYTE(x) (0x0101010101010101u * (uint64_t)(x))
static bool eight_plain(const char *p, bool ascii) {
    uint64_t v, low = EACH_BYTE(0x7f), top = EACH_BYTE(0x80);
    memcpy(&v, p, sizeof v);
    uint64_t seven = v & low;
    uint64_t control = ~(seven + EACH_BYTE(0x60)), quote = ~((seven ^ EACH_BYTE('"')) + low),
             back = ~((seven ^ EACH_BYTE('\\')) + low);
    uint64_t special = (control | quote | back) & ~v & top;
    return (special | (ascii ? v & top : 0)) == 0;
}

/* ---- objects ---- */

static void swap_in(tb_str *keys, tb_json *values, uint32_t from, uint32_t to) {
    tb_str key = keys[from];
    tb_json value = values[from];
    memmove(keys + to + 1, keys + to, (from - to) * sizeof *keys);
    memmove(values + to + 1, values + to, (from - to) * sizeof *values);
    keys[to] = key, values[to] = value;
}

/* Stable, so that of equal keys the later one stays later. Merges runs of indices of doubling length, then moves each
 * member once. */
static void merge_sort(tb_arena *a, tb_str *keys, tb_json *values, uint32_t n) {
    uint32_t *from = TB_NEW_ARRAY(a, n, uint32_t), *to = TB_NEW_ARRAY(a, n, uint32_t);
    for (uint32_t i = 0; i < n; i++) from[i] = i;
    for (uint32_t run = 1; run < n; run *= 2) {
        for (uint32_t low = 0; low < n; low += 2 * run) {
            uint32_t mid = low + run < n ? low + run : n, high = mid + run < n ? mid + run : n;
            for (uint32_t i = low, j = mid, k = low; k < high; k++)
                to[k] = j >= high || (i < mid && tb_str_cmp(keys[from[i]], keys[from[j]]) <= 0) ? from[i++] : from[j++];
        }
        uint32_t *swap = from;
        from = to, to = swap;
    }
    tb_str *old_keys = TB_NEW_ARRAY(a, n, tb_str);
    tb_json *old_values = TB_NEW_ARRAY(a, n, tb_json);
    memcpy(old_keys, keys, n * sizeof *keys);
    memcpy(old_values, values, n * sizeof *values);
    for (uint32_t i = 0; i < n; i++) keys[i] = old_keys[from[i]], values[i] = old_values[from[i]];
}

static void sort_members(tb_arena *a, tb_str *keys, tb_json *values, uint32_t n) {
    uint32_t sorted = n ? 1 : 0;
    while (sorted < n && tb_str_cmp(keys[sorted - 1], keys[sorted]) <= 0) sorted++;
    if (sorted < n && n > FEW) {
        merge_sort(a, keys, values, n);
        return;
    }
    for (uint32_t i = sorted; i < n; i++) {
        uint32_t at = i;
        while (at && tb_str_cmp(keys[at - 1], keys[i]) > 0) at--;
        if (at < i) swap_in(keys, values, i, at);
    }
}

/* ---- reading ---- */

typedef struct reader {
    tb_arena *arena;
    const char *start, *p, *end;
    const char *error;
    int depth;
    TB_LIST(tb_json) values;
    TB_LIST(tb_str) keys;
} reader;

/* Why a text is refused, in both languages: a body's sender is told in his. */
enum why {
#define X(name, zh, en) WHY_##name,
#include "json_errors.def"
#undef X
};
static const struct {
    const char *zh, *en;
} whys[] = {
#define X(name, zh, en) {zh, en},
#include "json_errors.def"
#undef X
};

static bool refuse(reader *r, const char *at, enum why why) {
    r->p = at, r->error = whys[why].en;
    return false;
}

static void skip_space(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')) r->p++;
}

static bool read_hex4(reader *r, const char *p, uint32_t *c) {
    *c = 0;
    if (r->end - p < 4) return refuse(r, p, WHY_HEX);
    for (int i = 0; i < 4; i++) {
        int low = p[i] | 32;
        int d = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (d < 0) return refuse(r, p, WHY_HEX);
        *c = *c * 16 + (uint32_t)d;
    }
    return true;
}

/* One escape at *p (at the backslash), decoded to out; moves both on. */
static bool read_escape(reader *r, const char **p, char **out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = *p, *known;
    if (r->end - at < 2) return refuse(r, at, WHY_OPEN_TEXT);
    if (at[1] != 'u') {
        if (!at[1] || !(known = strchr(from, at[1]))) return refuse(r, at, WHY_ESCAPE);
        *(*out)++ = to[known - from];
        *p = at + 2;
        return true;
    }
    uint32_t c, low;
    if (!read_hex4(r, at + 2, &c)) return false;
    *p = at + 6;
    if (c == 0) return refuse(r, at, WHY_NUL);
    if (c >= 0xDC00 && c <= 0xDFFF) return refuse(r, at, WHY_SURROGATE);
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (r->end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return refuse(r, at, WHY_SURROGATE);
        if (!read_hex4(r, *p + 2, &low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return refuse(r, at, WHY_SURROGATE);
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        *p += 6;
    }
    *out += utf8_put(*out, c);
    return true;
}

/* The plain bytes at p up to a quote, a backslash or an error (NULL). */
static const char *plain_run(reader *r, const char *p) {
    for (;;) {
        while (r->end - p >= 8 && eight_plain(p, true)) p += 8;
        while (p < r->end && (unsigned char)*p < 0x80 && is_plain(*p)) p++;
        if (p == r->end) return refuse(r, p, WHY_OPEN_TEXT), NULL;
        if (*p == '"' || *p == '\\') return p;
        if ((unsigned char)*p < 0x20) return refuse(r, p, WHY_CONTROL), NULL;
        unsigned n = utf8_length((const unsigned char *)p, (size_t)(r->end - p));
        if (n == 0) return refuse(r, p, WHY_UTF8), NULL;
        p += n;
    }
}

/* At the opening quote. Without escapes the string is a view of the text; with them it is decoded into the arena, and
 * decoding never makes it longer. */
static bool read_string(reader *r, tb_str *s) {
    const char *from = r->p + 1, *p = plain_run(r, from);
    if (!p) return false;
    if (*p == '"') {
        *s = (tb_str){from, (uint32_t)(p - from)};
        r->p = p + 1;
        return true;
    }
    const char *close = p;
    while (close < r->end && *close != '"') close += *close == '\\' && close + 1 < r->end ? 2 : 1;
    if (close == r->end) return refuse(r, r->end, WHY_OPEN_TEXT);
    char *text = tb_alloc(r->arena, (size_t)(close - from)), *out = text;
    for (;;) {
        memcpy(out, from, (size_t)(p - from));
        out += p - from;
        if (*p == '"') break;
        if (!read_escape(r, &p, &out)) return false;
        from = p;
        if (!(p = plain_run(r, from))) return false;
    }
    *s = (tb_str){text, (uint32_t)(out - text)};
    r->p = p + 1;
    return true;
}

static bool read_number(reader *r, int64_t *number) {
    const char *at = r->p, *p = at;
    bool minus = *p == '-', big = false;
    uint64_t n = 0, most = (uint64_t)INT64_MAX + minus;
    p += minus;
    if (p == r->end || *p < '0' || *p > '9') return refuse(r, p, WHY_DIGITS);
    const char *first = p;
    for (; p < r->end && *p >= '0' && *p <= '9'; p++) {
        uint64_t d = (uint64_t)(*p - '0');
        if (n > (most - d) / 10) big = true;
        else n = n * 10 + d;
    }
    if (*first == '0' && p > first + 1) return refuse(r, first, WHY_ZERO);
    if (p < r->end && (*p == '.' || *p == 'e' || *p == 'E')) return refuse(r, p, WHY_FRACTION);
    if (big) return refuse(r, at, WHY_LARGE);
    *number = minus ? (int64_t)(0 - n) : (int64_t)n;
    r->p = p;
    return true;
}

static bool read_word(reader *r, const char *word, uint32_t n) {
    if (r->end - r->p < (ptrdiff_t)n || memcmp(r->p, word, n) != 0) return refuse(r, r->p, WHY_VALUE);
    r->p += n;
    return true;
}

static bool read_value(reader *r, tb_json *v);

static bool enter(reader *r) {
    if (++r->depth > TB_JSON_DEPTH) return refuse(r, r->p, WHY_DEPTH);
    r->p++;
    skip_space(r);
    return true;
}

/* After an item: true with *more at a comma, true without at `close`. */
static bool next_item(reader *r, char close, bool *more) {
    skip_space(r);
    if (r->p == r->end) return refuse(r, r->p, WHY_ENDS);
    if (*r->p != ',' && *r->p != close) return refuse(r, r->p, close == ']' ? WHY_ARRAY : WHY_OBJECT);
    *more = *r->p++ == ',';
    skip_space(r);
    return true;
}

static const tb_json *keep_values(reader *r, uint32_t from) {
    uint32_t n = r->values.count - from;
    tb_json *items = TB_NEW_ARRAY(r->arena, n, tb_json);
    if (n) memcpy(items, r->values.items + from, n * sizeof *items);
    r->values.count = from;
    return items;
}

static bool read_array(reader *r, tb_json *v) {
    uint32_t from = r->values.count;
    if (!enter(r)) return false;
    bool more = r->p == r->end || *r->p != ']';
    if (!more) r->p++;
    while (more) {
        tb_json item;
        const char *at = r->p;
        if (!read_value(r, &item)) return false;
        if (item.kind == TB_JSON_NULL) return refuse(r, at, WHY_NULL_ITEM);
        if (r->values.count - from == TB_JSON_MEMBERS) return refuse(r, at, WHY_ITEMS);
        *TB_PUSH(r->arena, r->values) = item;
        if (!next_item(r, ']', &more)) return false;
    }
    r->depth--;
    *v = (tb_json){.kind = TB_JSON_ARRAY, .count = r->values.count - from};
    v->items = keep_values(r, from);
    return true;
}

/* Where a doubled key stands: found by its address when it is a view of the text, else the end of its object. */
static const char *place_of(const reader *r, tb_str key) {
    uintptr_t p = (uintptr_t)key.p;
    return p >= (uintptr_t)r->start && p < (uintptr_t)r->end ? key.p : r->p;
}

static bool finish_object(reader *r, tb_json *v, uint32_t from, uint32_t key_from) {
    uint32_t n = r->keys.count - key_from, kept = 0;
    tb_str *keys = TB_NEW_ARRAY(r->arena, n, tb_str);
    if (n) memcpy(keys, r->keys.items + key_from, n * sizeof *keys);
    r->keys.count = key_from;
    tb_json *items = (tb_json *)(uintptr_t)keep_values(r, from);
    sort_members(r->arena, keys, items, n);
    for (uint32_t i = 0; i < n; i++) {
        if (i && tb_str_eq(keys[i], keys[i - 1])) return refuse(r, place_of(r, keys[i]), WHY_DUPLICATE);
    }
    for (uint32_t i = 0; i < n; i++) /* only now: a null member takes part in finding doubled keys */
        if (items[i].kind != TB_JSON_NULL) keys[kept] = keys[i], items[kept++] = items[i];
    *v = (tb_json){.kind = TB_JSON_OBJECT, .count = kept, .items = items, .keys = keys};
    return true;
}

static bool read_object(reader *r, tb_json *v) {
    uint32_t from = r->values.count, key_from = r->keys.count;
    if (!enter(r)) return false;
    bool more = r->p == r->end || *r->p != '}';
    if (!more) r->p++;
    while (more) {
        tb_str key;
        tb_json item;
        if (r->p == r->end) return refuse(r, r->p, WHY_ENDS);
        if (*r->p != '"') return refuse(r, r->p, WHY_KEY);
        if (r->keys.count - key_from == TB_JSON_MEMBERS) return refuse(r, r->p, WHY_MEMBERS);
        if (!read_string(r, &key)) return false;
        skip_space(r);
        if (r->p == r->end || *r->p != ':') return refuse(r, r->p, WHY_AFTER_KEY);
        r->p++;
        skip_space(r);
        *TB_PUSH(r->arena, r->keys) = key;
        if (!read_value(r, &item)) return false;
        *TB_PUSH(r->arena, r->values) = item;
        if (!next_item(r, '}', &more)) return false;
    }
    r->depth--;
    return finish_object(r, v, from, key_from);
}

static bool read_value(reader *r, tb_json *v) {
    *v = (tb_json){.kind = TB_JSON_NULL};
    if (r->p == r->end) return refuse(r, r->p, WHY_ENDS);
    switch (*r->p) {
    case '{': return read_object(r, v);
    case '[': return read_array(r, v);
    case '"': v->kind = TB_JSON_STR; return read_string(r, &v->text);
    case 't': v->kind = TB_JSON_TRUE; return read_word(r, "true", 4);
    case 'f': v->kind = TB_JSON_FALSE; return read_word(r, "false", 5);
    case 'n': return read_word(r, "null", 4);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': v->kind = TB_JSON_INT; return read_number(r, &v->number);
    default: return refuse(r, r->p, WHY_VALUE);
    }
}

static bool read_all(reader *r, tb_json *v) {
    skip_space(r);
    const char *at = r->p;
    if (!read_value(r, v)) return false;
    if (v->kind == TB_JSON_NULL) return refuse(r, at, WHY_NULL_ALONE);
    skip_space(r);
    return r->p == r->end || refuse(r, r->p, WHY_MORE);
}

const tb_json *tb_json_read(tb_arena *a, tb_str text, const char **error, size_t *where) {
    tb_json values[WAITING], *v = TB_NEW(a, tb_json);
    tb_str keys[WAITING];
    reader r = {.arena = a, .start = text.n ? text.p : ""};
    r.p = r.start, r.end = r.start + text.n;
    r.values.items = values, r.values.room = WAITING;
    r.keys.items = keys, r.keys.room = WAITING;
    if (read_all(&r, v)) return v;
    if (error) *error = r.error;
    if (where) *where = (size_t)(r.p - r.start);
    return NULL;
}

const char *tb_json_error_zh(const char *error) {
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++)
        if (strcmp(whys[i].en, error) == 0) return whys[i].zh;
    return error;
}

/* ---- looking ---- */

const tb_json *tb_json_find(const tb_json *o, tb_str key) {
    if (!o || o->kind != TB_JSON_OBJECT) return NULL;
    uint32_t low = 0, high = o->count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        int order = tb_str_cmp(o->keys[mid], key);
        if (order == 0) return &o->items[mid];
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    return NULL;
}

const tb_json *tb_json_get(const tb_json *o, const char *key) { return tb_json_find(o, tb_str_z(key)); }

tb_str tb_json_text(const tb_json *o, const char *key) {
    const tb_json *v = tb_json_get(o, key);
    return v && v->kind == TB_JSON_STR ? v->text : TB_STR("");
}

int64_t tb_json_number(const tb_json *o, const char *key, int64_t otherwise) {
    const tb_json *v = tb_json_get(o, key);
    return v && v->kind == TB_JSON_INT ? v->number : otherwise;
}

/* ---- writing ---- */

/* Makes sure that `more` bytes and a NUL fit, so that the pieces of one member are written without further questions.
 */
static char *make_room(tb_buf *b, size_t more) {
    if (b->room - b->n <= more) {
        size_t room = b->room ? b->room : 256;
        while (room - b->n <= more) room *= 2;
        char *bigger = tb_alloc(b->arena, room);
        if (b->n) memcpy(bigger, b->p, b->n);
        b->p = bigger, b->room = room;
    }
    return b->p + b->n;
}

static void end_at(tb_buf *b, char *p) {
    b->n = (size_t)(p - b->p);
    *p = '\0';
}

/* Bytes at the start of the text that need no escape. */
static uint32_t plain_length(tb_str s) {
    uint32_t i = 0;
    while (s.n - i >= 8 && eight_plain(s.p + i, false)) i += 8;
    while (i < s.n && is_plain(s.p[i])) i++;
    return i;
}

/* The text in quotes, with one byte before and one after it when they are not NUL. */
static void put_quoted(tb_buf *b, char before, tb_str s, char after) {
    static const char hex[] = "0123456789abcdef";
    char *p = make_room(b, (size_t)s.n + 4);
    if (before) *p++ = before;
    *p++ = '"';
    for (;;) {
        uint32_t n = plain_length(s);
        if (n) memcpy(p, s.p, n);
        p += n;
        if (n == s.n) break;
        unsigned char c = (unsigned char)s.p[n];
        s = (tb_str){s.p + n + 1, s.n - n - 1};
        end_at(b, p);
        p = make_room(b, (size_t)s.n + 6 + 2);
        *p++ = '\\';
        if (c >= 0x20) *p++ = (char)c;
        else memcpy(p, "u00", 3), p[3] = hex[c >> 4], p[4] = hex[c & 15], p += 5;
    }
    *p++ = '"';
    if (after) *p++ = after;
    end_at(b, p);
}

void tb_json_put_text(tb_buf *b, tb_str s) { put_quoted(b, '\0', s, '\0'); }

static void put_byte(tb_buf *b, char c) {
    char *p = make_room(b, 1);
    *p = c;
    end_at(b, p + 1);
}

void tb_json_write(tb_buf *b, const tb_json *v) {
    bool object = v->kind == TB_JSON_OBJECT;
    char comma = '\0';
    switch (v->kind) {
    case TB_JSON_NULL: return;
    case TB_JSON_FALSE: tb_put(b, "false", 5); return;
    case TB_JSON_TRUE: tb_put(b, "true", 4); return;
    case TB_JSON_INT: tb_put_int(b, v->number); return;
    case TB_JSON_STR: tb_json_put_text(b, v->text); return;
    case TB_JSON_ARRAY:
    case TB_JSON_OBJECT:
        put_byte(b, object ? '{' : '[');
        for (uint32_t i = 0; i < v->count; i++) {
            if (v->items[i].kind == TB_JSON_NULL) continue; /* absent values leave no trace, not even a comma */
            if (object) put_quoted(b, comma, v->keys[i], ':');
            else if (comma) put_byte(b, comma);
            comma = ',';
            tb_json_write(b, &v->items[i]);
        }
        put_byte(b, object ? '}' : ']');
    }
}

/* ---- making ---- */

void tb_json_begin(tb_json_maker *m, tb_arena *a) { *m = (tb_json_maker){.arena = a}; }

void tb_json_add(tb_json_maker *m, tb_str key, tb_json value) {
    *TB_PUSH(m->arena, m->keys) = key;
    *TB_PUSH(m->arena, m->values) = value;
}

tb_json tb_json_done(tb_json_maker *m) {
    uint32_t n = m->keys.count, kept = 0;
    tb_str *keys = m->keys.items;
    tb_json *items = m->values.items;
    sort_members(m->arena, keys, items, n);
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && tb_str_eq(keys[i], keys[i + 1])) continue; /* the last one wins */
        if (items[i].kind != TB_JSON_NULL) keys[kept] = keys[i], items[kept++] = items[i];
    }
    *m = (tb_json_maker){.arena = m->arena};
    return (tb_json){.kind = TB_JSON_OBJECT, .count = kept, .items = items, .keys = keys};
}

tb_json tb_json_of_text(tb_str s) { return (tb_json){.kind = TB_JSON_STR, .text = s}; }
tb_json tb_json_of_int(int64_t n) { return (tb_json){.kind = TB_JSON_INT, .number = n}; }
tb_json tb_json_of_bool(bool b) { return (tb_json){.kind = b ? TB_JSON_TRUE : TB_JSON_FALSE}; }
tb_json tb_json_of_array(const tb_json *items, uint32_t count) {
    return (tb_json){.kind = TB_JSON_ARRAY, .count = count, .items = items};
}

/* ---- decimals ---- */

bool tb_decimal_read(tb_str s, tb_decimal *d) {
    uint32_t at = 0, used = 0, whole = 0;
    int64_t units = 0;
    int scale = -1; /* no point seen */
    bool minus = s.n && s.p[0] == '-';
    for (at = minus; at < s.n; at++) {
        if (s.p[at] == '.' && scale < 0 && used) {
            scale = 0;
            continue;
        }
        if (s.p[at] < '0' || s.p[at] > '9' || ++used > DECIMAL_DIGITS) return false;
        units = units * 10 + (s.p[at] - '0');
        if (scale >= 0) scale++;
        else whole++;
    }
    if (!used || scale == 0 || (whole > 1 && s.p[minus] == '0')) return false;
    *d = (tb_decimal){minus ? -units : units, scale < 0 ? 0 : scale};
    return true;
}

static const int64_t powers[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* Whole parts first, then fractions both stretched to 18 places: nothing can overflow. C division truncates towards
 * zero, so whole and fraction carry the same sign and the order holds for negative numbers too. */
int tb_decimal_cmp(tb_decimal a, tb_decimal b) {
    int64_t x = a.units / powers[a.scale], y = b.units / powers[b.scale];
    if (x == y) {
        x = a.units % powers[a.scale] * powers[DECIMAL_DIGITS - a.scale];
        y = b.units % powers[b.scale] * powers[DECIMAL_DIGITS - b.scale];
    }
    return (x > y) - (x < y);
}

__extension__ typedef __int128 wide; /* products of two numbers of 18 digits */

/* 12.50 → 12.5: a result has one form and no more digits than it needs. */
static bool narrow(wide units, int scale, tb_decimal *d) {
    while (scale && units % 10 == 0) units /= 10, scale--;
    if (scale > DECIMAL_DIGITS || units <= -TB_DECIMAL_LIMIT || units >= TB_DECIMAL_LIMIT) return false;
    return *d = (tb_decimal){(int64_t)units, scale}, true;
}

bool tb_decimal_add(tb_decimal a, tb_decimal b, tb_decimal *sum) {
    int scale = a.scale > b.scale ? a.scale : b.scale;
    return narrow((wide)a.units * powers[scale - a.scale] + (wide)b.units * powers[scale - b.scale], scale, sum);
}

bool tb_decimal_mul(tb_decimal a, tb_decimal b, tb_decimal *product) {
    return narrow((wide)a.units * b.units, a.scale + b.scale, product);
}

tb_str tb_decimal_text(tb_arena *a, tb_decimal d) {
    int64_t units = d.units < 0 ? -d.units : d.units, one = powers[d.scale];
    const char *minus = d.units < 0 ? "-" : "";
    if (!d.scale) return tb_str_printf(a, "%s%lld", minus, (long long)units);
    return tb_str_printf(a, "%s%lld.%0*lld", minus, (long long)(units / one), d.scale, (long long)(units % one));
}
