/* Reading a file, telling what it is, and CSV: see sheet.h. */
#include "sheet.h"
#include "canonical.h"
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int tb__sheet_fail(struct tb__sheet *s, const char *zh, const char *en, ...) {
    char text[1024];
    va_list args;
    va_start(args, en);
    vsnprintf(text, sizeof text, s->lang == TB_LANG_EN ? en : zh, args);
    va_end(args);
    s->error = tb_str_printf(s->a, s->lang == TB_LANG_EN ? "%s: %s" : "%s：%s", s->path, text);
    return TB_FAILED;
}

/* ---- bytes ---- */

static int read_fd(struct tb__sheet *s, int fd, tb_str *bytes) {
    struct stat st;
    if (fstat(fd, &st) != 0) return tb__sheet_fail(s, "读不了：%s", "cannot be read: %s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return tb__sheet_fail(s, "这是目录，请指明里面的表格文件", "is a directory; name a spreadsheet in it");
    if (!S_ISREG(st.st_mode)) return tb__sheet_fail(s, "不是普通文件", "not a regular file");
    if (st.st_size > TB_SHEET_BYTES)
        return tb__sheet_fail(s, "文件超过 %d MiB", "the file is larger than %d MiB", TB_SHEET_BYTES >> 20);
    char *p = tb_alloc(s->a, (size_t)st.st_size + 1);
    size_t n = 0;
    while (n < (size_t)st.st_size) {
        ssize_t k = read(fd, p + n, (size_t)st.st_size - n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return tb__sheet_fail(s, "读不了：%s", "cannot be read: %s", strerror(errno));
        if (k == 0) break;
        n += (size_t)k;
    }
    *bytes = (tb_str){p, (uint32_t)n};
    return TB_OK;
}

struct reading {
    struct tb__sheet *sheet;
    int fd;
    tb_str bytes;
};

static int read_work(void *arg) {
    struct reading *r = arg;
    return read_fd(r->sheet, r->fd, &r->bytes);
}

/* ---- encodings ---- */

/* From `charset` to UTF-8 with the C library's tables; the converter is closed before anything can be thrown. */
static int decoded(struct tb__sheet *s, const char *charset, tb_str bytes, tb_str *text) {
    size_t room = (size_t)bytes.n * 3 / 2 + 16, left = bytes.n;
    char *out = tb_alloc(s->a, room), *to = out, *from = (char *)bytes.p;
    iconv_t cd = iconv_open("UTF-8", charset);
    if (cd == (iconv_t)-1)
        return tb__sheet_fail(s, "系统没有 %s 编码表，请另存为 UTF-8",
                              "this system has no tables for %s; save as UTF-8", charset);
    size_t done = iconv(cd, &from, &left, &to, &room);
    iconv_close(cd);
    if (done == (size_t)-1) {
        int row = 1;
        for (const char *p = bytes.p; p < from; p++) row += *p == '\n';
        return tb__sheet_fail(
            s, "第 %d 行第 %u 字节既不是 UTF-8 也不是 GB18030（GBK）。请在表格软件里另存为 CSV UTF-8，或用 .xlsx",
            "line %d, byte %u is neither UTF-8 nor GB18030 (GBK); save as CSV UTF-8, or use .xlsx", row,
            (unsigned)(from - bytes.p) + 1);
    }
    *text = (tb_str){out, (uint32_t)(to - out)};
    return TB_OK;
}

static int as_utf8(struct tb__sheet *s, tb_str bytes, tb_str *text) {
    size_t where;
    if (bytes.n >= 2 && (memcmp(bytes.p, "\xFF\xFE", 2) == 0 || memcmp(bytes.p, "\xFE\xFF", 2) == 0))
        return decoded(s, *bytes.p == '\xFF' ? "UTF-16LE" : "UTF-16BE", (tb_str){bytes.p + 2, bytes.n - 2}, text);
    if (tb_str_starts(bytes, "\xEF\xBB\xBF")) bytes.p += 3, bytes.n -= 3;
    if (!tb_valid_utf8(bytes, &where)) return decoded(s, "GB18030", bytes, text);
    *text = bytes;
    return TB_OK;
}

/* ---- CSV ---- */

static char separator_of(tb_str t) {
    static const char marks[] = {',', '\t', ';'};
    uint32_t count[3] = {0};
    bool quoted = false, any = false;
    for (uint32_t i = 0; i < t.n; i++) {
        if (t.p[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (t.p[i] == '\n' && any) break; /* the first line with anything on it */
        any |= (unsigned char)t.p[i] > ' ';
        for (int k = 0; k < 3; k++) count[k] += t.p[i] == marks[k];
    }
    int best = 0;
    for (int k = 1; k < 3; k++)
        if (count[k] > count[best]) best = k;
    return marks[best];
}

struct csv {
    struct tb__sheet *s;
    tb_str text;
    uint32_t at;
    char separator;
    tb_buf cell;
    TB_LIST(tb_str) row;
};

static int end_cell(struct csv *c, uint32_t row) {
    if (c->row.count == TB_SHEET_COLUMNS)
        return tb__sheet_fail(c->s, "第 %u 行超过 %d 列", "row %u has more than %d columns", row, TB_SHEET_COLUMNS);
    if (c->s->cells++ == TB_SHEET_CELLS)
        return tb__sheet_fail(c->s, "超过 %d 格，请拆成几个文件", "more than %d cells; split the file", TB_SHEET_CELLS);
    *TB_PUSH(c->s->a, c->row) = c->cell.n ? tb_str_copy(c->s->a, tb_buf_str(&c->cell)) : TB_NONE;
    c->cell.n = 0;
    return TB_OK;
}

/* One field, from c->at to its separator, line end or the end of the text. */
static int field(struct csv *c, uint32_t row) {
    tb_str t = c->text;
    bool quoted = c->at < t.n && t.p[c->at] == '"';
    if (quoted) {
        for (c->at++;; c->at++) {
            if (c->at >= t.n)
                return tb__sheet_fail(c->s, "第 %u 行第 %u 列的引号 \" 没有结束",
                                      "row %u, column %u: the quote \" is not closed", row, c->row.count + 1);
            if (t.p[c->at] == '"') {
                if (c->at + 1 >= t.n || t.p[c->at + 1] != '"') break;
                c->at++;
            }
            tb_put(&c->cell, t.p + c->at, 1);
            if (c->cell.n > TB_SHEET_CELL) break;
        }
        if (c->cell.n <= TB_SHEET_CELL) c->at++;
    }
    while (c->at < t.n && t.p[c->at] != c->separator && t.p[c->at] != '\n' && c->cell.n <= TB_SHEET_CELL)
        tb_put(&c->cell, t.p + c->at++, 1);
    if (c->cell.n > TB_SHEET_CELL)
        return tb__sheet_fail(c->s, "第 %u 行第 %u 列超过 %d KiB", "row %u, column %u is larger than %d KiB", row,
                              c->row.count + 1, TB_SHEET_CELL >> 10);
    while (c->cell.n && c->cell.p[c->cell.n - 1] == '\r') c->cell.n--;
    return end_cell(c, row);
}

static int csv(struct tb__sheet *s, tb_str text) {
    struct csv c = {.s = s, .text = text, .separator = separator_of(text)};
    tb_grid grid = {.file = tb_str_copy(s->a, tb_str_z(s->path))};
    tb_buf_init(&c.cell, s->a);
    if (text.n && memchr(text.p, '\0', text.n))
        return tb__sheet_fail(s, "里面有 NUL 字节，不是 CSV。请在表格软件里另存为 .xlsx 或 CSV UTF-8",
                              "holds NUL bytes and is no CSV; save as .xlsx or CSV UTF-8");
    for (uint32_t row = 1; c.at < text.n; row++) {
        if (row > TB_SHEET_ROWS) return tb__sheet_fail(s, "超过 %d 行", "more than %d rows", TB_SHEET_ROWS);
        c.row.items = NULL;
        c.row.count = c.row.room = 0;
        for (;;) {
            if (field(&c, row)) return TB_FAILED;
            if (c.at >= text.n) break;
            bool end = text.p[c.at++] == '\n';
            if (end) break;
        }
        *TB_PUSH(s->a, grid.rows) = (tb_row){c.row.items, c.row.count, row};
    }
    *TB_PUSH(s->a, *s->grids) = grid;
    return TB_OK;
}

/* ---- which kind ---- */

int tb_sheet_read(tb_arena *a, const char *path, enum tb_lang lang, tb_grids *grids, tb_str *error) {
    struct tb__sheet s = {.a = a, .path = path, .lang = lang, .grids = grids};
    struct reading r = {.sheet = &s, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    int result;
    if (r.fd < 0) {
        result = errno == ENOENT ? tb__sheet_fail(&s, "没有这个文件。请检查路径", "no such file; check the path")
                                 : tb__sheet_fail(&s, "打不开：%s", "cannot be opened: %s", strerror(errno));
        return *error = s.error, result;
    }
    result = tb_try(a, read_work, &r);
    close(r.fd);
    if (result == TB_NOMEM) tb_alloc(a, SIZE_MAX); /* again, out here */
    tb_str text = TB_NONE, b = r.bytes;
    if (result) return *error = s.error, result;
    if (b.n >= 4 && memcmp(b.p, "PK\3\4", 4) == 0) result = tb__sheet_xlsx(&s, b);
    else if (b.n >= 8 && memcmp(b.p, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
        result = tb__sheet_fail(&s, "是旧式 .xls（或加了密码的表格）。请在表格软件里另存为不加密的 .xlsx 或 CSV",
                                "is an old .xls (or has a password); save it as .xlsx without a password, or as CSV");
    else if (b.n >= 4 && memcmp(b.p, "%PDF", 4) == 0)
        result = tb__sheet_fail(&s, "是 PDF，请用原来的表格文件", "is a PDF; use the spreadsheet it was made from");
    else if ((result = as_utf8(&s, b, &text)) == TB_OK) result = csv(&s, text);
    return *error = s.error, result;
}
