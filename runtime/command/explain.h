/* What `tongban explain` and `tongban duties` share. */
#ifndef TB_COMMAND_EXPLAIN_H
#define TB_COMMAND_EXPLAIN_H
#include "command.h"

/* A text broken into lines of a terminal, indented, a line end after it (explain.c). */
void tb__put_wrapped(tb_buf *b, tb_str text);
/* The articles that `citation` names, with their paragraphs and items, of the laws below `rules` (duties.c). Into line->out; with
 * --json as elements of an array. TB_EXIT_CLEAN, or TB_EXIT_FAILED after telling why. */
int tb__explain_law(tb_line *line, const char *rules, const char *citation);
#endif
