/* Events as they are stored (M5, M6): the input of a step as canonical JSON, and back. Only what was given is written,
 * so that a row shows an auditor just what the person sent. The kind is told by "act", "submit" or "timer". */
#include "case.h"

static void actor(tb_json_maker *m, tb_arena *a, const tb_actor *by) {
    tb_json_maker who;
    tb_json_begin(&who, a);
    if (by->behalf.n) tb_json_add(&who, TB_STR("for"), tb_json_of_text(by->behalf));
    tb_json_add(&who, TB_STR("person"), tb_json_of_text(by->person));
    if (by->place.n) tb_json_add(&who, TB_STR("place"), tb_json_of_text(by->place));
    if (by->post.n) tb_json_add(&who, TB_STR("post"), tb_json_of_text(by->post));
    tb_json_add(m, TB_STR("by"), tb_json_done(&who));
}

void tb_event_write(tb_buf *b, const tb_event *e) {
    tb_json_maker m;
    tb_json_begin(&m, b->arena);
    tb_json_add(&m, TB_STR("at"), tb_json_of_int(e->at));
    switch (e->kind) {
    case TB_EV_SUBMIT:
        actor(&m, b->arena, &e->by);
        if (e->form) tb_json_add(&m, TB_STR("form"), *e->form);
        if (e->materials) tb_json_add(&m, TB_STR("materials"), *e->materials);
        if (e->parent.n) {
            tb_json_add(&m, TB_STR("parent"), tb_json_of_text(e->parent));
            tb_json_add(&m, TB_STR("parent_key"), tb_json_of_text(e->parent_key));
            if (e->parent_stops) tb_json_add(&m, TB_STR("parent_stops"), tb_json_of_bool(true));
        }
        tb_json_add(&m, TB_STR("submit"), tb_json_of_text(e->mode));
        break;
    case TB_EV_ACT:
        actor(&m, b->arena, &e->by);
        tb_json_add(&m, TB_STR("act"), tb_json_of_text(e->act));
        if (e->task.n) tb_json_add(&m, TB_STR("task"), tb_json_of_text(e->task));
        if (e->input && e->input->count) tb_json_add(&m, TB_STR("input"), *e->input);
        break;
    case TB_EV_TIMER: tb_json_add(&m, TB_STR("timer"), tb_json_of_text(e->timer)); break;
    }
    tb_json v = tb_json_done(&m);
    tb_json_write(b, &v);
}

struct reading {
    tb_arena *a;
    tb_str body;
    tb_event *e;
};

static int read_event(void *arg) {
    struct reading *r = arg;
    const char *error;
    size_t where;
    const tb_json *o = tb_json_read(r->a, r->body, &error, &where);
    if (!o || o->kind != TB_JSON_OBJECT) return TB_FAILED;
    const tb_json *by = tb_json_get(o, "by");
    *r->e = (tb_event){.at = tb_json_number(o, "at", 0),
                       .act = tb_json_text(o, "act"),
                       .task = tb_json_text(o, "task"),
                       .mode = tb_json_text(o, "submit"),
                       .form = tb_json_get(o, "form"),
                       .materials = tb_json_get(o, "materials"),
                       .input = tb_json_get(o, "input"),
                       .timer = tb_json_text(o, "timer"),
                       .parent = tb_json_text(o, "parent"),
                       .parent_key = tb_json_text(o, "parent_key"),
                       .parent_stops = tb_json_get(o, "parent_stops") != NULL};
    if (by) r->e->by = (tb_actor){tb_json_text(by, "person"), tb_json_text(by, "post"), tb_json_text(by, "place"),
                                  tb_json_text(by, "for")};
    r->e->kind = tb_json_get(o, "act") ? TB_EV_ACT : tb_json_get(o, "timer") ? TB_EV_TIMER : TB_EV_SUBMIT;
    return r->e->kind != TB_EV_SUBMIT || tb_json_get(o, "submit") ? TB_OK : TB_FAILED;
}

int tb_event_read(tb_arena *a, tb_str body, tb_event *e) {
    struct reading r = {a, body, e};
    return tb_try(a, read_event, &r);
}
