/* The names of a text: see names.h.
 *
 * Gathered from the tree by the table, then settled: a name that may be of several sorts (已 X: a milestone, a document, a step) is of the first that
 * defines it. Conditions keep texts and no places of their own names, so their words are found again by reading the tokens of the condition. */
#include "names.h"
#include "parser.h"
#include "syntax.h"
#include <string.h>

enum { ALL = -1, REST = -2 };
enum role { USES = 0, DEFINES = 1 };

static const struct row {
    bool part;
    int kind, which;
    enum role role;
    uint32_t sorts;
} rows[] = {
#define CLAUSE(kind, which, role, sorts) {false, TB_C_##kind, which, role, sorts},
#define PART(kind, which, role, sorts) {true, TB_P_##kind, which, role, sorts},
#include "names.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char *const sort_words[TB_SORTS][2] = {
#define SORT(name, zh, en) {zh, en},
#include "names.def"
};
static const struct {
    uint32_t sort;
    const char *zh, *en;
} fixed[] = {
#define FIXED(sort, zh, en) {TB_N_##sort, zh, en},
#include "names.def"
};
enum { FIXED_NAMES = sizeof fixed / sizeof *fixed };

const char *tb_sort_word(enum tb_sort sort, enum tb_lang lang) {
    for (int i = 0; i < TB_SORTS; i++)
        if (sort == (enum tb_sort)(1u << i)) return sort_words[i][lang == TB_LANG_EN];
    return "";
}

const char *tb_fixed_name_of(enum tb_sort sort, uint32_t n, enum tb_lang lang) {
    for (int i = 0; i < FIXED_NAMES; i++)
        if (fixed[i].sort == (uint32_t)sort && n-- == 0) return lang == TB_LANG_EN ? fixed[i].en : fixed[i].zh;
    return NULL;
}

bool tb_is_fixed_name(enum tb_sort sort, tb_str name) {
    for (int i = 0; i < FIXED_NAMES; i++)
        if (fixed[i].sort == (uint32_t)sort && (tb_str_is(name, fixed[i].zh) || tb_str_is(name, fixed[i].en)))
            return true;
    return false;
}

uint32_t tb__sorts_at(bool part, int kind, uint32_t which) {
    uint32_t found = 0;
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].part != part || rows[i].kind != kind) continue;
        if (rows[i].which == (int)which) return rows[i].sorts;
        if (rows[i].which == ALL || (rows[i].which == REST && which >= 1)) found = rows[i].sorts;
    }
    return found;
}

static bool defines_at(bool part, int kind, uint32_t which) {
    bool defines = false;
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].part != part || rows[i].kind != kind) continue;
        if (rows[i].which == (int)which) return rows[i].role == DEFINES;
        if (rows[i].which == ALL || (rows[i].which == REST && which >= 1)) defines = rows[i].role == DEFINES;
    }
    return defines;
}

static enum tb_sort heading_sort(enum tb_section_kind k) {
    switch (k) {
// clang-format off
#define HEADING(section, sort) case TB_S_##section: return TB_N_##sort;
// clang-format on
#include "names.def"
    default: return TB_NO_SORT;
    }
}

/* ---- scopes ---- */

static const uint32_t everyones = TB_N_MATTER | TB_N_TEMPLATE | TB_N_TABLE | TB_N_INTERFACE | TB_N_LAW | TB_N_ORGAN |
                                  TB_N_CATALOGUE | TB_N_PARAMETER | TB_N_COLUMN | TB_N_REQUEST | TB_N_REPLY;

/* A table or an interface may stand among the sections of a matter, which goes on after it. */
static bool own_scope(enum tb_section_kind k) { return k == TB_S_TABLE || k == TB_S_INTERFACE || k == TB_S_CATALOGUE; }
static bool begins_scope(enum tb_section_kind k) {
    return k == TB_S_MATTER || k == TB_S_TEMPLATE || k == TB_S_LAW || k == TB_S_CALENDAR || k == TB_S_DIRECTORY;
}

uint32_t tb_scope_of(const tb_tree *t, uint32_t section) {
    if (section >= t->sections.count) return 0;
    if (own_scope(t->sections.items[section].kind)) return section + 1;
    for (uint32_t i = section + 1; i > 0; i--)
        if (begins_scope(t->sections.items[i - 1].kind)) return i;
    return 1;
}

/* ---- gathering ---- */

struct gather {
    tb_arena *a;
    tb_mentions *u;
    uint32_t section;
    const tb_section *in;
    const tb_clause *clause;
    tb_str template; /* the sections are this template's */
};

static void add(struct gather *g, const tb_name *n, uint32_t sorts, bool defines, tb_str owner) {
    if (!n->text.n || n->span.file == UINT32_MAX) return;
    if (!sorts) return;
    enum tb_sort first = (enum tb_sort)(sorts & -sorts);
    *TB_PUSH(g->a, g->u->list) = (tb_mention){.span = n->span,
                                              .text = n->text,
                                              .stem = n->text,
                                              .may = sorts,
                                              .sort = first,
                                              .defines = defines,
                                              .owner = owner,
                                              .section = g->section,
                                              .clause = g->clause};
}

static tb_str first_name(const tb_names *n) { return n->count ? n->items[0].text : TB_NONE; }

/* What owns the names of a clause: their field, their column, their template, table or interface. */
static tb_str owner_of(const struct gather *g, uint32_t sorts) {
    switch (g->clause->kind) {
    case TB_C_FIELD:
    case TB_C_INPUT:
    case TB_C_OUTPUT:
        if (sorts == TB_N_OPTION) return first_name(&g->clause->names);
        return g->clause->kind == TB_C_FIELD ? TB_NONE : g->in->name.text;
    case TB_C_REQUESTS:
    case TB_C_REPLIES: return g->in->name.text;
    case TB_C_PARAMETER: return g->in->name.text;
    default: return sorts == TB_N_PARAMETER ? g->template : TB_NONE;
    }
}

/* NAME 为 VALUE: what the two are depends on the clause. */
static void add_set(struct gather *g, const tb_part *part) {
    enum {
        given = TB_N_FIELD | TB_N_POST | TB_N_PLACE | TB_N_DOCUMENT | TB_N_MATERIAL | TB_N_MILESTONE | TB_N_STEP |
                TB_N_OPTION | TB_N_MODE
    };
    static const struct {
        enum tb_clause_kind clause;
        uint32_t name, value;
    } sets[] = {{TB_C_USES, TB_N_PARAMETER, given},     {TB_C_ADOPTS, TB_N_COLUMN, TB_N_FIELD},
                {TB_C_CALLS, TB_N_REQUEST, TB_N_FIELD}, {TB_C_STARTS, 0, TB_N_FIELD},
                {TB_C_ROW, TB_N_COLUMN, TB_N_OPTION},   {TB_C_AT, TB_N_FIELD | TB_N_MATERIAL, TB_N_OPTION}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (sets[i].clause != g->clause->kind || !part->names.count) continue;
        tb_str owner = sets[i].name & TB_N_FIELD     ? TB_NONE
                       : g->clause->kind == TB_C_ROW ? g->in->name.text
                                                     : first_name(&g->clause->names);
        add(g, &part->names.items[0], sets[i].name, false, owner);
        bool word = part->value_kind == TB_V_NAME || part->value_kind == TB_V_TEXT;
        if (word)
            add(g, &part->value, sets[i].value, false,
                sets[i].value == TB_N_OPTION ? part->names.items[0].text : TB_NONE);
    }
}

/* The word of a condition that has this text, from `from` on. */
static bool find_word(const struct gather *g, tb_span in, tb_str text, tb_name *out) {
    tb__lexer l;
    tb_source piece = {.text = tb_source_text(g->u->sources, in)};
    uint32_t start = 0;
    piece.line_start = &start;
    piece.lines = 1;
    tb__lex_begin(&l, g->a, NULL, &piece, in.file);
    for (tb__token t = tb__lex_next(&l); t.kind; t = tb__lex_next(&l)) {
        bool keyword = t.kind >= K_MATTER && tb__keyword(text) == t.kind;
        if (t.kind >= TB__COMMENT || !(tb_str_eq(t.word.name.text, text) || keyword)) continue;
        *out = (tb_name){text, {in.file, in.from + t.at.from, in.from + t.at.to}};
        return true;
    }
    return false;
}

static void add_word(struct gather *g, const tb_expr *x, uint32_t sorts, tb_str owner) {
    tb_name n;
    if (x->text.n && find_word(g, x->span, x->text, &n)) add(g, &n, sorts, false, owner);
}

static void add_expr(struct gather *g, const tb_expr *x) { /* as deep as TB_EXPR_DEPTH */
    if (!x) return;
    uint32_t value = TB_N_FIELD | TB_N_COLUMN | TB_N_TABLE | TB_N_PARAMETER,
             moment = TB_N_MILESTONE | TB_N_DOCUMENT | TB_N_STEP;
    tb_str owner = g->in->kind == TB_S_TABLE ? g->in->name.text : TB_NONE;
    switch (x->kind) {
    case TB_X_NAME: add_word(g, x, value, owner); break;
    case TB_X_DONE:
    case TB_X_NOT_DONE: add_word(g, x, moment, TB_NONE); break;
    case TB_X_FILLED:
    case TB_X_UNFILLED: add_word(g, x, TB_N_FIELD | TB_N_COLUMN, owner); break;
    case TB_X_IN:
    case TB_X_CONTAINS:
        add_word(g, x, value, owner);
        for (uint32_t i = 0; i < x->names.count; i++) add(g, &x->names.items[i], TB_N_OPTION, false, x->text);
        break;
    case TB_X_MODE:
        for (uint32_t i = 0; i < x->names.count; i++) add(g, &x->names.items[i], TB_N_MODE, false, TB_NONE);
        break;
    case TB_X_COMPARE:
        add_expr(g, x->a);
        if (x->b && x->a && x->a->kind == TB_X_NAME && (x->b->kind == TB_X_NAME || x->b->kind == TB_X_TEXT)) {
            add_word(g, x->b, TB_N_OPTION | (x->b->kind == TB_X_NAME ? value : 0), x->a->text);
            return;
        }
        add_expr(g, x->b);
        return;
    default: break;
    }
    add_expr(g, x->a);
    add_expr(g, x->b);
}

/* 《X》第一条: the law's name is what stands in 《》; in 《X》第一条、第二条 the second has none of its own. */
static void add_laws(struct gather *g, const tb_law_refs *laws) {
    for (uint32_t i = 0; i < laws->count; i++) {
        const tb_law_ref *ref = &laws->items[i];
        tb_str raw = tb_source_text(g->u->sources, ref->span);
        if (!tb_str_starts(raw, "《") || !ref->law.n || 6 + ref->law.n > raw.n) continue;
        add(g, &(tb_name){ref->law, {ref->span.file, ref->span.from, ref->span.from + 6 + ref->law.n}}, TB_N_LAW, false,
            TB_NONE);
    }
}

static void add_clause(struct gather *g, const tb_clause *c) {
    g->clause = c;
    for (uint32_t i = 0; i < c->names.count; i++) {
        uint32_t sorts = tb__sorts_at(false, c->kind, i);
        add(g, &c->names.items[i], sorts, defines_at(false, c->kind, i), owner_of(g, sorts));
    }
    add_expr(g, c->expr);
    for (uint32_t k = 0; k < c->parts.count; k++) {
        const tb_part *part = &c->parts.items[k];
        if (part->kind == TB_P_SET) add_set(g, part);
        for (uint32_t i = 0; i < part->names.count && part->kind != TB_P_SET; i++)
            add(g, &part->names.items[i], tb__sorts_at(true, part->kind, i), defines_at(true, part->kind, i), TB_NONE);
        add_expr(g, part->expr);
        add_laws(g, &part->laws);
    }
}

static void add_heading(struct gather *g, const tb_section *s) {
    g->clause = NULL;
    add(g, &s->name, heading_sort(s->kind), !s->changed, TB_NONE);
    add(g, &s->in, TB_N_GROUP, false, TB_NONE);
    add(g, &s->phase, TB_N_PHASE, false, TB_NONE);
    add(g, &s->before, TB_N_MILESTONE, false, TB_NONE);
    add(g, &s->each, TB_N_FIELD, false, TB_NONE);
    add(g, &s->inserted, TB_N_STEP, false, TB_NONE);
    for (uint32_t i = 0; i < s->only.count; i++) add(g, &s->only.items[i], TB_N_MODE, false, TB_NONE);
}

/* ---- settling ---- */

static tb_str owner_for(const tb_mention *use, enum tb_sort sort) {
    static const uint32_t owned = TB_N_OPTION | TB_N_PARAMETER | TB_N_COLUMN | TB_N_REQUEST | TB_N_REPLY;
    return (uint32_t)sort & owned ? use->owner : TB_NONE;
}

bool tb_mention_same(const tb_mention *a, const tb_mention *b) {
    return a->sort == b->sort && a->scope == b->scope && tb_str_eq(a->stem, b->stem) &&
           tb_str_eq(owner_for(a, a->sort), owner_for(b, b->sort));
}

static bool defined(const tb_mentions *u, const tb_mention *as) {
    for (uint32_t i = 0; i < u->list.count; i++)
        if (u->list.items[i].defines && tb_mention_same(&u->list.items[i], as)) return true;
    return false;
}

/* Takes `sort` and `stem` when that is defined in the text (or given by the language). */
static bool settle_as(const tb_mentions *u, tb_mention *use, enum tb_sort sort, tb_str stem) {
    tb_mention as = *use;
    as.sort = sort;
    as.stem = stem;
    as.scope = (uint32_t)sort & everyones ? 0 : tb_scope_of(u->tree, use->section);
    as.owner = owner_for(use, sort);
    as.known = defined(u, &as) || tb_is_fixed_name(sort, stem);
    if (as.known) *use = as;
    return as.known;
}

/* 最近一次X, 首次X, X日 of a milestone; P收到 of a place; S到期, S剩余 of a step: what stands in the middle, for `nth` from
 * 0 on. false: the last. */
static bool made_of(tb_str text, uint32_t nth, enum tb_sort *sort, tb_str *stem) {
    static const char *const before[] = {"", "最近一次", "首次", "latest-", "last-", "first-"};
    static const char *const after[][2] = {{"", "收到"}, {"日", "收到日"}, {"-date", "-received"}};
    static const char *const of_limit[] = {"到期", "-due", "剩余", "-left"}; /* a step's limit bears its name */
    enum { BEFORE = sizeof before / sizeof *before, AFTER = sizeof after / sizeof *after };
    enum { DATED = BEFORE * AFTER * 2, ALL_MADE = DATED + sizeof of_limit / sizeof *of_limit };
    const char *head = nth < DATED ? before[nth / (AFTER * 2)] : "";
    const char *foot = nth < DATED ? after[nth / 2 % AFTER][nth % 2] : of_limit[nth - DATED];
    uint32_t h = (uint32_t)strlen(head), f = (uint32_t)strlen(foot);
    *sort = nth >= DATED ? TB_N_STEP : nth % 2 ? TB_N_PLACE : TB_N_MILESTONE;
    *stem = TB_NONE;
    if (tb_str_starts(text, head) && text.n > h + f && tb_str_ends(text, foot))
        *stem = (tb_str){text.p + h, text.n - h - f};
    return nth + 1 < ALL_MADE;
}

static bool settle_made(const tb_mentions *u, tb_mention *use) {
    enum tb_sort sort;
    tb_str stem;
    for (uint32_t i = 0, more = 1; more; i++) {
        more = made_of(use->text, i, &sort, &stem);
        if (!stem.n || !settle_as(u, use, sort, stem)) continue;
        if (sort == TB_N_STEP) use->may = TB_N_STEP; /* no milestone of that name is meant by S到期 */
        return true;
    }
    return false;
}

/* As the compiler tries them: 已 X is a milestone, then a document, then a step; a value is a field before it is a table's. */
static const enum tb_sort tried_first[] = {TB_N_MILESTONE, TB_N_DOCUMENT, TB_N_STEP, TB_N_FIELD};
enum { TRIED_FIRST = sizeof tried_first / sizeof *tried_first };

static enum tb_sort tried(uint32_t nth) {
    return nth < TRIED_FIRST ? tried_first[nth] : (enum tb_sort)(1u << (nth - TRIED_FIRST));
}

bool tb_sort_before(enum tb_sort a, enum tb_sort b) {
    for (uint32_t i = 0; i < TRIED_FIRST + TB_SORTS; i++)
        if (tried(i) == a || tried(i) == b) return tried(i) == a && a != b;
    return false;
}

static void settle(const tb_mentions *u, tb_mention *use) {
    for (uint32_t i = 0; i < TRIED_FIRST + TB_SORTS; i++)
        if (use->may & (uint32_t)tried(i) && settle_as(u, use, tried(i), use->text)) return;
    if (use->may & TB_N_MILESTONE) settle_made(u, use);
}

bool tb_mention_fits(const tb_mention *use, enum tb_sort sort, tb_str name, tb_str owner, tb_str *stem) {
    *stem = use->stem;
    if (use->known) return use->sort == sort && tb_str_eq(use->stem, name) && tb_str_eq(use->owner, owner);
    if (use->may & (uint32_t)sort && tb_str_eq(use->stem, name)) return tb_str_eq(owner_for(use, sort), owner);
    enum tb_sort made;
    for (uint32_t i = 0, more = use->may & TB_N_MILESTONE; more;) {
        more = made_of(use->text, i++, &made, stem);
        if (made == sort && tb_str_eq(*stem, name)) return true;
    }
    return false;
}

tb_str tb_law_called(tb_str law) {
    static const char country[] = "中华人民共和国";
    uint32_t n = (uint32_t)sizeof country - 1;
    return tb_str_starts(law, country) && law.n > n ? (tb_str){law.p + n, law.n - n} : law;
}

/* In a template's sections whatever is called like one of its parameters is that parameter. */
static void settle_parameters(tb_mentions *u) {
    for (uint32_t i = 0; i < u->list.count; i++) {
        const tb_mention *p = &u->list.items[i];
        if (p->sort != TB_N_PARAMETER || !p->defines) continue;
        uint32_t scope = tb_scope_of(u->tree, p->section);
        for (uint32_t k = 0; k < u->list.count; k++) {
            tb_mention *x = &u->list.items[k];
            if (k == i || !tb_str_eq(x->text, p->text) || tb_scope_of(u->tree, x->section) != scope ||
                x->may & (TB_N_ACT | TB_N_TEMPLATE | TB_N_LAW) || x->sort == TB_N_PARAMETER)
                continue;
            x->may = TB_N_PARAMETER;
            x->sort = TB_N_PARAMETER;
            x->defines = false;
            x->owner = p->owner;
        }
    }
}

static void
sort_by_place(tb_mentions *u) { /* insertion: nearly sorted, a clause is gathered in its order but for conditions */
    for (uint32_t i = 1; i < u->list.count; i++) {
        tb_mention moving = u->list.items[i];
        uint32_t j = i;
        for (; j > 0 && u->list.items[j - 1].span.from > moving.span.from; j--) u->list.items[j] = u->list.items[j - 1];
        u->list.items[j] = moving;
    }
}

tb_mentions tb_mentions_of(tb_arena *a, const tb_sources *s, const tb_tree *t) {
    tb_mentions u = {.tree = t, .sources = s};
    struct gather g = {.a = a, .u = &u};
    for (uint32_t i = 0; i < t->sections.count; i++) {
        g.section = i;
        g.in = &t->sections.items[i];
        if (begins_scope(g.in->kind)) g.template = g.in->kind == TB_S_TEMPLATE ? g.in->name.text : TB_NONE;
        add_heading(&g, g.in);
        for (uint32_t k = 0; k < g.in->clauses.count; k++) add_clause(&g, &g.in->clauses.items[k]);
    }
    sort_by_place(&u);
    settle_parameters(&u);
    for (uint32_t i = 0; i < u.list.count; i++) { /* what is said first of all: definitions know what they are */
        tb_mention *use = &u.list.items[i];
        use->scope = (uint32_t)use->sort & everyones ? 0 : tb_scope_of(t, use->section);
        use->owner = use->defines ? owner_for(use, use->sort) : use->owner;
        use->known = use->defines;
        if (use->sort == TB_N_LAW) use->stem = tb_law_called(use->text);
    }
    for (uint32_t i = 0; i < u.list.count; i++) {
        tb_mention *use = &u.list.items[i];
        if (!use->defines && use->sort == TB_N_LAW) use->known = defined(&u, use);
        else if (!use->defines) settle(&u, use);
    }
    for (uint32_t i = 0; i < u.list.count; i++)
        if (u.list.items[i].known) u.list.items[i].owner = owner_for(&u.list.items[i], u.list.items[i].sort);
    return u;
}

const tb_mention *tb_mention_at(const tb_mentions *u, uint32_t offset) {
    const tb_mention *touched = NULL;
    for (uint32_t i = 0; i < u->list.count; i++) {
        const tb_mention *use = &u->list.items[i];
        if (use->span.from <= offset && offset < use->span.to) return use;
        if (use->span.to == offset) touched = use;
    }
    return touched;
}

const tb_mention *tb_mention_definition(const tb_mentions *u, const tb_mention *use) {
    for (uint32_t i = 0; i < u->list.count; i++)
        if (u->list.items[i].defines && tb_mention_same(&u->list.items[i], use)) return &u->list.items[i];
    return NULL;
}

/* ---- renaming ---- */

/* How a text is read as a word: one name of that text, alone and before a comma at the head of a clause? */
static bool reads_bare(tb_arena *a, tb_str name) {
    tb_str tried = tb_str_printf(a, "转 %.*s，", TB_FMT(name));
    uint32_t start = 0;
    tb_source s = {.text = tried, .lines = 1, .line_start = &start};
    tb__lexer l;
    tb__lex_begin(&l, a, NULL, &s, 0);
    tb__lex_next(&l);
    tb__token t = tb__lex_next(&l);
    bool one = t.kind == NAME && tb_str_eq(t.word.name.text, name) && tb__lex_next(&l).kind == COMMA;
    return one && !tb_str_ends(name, "的") && !tb_str_ends(name, "之前");
}

tb_str tb_name_written(tb_arena *a, tb_str name) {
    if (!name.n || name.n > TB_NAME_BYTES) return TB_NONE;
    for (uint32_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7F) return TB_NONE;
        if (name.n - i >= 3 && (memcmp(name.p + i, "「", 3) == 0 || memcmp(name.p + i, "」", 3) == 0)) return TB_NONE;
    }
    if (name.p[0] == ' ' || name.p[name.n - 1] == ' ') return TB_NONE;
    return reads_bare(a, name) ? tb_str_copy(a, name) : tb_str_printf(a, "「%.*s」", TB_FMT(name));
}

static bool refuse(tb_arena *a, tb_str *why, enum tb_lang lang, const char *zh, const char *en, tb_str name) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (const char *p = lang == TB_LANG_EN ? en : zh; *p; p++)
        if (*p == '@') tb_putstr(&b, name);
        else tb_put(&b, p, 1);
    *why = tb_buf_str(&b);
    return false;
}

bool tb_own_name(tb_arena *a, const tb_mentions *u, const tb_mention *use, enum tb_lang lang, tb_str *why) {
    if (tb__keyword(use->stem) && tb_str_eq(use->stem, tb_source_text(u->sources, use->span)))
        return refuse(a, why, lang, "“@”是关键字，不能改名", "“@” is a keyword and cannot be renamed", use->stem);
    if (tb_is_fixed_name(use->sort, use->stem))
        return refuse(a, why, lang, "“@”是语言规定的名称，不能改名",
                      "“@” is given by the language and cannot be renamed", use->stem);
    if (use->sort == TB_N_PLACE && (tb_str_is(use->stem, "属地") || tb_str_is(use->stem, "home")))
        return refuse(a, why, lang, "“@”是实施主体有权办理的地方，名称由语言规定，不能改名",
                      "“@” is where the authority lies, a name given by the language, and cannot be renamed", use->stem);
    return true;
}

tb_str tb_mention_rewritten(tb_arena *a, const tb_mentions *u, const tb_mention *use, tb_str name) {
    tb_str raw = tb_source_text(u->sources, use->span), tail = TB_NONE;
    tb_str head = {use->text.p, (uint32_t)(use->stem.p - use->text.p)};
    tb_str foot = {use->stem.p + use->stem.n, use->text.n - head.n - use->stem.n};
    tb_str whole = tb_str_printf(a, "%.*s%.*s%.*s", TB_FMT(head), TB_FMT(name), TB_FMT(foot));
    static const char *const marks[][2] = {{"“", "”"}, {"\"", "\""}, {"《", "》"}};
    for (int i = 0; i < 3; i++)
        if (tb_str_starts(raw, marks[i][0]))
            return tb_str_printf(a, "%s%.*s%s", marks[i][0], TB_FMT(whole), marks[i][1]);
    bool quoted = tb_str_starts(raw, "「");
    uint32_t written = use->text.n + (quoted ? 6 : 0);
    if (raw.n > written) tail = (tb_str){raw.p + written, raw.n - written}; /* 的, 之前 */
    tb_str word = tb_name_written(a, whole);
    return tb_str_printf(a, "%.*s%.*s", TB_FMT(word), TB_FMT(tail));
}

static bool holds(tb_str s, const char *mark) {
    uint32_t n = (uint32_t)strlen(mark);
    for (uint32_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, mark, n) == 0) return true;
    return false;
}

bool tb_new_name(tb_arena *a, enum tb_sort sort, enum tb_lang lang, tb_str *fresh, tb_str *why) {
    tb_str name = *fresh;
    if (name.n >= 6 && tb_str_starts(name, "「") && tb_str_ends(name, "」")) name = (tb_str){name.p + 3, name.n - 6};
    if (sort == TB_N_LAW && name.n >= 6 && tb_str_starts(name, "《") && tb_str_ends(name, "》"))
        name = (tb_str){name.p + 3, name.n - 6};
    if (sort == TB_N_LAW) name = tb_law_called(name);
    if (tb__keyword(name)) return refuse(a, why, lang, "“@”是关键字，不能当名称", "“@” is a keyword, not a name", name);
    if (!tb_name_written(a, name).n)
        return refuse(a, why, lang, "“@”不能当名称：不能为空、过长、含换行或「」、以空格开头或结尾",
                      "“@” cannot be a name: empty, too long, with a line break or 「」, or with blanks at its ends",
                      name);
    if (sort == TB_N_LAW && (holds(name, "《") || holds(name, "》")))
        return refuse(a, why, lang, "“@”不能当法规的名称：里面有书名号",
                      "“@” cannot be a law's name: it holds 《 or 》", name);
    if (tb_is_fixed_name(sort, name))
        return refuse(a, why, lang, "“@”是语言规定的名称，换一个", "“@” is given by the language; choose another",
                      name);
    return *fresh = name, true;
}
