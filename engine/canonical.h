/* Canonical bytes (M6): UTF-8 JSON, keys in byte order, integers and strings only (and true/false, arrays, objects),
 * no optional white space.
 *
 * Why our own writer and reader in a pure engine: a digest is only as good as the bytes under it. One value type
 * serves event inputs, form values and states; the runtime turns bodies parsed by jansson into it at its border.
 * Strings hold any Unicode but NUL; escapes written: \" \\ and \u00xx (small hexadecimal digits) for U+0001–U+001F
 * only.
 *
 * What takes an arena, a buffer or a maker runs under tb_try (arena.h). */
#ifndef TB_CANONICAL_H
#define TB_CANONICAL_H
#include "arena.h"

enum tb_json_kind {
    TB_JSON_NULL = 0 /* absent; never written */,
    TB_JSON_FALSE,
    TB_JSON_TRUE,
    TB_JSON_INT,
    TB_JSON_STR,
    TB_JSON_ARRAY,
    TB_JSON_OBJECT
};
enum { TB_JSON_DEPTH = 32, TB_JSON_MEMBERS = 4096 /* of one object or array */ };
typedef struct tb_json tb_json;
struct tb_json {
    enum tb_json_kind kind;
    int64_t number;
    tb_str text;
    uint32_t count;       /* of items */
    const tb_json *items; /* array: values; object: values, in the order of keys */
    const tb_str *keys;   /* object: sorted by bytes, unique */
};

/* Reads any JSON that fits the restrictions above (white space and any key order allowed; null members dropped);
 * refuses floats, duplicate keys, bad UTF-8, NUL, lone surrogates, depth, and null anywhere else. NULL and `*error`
 * (a constant text) and `*where` (byte offset; of a doubled key written with escapes: the end of its object) when
 * refused; both may be NULL. Lives in `a`; strings without escapes point into `text`, which must outlive it. */
const tb_json *tb_json_read(tb_arena *a, tb_str text, const char **error, size_t *where);
const char *tb_json_error_zh(const char *error); /* what tb_json_read answered, in Chinese */
const tb_json *tb_json_get(const tb_json *object, const char *key); /* NULL: absent, or not an object */
const tb_json *tb_json_find(const tb_json *object, tb_str key);
tb_str tb_json_text(const tb_json *object, const char *key); /* empty when absent or not a string */
int64_t tb_json_number(const tb_json *object, const char *key, int64_t otherwise);

/* Writing a value, canonical. Absent values (TB_JSON_NULL) in objects and arrays are left out. */
void tb_json_write(tb_buf *b, const tb_json *v);
void tb_json_put_text(tb_buf *b, tb_str s); /* one string with its quotes */

/* Making values. Members may be added in any order; tb_json_done sorts and empties the maker. Duplicate keys: the
 * last wins, and an absent value takes the member away. Texts are kept as views: they must outlive the value. */
typedef struct tb_json_maker {
    tb_arena *arena;
    TB_LIST(tb_json) values;
    TB_LIST(tb_str) keys;
} tb_json_maker;
void tb_json_begin(tb_json_maker *m, tb_arena *a);
void tb_json_add(tb_json_maker *m, tb_str key, tb_json value);
tb_json tb_json_done(tb_json_maker *m);
tb_json tb_json_of_text(tb_str s), tb_json_of_int(int64_t n), tb_json_of_bool(bool b);
tb_json tb_json_of_array(const tb_json *items, uint32_t count);

/* Exact decimals: "12.50" ⇄ 1250 with scale 2; at most 18 digits. false: not a decimal (one spelling only: no +, no
 * leading zeros, digits on both sides of the point), or too long. */
typedef struct tb_decimal {
    int64_t units;
    int scale;
} tb_decimal;
bool tb_decimal_read(tb_str s, tb_decimal *d);
int tb_decimal_cmp(tb_decimal a, tb_decimal b);
#define TB_DECIMAL_LIMIT INT64_C(1000000000000000000) /* units stay below it */
/* Exact, the result without zeros at its end; false: it has more than 18 digits (`*sum` is not written). */
bool tb_decimal_add(tb_decimal a, tb_decimal b, tb_decimal *sum);
bool tb_decimal_mul(tb_decimal a, tb_decimal b, tb_decimal *product);
static inline tb_decimal tb_decimal_neg(tb_decimal a) { return (tb_decimal){-a.units, a.scale}; }
tb_str tb_decimal_text(tb_arena *a, tb_decimal d); /* as tb_decimal_read() takes it */

bool tb_valid_utf8(tb_str s, size_t *where); /* RFC 3629; `*where` (may be NULL): offset of the first bad byte */
#endif
