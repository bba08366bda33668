/* See ledger.h. One pass over the log in its order, so that the first finding is the earliest; then what only the end
 * can tell. A leaf whose hash does not fit is looked at more closely: was it written as another leaf? Then events were
 * exchanged, taken out or put in, and not edited. */
#include "ledger.h"
#include "calendar.h"
#include "canonical.h"
#include "digest.h"
#include "leaf.h"
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, NEAR = 4096 /* leaves around a strange one among which its old place is looked for */ };

/* ---- heads ---- */

int tb_ledger_head_now(tb_reader *r, tb_ledger_head *h) {
    tb_store_tail tail;
    tb_merkle tree;
    int result = tb_read_tail(r, &tail);
    if (result == TB_STORE_OK) result = tb_read_ledger(r, tail.leaf, &tree);
    if (result) return result;
    h->size = tail.leaf;
    h->at = tail.wall;
    tb_merkle_root(&tree, h->root);
    return TB_STORE_OK;
}

void tb_ledger_head_write(tb_buf *b, const tb_ledger_head *h) {
    char hex[TB_SM3_HEX + 1];
    tb_hex(h->root, TB_HASH, hex);
    tb_puts(b, "{\"at\":");
    if (h->size) tb__put_time(b, h->at);
    else tb_puts(b, "null");
    tb_putf(b, ",\"root\":\"%s\",\"size\":%lld}\n", hex, (long long)h->size);
}

bool tb_ledger_head_read(tb_arena *a, tb_str text, tb_ledger_head *h) {
    const char *error;
    size_t where;
    const tb_json *o = tb_json_read(a, text, &error, &where);
    tb_str at = tb_json_text(o, "at");
    *h = (tb_ledger_head){.size = tb_json_number(o, "size", -1)};
    if (at.n && !tb_time_parse(at, &h->at)) return false;
    return h->size >= 0 && tb_unhex(tb_json_text(o, "root"), h->root, TB_HASH);
}

/* ---- verification ---- */

typedef struct verifying {
    tb_reader *reader;
    const tb_ledger_options *o;
    tb_ledger_report *r;
    tb_arena *arena, *kept; /* of a row; of the one that is looked at more closely */
    tb_merkle tree;
    tb_store_tail tail, now; /* at the start; when the end is looked at: a server may have gone on */
    tb_event_row row;        /* the strange one */
    bool strange;
    int64_t good_head; /* size of the largest head met */
    int result;        /* of a read within a scan */
} verifying;

static int find(verifying *x, enum tb_ledger_finding f, const tb_event_row *row, int64_t leaf) {
    x->r->found = f;
    x->r->leaf = leaf;
    x->r->until = leaf;
    if (row && row->case_id) {
        tb__case_name(row->case_id, x->r->case_id);
        x->r->seq = row->seq;
    }
    return 1;
}

static void compare_text(verifying *x, const uint8_t *expected, const uint8_t *got) {
    tb_hex(expected, TB_HASH, x->r->expected);
    tb_hex(got, TB_HASH, x->r->got);
}

/* ---- what lies beside the log: loads, sources, attachments ---- */

typedef struct beside {
    verifying *x;
    const tb_event_row *row;
    tb_load_row load;
    bool found;
} beside;

static int content_differs(verifying *x, const tb_event_row *row, tb_str name, const uint8_t *want,
                           const uint8_t *got) {
    find(x, TB_LEDGER_SOURCE, row, row->leaf);
    snprintf(x->r->name, sizeof x->r->name, "%.*s", (int)(name.n < 200 ? name.n : 200), name.p);
    tb_hex(want, TB_HASH, x->r->expected);
    if (got) tb_hex(got, TB_HASH, x->r->got);
    return TB_FAILED;
}

static int check_source(verifying *x, const tb_event_row *row, tb_str path, tb_str hex) {
    uint8_t want[TB_DIGEST], got[TB_DIGEST];
    tb_str text;
    if (!tb_unhex(hex, want, sizeof want)) return find(x, TB_LEDGER_LOAD, row, row->leaf), TB_FAILED;
    int result = tb_read_source(x->reader, want, x->arena, &text);
    if (result == TB_STORE_NONE) return content_differs(x, row, path, want, NULL);
    if (result) return x->result = result, TB_FAILED;
    tb_sm3(text.p, text.n, got);
    x->r->sources++;
    return memcmp(want, got, sizeof want) == 0 ? TB_OK : content_differs(x, row, path, want, got);
}

static bool load_says(const tb_load_row *load, const tb_event_row *row, const tb_json *body) {
    char hex[TB_SM3_HEX + 1];
    uint8_t outcome[TB_DIGEST];
    tb_hex(load->digest, TB_DIGEST, hex);
    tb_sm3(load->manifest.p, load->manifest.n, outcome);
    tb_str by = tb_json_text(body, "by");
    return memcmp(outcome, row->outcome, TB_DIGEST) == 0 && load->at == row->at &&
           tb_str_eq(tb_json_text(body, "kind"), load->kind) && tb_str_eq(tb_json_text(body, "name"), load->name) &&
           tb_str_eq(tb_json_text(body, "version"), load->version) && tb_str_is(tb_json_text(body, "digest"), hex) &&
           (by.n == 0 || tb_str_eq(by, load->by));
}

static int copy_load(void *arg) {
    beside *b = arg;
    tb_load_row *l = &b->load;
    tb_str *texts[] = {&l->kind, &l->name, &l->version, &l->by, &l->manifest};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = tb_str_copy(b->x->arena, *texts[i]);
    return TB_OK;
}

static int take_load(void *user, const tb_load_row *load) {
    beside *b = user;
    b->load = *load;
    b->found = true;
    if (tb_try(b->x->arena, copy_load, b) != TB_OK) b->x->result = TB_STORE_RETRY;
    return 1;
}

static int check_load(beside *b) {
    verifying *x = b->x;
    const char *error;
    size_t where;
    const tb_json *body = tb_json_read(x->arena, b->row->body, &error, &where);
    const tb_json *manifest = tb_json_read(x->arena, b->load.manifest, &error, &where);
    const tb_json *files = tb_json_get(manifest, "files");
    if (!files || files->kind != TB_JSON_OBJECT || !load_says(&b->load, b->row, body))
        return find(x, TB_LEDGER_LOAD, b->row, b->row->leaf), TB_FAILED;
    x->r->loads++;
    for (uint32_t i = 0; i < files->count; i++)
        if (check_source(x, b->row, files->keys[i], files->items[i].text)) return TB_FAILED;
    return TB_OK;
}

static int check_attachment(beside *b) {
    verifying *x = b->x;
    const char *error;
    size_t where;
    uint8_t want[TB_DIGEST], got[TB_DIGEST];
    tb_str bytes;
    const tb_json *body = tb_json_read(x->arena, b->row->body, &error, &where);
    if (!tb_unhex(tb_json_text(body, "digest"), want, sizeof want)) return TB_OK; /* erased, with the file */
    int result = tb_read_attachment(x->reader, want, x->arena, &bytes);
    if (result == TB_STORE_NONE) return content_differs(x, b->row, tb_json_text(body, "name"), want, NULL);
    if (result) return x->result = result, TB_FAILED;
    tb_sm3(bytes.p, bytes.n, got);
    x->r->attachments++;
    if (memcmp(want, got, sizeof want) == 0) return TB_OK;
    return content_differs(x, b->row, tb_json_text(body, "name"), want, got);
}

static int check_beside(void *arg) {
    beside *b = arg;
    if (tb_str_is(b->row->kind, "load")) return check_load(b);
    return tb_str_is(b->row->kind, "attachment") ? check_attachment(b) : TB_OK;
}

/* What the event of a load or a file brought with it. Non-zero ends the scan. */
static int look_beside(verifying *x, const tb_event_row *row) {
    beside b = {.x = x, .row = row};
    if (row->case_id) return 0;
    if (tb_str_is(row->kind, "load")) {
        int result = tb_scan_loads(x->reader, row->leaf - 1, 1, take_load, &b);
        if (result) x->result = result;
        if (x->result) return 1;
        if (!b.found || b.load.leaf != row->leaf) return find(x, TB_LEDGER_LOAD, row, row->leaf);
    }
    int rc = tb_try(x->arena, check_beside, &b);
    if (rc == TB_NOMEM) x->result = TB_STORE_RETRY;
    return rc != TB_OK;
}

/* ---- one leaf ---- */

typedef struct hashing {
    verifying *x;
    const tb_event_row *row;
    uint8_t hash[TB_HASH];
    uint32_t erased;
} hashing;

static int hash_row(void *arg) {
    hashing *h = arg;
    tb_leaf_parts parts = tb_leaf_split(h->x->arena, h->row, &h->erased);
    tb_leaf_hash_as(h->x->arena, &parts, h->row->leaf, h->hash);
    return TB_OK;
}

static int keep_row(void *arg) {
    verifying *x = arg;
    tb_str *texts[] = {&x->row.kind, &x->row.request, &x->row.body, &x->row.salts, &x->row.tree};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->p) *texts[i] = tb_str_copy(x->kept, *texts[i]);
    return TB_OK;
}

/* The scan stops; closer_look() goes on. */
static int set_aside(verifying *x, const tb_event_row *row) {
    x->strange = true;
    x->row = *row;
    tb_arena_reset(x->kept);
    if (tb_try(x->kept, keep_row, x) != TB_OK) x->result = TB_STORE_RETRY;
    return 1;
}

/* The heads of this size. */
static int meet_heads(verifying *x) {
    uint8_t root[TB_HASH];
    for (uint32_t i = 0; i < x->o->heads_n; i++) {
        const tb_ledger_head *h = &x->o->heads[i];
        if (h->size != x->tree.size) continue;
        tb_merkle_root(&x->tree, root);
        x->r->heads++;
        if (memcmp(root, h->root, TB_HASH) != 0) {
            find(x, TB_LEDGER_REWRITTEN_WHOLE, NULL, x->good_head + 1);
            x->r->until = h->size;
            compare_text(x, h->root, root);
            return 1;
        }
        x->good_head = h->size;
    }
    return 0;
}

static int take_leaf(void *user, const tb_event_row *row) {
    verifying *x = user;
    hashing h = {.x = x, .row = row};
    uint8_t ends[TB_MERKLE_LEVELS + 1][TB_HASH];
    int64_t next = x->tree.size + 1;
    if (row->leaf > x->tail.leaf) return 1;
    if (row->leaf < next) return find(x, TB_LEDGER_INSERTED, row, row->leaf);
    if (row->leaf > next) {
        find(x, TB_LEDGER_DELETED, NULL, next);
        x->r->until = row->leaf - 1;
        return 1;
    }
    tb_arena_reset(x->arena);
    if (tb_try(x->arena, hash_row, &h) != TB_OK) return x->result = TB_STORE_RETRY, 1;
    size_t n = (size_t)tb_merkle_ends(next);
    if (row->tree.n != n * TB_HASH || memcmp(row->tree.p, h.hash, TB_HASH) != 0) return set_aside(x, row);
    tb_merkle_append(&x->tree, h.hash, ends);
    for (size_t level = 1; level < n; level++)
        if (memcmp(row->tree.p + level * TB_HASH, ends[level], TB_HASH) != 0) {
            find(x, TB_LEDGER_REWRITTEN, NULL, next - ((int64_t)1 << level) + 1);
            x->r->until = next;
            compare_text(x, (const uint8_t *)row->tree.p + level * TB_HASH, ends[level]);
            return 1;
        }
    x->r->events++;
    if (h.erased && !x->r->erased) x->r->erased_leaf = row->leaf;
    x->r->erased += h.erased;
    return look_beside(x, row) || meet_heads(x);
}

/* ---- a leaf whose hash does not fit ---- */

typedef struct closer {
    verifying *x;
    const tb_event_row *row;
    tb_leaf_parts parts;
    int64_t was; /* 0: no other place is known */
} closer;

static int split_row(void *arg) {
    closer *c = arg;
    c->parts = tb_leaf_split(c->x->kept, c->row, NULL);
    return TB_OK;
}

/* Under which number does this row have a hash that was once written? Its own, or that of the row now there. */
static int find_place(void *arg) {
    closer *c = arg;
    verifying *x = c->x;
    tb_arena *a = x->arena;
    uint8_t hash[TB_HASH];
    tb_event_row there;
    int64_t from = c->row->leaf - NEAR, to = c->row->leaf + NEAR;
    for (int64_t leaf = from < 1 ? 1 : from; leaf <= to; leaf++) {
        if (leaf == c->row->leaf) continue;
        tb_arena_reset(a);
        tb_leaf_hash_as(a, &c->parts, leaf, hash);
        bool own = c->row->tree.n >= TB_HASH && memcmp(c->row->tree.p, hash, TB_HASH) == 0;
        bool its = !own && leaf <= x->tail.leaf && tb_read_leaf(x->reader, leaf, a, &there) == TB_STORE_OK &&
                   there.tree.n >= TB_HASH && memcmp(there.tree.p, hash, TB_HASH) == 0;
        if (!own && !its) continue;
        c->was = leaf;
        return TB_OK;
    }
    return TB_OK;
}

static int64_t place_of(verifying *x, const tb_event_row *row) {
    closer c = {.x = x, .row = row};
    if (tb_try(x->kept, split_row, &c) != TB_OK || tb_try(x->arena, find_place, &c) != TB_OK)
        x->result = TB_STORE_RETRY;
    return c.was;
}

static int read_other(verifying *x, int64_t leaf, tb_event_row *row) {
    return leaf >= 1 && leaf <= x->tail.leaf ? tb_read_leaf(x->reader, leaf, x->kept, row) : TB_STORE_NONE;
}

static void closer_look(verifying *x) {
    tb_event_row other;
    hashing h = {.x = x, .row = &x->row};
    int64_t leaf = x->row.leaf, was = place_of(x, &x->row);
    if (was > leaf) { /* out of its place: was what belongs here put in its stead, or is it gone? */
        bool exchanged = read_other(x, was, &other) == TB_STORE_OK && place_of(x, &other) == leaf;
        find(x, exchanged ? TB_LEDGER_MOVED : TB_LEDGER_DELETED, exchanged ? &x->row : NULL, leaf);
        x->r->other = was;
        if (!exchanged) x->r->until = was - 1;
        return;
    }
    if (was > 0) { /* from before: all before it fits, so this is a second one */
        find(x, TB_LEDGER_INSERTED, &x->row, leaf);
        x->r->other = was;
        return;
    }
    bool pushed = read_other(x, leaf + 1, &other) == TB_STORE_OK && place_of(x, &other) == leaf;
    bool bare = x->row.tree.n == 0; /* the server writes none without */
    if (pushed || bare) {
        find(x, TB_LEDGER_INSERTED, &x->row, leaf);
        return;
    }
    find(x, TB_LEDGER_EDITED, &x->row, leaf);
    tb_arena_reset(x->arena);
    if (x->row.tree.n >= TB_HASH && tb_try(x->arena, hash_row, &h) == TB_OK)
        compare_text(x, (const uint8_t *)x->row.tree.p, h.hash);
}

/* ---- the end ---- */

/* Whose were leaves that are gone? An event names one as the one before it, or a case as its last. */
static int take_heir(void *user, const tb_event_row *row) {
    verifying *x = user;
    if (!row->case_id || row->prev < x->r->leaf || row->prev > x->r->until) return 0;
    tb__case_name(row->case_id, x->r->case_id);
    x->r->seq = row->seq - 1;
    return 1;
}

static int take_end(void *user, const tb_case_row *row) {
    verifying *x = user;
    if (row->last < x->r->leaf || row->last > x->r->until) return 0;
    tb__case_name(row->id, x->r->case_id);
    x->r->seq = row->seq;
    return 1;
}

static int name_the_lost(verifying *x) {
    int result = tb_scan_events(x->reader, x->r->leaf, 0, take_heir, x);
    if (result == TB_STORE_OK && !x->r->seq) result = tb_scan_cases(x->reader, 0, 0, take_end, x);
    return result;
}

static int take_case(void *user, const tb_case_row *row) {
    verifying *x = user;
    x->r->cases++;
    if (row->last <= x->now.leaf || (x->r->found && row->last >= x->r->until)) return 0;
    find(x, TB_LEDGER_CUT, NULL, x->now.leaf + 1);
    x->r->until = row->last;
    tb__case_name(row->id, x->r->case_id);
    x->r->seq = row->seq;
    return 0;
}

static int take_lost_load(void *user, const tb_load_row *row) {
    verifying *x = user;
    if (x->r->found && row->leaf >= x->r->until) return 1;
    find(x, TB_LEDGER_CUT, NULL, x->now.leaf + 1);
    x->r->until = row->leaf;
    x->r->case_id[0] = '\0';
    x->r->seq = 0;
    snprintf(x->r->name, sizeof x->r->name, "%.*s %.*s", TB_FMT(row->kind),
             (int)(row->name.n < 200 ? row->name.n : 200), row->name.p);
    return 1;
}

/* Rows that know of events after the last, in one view with the last. */
static int check_rows(verifying *x) {
    int result = tb_reader_begin(x->reader);
    if (result) return result;
    result = tb_read_tail(x->reader, &x->now);
    if (result == TB_STORE_OK) result = tb_scan_cases(x->reader, 0, 0, take_case, x);
    if (result == TB_STORE_OK) result = tb_scan_loads(x->reader, x->now.leaf, 1, take_lost_load, x);
    tb_reader_end(x->reader);
    return result;
}

static int check_end(verifying *x) {
    int result = check_rows(x);
    if (result || x->r->found) return result;
    for (uint32_t i = 0; i < x->o->heads_n; i++) {
        const tb_ledger_head *h = &x->o->heads[i];
        if (h->size <= x->tail.leaf || (x->r->found && h->size <= x->r->until)) continue;
        find(x, TB_LEDGER_SHORT, NULL, x->tail.leaf + 1);
        x->r->until = h->size;
    }
    return TB_STORE_OK;
}

static int verify(verifying *x) {
    int result = tb_read_tail(x->reader, &x->tail);
    if (result) return result;
    meet_heads(x);            /* a head of an empty log */
    int64_t from = INT64_MIN; /* below 1, too: nothing may stand there */
    while (!x->r->found && x->tree.size < x->tail.leaf) {
        result = tb_scan_leaves(x->reader, from, PAGE, take_leaf, x);
        if (result == TB_STORE_OK) result = x->result;
        if (result) return result;
        if (x->strange) closer_look(x);
        if (x->result) return x->result;
        if (x->o->progress) x->o->progress(x->o->user, x->tree.size, x->tail.leaf);
        if (from == x->tree.size + 1 && !x->r->found) { /* no row, and yet not the end: cannot be */
            find(x, TB_LEDGER_DELETED, NULL, from);
            x->r->until = x->tail.leaf;
        }
        from = x->tree.size + 1;
    }
    x->r->head.size = x->tree.size;
    tb_merkle_root(&x->tree, x->r->head.root);
    x->r->head.at = x->tail.wall;
    if (!x->r->found) return check_end(x);
    return x->r->found == TB_LEDGER_DELETED ? name_the_lost(x) : TB_STORE_OK;
}

int tb_ledger_verify(tb_reader *r, const tb_ledger_options *o, tb_ledger_report *report) {
    verifying *x = calloc(1, sizeof *x);
    *report = (tb_ledger_report){0};
    int result = TB_STORE_RETRY;
    if (x) {
        *x = (verifying){
            .reader = r, .o = o, .r = report, .arena = tb_arena_new(NULL, 0), .kept = tb_arena_new(NULL, 0)};
        tb_merkle_begin(&x->tree, tb_sm3);
        if (x->arena && x->kept) result = verify(x);
        tb_arena_free(x->arena);
        tb_arena_free(x->kept);
    }
    free(x);
    return result;
}

/* ---- in words ---- */

const char *tb_ledger_finding_name(enum tb_ledger_finding f) {
    static const char *const names[] = {"whole",
                                        "edited",
                                        "inserted",
                                        "deleted",
                                        "moved",
                                        "rewritten",
                                        "cut",
                                        "load",
                                        "source",
                                        "shortened",
                                        "rewritten_before_head"};
    return names[f];
}

static void where(tb_buf *b, const tb_ledger_report *r, bool english) {
    bool many = r->until > r->leaf;
    tb_putf(b, english ? "leaf %lld" : "记录号 %lld", (long long)r->leaf);
    if (many) tb_putf(b, english ? " to %lld" : " 至 %lld", (long long)r->until);
    if (r->case_id[0])
        tb_putf(b, english ? " (%scase %s, seq %lld)" : "（%s办件 %s 第 %lld 步）",
                !many     ? ""
                : english ? "with "
                          : "其中有",
                r->case_id, (long long)r->seq);
}

static void digests(tb_buf *b, const tb_ledger_report *r, bool english) {
    if (r->got[0])
        tb_putf(b, english ? "\n  recorded %s\n  computed %s" : "\n  记录 %s\n  重算 %s", r->expected, r->got);
}

void tb_ledger_tell(tb_buf *b, const tb_ledger_report *r, enum tb_lang lang) {
    bool en = lang == TB_LANG_EN;
    where(b, r, en);
    tb_puts(b, en ? ": " : "：");
    switch (r->found) {
    case TB_LEDGER_WHOLE: tb_puts(b, en ? "whole" : "完整"); break;
    case TB_LEDGER_EDITED:
        tb_puts(b, en ? "edited: its columns no longer give the leaf hash written with it"
                      : "被改动：各列不再得出写入时的叶摘要");
        break;
    case TB_LEDGER_INSERTED:
        tb_puts(b, en ? "inserted: the server did not write an event here" : "被插入：这里的事件不是服务器写入的");
        if (r->other) tb_putf(b, en ? " (a copy of leaf %lld)" : "（是记录号 %lld 的复制）", (long long)r->other);
        break;
    case TB_LEDGER_DELETED:
        tb_puts(b, en ? "deleted" : "被删除");
        if (r->other)
            tb_putf(b,
                    en ? ": what stands at %lld now was written as leaf %lld"
                       : "：现在记录号 %lld 处的事件，写入时是 %lld",
                    (long long)r->leaf, (long long)r->other);
        break;
    case TB_LEDGER_MOVED:
        tb_putf(b,
                en ? "reordered: it was written as leaf %lld, and exchanged with what was here"
                   : "被调换：它写入时是记录号 %lld，与原在这里的事件调换了位置",
                (long long)r->other);
        break;
    case TB_LEDGER_REWRITTEN:
        tb_puts(b, en ? "one of these was rewritten together with its leaf hash: the node above them does not fit"
                      : "其中有事件连同叶摘要一起被改写：它们之上的节点摘要不符");
        break;
    case TB_LEDGER_CUT:
        tb_puts(b, en ? "the end of the log was deleted; " : "记录的末尾被删除；");
        if (r->name[0]) tb_putf(b, en ? "the load %s lies after it" : "装载“%s”在它之后", r->name);
        else tb_puts(b, en ? "the row of this case knows a later event" : "该办件的行记着更后的事件");
        break;
    case TB_LEDGER_LOAD:
        tb_puts(b, en ? "the record of the load is not what its event says" : "装载记录与它的事件不符");
        break;
    case TB_LEDGER_SOURCE:
        tb_putf(b,
                r->got[0] ? (en ? "the content of “%s” was changed" : "“%s”的内容被改动")
                          : (en ? "the content of “%s” is gone" : "“%s”的内容不见了"),
                r->name);
        break;
    case TB_LEDGER_SHORT:
        tb_putf(b,
                en ? "the log ends before the head kept outside, which has %lld events"
                   : "记录比外存的树头短：树头有 %lld 个事件",
                (long long)r->until);
        break;
    case TB_LEDGER_REWRITTEN_WHOLE:
        tb_puts(b, en ? "rewritten: the tree is consistent in itself, but not the one of the head kept outside"
                      : "被整体改写：树自身相符，却不是外存树头的那一棵");
        break;
    }
    digests(b, r, en);
}
