/* Saying what is wrong: the message table, the caret, JSON. See diagnostic.h. */
#include "diagnostic.h"
#include <string.h>

static const struct entry {
    int number;
    enum tb_severity severity;
    const char *zh, *zh_hint, *en, *en_hint;
} entries[TB_CODE_COUNT] = {
#define X(name, number, severity, zh, zh_hint, en, en_hint) \
    [TB_E_##name] = {number, severity, zh, zh_hint, en, en_hint},
#include "diagnostics.def"
#undef X
};

static const struct entry *entry_of(enum tb_code code) {
    return &entries[code > TB_CODE_NONE && code < TB_CODE_COUNT ? code : TB_CODE_NONE];
}

void tb_diagnostics_init(tb_diagnostics *d, tb_arena *a) { *d = (tb_diagnostics){.arena = a}; }

tb_diagnostic *tb_report(tb_diagnostics *d, enum tb_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2) {
    if (tb_code_severity(code) == TB_ERROR) d->errors++;
    else if (tb_code_severity(code) == TB_WARNING) d->warnings++;
    tb_diagnostic *slot;
    if (d->list.count < TB_DIAGNOSTIC_LIMIT) {
        slot = TB_PUSH(d->arena, d->list);
    } else { /* counted, and answered a place that nobody prints */
        d->dropped++;
        slot = TB_NEW(d->arena, tb_diagnostic);
    }
    if (!slot) return NULL;
    *slot = (tb_diagnostic){.code = code, .span = span, .other = TB_NO_SPAN, .values = {v0, v1, v2, {"", 0}},
                            .expected = {"", 0}, .hint = {"", 0}, .hint_en = {"", 0}};
    return slot;
}

static bool later(const tb_diagnostic *x, const tb_diagnostic *y) {
    return x->span.file != y->span.file ? x->span.file > y->span.file : x->span.from > y->span.from;
}

void tb_diagnostics_keep(tb_diagnostics *d, uint32_t from) {
    for (uint32_t i = from; i < d->list.count; i++) {
        tb_diagnostic *x = &d->list.items[i];
        for (int k = 0; k < TB_DIAGNOSTIC_VALUES; k++) x->values[k] = tb_str_copy(d->arena, x->values[k]);
        x->expected = tb_str_copy(d->arena, x->expected);
        x->hint = tb_str_copy(d->arena, x->hint);
        x->hint_en = tb_str_copy(d->arena, x->hint_en);
    }
}

void tb_diagnostics_sort(tb_diagnostics *d) { /* insertion: at most TB_DIAGNOSTIC_LIMIT, and nearly sorted */
    for (uint32_t i = 1; i < d->list.count; i++) {
        tb_diagnostic moving = d->list.items[i];
        uint32_t j = i;
        for (; j > 0 && later(&d->list.items[j - 1], &moving); j--) d->list.items[j] = d->list.items[j - 1];
        d->list.items[j] = moving;
    }
}

int tb_code_number(enum tb_code code) { return entry_of(code)->number; }

const char *tb_code_text(enum tb_code code, char out[8]) {
    int n = tb_code_number(code);
    memcpy(out, "TB0000", 7);
    for (int i = 5; i > 1; i--, n /= 10) out[i] = (char)('0' + n % 10);
    return out;
}

enum tb_severity tb_code_severity(enum tb_code code) { return entry_of(code)->severity; }

/* A text of the table with its {0} {1} … filled in; a long value is cut, so that a message stays one line. */
static tb_str filled(tb_arena *a, const char *text, const tb_diagnostic *d) {
    enum { LONGEST = 240 };
    tb_buf b;
    tb_buf_init(&b, a);
    for (const char *p = text ? text : ""; *p; p++) {
        if (p[0] != '{' || p[1] < '0' || p[1] >= '0' + TB_DIAGNOSTIC_VALUES || p[2] != '}') {
            tb_put(&b, p, 1);
            continue;
        }
        tb_str v = d->values[p[1] - '0'];
        uint32_t n = v.n;
        if (n > LONGEST)
            for (n = LONGEST; n > 0 && ((unsigned char)v.p[n] & 0xC0) == 0x80;) n--;
        for (uint32_t i = 0; i < n; i++) /* no control character reaches a terminal through a message */
            tb_put(&b, (unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7F ? " " : v.p + i, 1);
        if (n < v.n) tb_puts(&b, "…");
        p += 2;
    }
    return tb_buf_str(&b);
}

tb_str tb_diagnostic_message(tb_arena *a, const tb_diagnostic *d, enum tb_lang lang) {
    const struct entry *e = entry_of(d->code);
    return filled(a, lang == TB_LANG_EN ? e->en : e->zh, d);
}

tb_str tb_diagnostic_hint(tb_arena *a, const tb_diagnostic *d, enum tb_lang lang) {
    const struct entry *e = entry_of(d->code);
    if (lang == TB_LANG_EN && d->hint_en.n) return d->hint_en;
    return d->hint.n ? d->hint : filled(a, lang == TB_LANG_EN ? e->en_hint : e->zh_hint, d);
}

/* The language of the text, unless there is a wish; Chinese when there is no text to tell, or nothing in it. */
static enum tb_lang language(const tb_sources *s, const tb_diagnostic *d, enum tb_lang wish) {
    if (wish != TB_LANG_AUTO) return wish;
    bool none = d->span.file >= s->list.count || d->code == TB_E_NOTHING;
    bool chinese = none || tb_source_chinese(s->list.items[d->span.file].text);
    return chinese ? TB_LANG_ZH : TB_LANG_EN;
}

/* ---- for people ---- */

struct paint { const char *error, *warning, *note, *strong, *weak, *off; };
static const struct paint plain = {"", "", "", "", "", ""};
static const struct paint coloured = {"\033[1;31m", "\033[1;33m", "\033[1;36m", "\033[1m", "\033[2m", "\033[0m"};

static void spaces(tb_buf *out, uint32_t n) {
    while (n--) tb_puts(out, " ");
}

/* The line as a terminal will show it: tabs as blanks up to the next stop, what is not text as “·” or U+FFFD, one
 * cell each, so that the caret below stands where tb_cells() says. Long lines show the stretch around the place. */
static void shown(tb_buf *out, tb_str text) {
    uint32_t cells = 0;
    for (uint32_t i = 0; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        uint32_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
        if (n > text.n - i) n = 0;
        for (uint32_t k = 1; k < n; k++)
            if (((unsigned char)text.p[i + k] & 0xC0) != 0x80) n = 0;
        if (c == '\t') {
            uint32_t to = (cells / 8 + 1) * 8;
            spaces(out, to - cells);
            cells = to;
        } else if (n == 1 && (c < 0x20 || c == 0x7F)) { /* a control character is no cell (see cells_from) */
        } else if (n == 0) {
            tb_puts(out, "\xEF\xBF\xBD");
            cells++;
        } else {
            tb_put(out, text.p + i, n);
            cells += tb_cells((tb_str){text.p + i, n});
        }
        i += n ? n : 1;
    }
}

/* Moves an offset in a line back to the start of a character. */
static uint32_t whole(tb_str line, uint32_t at) {
    while (at > 0 && at < line.n && ((unsigned char)line.p[at] & 0xC0) == 0x80) at--;
    return at;
}

static void print_place(tb_buf *out, const tb_sources *s, tb_span span, const struct paint *c, const char *mark) {
    enum { WINDOW = 360, BEFORE = 180 }; /* bytes of a line shown */
    const tb_source *in = &s->list.items[span.file];
    tb_place_in at = tb_source_place(s, span.file, span.from);
    tb_str line = tb_source_line(in, at.line);
    uint32_t start = in->line_start[at.line - 1], from = span.from - start;
    uint32_t to = span.to > span.from ? span.to - start : from;
    if (from > line.n) from = line.n;
    if (to > line.n) to = line.n; /* a stretch over several lines is marked on its first */
    uint32_t left = 0, right = line.n;
    if (line.n > WINDOW) {
        left = from > BEFORE ? whole(line, from - BEFORE) : 0;
        right = line.n - left > WINDOW ? whole(line, left + WINDOW) : line.n;
        if (to > right) to = right;
    } else if (at.line == 1 && tb_str_starts(line, "\xEF\xBB\xBF")) {
        left = 3;
    }
    if (from < left) from = left;
    if (to < from) to = from;
    char number[16];
    uint32_t digits = 0;
    for (uint32_t n = at.line; n || !digits; n /= 10) number[digits++] = (char)('0' + n % 10);
    spaces(out, digits < 4 ? 4 - digits : 0);
    tb_puts(out, c->weak);
    for (uint32_t i = digits; i > 0; i--) tb_put(out, &number[i - 1], 1);
    tb_puts(out, " | ");
    tb_puts(out, c->off);
    shown(out, (tb_str){line.p + left, right - left});
    tb_puts(out, "\n");
    spaces(out, digits > 4 ? digits : 4);
    tb_puts(out, c->weak);
    tb_puts(out, " | ");
    tb_puts(out, c->off);
    spaces(out, tb_cells((tb_str){line.p + left, from - left}));
    uint32_t before = tb_cells((tb_str){line.p + left, from - left});
    uint32_t upto = tb_cells((tb_str){line.p + left, to - left});
    tb_puts(out, mark);
    for (uint32_t i = before; i == before || i < upto; i++) tb_puts(out, "^");
    tb_puts(out, c->off);
    tb_puts(out, "\n");
}

static void labelled(tb_buf *out, const struct paint *c, const char *label, tb_str text) {
    if (!text.n) return;
    tb_puts(out, "     = ");
    tb_puts(out, c->strong);
    tb_puts(out, label);
    tb_puts(out, c->off);
    tb_putstr(out, text);
    tb_puts(out, "\n");
}

void tb_diagnostic_print(tb_buf *out, const tb_sources *s, const tb_diagnostic *d, enum tb_lang lang, bool colour) {
    lang = language(s, d, lang);
    bool en = lang == TB_LANG_EN, placed = d->span.file < s->list.count;
    const struct paint *c = colour ? &coloured : &plain;
    enum tb_severity severity = tb_code_severity(d->code);
    const char *mark = severity == TB_ERROR ? c->error : severity == TB_WARNING ? c->warning : c->note;
    static const char *const words[2][4] = {{"", "错误", "警告", "说明"}, {"", "error", "warning", "note"}};
    char code[8];
    if (placed) {
        tb_place_in at = tb_source_place(s, d->span.file, d->span.from);
        tb_putf(out, "%s%.*s:%u:%u:%s ", c->strong, TB_FMT(s->list.items[d->span.file].path), at.line, at.column,
            c->off);
    }
    tb_putf(out, "%s%s %s%s%s", mark, words[en][severity], tb_code_text(d->code, code), c->off, en ? ": " : "：");
    tb_putstr(out, tb_diagnostic_message(out->arena, d, lang));
    tb_puts(out, "\n");
    if (placed) print_place(out, s, d->span, c, mark);
    labelled(out, c, en ? "expected: " : "这里可以写：", d->expected);
    labelled(out, c, en ? "hint: " : "提示：", tb_diagnostic_hint(out->arena, d, lang));
    if (d->other.file < s->list.count) {
        tb_place_in at = tb_source_place(s, d->other.file, d->other.from);
        tb_putf(out, "     = %s%.*s:%u:%u%s\n", en ? "see also " : "另见 ", TB_FMT(s->list.items[d->other.file].path),
            at.line, at.column, en ? ":" : "：");
        print_place(out, s, d->other, c, c->note);
    }
}

void tb_diagnostics_print(tb_buf *out, const tb_sources *s, const tb_diagnostics *d, enum tb_lang lang, bool colour) {
    for (uint32_t i = 0; i < d->list.count; i++) {
        if (i) tb_puts(out, "\n");
        tb_diagnostic_print(out, s, &d->list.items[i], lang, colour);
    }
    if (d->dropped) {
        bool en = d->list.count && language(s, &d->list.items[0], lang) == TB_LANG_EN;
        tb_putf(out, en ? "\n… and %u more\n" : "\n……另有 %u 处，改好上面的再查\n", d->dropped);
    }
}

/* ---- for programs ---- */

/* What is not UTF-8 is replaced: JSON must be valid whatever the source holds. */
static void json_text(tb_buf *out, tb_str t) {
    tb_puts(out, "\"");
    for (uint32_t i = 0; i < t.n;) {
        unsigned char c = (unsigned char)t.p[i];
        uint32_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
        if (n > t.n - i) n = 0;
        for (uint32_t k = 1; k < n; k++)
            if (((unsigned char)t.p[i + k] & 0xC0) != 0x80) n = 0;
        unsigned char next = n > 1 ? (unsigned char)t.p[i + 1] : 0; /* overlong, surrogate, beyond U+10FFFF */
        if (n == 3 && ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F))) n = 0;
        if (n == 4 && ((c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F))) n = 0;
        if (n == 0) tb_puts(out, "\\ufffd");
        else if (c == '"' || c == '\\') tb_putf(out, "\\%c", c);
        else if (c == '\n') tb_puts(out, "\\n");
        else if (c < 0x20 || c == 0x7F) tb_putf(out, "\\u%04x", c);
        else tb_put(out, t.p + i, n);
        i += n ? n : 1;
    }
    tb_puts(out, "\"");
}

static void json_place(tb_buf *out, const tb_sources *s, tb_span span) {
    tb_place_in from = tb_source_place(s, span.file, span.from);
    tb_place_in to = tb_source_place(s, span.file, span.to > span.from ? span.to : span.from);
    tb_puts(out, "\"file\":");
    json_text(out, s->list.items[span.file].path);
    tb_putf(out, ",\"line\":%u,\"column\":%u,\"utf16\":%u,\"cell\":%u", from.line, from.column, from.utf16 + 1,
            from.cells + 1);
    tb_putf(out, ",\"endLine\":%u,\"endColumn\":%u,\"endUtf16\":%u,\"endCell\":%u", to.line, to.column, to.utf16 + 1,
            to.cells + 1);
}

void tb_diagnostics_json(tb_buf *out, const tb_sources *s, const tb_diagnostics *d, enum tb_lang lang) {
    static const char *const severities[] = {"", "error", "warning", "note"};
    tb_puts(out, "[");
    for (uint32_t i = 0; i < d->list.count; i++) {
        const tb_diagnostic *x = &d->list.items[i];
        enum tb_lang in = language(s, x, lang);
        char code[8];
        tb_putf(out, "%s{\"code\":\"%s\",\"severity\":\"%s\",", i ? "," : "", tb_code_text(x->code, code),
            severities[tb_code_severity(x->code)]);
        if (x->span.file < s->list.count) {
            json_place(out, s, x->span);
            tb_puts(out, ",");
        }
        tb_puts(out, "\"message\":");
        json_text(out, tb_diagnostic_message(out->arena, x, in));
        tb_puts(out, ",\"hint\":");
        json_text(out, tb_diagnostic_hint(out->arena, x, in));
        tb_puts(out, ",\"expected\":");
        json_text(out, x->expected);
        tb_puts(out, ",\"related\":[");
        if (x->other.file < s->list.count) {
            tb_puts(out, "{");
            json_place(out, s, x->other);
            tb_puts(out, "}");
        }
        tb_puts(out, "]}");
    }
    tb_puts(out, "]");
}
