/* Numbers by name. See index.h. */
#include "index.h"

static struct tb_index_slot *slot_of(const tb_index *x, tb_str name) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < name.n; i++) hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    uint32_t at = hash & (x->size - 1);
    while (x->slots[at].name.p && !tb_str_eq(x->slots[at].name, name)) at = (at + 1) & (x->size - 1);
    return &x->slots[at];
}

static void grow(tb_index *x) {
    struct tb_index_slot *old = x->slots;
    uint32_t size = x->size;
    x->size = size ? size * 2 : 64;
    x->slots = TB_NEW_ARRAY(x->a, x->size, struct tb_index_slot);
    for (uint32_t i = 0; i < size; i++)
        if (old[i].name.p) *slot_of(x, old[i].name) = old[i];
}

uint32_t *tb_index_at(tb_index *x, tb_str name, uint32_t absent) {
    if (x->count * 2 >= x->size) grow(x);
    struct tb_index_slot *s = slot_of(x, name);
    if (!s->name.p) {
        *s = (struct tb_index_slot){name.p ? name : (tb_str){"", 0}, absent};
        x->count++;
    }
    return &s->value;
}

uint32_t tb_index_find(const tb_index *x, tb_str name, uint32_t absent) {
    const struct tb_index_slot *s = x->size ? slot_of(x, name) : NULL;
    return s && s->name.p ? s->value : absent;
}
