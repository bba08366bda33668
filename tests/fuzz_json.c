/* Coverage-guided fuzzing of the reader of JSON bodies (libFuzzer; `make fuzz-json`, see tests/fuzz): any bytes are read or refused with a place; what is
 * read is written canonically (M6), and that text reads as itself. A reader that is not ours, jansson, takes everything that
 * ours takes. */
#include "canonical.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int once(void *arg) {
    tb_str *text = arg;
    tb_arena *a = tb_arena_new(NULL, (size_t)64 << 20);
    const char *error = NULL;
    size_t where = 0;
    tb_buf first, second;
    const tb_json *v = tb_json_read(a, *text, &error, &where);
    if (!v && (!error || !*error || where > text->n || !*tb_json_error_zh(error))) abort();
    if (v) {
        tb_buf_init(&first, a);
        tb_json_write(&first, v);
        const tb_json *again = tb_json_read(a, tb_buf_str(&first), &error, &where);
        if (!again) fprintf(stderr, "what was written is not read: %s at %zu\n", error, where), abort();
        tb_buf_init(&second, a);
        tb_json_write(&second, again);
        if (!tb_str_eq(tb_buf_str(&first), tb_buf_str(&second))) abort();
        json_error_t why;
        json_t *theirs = json_loadb(text->p, text->n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
        if (!theirs) fprintf(stderr, "jansson does not read it: %s\n", why.text), abort();
        json_decref(theirs);
    }
    tb_arena_free(a);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tb_str text = {(const char *)data, (uint32_t)size};
    return once(&text);
}
