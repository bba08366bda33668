/* The graph of a matter in Graphviz's language: `tongban draw X.tb --format dot | dot -Tsvg`. */
#include "draw.h"

static void put_quoted(tb_buf *b, tb_str s) {
    tb_puts(b, "\"");
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n') tb_puts(b, "\\n");
        else {
            if (s.p[i] == '"' || s.p[i] == '\\') tb_puts(b, "\\");
            tb_put(b, s.p + i, 1);
        }
    }
    tb_puts(b, "\"");
}

static const char *node_style(const tb_program *p, const tb_graph_node *n) {
    switch (n->kind) {
    case TB_G_START: return "shape=oval";
    case TB_G_FORK:
    case TB_G_JOIN:
        return "shape=box, style=filled, fillcolor=\"#333333\", fontcolor=white, height=0.1, margin=\"0.3,0.02\"";
    case TB_G_ANYWHERE: return "shape=note, style=dashed";
    case TB_G_OUTCOME: return "shape=box, style=\"rounded,bold\", peripheries=2";
    case TB_G_STEP: break;
    }
    return p->steps.items[n->index].excludes ? "shape=box, style=\"filled\", fillcolor=\"#dddddd\"" : "shape=box";
}

static const char *edge_style(const tb_program *p, const tb_graph_edge *e) {
    if (e->kind == TB_G_OVERDUE) return ", style=dashed, color=\"#b35900\", fontcolor=\"#b35900\"";
    if (e->kind == TB_G_OBLIGES || e->kind == TB_G_FULFILS) return ", style=dotted";
    if (e->move == TB_NO_INDEX) return "";
    const tb_move *m = &p->moves.items[e->move];
    if (m->irreversible) return ", penwidth=3, color=\"#b30000\", fontcolor=\"#b30000\"";
    return m->returns ? ", style=dashed, constraint=false" : "";
}

/* A cluster with what lies in it: its nodes, then the clusters inside. `cluster` TB_NO_INDEX: the whole. */
static void put_inside(tb_buf *b, tb_arena *a, const tb_program *p, const tb_graph *g, uint32_t cluster) {
    for (uint32_t i = 0; i < g->nodes.count; i++) {
        if (g->nodes.items[i].cluster != cluster) continue;
        tb_putf(b, "  n%u [label=", i);
        put_quoted(b, tb__graph_node_text(a, p, &g->nodes.items[i]));
        tb_putf(b, ", %s];\n", node_style(p, &g->nodes.items[i]));
    }
    for (uint32_t i = 0; i < g->clusters.count; i++) {
        if (g->clusters.items[i].inside != cluster) continue;
        tb_putf(b, "  subgraph cluster_%u {\n  label=", i);
        put_quoted(b, g->clusters.items[i].label);
        tb_puts(b, "; style=rounded;\n");
        put_inside(b, a, p, g, i);
        tb_puts(b, "  }\n");
    }
}

void tb_draw_dot(tb_buf *out, const tb_program *p) {
    tb_graph g;
    tb__graph(out->arena, p, &g);
    tb_puts(out, "digraph ");
    put_quoted(out, p->matter);
    tb_puts(out, " {\n  label=");
    put_quoted(out, tb_str_printf(out->arena, "%.*s %.*s", TB_FMT(p->matter), TB_FMT(p->version)));
    tb_puts(out, "; labelloc=t; fontname=\"sans-serif\";\n  node [fontname=\"sans-serif\", fontsize=11];\n"
                 "  edge [fontname=\"sans-serif\", fontsize=9];\n");
    put_inside(out, out->arena, p, &g, TB_NO_INDEX);
    for (uint32_t i = 0; i < g.edges.count; i++) {
        const tb_graph_edge *e = &g.edges.items[i];
        tb_putf(out, "  n%u -> n%u [label=", e->from, e->to);
        put_quoted(out, tb__graph_edge_text(out->arena, p, e));
        tb_putf(out, "%s];\n", edge_style(p, e));
    }
    tb_puts(out, "}\n");
}
