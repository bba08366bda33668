/* From a text to its tree: the entrance, the words of its kinds, and a plain dump for tests and tools. */
#include "syntax.h"
#include <stdio.h>

static const char *const part_words[][2] = {{"", ""},
#define X(name, zh, en) {zh, en},
#include "parts.def"
#undef X
};
static const char *const clause_words[][2] = {{"", ""},
#define X(name, zh, en, parts) {zh, en},
#include "clauses.def"
#undef X
};
static const char *const section_words[TB_S_COUNT][2] = {{"", ""}, {"事项", "matter"}, {"申请表", "form"}, {"申请材料",
    "materials"},
    {"文书", "documents"}, {"环节", "step"}, {"并行", "parallel"}, {"分支", "branch"}, {"任一环节", "any-step"}, {"用例", "scenario"},
    {"法规", "law"}, {"日历", "calendar"}, {"组织", "directory"}, {"流程模板", "template"}, {"决策表", "decision-table"},
    {"外部接口", "interface"}, {"清单", "catalogue"}};

const char *tb_part_word(enum tb_part_kind k, enum tb_lang lang) { return part_words[k][lang == TB_LANG_EN]; }
const char *tb_clause_word(enum tb_clause_kind k, enum tb_lang lang) { return clause_words[k][lang == TB_LANG_EN]; }
const char *tb_section_word(enum tb_section_kind k, enum tb_lang lang) { return section_words[k][lang == TB_LANG_EN]; }

const tb_part *tb_part_of(const tb_clause *c, enum tb_part_kind k) {
    for (uint32_t i = 0; i < c->parts.count; i++)
        if (c->parts.items[i].kind == k) return &c->parts.items[i];
    return NULL;
}

struct job {
    tb__parse parse;
    const tb_tree *tree;
};

static int work(void *arg) {
    struct job *j = arg;
    tb__parse *p = &j->parse;
    tb_tree *tree = TB_NEW(p->arena, tb_tree);
    tree->file = p->file;
    p->tree = tree;
    const tb_source *source = &p->sources->list.items[p->file];
    p->source_lang = tb_source_chinese(source->text) ? TB_LANG_ZH : TB_LANG_EN;
    p->lang = p->d->lang != TB_LANG_AUTO ? p->d->lang : p->source_lang;
    tb__lex_begin(&p->lexer, p->arena, p->d, source, p->file);
    tb__parse_run(p);
    tb__shape(p);
    j->tree = tree;
    return TB_OK;
}

const tb_tree *tb_parse(tb_arena *a, const tb_sources *s, uint32_t file, tb_diagnostics *d) {
    struct job j = {.parse = {.arena = a, .sources = s, .file = file, .d = d}};
    /* Memory ran out: fail again out here, which goes to the caller's tb_try() or, without one, just answers. */
    if (tb_try(a, work, &j) == TB_NOMEM) return tb_alloc(a, SIZE_MAX);
    return j.tree;
}

/* ---- the dump: one line a heading or clause, every field that is set; no places, so that two layouts of one text
 * dump alike ---- */

static void dump_text(tb_buf *b, tb_str t) {
    tb_puts(b, "「");
    for (uint32_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] < 0x20) tb_putf(b, "\\x%02x", t.p[i]);
        else tb_put(b, t.p + i, 1);
    }
    tb_puts(b, "」");
}

static void dump_names(tb_buf *b, const tb_names *names) {
    for (uint32_t i = 0; i < names->count; i++) {
        tb_puts(b, " ");
        dump_text(b, names->items[i].text);
    }
}

static void dump_laws(tb_buf *b, const tb_law_refs *laws) {
    for (uint32_t i = 0; i < laws->count; i++) {
        const tb_law_ref *l = &laws->items[i];
        tb_puts(b, " law");
        dump_text(b, l->law);
        tb_putf(b, "%d.%d.%d.%d", l->article, l->sub, l->paragraph, l->item);
    }
}

static void dump_expr(tb_buf *b, const tb_expr *x) { /* as deep as TB_EXPR_DEPTH */
    static const char *const kinds[] = {"", "or", "and", "not", "compare", "name", "number", "text", "date", "done",
        "not-done", "filled", "unfilled", "in", "mode", "contains", "add", "subtract", "multiply"};
    static const char *const signs[] = {"", "=", "!=", "<", "<=", ">", ">="};
    tb_putf(b, "(%s", kinds[x->kind]);
    if (x->kind == TB_X_COMPARE) tb_putf(b, " %s", signs[x->op]);
    if (x->text.n) dump_text(b, x->text);
    if (x->day != INT32_MIN) tb_putf(b, " day %d", (int)x->day);
    dump_names(b, &x->names);
    const tb_expr *sides[] = {x->a, x->b};
    for (int i = 0; i < 2; i++)
        if (sides[i]) {
            tb_puts(b, " ");
            dump_expr(b, sides[i]);
        }
    tb_puts(b, ")");
}

const char *tb_unit_text(enum tb_unit_word unit, enum tb_lang lang) {
    static const char *const zh[] = {"", "个工作日", "个自然日", "小时", "个月", "年", "分钟", "个工作小时"};
    static const char *const en[] = {"", "workdays", "days", "hours", "months", "years", "minutes", "workhours"};
    return lang == TB_LANG_EN ? en[unit] : zh[unit];
}

tb_str tb_duration_text(tb_arena *a, tb_duration d, enum tb_lang lang) {
    return tb_str_printf(a, "%d%s%s", d.n, lang == TB_LANG_EN ? "-" : "", tb_unit_text(d.unit, lang));
}

static void dump_duration(tb_buf *b, tb_duration d) {
    if (d.unit) tb_putf(b, " %d-%s", d.n, tb_unit_text(d.unit, TB_LANG_EN));
}

static void dump_part(tb_buf *b, const tb_part *part) {
    static const char *const names[TB_P_COUNT] = {"NONE",
#define X(name, zh, en) #name,
#include "parts.def"
#undef X
    };
    tb_putf(b, " | %s", names[part->kind]);
    dump_names(b, &part->names);
    dump_duration(b, part->duration);
    if (part->number) tb_putf(b, " number %d", part->number);
    if (part->op) tb_putf(b, " op %d", (int)part->op);
    if (part->value_kind) {
        tb_putf(b, " value %d", (int)part->value_kind);
        dump_text(b, part->value.text);
        for (uint32_t i = 1; i < part->values.count; i++) dump_text(b, part->values.items[i].text);
    }
    if (part->day != INT32_MIN) tb_putf(b, " day %d", (int)part->day);
    if (part->day_to != INT32_MIN) tb_putf(b, " to %d", (int)part->day_to);
    if (part->expr) {
        tb_puts(b, " ");
        dump_expr(b, part->expr);
    }
    dump_laws(b, &part->laws);
}

static void dump_clause(tb_buf *b, const tb_clause *c) {
    static const char *const names[TB_C_COUNT] = {"NONE",
#define X(name, zh, en, parts) #name,
#include "clauses.def"
#undef X
    };
    tb_putf(b, "  %s", names[c->kind]);
    dump_names(b, &c->names);
    if (c->all) tb_puts(b, " all");
    if (c->none) tb_puts(b, " none");
    dump_duration(b, c->duration);
    if (c->day != INT32_MIN) tb_putf(b, " day %d", (int)c->day);
    if (c->day_to != INT32_MIN) tb_putf(b, " to %d", (int)c->day_to);
    if (c->minutes >= 0) tb_putf(b, " at %d", c->minutes);
    for (uint32_t i = 0; i < c->spells.count; i++)
        tb_putf(b, " from %d until %d", c->spells.items[i].from, c->spells.items[i].to);
    if (c->number) tb_putf(b, " number %d", c->number);
    if (c->article.article) tb_putf(b, " article %d.%d.%d.%d", c->article.article, c->article.sub,
        c->article.paragraph, c->article.item);
    if (c->expr) {
        tb_puts(b, " ");
        dump_expr(b, c->expr);
    }
    for (uint32_t i = 0; i < c->parts.count; i++) dump_part(b, &c->parts.items[i]);
    if (c->pending) tb_puts(b, " pending");
    tb_puts(b, "\n");
}

tb_str tb_tree_dump(tb_arena *a, const tb_tree *t) {
    tb_buf b;
    tb_buf_init(&b, a);
    if (t->references.count) {
        tb_puts(&b, "import");
        dump_names(&b, &t->references);
        tb_puts(&b, "\n");
    }
    for (uint32_t i = 0; i < t->sections.count; i++) {
        const tb_section *s = &t->sections.items[i];
        tb_puts(&b, s->kind ? section_words[s->kind][1] : "unreadable");
        const struct { const char *word; tb_str text; } fields[] = {{" ", s->name.text}, {" at ", s->in.text},
            {" of ", s->phase.text}, {" before ", s->before.text}, {" each ", s->each.text},
            {" inserted before ", s->inserted.text}};
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            if (fields[k].text.n) {
                tb_puts(&b, fields[k].word);
                dump_text(&b, fields[k].text);
            }
        if (s->changed) tb_puts(&b, " changed");
        if (s->only.count) tb_puts(&b, " only");
        dump_names(&b, &s->only);
        tb_puts(&b, s->pending ? " pending\n" : "\n");
        for (uint32_t k = 0; k < s->clauses.count; k++) dump_clause(&b, &s->clauses.items[k]);
    }
    return tb_buf_str(&b);
}
