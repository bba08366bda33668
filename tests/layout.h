/* What tb_format promises of every text, asked of one text: the layout is done (laid out again it does not change), and
 * nothing of it is lost (every word, mark and comment comes out once, in its order, each comment on its own line or behind
 * the same words as before). A text without errors also means what it meant: the same tree.
 *
 * Two texts are compared by their tokens. Marks are told by their kind, since their width may change; blanks inside
 * 《X》 第一条 and the colon of 9：30 may change too. Where a text has errors a token's kind may hang on the line it stands
 * on, so there the bytes alone count. */
#ifndef TB_TEST_LAYOUT_H
#define TB_TEST_LAYOUT_H
#include "syntax.h"
#include "parser.h"
#include <string.h>

static inline bool layout_is_mark(int kind) { return kind >= COMMA && kind <= STAR; }

/* The text as its tokens, white space aside; with `kinds`, each by its kind and comments with their lines, too. */
static inline tb_str layout_skeleton(tb_arena *a, tb_str text, bool kinds) {
    tb_sources s = {0};
    tb__lexer l;
    tb_buf b;
    tb_source_add(a, &s, TB_STR(""), text);
    tb__lex_begin(&l, a, NULL, &s.list.items[0], 0);
    tb_buf_init(&b, a);
    uint32_t end = 0;
    for (tb__token t = tb__lex_next(&l); t.kind; t = tb__lex_next(&l)) {
        tb_str w = {text.p + t.at.from, t.at.to - t.at.from};
        bool opens = end == 0 || memchr(text.p + end, '\n', t.at.from - end);
        end = t.at.to;
        if (kinds) tb_putf(&b, "%s%d ", t.kind == TB__COMMENT && opens ? "\n" : "", t.kind);
        if (layout_is_mark(t.kind) || t.kind == BANG) {
            tb_putf(&b, "<%d>", t.kind);
        } else {
            while (t.kind == TB__COMMENT && w.n && strchr(" \t\r", w.p[w.n - 1])) w.n--;
            for (uint32_t i = 0; i < w.n; i++) {
                bool wide = w.n - i >= 3 && memcmp(w.p + i, "　", 3) == 0;
                if (t.kind == LAW_REF && (wide || w.p[i] == ' ' || w.p[i] == '\t')) i += wide ? 2 : 0;
                else if (t.kind == TIME && memcmp(w.p + i, "：", w.n - i < 3 ? w.n - i : 3) == 0)
                    tb_puts(&b, ":"), i += 2;
                else tb_put(&b, w.p + i, 1);
            }
        }
        if (kinds) tb_puts(&b, "\n");
    }
    return tb_buf_str(&b);
}

static inline bool layout_parses(tb_arena *a, tb_str text, tb_str *dump) {
    tb_sources s = {0};
    tb_diagnostics d;
    tb_diagnostics_init(&d, a);
    const tb_tree *t = tb_parse(a, &s, tb_source_add(a, &s, TB_STR("x"), text), &d);
    *dump = d.errors ? (tb_str){"", 0} : tb_tree_dump(a, t);
    return d.errors == 0;
}

/* What does not hold of this text; NULL when all does. */
static inline const char *layout_fault(tb_arena *a, tb_str text) {
    tb_str once = tb_format(a, TB_STR("x"), text), before, after;
    if (!tb_str_eq(once, tb_format(a, TB_STR("x"), once))) return "laid out twice, it changes";
    bool sound = layout_parses(a, text, &before);
    if (!tb_str_eq(layout_skeleton(a, text, sound), layout_skeleton(a, once, sound)))
        return "words, marks or comments changed";
    if (sound && !layout_parses(a, once, &after)) return "it parsed before and does not now";
    if (sound && !tb_str_eq(before, after)) return "it means something else";
    return NULL;
}
#endif
