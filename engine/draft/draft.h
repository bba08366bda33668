/* A first text of a matter, made from the table a department already has (its 实施清单) or from nothing but a name.
 *
 * What stands in the table becomes clauses: names, kind, authority, limits, modes, materials, documents. What the table
 * does not say still needs a shape that can run — who receives, who decides, how long a step may take — and that shape
 * ends with 待核, so that "I do not know yet" is never written as if it were law. What the language has no clause for
 * (conditions, fees, opening hours, columns nobody knows) is kept as comments: a sheet is never read with a loss.
 *
 * Two passes, both pure. tb_draft_read finds the matters in tables of texts: headers in any order, one matter a row
 * with its materials on further rows or in tables of their own, or one matter as a form (label left, value right).
 * tb_draft_write makes the text of one of them; it is laid out by tb_format, parses, and has no error when compiled
 * beside `directory`. Numbers of rows count from 1 as a spreadsheet shows them. All results live in the arena, and
 * texts of the tables are referred to, not copied. Run under tb_try. */
#ifndef TB_DRAFT_H
#define TB_DRAFT_H
#include "diagnostic.h"
#include "directory.h"

/* ---- a table of texts ---- */
typedef struct tb_row {
    tb_str *cells; /* valid UTF-8 */
    uint32_t count;
    uint32_t number; /* as a spreadsheet shows it */
} tb_row;
typedef struct tb_grid {
    tb_str file, name; /* name: of the sheet within the file; empty for a CSV */
    TB_LIST(tb_row) rows;
} tb_grid;
typedef TB_LIST(tb_grid) tb_grids;

/* ---- finding the matters ---- */
enum {
    TB_DRAFT_MATTERS = 4096,
    TB_DRAFT_LINES = 1000,  /* materials, or fees, of one matter */
    TB_DRAFT_OTHERS = 2000, /* cells of one matter that become comments */
    TB_DRAFT_FORM_ROWS = 1000,
};

enum tb_column {
#define X(name, group, field, headers) TB_COL_##name,
#include "columns.def"
#undef X
    TB_COLUMNS
};

typedef struct tb_found { /* a cell, and where it stood */
    tb_str text;
    const tb_grid *grid;
    uint32_t row, column; /* of the table, counted from 1 */
} tb_found;
typedef struct tb_line_of { /* one material or one fee: cells by column */
    tb_found cells[TB_COLUMNS];
} tb_line_of;
typedef struct tb_other { /* a column that no clause comes from */
    tb_str header;
    tb_found cell;
} tb_other;
typedef struct tb_source_matter {
    tb_found cells[TB_COLUMNS]; /* group B */
    TB_LIST(tb_line_of) materials, fees;
    TB_LIST(tb_other) others;
} tb_source_matter;

typedef struct tb_draft_source {
    TB_LIST(tb_source_matter) matters;
    TB_LIST(tb_str) warnings; /* rows that fit no matter */
    tb_str error;             /* when TB_FAILED: which table, row, column, and what was expected */
} tb_draft_source;
/* TB_OK, or TB_FAILED (error). */
int tb_draft_read(tb_arena *a, const tb_grids *grids, enum tb_lang lang, tb_draft_source *out);
/* “清单.xlsx 表“材料”第 5 行 C 列” */
tb_str tb_found_place(tb_arena *a, const tb_found *f, enum tb_lang lang);

/* ---- writing one ---- */
typedef struct tb_draft_note {
    tb_str what, text; /* a clause; its value, or why it is open */
    tb_str place;      /* where the value stood; may be empty */
} tb_draft_note;
typedef struct tb_draft {
    tb_str matter, text;
    TB_LIST(tb_draft_note) filled, pending, kept; /* kept: as comments */
} tb_draft;
typedef struct tb_draft_world {
    int32_t today;                 /* a new matter takes effect today unless the table says when */
    const tb_directory *directory; /* NULL: unknown; then organs and posts are taken as they are written */
    tb_str service;                /* 即办件 or 承诺件, overriding the table; empty: as the table says */
    enum tb_lang lang;             /* of the notes */
} tb_draft_world;
tb_draft *tb_draft_write(tb_arena *a, const tb_source_matter *m, const tb_draft_world *world);
/* From a name alone: the same shape, each part explained by a comment. */
tb_draft *tb_draft_blank(tb_arena *a, tb_str name, const tb_draft_world *world);
#endif
