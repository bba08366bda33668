/* The directory: who holds what where, clashes, calendars by place, and the same answers from a slow list for a large
 * random one. TB_SEED=N repeats a run. */
#include "pure.h"
#include "arena.h"
#include "directory.h"
#include <stdlib.h>
#include <time.h>

enum { PLACES = 60, PERSONS = 6000, QUESTIONS = 40000, FAILURES_MOST = 64 };

#define S(z) tb_str_z(z)

static int add_person(tb_directory_builder *b, int place, int organ, const char *name, const char *post1,
                      const char *post2) {
    tb_str posts[2] = {S(post1), S(post2 ? post2 : "")};
    return tb_directory_person(b, place, organ, S(name), posts, post2 ? 2 : 1);
}

static void test_small(void) {
    tb_directory_builder *b = tb_directory_begin(arena);
    int shandong = tb_directory_place(b, (tb_place){S("370000"), S("山东省"), S(""), S("山东")});
    int city = tb_directory_place(b, (tb_place){S("370400"), S("枣庄市"), S("370000"), S("")});
    int shizhong = tb_directory_place(b, (tb_place){S("370402"), S("枣庄市市中区"), S("370400"), S("")});
    int other = tb_directory_place(b, (tb_place){S("320303"), S("徐州市云龙区"), S("320300"), S("")}); /* unknown above */
    tb_directory_place(b, (tb_place){S("1"), S("甲"), S("2"), S("")});
    tb_directory_place(b, (tb_place){S("2"), S("乙"), S("1"), S("")});                              /* a circle */
    CHECK(shandong == 0 && city == 1 && shizhong == 2 && other == 3);
    CHECK_INT(tb_directory_place(b, (tb_place){S("370402"), S("别名"), S(""), S("")}), -1);
    tb_organ bureau = {S("市中区行政审批服务局"), S("审批局"), S("行政审批专用章"), (uint32_t)shizhong};
    tb_organ police = {S("文化路派出所"), S("派出所"), S("户口专用章"), (uint32_t)shizhong};
    CHECK_INT(tb_directory_organ(b, bureau), 0);
    CHECK_INT(tb_directory_organ(b, police), 1);
    CHECK_INT(tb_directory_organ(b, bureau), -1);
    CHECK_INT(tb_directory_organ(b, (tb_organ){S("无处"), S(""), S(""), 99}), -1);
    CHECK_INT(tb_directory_organ(b, (tb_organ){S("第二派出所"), S("派出所"), S(""), (uint32_t)shizhong}), 2);
    CHECK_INT(add_person(b, shizhong, 0, "王审查", "审查员", "核查员"), 0);
    CHECK_INT(add_person(b, shizhong, 0, "卫核查", "核查员", "核查员"), 1);
    CHECK_INT(add_person(b, shizhong, 0, "王审查", "决定人", NULL), -1);
    CHECK_INT(add_person(b, other, -1, "王审查", "决定人", NULL), 2); /* the same name elsewhere is another person */
    CHECK_INT(add_person(b, 99, -1, "无处", "决定人", NULL), -1);
    CHECK_INT(add_person(b, -1, -1, "无处", "决定人", NULL), -1);
    CHECK_INT(add_person(b, other, 99, "无处", "决定人", NULL), -1);
    const tb_directory *d = tb_directory_end(b);

    CHECK_INT(tb_directory_places(d), 6);
    CHECK(tb_str_is(tb_directory_place_at(d, 2)->code, "370402") && !tb_directory_place_at(d, 6));
    CHECK(tb_directory_find_place(d, S("370400")) == tb_directory_place_at(d, 1));
    CHECK(tb_directory_place_named(d, S("枣庄市市中区")) == tb_directory_place_at(d, 2));
    CHECK(!tb_directory_find_place(d, S("370499")) && !tb_directory_place_named(d, S("别名")));
    CHECK(tb_str_is(tb_directory_organ_named(d, S("文化路派出所"))->seal, "户口专用章") && !tb_directory_organ_named(d, S("x")));
    CHECK(tb_str_is(tb_directory_organ_with(d, S("370402"), S("派出所"))->name, "文化路派出所")); /* the first declared */
    CHECK(!tb_directory_organ_with(d, S("370402"), S("消防")) && !tb_directory_organ_with(d, S("x"), S("派出所")));
    CHECK(tb_directory_holds(d, S("370402"), S("审查员"), S("王审查")));
    CHECK(tb_directory_holds(d, S("370402"), S("核查员"), S("王审查")));
    CHECK(tb_directory_holds(d, S("320303"), S("决定人"), S("王审查")));
    CHECK(!tb_directory_holds(d, S("370402"), S("决定人"), S("王审查")));
    CHECK(!tb_directory_holds(d, S("370400"), S("审查员"), S("王审查")));
    CHECK(!tb_directory_holds(d, S("x"), S("审查员"), S("王审查")));
    CHECK_INT(tb_directory_holders(d, S("370402"), S("核查员")), 2);
    CHECK(tb_str_is(tb_directory_holder(d, S("370402"), S("核查员"), 0), "王审查"));
    CHECK(tb_str_is(tb_directory_holder(d, S("370402"), S("核查员"), 1), "卫核查"));
    CHECK_INT(tb_directory_holder(d, S("370402"), S("核查员"), 2).n, 0);
    CHECK_INT(tb_directory_holder(d, S("x"), S("核查员"), 0).n, 0);
    CHECK_INT(tb_directory_holders(d, S("370402"), S("听证主持人")), 0);
    CHECK(tb_directory_has_person(d, S("370402"), S("卫核查")) && !tb_directory_has_person(d, S("320303"), S("卫核查")));
    CHECK(tb_str_is(tb_directory_organ_of(d, S("370402"), S("王审查"))->name, "市中区行政审批服务局"));
    CHECK(!tb_directory_organ_of(d, S("320303"), S("王审查")) && !tb_directory_organ_of(d, S("320303"), S("无")));
    CHECK(tb_str_is(tb_directory_calendar(d, S("370402")), "山东"));
    CHECK(tb_str_is(tb_directory_calendar(d, S("320303")), "全国"));
    CHECK(tb_str_is(tb_directory_calendar(d, S("1")), "全国") && tb_str_is(tb_directory_calendar(d, S("x")), "全国"));
}

/* ---- against a list ---- */

static struct { int place, name, posts; } persons[PERSONS]; /* posts: a bit each */
static char post_names[8][16], place_codes[PLACES][16];

static int build_random(void *arg) {
    tb_directory_builder *b = tb_directory_begin(arg);
    char text[32];
    for (int i = 0; i < PLACES; i++)
        tb_directory_place(b, (tb_place){S(place_codes[i]), S(place_codes[i]), S(""), S("")});
    for (int i = 0; i < PERSONS; i++) {
        tb_str posts[8];
        uint32_t n = 0;
        for (int k = 0; k < 8; k++)
            if (persons[i].posts >> k & 1) posts[n++] = S(post_names[k]);
        snprintf(text, sizeof text, "人%d", persons[i].name);
        tb_directory_person(b, persons[i].place, -1, S(text), posts, n);
        memset(text, 'x', sizeof text - 1); /* what was given is copied */
    }
    const tb_directory *d = tb_directory_end(b);
    return tb_directory_places(d) == PLACES ? TB_OK : TB_FAILED;
}

static int find_person(int place, int name) { /* the first given: later ones of the same name were refused */
    for (int i = 0; i < PERSONS; i++)
        if (persons[i].place == place && persons[i].name == name) return i;
    return -1;
}

static void test_random(void) {
    char text[32];
    int wrong = 0, held = 0, clashes = 0;
    for (int k = 0; k < 8; k++) snprintf(post_names[k], sizeof post_names[k], "岗%d", k);
    for (int i = 0; i < PLACES; i++) snprintf(place_codes[i], sizeof place_codes[i], "37%04d", i);
    tb_directory_builder *b = tb_directory_begin(arena);
    for (int i = 0; i < PLACES; i++)
        tb_directory_place(b, (tb_place){S(place_codes[i]), S(place_codes[i]), S(""), S("")});
    for (int i = 0; i < PERSONS; i++) {
        tb_str posts[8];
        uint32_t n = 0;
        persons[i].place = (int)dice(PLACES), persons[i].name = (int)dice(400);
        persons[i].posts = (int)dice(256) & (int)dice(256);
        for (int k = 0; k < 8; k++)
            if (persons[i].posts >> k & 1) posts[n++] = S(post_names[k]);
        snprintf(text, sizeof text, "人%d", persons[i].name);
        bool refused = tb_directory_person(b, persons[i].place, -1, S(text), posts, n) < 0;
        wrong += refused != (find_person(persons[i].place, persons[i].name) < i);
        clashes += refused;
    }
    const tb_directory *d = tb_directory_end(b);
    for (int q = 0; q < QUESTIONS; q++) {
        int place = (int)dice(PLACES), name = (int)dice(400), post = (int)dice(8), i = find_person(place, name);
        bool want = i >= 0 && (persons[i].posts >> post & 1);
        snprintf(text, sizeof text, "人%d", name);
        held += want;
        wrong += tb_directory_holds(d, S(place_codes[place]), S(post_names[post]), S(text)) != want;
        wrong += tb_directory_has_person(d, S(place_codes[place]), S(text)) != (i >= 0);
    }
    for (int place = 0; place < PLACES; place++)
        for (int post = 0; post < 8; post++) {
            uint32_t n = 0;
            for (int i = 0; i < PERSONS; i++) {
                if (persons[i].place != place || !(persons[i].posts >> post & 1)) continue;
                if (find_person(place, persons[i].name) != i) continue;
                snprintf(text, sizeof text, "人%d", persons[i].name);
                wrong += !tb_str_is(tb_directory_holder(d, S(place_codes[place]), S(post_names[post]), n++), text);
            }
            wrong += tb_directory_holders(d, S(place_codes[place]), S(post_names[post])) != n;
        }
    CHECK_INT(wrong, 0);
    CHECK(held > QUESTIONS / 100 && clashes > 0);
}

/* ---- memory ---- */

static void test_memory(void) {
    fail_every_allocation(build_random, 4, FAILURES_MOST);
}

static int run(void *arg) {
    (void)arg;
    test_small();
    test_random();
    test_memory();
    return TB_OK;
}

int main(void) { return run_pure(run); }
