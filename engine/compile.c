/* The compiler's outside: gathers files and what they reference, builds calendars and the directory, hands each matter
 * to matter.c.
 *
 * A program is named by SM3 over its sources (M4): the digests of the texts, the matter's file first and then what it
 * references in order of first mention, without paths, so that the same rules have the same name on a desk and on a
 * server. */
#include "compile_work.h"
#include "proof/follow.h"
#include "table.h"
#include <string.h>

enum { COMPILE_FILES = TB_SOURCE_FILES };

struct compiling {
    tb__compiler c;
    tb_rules **out;
};

static uint32_t file_with_path(const tb_rules *r, tb_str path) {
    for (uint32_t i = 0; i < r->sources.list.count; i++)
        if (tb_str_eq(r->sources.list.items[i].path, path)) return i;
    return TB_NO_INDEX;
}

/* What belongs to the matter or the template above it. A table or an interface may stand between: the matter goes on. */
static bool belongs_to_matter(enum tb_section_kind k) {
    return k == TB_S_FORM || k == TB_S_MATERIALS || k == TB_S_DOCUMENTS || k == TB_S_STEP || k == TB_S_PARALLEL ||
           k == TB_S_BRANCH || k == TB_S_ANYWHERE || k == TB_S_SCENARIO;
}

static bool stands_between(enum tb_section_kind k) { return k == TB_S_TABLE || k == TB_S_INTERFACE; }

/* What other files may reach by 引用. Calendars and organs are found by place, catalogues name matters and not the
 * other way round. */
static bool can_be_referenced(enum tb_section_kind k) {
    return k == TB_S_LAW || k == TB_S_TEMPLATE || k == TB_S_MATTER || stands_between(k) || belongs_to_matter(k);
}

/* 中华人民共和国行政许可法 is cited as 行政许可法. */
static tb_str short_law(tb_str s) {
    static const char full[] = "中华人民共和国";
    if (tb_str_starts(s, full) && s.n > sizeof full - 1)
        return (tb_str){s.p + sizeof full - 1, s.n - (uint32_t)(sizeof full - 1)};
    return s;
}

static void add_named(tb__compiler *c, tb__named n) {
    uint32_t at = c->named.count;
    uint32_t *first = tb_index_at(&c->by_name, short_law(n.section->name.text), TB_NO_INDEX);
    if (*first == TB_NO_INDEX) *first = at;
    else c->named.items[c->named.items[*first].last].next = at;
    *TB_PUSH(c->a, c->named) = n;
    c->named.items[*first].last = at;
}

/* The first of those of this name (a law's short one); the others follow by `next`. */
static uint32_t first_named(const tb__compiler *c, tb_str name) {
    return tb_index_find(&c->by_name, short_law(name), TB_NO_INDEX);
}

static uint32_t add_file(tb__compiler *c, tb_str path, tb_str text) {
    uint32_t errors = c->d->errors, file = tb_source_add(c->a, &c->rules->sources, path, text);
    const tb_tree *t = tb_parse(c->a, &c->rules->sources, file, c->d);
    *TB_PUSH(c->a, c->rules->trees) = t;
    *TB_PUSH(c->a, c->unclean) = c->d->errors != errors;
    for (uint32_t i = 0; t && i < t->sections.count; i++) {
        enum tb_section_kind kind = t->sections.items[i].kind;
        if (can_be_referenced(kind) && !belongs_to_matter(kind))
            add_named(c, (tb__named){&t->sections.items[i], t, i, file, TB_NO_INDEX, TB_NO_INDEX});
    }
    return file;
}

static void too_many_files(tb__compiler *c, tb_span span) {
    tb_report(c->d, TB_E_TOO_MANY, span, TB_STR("文件"), tb_str_printf(c->a, "%d", COMPILE_FILES), TB_NONE);
}

/* ---- 引用 ---- */

typedef struct link {
    uint32_t file;
    const tb_name *said;
} link;
typedef TB_LIST(link) links;

static bool follows(const tb_tree *t, tb_str matter) {
    for (uint32_t i = 0; i < t->sections.count; i++)
        for (uint32_t k = 0; k < t->sections.items[i].clauses.count; k++) {
            const tb_clause *c = &t->sections.items[i].clauses.items[k];
            if (c->kind == TB_C_FOLLOWS && c->names.count && tb_str_eq(c->names.items[0].text, matter)) return true;
        }
    return false;
}

/* Not everything may be reached by 引用; a matter only as the standard that another follows. */
static void check_referenced(tb__compiler *c, const tb_tree *from, const tb_name *said, const tb_tree *there) {
    for (uint32_t k = 0; k < there->sections.count; k++) {
        const tb_section *s = &there->sections.items[k];
        if (s->kind == TB_S_NONE || (can_be_referenced(s->kind) && s->kind != TB_S_MATTER)) continue;
        if (s->kind == TB_S_MATTER && follows(from, s->name.text)) continue;
        if (s->kind == TB_S_MATTER)
            tb_report(c->d, TB_E_REFERENCE_MATTER, said->span, s->name.text, TB_NONE, TB_NONE)->other = s->name.span;
        else
            tb_report(c->d, TB_E_REFERENCE_KIND, said->span,
                      tb_str_z(tb_section_word(s->kind, tb__english(c, said->span.file) ? TB_LANG_EN : TB_LANG_ZH)),
                      TB_NONE, TB_NONE);
        return;
    }
}

/* A file that refers to itself by way of others: the circle is shown once, from its first file on. */
static void check_circles(tb__compiler *c, const links *direct) {
    uint32_t n = c->rules->trees.count, depth = 0;
    uint8_t *seen = TB_NEW_ARRAY(c->a, n + 1, uint8_t); /* 1: on the way, 2: done */
    uint32_t *way = TB_NEW_ARRAY(c->a, n + 1, uint32_t), *next = TB_NEW_ARRAY(c->a, n + 1, uint32_t);
    for (uint32_t start = 0; start < n; start++) {
        if (seen[start]) continue;
        seen[way[depth++] = start] = 1;
        while (depth) {
            uint32_t f = way[depth - 1];
            if (next[f] == direct[f].count) {
                seen[f] = 2;
                depth--;
                continue;
            }
            const link *l = &direct[f].items[next[f]++];
            if (!seen[l->file]) seen[way[depth++] = l->file] = 1;
            else if (seen[l->file] == 1) {
                tb_buf circle;
                uint32_t at = 0;
                tb_buf_init(&circle, c->a);
                while (way[at] != l->file) at++;
                for (; at < depth; at++)
                    tb_putf(&circle, "%.*s → ", TB_FMT(c->rules->sources.list.items[way[at]].path));
                tb_putstr(&circle, c->rules->sources.list.items[l->file].path);
                tb_report(c->d, TB_E_REFERENCE_CIRCLE, l->said->span, tb_buf_str(&circle), TB_NONE, TB_NONE);
            }
        }
    }
}

/* What each file reaches, itself first, then in order of first mention: the order of the program's digest (M4). */
static void close_references(tb__compiler *c, const links *direct) {
    uint32_t files = c->rules->trees.count;
    c->closure = TB_NEW_ARRAY(c->a, files + 1, uint32_t *);
    c->text_digests = tb_alloc_array(c->a, files + 1, sizeof *c->text_digests);
    c->program_digests = TB_NEW_ARRAY(c->a, files + 1, tb_str);
    for (uint32_t f = 0; f < files; f++) {
        uint32_t *seen = TB_NEW_ARRAY(c->a, files + 1, uint32_t), n = 0;
        seen[n++] = f;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t k = 0; k < direct[seen[i]].count; k++) {
                uint32_t to = direct[seen[i]].items[k].file, j = 0;
                while (j < n && seen[j] != to) j++;
                if (j == n) seen[n++] = to;
            }
        seen[n] = TB_NO_INDEX;
        c->closure[f] = seen;
    }
}

/* Follows 引用 from every file read so far; the list grows while it is walked. */
static void follow_references(tb__compiler *c) {
    links *direct = TB_NEW_ARRAY(c->a, COMPILE_FILES, links);
    for (uint32_t f = 0; f < c->rules->trees.count && f < COMPILE_FILES; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; i < t->references.count; i++) {
            const tb_name *n = &t->references.items[i];
            tb_str found, text;
            if (i == COMPILE_FILES) { /* a search of the disk each */
                too_many_files(c, n->span);
                break;
            }
            if (!c->in->resolve ||
                !c->in->resolve(c->in->user, c->rules->sources.list.items[f].path, n->text, &found, &text)) {
                tb_report(c->d, TB_E_REFERENCE_MISSING, n->span, n->text, TB_NONE, TB_NONE);
                continue;
            }
            uint32_t file = file_with_path(c->rules, found);
            if (file == TB_NO_INDEX && c->rules->trees.count < COMPILE_FILES) {
                file = add_file(c, found, text);
                *TB_PUSH(c->a, c->rules->referenced) = c->rules->sources.list.items[file].path;
            }
            if (file == TB_NO_INDEX) {
                too_many_files(c, n->span);
                continue;
            }
            *TB_PUSH(c->a, direct[f]) = (link){file, n};
            check_referenced(c, t, n, c->rules->trees.items[file]);
        }
    }
    check_circles(c, direct);
    close_references(c, direct);
}

const tb__named *tb__named_for(const tb__compiler *c, uint32_t file, enum tb_section_kind kind, tb_str name) {
    for (const uint32_t *f = c->closure[file]; *f != TB_NO_INDEX; f++)
        for (uint32_t i = first_named(c, name); i != TB_NO_INDEX; i = c->named.items[i].next) {
            const tb__named *n = &c->named.items[i];
            if (n->file == *f && n->section->kind == kind && tb_str_eq(n->section->name.text, name)) return n;
        }
    return NULL;
}

static bool reported_at(const tb__compiler *c, enum tb_code code, tb_span span) {
    for (uint32_t i = 0; i < c->d->list.count; i++) {
        const tb_diagnostic *d = &c->d->list.items[i];
        if (d->code == code && d->span.file == span.file && d->span.from == span.from) return true;
    }
    return false;
}

/* 套用 X must mean one thing in each file: of two templates (tables, interfaces) of one name within its reach, one is
 * too many. A pair that several files reach is told once. */
static void check_named_once(tb__compiler *c, uint32_t file) {
    for (const uint32_t *f = c->closure[file]; *f != TB_NO_INDEX; f++)
        for (uint32_t i = 0; i < c->named.count; i++) {
            const tb_section *s = c->named.items[i].section;
            if (c->named.items[i].file != *f || (s->kind != TB_S_TEMPLATE && !stands_between(s->kind))) continue;
            const tb_section *first = tb__named_for(c, file, s->kind, s->name.text)->section;
            if (first != s && !reported_at(c, TB_E_DUPLICATE, s->name.span))
                tb_report(c->d, TB_E_DUPLICATE, s->name.span, s->name.text, TB_NONE, TB_NONE)->other = first->name.span;
        }
}

/* ---- 日历 ---- */

static bool month_day(tb_str s, int *month, int *day) {
    int value[2] = {0, 0}, at = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9') value[at] = value[at] * 10 + (s.p[i] - '0');
        else if (i + 3 <= s.n && memcmp(s.p + i, "月", 3) == 0 && at == 0) at = 1, i += 2;
        else if (i + 3 == s.n && memcmp(s.p + i, "日", 3) == 0 && at == 1) i += 2;
        else if (s.p[i] == '-' && at == 0 && i) at = 1;
        else return false;
        if (value[at] > 31) return false;
    }
    *month = value[0];
    *day = value[1];
    return at == 1 && tb_day(2000, value[0], value[1]) != TB_NO_DAY;
}

static tb_str first_text(const tb_part *part) {
    return part && part->names.count ? part->names.items[0].text : TB_NONE;
}

static void bad_day(tb__compiler *c, const tb_clause *k, int32_t day) {
    char text[TB_DAY_TEXT];
    tb_report(c->d, TB_E_BAD_CALENDAR_DAY, k->span, tb_str_copy(c->a, tb_str_z(tb_day_text(day, text))), TB_NONE,
              TB_NONE);
}

/* Each spell after the one before, within the day. */
static void office_hours(tb__compiler *c, tb_calendar_builder *b, const tb_clause *k, bool own) {
    tb_office_spell spells[TB_OFFICE_SPELLS];
    uint32_t n = 0;
    bool en = tb__english(c, k->span.file);
    for (uint32_t i = 0; i < k->spells.count; i++) {
        const tb_spell *s = &k->spells.items[i];
        if (s->from < 0 || s->to < 0) return; /* no such time of day: the lexer has said so */
        const char *why = NULL;
        if (n == TB_OFFICE_SPELLS) why = en ? "more than 4 spells a day" : "一天最多写 4 段";
        else if (s->to <= s->from) why = en ? "it closes before it opens" : "下班不晚于上班";
        else if (n && s->from <= spells[n - 1].to)
            why = en ? "it must come after the spell before it" : "要在前一段之后";
        if (why) {
            tb_str text = tb_source_text(&c->rules->sources, s->span);
            if (own) tb_report(c->d, TB_E_OFFICE_HOURS, s->span, text, tb_str_z(why), TB_NONE);
            return;
        }
        spells[n++] = (tb_office_spell){s->from, s->to};
    }
    tb_calendar_hours(b, spells, n, tb_part_of(k, TB_P_CLOSES) != NULL);
}

static void special_days(tb__compiler *c, tb_calendar_builder *b, const tb_clause *k, bool own) {
    tb_str name = first_text(tb_part_of(k, TB_P_TEXT));
    if (k->day == TB_NO_DAY) return; /* no such day: the lexer has said so */
    int32_t to = k->day_to == TB_NO_DAY ? k->day : k->day_to;
    if (to < k->day || to - k->day > 366) {
        if (own) bad_day(c, k, to);
        return;
    }
    for (int32_t day = k->day; day <= to; day++)
        if (!(k->kind == TB_C_REST ? tb_calendar_rest(b, day, name) : tb_calendar_work(b, day, name)) && own)
            bad_day(c, k, day);
}

/* `own`: the calendar's own clause; else of the one beneath it, whose mistakes are told there. */
static void general_clause(tb__compiler *c, tb_calendar_builder *b, const tb_clause *k, bool own) {
    switch (k->kind) {
    case TB_C_HOURS: office_hours(c, b, k, own); break;
    case TB_C_EVERY_YEAR:
        for (uint32_t i = 0; i < k->names.count; i++) {
            int month, day;
            if (month_day(k->names.items[i].text, &month, &day))
                tb_calendar_fixed(b, month, day, first_text(tb_part_of(k, TB_P_TEXT)));
            else if (own)
                tb_report(c->d, TB_E_BAD_MONTH_DAY, k->names.items[i].span, k->names.items[i].text, TB_NONE, TB_NONE);
        }
        break;
    case TB_C_YEAR: tb_calendar_year(b, k->number, first_text(tb_part_of(k, TB_P_BASIS))); break;
    default: break; /* a day, or shape.c has said so */
    }
}

static bool is_day(const tb_clause *k) { return k->kind == TB_C_REST || k->kind == TB_C_WORK; }

typedef struct named_calendar {
    tb_str name;
    tb_calendar_builder *b;
    const tb_clause *beneath; /* 日历 全国: what is not written here is as there */
} named_calendar;
typedef TB_LIST(named_calendar) named_calendars;

static named_calendar *calendar_of(const named_calendars *all, tb_str name) {
    for (uint32_t i = 0; i < all->count; i++)
        if (tb_str_eq(all->items[i].name, name)) return &all->items[i];
    return NULL;
}

enum pass { GENERAL, DAYS };

/* The clauses of one calendar, in whatever sections and files they stand, into a builder. */
static void put_calendar(tb__compiler *c, uint32_t roots, tb_str name, tb_calendar_builder *b, enum pass pass, bool own) {
    for (uint32_t f = 0; f < roots; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; i < t->sections.count; i++) {
            const tb_section *s = &t->sections.items[i];
            if (s->kind != TB_S_CALENDAR || !tb_str_eq(s->name.text, name)) continue;
            for (uint32_t k = 0; k < s->clauses.count; k++) {
                const tb_clause *x = &s->clauses.items[k];
                if (pass == DAYS && is_day(x)) special_days(c, b, x, own);
                if (pass == GENERAL && !is_day(x)) general_clause(c, b, x, own);
            }
        }
    }
}

/* The calendar that another stands on: one that stands on none itself. */
static const named_calendar *beneath(tb__compiler *c, const named_calendars *all, const named_calendar *n) {
    if (!n->beneath) return NULL;
    const tb_name *name = &n->beneath->names.items[0];
    const named_calendar *base = calendar_of(all, name->text);
    if (base && base != n && !base->beneath) return base;
    bool en = tb__english(c, name->span.file);
    tb_report(c->d, TB_E_CALENDAR_BENEATH, name->span, n->name, name->text,
              tb_str_z(!base ? en ? "there is no such calendar" : "没有这个日历"
                             : en ? "it stands on another itself" : "它自己也照别的日历"));
    return NULL;
}

/* Sections of one name are one calendar, wherever they stand: a new year's notice may come as a file of its own. A
 * calendar that stands on another says only what differs: its own days go first, then those beneath; its own notice and
 * office hours go last, and count. A revision of the one beneath so reaches every place. */
static void build_calendars(tb__compiler *c, uint32_t roots) {
    named_calendars list = {0};
    for (uint32_t f = 0; f < roots; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; i < t->sections.count; i++) {
            const tb_section *s = &t->sections.items[i];
            if (s->kind != TB_S_CALENDAR) continue;
            if (!calendar_of(&list, s->name.text))
                *TB_PUSH(c->a, list) = (named_calendar){s->name.text, tb_calendar_begin(c->a, s->name.text), NULL};
            named_calendar *n = calendar_of(&list, s->name.text);
            for (uint32_t k = 0; k < s->clauses.count; k++)
                if (s->clauses.items[k].kind == TB_C_CALENDAR && s->clauses.items[k].names.count)
                    n->beneath = &s->clauses.items[k];
        }
    }
    for (uint32_t i = 0; i < list.count; i++) {
        const named_calendar *n = &list.items[i], *base = beneath(c, &list, n);
        if (base) put_calendar(c, roots, base->name, n->b, GENERAL, false);
        put_calendar(c, roots, n->name, n->b, GENERAL, true);
        put_calendar(c, roots, n->name, n->b, DAYS, true);
        if (base) put_calendar(c, roots, base->name, n->b, DAYS, false);
        *TB_PUSH(c->a, c->rules->calendars) = tb_calendar_end(n->b);
    }
}

/* ---- 组织 ---- */

struct office {
    tb_str name;
    int index, place;
};

static void build_directory(tb__compiler *c, uint32_t roots) {
    tb_directory_builder *b = NULL;
    TB_LIST(struct office) organs = {0};
    for (uint32_t f = 0; f < roots; f++) {
        const tb_tree *t = c->rules->trees.items[f];
        for (uint32_t i = 0; i < t->sections.count; i++) {
            const tb_section *s = &t->sections.items[i];
            if (s->kind != TB_S_DIRECTORY) continue;
            if (!b) b = tb_directory_begin(c->a);
            tb_place place = {.name = s->name.text};
            const tb_clause *division = NULL;
            for (uint32_t k = 0; k < s->clauses.count; k++) {
                const tb_clause *x = &s->clauses.items[k];
                if (x->kind == TB_C_DIVISION && x->names.count) {
                    division = x;
                    place.code = x->names.items[0].text;
                    place.parent = first_text(tb_part_of(x, TB_P_ABOVE));
                }
                if (x->kind == TB_C_CALENDAR && x->names.count) place.calendar = x->names.items[0].text;
            }
            if (!division) {
                tb_report(c->d, TB_E_DIVISION_MISSING, s->name.span, s->name.text, TB_NONE, TB_NONE);
                continue;
            }
            int at = tb_directory_place(b, place);
            if (at < 0) {
                tb_report(c->d, TB_E_DUPLICATE, division->names.items[0].span, place.code, TB_NONE, TB_NONE);
                continue;
            }
            uint32_t mine = organs.count;
            for (uint32_t k = 0; k < s->clauses.count;
                 k++) { /* organs first: a person may be written before its organ */
                const tb_clause *x = &s->clauses.items[k];
                if (x->kind != TB_C_OFFICE || !x->names.count) continue;
                tb_organ organ = {x->names.items[0].text, first_text(tb_part_of(x, TB_P_DUTY)),
                                  first_text(tb_part_of(x, TB_P_SEAL)), (uint32_t)at};
                int index = tb_directory_organ(b, organ);
                if (index < 0) tb_report(c->d, TB_E_DUPLICATE, x->names.items[0].span, organ.name, TB_NONE, TB_NONE);
                else *TB_PUSH(c->a, organs) = (struct office){organ.name, index, at};
            }
            for (uint32_t k = 0; k < s->clauses.count; k++) {
                const tb_clause *x = &s->clauses.items[k];
                const tb_part *posts = tb_part_of(x, TB_P_POSTS), *of = tb_part_of(x, TB_P_ORGAN);
                if (x->kind != TB_C_PERSON || !x->names.count || !posts) continue;
                tb_str *names = TB_NEW_ARRAY(c->a, posts->names.count, tb_str);
                for (uint32_t n = 0; n < posts->names.count; n++) names[n] = posts->names.items[n].text;
                int organ = -1;
                for (uint32_t n = mine; of && n < organs.count; n++)
                    if (tb_str_eq(organs.items[n].name, first_text(of))) organ = organs.items[n].index;
                if (of && organ < 0) tb_report(c->d, TB_E_ORGAN_UNKNOWN, of->span, first_text(of), TB_NONE, TB_NONE);
                if (tb_directory_person(b, at, organ, x->names.items[0].text, names, posts->names.count) < 0)
                    tb_report(c->d, TB_E_DUPLICATE, x->names.items[0].span, x->names.items[0].text, TB_NONE, TB_NONE);
            }
            tb__deputies(c, b, at, place.code, s);
        }
    }
    if (b) c->rules->directory = tb_directory_end(b);
    c->directory = c->rules->directory ? c->rules->directory : c->in->directory;
}

/* ---- laws, as citations find them ---- */

const tb_section *tb__law_for(tb__compiler *c, uint32_t file, const tb_law_ref *ref) {
    for (const uint32_t *f = c->closure[file]; *f != TB_NO_INDEX; f++)
        for (uint32_t i = first_named(c, ref->law); i != TB_NO_INDEX; i = c->named.items[i].next)
            if (c->named.items[i].file == *f && c->named.items[i].section->kind == TB_S_LAW)
                return c->named.items[i].section;
    return NULL;
}

const tb_clause *tb__article_of(const tb_section *law, const tb_law_ref *ref) {
    const tb_clause *loose = NULL;
    for (uint32_t i = 0; i < law->clauses.count; i++) {
        const tb_clause *k = &law->clauses.items[i];
        if (k->kind != TB_C_ARTICLE || k->article.article != ref->article || k->article.sub != ref->sub) continue;
        bool paragraph = k->article.paragraph == ref->paragraph, item = k->article.item == ref->item;
        if (paragraph && item) return k;
        if ((paragraph || !k->article.paragraph || !ref->paragraph) && (item || !k->article.item || !ref->item) &&
            !loose)
            loose = k;
    }
    return loose;
}

/* ---- all ---- */

static const uint8_t *text_digest(tb__compiler *c, uint32_t file) {
    static const uint8_t none[32];
    tb_str text = c->rules->sources.list.items[file].text;
    if (memcmp(c->text_digests[file], none, sizeof none) == 0) c->in->sm3(text.p, text.n, c->text_digests[file]);
    return c->text_digests[file];
}

static tb_str program_digest(tb__compiler *c, uint32_t file) {
    tb_buf all, hex;
    uint8_t out[32];
    if (c->program_digests[file].n) return c->program_digests[file];
    tb_buf_init(&all, c->a);
    for (const uint32_t *f = c->closure[file]; *f != TB_NO_INDEX; f++)
        tb_put(&all, (const char *)text_digest(c, *f), sizeof out);
    c->in->sm3(all.p, all.n, out);
    tb_buf_init(&hex, c->a);
    for (int i = 0; i < 32; i++) tb_putf(&hex, "%02x", out[i]);
    return c->program_digests[file] = tb_buf_str(&hex);
}

/* A file with any error, a slip of syntax in what it refers to included, yields no program: what was skipped might have
 * been the rule that matters. */
static bool file_errs(const tb__compiler *c, uint32_t file) {
    for (const uint32_t *f = c->closure[file]; *f != TB_NO_INDEX; f++)
        if (c->unclean.items[*f]) return true;
    for (uint32_t i = 0; i < c->d->list.count; i++)
        if (c->d->list.items[i].span.file == file && tb_code_severity(c->d->list.items[i].code) == TB_ERROR)
            return true;
    return c->d->dropped > 0;
}

bool tb__english(const tb__compiler *c, uint32_t file) {
    if (c->in->lang != TB_LANG_AUTO) return c->in->lang == TB_LANG_EN;
    return !tb_source_chinese(c->rules->sources.list.items[file].text);
}

/* What is wrong in a branch that was copied (逐一) is wrong in every copy. */
static void say_once(tb_diagnostics *d, uint32_t from) {
    uint32_t n = from;
    for (uint32_t i = from; i < d->list.count; i++) {
        const tb_diagnostic *x = &d->list.items[i];
        uint32_t k = from;
        while (k < n && (d->list.items[k].code != x->code || d->list.items[k].span.file != x->span.file ||
                         d->list.items[k].span.from != x->span.from))
            k++;
        if (k == n) d->list.items[n++] = *x;
        else if (tb_code_severity(x->code) == TB_ERROR) d->errors--;
        else if (tb_code_severity(x->code) == TB_WARNING) d->warnings--;
    }
    d->list.count = n;
}

/* NULL: errors, all reported. A `standard` is compiled to be compared with, and is no part of what the files give. */
static const tb_program *compile_matter(tb__compiler *c, uint32_t file, const tb_tree *t, uint32_t first, uint32_t end,
                                        bool standard) {
    tb__matter m = {
        .c = c, .p = TB_NEW(c->a, tb_program), .head = &t->sections.items[first], .errors_before = c->d->errors};
    m.sections = TB_NEW_ARRAY(c->a, end - first, const tb_section *);
    for (uint32_t i = first; i < end; i++)
        if (!stands_between(t->sections.items[i].kind)) m.sections[m.sections_n++] = &t->sections.items[i];
    m.english = tb__english(c, file);
    m.p->sources = &c->rules->sources;
    m.p->digest = program_digest(c, file);
    m.p->matter = m.head->name.text;
    m.p->span = m.head->name.span;
    for (uint32_t i = 0; i < c->rules->programs.count && !standard; i++)
        if (tb_str_eq(c->rules->programs.items[i]->matter, m.p->matter))
            TB__REPORT(&m, DUPLICATE, m.head->name.span, m.p->matter, TB_NONE, TB_NONE)->other =
                c->rules->programs.items[i]->span;
    uint32_t said = c->d->list.count;
    bool charted = tb__template_apply(&m) && tb__each(&m) && tb__matter_tables(&m) && tb__matter_chart(&m);
    if (charted) tb__matter_check(&m);
    if (charted && c->d->errors == m.errors_before && !file_errs(c, file)) tb__scenario_names(&m);
    if (m.copies.count) say_once(c->d, said);
    tb__advise(&m, said);
    tb__template_places(m.p, c->d, said);
    if (!charted || c->d->errors != m.errors_before || m.unsound || file_errs(c, file)) return NULL;
    for (uint32_t i = 0; i < m.head->clauses.count; i++)
        if (m.head->clauses.items[i].kind == TB_C_FOLLOWS && m.head->clauses.items[i].names.count)
            *TB_PUSH(c->a, c->following) = (tb__following){m.p, &m.head->clauses.items[i], file, NULL};
    if (!standard) *TB_PUSH(c->a, c->rules->programs) = m.p;
    return m.p;
}

/* ---- 遵循: the standard is a matter of the same file or of one it refers to ---- */

static const tb_program *compiled_at(const tb__compiler *c, tb_span name) {
    for (uint32_t i = 0; i < c->rules->programs.count; i++) {
        tb_span at = c->rules->programs.items[i]->span;
        if (at.file == name.file && at.from == name.from) return c->rules->programs.items[i];
    }
    for (uint32_t i = 0; i < c->standards.count; i++)
        if (c->standards.items[i].section->name.span.file == name.file &&
            c->standards.items[i].section->name.span.from == name.from)
            return c->standards.items[i].program;
    return NULL;
}

static const tb__named *standard_named(const tb__compiler *c, const tb__following *f) {
    for (const uint32_t *file = c->closure[f->file]; *file != TB_NO_INDEX; file++)
        for (uint32_t i = first_named(c, f->clause->names.items[0].text); i != TB_NO_INDEX;
             i = c->named.items[i].next) {
            const tb__named *n = &c->named.items[i];
            if (n->file == *file && n->section->kind == TB_S_MATTER &&
                tb_str_eq(n->section->name.text, f->clause->names.items[0].text) &&
                (n->file != f->p->span.file || n->section->name.span.from != f->p->span.from))
                return n;
        }
    return NULL;
}

/* NULL: it has errors, which have been reported. */
static const tb_program *standard_program(tb__compiler *c, const tb__named *n, uint32_t roots) {
    const tb_program *p = compiled_at(c, n->section->name.span);
    if (p || n->file < roots) return p;
    for (uint32_t i = 0; i < c->standards.count; i++)
        if (c->standards.items[i].section == n->section) return NULL;
    uint32_t end = n->at + 1;
    while (end < n->tree->sections.count &&
           (belongs_to_matter(n->tree->sections.items[end].kind) || stands_between(n->tree->sections.items[end].kind)))
        end++;
    p = compile_matter(c, n->file, n->tree, n->at, end, true);
    *TB_PUSH(c->a, c->standards) = (tb__standard){n->section, p};
    return p;
}

/* Does the standard, by its own standards, follow `f`'s matter? `circle`: the names on the way. */
static bool leads_back(const tb__compiler *c, const tb__following *f, const tb_program *at, int depth, tb_str *circle) {
    for (uint32_t i = 0; i < c->following.count && depth < TB_STANDARDS; i++) {
        const tb__following *x = &c->following.items[i];
        if (x->p != at || !x->standard) continue;
        if (x->standard != f->p && !leads_back(c, f, x->standard, depth + 1, circle)) continue;
        if (x->standard == f->p) *circle = f->p->matter;
        *circle = tb_str_printf(c->a, "%.*s → %.*s", TB_FMT(at->matter), TB_FMT(*circle));
        return true;
    }
    return false;
}

static void drop_program(tb__compiler *c, const tb_program *p) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->rules->programs.count; i++)
        if (c->rules->programs.items[i] != p) c->rules->programs.items[kept++] = c->rules->programs.items[i];
    c->rules->programs.count = kept;
}

/* A matter that does not keep to its standard gives no program. The list grows: a standard may follow one itself. */
static void prove_following(tb__compiler *c, uint32_t roots) {
    for (uint32_t i = 0; i < c->following.count; i++) {
        tb__following f = c->following.items[i];
        const tb_name *name = &f.clause->names.items[0];
        uint32_t errors = c->d->errors, said = c->d->list.count;
        const tb__named *n = standard_named(c, &f);
        tb_str circle = TB_NONE;
        if (!n) tb_report(c->d, TB_E_FOLLOW_UNKNOWN, name->span, name->text, TB_NONE, TB_NONE);
        const tb_program *standard = n ? standard_program(c, n, roots) : NULL;
        c->following.items[i].standard = standard;
        if (standard && leads_back(c, &f, standard, 0, &circle))
            tb_report(c->d, TB_E_FOLLOW_CIRCLE, name->span,
                      tb_str_printf(c->a, "%.*s → %.*s", TB_FMT(f.p->matter), TB_FMT(circle)), TB_NONE, TB_NONE);
        else if (standard) tb__follow_report(c->a, f.p, f.clause, standard, tb__english(c, f.file), c->d);
        tb__template_places(f.p, c->d, said);
        if (!standard || c->d->errors != errors) drop_program(c, f.p);
    }
}

static void compile_file(tb__compiler *c, uint32_t file) {
    const tb_tree *t = c->rules->trees.items[file];
    uint32_t head = TB_NO_INDEX;
    bool told = c->unclean.items[file]; /* the heading may be what could not be read; and once is enough */
    check_named_once(c, file);
    for (uint32_t i = 0; i <= t->sections.count; i++) {
        enum tb_section_kind kind = i < t->sections.count ? t->sections.items[i].kind : TB_S_NONE;
        if (belongs_to_matter(kind)) {
            if (head == TB_NO_INDEX && !told)
                tb_report(c->d, TB_E_OUTSIDE_MATTER, t->sections.items[i].span,
                          tb_str_z(tb_section_word(kind, tb__english(c, file) ? TB_LANG_EN : TB_LANG_ZH)), TB_NONE,
                          TB_NONE);
            told |= head == TB_NO_INDEX;
        }
        if (belongs_to_matter(kind) || stands_between(kind)) continue;
        if (head != TB_NO_INDEX && t->sections.items[head].kind == TB_S_MATTER)
            compile_matter(c, file, t, head, i, false);
        head = kind == TB_S_MATTER || kind == TB_S_TEMPLATE ? i : TB_NO_INDEX;
    }
}

static int compile_work(void *arg) {
    struct compiling *w = arg;
    tb__compiler *c = &w->c;
    c->rules = TB_NEW(c->a, tb_rules);
    c->d = &c->rules->diagnostics;
    tb_diagnostics_init(c->d, c->a);
    c->d->lang = c->in->lang;
    c->by_name = (tb_index){.a = c->a};
    for (uint32_t i = 0; i < c->in->count && i < COMPILE_FILES; i++) {
        uint32_t file = add_file(c, c->in->paths[i], c->in->texts[i]);
        const tb_tree *t = c->rules->trees.items[file];
        if (!t->sections.count && !t->references.count &&
            !c->unclean.items[file]) /* one of 引用 alone gathers others */
            tb_report(c->d, TB_E_NOTHING, (tb_span){file, 0, 0}, TB_NONE, TB_NONE, TB_NONE);
    }
    uint32_t roots = c->rules->trees.count;
    if (roots < c->in->count) too_many_files(c, (tb_span){roots - 1, 0, 0});
    follow_references(c);
    build_calendars(c, roots);
    build_directory(c, roots);
    tb__templates_check(c);
    tb__tables_compile(c);
    for (uint32_t f = 0; f < roots; f++) compile_file(c, f);
    prove_following(c, roots);
    tb__outside_check(c);
    tb__listings_compile(c, roots);
    tb__advise_all(c);
    tb_diagnostics_sort(c->d);
    *w->out = c->rules;
    return TB_OK;
}

const tb_calendar *tb_rules_calendar(const tb_rules *r, tb_str name) {
    for (uint32_t i = 0; i < r->calendars.count; i++)
        if (tb_str_eq(tb_calendar_name(r->calendars.items[i]), name)) return r->calendars.items[i];
    return NULL;
}

int tb_compile(tb_arena *a, const tb_compile_input *in, tb_rules **out) {
    struct compiling w = {.c = {.a = a, .in = in}, .out = out};
    *out = NULL;
    return tb_try(a, compile_work, &w);
}
