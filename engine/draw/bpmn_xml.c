/* BPMN 2.0 with its diagram interchange, written from the nodes and flows of bpmn.h. Ids are ASCII, names are the matter's.
 * Limits and conditions are told as the rules write them, in a language of their own: ISO 8601 has no word for workdays,
 * and an engine that cannot read “5个工作日” must say so instead of counting days that are not worked. */
#include "bpmn.h"
#include "draw.h"
#include <stdio.h>

static const char *const elements[] = {
    [TB_BPMN_START] = "startEvent",           [TB_BPMN_TASK] = "userTask",
    [TB_BPMN_SERVICE] = "serviceTask",        [TB_BPMN_CALL] = "callActivity",
    [TB_BPMN_EXCLUSIVE] = "exclusiveGateway", [TB_BPMN_PARALLEL] = "parallelGateway",
    [TB_BPMN_COMPLEX] = "complexGateway",     [TB_BPMN_END] = "endEvent",
    [TB_BPMN_TIMER] = "boundaryEvent",        [TB_BPMN_CONDITION] = "boundaryEvent",
    [TB_BPMN_SUBPROCESS] = "subProcess",      [TB_BPMN_NOTE] = "textAnnotation",
};

static void put_name(tb_buf *b, tb_str name) {
    if (!name.n) return;
    tb_puts(b, " name=\"");
    tb__put_markup(b, name, false);
    tb_puts(b, "\"");
}

static void put_doc(tb_buf *b, tb_str doc) {
    if (!doc.n) return;
    tb_puts(b, "<bpmn:documentation>");
    tb__put_markup(b, doc, false);
    tb_puts(b, "</bpmn:documentation>\n");
}

static void put_words(tb_buf *b, const char *element, tb_str text) {
    tb_putf(b, "<bpmn:%s xsi:type=\"bpmn:tFormalExpression\" language=\"urn:tongban:rules\">", element);
    tb__put_markup(b, text, false);
    tb_putf(b, "</bpmn:%s>", element);
}

static void put_ways(tb_buf *b, const tb_bpmn *m, uint32_t node) {
    for (int out = 0; out < 2; out++)
        for (uint32_t i = 0; i < m->flows.count; i++) {
            const tb_bpmn_flow *f = &m->flows.items[i];
            if (f->association || (out ? f->from : f->to) != node) continue;
            tb_putf(b, "<bpmn:%s>Flow_%u</bpmn:%s>\n", out ? "outgoing" : "incoming", i, out ? "outgoing" : "incoming");
        }
}

static void put_flow(tb_buf *b, const tb_bpmn *m, uint32_t i) {
    const tb_bpmn_flow *f = &m->flows.items[i];
    if (f->association) {
        tb_putf(b, "<bpmn:association id=\"Flow_%u\" sourceRef=\"Node_%u\" targetRef=\"Node_%u\"/>\n", i, f->from,
                f->to);
        return;
    }
    tb_putf(b, "<bpmn:sequenceFlow id=\"Flow_%u\" sourceRef=\"Node_%u\" targetRef=\"Node_%u\"", i, f->from, f->to);
    put_name(b, f->name);
    tb_puts(b, ">\n");
    put_doc(b, f->doc);
    enum tb_bpmn_kind from = m->nodes.items[f->from].kind;
    if (f->condition.n && from != TB_BPMN_TIMER && from != TB_BPMN_CONDITION)
        put_words(b, "conditionExpression", f->condition);
    tb_puts(b, "</bpmn:sequenceFlow>\n");
}

static void put_node(tb_buf *b, const tb_bpmn *m, uint32_t i) {
    const tb_bpmn_node *n = &m->nodes.items[i];
    if (n->kind == TB_BPMN_NOTE) {
        tb_putf(b, "<bpmn:textAnnotation id=\"Node_%u\"><bpmn:text>", i);
        tb__put_markup(b, n->name, false);
        tb_puts(b, "</bpmn:text></bpmn:textAnnotation>\n");
        return;
    }
    bool edge = n->kind == TB_BPMN_TIMER || n->kind == TB_BPMN_CONDITION;
    bool inside = n->kind == TB_BPMN_START && n->lane == TB_NO_INDEX;
    tb_putf(b, "<bpmn:%s id=\"Node_%u\"", elements[n->kind], i);
    put_name(b, n->name);
    if (edge)
        tb_putf(b, " attachedToRef=\"Node_%u\" cancelActivity=\"%s\"", n->host, n->interrupting ? "true" : "false");
    if (inside) tb_putf(b, " isInterrupting=\"%s\"", n->interrupting ? "true" : "false");
    if (n->kind == TB_BPMN_SUBPROCESS) tb_puts(b, " triggeredByEvent=\"true\"");
    tb_puts(b, ">\n");
    put_doc(b, n->doc);
    put_ways(b, m, i);
    if (n->kind == TB_BPMN_TIMER) {
        tb_putf(b, "<bpmn:timerEventDefinition id=\"Definition_%u\">", i);
        put_words(b, "timeDuration", n->text);
        tb_puts(b, "</bpmn:timerEventDefinition>\n");
    } else if (n->kind == TB_BPMN_CONDITION) {
        tb_putf(b, "<bpmn:conditionalEventDefinition id=\"Definition_%u\">", i);
        put_words(b, "condition", n->text);
        tb_puts(b, "</bpmn:conditionalEventDefinition>\n");
    } else if (n->kind == TB_BPMN_START) { /* what an applicant or a clerk sends */
        tb_putf(b, "<bpmn:messageEventDefinition id=\"Definition_%u\"/>\n", i);
    } else if (n->kind == TB_BPMN_SUBPROCESS) {
        for (uint32_t k = 0; k < m->nodes.count; k++)
            if (m->nodes.items[k].host == i && m->nodes.items[k].lane == TB_NO_INDEX &&
                m->nodes.items[k].kind != TB_BPMN_NOTE)
                put_node(b, m, k);
        for (uint32_t k = 0; k < m->flows.count; k++)
            if (m->flows.items[k].inside == i) put_flow(b, m, k);
    }
    tb_putf(b, "</bpmn:%s>\n", elements[n->kind]);
}

static tb_str lane_name(const tb_bpmn *m, const tb_lane *lane) {
    const tb_program *p = m->layout->program;
    if (lane->anywhere) return TB_STR("任一环节");
    return lane->place == TB_NO_INDEX ? p->posts.items[TB_POST_APPLICANT].name : p->places.items[lane->place].name;
}

static void put_lanes(tb_buf *b, const tb_bpmn *m) {
    tb_puts(b, "<bpmn:laneSet id=\"Lanes\">\n");
    for (uint32_t i = 0; i < m->layout->lanes.count; i++) {
        tb_putf(b, "<bpmn:lane id=\"Lane_%u\"", i);
        put_name(b, lane_name(m, &m->layout->lanes.items[i]));
        tb_puts(b, ">\n");
        for (uint32_t k = 0; k < m->nodes.count; k++)
            if (m->nodes.items[k].lane == i) tb_putf(b, "<bpmn:flowNodeRef>Node_%u</bpmn:flowNodeRef>\n", k);
        tb_puts(b, "</bpmn:lane>\n");
    }
    tb_puts(b, "</bpmn:laneSet>\n");
}

static void put_process(tb_buf *b, const tb_bpmn *m) {
    const tb_program *p = m->layout->program;
    tb_puts(b, "<bpmn:collaboration id=\"Collaboration\">\n<bpmn:participant id=\"Pool\"");
    put_name(b, p->matter);
    tb_puts(b, " processRef=\"Process\"/>\n</bpmn:collaboration>\n<bpmn:process id=\"Process\"");
    put_name(b, p->matter);
    tb_puts(b, " isExecutable=\"false\">\n");
    tb_buf doc;
    tb_buf_init(&doc, b->arena);
    tb_putf(&doc, "版本 %.*s", TB_FMT(p->version));
    for (uint32_t i = 0; i < p->clocks.count; i++)
        if (p->clocks.items[i].kind != TB_CLOCK_STEP)
            tb_putf(&doc, "\n%.*s", TB_FMT(tb_source_text(p->sources, p->clocks.items[i].span)));
    put_doc(b, tb_buf_str(&doc));
    put_lanes(b, m);
    for (uint32_t i = 0; i < m->nodes.count; i++)
        if (m->nodes.items[i].lane != TB_NO_INDEX) put_node(b, m, i);
    for (uint32_t i = 0; i < m->flows.count; i++)
        if (m->flows.items[i].inside == TB_NO_INDEX && !m->flows.items[i].association) put_flow(b, m, i);
    for (uint32_t i = 0; i < m->nodes.count; i++)
        if (m->nodes.items[i].kind == TB_BPMN_NOTE) put_node(b, m, i);
    for (uint32_t i = 0; i < m->flows.count; i++)
        if (m->flows.items[i].association) put_flow(b, m, i);
    tb_puts(b, "</bpmn:process>\n");
}

static void put_shape(tb_buf *b, const char *id, int number, const char *more, tb_rect r) {
    char suffix[16] = "";
    if (number >= 0) snprintf(suffix, sizeof suffix, "_%d", number);
    tb_putf(b,
            "<bpmndi:BPMNShape id=\"%s%s_di\" bpmnElement=\"%s%s\"%s><dc:Bounds x=\"%d\" y=\"%d\" width=\"%d\" "
            "height=\"%d\"/></bpmndi:BPMNShape>\n",
            id, suffix, id, suffix, more, r.x, r.y, r.w, r.h);
}

static void put_diagram(tb_buf *b, const tb_bpmn *m) {
    const tb_layout *l = m->layout;
    enum { S = TB_BPMN_SCALE, HEAD = 30 };
    tb_puts(b, "<bpmndi:BPMNDiagram id=\"Diagram\">\n<bpmndi:BPMNPlane id=\"Plane\" bpmnElement=\"Collaboration\">\n");
    tb_rect f = l->field;
    put_shape(b, "Pool", -1, " isHorizontal=\"true\"", (tb_rect){S * f.x - HEAD, S * f.y, S * f.w + HEAD, S * f.h});
    for (uint32_t i = 0; i < l->lanes.count; i++) {
        tb_rect r = l->lanes.items[i].at;
        put_shape(b, "Lane", (int)i, " isHorizontal=\"true\"", (tb_rect){S * r.x, S * r.y, S * r.w, S * r.h});
    }
    for (uint32_t i = 0; i < m->nodes.count; i++) {
        enum tb_bpmn_kind kind = m->nodes.items[i].kind;
        put_shape(b, "Node", (int)i,
                  kind == TB_BPMN_SUBPROCESS  ? " isExpanded=\"true\""
                  : kind == TB_BPMN_EXCLUSIVE ? " isMarkerVisible=\"true\""
                                              : "",
                  m->nodes.items[i].at);
    }
    for (uint32_t i = 0; i < m->flows.count; i++) {
        tb_putf(b, "<bpmndi:BPMNEdge id=\"Flow_%u_di\" bpmnElement=\"Flow_%u\">", i, i);
        for (uint32_t k = 0; k < m->flows.items[i].points.count; k++)
            tb_putf(b, "<di:waypoint x=\"%d\" y=\"%d\"/>", m->flows.items[i].points.items[k].x,
                    m->flows.items[i].points.items[k].y);
        tb_rect label = m->flows.items[i].label;
        if (label.w)
            tb_putf(b, "<bpmndi:BPMNLabel><dc:Bounds x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></bpmndi:BPMNLabel>",
                    label.x, label.y, label.w, label.h);
        tb_puts(b, "</bpmndi:BPMNEdge>\n");
    }
    tb_puts(b, "</bpmndi:BPMNPlane>\n</bpmndi:BPMNDiagram>\n");
}

int tb_draw_bpmn(tb_buf *b, const tb_program *p) {
    tb_layout layout;
    tb_bpmn m;
    int result = tb_bpmn_of(b->arena, p, &layout, &m);
    if (result != TB_OK) return result;
    tb_puts(b,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<bpmn:definitions xmlns:bpmn=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
            "xmlns:bpmndi=\"http://www.omg.org/spec/BPMN/20100524/DI\" "
            "xmlns:dc=\"http://www.omg.org/spec/DD/20100524/DC\" xmlns:di=\"http://www.omg.org/spec/DD/20100524/DI\" "
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" id=\"Definitions\" "
            "targetNamespace=\"urn:tongban:matter\" exporter=\"tongban\">\n");
    put_process(b, &m);
    put_diagram(b, &m);
    tb_puts(b, "</bpmn:definitions>\n");
    return TB_OK;
}
