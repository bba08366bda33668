/* The step as a function: random histories of every matter, checked for what must hold whatever happens.
 *
 *   test_step [bench]        TB_SEED=N TB_CASES=N (cases a matter)
 *
 * After each event: the state before is untouched; the same arguments give the same bytes, in another arena, from a state and an event that
 * went through their bytes; nothing of the outcome points into what the caller gave; a refusal gives no state; the new state is whole.
 * At the end of a case its recorded events are replayed from nothing and must give the same outcomes.
 *
 * `bench` counts steps a second on one core instead. */
#include "engine.h"
#include <time.h>

static world w;
static uint64_t seed;
static struct { uint64_t steps, refused, timers, closed, adjusted, copies, room; } seen;

static tb_str written(tb_arena *a, const tb_case *c) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_case_write(&b, c);
    return tb_buf_str(&b);
}

static tb_str outcome_text(tb_arena *a, const tb_outcome *o) {
    tb_buf b;
    tb_buf_init(&b, a);
    if (o->refused) {
        tb_putf(&b, "%s ", tb_refusal_name(o->refusal.code));
        tb_putstr(&b, tb_refusal_text(a, &o->refusal, TB_LANG_ZH));
    } else {
        tb_outcome_write(&b, o);
    }
    return tb_buf_str(&b);
}

static tb_str event_text(tb_arena *a, const tb_event *e) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_event_write(&b, e);
    return tb_buf_str(&b);
}

/* ---- what must hold of any state ---- */

static bool whole(const tb_case *c, const tb_case *before, bool back) {
    const tb_program *p = c->program;
    uint32_t steps = 0;
    bool ok = CHECK(tb_chart_whole(p->chart, c->active, c->memory));
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++) {
        if (!tb_bit(c->active, s) || p->nodes[s].kind != TB_NODE_STEP) continue;
        uint32_t tasks = 0;
        for (uint32_t i = 0; i < c->tasks.count; i++)
            tasks += c->tasks.items[i].state == s && c->tasks.items[i].step == p->nodes[s].index;
        ok &= CHECK_INT(tasks, 1);
        steps++;
    }
    ok &= CHECK_INT(c->tasks.count, steps);
    uint32_t kept = 0;
    for (uint16_t s = 0; tb_chart_memory(p->chart) && s < tb_chart_states(p->chart); s++)
        kept += tb_bit(c->memory, s) && p->nodes[s].kind == TB_NODE_STEP;
    ok &= CHECK_INT(c->suspended.count, kept);
    ok &= CHECK((c->outcome != TB_NO_INDEX) == tb_chart_ended(p->chart, c->active));
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *k = &c->clocks.items[i];
        if (k->to != TB_NO_TIME) continue;
        ok &= CHECK(c->outcome == TB_NO_INDEX);
        bool paused = false;
        for (uint32_t j = 0; j < c->pauses.count; j++)
            paused |= c->pauses.items[j].def == k->def && c->pauses.items[j].to == INT32_MAX;
        bool put_aside = k->state != TB_NO_STATE && tb_chart_memory(p->chart) && tb_bit(c->memory, k->state);
        ok &= CHECK_INT(paused, put_aside);
        ok &= CHECK(k->state == TB_NO_STATE || tb_bit(c->active, k->state) != put_aside);
        for (uint32_t j = 0; j < i; j++)
            ok &= CHECK(c->clocks.items[j].to != TB_NO_TIME || c->clocks.items[j].def != k->def);
    }
    for (uint32_t i = 0; i < c->stopped.count; i++) {
        bool open = false;
        for (uint32_t k = 0; k < c->tasks.count; k++) open |= c->tasks.items[k].step == c->stopped.items[i].step;
        ok &= CHECK(open || c->stopped.items[i].to != INT32_MAX);
    }
    for (uint32_t i = 0; i < p->milestones.count; i++) {
        const tb_occurrence *m = &c->milestones[i], *old = before ? &before->milestones[i] : NULL;
        ok &= CHECK(!old || back || (m->count >= old->count && (!old->count || m->first == old->first)));
    }
    ok &= CHECK(c->milestones[TB_M_SUBMITTED].count == 1);
    ok &= CHECK((c->milestones[TB_M_CLOSED].count == 1) == (c->outcome != TB_NO_INDEX));
    ok &= CHECK(!before || (c->seq == before->seq + 1 && c->at >= before->at));
    return ok;
}

/* ---- random events ---- */

static tb_json some_value(tb_arena *a, const tb_field *f, tb_str place) {
    switch (f->type) {
    case TB_T_OPTION: return tb_json_of_text(f->options[below(&seed, f->options_n)]);
    case TB_T_BOOL: return tb_json_of_bool(below(&seed, 2));
    case TB_T_INTEGER: return below(&seed, 3) ? tb_json_of_int(below(&seed, 1000)) : tb_example_value(a, f, place);
    case TB_T_DECIMAL:
    case TB_T_MONEY:
        return below(&seed, 3) ? tb_json_of_text(tb_str_printf(a, "%u.%02u", below(&seed, 1000), below(&seed, 100)))
                               : tb_example_value(a, f, place);
    default: return tb_example_value(a, f, place);
    }
}

static tb_event some_submission(tb_arena *a, const tb_program *p) {
    const tb_directory *d = w.env.directory;
    tb_json_maker m;
    tb_json *form = TB_NEW(a, tb_json);
    tb_str home = tb_default_place(p, d),
           anywhere = tb_directory_place_at(d, below(&seed, tb_directory_places(d)))->code;
    tb_json_begin(&m, a);
    for (uint32_t i = 0; i < p->fields.count; i++) {
        bool given = p->fields.items[i].required ? below(&seed, 50) != 0 : below(&seed, 2) != 0;
        if (given)
            tb_json_add(&m, p->fields.items[i].name,
                        some_value(a, &p->fields.items[i], below(&seed, 8) ? home : anywhere));
    }
    if (!below(&seed, 50)) tb_json_add(&m, TB_STR("没有的字段"), tb_json_of_int(1));
    *form = tb_json_done(&m);
    tb_event e = {.kind = TB_EV_SUBMIT,
                  .form = form,
                  .by = {TB_STR("申请人甲"), TB_STR("申请人"), below(&seed, 3) ? home : anywhere, TB_NONE}};
    e.mode = p->modes.items[below(&seed, p->modes.count)].name;
    if (p->materials.count && below(&seed, 2)) {
        tb_json *one = TB_NEW(a, tb_json), *list = TB_NEW(a, tb_json);
        *one = tb_json_of_text(p->materials.items[below(&seed, p->materials.count)].name);
        *list = tb_json_of_array(one, 1);
        e.materials = list;
    }
    return e;
}

static tb_actor some_actor(const tb_case *c, const tb_possible *x) {
    const tb_program *p = c->program;
    const tb_directory *d = w.env.directory;
    uint32_t post = x->posts_n && below(&seed, 20) ? x->posts[below(&seed, x->posts_n)] : below(&seed, p->posts.count);
    if (post == TB_POST_APPLICANT) return c->applicant;
    uint32_t role = p->posts.items[post].place;
    tb_str place = role == TB_NO_INDEX || !below(&seed, 30)
                       ? tb_directory_place_at(d, below(&seed, tb_directory_places(d)))->code
                       : c->places[role];
    uint32_t holders = tb_directory_holders(d, place, p->posts.items[post].name);
    tb_str person = holders && below(&seed, 30)
                        ? tb_directory_holder(d, place, p->posts.items[post].name, below(&seed, holders))
                        : TB_STR("路人");
    return (tb_actor){person, p->posts.items[post].name, place, TB_NONE};
}

static tb_event some_act(tb_arena *a, const tb_case *c) {
    const tb_program *p = c->program;
    tb_possibles *list;
    tb_event e = {.kind = TB_EV_ACT, .act = TB_STR("没有的动作"), .by = c->applicant};
    if (!CHECK_INT(tb_possible_acts(a, c, &w.env, &list), TB_OK)) return e;
    if (!list->count || !below(&seed, 60)) {
        if (p->acts.count && below(&seed, 2)) e.act = p->acts.items[below(&seed, p->acts.count)];
        return e;
    }
    const tb_possible *x = &list->items[below(&seed, list->count)];
    for (int i = 0; i < 3 && !x->open; i++) x = &list->items[below(&seed, list->count)];
    /* Endings are rarer than steps on the way, or few cases would get far. */
    for (int i = 0; i < 3 && x->move == TB_NO_INDEX; i++) x = &list->items[below(&seed, list->count)];
    if (x->move != TB_NO_INDEX && p->moves.items[x->move].step == TB_NO_INDEX && below(&seed, 8))
        x = &list->items[below(&seed, list->count)];
    static const tb_move builtin = {.kind = TB_MOVE_ACT};
    const tb_move *m = x->move == TB_NO_INDEX ? &builtin : &p->moves.items[x->move];
    tb_json_maker in;
    tb_json *input = TB_NEW(a, tb_json);
    tb_json_begin(&in, a);
    const tb_held *held = m->held ? &p->helds.items[m->held - 1] : NULL;
    for (uint32_t i = 0; i < x->needs_n; i++) {
        char day[TB_DAY_TEXT];
        bool date = held && tb_str_eq(x->needs[i], held->name) && below(&seed, 10);
        tb_str said = TB_STR("如实写明“…”");
        if (p->adjusts && x->move == p->adjustment_move && i < 2 && below(&seed, 10)) /* 期限, 改为 */
            said = i ? tb_str_printf(a, "%u", 1 + below(&seed, 16)) : p->clocks.items[below(&seed, p->clocks.count)].name;
        if (date) said = tb_str_copy(a, tb_str_z(tb_day_text(tb_day_of(c->at) + (int32_t)below(&seed, 30), day)));
        if (below(&seed, 40)) tb_json_add(&in, x->needs[i], tb_json_of_text(said));
    }
    if (m->choices_n) tb_json_add(&in, TB_STR("选择"), tb_json_of_text(m->choices[below(&seed, m->choices_n)]));
    for (uint32_t i = 0; i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_PROMPT && below(&seed, 2))
            tb_json_add(&in, m->effects[i].text, tb_json_of_text(tb_str_printf(a, "缺少第 %u 项", below(&seed, 9))));
    if (!below(&seed, 10)) tb_json_add(&in, TB_STR("备注"), tb_json_of_text(TB_STR("无")));
    if (!below(&seed, 60)) tb_json_add(&in, TB_STR("没有的内容"), tb_json_of_text(TB_STR("x")));
    *input = tb_json_done(&in);
    e.act = x->act;
    e.input = input;
    e.by = some_actor(c, x);
    if (x->person.n && below(&seed, 4)) e.by.person = x->person;
    if (x->step != TB_NO_INDEX && (c->tasks.count > 1 || below(&seed, 2))) e.task = p->steps.items[x->step].name;
    return e;
}

/* ---- one step, from every side ---- */

/* A copy to be kept says the same when all it was made from is gone, and takes just what was foretold. */
static bool copied_well(const tb_case *c) {
    tb_arena *from = tb_arena_new(NULL, 0), *a = tb_arena_new(NULL, 0);
    const char *error = "";
    tb_str text = written(from, c);
    const tb_case *again = tb_case_read(from, c->program, text, &error);
    if (!CHECK(again)) fprintf(stderr, "    %s\n", error);
    size_t room = again ? tb_case_room(again) : 0;
    tb_arena_expect(a, room);
    const tb_case *copy = again ? tb_case_copy(a, again) : NULL;
    tb_arena_free(from);
    bool ok = CHECK(copy) && CHECK_INT(tb_arena_bytes(a), room);
    tb_arena *scratch = tb_arena_new(NULL, 0);
    ok = ok && CHECK(tb_str_eq(written(scratch, copy), written(scratch, c)));
    ok = ok && CHECK(tb_alloc(a, 1)) && CHECK(tb_arena_bytes(a) > room); /* not a byte is left in it */
    seen.copies++;
    seen.room += room;
    tb_arena_free(scratch);
    tb_arena_free(a);
    return ok;
}

/* An outcome's text after all that the caller gave is gone, so that a view kept by mistake is found by ASan. */
static tb_str step_apart(tb_arena *keep, const tb_program *p, tb_str state, tb_str event, tb_arena **holder,
                         tb_outcome **out) {
    tb_arena *given = tb_arena_new(NULL, 0), *a = tb_arena_new(NULL, 0);
    const char *error = "";
    tb_event e;
    tb_str s = tb_str_copy(given, state), body = tb_str_copy(given, event);
    const tb_case *before = s.n ? tb_case_read(given, p, s, &error) : NULL;
    if (!CHECK(!s.n || before)) fprintf(stderr, "    %s\n%.*s\n", error, TB_FMT(state));
    if (before) CHECK(tb_str_eq(written(given, before), state));
    CHECK_INT(tb_event_read(given, body, &e), TB_OK);
    CHECK(tb_str_eq(event_text(given, &e), event));
    CHECK_INT(tb_step(a, p, TB_STR("370402-1"), before, &e, &w.env, out), TB_OK);
    tb_arena_free(given);
    tb_str text = outcome_text(keep, *out);
    *holder = a;
    return text;
}

static bool one_step(const tb_program *p, const tb_case *before, const tb_event *e, tb_arena **holder, tb_outcome **out,
                     tb_str *body, tb_str *digest, tb_arena *keep) {
    tb_arena *a = tb_arena_new(NULL, 0), *scratch = tb_arena_new(NULL, 0), *other;
    tb_outcome *again;
    tb_str state = before ? written(scratch, before) : TB_NONE, event = event_text(scratch, e);
    bool ok = CHECK_INT(tb_step(a, p, TB_STR("370402-1"), before, e, &w.env, out), TB_OK);
    tb_str text = outcome_text(scratch, *out);
    if (before) ok &= CHECK(tb_str_eq(state, written(scratch, before)));
    tb_str apart = step_apart(scratch, p, state, event, &other, &again);
    ok &= CHECK(tb_str_eq(text, apart));
    tb_arena_free(other);
    ok &= CHECK(!(*out)->refused == ((*out)->next != NULL));
    if (!(*out)->refused) ok &= whole((*out)->next, before, tb_str_is(e->act, "更正"));
    if (!(*out)->refused) ok &= copied_well((*out)->next);
    if (!ok)
        fprintf(stderr, "    matter %.*s\n    state %.*s\n    event %.*s\n    got   %.*s\n    apart %.*s\n",
                TB_FMT(p->matter), TB_FMT(state), TB_FMT(event), TB_FMT(text), TB_FMT(apart));
    *body = tb_str_copy(keep, event);
    *digest = tb_str_copy(keep, text);
    tb_arena_free(scratch);
    *holder = a;
    return ok;
}

static uint32_t refusals_seen[TB_R_COUNT];

struct told {
    tb_str body, outcome;
};

/* What was adjusted ends neither before now nor after a running 法定期限. */
static bool adjusted_well(const tb_case *c, const tb_event *e) {
    const tb_program *p = c->program;
    bool ok = true;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        tb_due due = tb_clock_due(c, &w.env, r);
        if (r->to != TB_NO_TIME || due.kind != TB_DUE_EXACT ||
            !tb_str_eq(p->clocks.items[r->def].name, tb_json_text(e->input, "期限")))
            continue;
        ok &= CHECK(p->clocks.items[r->def].kind != TB_CLOCK_STATUTORY) & CHECK(due.at > e->at);
        for (uint32_t k = 0; k < c->clocks.count; k++) {
            const tb_running *law = &c->clocks.items[k];
            if (p->clocks.items[law->def].kind != TB_CLOCK_STATUTORY || law->to != TB_NO_TIME) continue;
            tb_due latest = tb_clock_due(c, &w.env, law);
            ok &= CHECK(latest.kind != TB_DUE_EXACT || due.at <= latest.at);
        }
    }
    seen.adjusted++;
    return ok;
}

static bool one_case(const tb_program *p) {
    tb_arena *keep = tb_arena_new(NULL, 0), *holder = NULL;
    tb_case *c = NULL;
    TB_LIST(struct told) history = {0};
    int64_t now = tb_day_start(tb_day(2026, 1, 5) + (int32_t)below(&seed, 340)) + 9 * 3600000;
    bool ok = true;
    for (int i = 0; i < 60 && ok && !(c && c->outcome != TB_NO_INDEX && below(&seed, 3)); i++) {
        tb_arena *event_arena = tb_arena_new(NULL, 0), *next;
        tb_event e;
        tb_timer t;
        if (below(&seed, 3)) now += (int64_t)below(&seed, 10) * 3600000 * (below(&seed, 6) ? 1 : 60);
        bool due = c && tb_next_timer(c, &w.env, &t) && !t.recheck && t.due <= now;
        if (due) e = (tb_event){.kind = TB_EV_TIMER, .at = t.due, .timer = t.key};
        else {
            e = !c                   ? some_submission(event_arena, p)
                : !below(&seed, 100) ? (tb_event){.kind = TB_EV_TIMER, .timer = TB_STR("没有的时限")}
                                     : some_act(event_arena, c);
            e.at = now - (below(&seed, 60) ? 0 : 86400000);
        }
        tb_outcome *o;
        struct told told;
        ok = one_step(p, c, &e, &next, &o, &told.body, &told.outcome, keep);
        seen.steps++;
        seen.refused += o->refused;
        seen.timers += due;
        if (o->refused) refusals_seen[o->refusal.code]++;
        if (due) ok &= CHECK(!o->refused); /* an expiry cannot be refused */
        if (o->refused) {
            tb_arena_free(next);
        } else {
            tb_arena_free(holder);
            holder = next;
            c = o->next;
            *TB_PUSH(keep, history) = told;
            if (e.kind == TB_EV_ACT && tb_str_is(e.act, "调整期限")) ok &= adjusted_well(c, &e);
        }
        tb_arena_free(event_arena);
    }
    seen.closed += c && c->outcome != TB_NO_INDEX;
    tb_str state = TB_NONE; /* replay */
    for (uint32_t i = 0; i < history.count && ok; i++) {
        tb_arena *a;
        tb_outcome *o;
        tb_str text = step_apart(keep, p, state, history.items[i].body, &a, &o);
        ok &= CHECK(tb_str_eq(text, history.items[i].outcome));
        if (o->next) state = written(keep, o->next);
        tb_arena_free(a);
    }
    tb_arena_free(holder);
    tb_arena_free(keep);
    return ok;
}

/* A state with something wrong in it is not read, rather than stepped from. */
static void broken_states(const tb_program *p) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_outcome *o = NULL;
    for (int tries = 0; tries < 100 && !(o && o->next); tries++) {
        tb_event e = some_submission(a, p);
        e.at = tb_day_start(tb_day(2026, 3, 2)) + 9 * 3600000;
        CHECK_INT(tb_step(a, p, TB_STR("1"), NULL, &e, &w.env, &o), TB_OK);
    }
    if (!CHECK(o && o->next)) return;
    tb_str good = written(a, o->next);
    const char *error;
    CHECK(tb_case_read(a, p, good, &error) != NULL);
    static const struct {
        const char *from, *to;
    } edits[] = {{"\"active\":[", "\"active\":[\"不存在\","},
                 {"\"active\":[\"", "\"active\":[],\"x\":[\""},
                 {"\"tasks\":[", "\"tasks\":[],\"x\":["},
                 {"\"seq\":1", "\"seq\":1,\"outcome\":\"没有\""},
                 {"\"matter\":\"", "\"matter\":\"别的"},
                 {"\"version\":\"", "\"version\":\"9"},
                 {"\"places\":{", "\"places\":{\"别处\":\"370402\","},
                 {"\"mode\":\"", "\"mode\":\"别的"},
                 {"\"issued\":[", "\"x\":["}};
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        const char *at = strstr(good.p, edits[i].from);
        if (!CHECK(at != NULL)) continue;
        size_t n = strlen(edits[i].from);
        tb_str bad = tb_str_printf(a, "%.*s%s%s", (int)(at - good.p), good.p, edits[i].to, at + n);
        error = NULL;
        if (!CHECK(!tb_case_read(a, p, bad, &error) && error)) fprintf(stderr, "    %s\n", edits[i].to);
    }
    for (int i = 0; i < 1000; i++) { /* any cut or changed byte: an answer, never a crash */
        tb_str bad = tb_str_copy(a, good);
        char *bytes = (char *)(uintptr_t)bad.p;
        if (below(&seed, 2)) bad.n = below(&seed, bad.n);
        else if (below(&seed, 2)) bytes[below(&seed, bad.n)] = (char)dice(&seed);
        else if (below(&seed, 2)) bytes[below(&seed, bad.n)] = (char)('0' + below(&seed, 10));
        tb_case *c = tb_case_read(a, p, bad, &error);
        if (!c) continue;
        tb_timer t;
        tb_event e = some_act(a, c);
        e.at = c->at;
        if (below(&seed, 2) && tb_next_timer(c, &w.env, &t))
            e = (tb_event){.kind = TB_EV_TIMER, .at = t.due, .timer = t.key};
        CHECK_INT(tb_step(a, p, TB_STR("1"), c, &e, &w.env, &o), TB_OK);
        CHECK(outcome_text(a, o).n > 0);
    }
    tb_arena_free(a);
}

/* ---- speed ---- */

struct recorded {
    const tb_program *p;
    tb_event e;
};
typedef TB_LIST(struct recorded) recording;

static void note_event(void *user, const tb_section *s, const tb_event *e, const tb_outcome *o) {
    recording *list = user;
    (void)s;
    if (!o->refused) *TB_PUSH(w.a, *list) = (struct recorded){w.rules->programs.items[0], *e};
}

static int bench(void) {
    recording list = {0};
    tb_arena *cases[2] = {tb_arena_new(NULL, 0), tb_arena_new(NULL, 0)};
    uint64_t steps = 0;
    struct timespec a, b;
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        tb_scenario_report *report;
        uint32_t from = list.count;
        if (tb_scenarios_watch(w.a, w.rules->programs.items[i], &w.env, note_event, &list, &report) != TB_OK) return 1;
        for (; from < list.count; from++) list.items[from].p = w.rules->programs.items[i];
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    const tb_case *c = NULL;
    double seconds = 0;
    for (int which = 0; seconds < 2;) {
        for (uint32_t i = 0; i < list.count; i++) {
            tb_outcome *o;
            if (list.items[i].e.kind == TB_EV_SUBMIT) c = NULL;
            which = !which;
            tb_arena_reset(cases[which]);
            if (tb_step(cases[which], list.items[i].p, TB_STR("370402-1"), c, &list.items[i].e, &w.env, &o) != TB_OK ||
                o->refused)
                return 1;
            c = o->next;
            steps++;
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    }
    printf("%u events of all 用例, again and again: %.0f steps a second of processor time (%.0f ns a step)\n",
           list.count, (double)steps / seconds, 1e9 * seconds / (double)steps);
    tb_arena_free(cases[0]);
    tb_arena_free(cases[1]);
    return 0;
}

int main(int argc, char **argv) {
    const char *many = getenv("TB_CASES");
    int cases = many ? atoi(many) : 200;
    world_begin(&w);
    world_add(&w, "rules");
    bool speed = argc > 1 && strcmp(argv[1], "bench") == 0;
    if (!speed) world_add(&w, "tests/matters");
    if (!CHECK_INT(world_compile(&w), TB_OK) || !CHECK_INT(w.rules->diagnostics.errors, 0)) {
        fprintf(stderr, "%.*s", TB_FMT(world_diagnostics(&w, TB_LANG_AUTO)));
        return check_end();
    }
    if (speed) {
        int result = bench();
        world_end(&w);
        return result;
    }
    seed = seed_of("test_step");
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        for (int k = 0; k < cases; k++)
            if (!one_case(w.rules->programs.items[i])) break;
        broken_states(w.rules->programs.items[i]);
    }
    printf("%llu events, %llu refused, %llu timers, %llu cases closed; refusals:", (unsigned long long)seen.steps,
           (unsigned long long)seen.refused, (unsigned long long)seen.timers, (unsigned long long)seen.closed);
    for (int i = 1; i < TB_R_COUNT; i++)
        if (refusals_seen[i]) printf(" %s %u", tb_refusal_name((enum tb_refusal_code)i), refusals_seen[i]);
    printf("\na case kept takes %llu bytes\n", (unsigned long long)(seen.room / (seen.copies ? seen.copies : 1)));
    CHECK(seen.copies > 0 && seen.closed > 0 && seen.timers > 0 && seen.refused > 0); /* the histories are not trivial */
    CHECK(seen.adjusted > 0 || seen.steps < 50000);
    world_end(&w);
    return check_end();
}
