/* Fields from their clauses: 名称 类型 选项…，性质…, for the form of a matter and the columns of a table. */
#include "expression.h"
#include "table.h"

#define REPORT(c, code, span, v0, v1, v2) tb_report((c)->d, TB_E_##code, (span), (v0), (v1), (v2))

/* The names behind the types: options of 选项. */
static void options_of(tb__compiler *c, const tb_clause *clause, uint32_t from, enum tb_type type, tb_field *f) {
    tb_str *options = TB_NEW_ARRAY(c->a, clause->names.count + 1, tb_str);
    if (type != TB_T_OPTION) {
        if (from < clause->names.count && type)
            REPORT(c, TYPE_EXTRA, clause->names.items[from].span, clause->names.items[from - 1].text,
                   clause->names.items[from].text, TB_NONE);
        return;
    }
    for (uint32_t i = from; i < clause->names.count; i++) {
        const tb_name *n = &clause->names.items[i];
        for (uint32_t k = 0; k < f->options_n; k++)
            if (tb_str_eq(options[k], n->text)) REPORT(c, DUPLICATE, n->span, n->text, TB_NONE, TB_NONE);
        options[f->options_n++] = n->text;
    }
    f->options = options;
    if (!f->options_n) REPORT(c, OPTIONS_MISSING, clause->span, f->name, TB_NONE, TB_NONE);
}

static void bounds_of(tb__compiler *c, const tb_clause *clause, enum tb_type type, tb_field *f) {
    tb_bound *bounds = TB_NEW_ARRAY(c->a, clause->parts.count + 1, tb_bound);
    for (uint32_t i = 0; i < clause->parts.count; i++) {
        const tb_part *p = &clause->parts.items[i];
        if (p->kind != TB_P_COMPARE || p->value_kind == TB_V_NAME) continue; /* left open: said */
        if (!type) continue;                                                 /* said */
        if (!tb_is_number(type) || !tb_decimal_read(p->value.text, &bounds[f->bounds_n].value))
            REPORT(c, COMPARE_TYPES, p->span, f->name, p->value.text, TB_NONE);
        else bounds[f->bounds_n++].op = p->op;
    }
    f->bounds = bounds;
}

static void list_of(tb__compiler *c, const tb_clause *clause, tb_field *f) {
    const tb_part *most = tb_part_of(clause, TB_P_UP_TO);
    if (f->type != TB_T_LIST) {
        if (most) REPORT(c, UP_TO_LIST, most->span, f->name, TB_NONE, TB_NONE);
        return;
    }
    f->most = most && most->number > 0 ? (uint32_t)most->number : TB_LIST_USUAL;
    if (most && (most->number < 1 || most->number > TB_LIST_ITEMS))
        REPORT(c, LIST_ITEMS, most->span, tb_str_printf(c->a, "%d", TB_LIST_ITEMS), TB_NONE, TB_NONE);
    if (clause->names.count < 3) {
        REPORT(c, LIST_OF_WHAT, clause->names.items[1].span, f->name, TB_NONE, TB_NONE);
        return;
    }
    const tb_name *item = &clause->names.items[2];
    f->item = tb_type_named(item->text);
    if (!f->item) REPORT(c, UNKNOWN_TYPE, item->span, item->text, TB_NONE, TB_NONE);
    if (f->item == TB_T_LIST) REPORT(c, LIST_OF_WHAT, item->span, f->name, TB_NONE, TB_NONE);
}

tb_field tb__field_of(tb__compiler *c, const tb_clause *clause) {
    const tb_name *type = &clause->names.items[1];
    tb_field f = {.name = clause->names.items[0].text, .type = tb_type_named(type->text), .span = clause->span};
    if (!f.type) REPORT(c, UNKNOWN_TYPE, type->span, type->text, TB_NONE, TB_NONE);
    const tb_part *unit = tb_part_of(clause, TB_P_UNIT), *required = tb_part_of(clause, TB_P_REQUIRED),
                  *optional = tb_part_of(clause, TB_P_OPTIONAL);
    if (unit && unit->names.count) f.unit = unit->names.items[0].text;
    f.required = required != NULL && !tb_part_of(clause, TB_P_IF); /* 必填，若 C: form_conditions() */
    if (required && optional)
        REPORT(c, REQUIRED_OPTIONAL, optional->span, f.name, TB_NONE, TB_NONE)->other = required->span;
    f.sensitive = tb_part_of(clause, TB_P_SENSITIVE) != NULL;
    list_of(c, clause, &f);
    bool list = f.type == TB_T_LIST;
    enum tb_type of = list ? f.item : f.type;
    options_of(c, clause, list ? 3 : 2, of, &f);
    bounds_of(c, clause, of, &f);
    if (unit && of && !tb_is_number(of)) REPORT(c, UNIT_NUMBER, unit->span, f.name, TB_NONE, TB_NONE);
    return f;
}

tb_str tb__type_name(uint32_t i) {
    if (i >= 2 * (uint32_t)TB_T_LIST) return TB_NONE;
    enum tb_lang lang = i < TB_T_LIST ? TB_LANG_ZH : TB_LANG_EN;
    return tb_str_z(tb_type_word((enum tb_type)(i % TB_T_LIST + 1), lang));
}
