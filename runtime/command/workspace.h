/* The rules a command was pointed at, read and compiled together with the organs and calendars they live among.
 *
 * Why together: a matter names posts, places and days that other files give. So `tongban check rules/事项/X.tb` takes
 * 组织/ and 日历/ from the rules root above X.tb (files.h) and says what a server with these rules would say. */
#ifndef TB_WORKSPACE_H
#define TB_WORKSPACE_H
#include "../files.h"
#include "command.h"
#include "compile.h"

typedef struct tb_workspace {
    tb_files files; /* those named, then those of the root's 组织/ and 日历/ */
    uint32_t named; /* how many were named */
    tb_str root;    /* empty: none found, so places, posts and days cannot be checked */
    tb_resolver resolver;
    tb_rules *rules;
} tb_workspace;

/* Reads line->args. TB_OK, or TB_FAILED after telling why. */
int tb__workspace_read(tb_line *line, tb_workspace *w);
/* Reads and compiles. TB_OK also when there are errors in the rules: look at rules->diagnostics. */
int tb__workspace_open(tb_line *line, tb_workspace *w);
/* Prints diagnostics (JSON: nothing). true: there are errors. */
bool tb__workspace_tell(tb_line *line, const tb_workspace *w);
/* Was this program written in one of the named files? */
bool tb__workspace_names(const tb_workspace *w, const tb_program *p);
/* The names of all its matters, for a message: 甲、乙. */
tb_str tb__workspace_matters(tb_line *line, const tb_workspace *w);
#endif
