/* Catalogues of the files compiled, and what they say of the matters compiled with them. See listing.h. */
#include "listing.h"
#include "compile_work.h"

static void offered(tb__compiler *c, const tb_listing *l, tb_listed *e, const tb_part *modes) {
    tb_str *missing = TB_NEW_ARRAY(c->a, e->modes_n + 1, tb_str);
    for (uint32_t i = 0; i < e->modes_n; i++) {
        uint32_t at;
        TB__FIND(e->program->modes, .name, e->modes[i], at);
        if (at != TB_NO_INDEX) continue;
        missing[e->missing_n++] = e->modes[i];
        tb_report(c->d, TB_E_LISTED_MODE, modes->names.items[i].span, e->matter, l->name, e->modes[i])->other =
            e->program->span;
    }
    e->missing = missing;
}

static void add_entry(tb__compiler *c, tb_listing *l, const tb_clause *k, tb_index *entries, const tb_index *programs) {
    const tb_name *name = &k->names.items[0];
    const tb_part *lead = tb_part_of(k, TB_P_LEAD), *modes = tb_part_of(k, TB_P_MODE),
                  *deadline = tb_part_of(k, TB_P_DEADLINE);
    uint32_t *known = tb_index_at(entries, name->text, l->entries.count);
    if (*known < l->entries.count) {
        tb_report(c->d, TB_E_DUPLICATE, name->span, name->text, TB_NONE, TB_NONE)->other =
            l->entries.items[*known].span;
        return;
    }
    tb_listed e = {.matter = name->text,
                   .lead = lead && lead->names.count ? lead->names.items[0].text : TB_NONE,
                   .deadline = deadline ? deadline->day : TB_NO_DAY,
                   .pending = k->pending,
                   .span = name->span};
    tb_str *words = TB_NEW_ARRAY(c->a, modes ? modes->names.count : 0, tb_str);
    for (uint32_t i = 0; modes && i < modes->names.count; i++) words[e.modes_n++] = modes->names.items[i].text;
    e.modes = words;
    uint32_t at = tb_index_find(programs, e.matter, TB_NO_INDEX);
    if (at != TB_NO_INDEX) e.program = c->rules->programs.items[at];
    if (e.program) offered(c, l, &e, modes);
    *TB_PUSH(c->a, l->entries) = e;
}

static void add_listing(tb__compiler *c, const tb_section *s, const tb_index *programs) {
    tb_index entries = {.a = c->a};
    tb_listing *l = TB_NEW(c->a, tb_listing);
    uint32_t absent = 0;
    *l = (tb_listing){.name = s->name.text, .enacted = TB_NO_DAY, .span = s->name.span};
    for (uint32_t i = 0; i < s->clauses.count; i++) {
        const tb_clause *k = &s->clauses.items[i];
        const tb_part *document = k->kind == TB_C_ENACTED ? tb_part_of(k, TB_P_TEXT) : NULL;
        if (k->kind == TB_C_ENACTED) l->enacted = k->day;
        if (document && document->names.count) l->document = document->names.items[0].text;
        if (k->kind == TB_C_LISTED && k->names.count) add_entry(c, l, k, &entries, programs);
    }
    if (l->enacted == TB_NO_DAY || !l->document.n)
        tb_report(c->d, TB_E_LISTING_SOURCE, s->name.span, l->name, TB_NONE, TB_NONE);
    for (uint32_t i = 0; i < l->entries.count; i++) absent += !l->entries.items[i].program;
    if (absent)
        tb_report(c->d, TB_E_LISTED_ABSENT, s->name.span, l->name, tb_str_printf(c->a, "%u", absent),
                  tb_str_printf(c->a, "%u", l->entries.count));
    *TB_PUSH(c->a, c->rules->listings) = l;
}

void tb__listings_compile(tb__compiler *c, uint32_t roots) {
    tb_index programs = {.a = c->a}; /* of one name, the last */
    for (uint32_t i = 0; i < c->rules->programs.count; i++)
        *tb_index_at(&programs, c->rules->programs.items[i]->matter, i) = i;
    for (uint32_t f = 0; f < roots; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; i < t->sections.count; i++)
            if (t->sections.items[i].kind == TB_S_CATALOGUE) add_listing(c, &t->sections.items[i], &programs);
    }
}
