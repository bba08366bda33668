/* The names of several texts: see project.h.
 *
 * A thing is (sort, name, owner) and a home: for what everyone knows the text that defines it as seen from a use (each use looks for itself, so two
 * templates of one name in texts that know nothing of each other stay two); for what belongs to a matter or template the set of scopes that share
 * it. Scopes share a name when a template that defines it is among the templates they take up, at any depth. */
#include "project.h"
#include "syntax.h"
#include <string.h>

#define NOWHERE UINT32_MAX /* no text */
enum { DEEP = 16 /* templates that take up templates */ };

typedef struct scope { /* a matter or a template */
    uint32_t file, section;
} scope;
typedef TB_LIST(scope) scopes;

typedef struct thing {
    enum tb_sort sort;
    tb_str name, owner;
    uint32_t home;  /* of what everyone knows: the text that defines it; NOWHERE: none does */
    scopes members; /* of what belongs to scopes */
} thing;

/* ---- what refers to what ---- */

static void close_links(tb_project *p) {
    p->reach = TB_NEW_ARRAY(p->arena, p->count + 1, uint32_t *);
    for (uint32_t f = 0; f < p->count; f++) {
        uint32_t *seen = TB_NEW_ARRAY(p->arena, p->count + 1, uint32_t), n = 0;
        bool *held = TB_NEW_ARRAY(p->arena, p->count + 1, bool);
        seen[n++] = f, held[f] = true;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t k = 0; k < p->links.count; k++) {
                tb_project_link l = p->links.items[k];
                if (l.from == seen[i] && !held[l.to]) seen[n++] = l.to, held[l.to] = true;
            }
        seen[n] = NOWHERE;
        p->reach[f] = seen;
    }
}

/* ---- what everyone knows ---- */

static bool defines(const tb_project *p, uint32_t file, enum tb_sort sort, tb_str name, tb_str owner) {
    const tb_mentions *u = &p->names[file];
    for (uint32_t i = 0; i < u->list.count; i++) {
        const tb_mention *x = &u->list.items[i];
        if (x->defines && x->scope == 0 && x->sort == sort && tb_str_eq(x->stem, name) && tb_str_eq(x->owner, owner))
            return true;
    }
    return false;
}

static uint32_t home_of(const tb_project *p, uint32_t file, enum tb_sort sort, tb_str name, tb_str owner) {
    for (const uint32_t *f = p->reach[file]; *f != NOWHERE; f++)
        if (defines(p, *f, sort, name, owner)) return *f;
    for (uint32_t f = 0; f < p->count; f++)
        if (defines(p, f, sort, name, owner)) return f;
    return NOWHERE;
}

/* ---- templates taken up ---- */

static bool is_scope(const tb_section *s) { return s->kind == TB_S_MATTER || s->kind == TB_S_TEMPLATE; }

static bool held(const scopes *list, scope s) {
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].file == s.file && list->items[i].section == s.section) return true;
    return false;
}

static void hold(tb_project *p, scopes *list, scope s) {
    if (!held(list, s)) *TB_PUSH(p->arena, *list) = s;
}

/* The templates a scope takes up, those they take up too; not itself. */
static scopes templates_of(tb_project *p, scope of) {
    scopes all = {0};
    for (uint32_t next = 0; next <= all.count && next <= DEEP; next++) {
        scope s = next ? all.items[next - 1] : of;
        const tb_mentions *u = &p->names[s.file];
        for (uint32_t i = 0; i < u->list.count; i++) {
            const tb_mention *x = &u->list.items[i];
            if (x->sort != TB_N_TEMPLATE || x->defines || tb_scope_of(u->tree, x->section) != s.section + 1) continue;
            uint32_t home = home_of(p, s.file, TB_N_TEMPLATE, x->stem, TB_NONE);
            const tb_tree *t = home == NOWHERE ? NULL : p->trees[home];
            for (uint32_t k = 0; t && k < t->sections.count; k++) {
                const tb_section *in = &t->sections.items[k];
                scope found = {home, k};
                if (in->kind != TB_S_TEMPLATE || !tb_str_eq(in->name.text, x->stem)) continue;
                if (found.file != of.file || found.section != of.section) hold(p, &all, found);
            }
        }
    }
    return all;
}

static bool within(const tb_project *p, scope s, const tb_mention *x) {
    return tb_scope_of(p->trees[s.file], x->section) == s.section + 1;
}

static bool scope_defines(const tb_project *p, scope s, const thing *t) {
    const tb_mentions *u = &p->names[s.file];
    for (uint32_t i = 0; i < u->list.count; i++) {
        const tb_mention *x = &u->list.items[i];
        if (x->defines && within(p, s, x) && x->sort == t->sort && tb_str_eq(x->stem, t->name) &&
            tb_str_eq(x->owner, t->owner))
            return true;
    }
    return false;
}

static bool any_held(const scopes *a, const scopes *b) {
    for (uint32_t i = 0; i < a->count; i++)
        if (held(b, a->items[i])) return true;
    return false;
}

/* The scopes that share a thing, seen from one of them: the templates that define it, and all that take these up. */
static void share(tb_project *p, scope from, thing *t) {
    scopes above = templates_of(p, from), roots = {0};
    for (uint32_t i = 0; i < above.count; i++)
        if (scope_defines(p, above.items[i], t)) hold(p, &roots, above.items[i]);
    if (!roots.count) hold(p, &roots, from);
    t->members = (scopes){0};
    for (uint32_t i = 0; i < roots.count; i++) hold(p, &t->members, roots.items[i]);
    for (uint32_t f = 0; f < p->count; f++)
        for (uint32_t k = 0; k < p->trees[f]->sections.count; k++) {
            if (!is_scope(&p->trees[f]->sections.items[k])) continue;
            scopes taken = templates_of(p, (scope){f, k});
            if (any_held(&taken, &roots)) hold(p, &t->members, (scope){f, k});
        }
}

/* ---- what a use means ---- */

static bool adopted(const tb_project *p, uint32_t file, const tb_mention *x, tb_str table) {
    const tb_mentions *u = &p->names[file];
    for (uint32_t i = 0; i < u->list.count; i++) {
        const tb_mention *a = &u->list.items[i];
        if (a->sort == TB_N_TABLE && !a->defines && a->clause && a->clause->kind == TB_C_ADOPTS &&
            tb_scope_of(u->tree, a->section) == tb_scope_of(u->tree, x->section) &&
            (!table.n || tb_str_eq(a->stem, table)))
            return true;
    }
    return false;
}

/* In a condition: the output 等级 of an adopted table, 风险等级·等级, or the table itself. */
static bool names_output(const tb_project *p, uint32_t file, const tb_mention *x, enum tb_sort sort, tb_str name,
                         tb_str owner, tb_str *stem) {
    static const char dot[] = "·";
    tb_str table = sort == TB_N_TABLE ? name : owner;
    if (x->known || !(x->may & (uint32_t)sort) || !adopted(p, file, x, table)) return false;
    *stem = x->text;
    if (tb_str_eq(x->text, name)) return true;
    uint32_t n = (uint32_t)sizeof dot - 1;
    if (x->text.n <= table.n + n || memcmp(x->text.p, table.p, table.n) != 0 ||
        memcmp(x->text.p + table.n, dot, n) != 0)
        return false;
    if (sort == TB_N_TABLE) return *stem = (tb_str){x->text.p, table.n}, true;
    *stem = (tb_str){x->text.p + table.n + n, x->text.n - table.n - n};
    return tb_str_eq(*stem, name);
}

static bool everyones(enum tb_sort sort) {
    return (uint32_t)sort & (TB_N_MATTER | TB_N_TEMPLATE | TB_N_TABLE | TB_N_INTERFACE | TB_N_LAW | TB_N_ORGAN |
                             TB_N_CATALOGUE | TB_N_PARAMETER | TB_N_COLUMN | TB_N_REQUEST | TB_N_REPLY);
}

static bool belongs(tb_project *p, uint32_t file, const tb_mention *x, const thing *t, tb_str *stem) {
    bool output = t->sort & (TB_N_COLUMN | TB_N_TABLE) && names_output(p, file, x, t->sort, t->name, t->owner, stem);
    if (!output && !tb_mention_fits(x, t->sort, t->name, t->owner, stem)) return false;
    if (everyones(t->sort)) return home_of(p, file, t->sort, t->name, t->owner) == t->home;
    uint32_t begins = tb_scope_of(p->trees[file], x->section);
    return begins && held(&t->members, (scope){file, begins - 1});
}

static bool shared_define(tb_project *p, uint32_t file, const tb_mention *x, thing *t) {
    scope from = {file, tb_scope_of(p->trees[file], x->section) - 1};
    scopes above = templates_of(p, from);
    for (uint32_t i = 0; i < above.count; i++)
        if (scope_defines(p, above.items[i], t)) return share(p, from, t), true;
    return false;
}

/* A use whose own text does not define it: by the tables it may be an output of, then by sorts in templates and elsewhere. */
static bool look_elsewhere(tb_project *p, uint32_t file, const tb_mention *x, thing *t) {
    for (int bit = 0; bit < TB_SORTS; bit++) {
        enum tb_sort sort = (enum tb_sort)(1u << bit);
        if (!(x->may & (uint32_t)sort) && !(x->may & TB_N_MILESTONE && sort == TB_N_PLACE)) continue;
        for (uint32_t f = 0; f < p->count; f++)
            for (uint32_t i = 0; i < p->names[f].list.count; i++) {
                const tb_mention *d = &p->names[f].list.items[i];
                tb_str stem;
                if (!d->defines || d->sort != sort) continue;
                *t = (thing){.sort = sort, .name = d->stem, .owner = d->owner, .home = NOWHERE};
                bool output =
                    (sort & (TB_N_COLUMN | TB_N_TABLE)) && names_output(p, file, x, sort, d->stem, d->owner, &stem);
                if (!output && !tb_mention_fits(x, sort, d->stem, d->owner, &stem)) continue;
                if (!everyones(sort) && !shared_define(p, file, x, t)) continue;
                if (everyones(sort)) t->home = home_of(p, file, sort, t->name, t->owner);
                return true;
            }
    }
    return false;
}

static thing thing_of(tb_project *p, uint32_t file, const tb_mention *x) {
    thing t = {.sort = x->sort, .name = x->stem, .owner = x->known ? x->owner : TB_NONE, .home = NOWHERE};
    if (!x->known && look_elsewhere(p, file, x, &t)) return t;
    if (!x->known) t = (thing){.sort = x->sort, .name = x->stem, .owner = x->owner, .home = NOWHERE};
    if (everyones(t.sort)) t.home = home_of(p, file, t.sort, t.name, t.owner);
    else if (tb_scope_of(p->trees[file], x->section))
        share(p, (scope){file, tb_scope_of(p->trees[file], x->section) - 1}, &t);
    return t;
}

void tb_project_read(tb_project *p) {
    p->names = TB_NEW_ARRAY(p->arena, p->count + 1, tb_mentions);
    for (uint32_t f = 0; f < p->count; f++) p->names[f] = tb_mentions_of(p->arena, p->sources, p->trees[f]);
    close_links(p);
}

tb_project_uses tb_project_uses_at(tb_project *p, uint32_t file, uint32_t offset) {
    tb_project_uses uses = {0};
    const tb_mention *at = tb_mention_at(&p->names[file], offset);
    if (!at) return uses;
    thing t = thing_of(p, file, at);
    for (uint32_t f = 0; f < p->count; f++)
        for (uint32_t i = 0; i < p->names[f].list.count; i++) {
            const tb_mention *x = &p->names[f].list.items[i];
            tb_str stem;
            if (!belongs(p, f, x, &t, &stem)) continue;
            tb_project_use *use = TB_PUSH(p->arena, uses);
            *use = (tb_project_use){f, *x};
            use->mention.sort = t.sort, use->mention.stem = stem, use->mention.owner = t.owner;
        }
    return uses;
}

const tb_project_use *tb_project_definition(const tb_project_uses *uses) {
    for (uint32_t i = 0; i < uses->count; i++)
        if (uses->items[i].mention.defines) return &uses->items[i];
    return NULL;
}

/* ---- renaming ---- */

static bool refuse(tb_project *p, tb_str *why, const char *zh, const char *en, tb_str name, tb_str place) {
    const char *format = p->lang == TB_LANG_EN ? en : zh;
    *why = tb_str_printf(p->arena, format, TB_FMT(name), TB_FMT(place));
    return false;
}

/* The replies of an interface are also the acts of the steps that ask it. */
static bool also_acts(const tb_project *p, tb_str reply) {
    for (uint32_t f = 0; f < p->count; f++)
        for (uint32_t i = 0; i < p->names[f].list.count; i++) {
            const tb_mention *x = &p->names[f].list.items[i];
            if (x->sort == TB_N_ACT && tb_str_eq(x->stem, reply)) return true;
        }
    return false;
}

bool tb_project_can_rename(tb_project *p, const tb_project_uses *uses, tb_str *why) {
    if (!uses->count)
        return *why = p->lang == TB_LANG_EN ? TB_STR("there is no name here") : TB_STR("这里没有名称"), false;
    for (uint32_t i = 0; i < uses->count; i++)
        if (!tb_own_name(p->arena, &p->names[uses->items[i].file], &uses->items[i].mention, p->lang, why)) return false;
    const tb_mention *x = &uses->items[0].mention;
    if (!tb_project_definition(uses))
        return refuse(
            p, why, "“%.*s”没有定义：打开的文件、它们引用的和规则目录里都没有",
            "“%.*s” is defined nowhere: not in the open files, nor in those they import or below the rules root",
            x->stem, TB_NONE);
    if (x->sort == TB_N_REPLY && also_acts(p, x->stem))
        return refuse(p, why, "“%.*s”也是调用接口的环节里的动作，请和动作一起逐处改",
                      "“%.*s” is also an act of the steps that call the interface; change both by hand", x->stem,
                      TB_NONE);
    return true;
}

static bool sees(const tb_project *p, uint32_t from, uint32_t to) {
    for (const uint32_t *f = p->reach[from]; *f != NOWHERE; f++)
        if (*f == to) return true;
    return false;
}

/* Do two texts meet: does one see the other, or some text both? What is known without 引用 meets everywhere. */
static bool meet(const tb_project *p, uint32_t a, uint32_t b, enum tb_sort sort) {
    if (sort & (TB_N_MATTER | TB_N_ORGAN | TB_N_CATALOGUE | TB_N_LAW)) return true;
    for (uint32_t f = 0; f < p->count; f++)
        if (sees(p, f, a) && sees(p, f, b)) return true;
    return false;
}

static bool same_scope(const tb_project *p, const tb_project_use *use, uint32_t file, const tb_mention *y) {
    if (everyones(use->mention.sort) && y->scope == 0) return meet(p, use->file, file, use->mention.sort);
    return use->file == file &&
           tb_scope_of(p->trees[file], use->mention.section) == tb_scope_of(p->trees[file], y->section);
}

/* Would the two be taken for one another once they have one name? `y` has it already. */
static bool confused(const tb_mention *x, const tb_mention *y) {
    if (x->sort == y->sort) return (y->defines || !y->known) && tb_str_eq(x->owner, y->owner);
    bool takes_y = y->may & (uint32_t)x->sort && !y->defines && (!y->known || tb_sort_before(x->sort, y->sort));
    bool taken = x->may & (uint32_t)y->sort && y->known && !x->defines && tb_sort_before(y->sort, x->sort);
    return takes_y || taken;
}

/* What has the name already and would be confused with a use; its definition rather than another use of it. */
static const tb_mention *clash(const tb_project *p, const tb_project_use *use, tb_str name, uint32_t *where) {
    const tb_mention *found = NULL;
    for (uint32_t f = 0; f < p->count; f++)
        for (uint32_t i = 0; i < p->names[f].list.count; i++) {
            const tb_mention *y = &p->names[f].list.items[i];
            if (found && !y->defines) continue;
            if (!tb_str_eq(y->stem, name) || !same_scope(p, use, f, y) || !confused(&use->mention, y)) continue;
            found = y, *where = f;
            if (y->defines) return y;
        }
    return found;
}

static bool fixed_before(const tb_mention *x, tb_str name) {
    for (int bit = 0; bit < TB_SORTS; bit++) {
        enum tb_sort sort = (enum tb_sort)(1u << bit);
        if (x->may & (uint32_t)sort && tb_sort_before(sort, x->sort) && tb_is_fixed_name(sort, name)) return true;
    }
    return false;
}

static tb_str place_of(tb_project *p, uint32_t file, tb_span span) {
    tb_str path = p->sources->list.items[file].path;
    for (uint32_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/') {
            path = (tb_str){path.p + i, path.n - i};
            break;
        }
    return tb_str_printf(p->arena, p->lang == TB_LANG_EN ? "%.*s, line %u" : "%.*s 第 %u 行", TB_FMT(path),
                         tb_source_place(p->sources, file, span.from).line);
}

bool tb_project_rename(tb_project *p, const tb_project_uses *uses, tb_str name, tb_edits *edits, tb_str *why) {
    *edits = (tb_edits){0};
    if (!tb_project_can_rename(p, uses, why)) return false;
    const tb_mention *first = &uses->items[0].mention;
    if (!tb_new_name(p->arena, first->sort, p->lang, &name, why)) return false;
    for (uint32_t i = 0; i < uses->count && !tb_str_eq(name, first->stem); i++) {
        const tb_project_use *use = &uses->items[i];
        uint32_t where = 0;
        const tb_mention *y = clash(p, use, name, &where);
        if (y)
            return refuse(p, why, "“%.*s”已经是别的名称了（%.*s），换一个",
                          "“%.*s” is already in use (%.*s); choose another", name, place_of(p, where, y->span));
        if (!use->mention.defines && fixed_before(&use->mention, name))
            return refuse(p, why, "“%.*s”在这里会被当成语言规定的名称（%.*s），换一个",
                          "here “%.*s” would be read as a name the language gives (%.*s); choose another", name,
                          place_of(p, use->file, use->mention.span));
    }
    for (uint32_t i = 0; i < uses->count; i++) {
        const tb_project_use *use = &uses->items[i];
        *TB_PUSH(p->arena, *edits) =
            (tb_edit){use->mention.span, tb_mention_rewritten(p->arena, &p->names[use->file], &use->mention, name)};
    }
    return true;
}
