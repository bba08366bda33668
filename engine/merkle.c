/* See merkle.h. Appending is counting in binary: a new leaf is a tree of level 0, and as long as the size so far has a
 * peak of the same level, the two become one of the next. */
#include "merkle.h"
#include <assert.h>
#include <string.h>

void tb_merkle_begin(tb_merkle *t, tb_merkle_digest *digest) {
    t->digest = digest;
    t->size = 0;
}

void tb_merkle_leaf(tb_merkle_digest *digest, const char *entry, size_t n, uint8_t out[TB_HASH]) {
    assert(entry[-1] == 0);
    digest(entry - 1, n + 1, out);
}

void tb_merkle_node(tb_merkle_digest *digest, const uint8_t left[TB_HASH], const uint8_t right[TB_HASH],
                    uint8_t out[TB_HASH]) {
    uint8_t pair[1 + 2 * TB_HASH] = {1};
    memcpy(pair + 1, left, TB_HASH);
    memcpy(pair + 1 + TB_HASH, right, TB_HASH);
    digest(pair, sizeof pair, out);
}

int tb_merkle_append(tb_merkle *t, const uint8_t leaf[TB_HASH], uint8_t (*ends)[TB_HASH]) {
    uint8_t root[TB_HASH];
    int level = 0;
    assert(t->size < INT64_MAX);
    memcpy(root, leaf, TB_HASH);
    if (ends) memcpy(ends[0], root, TB_HASH);
    for (; t->size >> level & 1; level++) {
        tb_merkle_node(t->digest, t->peak[level], root, root);
        if (ends) memcpy(ends[level + 1], root, TB_HASH);
    }
    memcpy(t->peak[level], root, TB_HASH);
    t->size++;
    return level + 1;
}

int tb_merkle_ends(int64_t leaf) {
    int n = 1;
    assert(leaf > 0);
    while (!(leaf & 1)) leaf >>= 1, n++;
    return n;
}

void tb_merkle_root(const tb_merkle *t, uint8_t root[TB_HASH]) {
    int level = 0;
    if (t->size == 0) {
        t->digest("", 0, root);
        return;
    }
    while (!(t->size >> level & 1)) level++;
    memcpy(root, t->peak[level], TB_HASH);
    for (level++; level < TB_MERKLE_LEVELS; level++)
        if (t->size >> level & 1) tb_merkle_node(t->digest, t->peak[level], root, root);
}

int tb_merkle_open(tb_merkle *t, tb_merkle_digest *digest, int64_t size, tb_merkle_kept *node, void *user) {
    int64_t last = 0;
    assert(size >= 0);
    tb_merkle_begin(t, digest);
    for (int level = TB_MERKLE_LEVELS - 1; level >= 0; level--) {
        if (!(size >> level & 1)) continue;
        last += (int64_t)1 << level;
        int rc = node(user, last, level, t->peak[level]);
        if (rc) return rc;
    }
    t->size = size;
    return TB_OK;
}
