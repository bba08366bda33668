/* The registry: three ordered tables (versions by matter and 生效, the same by leaf, worlds by leaf), the latest text
 * of every path, and the making of loads. See registry.h for what a load is and why nothing is ever unloaded.
 *
 * How a load is compiled. The posted files are sorted out by what they hold. 日历 and 组织 together with those already
 * in force make a new world; all others are compiled at once against that world's directory, which yields the
 * diagnostics a person wants to see (all of them, across files). When there are none, each new version is compiled once
 * more alone, from its own file and what that refers to, because this is what will happen at every restart: a version
 * must not depend on what else was in the request. */
#include "registry.h"
#include "digest.h"
#include "proof/proof.h"
#include "reprove.h"
#include "scenario.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct source { /* latest text of a path; path and text are one block of malloc */
    tb_str path, text;
    uint8_t digest[32];
    uint8_t (*before)[32]; /* of the texts it had earlier; malloc */
    uint32_t before_n, before_room;
} source;

struct tb_registry {
    tb_version **versions; /* by matter, then 生效 */
    tb_version **by_leaf;
    uint32_t versions_n, versions_room;
    tb_world **worlds; /* by leaf; the first is the empty one of leaf 0 */
    uint32_t worlds_n, worlds_room;
    source *sources; /* by path */
    uint32_t sources_n, sources_room;
    int64_t last; /* leaf of the last load in here */
};

/* ---- worlds ---- */

static const tb_calendar *world_calendar(void *user, tb_str name) {
    const tb_world *w = user;
    for (uint32_t i = 0; i < w->calendars_n; i++)
        if (tb_str_eq(tb_calendar_name(w->calendars[i]), name)) return w->calendars[i];
    return NULL;
}

/* Under tb_try(a). What has errors still makes a world; the caller looks at *rules. */
static tb_world *make_world(tb_arena *a, const tb_str *paths, const tb_str *texts, uint32_t n, tb_rules **rules) {
    tb_world *w = TB_NEW(a, tb_world);
    w->arena = a;
    *rules = NULL;
    if (n) {
        tb_compile_input in = {.paths = paths, .texts = texts, .count = n, .sm3 = tb_sm3};
        if (tb_compile(a, &in, rules) != TB_OK) return NULL;
        w->calendars = (*rules)->calendars.items;
        w->calendars_n = (*rules)->calendars.count;
        w->env.directory = (*rules)->directory;
    }
    if (!w->env.directory) w->env.directory = tb_directory_end(tb_directory_begin(a));
    w->env.calendar = world_calendar;
    w->env.user = w;
    return w;
}

/* ---- manifests ---- */

static void manifest_file(tb_json_maker *m, tb_str path, tb_str text) {
    uint8_t digest[32];
    char hex[TB_SM3_HEX + 1];
    tb_sm3(text.p, text.n, digest);
    tb_hex(digest, sizeof digest, hex);
    tb_json_add(m, path, tb_json_of_text(tb_str_copy(m->arena, tb_str_z(hex))));
}

static tb_str manifest_text(tb_json_maker *files, tb_str root) {
    tb_json_maker m;
    tb_buf b;
    tb_json_begin(&m, files->arena);
    tb_json_add(&m, TB_STR("files"), tb_json_done(files));
    if (root.n) tb_json_add(&m, TB_STR("root"), tb_json_of_text(root));
    tb_json whole = tb_json_done(&m);
    tb_buf_init(&b, files->arena);
    tb_json_write(&b, &whole);
    return tb_buf_str(&b);
}

/* ---- tables ---- */

static int make_room(void **items, uint32_t count, uint32_t more, uint32_t *room, size_t each) {
    if (*room - count >= more) return TB_OK;
    uint32_t bigger = *room ? *room : 16;
    while (bigger - count < more) bigger *= 2;
    void *p = realloc(*items, bigger * each);
    if (!p) return TB_NOMEM;
    *items = p;
    *room = bigger;
    return TB_OK;
}

static source *find_source(const tb_registry *r, tb_str path, uint32_t *at) {
    uint32_t low = 0, high = r->sources_n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        int order = tb_str_cmp(r->sources[mid].path, path);
        if (order == 0) return &r->sources[mid];
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    if (at) *at = low;
    return NULL;
}

static int put_source(tb_registry *r, tb_str path, tb_str text) {
    uint32_t at = 0;
    source *s = find_source(r, path, &at);
    char *block = malloc((size_t)path.n + text.n + 2);
    if (!block || (!s && make_room((void **)&r->sources, r->sources_n, 1, &r->sources_room, sizeof *r->sources)))
        return free(block), TB_NOMEM;
    uint8_t digest[32];
    tb_sm3(text.p, text.n, digest);
    if (s && memcmp(s->digest, digest, sizeof digest) != 0) {
        if (make_room((void **)&s->before, s->before_n, 1, &s->before_room, sizeof *s->before)) return free(block), TB_NOMEM;
        memcpy(s->before[s->before_n++], s->digest, sizeof digest);
    }
    if (s) {
        free((char *)(uintptr_t)s->path.p);
    } else {
        s = r->sources + at;
        memmove(s + 1, s, (r->sources_n++ - at) * sizeof *s);
        *s = (source){0};
    }
    if (path.n) memcpy(block, path.p, path.n);
    block[path.n] = '\0';
    char *body = block + path.n + 1;
    if (text.n) memcpy(body, text.p, text.n);
    body[text.n] = '\0';
    s->path = (tb_str){block, path.n};
    s->text = (tb_str){body, text.n};
    memcpy(s->digest, digest, sizeof digest);
    return TB_OK;
}

bool tb_registry_outdated(const tb_registry *r, tb_str path, tb_str text) {
    uint8_t digest[32];
    const source *s = find_source(r, path, NULL);
    if (!s || tb_str_eq(s->text, text)) return false;
    tb_sm3(text.p, text.n, digest);
    for (uint32_t i = 0; i < s->before_n; i++)
        if (memcmp(s->before[i], digest, sizeof digest) == 0) return true;
    return false;
}

static int version_order(const tb_version *v, tb_str matter, int32_t effective) {
    int order = tb_str_cmp(v->program->matter, matter);
    return order ? order : (v->program->effective > effective) - (v->program->effective < effective);
}

static void put_version(tb_registry *r, tb_version *v) { /* room was made */
    uint32_t at = r->versions_n;
    for (; at > 0 && version_order(r->versions[at - 1], v->program->matter, v->program->effective) > 0; at--)
        r->versions[at] = r->versions[at - 1];
    r->versions[at] = v;
    r->by_leaf[r->versions_n++] = v; /* leaves only grow */
}

static int versions_room(tb_registry *r, uint32_t more) {
    uint32_t room = r->versions_room;
    if (make_room((void **)&r->by_leaf, r->versions_n, more, &room, sizeof *r->by_leaf)) return TB_NOMEM;
    return make_room((void **)&r->versions, r->versions_n, more, &r->versions_room, sizeof *r->versions);
}

static int make_empty_world(void *arg) {
    tb_world **w = arg;
    tb_rules *none;
    *w = make_world((tb_arena *)(void *)*w, NULL, NULL, 0, &none);
    return *w ? TB_OK : TB_NOMEM;
}

tb_registry *tb_registry_new(void) {
    tb_registry *r = calloc(1, sizeof *r);
    tb_arena *a = tb_arena_new(NULL, 0);
    void *w = a; /* in: the arena; out: the world */
    if (!r || !a || make_room((void **)&r->worlds, 0, 1, &r->worlds_room, sizeof *r->worlds) ||
        tb_try(a, make_empty_world, &w)) {
        tb_arena_free(a);
        if (r) free(r->worlds);
        free(r);
        return NULL;
    }
    r->worlds[r->worlds_n++] = w;
    return r;
}

void tb_registry_free(tb_registry *r) {
    if (!r) return;
    for (uint32_t i = 0; i < r->versions_n; i++) tb_arena_free(r->versions[i]->arena);
    for (uint32_t i = 0; i < r->worlds_n; i++) tb_arena_free(r->worlds[i]->arena);
    for (uint32_t i = 0; i < r->sources_n; i++) {
        free((char *)(uintptr_t)r->sources[i].path.p);
        free(r->sources[i].before);
    }
    free(r->versions);
    free(r->by_leaf);
    free(r->worlds);
    free(r->sources);
    free(r);
}

const tb_version *tb_registry_version(const tb_registry *r, int64_t leaf) {
    uint32_t low = 0, high = r->versions_n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (r->by_leaf[mid]->leaf == leaf) return r->by_leaf[mid];
        if (r->by_leaf[mid]->leaf < leaf) low = mid + 1;
        else high = mid;
    }
    return NULL;
}

const tb_version *tb_registry_in_force(const tb_registry *r, tb_str matter, int32_t day) {
    uint32_t low = 0, high = r->versions_n; /* the first that is after (matter, day) */
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (version_order(r->versions[mid], matter, day) <= 0) low = mid + 1;
        else high = mid;
    }
    return low > 0 && tb_str_eq(r->versions[low - 1]->program->matter, matter) ? r->versions[low - 1] : NULL;
}

const tb_world *tb_registry_world(const tb_registry *r) { return r->worlds[r->worlds_n - 1]; }

const tb_world *tb_registry_world_at(const tb_registry *r, int64_t leaf) {
    for (uint32_t i = r->worlds_n; i-- > 0;)
        if (r->worlds[i]->leaf == leaf) return r->worlds[i];
    return NULL;
}

const tb_world *tb_registry_world_before(const tb_registry *r, const tb_world *w) {
    for (uint32_t i = r->worlds_n; i-- > 1;)
        if (r->worlds[i] == w) return r->worlds[i - 1];
    return NULL;
}

const tb_world *tb_registry_world_after(const tb_registry *r, int64_t leaf) {
    const tb_world *next = NULL;
    for (uint32_t i = 0; i < r->worlds_n; i++)
        if (r->worlds[i]->leaf > leaf && (!next || r->worlds[i]->leaf < next->leaf)) next = r->worlds[i];
    return next;
}

uint32_t tb_registry_count(const tb_registry *r) { return r->versions_n; }
const tb_version *tb_registry_at(const tb_registry *r, uint32_t i) { return r->versions[i]; }

/* ---- paths and 引用 ---- */

tb_str tb_reference_path(tb_arena *a, tb_str from, tb_str path) {
    char *out = tb_alloc(a, (size_t)from.n + path.n + 2);
    if (!out) return TB_NONE;
    uint32_t n = 0;
    tb_str halves[2] = {from, path};
    while (halves[0].n && halves[0].p[halves[0].n - 1] != '/') halves[0].n--; /* the directory of `from` */
    for (int h = 0; h < 2; h++)
        for (uint32_t i = 0; i < halves[h].n;) {
            uint32_t to = i;
            while (to < halves[h].n && halves[h].p[to] != '/') to++;
            tb_str part = {halves[h].p + i, to - i};
            i = to + 1;
            if (part.n == 0 || tb_str_is(part, ".")) continue;
            if (tb_str_is(part, "..")) {
                while (n && out[--n] != '/') {}
                continue;
            }
            if (n) out[n++] = '/';
            memcpy(out + n, part.p, part.n);
            n += part.n;
        }
    out[n] = '\0';
    return (tb_str){out, n};
}

typedef struct finder { /* what 引用 may reach: the files of the request, then what is stored; or a manifest's files
                           alone */
    const tb_registry *registry; /* NULL: only the files */
    const tb_str *paths, *texts;
    uint32_t count;
    tb_arena *arena; /* what was found is copied here: it lives as long as what refers to it */
} finder;

static bool find_at(const finder *f, tb_str path, tb_str *found, tb_str *text) {
    const source *s = NULL;
    for (uint32_t i = 0; i < f->count; i++)
        if (tb_str_eq(f->paths[i], path)) return *found = path, *text = tb_str_copy(f->arena, f->texts[i]), true;
    if (f->registry) s = find_source(f->registry, path, NULL);
    if (!s) return false;
    *found = path;
    *text = tb_str_copy(f->arena, s->text);
    return true;
}

/* Relative to the file that refers, as its author sees it on disk; or relative to the root of the rules. */
static bool resolve(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    const finder *f = user;
    return find_at(f, tb_reference_path(f->arena, from, path), found, text) ||
           find_at(f, tb_reference_path(f->arena, TB_NONE, path), found, text);
}

/* ---- one version, alone ---- */

typedef struct unit {
    tb_arena *arena;
    finder find;
    tb_str root, matter, version;
    tb_version *out; /* NULL: the file does not give that version (any more) */
    tb_str error;    /* the first diagnostic, then */
    bool stored;     /* by this database, not by a load at hand */
} unit;

static tb_str first_error(tb_arena *a, const tb_rules *rules, enum tb_lang lang) {
    const tb_diagnostics *d = &rules->diagnostics;
    for (uint32_t i = 0; i < d->list.count; i++) {
        const tb_diagnostic *e = &d->list.items[i];
        if (tb_code_severity(e->code) != TB_ERROR) continue;
        tb_str message = tb_diagnostic_message(a, e, lang);
        if (e->span.file >= rules->sources.list.count) return message;
        tb_place_in at = tb_source_place(&rules->sources, e->span.file, e->span.from);
        tb_str path = rules->sources.list.items[e->span.file].path;
        return tb_str_printf(a, "%.*s:%u:%u: %.*s", TB_FMT(path), at.line, at.column, TB_FMT(message));
    }
    return TB_NONE;
}

static int compile_unit(void *arg) {
    unit *u = arg;
    tb_str text, found;
    tb_rules *rules;
    u->find.arena = u->arena;
    u->root = tb_str_copy(u->arena, u->root);
    if (!find_at(&u->find, u->root, &found, &text)) return TB_OK;
    tb_compile_input in = {.paths = &u->root,
                           .texts = &text,
                           .count = 1,
                           .resolve = resolve,
                           .user = &u->find,
                           .sm3 = tb_sm3,
                           .stored = u->stored};
    int rc = tb_compile(u->arena, &in, &rules);
    if (rc) return rc;
    u->error = first_error(u->arena, rules, TB_LANG_ZH);
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        const tb_program *p = rules->programs.items[i];
        if (!tb_str_eq(p->matter, u->matter) || !tb_str_eq(p->version, u->version)) continue;
        tb_json_maker files;
        tb_json_begin(&files, u->arena);
        for (uint32_t k = 0; k < rules->sources.list.count; k++)
            manifest_file(&files, rules->sources.list.items[k].path, rules->sources.list.items[k].text);
        u->out = TB_NEW(u->arena, tb_version);
        *u->out = (tb_version){.arena = u->arena, .program = p, .root = u->root};
        u->out->manifest = manifest_text(&files, u->root);
    }
    return TB_OK;
}

static tb_version *make_version(unit *u) {
    u->arena = tb_arena_new(NULL, 0);
    if (!u->arena) return NULL;
    if (tb_try(u->arena, compile_unit, u) == TB_OK && u->out) return u->out;
    return NULL; /* the arena stays with the caller: the error's text is in it */
}

/* ---- a load ---- */

tb_load *tb_load_new(tb_registry *r, const tb_str *paths, const tb_str *texts, uint32_t count, tb_str by,
                     tb_str request) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_load *l = a ? TB_NEW(a, tb_load) : NULL;
    if (!l) return tb_arena_free(a), NULL;
    *l = (tb_load){.arena = a, .registry = r, .count = count};
    l->paths = TB_NEW_ARRAY(a, count, tb_str);
    l->texts = TB_NEW_ARRAY(a, count, tb_str);
    l->by = tb_str_copy(a, by);
    l->request = request.p ? tb_str_copy(a, request) : request;
    if (!l->paths || !l->texts || (by.n && !l->by.n)) return tb_arena_free(a), NULL;
    for (uint32_t i = 0; i < count; i++) {
        l->paths[i] = tb_reference_path(a, TB_NONE, paths[i]);
        l->texts[i] = tb_str_copy(a, texts[i]);
        if (l->paths[i].n == 0 || (texts[i].n && !l->texts[i].n)) return tb_arena_free(a), NULL;
    }
    return l;
}

enum { HOLDS_WORLD = 1, HOLDS_MATTER = 2, HOLDS_OTHER = 4, HOLDS_PEOPLE = 8 /* of HOLDS_WORLD: 组织 */ };

static int holds(const tb_tree *t) {
    int what = 0;
    for (uint32_t i = 0; i < t->sections.count; i++) {
        enum tb_section_kind k = t->sections.items[i].kind;
        if (k == TB_S_DIRECTORY) what |= HOLDS_PEOPLE;
        what |= k == TB_S_CALENDAR || k == TB_S_DIRECTORY ? HOLDS_WORLD : k == TB_S_MATTER ? HOLDS_MATTER : HOLDS_OTHER;
    }
    return what ? what : HOLDS_OTHER; /* a text of which nothing could be understood is compiled for its diagnostics */
}

typedef struct work {
    tb_load *l;
    enum tb_lang lang;
    tb_arena *scratch; /* combined compile; dropped at the end */
    tb_arena *world;   /* the new world's, if one was needed */
    int *what;         /* by file */
} work;

static void take_diagnostics(work *w, const tb_rules *rules) {
    tb_load *l = w->l;
    if (!rules || !rules->diagnostics.errors) return;
    tb_buf b;
    tb_buf_init(&b, l->arena);
    tb_diagnostics_json(&b, &rules->sources, &rules->diagnostics, w->lang);
    tb_str json = tb_buf_str(&b);
    while (json.n && (json.p[json.n - 1] == '\n' || json.p[json.n - 1] == ' ')) json.n--;
    if (l->diagnostics.n > 2 && json.n > 2) /* [a] and [b] → [a,b] */
        l->diagnostics = tb_str_printf(l->arena, "%.*s,%.*s", (int)l->diagnostics.n - 1, l->diagnostics.p,
                                       (int)json.n - 1, json.p + 1);
    else l->diagnostics = json;
    if (!l->message.n) l->message = first_error(l->arena, rules, w->lang);
    l->result = TB_LOAD_INVALID;
}

static int sort_out(void *arg) { /* under the scratch arena */
    work *w = arg;
    w->what = TB_NEW_ARRAY(w->scratch, w->l->count, int);
    for (uint32_t i = 0; i < w->l->count; i++) {
        tb_sources s = {0};
        tb_diagnostics d;
        tb_diagnostics_init(&d, w->scratch);
        uint32_t file = tb_source_add(w->scratch, &s, w->l->paths[i], w->l->texts[i]);
        w->what[i] = holds(tb_parse(w->scratch, &s, file, &d));
    }
    return TB_OK;
}

typedef struct world_work {
    work *w;
    tb_world *out;
    tb_rules *rules;
    tb_arena *a;
} world_work;

static int compile_world(void *arg) { /* under the world's arena */
    world_work *ww = arg;
    tb_load *l = ww->w->l;
    const tb_registry *r = l->registry;
    const tb_world *now = tb_registry_world(r);
    tb_arena *a = ww->a;
    TB_LIST(tb_str) paths = {0}, texts = {0};
    const char *error;
    size_t where;
    const tb_json *old = now->manifest.n ? tb_json_get(tb_json_read(a, now->manifest, &error, &where), "files") : NULL;
    for (uint32_t i = 0; old && i < old->count; i++) {
        bool posted = false;
        for (uint32_t k = 0; k < l->count && !posted; k++) posted = tb_str_eq(l->paths[k], old->keys[i]);
        const source *s = posted ? NULL : find_source(r, old->keys[i], NULL);
        if (!s) continue;
        *TB_PUSH(a, paths) = tb_str_copy(a, s->path);
        *TB_PUSH(a, texts) = tb_str_copy(a, s->text);
    }
    for (uint32_t k = 0; k < l->count; k++) {
        if (!(ww->w->what[k] & HOLDS_WORLD)) continue;
        *TB_PUSH(a, paths) = tb_str_copy(a, l->paths[k]);
        *TB_PUSH(a, texts) = tb_str_copy(a, l->texts[k]);
    }
    tb_json_maker files;
    tb_json_begin(&files, a);
    for (uint32_t k = 0; k < paths.count; k++) manifest_file(&files, paths.items[k], texts.items[k]);
    tb_str manifest = manifest_text(&files, TB_NONE);
    if (tb_str_eq(manifest, now->manifest)) return TB_OK; /* nothing new */
    ww->out = make_world(a, paths.items, texts.items, paths.count, &ww->rules);
    if (!ww->out) return TB_NOMEM;
    ww->out->manifest = manifest;
    tb_sm3(manifest.p, manifest.n, ww->out->digest);
    return TB_OK;
}

typedef struct all_work {
    work *w;
    tb_rules *rules;
    const tb_directory *directory;
} all_work;

static int compile_all(void *arg) { /* under the scratch arena */
    all_work *aw = arg;
    tb_load *l = aw->w->l;
    tb_arena *a = aw->w->scratch;
    TB_LIST(tb_str) paths = {0}, texts = {0};
    for (uint32_t i = 0; i < l->count; i++) {
        if (!(aw->w->what[i] & (HOLDS_MATTER | HOLDS_OTHER))) continue;
        *TB_PUSH(a, paths) = l->paths[i];
        *TB_PUSH(a, texts) = l->texts[i];
    }
    if (!paths.count) return TB_OK;
    finder *f = TB_NEW(a, finder);
    *f = (finder){.registry = l->registry, .paths = l->paths, .texts = l->texts, .count = l->count, .arena = a};
    tb_compile_input in = {.paths = paths.items,
                           .texts = texts.items,
                           .count = paths.count,
                           .resolve = resolve,
                           .user = f,
                           .sm3 = tb_sm3,
                           .directory = aw->directory,
                           .lang = aw->w->lang};
    return tb_compile(a, &in, &aw->rules);
}

typedef struct tell {
    work *w;
    const tb_rules *rules;
} tell;
static int tell_diagnostics(void *arg) { /* under the load's arena */
    take_diagnostics(((tell *)arg)->w, ((tell *)arg)->rules);
    return TB_OK;
}

typedef struct settle {
    work *w;
    const tb_program *p;
    tb_version *fresh;
} settle;

/* M19: where does this version stand among those loaded and those of this load? True: it is new. */
static bool is_new(tb_load *l, const tb_program *p) {
    const tb_registry *r = l->registry;
    for (uint32_t i = 0; i < r->versions_n; i++) {
        const tb_version *v = r->versions[i];
        if (!tb_str_eq(v->program->matter, p->matter)) continue;
        bool same = tb_str_eq(v->program->version, p->version);
        if (same && tb_str_eq(v->program->digest, p->digest)) return *TB_PUSH(l->arena, l->same) = v, false;
        if (!same && v->program->effective != p->effective) continue;
        *TB_PUSH(l->arena, l->conflicts) = (tb_load_conflict){
            tb_str_copy(l->arena, p->matter), tb_str_copy(l->arena, p->version), !same, v->program->version};
        return false;
    }
    for (uint32_t i = 0; i < l->versions.count; i++) {
        const tb_program *q = l->versions.items[i]->program;
        if (!tb_str_eq(q->matter, p->matter)) continue;
        bool same = tb_str_eq(q->version, p->version);
        if (!same && q->effective != p->effective) continue;
        *TB_PUSH(l->arena, l->conflicts) =
            (tb_load_conflict){tb_str_copy(l->arena, p->matter), tb_str_copy(l->arena, p->version), !same, q->version};
        return false;
    }
    return true;
}

static int settle_one(void *arg) { /* under the load's arena; the version was made outside of it */
    settle *s = arg;
    tb_load *l = s->w->l;
    const tb_program *p = s->fresh->program;
    s->fresh->fresh = true;
    *TB_PUSH(l->arena, l->versions) = s->fresh;
    for (uint32_t i = 0; i < p->pending.count; i++) {
        tb_span at = p->pending.items[i];
        tb_str text = tb_source_text(p->sources, at);
        *TB_PUSH(l->arena, l->open) = (tb_load_open){p->sources->list.items[at.file].path, text,
                                                     tb_source_place(p->sources, at.file, at.from).line};
    }
    return TB_OK;
}

static int judge(void *arg) {
    settle *s = arg;
    s->fresh = NULL;
    return is_new(s->w->l, s->p) ? TB_OK : TB_FAILED;
}

/* What the proofs find wrong is an error like any other; what they could not finish is told apart: somebody may take it upon
 * himself (DESIGN §4). A matter's states are forgotten before the next is proved. */
typedef struct proving {
    work *w;
    tb_rules *rules;
    const tb_program *p;
    const tb_world *world;
    tb_arena *arena;
    tb_diagnostics found;
} proving;

static const tb_calendar *calendar_of(const tb_env *env, const tb_program *p) {
    return env->calendar(env->user, tb_directory_calendar(env->directory, tb_default_place(p, env->directory)));
}

static int take_findings(void *arg) { /* under the scratch arena; the load's own for what is kept longer */
    proving *x = arg;
    tb_diagnostics *to = &x->rules->diagnostics;
    for (uint32_t i = 0; i < x->found.list.count; i++) {
        const tb_diagnostic *d = &x->found.list.items[i];
        if (d->code == TB_E_PROOF_NOT_PROVED) continue;
        uint32_t before = to->list.count;
        tb_diagnostic *kept = tb_report(to, d->code, d->span, TB_NONE, TB_NONE, TB_NONE);
        if (to->list.count > before) *kept = *d;
        tb_diagnostics_keep(to, before);
    }
    return TB_OK;
}

static int take_unproved(void *arg) { /* under the load's arena */
    proving *x = arg;
    tb_load *l = x->w->l;
    for (uint32_t i = 0; i < x->found.list.count; i++)
        if (x->found.list.items[i].code == TB_E_PROOF_NOT_PROVED)
            *TB_PUSH(l->arena, l->unproved) =
                (tb_load_unproved){tb_str_copy(l->arena, x->p->matter), tb_str_copy(l->arena, x->p->version),
                                   tb_diagnostic_message(l->arena, &x->found.list.items[i], x->w->lang)};
    return TB_OK;
}

/* TB_OK, with what was found told to the rules and the load; TB_NOMEM. */
static int prove(work *w, tb_rules *rules, const tb_program *p, const tb_world *world) {
    proving x = {.w = w, .rules = rules, .p = p, .world = world, .arena = tb_arena_new(NULL, 0)};
    const tb_directory *d = tb_directory_places(world->env.directory) ? world->env.directory : NULL;
    tb_proof_report *report;
    if (!x.arena) return TB_NOMEM;
    tb_diagnostics_init(&x.found, x.arena);
    x.found.lang = w->lang;
    int rc = tb_prove(x.arena, p, d, calendar_of(&world->env, p), &x.found, &report);
    if (rc == TB_OK) rc = tb_try(w->scratch, take_findings, &x);
    if (rc == TB_OK) rc = tb_try(w->l->arena, take_unproved, &x);
    tb_arena_free(x.arena);
    return rc == TB_OK ? TB_OK : TB_NOMEM;
}

static bool brings(const tb_load *l, tb_str matter) {
    for (uint32_t i = 0; i < l->versions.count; i++)
        if (tb_str_eq(l->versions.items[i]->program->matter, matter)) return true;
    return false;
}

/* A version is its sources (M4), so a changed 流程模板 or 法规 changes no matter that is loaded: those that rest on the
 * earlier text go on with it until they are loaded anew, under a new 版本. Whoever loads the text is told which. */
static void find_behind(tb_load *l, uint32_t file) {
    const tb_registry *r = l->registry;
    uint8_t digest[32];
    char hex[TB_SM3_HEX + 1];
    tb_sm3(l->texts[file].p, l->texts[file].n, digest);
    tb_hex(digest, sizeof digest, hex);
    for (uint32_t i = 0; i < r->versions_n; i++) {
        const tb_program *p = r->versions[i]->program;
        const char *error;
        size_t where;
        bool last = i + 1 == r->versions_n || !tb_str_eq(r->versions[i + 1]->program->matter, p->matter);
        if (!last || brings(l, p->matter)) continue;
        const tb_json *files = tb_json_get(tb_json_read(l->arena, r->versions[i]->manifest, &error, &where), "files");
        const tb_json *was = files ? tb_json_find(files, l->paths[file]) : NULL;
        if (was && was->kind == TB_JSON_STR && !tb_str_is(was->text, hex))
            *TB_PUSH(l->arena, l->behind) = (tb_load_behind){l->paths[file], p->matter, p->version};
    }
}

/* Marks the files that a manifest names. */
static void mark_named(const tb_load *l, tb_arena *a, tb_str manifest, bool *named) {
    const char *error;
    size_t where;
    const tb_json *files = tb_json_get(tb_json_read(a, manifest, &error, &where), "files");
    for (uint32_t k = 0; files && k < files->count; k++)
        for (uint32_t i = 0; i < l->count; i++) named[i] |= tb_str_eq(files->keys[k], l->paths[i]);
}

/* Which files come with something that is new? Those that no new version and no world names, and whose text is new, are kept for
 * 引用. */
static int sort_rest(void *arg) {
    work *w = arg;
    tb_load *l = w->l;
    bool *named = TB_NEW_ARRAY(l->arena, l->count, bool);
    for (uint32_t k = 0; k < l->versions.count; k++) mark_named(l, l->arena, l->versions.items[k]->manifest, named);
    for (uint32_t i = 0; i < l->count; i++) {
        if (named[i] || ((w->what[i] & HOLDS_WORLD) && l->world)) {
            *TB_PUSH(l->arena, l->kept) = i;
        } else if (w->what[i] == HOLDS_OTHER) {
            const source *s = find_source(l->registry, l->paths[i], NULL);
            if (s && tb_str_eq(s->text, l->texts[i])) continue;
            *TB_PUSH(l->arena, l->plain) = i;
            *TB_PUSH(l->arena, l->kept) = i;
        }
        if (l->kept.count && l->kept.items[l->kept.count - 1] == i && w->what[i] == HOLDS_OTHER) find_behind(l, i);
    }
    return TB_OK;
}

/* A new 组织 is judged by what is loaded, too (DESIGN §4: separable). */
static int judge_people(work *w) {
    tb_load *l = w->l;
    const tb_registry *r = l->registry;
    bool people = false;
    for (uint32_t i = 0; i < l->count; i++) people |= (w->what[i] & HOLDS_PEOPLE) != 0;
    for (uint32_t i = 0; people && l->world && i < r->versions_n; i++)
        if (tb_reprove(l, r->versions[i], tb_registry_world(r), l->world, w->lang) != TB_OK) return TB_NOMEM;
    return TB_OK;
}

static void compile_load(work *w) {
    tb_load *l = w->l;
    if (tb_try(w->scratch, sort_out, w)) return;
    bool world = false;
    for (uint32_t i = 0; i < l->count; i++) world |= (w->what[i] & HOLDS_WORLD) != 0;
    world_work ww = {.w = w};
    if (world) {
        w->world = ww.a = tb_arena_new(NULL, 0);
        if (!ww.a || tb_try(ww.a, compile_world, &ww)) return;
    }
    const tb_directory *directory = ww.out ? ww.out->env.directory : tb_registry_world(l->registry)->env.directory;
    all_work aw = {.w = w, .directory = tb_directory_places(directory) ? directory : NULL};
    if (tb_try(w->scratch, compile_all, &aw)) return;
    l->result = TB_LOAD_READY;
    if (tb_try(l->arena, tell_diagnostics, &(tell){w, ww.rules}) ||
        tb_try(l->arena, tell_diagnostics, &(tell){w, aw.rules})) {
        l->result = TB_LOAD_NOMEM;
        return;
    }
    if (l->result == TB_LOAD_INVALID) return;
    l->world = ww.out;
    if (ww.out) w->world = NULL; /* belongs to the load now */
    l->result = TB_LOAD_NOMEM;
    for (uint32_t i = 0; aw.rules && i < aw.rules->programs.count; i++) {
        const tb_program *p = aw.rules->programs.items[i];
        settle s = {.w = w, .p = p};
        int rc = tb_try(l->arena, judge, &s);
        if (rc == TB_NOMEM) return;
        if (rc != TB_OK) continue;
        if (prove(w, aw.rules, p, l->world ? l->world : tb_registry_world(l->registry)) != TB_OK) return;
        if (aw.rules->diagnostics.errors) continue; /* nothing will be made; the others are asked all the same */
        unit u = {.find = {.registry = l->registry, .paths = l->paths, .texts = l->texts, .count = l->count},
                  .root = p->sources->list.items[p->span.file].path,
                  .matter = p->matter,
                  .version = p->version};
        s.fresh = make_version(&u);
        if (!s.fresh && u.error.n) { /* it rested on something in the request that it does not 引用 */
            l->message = tb_str_copy(l->arena, u.error);
            l->result = l->message.n ? TB_LOAD_INVALID : TB_LOAD_NOMEM;
        }
        if (!s.fresh || tb_try(l->arena, settle_one, &s)) {
            tb_arena_free(u.arena);
            return;
        }
    }
    if (tb_try(l->arena, tell_diagnostics, &(tell){w, aw.rules}) || l->result == TB_LOAD_INVALID) return;
    if (tb_try(l->arena, sort_rest, w) || judge_people(w) != TB_OK) return;
    if (l->conflicts.count && !l->keep) l->result = TB_LOAD_CONFLICT;
    else if (l->open.count && !l->accept_pending) l->result = TB_LOAD_PENDING;
    else if (l->unproved.count && !l->accept_unproved) l->result = TB_LOAD_UNPROVED;
    else if (l->impossible.count && !l->accept_impossible) l->result = TB_LOAD_IMPOSSIBLE;
    else l->result = tb_load_leaves(l) ? TB_LOAD_READY : TB_LOAD_NOTHING;
}

void tb_load_compile(tb_load *l, enum tb_lang lang) {
    work w = {.l = l, .lang = lang, .scratch = tb_arena_new(NULL, 0)};
    l->result = TB_LOAD_NOMEM;
    if (w.scratch) compile_load(&w);
    tb_arena_free(w.scratch);
    tb_arena_free(w.world);
}

void tb_load_free(tb_load *l) {
    if (!l) return;
    for (uint32_t i = 0; i < l->versions.count; i++)
        if (l->versions.items[i]->fresh) tb_arena_free(l->versions.items[i]->arena);
    if (l->world && l->world->leaf == 0) tb_arena_free(l->world->arena);
    tb_arena_free(l->arena);
}

/* ---- rows ---- */

uint32_t tb_load_leaves(const tb_load *l) { return l->plain.count + (l->world != NULL) + l->versions.count; }

typedef struct rows {
    tb_load *l;
    int64_t leaf, at, wall;
    tb_write *w;
} rows;

/* What was not proved of this version, and taken upon himself by who loads it. */
static void put_unproved(tb_load *l, tb_json_maker *m, tb_str matter, tb_str version) {
    tb_json *lines = TB_NEW_ARRAY(l->arena, l->unproved.count + 1, tb_json);
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->unproved.count; i++)
        if (tb_str_eq(l->unproved.items[i].matter, matter) && tb_str_eq(l->unproved.items[i].version, version))
            lines[n++] = tb_json_of_text(l->unproved.items[i].what);
    if (n) tb_json_add(m, TB_STR("accept_unproved"), tb_json_of_array(lines, n));
}

/* The matters that a 组织 leaves without somebody to act, taken upon himself by who loads it. */
static void put_impossible(tb_load *l, tb_json_maker *m) {
    tb_json *lines = TB_NEW_ARRAY(l->arena, l->impossible.count, tb_json);
    for (uint32_t i = 0; i < l->impossible.count; i++) {
        const tb_load_impossible *x = &l->impossible.items[i];
        lines[i] = tb_json_of_text(tb_str_printf(l->arena, "%.*s %.*s: %.*s %.*s", TB_FMT(x->matter), TB_FMT(x->version), TB_FMT(x->code),
                                                 TB_FMT(x->what)));
    }
    tb_json_add(m, TB_STR("accept_impossible"), tb_json_of_array(lines, l->impossible.count));
}

/* 待核: which clauses of the files that this version rests on somebody took upon himself. (Not those of the other matters of the
 * load: with a thousand of them the record would grow with the square.) */
static void put_pending(tb_load *l, tb_json_maker *m, tb_str manifest) {
    typedef TB_LIST(tb_json) lines;
    lines of = {0};
    const char *error;
    size_t where;
    const tb_json *files = tb_json_get(tb_json_read(l->arena, manifest, &error, &where), "files");
    tb_str last = TB_NONE;
    bool own = false;
    for (uint32_t i = 0; i < l->open.count && files; i++) { /* they come file by file */
        const tb_load_open *o = &l->open.items[i];
        if (!last.n || !tb_str_eq(last, o->file)) own = tb_json_find(files, o->file) != NULL, last = o->file;
        if (own) *TB_PUSH(l->arena, of) = tb_json_of_text(tb_str_printf(l->arena, "%.*s:%u", TB_FMT(o->file), o->line));
    }
    if (of.count) tb_json_add(m, TB_STR("accept_pending"), tb_json_of_array(of.items, of.count));
}

static void put_row(rows *r, const char *kind, tb_str name, tb_str version, tb_str manifest, const uint8_t digest[32]) {
    tb_load *l = r->l;
    tb_json_maker m;
    tb_buf b;
    char hex[TB_SM3_HEX + 1];
    tb_hex(digest, 32, hex);
    tb_json_begin(&m, l->arena);
    tb_json_add(&m, TB_STR("by"), tb_json_of_text(l->by));
    tb_json_add(&m, TB_STR("digest"), tb_json_of_text(tb_str_copy(l->arena, tb_str_z(hex))));
    tb_json_add(&m, TB_STR("kind"), tb_json_of_text(tb_str_z(kind)));
    if (name.n) tb_json_add(&m, TB_STR("name"), tb_json_of_text(name));
    if (version.n) tb_json_add(&m, TB_STR("version"), tb_json_of_text(version));
    if (strcmp(kind, "matter") == 0) put_pending(l, &m, manifest);
    put_unproved(l, &m, name, version);
    if (strcmp(kind, "world") == 0 && l->impossible.count) put_impossible(l, &m);
    tb_json body = tb_json_done(&m);
    tb_buf_init(&b, l->arena);
    tb_json_write(&b, &body);
    tb_load_row *row = TB_PUSH(l->arena, r->w->loads);
    *row = (tb_load_row){.leaf = r->leaf,
                         .at = r->at,
                         .kind = tb_str_z(kind),
                         .name = name,
                         .version = version,
                         .by = l->by,
                         .manifest = manifest};
    memcpy(row->digest, digest, 32);
    tb_event_row *event = TB_PUSH(l->arena, r->w->events);
    *event = (tb_event_row){.leaf = r->leaf,
                            .at = r->at,
                            .wall = r->wall,
                            .semantics = TB_SEMANTICS,
                            .kind = TB_STR("load"),
                            .request = l->request,
                            .body = tb_buf_str(&b)};
    tb_sm3(manifest.p, manifest.n, event->outcome); /* what a load brings about is exactly its manifest */
    r->leaf++;
}

/* The rows of a load in the order they are adopted: sources, the world, then matters, which may need both. */
static int put_rows(void *arg) {
    rows *r = arg;
    tb_load *l = r->l;
    uint8_t digest[32];
    for (uint32_t i = 0; i < l->kept.count; i++) {
        tb_blob_row *blob = TB_PUSH(l->arena, r->w->sources);
        blob->bytes = l->texts[l->kept.items[i]];
        tb_sm3(blob->bytes.p, blob->bytes.n, blob->digest);
    }
    for (uint32_t i = 0; i < l->plain.count; i++) {
        tb_json_maker files;
        uint32_t k = l->plain.items[i];
        tb_json_begin(&files, l->arena);
        manifest_file(&files, l->paths[k], l->texts[k]);
        tb_sm3(l->texts[k].p, l->texts[k].n, digest);
        put_row(r, "source", l->paths[k], TB_NONE, manifest_text(&files, TB_NONE), digest);
    }
    if (l->world) put_row(r, "world", TB_NONE, TB_NONE, l->world->manifest, l->world->digest);
    for (uint32_t i = 0; i < l->versions.count; i++) {
        const tb_version *v = l->versions.items[i];
        if (!tb_unhex(v->program->digest, digest, sizeof digest)) return TB_FAILED;
        put_row(r, "matter", v->program->matter, v->program->version, v->manifest, digest);
    }
    return TB_OK;
}

int tb_load_rows(tb_load *l, int64_t first, int64_t at, int64_t wall, tb_write *w) {
    return tb_try(l->arena, put_rows, &(rows){l, first, at, wall, w});
}

int tb_load_adopt(tb_load *l, int64_t first, int64_t since) {
    tb_registry *r = l->registry;
    if (versions_room(r, l->versions.count) ||
        make_room((void **)&r->worlds, r->worlds_n, 1, &r->worlds_room, sizeof *r->worlds))
        return TB_NOMEM;
    for (uint32_t i = 0; i < l->kept.count; i++)
        if (put_source(r, l->paths[l->kept.items[i]], l->texts[l->kept.items[i]])) return TB_NOMEM;
    int64_t leaf = first + l->plain.count;
    if (l->world) {
        l->world->leaf = leaf++;
        l->world->since = since;
        r->worlds[r->worlds_n++] = l->world;
    }
    for (uint32_t i = 0; i < l->versions.count; i++) {
        tb_version *v = l->versions.items[i];
        v->leaf = leaf++;
        v->fresh = false;
        put_version(r, v);
    }
    r->last = leaf - 1;
    return TB_OK;
}

/* ---- from the database ---- */

typedef struct opening {
    tb_registry *r;
    tb_reader *reader;
    tb_arena *a; /* of one row */
    tb_load_row row;
    tb_str paths[1], *all, *texts, root;
    uint32_t count;
    char *why;
    size_t room;
} opening;

typedef TB_LIST(tb_load_row) load_list;
typedef struct page {
    tb_arena *a;
    load_list rows;
} page;

static int take_load(void *user, const tb_load_row *row) {
    page *p = user;
    tb_load_row *to = TB_PUSH(p->a, p->rows);
    if (!to) return 1;
    *to = *row;
    to->kind = tb_str_copy(p->a, row->kind);
    to->name = tb_str_copy(p->a, row->name);
    to->version = tb_str_copy(p->a, row->version);
    to->manifest = tb_str_copy(p->a, row->manifest);
    return 0;
}

static int read_files(void *arg) { /* under o->a */
    opening *o = arg;
    const char *error = "";
    size_t where;
    const tb_json *m = tb_json_read(o->a, o->row.manifest, &error, &where), *files = tb_json_get(m, "files");
    if (!files || files->kind != TB_JSON_OBJECT) {
        snprintf(o->why, o->room, "清单读不懂（%s）", error);
        return TB_FAILED;
    }
    o->root = tb_json_text(m, "root");
    o->count = files->count;
    o->all = TB_NEW_ARRAY(o->a, files->count, tb_str);
    o->texts = TB_NEW_ARRAY(o->a, files->count, tb_str);
    for (uint32_t i = 0; i < files->count; i++) {
        uint8_t digest[32];
        o->all[i] = files->keys[i];
        if (files->items[i].kind != TB_JSON_STR || !tb_unhex(files->items[i].text, digest, 32) ||
            tb_read_source(o->reader, digest, o->a, &o->texts[i]) != TB_STORE_OK) {
            snprintf(o->why, o->room, "找不到源文件“%.*s”的内容 %s", TB_FMT(o->all[i]), tb_reader_why(o->reader));
            return TB_FAILED;
        }
    }
    return TB_OK;
}

typedef struct world_again {
    opening *o;
    tb_arena *a;
    tb_world *out;
    tb_rules *rules;
} world_again;

static int world_from_files(void *arg) { /* under its own arena */
    world_again *w = arg;
    opening *o = w->o;
    tb_str *paths = TB_NEW_ARRAY(w->a, o->count, tb_str), *texts = TB_NEW_ARRAY(w->a, o->count, tb_str);
    for (uint32_t i = 0; i < o->count; i++) {
        paths[i] = tb_str_copy(w->a, o->all[i]);
        texts[i] = tb_str_copy(w->a, o->texts[i]);
    }
    w->out = make_world(w->a, paths, texts, o->count, &w->rules);
    if (!w->out) return TB_NOMEM;
    w->out->manifest = tb_str_copy(w->a, o->row.manifest);
    memcpy(w->out->digest, o->row.digest, 32);
    w->out->leaf = o->row.leaf;
    return TB_OK;
}

/* The first event of a case that was stepped in that world; events of before were still being written when it came. */
typedef struct first_in {
    int64_t world, since;
} first_in;

static int look_at(void *user, const tb_event_row *e) {
    first_in *f = user;
    f->since = e->leaf + (e->case_id == 0 || e->world < f->world);
    return e->case_id != 0 && e->world >= f->world;
}

static int open_world(opening *o) {
    tb_registry *r = o->r;
    world_again w = {.o = o, .a = tb_arena_new(NULL, 0)};
    if (!w.a || make_room((void **)&r->worlds, r->worlds_n, 1, &r->worlds_room, sizeof *r->worlds) ||
        tb_try(w.a, world_from_files, &w)) {
        tb_arena_free(w.a);
        snprintf(o->why, o->room, "内存不足");
        return TB_FAILED;
    }
    first_in f = {.world = w.out->leaf, .since = w.out->leaf + 1};
    if (tb_scan_events(o->reader, w.out->leaf, 0, look_at, &f) != TB_STORE_OK) {
        tb_arena_free(w.a);
        snprintf(o->why, o->room, "%s", tb_reader_why(o->reader));
        return TB_FAILED;
    }
    w.out->since = f.since;
    r->worlds[r->worlds_n++] = w.out;
    return TB_OK;
}

static int open_version(opening *o) {
    unit u = {.find = {.paths = o->all, .texts = o->texts, .count = o->count},
              .root = o->root,
              .matter = o->row.name,
              .version = o->row.version,
              .stored = true};
    tb_version *v = make_version(&u);
    uint8_t digest[32];
    if (!v || versions_room(o->r, 1)) {
        snprintf(o->why, o->room, "事项“%.*s”%.*s 不能再编译：%.*s", TB_FMT(o->row.name), TB_FMT(o->row.version),
                 TB_FMT(u.error));
    } else if (!tb_unhex(v->program->digest, digest, 32) || memcmp(digest, o->row.digest, 32) != 0) {
        snprintf(o->why, o->room, "事项“%.*s”%.*s 的摘要与记录的不同", TB_FMT(o->row.name), TB_FMT(o->row.version));
    } else {
        v->leaf = o->row.leaf;
        put_version(o->r, v);
        return TB_OK;
    }
    tb_arena_free(u.arena);
    return TB_FAILED;
}

static int open_row(opening *o) {
    int rc = tb_try(o->a, read_files, o);
    if (rc == TB_NOMEM) snprintf(o->why, o->room, "内存不足");
    if (rc) return TB_FAILED;
    for (uint32_t i = 0; i < o->count; i++)
        if (put_source(o->r, o->all[i], o->texts[i])) return snprintf(o->why, o->room, "内存不足"), TB_FAILED;
    if (tb_str_is(o->row.kind, "world")) return open_world(o);
    return tb_str_is(o->row.kind, "matter") ? open_version(o) : TB_OK;
}

int tb_registry_open(tb_registry *r, tb_reader *reader, char *why, size_t room) {
    char detail[512] = "";
    page p = {.a = tb_arena_new(NULL, 0)};
    opening o = {.r = r, .reader = reader, .a = tb_arena_new(NULL, 0), .why = detail, .room = sizeof detail};
    int result = TB_OK, rc = p.a && o.a ? tb_scan_loads(reader, r->last, 0, take_load, &p) : TB_STORE_RETRY;
    if (rc != TB_STORE_OK) {
        snprintf(why, room, "读不出装载记录：%s", p.a && o.a ? tb_reader_why(reader) : "内存不足");
        result = TB_FAILED;
    }
    for (uint32_t i = 0; result == TB_OK && i < p.rows.count; i++) {
        tb_arena_reset(o.a);
        o.row = p.rows.items[i];
        result = open_row(&o);
        if (result == TB_OK) r->last = o.row.leaf;
        else
            snprintf(why, room, "装载记录 %lld（%.*s）：%s。请保留数据库文件以供查证。", (long long)o.row.leaf,
                     TB_FMT(o.row.name), detail);
    }
    tb_arena_free(p.a);
    tb_arena_free(o.a);
    return result;
}
