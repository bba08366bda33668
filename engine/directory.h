/* Who and where: places (区划), organs (机构) and their seals, posts (岗位), persons (人员) — the 组织 files as one
 * immutable index (M4, M17).
 *
 * Why not in programs: people change posts every week and matters do not; a program names posts and kinds of organ,
 * and the directory in force when an act arrives says who holds them where. Each event records the directory's
 * digest.
 *
 * Lives in its arena, with copies of the texts given. Building runs under tb_try (arena.h); looking allocates
 * nothing. */
#ifndef TB_DIRECTORY_H
#define TB_DIRECTORY_H
#include "arena.h"

typedef struct tb_directory tb_directory;
typedef struct tb_directory_builder tb_directory_builder;
typedef struct tb_organ {
    tb_str name, duty /* 职能, e.g. 派出所; empty: none */, seal /* default seal, may be empty */;
    uint32_t place;
} tb_organ;
typedef struct tb_place {
    tb_str code, name;
    tb_str parent;   /* code of the place above; empty: none given */
    tb_str calendar; /* name of the 日历 that rules here; empty: the parent's, at last "全国" */
} tb_place;

/* 代理: `person` may act in a post of `principal` on these days, both included (deputy.c). */
typedef struct tb_deputy {
    tb_str principal, person;
    int32_t from, to;
} tb_deputy;

tb_directory_builder *tb_directory_begin(tb_arena *a);
/* Each answers an index ≥ 0, or -1 when it clashes with an earlier one (same code; same organ name; same person name
 * at one place) or names a place or organ that was not declared before it. Two places may bear one name: the first is
 * found by it. */
int tb_directory_place(tb_directory_builder *b, tb_place place);
int tb_directory_organ(tb_directory_builder *b, tb_organ organ);
int tb_directory_person(tb_directory_builder *b, int place, int organ /* -1 none */, tb_str name, const tb_str *posts,
                        uint32_t count);
void tb_directory_deputy(tb_directory_builder *b, int place, tb_str post, tb_deputy deputy); /* whether it makes sense is the caller's */
const tb_directory *tb_directory_end(tb_directory_builder *b);

uint32_t tb_directory_places(const tb_directory *d);
const tb_place *tb_directory_place_at(const tb_directory *d, uint32_t index);
const tb_place *tb_directory_find_place(const tb_directory *d, tb_str code); /* NULL: unknown */
const tb_place *tb_directory_place_named(const tb_directory *d, tb_str name);
/* The organ of that name; or the first at `place` with that duty. NULL: none. */
const tb_organ *tb_directory_organ_named(const tb_directory *d, tb_str name);
const tb_organ *tb_directory_organ_with(const tb_directory *d, tb_str place, tb_str duty);
uint32_t tb_directory_organs(const tb_directory *d); /* all, in the order declared */
const tb_organ *tb_directory_organ_at(const tb_directory *d, uint32_t index);
/* Does `person` hold `post` at `place` (a code)? And: how many do; the i-th one's name in the order declared, empty
 * beyond the last (for messages and for generating 用例). */
bool tb_directory_holds(const tb_directory *d, tb_str place, tb_str post, tb_str person);
uint32_t tb_directory_holders(const tb_directory *d, tb_str place, tb_str post);
tb_str tb_directory_holder(const tb_directory *d, tb_str place, tb_str post, uint32_t i);
/* May `person` act in `post` at `place` for `principal` on that day? And: all that is written for the post, on whatever days. */
bool tb_directory_deputizes(const tb_directory *d, tb_str place, tb_str post, tb_str person, tb_str principal, int32_t day);
uint32_t tb_directory_deputies(const tb_directory *d, tb_str place, tb_str post);
const tb_deputy *tb_directory_deputy_at(const tb_directory *d, tb_str place, tb_str post, uint32_t i);
bool tb_directory_has_person(const tb_directory *d, tb_str place, tb_str person);
const tb_organ *tb_directory_organ_of(const tb_directory *d, tb_str place, tb_str person); /* NULL: none given */
/* The name of the calendar that rules at a place: its own, the nearest place above with one, else "全国" (also for a
 * place that is not known). */
tb_str tb_directory_calendar(const tb_directory *d, tb_str place);
#endif
