/* What may stand where: which clause under which heading, which part in which clause, how often, and which option a
 * heading takes. The grammar accepts any clause anywhere; this pass holds the tree against the tables of
 * clauses.def and parts.def and says in words what is wrong ("“期限”写在 环节 里，不能写在 申请表 里"). It also gives entries their
 * kind: a bare `受理通知书，记 受理。` is a document under 文书 and nothing at all under 环节, which only the heading can tell. */
#include "syntax.h"
#include "slips.h"
#include <string.h>

enum often { NEVER = 0, ONCE, REQUIRED, ANY_TIMES };

struct rule {
    uint32_t sections; /* bit TB_S_… */
    uint8_t parts[TB_P_COUNT];
};

static const char section_letters[] = " MFADSPBYTLCOGZIQ"; /* in the order of enum tb_section_kind */
static const char *const part_names[TB_P_COUNT] = {"",
#define X(name, zh, en) #name,
#include "parts.def"
#undef X
};
static const char *const rule_texts[TB_C_COUNT] = {"",
#define X(name, zh, en, rule) rule,
#include "clauses.def"
#undef X
};

/* The options a heading may carry, by kind. */
enum { IN = 1, ONLY = 2, PHASE = 4, BEFORE = 8, EACH = 16, CHANGED = 32, INSERTED = 64 };
static const uint8_t options[TB_S_COUNT] = {
    [TB_S_STEP] = IN | ONLY | PHASE | CHANGED | INSERTED, [TB_S_PARALLEL] = IN | ONLY | PHASE, [TB_S_BRANCH] = IN | ONLY | PHASE | EACH,
    [TB_S_ANYWHERE] = BEFORE | ONLY};

/* Clauses and parts that name exactly one thing. */
static bool one_name_clause(enum tb_clause_kind k) {
    switch (k) {
    case TB_C_VERSION: case TB_C_KIND: case TB_C_SERVICE: case TB_C_OBLIGATION: case TB_C_RANK:
    case TB_C_DIVISION: case TB_C_OFFICE:
    case TB_C_USES: case TB_C_PROVIDER: case TB_C_CALLS: case TB_C_STARTS: case TB_C_FOLLOWS: case TB_C_PROMISE:
    case TB_C_HELD:
    case TB_C_PERSON: case TB_C_DEPUTY: return true;
    default: return false;
    }
}
static bool one_name_part(enum tb_part_kind k) {
    switch (k) {
    case TB_P_APPLIES: case TB_P_CALENDAR: case TB_P_AT: case TB_P_GOTO: case TB_P_TRANSFER:
    case TB_P_RETURN: case TB_P_DEEM: case TB_P_SEAL:
    case TB_P_UNIT: case TB_P_MODE: case TB_P_ABOVE: case TB_P_DUTY: case TB_P_ORGAN: case TB_P_LEAD: return true;
    default: return false;
    }
}

/* "M: !EFFECTIVE *SET" → bits. A word that is no part is a slip in clauses.def: tests/test_grammar.c looks for the
 * answer false. */
static bool read_rule(const char *text, struct rule *r) {
    *r = (struct rule){0};
    for (; *text && *text != ':'; text++) {
        const char *letter = strchr(section_letters + 1, *text);
        if (!letter) return false;
        r->sections |= 1u << (letter - section_letters);
    }
    while (*text) {
        text++; /* the colon or a blank */
        enum often often = *text == '!' ? REQUIRED : *text == '*' ? ANY_TIMES : ONCE;
        text += often != ONCE;
        size_t n = strcspn(text, " ");
        int part = 0;
        for (int k = 1; n && k < TB_P_COUNT; k++)
            if (strlen(part_names[k]) == n && memcmp(part_names[k], text, n) == 0) part = k;
        if (n && !part) return false;
        if (n) r->parts[part] = (uint8_t)often;
        text += n;
    }
    return true;
}

bool tb__rules_sound(void) {
    struct rule r;
    for (int k = 1; k < TB_C_COUNT; k++)
        if (!read_rule(rule_texts[k], &r)) return false;
    return true;
}

bool tb__takes_clause(enum tb_section_kind in, enum tb_clause_kind k) {
    struct rule r;
    return k > TB_C_NONE && k < TB_C_COUNT && read_rule(rule_texts[k], &r) && r.sections & 1u << in;
}

int tb__takes_part(enum tb_clause_kind in, enum tb_part_kind k) {
    struct rule r;
    return in > TB_C_NONE && in < TB_C_COUNT && read_rule(rule_texts[in], &r) ? r.parts[k] : NEVER;
}

struct shaping {
    tb__parse *p;
    const struct rule *rules;
    bool template; /* the sections at hand are a template's */
};

static tb_str word_of_section(const struct shaping *s, enum tb_section_kind k) {
    return tb_str_z(tb_section_word(k, s->p->lang));
}

/* How a clause is called in a message: by its keyword, else by its name as written. */
static tb_str word_of_clause(const struct shaping *s, const tb_clause *c) {
    const char *word = tb_clause_word(c->kind, s->p->lang);
    if (*word && c->kind != TB_C_EVENT && c->kind != TB_C_ARTICLE) return tb_str_z(word);
    return tb_source_text(s->p->sources, c->head);
}

static tb_str word_of_part(const struct shaping *s, const tb_part *part) {
    switch (part->kind) {
    case TB_P_TEXT: case TB_P_DATED: case TB_P_SET: case TB_P_NAMED_DATE: case TB_P_NAMED_TIME: case TB_P_LEFT:
    case TB_P_COMPARE: return tb_source_text(s->p->sources, part->span);
    default: return tb_str_z(tb_part_word(part->kind, s->p->lang));
    }
}

static void listed(const struct shaping *s, tb_buf *b, int *said, const char *word) {
    enum { MOST = 12 };
    if (!*word || *said > MOST) return;
    bool en = s->p->lang == TB_LANG_EN;
    if (*said) tb_puts(b, en ? ", " : "、");
    tb_puts(b, (*said)++ == MOST ? "…" : word);
}

/* The parts that begin with a name are shown by their form. */
static const char *shown_part(const struct shaping *s, enum tb_part_kind k) {
    bool en = s->p->lang == TB_LANG_EN;
    switch (k) {
    case TB_P_TEXT: return en ? "a text" : "“引文”";
    case TB_P_DATED: return en ? "A-date B-date" : "甲日 乙日";
    case TB_P_NAMED_DATE: return en ? "NAME DATE" : "名称 日期";
    case TB_P_NAMED_TIME: return en ? "NAME DATE TIME" : "名称 日期 时刻";
    case TB_P_LEFT: return en ? "NAME PERIOD" : "名称 期间";
    case TB_P_SET: return en ? "NAME is VALUE" : "名称 为 值";
    default: return tb_part_word(k, s->p->lang);
    }
}

static tb_str parts_allowed(const struct shaping *s, enum tb_clause_kind k) {
    tb_buf b;
    tb_buf_init(&b, s->p->arena);
    int said = 0;
    for (int i = 1; i < TB_P_COUNT; i++)
        if (s->rules[k].parts[i]) listed(s, &b, &said, shown_part(s, (enum tb_part_kind)i));
    listed(s, &b, &said, s->p->lang == TB_LANG_EN ? "unverified" : "待核");
    return tb_buf_str(&b);
}

static tb_str clauses_allowed(const struct shaping *s, enum tb_section_kind k) {
    tb_buf b;
    tb_buf_init(&b, s->p->arena);
    int said = 0;
    for (int i = 1; i < TB_C_COUNT; i++)
        if (s->rules[i].sections & 1u << k) listed(s, &b, &said, tb_clause_word((enum tb_clause_kind)i, s->p->lang));
    return tb_buf_str(&b);
}

static tb_str sections_allowed(const struct shaping *s, enum tb_clause_kind k) {
    tb_buf b;
    tb_buf_init(&b, s->p->arena);
    int said = 0;
    for (int i = 1; i < TB_S_COUNT; i++)
        if (s->rules[k].sections & 1u << i) listed(s, &b, &said, tb_section_word((enum tb_section_kind)i, s->p->lang));
    return tb_buf_str(&b);
}

void tb__period_hint(const tb__parse *p, tb_diagnostic *d, tb_span at) {
    tb_str all = p->sources->list.items[at.file].text, meant = tb_period_meant(p->arena, (tb_str){all.p + at.from, all.n - at.from});
    if (!meant.n) return;
    d->hint = tb_str_printf(p->arena, "写成 %.*s", TB_FMT(meant));
    d->hint_en = tb_str_printf(p->arena, "write %.*s", TB_FMT(meant));
}

/* A name where none belongs: perhaps a keyword glued to the next word, perhaps misspelt. false: neither. */
static bool explained(const struct shaping *s, const tb_name *name, uint32_t shortest) {
    tb_str written = tb_source_text(s->p->sources, name->span);
    if (!tb_str_eq(written, name->text)) return false; /* 「…」 or a text: a name on purpose */
    tb_str near = tb_other_word(name->text), glued = near.n ? TB_NONE : tb__glued_keyword(name->text);
    if (!near.n) near = tb__near_keyword(name->text);
    if (glued.n >= shortest && (near.n == 0 || glued.n >= 6)) {
        tb_str rest = {name->text.p + glued.n, name->text.n - glued.n};
        tb_report(s->p->d, TB_E_GLUED, name->span, glued, rest, TB_NONE);
        return true;
    }
    if (near.n) tb_report(s->p->d, TB_E_MISSPELT, name->span, name->text, near, TB_NONE);
    return near.n != 0;
}

/* ---- clauses ---- */

/* 受理日 最近一次收到材料日: two names side by side mean dates, and say so. */
static bool dates(const tb_part *part) {
    for (uint32_t i = 0; i < part->names.count; i++)
        if (!tb_str_ends(part->names.items[i].text, "日") && !tb_str_ends(part->names.items[i].text, "-date"))
            return false;
    return true;
}

/* Does the line before this place end with a comma? */
static bool comma_ended_line(const struct shaping *s, tb_span at) {
    tb_str text = s->p->sources->list.items[at.file].text;
    uint32_t i = at.from;
    bool line = false;
    for (; i > 0 && strchr(" \t\r\n", text.p[i - 1]); i--) line |= text.p[i - 1] == '\n';
    tb_str before = {text.p, i};
    return line && (tb_str_ends(before, "，") || tb_str_ends(before, ","));
}

static bool takes_names(enum tb_clause_kind k) {
    return k == TB_C_ACTORS || k == TB_C_POSTS || k == TB_C_MODES || k == TB_C_SEPARATE;
}

/* 限 次数 in a template: the count of an act, not a list of modes. */
static bool open_times(const struct shaping *s, const tb_clause *c, const tb_part *part) {
    return s->template && part->kind == TB_P_ONLY && part->names.count == 1 && !s->rules[c->kind].parts[TB_P_ONLY] &&
           s->rules[c->kind].parts[TB_P_TIMES];
}

/* 大于 面积, 不少于 人数: only a template may leave an amount open. */
static void shape_amount(const struct shaping *s, const tb_part *part) {
    enum tb_code code;
    switch (part->kind) {
    case TB_P_COMPARE: case TB_P_UP_TO: code = TB_E_NEEDS_NUMBER; break;
    case TB_P_PERSONS: code = TB_E_NEEDS_PERSONS; break;
    case TB_P_CORRECTABLE: case TB_P_BEFORE_EXPIRY: code = TB_E_NEEDS_DURATION; break;
    default: return;
    }
    if (part->value_kind == TB_V_NAME && !s->template)
        tb_report(s->p->d, code, part->value.span, tb_str_printf(s->p->arena, "“%.*s”", TB_FMT(part->value.text)),
                  TB_NONE, TB_NONE);
}

static void shape_part(const struct shaping *s, const tb_clause *c, tb_part *part) {
    if (open_times(s, c, part)) {
        part->kind = TB_P_TIMES;
        part->value = part->names.items[0];
        part->value_kind = TB_V_NAME;
        part->names.count = 0;
    }
    shape_amount(s, part);
    if (s->rules[c->kind].parts[part->kind] && (part->kind != TB_P_DATED || dates(part))) {
        bool listed_modes = c->kind == TB_C_LISTED && part->kind == TB_P_MODE; /* a catalogue asks for several */
        if (one_name_part(part->kind) && part->names.count > 1 && !listed_modes)
            tb_report(s->p->d, TB_E_ONE_NAME, part->names.items[1].span, word_of_part(s, part), TB_NONE, TB_NONE);
        if (part->kind == TB_P_SET && part->values.count > 1 && c->kind != TB_C_AT) /* 用例 write lists so */
            tb_report(s->p->d, TB_E_ONE_NAME, part->values.items[1].span, tb_str_z(s->p->lang == TB_LANG_EN ? "is" : "为"),
                      TB_NONE, TB_NONE);
        return;
    }
    bool name = part->kind == TB_P_TEXT || part->kind == TB_P_DATED || part->kind == TB_P_NAMED_DATE ||
                part->kind == TB_P_NAMED_TIME || part->kind == TB_P_LEFT;
    if (name && explained(s, &part->names.items[0], 3)) return;
    tb_diagnostic *d =
        tb_report(s->p->d, name || part->kind == TB_P_SET ? TB_E_UNKNOWN_PART : TB_E_PART_ELSEWHERE, part->span,
                  word_of_part(s, part), word_of_clause(s, c), parts_allowed(s, c->kind));
    if (comma_ended_line(s, part->span)) {
        d->hint = tb_str_z("上一行末尾是“，”；如果这是新的一句，请把它改成“。”");
        d->hint_en =
            tb_str_z("the line before ends with a comma; if this begins a new clause, write a full stop there");
    } else if (part->kind == TB_P_TEXT && takes_names(c->kind)) {
        d->hint = tb_str_printf(s->p->arena, "几个名称用“、”隔开：…、%.*s", TB_FMT(word_of_part(s, part)));
        d->hint_en =
            tb_str_printf(s->p->arena, "separate several names by “/”: …/%.*s", TB_FMT(word_of_part(s, part)));
    }
}

static void shape_parts(const struct shaping *s, const tb_clause *c) {
    const struct rule *r = &s->rules[c->kind];
    for (uint32_t i = 0; i < c->parts.count; i++) {
        tb_part *part = &c->parts.items[i];
        shape_part(s, c, part);
        if (r->parts[part->kind] == ANY_TIMES || r->parts[part->kind] == NEVER) continue;
        for (uint32_t k = 0; k < i; k++) {
            if (c->parts.items[k].kind != part->kind) continue;
            tb_report(s->p->d, TB_E_PART_TWICE, part->span, word_of_part(s, part), TB_NONE, TB_NONE)->other =
                c->parts.items[k].span;
            break;
        }
    }
    for (int k = 1; k < TB_P_COUNT; k++)
        if (r->parts[k] == REQUIRED && !tb_part_of(c, (enum tb_part_kind)k))
            tb_report(s->p->d, TB_E_PART_MISSING, c->head, word_of_clause(s, c),
                tb_str_z(tb_part_word((enum tb_part_kind)k, s->p->lang)), TB_NONE);
}

/* 准予，出具 …，办结 …: an act without its 的. */
static bool looks_like_act(const struct shaping *s, const tb_section *in, const tb_clause *c) {
    if (!(s->rules[TB_C_EVENT].sections & 1u << in->kind) || c->names.count > 1) return false;
    for (uint32_t i = 0; i < c->parts.count; i++)
        switch (c->parts.items[i].kind) {
        case TB_P_GOTO: case TB_P_RETURN: case TB_P_CLOSE: case TB_P_COMPLETE: case TB_P_REJECT:
        case TB_P_STATE: return true;
        default: break;
        }
    return false;
}

/* A clause that begins with a name, without a keyword: what it is depends on the heading. false: nothing; that has
 * been said. */
static bool shape_entry(const struct shaping *s, const tb_section *in, tb_clause *c) {
    const tb_name *name = &c->names.items[0];
    switch (in->kind) {
    case TB_S_FORM:
        c->kind = TB_C_FIELD;
        if (c->names.count >= 2) return true;
        if (!explained(s, name, 6)) tb_report(s->p->d, TB_E_NO_TYPE, name->span, name->text, TB_NONE, TB_NONE);
        return false;
    case TB_S_MATERIALS: case TB_S_DOCUMENTS:
        c->kind = in->kind == TB_S_MATERIALS ? TB_C_MATERIAL : TB_C_DOCUMENT;
        if (c->names.count == 1) return true;
        if (!explained(s, name, 6))
            tb_report(s->p->d, TB_E_EXTRA_NAME, c->names.items[1].span, name->text, c->names.items[1].text, TB_NONE);
        return false;
    case TB_S_CATALOGUE:
        c->kind = TB_C_LISTED;
        if (c->names.count == 1) return true;
        tb_report(s->p->d, TB_E_EXTRA_NAME, c->names.items[1].span, name->text, c->names.items[1].text, TB_NONE);
        return false;
    case TB_S_SCENARIO: { /* the date was left out */
        bool en = s->p->lang == TB_LANG_EN;
        tb_report(s->p->d, TB_E_UNKNOWN_CLAUSE, name->span, name->text, word_of_section(s, in->kind), TB_NONE)->hint =
            tb_str_printf(s->p->arena, en ? "begin with a date: 2026-03-02 09:00 %.*s"
                : "句首写日期，例如 2026-03-02 09:00 %.*s", TB_FMT(name->text));
        return false;
    }
    default:
        if (looks_like_act(s, in, c)) {
            tb_diagnostic *d = tb_report(s->p->d, TB_E_UNKNOWN_CLAUSE, name->span, name->text,
                word_of_section(s, in->kind), TB_NONE);
            d->hint = tb_str_printf(s->p->arena, "动作以“的”结尾：%.*s的，…", TB_FMT(name->text));
            d->hint_en = tb_str_printf(s->p->arena, "an act begins with when: when %.*s, …", TB_FMT(name->text));
            return false;
        }
        if (!explained(s, name, 6))
            tb_report(s->p->d, TB_E_UNKNOWN_CLAUSE, name->span, name->text, word_of_section(s, in->kind),
                clauses_allowed(s, in->kind));
        return false;
    }
}

/* 期限 受理期限: only a template may leave a period open; 30分钟 is for machines. */
static void shape_duration(const struct shaping *s, const tb_clause *c) {
    bool limit = c->kind == TB_C_LIMIT || c->kind == TB_C_STATUTORY || c->kind == TB_C_PROMISED || c->kind == TB_C_EXTENSION ||
        c->kind == TB_C_DEFERRED;
    if (limit && c->names.count && !s->template)
        tb__period_hint(s->p,
                        tb_report(s->p->d, TB_E_NEEDS_DURATION, c->names.items[0].span,
                                  tb_str_printf(s->p->arena, "“%.*s”", TB_FMT(c->names.items[0].text)), TB_NONE, TB_NONE),
                        c->names.items[0].span);
    if (c->duration.unit == TB_U_MINUTES && c->kind != TB_C_TIMEOUT)
        tb_report(s->p->d, TB_E_MINUTES_WHERE, c->head, word_of_clause(s, c), TB_NONE, TB_NONE);
    for (uint32_t i = 0; i < c->parts.count; i++)
        if (c->parts.items[i].duration.unit == TB_U_MINUTES)
            tb_report(s->p->d, TB_E_MINUTES_WHERE, c->parts.items[i].span, word_of_part(s, &c->parts.items[i]), TB_NONE, TB_NONE);
}

static void shape_clause(const struct shaping *s, const tb_section *in, tb_clause *c) {
    if (c->kind == TB_C_NONE && !shape_entry(s, in, c)) return;
    if (!(s->rules[c->kind].sections & 1u << in->kind)) {
        tb_report(s->p->d, TB_E_CLAUSE_ELSEWHERE, c->head, word_of_clause(s, c), sections_allowed(s, c->kind),
            word_of_section(s, in->kind));
        return;
    }
    if (one_name_clause(c->kind) && c->names.count > 1)
        tb_report(s->p->d, TB_E_ONE_NAME, c->names.items[1].span, word_of_clause(s, c), TB_NONE, TB_NONE);
    shape_duration(s, c);
    shape_parts(s, c);
}

/* ---- sizes ---- */

/* Sections of a list, of which a place may have any number of entries: what is asked of them grows with the text. */
static bool of_any_length(enum tb_section_kind k) {
    return k == TB_S_CATALOGUE || k == TB_S_CALENDAR || k == TB_S_DIRECTORY || k == TB_S_LAW;
}

static void cut(const struct shaping *s, uint32_t *count, uint32_t most, tb_span at, const char *zh, const char *en) {
    if (*count <= most) return;
    tb_report(s->p->d, TB_E_TOO_MANY, at, tb_str_z(s->p->lang == TB_LANG_EN ? en : zh),
              tb_str_printf(s->p->arena, "%u", most), TB_NONE);
    *count = most;
}

/* Other sections and lists are read by people and compared each with each: what is over the limit is told once and left
 * out, so that no text, however long, makes the checks behind this slow. */
static void shape_sizes(const struct shaping *s, tb_section *in) {
    if (!of_any_length(in->kind))
        cut(s, &in->clauses.count, TB_SECTION_CLAUSES, in->span, "这一节里的句子", "sentences in this section");
    for (uint32_t i = 0; i < in->clauses.count; i++) {
        tb_clause *c = &in->clauses.items[i];
        cut(s, &c->names.count, TB_LIST_NAMES, c->head, "这一句里的名称", "names in this clause");
        cut(s, &c->parts.count, TB_CLAUSE_PARTS, c->head, "这一句里的分句", "parts in this clause");
        for (uint32_t k = 0; k < c->parts.count; k++)
            cut(s, &c->parts.items[k].names.count, TB_LIST_NAMES, c->head, "这一句里的名称", "names in this clause");
    }
}

/* ---- headings ---- */

static void option(const struct shaping *s, const tb_section *in, bool given, int which, const char *zh,
    const char *en, tb_span at) {
    if (given && !(options[in->kind] & which))
        tb_report(s->p->d, TB_E_OPTION_ELSEWHERE, at, tb_str_z(s->p->lang == TB_LANG_EN ? en : zh),
            word_of_section(s, in->kind), TB_NONE);
}

static void shape_heading(const struct shaping *s, const tb_section *in) {
    option(s, in, in->in.text.n, IN, "（在 …）", "(at …)", in->in.span);
    option(s, in, in->phase.text.n, PHASE, "属", "of", in->phase.span);
    option(s, in, in->before.text.n, BEFORE, "之前", "before", in->before.span);
    option(s, in, in->each.text.n, EACH, "逐一", "for-each", in->each.span);
    option(s, in, in->changed, CHANGED, "改", "changed", in->span);
    option(s, in, in->inserted.text.n, INSERTED, "插入", "inserted", in->inserted.span);
    option(s, in, in->only.count, ONLY, "限", "limit", in->only.count ? in->only.items[0].span : in->span);
    bool en = s->p->lang == TB_LANG_EN;
    if (in->kind == TB_S_BRANCH && !in->in.text.n)
        tb_report(s->p->d, TB_E_OPTION_MISSING, in->span, tb_str_z(en ? "(at …)" : "（在 …）"),
            word_of_section(s, in->kind),
                  tb_str_z(en ? "branch fire (at joint-review):" : "分支 消防（在 联合审查）："));
}

void tb__shape(tb__parse *p) {
    struct rule *rules = TB_NEW_ARRAY(p->arena, TB_C_COUNT, struct rule);
    for (int k = 1; k < TB_C_COUNT; k++) read_rule(rule_texts[k], &rules[k]);
    struct shaping s = {p, rules, false};
    for (uint32_t i = 0; i < p->tree->sections.count; i++) {
        tb_section *in = &p->tree->sections.items[i];
        if (in->kind == TB_S_NONE) continue; /* a heading that could not be read: its error has been said */
        shape_sizes(&s, in);
        shape_heading(&s, in);
        if (in->kind == TB_S_TEMPLATE) s.template = true;
        else if (in->kind == TB_S_MATTER) s.template = false;
        for (uint32_t k = 0; k < in->clauses.count; k++) shape_clause(&s, in, &in->clauses.items[k]);
    }
}
