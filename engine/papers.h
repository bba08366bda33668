/* 容缺 and 承诺 of an application: see papers.c. */
#ifndef TB_PAPERS_H
#define TB_PAPERS_H
#include "step.h"

/* May this item of the application's materials (a name, or {"名称","方式"}) be brought so? Otherwise it is refused. A name nobody knows fits. */
bool tb__papers_fit(const tb_program *p, const tb_json *item, tb_refusal *r);
bool tb__papers_owed(const tb_case *c); /* is something still missing? */
#endif
