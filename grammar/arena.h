/* Memory of one piece of work: everything a parse, a compile or a step makes lives in one arena and is dropped whole.
 *
 * Why: a program, a tree, an outcome have one owner and one lifetime. No node is freed alone, so nothing can be freed
 * twice, forgotten, or freed late, and "every allocation may fail" needs one landing place instead of a thousand checks.
 *
 * How failure works: run the work under tb_try(). When an allocation fails (or the arena's limit is reached) inside it,
 * control returns to tb_try(), which answers TB_NOMEM; the caller then frees the arena. Code inside tb_try() must
 * therefore hold no resource outside the arena (no malloc, no file). Outside tb_try(), tb_alloc() answers NULL. */
#ifndef TB_ARENA_H
#define TB_ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Results shared by all layers: 0 is success. */
enum tb_result { TB_OK = 0, TB_FAILED = 1, TB_NOMEM = 2, TB_LIMIT = 3 };

/* Where an arena gets its blocks. Tests pass one that fails the n-th call. */
typedef struct tb_allocator {
    void *(*take)(void *user, size_t bytes);
    void (*give)(void *user, void *block);
    void *user;
} tb_allocator;

typedef struct tb_arena tb_arena;

/* A new empty arena; NULL when no memory. `allocator` may be NULL (malloc, free); it must outlive the arena.
 * `limit` bounds the bytes taken in all, 0 means TB_ARENA_LIMIT. */
#define TB_ARENA_LIMIT ((size_t)1 << 30)
tb_arena *tb_arena_new(const tb_allocator *allocator, size_t limit);
void tb_arena_free(tb_arena *a);   /* NULL is allowed */
void tb_arena_reset(tb_arena *a);  /* forget everything, keep the largest block for the next use */
size_t tb_arena_bytes(const tb_arena *a);
/* The next block is to have room for just so many bytes: for what is kept long and whose size is known. What does not fit after all
 * gets a block as usual. An allocation of n takes tb_arena_room(n) of them. */
void tb_arena_expect(tb_arena *a, size_t bytes);
enum { TB_ARENA_ALIGN = 16 };
static inline size_t tb_arena_room(size_t n) {
    return n ? (n + TB_ARENA_ALIGN - 1) / TB_ARENA_ALIGN * TB_ARENA_ALIGN : TB_ARENA_ALIGN;
}

/* Zeroed memory, aligned for any type, owned by the arena. */
void *tb_alloc(tb_arena *a, size_t bytes);
/* Zeroed array; multiplication checked. */
void *tb_alloc_array(tb_arena *a, size_t count, size_t each);
#define TB_NEW(a, type) ((type *)tb_alloc((a), sizeof(type)))
#define TB_NEW_ARRAY(a, n, type) ((type *)tb_alloc_array((a), (n), sizeof(type)))

/* Runs work(arg); its answer, or TB_NOMEM when memory ran out inside. May nest. */
int tb_try(tb_arena *a, int (*work)(void *arg), void *arg);

/* ---- strings: a pointer and a length in bytes, UTF-8, not NUL-terminated unless a function says so ---- */
typedef struct tb_str {
    const char *p;
    uint32_t n;
} tb_str;
#define TB_STR(lit) ((tb_str){(lit), (uint32_t)(sizeof(lit) - 1)})
#define TB_FMT(s) (int)(s).n, (s).p /* for "%.*s" */

bool tb_str_eq(tb_str a, tb_str b);
bool tb_str_is(tb_str a, const char *z);
int tb_str_cmp(tb_str a, tb_str b);              /* byte order */
bool tb_str_starts(tb_str s, const char *prefix);
bool tb_str_ends(tb_str s, const char *suffix);
tb_str tb_str_z(const char *z);                  /* a view of a C string */
tb_str tb_str_copy(tb_arena *a, tb_str s);       /* the copy is NUL-terminated */
tb_str tb_str_printf(tb_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- growing text in an arena ---- */
typedef struct tb_buf {
    tb_arena *arena;
    char *p; /* always NUL-terminated once anything was put */
    size_t n, room;
} tb_buf;
void tb_buf_init(tb_buf *b, tb_arena *a);
void tb__put_more(tb_buf *b, const char *p, size_t n);
/* Here so that a literal's length is known when compiled: states and answers are made of literals. */
static inline void tb_put(tb_buf *b, const char *p, size_t n) {
    if (!n || b->room - b->n <= n) {
        tb__put_more(b, p, n);
        return;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}
static inline void tb_puts(tb_buf *b, const char *z) { tb_put(b, z, strlen(z)); }
static inline void tb_putstr(tb_buf *b, tb_str s) { tb_put(b, s.p, s.n); }
void tb_put_int(tb_buf *b, int64_t n);
void tb_putf(tb_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
tb_str tb_buf_str(const tb_buf *b);

/* ---- a growing list in an arena: TB_PUSH(arena, items, count, room) makes place and yields a pointer to the new item.
 * Earlier pointers into the array are invalid after it. */
void *tb__push(tb_arena *a, void **items, uint32_t *count, uint32_t *room, size_t each);
#define TB_PUSH(a, list) \
    ((__typeof__((list).items))tb__push((a), (void **)&(list).items, &(list).count, &(list).room, sizeof *(list).items))
#define TB_LIST(type) struct { type *items; uint32_t count, room; }
#endif
