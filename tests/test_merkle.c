/* The tree against RFC 9162 §2.1: the roots published for RFC 6962's test entries (the tree is the same) with SHA-256; and
 * with SM3 and SHA-256, every size up to some hundreds against the definition itself, written as the slow recursion it is. */
#include <openssl/evp.h>
#include <stdlib.h>
#include "check.h"
#include "digest.h"
#include "merkle.h"

static void sha256(const void *bytes, size_t n, uint8_t out[TB_HASH]) {
    if (!EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL)) abort();
}

/* ---- the definition ---- */

typedef struct slow {
    tb_merkle_digest *digest;
    const uint8_t (*leaves)[TB_HASH];
} slow;

static void slow_root(const slow *s, size_t from, size_t n, uint8_t out[TB_HASH]) {
    uint8_t both[1 + 2 * TB_HASH] = {1};
    size_t k = 1;
    if (n == 0) {
        s->digest("", 0, out);
        return;
    }
    if (n == 1) {
        memcpy(out, s->leaves[from], TB_HASH);
        return;
    }
    while (k * 2 < n) k *= 2; /* the largest power of two smaller than n */
    slow_root(s, from, k, both + 1);
    slow_root(s, from + k, n - k, both + 1 + TB_HASH);
    s->digest(both, sizeof both, out);
}

/* ---- published ---- */

static void published(void) {
    static const char *const entries[] = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    tb_merkle t;
    uint8_t root[TB_HASH], leaf[TB_HASH];
    char hex[65];
    tb_merkle_begin(&t, sha256);
    for (size_t i = 0;; i++) {
        tb_merkle_root(&t, root);
        tb_hex(root, TB_HASH, hex);
        CHECK_STR(hex, roots[i]);
        if (i == sizeof entries / sizeof *entries) break;
        char entry[17] = {0};
        size_t n = strlen(entries[i]) / 2;
        CHECK(tb_unhex(tb_str_z(entries[i]), (uint8_t *)entry + 1, n));
        tb_merkle_leaf(sha256, entry + 1, n, leaf);
        tb_merkle_append(&t, leaf, NULL);
    }
}

/* ---- every size ---- */

enum { LEAVES = 300 };
static uint8_t leaves[LEAVES][TB_HASH];
static uint8_t kept[LEAVES + 1][16][TB_HASH]; /* [leaf][level] */

static int node_of(void *user, int64_t last, int level, uint8_t out[TB_HASH]) {
    int *asked = user;
    ++*asked;
    CHECK(last >= 1 && last <= LEAVES && level < tb_merkle_ends(last));
    memcpy(out, kept[last][level], TB_HASH);
    return TB_OK;
}

static int none(void *user, int64_t last, int level, uint8_t out[TB_HASH]) {
    (void)user, (void)level, (void)out;
    return last == 256 ? TB_FAILED : TB_OK;
}

static void every_size(tb_merkle_digest *digest) {
    slow s = {digest, (const uint8_t(*)[TB_HASH])leaves};
    tb_merkle grown, opened;
    uint8_t want[TB_HASH], got[TB_HASH];
    bool same = true, reopened = true, ends = true, few = true;
    for (int i = 0; i < LEAVES; i++) {
        char entry[1 + sizeof i] = {0};
        memcpy(entry + 1, &i, sizeof i);
        tb_merkle_leaf(digest, entry + 1, sizeof i, leaves[i]);
    }
    tb_merkle_begin(&grown, digest);
    for (int n = 0; n <= LEAVES; n++) {
        int asked = 0;
        slow_root(&s, 0, (size_t)n, want);
        tb_merkle_root(&grown, got);
        same &= memcmp(want, got, TB_HASH) == 0 && grown.size == n;
        reopened &= tb_merkle_open(&opened, digest, n, node_of, &asked) == TB_OK && opened.size == n;
        tb_merkle_root(&opened, got);
        reopened &= memcmp(want, got, TB_HASH) == 0;
        few &= asked <= 9;
        if (n == LEAVES) break;
        int k = tb_merkle_append(&grown, leaves[n], kept[n + 1]);
        ends &= k == tb_merkle_ends(n + 1);
        for (int level = 0; level < k; level++) { /* each is the root of the 2^level leaves that end here */
            slow_root(&s, (size_t)(n + 1 - (1 << level)), (size_t)1 << level, want);
            ends &= memcmp(want, kept[n + 1][level], TB_HASH) == 0;
        }
        tb_merkle_append(&opened, leaves[n], NULL); /* one that was opened goes on like one that grew */
        uint8_t other[TB_HASH];
        tb_merkle_root(&opened, got);
        tb_merkle_root(&grown, other);
        reopened &= memcmp(got, other, TB_HASH) == 0;
    }
    CHECK(same);
    CHECK(reopened);
    CHECK(ends);
    CHECK(few);
    CHECK_INT(tb_merkle_open(&opened, digest, LEAVES, none, NULL), TB_FAILED); /* what cannot be read is said */
}

int main(void) {
    published();
    every_size(tb_sm3);
    every_size(sha256);
    CHECK_INT(tb_merkle_ends(1), 1);
    CHECK_INT(tb_merkle_ends(12), 3);
    CHECK_INT(tb_merkle_ends((int64_t)1 << 62), 63);
    return check_end();
}
