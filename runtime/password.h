/* Secrets: passwords, as they are kept and checked, and tokens.
 *
 * A password is kept as the text "scrypt$N$r$p$salt$hash" (RFC 7914; numbers decimal, bytes in hex): the parameters stand beside
 * the hash, so that raising TB_SCRYPT_N leaves older hashes valid; they are made anew when their owner next changes the password.
 * Hashing takes a tenth of a second and 32 MiB: never on the loop.
 *
 * A token is 32 random bytes, told once as text with a prefix that says what it is (people and scanners for leaked secrets
 * recognise it); only the SM3 digest of the text is kept. The digest is a key of a table, not compared with a secret: what a guess
 * takes longer or shorter depends on the guess's own digest, which nobody can steer towards another's, so that no comparison in
 * constant time is needed; and 256 random bits need no slow hash. */
#ifndef TB_PASSWORD_H
#define TB_PASSWORD_H
#include "store.h"

enum {
    TB_SCRYPT_N = 1 << 15, /* 128 N r bytes: 32 MiB, about 0.1 s a try */
    TB_SCRYPT_R = 8,
    TB_SCRYPT_P = 1,
    TB_SCRYPT_MOST = 256 << 20, /* bytes, of hashes read: a damaged row does not stop the machine */
    TB_SALT_BYTES = 16,
    TB_HASH_BYTES = 32,
    TB_PASSWORD_LEAST = 8,   /* characters */
    TB_PASSWORD_BYTES = 256, /* at most */
    TB_PASSWORD_TEXT = 160,  /* bytes that hold any kept text, its NUL included */
    TB_TOKEN_BYTES = 32,
    TB_TOKEN_TEXT = 80
};

/* TB_OK, or TB_FAILED: no memory, no random numbers. Any thread; slow. */
int tb_password_keep(tb_io *io, tb_str password, char kept[TB_PASSWORD_TEXT]);
/* Is it this one? With an empty `kept` (nobody has such an account, or it has no password) it is not, and that takes as long. 1, 0,
 * or -1: could not be found out (no memory, not a text of ours). */
int tb_password_is(tb_str kept, tb_str password);
bool tb_password_fits(tb_str password, tb_str account); /* long enough, not too long, not the account's name */

#define TB_TOKEN_PREFIX "tbtoken_"
#define TB_SESSION_PREFIX "tbsession_"
int tb_token_make(tb_io *io, const char *prefix, char text[TB_TOKEN_TEXT], uint8_t digest[TB_DIGEST]);
bool tb_token_digest(tb_str text, uint8_t digest[TB_DIGEST]); /* false: it does not even look like one */
#endif
