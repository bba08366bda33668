/* 逐一: a branch for each item of a list.
 *
 *   分支 各地（在 联合勘察），逐一 经营地：         经营地 列表 区划，至多 3
 *   环节 勘察（在 各地）：
 *
 * becomes, before anything is compiled, as many branches as the list may have items: 各地·1, 各地·2, 各地·3 with the
 * steps 勘察·1, 勘察·2, 勘察·3 and whatever else stands in the branch, obligations included. Names that mean what was
 * copied are those of the copy. So the chart stays a table that can be proved, acts are addressed to one copy's task,
 * and all that works on branches works on copies. A copy begins with a gate (moves.c): beyond the end of the list its
 * branch is void at once, neither 完成 nor 不予.
 *
 * A place taken from the list is each copy's own: 勘察·2 belongs to the second place, and so do its posts. */
#include "compile_work.h"
#include "value.h"
#include <string.h>

struct copying {
    tb__matter *m;
    const tb_section **kept; /* sections of the matter, copies in their places */
    uint32_t kept_n;
    uint32_t *of; /* by section: 1 + the section of the 逐一 branch it stands in; 0 none */
    uint32_t branch, item;
};

const tb__copy *tb__copy_of(const tb__matter *m, const tb_section *s) {
    for (uint32_t i = 0; i < m->copies.count; i++)
        if (m->copies.items[i].section == s) return &m->copies.items[i];
    return NULL;
}

void tb__enter_copy(tb__matter *m, const tb_section *s) {
    const tb__copy *c = tb__copy_of(m, s);
    m->item = c ? c->item : 0;
    m->item_field = c ? c->field : TB_NONE;
}

/* ---- what stands in the branch ---- */

static bool holds(enum tb_section_kind k) { return k == TB_S_STEP || k == TB_S_PARALLEL || k == TB_S_BRANCH; }

static bool owes(const tb_section *s, tb_str step) {
    for (uint32_t i = 0; i < s->clauses.count && s->kind == TB_S_STEP; i++)
        if (s->clauses.items[i].kind == TB_C_OBLIGATION && s->clauses.items[i].names.count &&
            tb_str_eq(s->clauses.items[i].names.items[0].text, step))
            return true;
    return false;
}

static void gather(struct copying *c, uint32_t branch) {
    tb__matter *m = c->m;
    c->of[branch] = branch + 1;
    for (bool news = true; news;) {
        news = false;
        for (uint32_t i = 0; i < m->sections_n; i++) {
            const tb_section *s = m->sections[i];
            bool inside = false;
            for (uint32_t k = 0; k < m->sections_n && !inside && holds(s->kind) && !c->of[i]; k++)
                inside = c->of[k] == branch + 1 &&
                         ((s->in.text.n && tb_str_eq(m->sections[k]->name.text, s->in.text)) ||
                          (s->kind == TB_S_STEP && owes(m->sections[k], s->name.text)));
            if (inside && s->each.text.n)
                TB__REPORT(m, EACH_WITHIN, s->each.span, m->sections[branch]->name.text, TB_NONE, TB_NONE);
            if (inside) c->of[i] = branch + 1, news = true;
        }
    }
}

/* ---- a copy ---- */

static bool copied(const struct copying *c, tb_str name) {
    for (uint32_t i = 0; i < c->m->sections_n; i++)
        if (c->of[i] == c->branch + 1 && tb_str_eq(c->m->sections[i]->name.text, name)) return true;
    return false;
}

static tb_name renamed(const struct copying *c, tb_name n) {
    if (n.text.n && copied(c, n.text)) n.text = tb_str_printf(c->m->c->a, "%.*s·%u", TB_FMT(n.text), c->item);
    return n;
}

static tb_names renamed_all(const struct copying *c, const tb_names *names) {
    tb_names out = {0};
    for (uint32_t i = 0; i < names->count; i++) *TB_PUSH(c->m->c->a, out) = renamed(c, names->items[i]);
    return out;
}

/* 若 已 勘察, in the branch: this copy's. */
static const tb_expr *put_condition(const struct copying *c, const tb_expr *e) {
    if (!e) return NULL;
    tb_expr *out = TB_NEW(c->m->c->a, tb_expr);
    *out = *e;
    out->a = put_condition(c, e->a);
    out->b = put_condition(c, e->b);
    if (e->kind == TB_X_DONE || e->kind == TB_X_NOT_DONE)
        out->text = renamed(c, (tb_name){.text = e->text, .span = e->span}).text;
    return out;
}

static tb_clause put_clause(const struct copying *c, const tb_clause *from) {
    tb_clause out = *from;
    if (from->kind == TB_C_OBLIGATION) out.names = renamed_all(c, &from->names);
    memset(&out.parts, 0, sizeof out.parts);
    for (uint32_t i = 0; i < from->parts.count; i++) {
        tb_part p = from->parts.items[i];
        if (p.kind == TB_P_GOTO || p.kind == TB_P_RETURN) p.names = renamed_all(c, &p.names);
        p.expr = put_condition(c, p.expr);
        *TB_PUSH(c->m->c->a, out.parts) = p;
    }
    return out;
}

static void put_copy(struct copying *c, const tb_section *s, tb_str field) {
    tb__matter *m = c->m;
    tb_section *out = TB_NEW(m->c->a, tb_section);
    *out = *s;
    out->name = renamed(c, s->name);
    out->in = renamed(c, s->in);
    memset(&out->clauses, 0, sizeof out->clauses);
    for (uint32_t i = 0; i < s->clauses.count; i++)
        *TB_PUSH(m->c->a, out->clauses) = put_clause(c, &s->clauses.items[i]);
    c->kept[c->kept_n++] = out;
    *TB_PUSH(m->c->a, m->copies) = (tb__copy){out, field, c->item};
}

/* ---- the list ---- */

uint32_t tb__each_most(const tb__matter *m, tb_str field) {
    for (uint32_t i = 0; i < m->sections_n; i++)
        for (uint32_t k = 0; k < m->sections[i]->clauses.count && m->sections[i]->kind == TB_S_FORM; k++) {
            const tb_clause *c = &m->sections[i]->clauses.items[k];
            const tb_part *most = tb_part_of(c, TB_P_UP_TO);
            if (c->kind != TB_C_FIELD || c->names.count < 3 || !tb_str_eq(c->names.items[0].text, field)) continue;
            bool list = tb_type_named(c->names.items[1].text) == TB_T_LIST;
            return list && most && most->number > 0 && most->number <= TB_EACH ? (uint32_t)most->number : 0;
        }
    return 0;
}

bool tb__each(tb__matter *m) {
    struct copying c = {.m = m};
    uint32_t errors = m->c->d->errors, room = m->sections_n;
    c.of = TB_NEW_ARRAY(m->c->a, m->sections_n + 1, uint32_t);
    for (uint32_t i = 0; i < m->sections_n; i++)
        if (m->sections[i]->kind == TB_S_BRANCH && m->sections[i]->each.text.n && !c.of[i]) gather(&c, i);
    for (uint32_t i = 0; i < m->sections_n; i++) {
        const tb_section *s = m->sections[i];
        if (c.of[i] != i + 1) {
            room += c.of[i] ? TB_EACH : 0;
            continue;
        }
        room += TB_EACH;
        if (!tb__each_most(m, s->each.text))
            TB__REPORT(m, EACH_FIELD, s->each.span, s->each.text, tb_str_printf(m->c->a, "%d", TB_EACH), TB_NONE);
    }
    if (m->c->d->errors != errors) return false;
    if (room == m->sections_n) return true;
    c.kept = TB_NEW_ARRAY(m->c->a, room, const tb_section *);
    for (uint32_t i = 0; i < m->sections_n; i++) {
        if (!c.of[i]) {
            c.kept[c.kept_n++] = m->sections[i];
            continue;
        }
        c.branch = c.of[i] - 1;
        tb_str field = m->sections[c.branch]->each.text;
        for (c.item = 1; c.item <= tb__each_most(m, field); c.item++) put_copy(&c, m->sections[i], field);
    }
    m->sections = c.kept;
    m->sections_n = c.kept_n;
    return true;
}
