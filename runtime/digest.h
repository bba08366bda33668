/* SM3 (GB/T 32905-2016), the digest of sources, outcomes and identifiers. The engine gets it handed in; the runtime
 * takes it from libgcrypt. */
#ifndef TB_DIGEST_H
#define TB_DIGEST_H
#include "arena.h"

enum { TB_SM3_BYTES = 32, TB_SM3_HEX = 64 };

/* Any thread. Has no way to fail: a machine on which libgcrypt has no SM3 ends the process with a message,
 * since nothing this program promises holds without digests. */
void tb_sm3(const void *bytes, size_t n, uint8_t out[32]);
void tb_hex(const uint8_t *bytes, size_t n, char *out); /* 2n lower-case digits and a NUL */
bool tb_unhex(tb_str text, uint8_t *out, size_t n);     /* false: not exactly 2n digits */
#endif
