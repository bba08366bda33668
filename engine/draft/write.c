/* The text of a draft.
 *
 * Written from a plan (plan.c), section after section in the order a reader expects, then laid out by the formatter.
 * Every clause that the sheet does not settle goes through undecided(), which ends it with 待核 and notes why, so that
 * what is told to the user and what stands in the text cannot differ. */
#include "calendar.h"
#include "plan.h"

struct writer {
    tb_arena *a;
    const tb_source_matter *m;
    const tb_draft_world *world;
    struct tb__plan p;
    tb_draft *d;
    tb_buf b;
    bool blank; /* from a name alone: explain */
    int32_t effective;
};

static const char *say(const struct writer *w, const char *zh, const char *en) {
    return w->world->lang == TB_LANG_EN ? en : zh;
}

/* “，待核”, noted with its reason; a skeleton's are all for the same reason. */
static const char *undecided(struct writer *w, tb_str what, const char *zh, const char *en) {
    tb_str why = tb_str_z(w->blank ? say(w, "按实际改定", "settle it") : say(w, zh, en));
    *TB_PUSH(w->a, w->d->pending) = (tb_draft_note){what, why, TB_NONE};
    return "，待核";
}
#define OPEN(what, zh, en) undecided(w, TB_STR(what), zh, en)

static void filled(struct writer *w, tb_str what, tb_str value, enum tb_column c) {
    const tb_found *f = &w->m->cells[c];
    tb_str place = f->text.n && f->grid ? tb_found_place(w->a, f, w->world->lang) : TB_NONE;
    *TB_PUSH(w->a, w->d->filled) = (tb_draft_note){what, value, place};
}

static tb_str text_of(const struct writer *w, enum tb_column c) { return tb__trim(w->m->cells[c].text); }

static void kept(struct writer *w, const char *label, enum tb_column c) {
    const tb_found *f = &w->m->cells[c];
    tb_str text = tb__trim(f->text);
    if (!text.n) return;
    tb__comment(&w->b, "", tb_str_printf(w->a, "%s：", label).p, text);
    *TB_PUSH(w->a, w->d->kept) = (tb_draft_note){tb_str_z(label), text, tb_found_place(w->a, f, w->world->lang)};
}

static void explain(struct writer *w, const char *text) {
    if (w->blank) tb_putf(&w->b, "%s", text);
}

static tb_str law_list(struct writer *w, const tb__strs *laws) {
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < laws->count; i++) tb_putf(&b, "%s%.*s", i ? "、" : "，依", TB_FMT(laws->items[i]));
    return b.n ? tb_buf_str(&b) : TB_NONE;
}

/* ---- comments at the top ---- */

static tb_str level_word(tb_str code) {
    static const char *const levels[] = {"国家级",           "省级",        "市级", "县级",
                                         "镇（乡、街道）级", "村（社区）级"}; /* GB/T 39046 A.2 */
    return code.n == 1 && *code.p >= '1' && *code.p <= '6' ? tb_str_z(levels[*code.p - '1']) : TB_NONE;
}

static void top(struct writer *w) {
    const tb_found *name = &w->m->cells[TB_COL_NAME];
    tb_buf *b = &w->b;
    if (w->blank) {
        tb_puts(b, "# 由 tongban new 起草的骨架：照着改。句末写了 待核 的是还没有定的，定了就删去“，待核”。\n"
                   "# 改完：tongban check 查错，tongban test 跑用例，tongban draw 看流程。\n\n");
        return;
    }
    tb_str place = tb_found_place(w->a, &(tb_found){.grid = name->grid, .row = name->row}, TB_LANG_ZH);
    tb__comment(b, "", "由 ", tb_str_printf(w->a, "%.*s 起草（tongban new --from）。", TB_FMT(place)));
    tb_puts(b, "# 清单没有说、说得不够准的，句末写了 "
               "待核：核实一句，删去一处“，待核”。清单里没有对应条款的内容留在注释里。\n");
    kept(w, "实施编码", TB_COL_CODE);
    kept(w, "实施主体编码", TB_COL_ORGAN_CODE);
    kept(w, "委托部门", TB_COL_ENTRUST);
    tb_str level = level_word(text_of(w, TB_COL_LEVEL));
    kept(w, level.n ? tb_str_printf(w->a, "行使层级（%.*s）", TB_FMT(level)).p : "行使层级", TB_COL_LEVEL);
    kept(w, "设定依据", TB_COL_LAW);
    kept(w, "法定办结时限说明", TB_COL_STATUTORY_WHY);
    kept(w, "承诺办结时限说明", TB_COL_PROMISED_WHY);
    kept(w, "办理形式", TB_COL_FORM);
    kept(w, "网上办理深度", TB_COL_DEPTH);
    kept(w, "到办事现场次数", TB_COL_SCENE_COUNT);
    kept(w, "通办范围", TB_COL_AREA);
    kept(w, "联办机构", TB_COL_WITH_ORGANS);
    kept(w, "数量限制", TB_COL_QUOTA);
    kept(w, "审批结果类型", TB_COL_RESULT_TYPE);
    kept(w, "是否收费", TB_COL_IS_FEE);
    kept(w, "收费依据", TB_COL_FEE_LAW);
    for (uint32_t i = 0; i < w->m->fees.count; i++) {
        const tb_line_of *f = &w->m->fees.items[i];
        tb__comment(b, "", "收费项目：",
                    tb_str_printf(w->a, "%.*s；标准 %.*s；依据 %.*s；减免 %.*s %.*s", TB_FMT(f->cells[TB_COL_FEE].text),
                                  TB_FMT(f->cells[TB_COL_FEE_STANDARD].text),
                                  TB_FMT(f->cells[TB_COL_FEE_ITEM_LAW].text), TB_FMT(f->cells[TB_COL_FEE_LESS].text),
                                  TB_FMT(f->cells[TB_COL_FEE_LESS_LAW].text)));
        *TB_PUSH(w->a, w->d->kept) = (tb_draft_note){TB_STR("收费项目"), f->cells[TB_COL_FEE].text,
                                                     tb_found_place(w->a, &f->cells[TB_COL_FEE], w->world->lang)};
    }
    for (uint32_t i = 0; i < w->m->others.count; i++) {
        const tb_other *o = &w->m->others.items[i];
        tb__comment(b, "", "", tb_str_printf(w->a, "%.*s：%.*s", TB_FMT(tb__trim(o->header)), TB_FMT(o->cell.text)));
        *TB_PUSH(w->a, w->d->kept) =
            (tb_draft_note){o->header, o->cell.text, tb_found_place(w->a, &o->cell, w->world->lang)};
    }
    tb_puts(b, "\n");
}

/* ---- 事项 ---- */

static void version(struct writer *w) {
    char day[TB_DAY_TEXT];
    int year, month, dom;
    tb_str given = text_of(w, TB_COL_VERSION), plan = text_of(w, TB_COL_EFFECTIVE);
    bool planned = plan.n && tb__date_in(plan, &w->effective);
    if (!planned) w->effective = w->world->today;
    tb_day_split(w->effective, &year, &month, &dom);
    int n = 0;
    for (uint32_t i = 0; i < given.n && n >= 0 && n < 10000; i++)
        n = given.p[i] >= '0' && given.p[i] <= '9' ? n * 10 + (given.p[i] - '0') : -1;
    if (n > 0) filled(w, TB_STR("版本"), given, TB_COL_VERSION);
    if (planned) filled(w, TB_STR("生效"), plan, TB_COL_EFFECTIVE);
    explain(w, "  # 版本从 生效 那天起用；正在办的件留在申请时的版本上。\n");
    tb_putf(&w->b, "  版本 %d-%d，生效 %s，适用 申请日%s。\n", year, n > 0 ? n : 1, tb_day_text(w->effective, day),
            planned ? "" : OPEN("版本", "没有写计划生效日期，先写今天", "no effective date is given; today stands in"));
}

enum { AUTHORITY_LAWS = 4, SETTING_LAWS = 2 };

static void kind(struct writer *w) {
    tb_str type = text_of(w, TB_COL_TYPE);
    explain(w, "  # 行政许可、行政确认、行政给付、公共服务……：哪些法约束它，由此而定。\n");
    tb__strs laws = {0};
    tb__laws(w->a, w->m->cells[TB_COL_LAW].text, SETTING_LAWS, &laws);
    if (!w->p.licence) laws.count = 0;
    tb_putf(&w->b, "  事项类型 %.*s%.*s%s。\n", TB_FMT(w->p.kind), TB_FMT(law_list(w, &laws)),
            w->p.licence    ? OPEN("事项类型", "设定许可的要是法律、法规、国务院决定或省级政府规章，对照原文核实",
                                   "a licence is set up by a statute, a regulation or a decision: compare the text")
            : w->p.kind_known ? ""
            : type.n        ? OPEN("事项类型", "写的不是国家目录里的类型，先写 公共服务",
                                   "is not a type of the national list; 公共服务 stands in")
                     : OPEN("事项类型", "没有写，先写 公共服务", "is not given; 公共服务 stands in"));
    if (w->p.kind_known) filled(w, TB_STR("事项类型"), w->p.kind, TB_COL_TYPE);
    if (type.n && !w->p.kind_known) tb__comment(&w->b, "  ", "清单写的事项类型：", type);
    tb_putf(&w->b, "  办件类型 %.*s%s。\n", TB_FMT(w->p.service),
            w->p.service_known ? "" : OPEN("办件类型", "没有写，按时限推断", "is not given; inferred from the limits"));
    if (w->p.service_known) filled(w, TB_STR("办件类型"), w->p.service, TB_COL_SERVICE);
}

static void authority(struct writer *w) {
    tb__strs laws = {0};
    tb_str given = text_of(w, TB_COL_ORGAN);
    tb__laws(w->a, w->m->cells[TB_COL_LAW].text, AUTHORITY_LAWS, &laws);
    const char *open = "";
    if (!w->p.organ.n) {
        open = given.n ? OPEN("实施主体", "组织 里没有这个机构，先按职能写；补进 组织 以后改写机构名称",
                              "is not in 组织; a duty stands in for it")
                       : OPEN("实施主体", "没有写机构", "no organ is given");
        if (given.n) tb__comment(&w->b, "  ", "清单写的实施主体：", given);
    } else if (!w->p.organ_known && w->world->directory) {
        open = OPEN("实施主体", "组织 里没有这个机构", "is not in 组织");
    } else if (laws.count) {
        open = OPEN("实施主体", "设定依据要对照原文核实，引用法规文件以后可以自动核对",
                    "its legal basis must be compared with the text of the law");
    }
    if (laws.count) filled(w, TB_STR("设定依据"), law_list(w, &laws), TB_COL_LAW);
    if (given.n && w->p.organ.n) filled(w, TB_STR("实施主体"), w->p.organ, TB_COL_ORGAN);
    explain(w, "  # 谁的权、用谁的印。写一个机构的名称，或者“地点 职能”，各地通用。\n");
    if (w->p.organ.n)
        tb_putf(&w->b, "  实施主体 %.*s%.*s%s。\n", TB_FMT(tb__name(w->a, w->p.organ)), TB_FMT(law_list(w, &laws)),
                open);
    else
        tb_putf(&w->b, "  实施主体 属地 %.*s%.*s%s。\n", TB_FMT(tb__name(w->a, w->p.duty)), TB_FMT(law_list(w, &laws)),
                open);
}

static void modes(struct writer *w) {
    const struct tb__plan *p = &w->p;
    tb_str why = p->scene_reason.n
                     ? tb__quote(w->a, tb_str_printf(w->a, "必须现场：%.*s", TB_FMT(p->scene_reason)), 600)
                     : TB_STR("“实施清单写明的办理形式”");
    explain(w, "  # 全程网办是常例；没有它的要写 因 “为什么”，依 法律、法规的条。\n");
    tb_puts(&w->b, "  办理模式 ");
    tb_putf(&w->b, "%s%s%s%s", p->online ? "全程网办" : "", p->online && p->window ? "、" : "",
            p->window ? "窗口办理" : "", p->remote ? "、异地代收代办" : "");
    if (!p->window) {
        tb_putf(&w->b, "%s。\n",
                p->modes_said ? "" : OPEN("办理模式", "没有写，先按全程网办", "is not given; online stands in"));
    } else {
        tb_putf(&w->b, "，%s %.*s%s。\n", p->online ? "依" : "因", TB_FMT(why),
                OPEN("办理模式", "不全程网办要有理由和法律、法规的依据：必须现场的理由是否成立",
                     "another mode than online needs its reason"));
    }
    if (p->modes_said)
        filled(w, TB_STR("办理模式"),
               p->online ? p->window ? TB_STR("全程网办、窗口办理") : TB_STR("全程网办") : TB_STR("窗口办理"),
               p->scene_reason.n           ? TB_COL_SCENE_WHY
               : text_of(w, TB_COL_FORM).n ? TB_COL_FORM
                                           : TB_COL_ONLINE);
}

static void places(struct writer *w) {
    explain(w, "  # 地点从哪里来：提交地、申请表的字段，或「实施主体」所在地。\n");
    if (w->p.remote) tb_puts(&w->b, "  收件地 取自 提交地。\n");
    tb_putf(&w->b, "  属地 取自 %s。\n", w->p.organ.n ? "「实施主体」" : "办理地");
    explain(w, "  # 五日从哪一方收到材料起算，没有默认，要有依据。\n");
    tb_putf(&w->b, "  收到材料 以 属地收到 为准%s。\n",
            OPEN("收到材料", "清单不说以哪里收到为准，要有依据", "whose receipt counts is not given"));
    if (w->p.online)
        tb_putf(&w->b, "  非工作时间网上提交 视为 次一工作日收到%s。\n",
                OPEN("非工作时间网上提交", "清单不说，也可以写 当日收到", "not given; 当日收到 is the other choice"));
}

static tb_str limit_text(struct writer *w, struct tb__limit l) {
    return tb_str_printf(w->a, "%d%s", l.n, tb_unit_text(l.unit, TB_LANG_ZH));
}

static void cite_limit(struct writer *w, enum tb_column why, enum tb_column day, tb__strs *laws) {
    tb__laws(w->a, w->m->cells[why].text, 2, laws);
    if (!laws->count) tb__laws(w->a, w->m->cells[day].text, 2, laws);
}

enum { LICENCE_DAYS = 20 /* 行政许可法 42: a longer limit needs a statute or a regulation */ };

static void statutory(struct writer *w) {
    struct tb__limit l = w->p.statutory;
    tb__strs laws = {0};
    explain(w, "  # 法律规定的期限；法律没有规定就写 无。\n");
    if (l.state == TB__LIMIT_N) {
        cite_limit(w, TB_COL_STATUTORY_WHY, TB_COL_STATUTORY, &laws);
        filled(w, TB_STR("法定期限"), limit_text(w, l), TB_COL_STATUTORY);
        /* Over the twenty days of a licence something must be cited: the sheet itself, until its law is found. */
        bool longer = tb_str_is(w->p.kind, "行政许可") && l.n > LICENCE_DAYS && !laws.count;
        tb_str cited = longer ? TB_STR("，依 “实施清单，未写依据”") : law_list(w, &laws);
        tb_putf(&w->b, "  法定期限 %.*s，自 受理 至 决定%.*s%s。\n", TB_FMT(limit_text(w, l)), TB_FMT(cited),
                !l.unit_said ? OPEN("法定期限", "没有写清是工作日还是自然日，先写工作日；依据待核",
                                    "the unit is not clear; its law is open")
                : laws.count ? OPEN("法定期限", "依据要对照原文核实", "its law must be compared with the text")
                             : OPEN("法定期限", "清单没有说是哪一条定的", "which article sets it is not given"));
        return;
    }
    bool none = l.state == TB__LIMIT_NONE;
    if (none) filled(w, TB_STR("法定期限"), TB_STR("无"), TB_COL_STATUTORY);
    if (l.state == TB__LIMIT_UNREAD || l.state == TB__LIMIT_ZERO)
        tb__comment(&w->b, "  ", "清单写的法定办结时限：", text_of(w, TB_COL_STATUTORY));
    tb_putf(&w->b, "  法定期限 无%s。\n",
            none                          ? ""
            : l.state == TB__LIMIT_UNREAD ? OPEN("法定期限", "读不出天数", "no number of days can be read")
            : l.state == TB__LIMIT_ZERO ? OPEN("法定期限", "清单写 0：法律有没有规定期限要核实", "the sheet says 0")
                                        : OPEN("法定期限", "没有写", "is not given"));
}

static void promised(struct writer *w) {
    struct tb__limit l = w->p.promised;
    const char *from = w->p.on_the_spot ? "当场受理" : "受理";
    bool clear = l.state == TB__LIMIT_N && l.unit_said;
    if (l.state == TB__LIMIT_NONE || l.state == TB__LIMIT_SILENT) {
        if (w->blank) {
            l = (struct tb__limit){TB__LIMIT_N, w->p.instant ? 1 : 10, TB_U_WORKDAYS, true};
        } else {
            *TB_PUSH(w->a, w->d->pending) = (tb_draft_note){
                TB_STR("承诺期限"),
                tb_str_z(say(w, "没有写，所以没有这一句", "is not given, so there is no such clause")), TB_NONE};
            return;
        }
    }
    if (l.state == TB__LIMIT_UNREAD || l.state == TB__LIMIT_ZERO) {
        tb__comment(&w->b, "  ", "清单写的承诺办结时限：", text_of(w, TB_COL_PROMISED));
        if (l.state == TB__LIMIT_UNREAD || !w->p.instant) {
            *TB_PUSH(w->a, w->d->pending) =
                (tb_draft_note){TB_STR("承诺期限"),
                                tb_str_z(say(w, "读不出天数，所以没有这一句",
                                             "no number of days can be read, so there is no such clause")),
                                TB_NONE};
            return;
        }
        l = (struct tb__limit){TB__LIMIT_N, 1, TB_U_WORKDAYS, false};
        from = w->p.licence ? "当场受理" : "受理";
    }
    if (clear) filled(w, TB_STR("承诺期限"), limit_text(w, l), TB_COL_PROMISED);
    explain(w, "  # 向社会的承诺，从受理到决定，比法定的短。\n");
    if (w->p.on_the_spot)
        tb_puts(&w->b,
                "  # 五日不告知就视为受理，承诺比它还短：所以从窗口当场受理起算，默示受理的那条路只受法定期限约束。\n");
    tb_putf(&w->b, "  承诺期限 %.*s，自 %s 至 决定%s。\n", TB_FMT(limit_text(w, l)), from,
            w->blank ? OPEN("承诺期限", "按实际承诺改", "change it to what is promised")
            : w->p.promised.state == TB__LIMIT_ZERO
                ? OPEN("承诺期限", "清单写当场办结，先写一个工作日", "the sheet says on the spot; a day stands in")
            : w->p.on_the_spot
                ? OPEN("承诺期限", "从窗口当场受理起算，是否如此", "counted from acceptance at the window")
            : !l.unit_said
                ? OPEN("承诺期限", "没有写清是工作日还是自然日，先写工作日", "the unit is not clear; workdays stand in")
                : "");
}

static bool hears(const struct tb__plan *p) {
    for (uint32_t i = 0; i < p->specials.count; i++)
        if (tb_str_is(p->specials.items[i].ground, "听证")) return true;
    return false;
}

static void posts(struct writer *w) {
    static const enum tb__role all[] = {TB__ACCEPTS, TB__REVIEWS, TB__DECIDES, TB__SERVES, TB__PRESIDES};
    const struct tb__plan *p = &w->p;
    bool hearing = !p->instant && hears(p);
    tb__strs named = {0};
    bool held = true;
    explain(w, "  # 岗位和它所在的地点；谁担任，写在 组织 里。\n");
    if (p->remote) {
        tb_putf(&w->b, "  岗位 %.*s，在 收件地%s。\n", TB_FMT(p->posts[TB__COLLECTS]),
                OPEN("岗位", "代收的岗位，清单不说", "who collects is not given"));
        *TB_PUSH(w->a, named) = p->posts[TB__COLLECTS];
    }
    tb_puts(&w->b, "  岗位 ");
    for (uint32_t i = 0, n = 0; i < (p->instant ? 1u : hearing ? 5u : 4u); i++) {
        enum tb__role role = p->instant ? TB__INSTANT : all[i];
        bool twice = (role == TB__REVIEWS || role == TB__DECIDES) && p->merged && role == TB__REVIEWS;
        for (uint32_t k = 0; k < named.count; k++) twice |= tb_str_eq(named.items[k], p->posts[role]);
        held &= p->held[role];
        if (twice) continue;
        tb_putf(&w->b, "%s%.*s", n++ ? "、" : "", TB_FMT(p->posts[role]));
        *TB_PUSH(w->a, named) = p->posts[role];
    }
    tb_putf(&w->b, "，在 属地%s。\n",
            held ? OPEN("岗位", "清单不说岗位，按 组织 里有的写", "posts are not given; these are held in 组织")
                 : OPEN("岗位", "清单不说岗位，组织 里也没有人担任其中几个",
                        "posts are not given, and nobody holds some of these"));
    if (hearing)
        tb_putf(&w->b, "  不得同一人 %.*s、%.*s。  # 听证由审查人以外的人主持（《行政许可法》第四十八条）\n",
                TB_FMT(p->posts[TB__REVIEWS]), TB_FMT(p->posts[TB__PRESIDES]));
}

/* ---- 申请表, 申请材料, 文书 ---- */

static void field(struct writer *w, const char *name, const char *type) {
    tb_putf(&w->b, "  %s %s%s。\n", name, type,
            undecided(w, tb_str_printf(w->a, "申请表 %s", name), "清单里没有字段，先写最少的几个",
                      "the sheet has no fields; these are the fewest"));
}

static void form(struct writer *w) {
    tb_str who = text_of(w, TB_COL_SERVES);
    bool person = tb__has_any(who, "自然人|个人|公民") || tb__has_code(w->a, who, "1|01"); /* GB/T 39046 A.4 */
    bool body = tb__has_any(who, "法人|企业|单位|组织|机关") || tb__has_code(w->a, who, "2|3|4|5|6|02|03|04|05|06");
    tb_buf *b = &w->b;
    tb_puts(b, "\n申请表：\n");
    explain(w, "  # 字段写 名称 类型，性质。类型：文本 整数 小数 金额 日期 是否 选项 地址 区划 身份证 统一社会信用代码 "
               "手机号 附件。\n");
    if (who.n) tb__comment(b, "  ", "服务对象：", who);
    if (person == body) {
        field(w, "申请人名称", "文本，必填");
    } else if (person) {
        field(w, "申请人姓名", "文本，必填");
        field(w, "公民身份号码", "身份证，必填，敏感");
    } else {
        field(w, "单位名称", "文本，必填");
        field(w, "信用代码", "统一社会信用代码，必填");
    }
    field(w, "联系电话", "手机号，必填，敏感");
    if (!w->p.organ.n) field(w, "办理地", "区划，必填");
    if (who.n) filled(w, TB_STR("申请表"), who, TB_COL_SERVES);
}

static tb_str cell(const tb_line_of *l, enum tb_column c) { return tb__trim(l->cells[c].text); }

static void remark(tb_buf *b, const char *label, tb_str text) {
    if (text.n) tb_putf(b, "%s%s %.*s", b->n ? "；" : "", label, TB_FMT(text));
}

enum { SAME_NAMES = 99 };

/* A second material of the same name gets a number. */
static tb_str unused_name(struct writer *w, tb__strs *used, tb_str name) {
    tb_str whole = tb__name(w->a, name);
    for (int n = 2; n <= SAME_NAMES; n++) {
        bool taken = false;
        for (uint32_t i = 0; i < used->count; i++) taken |= tb_str_eq(used->items[i], whole);
        if (!taken) break;
        if (n == SAME_NAMES) return TB_NONE;
        whole =
            tb__name(w->a, tb_str_printf(w->a, "%.*s（%d）", TB_FMT(((tb_str){name.p, name.n < 200 ? name.n : 0})), n));
    }
    *TB_PUSH(w->a, *used) = whole;
    return whole;
}

static void material(struct writer *w, const tb_line_of *l, tb__strs *used) {
    tb_str name = unused_name(w, used, cell(l, TB_COL_MATERIAL)), need = cell(l, TB_COL_NEED);
    tb_str form = cell(l, TB_COL_MATERIAL_FORM), type = cell(l, TB_COL_MATERIAL_TYPE), source = cell(l, TB_COL_SOURCE);
    tb_str why = cell(l, TB_COL_SOURCE_WHY), place = tb_found_place(w->a, &l->cells[TB_COL_MATERIAL], w->world->lang);
    tb__strs laws = {0};
    tb_buf about;
    tb_buf_init(&about, w->a);
    remark(&about, "必要性", need);
    remark(&about, "类型", type);
    remark(&about, "形式", form);
    remark(&about, "份数", cell(l, TB_COL_COPIES));
    remark(&about, "规格", cell(l, TB_COL_PAPER));
    remark(&about, "来源", source);
    remark(&about, "来源说明", why);
    remark(&about, "依据", cell(l, TB_COL_MATERIAL_LAW));
    remark(&about, "受理标准", cell(l, TB_COL_STANDARD));
    remark(&about, "填报须知", cell(l, TB_COL_NOTES));
    if (!name.n) { /* a hundred of one name: kept as a comment */
        tb__comment(&w->b, "  ", "重名的材料：", cell(l, TB_COL_MATERIAL));
        return;
    }
    if (about.n) tb__comment(&w->b, "  ", "", tb_buf_str(&about));
    if (cell(l, TB_COL_MATERIAL).n > TB_NAME_BYTES) tb__comment(&w->b, "  ", "材料全称：", cell(l, TB_COL_MATERIAL));
    bool exempt = tb__has_any(form, "免提交|免于提交") || tb__has_any(need, "免提交|免于提交") ||
                  tb__has_any(source, "免提交|数据共享") || tb__has_any(why, "免提交|免于提交|数据共享");
    bool electronic = tb__has(form, "电子证照") || tb__has(type, "电子证照") || tb__has(why, "电子证照");
    bool optional = tb__has_any(need, "非必要|非必需|非必须|可选|选填") || tb__is_any(need, "否|2|0");
    bool later = tb__has(need, "容缺") || tb__is_any(need, "3");
    bool said = tb__has_any(need, "必要|必需|必须|必备|非必|可选|选填") || tb__is_any(need, "是|否|1|0");
    tb__laws(w->a, cell(l, TB_COL_MATERIAL_LAW), 3, &laws);
    tb_str what = tb_str_printf(w->a, "申请材料 %.*s", TB_FMT(name));
    const char *open = "";
    if (later)
        open = undecided(w, what, "写的是容缺后补，何时补、不补怎样要写清",
                         "may be supplied later: when, and what if not, is open");
    else if (!said && !exempt && !electronic)
        open = undecided(w, what, "没有写清必要还是非必要", "whether it is needed is not clear");
    else if (laws.count) open = undecided(w, what, "依据要对照原文核实", "its law must be compared with the text");
    tb_putf(&w->b, "  %.*s %s%s%s%s%.*s%s。\n", TB_FMT(name), electronic ? "电子证照" : "",
            exempt ? electronic ? "，免提交" : "免提交" : "", (electronic || exempt) && optional ? "，选填" : "",
            electronic || exempt ? ""
            : optional           ? "选填"
                                 : "必要",
            TB_FMT(law_list(w, &laws)), open);
    *TB_PUSH(w->a, w->d->filled) = (tb_draft_note){TB_STR("申请材料"), name, place};
}

static void materials(struct writer *w) {
    tb__strs used = {0};
    tb_puts(&w->b, "\n申请材料：\n");
    explain(w, "  # 名称 必要，或 选填、电子证照、免提交；能由数据共享取得的不要申请人交。\n");
    for (uint32_t i = 0; i < w->m->materials.count; i++) material(w, &w->m->materials.items[i], &used);
    if (!w->m->materials.count)
        tb_putf(&w->b, "  申请书 必要%s。\n", OPEN("申请材料", "清单里没有材料", "the sheet has no materials"));
}

static void documents(struct writer *w) {
    const struct tb__plan *p = &w->p;
    tb_buf *b = &w->b;
    tb_puts(b, "\n文书：\n");
    explain(w, "  # 出具它的时候就记下时点：受理、告知、决定、送达；期限都挂在时点上。\n");
    if (p->remote) tb_puts(b, "  收件凭证。\n");
    tb_puts(b, "  受理通知书，记 受理。\n  补正告知书，记 告知。\n  不予受理决定书。\n");
    if (p->specials.count) tb_puts(b, "  特别程序告知书。\n");
    const char *serves = p->instant ? "、送达" : "";
    bool said = text_of(w, TB_COL_RESULT).n != 0;
    tb_putf(b, "  %.*s，记 决定%s%s。\n", TB_FMT(p->granted), serves,
            said ? "" : OPEN("文书", "没有写审批结果名称", "the name of the result is not given"));
    tb_putf(b, "  %.*s，记 决定%s。\n", TB_FMT(p->refused), serves);
    for (uint32_t i = 0; i < p->results.count; i++) tb_putf(b, "  %.*s。\n", TB_FMT(p->results.items[i]));
    if (!p->instant) tb_puts(b, "  送达回证，记 送达。\n");
    tb_puts(b, "  终止办理通知书。\n");
    if (said) filled(w, TB_STR("文书"), text_of(w, TB_COL_RESULT), TB_COL_RESULT);
}

/* ---- 环节 ---- */

static tb_str result_list(struct writer *w) { /* 、卫生许可证 … */
    tb_buf b;
    tb_buf_init(&b, w->a);
    for (uint32_t i = 0; i < w->p.results.count; i++) tb_putf(&b, "、%.*s", TB_FMT(w->p.results.items[i]));
    return b.n ? tb_buf_str(&b) : TB_NONE;
}

static void step_limit(struct writer *w, const char *step, int n, enum tb_unit_word unit, const char *from) {
    tb_putf(&w->b, "  期限 %d%s%s%s。\n", n, tb_unit_text(unit, TB_LANG_ZH), from,
            undecided(w, tb_str_printf(w->a, "环节 %s 的期限", step), "清单不分环节，按总时限分摊",
                      "the sheet has no limits of steps; shared out of the whole"));
}

static void receiving_steps(struct writer *w) {
    const struct tb__plan *p = &w->p;
    tb_buf *b = &w->b;
    const char *next = p->instant ? "当场决定" : p->merged ? "审查决定" : "审查";
    if (p->remote) {
        tb_puts(b, "\n# 代收点只收件、作提示、往属地转，从不拒绝：职权留在属地。\n环节 代收，限 异地代收代办：\n");
        tb_putf(b, "  办理人 %.*s。\n", TB_FMT(p->posts[TB__COLLECTS]));
        step_limit(w, "代收", 1, TB_U_WORKDAYS, "，自 提交");
        tb_puts(b, "  同意转送的，出具 收件凭证，转送 属地，转 受理。\n  逾期的，黄牌 收件地，继续办理。\n");
    }
    tb_puts(b, "\n");
    kept(w, "受理条件", TB_COL_CONDITION);
    kept(w, "办理流程", TB_COL_FLOW);
    explain(w, "# 环节是办件停留的地方；“…的，”是在那里能做的动作，做了往哪里去。\n");
    tb_putf(b, "环节 受理：\n  办理人 %.*s。\n", TB_FMT(p->posts[p->instant ? TB__INSTANT : TB__ACCEPTS]));
    step_limit(w, "受理", p->receiving, p->instant ? TB_U_WORKDAYS : p->unit, "，自 最近一次收到材料");
    const char *spot = p->on_the_spot || (p->instant && p->licence) ? "，记 当场受理" : "";
    if (p->instant) {
        tb_putf(b, "  符合条件的%s，出具 受理通知书、%.*s%.*s，办结 %s。\n", spot, TB_FMT(p->granted),
                TB_FMT(result_list(w)), p->grant);
        tb_putf(b, "  不符合条件的%s，载明 理由、救济途径，出具 受理通知书、%.*s，办结 %s。\n", spot,
                TB_FMT(p->refused), p->refuse);
    } else {
        tb_putf(b, "  材料齐全的%s，出具 受理通知书，转 %s。\n", spot, next);
    }
    tb_puts(b, "  首次材料不齐的，载明 全部补正内容，出具 补正告知书，转 补正。\n"
               "  补正不合要求的，若 已 补正告知书，载明 理由、救济途径，出具 不予受理决定书，办结 不予受理。\n"
               "  不属本机关职权的，载明 有权机关、救济途径，出具 不予受理决定书，办结 不予受理。\n");
    if (p->licence)
        tb_putf(b,
                "  逾期的，视为 受理，受理日 最近一次收到材料日，出具 受理通知书，转 "
                "%s，依《行政许可法》第三十二条第一款第四项%s。\n",
                next,
                OPEN("逾期视为受理", "引用 行政许可法 的文件以后删去", "delete it once the law's file is imported"));
    else tb_puts(b, "  逾期的，黄牌 属地，继续办理。\n");
    tb_puts(b, "\n环节 补正，属 受理阶段：\n  办理人 申请人。\n");
    tb_putf(b, "  期限 30个自然日，自 告知送达，末日顺延%s。\n", OPEN("环节 补正 的期限", "清单不说", "not given"));
    tb_puts(b, "  提交补正的，记 收到材料，转 受理。\n");
    tb_putf(b, "  逾期的，载明 理由、救济途径，出具 不予受理决定书，办结 不予受理%s。\n",
            OPEN("环节 补正 的逾期", "补正逾期怎样处理，清单不说", "what follows an expired supplement is not given"));
}

static void special_comment(struct writer *w) {
    tb_str text = text_of(w, TB_COL_SPECIAL);
    if (!text.n || tb__is_any(text, "无|/|-|—|否|0|不涉及")) return;
    kept(w, "特别程序", TB_COL_SPECIAL);
    if (tb__has_any(text, "现场|勘验|踏勘|核查|公示|补正"))
        tb_puts(&w->b, "#   现场核查、公示、补正不在《行政许可法》第四十五条列举的八项之内，日子照算，所以没有写成 "
                       "不计入期限。\n");
    if (!w->p.specials.count)
        tb_puts(&w->b, "#   没有据此写环节：要停算期限的，写一个环节，里面写 不计入期限，依 哪一条，因 哪一条，出具 "
                       "特别程序告知书。\n");
}

static void special_step(struct writer *w, const struct tb__special *s) {
    const struct tb__plan *p = &w->p;
    tb_buf *b = &w->b;
    bool hearing = tb_str_is(s->ground, "听证"), said = s->limit.state == TB__LIMIT_N;
    tb_str basis = p->licence ? TB_STR("《行政许可法》第四十五条") : p->special_laws.items[0];
    tb_str need = p->special_laws.count ? p->special_laws.items[0]
                  : hearing             ? TB_STR("《行政许可法》第四十七条")
                                        : basis;
    tb_putf(b, "\n环节 %.*s，属 审查阶段：\n  办理人 %.*s。\n", TB_FMT(s->ground), TB_FMT(p->posts[hearing ? TB__PRESIDES : TB__REVIEWS]));
    tb_putf(b, "  期限 %d%s，自 接受任务%s。\n", said ? s->limit.n : 20,
            tb_unit_text(said ? s->limit.unit : TB_U_WORKDAYS, TB_LANG_ZH),
            undecided(w, tb_str_printf(w->a, "环节 %.*s 的期限", TB_FMT(s->ground)),
                      said ? "清单写的时限，要对照原文" : "清单没有写，先写 20 个工作日",
                      said ? "as the sheet says; compare with the law" : "not given; 20 workdays stand in"));
    tb_putf(b, "  不计入期限，依%.*s，因%.*s，出具 特别程序告知书%s。\n", TB_FMT(basis), TB_FMT(need),
            undecided(w, tb_str_printf(w->a, "环节 %.*s 不计入期限", TB_FMT(s->ground)),
                      "为什么需要、为什么不计入，两条依据都要核实", "both grounds must be verified"));
    tb_putf(b, "  %.*s结束的，载明 %.*s结论，转 决定。\n  逾期的，红牌 属地，继续办理。\n", TB_FMT(s->ground),
            TB_FMT(s->ground));
}

static void deciding(struct writer *w, const char *after, const char *refused) {
    const struct tb__plan *p = &w->p;
    const char *stated = p->merged && !p->instant ? "载明 审查意见，" : "";
    tb_putf(&w->b, "  %s的，%s出具 %.*s%.*s，%s。\n", p->grant, stated, TB_FMT(p->granted),
            TB_FMT(p->instant ? result_list(w) : TB_NONE), after);
    tb_putf(&w->b, "  %s的，载明 理由、救济途径，出具 %.*s，%s。\n  逾期的，红牌 属地，继续办理。\n", p->refuse,
            TB_FMT(p->refused), refused);
}

static void working_steps(struct writer *w) {
    const struct tb__plan *p = &w->p;
    tb_buf *b = &w->b;
    tb_puts(b, "\n");
    special_comment(w);
    if (p->instant) {
        if (!p->licence) return;
        tb_puts(b, "# 五日不告知就视为受理：默示受理以后在这里决定。\n环节 当场决定：\n");
        tb_putf(b, "  办理人 %.*s。\n", TB_FMT(p->posts[TB__INSTANT]));
        step_limit(w, "当场决定", 1, TB_U_WORKDAYS, "");
        deciding(w, tb_str_printf(w->a, "办结 %s", p->grant).p, tb_str_printf(w->a, "办结 %s", p->refuse).p);
        return;
    }
    if (!p->merged) {
        tb_putf(b, "环节 审查：\n  办理人 %.*s。\n", TB_FMT(p->posts[TB__REVIEWS]));
        step_limit(w, "审查", p->reviewing, p->unit_review, "");
        tb_puts(b, "  审查完毕的，载明 审查意见，转 决定。\n");
        for (uint32_t i = 0; i < p->specials.count; i++) {
            tb_str g = p->specials.items[i].ground;
            tb_putf(b, "  需要%.*s的，载明 %.*s事由，限 1次，转 %.*s。\n", TB_FMT(g), TB_FMT(g), TB_FMT(g));
        }
        tb_puts(b, "  逾期的，黄牌 属地，继续办理。\n");
        for (uint32_t i = 0; i < p->specials.count; i++) special_step(w, &p->specials.items[i]);
        tb_puts(b, "\n");
    }
    const char *step = p->merged ? "审查决定" : "决定";
    tb_putf(b, "环节 %s：\n  办理人 %.*s。\n", step, TB_FMT(p->posts[TB__DECIDES]));
    step_limit(w, step, p->merged ? p->reviewing : p->deciding, p->merged ? p->unit_review : p->unit, "");
    deciding(w, "转 送达", "转 不予送达");
    tb_putf(b, "\n环节 送达，属 送达阶段：\n  办理人 %.*s。\n", TB_FMT(p->posts[TB__SERVES]));
    step_limit(w, "送达", 10, TB_U_WORKDAYS, "，自 决定");
    tb_putf(b, "  送达完毕的，出具 送达回证%.*s，办结 %s。\n  逾期的，黄牌 属地，继续办理。\n", TB_FMT(result_list(w)),
            p->grant);
    tb_putf(b, "\n环节 不予送达，属 送达阶段：\n  办理人 %.*s。\n", TB_FMT(p->posts[TB__SERVES]));
    step_limit(w, "不予送达", 10, TB_U_WORKDAYS, "，自 决定");
    tb_putf(b, "  不予送达的，出具 送达回证，办结 %s。\n  逾期的，黄牌 属地，继续办理。\n", p->refuse);
}

/* ---- 用例 ---- */

/* From the first Monday on or after the version takes effect. */
static void line(struct writer *w, int day, const char *time, const char *text) {
    char out[TB_DAY_TEXT];
    int32_t monday = w->effective + (8 - tb_weekday(w->effective)) % 7;
    tb_putf(&w->b, "  %s %s %s。\n", tb_day_text(monday + day, out), time, text);
}

static void scenarios(struct writer *w) {
    const struct tb__plan *p = &w->p;
    tb_buf *b = &w->b;
    const char *mode = p->online ? "提交，模式 全程网办" : "提交，模式 窗口办理";
    const char *granted = tb_str_printf(w->a, "%s", p->grant).p;
    tb_puts(b, "\n");
    explain(w, "# 用例：办一件的经过，tongban test 逐句核对。再添不予、逾期的；没有走到的动作它会列出来。\n");
    tb_puts(b, "用例 材料齐全办结：\n");
    line(w, 0, "09:00", mode);
    if (p->instant) {
        line(w, 0, "10:00", "符合条件");
    } else {
        line(w, 0, "10:00", "材料齐全");
        if (!p->merged) line(w, 1, "10:00", "审查完毕");
        line(w, p->merged ? 0 : 1, "11:00", granted);
        line(w, p->merged ? 1 : 2, "10:00", "送达完毕");
    }
    tb_putf(b, "  此时 办结 %s，已 受理、决定、送达，出具 %.*s%.*s。\n", p->grant, TB_FMT(p->granted),
            TB_FMT(result_list(w)));
    tb_puts(b, "\n用例 补正不合要求不予受理：\n");
    line(w, 0, "09:00", mode);
    line(w, 0, "10:00", "首次材料不齐");
    tb_puts(b, "  此时 环节 补正，已 告知，未 受理。\n");
    line(w, 1, "10:00", "提交补正");
    line(w, 1, "11:00", "首次材料不齐，应当拒绝");
    line(w, 1, "11:00", "补正不合要求");
    tb_puts(b, "  此时 办结 不予受理，出具 不予受理决定书。\n\n用例 决定之前撤回：\n");
    line(w, 0, "09:00", mode);
    line(w, 0, "10:00", "撤回");
    tb_puts(b, "  此时 办结 撤回，未 决定，出具 终止办理通知书。\n");
    if (!p->remote) return;
    tb_puts(b, "\n用例 异地代收转属地：\n");
    line(w, 0, "09:00", "提交，模式 异地代收代办");
    line(w, 0, "10:00", "同意转送");
    tb_puts(b, "  此时 环节 受理，已 属地收到，出具 收件凭证。\n");
}

static tb_draft *write(tb_arena *a, const tb_source_matter *m, const tb_draft_world *world, bool blank) {
    struct writer *w = TB_NEW(a, struct writer);
    *w = (struct writer){.a = a, .m = m, .world = world, .d = TB_NEW(a, tb_draft), .blank = blank};
    tb_buf_init(&w->b, a);
    tb__plan_make(a, &w->p, m, world);
    tb_str name = tb__trim(m->cells[TB_COL_NAME].text), written = tb__name(a, name);
    w->d->matter = name;
    filled(w, TB_STR("事项"), name, TB_COL_NAME);
    top(w);
    if (name.n > TB_NAME_BYTES) tb__comment(&w->b, "", "事项全称：", name);
    tb_putf(&w->b, "事项 %.*s：\n", TB_FMT(written));
    version(w);
    kind(w);
    authority(w);
    modes(w);
    places(w);
    statutory(w);
    promised(w);
    posts(w);
    form(w);
    materials(w);
    documents(w);
    receiving_steps(w);
    working_steps(w);
    tb_puts(&w->b, "\n任一环节，决定之前：\n  撤回的，由 申请人，出具 终止办理通知书，办结 撤回。\n");
    scenarios(w);
    w->d->text = tb_format(a, TB_STR("草稿"), tb_buf_str(&w->b));
    return w->d;
}

tb_draft *tb_draft_write(tb_arena *a, const tb_source_matter *m, const tb_draft_world *world) {
    return write(a, m, world, false);
}

tb_draft *tb_draft_blank(tb_arena *a, tb_str name, const tb_draft_world *world) {
    tb_source_matter *m = TB_NEW(a, tb_source_matter);
    m->cells[TB_COL_NAME].text = name;
    return write(a, m, world, true);
}
