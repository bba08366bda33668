/* Limits beside the law they rest on: a promise is no longer than the statutory limit, a limit no longer than the article it
 * cites, and more than 行政许可法 42's twenty workdays rests on a statute or regulation (M18: a limit yields by 位阶; a rule
 * below may shorten, not lengthen). What is 待核 is not asked: it does not load by silence anyway. */
#include "proof_work.h"

enum { LICENCE_DAYS = 20 /* 行政许可法 42(1), workdays */ };

static tb_str duration_text(tb__proof *w, tb_duration d) {
    enum tb_lang lang = w->english ? TB_LANG_EN : TB_LANG_ZH;
    return tb_str_printf(w->a, "%d%s%s", d.n, tb__say(w, "", " "), tb_unit_text(d.unit, lang));
}

static void cited(tb__proof *w, const tb_citation *c) {
    bool limits =
        c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_PROMISED || c->kind == TB_C_EXTENSION;
    if (!limits || c->open || c->applicant || !c->says.unit || c->says.unit != c->allows.unit ||
        c->says.n <= c->allows.n)
        return;
    tb_str word = tb_str_z(tb_clause_word(c->kind, w->english ? TB_LANG_EN : TB_LANG_ZH));
    tb__failed(w, TB_E_PROOF_CITED, c->clause,
               tb_str_printf(w->a, "%.*s %.*s", TB_FMT(word), TB_FMT(duration_text(w, c->says))), c->text,
               duration_text(w, c->allows), NULL);
}

/* M18: 行政许可法 is not everybody's law. */
static void kind_law(tb__proof *w, const tb_citation *c) {
    bool limits = c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_EXTENSION || c->kind == TB_C_EXCLUSION;
    if (!limits || c->open || !c->law || !(tb_str_is(c->law->law, "行政许可法") || tb_str_is(c->law->law, "中华人民共和国行政许可法")))
        return;
    tb__failed(w, TB_E_PROOF_KIND_LAW, c->clause, w->p->kind, c->text, TB_NONE, NULL);
}

static bool may_lengthen(tb_str rank) {
    return tb_str_is(rank, "法律") || tb_str_is(rank, "行政法规") || tb_str_is(rank, "地方性法规");
}

/* Of a licence's statutory limit from acceptance to decision. */
static void lengthened(tb__proof *w, const tb_clock_def *d) {
    if (d->kind != TB_CLOCK_STATUTORY || d->from != TB_M_ACCEPTED || d->to != TB_M_DECIDED || d->unit != TB_WORKDAYS ||
        d->n <= LICENCE_DAYS)
        return;
    tb_str why = tb_str_z(tb__say(w, "没有写依据", "cites nothing"));
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *c = &w->p->citations.items[i];
        if (c->kind != TB_C_STATUTORY || c->clause.file != d->span.file || c->clause.from != d->span.from) continue;
        if (c->open || may_lengthen(c->rank)) return;
        why = tb_str_printf(w->a, tb__say(w, "所依的只是%.*s", "rests on %.*s only"),
                            TB_FMT(c->rank.n ? c->rank : c->text));
    }
    tb__failed(w, TB_E_PROOF_RANK, d->span, d->name, why, TB_NONE, NULL);
}

static void promised(tb__proof *w, const tb_clock_def *d) {
    for (uint32_t i = 0; d->kind == TB_CLOCK_PROMISED && i < w->p->clocks.count; i++) {
        const tb_clock_def *s = &w->p->clocks.items[i];
        if (s->kind != TB_CLOCK_STATUTORY || s->from != d->from || s->to != d->to || s->unit != d->unit || d->n <= s->n)
            continue;
        tb__failed(w, TB_E_PROOF_PROMISE, d->span, d->name, s->name, TB_NONE, NULL);
        return;
    }
}

void tb__prove_laws(tb__proof *w) {
    const tb_program *p = w->p;
    bool licence = tb_str_is(p->kind, "行政许可");
    const tb_move *extension = p->extension_n ? &p->moves.items[p->extension_move] : NULL;
    if (licence && extension && extension->times != 1)
        tb__failed(w, TB_E_PROOF_EXTENSIONS, extension->span, tb_str_printf(w->a, "%d", extension->times),
                   TB_STR("《行政许可法》第四十二条第一款"), TB_NONE, NULL);
    for (uint32_t i = 0; i < p->citations.count; i++) {
        cited(w, &p->citations.items[i]);
        if (!licence) kind_law(w, &p->citations.items[i]);
    }
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        promised(w, &p->clocks.items[i]);
        if (licence) lengthened(w, &p->clocks.items[i]);
    }
}
