/* Which limits of the case a ground reaches (M8, M10): 不计入期限 stops those and no others.
 *
 * 行政许可法 45 leaves out the time of eight acts from 本节规定的期限, the limits of its articles 42 to 44; the five days of
 * article 32 and of article 55 run on. The law's file says so by 及于. A limit is reached when
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

static bool covers(const tb_law_ref *listed, const tb_law_ref *cited) {
    return listed->article == cited->article && listed->sub == cited->sub &&
           (!listed->paragraph || listed->paragraph == cited->paragraph) &&
           (!listed->item || listed->item == cited->item);
}

static bool listed(tb__matter *m, const tb_section *law, const tb_part *reaches, uint32_t i, tb_law_ref *out) {
    tb_str text = tb_str_printf(m->c->a, "《%.*s》%.*s", TB_FMT(law->name.text), TB_FMT(reaches->names.items[i].text));
    return tb_law_read(text, out) && out->article > 0;
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

static const tb_clause *clause_of(const tb__matter *m, const tb_clock_def *d) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        if (c->span.file == d->span.file && c->span.from == d->span.from) return c;
    }
    return NULL;
}

/* Does the limit rest on articles of this law? *by: on one that is listed. */
static bool rests_on(tb__matter *m, const tb_section *law, const tb_part *reaches, const tb_clause *c, bool *by) {
    const tb_part *basis = c ? tb_part_of(c, TB_P_BASIS) : NULL;
    bool rests = false;
    *by = false;
    for (uint32_t i = 0; basis && i < basis->laws.count; i++) {
        const tb_law_ref *cited = &basis->laws.items[i];
        tb_law_ref one;
        if (!cited->article || tb__law_for(m->c, cited->span.file, cited) != law) continue;
        rests = true;
        for (uint32_t k = 0; k < reaches->names.count; k++)
            *by |= listed(m, law, reaches, k, &one) && covers(&one, cited);
    }
    return rests;
}

static bool limits_alike(tb__matter *m, const tb_section *law, const tb_part *reaches, const tb_clock_def *d) {
    for (uint32_t i = 0; i < law->clauses.count; i++) {
        const tb_clause *article = &law->clauses.items[i];
        tb_law_ref one;
        for (uint32_t k = 0; article->kind == TB_C_ARTICLE && k < reaches->names.count; k++)
            if (listed(m, law, reaches, k, &one) && covers(&one, &article->article) && same_span(m, article, d))
                return true;
    }
    return false;
}

static bool names_kind(const tb_part *reaches, const tb_clock_def *d) {
    for (uint32_t i = 0; i < reaches->names.count; i++) {
        tb_str n = reaches->names.items[i].text;
        if (tb_str_is(n, "法定期限") || tb_str_is(n, "statutory-limit")) return true;
        if (d->kind == TB_CLOCK_PROMISED && (tb_str_is(n, "承诺期限") || tb_str_is(n, "promised-limit"))) return true;
    }
    return false;
}

static bool statutory(tb__matter *m, const tb_section *law, const tb_part *reaches, const tb_clock_def *d) {
    bool by;
    if (rests_on(m, law, reaches, clause_of(m, d), &by)) return by;
    return limits_alike(m, law, reaches, d);
}

static bool reached(tb__matter *m, const tb_section *law, const tb_part *reaches, const tb_clock_def *d) {
    const tb_program *p = m->p;
    if (names_kind(reaches, d)) return true;
    if (d->kind == TB_CLOCK_STATUTORY) return statutory(m, law, reaches, d);
    bool beside = false, any = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *s = &p->clocks.items[i];
        if (s->kind != TB_CLOCK_STATUTORY || s->from != d->from || s->to != d->to) continue;
        beside = true;
        any |= statutory(m, law, reaches, s);
    }
    return !beside || any;
}

void tb__reach(tb__matter *m, tb_step_def *s, const tb_section *law, const tb_clause *article) {
    const tb_part *reaches = article ? tb_part_of(article, TB_P_REACHES) : NULL;
    uint32_t *beyond = TB_NEW_ARRAY(m->c->a, m->p->clocks.count + 1, uint32_t);
    for (uint32_t i = 0; reaches && i < m->p->clocks.count; i++) {
        const tb_clock_def *d = &m->p->clocks.items[i];
        if (d->kind != TB_CLOCK_STATUTORY && d->kind != TB_CLOCK_PROMISED) continue;
        if (!reached(m, law, reaches, d)) beyond[s->beyond_n++] = i;
    }
    s->beyond = beyond;
}
