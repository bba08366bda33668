/* Which limits of the case a ground reaches (M8, M10): 不计入期限 stops those and no others, 期限延长 lengthens those and no others.
 *
 * 行政许可法 45 leaves out the time of eight acts from 本节规定的期限, the limits of its articles 42 to 44; the five days of
 * article 32 and of article 55 run on. The law's file says so by 及于. What an extension rests on lengthens the limit that the
 * same article sets, 42(1) the decision and not its service. A limit is reached when
 *
 *   it rests on an article of that law that is listed;
 *   it rests on no article of that law, and limits what a listed article limits: the same span, or from its beginning on
 *   beyond its end. That is how a special law's days stand in the place of article 42's (法律、法规另有规定的，依照其规定);
 *   it is a promise, which is the organ's own word (M10), unless it promises what a statutory limit beside it that is
 *   not reached already limits.
 *
 * 及于 法定期限 reaches all, 及于 承诺期限 the promises too. A ground whose article lists nothing, or is in no file, reaches
 * every limit. */
#include "compile_work.h"

struct reach {
    const tb_section *law;
    tb_law_refs listed;
    bool all, promises; /* 及于 法定期限, 承诺期限 */
};

/* A paragraph that one of them leaves out may be any. */
static bool covers(const tb_law_ref *listed, const tb_law_ref *cited) {
    return listed->article == cited->article && listed->sub == cited->sub &&
           (!listed->paragraph || !cited->paragraph || listed->paragraph == cited->paragraph) &&
           (!listed->item || !cited->item || listed->item == cited->item);
}

static bool lists(const struct reach *x, const tb_law_ref *cited) {
    for (uint32_t i = 0; i < x->listed.count; i++)
        if (covers(&x->listed.items[i], cited)) return true;
    return false;
}

/* What ends no sooner than a limit to `to` does: the three that follow each other, for all that begin alike. */
static bool ends_with(uint32_t end, uint32_t to) {
    return end == to || (to == TB_M_DECIDED && (end == TB_M_SERVED || end == TB_M_CLOSED)) ||
           (to == TB_M_SERVED && end == TB_M_CLOSED);
}

static bool same_span(tb__matter *m, const tb_clause *article, const tb_clock_def *d) {
    const tb_part *from = tb_part_of(article, TB_P_FROM);
    uint32_t begin, end;
    if (!from || !from->names.count) return false;
    TB__FIND(m->p->milestones, .name, tb__fixed_name(from->names.items[0].text), begin);
    if (begin != d->from) return false;
    if (from->names.count < 2) return true;
    TB__FIND(m->p->milestones, .name, tb__fixed_name(from->names.items[1].text), end);
    return end != TB_NO_INDEX && ends_with(d->to, end);
}

static const tb_clause *clause_at(const tb__matter *m, tb_span span) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        if (c->span.file == span.file && c->span.from == span.from) return c;
    }
    return NULL;
}

/* Does the limit rest on articles of this law? *by: on one that is listed. */
static bool rests_on(tb__matter *m, const struct reach *x, const tb_clause *c, bool *by) {
    const tb_part *basis = c ? tb_part_of(c, TB_P_BASIS) : NULL;
    bool rests = false;
    *by = false;
    for (uint32_t i = 0; basis && i < basis->laws.count; i++) {
        const tb_law_ref *cited = &basis->laws.items[i];
        if (!cited->article || tb__law_for(m->c, cited->span.file, cited) != x->law) continue;
        rests = true;
        *by |= lists(x, cited);
    }
    return rests;
}

static bool limits_alike(tb__matter *m, const struct reach *x, const tb_clock_def *d) {
    for (uint32_t i = 0; i < x->law->clauses.count; i++) {
        const tb_clause *article = &x->law->clauses.items[i];
        if (article->kind == TB_C_ARTICLE && lists(x, &article->article) && same_span(m, article, d)) return true;
    }
    return false;
}

static bool statutory(tb__matter *m, const struct reach *x, const tb_clock_def *d) {
    bool by;
    if (rests_on(m, x, clause_at(m, d->span), &by)) return by;
    return limits_alike(m, x, d);
}

static bool reached(tb__matter *m, const struct reach *x, const tb_clock_def *d) {
    const tb_program *p = m->p;
    if (x->all || (x->promises && d->kind == TB_CLOCK_PROMISED)) return true;
    if (d->kind == TB_CLOCK_STATUTORY) return statutory(m, x, d);
    bool beside = false, any = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *s = &p->clocks.items[i];
        if (s->kind != TB_CLOCK_STATUTORY || s->from != d->from || s->to != d->to) continue;
        beside = true;
        any |= statutory(m, x, s);
    }
    return !beside || any;
}

static bool of_case(const tb_clock_def *d) { return d->kind == TB_CLOCK_STATUTORY || d->kind == TB_CLOCK_PROMISED; }

void tb__reach(tb__matter *m, tb_step_def *s, const tb_section *law, const tb_clause *article) {
    const tb_part *reaches = article ? tb_part_of(article, TB_P_REACHES) : NULL;
    uint32_t *beyond = TB_NEW_ARRAY(m->c->a, m->p->clocks.count + 1, uint32_t);
    struct reach x = {.law = law};
    s->beyond = beyond;
    if (!reaches) return;
    for (uint32_t i = 0; i < reaches->names.count; i++) {
        tb_str n = reaches->names.items[i].text;
        tb_law_ref one;
        x.all |= tb_str_is(n, "法定期限") || tb_str_is(n, "statutory-limit");
        x.promises |= tb_str_is(n, "承诺期限") || tb_str_is(n, "promised-limit");
        if (tb_law_read(tb_str_printf(m->c->a, "《%.*s》%.*s", TB_FMT(law->name.text), TB_FMT(n)), &one) && one.article)
            *TB_PUSH(m->c->a, x.listed) = one;
    }
    for (uint32_t i = 0; i < m->p->clocks.count; i++)
        if (of_case(&m->p->clocks.items[i]) && !reached(m, &x, &m->p->clocks.items[i])) beyond[s->beyond_n++] = i;
}

/* Several articles lengthen what any of them does; one that is in no file everything, and so does one that would lengthen nothing. */
void tb__reach_extension(tb__matter *m, const tb_clause *extension) {
    const tb_part *basis = tb_part_of(extension, TB_P_BASIS);
    bool any = false;
    if (!basis || !basis->laws.count || basis->names.count) return;
    for (uint32_t k = 0; k < basis->laws.count; k++) {
        const tb_law_ref *ref = &basis->laws.items[k];
        const tb_section *law = tb__law_for(m->c, ref->span.file, ref);
        if (!law || !ref->article || !tb__article_of(law, ref)) return;
    }
    for (uint32_t i = 0; i < m->p->clocks.count; i++) {
        tb_clock_def *d = &m->p->clocks.items[i];
        d->fixed = of_case(d);
        for (uint32_t k = 0; k < basis->laws.count && d->fixed; k++) {
            tb_law_ref *ref = &basis->laws.items[k];
            struct reach x = {.law = tb__law_for(m->c, ref->span.file, ref), .listed = {.items = ref, .count = 1}};
            d->fixed = !reached(m, &x, d);
        }
        any |= d->kind == TB_CLOCK_STATUTORY && !d->fixed;
    }
    for (uint32_t i = 0; i < m->p->clocks.count && !any; i++) m->p->clocks.items[i].fixed = false;
}
