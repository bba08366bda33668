/* See outbox.h. One pass at a time reads the rows that are due and begins as many as there are slots; each slot carries one row to its end: a call
 * and its answer, or a step of another case. What it comes to is written as that row's new state, with the event when there is one.
 *
 *   IDLE ──due / look──▶ READ (reader) ──rows──▶ slots ──a slot is free──▶ READ …
 *     ▲                                            │
 *     └──────────── NEXT (reader) ◀── none under way, none due ──────────┘
 */
#include "outbox.h"
#include "stepping.h"
#include "store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_PAUSE_MS = 1000,
    TIMEOUT_MS = 30 * 1000,
    TIMEOUT_MOST = 10 * 60 * 1000,
    LONGEST_MS = 3600 * 1000,
    INTERFACES = 1000
};

typedef struct interface {
    tb_str name;
    const char *url, *token;
    int64_t timeout;
    uint32_t failures;  /* in a row */
    int64_t open_until; /* the circuit is open: nothing is sent before */
} interface;

typedef struct slot {
    tb_outbox *o;
    tb_arena *arena;
    bool used;
    tb_outbox_row row;
    interface *to;
    tb_str reply; /* what came back */
    const tb_json *more;
    char request[96]; /* its idempotency key: KIND:LEAF.N */
    char parent[TB_CASE_NAME + 1];
    tb_inject inject;
    tb_write write;
    tb_outbox_told *told; /* who handed the answer in */
    void *told_user;
} slot;

enum phase { IDLE, READ, NEXT, STOPPED };

struct tb_outbox {
    tb_server *s;
    tb_arena *arena; /* the interfaces' */
    tb_arena *page_arena;
    tb_io_caller *caller;
    tb_io_timer *ring;
    enum phase phase;
    bool again; /* look() came meanwhile */
    bool full;  /* the last page was full: more may be due */
    int64_t next, asked;
    tb_outbox_list page;
    TB_LIST(interface) interfaces;
    slot slots[TB_OUTBOX_CALLS];
    uint32_t under_way;
    tb_outbox_stats stats;
};

static void arm(tb_outbox *o);
static void read_due(tb_outbox *o);
static void reply_to_case(slot *x, int64_t case_id);

static int64_t wall(const tb_outbox *o) { return tb_io_wall(o->s->io); }

/* ---- ending a slot ---- */

static void free_slot(slot *x) {
    tb_outbox *o = x->o;
    x->used = false;
    tb_arena_reset(x->arena);
    o->under_way--;
    if (o->phase == IDLE) arm(o);
}

static void settled(void *user, int result) {
    slot *x = user;
    if (result != TB_STORE_OK) x->o->next = wall(x->o) + FIRST_PAUSE_MS; /* the row is as it was, and still due */
    free_slot(x);
}

static int write_work(void *arg) {
    slot *x = arg;
    x->write = (tb_write){0};
    *TB_PUSH(x->arena, x->write.outbox) = x->row;
    return TB_OK;
}

/* Writes the row's new state alone. */
static void settle(slot *x, int state, int64_t due, const char *problem) {
    tb_outbox *o = x->o;
    x->row.state = state;
    x->row.due = due;
    x->row.problem = tb_str_z(problem);
    if (due < o->next) o->next = due;
    if (state == TB_OUTBOX_DEAD) o->stats.dead++;
    if (o->phase != STOPPED && tb_try(x->arena, write_work, x) == TB_OK &&
        tb_commit_add(o->s->commit, &x->write, settled, x) == TB_COMMIT_OK)
        return;
    o->next = wall(o) + FIRST_PAUSE_MS;
    free_slot(x);
}

static int64_t back_off(tb_outbox *o, int attempts) {
    int64_t pause = FIRST_PAUSE_MS;
    uint32_t chance = 0;
    for (int i = 1; i < attempts && pause < TB_OUTBOX_BACKOFF_MOST; i++) pause *= 2;
    if (pause > TB_OUTBOX_BACKOFF_MOST) pause = TB_OUTBOX_BACKOFF_MOST;
    tb_io_random(o->s->io, &chance, sizeof chance);
    return pause * 3 / 4 + (int64_t)(chance % 1024) * (pause / 2) /
                               1024; /* ± a quarter, so that what failed together does not return together */
}

static void failed(slot *x, const char *why, bool for_good) {
    tb_outbox *o = x->o;
    o->stats.failed++;
    x->row.attempts++;
    if (x->to && ++x->to->failures >= TB_OUTBOX_CIRCUIT) x->to->open_until = wall(o) + TB_OUTBOX_CIRCUIT_MS;
    char *text = tb_alloc(x->arena, 300);
    if (text) snprintf(text, 300, "%.290s", why);
    bool dead = for_good || x->row.attempts > x->row.retries;
    if (dead)
        tb__report(o->s, "warning", "call_dead",
                TB_TELL(o->s, "对“%.*s”的调用第 %d 次失败，不再自动重试，等人处理（tongban outbox）：%s",
                        "the call to %.*s failed for the %dth time and waits for an operator (tongban outbox): %s"),
                TB_FMT(x->row.target), x->row.attempts, text ? text : "");
    settle(x, dead ? TB_OUTBOX_DEAD : TB_OUTBOX_PENDING, dead ? TB_NEVER : wall(o) + back_off(o, x->row.attempts),
           text ? text : "");
}

/* ---- an answer steps the case that waits ---- */

static int make_reply(tb_inject *in, tb_arena *a, const tb_state *base, const tb_program *p, tb_event *e) {
    slot *x = in->user;
    tb_str step = x->row.step, key = x->row.key;
    if (x->row.kind == TB_SENT_RESULT) { /* which step of the parent waits for this key? */
        step = TB_NONE;
        for (uint32_t i = 0; i < base->c->tasks.count; i++)
            if (tb_str_eq(base->c->tasks.items[i].call, key)) step = p->steps.items[base->c->tasks.items[i].step].name;
        if (!step.n) return snprintf(in->text, sizeof in->text, "牵头件不再等它"), TB_FAILED;
    }
    if (tb_reply_event(a, p, step, key, x->reply, x->more, e)) return TB_OK;
    snprintf(in->text, sizeof in->text, "环节“%.*s”没有“%.*s”这种答复", TB_FMT(step), TB_FMT(x->reply));
    return TB_FAILED;
}

static void replied(tb_inject *in, enum tb_injected how) {
    slot *x = in->user;
    tb_outbox *o = x->o;
    bool handed_in = x->told != NULL;
    if (handed_in) x->told(x->told_user, how, in->text);
    x->told = NULL;
    switch (how) {
    case TB_INJECTED:
        o->stats.answered++;
        free_slot(x);
        break;
    case TB_INJECT_REPEAT: settle(x, TB_OUTBOX_DONE, TB_NEVER, ""); break;
    case TB_INJECT_REFUSED: settle(x, TB_OUTBOX_DONE, TB_NEVER, in->text); break; /* late: the case has gone on */
    case TB_INJECT_IMPOSSIBLE:
        if (handed_in) { /* its sender knows, and may say it rightly */
            free_slot(x);
            break;
        }
        /* A result for a parent that went on is simply late; an answer nobody has words for is a fault to look at. */
        settle(x, x->row.kind == TB_SENT_CALL ? TB_OUTBOX_DEAD : TB_OUTBOX_DONE, TB_NEVER, in->text);
        break;
    case TB_INJECT_LATER:
        settle(x, TB_OUTBOX_PENDING, wall(o) + FIRST_PAUSE_MS, x->row.problem.p ? x->row.problem.p : "");
        break;
    }
}

static void reply_to_case(slot *x, int64_t case_id) {
    snprintf(x->request, sizeof x->request, "reply:%lld.%d", (long long)x->row.leaf, (int)x->row.n);
    x->inject = (tb_inject){.server = x->o->s,
                            .id = case_id,
                            .request = tb_str_z(x->request),
                            .make = make_reply,
                            .settle = x->row,
                            .done = replied,
                            .user = x};
    x->inject.settle.state = TB_OUTBOX_DONE;
    x->inject.settle.due = TB_NEVER;
    x->inject.settle.problem = TB_STR("");
    tb__inject(&x->inject);
}

/* ---- interfaces ---- */

static int read_answer(void *arg) {
    slot *x = arg;
    const char *error = "";
    size_t where;
    const tb_json *o = tb_json_read(x->arena, tb_str_copy(x->arena, x->reply), &error, &where);
    if (!o || o->kind != TB_JSON_OBJECT) return TB_FAILED;
    x->reply = tb_json_text(o, "reply");
    x->more = tb_json_get(o, "content");
    if (x->more && x->more->kind != TB_JSON_OBJECT) return TB_FAILED;
    return x->reply.n ? TB_OK : TB_FAILED;
}

static void on_answer(void *arg, int status, const char *body, size_t n, const char *why) {
    slot *x = arg;
    char text[128];
    if (x->o->phase == STOPPED) return;
    bool again = status == 408 || status == 425 || status == 429 || status >= 500;
    if (status == 0) {
        failed(x, why, false);
    } else if (status == 202 || status == 200) {
        x->to->failures = 0;
        x->to->open_until = 0;
        if (status == 202) {
            settle(x, TB_OUTBOX_WAITING, TB_NEVER, "");
            return;
        }
        x->reply = (tb_str){body, (uint32_t)n}; /* a view until we return: read_answer() copies it */
        int rc = tb_try(x->arena, read_answer, x);
        if (rc == TB_NOMEM) { /* its answer may be a good one: it is asked again, under its key, and no attempt is lost */
            settle(x, TB_OUTBOX_PENDING, wall(x->o) + FIRST_PAUSE_MS, "out of memory");
            return;
        }
        if (rc != TB_OK) {
            failed(x, "the answer is not {\"reply\":…,\"content\"?:{…}}", false);
            return;
        }
        reply_to_case(x, x->row.case_id);
    } else {
        snprintf(text, sizeof text, "HTTP %d", status);
        failed(x, text, !again);
    }
}

static interface *interface_named(tb_outbox *o, tb_str name) {
    for (uint32_t i = 0; i < o->interfaces.count; i++)
        if (tb_str_eq(o->interfaces.items[i].name, name)) return &o->interfaces.items[i];
    return NULL;
}

struct calling {
    slot *x;
    tb_str body;
    char *key;
};

static int write_call(void *arg) {
    struct calling *w = arg;
    slot *x = w->x;
    char name[TB_CASE_NAME + 1];
    tb_buf b;
    tb__case_name(x->row.case_id, name);
    tb_buf_init(&b, x->arena);
    tb_putf(&b, "{\"id\":\"%lld.%d\",\"case\":\"%s\",\"interface\":", (long long)x->row.leaf, (int)x->row.n, name);
    tb_json_put_text(&b, x->row.target);
    tb_puts(&b, ",\"key\":");
    tb_json_put_text(&b, x->row.key);
    tb_puts(&b, ",\"content\":");
    tb_putstr(&b, x->row.body);
    tb_puts(&b, "}");
    tb_put(&b, "", 1);
    w->body = tb_buf_str(&b);
    w->body.n--;
    tb_str key = tb_str_printf(x->arena, "%s.%.*s", name, TB_FMT(x->row.key));
    w->key = tb_alloc(x->arena, key.n + 1);
    memcpy(w->key, key.p, key.n);
    w->key[key.n] = '\0';
    return TB_OK;
}

static void call_interface(slot *x) {
    tb_outbox *o = x->o;
    x->to = interface_named(o, x->row.target);
    if (!x->to) { /* no attempt is lost: the address may be configured tomorrow */
        settle(x, TB_OUTBOX_PENDING, wall(o) + TB_OUTBOX_UNKNOWN_MS,
               o->s->o.lang == TB_LANG_EN ? "no address is configured for this interface (serve --interfaces)"
                                          : "没有配置这个接口的地址（serve --interfaces）");
        return;
    }
    if (x->to->open_until > wall(o)) {
        settle(x, TB_OUTBOX_PENDING, x->to->open_until,
               o->s->o.lang == TB_LANG_EN ? "the interface fails; waiting" : "接口连续失败，暂停发送");
        return;
    }
    if (x->to->open_until)
        x->to->open_until = wall(o) + TB_OUTBOX_CIRCUIT_MS; /* half open: this one tries, the others wait for it */
    struct calling w = {.x = x};
    bool written = tb_try(x->arena, write_call, &w) == TB_OK;
    tb_io_post post = {.url = x->to->url,
                       .key = w.key,
                       .token = x->to->token,
                       .body = w.body.p,
                       .n = w.body.n,
                       .answer_most = TB_OUTBOX_ANSWER,
                       .timeout = x->to->timeout};
    if (!written || tb_io_call(o->caller, &post, on_answer, x) != TB_OK)
        settle(x, TB_OUTBOX_PENDING, wall(o) + FIRST_PAUSE_MS, "out of memory");
    else o->stats.sent++;
}

/* ---- cases that start cases ---- */

/* The form, as far as the other matter asks for it: what it does not know stays at home. */
static int make_start(tb_inject *in, tb_arena *a, const tb_state *base, const tb_program *p, tb_event *e) {
    slot *x = in->user;
    const char *error = "";
    size_t where;
    (void)base;
    const tb_json *o = tb_json_read(a, x->row.body, &error, &where), *form = o ? tb_json_get(o, "form") : NULL;
    if (!form) return snprintf(in->text, sizeof in->text, "%s", error), TB_FAILED;
    tb_json_maker m;
    tb_json_begin(&m, a);
    for (uint32_t i = 0; i < form->count; i++)
        for (uint32_t k = 0; k < p->fields.count; k++)
            if (tb_str_eq(p->fields.items[k].name, form->keys[i])) tb_json_add(&m, form->keys[i], form->items[i]);
    tb_json *taken = TB_NEW(a, tb_json);
    *taken = tb_json_done(&m);
    tb_str mode = tb_json_text(o, "mode"), person = tb_json_text(o, "person"), entered_by = tb_json_text(o, "entered_by");
    *e = (tb_event){.kind = TB_EV_SUBMIT,
                    .by = {entered_by.n ? entered_by : person, TB_STR("申请人"), tb_json_text(o, "place"), entered_by.n ? person : TB_NONE},
                    .mode = mode.n ? mode : p->modes.items[0].name,
                    .form = taken,
                    .parent = tb_str_z(x->parent),
                    .parent_key = x->row.key,
                    .parent_stops = tb_json_get(o, "stops") != NULL};
    return TB_OK;
}

struct why {
    slot *x;
    const char *text;
};

static int make_why(void *arg) {
    struct why *w = arg;
    tb_json_maker m;
    tb_json_begin(&m, w->x->arena);
    tb_json_add(&m, TB_STR("原因"), tb_json_of_text(tb_str_copy(w->x->arena, tb_str_z(w->text))));
    tb_json *more = TB_NEW(w->x->arena, tb_json);
    *more = tb_json_done(&m);
    w->x->more = more;
    return TB_OK;
}

static void started(tb_inject *in, enum tb_injected how) {
    slot *x = in->user;
    tb_outbox *o = x->o;
    if (how == TB_INJECTED) {
        o->stats.answered++;
        free_slot(x);
    } else if (how == TB_INJECT_REPEAT) {
        settle(x, TB_OUTBOX_DONE, TB_NEVER, "");
    } else if (how == TB_INJECT_LATER) {
        settle(x, TB_OUTBOX_PENDING, wall(o) + FIRST_PAUSE_MS, "");
    } else { /* the matter did not take it: the step that waits is told why */
        char text[sizeof in->text];
        snprintf(text, sizeof text, "%s", in->text);
        struct why w = {x, text};
        if (tb_try(x->arena, make_why, &w) != TB_OK) {
            settle(x, TB_OUTBOX_PENDING, wall(o) + FIRST_PAUSE_MS, "out of memory");
            return;
        }
        x->reply = TB_STR("未能发起");
        reply_to_case(x, x->row.case_id);
    }
}

static void start_case(slot *x) {
    tb__case_name(x->row.case_id, x->parent);
    snprintf(x->request, sizeof x->request, "start:%lld.%d", (long long)x->row.leaf, (int)x->row.n);
    x->inject = (tb_inject){.server = x->o->s,
                            .submit = true,
                            .id = tb__origin_of_start(tb_str_z(x->parent), x->row.key),
                            .matter = x->row.target,
                            .request = tb_str_z(x->request),
                            .make = make_start,
                            .settle = x->row,
                            .done = started,
                            .user = x};
    x->inject.settle.state = TB_OUTBOX_DONE;
    x->inject.settle.due = TB_NEVER;
    x->inject.settle.problem = TB_STR("");
    tb__inject(&x->inject);
}

static int read_result(void *arg) {
    slot *x = arg;
    const char *error = "";
    size_t where;
    x->more = tb_json_read(x->arena, x->row.body, &error, &where);
    if (!x->more) return TB_FAILED;
    x->reply = tb_json_text(x->more, "结果");
    return TB_OK;
}

static void tell_parent(slot *x) {
    int64_t parent;
    if (!tb__case_number(x->row.target, &parent) || tb_try(x->arena, read_result, x) != TB_OK)
        settle(x, TB_OUTBOX_DEAD, TB_NEVER, "the row cannot be read");
    else reply_to_case(x, parent);
}

/* ---- passes ---- */

static bool in_hand(const tb_outbox *o, const tb_outbox_row *row) {
    for (int i = 0; i < TB_OUTBOX_CALLS; i++)
        if (o->slots[i].used && o->slots[i].row.leaf == row->leaf && o->slots[i].row.n == row->n) return true;
    return false;
}

static int take_row(void *arg) {
    slot *x = arg;
    tb_str *texts[] = {&x->row.target, &x->row.step, &x->row.key, &x->row.body, &x->row.problem};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *copy = tb_alloc(x->arena, (size_t)texts[i]->n + 1);
        memcpy(copy, texts[i]->p, texts[i]->n);
        copy[texts[i]->n] = '\0';
        texts[i]->p = copy;
    }
    return TB_OK;
}

/* A slot for a row; NULL: none is free, or no memory. */
static slot *take_slot(tb_outbox *o, const tb_outbox_row *row) {
    slot *x = NULL;
    for (int i = 0; i < TB_OUTBOX_CALLS && !x; i++)
        if (!o->slots[i].used) x = &o->slots[i];
    if (!x) return NULL;
    x->row = *row;
    x->to = NULL;
    x->more = NULL;
    x->told = NULL;
    if (tb_try(x->arena, take_row, x) != TB_OK) return NULL;
    x->used = true;
    o->under_way++;
    return x;
}

static bool begin_row(tb_outbox *o, const tb_outbox_row *row) {
    slot *x = take_slot(o, row);
    if (!x) return false;
    if (row->kind == TB_SENT_CALL) call_interface(x);
    else if (row->kind == TB_SENT_START) start_case(x);
    else tell_parent(x);
    return true;
}

static int read_page(tb_reader *r, void *arg) { /* the reading thread */
    tb_outbox *o = arg;
    return tb_read_outbox_due(r, o->asked, TB_OUTBOX_PAGE, o->page_arena, &o->page);
}

static int read_next(tb_reader *r, void *arg) { return tb_read_outbox_next(r, &((tb_outbox *)arg)->asked); }

static void next_is_here(void *arg, int result) {
    tb_outbox *o = arg;
    if (o->phase == STOPPED) return;
    o->phase = IDLE;
    int64_t due = result == TB_STORE_OK ? o->asked : wall(o) + FIRST_PAUSE_MS;
    if (due <= wall(o) && o->under_way) due = wall(o) + FIRST_PAUSE_MS; /* those in hand are still due on disk */
    if (due < o->next) o->next = due;
    arm(o);
}

static void page_is_here(void *arg, int result) {
    tb_outbox *o = arg;
    if (o->phase == STOPPED) return;
    bool room = true;
    o->full = result == TB_STORE_OK && o->page.count == TB_OUTBOX_PAGE;
    for (uint32_t i = 0; result == TB_STORE_OK && i < o->page.count && room; i++)
        if (!in_hand(o, &o->page.items[i])) room = begin_row(o, &o->page.items[i]);
    if (!room && o->under_way < TB_OUTBOX_CALLS) result = TB_STORE_RETRY; /* no memory */
    else if (!room) o->full = true;
    if (result != TB_STORE_OK) o->full = false, o->next = wall(o) + FIRST_PAUSE_MS;
    if (o->full) { /* the rest when a slot is free */
        o->phase = IDLE;
        o->next = o->under_way < TB_OUTBOX_CALLS ? INT64_MIN : o->next;
        arm(o);
        return;
    }
    o->phase = NEXT;
    if (tb_store_read(o->s->store, read_next, next_is_here, o) != TB_OK) next_is_here(o, TB_STORE_RETRY);
}

static void read_due(tb_outbox *o) {
    o->phase = READ;
    o->again = false;
    o->next = TB_NEVER;
    o->asked = wall(o);
    tb_arena_reset(o->page_arena);
    if (tb_store_read(o->s->store, read_page, page_is_here, o) == TB_OK) return;
    o->phase = IDLE;
    o->next = wall(o) + FIRST_PAUSE_MS;
    arm(o);
}

/* Always by way of the ring, so that a slot that ends at once does not recurse. */
static void arm(tb_outbox *o) {
    if (o->phase != IDLE) return;
    if (o->again || (o->full && o->under_way < TB_OUTBOX_CALLS)) o->next = INT64_MIN;
    if (o->next == TB_NEVER) return;
    int64_t delay = o->next == INT64_MIN ? 0 : o->next - wall(o);
    tb_io_timer_set(o->ring, delay < 0 ? 0 : delay < LONGEST_MS ? delay : LONGEST_MS);
}

static void ring(void *arg) {
    tb_outbox *o = arg;
    if (o->phase != IDLE) return;
    if (o->next != INT64_MIN && o->next > wall(o)) arm(o);
    else if (o->under_way < TB_OUTBOX_CALLS) read_due(o);
}

void tb_outbox_look(tb_outbox *o) {
    o->again = true;
    arm(o);
}

struct handing {
    slot *x;
    tb_str reply;
    const tb_json *more;
};

static int take_answer(void *arg) {
    struct handing *w = arg;
    tb_buf b;
    const char *error;
    size_t where;
    w->x->reply = tb_str_copy(w->x->arena, w->reply);
    if (!w->more) return TB_OK;
    tb_buf_init(&b, w->x->arena);
    tb_json_write(&b, w->more);
    w->x->more = tb_json_read(w->x->arena, tb_buf_str(&b), &error, &where);
    return w->x->more ? TB_OK : TB_FAILED;
}

bool tb_outbox_answer(tb_outbox *o, const tb_outbox_row *row, tb_str reply, const tb_json *more, tb_outbox_told *told,
                      void *user) {
    slot *x = o->phase == STOPPED || in_hand(o, row) ? NULL : take_slot(o, row);
    struct handing w = {x, reply, more};
    if (!x) return false;
    if (tb_try(x->arena, take_answer, &w) != TB_OK) return free_slot(x), false;
    x->told = told;
    x->told_user = user;
    reply_to_case(x, x->row.case_id);
    return true;
}

bool tb_outbox_holds(const tb_outbox *o, const tb_outbox_row *row) { return in_hand(o, row); }

/* ---- configuration ---- */

struct reading {
    tb_outbox *o;
    tb_str text;
    char *why;
    size_t room;
    bool english;
};

static char *z(tb_arena *a, tb_str s) {
    char *p = tb_alloc(a, (size_t)s.n + 1);
    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

static int read_interfaces(void *arg) {
    struct reading *w = arg;
    tb_arena *a = w->o->arena;
    const char *error = "";
    size_t where = 0;
    const tb_json *all = tb_json_read(a, w->text, &error, &where);
    if (!all || all->kind != TB_JSON_OBJECT || all->count > INTERFACES) {
        snprintf(w->why, w->room,
                 w->english ? "the configuration of interfaces is not {\"NAME\":{\"url\":…}}: byte %zu %s"
                            : "接口配置应是 {\"接口名\":{\"url\":\"https://…\"}}：第 %zu 字节 %s",
                 where, error);
        return TB_FAILED;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        const tb_json *v = &all->items[i];
        tb_str url = tb_json_text(v, "url"), token = tb_json_text(v, "token");
        int64_t timeout = tb_json_number(v, "timeout_ms", TIMEOUT_MS);
        bool known = v->kind == TB_JSON_OBJECT;
        for (uint32_t k = 0; known && k < v->count; k++)
            known =
                tb_str_is(v->keys[k], "url") || tb_str_is(v->keys[k], "token") || tb_str_is(v->keys[k], "timeout_ms");
        if (!known || !(tb_str_starts(url, "http://") || tb_str_starts(url, "https://")) || timeout < 1 ||
            timeout > TIMEOUT_MOST) {
            snprintf(w->why, w->room,
                     w->english ? "interface %.*s takes url (http:// or https://), token, timeout_ms (1 to %d)"
                                : "接口“%.*s”的配置应有 url（http:// 或 https://），可有 token、timeout_ms（1 到 %d）",
                     TB_FMT(all->keys[i]), TIMEOUT_MOST);
            return TB_FAILED;
        }
        *TB_PUSH(a, w->o->interfaces) = (interface){.name = tb_str_copy(a, all->keys[i]),
                                                    .url = z(a, url),
                                                    .token = token.n ? z(a, token) : NULL,
                                                    .timeout = timeout};
    }
    return TB_OK;
}

tb_outbox *tb_outbox_new(tb_server *s, tb_str interfaces, char *why, size_t room) {
    tb_outbox *o = calloc(1, sizeof *o);
    bool english = s->o.lang == TB_LANG_EN;
    snprintf(why, room, "%s", english ? "out of memory" : "内存不足");
    if (!o) return NULL;
    o->s = s;
    o->phase = STOPPED;
    o->arena = tb_arena_new(NULL, 0);
    o->page_arena = tb_arena_new(NULL, 0);
    o->caller = tb_io_caller_new(s->io);
    o->ring = tb_io_timer_new(s->io, ring, o);
    bool whole = o->arena && o->page_arena && o->caller && o->ring;
    for (int i = 0; i < TB_OUTBOX_CALLS; i++) {
        o->slots[i].o = o;
        whole &= (o->slots[i].arena = tb_arena_new(NULL, 0)) != NULL;
    }
    struct reading w = {o, interfaces, why, room, english};
    if (whole && (!interfaces.p || tb_try(o->arena, read_interfaces, &w) == TB_OK)) return o;
    tb_outbox_free(o);
    return NULL;
}

void tb_outbox_start(tb_outbox *o) {
    o->phase = IDLE;
    o->next = INT64_MIN;
    arm(o);
}

void tb_outbox_stop(tb_outbox *o) {
    if (!o) return;
    o->phase = STOPPED;
    tb_io_timer_clear(o->ring);
    tb_io_caller_free(o->caller);
    o->caller = NULL;
}

void tb_outbox_free(tb_outbox *o) {
    if (!o) return;
    tb_outbox_stop(o);
    tb_io_timer_free(o->ring);
    for (int i = 0; i < TB_OUTBOX_CALLS; i++) tb_arena_free(o->slots[i].arena);
    tb_arena_free(o->page_arena);
    tb_arena_free(o->arena);
    free(o);
}

tb_outbox_stats tb_outbox_now(const tb_outbox *o) {
    tb_outbox_stats s = o->stats;
    s.under_way = o->under_way;
    int64_t now = wall(o);
    for (uint32_t i = 0; i < o->interfaces.count; i++) s.open_circuits += o->interfaces.items[i].open_until > now;
    return s;
}
