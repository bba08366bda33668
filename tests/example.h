/* The examples of the manual and of the catalogue of diagnostics, read as files.
 *
 * An example is one text, or several: each begins with a line `# 文件 PATH`. 引用 in one file finds the others by those paths, else a file
 * below rules/. ⟦FF⟧ is that byte, ⟦×300 text⟧ the text three hundred times: for what could not be printed. */
#ifndef TB_TEST_EXAMPLE_H
#define TB_TEST_EXAMPLE_H
#include "cases.h"
#include "catalogue.h"
#include <stdlib.h>

enum { EXAMPLE_FILES = 16 };

typedef struct example {
    tb_arena *a;
    tb_str paths[EXAMPLE_FILES], texts[EXAMPLE_FILES];
    uint32_t count;
} example;

/* ⟦FF⟧ is that byte; ⟦×300 text⟧ is the text three hundred times. */
static inline tb_str expanded(tb_arena *a, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < s.n; i++) {
        tb_str rest = {s.p + i, s.n - i};
        if (!tb_str_starts(rest, "⟦")) {
            tb_put(&b, s.p + i, 1);
            continue;
        }
        uint32_t end = 3;
        while (end < rest.n && !tb_str_starts((tb_str){rest.p + end, rest.n - end}, "⟧")) end++;
        tb_str inside = {rest.p + 3, end - 3};
        if (tb_str_starts(inside, "×")) {
            char *text;
            long times = strtol(inside.p + 2, &text, 10);
            for (text++; times > 0; times--) tb_put(&b, text, (size_t)(inside.p + inside.n - text));
        } else {
            char byte = (char)strtol(inside.p, NULL, 16);
            tb_put(&b, &byte, 1);
        }
        i += end + 2;
    }
    return tb_buf_str(&b);
}

static inline void example_add(example *x, tb_str path, tb_str text) {
    if (!CHECK(x->count < EXAMPLE_FILES)) return;
    x->paths[x->count] = path;
    x->texts[x->count++] = text;
}

/* Lines that begin with 引用 come first, then the preamble, then the rest, then the ending if no step was written. */
static inline tb_str completed(tb_arena *a, tb_str text, bool licence) {
    static const char service[] = "公共服务。";
    tb_str preamble = tb_example_preamble();
    tb_buf b;
    uint32_t at = 0;
    tb_buf_init(&b, a);
    while (tb_str_starts((tb_str){text.p + at, text.n - at}, "引用 ")) at = line_end(text, at);
    tb_put(&b, text.p, at);
    const char *kind = licence ? strstr(preamble.p, service) : NULL;
    CHECK(kind || !licence);
    uint32_t before = kind ? (uint32_t)(kind - preamble.p) : 0, after = kind ? before + (uint32_t)sizeof service - 1 : 0;
    if (kind) tb_putf(&b, "%.*s行政许可，待核。", (int)before, preamble.p);
    tb_put(&b, preamble.p + after, preamble.n - after);
    tb_put(&b, text.p + at, text.n - at);
    if (find_line(text, 0, "环节") == text.n) tb_putstr(&b, tb_example_ending());
    return tb_buf_str(&b);
}

/* `words` of the fence: 全文 is a file as it stands; else it is completed, for 许可 with the kind that the licensing law binds. */
static inline void read_example(example *x, tb_arena *a, tb_str text, const char *words) {
    static const char mark[] = "# 文件 ";
    *x = (example){.a = a};
    bool whole = strstr(words, "全文 ") != NULL;
    uint32_t at = find_line(text, 0, mark);
    if (at == text.n)
        example_add(x, TB_STR("甲.tb"), expanded(a, whole ? text : completed(a, text, strstr(words, "许可 ") != NULL)));
    while (at < text.n) {
        uint32_t body = line_end(text, at), next = find_line(text, body, mark);
        uint32_t name = at + (uint32_t)sizeof mark - 1;
        example_add(x, (tb_str){text.p + name, body - name - 1}, expanded(a, (tb_str){text.p + body, next - body}));
        at = next;
    }
}

/* 引用: a file of the example, else one below rules/. */
static inline bool example_find(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    example *x = user;
    (void)from;
    *found = path;
    for (uint32_t i = 0; i < x->count; i++)
        if (tb_str_eq(x->paths[i], path)) return *text = x->texts[i], true;
    *text = read_all(x->a, tb_str_printf(x->a, "rules/%.*s", TB_FMT(path)).p);
    return text->p != NULL;
}
#endif
