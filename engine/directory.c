/* The directory: places, organs, persons in lists in the order they were declared, and one hash index over all of
 * them.
 *
 * Every act asks "does this person hold this post here", so that must not depend on how large the province is. All
 * questions are of one form — (what, where, name) → item — and share one table: keys are a kind, the index of a place
 * (or none) and a text; the value is the index of the first item declared under that key. Persons keep their own
 * posts (a handful, looked through), and each (place, post) keeps its holders in order, since messages and generated
 * 用例 name them by number. */
#include "directory.h"
#include <string.h>

#define NOWHERE UINT32_MAX /* no place: keys that hold everywhere; as an index: not found */
enum { FIRST_SLOTS = 64, PLACE_DEPTH = 16 /* province, city, county, town, village: far below it */ };

enum key_kind { K_NONE, K_CODE, K_PLACE_NAME, K_ORGAN_NAME, K_DUTY, K_PERSON, K_POST, K_DEPUTY };

struct slot {
    enum key_kind kind;
    uint32_t where, index;
    tb_str text;
};
struct person {
    const tb_str *posts;
    uint32_t count, organ;
};
typedef TB_LIST(tb_str) holders;
typedef TB_LIST(tb_deputy) deputies;

struct tb_directory {
    tb_arena *arena;
    TB_LIST(tb_place) places;
    TB_LIST(tb_organ) organs;
    TB_LIST(struct person) persons;
    TB_LIST(holders) posts; /* one for each (place, post) that someone holds */
    TB_LIST(deputies) deputized; /* one for each (place, post) that somebody stands in for */
    tb_str *calendars; /* by place: what tb_directory_calendar answers, which every clock asks */
    struct slot *slots;     /* open addressing; a power of two, at most half full */
    uint32_t used, mask;
};
struct tb_directory_builder {
    tb_directory d;
};

/* ---- the index ---- */

static uint32_t hash(enum key_kind kind, uint32_t where, tb_str text) {
    uint32_t h = 2166136261u ^ (uint32_t)kind; /* FNV-1a */
    h = (h * 16777619u ^ where) * 16777619u;
    for (uint32_t i = 0; i < text.n; i++) h = (h ^ (unsigned char)text.p[i]) * 16777619u;
    return h ^ h >> 15;
}

static struct slot *find(const tb_directory *d, enum key_kind kind, uint32_t where, tb_str text) {
    uint32_t i = hash(kind, where, text) & d->mask;
    for (;; i = (i + 1) & d->mask) {
        struct slot *s = &d->slots[i];
        if (s->kind == K_NONE || (s->kind == kind && s->where == where && tb_str_eq(s->text, text))) return s;
    }
}

static bool known(const tb_directory *d, enum key_kind kind, uint32_t where, tb_str text) {
    return find(d, kind, where, text)->kind != K_NONE;
}

/* The first declared stays: a second item under the key is reached through its list only. */
static void enter(tb_directory *d, enum key_kind kind, uint32_t where, tb_str text, uint32_t index) {
    if ((d->used + 1) * 2 > d->mask) {
        struct slot *old = d->slots;
        uint32_t slots = d->mask + 1;
        d->slots = TB_NEW_ARRAY(d->arena, (size_t)slots * 2, struct slot);
        d->mask = slots * 2 - 1;
        for (uint32_t i = 0; i < slots; i++)
            if (old[i].kind != K_NONE) *find(d, old[i].kind, old[i].where, old[i].text) = old[i];
    }
    struct slot *s = find(d, kind, where, text);
    if (s->kind != K_NONE) return;
    *s = (struct slot){kind, where, index, text};
    d->used++;
}

/* ---- building ---- */

tb_directory_builder *tb_directory_begin(tb_arena *a) {
    tb_directory_builder *b = TB_NEW(a, tb_directory_builder);
    b->d.arena = a;
    b->d.slots = TB_NEW_ARRAY(a, FIRST_SLOTS, struct slot);
    b->d.mask = FIRST_SLOTS - 1;
    return b;
}

int tb_directory_place(tb_directory_builder *b, tb_place p) {
    tb_directory *d = &b->d;
    if (known(d, K_CODE, NOWHERE, p.code)) return -1;
    tb_place *kept = TB_PUSH(d->arena, d->places);
    uint32_t index = d->places.count - 1;
    *kept = (tb_place){tb_str_copy(d->arena, p.code), tb_str_copy(d->arena, p.name), tb_str_copy(d->arena, p.parent),
                       tb_str_copy(d->arena, p.calendar)};
    enter(d, K_CODE, NOWHERE, kept->code, index);
    enter(d, K_PLACE_NAME, NOWHERE, kept->name, index);
    return (int)index;
}

int tb_directory_organ(tb_directory_builder *b, tb_organ o) {
    tb_directory *d = &b->d;
    if (o.place >= d->places.count || known(d, K_ORGAN_NAME, NOWHERE, o.name)) return -1;
    tb_organ *kept = TB_PUSH(d->arena, d->organs);
    uint32_t index = d->organs.count - 1;
    *kept = (tb_organ){tb_str_copy(d->arena, o.name), tb_str_copy(d->arena, o.duty), tb_str_copy(d->arena, o.seal),
                       o.place};
    enter(d, K_ORGAN_NAME, NOWHERE, kept->name, index);
    if (kept->duty.n) enter(d, K_DUTY, kept->place, kept->duty, index);
    return (int)index;
}

int tb_directory_person(tb_directory_builder *b, int place, int organ, tb_str name, const tb_str *posts,
                        uint32_t count) {
    tb_directory *d = &b->d;
    uint32_t at = (uint32_t)place;
    if (place < 0 || at >= d->places.count || organ >= (int)d->organs.count || known(d, K_PERSON, at, name)) return -1;
    name = tb_str_copy(d->arena, name);
    tb_str *kept = TB_NEW_ARRAY(d->arena, count, tb_str);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool again = false;
        for (uint32_t j = 0; j < n; j++) again = again || tb_str_eq(kept[j], posts[i]);
        if (again) continue; /* a post written twice is held once */
        if (!known(d, K_POST, at, posts[i])) {
            tb_str post = tb_str_copy(d->arena, posts[i]);
            *TB_PUSH(d->arena, d->posts) = (holders){0};
            enter(d, K_POST, at, post, d->posts.count - 1);
        }
        struct slot *s = find(d, K_POST, at, posts[i]);
        *TB_PUSH(d->arena, d->posts.items[s->index]) = name;
        kept[n++] = s->text;
    }
    *TB_PUSH(d->arena, d->persons) = (struct person){kept, n, organ < 0 ? NOWHERE : (uint32_t)organ};
    enter(d, K_PERSON, at, name, d->persons.count - 1);
    return (int)d->persons.count - 1;
}

void tb_directory_deputy(tb_directory_builder *b, int place, tb_str post, tb_deputy x) {
    tb_directory *d = &b->d;
    uint32_t at = (uint32_t)place;
    if (!known(d, K_DEPUTY, at, post)) {
        *TB_PUSH(d->arena, d->deputized) = (deputies){0};
        enter(d, K_DEPUTY, at, tb_str_copy(d->arena, post), d->deputized.count - 1);
    }
    *TB_PUSH(d->arena, d->deputized.items[find(d, K_DEPUTY, at, post)->index]) =
        (tb_deputy){tb_str_copy(d->arena, x.principal), tb_str_copy(d->arena, x.person), x.from, x.to};
}

static tb_str calendar_above(const tb_directory *d, const tb_place *p) {
    for (int depth = 0; p && depth < PLACE_DEPTH; depth++) { /* bounded: files may name places above in a circle */
        if (p->calendar.n) return p->calendar;
        p = p->parent.n ? tb_directory_find_place(d, p->parent) : NULL;
    }
    return TB_STR("全国");
}

const tb_directory *tb_directory_end(tb_directory_builder *b) {
    tb_directory *d = &b->d;
    d->calendars = TB_NEW_ARRAY(d->arena, d->places.count, tb_str);
    for (uint32_t i = 0; i < d->places.count; i++) d->calendars[i] = calendar_above(d, &d->places.items[i]);
    return d;
}

/* ---- looking ---- */

static uint32_t look(const tb_directory *d, enum key_kind kind, uint32_t where, tb_str text) {
    const struct slot *s = find(d, kind, where, text);
    return s->kind == K_NONE ? NOWHERE : s->index;
}

/* Looks under a place given by its code. */
static uint32_t look_at(const tb_directory *d, enum key_kind kind, tb_str place, tb_str text) {
    uint32_t at = look(d, K_CODE, NOWHERE, place);
    return at == NOWHERE ? NOWHERE : look(d, kind, at, text);
}

static const tb_organ *organ_or_null(const tb_directory *d, uint32_t i) {
    return i == NOWHERE ? NULL : &d->organs.items[i];
}

uint32_t tb_directory_places(const tb_directory *d) { return d->places.count; }

const tb_place *tb_directory_place_at(const tb_directory *d, uint32_t i) {
    return i < d->places.count ? &d->places.items[i] : NULL;
}

const tb_place *tb_directory_find_place(const tb_directory *d, tb_str code) {
    return tb_directory_place_at(d, look(d, K_CODE, NOWHERE, code));
}

const tb_place *tb_directory_place_named(const tb_directory *d, tb_str name) {
    return tb_directory_place_at(d, look(d, K_PLACE_NAME, NOWHERE, name));
}

const tb_organ *tb_directory_organ_named(const tb_directory *d, tb_str name) {
    return organ_or_null(d, look(d, K_ORGAN_NAME, NOWHERE, name));
}

uint32_t tb_directory_organs(const tb_directory *d) { return d->organs.count; }
const tb_organ *tb_directory_organ_at(const tb_directory *d, uint32_t index) { return &d->organs.items[index]; }

const tb_organ *tb_directory_organ_with(const tb_directory *d, tb_str place, tb_str duty) {
    return organ_or_null(d, look_at(d, K_DUTY, place, duty));
}

bool tb_directory_holds(const tb_directory *d, tb_str place, tb_str post, tb_str person) {
    uint32_t i = look_at(d, K_PERSON, place, person);
    for (uint32_t k = 0; i != NOWHERE && k < d->persons.items[i].count; k++)
        if (tb_str_eq(d->persons.items[i].posts[k], post)) return true;
    return false;
}

uint32_t tb_directory_holders(const tb_directory *d, tb_str place, tb_str post) {
    uint32_t i = look_at(d, K_POST, place, post);
    return i == NOWHERE ? 0 : d->posts.items[i].count;
}

tb_str tb_directory_holder(const tb_directory *d, tb_str place, tb_str post, uint32_t i) {
    uint32_t at = look_at(d, K_POST, place, post);
    return at == NOWHERE || i >= d->posts.items[at].count ? TB_STR("") : d->posts.items[at].items[i];
}

uint32_t tb_directory_deputies(const tb_directory *d, tb_str place, tb_str post) {
    uint32_t i = look_at(d, K_DEPUTY, place, post);
    return i == NOWHERE ? 0 : d->deputized.items[i].count;
}

const tb_deputy *tb_directory_deputy_at(const tb_directory *d, tb_str place, tb_str post, uint32_t i) {
    return &d->deputized.items[look_at(d, K_DEPUTY, place, post)].items[i];
}

bool tb_directory_deputizes(const tb_directory *d, tb_str place, tb_str post, tb_str person, tb_str principal, int32_t day) {
    for (uint32_t i = 0; i < tb_directory_deputies(d, place, post); i++) {
        const tb_deputy *x = tb_directory_deputy_at(d, place, post, i);
        if (tb_str_eq(x->person, person) && tb_str_eq(x->principal, principal) && x->from <= day && day <= x->to) return true;
    }
    return false;
}

bool tb_directory_has_person(const tb_directory *d, tb_str place, tb_str person) {
    return look_at(d, K_PERSON, place, person) != NOWHERE;
}

const tb_organ *tb_directory_organ_of(const tb_directory *d, tb_str place, tb_str person) {
    uint32_t i = look_at(d, K_PERSON, place, person);
    return i == NOWHERE ? NULL : organ_or_null(d, d->persons.items[i].organ);
}

tb_str tb_directory_calendar(const tb_directory *d, tb_str place) {
    uint32_t i = look(d, K_CODE, NOWHERE, place);
    return i == NOWHERE ? TB_STR("全国") : d->calendars[i];
}
