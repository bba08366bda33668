/* Runs 用例 (see scenario.h). A line of a 用例 is a time and an act, or 此时 and what must hold. Timers due before a
 * line's time fire first, as they would in the server (M12). A failing line ends its 用例: what follows would only
 * repeat the news. */
#include "compile_work.h"
#include "scenario_work.h"
#include "value.h"
#include "case.h"
#include <string.h>

enum { NINE = 9 * 60, CONFIRMERS = 16, FIRINGS = 1000 };

bool tb__scenario_fail(tb__scenario *r, tb_span span, tb_str text) {
    r->result->passed = false;
    r->result->span = span;
    r->result->failure = text;
    return false;
}

tb_str tb__scenario_steps(tb__scenario *r) {
    tb_buf b;
    tb_buf_init(&b, r->a);
    for (uint32_t i = 0; r->c && i < r->c->tasks.count; i++)
        tb_putf(&b, "%s%.*s", i ? "、" : "", TB_FMT(r->p->steps.items[r->c->tasks.items[i].step].name));
    if (r->c && r->c->outcome != TB_NO_INDEX)
        tb_putf(&b, "%s办结 %.*s", b.n ? "，" : "", TB_FMT(r->p->outcomes.items[r->c->outcome]));
    return b.n ? tb_buf_str(&b) : TB_STR("（无）");
}

static void note(tb__scenario *r, const tb_outcome *o) {
    char time[TB_TIME_TEXT];
    for (uint32_t i = 0; i < o->effects.count; i++) {
        const tb_effect *e = &o->effects.items[i];
        for (enum tb_alert_kind k = TB_ALERT_REMIND; k <= TB_ALERT_RED; k++)
            if (strcmp(e->what, tb_alert_word(k)) == 0) r->told |= 1U << k;
        /* A limit that ends with its day has run out at 24:00: what it brings about is of that day. */
        bool ended = strcmp(e->what, "超期") == 0 && e->at == tb_day_start(tb_day_of(e->at));
        tb_time_text(ended ? e->at - 1 : e->at, time);
        tb_putf(&r->timeline, "    %.11s%.5s  %s %.*s%s%.*s\n", time, ended ? "24:00" : time + 11, e->what,
                TB_FMT(e->name), e->value.n ? "：" : "", TB_FMT(e->value));
    }
    for (uint32_t i = 0; i < o->moves.count; i++) {
        const tb_span span = r->p->moves.items[o->moves.items[i]].span;
        for (uint32_t k = 0; k < r->p->moves.count; k++) { /* one clause, though it stands in several copies (逐一) */
            const tb_move *m = &r->p->moves.items[k];
            if (k != o->moves.items[i] && (m->span.file != span.file || m->span.from != span.from)) continue;
            if (!r->report->covered[k]++) r->report->moves_covered++;
        }
    }
}

/* The clause that refused is known by its place in the text. */
static void note_refusal(tb__scenario *r, const tb_refusal *refusal) {
    for (uint32_t i = 0; i < r->report->refusals.count; i++) {
        tb_scenario_refusal *x = &r->report->refusals.items[i];
        tb_span at = r->p->moves.items[x->move].span;
        if (x->code == refusal->code && at.file == refusal->span.file && at.from == refusal->span.from &&
            at.to == refusal->span.to)
            x->covered = true;
    }
}

static tb_outcome *step(tb__scenario *r, const tb_event *e) {
    tb_outcome *o = NULL;
    if (tb_step(r->a, r->p, TB_STR("用例"), r->c, e, r->env, &o) != TB_OK) return NULL;
    if (r->seen) r->seen(r->user, r->section, e, o);
    if (o->refused) {
        note_refusal(r, &o->refusal);
        return o;
    }
    r->c = o->next;
    note(r, o);
    for (uint32_t i = 0; e->kind == TB_EV_TIMER && i < r->report->expiries.count; i++)
        if (tb_str_eq(r->p->clocks.items[r->report->expiries.items[i].clock].name, e->timer))
            r->report->expiries.items[i].covered = true;
    return o;
}

bool tb__scenario_wait(tb__scenario *r, int64_t until) {
    tb_timer t;
    int steps = 0;
    r->fired = 0;
    for (; steps < FIRINGS && r->c && tb_next_timer(r->c, r->env, &t) && t.due <= until && !t.recheck; steps++) {
        tb_event e = {.kind = TB_EV_TIMER, .at = t.due, .timer = t.key};
        tb_outcome *o = step(r, &e);
        if (!o || o->refused)
            return tb__scenario_fail(r, r->section->span, tb_str_printf(r->a, "时限“%.*s”到期时出错", TB_FMT(t.key)));
        r->fired += !t.alert;
    }
    if (steps == FIRINGS)
        return tb__scenario_fail(r, r->section->span, tb_str_printf(r->a, "一行之前到期的时限超过 %d 个", FIRINGS));
    r->now = until;
    return true;
}

/* ---- filling in ---- */

tb_str tb_default_place(const tb_program *p, const tb_directory *d) {
    const tb_organ *organ = p->authority.n ? tb_directory_organ_named(d, p->authority) : NULL;
    if (organ) return tb_directory_place_at(d, organ->place)->code;
    uint32_t best = 0;
    tb_str code = TB_NONE;
    for (uint32_t i = 0; i < tb_directory_places(d); i++) {
        const tb_place *place = tb_directory_place_at(d, i);
        uint32_t held = 0;
        for (uint32_t k = 1; k < p->posts.count; k++)
            held += tb_directory_holders(d, place->code, p->posts.items[k].name) > 0;
        if (held > best || !code.n) best = held, code = place->code;
    }
    return code;
}

static tb_json address(tb_arena *a, tb_str place) {
    tb_json_maker m;
    tb_json_begin(&m, a);
    tb_json_add(&m, TB_STR("区划"), tb_json_of_text(place));
    tb_json_add(&m, TB_STR("详址"), tb_json_of_text(TB_STR("光明路1号")));
    return tb_json_done(&m);
}

/* The smallest whole number that keeps the bounds, if one below 10⁹ does. */
static int64_t number_within(const tb_field *f) {
    int64_t n = 1; /* decimals have at most 18 digits: one more or less cannot overflow */
    for (uint32_t i = 0; i < f->bounds_n; i++) {
        int64_t one = 1;
        for (int k = 0; k < f->bounds[i].value.scale; k++) one *= 10;
        int64_t bound = f->bounds[i].value.units / one;
        if ((f->bounds[i].op == TB_GT || f->bounds[i].op == TB_GE) && n <= bound) n = bound + 1;
        if (f->bounds[i].op == TB_EQ || (f->bounds[i].op == TB_LE && n > bound)) n = bound;
        if (f->bounds[i].op == TB_LT && n >= bound) n = bound - 1;
    }
    return n;
}

tb_json tb_example_value(tb_arena *a, const tb_field *f, tb_str place) {
    switch (f->type) {
    case TB_T_INTEGER: return tb_json_of_int(number_within(f));
    case TB_T_DECIMAL:
    case TB_T_MONEY: return tb_json_of_text(tb_str_printf(a, "%lld", (long long)number_within(f)));
    case TB_T_DATE: return tb_json_of_text(TB_STR("2000-01-01"));
    case TB_T_TIME: return tb_json_of_text(TB_STR("2000-01-01T09:00:00+08:00"));
    case TB_T_BOOL: return tb_json_of_bool(false);
    case TB_T_OPTION: return tb_json_of_text(f->options_n ? f->options[0] : TB_NONE);
    case TB_T_ADDRESS: return address(a, place);
    case TB_T_DIVISION: return tb_json_of_text(place);
    case TB_T_ID_CARD: return tb_json_of_text(TB_STR("11010519491231002X")); /* GB 11643's own example */
    case TB_T_CREDIT_CODE: return tb_json_of_text(TB_STR("11370800MB28559184"));
    case TB_T_PHONE: return tb_json_of_text(TB_STR("13800000000"));
    case TB_T_LIST: {
        tb_field of = *f;
        tb_json *one = TB_NEW(a, tb_json);
        of.type = f->item;
        *one = tb_example_value(a, &of, place);
        return tb_json_of_array(one, 1);
    }
    case TB_T_TEXT:
    case TB_T_ATTACHMENT: break;
    }
    return tb_json_of_text(tb_str_printf(a, "某%.*s", TB_FMT(f->name)));
}

static tb_json given_item(tb__scenario *r, const tb_field *f, tb_str text) {
    if (!f) return tb_json_of_text(text);
    bool place = f->type == TB_T_ADDRESS || (f->type == TB_T_LIST && f->item == TB_T_ADDRESS);
    return place ? address(r->a, text) : tb_value_written(f, text);
}

/* F 为 V; a list's items are joined by 、. */
static tb_json given_value(tb__scenario *r, const tb_field *f, const tb_part *p) {
    if (!f || f->type != TB_T_LIST) return given_item(r, f, p->value.text);
    tb_json *items = TB_NEW_ARRAY(r->a, p->values.count + 1, tb_json);
    for (uint32_t i = 0; i < p->values.count; i++) items[i] = given_item(r, f, p->values.items[i].text);
    return tb_json_of_array(items, p->values.count);
}

static tb_str part_name(const tb_clause *c, enum tb_part_kind kind) {
    const tb_part *p = tb_part_of(c, kind);
    return p && p->names.count ? p->names.items[0].text : TB_NONE;
}

/* 应当拒绝, or 应当拒绝 WRONG_POST: the refusal wanted came, and for that reason when one is named. */
static bool refused_well(tb__scenario *r, const tb_clause *c, enum tb_refusal_code code) {
    tb_str want = part_name(c, TB_P_REFUSED);
    if (!want.n || tb_str_is(want, tb_refusal_name(code))) return true;
    return tb__scenario_fail(r, c->span,
                             tb_str_printf(r->a, "应当因 %.*s 拒绝，实际因 %s", TB_FMT(want), tb_refusal_name(code)));
}

/* 消防承诺书 为 容缺 (承诺, or 提交: as it is): how a material of the application is brought. */
typedef TB_LIST(tb_json) brought;

static bool brings(tb__scenario *r, const tb_part *part, brought *list) {
    uint32_t at;
    TB__FIND(r->p->materials, .name, part->names.items[0].text, at);
    if (at == TB_NO_INDEX) return false;
    tb_json item = tb_json_of_text(part->names.items[0].text);
    if (!tb_str_is(part->value.text, "提交")) {
        tb_json_maker m;
        tb_json_begin(&m, r->a);
        tb_json_add(&m, TB_STR("名称"), item);
        tb_json_add(&m, TB_STR("方式"), tb_json_of_text(part->value.text));
        item = tb_json_done(&m);
    }
    *TB_PUSH(r->a, *list) = item;
    return true;
}

static bool submit(tb__scenario *r, const tb_clause *c) {
    const tb_program *p = r->p;
    tb_json_maker form;
    tb_str place = part_name(c, TB_P_AT), mode = part_name(c, TB_P_MODE), who = part_name(c, TB_P_BY);
    tb_str home = tb_default_place(p, r->env->directory);
    if (!place.n) place = home;
    if (!mode.n) mode = p->modes.items[0].name;
    if (!who.n) who = TB_STR("申请人甲");
    brought materials = {0};
    tb_json_begin(&form, r->a);
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (p->fields.items[i].required)
            tb_json_add(&form, p->fields.items[i].name, tb_example_value(r->a, &p->fields.items[i], home));
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *part = &c->parts.items[i];
        if (part->kind != TB_P_SET || !part->names.count) continue;
        const tb_field *f = NULL;
        for (uint32_t k = 0; k < p->fields.count; k++)
            if (tb_str_eq(p->fields.items[k].name, part->names.items[0].text)) f = &p->fields.items[k];
        if (!f && brings(r, part, &materials)) continue;
        if (!f) return tb__scenario_fail(r, part->span, tb_str_printf(r->a, "申请表没有“%.*s”", TB_FMT(part->names.items[0].text)));
        if (part->values.count > 1 && f->type != TB_T_LIST)
            return tb__scenario_fail(r, part->span, tb_str_printf(r->a, "“%.*s”不是列表，只能给一个值", TB_FMT(f->name)));
        tb_json_add(&form, f->name, given_value(r, f, part));
    }
    tb_json *values = TB_NEW(r->a, tb_json); /* in the arena: who watches may keep the event */
    *values = tb_json_done(&form);
    tb_buf filed;
    tb_buf_init(&filed, r->a);
    tb_json_write(&filed, values);
    r->result->form = tb_buf_str(&filed);
    tb_event e = {
        .kind = TB_EV_SUBMIT, .at = r->now, .by = {who, TB_STR("申请人"), place, TB_NONE}, .mode = mode, .form = values};
    tb_json *papers = TB_NEW(r->a, tb_json);
    *papers = tb_json_of_array(materials.items, materials.count);
    if (materials.count) e.materials = papers;
    tb_outcome *o = step(r, &e);
    bool refused = tb_part_of(c, TB_P_REFUSED) != NULL;
    if (!o) return tb__scenario_fail(r, c->span, TB_STR("内存不足"));
    if (o->refused && !refused)
        return tb__scenario_fail(
            r, c->span,
            tb_str_printf(r->a, "提交被拒绝：%.*s", TB_FMT(tb_refusal_text(r->a, &o->refusal, TB_LANG_ZH))));
    if (!o->refused && refused) return tb__scenario_fail(r, c->span, TB_STR("应当拒绝，却接受了"));
    return refused ? refused_well(r, c, o->refusal.code) : true;
}

/* The earliest day that may be stated: as lawful as any. */
static tb_str first_day(tb__scenario *r, const tb_held *held) {
    const tb_calendar *c = tb__calendar_of(r->c, r->env, r->p->steps.items[held->step].place);
    int64_t at = c ? tb__held_earliest(c, held, r->now) : TB_NO_TIME;
    return tb__held_text(r->a, at == TB_NO_TIME ? r->now : at);
}

/* 调整期限, when the line does not say which or to what: one that can be adjusted, by a unit. */
static tb_json adjustment(tb__scenario *r, tb_str need) {
    const tb_running *named = NULL;
    int to = 0;
    for (uint32_t i = 0; i < r->c->clocks.count && !to; i++)
        if (tb_adjustable_now(r->c, &r->c->clocks.items[i]))
            to = tb__adjust_example(r->c, r->env, named = &r->c->clocks.items[i], r->now);
    if (tb_str_is(need, TB__ADJUST_LIMIT))
        return tb_json_of_text(named ? r->p->clocks.items[named->def].name : TB_STR("（用例）期限"));
    return tb_json_of_text(tb_str_printf(r->a, "%d", to));
}

static tb_json act_input(tb__scenario *r, const tb_clause *c, const tb_possible *x) {
    const tb_move *m = x && x->move != TB_NO_INDEX ? &r->p->moves.items[x->move] : NULL;
    tb_json_maker in;
    tb_json_begin(&in, r->a);
    const tb_held *held = m && m->held ? &r->p->helds.items[m->held - 1] : NULL;
    bool adjusts = m && r->p->adjusts && x->move == r->p->adjustment_move;
    for (uint32_t i = 0; x && i < x->needs_n; i++)
        if (adjusts && !tb_str_is(x->needs[i], "理由")) tb_json_add(&in, x->needs[i], adjustment(r, x->needs[i]));
        else if (held && tb_str_eq(x->needs[i], held->name)) tb_json_add(&in, held->name, tb_json_of_text(first_day(r, held)));
        else tb_json_add(&in, x->needs[i], tb_json_of_text(tb_str_printf(r->a, "（用例）%.*s", TB_FMT(x->needs[i]))));
    for (uint32_t i = 0; m && m->call && i < r->c->tasks.count; i++)
        if (r->c->tasks.items[i].step == m->step)
            tb_json_add(&in, TB_STR("键"), tb_json_of_text(r->c->tasks.items[i].call));
    if (m && m->choices_n) tb_json_add(&in, TB_STR("选择"), tb_json_of_text(m->choices[0]));
    for (uint32_t i = 0; i < c->parts.count; i++) {
        const tb_part *p = &c->parts.items[i];
        if (p->kind == TB_P_SET && p->names.count) tb_json_add(&in, p->names.items[0].text, given_value(r, NULL, p));
        for (uint32_t k = 0; p->kind == TB_P_STATE && k < p->names.count; k++)
            tb_json_add(&in, p->names.items[k].text,
                        tb_json_of_text(tb_str_printf(r->a, "（用例）%.*s", TB_FMT(p->names.items[k].text))));
    }
    return tb_json_done(&in);
}

/* The possible act a line means: its name, its step when given, an open one rather than a blocked one. */
static const tb_possible *meant(tb__scenario *r, const tb_possibles *list, tb_str act, tb_str task) {
    const tb_possible *found = NULL;
    for (uint32_t i = 0; i < list->count; i++) {
        const tb_possible *x = &list->items[i];
        if (!tb_str_eq(x->act, act)) continue;
        bool anywhere = x->move == TB_NO_INDEX ? x->step == TB_NO_INDEX /* else listed once, for whichever task */
                                               : r->p->moves.items[x->move].step == TB_NO_INDEX;
        if (task.n && !anywhere && !tb_str_eq(r->p->steps.items[x->step].name, task)) continue;
        if (!found || (!found->open && x->open)) found = x;
    }
    return found;
}

static tb_str place_of_post(tb__scenario *r, uint32_t post) {
    uint32_t role = r->p->posts.items[post].place;
    return role == TB_NO_INDEX ? r->c->applicant.place : r->c->places[role];
}

static tb_str act_name(const tb_clause *c) { return c->names.count ? c->names.items[0].text : TB_NONE; }

/* The i-th person who could do it: those named in the line, else everybody who holds one of the posts. */
static bool candidate(tb__scenario *r, const tb_clause *c, const tb_possible *x, uint32_t i, tb_actor *who) {
    const tb_part *by = tb_part_of(c, TB_P_BY);
    if (by && by->names.count) {
        if (i >= by->names.count) return false;
        tb_str person = by->names.items[i].text;
        for (uint32_t k = 0; x && k < x->posts_n; k++) {
            tb_str post = r->p->posts.items[x->posts[k]].name, place = place_of_post(r, x->posts[k]);
            bool holds = x->posts[k] == TB_POST_APPLICANT ? tb_str_eq(person, r->c->applicant.person)
                                                          : tb_directory_holds(r->env->directory, place, post, person);
            if (holds) return *who = (tb_actor){person, post, place, TB_NONE}, true;
            tb_str principal = TB_NONE; /* whom this one stands in for on that day: a 用例 need not say it */
            for (uint32_t n = 0; n < tb_directory_deputies(r->env->directory, place, post) && !principal.n; n++) {
                const tb_deputy *d = tb_directory_deputy_at(r->env->directory, place, post, n);
                int32_t day = tb_day_of(r->now);
                if (tb_str_eq(d->person, person) && d->from <= day && day <= d->to) principal = d->principal;
            }
            if (principal.n) return *who = (tb_actor){person, post, place, principal}, true;
        }
        /* Named, yet holding none of the posts: let the step say so, as the first post, or as the person's own. */
        tb_str post = x && x->posts_n ? r->p->posts.items[x->posts[0]].name : TB_STR("申请人");
        return *who = (tb_actor){person, post, x && x->posts_n ? place_of_post(r, x->posts[0]) : r->c->applicant.place, TB_NONE},
               true;
    }
    const tb_move *m = x && x->move != TB_NO_INDEX ? &r->p->moves.items[x->move] : NULL;
    if (m && m->call) /* an answer from outside */
        return i == 0 &&
               (*who = (tb_actor){r->p->calls.items[m->call - 1].name, r->p->posts.items[r->p->outside].name, TB_NONE, TB_NONE},
                true);
    for (uint32_t k = 0; x && k < x->posts_n; k++) {
        if (x->posts[k] == TB_POST_APPLICANT) {
            if (i-- == 0) return *who = r->c->applicant, true;
            continue;
        }
        tb_str post = r->p->posts.items[x->posts[k]].name, place = place_of_post(r, x->posts[k]);
        uint32_t holders = tb_directory_holders(r->env->directory, place, post);
        if (x->person.n && tb_directory_holds(r->env->directory, place, post, x->person)) /* 退签: who has claimed it */
            return i == 0 && (*who = (tb_actor){x->person, post, place, TB_NONE}, true);
        if (i < holders)
            return *who = (tb_actor){tb_directory_holder(r->env->directory, place, post, i), post, place, TB_NONE}, true;
        i -= holders;
    }
    if (!x && i == 0) return *who = r->c->applicant, true;
    return false;
}

static bool act(tb__scenario *r, const tb_clause *c) {
    tb_str name = act_name(c), task = part_name(c, TB_P_STEPS);
    tb_possibles *list;
    bool refused_wanted = tb_part_of(c, TB_P_REFUSED) != NULL;
    if (!r->c) return tb__scenario_fail(r, c->span, TB_STR("还没有提交"));
    /* A misspelt act would be refused too, and 应当拒绝 be content: say so instead. */
    if (!tb_act_event(r->p, name) && !tb_builtin_act(name))
        return tb__scenario_fail(r, c->span, tb_str_printf(r->a, "事项里没有“%.*s”这个动作", TB_FMT(name)));
    if (task.n && tb_step_named(r->p, task) == TB_NO_INDEX)
        return tb__scenario_fail(r, c->span, tb_str_printf(r->a, "事项里没有环节“%.*s”", TB_FMT(task)));
    if (tb_possible_acts(r->a, r->c, r->env, &list) != TB_OK) return tb__scenario_fail(r, c->span, TB_STR("内存不足"));
    const tb_possible *x = meant(r, list, name, task);
    tb_json *input = TB_NEW(r->a, tb_json);
    *input = act_input(r, c, x);
    if (!task.n && x && x->step != TB_NO_INDEX && r->c->tasks.count > 1) task = r->p->steps.items[x->step].name;
    tb_refusal last = {.code = TB_R_NONE};
    bool accepted = false;
    for (uint32_t i = 0; i < CONFIRMERS; i++) {
        tb_event e = {.kind = TB_EV_ACT, .at = r->now, .act = name, .task = task, .input = input};
        if (!candidate(r, c, x, i, &e.by)) break;
        tb_outcome *o = step(r, &e);
        if (!o) return tb__scenario_fail(r, c->span, TB_STR("内存不足"));
        if (o->refused) {
            last = o->refusal;
            if (last.code == TB_R_SAME_PERSON && !tb_part_of(c, TB_P_BY)) continue; /* another holder may */
            break;
        }
        accepted = true;
        if (o->move != TB_NO_INDEX || tb_builtin_act(name))
            return refused_wanted ? tb__scenario_fail(r, c->span, TB_STR("应当拒绝，却接受了")) : true;
    }
    if (refused_wanted && last.code != TB_R_NONE) return refused_well(r, c, last.code);
    if (refused_wanted && accepted) return tb__scenario_fail(r, c->span, TB_STR("应当拒绝，却接受了"));
    if (last.code != TB_R_NONE)
        return tb__scenario_fail(
            r, c->span,
            tb_str_printf(r->a, "“%.*s”被拒绝：%.*s", TB_FMT(name), TB_FMT(tb_refusal_text(r->a, &last, TB_LANG_ZH))));
    if (accepted && tb_part_of(c, TB_P_BY)) return true; /* one of several confirmations, as written */
    return tb__scenario_fail(
        r, c->span, tb_str_printf(r->a, "没有人能做“%.*s”；在办：%.*s", TB_FMT(name), TB_FMT(tb__scenario_steps(r))));
}

bool tb__scenario_line(tb__scenario *r, const tb_clause *c) {
    if (c->day != TB_NO_DAY) {
        int64_t at = tb_day_start(c->day) + (int64_t)(c->minutes >= 0 ? c->minutes : NINE) * 60000;
        if (at < r->now) return tb__scenario_fail(r, c->span, TB_STR("时间比上一行早"));
        if (!tb__scenario_wait(r, at)) return false;
    }
    if (c->kind == TB_C_NOW) {
        return r->c ? tb__scenario_now(r, c) : tb__scenario_fail(r, c->span, TB_STR("还没有提交"));
    }
    tb_str name = act_name(c);
    if (tb_str_is(tb__fixed_name(name), "逾期") || tb_str_is(name, "容缺逾期") || tb_str_is(name, "答复超时") || tb_str_is(name, "reply-timeout"))
        return r->fired ? true : tb__scenario_fail(r, c->span, TB_STR("到这时没有逾期的时限"));
    if (tb_str_is(tb__fixed_name(name), "提交") && (!r->c || !tb_act_event(r->p, name)))
        return submit(r, c); /* a second one is refused by the step */
    return act(r, c);
}

/* ---- what can be covered ---- */

static void may_refuse(tb_scenario_report *r, tb_arena *a, uint32_t move, enum tb_refusal_code code) {
    *TB_PUSH(a, r->refusals) = (tb_scenario_refusal){.move = move, .code = code};
}

tb_scenario_report *tb__scenario_report_new(tb_arena *a, const tb_program *p) {
    tb_scenario_report *r = TB_NEW(a, tb_scenario_report);
    r->covered = TB_NEW_ARRAY(a, p->moves.count, uint32_t);
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind != TB_MOVE_ACT) continue;
        if (m->guard) may_refuse(r, a, i, TB_R_CONDITION);
        if (m->times) may_refuse(r, a, i, TB_R_TIMES);
        if (m->before != TB_NO_INDEX) may_refuse(r, a, i, TB_R_TOO_LATE);
    }
    for (uint32_t i = 0; i < p->clocks.count; i++) *TB_PUSH(a, r->expiries) = (tb_scenario_expiry){.clock = i};
    return r;
}

void tb__scenario_begin(tb__scenario *r, tb_arena *a, const tb_program *p, const tb_env *env,
                        tb_scenario_report *report, tb_scenario_result *result) {
    *r = (tb__scenario){.a = a, .p = p, .env = env, .report = report, .result = result, .now = INT64_MIN};
    tb_buf_init(&r->timeline, a);
}

struct all {
    tb_arena *a;
    const tb_program *p;
    const tb_env *env;
    tb_scenario_report *report;
    tb_scenario_seen *seen;
    void *user;
};

static int run_all(void *arg) {
    struct all *w = arg;
    w->report = tb__scenario_report_new(w->a, w->p);
    for (uint32_t i = 0; i < w->p->scenarios.count; i++) {
        const tb_section *s = w->p->scenarios.items[i];
        tb_scenario_result result = {.name = s->name.text, .passed = true, .span = s->span};
        tb__scenario r;
        tb__scenario_begin(&r, w->a, w->p, w->env, w->report, &result);
        r.section = s;
        r.seen = w->seen;
        r.user = w->user;
        if (!s->clauses.count) tb__scenario_fail(&r, s->span, TB_STR("里面什么也没有写")); /* it could not fail */
        for (uint32_t k = 0; k < s->clauses.count && tb__scenario_line(&r, &s->clauses.items[k]); k++) continue;
        result.timeline = tb_buf_str(&r.timeline);
        w->report->failed += !result.passed;
        *TB_PUSH(w->a, w->report->results) = result;
    }
    return TB_OK;
}

int tb_scenarios_run(tb_arena *a, const tb_program *p, const tb_env *env, tb_scenario_report **out) {
    return tb_scenarios_watch(a, p, env, NULL, NULL, out);
}

int tb_scenarios_watch(tb_arena *a, const tb_program *p, const tb_env *env, tb_scenario_seen *seen, void *user,
                       tb_scenario_report **out) {
    struct all w = {.a = a, .p = p, .env = env, .seen = seen, .user = user};
    int result = tb_try(a, run_all, &w);
    *out = result == TB_OK ? w.report : NULL;
    return result;
}
