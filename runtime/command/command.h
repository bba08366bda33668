/* The command line: a table of commands, each in its own file, and what they share — flags, languages, output, exit
 * codes.
 *
 * Why a small parser of our own: every flag is declared beside its help in both languages, so what is accepted and
 * what is documented cannot drift apart; a wrong word gets the nearest right one; and exit codes mean the same
 * everywhere (DESIGN §6): 0 clean, 1 something was found (an error in a matter, a refused act), 2 it could not run (a
 * missing file, no server, a wrong flag).
 *
 * A command runs inside tb_try() on line->arena: memory that runs out ends it with one message. What it says to people
 * goes into line->out (standard output, written once at the end or by tb_line_flush) and, when it could not run,
 * through tb_line_error(). */
#ifndef TB_COMMAND_H
#define TB_COMMAND_H
#include "diagnostic.h"

enum tb_exit { TB_EXIT_CLEAN = 0, TB_EXIT_FOUND = 1, TB_EXIT_FAILED = 2 };
enum { TB_FLAGS = 32 /* given on one line */, TB_ARGUMENTS = 4096 };

typedef struct tb_flag {
    const char *name;  /* without -- ; a single letter is written -x */
    const char *value; /* what follows it, for the help; NULL: a switch */
    const char *zh, *en;
} tb_flag;

typedef struct tb_line tb_line;
typedef struct tb_command {
    const char *name;
    const char *arguments;         /* as in the usage line */
    const char *zh, *en;           /* what it does, one line */
    const char *more_zh, *more_en; /* further help, may be NULL */
    const tb_flag *flags;          /* ended by a NULL name; NULL none */
    int least, most;               /* how many arguments */
    int (*run)(tb_line *line);
} tb_command;

struct tb_line {
    const tb_command *command;
    tb_arena *arena;
    const char *args[TB_ARGUMENTS];
    int count;
    struct {
        const tb_flag *flag;
        const char *value;
    } given[TB_FLAGS];
    int flags;
    enum tb_lang lang; /* AUTO when not asked for: messages Chinese, diagnostics in the language of the source */
    bool json, colour;
    tb_buf out;
};

/* The commands in the order of the help. */
extern const tb_command *const tb__commands[];

/* Reads the arguments of a command. false: said why on stderr (or printed help, then *exit is 0). */
bool tb_line_read(tb_line *line, int argc, char **argv, int *exit);
void tb_line_help(const tb_line *line); /* of its command, or of all when that is NULL; to stdout */

bool tb_line_has(const tb_line *line, const char *flag);
const char *tb_line_value(const tb_line *line, const char *flag); /* the last one given; NULL when absent */
const char *tb_line_nth(const tb_line *line, const char *flag,
                        int n); /* the n-th, for flags that may repeat; NULL after the last */

/* Picks the text of the wanted language: Chinese unless --lang en. */
const char *tb_line_say(const tb_line *line, const char *zh, const char *en);
/* "tongban check: …" on stderr; answers TB_EXIT_FAILED, so that `return tb_line_error(…)` reads well. Both formats
 * take the same values. */
int tb_line_error(tb_line *line, const char *zh, const char *en, ...);
/* Writes line->out to stdout and empties it. false: stdout cannot be written (said on stderr). */
bool tb_line_flush(tb_line *line);

/* Colours for terminals; "" when line->colour is false. */
enum tb_ink { TB_INK_OFF, TB_INK_BOLD, TB_INK_DIM, TB_INK_RED, TB_INK_GREEN, TB_INK_YELLOW };
const char *tb_ink(const tb_line *line, enum tb_ink ink);

/* A text padded with blanks to a number of display cells (Han are two); longer texts are not cut. */
void tb_put_cells(tb_buf *b, tb_str s, uint32_t cells);

/* A table: rows of texts, columns as wide as their widest text. `right`: bit set of columns set flush right. */
typedef struct tb_table {
    uint32_t columns;
    uint64_t right;
    TB_LIST(tb_str) cells; /* row after row, the head first */
} tb_table;
void tb_table_cell(tb_line *line, tb_table *t, tb_str text);
void tb_table_put(tb_line *line, const tb_table *t); /* into line->out; the head bold, a rule under it */
#endif
