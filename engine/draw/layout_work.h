/* Inside the layout: what its parts hand to one another. In order: words (what stands in boxes and on lines, measured),
 * place (which column, which row), route (which gutters and channels a line takes), and layout.c, which makes rows,
 * gutters and channels as wide as what they hold and turns all of it into numbers. */
#ifndef TB_LAYOUT_WORK_H
#define TB_LAYOUT_WORK_H
#include "layout.h"

enum {
    TB__SMALL = 11,
    TB__NAME = 16,
    TB__PAD = 8 /* between a box and its text */,
    TB__PITCH = 10 /* between lines side by side */,
    TB__BAR = 10 /* the thickness of a 并行's bars */,
    TB__END_HEIGHT = 22,
    TB__INDENT = 22 /* of an obligation under its host */,
    TB__FRAME = 8 /* between a frame and the next one inside */,
    TB__FRAME_TITLE = 20
};

/* A block of lines of text; positions from its upper left corner. */
typedef struct tb__block {
    tb_texts texts;
    int w, h;
} tb__block;

/* An exit of a node: a line to another node, or a stub that ends at an end mark. */
typedef struct tb__tooth {
    uint32_t path;  /* in the layout */
    uint32_t route; /* TB_NO_INDEX: none, but */
    uint32_t end;   /* an end mark: a box */
    tb__block label;
    int above, below; /* what it needs around its line */
    int row, y;       /* y from the middle of the row */
} tb__tooth;

typedef struct tb__node {
    uint32_t node; /* of the graph; its box has the number of the node in the plan */
    enum tb_graph_node_kind kind;
    uint32_t index;
    uint32_t lane, phase, frame, host; /* TB_NO_INDEX: none */
    uint32_t obliged_by;               /* the move that opens it, when it has a host */
    uint32_t order;                    /* in which it is met on the way from the starts */
    uint32_t rank, col;
    uint32_t row, row_to; /* a bar reaches over several; row_mid is where its own lines come in and go out */
    uint32_t row_mid;
    bool bar;
    int w, h, text_h;
    TB_LIST(tb__tooth) teeth;
    tb_numbers entries; /* routes */
} tb__node;

/* A channel between two rows has three shelves: inside of the frames that end above it, between frames, and inside of
 * those that begin below it. A line inside a frame stays inside. */
enum tb__shelf { TB__UNDER, TB__BETWEEN, TB__OVER, TB__SHELVES };

/* A line on its way. Gutter g stands left of column g. */
typedef struct tb__route {
    uint32_t from, to, tooth, path;
    uint32_t exit_row, entry_row;
    int exit_y, entry_y; /* from the middles of the rows */
    bool back;           /* against the flow */
    bool channelled;
    uint32_t exit_gutter, entry_gutter, channel;
    enum tb__shelf shelf;
    uint32_t run_row;             /* TB_NO_INDEX: none; the row whose empty cells a long line runs through */
    uint32_t first, across, last; /* segments: down the first gutter, along the channel, down the last; TB_NO_INDEX */
} tb__route;

/* A stretch in a gutter or a channel, which gets a track of its own there. lo and hi are positions along it; a leg is
 * the line's other stretch at that end: -1 to the left (above), 1 to the right (below). */
typedef struct tb__stretch {
    uint32_t route, where;
    int lo, hi;
    int lo_leg, hi_leg;
    bool beyond; /* of a point of no return in its gutter: right of its mark */
    uint32_t track;
} tb__stretch;

typedef struct tb__lane {
    uint32_t place;
    uint32_t row, rows; /* first row, how many */
} tb__lane;
typedef struct tb__phase {
    tb_str name;
    uint32_t rank, col, cols;
    uint32_t gap; /* steps without a phase: after how many named ones */
} tb__phase;
typedef struct tb__frame {
    uint16_t state;
    uint32_t inside, cluster;
    uint32_t depth;
} tb__frame;
typedef struct tb__piece { /* of a frame in a lane */
    uint32_t frame, lane;
    uint32_t col, col_to, row, row_to;
} tb__piece;

typedef struct tb__plan {
    tb_arena *a;
    const tb_program *p;
    tb_layout *out;
    tb_graph graph;
    int box_width, label_width; /* of text */
    TB_LIST(tb__node) nodes;
    TB_LIST(tb__route) routes; /* as out->paths */
    TB_LIST(tb__lane) lanes;
    TB_LIST(tb__phase) phases;
    TB_LIST(tb__frame) frames;
    TB_LIST(tb__piece) pieces;
    TB_LIST(tb__stretch) upright, level; /* in gutters, in channels */
    uint32_t cols, rows;
    const uint32_t *cells;  /* rows × cols: node, or TB_NO_INDEX */
    const uint32_t *inside; /* rows × cols: frame, or TB_NO_INDEX */
} tb__plan;

static inline uint32_t tb__cell(const tb__plan *t, uint32_t row, uint32_t col) { return t->cells[row * t->cols + col]; }

/* words */
const char *tb__say(const tb__plan *t, const char *zh, const char *en);
void tb__block_add(tb__plan *t, tb__block *b, enum tb_text_kind kind, tb_str text, bool icon, bool pending, int width);
/* `obliges`: the move that opens it as an obligation, or NULL. `rule`: where what stays begins, 0 when nothing does. */
void tb__step_block(tb__plan *t, uint32_t step, const tb_numbers *stays, const tb_move *obliges, tb__block *b,
                    int *rule);
void tb__move_block(tb__plan *t, const tb_move *m, bool obliges, tb__block *b);
tb_str tb__move_line(tb__plan *t, const tb_move *m);  /* all of it in one line */
bool tb__pending_move(const tb_program *p, const tb_move *m);
tb_str tb__limit_text(const tb__plan *t, const tb_clock_def *c, bool of_step);

/* place */
int tb__place(tb__plan *t);
/* route */
void tb__route_all(tb__plan *t);
/* Gives every stretch a track among those of its gutter or channel; stretches less than `apart` from each other do not
 * share one. tracks[w]: how many there are at place w. */
void tb__tracks(tb__plan *t, tb__stretch *s, uint32_t count, int apart, uint32_t *tracks, uint32_t places);
#endif
