/* Inside engine/draft/ only: what the sheet's cells mean (values.c), and texts (texts.c). */
#ifndef TB_DRAFT_WORK_H
#define TB_DRAFT_WORK_H
#include "draft.h"
#include "tree.h"

/* ---- texts ---- */
typedef TB_LIST(tb_str) tb__strs;
tb_str tb__trim(tb_str s); /* white space of both ends, the ideographic one too */
bool tb__has(tb_str s, const char *word);
bool tb__has_any(tb_str s, const char *words); /* separated by bars */
bool tb__is_any(tb_str s, const char *words);
void tb__split(tb_arena *a, tb_str s, tb__strs *out); /* at 、，；| and line ends; trimmed, empty ones left out */
bool tb__has_code(tb_arena *a, tb_str s, const char *codes); /* is one of its parts (1,2) one of these? */
/* A text as one name of the language: 「…」 when it needs them, without what a name cannot hold, cut at TB_NAME_BYTES. */
tb_str tb__name(tb_arena *a, tb_str s);
tb_str tb__quote(tb_arena *a, tb_str s, uint32_t most); /* “…”, on one line, at most so many bytes */
void tb__comment(tb_buf *b, const char *indent, const char *label, tb_str text); /* lines that begin with # */

/* ---- values ---- */
tb_str tb__kind_of(tb_str cell);    /* 行政许可 …; empty: not known */
tb_str tb__service_of(tb_str cell); /* 即办件, 承诺件; empty: not known */
enum tb__yes { TB__SILENT, TB__NO, TB__YES };
enum tb__yes tb__yes_of(tb_str cell);
struct tb__limit {
    enum { TB__LIMIT_SILENT, TB__LIMIT_NONE, TB__LIMIT_ZERO, TB__LIMIT_N, TB__LIMIT_UNREAD } state;
    int n;
    enum tb_unit_word unit;
    bool unit_said;
};
struct tb__limit tb__limit_of(tb_str day, tb_str unit);
/* The laws a text cites, written as the language writes them: 《某法》第四十二条第一款. At most `most`. */
void tb__laws(tb_arena *a, tb_str text, uint32_t most, tb__strs *out);
bool tb__date_in(tb_str s, int32_t *day); /* 2026-01-01, 2026/1/1, 2026年1月1日, 20260101; more may follow */
#endif
