/* From trees to programs, calendars and the directory, with the checks that need the whole: names, types, reachability,
 * that every case can end, that places and posts exist. What fails does not load. */
#ifndef TB_COMPILE_H
#define TB_COMPILE_H
#include "program.h"

typedef void tb_sm3_fn(const void *bytes, size_t n,
                       uint8_t out[32]); /* the digest comes from outside: the engine is pure */

typedef struct tb_compile_input {
    const tb_str *paths, *texts; /* the files to compile: roots */
    uint32_t count;
    /* 引用: finds the file `path` as written in the file `from`. true and the text (kept by the caller for as long as
     * the arena) and its own path; NULL: nothing can be referenced. */
    bool (*resolve)(void *user, tb_str from, tb_str path, tb_str *found_path, tb_str *text);
    void *user;
    tb_sm3_fn *sm3;
    /* Sources that a database holds and that were accepted once. What only later compilers ask (退回 says how often, …) is not asked of them:
     * cases rest on them, and replay must find the same program years later (M4, M5). A check added to the compiler asks
     * this when a sound program of before could fail it. */
    bool stored;
    /* For the checks of places and posts when the roots hold no 组织: NULL skips those checks. */
    const tb_directory *directory;
    enum tb_lang lang; /* of the words in messages: the user's wish; TB_LANG_AUTO (0): as each source */
} tb_compile_input;

typedef struct tb_rules {
    tb_sources sources;
    tb_diagnostics diagnostics;           /* sorted */
    TB_LIST(const tb_program *) programs; /* of the matters without errors */
    TB_LIST(const tb_calendar *) calendars;
    const tb_directory *directory; /* NULL when the roots hold no 组织 */
    TB_LIST(const tb_tree *) trees;
    TB_LIST(const struct tb_listing *) listings; /* of the roots (listing.h) */
    TB_LIST(tb_str) referenced;                  /* paths pulled in by 引用, as resolved */
} tb_rules;

/* The calendar of that name among those compiled; NULL: none. */
const tb_calendar *tb_rules_calendar(const tb_rules *r, tb_str name);
/* TB_OK (also with errors: look at diagnostics.errors), TB_NOMEM, TB_LIMIT. All in `a`, which the caller frees whole.
 */
int tb_compile(tb_arena *a, const tb_compile_input *in, tb_rules **out);
#endif
