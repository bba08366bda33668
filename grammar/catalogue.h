/* The catalogue of diagnostics: for each code a title, why the rule exists and what to do, a wrong and a right example.
 *
 * It is written as text to be read (grammar/诊断*.md, one section a code) and turned into data when the program is
 * built (catalogue.awk), so that `tongban explain TB0123` needs no file. tests/test_catalogue.c fails when a code has
 * no section, a section no code, or an example does not do what it says. */
#ifndef TB_CATALOGUE_H
#define TB_CATALOGUE_H
#include "diagnostic.h"

typedef struct tb_explanation {
    const char *code;                /* "TB0123"; a refusal at run time: its name, "WRONG_POST" */
    const char *title_zh, *title_en; /* one line */
    const char *zh, *en;             /* paragraphs, one a line */
    const char *wrong, *wrong_words; /* rules text as printed; words of its fence (“全文”, “同 TB0303”), each followed */
    const char *right, *right_words; /* by a blank. All "" for refusals */
} tb_explanation;

/* All, in the order of the files; ended by a NULL code. */
const tb_explanation *tb_explanations(void);
/* As people write it: TB0123, tb0123, 0123, 123, WRONG_POST, wrong_post. NULL: there is none. */
const tb_explanation *tb_explanation_of(tb_str code);
/* What an example that is not a whole file (“全文”) stands in: grammar/诊断.md says how. */
tb_str tb_example_preamble(void);
tb_str tb_example_ending(void);

/* catalogue.awk makes these. */
extern const tb_explanation tb__explanations[];
extern const char tb__example_preamble[], tb__example_ending[];
#endif
