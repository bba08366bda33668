/* 清单: a catalogue some office has published, of matters that are to be offered, by whom led, in which modes, by when.
 *
 * A catalogue is held against the rules, never the other way round: a matter does not change because a list names it.
 * What a listed matter lacks of the modes asked for is an error of the rules; that a matter is not there yet is a fact,
 * told in a note. Whether something is overdue depends on today, which only the caller knows. */
#ifndef TB_LISTING_H
#define TB_LISTING_H
#include "program.h"

typedef struct tb_listed {
    tb_str matter, lead;
    const tb_str *modes;
    uint32_t modes_n;
    int32_t deadline; /* TB_NO_DAY: none */
    bool pending;
    const tb_program *program; /* NULL: no such matter among those compiled */
    const tb_str *missing;     /* modes asked for that the matter lacks */
    uint32_t missing_n;
    tb_span span;
} tb_listed;
typedef struct tb_listing {
    tb_str name, document; /* 跨省通办, 国办发〔2020〕35号 */
    int32_t enacted;
    TB_LIST(tb_listed) entries;
    tb_span span;
} tb_listing;
#endif
