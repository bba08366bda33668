/* A small blocking HTTP client for the command line: one call, one answer, errors as sentences that say what to do.
 *
 * On libcurl, because the command line must work through the proxies, names and networks people have; the server's
 * own parser is for servers. A client is used by one thread. Calls on the same client reuse its connection. */
#ifndef TB_CLIENT_H
#define TB_CLIENT_H
#include <stddef.h>

enum {
    TB_CLIENT_ERROR = 512,                 /* bytes that hold any error text */
    TB_CLIENT_CONNECT_MS = 5 * 1000,
    TB_CLIENT_CALL_MS = 120 * 1000,        /* a load compiles and proves; an act waits for its commit */
    TB_CLIENT_ANSWER = 256 * 1024 * 1024   /* bytes of an answer: more is refused, not collected */
};

typedef struct tb_client tb_client;

/* `server` is "http://HOST:PORT", with or without a '/' at the end. NULL: `error` says why. */
tb_client *tb_client_new(const char *server, char error[TB_CLIENT_ERROR]);
void tb_client_free(tb_client *c); /* NULL is allowed */
void tb_client_token(tb_client *c, const char *token); /* sent with each request from now on; it must outlive the client */
void tb_client_english(tb_client *c); /* from now on asks for English (Accept-Language), and tells its own errors so */

/* Sends `body` (JSON, UTF-8; NULL: none) to the server's `path` (encoded, begins with '/'). TB_OK: an answer came, of
 * whatever *status; *response is malloc'ed, NUL-terminated, *length bytes long, and the caller's to free. TB_FAILED:
 * none came; `error` says why, in Chinese. After a failure of a request that writes, nothing is known about whether
 * it was done: repeat the same `request`. */
int tb_client_request(tb_client *c, const char *method, const char *path, const char *body, size_t n, int *status,
                      char **response, size_t *length, char error[TB_CLIENT_ERROR]);

/* The same for a single call. */
int tb_client_call(const char *server, const char *method, const char *path, const char *body, size_t n, int *status,
                   char **response, size_t *length, char error[TB_CLIENT_ERROR]);

/* Percent-encodes one segment of a path or one value of a query into `out` (at most 3 n + 1 bytes); returns the end. */
char *tb_client_encode(char *out, const char *text, size_t n);
#endif
