/* What a submission must bring before a case begins: see form.h. Fields first, in the order of the form, so that the
 * first thing wrong is the first thing a person sees; then names nobody asked for; then materials; places last, since
 * they are read from the fields. */
#include "form.h"
#include "case.h"

#define REFUSE(s, code, span, v0, v1, v2) tb__refuse((s)->r, TB_R_##code, (span), (v0), (v1), (v2))

static bool field_fits(const tb__submission *s, const tb_field *f, const tb_json *v, tb_str *wrong) {
    tb_decimal n;
    int32_t day;
    bool text = v->kind == TB_JSON_STR;
    *wrong = TB_STR("应是文字");
    switch (f->type) {
    case TB_T_TEXT:
    case TB_T_ATTACHMENT: return text && v->text.n;
    case TB_T_INTEGER:
        *wrong = TB_STR("应是整数");
        if (v->kind != TB_JSON_INT && !(text && tb_decimal_read(v->text, &n) && n.scale == 0)) return false;
        if (v->kind == TB_JSON_INT) n = (tb_decimal){v->number, 0};
        break;
    case TB_T_DECIMAL:
    case TB_T_MONEY:
        *wrong = TB_STR("应是小数，写成字符串，如 \"12.50\"");
        if (v->kind != TB_JSON_INT && !(text && tb_decimal_read(v->text, &n))) return false;
        if (v->kind == TB_JSON_INT) n = (tb_decimal){v->number, 0};
        if (f->type == TB_T_MONEY && n.scale > 2) return *wrong = TB_STR("金额至多两位小数"), false;
        break;
    case TB_T_DATE: return *wrong = TB_STR("应是日期，如 2026-03-02"), text && tb_day_parse(v->text, &day);
    case TB_T_TIME: {
        int64_t at;
        return *wrong = TB_STR("应是时刻，如 2026-03-02T09:00:00+08:00"), text && tb_time_parse(v->text, &at);
    }
    case TB_T_BOOL: return *wrong = TB_STR("应是 true 或 false"), v->kind == TB_JSON_TRUE || v->kind == TB_JSON_FALSE;
    case TB_T_OPTION: {
        tb_buf b;
        tb_buf_init(&b, s->a);
        tb_puts(&b, "应是下列之一：");
        for (uint32_t i = 0; i < f->options_n; i++) tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(f->options[i]));
        *wrong = tb_buf_str(&b);
        return text && tb__among(v->text, f->options, f->options_n);
    }
    case TB_T_ADDRESS:
        *wrong = TB_STR("应是 {\"区划\":\"六位代码\",\"详址\":\"…\"}");
        return v->kind == TB_JSON_OBJECT && tb_json_text(v, "区划").n &&
               (v->count == 1 || (v->count == 2 && tb_json_text(v, "详址").n));
    case TB_T_DIVISION: return *wrong = TB_STR("应是区划代码，如 370402"), text && v->text.n;
    case TB_T_ID_CARD:
        return *wrong = TB_STR("不是有效的公民身份号码（校验位不符）"), text && tb_valid_id_card(v->text);
    case TB_T_CREDIT_CODE:
        return *wrong = TB_STR("不是有效的统一社会信用代码（校验位不符）"), text && tb_valid_credit_code(v->text);
    case TB_T_PHONE:
        *wrong = TB_STR("应是 11 位手机号");
        if (!text || v->text.n != 11 || v->text.p[0] != '1') return false;
        for (uint32_t i = 0; i < 11; i++)
            if (v->text.p[i] < '0' || v->text.p[i] > '9') return false;
        return true;
    }
    static const char *const words[] = {"", "等于", "不等于", "小于", "不大于", "大于", "不小于"};
    for (uint32_t i = 0; i < f->bounds_n; i++) {
        int order = tb_decimal_cmp(n, f->bounds[i].value);
        enum tb_compare op = f->bounds[i].op;
        bool holds = op == TB_EQ   ? order == 0
                     : op == TB_NE ? order != 0
                     : op == TB_LT ? order < 0
                     : op == TB_LE ? order <= 0
                     : op == TB_GT ? order > 0
                                   : order >= 0;
        if (holds) continue;
        int64_t units = f->bounds[i].value.units, one = 1;
        for (int k = 0; k < f->bounds[i].value.scale; k++) one *= 10;
        *wrong = one == 1 ? tb_str_printf(s->a, "应 %s %lld", words[op], (long long)units)
                          : tb_str_printf(s->a, "应 %s %s%lld.%0*lld", words[op], units < 0 ? "-" : "",
                                          (long long)((units < 0 ? -units : units) / one), f->bounds[i].value.scale,
                                          (long long)((units < 0 ? -units : units) % one));
        return false;
    }
    return true;
}

bool tb__form_fits(const tb__submission *s) {
    const tb_program *p = s->p;
    const tb_json *form = s->e->form;
    tb_buf names;
    tb_buf_init(&names, s->a);
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const tb_field *f = &p->fields.items[i];
        const tb_json *v = form ? tb_json_find(form, f->name) : NULL;
        tb_str wrong;
        tb__list_name(&names, f->name);
        if (!v && f->required) return REFUSE(s, FIELD_MISSING, f->span, f->name, TB_NONE, TB_NONE);
        if (v && !field_fits(s, f, v, &wrong)) return REFUSE(s, FIELD_BAD, f->span, f->name, wrong, TB_NONE);
    }
    for (uint32_t i = 0; form && i < form->count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < p->fields.count && !known; k++)
            known = tb_str_eq(p->fields.items[k].name, form->keys[i]);
        if (!known) return REFUSE(s, FIELD_UNKNOWN, TB_NO_SPAN, form->keys[i], tb_buf_str(&names), TB_NONE);
    }
    names.n = 0;
    for (uint32_t i = 0; i < p->materials.count; i++) tb__list_name(&names, p->materials.items[i].name);
    const tb_json *m = s->e->materials;
    for (uint32_t i = 0; m && i < m->count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < p->materials.count && !known; k++)
            known = m->items[i].kind == TB_JSON_STR && tb_str_eq(p->materials.items[k].name, m->items[i].text);
        if (!known) return REFUSE(s, MATERIAL_UNKNOWN, TB_NO_SPAN, m->items[i].text, tb_buf_str(&names), TB_NONE);
    }
    return true;
}

/* The code a place role takes: of the form, of the submission, of the seat of the 实施主体. Empty: none. */
static tb_str place_of(const tb__submission *s, const tb_role_place *role) {
    const tb_program *p = s->p;
    const tb_directory *d = s->env->directory;
    if (role->from == TB_PLACE_SUBMISSION) return s->e->by.place;
    if (role->from == TB_PLACE_FIELD) {
        const tb_json *v = s->e->form ? tb_json_find(s->e->form, p->fields.items[role->field].name) : NULL;
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
        tb_str code = place_of(s, role);
        if (!code.n || !tb_directory_find_place(d, code))
            return REFUSE(s, PLACE_UNKNOWN, role->span, role->name, code.n ? code : TB_STR("（空）"), TB_NONE);
        s->places[i] = tb_str_copy(s->a, code);
        if (!tb__calendar_at(s->env, code))
            return REFUSE(s, NO_CALENDAR, role->span, code, tb_directory_calendar(d, code), TB_NONE);
    }
    for (uint32_t i = 0; i < p->steps.count;
         i++) { /* 主体 P 派出所: each step's own organ must exist where the form puts it */
        const tb_step_def *step = &p->steps.items[i];
        if (step->duty.n && step->place != TB_NO_INDEX &&
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
