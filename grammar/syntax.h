/* Inside grammar/ only: what lexer, parser, shape pass and formatter share.
 *
 * The lexer answers tokens for two readers. The parser wants meaning (keywords, names without their marks); the
 * formatter wants everything, comments and unreadable bytes too, each with its place. So one scanner yields all,
 * and the parser's loop skips what is not grammar. The scanner works on a copy of the text in which every byte that
 * is not valid text was replaced by \1 (same length, so offsets stay true): its byte patterns may then rely on
 * well-formed UTF-8. */
#ifndef TB_SYNTAX_H
#define TB_SYNTAX_H
#include "tree.h"

typedef struct tb__at { /* bytes from ≤ b < to of the source being parsed */
    uint32_t from, to;
} tb__at;

typedef struct tb__word { /* a token's value: its text without marks, and what it was written as (TB_V_…) */
    tb_name name;
    int kind;
} tb__word;

typedef struct tb__lexer {
    tb_arena *arena;
    tb_diagnostics *d; /* NULL: stay silent (the formatter) */
    const tb_source *source;
    uint32_t file, at;
    char *copy; /* what flex scans */
    void *scanner;
    int before; /* the last token of grammar (not a comment); 0 at the start */
    uint32_t before_end; /* where it ended */
} tb__lexer;

typedef struct tb__token {
    int kind; /* a token number of the parser; 0 at the end; TB__COMMENT, TB__UNREADABLE */
    tb__at at;
    tb__word word;
    bool opens_line; /* first on its line */
} tb__token;
enum { TB__COMMENT = 10001, TB__UNREADABLE }; /* beyond the parser's token numbers */

void tb__lex_begin(tb__lexer *l, tb_arena *a, tb_diagnostics *d, const tb_source *source, uint32_t file);
tb__token tb__lex_next(tb__lexer *l);

/* The keyword of a text, as a parser token; 0 none. */
int tb__keyword(tb_str word);
/* The longest Chinese keyword that begins a longer word (办理人受理员 → 办理人); an empty text when none does. */
tb_str tb__glued_keyword(tb_str word);
/* The keyword most like a misspelt word, in the word's own script; an empty text when none is near. */
tb_str tb__near_keyword(tb_str word);

/* Values of tokens from their text (which the lexer has checked). */
int32_t tb__date(tb_str text);  /* days since 1970-01-01; INT32_MIN when there is no such day */
int tb__minutes(tb_str text);   /* 09:00 → 540; -1 when there is no such time */
int tb__number(tb_str text);    /* digits at the start; capped at 999999999 */
tb_duration tb__duration(tb_str text);
tb_law_ref tb__law(tb_str text, tb_span span); /* 《X》第四十二条第一款, or the article alone */

typedef struct tb__parse {
    tb_arena *arena;
    const tb_sources *sources;
    uint32_t file;
    tb_diagnostics *d;
    enum tb_lang lang, source_lang; /* of the words in messages, and of the source */
    tb__lexer lexer;
    tb_tree *tree;
    tb__token last[3]; /* the last tokens the parser took, newest first: messages look back at them */
    tb__token next;    /* the one it is about to take */
    uint32_t sentence; /* where the sentence being read began */
    bool too_deep, no_heading; /* said once */
    bool heading_at_margin;    /* the line being read began in column 1 */
} tb__parse;

void tb__parse_run(tb__parse *p);   /* parser.y: fills p->tree */
void tb__shape(tb__parse *p);       /* shape.c: what may stand where; resolves entries to fields, materials,
    documents */
bool tb__takes_clause(enum tb_section_kind in, enum tb_clause_kind k);
int tb__takes_part(enum tb_clause_kind in, enum tb_part_kind k); /* 0 no, 1 once, 2 once and required, 3 any times */
uint32_t tb__sorts_at(bool part, int kind, uint32_t which); /* names.c: sorts of names[which] of a clause or part */
bool tb__rules_sound(void);         /* shape.c: clauses.def can be read; for the tests */
/* 一个工作日, 1 个 工作日: how the period that stands at a place is written; no hint when it does not say which. */
void tb__period_hint(const tb__parse *p, tb_diagnostic *d, tb_span at);
#endif
