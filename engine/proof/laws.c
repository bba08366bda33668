/* Limits beside the law they rest on (M18: a limit yields by 位阶; a rule below may shorten, not lengthen).
 *
 * What is cited: an article that a limit cites has to set one (or leave it to another norm), no shorter than what is written
 * here; in another unit, it has to be no shorter in every calendar. What binds a licence without being cited: from acceptance to
 * the decision a limit in workdays (行政许可法 42, 82), over twenty of them only by a statute or regulation, extended once, by ten
 * unless a statute or regulation says more. A matter that decides in the act that accepts needs none (34(2), 37).
 *
 * A promise is no longer than the statutory limit. That it cites what sets no limit is nobody's loss: it is the organ's own word.
 * What is 待核 is not asked: it does not load by silence anyway. */
#include "proof_work.h"
#include <string.h>

enum { LICENCE_DAYS = 20, LICENCE_EXTENSION = 10 /* 行政许可法 42(1), workdays */ };
#define LICENCE_ARTICLES "《行政许可法》第四十二条第一款、第八十二条"

static tb_str duration_text(tb__proof *w, tb_duration d) {
    enum tb_lang lang = w->english ? TB_LANG_EN : TB_LANG_ZH;
    return tb_str_printf(w->a, "%d%s%s", d.n, tb__say(w, "", " "), tb_unit_text(d.unit, lang));
}

static tb_str clause_text(tb__proof *w, enum tb_clause_kind kind, tb_duration d) {
    tb_str word = tb_str_z(tb_clause_word(kind, w->english ? TB_LANG_EN : TB_LANG_ZH));
    return tb_str_printf(w->a, "%.*s %.*s", TB_FMT(word), TB_FMT(duration_text(w, d)));
}

static bool may_lengthen(tb_str rank) {
    return tb_str_is(rank, "法律") || tb_str_is(rank, "行政法规") || tb_str_is(rank, "地方性法规");
}

static bool licence_law(const tb_citation *c) {
    return c->law && (tb_str_is(c->law->law, "行政许可法") || tb_str_is(c->law->law, "中华人民共和国行政许可法"));
}

static bool of_clause(const tb_citation *c, enum tb_clause_kind kind, tb_span clause) {
    return c->kind == kind && c->clause.file == clause.file && c->clause.from == clause.from &&
           c->clause.to == clause.to;
}

static bool open_clause(const tb_program *p, tb_span clause) {
    for (uint32_t i = 0; i < p->pending.count; i++)
        if (p->pending.items[i].file == clause.file && p->pending.items[i].from == clause.from) return true;
    return false;
}

static bool sets_limit(const tb_citation *c) {
    return c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_PROMISED || c->kind == TB_C_EXTENSION;
}

/* ---- an article that is cited for a limit ---- */

/* Never more than `most`, whatever the calendar; *measured: the two can be told apart at all. */
static bool within(const tb__proof *w, tb_duration d, tb_duration most, bool *same_unit) {
    int office = w->calendar ? tb_calendar_office_minutes(w->calendar) : 0;
    if (d.unit == TB_U_YEARS) d.n *= 12, d.unit = TB_U_MONTHS;
    if (most.unit == TB_U_YEARS) most.n *= 12, most.unit = TB_U_MONTHS;
    *same_unit = d.unit == most.unit;
    if (*same_unit) return d.n <= most.n;
    bool days = most.unit == TB_U_WORKDAYS || most.unit == TB_U_DAYS;
    switch (d.unit) {
    case TB_U_DAYS: return d.n <= (most.unit == TB_U_WORKDAYS ? most.n : most.unit == TB_U_MONTHS ? 28 * most.n : 0);
    case TB_U_HOURS: return days && d.n <= 24 * most.n;
    case TB_U_WORKHOURS: return most.unit == TB_U_WORKDAYS && d.n * 60 <= (office ? office : 60) * most.n;
    default: return false;
    }
}

/* Another law that the same clause cites may set more (42: 法律、法规另有规定的，依照其规定). */
static bool allowed_elsewhere(const tb__proof *w, const tb_citation *c) {
    bool same;
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *o = &w->p->citations.items[i];
        if (o != c && of_clause(o, c->kind, c->clause) && o->allows.unit && may_lengthen(o->rank) &&
            within(w, c->says, o->allows, &same))
            return true;
    }
    return false;
}

static void cited(tb__proof *w, const tb_citation *c) {
    bool same;
    if (!sets_limit(c) || c->why || c->open || c->applicant || !c->says.unit || !c->allows.unit ||
        within(w, c->says, c->allows, &same) || allowed_elsewhere(w, c))
        return;
    tb__failed(w, same ? TB_E_PROOF_CITED : TB_E_PROOF_CITED_UNIT, c->clause, clause_text(w, c->kind, c->says), c->text,
               duration_text(w, c->allows), NULL);
}

/* 具体办法由公安部规定: the limit is another norm's to set. What an article says is its gist in the law's file. */
static bool delegates(tb_str gist) {
    static const char by[] = "由", rule[] = "规定", *const ends[] = {"，", "；", "。"};
    bool begun = false;
    for (uint32_t i = 0; i + 3 <= gist.n; i++) {
        for (int k = 0; k < 3; k++) begun &= memcmp(gist.p + i, ends[k], 3) != 0;
        begun |= memcmp(gist.p + i, by, 3) == 0;
        if (begun && i + 6 <= gist.n && memcmp(gist.p + i, rule, 6) == 0) return true;
    }
    return false;
}

static bool states_limit(const tb_clause *article, enum tb_clause_kind kind) {
    return tb_part_of(article, kind == TB_C_EXTENSION ? TB_P_EXTEND : TB_P_LIMIT) != NULL;
}

static bool is_name(const tb_names *names, uint32_t i, tb_str name) {
    return names->count > i && tb_str_eq(names->items[i].text, name);
}

/* The span the clause limits; NULL: a step's, or an extension. */
static const tb_clock_def *clock_of(const tb_program *p, tb_span clause) {
    for (uint32_t i = 0; i < p->clocks.count; i++)
        if (p->clocks.items[i].span.file == clause.file && p->clocks.items[i].span.from == clause.from)
            return &p->clocks.items[i];
    return NULL;
}

/* Does the article limit just that span? */
static bool same_span(const tb_program *p, const tb_clause *article, const tb_clock_def *d) {
    const tb_part *from = tb_part_of(article, TB_P_FROM);
    return from && d && d->from != TB_NO_INDEX && is_name(&from->names, 0, p->milestones.items[d->from].name) &&
           (d->to == TB_NO_INDEX || is_name(&from->names, 1, p->milestones.items[d->to].name));
}

enum { SUGGESTED = 3 };

/* Articles of the same law that do set such a limit: of that very span, else the first few. */
static tb_str instead(tb__proof *w, const tb_citation *c) {
    const tb_clock_def *d = clock_of(w->p, c->clause);
    tb_buf b;
    for (int round = 0; round < 2; round++) {
        uint32_t n = 0;
        tb_buf_init(&b, w->a);
        for (uint32_t i = 0; i < c->section->clauses.count; i++) {
            const tb_clause *x = &c->section->clauses.items[i];
            if (x->kind != TB_C_ARTICLE || !states_limit(x, c->kind) || (!round && !same_span(w->p, x, d))) continue;
            const tb_part *limit = tb_part_of(x, c->kind == TB_C_EXTENSION ? TB_P_EXTEND : TB_P_LIMIT);
            if (n++ == SUGGESTED) {
                tb_puts(&b, tb__say(w, "等", " …"));
                break;
            }
            tb_putf(&b, tb__say(w, "%s%.*s（%.*s）", "%s%.*s (%.*s)"), n > 1 ? tb__say(w, "、", ", ") : "",
                    TB_FMT(tb_source_text(w->p->sources, x->head)), TB_FMT(duration_text(w, limit->duration)));
        }
        if (n) break;
    }
    return tb_buf_str(&b);
}

/* What is cited for a limit sets one: one of the clause's citations, at least, or a text that no file holds. */
static void sets_one(tb__proof *w, const tb_citation *c) {
    if (!sets_limit(c) || c->kind == TB_C_PROMISED || c->open || c->why || !c->article || !c->says.unit) return;
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *o = &w->p->citations.items[i];
        if (!of_clause(o, c->kind, c->clause) || o->why) continue;
        if (!o->article || states_limit(o->article, o->kind) || delegates(o->gist)) return;
        if (o < c) return; /* told of the first */
    }
    tb_str other = instead(w, c);
    tb_diagnostic *x =
        tb__failed(w, TB_E_PROOF_CITED_NONE, c->clause, clause_text(w, c->kind, c->says), c->text, c->gist, NULL);
    x->hint =
        other.n
            ? tb_str_printf(w->a,
                            tb__say(w, "《%.*s》定了这种期限的：%.*s；没有条文定它的，不写 依",
                                    "of 《%.*s》 these set one: %.*s; where no article does, cite nothing"),
                            TB_FMT(c->law->law), TB_FMT(other))
            : tb_str_printf(
                  w->a,
                  tb__say(
                      w, "《%.*s》没有一条写了这种期限：依定它的法；没有条文定它的，不写 依",
                      "no article of 《%.*s》 sets one: cite the law that does; where no article does, cite nothing"),
                  TB_FMT(c->law->law));
}

/* M18: 行政许可法 is not everybody's law. */
static void kind_law(tb__proof *w, const tb_citation *c) {
    bool limits =
        c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_EXTENSION || c->kind == TB_C_EXCLUSION;
    if (!limits || c->open || !licence_law(c)) return;
    for (const tb_citation *o = w->p->citations.items; o < c; o++) /* 依 and 因 of one clause are one slip */
        if (of_clause(o, c->kind, c->clause) && licence_law(o)) return;
    tb__failed(w, TB_E_PROOF_KIND_LAW, c->clause, w->p->kind, c->text, TB_NONE, NULL);
}

/* ---- what binds a licence ---- */

/* Is there a norm behind the clause that may say otherwise than 行政许可法? If not, *why: what is there, for people. */
static bool otherwise(tb__proof *w, enum tb_clause_kind kind, tb_span clause, bool own, tb_str *why) {
    *why = tb_str_z(tb__say(w, "没有写依据", "cites nothing"));
    if (open_clause(w->p, clause)) return true;
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *c = &w->p->citations.items[i];
        if (!of_clause(c, kind, clause)) continue;
        if (c->open || (may_lengthen(c->rank) && (own || !licence_law(c)))) return true;
        *why = tb_str_printf(w->a, tb__say(w, "所依的只是%.*s", "rests on %.*s only"),
                             TB_FMT(c->rank.n && !licence_law(c) ? c->rank : c->text));
    }
    return false;
}

bool tb__law_says_otherwise(tb__proof *w, enum tb_clause_kind kind, tb_span clause) {
    tb_str ignored;
    return otherwise(w, kind, clause, false, &ignored);
}

bool tb__within_days(const tb__proof *w, int n, enum tb_unit unit, int days) {
    bool same;
    return within(w, (tb_duration){n, (enum tb_unit_word)unit}, (tb_duration){days, TB_U_WORKDAYS}, &same);
}

/* A licence's statutory limit from acceptance to decision; what it cites in 行政许可法 is compared by cited(). */
static void lengthened(tb__proof *w, const tb_clock_def *d) {
    tb_str why;
    if (d->kind != TB_CLOCK_STATUTORY || d->from != TB_M_ACCEPTED || d->to != TB_M_DECIDED || d->unit != TB_WORKDAYS ||
        d->n <= LICENCE_DAYS || otherwise(w, TB_C_STATUTORY, d->span, true, &why))
        return;
    tb__failed(w, TB_E_PROOF_RANK, d->span, d->name, why, TB_NONE, NULL);
}

/* Who approves is written in the article that the extension rests on (由 本机关负责人 批准). */
static void approved(tb__proof *w, const tb_move *m) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *c = &p->citations.items[i];
        const tb_part *by = c->article ? tb_part_of(c->article, TB_P_APPROVE) : NULL;
        if (!of_clause(c, TB_C_EXTENSION, m->span) || c->open || !by || !by->names.count) continue;
        for (uint32_t k = 0; k < m->posts_n; k++) {
            if (is_name(&by->names, 0, p->posts.items[m->posts[k]].name)) continue;
            tb__failed(w, TB_E_DUTY_APPROVED_BY, m->span, p->posts.items[m->posts[k]].name, by->names.items[0].text,
                       c->text, NULL);
            return;
        }
    }
}

static void extension(tb__proof *w) {
    const tb_program *p = w->p;
    if (!p->extension_n) return;
    const tb_move *m = &p->moves.items[p->extension_move];
    tb_str why;
    tb_duration d = {p->extension_n, (enum tb_unit_word)p->extension_unit};
    if (m->times != 1)
        tb__failed(w, TB_E_PROOF_EXTENSIONS, m->span, tb_str_printf(w->a, "%d", m->times),
                   TB_STR("《行政许可法》第四十二条第一款"), TB_NONE, NULL);
    if ((p->extension_unit == TB_WORKDAYS && p->extension_n <= LICENCE_EXTENSION) ||
        otherwise(w, TB_C_EXTENSION, m->span, true, &why))
        return;
    tb__failed(w, TB_E_PROOF_EXTENSION_LONG, m->span, clause_text(w, TB_C_EXTENSION, d), why,
               TB_STR("《行政许可法》第四十二条第一款"), NULL);
}

/* Does every act that accepts decide as well (34(2), 当场决定)? Then nothing is left to limit. */
static bool on_the_spot(tb__proof *w) {
    bool any = false;
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        if (!tb__edge_records(w, &w->g.edges.items[i], TB_M_ACCEPTED)) continue;
        if (!tb__edge_records(w, &w->g.edges.items[i], TB_M_DECIDED)) return false;
        any = true;
    }
    return any;
}

/* From the acceptance, or before it, to the decision, or after it: then it covers what the law limits. */
static bool covers(const tb_program *p, const tb_clock_def *d) {
    if (d->kind != TB_CLOCK_STATUTORY) return false;
    if (d->from == TB_M_ACCEPTED && d->to == TB_M_DECIDED) return true;
    bool begins =
        d->from == TB_M_SUBMITTED || d->from == TB_M_RECEIVED || d->from == TB_M_ACCEPTED || d->from == p->receipt;
    bool ends = d->to == TB_M_DECIDED || d->to == TB_M_SERVED || d->to == TB_M_CLOSED;
    return begins && ends && (d->unit != TB_WORKDAYS || d->n <= LICENCE_DAYS);
}

/* 42, 82: a licence has a limit from acceptance to decision, in workdays, unless a norm that may says otherwise. */
static void limited(tb__proof *w) {
    const tb_program *p = w->p;
    bool covered = false;
    tb_str why, articles = TB_STR(LICENCE_ARTICLES);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *d = &p->clocks.items[i];
        if (!covers(p, d)) continue;
        covered = true;
        if (d->unit == TB_WORKDAYS || otherwise(w, TB_C_STATUTORY, d->span, false, &why)) continue;
        tb_duration has = {d->n, (enum tb_unit_word)d->unit};
        tb__failed(w, TB_E_PROOF_LICENCE_LIMIT, d->span,
                   tb_str_printf(w->a, tb__say(w, "%.*s 写的是 %.*s，%.*s", "%.*s is %.*s and %.*s"), TB_FMT(d->name),
                                 TB_FMT(duration_text(w, has)), TB_FMT(why)),
                   articles, TB_NONE, NULL);
    }
    if (covered || !w->g.complete || on_the_spot(w)) return;
    tb_span span = p->no_statutory ? p->no_statutory_span : p->kind_span;
    if (open_clause(p, span) || otherwise(w, TB_C_STATUTORY, span, false, &why)) return;
    tb__failed(w, TB_E_PROOF_LICENCE_LIMIT, span,
               tb_str_z(p->no_statutory ? tb__say(w, "法定期限 写的是 无", "statutory-limit is none")
                                        : tb__say(w, "没有写自 受理 至 决定 的 法定期限",
                                                  "no statutory-limit is written from accepted to decided")),
               articles, TB_NONE, NULL);
}

static void promised(tb__proof *w, const tb_clock_def *d) {
    for (uint32_t i = 0; d->kind == TB_CLOCK_PROMISED && i < w->p->clocks.count; i++) {
        const tb_clock_def *s = &w->p->clocks.items[i];
        if (s->kind != TB_CLOCK_STATUTORY || s->from != d->from || s->to != d->to || s->unit != d->unit ||
            d->n < s->n || (d->n == s->n && (s->roll || !d->roll)))
            continue;
        tb__failed(w, TB_E_PROOF_PROMISE, d->span, d->name, s->name, TB_NONE, NULL);
        return;
    }
}

/* M10: a ground stops the limits it reaches (reach.c): one that reaches none is none. */
bool tb__reaches_none(const tb_program *p, const tb_step_def *s) {
    uint32_t spans = 0;
    for (uint32_t i = 0; i < p->clocks.count; i++)
        spans += p->clocks.items[i].kind == TB_CLOCK_STATUTORY || p->clocks.items[i].kind == TB_CLOCK_PROMISED;
    return s->beyond_n && s->beyond_n == spans;
}

static void reaches(tb__proof *w, const tb_step_def *s) {
    if (tb__reaches_none(w->p, s))
        tb__failed(w, TB_E_PROOF_GROUND_NOWHERE, s->span, s->name, tb_law_text(w->p, s->why_excluded), TB_NONE, NULL);
}

/* ---- who may except ---- */

/* 法律 1, and so down; 0: not known. */
static int height(tb_str rank) {
    static const char *const ranks[][2] = {{"法律", "法律"},
                                           {"行政法规", "国务院决定"},
                                           {"地方性法规", "地方性法规"},
                                           {"规章", "省级政府规章"},
                                           {"规范性文件", "规范性文件"}};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (tb_str_is(rank, ranks[i][0]) || tb_str_is(rank, ranks[i][1])) return (int)i + 1;
    return 0;
}

/* The highest of the norms that a clause rests on; *open: it, or the article, is 待核. What is not in a file is no norm of any rank. */
static int rests_at(const tb__proof *w, enum tb_clause_kind kind, tb_span clause, bool *open, tb_str *text) {
    int best = 0;
    *open = open_clause(w->p, clause);
    for (uint32_t i = 0; i < w->p->citations.count; i++) {
        const tb_citation *c = &w->p->citations.items[i];
        if (c->why || !of_clause(c, kind, clause)) continue;
        *open |= c->open;
        if (!text->n) *text = c->text;
        int h = height(c->rank);
        if (h && (!best || h < best)) best = h, *text = c->rank;
    }
    return best;
}

/* M18: time is left out of a statutory limit by a norm that may: for a licence by a statute or regulation (42: 法律、法规另有规定的); else by
 * one no lower than what sets the limit. A promise is the organ's own word, and so is when it stands still. */
static void excepted(tb__proof *w, const tb_step_def *s) {
    const tb_program *p = w->p;
    bool licence = tb_str_is(p->kind, "行政许可"), open, limit_open;
    tb_str text = TB_NONE, ignored = TB_NONE;
    if (!s->excludes) return;
    int by = rests_at(w, TB_C_EXCLUSION, s->excluded_span, &open, &text);
    for (uint32_t i = 0; i < p->clocks.count && !open; i++) {
        const tb_clock_def *d = &p->clocks.items[i];
        if (d->kind != TB_CLOCK_STATUTORY || !tb_stops(s, i)) continue;
        int limit =
            licence ? height(TB_STR("地方性法规")) : rests_at(w, TB_C_STATUTORY, d->span, &limit_open, &ignored);
        if (limit && (!by || by > limit)) {
            tb__failed(w, TB_E_PROOF_EXCLUSION_RANK, s->excluded_span, s->name, text, d->name, NULL)->other = d->span;
            return;
        }
    }
}

void tb__prove_laws(tb__proof *w) {
    const tb_program *p = w->p;
    bool licence = tb_str_is(p->kind, "行政许可");
    if (p->extension_n) approved(w, &p->moves.items[p->extension_move]);
    if (licence) {
        limited(w);
        extension(w);
    }
    for (uint32_t i = 0; i < p->citations.count; i++) {
        cited(w, &p->citations.items[i]);
        sets_one(w, &p->citations.items[i]);
        if (!licence) kind_law(w, &p->citations.items[i]);
    }
    for (uint32_t i = 0; i < p->steps.count; i++) reaches(w, &p->steps.items[i]), excepted(w, &p->steps.items[i]);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        promised(w, &p->clocks.items[i]);
        if (licence) lengthened(w, &p->clocks.items[i]);
    }
}
