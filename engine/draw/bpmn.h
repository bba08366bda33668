/* A matter as a BPMN 2.0 diagram: what stands between the layout (layout.h) and the XML.
 *
 * The picture's geometry is kept, twice as large, since BPMN readers write in letters of a fixed size. What the picture
 * shows as one box, BPMN parts in several: a step with several ways in gets a merging gateway at its left, one with several
 * acts an exclusive gateway at its right, limits become timers on its lower edge, an obligation a condition there; all of
 * them inside of the box, so that nothing overlaps that did not overlap in the picture. A 任一环节 is an event sub-process. */
#ifndef TB_BPMN_H
#define TB_BPMN_H
#include "layout.h"

enum { TB_BPMN_SCALE = 2 };

enum tb_bpmn_kind {
    TB_BPMN_START = 1,
    TB_BPMN_TASK,
    TB_BPMN_SERVICE /* 调用 */,
    TB_BPMN_CALL /* 发起 */,
    TB_BPMN_EXCLUSIVE,
    TB_BPMN_PARALLEL,
    TB_BPMN_COMPLEX /* a join that need not wait for all */,
    TB_BPMN_END,
    TB_BPMN_TIMER /* on the edge of `host` */,
    TB_BPMN_CONDITION /* on the edge of `host` */,
    TB_BPMN_SUBPROCESS /* 任一环节 */,
    TB_BPMN_NOTE
};
typedef struct tb_bpmn_node {
    enum tb_bpmn_kind kind;
    tb_str name, doc, text; /* text: of a timer or a condition */
    uint32_t lane;          /* of the layout; TB_NO_INDEX: inside of a sub-process */
    uint32_t host;          /* TIMER, CONDITION: the task; NOTE: the node it is tied to; inside: the sub-process */
    bool interrupting;
    tb_rect at;
} tb_bpmn_node;
typedef struct tb_bpmn_flow {
    uint32_t from, to; /* nodes */
    tb_str name, doc, condition;
    bool association; /* of a note */
    tb_rect label;    /* w 0: none */
    uint32_t inside;  /* a sub-process; TB_NO_INDEX */
    TB_LIST(tb_point) points;
} tb_bpmn_flow;
typedef struct tb_bpmn {
    const tb_layout *layout;
    TB_LIST(tb_bpmn_node) nodes;
    TB_LIST(tb_bpmn_flow) flows;
} tb_bpmn;

/* TB_OK, or TB_LIMIT as the layout. Under tb_try(). */
int tb_bpmn_of(tb_arena *a, const tb_program *p, tb_layout *layout, tb_bpmn *out);
#endif
