/* What the tests of rules share: rules from disk or from a text beside the shipped calendar and directory, compiled, ready to step. */
#ifndef TB_TEST_ENGINE_H
#define TB_TEST_ENGINE_H
#include "check.h"
#include "compile.h"
#include "digest.h"
#include "files.h"
#include "scenario.h"
#include <stdlib.h>

typedef struct world {
    tb_arena *a;
    tb_files files;
    tb_resolver resolver;
    tb_str paths[TB_SOURCE_FILES], texts[TB_SOURCE_FILES];
    uint32_t count;
    tb_compile_input in;
    tb_rules *rules;
    tb_env env;
} world;

static inline const tb_calendar *world_calendar(void *user, tb_str name) {
    return tb_rules_calendar(((const world *)user)->rules, name);
}

static inline void world_begin(world *w) {
    memset(w, 0, sizeof *w);
    w->a = tb_arena_new(NULL, 0);
    w->resolver.arena = w->a;
    w->in = (tb_compile_input){
        .paths = w->paths, .texts = w->texts, .resolve = tb_resolve_on_disk, .user = &w->resolver, .sm3 = tb_sm3};
}

static inline void world_text(world *w, tb_str path, tb_str text) {
    w->paths[w->count] = path;
    w->texts[w->count++] = text;
}

/* A file, or all files below a directory, from the disk. */
static inline void world_add(world *w, const char *path) {
    uint32_t before = w->files.list.count;
    if (tb_files_add(w->a, &w->files, path, TB_LANG_ZH) != TB_OK) {
        fprintf(stderr, "%s\n", w->files.error);
        exit(1);
    }
    for (uint32_t i = before; i < w->files.list.count; i++)
        world_text(w, w->files.list.items[i].path, w->files.list.items[i].text);
}

static inline int world_compile(world *w) {
    w->in.count = w->count;
    int result = tb_compile(w->a, &w->in, &w->rules);
    if (result == TB_OK) w->env = (tb_env){w->rules->directory, world_calendar, w};
    return result;
}

static inline tb_str world_diagnostics(world *w, enum tb_lang lang) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    tb_diagnostics_print(&b, &w->rules->sources, &w->rules->diagnostics, lang, false);
    return tb_buf_str(&b);
}

static inline void world_end(world *w) { tb_arena_free(w->a); }

/* ---- a random generator with a seed that is printed (xorshift64*) ---- */
static inline uint64_t dice(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 2685821657736338717u;
}
static inline uint32_t below(uint64_t *seed, uint32_t n) { return n ? (uint32_t)((dice(seed) >> 33) % n) : 0; }
#endif
