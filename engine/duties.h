/* What becomes of each duty that a law's file states: proved by `check`, enforced at run time, recorded only, or left out and why.
 *
 * A law's file says what the law asks. How much of it the program takes care of is a statement about the program, so it is
 * declared here (duties.def), article by article, and joined with the laws and matters that were compiled. An article that
 * nothing is declared of is shown as such: who adds the law of his own department sees at once what is not done for him. Never
 * more is declared than the code does: tests/test_duties.c holds the table against the laws, the catalogues of codes and the
 * tests. */
#ifndef TB_DUTIES_H
#define TB_DUTIES_H
#include "compile.h"

enum tb_treated {
    TB_TREATED_PROVED = 1,
    TB_TREATED_ENFORCED,
    TB_TREATED_RECORDED,
    TB_TREATED_OUTSIDE,
    TB_TREATED_COUNT
};
enum { TB_TREATMENT_CODES = 6 };

/* One line of duties.def; an article may have several. */
typedef struct tb_treatment {
    const char *article; /* 《行政许可法》第四十二条第一款 */
    enum tb_treated how;
    int codes[TB_TREATMENT_CODES + 1]; /* PROVED: enum tb_code; ENFORCED: enum tb_refusal_code; ended by 0 */
    const char *left;    /* what the case holds afterwards, “时点 送达”: RECORDED, and ENFORCED by the clock alone; else NULL */
    const char *zh, *en; /* how far it goes; OUTSIDE: why not */
} tb_treatment;
/* All of duties.def, ended by a NULL article. */
const tb_treatment *tb_treatments(void);
const char *tb_treated_word(enum tb_treated how, enum tb_lang lang); /* 证明, proved */
/* The n-th code of a treatment as people write it: TB0314, EXPIRED; an empty text after the last. */
tb_str tb_treatment_code(tb_arena *a, const tb_treatment *t, uint32_t n);

typedef TB_LIST(tb_str) tb_texts;
/* A part of an article, 期限 20个工作日, and the error of a matter that cites the article and breaks it (TB_CODE_NONE: it is
 * for readers). */
typedef struct tb_duty_part {
    tb_str text;
    enum tb_code asked;
} tb_duty_part;
/* A clause that cites an article. */
typedef struct tb_duty_cite {
    tb_str matter;
    tb_span clause;
} tb_duty_cite;
/* An article of a law's file. */
typedef struct tb_duty {
    tb_law_ref ref;
    tb_str article, gist;                     /* as its file writes them; the gist may be empty */
    TB_LIST(tb_duty_part) says;               /* what else it says */
    bool open;                                /* 待核 */
    TB_LIST(const tb_treatment *) treatments; /* none: undeclared */
    tb_texts matters;                         /* that cite it, of those that compiled */
    TB_LIST(tb_duty_cite) cites;              /* their clauses, each once */
    tb_span span;
} tb_duty;
typedef struct tb_duty_law {
    tb_str name, rank;
    bool open;
    TB_LIST(tb_duty) articles;
    uint32_t counts[TB_TREATED_COUNT]; /* articles, by treatment; [0]: undeclared. One may count several times. */
} tb_duty_law;
/* An article that matters cite and no law's file holds. */
typedef struct tb_duty_missing {
    tb_str text;
    tb_texts matters;
} tb_duty_missing;
typedef struct tb_duties {
    TB_LIST(tb_duty_law) laws; /* in the order of their files */
    TB_LIST(tb_duty_missing) missing;
} tb_duties;

/* Joins the table with what was compiled. In `a`, with views into the rules, which must outlive it. Under tb_try(). */
tb_duties *tb_duties_of(tb_arena *a, const tb_rules *r);
/* Does a law go by this name? A statute's 中华人民共和国 may be left out. */
bool tb_law_named(tb_str law, tb_str name);
/* As a page to be read, in Markdown (grammar/义务.md; `make duties`). */
void tb_duties_page(tb_buf *b, const tb_duties *d, enum tb_lang lang);
#endif
