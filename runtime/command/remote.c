/* See remote.h. */
#include "remote.h"
#include "../client.h"
#include "calendar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool tb__has_token(void) {
    const char *token = getenv("TONGBAN_TOKEN");
    return token && *token;
}

static const char *server_of(const tb_line *line) {
    const char *given = tb_line_value(line, "server"), *env = getenv("TONGBAN_SERVER");
    return given ? given : env && *env ? env : "http://127.0.0.1:8420";
}

int tb__remote_quiet(tb_line *line, const char *method, tb_str path, tb_str body, const tb_json **answer, int *status,
                     tb_str *text) {
    char error[TB_CLIENT_ERROR], *response = NULL;
    size_t n = 0, where;
    const char *why;
    *answer = NULL;
    *text = TB_NONE;
    tb_client *client = tb_client_new(server_of(line), error);
    if (!client) return tb_line_error(line, "%s", "%s", error);
    if (line->lang == TB_LANG_EN) tb_client_english(client);
    if (tb__has_token()) tb_client_token(client, getenv("TONGBAN_TOKEN"));
    int rc = tb_client_request(client, method, tb_str_copy(line->arena, path).p, body.n ? body.p : NULL, body.n, status,
                               &response, &n, error);
    tb_client_free(client);
    if (rc != TB_OK) return tb_line_error(line, "%s", "%s", error);
    if (n > UINT32_MAX) return free(response), tb_line_error(line, "回答过大", "the answer is too large");
    char *kept = malloc(n + 1); /* not lost when the arena runs out: the process ends then */
    if (kept) memcpy(kept, response, n + 1);
    free(response);
    if (!kept) return tb_line_error(line, "内存不足", "out of memory");
    *text = tb_str_copy(line->arena, (tb_str){kept, (uint32_t)n});
    free(kept);
    *answer = tb_json_read(line->arena, *text, &why, &where);
    return *status >= 500 ? TB_EXIT_FAILED : *status >= 400 ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

void tb__remote_refused(tb_line *line, const tb_json *answer, int status) {
    const tb_json *e = tb_json_get(answer, "error");
    tb_str message = tb__text_of(e, "message"), file = tb__text_of(e, "file");
    if (!e) {
        tb_line_error(line, "服务器回答 %d，但没有说明", "the server answered %d without saying why", status);
        return;
    }
    tb_line_error(line, "%.*s（%.*s）", "%.*s (%.*s)", TB_FMT(message), TB_FMT(tb__text_of(e, "code")));
    if (file.n)
        fprintf(stderr, tb_line_say(line, "  依据：%.*s:%lld\n", "  decided by: %.*s:%lld\n"), TB_FMT(file),
                (long long)tb_json_number(e, "line", 0));
}

int tb__remote(tb_line *line, const char *method, tb_str path, tb_str body, const tb_json **answer) {
    int status = 0;
    tb_str text;
    int code = tb__remote_quiet(line, method, path, body, answer, &status, &text);
    if (!text.n) return code;
    if (line->json) {
        tb_putstr(&line->out, text);
        if (!tb_str_ends(text, "\n")) tb_puts(&line->out, "\n");
    } else if (code != TB_EXIT_CLEAN) {
        tb__remote_refused(line, *answer, status);
    } else if (!*answer) {
        return tb_line_error(line, "看不懂服务器的回答；这个地址是通办服务器吗？",
                             "cannot read the answer; is this a tongban server?");
    }
    return code;
}

void tb__put_encoded(tb_line *line, tb_buf *path, const char *text) {
    size_t n = strlen(text);
    char *out = tb_alloc(line->arena, 3 * n + 1);
    char *end = tb_client_encode(out, text, n);
    tb_put(path, out, (size_t)(end - out));
}

void tb__put_parameter(tb_line *line, tb_buf *path, const char *name, const char *flag) {
    const char *value = tb_line_value(line, flag);
    if (!value) return;
    tb_putf(path, "%s%s=", memchr(path->p, '?', path->n) ? "&" : "?", name);
    tb__put_encoded(line, path, value);
}

void tb__put_switch(tb_line *line, tb_buf *path, const char *flag) {
    if (tb_line_has(line, flag)) tb_putf(path, "%s%s=true", memchr(path->p, '?', path->n) ? "&" : "?", flag);
}

void tb__tell_next(tb_line *line, const tb_json *answer) {
    tb_str next = tb__text_of(answer, "next");
    if (next.n)
        tb_putf(&line->out, tb_line_say(line, "还有更多：加 --after %.*s\n", "there is more: add --after %.*s\n"),
                TB_FMT(next));
}

tb_str tb__request_key(tb_line *line, bool *fresh) {
    const char *given = tb_line_value(line, "request");
    uint64_t chance[2] = {0, 0};
    *fresh = !given;
    if (given) return tb_str_z(given);
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        tb_line_error(line, "系统没有随机数", "the system gives no random numbers");
    return tb_str_printf(line->arena, "r-%016llx%016llx", (unsigned long long)chance[0], (unsigned long long)chance[1]);
}

void tb__put_by(tb_line *line, tb_buf *body) {
    static const char *const members[] = {"person", "post", "place", "for"};
    bool any = false;
    tb_puts(body, "\"by\":{");
    for (int i = 0; i < 4; i++) {
        const char *value = tb_line_value(line, members[i]);
        if (!value) continue;
        tb_putf(body, "%s\"%s\":", any ? "," : "", members[i]);
        tb_json_put_text(body, tb_str_z(value));
        any = true;
    }
    tb_puts(body, "}");
}

tb_json tb__typed_value(tb_line *line, tb_str text) {
    const char *why;
    size_t where;
    bool json = text.n && (strchr("{[\"", text.p[0]) || tb_str_is(text, "true") || tb_str_is(text, "false"));
    const tb_json *v = json ? tb_json_read(line->arena, text, &why, &where) : NULL;
    return v ? *v : tb_json_of_text(text);
}

bool tb__name_value(tb_line *line, const char *flag, const char *given, tb_str *name, tb_str *value) {
    const char *equals = strchr(given, '=');
    if (!equals || equals == given) {
        tb_line_error(line, "--%s 要写成 名=值，不是“%s”", "--%s takes NAME=VALUE, not \"%s\"", flag, given);
        return false;
    }
    *name = (tb_str){given, (uint32_t)(equals - given)};
    *value = tb_str_z(equals + 1);
    return true;
}

/* ---- reading answers ---- */

tb_str tb__text_of(const tb_json *object, const char *key) { return object ? tb_json_text(object, key) : TB_NONE; }

tb_str tb__list_of(tb_line *line, const tb_json *object, const char *key) {
    const tb_json *list = object ? tb_json_get(object, key) : NULL;
    tb_buf b;
    tb_buf_init(&b, line->arena);
    for (uint32_t i = 0; list && list->kind == TB_JSON_ARRAY && i < list->count; i++) {
        if (i) tb_puts(&b, "、");
        tb_putstr(&b, list->items[i].text);
    }
    return tb_buf_str(&b);
}

tb_str tb__short_time(tb_line *line, tb_str t) {
    return t.n < 16 ? t : tb_str_printf(line->arena, "%.10s %.5s", t.p, t.p + 11);
}

tb_str tb__due_time(tb_line *line, tb_str t) {
    char day[TB_DAY_TEXT];
    int64_t at;
    if (t.n < 16 || memcmp(t.p + 10, "T00:00", 6) != 0 || !tb_time_parse(t, &at)) return tb__short_time(line, t);
    return tb_str_printf(line->arena, "%s 24:00", tb_day_text(tb_day_of(at) - 1, day));
}

/* ---- telling ---- */

static void tell_steps(tb_line *line, const tb_json *answer) {
    const tb_json *steps = tb_json_get(answer, "steps");
    for (uint32_t i = 0; steps && i < steps->count; i++) {
        const tb_json *s = &steps->items[i];
        tb_str due = tb__text_of(s, "due"), posts = tb__list_of(line, s, "posts"),
               places = tb__list_of(line, s, "places");
        tb_putf(&line->out, tb_line_say(line, "  在办 %.*s，由 %.*s", "  now at %.*s, by %.*s"),
                TB_FMT(tb__text_of(s, "name")), TB_FMT(posts));
        if (places.n) tb_putf(&line->out, "（%.*s）", TB_FMT(places));
        tb_str holder = tb__text_of(s, "holder");
        if (holder.n) tb_putf(&line->out, tb_line_say(line, "，%.*s 签收", ", claimed by %.*s"), TB_FMT(holder));
        if (due.n)
            tb_putf(&line->out, tb_line_say(line, "，期限到 %.*s", ", due %.*s"), TB_FMT(tb__due_time(line, due)));
        tb_puts(&line->out, "\n");
    }
}

void tb__tell_answer(tb_line *line, const tb_json *answer) {
    tb_str outcome = tb__text_of(answer, "outcome");
    const tb_json *documents = tb_json_get(answer, "documents");
    tb_putf(&line->out, tb_line_say(line, "%s办件 %.*s%s，第 %lld 步，%.*s\n", "%scase %.*s%s, seq %lld, %.*s\n"),
            tb_ink(line, TB_INK_BOLD), TB_FMT(tb__text_of(answer, "id")), tb_ink(line, TB_INK_OFF),
            (long long)tb_json_number(answer, "seq", 0), TB_FMT(tb__short_time(line, tb__text_of(answer, "at"))));
    for (uint32_t i = 0; documents && i < documents->count; i++)
        tb_putf(&line->out, tb_line_say(line, "  出具 %.*s（%.*s）\n", "  issued %.*s (%.*s)\n"),
                TB_FMT(tb__text_of(&documents->items[i], "name")), TB_FMT(tb__text_of(&documents->items[i], "number")));
    if (outcome.n)
        tb_putf(&line->out, tb_line_say(line, "  %s办结 %.*s%s\n", "  %sclosed: %.*s%s\n"), tb_ink(line, TB_INK_GREEN),
                TB_FMT(outcome), tb_ink(line, TB_INK_OFF));
    tell_steps(line, answer);
}
