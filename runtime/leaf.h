/* The bytes of a leaf of the ledger: what one event commits to (LEDGER.md has them in words, with worked examples).
 *
 * A leaf's entry is canonical JSON of the event's columns. What a person said or is (the values of form and input, names,
 * reasons, the digest of a file) does not stand in it, but a commitment to it: SM3(salt ‖ value). So an entry may be
 * shown to anybody, a value may be shown by showing its salt, and a value whose salt is erased cannot be guessed from
 * what remains; the ledger holds either way. The digest of the outcome is committed to in the same manner, since the
 * outcome holds the same values.
 *
 * Every value outside the fixed vocabulary is salted, not only fields declared 敏感: the law lets persons ask for the
 * erasure of any personal datum, fields are declared by people who err, and the ledger must be verified without
 * compiling a matter. */
#ifndef TB_LEAF_H
#define TB_LEAF_H
#include "merkle.h"
#include "store.h"

enum {
    TB_SALT = 16,              /* bytes */
    TB_SALT_KEPT = TB_SALT + 1 /* in a row some of whose values are erased: one byte says whether, then the salt */
};

/* The salts of a row are its seed (TB_SALT bytes), from which each value's is derived; or, after an erasure, one record
 * of TB_SALT_KEPT bytes for each value. Value 0 is the outcome. */
void tb_leaf_salt(const uint8_t seed[TB_SALT], uint32_t value, uint8_t salt[TB_SALT]);

/* Writes the entry of a row with `outcome` and `salts`. Total: a body that is no JSON object is one value as a whole,
 * salts of another length make an entry that no honest row has. `erased` (may be NULL): how many values are erased.
 * Under tb_try. */
void tb_leaf_entry(tb_buf *b, const tb_event_row *row, uint32_t *erased);

/* The same in two parts, around the leaf's number: to ask "was this once another leaf?". */
typedef struct tb_leaf_parts {
    tb_str before, after;
} tb_leaf_parts;
tb_leaf_parts tb_leaf_split(tb_arena *a, const tb_event_row *row, uint32_t *erased);           /* under tb_try */
void tb_leaf_hash_as(tb_arena *a, const tb_leaf_parts *p, int64_t leaf, uint8_t out[TB_HASH]); /* under tb_try */

void tb_leaf_hash(tb_arena *a, const tb_event_row *row, uint8_t out[TB_HASH]); /* under tb_try */

/* Gives a row its salts (from `seed`) and its `tree`, in `a`, and appends it. Under tb_try. */
void tb_leaf_append(tb_arena *a, tb_merkle *t, tb_event_row *row, const uint8_t seed[TB_SALT]);
#endif
