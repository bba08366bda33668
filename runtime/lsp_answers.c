/* What the language server answers about a document: see lsp_parts.h. Each answer asks grammar/ask.h and writes what it said as LSP wants it. */
#include "lsp_parts.h"

static tb_ask asking(tb__lsp_request *r) {
    const tb_rules *rules = r->document->rules;
    return (tb_ask){r->a, &rules->sources, rules->trees.items, rules->trees.count,
                    tb__lsp_lang(r->server, r->document)};
}

static const tb_sources *sources_of(tb__lsp_request *r) { return &r->document->rules->sources; }

static tb_mentions uses_of(tb__lsp_request *r) {
    return tb_mentions_of(r->a, sources_of(r), r->document->rules->trees.items[0]);
}

static void put_location(tb__lsp_request *r, const tb_sources *sources, tb_span at) {
    tb_puts(r->result, "{\"uri\":");
    tb_json_put_text(r->result, tb__lsp_uri(r->server, r->a, sources->list.items[at.file].path));
    tb_puts(r->result, ",\"range\":");
    tb__lsp_put_range(r->server, r->result, sources, at);
    tb_puts(r->result, "}");
}

static void put_edit(tb__lsp_request *r, const tb_sources *sources, const tb_edit *e) {
    tb_puts(r->result, "{\"range\":");
    tb__lsp_put_range(r->server, r->result, sources, e->span);
    tb_puts(r->result, ",\"newText\":");
    tb_json_put_text(r->result, e->text);
    tb_puts(r->result, "}");
}

static void put_changes(tb__lsp_request *r, const tb_edit *edits, uint32_t n) {
    tb_puts(r->result, "{\"changes\":{");
    tb_json_put_text(r->result, r->document->uri);
    tb_puts(r->result, ":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(r->result, ",");
        put_edit(r, sources_of(r), &edits[i]);
    }
    tb_puts(r->result, "]}}");
}

static void completion(tb__lsp_request *r) {
    enum { KEYWORD = 14, VARIABLE = 6, REFERENCE = 18, MODULE = 9, PROPERTY = 10, WORD = 24 };
    static const int kinds[] = {0, MODULE, KEYWORD, PROPERTY, VARIABLE, REFERENCE, WORD};
    tb_ask ask = asking(r);
    tb_offers o = tb_offers_at(&ask, 0, r->offset);
    tb_puts(r->result, "{\"isIncomplete\":false,\"items\":[");
    for (uint32_t i = 0; i < o.list.count; i++) {
        const tb_offer *x = &o.list.items[i];
        tb_puts(r->result, i ? ",{\"label\":" : "{\"label\":");
        tb_json_put_text(r->result, x->label);
        tb_putf(r->result, ",\"kind\":%d,\"sortText\":\"%05u\",\"textEdit\":", kinds[x->kind], i);
        put_edit(r, sources_of(r), &(tb_edit){o.replace, x->text});
        if (x->detail.n) {
            tb_puts(r->result, ",\"detail\":");
            tb_json_put_text(r->result, x->detail);
        }
        tb_puts(r->result, "}");
    }
    tb_puts(r->result, "]}");
}

static void hover(tb__lsp_request *r) {
    tb_ask ask = asking(r);
    tb_span about;
    tb_str text = tb_hover_at(&ask, 0, r->offset, &about);
    if (!text.n) return;
    tb_puts(r->result, "{\"contents\":{\"kind\":\"markdown\",\"value\":");
    tb_json_put_text(r->result, text);
    tb_puts(r->result, "},\"range\":");
    tb__lsp_put_range(r->server, r->result, sources_of(r), about);
    tb_puts(r->result, "}");
}

static tb_span referenced(tb__lsp_request *r, const tb_name *said) {
    const tb_sources *sources = sources_of(r);
    tb_str found = tb__lsp_reference(r->document, r->document->path, said->text);
    for (uint32_t i = 0; found.n && i < sources->list.count; i++)
        if (tb_str_eq(sources->list.items[i].path, found)) return (tb_span){i, 0, 0};
    return TB_NO_SPAN;
}

/* In the document and what it refers to; a matter named by 发起 or 清单, and what an output of a table is, in any file of the rules. */
static void definition(tb__lsp_request *r) {
    tb_ask ask = asking(r);
    const tb_name *said = tb_reference_at(ask.trees[0], r->offset);
    tb_span at = said ? referenced(r, said) : tb_definition_at(&ask, 0, r->offset);
    if (at.file < sources_of(r)->list.count) {
        put_location(r, sources_of(r), at);
        return;
    }
    tb_mentions u = uses_of(r);
    if (said || !tb_mention_at(&u, r->offset)) return;
    tb_project *p = tb__lsp_project(r->server, r->a, r->document);
    tb_project_uses uses = tb_project_uses_at(p, 0, r->offset);
    const tb_project_use *d = tb_project_definition(&uses);
    if (d) put_location(r, p->sources, d->mention.span);
}

static void references(tb__lsp_request *r) {
    tb_mentions u = uses_of(r);
    if (!tb_mention_at(&u, r->offset)) return;
    tb_project *p = tb__lsp_project(r->server, r->a, r->document);
    tb_project_uses uses = tb_project_uses_at(p, 0, r->offset);
    const tb_json *context = tb_json_get(r->params, "context"),
                  *with = context ? tb_json_get(context, "includeDeclaration") : NULL;
    const tb_project_use *definition = tb_project_definition(&uses);
    bool first = true;
    tb_puts(r->result, "[");
    for (uint32_t i = 0; i < uses.count; i++) {
        if (&uses.items[i] == definition && with && with->kind == TB_JSON_FALSE) continue;
        if (!first) tb_puts(r->result, ",");
        first = false;
        put_location(r, p->sources, uses.items[i].mention.span);
    }
    tb_puts(r->result, "]");
}

static void highlight(tb__lsp_request *r) {
    enum { READ = 2, WRITE = 3 };
    tb_mentions u = uses_of(r);
    const tb_mention *use = tb_mention_at(&u, r->offset);
    bool first = true;
    if (!use) return;
    tb_puts(r->result, "[");
    for (uint32_t i = 0; i < u.list.count; i++) {
        const tb_mention *x = &u.list.items[i];
        if (!tb_mention_same(x, use)) continue;
        tb_puts(r->result, first ? "{\"range\":" : ",{\"range\":");
        first = false;
        tb__lsp_put_range(r->server, r->result, sources_of(r), x->span);
        tb_putf(r->result, ",\"kind\":%d}", x->defines ? WRITE : READ);
    }
    tb_puts(r->result, "]");
}

static void prepare_rename(tb__lsp_request *r) {
    tb_mentions u = uses_of(r);
    const tb_mention *at = tb_mention_at(&u, r->offset);
    if (!at) return;
    tb_project *p = tb__lsp_project(r->server, r->a, r->document);
    tb_project_uses uses = tb_project_uses_at(p, 0, r->offset);
    if (!tb_project_can_rename(p, &uses, &r->error)) return;
    tb_puts(r->result, "{\"range\":");
    tb__lsp_put_range(r->server, r->result, sources_of(r), at->span);
    tb_puts(r->result, ",\"placeholder\":");
    tb_json_put_text(r->result, uses.items[0].mention.stem);
    tb_puts(r->result, "}");
}

/* The edits of each file; they come by file and place. */
static void put_edits(tb__lsp_request *r, const tb_sources *sources, const tb_edits *edits) {
    tb_puts(r->result, "{\"changes\":{");
    for (uint32_t i = 0; i < edits->count; i++) {
        const tb_edit *e = &edits->items[i];
        bool begins = i == 0 || e[-1].span.file != e->span.file;
        if (begins && i) tb_puts(r->result, "],");
        if (begins) tb_json_put_text(r->result, tb__lsp_uri(r->server, r->a, sources->list.items[e->span.file].path));
        tb_puts(r->result, begins ? ":[" : ",");
        put_edit(r, sources, e);
    }
    tb_puts(r->result, edits->count ? "]}}" : "}}");
}

static void renaming(tb__lsp_request *r) {
    tb_project *p = tb__lsp_project(r->server, r->a, r->document);
    tb_project_uses uses = tb_project_uses_at(p, 0, r->offset);
    tb_edits edits;
    if (tb_project_rename(p, &uses, tb_json_text(r->params, "newName"), &edits, &r->error))
        put_edits(r, p->sources, &edits);
}

/* ---- symbols and folding ---- */

static bool top_heading(enum tb_section_kind k) {
    return k == TB_S_MATTER || k == TB_S_TEMPLATE || k == TB_S_LAW || k == TB_S_CALENDAR || k == TB_S_DIRECTORY ||
           k == TB_S_TABLE || k == TB_S_INTERFACE || k == TB_S_CATALOGUE;
}

/* Where a heading's stretch ends: at its last clause, or the last of those that belong to it. */
static uint32_t end_of(const tb_tree *t, uint32_t i, bool with_following) {
    const tb_section *s = &t->sections.items[i];
    uint32_t end = s->clauses.count ? s->clauses.items[s->clauses.count - 1].span.to : s->span.to;
    for (uint32_t k = i + 1; with_following && k < t->sections.count && !top_heading(t->sections.items[k].kind); k++)
        end = end_of(t, k, false);
    return end > s->span.to ? end : s->span.to;
}

static void put_symbol(tb__lsp_request *r, tb_str name, tb_str detail, int kind, tb_span whole, tb_span point) {
    tb_puts(r->result, "{\"name\":");
    tb_json_put_text(r->result, name.n ? name : TB_STR("?"));
    tb_puts(r->result, ",\"detail\":");
    tb_json_put_text(r->result, detail);
    tb_putf(r->result, ",\"kind\":%d,\"range\":", kind);
    tb__lsp_put_range(r->server, r->result, sources_of(r), whole);
    tb_puts(r->result, ",\"selectionRange\":");
    tb__lsp_put_range(r->server, r->result, sources_of(r), point);
}

static void put_heading(tb__lsp_request *r, const tb_tree *t, uint32_t i, bool with_following) {
    enum { MODULE = 2, CLASS = 5, EVENT = 24, FIELD = 8 };
    const tb_section *s = &t->sections.items[i];
    tb_str word = tb_str_z(tb_section_word(s->kind, tb__lsp_lang(r->server, r->document)));
    tb_span whole = {s->span.file, s->span.from, end_of(t, i, with_following)};
    bool named = s->name.text.n > 0, first = true;
    put_symbol(r, named ? s->name.text : word, named ? word : TB_NONE, top_heading(s->kind) ? MODULE : CLASS, whole,
               named ? s->name.span : s->span);
    tb_puts(r->result, ",\"children\":[");
    for (uint32_t k = 0; k < s->clauses.count; k++) {
        const tb_clause *c = &s->clauses.items[k];
        bool entry =
            c->kind == TB_C_FIELD || c->kind == TB_C_MATERIAL || c->kind == TB_C_DOCUMENT || c->kind == TB_C_LISTED;
        if (!c->names.count || !(entry || c->kind == TB_C_EVENT)) continue;
        if (!first) tb_puts(r->result, ",");
        first = false;
        put_symbol(r, c->names.items[0].text, TB_NONE, entry ? FIELD : EVENT, c->span, c->names.items[0].span);
        tb_puts(r->result, "}");
    }
    for (uint32_t k = i + 1; with_following && k < t->sections.count && !top_heading(t->sections.items[k].kind); k++) {
        if (!first) tb_puts(r->result, ",");
        first = false;
        put_heading(r, t, k, false);
    }
    tb_puts(r->result, "]}");
}

static void symbols(tb__lsp_request *r) {
    const tb_tree *t = r->document->rules->trees.items[0];
    bool first = true, inside = false;
    tb_puts(r->result, "[");
    for (uint32_t i = 0; i < t->sections.count; i++) {
        bool top = top_heading(t->sections.items[i].kind);
        if (!top && inside) continue;
        if (!first) tb_puts(r->result, ",");
        first = false;
        inside = top;
        put_heading(r, t, i, top);
    }
    tb_puts(r->result, "]");
}

static void folding(tb__lsp_request *r) {
    const tb_tree *t = r->document->rules->trees.items[0];
    bool first = true;
    tb_puts(r->result, "[");
    for (uint32_t i = 0; i < t->sections.count; i++) {
        uint32_t from = tb_source_place(sources_of(r), 0, t->sections.items[i].span.from).line;
        uint32_t to = tb_source_place(sources_of(r), 0, end_of(t, i, false)).line;
        if (to <= from) continue;
        tb_putf(r->result, "%s{\"startLine\":%u,\"endLine\":%u}", first ? "" : ",", from - 1, to - 1);
        first = false;
    }
    tb_puts(r->result, "]");
}

static void formatting(tb__lsp_request *r) {
    tb_str before = r->document->text, after = tb_format(r->a, r->document->path, before);
    tb_puts(r->result, "[");
    if (!tb_str_eq(before, after)) put_edit(r, sources_of(r), &(tb_edit){{0, 0, before.n}, after});
    tb_puts(r->result, "]");
}

static uint32_t offset_in(tb__lsp_request *r, const tb_json *position) {
    int64_t line = position ? tb_json_number(position, "line", 0) : 0,
            column = position ? tb_json_number(position, "character", 0) : 0;
    line = line < 0 || line > UINT32_MAX ? UINT32_MAX : line;
    column = column < 0 || column > UINT32_MAX ? UINT32_MAX : column;
    return tb_source_offset(&sources_of(r)->list.items[0], (uint32_t)line, (uint32_t)column, r->server->units);
}

static void code_actions(tb__lsp_request *r) {
    const tb_json *range = tb_json_get(r->params, "range");
    uint32_t from = offset_in(r, range ? tb_json_get(range, "start") : NULL),
             to = offset_in(r, range ? tb_json_get(range, "end") : NULL);
    tb_ask ask = asking(r);
    const tb_diagnostics *all = &r->document->rules->diagnostics;
    bool first = true;
    tb_puts(r->result, "[");
    for (uint32_t i = 0; i < all->list.count; i++) {
        const tb_diagnostic *d = &all->list.items[i];
        if (d->span.file != 0 || d->span.from > to || d->span.to < from) continue;
        tb_fixes fixes = tb_fixes_of(&ask, d);
        for (uint32_t k = 0; k < fixes.count; k++) {
            tb_puts(r->result, first ? "{\"title\":" : ",{\"title\":");
            first = false;
            tb_json_put_text(r->result, fixes.items[k].title);
            tb_puts(r->result, ",\"kind\":\"quickfix\",\"diagnostics\":[");
            tb__lsp_put_diagnostic(r->server, r->result, r->document, d);
            tb_puts(r->result, "],\"edit\":");
            put_changes(r, &fixes.items[k].edit, 1);
            tb_puts(r->result, "}");
        }
    }
    tb_puts(r->result, "]");
}

tb__lsp_answer *tb__lsp_answer_to(tb_str method) {
    static const struct {
        const char *method;
        tb__lsp_answer *answer;
    } answers[] = {
        {"textDocument/completion", completion},
        {"textDocument/hover", hover},
        {"textDocument/definition", definition},
        {"textDocument/references", references},
        {"textDocument/documentHighlight", highlight},
        {"textDocument/prepareRename", prepare_rename},
        {"textDocument/rename", renaming},
        {"textDocument/documentSymbol", symbols},
        {"textDocument/foldingRange", folding},
        {"textDocument/formatting", formatting},
        {"textDocument/codeAction", code_actions},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (tb_str_is(method, answers[i].method)) return answers[i].answer;
    return NULL;
}
