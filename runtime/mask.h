/* Masking: what of personal data those see who do not need it.
 *
 * Fields of type 身份证 and 手机号, and those declared 敏感, are shown so that two can be told apart but not known:
 *
 *   身份证   110***********002X     手机号   138****1234     敏感 texts   高**     敏感 addresses   the division stays     others   ***
 *
 * The same values are found again where people wrote them into other texts (grounds, opinions), and so are runs of digits that can only
 * be an 身份证 or 手机号 number. What somebody describes in other words no program finds: a text that must not be read is not shown
 * to whom it does not concern (auth.h). */
#ifndef TB_MASK_H
#define TB_MASK_H
#include "step.h"

typedef struct tb_mask tb_mask;
/* All under tb_try, in `a`; `form` is the case's, and stays. */
tb_mask *tb_mask_begin(tb_arena *a, const tb_program *p, const tb_json *form);
void tb_mask_in(tb_mask *m,
                tb_arena *a); /* from now on what is masked lies in `a`: a long history goes out page by page */
tb_json tb_mask_form(tb_mask *m, const tb_json *form); /* by its fields; a field that nobody declared like any value */
tb_json tb_mask_value(tb_mask *m, const tb_json *value); /* every text in it */
tb_str tb_mask_text(tb_mask *m, tb_str text);
/* The names of the fields with personal data that are filled in, "、" between; empty: none. */
tb_str tb_mask_fields(tb_arena *a, const tb_program *p, const tb_json *form);
#endif
