/* Who may come in and who may what, over HTTP, in this process: accounts made on a server without --auth, then a server with it on the
 * same disk in memory, its clock virtual. The parts below it (passwords, the brake) by themselves. */
#include "hosted.h"
#include "accounts.h"
#include "password.h"
#include "store.h"
#include "throttle.h"

/* ---- the parts ---- */

static void test_passwords(void) {
    char kept[TB_PASSWORD_TEXT], again[TB_PASSWORD_TEXT];
    tb_str secret = TB_STR("好记的密码一二三四");
    CHECK_INT(tb_password_keep(NULL, secret, kept), TB_OK);
    CHECK_INT(tb_password_keep(NULL, secret, again), TB_OK);
    CHECK(strcmp(kept, again) != 0); /* salted */
    CHECK_INT(strncmp(kept, "scrypt$32768$8$1$", 17), 0);
    CHECK_INT(tb_password_is(tb_str_z(kept), secret), 1);
    CHECK_INT(tb_password_is(tb_str_z(kept), TB_STR("好记的密码一二三五")), 0);
    CHECK_INT(tb_password_is(TB_NONE, secret), 0);
    /* Parameters stand in the text: a weaker hash of long ago is still understood. (RFC 7914 §12 has no vector of our sizes; this one is
     * hashlib.scrypt's.) */
    CHECK_INT(tb_password_is(TB_STR("scrypt$16$8$1$000102030405060708090a0b0c0d0e0f$"
                                    "4a27cb03b2b4b79c8ce895055927f012ed9bdb54d41a88bb9b5a77c7b7e03282"),
                             TB_STR("password")),
              1);
    static const char huge[] = "scrypt$1048576$999$1$000102030405060708090a0b0c0d0e0f$"
                               "0000000000000000000000000000000000000000000000000000000000000000";
    const char *const broken[] = {"x", "scrypt$", "scrypt$32768$8$1$00$00",
                                  "scrypt$3$8$1$000102030405060708090a0b0c0d0e0f$00", huge};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        CHECK_INT(tb_password_is(tb_str_z(broken[i]), secret), -1);
    CHECK(tb_password_fits(secret, TB_STR("李四")) && !tb_password_fits(TB_STR("一二三四五六七"), TB_STR("李四")) &&
          !tb_password_fits(TB_STR("administrator"), TB_STR("administrator")));
}

static void test_tokens(void) {
    char text[TB_TOKEN_TEXT], other[TB_TOKEN_TEXT];
    uint8_t digest[TB_DIGEST], read[TB_DIGEST];
    CHECK_INT(tb_token_make(NULL, TB_TOKEN_PREFIX, text, digest), TB_OK);
    CHECK_INT(tb_token_make(NULL, TB_TOKEN_PREFIX, other, read), TB_OK);
    CHECK(strcmp(text, other) != 0);
    CHECK(tb_token_digest(tb_str_z(text), read) && memcmp(read, digest, TB_DIGEST) == 0);
    text[strlen(text) - 1] = '\0';
    CHECK(!tb_token_digest(tb_str_z(text), read) && !tb_token_digest(TB_STR("password"), read));
}

static void test_throttle(void) {
    static tb_throttle t;
    t.free = 3, t.longest = 60000, t.forget = 600000;
    int64_t now = 1000000;
    for (int i = 0; i < 3; i++) CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now), 0);
    CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now), 1000);
    CHECK_INT(tb_throttle_try(&t, TB_STR("b"), now), 0); /* another is not held up */
    CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now += 1000), 0);
    CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now), 2000);
    for (int i = 0; i < 40; i++) now += 60000, tb_throttle_try(&t, TB_STR("a"), now);
    CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now), 60000); /* at most */
    CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now + 600000), 0);
    tb_throttle_succeeded(&t, TB_STR("a"), true);
    for (int i = 0; i < 3; i++) CHECK_INT(tb_throttle_try(&t, TB_STR("a"), now + 600000), 0);
    for (int i = 0; i < 100000; i++) { /* the table stays as large as it is */
        char name[32];
        snprintf(name, sizeof name, "n%d", i);
        tb_throttle_try(&t, tb_str_z(name), now + 600001);
    }
    CHECK(tb_throttle_try(&t, TB_STR("n99999"), now + 600001) == 0);
}

/* ---- a server ---- */

/* clang-format off: its columns count Han characters twice */
#define MATTER(name, organ)                                                                                                                                   \
    "事项 " name "：\\n  版本 1，生效 2026-01-01，适用 申请日。\\n  事项类型 公共服务。\\n"                                             \
    "  办件类型 承诺件。\\n  实施主体 " organ "。\\n  办理模式 全程网办。\\n"                                                                       \
    "  属地 取自 「实施主体」。\\n  收到材料 以 属地收到 为准。\\n"                                                                    \
    "  非工作时间网上提交 视为 当日收到。\\n  法定期限 5个工作日，自 受理 至 决定。\\n"                                       \
    "  岗位 受理员、审查员、决定员，在 属地。\\n  不得同一人 审查员、决定员。\\n\\n"                                           \
    "申请表：\\n  姓名 文本，必填。\\n  证件号 身份证，必填。\\n  电话 手机号，必填。\\n  病情 "                             \
    "文本，选填，敏感。\\n\\n"                                                                                                                       \
    "文书：\\n  受理单，记 受理。\\n  借书证，记 决定。\\n\\n"                                                                             \
    "环节 受理：\\n  办理人 受理员。\\n  期限 2个工作日，自 收到材料。\\n"                                                           \
    "  材料齐全的，出具 受理单，转 审查。\\n  不合要求的，载明 理由，转 补正，限 1次。\\n"                                  \
    "  逾期的，视为 受理，出具 受理单，转 审查。\\n\\n"                                                                                    \
    "环节 补正：\\n  办理人 申请人。\\n  期限 30个自然日。\\n  提交补正的，记 收到材料，转 受理。\\n  逾期的，办结 " \
    "不予受理。\\n\\n"                                                                                                                                   \
    "环节 审查：\\n  办理人 审查员。\\n  期限 1个工作日。\\n  审查完毕的，载明 意见，转 制证。\\n\\n"                       \
    "环节 制证：\\n  办理人 决定员。\\n  期限 1个工作日。\\n  制好的，出具 借书证，办结 发证。\\n"
#define CALENDAR "日历 全国：\\n  年度 2026，依 “测试”。\\n  放假 2026-05-01 至 2026-05-03，劳动节。\\n"
#define PEOPLE(more)                                                                                                                                                 \
    "组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n  机构 甲区档案馆。\\n"                                                              \
    "  人员 张受，岗位 受理员，机构 甲区图书馆。\\n  人员 李定，岗位 决定员，机构 甲区图书馆。\\n"                             \
    "  人员 王审，岗位 审查员，机构 甲区图书馆。\\n  人员 赵审，岗位 综窗人员，机构 甲区图书馆。\\n  人员 钱档，岗位 " \
    "档案员，机构 甲区档案馆。\\n" more
/* clang-format on */
#define FILE_OF(path, text) "\"" path "\":\"" text "\""
#define WORLD FILE_OF("日历/全国.tb", CALENDAR) "," FILE_OF("组织/甲.tb", PEOPLE(""))
#define SECRET "好记的密码一二三四"
#define ID_NUMBER "11010519491231002X"

static tb_memory_disk *disk;

static int open_on_disk(host *h, bool auth) {
    tb_store *store = NULL;
    tb_store_error error;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io};
    if (tb_store_open_memory(disk, &so, &store, &error) != TB_OK) return 0;
    return CHECK(
        open_host(h, (tb_server_options){.store = store, .io = io, .test_clock = "2026-03-02 09:00", .auth = auth}));
}

static char tokens[16][TB_TOKEN_TEXT];
enum { OPERATOR, CLERK, CHECKER, DECIDER, DEPUTY, STRANGER, APPLICANT, OTHER, AUDITOR, DEPARTMENT, INTERFACE, PERSONS };
static const struct {
    const char *name, *role, *more;
} persons[PERSONS] = {{"管理员甲", "operator", ""},
                      {"张受", "staff", ""},
                      {"王审", "staff", ""},
                      {"李定", "staff", ""},
                      {"赵审", "staff", ""},
                      {"钱档", "staff", ""},
                      {"王五", "applicant", ",\"place\":\"370402\""},
                      {"赵六", "applicant", ""},
                      {"审计甲", "auditor", ""},
                      {"图书馆", "department", ",\"organ\":\"甲区图书馆\""},
                      {"接口", "interface", ""}};

/* The text of a member's first occurrence in the last answer. */
static const char *member(const char *name, char *out, size_t room) {
    char mark[64];
    snprintf(mark, sizeof mark, "\"%s\":\"", name);
    const char *p = strstr(answer, mark);
    out[0] = '\0';
    if (p) snprintf(out, room, "%.*s", (int)strcspn(p + strlen(mark), "\""), p + strlen(mark));
    return out;
}

/* As whom: a person's number, or -1 for nobody. */
static int ask_as(int fd, int who, const char *method, const char *path, const char *body) {
    char extra[160] = "";
    if (who >= 0) snprintf(extra, sizeof extra, "Authorization: Bearer %s\r\n", tokens[who]);
    put(fd, method, path, extra, body);
    return take(fd);
}

static int begin(void) {
    host h;
    char body[16000];
    disk = tb_memory_disk_new();
    if (!disk || !open_on_disk(&h, false)) return 0;
    int fd = dial(h.port);
    snprintf(body, sizeof body, "{\"files\":{" WORLD ",%s},\"by\":\"测试\",\"request\":\"load\"}",
             FILE_OF("事项/借书证.tb", MATTER("借书证", "甲区图书馆")));
    if (!CHECK_INT(ask(fd, "POST", "/v1/loads", body), 200)) says("nothing");
    for (int i = 0; i < PERSONS; i++) {
        snprintf(body, sizeof body, "{\"do\":\"add\",\"account\":\"%s\",\"roles\":[\"%s\"]%s%s}", persons[i].name,
                 persons[i].role, persons[i].more, i == CLERK ? ",\"password\":\"" SECRET "\"" : "");
        CHECK_INT(ask(fd, "POST", "/v1/accounts", body), 201);
        snprintf(body, sizeof body, "{\"do\":\"token\",\"account\":\"%s\",\"label\":\"测试\",\"days\":%d}",
                 persons[i].name, i == INTERFACE ? 1 : 400);
        CHECK_INT(ask(fd, "POST", "/v1/accounts", body), 201);
        member("token", tokens[i], sizeof tokens[i]);
    }
    close(fd);
    close_host(&h);
    return 1;
}

static void end(void) {
    tb_memory_disk_free(disk);
    disk = NULL;
}

static int clock_to(int fd, const char *at) {
    char body[80];
    snprintf(body, sizeof body, "{\"at\":\"%s+08:00\"}", at);
    return ask_as(fd, OPERATOR, "POST", "/v1/clock", body);
}

#define APPLY(key)                                                                                                     \
    "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"证件号\":\"" ID_NUMBER                 \
    "\",\"电话\":\"13800001234\",\"病情\":\"高血压\"},"                                                         \
    "\"request\":\"" key "\"}"

static char path_text[256];
static const char *at_case(const char *id, const char *rest) {
    snprintf(path_text, sizeof path_text, "/v1/cases/%s%s", id, rest);
    return path_text;
}

static int act(int fd, int who, const char *id, const char *name, const char *post, const char *more) {
    char body[1024];
    static int n;
    snprintf(body, sizeof body, "{\"act\":\"%s\",\"by\":{\"post\":\"%s\",\"place\":\"370402\"},\"request\":\"a%d\"%s}",
             name, post, n++, more);
    return ask_as(fd, who, "POST", at_case(id, "/acts"), body);
}

/* ---- coming in ---- */

static void test_entering(void) {
    host h;
    char token[TB_TOKEN_TEXT], body[512], extra[200];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "GET", "/healthz", ""), 200);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200); /* we are on loopback */
    static const char *const closed[] = {"/v1/matters",     "/v1/tasks",    "/v1/feed",    "/v1/outbox",
                                         "/v1/ledger/head", "/v1/accounts", "/v1/nothing", "/v1/sessions"};
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        CHECK_INT(ask(fd, "GET", closed[i], ""), 401);
        CHECK(says("\"code\":\"NO_CREDENTIAL\"") && strstr(head, "WWW-Authenticate: Bearer"));
    }
    CHECK_INT(ask(fd, "POST", "/v1/cases", APPLY("x")), 401);
    static const char *const wrong[] = {
        "Bearer", "Bearer x", "Basic eDp4", "Bearer tbtoken_00",
        "Bearer tbtoken_0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(extra, sizeof extra, "Authorization: %s\r\n", wrong[i]);
        put(fd, "GET", "/v1/matters", extra, "");
        CHECK_INT(take(fd), 401);
    }
    for (int i = 0; i < PERSONS; i++) CHECK_INT(ask_as(fd, i, "GET", "/v1/matters", ""), 200);
    /* A foreign Host is no danger when a page has no token to show. */
    snprintf(body, sizeof body,
             "GET /v1/matters HTTP/1.1\r\nHost: tongban.example\r\nAuthorization: bearer  %s\r\n\r\n", tokens[CLERK]);
    CHECK(write(fd, body, strlen(body)) > 0);
    CHECK_INT(take(fd), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/sessions", ""), 200);
    CHECK(says("\"account\":\"张受\"") && says("\"roles\":[\"staff\"]") && says("\"session\":false"));
    CHECK_INT(ask_as(fd, CLERK, "DELETE", "/v1/sessions", ""), 409);
    /* The roles. */
    static const struct {
        int who, status;
        const char *method, *path;
    } doors[] = {{CLERK, 403, "GET", "/v1/accounts"},
                 {AUDITOR, 200, "GET", "/v1/accounts"},
                 {CLERK, 403, "GET", "/v1/outbox"},
                 {OPERATOR, 200, "GET", "/v1/outbox"},
                 {APPLICANT, 403, "GET", "/v1/tasks"},
                 {CLERK, 422, "GET", "/v1/tasks"},
                 {CLERK, 200, "GET", "/v1/tasks?place=370402"},
                 {CLERK, 403, "GET", "/v1/tasks?place=110101"},
                 {DEPARTMENT, 403, "GET", "/v1/tasks?place=370402"},
                 {AUDITOR, 200, "GET", "/v1/ledger/head"},
                 {CLERK, 403, "GET", "/v1/ledger/head"},
                 {CLERK, 403, "GET", "/v1/nothing"},
                 {OPERATOR, 404, "GET", "/v1/nothing"},
                 {CLERK, 403, "POST", "/v1/clock"},
                 {OPERATOR, 403, "POST", "/v1/replies"},
                 {CLERK, 403, "POST", "/v1/loads"},
                 {AUDITOR, 403, "POST", "/v1/cases"},
                 {AUDITOR, 403, "POST", "/v1/outbox/1.1"},
                 {CLERK, 403, "GET", "/v1/feed"}};
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (!CHECK_INT(ask_as(fd, doors[i].who, doors[i].method, doors[i].path, *doors[i].method == 'P' ? "{}" : ""),
                       doors[i].status))
            fprintf(stderr, "    %s as %s\n", doors[i].path, persons[doors[i].who].name);
    /* A token ends: revoked; and with its day. */
    CHECK_INT(
        ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"token\",\"account\":\"王审\",\"label\":\"别的\"}"),
        201);
    member("token", token, sizeof token);
    CHECK_INT(
        ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"revoke\",\"account\":\"王审\",\"label\":\"测试\"}"),
        200);
    CHECK(says("\"ended\":1"));
    CHECK_INT(ask_as(fd, CHECKER, "GET", "/v1/matters", ""), 401);
    CHECK(says("\"code\":\"BAD_CREDENTIAL\""));
    snprintf(tokens[CHECKER], sizeof tokens[CHECKER], "%s", token);
    CHECK_INT(ask_as(fd, CHECKER, "GET", "/v1/matters", ""), 200);
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"close\",\"account\":\"王审\"}"), 200);
    CHECK_INT(ask_as(fd, CHECKER, "GET", "/v1/matters", ""), 401);
    /* A feed that is open ends with the token it was opened with, and tells nothing more. */
    char heard[2000] = "";
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"token\",\"account\":\"审计甲\",\"label\":\"订阅\"}"), 201);
    snprintf(extra, sizeof extra, "Authorization: Bearer %s\r\n", member("token", token, sizeof token));
    int feed = dial(h.port);
    put(feed, "GET", "/v1/feed", extra, "");
    size_t n = 0;
    while (n + 1 < sizeof heard && !strstr(heard, "event: begin")) {
        ssize_t m = read(feed, heard + n, sizeof heard - 1 - n);
        if (!CHECK(m > 0)) break;
        n += (size_t)m;
    }
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"revoke\",\"account\":\"审计甲\",\"label\":\"订阅\"}"), 200);
    while (n + 1 < sizeof heard && !strstr(heard, "\r\n0\r\n")) {
        ssize_t m = read(feed, heard + n, sizeof heard - 1 - n);
        if (!CHECK(m > 0)) break;
        n += (size_t)m;
    }
    CHECK(!strstr(heard, "event: account"));
    close(feed);
    CHECK_INT(clock_to(fd, "2026-03-03T08:59:59"), 200);
    CHECK_INT(ask_as(fd, INTERFACE, "GET", "/v1/matters", ""), 200);
    CHECK_INT(clock_to(fd, "2026-03-03T09:00:01"), 200);
    CHECK_INT(ask_as(fd, INTERFACE, "GET", "/v1/matters", ""), 401);
    close(fd);
    close_host(&h);
    /* All of it is on the disk. */
    if (!open_on_disk(&h, true)) return;
    fd = dial(h.port);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200);
    CHECK_INT(ask_as(fd, CHECKER, "GET", "/v1/matters", ""), 401);
    CHECK_INT(ask_as(fd, OPERATOR, "GET", "/v1/accounts", ""), 200);
    CHECK(says("{\"account\":\"王审\",\"person\":\"王审\",\"roles\":[\"staff\"],\"closed\":true,\"password\":false,"
               "\"tokens\":[],\"sessions\":0}"));
    close(fd);
    close_host(&h);
    end();
}

/* ---- passwords ---- */

#define LOGIN(person, password) "{\"person\":\"" person "\",\"password\":\"" password "\"}"

static void test_sessions(void) {
    host h;
    char token[TB_TOKEN_TEXT], was[TB_TOKEN_TEXT];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", SECRET)), 201);
    CHECK(strstr(head, "Cache-Control: no-store") && says("\"idle_minutes\":30"));
    member("token", token, sizeof token);
    CHECK(strncmp(token, TB_SESSION_PREFIX, strlen(TB_SESSION_PREFIX)) == 0);
    snprintf(was, sizeof was, "%s", tokens[CLERK]);
    snprintf(tokens[CLERK], sizeof tokens[CLERK], "%s", token);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/sessions", ""), 200);
    CHECK(says("\"session\":true"));
    /* Idle for less than half an hour, again and again; then for as long; and never beyond twelve hours. */
    CHECK_INT(clock_to(fd, "2026-03-02T09:29:00"), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200);
    CHECK_INT(clock_to(fd, "2026-03-02T09:58:00"), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200);
    CHECK_INT(clock_to(fd, "2026-03-02T10:28:00"), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 401);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", SECRET)), 201);
    member("token", tokens[CLERK], sizeof tokens[CLERK]);
    for (int i = 0; i < 36; i++) {
        char at[40];
        int minute = 10 * 60 + 28 + 20 * i;
        snprintf(at, sizeof at, "2026-03-02T%02d:%02d:00", minute / 60, minute % 60);
        CHECK_INT(clock_to(fd, at), 200);
        CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200);
    }
    CHECK_INT(clock_to(fd, "2026-03-02T22:28:00"), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 401);
    /* Ended by hand. */
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", SECRET)), 201);
    member("token", tokens[CLERK], sizeof tokens[CLERK]);
    CHECK_INT(ask_as(fd, CLERK, "DELETE", "/v1/sessions", ""), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 401);
    /* One's own password, with the old one; its sessions end. */
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", SECRET)), 201);
    member("token", tokens[CLERK], sizeof tokens[CLERK]);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/accounts",
                     "{\"do\":\"password\",\"account\":\"张受\",\"old\":\"不对\",\"password\":\"另一个好记的密码\"}"),
              403);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/accounts",
                     "{\"do\":\"password\",\"account\":\"李定\",\"password\":\"另一个好记的密码\"}"),
              403);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/accounts",
                     "{\"do\":\"password\",\"account\":\"张受\",\"old\":\"" SECRET "\",\"password\":\"短\"}"),
              422);
    CHECK_INT(
        ask_as(fd, CLERK, "POST", "/v1/accounts", "{\"do\":\"change\",\"account\":\"张受\",\"roles\":[\"operator\"]}"),
        403);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/accounts",
                     "{\"do\":\"password\",\"account\":\"张受\",\"old\":\"" SECRET
                     "\",\"password\":\"另一个好记的密码\"}"),
              200);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 401);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", SECRET)), 401);
    CHECK(says("\"code\":\"LOGIN_WRONG\""));
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "另一个好记的密码")), 201);
    snprintf(tokens[CLERK], sizeof tokens[CLERK], "%s", was);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200); /* a token is no session */
    /* The brake: of a person … whether or not there is one. */
    for (int i = 0; i < 5; i++) CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "猜一猜密码")), 401);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "另一个好记的密码")), 429);
    CHECK(strstr(head, "Retry-After: 1\r\n") && says("\"code\":\"LOGIN_THROTTLED\""));
    CHECK_INT(clock_to(fd, "2026-03-02T22:28:01"), 200);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "猜一猜密码")), 401);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "猜一猜密码")), 429);
    CHECK(strstr(head, "Retry-After: 2\r\n") != NULL);
    CHECK_INT(clock_to(fd, "2026-03-02T22:28:03"), 200);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("张受", "另一个好记的密码")), 201);
    for (int i = 0; i < 5; i++) CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("没有这人", "猜一猜密码")), 401);
    CHECK_INT(ask(fd, "POST", "/v1/sessions", LOGIN("没有这人", "猜一猜密码")), 429);
    close(fd);
    close_host(&h);
    end();
}

/* ---- acts and cases ---- */

/* Behind a proxy everybody comes from its address: who it speaks for is braked, and /metrics is not open to all. */
static void test_proxy(void) {
    host h;
    tb_store *store = NULL;
    tb_store_error error;
    if (!begin()) return;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io};
    if (!CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK)) return;
    tb_server_options o = {
        .store = store, .io = io, .test_clock = "2026-03-02 09:00", .auth = true, .behind_tls = true};
    if (!CHECK(open_host(&h, o))) return;
    int fd = dial(h.port);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 401);
    CHECK_INT(ask_as(fd, CLERK, "GET", "/metrics", ""), 403);
    CHECK_INT(ask_as(fd, AUDITOR, "GET", "/metrics", ""), 200);
    for (int i = 0; i < 31; i++) { /* each time another name; the client's own claim is not believed */
        char body[120], extra[120];
        snprintf(body, sizeof body, "{\"person\":\"人%d\",\"password\":\"猜一猜密码\"}", i);
        snprintf(extra, sizeof extra, "X-Forwarded-For: 10.0.0.%d, 203.0.113.7\r\n", i);
        put(fd, "POST", "/v1/sessions", extra, body);
        if (!CHECK_INT(take(fd), i < 30 ? 401 : 429)) break;
    }
    /* Hashes wait in a line of 32; who comes when it is full is told so at once. */
    enum { AT_ONCE = 48 };
    int fds[AT_ONCE], wrong = 0, full = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        char body[120], extra[120];
        fds[i] = dial(h.port);
        snprintf(body, sizeof body, "{\"person\":\"人%d\",\"password\":\"猜一猜密码\"}", 100 + i);
        snprintf(extra, sizeof extra, "X-Forwarded-For: 198.51.100.%d\r\n", i);
        put(fds[i], "POST", "/v1/sessions", extra, body);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int status = take(fds[i]);
        wrong += status == 401;
        full += status == 429 && strstr(answer, "LOGINS_WAITING");
        close(fds[i]);
    }
    CHECK(wrong >= 32 && full > 0 && wrong + full == AT_ONCE);
    put(fd, "POST", "/v1/sessions", "X-Forwarded-For: 203.0.113.8\r\n", LOGIN("张受", SECRET));
    CHECK_INT(take(fd), 201);
    close(fd);
    close_host(&h);
    end();
}

static void test_acting(void) {
    host h;
    char id[40], body[512];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    if (!CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k1")), 201)) says("nothing");
    member("id", id, sizeof id);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k1")), 201); /* the same again */
    CHECK(strstr(head, "Tongban-Repeat: 1") != NULL);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases",
                     "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"by\":{\"person\":\"赵六\"},\"request\":\"k2\"}"),
              403);
    CHECK(says("\"code\":\"WRONG_PERSON\""));
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases",
                     "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"by\":{\"post\":\"受理员\"},\"request\":\"k2\"}"),
              403);
    CHECK(says("\"code\":\"APPLICANT_ONLY\""));
    /* Whose case is it to read? */
    static const int may[] = {APPLICANT, CLERK, CHECKER, DECIDER, AUDITOR, OPERATOR},
                     may_not[] = {OTHER, STRANGER, DEPUTY, DEPARTMENT, INTERFACE};
    static const char *const ways[] = {"", "/history", "/attachments/a"};
    CHECK_INT(ask_as(fd, APPLICANT, "PUT", at_case(id, "/attachments/a"), "{}"), 201);
    CHECK(says("\"by\":\"王五\""));
    CHECK_INT(ask_as(fd, OTHER, "PUT", at_case(id, "/attachments/a"), "{}"), 403);
    CHECK_INT(ask_as(fd, APPLICANT, "PUT", at_case(id, "/attachments/a?by=%E8%B5%B5%E5%85%AD"), "{}"), 403);
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < sizeof may / sizeof *may; i++)
            CHECK_INT(ask_as(fd, may[i], "GET", at_case(id, ways[w]), ""), 200);
    for (size_t w = 0; w < 3; w++)
        for (size_t i = 0; i < sizeof may_not / sizeof *may_not; i++)
            if (!CHECK_INT(ask_as(fd, may_not[i], "GET", at_case(id, ways[w]), ""), 403))
                fprintf(stderr, "    %s\n", persons[may_not[i]].name);
    /* Who acts is who the token says. */
    CHECK_INT(act(fd, CHECKER, id, "材料齐全", "受理员", ""), 403);
    CHECK(says("\"code\":\"NOT_HOLDER\""));
    CHECK_INT(act(fd, OTHER, id, "材料齐全", "申请人", ""), 403);
    CHECK_INT(act(fd, AUDITOR, id, "材料齐全", "受理员", ""), 403);
    snprintf(body, sizeof body,
             "{\"act\":\"材料齐全\",\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":"
             "\"z1\"}");
    CHECK_INT(ask_as(fd, CHECKER, "POST", at_case(id, "/acts"), body), 403);
    CHECK(says("\"code\":\"WRONG_PERSON\""));
    /* A line of many is asked the same. */
    char lines[2048], extra[200];
    snprintf(lines, sizeof lines,
             "{\"case\":\"%s\",%s\n{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"request\":\"n1\"}\n", id, body + 1);
    snprintf(extra, sizeof extra,
             "Content-Type: application/x-ndjson\r\nConnection: close\r\nAuthorization: Bearer %s\r\n",
             tokens[CHECKER]);
    int other = dial(h.port);
    put(other, "POST", "/v1/acts", extra, lines);
    char all[8192];
    size_t n = 0;
    for (ssize_t m; n < sizeof all - 1 && (m = read(other, all + n, sizeof all - 1 - n)) > 0; n += (size_t)m) continue;
    all[n] = '\0';
    close(other);
    CHECK(strstr(all, "\"line\":1,\"status\":403,\"error\":{\"code\":\"WRONG_PERSON\"") != NULL);
    CHECK(strstr(all, "\"line\":2,\"status\":422,\"error\":{\"code\":\"FOR_NEEDED\"") != NULL);
    CHECK_INT(ask(fd, "POST", "/v1/acts", "{}"), 401);
    CHECK_INT(ask_as(fd, CLERK, "POST", at_case(id, "/acts"), body), 200);
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, "/history"), ""), 200);
    CHECK(says("\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"}"));
    char number[64];
    member("number", number, sizeof number);
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, ""), ""), 200);
    member("number", number, sizeof number);
    char way[100];
    snprintf(way, sizeof way, "/documents/%s", number);
    CHECK_INT(ask_as(fd, APPLICANT, "GET", at_case(id, way), ""), 200);
    CHECK_INT(ask_as(fd, OTHER, "GET", at_case(id, way), ""), 403);
    close(fd);
    close_host(&h);
    end();
}

/* ---- personal data ---- */

static bool clear(void) {
    return strstr(answer, ID_NUMBER) && strstr(answer, "13800001234") && strstr(answer, "高血压");
}
static bool masked(void) {
    return !strstr(answer, ID_NUMBER) && !strstr(answer, "13800001234") && !strstr(answer, "高血压") &&
           strstr(answer, "110***********002X") && strstr(answer, "138****1234");
}

static void test_masking(void) {
    host h;
    char id[40], number[64], way[200];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    CHECK_INT(ask_as(fd, APPLICANT, "PUT", at_case(id, "/attachments/a"), "{\"b\":1}"), 201);
    /* The applicant his own; the clerk whose task it is; not yet the checker. */
    CHECK_INT(ask_as(fd, APPLICANT, "GET", at_case(id, ""), ""), 200);
    CHECK(clear() && !strstr(answer, "\"masked\":true"));
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, ""), ""), 200);
    CHECK(clear());
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, "?mask=true"), ""), 200);
    CHECK(masked() && says("\"masked\":true") && says("\"病情\":\"高**\"") && says("\"姓名\":\"王五\""));
    static const int others[] = {CHECKER, DECIDER, AUDITOR, OPERATOR};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_INT(ask_as(fd, others[i], "GET", at_case(id, ""), ""), 200);
        CHECK(masked());
        CHECK_INT(ask_as(fd, others[i], "GET", at_case(id, "/history"), ""), 200);
        CHECK(masked());
        CHECK_INT(ask_as(fd, others[i], "GET", at_case(id, "/attachments/a"), ""), 403);
        CHECK(says("\"code\":\"ATTACHMENT_MASKED\""));
    }
    CHECK_INT(ask_as(fd, OPERATOR, "GET", at_case(id, "?unmask=look"), ""), 403);
    CHECK(says("\"code\":\"UNMASK_REFUSED\""));
    CHECK_INT(ask_as(fd, AUDITOR, "GET", at_case(id, "/history?unmask=%E4%BF%A1%E8%AE%BF2026-7"), ""), 200);
    CHECK(clear());
    CHECK_INT(ask_as(fd, AUDITOR, "GET", at_case(id, "/attachments/a?unmask=x"), ""), 200);
    /* What people write into other texts. */
    CHECK_INT(act(fd, CLERK, id, "材料齐全", "受理员", ""), 200);
    CHECK_INT(ask_as(fd, CHECKER, "GET", at_case(id, ""), ""), 200);
    CHECK(clear()); /* now it is his */
    CHECK_INT(act(fd, CHECKER, id, "审查完毕", "审查员",
                  ",\"input\":{\"意见\":\"本人有高血压，证号" ID_NUMBER "，母亲电话13911112222，2026年\"}"),
              200);
    CHECK_INT(ask_as(fd, CHECKER, "GET", at_case(id, "/history"), ""), 200);
    CHECK(masked() &&
          says("\"意见\":\"本人有高**，证号110***********002X，母亲电话139****2222，2026年\"")); /* and no longer */
    CHECK_INT(ask_as(fd, CHECKER, "GET", at_case(id, "?unmask=%E5%A4%8D%E6%A0%B8"), ""), 200);
    CHECK(clear());
    CHECK_INT(act(fd, DECIDER, id, "制好", "决定员", ""), 200);
    CHECK_INT(ask_as(fd, DECIDER, "GET", at_case(id, ""), ""), 200);
    CHECK(masked()); /* closed: nobody's task */
    member("number", number, sizeof number);
    snprintf(way, sizeof way, "/documents/%s", number);
    CHECK_INT(ask_as(fd, DECIDER, "GET", at_case(id, way), ""), 200);
    CHECK_INT(ask_as(fd, APPLICANT, "GET", at_case(id, way), ""), 200);
    /* The log: who, by what right, which fields, why; for auditors only. */
    CHECK_INT(ask_as(fd, OPERATOR, "GET", "/v1/accesses", ""), 403);
    CHECK_INT(ask_as(fd, AUDITOR, "GET", "/v1/accesses", ""), 200);
    static const char audited[] = "\"who\":\"审计甲\",\"right\":\"auditor\",\"what\":\"history\","
                                  "\"fields\":\"电话、病情、证件号\",\"why\":\"信访2026-7\"";
    const char *const expected[] = {
        "\"who\":\"王五\",\"right\":\"applicant\",\"what\":\"case\",\"fields\":\"电话、病情、证件号\",\"why\":\"\"",
        "\"who\":\"张受\",\"right\":\"handler\",\"what\":\"case\"",
        audited,
        "\"what\":\"attachment/a\"",
        "\"who\":\"王审\",\"right\":\"handler\"",
        "\"who\":\"王审\",\"right\":\"staff\",\"what\":\"case\",\"fields\":\"电话、病情、证件号\",\"why\":\"复核\"",
        "\"what\":\"document/"};
    const char *p = answer;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *at = strstr(p, expected[i]);
        if (!CHECK(at != NULL)) fprintf(stderr, "    not in order: %s\n    in %s\n", expected[i], answer);
        else p = at;
    }
    int rows = 0;
    for (p = answer; (p = strstr(p, "\"n\":")); p++) rows++;
    CHECK_INT(rows, 7); /* masked looks are none */
    CHECK_INT(ask_as(fd, AUDITOR, "GET", "/v1/accesses?who=%E7%8E%8B%E5%AE%A1&limit=1", ""), 200);
    CHECK(says("\"n\":5,") && says("\"next\":5"));
    CHECK_INT(ask_as(fd, AUDITOR, "GET", "/v1/accesses?who=%E7%8E%8B%E5%AE%A1&limit=1&after=5", ""), 200);
    CHECK(says("\"n\":6,"));
    snprintf(way, sizeof way, "/v1/accesses?case=%s&after=6", id);
    CHECK_INT(ask_as(fd, AUDITOR, "GET", way, ""), 200);
    CHECK(says("\"n\":7,") && says("\"next\":null"));
    CHECK_INT(ask_as(fd, AUDITOR, "GET", "/v1/accesses?after=x", ""), 422);
    close(fd);
    close_host(&h);
    /* Without --auth nothing is masked unless it is asked for, and nothing is recorded: nobody knows who looks. */
    if (!open_on_disk(&h, false)) return;
    fd = dial(h.port);
    CHECK_INT(ask(fd, "GET", at_case(id, ""), ""), 200);
    CHECK(clear());
    CHECK_INT(ask(fd, "GET", at_case(id, "?mask=true"), ""), 200);
    CHECK(masked());
    CHECK_INT(ask(fd, "GET", "/v1/accesses?after=7", ""), 200);
    CHECK(says("\"accesses\":[]"));
    close(fd);
    close_host(&h);
    end();
}

static int refuse_batches(void *user, const char *point) {
    return strcmp(point, TB_FAULT_BEGIN) == 0 && *(_Atomic int *)user ? TB_STORE_RETRY : TB_STORE_OK;
}

/* No record, no look. */
static void test_log_fails(void) {
    host h;
    char id[40];
    static _Atomic int full;
    tb_store *store = NULL;
    tb_store_error error;
    if (!begin()) return;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io, .fault = refuse_batches, .fault_user = (void *)&full};
    if (!CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK)) return;
    if (!CHECK(open_host(
            &h, (tb_server_options){.store = store, .io = io, .test_clock = "2026-03-02 09:00", .auth = true})))
        return;
    int fd = dial(h.port);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    full = 1;
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, ""), ""), 503);
    CHECK(!strstr(answer, ID_NUMBER));
    CHECK_INT(ask_as(fd, CHECKER, "GET", at_case(id, ""), ""), 200); /* masked: nothing to record */
    CHECK(masked());
    full = 0;
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, ""), ""), 200);
    CHECK(clear());
    close(fd);
    close_host(&h);
    end();
}

enum { MANY = 1000000 };
static _Atomic int lost_commits, failing_reads;
static int lose_commits(void *user, const char *point) {
    (void)user;
    _Atomic int *left = strcmp(point, TB_FAULT_COMMIT) == 0                  ? &lost_commits
                        : strcmp(point, TB_FAULT_READ) == 0 && !lost_commits ? &failing_reads
                                                                             : NULL;
    if (left && *left > 0) {
        --*left;
        return left == &lost_commits ? TB_STORE_UNKNOWN : TB_STORE_RETRY;
    }
    return TB_STORE_OK;
}

/* The disk's answer to a change of accounts is in doubt, and reading them anew fails, too: nobody is told that his token is bad, and it passes. */
static void test_doubt(void) {
    host h;
    char token[TB_TOKEN_TEXT];
    tb_store *store = NULL;
    tb_store_error error;
    int busy = 0;
    bool known = false;
    if (!begin()) return;
    tb_io *io = tb_io_new();
    tb_store_options so = {.io = io, .fault = lose_commits};
    if (!CHECK_INT(tb_store_open_memory(disk, &so, &store, &error), TB_OK)) return;
    if (!CHECK(open_host(
            &h, (tb_server_options){.store = store, .io = io, .test_clock = "2026-03-02 09:00", .auth = true})))
        return;
    int fd = dial(h.port);
    failing_reads = MANY;
    lost_commits = 1;
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"token\",\"account\":\"张受\",\"label\":\"新的\"}"), 503);
    for (int i = 0; i < 6000 && !known; i++) { /* until what was on the disk is known again */
        int status = ask_as(fd, OPERATOR, "GET", "/v1/accounts", "");
        if (status == 503) busy += says("\"code\":\"ACCOUNTS_UNREAD\"") && strstr(head, "Retry-After: 1");
        if (busy && failing_reads < MANY) failing_reads = 0; /* one has failed, and somebody has been told */
        if (status != 503 && CHECK_INT(status, 200)) known = strstr(answer, "新的") != NULL;
        usleep(10000);
    }
    CHECK(known && failing_reads <= 0);
    CHECK(busy > 0);
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/accounts", "{\"do\":\"token\",\"account\":\"张受\",\"label\":\"又一个\"}"), 201);
    snprintf(tokens[CLERK], sizeof tokens[CLERK], "%s", member("token", token, sizeof token));
    CHECK_INT(ask_as(fd, CLERK, "GET", "/v1/matters", ""), 200);
    close(fd);
    close_host(&h);
    end();
}

/* ---- for another ---- */

static int act_for(int fd, int who, const char *id, const char *name, const char *post, const char *whom,
                   const char *more) {
    char body[1024];
    static int n;
    snprintf(body, sizeof body,
             "{\"act\":\"%s\",\"by\":{\"post\":\"%s\",\"place\":\"370402\",\"for\":\"%s\"},\"request\":\"f%d\"%s}",
             name, post, whom, n++, more);
    return ask_as(fd, who, "POST", at_case(id, "/acts"), body);
}

static void test_deputies(void) {
    host h;
    char id[40], later[40], body[4000], number[64], way[100];
    static const char opinion[] = ",\"input\":{\"意见\":\"同意\"}";
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k1")), 201);
    member("id", id, sizeof id);
    CHECK_INT(ask_as(fd, DEPUTY, "GET", at_case(id, ""), ""), 403);
    snprintf(body, sizeof body, "{\"files\":{%s},\"request\":\"l1\"}",
             FILE_OF("组织/甲.tb", PEOPLE("  代理 王审，由 赵审，岗位 审查员，自 2026-03-02 至 2026-03-03。\\n")));
    if (!CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/loads", body), 200)) says("nothing");
    CHECK_INT(ask_as(fd, DEPUTY, "GET", at_case(id, ""), ""), 200);
    CHECK(masked()); /* not yet his task */
    CHECK_INT(act(fd, CLERK, id, "材料齐全", "受理员", ""), 200);
    CHECK_INT(ask_as(fd, DEPUTY, "GET", at_case(id, ""), ""), 200);
    CHECK(clear() && says("\"deputies\":[{\"person\":\"赵审\",\"for\":\"王审\"}]"));
    CHECK_INT(act(fd, DEPUTY, id, "审查完毕", "审查员", opinion), 403);
    CHECK(says("\"code\":\"DEPUTY_UNSAID\"") && says("王审"));
    CHECK_INT(act_for(fd, DEPUTY, id, "审查完毕", "审查员", "李定", opinion), 403);
    CHECK(says("\"code\":\"NOT_HOLDER\""));
    CHECK_INT(act_for(fd, STRANGER, id, "审查完毕", "审查员", "王审", opinion), 403);
    CHECK(says("\"code\":\"NOT_DEPUTY\""));
    CHECK_INT(act_for(fd, APPLICANT, id, "审查完毕", "审查员", "王审", opinion), 403);
    CHECK(says("\"code\":\"APPLICANT_ONLY\""));
    CHECK_INT(act_for(fd, DEPUTY, id, "审查完毕", "审查员", "王审", opinion), 200);
    CHECK_INT(ask_as(fd, DEPUTY, "GET", at_case(id, "/history"), ""), 200);
    CHECK(says("\"by\":{\"person\":\"赵审\",\"post\":\"审查员\",\"place\":\"370402\",\"for\":\"王审\"}"));
    CHECK_INT(act(fd, DECIDER, id, "制好", "决定员", ""), 200);
    /* The days are over: nothing to revoke, he just no longer stands in. */
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("k2")), 201);
    member("id", later, sizeof later);
    CHECK_INT(act(fd, CLERK, later, "材料齐全", "受理员", ""), 200);
    CHECK_INT(clock_to(fd, "2026-03-04T09:00:00"), 200);
    CHECK_INT(ask_as(fd, DEPUTY, "GET", at_case(later, ""), ""), 403);
    CHECK_INT(act_for(fd, DEPUTY, later, "审查完毕", "审查员", "王审", opinion), 403);
    CHECK(says("\"code\":\"NOT_DEPUTY\""));
    CHECK_INT(act(fd, CHECKER, later, "审查完毕", "审查员", opinion), 200);
    CHECK_INT(act(fd, DECIDER, later, "制好", "决定员", ""), 200);
    CHECK_INT(ask_as(fd, DECIDER, "GET", at_case(later, ""), ""), 200);
    member("number", number, sizeof number);
    snprintf(way, sizeof way, "/documents/%s", number);
    CHECK_INT(ask_as(fd, DECIDER, "GET", at_case(later, way), ""), 200);
    CHECK(!strstr(answer, "\"for\":"));
    close(fd);
    close_host(&h);
    end();
}

#define ENTER(by, key)                                                                                                 \
    "{\"matter\":\"借书证\",\"mode\":\"全程网办\",\"form\":{\"姓名\":\"王五\",\"证件号\":\"" ID_NUMBER                 \
    "\",\"电话\":\"13800001234\",\"病情\":\"高血压\"},"                                                         \
    "\"by\":{" by "},\"request\":\"" key "\"}"

/* 窗口代录: whose application it is, and who entered it, are both on record; a namesake with an account is not its applicant. */
static void test_entering_for(void) {
    host h;
    char id[40];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/cases", ENTER("\"place\":\"370402\"", "e1")), 422);
    CHECK(says("\"code\":\"FOR_NEEDED\""));
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/cases", ENTER("\"place\":\"110101\",\"for\":\"王五\"", "e1")), 403);
    CHECK(says("\"code\":\"NO_AGENT\""));
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/cases", ENTER("\"place\":\"370402\",\"for\":\"王五\"", "e1")), 201);
    member("id", id, sizeof id);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/cases", ENTER("\"place\":\"370402\",\"for\":\"王五\"", "e1")), 201);
    CHECK(strstr(head, "Tongban-Repeat: 1") != NULL);
    CHECK_INT(ask_as(fd, CLERK, "POST", "/v1/cases", ENTER("\"place\":\"370402\",\"for\":\"赵六\"", "e1")),
              201); /* another applicant: another origin */
    CHECK(strstr(head, "Tongban-Repeat") == NULL);
    CHECK_INT(ask_as(fd, CLERK, "GET", at_case(id, ""), ""), 200);
    CHECK(clear() && says("\"applicant\":{\"person\":\"王五\",\"place\":\"370402\",\"entered_by\":\"张受\"}"));
    CHECK_INT(ask_as(fd, STRANGER, "GET", at_case(id, ""), ""), 200); /* beside him, masked */
    CHECK(masked());
    CHECK_INT(ask_as(fd, APPLICANT, "GET", at_case(id, ""), ""), 403);
    CHECK_INT(act(fd, CLERK, id, "不合要求", "受理员", ",\"input\":{\"理由\":\"缺照片\"}"), 200);
    CHECK_INT(act(fd, CLERK, id, "提交补正", "申请人", ""), 403);
    CHECK(says("\"code\":\"NOT_AN_APPLICANT\""));
    CHECK_INT(act(fd, APPLICANT, id, "提交补正", "申请人", ""), 403);
    CHECK(says("\"code\":\"NOT_YOUR_CASE\""));
    CHECK_INT(act_for(fd, CLERK, id, "提交补正", "申请人", "赵六", ""), 403);
    CHECK(says("\"code\":\"NOT_APPLICANT\""));
    CHECK_INT(act_for(fd, CHECKER, id, "提交补正", "申请人", "王五", ""), 200); /* whoever works there */
    close(fd);
    close_host(&h);
    /* What an applicant entered himself nobody enters for him. */
    if (!open_on_disk(&h, true)) return;
    fd = dial(h.port);
    CHECK_INT(ask_as(fd, APPLICANT, "POST", "/v1/cases", APPLY("own")), 201);
    member("id", id, sizeof id);
    CHECK_INT(act(fd, CLERK, id, "不合要求", "受理员", ",\"input\":{\"理由\":\"缺照片\"}"), 200);
    CHECK_INT(act_for(fd, CLERK, id, "提交补正", "申请人", "王五", ""), 403);
    CHECK_INT(act(fd, OTHER, id, "提交补正", "申请人", ""), 403);
    CHECK_INT(act(fd, APPLICANT, id, "提交补正", "申请人", ""), 200);
    close(fd);
    close_host(&h);
    end();
}

static void test_loading(void) {
    host h;
    static char body[20000];
    if (!begin() || !open_on_disk(&h, true)) return;
    int fd = dial(h.port);
    snprintf(body, sizeof body, "{\"files\":{%s},\"request\":\"l1\"}",
             FILE_OF("事项/阅览证.tb", MATTER("阅览证", "甲区图书馆")));
    CHECK_INT(ask_as(fd, DEPARTMENT, "POST", "/v1/loads", body), 200);
    snprintf(body, sizeof body, "{\"files\":{%s},\"request\":\"l2\"}",
             FILE_OF("事项/查档证.tb", MATTER("查档证", "甲区档案馆")));
    CHECK_INT(ask_as(fd, DEPARTMENT, "POST", "/v1/loads", body), 403);
    CHECK(says("\"code\":\"LOAD_NOT_YOURS\"") && says("查档证"));
    CHECK_INT(ask_as(fd, OPERATOR, "GET", "/v1/matters/%E6%9F%A5%E6%A1%A3%E8%AF%81", ""), 404);
    snprintf(body, sizeof body, "{\"files\":{%s},\"request\":\"l3\"}",
             FILE_OF("组织/甲.tb", PEOPLE("  人员 图书馆的人，岗位 决定员。\\n")));
    CHECK_INT(ask_as(fd, DEPARTMENT, "POST", "/v1/loads", body), 403);
    CHECK(says("\"code\":\"LOAD_OPERATOR\""));
    CHECK_INT(ask_as(fd, OPERATOR, "POST", "/v1/loads", body), 200);
    close(fd);
    close_host(&h);
    end();
}

int main(void) {
    test_passwords();
    test_tokens();
    test_throttle();
    test_entering();
    test_sessions();
    test_proxy();
    test_acting();
    test_masking();
    test_log_fails();
    test_doubt();
    test_deputies();
    test_entering_for();
    test_loading();
    return check_end();
}
