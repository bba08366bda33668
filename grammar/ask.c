/* What an editor asks about a place in a text: see ask.h.
 *
 * What may come at a place is decided by the sentence so far. Its tokens say whether the place opens a sentence, follows a comma, or follows a word that
 * takes names. Which clause it is, the parser says: the text up to the last comma, ended by 。, is parsed like any other, so an unfinished clause is
 * known by the same grammar and the same tables as a finished one. */
#include "ask.h"
#include "nearest.h"
#include "parser.h"
#include "syntax.h"
#include <string.h>

/* ---- the sentence at a place ---- */

enum { SENTENCE_TOKENS = 4096 };
struct sentence {
    tb__token *t; /* of the sentence, before the place and without the word begun */
    uint32_t n;
    uint32_t from;   /* where the sentence begins */
    tb__token begun; /* the word begun; kind 0: none */
    bool silent;     /* in a comment or a text: nothing may be offered */
};

static bool wordish(int kind) {
    return kind == NAME || kind == EVENT || kind == BOUND || kind == LAW_REF || kind == NUMBER || kind == DURATION ||
           kind == TIMES || kind == HEADS || kind >= K_MATTER;
}

static struct sentence sentence_at(tb_arena *a, const tb_source *source, uint32_t offset) {
    struct sentence s = {.t = TB_NEW_ARRAY(a, SENTENCE_TOKENS, tb__token)};
    tb__lexer l;
    tb__lex_begin(&l, a, NULL, source, 0);
    for (tb__token t = tb__lex_next(&l); t.kind && t.at.from < offset; t = tb__lex_next(&l)) {
        if (t.kind == TB__COMMENT || t.kind == TB__UNREADABLE || t.kind == TEXT) {
            bool open = t.kind == TB__COMMENT && t.at.to == offset;
            if (offset < t.at.to || open) s.silent = true;
            if (t.kind != TEXT) continue;
        }
        int before = s.n ? s.t[s.n - 1].kind : 0;
        bool lost =
            t.opens_line && before && before != COMMA && before != SEP; /* a 。 was forgotten, or is not yet written */
        if (before == STOP || before == COLON || lost || s.n == SENTENCE_TOKENS) s.n = 0;
        if (!s.n) s.from = t.at.from;
        s.t[s.n++] = t;
    }
    if (s.n && s.t[s.n - 1].at.to >= offset && wordish(s.t[s.n - 1].kind)) {
        s.begun = s.t[--s.n];
        if (!s.n) s.from = s.begun.at.from;
    }
    if (s.n && (s.t[s.n - 1].kind == STOP || s.t[s.n - 1].kind == COLON)) s.n = 0, s.from = offset;
    if (!s.n && !s.begun.kind) s.from = offset;
    bool new_line = s.n && s.t[s.n - 1].kind != COMMA && s.t[s.n - 1].kind != SEP;
    for (uint32_t i = s.n ? s.t[s.n - 1].at.to : offset, to = s.begun.kind ? s.begun.at.from : offset;
         new_line && i < to; i++)
        if (source->text.p[i] == '\n') {
            s.n = 0;
            s.from = to;
        }
    return s;
}

/* The tree of the text up to an offset, with a mark put behind it. */
static const tb_tree *tree_before(tb_arena *a, tb_str text, uint32_t offset, const char *mark) {
    tb_sources s = {0};
    tb_diagnostics d;
    tb_diagnostics_init(&d, a);
    tb_str part = tb_str_printf(a, "%.*s%s", (int)offset, text.p, mark);
    return tb_parse(a, &s, tb_source_add(a, &s, TB_NONE, part), &d);
}

/* ---- offers ---- */

struct offering {
    const tb_ask *ask;
    uint32_t file;
    tb_offers out;
    const tb_mentions *uses;
    enum tb_lang words; /* the language of the text */
    uint32_t scope;
};

static void offer(struct offering *o, enum tb_offer_kind kind, tb_str label, tb_str text, tb_str detail) {
    for (uint32_t i = 0; i < o->out.list.count; i++)
        if (tb_str_eq(o->out.list.items[i].label, label)) return;
    if (label.n) *TB_PUSH(o->ask->arena, o->out.list) = (tb_offer){kind, label, text, detail};
}

static void offer_word(struct offering *o, enum tb_offer_kind kind, const char *word) {
    offer(o, kind, tb_str_z(word), tb_str_z(word), TB_NONE);
}

static void offer_headings(struct offering *o) {
    for (int k = 1; k < TB_S_COUNT; k++)
        offer_word(o, TB_OFFER_HEADING, tb_section_word((enum tb_section_kind)k, o->words));
}

/* Clauses whose name comes before their keyword, and what makes an act. */
static tb_str clause_label(const struct offering *o, enum tb_clause_kind k, tb_str *text) {
    static const struct {
        enum tb_clause_kind kind;
        const char *zh, *en;
    } shown[] = {{TB_C_PLACE, "地点 取自 来源", "PLACE taken-from SOURCE"},
                 {TB_C_RECEIPT, "收到材料 以 时点 为准", "received as MILESTONE counts"},
                 {TB_C_DEEM, "非工作时间网上提交 视为 当日收到", "after-hours deemed same-day"},
                 {TB_C_EVENT, "逾期的", "when"},
                 {TB_C_ARTICLE, "第一条", "第1条"}};
    bool en = o->words == TB_LANG_EN;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (shown[i].kind == k) return *text = tb_str_z(en ? shown[i].en : shown[i].zh);
    return *text = tb_str_z(tb_clause_word(k, o->words));
}

static int token_of(const char *zh) { return *zh ? tb__keyword(tb_str_z(zh)) : 0; }

static void offer_clauses(struct offering *o, enum tb_section_kind in) {
    for (int k = 1; k < TB_C_COUNT; k++) {
        tb_str text = TB_NONE, label = TB_NONE;
        if (tb__takes_clause(in, (enum tb_clause_kind)k)) label = clause_label(o, (enum tb_clause_kind)k, &text);
        offer(o, TB_OFFER_CLAUSE, label, text, TB_NONE);
        if (k == TB_C_ROW && label.n) offer_word(o, TB_OFFER_CLAUSE, o->words == TB_LANG_EN ? "otherwise" : "否则");
    }
}

static void offer_parts(struct offering *o, const tb_clause *c) {
    for (int round = 0; round < 2; round++) /* what must be there and is not: first */
        for (int k = 1; k < TB_P_COUNT; k++) {
            int often = tb__takes_part(c->kind, (enum tb_part_kind)k);
            bool missing = often == 2 && !tb_part_of(c, (enum tb_part_kind)k);
            if (!token_of(tb_part_word((enum tb_part_kind)k, TB_LANG_ZH))) continue; /* …日, …到期: begin with a name */
            if (!often || (often != 3 && tb_part_of(c, (enum tb_part_kind)k)) || missing != (round == 0)) continue;
            offer_word(o, TB_OFFER_PART, tb_part_word((enum tb_part_kind)k, o->words));
        }
    offer_word(o, TB_OFFER_PART, o->words == TB_LANG_EN ? "unverified" : "待核");
}

/* ---- names ---- */

static void offer_uses(struct offering *o, const tb_mentions *u, uint32_t scope, uint32_t sorts, tb_str owner) {
    const tb_ask *ask = o->ask;
    for (int defines = 1; defines >= 0;
         defines--) /* what is defined first, then what is only used (outcomes, inputs, phases) */
        for (uint32_t i = 0; i < u->list.count; i++) {
            const tb_mention *x = &u->list.items[i];
            bool free = x->sort == TB_N_INPUT || x->sort == TB_N_PHASE || x->sort == TB_N_DUTY || x->sort == TB_N_SEAL;
            if (!(x->sort & sorts) || x->defines != (bool)defines || (!defines && !free) ||
                (x->scope && x->scope != scope))
                continue;
            if (owner.n && x->owner.n && !tb_str_eq(owner, x->owner)) continue;
            offer(o, TB_OFFER_NAME, x->stem, tb_name_written(ask->arena, x->stem),
                  tb_str_z(tb_sort_word(x->sort, ask->lang)));
        }
}

/* The templates that a scope of a tree takes up: their names are its names. */
static void offer_templates(struct offering *o, const tb_tree *t, uint32_t scope, uint32_t sorts) {
    for (uint32_t s = 0; s < t->sections.count; s++) {
        if (tb_scope_of(t, s) != scope) continue;
        for (uint32_t k = 0; k < t->sections.items[s].clauses.count; k++) {
            const tb_clause *c = &t->sections.items[s].clauses.items[k];
            for (uint32_t f = 0; c->kind == TB_C_USES && c->names.count && f < o->ask->count; f++)
                for (uint32_t i = 0; i < o->ask->trees[f]->sections.count; i++) {
                    const tb_section *x = &o->ask->trees[f]->sections.items[i];
                    if (x->kind != TB_S_TEMPLATE || !tb_str_eq(x->name.text, c->names.items[0].text)) continue;
                    tb_mentions u = tb_mentions_of(o->ask->arena, o->ask->sources, o->ask->trees[f]);
                    offer_uses(o, &u, i + 1, sorts, TB_NONE);
                }
        }
    }
}

static void offer_names(struct offering *o, uint32_t sorts, tb_str owner) {
    static const uint32_t elsewhere = TB_N_MATTER | TB_N_TEMPLATE | TB_N_TABLE | TB_N_INTERFACE | TB_N_ORGAN |
                                      TB_N_PARAMETER | TB_N_COLUMN | TB_N_REQUEST;
    offer_uses(o, o->uses, o->scope, sorts, owner);
    offer_templates(o, o->uses->tree, o->scope, sorts & ~elsewhere);
    for (uint32_t f = 0; f < o->ask->count && sorts & elsewhere; f++) {
        if (f == o->file) continue;
        tb_mentions u = tb_mentions_of(o->ask->arena, o->ask->sources, o->ask->trees[f]);
        offer_uses(o, &u, UINT32_MAX, sorts & elsewhere, owner);
    }
    for (uint32_t bit = 1; bit && bit <= sorts; bit <<= 1)
        for (uint32_t i = 0; sorts & bit && tb_fixed_name_of((enum tb_sort)bit, i, o->words); i++) {
            tb_str name = tb_str_z(tb_fixed_name_of((enum tb_sort)bit, i, o->words));
            offer(o, TB_OFFER_NAME, name, name, tb_str_z(tb_sort_word((enum tb_sort)bit, o->ask->lang)));
        }
    for (uint32_t i = 0; sorts & TB_N_MILESTONE && i < o->uses->list.count; i++) { /* P收到 of every place */
        const tb_mention *x = &o->uses->list.items[i];
        if (x->sort != TB_N_PLACE || !x->defines || x->scope != o->scope) continue;
        tb_str made =
            tb_str_printf(o->ask->arena, o->words == TB_LANG_EN ? "%.*s-received" : "%.*s收到", TB_FMT(x->stem));
        offer(o, TB_OFFER_NAME, made, tb_name_written(o->ask->arena, made),
              tb_str_z(tb_sort_word(TB_N_MILESTONE, o->ask->lang)));
    }
}

/* ---- laws ---- */

static tb_str gist(const tb_clause *c) {
    const tb_part *text = tb_part_of(c, TB_P_TEXT);
    return text && text->names.count ? text->names.items[0].text : TB_NONE;
}

static void offer_laws(struct offering *o, tb_str begun) {
    tb_arena *a = o->ask->arena;
    for (uint32_t f = 0; f < o->ask->count; f++)
        for (uint32_t i = 0; i < o->ask->trees[f]->sections.count; i++) {
            const tb_section *s = &o->ask->trees[f]->sections.items[i];
            if (s->kind != TB_S_LAW) continue;
            tb_str name = tb_str_printf(a, "《%.*s》", TB_FMT(s->name.text));
            offer(o, TB_OFFER_LAW, name, name, tb_str_z(tb_sort_word(TB_N_LAW, o->ask->lang)));
            if (!tb_str_starts(begun, name.p)) continue;
            for (uint32_t k = 0; k < s->clauses.count; k++) {
                const tb_clause *c = &s->clauses.items[k];
                if (c->kind != TB_C_ARTICLE) continue;
                tb_str whole =
                    tb_str_printf(a, "%.*s%.*s", TB_FMT(name), TB_FMT(tb_source_text(o->ask->sources, c->head)));
                offer(o, TB_OFFER_LAW, whole, whole, gist(c));
            }
        }
}

/* ---- after a word ---- */

/* The sorts of the names that a keyword takes, as a part or as the head of a clause. */
static uint32_t sorts_after(int keyword, bool head) {
    uint32_t sorts = 0;
    for (int k = 1; head && k < TB_C_COUNT; k++)
        if (token_of(tb_clause_word((enum tb_clause_kind)k, TB_LANG_ZH)) == keyword) sorts |= tb__sorts_at(false, k, 0);
    for (int k = 1; !sorts && k < TB_P_COUNT; k++)
        if (token_of(tb_part_word((enum tb_part_kind)k, TB_LANG_ZH)) == keyword) sorts |= tb__sorts_at(true, k, 0);
    if (keyword == K_TO) sorts = TB_N_MILESTONE; /* 自 M 至 N is one part */
    if (keyword == K_TAKEN) sorts = tb__sorts_at(false, TB_C_PLACE, 1);
    if (keyword == K_AS || (head && keyword == K_DEEM)) sorts = TB_N_MILESTONE;
    if (keyword == K_FILLED || keyword == K_UNFILLED) sorts = TB_N_FIELD | TB_N_COLUMN;
    if (keyword == K_EACH) sorts = TB_N_FIELD;
    return sorts;
}

static bool opens_condition(int kind) {
    return kind == K_IF || kind == K_AND || kind == K_OR || kind == K_NOT || kind == OPEN || kind == BOTH ||
           kind == EITHER || kind == BANG;
}

static bool compares(int kind) {
    return kind == K_IS || kind == K_ARE || kind == K_AMONG || kind == K_CONTAINS || kind == K_EQUALS ||
           kind == K_DIFFERS || kind == EQ || kind == NE;
}

static void offer_condition(struct offering *o) {
    static const int words[] = {K_DONE, K_NOT_DONE, K_FILLED, K_UNFILLED, K_MODE, K_NOT};
    static const char *const zh[] = {"已", "未", "已填", "未填", "模式", "非"}, *const en[] = {"done",   "not-done",
                                                                                               "filled", "unfilled",
                                                                                               "mode",   "not"};
    offer_names(o, TB_N_FIELD | TB_N_COLUMN | TB_N_TABLE, TB_NONE);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        offer_word(o, TB_OFFER_WORD, o->words == TB_LANG_EN ? en[i] : zh[i]);
}

/* What a value may be: the options of the field, the modes, or what the clause binds. */
static void offer_values(struct offering *o, tb__token subject, int head) {
    if (subject.kind == K_MODE) offer_names(o, TB_N_MODE, TB_NONE);
    else if (head == K_CALLS || head == K_STARTS || head == K_ADOPTS) offer_names(o, TB_N_FIELD, TB_NONE);
    else if (head != K_USES) offer_names(o, TB_N_OPTION, subject.word.name.text);
}

static void offer_in_heading(struct offering *o, int last) {
    if (last == K_AT) offer_names(o, TB_N_GROUP, TB_NONE);
    else if (last == K_OF) offer_names(o, TB_N_PHASE, TB_NONE);
    else if (last == K_ONLY) offer_names(o, TB_N_MODE, TB_NONE);
    else if (last == K_EACH) offer_names(o, TB_N_FIELD, TB_NONE);
    else if (last == K_INSERTED) offer_names(o, TB_N_STEP, TB_NONE);
    else if (last == K_STEP) offer_names(o, TB_N_STEP, TB_NONE);
    else if (last == COMMA) {
        static const char *const zh[] = {"限", "属", "改", "插入", "逐一"}, *const en[] = {"limit", "of", "changed",
                                                                                           "inserted", "for-each"};
        for (int i = 0; i < 5; i++) offer_word(o, TB_OFFER_PART, o->words == TB_LANG_EN ? en[i] : zh[i]);
    }
}

/* A type follows the name of a field or a column. */
static bool type_follows(const struct sentence *s, enum tb_section_kind in) {
    bool field = in == TB_S_FORM && s->n == 1 && s->t[0].kind == NAME;
    bool column = s->n == 2 && (s->t[0].kind == K_INPUT || s->t[0].kind == K_OUTPUT) && s->t[1].kind == NAME;
    return field || column;
}

/* After a time an act, or 此时; after 此时 what may be asked. */
static void offer_in_scenario(struct offering *o, int last) {
    const tb_clause now = {.kind = TB_C_NOW};
    bool en = o->words == TB_LANG_EN;
    if (last == K_NOW) {
        offer_parts(o, &now);
        return;
    }
    offer_names(o, TB_N_ACT, TB_NONE);
    offer_word(o, TB_OFFER_CLAUSE, en ? "now" : "此时");
}

static void offer_inside(struct offering *o, const struct sentence *s, enum tb_section_kind in, tb_str text) {
    uint32_t part = 0; /* where the part at hand begins */
    for (uint32_t i = 0; i < s->n; i++)
        if (s->t[i].kind == COMMA) part = i + 1;
    const tb__token *last = &s->t[s->n - 1];
    int opener = part < s->n ? s->t[part].kind : 0;
    bool heading = s->t[0].kind >= K_MATTER && s->t[0].kind <= K_CATALOGUE && s->t[0].kind != K_CALENDAR;
    if (heading) {
        offer_in_heading(o, last->kind);
        return;
    }
    if (last->kind == COMMA) {
        /* X的 is an act only before a comma, so a part ends the sentence: one that counts for none. */
        const char *end = o->words == TB_LANG_EN ? ", unverified.\n" : "，待核。";
        const tb_tree *t = tree_before(o->ask->arena, text, last->at.from, end);
        const tb_section *section = t->sections.count ? &t->sections.items[t->sections.count - 1] : NULL;
        if (section && section->clauses.count) offer_parts(o, &section->clauses.items[section->clauses.count - 1]);
        return;
    }
    if (type_follows(s, in)) {
        offer_names(o, TB_N_TYPE, TB_NONE);
        return;
    }
    if (in == TB_S_SCENARIO && (last->kind == K_NOW || (part == 0 && (last->kind == DATE || last->kind == TIME)))) {
        offer_in_scenario(o, last->kind);
        return;
    }
    uint32_t at = s->n; /* the word that the names belong to: back over A、B、 */
    while (at > part &&
           (s->t[at - 1].kind == SEP || (at < s->n && s->t[at - 1].kind != COMMA && !(s->t[at - 1].kind >= K_MATTER) &&
                                         !compares(s->t[at - 1].kind) && s->t[at].kind == SEP)))
        at--;
    if (at == part || (last->kind != SEP && at != s->n)) return;
    const tb__token *word = &s->t[at - 1];
    if (word->kind == K_BASIS || word->kind == K_GROUND)
        offer_laws(o, s->begun.kind == LAW_REF ? s->begun.word.name.text : TB_NONE);
    else if ((opener == K_IF) && opens_condition(word->kind)) offer_condition(o);
    else if (compares(word->kind) && at >= part + 2) offer_values(o, s->t[at - 2], s->t[0].kind);
    else if (word->kind >= K_MATTER) offer_names(o, sorts_after(word->kind, at == 1 + part && part == 0), TB_NONE);
}

enum tb_lang tb_words_of(tb_str text) {
    bool letters = false;
    for (uint32_t i = 0; i < text.n && !letters; i++) letters = (text.p[i] | 0x20) >= 'a' && (text.p[i] | 0x20) <= 'z';
    return letters && !tb_source_chinese(text) ? TB_LANG_EN : TB_LANG_ZH;
}

tb_offers tb_offers_at(const tb_ask *ask, uint32_t file, uint32_t offset) {
    const tb_source *source = &ask->sources->list.items[file];
    tb_mentions uses = tb_mentions_of(ask->arena, ask->sources, ask->trees[file]);
    struct offering o = {.ask = ask, .file = file, .uses = &uses};
    o.words = tb_words_of(source->text);
    struct sentence s = sentence_at(ask->arena, source, offset);
    uint32_t from = s.begun.kind ? s.begun.at.from : offset;
    o.out.replace = (tb_span){file, from, offset};
    if (s.silent) return o.out;
    const tb_tree *t = tree_before(ask->arena, source->text, s.from, "");
    uint32_t sections = t->sections.count;
    enum tb_section_kind in = sections ? t->sections.items[sections - 1].kind : TB_S_NONE;
    o.scope = tb_scope_of(t, sections ? sections - 1 : 0);
    if (s.n) {
        offer_inside(&o, &s, in, source->text);
        return o.out;
    }
    offer_clauses(&o, in);
    offer_headings(&o);
    offer_word(&o, TB_OFFER_HEADING, o.words == TB_LANG_EN ? "import" : "引用");
    return o.out;
}

/* ---- where ---- */

const tb_name *tb_reference_at(const tb_tree *t, uint32_t offset) {
    for (uint32_t i = 0; i < t->references.count; i++)
        if (t->references.items[i].span.from <= offset && offset <= t->references.items[i].span.to)
            return &t->references.items[i];
    return NULL;
}

static const tb_law_ref *law_in(const tb_law_refs *laws, uint32_t offset) {
    for (uint32_t i = 0; i < laws->count; i++)
        if (laws->items[i].span.from <= offset && offset <= laws->items[i].span.to) return &laws->items[i];
    return NULL;
}

/* The clause that holds an offset, and its section; the parts' places are within it. */
static const tb_clause *clause_at(const tb_tree *t, uint32_t offset, const tb_section **in) {
    for (uint32_t i = 0; i < t->sections.count; i++)
        for (uint32_t k = 0; k < t->sections.items[i].clauses.count; k++) {
            const tb_clause *c = &t->sections.items[i].clauses.items[k];
            if (c->span.from > offset || offset > c->span.to) continue;
            *in = &t->sections.items[i];
            return c;
        }
    return NULL;
}

static const tb_law_ref *law_at(const tb_tree *t, uint32_t offset) {
    const tb_section *in;
    const tb_clause *c = clause_at(t, offset, &in);
    for (uint32_t i = 0; c && i < c->parts.count; i++) {
        const tb_law_ref *ref = law_in(&c->parts.items[i].laws, offset);
        if (ref) return ref;
    }
    return c ? law_in(&c->laws, offset) : NULL;
}

/* The section of a law among all that was read, and the article; a paragraph not written there is found in its article. */
static const tb_section *law_named(const tb_ask *ask, tb_str name) {
    for (uint32_t f = 0; f < ask->count; f++)
        for (uint32_t i = 0; i < ask->trees[f]->sections.count; i++) {
            const tb_section *s = &ask->trees[f]->sections.items[i];
            if (s->kind == TB_S_LAW && tb_str_eq(s->name.text, name)) return s;
        }
    return NULL;
}

static const tb_clause *article_named(const tb_section *law, const tb_law_ref *ref) {
    for (int precision = 3; precision > 0; precision--)
        for (uint32_t k = 0; k < law->clauses.count; k++) {
            const tb_law_ref *x = &law->clauses.items[k].article;
            if (law->clauses.items[k].kind != TB_C_ARTICLE || x->article != ref->article || x->sub != ref->sub)
                continue;
            int paragraph = precision >= 2 ? ref->paragraph : 0, item = precision == 3 ? ref->item : 0;
            if (x->paragraph == paragraph && x->item == item) return &law->clauses.items[k];
        }
    return NULL;
}

/* A definition in the text itself, in a template that the scope takes up, or, of what everyone knows, in any text. */
static tb_span definition(const tb_ask *ask, uint32_t file, const tb_mentions *u, const tb_mention *use, int depth) {
    enum { DEEP = 8 };
    const tb_mention *own = tb_mention_definition(u, use);
    if (own) return own->span;
    if (depth == DEEP) return TB_NO_SPAN;
    for (uint32_t f = 0; f < ask->count; f++) {
        if (f == file && use->scope == 0) continue;
        tb_mentions other = tb_mentions_of(ask->arena, ask->sources, ask->trees[f]);
        for (uint32_t i = 0; i < other.list.count; i++) {
            const tb_mention *x = &other.list.items[i];
            if (!x->defines || !(x->sort & use->may) || !tb_str_eq(x->stem, use->stem)) continue;
            if (x->scope == 0 && use->scope == 0 && tb_str_eq(x->owner, use->owner)) return x->span;
            if (!x->scope || !use->scope) continue;
            const tb_section *begins = &ask->trees[f]->sections.items[x->scope - 1];
            for (uint32_t k = 0; begins->kind == TB_S_TEMPLATE && k < u->list.count; k++) {
                const tb_mention *taken = &u->list.items[k];
                bool uses = taken->sort == TB_N_TEMPLATE && !taken->defines &&
                            tb_scope_of(u->tree, taken->section) == use->scope;
                if (uses && tb_str_eq(taken->stem, begins->name.text)) return x->span;
            }
        }
    }
    return TB_NO_SPAN;
}

tb_span tb_definition_at(const tb_ask *ask, uint32_t file, uint32_t offset) {
    const tb_law_ref *ref = law_at(ask->trees[file], offset);
    if (ref) {
        const tb_section *law = law_named(ask, ref->law);
        const tb_clause *article = law && ref->article ? article_named(law, ref) : NULL;
        return article ? article->head : law ? law->name.span : TB_NO_SPAN;
    }
    tb_mentions u = tb_mentions_of(ask->arena, ask->sources, ask->trees[file]);
    const tb_mention *use = tb_mention_at(&u, offset);
    return use ? definition(ask, file, &u, use, 0) : TB_NO_SPAN;
}

/* ---- what ---- */

static void put_fenced(const tb_ask *ask, tb_buf *b, tb_span span) {
    tb_puts(b, "```tb\n");
    tb_putstr(b, tb_source_text(ask->sources, span));
    tb_puts(b, "\n```\n");
}

static tb_str hover_law(const tb_ask *ask, const tb_law_ref *ref) {
    bool en = ask->lang == TB_LANG_EN;
    tb_buf b;
    tb_buf_init(&b, ask->arena);
    tb_putf(&b, "**《%.*s》**\n\n", TB_FMT(ref->law));
    const tb_section *law = law_named(ask, ref->law);
    if (!law) {
        tb_puts(&b, en ? "The law's file is not imported, so the citation cannot be checked."
                       : "没有引用它的文件，无法核对。");
        return tb_buf_str(&b);
    }
    for (uint32_t k = 0; k < law->clauses.count; k++) {
        const tb_clause *c = &law->clauses.items[k];
        if (c->kind == TB_C_RANK || c->kind == TB_C_ENACTED)
            tb_putf(&b, "%.*s\n", TB_FMT(tb_source_text(ask->sources, c->span)));
    }
    const tb_clause *article = ref->article ? article_named(law, ref) : NULL;
    if (article) {
        if (gist(article).n)
            tb_putf(&b, "\n%.*s：%.*s\n\n", TB_FMT(tb_source_text(ask->sources, article->head)), TB_FMT(gist(article)));
        put_fenced(ask, &b, article->span);
    } else if (ref->article) {
        tb_puts(&b, en ? "\nThe file holds no such article." : "\n它的文件里没有这一条。");
    }
    return tb_buf_str(&b);
}

/* How a period counts (M9): from which milestone, which days, whose calendar. */
static tb_str hover_limit(const tb_ask *ask, const tb_section *in, const tb_clause *c) {
    static const char *const zh[] = {"",
                                     "工作日：只数办理机关的工作日，调休上班算，放假不算；起算当日不算",
                                     "自然日：每天都数，起算当日不算；末日逢休息日顺延到下一个工作日",
                                     "小时：从起算那一刻连续计算",
                                     "月：到期在相应的那一天，那个月没有的，在月末；末日逢休息日顺延",
                                     "年：到期在相应的那一天；末日逢休息日顺延",
                                     "分钟：从起算那一刻连续计算",
                                     "工作小时：只数办理机关工作日的办公时间，从起算那一刻接着数"};
    static const char *const en[] = {
        "",
        "workdays of the organ: make-up days count, holidays do not; the first day does not count",
        "every day counts but the first; a last day that is a day of rest moves to the next workday",
        "hours run on from the moment they begin",
        "months end on the corresponding day, or the month's last; a day of rest moves on",
        "years end on the corresponding day; a day of rest moves on",
        "minutes run on from the moment they begin",
        "working hours: the organ's office hours on its workdays, from the moment they begin"};
    bool english = ask->lang == TB_LANG_EN;
    tb_buf b;
    tb_buf_init(&b, ask->arena);
    put_fenced(ask, &b, c->span);
    tb_putf(&b, "\n- %s\n", (english ? en : zh)[c->duration.unit]);
    const tb_part *from = tb_part_of(c, TB_P_FROM), *calendar = tb_part_of(c, TB_P_CALENDAR);
    if (from && from->names.count) {
        tb_putf(&b, english ? "- from **%.*s**" : "- 自 **%.*s** 起算", TB_FMT(from->names.items[0].text));
        if (from->names.count > 1)
            tb_putf(&b, english ? " to **%.*s**" : "，至 **%.*s** 为止", TB_FMT(from->names.items[1].text));
        tb_puts(&b, "\n");
    } else if (c->kind == TB_C_STATUTORY || c->kind == TB_C_PROMISED) {
        tb_puts(&b, english ? "- from **受理** to **决定**\n" : "- 自 **受理** 起算，至 **决定** 为止\n");
    } else if (in->kind == TB_S_STEP) {
        tb_puts(&b, english ? "- from the step's beginning to its end\n" : "- 从进入本环节起算，离开本环节为止\n");
    }
    if (calendar && calendar->names.count)
        tb_putf(&b, english ? "- the calendar of **%.*s**\n" : "- 按 **%.*s** 的日历\n",
                TB_FMT(calendar->names.items[0].text));
    else tb_puts(&b, english ? "- the calendar of the place where it is done\n" : "- 按办理地的日历\n");
    return tb_buf_str(&b);
}

/* The sentence that defines a name; of a heading, its people and limit too. */
static void put_definition(const tb_ask *ask, tb_buf *b, tb_span at) {
    const tb_tree *t = ask->trees[at.file];
    const tb_section *in;
    const tb_clause *c = clause_at(t, at.from, &in);
    if (c) {
        put_fenced(ask, b, c->span);
        return;
    }
    for (uint32_t i = 0; i < t->sections.count; i++) {
        const tb_section *s = &t->sections.items[i];
        if (at.from < s->span.from || at.from > s->span.to) continue;
        tb_puts(b, "```tb\n");
        tb_putstr(b, tb_source_text(ask->sources, s->span));
        tb_puts(b, "\n");
        for (uint32_t k = 0; k < s->clauses.count; k++) {
            const tb_clause *x = &s->clauses.items[k];
            bool says = x->kind == TB_C_ACTORS || x->kind == TB_C_LIMIT || x->kind == TB_C_ORGAN ||
                        x->kind == TB_C_EXCLUSION || x->kind == TB_C_KIND || x->kind == TB_C_VERSION ||
                        x->kind == TB_C_REQUESTS || x->kind == TB_C_REPLIES || x->kind == TB_C_PROVIDER ||
                        x->kind == TB_C_PARAMETER || x->kind == TB_C_INPUT || x->kind == TB_C_OUTPUT;
            if (says) tb_putf(b, "  %.*s\n", TB_FMT(tb_source_text(ask->sources, x->span)));
        }
        tb_puts(b, "```\n");
        return;
    }
}

static tb_str hover_name(const tb_ask *ask, uint32_t file, const tb_mentions *u, const tb_mention *use) {
    tb_buf b;
    tb_buf_init(&b, ask->arena);
    tb_putf(&b, ask->lang == TB_LANG_EN ? "%s **%.*s**\n\n" : "%s **%.*s**\n\n", tb_sort_word(use->sort, ask->lang),
            TB_FMT(use->stem));
    tb_span at = definition(ask, file, u, use, 0);
    if (at.file < ask->count) put_definition(ask, &b, at);
    return tb_buf_str(&b);
}

tb_str tb_hover_at(const tb_ask *ask, uint32_t file, uint32_t offset, tb_span *about) {
    const tb_tree *t = ask->trees[file];
    const tb_law_ref *ref = law_at(t, offset);
    if (ref) {
        *about = ref->span;
        return hover_law(ask, ref);
    }
    tb_mentions u = tb_mentions_of(ask->arena, ask->sources, t);
    const tb_mention *use = tb_mention_at(&u, offset);
    if (use) {
        *about = use->span;
        return hover_name(ask, file, &u, use);
    }
    const tb_section *in = NULL;
    const tb_clause *c = clause_at(t, offset, &in);
    if (c && c->duration.unit && c->kind != TB_C_EXTENSION) {
        *about = c->span;
        return hover_limit(ask, in, c);
    }
    *about = TB_NO_SPAN;
    return TB_NONE;
}

/* ---- quick fixes ---- */

struct fixing {
    const tb_ask *ask;
    tb_fixes out;
    bool en; /* the language of the titles */
};

static void fix(struct fixing *f, tb_span at, tb_str text) {
    tb_str old = tb_source_text(f->ask->sources, at);
    tb_str title = old.n ? tb_str_printf(f->ask->arena, f->en ? "Change “%.*s” to “%.*s”" : "把“%.*s”改成“%.*s”",
                                         TB_FMT(old), TB_FMT(text))
                         : tb_str_printf(f->ask->arena, f->en ? "Insert “%.*s”" : "补上“%.*s”", TB_FMT(text));
    *TB_PUSH(f->ask->arena, f->out) = (tb_fix){title, {at, text}};
}

/* Of the names offered the one most like a misspelt name; an empty text when none is near. */
static tb_str nearest(tb_str word, const tb_offers *offers) {
    tb_str best = TB_NONE;
    uint32_t points = tb_points(word);
    int near = points < 2 ? 1 : points < 6 ? 2 : 3; /* one slip in a short word, two in a long one */
    for (uint32_t i = 0; i < offers->list.count; i++) {
        int slips = tb_slips(word, offers->list.items[i].label, near);
        if (slips < near && slips > 0) near = slips, best = offers->list.items[i].label;
    }
    return best;
}

/* A name that is not known, where one like it is: from those that may stand there. */
static void fix_name(struct fixing *f, tb_span at) {
    const tb_ask *ask = f->ask;
    tb_mentions u = tb_mentions_of(ask->arena, ask->sources, ask->trees[at.file]);
    const tb_mention *use = tb_mention_at(&u, at.from);
    if (!use || use->span.from != at.from) return;
    struct offering o = {.ask = ask, .file = at.file, .uses = &u, .scope = tb_scope_of(u.tree, use->section)};
    o.words = tb_words_of(ask->sources->list.items[at.file].text);
    offer_names(&o, use->may, use->owner);
    tb_str near = nearest(use->text, &o.out);
    tb_str raw = tb_source_text(ask->sources, use->span);
    if (!near.n) return;
    bool text = tb_str_starts(raw, "“") || tb_str_starts(raw, "\"");
    tb_str tail =
        tb_str_starts(raw, "「") || raw.n <= use->text.n ? TB_NONE : (tb_str){raw.p + use->text.n, raw.n - use->text.n};
    tb_str written = tb_name_written(ask->arena, near);
    fix(f, use->span,
        text ? tb_str_printf(ask->arena, "“%.*s”", TB_FMT(near))
             : tb_str_printf(ask->arena, "%.*s%.*s", TB_FMT(written), TB_FMT(tail)));
}

tb_fixes tb_fixes_of(const tb_ask *ask, const tb_diagnostic *d) {
    struct fixing f = {.ask = ask, .en = ask->lang == TB_LANG_EN};
    tb_arena *a = ask->arena;
    if (d->span.file >= ask->count) return f.out;
    bool wide = tb_source_chinese(ask->sources->list.items[d->span.file].text);
    switch (d->code) {
    case TB_E_LOST_STOP: fix(&f, d->span, wide ? TB_STR("。") : TB_STR(".")); break;
    case TB_E_LOST_COLON: fix(&f, d->span, wide ? TB_STR("：") : TB_STR(":")); break;
    case TB_E_SEMICOLON:
        fix(&f, d->span, wide ? TB_STR("，") : TB_STR(","));
        fix(&f, d->span, wide ? TB_STR("。") : TB_STR("."));
        break;
    case TB_E_FULL_WIDTH:
    case TB_E_MISSPELT: fix(&f, d->span, d->values[1]); break;
    case TB_E_BARE_DAYS:
        fix(&f, d->span, tb_str_printf(a, wide ? "%.*s个工作日" : "%.*s-workdays", TB_FMT(d->values[1])));
        fix(&f, d->span, tb_str_printf(a, wide ? "%.*s个自然日" : "%.*s-days", TB_FMT(d->values[1])));
        break;
    case TB_E_GLUED:
        fix(&f, d->span, tb_str_printf(a, "%.*s %.*s", TB_FMT(d->values[0]), TB_FMT(d->values[1])));
        fix(&f, d->span, tb_str_printf(a, "「%.*s%.*s」", TB_FMT(d->values[0]), TB_FMT(d->values[1])));
        break;
    case TB_E_KEYWORD_NAME: fix(&f, d->span, tb_str_printf(a, "「%.*s」", TB_FMT(d->values[0]))); break;
    case TB_E_UNKNOWN_FIELD:
    case TB_E_UNKNOWN_OPTION:
    case TB_E_UNKNOWN_MODE:
    case TB_E_UNKNOWN_MILESTONE:
    case TB_E_UNKNOWN_TYPE:
    case TB_E_UNKNOWN_PLACE:
    case TB_E_UNKNOWN_POST:
    case TB_E_UNKNOWN_STEP:
    case TB_E_UNKNOWN_DOCUMENT:
    case TB_E_UNKNOWN_BRANCH:
    case TB_E_UNKNOWN_INTERFACE:
    case TB_E_ORGAN_UNKNOWN:
    case TB_E_COMPARE_FIELD: fix_name(&f, d->span); break;
    default: break;
    }
    return f.out;
}
