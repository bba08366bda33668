/* The one layout of rules texts.
 *
 * It works on tokens, not on the tree, so that a text with errors is laid out as well and no comment can be lost:
 * every token and every comment comes out once, in its order, and only white space and the width of punctuation
 * change. The rules:
 *
 *   - one sentence a line, always; headings and 引用 at the margin, clauses two columns in;
 *   - a line break inside a sentence is kept (six columns in), since the writer chose where a long one reads best;
 *     a mark that opens a line goes back to the end of the line before;
 *   - one blank line before a heading, or before the comments that stand directly above it; elsewhere blank lines
 *     are kept, at most one;
 *   - full-width marks where the text holds a Han character, half-width ones otherwise; one space between words,
 *     none around full-width marks, none between 依 or 因 and 《;
 *   - a comment of its own line stays so, indented like what follows; one behind a sentence follows after two
 *     spaces;
 *   - texts “…”, names 「…」, comments and unreadable bytes are copied as they are.
 *
 * Laid out again, a text does not change; and the lexer reads the same tokens from it (tests/test_grammar.c holds
 * both). */
#include "syntax.h"
#include "parser.h"
#include <string.h>

struct item {
    tb__token t;
    uint32_t blank; /* empty lines before it */
    bool opens;     /* first on its line, comments counted */
    bool touches;   /* no white space before it */
    bool begins;    /* first of its sentence */
    bool heading;   /* its sentence is a heading or an import (comments: the one they stand directly above) */
};

struct layout {
    tb_arena *arena;
    tb_str text;
    TB_LIST(struct item) items;
    bool wide; /* full-width marks */
    tb_buf out;
};

static bool ends(int kind) { return kind == STOP || kind == COLON; }
static bool mark(int kind) { return ends(kind) || kind == COMMA || kind == SEP || kind == SHUT || kind == SEMICOLON; }
static bool section_word(int kind) { return kind >= K_MATTER && kind <= K_IMPORT && kind != K_CALENDAR; }

/* Keywords that open clauses. */
static bool head_word(int kind) {
    if (kind == K_TAKEN || kind == K_AS || kind == K_COUNTS || kind == K_DEEM) return false;
    return section_word(kind) || (kind >= K_VERSION && kind <= K_REMIND);
}

static tb_str written(const struct layout *l, const tb__token *t) {
    return (tb_str){l->text.p + t->at.from, t->at.to - t->at.from};
}

/* A quote that nothing closes reaches to the end of its line: what follows must not be put behind it. */
static bool open_ended(const struct layout *l, const tb__token *t) {
    static const char *const pairs[][2] = {{"“", "”"}, {"「", "」"}, {"《", "》"}, {"\"", "\""}};
    tb_str s = written(l, t);
    for (int i = 0; i < 4; i++) {
        size_t open = strlen(pairs[i][0]), close = strlen(pairs[i][1]);
        if (!tb_str_starts(s, pairs[i][0])) continue;
        for (size_t k = open; k + close <= s.n; k++)
            if (memcmp(s.p + k, pairs[i][1], close) == 0) return false;
        return true;
    }
    return false;
}

/* ---- reading: tokens with what stood before them ---- */

static void read_tokens(struct layout *l, const tb_source *source) {
    tb__lexer lexer;
    tb__lex_begin(&lexer, l->arena, NULL, source, 0);
    for (uint32_t end = 0;;) {
        tb__token t = tb__lex_next(&lexer);
        if (t.kind == 0) break;
        uint32_t breaks = 0;
        for (uint32_t i = end; i < t.at.from; i++) breaks += l->text.p[i] == '\n';
        *TB_PUSH(l->arena, l->items) = (struct item){.t = t,
                                                     .opens = breaks || end == 0,
                                                     .touches = end == t.at.from,
                                                     .blank = breaks > 1 && end ? breaks - 1 : 0};
        end = t.at.to;
    }
}

static bool has_han(tb_str s) { /* U+3400 to U+9FFF */
    for (uint32_t i = 0; i < s.n; i++) {
        uint8_t lead = (uint8_t)s.p[i];
        if ((lead >= 0xE4 && lead <= 0xE9) || (lead == 0xE3 && i + 1 < s.n && (uint8_t)s.p[i + 1] >= 0x90)) return true;
    }
    return false;
}

/* The rule of tb_source_chinese(), over the tokens: they are the same before and after the layout, whatever it parts or joins, and
 * so the marks are, too. */
static bool chinese(const struct layout *l) {
    bool any = false;
    for (uint32_t i = 0; i < l->items.count; i++) {
        const tb__token *t = &l->items.items[i].t;
        tb_str s = written(l, t);
        bool free = t->kind == TB__COMMENT || t->kind == TEXT || t->kind == LAW_REF || t->kind == ARTICLE ||
                    tb_str_starts(s, "「"); /* may be in either language */
        if (free) continue;
        if (t->kind >= K_MATTER && t->kind != TB__UNREADABLE) return has_han(s);
        any |= has_han(s);
    }
    return any;
}

/* Where sentences begin. A line that opens without a comma before it begins one too: in a sound text that is a
 * sentence broken between words, in a faulty one the mark before it was lost, and either way its line stays a line. */
static void find_sentences(struct layout *l) {
    uint32_t first = UINT32_MAX;
    int before = STOP;
    bool section = false; /* a heading came before: clauses stand two columns in, so what stands at the margin is told */
    for (uint32_t i = 0; i < l->items.count; i++) {
        struct item *x = &l->items.items[i];
        if (x->t.kind == TB__COMMENT) continue;
        bool fresh = ends(before) || (x->opens && section_word(x->t.kind) && before != COMMA && before != SEP);
        if (fresh) {
            if (first != UINT32_MAX)
                section |= l->items.items[first].heading && l->items.items[first].t.kind != K_IMPORT;
            first = i;
            x->begins = true;
            bool margin = x->opens && (x->t.at.from == 0 || l->text.p[x->t.at.from - 1] == '\n');
            x->heading = section_word(x->t.kind) || (x->t.kind == K_CALENDAR && (margin || !section));
        }
        if (x->t.kind == COLON && first != UINT32_MAX) l->items.items[first].heading = true;
        if (x->t.kind == STOP && first != UINT32_MAX && l->items.items[first].t.kind == K_CALENDAR)
            l->items.items[first].heading = false;
        before = x->t.kind;
    }
    bool above = false; /* comments directly above a heading go with it; from the end, so that runs of them do */
    for (uint32_t i = l->items.count; i > 0; i--) {
        struct item *x = &l->items.items[i - 1];
        if (x->t.kind != TB__COMMENT) above = x->begins && x->heading && x->opens;
        else if (!x->opens) above = false;
        else x->heading = above;
        above = above && x->blank == 0;
    }
}

/* ---- writing ---- */

static const char *mark_text(const struct layout *l, int kind) {
    switch (kind) {
    case COMMA: return l->wide ? "，" : ",";
    case STOP: return l->wide ? "。" : ".";
    case COLON: return l->wide ? "：" : ":";
    case OPEN: return l->wide ? "（" : "(";
    case SHUT: return l->wide ? "）" : ")";
    case SEP: return l->wide ? "、" : "/";
    case SEMICOLON: return l->wide ? "；" : ";";
    case GE: return ">=";
    case LE: return "<=";
    case NE: return "!=";
    case GT: return ">";
    case LT: return "<";
    case EQ: return "=";
    case PLUS: return "+";
    case SUBTRACT: return "-";
    case STAR: return "*";
    case BANG: return "!";
    default: return NULL;
    }
}

static void put_token(struct layout *l, const tb__token *t, bool as_it_is) {
    const char *sign = as_it_is ? NULL : mark_text(l, t->kind);
    tb_str s = written(l, t);
    if (sign) {
        tb_puts(&l->out, sign);
    } else if (t->kind == TIME) {
        uint32_t hours = (uint32_t)strspn(s.p, "0123456789"), colon = s.p[hours] == ':' ? 1 : 3; /* 9：30 → 9:30 */
        tb_putf(&l->out, "%.*s:%.*s", (int)hours, s.p, (int)(s.n - hours - colon), s.p + hours + colon);
    } else if (t->kind == LAW_REF) { /* 《X》 第一条 → 《X》第一条 */
        uint32_t title = 0;
        while (title < s.n && !(s.n - title >= 3 && memcmp(s.p + title, "》", 3) == 0)) title++;
        title = title + 3 <= s.n ? title + 3 : s.n;
        tb_put(&l->out, s.p, title);
        for (uint32_t i = title; i < s.n; i++) {
            if (s.n - i >= 3 && memcmp(s.p + i, "第", 3) == 0) {
                tb_put(&l->out, s.p + i, s.n - i);
                break;
            }
        }
    } else if (t->kind == TB__COMMENT) {
        while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) s.n--;
        tb_putstr(&l->out, s);
    } else {
        tb_putstr(&l->out, s);
    }
}

static bool space_between(const struct layout *l, const struct item *a, const struct item *b) {
    int x = a->t.kind, y = b->t.kind;
    if (x == TB__UNREADABLE || y == TB__UNREADABLE || open_ended(l, &a->t)) return !b->touches;
    if (mark(y)) return false;
    if (x == SEP || x == OPEN || x == BANG) return false;
    if (l->wide) {
        if (mark(x) || y == OPEN) return false;
        return !((x == K_BASIS || x == K_GROUND) && y == LAW_REF);
    }
    return true;
}

static void new_line(struct layout *l, uint32_t indent, bool blank) {
    if (l->out.n) tb_puts(&l->out, blank ? "\n\n" : "\n");
    tb_put(&l->out, "      ", indent);
}

static void write_all(struct layout *l) {
    enum { CLAUSE = 2, REST = 6 };
    bool section = false, inside = false, over = true; /* a heading was seen; a sentence is open; the line is full */
    const struct item *last = NULL, *word = NULL;      /* the item and the token before */
    for (uint32_t i = 0; i < l->items.count; i++) {
        const struct item *x = &l->items.items[i];
        bool as_it_is = false; /* a mark behind a quote that nothing closes: it may be what ends the quote */
        if (x->t.kind == TB__COMMENT) {
            if (last && !x->opens) {
                tb_puts(&l->out, "  ");
            } else { /* a blank line before comments on a heading, unless more comments on it stand above */
                bool first = x->heading && !(last && last->t.kind == TB__COMMENT && last->heading && x->blank == 0);
                new_line(l, x->heading ? 0 : inside ? REST : section ? CLAUSE : 0, (x->blank && !inside) || first);
            }
            over = true;
        } else {
            as_it_is = word && open_ended(l, &word->t);
            bool comment = last && last->t.kind == TB__COMMENT, hanging = last && open_ended(l, &last->t) && x->opens;
            if (x->begins) {
                bool covered = comment && last->heading && x->blank == 0;
                bool apart = x->heading && x->t.kind != K_IMPORT && !covered;
                new_line(l, x->heading || !section ? 0 : CLAUSE, x->blank || apart);
                if (x->heading && x->t.kind != K_IMPORT) section = true;
            } else if (over || hanging || comment || (x->opens && !mark(x->t.kind))) {
                bool continues = word && (word->t.kind == COMMA || word->t.kind == SEP || mark(x->t.kind) ||
                                          (x->t.kind >= K_MATTER && !head_word(x->t.kind)));
                new_line(l, continues || !section ? REST : CLAUSE, false);
            } else if (word && space_between(l, word, x)) {
                tb_puts(&l->out, " ");
            }
            inside = !ends(x->t.kind);
            over = ends(x->t.kind);
            word = x;
        }
        put_token(l, &x->t, as_it_is);
        last = x;
    }
    if (l->out.n) tb_puts(&l->out, "\n");
}

struct job {
    struct layout l;
    tb_str result;
};

static int work(void *arg) {
    struct job *j = arg;
    tb_sources sources = {0};
    tb_source_add(j->l.arena, &sources, TB_STR(""), j->l.text);
    j->l.text = sources.list.items[0].text;
    tb_buf_init(&j->l.out, j->l.arena);
    read_tokens(&j->l, &sources.list.items[0]);
    j->l.wide = chinese(&j->l);
    find_sentences(&j->l);
    write_all(&j->l);
    j->result = tb_buf_str(&j->l.out);
    return TB_OK;
}

tb_str tb_format(tb_arena *a, tb_str path, tb_str text) {
    (void)path;                                /* one style for all files */
    if (text.n > TB_SOURCE_BYTES) return text; /* refused by the lexer: not to be touched */
    struct job j = {.l = {.arena = a, .text = text}, .result = {NULL, 0}};
    if (tb_try(a, work, &j) == TB_NOMEM) (void)tb_alloc(a, SIZE_MAX); /* goes to the caller's tb_try(), if any */
    return j.result;
}
