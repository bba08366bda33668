/* The table of duties and its join with laws and matters: see duties.h.
 *
 * A matter's citation finds its article as the compiler finds it (an article stands for its paragraphs that are not written
 * apart), so that “cited by” is what was checked. A treatment names its article exactly: a paragraph written apart has lines
 * of its own, or it is undeclared. */
#include "duties.h"
#include "compile_work.h"
#include "step.h"

static const tb_treatment treatments[] = {
#define PROVED(article, zh, en, ...) {article, TB_TREATED_PROVED, {__VA_ARGS__}, NULL, zh, en},
#define ENFORCED(article, zh, en, ...) {article, TB_TREATED_ENFORCED, {__VA_ARGS__}, NULL, zh, en},
#define TIMED(article, left, zh, en) {article, TB_TREATED_ENFORCED, {0}, left, zh, en},
#define RECORDED(article, left, zh, en) {article, TB_TREATED_RECORDED, {0}, left, zh, en},
#define OUTSIDE(article, zh, en) {article, TB_TREATED_OUTSIDE, {0}, NULL, zh, en},
#include "duties.def"
#undef PROVED
#undef ENFORCED
#undef TIMED
#undef RECORDED
#undef OUTSIDE
    {NULL, TB_TREATED_COUNT, {0}, NULL, NULL, NULL},
};

const tb_treatment *tb_treatments(void) { return treatments; }

const char *tb_treated_word(enum tb_treated how, enum tb_lang lang) {
    static const char *const zh[] = {"未声明", "证明", "执行", "记录", "范围外"};
    static const char *const en[] = {"undeclared", "proved", "enforced", "recorded", "outside"};
    return (lang == TB_LANG_EN ? en : zh)[how];
}

tb_str tb_treatment_code(tb_arena *a, const tb_treatment *t, uint32_t n) {
    char text[8];
    if (n >= TB_TREATMENT_CODES || !t->codes[n]) return TB_NONE;
    if (t->how == TB_TREATED_ENFORCED) return tb_str_z(tb_refusal_name((enum tb_refusal_code)t->codes[n]));
    return tb_str_copy(a, tb_str_z(tb_code_text((enum tb_code)t->codes[n], text)));
}

bool tb_law_named(tb_str law, tb_str name) {
    static const char state[] = "中华人民共和国";
    enum { STATE = sizeof state - 1 };
    if (tb_str_starts(law, state)) law.p += STATE, law.n -= STATE;
    if (tb_str_starts(name, state)) name.p += STATE, name.n -= STATE;
    return law.n && tb_str_eq(law, name);
}

static bool same_article(const tb_law_ref *x, const tb_law_ref *y) {
    return x->article == y->article && x->sub == y->sub && x->paragraph == y->paragraph && x->item == y->item;
}

/* What an article says that is open itself (待核) is not asked for (proof/laws.c, proof/demands.c). */
static enum tb_code asked(const tb_part *p, bool open) {
    if (p->kind == TB_P_EXCLUDES) return TB_E_GROUND_NOT_LISTED;
    if (open) return TB_CODE_NONE;
    switch (p->kind) {
    case TB_P_LIMIT:
    case TB_P_EXTEND: return TB_E_PROOF_CITED;
    case TB_P_STATE:
    case TB_P_ISSUE:
    case TB_P_PERSONS: return TB_E_PROOF_CITED_DEMAND;
    default: return TB_CODE_NONE;
    }
}

static const tb_clause *clause_of(const tb_section *s, enum tb_clause_kind k) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == k) return &s->clauses.items[i];
    return NULL;
}

static tb_str first_name(const tb_names *names) { return names->count ? names->items[0].text : TB_NONE; }

static void add_article(tb_arena *a, const tb_rules *r, tb_duty_law *law, const tb_clause *c) {
    tb_duty d = {
        .ref = c->article, .article = tb_source_text(&r->sources, c->head), .open = c->pending, .span = c->span};
    bool counted[TB_TREATED_COUNT] = {false};
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        if (p->kind == TB_P_TEXT) d.gist = first_name(&p->names);
        else *TB_PUSH(a, d.says) = (tb_duty_part){tb_source_text(&r->sources, p->span), asked(p, d.open)};
    }
    for (const tb_treatment *t = treatments; t->article; t++) {
        tb_law_ref ref;
        if (!tb_law_read(tb_str_z(t->article), &ref) || !tb_law_named(law->name, ref.law) ||
            !same_article(&d.ref, &ref))
            continue;
        *TB_PUSH(a, d.treatments) = t;
        counted[t->how] = true;
    }
    counted[0] = !d.treatments.count;
    for (int i = 0; i < TB_TREATED_COUNT; i++) law->counts[i] += counted[i];
    *TB_PUSH(a, law->articles) = d;
}

/* The sections of the laws, beside what is told of them: a citation is looked up in the section. */
typedef TB_LIST(const tb_section *) sections;

/* A file may have been read under two paths, as a root and by 引用: its laws are told once. Another text of the same name is another law. */
static bool told(const tb_rules *r, const sections *in, const tb_section *s) {
    for (uint32_t i = 0; i < in->count; i++)
        if (tb_str_eq(in->items[i]->name.text, s->name.text) &&
            tb_str_eq(r->sources.list.items[in->items[i]->span.file].text, r->sources.list.items[s->span.file].text))
            return true;
    return false;
}

static void add_law(tb_arena *a, const tb_rules *r, tb_duties *out, sections *in, const tb_section *s) {
    if (told(r, in, s)) return;
    const tb_clause *rank = clause_of(s, TB_C_RANK), *enacted = clause_of(s, TB_C_ENACTED);
    tb_duty_law law = {.name = s->name.text,
                       .rank = rank ? first_name(&rank->names) : TB_NONE,
                       .open = s->pending || (enacted && enacted->pending)};
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == TB_C_ARTICLE) add_article(a, r, &law, &s->clauses.items[i]);
    *TB_PUSH(a, out->laws) = law;
    *TB_PUSH(a, *in) = s;
}

static void add_once(tb_arena *a, tb_texts *l, tb_str name) {
    for (uint32_t i = 0; i < l->count; i++)
        if (tb_str_eq(l->items[i], name)) return;
    *TB_PUSH(a, *l) = name;
}

static void add_missing(tb_arena *a, tb_duties *out, tb_str text, tb_str matter) {
    tb_duty_missing *x = NULL;
    for (uint32_t i = 0; i < out->missing.count && !x; i++)
        if (tb_str_eq(out->missing.items[i].text, text)) x = &out->missing.items[i];
    if (!x) {
        x = TB_PUSH(a, out->missing);
        *x = (tb_duty_missing){.text = text};
    }
    add_once(a, &x->matters, matter);
}

static void add_cite(tb_arena *a, tb_duty *d, tb_str matter, tb_span clause) {
    for (uint32_t i = 0; i < d->cites.count; i++) {
        const tb_duty_cite *x = &d->cites.items[i];
        if (tb_str_eq(x->matter, matter) && x->clause.file == clause.file && x->clause.from == clause.from) return;
    }
    *TB_PUSH(a, d->cites) = (tb_duty_cite){matter, clause};
}

static void add_citation(tb_arena *a, tb_duties *out, const sections *in, const tb_citation *c, tb_str matter) {
    if (!c->law || !c->law->article) return; /* a text, or a law as a whole: no duty in particular */
    for (uint32_t i = 0; i < in->count; i++) {
        if (!tb_str_eq(in->items[i]->name.text, c->law->law)) continue;
        const tb_clause *article = tb__article_of(in->items[i], c->law);
        for (uint32_t k = 0; article && k < out->laws.items[i].articles.count; k++) {
            tb_duty *d = &out->laws.items[i].articles.items[k];
            if (!same_article(&d->ref, &article->article)) continue;
            add_once(a, &d->matters, matter);
            add_cite(a, d, matter, c->clause);
            return;
        }
    }
    add_missing(a, out, c->text, matter);
}

tb_duties *tb_duties_of(tb_arena *a, const tb_rules *r) {
    tb_duties *out = TB_NEW(a, tb_duties);
    sections in = {0};
    for (uint32_t i = 0; i < r->trees.count; i++)
        for (uint32_t k = 0; k < r->trees.items[i]->sections.count; k++)
            if (r->trees.items[i]->sections.items[k].kind == TB_S_LAW)
                add_law(a, r, out, &in, &r->trees.items[i]->sections.items[k]);
    for (uint32_t i = 0; i < r->programs.count; i++)
        for (uint32_t k = 0; k < r->programs.items[i]->citations.count; k++)
            add_citation(a, out, &in, &r->programs.items[i]->citations.items[k], r->programs.items[i]->matter);
    return out;
}
