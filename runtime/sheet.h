/* Spreadsheets as rows of texts: CSV in the forms that office programs write, and xlsx.
 *
 * Why so forgiving about CSV: Excel in China saves it in GBK with commas, in UTF-16 with tabs, or in UTF-8 with a byte
 * order mark; people do not know which. So the encoding is found out (a mark, else valid UTF-8, else GB18030, of which
 * GBK is a part) and so is the separator (comma, tab or semicolon, whichever the first line has most of). Inside, RFC
 * 4180 holds: quoted fields may hold separators and line ends, a doubled quote is a quote.
 *
 * An xlsx file is a zip archive of XML (ECMA-376). Its parts are unpacked and parsed under the limits below, without
 * entities, so that a small file cannot grow into all memory. Numbers come as they would be typed (20, not 20.0), days
 * as 2026-03-02; a merged cell gives its value to every row it spans. Hidden sheets are read like others.
 *
 * What is here knows nothing of matters: see draft/draft.h for what the texts mean. */
#ifndef TB_SHEET_H
#define TB_SHEET_H
#include "draft/draft.h"

enum {
    TB_SHEET_BYTES = 32 << 20, /* of a file */
    TB_SHEET_PART = 128 << 20, /* of one unpacked part of an xlsx */
    TB_SHEET_ROWS = 100000,    /* of one table */
    TB_SHEET_COLUMNS = 1024,
    TB_SHEET_CELLS = 4000000,  /* of a file */
    TB_SHEET_CELL = 256 << 10, /* bytes of one cell; Excel allows 32,767 characters */
    TB_SHEET_TABLES = 256,
};

/* Appends the tables of a file. TB_OK, or TB_FAILED with a message that names the file, and the row where there is one.
 * The texts live in `a`. Under tb_try(); holds nothing outside the arena when it answers or when memory runs out. */
int tb_sheet_read(tb_arena *a, const char *path, enum tb_lang lang, tb_grids *grids, tb_str *error);

/* Inside sheet*.c only. */
struct tb__sheet {
    tb_arena *a;
    const char *path;
    enum tb_lang lang;
    tb_grids *grids;
    tb_str error;
    uint32_t cells;
};
int tb__sheet_fail(struct tb__sheet *s, const char *zh, const char *en, ...);
int tb__sheet_xlsx(struct tb__sheet *s, tb_str bytes);
#endif
