/* Looking up in the catalogue: see catalogue.h. */
#include "catalogue.h"

const tb_explanation *tb_explanations(void) { return tb__explanations; }
tb_str tb_example_preamble(void) { return tb_str_z(tb__example_preamble); }
tb_str tb_example_ending(void) { return tb_str_z(tb__example_ending); }

/* "TB0123", "0123" or "123" → 123; -1: not a number of a code. */
static int number_of(tb_str s) {
    if (s.n > 2 && (s.p[0] | 0x20) == 't' && (s.p[1] | 0x20) == 'b') s.p += 2, s.n -= 2;
    int n = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i == 4) return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return s.n ? n : -1;
}

static bool same_name(tb_str given, const char *code) {
    for (uint32_t i = 0; i < given.n; i++, code++) {
        char c = given.p[i] >= 'a' && given.p[i] <= 'z' ? (char)(given.p[i] - 'a' + 'A') : given.p[i];
        if (c == '-') c = '_';
        if (c != *code) return false;
    }
    return *code == '\0';
}

const tb_explanation *tb_explanation_of(tb_str code) {
    int number = number_of(code);
    for (const tb_explanation *e = tb__explanations; e->code; e++)
        if (number >= 0 ? number_of(tb_str_z(e->code)) == number : same_name(code, e->code)) return e;
    return NULL;
}
