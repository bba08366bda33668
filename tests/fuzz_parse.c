/* Coverage-guided fuzzing of lexer, parser and layout (libFuzzer; `make fuzz-parse`, see tests/fuzz). Whatever the bytes, the text
 * is read to its end, its diagnostics can be shown both ways, and the layout keeps its promises (layout.h). Memory errors and
 * undefined behaviour end the run; so does a text that takes more than its time. */
#include "layout.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_buf copy;
    tb_buf_init(&copy, a);
    tb_put(&copy, (const char *)data, size);
    tb_str text = tb_buf_str(&copy);

    tb_sources sources = {0};
    tb_diagnostics d;
    tb_diagnostics_init(&d, a);
    const tb_tree *tree = tb_parse(a, &sources, tb_source_add(a, &sources, TB_STR("甲.tb"), text), &d);
    tb_diagnostics_sort(&d);
    tb_buf shown;
    tb_buf_init(&shown, a);
    tb_diagnostics_print(&shown, &sources, &d, TB_LANG_AUTO, true);
    tb_diagnostics_json(&shown, &sources, &d, TB_LANG_EN);
    const char *fault = tree ? layout_fault(a, text) : "no tree";
    if (fault) {
        fprintf(stderr, "%s\n", fault);
        abort();
    }
    tb_arena_free(a);
    return 0;
}
