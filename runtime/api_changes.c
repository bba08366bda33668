/* GET /v1/loads/N/changes: the due dates of open cases that the load of leaf N moved, one line each, by case.
 *
 * A calendar that comes in mid-year binds limits that run already. Whoever loads it, and whoever audits that later, sees which
 * case, which clock, from when to when. The rows come as the walk over the open cases goes on (timers.c), and before it from cases that
 * are acted on meanwhile: only when "complete" says that it has been everywhere does nothing come in between any more. */
#include "server_parts.h"
#include "timers.h"
#include <string.h>

typedef struct changes {
    int64_t load, after_case, done;
    int32_t after_n;
    uint32_t limit;
    tb_change_list rows;
} changes;

static bool number(tb_str text, int64_t most, int64_t *out) {
    *out = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *out > (most - 9) / 10) return false;
        *out = *out * 10 + (text.p[i] - '0');
    }
    return text.n > 0;
}

/* "case.n", as `next` gave it. */
static bool read_cursor(tb_str text, changes *x) {
    uint32_t dot = 0;
    int64_t n;
    while (dot < text.n && text.p[dot] != '.') dot++;
    if (dot == text.n || !number((tb_str){text.p + dot + 1, text.n - dot - 1}, INT32_MAX, &n)) return false;
    x->after_n = (int32_t)n;
    return tb__case_number((tb_str){text.p, dot}, &x->after_case);
}

static int read_query(void *arg) {
    tb_call *c = arg;
    changes *x = c->more = TB_NEW(c->arena, changes);
    tb_str text = tb_http_segment(c->req, 2);
    int64_t limit = TB_PAGE;
    const tb_world *w = number(text, INT64_MAX, &x->load) ? tb_registry_world_at(c->server->registry, x->load) : NULL;
    if (!w || !w->leaf)
        return tb__fail(c, 404, "NO_SUCH_LOAD",
                        tb_str_printf(c->arena,
                                      TB_SAY(c, "没有装载 %.*s，或者它没有带来日历和组织；号码是装载时回答的 world.leaf",
                                             "there is no load %.*s that brought calendars or 组织: the number is world.leaf of the answer "
                                             "to the load"),
                                      TB_FMT(text)));
    bool ok = !tb_http_parameter(c->req, "after", &text) || !text.n || read_cursor(text, x);
    ok = ok && (!tb_http_parameter(c->req, "limit", &text) || (number(text, TB_PAGE_MOST * 10, &limit) && limit > 0 && limit <= TB_PAGE_MOST));
    x->limit = (uint32_t)limit;
    if (ok) return TB_OK;
    return tb__fail(c, 422, "PARAMETER",
                    tb_str_printf(c->arena,
                                  TB_SAY(c, "after 应照抄上一页的 next，limit 应是 1 到 %d", "after is the next of the page before, limit is 1 to %d"),
                                  TB_PAGE_MOST));
}

/* The mark first: when it says so, everything is there already. */
static int read_rows(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    changes *x = c->more;
    tb_str text = TB_NONE;
    int rc = tb_read_meta(r, TB_STR(TB_META_DERIVED), c->arena, &text);
    if (rc != TB_STORE_OK && rc != TB_STORE_NONE) return rc;
    if (rc == TB_STORE_NONE || !number(text, INT64_MAX, &x->done)) x->done = 0;
    return tb_read_changes(r, x->load, x->after_case, x->after_n, x->limit, c->arena, &x->rows);
}

static void put_due(tb_buf *b, const char *name, int32_t kind, int64_t at) {
    tb_putf(b, ",\"%s\":{\"kind\":\"%s\",\"at\":", name, kind == TB_DUE_NOT_BEFORE ? "not-before" : kind == TB_DUE_EXACT ? "exact" : "none");
    if (kind == TB_DUE_NONE) tb_puts(b, "null");
    else tb__put_time(b, at);
    tb_puts(b, "}");
}

static int write_rows(void *arg) {
    tb_call *c = arg;
    changes *x = c->more;
    char name[TB_CASE_NAME + 1] = "";
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_putf(&b, "{\"load\":%lld,\"complete\":%s,\"changes\":[", (long long)x->load, x->done >= x->load ? "true" : "false");
    for (uint32_t i = 0; i < x->rows.count; i++) {
        const tb_change_row *row = &x->rows.items[i];
        tb__case_name(row->case_id, name);
        tb_putf(&b, "%s{\"case\":\"%s\",\"clock\":", i ? "," : "", name);
        tb_json_put_text(&b, row->clock);
        put_due(&b, "from", row->was_kind, row->was);
        put_due(&b, "to", row->kind, row->due);
        tb_puts(&b, "}");
    }
    if (x->rows.count == x->limit) tb_putf(&b, "],\"next\":\"%s.%d\"}", name, (int)x->rows.items[x->rows.count - 1].n);
    else tb_puts(&b, "],\"next\":null}");
    c->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_changes(tb_server *s, tb_http_request *req) {
    static const tb_listing l = {read_query, read_rows, write_rows};
    tb__list(s, req, &l);
}
