/* tongban show: one case — its timeline, its clocks with due dates and why, and what can be done now by whom. */
#include "remote.h"
#include <stdlib.h>
#include <string.h>

static bool is_true(const tb_json *object, const char *key) {
    const tb_json *v = tb_json_get(object, key);
    return v && v->kind == TB_JSON_TRUE;
}

static void title(tb_line *line, const char *zh, const char *en) {
    tb_putf(&line->out, "%s%s%s\n", tb_ink(line, TB_INK_BOLD), tb_line_say(line, zh, en), tb_ink(line, TB_INK_OFF));
}

static void tell_head(tb_line *line, const tb_json *c) {
    tb_str outcome = tb__text_of(c, "outcome");
    const tb_json *places = tb_json_get(c, "places");
    tb_buf *b = &line->out;
    tb_putf(b, tb_line_say(line, "%s办件 %.*s%s  %.*s %.*s（%.*s）\n", "%scase %.*s%s  %.*s %.*s (%.*s)\n"),
            tb_ink(line, TB_INK_BOLD), TB_FMT(tb__text_of(c, "id")), tb_ink(line, TB_INK_OFF),
            TB_FMT(tb__text_of(c, "matter")), TB_FMT(tb__text_of(c, "version")), TB_FMT(tb__text_of(c, "mode")));
    tb_putf(b, tb_line_say(line, "申请人 %.*s", "applicant %.*s"),
            TB_FMT(tb__text_of(tb_json_get(c, "applicant"), "person")));
    for (uint32_t i = 0; places && i < places->count; i++)
        tb_putf(b, "，%.*s %.*s（%.*s）", TB_FMT(places->keys[i]), TB_FMT(tb__text_of(&places->items[i], "name")),
                TB_FMT(tb__text_of(&places->items[i], "code")));
    tb_puts(b, "\n");
    if (outcome.n)
        tb_putf(b, tb_line_say(line, "%s已办结：%.*s%s\n", "%sclosed: %.*s%s\n"), tb_ink(line, TB_INK_GREEN),
                TB_FMT(outcome), tb_ink(line, TB_INK_OFF));
}

/* ---- timeline ---- */

static tb_str who(tb_line *line, const tb_json *event) {
    const tb_json *by = tb_json_get(event, "by");
    tb_str post = tb__text_of(by, "post"), place = tb__text_of(by, "place");
    if (!by) return tb_str_z(tb_line_say(line, "（时限到期）", "(limit expired)"));
    tb_str behalf = tb__text_of(by, "for"), whose = TB_NONE;
    if (behalf.n) whose = tb_str_printf(line->arena, tb_line_say(line, "（代 %.*s）", " (for %.*s)"), TB_FMT(behalf));
    return tb_str_printf(line->arena, "%.*s%.*s%s%.*s%s%.*s", TB_FMT(tb__text_of(by, "person")), TB_FMT(whose),
                         post.n ? " " : "", TB_FMT(post), place.n ? "@" : "", TB_FMT(place));
}

static tb_str what(tb_line *line, const tb_json *event) {
    tb_str kind = tb__text_of(event, "kind"), task = tb__text_of(event, "task");
    if (tb_str_is(kind, "submit")) return tb_str_z(tb_line_say(line, "提交", "submitted"));
    const tb_json *effects = tb_json_get(event, "effects");
    bool alert = effects && effects->count && tb_str_is(tb__text_of(&effects->items[0], "do"), "临近届满");
    if (alert) return tb_str_z(tb_line_say(line, "临近届满", "about to expire"));
    if (tb_str_is(kind, "timer"))
        return tb_str_printf(line->arena, tb_line_say(line, "%.*s 到期", "%.*s expired"),
                             TB_FMT(tb__text_of(event, "timer")));
    if (!task.n) return tb__text_of(event, "act");
    return tb_str_printf(line->arena, "%.*s（%.*s）", TB_FMT(tb__text_of(event, "act")), TB_FMT(task));
}

static void tell_timeline(tb_line *line, const tb_json *history) {
    const tb_json *events = tb_json_get(history, "events");
    tb_buf *b = &line->out;
    title(line, "经过", "timeline");
    for (uint32_t i = 0; events && i < events->count; i++) {
        const tb_json *e = &events->items[i], *effects = tb_json_get(e, "effects"), *input = tb_json_get(e, "input");
        tb_putf(b, "  %3lld  ", (long long)tb_json_number(e, "seq", 0));
        tb_put_cells(b, tb__short_time(line, tb__text_of(e, "at")), 18);
        tb_put_cells(b, what(line, e), 24);
        tb_putf(b, "  %.*s\n", TB_FMT(who(line, e)));
        for (uint32_t k = 0; input && k < input->count; k++)
            tb_putf(b, "       %.*s：%.*s\n", TB_FMT(input->keys[k]), TB_FMT(input->items[k].text));
        tb_puts(b, effects && effects->count ? "       → " : "");
        for (uint32_t k = 0; effects && k < effects->count; k++) {
            const tb_json *f = &effects->items[k];
            tb_str value = tb__text_of(f, "value");
            tb_putf(b, "%s%.*s %.*s%s%.*s%s", k ? "；" : "", TB_FMT(tb__text_of(f, "do")),
                    TB_FMT(tb__text_of(f, "name")), value.n ? "（" : "", TB_FMT(value), value.n ? "）" : "");
        }
        tb_puts(b, effects && effects->count ? "\n" : "");
    }
}

/* ---- clocks ---- */

static const char *why_word(const tb_line *line, tb_str why) {
    static const struct {
        const char *name, *zh, *en;
    } words[] = {{"counted", "计入", "counted"},
                 {"weekend", "周末", "weekend"},
                 {"holiday", "放假", "holiday"},
                 {"makeup-workday", "调休上班，计入", "make-up workday"},
                 {"excluded", "依法不计入", "excluded by law"},
                 {"rolled", "末日顺延", "moved on"},
                 {"unpublished", "日历未公布", "not published"},
                 {"first-day", "首日不计", "first day"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tb_str_is(why, words[i].name)) return tb_line_say(line, words[i].zh, words[i].en);
    return "";
}

static tb_str month_day(tb_str day) { return day.n == 10 ? (tb_str){day.p + 5, 5} : day; }

static void tell_why(tb_line *line, const tb_json *ranges) {
    tb_puts(&line->out, ranges && ranges->count ? "      " : "");
    for (uint32_t i = 0; ranges && i < ranges->count; i++) {
        const tb_json *r = &ranges->items[i];
        tb_str from = tb__text_of(r, "from"), to = tb__text_of(r, "to"), why = tb__text_of(r, "why"), name = tb__text_of(r, "name");
        bool counts = tb_str_is(why, "counted") || tb_str_is(why, "makeup-workday");
        tb_putf(&line->out, "%s%.*s", i ? "；" : "", TB_FMT(month_day(from)));
        if (!to.n) tb_puts(&line->out, tb_line_say(line, " 起", " on")); /* it still stands still */
        else if (!tb_str_eq(from, to)) tb_putf(&line->out, "…%.*s", TB_FMT(month_day(to)));
        tb_putf(&line->out, " %s", why_word(line, why));
        if (tb_str_is(why, "excluded") && name.n) tb_putf(&line->out, "（%.*s）", TB_FMT(name));
        else if (name.n) tb_putf(&line->out, " %.*s", TB_FMT(name));
        if (counts)
            tb_putf(&line->out, tb_line_say(line, "（累计 %lld）", " (%lld so far)"),
                    (long long)tb_json_number(r, "counted", 0));
    }
    tb_puts(&line->out, ranges && ranges->count ? "\n" : "");
}

/* 10个工作日，依《…》第二十一条（食品经营许可核发.tb:14） */
static void tell_rule(tb_line *line, const tb_json *k) {
    tb_str limit = tb__text_of(k, "limit"), law = tb__text_of(k, "law"), source = tb__text_of(k, "source");
    if (!limit.n) return; /* of an older server */
    tb_putf(&line->out, "      %.*s%s%.*s%s%.*s%s\n", TB_FMT(limit), law.n ? "，依" : "", TB_FMT(law), source.n ? "（" : "",
            TB_FMT(source), source.n ? "）" : "");
}

/* 延长 and 调整 of a limit: who, how many, when. The history says it; of a step's limit what an earlier visit was given is over,
 * unless it goes on (续计): then the visits' own changes do not make up what was `adjusted`. */
static bool changes(const tb_json *effect, tb_str clock) {
    tb_str word = tb__text_of(effect, "do"), name = tb__text_of(effect, "name");
    if (!tb_str_is(word, "延长") && !tb_str_is(word, "调整")) return false;
    if (tb_str_eq(name, clock)) return true;
    const tb_str quote = TB_STR("“"), tail = TB_STR("”的期限"); /* a step's limit, as due dates are told */
    return clock.n == quote.n + name.n + tail.n && memcmp(clock.p + quote.n, name.p, name.n) == 0 &&
           memcmp(clock.p, quote.p, quote.n) == 0 && memcmp(clock.p + quote.n + name.n, tail.p, tail.n) == 0;
}

static long long difference(tb_str value) { /* of 3→5个工作日 */
    char *end;
    long long was = strtoll(value.p, &end, 10);
    return tb_str_starts(tb_str_z(end), "→") ? strtoll(end + strlen("→"), NULL, 10) - was : 0;
}

static void tell_changes(tb_line *line, const tb_json *clock, const tb_json *events) {
    tb_str name = tb__text_of(clock, "name"), from = tb__text_of(clock, "from");
    long long left = tb_json_number(clock, "adjusted", 0);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; events && i < events->count; i++) {
            const tb_json *e = &events->items[i], *effects = tb_json_get(e, "effects");
            tb_str at = tb__text_of(e, "at");
            bool earlier = memcmp(at.p, from.p, at.n < from.n ? at.n : from.n) < 0;
            for (uint32_t k = 0; effects && k < effects->count; k++) {
                const tb_json *f = &effects->items[k];
                tb_str value = tb__text_of(f, "value");
                if (!changes(f, name)) continue;
                if (!pass) {
                    left -= earlier ? 0 : difference(value);
                } else if (!earlier || left) {
                    tb_putf(&line->out, "      %.*s %.*s：%.*s %.*s\n", TB_FMT(tb__text_of(f, "do")), TB_FMT(value),
                            TB_FMT(tb__short_time(line, at)), TB_FMT(who(line, e)));
                }
            }
        }
}

static void tell_alerts(tb_line *line, const tb_json *alerts) {
    for (uint32_t i = 0; alerts && i < alerts->count; i++) {
        const tb_json *x = &alerts->items[i];
        tb_str at = tb__text_of(x, "at");
        bool told = is_true(x, "told");
        if (!told && !at.n) continue; /* the clock stands still, or its time had passed */
        tb_putf(&line->out, "      %.*s %.*s  %.*s%s\n", TB_FMT(tb__text_of(x, "name")),
                TB_FMT(tb__list_of(line, x, "to")), TB_FMT(tb__short_time(line, at)),
                told ? tb_line_say(line, " 已发出", " told") : "");
    }
}

/* The day; with the time of day where the limit does not run out with it: hours, closing time. */
static tb_str due_text(tb_line *line, const tb_json *k) {
    tb_str at = tb__text_of(k, "at");
    bool with_day = at.n < 16 || memcmp(at.p + 10, "T00:00", 6) == 0;
    return with_day ? tb__text_of(k, "due") : tb__short_time(line, at);
}

static void tell_clocks(tb_line *line, const tb_json *c, const tb_json *events) {
    const tb_json *clocks = tb_json_get(c, "clocks");
    tb_buf *b = &line->out;
    if (clocks && clocks->count) title(line, "期限", "limits");
    for (uint32_t i = 0; clocks && i < clocks->count; i++) {
        const tb_json *k = &clocks->items[i];
        tb_str kind = tb__text_of(k, "kind");
        bool ended = tb_str_is(kind, "ended");
        tb_puts(b, "  ");
        tb_put_cells(b, tb__text_of(k, "name"), 22);
        if (tb_str_is(kind, "stopped")) tb_puts(b, tb_line_say(line, "停止计时", "stopped"));
        else
            tb_putf(b, "%s%.*s",
                    tb_str_is(kind, "not-before") ? tb_line_say(line, "不早于 ", "not before ")
                                                  : tb_line_say(line, "到期 ", "due "),
                    TB_FMT(due_text(line, k)));
        if (ended)
            tb_putf(b, tb_line_say(line, "，已于 %.*s 办毕", ", done %.*s"),
                    TB_FMT(tb__short_time(line, tb__text_of(k, "to"))));
        if (is_true(k, "overdue"))
            tb_putf(b, "%s%s%s", tb_ink(line, TB_INK_RED), tb_line_say(line, "，已超期", ", overdue"),
                    tb_ink(line, TB_INK_OFF));
        tb_putf(b, tb_line_say(line, "（自 %.*s）\n", " (from %.*s)\n"),
                TB_FMT(tb__short_time(line, tb__text_of(k, "from"))));
        tell_rule(line, k);
        if (!ended) {
            tell_why(line, tb_json_get(k, "why"));
            tell_changes(line, k, events);
        }
        tell_alerts(line, tb_json_get(k, "alerts"));
    }
}

/* ---- what can be done ---- */

static void tell_acts(tb_line *line, const tb_json *c) {
    const tb_json *acts = tb_json_get(c, "acts");
    tb_buf *b = &line->out;
    if (acts && acts->count) title(line, "现在可以做", "possible now");
    for (uint32_t i = 0; acts && i < acts->count; i++) {
        const tb_json *x = &acts->items[i];
        tb_str task = tb__text_of(x, "task"), needs = tb__list_of(line, x, "needs"),
               choices = tb__list_of(line, x, "choices"), to = tb__text_of(x, "leads_to");
        tb_puts(b, "  ");
        tb_put_cells(b, tb__text_of(x, "act"), 20);
        if (task.n) tb_putf(b, tb_line_say(line, "  环节 %.*s", "  step %.*s"), TB_FMT(task));
        tb_putf(b, "  %.*s@%.*s（%.*s）", TB_FMT(tb__list_of(line, x, "posts")), TB_FMT(tb__list_of(line, x, "places")),
                TB_FMT(tb__list_of(line, x, "people")));
        if (needs.n) tb_putf(b, tb_line_say(line, "  载明 %.*s", "  states %.*s"), TB_FMT(needs));
        if (choices.n) tb_putf(b, tb_line_say(line, "  选择 %.*s", "  choose %.*s"), TB_FMT(choices));
        if (to.n) tb_putf(b, "  → %.*s", TB_FMT(to));
        if (!is_true(x, "open"))
            tb_putf(b, "\n    %s%s%.*s%s", tb_ink(line, TB_INK_DIM), tb_line_say(line, "现在不行：", "not now: "),
                    TB_FMT(tb__text_of(tb_json_get(x, "blocked"), "message")), tb_ink(line, TB_INK_OFF));
        tb_puts(b, "\n");
    }
}

static int run(tb_line *line) {
    const tb_json *c, *history;
    tb_buf path, past;
    tb_str case_text = TB_NONE, history_text = TB_NONE;
    int status = 0, code;
    bool then = tb_line_has(line, "at") || tb_line_has(line, "seq");
    tb_buf_init(&path, line->arena);
    tb_buf_init(&past, line->arena);
    tb_puts(&path, "/v1/cases/");
    tb__put_encoded(line, &path, line->args[0]);
    tb_putf(&past, "%s/history", path.p);
    tb__put_parameter(line, &past, "at", "at");
    tb__put_parameter(line, &past, "seq", "seq");
    tb__put_parameter(line, &past, "unmask", "unmask");
    tb__put_parameter(line, &path, "unmask", "unmask");
    code = tb__remote_quiet(line, "GET", tb_buf_str(&path), TB_NONE, &c, &status, &case_text);
    if (code == TB_EXIT_CLEAN)
        code = tb__remote_quiet(line, "GET", tb_buf_str(&past), TB_NONE, &history, &status, &history_text);
    if (code != TB_EXIT_CLEAN) {
        if (line->json) tb_putstr(&line->out, history_text.n ? history_text : case_text);
        else if (status) tb__remote_refused(line, history_text.n ? history : c, status);
        return code;
    }
    if (line->json) {
        tb_putf(&line->out, "{\"case\":%.*s,\"history\":%.*s}\n", TB_FMT(case_text), TB_FMT(history_text));
        return code;
    }
    if (then) c = tb_json_get(history, "state"); /* as it stood */
    if (!c) return tb_line_error(line, "那时还没有这个办件", "there was no such case then"), TB_EXIT_FOUND;
    bool why = tb_line_has(line, "why");
    tell_head(line, c);
    if (!why) tell_timeline(line, history);
    tell_clocks(line, c, tb_json_get(history, "events"));
    if (!why) tell_acts(line, c);
    return code;
}

static const tb_flag flags[] = {
    {"at", "时刻", "看那时的样子（日期指当天结束）", "as it stood then (a day means its end)"},
    {"seq", "序号", "看办到第几步时的样子", "as it stood after that event"},
    {"why", NULL, "只看期限：到期日怎样一段一段算出来", "the limits only: how each due date is derived, range by range"},
    {"unmask", "理由", "不遮盖个人信息（有权的人，记录在案）", "with personal data in the clear (who may, on record)"},
    TB_SERVER_FLAG,
    TB_FLAGS_END,
};
const tb_command tb__command_show = {
    .name = "show",
    .arguments = "办件号 [--at 时刻|--seq 序号] [--why]",
    .least = 1,
    .most = 1,
    .flags = flags,
    .run = run,
    .zh = "看一个办件：经过、期限和理由、现在能做什么",
    .en = "show a case: timeline, limits and why, what can be done now",
};
