/* Starting, running and stopping; time; what happens when a batch fails. See server.h for the shape of it all.
 *
 * Starting: store, then everything compiled from it, then the rules of the command line, then the timers, and only then
 * the door: whoever gets an answer gets it from a server that is ready. Stopping is the other way round. */
#include "server_parts.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t tb__now(const tb_server *s) { return s->o.test_clock ? s->clock : tb_io_wall(s->io); }

void tb__report(tb_server *s, const char *level, const char *event, const char *format, ...) {
    char text[1024];
    va_list args;
    if (!s->o.say) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->o.say(s->o.user, &(tb_said){tb_io_wall(s->io), level, event, text});
}

int64_t tb__event_time(tb_server *s) {
    int64_t now = tb__now(s);
    bool back = now < s->wall - TB_CLOCK_BEHIND;
    if (back != s->clock_back) {
        s->clock_back = back;
        if (back)
            tb__report(s, "warning", "clock_back",
                    TB_TELL(s, "系统时钟比最后一个事件慢 %lld 毫秒：在赶上之前，事件都记最后一个事件的时间",
                            "the wall clock stands %lld ms behind the last event: until it has caught up, events bear the last one's time"),
                    (long long)(s->wall - now));
        else
            tb__report(s, "info", "clock_caught_up", "%s", TB_TELL(s, "系统时钟已赶上最后一个事件", "the wall clock has caught up with the last event"));
    }
    return now > s->wall ? now : s->wall;
}

/* ---- failed batches ---- */

static void take_tail(tb_server *s) {
    tb_store_tail tail = tb_store_last(s->store);
    s->leaf = tail.leaf;
    s->wall = tail.wall;
}

/* States that may never have happened are forgotten; the log goes on where the disk says it ends. */
static void dropped(void *user, int result, const char *why) {
    tb_server *s = user;
    tb_cases_forget(s->cases);
    tb_timers_dropped(s->timers);
    take_tail(s);
    if (s->failing) return; /* told already; nothing has landed since */
    s->failing = true;
    tb__report(s, "error", result == TB_STORE_UNKNOWN ? "store_unknown" : "batch_failed",
            TB_TELL(s, "写入失败，这一批的请求都没有得到确认；原因消除后自动恢复：%s",
                    "writes fail, none of this batch was acknowledged; goes on by itself when the cause has gone: %s"),
            why);
}

/* The cause has gone. */
static void recovered(tb_server *s) {
    if (!s->failing) return;
    s->failing = false;
    tb__report(s, "info", "recovered", "%s", TB_TELL(s, "写入已恢复", "writes land again"));
}

static void reopened(void *user) {
    tb_server *s = user;
    tb_cases_forget(s->cases);
    take_tail(s);
    tb__loads_reopened(s);
    tb__accounts_reopened(s);
    tb_feed_grown(s->feed);
    recovered(s);
}

static void landed(void *user) {
    tb_server *s = user;
    tb_feed_grown(s->feed);
    if (s->failing && !tb_commit_health_now(s->commit).failing) recovered(s);
}

/* ---- starting ---- */

/* Only addresses that no other machine can reach. */
static bool loopback(const char *host) {
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

static bool say_why(char *why, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool say_why(char *why, size_t room, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, room, format, args);
    va_end(args);
    return false;
}

static bool open_store(tb_server *s, char *why, size_t room) {
    tb_store_error error;
    if (s->o.store) {
        s->store = s->o.store;
        return true;
    }
    tb_store_options options = {.io = s->io, .english = s->o.lang == TB_LANG_EN};
    if (tb_store_open_sqlite(s->o.db, &options, &s->store, &error) == TB_OK) return true;
    return say_why(why, room, "%s", error.text);
}

static bool open_registry(tb_server *s, char *why, size_t room) {
    tb_reader *r = tb_reader_open(s->store);
    bool ok = r && tb_registry_open(s->registry, r, why, room) == TB_OK;
    if (!r) say_why(why, room, "%s", s->o.lang == TB_LANG_EN ? "cannot read the database" : "读不了数据库");
    tb_reader_close(r);
    return ok;
}

static void on_alive(void *arg) {
    tb_server *s = arg;
    s->o.alive(s->o.user);
    tb_io_timer_set(s->alive, s->o.alive_ms);
}

static bool open_accounts(tb_server *s, char *why, size_t room) {
    tb_reader *r = tb_reader_open(s->store);
    bool ok = r && tb_accounts_read(s->accounts, r, tb__now(s)) == TB_STORE_OK;
    if (!ok) say_why(why, room, "%s", s->o.lang == TB_LANG_EN ? "cannot read the accounts" : "读不了数据库中的账号");
    tb_reader_close(r);
    if (ok && s->o.auth && !tb_accounts_count(s->accounts))
        tb__report(s, "warning", "no_account", "%s",
                   s->o.lang == TB_LANG_EN
                       ? "there is no account yet, so nobody can come in: stop, and make one with tongban account add"
                       : "还没有账号，谁也进不来：请先停止，用 tongban account add 建立第一个账号");
    return ok;
}

static bool open_all(tb_server *s, char *why, size_t room) {
    const char *no_memory = s->o.lang == TB_LANG_EN ? "out of memory" : "内存不足";
    if (!loopback(s->o.host) && !s->o.auth)
        return say_why(why, room,
                       s->o.lang == TB_LANG_EN
                           ? "refusing to listen on %s without authentication: any machine could act as anybody. Add --auth "
                             "(tongban account add makes the first account), or listen on 127.0.0.1"
                           : "不在 %s 上监听：没有身份认证，别的机器可以冒任何人的名办事。请加 --auth（第一个账号用 tongban account "
                             "add 建立），或只监听 127.0.0.1",
                       s->o.host);
    if (!loopback(s->o.host) && !s->o.behind_tls)
        return say_why(why, room,
                       s->o.lang == TB_LANG_EN
                           ? "refusing to listen on %s without TLS: passwords and tokens would cross the network in the clear. Put a "
                             "proxy that ends TLS before it and say --behind-tls, or listen on 127.0.0.1"
                           : "不在 %s 上监听：没有 TLS，密码和令牌会在网上明文传送。请在前面放一个终结 TLS 的反向代理并加 "
                             "--behind-tls，或只监听 127.0.0.1",
                       s->o.host);
    if (s->o.test_clock && !tb_time_parse(tb_str_z(s->o.test_clock), &s->clock)) {
        int32_t day;
        if (!tb_day_parse(tb_str_z(s->o.test_clock), &day))
            return say_why(why, room,
                           s->o.lang == TB_LANG_EN
                               ? "--test-clock %s is no time; write 2026-03-02 or \"2026-03-02 09:00\""
                               : "--test-clock %s 不是时刻。写成 2026-03-02 或 \"2026-03-02 09:00\"",
                           s->o.test_clock);
        s->clock = tb_day_start(day);
    }
    if (!(s->io = s->o.io ? s->o.io : tb_io_new())) return say_why(why, room, "%s", no_memory);
    s->own_io = !s->o.io;
    if (!open_store(s, why, room)) return false;
    tb_commit_options commit = {.dropped = dropped, .reopened = reopened, .landed = landed, .user = s};
    tb_http_options http = {.body_limit = tb__body_limit};
    s->registry = tb_registry_new();
    s->commit = tb_commit_new(s->io, s->store, &commit);
    s->compiler = tb_io_worker_new(s->io, "compile");
    s->timers = tb_timers_new(s);
    s->feed = tb_feed_new(s);
    s->accounts = tb_accounts_new();
    if (s->registry)
        s->cases = tb_cases_new(s->store, s->registry, s->o.cache_bytes ? s->o.cache_bytes : TB_SERVER_CACHE);
    s->http = tb_http_server_new(s->io, &http, tb__api, s);
    if (!s->registry || !s->commit || !s->compiler || !s->timers || !s->feed || !s->cases || !s->http || !s->accounts ||
        tb__loads_new(s) || tb__logins_new(s))
        return say_why(why, room, "%s", no_memory);
    take_tail(s);
    if (s->clock < s->wall) s->clock = s->wall; /* virtual time goes on where it stopped */
    if (!(s->outbox = tb_outbox_new(s, s->o.interfaces ? tb_str_z(s->o.interfaces) : (tb_str){NULL, 0}, why, room))) return false;
    if (!open_accounts(s, why, room) || !open_registry(s, why, room) || (s->o.rules && !tb__load_directory(s, s->o.rules, why, room))) return false;
    tb_timers_start(s->timers);
    tb_outbox_start(s->outbox);
    if (s->o.alive && s->o.alive_ms > 0 && !(s->alive = tb_io_timer_new(s->io, on_alive, s))) return say_why(why, room, "%s", no_memory);
    if (s->alive) tb_io_timer_set(s->alive, s->o.alive_ms);
    return tb_http_server_listen(s->http, s->o.host, s->o.port, why, room) == TB_OK;
}

tb_server *tb_server_new(const tb_server_options *o, char *why, size_t room) {
    tb_server *s = calloc(1, sizeof *s);
    if (!s) {
        say_why(why, room, "内存不足");
        return NULL;
    }
    s->o = *o;
    s->act_seconds = tb_measure_seconds();
    s->timer_late = tb_measure_lateness();
    if (!s->o.host) s->o.host = "127.0.0.1";
    if (open_all(s, why, room)) return s;
    tb_server_free(s);
    return NULL;
}

int tb_server_port(const tb_server *s) { return tb_http_server_port(s->http); }

/* ---- stopping ---- */

static void drained(void *arg) {
    tb_server *s = arg;
    tb_io_stop(s->io);
}

void tb_server_stop(tb_server *s) {
    if (s->stopping) return;
    s->stopping = true;
    tb_timers_stop(s->timers); /* answers a move of the clock that is under way */
    tb_outbox_stop(s->outbox);
    tb_http_server_drain(s->http, drained, s);
}

static void on_signal(void *arg, const char *name) {
    tb_server *s = arg;
    if (!s->stopping)
        tb__report(s, "info", "signal", TB_TELL(s, "收到 %s：答完手上的请求后停止", "%s: answering what is in work, then stopping"), name);
    tb_server_stop(s);
}

int tb_server_run(tb_server *s) {
    if (tb_io_on_signal(s->io, on_signal, s) != TB_OK) return TB_FAILED;
    tb__report(s, "info", "listening", TB_TELL(s, "服务在 http://%s:%d，已装载 %u 个事项版本", "serving http://%s:%d, %u versions of matters loaded"),
            s->o.host, tb_server_port(s), tb_registry_count(s->registry));
    tb_io_run(s->io);
    return TB_OK;
}

/* The order matters: whoever may still call back goes before whom he calls. */
void tb_server_free(tb_server *s) {
    if (!s) return;
    s->closing = true;
    tb_io_timer_free(s->alive);
    if (s->timers) tb_timers_stop(s->timers);
    tb_outbox_stop(s->outbox);
    tb_io_worker_free(s->compiler); /* finishes a compile; its load may still commit */
    tb__logins_stop(s);
    tb_store_close(s->store);
    tb_commit_free(s->commit);
    tb__loads_free(s);
    tb_http_server_free(s->http);
    tb_timers_free(s->timers);
    tb_feed_free(s->feed);
    tb_outbox_free(s->outbox);
    tb_cases_free(s->cases);
    tb_registry_free(s->registry);
    tb__logins_free(s);
    tb_accounts_free(s->accounts);
    if (s->own_io) tb_io_free(s->io);
    free(s);
}
