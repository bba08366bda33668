/* Is one matter stricter than another, for the person who applies? 遵循 asks it of a matter and its standard and wants
 * no difference; `tongban compare` asks it both ways of two places' matters (无差别受理、同标准办理).
 *
 * Compared are: the statutory and promised limits and their extension, the modes, what the form requires and admits, the
 * materials needed, the steps the applicant must do and the time left for them, the acts that refuse and their
 * conditions, the conditions of the acts that do not, the materials that may come later or be promised and the time for
 * it, the steps that need presence. Rights that the other does not give (可容缺, 可承诺) are no strictness, nor is what can
 * only befall who used them (容缺逾期, 承诺不实). Things are the same when they bear the same name: a refusal under
 * a name the other does not have is a new refusal. */
#ifndef TB_PROOF_FOLLOW_H
#define TB_PROOF_FOLLOW_H
#include "program.h"

enum tb_aspect {
    TB_ASPECT_LIMIT = 1,
    TB_ASPECT_FIELD,
    TB_ASPECT_MATERIAL,
    TB_ASPECT_MODE,
    TB_ASPECT_APPLICANT,
    TB_ASPECT_REFUSAL,
    TB_ASPECT_CONDITION,
    TB_ASPECT_PAPERS /* 可容缺, 可承诺, and the time to bring what is missing */,
    TB_ASPECT_PRESENCE /* 现场必须 */
};
typedef struct tb_difference {
    enum tb_aspect aspect;
    bool proved;        /* stricter; false: it could not be decided */
    tb_str subject;     /* 法定期限, a field, a material, an act … */
    tb_str here, there; /* what each says, in words */
    tb_span at, other;  /* in the sources of each */
} tb_difference;
typedef struct tb_differences {
    TB_LIST(tb_difference) list;
} tb_differences;

/* Everything in which `here` is stricter than `there`, or may be, in the order of the aspects. The two may come from
 * different compilations. Lives in `a`; under tb_try(). */
void tb_stricter(tb_arena *a, const tb_program *here, const tb_program *there, bool english, tb_differences *out);
/* Reports them of a matter that follows a standard; `clause`: its 遵循. What could not be decided is an error, or, when
 * the clause is 待核, a warning. */
void tb__follow_report(tb_arena *a, const tb_program *p, const tb_clause *clause, const tb_program *standard,
                       bool english, tb_diagnostics *d);
const char *tb_aspect_word(enum tb_aspect aspect, bool english);
#endif
