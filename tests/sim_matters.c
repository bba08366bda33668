/* Random matters: rule files in our language, written from the world's seed.
 *
 * What is drawn is a model (a process), not a text: a chain of steps from the first to the last, each left by at least
 * one act without a condition, so that most drafts are sound; and around it whatever the language has: returns with 限,
 * conditions over the form and a decision table, limits in four units with and without 逾期的, reminders and cards,
 * corrections, a supplement by the applicant, an excluded hearing, an interruption that is resumed, an obligation
 * beside a step, parallel branches with every kind of join (one for each item of a list), calls of an interface, a case
 * of another matter, deferred materials and promises, extension, incompatible posts.
 *
 * A draft is compiled and proved as a load would; when that finds an error it is thrown away, and the next is drawn. A
 * matter in use is changed the same way: a limit, a condition, a step more or less; such a text is a new version, and
 * cases under way stay on theirs (M19). */
#include "sim.h"
#include "compile.h"
#include "digest.h"
#include "proof/proof.h"

enum { STEPS = 12, MOVES = 5, BRANCHES = 3, DRAFTS = 12, ROOM = 1 << 15, POSTS = 5 };

enum target { ON, BACK, CLOSE, STAY, JOIN };
enum guard { ALWAYS, AREA, URGENT, NOT_URGENT, KIND, KINDS, STAFF, LEVEL, MODE, ACCEPTED, GUARDS };

typedef struct draft_move {
    uint8_t id, target, to, guard, number, times;
    bool states, correctable, final, issues;
} draft_move;

typedef struct draft_step {
    uint8_t id, post, unit, limit; /* limit 0: none */
    uint8_t persons, remind, expiry;
    bool rolls, keeps, second; /* 与 a second post */
    draft_move moves[MOVES];
    uint8_t count;
} draft_step;

typedef struct draft {
    uint8_t number, ids;
    draft_step steps[STEPS]; /* the chain */
    uint8_t count;
    draft_step branch[BRANCHES];
    uint8_t branches, parallel_after, join;  /* parallel_after: behind that step of the chain; 255 none */
    uint8_t supplement, hearing, halt, duty; /* step of the chain that has it; 255: none */
    uint8_t call, child, promise;
    uint8_t statutory, promised, warn;
    bool each, extension, withdraw, separate, online, table, deferral, list_options;
    uint8_t duty_guard;
} draft;

struct sim_draft {
    draft d;
};

static const char *const posts[POSTS] = {"受理员", "审查员", "核查员", "决定人", "听证主持人"};

/* ---- drawing ---- */

static uint8_t to(int n) { return (uint8_t)sim_below((uint64_t)n); }
static uint8_t perhaps(int percent, uint8_t value) { return sim_chance(percent) ? value : 255; }

static uint8_t any_guard(const draft *d, const draft_step *s) {
    uint8_t g = to(GUARDS);
    bool senseless = (g == LEVEL && !d->table) || (g == MODE && !d->online) || (g == ACCEPTED && s == &d->steps[0]);
    return senseless ? (uint8_t)AREA : g;
}

static void draw_limit(const draft *d, draft_step *s) {
    static const uint8_t most[] = {15, 25, 90, 2, 40};
    bool spans = d->statutory || d->promised; /* drafts are proved without a calendar, which working hours would need */
    s->unit = sim_chance(55) ? 0 : !spans && sim_chance(30) ? 4 : to(4);
    s->limit = d->statutory || sim_chance(75) ? (uint8_t)(1 + to(most[s->unit])) : 0;
    s->rolls = s->unit == 1 && sim_chance(50);
    s->expiry = to(4);
    bool long_enough = (s->unit == 0 && s->limit > 4) || (s->unit == 1 && s->limit > 14);
    s->remind = long_enough && sim_chance(40) ? (uint8_t)(1 + to(3)) : 0;
}

static draft_move *add_move(draft *d, draft_step *s, enum target target, int where) {
    draft_move *m = &s->moves[s->count++];
    *m = (draft_move){.id = d->ids++, .target = (uint8_t)target, .to = (uint8_t)where};
    m->states = sim_chance(20);
    m->correctable = sim_chance(15);
    m->issues = sim_chance(25);
    m->number = (uint8_t)sim_between(1, 400);
    return m;
}

static void draw_moves(draft *d, int i) {
    draft_step *s = &d->steps[i];
    bool last = i == d->count - 1;
    if (last) add_move(d, s, CLOSE, 0)->final = sim_chance(25);
    else if (d->parallel_after == i) add_move(d, s, JOIN, 0);
    else add_move(d, s, ON, i + 1);
    while (s->count < MOVES && sim_chance(45)) {
        draft_move *m;
        switch (sim_below(5)) {
        case 0: m = add_move(d, s, CLOSE, 1); break;
        case 1: m = last ? add_move(d, s, CLOSE, 2) : add_move(d, s, ON, (int)sim_between(i + 1, d->count - 1)); break;
        case 2:
            if (i == 0) continue;
            m = add_move(d, s, BACK, (int)sim_between(0, i - 1));
            m->times = (uint8_t)(1 + to(3));
            break;
        default:
            m = add_move(d, s, STAY, 0);
            m->times = sim_chance(70) ? (uint8_t)(1 + to(2)) : 0;
            break;
        }
        m->guard = sim_chance(50) ? any_guard(d, s) : (uint8_t)ALWAYS;
    }
}

static void draw_step(draft *d, draft_step *s) {
    *s = (draft_step){.id = d->ids++, .post = to(POSTS)};
    draw_limit(d, s);
    s->persons = sim_chance(12) ? 2 : 0;
    s->second = !s->persons && sim_chance(12);
    s->keeps = s->limit && sim_chance(15);
}

static void draw(draft *d, int number) {
    *d = (draft){.number = (uint8_t)number, .count = (uint8_t)sim_between(2, 6)};
    d->statutory = sim_chance(30) ? (uint8_t)sim_between(60, 250) : 0;
    if (d->statutory) d->count = (uint8_t)sim_between(2, 3); /* a longest path is dear to prove */
    d->online = sim_chance(50);
    d->table = sim_chance(40);
    d->list_options = sim_chance(40);
    d->parallel_after = d->count > 2 ? perhaps(40, to(d->count - 1)) : 255;
    d->branches = (uint8_t)sim_between(2, BRANCHES);
    d->each = sim_chance(30);
    d->join = to(4);
    for (int i = 0; i < d->count; i++) draw_step(d, &d->steps[i]);
    for (int i = 0; i < BRANCHES; i++) draw_step(d, &d->branch[i]);
    for (int i = 0; i < d->count; i++) draw_moves(d, i);
    d->supplement = perhaps(35, to(d->count));
    d->hearing = perhaps(25, to(d->count));
    d->duty = perhaps(30, to(d->count));
    d->duty_guard = any_guard(d, &d->steps[0]);
    d->halt = perhaps(30, 0);
    d->call = perhaps(35, to(d->count));
    d->child = perhaps(35, sim_chance(60) ? 0 : to(d->count)); /* few cases come far */
    d->promise = perhaps(20, 0);
    d->deferral = sim_chance(25);
    d->promised = d->statutory && sim_chance(50) ? (uint8_t)(d->statutory - sim_between(0, 20)) : 0;
    d->extension = d->statutory && sim_chance(40);
    d->warn = d->statutory && sim_chance(40) ? (uint8_t)sim_between(1, 20) : 0;
    if (d->statutory) d->call = d->child = 255;
    if (d->promise != 255) d->supplement = 255; /* its expiry would end a case before what was promised is verified */
    d->withdraw = sim_chance(50);
    d->separate = sim_chance(20);
}

/* ---- writing it down ---- */

typedef struct page {
    char text[ROOM];
    int n;
} page;

static void put(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(page *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    p->n += vsnprintf(p->text + p->n, (size_t)(ROOM - p->n), format, args);
    va_end(args);
    if (p->n >= ROOM) abort(); /* a draft is a few kilobytes */
}

static void put_guard(page *p, uint8_t guard, int number) {
    switch (guard) {
    case AREA: put(p, "，若 面积 大于 %d", number); break;
    case URGENT: put(p, "，若 加急"); break;
    case NOT_URGENT: put(p, "，若 非 加急 或 面积 加 10 小于 %d", number); break;
    case KIND: put(p, "，若 项目 是 热食"); break;
    case KINDS: put(p, "，若 项目 属于 热食、冷食"); break;
    case STAFF: put(p, "，若 已填 员工 且 员工 不小于 %d", number); break;
    case LEVEL: put(p, "，若 级别 是 高"); break;
    case MODE: put(p, "，若 模式 是 全程网办"); break;
    case ACCEPTED: put(p, "，若 已 受理"); break;
    default: break;
    }
}

static void put_period(page *p, uint8_t unit, int n) {
    static const char *const units[] = {"个工作日", "个自然日", "小时", "个月", "个工作小时"};
    put(p, "%d%s", n, units[unit]);
}

static void put_move(page *p, const draft *d, const draft_step *s, const draft_move *m) {
    bool outside = m->target == STAY ? false : m->final;
    put(p, "  办%d的", m->id);
    if (d->promise != 255 && m->target == CLOSE && !m->to) put(p, "，若 未 承诺");
    else put_guard(p, m->guard, m->number);
    if (m->correctable && !m->final) put(p, "，可更正 %d%s", 1 + m->id % 3, m->id % 2 ? "个工作日" : "小时");
    if (m->states || (m->target == CLOSE && m->to)) put(p, "，载明 理由%s", m->target == CLOSE ? "、救济途径" : "");
    bool first = s == &d->steps[0] && m == &s->moves[0];
    if (first) put(p, "，出具 受理书");
    else if (m->target == CLOSE && !m->to) put(p, "，出具 决定书");
    else if (m->target == CLOSE) put(p, "，出具 不予书");
    else if (m->issues) put(p, "，出具 记录书");
    if (m->times) put(p, "，限 %d次", m->times);
    if (outside) put(p, "，不可撤回");
    switch (m->target) {
    case ON: put(p, "，转 环%d", d->steps[m->to].id); break;
    case BACK: put(p, "，退回 环%d", d->steps[m->to].id); break;
    case CLOSE: put(p, "，办结 %s", m->to == 0 ? "准予" : m->to == 1 ? "不予办理" : "另办"); break;
    case JOIN: put(p, "，转 同时"); break;
    default: put(p, "，继续办理"); break;
    }
    put(p, "。\n");
}

static void put_clauses(page *p, const draft *d, const draft_step *s) {
    (void)d;
    put(p, "  办理人 %s", posts[s->post]);
    if (s->second) put(p, " 与 %s", posts[(s->post + 1) % POSTS]);
    if (s->persons) put(p, "，不少于 %d人", s->persons);
    put(p, "。\n");
    if (!s->limit) return;
    put(p, "  期限 ");
    put_period(p, s->unit, s->limit);
    if (s == &d->steps[0]) put(p, "，自 最近一次收到材料");
    if (s->rolls) put(p, "，末日顺延");
    if (s->keeps && !s->persons) put(p, "，续计");
    put(p, "。\n");
    if (s->remind == 1) put(p, "  提醒 %s，届满前 2小时。\n", posts[s->post]);
    if (s->remind == 2) put(p, "  黄牌 属地，届满前 1个工作日，报告 分管领导。\n");
    if (s->remind == 3) put(p, "  提醒 %s，届满前 2个工作日。\n  红牌 属地，届满前 1小时。\n", posts[s->post]);
}

static void put_expiry(page *p, const draft *d, const draft_step *s, bool branch) {
    const draft_move *m = &s->moves[0];
    if (!s->limit || s->expiry == 0) return;
    if (s->expiry == 1) put(p, "  逾期的，黄牌 属地，继续办理。\n");
    else if (s->expiry == 2) put(p, "  逾期的，红牌 属地，报告 主管局，继续办理。\n");
    else if (branch) put(p, "  逾期的，完成。\n");
    else if (m->target == ON) put(p, "  逾期的，出具 记录书，转 环%d。\n", d->steps[m->to].id);
}

static void put_step(page *p, const draft *d, int i) {
    const draft_step *s = &d->steps[i];
    put(p, "\n环节 环%d：\n", s->id);
    put_clauses(p, d, s);
    if (d->duty == i) {
        put(p, "  应当 现场看");
        put_guard(p, d->duty_guard, 100);
        put(p, "。\n");
    }
    for (int k = 0; k < s->count; k++) put_move(p, d, s, &s->moves[k]);
    if (d->promise != 255 && i == d->count - 1) put(p, "  准予并核查的，若 已 承诺，出具 决定书，转 事后核查。\n");
    if (d->supplement == i) put(p, "  首次材料不齐的，载明 全部补正内容，出具 补正书，转 补正。\n");
    if (d->hearing == i) put(p, "  要听证的，限 1次，转 听证。\n");
    if (d->call == i) put(p, "  要核验的，限 2次，转 核验。\n");
    if (d->child == i) put(p, "  要另办的，限 1次，转 等子件。\n");
    put_expiry(p, d, s, false);
}

static bool tested(const draft *d) { return d->ids % 3 != 0; }

/* Steps that a step of the chain sends its case to, and that send it back there or on. */
static void put_detours(page *p, const draft *d) {
    if (d->supplement != 255)
        put(p,
            "\n环节 补正：\n  办理人 申请人。\n  期限 15个自然日，末日顺延。\n"
            "  提交补正的，记 收到材料，转 环%d。\n  逾期的，办结 逾期未补正。\n",
            d->steps[d->supplement].id);
    if (d->hearing != 255)
        put(p,
            "\n环节 听证：\n  办理人 听证主持人。\n  期限 20个工作日。\n"
            "  不计入期限，依《甲法》第一条，因《甲法》第二条，待核。\n  听完的，转 环%d。\n  逾期的，转 环%d。\n",
            d->steps[d->hearing].id, d->steps[d->hearing].id);
    if (d->call != 255)
        put(p,
            "\n环节 核验：\n  调用 接口%d，面积 为 面积，名称 为 名称。\n  答复相符的，载明 编号，转 环%d。\n"
            "  答复不符的，转 环%d。\n  答复超时的，转 环%d。\n",
            d->number, d->steps[d->call].id, d->steps[d->call].id, d->steps[d->call].id);
    if (d->child != 255)
        put(p,
            "\n环节 等子件：\n  发起 子事项%d，模式 窗口办理，名称 为 名称。\n  期限 15个工作日。\n  子办件准予的，转 "
            "环%d。\n"
            "  子办件办结的，转 环%d。\n  子办件未能发起的，转 环%d。\n%s  逾期的，黄牌 属地，继续办理。\n",
            d->number, d->steps[d->child].id, d->steps[d->child].id, d->steps[d->child].id,
            tested(d) ? "  子办件停止计时的，不计入期限，出具 记录书。\n" : "");
    if (d->duty != 255)
        put(p, "\n环节 现场看：\n  办理人 核查员，不少于 2人。\n  期限 5个工作日。\n  看过的，出具 记录书，完成。\n");
    if (d->halt != 255)
        put(p, "\n环节 中止：\n  办理人 审查员。\n  期限 10个工作日。\n  恢复的，转 原环节。\n  逾期的，转 原环节。\n");
    if (d->promise != 255)
        put(p, "\n环节 事后核查：\n  办理人 核查员。\n  期限 30个工作日。\n  承诺属实的，办结 准予。\n"
               "  承诺不实的，载明 理由、救济途径，出具 不予书，办结 撤销。\n");
}

static void put_parallel(page *p, const draft *d) {
    int after = d->parallel_after;
    if (after == 255) return;
    const draft_step *on = &d->steps[after + 1];
    put(p, "\n并行 同时：\n");
    switch (d->join) {
    case 0: put(p, "  均办结的，转 环%d。\n  任一不予的，转 环%d。\n", on->id, on->id); break;
    case 1: put(p, "  任一办结的，转 环%d。\n  任一不予的，办结 不予办理。\n", on->id); break;
    case 2:
        if (d->branches == 3 && !d->each) put(p, "  满2个办结的，转 环%d。\n  满2个不予的，办结 不予办理。\n", on->id);
        else put(p, "  均办结的，转 环%d。\n  任一不予的，办结 不予办理。\n", on->id);
        break;
    default: put(p, "  均办结的，转 环%d。\n", on->id); break;
    }
    for (int b = 0; b < d->branches; b++) {
        const draft_step *s = &d->branch[b];
        put(p, "\n分支 支%d（在 同时）%s：\n", b, b == 0 && d->each ? "，逐一 货" : "");
        put(p, "\n环节 环%d（在 支%d）：\n", s->id, b);
        put_clauses(p, d, s);
        put(p, "  办完%d的，完成。\n", s->id);
        if (d->join != 3) put(p, "  不行%d的，载明 理由，不予。\n", s->id);
        put_expiry(p, d, s, true);
    }
}

static void put_head(page *p, const draft *d, int version, const char *from) {
    put(p, "\n事项 随机%d：\n  版本 x%d，生效 %s，适用 申请日。\n  事项类型 公共服务。\n", d->number, version, from);
    put(p, "  实施主体 市中区行政审批服务局。\n  办理模式 窗口办理%s。\n",
        d->online ? "、全程网办" : "，因 “要核验原件”，待核");
    put(p, "  属地 取自 实施主体。\n  收到材料 以 属地收到 为准。\n");
    if (d->online) put(p, "  非工作时间网上提交 视为 %s。\n", d->number % 2 ? "当日收到" : "次一工作日收到");
    if (d->statutory) put(p, "  法定期限 %d个工作日，自 受理 至 决定。\n", d->statutory);
    else put(p, "  法定期限 无。\n");
    if (d->promised) put(p, "  承诺期限 %d个工作日，自 受理 至 决定。\n", d->promised);
    if (d->extension) put(p, "  期限延长 10个工作日，限 1次，届满前 由 本机关负责人 批准，出具 延期书。\n");
    if (d->deferral) put(p, "  容缺受理 5个工作日，自 受理 至 决定。\n");
    if (d->promise != 255) put(p, "  告知承诺 事后核查。\n");
    if (d->warn) put(p, "  提醒 审查员，届满前 %d个工作日。\n  黄牌 属地，届满前 1个工作日。\n", d->warn);
    if (d->table) put(p, "  采用 分级%d。\n", d->number);
    put(p, "  岗位 受理员、审查员、核查员、决定人、听证主持人、本机关负责人，在 属地。\n");
    if (d->separate) put(p, "  不得同一人 审查员、核查员。\n");
    put(p, "\n申请表：\n  名称 文本，必填。\n  面积 小数，必填，大于 0。\n  加急 是否，必填。\n  项目 选项 "
           "热食、冷食、生食，必填。\n"
           "  员工 整数，选填，大于 0。\n  备注 文本，必填，若 加急。\n");
    if (d->each) put(p, "  货 列表 文本，至多 3，必填。\n");
    if (d->list_options) put(p, "  经营 列表 选项 甲类、乙类，至多 2，选填。\n  手机 手机号，选填，敏感。\n");
    put(p, "\n申请材料：\n  申请书 必要。\n  平面图 必要%s。\n  证明 必要%s%s。\n  说明 必要，若 面积 大于 100。\n",
        d->deferral ? "，可容缺" : "", d->deferral ? "，可容缺" : "", d->promise != 255 ? "，可承诺" : "");
    put(p, "\n文书：\n  受理书，记 受理。\n  决定书，记 决定、送达。\n  不予书，记 决定。\n  记录书。\n");
    if (d->supplement != 255) put(p, "  补正书，记 告知。\n");
    if (d->extension) put(p, "  延期书。\n");
}

static void put_any_step(page *p, const draft *d) {
    if (d->halt != 255 || d->deferral) put(p, "\n任一环节：\n");
    if (d->halt != 255) put(p, "  中止的，载明 理由，由 审查员，限 2次，转 中止。\n");
    if (d->deferral) put(p, "  容缺逾期的，办结 终止。\n");
    if (d->withdraw) put(p, "\n任一环节，决定之前：\n  撤回的，由 申请人，办结 撤回。\n");
}

/* A started case whose time stands still now and then: who waits for it stands still, too. */
static const char test[] = "  要检测的，限 3次，转 检测。\n\n环节 检测：\n  办理人 审查员。\n  期限 4个自然日。\n"
                           "  不计入期限，依《甲法》第一条，因《甲法》第二条，待核。\n  测完的，转 审查。\n  逾期的，转 审查。\n";

/* Before the matter what it uses, after it what it starts. */
static void put_file(page *p, const draft *d, int version, const char *from) {
    p->n = 0;
    if (d->call != 255)
        put(p,
            "外部接口 接口%d：\n  提供方 某局。\n  请求 面积、名称。\n  回复 相符、不符。\n  超时 %d分钟。\n  重试 "
            "%d次。\n\n",
            d->number, 10 + d->ids, 1 + d->ids % 6);
    if (d->table)
        put(p,
            "决策表 分级%d：\n  输入 面积 小数，大于 0。\n  输入 加急 是否。\n  输出 级别 选项 高、中、低。\n  命中 "
            "首个。\n"
            "  若 面积 大于 %d，级别 为 高。\n  若 加急，级别 为 中。\n  否则，级别 为 低。\n\n",
            d->number, 50 + d->ids);
    put_head(p, d, version, from);
    for (int i = 0; i < d->count; i++) {
        put_step(p, d, i);
        if (d->parallel_after == i) put_parallel(p, d);
    }
    put_detours(p, d);
    put_any_step(p, d);
    if (d->child != 255)
        put(p,
            "\n事项 子事项%d：\n  版本 x%d，生效 %s，适用 申请日。\n  事项类型 公共服务。\n  实施主体 "
            "市中区行政审批服务局。\n"
            "  办理模式 窗口办理，因 “要核验原件”，待核。\n  属地 取自 实施主体。\n  岗位 审查员，在 "
            "属地。\n\n申请表：\n  名称 "
            "文本，必填。\n%s\n"
            "环节 审查：\n  办理人 审查员。\n  期限 %d个自然日。\n  准的，办结 准予。\n  不准的，载明 "
            "理由、救济途径，办结 不准。\n"
            "  逾期的，办结 不准。\n%s",
            d->number, version, from, d->ids % 2 ? "  加急 是否，必填。\n" : "", 1 + d->ids % 9, tested(d) ? test : "");
}

/* ---- is it sound? ---- */

typedef struct trial {
    tb_arena *a;
    const char *text;
    bool sound;
} trial;

static int try_it(void *arg) {
    trial *t = arg;
    tb_str path = TB_STR("随机.tb"), text = {t->text, (uint32_t)strlen(t->text)};
    tb_compile_input in = {.paths = &path, .texts = &text, .count = 1, .sm3 = tb_sm3};
    tb_rules *rules;
    int rc = tb_compile(t->a, &in, &rules);
    for (uint32_t i = 0; rc == TB_OK && !rules->diagnostics.errors && i < rules->programs.count; i++) {
        tb_proof_report *report;
        rc = tb_prove(t->a, rules->programs.items[i], NULL, NULL, &rules->diagnostics, &report);
    }
    t->sound = rc == TB_OK && !rules->diagnostics.errors;
    if (rc == TB_OK && !t->sound && getenv("SIM_DRAFTS")) {
        tb_buf b;
        tb_buf_init(&b, t->a);
        tb_diagnostics_print(&b, &rules->sources, &rules->diagnostics, TB_LANG_ZH, false);
        fprintf(stderr, "%.*s\n", TB_FMT(tb_buf_str(&b)));
    }
    return rc;
}

static bool is_sound(const char *text) {
    trial t = {.a = tb_arena_new(NULL, 0), .text = text};
    if (!t.a || tb_try(t.a, try_it, &t) != TB_OK) abort();
    tb_arena_free(t.a);
    world->counts.drafts++;
    world->counts.sound += t.sound;
    return t.sound;
}

/* ---- what the others call ---- */

static page draft_page; /* of one process at a time */

sim_draft *sim_draft_new(int number, const char **text) {
    sim_draft *s = sim_alloc(sizeof *s);
    for (int i = 0; i < DRAFTS; i++) {
        draw(&s->d, number);
        put_file(&draft_page, &s->d, 1, "2026-01-01");
        if (!is_sound(draft_page.text)) continue;
        *text = sim_text("%s", draft_page.text);
        return s;
    }
    return NULL;
}

static void drop_step(draft *d, int i) { /* of the chain: who led to it leads on to the next */
    for (int k = 0; k < d->count; k++)
        for (int m = 0; m < d->steps[k].count; m++) {
            draft_move *x = &d->steps[k].moves[m];
            if (x->target == ON && x->to > i) x->to--;
            if (x->target == BACK && x->to >= i && x->to) x->to--;
        }
    memmove(&d->steps[i], &d->steps[i + 1], (size_t)(d->count - i - 1) * sizeof *d->steps);
    d->count--;
    uint8_t *of[] = {&d->supplement, &d->hearing, &d->duty, &d->call, &d->child, &d->parallel_after};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++)
        if (*of[k] != 255 && *of[k] >= i && *of[k] > 0) --*of[k];
}

static void insert_step(draft *d, int i) { /* behind step i */
    for (int k = 0; k < d->count; k++)
        for (int m = 0; m < d->steps[k].count; m++) {
            draft_move *x = &d->steps[k].moves[m];
            if ((x->target == ON || x->target == BACK) && x->to > i + 1) x->to++;
        }
    uint8_t *of[] = {&d->supplement, &d->hearing, &d->duty, &d->call, &d->child, &d->parallel_after};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++)
        if (*of[k] != 255 && *of[k] > i) ++*of[k];
    memmove(&d->steps[i + 2], &d->steps[i + 1], (size_t)(d->count - i - 1) * sizeof *d->steps);
    d->count++;
    draw_step(d, &d->steps[i + 1]);
    add_move(d, &d->steps[i + 1], ON, i + 2);
}

static void change(draft *d) {
    draft_step *s = &d->steps[sim_below(d->count)];
    switch (sim_below(9)) {
    case 0: draw_limit(d, s); break;
    case 1: s->moves[sim_below(s->count)].guard = any_guard(d, s); break;
    case 2: s->post = to(POSTS); break;
    case 3:
        if (d->count < (d->statutory ? 4 : 7) && d->ids < 200) insert_step(d, to(d->count - 1));
        break;
    case 4:
        if (d->count > 3) drop_step(d, 1 + to(d->count - 2));
        break;
    case 5:
        if (s->count > 1) s->count--;
        break;
    case 6: s->persons = s->persons ? 0 : 2, s->second = false; break;
    case 7: d->withdraw = !d->withdraw, d->separate = !d->separate; break;
    default:
        s->expiry = to(4);
        if (d->statutory) d->statutory = (uint8_t)sim_between(60, 250), d->promised = 0;
        break;
    }
}

const char *sim_draft_next(sim_draft *s, int version, const char *from) {
    for (int i = 0; i < DRAFTS / 2; i++) {
        draft d = s->d;
        for (int k = (int)sim_between(1, 3); k > 0; k--) change(&d);
        put_file(&draft_page, &d, version, from);
        if (!is_sound(draft_page.text)) continue;
        s->d = d;
        return sim_text("%s", draft_page.text);
    }
    put_file(&draft_page, &s->d, version, from);
    return sim_text("%s", draft_page.text);
}
