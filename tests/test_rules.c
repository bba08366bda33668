/* Meaning, in plain text: what the compiler says of wrong rules, and what 用例 say of right ones.
 *
 *   test_rules [-u]       -u writes what came out into tests/check/NAME.case, for review
 *
 * tests/check/NAME.case: `==== title [test|en|prove]`, a rules text, `----`, what must come out: the diagnostics as a person sees them (with
 * `prove` also those of the proofs); with `test`, if there are none, one line a 用例 that failed (a 用例 that cannot fail would be worth nothing). The shipped directory, calendars and laws are
 * at hand; 引用 is below rules/, else below tests/check/.
 * tests/matters/NAME.tb: one rule of meaning each; they compile and every 用例 passes. So does every ```tb of grammar/手册.md, and each of its
 * matters has a 用例. */
#include "engine.h"
#include "example.h"
#include "proof/proof.h"
#include <time.h>
#include <unistd.h>

static world shipped, matters;

/* ---- cases ---- */

static bool from_rules(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    tb_arena *a = user;
    (void)from;
    *found = path;
    *text = read_all(a, tb_str_printf(a, "rules/%.*s", TB_FMT(path)).p);
    if (!text->p) *text = read_all(a, tb_str_printf(a, "tests/check/%.*s", TB_FMT(path)).p);
    return text->p != NULL;
}

/* One line a failed 用例: its name, the line, why. */
static void put_failures(tb_buf *b, tb_arena *a, const tb_program *p) {
    tb_scenario_report *report;
    if (!CHECK_INT(tb_scenarios_run(a, p, &shipped.env, &report), TB_OK)) return;
    for (uint32_t i = 0; i < report->results.count; i++) {
        const tb_scenario_result *r = &report->results.items[i];
        if (r->passed) continue;
        tb_str at = tb_span_text(a, p, r->span);
        tb_putf(b, "%.*s %.*s：%.*s\n", TB_FMT(at), TB_FMT(r->name), TB_FMT(r->failure));
    }
}

static bool code_seen[TB_CODE_COUNT];

/* A line of an edit, its \\n made new lines. */
static tb_str edit_line(tb_arena *a, tb_str line) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < line.n; i++) {
        bool escape = line.p[i] == '\\' && i + 1 < line.n && line.p[i + 1] == 'n';
        tb_put(&b, escape ? "\n" : line.p + i, 1);
        i += escape;
    }
    return tb_buf_str(&b);
}

/* The base text with its edits; each “- ” must be found. */
static tb_str edited(tb_arena *a, const char *base, tb_str edits) {
    tb_str text = read_all(a, base), out = {NULL, 0};
    CHECK(text.p);
    for (uint32_t at = 0; at < edits.n; at = line_end(edits, at)) {
        tb_str line = {edits.p + at, line_end(edits, at) - at};
        while (line.n && line.p[line.n - 1] == '\n') line.n--;
        if (line.n < 2) continue;
        tb_str rest = edit_line(a, (tb_str){line.p + 2, line.n - 2});
        if (line.p[0] == '-') {
            out = rest;
            continue;
        }
        const char *found = text.p && out.n ? strstr(text.p, out.p) : NULL;
        if (!CHECK(found)) {
            fprintf(stderr, "    %s has no “%.*s”\n", base, TB_FMT(out));
            return text;
        }
        uint32_t from = (uint32_t)(found - text.p);
        text = tb_str_printf(a, "%.*s%.*s%s", (int)from, text.p, TB_FMT(rest), found + out.n);
    }
    return text;
}

static tb_str answer(tb_arena *a, tb_str title, tb_str text) {
    tb_str file = TB_STR("甲.tb");
    tb_rules *rules;
    tb_buf got;
    if (tb_str_ends(title, "[edit]")) text = edited(a, "tests/check/底本.tb", text);
    if (tb_str_ends(title, "[edit en]")) text = edited(a, "tests/check/base.tb", text);
    enum tb_lang lang = tb_str_ends(title, "[en]") || tb_str_ends(title, "[prove en]") ? TB_LANG_EN : TB_LANG_AUTO;
    tb_compile_input in = {.paths = &file,
                           .texts = &text,
                           .count = 1,
                           .lang = lang,
                           .resolve = from_rules,
                           .user = a,
                           .sm3 = tb_sm3,
                           .directory = shipped.rules->directory};
    if (!CHECK_INT(tb_compile(a, &in, &rules), TB_OK)) return TB_NONE;
    bool prove = tb_str_ends(title, "[prove]") || tb_str_ends(title, "[prove en]");
    for (uint32_t i = 0; prove && i < rules->programs.count; i++) {
        tb_proof_report *report;
        CHECK_INT(tb_prove(a, rules->programs.items[i], rules->directory ? rules->directory : shipped.rules->directory,
                           NULL, &rules->diagnostics, &report),
                  TB_OK);
    }
    if (prove) tb_diagnostics_sort(&rules->diagnostics);
    tb_buf_init(&got, a);
    tb_diagnostics_print(&got, &rules->sources, &rules->diagnostics, lang, false);
    for (uint32_t i = 0; i < rules->diagnostics.list.count; i++)
        code_seen[rules->diagnostics.list.items[i].code] = true;
    if (tb_str_ends(title, "[test]"))
        for (uint32_t i = 0; i < rules->programs.count; i++) put_failures(&got, a, rules->programs.items[i]);
    return tb_buf_str(&got);
}

/* Every code of the compiler has a case. */
static void all_codes(void) {
    static const struct {
        enum tb_code code;
        const char *name;
    } codes[] = {
#define X(name, number, severity, zh, zh_hint, en, en_hint) {TB_E_##name, #name},
#include "diagnostics_rules.def"
#include "diagnostics_tables.def"
#undef X
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (!CHECK(code_seen[codes[i].code])) fprintf(stderr, "    no case shows %s\n", codes[i].name);
    }
}

/* ---- matters ---- */

static void all_matters(void) {
    if (!CHECK_INT(matters.rules->diagnostics.errors, 0))
        fprintf(stderr, "%.*s", TB_FMT(world_diagnostics(&matters, TB_LANG_AUTO)));
    for (uint32_t i = 0; i < matters.rules->programs.count; i++) {
        const tb_program *p = matters.rules->programs.items[i];
        tb_scenario_report *report;
        if (!CHECK_INT(tb_scenarios_run(matters.a, p, &matters.env, &report), TB_OK)) return;
        for (uint32_t k = 0; k < report->results.count; k++) {
            const tb_scenario_result *r = &report->results.items[k];
            tb_str at = tb_span_text(matters.a, p, r->span);
            if (!CHECK(r->passed))
                fprintf(stderr, "    %.*s %.*s: %.*s\n%.*s", TB_FMT(at), TB_FMT(r->name), TB_FMT(r->failure),
                        TB_FMT(r->timeline));
        }
    }
}

/* ---- the manual's examples: each compiles and is proved as it stands, and its 用例 pass (whether the shipped directory staffs every place is
 * not its subject) ---- */

/* The 用例 of one example: how many there are; what failed is put. */
static uint32_t manual_example(tb_buf *got, tb_arena *a, tb_str text) {
    example x;
    tb_rules *rules;
    read_example(&x, a, text, "全文 ");
    tb_compile_input in = {.paths = x.paths,
                           .texts = x.texts,
                           .count = x.count,
                           .resolve = example_find,
                           .user = &x,
                           .sm3 = tb_sm3,
                           .directory = shipped.rules->directory};
    uint32_t scenarios = 0;
    if (!CHECK_INT(tb_compile(a, &in, &rules), TB_OK)) return 0;
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        tb_proof_report *report;
        CHECK_INT(tb_prove(a, rules->programs.items[i], NULL, NULL, &rules->diagnostics, &report), TB_OK);
    }
    tb_diagnostics_print(got, &rules->sources, &rules->diagnostics, TB_LANG_AUTO, false);
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        const tb_program *p = rules->programs.items[i];
        scenarios += p->scenarios.count;
        if (!p->scenarios.count) tb_putf(got, "%.*s：没有 用例\n", TB_FMT(p->matter));
        put_failures(got, a, p);
    }
    return scenarios;
}

static void manual(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_str all = read_all(a, "grammar/手册.md");
    uint32_t examples = 0, scenarios = 0, line = 1, counted = 0;
    for (uint32_t at = find_line(all, 0, "```tb\n"); at < all.n; at = find_line(all, at, "```tb\n")) {
        uint32_t from = line_end(all, at), to = find_line(all, from, "```");
        tb_buf got;
        tb_buf_init(&got, a);
        scenarios += manual_example(&got, a, (tb_str){all.p + from, to - from});
        for (; counted < from; counted++) line += all.p[counted] == '\n';
        if (!CHECK_INT(got.n, 0))
            fprintf(stderr, "    the example at grammar/手册.md:%u:\n%.*s", line, TB_FMT(tb_buf_str(&got)));
        examples++;
        at = line_end(all, to);
    }
    printf("the manual: %u examples, %u 用例\n", examples, scenarios);
    CHECK(examples > 5 && scenarios >= examples);
    tb_arena_free(a);
}

/* ---- limits, and the time they take ---- */

static const char head[] = "事项 甲：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 "
                           "市中区行政审批服务局。\n  办理模式 窗口办理。\n"
                           "  属地 取自 「实施主体」。\n  岗位 审查员，在 属地。\n";

/* `steps` in a row, each owing one more when `owing`; forwards or backwards. Answers the diagnostics. */
static tb_str chain(tb_arena *a, int steps, bool owing, bool backwards) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, head);
    for (int k = 0; k < steps; k++) {
        int i = backwards && k ? steps - k : k, next = i + 1;
        tb_putf(&b, "环节 第%d步：\n  办理人 审查员。\n", i);
        if (owing) tb_putf(&b, "  应当 第%d查。\n", i);
        if (next < steps) tb_putf(&b, "  往下的，转 第%d步。\n", next);
        else tb_puts(&b, "  办完的，办结 办毕。\n");
        if (owing) tb_putf(&b, "环节 第%d查：\n  办理人 审查员。\n  查完的，完成。\n", i);
    }
    tb_str file = TB_STR("甲.tb"), text = tb_buf_str(&b);
    tb_rules *rules;
    tb_compile_input in = {
        .paths = &file, .texts = &text, .count = 1, .sm3 = tb_sm3, .directory = shipped.rules->directory};
    clock_t start = clock();
    if (!CHECK_INT(tb_compile(a, &in, &rules), TB_OK)) return TB_NONE;
    CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    CHECK((rules->programs.count == 1) == (rules->diagnostics.errors == 0));
    tb_buf got;
    tb_buf_init(&got, a);
    for (uint32_t i = 0; i < rules->diagnostics.list.count && i < 3; i++) {
        tb_str message = tb_diagnostic_message(a, &rules->diagnostics.list.items[i], TB_LANG_ZH);
        tb_putf(&got, "%.*s\n", TB_FMT(message));
    }
    return got.n ? tb_buf_str(&got) : TB_STR("");
}

static void limits(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    CHECK_STR(chain(a, TB_STEPS, false, false).p, "");
    CHECK_STR(chain(a, TB_STEPS, false, true).p, "");
    CHECK_STR(chain(a, TB_STEPS + 1, false, false).p, "环节太多：最多 500\n");
    CHECK_STR(chain(a, 150, true, false).p, "");
    CHECK_STR(chain(a, TB_STEPS / 2, true, false).p, "环节和分支太多：最多 1024\n");
    tb_arena_free(a);
}

/* ---- memory that runs out: the n-th block cannot be had ---- */

struct scarce {
    uint64_t taken, allowed;
    int64_t open;
};

static void *scarce_take(void *user, size_t bytes) {
    struct scarce *s = user;
    if (s->taken++ >= s->allowed) return NULL;
    void *p = malloc(bytes);
    s->open += p != NULL;
    return p;
}

static void scarce_give(void *user, void *block) {
    struct scarce *s = user;
    s->open -= block != NULL;
    free(block);
}

/* Arenas take big blocks; a limit of bytes fails at every allocation instead. Answers the bytes a run needs. */
typedef int scarce_work(tb_arena *a, void *arg);

static void starve(const char *what, scarce_work *work, void *arg, size_t stride) {
    tb_arena *a = tb_arena_new(NULL, 0);
    size_t all = work(a, arg) == TB_OK ? tb_arena_bytes(a) : 0;
    uint32_t failed = 0, done = 0;
    tb_arena_free(a);
    if (!CHECK(all > 0)) return;
    for (size_t limit = 1; limit < all + stride; limit += stride) {
        a = tb_arena_new(NULL, limit);
        if (!a) continue;
        int result = work(a, arg);
        if (result == TB_OK) done++;
        else if (CHECK_INT(result, TB_NOMEM)) failed++;
        tb_arena_free(a);
    }
    for (uint64_t n = 0;; n++) { /* and the n-th block itself */
        struct scarce s = {.allowed = n};
        tb_allocator from = {scarce_take, scarce_give, &s};
        a = tb_arena_new(&from, 0);
        int result = a ? work(a, arg) : TB_NOMEM;
        tb_arena_free(a);
        CHECK_INT(s.open, 0);
        if (result == TB_OK) break;
        if (!CHECK_INT(result, TB_NOMEM)) break;
        failed++;
    }
    printf("%s: %zu bytes, %u runs failed as they should, %u did not need so much\n", what, all, failed, done);
    CHECK(failed > 1);
}

static int starve_compile(tb_arena *a, void *arg) {
    world *w = arg;
    tb_rules *rules;
    tb_compile_input in = w->in;
    in.directory = shipped.rules->directory;
    int result = tb_compile(a, &in, &rules);
    CHECK((result == TB_OK) == (rules != NULL));
    return result;
}

static int starve_scenarios(tb_arena *a, void *arg) {
    tb_scenario_report *report;
    int result = tb_scenarios_run(a, arg, &shipped.env, &report);
    CHECK((result == TB_OK) == (report != NULL));
    return result;
}

struct history {
    tb_event e;
    tb_str before, after;
};
struct starved {
    const tb_program *p;
    const tb_case *c;
    TB_LIST(struct history) list;
    struct history now;
};

static void note_history(void *user, const tb_section *s, const tb_event *e, const tb_outcome *o) {
    struct starved *h = user;
    tb_buf b;
    (void)s;
    if (o->refused) return;
    tb_buf_init(&b, shipped.a);
    tb_case_write(&b, o->next);
    tb_str before = e->kind == TB_EV_SUBMIT || !h->list.count ? TB_NONE : h->list.items[h->list.count - 1].after;
    *TB_PUSH(shipped.a, h->list) = (struct history){*e, before, tb_buf_str(&b)};
}

static int starve_step(tb_arena *a, void *arg) {
    struct starved *h = arg;
    tb_outcome *o;
    int result = tb_step(a, h->p, TB_STR("用例"), h->c, &h->now.e, &shipped.env, &o);
    CHECK((result == TB_OK) == (o != NULL));
    if (result == TB_OK) CHECK(!o->refused);
    return result;
}

static int starve_read(tb_arena *a, void *arg) {
    struct starved *h = arg;
    const char *error = NULL;
    tb_case *c = tb_case_read(a, h->p, h->now.after, &error);
    if (!c) CHECK(error && strcmp(error, "out of memory") == 0);
    return c ? TB_OK : TB_NOMEM;
}

static void memory(void) {
    const tb_program *p = shipped.rules->programs.items[0];
    starve("tb_scenarios_run", starve_scenarios, (void *)(uintptr_t)p, 9973);
    struct starved h = {.p = p};
    tb_scenario_report *report;
    if (!CHECK_INT(tb_scenarios_watch(shipped.a, p, &shipped.env, note_history, &h, &report), TB_OK)) return;
    for (uint32_t i = 0; i < h.list.count && i < 8; i++) {
        const char *error;
        h.now = h.list.items[i];
        h.c = h.now.before.n ? tb_case_read(shipped.a, p, h.now.before, &error) : NULL;
        starve("tb_step", starve_step, &h, 61);
        starve("tb_case_read", starve_read, &h, 61);
    }
    static world one;
    world_begin(&one);
    world_add(&one, "rules/事项/开具户籍类证明.tb");
    one.in.count = one.count;
    starve("tb_compile", starve_compile, &one, 4999);
    world_end(&one);
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
    world_begin(&shipped);
    world_add(&shipped, "rules");
    world_begin(&matters);
    world_add(&matters, "rules/日历");
    world_add(&matters, "rules/组织");
    world_add(&matters, "tests/matters");
    if (CHECK_INT(world_compile(&shipped), TB_OK) && CHECK_INT(shipped.rules->diagnostics.errors, 0) &&
        CHECK_INT(world_compile(&matters), TB_OK)) {
        run_case_files("tests/check", update, answer);
        if (!update) {
            all_codes();
            all_matters();
            manual();
            limits();
            memory();
        }
    }
    world_end(&matters);
    world_end(&shipped);
    return check_end();
}
