/* See workspace.h. */
#include "workspace.h"
#include "digest.h"
#include <string.h>
#include <sys/stat.h>

/* 组织/ and 日历/ of the root above `path`, when they exist. Two roots at once would mix two directories: refused. */
static int add_context(tb_line *line, tb_workspace *w, const char *path) {
    static const char *const parts[] = {"组织", "日历"};
    tb_str root = tb_rules_root(line->arena, path);
    if (root.n == 0) return TB_OK;
    if (w->root.n && !tb_str_eq(w->root, root)) {
        tb_line_error(line, "%s 和 %s 是两个规则目录，各有组织和日历，请分开运行",
                      "%s and %s are two rules directories; run them one at a time", w->root.p, root.p);
        return TB_FAILED;
    }
    w->root = root;
    for (int i = 0; i < 2; i++) {
        struct stat st;
        tb_str directory = tb_path_under(line->arena, root, tb_str_z(parts[i]));
        if (stat(directory.p, &st) != 0) continue;
        uint32_t before = w->files.list.count;
        if (tb_files_add(line->arena, &w->files, directory.p, line->lang) != TB_OK && w->files.list.count != before) {
            tb_line_error(line, "%s", "%s", w->files.error);
            return TB_FAILED;
        }
    }
    return TB_OK;
}

int tb__workspace_read(tb_line *line, tb_workspace *w) {
    *w = (tb_workspace){.resolver = {.arena = line->arena, .lang = line->lang}};
    for (int i = 0; i < line->count; i++) {
        if (tb_files_add(line->arena, &w->files, line->args[i], line->lang) == TB_OK) continue;
        tb_line_error(line, "%s", "%s", w->files.error);
        return TB_FAILED;
    }
    w->named = w->files.list.count;
    return TB_OK;
}

int tb__workspace_open(tb_line *line, tb_workspace *w) {
    if (tb__workspace_read(line, w)) return TB_FAILED;
    for (int i = 0; i < line->count; i++)
        if (add_context(line, w, line->args[i])) return TB_FAILED;
    uint32_t n = w->files.list.count;
    tb_str *paths = TB_NEW_ARRAY(line->arena, n, tb_str), *texts = TB_NEW_ARRAY(line->arena, n, tb_str);
    for (uint32_t i = 0; i < n; i++) {
        paths[i] = w->files.list.items[i].path;
        texts[i] = w->files.list.items[i].text;
    }
    tb_compile_input in = {
        .paths = paths, .texts = texts, .count = n, .resolve = tb_resolve_on_disk, .user = &w->resolver, .sm3 = tb_sm3, .lang = line->lang};
    int r = tb_compile(line->arena, &in, &w->rules);
    if (r == TB_OK) return TB_OK;
    if (r == TB_LIMIT)
        tb_line_error(line, "规则超过了编译的上限（文件 %d 个，每个 8 MiB）",
                      "the rules exceed a limit of the compiler (%d files of 8 MiB)", TB_SOURCE_FILES);
    else tb_line_error(line, "编译时内存不足", "out of memory while compiling");
    return TB_FAILED;
}

bool tb__workspace_tell(tb_line *line, const tb_workspace *w) {
    if (!line->json)
        tb_diagnostics_print(&line->out, &w->rules->sources, &w->rules->diagnostics, line->lang, line->colour);
    return w->rules->diagnostics.errors != 0;
}

bool tb__workspace_names(const tb_workspace *w, const tb_program *p) {
    tb_str path = p->sources->list.items[p->span.file].path;
    for (uint32_t i = 0; i < w->named; i++)
        if (tb_str_eq(w->files.list.items[i].path, path)) return true;
    return false;
}

tb_str tb__workspace_matters(tb_line *line, const tb_workspace *w) {
    tb_buf b;
    tb_buf_init(&b, line->arena);
    for (uint32_t i = 0; i < w->rules->programs.count; i++)
        tb_putf(&b, "%s%.*s", i ? line->lang == TB_LANG_EN ? ", " : "、" : "",
                TB_FMT(w->rules->programs.items[i]->matter));
    return tb_buf_str(&b);
}
