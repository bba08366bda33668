/* What the files of the simulation's people share.
 *
 *   sim_book.c      the rules of a world as people know them; what outside services do
 *   sim_people.c    what clients ask, and when; fate
 *   sim_answers.c   what they expect of the answers; the follower of the feed */
#ifndef TB_SIM_PEOPLE_H
#define TB_SIM_PEOPLE_H
#include "sim.h"
#include "canonical.h"
#include "server.h"

enum {
    MATTERS = 16,
    FIELDS = 40,
    MODES = 6,
    INTERFACES = 8,
    BULK = 8,
    REPLIES = 6,
    ANSWER_ROOM = 1 << 20,
    PATIENCE_MS = 60 * 1000, /* a client that waited so long goes away, and if all was well that is a finding */
    RECOVERY_MS = 30 * 1000, /* after the disk is well again the server must be */
    AGAIN_PERCENT = 15
};

/* ---- the rules of a world ---- */

typedef struct field {
    const char *name, *type, *item;
    const char *options[8];
    int option_count;
    bool required;
} field;

typedef struct matter {
    const char *name, *text, *path;
    sim_draft *draft; /* it was made up: later versions of it differ */
    int file;         /* the first matter of its file */
    bool loaded, known;
    int version;
    field fields[FIELDS];
    int field_count;
    const char *modes[MODES];
    int mode_count;
    const char *materials[FIELDS];
    int material_count;
} matter;

typedef struct service {
    const char *name, *words[REPLIES], *contents[REPLIES];
    int count;
} service;

typedef struct rules { /* at the world's first allocation */
    matter matters[MATTERS];
    int count;
    struct {
        const char *path, *text;
    } base[16];
    int base_count;
    service services[INTERFACES];
    int service_count;
    const char *interfaces;
} rules;
#define book (world->book)

/* ---- sim_book.c ---- */
const char *sim_between_texts(const char *from, const char *a, const char *b); /* a copy; NULL */
void sim_book_born(void);
const char *sim_calendar(void);
const char *sim_other_people(const char *text);
/* The bytes of GET /v1/matters/NAME; under tb_try. */
int sim_learn(matter *m, tb_arena *a, tb_str body);
const matter *sim_matter_called(tb_str name);
const char *sim_form_of(const matter *m);
char *sim_encoded(const char *text); /* for a path */
char *sim_quoted(const char *text);  /* as JSON */
const char *sim_keep(tb_str s);

/* ---- sim_people.c ---- */
typedef struct person {
    sim_client *c;
    sim_conn *conn;
    char *in;
    size_t n;
    sim_request *doing; /* NULL: it only reads */
    sim_case *looking;  /* … this case, to act on it */
    bool finding;     /* … the tasks, for cases that nobody here began: a started case has no other way to be known */
    int64_t seen;     /* its seq, as anyone had been told when it asked */
    matter *learning; /* … or this matter */
    sim_request *fetching; /* … or this attachment */
    sim_request *bulk[BULK];
    bool known, bulk_known[BULK]; /* they had been acknowledged when they were sent */
    int bulk_count;               /* … or these, a line each */
    /* the case that it read last, by which validator and at which seq */
    char tag[40], new_tag[40];
    sim_case *tagged;
    int64_t tagged_seq;
    bool waiting;
    uint64_t turn;     /* counts requests: an old time-out is none */
    uint64_t failures; /* of the disk, when it was sent */
    int64_t since;
    tb_arena *arena;
} person;
void sim_next_turn(person *p);
void sim_drop_line(person *p);
bool sim_all_well(const person *p); /* was the disk well all the time since it asked? */
void sim_put_aside(person *p);      /* what it had in hand */
void sim_no_answer(person *p);
/* One of the acts that the case at hand lists as open: asks for it. Under tb_try. */
int sim_choose(person *p, tb_str body);
bool sim_leapt(void); /* of the last life: nothing more is asked */

/* ---- sim_answers.c ---- */
void sim_got(void *user, const char *bytes, size_t n); /* of a person's connection */
void sim_follow(void *unused);
void sim_follower_begin(void);
#endif
