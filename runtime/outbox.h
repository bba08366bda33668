/* What cases ask of others, carried: interfaces called over HTTP, cases of other matters begun, parents told how a started case ended.
 *
 * A call is a row of the store, written with the event that asks for it (stepping.c), so it is asked if and only if the event
 * happened. It is carried at least once, always with the same key, and what comes back is stepped into the case exactly once:
 *
 *              ┌──────── back-off, circuit ────────┐
 *              ▼                                   │
 *   PENDING ──due──▶ carried ──answer──▶ reply stepped in, DONE with it in one transaction
 *      ▲               │  └─ 202 ──▶ WAITING ── POST /v1/replies ──▶ DONE
 *      │               └─ refused for good, or out of attempts ──▶ DEAD
 *      └───────── retry (an operator) ───────────────────────────────┘──give-up──▶ GIVEN_UP
 *
 * An interface gets POST {"case","interface","key","content"} with Idempotency-Key: CASE.KEY, and answers 200 {"reply","content"} or 202. An answer
 * 4xx, but 408, 425 and 429, is for good. Any other failure is tried again after 1, 2, 4 … seconds, at most an hour, ± a quarter, as often
 * as 重试 says. Five failures in a row open the interface's circuit: nothing is sent for half a minute, then one call tries;
 * what waits meanwhile loses no attempts. Times here are of the wall clock, since machines wait, not the law. */
#ifndef TB_OUTBOX_H
#define TB_OUTBOX_H
#include "canonical.h"
#include "io.h"
#include "store.h"

typedef struct tb_outbox tb_outbox;
struct tb_server;

enum {
    TB_OUTBOX_CALLS = 32,           /* under way at once */
    TB_OUTBOX_PAGE = 128,           /* rows read at once */
    TB_OUTBOX_ANSWER = 256 << 10,   /* bytes of an answer */
    TB_OUTBOX_BACKOFF_MOST = 3600 * 1000,
    TB_OUTBOX_CIRCUIT = 5,          /* failures in a row that open it */
    TB_OUTBOX_CIRCUIT_MS = 30 * 1000,
    TB_OUTBOX_UNKNOWN_MS = 60 * 1000 /* an interface without an address is looked at again */
};

/* `interfaces`: JSON {"NAME":{"url":"https://…","token"?:"…","timeout_ms"?:N}, …}; NULL: none configured. NULL: `why`. */
tb_outbox *tb_outbox_new(struct tb_server *s, tb_str interfaces, char *why, size_t room);
void tb_outbox_start(tb_outbox *o);
void tb_outbox_look(tb_outbox *o); /* new rows may be due */
/* An answer that came by itself (POST /v1/replies) to the call of `row`. `told` gets an enum tb_injected and a text for people, perhaps before
 * this returns. false: the row is in hand just now, or no slot is free: again a little later. */
typedef void tb_outbox_told(void *user, int how, const char *text);
bool tb_outbox_answer(tb_outbox *o, const tb_outbox_row *row, tb_str reply, const tb_json *more, tb_outbox_told *told, void *user);
bool tb_outbox_holds(const tb_outbox *o, const tb_outbox_row *row); /* is it being carried just now? */
void tb_outbox_stop(tb_outbox *o); /* calls under way are given up: they are carried again */
void tb_outbox_free(tb_outbox *o);

typedef struct tb_outbox_stats {
    uint64_t sent, answered, failed, dead; /* since start */
    uint32_t under_way, open_circuits;
} tb_outbox_stats;
tb_outbox_stats tb_outbox_now(const tb_outbox *o);
#endif
