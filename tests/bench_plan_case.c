/* The plan for the real server: cases of 开具户籍类证明 from submission to 办结, six events each (one of them a
 * return), every one of them a durable act with everything on: parsing, directory, step, digests, tasks, timers,
 * idempotency. Who can do an act is asked of the server once for each act; those requests are not counted. */
#include "bench_load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 6 };
static const char *const way[STEPS] = {"", "需要查档", "查到记载", "记载有疑", "查到记载", "核对无误"};
static const char *const inputs[STEPS] = {"",
                                          "{\"查档事由\":\"核对出生登记\",\"预计时限\":\"五个工作日\"}",
                                          "{\"档案出处\":\"一九八五年底册第三页\"}",
                                          "{\"疑点\":\"出生日期与底册不一致\"}",
                                          "{\"档案出处\":\"一九八五年底册第四页\"}",
                                          "{}"};
static char by[STEPS][160]; /* who acts: learnt from the first case */

struct bench_case {
    uint64_t seed;
    int number, step; /* of the next request */
    bool looking;     /* the answer under way is GET /v1/cases/ID */
    char id[16];
};

static void *start(int connection, int connections, uint64_t seed) {
    struct bench_case *s = calloc(1, sizeof *s);
    (void)connections;
    if (s) s->seed = seed * 1000 + (uint64_t)connection;
    return s;
}

static bool learn(int step, const char *answer) {
    char act[64];
    snprintf(act, sizeof act, "{\"act\":\"%s\"", way[step]);
    const char *at = strstr(answer, act), *post = at ? strstr(at, "\"posts\":[\"") : NULL,
               *person = at ? strstr(at, "\"people\":[\"") : NULL;
    if (!post || !person) return false;
    post += 10, person += 11;
    snprintf(by[step], sizeof by[step], "{\"person\":\"%.*s\",\"post\":\"%.*s\",\"place\":\"370402\"}",
             (int)strcspn(person, "\""), person, (int)strcspn(post, "\""), post);
    return true;
}

static size_t next(void *state, const bench_reply *last, char *buf, size_t room, bool *is_act) {
    struct bench_case *s = state;
    char path[64], body[1024];
    const char *id = NULL;
    if (last && last->status >= 300) return 0;
    if (last && s->looking && !learn(s->step, last->body)) return 0;
    if (last && !s->looking) {
        if (s->step == 0 && !(id = strstr(last->body, "\"id\":\""))) return 0;
        if (id) snprintf(s->id, sizeof s->id, "%.13s", id + 6);
        if (++s->step == STEPS) s->step = 0, s->number++;
    }
    s->looking = s->step > 0 && !by[s->step][0];
    if (s->looking) {
        int n = snprintf(buf, room, "GET /v1/cases/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", s->id);
        return n > 0 && (size_t)n < room ? (size_t)n : 0;
    }
    *is_act = true;
    if (s->step == 0) {
        snprintf(path, sizeof path, "/v1/cases");
        snprintf(body, sizeof body,
                 "{\"matter\":\"开具户籍类证明\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"李四\",\"公民身份号码\":"
                 "\"11010519491231002X\","
                 "\"户口所在地\":\"370402\",\"证明种类\":\"亲属关系证明\",\"证明用途\":\"入学\",\"手机号码\":"
                 "\"13800000000\"},"
                 "\"by\":{\"person\":\"李四\",\"place\":\"370402\"},\"request\":\"%" PRIx64 "-%d\"}",
                 s->seed, s->number);
    } else {
        snprintf(path, sizeof path, "/v1/cases/%s/acts", s->id);
        snprintf(body, sizeof body, "{\"act\":\"%s\",\"by\":%s,\"input\":%s,\"request\":\"%" PRIx64 "-%d-%d\"}",
                 way[s->step], by[s->step], inputs[s->step], s->seed, s->number, s->step);
    }
    return bench_post(buf, room, path, body, strlen(body));
}

const bench_plan bench_plan_case = {"case", "cases of 开具户籍类证明 to the end, six acts each", start, free, next};
