/* What is not about one case: tasks, matters, the clock of tests. */
#include "server_parts.h"
#include "value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tasks ---- */

typedef struct listing {
    tb_task_query q;
    tb_task_row after;
    tb_task_list rows;
} listing;

/* The cursor is the key of the last row, escaped so that it stands in a URL as it is: place~post~case~step in hex would
 * be longer. */
static void put_cursor(tb_buf *b, const tb_task_row *t) {
    char name[TB_CASE_NAME + 1];
    tb__case_name(t->case_id, name);
    const tb_str parts[] = {t->place, t->post, tb_str_z(name), t->step};
    for (int i = 0; i < 4; i++) {
        if (i) tb_puts(b, ".");
        for (uint32_t k = 0; k < parts[i].n; k++) tb_putf(b, "%02x", (unsigned char)parts[i].p[k]);
    }
}

static bool read_cursor(tb_arena *a, tb_str text, tb_task_row *row) {
    tb_str parts[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        uint32_t n = 0;
        while (n < text.n && text.p[n] != '.') n++;
        uint8_t *bytes = tb_alloc(a, n / 2 + 1);
        for (uint32_t k = 0; k + 1 < n; k += 2) {
            char two[3] = {text.p[k], text.p[k + 1], 0}, *end;
            bytes[k / 2] = (uint8_t)strtoul(two, &end, 16);
            if (*end) return false;
        }
        parts[i] = (tb_str){(char *)bytes, n / 2};
        if (n % 2 || (i < 3 && n == text.n)) return false;
        text.p += n < text.n ? n + 1 : n;
        text.n -= n < text.n ? n + 1 : n;
    }
    *row = (tb_task_row){.place = parts[0], .post = parts[1], .step = parts[3]};
    return tb__case_number(parts[2], &row->case_id);
}

int tb__read_flag(tb_call *c, const char *name, bool *flag) {
    tb_str text;
    if (!tb_http_parameter(c->req, name, &text)) return TB_OK;
    *flag = tb_str_is(text, "true") || tb_str_is(text, "1");
    if (*flag || tb_str_is(text, "false") || tb_str_is(text, "0") || !text.n) return TB_OK;
    return tb__fail(c, 422, "PARAMETER",
                    tb_str_printf(c->arena, TB_SAY(c, "%s 应是 true 或 false", "%s is true or false"), name));
}

int tb__read_limit(tb_call *c, uint32_t usual, uint32_t most, uint32_t *limit) {
    tb_str text;
    uint32_t n = 0;
    *limit = usual;
    if (!tb_http_parameter(c->req, "limit", &text)) return TB_OK;
    for (uint32_t i = 0; i < text.n && n <= most; i++)
        n = text.p[i] >= '0' && text.p[i] <= '9' ? n * 10 + (uint32_t)(text.p[i] - '0') : most + 1;
    if (n == 0 || n > most)
        return tb__fail(c, 422, "PARAMETER",
                        tb_str_printf(c->arena, TB_SAY(c, "limit 应是 1 到 %u", "limit is 1 to %u"), most));
    *limit = n;
    return TB_OK;
}

/* Staff see the work of the places where they work; whose cases they are is for those who may read the case. */
static int may_list(tb_call *c, tb_task_query *q) {
    const tb_who *w = &c->who;
    const tb_env *env = &tb_registry_world(c->server->registry)->env;
    if (w->open || w->roles & (TB_ROLE_AUDITOR | TB_ROLE_OPERATOR)) return TB_OK;
    if (!q->place.p && w->place.n) q->place = w->place;
    if (!q->place.p)
        return tb__fail(c, 422, "PLACE_NEEDED", tb_str_z(TB_SAY(c, "请用 place= 写明区划", "say which place with place=")));
    if (tb_auth_works_at(w, env, q->place)) return TB_OK;
    return tb__fail(c, 403, "NOT_YOUR_PLACE",
                    tb_str_printf(c->arena, TB_SAY(c, "%.*s 不在 %.*s 的组织中", "%.*s is not in the 组织 of %.*s"), TB_FMT(w->person), TB_FMT(q->place)));
}

static int read_query(void *arg) {
    tb_call *c = arg;
    listing *l = c->more = TB_NEW(c->arena, listing);
    tb_str text;
    const struct {
        const char *name;
        tb_str *into;
    } filters[] = {{"post", &l->q.post}, {"place", &l->q.place}, {"step", &l->q.step}, {"matter", &l->q.matter}};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (tb_http_parameter(c->req, filters[i].name, &text) && text.n) *filters[i].into = text;
    if (may_list(c, &l->q) || tb__read_flag(c, "overdue", &l->q.overdue_only) || tb__read_flag(c, "alert", &l->q.alert_only) ||
        tb__read_limit(c, TB_PAGE, TB_PAGE_MOST, &l->q.limit))
        return TB_FAILED;
    if (tb_http_parameter(c->req, "holder", &text)) l->q.holder = text.n ? text : TB_STR(""); /* empty: nobody's */
    if (tb_http_parameter(c->req, "after", &text) && text.n) {
        if (!read_cursor(c->arena, text, &l->after))
            return tb__fail(
                c, 422, "PARAMETER",
                tb_str_z(TB_SAY(c, "after 应原样照抄上一页的 next", "after is the `next` of the page before")));
        l->q.after = &l->after;
    }
    return TB_OK;
}

static int read_tasks(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    listing *l = c->more;
    return tb_read_tasks(r, &l->q, c->arena, &l->rows);
}

static int write_tasks(void *arg) {
    tb_call *c = arg;
    listing *l = c->more;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"tasks\":[");
    for (uint32_t i = 0; i < l->rows.count; i++) {
        const tb_task_row *t = &l->rows.items[i];
        char name[TB_CASE_NAME + 1];
        tb__case_name(t->case_id, name);
        tb_putf(&b, "%s{\"case\":\"%s\",\"matter\":", i ? "," : "", name);
        tb_json_put_text(&b, t->matter);
        tb_puts(&b, ",\"step\":");
        tb_json_put_text(&b, t->step);
        tb_puts(&b, ",\"post\":");
        tb_json_put_text(&b, t->post);
        tb_puts(&b, ",\"place\":");
        tb_json_put_text(&b, t->place);
        tb_puts(&b, ",\"entered\":");
        tb__put_time(&b, t->entered);
        tb_puts(&b, ",\"due\":");
        tb__put_time(&b, t->due);
        tb_putf(&b, ",\"overdue\":%s", t->overdue ? "true" : "false");
        if (t->holder.n) tb_puts(&b, ",\"holder\":"), tb_json_put_text(&b, t->holder);
        if (t->alert.n) tb_puts(&b, ",\"alert\":"), tb_json_put_text(&b, t->alert);
        tb_puts(&b, "}");
    }
    tb_puts(&b, "],\"next\":");
    if (l->rows.count == l->q.limit) {
        tb_puts(&b, "\"");
        put_cursor(&b, &l->rows.items[l->rows.count - 1]);
        tb_puts(&b, "\"}");
    } else {
        tb_puts(&b, "null}");
    }
    c->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_tasks(tb_server *s, tb_http_request *req) {
    static const tb_listing l = {read_query, read_tasks, write_tasks};
    tb__list(s, req, &l);
}

/* ---- matters ---- */

typedef struct about {
    tb_str name, out;
} about;

static void put_text(tb_buf *b, const char *before, tb_str text) {
    tb_puts(b, before);
    tb_json_put_text(b, text);
}

/* What an applicant and a clerk need to know of a version: form, materials, posts, steps, acts. */
static void put_details(tb_buf *b, const tb_program *p) {
    tb_puts(b, ",\"form\":[");
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const tb_field *f = &p->fields.items[i];
        put_text(b, i ? ",{\"name\":" : "{\"name\":", f->name);
        put_text(b, ",\"type\":", tb_str_z(tb_type_word(f->type, TB_LANG_ZH)));
        if (f->type == TB_T_LIST) {
            put_text(b, ",\"item\":", tb_str_z(tb_type_word(f->item, TB_LANG_ZH)));
            tb_putf(b, ",\"most\":%u", f->most);
        }
        tb_putf(b, ",\"required\":%s,\"sensitive\":%s", f->required ? "true" : "false",
                f->sensitive ? "true" : "false");
        if (f->when) put_text(b, ",\"required_when\":", f->when_text);
        if (f->unit.n) put_text(b, ",\"unit\":", f->unit);
        if (f->options_n) {
            tb_puts(b, ",\"options\":[");
            for (uint32_t k = 0; k < f->options_n; k++) put_text(b, k ? "," : "", f->options[k]);
            tb_puts(b, "]");
        }
        tb_puts(b, "}");
    }
    tb_puts(b, "],\"materials\":[");
    for (uint32_t i = 0; i < p->materials.count; i++) {
        const tb_material *m = &p->materials.items[i];
        put_text(b, i ? ",{\"name\":" : "{\"name\":", m->name);
        tb_putf(b, ",\"needed\":%s,\"exempt\":%s", m->needed ? "true" : "false", m->exempt ? "true" : "false");
        if (m->only.n) put_text(b, ",\"only\":", m->only);
        if (m->when.n) put_text(b, ",\"when\":", m->when);
        tb_puts(b, "}");
    }
    tb_puts(b, "],\"posts\":[");
    for (uint32_t i = 0; i < p->posts.count; i++) {
        put_text(b, i ? ",{\"name\":" : "{\"name\":", p->posts.items[i].name);
        uint32_t role = p->posts.items[i].place;
        tb_puts(b, ",\"place\":");
        if (role == TB_NO_INDEX) tb_puts(b, "null}");
        else {
            tb_json_put_text(b, p->places.items[role].name);
            tb_puts(b, "}");
        }
    }
    tb_puts(b, "],\"steps\":[");
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        put_text(b, i ? ",{\"name\":" : "{\"name\":", s->name);
        if (s->on_site) put_text(b, ",\"on_site\":", s->on_site_why);
        tb_puts(b, ",\"posts\":[");
        for (uint32_t k = 0; k < s->posts_n; k++) put_text(b, k ? "," : "", p->posts.items[s->posts[k]].name);
        tb_puts(b, "],\"acts\":[");
        for (uint32_t k = 0, n = 0; k < p->moves.count; k++) {
            const tb_move *m = &p->moves.items[k];
            if (m->kind == TB_MOVE_ACT && m->step == i) put_text(b, n++ ? "," : "", m->act);
        }
        tb_puts(b, "]}");
    }
    tb_puts(b, "],\"anywhere\":[");
    for (uint32_t k = 0, n = 0; k < p->moves.count; k++) {
        const tb_move *m = &p->moves.items[k];
        if (m->kind == TB_MOVE_ACT && m->step == TB_NO_INDEX) put_text(b, n++ ? "," : "", m->act);
    }
    tb_puts(b, "],\"outcomes\":[");
    for (uint32_t i = 0; i < p->outcomes.count; i++) put_text(b, i ? "," : "", p->outcomes.items[i]);
    tb_puts(b, "]");
}

static void put_version(tb_buf *b, const tb_version *v, bool in_force, bool details) {
    const tb_program *p = v->program;
    char day[TB_DAY_TEXT];
    put_text(b, "{\"version\":", p->version);
    tb_putf(b, ",\"effective\":\"%s\",\"in_force\":%s,\"leaf\":%lld", tb_day_text(p->effective, day),
            in_force ? "true" : "false", (long long)v->leaf);
    put_text(b, ",\"digest\":", p->digest);
    put_text(b, ",\"kind\":", p->kind);
    put_text(b, ",\"service\":", p->service);
    put_text(b, ",\"file\":", v->root);
    tb_puts(b, ",\"modes\":[");
    for (uint32_t i = 0; i < p->modes.count; i++) put_text(b, i ? "," : "", p->modes.items[i].name);
    tb_putf(b, "],\"pending\":%u", p->pending.count);
    if (details) put_details(b, p);
    tb_puts(b, "}");
}

static int write_matters(void *arg) {
    tb_call *c = arg;
    about *x = c->more;
    const tb_registry *r = c->server->registry;
    int32_t today = tb_day_of(tb__event_time(c->server));
    tb_str open = TB_NONE;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    if (!x->name.n) tb_puts(&b, "{\"matters\":[");
    for (uint32_t i = 0; i < tb_registry_count(r); i++) {
        const tb_version *v = tb_registry_at(r, i);
        tb_str matter = v->program->matter;
        if (x->name.n && !tb_str_eq(matter, x->name)) continue;
        bool first = !open.n || !tb_str_eq(open, matter);
        if (first && open.n) tb_puts(&b, "]},");
        if (first) {
            put_text(&b, "{\"name\":", matter);
            tb_puts(&b, ",\"versions\":[");
            open = matter;
        }
        if (!first) tb_puts(&b, ",");
        put_version(&b, v, tb_registry_in_force(r, matter, today) == v, x->name.n > 0);
    }
    if (x->name.n && !open.n)
        return tb__fail(c, 404, "NO_SUCH_MATTER",
                        tb_str_printf(c->arena,
                                      TB_SAY(c, "没有事项“%.*s”；已装载的见 GET /v1/matters",
                                             "there is no matter %.*s; see GET /v1/matters"),
                                      TB_FMT(x->name)));
    if (open.n) tb_puts(&b, "]}");
    if (!x->name.n) tb_puts(&b, "]}");
    x->out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_matters(tb_server *s, tb_http_request *req, tb_str name) {
    tb_call *c = tb__call_new(s, req);
    about *x = c ? TB_NEW(c->arena, about) : NULL;
    if (!x) {
        if (c) tb__answer_nomem(c);
        return;
    }
    c->more = x;
    x->name = name;
    if (tb__try(c, write_matters)) tb__answer(c, 200, NULL, x->out);
}

/* ---- the clock of tests ---- */

static int read_clock(void *arg) {
    static const char *const known[] = {"at", NULL};
    tb_call *c = arg;
    const tb_json *o;
    int64_t *at = c->more = TB_NEW(c->arena, int64_t);
    if (tb__body(c, known, &o) || tb__time(c, o, "at", at)) return TB_FAILED;
    if (*at == TB_NO_TIME) return tb__fail(c, 422, "MEMBER_MISSING", tb_str_z(TB_SAY(c, "缺少“at”", "at is missing")));
    if (*at >= c->server->clock) return TB_OK;
    char text[TB_TIME_TEXT];
    return tb__fail(c, 409, "CLOCK_BACKWARDS",
                    tb_str_printf(c->arena,
                                  TB_SAY(c, "时钟不能倒拨；现在是 %s", "the clock does not run backwards; it is %s"),
                                  tb_time_text(c->server->clock, text)));
}

static void clock_moved(void *user, uint64_t fired, int result) {
    tb_call *c = user;
    char now[TB_TIME_TEXT];
    c->server->moving = false;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        tb__answer_problem(c);
        return;
    }
    tb_str out = tb_str_printf(c->arena, "{\"now\":\"%s\",\"fired\":%llu}", tb_time_text(c->server->clock, now),
                               (unsigned long long)fired);
    if (out.n) tb__answer(c, 200, NULL, out);
    else tb__answer_nomem(c);
}

void tb__post_clock(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c) return;
    if (!s->o.test_clock) {
        tb__fail(c, 409, "CLOCK_REAL",
                 tb_str_z(TB_SAY(c, "服务器用的是真实时钟；要拨动时钟，请以 --test-clock 启动",
                                 "this server runs on the wall clock; start it with --test-clock to move time")));
        tb__answer_problem(c);
        return;
    }
    if (!tb__try(c, read_clock)) return;
    if (s->moving) {
        tb__fail(c, 409, "CLOCK_BUSY",
                 tb_str_z(TB_SAY(c, "时钟正在拨动中，请稍后再试", "the clock is being moved; try again")));
        tb__answer_problem(c);
        return;
    }
    s->moving = true;
    tb_timers_move(s->timers, *(int64_t *)c->more, clock_moved, c);
}
