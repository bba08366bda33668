/* The names of a text: where each is defined and where it is used. What an editor asks ("what is this", "where else is it", "call it otherwise") is
 * answered from these lists.
 *
 * What a name is a name of follows from where it stands (names.def). A name belongs to a scope: steps, posts, fields … to their matter or template,
 * the names of matters, templates, tables, interfaces, laws and organs to everyone. Some names are made of others: 最近一次收到材料, 受理日 and
 * 属地收到 hold 收到材料, 受理 and 属地; their uses say which stretch of the text is the name meant. */
#ifndef TB_NAMES_H
#define TB_NAMES_H
#include "tree.h"

enum tb_sort_number {
#define SORT(name, zh, en) TB__N_##name,
#include "names.def"
    TB_SORTS
};
enum tb_sort { /* bits: where a name stands may allow several */
               TB_NO_SORT = 0,
#define SORT(name, zh, en) TB_N_##name = 1u << TB__N_##name,
#include "names.def"
};
const char *tb_sort_word(enum tb_sort sort, enum tb_lang lang); /* of one bit */
/* Names the language gives to a sort, in the order of names.def; NULL after the last. */
const char *tb_fixed_name_of(enum tb_sort sort, uint32_t n, enum tb_lang lang);
bool tb_is_fixed_name(enum tb_sort sort, tb_str name); /* in either language */

typedef struct tb_mention {
    tb_span span; /* the name as written, with 「」 or quotes and 的 or 之前 if they are part of its word */
    tb_str text;  /* without them */
    tb_str stem;  /* the name meant: text, or a stretch of it (属地 in 属地收到) */
    uint32_t may; /* the sorts that may stand here */
    enum tb_sort
        sort; /* the one it is, when it is defined in this text or only one may stand here; else the first of `may` */
    bool defines;
    bool known;     /* defined in this text, or given by the language: sort and stem are sure */
    uint32_t scope; /* 0: known to all; else 1 + the section that begins its matter or template, or its table */
    tb_str owner;   /* of a parameter, column, request, reply, option: what it belongs to; else empty */
    uint32_t section;
    const tb_clause *clause; /* NULL: in the heading */
} tb_mention;
typedef struct tb_mentions {
    const tb_tree *tree;
    const tb_sources *sources;
    TB_LIST(tb_mention) list; /* in order of place */
} tb_mentions;

/* All names of a tree. Under tb_try(). */
tb_mentions tb_mentions_of(tb_arena *a, const tb_sources *s, const tb_tree *t);
/* The use that holds (or touches) a byte; NULL: none. */
const tb_mention *tb_mention_at(const tb_mentions *u, uint32_t offset);
bool tb_mention_same(const tb_mention *a, const tb_mention *b); /* do both mean the same thing, within one text? */
/* The first definition of what a use means in its own text; NULL: none there. */
const tb_mention *tb_mention_definition(const tb_mentions *u, const tb_mention *use);
/* The scope of a section: see tb_mention. */
uint32_t tb_scope_of(const tb_tree *t, uint32_t section);
/* Can a use whose text defines nothing of the kind mean that thing, defined elsewhere? *stem: the stretch of the use that names it. */
bool tb_mention_fits(const tb_mention *use, enum tb_sort sort, tb_str name, tb_str owner, tb_str *stem);
/* 行政许可法 of 中华人民共和国行政许可法: a law is cited with the country or without. */
tb_str tb_law_called(tb_str law);
/* Of the sorts that may stand at one place, the one tried sooner wins: is that `a`? */
bool tb_sort_before(enum tb_sort a, enum tb_sort b);

/* ---- renaming: project.h does it; here is what concerns one name ---- */
typedef struct tb_edit {
    tb_span span;
    tb_str text; /* what stands there afterwards */
} tb_edit;
typedef TB_LIST(tb_edit) tb_edits;

/* The new name without its marks, fit for such a thing. false: *why: it is a keyword, no name, or one that the language gives. */
bool tb_new_name(tb_arena *a, enum tb_sort sort, enum tb_lang lang, tb_str *name, tb_str *why);
/* May such a name be another at all, wherever it is defined? A word of the language may not. */
bool tb_own_name(tb_arena *a, const tb_mentions *u, const tb_mention *use, enum tb_lang lang, tb_str *why);
/* How the word of a use is written when its stem is another: what stood around the stem stays. */
tb_str tb_mention_rewritten(tb_arena *a, const tb_mentions *u, const tb_mention *use, tb_str name);
/* A name as it is written: bare, or in 「」 when it would be read otherwise. Empty: no text of the language can be that name. */
tb_str tb_name_written(tb_arena *a, tb_str name);
#endif
