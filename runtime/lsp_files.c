/* The language server and the disk: see lsp_parts.h.
 *
 * What was read from the disk is kept until the editor says that files may have changed (a document opened, closed, saved, a watched file), so that
 * a keystroke reads nothing. After such a word analyses are not thrown away: each is compared with what its files hold now, and made anew only when
 * one of them differs. */
#include "digest.h"
#include "lsp_parts.h"
#include "proof/proof.h"
#include "scenario.h"
#include <string.h>
#include <sys/stat.h>

tb__document *tb__lsp_document(tb_lsp *s, tb_str path) {
    for (uint32_t i = 0; i < s->count; i++)
        if (tb_str_eq(s->documents[i].path, path)) return &s->documents[i];
    return NULL;
}

/* "/a/b/../c" → "/a/c": so that a file has one name. */
static tb_str tidy_path(tb_arena *a, tb_str path) {
    char *out = tb_alloc(a, (size_t)path.n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < path.n;) {
        uint32_t end = i + 1;
        while (end < path.n && path.p[end] != '/') end++;
        tb_str part = {path.p + i, end - i};
        if (tb_str_is(part, "/..")) {
            while (n && out[--n] != '/') {}
        } else if (!tb_str_is(part, "/.") && !tb_str_is(part, "/")) {
            memcpy(out + n, part.p, part.n);
            n += part.n;
        }
        i = end;
    }
    return (tb_str){out, n};
}

/* ---- what was read ---- */

void tb__lsp_forget_disk(tb_lsp *s) {
    tb_arena_reset(s->disk);
    s->read = (tb_files){0};
    memset(&s->walked, 0, sizeof s->walked);
    memset(&s->roots, 0, sizeof s->roots);
}

struct reading {
    tb_lsp *s;
    tb_str path;
    bool directory;
};

static int read_path(void *arg) {
    struct reading *r = arg;
    if (r->directory) *TB_PUSH(r->s->disk, r->s->walked) = tb_str_copy(r->s->disk, r->path);
    (void)tb_files_add(r->s->disk, &r->s->read, r->path.p, r->s->lang); /* what cannot be read is told by check */
    return TB_OK;
}

static bool is_kind(tb_str path, mode_t kind) {
    struct stat st;
    return stat(path.p, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/* A file's text: of the open document, else of the disk. */
static bool text_at(tb_lsp *s, tb_arena *a, tb_str path, tb_str *text) {
    const tb__document *open = tb__lsp_document(s, path);
    if (open) return *text = open->text, true;
    const tb_file *f = tb_files_find(&s->read, path);
    struct reading r = {s, tb_str_copy(a, path), false};
    if (!f && is_kind(r.path, S_IFREG) && tb_try(s->disk, read_path, &r) == TB_OK) f = tb_files_find(&s->read, path);
    if (f) *text = f->text;
    return f != NULL;
}

static void walk(tb_lsp *s, tb_arena *a, tb_str directory) {
    for (uint32_t i = 0; i < s->walked.count; i++)
        if (tb_str_eq(s->walked.items[i], directory)) return;
    struct reading r = {s, tb_str_copy(a, directory), true};
    if (is_kind(r.path, S_IFDIR)) (void)tb_try(s->disk, read_path, &r);
}

struct rooting {
    tb_lsp *s;
    tb_str directory, root;
};

static int find_root(void *arg) {
    struct rooting *r = arg;
    r->root = tb_rules_root(r->s->disk, r->directory.p);
    tb__lsp_root *kept = TB_PUSH(r->s->disk, r->s->roots);
    *kept = (tb__lsp_root){tb_str_copy(r->s->disk, r->directory), r->root};
    return TB_OK;
}

tb_str tb__lsp_root_of(tb_lsp *s, tb_arena *a, tb_str path) {
    tb_str directory = tb_path_directory(path);
    for (uint32_t i = 0; i < s->roots.count; i++)
        if (tb_str_eq(s->roots.items[i].directory, directory)) return s->roots.items[i].root;
    struct rooting r = {s, tb_str_copy(a, directory), TB_NONE};
    return tb_try(s->disk, find_root, &r) == TB_OK ? r.root : TB_NONE;
}

/* 引用, as tb_resolve_on_disk has it: below the rules root, then beside the file that refers. */
static bool find(tb_lsp *s, tb_arena *a, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    if (path.n == 0 || path.p[0] == '/') return false;
    tb_str root = tb__lsp_root_of(s, a, from), places[2] = {root, tb_path_directory(from)};
    for (int i = root.n ? 0 : 1; i < 2; i++) {
        *found = tidy_path(a, tb_path_under(a, places[i], path));
        if (text_at(s, a, *found, text)) return true;
    }
    return false;
}

/* ---- compiling, as check does ---- */

struct analysing {
    tb_lsp *s;
    tb__document *d;
    tb_arena *a;
    int result;
};

static bool resolve(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    struct analysing *w = user;
    tb_str to = TB_NONE;
    bool there = find(w->s, w->a, from, path, &to, text);
    *TB_PUSH(w->a, w->d->links) =
        (tb__lsp_link){tb_str_copy(w->a, from), tb_str_copy(w->a, path), there ? to : TB_NONE};
    *found = to;
    return there;
}

/* 组织/ and 日历/ of the root; open documents take the place of their files. What cannot be read there is told by check, not while typing. */
static void add_context(tb_lsp *s, tb_arena *a, tb_str path, tb_files *files) {
    static const char *const parts[] = {"组织", "日历"};
    tb_str root = tb__lsp_root_of(s, a, path);
    for (int i = 0; root.n && i < 2; i++) {
        tb_str directory = tb_path_under(a, root, tb_str_z(parts[i]));
        walk(s, a, directory);
        for (uint32_t k = 0; k < s->read.list.count; k++) {
            tb_file f = s->read.list.items[k];
            const tb__document *open = tb__lsp_document(s, f.path);
            if (tb_str_eq(tb_path_below(directory, f.path), f.path) || tb_files_find(files, f.path)) continue;
            *TB_PUSH(a, files->list) = (tb_file){f.path, open ? open->text : f.text};
        }
    }
}

static int analyse(void *arg) {
    struct analysing *w = arg;
    tb_files files = {0};
    *TB_PUSH(w->a, files.list) = (tb_file){w->d->path, w->d->text};
    add_context(w->s, w->a, w->d->path, &files);
    uint32_t n = files.list.count;
    tb_str *paths = TB_NEW_ARRAY(w->a, n, tb_str), *texts = TB_NEW_ARRAY(w->a, n, tb_str);
    for (uint32_t i = 0; i < n; i++) paths[i] = files.list.items[i].path, texts[i] = files.list.items[i].text;
    tb_compile_input in = {.paths = paths, .texts = texts, .count = n, .resolve = resolve, .user = w, .sm3 = tb_sm3};
    w->d->context = n;
    w->result = tb_compile(w->a, &in, &w->d->rules);
    return TB_OK;
}

/* ---- is it still so? ---- */

void tb__lsp_forget(tb__document *d) {
    tb_arena_free(d->analysis);
    d->analysis = NULL;
    d->rules = NULL;
    d->told = d->proved = false;
    memset(&d->links, 0, sizeof d->links);
}

bool tb__lsp_reads(const tb__document *d, tb_str path) {
    for (uint32_t i = 0; d->rules && i < d->rules->sources.list.count; i++)
        if (tb_str_eq(d->rules->sources.list.items[i].path, path)) return true;
    return !d->rules;
}

struct comparing {
    tb_lsp *s;
    tb__document *d;
    bool same;
};

static int compare(void *arg) {
    struct comparing *c = arg;
    tb_arena *a = c->s->work;
    tb_files context = {0};
    tb_str text, found;
    *TB_PUSH(a, context.list) = (tb_file){c->d->path, c->d->text};
    add_context(c->s, a, c->d->path, &context);
    const tb_sources *sources = &c->d->rules->sources;
    c->same = context.list.count == c->d->context;
    for (uint32_t i = 0; c->same && i < sources->list.count; i++) {
        const tb_source *source = &sources->list.items[i];
        c->same = text_at(c->s, a, source->path, &text) && tb_str_eq(text, source->text) &&
                  (i >= context.list.count || tb_str_eq(context.list.items[i].path, source->path));
    }
    for (uint32_t i = 0; c->same && i < c->d->links.count; i++) {
        const tb__lsp_link *l = &c->d->links.items[i];
        bool there = find(c->s, a, l->from, l->said, &found, &text);
        c->same = there == (l->found.n > 0) && (!there || tb_str_eq(found, l->found));
    }
    return TB_OK;
}

bool tb__lsp_analyse(tb_lsp *s, tb__document *d) {
    struct comparing c = {s, d, false};
    if (d->analysis && !d->sure && (!d->rules || tb_try(s->work, compare, &c) != TB_OK || !c.same)) tb__lsp_forget(d);
    d->sure = true;
    if (d->analysis) return d->rules != NULL;
    d->analysis = tb_arena_new(NULL, 0);
    if (!d->analysis) return false;
    struct analysing w = {.s = s, .d = d, .a = d->analysis};
    if (tb_try(d->analysis, analyse, &w) != TB_OK || w.result != TB_OK || !d->rules || !d->rules->trees.count)
        d->rules = NULL;
    return d->rules != NULL;
}

enum { QUICK_PROOF = 20000 /* configurations of all matters of a document: well below a tenth of a second */ };

struct proving {
    tb__document *d;
    tb_arena *a;
    uint32_t seen; /* configurations */
};

static int prove(void *arg) {
    struct proving *w = arg;
    tb_rules *r = w->d->rules;
    for (uint32_t i = 0; i < r->programs.count; i++) {
        const tb_program *p = r->programs.items[i];
        const tb_directory *d = r->directory;
        const tb_calendar *calendar = d ? tb_rules_calendar(r, tb_directory_calendar(d, tb_default_place(p, d))) : NULL;
        tb_proof_report *report;
        uint32_t before = r->diagnostics.list.count;
        if (p->span.file != 0) continue; /* told where that file is open */
        if (tb_prove(w->a, p, d, calendar, &r->diagnostics, &report) != TB_OK) return TB_NOMEM;
        tb_diagnostics_keep(&r->diagnostics, before);
        w->seen += report->configurations;
        tb_arena_reset(w->a);
    }
    tb_diagnostics_sort(&r->diagnostics);
    return TB_OK;
}

/* Memory that does not suffice leaves the document without its proofs; check and load make them all the same. */
void tb__lsp_prove(tb__document *d) {
    if (!d->rules || d->proved || d->heavy) return;
    struct proving w = {.d = d, .a = tb_arena_new(NULL, 0)};
    d->proved = true;
    if (!w.a) return;
    (void)tb_try(d->analysis, prove, &w);
    d->heavy = w.seen > QUICK_PROOF;
    tb_arena_free(w.a);
}

tb_str tb__lsp_reference(const tb__document *d, tb_str from, tb_str said) {
    for (uint32_t i = 0; i < d->links.count; i++)
        if (tb_str_eq(d->links.items[i].from, from) && tb_str_eq(d->links.items[i].said, said))
            return d->links.items[i].found;
    return TB_NONE;
}

/* ---- all texts that may name the same things ---- */

struct gathering {
    tb_lsp *s;
    tb_arena *a;
    tb_sources *sources;
    TB_LIST(const tb_tree *) trees;
};

static uint32_t number_of(const tb_sources *sources, tb_str path) {
    for (uint32_t i = 0; i < sources->list.count; i++)
        if (tb_str_eq(sources->list.items[i].path, path)) return i;
    return UINT32_MAX;
}

static uint32_t gather(struct gathering *g, tb_str path, tb_str text) {
    uint32_t file = number_of(g->sources, path);
    if (file != UINT32_MAX || g->sources->list.count == TB_SOURCE_FILES) return file;
    tb_diagnostics unsaid;
    tb_diagnostics_init(&unsaid, g->a);
    file = tb_source_add(g->a, g->sources, path, text);
    *TB_PUSH(g->a, g->trees) = tb_parse(g->a, g->sources, file, &unsaid);
    return file;
}

/* What the texts gathered so far refer to; the list grows while it is walked. */
static void gather_references(struct gathering *g, tb_project *p) {
    for (uint32_t f = 0; f < g->trees.count; f++) {
        const tb_tree *t = g->trees.items[f];
        for (uint32_t i = 0; i < t->references.count; i++) {
            tb_str found, text;
            if (!find(g->s, g->a, g->sources->list.items[f].path, t->references.items[i].text, &found, &text)) continue;
            uint32_t to = gather(g, found, text);
            if (to != UINT32_MAX) *TB_PUSH(g->a, p->links) = (tb_project_link){f, to};
        }
    }
}

tb_project *tb__lsp_project(tb_lsp *s, tb_arena *a, const tb__document *d) {
    tb_sources *sources = TB_NEW(a, tb_sources);
    struct gathering g = {.s = s, .a = a, .sources = sources};
    tb_project *p = TB_NEW(a, tb_project);
    tb_str root = tb__lsp_root_of(s, a, d->path);
    gather(&g, d->path, d->text);
    for (uint32_t i = 0; i < s->count; i++) gather(&g, s->documents[i].path, s->documents[i].text);
    if (root.n) walk(s, a, root);
    for (uint32_t i = 0; root.n && i < s->read.list.count; i++) {
        tb_file f = s->read.list.items[i];
        if (!tb_str_eq(tb_path_below(root, f.path), f.path)) gather(&g, f.path, f.text);
    }
    gather_references(&g, p);
    p->arena = a;
    p->sources = sources;
    p->trees = g.trees.items;
    p->count = g.trees.count;
    p->lang = tb__lsp_lang(s, d);
    tb_project_read(p);
    return p;
}
