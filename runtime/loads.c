/* POST /v1/loads, and the rules a server starts with: compile off the loop, commit, then swap (DESIGN §5, hot-loading).
 *
 *   request ─▶ queue ─▶ compiler thread ─▶ loop: refuse, or rows ─▶ commit ─▶ on disk: adopt, answer
 *
 * One load at a time: while one compiles, the registry it reads must not change. Nothing waits for it but other loads.
 * What a load brings becomes visible in one turn of the loop, after it is durable, so an act is stepped wholly before
 * or wholly after it. */
#include "files.h"
#include "server_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBT_MS = 1000 };

typedef struct job {
    struct job *next;
    tb_server *s;
    tb_call *c; /* NULL: at start */
    tb_load *load;
    tb_write write;
    int64_t first;
    int result; /* of the commit */
    bool done;
} job;

struct tb_loads {
    tb_server *s;
    job *first, **last; /* first: the one at work */
    bool doubt;         /* it is unknown whether a load is on disk: none is begun until the log has been read again */
    tb_io_timer *again; /* to the next attempt at that */
};

static void look_again(void *server) { tb__loads_reopened(server); }

int tb__loads_new(tb_server *s) {
    s->loads = calloc(1, sizeof *s->loads);
    if (!s->loads) return TB_NOMEM;
    s->loads->s = s;
    s->loads->last = &s->loads->first;
    s->loads->again = tb_io_timer_new(s->io, look_again, s);
    return s->loads->again ? TB_OK : TB_NOMEM;
}

static void end_job(job *j) {
    tb_load_free(j->load);
    free(j);
}

void tb__loads_free(tb_server *s) {
    if (!s->loads) return;
    for (job *j = s->loads->first, *next; j; j = next) {
        next = j->next;
        if (j->c) {
            j->c->problem = tb__store_problem(TB_STORE_RETRY, j->c->lang);
            tb__answer_problem(j->c);
        }
        end_job(j);
    }
    tb_io_timer_free(s->loads->again);
    free(s->loads);
    s->loads = NULL;
}

/* ---- answers ---- */

static void put_open(tb_buf *b, const tb_load *l) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < l->open.count; i++) {
        tb_puts(b, i ? ",{\"file\":" : "{\"file\":");
        tb_json_put_text(b, l->open.items[i].file);
        tb_putf(b, ",\"line\":%u,\"text\":", l->open.items[i].line);
        tb_json_put_text(b, l->open.items[i].text);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void put_unproved(tb_buf *b, const tb_load *l) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < l->unproved.count; i++) {
        const tb_load_unproved *x = &l->unproved.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, x->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, x->version);
        tb_puts(b, ",\"what\":");
        tb_json_put_text(b, x->what);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void put_impossible(tb_buf *b, const tb_load *l) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < l->impossible.count; i++) {
        const tb_load_impossible *x = &l->impossible.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, x->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, x->version);
        tb_puts(b, ",\"code\":");
        tb_json_put_text(b, x->code);
        tb_puts(b, ",\"what\":");
        tb_json_put_text(b, x->what);
        tb_puts(b, ",\"file\":");
        tb_json_put_text(b, x->file);
        tb_putf(b, ",\"line\":%u}", x->line);
    }
    tb_puts(b, "]");
}

static void put_version(tb_buf *b, const tb_version *v, const char *status) {
    char day[TB_DAY_TEXT];
    tb_puts(b, "{\"matter\":");
    tb_json_put_text(b, v->program->matter);
    tb_puts(b, ",\"version\":");
    tb_json_put_text(b, v->program->version);
    tb_putf(b, ",\"effective\":\"%s\",\"digest\":\"%.*s\",\"leaf\":%lld,\"status\":\"%s\"}",
            tb_day_text(v->program->effective, day), TB_FMT(v->program->digest), (long long)v->leaf, status);
}

static void put_conflicts(tb_buf *b, const tb_load *l) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < l->conflicts.count; i++) {
        const tb_load_conflict *k = &l->conflicts.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, k->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, k->version);
        tb_putf(b, ",\"why\":\"%s\",\"other\":", k->overlap ? "same-effective-day" : "other-bytes");
        tb_json_put_text(b, k->other);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static void put_behind(tb_buf *b, const tb_load *l) {
    if (!l->behind.count) return;
    for (uint32_t i = 0; i < l->behind.count; i++) {
        const tb_load_behind *x = &l->behind.items[i];
        tb_puts(b, i ? ",{\"file\":" : ",\"behind\":[{\"file\":");
        tb_json_put_text(b, x->file);
        tb_puts(b, ",\"matter\":");
        tb_json_put_text(b, x->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, x->version);
        tb_puts(b, "}");
    }
    tb_puts(b, "]");
}

static int loaded_answer(void *arg) {
    job *j = arg;
    tb_call *c = j->c;
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_puts(&b, "{\"versions\":[");
    uint32_t n = 0;
    for (uint32_t i = 0; i < j->load->versions.count; i++, n++) {
        if (n) tb_puts(&b, ",");
        put_version(&b, j->load->versions.items[i], "new");
    }
    for (uint32_t i = 0; i < j->load->same.count; i++, n++) {
        if (n) tb_puts(&b, ",");
        put_version(&b, j->load->same.items[i], "same");
    }
    tb_putf(&b, "],\"world\":{\"leaf\":%lld,\"status\":\"%s\"},\"sources\":%u,\"pending\":",
            (long long)tb_registry_world(j->s->registry)->leaf, j->load->world ? "new" : "same", j->load->plain.count);
    put_open(&b, j->load);
    tb_puts(&b, ",\"unproved\":");
    put_unproved(&b, j->load);
    if (j->load->impossible.count) tb_puts(&b, ",\"impossible\":"), put_impossible(&b, j->load);
    put_behind(&b, j->load);
    tb_puts(&b, "}");
    c->more = NULL;
    c->problem.message = tb_buf_str(&b);
    return TB_OK;
}

static int refused_answer(void *arg) {
    job *j = arg;
    tb_call *c = j->c;
    const tb_load *l = j->load;
    tb_buf b;
    if (c->problem.status) return TB_OK; /* the store's or the commit's */
    tb_buf_init(&b, c->arena);
    switch (l->result) {
    case TB_LOAD_INVALID:
        tb_puts(&b, "{\"diagnostics\":");
        tb_putstr(&b, l->diagnostics);
        tb_puts(&b, "}");
        c->problem.detail = tb_buf_str(&b);
        return tb__fail(c, 422, "RULES_INVALID", tb_str_copy(c->arena, l->message)), TB_OK;
    case TB_LOAD_CONFLICT: {
        const tb_load_conflict *k = &l->conflicts.items[0];
        tb_puts(&b, "{\"conflicts\":");
        put_conflicts(&b, l);
        tb_puts(&b, "}");
        c->problem.detail = tb_buf_str(&b);
        tb_str message =
            k->overlap
                ? tb_str_printf(c->arena,
                                TB_SAY(c,
                                       "事项“%.*s”%.*s 与已有的 %.*s 同日生效；两个版本的施行期间不得重叠，请改“生效”",
                                       "matter %.*s: version %.*s takes effect on the same day as %.*s"),
                                TB_FMT(k->matter), TB_FMT(k->version), TB_FMT(k->other))
                : tb_str_printf(
                      c->arena,
                      TB_SAY(c, "事项“%.*s”的版本 %.*s 已装载，内容不同；修改后请另起版本号",
                             "matter %.*s: version %.*s is loaded with other content; give a new version number"),
                      TB_FMT(k->matter), TB_FMT(k->version));
        return tb__fail(c, 409, "VERSION_CONFLICT", message), TB_OK;
    }
    case TB_LOAD_PENDING:
        tb_puts(&b, "{\"pending\":");
        put_open(&b, l);
        tb_puts(&b, "}");
        c->problem.detail = tb_buf_str(&b);
        return tb__fail(
                   c, 409, "PENDING_OPEN",
                   tb_str_printf(
                       c->arena,
                       TB_SAY(c,
                              "有 %u 处“待核”没有落实；确认要先行启用的，请加 \"accept_pending\": true，由署名人负责",
                              "%u clauses are still 待核; to activate all the same, on record, add \"accept_pending\": "
                              "true"),
                       l->open.count)),
               TB_OK;
    case TB_LOAD_UNPROVED: {
        const tb_load_unproved *u = &l->unproved.items[0];
        tb_puts(&b, "{\"unproved\":");
        put_unproved(&b, l);
        tb_puts(&b, "}");
        c->problem.detail = tb_buf_str(&b);
        return tb__fail(
                   c, 409, "NOT_PROVED",
                   tb_str_printf(c->arena,
                                 TB_SAY(c, "%.*s；确认要启用的，请加 \"accept_unproved\": true，由署名人负责",
                                        "%.*s; to activate it all the same, on record, add \"accept_unproved\": true"),
                                 TB_FMT(u->what))),
               TB_OK;
    }
    case TB_LOAD_IMPOSSIBLE: {
        const tb_load_impossible *x = &l->impossible.items[0];
        tb_puts(&b, "{\"impossible\":");
        put_impossible(&b, l);
        tb_puts(&b, "}");
        c->problem.detail = tb_buf_str(&b);
        return tb__fail(c, 422, "MATTER_IMPOSSIBLE",
                        tb_str_printf(c->arena,
                                      TB_SAY(c,
                                             "照这份组织，已装载的事项“%.*s”%.*s 没法办：%.*s；确认要启用的，请加 \"accept_impossible\": true，由署名人负责",
                                             "with this 组织 the loaded matter %.*s %.*s cannot be done: %.*s; to activate it all the same, on record, "
                                             "add \"accept_impossible\": true"),
                                      TB_FMT(x->matter), TB_FMT(x->version), TB_FMT(x->what))),
               TB_OK;
    }
    default: c->problem = tb__store_problem(TB_STORE_RETRY, c->lang); return TB_OK;
    }
}

/* ---- the queue ---- */

static void begin_next(struct tb_loads *q);

static void finish(job *j, bool ok) {
    struct tb_loads *q = j->s->loads;
    q->first = j->next;
    if (!q->first) q->last = &q->first;
    if (j->c) {
        tb_call *c = j->c;
        int rc = tb_try(c->arena, ok ? loaded_answer : refused_answer, j);
        if (rc != TB_OK) tb__answer_nomem(c);
        else if (ok) tb__answer(c, 200, NULL, c->problem.message);
        else tb__answer_problem(c);
        end_job(j);
    } else {
        j->done = true;
        tb_io_stop(j->s->io);
    }
    begin_next(q);
}

static void report(const job *j) {
    const tb_load *l = j->load;
    const tb_version *v = l->versions.count ? l->versions.items[0] : NULL;
    tb__report(j->s, "info", "load",
               TB_TELL(j->s, "%.*s 装载了 %u 个新版本%s%.*s%s", "%.*s loaded %u new versions%s%.*s%s"), TB_FMT(l->by), l->versions.count,
               v ? TB_TELL(j->s, "，首个是 ", ", the first of ") : "", TB_FMT(v ? v->program->matter : TB_NONE),
               l->world ? TB_TELL(j->s, "，日历或组织有变化", ", calendars or people changed") : "");
}

static void committed(void *user, int result) {
    job *j = user;
    j->result = result;
    if (result == TB_STORE_UNKNOWN) j->s->loads->doubt = true;
    if (result == TB_STORE_OK && tb_load_adopt(j->load, j->first, j->s->leaf + 1) != TB_OK) {
        /* It is on disk but cannot be put to use: the next start will. Saying "done" would be a lie. */
        j->result = TB_STORE_RETRY;
        j->load->result = TB_LOAD_NOMEM;
    }
    if (j->result == TB_STORE_OK) {
        j->s->counters.loads++;
        if (j->c) report(j);
        if (j->load->world) tb_timers_rederive(j->s->timers);
        finish(j, true);
        return;
    }
    if (j->c) j->c->problem = tb__store_problem(j->result, j->c->lang);
    finish(j, false);
}

static void compile(void *arg) { /* the compiler's thread */
    job *j = arg;
    tb_load_compile(j->load, j->c ? j->c->lang : j->s->o.lang);
}

/* A department loads the matters of its organ and what they refer to. Calendars and 组织, which bind everybody, are the operator's, and so is a
 * text that another organ's matters rest on. Under tb_try. */
static int judge_load(void *arg) {
    job *j = arg;
    tb_call *c = j->c;
    const tb_load *l = j->load;
    if (c->who.open || c->who.roles & TB_ROLE_OPERATOR) return TB_OK;
    if (l->world)
        return tb__fail(c, 403, "LOAD_OPERATOR",
                        tb_str_z(TB_SAY(c, "日历和组织由管理员装载", "calendars and 组织 are loaded by an operator")));
    for (uint32_t i = 0; i < l->versions.count; i++) {
        const tb_program *p = l->versions.items[i]->program;
        if (!tb_str_eq(p->authority, c->who.organ))
            return tb__fail(c, 403, "LOAD_NOT_YOURS",
                            tb_str_printf(c->arena,
                                          TB_SAY(c, "事项“%.*s”的实施主体不是 %.*s，您的账号不能装载它",
                                                 "the authority of matter %.*s is not %.*s: your account cannot load it"),
                                          TB_FMT(p->matter), TB_FMT(c->who.organ)));
    }
    for (uint32_t i = 0; i < l->behind.count; i++)
        for (uint32_t k = 0; k < tb_registry_count(j->s->registry); k++) {
            const tb_program *p = tb_registry_at(j->s->registry, k)->program;
            if (tb_str_eq(p->matter, l->behind.items[i].matter) && !tb_str_eq(p->authority, c->who.organ))
                return tb__fail(c, 403, "LOAD_SHARED",
                                tb_str_printf(c->arena,
                                              TB_SAY(c, "“%.*s”也是别的机构的事项“%.*s”所依据的，由管理员装载",
                                                     "%.*s is what another organ's matter %.*s rests on: an operator loads it"),
                                              TB_FMT(l->behind.items[i].file), TB_FMT(p->matter)));
        }
    return TB_OK;
}

static bool may_load(job *j) {
    int rc = j->c ? tb_try(j->c->arena, judge_load, j) : TB_OK;
    if (rc == TB_NOMEM) j->c->problem = tb__store_problem(TB_STORE_RETRY, j->c->lang);
    return rc == TB_OK;
}

static void compiled(void *arg) {
    job *j = arg;
    tb_server *s = j->s;
    tb_load *l = j->load;
    if (l->result == TB_LOAD_NOTHING) {
        finish(j, true);
        return;
    }
    if (l->result != TB_LOAD_READY || !may_load(j)) {
        finish(j, false);
        return;
    }
    int64_t wall = tb__event_time(s);
    j->first = s->leaf + 1;
    int answer = tb_load_rows(l, j->first, wall, wall, &j->write) == TB_OK
                     ? tb_commit_add(s->commit, &j->write, committed, j)
                     : -1;
    if (answer == TB_COMMIT_OK) {
        s->leaf += tb_load_leaves(l);
        s->wall = wall;
        return;
    }
    if (j->c) j->c->problem = tb__commit_problem(answer, j->c->lang);
    j->result = TB_STORE_RETRY;
    finish(j, false);
}

static void begin_next(struct tb_loads *q) {
    job *j = q->first;
    if (!j || q->doubt || q->s->closing) return;
    if (tb_io_worker_submit(q->s->compiler, compile, compiled, j) == TB_OK) return;
    j->load->result = TB_LOAD_NOMEM;
    finish(j, false);
}

/* The store was reopened: a load whose answer was lost may be there after all, and then it is in force. It is compiled
 * on the loop: this is rare, and until it is done the server does not know its own rules. A disk that fails to be read
 * just now is asked again: other loads wait for this. */
void tb__loads_reopened(tb_server *s) {
    struct tb_loads *q = s->loads;
    char why[1024] = "";
    if (!q || !q->doubt) return;
    const tb_world *before = tb_registry_world(s->registry);
    tb_reader *r = tb_reader_open(s->store);
    if (!r || tb_registry_open(s->registry, r, why, sizeof why) != TB_OK) {
        tb__report(s, "error", "load_doubt", "%s", *why ? why : "读不了数据库 (cannot read the database)");
        tb_io_timer_set(q->again, DOUBT_MS);
    } else {
        q->doubt = false;
    }
    tb_reader_close(r);
    if (tb_registry_world(s->registry) != before) tb_timers_rederive(s->timers);
    if (!q->doubt) begin_next(q);
}

static void enqueue(tb_server *s, job *j) {
    struct tb_loads *q = s->loads;
    bool idle = !q->first;
    *q->last = j;
    q->last = &j->next;
    if (idle) begin_next(q);
}

/* ---- POST /v1/loads ---- */

typedef struct wanted {
    tb_str *paths, *texts, by, request;
    uint32_t count;
    bool accept_pending, accept_unproved, accept_impossible;
} wanted;

static int read_load(void *arg) {
    static const char *const known[] = {"files", "by", "request", "accept_pending", "accept_unproved", "accept_impossible", NULL};
    tb_call *c = arg;
    wanted *w = TB_NEW(c->arena, wanted);
    const tb_json *o, *files, *by;
    c->more = w;
    if (tb__body(c, known, &o) || tb__text(c, o, "request", true, TB_REQUEST_KEY, &w->request) ||
        tb__flag(c, o, "accept_pending", &w->accept_pending) || tb__flag(c, o, "accept_unproved", &w->accept_unproved) ||
        tb__flag(c, o, "accept_impossible", &w->accept_impossible))
        return TB_FAILED;
    by = tb_json_get(o, "by"); /* a name, or an actor as elsewhere */
    if (by && by->kind == TB_JSON_OBJECT) {
        tb_actor actor;
        if (tb__actor(c, o, &actor)) return TB_FAILED;
        w->by = actor.person;
    } else if (tb__text(c, o, "by", c->who.open, TB_PERSON_BYTES, &w->by) || tb_auth_name(c, &w->by)) {
        return TB_FAILED;
    }
    files = tb_json_get(o, "files");
    if (!files || files->kind != TB_JSON_OBJECT || files->count == 0)
        return tb__fail(c, 422, files ? "MEMBER_TYPE" : "MEMBER_MISSING",
                        tb_str_z(TB_SAY(c, "“files”应是 {\"路径\":\"内容\",…}，至少一个文件",
                                        "files should be {\"path\":\"source\",…}, at least one")));
    if (files->count > TB_LOAD_FILES)
        return tb__fail(
            c, 413, "TOO_MANY_FILES",
            tb_str_printf(c->arena, TB_SAY(c, "一次最多装载 %d 个文件", "at most %d files a load"), TB_LOAD_FILES));
    w->count = files->count;
    w->paths = TB_NEW_ARRAY(c->arena, w->count, tb_str);
    w->texts = TB_NEW_ARRAY(c->arena, w->count, tb_str);
    for (uint32_t i = 0; i < w->count; i++) {
        w->paths[i] = files->keys[i];
        if (files->items[i].kind != TB_JSON_STR)
            return tb__fail(
                c, 422, "MEMBER_TYPE",
                tb_str_printf(c->arena,
                              TB_SAY(c, "文件“%.*s”的内容应是字符串", "the source of %.*s should be a string"),
                              TB_FMT(w->paths[i])));
        w->texts[i] = files->items[i].text;
        if (w->texts[i].n > TB_SOURCE_BYTES)
            return tb__fail(c, 413, "FILE_TOO_LARGE",
                            tb_str_printf(c->arena, TB_SAY(c, "文件“%.*s”超过 %d 字节", "%.*s exceeds %d bytes"),
                                          TB_FMT(w->paths[i]), TB_SOURCE_BYTES));
    }
    return TB_OK;
}

void tb__post_load(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, read_load)) return;
    wanted *w = c->more;
    job *j = calloc(1, sizeof *j);
    tb_load *load = j ? tb_load_new(s->registry, w->paths, w->texts, w->count, w->by, w->request) : NULL;
    if (!load) {
        free(j);
        tb__answer_nomem(c);
        return;
    }
    load->accept_pending = w->accept_pending;
    load->accept_unproved = w->accept_unproved;
    load->accept_impossible = w->accept_impossible;
    *j = (job){.s = s, .c = c, .load = load};
    enqueue(s, j);
}

/* ---- at start ---- */

typedef struct from_disk {
    tb_arena *a;
    tb_files files;
    const char *rules;
    enum tb_lang lang;
    tb_str *paths, *texts;
    uint32_t count;
} from_disk;

static int read_directory(void *arg) {
    from_disk *d = arg;
    int rc = tb_files_add(d->a, &d->files, d->rules, d->lang);
    if (rc) return TB_FAILED;
    tb_str root = tb_str_z(d->rules);
    while (root.n > 1 && root.p[root.n - 1] == '/') root.n--;
    d->count = d->files.list.count;
    d->paths = TB_NEW_ARRAY(d->a, d->count, tb_str);
    d->texts = TB_NEW_ARRAY(d->a, d->count, tb_str);
    for (uint32_t i = 0; i < d->count; i++) {
        d->paths[i] = tb_path_below(root, d->files.list.items[i].path);
        d->texts[i] = d->files.list.items[i].text;
    }
    return TB_OK;
}

/* A server that starts again with the directory it was installed with must not take back the calendar that was loaded since:
 * what was replaced while it ran stays replaced. Who does want the earlier text loads it, by name. */
static void leave_outdated(tb_server *s, from_disk *d) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        if (tb_registry_outdated(s->registry, d->paths[i], d->texts[i])) {
            tb__report(s, "warning", "outdated",
                       s->o.lang == TB_LANG_EN ? "%.*s: a newer text was loaded since; that stays (to go back: tongban load)"
                                               : "%.*s：后来装载过新的文本，仍用新的（要改回去，用 tongban load 装载）",
                       TB_FMT(d->paths[i]));
            continue;
        }
        d->paths[kept] = d->paths[i];
        d->texts[kept++] = d->texts[i];
    }
    d->count = kept;
}

static void tell_conflicts(tb_server *s, const tb_load *l) {
    for (uint32_t i = 0; i < l->conflicts.count; i++) {
        const tb_load_conflict *k = &l->conflicts.items[i];
        char line[1024];
        const char *format =
            s->o.lang == TB_LANG_EN
                ? k->overlap ? "matter %.*s: version %.*s takes effect on the same day as %.*s; the loaded one stays"
                             : "matter %.*s: version %.*s is loaded with other content; the loaded one stays, give a "
                               "new version number"
            : k->overlap ? "事项“%.*s”的版本 %.*s 与已装载的 %.*s 同日生效；保留已装载的"
                         : "事项“%.*s”的版本 %.*s 已装载，文件内容不同；保留已装载的，修改后请另起版本号";
        snprintf(line, sizeof line, format, TB_FMT(k->matter), TB_FMT(k->version), TB_FMT(k->other));
        tb__report(s, "warning", "conflict", "%s", line);
    }
}

bool tb__load_directory(tb_server *s, const char *rules, char *why, size_t room) {
    from_disk d = {.a = tb_arena_new(NULL, 0), .rules = rules, .lang = s->o.lang};
    job *j = calloc(1, sizeof *j);
    bool ok = false;
    int rc = d.a && j ? tb_try(d.a, read_directory, &d) : TB_NOMEM;
    if (rc == TB_OK) leave_outdated(s, &d);
    if (rc == TB_OK)
        j->load = tb_load_new(s->registry, d.paths, d.texts, d.count, TB_STR("serve --rules"), (tb_str){NULL, 0});
    if (j && j->load) j->load->accept_pending = j->load->keep = true; /* 待核 is told, and on record under that name */
    if (rc == TB_FAILED) {
        snprintf(why, room, "%s", d.files.error);
    } else if (rc != TB_OK || !j->load) {
        snprintf(why, room, "%s", s->o.lang == TB_LANG_EN ? "out of memory" : "内存不足");
    } else {
        tb_load *l = j->load;
        j->s = s;
        enqueue(s, j);
        while (!j->done) tb_io_run(s->io);
        if (l->result == TB_LOAD_INVALID) {
            snprintf(why, room,
                     s->o.lang == TB_LANG_EN ? "the rules in %s have errors (tongban check shows all): %.*s"
                                             : "%s 中的规则有错误，没有装载（tongban check 可看全部）：%.*s",
                     rules, TB_FMT(l->message));
        } else if (l->result == TB_LOAD_UNPROVED) {
            snprintf(why, room,
                     s->o.lang == TB_LANG_EN
                         ? "%s: %.*s; to activate it all the same, on record: start without it, then "
                           "tongban load --accept-unproved --by NAME"
                         : "%s：%.*s；确认要启用的，先不带它启动，再用 tongban load --accept-unproved "
                           "--by 姓名 装载，由署名人负责",
                     rules, TB_FMT(l->unproved.items[0].what));
        } else if (l->result == TB_LOAD_IMPOSSIBLE) {
            const tb_load_impossible *x = &l->impossible.items[0];
            snprintf(why, room,
                     s->o.lang == TB_LANG_EN
                         ? "with the 组织 in %s the loaded matter %.*s %.*s cannot be done: %.*s; to activate it all the same, on record: start "
                           "without it, then tongban load --accept-impossible --by NAME"
                         : "照 %s 里的组织，已装载的事项“%.*s”%.*s 没法办：%.*s；确认要启用的，先不带它启动，再用 tongban load "
                           "--accept-impossible --by 姓名 装载，由署名人负责",
                     rules, TB_FMT(x->matter), TB_FMT(x->version), TB_FMT(x->what));
        } else if (j->result != TB_STORE_OK || (l->result != TB_LOAD_READY && l->result != TB_LOAD_NOTHING)) {
            snprintf(why, room, "%.*s",
                     TB_FMT(tb__store_problem(j->result ? j->result : TB_STORE_RETRY, s->o.lang).message));
        } else {
            ok = true;
            tell_conflicts(s, l);
        }
    }
    if (j) end_job(j);
    tb_arena_free(d.a);
    return ok;
}
