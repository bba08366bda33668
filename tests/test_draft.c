/* tongban new: spreadsheets read, and what is drafted from them.
 *
 *   test_draft [-u] [N]     -u writes what came out into tests/draft/NAME.case, for review; N random tables (300); TB_SEED=N
 *
 * tests/draft/NAME.case: `==== title [rows] [rules]`, a CSV, `----`, what must come out: with `rows` the cells as read, else the drafted texts
 * (a new matter takes effect 2026-03-01), or the message; with `rules` the shipped organs and posts are known. Whatever is drafted parses,
 * is laid out, has no error beside the shipped directory and calendars, and passes its own 用例: of the cases, and of random tables made of
 * headers and cells that are meant to break it. */
#include "cases.h"
#include "draft/draft.h"
#include "engine.h"
#include "proof/proof.h"
#include "sheet.h"
#include <unistd.h>
#include <zip.h>

static world rules; /* the shipped directory */
static char dir[] = "/tmp/tb_draft.XXXXXX";
enum { TODAY = 20513 /* 2026-03-01 */ };

static tb_draft_world world_for(bool with_rules) {
    return (tb_draft_world){.today = TODAY, .directory = with_rules ? rules.rules->directory : NULL, .lang = TB_LANG_ZH};
}

/* ---- what is drafted is sound ---- */

static bool sound(tb_str text, bool proved) {
    world w;
    world_begin(&w);
    for (uint32_t i = 0; i < rules.count; i++) world_text(&w, rules.paths[i], rules.texts[i]);
    world_text(&w, TB_STR("草稿.tb"), text);
    bool ok = CHECK_INT(world_compile(&w), TB_OK) && CHECK_INT(w.rules->diagnostics.errors, 0) &&
              CHECK_INT(w.rules->programs.count, 1);
    ok = ok && CHECK(tb_str_eq(tb_format(w.a, TB_STR("草稿.tb"), text), text));
    if (ok && proved) {
        const tb_program *p = w.rules->programs.items[0];
        const tb_directory *d = w.rules->directory;
        tb_proof_report *proofs;
        const tb_calendar *calendar = tb_rules_calendar(w.rules, tb_directory_calendar(d, tb_default_place(p, d)));
        CHECK_INT(tb_prove(w.a, p, d, calendar, &w.rules->diagnostics, &proofs), TB_OK);
        ok = CHECK_INT(w.rules->diagnostics.errors, 0);
    }
    tb_scenario_report *report = NULL;
    ok = ok && CHECK_INT(tb_scenarios_run(w.a, w.rules->programs.items[0], &w.env, &report), TB_OK) &&
         CHECK(report->results.count >= 3) && CHECK_INT(report->failed, 0);
    if (!ok) {
        fprintf(stderr, "%.*s\n%.*s\n", TB_FMT(world_diagnostics(&w, TB_LANG_ZH)), TB_FMT(text));
        for (uint32_t i = 0; report && i < report->results.count; i++)
            fprintf(stderr, "%.*s\n", TB_FMT(report->results.items[i].failure));
    }
    world_end(&w);
    return ok;
}

/* ---- cases ---- */

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static const char *save(const char *name, tb_str bytes) {
    FILE *f = fopen(path_of(name), "wb");
    CHECK(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
    return path_of(name);
}

/* A message without the directory of the test. */
static tb_str shown(tb_arena *a, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, a);
    size_t n = strlen(dir) + 1;
    for (uint32_t i = 0; i < s.n;) {
        if (i + n <= s.n && memcmp(s.p + i, dir, n - 1) == 0) i += (uint32_t)n;
        else tb_put(&b, s.p + i++, 1);
    }
    return tb_buf_str(&b);
}

static tb_str rows_text(tb_arena *a, const tb_grids *grids) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t g = 0; g < grids->count; g++)
        for (uint32_t i = 0; i < grids->items[g].rows.count; i++) {
            const tb_row *r = &grids->items[g].rows.items[i];
            tb_putf(&b, "%.*s%u", TB_FMT(grids->items[g].name), r->number);
            for (uint32_t c = 0; c < r->count; c++) {
                tb_puts(&b, " [");
                for (uint32_t k = 0; k < r->cells[c].n; k++)
                    if (r->cells[c].p[k] == '\n') tb_puts(&b, "\\n");
                    else tb_put(&b, r->cells[c].p + k, 1);
                tb_puts(&b, "]");
            }
            tb_puts(&b, "\n");
        }
    return tb_buf_str(&b);
}

static tb_str answer(tb_arena *a, tb_str title, tb_str text) {
    tb_grids grids = {0};
    tb_str error;
    tb_draft_source source;
    bool with_rules = tb_str_ends(title, "rules");
    if (tb_sheet_read(a, save("清单.csv", text), TB_LANG_ZH, &grids, &error)) return shown(a, error);
    if (tb_str_ends(title, "rows")) return rows_text(a, &grids);
    if (tb_draft_read(a, &grids, TB_LANG_ZH, &source)) return shown(a, source.error);
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < source.warnings.count; i++) tb_putf(&b, "注意：%.*s\n", TB_FMT(source.warnings.items[i]));
    tb_draft_world world = world_for(with_rules), known = world_for(true);
    for (uint32_t i = 0; i < source.matters.count; i++) {
        tb_draft *d = tb_draft_write(a, &source.matters.items[i], &world);
        tb_putf(&b, "%s%.*s", i ? "\n" : "", TB_FMT(d->text));
        sound(tb_draft_write(a, &source.matters.items[i], &known)->text, true);
    }
    return shown(a, tb_buf_str(&b));
}

/* ---- encodings ---- */

static void read_as(const char *name, tb_str bytes, const char *wanted) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_grids grids = {0};
    tb_str error = TB_NONE;
    int result = tb_sheet_read(a, save(name, bytes), TB_LANG_ZH, &grids, &error);
    tb_str got = result ? shown(a, error) : rows_text(a, &grids);
    CHECK_STR(tb_str_copy(a, got).p, wanted);
    tb_arena_free(a);
}
#define BYTES(z) ((tb_str){z, sizeof(z) - 1})

static void encodings(void) {
    read_as("a.csv", BYTES("\xEF\xBB\xBF""事项名称,b\r\n甲,\"x\r\ny\"\r\n"), "1 [事项名称] [b]\n2 [甲] [x\r\\ny]\n");
    read_as("a.csv", BYTES("\xCA\xC2\xCF\xEE\xC3\xFB\xB3\xC6,\xB0\xEC\xBC\xFE\n"), "1 [事项名称] [办件]\n"); /* GBK */
    read_as("a.csv", BYTES("\x95\x32\x82\x36\n"), "1 [𠀀]\n");                                            /* four bytes of GB18030 */
    read_as("a.csv", BYTES("\xFF\xFE\x0B\x4E\x79\x98\x09\x00\x32\x75\x0A\x00"), "1 [下项] [甲]\n"); /* Excel's “Unicode text” */
    read_as("a.csv", BYTES("a\xFF,\n"), "a.csv：第 1 行第 2 字节既不是 UTF-8 也不是 GB18030（GBK）。请在表格软件里另存为 CSV UTF-8，或用 .xlsx");
    read_as("a.csv", BYTES("a\0b"), "a.csv：里面有 NUL 字节，不是 CSV。请在表格软件里另存为 .xlsx 或 CSV UTF-8");
    read_as("a.csv", BYTES("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1...."), "a.csv：是旧式 .xls（或加了密码的表格）。请在表格软件里另存为不加密的 .xlsx 或 CSV");
    read_as("a.csv", BYTES(""), "");
}

/* ---- xlsx: written here with libzip, part by part ---- */

struct xml {
    const char *name, *text;
};
static const struct xml book[] = {
    {"[Content_Types].xml", "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"},
    {"xl/workbook.xml",
     "<?xml version='1.0' encoding='UTF-8'?><workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' "
     "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet name='清单' sheetId='1' r:id='rId1'/>"
     "<sheet name='材料' sheetId='2' r:id='rId2'/></sheets></workbook>"},
    {"xl/_rels/workbook.xml.rels",
     "<Relationships><Relationship Id='rId1' Target='worksheets/sheet1.xml'/><Relationship Id='rId2' "
     "Target='/xl/worksheets/sheet2.xml'/></Relationships>"},
    {"xl/sharedStrings.xml", "<sst><si><t>事项名称</t></si><si><t>承诺办结时限</t></si><si><r><t>公共场所</t></r><r><t>卫生许可</t></r><rPh><t>x</t></rPh></si>"
                             "<si><t>材料名称</t></si><si><t>计划生效日期</t></si></sst>"},
    {"xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='yyyy&quot;年&quot;m&quot;月&quot;'/></numFmts><cellStyleXfs><xf "
                      "numFmtId='14'/></cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='170'/></cellXfs></styleSheet>"},
    {"xl/worksheets/sheet1.xml",
     "<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>实施清单</t></is></c></row><row r='2'><c r='A2' t='s'><v>0</v></c><c r='B2' "
     "t='s'><v>1</v></c><c r='D2' t='s'><v>4</v></c></row><row r='4'><c r='A4' t='s'><v>2</v></c><c r='B4'><v>8.0000000000000000</v></c><c "
     "r='C4' t='b'><v>1</v></c><c r='D4' s='2'><v>46082</v></c></row></sheetData><mergeCells><mergeCell ref='A1:D1'/></mergeCells></worksheet>"},
    {"xl/worksheets/sheet2.xml",
     "<worksheet><sheetData><row r='1'><c t='s'><v>0</v></c><c t='s'><v>3</v></c></row><row r='2'><c r='A2' t='s'><v>2</v></c><c r='B2' "
     "t='str'><v>申请表</v></c></row><row r='3'><c r='B3' t='inlineStr'><is><t>平面图</t></is></c></row></sheetData><mergeCells count='1'><mergeCell "
     "ref='A2:A3'/></mergeCells></worksheet>"},
};
enum { PARTS = sizeof book / sizeof *book };

/* The book with one part replaced (text) or left out (NULL); `part` < 0: as it is. */
static const char *save_book(int part, const char *text) {
    const char *path = path_of("清单.xlsx");
    int error;
    unlink(path);
    zip_t *z = zip_open(path, ZIP_CREATE, &error);
    if (!CHECK(z != NULL)) return path;
    for (int i = 0; i < PARTS; i++) {
        const char *t = i == part ? text : book[i].text;
        if (!t) continue;
        zip_source_t *s = zip_source_buffer(z, t, strlen(t), 0);
        CHECK(s && zip_file_add(z, book[i].name, s, ZIP_FL_ENC_UTF_8) >= 0);
    }
    CHECK_INT(zip_close(z), 0);
    return path;
}

static void read_book(int part, const char *text, const char *wanted) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_grids grids = {0};
    tb_str error = TB_NONE;
    int result = tb_sheet_read(a, save_book(part, text), TB_LANG_ZH, &grids, &error);
    CHECK_STR(tb_str_copy(a, result ? shown(a, error) : rows_text(a, &grids)).p, wanted);
    tb_arena_free(a);
}

static void books(void) {
    const char *whole = "清单1 [实施清单]\n清单2 [事项名称] [承诺办结时限] [] [计划生效日期]\n清单4 [公共场所卫生许可] [8] [是] [2026-03-01]\n"
                        "材料1 [事项名称] [材料名称]\n材料2 [公共场所卫生许可] [申请表]\n材料3 [公共场所卫生许可] [平面图]\n";
    read_book(-1, NULL, whole);
    read_book(4, NULL, "清单1 [实施清单]\n清单2 [事项名称] [承诺办结时限] [] [计划生效日期]\n清单4 [公共场所卫生许可] [8] [是] [46082]\n"
                       "材料1 [事项名称] [材料名称]\n材料2 [公共场所卫生许可] [申请表]\n材料3 [公共场所卫生许可] [平面图]\n");
    read_book(1, NULL, "清单.xlsx：是压缩包，但不是 .xlsx 表格（里面没有 xl/workbook.xml）");
    read_book(2, NULL, "清单.xlsx：不完整：里面没有 xl/_rels/workbook.xml.rels。请重新导出表格");
    read_book(3, "<sst/>", "清单.xlsx：里面的 xl/worksheets/sheet1.xml 引用了没有的文字。请重新导出表格");
    read_book(6, NULL, "清单.xlsx：缺少工作表“材料”的内容。请重新导出表格");
    read_book(5, "<worksheet><sheetData></worksheet>", "清单.xlsx：里面的 xl/worksheets/sheet1.xml 第 1 行不是完好的 XML（mismatched tag）。请重新导出表格");
    read_book(5, "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><worksheet>&a;</worksheet>",
              "清单.xlsx：里面的 xl/worksheets/sheet1.xml 有 DOCTYPE 声明，表格软件不会这样写，不读");
    read_book(5, "<worksheet><sheetData><row r='3'/><row r='2'/></sheetData></worksheet>",
              "清单.xlsx：里面的 xl/worksheets/sheet1.xml 行号不对。请重新导出表格");
    read_book(5, "<worksheet><sheetData><row r='1'><c r='ZZZ1'><v>1</v></c></row></sheetData></worksheet>",
              "清单.xlsx：里面的 xl/worksheets/sheet1.xml 列数太多（最多 1024 列）");
}

static bool holds(tb_str s, const char *word) {
    for (uint32_t i = 0; i + strlen(word) <= s.n; i++)
        if (memcmp(s.p + i, word, strlen(word)) == 0) return true;
    return false;
}

/* From a workbook: two sheets, merged cells, a day. Then: two matters, and materials that say not whose they are. */
static void books_drafted(void) {
    static const char *const wanted[] = {"事项 公共场所卫生许可：", "生效 2026-03-01，适用 申请日。", "承诺期限 8个工作日，", "\n  「申请表」 必要", "\n  平面图 必要"};
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_grids grids = {0};
    tb_draft_source source;
    tb_str error;
    tb_draft_world world = world_for(true);
    CHECK_INT(tb_sheet_read(a, save_book(-1, NULL), TB_LANG_ZH, &grids, &error), TB_OK);
    if (CHECK_INT(tb_draft_read(a, &grids, TB_LANG_ZH, &source), TB_OK) && CHECK_INT(source.matters.count, 1)) {
        tb_str text = tb_draft_write(a, &source.matters.items[0], &world)->text;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) CHECK(holds(text, wanted[i]));
        sound(text, true);
    }
    grids.count = 0;
    CHECK_INT(tb_sheet_read(a, save("两个.csv", BYTES("事项名称,办件类型\n甲,1\n乙,2\n")), TB_LANG_ZH, &grids, &error), TB_OK);
    CHECK_INT(tb_sheet_read(a, save("材料.csv", BYTES("材料名称,必要性\n申请表,必要\n")), TB_LANG_ZH, &grids, &error), TB_OK);
    CHECK_INT(tb_draft_read(a, &grids, TB_LANG_ZH, &source), TB_FAILED);
    CHECK_STR(tb_str_copy(a, shown(a, source.error)).p, "材料.csv 第 1 行：材料表里没有 事项名称（task_name）或 实施编码（task_code）一列，分不清材料是 2 "
                                                        "个事项里哪一个的");
    tb_arena_free(a);
}

/* Limits end in a message that says where. */
static void limits(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_buf b;
    tb_grids grids = {0};
    tb_draft_source source;
    tb_str error;
    tb_buf_init(&b, a);
    tb_puts(&b, "事项名称,备注\n");
    for (int i = 0; i <= TB_DRAFT_OTHERS; i++) tb_putf(&b, "甲,第%d条\n", i);
    CHECK_INT(tb_sheet_read(a, save("长.csv", tb_buf_str(&b)), TB_LANG_ZH, &grids, &error), TB_OK);
    CHECK_INT(tb_draft_read(a, &grids, TB_LANG_ZH, &source), TB_FAILED);
    CHECK_STR(tb_str_copy(a, shown(a, source.error)).p,
              "长.csv 第 2002 行 B 列：一个事项的其他内容超过 2000 个，分不清是不是都属于它");
    b.n = 0;
    for (int i = 0; i <= TB_SHEET_COLUMNS; i++) tb_puts(&b, "x,");
    CHECK_INT(tb_sheet_read(a, save("宽.csv", tb_buf_str(&b)), TB_LANG_ZH, &grids, &error), TB_FAILED);
    CHECK_STR(tb_str_copy(a, shown(a, error)).p, "宽.csv：第 1 行超过 1024 列");
    b.n = 0;
    for (int i = 0; i <= TB_SHEET_CELL; i++) tb_puts(&b, "x");
    CHECK_INT(tb_sheet_read(a, save("大.csv", tb_buf_str(&b)), TB_LANG_EN, &grids, &error), TB_FAILED);
    CHECK_STR(tb_str_copy(a, shown(a, error)).p, "大.csv: row 1, column 1 is larger than 256 KiB");
    tb_arena_free(a);
}

/* Every book cut short, and with bytes changed: read, or a message; never a crash. */
static void damaged(uint64_t *seed) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_str good = tb_str_copy(a, read_all(a, save_book(-1, NULL)));
    uint32_t failed = 0, tries = 400;
    for (uint32_t i = 0; i < tries; i++) {
        tb_arena *b = tb_arena_new(NULL, 0);
        tb_str bad = tb_str_copy(b, good), error = TB_NONE;
        tb_grids grids = {0};
        if (i % 2) bad.n = 4 + below(seed, good.n - 4);
        else
            for (uint32_t k = 0; k <= i % 5; k++) ((char *)bad.p)[4 + below(seed, good.n - 4)] = (char)dice(seed);
        int result = tb_sheet_read(b, save("坏.xlsx", bad), TB_LANG_ZH, &grids, &error);
        failed += result != TB_OK;
        if (result) CHECK(error.n > 0);
        tb_arena_free(b);
    }
    CHECK(failed > tries / 4);
    tb_arena_free(a);
}

/* A small archive of a very large part is refused before it is unpacked. */
static void bomb(void) {
    int error;
    const char *path = path_of("大.xlsx");
    zip_t *z = zip_open(path, ZIP_CREATE, &error);
    size_t n = (size_t)TB_SHEET_PART + 1;
    char *blanks = malloc(n);
    memset(blanks, ' ', n);
    zip_source_t *s = zip_source_buffer(z, blanks, n, 0);
    CHECK(s && zip_file_add(z, "xl/workbook.xml", s, 0) >= 0 && zip_close(z) == 0);
    free(blanks);
    tb_arena *a = tb_arena_new(NULL, 64 << 20);
    tb_grids grids = {0};
    tb_str message = TB_NONE;
    CHECK_INT(tb_sheet_read(a, path, TB_LANG_ZH, &grids, &message), TB_FAILED);
    CHECK_STR(tb_str_copy(a, shown(a, message)).p, "大.xlsx：里面的 xl/workbook.xml 展开后超过 128 MiB");
    tb_arena_free(a);
}

/* ---- random tables ---- */

static const char *const headers[] = {
#define X(name, group, field, words) field, words,
#include "draft/columns.def"
#undef X
    "序号", "备注", "", "随便什么"};
static const char *const cells[] = {
    "", "", "", "无", "0", "1", "2", "3", "是", "否", "20", "20个工作日", "自受理之日起二十个工作日内", "15日", "30个自然日", "4小时", "16个工作小时", "2个月", "1年", "99999999", "5.0",
    "视情况而定", "当场办结", "行政许可", "行政确认", "行政给付", "公共服务", "07", "01-行政许可", "即办件", "承诺件", "枣庄市市中区行政审批服务局", "某某局", "全程网办", "窗口办理,网上办理",
    "《行政许可法》第四十二条第一款", "《某办法》（2019年修正）第12条第2款；《另一办法》", "《坏《套》第条", "《》", "《甲》第一百零三条之二", "《甲》第十二二条", "《乙》第３条", "“引号”「括号」",
    "的", "材料齐全的", "决定之前", "环节", "决定", "受理", "20个工作日", "第三条", "a.b-c", "-3", "申请表\n第二行", "营业执照（副本）", "#注释", "，。：、；", "\t \x01\x7f", "听证（30日）；专家评审，现场勘验",
    "检验、检测、检疫，依《进出口条例》第三条", "2026-10-01", "2030/1/1", "1979年1月1日", "自然人,企业法人", "受理通知书", "许可证、批文|证书", "不予许可决定书", "必要", "非必要", "容缺后补", "电子证照，免于提交", "全省",
    "需本人到场核验\n身份", "𠀀𠀁", "ＡＢ１", "事项名称", "材料名称", "名", "终止办理通知书", "送达回证", "准予许可", "「", "」", "“", "”", "《", "》"};
#define COUNT(list) (uint32_t)(sizeof(list) / sizeof *(list))

static tb_str long_text(tb_arena *a, uint64_t *seed) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t n = 1 + below(seed, 200); n; n--) tb_puts(&b, cells[below(seed, COUNT(cells))]);
    return tb_buf_str(&b);
}

static tb_str random_header(tb_arena *a, uint64_t *seed) {
    tb_str words = tb_str_z(headers[below(seed, COUNT(headers))]);
    uint32_t parts = 1, pick, from = 0;
    for (uint32_t i = 0; i < words.n; i++) parts += words.p[i] == '|';
    pick = below(seed, parts);
    while (pick) pick -= words.p[from++] == '|';
    uint32_t to = from;
    while (to < words.n && words.p[to] != '|') to++;
    return tb_str_printf(a, "%s%.*s%s", below(seed, 10) ? "" : "*", (int)(to - from), words.p + from, below(seed, 10) ? "" : "（必填）：");
}

static tb_grid random_grid(tb_arena *a, uint64_t *seed, bool matters) {
    tb_grid g = {.file = TB_STR("随机.csv"), .name = matters ? TB_NONE : TB_STR("材料")};
    uint32_t columns = 1 + below(seed, 30), rows = 2 + below(seed, 8);
    for (uint32_t r = 0; r < rows; r++) {
        tb_row row = {.number = r + 1, .count = columns, .cells = TB_NEW_ARRAY(a, columns, tb_str)};
        for (uint32_t c = 0; c < columns; c++)
            row.cells[c] = r == 0               ? random_header(a, seed)
                           : below(seed, 40) == 0 ? long_text(a, seed)
                                                  : tb_str_z(cells[below(seed, COUNT(cells))]);
        if (r == 0 && below(seed, 8)) row.cells[below(seed, columns)] = tb_str_z(matters ? "事项名称" : "材料名称");
        *TB_PUSH(a, g.rows) = row;
    }
    return g;
}

static void random_tables(uint64_t *seed, int count) {
    uint32_t drafted = 0, refused = 0;
    for (int i = 0; i < count; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        uint64_t begin = *seed;
        tb_grids grids = {0};
        tb_draft_source source;
        *TB_PUSH(a, grids) = random_grid(a, seed, true);
        if (below(seed, 2)) *TB_PUSH(a, grids) = random_grid(a, seed, false);
        bool ok = true;
        if (tb_draft_read(a, &grids, TB_LANG_ZH, &source)) ok = CHECK(source.error.n > 0), refused++;
        else
            for (uint32_t k = 0; k < source.matters.count && k < 2 && ok; k++) {
                tb_draft_world world = world_for(true);
                world.today = TODAY - 4000 + (int32_t)below(seed, 5000); /* on holidays, before and after the calendars */
                if (below(seed, 2)) world.service = below(seed, 2) ? TB_STR("即办件") : TB_STR("承诺件");
                ok = sound(tb_draft_write(a, &source.matters.items[k], &world)->text, false);
                drafted++;
            }
        if (!ok) fprintf(stderr, "TB_SEED=%llu\n", (unsigned long long)begin);
        tb_arena_free(a);
        if (!ok) return;
    }
    printf("test_draft: %u drafted, %u refused\n", drafted, refused);
    CHECK(drafted > (uint32_t)count / 3);
}

/* Random bytes and random CSV texts: rows, or a message. */
static void random_texts(uint64_t *seed) {
    static const char *const bits[] = {"\"", "\"\"", ",", "\n", "\r\n", "\t", ";", "甲", "\xB0\xEC", "\xFF", "a", " ", "事项名称"};
    for (int i = 0; i < 300; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_buf b;
        tb_grids grids = {0};
        tb_draft_source source;
        tb_str error = TB_NONE;
        tb_buf_init(&b, a);
        for (uint32_t n = below(seed, 60); n; n--) tb_puts(&b, bits[below(seed, COUNT(bits))]);
        if (tb_sheet_read(a, save("乱.csv", tb_buf_str(&b)), TB_LANG_ZH, &grids, &error)) CHECK(error.n > 0);
        else if (tb_draft_read(a, &grids, TB_LANG_EN, &source)) CHECK(source.error.n > 0);
        tb_arena_free(a);
    }
}

/* ---- from a name ---- */

static void blanks(void) {
    static const char *const names[] = {"老年优待证申领", "环节", "建设工程（新办）", "决定之前", "「坏」名\n称", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int k = 0; k < 3; k++) {
            tb_arena *a = tb_arena_new(NULL, 0);
            tb_draft_world world = world_for(true);
            if (k) world.service = k == 1 ? TB_STR("即办件") : TB_STR("承诺件");
            sound(tb_draft_blank(a, tb_str_z(names[i]), &world)->text, true);
            tb_arena_free(a);
        }
}

/* Memory that runs out while a book is read leaks nothing (the sanitizer looks) and ends cleanly. */
struct scarce {
    int left;
};
static void *take(void *user, size_t n) { return ((struct scarce *)user)->left-- > 0 ? malloc(n) : NULL; }
static void give(void *user, void *p) {
    (void)user;
    free(p);
}
struct reading {
    tb_arena *a;
    const char *path;
};
static int read_work(void *arg) {
    struct reading *r = arg;
    tb_grids grids = {0};
    tb_draft_source source;
    tb_str error;
    if (tb_sheet_read(r->a, r->path, TB_LANG_ZH, &grids, &error)) return TB_FAILED;
    if (tb_draft_read(r->a, &grids, TB_LANG_ZH, &source)) return TB_FAILED;
    tb_draft_world world = world_for(false);
    tb_draft_write(r->a, &source.matters.items[0], &world);
    return TB_OK;
}
static void memory(void) {
    struct reading r = {.path = save_book(-1, NULL)};
    int result = TB_NOMEM, n = 1;
    for (; result == TB_NOMEM && n < 1000; n++) {
        struct scarce scarce = {n};
        r.a = tb_arena_new(&(tb_allocator){take, give, &scarce}, 0);
        result = r.a ? tb_try(r.a, read_work, &r) : TB_NOMEM;
        tb_arena_free(r.a);
    }
    CHECK_INT(result, TB_OK);
    CHECK(n > 2);
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
    int count = argc > 1 && !update ? atoi(argv[1]) : 300;
    uint64_t seed = seed_of("test_draft");
    if (!CHECK(mkdtemp(dir) != NULL)) return check_end();
    world_begin(&rules);
    world_add(&rules, "rules/组织");
    world_add(&rules, "rules/日历");
    if (CHECK_INT(world_compile(&rules), TB_OK) && CHECK_INT(rules.rules->diagnostics.errors, 0)) {
        run_case_files("tests/draft", update, answer);
        if (!update) {
            encodings();
            books();
            books_drafted();
            limits();
            damaged(&seed);
            bomb();
            memory();
            blanks();
            random_texts(&seed);
            random_tables(&seed, count);
        }
    }
    world_end(&rules);
    tb_arena *a = tb_arena_new(NULL, 0);
    CHECK_INT(system(tb_str_printf(a, "rm -r %s", dir).p), 0);
    tb_arena_free(a);
    return check_end();
}
