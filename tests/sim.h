/* A whole server in one process, from one seed (DESIGN §5, §8): what the parts of the simulation share.
 *
 *   test_sim.c      seeds, lives and crashes; the self-test; what is printed
 *   io_sim.c        the seam (io.h) in virtual time: loop, clocks, chance, timers, workers, network, calls to services
 *   vfs_sim.c       the disk: an SQLite VFS over memory that knows what was synced and what was only written
 *   sim_book.c      what people know of the rules in force; the services
 *   sim_accounts.c  worlds with authentication: accounts, tokens, sessions, and what may be read
 *   sim_people.c    the clients: what they ask, how they retry; fate
 *   sim_answers.c   what they expect of the answers, and what they were told
 *   sim_matters.c   random rule files, and later versions of them
 *   sim_backup.c    copies of the database taken meanwhile
 *   sim_check.c     what must hold of the surviving bytes after each crash and at the end
 *
 * The server is the one that ships, linked unchanged; only io_uv.c and io_curl.c stay out.
 *
 * A *world* is one seed: a disk, people, services, a clock. It lies in memory that is shared between processes. A
 * *life* is one run of the server on that disk: a forked child, which ends by _exit wherever the crash falls, in the
 * midst of SQLite if need be, so that nothing is closed, nothing freed and nothing remembered but the world. Then the
 * parent lets the disk forget what a power failure forgets, a second child examines the bytes, and a third is the
 * next life. One process runs at a time; every decision is drawn from the world's one generator, so a seed is a run. */
#ifndef TB_SIM_H
#define TB_SIM_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIM_FILES = 32, /* of the disk, over a world's whole time */
    SIM_NAMES = 16,
    SIM_SECTOR = 512,
    SIM_TRACE = 4096, /* lines kept */
    SIM_TRACE_LINE = 200,
    SIM_CLIENTS = 32,
    SIM_CALLS = 4096, /* chains of calls, by key */
    SIM_SIZES = 40 /* size classes of the world's memory: powers of two */
};

/* ---- the disk (vfs_sim.c) ---- */
typedef struct sim_span { /* bytes of a sector written since the last sync: [from, to); to 0: none */
    uint16_t from, to;
} sim_span;

typedef struct sim_file { /* an inode */
    char *now, *kept;     /* what readers see; what a power failure leaves. Both of `room` bytes */
    sim_span *dirty;      /* one for each sector */
    int64_t size, kept_size, room;
    int64_t first_dirty, dirty_end; /* sectors: elsewhere nothing is dirty */
    int64_t cut; /* 1 + the length to which it was cut since the last sync; 0: it was not */
    bool used;
} sim_file;

typedef struct sim_name { /* a directory entry: the file it names, now and after a power failure; −1: none */
    char text[64];
    int now, kept;
} sim_name;

enum sim_trouble { SIM_WELL, SIM_FULL, SIM_WRITE_FAILS, SIM_SYNC_FAILS, SIM_READ_FAILS, SIM_TROUBLES };

typedef struct sim_disk {
    sim_file files[SIM_FILES];
    sim_name names[SIM_NAMES];
    int trouble;       /* enum sim_trouble: what goes wrong just now … */
    int percent;       /* … and how often */
    uint64_t ios;      /* reads of the disk do not count: nothing changes by them */
    uint64_t crash_at; /* the life ends at this one; 0: not so */
    uint64_t failures; /* errors given so far */
    bool powersafe;    /* what the device promises: see vfs_sim.c */
    bool forgetful;    /* self-test: xSync of the log lies */
    bool frozen;       /* examined: a write is a finding */
} sim_disk;

/* ---- requests, and the services ---- */
enum sim_kind { SIM_LOAD, SIM_SUBMIT, SIM_ACT, SIM_ATTACH };
enum sim_state { SIM_DOUBT, SIM_ACKED, SIM_REFUSED, SIM_VAGUE };

typedef struct sim_case {
    struct sim_case *same; /* of those whose name has this hash */
    char id[16];
    int64_t seq; /* the newest that anyone was told */
    const char *applicant; /* NULL: not known, since another case started it */
} sim_case;

typedef struct sim_account sim_account; /* sim_accounts.c */
typedef struct sim_token sim_token;
typedef struct sim_reading sim_reading;

typedef struct sim_request {
    struct sim_request *next;
    enum sim_kind kind;
    enum sim_state state;
    const char *method, *path, *body;
    const char *key; /* NULL: loads and attachments, which are no one case's acts */
    const char *act; /* its name; of an attachment, of a matter loaded */
    sim_case *of;
    sim_account *who; /* in worlds with authentication: whose act it is */
    const char *person; /* as it says, or leaves to the server to say; NULL: not an act */
    int64_t seq;      /* as answered */
    uint64_t answer;  /* hash of the first one */
    int64_t acked_at; /* virtual time */
    const char *said; /* its beginning, for people */
    uint64_t life;    /* of the last attempt … */
    int open;         /* … and how many attempts of that life nobody answered */
    int attempts;
    bool taken; /* some client has it in hand */
    int found;    /* sim_check.c: events of the log that bear its key … */
    int64_t leaf; /* … and where */
} sim_request;

typedef struct sim_call { /* what a service knows of a key */
    struct sim_call *next, *same; /* of all, newest first; of those whose key has this hash */
    const char *key, *body, *reply, *id;
    int times;
    bool owes; /* it said 202 */
} sim_call;

typedef struct sim_list { /* pointers, in the world's memory */
    void **at;
    uint64_t n, room;
} sim_list;

typedef struct sim_client {
    int number;
    sim_request *doing; /* waits for its answer, or is to be sent again */
    bool waiting;
} sim_client;

typedef struct sim_counts {
    uint64_t lives, crashes, power, acked, repeats, refused, doubtful, retried, calls, replies, attachments, loads,
        jumps, leaps, troubles, closed, no_start, timers, ledger, bulk, told, drafts, sound, versions, deputies, unchanged, packed, starved, found, auth, logins, orders, ended, held_back, turned_away, readings, authority, copies, heads;
} sim_counts;

typedef struct sim {
    uint64_t seed, random;
    int64_t now;           /* virtual, monotonic, ms */
    int64_t skew;          /* wall clock = now + skew */
    int64_t jumped;        /* the part of it that jumps made */
    int64_t quiet_until;   /* people sleep */
    uint64_t steps;        /* callbacks run */
    uint64_t step_crash;   /* the life ends after this many; 0: not so */
    uint64_t events;       /* acknowledgements wanted in this world */
    bool large;            /* many events, and long lives: see test_sim.c */
    int64_t leaf;          /* test_shown_stays: the end of the log, as was told */
    int64_t looked;        /* at the log, up to here: sim_check.c */
    bool usurped;          /* self-test: the offices that 组织 gives are not believed */
    int64_t judged;        /* who acted was judged up to here; what is lost after that is judged again */
    int64_t shown;         /* the last event that any reader was shown */
    int64_t told;          /* the last event that the feed told its follower */
    uint64_t digest;       /* over all answers, in order */
    uint64_t starving;     /* one in so many allocations of the server fails; 0: none */
    int64_t healthy_since; /* virtual time of the last trouble's end, or of the life's begin */
    bool healing;          /* the last life: no faults, and people only finish what they began */
    bool loaded;           /* the first rules were acknowledged */
    sim_disk disk;
    sim_client clients[SIM_CLIENTS];
    int client_count;
    sim_request *requests, *last_request;
    sim_request *first_doubt; /* before it none is SIM_DOUBT */
    sim_list all_requests, cases; /* in order of their making */
    sim_case *cases_by_name[SIM_CALLS];
    sim_call *calls, *calls_by_key[SIM_CALLS];
    uint64_t serial;
    struct rules *book; /* sim_book.c */
    /* sim_accounts.c */
    bool auth, founded; /* founded: an account was acknowledged */
    sim_account *accounts, *operator, *auditor, *interface;
    sim_list labels;
    sim_reading *readings_by_key[SIM_CALLS];
    uint64_t password_tries; /* of this life */
    /* sim_backup.c: the newest copy */
    bool in_life, copying, copy_whole; /* in_life: the server runs; copy_whole: told to be so, and not yet examined */
    int64_t copy_began, copy_told;
    char head[200], copy_head[200]; /* of the ledger, as last told; when the copy began */
    sim_counts counts;
    /* a life's way */
    char failure[2048]; /* what was expected and what was there; "": nothing found */
    uint64_t traced;
    char trace[SIM_TRACE][SIM_TRACE_LINE];
    /* memory */
    size_t used, room;
    void *spare[SIM_SIZES];
    char rest[];
} sim;

extern sim *world;
extern const char *sim_copy; /* path of a backup, likewise */
extern const char *sim_db; /* path of the database; the real file of that name is empty */

/* ---- chance: all of it ---- */
uint64_t sim_random(void);
uint64_t sim_below(uint64_t n); /* 0 … n − 1 */
bool sim_chance(int percent);
bool sim_once_in(uint64_t n);
int64_t sim_between(int64_t a, int64_t b); /* both included */

/* ---- the world's memory: survives lives; never NULL ---- */
void *sim_alloc(size_t n); /* zeroed */
void sim_give_back(void *p, size_t n);
void sim_list_add(sim_list *l, void *p);
char *sim_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Was as much asked as this world is for, and `more`? Where nothing can be loaded, nothing will be acknowledged. */
bool sim_enough(uint64_t more);

/* The C library's, as the linker calls them where it wraps others around (io_sim.c). */
void *__real_malloc(size_t n), *__real_calloc(size_t n, size_t size), *__real_realloc(void *p, size_t n);

/* ---- telling ---- */
void sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A finding: notes it and ends this process. */
void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
uint64_t sim_hash(uint64_t h, const void *p, size_t n);

/* How a child ended. */
enum { SIM_CRASHED = 40, SIM_CLOSED, SIM_DONE, SIM_NO_START, SIM_FOUND, SIM_SOUND };
void sim_die(void) __attribute__((noreturn)); /* the crash */

/* ---- vfs_sim.c ---- */
void sim_vfs_use(void);           /* makes it SQLite's default in this process */
void sim_disk_settle(bool power); /* after a crash: what is left */
int64_t sim_io_cost(void);        /* virtual ms that the disk took since the last call */
uint64_t sim_disk_digest(void);

bool sim_name_there(const char *path);
bool sim_name_removed(const char *path);
bool sim_name_moved(const char *from, const char *to);
bool sim_names_synced(void);
void sim_names_gone(const char *path); /* and what begins with it: certain at once */

/* ---- io_sim.c ---- */
void sim_turns(int n); /* of the loop, from within a callback that is another process's */
typedef struct sim_conn sim_conn;                                 /* a client's end of a connection */
typedef void sim_got_fn(void *user, const char *bytes, size_t n); /* n 0: it is closed */
sim_conn *sim_connect(sim_got_fn *got, void *user);
void sim_send(sim_conn *c, const char *bytes, size_t n);
void sim_hang_up(sim_conn *c);                                   /* no callback any more */
void sim_after(int64_t delay, void (*fn)(void *arg), void *arg); /* in this life */

/* ---- sim_people.c ---- */
void sim_people_born(void);          /* a new world */
void sim_people_begin(void *server); /* a new life */

/* ---- sim_accounts.c ---- */
void sim_accounts_born(void);
bool sim_accounts_found(void); /* before the server starts: the first accounts; false: the disk does not let it */
struct tb_reader;
struct tb_arena;
struct tb_event_row;
void sim_accounts_examine(struct tb_reader *r, struct tb_arena *a);
/* The log from leaf `from` on is looked at: its events about accounts, and the end of that. */
void sim_labels_begin(int64_t from);
void sim_account_event(const struct tb_event_row *e, struct tb_arena *a);
void sim_labels_end(void);
/* Self-test: of the surviving bytes something is claimed that is not so; a token that was ended, a reading that was answered, an
 * office that nobody held. */
void sim_accounts_forge(bool token, bool reading);

/* ---- sim_book.c ---- */
const char *sim_interfaces(void); /* for tb_server_options */
/* What an outside service does with a call. */
typedef struct sim_reaction {
    bool answers;
    int status; /* 0: the connection fails */
    char *body; /* of the world's memory */
    int64_t delay;
} sim_reaction;
sim_call *sim_call_of(const char *key); /* NULL: nobody called with it */
sim_reaction sim_service(const char *key, const char *url, const char *body, size_t n);

/* ---- sim_matters.c ---- */
typedef struct sim_draft sim_draft; /* of the world's memory */
/* The matter 随机NUMBER in a text that compiles and is proved; NULL: every draft was refused. */
sim_draft *sim_draft_new(int number, const char **text);
/* A later version of it, changed somewhere, if a change is found that is sound. */
const char *sim_draft_next(sim_draft *d, int version, const char *from);

/* ---- sim_backup.c ---- */
void sim_back_up(void *unused);
void sim_copy_written(void);
void sim_copy_examine(struct tb_reader *log, struct tb_arena *a);

/* ---- sim_check.c ---- */
void sim_examine(bool whole); /* in a child of its own; fails or returns */
#endif
