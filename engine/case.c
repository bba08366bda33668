/* The state of a case as a value: copying, writing it as canonical JSON (names, so that an auditor reads it with a
 * shell), reading it back.
 *
 * Why names: the row must mean something without the program's tables, and a program compiled again from the same
 * sources must read it whatever numbers it gave. Active states are written as their leaves; everything above them
 * follows. */
#include "case.h"
#include <string.h>

static void *copy(tb_arena *a, const void *p, size_t n) {
    void *fresh = tb_alloc(a, n);
    return n ? memcpy(fresh, p, n) : fresh;
}
#define COPY_ARRAY(a, p, n) copy((a), (p), (size_t)(n) * sizeof *(p))
/* Room for one more: the usual step adds an item, and TB_PUSH would move the list. */
#define COPY_LIST(a, to, from)                                                                                         \
    do {                                                                                                               \
        (to).count = (from).count;                                                                                     \
        (to).room = (from).count + 1;                                                                                  \
        (to).items = TB_NEW_ARRAY((a), (to).room, __typeof__(*(to).items));                                            \
        if ((from).count) memcpy((to).items, (from).items, (from).count * sizeof *(to).items);                         \
    } while (0)
/* Mostly empty: no room is taken for what may come. */
#define COPY_RARE_LIST(a, to, from)                                                                                    \
    do {                                                                                                               \
        if ((from).count) COPY_LIST(a, to, from);                                                                      \
        else memset(&(to), 0, sizeof(to));                                                                             \
    } while (0)

tb_json tb__json_copy(tb_arena *a, const tb_json *v) {
    tb_json c = *v;
    if (v->kind == TB_JSON_STR) c.text = tb_str_copy(a, v->text);
    if (v->kind != TB_JSON_ARRAY && v->kind != TB_JSON_OBJECT) return c;
    tb_json *items = TB_NEW_ARRAY(a, v->count, tb_json);
    for (uint32_t i = 0; i < v->count; i++) items[i] = tb__json_copy(a, &v->items[i]);
    c.items = items;
    c.keys = NULL;
    if (v->kind == TB_JSON_OBJECT) {
        tb_str *keys = TB_NEW_ARRAY(a, v->count, tb_str);
        for (uint32_t i = 0; i < v->count; i++) keys[i] = tb_str_copy(a, v->keys[i]);
        c.keys = keys;
    }
    return c;
}

tb_case *tb__case_new(tb_arena *a, const tb_program *p, tb_str id) {
    tb_case *c = TB_NEW(a, tb_case);
    c->program = p;
    c->id = tb_str_copy(a, id);
    c->at = TB_NO_TIME;
    c->outcome = TB_NO_INDEX;
    c->active = TB_NEW_ARRAY(a, TB_CHART_WORDS(tb_chart_states(p->chart)), uint64_t);
    c->memory = TB_NEW_ARRAY(a, tb_chart_memory(p->chart), uint64_t);
    c->places = TB_NEW_ARRAY(a, p->places.count, tb_str);
    c->milestones = TB_NEW_ARRAY(a, p->milestones.count, tb_occurrence);
    c->taken = TB_NEW_ARRAY(a, p->moves.count, uint32_t);
    c->form.kind = TB_JSON_OBJECT;
    c->materials.kind = TB_JSON_ARRAY;
    return c;
}

static void copy_task(tb_arena *a, tb_task *t, const tb_task *old) {
    t->confirming = tb_str_copy(a, old->confirming);
    t->call = tb_str_copy(a, old->call);
    t->holder = tb_str_copy(a, old->holder);
    COPY_LIST(a, t->confirmed, old->confirmed);
    for (uint32_t j = 0; j < t->confirmed.count; j++)
        t->confirmed.items[j] = tb_str_copy(a, old->confirmed.items[j]);
}

tb_case *tb__case_copy(tb_arena *a, const tb_case *from) {
    const tb_program *p = from->program;
    tb_case *c = TB_NEW(a, tb_case);
    *c = *from;
    c->id = tb_str_copy(a, from->id);
    c->applicant = (tb_actor){tb_str_copy(a, from->applicant.person), tb_str_copy(a, from->applicant.post),
                              tb_str_copy(a, from->applicant.place), TB_NONE};
    c->entered_by = tb_str_copy(a, from->entered_by);
    c->parent = tb_str_copy(a, from->parent);
    c->parent_key = tb_str_copy(a, from->parent_key);
    c->active = COPY_ARRAY(a, from->active, TB_CHART_WORDS(tb_chart_states(p->chart)));
    c->memory = COPY_ARRAY(a, from->memory, tb_chart_memory(p->chart));
    c->places = COPY_ARRAY(a, from->places, p->places.count);
    for (uint32_t i = 0; i < p->places.count; i++) c->places[i] = tb_str_copy(a, from->places[i]);
    c->form = tb__json_copy(a, &from->form);
    c->materials = tb__json_copy(a, &from->materials);
    c->milestones = COPY_ARRAY(a, from->milestones, p->milestones.count);
    c->taken = COPY_ARRAY(a, from->taken, p->moves.count);
    COPY_LIST(a, c->tasks, from->tasks);
    COPY_RARE_LIST(a, c->suspended, from->suspended);
    for (uint32_t i = 0; i < c->tasks.count; i++) copy_task(a, &c->tasks.items[i], &from->tasks.items[i]);
    for (uint32_t i = 0; i < c->suspended.count; i++)
        copy_task(a, &c->suspended.items[i], &from->suspended.items[i]);
    COPY_LIST(a, c->clocks, from->clocks);
    COPY_LIST(a, c->stopped, from->stopped);
    for (uint32_t i = 0; i < c->stopped.count; i++) {
        c->stopped.items[i].call = tb_str_copy(a, from->stopped.items[i].call);
        c->stopped.items[i].ground = tb_str_copy(a, from->stopped.items[i].ground);
    }
    COPY_RARE_LIST(a, c->pauses, from->pauses);
    COPY_LIST(a, c->issued, from->issued);
    for (uint32_t i = 0; i < c->issued.count; i++)
        c->issued.items[i].number = tb_str_copy(a, from->issued.items[i].number);
    c->undo.before = tb_str_copy(a, from->undo.before);
    c->undo.post = tb_str_copy(a, from->undo.post);
    c->undo.place = tb_str_copy(a, from->undo.place);
    COPY_LIST(a, c->duties, from->duties);
    for (uint32_t i = 0; i < c->duties.count; i++) c->duties.items[i].who = tb_str_copy(a, from->duties.items[i].who);
    return c;
}

/* ---- how much a copy takes: what tb__case_copy() asks of its arena, allocation by allocation (tests/test_step.c compares) ---- */

static size_t text_room(tb_str s) { return tb_arena_room((size_t)s.n + 1); }
#define LIST_ROOM(list) tb_arena_room(((list).count + 1) * sizeof *(list).items)
#define RARE_LIST_ROOM(list) ((list).count ? LIST_ROOM(list) : 0)

static size_t json_room(const tb_json *v) {
    size_t n = v->kind == TB_JSON_STR ? text_room(v->text) : 0;
    if (v->kind != TB_JSON_ARRAY && v->kind != TB_JSON_OBJECT) return n;
    n += tb_arena_room(v->count * sizeof *v->items);
    if (v->kind == TB_JSON_OBJECT) n += tb_arena_room(v->count * sizeof *v->keys);
    for (uint32_t i = 0; i < v->count; i++) {
        n += json_room(&v->items[i]);
        if (v->kind == TB_JSON_OBJECT) n += text_room(v->keys[i]);
    }
    return n;
}

static size_t tasks_room(const tb_task *tasks, uint32_t count) {
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const tb_task *t = &tasks[i];
        n += text_room(t->confirming) + text_room(t->call) + text_room(t->holder) + LIST_ROOM(t->confirmed);
        for (uint32_t j = 0; j < t->confirmed.count; j++) n += text_room(t->confirmed.items[j]);
    }
    return n;
}

size_t tb_case_room(const tb_case *c) {
    const tb_program *p = c->program;
    size_t n = tb_arena_room(sizeof *c) + text_room(c->id) + text_room(c->applicant.person) + text_room(c->applicant.post) +
               text_room(c->applicant.place) + text_room(c->entered_by) + text_room(c->parent) + text_room(c->parent_key);
    n += tb_arena_room(TB_CHART_WORDS(tb_chart_states(p->chart)) * sizeof *c->active);
    n += tb_arena_room(tb_chart_memory(p->chart) * sizeof *c->memory);
    n += tb_arena_room(p->places.count * sizeof *c->places);
    for (uint32_t i = 0; i < p->places.count; i++) n += text_room(c->places[i]);
    n += json_room(&c->form) + json_room(&c->materials);
    n += tb_arena_room(p->milestones.count * sizeof *c->milestones) + tb_arena_room(p->moves.count * sizeof *c->taken);
    n += LIST_ROOM(c->tasks) + RARE_LIST_ROOM(c->suspended);
    n += tasks_room(c->tasks.items, c->tasks.count) + tasks_room(c->suspended.items, c->suspended.count);
    n += LIST_ROOM(c->clocks) + LIST_ROOM(c->stopped) + RARE_LIST_ROOM(c->pauses) + LIST_ROOM(c->issued) + LIST_ROOM(c->duties);
    for (uint32_t i = 0; i < c->stopped.count; i++) n += text_room(c->stopped.items[i].call) + text_room(c->stopped.items[i].ground);
    for (uint32_t i = 0; i < c->issued.count; i++) n += text_room(c->issued.items[i].number);
    for (uint32_t i = 0; i < c->duties.count; i++) n += text_room(c->duties.items[i].who);
    return n + text_room(c->undo.before) + text_room(c->undo.post) + text_room(c->undo.place);
}

struct copying {
    tb_arena *a;
    const tb_case *from;
    tb_case *to;
};
static int copy_work(void *arg) {
    struct copying *k = arg;
    k->to = tb__case_copy(k->a, k->from);
    return TB_OK;
}
tb_case *tb_case_copy(tb_arena *a, const tb_case *c) {
    struct copying k = {a, c, NULL};
    return tb_try(a, copy_work, &k) == TB_OK ? k.to : NULL;
}

/* ---- writing: keys in byte order by construction ---- */

/* A member is written with its name as it stands in the text, quotes and colon: a literal, whose length is known when
 * compiled. A state has dozens of members, and formats took a tenth of the server's time. */
static inline void text_member(tb_buf *b, const char *member, tb_str value) {
    tb_puts(b, member);
    tb_json_put_text(b, value);
}
static inline void number_member(tb_buf *b, const char *member, int64_t value) {
    tb_puts(b, member);
    tb_put_int(b, value);
}

static void write_actor(tb_buf *b, const tb_actor *who) {
    tb_puts(b, "{");
    text_member(b, "\"person\":", who->person);
    text_member(b, ",\"place\":", who->place);
    text_member(b, ",\"post\":", who->post);
    tb_puts(b, "}");
}

static bool is_leaf(const tb_chart *chart, uint16_t s) {
    enum tb_state_kind k = tb_chart_kind(chart, s);
    return k == TB_ATOMIC || k == TB_FINAL;
}

static void write_active(tb_buf *b, const tb_case *c) {
    const tb_program *p = c->program;
    tb_puts(b, "\"active\":[");
    bool more = false;
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++) {
        if (!tb_bit(c->active, s) || !is_leaf(p->chart, s)) continue;
        if (more) tb_puts(b, ",");
        tb_json_put_text(b, p->nodes[s].name);
        more = true;
    }
    tb_puts(b, "]");
}

static void write_alerted(tb_buf *b, const tb_program *p, const tb_running *r) {
    bool more = false;
    for (uint32_t i = 0; i < p->alerts.count && r->alerted; i++) {
        if (p->alerts.items[i].clock != r->def || !(r->alerted >> p->alerts.items[i].slot & 1)) continue;
        tb_puts(b, more ? "," : "\"alerted\":[");
        tb_json_put_text(b, p->alerts.items[i].key);
        more = true;
    }
    if (more) tb_puts(b, "],");
}

static void write_clocks(tb_buf *b, const tb_case *c) {
    const tb_program *p = c->program;
    tb_puts(b, ",\"clocks\":[");
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *r = &c->clocks.items[i];
        tb_puts(b, i ? ",{" : "{");
        if (r->adjusted) {
            number_member(b, "\"adjusted\":", r->adjusted);
            tb_puts(b, ",");
        }
        write_alerted(b, p, r);
        if (r->begun != r->from) {
            number_member(b, "\"begun\":", r->begun);
            tb_puts(b, ",");
        }
        if (r->extended) {
            number_member(b, "\"extended\":", r->extended);
            tb_puts(b, ",");
        }
        number_member(b, "\"from\":", r->from);
        text_member(b, ",\"name\":", p->clocks.items[r->def].name);
        if (r->overdue) tb_puts(b, ",\"overdue\":true");
        if (r->state != TB_NO_STATE) text_member(b, ",\"state\":", p->nodes[r->state].name);
        if (r->to != TB_NO_TIME) number_member(b, ",\"to\":", r->to);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void write_tasks(tb_buf *b, const tb_program *p, const tb_task *tasks, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const tb_task *t = &tasks[i];
        tb_puts(b, i ? ",{" : "{");
        if (t->call.n) {
            text_member(b, "\"call\":", t->call);
            tb_puts(b, ",");
        }
        if (t->holder.n) {
            number_member(b, "\"claimed\":", t->claimed);
            tb_puts(b, ",");
        }
        if (t->confirmed.count) {
            tb_puts(b, "\"confirmed\":[");
            for (uint32_t j = 0; j < t->confirmed.count; j++) {
                if (j) tb_puts(b, ",");
                tb_json_put_text(b, t->confirmed.items[j]);
            }
            tb_puts(b, "],");
            text_member(b, "\"confirming\":", t->confirming);
            tb_puts(b, ",");
        }
        number_member(b, "\"entered\":", t->entered);
        tb_puts(b, ",");
        if (t->holder.n) {
            text_member(b, "\"holder\":", t->holder);
            tb_puts(b, ",");
        }
        text_member(b, "\"state\":", p->nodes[t->state].name);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void write_interrupted(tb_buf *b, const tb_case *c) {
    const tb_program *p = c->program;
    bool more = false;
    for (uint16_t s = 0; tb_chart_memory(p->chart) && s < tb_chart_states(p->chart); s++) {
        if (!tb_bit(c->memory, s)) continue;
        tb_puts(b, more ? "," : ",\"interrupted\":[");
        tb_json_put_text(b, p->nodes[s].name);
        more = true;
    }
    if (more) tb_puts(b, "]");
}

static void write_pauses(tb_buf *b, const tb_case *c) {
    if (c->pauses.count) tb_puts(b, ",\"pauses\":[");
    for (uint32_t i = 0; i < c->pauses.count; i++) {
        const tb_pause *x = &c->pauses.items[i];
        number_member(b, i ? ",{\"from\":" : "{\"from\":", x->from);
        text_member(b, ",\"name\":", c->program->clocks.items[x->def].name);
        if (x->to != INT32_MAX) number_member(b, ",\"to\":", x->to);
        tb_puts(b, "}");
    }
    if (c->pauses.count) tb_puts(b, "]");
}

/* An object of named rows, its keys put in byte order by an insertion sort over few indices. */
struct rows {
    uint32_t index[TB_COUNTED_MOVES];
    uint32_t n;
};
static void rows_add(struct rows *r, uint32_t i, tb_str (*name)(const tb_program *, uint32_t), const tb_program *p) {
    uint32_t at = r->n++;
    for (; at > 0 && tb_str_cmp(name(p, r->index[at - 1]), name(p, i)) > 0; at--) r->index[at] = r->index[at - 1];
    r->index[at] = i;
}
static tb_str milestone_name(const tb_program *p, uint32_t i) { return p->milestones.items[i].name; }
static tb_str place_name(const tb_program *p, uint32_t i) { return p->places.items[i].name; }
static tb_str move_key(const tb_program *p, uint32_t i) { return p->moves.items[i].key; }

static void write_issued(tb_buf *b, const tb_case *c) {
    tb_puts(b, ",\"issued\":[");
    for (uint32_t i = 0; i < c->issued.count; i++) {
        const tb_issued *d = &c->issued.items[i];
        number_member(b, i ? ",{\"at\":" : "{\"at\":", d->at);
        text_member(b, ",\"name\":", c->program->documents.items[d->document].name);
        text_member(b, ",\"number\":", d->number);
        number_member(b, ",\"seq\":", d->seq);
        tb_puts(b, d->voided ? ",\"void\":true}" : "}");
    }
    tb_puts(b, "]");
}

static void write_undo(tb_buf *b, const tb_case *c) {
    const tb_undo *u = &c->undo;
    number_member(b, ",\"undo\":{\"at\":", u->at);
    tb_puts(b, ",\"before\":");
    tb_putstr(b, u->before);
    text_member(b, ",\"move\":", c->program->moves.items[u->move].key);
    text_member(b, ",\"place\":", u->place);
    text_member(b, ",\"post\":", u->post);
    tb_puts(b, "}");
}

void tb_case_write(tb_buf *b, const tb_case *c) {
    const tb_program *p = c->program;
    struct rows rows = {.n = 0};
    tb_puts(b, "{");
    write_active(b, c);
    tb_puts(b, ",\"applicant\":");
    write_actor(b, &c->applicant);
    number_member(b, ",\"at\":", c->at);
    write_clocks(b, c);
    tb_puts(b, ",\"duties\":[");
    for (uint32_t i = 0; i < c->duties.count; i++) {
        tb_puts(b, i ? ",{" : "{");
        text_member(b, "\"post\":", p->posts.items[c->duties.items[i].post].name);
        text_member(b, ",\"who\":", c->duties.items[i].who);
        tb_puts(b, "}");
    }
    tb_puts(b, "],");
    if (c->entered_by.n) {
        text_member(b, "\"entered_by\":", c->entered_by);
        tb_puts(b, ",");
    }
    tb_puts(b, "\"form\":");
    tb_json_write(b, &c->form);
    text_member(b, ",\"id\":", c->id);
    write_interrupted(b, c);
    if (c->irreversible) tb_puts(b, ",\"irreversible\":true");
    write_issued(b, c);
    tb_puts(b, ",\"materials\":");
    tb_json_write(b, &c->materials);
    text_member(b, ",\"matter\":", p->matter);
    tb_puts(b, ",\"milestones\":{");
    for (uint32_t i = 0; i < p->milestones.count; i++)
        if (c->milestones[i].count) rows_add(&rows, i, milestone_name, p);
    for (uint32_t i = 0; i < rows.n; i++) {
        const tb_occurrence *m = &c->milestones[rows.index[i]];
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, milestone_name(p, rows.index[i]));
        number_member(b, ":[", m->count);
        number_member(b, ",", m->first);
        number_member(b, ",", m->last);
        tb_puts(b, "]");
    }
    tb_puts(b, "},");
    text_member(b, "\"mode\":", p->modes.items[c->mode].name);
    if (c->outcome != TB_NO_INDEX) text_member(b, ",\"outcome\":", p->outcomes.items[c->outcome]);
    if (c->parent.n) {
        text_member(b, ",\"parent\":", c->parent);
        text_member(b, ",\"parent_key\":", c->parent_key);
        if (c->parent_stops) tb_puts(b, ",\"parent_stops\":true");
    }
    write_pauses(b, c);
    tb_puts(b, ",\"places\":{");
    rows.n = 0;
    for (uint32_t i = 0; i < p->places.count; i++)
        if (c->places[i].n) rows_add(&rows, i, place_name, p);
    for (uint32_t i = 0; i < rows.n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, place_name(p, rows.index[i]));
        tb_puts(b, ":");
        tb_json_put_text(b, c->places[rows.index[i]]);
    }
    number_member(b, "},\"seq\":", c->seq);
    tb_puts(b, ",\"stopped\":[");
    for (uint32_t i = 0; i < c->stopped.count; i++) {
        const tb_stopped *s = &c->stopped.items[i];
        tb_puts(b, i ? ",{" : "{");
        if (s->call.n) text_member(b, "\"call\":", s->call), tb_puts(b, ",");
        number_member(b, "\"from\":", s->from);
        if (s->ground.n) text_member(b, ",\"ground\":", s->ground);
        text_member(b, ",\"step\":", p->steps.items[s->step].name);
        if (s->to != INT32_MAX) number_member(b, ",\"to\":", s->to);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
    if (c->suspended.count) tb_puts(b, ",\"suspended\":[");
    if (c->suspended.count) write_tasks(b, p, c->suspended.items, c->suspended.count);
    tb_puts(b, ",\"taken\":{");
    rows.n = 0;
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (c->taken[i] && tb__counted(p, i)) rows_add(&rows, i, move_key, p);
    for (uint32_t i = 0; i < rows.n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, move_key(p, rows.index[i]));
        number_member(b, ":", c->taken[rows.index[i]]);
    }
    tb_puts(b, "},\"tasks\":[");
    write_tasks(b, p, c->tasks.items, c->tasks.count);
    if (c->undo.before.n) write_undo(b, c);
    text_member(b, ",\"version\":", p->version);
    tb_puts(b, "}");
}

/* ---- reading ---- */

struct reading {
    tb_arena *a;
    const tb_program *p;
    tb_str state;
    tb_case *c;
    const char *error;
};

static uint16_t node_named(const tb_program *p, tb_str name) {
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        if (is_leaf(p->chart, s) && tb_str_eq(p->nodes[s].name, name)) return s;
    return TB_NO_STATE;
}

static const tb_json *member(const tb_json *o, const char *key, enum tb_json_kind kind) {
    const tb_json *v = tb_json_get(o, key);
    return v && v->kind == kind ? v : NULL;
}

static bool read_active(struct reading *r, const tb_json *o) {
    const tb_json *list = member(o, "active", TB_JSON_ARRAY);
    if (!list) return false;
    for (uint32_t i = 0; i < list->count; i++) {
        uint16_t s = node_named(r->p, list->items[i].text);
        if (s == TB_NO_STATE) return false;
        for (; s != TB_NO_STATE; s = tb_chart_parent(r->p->chart, s)) tb_bit_set(r->c->active, s);
    }
    return true;
}

static bool read_alerted(struct reading *r, const tb_json *list, tb_running *k) {
    for (uint32_t i = 0; list && i < list->count; i++) {
        uint32_t at;
        TB__FIND(r->p->alerts, .key, list->items[i].text, at);
        if (at == TB_NO_INDEX || r->p->alerts.items[at].clock != k->def) return false;
        k->alerted |= (uint32_t)1 << r->p->alerts.items[at].slot;
    }
    return true;
}

static bool read_clocks(struct reading *r, const tb_json *o) {
    const tb_json *list = member(o, "clocks", TB_JSON_ARRAY);
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *v = &list->items[i];
        tb_running k = {.state = TB_NO_STATE,
                        .from = tb_json_number(v, "from", 0),
                        .to = tb_json_number(v, "to", TB_NO_TIME),
                        .extended = (int)tb_json_number(v, "extended", 0),
                        .adjusted = (int)tb_json_number(v, "adjusted", 0),
                        .overdue = tb_json_get(v, "overdue") != NULL};
        k.begun = tb_json_number(v, "begun", k.from);
        TB__FIND(r->p->clocks, .name, tb_json_text(v, "name"), k.def);
        if (k.def == TB_NO_INDEX || k.extended > TB_COUNT_LIMIT || k.extended < -TB_COUNT_LIMIT ||
            k.adjusted > TB_COUNT_LIMIT || k.adjusted < -TB_COUNT_LIMIT)
            return false;
        if (tb_json_get(v, "state") && (k.state = node_named(r->p, tb_json_text(v, "state"))) == TB_NO_STATE)
            return false;
        if (!read_alerted(r, member(v, "alerted", TB_JSON_ARRAY), &k)) return false;
        *TB_PUSH(r->a, r->c->clocks) = k;
    }
    return list != NULL;
}

typedef TB_LIST(tb_task) tasks;

static bool read_tasks(struct reading *r, const tb_json *list, tasks *out) {
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *v = &list->items[i], *confirmed = member(v, "confirmed", TB_JSON_ARRAY);
        tb_task t = {.state = node_named(r->p, tb_json_text(v, "state")), .entered = tb_json_number(v, "entered", 0)};
        if (t.state == TB_NO_STATE || r->p->nodes[t.state].kind != TB_NODE_STEP) return false;
        t.step = r->p->nodes[t.state].index;
        t.confirming = tb_json_text(v, "confirming");
        t.call = tb_json_text(v, "call");
        t.holder = tb_json_text(v, "holder");
        t.claimed = tb_json_number(v, "claimed", 0);
        for (uint32_t j = 0; confirmed && j < confirmed->count; j++)
            *TB_PUSH(r->a, t.confirmed) = confirmed->items[j].text;
        *TB_PUSH(r->a, *out) = t;
    }
    return list != NULL;
}

static bool read_lists(struct reading *r, const tb_json *o) {
    const tb_json *list = member(o, "duties", TB_JSON_ARRAY);
    for (uint32_t i = 0; list && i < list->count; i++) {
        tb_duty_done d = {.who = tb_json_text(&list->items[i], "who")};
        TB__FIND(r->p->posts, .name, tb_json_text(&list->items[i], "post"), d.post);
        if (d.post == TB_NO_INDEX) return false;
        *TB_PUSH(r->a, r->c->duties) = d;
    }
    if (!list || !(list = member(o, "issued", TB_JSON_ARRAY))) return false;
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *v = &list->items[i];
        tb_issued d = {.seq = (uint32_t)tb_json_number(v, "seq", 0),
                       .at = tb_json_number(v, "at", 0),
                       .number = tb_json_text(v, "number"),
                       .voided = tb_json_get(v, "void") != NULL};
        TB__FIND(r->p->documents, .name, tb_json_text(v, "name"), d.document);
        if (d.document == TB_NO_INDEX) return false;
        *TB_PUSH(r->a, r->c->issued) = d;
    }
    if (!(list = member(o, "stopped", TB_JSON_ARRAY))) return false;
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *v = &list->items[i];
        tb_stopped s = {.from = (int32_t)tb_json_number(v, "from", 0),
                        .to = (int32_t)tb_json_number(v, "to", INT32_MAX),
                        .call = tb_json_text(v, "call"),
                        .ground = tb_json_text(v, "ground")};
        TB__FIND(r->p->steps, .name, tb_json_text(v, "step"), s.step);
        if (s.step == TB_NO_INDEX) return false;
        *TB_PUSH(r->a, r->c->stopped) = s;
    }
    return list != NULL;
}

static bool read_tables(struct reading *r, const tb_json *o) {
    const tb_json *m = member(o, "milestones", TB_JSON_OBJECT), *places = member(o, "places", TB_JSON_OBJECT),
                  *taken = member(o, "taken", TB_JSON_OBJECT);
    uint32_t at;
    if (!m || !places || !taken) return false;
    for (uint32_t i = 0; i < m->count; i++) {
        TB__FIND(r->p->milestones, .name, m->keys[i], at);
        if (at == TB_NO_INDEX || m->items[i].kind != TB_JSON_ARRAY || m->items[i].count != 3 ||
            m->items[i].items[0].number < 1)
            return false;
        r->c->milestones[at] = (tb_occurrence){m->items[i].items[1].number, m->items[i].items[2].number,
                                               (uint32_t)m->items[i].items[0].number};
    }
    for (uint32_t i = 0; i < places->count; i++) {
        TB__FIND(r->p->places, .name, places->keys[i], at);
        if (at == TB_NO_INDEX) return false;
        r->c->places[at] = places->items[i].text;
    }
    for (uint32_t i = 0; i < taken->count; i++) {
        TB__FIND(r->p->moves, .key, taken->keys[i], at);
        if (at == TB_NO_INDEX) return false;
        r->c->taken[at] = (uint32_t)taken->items[i].number;
    }
    return true;
}

/* The state before is kept as text: it is read when it is wanted, and must then be as whole as this one. */
static bool read_undo(struct reading *r, const tb_json *o) {
    const tb_json *u = tb_json_get(o, "undo"), *before = u ? member(u, "before", TB_JSON_OBJECT) : NULL;
    tb_undo *to = &r->c->undo;
    tb_buf b;
    if (!u) return true;
    if (!before) return false;
    tb_buf_init(&b, r->a);
    tb_json_write(&b, before);
    *to = (tb_undo){.before = tb_buf_str(&b),
                    .at = tb_json_number(u, "at", 0),
                    .post = tb_json_text(u, "post"),
                    .place = tb_json_text(u, "place")};
    TB__FIND(r->p->moves, .key, tb_json_text(u, "move"), to->move);
    return to->move != TB_NO_INDEX && r->p->moves.items[to->move].correct_n > 0;
}

/* What an interruption has put aside: members that are there only then. */
static bool read_interruption(struct reading *r, const tb_json *o) {
    const tb_json *names = tb_json_get(o, "interrupted"), *list = tb_json_get(o, "pauses");
    for (uint32_t i = 0; names && i < names->count; i++) {
        uint16_t s = names->kind == TB_JSON_ARRAY ? node_named(r->p, names->items[i].text) : TB_NO_STATE;
        if (s == TB_NO_STATE || !tb_chart_memory(r->p->chart)) return false;
        tb_bit_set(r->c->memory, s);
    }
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *v = &list->items[i];
        if (list->kind != TB_JSON_ARRAY) return false;
        tb_pause x = {.from = (int32_t)tb_json_number(v, "from", 0), .to = (int32_t)tb_json_number(v, "to", INT32_MAX)};
        TB__FIND(r->p->clocks, .name, tb_json_text(v, "name"), x.def);
        if (x.def == TB_NO_INDEX || r->p->clocks.items[x.def].kind != TB_CLOCK_STEP) return false;
        *TB_PUSH(r->a, r->c->pauses) = x;
    }
    return true;
}

/* Each task of a step in `states` is there once, and nothing else. */
static bool tasks_fit(const tb_program *p, const uint64_t *states, const tb_task *list, uint32_t n) {
    uint32_t steps = 0;
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        steps += tb_bit(states, s) && p->nodes[s].kind == TB_NODE_STEP;
    for (uint32_t i = 0; i < n; i++) {
        if (!tb_bit(states, list[i].state)) return false;
        for (uint32_t k = 0; k < i; k++)
            if (list[k].state == list[i].state) return false;
    }
    return steps == n;
}

static bool paused(const tb_case *c, uint32_t def) {
    for (uint32_t i = 0; i < c->pauses.count; i++)
        if (c->pauses.items[i].def == def && c->pauses.items[i].to == INT32_MAX) return true;
    return false;
}

/* Something is remembered just while an interrupting step is active; the running limit of an interrupted step stands
 * still, and nobody else's does. */
static bool interruption_fits(const struct reading *r) {
    const tb_program *p = r->p;
    const tb_case *c = r->c;
    bool remembers = false;
    if (!tb_chart_memory(p->chart)) return !c->suspended.count && !c->pauses.count;
    for (uint32_t i = 0; i < tb_chart_memory(p->chart); i++) remembers |= c->memory[i] != 0;
    if (remembers != tb__interrupted(p, c->active) || !tasks_fit(p, c->memory, c->suspended.items, c->suspended.count))
        return false;
    uint32_t open = 0, standing = 0;
    for (uint32_t i = 0; i < c->pauses.count; i++) open += c->pauses.items[i].to == INT32_MAX;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *k = &c->clocks.items[i];
        if (k->to != TB_NO_TIME || k->state == TB_NO_STATE || tb_bit(c->active, k->state)) continue;
        if (!paused(c, k->def)) return false;
        standing++;
    }
    return open == standing;
}

/* A state from a database may be anything: what the step relies on is asked here. Each active step has one task and
 * each task is of an active step (an interrupted one: of a remembered step); a running step limit too; a closed case has
 * an outcome and nothing else. */
static bool fits_chart(const struct reading *r) {
    const tb_program *p = r->p;
    const tb_case *c = r->c;
    if (!tb_chart_whole(p->chart, c->active, c->memory)) return false;
    bool ended = false;
    for (uint16_t s = 0; s < tb_chart_states(p->chart); s++)
        if (tb_bit(c->active, s) && p->nodes[s].kind == TB_NODE_OUTCOME) ended = p->nodes[s].index == c->outcome;
    if (ended != (c->outcome != TB_NO_INDEX) || !tasks_fit(p, c->active, c->tasks.items, c->tasks.count) ||
        !interruption_fits(r))
        return false;
    for (uint32_t i = 0; i < c->clocks.count; i++) {
        const tb_running *k = &c->clocks.items[i];
        if ((p->clocks.items[k->def].kind == TB_CLOCK_STEP) != (k->state != TB_NO_STATE)) return false;
        if (k->to != TB_NO_TIME) continue;
        bool there = k->state == TB_NO_STATE || tb_bit(c->active, k->state) ||
                     (tb_chart_memory(p->chart) && tb_bit(c->memory, k->state));
        if (ended || !there) return false;
    }
    for (uint32_t i = 0; i < p->places.count; i++)
        if (!c->places[i].n && !p->places.items[i].items && !p->places.items[i].item) return false;
    return true;
}

static int read_work(void *arg) {
    struct reading *r = arg;
    size_t where;
    tb_str text = tb_str_copy(r->a, r->state);
    const tb_json *o = tb_json_read(r->a, text, &r->error, &where);
    if (!o) return TB_FAILED;
    tb_case *c = r->c = tb__case_new(r->a, r->p, tb_json_text(o, "id"));
    const tb_json *form = member(o, "form", TB_JSON_OBJECT), *materials = member(o, "materials", TB_JSON_ARRAY),
                  *who = tb_json_get(o, "applicant");
    r->error = "the state does not fit the program";
    if (!tb_str_eq(tb_json_text(o, "matter"), r->p->matter) || !tb_str_eq(tb_json_text(o, "version"), r->p->version))
        return TB_FAILED;
    if (!form || !materials || !who) return TB_FAILED;
    c->form = *form;
    c->materials = *materials;
    c->applicant = (tb_actor){tb_json_text(who, "person"), tb_json_text(who, "post"), tb_json_text(who, "place"),
                              TB_NONE};
    c->entered_by = tb_json_text(o, "entered_by");
    c->at = tb_json_number(o, "at", 0);
    c->seq = (uint32_t)tb_json_number(o, "seq", 0);
    c->irreversible = tb_json_get(o, "irreversible") != NULL;
    c->parent = tb_json_text(o, "parent");
    c->parent_key = tb_json_text(o, "parent_key");
    c->parent_stops = tb_json_get(o, "parent_stops") != NULL;
    TB__FIND(r->p->modes, .name, tb_json_text(o, "mode"), c->mode);
    if (c->mode == TB_NO_INDEX) return TB_FAILED;
    if (tb_json_get(o, "outcome")) {
        TB__FIND(r->p->outcomes, , tb_json_text(o, "outcome"), c->outcome);
        if (c->outcome == TB_NO_INDEX) return TB_FAILED;
    }
    const tb_json *active = member(o, "tasks", TB_JSON_ARRAY), *suspended = member(o, "suspended", TB_JSON_ARRAY);
    tasks now = {0}, later = {0};
    if (!read_active(r, o) || !read_clocks(r, o) || !read_tasks(r, active, &now) || !read_lists(r, o) ||
        !read_tables(r, o) || (suspended && !read_tasks(r, suspended, &later)) || !read_interruption(r, o) || !read_undo(r, o))
        return TB_FAILED;
    memcpy(&c->tasks, &now, sizeof now);
    memcpy(&c->suspended, &later, sizeof later);
    if (!fits_chart(r))
        return TB_FAILED;
    r->error = NULL;
    return TB_OK;
}

tb_case *tb__case_read(tb_arena *a, const tb_program *p, tb_str state) {
    struct reading r = {.a = a, .p = p, .state = state};
    return read_work(&r) == TB_OK ? r.c : NULL;
}

const char tb_case_no_memory[] = "out of memory";

tb_case *tb_case_read(tb_arena *a, const tb_program *p, tb_str state, const char **error) {
    struct reading r = {.a = a, .p = p, .state = state};
    int result = tb_try(a, read_work, &r);
    if (result == TB_OK) return r.c;
    if (error) *error = result == TB_NOMEM ? tb_case_no_memory : r.error;
    return NULL;
}
