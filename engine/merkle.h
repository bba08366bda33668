/* The tree of a log that can only grow: RFC 9162 §2.1 (RFC 6962 has the same one), over any digest of 32 bytes. The
 * ledger uses it with SM3; the tests with SHA-256 too, for which others have published answers.
 *
 *   empty     D("")
 *   leaf      D(0x00 ‖ entry)
 *   node      D(0x01 ‖ left ‖ right); left covers the largest power of two smaller than the number of leaves
 *
 * The log of n leaves is a row of perfect trees, one for each bit of n, largest first: its peaks. They are all that has
 * to be known to append and to tell the root. A perfect tree is named by the last leaf under it (from 1) and its level
 * (2^level leaves); once its last leaf is there it never changes. So whoever keeps beside each leaf the roots of the
 * perfect trees that end with it (two digests a leaf, on average) can find the peaks of any earlier size, and every node
 * of a proof of inclusion or of consistency, in O(log n) reads: those proofs need nothing more than this file keeps.
 *
 * Pure: the digest is handed in. Nothing is allocated. */
#ifndef TB_MERKLE_H
#define TB_MERKLE_H
#include "arena.h"

enum { TB_HASH = 32, TB_MERKLE_LEVELS = 63 /* sizes are positive int64_t */ };

typedef void tb_merkle_digest(const void *bytes, size_t n, uint8_t out[TB_HASH]);

typedef struct tb_merkle {
    tb_merkle_digest *digest;
    int64_t size;                            /* leaves */
    uint8_t peak[TB_MERKLE_LEVELS][TB_HASH]; /* [k] is a peak when bit k of size is set */
} tb_merkle;

void tb_merkle_begin(tb_merkle *t, tb_merkle_digest *digest); /* an empty tree */

/* The hash of a leaf. `entry` has one byte of room before it, which must be 0 (a copy saved for long entries); n counts
 * the entry alone. */
void tb_merkle_leaf(tb_merkle_digest *digest, const char *entry, size_t n, uint8_t out[TB_HASH]);
void tb_merkle_node(tb_merkle_digest *digest, const uint8_t left[TB_HASH], const uint8_t right[TB_HASH],
                    uint8_t out[TB_HASH]);

/* Appends a leaf by its hash. `ends`: the roots of the perfect trees that end with it, from level 0 (the leaf itself)
 * up; answers how many. It may be NULL. */
int tb_merkle_append(tb_merkle *t, const uint8_t leaf[TB_HASH], uint8_t (*ends)[TB_HASH]);
/* How many perfect trees end with the leaf of this number (from 1). */
int tb_merkle_ends(int64_t leaf);

void tb_merkle_root(const tb_merkle *t, uint8_t root[TB_HASH]);

/* The tree of `size` leaves from kept nodes: asks for the root of each peak, largest first. A non-zero answer of `node`
 * ends it and is answered. */
typedef int tb_merkle_kept(void *user, int64_t last, int level, uint8_t out[TB_HASH]);
int tb_merkle_open(tb_merkle *t, tb_merkle_digest *digest, int64_t size, tb_merkle_kept *node, void *user);
#endif
