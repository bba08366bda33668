/* Finding by name what is many: the sections of a rule base, the entries of a list, the 用例 of a matter. A number is kept by each
 * name; asking costs the length of the name, however many there are, so that checking grows with the text and not with its
 * square.
 *
 * Open addressing over a table of twice the names, FNV-1a over the bytes. Names point into texts that outlive the index. What
 * comes out never hangs on the order of the table: nothing walks it. */
#ifndef TB_INDEX_H
#define TB_INDEX_H
#include "arena.h"

typedef struct tb_index {
    tb_arena *a; /* set by who makes it: (tb_index){arena} */
    struct tb_index_slot {
        tb_str name; /* p NULL: free */
        uint32_t value;
    } *slots;
    uint32_t count, size;
} tb_index;

/* The number kept by `name`, to be read or written; `absent` when it is new. Good until the next call. */
uint32_t *tb_index_at(tb_index *x, tb_str name, uint32_t absent);
/* The same without adding: `absent` when there is none. */
uint32_t tb_index_find(const tb_index *x, tb_str name, uint32_t absent);
#endif
