/* Where everything of a matter's picture stands: the geometry, apart from how it is written (svg.c; BPMN's diagram
 * interchange takes the same).
 *
 * The picture is a grid. Columns go from left to right: they are ranks of the flow, gathered by legal phase (属 X阶段).
 * Rows go from top to bottom and belong to lanes: one lane a place (申请人, 收件地, 属地 …). A node stands in one cell; the
 * bars of a 并行 reach over the rows of its branches. Lines run in the gutters between columns and the channels between
 * rows, or straight through empty cells: so that no line can run through a box or a text, by construction and not by luck.
 * What a move says stands on the line where it leaves its step, in a strip of the gutter that is that step's own.
 * An outcome is drawn as an end mark beside each step that reaches it, not as one box with lines from everywhere; what
 * leaves a case where it is (逾期的，…继续办理) is told inside the box; 任一环节 is a bar under the columns where it holds.
 *
 * All numbers are integers in units of the picture (a letter of the running text is TB_DRAW_LETTER high); x grows to the
 * right, y down. Same program, same numbers. The order of all lists is fixed: nodes as in the graph (draw.h), then end
 * marks; lines in order of their first move. */
#ifndef TB_LAYOUT_H
#define TB_LAYOUT_H
#include "draw.h"

enum {
    TB_DRAW_LETTER = 12,
    TB_DRAW_NODES = 4096 /* nodes and end marks */,
    TB_DRAW_LINES = 8192,
    TB_DRAW_CELLS = 1 << 22 /* rows × columns */,
    TB_DRAW_ROLL = -1,
    TB_DRAW_A3_WIDTH = 2700 /* units on an A3 sheet, at which a letter is 1.9 mm high */
};

typedef struct tb_rect {
    int x, y, w, h;
} tb_rect;
typedef struct tb_point {
    int x, y;
} tb_point;
typedef TB_LIST(uint32_t) tb_numbers;

/* A line of text at its place: `x` is where it starts, `y` its base line, `w` its measured width. */
enum tb_text_kind {
    TB_TEXT_NAME = 1 /* of a step, an outcome */,
    TB_TEXT_ACT /* 材料齐全 */,
    TB_TEXT_PLAIN,
    TB_TEXT_QUIET /* who, conditions, citations */,
    TB_TEXT_LIMIT,
    TB_TEXT_DOCUMENT /* 出具; a sheet of paper is drawn at x - TB_DRAW_ICON */,
    TB_TEXT_OVERDUE /* 逾期 and what follows from it */,
    TB_TEXT_EXCLUDED /* 不计入期限 and its grounds */,
    TB_TEXT_OBLIGED /* 应当 */,
    TB_TEXT_NO_RETURN /* 不可撤回 */,
    TB_TEXT_TITLE /* of a lane, a phase, a frame */
};
typedef struct tb_text {
    enum tb_text_kind kind;
    int x, y, w, size;
    bool bold, icon /* of a document, a limit, a stay: left of x */, pending /* 待核: marked right of it */;
    tb_str text;
} tb_text;
typedef TB_LIST(tb_text) tb_texts;
enum { TB_DRAW_ICON = 13, TB_DRAW_MARK = 30 /* the width of 待核 */ };

enum tb_box_kind {
    TB_BOX_START = 1 /* of a mode; index: mode */,
    TB_BOX_STEP /* index: step */,
    TB_BOX_FORK /* index: state of the parallel */,
    TB_BOX_JOIN,
    TB_BOX_END /* an end mark; index: outcome */,
    TB_BOX_FULFILLED /* an obligation's end; index: its step */,
    TB_BOX_RESUMED /* 转 原环节: back to what was interrupted; index: the step that leads there */,
    TB_BOX_ANYWHERE /* a bar; index: move */
};
typedef struct tb_box {
    enum tb_box_kind kind;
    uint32_t index;
    uint32_t lane, frame; /* TB_NO_INDEX: none */
    uint32_t host; /* END, FULFILLED, RESUMED: the box it stands beside. An obligation: the box that it hangs under, joined by
                             a dotted line from (x - TB_DRAW_HANG) of its left side up to the host; else TB_NO_INDEX */
    bool excluded; /* 不计入期限 */
    tb_rect at;
    tb_texts texts;
    int rule;         /* y of the line that parts what stays in the step from the rest; 0: none */
    tb_numbers stays; /* moves told inside: they leave the case where it is */
} tb_box;
enum { TB_DRAW_HANG = 10 };

enum tb_line_style {
    TB_LINE_PLAIN = 1,
    TB_LINE_OVERDUE,
    TB_LINE_RETURN /* 退回 */,
    TB_LINE_REJECT /* 不予, out of a branch */,
    TB_LINE_NO_RETURN /* 不可撤回 */,
    TB_LINE_OBLIGES
};
/* A line from a box to a box, both in `boxes`; several moves of one style between the same boxes share one. */
typedef struct tb_path {
    enum tb_line_style style;
    uint32_t from, to;
    bool begins; /* from a start or a fork: no move */
    tb_numbers moves;
    TB_LIST(tb_point) points; /* at least two, each stretch horizontal or vertical; the last carries the arrow */
    tb_texts texts;           /* above the first stretch */
} tb_path;

typedef struct tb_lane {
    uint32_t place; /* role; TB_NO_INDEX: the applicant, or */
    bool anywhere;  /* not a place: the bars of 任一环节 */
    tb_rect at;     /* the whole lane; its head is `head` at the left */
    tb_rect head;
    tb_texts texts;
} tb_lane;
typedef struct tb_band { /* a legal phase: a band of columns */
    tb_str name;         /* 受理; empty: steps without a phase */
    tb_rect at;          /* its head; the band reaches down to the end of the lanes */
    tb_texts texts;
} tb_band;
typedef struct tb_frame { /* 并行 or 分支: one rectangle a lane in which it has steps */
    uint16_t state;
    uint32_t inside; /* the frame around it, TB_NO_INDEX */
    uint32_t lane;
    tb_rect at;
    tb_texts texts;
} tb_frame;
typedef struct tb_bracket { /* a statutory or promised span over the columns it covers */
    uint32_t clock;
    int from, to, y;
    bool open_to; /* its milestone is set outside of what is drawn */
    tb_texts texts;
} tb_bracket;
typedef struct tb_mark { /* the point of no return: a line down through all lanes */
    uint32_t move;
    int x, from, to;
    tb_texts texts;
} tb_mark;

typedef struct tb_layout {
    const tb_program *program;
    bool chinese;
    int w, h;      /* the sheet */
    int sheet;     /* 3: A3 landscape; 2, 1, 0: larger, when letters would be too small; TB_DRAW_ROLL: longer still */
    tb_rect field; /* what holds lanes; bands and spans above, legend below */
    int paths_end; /* where the lanes of places end, and 任一环节 begins */
    int legend_y;
    TB_LIST(tb_lane) lanes;
    TB_LIST(tb_band) bands;
    TB_LIST(tb_frame) frames;
    TB_LIST(tb_box) boxes;
    TB_LIST(tb_path) paths;
    TB_LIST(tb_bracket) brackets;
    TB_LIST(tb_mark) marks;
} tb_layout;

/* The layout of a program, in `a`. TB_OK, or TB_LIMIT: more than the limits above. Under tb_try(). */
int tb_layout_of(tb_arena *a, const tb_program *p, tb_layout *out);

/* ---- measuring (measure.c) ---- */
/* The width of a text in letters of `size`: Han characters are as wide as high, others by a table that is no narrower
 * than the fonts named in svg.c. */
int tb_text_width(tb_str s, int size, bool bold);
/* Parts a text into lines no wider than `width`, as even as can be, by the rules of Chinese typesetting (no ，or 。 at the
 * beginning, no （ at the end, numbers and Latin words whole). Lines are views of `s`. */
typedef TB_LIST(tb_str) tb_lines;
bool tb_text_may_part(tb_str a, tb_str b); /* May a line end between two characters side by side? */
void tb_text_wrap(tb_arena *a, tb_str s, int size, bool bold, int width, tb_lines *out);
#endif
