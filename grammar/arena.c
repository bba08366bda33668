/* The arena: blocks in a list, each twice the last up to a bound; allocation bumps a pointer in the newest.
 * See arena.h for why and for how failure travels. */
#include "arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

struct block {
    struct block *older;
    size_t room, used;
};

struct tb_arena {
    tb_allocator from;
    struct block *newest;
    size_t bytes, limit, next;
    jmp_buf *landing;
};

static void *plain_take(void *user, size_t n) {
    (void)user;
    return malloc(n);
}
static void plain_give(void *user, void *p) {
    (void)user;
    free(p);
}

static size_t header(void) { return tb_arena_room(sizeof(struct block)); }

tb_arena *tb_arena_new(const tb_allocator *allocator, size_t limit) {
    tb_allocator from = allocator ? *allocator : (tb_allocator){plain_take, plain_give, NULL};
    tb_arena *a = from.take(from.user, sizeof *a);
    if (!a) return NULL;
    *a = (tb_arena){.from = from, .limit = limit ? limit : TB_ARENA_LIMIT, .next = FIRST_BLOCK};
    return a;
}

void tb_arena_free(tb_arena *a) {
    if (!a) return;
    for (struct block *b = a->newest; b;) {
        struct block *older = b->older;
        a->from.give(a->from.user, b);
        b = older;
    }
    tb_allocator from = a->from;
    from.give(from.user, a);
}

void tb_arena_reset(tb_arena *a) {
    struct block *keep = a->newest;
    if (!keep) return;
    for (struct block *b = keep->older; b;) {
        struct block *older = b->older;
        a->from.give(a->from.user, b);
        b = older;
    }
    keep->older = NULL;
    keep->used = 0;
    a->bytes = keep->room;
}

size_t tb_arena_bytes(const tb_arena *a) { return a->bytes; }

void tb_arena_expect(tb_arena *a, size_t bytes) { a->next = tb_arena_room(bytes); }

static void *fail(tb_arena *a) {
    if (a->landing) longjmp(*a->landing, 1);
    return NULL;
}

static struct block *grow(tb_arena *a, size_t need) {
    size_t room = a->next;
    if (a->next < FIRST_BLOCK) a->next = FIRST_BLOCK / 2; /* it was said how much, and it was not enough */
    if (room < need) room = need;
    if (room > a->limit || a->bytes > a->limit - room) {
        room = need; /* the last block may be a small one */
        if (room > a->limit || a->bytes > a->limit - room) return NULL;
    }
    struct block *b = a->from.take(a->from.user, header() + room);
    if (!b) return NULL;
    *b = (struct block){.older = a->newest, .room = room};
    a->newest = b;
    a->bytes += room;
    if (a->next < LARGEST_STEP) a->next *= 2;
    return b;
}

void *tb_alloc(tb_arena *a, size_t bytes) {
    if (bytes > a->limit) return fail(a);
    size_t need = tb_arena_room(bytes);
    struct block *b = a->newest;
    if (!b || b->room - b->used < need) {
        b = grow(a, need);
        if (!b) return fail(a);
    }
    void *p = (char *)b + header() + b->used;
    b->used += need;
    return memset(p, 0, need);
}

void *tb_alloc_array(tb_arena *a, size_t count, size_t each) {
    if (each && count > SIZE_MAX / 2 / each) return fail(a);
    return tb_alloc(a, count * each);
}

int tb_try(tb_arena *a, int (*work)(void *), void *arg) {
    jmp_buf here;
    jmp_buf *outer = a->landing;
    int result;
    if (setjmp(here) == 0) {
        a->landing = &here;
        result = work(arg);
    } else {
        result = TB_NOMEM;
    }
    a->landing = outer;
    return result;
}

bool tb_str_eq(tb_str a, tb_str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
bool tb_str_is(tb_str a, const char *z) { return tb_str_eq(a, tb_str_z(z)); }
tb_str tb_str_z(const char *z) { return (tb_str){z, (uint32_t)strlen(z)}; }

int tb_str_cmp(tb_str a, tb_str b) {
    uint32_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool tb_str_starts(tb_str s, const char *prefix) {
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool tb_str_ends(tb_str s, const char *suffix) {
    size_t n = strlen(suffix);
    return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

tb_str tb_str_copy(tb_arena *a, tb_str s) {
    char *p = tb_alloc(a, (size_t)s.n + 1);
    if (!p) return (tb_str){"", 0};
    if (s.n) memcpy(p, s.p, s.n);
    return (tb_str){p, s.n};
}

static tb_str vprint(tb_arena *a, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *p = n < 0 ? NULL : tb_alloc(a, (size_t)n + 1);
    if (!p) return (tb_str){"", 0};
    vsnprintf(p, (size_t)n + 1, format, args);
    return (tb_str){p, (uint32_t)n};
}

void tb_buf_init(tb_buf *b, tb_arena *a) { *b = (tb_buf){.arena = a, .p = NULL}; }

void tb__put_more(tb_buf *b, const char *p, size_t n) {
    if (b->room - b->n <= n) {
        size_t room = b->room ? b->room : 64;
        while (room - b->n <= n) room *= 2;
        char *bigger = tb_alloc(b->arena, room);
        if (!bigger) return;
        if (b->n) memcpy(bigger, b->p, b->n);
        b->p = bigger;
        b->room = room;
    }
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

/* Two digits a division: instants have thirteen, and a state has dozens of them. */
static void put_number(tb_buf *b, unsigned long long n, bool minus) {
    char digits[24], *p = digits + sizeof digits;
    for (; n >= 100; n /= 100) memcpy(p -= 2, two_digits + n % 100 * 2, 2);
    if (n >= 10) memcpy(p -= 2, two_digits + n * 2, 2);
    else *--p = (char)('0' + n);
    if (minus) *--p = '-';
    tb_put(b, p, (size_t)(digits + sizeof digits - p));
}

void tb_put_int(tb_buf *b, int64_t n) {
    put_number(b, n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n, n < 0);
}

/* The conversions that states and answers are made of (%s %.*s %d %u %lld %llu) without the C library's printf, which took a tenth
 * of the server's time. False: another one was met; what was put is to be taken back. */
static bool put_plain(tb_buf *b, const char *f, va_list args) {
    for (const char *from = f;; from = f) {
        while (*f && *f != '%') f++;
        if (f > from || !b->p) tb_put(b, from, (size_t)(f - from));
        if (!*f) return true;
        if (f[1] == 's') {
            tb_puts(b, va_arg(args, const char *));
            f += 2;
        } else if (f[1] == '.' && f[2] == '*' && f[3] == 's') {
            int n = va_arg(args, int);
            const char *p = va_arg(args, const char *);
            if (n < 0) return false;
            tb_put(b, p, n ? strnlen(p, (size_t)n) : 0); /* an empty tb_str may point nowhere */
            f += 4;
        } else if (f[1] == 'd') {
            tb_put_int(b, va_arg(args, int));
            f += 2;
        } else if (f[1] == 'u') {
            put_number(b, va_arg(args, unsigned), false);
            f += 2;
        } else if (f[1] == 'l' && f[2] == 'l' && f[3] == 'd') {
            tb_put_int(b, va_arg(args, long long));
            f += 4;
        } else if (f[1] == 'l' && f[2] == 'l' && f[3] == 'u') {
            put_number(b, va_arg(args, unsigned long long), false);
            f += 4;
        } else {
            return false;
        }
    }
}

void tb_putf(tb_buf *b, const char *format, ...) {
    char small[256];
    size_t before = b->n;
    va_list args, again;
    va_start(args, format);
    bool plain = put_plain(b, format, args);
    va_end(args);
    if (plain) return;
    b->n = before;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    if (n >= 0 && (size_t)n < sizeof small) tb_put(b, small, (size_t)n);
    else if (n >= 0) tb_putstr(b, vprint(b->arena, format, again));
    va_end(again);
    va_end(args);
}

tb_str tb_str_printf(tb_arena *a, const char *format, ...) {
    char small[256];
    tb_buf b = {.arena = a, .p = small, .room = sizeof small};
    va_list args;
    va_start(args, format);
    bool plain = put_plain(&b, format, args) && b.p == small;
    va_end(args);
    if (plain) return tb_str_copy(a, (tb_str){small, (uint32_t)b.n});
    va_start(args, format);
    tb_str s = vprint(a, format, args);
    va_end(args);
    return s;
}

tb_str tb_buf_str(const tb_buf *b) { return (tb_str){b->p ? b->p : "", (uint32_t)b->n}; }

void *tb__push(tb_arena *a, void **items, uint32_t *count, uint32_t *room, size_t each) {
    if (*count == *room) {
        uint32_t bigger = *room ? *room * 2 : 8;
        void *fresh = tb_alloc_array(a, bigger, each);
        if (!fresh) return NULL;
        if (*count) memcpy(fresh, *items, (size_t)*count * each);
        *items = fresh;
        *room = bigger;
    }
    return (char *)*items + (size_t)(*count)++ * each;
}
