/* tongban account: who may come in. With --db it works on the database itself while no server runs (the lock of the store sees to
 * that): so the first operator comes about. With --server it asks a running server, as the operator whose token $TONGBAN_TOKEN is. */
#include "../accounts.h"
#include "../store.h"
#include "remote.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ---- the password: from the terminal without echo, or the first line of standard input ---- */

static bool read_password(tb_line *line, const char *prompt, tb_str *out) {
    char *text = tb_alloc(line->arena, TB_PASSWORD_BYTES + 2);
    struct termios was, quiet;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    if (terminal) {
        quiet = was;
        quiet.c_lflag &= (tcflag_t)~ECHO;
        fprintf(stderr, "%s", prompt);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = fgets(text, TB_PASSWORD_BYTES + 2, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
    }
    size_t n = got ? strcspn(text, "\r\n") : 0;
    *out = (tb_str){text, (uint32_t)n};
    if (got && n) return true;
    tb_line_error(line, "没有读到密码：在终端上输入，或从标准输入给出一行",
                  "no password was given: type it, or give one line on standard input");
    return false;
}

static bool new_password(tb_line *line, tb_str account, tb_str *out) {
    tb_str again;
    if (!read_password(line, tb_line_say(line, "新密码：", "new password: "), out)) return false;
    if (!tb_password_fits(*out, account)) {
        tb_line_error(line, "密码应有 8 个字以上、256 字节以内，且不能就是账号名",
                      "a password has 8 characters or more, 256 bytes at most, and is not the account's name");
        return false;
    }
    if (!isatty(STDIN_FILENO)) return true;
    if (!read_password(line, tb_line_say(line, "再输入一次：", "once more: "), &again)) return false;
    if (tb_str_eq(*out, again)) return true;
    tb_line_error(line, "两次输入的密码不同", "the two differ");
    return false;
}

/* ---- the order, as flags say it ---- */

static bool read_roles(tb_line *line, int32_t *roles) {
    const char *given;
    *roles = 0;
    for (int i = 0; (given = tb_line_nth(line, "role", i)); i++) {
        int32_t bit = tb_role_of(tb_str_z(given));
        if (!bit) {
            tb_line_error(line, "没有角色“%s”。可用：申请人、工作人员、部门、管理员、审计、外部接口",
                          "there is no role %s: applicant, staff, department, operator, auditor, interface", given);
            return false;
        }
        *roles |= bit;
    }
    return true;
}

static tb_str flag_text(const tb_line *line, const char *flag) {
    const char *v = tb_line_value(line, flag);
    return v ? tb_str_z(v) : (tb_str){NULL, 0};
}

static bool read_order(tb_line *line, tb_account_order *o, tb_str *password) {
    const char *days = tb_line_value(line, "days");
    char *end = NULL;
    *o = (tb_account_order){.what = (enum tb_account_do)tb_account_do_of(tb_str_z(line->args[0])),
                            .account = tb_str_z(line->args[1]),
                            .person = flag_text(line, "person"),
                            .place = flag_text(line, "place"),
                            .organ = flag_text(line, "organ"),
                            .label = flag_text(line, "label"),
                            .days = days ? strtol(days, &end, 10) : 0,
                            .kept = TB_NONE};
    *password = TB_NONE;
    if (end && *end) {
        tb_line_error(line, "--days 应是整数，不是“%s”", "--days takes an integer, not %s", days);
        return false;
    }
    bool asks = o->what == TB_ACCOUNT_PASSWORD || (o->what == TB_ACCOUNT_ADD && tb_line_has(line, "password"));
    return read_roles(line, &o->roles) && (!asks || new_password(line, o->account, password));
}

static void tell(tb_line *line, const tb_account_order *o, tb_str token, tb_str expires, uint32_t ended) {
    static const char *const zh[] = {"",         "已建立账号", "已改账号",   "已改密码",
                                     "已发令牌", "已收回",     "已停用账号", "已启用账号"};
    static const char *const en[] = {
        "",           "made account",   "changed account", "changed the password of", "made a token for",
        "revoked of", "closed account", "opened account"};
    tb_putf(&line->out, "%s %.*s\n", tb_line_say(line, zh[o->what], en[o->what]), TB_FMT(o->account));
    if (ended)
        tb_putf(&line->out, tb_line_say(line, "  %u 个令牌或会话就此失效\n", "  %u tokens or sessions have ended\n"),
                ended);
    if (!token.n) return;
    tb_putf(&line->out, "  %.*s\n", TB_FMT(token));
    tb_putf(
        &line->out,
        tb_line_say(line, "  有效至 %.*s。只显示这一次，库中只存摘要：请收好（TONGBAN_TOKEN=…）\n",
                    "  valid until %.*s; shown this once, only its digest is kept: put it away (TONGBAN_TOKEN=…)\n"),
        TB_FMT(tb__short_time(line, expires)));
}

/* ---- on the database ---- */

struct outcome {
    int result;
    char why[256];
};
static void written(void *user, int result, const char *why) {
    struct outcome *x = user;
    x->result = result;
    snprintf(x->why, sizeof x->why, "%s", why);
}

static int64_t wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct listing {
    tb_line *line;
    TB_LIST(const tb_account *) list;
};
static void take(void *user, const tb_account *x) {
    struct listing *l = user;
    *TB_PUSH(l->line->arena, l->list) = x;
}
static int by_name(const void *a, const void *b) {
    return tb_str_cmp((*(const tb_account *const *)a)->row.name, (*(const tb_account *const *)b)->row.name);
}

static void heads(tb_line *line, tb_table *t) {
    const char *texts[] = {tb_line_say(line, "账号", "account"), tb_line_say(line, "姓名", "person"),
                           tb_line_say(line, "区划", "place"),   tb_line_say(line, "机构", "organ"),
                           tb_line_say(line, "角色", "roles"),   tb_line_say(line, "密码", "password"),
                           tb_line_say(line, "令牌", "tokens")};
    t->columns = sizeof texts / sizeof *texts;
    for (uint32_t i = 0; i < t->columns; i++) tb_table_cell(line, t, tb_str_z(texts[i]));
}

static tb_str has(tb_line *line, bool password, bool closed) {
    return tb_str_z(closed     ? tb_line_say(line, "停用", "closed")
                    : password ? tb_line_say(line, "有", "yes")
                               : tb_line_say(line, "无", "no"));
}

static int list_stored(tb_line *line, const tb_accounts *accounts) {
    struct listing l = {.line = line};
    tb_table t = {0};
    int64_t now = wall();
    tb_accounts_each(accounts, take, &l);
    if (l.list.count) qsort(l.list.items, l.list.count, sizeof *l.list.items, by_name);
    heads(line, &t);
    for (uint32_t i = 0; i < l.list.count; i++) {
        const tb_account *a = l.list.items[i];
        int tokens = 0;
        for (const tb_credential *k = a->credentials; k; k = k->next_of_account)
            tokens += !k->row.session && k->row.expires > now;
        const tb_str cells[] = {a->row.name,
                                a->row.person,
                                a->row.place,
                                a->row.organ,
                                tb_roles_text(line->arena, a->row.roles, line->lang),
                                has(line, a->row.password.n > 0, a->row.closed),
                                tb_str_printf(line->arena, "%d", tokens)};
        for (uint32_t k = 0; k < t.columns; k++) tb_table_cell(line, &t, cells[k]);
    }
    if (l.list.count) tb_table_put(line, &t);
    else tb_puts(&line->out, tb_line_say(line, "还没有账号\n", "no accounts yet\n"));
    return TB_EXIT_CLEAN;
}

static int order_stored(tb_line *line, tb_store *store, tb_accounts *accounts, tb_account_order *o, tb_str password) {
    char kept[TB_PASSWORD_TEXT], at[TB_TIME_TEXT];
    const struct passwd *who = getpwuid(getuid());
    const char *by = tb_line_value(line, "by");
    tb_account_told told;
    tb_write w = {0}, *writes[] = {&w};
    struct outcome x = {0};
    tb_store_tail tail = tb_store_last(store);
    int64_t now = wall();
    o->by = tb_str_printf(line->arena, "%s（离线）", by ? by : who ? who->pw_name : "?");
    if (password.n && tb_password_keep(NULL, password, kept) != TB_OK)
        return tb_line_error(line, "内存不足", "out of memory");
    if (password.n) o->kept = tb_str_z(kept);
    if (tb_accounts_order(accounts, line->arena, NULL, o, tail.leaf + 1, now > tail.wall ? now : tail.wall, &w,
                          &told) != TB_OK) {
        tb_line_error(line, "%s（%s）", "%s (%s)", tb_line_say(line, told.zh, told.en), told.code);
        return told.status >= 500 ? TB_EXIT_FAILED : TB_EXIT_FOUND;
    }
    if (tb_store_submit(store, writes, 1, written, &x) != TB_OK || x.result != TB_STORE_OK)
        return tb_line_error(line, "没有写成：%s", "nothing was written: %s", x.why);
    tell(line, o, tb_str_z(told.token), told.token[0] ? tb_str_z(tb_time_text(told.expires, at)) : TB_NONE, told.ended);
    return TB_EXIT_CLEAN;
}

static int stored(tb_line *line, const char *db, bool listing, tb_account_order *o, tb_str password) {
    tb_store *store;
    tb_store_error error;
    tb_store_options options = {.english = line->lang == TB_LANG_EN};
    if (line->json)
        return tb_line_error(line, "--json 请对运行着的服务用（--server）",
                             "--json works with a running server (--server)");
    if (tb_store_open_sqlite(db, &options, &store, &error) != TB_OK) return tb_line_error(line, "%s", "%s", error.text);
    tb_accounts *accounts = tb_accounts_new();
    tb_reader *r = tb_reader_open(store);
    int result = accounts && r ? tb_accounts_read(accounts, r, wall()) : TB_STORE_RETRY;
    int code = result == TB_STORE_OK
                   ? listing ? list_stored(line, accounts) : order_stored(line, store, accounts, o, password)
                   : tb_line_error(line, "读不了数据库中的账号", "cannot read the accounts");
    tb_reader_close(r);
    tb_accounts_free(accounts);
    tb_store_close(store);
    return code;
}

/* ---- over the API ---- */

static int list_served(tb_line *line) {
    const tb_json *answer;
    tb_table t = {0};
    int code = tb__remote(line, "GET", TB_STR("/v1/accounts"), TB_NONE, &answer);
    if (code != TB_EXIT_CLEAN || line->json) return code;
    const tb_json *list = tb_json_get(answer, "accounts");
    heads(line, &t);
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *x = &list->items[i], *flag = tb_json_get(x, "password"), *tokens = tb_json_get(x, "tokens"),
                      *roles = tb_json_get(x, "roles");
        int32_t set = 0;
        for (uint32_t k = 0; roles && k < roles->count; k++) set |= tb_role_of(roles->items[k].text);
        const tb_str cells[] = {tb__text_of(x, "account"),
                                tb__text_of(x, "person"),
                                tb__text_of(x, "place"),
                                tb__text_of(x, "organ"),
                                tb_roles_text(line->arena, set, line->lang),
                                has(line, flag && flag->kind == TB_JSON_TRUE, tb_json_get(x, "closed") != NULL),
                                tb_str_printf(line->arena, "%u", tokens ? tokens->count : 0)};
        for (uint32_t k = 0; k < t.columns; k++) tb_table_cell(line, &t, cells[k]);
    }
    if (list && list->count) tb_table_put(line, &t);
    else tb_puts(&line->out, tb_line_say(line, "还没有账号\n", "no accounts yet\n"));
    return code;
}

static void put_member(tb_buf *b, const char *name, tb_str value) {
    if (!value.p || !value.n) return;
    tb_putf(b, ",\"%s\":", name);
    tb_json_put_text(b, value);
}

static int order_served(tb_line *line, const tb_account_order *o, tb_str password) {
    const tb_json *answer;
    tb_buf body;
    tb_buf_init(&body, line->arena);
    tb_putf(&body, "{\"do\":\"%s\"", line->args[0]);
    put_member(&body, "account", o->account);
    put_member(&body, "person", o->person);
    put_member(&body, "place", o->place);
    put_member(&body, "organ", o->organ);
    put_member(&body, "label", o->label);
    put_member(&body, "password", password);
    if (tb_line_value(line, "old")) put_member(&body, "old", tb_str_z(tb_line_value(line, "old")));
    if (o->days) tb_putf(&body, ",\"days\":%lld", (long long)o->days);
    if (o->roles) tb_puts(&body, ",\"roles\":"), tb_roles_put(&body, o->roles);
    tb_puts(&body, "}");
    int code = tb__remote(line, "POST", TB_STR("/v1/accounts"), tb_buf_str(&body), &answer);
    if (code == TB_EXIT_CLEAN && !line->json)
        tell(line, o, tb__text_of(answer, "token"), tb__text_of(answer, "expires"),
             (uint32_t)tb_json_number(answer, "ended", 0));
    return code;
}

static int run(tb_line *line) {
    const char *db = tb_line_value(line, "db");
    bool listing = strcmp(line->args[0], "list") == 0;
    tb_account_order o = {0};
    tb_str password = TB_NONE;
    if (!listing && !tb_account_do_of(tb_str_z(line->args[0])))
        return tb_line_error(line, "没有“%s”。可用：list add change password token revoke close open",
                             "there is no \"%s\": list add change password token revoke close open", line->args[0]);
    if (listing != (line->count == 1))
        return tb_line_error(line, "写成 tongban account list，或 tongban account %s 账号",
                             "write tongban account list, or tongban account %s ACCOUNT",
                             listing ? "add" : line->args[0]);
    if (db && tb_line_value(line, "server"))
        return tb_line_error(line, "--db 和 --server 只能用一个", "give --db or --server, not both");
    if (!listing && !read_order(line, &o, &password)) return TB_EXIT_FAILED;
    if (db) return stored(line, db, listing, &o, password);
    return listing ? list_served(line) : order_served(line, &o, password);
}

static const tb_flag flags[] = {
    {"db", "文件", "直接改数据库（服务器停着的时候；没有则新建）",
     "work on the database itself (no server running; created when absent)"},
    {"server", "地址", "运行着的服务器，令牌取自环境变量 TONGBAN_TOKEN",
     "a running server; the token is $TONGBAN_TOKEN"},
    {"role", "角色", "申请人、工作人员、部门、管理员、审计、外部接口，可以重复",
     "applicant, staff, department, operator, auditor, interface; may be repeated"},
    {"person", "姓名", "在 组织 中的姓名，缺省同账号名", "as named in 组织; the account's name when absent"},
    {"place", "区划", "只以该区划的这个人办事（重名时）", "only as the person of that place (when two share a name)"},
    {"organ", "机构", "部门账号的机构：装载以它为实施主体的事项",
     "a department's organ: it loads the matters of that authority"},
    {"password", NULL, "add：同时设密码（终端输入，或标准输入的一行）",
     "add: sets a password, too (typed, or a line of standard input)"},
    {"old", "密码", "password：改自己的密码时的原密码", "password: the old one, when it is one's own"},
    {"label", "用途", "token：写明用途；revoke：只收回这一用途的",
     "token: what it is for; revoke: only those of that label"},
    {"days", "日数", "token：有效期，缺省 365 日", "token: how long it lasts, 365 days when absent"},
    {"by", "姓名", "谁办的（与 --db 同用，记录在案），缺省为系统用户名",
     "who orders it (with --db, on record); the system's user when absent"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_account = {
    .name = "account",
    .arguments = "list|add|change|password|token|revoke|close|open [账号] --db 文件|--server 地址",
    .least = 1,
    .most = 2,
    .flags = flags,
    .run = run,
    .zh = "账号、密码和令牌：谁可以进来",
    .en = "accounts, passwords and tokens: who may come in",
    .more_zh =
        "第一个管理员：tongban account add 管理员甲 --role 管理员 --password --db 文件，然后 tongban serve --auth …\n"
        "谁可以做什么：runtime/API.md。",
    .more_en = "The first operator: tongban account add NAME --role operator --password --db FILE, then tongban serve "
               "--auth …\n"
               "Who may do what: runtime/API.md.",
};
