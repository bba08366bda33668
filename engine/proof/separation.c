/* 不得同一人 with the persons there are: at every place where the matter runs, whatever happened before, somebody
 * can act.
 *
 * step.c refuses a person who has acted in an incompatible post in the same case; so no path lets one person hold
 * both duties. What remains to be proved is that this leaves somebody. A person is lost for post B by having acted
 * as A before anyone acted as B; once someone acted as B he can do so again. So the worst case for B is: every act
 * of a partner post A before the first act of B was done by another person holding both posts. How many such acts a
 * path can hold is a longest path over the graph, counted up to the number of persons that matters. Somebody is left
 * when holders(B) − min(holders of both, acts of A before B) is at least what the act needs.
 *
 * Where a matter runs: the organ's place; for an organ by 职能, each place with one; for other roles each place
 * where one of the steps' posts there is held. */
#include "proof_work.h"
#include <string.h>

enum { COUNTED = 16 /* persons of one post holding both that matter; more than that are taken as all */ };

static void actors(const tb_program *p, uint32_t move, const uint32_t **posts, uint32_t *n, int *persons) {
    const tb_move *m = &p->moves.items[move];
    const tb_step_def *s = m->step == TB_NO_INDEX ? NULL : &p->steps.items[m->step];
    *posts = m->posts ? m->posts : s ? s->posts : NULL;
    *n = m->posts ? m->posts_n : s ? s->posts_n : 0;
    *persons = s && !m->posts && s->persons > 1 ? s->persons : 1;
}

static bool acts_as(const tb_program *p, const tb__edge *e, uint32_t post, int *persons) {
    const uint32_t *posts;
    uint32_t n;
    if (e->from == TB__NONE || e->tacit) return false;
    actors(p, e->move, &posts, &n, persons);
    for (uint32_t i = 0; i < n; i++)
        if (posts[i] == post) return true;
    return false;
}

/* The most acts of `a` on a path before the first of `b`, when `b` is asked for; at most COUNTED. */
static int acts_before(tb__proof *w, uint32_t a, uint32_t b) {
    tb__graph *g = &w->g;
    int *most = TB_NEW_ARRAY(w->a, g->states + 1, int), worst = 0, persons;
    if (g->reduced) return COUNTED; /* orders were left out: the worst is assumed */
    for (uint32_t i = 0; i < g->states; i++) most[i] = -1;
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < g->edges.count; i++) {
            const tb__edge *e = &g->edges.items[i];
            int at = e->from == TB__NONE ? 0 : most[e->from];
            if (at < 0) continue;
            if (acts_as(w->p, e, b, &persons)) {
                if (at > worst) worst = at;
                continue;
            }
            if (acts_as(w->p, e, a, &persons)) at += persons;
            if (at > COUNTED) at = COUNTED;
            if (at > most[e->to]) most[e->to] = at, news = true;
        }
    }
    return worst;
}

static bool runs_at(tb__proof *w, uint32_t role, const tb_place *place, bool *empty) {
    const tb_program *p = w->p;
    bool held = false, authority = role == p->authority_place;
    *empty = false;
    for (uint32_t i = 0; i < p->steps.count && !held; i++)
        for (uint32_t k = 0; k < p->steps.items[i].posts_n && !held; k++) {
            const tb_post *post = &p->posts.items[p->steps.items[i].posts[k]];
            held = post->place == role && tb_directory_holders(w->d, place->code, post->name) > 0;
        }
    if (authority && p->authority.n) {
        const tb_organ *o = tb_directory_organ_named(w->d, p->authority);
        return o && tb_str_eq(tb_directory_place_at(w->d, o->place)->code, place->code);
    }
    if (authority && p->authority_duty.n) {
        if (!tb_directory_organ_with(w->d, place->code, p->authority_duty)) return false;
        *empty = !held;
    }
    return held;
}

/* How many holders of `post` at `place` are left at worst; `because`: the partner that takes most. */
static int left(tb__proof *w, const int *before, uint32_t post, const tb_place *place, uint32_t *because) {
    const tb_program *p = w->p;
    int holders = (int)tb_directory_holders(w->d, place->code, p->posts.items[post].name), lost = 0, most = 0;
    *because = TB_NO_INDEX;
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        if (s->a != post && s->b != post) continue;
        uint32_t other = s->a == post ? s->b : s->a;
        int both = 0, acts = before[i * 2 + (s->a == post)];
        for (int k = 0; k < holders; k++)
            both += tb_directory_holds(w->d, place->code, p->posts.items[other].name,
                                       tb_directory_holder(w->d, place->code, p->posts.items[post].name, (uint32_t)k));
        if (acts < COUNTED && acts < both) both = acts;
        lost += both;
        if (both > most) most = both, *because = other;
    }
    return lost > holders ? 0 : holders - lost;
}

static void check_post(tb__proof *w, const int *before, uint32_t post, int need, const tb_place *place) {
    const tb_program *p = w->p;
    uint32_t because;
    int holders = (int)tb_directory_holders(w->d, place->code, p->posts.items[post].name);
    tb_str where =
               tb_str_printf(w->a, tb__say(w, "%.*s（%.*s）", "%.*s (%.*s)"), TB_FMT(place->name), TB_FMT(place->code)),
           name = p->posts.items[post].name;
    if (holders < need) {
        tb__failed(w, TB_E_SEPARATE_NOBODY, p->posts.items[post].span, where, name, tb_str_printf(w->a, "%d", need),
                   NULL);
        return;
    }
    if (left(w, before, post, place, &because) >= need) return;
    tb_span span = p->posts.items[post].span;
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        if ((s->a == post && s->b == because) || (s->b == post && s->a == because)) span = s->span;
    }
    tb__failed(
        w, TB_E_SEPARATE_STUCK, span, where, name,
        tb_str_printf(w->a,
                      tb__say(w, "%d 人担任，需要 %d 人，其中兼任“%.*s”的可能先办了那边的事",
                              "%d hold it, %d are needed, and those who hold %.*s too may have acted as that first"),
                      holders, need, TB_FMT(p->posts.items[because].name)),
        NULL);
}

void tb__prove_separation(tb__proof *w) {
    const tb_program *p = w->p;
    if (!w->g.complete) return;
    int *before = TB_NEW_ARRAY(w->a, p->separations.count * 2 + 1, int),
        *need = TB_NEW_ARRAY(w->a, p->posts.count, int);
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        before[i * 2] = acts_before(w, s->a, s->b);     /* lost for b */
        before[i * 2 + 1] = acts_before(w, s->b, s->a); /* lost for a */
    }
    for (uint32_t i = 0; i < p->moves.count; i++) { /* of posts that nobody else can stand in for */
        const uint32_t *posts;
        uint32_t n;
        int persons;
        actors(p, i, &posts, &n, &persons);
        bool all = p->moves.items[i].step != TB_NO_INDEX && !p->moves.items[i].posts &&
                   p->steps.items[p->moves.items[i].step].all;
        bool act =
            p->moves.items[i].kind == TB_MOVE_ACT && (w->g.move_seen[i] || tb__changes_limits(p, i));
        for (uint32_t k = 0; act && k < n && (n == 1 || all); k++)
            if (posts[k] != TB_POST_APPLICANT && need[posts[k]] < (all ? 1 : persons))
                need[posts[k]] = all ? 1 : persons;
    }
    for (uint32_t role = 0; role < p->places.count; role++)
        for (uint32_t i = 0; i < tb_directory_places(w->d) && p->places.items[role].item <= 1; i++) { /* items alike */
            const tb_place *place = tb_directory_place_at(w->d, i);
            bool empty;
            bool runs = runs_at(w, role, place, &empty);
            if (empty)
                tb__failed(w, TB_E_SEPARATE_EMPTY_PLACE, p->places.items[role].span,
                           tb_str_printf(w->a, tb__say(w, "%.*s（%.*s）", "%.*s (%.*s)"), TB_FMT(place->name),
                                         TB_FMT(place->code)),
                           p->authority_duty, TB_NONE, NULL);
            for (uint32_t post = 1; runs && post < p->posts.count; post++)
                if (p->posts.items[post].place == role && need[post]) check_post(w, before, post, need[post], place);
        }
}
