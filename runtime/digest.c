/* SM3 through OpenSSL's EVP. Fetching the algorithm and making a context cost more than digesting a kilobyte, so the
 * algorithm is fetched once and each thread keeps one context, freed with the thread. */
#include "digest.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static EVP_MD *sm3;

static void give_up(void) {
    fprintf(stderr, "tongban: OpenSSL 的 SM3 不可用（或内存不足），无法继续。\n");
    abort();
}

static void forget(void *context) { EVP_MD_CTX_free(context); }

static void start(void) {
    sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    if (!sm3 || pthread_key_create(&key, forget) != 0) give_up();
}

void tb_sm3(const void *bytes, size_t n, uint8_t out[32]) {
    pthread_once(&once, start);
    EVP_MD_CTX *c = pthread_getspecific(key);
    if (!c) {
        c = EVP_MD_CTX_new();
        if (!c || pthread_setspecific(key, c) != 0) give_up();
    }
    if (!EVP_DigestInit_ex2(c, sm3, NULL) || !EVP_DigestUpdate(c, bytes, n) || !EVP_DigestFinal_ex(c, out, NULL))
        give_up();
}

void tb_hex(const uint8_t *bytes, size_t n, char *out) {
    for (size_t i = 0; i < n; i++) {
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *out = '\0';
}

static int nibble(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool tb_unhex(tb_str text, uint8_t *out, size_t n) {
    if (text.n != 2 * n) return false;
    for (size_t i = 0; i < n; i++) {
        int a = nibble(text.p[2 * i]), b = nibble(text.p[2 * i + 1]);
        if (a < 0 || b < 0) return false;
        out[i] = (uint8_t)(a << 4 | b);
    }
    return true;
}
