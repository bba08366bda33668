/* What a submission must bring before a case begins: see form.h. Fields first, in the order of the form, so that the
 * first thing wrong is the first thing a person sees; then names nobody asked for; then materials; places last, since
 * they are read from the fields. */
#include "form.h"
#include "case.h"
#include "papers.h"
#include "expression.h"
#include "table.h"

#define REFUSE(s, code, span, v0, v1, v2) tb__refuse((s)->r, TB_R_##code, (span), (v0), (v1), (v2))

/* What the form itself decides must be decided now, once for the whole case (expression.h): fields required by another's
 * value, every table, every sum. */
static bool form_decides(const tb__submission *s, uint32_t mode) {
    static const tb_json empty = {.kind = TB_JSON_OBJECT};
    const tb_program *p = s->p;
    const tb__reading r = {p->fields.items, p->tables.items, s->e->form ? s->e->form : &empty, mode, NULL};
    for (uint32_t i = 0; i < p->tables.count; i++) {
        const tb_table *t = p->tables.items[i].table;
        tb_hits h;
        switch (tb__table_decide(&r, &p->tables.items[i], &h)) {
        case TB_DECIDED: break;
        case TB_NO_ROW: return REFUSE(s, TABLE_NO_ROW, t->span, t->name, TB_NONE, TB_NONE);
        case TB_ROWS_DIFFER:
            return REFUSE(s, TABLE_DIFFERS, t->rows[h.other].span, t->name, tb_str_printf(s->a, "%u", h.row + 1),
                          tb_str_printf(s->a, "%u", h.other + 1));
        case TB_UNDECIDED: return REFUSE(s, SUM_TOO_LONG, t->span, t->name, TB_NONE, TB_NONE);
        }
    }
    for (uint32_t i = 0; i < p->sums.count; i++) {
        const tb_condition *c = p->sums.items[i];
        if (tb__condition_ask(&r, c) == TB_NOT_COMPUTED)
            return REFUSE(s, SUM_TOO_LONG, c->span, tb_source_text(p->sources, c->span), TB_NONE, TB_NONE);
    }
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const tb_field *f = &p->fields.items[i];
        if (f->when && !tb_json_find(r.form, f->name) && tb__condition_ask(&r, f->when) == TB_YES)
            return REFUSE(s, FIELD_MISSING_WHEN, f->span, f->name, f->when_text, TB_NONE);
    }
    return true;
}

static bool materials_fit(const tb__submission *s) {
    const tb_program *p = s->p;
    const tb_json *m = s->e->materials;
    tb_buf names;
    tb_buf_init(&names, s->a);
    for (uint32_t i = 0; i < p->materials.count; i++) tb__list_name(&names, p->materials.items[i].name);
    for (uint32_t i = 0; m && i < m->count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < p->materials.count && !known; k++)
            known = tb_str_eq(p->materials.items[k].name,
                              m->items[i].kind == TB_JSON_OBJECT ? tb_json_text(&m->items[i], "名称") : m->items[i].text);
        if (!known) return REFUSE(s, MATERIAL_UNKNOWN, TB_NO_SPAN, m->items[i].text, tb_buf_str(&names), TB_NONE);
        if (!tb__papers_fit(p, &m->items[i], s->r)) return false;
    }
    return true;
}

bool tb__form_fits(const tb__submission *s, uint32_t mode) {
    const tb_program *p = s->p;
    const tb_json *form = s->e->form;
    tb_buf names;
    tb_buf_init(&names, s->a);
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const tb_field *f = &p->fields.items[i];
        const tb_json *v = form ? tb_json_find(form, f->name) : NULL;
        tb__list_name(&names, f->name);
        if (!v && f->required) return REFUSE(s, FIELD_MISSING, f->span, f->name, TB_NONE, TB_NONE);
        tb_str wrong = v ? tb_value_wrong(s->a, TB_LANG_ZH, f, v, tb_day_of(s->e->at), s->env->directory) : TB_NONE;
        if (wrong.n) return REFUSE(s, FIELD_BAD, f->span, f->name, wrong, TB_NONE);
    }
    for (uint32_t i = 0; form && i < form->count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < p->fields.count && !known; k++)
            known = tb_str_eq(p->fields.items[k].name, form->keys[i]);
        if (!known) return REFUSE(s, FIELD_UNKNOWN, TB_NO_SPAN, form->keys[i], tb_buf_str(&names), TB_NONE);
    }
    return form_decides(s, mode) && materials_fit(s);
}

/* The code a place role takes: of the form, of the submission, of the seat of the 实施主体. Empty: none. */
static tb_str place_of(const tb__submission *s, const tb_role_place *role) {
    const tb_program *p = s->p;
    const tb_directory *d = s->env->directory;
    if (role->from == TB_PLACE_SUBMISSION) return s->e->by.place;
    if (role->from == TB_PLACE_FIELD) {
        const tb_json *v = s->e->form ? tb_json_find(s->e->form, p->fields.items[role->field].name) : NULL;
        if (v && role->item) v = role->item <= v->count ? &v->items[role->item - 1] : NULL;
        return !v ? TB_NONE : v->kind == TB_JSON_OBJECT ? tb_json_text(v, "区划") : v->text;
    }
    const tb_organ *organ = p->authority.n ? tb_directory_organ_named(d, p->authority) : NULL;
    if (organ) return tb_directory_place_at(d, organ->place)->code;
    const tb_role_place *seat = p->authority_place == TB_NO_INDEX ? NULL : &p->places.items[p->authority_place];
    return seat && seat->from != TB_PLACE_ORGAN ? place_of(s, seat)
                                                : TB_NONE; /* 实施主体 户籍地 派出所: sits at 户籍地 */
}

/* Places come from the form and are never overridden (M16); the organ must be the one with authority there (M17). */
bool tb__places_fit(const tb__submission *s) {
    const tb_program *p = s->p;
    const tb_directory *d = s->env->directory;
    const tb_organ *organ = p->authority.n ? tb_directory_organ_named(d, p->authority) : NULL;
    for (uint32_t i = 0; i < p->places.count; i++) {
        const tb_role_place *role = &p->places.items[i];
        tb_str code = role->items ? TB_NONE : place_of(s, role);
        if (role->items || (role->item && !code.n)) { /* the places are the copies, as many as there are items */
            s->places[i] = TB_NONE;
            continue;
        }
        if (!code.n || !tb_directory_find_place(d, code))
            return REFUSE(s, PLACE_UNKNOWN, role->span, role->name, code.n ? code : TB_STR("（空）"), TB_NONE);
        s->places[i] = tb_str_copy(s->a, code);
        if (!tb__calendar_at(s->env, code))
            return REFUSE(s, NO_CALENDAR, role->span, code, tb_directory_calendar(d, code), TB_NONE);
    }
    for (uint32_t i = 0; i < p->steps.count;
         i++) { /* 主体 P 派出所: each step's own organ must exist where the form puts it */
        const tb_step_def *step = &p->steps.items[i];
        if (step->duty.n && step->place != TB_NO_INDEX && s->places[step->place].n &&
            !tb_directory_organ_with(d, s->places[step->place], step->duty))
            return REFUSE(s, AUTHORITY_ELSEWHERE, step->span, p->places.items[step->place].name, s->places[step->place],
                          step->duty);
    }
    if (p->authority_place == TB_NO_INDEX) return true;
    tb_str seat = s->places[p->authority_place], name = p->places.items[p->authority_place].name;
    if (p->authority.n && (!organ || !tb_str_eq(tb_directory_place_at(d, organ->place)->code, seat)))
        return REFUSE(s, AUTHORITY_ELSEWHERE, p->places.items[p->authority_place].span, name, seat, p->authority);
    if (p->authority_duty.n && !tb_directory_organ_with(d, seat, p->authority_duty))
        return REFUSE(s, AUTHORITY_ELSEWHERE, p->places.items[p->authority_place].span, name, seat, p->authority_duty);
    return true;
}
