/* See throttle.h. */
#include "throttle.h"
#include "digest.h"
#include <string.h>

enum { KEY_BYTES = 256, FIRST_WAIT = 1000, DOUBLINGS = 30 };

static uint64_t key_of(const tb_throttle *t, tb_str text) {
    uint8_t bytes[TB_THROTTLE_SEED + KEY_BYTES], digest[32];
    uint64_t key;
    uint32_t n = text.n < KEY_BYTES ? text.n : KEY_BYTES; /* callers bound their texts below that */
    memcpy(bytes, t->seed, TB_THROTTLE_SEED);
    memcpy(bytes + TB_THROTTLE_SEED, text.p, n);
    tb_sm3(bytes, TB_THROTTLE_SEED + n, digest);
    memcpy(&key, digest, sizeof key);
    return key ? key : 1;
}

static tb_throttle_entry *find(tb_throttle *t, uint64_t key) {
    tb_throttle_entry *set = t->entries[key % TB_THROTTLE_SETS];
    for (int i = 0; i < TB_THROTTLE_WAYS; i++)
        if (set[i].key == key) return &set[i];
    return NULL;
}

static tb_throttle_entry *make(tb_throttle *t, uint64_t key) {
    tb_throttle_entry *set = t->entries[key % TB_THROTTLE_SETS], *oldest = set;
    for (int i = 0; i < TB_THROTTLE_WAYS; i++) {
        if (!set[i].key) {
            oldest = &set[i];
            break;
        }
        if (set[i].last < oldest->last) oldest = &set[i];
    }
    *oldest = (tb_throttle_entry){.key = key};
    return oldest;
}

int64_t tb_throttle_try(tb_throttle *t, tb_str text, int64_t now) {
    uint64_t key = key_of(t, text);
    tb_throttle_entry *e = find(t, key);
    if (e && now - e->last >= t->forget) *e = (tb_throttle_entry){.key = key};
    if (e && e->until > now) return e->until - now;
    if (!e) e = make(t, key);
    e->last = now;
    if (++e->failures < t->free) return 0;
    uint32_t doublings = e->failures - t->free;
    int64_t wait = doublings > DOUBLINGS ? t->longest : (int64_t)FIRST_WAIT << doublings;
    e->until = now + (wait < t->longest ? wait : t->longest);
    return 0;
}

void tb_throttle_succeeded(tb_throttle *t, tb_str text, bool all) {
    tb_throttle_entry *e = find(t, key_of(t, text));
    if (!e) return;
    if (all || e->failures <= 1) *e = (tb_throttle_entry){0};
    else {
        e->failures--;
        if (e->failures < t->free) e->until = 0;
    }
}
