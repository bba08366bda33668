/* Golden histories (M5): what was decided under semantics N is decided again, event by event, digest by digest.
 *
 * tests/golden/N/ holds its own copies of matters, organs and calendar, so that rules may change, and histories.txt: a line an event —
 * matter, 用例, the event as stored, and the SM3 of its outcome or the name of its refusal, between tabs. A difference here means that
 * the meaning of programs changed: either by mistake, or TB_SEMANTICS must be raised, the old histories kept, and replay taught to name
 * the difference. `test_golden -u` writes the file of the newest semantics, for the day a directory is begun. */
#include "engine.h"
#include "step.h"
#include <inttypes.h>

static void outcome_text(tb_arena *a, const tb_outcome *o, char out[80]) {
    if (o->refused) {
        snprintf(out, 80, "%s", tb_refusal_name(o->refusal.code));
        return;
    }
    tb_buf b;
    uint8_t digest[32];
    tb_buf_init(&b, a);
    tb_outcome_write(&b, o);
    tb_sm3(tb_buf_str(&b).p, tb_buf_str(&b).n, digest);
    tb_hex(digest, sizeof digest, out);
}

struct writing {
    world *w;
    const tb_program *p;
    FILE *to;
};

static void seen(void *user, const tb_section *scenario, const tb_event *e, const tb_outcome *o) {
    struct writing *x = user;
    tb_buf b;
    char outcome[80];
    tb_buf_init(&b, x->w->a);
    tb_event_write(&b, e);
    outcome_text(x->w->a, o, outcome);
    fprintf(x->to, "%.*s\t%.*s\t%.*s\t%s\n", TB_FMT(x->p->matter), TB_FMT(scenario->name.text), TB_FMT(tb_buf_str(&b)),
            outcome);
}

static void write_histories(world *w, const char *path) {
    struct writing x = {.w = w, .to = fopen(path, "w")};
    if (!CHECK(x.to != NULL)) return;
    for (uint32_t i = 0; i < w->rules->programs.count; i++) {
        tb_scenario_report *report;
        x.p = w->rules->programs.items[i];
        CHECK_INT(tb_scenarios_watch(w->a, x.p, &w->env, seen, &x, &report), TB_OK);
        CHECK_INT(report->failed, 0);
    }
    fclose(x.to);
}

static const tb_program *program_named(const world *w, tb_str name) {
    for (uint32_t i = 0; i < w->rules->programs.count; i++)
        if (tb_str_eq(w->rules->programs.items[i]->matter, name)) return w->rules->programs.items[i];
    return NULL;
}

static tb_str field(char **at) {
    char *from = *at, *end = from + strcspn(from, "\t\n");
    *at = *end ? end + 1 : end;
    *end = '\0';
    return tb_str_z(from);
}

static void read_histories(world *w, const char *path) {
    FILE *from = fopen(path, "r");
    static char line[1 << 17];
    tb_str last = TB_NONE;
    tb_case *c = NULL;
    int events = 0;
    if (!CHECK(from != NULL)) return;
    while (fgets(line, sizeof line, from)) {
        char *at = line, outcome[80];
        tb_str matter = field(&at), scenario = field(&at), body = field(&at), want = field(&at);
        tb_str history = tb_str_printf(w->a, "%.*s·%.*s", TB_FMT(matter), TB_FMT(scenario));
        if (!tb_str_eq(history, last)) c = NULL;
        last = history;
        const tb_program *p = program_named(w, matter);
        tb_event e;
        tb_outcome *o;
        if (!CHECK(p != NULL) || !CHECK_INT(tb_event_read(w->a, tb_str_copy(w->a, body), &e), TB_OK)) break;
        if (!CHECK_INT(tb_step(w->a, p, TB_STR("用例"), c, &e, &w->env, &o), TB_OK)) break;
        outcome_text(w->a, o, outcome);
        events++;
        if (!CHECK_STR(outcome, want.p)) {
            fprintf(stderr, "    %s: meaning changed at event %d of %.*s: %.*s\n", path, c ? (int)c->seq + 1 : 1,
                    TB_FMT(history), TB_FMT(body));
            break;
        }
        if (!o->refused) c = o->next;
    }
    fclose(from);
    CHECK(events > 100);
}

int main(int argc, char **argv) {
    for (int n = 1; n <= TB_SEMANTICS; n++) {
        char directory[64], histories[96];
        world w;
        snprintf(directory, sizeof directory, "tests/golden/%d", n);
        snprintf(histories, sizeof histories, "%s/histories.txt", directory);
        world_begin(&w);
        world_add(&w, directory);
        w.in.stored = true; /* as a database holds them: texts of golden histories never change */
        CHECK_INT(world_compile(&w), TB_OK);
        if (!CHECK_INT(w.rules->diagnostics.errors, 0)) printf("%.*s\n", TB_FMT(world_diagnostics(&w, TB_LANG_ZH)));
        if (argc > 1 && strcmp(argv[1], "-u") == 0 && n == TB_SEMANTICS) write_histories(&w, histories);
        read_histories(&w, histories);
        world_end(&w);
    }
    return check_end();
}
