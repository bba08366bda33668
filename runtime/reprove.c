/* See reprove.h.
 *
 * A version was proved with the posts, organs and duties of the day it was loaded. A later 组织 may take the last holder of a post, give two
 * incompatible posts to the only person there, or drop the organ in whose name the matter is decided. So every loaded version is compiled from
 * its own sources and proved once more, superseded ones too: their cases go on. What is found is compared with what is found in the
 * world so far: a matter that was taken upon somebody once does not stop every later load. Nearly always the first proof finds nothing, and
 * there is no second. */
#include "reprove.h"
#include "digest.h"
#include "proof/proof.h"
#include "scenario.h"

typedef struct finding {
    enum tb_code code;
    tb_str what, file;
    uint32_t line;
} finding;
typedef TB_LIST(finding) findings;

typedef struct proof_work {
    tb_arena *a;
    const tb_version *v;
    const tb_world *world;
    enum tb_lang lang;
    findings *out;
} proof_work;

static bool find_at(const proof_work *x, tb_str path, tb_str *found, tb_str *text) {
    const tb_sources *s = x->v->program->sources;
    for (uint32_t i = 0; i < s->list.count; i++)
        if (tb_str_eq(s->list.items[i].path, path)) return *found = path, *text = s->list.items[i].text, true;
    return false;
}

static bool resolve(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    const proof_work *x = user;
    return find_at(x, tb_reference_path(x->a, from, path), found, text) ||
           find_at(x, tb_reference_path(x->a, TB_NONE, path), found, text);
}

static void take_errors(proof_work *x, const tb_sources *sources, const tb_diagnostics *d) {
    for (uint32_t i = 0; i < d->list.count; i++) {
        const tb_diagnostic *e = &d->list.items[i];
        if (tb_code_severity(e->code) != TB_ERROR || e->code == TB_E_PROOF_NOT_PROVED) continue;
        finding *f = TB_PUSH(x->a, *x->out);
        *f = (finding){.code = e->code, .what = tb_diagnostic_message(x->a, e, x->lang)};
        if (e->span.file >= sources->list.count) continue;
        f->file = sources->list.items[e->span.file].path;
        f->line = tb_source_place(sources, e->span.file, e->span.from).line;
    }
}

static const tb_program *same_in(const tb_rules *rules, const tb_program *p) {
    for (uint32_t i = 0; i < rules->programs.count; i++) {
        const tb_program *q = rules->programs.items[i];
        if (tb_str_eq(q->matter, p->matter) && tb_str_eq(q->version, p->version)) return q;
    }
    return NULL;
}

static int find_all(void *arg) {
    proof_work *x = arg;
    const tb_env *env = &x->world->env;
    const tb_directory *d = tb_directory_places(env->directory) ? env->directory : NULL;
    tb_str root = x->v->root, text, found;
    tb_rules *rules;
    tb_proof_report *report;
    if (!find_at(x, root, &found, &text)) return TB_OK;
    tb_compile_input in = {.paths = &root, .texts = &text, .count = 1, .resolve = resolve, .user = x, .sm3 = tb_sm3, .directory = d,
                           .lang = x->lang, .stored = true};
    int rc = tb_compile(x->a, &in, &rules);
    if (rc) return rc;
    take_errors(x, &rules->sources, &rules->diagnostics);
    const tb_program *p = rules->diagnostics.errors ? NULL : same_in(rules, x->v->program);
    if (!p) return TB_OK;
    tb_diagnostics said;
    tb_diagnostics_init(&said, x->a);
    said.lang = x->lang;
    const tb_calendar *calendar = env->calendar(env->user, tb_directory_calendar(env->directory, tb_default_place(p, env->directory)));
    rc = tb_prove(x->a, p, d, calendar, &said, &report);
    if (rc == TB_OK) take_errors(x, p->sources, &said);
    return rc;
}

static bool among(const findings *all, const finding *f) {
    for (uint32_t i = 0; i < all->count; i++)
        if (all->items[i].code == f->code && tb_str_eq(all->items[i].what, f->what)) return true;
    return false;
}

typedef struct telling {
    tb_load *l;
    const tb_version *v;
    const findings *was, *is;
} telling;

static int tell(void *arg) { /* under the load's arena */
    telling *t = arg;
    tb_arena *a = t->l->arena;
    char code[8];
    for (uint32_t i = 0; i < t->is->count; i++) {
        const finding *f = &t->is->items[i];
        if (among(t->was, f)) continue;
        *TB_PUSH(a, t->l->impossible) = (tb_load_impossible){.matter = t->v->program->matter,
                                                             .version = t->v->program->version,
                                                             .code = tb_str_copy(a, tb_str_z(tb_code_text(f->code, code))),
                                                             .what = tb_str_copy(a, f->what),
                                                             .file = tb_str_copy(a, f->file),
                                                             .line = f->line};
    }
    return TB_OK;
}

int tb_reprove(tb_load *l, const tb_version *v, const tb_world *from, const tb_world *to, enum tb_lang lang) {
    findings was = {0}, is = {0};
    tb_arena *a = tb_arena_new(NULL, 0);
    if (!a) return TB_NOMEM;
    proof_work x = {.a = a, .v = v, .world = to, .lang = lang, .out = &is};
    int rc = tb_try(a, find_all, &x);
    if (rc == TB_OK && is.count) {
        x.world = from, x.out = &was;
        rc = tb_try(a, find_all, &x);
        if (rc == TB_OK) rc = tb_try(l->arena, tell, &(telling){l, v, &was, &is});
    }
    tb_arena_free(a);
    return rc == TB_OK ? TB_OK : TB_NOMEM;
}
