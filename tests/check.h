/* The few lines every C test shares: count, say where it failed, end with "N passed, N failed". A test file includes this, calls
 * CHECK… anywhere, and ends main with `return check_end();`. The runner adds the counts of all test programs up. */
#ifndef TB_CHECK_H
#define TB_CHECK_H
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int check_passed, check_failed;

static inline int check_that(int ok, const char *what, const char *file, int line) {
    if (ok) {
        check_passed++;
    } else {
        check_failed++;
        fprintf(stderr, "%s:%d: FAILED: %s\n", file, line, what);
    }
    return ok;
}

static inline int check_int(int64_t a, int64_t b, const char *what, const char *file, int line) {
    if (!check_that(a == b, what, file, line))
        return fprintf(stderr, "    got %" PRId64 ", expected %" PRId64 "\n", a, b), 0;
    return 1;
}

static inline int check_text(const char *a, const char *b, const char *what, const char *file, int line) {
    if (!check_that(a && b && strcmp(a, b) == 0, what, file, line))
        return fprintf(stderr, "    got      «%s»\n    expected «%s»\n", a ? a : "(null)", b ? b : "(null)"), 0;
    return 1;
}

#define CHECK(cond) check_that(!!(cond), #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want) check_int((int64_t)(got), (int64_t)(want), #got " == " #want, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_text((got), (want), #got " is " #want, __FILE__, __LINE__)

static inline int check_end(void) {
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed ? 1 : 0;
}
/* TB_SEED; TB_SEED=random draws one from the kernel; without it a constant, so that two runs of one program agree. It is
 * printed, so that a failure can be had again. */
static inline uint64_t seed_of(const char *test) {
    const char *given = getenv("TB_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 88172645463325252u;
    if (given && strcmp(given, "random") == 0 && getrandom(&seed, sizeof seed, 0) != sizeof seed) abort();
    if (!seed) seed = 1;
    printf("%s: TB_SEED=%llu\n", test, (unsigned long long)seed);
    return seed;
}
#endif
