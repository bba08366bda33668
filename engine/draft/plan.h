/* Inside engine/draft/ only: what plan.c decides and write.c writes. */
#ifndef TB_DRAFT_PLAN_H
#define TB_DRAFT_PLAN_H
#include "draft_work.h"

enum tb__role { TB__COLLECTS, TB__ACCEPTS, TB__REVIEWS, TB__DECIDES, TB__SERVES, TB__INSTANT, TB__PRESIDES, TB__ROLES };
struct tb__special {
    tb_str ground; /* 听证 … */
    struct tb__limit limit;
};
struct tb__plan {
    tb_str kind, service;
    bool kind_known, service_known;
    bool licence, instant;
    tb_str organ, duty; /* a named organ; or whichever has this duty at the place the form names */
    bool organ_known;   /* the directory has it */
    tb_str posts[TB__ROLES];
    bool held[TB__ROLES];                    /* somebody holds it */
    bool modes_said, online, window, remote; /* 全程网办, 窗口办理, 异地代收代办 */
    tb_str scene_reason;                     /* why one must come; may be empty */
    struct tb__limit statutory, promised;    /* as the sheet says */
    bool on_the_spot;                        /* the promise counts from 当场受理 */
    int receiving, reviewing, deciding;      /* of the steps */
    enum tb_unit_word unit, unit_review;     /* receiving and deciding; reviewing */
    bool merged;                             /* 审查 and 决定 are one step */
    const char *grant, *refuse;              /* acts and outcomes */
    tb_str granted, refused;                 /* their documents */
    tb__strs results;                        /* papers handed over besides */
    TB_LIST(struct tb__special) specials;
    tb__strs special_laws;
};
void tb__plan_make(tb_arena *a, struct tb__plan *p, const tb_source_matter *m, const tb_draft_world *world);
#endif
