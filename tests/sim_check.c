/* What must hold of the bytes that survived: asked by a process that never met the server, on a disk that refuses to
 * be changed.
 *
 *  - Every act that was acknowledged is in the log once, in its case, where the answer said; what was refused is not
 *    there; what is in doubt is there once or not at all; and nothing is there that nobody asked for.
 *  - Nobody acted who had no right to: each act of an applicant is his who applied, and each other act is by somebody
 *    who held that post at that place, or stood in for who did, as the 组织 files in force then say. They are read here
 *    by a few lines that share nothing with the compiler's directory.
 *  - The log's own time never runs back; no timer fired before it was due (that none fired twice follows from the
 *    replay: the second is refused).
 *    Where the log is long, most crashes look at its end only: what lies before was there when it was looked at last, and the
 *    next look at all of it finds what changed.
 *  - The ledger verifies. State = replay of the log, byte for byte, and projections = those rebuilt from it
 *    (replay.h, doctor.h).
 *  - What a reader was shown, an event of a history, a head, the newest state of a case, is there.
 *  - Each call to a service that counts as done or waiting was made, under its one key; each reply was stepped once.
 *  - At the end nothing is due any more: no timer, no call. */
#include "sim.h"
#include "calendar.h"
#include "canonical.h"
#include "digest.h"
#include "doctor.h"
#include "ledger.h"
#include "replay.h"
#include "server_parts.h"
#include "store.h"

enum { TAIL = 500 };

typedef struct keyed { /* a key of the server's own: reply:LEAF.N, start:LEAF.N */
    int64_t case_id;
    char key[64];
} keyed;

/* The 组织 files of one world (registry.h), as text. */
typedef struct roster {
    int64_t leaf;
    tb_str manifest;
    tb_str files[16];
    int count;
    bool read;
} roster;

typedef struct examination {
    tb_arena *arena, *scratch;
    tb_reader *reader;
    uint64_t timers;
    int64_t wall, leaf, from;
    bool doctor;         /* comes afterwards, and verifies the ledger, too */
    sim_request **index; /* by hash of the key, open addressing */
    uint64_t slots;
    TB_LIST(keyed) own;
    TB_LIST(roster) worlds;
} examination;

static uint64_t place(const examination *x, const char *key, size_t n) { return sim_hash(3, key, n) % x->slots; }

static void make_index(examination *x) {
    x->slots = 4 * world->all_requests.n + 64;
    if (!(x->index = calloc(x->slots, sizeof *x->index))) abort();
    for (sim_request *r = world->requests; r; r = r->next) {
        if (r->leaf >= x->from) r->found = 0, r->leaf = 0;
        if (!r->key) continue;
        uint64_t i = place(x, r->key, strlen(r->key));
        while (x->index[i]) i = (i + 1) % x->slots;
        x->index[i] = r;
    }
}

static sim_request *request_of(const examination *x, tb_str key) {
    for (uint64_t i = place(x, key.p, key.n); x->index[i]; i = (i + 1) % x->slots)
        if (tb_str_is(key, x->index[i]->key)) return x->index[i];
    return NULL;
}

/* ---- who held which post ---- */

static int take_load(void *user, const tb_load_row *row) {
    examination *x = user;
    if (tb_str_is(row->kind, "world"))
        *TB_PUSH(x->arena, x->worlds) = (roster){.leaf = row->leaf, .manifest = tb_str_copy(x->arena, row->manifest)};
    return 0;
}

static roster *roster_of(examination *x, int64_t leaf) {
    roster *w = NULL;
    for (uint32_t i = 0; i < x->worlds.count && !w; i++)
        if (x->worlds.items[i].leaf == leaf) w = &x->worlds.items[i];
    if (!w || w->read) return w;
    w->read = true;
    const tb_json *o = tb_json_read(x->arena, w->manifest, NULL, NULL), *files = o ? tb_json_get(o, "files") : NULL;
    for (uint32_t i = 0; files && i < files->count; i++) {
        uint8_t digest[TB_DIGEST];
        if (w->count == 16 || !tb_unhex(files->items[i].text, digest, TB_DIGEST) ||
            tb_read_source(x->reader, digest, x->arena, &w->files[w->count++]))
            sim_fail("world %lld: no source of %.*s", (long long)leaf, TB_FMT(files->keys[i]));
    }
    return w;
}

/* Is `word` one of those that stand in the line between `before` and the next "，" or "。", "、" between them? */
static bool lists(const char *line, const char *before, tb_str word) {
    const char *at = strstr(line, before);
    for (at = at ? at + strlen(before) : NULL; at;
         at = strncmp(at, "、", strlen("、")) == 0 ? at + strlen("、") : NULL) {
        if (strncmp(at, word.p, word.n) == 0) {
            const char *end = at + word.n;
            if (strncmp(end, "、", 3) == 0 || strncmp(end, "，", 3) == 0 || strncmp(end, "。", 3) == 0) return true;
        }
        while (*at && strncmp(at, "、", 3) != 0 && strncmp(at, "，", 3) != 0 && strncmp(at, "。", 3) != 0) at++;
    }
    return false;
}

static bool begins(const char *line, const char *word, tb_str name) { /* "  人员 王审查，" */
    size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && strncmp(line + n, name.p, name.n) == 0 &&
           strncmp(line + n + name.n, "，", 3) == 0;
}

static bool on_day(const char *line, tb_str day) {
    const char *from = strstr(line, "，自 "), *to = from ? strstr(from, " 至 ") : NULL;
    return to && strncmp(from + strlen("，自 "), day.p, 10) <= 0 && strncmp(day.p, to + strlen(" 至 "), 10) <= 0;
}

/* `behalf` empty: the person himself. */
static bool may_act(const tb_json *by, const roster *w, tb_str day) {
    tb_str person = tb_json_text(by, "person"), post = tb_json_text(by, "post"), place = tb_json_text(by, "place"),
           behalf = tb_json_text(by, "for");
    bool holds = false, deputizes = false;
    for (int i = 0; i < w->count; i++) {
        char *text = strndup(w->files[i].p, w->files[i].n), *rest = text;
        bool here = false;
        for (char *line; (line = strsep(&rest, "\n"));) {
            if (strncmp(line, "组织 ", strlen("组织 ")) == 0) here = false;
            if (strncmp(line, "  区划 ", strlen("  区划 ")) == 0)
                here = strncmp(line + strlen("  区划 "), place.p, place.n) == 0;
            if (here && begins(line, "  人员 ", behalf.n ? behalf : person) && lists(line, "，岗位 ", post))
                holds = true;
            if (here && behalf.n && begins(line, "  代理 ", behalf) && lists(line, "，由 ", person) &&
                lists(line, "，岗位 ", post) && on_day(line, day))
                deputizes = true;
        }
        free(text);
    }
    return !world->usurped && holds && (!behalf.n || deputizes);
}

/* Under tb_try. */
static void look_at_actor(examination *x, const sim_request *r, const tb_event_row *e) {
    const tb_json *o = tb_json_read(x->scratch, e->body, NULL, NULL), *by = o ? tb_json_get(o, "by") : NULL;
    char day[TB_TIME_TEXT];
    if (!by) sim_fail("leaf %lld is by nobody: %.*s", (long long)e->leaf, TB_FMT(e->body));
    if (!tb_str_is(tb_json_text(by, "person"), r->person))
        sim_fail("leaf %lld is not by %s, who asked for it: %.*s", (long long)e->leaf, r->person, TB_FMT(e->body));
    if (r->kind == SIM_SUBMIT) return;
    if (tb_str_is(tb_json_text(by, "post"), "申请人")) {
        if (r->of->applicant && strcmp(r->of->applicant, r->person) != 0)
            sim_fail("leaf %lld: %s acts as applicant of %s, which %s applied for", (long long)e->leaf, r->person,
                     r->of->id, r->of->applicant);
        return;
    }
    if (tb_str_is(tb_json_text(o, "act"), "退签")) return; /* what one has taken one may give back, in whatever post */
    const roster *w = roster_of(x, e->world);
    if (!w)
        sim_fail("leaf %lld was stepped in a world that nobody loaded: %lld", (long long)e->leaf, (long long)e->world);
    tb_time_text(e->at, day);
    if (!may_act(by, w, tb_str_z(day)))
        sim_fail("leaf %lld: nobody gave %s the right to that: %.*s", (long long)e->leaf, r->person, TB_FMT(e->body));
    world->counts.authority++;
}

static void look_at_request(sim_request *r, const tb_event_row *e) {
    char id[TB_CASE_NAME + 1];
    tb__case_name(e->case_id, id);
    r->found++;
    r->leaf = e->leaf;
    if (r->found > 1) sim_fail("done twice: %s (again at leaf %lld)", r->body, (long long)e->leaf);
    if (!tb_str_is(e->kind, r->kind == SIM_SUBMIT ? "submit" : "act"))
        sim_fail("leaf %lld is no %s", (long long)e->leaf, r->path);
    if (r->state == SIM_REFUSED)
        sim_fail("refused, and yet in the log at leaf %lld: %s\n  the answer was %s", (long long)e->leaf, r->body,
                 r->said);
    if (r->act && !memmem(e->body.p, e->body.n, r->act, strlen(r->act)))
        sim_fail("leaf %lld is not what was asked: %s", (long long)e->leaf, r->body);
    if (r->of->id[0] && strcmp(r->of->id, id) != 0)
        sim_fail("leaf %lld belongs to %s, not to %s: %s", (long long)e->leaf, id, r->of->id, r->body);
    if (r->state == SIM_ACKED && r->seq != e->seq)
        sim_fail("answered seq %lld, and is seq %lld in the log: %s", (long long)r->seq, (long long)e->seq, r->body);
}

/* In an arena that is emptied after each event. */
typedef struct looking {
    examination *x;
    const tb_event_row *e;
    const sim_request *r;
} looking;

static int account_event(void *arg) {
    const looking *l = arg;
    sim_account_event(l->e, l->x->scratch);
    return TB_OK;
}

static void look_with(examination *x, const tb_event_row *e, const sim_request *r, int (*look)(void *arg)) {
    if (tb_try(x->scratch, look, &(looking){x, e, r}) != TB_OK) abort();
    tb_arena_reset(x->scratch);
}

static int actor(void *arg) {
    const looking *l = arg;
    look_at_actor(l->x, l->r, l->e);
    return TB_OK;
}

static int take_event(void *user, const tb_event_row *e) {
    examination *x = user;
    if (e->leaf != x->leaf + 1) sim_fail("leaf %lld follows %lld", (long long)e->leaf, (long long)x->leaf);
    if (e->wall < x->wall)
        sim_fail("time runs back at leaf %lld: %lld after %lld", (long long)e->leaf, (long long)e->wall,
                 (long long)x->wall);
    x->leaf = e->leaf;
    x->wall = e->wall;
    if (tb_str_is(e->kind, "timer")) {
        x->timers++;
        if (e->at > e->wall)
            sim_fail("a timer fired %lld ms before it was due, leaf %lld", (long long)(e->at - e->wall),
                     (long long)e->leaf);
        return 0;
    }
    if (tb_str_is(e->kind, "account")) return look_with(x, e, NULL, account_event), 0;
    if (!tb_str_is(e->kind, "submit") && !tb_str_is(e->kind, "act")) return 0;
    if (tb_str_starts(e->request, "reply:") || tb_str_starts(e->request, "start:")) {
        keyed *k = TB_PUSH(x->arena, x->own);
        k->case_id = e->case_id;
        snprintf(k->key, sizeof k->key, "%.*s", TB_FMT(e->request));
        return 0;
    }
    sim_request *r = request_of(x, e->request);
    if (!r) sim_fail("nobody asked for leaf %lld (%.*s)", (long long)e->leaf, TB_FMT(e->request));
    look_at_request(r, e);
    if (e->leaf > world->judged) look_with(x, e, r, actor);
    return 0;
}

static int by_case_and_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    return x->case_id != y->case_id ? (x->case_id > y->case_id) - (x->case_id < y->case_id) : strcmp(x->key, y->key);
}

static void look_at_log(examination *x) {
    x->leaf = x->from - 1;
    make_index(x);
    sim_labels_begin(x->from);
    if (tb_scan_loads(x->reader, 0, 0, take_load, x))
        sim_fail("the loads cannot be read: %s", tb_reader_why(x->reader));
    int rc = tb_scan_events(x->reader, x->from, 0, take_event, x);
    if (rc) sim_fail("the log cannot be read: %s", tb_reader_why(x->reader));
    for (const sim_request *r = world->requests; r; r = r->next)
        if (r->key && r->state == SIM_ACKED && r->found != 1)
            sim_fail("acknowledged, and lost: %s\n  the answer was %s\n  the log ends at leaf %lld", r->body, r->said,
                     (long long)x->leaf);
    sim_labels_end();
    if (x->leaf < world->told)
        sim_fail("the feed told leaf %lld, and the log ends at %lld", (long long)world->told, (long long)x->leaf);
    if (x->leaf < world->shown)
        sim_fail("a reader was shown leaf %lld, and the log ends at %lld", (long long)world->shown, (long long)x->leaf);
    if (world->healing && x->leaf != world->told)
        sim_fail("the feed told no more than leaf %lld of %lld", (long long)world->told, (long long)x->leaf);
    if (x->own.count) qsort(x->own.items, x->own.count, sizeof *x->own.items, by_case_and_key);
    for (uint32_t i = 1; i < x->own.count; i++)
        if (by_case_and_key(&x->own.items[i - 1], &x->own.items[i]) == 0)
            sim_fail("stepped twice: %s", x->own.items[i].key);
    if (x->from == 1) world->counts.timers = x->timers;
    world->looked = world->judged = x->leaf;
    world->counts.ledger = (uint64_t)x->leaf;
    free(x->index);
}

static void look_at_ledger(const examination *x) {
    tb_ledger_report report;
    tb_buf b;
    if (tb_ledger_verify(x->reader, &(tb_ledger_options){0}, &report))
        sim_fail("the ledger cannot be read: %s", tb_reader_why(x->reader));
    if (!report.found) return;
    tb_buf_init(&b, x->arena);
    tb_ledger_tell(&b, &report, TB_LANG_EN);
    sim_fail("the ledger does not verify: %.*s", TB_FMT(tb_buf_str(&b)));
}

/* A call that is done was made; only the last act of an operator may end one that never was. */
static void look_at_outbox(const examination *x, bool at_end) {
    tb_outbox_list rows;
    int64_t leaf = 0;
    int32_t n = 0;
    do {
        int rc = tb_read_outbox(x->reader, -1, leaf, n, 200, x->arena, &rows);
        if (rc) sim_fail("the outbox cannot be read: %s", tb_reader_why(x->reader));
        for (uint32_t i = 0; i < rows.count; i++) {
            const tb_outbox_row *o = &rows.items[i];
            char id[TB_CASE_NAME + 1], key[128];
            leaf = o->leaf, n = o->n;
            tb__case_name(o->case_id, id);
            snprintf(key, sizeof key, "%s.%.*s", id, TB_FMT(o->key));
            const sim_call *c = sim_call_of(key);
            bool settled = o->state == TB_OUTBOX_DONE || o->state == TB_OUTBOX_WAITING;
            if (o->kind == TB_SENT_CALL && settled && !c)
                sim_fail("call %s counts as made and was not: %lld.%d", key, (long long)leaf, (int)n);
            if ((o->state == TB_OUTBOX_PENDING) != (o->due != TB_NEVER))
                sim_fail("call %s: state %d, due %lld", key, (int)o->state, (long long)o->due);
            if (at_end && o->state == TB_OUTBOX_PENDING)
                sim_fail("call %lld.%d (%s) was never settled: attempts %d, due in %lld ms: %.*s", (long long)leaf,
                         (int)n, key, (int)o->attempts, (long long)(o->due - world->now - world->skew),
                         TB_FMT(o->problem));
        }
    } while (rows.count == 200);
}

/* What any reader was shown of a case is there. */
static void look_at_cases(const examination *x) {
    for (uint64_t i = 0; i < world->cases.n; i++) {
        const sim_case *c = world->cases.at[i];
        tb_case_row row;
        int64_t id;
        if (!tb__case_number(tb_str_z(c->id), &id)) sim_fail("%s is no case's name", c->id);
        int rc = tb_read_case(x->reader, id, x->arena, &row);
        if (rc) sim_fail("case %s was shown, and cannot be read: %d %s", c->id, rc, tb_reader_why(x->reader));
        if (row.seq < c->seq)
            sim_fail("case %s was shown at seq %lld, and is at %lld", c->id, (long long)c->seq, (long long)row.seq);
    }
}

static void look_at_timers(const examination *x) {
    int64_t due;
    if (tb_read_next_due(x->reader, &due)) sim_fail("timers cannot be read: %s", tb_reader_why(x->reader));
    int64_t late = world->now + world->skew - due;
    if (due != TB_NEVER && late > 60 * 1000) sim_fail("a timer is %lld ms late and nothing fires it", (long long)late);
}

static void replay_it(void) {
    tb_replay_options o = {.db = sim_db, .until = INT64_MAX, .lang = TB_LANG_EN};
    tb_replay_result r;
    char why[1024] = "";
    if (tb_replay(&o, &r, why, sizeof why) != TB_OK) sim_fail("replay does not run: %s", why);
    if (r.differs)
        sim_fail("replay differs: %s seq %lld leaf %lld: %s", r.case_id, (long long)r.seq, (long long)r.leaf, r.what);
}

static void found(void *user, const tb_doctor_finding *f) {
    (void)user;
    sim_fail("doctor: %s of %s %s %.*s: %s is %.*s, should be %.*s",
             f->kind == TB_DOCTOR_CASE   ? "case"
             : f->kind == TB_DOCTOR_TASK ? "task"
                                         : "call",
             f->case_id,
             f->how == TB_DOCTOR_MISSING ? "is missing"
             : f->how == TB_DOCTOR_EXTRA ? "is too many"
                                         : "differs",
             TB_FMT(f->key), f->column ? f->column : "", TB_FMT(f->stored), TB_FMT(f->right));
}

static void call_doctor(bool at_end) {
    tb_doctor_options o = {.db = sim_db, .lang = TB_LANG_EN, .found = found};
    tb_doctor_result r;
    char why[1024] = "";
    if (tb_doctor(&o, &r, why, sizeof why) != TB_OK) sim_fail("doctor does not run: %s %s", why, r.broken);
    if (r.ledger.found)
        sim_fail("the ledger does not verify: leaf %lld is %s", (long long)r.ledger.leaf,
                 tb_ledger_finding_name(r.ledger.found));
    if (r.broken[0] || r.differences) sim_fail("doctor: %s, %lld differences", r.broken, (long long)r.differences);
    if (at_end && r.underived) sim_fail("a calendar was loaded and its due dates were never derived");
}

static int hash_event(void *user, const tb_event_row *e) {
    (void)user;
    int64_t numbers[] = {e->leaf, e->case_id, e->seq, e->prev, e->at, e->wall, e->program, e->world};
    world->digest = sim_hash(world->digest, numbers, sizeof numbers);
    world->digest = sim_hash(world->digest, e->body.p, e->body.n);
    world->digest = sim_hash(world->digest, e->outcome, sizeof e->outcome);
    return 0;
}

static int examine(void *arg) {
    examination *x = arg;
    bool at_end = world->healing;
    look_at_log(x);
    if (x->from == 1) look_at_cases(x);
    if (x->from == 1 && !x->doctor) look_at_ledger(x);
    look_at_outbox(x, at_end);
    sim_accounts_examine(x->reader, x->arena);
    sim_copy_examine(x->reader, x->scratch);
    if (at_end) {
        look_at_timers(x);
        if (tb_reader_check(x->reader)) sim_fail("the file is not sound: %s", tb_reader_why(x->reader));
        tb_scan_events(x->reader, 1, 0, hash_event, NULL);
    }
    return TB_OK;
}

/* A rollback journal is there only while a database is made or turned to its log, the copy of a log only while that is
 * renewed; whoever opens it next ends that, which a reader may not. The next examination sees what came of it. */
static bool in_transition(void) {
    for (int i = 0; i < SIM_NAMES; i++)
        if (world->disk.names[i].now >= 0 && strncmp(world->disk.names[i].text, "copy.", 5) != 0 &&
            (strstr(world->disk.names[i].text, "-journal") || strstr(world->disk.names[i].text, "-copy")))
            return !world->healing;
    return false;
}

void sim_examine(bool whole) {
    if (in_transition()) return;
    examination x = {.arena = tb_arena_new(NULL, 0), .scratch = tb_arena_new(NULL, 0), .from = 1};
    tb_store *store;
    tb_store_error error;
    if (tb_store_open_sqlite(sim_db, &(tb_store_options){.read_only = true, .english = true}, &store, &error) !=
        TB_OK) {
        /* Before the first rules were acknowledged there may be nothing at all. */
        if (!world->loaded && !world->founded && world->cases.n == 0) return;
        sim_fail("the database does not open: %s", error.text);
    }
    int64_t known = tb_store_last(store).leaf; /* what nobody was told may have gone since the last look */
    if (world->judged > known) world->judged = known;
    if (known > world->looked) known = world->looked;
    x.doctor = whole && world->loaded;
    if (!whole && known > TAIL) x.from = known - TAIL;
    if (!(x.reader = tb_reader_open(store)) || !x.arena || !x.scratch) abort();
    if (tb_try(x.arena, examine, &x) != TB_OK) abort();
    if (x.doctor) {
        call_doctor(world->healing);
        replay_it();
    }
}
