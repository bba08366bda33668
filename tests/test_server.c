/* The server as a whole, over HTTP, in this process: its loop runs in a thread, the tests are its clients on plain
 * sockets. Rules are small texts below, so that nothing here moves when the shipped rules do. Stores: memory with
 * injected faults, and SQLite in a directory of its own. */
#include "hosted.h"
#include "replay.h"
#include "store.h"
#include <semaphore.h>
#include <stdatomic.h>

/* ---- rules ---- */

/* clang-format off: its columns count Han characters twice */
#define MATTER(version, effective, days, extra) \
    "事项 借书证：\\n  版本 " version "，生效 " effective "，适用 申请日。\\n  事项类型 公共服务。\\n" \
    "  办件类型 承诺件。\\n  实施主体 甲区图书馆。\\n  办理模式 全程网办。\\n" \
    "  属地 取自 「实施主体」。\\n  收到材料 以 属地收到 为准。\\n" \
    "  非工作时间网上提交 视为 当日收到。\\n  法定期限 " days "个工作日，自 受理 至 决定" extra "。\\n" \
    "  岗位 受理员、决定员，在 属地。\\n\\n" \
    "申请表：\\n  姓名 文本，必填。\\n  年龄 整数，必填，大于 0。\\n\\n" \
    "文书：\\n  受理单，记 受理。\\n  借书证，记 决定。\\n\\n" \
    "环节 受理：\\n  办理人 受理员。\\n  期限 2个工作日，自 收到材料。\\n" \
    "  材料齐全的，出具 受理单，转 制证。\\n  不合要求的，载明 理由，办结 不予受理。\\n" \
    "  逾期的，视为 受理，出具 受理单，转 制证。\\n\\n" \
    "环节 制证：\\n  办理人 决定员。\\n  期限 3个工作日。\\n  制好的，出具 借书证，办结 发证。\\n"
#define CALENDAR(rest) \
    "日历 全国：\\n  年度 2026，依 “测试”。\\n  放假 2026-05-01 至 2026-05-03，劳动节。\\n" rest
#define PEOPLE \
    "组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n" \
    "  人员 张受，岗位 受理员，机构 甲区图书馆。\\n  人员 李定，岗位 决定员，机构 甲区图书馆。\\n"
/* clang-format on */
#define FILE_OF(path, text) "\"" path "\":\"" text "\""
#define WORLD FILE_OF("日历/全国.tb", CALENDAR("")) "," FILE_OF("组织/甲.tb", PEOPLE)

/* The text of a member's first occurrence in the last answer. */
static const char *member(const char *name, char *out, size_t room) {
    char mark[64];
    snprintf(mark, sizeof mark, "\"%s\":\"", name);
    const char *p = strstr(answer, mark);
    out[0] = '\0';
    if (p) snprintf(out, room, "%.*s", (int)strcspn(p + strlen(mark), "\""), p + strlen(mark));
    return out;
}

#define BY(person, post) "\"by\":{\"person\":\"" person "\",\"post\":\"" post "\",\"place\":\"370402\"}"
#define APPLY(key)                                                                                                           \
    "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"年龄\":30},\"by\":{\"person\":" \
    "\"王五\",\"place\":\"370402\"},\"request\":\"" key "\"}"
#define ACT(act, who, post, key) "{\"act\":\"" act "\"," BY(who, post) ",\"request\":\"" key "\"}"

static int load(int fd, const char *files, const char *key) {
    static char body[200000];
    snprintf(body, sizeof body, "{\"files\":{%s},\"by\":\"测试\",\"request\":\"%s\"}", files, key);
    return ask(fd, "POST", "/v1/loads", body);
}

static char path_text[256];
static const char *at_case(const char *id, const char *rest) {
    snprintf(path_text, sizeof path_text, "/v1/cases/%s%s", id, rest);
    return path_text;
}

static int everything(int fd) {
    return CHECK_INT(load(fd, WORLD "," FILE_OF("事项/借书证.tb", MATTER("1", "2026-01-01", "5", "")), "load-1"), 200);
}

/* ---- tests ---- */

static atomic_int faults_left, faults_after; /* how many happen, after how many chances */
static atomic_int fault_result;
static const char *_Atomic fault_point = "";
static sem_t gate;
static atomic_int gated, waiting;

static int fault(void *user, const char *point) {
    (void)user;
    if (strcmp(point, TB_FAULT_BEGIN) == 0 && atomic_load(&gated)) {
        atomic_fetch_add(&waiting, 1);
        sem_wait(&gate);
        atomic_fetch_sub(&waiting, 1);
    }
    if (strcmp(point, fault_point) == 0 && atomic_load(&faults_left) > 0) {
        if (atomic_load(&faults_after) > 0) return atomic_fetch_sub(&faults_after, 1), 0;
        atomic_fetch_sub(&faults_left, 1);
        return atomic_load(&fault_result);
    }
    return 0;
}

static int open_memory(host *h, const char *clock) {
    tb_store *store = NULL;
    tb_store_error error;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io, .fault = fault};
    if (tb_store_open_memory(NULL, &so, &store, &error) != TB_OK) return 0;
    return CHECK(open_host(h, (tb_server_options){.store = store, .io = io, .test_clock = clock}));
}

static void test_refusals(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    char id[40];
    if (!everything(fd)) return;
    CHECK(says("\"status\":\"new\"") && says("\"matter\":\"借书证\""));
    CHECK_INT(ask(fd, "GET", "/nowhere", ""), 404);
    CHECK(says("\"code\":\"NO_SUCH_PATH\""));
    CHECK_INT(ask(fd, "DELETE", "/v1/cases", ""), 405);
    CHECK(strstr(head, "Allow: GET, POST") && says("\"code\":\"WRONG_METHOD\""));
    CHECK_INT(ask(fd, "GET", "/v1/cases/0000000000001", ""), 404);
    CHECK(says("\"code\":\"NO_SUCH_CASE\""));
    CHECK_INT(ask(fd, "GET", "/v1/cases/x", ""), 404);
    CHECK_INT(ask(fd, "POST", "/v1/cases", "{\"matter\":1,\"matter\":2}"), 400);
    CHECK(says("\"code\":\"BODY_NOT_JSON\"") && says("\"offset\":"));
    CHECK_INT(ask(fd, "POST", "/v1/cases", "[]"), 422);
    CHECK(says("\"code\":\"BODY_NOT_OBJECT\""));
    CHECK_INT(ask(fd, "POST", "/v1/cases", "{\"mater\":\"借书证\"}"), 422);
    CHECK(says("\"code\":\"MEMBER_UNKNOWN\"") && says("mater"));
    CHECK_INT(ask(fd, "POST", "/v1/cases", "{\"matter\":\"借书证\"}"), 422);
    CHECK(says("\"code\":\"MEMBER_MISSING\"") && says("request"));
    CHECK_INT(
        ask(fd, "POST", "/v1/cases",
            "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":[],\"by\":{\"person\":\"王五\"},\"request\":\"1\"}"),
        422);
    CHECK(says("\"code\":\"MEMBER_TYPE\"") && says("form"));
    CHECK_INT(
        ask(fd, "POST", "/v1/cases",
            "{\"matter\":\"没有\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\"},\"request\":\"1\"}"),
        404);
    CHECK(says("\"code\":\"NO_SUCH_MATTER\""));
    CHECK_INT(
        ask(fd, "POST", "/v1/cases",
            "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\"},\"request\":\"1\"}"),
        422);
    CHECK(says("\"code\":\"FIELD_MISSING\"") && says("\"file\":\"事项/借书证.tb\"") && says("\"line\":14") &&
          says("\"values\":[\"姓名\"]"));
    put(fd, "POST", "/v1/cases", "Accept-Language: en-GB\r\n",
        "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{},\"by\":{\"person\":\"王五\"},\"request\":\"1\"}");
    CHECK_INT(take(fd), 422);
    CHECK(says("field 姓名 is required"));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    CHECK_INT(strlen(id), 13);
    CHECK(strstr(head, "Location: /v1/cases/"));
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("材料齐全", "李定", "决定员", "a1")), 403);
    CHECK(says("\"code\":\"WRONG_POST\"") && says("\"line\":24"));
    CHECK_INT(
        ask(fd, "POST", at_case(id, "/acts"), "{\"act\":\"不合要求\"," BY("张受", "受理员") ",\"request\":\"a1\"}"),
        422);
    CHECK(says("\"code\":\"INPUT_MISSING\""));
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"),
                  "{\"act\":\"材料齐全\"," BY("张受", "受理员") ",\"request\":\"a1\",\"expect\":7}"),
              409);
    CHECK(says("\"code\":\"VERSION_CONFLICT\"") && says("\"detail\":{\"seq\":1}"));
    CHECK_INT(
        ask(fd, "POST", at_case(id, "/acts"),
            "{\"act\":\"材料齐全\"," BY("张受", "受理员") ",\"request\":\"a1\",\"at\":\"2026-03-03T09:00:00+08:00\"}"),
        422);
    CHECK(says("\"code\":\"TIME_FUTURE\""));
    CHECK_INT(
        ask(fd, "POST", at_case(id, "/acts"),
            "{\"act\":\"材料齐全\"," BY("张受", "受理员") ",\"request\":\"a1\",\"at\":\"2026-03-01T09:00:00+08:00\"}"),
        409);
    CHECK(says("\"code\":\"TIME_ORDER\""));
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"),
                  "{\"act\":\"材料齐全\"," BY("张受", "受理员") ",\"request\":\"a1\",\"expect\":1}"),
              200);
    CHECK(says("\"seq\":2") && says("\"name\":\"受理单\"") && says("\"name\":\"法定期限\""));
    /* lower case, and o for 0, reach the same case */
    char lower[40];
    for (size_t i = 0; i <= strlen(id); i++)
        lower[i] = id[i] >= 'A' && id[i] <= 'Z' ? (char)(id[i] + 32) : id[i] == '0' ? 'o' : id[i];
    CHECK_INT(ask(fd, "GET", at_case(lower, ""), ""), 200);
    CHECK(says("\"acts\":[") && says("\"act\":\"制好\"") && says("\"people\":[\"李定\"]"));
    CHECK_INT(ask(fd, "GET", at_case(id, "/history?seq=1"), ""), 200);
    CHECK(says("\"seq\":1") && !strstr(answer, "材料齐全"));
    CHECK_INT(ask(fd, "GET", at_case(id, "/history?at=2026-02-01"), ""), 200);
    CHECK(says("\"events\":[]") && says("\"state\":null"));
    CHECK_INT(ask(fd, "GET", at_case(id, "/history?seq=x"), ""), 422);
    char document[64];
    snprintf(document, sizeof document, "/documents/%s-1", id);
    CHECK_INT(ask(fd, "GET", at_case(id, document), ""), 200);
    CHECK(says("\"name\":\"受理单\"") && says("\"organ\":\"甲区图书馆\"") && says("\"issued_by\":\"张受\""));
    CHECK_INT(ask(fd, "GET", at_case(id, "/documents/none"), ""), 404);
    CHECK_INT(ask(fd, "GET", "/v1/tasks?post=%E5%86%B3%E5%AE%9A%E5%91%98", ""), 200);
    CHECK(says(id) && says("\"step\":\"制证\"") && says("\"next\":null"));
    CHECK_INT(ask(fd, "GET", "/v1/tasks?limit=0", ""), 422);
    put(fd, "PUT", at_case(id, "/attachments/photo.png?by=me"), "Content-Type: image/png\r\n", "bytes");
    CHECK_INT(take(fd), 201);
    CHECK_INT(ask(fd, "GET", at_case(id, "/attachments/photo.png"), ""), 200);
    CHECK_STR(answer, "bytes");
    CHECK(strstr(head, "image/png"));
    CHECK_INT(ask(fd, "GET", at_case(id, "/attachments/other"), ""), 404);
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
    CHECK(says("tongban_acts_total 1\n") && says("tongban_submissions_total 1\n"));
    CHECK_INT(ask(fd, "GET", "/v1/matters/%E5%80%9F%E4%B9%A6%E8%AF%81", ""), 200);
    CHECK(says("\"acts\":[\"材料齐全\",\"不合要求\"]"));
    close(fd);
    close_host(&h);
}

static void test_tasks_pages(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port), seen = 0;
    char body[600], next[400] = "", path[600];
    everything(fd);
    for (int i = 0; i < 25; i++) {
        snprintf(body, sizeof body,
                 "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"年龄\":30},\"by\":{"
                 "\"person\":\"王五\"},\"request\":\"p%d\"}",
                 i);
        CHECK_INT(ask(fd, "POST", "/v1/cases", body), 201);
    }
    for (int page = 0; page < 4; page++) {
        snprintf(path, sizeof path, "/v1/tasks?place=370402&limit=10%s%s", *next ? "&after=" : "", next);
        CHECK_INT(ask(fd, "GET", path, ""), 200);
        for (const char *p = answer; (p = strstr(p, "\"case\":")); p++) seen++;
        member("next", next, sizeof next);
        if (!*next) break;
    }
    CHECK_INT(seen, 25);
    close(fd);
    close_host(&h);
}

static void test_repeats(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port), other = dial(h.port);
    char id[40];
    static char first[sizeof answer];
    everything(fd);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    memcpy(first, answer, strlen(answer) + 1);
    member("id", id, sizeof id);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    CHECK_STR(answer, first);
    CHECK(strstr(head, "Tongban-Repeat: 1"));
    CHECK_INT(ask(fd, "POST", "/v1/cases",
                  "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"别人\",\"年龄\":30},\"by\":{"
                  "\"person\":\"王五\",\"place\":\"370402\"},\"request\":\"k1\"}"),
              409);
    CHECK(says("\"code\":\"IDEMPOTENCY_CONFLICT\""));
    /* the same key of another caller is another case */
    CHECK_INT(ask(fd, "POST", "/v1/cases",
                  "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"年龄\":30},\"by\":{"
                  "\"person\":\"赵六\",\"place\":\"370402\"},\"request\":\"k1\"}"),
              201);
    CHECK(!strstr(answer, id));
    /* a refused act binds no key */
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a1")), 409);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("材料齐全", "张受", "受理员", "a1")), 200);
    memcpy(first, answer, strlen(answer) + 1);
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-02T10:00:00+08:00\"}"), 200);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a2")), 200);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("材料齐全", "张受", "受理员", "a1")), 200);
    CHECK_STR(answer, first); /* as then, though the case is closed now */
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("不合要求", "张受", "受理员", "a1")), 409);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a3")), 409);
    CHECK(says("\"code\":\"CLOSED\""));
    /* one in flight is joined: the writer is held at the gate, the repeat arrives, then both are answered */
    atomic_store(&gated, 1);
    put(fd, "POST", "/v1/cases", "", APPLY("k2"));
    while (!atomic_load(&waiting)) usleep(1000);
    put(other, "POST", "/v1/cases", "", APPLY("k2"));
    usleep(50000);
    atomic_store(&gated, 0);
    sem_post(&gate);
    CHECK_INT(take(fd), 201);
    memcpy(first, answer, strlen(answer) + 1);
    CHECK_INT(take(other), 201);
    CHECK_STR(answer, first);
    close(fd);
    close(other);
    close_host(&h);
}

static void test_timers(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    char id[40], second[40];
    everything(fd);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    CHECK(says("\"due\":\"2026-03-04\"")); /* two workdays, the first day does not count */
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-04T23:59:59+08:00\"}"), 200);
    CHECK(says("\"fired\":0"));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k2")), 201);
    member("id", second, sizeof second);
    /* on the way: first 逾期 (accepted by silence), its 制证 limit, its statutory limit; second 逾期, … in order of due
     * time */
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-07T12:00:00+08:00\"}"), 200);
    CHECK(says("\"fired\":2"));
    CHECK_INT(ask(fd, "GET", at_case(id, "/history"), ""), 200);
    CHECK(says("\"timer\":\"受理\"") &&
          says("\"at\":\"2026-03-05T00:00:00+08:00\",\"recorded\":\"2026-03-05T00:00:00+08:00\""));
    CHECK(says("\"do\":\"出具\",\"name\":\"受理单\""));
    CHECK_INT(ask(fd, "GET", "/v1/tasks?place=370402&step=%E5%88%B6%E8%AF%81", ""), 200);
    CHECK(says(id) && says(second));
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-20T12:00:00+08:00\"}"), 200);
    CHECK(says("\"fired\":4")); /* both: 制证, 法定期限 */
    CHECK_INT(ask(fd, "GET", "/v1/tasks?overdue=true", ""), 200);
    CHECK(says(id) && says(second));
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-01T12:00:00+08:00\"}"), 409);
    CHECK(says("\"code\":\"CLOCK_BACKWARDS\""));
    /* M12: an act behind a due timer finds it fired. The clock of tests has fired it already; with `at` earlier it is
     * too late. */
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"),
                  "{\"act\":\"制好\"," BY("李定", "决定员") ",\"request\":\"z\",\"at\":\"2026-03-06T09:00:00+08:00\"}"),
              409);
    CHECK(says("\"code\":\"TIME_ORDER\""));
    /* M11: a limit that runs beyond the last published year is a bound, looked at again, never overdue */
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-12-30T09:00:00+08:00\"}"), 200);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k3")), 201);
    CHECK(says("\"kind\":\"not-before\"") && says("\"unpublished\":2027"));
    member("id", id, sizeof id);
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2027-01-20T09:00:00+08:00\"}"), 200);
    CHECK(says("\"fired\":0"));
    CHECK_INT(ask(fd, "GET", at_case(id, ""), ""), 200);
    CHECK(says("\"seq\":1") && !strstr(answer, "\"overdue\":true"));
    /* now the calendar of 2027 comes: due dates are derived anew, and the timer is due at once */
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  年度 2027，依 “测试”。\\n  放假 2027-01-01，元旦。\\n")),
                   "load-2"),
              200);
    CHECK(says("\"world\":{\"leaf\":") && says("\"status\":\"new\""));
    for (int i = 0; i < 100; i++) {
        ask(fd, "POST", "/v1/clock", "{\"at\":\"2027-01-20T09:00:01+08:00\"}");
        ask(fd, "GET", at_case(id, ""), "");
        if (strstr(answer, "\"name\":\"制证\"")) break;
        usleep(20000);
    }
    CHECK(says("\"name\":\"制证\""));
    close(fd);
    close_host(&h);
}

/* A calendar that changes moves open deadlines: clocks at once, rows of tasks soon after. */
static void test_rederive(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    everything(fd);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ask(fd, "POST", "/v1/cases", i == 0 ? APPLY("k0") : i == 1 ? APPLY("k1") : APPLY("k2")), 201);
    CHECK(says("\"due\":\"2026-03-04\""));
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  放假 2026-03-03，加放。\\n")), "load-2"), 200);
    int moved = 0;
    for (int i = 0; i < 100 && moved != 3; i++) {
        usleep(10000);
        ask(fd, "GET", "/v1/tasks?place=370402", "");
        moved = 0;
        for (const char *p = answer; (p = strstr(p, "\"due\":\"2026-03-06T00:00:00+08:00\"")); p++) moved++;
    }
    CHECK_INT(moved, 3);
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-05T12:00:00+08:00\"}"), 200);
    CHECK(says("\"fired\":0"));
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-06T12:00:00+08:00\"}"), 200);
    CHECK(says("\"fired\":3"));
    close(fd);
    close_host(&h);
}

static int due_on(int fd, const char *due) {
    char mark[64];
    int n = 0;
    snprintf(mark, sizeof mark, "\"due\":\"%sT00:00:00+08:00\"", due);
    ask(fd, "GET", "/v1/tasks?place=370402&limit=1000", "");
    for (const char *p = answer; (p = strstr(p, mark)); p++) n++;
    return n;
}

/* A batch that fails while the rows follow takes some of them along: they follow all the same. */
static void test_rederive_fails(void) {
    enum { CASES = 150 };
    host h;
    char body[512], key[16];
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port), moved = 0;
    everything(fd);
    for (int i = 0; i < CASES; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(body, sizeof body, "%s", APPLY("KEY"));
        char *at = strstr(body, "KEY");
        snprintf(at, sizeof body - (size_t)(at - body), "%s\"}", key);
        CHECK_INT(ask(fd, "POST", "/v1/cases", body), 201);
    }
    CHECK_INT(due_on(fd, "2026-03-05"), CASES);
    atomic_store(&faults_after, 1); /* the load itself lands, what follows first does not */
    fault_point = TB_FAULT_BEGIN;
    atomic_store(&fault_result, TB_STORE_RETRY);
    atomic_store(&faults_left, 1);
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  放假 2026-03-03，加放。\\n")), "load-2"), 200);
    for (int i = 0; i < 400 && moved != CASES; i++) {
        usleep(10000);
        moved = due_on(fd, "2026-03-06");
    }
    CHECK_INT(moved, CASES);
    CHECK_INT(atomic_load(&faults_left), 0);
    close(fd);
    close_host(&h);
}

/* What a revised calendar moves is listed: the clocks it reaches, from when to when, and nothing else. An act that comes before the walk lists
 * what the load had moved, not what it begins itself. */
static void await_changes(int fd, const char *path) {
    for (int i = 0; i < 300; i++) {
        CHECK_INT(ask(fd, "GET", path, ""), 200);
        if (strstr(answer, "\"complete\":true")) return;
        usleep(10000);
    }
    CHECK(says("\"complete\":true"));
}

static int changes_in_answer(void) {
    int n = 0;
    for (const char *p = answer; (p = strstr(p, "\"case\":\"")); p++) n++;
    return n;
}

static const char *changes_of(long leaf, const char *query) {
    snprintf(path_text, sizeof path_text, "/v1/loads/%ld/changes%s", leaf, query);
    return path_text;
}

static long world_leaf(void) {
    const char *p = strstr(answer, "\"world\":{\"leaf\":");
    return p ? atol(p + strlen("\"world\":{\"leaf\":")) : 0;
}

#define MOVED_OF(id, clock, from, to) \
    tb_str_printf(a, "{\"case\":\"%s\",\"clock\":\"%s\",\"from\":{\"kind\":\"exact\",\"at\":\"%sT00:00:00+08:00\"},\"to\":{\"kind\":\"exact\"," \
                     "\"at\":\"%sT00:00:00+08:00\"}}", id, clock, from, to).p
static void test_changes(void) {
    host h;
    char id[4][40], cursor[64];
    tb_arena *a = tb_arena_new(NULL, 0);
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    everything(fd);
    long first = world_leaf();
    await_changes(fd, changes_of(first, ""));
    CHECK_INT(changes_in_answer(), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(ask(fd, "POST", "/v1/cases", i == 0 ? APPLY("k0") : i == 1 ? APPLY("k1") : APPLY("k2")), 201);
        member("id", id[i], sizeof id[i]);
    }
    CHECK_INT(ask(fd, "POST", at_case(id[0], "/acts"), ACT("材料齐全", "张受", "受理员", "a0")), 200); /* 制证 and 法定期限 run */
    CHECK_INT(ask(fd, "POST", at_case(id[2], "/acts"), "{\"act\":\"不合要求\"," BY("张受", "受理员") ",\"input\":{\"理由\":\"x\"},\"request\":\"a2\"}"), 200);
    /* 03-09 is far behind 受理's 03-04: only the 法定期限 of the first case reaches it; the closed one has none */
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  放假 2026-03-09，加放。\\n")), "load-2"), 200);
    long leaf = world_leaf();
    await_changes(fd, changes_of(leaf, ""));
    CHECK_INT(changes_in_answer(), 1);
    CHECK(says(MOVED_OF(id[0], "法定期限", "2026-03-10", "2026-03-11")) && says("\"next\":null"));
    /* now 03-03: all that runs; a case acted on at once is listed as it was before */
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  放假 2026-03-03，加放。\\n  放假 2026-03-09，加放。\\n")), "load-3"), 200);
    leaf = world_leaf();
    CHECK_INT(ask(fd, "POST", at_case(id[1], "/acts"), ACT("材料齐全", "张受", "受理员", "a1")), 200);
    await_changes(fd, changes_of(leaf, ""));
    CHECK_INT(changes_in_answer(), 3);
    CHECK(says(MOVED_OF(id[0], "法定期限", "2026-03-11", "2026-03-12")) && says(MOVED_OF(id[0], "“制证”的期限", "2026-03-06", "2026-03-07")));
    CHECK(says(MOVED_OF(id[1], "“受理”的期限", "2026-03-05", "2026-03-06")));
    CHECK_INT(ask(fd, "GET", changes_of(leaf, "?limit=2"), ""), 200);
    CHECK_INT(changes_in_answer(), 2);
    char rest[96];
    snprintf(rest, sizeof rest, "?limit=2&after=%s", member("next", cursor, sizeof cursor));
    CHECK_INT(ask(fd, "GET", changes_of(leaf, rest), ""), 200);
    CHECK(CHECK_INT(changes_in_answer(), 1) && says(id[1]) && says("\"next\":null"));
    CHECK_INT(ask(fd, "GET", changes_of(leaf, "?after=x"), ""), 422);
    CHECK_INT(ask(fd, "GET", changes_of(leaf + 1, ""), ""), 404); /* an act's leaf */
    CHECK_INT(ask(fd, "GET", "/v1/loads/x/changes", ""), 404);
    CHECK_INT(ask(fd, "POST", changes_of(leaf, ""), "{}"), 405);
    close(fd);
    close_host(&h);
    tb_arena_free(a);
}

/* A server that is stopped in the middle of the walk goes on after it: each due date once, with the right dates. */
static void test_changes_restart(void) {
    enum { CASES = 300 };
    char directory[] = "/tmp/tongban-test-XXXXXX", db[100], body[1000];
    host h;
    tb_store *store = NULL;
    tb_store_error error;
    if (!CHECK(mkdtemp(directory) != NULL)) return;
    snprintf(db, sizeof db, "%s/a.db", directory);
    tb_store_options so = {.io = tb_io_new(), .fault = fault};
    if (!CHECK_INT(tb_store_open_sqlite(db, &so, &store, &error), TB_OK)) return;
    if (!CHECK(open_host(&h, (tb_server_options){.store = store, .io = so.io, .test_clock = "2026-03-02 09:00"}))) return;
    int fd = dial(h.port);
    everything(fd);
    for (int i = 0; i < CASES; i++) {
        snprintf(body, sizeof body, "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"年龄\":30},\"by\":{\"person\":\"王五\","
                                    "\"place\":\"370402\"},\"request\":\"c%d\"}", i);
        CHECK_INT(ask(fd, "POST", "/v1/cases", body), 201);
    }
    /* the walk reads how far it had come, a page of cases, and then nothing any more */
    atomic_store(&faults_after, 2);
    fault_point = TB_FAULT_READ;
    atomic_store(&fault_result, TB_STORE_RETRY);
    atomic_store(&faults_left, 1 << 20);
    CHECK_INT(load(fd, FILE_OF("日历/全国.tb", CALENDAR("  放假 2026-03-03，加放。\\n")), "load-2"), 200);
    long leaf = world_leaf();
    while (atomic_load(&faults_left) == 1 << 20) usleep(1000);
    close(fd);
    close_host(&h);
    atomic_store(&faults_left, 0);
    if (!CHECK_INT(tb_store_open_sqlite(db, NULL, &store, &error), TB_OK)) return;
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_reader *r = tb_reader_open(store);
    tb_change_list rows;
    CHECK_INT(tb_read_changes(r, leaf, 0, 0, 0, a, &rows), TB_STORE_OK);
    CHECK(rows.count > 0 && rows.count < CASES);
    tb_reader_close(r);
    tb_store_close(store);
    tb_arena_free(a);
    so.io = tb_io_new();
    if (!CHECK_INT(tb_store_open_sqlite(db, &so, &store, &error), TB_OK)) return;
    if (!CHECK(open_host(&h, (tb_server_options){.store = store, .io = so.io, .test_clock = "2026-03-02 09:00"}))) return;
    fd = dial(h.port);
    await_changes(fd, changes_of(leaf, "?limit=1000"));
    CHECK_INT(changes_in_answer(), CASES);
    int right = 0;
    for (const char *p = answer; (p = strstr(p, "\"from\":{\"kind\":\"exact\",\"at\":\"2026-03-05T00:00:00+08:00\"},\"to\":{\"kind\":\"exact\",\"at\":\"2026-03-06T")); p++)
        right++;
    CHECK_INT(right, CASES);
    close(fd);
    close_host(&h);
    snprintf(body, sizeof body, "rm -r %s", directory);
    CHECK_INT(system(body), 0);
}

/* A 组织 that leaves a loaded matter without somebody to act does not come in, unless somebody takes that upon himself, on record. */
#define NOBODY \
    "组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n  人员 张受，岗位 受理员，机构 甲区图书馆。\\n"
#define NO_ORGAN "组织 甲：\\n  区划 370402。\\n  机构 甲区档案馆。\\n  人员 张受，岗位 受理员、决定员，机构 甲区档案馆。\\n"
#define ONE_FOR_ALL \
    "组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n  人员 张受，岗位 受理员、决定员，机构 甲区图书馆。\\n"
static void test_impossible(void) {
    host h;
    char body[4000];
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    everything(fd);
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", NOBODY), "load-2"), 422);
    CHECK(says("\"code\":\"MATTER_IMPOSSIBLE\"") && says("\"impossible\":[{\"matter\":\"借书证\",\"version\":\"1\",\"code\":\"TB0244\""));
    CHECK(says("\"file\":\"事项/借书证.tb\",\"line\":11") && says("决定员"));
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", NO_ORGAN), "load-3"), 422);
    CHECK(says("\"code\":\"MATTER_IMPOSSIBLE\"") && says("甲区图书馆"));
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", ONE_FOR_ALL), "load-3a"), 200); /* the version that is loaded does not keep them apart */
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", PEOPLE), "load-3b"), 200);
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("2", "2026-02-01", "5", "。\\n  不得同一人 受理员、决定员")), "load-3c"), 200);
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", ONE_FOR_ALL), "load-3d"), 422);
    CHECK(says("\"impossible\":[{\"matter\":\"借书证\",\"version\":\"2\",\"code\":\"TB0330\"") && !strstr(answer, "\"version\":\"1\""));
    /* nothing has changed: the decider still decides */
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k0")), 201);
    snprintf(body, sizeof body, "{\"files\":{%s},\"by\":\"人事科\",\"request\":\"load-4\",\"accept_impossible\":true}", FILE_OF("组织/甲.tb", NOBODY));
    CHECK_INT(ask(fd, "POST", "/v1/loads", body), 200);
    CHECK(says("\"impossible\":[{\"matter\":\"借书证\""));
    /* once taken upon somebody, it does not stop what comes later and changes nothing of it */
    CHECK_INT(load(fd, FILE_OF("组织/乙.tb", "组织 乙：\\n  区划 370403。\\n  机构 乙区图书馆。\\n"), "load-5"), 200);
    CHECK(!strstr(answer, "\"impossible\""));
    CHECK_INT(load(fd, FILE_OF("组织/甲.tb", PEOPLE), "load-6"), 200);
    CHECK(!strstr(answer, "\"impossible\""));
    close(fd);
    close_host(&h);
}

static atomic_int working;

static void *work(void *arg) {
    int fd = dial(*(int *)arg), bad = 0;
    static _Thread_local char out[200000], first[4096], body[1000];
    for (int i = 0; atomic_load(&working); i++) {
        snprintf(body, sizeof body,
                 "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"年龄\":30},\"by\":{"
                 "\"person\":\"%p\"},\"request\":\"w%d\"}",
                 (void *)body, i);
        put(fd, "POST", "/v1/cases", "", body);
        if (get_into(fd, out, sizeof out, first, sizeof first) != 201) bad++;
    }
    close(fd);
    return (void *)(intptr_t)bad;
}

static void test_loads(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port);
    char id[40], digest[100];
    pthread_t threads[3];
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", "事项 借书证：\\n  版本 1。\\n"), "bad"), 422);
    CHECK(says("\"code\":\"RULES_INVALID\"") && says("\"diagnostics\":[{") && says("事项/借书证.tb:"));
    CHECK_INT(ask(fd, "GET", "/v1/matters", ""), 200);
    CHECK_STR(answer, "{\"matters\":[]}");
    everything(fd);
    member("digest", digest, sizeof digest);
    CHECK_INT(strlen(digest), 64);
    everything(fd); /* the same again is no news */
    CHECK(says("\"status\":\"same\"") && !strstr(answer, "\"status\":\"new\""));
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("1", "2026-01-01", "6", "")), "other"), 409);
    CHECK(says("\"code\":\"VERSION_CONFLICT\"") && says("\"why\":\"other-bytes\""));
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("2", "2026-01-01", "6", "")), "other"), 409);
    CHECK(says("\"why\":\"same-effective-day\""));
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("2", "2026-03-10", "6", "，待核")), "pending"), 409);
    CHECK(says("\"code\":\"PENDING_OPEN\"") && says("\"line\":10"));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    /* a new version while requests run: none fails, running cases stay on theirs */
    atomic_store(&working, 1);
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, work, &h.port);
    CHECK_INT(
        ask(fd, "POST", "/v1/loads",
            "{\"files\":{" FILE_OF("事项/借书证.tb",
                                   MATTER("2", "2026-03-10", "6",
                                          "，待核")) "},\"by\":\"测试\",\"request\":\"v2\",\"accept_pending\":true}"),
        200);
    CHECK(says("\"version\":\"2\"") && says("\"pending\":[{"));
    CHECK_INT(ask(fd, "POST", "/v1/loads",
                  "{\"files\":{" FILE_OF("事项/借书证.tb", "坏") "},\"by\":\"测试\",\"request\":\"v3\"}"),
              422);
    usleep(100000);
    atomic_store(&working, 0);
    for (int i = 0; i < 3; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        CHECK_INT((intptr_t)bad, 0);
    }
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k2")), 201); /* 2026-03-02: version 1 still */
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2026-03-10T09:00:00+08:00\"}"), 200);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k3")), 201);
    char third[40];
    member("id", third, sizeof third);
    CHECK_INT(ask(fd, "GET", at_case(third, ""), ""), 200);
    CHECK(says("\"version\":\"2\""));
    CHECK_INT(ask(fd, "GET", at_case(id, ""), ""), 200);
    CHECK(says("\"version\":\"1\""));
    CHECK_INT(ask(fd, "GET", "/v1/matters", ""), 200);
    CHECK(strstr(answer, digest) != NULL);
    CHECK(says("\"version\":\"2\",\"effective\":\"2026-03-10\",\"in_force\":true"));
    close(fd);
    close_host(&h);
}

static void inject(const char *point, int result, int times) {
    fault_point = point;
    atomic_store(&fault_result, result);
    atomic_store(&faults_left, times);
}

static void test_faults(void) {
    host h;
    if (!open_memory(&h, "2026-03-02 09:00")) return;
    int fd = dial(h.port), other = dial(h.port);
    char id[40];
    everything(fd);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    /* surely not written: 503, the state is as before, the same request then succeeds */
    inject(TB_FAULT_BEGIN, TB_STORE_RETRY, 1);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("材料齐全", "张受", "受理员", "a1")), 503);
    CHECK(says("\"code\":\"STORE_RETRY\"") && strstr(head, "Retry-After: 1"));
    CHECK_INT(ask(fd, "GET", at_case(id, ""), ""), 200);
    CHECK(says("\"seq\":1"));
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("材料齐全", "张受", "受理员", "a1")), 200);
    /* a refusal judged on a state whose batch then fails is no refusal: it must fail, too */
    atomic_store(&gated, 1);
    put(fd, "POST", at_case(id, "/acts"), "", ACT("制好", "李定", "决定员", "a2"));
    while (!atomic_load(&waiting)) usleep(1000);
    put(other, "POST", at_case(id, "/acts"), "", ACT("制好", "李定", "决定员", "a3")); /* closed, if a2 holds */
    usleep(50000);
    inject(TB_FAULT_BEGIN, TB_STORE_RETRY, 1);
    atomic_store(&gated, 0);
    sem_post(&gate);
    CHECK_INT(take(fd), 503);
    CHECK_INT(take(other), 503);
    /* written, but the answer got lost: 503; the retry finds it and answers as it would have */
    inject(TB_FAULT_COMMIT, TB_STORE_UNKNOWN, 1);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a2")), 503);
    CHECK(says("\"code\":\"STORE_UNKNOWN\""));
    int status = 0;
    for (int i = 0; i < 200 && status != 200; i++) {
        status = ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a2"));
        if (status == 503) usleep(10000);
    }
    CHECK_INT(status, 200);
    CHECK(strstr(head, "Tongban-Repeat: 3") && says("\"outcome\":\"发证\""));
    /* the same for a case that begins: the retry does not begin another one */
    inject(TB_FAULT_COMMIT, TB_STORE_UNKNOWN, 1);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k9")), 503);
    status = 0;
    for (int i = 0; i < 200 && status != 201; i++) {
        status = ask(fd, "POST", "/v1/cases", APPLY("k9"));
        if (status == 503) usleep(10000);
    }
    CHECK_INT(status, 201);
    CHECK(strstr(head, "Tongban-Repeat: 1"));
    /* a load whose batch fails changes nothing */
    inject(TB_FAULT_BEGIN, TB_STORE_RETRY, 1);
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("2", "2026-03-10", "6", "")), "v2"), 503);
    CHECK_INT(ask(fd, "GET", "/v1/matters", ""), 200);
    CHECK(!strstr(answer, "\"version\":\"2\""));
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("2", "2026-03-10", "6", "")), "v2"), 200);
    /* a load that is on disk though its answer was lost is in force once the log has been read again */
    inject(TB_FAULT_COMMIT, TB_STORE_UNKNOWN, 1);
    CHECK_INT(load(fd, FILE_OF("事项/借书证.tb", MATTER("3", "2026-04-10", "6", "")), "v3"), 503);
    CHECK(says("\"code\":\"STORE_UNKNOWN\""));
    status = 0;
    for (int i = 0; i < 200 && status != 200; i++) {
        status = load(fd, FILE_OF("事项/借书证.tb", MATTER("3", "2026-04-10", "6", "")), "v3");
        if (status == 503) usleep(10000);
    }
    CHECK_INT(status, 200);
    CHECK(says("\"status\":\"same\"") && !strstr(answer, "\"status\":\"new\""));
    CHECK_INT(ask(fd, "GET", "/v1/matters", ""), 200);
    CHECK(says("\"version\":\"3\""));
    /* a read that fails is told, and the next one works */
    inject(TB_FAULT_READ, TB_STORE_RETRY, 1);
    CHECK_INT(ask(fd, "GET", at_case(id, "/history"), ""), 503);
    CHECK_INT(ask(fd, "GET", at_case(id, "/history"), ""), 200);
    close(fd);
    close(other);
    close_host(&h);
}

static void test_restart(void) {
    char directory[] = "/tmp/tongban-test-XXXXXX", db[100], id[40];
    static char first[sizeof answer];
    host h;
    tb_replay_result r;
    char why[1000];
    if (!CHECK(mkdtemp(directory) != NULL)) return;
    snprintf(db, sizeof db, "%s/a.db", directory);
    if (!CHECK(open_host(&h, (tb_server_options){.db = db, .test_clock = "2026-03-02 09:00"}))) return;
    int fd = dial(h.port);
    everything(fd);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    memcpy(first, answer, strlen(answer) + 1);
    member("id", id, sizeof id);
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k2")), 201);
    put(fd, "PUT", at_case(id, "/attachments/a"), "", "x");
    CHECK_INT(take(fd), 201);
    close(fd);
    close_host(&h);
    /* started again later: the timers that came due meanwhile fire by themselves, late rather than never */
    if (!CHECK(open_host(&h, (tb_server_options){.db = db, .test_clock = "2026-03-06 09:00"}))) return;
    fd = dial(h.port);
    for (int i = 0; i < 200; i++) {
        CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
        if (strstr(answer, "tongban_timers_total 2\n")) break;
        usleep(10000);
    }
    CHECK_INT(ask(fd, "GET", at_case(id, "/history"), ""), 200);
    CHECK(says("\"at\":\"2026-03-05T00:00:00+08:00\",\"recorded\":\"2026-03-06T09:00:00+08:00\"") &&
          says("\"name\":\"制证\""));
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("k1")), 201);
    CHECK_STR(answer, first);
    CHECK_INT(ask(fd, "POST", at_case(id, "/acts"), ACT("制好", "李定", "决定员", "a1")), 200);
    CHECK_INT(ask(fd, "GET", at_case(id, "/attachments/a"), ""), 200);
    /* beside the running server: everything replays to the same bytes */
    CHECK_INT(tb_replay(&(tb_replay_options){.db = db, .until = INT64_MAX}, &r, why, sizeof why), TB_OK);
    CHECK(!r.differs);
    if (r.differs) fprintf(stderr, "    %s\n", r.what);
    CHECK_INT(r.cases, 2);
    CHECK_INT(r.events, 5);
    CHECK_INT(r.states, 2);
    CHECK_INT(tb_replay(&(tb_replay_options){.db = db, .until = INT64_MAX, .case_id = id, .seq = 1, .state = true}, &r,
                        why, sizeof why),
              TB_OK);
    CHECK_INT(r.state_seq, 1);
    CHECK(r.state && strstr(r.state, "\"seq\":1"));
    free(r.state);
    CHECK_INT(
        tb_replay(&(tb_replay_options){.db = db, .until = INT64_MAX, .case_id = "0000000000001"}, &r, why, sizeof why),
        TB_FAILED);
    close(fd);
    close_host(&h);
    /* what was changed by hand is found */
    char command[400];
    snprintf(command, sizeof command,
             "sqlite3 %s \"UPDATE cases SET state=replace(state, '王五', '王六') WHERE id=(SELECT max(id) FROM "
             "cases)\" 2>/dev/null",
             db);
    if (system(command) == 0) {
        CHECK_INT(tb_replay(&(tb_replay_options){.db = db, .until = INT64_MAX}, &r, why, sizeof why), TB_OK);
        CHECK(r.differs && strstr(r.what, "最后状态"));
    }
    /* an address that others can reach is refused */
    CHECK(!open_host(&h, (tb_server_options){.db = db, .host = "0.0.0.0"}));
    CHECK(strstr(h.why, "认证"));
    close_host(&h);
    snprintf(command, sizeof command, "rm -r %s", directory);
    CHECK_INT(system(command), 0);
}

int main(void) {
    sem_init(&gate, 0, 0);
    test_refusals();
    test_tasks_pages();
    test_repeats();
    test_timers();
    test_rederive();
    test_rederive_fails();
    test_changes();
    test_impossible();
    test_changes_restart();
    test_loads();
    test_faults();
    test_restart();
    return check_end();
}
