/* See session.h. Every sentence leaves its case behind, so taking one back is looking one step further back. */
#include "names.h"
#include "session.h"
#include "case.h"
#include "scenario_work.h"
#include <string.h>

struct moment {
    tb_case *c;
    int64_t now;
    tb_str line; /* as written in the 用例 */
};

struct tb_session {
    tb_arena *a;
    const tb_program *p;
    const tb_env *env;
    tb_scenario_report *report;
    int64_t start;
    TB_LIST(struct moment) moments;
};

tb_session *tb_session_new(tb_arena *a, const tb_program *p, const tb_env *env, int64_t start) {
    tb_session *s = TB_NEW(a, tb_session);
    *s = (tb_session){.a = a, .p = p, .env = env, .start = start, .report = tb__scenario_report_new(a, p)};
    return s;
}

static const struct moment *last(const tb_session *s) {
    return s->moments.count ? &s->moments.items[s->moments.count - 1] : NULL;
}

const tb_case *tb_session_case(const tb_session *s) { return last(s) ? last(s)->c : NULL; }
int64_t tb_session_now(const tb_session *s) { return last(s) ? last(s)->now : s->start; }

bool tb_session_undo(tb_session *s) {
    if (!s->moments.count) return false;
    s->moments.count--;
    return true;
}

struct saying {
    tb_session *s;
    tb_str sentence, *why, *told;
    int64_t at;
};

static tb_str time_text(tb_arena *a, int64_t at) {
    char text[TB_TIME_TEXT];
    tb_time_text(at, text);
    text[10] = ' ';
    return tb_str_printf(a, "%.16s", text);
}

/* The one sentence of the text, or why it is none. */
static const tb_clause *read_sentence(struct saying *w, tb_str text) {
    tb_arena *a = w->s->a;
    tb_sources *sources = TB_NEW(a, tb_sources);
    tb_diagnostics d;
    tb_diagnostics_init(&d, a);
    uint32_t file = tb_source_add(a, sources, TB_STR("输入"), tb_str_printf(a, "用例 试：\n%.*s\n", TB_FMT(text)));
    const tb_tree *t = tb_parse(a, sources, file, &d);
    if (!t || d.errors || t->sections.count != 1 || t->sections.items[0].clauses.count != 1) {
        tb_buf b;
        tb_buf_init(&b, a);
        tb_diagnostics_sort(&d);
        tb_diagnostics_print(&b, sources, &d, TB_LANG_AUTO, false);
        *w->why = b.n ? tb_buf_str(&b) : TB_STR("一次说一句");
        return NULL;
    }
    return &t->sections.items[0].clauses.items[0];
}

static int finish(struct saying *w, tb__scenario *r, bool ok, tb_str line) {
    tb_session *s = w->s;
    *w->told = tb_buf_str(&r->timeline);
    if (!ok) {
        *w->why = r->result->failure;
        return TB_FAILED;
    }
    if (s->moments.count == TB_SESSION_SENTENCES) {
        *w->why = TB_STR("句子太多");
        return TB_FAILED;
    }
    *TB_PUSH(s->a, s->moments) = (struct moment){r->c, r->now, line};
    return TB_OK;
}

static void begin(struct saying *w, tb__scenario *r, tb_scenario_result *result) {
    *result = (tb_scenario_result){.passed = true};
    tb__scenario_begin(r, w->s->a, w->s->p, w->s->env, w->s->report, result);
    r->c = last(w->s) ? last(w->s)->c : NULL;
    r->now = tb_session_now(w->s);
}

static bool dated(tb_str s) {
    int32_t day;
    return s.n >= 10 && tb_day_parse((tb_str){s.p, 10}, &day);
}

static int say(void *arg) {
    struct saying *w = arg;
    tb_session *s = w->s;
    tb__scenario r;
    tb_scenario_result result;
    tb_str text = w->sentence;
    while (text.n && (text.p[0] == ' ' || text.p[0] == '\t')) text.p++, text.n--;
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) text.n--;
    bool now = tb_str_starts(text, "此时") || tb_str_starts(text, "now");
    const char *stop = tb_str_ends(text, "。") || tb_str_ends(text, ".") ? "" : "。";
    int64_t at = tb_session_now(s) + (s->moments.count ? 60000 : 0);
    tb_str line = dated(text) || now
                      ? tb_str_printf(s->a, "  %.*s%s", TB_FMT(text), stop)
                      : tb_str_printf(s->a, "  %.*s %.*s%s", TB_FMT(time_text(s->a, at)), TB_FMT(text), stop);
    const tb_clause *c = read_sentence(w, line);
    if (!c) return TB_FAILED;
    begin(w, &r, &result);
    return finish(w, &r, tb__scenario_line(&r, c), line);
}

static int pass(void *arg) {
    struct saying *w = arg;
    tb__scenario r;
    tb_scenario_result result;
    begin(w, &r, &result);
    if (!r.c || w->at < r.now) {
        *w->why = r.c ? TB_STR("时间不能倒退") : TB_STR("还没有提交");
        return TB_FAILED;
    }
    bool ok = tb__scenario_wait(&r, w->at);
    /* In a 用例 time passes by a sentence: that something ran out, or that nothing did. */
    tb_str line =
        tb_str_printf(w->s->a, r.fired ? "  %.*s 逾期。" : "  %.*s 此时 已 提交。", TB_FMT(time_text(w->s->a, w->at)));
    return finish(w, &r, ok, line);
}

static int run(tb_session *s, int (*work)(void *), tb_str sentence, int64_t at, tb_str *why, tb_str *told) {
    struct saying w = {s, sentence, why, told, at};
    *why = *told = (tb_str){"", 0};
    return tb_try(s->a, work, &w);
}

int tb_session_say(tb_session *s, tb_str sentence, tb_str *why, tb_str *told) {
    return run(s, say, sentence, 0, why, told);
}
int tb_session_wait(tb_session *s, int64_t at, tb_str *why, tb_str *told) {
    return run(s, pass, (tb_str){"", 0}, at, why, told);
}

tb_str tb_session_written(tb_session *s, tb_str name) {
    tb_buf b;
    const tb_case *c = tb_session_case(s);
    tb_buf_init(&b, s->a);
    tb_putf(&b, "用例 %.*s：\n", TB_FMT(tb_name_written(s->a, name)));
    for (uint32_t i = 0; i < s->moments.count; i++) tb_putf(&b, "%.*s\n", TB_FMT(s->moments.items[i].line));
    if (!c) return tb_buf_str(&b);
    bool closed = c->outcome != TB_NO_INDEX;
    tb_puts(&b, closed ? "  此时 " : "  此时 环节 ");
    if (closed) tb_putf(&b, "办结 %.*s", TB_FMT(tb_name_written(s->a, s->p->outcomes.items[c->outcome])));
    for (uint32_t i = 0; i < c->tasks.count && !closed; i++)
        tb_putf(&b, "%s%.*s", i ? "、" : "",
                TB_FMT(tb_name_written(s->a, s->p->steps.items[c->tasks.items[i].step].name)));
    tb_puts(&b, "。\n");
    return tb_buf_str(&b);
}
