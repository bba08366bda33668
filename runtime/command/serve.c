/* tongban serve: the server in the foreground, until Ctrl-C or SIGTERM. */
#include "../server.h"
#include "canonical.h"
#include "notify.h"
#include "value.h"
#include "workspace.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "127.0.0.1:8420", ":8420", "[::1]:8420". */
static bool read_address(tb_line *line, const char *text, char host[64], int *port) {
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long n = colon ? strtol(colon + 1, &end, 10) : -1;
    if (n < 0 || n > 65535 || end == colon + 1 || *end || colon - text > 60) {
        tb_line_error(line, "“%s”不是监听地址。写成 127.0.0.1:8420", "\"%s\" is not an address; write 127.0.0.1:8420",
                      text);
        return false;
    }
    size_t bracket = text[0] == '[' && colon > text && colon[-1] == ']';
    snprintf(host, 64, "%.*s", (int)((size_t)(colon - text) - 2 * bracket), text + bracket);
    if (!host[0]) strcpy(host, "127.0.0.1");
    *port = (int)n;
    return true;
}

/* What to try first; `make run` asks for it. The commands are run as printed by tests/cases/welcome.case. */
static void welcome(const tb_line *line, const char *address) {
    char server[128] = "";
    if (strcmp(address, "127.0.0.1:8420") != 0) snprintf(server, sizeof server, " --server http://%s", address);
    printf("%s\n",
           tb_line_say(line, "\n另开一个终端，在本目录下试试：\n", "\nIn another terminal, in this directory, try:\n"));
    printf("  build/tongban apply 开具户籍类证明 --example --person 李四 --place 370402%s\n", server);
    printf("  build/tongban tasks --place 370402%s\n", server);
    printf("  build/tongban due 2026-09-24 10个工作日\n\n");
    printf("%s\n",
           tb_line_say(line, "停止：Ctrl-C。接口说明：runtime/API.md", "Stop: Ctrl-C. The API: runtime/API.md"));
}

struct saying {
    tb_line *line;
    bool welcome, json;
    tb_arena *arena; /* of a line of JSON */
};

typedef struct writing {
    struct saying *s;
    const tb_said *said;
} writing;

static int write_json(void *arg) {
    writing *w = arg;
    char at[TB_TIME_TEXT];
    tb_buf b;
    tb_buf_init(&b, w->s->arena);
    tb_putf(&b, "{\"at\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"text\":", tb_time_text(w->said->at, at), w->said->level,
            w->said->event);
    tb_json_put_text(&b, tb_str_z(w->said->text));
    tb_puts(&b, "}");
    puts(b.p);
    return TB_OK;
}

static void tell_supervisor(const tb_said *said) {
    char text[1200];
    bool ready = strcmp(said->event, "listening") == 0, stopping = strcmp(said->event, "signal") == 0;
    snprintf(text, sizeof text, "%sSTATUS=%s", ready ? "READY=1\n" : stopping ? "STOPPING=1\n" : "", said->text);
    for (char *p = strstr(text, "STATUS="); *p; p++)
        if (*p == '\n') *p = ' ';
    tb_notify(text);
}

static void alive(void *user) {
    (void)user;
    tb_notify("WATCHDOG=1");
}

/* The server's lines, as text or as JSON, one a line; after the one with its address, what to try. */
static void say(void *user, const tb_said *said) {
    struct saying *s = user;
    const char *text = said->text, *address = strcmp(said->event, "listening") == 0 ? strstr(text, "http://") : NULL;
    tell_supervisor(said);
    tb_arena_reset(s->arena);
    if (!s->json || tb_try(s->arena, write_json, &(writing){s, said}) != TB_OK) puts(text);
    if (address && s->welcome) {
        char where[64];
        snprintf(where, sizeof where, "%.*s", (int)strspn(address + 7, "0123456789abcdef.:[]"), address + 7);
        s->welcome = false;
        welcome(s->line, where);
    }
    fflush(stdout);
}

enum { INTERFACES_BYTES = 1 << 20 };

/* The whole of a small file; NULL: told. */
static const char *small_file(tb_line *line, const char *path) {
    FILE *f = fopen(path, "rb");
    char *text = f ? tb_alloc(line->arena, INTERFACES_BYTES + 1) : NULL;
    size_t n = text ? fread(text, 1, INTERFACES_BYTES + 1, f) : 0;
    bool bad = !f || ferror(f) || n > INTERFACES_BYTES;
    int why = errno;
    if (f) fclose(f);
    if (bad) {
        tb_line_error(line, "读不了接口配置“%s”：%s", "cannot read the configuration of interfaces %s: %s", path,
                      n > INTERFACES_BYTES ? "> 1 MiB" : strerror(why));
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static int serve(tb_line *line, struct saying *saying) {
    const char *listen = tb_line_value(line, "listen");
    char host[64], why[2048] = "";
    tb_server_options o = {.db = tb_line_value(line, "db"),
                           .rules = tb_line_value(line, "rules"),
                           .host = host,
                           .test_clock = tb_line_value(line, "test-clock"),
                           .auth = tb_line_has(line, "auth"),
                           .behind_tls = tb_line_has(line, "behind-tls"),
                           .lang = line->lang,
                           .say = say,
                           .alive = alive,
                           .alive_ms = tb_notify_every(),
                           .user = saying};
    if (!o.db)
        return tb_line_error(line, "请用 --db 指定数据库文件（没有则新建）",
                             "name the database with --db (it is created when absent)");
    const char *interfaces = tb_line_value(line, "interfaces");
    if (interfaces && !(o.interfaces = small_file(line, interfaces))) return TB_EXIT_FAILED;
    if (!read_address(line, listen ? listen : "127.0.0.1:8420", host, &o.port)) return TB_EXIT_FAILED;
    tb_server *s = tb_server_new(&o, why, sizeof why);
    if (!s) return tb_line_error(line, "%s", "%s", why);
    int r = tb_server_run(s);
    tb_server_free(s);
    return r == TB_OK ? TB_EXIT_CLEAN : TB_EXIT_FAILED;
}

static int run(tb_line *line) {
    struct saying saying = {line, tb_line_has(line, "welcome"), line->json, tb_arena_new(NULL, 0)};
    int exit = saying.arena ? serve(line, &saying) : tb_line_error(line, "内存不足", "out of memory");
    tb_arena_free(saying.arena);
    return exit;
}

static const tb_flag flags[] = {
    {"db", "文件", "数据库文件，没有则新建", "the database file, created when absent"},
    {"rules", "目录", "启动时装载的规则目录", "a directory of rules loaded at start"},
    {"interfaces", "文件", "外部接口的地址（JSON：{\"接口名\":{\"url\":…}}）", "addresses of interfaces (JSON: {\"NAME\":{\"url\":…}})"},
    {"listen", "地址:端口", "监听地址，缺省 127.0.0.1:8420", "address:port, 127.0.0.1:8420 when absent"},
    {"auth", NULL, "每个请求都要出示令牌（账号用 tongban account 建立）", "every request needs a token (tongban account makes accounts)"},
    {"behind-tls", NULL, "前面有终结 TLS 的反向代理，来人地址取自它写的 X-Forwarded-For",
     "a proxy before it ends TLS and names callers in X-Forwarded-For"},
    {"test-clock", "时刻", "用虚拟时钟，从此刻起，由 POST /v1/clock 推进",
     "virtual time from this instant on, moved by POST /v1/clock"},
    {"welcome", NULL, "启动后提示可以试用的命令", "print commands to try"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_serve = {
    .name = "serve",
    .arguments = "--db 文件 [--rules 目录] [--listen 地址:端口]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "启动服务（HTTP/JSON）",
    .en = "run the server (HTTP/JSON)",
    .more_zh = "前台运行，Ctrl-C 停止；停止前答完手上的请求。监听本机以外的地址，必须有 --auth 和 --behind-tls。\n"
               "例：tongban serve --db tongban.db --rules rules",
    .more_en = "Runs in the foreground until Ctrl-C. Addresses other than loopback need --auth and --behind-tls.",
};
