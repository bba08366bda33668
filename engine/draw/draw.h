/* Drawings of a matter: its program as a graph, and the graph as text for Graphviz (dot) and Mermaid. Pure: texts into
 * a buffer.
 *
 * The graph is drawn from the chart, not from the source: what is shown is what will run. A step is one node even
 * where the chart holds it several times; a 并行 is a box with a fork and a join; a 分支 a box inside it; an
 * obligation (应当, M15) stands beside its step, joined by dotted lines; 任一环节 is one node of its own. Marked:
 * limits, places, 不计入期限, overdue paths, the point of no return. */
#ifndef TB_DRAW_H
#define TB_DRAW_H
#include "program.h"

void tb_draw_dot(tb_buf *out, const tb_program *p);
void tb_draw_mermaid(tb_buf *out, const tb_program *p);
/* TB_OK, or TB_LIMIT: more than a picture can hold (layout.h). */
int tb_draw_svg(tb_buf *out, const tb_program *p);
/* BPMN 2.0 with diagram interchange (bpmn.h). */
int tb_draw_bpmn(tb_buf *out, const tb_program *p);

/* The matter as a table, a row a move and target (table.c): texts in the language of the source. */
enum tb_row_cell {
    TB_ROW_FROM,
    TB_ROW_EVENT,
    TB_ROW_CONDITION,
    TB_ROW_TO,
    TB_ROW_WHO,
    TB_ROW_WHERE,
    TB_ROW_LIMIT,
    TB_ROW_CLOCK,
    TB_ROW_CELLS
};
typedef struct tb_draw_row {
    uint32_t move; /* TB_NO_INDEX: a case begins */
    tb_str cell[TB_ROW_CELLS];
} tb_draw_row;
typedef TB_LIST(tb_draw_row) tb_draw_rows;
void tb_draw_table(tb_arena *a, const tb_program *p, tb_draw_rows *out);
/* The decision tables it adopts, in order (decisions.c): `cells` row after row, the first row its head. */
typedef struct tb_draw_decision {
    tb_str name, caption;
    uint32_t columns;
    TB_LIST(tb_str) cells;
} tb_draw_decision;
typedef TB_LIST(tb_draw_decision) tb_draw_decisions_list;
void tb_draw_decisions(tb_arena *a, const tb_program *p, tb_draw_decisions_list *out);
/* Is the matter written in Chinese? Pictures and tables speak the language of their source. */
bool tb_draws_chinese(const tb_program *p);

/* ---- the graph, for every drawer ---- */
enum tb_graph_node_kind {
    TB_G_START = 1 /* of a mode */,
    TB_G_STEP,
    TB_G_FORK,
    TB_G_JOIN,
    TB_G_ANYWHERE,
    TB_G_OUTCOME
};
typedef struct tb_graph_node {
    enum tb_graph_node_kind kind;
    uint32_t index;   /* START: mode; STEP: step; FORK, JOIN: state of the parallel; OUTCOME: outcome */
    uint32_t cluster; /* TB_NO_INDEX: none */
} tb_graph_node;
typedef struct tb_graph_cluster {
    uint16_t state;  /* a PARALLEL or a BRANCH */
    uint32_t inside; /* the cluster around it; TB_NO_INDEX: none */
    tb_str label;
} tb_graph_cluster;

enum tb_graph_edge_kind {
    TB_G_MOVE = 1,
    TB_G_OVERDUE,
    TB_G_BEGIN /* from START, or from a fork into its branches */,
    TB_G_OBLIGES,
    TB_G_FULFILS
};
typedef struct tb_graph_edge {
    enum tb_graph_edge_kind kind;
    uint32_t from, to; /* nodes; equal when the act leaves the case where it is */
    uint32_t move;     /* TB_NO_INDEX: none */
} tb_graph_edge;

typedef struct tb_graph {
    TB_LIST(tb_graph_node) nodes;
    TB_LIST(tb_graph_cluster) clusters;
    TB_LIST(tb_graph_edge) edges;
} tb_graph;

/* The graph of a program, in `a`. Under tb_try(). */
void tb__graph(tb_arena *a, const tb_program *p, tb_graph *g);
/* What a node and an edge say, lines parted by \n; in `a`. */
tb_str tb__graph_node_text(tb_arena *a, const tb_program *p, const tb_graph_node *n);
/* Does the move set the milestone: by 记, 视为, a document, a transfer, or the end? */
bool tb__records(const tb_program *p, const tb_move *m, uint32_t milestone);
bool tb__pending_at(const tb_program *p, tb_span at); /* 待核 there? */
void tb__put_markup(tb_buf *b, tb_str s, bool lines); /* markup.c: with entities; lines: line ends stay */
const char *tb__draw_unit(enum tb_unit unit, int n, bool chinese);
tb_str tb__graph_edge_text(tb_arena *a, const tb_program *p, const tb_graph_edge *e);
#endif
