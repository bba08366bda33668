/* The feed: GET /v1/feed tells every event of the log as it becomes durable, as Server-Sent Events (WHATWG HTML §9.2).
 *
 * Why events and not states: a follower (a window's screen, a department's own system, 电子监察) wants to know that something
 * happened and where to look; what he may see of the case he asks for as himself. So nothing personal is told here: which
 * case, which matter, what kind of event, its name, when.
 *
 * Without gaps. The id of an event is its leaf, its place in the log, and the log has no holes. A follower that reconnects
 * sends the last id he saw (Last-Event-ID, as browsers do by themselves) and is told everything after it, however long ago
 * that was: there is no buffer that he could have fallen out of. Only what is on disk is told.
 *
 * One mechanism for those who are years behind and those who are up to date: a page of the log is read for one follower,
 * in turn, and given to each whose place lies in it. Followers that are up to date all stand at the same place, so one read serves them all.
 *
 * Bounded: a follower who takes less than he is sent is not read for until he has taken it (TB_FEED_ROOM); nothing is kept for
 * him but his place. Followers at once: TB_FEED_FOLLOWERS. All on the loop thread. */
#ifndef TB_FEED_H
#define TB_FEED_H
#include <stdint.h>

typedef struct tb_feed tb_feed;
struct tb_server;
struct tb_http_request;

enum {
    TB_FEED_FOLLOWERS = 256,       /* more are told 429 */
    TB_FEED_PAGE = 128,            /* events read at once */
    TB_FEED_ROOM = 128 * 1024,     /* bytes on their way to a follower, above which no more are read for him */
    TB_FEED_PACE_MS = 10,          /* between two reads when all there was has been told */
    TB_FEED_FULL_MS = 100,         /* and when only slow followers are behind */
    TB_FEED_BEAT_MS = 15 * 1000,   /* a sign of life when nothing happens, and the place of who filters */
    TB_FEED_RETRY_MS = 2000        /* told to browsers: how long to wait before they reconnect */
};

tb_feed *tb_feed_new(struct tb_server *s); /* NULL: no memory */
void tb_feed_free(tb_feed *f);             /* after the HTTP server; NULL is allowed */
void tb_feed_grown(tb_feed *f);            /* more events are on disk */
int tb_feed_followers(const tb_feed *f);
int64_t tb_feed_lag(const tb_feed *f); /* events that the last of them has still to be told */
void tb__get_feed(struct tb_server *s, struct tb_http_request *req);
#endif
