/* GET /v1/cases: which cases a person has applied for, newest first.
 *
 * An applicant sees his own and need not say whose; staff, auditors and operators say whose, and see those of them that they could
 * open (auth.h). Nothing personal stands in the list beyond the name that was asked for: who opens a case leaves his trace there.
 *
 * A page is what the index gives, less what the caller may not see or does not ask for: it may hold few, or none, and there is more
 * as long as there is a `next`. */
#include <stdio.h>
#include "server_parts.h"
#include "value.h"

enum { USUAL = 20, MOST = 100 /* each state is parsed, on the loop */ };

typedef struct looking {
    tb_str applicant, matter;
    bool open_only;
    int64_t before;
    uint32_t limit;
    tb_case_list rows;
} looking;

static int whose(tb_call *c, looking *l) {
    const tb_who *w = &c->who;
    bool applicant = !w->open && w->roles & TB_ROLE_APPLICANT;
    if (!l->applicant.n && applicant) l->applicant = w->person;
    if (!l->applicant.n)
        return tb__fail(c, 422, "APPLICANT_NEEDED", tb_str_z(TB_SAY(c, "请用 applicant= 写明申请人", "say whose cases with applicant=")));
    if (!applicant || tb_str_eq(l->applicant, w->person)) return TB_OK;
    return tb__fail(c, 403, "NOT_YOUR_CASE", tb_str_z(TB_SAY(c, "申请人只能列出自己的办件", "an applicant lists his own cases only")));
}

static int read_query(void *arg) {
    tb_call *c = arg;
    looking *l = c->more = TB_NEW(c->arena, looking);
    tb_str text;
    if (tb_http_parameter(c->req, "applicant", &text)) l->applicant = text;
    if (tb_http_parameter(c->req, "matter", &text)) l->matter = text;
    if (whose(c, l) || tb__read_flag(c, "open", &l->open_only) || tb__read_limit(c, USUAL, MOST, &l->limit)) return TB_FAILED;
    l->before = INT64_MAX;
    if (tb_http_parameter(c->req, "after", &text) && text.n && !tb__case_number(text, &l->before))
        return tb__fail(c, 422, "PARAMETER", tb_str_z(TB_SAY(c, "after 应原样照抄上一页的 next", "after is the `next` of the page before")));
    return TB_OK;
}

static int read_cases(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    looking *l = c->more;
    return tb_read_cases_by(r, l->applicant, l->before, l->limit, c->arena, &l->rows);
}

static void put_case(tb_buf *b, const tb_case *k, const tb_env *env) {
    const tb_program *p = k->program;
    tb_puts(b, "{\"id\":");
    tb_json_put_text(b, k->id);
    tb_puts(b, ",\"matter\":");
    tb_json_put_text(b, p->matter);
    tb_puts(b, ",\"mode\":");
    tb_json_put_text(b, p->modes.items[k->mode].name);
    tb_putf(b, ",\"seq\":%u,\"at\":", k->seq);
    tb__put_time(b, k->at);
    tb_puts(b, ",");
    tb__put_outcome(b, k);
    tb_puts(b, ",\"steps\":");
    tb__put_steps(b, k, env);
    tb_puts(b, "}");
}

static int write_cases(void *arg) {
    tb_call *c = arg;
    looking *l = c->more;
    const tb_env *env = &tb_registry_world(c->server->registry)->env;
    int32_t today = tb_day_of(tb__now(c->server));
    uint32_t shown = 0;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"cases\":[");
    for (uint32_t i = 0; i < l->rows.count; i++) {
        const tb_case_row *row = &l->rows.items[i];
        const tb_version *v = tb_registry_version(c->server->registry, row->program);
        const char *error = NULL, *right;
        const tb_case *k = v ? tb_case_read(c->arena, v->program, row->state, &error) : NULL;
        if (!k && error == tb_case_no_memory) return TB_NOMEM;
        if (!k) return c->problem = tb__store_problem(TB_STORE_CORRUPT, c->lang), TB_FAILED;
        if (l->matter.n && !tb_str_eq(l->matter, k->program->matter)) continue;
        if (l->open_only && k->outcome != TB_NO_INDEX) continue;
        if (tb_auth_sight(&c->who, k, env, today, &right) == TB_SIGHT_NONE) continue;
        if (shown++) tb_puts(&b, ",");
        put_case(&b, k, env);
    }
    tb_puts(&b, "],\"next\":");
    if (l->rows.count == l->limit) tb_json_put_text(&b, l->rows.items[l->rows.count - 1].name);
    else tb_puts(&b, "null");
    tb_puts(&b, "}");
    c->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_cases(tb_server *s, tb_http_request *req) {
    static const tb_listing l = {read_query, read_cases, write_cases};
    tb__list(s, req, &l);
}
