/* How wide a text is, and how it is parted into lines. Pictures are read where other fonts are installed than where
 * they were made, so widths are those of the widest of the usual fonts (Noto Sans CJK, Source Han Sans, Microsoft YaHei)
 * and not of one: a text may leave a little room, it never runs out of its box.
 *
 * Lines follow Chinese typesetting: a break may come between any two Han characters, but no line begins with a
 * closing mark or ends with an opening one, and numbers keep what they count. Among the partings with the fewest lines
 * the most even one is taken, so that no character is left alone. */
#include "layout.h"
#include "source.h"

enum {
    UNITS = 400 /* of one text that are parted evenly; what is longer, plainly */,
    MID_WORD = 120 /* what a break inside a word costs; a letter's width of unevenness costs 16 */
};

#define NUMERALS "一二三四五六七八九十百千零〇之"

static uint32_t character_bytes(tb_str s, uint32_t at) {
    uint8_t lead = (uint8_t)s.p[at];
    uint32_t n = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return n > s.n - at ? s.n - at : n;
}

/* In hundredths of the letter's height. */
static int ascii_width(char c) {
    if (c == ' ') return 30;
    if (strchr("iljI.,:;'|!", c)) return 33;
    if (strchr("frt()[]{}-\"/\\`", c)) return 42;
    if (strchr("mwMWQO@%&", c)) return 95;
    if (c >= '0' && c <= '9') return 58;
    return c >= 'A' && c <= 'Z' ? 70 : 61;
}

static int character_width(tb_str c) {
    if ((uint8_t)c.p[0] < 0x80) return c.p[0] < ' ' ? 0 : ascii_width(c.p[0]);
    uint32_t cells = tb_cells(c);
    return cells == 0 ? 0 : cells == 1 ? 66 : 100;
}

int tb_text_width(tb_str s, int size, bool bold) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < s.n;) {
        uint32_t n = character_bytes(s, i);
        sum += character_width((tb_str){s.p + i, n});
        i += n;
    }
    if (bold) sum += sum / 40;
    return (int)((sum * size + 99) / 100);
}

static bool among(tb_str c, const char *marks) {
    for (const char *m = marks; *m;) {
        uint32_t n = character_bytes((tb_str){m, (uint32_t)strlen(m)}, 0);
        if (n == c.n && memcmp(m, c.p, n) == 0) return true;
        m += n;
    }
    return false;
}

struct unit {
    uint32_t from, to;
    int width;
    bool space; /* a blank stands before it */
};

static bool wide(tb_str c) { return (uint8_t)c.p[0] >= 0x80 && tb_cells(c) == 2; }
static bool digit(tb_str c) { return c.p[0] >= '0' && c.p[0] <= '9'; }

/* May a line end between two neighbouring characters that no blank parts? */
bool tb_text_may_part(tb_str a, tb_str b) {
    if (!wide(a) && !wide(b)) return false;
    if (among(b, "，。、；：！？）》」』”’〕…—,.;:!?)]}%") || among(a, "（《「『“‘〔([{")) return false;
    if (among(a, "第") || (among(a, NUMERALS) && among(b, NUMERALS "条款项")))
        return false; /* 第四十五条 is one word */
    return !digit(a);
}

static uint32_t units_of(tb_str s, int size, bool bold, int width, struct unit *u, uint32_t most) {
    uint32_t n = 0;
    bool space = false;
    tb_str last = {NULL, 0};
    for (uint32_t i = 0; i < s.n;) {
        tb_str c = {s.p + i, character_bytes(s, i)};
        if (c.p[0] == ' ') {
            space = n > 0;
            last.n = 0;
        } else {
            int w = tb_text_width(c, size, bold) + (bold ? 1 : 0);
            bool joins = last.n && !tb_text_may_part(last, c) && u[n - 1].width + w <= width;
            if (!joins) {
                if (n == most) return UINT32_MAX;
                u[n++] = (struct unit){i, i, 0, space};
            }
            u[n - 1].to = i + c.n;
            u[n - 1].width += w;
            space = false;
            last = c;
        }
        i += c.n;
    }
    return n;
}

static int line_width(const struct unit *u, uint32_t from, uint32_t to, int blank) {
    int w = 0;
    for (uint32_t i = from; i < to; i++) w += u[i].width + (i > from && u[i].space ? blank : 0);
    return w;
}

static void put_line(tb_arena *a, tb_str s, const struct unit *u, uint32_t from, uint32_t to, tb_lines *out) {
    *TB_PUSH(a, *out) = (tb_str){s.p + u[from].from, u[to - 1].to - u[from].from};
}

/* Too long to be parted evenly: each line as full as it goes. */
static void wrap_plainly(tb_arena *a, tb_str s, int size, bool bold, int width, tb_lines *out) {
    for (uint32_t i = 0; i < s.n;) {
        uint32_t to = i;
        while (to < s.n) {
            uint32_t n = character_bytes(s, to);
            if (to > i && tb_text_width((tb_str){s.p + i, to + n - i}, size, bold) > width) break;
            to += n;
        }
        *TB_PUSH(a, *out) = (tb_str){s.p + i, to - i};
        i = to;
    }
}

void tb_text_wrap(tb_arena *a, tb_str s, int size, bool bold, int width, tb_lines *out) {
    struct unit u[UNITS];
    int64_t cost[UNITS + 1]; /* of the best parting of units 0 … i - 1: lines, then unevenness */
    uint32_t back[UNITS + 1];
    uint32_t n = units_of(s, size, bold, width, u, UNITS);
    int blank = tb_text_width(TB_STR(" "), size, bold);
    if (n == UINT32_MAX) {
        wrap_plainly(a, s, size, bold, width, out);
        return;
    }
    cost[0] = 0;
    for (uint32_t to = 1; to <= n; to++) {
        cost[to] = INT64_MAX;
        for (uint32_t from = to; from-- > 0;) {
            int w = line_width(u, from, to, blank);
            if (w > width && from + 1 < to) break;
            int64_t slack = width > w ? (int64_t)(width - w) * 4 / (size ? size : 1) : 0;
            int64_t c = cost[from] + ((int64_t)1 << 32) + slack * slack;
            if (to < n && !u[to].space && !among((tb_str){s.p + u[to].from - 3, 3}, "，、；：。")) c += MID_WORD;
            if (c < cost[to]) cost[to] = c, back[to] = from;
        }
    }
    uint32_t ends[UNITS], count = 0;
    for (uint32_t at = n; at > 0; at = back[at]) ends[count++] = at;
    for (uint32_t from = 0; count-- > 0; from = ends[count]) put_line(a, s, u, from, ends[count], out);
}
