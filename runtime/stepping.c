/* Stepping a case into one write: see stepping.h. Timers here too, since they are nothing but such steps.
 *
 *   begin ─▶ timers, events ─▶ rows ─▶ commit ─▶ (on disk) landed
 */
#include "stepping.h"
#include "digest.h"
#include "walk.h"
#include <stdio.h>
#include <string.h>

/* ---- what a case is waiting for ---- */

struct waiting {
    int64_t now, next;
};

static void wait_for(void *user, const tb_timer *t) {
    struct waiting *w = user;
    int64_t at = t->due, now = w->now;
    /* M11: a bound is no due date. It is looked at again when it comes, then after one day, two, four …: a calendar
     * that says more has every case looked at when it is loaded (timers.h), so this is only a second look. */
    if (t->recheck && at <= now) at = now + (now - at > TB_DAY_MS ? now - at : TB_DAY_MS);
    if (at < w->next) w->next = at;
}

int64_t tb__due_of(const tb_case *c, const tb_env *env, int64_t now) {
    struct waiting w = {now, TB_NEVER};
    tb_each_timer(c, env, wait_for, &w);
    return w.next;
}

struct fitting {
    int64_t exact, bound;
};

static void fit(void *user, const tb_timer *t) {
    struct fitting *w = user;
    int64_t *least = t->recheck ? &w->bound : &w->exact;
    if (t->due < *least) *least = t->due;
}

bool tb__due_fits(const tb_case *c, const tb_env *env, int64_t stored) {
    struct fitting w = {TB_NEVER, TB_NEVER};
    tb_each_timer(c, env, fit, &w);
    return w.bound < w.exact ? stored >= w.bound && stored <= w.exact && stored != TB_NEVER : stored == w.exact;
}

/* The next expiry or alert, when it is at or before t (M12). */
static bool timer_before(const tb_case *c, const tb_env *env, int64_t t, tb_timer *out) {
    return tb_next_timer(c, env, out) && !out->recheck && out->due <= t;
}

tb_str tb__post_place(const tb_case *c, uint32_t post) {
    uint32_t role = c->program->posts.items[post].place;
    return role == TB_NO_INDEX ? c->applicant.place : c->places[role];
}

/* Has this alert been told, of a limit that still runs and is this task's, or the whole case's? */
static bool is_told(const tb_case *c, const tb_task *t, const tb_alert_def *alert) {
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->def == alert->clock && r->to == TB_NO_TIME && (r->state == TB_NO_STATE || r->state == t->state) &&
            (r->alerted >> alert->slot & 1))
            return true;
    }
    return false;
}

/* The gravest alert that concerns a post at a place: 提醒 names posts, cards name places. */
static tb_str alert_of(const tb_case *c, const tb_task *t, uint32_t post, tb_str place) {
    const tb_program *p = c->program;
    enum tb_alert_kind gravest = 0;
    for (uint32_t i = 0; i < p->alerts.count; i++) {
        const tb_alert_def *alert = &p->alerts.items[i];
        bool concerns = false;
        for (uint32_t k = 0; k < alert->to_n && !concerns; k++)
            concerns = alert->kind == TB_ALERT_REMIND ? alert->to[k] == post
                                                      : tb_str_eq(c->places[alert->to[k]], place);
        if (concerns && alert->kind > gravest && is_told(c, t, alert)) gravest = alert->kind;
    }
    return tb_str_z(tb_alert_word(gravest));
}

static const tb_task_row *same_task(const tb_task_list *in, const tb_task_row *t);

static void push_row(tb_arena *a, tb_task_list *out, const tb_case *c, const tb_task *t, tb_task_row row, uint32_t post) {
    row.place = tb__post_place(c, post);
    row.post = c->program->posts.items[post].name;
    row.alert = alert_of(c, t, post, row.place);
    if (!same_task(out, &row)) *TB_PUSH(a, *out) = row;
}

void tb__task_rows(tb_arena *a, tb_task_list *out, const tb_case *c, const tb_env *env, int64_t id) {
    const tb_program *p = c->program;
    int64_t span_due = TB_NEVER;
    bool span_late = false;
    if (c->outcome != TB_NO_INDEX) return;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->state != TB_NO_STATE || r->to != TB_NO_TIME) continue;
        tb_due due = tb_clock_due(c, env, r);
        span_late |= r->overdue;
        if (due.kind == TB_DUE_EXACT && due.at < span_due) span_due = due.at;
    }
    for (uint32_t i = 0; i < c->tasks.count; i++) {
        const tb_task *t = &c->tasks.items[i];
        const tb_step_def *step = &p->steps.items[t->step];
        int64_t due = span_due;
        bool late = span_late;
        for (uint32_t k = 0; k < c->clocks.count; k++) {
            const tb_running *r = &c->clocks.items[k];
            if (r->state != t->state || r->to != TB_NO_TIME) continue;
            tb_due d = tb_clock_due(c, env, r);
            late |= r->overdue;
            if (d.kind == TB_DUE_EXACT) due = d.at;
        }
        tb_task_row row = {.case_id = id,
                           .step = step->name,
                           .matter = p->matter,
                           .entered = t->entered,
                           .due = due,
                           .overdue = late,
                           .holder = tb_holder_person(t->holder)};
        for (uint32_t k = 0; k < step->posts_n; k++) push_row(a, out, c, t, row, step->posts[k]);
        for (uint32_t k = 0; k < p->alerts.count; k++) /* a post that is reminded sees it, though others do it */
            for (uint32_t n = 0; p->alerts.items[k].kind == TB_ALERT_REMIND && n < p->alerts.items[k].to_n; n++)
                if (is_told(c, t, &p->alerts.items[k])) push_row(a, out, c, t, row, p->alerts.items[k].to[n]);
    }
}

static const tb_task_row *same_task(const tb_task_list *in, const tb_task_row *t) {
    for (uint32_t i = 0; i < in->count; i++)
        if (tb_str_eq(in->items[i].place, t->place) && tb_str_eq(in->items[i].post, t->post) &&
            tb_str_eq(in->items[i].step, t->step))
            return &in->items[i];
    return NULL;
}

/* ---- stepping a case through several events into one write ---- */

/* A new case is numbered by the leaf of its first event: cases of one time lie together on disk (store.h). */
void tb__stepping_begin(tb__stepping *g, tb_server *s, tb_state *work, tb_entry *e) {
    *g = (tb__stepping){.s = s,
                        .work = work,
                        .world = tb_registry_world(s->registry),
                        .e = e,
                        .base = e->state,
                        .id = s->leaf + 1,
                        .wall = tb__event_time(s),
                        .leaf = s->leaf};
    if (!g->base) return;
    g->id = g->base->row.id;
    g->origin = g->base->row.origin;
    g->now = g->base->c;
    work->version = g->base->version;
}

/* A text whose length is about known: growing by doubling would leave as much behind in the arena again. */
void tb__open_text(tb_buf *b, tb_arena *a, size_t room) {
    *b = (tb_buf){.arena = a, .p = tb_alloc(a, room), .room = room};
}
enum { OUTCOME_ROOM = 1024 /* beyond the state before */, BODY_ROOM = 320 };

/* Takes an accepted event into the write. `request` may be absent. Under tb_try. */
void tb__stepping_take(tb__stepping *g, const tb_event *ev, tb_outcome *o, const char *kind, tb_str request,
                       const uint8_t *key) {
    tb_arena *a = g->work->arena;
    tb_buf body, outcome;
    if (!g->keys.arena) {
        tb__open_text(&g->keys, a, (g->base ? g->base->row.keys.n : 0) + TB__KEY + 1);
        if (g->base) tb_putstr(&g->keys, g->base->row.keys);
    }
    static const uint8_t none[TB__KEY];
    tb_put(&g->keys, (const char *)(key ? key : none), TB__KEY);
    tb__open_text(&body, a, BODY_ROOM);
    tb_event_write(&body, ev);
    tb__open_text(&outcome, a, (g->base ? g->base->written : 0) + OUTCOME_ROOM);
    tb_outcome_write(&outcome, o);
    g->written = tb_buf_str(&outcome);
    tb_event_row *prev = g->write.events.count ? &g->write.events.items[g->write.events.count - 1] : NULL;
    int64_t before = prev ? prev->leaf : g->base ? g->base->row.last : 0;
    tb_event_row *row = TB_PUSH(a, g->write.events);
    *row = (tb_event_row){.leaf = ++g->leaf,
                          .case_id = g->id,
                          .seq = o->next->seq,
                          .prev = before,
                          .at = ev->at,
                          .wall = g->wall,
                          .program = g->work->version->leaf,
                          .world = g->world->leaf,
                          .semantics = TB_SEMANTICS,
                          .kind = tb_str_z(kind),
                          .request = request,
                          .body = tb_buf_str(&body)};
    row->sealed = g->written;
    for (uint32_t i = 0; i < o->sent.count;
         i++) { /* what is to be carried to others is on disk with what asked for it */
        const tb_sent *x = &o->sent.items[i];
        *TB_PUSH(a, g->write.outbox) = (tb_outbox_row){.leaf = g->leaf,
                                                       .case_id = g->id,
                                                       .n = (int32_t)i + 1,
                                                       .kind = x->kind,
                                                       .target = x->to,
                                                       .step = x->step,
                                                       .key = x->key,
                                                       .body = x->body,
                                                       .at = tb_io_wall(g->s->io),
                                                       .due = tb_io_wall(g->s->io),
                                                       .retries = x->retries};
    }
    g->outcome = o;
    g->now = o->next;
}

/* Steps up to `most` timers due at or before t. Under tb_try. */
int tb__stepping_timers(tb__stepping *g, int64_t t, int most) {
    tb_timer timer;
    tb_outcome *o;
    int fired = 0;
    while (fired < most && g->now && timer_before(g->now, &g->world->env, t, &timer)) {
        tb_event ev = {.kind = TB_EV_TIMER, .at = timer.due, .timer = timer.key};
        int rc = tb_step(g->work->arena, g->work->version->program, g->now->id, g->now, &ev, &g->world->env, &o);
        if (rc) return -1;
        if (o->refused) break; /* the engine knows better: the timer is not due */
        tb__stepping_take(g, &ev, o, "timer", (tb_str){NULL, 0}, NULL);
        tb_measure_add(&g->s->timer_late, (double)(g->wall - timer.due) / 1e3);
        fired++;
    }
    return fired;
}

static void put_changes(tb_arena *a, tb_write *w, const tb_state *base, const tb_world *from, const tb_world *to) {
    const tb_case *c = base->c;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        if (r->to != TB_NO_TIME) continue;
        tb_due was = tb_clock_due(c, &from->env, r), due = tb_clock_due(c, &to->env, r);
        if (was.kind == due.kind && was.at == due.at) continue;
        *TB_PUSH(a, w->changes) = (tb_change_row){.world = to->leaf,
                                                  .case_id = base->row.id,
                                                  .n = (int32_t)i + 1,
                                                  .was_kind = was.kind,
                                                  .kind = due.kind,
                                                  .was = was.at,
                                                  .due = due.at,
                                                  .clock = tb_clock_name(a, c->program, r->def)};
    }
}

void tb__put_changes(tb_arena *a, tb_write *w, tb_server *s, const tb_state *base) {
    const tb_world *to = tb_registry_world(s->registry);
    while (base->row.last < to->since) {
        const tb_world *from = tb_registry_world_before(s->registry, to);
        if (!from) return;
        put_changes(a, w, base, from, to);
        to = from;
    }
}

/* Whose it is comes from the state: rows that were read do not say. */
static void put_case_row(tb__stepping *g) {
    tb_case_row *row = TB_PUSH(g->work->arena, g->write.cases);
    *row = g->work->row;
    row->applicant = g->work->c->applicant.person;
}

/* The rows that follow from the last state. Under tb_try. */
void tb__stepping_rows(tb__stepping *g) {
    tb_arena *a = g->work->arena;
    const tb_event_row *last = &g->write.events.items[g->write.events.count - 1];
    const tb_program *p = g->work->version->program;
    tb_task_list was = {0}, is = {0};
    g->work->c = g->now;
    g->work->row = (tb_case_row){.id = g->id,
                                 .origin = g->origin,
                                 .program = g->work->version->leaf,
                                 .seq = last->seq,
                                 .last = last->leaf,
                                 .due = tb__due_of(g->now, &g->world->env, g->wall),
                                 .name = g->now->id,
                                 .matter = p->matter,
                                 .state = tb_state_in(g->written),
                                 .keys = tb_buf_str(&g->keys)};
    g->work->written = g->work->row.state.n;
    g->work->row.moved = g->base && g->base->row.due != g->work->row.due;
    put_case_row(g);
    if (g->base) tb__put_changes(a, &g->write, g->s, g->base);
    if (g->base) tb__task_rows(a, &was, g->base->c, &g->world->env, g->id);
    tb__task_rows(a, &is, g->now, &g->world->env, g->id);
    for (uint32_t i = 0; i < was.count; i++) {
        if (same_task(&is, &was.items[i])) continue;
        tb_task_row *gone = TB_PUSH(a, g->write.tasks_gone);
        *gone = was.items[i];
        gone->place = tb_str_copy(a, gone->place); /* the state before may go while the write is under way */
    }
    for (uint32_t i = 0; i < is.count; i++) {
        const tb_task_row *t = same_task(&was, &is.items[i]);
        if (t && t->entered == is.items[i].entered && t->due == is.items[i].due &&
            t->overdue == is.items[i].overdue && tb_str_eq(t->holder, is.items[i].holder) &&
            tb_str_eq(t->alert, is.items[i].alert))
            continue;
        *TB_PUSH(a, g->write.tasks_come) = is.items[i];
    }
}

/* Hands the write over; then the work is the case's newest state. A tb_commit_answer. */
int tb__stepping_commit(tb__stepping *g, tb_commit_done done, void *user) {
    tb_server *s = g->s;
    int answer = tb_commit_add(s->commit, &g->write, done, user);
    if (answer != TB_COMMIT_OK) return answer;
    s->leaf = g->leaf;
    s->wall = g->wall;
    tb_entry_set(s->cases, g->e, g->work);
    g->e->pending++;
    tb_entry_pin(g->e);
    tb_timers_due(s->timers, g->work->row.due);
    return answer;
}

void tb__stepping_landed(tb__stepping *g) {
    g->e->pending--;
    tb_entry_unpin(g->s->cases, g->e);
    if (g->write.outbox.count && g->s->outbox) tb_outbox_look(g->s->outbox);
}

static int64_t origin(tb_str text) {
    uint8_t digest[32];
    uint64_t n = 0;
    tb_sm3(text.p, text.n, digest);
    for (int i = 0; i < 8; i++) n = n << 8 | digest[i];
    n &= INT64_MAX;
    return n ? (int64_t)n : 1;
}

int64_t tb__origin_of_request(tb_arena *a, const tb_actor *by, tb_str request) {
    if (by->behalf.n)
        request = tb_str_printf(a, "%u:%.*s %.*s", by->behalf.n, TB_FMT(by->behalf), TB_FMT(request));
    return origin(tb_str_printf(a, "%u:%.*s %u:%.*s %u:%.*s %.*s", by->person.n, TB_FMT(by->person), by->post.n,
                                TB_FMT(by->post), by->place.n, TB_FMT(by->place), TB_FMT(request)));
}

int64_t tb__origin_of_start(tb_str parent, tb_str key) {
    char text[128];
    int n = snprintf(text, sizeof text, "start %.*s.%.*s", TB_FMT(parent), TB_FMT(key));
    return origin((tb_str){text, (uint32_t)(n < (int)sizeof text ? n : (int)sizeof text - 1)});
}

void tb__hash_key(tb_str request, uint8_t key[TB__KEY]) {
    uint8_t digest[32];
    tb_sm3(request.p, request.n, digest);
    memcpy(key, digest, TB__KEY);
    static const uint8_t none[TB__KEY];
    if (memcmp(key, none, TB__KEY) == 0) key[0] = 1; /* all zero stands for "no key" */
}

int64_t tb__known_key(const tb_state *st, const uint8_t key[TB__KEY]) {
    if (st)
        for (uint32_t i = 0; i + TB__KEY <= st->row.keys.n; i += TB__KEY)
            if (memcmp(st->row.keys.p + i, key, TB__KEY) == 0) return i / TB__KEY + 1;
    return 0;
}

/* ---- timers ---- */

typedef struct firing { /* in its work's arena */
    tb__stepping g;
    int64_t t;
    int most, fired;
    bool rewrite; /* due dates moved: rows follow */
} firing;

static void fired(void *user, int result) {
    firing *f = user;
    (void)result; /* a failure has dropped the state; the row still says what is due, and the timers look again */
    tb__stepping_landed(&f->g);
    tb_state_drop(f->g.work);
}

static int fire_work(void *arg) {
    firing *f = arg;
    f->fired = tb__stepping_timers(&f->g, f->t, f->most);
    if (f->fired < 0) return TB_NOMEM;
    if (f->fired > 0) tb__stepping_rows(&f->g);
    return TB_OK;
}

int tb__fire(tb_server *s, tb_entry *e, int64_t t, int most, int *answer) {
    *answer = -1;
    tb_state *work = tb_state_new(s->cases);
    firing *f = work ? TB_NEW(work->arena, firing) : NULL;
    if (!f) {
        if (work) tb_state_drop(work);
        return -1;
    }
    tb__stepping_begin(&f->g, s, work, e);
    f->t = t;
    f->most = most;
    if (tb_try(work->arena, fire_work, f) != TB_OK) {
        tb_state_drop(work);
        return -1;
    }
    int n = f->fired;
    if (n == 0) {
        tb_state_drop(work);
        return 0;
    }
    *answer = tb__stepping_commit(&f->g, fired, f);
    if (*answer != TB_COMMIT_OK) {
        tb_state_drop(work);
        return -1;
    }
    s->counters.timers += (uint64_t)n;
    return n;
}

/* The same state again in a new arena, with its row and tasks as the present world has them. */
static int rearm_work(void *arg) {
    firing *f = arg;
    tb__stepping *g = &f->g;
    tb_arena *a = g->work->arena;
    tb_task_list is = {0};
    g->work->row = g->base->row;
    tb_buf text;
    tb__open_text(&text, a, g->base->written + 1);
    tb_case_write(&text, g->base->c);
    g->work->row.state = tb_buf_str(&text);
    g->work->row.keys = tb_str_copy(a, g->base->row.keys);
    tb_case *c = tb_case_copy(a, g->base->c);
    if (!c) return TB_NOMEM;
    g->work->c = c;
    g->work->written = g->work->row.state.n;
    g->work->row.name = c->id;
    g->work->row.matter = c->program->matter;
    g->work->row.due = tb__due_of(c, &g->world->env, tb__now(g->s));
    put_case_row(g);
    tb__put_changes(a, &g->write, g->s, g->base);
    tb__task_rows(a, &is, c, &g->world->env, g->id);
    for (uint32_t i = 0; i < is.count; i++) *TB_PUSH(a, g->write.tasks_come) = is.items[i];
    return TB_OK;
}

int tb__rearm(tb_server *s, tb_entry *e, int *answer) {
    *answer = -1;
    tb_state *work = tb_state_new(s->cases);
    firing *f = work ? TB_NEW(work->arena, firing) : NULL;
    if (f) tb__stepping_begin(&f->g, s, work, e);
    if (!f || tb_try(work->arena, rearm_work, f) != TB_OK ||
        (*answer = tb__stepping_commit(&f->g, fired, f)) != TB_COMMIT_OK) {
        if (work) tb_state_drop(work);
        return -1;
    }
    return 1;
}
