/* Random edits of the shipped rules: whatever is written, the answer is diagnostics, or rules that run; never a crash, never a hang.
 *
 *   test_mutations [N]      N edits (1000); TB_SEED=N
 *
 * An edit deletes, doubles, swaps or replaces a few words or bytes of one file: a matter, a law, a calendar, a directory, or one of
 * tests/matters. It is compiled with what it needs, all diagnostics are printed in all forms, and when there is no error, every 用例 is run. */
#include "engine.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HANG_SECONDS = 20 };

static world all; /* the rules as they are */
static uint64_t seed;
static volatile uint64_t current; /* the seed of the edit in hand, for hang() */

static void hang(int signal_number) {
    char text[64];
    (void)signal_number;
    int n = snprintf(text, sizeof text, "hang: TB_SEED=%llu\n", (unsigned long long)current);
    ssize_t ignored = write(2, text, (size_t)n);
    (void)ignored;
    _exit(1);
}

/* Of processor time: a machine that is busy with other things is no hang. 0: not any more. */
static void watch(int seconds) { setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = seconds}, NULL); }

/* ---- editing ---- */

static bool breaks(const char *p) {
    static const char *const marks[] = {"，", "。", "、", "：", "（", "）", "“", "”"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(p, marks[i], 3) == 0) return true;
    return *p == ' ' || *p == '\n';
}

/* Where words and marks begin. */
static uint32_t words(tb_str s, uint32_t *at, uint32_t most) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n && n + 2 < most;) {
        bool mark = breaks(s.p + i);
        uint32_t size = mark ? ((unsigned char)s.p[i] < 0x80 ? 1 : 3) : 1;
        at[n++] = i;
        i += size;
        while (!mark && i < s.n && !breaks(s.p + i)) i++;
    }
    at[n] = s.n;
    return n;
}

static tb_str word(tb_str s, const uint32_t *at, uint32_t i) { return (tb_str){s.p + at[i], at[i + 1] - at[i]}; }

enum { WORDS = 100000 };

static tb_str edited(tb_arena *a, tb_str text) {
    uint32_t *at = TB_NEW_ARRAY(a, WORDS, uint32_t);
    uint32_t times = 1 + below(&seed, 3);
    for (uint32_t t = 0; t < times && text.n; t++) {
        uint32_t n = words(text, at, WORDS), i = below(&seed, n), k = below(&seed, n);
        tb_buf b;
        tb_buf_init(&b, a);
        uint32_t kind = below(&seed, 8), byte = below(&seed, text.n);
        if (kind >= 6) { /* bytes */
            char any = (char)dice(&seed);
            tb_put(&b, text.p, byte);
            if (kind == 6) tb_put(&b, &any, 1);
            tb_put(&b, text.p + byte + 1, text.n - byte - 1);
        } else {
            for (uint32_t w = 0; w < n; w++) {
                if (w == i && kind == 0) continue; /* gone */
                if (w == i && (kind == 2 || kind == 3))
                    tb_putstr(&b, word(text, at, k)); /* another's, or its own place swapped */
                else if (w == k && kind == 3) tb_putstr(&b, word(text, at, i));
                else tb_putstr(&b, word(text, at, w));
                if (w == i && kind == 1) tb_putstr(&b, word(text, at, w)); /* twice */
            }
            if (kind == 4) { /* a stretch gone */
                uint32_t from = at[i], to = at[i + 1 + below(&seed, n - i < 30 ? n - i : 30)];
                b.n = 0;
                tb_put(&b, text.p, from);
                tb_put(&b, text.p + to, text.n - to);
            }
            if (kind == 5) { /* a stretch from elsewhere put in */
                uint32_t from = at[k], to = at[k + 1 + below(&seed, n - k < 30 ? n - k : 30)];
                b.n = 0;
                tb_put(&b, text.p, at[i]);
                tb_put(&b, text.p + from, to - from);
                tb_put(&b, text.p + at[i], text.n - at[i]);
            }
        }
        text = tb_buf_str(&b);
    }
    return text;
}

/* ---- one edit ---- */

struct one {
    tb_str path, text;
    tb_rules *rules;
    tb_arena *a;
};

static bool resolve(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    struct one *x = user;
    (void)from;
    for (uint32_t i = 0; i < all.count; i++) {
        tb_str tail = path;
        while (tb_str_starts(tail, "../") || tb_str_starts(tail, "rules/")) {
            uint32_t skip = tail.p[0] == '.' ? 3 : 6;
            tail.p += skip, tail.n -= skip;
        }
        if (!tail.n || !tb_str_ends(all.paths[i], tb_str_copy(x->a, tail).p)) continue;
        *found = all.paths[i];
        *text = tb_str_eq(*found, x->path) ? x->text : all.texts[i];
        return true;
    }
    return false;
}

static const tb_calendar *calendar(void *user, tb_str name) {
    struct one *x = user;
    for (uint32_t i = 0; i < x->rules->calendars.count; i++)
        if (tb_str_eq(tb_calendar_name(x->rules->calendars.items[i]), name)) return x->rules->calendars.items[i];
    return world_calendar(&all, name);
}

static struct {
    uint32_t clean, ran, failed;
    double slowest;
} seen;

static double processor_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void one_edit(uint32_t file) {
    tb_arena *a = tb_arena_new(NULL, 0);
    struct one x = {.path = all.paths[file], .a = a};
    double start = processor_time();
    x.text = edited(a, all.texts[file]);
    /* A law, a calendar or a directory is looked at through a matter. */
    static const char *const users[] = {"rules/事项/开具户籍类证明.tb", "rules/事项/食品经营许可核发.tb"};
    tb_str paths[2] = {x.path}, texts[2] = {x.text};
    uint32_t count = 1;
    for (uint32_t i = 0, pick = below(&seed, 2); i < all.count && count == 1; i++)
        if (tb_str_is(all.paths[i], users[pick]) && !tb_str_starts(x.path, "rules/事项") && i != file)
            paths[1] = all.paths[i], texts[1] = all.texts[i], count = 2;
    tb_compile_input in = {.paths = paths,
                           .texts = texts,
                           .count = count,
                           .resolve = resolve,
                           .user = &x,
                           .sm3 = tb_sm3,
                           .directory = all.rules->directory};
    watch(HANG_SECONDS);
    if (CHECK_INT(tb_compile(a, &in, &x.rules), TB_OK)) {
        tb_buf b;
        tb_buf_init(&b, a);
        tb_diagnostics_print(&b, &x.rules->sources, &x.rules->diagnostics, TB_LANG_AUTO, true);
        tb_diagnostics_print(&b, &x.rules->sources, &x.rules->diagnostics, TB_LANG_EN, false);
        bool bytes = !tb_valid_utf8(x.text, NULL); /* then the line shown holds them, too */
        if (!CHECK(bytes || tb_valid_utf8(tb_buf_str(&b), NULL)))
            fprintf(stderr, "    %.*s\n    TB_SEED=%llu\n", TB_FMT(tb_buf_str(&b)), (unsigned long long)current);
        CHECK(!bytes || x.rules->diagnostics.errors);
        b.n = 0;
        tb_diagnostics_json(&b, &x.rules->sources, &x.rules->diagnostics, TB_LANG_ZH);
        const char *error = "";
        if (!CHECK(tb_json_read(a, tb_buf_str(&b), &error, NULL)))
            fprintf(stderr, "    %s: %.*s\n    TB_SEED=%llu\n", error, TB_FMT(tb_buf_str(&b)),
                    (unsigned long long)current);
        seen.clean += x.rules->diagnostics.errors == 0;
        tb_env env = {x.rules->directory ? x.rules->directory : all.rules->directory, calendar, &x};
        for (uint32_t i = 0; i < x.rules->programs.count; i++) {
            tb_scenario_report *report;
            if (!CHECK_INT(tb_scenarios_run(a, x.rules->programs.items[i], &env, &report), TB_OK)) break;
            seen.ran++;
            seen.failed += report->failed > 0;
        }
    }
    watch(0);
    double took = processor_time() - start;
    if (took > seen.slowest) seen.slowest = took;
    if (!CHECK(took < 1))
        fprintf(stderr, "    %.*s: %.2f s, TB_SEED=%llu\n", TB_FMT(x.path), took, (unsigned long long)current);
    tb_arena_free(a);
}

int main(int argc, char **argv) {
    int edits = argc > 1 ? atoi(argv[1]) : 1000;
    signal(SIGPROF, hang);
    world_begin(&all);
    world_add(&all, "rules");
    world_add(&all, "tests/matters");
    if (CHECK_INT(world_compile(&all), TB_OK) && CHECK_INT(all.rules->diagnostics.errors, 0)) {
        seed = seed_of("test_mutations");
        /* TB_TRACE=1 prints the seed of each edit before it: the last one is the one that crashed. */
        for (int i = 0; i < edits; i++) {
            if (getenv("TB_TRACE")) fprintf(stderr, "TB_SEED=%llu\n", (unsigned long long)seed);
            current = seed;
            one_edit(below(&seed, all.count));
        }
        printf("%d edits: %u without errors, %u matters run, %u with a failing 用例; slowest %.0f ms\n", edits,
               seen.clean, seen.ran, seen.failed, 1000 * seen.slowest);
        CHECK(edits < 500 || (seen.clean && seen.ran && seen.failed && seen.clean < (uint32_t)edits));
    }
    world_end(&all);
    return check_end();
}
