/* A guide as one HTML page without outside resources: headings for those who listen, tables whose heads repeat on every
 * printed page, rows that are not torn apart. A4 upright; a picture gets a page of its own, lying. */
#include "guide.h"
#include "draw.h"

enum { LONG = 6 /* lines of a cell */ };

static const char style[] =
    "@page{size:A4;margin:18mm 16mm 20mm}"
    "@page picture{size:A3 landscape;margin:8mm}"
    "body{margin:0 auto;max-width:46em;padding:1.5em;color:#111;background:#fff;line-height:1.6;font:16px/1.6 "
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif}"
    "header{border-bottom:3px solid #8a1c1c;margin-bottom:1em;text-align:center}"
    "h1{font-size:1.9em;margin:.2em 0;letter-spacing:.05em}"
    "header p{margin:.2em 0 .8em;color:#444}"
    "h2{font-size:1.25em;margin:1.6em 0 .5em;padding-left:.5em;border-left:6px solid #8a1c1c}"
    "h3{font-size:1.05em;margin:1.1em 0 .3em}"
    "p{margin:.4em 0}ul{margin:.3em 0 .6em;padding-left:1.5em}li{margin:.15em 0}"
    "table{width:100%;border-collapse:collapse;margin:.5em 0 .8em;table-layout:fixed}"
    "th,td{border:1px solid #777;padding:.35em .55em;text-align:left;vertical-align:top;overflow-wrap:anywhere;"
    "font-size:.94em}"
    "thead th,th[scope=row]{background:#f1ece6;font-weight:600}"
    "td p,th p{margin:0}td p+p{margin-top:.25em}"
    ".open{display:inline-block;margin-left:.4em;padding:0 .35em;border:1px dashed #7a5a00;border-radius:3px;"
    "background:#fff3c4;color:#5c4400;font-size:.78em;line-height:1.5;white-space:nowrap;font-style:normal}"
    "nav{margin:0 0 1em;font-size:.94em}nav ol{columns:2;list-style:none;padding:0;margin:.3em 0}"
    "nav a{color:#1a4e8a;text-decoration:none}nav a:focus,nav a:hover{text-decoration:underline}"
    "footer{margin-top:2em;border-top:1px solid "
    "#777;padding-top:.4em;color:#444;font-size:.82em;overflow-wrap:anywhere}"
    "figure{margin:0;page:picture;break-before:page}figure svg{display:block;max-width:100%;height:auto}"
    "@media print{body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}figure "
    "svg{max-height:275mm;width:auto}thead{display:table-header-group}"
    "tr,li,table.facts{break-inside:avoid}tr.long{break-inside:auto}h2,h3{break-after:avoid}p{orphans:2;widows:2}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

static void put_line(tb_buf *b, const tb_guide_line *l) {
    tb__put_markup(b, l->text, false);
    if (l->open) tb_puts(b, "<em class=\"open\">待核</em>");
}

static void put_cell(tb_buf *b, const tb_guide_cell *c) {
    for (uint32_t i = 0; i < c->lines.count; i++) {
        if (c->lines.count > 1) tb_puts(b, "<p>");
        put_line(b, &c->lines.items[i]);
        if (c->lines.count > 1) tb_puts(b, "</p>");
    }
}

static void put_facts(tb_buf *b, const tb_guide_block *t) {
    tb_puts(b, "<table class=\"facts\"><colgroup><col style=\"width:9em\"/><col/></colgroup><tbody>\n");
    for (uint32_t i = 0; i + 1 < t->cells.count; i += 2) {
        tb_puts(b, "<tr><th scope=\"row\">");
        put_cell(b, &t->cells.items[i]);
        tb_puts(b, "</th><td>");
        put_cell(b, &t->cells.items[i + 1]);
        tb_puts(b, "</td></tr>\n");
    }
    tb_puts(b, "</tbody></table>\n");
}

static void put_columns(tb_buf *b, const tb_guide_block *t) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < t->columns; i++) sum += t->shares[i];
    tb_puts(b, "<colgroup>");
    for (uint32_t i = 0; i < t->columns; i++) tb_putf(b, "<col style=\"width:%u%%\"/>", t->shares[i] * 100 / sum);
    tb_puts(b, "</colgroup>");
}

/* A row that would leave half a page empty may be parted between pages. */
static bool is_long(const tb_guide_block *t, uint32_t at) {
    for (uint32_t i = 0; i < t->columns; i++)
        if (t->cells.items[at + i].lines.count > LONG) return true;
    return false;
}

static void put_table(tb_buf *b, const tb_guide_block *t) {
    tb_puts(b, "<table>");
    put_columns(b, t);
    tb_puts(b, "<thead><tr>");
    for (uint32_t i = 0; i < t->columns; i++) {
        tb_puts(b, "<th scope=\"col\">");
        put_cell(b, &t->cells.items[i]);
        tb_puts(b, "</th>");
    }
    tb_puts(b, "</tr></thead>\n<tbody>\n");
    for (uint32_t i = t->columns; i < t->cells.count; i++) {
        if (i % t->columns == 0) tb_puts(b, is_long(t, i) ? "<tr class=\"long\">" : "<tr>");
        tb_puts(b, "<td>");
        put_cell(b, &t->cells.items[i]);
        tb_puts(b, "</td>");
        if ((i + 1) % t->columns == 0) tb_puts(b, "</tr>\n");
    }
    tb_puts(b, "</tbody></table>\n");
}

static void put_block(tb_buf *b, const tb_guide_block *t, uint32_t section) {
    switch (t->kind) {
    case TB_GUIDE_SECTION:
        tb_putf(b, "<h2 id=\"s%u\">", section);
        tb__put_markup(b, t->title, false);
        tb_puts(b, "</h2>\n");
        break;
    case TB_GUIDE_PART:
        tb_puts(b, "<h3>");
        tb__put_markup(b, t->title, false);
        tb_puts(b, "</h3>\n");
        break;
    case TB_GUIDE_PARAGRAPH:
        tb_puts(b, "<p>");
        put_line(b, &t->cells.items[0].lines.items[0]);
        tb_puts(b, "</p>\n");
        break;
    case TB_GUIDE_LIST:
        tb_puts(b, "<ul>\n");
        for (uint32_t i = 0; i < t->cells.count; i++) {
            tb_puts(b, "<li>");
            put_cell(b, &t->cells.items[i]);
            tb_puts(b, "</li>\n");
        }
        tb_puts(b, "</ul>\n");
        break;
    case TB_GUIDE_FACTS: put_facts(b, t); break;
    case TB_GUIDE_TABLE: put_table(b, t); break;
    }
}

static void put_contents(tb_buf *b, const tb_guide *g) {
    uint32_t section = 0;
    tb_puts(b, "<nav aria-label=\"目录\"><ol>\n");
    for (uint32_t i = 0; i < g->blocks.count; i++) {
        if (g->blocks.items[i].kind != TB_GUIDE_SECTION) continue;
        tb_putf(b, "<li><a href=\"#s%u\">", ++section);
        tb__put_markup(b, g->blocks.items[i].title, false);
        tb_puts(b, "</a></li>\n");
    }
    tb_puts(b, "</ol></nav>\n");
}

void tb_guide_html(tb_buf *b, const tb_guide *g, tb_str picture) {
    uint32_t section = 0;
    tb_puts(b, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\"/>\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    tb__put_markup(b, g->title, false);
    tb_putf(b, "</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>", style);
    tb__put_markup(b, g->title, false);
    tb_puts(b, "</h1>\n<p>");
    tb__put_markup(b, g->subtitle, false);
    tb_puts(b, "</p>\n</header>\n");
    put_contents(b, g);
    tb_puts(b, "<main>\n");
    for (uint32_t i = 0; i < g->blocks.count; i++) {
        section += g->blocks.items[i].kind == TB_GUIDE_SECTION;
        put_block(b, &g->blocks.items[i], section);
    }
    tb_puts(b, "</main>\n<footer><p>");
    tb__put_markup(b, g->foot, false);
    tb_puts(b, "</p></footer>\n");
    if (picture.n) tb_putf(b, "<figure>\n%.*s</figure>\n", TB_FMT(picture)); /* last: a sheet of its own */
    tb_puts(b, "</body>\n</html>\n");
}
