/* What the article that a clause cites asks of whoever acts by it: 载明, 出具, 不少于.
 *
 * An act that cites an article is not always the act the article speaks of: 逾期的 and 放弃听证的 cite it as well. So an act answers for
 * it when it does part of what is asked (it issues a document, or states one of the things), or when nothing else in the matter
 * that cites the article does any of it. Which document it is stays open: matters name theirs as they like. A handler's clause, and
 * 应当, that cite an article with 不少于 have as many persons. Asked where the citation is as exact as the article is written; not
 * of 待核. What the proofs of duties have said of the clause already is not said twice. */
#include "proof_work.h"

static const tb_clause *exact_article(const tb_citation *c) {
    return c->open || c->why || !c->exact || !c->citing ? NULL : c->article;
}

static bool names_text(const tb_clause *c, enum tb_part_kind kind, tb_str name) {
    for (uint32_t i = 0; i < c->parts.count; i++)
        for (uint32_t k = 0; c->parts.items[i].kind == kind && k < c->parts.items[i].names.count; k++)
            if (tb_str_eq(c->parts.items[i].names.items[k].text, name)) return true;
    return false;
}

/* What an article asks an act for, and how much of it the act does. */
typedef struct demand {
    bool any;
    tb_str lacks; /* empty: nothing */
} demand;

static void put_lack(tb__proof *w, tb_buf *b, const char *zh, const char *en, tb_str what) {
    tb_putf(b, "%s%s %.*s", b->n ? tb__say(w, "、", ", ") : "", tb__say(w, zh, en), TB_FMT(what));
}

static demand asked(tb__proof *w, const tb_clause *article, const tb_clause *act) {
    const tb_part *issue = tb_part_of(article, TB_P_ISSUE);
    bool overdue = tb_str_is(act->names.items[0].text, "逾期") || tb_str_is(act->names.items[0].text, "overdue");
    demand d = {0};
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; !overdue && i < article->parts.count; i++)
        for (uint32_t k = 0; article->parts.items[i].kind == TB_P_STATE && k < article->parts.items[i].names.count; k++) {
            tb_str name = article->parts.items[i].names.items[k].text;
            if (names_text(act, TB_P_STATE, name)) d.any = true;
            else put_lack(w, &b, "载明", "state", name);
        }
    if (issue && tb_part_of(act, TB_P_ISSUE)) d.any = true;
    else if (issue && issue->names.count) put_lack(w, &b, "出具", "issue", issue->names.items[0].text);
    d.lacks = tb_buf_str(&b);
    return d;
}

/* 逾期不告知的，视为受理: the clause that deems is not the notice. */
static bool deems(const tb_clause *article, const tb_clause *act) {
    return tb_part_of(article, TB_P_DEEM) && tb_part_of(act, TB_P_DEEM);
}

static bool done_elsewhere(tb__proof *w, const tb_citation *c) {
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *o = &w->p->citations.items[i];
        if (o->kind == TB_C_EVENT && o->citing != c->citing && exact_article(o) == c->article &&
            asked(w, c->article, o->citing).any)
            return true;
    }
    return false;
}

static bool said(const tb__proof *w, tb_span clause) {
    for (uint32_t i = 0; i < w->out->list.count; i++)
        if (w->out->list.items[i].span.file == clause.file && w->out->list.items[i].span.from == clause.from &&
            tb_code_severity(w->out->list.items[i].code) == TB_ERROR)
            return true;
    return false;
}

static void fail(tb__proof *w, const tb_citation *c, tb_str who, tb_str lacks) {
    if (!said(w, c->clause)) tb__failed(w, TB_E_PROOF_CITED_DEMAND, c->clause, who, c->text, lacks, NULL);
}

static void of_act(tb__proof *w, const tb_citation *c, const tb_clause *article) {
    if (c->applicant || !c->citing->names.count || deems(article, c->citing)) return;
    demand d = asked(w, article, c->citing);
    if (!d.lacks.n || (!d.any && done_elsewhere(w, c))) return;
    fail(w, c, c->citing->names.items[0].text, d.lacks);
}

/* 延长期限 states its reasons by itself (moves.c); of a licence told_of_time() has asked for the document. */
static void of_extension(tb__proof *w, const tb_citation *c, const tb_clause *article) {
    const tb_part *issue = tb_part_of(article, TB_P_ISSUE);
    if (!issue || !issue->names.count || tb_part_of(c->citing, TB_P_ISSUE)) return;
    tb_buf b;
    tb_buf_init(&b, w->a);
    put_lack(w, &b, "出具", "issue", issue->names.items[0].text);
    fail(w, c, tb_str_z(tb_clause_word(c->kind, w->english ? TB_LANG_EN : TB_LANG_ZH)), tb_buf_str(&b));
}

static bool asked_for_two(const tb__proof *w, tb_str step) {
    for (uint32_t i = 0; i < w->out->list.count; i++)
        if (w->out->list.items[i].code == TB_E_DUTY_TWO && tb_str_eq(w->out->list.items[i].values[0], step)) return true;
    return false;
}

/* Persons of the step a handler's clause stands in, or that 应当 names. */
static void of_persons(tb__proof *w, const tb_citation *c, const tb_clause *article) {
    const tb_part *persons = tb_part_of(article, TB_P_PERSONS);
    uint32_t at = tb_step_named(w->p, c->kind == TB_C_ACTORS              ? c->in
                                      : c->citing->names.count ? c->citing->names.items[0].text
                                                               : TB_NONE);
    if (!persons || at == TB_NO_INDEX) return;
    const tb_step_def *s = &w->p->steps.items[at];
    bool enough = s->persons >= persons->number || (s->all && (int)s->posts_n >= persons->number);
    if (enough || asked_for_two(w, s->name)) return;
    fail(w, c, s->name, tb_str_printf(w->a, tb__say(w, "不少于 %d人", "at-least %d-persons"), persons->number));
}

void tb__prove_demands(tb__proof *w) {
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *c = &w->p->citations.items[i];
        const tb_clause *article = exact_article(c);
        if (!article) continue;
        if (c->kind == TB_C_EVENT) of_act(w, c, article);
        if (c->kind == TB_C_EXTENSION) of_extension(w, c, article);
        if (c->kind == TB_C_ACTORS || c->kind == TB_C_OBLIGATION) of_persons(w, c, article);
    }
}
