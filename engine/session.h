/* One case played by hand (`tongban play`): sentences of a 用例, one after the other, each of which can be taken back; in the end the
 * whole is a 用例. What is not said is filled in as in a 用例 (scenario.h). */
#ifndef TB_SESSION_H
#define TB_SESSION_H
#include "scenario.h"

enum { TB_SESSION_SENTENCES = 10000 };

typedef struct tb_session tb_session;
/* Lives in `a`; begins at `start`. Under tb_try. */
tb_session *tb_session_new(tb_arena *a, const tb_program *p, const tb_env *env, int64_t start);
/* A sentence of a 用例, its 。 and its date optional: without one it happens a minute later. TB_OK; TB_FAILED: nothing has changed, *why says what
 * is wrong; TB_NOMEM. *told: the effects, a line each. */
int tb_session_say(tb_session *s, tb_str sentence, tb_str *why, tb_str *told);
/* Lets time pass to `at`, timers firing on the way; as above. */
int tb_session_wait(tb_session *s, int64_t at, tb_str *why, tb_str *told);
bool tb_session_undo(tb_session *s); /* false: nothing has been said yet */
const tb_case *tb_session_case(const tb_session *s); /* NULL: nothing was submitted yet */
int64_t tb_session_now(const tb_session *s);
/* All of it as a 用例 that ends with how things stand. Under tb_try. */
tb_str tb_session_written(tb_session *s, tb_str name);
#endif
