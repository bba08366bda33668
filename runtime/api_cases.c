/* Reading cases: the case as it is, its history with the state as of a time or a number, its documents and attachments.
 *
 * What is shown is on disk: a case with writes under way is shown after them (DESIGN §5), as it was when it was asked for. History and
 * documents are recomputed from the events, as an auditor would.
 *
 * Personal data in the clear is shown when that reading is on record, on disk, and not before: the record is what lets the person whose
 * data it is, and an auditor, know afterwards who has seen it (个人信息保护法第五十一条、第五十四条), and one that can be lost by pulling a plug between
 * the look and the log is none. It rides in the next group commit.
 *
 * An attachment is content named by its digest, and an event of the partition that ties it to the case by name: who,
 * when, which bytes. It is not an event of the case: putting a file beside it changes no state, and the act that relies
 * on it names it. */
#include "digest.h"
#include "recount.h"
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct view { /* in the call's arena */
    int64_t id, last, limit_seq, limit_at, after;
    tb_str name, number; /* of an attachment, of a document */
    char text[TB_CASE_NAME + 1];
    tb_entry *entry;
    tb_state *state;   /* as asked for */
    const char *right; /* by which it is seen */
    tb_str what;       /* is read, for the log of accesses; empty: nothing is */
    bool clear;        /* personal data is shown */
    tb_mask *mask;
    tb_write log;
    void (*show)(tb_call *c);
    tb_event_row issue;    /* of a document: the event that brought it */
    tb_recount again;      /* of a history, and the text of its page */
    tb_arena *text_arena;
    tb_buf b;
    bool streaming;
    uint32_t told;
    tb_io_timer *timer;
    tb_str out, bytes;
    uint8_t digest[32];
    char key[400], read[400]; /* read: `what` of a document, of an attachment */
    tb_write write;
} view;

static void finish_view(tb_call *c) {
    view *v = c->more;
    if (v->state) tb_state_drop(v->state);
    if (v->entry) tb_entry_unpin(c->server->cases, v->entry);
    v->state = NULL;
    v->entry = NULL;
}

static void fail_view(tb_call *c) {
    finish_view(c);
    tb__answer_problem(c);
}

static void recorded(void *user, int result) {
    tb_call *c = user;
    view *v = c->more;
    if (result == TB_STORE_OK) {
        c->server->counters.accesses++;
        v->show(c);
        return;
    }
    c->problem = tb__store_problem(result, c->lang); /* no record, no look */
    fail_view(c);
}

static int refuse_view(tb_call *c, const char *code, const char *zh, const char *en) {
    c->server->counters.refused++;
    return tb__fail(c, 403, code, tb_str_z(TB_SAY(c, zh, en)));
}

static bool asks(const tb_call *c, const char *name) {
    tb_str v;
    return tb_http_parameter(c->req, name, &v) && (tb_str_is(v, "true") || tb_str_is(v, "1"));
}

/* The row of the log, when there is something to log: a form without personal data is shown to everybody alike; a history, a document and a
 * file may hold what nobody declared. */
static void record(tb_call *c, tb_str why) {
    view *v = c->more;
    const tb_case *k = v->state->c;
    tb_str fields = tb_mask_fields(c->arena, k->program, &k->form);
    if (!fields.n && tb_str_is(v->what, "case")) return;
    int64_t now = tb__now(c->server);
    *TB_PUSH(c->arena, v->log.accesses) = (tb_access_row){.at = now,
                                                          .case_id = v->id,
                                                          .who = c->who.account,
                                                          .role = tb_str_z(v->right),
                                                          .what = v->what,
                                                          .fields = fields.n ? fields : TB_STR("全文"),
                                                          .why = why};
    v->log.accesses_until = now - TB_ACCESS_KEEP;
}

/* Whether this is shown, and in the clear. */
static int decide(void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    const tb_case *k = v->state->c;
    const tb_env *env = &tb_registry_world(c->server->registry)->env;
    enum tb_sight sight = tb_auth_sight(&c->who, k, env, tb_day_of(tb__now(c->server)), &v->right);
    tb_str why = TB_NONE;
    if (sight == TB_SIGHT_NONE)
        return refuse_view(c, "NOT_YOUR_CASE", "本件与您无关：能看的是申请人本人和岗位在本件各地的经办人员",
                           "not your case: its applicant reads it, and who holds one of its posts at its places");
    if (!v->what.n) return TB_OK;
    bool reason = tb_http_parameter(c->req, "unmask", &why) && why.n;
    if (why.n > TB_REASON_BYTES)
        return tb__fail(c, 422, "PARAMETER",
                        tb_str_printf(c->arena, TB_SAY(c, "unmask 的理由至多 %d 字节", "the reason in unmask is %d bytes at most"), TB_REASON_BYTES));
    if (sight == TB_SIGHT_MASKED && reason)
        return refuse_view(c, "UNMASK_REFUSED", "管理员不看个人信息的明文；有理由需要看的是经办人员和审计",
                           "an operator does not see personal data in the clear; who handles the case and auditors do");
    v->clear = !asks(c, "mask") && (sight == TB_SIGHT_CLEAR || (sight == TB_SIGHT_REASON && reason));
    if (!v->clear) v->mask = tb_mask_begin(c->arena, k->program, &k->form);
    if (!v->clear && tb_str_starts(v->what, "attachment/"))
        return refuse_view(c, "ATTACHMENT_MASKED", "附件可能含个人信息，不能遮盖着看：请写明理由（unmask=…），或在任务到手后再看",
                           "a file may hold personal data and cannot be masked: give a reason (unmask=…), or look when the task is yours");
    if (v->clear && !c->who.open) record(c, why);
    return TB_OK;
}

static void settled(void *user, int result) {
    tb_call *c = user;
    view *v = c->more;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        fail_view(c);
        return;
    }
    int rc = tb_try(c->arena, decide, c);
    if (rc != TB_OK) {
        if (rc == TB_NOMEM) c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
        fail_view(c);
        return;
    }
    if (!v->log.accesses.count) {
        v->show(c);
        return;
    }
    int answer = tb_commit_add(c->server->commit, &v->log, recorded, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    fail_view(c);
}

static void case_is_here(void *user, tb_entry *e, int result) {
    tb_call *c = user;
    view *v = c->more;
    if (result != TB_STORE_OK) {
        c->problem = tb__store_problem(result, c->lang);
        fail_view(c);
        return;
    }
    if (!e->state) {
        tb__fail(
            c, 404, "NO_SUCH_CASE",
            tb_str_z(TB_SAY(c, "没有这个办件号；请核对受理时给出的编号", "there is no such case; check the number")));
        fail_view(c);
        return;
    }
    v->entry = e;
    v->state = e->state;
    v->last = e->state->row.last;
    tb_entry_pin(e);
    tb_state_keep(v->state);
    if (!e->pending) {
        settled(c, TB_STORE_OK);
        return;
    }
    int answer = tb_commit_barrier(c->server->commit, settled, c);
    if (answer == TB_COMMIT_OK) return;
    c->problem = tb__commit_problem(answer, c->lang);
    fail_view(c);
}

static view *begin_view(tb_server *s, tb_http_request *req, tb_str id, void (*show)(tb_call *), tb_call **call) {
    tb_call *c = tb__call_new(s, req);
    view *v = c ? TB_NEW(c->arena, view) : NULL;
    if (!v) {
        if (c) tb__answer_nomem(c);
        return NULL;
    }
    c->more = v;
    *call = c;
    v->show = show;
    if (tb__case_id(c, id, &v->id)) {
        tb__answer_problem(c);
        return NULL;
    }
    tb__case_name(v->id, v->text);
    return v;
}

/* ---- the case ---- */

static int write_case(void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    const tb_case *k = v->state->c;
    const tb_env *env = &tb_registry_world(c->server->registry)->env;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{");
    tb__put_summary(&b, k, env, v->mask);
    tb_puts(&b, ",\"acts\":");
    tb__put_acts(&b, k, env, tb_day_of(tb__now(c->server)), c->lang);
    tb_puts(&b, "}");
    v->out = tb_buf_str(&b);
    return TB_OK;
}

static void answer_view(tb_call *c, int rc) {
    view *v = c->more;
    finish_view(c);
    if (rc == TB_OK)
        tb__answer(c, 200, NULL, v->out);
    else if (rc == TB_FAILED && c->problem.status)
        tb__answer_problem(c);
    else
        tb__answer_nomem(c);
}

static void show_case(tb_call *c) { answer_view(c, tb_try(c->arena, write_case, c)); }

void tb__get_case(tb_server *s, tb_http_request *req, tb_str id) {
    tb_call *c;
    view *v = begin_view(s, req, id, show_case, &c);
    if (v) v->what = TB_STR("case");
    if (v) tb_cases_with(s->cases, v->id, case_is_here, c);
}

/* ---- history ---- */

/* One event as people read it, and what it brought about. */
static void put_event(tb_buf *b, const tb_event_row *row, const tb_walk *w, tb_mask *mask) {
    const tb_event *e = &w->event;
    char hex[TB_SM3_HEX + 1];
    tb_hex(row->outcome, 32, hex);
    tb_putf(b, "{\"seq\":%lld,\"leaf\":%lld,\"kind\":", (long long)row->seq, (long long)row->leaf);
    tb_json_put_text(b, row->kind);
    tb_puts(b, ",\"at\":");
    tb__put_time(b, row->at);
    tb_puts(b, ",\"recorded\":");
    tb__put_time(b, row->wall);
    if (e->kind == TB_EV_ACT) {
        tb_puts(b, ",\"act\":");
        tb_json_put_text(b, e->act);
        if (e->task.n) {
            tb_puts(b, ",\"task\":");
            tb_json_put_text(b, e->task);
        }
        if (e->input) {
            tb_json input = mask ? tb_mask_value(mask, e->input) : *e->input;
            tb_puts(b, ",\"input\":");
            tb_json_write(b, &input);
        }
    } else if (e->kind == TB_EV_TIMER) {
        tb_puts(b, ",\"timer\":");
        tb_json_put_text(b, e->timer);
    } else {
        tb_puts(b, ",\"mode\":");
        tb_json_put_text(b, e->mode);
        if (e->form) {
            tb_json form = mask ? tb_mask_form(mask, e->form) : *e->form;
            tb_puts(b, ",\"form\":");
            tb_json_write(b, &form);
        }
        if (e->materials) {
            tb_puts(b, ",\"materials\":");
            tb_json_write(b, e->materials);
        }
    }
    if (e->kind != TB_EV_TIMER) {
        const struct {
            const char *name;
            tb_str value;
        } who[] = {{"person", e->by.person}, {"post", e->by.post}, {"place", e->by.place}, {"for", e->by.behalf}};
        tb_puts(b, ",\"by\":{");
        for (int i = 0, n = 0; i < 4; i++) {
            if (!who[i].value.n) continue;
            tb_putf(b, "%s\"%s\":", n++ ? "," : "", who[i].name);
            tb_json_put_text(b, who[i].value);
        }
        tb_puts(b, "}");
    }
    if (row->request.p) {
        tb_puts(b, ",\"request\":");
        tb_json_put_text(b, row->request);
    }
    tb_puts(b, ",\"effects\":");
    tb__put_effects(b, w->outcome);
    tb_putf(b, ",\"outcome\":\"%s\"}", hex);
}

/* A history that is no longer than a page of the recount is an answer like any other. A longer one goes out page by page, as fast as the client
 * takes it, and ends with the state; when it cannot be told to its end the connection breaks. */
enum { HISTORY_ROOM = 256 * 1024 /* bytes on their way: no further page is read */, HISTORY_FULL_MS = 10 };

typedef struct telling {
    tb_call *c;
    const tb_event_row *row;
    const tb_walk *w;
} telling;

static void begin_text(view *v) {
    tb_arena_reset(v->text_arena);
    if (v->mask) tb_mask_in(v->mask, v->text_arena);
    tb_buf_init(&v->b, v->text_arena);
}

static int put_event_work(void *arg) {
    telling *t = arg;
    view *v = t->c->more;
    if (v->told++) tb_puts(&v->b, ",");
    else tb_putf(&v->b, "{\"id\":\"%s\",\"events\":[", v->text);
    put_event(&v->b, t->row, t->w, v->mask);
    return TB_OK;
}

static int put_tail(void *arg) {
    telling *t = arg;
    view *v = t->c->more;
    if (!v->told) tb_putf(&v->b, "{\"id\":\"%s\",\"events\":[", v->text);
    tb_puts(&v->b, "],\"state\":");
    if (!t->w->state)
        tb_puts(&v->b, "null");
    else {
        tb_puts(&v->b, "{");
        tb__put_summary(&v->b, t->w->state, &t->w->world->env, v->mask);
        tb_puts(&v->b, "}");
    }
    tb_puts(&v->b, "}");
    if (!v->streaming) v->out = tb_str_copy(t->c->arena, tb_buf_str(&v->b));
    return TB_OK;
}

static int history_event(void *user, const tb_event_row *row, const tb_walk *w) {
    tb_call *c = user;
    return tb_try(((view *)c->more)->text_arena, put_event_work, &(telling){c, row, w});
}

static void end_text(view *v) {
    tb_io_timer_free(v->timer);
    tb_arena_free(v->text_arena);
    v->timer = NULL;
    v->text_arena = NULL;
}

static void history_dropped(void *user) {
    tb_call *c = user;
    tb_state *work = c->work;
    end_text(c->more);
    finish_view(c);
    tb_http_stream_end(c->req);
    tb_state_drop(work);
}
static void history_gone(void *user) { tb_recount_drop(&((view *)((tb_call *)user)->more)->again, history_dropped); }

static void history_on(void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    if (tb_http_stream_pending(c->req) >= HISTORY_ROOM) tb_io_timer_set(v->timer, HISTORY_FULL_MS);
    else tb_recount_go(&v->again);
}

static void history_page(void *user) {
    tb_call *c = user;
    view *v = c->more;
    if (!v->streaming) {
        v->streaming = true;
        tb_http_on_gone(c->req, history_gone, c);
        tb_http_stream_begin(c->req, 200, TB_HTTP_JSON, "Cache-Control: private, no-store\r\n");
        tb_http_stream_finite(c->req);
    }
    tb_http_stream_put(c->req, v->b.p, v->b.n);
    begin_text(v);
    history_on(c);
}

static void history_done(void *user, int rc, int store, const tb_walk *w) {
    tb_call *c = user;
    view *v = c->more;
    if (store != TB_STORE_OK) c->problem = tb__store_problem(store, c->lang), rc = TB_FAILED;
    else if (rc == TB_FAILED) c->problem = (tb_problem){.status = 500, .code = "REPLAY_DIFFERS", .message = tb_str_copy(c->arena, tb_str_z(w->why))};
    else if (rc == TB_OK) rc = tb_try(v->text_arena, put_tail, &(telling){c, NULL, w});
    tb_recount_end(&v->again);
    if (!v->streaming) {
        end_text(v);
        answer_view(c, rc == TB_OK && !v->out.n ? TB_NOMEM : rc);
        return;
    }
    tb_state *work = c->work;
    if (rc == TB_OK) tb_http_stream_put(c->req, v->b.p, v->b.n);
    end_text(v);
    finish_view(c);
    if (rc == TB_OK) tb_http_stream_end(c->req);
    else tb_http_stream_abort(c->req);
    tb_state_drop(work);
}

static void show_history(tb_call *c) {
    view *v = c->more;
    v->text_arena = tb_arena_new(NULL, 0);
    v->timer = tb_io_timer_new(c->server->io, history_on, c);
    v->again = (tb_recount){.s = c->server, .id = tb_str_z(v->text), .last = v->last, .until_seq = v->limit_seq, .until_at = v->limit_at,
                            .user = c, .each = history_event, .page = history_page, .done = history_done};
    if (v->text_arena) begin_text(v);
    if (v->text_arena && v->timer && tb_recount_begin(&v->again)) return;
    end_text(v);
    c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
    fail_view(c);
}

static bool number(tb_str text, int64_t *out) {
    int64_t n = 0;
    if (text.n == 0 || text.n > 15) return false;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        n = n * 10 + (text.p[i] - '0');
    }
    *out = n;
    return true;
}

void tb__get_history(tb_server *s, tb_http_request *req, tb_str id) {
    tb_call *c;
    tb_str text;
    int32_t day;
    view *v = begin_view(s, req, id, show_history, &c);
    if (!v) return;
    v->what = TB_STR("history");
    v->limit_seq = v->limit_at = INT64_MAX;
    bool ok = !tb_http_parameter(req, "seq", &text) || number(text, &v->limit_seq);
    if (ok && tb_http_parameter(req, "at", &text)) { /* a day means its end */
        if (tb_day_parse(text, &day))
            v->limit_at = tb_day_start(day + 1) - 1;
        else
            ok = tb_time_parse(text, &v->limit_at);
    }
    if (ok) {
        tb_cases_with(s->cases, v->id, case_is_here, c);
        return;
    }
    tb__fail(
        c, 422, "PARAMETER",
        tb_str_z(TB_SAY(
            c, "seq 应是整数；at 应是日期或时刻，如 2026-03-02 或 2026-03-02T09:00:00+08:00（网址里的 + 要写成 %2B）",
            "seq is an integer; at a day or a time, such as 2026-03-02T09:00:00+08:00 (write + as %2B)")));
    tb__answer_problem(c);
}

/* ---- documents ---- */

/* A document says what the act that issued it stated: it is put together from the case and that event. */
static const tb_issued *issued(const view *v) {
    const tb_case *k = v->state->c;
    for (uint32_t i = 0; i < k->issued.count; i++)
        if (tb_str_eq(k->issued.items[i].number, v->number)) return &k->issued.items[i];
    return NULL;
}

static int write_document(void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    const tb_case *k = v->state->c;
    const tb_program *p = k->program;
    const tb_issued *d = issued(v);
    tb_event e = {0};
    int rc = tb_event_read(c->arena, v->issue.body, &e);
    if (rc == TB_NOMEM) return rc;
    if (rc) return tb__fail(c, 500, "REPLAY_DIFFERS", TB_STR("事件内容读不懂"));
    const tb_document *def = &p->documents.items[d->document];
    const tb_env *env = &tb_registry_world(c->server->registry)->env;
    tb_str organ = p->authority, seal = def->seal;
    if (p->authority_duty.n && p->authority_place != TB_NO_INDEX) {
        const tb_organ *o = tb_directory_organ_with(env->directory, k->places[p->authority_place], p->authority_duty);
        if (o) organ = o->name;
    }
    if (!seal.n && organ.n) {
        const tb_organ *o = tb_directory_organ_named(env->directory, organ);
        if (o) seal = o->seal;
    }
    tb_buf b;
    tb_buf_init(&b, c->arena);
    const struct {
        const char *name;
        tb_str value;
    } texts[] = {{"{\"number\":", d->number},
                 {",\"name\":", def->name},
                 {",\"case\":", k->id},
                 {",\"matter\":", p->matter},
                 {",\"version\":", p->version},
                 {",\"applicant\":", k->applicant.person},
                 {",\"organ\":", organ},
                 {",\"seal\":", seal},
                 {",\"status\":", d->voided ? TB_STR("作废") : TB_NONE},
                 {",\"issued_by\":", e.kind == TB_EV_TIMER ? TB_STR("系统（期限届满）") : e.by.person},
                 {",\"post\":", e.by.post},
                 {",\"for\":", e.by.behalf}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts - !e.by.behalf.n; i++) {
        tb_puts(&b, texts[i].name);
        tb_json_put_text(&b, texts[i].value);
    }
    tb_putf(&b, ",\"seq\":%u,\"at\":", d->seq);
    tb__put_time(&b, d->at);
    tb_puts(&b, ",\"stated\":");
    if (e.input && v->mask) {
        tb_json stated = tb_mask_value(v->mask, e.input);
        tb_json_write(&b, &stated);
    } else if (e.input)
        tb_json_write(&b, e.input);
    else
        tb_puts(&b, "{}");
    tb_puts(&b, "}");
    v->out = tb_buf_str(&b);
    return TB_OK;
}

static void document_chain(void *arg, int result) {
    tb_call *c = arg;
    if (result == TB_STORE_OK) {
        answer_view(c, tb_try(c->arena, write_document, c));
        return;
    }
    c->problem = tb__store_problem(result, c->lang);
    fail_view(c);
}

/* The reading thread; the loop leaves the arena alone meanwhile. */
static int read_issue(tb_reader *r, void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    tb_leaf_list chain;
    uint32_t seq = issued(v)->seq;
    int result = tb_read_chain(r, v->last, c->arena, &chain);
    if (result != TB_STORE_OK) return result;
    result = seq <= chain.count ? tb_read_event(r, chain.items[chain.count - seq], c->arena, &v->issue) : TB_STORE_CORRUPT;
    return result == TB_STORE_NONE ? TB_STORE_CORRUPT : result;
}

static void show_document(tb_call *c) {
    if (!issued(c->more)) {
        tb__fail(c, 404, "NO_SUCH_DOCUMENT",
                 tb_str_z(TB_SAY(c, "本件没有这个编号的文书；已出具的见 GET /v1/cases/办件号", "the case has issued no document of that number")));
        fail_view(c);
        return;
    }
    if (tb_store_read(c->server->store, read_issue, document_chain, c) == TB_OK) return;
    c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
    fail_view(c);
}

void tb__get_document(tb_server *s, tb_http_request *req, tb_str id, tb_str document) {
    tb_call *c;
    view *v = begin_view(s, req, id, show_document, &c);
    if (!v) return;
    v->number = document; /* lives as long as the request */
    snprintf(v->read, sizeof v->read, "document/%.*s", TB_FMT(document));
    v->what = tb_str_z(v->read);
    tb_cases_with(s->cases, v->id, case_is_here, c);
}

/* ---- attachments ---- */

static bool attachment_key(view *v, tb_str name) {
    v->name = name;
    int n = snprintf(v->key, sizeof v->key, "attachment/%s/%.*s", v->text, TB_FMT(name));
    return name.n > 0 && n > 0 && (size_t)n < sizeof v->key && tb_valid_utf8(name, &(size_t){0}) &&
           !memchr(name.p, '\0', name.n);
}

static int make_attachment(void *arg) {
    tb_call *c = arg;
    view *v = c->more;
    tb_server *s = c->server;
    tb_arena *a = c->arena;
    tb_json_maker m;
    tb_buf b;
    tb_str body = tb_http_body(c->req), type, person;
    char hex[TB_SM3_HEX + 1];
    tb_sm3(body.p, body.n, v->digest);
    tb_hex(v->digest, 32, hex);
    if (!tb_http_header(c->req, "Content-Type", &type)) type = TB_STR("application/octet-stream");
    if (!tb_http_parameter(c->req, "by", &person)) person = TB_NONE;
    if (tb_auth_name(c, &person)) return TB_FAILED;
    tb_json_begin(&m, a);
    if (person.n) tb_json_add(&m, TB_STR("by"), tb_json_of_text(tb_str_copy(a, person)));
    tb_json_add(&m, TB_STR("case"), tb_json_of_text(tb_str_z(v->text)));
    tb_json_add(&m, TB_STR("digest"), tb_json_of_text(tb_str_copy(a, tb_str_z(hex))));
    tb_json_add(&m, TB_STR("name"), tb_json_of_text(tb_str_copy(a, v->name)));
    tb_json_add(&m, TB_STR("size"), tb_json_of_int(body.n));
    tb_json_add(&m, TB_STR("type"), tb_json_of_text(tb_str_copy(a, type)));
    tb_json whole = tb_json_done(&m);
    tb_buf_init(&b, a);
    tb_json_write(&b, &whole);
    v->out = tb_buf_str(&b);
    tb_blob_row *blob = TB_PUSH(a, v->write.attachments);
    memcpy(blob->digest, v->digest, 32);
    blob->bytes = body; /* the request's, until it is answered */
    tb_event_row *row = TB_PUSH(a, v->write.events);
    int64_t now = tb__event_time(s);
    *row = (tb_event_row){.leaf = s->leaf + 1,
                          .at = now,
                          .wall = now,
                          .semantics = TB_SEMANTICS,
                          .kind = TB_STR("attachment"),
                          .request = {NULL, 0},
                          .body = v->out};
    tb_sm3(v->out.p, v->out.n, row->outcome);
    *TB_PUSH(a, v->write.meta) = (tb_meta_row){tb_str_z(v->key), v->out};
    return TB_OK;
}

static void attachment_written(void *user, int result) {
    tb_call *c = user;
    view *v = c->more;
    finish_view(c);
    if (result == TB_STORE_OK) {
        tb__answer(c, 201, NULL, v->out);
        return;
    }
    c->problem = tb__store_problem(result, c->lang);
    tb__answer_problem(c);
}

static void store_attachment(tb_call *c) {
    view *v = c->more;
    tb_server *s = c->server;
    int made = tb_try(c->arena, make_attachment, c);
    if (made != TB_OK) {
        finish_view(c);
        if (made == TB_FAILED) tb__answer_problem(c);
        else tb__answer_nomem(c);
        return;
    }
    int answer = tb_commit_add(s->commit, &v->write, attachment_written, c);
    if (answer == TB_COMMIT_OK) {
        s->leaf++;
        s->wall = v->write.events.items[0].wall;
        return;
    }
    c->problem = tb__commit_problem(answer, c->lang);
    fail_view(c);
}

static int read_attachment(tb_reader *r, void *arg) { /* the reading thread */
    tb_call *c = arg;
    view *v = c->more;
    const char *error;
    size_t where;
    int rc = tb_read_meta(r, tb_str_z(v->key), c->arena, &v->out);
    if (rc != TB_STORE_OK) return rc;
    const tb_json *o = tb_json_read(c->arena, v->out, &error, &where);
    if (!o || !tb_unhex(tb_json_text(o, "digest"), v->digest, 32)) return TB_STORE_CORRUPT;
    v->number = tb_json_text(o, "type");
    return tb_read_attachment(r, v->digest, c->arena, &v->bytes);
}

static void attachment_is_here(void *arg, int result) {
    tb_call *c = arg;
    view *v = c->more;
    finish_view(c);
    if (result == TB_STORE_OK) {
        char type[128];
        snprintf(type, sizeof type, "%.*s", TB_FMT(v->number));
        tb_state *work = c->work;
        tb_http_answer(c->req, 200, type, "X-Content-Type-Options: nosniff\r\nContent-Disposition: attachment\r\n",
                       v->bytes.p, v->bytes.n);
        tb_state_drop(work);
        return;
    }
    if (result == TB_STORE_NONE)
        tb__fail(c, 404, "NO_SUCH_ATTACHMENT",
                 tb_str_z(TB_SAY(c, "本件没有这个名称的附件", "the case has no attachment of that name")));
    else
        c->problem = tb__store_problem(result, c->lang);
    tb__answer_problem(c);
}

static void fetch_attachment(tb_call *c) {
    if (tb_store_read(c->server->store, read_attachment, attachment_is_here, c) == TB_OK) return;
    c->problem = tb__store_problem(TB_STORE_RETRY, c->lang);
    fail_view(c);
}

static void attachment(tb_server *s, tb_http_request *req, tb_str id, tb_str name, void (*show)(tb_call *)) {
    tb_call *c;
    view *v = begin_view(s, req, id, show, &c);
    if (!v) return;
    if (attachment_key(v, name)) {
        snprintf(v->read, sizeof v->read, "attachment/%.*s", TB_FMT(name));
        if (show == fetch_attachment) v->what = tb_str_z(v->read);
        tb_cases_with(s->cases, v->id, case_is_here, c);
        return;
    }
    tb__fail(c, 422, "ATTACHMENT_NAME",
             tb_str_z(TB_SAY(c, "附件名称应是 1 到 300 字节的 UTF-8 文字",
                             "an attachment's name is 1 to 300 bytes of UTF-8")));
    tb__answer_problem(c);
}

void tb__put_attachment(tb_server *s, tb_http_request *req, tb_str id, tb_str name) {
    attachment(s, req, id, name, store_attachment);
}
void tb__get_attachment(tb_server *s, tb_http_request *req, tb_str id, tb_str name) {
    attachment(s, req, id, name, fetch_attachment);
}
