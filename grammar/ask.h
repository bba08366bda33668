/* What an editor asks about a place in a text: what may come here, what is said here, what would put an error right.
 *
 * All answers come from the tables of the language (clauses.def, parts.def, names.def, keywords.def) and the trees; nothing here knows a clause by
 * heart but where Chinese writes no keyword first. Pure: texts in, texts out; places are byte offsets. Under tb_try(). */
#ifndef TB_ASK_H
#define TB_ASK_H
#include "names.h"

typedef struct tb_ask { /* what was read: the text asked about, and others it may name things of */
    tb_arena *arena;
    const tb_sources *sources;
    const tb_tree *const *trees; /* by file */
    uint32_t count;
    enum tb_lang lang; /* of the answers */
} tb_ask;

/* The language a text is written in; of one that holds nothing yet: Chinese. */
enum tb_lang tb_words_of(tb_str text);

/* ---- what may come here ---- */
enum tb_offer_kind { TB_OFFER_HEADING = 1, TB_OFFER_CLAUSE, TB_OFFER_PART, TB_OFFER_NAME, TB_OFFER_LAW, TB_OFFER_WORD };
typedef struct tb_offer {
    enum tb_offer_kind kind;
    tb_str label, text; /* what is shown; what is written */
    tb_str detail;      /* may be empty */
} tb_offer;
typedef struct tb_offers {
    TB_LIST(tb_offer) list; /* in order of use: what the place asks for first */
    tb_span replace;        /* the word begun, which an offer replaces; empty at the place when none was */
} tb_offers;
tb_offers tb_offers_at(const tb_ask *ask, uint32_t file, uint32_t offset);

/* ---- where, and what ---- */
/* The place that defines what stands at an offset: a name, a law's article, a template in another file. TB_NO_SPAN: none.
 * 引用 paths are the caller's: see tb_reference_at. */
tb_span tb_definition_at(const tb_ask *ask, uint32_t file, uint32_t offset);
const tb_name *tb_reference_at(const tb_tree *t, uint32_t offset); /* NULL: none */
/* What is to be said about the place, as Markdown; empty: nothing. `about`: the words it is about. */
tb_str tb_hover_at(const tb_ask *ask, uint32_t file, uint32_t offset, tb_span *about);

/* ---- quick fixes ---- */
typedef struct tb_fix {
    tb_str title;
    tb_edit edit;
} tb_fix;
typedef TB_LIST(tb_fix) tb_fixes;
/* What would put a diagnostic of the file right by one edit; none when it takes thought. */
tb_fixes tb_fixes_of(const tb_ask *ask, const tb_diagnostic *d);
#endif
