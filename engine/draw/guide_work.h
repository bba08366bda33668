/* Inside the guides: putting blocks together (guide.c), and the words that both guides use (guide_words.c). */
#ifndef TB_GUIDE_WORK_H
#define TB_GUIDE_WORK_H
#include "draw.h"
#include "guide.h"

typedef struct tb__guide {
    tb_arena *a;
    const tb_program *p;
    tb_guide *out;
    tb_graph graph;
    bool staff;
    uint32_t sections;
} tb__guide;
#define TB__GUIDE_PRINTS(n) __attribute__((format(printf, n, n + 1)))

/* ---- blocks (guide.c) ---- */
void tb__guide_section(tb__guide *g, const char *title); /* gets its number: 一、 */
void tb__guide_part(tb__guide *g, tb_str title);
void tb__guide_paragraph(tb__guide *g, bool open, const char *format, ...) TB__GUIDE_PRINTS(3);
void tb__guide_item(tb__guide *g, bool open, const char *format, ...) TB__GUIDE_PRINTS(3); /* of a list */
void tb__guide_fact(tb__guide *g, const char *term, bool open, const char *format, ...) TB__GUIDE_PRINTS(4);
void tb__guide_table(tb__guide *g, uint32_t columns, const char *const *heads, const uint8_t *shares);
void tb__guide_cell(tb__guide *g, bool open, const char *format, ...) TB__GUIDE_PRINTS(3);
void tb__guide_blank(tb__guide *g);                                                        /* an empty cell */
void tb__guide_more(tb__guide *g, bool open, const char *format, ...) TB__GUIDE_PRINTS(3); /* one more line there */
tb_str tb__guide_unsaid(const char *what);                                                 /* 规则没有写明… */

/* ---- words (guide_words.c) ---- */
tb_str tb__guide_milestone(const tb__guide *g, uint32_t milestone);
tb_str tb__guide_length(const tb__guide *g, const tb_clock_def *c); /* 10个工作日 */
tb_str tb__guide_limit(const tb__guide *g, const tb_clock_def *c);  /* 自受理之日起10个工作日内 */
tb_str tb__guide_span(const tb__guide *g, const tb_clock_def *c); /* 10个工作日，自受理之日起算，至决定之日止 */
tb_str tb__guide_place(const tb__guide *g, uint32_t place);      /* 属地 */
tb_str tb__guide_place_from(const tb__guide *g, uint32_t place); /* 按申请表“经营场所”确定 */
tb_str tb__guide_authority(const tb__guide *g);
tb_str tb__guide_people(const tb__guide *g, const uint32_t *posts, uint32_t n, bool all, int persons);
tb_str tb__guide_actors(const tb__guide *g, const tb_move *m);  /* who may do it */
tb_str tb__guide_condition(const tb__guide *g, tb_str text);    /* 经营面积大于300平方米 */
tb_str tb__guide_act(const tb__guide *g, const tb_move *m);     /* 材料齐全的 */
bool tb__guide_by_itself(const tb__guide *g, const tb_move *m); /* a limit brings it about: 逾期, 容缺逾期 */
tb_str tb__guide_target(const tb__guide *g, uint32_t move);     /* 转入“审查”; empty: stays */
tb_str tb__guide_effects(const tb__guide *g, const tb_move *m); /* what is recorded and told, without documents */
tb_str tb__guide_documents(const tb__guide *g, const tb_move *m);
tb_str tb__guide_names(const tb__guide *g, const tb_str *names, uint32_t n); /* a、b */
/* The whole of a move as one sentence. */
tb_str tb__guide_sentence(const tb__guide *g, uint32_t move);
/* 《…》第四十二条第一款、…: what the clause at `at` rests on; empty: nothing. */
tb_str tb__guide_basis(const tb__guide *g, tb_span at);
/* Of every document: where it is issued. */
tb_str tb__guide_issued(const tb__guide *g, uint32_t document);
tb_str tb__guide_seal(const tb__guide *g, uint32_t document);
bool tb__guide_states(const tb_move *m, const char *what);
bool tb__guide_in_posts(const uint32_t *posts, uint32_t n, uint32_t post);
/* The node of the graph that a move leads to; NULL: it leaves the case where it is. */
const tb_graph_node *tb__guide_goal(const tb__guide *g, uint32_t move);

/* ---- what may come later, what needs presence, what is told and taken back (guide_ease.c) ---- */
void tb__guide_deferral(tb__guide *g);               /* 容缺受理, for both */
void tb__guide_promise(tb__guide *g);                /* 告知承诺, for both */
void tb__guide_presence(tb__guide *g);               /* how often an applicant has to come, why and in which step */
void tb__guide_not_online(tb__guide *g); /* 办理模式 …，因 … */
tb_str tb__guide_on_site(const tb__guide *g, const tb_step_def *s); /* 因“…”，依… */
void tb__guide_alerts(tb__guide *g, uint32_t clock); /* facts: 提醒, 黄牌, 红牌 */
tb_str tb__guide_alert(const tb__guide *g, const tb_alert_def *d);
void tb__guide_claims(tb__guide *g);                 /* 签收, 退签, 更正 */

/* ---- both guides (guide.c) ---- */
void tb__guide_laws(tb__guide *g);
void tb__guide_open(tb__guide *g);
void tb__guide_form(tb__guide *g);
void tb__guide_materials(tb__guide *g);
void tb__guide_applicant(tb__guide *g);
void tb__guide_staff(tb__guide *g);
#endif
