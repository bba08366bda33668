/* A matter's tables: fields, materials, modes, places, posts, documents, milestones, steps, clocks — everything but the
 * moves.
 *
 * Order matters only where names are needed: fields before the places taken from them, places before the posts that sit
 * there, documents before the steps that issue them. Milestones are collected from wherever they are set; what refers
 * to one that nothing sets is an error in check.c. Fixed names have English twins (submitted, decided …) so that an
 * English text reads as one. */
#include "compile_work.h"
#include "table.h"
#include <string.h>

tb_str tb__fixed_name(tb_str s) {
    static const struct {
        const char *en, *zh;
    } names[] = {{"submitted", "提交"},
                 {"filed", "提交"},
                 {"file", "提交"},
                 {"received", "收到材料"},
                 {"notified", "告知"},
                 {"accepted", "受理"},
                 {"decided", "决定"},
                 {"served", "送达"},
                 {"closed", "办结"},
                 {"overdue", "逾期"},
                 {"all-completed", "均办结"},
                 {"any-rejected", "任一不予"},
                 {"any-completed", "任一办结"},
                 {"interrupted-step", "原环节"},
                 {"applicant", "申请人"},
                 {"place-of-submission", "提交地"},
                 {"filing-place", "提交地"},
                 {"the-authority", "实施主体"},
                 {"filing-date", "申请日"},
                 {"day-of-application", "申请日"},
                 {"same-day", "当日收到"},
                 {"next-workday", "次一工作日收到"},
                 {"online", "全程网办"},
                 {"remind", "提醒"},
                 {"yellow-card", "黄牌"},
                 {"red-card", "红牌"},
                 {"task-taken", "接受任务"},
                 {"均完成", "均办结"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tb_str_is(s, names[i].en)) return tb_str_z(names[i].zh);
    return s;
}

static tb_str text_of(const tb_part *p) { return p && p->names.count ? p->names.items[0].text : TB_NONE; }

static const tb_clause *find_clause(const tb_section *s, enum tb_clause_kind kind) {
    for (uint32_t i = 0; i < s->clauses.count; i++)
        if (s->clauses.items[i].kind == kind) return &s->clauses.items[i];
    return NULL;
}

uint32_t tb__milestone_of(tb_arena *a, tb_program *p, tb_str name) {
    uint32_t at;
    name = tb__fixed_name(name);
    TB__FIND(p->milestones, .name, name, at);
    if (at == TB_NO_INDEX && tb_str_ends(name, "-received")) { /* home-received: 收到 at the place 「home」 */
        tb_str place = {name.p, name.n - (uint32_t)strlen("-received")};
        TB__FIND(p->milestones, .name, tb_str_printf(a, "%.*s收到", TB_FMT(place)), at);
    }
    if (at != TB_NO_INDEX) return at;
    if (p->milestones.count <= TB_MILESTONES)
        TB_PUSH(a, p->milestones)->name = name; /* one too many is kept, so that few() sees it */
    return p->milestones.count - 1;
}

static bool cut(tb_str *s, const char *prefix) {
    size_t n = strlen(prefix);
    if (!tb_str_starts(*s, prefix) || s->n == n) return false;
    s->p += n;
    s->n -= (uint32_t)n;
    return true;
}

uint32_t tb__milestone_ref(tb__matter *m, tb_str text, bool *first) {
    *first = false;
    text = tb__fixed_name(text);
    if (tb_str_is(text, "接受任务")) return TB_NO_INDEX;
    for (uint32_t i = 0; i < m->p->milestones.count; i++) /* a matter's own milestone may be called 首次… itself */
        if (tb_str_eq(m->p->milestones.items[i].name, text)) return i;
    if (cut(&text, "最近一次") || cut(&text, "last-") || cut(&text, "latest-")) *first = false;
    else if (cut(&text, "首次") || cut(&text, "first-")) *first = true;
    if (tb_str_is(text, "告知送达")) text = TB_STR("告知");
    return tb__milestone_of(m->c->a, m->p, text);
}

static uint32_t own_place(const tb__matter *m, uint32_t place) {
    const tb_role_place *r = &m->p->places.items[place];
    bool own = m->item && r->items && tb_str_eq(m->p->fields.items[r->field].name, m->item_field);
    return own ? place + m->item : place;
}

uint32_t tb__post_named(tb__matter *m, const tb_name *n) {
    uint32_t at;
    TB__FIND(m->p->posts, .name, tb__fixed_name(n->text), at);
    if (at == TB_NO_INDEX) return TB__REPORT(m, UNKNOWN_POST, n->span, n->text, TB_NONE, TB_NONE), at;
    if (m->post_used) m->post_used[at] = 1;
    uint32_t place = m->p->posts.items[at].place;
    return place == TB_NO_INDEX ? at : at + (own_place(m, place) - place);
}

uint32_t tb__place_named(tb__matter *m, const tb_name *n) {
    uint32_t at;
    TB__FIND(m->p->places, .name, n->text, at);
    if (at == TB_NO_INDEX) return TB__REPORT(m, UNKNOWN_PLACE, n->span, n->text, TB_NONE, TB_NONE), at;
    return own_place(m, at);
}

uint32_t tb__place_here(tb__matter *m, const tb_name *n) {
    uint32_t at = tb__place_named(m, n);
    if (at == TB_NO_INDEX || !m->p->places.items[at].items) return at;
    return TB__REPORT(m, EACH_PLACE, n->span, n->text, m->p->fields.items[m->p->places.items[at].field].name, TB_NONE),
           TB_NO_INDEX;
}

uint32_t tb__post_here(tb__matter *m, const tb_name *n) {
    uint32_t at = tb__post_named(m, n), place = at == TB_NO_INDEX ? TB_NO_INDEX : m->p->posts.items[at].place;
    if (place == TB_NO_INDEX || !m->p->places.items[place].items) return at;
    return TB__REPORT(m, EACH_PLACE, n->span, n->text, m->p->fields.items[m->p->places.items[place].field].name,
                      TB_NONE),
           TB_NO_INDEX;
}

uint32_t tb__document_named(tb__matter *m, const tb_name *n) {
    uint32_t at;
    TB__FIND(m->p->documents, .name, n->text, at);
    if (at == TB_NO_INDEX) TB__REPORT(m, UNKNOWN_DOCUMENT, n->span, n->text, TB_NONE, TB_NONE);
    else if (m->document_used) m->document_used[at] = 1;
    return at;
}

/* M18: a citation is checked against the law's file; 待核 says the author knows it is open. */
void tb__cite(tb__matter *m, const tb_clause *c, const tb_law_refs *laws) {
    for (uint32_t i = 0; i < laws->count && !c->pending; i++) {
        const tb_law_ref *ref = &laws->items[i];
        const tb_section *law = tb__law_for(m->c, ref->span.file, ref);
        if (!law) TB__REPORT(m, LAW_UNKNOWN, ref->span, ref->law, TB_NONE, TB_NONE);
        else if (ref->article && !tb__article_of(law, ref))
            TB__REPORT(m, ARTICLE_UNKNOWN, ref->span, ref->law, tb_source_text(m->p->sources, ref->span), TB_NONE);
    }
}

/* What the law's file says of a citation, for those who read the matter. */
static void keep_citation(tb__matter *m, const tb_section *in, const tb_clause *c, const tb_law_ref *ref, bool why) {
    const tb_section *law = tb__law_for(m->c, ref->span.file, ref);
    const tb_clause *article = law && ref->article ? tb__article_of(law, ref) : NULL;
    const tb_clause *rank = law ? find_clause(law, TB_C_RANK) : NULL;
    const tb_part *limit = article ? tb_part_of(article, c->kind == TB_C_EXTENSION ? TB_P_EXTEND : TB_P_LIMIT) : NULL;
    const tb_clause *actors = find_clause(in, TB_C_ACTORS);
    *TB_PUSH(m->c->a, m->p->citations) =
        (tb_citation){.law = ref,
                      .says = c->duration,
                      .allows = limit ? limit->duration : (tb_duration){0},
                      .applicant = actors && actors->names.count &&
                                   (tb_str_is(actors->names.items[0].text, "申请人") ||
                                    tb_str_is(actors->names.items[0].text, "applicant")),
                      .text = tb_source_text(m->p->sources, ref->span),
                      .rank = rank && rank->names.count ? rank->names.items[0].text : TB_NONE,
                      .gist = article ? text_of(tb_part_of(article, TB_P_TEXT)) : TB_NONE,
                      .clause = c->span,
                      .kind = c->kind,
                      .open = c->pending || (article && article->pending),
                      .why = why,
                      .exact = article && article->article.paragraph == ref->paragraph && article->article.item == ref->item,
                      .section = law,
                      .article = article,
                      .citing = c,
                      .in = in->name.text};
}

static void keep_citations(tb__matter *m, const tb_section *in, const tb_clause *c, const tb_part *part) {
    bool why = part->kind == TB_P_GROUND;
    for (uint32_t i = 0; i < part->laws.count; i++) keep_citation(m, in, c, &part->laws.items[i], why);
    for (uint32_t i = 0; (part->kind == TB_P_BASIS || part->kind == TB_P_GROUND) && i < part->names.count; i++)
        *TB_PUSH(m->c->a, m->p->citations) = (tb_citation){
            .text = part->names.items[i].text, .clause = c->span, .kind = c->kind, .open = c->pending, .why = why};
}

static void cite_all(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        if (s->pending) *TB_PUSH(m->c->a, m->p->pending) = s->span;
        for (uint32_t k = 0; k < s->clauses.count; k++) {
            const tb_clause *c = &s->clauses.items[k];
            if (c->pending) *TB_PUSH(m->c->a, m->p->pending) = c->span;
            for (uint32_t n = 0; n < c->parts.count; n++) {
                tb__cite(m, c, &c->parts.items[n].laws);
                keep_citations(m, s, c, &c->parts.items[n]);
            }
        }
    }
}

static const tb_law_ref *law_of(const tb_clause *c, enum tb_part_kind kind) {
    const tb_part *p = tb_part_of(c, kind);
    return p && p->laws.count ? &p->laws.items[0] : NULL;
}

/* ---- 申请表, 申请材料 ---- */

static void add_field(tb__matter *m, const tb_clause *c) {
    uint32_t at;
    if (m->p->fields.count > TB_FIELDS) return; /* one too many is told */
    if (c->names.count < 2) return;
    TB__FIND(m->p->fields, .name, c->names.items[0].text, at);
    tb_field f = tb__field_of(m->c, c);
    if (at == TB_NO_INDEX) *TB_PUSH(m->c->a, m->p->fields) = f;
    else
        TB__REPORT(m, DUPLICATE, c->names.items[0].span, f.name, TB_NONE, TB_NONE)->other = m->p->fields.items[at].span;
}

/* 若 of fields and materials, once every field and table is known. 必填，若 C: C may read the form, not what happens later.
 * A field so required may be absent, so reading it needs 已填. */
static void form_conditions(tb__matter *m) {
    tb_program *p = m->p;
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            const tb_part *when = tb_part_of(c, TB_P_IF);
            uint32_t at;
            if ((c->kind != TB_C_FIELD && c->kind != TB_C_MATERIAL) || !when || !when->expr || !c->names.count)
                continue;
            const tb_condition *condition = tb_condition_check(m->c->a, p, when->expr, m->c->d);
            tb_str text = tb_source_text(p->sources, when->expr->span);
            if (condition && tb__asks_case(condition))
                TB__REPORT(m, FORM_CONDITION, when->span, c->names.items[0].text, TB_NONE, TB_NONE);
            if (c->kind == TB_C_MATERIAL) {
                TB__FIND(p->materials, .name, c->names.items[0].text, at);
                if (at != TB_NO_INDEX) p->materials.items[at].when = text;
                continue;
            }
            TB__FIND(p->fields, .name, c->names.items[0].text, at);
            if (at == TB_NO_INDEX || !condition) continue;
            if (!tb_part_of(c, TB_P_REQUIRED))
                TB__REPORT(m, FIELD_WHEN, when->span, c->names.items[0].text, TB_NONE, TB_NONE);
            p->fields.items[at].when = condition;
            p->fields.items[at].when_text = text;
        }
}

static void add_material(tb__matter *m, const tb_clause *c) {
    uint32_t at;
    if (m->p->materials.count > TB_MATERIALS) return; /* one too many is told */
    TB__FIND(m->p->materials, .name, c->names.items[0].text, at);
    if (at != TB_NO_INDEX) {
        TB__REPORT(m, DUPLICATE, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE)->other =
            m->p->materials.items[at].span;
        return;
    }
    *TB_PUSH(m->c->a, m->p->materials) = (tb_material){.name = c->names.items[0].text,
                                                       .needed = tb_part_of(c, TB_P_NEEDED) != NULL,
                                                       .electronic = tb_part_of(c, TB_P_ELECTRONIC) != NULL,
                                                       .exempt = tb_part_of(c, TB_P_EXEMPT) != NULL,
                                                       .deferrable = tb_part_of(c, TB_P_DEFERRABLE) != NULL,
                                                       .promisable = tb_part_of(c, TB_P_PROMISABLE) != NULL,
                                                       .only = text_of(tb_part_of(c, TB_P_ONLY)),
                                                       .span = c->span};
}

static void add_document(tb__matter *m, const tb_clause *c) {
    uint32_t at;
    if (m->p->documents.count > TB_DOCUMENTS) return; /* one too many is told */
    TB__FIND(m->p->documents, .name, c->names.items[0].text, at);
    if (at != TB_NO_INDEX) {
        TB__REPORT(m, DUPLICATE, c->names.items[0].span, c->names.items[0].text, TB_NONE, TB_NONE)->other =
            m->p->documents.items[at].span;
        return;
    }
    tb_document d = {.name = c->names.items[0].text, .seal = text_of(tb_part_of(c, TB_P_SEAL)), .span = c->span};
    uint32_t *records = TB_NEW_ARRAY(m->c->a, TB_MILESTONES, uint32_t);
    for (uint32_t i = 0; i < c->parts.count; i++)
        for (uint32_t k = 0;
             c->parts.items[i].kind == TB_P_RECORD && k < c->parts.items[i].names.count && d.records_n < TB_MILESTONES;
             k++)
            records[d.records_n++] = tb__milestone_of(m->c->a, m->p, c->parts.items[i].names.items[k].text);
    d.records = records;
    *TB_PUSH(m->c->a, m->p->documents) = d;
}

/* ---- 事项 ---- */

static void head_clause(tb__matter *m, const tb_clause *c) {
    tb_program *p = m->p;
    tb_arena *a = m->c->a;
    switch (c->kind) {
    case TB_C_VERSION: {
        const tb_part *from = tb_part_of(c, TB_P_EFFECTIVE), *applies = tb_part_of(c, TB_P_APPLIES);
        p->version = c->names.count ? c->names.items[0].text : TB_NONE;
        if (from) p->effective = from->day;
        if (applies && !tb_str_is(tb__fixed_name(text_of(applies)), "申请日"))
            TB__REPORT(m, VERSION_RULE, applies->span, text_of(applies), TB_NONE, TB_NONE); /* M19 */
        break;
    }
    case TB_C_KIND: p->kind = c->names.items[0].text, p->kind_span = c->span; break;
    case TB_C_SERVICE: p->service = c->names.items[0].text; break;
    case TB_C_MODES:
        p->modes_span = c->span;
        for (uint32_t i = 0; i < c->names.count; i++) {
            uint32_t at;
            TB__FIND(p->modes, .name, c->names.items[i].text, at);
            if (at != TB_NO_INDEX)
                TB__REPORT(m, DUPLICATE, c->names.items[i].span, c->names.items[i].text, TB_NONE, TB_NONE);
            else if (p->modes.count == TB_MODES)
                TB__REPORT(m, TOO_MANY, c->span, TB__SAY(m, "办理模式", "modes"), tb_str_printf(a, "%d", TB_MODES),
                           TB_NONE);
            else TB_PUSH(a, p->modes)->name = c->names.items[i].text;
        }
        break;
    case TB_C_PLACE: {
        uint32_t at;
        const tb_name *role = &c->names.items[0], *from = &c->names.items[1];
        tb_role_place r = {.name = role->text, .span = c->span, .field = TB_NO_INDEX};
        TB__FIND(p->places, .name, role->text, at);
        if (at != TB_NO_INDEX) {
            TB__REPORT(m, DUPLICATE, role->span, role->text, TB_NONE, TB_NONE)->other = p->places.items[at].span;
            break;
        }
        TB__FIND(p->fields, .name, from->text, at);
        tb_str fixed = tb__fixed_name(from->text);
        if (at != TB_NO_INDEX) r.from = TB_PLACE_FIELD, r.field = at, p->fields.items[at].placed = true;
        else if (tb_str_is(fixed, "提交地")) r.from = TB_PLACE_SUBMISSION;
        else if (tb_str_is(fixed, "实施主体")) r.from = TB_PLACE_ORGAN;
        const tb_field *f = at == TB_NO_INDEX ? NULL : &p->fields.items[at];
        enum tb_type type = !f ? 0 : f->type == TB_T_LIST ? f->item : f->type;
        bool placed = !f || ((type == TB_T_ADDRESS || type == TB_T_DIVISION) && f->required);
        if (f && f->type == TB_T_LIST && placed && !(r.items = tb__each_most(m, f->name)))
            TB__REPORT(m, EACH_FIELD, from->span, from->text, tb_str_printf(a, "%d", TB_EACH), TB_NONE);
        if (!r.from || !placed) TB__REPORT(m, PLACE_SOURCE, from->span, from->text, TB_NONE, TB_NONE);
        r.received = tb__milestone_of(a, p, tb_str_printf(a, "%.*s收到", TB_FMT(role->text)));
        *TB_PUSH(a, p->places) = r;
        for (uint32_t most = r.items, k = 1; k <= most; k++) {
            r.name = tb_str_printf(a, "%.*s·%u", TB_FMT(role->text), k);
            r.items = 0;
            r.item = k;
            r.received = tb__milestone_of(a, p, tb_str_printf(a, "%.*s收到", TB_FMT(r.name)));
            *TB_PUSH(a, p->places) = r;
        }
        break;
    }
    default: break;
    }
}

/* A post at the places of a list is one at each of them, under one name: who acts says which by where. */
static void add_post(tb__matter *m, tb_str name, uint32_t place, tb_span span) {
    tb_program *p = m->p;
    uint32_t copies = place == TB_NO_INDEX ? 0 : p->places.items[place].items;
    for (uint32_t k = 0; k <= copies; k++) *TB_PUSH(m->c->a, p->posts) = (tb_post){name, place + k, span, k > 0};
}

static void add_posts(tb__matter *m) {
    tb_program *p = m->p;
    *TB_PUSH(m->c->a, p->posts) = (tb_post){TB_STR("申请人"), TB_NO_INDEX, m->head->span, false};
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        if (c->kind != TB_C_POSTS) continue;
        const tb_part *at = tb_part_of(c, TB_P_AT);
        uint32_t place = at && at->names.count ? tb__place_named(m, &at->names.items[0]) : p->authority_place;
        if (place == TB_NO_INDEX && !at)
            TB__REPORT(m, UNKNOWN_PLACE, c->span, TB__SAY(m, "属地", "home"), TB_NONE,
                       TB_NONE); /* it would sit where the applicant is */
        for (uint32_t k = 0; k < c->names.count; k++) {
            uint32_t known;
            TB__FIND(p->posts, .name, c->names.items[k].text, known);
            if (known != TB_NO_INDEX)
                TB__REPORT(m, DUPLICATE, c->names.items[k].span, c->names.items[k].text, TB_NONE, TB_NONE)->other =
                    p->posts.items[known].span;
            else if (p->posts.count <= TB_POSTS) add_post(m, c->names.items[k].text, place, c->names.items[k].span);
        }
    }
    /* Who approves extensions sits where the authority is (行政许可法 42), declared or not. */
    const tb_clause *x = find_clause(m->head, TB_C_EXTENSION);
    const tb_part *by = x ? tb_part_of(x, TB_P_BEFORE_EXPIRY) : NULL;
    for (uint32_t i = 0; by && i < by->names.count; i++) {
        uint32_t known;
        TB__FIND(p->posts, .name, by->names.items[i].text, known);
        if (known == TB_NO_INDEX)
            *TB_PUSH(m->c->a, p->posts) =
                (tb_post){by->names.items[i].text, p->authority_place, by->names.items[i].span, false};
    }
    tb__outside_post(m);
    m->post_used = TB_NEW_ARRAY(m->c->a, p->posts.count, uint8_t);
    m->post_used[TB_POST_APPLICANT] = m->post_used[p->outside] = 1;
}

/* 属地 审批局: an organ with that duty must be somewhere, or no application would ever be taken. */
static void duty_known(tb__matter *m, const tb_name *duty) {
    const tb_directory *d = m->c->directory;
    bool found = !d;
    for (uint32_t i = 0; !found && i < tb_directory_organs(d); i++)
        found = tb_str_eq(tb_directory_organ_at(d, i)->duty, duty->text);
    if (!found) TB__REPORT(m, DUTY_UNKNOWN, duty->span, duty->text, TB_NONE, TB_NONE);
}

static void authority(tb__matter *m) {
    tb_program *p = m->p;
    const tb_clause *c = find_clause(m->head, TB_C_AUTHORITY);
    uint32_t seat;
    TB__FIND(p->places, .name, TB_STR("属地"), seat);
    if (seat == TB_NO_INDEX) TB__FIND(p->places, .name, TB_STR("home"), seat);
    p->authority_place = seat;
    p->authority_span = c ? c->span : m->head->name.span;
    p->authority_seal = c ? text_of(tb_part_of(c, TB_P_SEAL)) : TB_NONE;
    if (!c) {
        TB__REPORT(m, MISSING_CLAUSE, m->head->name.span, p->matter, TB__SAY(m, "实施主体", "authority"),
                   TB__SAY(m, "实施主体 市中区行政审批服务局，依《行政许可法》第二十五条，待核。",
                           "authority 市中区行政审批服务局, under 《行政许可法》第二十五条, unverified."));
    } else if (c->names.count >= 2) {
        p->authority_place = tb__place_here(m, &c->names.items[0]);
        if (p->authority_place != TB_NO_INDEX &&
            p->places.items[p->authority_place].from == TB_PLACE_ORGAN) /* it would be where it is */
            TB__REPORT(m, PLACE_SOURCE, p->places.items[p->authority_place].span,
                       p->places.items[p->authority_place].name, TB_NONE, TB_NONE);
        p->authority_duty = c->names.items[1].text;
        duty_known(m, &c->names.items[1]);
    } else if (c->names.count == 1) {
        p->authority = c->names.items[0].text;
        if (m->c->directory && !tb_directory_organ_named(m->c->directory, p->authority))
            TB__REPORT(m, ORGAN_UNKNOWN, c->names.items[0].span, p->authority, TB_NONE, TB_NONE);
        if (seat == TB_NO_INDEX) TB__REPORT(m, NO_SEAT, c->span, p->authority, TB_NONE, TB_NONE);
    }
}

static uint32_t copies_of(const tb_program *p, uint32_t post) {
    uint32_t place = p->posts.items[post].place;
    return place == TB_NO_INDEX ? 0 : p->places.items[place].items;
}

static void separations(tb__matter *m) {
    for (uint32_t i = 0; i < m->head->clauses.count; i++) {
        const tb_clause *c = &m->head->clauses.items[i];
        if (c->kind != TB_C_SEPARATE) continue;
        if (c->names.count < 2) TB__REPORT(m, SEPARATE_ONE, c->span, TB_NONE, TB_NONE, TB_NONE);
        for (uint32_t x = 1; x < c->names.count; x++)
            for (uint32_t y = 0; y < x; y++)
                if (tb_str_eq(c->names.items[x].text, c->names.items[y].text)) /* nobody could act twice in it */
                    TB__REPORT(m, DUPLICATE, c->names.items[x].span, c->names.items[x].text, TB_NONE, TB_NONE)->other = c->names.items[y].span;
        for (uint32_t x = 0; x < c->names.count; x++)
            for (uint32_t y = x + 1; y < c->names.count; y++) {
                uint32_t a = tb__post_named(m, &c->names.items[x]), b = tb__post_named(m, &c->names.items[y]);
                if (a == TB_NO_INDEX || b == TB_NO_INDEX) continue;
                uint32_t at_a = copies_of(m->p, a), at_b = copies_of(m->p, b);
                for (uint32_t i_a = at_a > 0; i_a <= at_a; i_a++)
                    for (uint32_t i_b = at_b > 0; i_b <= at_b; i_b++)
                        if (i_a == i_b || m->p->posts.items[a].place != m->p->posts.items[b].place)
                            *TB_PUSH(m->c->a, m->p->separations) = (tb_separation){a + i_a, b + i_b, c->span};
            }
    }
}

/* ---- limits ---- */

/* By unit; 分钟 are no limit of people. */
static const int unit_limits[] = {0, 3650, 36500, 8760, 1200, 100, 0, 8760};
enum { UNITS = sizeof unit_limits / sizeof *unit_limits };

bool tb__limit_fits(int n, enum tb_unit unit, int *most) {
    *most = (unsigned)unit < UNITS ? unit_limits[unit] : 0;
    return n >= 1 && n <= *most;
}

bool tb__fill_limit(tb__matter *m, const tb_clause *c, tb_clock_def *d) {
    if (c->names.count && !c->duration.unit) return false; /* left open outside a template: said */
    d->n = c->duration.n;
    d->unit = (enum tb_unit)c->duration.unit;
    d->span = c->span;
    d->law = law_of(c, TB_P_BASIS);
    d->roll = tb_part_of(c, TB_P_ROLL) != NULL;
    d->keep = tb_part_of(c, TB_P_KEEP) != NULL;
    if (d->unit == TB_MINUTES) return false; /* shape.c has said so */
    int most;
    if (!tb__limit_fits(d->n, d->unit, &most)) {
        TB__REPORT(m, LIMIT_RANGE, c->span, tb_str_printf(m->c->a, "%d", most), TB_NONE, TB_NONE);
        return false;
    }
    const tb_part *calendar = tb_part_of(c, TB_P_CALENDAR);
    if (calendar && calendar->names.count) d->place = tb__place_here(m, &calendar->names.items[0]);
    return true;
}

static void span_limits(tb__matter *m) {
    static const struct {
        enum tb_clause_kind clause;
        enum tb_clock_kind kind;
        const char *name;
    } spans[] = {{TB_C_STATUTORY, TB_CLOCK_STATUTORY, "法定期限"}, {TB_C_PROMISED, TB_CLOCK_PROMISED, "承诺期限"}};
    tb_program *p = m->p;
    for (uint32_t i = 0; i < m->head->clauses.count; i++)
        for (size_t k = 0; k < sizeof spans / sizeof *spans; k++) {
            const tb_clause *c = &m->head->clauses.items[i];
            if (c->kind == spans[k].clause && c->none && spans[k].kind == TB_CLOCK_STATUTORY)
                p->no_statutory = true, p->no_statutory_span = c->span;
            if (c->kind != spans[k].clause || c->none) continue;
            tb_clock_def d = {.kind = spans[k].kind,
                              .step = TB_NO_INDEX,
                              .place = p->authority_place,
                              .name = tb_str_z(spans[k].name)};
            uint32_t same = 1;
            for (uint32_t n = 0; n < p->clocks.count; n++) same += p->clocks.items[n].kind == d.kind;
            if (same > 1) d.name = tb_str_printf(m->c->a, "%s%u", spans[k].name, same);
            const tb_part *from = tb_part_of(c, TB_P_FROM);
            bool first = false;
            d.from =
                from && from->names.count ? tb__milestone_ref(m, from->names.items[0].text, &first) : TB_M_ACCEPTED;
            d.first = first;
            d.to =
                from && from->names.count > 1 ? tb__milestone_ref(m, from->names.items[1].text, &first) : TB_M_DECIDED;
            if (d.from == TB_NO_INDEX) d.from = TB_M_ACCEPTED;
            if (tb__fill_limit(m, c, &d)) *TB_PUSH(m->c->a, p->clocks) = d;
        }
    p->adjusts = find_clause(m->head, TB_C_ADJUSTMENT) != NULL;
    const tb_clause *x = find_clause(m->head, TB_C_EXTENSION);
    if (!x) return;
    p->extension_n = x->duration.n;
    p->extension_unit = (enum tb_unit)x->duration.unit;
    tb__reach_extension(m, x);
    bool statutory = false;
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        if (p->clocks.items[i].kind != TB_CLOCK_STATUTORY) continue;
        statutory = true;
        if (p->clocks.items[i].unit != p->extension_unit && !p->clocks.items[i].fixed)
            TB__REPORT(m, EXTENSION_UNIT, x->span, TB_NONE, TB_NONE, TB_NONE);
    }
    if (!statutory) TB__REPORT(m, EXTENSION_ALONE, x->span, TB_NONE, TB_NONE, TB_NONE);
    int most;
    if (!tb__limit_fits(p->extension_n, p->extension_unit, &most))
        TB__REPORT(m, LIMIT_RANGE, x->span, tb_str_printf(m->c->a, "%d", most), TB_NONE, TB_NONE);
}

/* ---- 环节 ---- */

static uint64_t step_modes(tb__matter *m, const tb_section *s) {
    uint64_t modes = 0;
    if (!s->only.count) return ~(uint64_t)0;
    for (uint32_t i = 0; i < s->only.count; i++) {
        uint32_t at;
        TB__FIND(m->p->modes, .name, s->only.items[i].text, at);
        if (at == TB_NO_INDEX)
            TB__REPORT(m, UNKNOWN_MODE, s->only.items[i].span, s->only.items[i].text, TB_NONE, TB_NONE);
        else modes |= (uint64_t)1 << at;
    }
    return modes;
}

static void exclusion(tb__matter *m, tb_step_def *s, const tb_clause *c) {
    s->excludes = true;
    s->excluded_span = c->span;
    s->why_excluded = law_of(c, TB_P_BASIS);
    s->why_needed = law_of(c, TB_P_GROUND);
    const tb_part *issue = tb_part_of(c, TB_P_ISSUE);
    if (issue) {
        uint32_t *notices = TB_NEW_ARRAY(m->c->a, issue->names.count, uint32_t);
        for (uint32_t i = 0; i < issue->names.count; i++) {
            uint32_t d = tb__document_named(m, &issue->names.items[i]);
            if (d != TB_NO_INDEX) notices[s->notices_n++] = d;
        }
        s->notices = notices;
    }
    /* 行政许可法 45: a closed list; the ground is what the step is called. */
    const tb_section *law = s->why_excluded ? tb__law_for(m->c, s->why_excluded->span.file, s->why_excluded) : NULL;
    const tb_clause *article = law ? tb__article_of(law, s->why_excluded) : NULL;
    const tb_part *grounds = article ? tb_part_of(article, TB_P_EXCLUDES) : NULL;
    bool listed = false;
    for (uint32_t i = 0; grounds && i < grounds->names.count && !listed; i++) {
        tb_str g = grounds->names.items[i].text;
        for (uint32_t k = 0; k + g.n <= s->name.n && !listed; k++) listed = memcmp(s->name.p + k, g.p, g.n) == 0;
    }
    tb__reach(m, s, law, article);
    if (article && !listed && !c->pending)
        TB__REPORT(m, GROUND_NOT_LISTED, s->why_excluded->span, tb_source_text(m->p->sources, s->why_excluded->span),
                   s->name, TB_NONE);
}

/* 现场必须 (M16): whoever must come cannot do it 全程网办, so the step may not exist in that mode. */
static void on_site(tb__matter *m, tb_step_def *s, const tb_clause *c) {
    const tb_part *why = tb_part_of(c, TB_P_GROUND);
    s->on_site = true;
    s->on_site_span = c->span;
    s->on_site_why = text_of(why);
    if (why && why->laws.count) s->on_site_why = tb_source_text(m->p->sources, why->laws.items[0].span);
    for (uint32_t i = 0; i < m->p->modes.count; i++)
        if (tb_str_is(tb__fixed_name(m->p->modes.items[i].name), "全程网办") && (s->modes >> i & 1))
            TB__REPORT(m, ON_SITE_ONLINE, c->head, s->name, m->p->modes.items[i].name, TB_NONE);
}

static void fill_step(tb__matter *m, const tb_section *section, uint32_t index) {
    tb_program *p = m->p;
    tb__enter_copy(m, section);
    tb_step_def s = p->steps.items[index];
    const tb_clause *limit = NULL;
    for (uint32_t i = 0; i < section->clauses.count; i++) {
        const tb_clause *c = &section->clauses.items[i];
        if (c->kind == TB_C_ACTORS) {
            uint32_t *posts = TB_NEW_ARRAY(m->c->a, c->names.count, uint32_t);
            for (uint32_t k = 0; k < c->names.count; k++) {
                uint32_t post = tb__post_here(m, &c->names.items[k]);
                if (post != TB_NO_INDEX) posts[s.posts_n++] = post;
            }
            s.posts = posts;
            s.all = c->all && c->names.count > 1;
            const tb_part *persons = tb_part_of(c, TB_P_PERSONS);
            if (persons && persons->number > 1) s.persons = persons->number;
        } else if (c->kind == TB_C_ORGAN && c->names.count) {
            s.place = tb__place_here(m, &c->names.items[0]);
            s.duty = c->names.count > 1 ? c->names.items[1].text : TB_NONE;
            if (s.duty.n) duty_known(m, &c->names.items[1]);
            s.seal = text_of(tb_part_of(c, TB_P_SEAL));
        } else if (c->kind == TB_C_EXCLUSION) {
            exclusion(m, &s, c);
        } else if (c->kind == TB_C_ON_SITE) {
            on_site(m, &s, c);
        } else if (c->kind == TB_C_HELD) {
            tb__held_add(m, &s, index, c);
        } else if (c->kind == TB_C_LIMIT) {
            limit = c;
        }
    }
    tb_clock_def wait = {.kind = TB_CLOCK_STEP, .step = index, .to = TB_NO_INDEX, .from = TB_NO_INDEX, .name = s.name};
    tb__outside_fill(m, section, &s, index, &wait);
    if (!s.posts_n && tb__outside_step(section)) { /* nobody but the other side acts here */
        uint32_t *posts = TB_NEW_ARRAY(m->c->a, 1, uint32_t);
        posts[s.posts_n++] = p->outside;
        s.posts = posts;
        if (s.place == TB_NO_INDEX) s.place = p->authority_place;
    }
    if (!s.posts_n && !find_clause(section, TB_C_ACTORS))
        TB__REPORT(m, NO_ACTOR, section->name.span, s.name, TB_NONE, TB_NONE);
    for (uint32_t i = 0; i < s.posts_n && s.place == TB_NO_INDEX; i++) s.place = p->posts.items[s.posts[i]].place;
    if (limit) {
        tb_clock_def d = {.kind = TB_CLOCK_STEP,
                          .step = index,
                          .place = s.place,
                          .to = TB_NO_INDEX,
                          .from = TB_NO_INDEX,
                          .name = s.name};
        const tb_part *from = tb_part_of(limit, TB_P_FROM);
        if (from && from->names.count) d.from = tb__milestone_ref(m, from->names.items[0].text, &d.first);
        if (tb__fill_limit(m, limit, &d)) {
            s.clock = p->clocks.count;
            *TB_PUSH(m->c->a, p->clocks) = d;
        }
    }
    if (wait.n && !limit) {
        wait.place = s.place;
        s.clock = p->clocks.count;
        *TB_PUSH(m->c->a, p->clocks) = wait;
    }
    p->steps.items[index] = s;
}

static void steps(tb__matter *m) {
    tb_program *p = m->p;
    m->step_section = TB_NEW_ARRAY(m->c->a, m->sections_n, const tb_section *);
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        uint32_t at;
        if (s->kind != TB_S_STEP || p->steps.count > TB_STEPS) continue; /* one too many is told */
        TB__FIND(p->steps, .name, s->name.text, at);
        if (at != TB_NO_INDEX) {
            TB__REPORT(m, DUPLICATE, s->name.span, s->name.text, TB_NONE, TB_NONE)->other = p->steps.items[at].span;
            continue;
        }
        if (tb_str_starts(s->name.text, "法定期限") ||
            tb_str_starts(s->name.text, "承诺期限")) /* a step's limit bears its name */
            TB__REPORT(m, DUPLICATE, s->name.span, s->name.text, TB_NONE, TB_NONE);
        m->step_section[p->steps.count] = s;
        *TB_PUSH(m->c->a, p->steps) = (tb_step_def){.name = s->name.text,
                                                    .phase = s->phase.text,
                                                    .persons = 1,
                                                    .clock = TB_NO_INDEX,
                                                    .place = TB_NO_INDEX,
                                                    .branch = TB_NO_STATE,
                                                    .span = s->name.span,
                                                    .modes = step_modes(m, s)};
    }
    m->obligation = TB_NEW_ARRAY(m->c->a, p->steps.count + 1, bool);
    for (uint32_t i = 0; i < p->steps.count; i++) fill_step(m, m->step_section[i], i);
}

/* 收到材料 has no default (M7, domain): some clause must say whose receipt counts, and what after hours means. */
static void receipt(tb__matter *m) {
    tb_program *p = m->p;
    const tb_clause *counts = find_clause(m->head, TB_C_RECEIPT), *hours = find_clause(m->head, TB_C_DEEM);
    const tb_clock_def *needs = NULL;
    p->receipt = TB_NO_INDEX;
    for (uint32_t i = 0; i < p->clocks.count && !needs; i++)
        if (p->clocks.items[i].from == TB_M_RECEIVED) needs = &p->clocks.items[i];
    if (counts && counts->names.count > 1) {
        if (!tb_str_is(tb__fixed_name(counts->names.items[0].text), "收到材料"))
            TB__REPORT(m, UNKNOWN_MILESTONE, counts->names.items[0].span, counts->names.items[0].text, TB_NONE,
                       TB_NONE);
        uint32_t of = tb__milestone_of(m->c->a, p, counts->names.items[1].text);
        for (uint32_t i = 0; i < p->places.count; i++)
            if (p->places.items[i].received == of) p->receipt = of;
        if (p->receipt == TB_NO_INDEX)
            TB__REPORT(m, UNKNOWN_MILESTONE, counts->names.items[1].span, counts->names.items[1].text, TB_NONE,
                       TB_NONE);
    } else if (needs) {
        TB__REPORT(m, NO_RECEIPT, needs->span, TB_NONE, TB_NONE, TB_NONE);
    }
    bool online = false;
    for (uint32_t i = 0; i < p->modes.count; i++)
        online |= tb_str_is(tb__fixed_name(p->modes.items[i].name), "全程网办");
    if (hours && hours->names.count > 1) {
        tb_str word = tb__fixed_name(hours->names.items[1].text);
        p->next_workday_receipt = tb_str_is(word, "次一工作日收到");
        if (!p->next_workday_receipt && !tb_str_is(word, "当日收到"))
            TB__REPORT(m, AFTER_HOURS_WORD, hours->names.items[1].span, word, TB_NONE, TB_NONE);
    } else if (needs && online) {
        TB__REPORT(m, NO_AFTER_HOURS, needs->span, TB_NONE, TB_NONE, TB_NONE);
    }
}

/* Sentences that a matter or a step says once: of two, one would count without a word about the other. */
static bool said_once(enum tb_clause_kind k) {
    static const enum tb_clause_kind once[] = {TB_C_VERSION,    TB_C_KIND,  TB_C_SERVICE,   TB_C_AUTHORITY, TB_C_MODES,
                                               TB_C_RECEIPT,    TB_C_DEEM,  TB_C_EXTENSION, TB_C_ACTORS,    TB_C_LIMIT,
                                               TB_C_ADJUSTMENT, TB_C_ORGAN, TB_C_EXCLUSION, TB_C_ON_SITE,   TB_C_HELD};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (once[i] == k) return true;
    return false;
}

static void check_once(tb__matter *m) {
    tb_index scenarios = {.a = m->c->a};
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        for (uint32_t k = 0; k < s->clauses.count; k++) {
            const tb_clause *c = &s->clauses.items[k], *first = find_clause(s, c->kind);
            if (first != c && said_once(c->kind))
                TB__REPORT(m, DUPLICATE, c->head,
                           tb_str_z(tb_clause_word(c->kind, m->english ? TB_LANG_EN : TB_LANG_ZH)), TB_NONE, TB_NONE)
                    ->other = first->head;
        }
        uint32_t *first = s->kind == TB_S_SCENARIO ? tb_index_at(&scenarios, s->name.text, i) : NULL;
        if (first && *first != i)
            TB__REPORT(m, DUPLICATE, s->name.span, s->name.text, TB_NONE, TB_NONE)->other =
                m->sections[*first]->name.span;
    }
}

static void missing(tb__matter *m, enum tb_clause_kind kind, tb_str example) {
    const char *word = tb_clause_word(kind, m->english ? TB_LANG_EN : TB_LANG_ZH);
    if (!find_clause(m->head, kind))
        TB__REPORT(m, MISSING_CLAUSE, m->head->name.span, m->p->matter, tb_str_z(word), example);
}

/* Whatever sets a milestone, before anything asks for one: 若 已 X may stand above the step that says 记 X. */
static void collect_milestones(tb__matter *m) {
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            for (uint32_t n = 0; c->kind == TB_C_EVENT && n < c->parts.count && m->p->milestones.count <= TB_MILESTONES;
                 n++) {
                const tb_part *p = &c->parts.items[n];
                for (uint32_t x = 0; (p->kind == TB_P_RECORD || p->kind == TB_P_DEEM) && x < p->names.count; x++)
                    tb__milestone_of(m->c->a, m->p, p->names.items[x].text);
            }
        }
}

static bool few(tb__matter *m, uint32_t count, uint32_t most, tb_str what) {
    if (count <= most) return true;
    TB__REPORT(m, TOO_MANY, m->head->span, what, tb_str_printf(m->c->a, "%u", most), TB_NONE);
    return false;
}

bool tb__matter_tables(tb__matter *m) {
    static const char *const fixed[] = {"提交", "收到材料", "告知", "受理", "决定", "送达", "办结"};
    tb_program *p = m->p;
    for (int i = 0; i < TB_M_FIXED; i++) TB_PUSH(m->c->a, p->milestones)->name = tb_str_z(fixed[i]);
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            if (!c->names.count) continue;
            if (c->kind == TB_C_FIELD) add_field(m, c);
            else if (c->kind == TB_C_MATERIAL) add_material(m, c);
            else if (c->kind == TB_C_DOCUMENT) add_document(m, c);
        }
    uint32_t acts = 0;
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count && m->sections[i]->kind != TB_S_SCENARIO; k++)
            acts += m->sections[i]->clauses.items[k].kind == TB_C_EVENT;
    if (!few(m, acts, TB_ACTS, TB__SAY(m, "动作", "acts")) ||
        !few(m, p->fields.count, TB_FIELDS, TB__SAY(m, "字段", "fields")) ||
        !few(m, p->materials.count, TB_MATERIALS, TB__SAY(m, "申请材料", "materials")) ||
        !few(m, p->documents.count, TB_DOCUMENTS, TB__SAY(m, "文书", "documents")))
        return false;
    m->document_used = TB_NEW_ARRAY(m->c->a, p->documents.count + 1, uint8_t);
    for (uint32_t k = 0; k < m->head->clauses.count; k++)
        if (m->head->clauses.items[k].names.count && p->places.count <= TB_PLACES)
            head_clause(m, &m->head->clauses.items[k]);
    if (!few(m, p->places.count, TB_PLACES, TB__SAY(m, "地点", "places"))) return false;
    missing(m, TB_C_VERSION,
            TB__SAY(m, "版本 2026-1，生效 2026-01-01，适用 申请日。",
                    "version 2026-1, effective 2026-01-01, applies filing-date."));
    missing(m, TB_C_MODES, TB__SAY(m, "办理模式 全程网办。", "modes online."));
    missing(m, TB_C_KIND, TB__SAY(m, "事项类型 行政许可。", "kind public-service."));
    check_once(m);
    collect_milestones(m);
    tb__papers_milestones(m);
    authority(m);
    add_posts(m);
    if (!few(m, p->posts.count, TB_POSTS, TB__SAY(m, "岗位", "posts"))) return false;
    separations(m);
    span_limits(m);
    tb__papers_clock(m);
    steps(m);
    tb__tables_adopt(m);
    form_conditions(m);
    tb__alerts(m);
    receipt(m);
    cite_all(m);
    for (uint32_t i = 0; i < m->sections_n; i++)
        if (m->sections[i]->kind == TB_S_SCENARIO) *TB_PUSH(m->c->a, p->scenarios) = m->sections[i];
    bool fits = few(m, p->milestones.count, TB_MILESTONES, TB__SAY(m, "时点", "milestones"));
    fits &= few(m, p->steps.count, TB_STEPS, TB__SAY(m, "环节", "steps"));
    return fits && p->modes.count > 0;
}
