/* What a matter is, and how it is offered, beside the rank of the norms that let it be so (M16, M18).
 *
 * A licence exists because a norm set it up: 行政许可法 14–17 name which may (statutes, administrative regulations, decisions of
 * the State Council, local regulations, for a year a rule of a provincial government) and that nothing below may. The norm is the
 * 依 of 事项类型. 行政许可法 itself sets up no licence: it says how they are given.
 *
 * 全程网办 is the rule: 在线政务服务若干规定 4 leaves out what a statute or regulation says otherwise, and state secrets. A matter that
 * does not offer it gives its reason at 办理模式 (因 why, 依 the norm), or in every mode has a step that needs somebody's presence
 * (现场必须), with the norm there.
 *
 * What is 待核 is not asked, as everywhere: it does not load by silence anyway. */
#include "proof_work.h"

static const char *const licensing[] = {"法律", "行政法规", "国务院决定", "地方性法规", "省级政府规章", NULL};
static const char *const excepting[] = {"法律", "行政法规", "地方性法规", NULL};

static bool among(const char *const *ranks, tb_str rank) {
    for (int i = 0; ranks[i]; i++)
        if (tb_str_is(rank, ranks[i])) return true;
    return false;
}

static bool of_clause(const tb_citation *c, tb_span clause) {
    return c->clause.file == clause.file && c->clause.from == clause.from && c->clause.to == clause.to;
}

static bool licences_law(const tb_citation *c) {
    return c->law && (tb_str_is(c->law->law, "行政许可法") || tb_str_is(c->law->law, "中华人民共和国行政许可法"));
}

/* Does the clause cite a norm of one of the ranks, or is it open? If not, *rests: what it rests on, for people. */
static bool rests_on(tb__proof *w, tb_span clause, const char *const *ranks, bool licence, tb_str *rests) {
    *rests = tb_str_z(tb__say(w, "没有写依据", "nothing is cited"));
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *c = &w->p->citations.items[i];
        if (!of_clause(c, clause)) continue;
        if (c->open) return true;
        if (c->why && !c->law) continue; /* a reason in words */
        if (licence && licences_law(c)) {
            *rests = tb_str_z(tb__say(w, "《行政许可法》只管怎么许可，不设定许可",
                                      "行政许可法 says how licences are given and sets up none"));
            continue;
        }
        if (among(ranks, c->rank)) return true;
        *rests = c->rank.n
                     ? tb_str_printf(w->a, tb__say(w, "%.*s只是%.*s", "%.*s is of rank %.*s"), TB_FMT(c->text),
                                     TB_FMT(c->rank))
                     : tb_str_printf(w->a, tb__say(w, "%.*s不是法律、法规", "%.*s is neither statute nor regulation"),
                                     TB_FMT(c->text));
    }
    return false;
}

static bool open_clause(const tb_program *p, tb_span clause) {
    for (uint32_t i = 0; i < p->pending.count; i++)
        if (p->pending.items[i].file == clause.file && p->pending.items[i].from == clause.from) return true;
    return false;
}

static void set_up(tb__proof *w) {
    tb_str rests;
    if (open_clause(w->p, w->p->kind_span) || rests_on(w, w->p->kind_span, licensing, true, &rests)) return;
    tb__failed(w, TB_E_PROOF_LICENCE_BASIS, w->p->kind_span, w->p->matter, rests,
               TB_STR("《行政许可法》第十四条至第十七条"), NULL);
}

/* The step of a mode that needs presence; NULL none. */
static const tb_step_def *presence(const tb_program *p, uint32_t mode) {
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i].on_site && (p->steps.items[i].modes >> mode & 1)) return &p->steps.items[i];
    return NULL;
}

static bool offers_online(const tb_program *p) {
    for (uint32_t i = 0; i < p->modes.count; i++)
        if (tb_str_is(p->modes.items[i].name, "全程网办") || tb_str_is(p->modes.items[i].name, "online")) return true;
    return false;
}

static bool gives_reason(const tb_program *p) {
    for (uint32_t i = 0; i < p->citations.count; i++)
        if (p->citations.items[i].why && of_clause(&p->citations.items[i], p->modes_span)) return true;
    return false;
}

static void online(tb__proof *w) {
    const tb_program *p = w->p;
    tb_str rests, article = TB_STR("《国务院关于在线政务服务的若干规定》第四条");
    if (offers_online(p) || open_clause(p, p->modes_span)) return;
    if (gives_reason(p)) {
        if (!rests_on(w, p->modes_span, excepting, false, &rests))
            tb__failed(w, TB_E_PROOF_ONLINE_RANK, p->modes_span, rests, article, TB_NONE, NULL);
        return;
    }
    for (uint32_t i = 0; i < p->modes.count; i++) {
        const tb_step_def *s = presence(p, i);
        if (!s) {
            tb__failed(w, TB_E_PROOF_ONLINE, p->modes_span, p->modes.items[i].name, article, TB_NONE, NULL);
            return;
        }
        if (open_clause(p, s->on_site_span) || rests_on(w, s->on_site_span, excepting, false, &rests)) continue;
        tb__failed(w, TB_E_PROOF_ONLINE_RANK, s->on_site_span, rests, article, TB_NONE, NULL);
        return;
    }
}

void tb__prove_ranks(tb__proof *w) {
    if (tb_str_is(w->p->kind, "行政许可")) set_up(w);
    online(w);
}
