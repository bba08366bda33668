/* xlsx: the parts of the archive that hold texts, and no more.
 *
 *   xl/workbook.xml             the sheets' names, each with the id of a part; whether days count from 1904
 *   xl/_rels/workbook.xml.rels  which file is the part of that id
 *   xl/sharedStrings.xml        texts, numbered; cells refer to them
 *   xl/styles.xml               the number format of each style: what makes a number a day
 *   xl/worksheets/sheetN.xml    rows of cells, then the merged ranges
 *
 * libzip unpacks and expat parses. Both hold memory of their own, so whatever may throw (arena.h) runs under a tb_try of
 * its own, behind which they are closed. A document type declaration is refused: office programs write none, and
 * entities are how a small text grows without end. */
#include "calendar.h"
#include "sheet.h"
#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zip.h>

enum {
    XLSX_STRINGS = 4000000,
    XLSX_STYLES = 65536,
    XLSX_MERGES = 65536,
    XLSX_MERGED = 4000000 /* cells filled by merging */
};

struct part { /* a sheet, by its place in the workbook */
    tb_str name, id, target;
};
struct merged {
    uint32_t column, from, to; /* counted from 0; rows as written */
};
struct book {
    struct tb__sheet *s;
    zip_t *zip;
    tb_str bytes, part; /* what is being parsed, and the name of the part */
    XML_Parser xml;
    int result;
    TB_LIST(struct part) sheets;
    TB_LIST(tb_str) strings;
    TB_LIST(bool) style_is_day; /* by style */
    TB_LIST(uint32_t) day_formats;
    bool from_1904, in_cell_formats;
    /* the sheet in hand */
    tb_grid grid;
    TB_LIST(struct merged) merges;
    TB_LIST(tb_str) row;
    uint32_t row_number, last_row, column;
    char cell_type; /* s shared, i inline or formula text, b, e, n */
    uint32_t cell_style;
    bool in_text; /* inside <t> or <v> */
    int phonetic;
    tb_buf text;
};

static int fail(struct book *b, const char *zh, const char *en) {
    if (!b->result) b->result = tb__sheet_fail(b->s, zh, en, b->part.n ? b->part.p : "");
    if (b->xml) XML_StopParser(b->xml, XML_FALSE);
    return TB_FAILED;
}

/* ---- unpacking ---- */

struct unpacking {
    struct book *book;
    zip_file_t *file;
    uint64_t size;
};

static int unpack_work(void *arg) {
    struct unpacking *u = arg;
    char *p = tb_alloc(u->book->s->a, (size_t)u->size + 1);
    uint64_t n = 0;
    while (n < u->size) {
        zip_int64_t k = zip_fread(u->file, p + n, u->size - n);
        if (k < 0)
            return fail(u->book, "压缩包里的 %s 坏了，解不开。请重新导出表格",
                        "%s inside the archive is damaged; export the sheet anew");
        if (k == 0) break;
        n += (uint64_t)k;
    }
    char more; /* reading to the end also checks the sum; a part longer than it says is a trick */
    if (n < u->size || zip_fread(u->file, &more, 1) != 0)
        return fail(u->book, "压缩包里的 %s 坏了，长度或校验不对。请重新导出表格",
                    "%s inside the archive is damaged (length or sum); export the sheet anew");
    u->book->bytes = (tb_str){p, (uint32_t)n};
    return TB_OK;
}

/* TB_OK; TB_FAILED; TB_LIMIT: there is no such part. */
static int unpack(struct book *b, const char *name) {
    zip_stat_t st;
    b->part = tb_str_copy(b->s->a, tb_str_z(name));
    if (zip_stat(b->zip, name, ZIP_FL_NOCASE, &st) != 0) return TB_LIMIT;
    if (!(st.valid & ZIP_STAT_SIZE) || st.size > TB_SHEET_PART)
        return tb__sheet_fail(b->s, "里面的 %s 展开后超过 %d MiB", "%s inside it unpacks to more than %d MiB", name,
                              TB_SHEET_PART >> 20);
    if (st.valid & ZIP_STAT_ENCRYPTION_METHOD && st.encryption_method != ZIP_EM_NONE)
        return tb__sheet_fail(b->s, "加了密码，请去掉密码另存", "has a password; save it without one");
    struct unpacking u = {b, zip_fopen_index(b->zip, st.index, 0), st.size};
    if (!u.file)
        return fail(b, "压缩包里的 %s 坏了，解不开。请重新导出表格",
                    "%s inside the archive is damaged; export the sheet anew");
    int result = tb_try(b->s->a, unpack_work, &u);
    zip_fclose(u.file);
    return result;
}

/* ---- parsing ---- */

typedef void start_fn(struct book *b, const char *name, const char **attributes);
typedef void end_fn(struct book *b, const char *name);
struct parsing {
    struct book *book;
    start_fn *start;
    end_fn *end;
};

/* Without its prefix. */
static const char *local(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}
static bool is(const char *name, const char *wanted) { return strcmp(name, wanted) == 0; }

static const char *attribute(const char **attributes, const char *name) {
    for (; *attributes; attributes += 2)
        if (is(local(*attributes), name)) return attributes[1];
    return NULL;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes) {
    struct parsing *p = user;
    p->start(p->book, local(name), attributes);
}
static void XMLCALL on_end(void *user, const XML_Char *name) {
    struct parsing *p = user;
    if (p->end) p->end(p->book, local(name));
}
static void XMLCALL on_text(void *user, const XML_Char *text, int n) {
    struct book *b = ((struct parsing *)user)->book;
    if (!b->in_text || b->phonetic) return;
    if (b->text.n + (size_t)n > TB_SHEET_CELL) fail(b, "里面的 %s 有一格太大", "a cell in %s is too large");
    else tb_put(&b->text, text, (size_t)n);
}
static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public_id,
                               int internal) {
    (void)name, (void)system, (void)public_id, (void)internal;
    fail(((struct parsing *)user)->book, "里面的 %s 有 DOCTYPE 声明，表格软件不会这样写，不读",
         "%s inside it declares a DOCTYPE, which no office program writes");
}

static int parse_work(void *arg) {
    struct parsing *p = arg;
    struct book *b = p->book;
    XML_SetUserData(b->xml, p);
    XML_SetElementHandler(b->xml, on_start, on_end);
    XML_SetCharacterDataHandler(b->xml, on_text);
    XML_SetStartDoctypeDeclHandler(b->xml, on_doctype);
    if (XML_Parse(b->xml, b->bytes.p, (int)b->bytes.n, 1) == XML_STATUS_ERROR && !b->result) {
        b->result =
            tb__sheet_fail(b->s, "里面的 %s 第 %lu 行不是完好的 XML（%s）。请重新导出表格",
                           "%s inside it is no well-formed XML at line %lu (%s); export the sheet anew", b->part.p,
                           (unsigned long)XML_GetCurrentLineNumber(b->xml), XML_ErrorString(XML_GetErrorCode(b->xml)));
    }
    return b->result;
}

static int parse(struct book *b, start_fn *start, end_fn *end) {
    struct parsing p = {b, start, end};
    b->xml = XML_ParserCreate(NULL);
    if (!b->xml) return TB_NOMEM;
    b->in_text = false, b->phonetic = 0, b->text.n = 0;
    int result = tb_try(b->s->a, parse_work, &p);
    XML_ParserFree(b->xml);
    b->xml = NULL;
    return result;
}

static int read_part(struct book *b, const char *name, start_fn *start, end_fn *end) {
    int result = unpack(b, name);
    return result == TB_OK ? parse(b, start, end) : result;
}

static tb_str kept(struct book *b, const char *z) { return tb_str_copy(b->s->a, tb_str_z(z ? z : "")); }

/* ---- workbook, relations, strings, styles ---- */

static void workbook_start(struct book *b, const char *name, const char **at) {
    const char *v;
    if (is(name, "workbookPr") && (v = attribute(at, "date1904"))) b->from_1904 = is(v, "1") || is(v, "true");
    if (!is(name, "sheet")) return;
    const char *id = NULL; /* r:id, not sheetId */
    for (const char **a = at; *a; a += 2)
        if (strchr(*a, ':') && is(local(*a), "id")) id = a[1];
    if (b->sheets.count == TB_SHEET_TABLES) fail(b, "里面的 %s 列了太多工作表", "%s lists too many sheets");
    else *TB_PUSH(b->s->a, b->sheets) = (struct part){.name = kept(b, attribute(at, "name")), .id = kept(b, id)};
}

static void relations_start(struct book *b, const char *name, const char **at) {
    const char *id = attribute(at, "Id"), *target = attribute(at, "Target");
    if (!is(name, "Relationship") || !id || !target) return;
    for (uint32_t i = 0; i < b->sheets.count; i++)
        if (tb_str_is(b->sheets.items[i].id, id))
            b->sheets.items[i].target = *target == '/' ? kept(b, target + 1) : tb_str_printf(b->s->a, "xl/%s", target);
}

static void strings_start(struct book *b, const char *name, const char **at) {
    (void)at;
    if (is(name, "si")) b->text.n = 0;
    if (is(name, "rPh")) b->phonetic++;
    if (is(name, "t")) b->in_text = true;
}
static void strings_end(struct book *b, const char *name) {
    if (is(name, "t")) b->in_text = false;
    if (is(name, "rPh")) b->phonetic--;
    if (!is(name, "si")) return;
    if (b->strings.count == XLSX_STRINGS) fail(b, "里面的 %s 有太多文字", "%s holds too many texts");
    else *TB_PUSH(b->s->a, b->strings) = b->text.n ? tb_str_copy(b->s->a, tb_buf_str(&b->text)) : TB_NONE;
}

/* Is a number so formatted a day? y, m or d outside quotes, brackets and escapes: but "0.00" or "General" hold none. */
static bool day_format(const char *f) {
    bool day = false, quoted = false, bracket = false;
    for (; *f; f++) {
        if (*f == '\\' && f[1]) {
            f++;
            continue;
        }
        if (*f == '"') quoted = !quoted;
        if (*f == '[') bracket = true;
        if (*f == ']') bracket = false;
        if (!quoted && !bracket && strchr("yYdD", *f)) day = true;
    }
    return day;
}

static void styles_start(struct book *b, const char *name, const char **at) {
    const char *id = attribute(at, "numFmtId"), *code = attribute(at, "formatCode");
    uint32_t n = id ? (uint32_t)strtoul(id, NULL, 10) : 0;
    if (is(name, "numFmt") && code && day_format(code) && b->day_formats.count < XLSX_STYLES)
        *TB_PUSH(b->s->a, b->day_formats) = n;
    if (is(name, "cellXfs")) b->in_cell_formats = true;
    if (!is(name, "xf") || !b->in_cell_formats || b->style_is_day.count == XLSX_STYLES) return;
    /* Built in (ECMA-376 18.8.30): 14–17, 22 days; 27–36, 50–58 days in East Asian editions. */
    bool day = (n >= 14 && n <= 17) || n == 22 || (n >= 27 && n <= 36) || (n >= 50 && n <= 58);
    for (uint32_t i = 0; i < b->day_formats.count; i++) day |= b->day_formats.items[i] == n;
    *TB_PUSH(b->s->a, b->style_is_day) = day;
}
static void styles_end(struct book *b, const char *name) {
    if (is(name, "cellXfs")) b->in_cell_formats = false;
}

/* ---- one sheet ---- */

/* "AB12" → column 27, row 12; false: no such cell. */
static bool reference(const char *r, uint32_t *column, uint32_t *row) {
    uint32_t c = 0;
    for (; *r >= 'A' && *r <= 'Z' && c < 100000; r++) c = c * 26 + (uint32_t)(*r - 'A') + 1;
    char *end;
    unsigned long n = strtoul(r, &end, 10);
    if (!c || end == r || n < 1 || n > 1048576) return false;
    *column = c - 1;
    *row = (uint32_t)n;
    return true;
}

/* Serial numbers count days from 1899-12-30; before March 1900 they are off by Excel's leap day, and nobody's plan. */
static tb_str day_text(struct book *b, double serial) {
    char day[TB_DAY_TEXT];
    double whole = floor(serial);
    int32_t at = (int32_t)whole + tb_day(1899, 12, 30) + (b->from_1904 ? 1462 : 0);
    return tb_str_copy(b->s->a, tb_str_z(tb_day_text(at, day)));
}

static tb_str number_text(struct book *b, tb_str written) {
    char text[64], *end;
    if (written.n == 0 || written.n >= sizeof text) return tb_str_copy(b->s->a, written);
    memcpy(text, written.p, written.n);
    text[written.n] = '\0';
    double v = strtod(text, &end);
    if (*end || !isfinite(v)) return tb_str_copy(b->s->a, written);
    bool day = b->cell_style < b->style_is_day.count && b->style_is_day.items[b->cell_style];
    if (day && v >= 61 && v < 2958466) return day_text(b, v);
    return v == floor(v) && fabs(v) < 1e15 ? tb_str_printf(b->s->a, "%.0f", v) : tb_str_printf(b->s->a, "%.15g", v);
}

static tb_str cell_text(struct book *b) {
    tb_str t = tb_buf_str(&b->text);
    if (b->cell_type == 's') {
        uint32_t i = t.n ? (uint32_t)strtoul(t.p, NULL, 10) : UINT32_MAX;
        if (i < b->strings.count) return b->strings.items[i];
        fail(b, "里面的 %s 引用了没有的文字。请重新导出表格",
             "%s refers to a text that is not there; export the sheet anew");
        return TB_NONE;
    }
    if (b->cell_type == 'b') return tb_str_is(t, "1") ? TB_STR("是") : TB_STR("否");
    if (b->cell_type == 'e') return TB_NONE; /* #N/A and the like: nothing is known */
    return b->cell_type == 'n' ? number_text(b, t) : tb_str_copy(b->s->a, t);
}

static void put_cell(struct book *b) {
    tb_str text = cell_text(b);
    if (b->result) return;
    if (b->column >= TB_SHEET_COLUMNS) {
        if (text.n) fail(b, "里面的 %s 列数太多（最多 1024 列）", "%s has too many columns (1024 at most)");
        return;
    }
    while (b->row.count <= b->column) {
        if (b->s->cells++ == TB_SHEET_CELLS) {
            fail(b, "里面的 %s 格子太多，请拆成几个文件", "%s has too many cells; split the file");
            return;
        }
        *TB_PUSH(b->s->a, b->row) = TB_NONE;
    }
    b->row.items[b->column] = text;
}

static void sheet_start(struct book *b, const char *name, const char **at) {
    const char *r = attribute(at, "r"), *v;
    uint32_t column, row;
    if (is(name, "row")) {
        uint32_t n = r ? (uint32_t)strtoul(r, NULL, 10) : b->last_row + 1;
        if (n <= b->last_row || n > 1048576)
            fail(b, "里面的 %s 行号不对。请重新导出表格", "%s has rows out of order; export the sheet anew");
        b->row_number = b->last_row = n;
        b->row.items = NULL, b->row.count = b->row.room = 0;
        b->column = UINT32_MAX;
    } else if (is(name, "c")) {
        b->column++;
        if (r && reference(r, &column, &row)) b->column = column;
        const char *t = attribute(at, "t"), *s = attribute(at, "s");
        b->cell_type = !t || is(t, "n") ? 'n' : is(t, "s") ? 's' : is(t, "b") ? 'b' : is(t, "e") ? 'e' : 'i';
        b->cell_style = s ? (uint32_t)strtoul(s, NULL, 10) : 0;
        b->text.n = 0;
    } else if (is(name, "v") || is(name, "t")) {
        b->in_text = true;
    } else if (is(name, "rPh")) {
        b->phonetic++;
    } else if (is(name, "mergeCell") && (v = attribute(at, "ref"))) {
        const char *colon = strchr(v, ':');
        struct merged m;
        uint32_t end;
        if (!colon || !reference(v, &m.column, &m.from) || !reference(colon + 1, &end, &m.to) || m.to <= m.from) return;
        if (b->merges.count == XLSX_MERGES) fail(b, "里面的 %s 合并的格子太多", "%s merges too many cells");
        else *TB_PUSH(b->s->a, b->merges) = m;
    }
}

static void sheet_end(struct book *b, const char *name) {
    if (is(name, "v") || is(name, "t")) b->in_text = false;
    if (is(name, "rPh")) b->phonetic--;
    if (is(name, "c") && b->text.n && !b->result) put_cell(b);
    if (!is(name, "row") || !b->row.count || b->result) return;
    if (b->grid.rows.count == TB_SHEET_ROWS)
        fail(b, "里面的 %s 行数太多，请拆成几个文件", "%s has too many rows; split the file");
    else *TB_PUSH(b->s->a, b->grid.rows) = (tb_row){b->row.items, b->row.count, b->row_number};
}

static tb_row *row_numbered(tb_grid *g, uint32_t number) { /* rows ascend */
    uint32_t low = 0, high = g->rows.count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (g->rows.items[mid].number < number) low = mid + 1;
        else high = mid;
    }
    return low < g->rows.count && g->rows.items[low].number >= number ? &g->rows.items[low] : NULL;
}

/* The first column of a merged range gives its value to the rows below that have any cell so far to the right. */
static int fill_merged(struct book *b) {
    uint32_t filled = 0;
    for (uint32_t i = 0; i < b->merges.count; i++) {
        struct merged m = b->merges.items[i];
        tb_row *first = row_numbered(&b->grid, m.from), *end = b->grid.rows.items + b->grid.rows.count;
        if (!first || first->number != m.from || m.column >= first->count) continue;
        for (tb_row *r = first + 1; r < end && r->number <= m.to; r++) {
            if (filled++ == XLSX_MERGED) return fail(b, "里面的 %s 合并的格子太多", "%s merges too many cells");
            if (m.column < r->count && !r->cells[m.column].n) r->cells[m.column] = first->cells[m.column];
        }
    }
    return TB_OK;
}

static int read_sheet(struct book *b, const struct part *p) {
    b->grid = (tb_grid){.file = tb_str_copy(b->s->a, tb_str_z(b->s->path)), .name = p->name};
    b->merges.items = NULL, b->merges.count = b->merges.room = 0;
    b->last_row = 0;
    int result = read_part(b, p->target.n ? p->target.p : "(?)", sheet_start, sheet_end);
    if (result == TB_LIMIT)
        return tb__sheet_fail(b->s, "缺少工作表“%s”的内容。请重新导出表格",
                              "the contents of sheet \"%s\" are missing; export the sheet anew", p->name.p);
    if (result) return result;
    if (fill_merged(b)) return TB_FAILED;
    *TB_PUSH(b->s->a, *b->s->grids) = b->grid;
    return TB_OK;
}

/* ---- the book ---- */

static int book_work(void *arg) {
    struct book *b = arg;
    tb_buf_init(&b->text, b->s->a);
    int result = read_part(b, "xl/workbook.xml", workbook_start, NULL);
    if (result == TB_LIMIT)
        return tb__sheet_fail(b->s, "是压缩包，但不是 .xlsx 表格（里面没有 xl/workbook.xml）",
                              "is an archive but no .xlsx (there is no xl/workbook.xml in it)");
    if (!result) result = read_part(b, "xl/_rels/workbook.xml.rels", relations_start, NULL);
    if (result == TB_LIMIT)
        return tb__sheet_fail(b->s, "不完整：里面没有 xl/_rels/workbook.xml.rels。请重新导出表格",
                              "incomplete: no xl/_rels/workbook.xml.rels in it; export the sheet anew");
    if (!result) result = read_part(b, "xl/sharedStrings.xml", strings_start, strings_end);
    if (result == TB_OK || result == TB_LIMIT) result = read_part(b, "xl/styles.xml", styles_start, styles_end);
    for (uint32_t i = 0; i < b->sheets.count && (result == TB_OK || result == TB_LIMIT); i++)
        result = read_sheet(b, &b->sheets.items[i]);
    return result == TB_LIMIT ? TB_OK : result;
}

int tb__sheet_xlsx(struct tb__sheet *s, tb_str bytes) {
    struct book *b = TB_NEW(s->a, struct book);
    zip_error_t error;
    b->s = s;
    zip_error_init(&error);
    /* Without ZIP_CHECKCONS: it also refuses archives whose two directories differ in ways that harm nobody, as some
     * writers make them; what is read is checked by its length and sum (unpack_work). */
    zip_source_t *source = zip_source_buffer_create(bytes.p, bytes.n, 0, &error);
    if (source) b->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (!b->zip) {
        int result = tb__sheet_fail(s, "压缩包坏了，打不开（%s）。请重新导出表格",
                                    "the archive is damaged (%s); export the sheet anew", zip_error_strerror(&error));
        if (source) zip_source_free(source);
        zip_error_fini(&error);
        return result;
    }
    int result = tb_try(s->a, book_work, b);
    zip_discard(b->zip);
    zip_error_fini(&error);
    if (result == TB_NOMEM) tb_alloc(s->a, SIZE_MAX); /* again, where nothing is held */
    return result;
}
