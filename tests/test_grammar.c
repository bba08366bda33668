/* The language: cases in plain text (tests/grammar/NAME.case), layout properties, random edits, memory that runs
 * out.
 *
 *   test_grammar [-u] [DIRECTORY]      cases from DIRECTORY (tests/grammar); -u writes what came out into them, for review
 *   TB_SEED=N TB_EDITS=N               the random edits' seed and number (both are printed)
 *
 * A case: a line `==== title [tree|format|en]`, the text, a line `----`, what must come out: the diagnostics as a
 * person sees them; or, if there are none, with `tree` the dump and with `format` the text laid out; `en` asks for
 * English messages. */
#include "cases.h"
#include "layout.h"
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

struct read {
    tb_sources sources;
    tb_diagnostics d;
    const tb_tree *tree;
};

static struct read parse_in(tb_arena *a, const char *path, tb_str text, enum tb_lang lang) {
    struct read r = {.tree = NULL};
    tb_diagnostics_init(&r.d, a);
    r.d.lang = lang;
    uint32_t file = tb_source_add(a, &r.sources, tb_str_z(path), text);
    r.tree = tb_parse(a, &r.sources, file, &r.d);
    tb_diagnostics_sort(&r.d);
    return r;
}

static struct read parse(tb_arena *a, const char *path, tb_str text) { return parse_in(a, path, text, TB_LANG_AUTO); }

static tb_str shown(tb_arena *a, const struct read *r, enum tb_lang lang) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_diagnostics_print(&b, &r->sources, &r->d, lang, false);
    return tb_buf_str(&b);
}

/* ---- cases ---- */

static tb_str answer(tb_arena *a, tb_str title, tb_str text) {
    enum tb_lang lang = tb_str_ends(title, "[en]") ? TB_LANG_EN : TB_LANG_AUTO;
    if (tb_str_ends(title, "[format]")) return tb_format(a, TB_STR("甲.tb"), text);
    struct read r = parse_in(a, "甲.tb", text, lang);
    return !r.d.list.count && tb_str_ends(title, "[tree]") ? tb_tree_dump(a, r.tree) : shown(a, &r, lang);
}

/* ---- layout ---- */

static bool layout_holds(tb_arena *a, tb_str text) {
    const char *fault = layout_fault(a, text);
    if (!CHECK(!fault))
        fprintf(stderr, "-- %s\n%.*s\n-- laid out\n%.*s\n", fault, TB_FMT(text),
                TB_FMT(tb_format(a, TB_STR("x"), text)));
    return !fault;
}

static void sound_file(const char *path) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_str text = read_all(a, path);
    if (CHECK(text.p)) {
        struct read r = parse(a, path, text);
        if (!CHECK_INT(r.d.errors, 0)) fprintf(stderr, "%.*s", TB_FMT(shown(a, &r, TB_LANG_AUTO)));
        if (!layout_holds(a, text)) fprintf(stderr, "in %s\n", path);
    }
    tb_arena_free(a);
}

static void sound_files(const char *directory, int depth) {
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[1024];
        if (e->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", directory, e->d_name) >= (int)sizeof path)
            continue;
        if (tb_str_ends(tb_str_z(path), ".tb")) sound_file(path);
        else if (depth > 0) sound_files(path, depth - 1);
    }
    if (d) closedir(d);
}

/* ---- random edits: whatever a text has become, there are diagnostics, never a crash or a hang ---- */

static uint64_t seed;
static uint32_t roll(uint32_t n) { /* xorshift64* */
    seed ^= seed >> 12, seed ^= seed << 25, seed ^= seed >> 27;
    return n ? (uint32_t)((seed * 2685821657736338717u) >> 33) % n : 0;
}

struct cut {
    uint32_t from, to;
};

static tb_str edited(tb_arena *a, tb_str text) {
    tb_sources s = {0};
    tb_source_add(a, &s, TB_STR(""), text);
    tb__lexer l;
    tb__lex_begin(&l, a, NULL, &s.list.items[0], 0);
    TB_LIST(struct cut) tokens = {0};
    for (tb__token t = tb__lex_next(&l); t.kind; t = tb__lex_next(&l))
        *TB_PUSH(a, tokens) = (struct cut){t.at.from, t.at.to};
    uint32_t byte = roll(text.n + 1), other = roll(text.n + 1);
    bool by_token = roll(3) && tokens.count > 1;
    struct cut x = by_token ? tokens.items[roll(tokens.count)] : (struct cut){byte, byte < text.n ? byte + 1 : byte};
    struct cut y =
        by_token ? tokens.items[roll(tokens.count)] : (struct cut){other, other < text.n ? other + 1 : other};
    if (x.from > y.from) {
        struct cut z = x;
        x = y, y = z;
    }
    tb_buf b;
    tb_buf_init(&b, a);
    switch (roll(5)) {
    case 0: /* deleted */ tb_put(&b, text.p, x.from), tb_put(&b, text.p + x.to, text.n - x.to); break;
    case 1: /* doubled */ tb_put(&b, text.p, x.to), tb_put(&b, text.p + x.from, text.n - x.from); break;
    case 2: /* swapped */
        if (y.from < x.to) return text;
        tb_put(&b, text.p, x.from), tb_put(&b, text.p + y.from, y.to - y.from),
            tb_put(&b, text.p + x.to, y.from - x.to);
        tb_put(&b, text.p + x.from, x.to - x.from), tb_put(&b, text.p + y.to, text.n - y.to);
        break;
    case 3: { /* put in: marks, breaks, stray bytes */
        static const char *const bits[] = {
            "，",           "。",   "：", "\n",          " ",     "「",   "」",           "“",    "”",
            "《",           "》",   "（", "）",          "、",    "#",    "\r\n",         "\t",   "\x80",
            "\xFF",         "\x01", ".",  ",",           ":",     "/",    "的",           "的，", "依",
            "\xE3\x80\x80", "20日", "２", "环节 甲：\n", "若 （", "待核", "\xEF\xBB\xBF", "-",    "\""};
        const char *bit = bits[roll(sizeof bits / sizeof *bits)];
        tb_put(&b, text.p, x.from), tb_puts(&b, bit), tb_put(&b, text.p + x.from, text.n - x.from);
        break;
    }
    default: { /* any byte */
        char c = (char)roll(256);
        tb_put(&b, text.p, x.from), tb_put(&b, &c, 1), tb_put(&b, text.p + x.to, text.n - x.to);
    }
    }
    return tb_buf_str(&b);
}

static void random_edits(const char *path, int count) {
    tb_arena *keep = tb_arena_new(NULL, 0);
    tb_str original = read_all(keep, path);
    if (!CHECK(original.n)) return;
    for (int i = 0; i < count; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        uint64_t now = seed;
        tb_str text = original;
        for (uint32_t n = 1 + roll(3); n > 0; n--) text = edited(a, text);
        struct read r = parse(a, path, text);
        tb_buf json;
        tb_buf_init(&json, a);
        tb_diagnostics_json(&json, &r.sources, &r.d, TB_LANG_EN);
        bool ok =
            CHECK(r.tree) & CHECK(r.d.list.count == 0 || shown(a, &r, TB_LANG_AUTO).n > 0) & layout_holds(a, text);
        tb_arena_free(a);
        if (!ok) {
            fprintf(stderr, "after edits of %s with TB_SEED=%llu TB_EDITS=1\n", path, (unsigned long long)now);
            break;
        }
    }
    tb_arena_free(keep);
}

/* ---- memory that runs out: the n-th block is refused; nothing may leak or crash ---- */

struct rationed {
    int left, taken;
};
static void *ration(void *user, size_t n) {
    struct rationed *r = user;
    if (r->left-- <= 0) return NULL;
    void *p = malloc(n);
    r->taken += p != NULL;
    return p;
}
static void release(void *user, void *p) {
    ((struct rationed *)user)->taken--;
    free(p);
}

struct small_job {
    tb_arena *a;
    tb_str text;
};
static int small_work(void *arg) {
    struct small_job *j = arg;
    struct read r = parse(j->a, "x", j->text);
    shown(j->a, &r, TB_LANG_AUTO);
    tb_format(j->a, TB_STR("x"), j->text);
    return TB_OK;
}

static void out_of_memory(const char *path) {
    tb_arena *keep = tb_arena_new(NULL, 0);
    tb_str text = read_all(keep, path);
    int failures = 0, result = TB_NOMEM;
    for (int n = 0; n < 1000 && result != TB_OK; n++) { /* block by block */
        struct rationed left = {n, 0};
        tb_allocator from = {ration, release, &left};
        tb_arena *a = tb_arena_new(&from, 0);
        struct small_job j = {a, text};
        result = a ? tb_try(a, small_work, &j) : TB_NOMEM;
        failures += result == TB_NOMEM;
        tb_arena_free(a);
        if (!CHECK_INT(left.taken, 0)) break;
    }
    CHECK_INT(result, TB_OK);
    CHECK(failures > 3);
    result = TB_NOMEM;
    for (size_t limit = 1000; result != TB_OK && limit < (size_t)1 << 30; limit += limit / 50) {
        /* and at many places between */
        tb_arena *a = tb_arena_new(NULL, limit);
        struct small_job j = {a, text};
        result = tb_try(a, small_work, &j);
        tb_arena_free(a);
    }
    CHECK_INT(result, TB_OK);
    tb_arena *tiny = tb_arena_new(NULL, 65536); /* outside tb_try: NULL, as the headers say */
    tb_sources s = {0};
    tb_diagnostics d;
    tb_diagnostics_init(&d, tiny);
    uint32_t file = tb_source_add(tiny, &s, TB_STR("x"), text);
    CHECK(tb_parse(tiny, &s, file, &d) == NULL);
    tb_arena_free(tiny);
    tb_arena_free(keep);
}

/* ---- the tables agree ---- */

static void keywords_agree(const char *grammar) {
    static const struct {
        const char *token, *zh, *en;
    } words[] = {
#define X(token, zh, en) {"K_" #token, zh, en},
#include "keywords.def"
#undef X
    };
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_str parser = read_all(a, grammar);
    CHECK(parser.n);
    enum { N = sizeof words / sizeof *words };
    for (int i = 0; i < N && parser.n; i++) { /* parser.y names each token by the same Chinese word */
        tb_str line = tb_str_printf(a, "%s \"%s\"", words[i].token, *words[i].zh ? words[i].zh : words[i].en);
        if (!CHECK(strstr(parser.p, line.p))) fprintf(stderr, "parser.y lacks %s\n", line.p);
        int k = tb__keyword(tb_str_z(words[i].en));
        CHECK(k != 0 && (!*words[i].zh || tb__keyword(tb_str_z(words[i].zh)) == k));
        for (int j = 0; j < i; j++)
            CHECK(strcmp(words[i].en, words[j].en) != 0 && (!*words[i].zh || strcmp(words[i].zh, words[j].zh) != 0));
    }
    tb_arena_free(a);
    CHECK(tb__rules_sound());
}

static void values(void) {
    CHECK_INT(tb__date(TB_STR("1970-01-01")), 0);
    CHECK_INT(tb__date(TB_STR("2000-02-29")), 11016);
    CHECK_INT(tb__date(TB_STR("2026-03-02")), 20514);
    CHECK_INT(tb__date(TB_STR("2100-02-29")), INT32_MIN);
    CHECK_INT(tb__minutes(TB_STR("09:05")), 545);
    CHECK_INT(tb__minutes(TB_STR("24:01")), -1);
    static const struct {
        const char *text;
        int article, sub, paragraph, item;
    } laws[] = {{"《行政许可法》第四十二条第一款第三项", 42, 0, 1, 3},
                {"《甲》第一百零三条", 103, 0, 0, 0},
                {"《甲》第十条", 10, 0, 0, 0},
                {"《甲》第九千九百九十九条之十二第二款", 9999, 12, 2, 0},
                {"第二〇二六条", 2026, 0, 0, 0},
                {"第42条第1款", 42, 0, 1, 0},
                {"《甲》", 0, 0, 0, 0},
                {"第一千条", 1000, 0, 0, 0},
                {"第一千零一条", 1001, 0, 0, 0},
                {"第两百二十条", 220, 0, 0, 0},
                {"第十百条", -1, 0, 0, 0},
                {"第12345条", -1, 0, 0, 0}};
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        tb_law_ref r = tb__law(tb_str_z(laws[i].text), TB_NO_SPAN);
        if (!CHECK(r.article == laws[i].article && r.sub == laws[i].sub && r.paragraph == laws[i].paragraph &&
                   r.item == laws[i].item))
            fprintf(stderr, "%s: %d.%d.%d.%d\n", laws[i].text, r.article, r.sub, r.paragraph, r.item);
    }
    CHECK_INT(tb_cells(TB_STR("环节 a\t，")), 10);
    CHECK_INT(tb_points(TB_STR("环节 a")), 4);
}

/* Deep and long texts: bounded, and said. */
static void extremes(void) {
    static const struct {
        const char *before, *again, *after;
        int times;
        const char *code;
    } texts[] = {{"环节 甲：\n  应当 乙，若 ", "（", "甲。\n", 100000, "TB0061"},
                 {"环节 甲：\n  应当 乙，若 甲", " 或 甲", "。\n", 5000, "TB0061"},
                 {"环节 甲：\n  应当 乙，若 ", "非 ", "甲。\n", 1000, "TB0061"},
                 {"环节 ", "甲", "：\n", 200, "TB0010"},
                 {"", "环节 甲：", "\n", 4000, NULL},
                 {"", "「", "", 50000, "TB0007"},
                 {"文书：\n  甲，记 乙", "、乙", "。\n", 20000, "TB0013"},
                 {"", "\n", "", 200000, NULL}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_buf b;
        tb_buf_init(&b, a);
        tb_puts(&b, texts[i].before);
        for (int n = 0; n < texts[i].times; n++) tb_puts(&b, texts[i].again);
        tb_puts(&b, texts[i].after);
        struct read r = parse(a, "x", tb_buf_str(&b));
        tb_str all = shown(a, &r, TB_LANG_AUTO);
        if (!CHECK(texts[i].code ? strstr(all.p, texts[i].code) != NULL : r.d.errors == 0))
            fprintf(stderr, "text %zu:\n%.*s", i, TB_FMT(all));
        tb_format(a, TB_STR("x"), tb_buf_str(&b));
        tb_arena_free(a);
    }
}

int main(int count, char **words) {
    bool update = count > 1 && strcmp(words[1], "-u") == 0;
    const char *directory = count > 1 + update ? words[1 + update] : "tests/grammar";
    alarm(300); /* a hang is a failure */
    run_case_files(directory, update, answer);
    if (update) return check_end();
    char path[1024];
    snprintf(path, sizeof path, "%s/../../grammar/parser.y", directory);
    keywords_agree(path);
    values();
    extremes();
    sound_files(directory, 0);
    snprintf(path, sizeof path, "%s/../../rules", directory);
    sound_files(path, 3);
    const char *edits = getenv("TB_EDITS");
    int n = edits ? atoi(edits) : 340;
    seed = seed_of("random edits");
    printf("TB_EDITS=%d\n", n);
    static const char *const samples[] = {"example.tb", "others.tb", "english.tb", "constructs.tb"};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, samples[i]);
        random_edits(path, n);
        out_of_memory(path);
    }
    return check_end();
}
