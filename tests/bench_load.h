/* What the load client (bench_load.c) needs to know about a workload: how each connection's next request is made from
 * the answer to its last one. A new plan is a table of these functions, listed in bench_load.c. */
#ifndef TB_BENCH_LOAD_H
#define TB_BENCH_LOAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_reply {
    int status;
    const char *body; /* NUL-terminated; lives until the next request is sent */
    size_t body_n;
} bench_reply;

typedef struct bench_plan {
    const char *name, *says;
    /* State of one connection; NULL: no memory. `seed` differs from run to run and connection to connection. */
    void *(*start)(int connection, int connections, uint64_t seed);
    void (*end)(void *state);
    /* Writes the connection's next request (head and body) to buf and answers its length; 0 gives the connection up
     * (counted as an error). `last` is NULL for the first request. *is_act: whether this one counts; reads and set-up
     * do not. */
    size_t (*next)(void *state, const bench_reply *last, char *buf, size_t room, bool *is_act);
} bench_plan;

/* A POST with a JSON body, keep-alive; 0 when it does not fit. */
size_t bench_post(char *buf, size_t room, const char *path, const char *body, size_t body_n);
#endif
