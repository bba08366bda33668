/* The catalogue of diagnostics (grammar/诊断*.md) holds what it says: every code has a section and every section a code;
 * the wrong example yields exactly that code, through the compiler and the proofs, and the right one yields nothing.
 *
 *   test_catalogue [-u]       -u writes what every wrong example yields into tests/catalogue.txt, for review
 *
 * tests/catalogue.txt pins it: as a person sees it in Chinese, then message and hint in English. */
#include "engine.h"
#include "example.h"
#include "proof/proof.h"
#include <unistd.h>

static const char pinned[] = "tests/catalogue.txt";
static world shipped;

static tb_rules *run_example(example *x, enum tb_lang lang) {
    tb_rules *rules;
    tb_compile_input in = {.paths = x->paths,
                           .texts = x->texts,
                           .count = x->count,
                           .resolve = example_find,
                           .user = x,
                           .sm3 = tb_sm3,
                           .directory = shipped.rules->directory,
                           .lang = lang};
    if (!CHECK_INT(tb_compile(x->a, &in, &rules), TB_OK)) return NULL;
    const tb_directory *d = rules->directory ? rules->directory : shipped.rules->directory;
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        tb_proof_report *report;
        CHECK_INT(tb_prove(x->a, rules->programs.items[i], d, NULL, &rules->diagnostics, &report), TB_OK);
    }
    tb_diagnostics_sort(&rules->diagnostics);
    return rules;
}

/* ---- one section ---- */

static bool announced(const tb_explanation *e, const char *code) {
    char word[32];
    snprintf(word, sizeof word, "%.8s ", code);
    return strcmp(e->code, code) == 0 || strstr(e->wrong_words, word) != NULL;
}

static void put_chinese(tb_buf *b, const tb_rules *r) {
    tb_diagnostics_print(b, &r->sources, &r->diagnostics, TB_LANG_ZH, false);
}

static void put_english(tb_buf *b, const tb_rules *r) {
    for (uint32_t i = 0; i < r->diagnostics.list.count; i++) {
        const tb_diagnostic *d = &r->diagnostics.list.items[i];
        tb_str message = tb_diagnostic_message(b->arena, d, TB_LANG_EN),
               hint = tb_diagnostic_hint(b->arena, d, TB_LANG_EN);
        tb_putf(b, "en: %.*s%s%.*s\n", TB_FMT(message), hint.n ? " = " : "", TB_FMT(hint));
    }
}

static void wrong(const tb_explanation *e, tb_buf *all) {
    tb_arena *a = all->arena;
    example x;
    read_example(&x, a, tb_str_z(e->wrong), e->wrong_words);
    tb_rules *r = run_example(&x, TB_LANG_ZH), *english = run_example(&x, TB_LANG_EN);
    if (!r || !english) return;
    bool found = false, others = false;
    for (uint32_t i = 0; i < r->diagnostics.list.count; i++) {
        char code[8];
        tb_code_text(r->diagnostics.list.items[i].code, code);
        found |= strcmp(code, e->code) == 0;
        others |= !announced(e, code);
    }
    tb_putf(all, "==== %s %s\n", e->code, e->title_zh);
    tb_buf text;
    tb_buf_init(&text, a);
    put_chinese(&text, r);
    put_english(&text, english);
    tb_putstr(all, tb_buf_str(&text));
    tb_puts(all, "\n");
    if (!CHECK(found))
        fprintf(stderr, "    the wrong example of %s does not yield it, but:\n%.*s", e->code, TB_FMT(text));
    if (!CHECK(!others)) fprintf(stderr, "    the wrong example of %s yields more:\n%.*s", e->code, TB_FMT(text));
}

static void right(const tb_explanation *e, tb_arena *a) {
    example x;
    read_example(&x, a, tb_str_z(e->right), e->right_words);
    tb_rules *r = run_example(&x, TB_LANG_ZH);
    if (!r || CHECK_INT(r->diagnostics.list.count, 0)) return;
    tb_buf text;
    tb_buf_init(&text, a);
    put_chinese(&text, r);
    fprintf(stderr, "    the right example of %s is not right:\n%.*s", e->code, TB_FMT(text));
}

static void examples(bool update) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_buf all;
    tb_buf_init(&all, a);
    uint32_t wrongs = 0;
    for (const tb_explanation *e = tb_explanations(); e->code; e++) {
        if (!tb_str_starts(tb_str_z(e->code), "TB")) continue;
        if (!CHECK(*e->wrong && *e->right)) {
            fprintf(stderr, "    %s needs ```tb 错 and ```tb 对\n", e->code);
            continue;
        }
        wrong(e, &all);
        right(e, a);
        wrongs++;
    }
    tb_str got = tb_buf_str(&all), want = read_all(a, pinned);
    if (update) {
        FILE *f = fopen(pinned, "wb");
        if (!CHECK(f && fwrite(got.p, 1, got.n, f) == got.n)) perror(pinned);
        if (f) fclose(f);
    } else if (!CHECK(want.p && tb_str_eq(got, want))) {
        uint32_t i = 0, line = 1;
        for (; i < got.n && i < want.n && got.p[i] == want.p[i]; i++) line += got.p[i] == '\n';
        tb_str differs = {got.p + i, line_end(got, i) - i};
        fprintf(stderr, "    %s:%u differs: …%.*s    look at the diff after build/asan/tests/test_catalogue -u\n",
                pinned, line, TB_FMT(differs));
    }
    printf("%u wrong programs\n", wrongs);
    tb_arena_free(a);
}

/* ---- no drift ---- */

static const char *const codes[] = {
#define X(name, number, severity, zh, zh_hint, en, en_hint) #name,
#include "diagnostics.def"
#undef X
};
static const char *const refusals[] = {
#define X(name, status, zh, en) #name,
#include "refusals.def"
#undef X
};
enum { CODES = sizeof codes / sizeof *codes, REFUSALS = sizeof refusals / sizeof *refusals };

static void both_ways(void) {
    char text[8];
    for (int i = 0; i < CODES; i++) {
        tb_code_text((enum tb_code)(i + 1), text);
        if (CHECK(tb_explanation_of(tb_str_z(text)))) continue;
        fprintf(
            stderr,
            "    %s (%s of diagnostics*.def) is not explained: add a section “## %s 中文 / English” with 说明, “> ” "
            "and both "
            "examples to grammar/诊断.md (0xxx, 1xxx), 诊断-含义.md (2xx), 诊断-证明.md (3xx) or 诊断-构造.md (4xx); "
            "its head says how\n",
            text, codes[i], text);
    }
    for (int i = 0; i < REFUSALS; i++) {
        if (CHECK(tb_explanation_of(tb_str_z(refusals[i])))) continue;
        fprintf(
            stderr,
            "    %s (of refusals.def) is not explained: add a section “## %s 中文 / English” to grammar/诊断-办件.md\n",
            refusals[i], refusals[i]);
    }
    for (const tb_explanation *e = tb_explanations(); e->code; e++) {
        bool known = false;
        for (int i = 0; i < CODES; i++) known |= strcmp(tb_code_text((enum tb_code)(i + 1), text), e->code) == 0;
        for (int i = 0; i < REFUSALS; i++) known |= strcmp(refusals[i], e->code) == 0;
        if (!CHECK(known)) fprintf(stderr, "    grammar/诊断*.md explains %s, which no .def file has\n", e->code);
        if (!CHECK(tb_explanation_of(tb_str_z(e->code)) == e)) fprintf(stderr, "    %s is explained twice\n", e->code);
        if (!CHECK(tb_cells(tb_str_z(e->title_zh)) <= 60 && tb_cells(tb_str_z(e->title_en)) <= 76))
            fprintf(stderr, "    the title of %s is too long for one line\n", e->code);
    }
}

static void written_forms(void) {
    static const char *const forms[] = {"TB0006", "tb0006", "0006", "6", "TB6"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const tb_explanation *e = tb_explanation_of(tb_str_z(forms[i]));
        if (CHECK(e)) CHECK_STR(e->code, "TB0006");
    }
    static const char *const none[] = {"", "TB", "TB00006", "9999", "0", "WRONG", "WRONG_POSTS", "TB0006x", "-6"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) CHECK(!tb_explanation_of(tb_str_z(none[i])));
    CHECK(tb_explanation_of(TB_STR("wrong-post")) == tb_explanation_of(TB_STR("WRONG_POST")));
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
    world_begin(&shipped);
    world_add(&shipped, "rules");
    if (CHECK_INT(world_compile(&shipped), TB_OK) && CHECK_INT(shipped.rules->diagnostics.errors, 0)) {
        both_ways();
        written_forms();
        examples(update);
    }
    world_end(&shipped);
    return check_end();
}
