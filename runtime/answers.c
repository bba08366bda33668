/* What answers say about a case: steps, clocks with their due dates and reasons, documents, effects, acts now possible
 * and for whom. */
#include "server_parts.h"
#include <string.h>

static void put_name(tb_buf *b, const char *member, tb_str value) {
    tb_puts(b, "\"");
    tb_puts(b, member);
    tb_puts(b, "\":");
    tb_json_put_text(b, value);
}

void tb__put_time(tb_buf *b, int64_t at) {
    char text[TB_TIME_TEXT + 2];
    if (at == TB_NO_TIME || at == TB_NEVER) {
        tb_puts(b, "null");
        return;
    }
    size_t n = strlen(tb_time_text(at, text + 1));
    text[0] = text[n + 1] = '"';
    tb_put(b, text, n + 2);
}

static void put_posts(tb_buf *b, const tb_case *c, const uint32_t *posts, uint32_t n) {
    const tb_program *p = c->program;
    tb_puts(b, "\"posts\":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, p->posts.items[posts[i]].name);
    }
    tb_puts(b, "],\"places\":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, tb__post_place(c, posts[i]));
    }
    tb_puts(b, "]");
}

void tb__put_steps(tb_buf *b, const tb_case *c, const tb_env *env) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < c->tasks.count && c->outcome == TB_NO_INDEX; i++) {
        const tb_task *t = &c->tasks.items[i];
        const tb_step_def *step = &c->program->steps.items[t->step];
        int64_t due = TB_NO_TIME;
        bool overdue = false;
        for (uint32_t k = 0; k < c->clocks.count; k++) {
            const tb_running *r = &c->clocks.items[k];
            if (r->state != t->state || r->to != TB_NO_TIME) continue;
            tb_due d = tb_clock_due(c, env, r);
            overdue |= r->overdue;
            if (d.kind == TB_DUE_EXACT) due = d.at;
        }
        tb_puts(b, i ? ",{" : "{");
        put_name(b, "name", step->name);
        tb_puts(b, ",");
        put_posts(b, c, step->posts, step->posts_n);
        tb_puts(b, ",\"entered\":");
        tb__put_time(b, t->entered);
        tb_puts(b, ",\"due\":");
        tb__put_time(b, due);
        tb_puts(b, overdue ? ",\"overdue\":true" : ",\"overdue\":false");
        if (t->holder.n) {
            tb_puts(b, ",");
            put_name(b, "holder", tb_holder_person(t->holder));
            tb_puts(b, ",\"claimed\":");
            tb__put_time(b, t->claimed);
        }
        if (t->confirmed.count) {
            tb_puts(b, ",\"confirming\":{");
            put_name(b, "act", t->confirming);
            tb_puts(b, ",\"by\":[");
            for (uint32_t k = 0; k < t->confirmed.count; k++) {
                if (k) tb_puts(b, ",");
                tb_json_put_text(b, t->confirmed.items[k]);
            }
            tb_puts(b, "]}");
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static const char *why_word(enum tb_why w) {
    switch (w) {
    case TB_WHY_COUNTED:
        return "counted";
    case TB_WHY_WEEKEND:
        return "weekend";
    case TB_WHY_HOLIDAY:
        return "holiday";
    case TB_WHY_MAKEUP:
        return "makeup-workday";
    case TB_WHY_EXCLUDED:
        return "excluded";
    case TB_WHY_ROLLED:
        return "rolled";
    case TB_WHY_UNPUBLISHED:
        return "unpublished";
    case TB_WHY_FIRST_DAY:
        return "first-day";
    }
    return "";
}

static void put_ranges(tb_buf *b, const tb_due_ranges *why) {
    char from[TB_DAY_TEXT], to[TB_DAY_TEXT];
    tb_puts(b, ",\"why\":[");
    for (uint32_t i = 0; i < why->count; i++) {
        const tb_due_range *r = &why->items[i];
        bool open = r->to == INT32_MAX; /* it still stands still */
        tb_putf(b, "%s{\"from\":\"%s\",\"to\":%s%s%s,\"why\":\"%s\",\"counted\":%d", i ? "," : "",
                tb_day_text(r->from, from), open ? "" : "\"", open ? "null" : tb_day_text(r->to, to), open ? "" : "\"",
                why_word(r->why), r->counted);
        if (r->name.n) {
            tb_puts(b, ",");
            put_name(b, "name", r->name);
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

/* 提醒, 黄牌, 红牌 of a running clock: when, to whom, and whether it has been told. */
static void put_alerts(tb_buf *b, const tb_case *c, const tb_env *env, const tb_running *r) {
    const tb_program *p = c->program;
    bool more = false;
    for (uint32_t i = 0; i < p->alerts.count; i++) {
        const tb_alert_def *a = &p->alerts.items[i];
        if (a->clock != r->def) continue;
        bool told = r->alerted >> a->slot & 1;
        tb_due due = tb_alert_due(c, env, r, a);
        tb_puts(b, more ? ",{" : ",\"alerts\":[{");
        more = true;
        put_name(b, "name", tb_str_z(tb_alert_word(a->kind)));
        tb_puts(b, ",\"to\":[");
        for (uint32_t k = 0; k < a->to_n; k++) {
            if (k) tb_puts(b, ",");
            tb_json_put_text(b, a->kind == TB_ALERT_REMIND ? p->posts.items[a->to[k]].name : p->places.items[a->to[k]].name);
        }
        tb_puts(b, "],\"at\":");
        tb__put_time(b, due.kind == TB_DUE_EXACT ? due.at : TB_NO_TIME);
        tb_putf(b, ",\"told\":%s}", told ? "true" : "false");
    }
    if (more) tb_puts(b, "]");
}

/* How long the limit is as written, by which law, and where that stands. */
static void put_rule(tb_buf *b, const tb_program *p, uint32_t def) {
    const tb_clock_def *d = &p->clocks.items[def];
    tb_str law = tb_law_text(p, d->law), source = tb_span_text(b->arena, p, d->span);
    tb_puts(b, ",");
    put_name(b, "limit", tb_duration_text(b->arena, (tb_duration){d->n, (enum tb_unit_word)d->unit}, TB_LANG_ZH));
    if (law.n) tb_puts(b, ","), put_name(b, "law", law);
    if (source.n) tb_puts(b, ","), put_name(b, "source", source);
}

/* kind: exact; not-before (M11: a bound, with the year whose calendar is missing); stopped (M10); ended. */
void tb__put_clocks(tb_buf *b, const tb_case *c, const tb_env *env, bool why) {
    int n = 0;
    tb_puts(b, "[");
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        bool ended = r->to != TB_NO_TIME;
        if (ended && !why) continue; /* an act tells what runs; the case itself tells all */
        tb_due_ranges ranges = {0};
        tb_due due = why ? tb_clock_why(b->arena, c, env, r, &ranges) : tb_clock_due(c, env, r);
        tb_puts(b, n++ ? ",{" : "{");
        put_name(b, "name", tb_clock_name(b->arena, c->program, r->def));
        tb_puts(b, ",\"kind\":");
        tb_puts(b, ended                           ? "\"ended\""
                   : due.kind == TB_DUE_EXACT      ? "\"exact\""
                   : due.kind == TB_DUE_NOT_BEFORE ? "\"not-before\""
                                                   : "\"stopped\"");
        tb_puts(b, ",\"due\":");
        char day[TB_DAY_TEXT];
        if (due.kind == TB_DUE_NONE)
            tb_puts(b, "null");
        else {
            tb_puts(b, "\"");
            tb_puts(b, tb_day_text(due.day, day));
            tb_puts(b, "\"");
        }
        tb_puts(b, ",\"at\":");
        tb__put_time(b, due.kind == TB_DUE_NONE ? TB_NO_TIME : due.at);
        tb_puts(b, ",\"from\":");
        tb__put_time(b, r->from);
        if (ended) {
            tb_puts(b, ",\"to\":");
            tb__put_time(b, r->to);
        }
        if (r->extended) tb_putf(b, ",\"extended\":%d", r->extended);
        if (r->adjusted) tb_putf(b, ",\"adjusted\":%d", r->adjusted);
        tb_puts(b, r->overdue ? ",\"overdue\":true" : ",\"overdue\":false");
        if (!ended && c->program->clocks.items[r->def].alerts) put_alerts(b, c, env, r);
        if (due.kind == TB_DUE_NOT_BEFORE) tb_putf(b, ",\"unpublished\":%d", due.unpublished);
        if (why) put_rule(b, c->program, r->def), put_ranges(b, &ranges);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

void tb__put_documents(tb_buf *b, const tb_case *c, uint32_t of_seq) {
    int n = 0;
    tb_puts(b, "[");
    for (uint32_t i = 0; i < c->issued.count; i++) {
        const tb_issued *d = &c->issued.items[i];
        if (of_seq && d->seq != of_seq) continue;
        tb_puts(b, n++ ? ",{" : "{");
        put_name(b, "number", d->number);
        tb_puts(b, ",");
        put_name(b, "name", c->program->documents.items[d->document].name);
        tb_putf(b, ",\"seq\":%u,\"at\":", d->seq);
        tb__put_time(b, d->at);
        tb_puts(b, d->voided ? ",\"void\":true}" : "}");
    }
    tb_puts(b, "]");
}

void tb__put_effects(tb_buf *b, const tb_outcome *o) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < o->effects.count; i++) {
        const tb_effect *f = &o->effects.items[i];
        tb_puts(b, i ? ",{\"at\":" : "{\"at\":");
        tb__put_time(b, f->at);
        tb_puts(b, ",");
        put_name(b, "do", tb_str_z(f->what));
        tb_puts(b, ",");
        put_name(b, "name", f->name);
        if (f->value.n) {
            tb_puts(b, ",");
            put_name(b, "value", f->value);
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

/* Who may do it for whom today; left out when nobody may. */
static void put_deputies(tb_buf *b, const tb_case *c, const tb_env *env, const uint32_t *posts, uint32_t n, int32_t today) {
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        tb_str place = tb__post_place(c, posts[i]), post = c->program->posts.items[posts[i]].name;
        for (uint32_t k = 0; k < tb_directory_deputies(env->directory, place, post); k++) {
            const tb_deputy *x = tb_directory_deputy_at(env->directory, place, post, k);
            if (today < x->from || x->to < today) continue;
            tb_puts(b, any ? ",{" : ",\"deputies\":[{");
            put_name(b, "person", x->person);
            tb_puts(b, ",");
            put_name(b, "for", x->principal);
            tb_puts(b, "}");
            any = true;
        }
    }
    if (any) tb_puts(b, "]");
}

enum { PEOPLE = 20 /* names shown for a post; how many there are is told beside */ };

static void put_people(tb_buf *b, const tb_case *c, const tb_env *env, tb_str only, const uint32_t *posts, uint32_t n, int32_t today) {
    tb_puts(b, ",\"people\":[");
    if (only.n) { /* 退签 is for who has claimed the task */
        tb_json_put_text(b, only);
        n = 0;
    }
    for (uint32_t i = 0, any = 0; i < n; i++) {
        tb_str place = tb__post_place(c, posts[i]), post = c->program->posts.items[posts[i]].name;
        if (posts[i] == TB_POST_APPLICANT) {
            if (any++) tb_puts(b, ",");
            tb_json_put_text(b, c->applicant.person);
            continue;
        }
        uint32_t holders = tb_directory_holders(env->directory, place, post);
        for (uint32_t k = 0; k < holders && k < PEOPLE; k++) {
            if (any++) tb_puts(b, ",");
            tb_json_put_text(b, tb_directory_holder(env->directory, place, post, k));
        }
    }
    tb_puts(b, "]");
    put_deputies(b, c, env, posts, n, today);
}

static void put_names(tb_buf *b, const char *member, const tb_str *names, uint32_t n) {
    if (!n) return;
    tb_putf(b, ",\"%s\":[", member);
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, names[i]);
    }
    tb_puts(b, "]");
}

/* Which limits 调整期限 may name. */
static void put_adjustables(tb_buf *b, const tb_case *c) {
    bool any = false;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        if (!tb_adjustable_now(c, &c->clocks.items[i])) continue;
        tb_puts(b, any ? "," : ",\"limits\":[");
        tb_json_put_text(b, c->program->clocks.items[c->clocks.items[i].def].name);
        any = true;
    }
    if (any) tb_puts(b, "]");
}

void tb__put_acts(tb_buf *b, const tb_case *c, const tb_env *env, int32_t today, enum tb_lang lang) {
    tb_possibles *list = NULL;
    tb_puts(b, "[");
    int rc = tb_possible_acts(b->arena, c, env, &list);
    for (uint32_t i = 0; rc == TB_OK && list && i < list->count; i++) {
        const tb_possible *x = &list->items[i];
        static const tb_move builtin;
        const tb_move *m = x->move == TB_NO_INDEX ? &builtin : &c->program->moves.items[x->move];
        tb_puts(b, i ? ",{" : "{");
        put_name(b, "act", x->act);
        tb_puts(b, ",");
        if (x->step != TB_NO_INDEX)
            put_name(b, "task", c->program->steps.items[x->step].name);
        else
            tb_puts(b, "\"task\":null");
        tb_puts(b, ",");
        put_posts(b, c, x->posts, x->posts_n);
        put_people(b, c, env, x->person, x->posts, x->posts_n, today);
        put_names(b, "needs", x->needs, x->needs_n);
        if (m->held) put_names(b, "dates", &c->program->helds.items[m->held - 1].name, 1);
        if (x->open && c->program->adjusts && x->move == c->program->adjustment_move) put_adjustables(b, c);
        put_names(b, "choices", m->choices, m->choices_n);
        if (m->target.n) {
            tb_puts(b, ",");
            put_name(b, "leads_to", m->target);
        }
        tb_putf(b, ",\"open\":%s", x->open ? "true" : "false");
        if (!x->open) {
            tb_puts(b, ",\"blocked\":{");
            put_name(b, "code", tb_str_z(tb_refusal_name(x->blocked.code)));
            tb_puts(b, ",");
            put_name(b, "message", tb_refusal_text(b->arena, &x->blocked, lang));
            tb_puts(b, "}");
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

void tb__put_outcome(tb_buf *b, const tb_case *c) {
    tb_puts(b, "\"outcome\":");
    if (c->outcome == TB_NO_INDEX)
        tb_puts(b, "null");
    else
        tb_json_put_text(b, c->program->outcomes.items[c->outcome]);
}

static void put_correctable(tb_buf *b, const tb_case *c, const tb_env *env) {
    tb_due until = tb_correct_until(c, env);
    if (!c->undo.before.n) return;
    tb_puts(b, ",\"correctable\":{");
    put_name(b, "act", c->program->moves.items[c->undo.move].act);
    tb_puts(b, ",");
    put_name(b, "post", c->undo.post);
    tb_puts(b, ",");
    put_name(b, "place", c->undo.place);
    tb_puts(b, ",\"until\":");
    tb__put_time(b, until.kind == TB_DUE_NONE ? TB_NO_TIME : until.at);
    tb_puts(b, "}");
}

void tb__put_summary(tb_buf *b, const tb_case *c, const tb_env *env, tb_mask *mask) {
    const tb_program *p = c->program;
    put_name(b, "id", c->id);
    tb_puts(b, ",");
    put_name(b, "matter", p->matter);
    tb_puts(b, ",");
    put_name(b, "version", p->version);
    tb_puts(b, ",");
    put_name(b, "mode", p->modes.items[c->mode].name);
    tb_putf(b, ",\"seq\":%u,\"at\":", c->seq);
    tb__put_time(b, c->at);
    tb_puts(b, ",");
    tb__put_outcome(b, c);
    if (c->parent.n) { /* 发起: the case that waits for this one */
        tb_puts(b, ",");
        put_name(b, "parent", c->parent);
    }
    tb_puts(b, ",\"applicant\":{");
    put_name(b, "person", c->applicant.person);
    tb_puts(b, ",");
    put_name(b, "place", c->applicant.place);
    if (c->entered_by.n) {
        tb_puts(b, ",");
        put_name(b, "entered_by", c->entered_by);
    }
    tb_putf(b, "},\"irreversible\":%s,\"places\":{", c->irreversible ? "true" : "false");
    for (uint32_t i = 0; i < p->places.count; i++) {
        const tb_place *place = tb_directory_find_place(env->directory, c->places[i]);
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, p->places.items[i].name);
        tb_puts(b, ":{");
        put_name(b, "code", c->places[i]);
        tb_puts(b, ",");
        put_name(b, "name", place ? place->name : c->places[i]);
        tb_puts(b, "}");
    }
    tb_json form = mask ? tb_mask_form(mask, &c->form) : c->form;
    tb_puts(b, mask ? "},\"masked\":true,\"form\":" : "},\"form\":");
    tb_json_write(b, &form);
    tb_puts(b, ",\"materials\":");
    tb_json_write(b, &c->materials);
    tb_puts(b, ",\"milestones\":[");
    for (uint32_t i = 0, n = 0; i < p->milestones.count; i++) {
        const tb_occurrence *o = &c->milestones[i];
        if (!o->count) continue;
        tb_puts(b, n++ ? ",{" : "{");
        put_name(b, "name", p->milestones.items[i].name);
        tb_puts(b, ",\"first\":");
        tb__put_time(b, o->first);
        tb_puts(b, ",\"last\":");
        tb__put_time(b, o->last);
        tb_putf(b, ",\"count\":%u}", o->count);
    }
    tb_puts(b, "],\"steps\":");
    tb__put_steps(b, c, env);
    tb_puts(b, ",\"clocks\":");
    tb__put_clocks(b, c, env, true);
    tb_puts(b, ",\"documents\":");
    tb__put_documents(b, c, 0);
    put_correctable(b, c, env);
}

void tb__put_answer(tb_buf *b, const tb_outcome *o, const tb_env *env) {
    const tb_case *c = o->next;
    tb_puts(b, "{");
    put_name(b, "id", c->id);
    tb_putf(b, ",\"seq\":%u,\"at\":", c->seq);
    tb__put_time(b, c->at);
    tb_puts(b, ",");
    tb__put_outcome(b, c);
    tb_puts(b, ",\"steps\":");
    tb__put_steps(b, c, env);
    tb_puts(b, ",\"clocks\":");
    tb__put_clocks(b, c, env, false);
    tb_puts(b, ",\"documents\":");
    tb__put_documents(b, c, c->seq);
    tb_puts(b, ",\"effects\":");
    tb__put_effects(b, o);
    tb_puts(b, "}");
}
