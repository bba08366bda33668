/* 用例 for what no 用例 covers yet (`tongban test --suggest`): found by trying, with the same step as real cases, the shortest ways to
 * every act, expiry and refusal that is missing. What is suggested runs and passes; whether it is what the law wants is for
 * the reader to say, and so is said above each. */
#ifndef TB_SUGGEST_H
#define TB_SUGGEST_H
#include "scenario.h"

enum {
    TB_SUGGEST_STATES = 12000, /* tried in one matter */
    TB_SUGGEST_WAYS = 512,    /* in which the form may answer the conditions */
    TB_SUGGEST_MIB = 768
};

typedef struct tb_suggestions {
    TB_LIST(tb_str) texts; /* each a whole 用例, as written in a matter */
    uint32_t moves, expiries, refusals; /* newly covered by them */
    bool complete;         /* nothing was left out by a limit */
} tb_suggestions;

/* `have` says what the matter's own 用例 cover. Trials are made in `scratch`, which is reset again and again, and is to be freed after TB_NOMEM.
 * TB_OK or TB_NOMEM. */
int tb_suggest(tb_arena *a, tb_arena *scratch, const tb_program *p, const tb_env *env, const tb_scenario_report *have, tb_suggestions **out);
#endif
