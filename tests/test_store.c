/* Both stores through one suite; then what only a file can show: whom it refuses, what an I/O error and a
 * foreign lock do, that backup copies one moment, that the log stays bounded, and that SIGKILL loses no acknowledged
 * batch. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "io.h"
#include "store.h"

static char dir[] = "/tmp/tb_test_store_XXXXXX";

static const char *in_dir(const char *name) {
    static char path[8][256];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static tb_str z(const char *text) { return tb_str_z(text); }
static bool same(tb_str s, const char *text) { return tb_str_is(s, text); }

/* ---- writes, made in an arena ---- */

static tb_event_row event(int64_t leaf, int64_t case_id, int64_t seq, int64_t prev) {
    tb_event_row e = {.leaf = leaf, .case_id = case_id, .seq = seq, .prev = prev, .at = 1000 * leaf,
                      .wall = 1000 * leaf + 7, .program = 3, .world = 2, .semantics = 1, .kind = z("受理"),
                      .request = z("键-1"),
                      .body = z("{\"企业名称\":\"枣庄一家\"}")};
    memset(e.outcome, (int)leaf, TB_DIGEST);
    return e;
}

static tb_case_row kase(int64_t id, int64_t seq, int64_t last, int64_t due) {
    return (tb_case_row){.id = id, .origin = id < 30 ? -id : 0, .program = 3, .seq = seq, .last = last, .due = due,
                         .name = z("件"), .matter = z("食品经营许可核发"), .state = z("{\"环节\":\"受理\"}"),
                         .keys = {"\0\1\2\3\4\5\6\7", 8}, .applicant = id % 2 ? z("李四") : z("王五")};
}

static tb_task_row task(const char *place, const char *post, int64_t case_id, const char *step, int64_t due,
                        bool overdue) {
    return (tb_task_row){.place = z(place), .post = z(post), .case_id = case_id, .step = z(step), .matter = z("许可"),
                         .entered = 5, .due = due, .overdue = overdue};
}

struct got {
    int calls, result;
    char why[256];
};

static void got(void *user, int result, const char *why) {
    struct got *g = user;
    g->calls++;
    g->result = result;
    snprintf(g->why, sizeof g->why, "%s", why);
}

static int put(tb_store *s, tb_write *w) { /* a store without io answers before it returns */
    struct got g = {0};
    if (tb_store_submit(s, &w, 1, got, &g) != TB_OK) return -1;
    return g.calls == 1 ? g.result : -2;
}

static int count_events(void *user, const tb_event_row *row) {
    int64_t *n = user;
    (*n)++;
    return row->leaf == *n ? 0 : (*n = -1);
}

static int64_t events_in(tb_reader *r) {
    int64_t n = 0;
    CHECK_INT(tb_scan_events(r, 1, 0, count_events, &n), TB_STORE_OK);
    return n;
}

static int sum_ids(void *user, const tb_case_row *row) {
    *(int64_t *)user = *(int64_t *)user * 10 + row->id % 10;
    return 0;
}

static int first_load(void *user, const tb_load_row *row) {
    *(int *)user += same(row->name, "食品经营许可核发") && same(row->manifest, "{\"a.tb\":\"00\"}") && row->digest[0] == 9;
    return 0;
}

/* ---- the suite ---- */

typedef int (*open_fn)(const tb_store_options *options, tb_store **s);

static int nested_case(void *user, const tb_event_row *row) {
    tb_reader *r = user;
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_case_row c;
    bool known = row->case_id == 21 || row->case_id == 22;
    CHECK_INT(tb_read_case(r, row->case_id, a, &c), known ? TB_STORE_OK : TB_STORE_NONE);
    tb_arena_free(a);
    return 0;
}

static int in_one_state(tb_reader *r, void *arg) {
    tb_store_tail t;
    int result = tb_read_tail(r, &t);
    *(int64_t *)arg = t.leaf;
    return result;
}
static void read_done(void *arg, int result) { *(int64_t *)arg += result == TB_STORE_OK ? 1000 : 0; }

static int fail_at(void *user, const char *point) {
    const char *const *which = user;
    if (!which[0] || strcmp(point, which[0]) != 0) return 0;
    return which[1][0] == 'u' ? TB_STORE_UNKNOWN : TB_STORE_RETRY;
}

struct jump {
    tb_reader *r;
    tb_arena *a;
};
static int read_within_try(void *arg) { /* the arena is too small: must answer, not jump out of the scan */
    struct jump *j = arg;
    tb_event_list rows;
    return tb_read_history(j->r, 5, 0, j->a, &rows) == TB_STORE_RETRY ? 77 : 1;
}

/* ---- people ---- */

static int put_name(void *user, const tb_account_row *row) {
    tb_buf *b = user;
    tb_putf(b, "%.*s|%.*s|%.*s|%.*s|%d|%.*s|%d|%d;", TB_FMT(row->name), TB_FMT(row->person), TB_FMT(row->place), TB_FMT(row->organ), (int)row->roles,
            TB_FMT(row->password), (int)row->made, row->closed);
    return 0;
}
static int put_credential(void *user, const tb_credential_row *row) {
    tb_buf *b = user;
    tb_putf(b, "%02x|%.*s|%.*s|%d|%d|%s;", row->digest[31], TB_FMT(row->account), TB_FMT(row->label), row->session, (int)row->made,
            row->expires == TB_NEVER ? "never" : "some day");
    return 0;
}

static void people_suite(tb_store *s) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_write w = {0};
    tb_buf b;
    *TB_PUSH(a, w.accounts) = (tb_account_row){.name = z("王"), .person = z("王审"), .place = z("370402"), .organ = z("局"), .roles = 6, .password = z("p"), .made = 7};
    *TB_PUSH(a, w.accounts) = (tb_account_row){.name = z("李"), .person = z("李"), .place = z(""), .organ = z(""), .roles = 1, .password = z(""), .made = 8, .closed = true};
    for (int i = 0; i < 3; i++) {
        tb_credential_row *c = TB_PUSH(a, w.credentials);
        *c = (tb_credential_row){.account = z("王"), .label = z("窗口"), .session = i == 1, .made = i, .expires = i == 2 ? TB_NEVER : 1000 + i};
        memset(c->digest, i, TB_DIGEST);
    }
    for (int i = 0; i < 40; i++)
        *TB_PUSH(a, w.accesses) = (tb_access_row){.at = 100 + i, .case_id = 1 + i % 2, .who = z(i % 4 < 2 ? "王" : "李"), .role = z("handler"), .what = z("case"), .fields = z("证件号"), .why = z("")};
    CHECK_INT(put(s, &w), TB_STORE_OK);
    tb_write more = {0};
    *TB_PUSH(a, more.accounts) = (tb_account_row){.name = z("李"), .person = z("李"), .place = z(""), .organ = z(""), .roles = 1, .password = z("新"), .made = 8};
    memset(TB_PUSH(a, more.credentials_gone)->digest, 1, TB_DIGEST);
    memset(TB_PUSH(a, more.credentials_gone)->digest, 9, TB_DIGEST); /* never was */
    CHECK_INT(put(s, &more), TB_STORE_OK);
    tb_reader *r = tb_reader_open(s);
    tb_buf_init(&b, a);
    CHECK_INT(tb_scan_accounts(r, put_name, &b), TB_STORE_OK);
    CHECK(same(tb_buf_str(&b), "李|李|||1|新|8|0;王|王审|370402|局|6|p|7|0;"));
    tb_buf_init(&b, a);
    CHECK_INT(tb_scan_credentials(r, put_credential, &b), TB_STORE_OK);
    CHECK(same(tb_buf_str(&b), "00|王|窗口|0|0|some day;02|王|窗口|0|2|never;"));
    tb_access_list rows;
    CHECK_INT(tb_read_accesses(r, 0, 0, (tb_str){NULL, 0}, 100, a, &rows), TB_STORE_OK);
    CHECK(CHECK_INT(rows.count, 40) && rows.items[0].n == 1 && rows.items[39].n == 40 && rows.items[39].at == 139 && same(rows.items[0].fields, "证件号"));
    CHECK_INT(tb_read_accesses(r, 5, 2, z("李"), 3, a, &rows), TB_STORE_OK);
    CHECK(CHECK_INT(rows.count, 3) && rows.items[0].n == 8 && rows.items[1].n == 12 && rows.items[2].case_id == 2);
    /* What a load moved: by world, case, clock; what is there stays. */
    tb_write moved = {0};
    for (int i = 0; i < 30; i++)
        *TB_PUSH(a, moved.changes) = (tb_change_row){.world = 1 + i % 2, .case_id = 10 + i / 4, .n = 1 + i / 2 % 2, .was_kind = 1, .kind = 2, .was = i, .due = -i, .clock = z("法定期限")};
    *TB_PUSH(a, moved.changes) = (tb_change_row){.world = 2, .case_id = 10, .n = 1, .was_kind = 1, .kind = 1, .was = 99, .due = 99, .clock = z("别的")};
    CHECK_INT(put(s, &moved), TB_STORE_OK);
    tb_change_list of;
    CHECK_INT(tb_read_changes(r, 2, 0, 0, 100, a, &of), TB_STORE_OK);
    CHECK(CHECK_INT(of.count, 15) && of.items[0].case_id == 10 && of.items[0].was == 1 && same(of.items[0].clock, "法定期限") && of.items[14].was == 29);
    CHECK_INT(tb_read_changes(r, 1, 11, 1, 2, a, &of), TB_STORE_OK);
    CHECK(CHECK_INT(of.count, 2) && of.items[0].case_id == 11 && of.items[0].n == 2 && of.items[0].kind == 2 && of.items[0].due == -6 && of.items[1].case_id == 12);
    CHECK_INT(tb_read_changes(r, 3, 0, 0, 100, a, &of), TB_STORE_OK);
    CHECK_INT(of.count, 0);
    /* The oldest go with what comes, a few at a time, and only when they are old. */
    tb_write sweep = {.accesses_until = 120};
    *TB_PUSH(a, sweep.accesses) = (tb_access_row){.at = 200, .case_id = 1, .who = z("王"), .role = z("auditor"), .what = z("history"), .fields = z("电话"), .why = z("查")};
    static const uint32_t left[] = {41 - TB_ACCESS_SWEEP, 42 - 20, 43 - 20};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(put(s, &sweep), TB_STORE_OK);
        CHECK_INT(tb_read_accesses(r, 0, 0, (tb_str){NULL, 0}, 100, a, &rows), TB_STORE_OK);
        CHECK_INT(rows.count, left[i]);
    }
    CHECK(rows.items[0].at == 120 && rows.items[rows.count - 1].n == 43 && same(rows.items[rows.count - 1].why, "查"));
    tb_reader_close(r);
    tb_arena_free(a);
}

static void suite(open_fn open) {
    const char *faults[2] = {NULL, ""};
    tb_store_options options = {.fault = fail_at, .fault_user = faults};
    tb_store *s;
    if (!CHECK_INT(open(&options, &s), TB_OK)) return;
    tb_arena *a = tb_arena_new(NULL, 0);
    CHECK_INT(tb_store_last(s).leaf, 0);

    /* An empty store answers every question. */
    tb_reader *r = tb_reader_open(s);
    tb_event_row e;
    tb_case_row c;
    tb_str text;
    int64_t due, ids = 0;
    tb_due_list dues;
    tb_task_list tasks;
    tb_task_query all = {0};
    uint8_t digest[TB_DIGEST] = {9};
    CHECK_INT(tb_read_event(r, 1, a, &e), TB_STORE_NONE);
    CHECK_INT(tb_read_case(r, 1, a, &c), TB_STORE_NONE);
    CHECK_INT(tb_read_source(r, digest, a, &text), TB_STORE_NONE);
    CHECK_INT(tb_read_next_due(r, &due), TB_STORE_OK);
    CHECK_INT(due, TB_NEVER);
    CHECK_INT(tb_read_tasks(r, &all, a, &tasks), TB_STORE_OK);
    CHECK_INT(tasks.count, 0);
    people_suite(s);

    /* One act with everything in it. */
    tb_write w = {0};
    *TB_PUSH(a, w.sources) = (tb_blob_row){.digest = {9}, .bytes = z("事项 食品经营许可核发：")};
    *TB_PUSH(a, w.attachments) = (tb_blob_row){.digest = {8}, .bytes = {"\0PDF\0", 5}};
    *TB_PUSH(a, w.loads) = (tb_load_row){.leaf = 1, .at = 4, .kind = z("matter"), .name = z("食品经营许可核发"),
                                         .version = z("2026-1"), .by = z("审批局"),
                                         .manifest = z("{\"a.tb\":\"00\"}"), .digest = {9}};
    *TB_PUSH(a, w.events) = event(1, 0, 1, 0);
    *TB_PUSH(a, w.events) = event(2, 21, 1, 0);
    w.events.items[1].request = (tb_str){0};
    *TB_PUSH(a, w.cases) = kase(21, 1, 2, 500);
    *TB_PUSH(a, w.tasks_come) = task("370402", "受理员", 21, "受理", 500, false);
    *TB_PUSH(a, w.tasks_come) = task("370402", "审查员", 21, "受理", TB_NEVER, true);
    *TB_PUSH(a, w.meta) = (tb_meta_row){z("frontier"), z("abc")};
    CHECK_INT(put(s, &w), TB_STORE_OK);
    CHECK_INT(tb_store_last(s).leaf, 2);
    CHECK_INT(tb_store_last(s).at, 2000);
    CHECK_INT(tb_store_last(s).wall, 2007);

    CHECK_INT(tb_read_event(r, 1, a, &e), TB_STORE_OK);
    CHECK(e.case_id == 0 && e.seq == 1 && e.prev == 0 && e.at == 1000 && e.wall == 1007);
    CHECK(e.program == 3 && e.world == 2);
    CHECK(e.semantics == 1 && same(e.kind, "受理") && same(e.request, "键-1") && same(e.body, "{\"企业名称\":\"枣庄一家\"}"));
    CHECK(e.outcome[0] == 1 && e.outcome[31] == 1);
    CHECK_INT(tb_read_event(r, 2, a, &e), TB_STORE_OK);
    CHECK(e.request.p == NULL);
    CHECK_INT(tb_read_case(r, 21, a, &c), TB_STORE_OK);
    CHECK(c.due == 500 && c.last == 2 && c.keys.n == 8 && c.keys.p[7] == 7 && same(c.matter, "食品经营许可核发"));
    CHECK_INT(c.origin, -21);
    CHECK_INT(tb_read_case(r, 20, a, &c), TB_STORE_NONE);
    CHECK_INT(tb_read_case_of(r, -21, a, &c), TB_STORE_OK);
    CHECK_INT(c.id, 21);
    CHECK_INT(tb_read_case_of(r, -22, a, &c), TB_STORE_NONE);
    CHECK_INT(tb_read_case_of(r, 0, a, &c), TB_STORE_NONE);
    tb_case_list mine;
    CHECK_INT(tb_read_cases_by(r, z("李四"), INT64_MAX, 0, a, &mine), TB_STORE_OK);
    CHECK(mine.count == 1 && mine.items[0].id == 21 && mine.items[0].seq == 1 && same(mine.items[0].state, "{\"环节\":\"受理\"}"));
    CHECK_INT(tb_read_source(r, digest, a, &text), TB_STORE_OK);
    CHECK(same(text, "事项 食品经营许可核发："));
    digest[0] = 8;
    CHECK_INT(tb_read_attachment(r, digest, a, &text), TB_STORE_OK);
    CHECK(text.n == 5 && memcmp(text.p, "\0PDF\0", 5) == 0);
    CHECK_INT(tb_read_meta(r, z("frontier"), a, &text), TB_STORE_OK);
    CHECK(same(text, "abc"));
    int loads = 0;
    CHECK_INT(tb_scan_loads(r, 0, 0, first_load, &loads), TB_STORE_OK);
    CHECK_INT(loads, 1);

    /* The next acts: a case moves, another begins, a task goes, blobs repeat. */
    tb_write w2 = {0}, w3 = {0};
    *TB_PUSH(a, w2.sources) = w.sources.items[0];
    *TB_PUSH(a, w2.attachments) = w.attachments.items[0];
    *TB_PUSH(a, w2.events) = event(3, 22, 1, 0);
    *TB_PUSH(a, w2.cases) = kase(22, 1, 3, 400);
    *TB_PUSH(a, w2.tasks_come) = task("370402", "受理员", 22, "受理", 400, true);
    *TB_PUSH(a, w2.tasks_come) = task("110101", "受理员", 22, "迁出", TB_NEVER, false);
    *TB_PUSH(a, w3.events) = event(4, 21, 2, 2);
    *TB_PUSH(a, w3.events) = event(5, 21, 3, 4);
    *TB_PUSH(a, w3.cases) = kase(21, 2, 4, 500);       /* twice in a batch: the last one stays */
    *TB_PUSH(a, w3.cases) = kase(21, 3, 5, TB_NEVER);
    *TB_PUSH(a, w3.tasks_gone) = task("370402", "受理员", 21, "受理", 0, false);
    *TB_PUSH(a, w3.tasks_gone) = task("370402", "不在", 21, "受理", 0, false);
    *TB_PUSH(a, w3.meta) = (tb_meta_row){z("frontier"), z("def")};
    tb_write *batch[] = {&w2, &w3};
    struct got g = {0};
    CHECK_INT(tb_store_submit(s, batch, 2, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_OK);
    CHECK_STR(g.why, "");
    CHECK_INT(tb_store_last(s).leaf, 5);
    CHECK_INT(events_in(r), 5);
    CHECK_INT(tb_read_case(r, 21, a, &c), TB_STORE_OK);
    CHECK(c.seq == 3 && c.last == 5 && c.due == TB_NEVER && c.origin == -21);
    CHECK_INT(tb_read_meta(r, z("frontier"), a, &text), TB_STORE_OK);
    CHECK(same(text, "def"));
    CHECK_INT(tb_scan_cases(r, 0, 0, sum_ids, &ids), TB_STORE_OK);
    CHECK_INT(ids, 12);
    ids = 0;
    CHECK_INT(tb_scan_cases(r, 21, 1, sum_ids, &ids), TB_STORE_OK);
    CHECK_INT(ids, 2);
    CHECK_INT(tb_scan_cases(r, INT64_MAX, 0, sum_ids, &ids), TB_STORE_OK);
    CHECK_INT(ids, 2);
    CHECK_INT(tb_scan_events(r, 1, 0, nested_case, r), TB_STORE_OK);

    /* History: newest first, in pages, and a chain that is not one. */
    tb_event_list rows;
    CHECK_INT(tb_read_history(r, 5, 0, a, &rows), TB_STORE_OK);
    CHECK(rows.count == 3 && rows.items[0].leaf == 5 && rows.items[1].leaf == 4 && rows.items[2].leaf == 2);
    CHECK_INT(tb_read_history(r, 5, 2, a, &rows), TB_STORE_OK);
    CHECK(rows.count == 2 && rows.items[1].prev == 2);
    CHECK_INT(tb_read_history(r, rows.items[1].prev, 2, a, &rows), TB_STORE_OK);
    CHECK(rows.count == 1 && rows.items[0].prev == 0);
    CHECK_INT(tb_read_history(r, 99, 2, a, &rows), TB_STORE_CORRUPT);
    tb_leaf_list leaves;
    CHECK_INT(tb_read_chain(r, 5, a, &leaves), TB_STORE_OK);
    CHECK(leaves.count == 3 && leaves.items[0] == 5 && leaves.items[1] == 4 && leaves.items[2] == 2);
    CHECK_INT(tb_read_chain(r, 99, a, &leaves), TB_STORE_CORRUPT);
    CHECK_INT(tb_read_chain(r, 0, a, &leaves), TB_STORE_OK);
    CHECK_INT(leaves.count, 0);
    struct jump j = {r, tb_arena_new(NULL, 256)};
    CHECK_INT(tb_try(j.a, read_within_try, &j), 77);
    tb_arena_free(j.a);
    CHECK_INT(events_in(r), 5); /* and the reader is as good as before */

    /* Timers in order, in pages. */
    tb_write w4 = {0};
    for (int64_t i = 0; i < 5; i++) *TB_PUSH(a, w4.cases) = kase(30 + i, 2, 5, i < 3 ? 400 : 300 + i);
    CHECK_INT(put(s, &w4), TB_STORE_OK);
    /* An applicant's cases, the newest first, page by page. */
    CHECK_INT(tb_read_cases_by(r, z("李四"), INT64_MAX, 2, a, &mine), TB_STORE_OK);
    CHECK(mine.count == 2 && mine.items[0].id == 33 && mine.items[1].id == 31);
    CHECK_INT(tb_read_cases_by(r, z("李四"), 31, 2, a, &mine), TB_STORE_OK);
    CHECK(mine.count == 1 && mine.items[0].id == 21 && mine.items[0].seq == 3);
    CHECK_INT(tb_read_cases_by(r, z("李"), INT64_MAX, 0, a, &mine), TB_STORE_OK);
    CHECK_INT(mine.count, 0);
    CHECK_INT(tb_read_next_due(r, &due), TB_STORE_OK);
    CHECK_INT(due, 303);
    CHECK_INT(tb_read_due(r, 400, (tb_due_row){INT64_MIN, 0}, 0, a, &dues), TB_STORE_OK);
    CHECK_INT(dues.count, 6);
    CHECK(dues.items[0].case_id == 33 && dues.items[1].case_id == 34);
    CHECK(dues.items[2].case_id == 22 && dues.items[5].case_id == 32);
    CHECK_INT(tb_read_due(r, 400, dues.items[2], 2, a, &dues), TB_STORE_OK);
    CHECK(dues.count == 2 && dues.items[0].case_id == 30 && dues.items[1].case_id == 31);
    CHECK_INT(tb_read_due(r, 302, (tb_due_row){INT64_MIN, 0}, 0, a, &dues), TB_STORE_OK);
    CHECK_INT(dues.count, 0);

    /* Tasks: every filter, and pages of one through every combination of fixed key columns. */
    CHECK_INT(tb_read_tasks(r, &all, a, &tasks), TB_STORE_OK);
    CHECK_INT(tasks.count, 3);
    CHECK(same(tasks.items[0].place, "110101") && tasks.items[0].due == TB_NEVER && !tasks.items[0].overdue);
    CHECK(same(tasks.items[1].post, "受理员") && tasks.items[1].case_id == 22);
    CHECK(tasks.items[1].overdue && tasks.items[1].due == 400);
    CHECK(same(tasks.items[2].post, "审查员") && tasks.items[2].entered == 5 && same(tasks.items[2].matter, "许可"));
    tb_task_query one[] = {{.overdue_only = true}, {.step = z("迁出")}, {.matter = z("无")}, {.post = z("受理员")},
                           {.place = z("370402")}, {.place = z("370402"), .post = z("受理员")}};
    uint32_t want[] = {2, 1, 0, 2, 2, 1};
    for (int i = 0; i < 6; i++) {
        uint32_t n = 0;
        CHECK_INT(tb_read_tasks(r, &one[i], a, &tasks), TB_STORE_OK);
        CHECK_INT(tasks.count, want[i]);
        one[i].limit = 1;
        do {
            CHECK_INT(tb_read_tasks(r, &one[i], a, &tasks), TB_STORE_OK);
            if (tasks.count) one[i].after = &tasks.items[0];
            n += tasks.count;
        } while (tasks.count && n < 9);
        CHECK_INT(n, want[i]);
    }

    /* One state for several reads; and reading on the store's own reader. */
    int64_t seen = 0;
    CHECK_INT(tb_store_read(s, in_one_state, read_done, &seen), TB_OK);
    CHECK_INT(seen, 1005);

    /* Refused: a gap, a leaf again, a load again, an origin again; nothing of such a batch is written. */
    tb_write gap = {0}, again = {0}, twice = {0}, origin = {0};
    *TB_PUSH(a, gap.events) = event(6, 21, 4, 5);
    *TB_PUSH(a, gap.events) = event(8, 21, 5, 6);
    *TB_PUSH(a, again.events) = event(5, 21, 4, 4);
    *TB_PUSH(a, twice.events) = event(6, 21, 4, 5);
    *TB_PUSH(a, twice.loads) = w.loads.items[0];
    *TB_PUSH(a, origin.events) = event(6, 6, 1, 0);
    *TB_PUSH(a, origin.cases) = kase(6, 1, 6, 1);
    origin.cases.items[0].origin = -21;
    CHECK_INT(put(s, &gap), TB_STORE_CORRUPT);
    CHECK_INT(put(s, &again), TB_STORE_CORRUPT);
    CHECK_INT(put(s, &twice), TB_STORE_CORRUPT);
    CHECK_INT(put(s, &origin), TB_STORE_CORRUPT);
    CHECK_INT(events_in(r), 5);
    CHECK_INT(tb_store_last(s).leaf, 5);

    /* Faults: before (surely not there), after (there, but unknown: no write until reopened). */
    tb_write more = {0}, further = {0};
    *TB_PUSH(a, more.events) = event(6, 21, 4, 5);
    *TB_PUSH(a, further.events) = event(7, 21, 5, 6);
    faults[0] = TB_FAULT_BEGIN, faults[1] = "retry";
    CHECK_INT(put(s, &more), TB_STORE_RETRY);
    CHECK_INT(events_in(r), 5);
    faults[0] = TB_FAULT_COMMIT, faults[1] = "unknown";
    CHECK_INT(put(s, &more), TB_STORE_UNKNOWN);
    CHECK_INT(tb_store_last(s).leaf, 5);
    faults[0] = NULL;
    CHECK_INT(put(s, &further), TB_STORE_RETRY);
    faults[0] = TB_FAULT_REOPEN, faults[1] = "retry";
    CHECK_INT(tb_store_reopen(s, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_RETRY);
    faults[0] = NULL;
    CHECK_INT(put(s, &further), TB_STORE_RETRY);
    CHECK_INT(tb_store_reopen(s, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_OK);
    CHECK_INT(tb_store_last(s).leaf, 6);
    CHECK_INT(put(s, &further), TB_STORE_OK);
    CHECK_INT(events_in(r), 7);
    faults[0] = TB_FAULT_READ;
    CHECK_INT(tb_read_case(r, 21, a, &c), TB_STORE_RETRY);
    faults[0] = NULL;

    CHECK_INT(tb_store_checkpoint(s, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_OK);
    CHECK_INT(tb_store_stats_now(s).wal_bytes, 0);
    CHECK_INT(tb_store_stats_now(s).batches, 10);

    /* What was written is there when it is opened again. */
    tb_reader_close(r);
    tb_store_close(s);
    if (CHECK_INT(open(NULL, &s), TB_OK)) {
        CHECK_INT(tb_store_last(s).leaf, 7);
        r = tb_reader_open(s);
        CHECK_INT(events_in(r), 7);
        tb_reader_close(r);
        tb_store_close(s);
    }
    tb_arena_free(a);
}

static tb_memory_disk *disk;
static int open_memory(const tb_store_options *options, tb_store **s) {
    tb_store_error error;
    return tb_store_open_memory(disk, options, s, &error);
}
static int open_file(const tb_store_options *options, tb_store **s) {
    tb_store_error error;
    int result = tb_store_open_sqlite(in_dir("suite.db"), options, s, &error);
    if (result) fprintf(stderr, "%s\n", error.text);
    return result;
}

/* ---- whom it refuses ---- */

static void refuses(const char *path, const tb_store_options *options, int code, const char *says) {
    tb_store *s = NULL;
    tb_store_error error;
    CHECK_INT(tb_store_open_sqlite(path, options, &s, &error), TB_FAILED);
    CHECK_INT(error.code, code);
    if (!CHECK(strstr(error.text, says) != NULL)) fprintf(stderr, "    %s\n", error.text);
    CHECK(strstr(error.text, path) != NULL);
    CHECK(s == NULL);
    tb_store_close(s);
}

static void make(const char *path, const char *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

static void sql(const char *path, const char *text) {
    sqlite3 *db;
    char *why = NULL;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    if (!CHECK_INT(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK)) fprintf(stderr, "    %s\n", why);
    sqlite3_free(why);
    sqlite3_close(db);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

static void test_refusals(void) {
    tb_store *s;
    tb_store_error error;
    static char noise[4096];
    memset(noise, 'x', sizeof noise);
    make(in_dir("short.txt"), "你好", 6);
    make(in_dir("long.txt"), noise, sizeof noise);
    refuses(in_dir("short.txt"), NULL, TB_STORE_ERROR_NOT_SQLITE, "不是 SQLite");
    refuses(in_dir("long.txt"), NULL, TB_STORE_ERROR_NOT_SQLITE, "--db");
    CHECK(!exists(in_dir("long.txt.lock")));
    refuses(dir, NULL, TB_STORE_ERROR_NOT_SQLITE, "不是 SQLite");
    sql(in_dir("other.db"), "CREATE TABLE t(x)");
    refuses(in_dir("other.db"), NULL, TB_STORE_ERROR_NOT_OURS, "别的程序");
    sql(in_dir("other.db"), "PRAGMA application_id=1");
    refuses(in_dir("other.db"), &(tb_store_options){.english = true}, TB_STORE_ERROR_NOT_OURS, "another program");
    refuses(in_dir("no/such/x.db"), NULL, TB_STORE_ERROR_NO_DIRECTORY, "目录不存在");
    refuses(in_dir("long.txt/x.db"), NULL, TB_STORE_ERROR_NO_DIRECTORY, "目录不存在");
    refuses(in_dir("absent.db"), &(tb_store_options){.read_only = true}, TB_STORE_ERROR_NO_FILE, "没有数据库文件");
    CHECK(!exists(in_dir("absent.db")));
    refuses("/proc/x.db", NULL, TB_STORE_ERROR_NOT_WRITABLE, "不可写");
    make(in_dir("empty.db"), "", 0);
    refuses(in_dir("empty.db"), &(tb_store_options){.read_only = true}, TB_STORE_ERROR_NOT_OURS, "别的程序");
    if (CHECK_INT(tb_store_open_sqlite(in_dir("empty.db"), NULL, &s, &error), TB_OK)) { /* empty is new */
        char pid[32];
        snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
        refuses(in_dir("empty.db"), NULL, TB_STORE_ERROR_LOCKED, pid);
        CHECK_INT(symlink("empty.db", in_dir("alias.db")), 0);
        refuses(in_dir("alias.db"), NULL, TB_STORE_ERROR_LOCKED, "正被另一个通办进程使用");
        tb_store *beside = NULL; /* but it may be read beside */
        tb_store_options reading = {.read_only = true};
        if (CHECK_INT(tb_store_open_sqlite(in_dir("empty.db"), &reading, &beside, &error), TB_OK)) {
            tb_write none = {0};
            CHECK_INT(put(beside, &none), TB_STORE_RETRY);
            tb_store_close(beside);
        }
        tb_store_close(s);
    }
    /* A file of schema 1, before there was an outbox, is brought forward. */
    sql(in_dir("empty.db"), "ALTER TABLE event DROP COLUMN salts; ALTER TABLE event DROP COLUMN tree; DROP TABLE outbox;"
                            "DROP INDEX cases_applicant; ALTER TABLE cases DROP COLUMN applicant; ALTER TABLE task DROP COLUMN holder; ALTER TABLE task DROP COLUMN alert; DROP TABLE account; DROP TABLE credential;"
                            "DROP TABLE access; DROP TABLE due_change; PRAGMA user_version=1");
    if (CHECK_INT(tb_store_open_sqlite(in_dir("empty.db"), NULL, &s, &error), TB_OK)) tb_store_close(s);
    sql(in_dir("empty.db"), "SELECT count(applicant) FROM cases; SELECT count(*) FROM outbox; SELECT count(*) FROM account; SELECT count(*) FROM access; SELECT count(*) FROM due_change");
    sql(in_dir("empty.db"), "PRAGMA user_version=99");
    refuses(in_dir("empty.db"), NULL, TB_STORE_ERROR_NEWER, "新版本");
    if (geteuid() != 0) { /* root may write anywhere */
        CHECK_INT(chmod(in_dir("other.db"), 0444), 0);
        refuses(in_dir("other.db"), NULL, TB_STORE_ERROR_NOT_WRITABLE, "不可写");
    }
    /* Damaged: the page of the log's table is overwritten. */
    if (CHECK_INT(tb_store_open_sqlite(in_dir("hurt.db"), NULL, &s, &error), TB_OK)) tb_store_close(s);
    int fd = open(in_dir("hurt.db"), O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, noise, sizeof noise, 4096) == (ssize_t)sizeof noise);
    close(fd);
    refuses(in_dir("hurt.db"), NULL, TB_STORE_ERROR_CORRUPT, "已损坏");
}

/* ---- a foreign writer; an I/O error at COMMIT; both real ---- */

static void test_trouble(void) {
    tb_store *s;
    tb_store_error error;
    tb_arena *a = tb_arena_new(NULL, 0);
    if (!CHECK_INT(tb_store_open_sqlite(in_dir("trouble.db"), NULL, &s, &error), TB_OK)) return;
    sqlite3 *shell;
    CHECK_INT(sqlite3_open(in_dir("trouble.db"), &shell), SQLITE_OK);
    CHECK_INT(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    tb_write w = {0};
    *TB_PUSH(a, w.events) = event(1, 7, 1, 0);
    CHECK_INT(put(s, &w), TB_STORE_RETRY); /* after TB_STORE_BUSY_MS */
    CHECK_INT(sqlite3_exec(shell, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    CHECK_INT(put(s, &w), TB_STORE_OK);

    /* Files may not grow: the log's write fails within COMMIT. The batch is in doubt; after reopening it is not. */
    struct rlimit before, none;
    getrlimit(RLIMIT_FSIZE, &before);
    struct stat st;
    CHECK_INT(stat(in_dir("trouble.db-wal"), &st), 0);
    none = (struct rlimit){(rlim_t)st.st_size + 5000, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    tb_write big = {0};
    tb_str body = tb_str_printf(a, "\"%*s\"", 60000, "x");
    *TB_PUSH(a, big.events) = event(2, 7, 2, 1);
    big.events.items[0].body = body;
    CHECK_INT(put(s, &big), TB_STORE_UNKNOWN);
    CHECK_INT(put(s, &big), TB_STORE_RETRY);
    setrlimit(RLIMIT_FSIZE, &before);
    struct got g = {0};
    CHECK_INT(tb_store_reopen(s, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_OK);
    CHECK_INT(tb_store_last(s).leaf, 1);
    CHECK_INT(put(s, &big), TB_STORE_OK);
    CHECK_INT(tb_store_last(s).leaf, 2);
    tb_store_close(s);
    if (CHECK_INT(tb_store_open_sqlite(in_dir("trouble.db"), NULL, &s, &error), TB_OK)) {
        CHECK_INT(tb_store_last(s).leaf, 2);
        tb_store_close(s);
    }
    tb_arena_free(a);
}

/* ---- with threads: order, bounded log, backup beside writing, readers beside all ---- */

struct load {
    tb_io *io;
    tb_store *s;
    tb_arena *a;
    tb_write *w;
    char body[8000];
    int64_t leaf, until, reads, asked; /* asked: the leaf acknowledged when the read was asked for */
    int backups;
    bool reading;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic int64_t seen;
};

static void next_batch(struct load *l);

static void load_done(void *user, int result, const char *why) {
    struct load *l = user;
    if (!CHECK_INT(result, TB_STORE_OK)) fprintf(stderr, "    %s\n", why), tb_io_stop(l->io);
    else next_batch(l);
}

static void backup_done(void *user, int result, const char *why) {
    struct load *l = user;
    if (!CHECK_INT(result, TB_STORE_OK)) fprintf(stderr, "    %s\n", why);
    l->backups++;
}

static void load_read(void *arg, int result) {
    struct load *l = arg;
    CHECK_INT(result, TB_STORE_OK);
    l->reading = false;
    l->reads++;
}

static int look_up(tb_reader *r, void *arg) {
    struct load *l = arg;
    tb_store_tail first, second;
    if (tb_read_tail(r, &first) || tb_read_tail(r, &second)) return TB_STORE_CORRUPT;
    return first.leaf == second.leaf && first.leaf >= l->asked ? TB_STORE_OK : TB_STORE_CORRUPT;
}

static void next_batch(struct load *l) {
    CHECK_INT(tb_store_last(l->s).leaf, l->leaf);
    atomic_store(&l->seen, l->leaf);
    if (l->leaf >= l->until && l->backups == 1 && !l->reading) {
        tb_io_stop(l->io);
        return;
    }
    if (!l->reading) {
        l->reading = true;
        l->asked = l->leaf;
        CHECK_INT(tb_store_read(l->s, look_up, load_read, l), TB_OK);
    }
    if (l->leaf == 200) CHECK_INT(tb_store_backup(l->s, in_dir("copy.db"), backup_done, l), TB_OK);
    tb_arena_reset(l->a);
    l->w = TB_NEW(l->a, tb_write);
    for (int i = 0; i < 10; i++) {
        l->leaf++;
        tb_event_row *e = TB_PUSH(l->a, l->w->events);
        *e = event(l->leaf, 5, l->leaf, l->leaf - 1);
        e->body = (tb_str){l->body, sizeof l->body};
    }
    CHECK_INT(tb_store_submit(l->s, &l->w, 1, load_done, l), TB_OK);
}

static void *own_reader(void *arg) {
    struct load *l = arg;
    tb_reader *r = tb_reader_open(l->s);
    tb_store_tail t;
    int64_t last = 0;
    while (!atomic_load(&l->stop)) {
        int64_t acknowledged = atomic_load(&l->seen);
        if (tb_read_tail(r, &t) != TB_STORE_OK || t.leaf < acknowledged || t.leaf < last) break;
        last = t.leaf;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    tb_reader_close(r);
    return atomic_load(&l->stop) ? NULL : l;
}

static void test_threads(void) {
    tb_store_error error;
    struct load *l = calloc(1, sizeof *l);
    void *bad = NULL;
    memset(l->body, ' ', sizeof l->body);
    l->until = 6000; /* 48 MB through a log of 16 MiB */
    l->io = tb_io_new();
    l->a = tb_arena_new(NULL, 0);
    tb_store_options options = {.io = l->io};
    if (!CHECK_INT(tb_store_open_sqlite(in_dir("threads.db"), &options, &l->s, &error), TB_OK)) return;
    CHECK_INT(pthread_create(&l->thread, NULL, own_reader, l), 0);
    next_batch(l);
    tb_io_run(l->io);
    atomic_store(&l->stop, true);
    pthread_join(l->thread, &bad);
    CHECK(bad == NULL);
    struct stat wal;
    CHECK_INT(stat(in_dir("threads.db-wal"), &wal), 0);
    CHECK(wal.st_size < 3 * (off_t)TB_STORE_WAL_BOUND);
    tb_store_stats stats = tb_store_stats_now(l->s);
    CHECK(stats.checkpoints_passive > 0 && stats.batches == stats.writes && stats.batches == (uint64_t)l->leaf / 10);
    CHECK(l->reads > 1);
    tb_store_close(l->s);
    tb_io_free(l->io);
    tb_store *copy;
    if (CHECK_INT(tb_store_open_sqlite(in_dir("copy.db"), NULL, &copy, &error), TB_OK)) {
        tb_reader *r = tb_reader_open(copy);
        CHECK(tb_store_last(copy).leaf >= 200 && tb_store_last(copy).leaf % 10 == 0);
        CHECK_INT(events_in(r), tb_store_last(copy).leaf);
        tb_reader_close(r);
        struct got g = {0};
        CHECK_INT(tb_store_backup(copy, in_dir("suite.db"), got, &g), TB_OK);
        CHECK_INT(g.result, TB_STORE_RETRY); /* exists */
        tb_store_close(copy);
    }
    tb_arena_free(l->a);
    free(l);
}

/* ---- SIGKILL ---- */

enum { KILL_ROUNDS = 20, KILL_BATCH = 3 };

static void write_until_killed(const char *path, int report) { /* the child */
    tb_store *s;
    tb_store_error error;
    tb_arena *a = tb_arena_new(NULL, 0);
    if (tb_store_open_sqlite(path, NULL, &s, &error)) _exit(9);
    for (int64_t leaf = tb_store_last(s).leaf;;) {
        tb_arena_reset(a);
        tb_write w = {0};
        for (int i = 0; i < KILL_BATCH; i++) {
            int64_t id = leaf % 7 + 1;
            leaf++;
            *TB_PUSH(a, w.events) = event(leaf, id, 1, 0);
            *TB_PUSH(a, w.cases) = kase(id, 1, leaf, leaf);
        }
        if (put(s, &w) != TB_STORE_OK || write(report, &leaf, sizeof leaf) != sizeof leaf) _exit(8);
    }
}

static void test_kill(void) {
    const char *path = in_dir("killed.db");
    unsigned seed = (unsigned)time(NULL);
    int64_t acknowledged = 0;
    printf("kill seed %u\n", seed);
    for (int round = 0; round < KILL_ROUNDS; round++) {
        int report[2];
        if (!CHECK_INT(pipe(report), 0)) return;
        pid_t child = fork();
        if (child == 0) {
            close(report[0]);
            write_until_killed(path, report[1]);
        }
        close(report[1]);
        int64_t leaf, base = acknowledged;
        ssize_t n = read(report[0], &leaf, sizeof leaf); /* it has begun */
        if (n == sizeof leaf) acknowledged = leaf;
        nanosleep(&(struct timespec){0, (rand_r(&seed) % 40 + 1) * 1000000L}, NULL);
        kill(child, SIGKILL);
        while (read(report[0], &leaf, sizeof leaf) == sizeof leaf) acknowledged = leaf;
        close(report[0]);
        int status;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status) && acknowledged > base);
        tb_store *s;
        tb_store_error error;
        if (!CHECK_INT(tb_store_open_sqlite(path, NULL, &s, &error), TB_OK)) return;
        tb_reader *r = tb_reader_open(s);
        tb_arena *a = tb_arena_new(NULL, 0);
        tb_store_tail tail = tb_store_last(s);
        tb_case_row c;
        CHECK(tail.leaf >= acknowledged && tail.leaf <= acknowledged + KILL_BATCH); /* one may be there unanswered… */
        CHECK_INT(tail.leaf % KILL_BATCH, 0);                                       /* …and then is whole */
        CHECK_INT(events_in(r), tail.leaf);
        CHECK_INT(tb_read_case(r, (tail.leaf - 1) % 7 + 1, a, &c), TB_STORE_OK);
        CHECK_INT(c.last, tail.leaf);
        acknowledged = tail.leaf;
        tb_arena_free(a);
        tb_reader_close(r);
        tb_store_close(s);
    }
}

int main(void) {
    if (!mkdtemp(dir)) return perror(dir), 2;
    disk = tb_memory_disk_new();
    suite(open_memory);
    tb_memory_disk_free(disk);
    suite(open_file);
    test_refusals();
    test_trouble();
    test_threads();
    test_kill();
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0) fprintf(stderr, "could not remove %s\n", dir);
    return check_end();
}
