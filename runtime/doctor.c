/* See doctor.h.
 *
 *   verify the ledger ─▶ last event of each case ─▶ each case replayed: its row, its tasks, its calls ─▶ rows too many
 *
 * Tasks and calls have keys that do not begin with the case, so they are not looked up but collected: a digest of the key and one of the
 * content, sorted; one scan of each table then finds what is missing, too many, or different. To say in words what differs, and to
 * repair it, the case is replayed once more. */
#include "doctor.h"
#include "calendar.h"
#include "canonical.h"
#include "digest.h"
#include "stepping.h"
#include "walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000, REPAIRS = 500 /* rows of one transaction, about */ };

typedef struct last {
    int64_t id, leaf;
} last;

typedef struct mark { /* of a row that should be there */
    uint64_t key, content;
    int64_t case_id;
    bool seen;
} mark;
typedef TB_LIST(mark) marks;

typedef struct doctor {
    const tb_doctor_options *o;
    tb_doctor_result *r;
    tb_store *store;
    tb_reader *reader;
    tb_registry *registry;
    const tb_world *world;
    tb_walk walk;
    char name[TB_CASE_NAME + 1];
    tb_arena *lasting, *work, *mending; /* of the whole examination; of one case; of one transaction */
    tb_arena *page[2];                  /* by turns: a page of tasks begins after the last of the one before */
    TB_LIST(last) cases;
    marks tasks, calls;
    TB_LIST(int64_t) sick; /* cases to look at more closely */
    /* Of the case in hand, as they should be: */
    tb_event_list chain;
    tb_case_row row;
    tb_task_list open;
    tb_outbox_list asked;
    bool differs; /* before comparing: tell what does */
    bool
        may_repair; /* not when rows know of more than the log: its end may have been cut off, and they are what shows it */
    /* What a repair writes: first what goes, then what comes. */
    tb_write gone, come;
    int rc; /* of a scan's callback */
} doctor;

/* ---- saying what was found ---- */

static void say(doctor *x, enum tb_doctor_kind kind, enum tb_doctor_how how, int64_t id, tb_str key, const char *column,
                tb_str stored, tb_str right) {
    char name[TB_CASE_NAME + 1];
    tb__case_name(id, name);
    x->r->differences++;
    x->o->found(x->o->user, &(tb_doctor_finding){kind, how, name, key, column, stored, right});
}

static tb_str number(doctor *x, int64_t n) {
    return n == TB_NEVER ? TB_STR("-") : tb_str_printf(x->work, "%lld", (long long)n);
}

/* ---- digests of rows ---- */

static uint64_t digest(const tb_buf *b) {
    uint8_t d[32];
    uint64_t n = 0;
    tb_sm3(b->p, b->n, d);
    for (int i = 0; i < 8; i++) n = n << 8 | d[i];
    return n;
}

static void put_part(tb_buf *b, tb_str s) { tb_putf(b, "%u:%.*s ", s.n, TB_FMT(s)); }

static mark mark_of_task(doctor *x, const tb_task_row *t) {
    tb_buf b;
    mark m = {.case_id = t->case_id};
    tb_buf_init(&b, x->work);
    put_part(&b, t->place);
    put_part(&b, t->post);
    put_part(&b, t->step);
    tb_putf(&b, "%lld ", (long long)t->case_id);
    m.key = digest(&b);
    put_part(&b, t->matter);
    put_part(&b, t->holder);
    put_part(&b, t->alert);
    tb_putf(&b, "%lld", (long long)t->entered);
    if (!x->r->underived) tb_putf(&b, " %lld %d", (long long)t->due, t->overdue);
    m.content = digest(&b);
    return m;
}

static mark mark_of_call(doctor *x, const tb_outbox_row *o) {
    tb_buf b;
    mark m = {.case_id = o->case_id};
    tb_buf_init(&b, x->work);
    tb_putf(&b, "%lld.%d ", (long long)o->leaf, (int)o->n);
    m.key = digest(&b);
    tb_putf(&b, "%lld %d %d ", (long long)o->case_id, (int)o->kind, (int)o->retries);
    put_part(&b, o->target);
    put_part(&b, o->step);
    put_part(&b, o->key);
    put_part(&b, o->body);
    m.content = digest(&b);
    return m;
}

static int by_key(const void *a, const void *b) {
    const mark *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->case_id > y->case_id) - (x->case_id < y->case_id);
}

static mark *find_mark(marks *list, uint64_t key) {
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list->items[middle].key < key) low = middle + 1;
        else high = middle;
    }
    return low < list->count && list->items[low].key == key ? &list->items[low] : NULL;
}

/* ---- which cases there are ---- */

static last *find_case(doctor *x, int64_t id) {
    uint32_t low = 0, high = x->cases.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->cases.items[middle].id < id) low = middle + 1;
        else high = middle;
    }
    return low < x->cases.count && x->cases.items[low].id == id ? &x->cases.items[low] : NULL;
}

struct adding {
    doctor *x;
    int64_t id;
};
static int add_case(void *arg) {
    struct adding *d = arg;
    doctor *x = d->x;
    uint32_t i = x->cases.count;
    *TB_PUSH(x->lasting, x->cases) = (last){d->id, 0};
    for (; i > 0 && x->cases.items[i - 1].id > d->id; i--)
        x->cases.items[i] = x->cases.items[i - 1]; /* mostly none: numbers grow */
    x->cases.items[i] = (last){d->id, 0};
    return TB_OK;
}

static int take_event(void *user, const tb_event_row *row) {
    doctor *x = user;
    x->r->events++;
    if (!row->case_id) return 0;
    last *l = find_case(x, row->case_id);
    if (!l) {
        x->rc = tb_try(x->lasting, add_case, &(struct adding){x, row->case_id});
        if (x->rc) return 1;
        l = find_case(x, row->case_id);
    }
    l->leaf = row->leaf;
    return 0;
}

/* ---- one case as it should be ---- */

static int broken(doctor *x, const char *what) {
    snprintf(x->r->broken, sizeof x->r->broken, "%s：%s", x->name, what);
    return TB_FAILED;
}

/* What an event asked of others, as stepping.c writes it. The wall clock of then is nearly that of the event. */
static void take_asked(doctor *x, const tb_event_row *e) {
    const tb_outcome *o = x->walk.outcome;
    for (uint32_t i = 0; i < o->sent.count; i++) {
        const tb_sent *s = &o->sent.items[i];
        *TB_PUSH(x->work, x->asked) = (tb_outbox_row){.leaf = e->leaf,
                                                      .case_id = e->case_id,
                                                      .n = (int32_t)i + 1,
                                                      .kind = s->kind,
                                                      .target = tb_str_copy(x->work, s->to),
                                                      .step = tb_str_copy(x->work, s->step),
                                                      .key = tb_str_copy(x->work, s->key),
                                                      .body = tb_str_copy(x->work, s->body),
                                                      .at = e->wall,
                                                      .due = e->wall,
                                                      .retries = s->retries,
                                                      .problem = TB_STR("")};
    }
}

static int origin_of(doctor *x, const tb_event_row *first, int64_t *origin) {
    tb_event e;
    int rc = tb_event_read(x->work, first->body, &e);
    *origin = 0;
    if (rc) return rc == TB_NOMEM ? rc : TB_OK;
    *origin = e.parent.n ? tb__origin_of_start(e.parent, e.parent_key)
                      : tb__origin_of_request(x->work, &e.by, first->request);
    return TB_OK;
}

/* Replays the case; x->row, x->open and x->asked are then what its rows should be. Under tb_try on x->work. */
static int rebuild(void *arg) {
    doctor *x = arg;
    tb_buf keys;
    static const char none[TB__KEY];
    uint8_t key[TB__KEY];
    x->asked = (tb_outbox_list){0};
    x->open = (tb_task_list){0};
    tb_buf_init(&keys, x->work);
    tb_walk_again(&x->walk, tb_str_z(x->name));
    for (uint32_t i = x->chain.count; i-- > 0;) {
        const tb_event_row *e = &x->chain.items[i];
        int rc = tb_walk_step(&x->walk, e);
        if (rc == TB_NOMEM) return rc;
        if (rc) return broken(x, x->walk.why);
        take_asked(x, e);
        if (e->request.p) tb__hash_key(e->request, key);
        tb_put(&keys, e->request.p ? (const char *)key : none, TB__KEY);
    }
    const tb_event_row *newest = &x->chain.items[0], *first = &x->chain.items[x->chain.count - 1];
    const tb_case *c = x->walk.state;
    int64_t origin;
    if (origin_of(x, first, &origin)) return TB_NOMEM;
    x->row = (tb_case_row){.id = newest->case_id,
                           .origin = origin,
                           .program = x->walk.version->leaf,
                           .seq = newest->seq,
                           .last = newest->leaf,
                           .due = tb__due_of(c, &x->world->env, tb_io_wall(NULL)),
                           .name = tb_str_copy(x->work, tb_str_z(x->name)),
                           .matter = c->program->matter,
                           .state = tb_str_copy(x->work, tb_state_in(x->walk.written)),
                           .keys = tb_buf_str(&keys),
                           .applicant = c->applicant.person};
    tb__task_rows(x->work, &x->open, c, &x->world->env, newest->case_id);
    return TB_OK;
}

static int read_chain(doctor *x, const last *l) {
    tb_arena_reset(x->work);
    tb__case_name(l->id, x->name);
    int result = tb_read_history(x->reader, l->leaf, 0, x->work, &x->chain);
    if (result == TB_STORE_CORRUPT) return broken(x, tb_reader_why(x->reader));
    if (result || !x->chain.count) return x->rc = TB_NOMEM;
    return tb_try(x->work, rebuild, x);
}

/* ---- comparing a case's row ---- */

static bool differs(doctor *x, const char *column, tb_str stored, tb_str right) {
    if (tb_str_eq(stored, right)) return false;
    if (x->differs) say(x, TB_DOCTOR_CASE, TB_DOCTOR_DIFFERS, x->row.id, TB_STR(""), column, stored, right);
    return true;
}

static bool differs_number(doctor *x, const char *column, int64_t stored, int64_t right) {
    return stored != right && differs(x, column, number(x, stored), number(x, right));
}

static tb_str in_hex(doctor *x, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, x->work);
    for (uint32_t i = 0; i < s.n; i++) tb_putf(&b, "%02x", (uint8_t)s.p[i]);
    return tb_buf_str(&b);
}

/* The first column that differs; told when x->differs is set. */
static bool row_differs(doctor *x, const tb_case_row *stored) {
    const tb_case_row *right = &x->row;
    if (differs_number(x, "seq", stored->seq, right->seq) || differs_number(x, "last", stored->last, right->last) ||
        differs_number(x, "program", stored->program, right->program) ||
        differs(x, "name", stored->name, right->name) || differs(x, "matter", stored->matter, right->matter) ||
        differs(x, "state", stored->state, right->state) || differs_number(x, "origin", stored->origin, right->origin) ||
        differs(x, "applicant", stored->applicant, right->applicant))
        return true;
    if (!tb_str_eq(stored->keys, right->keys))
        return differs(x, "keys", in_hex(x, stored->keys), in_hex(x, right->keys));
    if (x->r->underived || tb__due_fits(x->walk.state, &x->world->env, stored->due)) return false;
    return differs(x, "due", number(x, stored->due), number(x, right->due));
}

static int read_result(doctor *x, int result) { /* of a row that may be absent */
    return result == TB_STORE_OK || result == TB_STORE_NONE ? TB_OK : (x->rc = TB_FAILED);
}

/* A row does not say whose the case is; but is it found by its applicant? In a file of an older version there is no such index. */
static int find_by_applicant(doctor *x, tb_case_row *stored) {
    tb_case_list found = {0};
    stored->applicant = x->row.applicant;
    if (tb_store_lags(x->store)) return TB_OK;
    int result = tb_read_cases_by(x->reader, x->row.applicant, x->row.id + 1, 1, x->work, &found);
    if (result != TB_STORE_OK) return x->rc = TB_FAILED;
    if (found.count == 0 || found.items[0].id != x->row.id) stored->applicant = TB_STR("?");
    return TB_OK;
}

static int compare_row(void *arg) {
    doctor *x = arg;
    tb_case_row stored;
    int result = tb_read_case(x->reader, x->row.id, x->work, &stored);
    if (read_result(x, result)) return TB_FAILED;
    bool tell = x->differs;
    if (result == TB_STORE_NONE) {
        if (tell) say(x, TB_DOCTOR_CASE, TB_DOCTOR_MISSING, x->row.id, TB_STR(""), NULL, TB_STR(""), TB_STR(""));
        x->differs = true;
    } else {
        if (find_by_applicant(x, &stored)) return TB_FAILED;
        x->differs = row_differs(x, &stored);
    }
    return TB_OK;
}

/* What the case should have in the other tables is remembered. */
static int remember(void *arg) {
    doctor *x = arg;
    uint32_t tasks = x->tasks.count, calls = x->calls.count;
    for (uint32_t i = 0; i < x->open.count; i++) TB_PUSH(x->lasting, x->tasks);
    for (uint32_t i = 0; i < x->asked.count; i++) TB_PUSH(x->lasting, x->calls);
    if (x->differs) *TB_PUSH(x->lasting, x->sick) = x->row.id;
    x->tasks.count = tasks; /* the room stays: filled in by mark_rows(), which works in the case's arena */
    x->calls.count = calls;
    return TB_OK;
}

static int mark_rows(void *arg) {
    doctor *x = arg;
    for (uint32_t i = 0; i < x->open.count; i++) x->tasks.items[x->tasks.count++] = mark_of_task(x, &x->open.items[i]);
    for (uint32_t i = 0; i < x->asked.count; i++)
        x->calls.items[x->calls.count++] = mark_of_call(x, &x->asked.items[i]);
    return TB_OK;
}

static int check_case(doctor *x, const last *l) {
    int rc = read_chain(x, l);
    x->differs = false; /* silently: what differs is told by the closer look */
    if (rc == TB_OK) rc = tb_try(x->work, compare_row, x);
    if (rc == TB_OK) rc = tb_try(x->lasting, remember, x);
    if (rc == TB_OK) rc = tb_try(x->work, mark_rows, x);
    x->r->cases++;
    return rc;
}

/* ---- what is in the tables ---- */

static int mend_task(void *arg), mend_call(void *arg), mend_case(void *arg);
typedef struct extra {
    doctor *x;
    const void *row;
} extra;

static int keep_sick(void *arg) {
    extra *e = arg;
    *TB_PUSH(e->x->lasting, e->x->sick) = *(const int64_t *)e->row;
    return TB_OK;
}

/* A row that is there: 1: it is none too many. */
static int meet(doctor *x, marks *list, mark m) {
    mark *right = find_mark(list, m.key);
    if (!right) return 0;
    right->seen = true;
    if (right->content != m.content) x->rc = tb_try(x->lasting, keep_sick, &(extra){x, &right->case_id});
    return 1;
}

static tb_str task_key(doctor *x, const tb_task_row *t) {
    return tb_str_printf(x->work, "%.*s/%.*s/%.*s", TB_FMT(t->place), TB_FMT(t->post), TB_FMT(t->step));
}
static tb_str call_key(doctor *x, const tb_outbox_row *o) {
    return tb_str_printf(x->work, "%lld.%d", (long long)o->leaf, (int)o->n);
}

static int meet_task(void *arg) {
    extra *e = arg;
    doctor *x = e->x;
    const tb_task_row *t = e->row;
    if (meet(x, &x->tasks, mark_of_task(x, t))) return TB_OK;
    say(x, TB_DOCTOR_TASK, TB_DOCTOR_EXTRA, t->case_id, task_key(x, t), NULL, TB_STR(""), TB_STR(""));
    x->rc = tb_try(x->mending, mend_task, e);
    return TB_OK;
}

static int meet_call(void *arg) {
    extra *e = arg;
    doctor *x = e->x;
    const tb_outbox_row *o = e->row;
    if (meet(x, &x->calls, mark_of_call(x, o))) return TB_OK;
    say(x, TB_DOCTOR_CALL, TB_DOCTOR_EXTRA, o->case_id, call_key(x, o), NULL, TB_STR(""), TB_STR(""));
    x->rc = tb_try(x->mending, mend_call, e);
    return TB_OK;
}

static int scan_tasks(doctor *x) {
    tb_task_row after;
    tb_task_query q = {.limit = PAGE};
    tb_task_list page;
    int turn = 0;
    do {
        turn = 1 - turn;
        tb_arena_reset(x->page[turn]);
        tb_arena_reset(x->work);
        if (tb_read_tasks(x->reader, &q, x->page[turn], &page) != TB_STORE_OK) return TB_FAILED;
        for (uint32_t i = 0; i < page.count && x->rc == TB_OK; i++) {
            int rc = tb_try(x->work, meet_task, &(extra){x, &page.items[i]});
            if (rc) return rc;
            x->r->tasks++;
        }
        if (page.count) after = page.items[page.count - 1], q.after = &after;
    } while (page.count == PAGE && x->rc == TB_OK);
    return x->rc;
}

static int scan_calls(doctor *x) {
    tb_outbox_list page;
    int64_t leaf = INT64_MIN;
    int32_t n = 0;
    do {
        tb_arena_reset(x->work);
        if (tb_read_outbox(x->reader, -1, leaf, n, PAGE, x->work, &page) != TB_STORE_OK) return TB_FAILED;
        for (uint32_t i = 0; i < page.count && x->rc == TB_OK; i++) {
            leaf = page.items[i].leaf;
            n = page.items[i].n;
            int rc = tb_try(x->work, meet_call, &(extra){x, &page.items[i]});
            if (rc) return rc;
            x->r->calls++;
        }
    } while (page.count == PAGE && x->rc == TB_OK);
    return x->rc;
}

static int take_case(void *user, const tb_case_row *row) {
    doctor *x = user;
    if (find_case(x, row->id)) return 0;
    say(x, TB_DOCTOR_CASE, TB_DOCTOR_EXTRA, row->id, TB_STR(""), NULL, TB_STR(""), TB_STR(""));
    x->rc = tb_try(x->mending, mend_case, &(extra){x, row});
    return x->rc;
}

static int find_missing(void *arg) {
    doctor *x = arg;
    marks *lists[] = {&x->tasks, &x->calls};
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < lists[k]->count; i++)
            if (!lists[k]->items[i].seen) *TB_PUSH(x->lasting, x->sick) = lists[k]->items[i].case_id;
    return TB_OK;
}

/* ---- the closer look: in words, and what a repair writes ---- */

static int tell_tasks(doctor *x) {
    for (uint32_t i = 0; i < x->open.count; i++) {
        const tb_task_row *right = &x->open.items[i];
        tb_task_row before = {
            .case_id = right->case_id, .place = right->place, .post = right->post, .step = TB_STR("")};
        tb_task_query q = {
            .place = right->place, .post = right->post, .step = right->step, .after = &before, .limit = 1};
        tb_task_list found;
        if (tb_read_tasks(x->reader, &q, x->work, &found) != TB_STORE_OK) return TB_FAILED;
        const tb_task_row *t = found.count && found.items[0].case_id == right->case_id ? &found.items[0] : NULL;
        if (!t) {
            say(x, TB_DOCTOR_TASK, TB_DOCTOR_MISSING, right->case_id, task_key(x, right), NULL, TB_STR(""), TB_STR(""));
            continue;
        }
        bool due = !x->r->underived && t->due != right->due, late = !x->r->underived && t->overdue != right->overdue;
        const struct {
            const char *name;
            tb_str is, should;
        } texts[] = {{"matter", t->matter, right->matter},
                     {"holder", t->holder, right->holder},
                     {"alert", t->alert, right->alert}};
        size_t text = 0;
        while (text < sizeof texts / sizeof *texts && tb_str_eq(texts[text].is, texts[text].should)) text++;
        bool entered = t->entered != right->entered;
        if (text < sizeof texts / sizeof *texts) {
            say(x, TB_DOCTOR_TASK, TB_DOCTOR_DIFFERS, right->case_id, task_key(x, right), texts[text].name,
                texts[text].is, texts[text].should);
            continue;
        }
        if (!due && !late && !entered) continue;
        say(x, TB_DOCTOR_TASK, TB_DOCTOR_DIFFERS, right->case_id, task_key(x, right),
            entered ? "entered"
            : due   ? "due"
                    : "overdue",
            number(x, entered ? t->entered
                      : due   ? t->due
                              : t->overdue),
            number(x, entered ? right->entered
                      : due   ? right->due
                              : right->overdue));
    }
    return TB_OK;
}

/* What was carried of a call stays as it was; a lost one is carried again. */
static int tell_calls(doctor *x) {
    tb_outbox_list wrong = {0};
    for (uint32_t i = 0; i < x->asked.count; i++) {
        tb_outbox_row *right = &x->asked.items[i], stored;
        int result = tb_read_outbox_row(x->reader, right->leaf, right->n, x->work, &stored);
        if (read_result(x, result)) return TB_FAILED;
        bool missing = result == TB_STORE_NONE;
        if (!missing && mark_of_call(x, &stored).content == mark_of_call(x, right).content) continue;
        if (!missing) {
            right->at = stored.at;
            right->due = stored.due;
            right->attempts = stored.attempts;
            right->state = stored.state;
            right->problem = stored.problem;
        }
        say(x, TB_DOCTOR_CALL, missing ? TB_DOCTOR_MISSING : TB_DOCTOR_DIFFERS, right->case_id, call_key(x, right),
            missing ? NULL : "body", missing ? TB_STR("") : stored.body, missing ? TB_STR("") : right->body);
        *TB_PUSH(x->work, wrong) = *right;
    }
    x->asked = wrong;
    return TB_OK;
}

static int tell_case(void *arg) {
    doctor *x = arg;
    int rc = compare_row(x);
    if (rc == TB_OK) rc = tell_tasks(x);
    return rc == TB_OK ? tell_calls(x) : rc;
}

/* ---- repair ---- */

static tb_task_row copy_task(tb_arena *a, const tb_task_row *t) {
    tb_task_row c = *t;
    c.place = tb_str_copy(a, t->place);
    c.post = tb_str_copy(a, t->post);
    c.step = tb_str_copy(a, t->step);
    c.matter = tb_str_copy(a, t->matter);
    return c;
}

static tb_outbox_row copy_call(tb_arena *a, const tb_outbox_row *o) {
    tb_outbox_row c = *o;
    tb_str *texts[] = {&c.target, &c.step, &c.key, &c.body, &c.problem};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = tb_str_copy(a, *texts[i]);
    return c;
}

static int mend_task(void *arg) {
    extra *e = arg;
    *TB_PUSH(e->x->mending, e->x->gone.tasks_gone) = copy_task(e->x->mending, e->row);
    return TB_OK;
}

static int mend_call(void *arg) {
    extra *e = arg;
    *TB_PUSH(e->x->mending, e->x->gone.outbox_gone) = copy_call(e->x->mending, e->row);
    return TB_OK;
}

static int mend_case(void *arg) {
    extra *e = arg;
    *TB_PUSH(e->x->mending, e->x->gone.cases_gone) = (tb_case_row){.id = ((const tb_case_row *)e->row)->id};
    return TB_OK;
}

static int mend_all(void *arg) {
    doctor *x = arg;
    tb_arena *a = x->mending;
    tb_case_row *row = TB_PUSH(a, x->come.cases);
    *row = x->row;
    row->name = tb_str_copy(a, row->name);
    row->matter = tb_str_copy(a, row->matter);
    row->state = tb_str_copy(a, row->state);
    row->keys = tb_str_copy(a, row->keys);
    row->applicant = tb_str_copy(a, row->applicant);
    row->moved = true;
    *TB_PUSH(a, x->gone.cases_gone) = (tb_case_row){.id = row->id}; /* its origin is written with a new row only */
    for (uint32_t i = 0; i < x->open.count; i++) *TB_PUSH(a, x->come.tasks_come) = copy_task(a, &x->open.items[i]);
    for (uint32_t i = 0; i < x->asked.count; i++) {
        tb_outbox_row call = copy_call(a, &x->asked.items[i]);
        *TB_PUSH(a, x->gone.outbox_gone) = call;
        *TB_PUSH(a, x->come.outbox) = call;
    }
    return TB_OK;
}

static uint32_t rows_in(const doctor *x) {
    return x->gone.cases_gone.count + x->gone.tasks_gone.count + x->gone.outbox_gone.count + x->come.cases.count +
           x->come.tasks_come.count + x->come.outbox.count;
}

/* The event that says who ordered it. */
static int make_record(void *arg) {
    doctor *x = arg;
    tb_buf b;
    tb_store_tail tail = tb_store_last(x->store);
    int64_t now = tb_io_wall(NULL);
    if (now < tail.wall) now = tail.wall;
    tb_buf_init(&b, x->mending);
    tb_puts(&b, "{\"by\":{\"person\":");
    tb_json_put_text(&b, tb_str_z(x->o->person));
    tb_putf(&b, "},\"calls\":%u,\"cases\":%u,\"reason\":", x->gone.outbox_gone.count, x->gone.cases_gone.count);
    tb_json_put_text(&b, tb_str_z(x->o->reason));
    tb_putf(&b, ",\"tasks\":%u}", x->gone.tasks_gone.count + x->come.tasks_come.count);
    tb_event_row *row = TB_PUSH(x->mending, x->come.events);
    *row = (tb_event_row){.leaf = tail.leaf + 1,
                          .at = now,
                          .wall = now,
                          .semantics = TB_SEMANTICS,
                          .kind = TB_STR("repair"),
                          .body = tb_buf_str(&b)};
    tb_sm3(row->body.p, row->body.n, row->outcome);
    return TB_OK;
}

struct written {
    int result;
    char why[256];
};
static void written(void *user, int result, const char *why) {
    struct written *w = user;
    w->result = result;
    snprintf(w->why, sizeof w->why, "%s", why);
}

static int flush(doctor *x, char *why, size_t room) {
    struct written w = {TB_STORE_RETRY, ""};
    uint32_t rows = rows_in(x);
    if (rows == 0 || !x->may_repair) return TB_OK;
    if (tb_try(x->mending, make_record, x) != TB_OK) return TB_NOMEM;
    if (tb_store_submit(x->store, (tb_write *[]){&x->gone, &x->come}, 2, written, &w) != TB_OK) return TB_NOMEM;
    if (w.result != TB_STORE_OK) return snprintf(why, room, "%s", w.why), TB_LIMIT;
    x->r->repaired += rows;
    x->gone = x->come = (tb_write){0};
    tb_arena_reset(x->mending);
    return TB_OK;
}

/* ---- all of it ---- */

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int look_closer(doctor *x, char *why, size_t room) {
    int rc = tb_try(x->lasting, find_missing, x);
    if (x->sick.count) qsort(x->sick.items, x->sick.count, sizeof *x->sick.items, by_number);
    for (uint32_t i = 0; i < x->sick.count && rc == TB_OK; i++) {
        if (i > 0 && x->sick.items[i] == x->sick.items[i - 1]) continue;
        rc = read_chain(x, find_case(x, x->sick.items[i]));
        x->differs = true;
        if (rc == TB_OK) rc = tb_try(x->work, tell_case, x);
        if (rc == TB_OK && x->may_repair) rc = tb_try(x->mending, mend_all, x);
        if (rc == TB_OK && rows_in(x) >= REPAIRS) rc = flush(x, why, room);
    }
    return rc == TB_OK ? flush(x, why, room) : rc;
}

/* Does some server still have to derive due dates (timers.h)? */
static int read_derived(doctor *x) {
    tb_str text;
    int64_t leaf = 0;
    int result = tb_read_meta(x->reader, TB_STR("derived"), x->work, &text);
    if (read_result(x, result)) return TB_FAILED;
    for (uint32_t i = 0; result == TB_STORE_OK && i < text.n; i++) leaf = leaf * 10 + (text.p[i] - '0');
    x->r->underived = tb_registry_world_at(x->registry, leaf) != x->world;
    return TB_OK;
}

static int compare_all(doctor *x, char *why, size_t room) {
    if (tb_registry_open(x->registry, x->reader, why, room) != TB_OK) return TB_LIMIT;
    x->may_repair = x->o->repair && !x->r->ledger.found;
    x->world = tb_registry_world(x->registry);
    if (read_derived(x) || tb_scan_events(x->reader, 1, 0, take_event, x) != TB_STORE_OK) return TB_FAILED;
    int rc = x->rc;
    for (uint32_t i = 0; i < x->cases.count && rc == TB_OK; i++) {
        rc = check_case(x, &x->cases.items[i]);
        if (x->o->progress && i % PAGE == 0) x->o->progress(x->o->user, i, x->cases.count);
    }
    if (rc) return rc;
    if (x->tasks.count) qsort(x->tasks.items, x->tasks.count, sizeof *x->tasks.items, by_key);
    if (x->calls.count) qsort(x->calls.items, x->calls.count, sizeof *x->calls.items, by_key);
    if (tb_scan_cases(x->reader, INT64_MIN, 0, take_case, x) != TB_STORE_OK) return TB_FAILED;
    if (x->rc == TB_OK) rc = scan_tasks(x);
    if (rc == TB_OK) rc = scan_calls(x);
    return rc == TB_OK ? look_closer(x, why, room) : rc;
}

/* Log and projections are compared in one view: a server may go on beside. */
static int examine(doctor *x, char *why, size_t room) {
    if (tb_ledger_verify(x->reader, &(tb_ledger_options){0}, &x->r->ledger) != TB_STORE_OK) return TB_FAILED;
    if (x->r->ledger.found && x->r->ledger.found != TB_LEDGER_CUT) return TB_OK;
    if (tb_reader_begin(x->reader) != TB_STORE_OK) return TB_FAILED;
    int rc = compare_all(x, why, room);
    tb_reader_end(x->reader);
    return rc;
}

int tb_doctor(const tb_doctor_options *o, tb_doctor_result *r, char *why, size_t room) {
    bool english = o->lang == TB_LANG_EN;
    tb_store_error error;
    tb_store_options options = {.read_only = !o->repair, .ledger = true, .english = english};
    *r = (tb_doctor_result){0};
    *why = '\0';
    doctor *x = calloc(1, sizeof *x);
    if (!x) return snprintf(why, room, english ? "out of memory" : "内存不足"), TB_FAILED;
    *x = (doctor){.o = o, .r = r};
    if (tb_store_open_sqlite(o->db, &options, &x->store, &error) != TB_OK) {
        free(x);
        return snprintf(why, room, "%s", error.text), TB_FAILED;
    }
    int rc = TB_NOMEM;
    x->reader = tb_reader_open(x->store);
    x->registry = tb_registry_new();
    x->lasting = tb_arena_new(NULL, 0);
    x->work = tb_arena_new(NULL, 0);
    x->mending = tb_arena_new(NULL, 0);
    x->page[0] = tb_arena_new(NULL, 0);
    x->page[1] = tb_arena_new(NULL, 0);
    if (x->reader && x->registry && x->lasting && x->work && x->mending && x->page[0] && x->page[1] &&
        tb_walk_begin(&x->walk, x->registry, TB_NONE, true) == TB_OK) {
        rc = examine(x, why, room);
        tb_walk_end(&x->walk);
    }
    if (rc == TB_NOMEM) snprintf(why, room, english ? "out of memory" : "内存不足");
    if (rc == TB_FAILED && !r->broken[0]) snprintf(why, room, "%s", tb_reader_why(x->reader));
    tb_arena_free(x->lasting);
    tb_arena_free(x->work);
    tb_arena_free(x->mending);
    tb_arena_free(x->page[0]);
    tb_arena_free(x->page[1]);
    tb_registry_free(x->registry);
    tb_reader_close(x->reader);
    tb_store_close(x->store);
    free(x);
    return rc == TB_OK || (rc == TB_FAILED && r->broken[0]) ? TB_OK : TB_FAILED;
}
