/* Distributions for /metrics: how many values fell below each of some bounds, and their sum (Prometheus' histogram). Why not means: an operator asks
 * "how slow are the slowest", and a mean cannot tell. A few bounds a power of two or ten apart are enough; adding a value costs a
 * handful of compares. All on the loop thread. */
#ifndef TB_MEASURE_H
#define TB_MEASURE_H
#include "arena.h"

enum { TB_MEASURE_BOUNDS = 14 };

typedef struct tb_measure {
    const double *bounds; /* ascending, static */
    uint32_t count;       /* of them */
    uint64_t below[TB_MEASURE_BOUNDS + 1]; /* below[i]: values in (bounds[i − 1], bounds[i]]; the last one: above all */
    double sum;
} tb_measure;

/* Kinds of measure: seconds from half a millisecond on; numbers up to a batch; how late, in seconds up to days. */
tb_measure tb_measure_seconds(void);
tb_measure tb_measure_numbers(void);
tb_measure tb_measure_lateness(void);

void tb_measure_add(tb_measure *m, double value);
/* In Prometheus' text format, with HELP and TYPE. Under tb_try. */
void tb_measure_write(tb_buf *b, const char *name, const char *help, const tb_measure *m);
#endif
