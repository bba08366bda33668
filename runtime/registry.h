/* What is loaded: versions of matters, the world they run in (calendars and the directory), and the sources they came
 * from.
 *
 * Every load is told by rows of the store (tb_load_row), each an event of the partition with a leaf of its own:
 *
 *   kind     name            manifest                                          meaning
 *   matter   the matter      {"files":{path:digest,…},"root":path}             one version; program digest; cases point
 * at this leaf world    ""              {"files":{path:digest,…}}                         all calendars and 组织 files
 * in force from here on source   path            {"files":{path:digest}}                           a file that nobody refers
 * to yet (法规, 流程模板, 决策表, 外部接口, 清单), kept for 引用
 *
 * A manifest is complete: it names every source its row was compiled from, so that a version or a world is compiled
 * again from the database alone, years later, to the same bytes (M4).
 *
 * Lifetime: a version is never unloaded while the server runs. Its cases, and the replay of closed ones, need it; so do
 * superseded worlds. They are immutable, live in an arena each, and die with the registry: no counting of references,
 * no moment at which a pointer held by a case could dangle.
 *
 * Threads: a registry belongs to the loop. tb_load_compile() runs on a worker and only reads the registry; the caller
 * keeps the registry unchanged meanwhile by running one load at a time. */
#ifndef TB_REGISTRY_H
#define TB_REGISTRY_H
#include "compile.h"
#include "step.h"
#include "store.h"

enum { TB_LOAD_FILES = 4096, TB_LOAD_BYTES = 64 << 20 };

typedef struct tb_registry tb_registry;

typedef struct tb_version { /* of a matter */
    tb_arena *arena;
    const tb_program *program;
    tb_str root; /* the file it is written in */
    tb_str manifest;
    int64_t leaf; /* of its load; 0 until that is durable */
    bool fresh;   /* brought by the load at hand */
} tb_version;

typedef struct tb_world {
    tb_arena *arena;
    tb_env env; /* points back at this world */
    tb_str manifest;
    uint8_t digest[32];
    int64_t leaf;
    int64_t since; /* events from this leaf on were stepped in this world: those that were on their way while the load was written were not */
    const tb_calendar *const *calendars;
    uint32_t calendars_n;
} tb_world;

tb_registry *tb_registry_new(void); /* NULL: no memory */
void tb_registry_free(tb_registry *r);

/* Compiles everything the database holds and the registry does not: all of it at start, a load whose commit was in
 * doubt later. TB_FAILED: `why` (in Chinese) says which load and what to do. */
int tb_registry_open(tb_registry *r, tb_reader *reader, char *why, size_t room);

const tb_version *tb_registry_version(const tb_registry *r, int64_t leaf); /* NULL: no such load */
/* M19: the version in force on a day: the one with the latest 生效 that is not after it. NULL: none yet, or no such
 * matter. */
const tb_version *tb_registry_in_force(const tb_registry *r, tb_str matter, int32_t day);
const tb_world *tb_registry_world(const tb_registry *r);                  /* the present one, never NULL after open */
const tb_world *tb_registry_world_at(const tb_registry *r, int64_t leaf); /* as recorded by an event; NULL: unknown */
/* Worlds in the order they came: the one before, the first after a leaf. NULL: there is none. */
const tb_world *tb_registry_world_before(const tb_registry *r, const tb_world *w);
const tb_world *tb_registry_world_after(const tb_registry *r, int64_t leaf);
/* All versions, by matter, then 生效. */
uint32_t tb_registry_count(const tb_registry *r);
const tb_version *tb_registry_at(const tb_registry *r, uint32_t i);

/* ---- loads ---- */
enum tb_load_result {
    TB_LOAD_READY = 0, /* something to activate */
    TB_LOAD_NOTHING,   /* all of it is loaded already */
    TB_LOAD_INVALID,   /* diagnostics */
    TB_LOAD_CONFLICT,  /* same 版本 with other bytes, or two versions with one 生效 (M19) */
    TB_LOAD_PENDING,   /* 待核 clauses, and nobody has taken them upon himself */
    TB_LOAD_UNPROVED,  /* larger than the named limits of the proofs, and nobody has taken that upon himself */
    TB_LOAD_IMPOSSIBLE, /* its 组织 leaves a loaded matter without somebody to act, and nobody has taken that upon himself */
    TB_LOAD_NOMEM
};
typedef struct tb_load_conflict {
    tb_str matter, version;
    bool overlap;
    tb_str other; /* the version it meets */
} tb_load_conflict;
typedef struct tb_load_open {
    tb_str file, text;
    uint32_t line;
} tb_load_open; /* one 待核 clause */
typedef struct tb_load_unproved { /* a matter, and what of it was not proved: one line */
    tb_str matter, version, what;
} tb_load_unproved;
typedef struct tb_load_impossible { /* a loaded matter that the load's 组织 makes impossible, and how: a diagnostic of its sources */
    tb_str matter, version, code, what, file;
    uint32_t line;
} tb_load_impossible;
typedef struct tb_load_behind { /* a matter that goes on resting on the earlier text of a file of this load */
    tb_str file, matter, version;
} tb_load_behind;
typedef struct tb_load {
    tb_arena *arena; /* everything below, not the versions */
    tb_registry *registry;
    tb_str *paths, *texts; /* of the request; normalized */
    uint32_t count;
    tb_str by, request;
    bool accept_pending, accept_unproved, accept_impossible;
    bool keep; /* a conflict leaves the loaded version in place and the rest goes on (serve --rules) */

    enum tb_load_result result;
    tb_str message;                   /* INVALID: the first error, for people */
    tb_str diagnostics;               /* INVALID: JSON */
    TB_LIST(tb_version *) versions;   /* new */
    TB_LIST(const tb_version *) same; /* already loaded */
    TB_LIST(tb_load_conflict) conflicts;
    TB_LIST(tb_load_open) open;
    TB_LIST(tb_load_unproved) unproved;
    TB_LIST(tb_load_impossible) impossible;
    tb_world *world;         /* new, or NULL */
    TB_LIST(uint32_t) plain; /* files that are sources only */
    TB_LIST(uint32_t) kept;  /* files whose text has to be stored */
    TB_LIST(tb_load_behind) behind;
} tb_load;

/* Was this text once loaded under that path, and another one after it? */
bool tb_registry_outdated(const tb_registry *r, tb_str path, tb_str text);

/* Paths and texts are copied. NULL: no memory. The accept_… and keep are for the caller to set. */
tb_load *tb_load_new(tb_registry *r, const tb_str *paths, const tb_str *texts, uint32_t count, tb_str by,
                     tb_str request);
void tb_load_compile(tb_load *l, enum tb_lang lang); /* any thread; fills the lower half in */
/* How many leaves the load takes; and its rows, with leaves from `first` on, in the load's arena. TB_OK or TB_NOMEM. */
uint32_t tb_load_leaves(const tb_load *l);
int tb_load_rows(tb_load *l, int64_t first, int64_t at, int64_t wall, tb_write *w);
/* After the rows are durable: the versions and the world become the registry's; events from leaf `since` on are stepped in it. TB_NOMEM:
 * nothing happened. */
int tb_load_adopt(tb_load *l, int64_t first, int64_t since);
void tb_load_free(tb_load *l); /* with what was not adopted; NULL is allowed */

/* "../法规/x.tb" as written in "事项/y.tb" → "法规/x.tb". Leading ".." and "." and "/" have no place to go and are
 * dropped. */
tb_str tb_reference_path(tb_arena *a, tb_str from, tb_str path);
#endif
