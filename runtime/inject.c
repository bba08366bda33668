/* Events of the server's own making: answers of interfaces, cases started by other cases, their results (outbox.c).
 *
 * They go the way of any act (act.c): timers due before them first, then the step, then one transaction with the event and the outbox row that
 * it settles. The key of the call is their idempotency key, so an answer carried twice is stepped once. */
#include "digest.h"
#include "stepping.h"
#include <stdio.h>
#include <string.h>

enum { TIMERS_AT_ONCE = 1000 };

typedef struct injecting { /* in its work's arena */
    tb__stepping g;
    tb_inject *x;
    tb_event event;
    uint8_t key[TB__KEY];
    bool accepted;
    enum tb_injected how;
} injecting;

static void say(tb_inject *x, tb_str text) { snprintf(x->text, sizeof x->text, "%.*s", TB_FMT(text)); }

static int step_work(void *arg) {
    injecting *j = arg;
    tb_inject *x = j->x;
    tb__stepping *g = &j->g;
    tb_server *s = x->server;
    tb_arena *a = g->work->arena;
    tb_outcome *o;
    char name[TB_CASE_NAME + 1];
    j->how = TB_INJECT_IMPOSSIBLE;
    if (x->submit) {
        g->origin = x->id;
        g->work->version = tb_registry_in_force(s->registry, x->matter, tb_day_of(g->wall)); /* M19 */
        if (!g->work->version) {
            snprintf(x->text, sizeof x->text, "事项“%.*s”没有装载，或还没有生效", TB_FMT(x->matter));
            return TB_FAILED;
        }
    }
    const tb_program *p = g->work->version->program;
    if (!x->submit && tb__stepping_timers(g, g->wall, TIMERS_AT_ONCE) < 0) return TB_NOMEM;
    int rc = x->make(x, a, x->submit ? NULL : g->e->state, p, &j->event);
    if (rc) return rc;
    j->event.at = g->wall;
    tb__case_name(g->id, name);
    if (g->now && g->now->seq >= TB_CASE_EVENTS) return say(x, TB_STR("办件的事件已达上限")), TB_FAILED;
    rc = tb_step(a, p, tb_str_z(name), g->now, &j->event, &g->world->env, &o);
    if (rc) return rc;
    if (o->refused) {
        j->how = TB_INJECT_REFUSED;
        say(x, tb_refusal_text(a, &o->refusal, TB_LANG_ZH));
        return TB_FAILED;
    }
    tb__stepping_take(g, &j->event, o, x->submit ? "submit" : "act", x->request, j->key);
    *TB_PUSH(a, g->write.outbox) = x->settle;
    j->accepted = true;
    return TB_OK;
}

static int rows_work(void *arg) {
    tb__stepping_rows(&((injecting *)arg)->g);
    return TB_OK;
}

static void injected(void *user, int result) {
    injecting *j = user;
    tb_inject *x = j->x;
    tb__stepping *g = &j->g;
    tb_state *work = g->work;
    tb_entry *e = g->e;
    tb_server *s = x->server;
    enum tb_injected how = result != TB_STORE_OK ? TB_INJECT_LATER : j->accepted ? TB_INJECTED : j->how;
    tb_entry_pin(e);
    tb__stepping_landed(g);
    if (how == TB_INJECTED && x->submit) { /* from now on the case is known by its number */
        tb_cases_put(s->cases, g->id, work);
        tb_entry_retire(s->cases, e);
    }
    tb_entry_unpin(s->cases, e);
    tb_state_drop(work);
    x->done(x, how);
}

static void on_entry(void *user, tb_entry *e, int result) {
    tb_inject *x = user;
    tb_server *s = x->server;
    if (result != TB_STORE_OK) {
        x->done(x, TB_INJECT_LATER);
        return;
    }
    if (!x->submit && !e->state) {
        say(x, TB_STR("没有这个办件"));
        x->done(x, TB_INJECT_IMPOSSIBLE);
        return;
    }
    uint8_t key[TB__KEY];
    tb__hash_key(x->request, key);
    if (x->submit ? e->state != NULL : tb__known_key(e->state, key) > 0) {
        x->done(x, TB_INJECT_REPEAT);
        return;
    }
    tb_state *work = tb_state_new(s->cases);
    injecting *j = work ? TB_NEW(work->arena, injecting) : NULL;
    int rc = TB_NOMEM;
    if (j) {
        tb__stepping_begin(&j->g, s, work, e);
        j->x = x;
        memcpy(j->key, key, sizeof key);
        rc = tb_try(work->arena, step_work, j);
        if (rc != TB_NOMEM && j->g.write.events.count && tb_try(work->arena, rows_work, j) == TB_NOMEM) rc = TB_NOMEM;
    }
    if (rc != TB_NOMEM &&
        j->g.write.events.count) { /* timers that came first stay fired, also when the event was refused */
        if (tb__stepping_commit(&j->g, injected, j) == TB_COMMIT_OK) return;
        rc = TB_NOMEM;
    }
    enum tb_injected how = rc == TB_NOMEM ? TB_INJECT_LATER : j->how;
    if (work) tb_state_drop(work);
    x->done(x, how);
}

void tb__inject(tb_inject *x) {
    x->text[0] = '\0';
    tb_cases_with(x->server->cases, x->submit ? -x->id : x->id, on_entry, x);
}
