/* The ledger: its bytes against the worked examples of runtime/LEDGER.md; that it grows with the log through restarts and
 * failures, and is given to files from before it; that every way of tampering with a database is found and named; and that
 * values can be erased without breaking it. */
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "canonical.h"
#include "check.h"
#include "digest.h"
#include "leaf.h"
#include "ledger.h"
#include "server_parts.h"

static char dir[] = "/tmp/tb_test_ledger_XXXXXX";
static const char *in_dir(const char *name) {
    static char path[16][256];
    static int turn;
    char *p = path[turn++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}
static tb_str z(const char *text) { return tb_str_z(text); }
static tb_arena *arena;

/* ---- the worked examples ---- */

static tb_event_row examples[] = {
    {.leaf = 1,
     .seq = 0,
     .at = 1772413200000,
     .wall = 1772413200123,
     .semantics = 1,
     .body = {NULL, 0},
     .kind = {NULL, 0},
     .request = {NULL, 0}},
    {.leaf = 2,
     .case_id = 2,
     .seq = 1,
     .at = 1772413260000,
     .wall = 1772413260456,
     .program = 1,
     .world = 1,
     .semantics = 1},
    {.leaf = 3,
     .case_id = 2,
     .seq = 2,
     .prev = 2,
     .at = 1772726400000,
     .wall = 1772726400005,
     .program = 1,
     .world = 1,
     .semantics = 1},
};
static const char load_body[] =
    "{\"by\":\"赵管理\",\"digest\":\"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0\","
    "\"kind\":\"source\",\"name\":\"法规/示例.tb\"}";
static const char submit_body[] =
    "{\"at\":1772413260000,\"by\":{\"person\":\"李四\",\"place\":\"370402\"},"
    "\"form\":{\"份数\":2,\"姓名\":\"李四\"},\"materials\":[],\"submit\":\"全程网办\"}";
static const char timer_body[] = "{\"at\":1772726400000,\"timer\":\"法定期限\"}";
static const char *const example_bodies[] = {load_body, submit_body, timer_body};
static const char *const example_kinds[] = {"load", "submit", "timer"};

static char *whole_file(const char *path) {
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 18);
    if (f) CHECK(fread(text, 1, (1 << 18) - 1, f) > 0);
    if (f) fclose(f);
    return text;
}

static void documented(const char *manual, tb_str text) {
    if (!check_that(memmem(manual, strlen(manual), text.p, text.n) != NULL, "LEDGER.md has it", __FILE__, __LINE__))
        fprintf(stderr, "    %.*s\n", TB_FMT(text));
}

static void documented_hex(const char *manual, const uint8_t *bytes, size_t n) {
    char hex[2 * TB_HASH + 1];
    tb_hex(bytes, n, hex);
    documented(manual, z(hex));
}

static int work_examples(void *arg) {
    char *manual = arg;
    tb_merkle t;
    uint8_t hash[TB_HASH], salt[TB_SALT];
    tb_merkle_begin(&t, tb_sm3);
    for (int i = 0; i < 3; i++) {
        tb_event_row *e = &examples[i];
        uint8_t seed[TB_SALT];
        tb_buf b;
        for (int k = 0; k < TB_SALT; k++) seed[k] = (uint8_t)(i << 4 | k);
        e->body = z(example_bodies[i]);
        e->kind = z(example_kinds[i]);
        if (i == 1) e->request = z("r-1");
        memset(e->outcome, 0x11 * (i + 1), TB_DIGEST);
        tb_leaf_append(arena, &t, e, seed);
        tb_buf_init(&b, arena);
        tb_leaf_entry(&b, e, NULL);
        documented(manual, e->body);
        documented(manual, tb_buf_str(&b));
        documented_hex(manual, (const uint8_t *)e->tree.p, TB_HASH);
        tb_leaf_hash(arena, e, hash);
        CHECK(memcmp(hash, e->tree.p, TB_HASH) == 0);
        CHECK_INT(e->tree.n, i == 1 ? 64 : 32);
    }
    tb_leaf_salt((const uint8_t *)examples[1].salts.p, 2, salt); /* of 份数 */
    documented_hex(manual, salt, TB_SALT);
    documented_hex(manual, (const uint8_t *)examples[1].tree.p + TB_HASH, TB_HASH); /* the node over leaves 1 and 2 */
    tb_merkle_root(&t, hash);
    documented_hex(manual, hash, TB_HASH);
    return TB_OK;
}

static void test_examples(void) {
    char *manual = whole_file("runtime/LEDGER.md");
    CHECK_INT(tb_try(arena, work_examples, manual), TB_OK);
    free(manual);
}

/* ---- entries are total ---- */

struct odd {
    tb_event_row row;
    tb_str entry;
    uint32_t erased;
};
static int write_odd(void *arg) {
    struct odd *o = arg;
    tb_buf b;
    tb_buf_init(&b, arena);
    tb_leaf_entry(&b, &o->row, &o->erased);
    o->entry = tb_buf_str(&b);
    return TB_OK;
}

/* Whatever stands in a row has one entry, and every other row another: bodies that are not ours, cut at every byte. */
static void test_odd(void) {
    static const char whole[] =
        "{\"by\":{\"person\":\"李\\\"四\",\"place\":\"1\"},\"form\":{\"a\":[1,{\"b\":\"]\"}],\"c\":true},\"x\":{}}";
    static const char seed[TB_SALT] = "0123456789abcdef";
    tb_str last = {NULL, 0};
    bool json = true, other = true;
    for (uint32_t n = 0; n < sizeof whole; n++) {
        struct odd o = {.row = {.leaf = 1, .body = {n ? whole : NULL, n}, .salts = {seed, TB_SALT}}};
        CHECK_INT(tb_try(arena, write_odd, &o), TB_OK);
        bool value = memmem(o.entry.p, o.entry.n, "\"body\":{\"sm3\":\"", 15) != NULL; /* as a whole */
        json &= value == (n != sizeof whole - 1);
        other &= !tb_str_eq(o.entry, last);
        last = o.entry;
    }
    CHECK(json);
    CHECK(other);
    struct odd o = {.row = {.leaf = 1, .body = z(whole), .salts = {seed, TB_SALT}}};
    CHECK_INT(tb_try(arena, write_odd, &o), TB_OK);
    CHECK(!memmem(o.entry.p, o.entry.n, "李", 3)); /* what a person said does not stand there */
    CHECK(!memmem(o.entry.p, o.entry.n, "true", 4));
    CHECK(memmem(o.entry.p, o.entry.n, "\"place\":\"1\"", 11) != NULL);
    CHECK_INT(o.erased, 0);
}

/* ---- a log to tamper with ---- */

struct got {
    int result;
    char why[256];
};
static void got(void *user, int result, const char *why) {
    struct got *g = user;
    g->result = result;
    snprintf(g->why, sizeof g->why, "%s", why);
}
static int put(tb_store *s, tb_write *w) {
    struct got g = {-1, ""};
    return tb_store_submit(s, &w, 1, got, &g) == TB_OK ? g.result : -2;
}

static const char source_text[] = "事项 甲：\n";
enum { FIRST = 3, EVENTS = 40, CASES = 3 };
#define CASE_OF(leaf) (FIRST + ((leaf)-FIRST) % CASES)

/* Load, attachment, then three cases by turns: leaf n is of case FIRST + (n - FIRST) % 3. */
static tb_event_row event(int64_t leaf, char *body, size_t room) {
    int64_t turn = leaf - FIRST, id = CASE_OF(leaf), seq = 1 + turn / CASES;
    tb_event_row e = {.leaf = leaf,
                      .case_id = id,
                      .seq = seq,
                      .prev = seq > 1 ? leaf - CASES : 0,
                      .at = 1000 * leaf,
                      .wall = 1000 * leaf + 7,
                      .program = 1,
                      .semantics = 1,
                      .kind = z(seq > 1 ? "act" : "submit"),
                      .request = z("键")};
    snprintf(body, room,
             "{\"act\":\"受理\",\"at\":%lld,\"by\":{\"person\":\"李四\",\"place\":\"3704\"},\"input\":{\"意见\":\"第 "
             "%lld 次\"}}",
             (long long)e.at, (long long)leaf);
    e.body = z(body);
    memset(e.outcome, (int)leaf, TB_DIGEST);
    return e;
}

static int put_event(tb_store *s, int64_t leaf) {
    char body[256];
    tb_event_row e = event(leaf, body, sizeof body);
    tb_case_row c = {.id = e.case_id,
                     .program = 1,
                     .seq = e.seq,
                     .last = leaf,
                     .due = TB_NEVER,
                     .name = z("件"),
                     .matter = z("甲"),
                     .state = z("{}"),
                     .keys = z("")};
    tb_write w = {.events = {&e, 1, 1}, .cases = {&c, 1, 1}};
    int result = put(s, &w);
    CHECK(e.salts.p == NULL && e.tree.p == NULL); /* the store's own */
    return result;
}

static int put_beginning(tb_store *s) {
    char hex[65], manifest[200], body[200], file[200];
    tb_blob_row source = {.bytes = z(source_text)}, bytes = {.bytes = z("扫描件")};
    tb_sm3(source.bytes.p, source.bytes.n, source.digest);
    tb_sm3(bytes.bytes.p, bytes.bytes.n, bytes.digest);
    tb_hex(source.digest, 32, hex);
    snprintf(manifest, sizeof manifest, "{\"files\":{\"甲.tb\":\"%s\"}}", hex);
    snprintf(body, sizeof body, "{\"by\":\"赵\",\"digest\":\"%s\",\"kind\":\"source\",\"name\":\"甲.tb\"}", hex);
    tb_load_row load = {.leaf = 1,
                        .at = 1000,
                        .kind = z("source"),
                        .name = z("甲.tb"),
                        .version = z(""),
                        .by = z("赵"),
                        .manifest = z(manifest)};
    memcpy(load.digest, source.digest, TB_DIGEST);
    tb_hex(bytes.digest, 32, hex);
    snprintf(file, sizeof file, "{\"case\":\"C\",\"digest\":\"%s\",\"name\":\"身份证.jpg\"}", hex);
    tb_event_row e[] = {
        {.leaf = 1, .at = 1000, .wall = 1000, .semantics = 1, .kind = z("load"), .body = z(body)},
        {.leaf = 2, .at = 1001, .wall = 1001, .semantics = 1, .kind = z("attachment"), .body = z(file)}};
    tb_sm3(manifest, strlen(manifest), e[0].outcome);
    tb_write w = {
        .sources = {&source, 1, 1}, .attachments = {&bytes, 1, 1}, .loads = {&load, 1, 1}, .events = {e, 2, 2}};
    return put(s, &w);
}

static bool open_db(const char *path, tb_store **s) {
    tb_store_error error;
    if (CHECK_INT(tb_store_open_sqlite(path, NULL, s, &error), TB_OK)) return true;
    fprintf(stderr, "    %s\n", error.text);
    return false;
}

static tb_ledger_report report_of(tb_store *s, const tb_ledger_head *heads, uint32_t n) {
    tb_ledger_report r = {0};
    tb_reader *reader = tb_reader_open(s);
    int result = reader ? tb_ledger_verify(reader, &(tb_ledger_options){.heads = heads, .heads_n = n}, &r) : -1;
    if (!CHECK_INT(result, TB_STORE_OK) && reader) fprintf(stderr, "    %s\n", tb_reader_why(reader));
    tb_reader_close(reader);
    return r;
}

static tb_ledger_report report_of_file(const char *path, const tb_ledger_head *heads, uint32_t n) {
    tb_store *s;
    tb_store_error error;
    tb_ledger_report r = {.found = (enum tb_ledger_finding) - 1};
    tb_store_options reading = {.read_only = true, .ledger = true};
    if (!CHECK_INT(tb_store_open_sqlite(path, &reading, &s, &error), TB_OK))
        return fprintf(stderr, "    %s\n", error.text), r;
    r = report_of(s, heads, n);
    tb_store_close(s);
    return r;
}

static tb_ledger_head head_of(tb_store *s) {
    tb_ledger_head h = {.size = -1};
    tb_reader *r = tb_reader_open(s);
    CHECK_INT(tb_ledger_head_now(r, &h), TB_STORE_OK);
    tb_reader_close(r);
    return h;
}

static tb_ledger_head early, middle, late; /* of base.db, at 10, 20 and all */

static void make_base(void) {
    tb_store *s;
    if (!open_db(in_dir("base.db"), &s)) exit(1);
    tb_ledger_head empty = head_of(s);
    CHECK_INT(empty.size, 0);
    tb_ledger_report r = report_of(s, &empty, 1);
    CHECK(r.found == TB_LEDGER_WHOLE && r.heads == 1);
    CHECK_INT(put_beginning(s), TB_STORE_OK);
    for (int64_t leaf = FIRST; leaf <= EVENTS; leaf++) {
        CHECK_INT(put_event(s, leaf), TB_STORE_OK);
        if (leaf == 10) early = head_of(s);
        if (leaf == 20) middle = head_of(s);
        if (leaf % 7) continue;
        tb_store_close(s); /* the tree survives restarts */
        if (!open_db(in_dir("base.db"), &s)) exit(1);
    }
    late = head_of(s);
    CHECK_INT(late.size, EVENTS);
    CHECK_INT(late.at, 1000 * EVENTS + 7);
    r = report_of(s, (tb_ledger_head[]){late, early, empty, middle}, 4);
    CHECK_INT(r.found, TB_LEDGER_WHOLE);
    CHECK_INT(r.events, EVENTS);
    CHECK_INT(r.heads, 4);
    CHECK(r.loads == 1 && r.sources == 1 && r.attachments == 1 && r.cases == CASES && r.erased == 0);
    CHECK(memcmp(r.head.root, late.root, TB_HASH) == 0);
    tb_store_close(s);
}

/* ---- tampering ---- */

static void copy_base(const char *to) {
    char command[600];
    snprintf(command, sizeof command, "cp '%s' '%s'", in_dir("base.db"), to);
    CHECK_INT(system(command), 0);
}

static void sql(const char *path, const char *text) {
    sqlite3 *db;
    char *why = NULL;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    if (!CHECK_INT(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK)) fprintf(stderr, "    %s\n", why);
    sqlite3_free(why);
    sqlite3_close(db);
}

/* What was done to a copy, and what exactly is found (case_id 0: none is named). */
static void tampered(const char *what, const char *statements, enum tb_ledger_finding found, int64_t leaf,
                     int64_t until, int64_t other, int64_t case_id, int64_t seq) {
    char name[TB_CASE_NAME + 1] = "";
    char path[256];
    snprintf(path, sizeof path, "%s", in_dir("tampered.db"));
    copy_base(path);
    sql(path, statements);
    tb_ledger_report r = report_of_file(path, NULL, 0);
    if (case_id) tb__case_name(case_id, name);
    bool ok = r.found == found && r.leaf == leaf && r.until == until && r.other == other && r.seq == seq &&
              strcmp(r.case_id, name) == 0;
    if (!check_that(ok, what, __FILE__, __LINE__))
        fprintf(stderr, "    %s at %lld to %lld (was %lld), case %s, seq %lld\n", tb_ledger_finding_name(r.found),
                (long long)r.leaf, (long long)r.until, (long long)r.other, r.case_id, (long long)r.seq);
    unlink(path);
}

static void test_tampering(void) {
#define EDIT(what, set, leaf)                                                                                          \
    tampered(what, "UPDATE event SET " set " WHERE leaf = " #leaf, TB_LEDGER_EDITED, leaf, leaf, 0, CASE_OF(leaf),     \
             1 + (leaf - FIRST) / CASES)
    EDIT("a body edited", "body = replace(body, '李四', '王五')", 9);
    EDIT("a plain member edited", "body = replace(body, '受理', '不予')", 9);
    EDIT("a body that is no JSON any more", "body = '{'", 9);
    EDIT("an outcome edited", "outcome = zeroblob(32)", 17);
    EDIT("the time edited", "at = at + 1", 40);
    EDIT("the recorded time edited", "wall = wall - 1", 4);
    tampered("the case changed", "UPDATE event SET case_id = 3 WHERE leaf = 4", TB_LEDGER_EDITED, 4, 4, 0, 3, 1);
    EDIT("the chain changed", "prev = prev - 3", 21);
    EDIT("the program changed", "program = 2", 21);
    EDIT("the world changed", "world = 1", 21);
    EDIT("the semantics changed", "semantics = 2", 21);
    EDIT("the kind changed", "kind = 'timer'", 22);
    EDIT("the request changed", "request = 'x'", 22);
    EDIT("the request emptied", "request = ''", 22);
    EDIT("the request removed", "request = NULL", 22);
    EDIT("salts changed", "salts = zeroblob(16)", 23);
    EDIT("salts cut", "salts = x'00'", 23);
    EDIT("the leaf hash changed", "tree = zeroblob(length(tree))", 24);
    EDIT("the tree cut", "tree = substr(tree, 1, 31)", 24);
    tampered("seq edited", "UPDATE event SET seq = 9 WHERE leaf = 9", TB_LEDGER_EDITED, 9, 9, 0, CASE_OF(9), 9);
    tampered("body and outcome edited to fit each other",
             "UPDATE event SET body = replace(body, '第', '共'), outcome = randomblob(32) WHERE leaf = 12",
             TB_LEDGER_EDITED, 12, 12, 0, CASE_OF(12), 4);
    tampered(
        "a node changed",
        "UPDATE event SET tree = CAST(substr(tree, 1, 64) || zeroblob(32) || substr(tree, 97) AS BLOB) WHERE leaf = 16",
        TB_LEDGER_REWRITTEN, 13, 16, 0, 0, 0);
    tampered("the last deleted", "DELETE FROM event WHERE leaf = 40", TB_LEDGER_CUT, 40, 40, 0, CASE_OF(40), 13);
    tampered("the last three deleted", "DELETE FROM event WHERE leaf > 37", TB_LEDGER_CUT, 38, 38, 0, CASE_OF(38), 12);
    tampered("a middle one deleted", "DELETE FROM event WHERE leaf = 11", TB_LEDGER_DELETED, 11, 11, 0, CASE_OF(11), 3);
    tampered("the first deleted", "DELETE FROM event WHERE leaf = 1", TB_LEDGER_DELETED, 1, 1, 0, 0, 0);
    tampered("four deleted", "DELETE FROM event WHERE leaf BETWEEN 11 AND 14", TB_LEDGER_DELETED, 11, 14, 0,
             CASE_OF(12), 4);
    tampered("one deleted, the later ones moved up",
             "DELETE FROM event WHERE leaf = 11;"
             "UPDATE event SET leaf = -leaf WHERE leaf > 11; UPDATE event SET leaf = -leaf - 1 WHERE leaf < 0",
             TB_LEDGER_DELETED, 11, 11, 12, CASE_OF(11), 3);
    tampered("one put in, the later ones moved down",
             "UPDATE event SET leaf = -leaf WHERE leaf >= 11; UPDATE event SET leaf = 1 - leaf WHERE leaf < 0;"
             "INSERT INTO event SELECT 11, case_id, seq, prev, at, wall, kind, program, world, semantics, request, "
             "'{}', outcome,"
             " salts, tree FROM event WHERE leaf = 5",
             TB_LEDGER_INSERTED, 11, 11, 0, CASE_OF(5), 1);
    tampered("one put in as a copy",
             "UPDATE event SET leaf = -leaf WHERE leaf >= 11; UPDATE event SET leaf = 1 - leaf WHERE leaf < 0;"
             "INSERT INTO event SELECT 11, case_id, seq, prev, at, wall, kind, program, world, semantics, request, "
             "body, outcome,"
             " salts, tree FROM event WHERE leaf = 5",
             TB_LEDGER_INSERTED, 11, 11, 5, CASE_OF(5), 1);
    tampered("one added at the end",
             "INSERT INTO event SELECT 41, case_id, seq + 1, 40, at, wall, kind, program, world, semantics, request, "
             "body, outcome,"
             " x'', x'' FROM event WHERE leaf = 40",
             TB_LEDGER_INSERTED, 41, 41, 0, CASE_OF(40), 14);
    tampered("one put before the first",
             "INSERT INTO event SELECT 0, case_id, seq, prev, at, wall, kind, program, world, semantics, request, "
             "body, outcome,"
             " salts, tree FROM event WHERE leaf = 40",
             TB_LEDGER_INSERTED, 0, 0, 0, CASE_OF(40), 13);
    tampered("two swapped",
             "UPDATE event SET leaf = -1 WHERE leaf = 8; UPDATE event SET leaf = 8 WHERE leaf = 30;"
             "UPDATE event SET leaf = 30 WHERE leaf = -1",
             TB_LEDGER_MOVED, 8, 8, 30, CASE_OF(30), 10);
    tampered("two swapped under their hashes",
             "CREATE TEMP TABLE t AS SELECT leaf, tree FROM event WHERE leaf IN (8, 30);"
             "UPDATE event SET leaf = -1 WHERE leaf = 8; UPDATE event SET leaf = 8 WHERE leaf = 30;"
             "UPDATE event SET leaf = 30 WHERE leaf = -1;"
             "UPDATE event SET tree = (SELECT tree FROM t WHERE t.leaf = event.leaf) WHERE leaf IN (8, 30)",
             TB_LEDGER_MOVED, 8, 8, 30, CASE_OF(30), 10);
    tampered("a manifest edited", "UPDATE load SET manifest = replace(manifest, '甲', '乙')", TB_LEDGER_LOAD, 1, 1, 0,
             0, 0);
    tampered("who loaded edited", "UPDATE load SET by = '钱'", TB_LEDGER_LOAD, 1, 1, 0, 0, 0);
    tampered("a load's row removed", "DELETE FROM load", TB_LEDGER_LOAD, 1, 1, 0, 0, 0);
    tampered("a load's row too many",
             "INSERT INTO load SELECT 50, kind, name, version, digest, manifest, by, at FROM load WHERE leaf = 1",
             TB_LEDGER_CUT, 41, 50, 0, 0, 0);
    tampered("a source edited", "UPDATE source SET text = text || '#'", TB_LEDGER_SOURCE, 1, 1, 0, 0, 0);
    tampered("a source removed", "DELETE FROM source", TB_LEDGER_SOURCE, 1, 1, 0, 0, 0);
    tampered("a file replaced", "UPDATE attachment SET bytes = x'00'", TB_LEDGER_SOURCE, 2, 2, 0, 0, 0);
}

/* ---- with its hashes recomputed ---- */

static void write_hash(const char *path, int64_t leaf) {
    tb_store *s;
    tb_store_error error;
    tb_event_row row;
    sqlite3 *db;
    sqlite3_stmt *st;
    uint8_t hash[TB_HASH];
    tb_store_options reading = {.read_only = true};
    CHECK_INT(tb_store_open_sqlite(path, &reading, &s, &error), TB_OK);
    tb_reader *r = tb_reader_open(s);
    CHECK_INT(tb_read_leaf(r, leaf, arena, &row), TB_STORE_OK);
    tb_leaf_hash(arena, &row, hash);
    tb_reader_close(r);
    tb_store_close(s);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_prepare_v2(db, "UPDATE event SET tree = CAST(?1 || substr(tree, 33) AS BLOB) WHERE leaf = ?2", -1,
                                 &st, NULL),
              SQLITE_OK);
    sqlite3_bind_blob(st, 1, hash, TB_HASH, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, leaf);
    CHECK_INT(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* To the forger the way from before the ledger is as good as any: everything is computed anew. */
static const char forget_ledger[] =
    "DROP INDEX cases_applicant; ALTER TABLE cases DROP COLUMN applicant; ALTER TABLE task DROP COLUMN holder; ALTER TABLE task DROP COLUMN alert; ALTER TABLE event DROP COLUMN salts; ALTER TABLE event DROP COLUMN tree; "
    "DROP TABLE account; DROP TABLE credential; DROP TABLE access; DROP TABLE due_change; PRAGMA user_version=2";

static void recompute_all(const char *path) {
    tb_store *s;
    sql(path, forget_ledger);
    if (open_db(path, &s)) tb_store_close(s);
}

static void test_recomputed(void) {
    const char *path = in_dir("forged.db");
    copy_base(path);
    sql(path, "UPDATE event SET body = replace(body, '李四', '王五') WHERE leaf = 9");
    write_hash(path, 9);
    tb_ledger_report r = report_of_file(path, NULL, 0);
    CHECK_INT(r.found, TB_LEDGER_REWRITTEN);
    CHECK(r.leaf == 9 && r.until == 10);

    copy_base(path);
    sql(path, "UPDATE event SET body = replace(body, '李四', '王五') WHERE leaf = 15");
    recompute_all(path);
    r = report_of_file(path, NULL, 0);
    CHECK_INT(r.found, TB_LEDGER_WHOLE); /* no more is claimed */
    r = report_of_file(path, &late, 1);
    CHECK_INT(r.found, TB_LEDGER_REWRITTEN_WHOLE);
    CHECK(r.leaf == 1 && r.until == EVENTS && r.got[0] && r.expected[0]);

    /* One who keeps the salts changes no leaf but the one: heads from before it still agree, and narrow it down. */
    copy_base(path);
    sql(path, "DELETE FROM event WHERE leaf > 14; UPDATE cases SET seq = 4, last = 12 + (id - 3)");
    tb_store *s;
    if (open_db(path, &s)) {
        for (int64_t leaf = 15; leaf <= EVENTS; leaf++) CHECK_INT(put_event(s, leaf), TB_STORE_OK);
        r = report_of(s, NULL, 0);
        CHECK_INT(r.found, TB_LEDGER_WHOLE);
        r = report_of(s, (tb_ledger_head[]){late, middle, early}, 3);
        CHECK_INT(r.found, TB_LEDGER_REWRITTEN_WHOLE);
        CHECK(r.leaf == 11 && r.until == 20 && r.heads == 2);
        tb_store_close(s);
    }
    /* Cut with everything that knew of it: only a head tells. */
    copy_base(path);
    sql(path, "DELETE FROM event WHERE leaf > 38; UPDATE cases SET last = last - 3, seq = seq - 1 WHERE last > 38");
    CHECK_INT(report_of_file(path, NULL, 0).found, TB_LEDGER_WHOLE);
    r = report_of_file(path, (tb_ledger_head[]){early, late}, 2);
    CHECK_INT(r.found, TB_LEDGER_SHORT);
    CHECK(r.leaf == 39 && r.until == EVENTS && r.heads == 1);
    unlink(path);
}

/* ---- growth through failure, and from before the ledger ---- */

static int fail_once(void *user, const char *point) {
    const char **at = user;
    if (!*at || strcmp(*at, point) != 0) return TB_STORE_OK;
    *at = NULL;
    return strcmp(point, TB_FAULT_COMMIT) == 0 ? TB_STORE_UNKNOWN : TB_STORE_RETRY;
}

static void grow_through_failures(tb_store *s, const char **at) {
    CHECK_INT(put_beginning(s), TB_STORE_OK);
    CHECK_INT(put_event(s, 3), TB_STORE_OK);
    *at = TB_FAULT_BEGIN;
    CHECK_INT(put_event(s, 4), TB_STORE_RETRY);
    CHECK_INT(put_event(s, 4), TB_STORE_OK);
    tb_load_row twice = {.leaf = 1, .kind = z("x"), .name = z(""), .version = z(""), .manifest = z("{}"), .by = z("")};
    char body[256];
    tb_event_row e = event(5, body, sizeof body);
    tb_write contradiction = {.loads = {&twice, 1, 1}, .events = {&e, 1, 1}};
    CHECK_INT(put(s, &contradiction), TB_STORE_CORRUPT); /* its leaf was computed, and goes with the batch */
    CHECK_INT(put_event(s, 5), TB_STORE_OK);
    *at = TB_FAULT_COMMIT;
    CHECK_INT(put_event(s, 6), TB_STORE_UNKNOWN); /* and yet it is there */
    struct got g = {-1, ""};
    CHECK_INT(tb_store_reopen(s, got, &g), TB_OK);
    CHECK_INT(g.result, TB_STORE_OK);
    CHECK_INT(tb_store_last(s).leaf, 6);
    for (int64_t leaf = 7; leaf <= 20; leaf++) CHECK_INT(put_event(s, leaf), TB_STORE_OK);
    tb_ledger_head h = head_of(s);
    tb_ledger_report r = report_of(s, &h, 1);
    CHECK(r.found == TB_LEDGER_WHOLE && r.events == 20 && r.heads == 1);
}

static void test_failures(void) {
    const char *at = NULL;
    tb_store *s;
    tb_store_error error;
    tb_store_options options = {.fault = fail_once, .fault_user = &at};
    if (CHECK_INT(tb_store_open_sqlite(in_dir("failing.db"), &options, &s, &error), TB_OK)) {
        grow_through_failures(s, &at);
        tb_store_close(s);
    }
    if (CHECK_INT(tb_store_open_memory(NULL, &options, &s, &error), TB_OK)) {
        grow_through_failures(s, &at);
        tb_store_close(s);
    }
}

static void test_older(void) {
    const char *path = in_dir("older.db");
    tb_store *s;
    tb_store_error error;
    tb_store_options reading = {.read_only = true, .ledger = true};
    copy_base(path);
    sql(path, forget_ledger);
    CHECK_INT(tb_store_open_sqlite(path, &reading, &s, &error), TB_FAILED); /* clear, instead of SQLite's words */
    CHECK_INT(error.code, TB_STORE_ERROR_OLDER);
    reading.ledger = false; /* its events can be replayed all the same */
    if (CHECK_INT(tb_store_open_sqlite(path, &reading, &s, &error), TB_OK)) tb_store_close(s);
    if (open_db(path, &s)) {
        CHECK_INT(put_event(s, EVENTS + 1), TB_STORE_OK);
        tb_ledger_report r = report_of(s, NULL, 0);
        CHECK(r.found == TB_LEDGER_WHOLE && r.events == EVENTS + 1);
        tb_store_close(s);
    }
    copy_base(path); /* a log with a gap is not covered up by hashes */
    sql(path, forget_ledger);
    sql(path, "DELETE FROM event WHERE leaf = 8");
    CHECK_INT(tb_store_open_sqlite(path, NULL, &s, &error), TB_FAILED);
    CHECK_INT(error.code, TB_STORE_ERROR_CORRUPT);
    copy_base(path); /* nor does the server go on from a damaged tree */
    sql(path, "UPDATE event SET tree = x'' WHERE leaf = 32");
    CHECK_INT(tb_store_open_sqlite(path, NULL, &s, &error), TB_FAILED);
    CHECK_INT(error.code, TB_STORE_ERROR_CORRUPT);
    CHECK(strstr(error.text, "leaf 32") != NULL);
    unlink(path);
}

/* ---- erasure ---- */

/* Takes the person of a row away as LEDGER.md says: the commitment stays in its place, the salt goes; the outcome's too,
 * which was computed from it. `lie`: with the commitment to another name. */
static void erase_person(const char *path, int64_t leaf, bool lie) {
    tb_store *s;
    tb_store_error error;
    tb_event_row row;
    sqlite3 *db;
    sqlite3_stmt *st;
    uint8_t bytes[64], commitment[2][TB_HASH], kept[3 * TB_SALT_KEPT] = {0};
    char hex[65], text[120];
    tb_store_options reading = {.read_only = true};
    CHECK_INT(tb_store_open_sqlite(path, &reading, &s, &error), TB_OK);
    tb_reader *r = tb_reader_open(s);
    CHECK_INT(tb_read_leaf(r, leaf, arena, &row), TB_STORE_OK);
    const uint8_t *seed = (const uint8_t *)row.salts.p;
    tb_leaf_salt(seed, 0, bytes); /* value 0, the outcome */
    memcpy(bytes + TB_SALT, row.outcome, TB_DIGEST);
    tb_sm3(bytes, TB_SALT + TB_DIGEST, commitment[0]);
    tb_leaf_salt(seed, 1, bytes); /* value 1, the person */
    memcpy(bytes + TB_SALT, lie ? "\"王五\"" : "\"李四\"", 8);
    tb_sm3(bytes, TB_SALT + 8, commitment[1]);
    kept[2 * TB_SALT_KEPT] = 1; /* value 2, the input, stays */
    tb_leaf_salt(seed, 2, kept + 2 * TB_SALT_KEPT + 1);
    tb_reader_close(r);
    tb_store_close(s);
    tb_hex(commitment[1], 32, hex);
    snprintf(text, sizeof text, "{\"sm3\":\"%s\"}", hex);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_prepare_v2(
                  db, "UPDATE event SET body = replace(body, '\"李四\"', ?1), outcome = ?2, salts = ?3 WHERE leaf = ?4",
                  -1, &st, NULL),
              SQLITE_OK);
    sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
    sqlite3_bind_blob(st, 2, commitment[0], TB_HASH, SQLITE_STATIC);
    sqlite3_bind_blob(st, 3, kept, sizeof kept, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, leaf);
    CHECK_INT(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void test_erasure(void) {
    const char *path = in_dir("erased.db");
    copy_base(path);
    erase_person(path, 9, false);
    sql(path, "DELETE FROM event WHERE leaf = 9 AND body LIKE '%李四%'"); /* it is gone, so nothing is deleted */
    tb_ledger_report r = report_of_file(path, &late, 1);
    CHECK_INT(r.found, TB_LEDGER_WHOLE);
    CHECK(r.heads == 1 && r.erased == 2 && r.erased_leaf == 9);
    copy_base(path);
    erase_person(path, 9, true); /* an erasure cannot smuggle another value in */
    r = report_of_file(path, &late, 1);
    CHECK_INT(r.found, TB_LEDGER_EDITED);
    CHECK_INT(r.leaf, 9);
    unlink(path);
}

/* ---- heads as text ---- */

static int head_texts(void *arg) {
    tb_ledger_head h;
    tb_buf b;
    (void)arg;
    tb_buf_init(&b, arena);
    tb_ledger_head_write(&b, &late);
    CHECK(tb_ledger_head_read(arena, tb_buf_str(&b), &h));
    CHECK(h.size == late.size && h.at == late.at && memcmp(h.root, late.root, TB_HASH) == 0);
    static const char *const bad[] = {
        "", "{}", "[]", "{\"root\":\"00\",\"size\":1}", "{\"size\":-1}", "{\"at\":\"gestern\"}", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!tb_ledger_head_read(arena, z(bad[i]), &h));
    return TB_OK;
}

int main(void) {
    if (!mkdtemp(dir)) return 1;
    arena = tb_arena_new(NULL, 0);
    test_examples();
    test_odd();
    make_base();
    test_tampering();
    test_recomputed();
    test_failures();
    test_older();
    test_erasure();
    CHECK_INT(tb_try(arena, head_texts, NULL), TB_OK);
    tb_arena_free(arena);
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    if (system(command) != 0) return 1;
    return check_end();
}
