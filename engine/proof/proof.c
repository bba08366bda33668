/* tb_prove(): the graph once, then each proof over it. */
#include "proof_work.h"

struct proving {
    tb__proof w;
    tb_proof_report **report;
};

static int prove_work(void *arg) {
    struct proving *x = arg;
    tb__proof *w = &x->w;
    w->r = TB_NEW(w->a, tb_proof_report);
    w->bytes_before = tb_arena_bytes(w->a);
    uint32_t said = w->out->list.count;
    tb__graph_build(w);
    tb__prove_soundness(w);
    tb__prove_limits(w);
    tb__prove_laws(w);
    tb__prove_ranks(w);
    tb__prove_duties(w);
    tb__prove_demands(w);
    if (w->d) tb__prove_separation(w);
    tb__template_places(w->p, w->out, said);
    *x->report = w->r;
    return TB_OK;
}

int tb_prove(tb_arena *a, const tb_program *p, const tb_directory *d, const tb_calendar *calendar, tb_diagnostics *out,
             tb_proof_report **report) {
    struct proving x = {.w = {.a = a, .p = p, .d = d, .calendar = calendar, .out = out}, .report = report};
    *report = NULL;
    x.w.english = out->lang == TB_LANG_EN;
    if (out->lang == TB_LANG_AUTO && p->span.file < p->sources->list.count)
        x.w.english = !tb_source_chinese(p->sources->list.items[p->span.file].text);
    return tb_try(a, prove_work, &x);
}

struct asking_ways {
    tb__proof w;
    tb_proof_ways *out;
    bool complete;
};

static int ways_work(void *arg) {
    struct asking_ways *x = arg;
    x->complete = tb__valuations(&x->w);
    for (uint32_t i = 0; i < x->w.valuations.count; i++)
        if (tb__shown(&x->w, i)) *TB_PUSH(x->w.a, *x->out) = tb__submission_text(&x->w, &x->w.valuations.items[i]);
    return TB_OK;
}

int tb_ways(tb_arena *a, const tb_program *p, tb_proof_ways *out, bool *complete) {
    struct asking_ways x = {.w = {.a = a, .p = p}, .out = out};
    *out = (tb_proof_ways){0};
    int result = tb_try(a, ways_work, &x);
    *complete = x.complete;
    return result;
}

static const char *measure_word(enum tb_proof_measure m, bool en) {
    return tb_unit_text((enum tb_unit_word)m, en ? TB_LANG_EN : TB_LANG_ZH);
}

static void print_span(tb_buf *b, const tb_program *p, const tb_proof_span *s, bool en) {
    const tb_clock_def *d = &p->clocks.items[s->clock];
    static const char *const zh[] = {"", "成立", "要靠延长才成立", "不成立", "没有上界", "没有证明"};
    static const char *const english[] = {"",        "proved",    "only with the extension",
                                          "refuted", "unbounded", "not proved"};
    tb_putf(b, "%.*s", TB_FMT(d->name));
    if (s->measure) tb_putf(b, " %d%s%s", s->budget, en ? " " : "", measure_word(s->measure, en));
    if (s->extension) tb_putf(b, en ? " (+%d)" : "（可延长 %d）", s->extension);
    tb_putf(b, en ? ", %.*s to %.*s: %s" : "，自 %.*s 至 %.*s：%s", TB_FMT(p->milestones.items[d->from].name),
            TB_FMT(p->milestones.items[d->to].name), en ? english[s->verdict] : zh[s->verdict]);
    if (s->verdict <= TB_REFUTED) tb_putf(b, en ? ", at worst %d" : "，最坏 %d", s->bound);
    if (s->reason.n) tb_putf(b, en ? " (%.*s)" : "（%.*s）", TB_FMT(s->reason));
    tb_puts(b, "\n");
    if (s->path_text.n) tb_putf(b, "  %.*s\n", TB_FMT(s->path_text));
    if (s->assumed.n) tb_putf(b, en ? "  assuming: %.*s\n" : "  折算：%.*s\n", TB_FMT(s->assumed));
    for (uint32_t i = 0; i < s->budgets.count; i++) {
        const tb_proof_budget *x = &s->budgets.items[i];
        tb_putf(b, en ? "  %.*s: limit %d, takes %d" : "  %.*s：期限 %d，占 %d", TB_FMT(p->steps.items[x->step].name),
                x->limit, x->share);
        if (x->known && x->spare >= 0) tb_putf(b, en ? ", may grow by %d" : "，还可以加 %d", x->spare);
        else if (x->known && x->enough) tb_putf(b, en ? ", must give %d" : "，要减 %d", -x->spare);
        else if (x->known) tb_puts(b, en ? ", cannot make up for it alone" : "，只减它不够");
        if (x->step == s->bottleneck) tb_puts(b, en ? "  ← bottleneck" : "  ← 瓶颈");
        tb_puts(b, "\n");
    }
}

void tb_proof_print(tb_buf *b, const tb_program *p, const tb_proof_report *r, enum tb_lang lang) {
    bool en = lang == TB_LANG_EN;
    tb_putf(b, en ? "%.*s: %u states, %u transitions, %u valuations" : "%.*s：%u 个状态，%u 个转移，%u 种取值",
            TB_FMT(p->matter), r->configurations, r->transitions, r->valuations);
    if (!r->complete) tb_putf(b, en ? "; not complete: %.*s" : "；没有展开完：%.*s", TB_FMT(r->covered));
    tb_puts(b, "\n");
    for (uint32_t i = 0; i < r->spans.count; i++) print_span(b, p, &r->spans.items[i], en);
    if (p->adjusts)
        tb_puts(b, en ? "adjustment: this holds for the limits as written; an adjusted one never ends after a running statutory limit, but\n"
                        "  the steps after it may have less time than shown\n"
                      : "期限调整：以上按写明的期限证明；调整不会晚于正在计算的法定期限，但调长以后，后面的环节可能不够用\n");
}

void tb_proof_scenarios(tb_buf *b, const tb_proof_report *r) {
    for (uint32_t i = 0; i < r->failures.count; i++) {
        const tb_proof_failure *f = &r->failures.items[i];
        if (!f->scenario.n || tb_code_severity(f->code) != TB_ERROR) continue;
        tb_putstr(b, f->scenario);
        tb_puts(b, "\n");
    }
}
