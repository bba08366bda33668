/* The projections of a database rebuilt from its log and compared: cases (state, timer, keys, number and last event), the
 * tasks of every post, the calls of the outbox (`tongban doctor`). The log itself is verified first, by the ledger: nothing is
 * rebuilt from a log that does not hold.
 *
 * Each case is replayed as in an audit (replay.h), one after the other; of all cases together it keeps 16 bytes each,
 * and 48 for each open task and call. The rows that should be are those which stepping.h would write. Due dates are those
 * of the calendars now in force; while a server has still to derive them after a load (timers.h) they are not compared.
 *
 * Beside a running server it holds one view of the database from beginning to end, so the server's write-ahead log grows meanwhile.
 *
 * A repair writes projections, never events, and one event of its own that says who ordered it and why. What a lost call of the outbox
 * had come to is not in the log: it is carried again, under its key, which makes that harmless. */
#ifndef TB_DOCTOR_H
#define TB_DOCTOR_H
#include "diagnostic.h"
#include "ledger.h"
#include "store.h"

enum tb_doctor_kind { TB_DOCTOR_CASE, TB_DOCTOR_TASK, TB_DOCTOR_CALL };
enum tb_doctor_how { TB_DOCTOR_MISSING, TB_DOCTOR_EXTRA, TB_DOCTOR_DIFFERS };

typedef struct tb_doctor_finding { /* views until the callback returns */
    enum tb_doctor_kind kind;
    enum tb_doctor_how how;
    const char *case_id;  /* as people write it */
    tb_str key;           /* TASK: 「place/post/step」; CALL: 「leaf.n」; CASE: empty */
    const char *column;   /* DIFFERS: which; of several the first */
    tb_str stored, right; /* its values as text; empty where there is none */
} tb_doctor_finding;

typedef struct tb_doctor_options {
    const char *db;
    bool repair;
    const char *person, *reason; /* of a repair: goes on record */
    enum tb_lang lang;
    void (*found)(void *user, const tb_doctor_finding *f);
    void (*progress)(void *user, int64_t cases, int64_t all); /* NULL: none */
    void *user;
} tb_doctor_options;

typedef struct tb_doctor_result {
    int64_t cases, tasks, calls, events; /* looked at */
    int64_t differences, repaired;
    bool underived; /* due dates were not compared */
    tb_ledger_report
        ledger; /* CUT: rows know of events after the last, so nothing is repaired, since they may be what is left of a log
                              * whose end was deleted. Another finding: the log does not hold, and nothing else was looked at */
    char broken[640]; /* a case that cannot be replayed: which, and why; nothing is repaired then */
} tb_doctor_result;

/* TB_OK: it ran. TB_FAILED: it could not, `why` says what to do. */
int tb_doctor(const tb_doctor_options *o, tb_doctor_result *r, char *why, size_t room);
#endif
