/* The write-ahead log that a dead process left, made durable before SQLite copies it into the database (store_sqlite.c). */
#ifndef TB_LOG_COPY_H
#define TB_LOG_COPY_H
#include <stdbool.h>

/* `path` is the database's. Both answer a code of SQLite. One process at a time: the caller holds the database's lock. */

/* Before anything opens the database: ends what an earlier process began with tb__log_renew. *renewed: nothing is left to do. */
int tb__log_restore(const char *path, bool *renewed);
/* While the caller holds SQLite's lock for writing, and before any checkpoint: after SQLITE_OK every byte of the log is on disk.
 * SQLITE_FULL: there is no room for the copy, and the log is as it was. */
int tb__log_renew(const char *path);
#endif
