/* The guides of a matter, in words: the 办事指南 that hangs at the window for applicants, and the 操作流程 for those who
 * work on it. Pure: made from the program alone, so that what is promised at the window is what will run.
 *
 * Content and form are apart. guide_applicant.c and guide_staff.c say what is to be told, as a list of blocks (sections,
 * paragraphs, lists, facts, tables); guide_html.c writes the blocks as a page that prints on A4, guide_text.c as text
 * for a terminal. Nothing is invented: what the rules do not say is said to be open (规则没有写明), what they say with
 * 待核 bears that mark. The guides are a Chinese genre; their words are Chinese also for a matter written in English. */
#ifndef TB_GUIDE_H
#define TB_GUIDE_H
#include "program.h"

enum tb_guide_reader { TB_GUIDE_APPLICANT = 1, TB_GUIDE_STAFF };

typedef struct tb_guide_line {
    tb_str text;
    bool open; /* 待核: marked after it */
} tb_guide_line;
typedef struct tb_guide_cell {
    TB_LIST(tb_guide_line) lines; /* none: an empty cell */
} tb_guide_cell;

enum tb_guide_kind {
    TB_GUIDE_SECTION = 1 /* title: 一、… */,
    TB_GUIDE_PART /* title, below a section */,
    TB_GUIDE_PARAGRAPH /* cells[0] */,
    TB_GUIDE_LIST /* an item a cell */,
    TB_GUIDE_FACTS /* two columns: a term, what is said of it */,
    TB_GUIDE_TABLE /* the first `columns` cells are its head */
};
typedef struct tb_guide_block {
    enum tb_guide_kind kind;
    tb_str title;
    uint32_t columns;
    const uint8_t *shares; /* TABLE: how the width is shared, a number a column */
    TB_LIST(tb_guide_cell) cells;
} tb_guide_block;

typedef struct tb_guide {
    enum tb_guide_reader reader;
    tb_str title, subtitle, foot;
    TB_LIST(tb_guide_block) blocks;
} tb_guide;

/* The guide of a program, in `a`. Under tb_try(). */
void tb_guide_of(tb_arena *a, const tb_program *p, enum tb_guide_reader reader, tb_guide *out);

/* A whole HTML document without outside resources. `picture` (may be empty): an SVG that is put at its end. */
void tb_guide_html(tb_buf *out, const tb_guide *g, tb_str picture);
/* Lines of at most `columns` cells (Han characters are two), TB_GUIDE_NARROW at least. */
enum { TB_GUIDE_COLUMNS = 80, TB_GUIDE_NARROW = 60, TB_GUIDE_WIDE = 400 };
void tb_guide_text(tb_buf *out, const tb_guide *g, uint32_t columns);
#endif
