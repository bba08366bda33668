/* Every 用例 of rules/, driven over HTTP through a real server, all of them at once in one virtual time.
 *
 * The engine runs the 用例 in this process and shows each event; the same is then asked of the server, in the order of
 * time over all cases, the clock moved by POST /v1/clock so that the server's own timers fire. After each event the
 * server's case must be as the engine's: seq, steps, outcome, documents, milestones, due dates; and what the engine
 * refuses the server refuses with the same code. At the end every mode of every matter must have reached 办结, and the
 * database must replay to the byte. */
#include "client.h"
#include "engine.h"
#include "served.h"

typedef struct line { /* one event of a 用例 */
    const tb_program *program;
    uint32_t scenario; /* counted over all matters */
    uint32_t order;    /* of being seen */
    const tb_section *section;
    tb_event event;
    const tb_outcome *outcome;
    bool last_at_time; /* no later event of this 用例 at the same instant */
} line;

static world w;

static struct {
    tb_arena *arena; /* the world's */
    TB_LIST(line) lines;
    const tb_program *program;
    const tb_section *section; /* being seen */
    uint32_t scenarios;
    tb_str *ids; /* by scenario */
    tb_client *client;
    int64_t clock;
    int differ;
} g;

/* A copy that outlives the runner's stack; NULL stays NULL. */
static const tb_json *keep(const tb_json *v) {
    tb_buf b;
    const char *why;
    size_t where;
    if (!v) return NULL;
    tb_buf_init(&b, g.arena);
    tb_json_write(&b, v);
    return tb_json_read(g.arena, tb_buf_str(&b), &why, &where);
}

static void seen(void *user, const tb_section *section, const tb_event *e, const tb_outcome *o) {
    (void)user;
    if (section != g.section) g.section = section, g.scenarios++;
    line *l = TB_PUSH(g.arena, g.lines);
    *l = (line){g.program, g.scenarios - 1, g.lines.count, section, *e, o, true};
    l->event.form = keep(e->form);
    l->event.input = keep(e->input);
}

static int by_time(const void *x, const void *y) {
    const line *a = x, *b = y;
    if (a->event.at != b->event.at) return a->event.at < b->event.at ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* ---- asking the server ---- */

static const tb_json *ask(const char *method, const char *path, tb_str body, int *status, tb_str *text) {
    char error[TB_CLIENT_ERROR], *response;
    const char *why;
    size_t n, where;
    *status = 0;
    if (tb_client_request(g.client, method, path, body.n ? body.p : NULL, body.n, status, &response, &n, error)) {
        fprintf(stderr, "%s %s: %s\n", method, path, error);
        return NULL;
    }
    tb_str copy = tb_str_copy(g.arena, (tb_str){response, (uint32_t)n});
    free(response);
    if (text) *text = copy;
    return tb_json_read(g.arena, copy, &why, &where);
}

static void move_clock(int64_t to) {
    char time[TB_TIME_TEXT];
    int status;
    if (to <= g.clock) return;
    tb_str body = tb_str_printf(g.arena, "{\"at\":\"%s\"}", tb_time_text(to, time));
    ask("POST", "/v1/clock", body, &status, NULL);
    CHECK_INT(status, 200);
    g.clock = to;
}

static void put(tb_buf *b, const char *before, tb_str text) {
    tb_puts(b, before);
    tb_json_put_text(b, text);
}

static tb_str request_body(const line *l) {
    const tb_event *e = &l->event;
    tb_buf b;
    tb_buf_init(&b, g.arena);
    if (e->kind == TB_EV_SUBMIT) {
        put(&b, "{\"matter\":", l->program->matter);
        put(&b, ",\"mode\":", e->mode);
        tb_puts(&b, ",\"form\":");
        tb_json_write(&b, e->form);
    } else {
        put(&b, "{\"act\":", e->act);
        if (e->task.n) put(&b, ",\"task\":", e->task);
        if (e->input && e->input->count) tb_puts(&b, ",\"input\":"), tb_json_write(&b, e->input);
    }
    put(&b, ",\"by\":{\"person\":", e->by.person);
    put(&b, ",\"post\":", e->by.post);
    put(&b, ",\"place\":", e->by.place);
    put(&b, "},\"request\":", tb_str_printf(g.arena, "用例-%u-%u", l->scenario, l->order));
    tb_puts(&b, "}");
    return tb_buf_str(&b);
}

/* ---- comparing ---- */

static void differ(const line *l, const char *what, tb_str want, tb_str have) {
    char time[TB_TIME_TEXT];
    g.differ++;
    fprintf(stderr, "%.*s，用例 %.*s，%s %.*s：%s 应是「%.*s」，服务器是「%.*s」\n", TB_FMT(l->program->matter),
            TB_FMT(l->section->name.text), tb_time_text(l->event.at, time),
            TB_FMT(l->event.kind == TB_EV_TIMER ? l->event.timer : l->event.act), what, TB_FMT(want), TB_FMT(have));
}

static void same(const line *l, const char *what, tb_str want, tb_str have) {
    if (!check_that(tb_str_eq(want, have), what, __FILE__, __LINE__)) differ(l, what, want, have);
}

static tb_str member_list(const tb_json *list, const char *member) {
    tb_buf b;
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; list && i < list->count; i++)
        tb_putf(&b, "%.*s、", TB_FMT(tb_json_text(&list->items[i], member)));
    return tb_buf_str(&b);
}

static tb_str step_list(const tb_case *c) {
    tb_buf b;
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; i < c->tasks.count && c->outcome == TB_NO_INDEX; i++)
        tb_putf(&b, "%.*s、", TB_FMT(c->program->steps.items[c->tasks.items[i].step].name));
    return tb_buf_str(&b);
}

static tb_str document_list(const tb_case *c) {
    tb_buf b;
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; i < c->issued.count; i++)
        tb_putf(&b, "%.*s、", TB_FMT(c->program->documents.items[c->issued.items[i].document].name));
    return tb_buf_str(&b);
}

static tb_str milestone_list(const tb_case *c) {
    tb_buf b;
    char time[TB_TIME_TEXT];
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; i < c->program->milestones.count; i++)
        if (c->milestones[i].count)
            tb_putf(&b, "%.*s %s、", TB_FMT(c->program->milestones.items[i].name),
                    tb_time_text(c->milestones[i].last, time));
    return tb_buf_str(&b);
}

static tb_str milestones_of(const tb_json *list) {
    tb_buf b;
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; list && i < list->count; i++)
        tb_putf(&b, "%.*s %.*s、", TB_FMT(tb_json_text(&list->items[i], "name")),
                TB_FMT(tb_json_text(&list->items[i], "last")));
    return tb_buf_str(&b);
}

static tb_str clock_list(const tb_case *c) { /* those that run */
    tb_buf b;
    char day[TB_DAY_TEXT];
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        if (c->clocks.items[i].to != TB_NO_TIME) continue;
        tb_due due = tb_clock_due(c, &w.env, &c->clocks.items[i]);
        tb_putf(&b, "%.*s %s、", TB_FMT(tb_clock_name(g.arena, c->program, c->clocks.items[i].def)),
                due.kind == TB_DUE_NONE ? "" : tb_day_text(due.day, day));
    }
    return tb_buf_str(&b);
}

static tb_str clocks_of(const tb_json *list) {
    tb_buf b;
    tb_buf_init(&b, g.arena);
    for (uint32_t i = 0; list && i < list->count; i++)
        if (!tb_str_is(tb_json_text(&list->items[i], "kind"), "ended"))
            tb_putf(&b, "%.*s %.*s、", TB_FMT(tb_json_text(&list->items[i], "name")),
                    TB_FMT(tb_json_text(&list->items[i], "due")));
    return tb_buf_str(&b);
}

static void compare_case(const line *l) {
    const tb_case *c = l->outcome->next;
    int status;
    const tb_json *have =
        ask("GET", tb_str_printf(g.arena, "/v1/cases/%.*s", TB_FMT(g.ids[l->scenario])).p, TB_NONE, &status, NULL);
    if (!CHECK_INT(status, 200) || !CHECK(have)) return;
    tb_str outcome = c->outcome == TB_NO_INDEX ? TB_NONE : c->program->outcomes.items[c->outcome];
    same(l, "seq", tb_str_printf(g.arena, "%u", c->seq),
         tb_str_printf(g.arena, "%lld", (long long)tb_json_number(have, "seq", -1)));
    same(l, "outcome", outcome, tb_json_text(have, "outcome"));
    same(l, "steps", step_list(c), member_list(tb_json_get(have, "steps"), "name"));
    same(l, "documents", document_list(c), member_list(tb_json_get(have, "documents"), "name"));
    same(l, "milestones", milestone_list(c), milestones_of(tb_json_get(have, "milestones")));
    if (c->outcome == TB_NO_INDEX) same(l, "clocks", clock_list(c), clocks_of(tb_json_get(have, "clocks")));
}

/* The id of the call that a case made last. */
static tb_str last_call(const line *l) {
    int status;
    tb_str id = TB_NONE;
    const tb_json *outbox = ask("GET", "/v1/outbox?limit=500", TB_NONE, &status, NULL);
    const tb_json *calls = outbox ? tb_json_get(outbox, "calls") : NULL;
    for (uint32_t i = 0; calls && i < calls->count; i++) {
        if (!tb_str_eq(tb_json_text(&calls->items[i], "case"), g.ids[l->scenario])) continue;
        id = tb_json_text(&calls->items[i], "id");
    }
    return id;
}

/* 答复一致: an interface answers, not a person; what comes too late is taken note of and changes nothing. */
static void reply(const line *l) {
    static const char word[] = "答复";
    int status;
    tb_str id = last_call(l), said = l->event.act, text = TB_NONE;
    tb_buf b;
    tb_buf_init(&b, g.arena);
    said.p += sizeof word - 1, said.n -= (uint32_t)sizeof word - 1;
    put(&b, "{\"id\":", id);
    put(&b, ",\"reply\":", said);
    tb_puts(&b, "}");
    const tb_json *answer = ask("POST", "/v1/replies", tb_buf_str(&b), &status, &text);
    if (!CHECK_INT(status, 200)) differ(l, "answer", TB_STR("done"), text);
    same(l, "status", l->outcome->refused ? TB_STR("late") : TB_STR("done"), tb_json_text(answer, "status"));
}

static bool is_reply(const line *l) { return l->event.kind == TB_EV_ACT && tb_str_is(l->event.by.post, "外部接口"); }

static void drive(const line *l) {
    int status;
    tb_str text = TB_NONE, path = TB_STR("/v1/cases");
    move_clock(l->event.at);
    if (is_reply(l)) {
        reply(l);
    } else if (l->event.kind != TB_EV_TIMER) {
        bool submit = l->event.kind == TB_EV_SUBMIT;
        if (!submit) path = tb_str_printf(g.arena, "/v1/cases/%.*s/acts", TB_FMT(g.ids[l->scenario]));
        tb_str body = request_body(l);
        const tb_json *answer = ask("POST", path.p, body, &status, &text);
        if (l->outcome->refused) {
            same(l, "refusal", tb_str_z(tb_refusal_name(l->outcome->refusal.code)),
                 tb_json_text(tb_json_get(answer, "error"), "code"));
            CHECK_INT(status, tb_refusal_status(l->outcome->refusal.code));
            return;
        }
        if (!CHECK_INT(status, submit ? 201 : 200)) differ(l, "answer", TB_STR("accepted"), text);
        if (submit) g.ids[l->scenario] = tb_json_text(answer, "id");
        if (l->order % 8 == 0) { /* the same once more: the same answer, and nothing happens (DESIGN §5) */
            tb_str again;
            ask("POST", path.p, body, &status, &again);
            same(l, "repeat", text, again);
        }
    }
    if (!l->outcome->refused && l->last_at_time) compare_case(l);
}

/* ---- all of it ---- */

static void watch_scenarios(void) {
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        tb_scenario_report *report;
        g.program = w.rules->programs.items[i];
        CHECK(tb_scenarios_watch(g.arena, g.program, &w.env, seen, NULL, &report) == TB_OK);
        CHECK_INT(report->failed, 0);
    }
    for (uint32_t i = 0; i + 1 < g.lines.count; i++) {
        const line *next = &g.lines.items[i + 1];
        g.lines.items[i].last_at_time =
            next->scenario != g.lines.items[i].scenario || next->event.at > g.lines.items[i].event.at;
    }
    /* A refused act leaves the case as it was: what was last accepted is compared once more by the next event that is.
     * */
    qsort(g.lines.items, g.lines.count, sizeof(line), by_time);
    g.ids = TB_NEW_ARRAY(g.arena, g.scenarios, tb_str);
}

static void check_modes_closed(void) {
    for (uint32_t i = 0; i < w.rules->programs.count; i++) {
        const tb_program *p = w.rules->programs.items[i];
        for (uint32_t m = 0; m < p->modes.count; m++) {
            bool closed = false;
            for (uint32_t k = 0; k < g.lines.count && !closed; k++) {
                const tb_outcome *o = g.lines.items[k].outcome;
                closed = g.lines.items[k].program == p && !o->refused && o->next->mode == m &&
                         o->next->outcome != TB_NO_INDEX;
            }
            if (!CHECK(closed))
                fprintf(stderr, "%.*s，模式 %.*s：没有用例走到办结\n", TB_FMT(p->matter),
                        TB_FMT(p->modes.items[m].name));
        }
    }
}

static int work(void *arg) {
    (void)arg;
    char directory[256], db[300], time[TB_TIME_TEXT], error[TB_CLIENT_ERROR];
    served server;
    if (!CHECK(world_compile(&w) == TB_OK) || !CHECK_INT(w.rules->diagnostics.errors, 0)) return TB_FAILED;
    watch_scenarios();
    if (!CHECK(g.lines.count > 100) || !CHECK(served_directory(directory, "end-to-end"))) return TB_FAILED;
    snprintf(db, sizeof db, "%s/t.db", directory);
    g.clock = g.lines.items[0].event.at;
    const char *more[] = {"--test-clock", tb_time_text(g.clock, time), NULL};
    if (CHECK(served_start(&server, db, more))) {
        g.client = tb_client_new(server.url, error);
        if (CHECK(g.client))
            for (uint32_t i = 0; i < g.lines.count && g.differ < 20; i++) drive(&g.lines.items[i]);
        tb_client_free(g.client);
    } else {
        fprintf(stderr, "%s\n", server.said);
    }
    CHECK_INT(served_end(&server, SIGTERM), 0);
    check_modes_closed();
    CHECK_INT(served_run((const char *const[]){"replay", "--db", db, NULL}), 0);
    served_remove(directory, db);
    printf("%u 用例, %u events over HTTP\n", g.scenarios, g.lines.count);
    return TB_OK;
}

int main(void) {
    world_begin(&w);
    world_add(&w, "rules");
    g.arena = w.a;
    CHECK(tb_try(g.arena, work, NULL) == TB_OK);
    world_end(&w);
    return check_end();
}
