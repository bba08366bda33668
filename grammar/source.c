/* Lines and widths of texts. See source.h. */
#include "syntax.h"
#include <string.h>
#include <utf8proc.h>

uint32_t tb_source_add(tb_arena *a, tb_sources *s, tb_str path, tb_str text) {
    tb_source n = {.path = tb_str_copy(a, path), .text = tb_str_copy(a, text)};
    uint32_t lines = 1;
    for (uint32_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
    uint32_t *start = TB_NEW_ARRAY(a, lines, uint32_t);
    for (uint32_t i = 0, line = 0; start && i < text.n; i++)
        if (text.p[i] == '\n') start[++line] = i + 1;
    n.lines = lines;
    n.line_start = start;
    tb_source *slot = TB_PUSH(a, s->list);
    if (slot) *slot = n;
    return s->list.count - 1;
}

/* The number of the line that holds `offset`, from 0. */
static uint32_t line_of(const tb_source *s, uint32_t offset) {
    uint32_t low = 0, high = s->lines; /* line_start[low] ≤ offset < line_start[high] */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->line_start[middle] <= offset) low = middle;
        else high = middle;
    }
    return low;
}

tb_str tb_source_line(const tb_source *s, uint32_t line) {
    if (line == 0 || line > s->lines) return (tb_str){"", 0};
    uint32_t from = s->line_start[line - 1], to = line < s->lines ? s->line_start[line] - 1 : s->text.n;
    if (to > from && s->text.p[to - 1] == '\r') to--;
    return (tb_str){s->text.p + from, to - from};
}

/* One character at p: its bytes; 1 and -1 for a byte that begins none. */
static uint32_t point(const char *p, uint32_t n, int32_t *out) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &c);
    *out = used > 0 ? c : -1;
    return used > 0 ? (uint32_t)used : 1;
}

/* Cells of a text that begins at cell `at`: a tab reaches to the next multiple of 8. */
static uint32_t cells_from(tb_str s, uint32_t at) {
    uint32_t cells = at;
    for (uint32_t i = 0; i < s.n;) {
        int32_t c;
        i += point(s.p + i, s.n - i, &c);
        /* utf8proc calls the curly quotes of Chinese text one cell wide ("ambiguous"); a Chinese terminal font
         * draws them so too. */
        int width = c < 0 ? 1 : c < 0x20 ? 0 : utf8proc_charwidth(c);
        cells = c == '\t' ? (cells / 8 + 1) * 8 : cells + (uint32_t)(width > 0 ? width : 0);
    }
    return cells - at;
}

uint32_t tb_cells(tb_str s) { return cells_from(s, 0); }

uint32_t tb_points(tb_str s) {
    uint32_t points = 0;
    for (uint32_t i = 0; i < s.n; points++) {
        int32_t c;
        i += point(s.p + i, s.n - i, &c);
    }
    return points;
}

static uint32_t units_of(uint32_t bytes, enum tb_units units) {
    return units == TB_UNITS_UTF8 ? bytes : units == TB_UNITS_UTF16 && bytes == 4 ? 2 : 1; /* beyond U+FFFF: a pair */
}

uint32_t tb_source_units(tb_str s, enum tb_units units) {
    uint32_t n = 0;
    for (uint32_t i = 0, used; i < s.n; i += used) {
        int32_t c;
        used = point(s.p + i, s.n - i, &c);
        n += units_of(used, units);
    }
    return n;
}

uint32_t tb_source_offset(const tb_source *s, uint32_t line, uint32_t column, enum tb_units units) {
    if (line >= s->lines) return s->text.n;
    tb_str in = tb_source_line(s, line + 1);
    uint32_t i = 0, passed = 0;
    while (i < in.n && passed < column) {
        int32_t c;
        uint32_t used = point(in.p + i, in.n - i, &c);
        passed += units_of(used, units);
        if (passed > column) break;
        i += used;
    }
    return s->line_start[line] + i;
}

uint32_t tb_utf16(tb_str s) { return tb_source_units(s, TB_UNITS_UTF16); }

tb_place_in tb_source_place(const tb_sources *s, uint32_t file, uint32_t offset) {
    if (file >= s->list.count) return (tb_place_in){1, 1, 0, 0};
    const tb_source *in = &s->list.items[file];
    if (offset > in->text.n) offset = in->text.n;
    uint32_t line = line_of(in, offset), from = in->line_start[line];
    tb_str before = {in->text.p + from, offset - from};
    if (from == 0 && tb_str_starts(before, "\xEF\xBB\xBF")) before.p += 3, before.n -= 3; /* the mark takes no column */
    return (tb_place_in){line + 1, tb_points(before) + 1, tb_cells(before), tb_utf16(before)};
}

tb_str tb_source_text(const tb_sources *s, tb_span span) {
    if (span.file >= s->list.count) return (tb_str){"", 0};
    tb_str text = s->list.items[span.file].text;
    uint32_t to = span.to < text.n ? span.to : text.n, from = span.from < to ? span.from : to;
    return (tb_str){text.p + from, to - from};
}

/* Bytes of `text` from `at` up to and with `close` on the same line; 0 when it is not there before *absent, the
 * place searched in vain: a line of a thousand openers is searched once. */
static uint32_t quoted(tb_str text, uint32_t at, const char *close, uint32_t *absent) {
    uint32_t n = (uint32_t)strlen(close), i = at;
    if (at < *absent) return 0;
    for (; i + n <= text.n && text.p[i] != '\n'; i++)
        if (memcmp(text.p + i, close, n) == 0) return i + n - at;
    *absent = i;
    return 0;
}

/* Is this a character of words? As lexer.l has it (its W).
 * -1, a byte that is no character, is none. */
static bool of_word(int32_t c) {
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xB7 || c == 0xBA;
    if (c < 0x3000) return c != 0xD7 && c != 0xF7 && (c < 0x2000 || c > 0x207F) && c != 0x2212 && (c < 0x2240 || c > 0x227F);
    if (c < 0x3040) return c == 0x3005 || c == 0x3007;
    if (c < 0xFF00) return (c < 0xF000 || c > 0xF8FF) && c != 0xFEFF;
    if (c > 0xFFFF) return true;
    return c == 0xFF0D || (c >= 0xFF10 && c <= 0xFF19) || (c >= 0xFF21 && c <= 0xFF3A) || (c >= 0xFF41 && c <= 0xFF5A);
}

/* Bytes of the word at `at`; 0: none begins there. */
static uint32_t word_bytes(tb_str t, uint32_t at, bool *han) {
    uint32_t i = at;
    *han = false;
    while (i < t.n) {
        int32_t c;
        uint32_t used = point(t.p + i, t.n - i, &c);
        if (!of_word(c)) break;
        *han = *han || (c >= 0x3400 && c <= 0x9FFF);
        i += used;
    }
    return i - at;
}

/* Bytes of a comment, a text, a name in marks or a law at `at`: what is free to be in either language. 0: none. */
static uint32_t free_text(tb_str t, uint32_t at, uint32_t absent[4]) {
    static const char *const pairs[4][2] = {{"“", "”"}, {"「", "」"}, {"《", "》"}, {"\"", "\""}};
    for (int k = 0; k < 4; k++) {
        uint32_t n = (uint32_t)strlen(pairs[k][0]);
        if (t.n - at < n || memcmp(t.p + at, pairs[k][0], n) != 0) continue;
        uint32_t rest = quoted(t, at + n, pairs[k][1], &absent[k]);
        if (rest) return n + rest;
    }
    uint32_t n = 0;
    if (t.p[at] == '#')
        while (at + n < t.n && t.p[at + n] != '\n') n++;
    return n;
}

bool tb_source_chinese(tb_str t) {
    enum { WORDS = 2000 }; /* looked at; a text of the language has a keyword in its first line */
    uint32_t absent[4] = {0}, words = 0;
    bool any = false;
    for (uint32_t i = 0; i < t.n && words < WORDS;) {
        bool han = false;
        uint32_t skip = free_text(t, i, absent);
        uint32_t n = skip ? 0 : word_bytes(t, i, &han);
        tb_str word = {t.p + i, n};
        if (n) words++;
        if (n && tb__keyword(word)) return han;
        any = any || (han && !tb_str_starts(word, "第")); /* 第25条 */
        i += skip ? skip : n ? n : 1;
    }
    return any;
}
