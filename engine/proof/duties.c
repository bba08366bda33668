/* What the law asks of a procedure besides time: refusals, the one notice, silence, acceptance, two inspectors, hearings.
 *
 * Which moves are refusals is read from what they do: they issue a document, or lead to an outcome or a branch's
 * end, whose name says 不予 or 不受理. Serving a refusal that was written before is not another one. The duties
 * stand in a table with their article; most bind 行政许可 only (M18: the law of licences is not everybody's law).
 * M17 and 不可撤回 are the language's own and bind all. */
#include "proof_work.h"
#include <string.h>

bool tb__holds_word(tb_str s, const char *word) {
    size_t n = strlen(word);
    for (uint32_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, word, n) == 0) return true;
    return false;
}

bool tb__states(const tb_move *m, const char *what) {
    for (uint32_t i = 0; i < m->stated_n; i++)
        if (tb_str_is(m->stated[i], what)) return true;
    return false;
}

/* The first document it issues with one of these words in its name. */
static const tb_document *issues(const tb_program *p, const tb_move *m, const char *const *words) {
    for (uint32_t i = 0; i < m->effects_n; i++)
        for (int k = 0; m->effects[i].kind == TB_DO_ISSUE && words[k]; k++)
            if (tb__holds_word(p->documents.items[m->effects[i].a].name, words[k]))
                return &p->documents.items[m->effects[i].a];
    return NULL;
}

static const char *const refusal_words[] = {"不予", "不受理", "不准", "不许可", "不批准", "不同意", "驳回", NULL};
/* What ends a case without its purpose: after 不可撤回 none of it may come. */
static const char *const undone_words[] = {"不予", "不受理", "不准", "不许可", "不批准", "不同意", "驳回", "撤回", "终止", NULL};

static bool closes(const tb_move *m) {
    for (uint32_t i = 0; i < m->effects_n; i++)
        if (m->effects[i].kind == TB_DO_CLOSE) return true;
    return m->leaves;
}

bool tb__refusal_words(tb_str name) {
    for (int k = 0; refusal_words[k]; k++)
        if (tb__holds_word(name, refusal_words[k])) return true;
    return false;
}

/* Does it lead to an outcome, or a branch's end, of refusal? */
static bool refuses(const tb_program *p, const tb_move *m) {
    bool outcome = false;
    for (uint32_t i = 0; i < p->outcomes.count; i++) outcome |= tb_str_eq(p->outcomes.items[i], m->target);
    return m->rejects || (closes(m) && outcome && tb__refusal_words(m->target));
}

static bool decides_against(const tb_program *p, const tb_move *m) { return issues(p, m, refusal_words) || m->rejects; }

bool tb__undoes(const tb_move *m) {
    bool undoes = m->rejects;
    for (int k = 0; undone_words[k]; k++) undoes |= tb__holds_word(m->target, undone_words[k]);
    return undoes;
}

bool tb__refusal(const tb_program *p, const tb_move *m) { return refuses(p, m) || decides_against(p, m); }

/* By state: on every way to it, something `marks` answers true for has happened. */
static uint8_t *always(tb__proof *w, bool (*marks)(tb__proof *w, const tb__edge *e)) {
    tb__graph *g = &w->g;
    uint8_t *at = TB_NEW_ARRAY(w->a, g->states + 1, uint8_t), *edge = TB_NEW_ARRAY(w->a, g->edges.count + 1, uint8_t);
    memset(at, 1, g->states);
    for (uint32_t i = 0; i < g->edges.count; i++) edge[i] = marks(w, &g->edges.items[i]);
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < g->edges.count; i++) {
            const tb__edge *e = &g->edges.items[i];
            if (edge[i] || (e->from != TB__NONE && at[e->from]) || !at[e->to]) continue;
            at[e->to] = 0;
            news = true;
        }
    }
    return at;
}

static bool over_moves(tb__proof *w, const tb__edge *e, bool (*is)(tb__proof *w, const tb_move *m)) {
    for (uint32_t i = 0; i < e->ops; i++) {
        tb__op op = w->g.ops.items[e->op + i];
        if (!TB__OP_IS_ENTER(op) && is(w, &w->p->moves.items[w->p->transition_move[TB__OP_INDEX(op)]])) return true;
    }
    return false;
}
static bool writes_refusal(tb__proof *w, const tb_move *m) { return issues(w->p, m, refusal_words) != NULL; }
static bool marks_refusal(tb__proof *w, const tb__edge *e) { return over_moves(w, e, writes_refusal); }

static bool marks_acceptance(tb__proof *w, const tb__edge *e) { return tb__edge_records(w, e, TB_M_ACCEPTED); }

const uint8_t *tb__accepted(tb__proof *w) {
    if (!w->accepted) w->accepted = always(w, marks_acceptance);
    return w->accepted;
}

/* ---- duties of single moves ---- */

/* 38(2), 32: which statements a written refusal needs; alternatives are separated by a bar. `needless`: of what needs no licence. */
static const struct {
    bool needless;
    const char *needs, *article;
} statements[] = {
    {false, "理由|有权机关|不符内容",
     "《行政许可法》第三十八条第二款"}, /* 32(1)(2): which organ has the power is the reason */
    {false, "救济途径", "《行政许可法》第三十八条第二款"},
    {true, "理由|有权机关", "《行政许可法》第三十二条第一款第一项"},
};

static bool states_one_of(const tb_move *m, const char *list) {
    char word[64];
    while (*list) {
        size_t n = strcspn(list, "|");
        if (n < sizeof word) {
            memcpy(word, list, n);
            word[n] = 0;
            if (tb__states(m, word)) return true;
        }
        list += n + (list[n] == '|');
    }
    return false;
}

static void reasons(tb__proof *w, const tb_move *m) {
    static const char *const needless[] = {"不受理", NULL};
    const tb_document *refusal = issues(w->p, m, refusal_words);
    for (size_t i = 0; refusal && i < sizeof statements / sizeof *statements; i++) {
        if (statements[i].needless != (issues(w->p, m, needless) == refusal)) continue;
        if (states_one_of(m, statements[i].needs)) continue;
        tb_str what = {statements[i].needs, (uint32_t)strcspn(statements[i].needs, "|")};
        tb__failed(w, TB_E_DUTY_REASONS, m->span, m->act, what, tb_str_z(statements[i].article), NULL);
    }
}

static bool one_place(const tb_program *p, uint32_t a, uint32_t b) {
    return p->places.items[a].from == p->places.items[b].from && p->places.items[a].field == p->places.items[b].field;
}

/* 32(1)(4): one notice of all that is missing; silence is acceptance from the day of receipt. An act asks for more by what it says or
 * issues, or by where it leads before acceptance: to a step of the applicant's that brings material in again. */
static bool brings_again(const tb_program *p, uint32_t step) {
    const tb_step_def *s = step == TB_NO_INDEX ? NULL : &p->steps.items[step];
    for (uint32_t i = 0; s && i < s->posts_n; i++)
        if (s->posts[i] != TB_POST_APPLICANT) return false;
    for (uint32_t i = 0; s && s->posts_n && i < p->moves.count; i++)
        for (uint32_t k = 0; p->moves.items[i].step == step && k < p->moves.items[i].effects_n; k++) {
            const tb_effect_def *f = &p->moves.items[i].effects[k];
            if (f->kind == TB_DO_RECORD && (f->a == TB_M_RECEIVED || f->a == p->receipt)) return true;
        }
    return false;
}

static bool before_acceptance(tb__proof *w, const tb_move *m) {
    for (uint32_t i = w->g.submissions; w->g.complete && i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (&w->p->moves.items[e->move] == m && !tb__accepted(w)[e->from]) return true;
    }
    return false;
}

/* How many posts may do it, its own or those of its step; *organs: how many of them are not the applicant's. */
static uint32_t posts_of(const tb_program *p, const tb_move *m, uint32_t *organs) {
    const uint32_t *posts = m->posts ? m->posts : m->step == TB_NO_INDEX ? NULL : p->steps.items[m->step].posts;
    uint32_t n = m->posts ? m->posts_n : m->step == TB_NO_INDEX ? 0 : p->steps.items[m->step].posts_n;
    *organs = 0;
    for (uint32_t i = 0; i < n; i++) *organs += posts[i] != TB_POST_APPLICANT;
    return n;
}

bool tb__organs_act(const tb_program *p, const tb_move *m) {
    uint32_t organs;
    return posts_of(p, m, &organs) && organs;
}

bool tb__applicants_act(const tb_program *p, const tb_move *m) {
    uint32_t organs;
    return posts_of(p, m, &organs) && !organs;
}

bool tb__written_in(const tb_document *d, uint32_t milestone) {
    for (uint32_t i = 0; i < d->records_n; i++)
        if (d->records[i] == milestone) return true;
    return false;
}

/* M17: the place where the case is decided, or a step that names its own 主体. The applicant's step expires by law,
 * at no place. Where papers are only taken in nothing is decided, for or against, and a licence's file is not closed
 * before the organ has seen it, whatever that is called (退件). */
static bool decides(const tb_program *p, const tb_move *m) {
    bool decides = false;
    for (uint32_t i = 0; i < m->effects_n; i++) {
        const tb_effect_def *f = &m->effects[i];
        decides |= f->kind == TB_DO_RECORD && f->a == TB_M_DECIDED;
        decides |= f->kind == TB_DO_ISSUE && tb__written_in(&p->documents.items[f->a], TB_M_DECIDED);
    }
    return decides;
}

static bool turns_away(tb__proof *w, const tb_move *m) {
    bool ends = false;
    for (uint32_t i = 0; m->leaves && i < w->p->outcomes.count; i++) ends |= tb_str_eq(w->p->outcomes.items[i], m->target);
    return ends && tb_str_is(w->p->kind, "行政许可") && tb__organs_act(w->p, m) && before_acceptance(w, m);
}

static void place(tb__proof *w, const tb_move *m) {
    const tb_program *p = w->p;
    if (m->step == TB_NO_INDEX || p->authority_place == TB_NO_INDEX) return;
    const tb_step_def *s = &p->steps.items[m->step];
    uint32_t at = m->posts_n ? p->posts.items[m->posts[0]].place : s->place;
    if (at == TB_NO_INDEX || at == p->authority_place || s->duty.n || one_place(p, at, p->authority_place)) return;
    if (!decides_against(p, m) && !(refuses(p, m) && !m->rejects && m->kind == TB_MOVE_ACT) && !decides(p, m) &&
        !turns_away(w, m))
        return;
    tb__failed(w, TB_E_DUTY_PLACE, m->span, m->act, p->places.items[at].name, TB_NONE, NULL);
}

bool tb__asks_for_more(tb__proof *w, const tb_move *m) {
    static const char *const notice[] = {"补正", NULL};
    if (m->kind != TB_MOVE_ACT) return false;
    if (issues(w->p, m, notice) || tb__states(m, "全部补正内容")) return true;
    return tb__organs_act(w->p, m) && brings_again(w->p, tb_step_named(w->p, m->target)) && before_acceptance(w, m);
}

static void one_notice(tb__proof *w, const tb_move *m) {
    static const char *const any[] = {"", NULL};
    if (!tb__asks_for_more(w, m)) return;
    tb_str article = TB_STR("《行政许可法》第三十二条第一款第四项");
    bool written = issues(w->p, m, any);
    if (!written) tb__failed(w, TB_E_DUTY_NOTICE_WRITTEN, m->span, m->act, article, TB_NONE, NULL);
    if (m->times != 1) tb__failed(w, TB_E_DUTY_ONE_NOTICE, m->span, m->act, article, TB_NONE, NULL);
    if (written && !tb__states(m, "全部补正内容")) /* else the hint says both */
        tb__failed(w, TB_E_DUTY_REASONS, m->span, m->act, TB_STR("全部补正内容"), article, NULL);
    for (uint32_t i = 0; i < w->p->moves.count && m->step != TB_NO_INDEX; i++) {
        const tb_move *o = &w->p->moves.items[i];
        for (uint32_t k = 0; o->kind == TB_MOVE_OVERDUE && o->step == m->step && k < o->effects_n; k++)
            if (o->effects[k].kind == TB_DO_RECORD && o->effects[k].a == TB_M_ACCEPTED &&
                o->effects[k].dated == TB_M_RECEIVED)
                return;
    }
    if (w->g.complete && !before_acceptance(w, m)) {
        tb__failed(w, TB_E_DUTY_NOTICE_LATE, m->span, m->act, article, TB_NONE, NULL);
        return;
    }
    if (m->step != TB_NO_INDEX)
        tb__failed(w, TB_E_DUTY_SILENCE, w->p->steps.items[m->step].span, w->p->steps.items[m->step].name, article,
                   TB_NONE, NULL);
}

/* ---- duties of paths ---- */

/* A refusal is written: by the move itself, or on every way before it. */
static void written(tb__proof *w) {
    const tb_program *p = w->p;
    uint8_t *before = always(w, marks_refusal), *told = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (e->from == TB__NONE || told[e->move] || before[e->from]) continue;
        const tb_move *m = &p->moves.items[e->move];
        if (m->rejects || !refuses(p, m) || issues(p, m, refusal_words))
            continue; /* a branch's 不予 is an opinion; the decision is written after it */
        told[e->move] = 1;
        tb__edges path = {0};
        tb__path_to(w, e->from, i, &path);
        tb__failed(w, TB_E_DUTY_WRITTEN, m->span, m->act, TB_STR("《行政许可法》第三十八条"), TB_NONE, &path);
    }
}

static void accepted_first(tb__proof *w) {
    const uint8_t *before = tb__accepted(w);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (e->from == TB__NONE || before[e->from] || !tb__edge_records(w, e, TB_M_DECIDED) ||
            tb__edge_records(w, e, TB_M_ACCEPTED))
            continue;
        tb__edges path = {0};
        tb__path_to(w, e->from, i, &path);
        tb__failed(w, TB_E_DUTY_ACCEPTED_FIRST, w->p->moves.items[e->move].span, tb__path_text(w, &path), TB_NONE,
                   TB_NONE, &path);
        return;
    }
}

/* M17: after 不可撤回 only a lawful end: nothing that undoes the case. */
static void no_return(tb__proof *w) {
    const tb_program *p = w->p;
    uint8_t *told = TB_NEW_ARRAY(w->a, p->moves.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (e->from == TB__NONE || told[e->move] || !tb__irreversible(w, tb__state(w, e->from))) continue;
        const tb_move *m = &p->moves.items[e->move];
        if (!m->rejects && !issues(p, m, refusal_words) && !(tb__ended(w, e->to) && tb__undoes(m))) continue;
        told[e->move] = 1;
        tb__edges path = {0};
        tb__path_to(w, e->from, i, &path);
        tb__failed(w, TB_E_DUTY_NO_RETURN, m->span, m->act, tb__path_text(w, &path), TB_NONE, &path);
    }
}

/* 48(1)(3): who presides over a hearing is not who reviewed. A step is a hearing when the exclusion it claims is one, or by
 * its name; the reviewers are the posts of the steps called 审查. */
static bool kept_apart(const tb_program *p, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < p->separations.count; i++) {
        const tb_separation *s = &p->separations.items[i];
        if ((s->a == a && s->b == b) || (s->a == b && s->b == a)) return true;
    }
    return false;
}

static void presider(tb__proof *w, const tb_step_def *hearing) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        if (!tb__holds_word(s->name, "审查") || s == hearing) continue;
        for (uint32_t a = 0; a < s->posts_n; a++)
            for (uint32_t b = 0; b < hearing->posts_n; b++) {
                uint32_t x = s->posts[a], y = hearing->posts[b];
                if (x == TB_POST_APPLICANT || y == TB_POST_APPLICANT || (x != y && kept_apart(p, x, y))) continue;
                if (p->posts.items[x].place != p->posts.items[y].place) continue; /* nobody holds posts at two places */
                tb__failed(
                    w, TB_E_DUTY_HEARING, hearing->span, hearing->name, TB_STR("《行政许可法》第四十八条第一款第三项"),
                    tb_str_printf(w->a, "%.*s、%.*s", TB_FMT(p->posts.items[x].name), TB_FMT(p->posts.items[y].name)),
                    NULL)
                    ->hint = x == y ? tb_str_z(tb__say(w, "给听证另设一个岗位，再写：不得同一人 审查的岗位、主持的岗位",
                                                       "give the hearing a post of its own and keep the two apart"))
                                    : TB_NONE;
                return;
            }
    }
}

static bool is_hearing(const tb_step_def *s) { return s->excludes && tb__holds_word(s->name, "听证"); }

static void hearings(tb__proof *w) {
    for (uint32_t i = 0; i < w->p->steps.count; i++)
        if (is_hearing(&w->p->steps.items[i])) presider(w, &w->p->steps.items[i]);
}

/* Does the author himself say that its exclusion is open (待核)? Then the hearing is only sketched, and does not load by silence anyway. */
static bool sketched(const tb_program *p, const tb_step_def *s) {
    for (uint32_t i = 0; s->why_excluded && i < p->citations.count; i++)
        if (p->citations.items[i].law == s->why_excluded && p->citations.items[i].open) return true;
    return false;
}

/* 48(1)(1): time and place are told in writing before it is held, seven workdays before. The first is a matter of paths; the
 * second of 举行日, which the engine enforces (held.c): here only that the step has one, long enough. */
static bool announces(tb__proof *w, const tb_move *m) {
    static const char *const notice[] = {"听证通知", "听证公告", NULL};
    return issues(w->p, m, notice) && (m->held || tb__states(m, "听证时间")) && tb__states(m, "听证地点");
}

bool tb__is_hearing(const tb_program *p, const tb_step_def *s) { return is_hearing(s) && !sketched(p, s); }

enum { HEARING_NOTICE = 7 /* workdays, 48(1)(1) */ };

static void hearing_day(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        const tb_held *h = s->held ? &p->helds.items[s->held - 1] : NULL;
        if (!tb__is_hearing(p, s) || (h && h->unit == TB_WORKDAYS && h->n >= HEARING_NOTICE)) continue;
        tb_str why = tb_str_z(tb__say(w, "没有写 举行日", "no held-on says so"));
        if (h) why = tb_str_printf(w->a, tb__say(w, "举行日只提前 %d%s", "held-on says only %d %s"), h->n,
                                   tb_unit_text((enum tb_unit_word)h->unit, w->english ? TB_LANG_EN : TB_LANG_ZH));
        tb__failed(w, TB_E_DUTY_HEARING_DAY, h ? h->span : s->span, s->name, why, TB_STR("《行政许可法》第四十八条第一款第一项"), NULL);
    }
}

static bool marks_notice(tb__proof *w, const tb__edge *e) { return over_moves(w, e, announces); }

/* Who withdraws his own request ends a hearing that is not held. */
static void hearing_notice(tb__proof *w) {
    const tb_program *p = w->p;
    uint8_t *before = NULL, *told = TB_NEW_ARRAY(w->a, p->steps.count + 1, uint8_t);
    for (uint32_t i = 0; i < w->g.edges.count; i++) {
        const tb__edge *e = &w->g.edges.items[i];
        if (e->from == TB__NONE || e->tacit) continue;
        const tb_move *m = &p->moves.items[e->move];
        if (m->kind != TB_MOVE_ACT || !m->leaves || m->step == TB_NO_INDEX || !tb__organs_act(p, m) || told[m->step] || !tb__is_hearing(p, &p->steps.items[m->step]))
            continue;
        if (!before) before = always(w, marks_notice);
        if (before[e->from]) continue;
        told[m->step] = 1;
        tb__edges path = {0};
        tb__path_to(w, e->from, i, &path);
        tb__failed(w, TB_E_DUTY_HEARING_NOTICE, p->steps.items[m->step].span, p->steps.items[m->step].name,
                   TB_STR("《行政许可法》第四十八条第一款第一项"), tb__path_text(w, &path), &path);
    }
}

/* 42, 45: who waits longer is told so in writing: when time stops, how long that will take; when it is extended, why. */
static bool tells_time(const tb_program *p, uint32_t step) {
    static const char *const any[] = {"", NULL};
    for (uint32_t i = 0; i < p->moves.count; i++)
        if (p->moves.items[i].step == step && tb__states(&p->moves.items[i], "所需时间") && issues(p, &p->moves.items[i], any)) return true;
    return p->steps.items[step].notices_n > 0;
}

static void told_of_time(tb__proof *w) {
    static const char *const any[] = {"", NULL};
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i].excludes && !tells_time(p, i))
            tb__failed(w, TB_E_DUTY_TOLD, p->steps.items[i].span, p->steps.items[i].name, TB_STR("《行政许可法》第四十五条"), TB_NONE, NULL);
    const tb_move *m = p->extension_n ? &p->moves.items[p->extension_move] : NULL;
    if (m && !issues(p, m, any))
        tb__failed(w, TB_E_DUTY_TOLD, m->span, m->act, TB_STR("《行政许可法》第四十二条第一款"), TB_NONE, NULL);
}

/* An act that ends an inspection, and that one person of another post may do (由 X): it issues the record, or completes what was an obligation. */
static bool concludes_alone(const tb_program *p, const tb_move *m) {
    static const char *const any[] = {"", NULL};
    return tb__completes(m) && m->posts && tb__organs_act(p, m) && (issues(p, m, any) || !m->target.n);
}

/* 34(3): two or more for looking into the substance. */
bool tb__is_inspection(const tb_step_def *s) {
    static const char *const words[] = {"核查", "现场检查", "实地检查", "勘验", NULL};
    bool inspects = false;
    for (int k = 0; words[k]; k++) inspects |= tb__holds_word(s->name, words[k]);
    return inspects;
}

static void inspectors(tb__proof *w) {
    const tb_str article = TB_STR("《行政许可法》第三十四条第三款");
    for (uint32_t i = 0; i < w->p->steps.count; i++) {
        const tb_step_def *s = &w->p->steps.items[i];
        if (!tb__is_inspection(s)) continue;
        if (s->persons < 2 && !s->all) tb__failed(w, TB_E_DUTY_TWO, s->span, s->name, article, TB_NONE, NULL);
        for (uint32_t k = 0; k < w->p->moves.count; k++)
            if (w->p->moves.items[k].step == i && concludes_alone(w->p, &w->p->moves.items[k]))
                tb__failed(w, TB_E_DUTY_TWO, w->p->moves.items[k].span, s->name, article, TB_NONE, NULL);
    }
}

/* 45: the ground is needed by an article that asks for it, not by the one that excludes its time. What an article says is its gist in the law's
 * file. */
static void needed(tb__proof *w) {
    static const char *const grounds[] = {"听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "专家评审"};
    for (uint32_t i = 0; i < w->p->steps.count; i++) {
        const tb_step_def *s = &w->p->steps.items[i];
        const tb_citation *c = NULL;
        for (uint32_t k = 0; s->why_needed && k < w->p->citations.count; k++)
            if (w->p->citations.items[k].law == s->why_needed) c = &w->p->citations.items[k];
        if (!s->excludes || !c || c->open || !c->gist.n) continue;
        const char *ground = NULL;
        bool asks = false;
        for (size_t k = 0; k < sizeof grounds / sizeof *grounds; k++)
            if (tb__holds_word(s->name, grounds[k])) ground = grounds[k], asks |= tb__holds_word(c->gist, ground);
        bool excludes_it = s->why_excluded && tb_str_eq(s->why_excluded->law, c->law->law) && s->why_excluded->article == c->law->article;
        if (ground && (!asks || excludes_it)) tb__failed(w, TB_E_DUTY_NEED, s->span, c->text, tb_str_z(ground), TB_NONE, NULL);
    }
}

/* 更正 takes an act back as if it had not been (people.c): the state before is one the graph holds, so that everything proved of it holds
 * again, and time is not given back. What the applicant has in hand cannot be taken back so: after 送达 a decision is changed by another. */
static void corrections(tb__proof *w, const tb_move *m) {
    uint64_t recorded = 0;
    if (!m->correct_n) return;
    w->scratch.count = 0;
    tb__records_of_move(w, m, false, &recorded, &w->scratch);
    if (recorded >> TB_M_SERVED & 1) tb__failed(w, TB_E_DUTY_CORRECT_SERVED, m->span, m->act, TB_NONE, TB_NONE, NULL);
}

/* M17: an organ acts by its own posts, where it is. Two roles taken from one place are one. Without a 主体 a step is where its first post is. */
static void organs(tb__proof *w) {
    const tb_program *p = w->p;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const tb_step_def *s = &p->steps.items[i];
        for (uint32_t k = 0; k < s->posts_n && s->place != TB_NO_INDEX && (k == 0 || s->duty.n); k++) {
            uint32_t at = p->posts.items[s->posts[k]].place;
            if (at == TB_NO_INDEX || at == s->place || one_place(p, at, s->place)) continue;
            tb__failed(w, TB_E_DUTY_ORGAN, s->span, s->name, p->places.items[s->place].name, p->posts.items[s->posts[k]].name, NULL);
            break;
        }
    }
}

static const struct {
    void (*move)(tb__proof *w, const tb_move *m);
    void (*paths)(tb__proof *w);
    bool licences;
} duties[] = {
    {reasons, NULL, true},        {place, NULL, false},     {one_notice, NULL, true}, {NULL, written, true},
    {NULL, accepted_first, true}, {NULL, tb__prove_documents, true}, {NULL, no_return, false}, {NULL, inspectors, true}, {NULL, tb__prove_service, true},
    {NULL, hearings, true},       {NULL, hearing_notice, true}, {NULL, hearing_day, true}, {NULL, told_of_time, true},
    {NULL, needed, true},         {NULL, organs, false},          {NULL, tb__prove_promises, false},
    {corrections, NULL, false},   {NULL, tb__prove_one_notice, true}, {NULL, tb__prove_silence, true},
    {NULL, tb__prove_records, true}, {NULL, tb__prove_hearing_limit, true},
};

void tb__prove_duties(tb__proof *w) {
    bool licence = tb_str_is(w->p->kind, "行政许可");
    for (size_t i = 0; i < sizeof duties / sizeof *duties; i++) {
        if (duties[i].licences && !licence) continue;
        for (uint32_t k = 0; duties[i].move && k < w->p->moves.count; k++) duties[i].move(w, &w->p->moves.items[k]);
        if (duties[i].paths && w->g.complete) duties[i].paths(w);
    }
}
