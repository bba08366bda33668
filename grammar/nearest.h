/* How far apart two words are: for "是不是 X？" after a name or keyword nobody knows. */
#ifndef TB_NEAREST_H
#define TB_NEAREST_H
#include "arena.h"

enum { TB_NEAREST_POINTS = 32 /* longer words are near nothing */ };

/* Slips between two words, counted in characters: one wrong, missing or extra, or two neighbours swapped (optimal
 * string alignment). `enough` or more is answered as `enough`. */
int tb_slips(tb_str a, tb_str b, int enough);
/* Characters that two words share, wherever they stand. */
int tb_shared(tb_str a, tb_str b);
#endif
