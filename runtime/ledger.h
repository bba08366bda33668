/* The ledger as a whole: its head, and the verification of everything under it (LEDGER.md; the bytes of one leaf:
 * leaf.h; the tree: merkle.h).
 *
 * A head is the size of the log and the root of its tree. Two digests a leaf lie beside the events, so a head costs
 * O(log n) reads; whoever keeps one elsewhere can later find any rewriting of what was before it. */
#ifndef TB_LEDGER_H
#define TB_LEDGER_H
#include "diagnostic.h"
#include "merkle.h"
#include "store.h"

typedef struct tb_ledger_head {
    int64_t size;
    uint8_t root[TB_HASH];
    int64_t at; /* wall clock of the last event under it; 0: none */
} tb_ledger_head;

int tb_ledger_head_now(tb_reader *r, tb_ledger_head *h);       /* a tb_store_result */
void tb_ledger_head_write(tb_buf *b, const tb_ledger_head *h); /* {"at":…,"root":…,"size":…} and a newline */
bool tb_ledger_head_read(tb_arena *a, tb_str text, tb_ledger_head *h); /* false: that is no head. Under tb_try */

/* What verification can find; only the first, in the order of the log, is told. In the texts: {leaf} etc. of the finding. */
enum tb_ledger_finding {
    TB_LEDGER_WHOLE = 0,
    TB_LEDGER_EDITED,   /* the event's columns no longer give the leaf hash kept with it */
    TB_LEDGER_INSERTED, /* an event the server did not write stands between others (or before, or after) */
    TB_LEDGER_DELETED,  /* leaves from `leaf` to `until` are gone */
    TB_LEDGER_MOVED,    /* what stands at `leaf` was written as `other`, and what was there stands elsewhere */
    TB_LEDGER_REWRITTEN, /* leaves `leaf` … `until`: every leaf hash fits its event, the node above them does not fit */
    TB_LEDGER_CUT,       /* the log ends before an event that a case's row or a load knows */
    TB_LEDGER_LOAD,      /* the record of a load is not what its event says */
    TB_LEDGER_SOURCE,    /* a source or an attachment is not what its digest says, or is gone */
    TB_LEDGER_SHORT,     /* the log is shorter than a head kept outside */
    TB_LEDGER_REWRITTEN_WHOLE /* the tree under a head kept outside has another root; between the heads `leaf` … `until` */
};
const char *tb_ledger_finding_name(enum tb_ledger_finding f); /* "edited", …; static */

typedef struct tb_ledger_report {
    enum tb_ledger_finding found;
    char case_id[16]; /* "": of no case, or not known any more */
    int64_t seq;      /* 0: likewise */
    int64_t leaf, until, other;
    char expected[80], got[80]; /* digests in hex, where two were compared */
    char name[256];             /* SOURCE: path or attachment; CUT, LOAD: what knows of it */
    int64_t events, cases, loads, sources, attachments, heads; /* looked at */
    int64_t erased;      /* values replaced by their commitments, as the law allows: to be justified by who did it */
    int64_t erased_leaf; /* the first event with one */
    tb_ledger_head head; /* of what is there */
} tb_ledger_report;

typedef struct tb_ledger_options {
    const tb_ledger_head *heads; /* kept outside; in any order */
    uint32_t heads_n;
    void (*progress)(void *user, int64_t events, int64_t all);
    void *user;
} tb_ledger_options;

/* Recomputes every leaf, node and digest. A tb_store_result: OK means that it ran (look at `found`). */
int tb_ledger_verify(tb_reader *r, const tb_ledger_options *o, tb_ledger_report *report);
/* The finding in words, with what it means. Under tb_try. */
void tb_ledger_tell(tb_buf *b, const tb_ledger_report *report, enum tb_lang lang);
#endif
