/* GET /v1/ledger/head: the head of the ledger, for whoever keeps it elsewhere (LEDGER.md). */
#include "ledger.h"
#include "server_parts.h"

static int read_head(tb_reader *r, void *arg) {
    return tb_ledger_head_now(r, ((tb_call *)arg)->more);
} /* the reading thread */

static int write_head(void *arg) {
    tb_call *c = arg;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_ledger_head_write(&b, c->more);
    c->more = TB_NEW(c->arena, tb_str);
    *(tb_str *)c->more = tb_buf_str(&b);
    return TB_OK;
}

static void head_is_here(void *arg, int result) {
    tb_call *c = arg;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        tb__answer_problem(c);
        return;
    }
    if (tb__try(c, write_head)) tb__answer(c, 200, NULL, *(tb_str *)c->more);
}

void tb__get_ledger_head(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c) return;
    c->more = TB_NEW(c->arena, tb_ledger_head);
    if (c->more && tb_store_read(s->store, read_head, head_is_here, c) == TB_OK) return;
    tb__answer_nomem(c);
}
