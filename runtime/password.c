/* See password.h. */
#include "password.h"
#include "digest.h"
#include "io.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SCRYPT_MEMORY ((uint64_t)(1 << 20)) /* besides the 128 N r: for OpenSSL's own bookkeeping and small N */

static int scrypt(tb_str password, const uint8_t *salt, uint64_t n, uint64_t r, uint64_t p, uint8_t *out) {
    uint64_t memory = 128 * n * r + 128 * r * p + SCRYPT_MEMORY;
    return EVP_PBE_scrypt(password.p, password.n, salt, TB_SALT_BYTES, n, r, p, memory, out, TB_HASH_BYTES) == 1
               ? TB_OK
               : TB_FAILED;
}

int tb_password_keep(tb_io *io, tb_str password, char kept[TB_PASSWORD_TEXT]) {
    uint8_t salt[TB_SALT_BYTES], hash[TB_HASH_BYTES];
    char salt_hex[2 * TB_SALT_BYTES + 1], hash_hex[2 * TB_HASH_BYTES + 1];
    if (tb_io_random(io, salt, sizeof salt) != TB_OK ||
        scrypt(password, salt, TB_SCRYPT_N, TB_SCRYPT_R, TB_SCRYPT_P, hash) != TB_OK)
        return TB_FAILED;
    tb_hex(salt, sizeof salt, salt_hex);
    tb_hex(hash, sizeof hash, hash_hex);
    snprintf(kept, TB_PASSWORD_TEXT, "scrypt$%d$%d$%d$%s$%s", TB_SCRYPT_N, TB_SCRYPT_R, TB_SCRYPT_P, salt_hex,
             hash_hex);
    return TB_OK;
}

/* What is checked for nobody: the same work, and a hash that nothing has. */
static const char nobody[] = "scrypt$32768$8$1$00000000000000000000000000000000$"
                             "0000000000000000000000000000000000000000000000000000000000000000";

int tb_password_is(tb_str kept, tb_str password) {
    char text[TB_PASSWORD_TEXT];
    unsigned n = 0, r = 0, p = 0;
    int at = 0;
    uint8_t salt[TB_SALT_BYTES], hash[TB_HASH_BYTES], got[TB_HASH_BYTES];
    if (kept.n >= sizeof text) return -1;
    snprintf(text, sizeof text, "%.*s", TB_FMT(kept.n ? kept : tb_str_z(nobody)));
    if (sscanf(text, "scrypt$%8u$%3u$%3u$%n", &n, &r, &p, &at) != 3 || !at ||
        strlen(text + at) != 2 * (TB_SALT_BYTES + TB_HASH_BYTES) + 1)
        return -1;
    tb_str salt_hex = {text + at, 2 * TB_SALT_BYTES}, hash_hex = {text + at + salt_hex.n + 1, 2 * TB_HASH_BYTES};
    if (text[at + (int)salt_hex.n] != '$' || n < 2 || (n & (n - 1)) || r < 1 || p < 1 || p > 16 ||
        128ull * n * r > TB_SCRYPT_MOST || !tb_unhex(salt_hex, salt, sizeof salt) ||
        !tb_unhex(hash_hex, hash, sizeof hash) || scrypt(password, salt, n, r, p, got) != TB_OK)
        return -1;
    return kept.n && CRYPTO_memcmp(got, hash, sizeof hash) == 0;
}

bool tb_password_fits(tb_str password, tb_str account) {
    uint32_t characters = 0;
    for (uint32_t i = 0; i < password.n; i++) characters += ((unsigned char)password.p[i] & 0xc0) != 0x80;
    return characters >= TB_PASSWORD_LEAST && password.n <= TB_PASSWORD_BYTES && !tb_str_eq(password, account);
}

int tb_token_make(tb_io *io, const char *prefix, char text[TB_TOKEN_TEXT], uint8_t digest[TB_DIGEST]) {
    uint8_t bytes[TB_TOKEN_BYTES];
    char hex[2 * TB_TOKEN_BYTES + 1];
    if (tb_io_random(io, bytes, sizeof bytes) != TB_OK) return TB_FAILED;
    tb_hex(bytes, sizeof bytes, hex);
    snprintf(text, TB_TOKEN_TEXT, "%s%s", prefix, hex);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(hex, sizeof hex);
    tb_sm3(text, strlen(text), digest);
    return TB_OK;
}

bool tb_token_digest(tb_str text, uint8_t digest[TB_DIGEST]) {
    size_t prefix = tb_str_starts(text, TB_TOKEN_PREFIX)     ? sizeof TB_TOKEN_PREFIX - 1
                    : tb_str_starts(text, TB_SESSION_PREFIX) ? sizeof TB_SESSION_PREFIX - 1
                                                             : 0;
    if (!prefix || text.n != prefix + 2 * TB_TOKEN_BYTES) return false;
    tb_sm3(text.p, text.n, digest);
    return true;
}
