/* tongban catalogue: what the published catalogues (清单) ask for, beside what the rules offer: is there a matter, which
 * version, in which modes; with --on DATE also what is overdue. */
#include "canonical.h"
#include "listing.h"
#include "workspace.h"

static bool overdue(const tb_listed *e, int32_t on) {
    return on != TB_NO_DAY && e->deadline != TB_NO_DAY && e->deadline < on && (!e->program || e->missing_n);
}

static tb_str joined(tb_line *line, const tb_str *list, uint32_t n) {
    tb_buf b;
    tb_buf_init(&b, line->arena);
    tb_puts(&b, n ? "" : "—");
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(&b, "、");
        tb_putstr(&b, list[i]);
    }
    return tb_buf_str(&b);
}

static tb_str day_text(tb_line *line, int32_t day) {
    char text[TB_DAY_TEXT];
    return day == TB_NO_DAY ? TB_STR("—") : tb_str_copy(line->arena, tb_str_z(tb_day_text(day, text)));
}

static tb_str modes_of(tb_line *line, const tb_program *p) {
    tb_str *names = TB_NEW_ARRAY(line->arena, p->modes.count, tb_str);
    for (uint32_t i = 0; i < p->modes.count; i++) names[i] = p->modes.items[i].name;
    return joined(line, names, p->modes.count);
}

static tb_str remark(tb_line *line, const tb_listed *e, int32_t on) {
    tb_buf b;
    tb_buf_init(&b, line->arena);
    tb_puts(&b, "");
    if (e->missing_n)
        tb_putf(&b, tb_line_say(line, "缺 %.*s", "lacks %.*s"), TB_FMT(joined(line, e->missing, e->missing_n)));
    if (overdue(e, on)) tb_putf(&b, "%s%s", b.n ? "，" : "", tb_line_say(line, "逾期", "overdue"));
    if (e->pending) tb_putf(&b, "%s%s", b.n ? "，" : "", tb_line_say(line, "待核", "unverified"));
    return b.n ? tb_buf_str(&b) : TB_STR("—");
}

static void tell_people(tb_line *line, const tb_listing *l, int32_t on) {
    static const char *const zh[] = {"事项", "牵头", "模式", "截止", "版本", "提供的模式", "说明"};
    static const char *const en[] = {"matter", "lead", "modes", "deadline", "version", "offered", "remark"};
    tb_table t = {.columns = 7};
    uint32_t there = 0, late = 0;
    for (int i = 0; i < 7; i++) tb_table_cell(line, &t, tb_str_z(tb_line_say(line, zh[i], en[i])));
    for (uint32_t i = 0; i < l->entries.count; i++) {
        const tb_listed *e = &l->entries.items[i];
        there += e->program != NULL;
        late += overdue(e, on);
        tb_table_cell(line, &t, e->matter);
        tb_table_cell(line, &t, e->lead.n ? e->lead : TB_STR("—"));
        tb_table_cell(line, &t, joined(line, e->modes, e->modes_n));
        tb_table_cell(line, &t, day_text(line, e->deadline));
        tb_table_cell(line, &t, e->program ? e->program->version : tb_str_z(tb_line_say(line, "没有", "none")));
        tb_table_cell(line, &t, e->program ? modes_of(line, e->program) : TB_STR("—"));
        tb_table_cell(line, &t, remark(line, e, on));
    }
    tb_putf(&line->out,
            tb_line_say(line, "%.*s（%.*s，%.*s 公布）：%u 项，有规则的 %u 项",
                        "%.*s (%.*s, %.*s): %u listed, %u with rules"),
            TB_FMT(l->name), TB_FMT(l->document), TB_FMT(day_text(line, l->enacted)), l->entries.count, there);
    if (on != TB_NO_DAY) tb_putf(&line->out, tb_line_say(line, "，逾期 %u 项", ", %u overdue"), late);
    tb_puts(&line->out, "\n");
    if (l->entries.count) tb_table_put(line, &t);
}

static void put_texts(tb_buf *b, const tb_str *list, uint32_t n) {
    tb_puts(b, "[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) tb_puts(b, ",");
        tb_json_put_text(b, list[i]);
    }
    tb_puts(b, "]");
}

static void put_day(tb_buf *b, int32_t day) {
    char text[TB_DAY_TEXT];
    if (day == TB_NO_DAY) tb_puts(b, "null");
    else tb_putf(b, "\"%s\"", tb_day_text(day, text));
}

static void put_entry(tb_line *line, tb_buf *b, const tb_listed *e, int32_t on) {
    tb_puts(b, "{\"matter\":");
    tb_json_put_text(b, e->matter);
    tb_puts(b, ",\"lead\":");
    tb_json_put_text(b, e->lead);
    tb_puts(b, ",\"modes\":");
    put_texts(b, e->modes, e->modes_n);
    tb_puts(b, ",\"deadline\":");
    put_day(b, e->deadline);
    tb_puts(b, ",\"version\":");
    if (e->program) tb_json_put_text(b, e->program->version);
    else tb_puts(b, "null");
    tb_str *offered = TB_NEW_ARRAY(line->arena, e->program ? e->program->modes.count : 0, tb_str);
    for (uint32_t i = 0; e->program && i < e->program->modes.count; i++) offered[i] = e->program->modes.items[i].name;
    tb_puts(b, ",\"offered\":");
    put_texts(b, offered, e->program ? e->program->modes.count : 0);
    tb_puts(b, ",\"missing\":");
    put_texts(b, e->missing, e->missing_n);
    tb_putf(b, ",\"pending\":%s", e->pending ? "true" : "false");
    if (on != TB_NO_DAY) tb_putf(b, ",\"overdue\":%s", overdue(e, on) ? "true" : "false");
    tb_puts(b, "}");
}

static void tell_programs(tb_line *line, const tb_rules *r, int32_t on) {
    tb_buf *b = &line->out;
    tb_puts(b, "{\"catalogues\":[");
    for (uint32_t i = 0; i < r->listings.count; i++) {
        const tb_listing *l = r->listings.items[i];
        tb_puts(b, i ? ",{\"name\":" : "{\"name\":");
        tb_json_put_text(b, l->name);
        tb_puts(b, ",\"document\":");
        tb_json_put_text(b, l->document);
        tb_puts(b, ",\"enacted\":");
        put_day(b, l->enacted);
        tb_puts(b, ",\"entries\":[");
        for (uint32_t k = 0; k < l->entries.count; k++) {
            if (k) tb_puts(b, ",");
            put_entry(line, b, &l->entries.items[k], on);
        }
        tb_puts(b, "]}");
    }
    tb_puts(b, "]}\n");
}

static int run(tb_line *line) {
    tb_workspace w;
    const char *given = tb_line_value(line, "on");
    int32_t on = TB_NO_DAY;
    bool found = false;
    if (given && !tb_day_parse(tb_str_z(given), &on))
        return tb_line_error(line, "没有“%s”这一天；日期写成 2026-03-02",
                             "“%s” is no day; dates are written 2026-03-02", given);
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (w.rules->diagnostics.errors) found = tb__workspace_tell(line, &w);
    if (!w.rules->listings.count)
        return tb_line_error(line, "这些文件里没有 清单", "there is no catalogue (清单) in these files");
    for (uint32_t i = 0; i < w.rules->listings.count; i++) {
        const tb_listing *l = w.rules->listings.items[i];
        if (i && !line->json) tb_puts(&line->out, "\n");
        if (!line->json) tell_people(line, l, on);
        for (uint32_t k = 0; k < l->entries.count; k++) found |= overdue(&l->entries.items[k], on);
    }
    if (line->json) tell_programs(line, w.rules, on);
    return found ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"on", "日期", "到这一天为止，列出截止已过还没有规则的", "as of that day: what is past its deadline without rules"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_catalogue = {
    .name = "catalogue",
    .arguments = "文件|目录… [--on 日期]",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "清单对照规则：哪些事项有规则、哪一版、提供哪些办理模式",
    .en = "catalogues beside the rules: which matters exist, which version, which modes",
    .more_zh = "清单里要求的模式，事项没有的，是错误；还没有规则的照实列出。有错误或者逾期的，退出码是 1。\n"
               "例：tongban catalogue rules --on 2026-03-02",
    .more_en = "A mode asked for that the matter lacks is an error. Exits with 1 on errors or overdue entries.\n"
               "example: tongban catalogue rules --on 2026-03-02",
};
