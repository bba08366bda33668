/* Coverage-guided fuzzing of the compiler, its proofs and its 用例 (libFuzzer; `make fuzz-compile`, see tests/fuzz): any text, compiled
 * beside the shipped directory, calendars, laws and templates. What compiles is also proved and its 用例 are run. Memory errors,
 * undefined behaviour and a text that takes more than its time end the run. */
#include "engine.h"
#include "proof/proof.h"

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world shipped; /* read and compiled once */

/* 引用 finds the shipped files in memory. */
static bool from_shipped(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    (void)user, (void)from;
    while (tb_str_starts(path, "../")) path.p += 3, path.n -= 3;
    for (uint32_t i = 0; i < shipped.count; i++) {
        const tb_str name = shipped.paths[i];
        if (name.n <= path.n || memcmp(name.p + name.n - path.n, path.p, path.n) != 0) continue;
        *found = name;
        *text = shipped.texts[i];
        return true;
    }
    return false;
}

int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    world_begin(&shipped);
    world_add(&shipped, "rules");
    if (world_compile(&shipped) != TB_OK || shipped.rules->diagnostics.errors) abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_buf copy, shown;
    tb_buf_init(&copy, a);
    tb_put(&copy, (const char *)data, size);
    tb_str path = TB_STR("甲.tb"), text = tb_buf_str(&copy);
    tb_compile_input in = {.paths = &path,
                           .texts = &text,
                           .count = 1,
                           .resolve = from_shipped,
                           .sm3 = tb_sm3,
                           .directory = shipped.rules->directory};
    tb_rules *rules;
    if (tb_compile(a, &in, &rules) != TB_OK) abort();
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        const tb_program *p = rules->programs.items[i];
        tb_proof_report *proved;
        tb_scenario_report *ran;
        if (tb_prove(a, p, shipped.rules->directory, NULL, &rules->diagnostics, &proved) != TB_OK) abort();
        if (tb_scenarios_run(a, p, &shipped.env, &ran) != TB_OK) abort();
    }
    tb_diagnostics_sort(&rules->diagnostics);
    tb_buf_init(&shown, a);
    tb_diagnostics_print(&shown, &rules->sources, &rules->diagnostics, TB_LANG_AUTO, false);
    tb_arena_free(a);
    return 0;
}
