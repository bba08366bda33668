/* Who may what: the rules by which a credential opens doors (`serve --auth`).
 *
 * Three questions, asked in this order, each here and nowhere else:
 *
 *   1. Who asks?               A token in `Authorization: Bearer …` (accounts.h), or nobody: 401. Without --auth the server listens on
 *                              loopback only and whoever reaches it may do everything, as `by` says.
 *   2. May this role do that?  One table of paths (auth.c). A path that is not in it is the operator's: what is added and forgotten
 *                              there is closed, not open.
 *   3. This case, this post?   Acts: the engine asks post, place and directory for each (step.c); here the person is made to be the
 *                              credential's. Reading: tb_auth_sight().
 *
 * Who reads a case (M17, 个人信息保护法第六条: the least that the purpose needs):
 *
 *   applicant   the cases he himself submitted; all of it, in the clear
 *   staff       the cases of matters in whose posts, at the case's own places, the person stands (by office or by 代理): masked; in the clear
 *               while one of these posts has an open task of the case
 *   auditor     every case, masked; in the clear with a reason (?unmask=…)
 *   operator    every case, masked
 *
 * staff whose post has no open task now (it has been done, or is to come) see the clear text with a reason, too. Every reading in the
 * clear is recorded before it is answered (api_cases.c). */
#ifndef TB_AUTH_H
#define TB_AUTH_H
#include "accounts.h"
#include "http.h"

struct tb_server;
struct tb_call;

typedef struct tb_who { /* its texts lie in the call's arena */
    bool open;          /* no --auth: nobody is asked who he is */
    tb_str account, person, place, organ;
    int32_t roles;
    bool session;
    uint8_t digest[TB_DIGEST]; /* of the credential */
} tb_who;

/* The first two questions. TB_OK; or TB_FAILED: the request is answered (401, 403, 421). What is found is kept for tb__call_new(). */
int tb_auth_enter(struct tb_server *s, tb_http_request *req);
/* The caller of a request just entered, copied; under no tb_try. TB_NOMEM. */
int tb_auth_who(const struct tb_server *s, tb_arena *a, tb_who *who);

/* For an answer that goes on (the feed): does the credential it was asked with still open that door? */
bool tb_auth_still(struct tb_server *s, const tb_http_request *req);
/* For a line of a request that began earlier: asks again, since the token may have ended meanwhile. TB_FAILED: the line is answered. */
int tb_auth_again(struct tb_call *c);

/* What `by` of a body says, made to agree with the credential: the person is the credential's (left out or the same), an applicant acts as
 * 申请人 only. TB_FAILED: the call's problem is set (403). */
int tb_auth_actor(struct tb_call *c, tb_actor *by);
/* The name under which something is ordered that is no act of a case (loads, outbox, attachments): `said`, made to agree likewise. */
int tb_auth_name(struct tb_call *c, tb_str *said);

enum tb_sight {
    TB_SIGHT_NONE,
    TB_SIGHT_MASKED,
    TB_SIGHT_REASON /* masked; in the clear with a reason */,
    TB_SIGHT_CLEAR
};
/* May the caller read this case, and how; *right says by what (a static text: applicant, handler, staff, auditor, operator). */
enum tb_sight tb_auth_sight(const tb_who *who, const tb_case *c, const tb_env *env, int32_t today, const char **right);
/* May the caller act for the applicant of this case? */
bool tb_auth_owns(const tb_who *who, const tb_case *c);
/* Does this person work at this place? (A deputy is of the same 组织.) */
bool tb_auth_works_at(const tb_who *who, const tb_env *env, tb_str place);
#endif
