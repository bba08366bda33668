/* Files of rules on disk: one file, or every .tb below a directory, in a fixed order; and where a file's rules root is.
 *
 * Why here and not in the compiler: the compiler is pure and sees texts. What can be wrong with a path (no such file,
 * a directory where a file was meant, not UTF-8, too large, too deep) is said here, once, in words that tell what to
 * do.
 *
 * A rules root is a directory that holds 组织/ or 日历/ (layout: DESIGN §6). References (引用) and the paths sent to a
 * server are relative to it, so that `tongban check rules/事项/X.tb` finds the same laws, calendars and directory as a
 * server does. */
#ifndef TB_FILES_H
#define TB_FILES_H
#include "diagnostic.h"

enum { TB_FILES_DEPTH = 16 /* of directories */, TB_FILE_PATH = 4096 };

typedef struct tb_file {
    tb_str path; /* as a user would write it */
    tb_str text; /* valid UTF-8 */
} tb_file;

typedef struct tb_files {
    TB_LIST(tb_file) list;
    char error[1024]; /* of the call that answered TB_FAILED: what and what to do, in the language asked for */
} tb_files;

/* Adds a file, or all .tb below a directory (sorted by path, hidden names left out; none at all is a failure). A file
 * already in the list is not added twice. TB_OK, TB_FAILED (files->error), or TB_LIMIT (more than TB_SOURCE_FILES;
 * error too). Under tb_try(). */
int tb_files_add(tb_arena *a, tb_files *files, const char *path, enum tb_lang lang);
const tb_file *tb_files_find(const tb_files *files, tb_str path);

/* The nearest rules root at or above a file or directory; empty text when there is none ("." is written "."). */
tb_str tb_rules_root(tb_arena *a, const char *path);
/* "rules" + "法规/a.tb" → "rules/法规/a.tb"; "." adds nothing. */
tb_str tb_path_under(tb_arena *a, tb_str directory, tb_str name);
tb_str tb_path_directory(tb_str path); /* up to the last slash, without it; "." when there is none */
/* `path` relative to `root` when it lies below it, else as it is. */
tb_str tb_path_below(tb_str root, tb_str path);

/* The resolver of tb_compile_input: below the root of the file that refers, then beside that file. Read files are kept
 * in `files`. */
typedef struct tb_resolver {
    tb_arena *arena;
    tb_files read;
    enum tb_lang lang;
} tb_resolver;
bool tb_resolve_on_disk(void *resolver, tb_str from, tb_str path, tb_str *found_path, tb_str *text);

/* Writes a whole file: to a temporary name beside it, flushed, then renamed over it, so that a crash leaves the old
 * text or the new one. The mode is kept. false: errno says why. */
bool tb_file_write(tb_arena *a, const char *path, tb_str text);
/* Makes a new file and writes it through to the disk; never over one that is there (errno EEXIST), and nothing is left
 * when it fails. */
bool tb_file_create(const char *path, tb_str text);
#endif
