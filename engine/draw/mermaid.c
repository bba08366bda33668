/* The graph of a matter as a Mermaid flowchart, which code hosts and note-taking tools draw where they find it. */
#include "draw.h"

/* Inside quotes Mermaid reads #name; as an entity and <br/> as a new line. */
static void put_quoted(tb_buf *b, tb_str s) {
    tb_puts(b, "\"");
    for (uint32_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '\n': tb_puts(b, "<br/>"); break;
        case '"': tb_puts(b, "#quot;"); break;
        case '#': tb_puts(b, "#35;"); break;
        case '<': tb_puts(b, "#lt;"); break;
        case '>': tb_puts(b, "#gt;"); break;
        case '&': tb_puts(b, "#amp;"); break;
        default: tb_put(b, s.p + i, 1);
        }
    }
    tb_puts(b, "\"");
}

static void put_node(tb_buf *b, const tb_program *p, const tb_graph_node *n, uint32_t id) {
    static const char *const open[] = {"", "([", "[", "[", "[", ">", "[["}, *const close[] = {"",  "])", "]", "]",
                                                                                              "]", "]",  "]]"};
    static const char *const class[] = {"", "", "", ":::bar", ":::bar", ":::anywhere", ":::outcome"};
    tb_putf(b, "  n%u%s", id, open[n->kind]);
    put_quoted(b, tb__graph_node_text(b->arena, p, n));
    bool excludes = n->kind == TB_G_STEP && p->steps.items[n->index].excludes;
    tb_putf(b, "%s%s\n", close[n->kind], excludes ? ":::excluded" : class[n->kind]);
}

static void put_inside(tb_buf *b, const tb_program *p, const tb_graph *g, uint32_t cluster) {
    for (uint32_t i = 0; i < g->nodes.count; i++)
        if (g->nodes.items[i].cluster == cluster) put_node(b, p, &g->nodes.items[i], i);
    for (uint32_t i = 0; i < g->clusters.count; i++) {
        if (g->clusters.items[i].inside != cluster) continue;
        tb_putf(b, "  subgraph c%u[", i);
        put_quoted(b, g->clusters.items[i].label);
        tb_puts(b, "]\n");
        put_inside(b, p, g, i);
        tb_puts(b, "  end\n");
    }
}

static const char *arrow(const tb_program *p, const tb_graph_edge *e) {
    if (e->kind == TB_G_OVERDUE || e->kind == TB_G_OBLIGES || e->kind == TB_G_FULFILS) return "-.->";
    return e->move != TB_NO_INDEX && p->moves.items[e->move].irreversible ? "==>" : "-->";
}

void tb_draw_mermaid(tb_buf *out, const tb_program *p) {
    tb_graph g;
    tb__graph(out->arena, p, &g);
    tb_puts(out, "---\ntitle: ");
    put_quoted(out, tb_str_printf(out->arena, "%.*s %.*s", TB_FMT(p->matter), TB_FMT(p->version)));
    tb_puts(out, "\n---\nflowchart TD\n");
    put_inside(out, p, &g, TB_NO_INDEX);
    for (uint32_t i = 0; i < g.edges.count; i++) {
        const tb_graph_edge *e = &g.edges.items[i];
        tb_putf(out, "  n%u %s", e->from, arrow(p, e));
        tb_str text = tb__graph_edge_text(out->arena, p, e);
        if (text.n) {
            tb_puts(out, "|");
            put_quoted(out, text);
            tb_puts(out, "|");
        }
        tb_putf(out, " n%u\n", e->to);
    }
    for (uint32_t i = 0; i < g.edges.count; i++) {
        const tb_graph_edge *e = &g.edges.items[i];
        if (e->kind == TB_G_OVERDUE) tb_putf(out, "  linkStyle %u stroke:#b35900,color:#b35900\n", i);
        else if (e->move != TB_NO_INDEX && p->moves.items[e->move].irreversible)
            tb_putf(out, "  linkStyle %u stroke:#b30000,color:#b30000\n", i);
    }
    tb_puts(
        out,
        "  classDef bar fill:#333,color:#fff\n  classDef excluded fill:#ddd\n  classDef anywhere stroke-dasharray:4\n"
        "  classDef outcome stroke-width:3px\n");
}
