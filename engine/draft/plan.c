/* What a draft will say, decided before a word of it is written: kind, authority, who acts, modes, days of each step,
 * documents.
 *
 * The days: a promise or a statutory limit runs from 受理 to 决定, and every path between them must keep it when each
 * step keeps its own. For a licence, silence counts as acceptance from the day the material was received
 * (行政许可法 32), so the days of receiving come out of the same limit. What is left after them is shared between
 * 审查 and 决定; when too little is left, one step does both. A promise shorter than that is counted from the window's
 * own acceptance (当场受理), which the silent path never reaches. */
#include "plan.h"

/* ---- authority ---- */

/* The longest text two names share, in bytes; names are short. */
static uint32_t shared(tb_str x, tb_str y) {
    uint32_t best = 0;
    for (uint32_t i = 0; i < x.n; i++)
        for (uint32_t k = 0; k < y.n; k++) {
            uint32_t n = 0;
            while (i + n < x.n && k + n < y.n && x.p[i + n] == y.p[k + n]) n++;
            if (n > best) best = n;
        }
    return best / 3; /* Han characters */
}

static bool is_tail(tb_str whole, tb_str tail) {
    return tail.n && whole.n >= tail.n && memcmp(whole.p + whole.n - tail.n, tail.p, tail.n) == 0;
}

enum { TAIL_BYTES = 18 /* six characters: 市中区人社局 */, ORGAN_BYTES = 240 };

static const char *const candidates[TB__ROLES] = {
    [TB__COLLECTS] = "收件员|综窗人员|综合窗口人员|窗口人员|受理员",
    [TB__ACCEPTS] = "受理员|综窗人员|窗口人员|收件员|户籍民警|受理人员",
    [TB__REVIEWS] = "审查员|审核员|审查人员|审批员|受理员|户籍民警|综窗人员",
    [TB__DECIDES] = "决定人|审批人|审定人|本机关负责人|负责人|审查员|派出所负责人|综窗人员",
    [TB__SERVES] = "送达员|发证员|综窗人员|窗口人员|收件员|受理员|户籍民警",
    [TB__INSTANT] = "综窗人员|综合窗口人员|窗口人员|受理员|户籍民警|收件员",
    [TB__PRESIDES] = "听证主持人|法制审核员|本机关负责人|负责人", /* never one of the reviewers' (行政许可法 48) */
};

/* The first candidate somebody holds at the place; without a directory the first of all. */
static tb_str post_for(const tb_directory *d, tb_str place, enum tb__role role, bool *held) {
    const char *p = candidates[role];
    tb_str first = {p, (uint32_t)strcspn(p, "|")};
    *held = true;
    if (!d) return first;
    for (; *p; p += *p == '|') {
        tb_str post = {p, (uint32_t)strcspn(p, "|")};
        if (tb_directory_holders(d, place, post)) return post;
        p += post.n;
    }
    *held = false;
    return first;
}

static uint32_t roles_held(const tb_directory *d, tb_str place) {
    uint32_t n = 0;
    for (int role = 0; role < TB__ROLES; role++) {
        bool held;
        post_for(d, place, role, &held);
        n += held;
    }
    return n;
}

static const tb_organ *organ_called(const tb_directory *d, tb_str name) {
    const tb_organ *o = tb_directory_organ_named(d, name), *only = NULL;
    if (o) return o;
    for (uint32_t i = 0; i < tb_directory_organs(d); i++) { /* 枣庄市市中区… in the sheet, 市中区… in the directory */
        const tb_organ *k = tb_directory_organ_at(d, i);
        bool alike =
            (k->name.n >= TAIL_BYTES && is_tail(name, k->name)) || (name.n >= TAIL_BYTES && is_tail(k->name, name));
        if (alike && only) return NULL;
        if (alike) only = k;
    }
    return only;
}

/* Would a matter addressed to this duty find an organ somewhere that has nobody? (The proofs warn of it.) */
static bool staffed_everywhere(const tb_directory *d, tb_str duty) {
    for (uint32_t i = 0; i < tb_directory_organs(d); i++) {
        const tb_organ *o = tb_directory_organ_at(d, i);
        if (tb_str_eq(o->duty, duty) && !roles_held(d, tb_directory_place_at(d, o->place)->code)) return false;
    }
    return true;
}

/* An organ of the kind the name suggests, at a place where most of the posts are held. */
static const tb_organ *organ_like(const tb_directory *d, tb_str name) {
    const tb_organ *best = NULL;
    uint32_t most = 0;
    if (!name.n) name = TB_STR("政务服务中心");
    for (uint32_t i = 0; i < tb_directory_organs(d); i++) {
        const tb_organ *o = tb_directory_organ_at(d, i);
        uint32_t alike = shared(name, o->duty) * 2 + shared(name, o->name);
        if (alike < 3) alike = 0; /* 区, 局: nothing */
        uint32_t score = roles_held(d, tb_directory_place_at(d, o->place)->code) * 100000 + alike * 100;
        if (o->duty.n && staffed_everywhere(d, o->duty)) score += 50;
        if (o->duty.n && (!best || score > most)) best = o, most = score;
    }
    return best;
}

static void authority(struct tb__plan *p, const tb_source_matter *m, const tb_directory *d) {
    tb_str name = tb__trim(m->cells[TB_COL_ORGAN].text);
    if (name.n > ORGAN_BYTES) name.n = 0; /* a sentence, no name */
    const tb_organ *o = d && name.n ? organ_called(d, name) : NULL;
    tb_str place = TB_NONE;
    p->organ_known = o != NULL;
    if (o) p->organ = o->name;
    else if (d && (o = organ_like(d, name))) p->duty = o->duty;
    else if (name.n) p->organ = name;
    else p->duty = TB_STR("政务服务中心");
    if (o) place = tb_directory_place_at(d, o->place)->code;
    for (int role = 0; role < TB__ROLES; role++) p->posts[role] = post_for(o ? d : NULL, place, role, &p->held[role]);
}

/* ---- modes (M16) ---- */

static void modes(tb_arena *a, struct tb__plan *p, const tb_source_matter *m) {
    tb_str form = m->cells[TB_COL_FORM].text, depth = m->cells[TB_COL_DEPTH].text;
    tb_str why = tb__trim(m->cells[TB_COL_SCENE_WHY].text), count = tb__trim(m->cells[TB_COL_SCENE_COUNT].text);
    tb_str area = tb__trim(m->cells[TB_COL_AREA].text);
    enum tb__yes online = tb__yes_of(m->cells[TB_COL_ONLINE].text);
    bool reason = why.n && !tb__is_any(why, "无|/|-|—|不涉及|否|无需到现场");
    bool window = tb__has_any(form, "窗口|现场") || tb__has_code(a, form, "1|01"); /* GB/T 39046 A.5 */
    bool net = tb__has_any(form, "网|电脑|移动") || tb__has_code(a, form, "2|3|02|03");
    bool zero = tb__is_any(count, "0|0次|0.0|零|零次"), more = count.n && !zero && !tb__is_any(count, "无|/|-");
    bool whole = tb__has_any(depth, "全程网办|全程网上办理|四级|Ⅳ|IV");
    p->modes_said = form.n || depth.n || reason || count.n || online != TB__SILENT;
    p->online = !p->modes_said || whole || zero || (!more && !reason && (online == TB__YES || net));
    if (p->modes_said && online == TB__NO) p->online = false;
    if (reason && !whole && !zero) p->online = false;
    p->window = !p->online || window || reason || more;
    p->remote = !p->online && area.n && !tb__is_any(area, "无|/|-|不通办|否|0");
    p->scene_reason = reason ? why : TB_NONE;
}

/* ---- days ---- */

enum { OFFICE_DAY = 8 /* hours, where a sheet counts in 工作小时 */ };

static int days(struct tb__limit l, bool natural) { /* as the unit of the steps, never longer than it is */
    if (l.state != TB__LIMIT_N) return INT32_MAX;
    switch (l.unit) {
    case TB_U_MONTHS: return l.n * (natural ? 28 : 18);
    case TB_U_YEARS: return l.n * (natural ? 365 : 230);
    case TB_U_HOURS: return l.n / 24;
    case TB_U_WORKHOURS: return l.n / OFFICE_DAY;
    default: return l.n;
    }
}

enum {
    RECEIVING = 5 /* 行政许可法 32 */,
    UNTOLD = 10 /* days of review and decision when nothing is said */,
    ROUND = 365
};

static bool in_days(struct tb__limit l) {
    bool working = l.unit == TB_U_WORKDAYS || l.unit == TB_U_HOURS || l.unit == TB_U_WORKHOURS;
    return l.state == TB__LIMIT_N && !working;
}

static void share(struct tb__plan *p) {
    bool natural = in_days(p->statutory) || in_days(p->promised);
    int s = days(p->statutory, natural), q = days(p->promised, natural), both = s < q ? s : q;
    p->unit = natural ? TB_U_DAYS : TB_U_WORKDAYS;
    p->receiving = RECEIVING;
    int left = both == INT32_MAX ? UNTOLD : both;
    if (p->licence && both != INT32_MAX) {
        if (both >= 3) {
            p->receiving = both - 2 < RECEIVING ? both - 2 : RECEIVING;
            left = both - p->receiving;
        } else { /* too short for silence and work: the promise counts from the window's own acceptance */
            p->on_the_spot = q < 3;
            left = q < 1 ? 1 : q < 3 ? q : s - 1;
            p->receiving = s == INT32_MAX ? RECEIVING : s - left < RECEIVING ? s - left : RECEIVING;
        }
    }
    if (p->instant && p->licence && p->promised.state == TB__LIMIT_N) p->on_the_spot = true;
    if (p->instant) p->receiving = 1;
    if (left > ROUND) left = ROUND;
    if (left < 1) left = 1;
    if (p->receiving < 1) p->receiving = 1;
    p->merged = left < 2;
    p->deciding = left >= 5 ? 2 : 1;
    p->reviewing = p->merged ? left : left - p->deciding;
    if (p->merged && !p->instant && p->promised.state == TB__LIMIT_N &&
        (p->promised.unit == TB_U_HOURS || p->promised.unit == TB_U_WORKHOURS))
        p->reviewing = p->promised.n, p->unit_review = p->promised.unit;
    else p->unit_review = p->unit;
}

/* ---- documents ---- */

static bool listed(const tb__strs *l, tb_str s) {
    for (uint32_t i = 0; i < l->count; i++)
        if (tb_str_eq(l->items[i], s)) return true;
    return false;
}

enum { RESULTS = 6, RESULT_BYTES = 150 };

static void documents(tb_arena *a, struct tb__plan *p, const tb_source_matter *m) {
    static const struct {
        const char *kind, *grant, *refuse, *granted, *refused;
    } words[] = {{"行政许可", "准予许可", "不予许可", "准予行政许可决定书", "不予行政许可决定书"},
                 {"行政确认", "予以确认", "不予确认", "行政确认决定书", "不予行政确认决定书"},
                 {"行政给付", "准予给付", "不予给付", "行政给付决定书", "不予行政给付决定书"},
                 {"行政奖励", "予以奖励", "不予奖励", "行政奖励决定书", "不予行政奖励决定书"},
                 {"行政裁决", "作出裁决", "不予裁决", "行政裁决书", "不予行政裁决决定书"},
                 {"", "准予办理", "不予办理", "办理结果告知书", "不予办理告知书"}};
    size_t k = 0;
    while (*words[k].kind && !tb_str_is(p->kind, words[k].kind)) k++;
    p->grant = words[k].grant, p->refuse = words[k].refuse;
    p->granted = tb_str_z(words[k].granted), p->refused = tb_str_z(words[k].refused);
    tb__strs names = {0}, fixed = {0};
    static const char *const taken[] = {"收件凭证",       "受理通知书", "补正告知书",    "不予受理决定书",
                                        "特别程序告知书", "送达回证",   "终止办理通知书"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) *TB_PUSH(a, fixed) = tb_str_z(taken[i]);
    *TB_PUSH(a, fixed) = p->granted;
    *TB_PUSH(a, fixed) = p->refused;
    tb__split(a, m->cells[TB_COL_RESULT].text, &names);
    for (uint32_t i = 0; i < names.count && p->results.count < RESULTS; i++) {
        tb_str name = names.items[i];
        if (name.n > RESULT_BYTES || tb__is_any(name, "无|/|-|—") || tb__has_any(name, "不予|不准")) continue;
        name = tb__name(a, name);
        if (!listed(&fixed, name) && !listed(&p->results, name)) *TB_PUSH(a, p->results) = name;
    }
    /* The decision's own paper: what the sheet calls one; for other matters than licences simply the result. */
    for (uint32_t i = 0; i < p->results.count; i++) {
        bool decision = tb__has_any(p->results.items[i], "决定书|批复|批准书|准予");
        if (!decision && (p->licence || i > 0)) continue;
        p->granted = p->results.items[i];
        memmove(p->results.items + i, p->results.items + i + 1, (p->results.count - i - 1) * sizeof *p->results.items);
        p->results.count--;
        return;
    }
}

/* ---- special procedures ---- */

static void specials(tb_arena *a, struct tb__plan *p, const tb_source_matter *m) {
    static const char *const grounds[] = {"听证", "招标", "拍卖", "检验",
                                          "检测", "检疫", "鉴定", "专家评审"}; /* 行政许可法 45 */
    tb_str text = m->cells[TB_COL_SPECIAL].text;
    tb__laws(a, text, 1, &p->special_laws);
    if (p->instant || p->merged || (!p->licence && !p->special_laws.count)) return;
    for (size_t i = 0; i < sizeof grounds / sizeof *grounds; i++) {
        uint32_t n = (uint32_t)strlen(grounds[i]);
        for (uint32_t at = 0; at + n <= text.n; at++) {
            if (memcmp(text.p + at, grounds[i], n) != 0) continue;
            uint32_t to = at + n;
            while (to < text.n && to < at + 90 && !strchr(";\n", text.p[to]) &&
                   !(text.n - to >= 3 && (memcmp(text.p + to, "；", 3) == 0 || memcmp(text.p + to, "。", 3) == 0)))
                to++;
            struct tb__limit l = tb__limit_of((tb_str){text.p + at + n, to - at - n}, TB_NONE);
            *TB_PUSH(a, p->specials) = (struct tb__special){tb_str_z(grounds[i]), l};
            break;
        }
    }
}

void tb__plan_make(tb_arena *a, struct tb__plan *p, const tb_source_matter *m, const tb_draft_world *world) {
    *p = (struct tb__plan){0};
    p->kind = tb__kind_of(m->cells[TB_COL_TYPE].text);
    p->kind_known = p->kind.n != 0;
    if (!p->kind_known) p->kind = TB_STR("公共服务");
    p->licence = tb_str_is(p->kind, "行政许可");
    p->statutory = tb__limit_of(m->cells[TB_COL_STATUTORY].text, m->cells[TB_COL_STATUTORY_UNIT].text);
    p->promised = tb__limit_of(m->cells[TB_COL_PROMISED].text, m->cells[TB_COL_PROMISED_UNIT].text);
    p->service = world->service.n ? world->service : tb__service_of(m->cells[TB_COL_SERVICE].text);
    p->service_known = p->service.n != 0;
    if (!p->service_known) p->service = p->promised.state == TB__LIMIT_ZERO ? TB_STR("即办件") : TB_STR("承诺件");
    p->instant = tb_str_is(p->service, "即办件");
    authority(p, m, world->directory);
    modes(a, p, m);
    share(p);
    documents(a, p, m);
    specials(a, p, m);
}
