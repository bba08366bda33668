/* Canonical bytes (M6): what is refused and where, read∘write as a fixpoint, an outside JSON suite, UTF-8, decimals,
 * check digits.
 *
 * JSONTestSuite and utf8tests are read from $TB_SHARED (../shared when unset) and skipped, saying so, where they are
 * absent. TB_SEED=N repeats the random part. */
#include "pure.h"
#include "arena.h"
#include "canonical.h"
#include <dirent.h>
#include <stdlib.h>
#include <time.h>

enum { VALUES = 20000, MUTATIONS = 60000, FILE_MOST = 1 << 20, FAILURES_MOST = 64 };


/* ---- cases ---- */

static tb_str write_value(const tb_json *v) {
    tb_buf b;
    tb_buf_init(&b, arena);
    tb_json_write(&b, v);
    return tb_buf_str(&b);
}

/* The canonical bytes of a text, or "error@offset". */
static const char *canon(tb_str text) {
    const char *error = NULL;
    size_t where = 0;
    const tb_json *v = tb_json_read(arena, text, &error, &where);
    tb_str s = v ? write_value(v) : tb_str_printf(arena, "%s@%zu", error, where);
    return tb_str_copy(arena, s).p;
}

static void test_cases(void) {
    static const struct { const char *in, *out; } cases[] = {
        {" {\"b\" : [1 , -2,true, false ] ,\"a\":{ } }\n", "{\"a\":{},\"b\":[1,-2,true,false]}"},
        {"{\"乙\":1,\"甲\":\"\\u7532\\/\\\"\\\\\\n\",\"a\":null}", "{\"乙\":1,\"甲\":\"甲/\\\"\\\\\\u000a\"}"},
        {"{\"aa\":1,\"a\":2,\"\":3,\"B\":4}", "{\"\":3,\"B\":4,\"a\":2,\"aa\":1}"},
        {"\"\\uD834\\udd1e\\b\\f\\r\\t\\u001f\\u007f\"", "\"\xF0\x9D\x84\x9E\\u0008\\u000c\\u000d\\u0009\\u001f\x7F\""},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"[-0,0]", "[0,0]"},
        {"9223372036854775808", "the number is too large@0"},
        {"[1, -9223372036854775809]", "the number is too large@4"},
        {"1.0", "fractions and exponents are not allowed: write decimals as strings@1"},
        {"[1e2]", "fractions and exponents are not allowed: write decimals as strings@2"},
        {"01", "a number must not begin with 0@0"},
        {"-", "a number needs digits@1"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "duplicate key@14"},
        {"{\"a\":null,\"a\":3}", "duplicate key@11"},
        {"{\"a\":1,\"\\u0061\":3}", "duplicate key@18"},
        {"null", "null alone says nothing@0"},
        {"[1,null]", "null is not allowed in an array@3"},
        {"\"\\u0000\"", "NUL is not allowed in strings@1"},
        {"\"a\\ud834\"", "lone surrogate@2"},
        {"\"\\ud834\\u0041\"", "lone surrogate@1"},
        {"\"\\udd1e\"", "lone surrogate@1"},
        {"\"\\u12g4\"", "\\u needs four hexadecimal digits@3"},
        {"\"\\x\"", "unknown escape@1"},
        {"\"a\nb\"", "control characters in strings must be escaped@2"},
        {"\"a\xFF\"", "not UTF-8@2"},
        {"\"a\\n\xC0\x80\"", "not UTF-8@4"},
        {"\"abc", "the string does not end@4"},
        {"\"ab\\", "the string does not end@4"},
        {"", "the text ends too early@0"},
        {"[1", "the text ends too early@2"},
        {"[1 2]", "expected , or ]@3"},
        {"{\"a\":1 \"b\":2}", "expected , or }@7"},
        {"{a:1}", "expected a key in quotes@1"},
        {"{\"a\" 1}", "expected : after the key@5"},
        {"[1,]", "not a JSON value@3"},
        {"{\"a\":1,}", "expected a key in quotes@7"},
        {"{} {}", "more text after the value@3"},
        {"tru", "not a JSON value@0"},
        {"\xEF\xBB\xBF{}", "not a JSON value@0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++, tb_arena_reset(arena))
        CHECK_STR(canon(tb_str_z(cases[i].in)), cases[i].out);
    CHECK_STR(canon((tb_str){"\"a\0b\"", 5}), "control characters in strings must be escaped@2");
    CHECK_STR(canon((tb_str){NULL, 0}), "the text ends too early@0");
    CHECK_STR(canon(TB_STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")),
              "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"); /* 32 deep */
    CHECK_STR(canon(TB_STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")),
              "nested too deeply@32");
}

/* Members beyond the insertion sort, in the worst order, up to the limit and one more. */
static void test_many(void) {
    static const int sizes[] = {10, 17, 100, 1000, TB_JSON_MEMBERS, TB_JSON_MEMBERS + 1};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int n = sizes[k];
        tb_buf in, out;
        tb_buf_init(&in, arena), tb_buf_init(&out, arena);
        for (int i = 0; i < n; i++) {
            tb_putf(&in, "%s\"k%05d\":%d", i ? "," : "{", n - i, n - i);
            tb_putf(&out, "%s\"k%05d\":%d", i ? "," : "{", i + 1, i + 1);
        }
        tb_puts(&in, "}"), tb_puts(&out, "}");
        const char *got = canon(tb_buf_str(&in));
        if (n <= TB_JSON_MEMBERS) CHECK_STR(got, out.p);
        else CHECK(strncmp(got, "too many members@", 17) == 0);
        tb_arena_reset(arena);
    }
}

static void test_making(void) {
    tb_json_maker m;
    tb_json_begin(&m, arena);
    tb_json_add(&m, TB_STR("丙"), tb_json_of_int(3));
    tb_json_add(&m, TB_STR("a"), tb_json_of_bool(true));
    tb_json_add(&m, TB_STR("丙"), tb_json_of_text(TB_STR("后者")));
    tb_json_add(&m, TB_STR("gone"), tb_json_of_int(1));
    tb_json_add(&m, TB_STR("gone"), (tb_json){.kind = TB_JSON_NULL});
    tb_json inner[] = {tb_json_of_int(1), {.kind = TB_JSON_NULL}, tb_json_of_text((tb_str){NULL, 0})};
    tb_json_add(&m, TB_STR("b"), tb_json_of_array(inner, 3));
    tb_json o = tb_json_done(&m);
    CHECK_STR(write_value(&o).p, "{\"a\":true,\"b\":[1,\"\"],\"丙\":\"后者\"}");
    CHECK(tb_str_is(tb_json_text(&o, "丙"), "后者") && tb_json_text(&o, "a").n == 0 && tb_json_text(&o, "x").n == 0);
    CHECK(tb_json_get(&o, "b")->count == 3 && !tb_json_get(&o, "gone"));
    CHECK(!tb_json_get(&o, "") && !tb_json_get(NULL, "a"));
    CHECK(!tb_json_get(tb_json_get(&o, "b"), "a") && tb_json_number(&o, "a", 7) == 7);
    tb_json_begin(&m, arena);
    for (int i = 0; i < 200; i++) /* beyond the insertion sort: still the last one wins */
        tb_json_add(&m, tb_str_printf(arena, "k%d", i * 7 % 50), tb_json_of_int(i));
    tb_json many = tb_json_done(&m);
    CHECK(many.count == 50 && tb_json_number(&many, "k7", -1) == 151 && tb_json_number(&many, "k0", -1) == 150);
    tb_json empty = tb_json_done(&m);
    CHECK_STR(write_value(&empty).p, "{}");
}

/* ---- properties ---- */

static tb_str random_text(void) {
    static const char *const parts[] = {"a", "Z", "\"", "\\", "\n", "\x01", "\x7F", "é", "办", "件", "\xF0\x9D\x84\x9E",
        "/", " ", "0"};
    tb_buf b;
    tb_buf_init(&b, arena);
    for (uint32_t n = dice(6); n; n--) tb_puts(&b, parts[dice(sizeof parts / sizeof *parts)]);
    return tb_buf_str(&b);
}

static tb_json random_value(int depth) {
    uint32_t n = dice(dice(20) ? 5 : 60);
    switch (dice(depth < 4 ? 6 : 4)) {
    case 0: return tb_json_of_bool(dice(2));
    case 1: {
        uint64_t high = dice(UINT32_MAX), low = dice(UINT32_MAX);
        return tb_json_of_int(dice(2) ? (int64_t)dice(100) - 50 : (int64_t)(high << 32 | low));
    }
    case 2: case 3: return tb_json_of_text(random_text());
    case 4: {
        tb_json *items = TB_NEW_ARRAY(arena, n, tb_json);
        for (uint32_t i = 0; i < n; i++) items[i] = random_value(depth + 1);
        return tb_json_of_array(items, n);
    }
    default: {
        tb_json_maker m;
        tb_json_begin(&m, arena);
        for (uint32_t i = 0; i < n; i++) {
            tb_json value = random_value(depth + 1);
            tb_json_add(&m, random_text(), value);
        }
        return tb_json_done(&m);
    }
    }
}

/* The same value as people and programs write it: any order of members, white space, escapes, null members. */
static void write_loosely(tb_buf *b, const tb_json *v) {
    static const char *const space[] = {"", "", " ", "\n\t"};
    if (v->kind == TB_JSON_STR) {
        tb_puts(b, "\"");
        for (uint32_t i = 0; i < v->text.n; i++) {
            unsigned char c = (unsigned char)v->text.p[i];
            if (c < 0x20 || c == '"' || c == '\\' || (c < 0x80 && dice(4) == 0)) tb_putf(b, "\\u%04X", c);
            else tb_put(b, v->text.p + i, 1);
        }
        tb_puts(b, "\"");
    } else if (v->kind == TB_JSON_ARRAY || v->kind == TB_JSON_OBJECT) {
        bool object = v->kind == TB_JSON_OBJECT;
        uint32_t first = v->count ? dice(v->count) : 0;
        tb_puts(b, object ? "{" : "[");
        for (uint32_t k = 0; k < v->count; k++) {
            uint32_t i = object ? (k + first) % v->count : k;
            if (k) tb_puts(b, ",");
            tb_puts(b, space[dice(4)]);
            if (object) {
                tb_json key = tb_json_of_text(v->keys[i]);
                write_loosely(b, &key);
                tb_puts(b, space[dice(4)]), tb_puts(b, ":"), tb_puts(b, space[dice(4)]);
            }
            write_loosely(b, &v->items[i]);
        }
        if (object && dice(2)) tb_puts(b, v->count ? ",\"~~\":null" : "\"~~\":null");
        tb_puts(b, object ? "}" : "]");
    } else {
        tb_json_write(b, v);
    }
}

static void test_properties(void) {
    int wrong = 0, accepted = 0;
    for (int i = 0; i < VALUES && wrong < 5; i++, tb_arena_reset(arena)) {
        tb_json v = random_value(0);
        tb_str bytes = write_value(&v);
        tb_buf loose;
        tb_buf_init(&loose, arena);
        write_loosely(&loose, &v);
        const char *same = canon(bytes), *from_loose = canon(tb_buf_str(&loose));
        if (strcmp(same, bytes.p) || strcmp(from_loose, bytes.p)) {
            wrong++;
            fprintf(stderr, "value %d: %s\n     read: %s\n    loose: %s → %s\n", i, bytes.p, same, loose.p, from_loose);
        }
    }
    CHECK_INT(wrong, 0);
    for (int i = 0; i < MUTATIONS && wrong < 5; i++, tb_arena_reset(arena)) {
        tb_json v = random_value(1); /* to be damaged: then it is refused, or still a fixpoint */
        tb_str bytes = write_value(&v);
        char *copy = malloc(bytes.n + 1u); /* of its own, so that a read past the end is seen by ASan */
        if (!copy) break;
        memcpy(copy, bytes.p, bytes.n);
        uint32_t n = bytes.n;
        for (uint32_t k = 1 + dice(3); k && n; k--) {
            uint32_t at = dice(n);
            if (dice(3) == 0) n = at;
            else if (dice(2)) copy[at] = "{}[]\",:\\u0n-e. \x80\xE5"[dice(17)];
            else memmove(copy + at, copy + at + 1, n - at - 1), n--;
        }
        char *exact = malloc(n ? n : 1);
        if (!exact) { free(copy); break; }
        memcpy(exact, copy, n);
        const tb_json *got = tb_json_read(arena, (tb_str){exact, n}, NULL, NULL);
        if (got) {
            tb_str once = write_value(got);
            accepted++;
            if (strcmp(canon(once), once.p)) wrong++, fprintf(stderr, "damaged %d: %s\n", i, once.p);
        }
        free(exact), free(copy);
    }
    CHECK_INT(wrong, 0);
    CHECK(accepted > MUTATIONS / 100 && accepted < MUTATIONS);
}

/* ---- facts from outside ---- */

static const char *shared(void) {
    const char *dir = getenv("TB_SHARED");
    return dir && *dir ? dir : "../shared";
}

/* A whole file into malloced memory of exactly its size; NULL when it cannot be read. */
static char *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    char *big = f ? malloc(FILE_MOST) : NULL, *exact = NULL;
    if (big) {
        *size = fread(big, 1, FILE_MOST, f);
        exact = malloc(*size ? *size : 1);
        if (exact) memcpy(exact, big, *size);
    }
    if (f) fclose(f);
    free(big);
    return exact;
}

/* What we refuse on purpose although it is JSON. */
static const struct { const char *why, *files[16]; } excluded[] = {
    {"fractions and exponents: digests need exact numbers", {"y_number.json", "y_number_0e+1.json", "y_number_0e1.json",
        "y_number_double_close_to_zero.json", "y_number_int_with_exp.json", "y_number_real_capital_e.json",
        "y_number_real_capital_e_neg_exp.json", "y_number_real_capital_e_pos_exp.json", "y_number_real_exponent.json",
        "y_number_real_fraction_exponent.json", "y_number_real_neg_exp.json", "y_number_real_pos_exponent.json",
        "y_number_simple_real.json", "y_object_extreme_numbers.json", "y_structure_lonely_negative_real.json"}},
    {"duplicate keys", {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}},
    {"NUL in strings", {"y_object_escaped_null_in_key.json", "y_string_null_escape.json"}},
    {"null outside of members", {"y_array_null.json", "y_array_heterogeneous.json", "y_array_with_several_null.json",
        "y_structure_lonely_null.json"}},
};

static bool on_purpose(const char *name) {
    for (size_t i = 0; i < sizeof excluded / sizeof *excluded; i++)
        for (size_t k = 0; k < 16 && excluded[i].files[k]; k++)
            if (strcmp(excluded[i].files[k], name) == 0) return true;
    return false;
}

static void test_suite(void) {
    char path[1024];
    int yes = 0, no = 0, purpose = 0;
    snprintf(path, sizeof path, "%s/data/json", shared());
    DIR *dir = opendir(path);
    if (!dir) {
        printf("skipped: JSONTestSuite, no %s\n", path);
        return;
    }
    for (struct dirent *e; (e = readdir(dir)); tb_arena_reset(arena)) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/data/json/%s", shared(), e->d_name);
        size_t size = 0;
        char *text = read_file(path, &size);
        if (!CHECK(text != NULL)) continue;
        const char *error = NULL;
        const tb_json *v = tb_json_read(arena, (tb_str){text, (uint32_t)size}, &error, NULL);
        bool want = e->d_name[0] == 'y' && !on_purpose(e->d_name);
        if (e->d_name[0] != 'i' && !CHECK(!!v == want))
            fprintf(stderr, "    %s: %s\n", e->d_name, v ? "accepted" : error);
        if (v) {
            tb_str once = write_value(v);
            CHECK_STR(canon(once), once.p);
        }
        yes += e->d_name[0] == 'y', no += e->d_name[0] == 'n', purpose += on_purpose(e->d_name);
        free(text);
    }
    closedir(dir);
    CHECK(yes > 90 && no > 180);
    CHECK_INT(purpose, 15 + 2 + 2 + 4);
}

static int hex_digit(char c) {
    int low = c | 32;
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Lines `number:valid:text`, `number:valid hex:bytes`, `number:invalid hex:bytes:…`. */
static void test_utf8_suite(void) {
    char path[1024], line[2048], bytes[1024];
    int seen = 0;
    snprintf(path, sizeof path, "%s/data/utf8/utf8tests.txt", shared());
    FILE *f = fopen(path, "r");
    if (!f) {
        printf("skipped: utf8tests, no %s\n", path);
        return;
    }
    while (fgets(line, sizeof line, f)) {
        char *kind = strchr(line, ':'), *text = kind ? strchr(kind + 1, ':') : NULL;
        if (line[0] == '#' || !text) continue;
        kind += strspn(kind, ": ");
        bool hex = strncmp(kind, "valid hex", 9) == 0 || strncmp(kind, "invalid hex", 11) == 0;
        uint32_t n = 0;
        int high = -1;
        if (!CHECK(hex || strncmp(kind, "valid:", 6) == 0)) continue;
        for (char *p = text + 1; *p && *p != '\n' && !(hex && *p == ':') && n < sizeof bytes; p++) {
            if (!hex) bytes[n++] = *p;
            else if (hex_digit(*p) < 0) continue;
            else if (high < 0) high = hex_digit(*p);
            else bytes[n++] = (char)(high * 16 + hex_digit(*p)), high = -1;
        }
        if (!CHECK(tb_valid_utf8((tb_str){bytes, n}, NULL) == (kind[0] == 'v'))) fprintf(stderr, "    %s", line);
        seen++;
    }
    fclose(f);
    CHECK(seen > 200);
}

static void test_utf8(void) {
    size_t where = 99;
    CHECK(tb_valid_utf8(TB_STR("办件 a\xF4\x8F\xBF\xBF"), &where) && where == 99);
    CHECK(!tb_valid_utf8(TB_STR("办\xED\xA0\x80"), &where) && where == 3); /* surrogate */
    CHECK(!tb_valid_utf8(TB_STR("ab\xE5\x8A"), &where) && where == 2);     /* cut short */
    CHECK(!tb_valid_utf8(TB_STR("\xC0\xAF"), &where) && where == 0);       /* overlong */
    CHECK(!tb_valid_utf8(TB_STR("\xF4\x90\x80\x80"), NULL) && tb_valid_utf8((tb_str){NULL, 0}, NULL));
}

/* ---- decimals and check digits ---- */

static void test_decimals(void) {
    static const struct { const char *text; int64_t units; int scale; } good[] = {
        {"12.50", 1250, 2}, {"0", 0, 0}, {"-0.05", -5, 2}, {"300", 300, 0}, {"0.0", 0, 1},
        {"999999999999999999", 999999999999999999, 0}, {"-9.99999999999999999", -999999999999999999, 17},
    };
    static const char *bad[] = {"", "-", ".", ".5", "5.", "+1", "1.2.3", "1e3", " 1", "1 ", "01", "-00.5", "0x1", "１",
        "1000000000000000000", "0.999999999999999999", "--1", "1,000"};
    static const char *order[] = {"-999999999999999999", "-1.5", "-1.25", "-1", "-0.05", "-0.049", "0",
        "0.000000000000001", "0.9", "1", "1.00000000000000001", "12.49", "12.5", "12.51", "300", "99999999999999999.9",
        "999999999999999999"};
    tb_decimal a, b;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(tb_decimal_read(tb_str_z(good[i].text), &a) && a.units == good[i].units && a.scale == good[i].scale);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!tb_decimal_read(tb_str_z(bad[i]), &a))) fprintf(stderr, "    %s\n", bad[i]);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        for (size_t k = 0; k < sizeof order / sizeof *order; k++)
            if (!CHECK(tb_decimal_read(tb_str_z(order[i]), &a) && tb_decimal_read(tb_str_z(order[k]), &b) &&
                       tb_decimal_cmp(a, b) == (i > k) - (i < k)))
                fprintf(stderr, "    %s and %s\n", order[i], order[k]);
    CHECK(tb_decimal_read(TB_STR("12.50"), &a) && tb_decimal_read(TB_STR("12.5"), &b) && tb_decimal_cmp(a, b) == 0);
}

/* Sums and products against arithmetic on 128 bits; where 18 digits do not hold them, they say so. */
static void test_arithmetic(void) {
    static const struct {
        const char *a, *b, *sum, *product; /* NULL: too long */
    } known[] = {
        {"0.1", "0.2", "0.3", "0.02"},
        {"12.50", "-12.5", "0", "-156.25"},
        {"999999999999999999", "1", NULL, "999999999999999999"},
        {"999999999999999999", "-1", "999999999999999998", "-999999999999999999"},
        {"999999999999999999", "0.1", NULL, "99999999999999999.9"},
        {"123456789012345.678", "1000", "123456789013345.678", "123456789012345678"},
        {"0.000000001", "0.000000001", "0.000000002", "0.000000000000000001"},
        {"0.000000001", "0.0000000001", "0.0000000011", NULL},
        {"1000000000", "1000000000", "2000000000", NULL},
        {"-0.00", "0", "0", "0"},
        {"300", "0.50", "300.5", "150"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tb_decimal a, b, r;
        if (!CHECK(tb_decimal_read(tb_str_z(known[i].a), &a) && tb_decimal_read(tb_str_z(known[i].b), &b))) continue;
        for (int turn = 0; turn < 2; turn++) {
            CHECK_STR(tb_decimal_add(a, b, &r) ? tb_decimal_text(arena, r).p : "", known[i].sum ? known[i].sum : "");
            CHECK_STR(tb_decimal_mul(a, b, &r) ? tb_decimal_text(arena, r).p : "", known[i].product ? known[i].product : "");
            tb_decimal c = a;
            a = b, b = c;
        }
    }
}

/* ---- memory ---- */

static tb_str big_text;
static int read_and_write(void *arg) {
    tb_arena *a = arg;
    const tb_json *v = tb_json_read(a, big_text, NULL, NULL);
    tb_buf b;
    tb_buf_init(&b, a);
    if (v) tb_json_write(&b, v);
    return v && tb_str_eq(tb_buf_str(&b), big_text) ? TB_OK : TB_FAILED;
}

static void test_memory(void) {
    tb_buf b;
    tb_buf_init(&b, arena);
    for (int i = 0; i < 3000; i++) tb_putf(&b, "%s\"k%04d\":[%d,\"\\u000a\"]", i ? "," : "{", i, i);
    tb_puts(&b, "}");
    big_text = tb_buf_str(&b);
    fail_every_allocation(read_and_write, 4, FAILURES_MOST);
}

static void say_speed(void) {
    static const char act[] = "{\"act\":\"材料齐全\",\"by\":{\"person\":\"王审查\",\"place\":\"370402\",\"post\":\"审查员\"},"
        "\"input\":{\"意见\":\"同意\",\"经营面积\":\"120.50\"},\"request\":\"7f3c2b1a-90de\",\"task\":3}";
    enum { ROUNDS = 200000 };
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < ROUNDS; i++, tb_arena_reset(arena)) write_value(tb_json_read(arena, TB_STR(act), NULL, NULL));
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / ROUNDS;
    printf("read and write an act of %zu bytes: %.0f ns\n", sizeof act - 1, ns);
}

static int run(void *arg) {
    (void)arg;
    test_cases();
    test_many();
    test_making();
    test_properties();
    test_suite();
    test_utf8();
    test_utf8_suite();
    test_decimals();
    test_arithmetic();
    say_speed();
    test_memory();
    return TB_OK;
}

int main(void) { return run_pure(run); }
