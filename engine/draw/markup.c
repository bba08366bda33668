/* Texts inside XML and HTML: what would be markup is written as an entity. XML has no controls but line ends and tabs; a
 * line end is kept where asked for, since in an attribute it would be a blank anyway. */
#include "draw.h"

void tb__put_markup(tb_buf *b, tb_str s, bool lines) {
    for (uint32_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<': tb_puts(b, "&lt;"); break;
        case '>': tb_puts(b, "&gt;"); break;
        case '&': tb_puts(b, "&amp;"); break;
        case '"': tb_puts(b, "&quot;"); break;
        default: {
            bool control = (uint8_t)s.p[i] < ' ' || s.p[i] == 0x7F;
            tb_put(b, control && !(lines && s.p[i] == '\n') ? " " : s.p + i, 1);
        }
        }
    }
}
