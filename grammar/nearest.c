/* Slips between words: see nearest.h. */
#include "nearest.h"

/* The characters of a word, packed by their bytes; -1: too long. */
static int characters(tb_str s, uint32_t *out) {
    int n = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c & 0xC0) == 0x80 && n) {
            out[n - 1] = out[n - 1] << 8 | c;
        } else {
            if (n == TB_NEAREST_POINTS) return -1;
            out[n++] = c;
        }
    }
    return n;
}

static int least(int a, int b) { return a < b ? a : b; }

int tb_slips(tb_str a, tb_str b, int enough) {
    uint32_t x[TB_NEAREST_POINTS], y[TB_NEAREST_POINTS];
    int rows[3][TB_NEAREST_POINTS + 1], n = characters(a, x), m = characters(b, y);
    if (n < 0 || m < 0) return enough;
    for (int j = 0; j <= m; j++) rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3];
        const int *above = rows[(i - 1) % 3], *two = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            now[j] = least(above[j - 1] + (x[i - 1] != y[j - 1]), least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) now[j] = least(now[j], two[j - 2] + 1);
        }
    }
    return least(rows[n % 3][m], enough);
}

int tb_shared(tb_str a, tb_str b) {
    uint32_t x[TB_NEAREST_POINTS], y[TB_NEAREST_POINTS];
    int n = characters(a, x), m = characters(b, y), shared = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            if (x[i] == y[j]) {
                shared++;
                y[j] = 0; /* counted once */
                break;
            }
    return shared;
}
