/* tongban load: rules into a running server. Sends the named files and the laws they refer to; the server compiles,
 * and answers what became active or why nothing did. Running cases stay on their version. */
#include "../digest.h"
#include "remote.h"
#include "workspace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The named files, then what 引用 pulls in (compiling finds it; errors are the server's to judge). */
static int collect(tb_line *line, tb_workspace *w) {
    if (tb__workspace_read(line, w)) return TB_FAILED;
    w->root = tb_rules_root(line->arena, line->args[0]);
    uint32_t n = w->named;
    tb_str *paths = TB_NEW_ARRAY(line->arena, n, tb_str), *texts = TB_NEW_ARRAY(line->arena, n, tb_str);
    for (uint32_t i = 0; i < n; i++) paths[i] = w->files.list.items[i].path, texts[i] = w->files.list.items[i].text;
    tb_compile_input in = {
        .paths = paths, .texts = texts, .count = n, .resolve = tb_resolve_on_disk, .user = &w->resolver, .sm3 = tb_sm3};
    if (tb_compile(line->arena, &in, &w->rules) != TB_OK)
        return tb_line_error(line, "内存不足", "out of memory"), TB_FAILED;
    for (uint32_t i = 0; i < w->resolver.read.list.count; i++) {
        const tb_file *f = &w->resolver.read.list.items[i];
        if (!tb_files_find(&w->files, f->path)) *TB_PUSH(line->arena, w->files.list) = *f;
    }
    return TB_OK;
}

static tb_str body_of(tb_line *line, const tb_workspace *w, tb_str request) {
    tb_buf b;
    const char *by = tb_line_value(line, "by"), *login = getenv("USER");
    tb_buf_init(&b, line->arena);
    tb_puts(&b, "{\"by\":");
    tb_json_put_text(&b, tb_str_z(by ? by : tb__has_token() ? "" : login && *login ? login : "tongban load")); /* a token says who */
    if (tb_line_has(line, "accept-pending")) tb_puts(&b, ",\"accept_pending\":true");
    if (tb_line_has(line, "accept-unproved")) tb_puts(&b, ",\"accept_unproved\":true");
    if (tb_line_has(line, "accept-impossible")) tb_puts(&b, ",\"accept_impossible\":true");
    tb_puts(&b, ",\"request\":");
    tb_json_put_text(&b, request);
    tb_puts(&b, ",\"files\":{");
    for (uint32_t i = 0; i < w->files.list.count; i++) {
        if (i) tb_puts(&b, ",");
        tb_json_put_text(&b, tb_path_below(w->root, w->files.list.items[i].path));
        tb_puts(&b, ":");
        tb_json_put_text(&b, w->files.list.items[i].text);
    }
    tb_puts(&b, "}}");
    return tb_buf_str(&b);
}

/* One diagnostic of the server's, with the line and a caret from the file here. */
static void tell_diagnostic(tb_line *line, const tb_workspace *w, const tb_json *d) {
    tb_str path = tb__text_of(d, "file"), hint = tb__text_of(d, "hint");
    int64_t number = tb_json_number(d, "line", 0), column = tb_json_number(d, "column", 0);
    fprintf(stderr, "%.*s:%lld:%lld: %.*s\n", TB_FMT(path), (long long)number, (long long)column,
            TB_FMT(tb__text_of(d, "message")));
    for (uint32_t i = 0; i < w->files.list.count; i++) {
        const tb_file *f = &w->files.list.items[i];
        if (!tb_str_eq(tb_path_below(w->root, f->path), path)) continue;
        tb_sources sources = {0};
        uint32_t file = tb_source_add(line->arena, &sources, f->path, f->text);
        if (number < 1 || number > sources.list.items[file].lines) break;
        tb_str text = tb_source_line(&sources.list.items[file], (uint32_t)number);
        uint32_t bytes = 0;
        for (int64_t point = 1; bytes < text.n && point < column; point++) do
                bytes++;
            while (bytes < text.n && (text.p[bytes] & 0xC0) == 0x80);
        fprintf(stderr, "  %.*s\n  %*s^\n", TB_FMT(text), (int)tb_cells((tb_str){text.p, bytes}), "");
        break;
    }
    if (hint.n) fprintf(stderr, "  %.*s\n", TB_FMT(hint));
}

static void tell_impossible(const tb_json *list) {
    for (uint32_t i = 0; list && i < list->count; i++) {
        const tb_json *x = &list->items[i];
        fprintf(stderr, "  %.*s %.*s: %.*s:%lld: %.*s %.*s\n", TB_FMT(tb__text_of(x, "matter")), TB_FMT(tb__text_of(x, "version")),
                TB_FMT(tb__text_of(x, "file")), (long long)tb_json_number(x, "line", 0), TB_FMT(tb__text_of(x, "code")), TB_FMT(tb__text_of(x, "what")));
    }
}

static void tell_refused(tb_line *line, const tb_workspace *w, const tb_json *answer, int status) {
    const tb_json *detail = tb_json_get(tb_json_get(answer, "error"), "detail"),
                  *list = tb_json_get(detail, "diagnostics");
    tb__remote_refused(line, answer, status);
    for (uint32_t i = 0; list && i < list->count; i++) tell_diagnostic(line, w, &list->items[i]);
    list = tb_json_get(detail, "pending");
    for (uint32_t i = 0; list && i < list->count; i++)
        fprintf(stderr, "  %.*s:%lld  %.*s\n", TB_FMT(tb__text_of(&list->items[i], "file")),
                (long long)tb_json_number(&list->items[i], "line", 0), TB_FMT(tb__text_of(&list->items[i], "text")));
    if (list)
        fputs(tb_line_say(line, "确认要先行启用的：加 --accept-pending --by 姓名，由署名人负责\n",
                          "to activate all the same, on record: --accept-pending --by NAME\n"),
              stderr);
    list = tb_json_get(detail, "impossible");
    tell_impossible(list);
    if (list)
        fputs(tb_line_say(line, "确认要启用的：加 --accept-impossible --by 姓名，由署名人负责\n",
                          "to activate all the same, on record: --accept-impossible --by NAME\n"),
              stderr);
    list = tb_json_get(detail, "unproved");
    for (uint32_t i = 0; list && i < list->count; i++)
        fprintf(stderr, "  %.*s %.*s: %.*s\n", TB_FMT(tb__text_of(&list->items[i], "matter")),
                TB_FMT(tb__text_of(&list->items[i], "version")), TB_FMT(tb__text_of(&list->items[i], "what")));
    if (list)
        fputs(tb_line_say(line, "确认要启用的：加 --accept-unproved --by 姓名，由署名人负责\n",
                          "to activate all the same, on record: --accept-unproved --by NAME\n"),
              stderr);
}

static void tell_loaded(tb_line *line, const tb_json *answer) {
    const tb_json *versions = tb_json_get(answer, "versions");
    bool world = tb_str_is(tb__text_of(tb_json_get(answer, "world"), "status"), "new");
    for (uint32_t i = 0; versions && i < versions->count; i++) {
        const tb_json *v = &versions->items[i];
        bool fresh = tb_str_is(tb__text_of(v, "status"), "new");
        tb_putf(&line->out, tb_line_say(line, "%s %.*s %.*s，%.*s 起生效\n", "%s %.*s %.*s, in force from %.*s\n"),
                tb_line_say(line, fresh ? "已装载" : "无变化", fresh ? "loaded" : "unchanged"),
                TB_FMT(tb__text_of(v, "matter")), TB_FMT(tb__text_of(v, "version")),
                TB_FMT(tb__text_of(v, "effective")));
    }
    if (world)
        tb_puts(&line->out, tb_line_say(line, "组织和日历已更新\n", "organs and calendars updated\n"));
    const tb_json *behind = tb_json_get(answer, "behind");
    if (tb_json_number(answer, "sources", 0) > 0)
        tb_putf(&line->out, tb_line_say(line, "收下 %lld 个备引用的文件\n", "kept %lld files for reference\n"),
                (long long)tb_json_number(answer, "sources", 0));
    for (uint32_t i = 0; behind && i < behind->count; i++)
        tb_putf(
            &line->out,
            tb_line_say(line, "注意：%.*s %.*s 仍用 %.*s 原来的文本；要用新的，请给它另起版本号一并装载\n",
                        "note: %.*s %.*s still rests on the earlier text of %.*s; load it anew, under a new version, "
                        "to use this one\n"),
            TB_FMT(tb__text_of(&behind->items[i], "matter")), TB_FMT(tb__text_of(&behind->items[i], "version")),
            TB_FMT(tb__text_of(&behind->items[i], "file")));
    if ((!versions || !versions->count) && !world && !tb_json_number(answer, "sources", 0))
        tb_puts(&line->out, tb_line_say(line, "没有变化\n", "nothing changed\n"));
}

enum { SHOWN = 20, LOOK_MS = 100, PATIENCE_MS = 30000 };

static const tb_json *ask_changes(tb_line *line, int64_t leaf, int limit, tb_str after) {
    const tb_json *answer;
    tb_str path = tb_str_printf(line->arena, "/v1/loads/%lld/changes?limit=%d&after=%.*s", (long long)leaf, limit, TB_FMT(after));
    return tb__remote(line, "GET", path, TB_NONE, &answer) == TB_EXIT_CLEAN ? answer : NULL;
}

static void tell_change(tb_line *line, const tb_json *x) {
    const tb_json *from = tb_json_get(x, "from"), *to = tb_json_get(x, "to");
    const char *bound = tb_line_say(line, "不早于 ", "not before ");
    tb_putf(&line->out, "  %.*s  %.*s  %s%.*s → %s%.*s\n", TB_FMT(tb__text_of(x, "case")), TB_FMT(tb__text_of(x, "clock")),
            tb_str_is(tb__text_of(from, "kind"), "not-before") ? bound : "", TB_FMT(tb__due_time(line, tb__text_of(from, "at"))),
            tb_str_is(tb__text_of(to, "kind"), "not-before") ? bound : "", TB_FMT(tb__due_time(line, tb__text_of(to, "at"))));
}

/* Which due dates of open cases the load moved: the first few, and how many. The server goes over all of them beside its work. */
static int tell_changes(tb_line *line, int64_t leaf) {
    const tb_json *page = NULL;
    uint64_t n = 0;
    tb_str after = TB_NONE;
    for (int waited = 0;; waited += LOOK_MS) {
        if (!(page = ask_changes(line, leaf, 1, after))) return TB_EXIT_FAILED;
        if (tb_json_get(page, "complete")->kind == TB_JSON_TRUE) break;
        if (waited >= PATIENCE_MS) {
            tb_putf(&line->out,
                    tb_line_say(line, "到期日还在逐件重算；变动见 GET /v1/loads/%lld/changes\n",
                                "due dates are still being derived; GET /v1/loads/%lld/changes lists what moved\n"),
                    (long long)leaf);
            return TB_EXIT_CLEAN;
        }
        nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
    }
    do {
        if (!(page = ask_changes(line, leaf, 1000, after))) return TB_EXIT_FAILED;
        const tb_json *list = tb_json_get(page, "changes");
        for (uint32_t i = 0; i < list->count; i++, n++)
            if (n < SHOWN) tell_change(line, &list->items[i]);
        after = tb__text_of(page, "next");
    } while (after.n);
    tb_putf(&line->out, tb_line_say(line, "未结办件的到期日变动 %llu 处", "%llu due dates of open cases moved"), (unsigned long long)n);
    if (n > SHOWN)
        tb_putf(&line->out, tb_line_say(line, "，以上是前 %d 处，全部见 GET /v1/loads/%lld/changes", ", the first %d above; GET /v1/loads/%lld/changes has all"),
                SHOWN, (long long)leaf);
    tb_puts(&line->out, "\n");
    return TB_EXIT_CLEAN;
}

static int run(tb_line *line) {
    tb_workspace w;
    bool fresh;
    int status = 0;
    tb_str text;
    const tb_json *answer;
    if (collect(line, &w)) return TB_EXIT_FAILED;
    int code = tb__remote_quiet(line, "POST", TB_STR("/v1/loads"), body_of(line, &w, tb__request_key(line, &fresh)),
                                &answer, &status, &text);
    if (!text.n) return code;
    if (line->json) tb_putstr(&line->out, text), tb_puts(&line->out, "\n");
    else if (code == TB_EXIT_CLEAN) {
        const tb_json *world = tb_json_get(answer, "world");
        tell_loaded(line, answer);
        if (tb_str_is(tb__text_of(world, "status"), "new")) code = tell_changes(line, tb_json_number(world, "leaf", 0));
    }
    else tell_refused(line, &w, answer, status);
    return code;
}

static const tb_flag flags[] = {
    {"by", "姓名", "由谁装载，记录在案", "who loads, on record"},
    {"accept-pending", NULL, "有待核条款也启用，由署名人负责", "activate although clauses are still 待核, on record"},
    {"accept-unproved", NULL, "有没有证明完的事项也启用，由署名人负责",
     "activate although something is not proved, on record"},
    {"accept-impossible", NULL, "有已装载的事项照新的组织没法办也启用，由署名人负责",
     "activate although a loaded matter cannot be done with the new 组织, on record"},
    TB_REQUEST_FLAG,
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_load = {
    .name = "load",
    .arguments = "文件|目录… [--by 姓名] [--accept-pending] [--accept-unproved] [--accept-impossible]",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "把规则装载进运行中的服务器",
    .en = "load rules into a running server",
    .more_zh = "有错误则整批不装载，什么也不变；在办的办件留在原来的版本上。",
    .more_en = "Rules with errors change nothing; running cases stay on their version.",
};
