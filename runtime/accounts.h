/* Accounts and credentials: who may come in, and by which token, all of them in memory.
 *
 * An account is a person with roles; what it may do follows from them (auth.h), which posts it holds from the 组织 files in force
 * (directory.h): people change posts every week, and the directory says it once. A credential is a token made for an account, or a session
 * that a password began. The store keeps both; here they are read at start and looked up without the disk, the unknown
 * token too, which costs a digest and a miss. Hence the limits below, which have names and are told when reached.
 *
 * Every change of an account is also an event of the partition (kind "account"), with who ordered it: the ledger attests who gave
 * whom which right. Passwords and tokens never are; sessions are not events.
 *
 * A change is made in two halves: tb_accounts_order() judges it and makes rows, and when those are on disk tb_accounts_adopt()
 * makes it true here. One change of accounts at a time is the caller's care. One thread. */
#ifndef TB_ACCOUNTS_H
#define TB_ACCOUNTS_H
#include "password.h"
#include "step.h"
#include "store.h"

enum {
    TB_ACCOUNTS_MOST = 200000,
    TB_CREDENTIALS_EACH = 16,     /* of one account: beyond, the oldest session ends; a further token is refused */
    TB_ACCOUNT_NAME = 100,        /* bytes */
    TB_SESSION_IDLE = 30 * 60000, /* ms without a request; counted anew from a restart of the server */
    TB_SESSION_LASTS = 12 * 3600000,
    TB_TOKEN_DAYS = 365, /* unless told otherwise */
    TB_TOKEN_DAYS_MOST = 3650,
    TB_EXPIRED_AT_ONCE = 64 /* expired credentials that leave the store with a new one */
};

/* name, word in requests, word for people. 申请人 stands alone; the others may be held together. */
#define TB_ROLES(X)                                                                                                    \
    X(APPLICANT, 1, "applicant", "申请人")    /* applies, and acts on what he applied for */                           \
    X(STAFF, 2, "staff", "工作人员")          /* acts in the posts that 组织 says the person holds */                \
    X(DEPARTMENT, 4, "department", "部门")    /* loads the matters of its organ */                                     \
    X(OPERATOR, 8, "operator", "管理员")      /* accounts, loads, outbox; reads, masked */                             \
    X(AUDITOR, 16, "auditor", "审计")         /* reads everything; in the clear with a reason, on record */            \
    X(INTERFACE, 32, "interface", "外部接口") /* brings answers */
enum tb_role {
#define X(name, bit, word, zh) TB_ROLE_##name = bit,
    TB_ROLES(X)
#undef X
        TB_ROLE_ANY = 63
};
/* The bit of a word in either language; 0: none. */
int32_t tb_role_of(tb_str word);
void tb_roles_put(tb_buf *b, int32_t roles); /* ["staff","auditor"] */
tb_str tb_roles_text(tb_arena *a, int32_t roles, enum tb_lang lang);

typedef struct tb_account tb_account;
typedef struct tb_credential tb_credential;
struct tb_credential {
    tb_credential_row row;
    tb_account *account;
    int64_t used;
    tb_credential *next, *next_of_account; /* in its bucket */
};
struct tb_account {
    tb_account_row row;
    char *text; /* where the row's texts lie */
    tb_credential *credentials;
    uint32_t count;
    tb_account *next;
};
typedef struct tb_accounts tb_accounts;

tb_accounts *tb_accounts_new(void); /* NULL: no memory */
void tb_accounts_free(tb_accounts *a);
/* Everything the store holds, in place of what is here; what has expired, too, which the next session sweeps out of the store. A
 * tb_store_result. `now`: when the sessions' idleness begins. */
int tb_accounts_read(tb_accounts *a, tb_reader *r, int64_t now);
uint32_t tb_accounts_count(const tb_accounts *a);
tb_account *tb_accounts_find(const tb_accounts *a, tb_str name); /* NULL: none */
/* Whose token is it? NULL: nobody's, or it has expired, or its account is closed. Marks it as used. */
tb_credential *tb_accounts_enter(tb_accounts *a, tb_str token, int64_t now);
/* Calls each account, in no order. */
void tb_accounts_each(const tb_accounts *a, void (*each)(void *user, const tb_account *x), void *user);

enum tb_account_do {
    TB_ACCOUNT_ADD = 1,
    TB_ACCOUNT_CHANGE,
    TB_ACCOUNT_PASSWORD,
    TB_ACCOUNT_TOKEN,
    TB_ACCOUNT_REVOKE,
    TB_ACCOUNT_CLOSE,
    TB_ACCOUNT_OPEN
};
int tb_account_do_of(tb_str word); /* add change password token revoke close open; 0: none */
typedef struct tb_account_order {
    enum tb_account_do what;
    tb_str account;
    tb_str person, place, organ; /* ADD, CHANGE: p NULL: not given (ADD: the account's name; none; none) */
    int32_t roles;               /* ADD, CHANGE: 0: not given */
    tb_str label; /* TOKEN: what it is for; REVOKE: only those of this label; p NULL: all, sessions too */
    int64_t days; /* TOKEN; 0: TB_TOKEN_DAYS */
    tb_str kept;  /* ADD, PASSWORD: of tb_password_keep(); empty: none */
    tb_str by;    /* account or person who orders it */
} tb_account_order;
typedef struct tb_account_told {
    int status; /* as HTTP's */
    const char *code, *zh, *en;
    char token[TB_TOKEN_TEXT]; /* TOKEN: to be shown once */
    int64_t expires;
    uint32_t ended; /* credentials */
} tb_account_told;
/* Judges the order and makes the rows of one write, the event as leaf `leaf`; under tb_try. TB_FAILED: `told` says why not. A new password
 * ends the account's sessions, a closed account all its credentials. */
int tb_accounts_order(const tb_accounts *a, tb_arena *arena, tb_io *io, const tb_account_order *o, int64_t leaf,
                      int64_t now, tb_write *w, tb_account_told *told);
/* A session for an account; under tb_try. TB_FAILED: no random numbers. No event. */
int tb_accounts_session(const tb_accounts *a, tb_arena *arena, tb_io *io, const tb_account *of, int64_t now,
                        tb_write *w, char token[TB_TOKEN_TEXT], int64_t *expires);
/* What was written is true from now on. TB_NOMEM: only after the next start; ends of credentials are true at once in any case. */
int tb_accounts_adopt(tb_accounts *a, const tb_write *w);
#endif
