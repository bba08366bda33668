/* 代理: who acts for whom while somebody is away.
 *
 * 代理 is written where posts are (组织), with days on both ends and the posts it is for, and is loaded and put in the ledger like every change
 * of people. What it means here:
 *
 * - Whoever acts by it says for whom (`for` in the event): nobody stands in for another without knowing it, and the trace is in the act
 *   itself, not in what a directory of that day happened to say.
 * - It is direct: what a deputy holds for another he cannot hand on. So two who stand in for each other at one time leave the post to nobody,
 *   and that is an error of the file.
 * - It holds on the days it says, both ends included, by the legal time of the act.
 * - Both have acted: the deputy, whose hand it was, and the one whose act it is. 不得同一人 counts both, and so does 不少于 N人, for which
 *   the two are one: a deputy adds no second pair of eyes to whom he stands in for.
 *
 * An application can be entered for somebody, too, by a person who works at the place where it is handed in (窗口代录): then `for` is the
 * applicant, and people of that place enter what he says later. */
#include "compile_work.h"
#include "step_work.h"
#include <string.h>

/* ---- acting ---- */

bool tb__stands(struct work *w, tb_str place, tb_span span) {
    const tb_directory *d = w->env->directory;
    const tb_actor *by = &w->e->by;
    int32_t day = tb_day_of(w->e->at);
    tb_str principal = TB_NONE;
    if (by->behalf.n && !tb_directory_holds(d, place, by->post, by->behalf))
        return REFUSE(w, NOT_HOLDER, span, by->behalf, by->post, place);
    if (by->behalf.n)
        return tb_directory_deputizes(d, place, by->post, by->person, by->behalf, day) ||
               REFUSE(w, NOT_DEPUTY, span, by->person, by->behalf, by->post);
    if (tb_directory_holds(d, place, by->post, by->person)) return true;
    for (uint32_t i = 0; i < tb_directory_deputies(d, place, by->post) && !principal.n; i++) {
        const tb_deputy *x = tb_directory_deputy_at(d, place, by->post, i);
        if (tb_str_eq(x->person, by->person) && x->from <= day && day <= x->to) principal = x->principal;
    }
    if (principal.n) return REFUSE(w, DEPUTY_UNSAID, span, by->person, principal, by->post);
    return REFUSE(w, NOT_HOLDER, span, by->person, by->post, place);
}

bool tb__is_applicant(struct work *w, tb_str act, tb_span span) {
    const tb_actor *by = &w->e->by;
    bool himself = !by->behalf.n && tb_str_eq(by->person, w->c->applicant.person);
    bool entered = by->behalf.n && w->c->entered_by.n && tb_str_eq(by->behalf, w->c->applicant.person) &&
                   tb_str_eq(by->place, w->c->applicant.place) &&
                   tb_directory_has_person(w->env->directory, by->place, by->person);
    return himself || entered || REFUSE(w, NOT_APPLICANT, span, act, TB_NONE, TB_NONE);
}

bool tb__may_enter(struct work *w) {
    const tb_actor *by = &w->e->by;
    if (!by->behalf.n || w->e->parent.n) return true; /* a case that another started carries its applicant along */
    return tb_directory_has_person(w->env->directory, by->place, by->person) ||
           REFUSE(w, NO_AGENT, TB_NO_SPAN, by->person, by->place, by->behalf);
}

/* ---- compiling ---- */

typedef struct tb__deputy_clause {
    tb_str principal, person, post;
    int32_t from, to;
} deputy_clause;
typedef TB_LIST(deputy_clause) deputy_list;

/* Does this one close a circle with those before it? Along people who are away on some same day, for one post. */
static bool closes(const deputy_list *list, uint32_t newest, tb_str at, tb_str post, int32_t from, int32_t to,
                   uint64_t *seen) {
    if (tb_str_eq(at, list->items[newest].principal)) return true;
    for (uint32_t i = 0; i < newest; i++) {
        const deputy_clause *x = &list->items[i];
        if (seen[i / 64] >> (i % 64) & 1 || !tb_str_eq(x->principal, at) || !tb_str_eq(x->post, post) || x->from > to ||
            x->to < from)
            continue;
        seen[i / 64] |= UINT64_C(1) << (i % 64);
        if (closes(list, newest, x->person, post, x->from > from ? x->from : from, x->to < to ? x->to : to, seen))
            return true;
    }
    return false;
}

static void one_deputy(tb__compiler *c, tb_directory_builder *b, int place, tb_str code, const tb_clause *x,
                       tb_name person, deputy_list *list) {
    const tb_directory *d = tb_directory_end(b); /* so far: the persons of this 组织 are there */
    const tb_part *posts = tb_part_of(x, TB_P_POSTS), *period = tb_part_of(x, TB_P_PERIOD);
    tb_name principal = x->names.items[0];
    if (!tb_directory_has_person(d, code, person.text)) {
        tb_report(c->d, TB_E_DEPUTY_UNKNOWN, person.span, person.text, TB_NONE, TB_NONE);
        return;
    }
    if (tb_str_eq(person.text, principal.text)) {
        tb_report(c->d, TB_E_DEPUTY_SELF, person.span, person.text, TB_NONE, TB_NONE);
        return;
    }
    for (uint32_t i = 0; i < posts->names.count; i++) {
        tb_name post = posts->names.items[i];
        if (!tb_directory_holds(d, code, post.text, principal.text)) continue; /* told once, of the principal */
        *TB_PUSH(c->a, *list) = (deputy_clause){principal.text, person.text, post.text, period->day, period->day_to};
        uint64_t *seen = TB_NEW_ARRAY(c->a, list->count / 64 + 1u, uint64_t);
        if (closes(list, list->count - 1, person.text, post.text, period->day, period->day_to, seen)) {
            tb_report(c->d, TB_E_DEPUTY_CIRCLE, person.span, principal.text, post.text, TB_NONE);
            list->count--;
            continue;
        }
        tb_directory_deputy(b, place, post.text, (tb_deputy){principal.text, person.text, period->day, period->day_to});
    }
}

/* The 代理 clauses of one 组织, after its persons. */
void tb__deputies(tb__compiler *c, tb_directory_builder *b, int place, tb_str code, const tb_section *s) {
    deputy_list list = {0};
    for (uint32_t k = 0; k < s->clauses.count; k++) {
        const tb_clause *x = &s->clauses.items[k];
        const tb_part *by = tb_part_of(x, TB_P_BY), *posts = tb_part_of(x, TB_P_POSTS),
                      *period = tb_part_of(x, TB_P_PERIOD);
        if (x->kind != TB_C_DEPUTY || !x->names.count || !by || !posts || !period) continue;
        tb_name principal = x->names.items[0];
        if (!tb_directory_has_person(tb_directory_end(b), code, principal.text)) {
            tb_report(c->d, TB_E_DEPUTY_UNKNOWN, principal.span, principal.text, TB_NONE, TB_NONE);
            continue;
        }
        if (period->day_to < period->day) {
            tb_report(c->d, TB_E_DEPUTY_DATES, period->span, TB_NONE, TB_NONE, TB_NONE);
            continue;
        }
        for (uint32_t i = 0; i < posts->names.count; i++)
            if (!tb_directory_holds(tb_directory_end(b), code, posts->names.items[i].text, principal.text))
                tb_report(c->d, TB_E_DEPUTY_POST, posts->names.items[i].span, principal.text,
                          posts->names.items[i].text, TB_NONE);
        for (uint32_t i = 0; i < by->names.count; i++) one_deputy(c, b, place, code, x, by->names.items[i], &list);
    }
}
