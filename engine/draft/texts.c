/* Texts out of a spreadsheet made safe for the language: names, quotes, comments.
 *
 * A cell may hold anything. A name is written bare only when the lexer surely reads it as one name; all else stands in
 * 「…」. That may bracket a name that could go without, and never lets one be read as a keyword, a number or an act. */
#include "draft_work.h"

static uint32_t blank_at(const char *p, size_t n) {
    if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') return 1;
    if (n >= 3 && memcmp(p, "　", 3) == 0) return 3;
    return n >= 2 && memcmp(p, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

tb_str tb__trim(tb_str s) {
    uint32_t k;
    while (s.n && (k = blank_at(s.p, s.n))) s.p += k, s.n -= k;
    for (;;) {
        uint32_t cut = 0;
        if (s.n && blank_at(s.p + s.n - 1, 1)) cut = 1;
        else if (s.n >= 3 && blank_at(s.p + s.n - 3, 3) == 3) cut = 3;
        else if (s.n >= 2 && blank_at(s.p + s.n - 2, 2) == 2) cut = 2;
        if (!cut) return s;
        s.n -= cut;
    }
}

static bool holds(tb_str s, const char *word, size_t n) {
    for (uint32_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, word, n) == 0) return true;
    return false;
}

bool tb__has(tb_str s, const char *word) { return holds(s, word, strlen(word)); }

bool tb__has_any(tb_str s, const char *words) {
    for (; *words; words += *words == '|') {
        size_t n = strcspn(words, "|");
        if (holds(s, words, n)) return true;
        words += n;
    }
    return false;
}

bool tb__is_any(tb_str s, const char *words) {
    for (; *words; words += *words == '|') {
        size_t n = strcspn(words, "|");
        if (n == s.n && memcmp(s.p, words, n) == 0) return true;
        words += n;
    }
    return false;
}

static uint32_t separator_at(const char *p, size_t n) {
    static const char *const marks[] = {"、", "，", "；", "｜"};
    if (*p == ',' || *p == ';' || *p == '|' || *p == '\n') return 1;
    for (size_t i = 0; n >= 3 && i < sizeof marks / sizeof *marks; i++)
        if (memcmp(p, marks[i], 3) == 0) return 3;
    return 0;
}

void tb__split(tb_arena *a, tb_str s, tb__strs *out) {
    uint32_t from = 0;
    for (uint32_t i = 0; i <= s.n;) {
        uint32_t k = i < s.n ? separator_at(s.p + i, s.n - i) : 1;
        if (!k) {
            i++;
            continue;
        }
        tb_str part = tb__trim((tb_str){s.p + from, i - from});
        if (part.n) *TB_PUSH(a, *out) = part;
        from = i += k;
    }
}

bool tb__has_code(tb_arena *a, tb_str s, const char *codes) {
    tb__strs parts = {0};
    tb__split(a, s, &parts);
    for (uint32_t i = 0; i < parts.count; i++)
        if (tb__is_any(parts.items[i], codes)) return true;
    return false;
}

/* ---- names ---- */

static bool keyword(tb_str s) {
    static const struct {
        tb_str zh, en;
    } words[] = {
#define X(token, zh, en) {{zh, sizeof(zh) - 1}, {en, sizeof(en) - 1}},
#include "keywords.def"
#undef X
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tb_str_eq(s, words[i].zh) || tb_str_eq(s, words[i].en)) return true;
    return false;
}

/* Common Han characters (U+4E00–9FFF) and ASCII letters; digits not first. */
static bool plain(tb_str s) {
    if (!s.n || keyword(s) || tb_str_ends(s, "的") || tb_str_ends(s, "之前") || tb_str_starts(s, "第")) return false;
    for (uint32_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'), digit = c >= '0' && c <= '9' && i > 0;
        if (c >= 0xE4 && c <= 0xE9 && i + 3 <= s.n && !(c == 0xE4 && (unsigned char)s.p[i + 1] < 0xB8)) i += 3;
        else if (letter || digit) i++;
        else return false;
    }
    return true;
}

/* Bytes of the character at p, which is well-formed. */
static uint32_t wide(const char *p) {
    unsigned char c = (unsigned char)*p;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* One line of at most `most` bytes; a control character or a line end becomes a blank; each of `from` becomes `to`. */
static tb_str one_line(tb_arena *a, tb_str s, uint32_t most, const char *const (*swap)[2], int swaps) {
    tb_buf b;
    tb_buf_init(&b, a);
    s = tb__trim(s);
    for (uint32_t i = 0, k; i < s.n; i += k) {
        k = wide(s.p + i);
        const char *p = s.p + i;
        uint32_t n = k;
        if (n == 1 && ((unsigned char)*p < 0x20 || *p == 0x7F)) p = " ";
        for (int w = 0; w < swaps; w++)
            if (n == strlen(swap[w][0]) && memcmp(p, swap[w][0], n) == 0)
                p = swap[w][1], n = (uint32_t)strlen(swap[w][1]);
        if (b.n + n > most) break;
        if (n == 1 && *p == ' ' && (!b.n || b.p[b.n - 1] == ' ')) continue;
        tb_put(&b, p, n);
    }
    while (b.n && b.p[b.n - 1] == ' ') b.n--;
    return tb_buf_str(&b);
}

tb_str tb__name(tb_arena *a, tb_str s) {
    static const char *const swap[][2] = {{"「", "『"}, {"」", "』"}};
    tb_str t = one_line(a, s, TB_NAME_BYTES, swap, 2);
    if (!t.n) return TB_STR("「未命名」");
    return plain(t) ? t : tb_str_printf(a, "「%.*s」", TB_FMT(t));
}

tb_str tb__quote(tb_arena *a, tb_str s, uint32_t most) {
    static const char *const swap[][2] = {{"“", "‘"}, {"”", "’"}};
    tb_str t = one_line(a, s, most, swap, 2);
    return tb_str_printf(a, "“%.*s”", TB_FMT(t));
}

/* ---- comments ---- */

enum { COMMENT_CELLS = 100 };

static void comment_line(tb_buf *b, const char *indent, const char *label, tb_str line, bool *first) {
    uint32_t cells = 0;
    line = tb__trim(line);
    if (!line.n) return;
    tb_putf(b, "%s# %s", indent, *first ? label : "  ");
    *first = false;
    for (uint32_t i = 0, k; i < line.n; i += k) {
        k = wide(line.p + i);
        bool control = k == 1 && ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F);
        if (cells >= COMMENT_CELLS) {
            tb_putf(b, "\n%s#   ", indent);
            cells = 0;
        }
        tb_put(b, control ? " " : line.p + i, k);
        cells += k > 1 ? 2 : 1;
    }
    tb_puts(b, "\n");
}

void tb__comment(tb_buf *b, const char *indent, const char *label, tb_str text) {
    bool first = true;
    uint32_t from = 0;
    for (uint32_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '\n' && text.p[i] != '\r') continue;
        comment_line(b, indent, label, (tb_str){text.p + from, i - from}, &first);
        from = i + 1;
    }
}
