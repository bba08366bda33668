/* Inside the engine: what a submission must bring before a case begins. The form's values against the fields' types and
 * bounds, what the form decides (tables, sums, fields required by others), the materials' names, and the places the matter takes from them, with a calendar and a competent organ at each
 * (M16, M17). The first thing wrong is the refusal. */
#ifndef TB_FORM_H
#define TB_FORM_H
#include "step.h"

typedef struct tb__submission {
    tb_arena *a; /* texts of refusals and the places' codes are made here */
    const tb_program *p;
    const tb_event *e;
    const tb_env *env;
    tb_str *places; /* by role: tb__places_fit() fills them in */
    tb_refusal *r;  /* written only when the answer is false */
} tb__submission;

bool tb__form_fits(const tb__submission *s, uint32_t mode);
bool tb__places_fit(const tb__submission *s);
#endif
