/* The outbox as a whole: a server over SQLite in this process, a fake interface on a socket that does what each test tells it, and the
 * questions that matter: was it asked once and with its key, was the answer stepped once, is nothing lost by a restart, does an operator
 * see what is dead, and does a replay of it all give the same bytes. */
#include "hosted.h"
#include "replay.h"
#include "store.h"
#include <stdatomic.h>

/* clang-format off: its columns count Han characters twice */
#define HEAD(name, kind)                                                                                                                              \
    "事项 " name "：\\n  版本 1，生效 2026-01-01，适用 申请日。\\n  事项类型 公共服务。\\n  实施主体 甲区图书馆。\\n" \
    "  办理模式 窗口办理，因 “当面核验”，待核。\\n  属地 取自 「实施主体」。\\n"
#define RULES                                                                                                                                               \
    "外部接口 核验：\\n  请求 编号。\\n  回复 有效、无效。\\n  超时 30分钟。\\n  重试 2次。\\n\\n"                             \
    "外部接口 没有地址：\\n  请求 编号。\\n  回复 有效。\\n  超时 30分钟。\\n\\n" HEAD(                                                                     \
        "借书证", "") "  岗位 受理员，在 属地。\\n\\n申请表：\\n  编号 文本，必填。\\n\\n"                                            \
                      "环节 核验：\\n  调用 「核验」。\\n  答复有效的，办结 发证。\\n  答复无效的，载明 流水号，办结 " \
                      "不发。\\n  答复超时的，转 人工。\\n\\n"                                                                                 \
                      "环节 人工：\\n  办理人 受理员。\\n  再核验的，限 2次，转 核验。\\n  发证的，办结 发证。\\n"
#define LOST                                                                                                           \
    "外部接口 没有地址：\\n  请求 编号。\\n  回复 有效。\\n  超时 30分钟。\\n\\n" HEAD(                                \
        "问不到", "") "\\n申请表：\\n  编号 文本，必填。\\n\\n"                                            \
                      "环节 问：\\n  调用 没有地址。\\n  答复有效的，办结 成。\\n  答复超时的，办结 不成。\\n"
#define JOINT                                                                                                                                          \
    HEAD("办学一件事", "")                                                                                                                             \
    "  岗位 受理员，在 属地。\\n\\n申请表：\\n  名称 文本，必填。\\n  备注 文本，选填。\\n\\n"                           \
    "环节 等办证：\\n  发起 办学证，模式 窗口办理，校名 为 名称。\\n  期限 15个工作日。\\n  子办件发证的，转 " \
    "收尾。\\n"                                                                                                                                     \
    "  子办件办结的，办结 不成。\\n  子办件未能发起的，办结 没有发起。\\n  逾期的，继续办理。\\n\\n"              \
    "环节 收尾：\\n  办理人 受理员。\\n  收好的，办结 办成。\\n"
#define CHILD                                                                                                          \
    HEAD("办学证", "")                                                                                                 \
    "  岗位 受理员，在 属地。\\n\\n申请表：\\n  校名 文本，必填。\\n\\n"                         \
    "环节 审：\\n  办理人 受理员。\\n  发证的，办结 发证。\\n  退件的，办结 退件。\\n"
#define WORLD                                                                                                                             \
    "\"日历/全国.tb\":\"日历 全国：\\n  年度 2026，依 “测试”。\\n\","                                                 \
    "\"组织/甲.tb\":\"组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n  人员 张受，岗位 受理员，机构 " \
    "甲区图书馆。\\n\""
/* clang-format on */

/* ---- the interface: one connection at a time, one request a connection ---- */

static int listening, interface_port;
static const char *_Atomic reaction = ""; /* the status line and body it answers; "": closes the connection */
static atomic_int asked;
static char first_request[(1 << 16) + 4096];
static pthread_mutex_t seen = PTHREAD_MUTEX_INITIALIZER;

static void *interface_thread(void *arg) {
    (void)arg;
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fd < 0) return NULL;
        static char text[1 << 16], first[4096];
        if (get_into(fd, text, sizeof text, first, sizeof first) >= 0 && first[0]) {
            pthread_mutex_lock(&seen);
            if (atomic_load(&asked) == 0) snprintf(first_request, sizeof first_request, "%s%s", first, text);
            pthread_mutex_unlock(&seen);
            atomic_fetch_add(&asked, 1);
            const char *what = atomic_load(&reaction);
            char reply[2048];
            const char *body = strchr(what, ' ') ? strchr(strchr(what, ' ') + 1, ' ') : NULL;
            int n = !*what ? 0
                           : snprintf(reply, sizeof reply,
                                      "HTTP/1.1 %.3s X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", what,
                                      body ? strlen(body + 1) : 0, body ? body + 1 : "");
            if (n && write(fd, reply, (size_t)n) != n) perror("write");
        }
        close(fd);
    }
}

static void open_interface(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    pthread_t thread;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listening, (struct sockaddr *)&at, sizeof at) || listen(listening, 16) ||
        getsockname(listening, (struct sockaddr *)&at, &n))
        perror("listen");
    interface_port = ntohs(at.sin_port);
    pthread_create(&thread, NULL, interface_thread, NULL);
    pthread_detach(thread);
}

/* ---- asking the server ---- */

static int serial;

/* The id of a new case. */
static void apply(int fd, const char *matter, const char *form, char id[16]) {
    char body[1024];
    snprintf(body, sizeof body,
             "{\"matter\":\"%s\",\"mode\":\"窗口办理\",\"form\":%s,\"by\":{\"person\":\"李四\",\"place\":\"370402\"},"
             "\"request\":\"r%d\"}",
             matter, form, ++serial);
    CHECK_INT(ask(fd, "POST", "/v1/cases", body), 201);
    const char *at = strstr(head, "Location: /v1/cases/");
    snprintf(id, 16, "%.13s", at ? at + 20 : "");
}

static const char *case_path(const char *id) {
    static char path[64];
    snprintf(path, sizeof path, "/v1/cases/%s", id);
    return path;
}

/* Waits until the case says so. */
static int comes_to(int fd, const char *path, const char *text) {
    for (int i = 0; i < 400; i++) {
        ask(fd, "GET", path, "");
        if (strstr(answer, text)) return 1;
        usleep(25000);
    }
    return says(text);
}

static int act(int fd, const char *id, const char *what) {
    char body[512], path[80];
    snprintf(path, sizeof path, "/v1/cases/%s/acts", id);
    snprintf(
        body, sizeof body,
        "{\"act\":\"%s\",\"by\":{\"person\":\"张受\",\"post\":\"受理员\",\"place\":\"370402\"},\"request\":\"r%d\"}",
        what, ++serial);
    return ask(fd, "POST", path, body);
}

/* The id of the first call in a state, e.g. "12.1". */
static int call_id(int fd, const char *state, char id[32]) {
    char path[80];
    snprintf(path, sizeof path, "/v1/outbox?state=%s", state);
    if (!CHECK(comes_to(fd, path, "{\"id\":\""))) return 0;
    const char *at = strstr(answer, "{\"id\":\"") + 7;
    snprintf(id, 32, "%.*s", (int)strcspn(at, "\""), at);
    return 1;
}

static int order(int fd, const char *id, const char *what) {
    char path[64], body[256];
    snprintf(path, sizeof path, "/v1/outbox/%s", id);
    snprintf(body, sizeof body, "{\"do\":\"%s\",\"by\":{\"person\":\"张受\"},\"reason\":\"对方已修好\"}", what);
    return ask(fd, "POST", path, body);
}

static char dir[256], db[300], interfaces[256];

static int open_server(host *h, const char *clock) {
    tb_server_options o = {.db = db, .interfaces = interfaces, .test_clock = clock, .lang = TB_LANG_ZH};
    int ok = open_host(h, o);
    if (!ok) fprintf(stderr, "%s\n", h->why);
    return CHECK(ok);
}

static int load(int fd, const char *files) {
    static char body[1 << 16];
    snprintf(body, sizeof body, "{\"files\":{%s},\"by\":\"管理员\",\"accept_pending\":true,\"request\":\"load-%d\"}",
             files, ++serial);
    if (!CHECK_INT(ask(fd, "POST", "/v1/loads", body), 200)) return says("nothing of the kind");
    return 1;
}

/* ---- the tests ---- */

static void test_calls(int fd) {
    char id[16], call[32], path[96], body[256];

    /* Answered at once: asked once, with its key; the case goes on. */
    reaction = "200 OK {\"reply\":\"有效\"}";
    apply(fd, "借书证", "{\"编号\":\"A1\"}", id);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"发证\""));
    CHECK_INT(asked, 1);
    char key[64], content[64];
    snprintf(key, sizeof key, "Idempotency-Key: %s.1.1\r\n", id);
    snprintf(content, sizeof content, "\"case\":\"%s\",\"interface\":\"核验\"", id);
    pthread_mutex_lock(&seen);
    CHECK(strstr(first_request, key) != NULL);
    CHECK(strstr(first_request, content) != NULL);
    CHECK(strstr(first_request, "\"content\":{\"编号\":\"A1\"}") != NULL);
    pthread_mutex_unlock(&seen);
    CHECK_INT(ask(fd, "GET", "/v1/outbox?state=done", ""), 200);
    CHECK(says("\"attempts\":0"));

    /* An answer that must state something; what it brings is in the history. */
    reaction = "200 OK {\"reply\":\"无效\",\"content\":{\"流水号\":\"77\"}}";
    apply(fd, "借书证", "{\"编号\":\"A2\"}", id);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"不发\""));
    snprintf(path, sizeof path, "/v1/cases/%s/history", id);
    CHECK_INT(ask(fd, "GET", path, ""), 200);
    CHECK(says("\"流水号\":\"77\""));

    /* It fails, and is asked again with the same key. */
    asked = 0;
    reaction = "";
    apply(fd, "借书证", "{\"编号\":\"A3\"}", id);
    CHECK(comes_to(fd, "/v1/outbox?state=pending", "\"attempts\":1"));
    reaction = "200 OK {\"reply\":\"有效\"}";
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"发证\""));
    CHECK_INT(asked, 2);

    /* Later: 202, then the answer by /v1/replies; twice does no harm; a word it does not have is refused. */
    reaction = "202 OK";
    apply(fd, "借书证", "{\"编号\":\"A4\"}", id);
    if (!call_id(fd, "waiting", call)) return;
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"reply\":\"作废\"}", call);
    CHECK_INT(ask(fd, "POST", "/v1/replies", body), 422);
    CHECK(says("REPLY_UNKNOWN"));
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"reply\":\"有效\"}", call);
    CHECK_INT(ask(fd, "POST", "/v1/replies", body), 200);
    CHECK(says("\"done\""));
    CHECK_INT(ask(fd, "POST", "/v1/replies", body), 200);
    CHECK(says("\"repeat\""));
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"发证\""));
    CHECK_INT(ask(fd, "POST", "/v1/replies", "{\"id\":\"999999.1\",\"reply\":\"有效\"}"), 404);
    CHECK_INT(ask(fd, "POST", "/v1/replies", "{\"id\":\"1\",\"reply\":\"有效\"}"), 404);

    /* Refused for good: dead at once, seen, carried again by hand; and given up. */
    reaction = "400 NO";
    apply(fd, "借书证", "{\"编号\":\"A5\"}", id);
    if (!call_id(fd, "dead", call)) return;
    CHECK(says("HTTP 400"));
    CHECK_INT(order(fd, call, "burn"), 422);
    reaction = "200 OK {\"reply\":\"有效\"}";
    CHECK_INT(order(fd, call, "retry"), 200);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"发证\""));
    CHECK_INT(order(fd, call, "retry"), 409);
    reaction = "404 NO";
    apply(fd, "借书证", "{\"编号\":\"A6\"}", id);
    if (!call_id(fd, "dead", call)) return;
    CHECK_INT(order(fd, call, "give-up"), 200);
    CHECK_INT(ask(fd, "GET", "/v1/outbox?state=dead", ""), 200);
    CHECK(says("{\"calls\":[]"));
    CHECK_INT(ask(fd, "GET", "/v1/outbox?state=nonsense", ""), 422);
    CHECK_INT(ask(fd, "GET", "/metrics", ""), 200);
    CHECK(says("tongban_outbox_dead_total"));

    /* An interface nobody has given an address: it waits, and says so. */
    apply(fd, "问不到", "{\"编号\":\"B1\"}", id);
    CHECK(comes_to(fd, "/v1/outbox?state=pending", "没有配置这个接口的地址"));
    CHECK(says("\"attempts\":0"));
}

static void test_people_cannot_answer(int fd) {
    char id[16], body[512], path[80];
    reaction = "202 OK";
    apply(fd, "借书证", "{\"编号\":\"C1\"}", id);
    snprintf(path, sizeof path, "/v1/cases/%s/acts", id);
    CHECK_INT(act(fd, id, "答复有效"), 403);
    snprintf(body, sizeof body,
             "{\"act\":\"答复有效\",\"by\":{\"person\":\"核验\",\"post\":\"外部接口\"},\"input\":{\"键\":\"1.1\"},"
             "\"request\":\"r%d\"}",
             ++serial);
    CHECK_INT(ask(fd, "POST", path, body), 403); /* not even by taking its name: answers come through the outbox */
}

static void test_started_cases(int fd) {
    char id[16], child[16];
    apply(fd, "办学一件事", "{\"名称\":\"育才\",\"备注\":\"急\"}", id);
    CHECK(comes_to(fd, "/v1/tasks?post=%E5%8F%97%E7%90%86%E5%91%98&place=370402", "\"step\":\"审\""));
    const char *at = strstr(answer, "\"step\":\"审\"");
    while (at > answer && strncmp(at, "\"case\":\"", 8) != 0) at--;
    snprintf(child, sizeof child, "%.13s", at + 8);
    CHECK_INT(ask(fd, "GET", case_path(child), ""), 200);
    CHECK(says("\"校名\":\"育才\""));
    CHECK(strstr(answer, "备注") == NULL); /* what the other matter does not ask stays at home */
    CHECK(says(id));                       /* it says who started it */
    CHECK_INT(act(fd, child, "发证"), 200);
    CHECK(comes_to(fd, case_path(id), "\"name\":\"收尾\""));
    CHECK_INT(act(fd, id, "收好"), 200);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"办成\""));

    apply(fd, "办学一件事", "{\"名称\":\"求是\"}", id); /* another end than the one named */
    CHECK(comes_to(fd, "/v1/tasks?post=%E5%8F%97%E7%90%86%E5%91%98&place=370402", "\"step\":\"审\""));
    at = strstr(answer, "\"step\":\"审\"");
    while (at > answer && strncmp(at, "\"case\":\"", 8) != 0) at--;
    snprintf(child, sizeof child, "%.13s", at + 8);
    CHECK_INT(act(fd, child, "退件"), 200);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"不成\""));
}

static void test_restart(void) {
    host h;
    char id[16], late[16], call[32], body[256];
    if (!open_server(&h, NULL)) return;
    int fd = dial(h.port);
    reaction = "";
    apply(fd, "借书证", "{\"编号\":\"D1\"}", id);
    CHECK(comes_to(fd, "/v1/outbox?state=pending", "\"attempts\":1"));
    close(fd);
    close_host(&h); /* with a call that has still to be carried */
    reaction = "200 OK {\"reply\":\"有效\"}";
    if (!open_server(&h, NULL)) return;
    fd = dial(h.port);
    CHECK(comes_to(fd, case_path(id), "\"outcome\":\"发证\""));
    reaction = "202 OK";
    apply(fd, "借书证", "{\"编号\":\"D2\"}", late);
    CHECK(call_id(fd, "waiting", call));
    close(fd);
    close_host(&h);

    /* Virtual time goes on: the limit of the call runs out, then its answer comes, too late and without harm. */
    if (!open_server(&h, "2027-01-04 09:00")) return;
    fd = dial(h.port);
    CHECK_INT(ask(fd, "POST", "/v1/clock", "{\"at\":\"2027-01-04T10:00:00+08:00\"}"), 200);
    CHECK(comes_to(fd, case_path(late), "\"name\":\"人工\""));
    /* the newest waiting call is that of D2: those before it were of cases that no longer wait */
    CHECK_INT(ask(fd, "GET", "/v1/outbox?state=waiting", ""), 200);
    const char *at = strstr(answer, late);
    while (at && at > answer && strncmp(at, "{\"id\":\"", 7) != 0) at--;
    if (CHECK(at != NULL)) {
        snprintf(call, sizeof call, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
        snprintf(body, sizeof body, "{\"id\":\"%s\",\"reply\":\"有效\"}", call);
        CHECK_INT(ask(fd, "POST", "/v1/replies", body), 200);
        CHECK(says("\"late\""));
    }
    CHECK_INT(act(fd, late, "发证"), 200);
    close(fd);
    close_host(&h);
}

static void test_replay(void) {
    tb_replay_options o = {.db = db, .until = INT64_MAX, .lang = TB_LANG_ZH};
    tb_replay_result r;
    char why[1024] = "";
    if (!CHECK_INT(tb_replay(&o, &r, why, sizeof why), TB_OK)) fprintf(stderr, "%s\n", why);
    CHECK(!r.differs);
    printf("replayed %llu cases, %llu events\n", (unsigned long long)r.cases, (unsigned long long)r.events);
    CHECK(r.events > 10);
}

int main(void) {
    host h;
    snprintf(dir, sizeof dir, "%s/tongban-outbox-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!CHECK(mkdtemp(dir) != NULL)) return check_end();
    snprintf(db, sizeof db, "%s/t.db", dir);
    open_interface();
    snprintf(interfaces, sizeof interfaces, "{\"核验\":{\"url\":\"http://127.0.0.1:%d/check\",\"timeout_ms\":2000}}",
             interface_port);

    /* configurations that cannot be meant */
    static const char *const bad[] = {"[]", "{\"核验\":{}}", "{\"核验\":{\"url\":\"file:///etc\"}}",
                                      "{\"核验\":{\"url\":\"http://x\",\"u\":1}}", "{"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_server_options o = {.db = db, .interfaces = bad[i]};
        CHECK(!open_host(&h, o));
        CHECK(strstr(h.why, "接口") || strstr(h.why, "interface"));
        tb_io_free(h.io);
    }
    if (open_server(&h, NULL)) {
        int fd = dial(h.port);
        if (load(fd, "\"事项/借书证.tb\":\"" RULES "\",\"事项/问不到.tb\":\"" LOST "\",\"事项/一件事.tb\":\"" JOINT
                     "\"," WORLD)) {
            char id[16];
            test_calls(fd);
            test_people_cannot_answer(fd);
            apply(fd, "办学一件事", "{\"名称\":\"无名\"}", id); /* its matter is not loaded yet */
            CHECK(comes_to(fd, case_path(id), "\"outcome\":\"没有发起\""));
            if (load(fd, "\"事项/办学证.tb\":\"" CHILD "\"")) test_started_cases(fd);
        }
        close(fd);
        close_host(&h);
    }
    test_restart();
    test_replay();
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char path[512];
    for (int i = 0; i < 4; i++) snprintf(path, sizeof path, "%s%s", db, tails[i]), unlink(path);
    rmdir(dir);
    return check_end();
}
