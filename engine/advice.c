/* The last word on what was said of a matter: what only follows from another slip is not said, and a name nobody knows
 * gets the nearest one that somebody does.
 *
 * One slip, one error: when a sentence of the file could not be read, what it would have defined seems missing all over
 * the matter. Such consequences are taken back here, in one place, so that no check needs to know what went wrong
 * before it. A misspelt name is told anyway: nothing that is missing explains it. */
#include "compile_work.h"
#include "nearest.h"
#include "slips.h"
#include "step.h"
#include "table.h"

/* ---- what follows from a sentence that could not be read ---- */

/* Slips after which the sentence was read all the same. */
static bool harmless(enum tb_code code) {
    switch (code) {
    case TB_E_FULL_WIDTH:
    case TB_E_BARE_DAYS:
    case TB_E_UNCLOSED:
    case TB_E_NO_SUCH_DATE:
    case TB_E_NO_SUCH_TIME:
    case TB_E_LONG_NAME:
    case TB_E_EMPTY_NAME:
    case TB_E_LONG_NUMBER:
    case TB_E_LONG_LINE:
    case TB_E_BAD_ARTICLE:
    case TB_E_DOT:
    case TB_E_SEMICOLON:
    case TB_E_LOST_COLON:
    case TB_E_LOST_STOP:
    case TB_E_PENDING_LAST:
    case TB_E_PART_TWICE: return true;
    default: return false;
    }
}

enum { FIRST_MEANING = 200 /* codes below are said of the text itself */ };

static bool sentence_lost(const tb_diagnostics *d, uint32_t file) {
    for (uint32_t i = 0; i < d->list.count; i++)
        if (d->list.items[i].span.file == file && tb_code_number(d->list.items[i].code) < FIRST_MEANING &&
            !harmless(d->list.items[i].code))
            return true;
    return false;
}

/* Something is absent that the lost sentence may have been. */
static bool may_follow(enum tb_code code) {
    switch (code) {
    case TB_E_UNKNOWN_FIELD:
    case TB_E_UNKNOWN_MODE:
    case TB_E_UNKNOWN_MILESTONE:
    case TB_E_UNKNOWN_PLACE:
    case TB_E_UNKNOWN_POST:
    case TB_E_UNKNOWN_STEP:
    case TB_E_UNKNOWN_DOCUMENT:
    case TB_E_UNKNOWN_BRANCH:
    case TB_E_MISSING_CLAUSE:
    case TB_E_OPTIONS_MISSING:
    case TB_E_PLACE_SOURCE:
    case TB_E_NEVER_RECORDED:
    case TB_E_NO_RECEIPT:
    case TB_E_NO_SEAT:
    case TB_E_NO_AFTER_HOURS:
    case TB_E_NO_START:
    case TB_E_UNREACHABLE:
    case TB_E_CANNOT_END:
    case TB_E_PARALLEL_JOIN:
    case TB_E_PARALLEL_EMPTY:
    case TB_E_EVENT_WHERE:
    case TB_E_NO_ACTOR:
    case TB_E_ANYWHERE_WHO:
    case TB_E_LAW_UNKNOWN:
    case TB_E_LIMIT_RANGE:
    case TB_E_EXTENSION_ALONE:
    case TB_E_COMPLETE_WHERE:
    case TB_E_TABLE_UNBOUND:
    case TB_E_TABLE_UNKNOWN:
    case TB_E_UNUSED: return true;
    default: return false;
    }
}

/* A field whose type nobody knows compares with nothing: that was said of its type. */
static bool of_no_type(const tb_program *p, const tb_diagnostic *d) {
    if (d->code != TB_E_COMPARE_TYPES && d->code != TB_E_NOT_A_CONDITION && d->code != TB_E_PLACE_SOURCE) return false;
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (!p->fields.items[i].type && tb_str_eq(p->fields.items[i].name, d->values[0])) return true;
    return false;
}

/* One slip that two checks see: the second is what follows from the first. */
enum reach {
    ALL_OF_FILE, /* the cause explains every consequence in its file */
    ONE_EACH,    /* it explains one: a reply under another name, an argument misspelt */
    SAME_PLACE   /* it was told of the same words */
};
static const struct {
    enum tb_code consequence, cause;
    enum reach reach;
} follows[] = {
    {TB_E_EVENT_WHERE, TB_E_LIMIT_RANGE, ALL_OF_FILE},       /* 逾期的 of a limit that is none */
    {TB_E_EVENT_WHERE, TB_E_UNKNOWN_INTERFACE, ALL_OF_FILE}, /* 答复超时的 of an interface nobody knows … */
    {TB_E_EVENT_WHERE, TB_E_INTERFACE_LACKS, ALL_OF_FILE},   /* … or that says no time-out */
    {TB_E_PARALLEL_EMPTY, TB_E_UNKNOWN_BRANCH, ONE_EACH},    /* its step is said to be in another */
    {TB_E_COMPLETE_WHERE, TB_E_UNKNOWN_STEP, ONE_EACH},      /* its 应当 names another step */
    {TB_E_NO_SEAT, TB_E_UNKNOWN_PLACE, ALL_OF_FILE},         /* the place may be the one that is misspelt */
    {TB_E_NO_ANSWER, TB_E_UNKNOWN_REPLY, ONE_EACH},
    {TB_E_START_LACKS, TB_E_START_FIELD, ONE_EACH},
    {TB_E_ARGUMENT_MISSING, TB_E_PARAMETER_UNKNOWN, ONE_EACH},
    {TB_E_DROP_WHERE, TB_E_STEP_CLASH, ALL_OF_FILE},
    {TB_E_PARAMETER_OPEN, TB_E_PARAMETER_KIND, ALL_OF_FILE}, /* of no kind: not declared */
    {TB_E_PARAMETER_UNKNOWN, TB_E_PARAMETER_KIND, ALL_OF_FILE},
    {TB_E_PART_TWICE, TB_E_TWO_TARGETS, SAME_PLACE},
    {TB_E_LAW_UNKNOWN, TB_E_UNCLOSED, SAME_PLACE},
};
enum { FOLLOWS = sizeof follows / sizeof *follows };

/* `explained`: how many each rule has explained so far. */
static bool follows_another(const tb_diagnostics *d, const tb_diagnostic *x, uint32_t *explained) {
    for (int i = 0; i < FOLLOWS; i++) {
        uint32_t causes = 0;
        if (follows[i].consequence != x->code) continue;
        for (uint32_t k = 0; k < d->list.count; k++) {
            const tb_diagnostic *y = &d->list.items[k];
            if (y->code != follows[i].cause || y->span.file != x->span.file) continue;
            causes += follows[i].reach != SAME_PLACE || y->span.from == x->span.from;
        }
        if (causes > (follows[i].reach == ONE_EACH ? explained[i] : 0)) return ++explained[i];
    }
    return false;
}

static void take_back(const tb_program *p, tb_diagnostics *d, uint32_t from) {
    uint32_t kept = from;
    for (uint32_t i = from; i < d->list.count; i++) {
        const tb_diagnostic *x = &d->list.items[i];
        if (of_no_type(p, x) || (may_follow(x->code) && !x->hint.n && sentence_lost(d, x->span.file))) {
            if (tb_code_severity(x->code) == TB_ERROR) d->errors--;
            else if (tb_code_severity(x->code) == TB_WARNING) d->warnings--;
        } else {
            d->list.items[kept++] = *x;
        }
    }
    d->list.count = kept;
}

/* ---- the nearest name ---- */

enum {
    STEPS = 1 << 0,
    POSTS = 1 << 1,
    DOCUMENTS = 1 << 2,
    FIELDS = 1 << 3,
    MILESTONES = 1 << 4,
    PLACES = 1 << 5,
    OPTIONS = 1 << 6, /* of the field in the second value */
    MODES = 1 << 7,
    TYPES = 1 << 8,
    PARALLELS = 1 << 9,
    BRANCHES = 1 << 10,
    LAWS = 1 << 11,
    ORGANS = 1 << 12,
    INTERFACES = 1 << 13,
    TABLES = 1 << 14,
    TEMPLATES = 1 << 15,
    MATTERS = 1 << 16,
    BASE_STEPS = 1 << 17, /* a template's: they stand in its file */
    ACTS = 1 << 18,       /* of such a step */
    OWN_ACTS = 1 << 19,
    OUTCOMES = 1 << 20,
    MATERIALS = 1 << 21,
    REFUSALS = 1 << 22,
    DUTIES = 1 << 23,
    BESIDE = TEMPLATES | MATTERS | BASE_STEPS | ACTS,                 /* told of no matter in particular */
    ELSEWHERE = LAWS | ORGANS | INTERFACES | TABLES | DUTIES | BESIDE /* may stand in another file */
};

/* What a name in this code's first value might have meant. */
static unsigned meant(enum tb_code code) {
    switch (code) {
    case TB_E_UNKNOWN_STEP: return STEPS | PARALLELS;
    case TB_E_UNKNOWN_POST: return POSTS;
    case TB_E_UNKNOWN_DOCUMENT: return DOCUMENTS;
    case TB_E_UNKNOWN_FIELD: return FIELDS;
    case TB_E_PLACE_SOURCE: return FIELDS;
    case TB_E_UNKNOWN_MILESTONE: return MILESTONES | DOCUMENTS | STEPS;
    case TB_E_NEVER_RECORDED: return MILESTONES;
    case TB_E_UNKNOWN_PLACE: return PLACES;
    case TB_E_UNKNOWN_OPTION: return OPTIONS;
    case TB_E_UNKNOWN_MODE: return MODES;
    case TB_E_UNKNOWN_TYPE: return TYPES;
    case TB_E_UNKNOWN_BRANCH: return PARALLELS | BRANCHES;
    case TB_E_LAW_UNKNOWN: return LAWS;
    case TB_E_ORGAN_UNKNOWN: return ORGANS;
    case TB_E_UNKNOWN_INTERFACE: return INTERFACES;
    case TB_E_TABLE_UNKNOWN: return TABLES;
    case TB_E_TABLE_UNBOUND: return FIELDS;
    case TB_E_EACH_FIELD: return FIELDS;
    case TB_E_TEMPLATE_UNKNOWN: return TEMPLATES;
    case TB_E_NO_BASE_STEP: return BASE_STEPS;
    case TB_E_DROP_UNKNOWN: return ACTS;
    case TB_E_START_UNSEEN: return MATTERS;
    case TB_E_FOLLOW_UNKNOWN: return MATTERS;
    case TB_E_DUTY_UNKNOWN: return DUTIES;
    default: return 0;
    }
}

/* What a name in a 用例 may be of: its word in messages, and where the nearest is looked for. */
static const struct {
    const char *zh, *en;
    unsigned kinds;
} in_scenarios[TB__SCENARIO_SORTS] = {
    [TB__SCENARIO_ACT] = {"动作", "act", OWN_ACTS},
    [TB__SCENARIO_STEP] = {"环节", "step", STEPS},
    [TB__SCENARIO_DOCUMENT] = {"文书", "document", DOCUMENTS},
    [TB__SCENARIO_MILESTONE] = {"时点或文书", "milestone or document", MILESTONES | DOCUMENTS},
    [TB__SCENARIO_OUTCOME] = {"办结的结果", "outcome", OUTCOMES},
    [TB__SCENARIO_CLOCK] = {"期限", "limit", STEPS},
    [TB__SCENARIO_FIELD] = {"字段或材料", "field or material", FIELDS | MATERIALS},
    [TB__SCENARIO_REFUSAL] = {"拒绝的原因", "reason of refusals", REFUSALS},
};

tb_str tb__scenario_sort_word(enum tb__scenario_sort sort, bool english) {
    return tb_str_z(english ? in_scenarios[sort].en : in_scenarios[sort].zh);
}

static unsigned meant_by(const tb_diagnostic *d) {
    for (int i = 0; d->code == TB_E_SCENARIO_NAME && i < TB__SCENARIO_SORTS; i++)
        if (tb_str_is(d->values[1], in_scenarios[i].zh) || tb_str_is(d->values[1], in_scenarios[i].en))
            return in_scenarios[i].kinds;
    return meant(d->code);
}

/* Which of the values is the name nobody knows. */
static int unknown_value(enum tb_code code) {
    return code == TB_E_TABLE_UNBOUND ? 2 : code == TB_E_DROP_UNKNOWN ? 1 : 0;
}

struct search {
    tb_str word, field;
    int slips;
    uint32_t found;
    bool known;       /* the name is there: what is wrong is something else */
    tb_name names[2]; /* those with the fewest slips, in order of writing */
};

/* Slips that leave a word recognizable: one in two to four characters, two in five to seven, three at most. Names of
 * the field often end alike (网上办理, 窗口办理), so more slips need three quarters of the characters to be the same. */
static int allowed(tb_str a, tb_str b) {
    enum { MOST = 3 };
    int n = (int)(tb_points(a) > tb_points(b) ? tb_points(a) : tb_points(b));
    int few = n < 2 ? 0 : (n + 1) / 3, many = tb_shared(a, b) * 4 >= 3 * n ? n / 2 : 0;
    int most = few > many ? few : many;
    return most > MOST ? MOST : most;
}

static void consider(struct search *s, tb_str text, tb_span span) {
    int most = allowed(s->word, text), slips = tb_slips(s->word, text, most + 1);
    s->known |= slips == 0;
    if (slips == 0 || slips > most || (s->found && slips > s->slips)) return;
    if (!s->found || slips < s->slips) s->found = 0, s->slips = slips;
    for (uint32_t i = 0; i < s->found; i++)
        if (tb_str_eq(s->names[i].text, text)) return;
    if (s->found < 2) s->names[s->found++] = (tb_name){text, span};
}

static void consider_names(struct search *s, const tb_names *names, uint32_t first) {
    for (uint32_t i = first; i < names->count; i++) consider(s, names->items[i].text, names->items[i].span);
}

static void in_clause(struct search *s, unsigned kinds, const tb_clause *c) {
    if (!c->names.count) return;
    const tb_name *name = &c->names.items[0];
    bool option = c->kind == TB_C_FIELD && tb_str_eq(name->text, s->field);
    if (kinds & FIELDS && c->kind == TB_C_FIELD) consider(s, name->text, name->span);
    if (kinds & OPTIONS && option) consider_names(s, &c->names, 2);
    if (kinds & DOCUMENTS && c->kind == TB_C_DOCUMENT) consider(s, name->text, name->span);
    if (kinds & PLACES && c->kind == TB_C_PLACE) consider(s, name->text, name->span);
    if (kinds & POSTS && c->kind == TB_C_POSTS) consider_names(s, &c->names, 0);
    if (kinds & MODES && c->kind == TB_C_MODES) consider_names(s, &c->names, 0);
    if (kinds & ORGANS && c->kind == TB_C_OFFICE) consider(s, name->text, name->span);
    if (kinds & (ACTS | OWN_ACTS) && c->kind == TB_C_EVENT) consider(s, name->text, name->span);
    if (kinds & MATERIALS && c->kind == TB_C_MATERIAL) consider(s, name->text, name->span);
    for (uint32_t i = 0; i < c->parts.count; i++) {
        if (kinds & OUTCOMES && c->kind == TB_C_EVENT && c->parts.items[i].kind == TB_P_CLOSE)
            consider_names(s, &c->parts.items[i].names, 0);
        if (kinds & DUTIES && c->kind == TB_C_OFFICE && c->parts.items[i].kind == TB_P_DUTY)
            consider_names(s, &c->parts.items[i].names, 0);
    }
    for (uint32_t i = 0; kinds & MILESTONES && i < c->parts.count; i++)
        if (c->parts.items[i].kind == TB_P_RECORD || c->parts.items[i].kind == TB_P_DEEM)
            consider_names(s, &c->parts.items[i].names, 0);
}

static void in_section(struct search *s, unsigned kinds, const tb_section *in) {
    unsigned named = in->kind == TB_S_STEP        ? STEPS | BASE_STEPS
                     : in->kind == TB_S_TEMPLATE  ? TEMPLATES
                     : in->kind == TB_S_MATTER    ? MATTERS
                     : in->kind == TB_S_PARALLEL  ? PARALLELS
                     : in->kind == TB_S_BRANCH    ? BRANCHES
                     : in->kind == TB_S_LAW       ? LAWS
                     : in->kind == TB_S_INTERFACE ? INTERFACES
                     : in->kind == TB_S_TABLE     ? TABLES
                                                  : 0;
    if (kinds & named) consider(s, in->name.text, in->name.span);
    for (uint32_t i = 0; i < in->clauses.count; i++) in_clause(s, kinds, &in->clauses.items[i]);
}

static void fixed_names(struct search *s, unsigned kinds, const tb_program *p) {
    for (uint32_t i = 0; kinds & MILESTONES && i < TB_M_FIXED && i < p->milestones.count; i++)
        consider(s, p->milestones.items[i].name, TB_NO_SPAN);
    for (uint32_t i = 0; kinds & TYPES && tb__type_name(i).n; i++) consider(s, tb__type_name(i), TB_NO_SPAN);
    if (kinds & POSTS) consider(s, TB_STR("申请人"), TB_NO_SPAN);
    for (int code = TB_R_NONE + 1; kinds & REFUSALS && code < TB_R_COUNT; code++)
        consider(s, tb_str_z(tb_refusal_name((enum tb_refusal_code)code)), TB_NO_SPAN);
    for (uint32_t i = 0; kinds & FIELDS && i < p->tables.count; i++)
        for (uint32_t k = 0; k < p->tables.items[i].table->outputs_n; k++)
            consider(s, p->tables.items[i].table->outputs[k].name, p->tables.items[i].table->outputs[k].span);
    for (uint32_t i = 0; kinds & PLACES && i < p->places.count; i++)
        consider(s, p->milestones.items[p->places.items[i].received].name, p->places.items[i].span);
}

/* What other systems call our types. */
static bool known_elsewhere(tb_arena *a, tb_diagnostic *d) {
    static const char *const types[][2] = {
        {"数字", "小数"},   {"数值", "小数"},      {"字符串", "文本"},    {"字符", "文本"},   {"时间", "时刻"},
        {"布尔", "是否"},   {"枚举", "选项"},      {"单选", "选项"},      {"文件", "附件"},   {"电话", "手机号"},
        {"string", "text"}, {"number", "decimal"}, {"float", "decimal"},  {"int", "integer"}, {"boolean", "yes-no"},
        {"bool", "yes-no"}, {"enum", "option"},    {"file", "attachment"}};
    for (size_t i = 0; d->code == TB_E_UNKNOWN_TYPE && i < sizeof types / sizeof *types; i++) {
        if (!tb_str_is(d->values[0], types[i][0])) continue;
        d->hint = tb_str_printf(a, "这里叫“%s”", types[i][1]);
        d->hint_en = tb_str_printf(a, "it is called “%s” here", types[i][1]);
        return true;
    }
    return false;
}

/* 300平方米, 三百: a number, but not as a condition takes it. */
static bool number_meant(tb_arena *a, tb_diagnostic *d) {
    tb_str number = d->code == TB_E_UNKNOWN_FIELD ? tb_number_meant(a, d->values[0]) : TB_STR("");
    if (!number.n) return false;
    d->hint = tb_str_printf(a, "如果是数，只写 %.*s：用阿拉伯数字，不带单位", TB_FMT(number));
    d->hint_en = tb_str_printf(a, "if a number is meant, write %.*s: digits, and no unit", TB_FMT(number));
    return true;
}

/* `m` NULL: said of no matter in particular. */
static void suggest(tb__compiler *c, const tb__matter *m, tb_diagnostic *d) {
    unsigned kinds = d->hint.n ? 0 : meant_by(d);
    struct search s = {.word = d->values[unknown_value(d->code)], .field = d->values[1]};
    if (!kinds || known_elsewhere(c->a, d) || number_meant(c->a, d)) return;
    for (uint32_t i = 0; m && i < m->sections_n; i++) in_section(&s, kinds, m->sections[i]);
    for (uint32_t i = 0; kinds & ELSEWHERE && i < c->rules->trees.count; i++) {
        const tb_tree *t = c->rules->trees.items[i];
        for (uint32_t k = 0; k < t->sections.count; k++) in_section(&s, kinds & ELSEWHERE, &t->sections.items[k]);
    }
    if (m) fixed_names(&s, kinds, m->p);
    if (d->code == TB_E_UNKNOWN_STEP) consider(&s, TB_STR("原环节"), TB_NO_SPAN);
    if (!s.found || (s.known && d->code == TB_E_EACH_FIELD)) return;
    tb_str one = s.names[0].text, two = s.names[1].text;
    if (s.found == 1) {
        d->hint = tb_str_printf(c->a, "是不是“%.*s”？", TB_FMT(one));
        d->hint_en = tb_str_printf(c->a, "did you mean “%.*s”?", TB_FMT(one));
    } else {
        d->hint = tb_str_printf(c->a, "是不是“%.*s”或者“%.*s”？", TB_FMT(one), TB_FMT(two));
        d->hint_en = tb_str_printf(c->a, "did you mean “%.*s” or “%.*s”?", TB_FMT(one), TB_FMT(two));
    }
    if (d->other.file == TB_NO_SPAN.file) d->other = s.names[0].span;
}

/* ---- the first of two definitions ---- */

static bool defines(enum tb_clause_kind k) {
    return k == TB_C_MODES || k == TB_C_POSTS || k == TB_C_PLACE || k == TB_C_OFFICE || k == TB_C_PERSON ||
           k == TB_C_DIVISION || k == TB_C_EXTENSION;
}

/* Where a name was defined before `at`, in the same file. */
static tb_span defined_before(const tb_tree *t, tb_str text, tb_span at) {
    for (uint32_t i = 0; i < t->sections.count; i++) {
        const tb_section *s = &t->sections.items[i];
        if (s->name.span.file != at.file) continue;
        if (s->name.span.from < at.from && tb_str_eq(s->name.text, text)) return s->name.span;
        for (uint32_t k = 0; k < s->clauses.count; k++)
            for (uint32_t n = 0; defines(s->clauses.items[k].kind) && n < s->clauses.items[k].names.count; n++) {
                const tb_name *name = &s->clauses.items[k].names.items[n];
                if (name->span.from < at.from && tb_str_eq(name->text, text)) return name->span;
            }
    }
    return TB_NO_SPAN;
}

/* Organs and divisions are known without 引用: the first of two may stand in another file. */
static tb_span defined_elsewhere(const tb__compiler *c, tb_str text, tb_span at) {
    for (uint32_t f = 0; f < c->rules->trees.count; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; f != at.file && i < t->sections.count; i++)
            for (uint32_t k = 0; k < t->sections.items[i].clauses.count; k++) {
                const tb_clause *x = &t->sections.items[i].clauses.items[k];
                if ((x->kind == TB_C_OFFICE || x->kind == TB_C_DIVISION) && x->names.count &&
                    tb_str_eq(x->names.items[0].text, text))
                    return x->names.items[0].span;
            }
    }
    return TB_NO_SPAN;
}

/* Templates and outside services are checked beside the matters: what follows from another slip goes once all is said. */
static void take_back_all(tb__compiler *c) {
    tb_diagnostics *d = c->d;
    uint32_t explained[FOLLOWS] = {0};
    TB_LIST(tb_diagnostic) kept = {0};
    for (uint32_t i = 0; i < d->list.count; i++) {
        const tb_diagnostic *x = &d->list.items[i];
        bool drop =
            follows_another(d, x, explained) || (x->code == TB_E_PARAMETER_UNUSED && sentence_lost(d, x->span.file));
        if (!drop) *TB_PUSH(c->a, kept) = *x;
        else if (tb_code_severity(x->code) == TB_ERROR) d->errors--;
        else if (tb_code_severity(x->code) == TB_WARNING) d->warnings--;
    }
    for (uint32_t i = 0; i < kept.count; i++) d->list.items[i] = kept.items[i];
    d->list.count = kept.count;
}

void tb__advise_all(tb__compiler *c) {
    take_back_all(c);
    for (uint32_t i = 0; i < c->d->list.count; i++) {
        tb_diagnostic *d = &c->d->list.items[i];
        if (meant(d->code) & BESIDE) suggest(c, NULL, d);
        if (d->code != TB_E_DUPLICATE || d->other.file != TB_NO_SPAN.file || d->span.file >= c->rules->trees.count)
            continue;
        d->other = defined_before(c->rules->trees.items[d->span.file], d->values[0], d->span);
        if (d->other.file == TB_NO_SPAN.file) d->other = defined_elsewhere(c, d->values[0], d->span);
    }
}

void tb__advise(tb__matter *m, uint32_t from) {
    tb_diagnostics *d = m->c->d;
    for (uint32_t i = from; i < d->list.count; i++) suggest(m->c, m, &d->list.items[i]);
    take_back(m->p, d, from);
}
