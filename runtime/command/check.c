/* tongban check: errors of rules, and what the proofs (engine/proof) find: every case can end, every statutory and promised limit
 * holds on every path if each step keeps its own, duties are kept, posts suffice. What check passes, a server loads (but
 * for 待核, which activation asks about). --budget prints which step is the bottleneck and what each may still use. */
#include "proof/proof.h"
#include "scenario.h"
#include "workspace.h"

static void tell_people(tb_line *line, const tb_workspace *w) {
    const tb_rules *r = w->rules;
    for (uint32_t i = 0; i < r->programs.count; i++) {
        const tb_program *p = r->programs.items[i];
        if (!p->pending.count) continue;
        tb_putf(&line->out,
                tb_line_say(line, "待核：%.*s %.*s 有 %u 处，上线前要逐条核实或由部门担责放行\n",
                            "unverified (待核): %.*s %.*s has %u clauses; to be settled or overridden on record before "
                            "activation\n"),
                TB_FMT(p->matter), TB_FMT(p->version), p->pending.count);
    }
    if (!w->root.n)
        tb_puts(
            &line->out,
            tb_line_say(line, "注意：上级目录里没有 组织/ 和 日历/，没有检查地点、岗位和人员\n",
                        "note: no 组织/ or 日历/ above these files, so places, posts and persons were not checked\n"));
    if (r->diagnostics.list.count) {
        char code[8];
        tb_putf(
            &line->out,
            tb_line_say(line, "为什么、怎么改：tongban explain %s\n", "why, and what to write: tongban explain %s\n"),
            tb_code_text(r->diagnostics.list.items[0].code, code));
    }
    const char *ink = tb_ink(line, r->diagnostics.errors ? TB_INK_RED : TB_INK_GREEN);
    tb_putf(&line->out,
            tb_line_say(line, "%s检查了 %u 个文件，%u 个事项：%u 个错误，%u 个警告%s\n",
                        "%schecked %u files, %u matters: %u errors, %u warnings%s\n"),
            ink, w->named, r->programs.count, r->diagnostics.errors, r->diagnostics.warnings, tb_ink(line, TB_INK_OFF));
}

static void tell_programs(tb_line *line, const tb_workspace *w) {
    const tb_rules *r = w->rules;
    tb_buf *b = &line->out;
    tb_putf(b, "{\"files\":%u,\"errors\":%u,\"warnings\":%u,\"matters\":[", w->named, r->diagnostics.errors,
            r->diagnostics.warnings);
    for (uint32_t i = 0; i < r->programs.count; i++) {
        const tb_program *p = r->programs.items[i];
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, p->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, p->version);
        tb_puts(b, ",\"digest\":");
        tb_json_put_text(b, p->digest);
        tb_putf(b, ",\"pending\":%u}", p->pending.count);
    }
    tb_puts(b, "],\"diagnostics\":");
    tb_diagnostics_json(b, &r->sources, &r->diagnostics, line->lang);
    tb_puts(b, "}\n");
}

/* The proofs' findings join the others; their tables go to `told`. A matter's states and valuations are forgotten before the
 * next is proved: a thousand matters need no more memory than the largest of them. */
static bool prove(tb_line *line, tb_workspace *w, tb_buf *told) {
    tb_rules *r = w->rules;
    tb_arena *work = tb_arena_new(NULL, 0);
    bool ok = work != NULL;
    for (uint32_t i = 0; ok && i < r->programs.count; i++) {
        const tb_program *p = r->programs.items[i];
        const tb_directory *d = r->directory;
        const tb_calendar *calendar = d ? tb_rules_calendar(r, tb_directory_calendar(d, tb_default_place(p, d))) : NULL;
        tb_proof_report *report;
        uint32_t before = r->diagnostics.list.count;
        ok = tb_prove(work, p, d, calendar, &r->diagnostics, &report) == TB_OK;
        if (!ok) break;
        tb_diagnostics_keep(&r->diagnostics, before);
        if (tb_line_has(line, "budget")) tb_proof_print(told, p, report, line->lang);
        tb_proof_scenarios(told, report);
        tb_arena_reset(work);
    }
    tb_arena_free(work);
    tb_diagnostics_sort(&r->diagnostics);
    return ok;
}

static int run(tb_line *line) {
    tb_workspace w;
    tb_buf told;
    tb_buf_init(&told, line->arena);
    if (tb__workspace_open(line, &w)) return TB_EXIT_FAILED;
    if (!prove(line, &w, &told)) return tb_line_error(line, "内存不足，证不完", "out of memory while proving");
    bool errors = tb__workspace_tell(line, &w);
    if (!line->json) tb_putstr(&line->out, tb_buf_str(&told));
    if (line->json) tell_programs(line, &w);
    else tell_people(line, &w);
    return errors ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
}

static const tb_flag flags[] = {
    {"budget", NULL, "列出每个期限最长的一条路、瓶颈环节，和每个环节还能用多少",
     "each limit's longest path, its bottleneck, what each step may still use"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_check = {
    .name = "check",
    .arguments = "文件|目录… [--budget]",
    .least = 1,
    .most = TB_ARGUMENTS,
    .flags = flags,
    .run = run,
    .zh = "检查规则：语法、名称、岗位地点，并证明能办结、期限守得住",
    .en = "check rules: syntax, names, posts and places; prove that cases end and limits hold",
    .more_zh = "引用（引用 “…”）在规则目录里找；组织和日历取自上级规则目录。\n"
               "例：tongban check rules\n    tongban check rules/事项/食品经营许可核发.tb --json",
    .more_en = "References are looked up in the rules directory; 组织 and 日历 come from the rules root above.\n"
               "example: tongban check rules",
};
