/* A guide as text for a terminal: paragraphs, lists and tables parted into lines by cells (Han characters are two), by the
 * rules of Chinese typesetting. A table's columns get the width they need; when that is too much, the widest give way. */
#include "guide.h"
#include "layout.h"
#include "source.h"

enum { GAP = 2 /* between columns */, NARROWEST = 4 };

static const char mark[] = "〔待核〕";

static void put_blanks(tb_buf *b, uint32_t n) {
    while (n--) tb_puts(b, " ");
}

static uint32_t character(tb_str s, uint32_t at) {
    uint32_t n = 1;
    while (at + n < s.n && ((uint8_t)s.p[at + n] & 0xC0) == 0x80) n++;
    return n;
}

/* The end of the longest line from `at` that fits; at least one character. No line ends behind `whole` but the last. */
static uint32_t line_end(tb_str s, uint32_t at, uint32_t whole, uint32_t cells) {
    uint32_t end = at, used = 0, best = 0;
    tb_str last = {NULL, 0};
    while (end < s.n) {
        tb_str c = {s.p + end, character(s, end)};
        if (end > at && end <= whole && (c.p[0] == ' ' || last.p[0] == ' ' || tb_text_may_part(last, c))) best = end;
        used += tb_cells(c);
        if (used > cells && end > at) return best ? best : end;
        last = c;
        end += c.n;
    }
    return end;
}

static void wrap(tb_arena *a, tb_str s, bool open, uint32_t cells, tb_lines *out) {
    uint32_t at = 0, whole = open ? s.n - (uint32_t)(sizeof mark - 1) : s.n;
    do {
        uint32_t end = line_end(s, at, whole, cells), to = end;
        while (to > at && s.p[to - 1] == ' ') to--;
        *TB_PUSH(a, *out) = (tb_str){s.p + at, to - at};
        at = end;
        while (at < s.n && s.p[at] == ' ') at++;
    } while (at < s.n);
}

static tb_str marked(tb_arena *a, const tb_guide_line *l) {
    return l->open ? tb_str_printf(a, "%.*s%s", TB_FMT(l->text), mark) : l->text;
}

static void wrap_cell(tb_arena *a, const tb_guide_cell *cell, uint32_t cells, tb_lines *out) {
    for (uint32_t i = 0; i < cell->lines.count; i++)
        wrap(a, marked(a, &cell->lines.items[i]), cell->lines.items[i].open, cells, out);
}

static uint32_t natural(tb_arena *a, const tb_guide_cell *cell) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < cell->lines.count; i++) {
        uint32_t n = tb_cells(marked(a, &cell->lines.items[i]));
        if (n > most) most = n;
    }
    return most;
}

/* What every column needs; then, while that is too much, one cell less for the widest in proportion to its share. */
static void fit(tb_arena *a, const tb_guide_block *t, uint32_t columns, uint32_t *widths) {
    uint32_t sum = GAP * (t->columns - 1);
    for (uint32_t i = 0; i < t->columns; i++) widths[i] = NARROWEST;
    for (uint32_t i = 0; i < t->cells.count; i++) {
        uint32_t n = natural(a, &t->cells.items[i]);
        if (n > widths[i % t->columns]) widths[i % t->columns] = n;
    }
    for (uint32_t i = 0; i < t->columns; i++) {
        if (widths[i] > columns) widths[i] = columns;
        sum += widths[i];
    }
    while (sum > columns) {
        uint32_t widest = t->columns;
        for (uint32_t i = 0; i < t->columns; i++) {
            uint32_t share = t->shares ? t->shares[i] : 1, other = 1;
            if (widest < t->columns && t->shares) other = t->shares[widest];
            if (widths[i] > NARROWEST && (widest == t->columns || widths[i] * other > widths[widest] * share))
                widest = i;
        }
        if (widest == t->columns) return; /* as narrow as can be */
        widths[widest]--, sum--;
    }
}

static void put_row(tb_buf *b, const tb_guide_block *t, uint32_t row, const uint32_t *widths, uint32_t indent) {
    tb_lines *cells = TB_NEW_ARRAY(b->arena, t->columns, tb_lines);
    uint32_t height = 0;
    for (uint32_t i = 0; i < t->columns; i++) {
        wrap_cell(b->arena, &t->cells.items[row * t->columns + i], widths[i], &cells[i]);
        if (cells[i].count > height) height = cells[i].count;
    }
    for (uint32_t y = 0; y < height; y++) {
        uint32_t owed = indent; /* blanks are only put before something */
        for (uint32_t i = 0; i < t->columns; i++) {
            tb_str text = y < cells[i].count ? cells[i].items[y] : TB_STR("");
            uint32_t used = tb_cells(text);
            if (text.n) {
                put_blanks(b, owed);
                tb_putstr(b, text);
                owed = 0;
            } else used = 0;
            owed += (used < widths[i] ? widths[i] - used : 0) + GAP;
        }
        tb_puts(b, "\n");
    }
}

static void put_rule(tb_buf *b, const char *with, uint32_t cells) {
    while (cells--) tb_puts(b, with);
    tb_puts(b, "\n");
}

static void put_table(tb_buf *b, const tb_guide_block *t, uint32_t columns) {
    uint32_t *widths = TB_NEW_ARRAY(b->arena, t->columns, uint32_t), sum = GAP * (t->columns - 1);
    fit(b->arena, t, columns, widths);
    for (uint32_t i = 0; i < t->columns; i++) sum += widths[i];
    for (uint32_t row = 0; row < t->cells.count / t->columns; row++) {
        put_row(b, t, row, widths, 0);
        if (row == 0) put_rule(b, "-", sum);
    }
}

static void put_lines(tb_buf *b, const tb_guide_cell *cell, const char *lead, uint32_t indent, uint32_t columns) {
    tb_lines lines = {0};
    wrap_cell(b->arena, cell, columns - indent, &lines);
    for (uint32_t i = 0; i < lines.count; i++) {
        if (i == 0) tb_puts(b, lead);
        else put_blanks(b, indent);
        tb_putf(b, "%.*s\n", TB_FMT(lines.items[i]));
    }
}

static void put_facts(tb_buf *b, const tb_guide_block *t, uint32_t columns) {
    uint32_t widths[2] = {0, 0};
    for (uint32_t i = 0; i < t->cells.count; i += 2) {
        uint32_t n = natural(b->arena, &t->cells.items[i]);
        if (n > widths[0]) widths[0] = n;
    }
    widths[1] = columns - widths[0] - GAP;
    for (uint32_t row = 0; row < t->cells.count / 2; row++) put_row(b, t, row, widths, 0);
}

static void put_block(tb_buf *b, const tb_guide_block *t, uint32_t columns) {
    tb_puts(b, "\n");
    switch (t->kind) {
    case TB_GUIDE_SECTION:
        tb_putf(b, "%.*s\n", TB_FMT(t->title));
        put_rule(b, "=", tb_cells(t->title));
        break;
    case TB_GUIDE_PART: tb_putf(b, "%.*s\n", TB_FMT(t->title)); break;
    case TB_GUIDE_PARAGRAPH: put_lines(b, &t->cells.items[0], "", 0, columns); break;
    case TB_GUIDE_LIST:
        for (uint32_t i = 0; i < t->cells.count; i++) put_lines(b, &t->cells.items[i], "  - ", 4, columns);
        break;
    case TB_GUIDE_FACTS: put_facts(b, t, columns); break;
    case TB_GUIDE_TABLE: put_table(b, t, columns); break;
    }
}

void tb_guide_text(tb_buf *b, const tb_guide *g, uint32_t columns) {
    if (columns < TB_GUIDE_NARROW) columns = TB_GUIDE_NARROW;
    if (columns > TB_GUIDE_WIDE) columns = TB_GUIDE_WIDE;
    uint32_t title = tb_cells(g->title), subtitle = tb_cells(g->subtitle);
    put_blanks(b, title < columns ? (columns - title) / 2 : 0);
    tb_putf(b, "%.*s\n", TB_FMT(g->title));
    put_blanks(b, subtitle < columns ? (columns - subtitle) / 2 : 0);
    tb_putf(b, "%.*s\n", TB_FMT(g->subtitle));
    for (uint32_t i = 0; i < g->blocks.count; i++) put_block(b, &g->blocks.items[i], columns);
    tb_puts(b, "\n");
    tb_guide_cell foot = {0};
    *TB_PUSH(b->arena, foot.lines) = (tb_guide_line){g->foot, false};
    put_lines(b, &foot, "", 0, columns);
}
