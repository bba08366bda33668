/* The store without a disk: for tests, and for the simulator, which must run thousands of servers from one seed.
 *
 * Every table is a vector of pointers to rows in key order, each row one block of memory with its texts behind it.
 * That is slow to insert into (memmove) and quick to read in order, and nothing in it can be wrong in an interesting
 * way: the suite that both stores pass compares SQLite's answers with these.
 *
 * All or nothing: a batch first copies its rows and makes room in the vectors; only then, when nothing can fail any
 * more, are the rows put in. The disk survives tb_store_close, so a simulated crash loses exactly what was not
 * committed.
 *
 * One mutex guards the disk; it is recursive, since a callback of a scan may read. */
#include "store_backend.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum table { EVENTS, CASES, LOADS, TASKS, OUTBOX, SOURCES, ATTACHMENTS, METAS, ACCOUNTS, CREDENTIALS, ACCESSES, CHANGES, TABLES };

/* The rows of all tables begin so; `row` is of the table's type, with pointers into the same block. */
struct row {
    union {
        tb_event_row event;
        tb_case_row kase;
        tb_load_row load;
        tb_task_row task;
        tb_outbox_row outbox;
        tb_blob_row blob;
        tb_meta_row meta;
        tb_account_row account;
        tb_credential_row credential;
        tb_access_row access;
        tb_change_row change;
    };
};

struct vector {
    struct row **items;
    size_t count, room;
};

struct tb_memory_disk {
    pthread_mutex_t lock;
    struct vector table[TABLES];
};

struct memory_store {
    tb_store base;
    tb_memory_disk *disk;
    bool own_disk;
};

static struct memory_store *of(tb_store *s) { return (struct memory_store *)s; }

tb_memory_disk *tb_memory_disk_new(void) {
    tb_memory_disk *d = calloc(1, sizeof *d);
    pthread_mutexattr_t recursive;
    if (!d || pthread_mutexattr_init(&recursive) != 0) return free(d), NULL;
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    int bad = pthread_mutex_init(&d->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    if (bad) return free(d), NULL;
    return d;
}

void tb_memory_disk_free(tb_memory_disk *d) {
    if (!d) return;
    for (int t = 0; t < TABLES; t++) {
        for (size_t i = 0; i < d->table[t].count; i++) free(d->table[t].items[i]);
        free(d->table[t].items);
    }
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---- order ---- */

static int cmp_int(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int cmp_task(const tb_task_row *a, const tb_task_row *b) {
    int order = tb_str_cmp(a->place, b->place);
    if (!order) order = tb_str_cmp(a->post, b->post);
    if (!order) order = cmp_int(a->case_id, b->case_id);
    return order ? order : tb_str_cmp(a->step, b->step);
}

static int cmp_outbox(const tb_outbox_row *a, const tb_outbox_row *b) {
    int order = cmp_int(a->leaf, b->leaf);
    return order ? order : cmp_int(a->n, b->n);
}

static int cmp_change(const tb_change_row *a, const tb_change_row *b) {
    int order = cmp_int(a->world, b->world);
    if (!order) order = cmp_int(a->case_id, b->case_id);
    return order ? order : cmp_int(a->n, b->n);
}

static int cmp_row(enum table t, const struct row *a, const struct row *b) {
    switch (t) {
    case EVENTS: return cmp_int(a->event.leaf, b->event.leaf);
    case CASES: return cmp_int(a->kase.id, b->kase.id);
    case LOADS: return cmp_int(a->load.leaf, b->load.leaf);
    case TASKS: return cmp_task(&a->task, &b->task);
    case OUTBOX: return cmp_outbox(&a->outbox, &b->outbox);
    case SOURCES:
    case ATTACHMENTS: return memcmp(a->blob.digest, b->blob.digest, TB_DIGEST);
    case ACCOUNTS: return tb_str_cmp(a->account.name, b->account.name);
    case CREDENTIALS: return memcmp(a->credential.digest, b->credential.digest, TB_DIGEST);
    case ACCESSES: return cmp_int(a->access.n, b->access.n);
    case CHANGES: return cmp_change(&a->change, &b->change);
    default: return tb_str_cmp(a->meta.key, b->meta.key);
    }
}

/* Index of the first row >= key. */
static size_t seek(const tb_memory_disk *d, enum table t, const struct row *key) {
    const struct vector *v = &d->table[t];
    size_t low = 0, high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cmp_row(t, v->items[middle], key) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool is_at(const tb_memory_disk *d, enum table t, size_t i, const struct row *key) {
    return i < d->table[t].count && cmp_row(t, d->table[t].items[i], key) == 0;
}

/* ---- writing ---- */

/* The texts of a row, in order: what has to be copied with it. */
enum { TEXTS = 6 };
static int texts_of(enum table t, struct row *r, tb_str *texts[TEXTS]) {
    switch (t) {
    case EVENTS:
        texts[0] = &r->event.kind, texts[1] = &r->event.request, texts[2] = &r->event.body;
        return texts[3] = &r->event.salts, texts[4] = &r->event.tree, 5;
    case CASES:
        texts[0] = &r->kase.name, texts[1] = &r->kase.matter, texts[2] = &r->kase.state, texts[3] = &r->kase.keys;
        return texts[4] = &r->kase.applicant, 5;
    case LOADS: /* and manifest, below */
        texts[0] = &r->load.kind, texts[1] = &r->load.name, texts[2] = &r->load.version, texts[3] = &r->load.by;
        return 4;
    case TASKS:
        texts[0] = &r->task.place, texts[1] = &r->task.post, texts[2] = &r->task.step, texts[3] = &r->task.matter;
        texts[4] = &r->task.holder, texts[5] = &r->task.alert;
        return 6;
    case OUTBOX:
        texts[0] = &r->outbox.target, texts[1] = &r->outbox.step, texts[2] = &r->outbox.key, texts[3] = &r->outbox.body;
        return texts[4] = &r->outbox.problem, 5;
    case SOURCES:
    case ATTACHMENTS: return texts[0] = &r->blob.bytes, 1;
    case ACCOUNTS:
        texts[0] = &r->account.name, texts[1] = &r->account.person, texts[2] = &r->account.place;
        return texts[3] = &r->account.organ, texts[4] = &r->account.password, 5;
    case CREDENTIALS: return texts[0] = &r->credential.account, texts[1] = &r->credential.label, 2;
    case ACCESSES:
        texts[0] = &r->access.who, texts[1] = &r->access.role, texts[2] = &r->access.what;
        return texts[3] = &r->access.fields, texts[4] = &r->access.why, 5;
    case CHANGES: return texts[0] = &r->change.clock, 1;
    default: return texts[0] = &r->meta.key, texts[1] = &r->meta.value, 2;
    }
}

static char *pack(char *to, tb_str *s, bool may_be_absent) {
    if (may_be_absent && !s->p) return to;
    if (s->n) memcpy(to, s->p, s->n);
    to[s->n] = '\0';
    s->p = to;
    return to + s->n + 1;
}

static struct row *copy_row(enum table t, const struct row *from) {
    struct row copy = *from;
    tb_str *texts[TEXTS];
    int n = texts_of(t, &copy, texts);
    size_t bytes = sizeof copy + (t == LOADS ? (size_t)copy.load.manifest.n + 1 : 0);
    for (int i = 0; i < n; i++) bytes += (size_t)texts[i]->n + 1;
    struct row *r = malloc(bytes);
    if (!r) return NULL;
    *r = copy;
    texts_of(t, r, texts);
    char *to = (char *)(r + 1);
    for (int i = 0; i < n; i++) to = pack(to, texts[i], t == EVENTS && i == 1);
    if (t == LOADS) pack(to, &r->load.manifest, false);
    return r;
}

/* What a batch does, in order; made before anything is changed. */
struct change {
    enum table table;
    bool gone;  /* drop the row with this key instead of putting it */
    bool keep;  /* a row of this key stays as it is (blobs) */
    struct row *row;
};
struct plan {
    struct change *items;
    size_t count, room;
    size_t puts[TABLES];
};

static void drop_plan(struct plan *p) {
    for (size_t i = 0; i < p->count; i++) free(p->items[i].row);
    free(p->items);
}

static bool add(struct plan *p, enum table t, bool gone, bool keep, const struct row *from) {
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        struct change *bigger = realloc(p->items, room * sizeof *bigger);
        if (!bigger) return false;
        p->items = bigger;
        p->room = room;
    }
    struct row *row = copy_row(t, from);
    if (!row) return false;
    p->items[p->count++] = (struct change){t, gone, keep, row};
    p->puts[t]++;
    return true;
}

#define ADD_ALL(list, table, member, gone, keep)                          \
    for (uint32_t i = 0; i < w->list.count; i++) {                        \
        struct row from = {0};                                            \
        from.member = w->list.items[i];                                   \
        if (!add(p, table, gone, keep, &from)) return false;              \
    }

static bool add_write(struct plan *p, const tb_write *w) {
    ADD_ALL(sources, SOURCES, blob, false, true)
    ADD_ALL(attachments, ATTACHMENTS, blob, false, true)
    ADD_ALL(loads, LOADS, load, false, false)
    ADD_ALL(events, EVENTS, event, false, false)
    ADD_ALL(cases, CASES, kase, false, false)
    ADD_ALL(cases_gone, CASES, kase, true, false)
    ADD_ALL(tasks_gone, TASKS, task, true, false)
    ADD_ALL(tasks_come, TASKS, task, false, false)
    ADD_ALL(outbox, OUTBOX, outbox, false, false)
    ADD_ALL(outbox_gone, OUTBOX, outbox, true, false)
    ADD_ALL(meta, METAS, meta, false, false)
    ADD_ALL(accounts, ACCOUNTS, account, false, false)
    ADD_ALL(credentials_gone, CREDENTIALS, credential, true, false)
    ADD_ALL(credentials, CREDENTIALS, credential, false, false)
    ADD_ALL(accesses, ACCESSES, access, false, false)
    ADD_ALL(changes, CHANGES, change, false, true)
    return true;
}

static bool make_room(tb_memory_disk *d, const struct plan *p) {
    for (int t = 0; t < TABLES; t++) {
        struct vector *v = &d->table[t];
        size_t need = v->count + p->puts[t];
        if (need <= v->room) continue;
        size_t room = need * 2;
        struct row **bigger = realloc(v->items, room * sizeof *bigger);
        if (!bigger) return false;
        v->items = bigger;
        v->room = room;
    }
    return true;
}

static void apply(tb_memory_disk *d, struct change *c) {
    struct vector *v = &d->table[c->table];
    size_t i = seek(d, c->table, c->row);
    bool there = is_at(d, c->table, i, c->row);
    if (c->gone) {
        if (!there) return;
        free(v->items[i]);
        memmove(v->items + i, v->items + i + 1, (v->count - i - 1) * sizeof *v->items);
        v->count--;
    } else if (!there || !c->keep) {
        if (there) free(v->items[i]);
        else memmove(v->items + i + 1, v->items + i, (v->count++ - i) * sizeof *v->items);
        v->items[i] = c->row;
        c->row = NULL; /* the table's now */
    }
}

static const tb_case_row *case_of(const tb_memory_disk *d, int64_t origin) {
    for (size_t i = 0; i < d->table[CASES].count; i++)
        if (d->table[CASES].items[i]->kase.origin == origin) return &d->table[CASES].items[i]->kase;
    return NULL;
}

/* What SQLite's keys forbid: a load written twice, two cases of one origin. */
static bool contradicts(const tb_memory_disk *d, const struct plan *p) {
    for (size_t i = 0; i < p->count; i++) {
        const struct row *row = p->items[i].row;
        if (p->items[i].table == LOADS && is_at(d, LOADS, seek(d, LOADS, row), row)) return true;
        if (p->items[i].table != CASES || row->kase.seq != 1 || row->kase.origin == 0) continue;
        const tb_case_row *other = case_of(d, row->kase.origin);
        if (other && other->id != row->kase.id) return true;
    }
    for (size_t i = 0; i < p->count; i++) /* and within the batch */
        for (size_t j = 0; j < i; j++) {
            const struct change *a = &p->items[i], *b = &p->items[j];
            if (a->table != b->table) continue;
            if (a->table == LOADS && a->row->load.leaf == b->row->load.leaf) return true;
            bool begins = a->table == CASES && a->row->kase.seq == 1 && a->row->kase.origin != 0;
            if (begins && a->row->kase.origin == b->row->kase.origin && a->row->kase.id != b->row->kase.id) return true;
        }
    return false;
}

static void number_accesses(const tb_memory_disk *d, struct plan *p) {
    const struct vector *v = &d->table[ACCESSES];
    int64_t n = v->count ? v->items[v->count - 1]->access.n : 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].table == ACCESSES) p->items[i].row->access.n = ++n;
}

static void drop_accesses(tb_memory_disk *d, int64_t until) {
    struct vector *v = &d->table[ACCESSES];
    size_t gone = 0, kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        bool old = i < TB_ACCESS_SWEEP && v->items[i]->access.at < until;
        gone += old;
        if (old) free(v->items[i]);
        else v->items[kept++] = v->items[i];
    }
    v->count -= gone;
}

static int memory_write(tb_store *base, tb_write *const *writes, uint32_t count, char *why) {
    tb_memory_disk *d = of(base)->disk;
    struct plan plan = {0};
    bool whole = true;
    int result = TB_STORE_OK;
    for (uint32_t i = 0; i < count && whole; i++) whole = add_write(&plan, writes[i]);
    pthread_mutex_lock(&d->lock);
    if (!whole || !make_room(d, &plan)) {
        snprintf(why, TB__WHY, "out of memory");
        result = TB_STORE_RETRY;
    } else if (contradicts(d, &plan)) {
        snprintf(why, TB__WHY, "a load, or a case of that origin, is there already");
        result = TB_STORE_CORRUPT;
    } else {
        number_accesses(d, &plan);
        for (size_t i = 0; i < plan.count; i++) apply(d, &plan.items[i]);
        for (uint32_t i = 0; i < count; i++) drop_accesses(d, writes[i]->accesses_until);
    }
    pthread_mutex_unlock(&d->lock);
    drop_plan(&plan);
    return result;
}

static tb_store_tail tail_of(tb_memory_disk *d) {
    tb_store_tail tail = {0};
    pthread_mutex_lock(&d->lock);
    const struct vector *v = &d->table[EVENTS];
    if (v->count) {
        const tb_event_row *e = &v->items[v->count - 1]->event;
        tail = (tb_store_tail){e->leaf, e->at, e->wall};
    }
    pthread_mutex_unlock(&d->lock);
    return tail;
}

static int memory_reopen(tb_store *base, tb_store_tail *tail, char *why) {
    (void)why;
    *tail = tail_of(of(base)->disk);
    return TB_STORE_OK;
}

static int memory_checkpoint(tb_store *base, bool wait, char *why) {
    (void)base, (void)wait, (void)why;
    return TB_STORE_OK; /* there is no log */
}

static int memory_passive(tb_store *base, char *why) { return memory_checkpoint(base, false, why); }

static int memory_backup(tb_store *base, const char *path, char *why) {
    (void)base;
    snprintf(why, TB__WHY, "%.120s: a store in memory has no file to copy", path);
    return TB_STORE_RETRY;
}

/* ---- reading ---- */

static tb_reader *memory_reader_open(tb_store *base) {
    tb_reader *r = calloc(1, sizeof *r);
    if (r) r->store = base;
    return r;
}

static void memory_reader_close(tb_reader *r) { free(r); }

static int memory_begin(tb_reader *r) {
    pthread_mutex_lock(&of(r->store)->disk->lock);
    return TB_STORE_OK;
}

static void memory_end(tb_reader *r) { pthread_mutex_unlock(&of(r->store)->disk->lock); }

static int memory_check(tb_reader *r) {
    (void)r;
    return TB_STORE_OK; /* there is no file */
}

static bool passes(const tb_task_row *t, const tb_task_query *q) {
    return (!q->place.p || tb_str_eq(t->place, q->place)) && (!q->post.p || tb_str_eq(t->post, q->post)) &&
           (!q->step.p || tb_str_eq(t->step, q->step)) && (!q->matter.p || tb_str_eq(t->matter, q->matter)) &&
           (!q->holder.p || tb_str_eq(t->holder, q->holder)) && (!q->alert_only || t->alert.n) &&
           (!q->overdue_only || t->overdue) && (!q->after || cmp_task(t, q->after) > 0);
}

/* Rows in key order from the i-th. */
static void walk(const tb_memory_disk *d, enum table t, size_t i, const tb__query *q, tb__row_fn *each, void *user) {
    uint32_t handed = 0;
    for (; i < d->table[t].count && (q->limit == 0 || handed < q->limit); i++) {
        struct row *row = d->table[t].items[i];
        if (t == TASKS && !passes(&row->task, q->tasks)) continue;
        handed++;
        if (each(user, row)) return;
    }
}

static bool due_before(tb_due_row a, tb_due_row b) { return a.due != b.due ? a.due < b.due : a.case_id < b.case_id; }

/* The earliest timer after the last one handed out, again and again: quadratic, and plain. */
static void walk_due(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    tb_due_row after = q->after;
    for (uint32_t handed = 0; q->limit == 0 || handed < q->limit; handed++) {
        tb_due_row next = {TB_NEVER, 0};
        for (size_t i = 0; i < d->table[CASES].count; i++) {
            const tb_case_row *c = &d->table[CASES].items[i]->kase;
            tb_due_row row = {c->due, c->id};
            if (c->due != TB_NEVER && c->due <= q->until && due_before(after, row) && due_before(row, next)) next = row;
        }
        if (next.due == TB_NEVER || each(user, &next)) return;
        after = next;
    }
}

static void walk_outbox(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    struct row key = {.outbox = {.leaf = q->from, .n = (int32_t)q->until}};
    uint32_t handed = 0;
    for (size_t i = seek(d, OUTBOX, &key); i < d->table[OUTBOX].count && (q->limit == 0 || handed < q->limit); i++) {
        const tb_outbox_row *o = &d->table[OUTBOX].items[i]->outbox;
        if (cmp_outbox(o, &key.outbox) <= 0 || (q->state >= 0 && o->state != q->state)) continue;
        handed++;
        if (each(user, o)) return;
    }
}

/* The row most due after the last one handed out, again and again, as walk_due. */
static void walk_outbox_due(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    const tb_outbox_row *last = NULL;
    for (uint32_t handed = 0; q->limit == 0 || handed < q->limit; handed++) {
        const tb_outbox_row *next = NULL;
        for (size_t i = 0; i < d->table[OUTBOX].count; i++) {
            const tb_outbox_row *o = &d->table[OUTBOX].items[i]->outbox;
            if (o->due == TB_NEVER || o->due > q->until) continue;
            bool after = !last || o->due > last->due || (o->due == last->due && cmp_outbox(o, last) > 0);
            bool sooner = !next || o->due < next->due || (o->due == next->due && cmp_outbox(o, next) < 0);
            if (after && sooner) next = o;
        }
        if (!next || each(user, next)) return;
        last = next;
    }
}

static void walk_accesses(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    struct row key = {.access = {.n = q->from + 1}};
    uint32_t handed = 0;
    for (size_t i = seek(d, ACCESSES, &key); i < d->table[ACCESSES].count && (q->limit == 0 || handed < q->limit); i++) {
        const tb_access_row *a = &d->table[ACCESSES].items[i]->access;
        if ((q->until && a->case_id != q->until) || (q->key.p && !tb_str_eq(a->who, q->key))) continue;
        handed++;
        if (each(user, a)) return;
    }
}

static void walk_applicant(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    uint32_t handed = 0;
    for (size_t i = d->table[CASES].count; i-- > 0 && (q->limit == 0 || handed < q->limit);) {
        const tb_case_row *c = &d->table[CASES].items[i]->kase;
        if (c->id >= q->until || !tb_str_eq(c->applicant, q->key)) continue;
        handed++;
        if (each(user, c)) return;
    }
}

static void walk_changes(const tb_memory_disk *d, const tb__query *q, tb__row_fn *each, void *user) {
    struct row key = {.change = {.world = q->until, .case_id = q->from, .n = q->state + 1}};
    uint32_t handed = 0;
    for (size_t i = seek(d, CHANGES, &key); i < d->table[CHANGES].count && (q->limit == 0 || handed < q->limit); i++) {
        const tb_change_row *c = &d->table[CHANGES].items[i]->change;
        if (c->world != q->until) return;
        handed++;
        if (each(user, c)) return;
    }
}

static void hand_text(const tb_memory_disk *d, enum table t, const struct row *key, tb__row_fn *each, void *user) {
    size_t i = seek(d, t, key);
    if (!is_at(d, t, i, key)) return;
    each(user, t == METAS ? &d->table[t].items[i]->meta.value : &d->table[t].items[i]->blob.bytes);
}

static int memory_scan(tb_reader *r, const tb__query *q, tb__row_fn *each, void *user) {
    tb_memory_disk *d = of(r->store)->disk;
    struct row key = {0};
    pthread_mutex_lock(&d->lock);
    switch (q->kind) {
    case TB__EVENTS:
    case TB__LEAVES:
        key.event.leaf = q->from;
        walk(d, EVENTS, seek(d, EVENTS, &key), q, each, user);
        break;
    case TB__LAST_EVENT:
        if (d->table[EVENTS].count) walk(d, EVENTS, d->table[EVENTS].count - 1, q, each, user);
        break;
    case TB__CASES:
        key.kase.id = q->from;
        walk(d, CASES, seek(d, CASES, &key), q, each, user);
        break;
    case TB__LOADS:
        key.load.leaf = q->from;
        walk(d, LOADS, seek(d, LOADS, &key), q, each, user);
        break;
    case TB__ORIGIN: {
        const tb_case_row *c = case_of(d, q->from);
        if (c) each(user, c);
        break;
    }
    case TB__APPLICANT: walk_applicant(d, q, each, user); break;
    case TB__DUE: walk_due(d, q, each, user); break;
    case TB__TASKS: walk(d, TASKS, 0, q, each, user); break;
    case TB__OUTBOX: walk_outbox(d, q, each, user); break;
    case TB__OUTBOX_DUE: walk_outbox_due(d, q, each, user); break;
    case TB__ACCOUNTS: walk(d, ACCOUNTS, 0, q, each, user); break;
    case TB__CREDENTIALS: walk(d, CREDENTIALS, 0, q, each, user); break;
    case TB__ACCESSES: walk_accesses(d, q, each, user); break;
    case TB__CHANGES: walk_changes(d, q, each, user); break;
    case TB__SOURCE:
    case TB__ATTACHMENT:
        memcpy(key.blob.digest, q->key.p, TB_DIGEST);
        hand_text(d, q->kind == TB__SOURCE ? SOURCES : ATTACHMENTS, &key, each, user);
        break;
    case TB__META:
        key.meta.key = q->key;
        hand_text(d, METAS, &key, each, user);
        break;
    case TB__KINDS: break;
    }
    pthread_mutex_unlock(&d->lock);
    return TB_STORE_OK;
}

/* ---- opening and closing ---- */

static void memory_close(tb_store *base) {
    struct memory_store *s = of(base);
    if (s->own_disk) tb_memory_disk_free(s->disk);
    free(s);
}

static const tb__backend memory_backend = {
    .write = memory_write, .reopen = memory_reopen, .checkpoint = memory_checkpoint, .passive = memory_passive,
    .backup = memory_backup, .reader_open = memory_reader_open, .reader_close = memory_reader_close,
    .begin = memory_begin, .end = memory_end, .scan = memory_scan, .check = memory_check,
    .close = memory_close,
};

int tb_store_open_memory(tb_memory_disk *disk, const tb_store_options *options, tb_store **out, tb_store_error *error) {
    bool english = options && options->english;
    *out = NULL;
    *error = (tb_store_error){0};
    struct memory_store *s = calloc(1, sizeof *s);
    if (s) s->disk = disk ? disk : tb_memory_disk_new();
    if (!s || !s->disk) return free(s), tb__store_refuse(error, TB_STORE_ERROR_NOMEM, english, "(memory)", NULL);
    s->own_disk = !disk;
    s->base.written = tail_of(s->disk);
    if (tb__store_start(&s->base, &memory_backend, options, "(memory)", error)) {
        tb_store_close(&s->base);
        return TB_FAILED;
    }
    *out = &s->base;
    return TB_OK;
}
