/* See measure.h. */
#include "measure.h"

#define BOUNDS(name, ...)                                                                                                   \
    static const double name[] = {__VA_ARGS__};                                                                              \
    _Static_assert(sizeof name / sizeof *name <= TB_MEASURE_BOUNDS, "more bounds than there is room for")
BOUNDS(seconds, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10);
BOUNDS(numbers, 1, 2, 4, 8, 16, 32, 64, 128);
BOUNDS(lateness, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400);

#define OF(bounds_) ((tb_measure){.bounds = (bounds_), .count = sizeof(bounds_) / sizeof *(bounds_)})
tb_measure tb_measure_seconds(void) { return OF(seconds); }
tb_measure tb_measure_numbers(void) { return OF(numbers); }
tb_measure tb_measure_lateness(void) { return OF(lateness); }

void tb_measure_add(tb_measure *m, double value) {
    uint32_t i = 0;
    while (i < m->count && value > m->bounds[i]) i++;
    m->below[i]++;
    m->sum += value;
}

void tb_measure_write(tb_buf *b, const char *name, const char *help, const tb_measure *m) {
    uint64_t so_far = 0;
    tb_putf(b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    for (uint32_t i = 0; i < m->count; i++) {
        so_far += m->below[i];
        tb_putf(b, "%s_bucket{le=\"%g\"} %llu\n", name, m->bounds[i], (unsigned long long)so_far);
    }
    so_far += m->below[m->count];
    tb_putf(b, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name, (unsigned long long)so_far, name, m->sum, name,
            (unsigned long long)so_far);
}
