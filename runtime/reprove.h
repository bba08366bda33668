/* A 组织 that comes into a running server: which loaded matters it would leave without somebody to act. */
#ifndef TB_REPROVE_H
#define TB_REPROVE_H
#include "registry.h"

/* What `to` makes impossible of a loaded version, and `from` did not: what the compiler and the proofs find of its sources in the one world
 * and not in the other, into l->impossible. Any thread that keeps the registry as it is. TB_OK or TB_NOMEM. */
int tb_reprove(tb_load *l, const tb_version *v, const tb_world *from, const tb_world *to, enum tb_lang lang);
#endif
