/* Inside the engine: one step while it is being made. What step.c does with an event, and what acts of people (people.c)
 * and alerts (alert.c) do in it. Everything here runs under tb_try. */
#ifndef TB_STEP_WORK_H
#define TB_STEP_WORK_H
#include "case.h"
#include "papers.h"

struct work {
    tb_arena *a;
    const tb_program *p;
    tb_str id;
    const tb_case *before;
    const tb_event *e;
    const tb_env *env;
    tb_outcome *o;
    tb_case *c;
    int64_t at;        /* legal time of what happens: the event's, but see do_timer */
    TB_LIST(tb_task) left; /* tasks left in this microstep: what took them away says whether they are kept */
    bool resuming;         /* 转 原环节 was taken: what is entered now goes on */
    uint64_t recorded; /* milestones this move has set already: 视为 and a document may both say 受理 */
};

#define REFUSE(w, code, span, v0, v1, v2) tb__refuse(&(w)->o->refusal, TB_R_##code, (span), (v0), (v1), (v2))

static inline void tell(struct work *w, const char *what, tb_str name, tb_str value, int64_t at) {
    *TB_PUSH(w->a, w->o->effects) = (tb_effect){what, name, value, at};
}

/* step.c: names of the active steps; may this actor act as one of `posts`, here? The post, or TB_NO_INDEX: refused. `answer`: the
 * act is an answer from outside, whose authority is its call's. */
tb_str tb__active_names(struct work *w);
uint32_t tb__authority(struct work *w, tb_str act, tb_span span, const uint32_t *posts, uint32_t n, bool answer);

/* deputy.c: does whoever acts hold the post of the event at `place`, himself or for another; is he the applicant, or enters for him; may
 * he enter an application. false: refused. */
bool tb__stands(struct work *w, tb_str place, tb_span span);
bool tb__is_applicant(struct work *w, tb_str act, tb_span span);
bool tb__may_enter(struct work *w);

/* people.c: the event is a built-in act: do it; false: refused. */
bool tb__builtin_done(struct work *w);
void tb__builtin_list(struct work *w, const tb_task *t, tb_possibles *list);
void tb__correction_list(struct work *w, tb_possibles *list);
/* The move has been taken: may it be corrected, the state before is kept. */
void tb__correctable(struct work *w, const tb_move *m);
/* Has somebody else claimed the task, so that this move is not this person's? Then it is refused, and the answer true. */
bool tb__claim_bars(struct work *w, const tb_move *m, const tb_task *t, uint32_t post);
/* step.c: a milestone happens. */
void tb__record(struct work *w, uint32_t milestone, int64_t at);
/* papers.c: 容缺 and 承诺. */
void tb__papers_submitted(struct work *w);
bool tb__papers_bar(struct work *w, const tb_move *m, tb_refusal *r); /* must wait: refused */
uint32_t tb__papers_event(const tb_program *p);
bool tb__is_supply(tb_str act);
bool tb__supply(struct work *w);
void tb__supply_list(struct work *w, tb_possibles *list);
/* held.c: is the day that the act states one, and late enough; when it is; must the act wait for a day that was fixed? Refused then. */
bool tb__held_fits(struct work *w, const tb_move *m);
int64_t tb__held_fixed(const struct work *w, const tb_effect_def *f);
bool tb__held_bars(struct work *w, const tb_move *m, tb_refusal *r);
/* adjust.c: 调整期限: may any limit be adjusted now; may this one, so; then it is. */
bool tb__adjust_open(struct work *w, const tb_move *m, tb_refusal *r);
bool tb__adjust_fits(struct work *w, const tb_move *m);
void tb__adjust(struct work *w);
/* alert.c: is the timer an alert that is due? Then it is told, and the answer is true. */
bool tb__alert_told(struct work *w);
#endif
