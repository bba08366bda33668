/* Texts of rules: bytes, lines, and the three widths. A place in a source is a byte offset; people count columns;
 * terminals count display cells (Han characters are two, utf8proc); editors count code points or UTF-16. All
 * conversions live here. */
#ifndef TB_SOURCE_H
#define TB_SOURCE_H
#include "arena.h"

enum {
    TB_SOURCE_BYTES = 8 << 20,
    TB_SOURCE_FILES = 4096,
    TB_LINE_BYTES = 64 << 10,
    TB_SECTION_CLAUSES = 2000, /* sentences of a section that is no list of a place's matters, days, persons, articles */
    TB_CLAUSE_PARTS = 256,
    TB_LIST_NAMES = 1000
};

typedef struct tb_source {
    tb_str path; /* as the user named it */
    tb_str text; /* kept by the caller or the arena for as long as the sources live */
    uint32_t lines;
    const uint32_t *line_start; /* byte offsets */
} tb_source;

typedef struct tb_sources {
    TB_LIST(tb_source) list;
} tb_sources;

/* A stretch of one source: bytes from ≤ b < to. */
typedef struct tb_span {
    uint32_t file, from, to;
} tb_span;
#define TB_NO_SPAN ((tb_span){UINT32_MAX, 0, 0})

typedef struct tb_place_in { /* where an offset is; line and column count from 1, column in code points */
    uint32_t line, column;
    uint32_t cells; /* display cells before it on its line */
    uint32_t utf16; /* UTF-16 units before it on its line, as editors count */
} tb_place_in;

/* Adds a text (path and text are copied); its number. A byte order mark at the start is skipped by the lexer, not
 * here. */
uint32_t tb_source_add(tb_arena *a, tb_sources *s, tb_str path, tb_str text);
tb_place_in tb_source_place(const tb_sources *s, uint32_t file, uint32_t offset);
tb_str tb_source_line(const tb_source *s, uint32_t line); /* without its line end */
tb_str tb_source_text(const tb_sources *s, tb_span span);
uint32_t tb_cells(tb_str s);  /* display cells of a text; an invalid byte is one cell */
uint32_t tb_points(tb_str s); /* code points */
uint32_t tb_utf16(tb_str s);  /* UTF-16 units */
/* Columns as programs count them: LSP's position encodings. */
enum tb_units { TB_UNITS_UTF16 = 0, TB_UNITS_UTF8, TB_UNITS_UTF32 };
uint32_t tb_source_units(tb_str s, enum tb_units units); /* the length of a text; an invalid byte is one */
/* The byte offset of a line and column, both from 0. A column beyond the line is its end, a line beyond the text the text's end; within a character:
 * its beginning. */
uint32_t tb_source_offset(const tb_source *s, uint32_t line, uint32_t column, enum tb_units units);
/* Is this a Chinese text? The first keyword outside comments, “texts”, 「names」 and 《laws》 decides: names, posts and periods
 * in an English matter may well be Chinese, and the other way about. Without any keyword: whether a Han character stands
 * there. Decides the language of messages; the formatter goes by the same rule over its tokens. */
bool tb_source_chinese(tb_str text);
#endif
