/* Replaying a database: every case's events stepped again from the sources stored beside them, compared byte for byte
 * (`tongban replay`).
 *
 * What is compared: for each event the digest of its outcome; for each case, at its end, the state as stored; for the
 * whole database, that every event belongs to a case's chain or is one of the partition's own. It reads a database
 * beside a running server. */
#ifndef TB_REPLAY_H
#define TB_REPLAY_H
#include "diagnostic.h"
#include "store.h"

typedef struct tb_replay_options {
    const char *db;
    const char *case_id; /* NULL: all */
    int64_t until;       /* legal time; INT64_MAX: all */
    int64_t seq;         /* of the one case; 0: all */
    enum tb_lang lang;
    bool state;                                                    /* one case: the state then, in result.state */
    void (*progress)(void *user, uint64_t cases, uint64_t events); /* now and then; NULL */
    void *user;
} tb_replay_options;

typedef struct tb_replay_result {
    uint64_t cases, events, loads, states; /* replayed; states: compared with what is stored */
    bool differs;
    char case_id[16]; /* of the first difference; "": the log as a whole */
    int64_t seq, leaf;
    char what[1024]; /* expected and actual, for people */
    char *state;     /* malloc'd canonical JSON, or NULL */
    int64_t state_seq, state_at;
} tb_replay_result;

/* TB_OK: it ran (look at `differs`); TB_FAILED: it could not, `why` says what to do. */
int tb_replay(const tb_replay_options *o, tb_replay_result *r, char *why, size_t room);
#endif
