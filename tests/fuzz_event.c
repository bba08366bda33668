/* Coverage-guided fuzzing of events as they lie in a database (libFuzzer; `make fuzz-event`, see tests/fuzz): the first line names a matter of
 * tests/golden, each further line is an event, as replay finds it. Whatever the lines say, each is refused or stepped; a state that
 * was stepped to is written, read back, and written to the same bytes; so is one read from a line that is a state. */
#include "engine.h"
#include <stdio.h>

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world golden; /* read and compiled once */

int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    world_begin(&golden);
    world_add(&golden, "tests/golden/1");
    golden.in.stored = true; /* as a database holds them */
    if (world_compile(&golden) != TB_OK || golden.rules->diagnostics.errors) abort();
    return 0;
}

static tb_str next_line(tb_str *rest) {
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    tb_str line = {rest->p, end ? (uint32_t)(end - rest->p) : rest->n};
    uint32_t used = line.n + (end != NULL);
    *rest = (tb_str){rest->p + used, rest->n - used};
    return line;
}

/* Written, read, written: the same. Answers the state as read. */
static tb_case *through_text(tb_arena *a, const tb_program *p, const tb_case *c) {
    tb_buf first, second;
    const char *error = NULL;
    tb_buf_init(&first, a);
    tb_case_write(&first, c);
    tb_case *back = tb_case_read(a, p, tb_buf_str(&first), &error);
    if (!back) fprintf(stderr, "a state is not read back: %s\n%.*s\n", error, TB_FMT(tb_buf_str(&first))), abort();
    tb_buf_init(&second, a);
    tb_case_write(&second, back);
    if (tb_str_eq(tb_buf_str(&first), tb_buf_str(&second))) return back;
    fprintf(stderr, "a state changes on its way through text:\n%.*s\n%.*s\n", TB_FMT(tb_buf_str(&first)), TB_FMT(tb_buf_str(&second)));
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tb_arena *a = tb_arena_new(NULL, (size_t)256 << 20);
    tb_buf copy;
    tb_buf_init(&copy, a);
    tb_put(&copy, (const char *)data, size);
    tb_str rest = tb_buf_str(&copy), name = next_line(&rest);
    const tb_program *p = NULL;
    for (uint32_t i = 0; i < golden.rules->programs.count && !p; i++)
        if (tb_str_eq(golden.rules->programs.items[i]->matter, name)) p = golden.rules->programs.items[i];
    tb_case *now = NULL;
    for (int lines = 0; p && rest.n && lines < 60; lines++) {
        tb_str line = next_line(&rest);
        tb_event e = {0};
        tb_outcome *o = NULL;
        const char *error = NULL;
        tb_case *read = tb_case_read(a, p, line, &error);
        if (read) now = through_text(a, p, read);
        if (tb_event_read(a, line, &e)) continue;
        int rc = tb_step(a, p, now ? now->id : TB_STR("0000000000001"), now, &e, &golden.env, &o);
        if (rc == TB_NOMEM) break;
        if (rc != TB_OK) abort();
        if (!o->refused) now = through_text(a, p, o->next);
    }
    tb_arena_free(a);
    return 0;
}
