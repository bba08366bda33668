/* The guides of matters, on the shipped ones, those of tests/matters, and one full of marks that HTML must escape: the page is
 * well-formed and refers to nothing outside, the text keeps its width, nothing of the rules is left out for those who do
 * the work, what is open is marked, and the same program gives the same bytes. */
#include "draw/draw.h"
#include "draw/guide.h"
#include "engine.h"
#include "xml.h"

static const tb_program *program;

static bool hold(bool ok, const char *what, tb_str which) {
    if (!ok) fprintf(stderr, "%.*s: %s: «%.*s»\n", TB_FMT(program->matter), what, TB_FMT(which));
    return CHECK(ok);
}

/* Blanks and line ends aside: a text may be parted anywhere. */
static tb_str squeezed(tb_arena *a, tb_str s) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\n') tb_put(&b, s.p + i, 1);
    return tb_buf_str(&b);
}

static bool holds(tb_str all, tb_str what) {
    if (!what.n) return true;
    for (uint32_t i = 0; i + what.n <= all.n; i++)
        if (memcmp(all.p + i, what.p, what.n) == 0) return true;
    return false;
}

/* All that the guide says, cell after cell. */
static tb_str said(tb_arena *a, const tb_guide *g) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < g->blocks.count; i++) {
        const tb_guide_block *t = &g->blocks.items[i];
        tb_putstr(&b, t->title);
        for (uint32_t c = 0; c < t->cells.count; c++)
            for (uint32_t l = 0; l < t->cells.items[c].lines.count; l++) {
                tb_putstr(&b, t->cells.items[c].lines.items[l].text);
                tb_puts(&b, "\n");
            }
    }
    return tb_buf_str(&b);
}

static void check_shape(const tb_guide *g) {
    for (uint32_t i = 0; i < g->blocks.count; i++) {
        const tb_guide_block *t = &g->blocks.items[i];
        bool titled = t->kind == TB_GUIDE_SECTION || t->kind == TB_GUIDE_PART;
        CHECK(titled == (t->title.n > 0));
        CHECK(titled == (t->cells.count == 0));
        if (t->kind == TB_GUIDE_TABLE) CHECK(t->shares && t->cells.count >= t->columns);
        CHECK_INT(t->cells.count % t->columns, 0); /* whole rows */
    }
}

static void check_complete(tb_arena *a, const tb_program *p, tb_str text) {
    for (uint32_t i = 0; i < p->materials.count; i++)
        hold(holds(text, p->materials.items[i].name), "a material is missing", p->materials.items[i].name);
    for (uint32_t i = 0; i < p->fields.count; i++)
        hold(holds(text, p->fields.items[i].name), "a field is missing", p->fields.items[i].name);
    for (uint32_t i = 0; i < p->documents.count; i++)
        hold(holds(text, p->documents.items[i].name), "a document is missing", p->documents.items[i].name);
    for (uint32_t i = 0; i < p->steps.count; i++)
        hold(holds(text, p->steps.items[i].name), "a step is missing", p->steps.items[i].name);
    for (uint32_t i = 0; i < p->clocks.count; i++) {
        const tb_clock_def *c = &p->clocks.items[i];
        tb_str length = tb_str_printf(a, "%d%s", c->n, tb__draw_unit(c->unit, c->n, true));
        hold(holds(text, length), "a limit is missing", c->name);
    }
    for (uint32_t i = 0; i < p->citations.count; i++) {
        const tb_citation *c = &p->citations.items[i];
        hold(holds(text, c->law ? c->law->law : c->text), "a law is missing", c->text);
    }
}

/* For both: what may come later or be promised and what follows, and why somebody has to come. */
static void check_ease(const tb_program *p, tb_str text) {
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i].on_site) {
            hold(holds(text, tb_str_z("必须到现场办理")), "presence is not told", p->steps.items[i].name);
            hold(holds(text, p->steps.items[i].on_site_why), "why to come is missing", p->steps.items[i].name);
        }
    for (uint32_t i = 0; i < p->materials.count; i++) {
        const tb_material *m = &p->materials.items[i];
        if (m->deferrable) hold(holds(text, tb_str_z("可以后补")), "可容缺 is not told", m->name);
        if (m->promisable) hold(holds(text, tb_str_z("可以承诺")), "可承诺 is not told", m->name);
    }
    CHECK((p->papers.clock != TB_NO_INDEX) == holds(text, tb_str_z("可以后补的材料（容缺受理）")));
    CHECK((p->papers.promised != TB_NO_INDEX) == holds(text, tb_str_z("可以用承诺代替的材料（告知承诺）")));
}

/* For the staff: every act with what must be stated, its condition, and the ground of time that does not count. */
static void check_staff(const tb_program *p, tb_str text) {
    for (uint32_t i = 0; i < p->moves.count; i++) {
        const tb_move *m = &p->moves.items[i];
        if (m->kind == TB_MOVE_ACT) hold(holds(text, m->act), "an act is missing", m->key);
        hold(holds(text, m->guard_text), "a condition is missing", m->key);
        for (uint32_t k = 0; k < m->stated_n; k++)
            hold(holds(text, m->stated[k]), "what must be stated is missing", m->stated[k]);
    }
    for (uint32_t i = 0; i < p->posts.count; i++)
        if (!p->outside || i != p->outside)
            hold(holds(text, p->posts.items[i].name), "a post is missing", p->posts.items[i].name);
    for (uint32_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i].why_needed)
            hold(holds(text, tb_source_text(p->sources, p->steps.items[i].why_needed->span)), "a ground is missing",
                 p->steps.items[i].name);
    for (uint32_t i = 0; i < p->alerts.count; i++) {
        const tb_alert_def *d = &p->alerts.items[i];
        hold(holds(text, tb_str_z(tb_alert_word(d->kind))), "an alert is missing", d->key);
        hold(holds(text, d->report), "to whom an alert is reported is missing", d->key);
    }
    bool correctable = false;
    for (uint32_t i = 0; i < p->moves.count; i++) correctable |= p->moves.items[i].correct_n > 0;
    CHECK(correctable != holds(text, tb_str_z("规则没有规定可以更正的动作")));
    hold(holds(text, tb_str_z("退签")), "claims are missing", p->matter);
    hold(holds(text, tb_str_z("不可撤回")), "the point of no return is missing", p->matter);
}

static void check_open(const tb_program *p, const tb_guide *g) {
    bool open = false;
    uint32_t listed = 0;
    for (uint32_t i = 0; i < g->blocks.count; i++)
        for (uint32_t c = 0; c < g->blocks.items[i].cells.count; c++)
            for (uint32_t l = 0; l < g->blocks.items[i].cells.items[c].lines.count; l++)
                open |= g->blocks.items[i].cells.items[c].lines.items[l].open;
    const tb_guide_block *last = &g->blocks.items[g->blocks.count - 1];
    if (last->kind == TB_GUIDE_LIST) listed = last->cells.count;
    CHECK_INT(listed, p->pending.count); /* the last section lists them all */
    if (p->pending.count > 3) hold(open, "nothing is marked open", p->matter);
}

static void check_width(tb_arena *a, const tb_guide *g, uint32_t columns) {
    tb_buf b;
    tb_buf_init(&b, a);
    tb_guide_text(&b, g, columns);
    tb_str all = tb_buf_str(&b);
    for (uint32_t from = 0; from < all.n;) {
        uint32_t to = from;
        while (to < all.n && all.p[to] != '\n') to++;
        tb_str row = {all.p + from, to - from};
        hold(tb_cells(row) <= columns, "a line is too wide", row);
        hold(!tb_str_ends(row, " "), "a line ends with a blank", row);
        from = to + 1;
    }
    tb_str text = squeezed(a, all), whole = squeezed(a, said(a, g));
    CHECK(text.n >= whole.n); /* rules, marks and bullets come in addition */
}

static void check_page(tb_arena *a, const tb_guide *g) {
    tb_buf one, two;
    tb_buf_init(&one, a), tb_buf_init(&two, a);
    tb_guide_html(&one, g, TB_STR(""));
    tb_guide_html(&two, g, TB_STR(""));
    CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
    const char *error = xml_error(one.p, one.n);
    hold(!error, "not well-formed", tb_str_z(error ? error : ""));
    hold(!strstr(one.p, "http") && !strstr(one.p, "src=") && !strstr(one.p, "url("), "refers outside", g->title);
    CHECK(tb_valid_utf8(tb_buf_str(&one), NULL));
}

static void check_program(tb_arena *a, const tb_program *p) {
    program = p;
    for (int reader = TB_GUIDE_APPLICANT; reader <= TB_GUIDE_STAFF; reader++) {
        tb_guide g, again;
        tb_guide_of(a, p, (enum tb_guide_reader)reader, &g);
        tb_guide_of(a, p, (enum tb_guide_reader)reader, &again);
        tb_str text = said(a, &g);
        CHECK(tb_str_eq(text, said(a, &again)));
        check_shape(&g);
        check_complete(a, p, text);
        check_ease(p, text);
        if (reader == TB_GUIDE_STAFF) check_staff(p, text);
        check_open(p, &g);
        for (uint32_t columns = TB_GUIDE_NARROW; columns <= 120; columns += 20) check_width(a, &g, columns);
        check_page(a, &g);
    }
}

static int tell_all(void *arg) {
    world *w = arg;
    for (uint32_t i = 0; i < w->rules->programs.count; i++) check_program(w->a, w->rules->programs.items[i]);
    return TB_OK;
}

static void check_world(world *w) {
    CHECK_INT(world_compile(w), TB_OK);
    CHECK(w->rules->programs.count > 0);
    CHECK_INT(tb_try(w->a, tell_all, w), TB_OK);
    world_end(w);
}

static void check_rules(const char *path) {
    world w;
    world_begin(&w);
    if (strcmp(path, "rules") != 0) world_add(&w, "rules/组织"); /* one of those matters brings people of its own: then all need theirs */
    world_add(&w, path);
    check_world(&w);
}

/* Names with every mark of HTML, a limit of every kind, nothing that may be left out said. */
static void check_marks(void) {
    static const char text[] =
        "事项 「<b>&\"事'项」：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n"
        "  实施主体 甲地 审批局，待核。\n  办理模式 「<窗口>&」，待核。\n  甲地 取自 「所<在>」。\n"
        "  承诺期限 48小时，自 提交 至 决定。\n  岗位 「甲<员>」，在 甲地。\n"
        "申请表：\n  「所<在>」 区划，必填。\n  「面&积」 整数，必填，单位 「<米>」，大于 3。\n"
        "申请材料：\n  「材<料>&\"」 必要，待核。\n文书：\n  「文<书>」，记 决定。\n"
        "环节 「一&二」：\n  办理人 「甲<员>」。\n  期限 2个月。\n"
        "  「做<成>」的，若 「面&积」 大于 5，载明 「理<由>」，出具 「文<书>」，办结 「<成>」。\n"
        "  不成的，办结 不成。\n";
    world w;
    world_begin(&w);
    world_text(&w, TB_STR("标记.tb"), tb_str_z(text));
    check_world(&w);
}

/* What an applicant, and what the staff of a real matter, must find word for word. */
static const struct saying {
    const char *matter;
    enum tb_guide_reader reader;
    bool told;
    const char *what;
} sayings[] = {
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "可以先申请、后补交：平面图、健康证明。"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "您应当自受理之日起5个工作日内补齐。"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "容缺的材料到期没有补齐的，出具《终止通知书》，办结（终止）。"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "申请时书面承诺它要证明的情况属实：健康证明。"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "承诺的情况由属地的核查员在“事后核查”环节核查"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, true, "承诺不实的，写明理由、救济途径，出具《撤销决定书》，办结（撤销）。"},
    {"容缺和承诺", TB_GUIDE_APPLICANT, false, "承诺期限"}, /* that limit is the applicant's own */
    {"容缺和承诺", TB_GUIDE_STAFF, true, "不得再要下列材料：健康证明。"},
    {"容缺和承诺", TB_GUIDE_STAFF, true, "到期自动"},
    {"容缺和承诺", TB_GUIDE_STAFF, false, "外部接口"}, /* nobody holds the post of what the limit does */
    {"核验到现场", TB_GUIDE_APPLICANT, true, "“现场核验”环节必须到现场办理：因核验本人；依核验规程。"},
    {"核验到现场", TB_GUIDE_APPLICANT, true, "办件再回到这个环节的，要再到现场。"},
    {"核验到现场", TB_GUIDE_APPLICANT, true, "选择“全程网办”的，没有必须到现场的环节。"},
    {"核验到现场", TB_GUIDE_APPLICANT, true, "选择“窗口办理”的，最多到现场 1 次（再回到那个环节的除外）。"},
    {"核验到现场", TB_GUIDE_STAFF, true, "必须到现场办理：因核验本人；依核验规程"},
    {"届满前提醒", TB_GUIDE_STAFF, true, "届满前1个工作日，提醒受理员"},
    {"届满前提醒", TB_GUIDE_STAFF, true, "届满前2小时，对属地记红牌，报告局长"},
    {"届满前提醒", TB_GUIDE_STAFF, true, "承诺期限届满前1个工作日，对属地记黄牌，报告分管领导。"},
    {"届满前提醒", TB_GUIDE_APPLICANT, false, "红牌"}, /* how work is watched inside is not the applicant's */
    {"办错可以更正", TB_GUIDE_STAFF, true, "“受理”环节“不受理”办错的：2小时内，由属地的受理员更正，写明理由。"},
    {"先签收后办理", TB_GUIDE_STAFF, true, "签收的人不在的，本机关负责人可以代为退签。"},
    {"办错可以更正", TB_GUIDE_STAFF, false, "本机关负责人"},
};

static int tell_sayings(void *arg) {
    world *w = arg;
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        const struct saying *s = &sayings[i];
        tb_guide g;
        program = NULL;
        for (uint32_t k = 0; k < w->rules->programs.count; k++)
            if (tb_str_is(w->rules->programs.items[k]->matter, s->matter)) program = w->rules->programs.items[k];
        if (!CHECK(program)) continue;
        tb_guide_of(w->a, program, s->reader, &g);
        hold(holds(said(w->a, &g), tb_str_z(s->what)) == s->told, s->told ? "is not told" : "is told",
             tb_str_z(s->what));
    }
    return TB_OK;
}

static void check_sayings(void) {
    world w;
    world_begin(&w);
    world_add(&w, "rules/组织"); /* as in check_rules */
    world_add(&w, "tests/matters");
    CHECK_INT(world_compile(&w), TB_OK);
    CHECK_INT(tb_try(w.a, tell_sayings, &w), TB_OK);
    world_end(&w);
}

int main(void) {
    check_sayings();
    check_rules("rules");
    check_rules("tests/matters");
    check_marks();
    return check_end();
}
