/* What backup and restore share: opening a database to read, and asking everything of it that a copy must answer. */
#ifndef TB_COPIES_H
#define TB_COPIES_H
#include "../ledger.h"
#include "command.h"

typedef struct tb_copy {
    tb_store *store;
    tb_reader *reader;
    bool older; /* from before the ledger: only the file itself is examined */
    tb_ledger_report report;
} tb_copy;

/* false: told why on stderr. */
bool tb__copy_open(tb_line *line, const char *path, tb_copy *c);
/* Is the file sound, and does its ledger hold? An exit code; anything but clean is told. */
int tb__copy_verify(tb_line *line, const char *path, tb_copy *c);
/* Copies an opened database to a new file, which appears only when it is whole and on disk. An exit code. */
int tb__copy_to(tb_line *line, const tb_copy *c, const char *path);
void tb__copy_close(tb_copy *c);
#endif
