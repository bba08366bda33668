/* What is wrong with a text, said to the person who wrote it: code, place, the line, a caret, what was expected,
 * what to write instead.
 *
 * All codes and texts stand in one table (diagnostics.def, an X-macro: code name, number, severity, Chinese,
 * English), with {0} {1} … for the values. The language of a message follows the source (tb_source_chinese), or the
 * user's wish. */
#ifndef TB_DIAGNOSTIC_H
#define TB_DIAGNOSTIC_H
#include "source.h"

enum tb_severity { TB_ERROR = 1, TB_WARNING, TB_NOTE };
enum tb_lang { TB_LANG_AUTO = 0, TB_LANG_ZH, TB_LANG_EN };
enum tb_code {
    TB_CODE_NONE = 0,
#define X(name, number, severity, zh, zh_hint, en, en_hint) TB_E_##name,
#include "diagnostics.def"
#undef X
    TB_CODE_COUNT
};

enum { TB_DIAGNOSTIC_LIMIT = 100 /* kept per run; the rest is counted */, TB_DIAGNOSTIC_VALUES = 4 };

typedef struct tb_diagnostic {
    enum tb_code code;
    tb_span span;
    tb_span other; /* the second place of a conflict; TB_NO_SPAN: none */
    tb_str values[TB_DIAGNOSTIC_VALUES];
    tb_str expected; /* a ready list such as «“，”或“。”»; may be empty */
    tb_str hint;     /* replaces the table's hint when not empty */
    tb_str hint_en;  /* likewise in English; empty: `hint` is in the language of the message already */
} tb_diagnostic;

typedef struct tb_diagnostics {
    tb_arena *arena;
    TB_LIST(tb_diagnostic) list;
    uint32_t errors, warnings, dropped;
    enum tb_lang lang; /* of the words in values and `expected`: the user's wish; TB_LANG_AUTO: as the source */
} tb_diagnostics;

void tb_diagnostics_init(tb_diagnostics *d, tb_arena *a);
/* Adds one; values beyond those given are empty. Answers it for further filling (other, expected, hint); never NULL
 * under tb_try. */
tb_diagnostic *tb_report(tb_diagnostics *d, enum tb_code code, tb_span span, tb_str v0, tb_str v1, tb_str v2);
#define TB_NONE ((tb_str){"", 0})
/* Copies the texts of those from number `from` on into d's own arena: their maker's may then go. */
void tb_diagnostics_keep(tb_diagnostics *d, uint32_t from);
/* Sorts by place (file, offset), stable. */
void tb_diagnostics_sort(tb_diagnostics *d);
/* "TB0123": stable, printed everywhere. */
const char *tb_code_text(enum tb_code code, char out[8]);
int tb_code_number(enum tb_code code); /* 123 of TB0123 */
enum tb_severity tb_code_severity(enum tb_code code);
tb_str tb_diagnostic_message(tb_arena *a, const tb_diagnostic *d, enum tb_lang lang); /* one line, no place */
tb_str tb_diagnostic_hint(tb_arena *a, const tb_diagnostic *d, enum tb_lang lang);    /* may be empty */
/* The full form: path:line:column, message, source line, caret, expected, hint. `colour` for terminals. */
void tb_diagnostic_print(tb_buf *out, const tb_sources *s, const tb_diagnostic *d, enum tb_lang lang, bool colour);
void tb_diagnostics_print(tb_buf *out, const tb_sources *s, const tb_diagnostics *d, enum tb_lang lang, bool colour);
/* A JSON array of objects, as 手册.md promises: "code", "severity" (error, warning, note), the place, "message", "hint" and
 * "expected" (texts, maybe empty), "related" (an array of places). A place is "file" and "line", "column" (code
 * points), "utf16" (UTF-16 units), "cell" (display columns), each with its "end…" twin; all count from 1. */
void tb_diagnostics_json(tb_buf *out, const tb_sources *s, const tb_diagnostics *d, enum tb_lang lang);
#endif
