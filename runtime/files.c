/* Rules on disk: see files.h. Everything a path can be is asked of the system by opening it, never by looking first,
 * so that what is read is what was judged. */
#include "files.h"
#include "canonical.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(tb_files *files, enum tb_lang lang, int result, const char *path, const char *zh, const char *en) {
    snprintf(files->error, sizeof files->error, "%s：%s", path, lang == TB_LANG_EN ? en : zh);
    if (lang == TB_LANG_EN) snprintf(files->error, sizeof files->error, "%s: %s", path, en);
    return result;
}

static int fail_errno(tb_files *files, enum tb_lang lang, const char *path, int error) {
    switch (error) {
    case ENOENT:
        return fail(files, lang, TB_FAILED, path, "没有这个文件或目录。请检查路径",
                    "no such file or directory; check the path");
    case EACCES: return fail(files, lang, TB_FAILED, path, "没有权限读取", "permission denied");
    case ENOTDIR:
        return fail(files, lang, TB_FAILED, path, "路径中有一段不是目录", "a part of the path is not a directory");
    case ELOOP: return fail(files, lang, TB_FAILED, path, "符号链接绕成了圈", "too many symbolic links");
    default: return fail(files, lang, TB_FAILED, path, strerror(error), strerror(error));
    }
}

const tb_file *tb_files_find(const tb_files *files, tb_str path) {
    for (uint32_t i = 0; i < files->list.count; i++)
        if (tb_str_eq(files->list.items[i].path, path)) return &files->list.items[i];
    return NULL;
}

/* ---- one file ---- */

static int read_all(int fd, char *p, size_t n, size_t *got) {
    for (*got = 0; *got < n;) {
        ssize_t k = read(fd, p + *got, n - *got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return errno;
        if (k == 0) break;
        *got += (size_t)k;
    }
    return 0;
}

static int check_text(tb_files *files, enum tb_lang lang, const char *path, tb_str text) {
    size_t where = 0;
    if (tb_valid_utf8(text, &where)) return TB_OK;
    int line = 1;
    for (size_t i = 0; i < where; i++) line += text.p[i] == '\n';
    char zh[160], en[160];
    snprintf(zh, sizeof zh, "第 %d 行不是 UTF-8（第 %zu 字节）。请用编辑器另存为 UTF-8 编码", line, where + 1);
    snprintf(en, sizeof en, "line %d is not UTF-8 (byte %zu); save the file as UTF-8", line, where + 1);
    return fail(files, lang, TB_FAILED, path, zh, en);
}

static int add_open_file(tb_arena *a, tb_files *files, const char *path, int fd, off_t size, enum tb_lang lang) {
    if (size > TB_SOURCE_BYTES)
        return fail(files, lang, TB_FAILED, path, "文件超过 8 MiB，不像是规则",
                    "the file is larger than 8 MiB, which no rules file is");
    char *p = tb_alloc(a, (size_t)size + 1);
    size_t n;
    int error = read_all(fd, p, (size_t)size, &n);
    if (error) return fail_errno(files, lang, path, error);
    tb_str text = {p, (uint32_t)n};
    if (check_text(files, lang, path, text)) return TB_FAILED;
    if (files->list.count == TB_SOURCE_FILES)
        return fail(files, lang, TB_LIMIT, path, "一次最多读 4096 个文件", "at most 4096 files are read at a time");
    *TB_PUSH(a, files->list) = (tb_file){tb_str_copy(a, tb_str_z(path)), text};
    return TB_OK;
}

/* ---- a tree ---- */

static int by_name(const void *x, const void *y) { return strcmp(*(char *const *)x, *(char *const *)y); }

static int add_path(tb_arena *a, tb_files *files, const char *path, int depth, enum tb_lang lang);

static bool wanted(const struct dirent *e, int fd) {
    size_t n = strlen(e->d_name);
    if (e->d_name[0] == '.') return false;
    if (n > 3 && strcmp(e->d_name + n - 3, ".tb") == 0) return true;
    struct stat st;
    return fstatat(fd, e->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static int add_directory(tb_arena *a, tb_files *files, const char *path, int fd, int depth, enum tb_lang lang) {
    if (depth == TB_FILES_DEPTH)
        return close(fd), fail(files, lang, TB_FAILED, path, "目录套得太深（最多 16 层；是否有循环的链接？）",
                               "directories nest too deep (16 at most; a loop of links?)");
    DIR *d = fdopendir(fd);
    if (!d) return close(fd), fail_errno(files, lang, path, errno);
    TB_LIST(char *) names = {0};
    for (struct dirent *e; (e = readdir(d));)
        if (wanted(e, dirfd(d))) *TB_PUSH(a, names) = (char *)tb_path_under(a, tb_str_z(path), tb_str_z(e->d_name)).p;
    closedir(d);
    if (names.count) qsort(names.items, names.count, sizeof *names.items, by_name);
    for (uint32_t i = 0; i < names.count; i++) {
        int r = add_path(a, files, names.items[i], depth + 1, lang);
        if (r) return r;
    }
    return TB_OK;
}

static int add_path(tb_arena *a, tb_files *files, const char *path, int depth, enum tb_lang lang) {
    if (tb_files_find(files, tb_str_z(path))) return TB_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0) return fail_errno(files, lang, path, errno);
    if (fstat(fd, &st) != 0) return close(fd), fail_errno(files, lang, path, errno);
    if (S_ISDIR(st.st_mode)) return add_directory(a, files, path, fd, depth, lang);
    int r = S_ISREG(st.st_mode) ? add_open_file(a, files, path, fd, st.st_size, lang)
                                : fail(files, lang, TB_FAILED, path, "不是普通文件", "not a regular file");
    close(fd);
    return r;
}

int tb_files_add(tb_arena *a, tb_files *files, const char *path, enum tb_lang lang) {
    tb_str clean = tb_str_copy(a, tb_str_z(path));
    while (clean.n > 1 && clean.p[clean.n - 1] == '/') ((char *)clean.p)[--clean.n] = '\0';
    uint32_t before = files->list.count;
    if (clean.n == 0) return fail(files, lang, TB_FAILED, "“”", "路径是空的", "the path is empty");
    if (tb_files_find(files, clean)) return TB_OK;
    int r = add_path(a, files, clean.p, 0, lang);
    if (r == TB_OK && files->list.count == before)
        r = fail(files, lang, TB_FAILED, clean.p, "目录里没有 .tb 文件", "there is no .tb file in this directory");
    return r;
}

/* ---- paths ---- */

tb_str tb_path_under(tb_arena *a, tb_str directory, tb_str name) {
    if (directory.n == 0 || tb_str_is(directory, ".")) return tb_str_copy(a, name);
    const char *slash = tb_str_ends(directory, "/") ? "" : "/";
    return tb_str_printf(a, "%.*s%s%.*s", TB_FMT(directory), slash, TB_FMT(name));
}

tb_str tb_path_directory(tb_str path) {
    uint32_t n = path.n;
    while (n && path.p[n - 1] != '/') n--;
    if (n == 0) return TB_STR(".");
    while (n > 1 && path.p[n - 1] == '/') n--;
    return (tb_str){path.p, n};
}

tb_str tb_path_below(tb_str root, tb_str path) {
    if (tb_str_is(root, ".") || root.n == 0) return path;
    if (path.n <= root.n + 1 || memcmp(path.p, root.p, root.n) != 0 || path.p[root.n] != '/') return path;
    return (tb_str){path.p + root.n + 1, path.n - root.n - 1};
}

static bool is_directory(tb_arena *a, tb_str parent, const char *name) {
    struct stat st;
    return stat(tb_path_under(a, parent, tb_str_z(name)).p, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_root(tb_arena *a, tb_str directory) {
    return is_directory(a, directory, "组织") || is_directory(a, directory, "日历");
}

/* First upwards through the path as written, so that messages keep the user's own words; then above where it begins. */
tb_str tb_rules_root(tb_arena *a, const char *path) {
    tb_str at = tb_str_copy(a, tb_str_z(path));
    while (at.n > 1 && at.p[at.n - 1] == '/') ((char *)at.p)[--at.n] = '\0';
    for (tb_str up = at;;) {
        if (is_root(a, tb_str_copy(a, up))) return tb_str_copy(a, up);
        tb_str next = tb_path_directory(up);
        if (tb_str_eq(next, up)) break;
        up = next;
    }
    char whole[PATH_MAX];
    if (at.p[0] == '/' || !realpath(at.p, whole)) return (tb_str){"", 0};
    for (tb_str up = tb_str_copy(a, tb_str_z(whole)); up.n > 1; up = tb_path_directory(up))
        if (is_root(a, tb_str_copy(a, up))) return tb_str_copy(a, up);
    return (tb_str){"", 0};
}

/* ---- references ---- */

/* A reference never leaves the rules by an absolute path: the same text must mean the same file on a server. */
bool tb_resolve_on_disk(void *resolver, tb_str from, tb_str path, tb_str *found_path, tb_str *text) {
    tb_resolver *r = resolver;
    if (path.n == 0 || path.p[0] == '/') return false;
    tb_str root = tb_rules_root(r->arena, tb_str_copy(r->arena, from).p);
    tb_str places[2] = {root, tb_path_directory(from)};
    for (int i = root.n ? 0 : 1; i < 2; i++) {
        tb_str candidate = tb_path_under(r->arena, places[i], path);
        const tb_file *f = tb_files_find(&r->read, candidate);
        if (!f && access(candidate.p, F_OK) == 0 &&
            add_path(r->arena, &r->read, candidate.p, TB_FILES_DEPTH, r->lang) == TB_OK)
            f = tb_files_find(&r->read, candidate);
        if (!f) continue;
        *found_path = f->path;
        *text = f->text;
        return true;
    }
    return false;
}

/* ---- writing ---- */

static bool write_all(int fd, tb_str text) {
    for (uint32_t n = 0; n < text.n;) {
        ssize_t k = write(fd, text.p + n, text.n - n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return false;
        n += (uint32_t)k;
    }
    return fsync(fd) == 0;
}

bool tb_file_write(tb_arena *a, const char *path, tb_str text) {
    struct stat st;
    char whole[PATH_MAX];
    if (!realpath(path, whole) || stat(whole, &st) != 0)
        return false; /* through a link: the file it means is replaced */
    tb_str beside = tb_str_printf(a, "%s.XXXXXX", whole);
    int fd = mkstemp((char *)beside.p);
    if (fd < 0) return false;
    bool ok = write_all(fd, text) && fchmod(fd, st.st_mode & 07777) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) ok = false, error = errno;
    if (ok && rename(beside.p, whole) == 0) return true;
    if (ok) error = errno;
    unlink(beside.p);
    errno = error;
    return false;
}

bool tb_file_create(const char *path, tb_str text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool ok = write_all(fd, text);
    int error = errno;
    if (close(fd) != 0 && ok) ok = false, error = errno;
    if (ok) return true;
    unlink(path);
    errno = error;
    return false;
}
