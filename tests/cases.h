/* Plain-text cases that hold a text and exactly what must come out of it. A file DIRECTORY/NAME.case is, again and again:
 *
 *   ==== title [words]
 *   the text
 *   ----
 *   what must come out; blank lines at its end do not count
 *
 * What stands before the first ==== is for the reader. A test gives the function that answers; with `update` the files are written anew
 * with what came out, for review. */
#ifndef TB_TEST_CASES_H
#define TB_TEST_CASES_H
#include "arena.h"
#include "check.h"
#include <dirent.h>

/* What comes out of `text`, in `a`. */
typedef tb_str case_answer(tb_arena *a, tb_str title, tb_str text);

static inline tb_str read_all(tb_arena *a, const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) return (tb_str){NULL, 0};
    tb_buf b;
    tb_buf_init(&b, a);
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) tb_put(&b, block, n);
    fclose(f);
    return tb_buf_str(&b);
}

/* The next line that begins with `mark`, from `from` on; the text's end when there is none. */
static inline uint32_t find_line(tb_str text, uint32_t from, const char *mark) {
    size_t n = strlen(mark);
    for (; from < text.n; from++)
        if ((from == 0 || text.p[from - 1] == '\n') && text.n - from >= n && memcmp(text.p + from, mark, n) == 0)
            return from;
    return text.n;
}

static inline uint32_t line_end(tb_str text, uint32_t at) {
    while (at < text.n && text.p[at] != '\n') at++;
    return at < text.n ? at + 1 : at;
}

static inline tb_str without_blank_end(tb_str s) {
    while (s.n && s.p[s.n - 1] == '\n') s.n--;
    return s;
}

static inline void run_case_file(const char *path, bool update, case_answer *answer) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_str all = read_all(a, path);
    tb_buf fresh;
    tb_buf_init(&fresh, a);
    uint32_t at = find_line(all, 0, "==== ");
    tb_put(&fresh, all.p, at);
    while (at < all.n) {
        uint32_t body = line_end(all, at), rule = find_line(all, body, "----\n");
        uint32_t want = line_end(all, rule), next = find_line(all, want, "==== ");
        tb_str title = {all.p + at + 5, body - at - 6}, text = {all.p + body, rule - body};
        tb_str expected = without_blank_end((tb_str){all.p + want, next - want});
        tb_str got = without_blank_end(answer(a, title, text));
        if (update) {
            tb_put(&fresh, all.p + at, want - at);
            tb_putstr(&fresh, got);
            tb_puts(&fresh, "\n\n");
        } else if (!CHECK(tb_str_eq(got, expected))) {
            fprintf(stderr, "%s: %.*s\n-- got\n%.*s\n-- expected\n%.*s\n", path, TB_FMT(title), TB_FMT(got),
                    TB_FMT(expected));
        }
        at = next;
    }
    if (update) {
        FILE *f = fopen(path, "wb");
        if (!CHECK(f && fwrite(fresh.p, 1, fresh.n, f) == fresh.n)) perror(path);
        if (f) fclose(f);
    }
    tb_arena_free(a);
}

/* All files DIRECTORY/NAME.case; there is at least one. */
static inline void run_case_files(const char *directory, bool update, case_answer *answer) {
    DIR *d = opendir(directory);
    int files = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[1024];
        if (!tb_str_ends(tb_str_z(e->d_name), ".case")) continue;
        if (snprintf(path, sizeof path, "%s/%s", directory, e->d_name) >= (int)sizeof path) continue;
        run_case_file(path, update, answer);
        files++;
    }
    if (d) closedir(d);
    CHECK(files > 0);
}
#endif
