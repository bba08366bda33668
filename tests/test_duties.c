/* The table of duties (engine/duties.def) says of every article of the shipped laws how it is treated, and nothing that is not so:
 * each article has a line and each line an article; each code is of the kind claimed and some test shows it at work; what is said to
 * be kept is kept by shipped rules or tests; and grammar/义务.md is what the table gives (`make duties`). */
#include "cases.h"
#include "duties.h"
#include "engine.h"
#include "step.h"

static const char page_path[] = "grammar/义务.md";
static world shipped;

static tb_str read_file(tb_arena *a, const char *path) {
    tb_str text = read_all(a, path);
    CHECK(text.p != NULL);
    return text;
}

/* All files of a directory whose names end so, one after the other. */
static void add_texts(tb_buf *b, const char *directory, const char *ending) {
    DIR *d = opendir(directory);
    uint32_t found = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!tb_str_ends(tb_str_z(e->d_name), ending) || tb_str_is(tb_str_z(e->d_name), "test_duties.c")) continue;
        tb_putstr(b, read_file(b->arena, tb_str_printf(b->arena, "%s/%s", directory, e->d_name).p));
        tb_puts(b, "\n");
        found++;
    }
    if (d) closedir(d);
    if (!CHECK(found)) fprintf(stderr, "    no %s in %s\n", ending, directory);
}

/* As a word: TIMES is not in OTHER_TIMES. */
static bool holds_word(const tb_buf *b, tb_str word) {
    const char *end = b->p + b->n;
    for (const char *p = b->p; (p = memmem(p, (size_t)(end - p), word.p, word.n)); p++) {
        char before = p > b->p ? p[-1] : ' ', after = p + word.n < end ? p[word.n] : ' ';
        bool begins = !(before == '_' || (before >= 'A' && before <= 'Z')),
             ends = !(after == '_' || (after >= 'A' && after <= 'Z') || (after >= '0' && after <= '9'));
        if (begins && ends) return true;
    }
    return false;
}

static const tb_duty *article_of(const tb_duties *d, const char *citation) {
    tb_law_ref ref;
    if (!CHECK(tb_law_read(tb_str_z(citation), &ref))) return NULL;
    for (uint32_t i = 0; i < d->laws.count; i++)
        for (uint32_t k = 0; tb_str_eq(d->laws.items[i].name, ref.law) && k < d->laws.items[i].articles.count; k++) {
            const tb_law_ref *x = &d->laws.items[i].articles.items[k].ref;
            if (x->article == ref.article && x->sub == ref.sub && x->paragraph == ref.paragraph && x->item == ref.item)
                return &d->laws.items[i].articles.items[k];
        }
    return NULL;
}

static void both_ways(const tb_duties *d) {
    uint32_t articles = 0;
    for (uint32_t i = 0; i < d->laws.count; i++)
        for (uint32_t k = 0; k < d->laws.items[i].articles.count; k++) {
            const tb_duty *x = &d->laws.items[i].articles.items[k];
            articles++;
            if (!CHECK(x->treatments.count))
                fprintf(stderr,
                        "    nothing is declared of 《%.*s》%.*s: add a line to engine/duties.def that says how the "
                        "program treats it\n",
                        TB_FMT(d->laws.items[i].name), TB_FMT(x->article));
            if (!CHECK(article_of(d, tb_str_printf(shipped.a, "《%.*s》%.*s", TB_FMT(d->laws.items[i].name),
                                                   TB_FMT(x->article))
                                         .p) == x))
                fprintf(stderr, "    《%.*s》%.*s stands twice in rules/法规\n", TB_FMT(d->laws.items[i].name),
                        TB_FMT(x->article));
        }
    for (const tb_treatment *t = tb_treatments(); t->article; t++)
        if (!CHECK(article_of(d, t->article)))
            fprintf(stderr, "    engine/duties.def treats %s, which rules/法规 does not hold\n", t->article);
    printf("%u articles\n", articles);
}

/* Each line has what its kind needs and nothing else. */
static void lines(void) {
    for (const tb_treatment *t = tb_treatments(); t->article; t++) {
        bool codes = t->codes[0] != 0;
        bool fits = t->how == TB_TREATED_PROVED     ? codes && !t->left
                    : t->how == TB_TREATED_ENFORCED ? codes != (t->left != NULL)
                    : t->how == TB_TREATED_RECORDED ? !codes && t->left
                                                    : !codes && !t->left;
        if (!CHECK(fits))
            fprintf(stderr, "    %s: codes or record do not fit “%s”\n", t->article,
                    tb_treated_word(t->how, TB_LANG_EN));
        if (!CHECK(strlen(t->zh) > 6 && strlen(t->en) > 6)) fprintf(stderr, "    %s: says nothing\n", t->article);
        CHECK(t->codes[TB_TREATMENT_CODES] == 0);
        bool again = false;
        for (const tb_treatment *u = tb_treatments(); u < t; u++)
            again |= strcmp(u->article, t->article) == 0 && u->how == t->how && strcmp(u->zh, t->zh) == 0;
        for (int i = 0; t->codes[i]; i++)
            for (int k = 0; k < i; k++) again |= t->codes[k] == t->codes[i];
        if (!CHECK(!again)) fprintf(stderr, "    %s: said twice\n", t->article);
    }
}

/* A proof is an error that some case pins; a refusal one that some test gets. */
static void codes_at_work(void) {
    tb_buf cases, tests;
    tb_buf_init(&cases, shipped.a);
    tb_buf_init(&tests, shipped.a);
    add_texts(&cases, "tests/check", ".case");
    add_texts(&cases, "tests/cases", ".case");
    add_texts(&cases, "tests/proof", ".case");
    add_texts(&cases, "tests", "defects.case");
    add_texts(&tests, "tests/matters", ".tb");
    add_texts(&tests, "tests/cases", ".case");
    add_texts(&tests, "tests", ".c");
    CHECK(holds_word(&cases, TB_STR("TB0310")) && !holds_word(&cases, TB_STR("TB031")) &&
          !holds_word(&cases, TB_STR("TB9999")));
    for (const tb_treatment *t = tb_treatments(); t->article; t++)
        for (uint32_t i = 0; t->codes[i]; i++) {
            tb_str code = tb_treatment_code(shipped.a, t, i);
            bool proved = t->how == TB_TREATED_PROVED;
            if (proved && !CHECK(t->codes[i] < TB_CODE_COUNT && tb_code_severity((enum tb_code)t->codes[i]) != TB_NOTE))
                fprintf(stderr, "    %s: %.*s is a note: it stops nothing\n", t->article, TB_FMT(code));
            if (!proved) CHECK(t->codes[i] < TB_R_COUNT);
            if (!CHECK(holds_word(proved ? &cases : &tests, code)))
                fprintf(stderr, "    %s: no case shows %.*s (%s)\n", t->article, TB_FMT(code),
                        proved ? "tests/check, tests/cases, tests/proof, tests/defects.case"
                               : "tests/matters, tests/cases, tests/*.c");
        }
}

/* “时点 受理、送达”: the kind of record, and names that shipped rules or tests use. */
static void records(void) {
    static const char *const kinds[] = {"时点 ", "文书 ", "内容 ", "效果 ", "材料 "};
    tb_buf rules;
    tb_buf_init(&rules, shipped.a);
    add_texts(&rules, "rules/事项", ".tb");
    add_texts(&rules, "rules/流程模板", ".tb");
    add_texts(&rules, "tests/matters", ".tb");
    add_texts(&rules, "engine", ".c"); /* 效果: the words that step.c tells */
    for (const tb_treatment *t = tb_treatments(); t->article; t++) {
        const char *name = NULL;
        for (size_t i = 0; t->left && i < sizeof kinds / sizeof *kinds; i++)
            if (strncmp(t->left, kinds[i], strlen(kinds[i])) == 0) name = t->left + strlen(kinds[i]);
        if (!t->left) continue;
        if (!CHECK(name)) fprintf(stderr, "    %s: “%s” is no kind of record\n", t->article, t->left);
        while (name && *name) {
            const char *mark = strstr(name, "、");
            tb_str one = {name, (uint32_t)(mark ? (size_t)(mark - name) : strlen(name))};
            if (!CHECK(one.n && memmem(rules.p, rules.n, one.p, one.n)))
                fprintf(stderr, "    %s: nothing is called %.*s\n", t->article, TB_FMT(one));
            name += one.n + (mark ? strlen("、") : 0);
        }
    }
}

static void page(const tb_duties *d) {
    tb_buf b;
    tb_buf_init(&b, shipped.a);
    tb_duties_page(&b, d, TB_LANG_ZH);
    tb_str fresh = tb_buf_str(&b), is = read_file(shipped.a, page_path);
    if (CHECK(tb_str_eq(fresh, is))) return;
    uint32_t at = 0, line = 1, end;
    for (; at < is.n && at < fresh.n && is.p[at] == fresh.p[at]; at++) line += is.p[at] == '\n';
    while (at && fresh.p[at - 1] != '\n') at--;
    for (end = at; end < fresh.n && fresh.p[end] != '\n'; end++) {}
    fprintf(stderr,
            "    %s:%u is not what the table, laws and matters give: %.*s\n    run `make duties`, look at the diff, "
            "and commit it\n",
            page_path, line, (int)(end - at), fresh.p + at);
}

/* ---- a department's own law ---- */

static const char own_law[] = "法规 某区便民办法：\n"
                              "  位阶 规范性文件。\n"
                              "  公布 2026-01-05。\n"
                              "  第一条，“方便群众”。\n"
                              "  第二条第一款，期限 3个工作日，载明 理由，“三日内办”。\n"
                              "  第二条第二款，期限 5个工作日，“五日内办”，待核。\n"
                              "  第四十五条之一，不计入期限 鉴定，“鉴定不计入”。\n";

static void undeclared(void) {
    world w;
    world_begin(&w);
    world_text(&w, TB_STR("甲.tb"), tb_str_z(own_law));
    world_text(&w, TB_STR("乙/../甲.tb"), tb_str_z(own_law)); /* the same file by another path */
    if (!CHECK_INT(world_compile(&w), TB_OK)) return;
    const tb_duties *d = tb_duties_of(w.a, w.rules);
    if (CHECK_INT(d->laws.count, 1) && CHECK_INT(d->laws.items[0].articles.count, 4)) {
        const tb_duty_law *law = &d->laws.items[0];
        CHECK_INT(law->counts[0], 4);
        CHECK_INT(law->counts[TB_TREATED_PROVED], 0);
        CHECK(tb_str_is(law->rank, "规范性文件") && tb_str_is(law->articles.items[1].article, "第二条第一款"));
        CHECK(tb_str_is(law->articles.items[1].gist, "三日内办"));
        if (CHECK_INT(law->articles.items[1].says.count, 2)) {
            CHECK(tb_str_is(law->articles.items[1].says.items[0].text, "期限 3个工作日"));
            CHECK_INT(law->articles.items[1].says.items[0].asked, TB_E_PROOF_CITED);
            CHECK_INT(law->articles.items[1].says.items[1].asked, TB_E_PROOF_CITED_DEMAND);
        }
        CHECK_INT(law->articles.items[2].says.items[0].asked, TB_CODE_NONE); /* open: not asked */
        CHECK_INT(law->articles.items[3].says.items[0].asked, TB_E_GROUND_NOT_LISTED);
        CHECK_INT(law->articles.items[3].ref.sub, 1);
    }
    world_end(&w);
}

/* Memory that ends at the n-th block: the join gives up whole, and nothing is lost. */
struct blocks {
    int left, live;
};
static void *take(void *user, size_t n) {
    struct blocks *b = user;
    if (b->left-- == 0) return NULL;
    b->live++;
    return malloc(n);
}
static void give(void *user, void *p) {
    ((struct blocks *)user)->live--;
    free(p);
}
static int make_page(void *a) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_duties_page(&b, tb_duties_of(a, shipped.rules), TB_LANG_EN);
    return b.n ? TB_OK : TB_FAILED;
}

static void out_of_memory(void) {
    int result = TB_NOMEM, n = 0;
    for (; result == TB_NOMEM && n < 1000; n++) {
        struct blocks b = {n, 0};
        tb_arena *a = tb_arena_new(&(tb_allocator){take, give, &b}, 0);
        if (a) result = tb_try(a, make_page, a);
        tb_arena_free(a);
        CHECK_INT(b.live, 0);
    }
    CHECK(result == TB_OK && n > 3);
}

static void citations(void) {
    static const char *const good[] = {"《行政许可法》", "《行政许可法》第四十二条", "《行政许可法》 第42条第1款",
                                       "《甲》第四十五条之一", "《甲》第三条第一款第二项"};
    static const char *const bad[] = {
        "",        "行政许可法", "《",           "《》第一条", "《甲", "《甲》第四十二", "《甲》第一条某",
        "《甲》x", "《甲》第条", "《甲》第一条 "};
    tb_law_ref ref;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!CHECK(tb_law_read(tb_str_z(good[i]), &ref))) fprintf(stderr, "    %s\n", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!tb_law_read(tb_str_z(bad[i]), &ref))) fprintf(stderr, "    %s\n", bad[i]);
    CHECK(tb_law_read(TB_STR("《行政许可法》 第42条第1款"), &ref) && ref.article == 42 && ref.paragraph == 1 &&
          ref.item == 0);
    CHECK(tb_law_named(TB_STR("中华人民共和国行政许可法"), TB_STR("行政许可法")) &&
          tb_law_named(TB_STR("行政许可法"), TB_STR("中华人民共和国行政许可法")));
    CHECK(!tb_law_named(TB_STR("行政许可法"), TB_STR("行政处罚法")) && !tb_law_named(TB_NONE, TB_NONE));
}

int main(void) {
    world_begin(&shipped);
    world_add(&shipped, "rules");
    if (CHECK_INT(world_compile(&shipped), TB_OK) && CHECK_INT(shipped.rules->diagnostics.errors, 0)) {
        const tb_duties *d = tb_duties_of(shipped.a, shipped.rules);
        both_ways(d);
        lines();
        codes_at_work();
        records();
        page(d);
        out_of_memory();
    }
    world_end(&shipped);
    undeclared();
    citations();
    return check_end();
}
