/* Finding matters in tables of texts.
 *
 * Two layouts are in use. A list has a row of headers and below it a row for each matter; its materials stand on further
 * rows (the matter's cells merged, repeated or left empty) or in a table of their own that names the matter. A form
 * describes one matter: a label, its value to the right, two or three such pairs a row, and somewhere below a small
 * table of materials. A row of headers is told from a row of a form by what lies around its cells: beside a header
 * stands another header, beside a label a value.
 *
 * Tables are read in two rounds, since a workbook may show its materials before its matters. */
#include "draft_work.h"

enum group { B, M, F };
static const struct {
    enum group group;
    const char *field, *headers;
} columns[] = {
#define X(name, group, field, headers) {group, field, headers},
#include "columns.def"
#undef X
};
#define NO_COLUMN TB_COLUMNS
enum { HEADER_ROWS = 40 /* a title and remarks may stand above the headers */ };

struct reading {
    tb_arena *a;
    enum tb_lang lang;
    tb_draft_source *out;
};

static const char *say(const struct reading *r, const char *zh, const char *en) {
    return r->lang == TB_LANG_EN ? en : zh;
}

tb_str tb_found_place(tb_arena *a, const tb_found *f, enum tb_lang lang) {
    char letters[8];
    int n = 0;
    for (uint32_t c = f->column; c && n < 7; c = (c - 1) / 26) letters[n++] = (char)('A' + (c - 1) % 26);
    for (int i = 0; i < n / 2; i++) {
        char x = letters[i];
        letters[i] = letters[n - 1 - i], letters[n - 1 - i] = x;
    }
    letters[n] = '\0';
    bool en = lang == TB_LANG_EN, named = f->grid->name.n != 0;
    tb_str sheet = !named ? TB_NONE
                   : en   ? tb_str_printf(a, " sheet \"%.*s\"", TB_FMT(f->grid->name))
                          : tb_str_printf(a, " 表“%.*s”", TB_FMT(f->grid->name));
    if (!n)
        return tb_str_printf(a, en ? "%.*s%.*s row %u" : "%.*s%.*s 第 %u 行", TB_FMT(f->grid->file), TB_FMT(sheet),
                             f->row);
    return tb_str_printf(a, en ? "%.*s%.*s row %u column %s" : "%.*s%.*s 第 %u 行 %s 列", TB_FMT(f->grid->file),
                         TB_FMT(sheet), f->row, letters);
}

/* ---- headers ---- */

static bool dropped(const char *p, uint32_t n, uint32_t *size) {
    static const char *const marks[] = {"　", "：", "＊", "★", "※", "\xC2\xA0", ":", "*", " ", "\t", "\r", "\n"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        *size = (uint32_t)strlen(marks[i]);
        if (*size <= n && memcmp(p, marks[i], *size) == 0) return true;
    }
    return false;
}

/* A header as it is compared: without white space and marks, in small letters; a number before it (1. 一、) as well. */
static tb_str header_key(tb_arena *a, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0, size; i < s.n && b.n < 200;) {
        if (dropped(s.p + i, s.n - i, &size)) {
            i += size;
            continue;
        }
        char c = s.p[i++];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        tb_put(&b, &c, 1);
    }
    tb_str k = tb_buf_str(&b);
    uint32_t n = 0;
    while (n < k.n && k.p[n] >= '0' && k.p[n] <= '9') n++;
    if (n && n < k.n && (k.p[n] == '.' || k.p[n] == ')')) k.p += n + 1, k.n -= n + 1;
    else if (n && tb_str_starts((tb_str){k.p + n, k.n - n}, "、")) k.p += n + 3, k.n -= n + 3;
    return k;
}

static tb_str without_bracket(tb_str k) {
    for (uint32_t i = 1; i < k.n; i++)
        if (k.p[i] == '(' || (k.n - i >= 3 && memcmp(k.p + i, "（", 3) == 0)) return (tb_str){k.p, i};
    return k;
}

static enum tb_column column_of(tb_str key, enum group near) {
    enum tb_column first = NO_COLUMN;
    for (int i = 0; i < TB_COLUMNS && key.n; i++) {
        if (!tb_str_is(key, columns[i].field) && !tb__is_any(key, columns[i].headers)) continue;
        if (columns[i].group == near) return i;
        if (first == NO_COLUMN) first = i;
    }
    return first;
}

static enum tb_column header_of(const struct reading *r, tb_str cell, enum group near) {
    if (cell.n > 200) return NO_COLUMN;
    tb_str key = header_key(r->a, cell);
    enum tb_column c = column_of(key, near);
    return c != NO_COLUMN ? c : column_of(without_bracket(key), near);
}

static tb_str cell(const tb_row *row, uint32_t c) { return c < row->count ? tb__trim(row->cells[c]) : TB_NONE; }

struct headers {
    uint32_t count;
    enum tb_column *column; /* of each; NO_COLUMN: an unknown or empty header */
    tb_str *text;
    bool matters, materials, fees; /* which name columns there are */
};

/* Of a header in two rows (法定办结时限 over 时限 and 单位) the column is told by both together, by the lower, or by the
 * upper one. */
static enum tb_column column_under(const struct reading *r, tb_str top, tb_str sub, enum group near) {
    enum tb_column c = NO_COLUMN;
    if (sub.n && !tb_str_eq(sub, top)) {
        c = header_of(r, tb_str_printf(r->a, "%.*s%.*s", TB_FMT(top), TB_FMT(sub)), near);
        if (c == NO_COLUMN) c = header_of(r, sub, near);
    }
    return c != NO_COLUMN ? c : header_of(r, top, near);
}

static struct headers headers_of(const struct reading *r, const tb_row *row, const tb_row *lower) {
    uint32_t count = lower && lower->count > row->count ? lower->count : row->count;
    struct headers h = {.count = count,
                        .column = TB_NEW_ARRAY(r->a, count + 1, enum tb_column),
                        .text = TB_NEW_ARRAY(r->a, count + 1, tb_str)};
    enum group near = B;
    bool taken[TB_COLUMNS] = {false};
    tb_str top = TB_NONE;
    for (uint32_t i = 0; i < count; i++) {
        tb_str own = cell(row, i), sub = lower ? cell(lower, i) : TB_NONE;
        top = own.n || !sub.n ? own : top; /* merged over several columns: the first holds the text */
        enum tb_column c = column_under(r, top, sub, near);
        if (c != NO_COLUMN && taken[c]) c = NO_COLUMN; /* twice: the first counts, the second is kept */
        if (c != NO_COLUMN) taken[c] = true, near = columns[c].group;
        h.column[i] = c;
        bool both = sub.n && top.n && !tb_str_eq(sub, top);
        h.text[i] = both ? tb_str_printf(r->a, "%.*s %.*s", TB_FMT(top), TB_FMT(sub)) : top.n ? top : sub;
    }
    h.matters = taken[TB_COL_NAME];
    h.materials = taken[TB_COL_MATERIAL];
    h.fees = taken[TB_COL_FEE];
    return h;
}

static uint32_t known_in(const struct reading *r, const tb_row *row) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->count; i++) n += header_of(r, cell(row, i), B) != NO_COLUMN;
    return n;
}

/* Is this a row of headers of a list? It holds a name column, and is not a row of label–value pairs: where known headers
 * are followed by unknown texts, what stands below tells — under a header a value, under a label the next label. */
static bool is_header(const struct reading *r, const tb_grid *g, uint32_t at) {
    const tb_row *row = &g->rows.items[at], *next = at + 1 < g->rows.count ? row + 1 : NULL;
    uint32_t known = 0, pairs = 0, first = 0;
    bool names = false;
    for (uint32_t i = row->count; i-- > 0;) {
        enum tb_column c = header_of(r, cell(row, i), B);
        if (c == NO_COLUMN) continue;
        known++;
        first = i;
        names |= c == TB_COL_NAME || c == TB_COL_MATERIAL || c == TB_COL_FEE || c == TB_COL_CODE;
        tb_str right = cell(row, i + 1);
        pairs += right.n && header_of(r, right, B) == NO_COLUMN;
    }
    if (!names) return false;
    if (pairs == 0 && known > 1) return true;
    tb_str below = next ? cell(next, first) : TB_NONE;
    if (pairs < known && known > 1) return !below.n || header_of(r, below, B) == NO_COLUMN;
    return below.n && !known_in(r, next);
}

/* The lower row of a header in two rows, or NULL: the name column is merged over both. */
static const tb_row *lower_header(const struct reading *r, const tb_grid *g, uint32_t at) {
    const tb_row *row = &g->rows.items[at];
    if (at + 2 >= g->rows.count) return NULL;
    for (uint32_t i = 0; i < row->count; i++) {
        if (header_of(r, cell(row, i), B) != TB_COL_NAME) continue;
        tb_str below = cell(row + 1, i);
        if (below.n) return tb_str_eq(below, cell(row, i)) ? row + 1 : NULL;
        return cell(row + 2, i).n && known_in(r, row + 1) ? row + 1 : NULL;
    }
    return NULL;
}

/* ---- one list ---- */

static tb_found found(const tb_grid *g, const tb_row *row, uint32_t c) {
    return (tb_found){cell(row, c), g, row->number, c + 1};
}

static bool same_text(const tb_found *x, const tb_found *y) { return x->text.n && tb_str_eq(x->text, y->text); }

/* The matter a row speaks of: by code, else by name; a row that gives neither belongs to the one before it. */
static tb_source_matter *matter_for(struct reading *r, const tb_found *name, const tb_found *code, uint32_t last) {
    tb_draft_source *out = r->out;
    if (!name->text.n && !code->text.n) return last != UINT32_MAX ? &out->matters.items[last] : NULL;
    for (uint32_t i = out->matters.count; i-- > 0;) {
        tb_source_matter *m = &out->matters.items[i];
        bool codes = m->cells[TB_COL_CODE].text.n && code->text.n;
        if (codes ? same_text(&m->cells[TB_COL_CODE], code) : same_text(&m->cells[TB_COL_NAME], name)) return m;
    }
    return NULL;
}

static int fail(struct reading *r, tb_str error) {
    r->out->error = error;
    return TB_FAILED;
}

static int too_many(struct reading *r, const tb_found *f, const char *zh, const char *en, int most) {
    tb_str place = tb_found_place(r->a, f, r->lang);
    return fail(r, tb_str_printf(r->a,
                                 say(r, "%.*s：一个事项的%s超过 %d 个，分不清是不是都属于它",
                                     "%.*s: a matter has more %s than %d"),
                                 TB_FMT(place), say(r, zh, en), most));
}

static int add_other(struct reading *r, tb_source_matter *m, tb_str header, tb_found f) {
    if (!f.text.n) return TB_OK;
    for (uint32_t i = 0; i < m->others.count; i++) /* merged or repeated over the rows of a matter */
        if (tb_str_eq(m->others.items[i].header, header) && same_text(&m->others.items[i].cell, &f)) return TB_OK;
    if (m->others.count == TB_DRAFT_OTHERS) return too_many(r, &f, "其他内容", "other cells", TB_DRAFT_OTHERS);
    *TB_PUSH(r->a, m->others) = (tb_other){header, f};
    return TB_OK;
}

static bool same_line(const tb_line_of *x, const tb_line_of *y) {
    for (int c = 0; c < TB_COLUMNS; c++)
        if (!tb_str_eq(x->cells[c].text, y->cells[c].text)) return false;
    return true;
}

/* The material or fee of a row. The same once more is one merged or repeated over rows; cells without a name stay as
 * other cells. */
static int add_line(struct reading *r, tb_source_matter *m, const struct headers *h, const tb_grid *g,
                    const tb_row *row, enum group group, enum tb_column name) {
    tb_line_of line = {0};
    for (uint32_t i = 0; i < h->count; i++)
        if (h->column[i] != NO_COLUMN && columns[h->column[i]].group == group)
            line.cells[h->column[i]] = found(g, row, i);
    for (uint32_t i = 0; i < h->count && !line.cells[name].text.n; i++)
        if (h->column[i] != NO_COLUMN && columns[h->column[i]].group == group &&
            add_other(r, m, h->text[i], line.cells[h->column[i]]))
            return TB_FAILED;
    if (!line.cells[name].text.n) return TB_OK;
    uint32_t n = group == M ? m->materials.count : m->fees.count;
    const tb_line_of *last = n ? (group == M ? m->materials.items : m->fees.items) + n - 1 : NULL;
    if (last && same_line(last, &line)) return TB_OK;
    if (n == TB_DRAFT_LINES)
        return too_many(r, &line.cells[name], group == M ? "材料" : "收费项目", group == M ? "materials" : "fees",
                        TB_DRAFT_LINES);
    if (group == M) *TB_PUSH(r->a, m->materials) = line;
    else *TB_PUSH(r->a, m->fees) = line;
    return TB_OK;
}

/* 承诺办结时限（工作日）: the header tells the unit, unless a column of its own does. */
static void unit_in_header(tb_source_matter *m, enum tb_column c, tb_str header) {
    enum tb_column unit = c == TB_COL_STATUTORY ? TB_COL_STATUTORY_UNIT : TB_COL_PROMISED_UNIT;
    bool known = tb__has(header, "工作日") || tb__has(header, "自然日");
    if (!known || !m->cells[c].text.n || m->cells[unit].text.n) return;
    m->cells[unit] = m->cells[c];
    m->cells[unit].text = tb__has(header, "工作日") ? TB_STR("工作日") : TB_STR("自然日");
}

static int take_row(struct reading *r, tb_source_matter *m, const struct headers *h, const tb_grid *g,
                    const tb_row *row) {
    int result = TB_OK;
    for (uint32_t i = 0; i < h->count && !result; i++) {
        enum tb_column c = h->column[i];
        tb_found f = found(g, row, i);
        if (c == NO_COLUMN) result = add_other(r, m, h->text[i].n ? h->text[i] : TB_STR("（没有表头的列）"), f);
        else if (columns[c].group == B && !m->cells[c].text.n) m->cells[c] = f;
        else if (columns[c].group == B && !same_text(&m->cells[c], &f)) result = add_other(r, m, h->text[i], f);
    }
    for (uint32_t i = 0; i < h->count; i++)
        if (h->column[i] == TB_COL_STATUTORY || h->column[i] == TB_COL_PROMISED)
            unit_in_header(m, h->column[i], h->text[i]);
    if (!result) result = add_line(r, m, h, g, row, M, TB_COL_MATERIAL);
    return result ? result : add_line(r, m, h, g, row, F, TB_COL_FEE);
}

static bool empty_row(const tb_row *row) {
    for (uint32_t i = 0; i < row->count; i++)
        if (cell(row, i).n) return false;
    return true;
}

static uint32_t column_at(const struct headers *h, enum tb_column c) {
    for (uint32_t i = 0; i < h->count; i++)
        if (h->column[i] == c) return i;
    return UINT32_MAX;
}

static tb_found keyed(const struct headers *h, enum tb_column c, const tb_grid *g, const tb_row *row) {
    uint32_t at = column_at(h, c);
    return at == UINT32_MAX ? (tb_found){.grid = g, .row = row->number} : found(g, row, at);
}

/* Rows of a list of matters. */
static int read_matters(struct reading *r, const tb_grid *g, uint32_t from, const struct headers *h) {
    uint32_t last = UINT32_MAX;
    for (uint32_t i = from; i < g->rows.count; i++) {
        const tb_row *row = &g->rows.items[i];
        if (empty_row(row)) continue;
        tb_found name = keyed(h, TB_COL_NAME, g, row), code = keyed(h, TB_COL_CODE, g, row);
        tb_source_matter *m = matter_for(r, &name, &code, last);
        if (!m) {
            if (!name.text.n)
                return fail(r, tb_str_printf(r->a,
                                             say(r, "%.*s：这里应有事项名称，是空的",
                                                 "%.*s: the name of the matter is empty here"),
                                             TB_FMT(tb_found_place(r->a, &name, r->lang))));
            if (r->out->matters.count == TB_DRAFT_MATTERS)
                return fail(r, tb_str_printf(r->a,
                                             say(r, "%.*s：事项太多，最多 %d 个，请拆成几个文件",
                                                 "%.*s: too many matters, %d at most"),
                                             TB_FMT(tb_found_place(r->a, &name, r->lang)), TB_DRAFT_MATTERS));
            m = TB_PUSH(r->a, r->out->matters);
            *m = (tb_source_matter){0};
        }
        last = (uint32_t)(m - r->out->matters.items);
        if (take_row(r, m, h, g, row)) return TB_FAILED;
    }
    return TB_OK;
}

/* Rows of a table of materials or fees: they name their matter, or there is one only. */
static int read_lines(struct reading *r, const tb_grid *g, uint32_t from, const struct headers *h) {
    bool named = column_at(h, TB_COL_NAME) != UINT32_MAX || column_at(h, TB_COL_CODE) != UINT32_MAX;
    uint32_t last = UINT32_MAX;
    if (!named && r->out->matters.count > 1)
        return fail(r, tb_str_printf(r->a,
                                     say(r,
                                         "%.*s：材料表里没有 事项名称（task_name）或 实施编码（task_code）一列，"
                                         "分不清材料是 %u 个事项里哪一个的",
                                         "%.*s: this table of materials has no column 事项名称 (task_name) or 实施编码 "
                                         "(task_code), so it cannot be told which of %u matters they belong to"),
                                     TB_FMT(tb_found_place(
                                         r->a, &(tb_found){.grid = g, .row = g->rows.items[from - 1].number}, r->lang)),
                                     r->out->matters.count));
    for (uint32_t i = from; i < g->rows.count; i++) {
        const tb_row *row = &g->rows.items[i];
        if (empty_row(row)) continue;
        tb_found name = keyed(h, TB_COL_NAME, g, row), code = keyed(h, TB_COL_CODE, g, row);
        tb_source_matter *m = named ? matter_for(r, &name, &code, last) : &r->out->matters.items[0];
        if (!m) {
            tb_found *f = name.text.n ? &name : &code;
            *TB_PUSH(r->a, r->out->warnings) =
                tb_str_printf(r->a,
                              say(r, "%.*s：没有事项“%.*s”，这一行没有用上",
                                  "%.*s: there is no matter \"%.*s\"; the row was left out"),
                              TB_FMT(tb_found_place(r->a, f, r->lang)), TB_FMT(f->text));
            continue;
        }
        last = (uint32_t)(m - r->out->matters.items);
        if (take_row(r, m, h, g, row)) return TB_FAILED;
    }
    return TB_OK;
}

/* ---- one form ---- */

/* Materials inside a form: from a row of their headers down to an empty row or the next label. *at moves behind them. */
static int form_lines(struct reading *r, tb_source_matter *m, const tb_grid *g, uint32_t *at) {
    struct headers h = headers_of(r, &g->rows.items[*at], NULL);
    for (++*at; *at < g->rows.count; ++*at) {
        const tb_row *row = &g->rows.items[*at];
        if (empty_row(row) || known_in(r, row)) break;
        if (take_row(r, m, &h, g, row)) return TB_FAILED;
    }
    return TB_OK;
}

static int form_row(struct reading *r, tb_source_matter *m, const tb_grid *g, const tb_row *row) {
    for (uint32_t i = 0; i < row->count; i++) {
        tb_str label = cell(row, i);
        if (!label.n) continue;
        uint32_t v = i + 1;
        while (v < row->count && (!cell(row, v).n || tb_str_eq(cell(row, v), label)))
            v++; /* a label merged over cells */
        enum tb_column c = header_of(r, label, B);
        if (v >= row->count) { /* a title, a remark: kept; a label left empty says nothing */
            tb_found alone = found(g, row, i);
            return c == NO_COLUMN ? add_other(r, m, TB_STR("表内文字"), alone) : TB_OK;
        }
        if (header_of(r, cell(row, v), B) != NO_COLUMN && c != NO_COLUMN) continue; /* a label without a value */
        tb_found f = found(g, row, v);
        if (c != NO_COLUMN && columns[c].group == B && !m->cells[c].text.n) m->cells[c] = f;
        else if (add_other(r, m, label, f)) return TB_FAILED;
        i = v;
    }
    return TB_OK;
}

static bool lines_header(const struct reading *r, const tb_grid *g, uint32_t at) {
    if (!is_header(r, g, at)) return false;
    struct headers h = headers_of(r, &g->rows.items[at], NULL);
    return (h.materials || h.fees) && !h.matters;
}

/* A table that is a form: 事项名称 beside a value, and two labels more. *is says whether it was one. */
static int read_form(struct reading *r, const tb_grid *g, bool *is) {
    tb_source_matter fresh = {0};
    uint32_t labels = 0;
    *is = false;
    if (g->rows.count > TB_DRAFT_FORM_ROWS) return TB_OK;
    for (uint32_t i = 0; i < g->rows.count;)
        if (lines_header(r, g, i) ? form_lines(r, &fresh, g, &i) : form_row(r, &fresh, g, &g->rows.items[i++]))
            return TB_FAILED;
    for (int i = 0; i < TB_COLUMNS; i++) labels += fresh.cells[i].text.n != 0;
    if (!fresh.cells[TB_COL_NAME].text.n || labels < 3 || r->out->matters.count == TB_DRAFT_MATTERS) return TB_OK;
    *TB_PUSH(r->a, r->out->matters) = fresh;
    *is = true;
    return TB_OK;
}

/* ---- all tables ---- */

static uint32_t find_header(const struct reading *r, const tb_grid *g) {
    for (uint32_t i = 0; i < g->rows.count && i < HEADER_ROWS; i++)
        if (is_header(r, g, i)) return i;
    return UINT32_MAX;
}

static tb_str first_texts(struct reading *r, const tb_grid *g) {
    tb_buf b;
    tb_buf_init(&b, r->a);
    for (uint32_t i = 0; i < g->rows.count && !b.n; i++)
        for (uint32_t c = 0, n = 0; c < g->rows.items[i].count && n < 6; c++) {
            tb_str t = cell(&g->rows.items[i], c);
            if (!t.n) continue;
            tb_putf(&b, "%s%.*s", n++ ? "、" : "", TB_FMT(tb__quote(r->a, t, 60)));
        }
    return b.n ? tb_buf_str(&b) : tb_str_z(say(r, "（空）", "(nothing)"));
}

static int nothing_found(struct reading *r, const tb_grids *grids) {
    if (!grids->count) return fail(r, tb_str_z(say(r, "文件里没有表", "there is no table in the file")));
    const tb_grid *g = &grids->items[0];
    return fail(
        r,
        tb_str_printf(
            r->a,
            say(r,
                "%.*s：没有认出事项。表头里要有 事项名称（task_name）一列，或者一格写 事项名称、右边一格写名称；"
                "这里开头是：%.*s",
                "%.*s: no matter found. One column must be headed 事项名称 (task_name), or one cell say 事项名称 with "
                "the name to its right; here the table begins with: %.*s"),
            TB_FMT(tb_found_place(r->a, &(tb_found){.grid = g, .row = 1}, r->lang)), TB_FMT(first_texts(r, g))));
}

/* Does a list say more of its matters than which they are? */
static bool describes(const struct headers *h) {
    for (uint32_t i = 0; i < h->count; i++) {
        enum tb_column c = h->column[i];
        if (c != NO_COLUMN && columns[c].group == B && c != TB_COL_NAME && c != TB_COL_CODE) return true;
    }
    return false;
}

int tb_draft_read(tb_arena *a, const tb_grids *grids, enum tb_lang lang, tb_draft_source *out) {
    struct reading r = {a, lang, out};
    bool *done = TB_NEW_ARRAY(a, grids->count + 1, bool);
    *out = (tb_draft_source){0};
    for (uint32_t i = 0; i < grids->count; i++) {
        const tb_grid *g = &grids->items[i];
        uint32_t at = find_header(&r, g);
        struct headers h = {0};
        const tb_row *lower = at != UINT32_MAX ? lower_header(&r, g, at) : NULL;
        if (at != UINT32_MAX) h = headers_of(&r, &g->rows.items[at], lower);
        bool lines = (h.materials || h.fees) && !describes(&h) && (i > 0 || !h.matters);
        if (h.matters && !lines) {
            if (read_matters(&r, g, at + (lower ? 2 : 1), &h)) return TB_FAILED;
            done[i] = true;
        } else if (read_form(&r, g, &done[i])) {
            return TB_FAILED;
        }
    }
    for (uint32_t i = 0; i < grids->count && out->matters.count; i++) {
        const tb_grid *g = &grids->items[i];
        uint32_t at = done[i] ? UINT32_MAX : find_header(&r, g);
        if (at == UINT32_MAX) continue;
        const tb_row *lower = lower_header(&r, g, at);
        struct headers h = headers_of(&r, &g->rows.items[at], lower);
        if ((h.materials || h.fees) && read_lines(&r, g, at + (lower ? 2 : 1), &h)) return TB_FAILED;
    }
    return out->matters.count ? TB_OK : nothing_found(&r, grids);
}
