/* Values of fields: the types of the language, what a value of each must look like, and values as conditions see them.
 *
 * A value travels as JSON (canonical.h): numbers exact, as integers or as decimals in strings; dates, instants, codes
 * and options as strings; a list as an array. tb_value is the same thing read once, so that comparing and computing
 * need not know how it was written. */
#ifndef TB_VALUE_H
#define TB_VALUE_H
#include "program.h"

const char *tb_type_word(enum tb_type t, enum tb_lang lang); /* 文本, text */
enum tb_type tb_type_named(tb_str word);                     /* in either language; 0: no such type */
bool tb_is_number(enum tb_type t);

/* What is wrong with a value of a field, in words ("应是整数"); empty: nothing. `today` (TB_NO_DAY: do not ask): nobody
 * is born later. `d` may be NULL: then only the divisions of the standard are known. Made in `a`. */
tb_str tb_value_wrong(tb_arena *a, enum tb_lang lang, const tb_field *f, const tb_json *v, int32_t today,
                      const tb_directory *d);

enum tb_value_kind {
    TB_IS_ABSENT = 0,
    TB_IS_NUMBER,
    TB_IS_DAY,
    TB_IS_INSTANT,
    TB_IS_BOOL,
    TB_IS_TEXT,
    TB_IS_LIST,
    TB_IS_TOO_LARGE /* a sum with more digits than a decimal holds */
};
typedef struct tb_value {
    enum tb_value_kind kind;
    tb_decimal number;
    int64_t at; /* days; milliseconds; 0 or 1 */
    tb_str text;
    const tb_json *list;
    enum tb_type item; /* of a list */
} tb_value;
/* A value of that type (`item`: of a list's items). Absent when `v` is NULL or not of the type. */
tb_value tb_value_of(enum tb_type t, enum tb_type item, const tb_json *v);
/* Order of two values of one kind (texts: 0 equal, else not). */
int tb_value_cmp(const tb_value *a, const tb_value *b);
bool tb__by_order(int order, enum tb_compare op); /* does what compares so (< 0, 0, > 0) satisfy op? */
bool tb_value_bound(const tb_field *f, tb_decimal n,
                    uint32_t *broken);               /* within the field's bounds; else the first one broken */
tb_str tb_value_text(tb_arena *a, const tb_json *v); /* for people: 是, 3.5, 甲、乙 */
tb_json tb_value_written(
    const tb_field *f,
    tb_str text); /* what a text in rules (为 300, 为 「是」) is as a value of the field, or of a list's item */

/* 行政区划: the name of a six-digit code of the standard; NULL: no such code. */
const char *tb_division_name(tb_str code);
#endif
