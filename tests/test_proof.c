/* The prover against a slow enumerator that shares no code with it, on random small matters, both ways: what it
 * calls proved no day-by-day exploration breaks, and the bound it names is reached by one. Then the cases of
 * tests/proof/, and the shipped matters.
 *
 * The enumerator knows nothing of charts: a matter here is a few arrays, written out as rules text for the prover
 * and walked day by day here. Every day is a workday. On a day any acts may happen in any order; then the day ends,
 * and at its end come the expiries, which still belong to it: they take no day, and the next limit counts the next day
 * as its first. There is no next day while a step whose limit has ended neither acted nor left by 逾期的: it keeps its
 * limit, so there is no such history. The copies of a branch (逐一) are branches here, and each length of the list a
 * case of its own. What the prover gives as the 用例 of a refuted span is run by the engine, which must find the span
 * overdue with a day less than the bound, and not with the bound. */
#include "check.h"
#include "compile.h"
#include "proof/proof.h"
#include "scenario.h"
#include "digest.h"
#include <dirent.h>
#include <stdlib.h>

enum {
    STEPS = 10,
    MOVES = 5,
    LONGEST = 45 /* days of a span, then it counts as unbounded */,
    STATES = 20000,
    SLOT_MASK = (1 << 16) - 1
};
enum { STAY = -1, CLOSE = -2, DONE = -3, REJECT = -4, RESUME = -5, HALT = 99, PARALLEL = 100 };
enum { ALWAYS, IF_A, IF_NOT_A, IF_ISSUED, IF_NOT_ISSUED };

struct move {
    int target, times, guard, id;
    bool tacit, begins, ends, issues, receives, back;
};
struct step {
    int limit;
    bool from_receipt, excluded, keeps;
    bool beyond; /* excluded on a ground that does not reach the span: its days count (M10) */
    int branch; /* 0 none, 1…3; -1 the obligation, -2 the step that interrupts */
    int moves;
    struct move move[MOVES];
};
struct process {
    int steps, host, obligation, obligation_guard; /* host -1: none */
    bool parallel;
    int branches;              /* 2 or 3 */
    int done_needs, cut_needs; /* how many 完成, 不予 it takes; 0: 均办结的, no clause for 不予 */
    int first[4];              /* by branch: its first step */
    int items, least;          /* 逐一: the first branches are copies of one, for a list of so many at most, at least */
    bool whole;                /* 均办结的 as well: the list may be shorter than done_needs */
    int join, cut;             /* targets */
    bool withdraw;
    int halt; /* 中止: entered from any step, gives it back; -1 none */
    struct move halting;
    int limit, moves;
    struct step step[STEPS];
};

static uint64_t seed;
static uint32_t next_random(uint32_t n) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)((seed >> 11) % n);
}
static bool chance(int percent) { return (int)next_random(100) < percent; }

/* ---- a random process, and its text ---- */

static struct move *add_move(struct process *p, int s, int target) {
    struct step *x = &p->step[s];
    struct move *m = &x->move[x->moves++];
    *m = (struct move){.target = target, .id = p->moves++};
    return m;
}

static void decorate(struct move *m) {
    m->begins = chance(25);
    m->ends = chance(20);
    m->issues = chance(20);
    if (chance(20)) m->guard = (int)next_random(5);
}

/* Copies of branch 1 and its n steps, as far as there is room. Answers how many. */
static int copy_branch(struct process *p, int n, int items) {
    while (items > 1 && p->steps + (items - 1) * n > STEPS) items--;
    if (items < 2) return 0;
    p->items = items;
    p->least = chance(50);
    if (p->branches < items || p->steps + (items - 1) * n + 2 > STEPS) p->branches = items;
    for (int b = 2; b <= items; b++) {
        p->first[b] = p->steps;
        for (int k = 0; k < n; k++) p->step[p->steps] = p->step[p->first[1] + k], p->step[p->steps++].branch = b;
    }
    return items - 1;
}

/* What may be done in the copies is what may be done in the branch. */
static void copy_moves(struct process *p, int i) {
    int by = p->first[p->step[i].branch] - p->first[1];
    for (int k = 0; k < p->step[i - by].moves; k++) {
        struct move m = p->step[i - by].move[k];
        if (m.target >= 0) m.target += by;
        m.id = p->moves++;
        p->step[i].move[p->step[i].moves++] = m;
    }
}

static bool is_copy(const struct process *p, int branch) { return branch > 1 && branch <= p->items; }

static void make(struct process *p) {
    memset(p, 0, sizeof *p);
    p->host = p->obligation = p->halt = -1;
    int main_steps = 2 + (int)next_random(3);
    p->steps = main_steps;
    p->limit = 3 + (int)next_random(8);
    p->withdraw = chance(30);
    for (int i = 0; i < main_steps; i++) {
        struct step *s = &p->step[i];
        s->limit = chance(4) ? 0 : 1 + (int)next_random(3);
        s->from_receipt = s->limit && chance(i ? 8 : 30);
        s->excluded = chance(12);
        s->beyond = s->excluded && chance(30);
        s->keeps = s->limit && !s->from_receipt && chance(15);
    }
    if (chance(35)) {
        p->parallel = true;
        p->branches = main_steps == 2 && chance(40) ? 3 : 2;
        p->done_needs = chance(50) ? 0 : 1 + (int)next_random((uint32_t)p->branches);
        p->cut_needs = chance(70) ? 1 : (int)next_random((uint32_t)p->branches + 1);
        for (int b = 1; b <= p->branches; b++) {
            int n = 1 + (int)next_random(main_steps == 2 && p->branches == 2 ? 3 : 2);
            p->first[b] = p->steps;
            for (int k = 0; k < n; k++)
                p->step[p->steps++] =
                    (struct step){.limit = 1 + (int)next_random(4), .branch = b, .excluded = chance(8)};
            if (b == 1 && chance(60)) n = copy_branch(p, n, chance(30) ? 3 : 2), b += n;
        }
        p->join = (int)next_random((uint32_t)main_steps + 1) - 1;
        p->cut = chance(50) ? p->join : (int)next_random((uint32_t)main_steps + 1) - 1;
        p->whole = p->items && p->done_needs && chance(60);
        if (p->join < 0) p->join = CLOSE;
        if (p->cut < 0) p->cut = CLOSE;
    } else if (chance(40)) {
        p->host = (int)next_random((uint32_t)main_steps);
        p->obligation = p->steps++;
        p->obligation_guard = (int)next_random(4);
        p->step[p->obligation] = (struct step){.limit = 1 + (int)next_random(4), .branch = -1};
    }
    if (p->steps < STEPS && chance(30)) {
        p->halt = p->steps++;
        p->step[p->halt] = (struct step){.limit = 1 + (int)next_random(3), .branch = -2, .excluded = chance(40)};
        p->halting = (struct move){.target = HALT, .id = p->moves++, .times = chance(85) ? 1 + (int)next_random(2) : 0};
        if (chance(15)) p->halting.guard = (int)next_random(5);
    }
    for (int i = 0; i < p->steps; i++) {
        struct step *s = &p->step[i];
        if (is_copy(p, s->branch)) {
            copy_moves(p, i);
            continue;
        }
        if (s->branch == -2) {
            struct move *m = add_move(p, i, RESUME);
            decorate(m);
            if (chance(30)) decorate(add_move(p, i, chance(50) ? CLOSE : (int)next_random((uint32_t)main_steps)));
            if (chance(20)) add_move(p, i, STAY)->issues = true;
        } else if (s->branch == -1) {
            add_move(p, i, DONE)->issues = chance(30);
            if (chance(30)) add_move(p, i, STAY)->issues = chance(30);
        } else if (s->branch) {
            bool last = i + 1 == p->steps || p->step[i + 1].branch != s->branch;
            struct move *m = add_move(p, i, last ? DONE : i + 1);
            m->issues = chance(25);
            if (chance(10)) m->guard = (int)next_random(5);
            if (chance(8)) m->ends = true;
            if (chance(40)) add_move(p, i, REJECT)->issues = chance(40);
            if (!last && chance(20)) add_move(p, i, DONE);
        } else {
            struct move *m = add_move(p, i, i + 1 < main_steps ? i + 1 : CLOSE);
            if (p->parallel && i == main_steps / 2) m->target = PARALLEL;
            decorate(m);
            int extra = (int)next_random(3);
            for (int k = 0; k < extra; k++) {
                int to = (int)next_random((uint32_t)main_steps + 2) - 2;
                m = add_move(p, i, to < 0 ? (to == -2 ? CLOSE : STAY) : to);
                decorate(m);
                m->receives = chance(15);
                if (m->target >= 0 && m->target <= i) m->times = chance(85) ? 1 + (int)next_random(2) : 0;
                else if (chance(20)) m->times = 1;
            }
        }
        if (s->limit && s->branch != -1 && chance(40)) {
            struct move *m = add_move(p, i,
                                      s->branch == -2 ? RESUME
                                      : s->branch     ? (chance(50) ? DONE : REJECT)
                                      : chance(50)    ? STAY
                                      : chance(50)    ? CLOSE
                                                      : (int)next_random((uint32_t)main_steps));
            m->tacit = true;
            if (!s->branch && (m->target != STAY || i == p->host))
                m->begins = chance(25), m->back = m->begins && chance(60), m->ends = chance(15);
            if (m->target >= 0 && m->target <= i && !s->branch && chance(70)) m->times = 1;
        }
    }
    p->step[0].move[0].begins |= chance(60);
}

static const char *const guards[] = {"", "，若 甲", "，若 非 甲", "，若 已 丙书", "，若 未 丙书"};

static int put(char *out, int n, const struct process *p, int i) {
    const struct step *s = &p->step[i];
    n += sprintf(out + n, "环节 环%d", i);
    if (s->branch > 0) n += sprintf(out + n, "（在 支%d）", s->branch);
    n += sprintf(out + n, "：\n  办理人 受理员。\n");
    if (s->limit)
        n += sprintf(out + n, "  期限 %d个工作日%s%s。\n", s->limit, s->from_receipt ? "，自 收到材料" : "",
                     s->keeps ? "，续计" : "");
    if (s->excluded)
        n += sprintf(out + n, "  不计入期限，依《甲法》%s，因《甲法》第二条，待核。\n", s->beyond ? "第三条" : "第一条");
    if (i == p->host) n += sprintf(out + n, "  应当 环%d%s。\n", p->obligation, guards[p->obligation_guard]);
    for (int k = 0; k < s->moves; k++) {
        const struct move *m = &s->move[k];
        if (m->tacit) n += sprintf(out + n, "  逾期的");
        else n += sprintf(out + n, "  办%d的", m->id);
        n += sprintf(out + n, "%s", guards[m->guard]);
        if (m->back) n += sprintf(out + n, "，视为 受理，受理日 最近一次收到材料日");
        if (m->receives) n += sprintf(out + n, "，记 收到材料");
        if (m->begins && !m->back) n += sprintf(out + n, "%s受理", m->receives ? "、" : "，记 ");
        if (m->ends) n += sprintf(out + n, "%s决定", m->receives || (m->begins && !m->back) ? "、" : "，记 ");
        if (m->issues) n += sprintf(out + n, "，出具 丙书");
        if (m->times) n += sprintf(out + n, "，限 %d次", m->times);
        if (m->target == STAY) n += sprintf(out + n, "，继续办理");
        else if (m->target == CLOSE) n += sprintf(out + n, "，办结 完了");
        else if (m->target == DONE) n += sprintf(out + n, "，完成");
        else if (m->target == REJECT) n += sprintf(out + n, "，不予");
        else if (m->target == RESUME) n += sprintf(out + n, "，转 原环节");
        else if (m->target == PARALLEL) n += sprintf(out + n, "，转 同时");
        else n += sprintf(out + n, "，转 环%d", m->target);
        n += sprintf(out + n, "。\n");
    }
    return n;
}

static int put_target(char *out, int n, const char *act, int target) {
    if (target == CLOSE) return n + sprintf(out + n, "  %s，办结 完了。\n", act);
    return n + sprintf(out + n, "  %s，转 环%d。\n", act, target);
}

static tb_str text_of(const struct process *p, char *out) {
    int n = sprintf(out,
                    "法规 甲法：\n  位阶 法律。\n  公布 2025-01-01。\n  第一条，不计入期限 环。\n  第二条，“要办”。\n"
                    "  第三条，不计入期限 环，及于 「第四条」。\n  第四条，期限 5个工作日，自 收到材料 至 受理。\n"
                    "事项 试验：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 属地 "
                    "审批局，待核。\n  办理模式 窗口办理，因 “当面核验”，待核。\n"
                    "  属地 取自 所在。\n  收到材料 以 属地收到 为准，待核。\n  法定期限 %d个工作日，自 受理 至 "
                    "决定，待核。\n  岗位 受理员，在 属地。\n"
                    "申请表：\n  所在 区划，必填。\n  甲 是否，必填。\n",
                    p->limit);
    if (p->items) n += sprintf(out + n, "  货 列表 文本，至多 %d%s。\n", p->items, p->least ? "，必填" : "");
    n += sprintf(out + n, "文书：\n  丙书。\n");
    for (int i = 0; i < p->steps; i++)
        if (!p->step[i].branch) n = put(out, n, p, i);
    if (p->obligation >= 0) n = put(out, n, p, p->obligation);
    if (p->halt >= 0) n = put(out, n, p, p->halt);
    if (p->parallel) {
        char done[40] = "均办结的", cut[40] = "任一不予的";
        if (p->done_needs) sprintf(done, p->done_needs > 1 ? "满%d个办结的" : "任一办结的", p->done_needs);
        if (p->cut_needs > 1) sprintf(cut, "满%d个不予的", p->cut_needs);
        n += sprintf(out + n, "并行 同时：\n");
        n = put_target(out, n, done, p->join);
        if (p->whole) n = put_target(out, n, "均办结的", p->join);
        if (p->cut_needs) n = put_target(out, n, cut, p->cut);
        for (int b = 1; b <= p->branches; b++) {
            if (is_copy(p, b)) continue;
            n += sprintf(out + n, "分支 支%d（在 同时）%s：\n", b, b == 1 && p->items ? "，逐一 货" : "");
            for (int i = 0; i < p->steps; i++)
                if (p->step[i].branch == b) n = put(out, n, p, i);
        }
    }
    if (p->withdraw || p->halt >= 0) n += sprintf(out + n, "任一环节：\n");
    if (p->withdraw) n += sprintf(out + n, "  撤回的，由 申请人，办结 撤了。\n");
    if (p->halt >= 0) {
        n += sprintf(out + n, "  中止的，由 受理员%s", guards[p->halting.guard]);
        if (p->halting.times) n += sprintf(out + n, "，限 %d次", p->halting.times);
        n += sprintf(out + n, "，转 环%d。\n", p->halt);
    }
    return (tb_str){out, (uint32_t)n};
}

/* ---- the enumerator ---- */

struct at {            /* no padding that matters: compared as bytes, so always cleared first */
    int8_t age[STEPS]; /* days of its limit that are gone; -1 not active */
    int8_t count[STEPS * MOVES];
    int8_t used[STEPS];               /* 续计 */
    int8_t branch[4];                 /* 1 completed, 2 refused, 3 beyond the end of the list */
    int8_t receipt, counted;          /* days since 收到材料; of them, counted ones */
    int8_t a, issued, begun, obliged; /* obliged: 0 waiting, 1 running, 2 done (or no host) */
    int8_t closed;
    int8_t fresh[STEPS]; /* its limit has ended, and it stayed */
    int8_t halted;       /* 1 interrupted, 2 since a day before */
    int8_t items;        /* of the list: by how many its branch is copied */
    int8_t pad[3];       /* to whole words: hashed by words */
};
_Static_assert(sizeof(struct at) % 8 == 0, "hashed by words");
struct seen {
    struct at at;
    int days;
    int next;
};

struct enumeration {
    const struct process *p;
    struct seen *seen;
    int count, *slots;
    int *queue, head, tail;
    uint8_t *waiting;
    int worst; /* -1: never ran */
    bool unbounded, overflow, timed;
    uint8_t *taken; /* by move id */
    bool entered[STEPS], joined, wholly, cut;
    /* untimed: edges for the backward search */
    int (*edge)[2], edges, edges_room;
    bool *beside;
};

static bool guard_holds(int guard, const struct at *s) {
    switch (guard) {
    case IF_A: return s->a;
    case IF_NOT_A: return !s->a;
    case IF_ISSUED: return s->issued;
    case IF_NOT_ISSUED: return !s->issued;
    }
    return true;
}

static void oblige(struct enumeration *e, struct at *s) {
    bool open = e->p->host >= 0 && s->age[e->p->host] >= 0 && !s->halted; /* interrupted: when it is given back */
    if (!open || s->obliged || !guard_holds(e->p->obligation_guard, s)) return;
    s->obliged = 1;
    s->age[e->p->obligation] = 0;
    e->entered[e->p->obligation] = true;
}

static void leave_step(const struct process *p, struct at *s, int i) {
    if (p->step[i].keeps && s->used[i] + s->age[i] < 100) s->used[i] = (int8_t)(s->used[i] + s->age[i]);
    s->age[i] = -1;
    s->fresh[i] = 0;
    if (i == p->host) {
        s->obliged = 0;
        s->age[p->obligation] = -1;
        s->fresh[p->obligation] = 0;
    }
}

static void enter_step(struct enumeration *e, struct at *s, int i) {
    s->age[i] = e->p->step[i].from_receipt ? s->receipt : 0;
    s->fresh[i] = 0;
    e->entered[i] = true;
}

static void go(struct enumeration *e, struct at *s, int target) {
    if (target == CLOSE) {
        memset(s->age, -1, sizeof s->age);
        s->closed = 1;
    } else if (target == PARALLEL) {
        int live = 0;
        for (int b = 1; b <= e->p->branches; b++) {
            s->branch[b] = b <= e->p->items && b > s->items ? 3 : 0;
            if (!s->branch[b]) live++, enter_step(e, s, e->p->first[b]);
        }
        if (live || (e->p->done_needs && !e->p->whole)) return;
        *(e->p->whole ? &e->wholly : &e->joined) = true; /* all of nothing have ended */
        memset(s->branch, 0, sizeof s->branch);
        go(e, s, e->p->join);
    } else {
        enter_step(e, s, target);
    }
}

/* Where the limit of step i stands: days left today; negative: past. INT8_MAX: none. */
static int left(const struct process *p, const struct at *s, int i) {
    const struct step *x = &p->step[i];
    if (!x->limit) return 127;
    return x->limit - (x->keeps ? s->used[i] : 0) - s->age[i];
}

static bool act_open(const struct process *p, const struct at *s, int i, const struct move *m) {
    if (m->times && s->count[m->id] >= m->times) return false;
    if (!guard_holds(m->guard, s)) return false;
    return !(!m->tacit && i == p->host && m->target != STAY && s->obliged == 1);
}

/* A branch has ended; perhaps the parallel with it. */
static void end_branch(struct enumeration *e, struct at *s, int branch, bool refused) {
    const struct process *p = e->p;
    int done = 0, cut = 0, live = 0;
    s->branch[branch] = refused ? 2 : 1;
    for (int b = 1; b <= p->branches; b++)
        done += s->branch[b] == 1, cut += s->branch[b] == 2, live += s->branch[b] != 3;
    bool counted = !refused && done == (p->done_needs ? p->done_needs : live);
    bool joins = counted || (p->whole && !refused && done == live);
    if (!joins && !(refused && p->cut_needs && cut == p->cut_needs)) return;
    e->joined |= counted;
    e->wholly |= joins && !counted;
    e->cut |= !joins;
    for (int k = 0; k < p->steps; k++)
        if (p->step[k].branch > 0) s->age[k] = -1, s->fresh[k] = 0;
    memset(s->branch, 0, sizeof s->branch);
    go(e, s, joins ? p->join : p->cut);
}

/* What was interrupted goes on. A limit of which no day was left has run out meanwhile. */
static void give_back(const struct process *p, struct at *s) {
    for (int k = 0; k < p->steps && s->halted == 2; k++) {
        if (k == p->halt || s->age[k] < 0 || left(p, s, k) > 0 || s->fresh[k]) continue;
        if (s->age[k] < 100) s->age[k]++;
    }
}

/* Takes move m of step i. Answers whether the span ended, with its days in *days (-1 afterwards). */
static bool take(struct enumeration *e, struct at *s, int i, const struct move *m, int *days, int *end) {
    const struct process *p = e->p;
    bool ended = false;
    e->taken[m->id] = 1;
    if (m->times) s->count[m->id]++;
    if (m->target == HALT) {
        s->halted = 1;
        enter_step(e, s, p->halt);
        return false;
    }
    if (m->target == RESUME) give_back(p, s);
    else if (i == p->halt && m->target != STAY)
        for (int k = 0; k < p->steps; k++) /* what was interrupted is over */
            if (s->age[k] >= 0) leave_step(p, s, k);
    if (m->target != STAY) leave_step(p, s, i);
    if (i == p->halt && m->target != STAY) s->halted = 0;
    if (i == p->halt && m->target != STAY && m->target != RESUME) memset(s->branch, 0, sizeof s->branch);
    /* in the order written: 视为, then 记 收到材料、受理、决定 */
    if (m->begins && *days >= 0) ended = true, *end = *days; /* begins anew: so far it ran */
    if (m->back) *days = s->counted;
    if (m->receives) s->receipt = s->counted = 0;
    if (m->begins && !m->back) *days = 0;
    if (m->ends && *days >= 0) *end = ended && *end > *days ? *end : *days, ended = true, *days = -1;
    if (m->issues) s->issued = 1;
    if (m->receives)
        for (int k = 0; k < p->steps; k++)
            if (p->step[k].from_receipt && s->age[k] >= 0) s->fresh[k] = s->age[k] = 0;
    if (m->target == RESUME) {
    } else if (m->target == DONE && p->step[i].branch == -1) s->obliged = 2;
    else if (m->target == DONE || m->target == REJECT) {
        end_branch(e, s, p->step[i].branch, m->target == REJECT);
    } else if (m->target != STAY) {
        go(e, s, m->target);
    }
    oblige(e, s);
    if (s->closed && *days >= 0) *end = ended && *end > *days ? *end : *days, ended = true, *days = -1;
    return ended;
}

static int find_state(struct enumeration *e, const struct at *s, int days, bool run) {
    struct at key = *s;
    key.begun = run;
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i + 8 <= sizeof key; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)&key + i, 8);
        h = (h ^ word) * 0x9fb21c651e98df25u;
        h ^= h >> 29;
    }
    uint32_t at = (uint32_t)(h ^ h >> 32) & SLOT_MASK;
    for (; e->slots[at]; at = (at + 1) & SLOT_MASK)
        if (!memcmp(&e->seen[e->slots[at] - 1].at, &key, sizeof key)) break;
    if (!e->slots[at]) {
        if (e->count == STATES) return e->overflow = true, -1;
        e->seen[e->count] = (struct seen){key, -2, 0};
        e->slots[at] = ++e->count;
    }
    int n = e->slots[at] - 1;
    if (days > e->seen[n].days) {
        e->seen[n].days = days;
        if (!e->waiting[n]) e->waiting[n] = 1, e->queue[e->tail++ % STATES] = n;
    }
    return n;
}

static void arrive_at(struct enumeration *e, int from, const struct at *s, int days, bool beside) {
    int n = find_state(e, s, days, days >= 0);
    if (n < 0 || e->timed || from < 0) return;
    if (e->edges == e->edges_room) {
        e->edges_room = e->edges_room ? e->edges_room * 2 : 4096;
        e->edge = realloc(e->edge, (size_t)e->edges_room * sizeof *e->edge);
        e->beside = realloc(e->beside, (size_t)e->edges_room * sizeof *e->beside);
    }
    e->edge[e->edges][0] = from;
    e->edge[e->edges][1] = n;
    e->beside[e->edges++] = beside;
}

static void note(struct enumeration *e, int days) {
    if (days > e->worst) e->worst = days;
    if (days >= LONGEST) e->unbounded = true;
}

static bool has_expiry(const struct process *p, const struct at *s, int i, const struct move **which) {
    for (int k = 0; k < p->step[i].moves; k++) {
        const struct move *m = &p->step[i].move[k];
        if (m->tacit && act_open(p, s, i, m)) return *which = m, true;
    }
    return false;
}

static bool working(const struct process *p, const struct at *s, int i) {
    return s->age[i] >= 0 && (!s->halted || i == p->halt);
}

/* Blocked by what it must wait for: its limit may end meanwhile. */
static bool waits(const struct process *p, const struct at *s, int i) { return i == p->host && s->obliged == 1; }

/* Does 逾期的 of step i come when this day ends, or at once, if its limit had ended before it began? A step that could have
 * left and stays by 继续办理 does not keep its limit. */
static bool expires(const struct process *p, const struct at *s, int i, const struct move **which) {
    return working(p, s, i) && left(p, s, i) <= 0 && !s->fresh[i] && has_expiry(p, s, i, which) &&
           ((*which)->target != STAY || waits(p, s, i));
}

/* Everything one state leads to. Timed: acts of the day, expiries at its end, or the next day; untimed: acts, and
 * expiries whenever a limit runs. */
static void follow(struct enumeration *e, int n) {
    const struct process *p = e->p;
    struct at s = e->seen[n].at, t;
    int days = e->seen[n].days, d, end;
    if (s.closed) return;
    bool expiring = false, late = false;
    for (int i = 0; i < p->steps && e->timed; i++) {
        const struct move *m;
        if (!expires(p, &s, i, &m)) continue;
        t = s, d = days;
        t.fresh[i] = 1;
        if (take(e, &t, i, m, &d, &end)) note(e, end);
        arrive_at(e, n, &t, d, false);
        expiring = true;
        late |= left(p, &s, i) < 0;
    }
    if (late) return; /* begun after its limit had ended: it expires before anybody can act */
    for (int i = 0; i < p->steps; i++) {
        if (!working(p, &s, i)) continue;
        for (int k = 0; k < p->step[i].moves; k++) {
            const struct move *m = &p->step[i].move[k];
            if (m->tacit && e->timed) continue;
            if (!act_open(p, &s, i, m)) continue;
            t = s, d = days;
            if (take(e, &t, i, m, &d, &end)) note(e, end);
            arrive_at(e, n, &t, e->timed ? d : -1, false);
        }
    }
    if (p->halt >= 0 && !s.halted && act_open(p, &s, p->halt, &p->halting)) {
        t = s, d = days;
        take(e, &t, p->halt, &p->halting, &d, &end);
        arrive_at(e, n, &t, e->timed ? d : -1, true);
    }
    if (p->withdraw) {
        t = s;
        memset(t.age, -1, sizeof t.age);
        t.closed = 1;
        if (days >= 0) note(e, days);
        arrive_at(e, n, &t, -1, true);
    }
    if (!e->timed || e->unbounded || expiring) return;
    t = s;
    bool stopped = false;
    for (int i = 0; i < p->steps; i++) {
        if (!working(p, &s, i)) continue;
        stopped |= p->step[i].excluded && !p->step[i].beyond;
        if (left(p, &s, i) <= 0) {
            if (!waits(p, &s, i)) return; /* it keeps its limit: no such day */
            t.fresh[i] = 1;
        }
        if (t.age[i] < 100) t.age[i]++;
    }
    if (t.halted) t.halted = 2;
    if (t.receipt < 100) t.receipt++;
    if (t.counted < 100 && !stopped) t.counted++;
    if (days >= 0) {
        d = days + !stopped;
        if (d >= LONGEST) {
            e->unbounded = true;
            return;
        }
    } else {
        d = days;
    }
    arrive_at(e, n, &t, d, false);
}

static void clear(struct enumeration *e) {
    memset(e->slots, 0, (SLOT_MASK + 1) * sizeof *e->slots);
    memset(e->waiting, 0, STATES);
    e->count = e->head = e->tail = e->edges = 0;
}

/* Every case whose form says so, and so many items. */
static void explore(struct enumeration *e, bool a, int items) {
    struct at s;
    memset(&s, 0, sizeof s);
    memset(s.age, -1, sizeof s.age);
    s.a = a;
    s.items = (int8_t)items;
    enter_step(e, &s, 0);
    oblige(e, &s);
    arrive_at(e, -1, &s, -1, false);
    while (e->head != e->tail && !e->overflow && !e->unbounded) {
        int n = e->queue[e->head++ % STATES];
        e->waiting[n] = 0;
        follow(e, n);
    }
}

/* Untimed: can every state still close without being withdrawn? */
static bool all_end(struct enumeration *e) {
    bool *ends = calloc((size_t)e->count + 1, sizeof *ends), news = true, all = true;
    for (int i = 0; i < e->count; i++) ends[i] = e->seen[i].at.closed;
    for (; news;) {
        news = false;
        for (int i = 0; i < e->edges; i++)
            if (!e->beside[i] && ends[e->edge[i][1]] && !ends[e->edge[i][0]]) ends[e->edge[i][0]] = news = true;
    }
    for (int i = 0; i < e->count; i++) all &= ends[i];
    free(ends);
    return all;
}

/* ---- both, compared ---- */

static tb_rules *compile_text(tb_arena *a, tb_str text) {
    static tb_str path = {"试验.tb", 9};
    tb_compile_input in = {.paths = &path, .texts = &text, .count = 1, .sm3 = tb_sm3};
    tb_rules *r = NULL;
    return tb_compile(a, &in, &r) == TB_OK ? r : NULL;
}

static int count_code(const tb_diagnostics *d, enum tb_code code) {
    int n = 0;
    for (uint32_t i = 0; i < d->list.count; i++) n += d->list.items[i].code == code;
    return n;
}

static int compared, listed, stuck_bounds, exact, conservative, unbounded, refuted, stuck, deads, at_bound;

/* Where the prover promises a bound and not the longest: a limit from 收到材料 that expiries or exclusions before it
 * have used up in part; a span that ends inside a branch, a parallel that is left when some branches have ended, a branch that can only refuse, and a step with 应当 that
 * has an 逾期的: there the limits of the tasks beside would have to be looked at; a 续计 step that 逾期的 leaves
 * before the span begins, with nothing left for later, or that is interrupted and not gone back to. */
static bool may_be_loose(const struct process *p) {
    bool receipt = p->parallel && (p->done_needs || p->cut_needs != 1);
    for (int i = 0; i < p->steps; i++) {
        receipt |= p->step[i].from_receipt || (p->step[i].keeps && p->halt >= 0);
        for (int k = 0; k < p->step[i].moves; k++) {
            const struct move *m = &p->step[i].move[k];
            receipt |= (p->step[i].branch > 0 && (m->ends || m->guard)) || (i == p->host && m->tacit) ||
                       (p->step[i].keeps && m->tacit && m->target != STAY);
        }
    }
    return receipt;
}

static bool compare(const struct process *p, const tb_program *program, const tb_proof_report *r,
                    const tb_diagnostics *d, struct enumeration *e) {
    uint8_t taken[STEPS * MOVES] = {0};
    e->p = p;
    e->worst = -1;
    e->unbounded = e->overflow = e->joined = e->wholly = e->cut = false;
    e->taken = taken;
    memset(e->entered, 0, sizeof e->entered);
    e->timed = true;
    int forms = 2 * (p->items + 1 - p->least), items;
    for (int i = 0; i < forms; i++) items = p->least + i / 2, clear(e), explore(e, i % 2, items);
    memset(taken, 0, sizeof taken);
    memset(e->entered, 0, sizeof e->entered);
    e->joined = e->wholly = e->cut = false;
    bool long_run = e->unbounded, ends = true;
    e->unbounded = e->timed = false;
    for (int i = 0; i < forms; i++)
        items = p->least + i / 2, clear(e), explore(e, i % 2, items), ends &= all_end(e);
    if (e->overflow) return true;
    compared++;
    listed += p->items > 0;
    const tb_proof_span *s = &r->spans.items[0];
    bool ok = true;
    int worst = e->worst < 0 ? 0 : e->worst;
    if (!ends) stuck_bounds++; /* a case that never ends: its spans may run for ever */
    else if (long_run) ok &= s->verdict == TB_UNBOUNDED || s->bound >= LONGEST, unbounded++;
    else if (s->verdict == TB_UNBOUNDED || s->bound != worst)
        ok &= may_be_loose(p) && (s->verdict == TB_UNBOUNDED || s->bound > worst), conservative++;
    else exact++;
    refuted += s->verdict == TB_REFUTED;
    if (!ok)
        printf("limits: prover %d (verdict %d), enumerator %d%s\n", s->bound, s->verdict, worst,
               long_run ? " unbounded" : "");
    bool said = count_code(d, TB_E_PROOF_DEADLOCK) || count_code(d, TB_E_PROOF_STUCK);
    if (said == ends)
        ok = false, printf("soundness: prover %s, enumerator %s\n", said ? "stuck" : "ends", ends ? "ends" : "stuck");
    stuck += !ends;
    int dead = 0;
    for (int i = 0; i < p->steps; i++) {
        dead += !e->entered[i];
        for (int k = 0; k < p->step[i].moves && e->entered[i]; k++) dead += !taken[p->step[i].move[k].id];
    }
    if (p->host >= 0 && e->entered[p->host] && !e->entered[p->obligation]) dead++;
    if (p->parallel) dead += !e->joined, dead += p->whole && !e->wholly, dead += p->cut_needs && !e->cut;
    if (p->halt >= 0) dead += !taken[p->halting.id];
    int found = count_code(d, TB_E_PROOF_DEAD_STEP) + count_code(d, TB_E_PROOF_DEAD_MOVE);
    if (found != dead) ok = false, printf("dead: prover %d, enumerator %d\n", found, dead);
    deads += dead;
    (void)program;
    return ok;
}

/* ---- cases: base.tb changed in one place ---- */

enum { FILE_BYTES = 1 << 18 };

static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *b = calloc(1, FILE_BYTES);
    size_t n = fread(b, 1, FILE_BYTES - 1, f);
    b[n] = 0;
    fclose(f);
    return b;
}

static bool edit(char *text, const char *old, const char *new) {
    char *at = strstr(text, old);
    if (!at || strlen(text) + strlen(new) >= FILE_BYTES) return false;
    memmove(at + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    memcpy(at, new, strlen(new));
    return true;
}

static void unescape(char *s) {
    for (char *at = s; (at = strstr(at, "\\n")); at++) *at = '\n', memmove(at + 1, at + 2, strlen(at + 2) + 1);
}

static const tb_rules *loaded;
static const tb_calendar *calendar_named(void *user, tb_str name) {
    (void)user;
    for (uint32_t i = 0; i < loaded->calendars.count; i++)
        if (tb_str_eq(tb_calendar_name(loaded->calendars.items[i]), name)) return loaded->calendars.items[i];
    return NULL;
}

enum { FILES = 64 };
struct files {
    tb_str paths[FILES], texts[FILES];
    uint32_t count;
};

/* What a test or a shipped matter refers to is found by its name alone, laws first. */
static bool resolve_shipped(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    static const char *const directories[] = {"法规", "流程模板", "外部接口", "事项"};
    (void)from;
    const char *slash = path.p + path.n;
    while (slash > path.p && slash[-1] != '/') slash--;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        char full[600];
        snprintf(full, sizeof full, "rules/%s/%.*s", directories[i], (int)(path.p + path.n - slash), slash);
        char *b = slurp(full);
        if (!b) continue;
        *found = tb_str_copy(user, tb_str_z(full));
        *text = tb_str_copy(user, tb_str_z(b));
        free(b);
        return true;
    }
    return false;
}

static tb_rules *compile_files(tb_arena *a, const struct files *f) {
    tb_compile_input in = {
        .paths = f->paths, .texts = f->texts, .count = f->count, .resolve = resolve_shipped, .user = a, .sm3 = tb_sm3};
    tb_rules *r = NULL;
    if (tb_compile(a, &in, &r) != TB_OK) return NULL;
    loaded = r;
    return r;
}

/* The 用例 of a failed proof must run as it stands beside the matter. `clock`, if given, must be overdue on it, or not. */
static void run_scenario(tb_arena *a, struct files *f, tb_str scenario, tb_str clock, bool overdue) {
    tb_str before = f->texts[0];
    tb_scenario_report *report = NULL;
    f->texts[0] = tb_str_printf(a, "%.*s\n%.*s", TB_FMT(before), TB_FMT(scenario));
    tb_rules *r = compile_files(a, f);
    f->texts[0] = before;
    if (!CHECK(r && r->programs.count == 1)) {
        printf("%.*s\n", TB_FMT(scenario));
        return;
    }
    tb_env env = {.directory = r->directory, .calendar = calendar_named};
    if (!CHECK_INT(tb_scenarios_run(a, r->programs.items[0], &env, &report), TB_OK)) return;
    const tb_scenario_result *last = &report->results.items[report->results.count - 1];
    char *line = calloc(1, clock.n + 64);
    sprintf(line, "超期 %.*s", TB_FMT(clock));
    tb_str told = tb_str_copy(a, last->timeline);
    if (!CHECK(last->passed) || (clock.n && !CHECK_INT(strstr(told.p, line) != NULL, overdue)))
        printf("%.*s\n%.*s\n%.*s\n", TB_FMT(scenario), TB_FMT(last->failure), TB_FMT(last->timeline));
    free(line);
}

static int scenarios_run;
static void run_scenarios(tb_arena *a, struct files *f, const tb_program *p, const tb_proof_report *report) {
    for (uint32_t i = 0; i < report->failures.count; i++) {
        const tb_proof_failure *x = &report->failures.items[i];
        tb_str clock = TB_NONE;
        for (uint32_t k = 0; k < report->spans.count; k++)
            if (report->spans.items[k].scenario.p == x->scenario.p && x->scenario.n &&
                (report->spans.items[k].measure == TB_PROOF_DAYS || report->spans.items[k].measure == TB_PROOF_HOURS ||
                 !report->spans.items[k].assumed.n))
                clock = p->clocks.items[report->spans.items[k].clock].name;
        if (x->code == TB_E_PROOF_LIMIT_EXTENSION) clock = TB_NONE;
        if (x->scenario.n) run_scenario(a, f, x->scenario, clock, true), scenarios_run++;
    }
}

/* What check and the proofs say, one line each: code and message. */
static void messages(tb_arena *a, struct files *f, tb_buf *out) {
    tb_rules *r = compile_files(a, f);
    tb_diagnostics d;
    tb_proof_report *report;
    char code[8];
    tb_diagnostics_init(&d, a);
    if (!r) return;
    for (uint32_t i = 0; i < r->diagnostics.list.count; i++)
        tb_putf(out, "%s %.*s\n", tb_code_text(r->diagnostics.list.items[i].code, code),
                TB_FMT(tb_diagnostic_message(a, &r->diagnostics.list.items[i], TB_LANG_ZH)));
    if (!r->programs.count) return;
    const tb_program *p = r->programs.items[0];
    if (!CHECK_INT(tb_prove(a, p, r->directory, calendar_named(NULL, TB_STR("全国")), &d, &report), TB_OK)) return;
    for (uint32_t i = 0; i < d.list.count; i++) {
        const tb_diagnostic *x = &d.list.items[i];
        tb_putf(out, "%s %.*s\n", tb_code_text(x->code, code), TB_FMT(tb_diagnostic_message(a, x, TB_LANG_ZH)));
        if (x->hint.n) tb_putf(out, "  提示 %.*s\n", TB_FMT(x->hint));
    }
    run_scenarios(a, f, p, report);
    tb_diagnostics en; /* in English the same is found */
    tb_diagnostics_init(&en, a);
    en.lang = TB_LANG_EN;
    loaded = r;
    if (!CHECK_INT(tb_prove(a, p, r->directory, calendar_named(NULL, TB_STR("全国")), &en, &report), TB_OK)) return;
    CHECK_INT(en.list.count, d.list.count);
    tb_buf english;
    tb_buf_init(&english, a);
    tb_proof_print(&english, p, report, TB_LANG_EN);
    tb_diagnostics_print(&english, &r->sources, &en, TB_LANG_EN, false);
    if (getenv("TB_SHOW_ENGLISH")) printf("%.*s\n", (int)english.n, english.p);
}

static void test_cases(void) {
    char *cases = slurp("tests/proof/proofs.case"), *base = slurp("tests/proof/base.tb"),
         *calendar = slurp("rules/日历/全国.tb"), *text = malloc(FILE_BYTES);
    FILE *write = getenv("TB_WRITE_CASES") ? fopen(getenv("TB_WRITE_CASES"), "wb")
                                           : NULL; /* what is said now, to be read by a person */
    if (!CHECK(cases && base && calendar)) return;
    tb_arena *a = tb_arena_new(NULL, 0);
    char *at = strstr(cases, "==== ");
    if (write) fwrite(cases, 1, (size_t)(at - cases), write);
    while (at) {
        char *end = strstr(at + 5, "\n==== "), *line = at, *body = strstr(at, "\n----\n"), old[4096] = "", new[4096];
        if (!CHECK(body && (!end || body < end))) break;
        if (end) *end = 0;
        if (write) fwrite(at, 1, (size_t)(body + 6 - at), write);
        *body = 0;
        strcpy(text, base);
        bool edited = true;
        for (char *next = line; next; line = next + 1) {
            next = strchr(line, '\n');
            if (next) *next = 0;
            if (!strncmp(line, "- ", 2)) snprintf(old, sizeof old, "%s", line + 2), unescape(old);
            if (!strncmp(line, "+ ", 2))
                snprintf(new, sizeof new, "%s", line + 2), unescape(new), edited &= edit(text, old, new);
        }
        char *want = body + 6;
        size_t n = strlen(want);
        while (n && want[n - 1] == '\n') want[--n] = 0;
        tb_arena_reset(a);
        tb_buf b;
        tb_buf_init(&b, a);
        struct files f = {
            .paths = {TB_STR("base.tb"), TB_STR("全国.tb")}, .texts = {tb_str_z(text), tb_str_z(calendar)}, .count = 2};
        messages(a, &f, &b);
        if (write) fprintf(write, "%.*s%s", (int)b.n, b.n ? b.p : "", end ? "\n" : "");
        while (b.n && b.p[b.n - 1] == '\n') b.p[--b.n] = 0;
        if (!CHECK(edited) || !CHECK_STR(b.n ? b.p : "", want)) fprintf(stderr, "    in: %s\n", at);
        at = end ? end + 1 : NULL;
    }
    if (write) fclose(write);
    tb_arena_free(a);
    free(cases), free(base), free(calendar), free(text);
}

/* ---- random matters: the prover, the enumerator, and the engine on the 用例 of what failed ---- */

/* One county with one clerk, and a calendar of two holidays and a make-up day. */
static const char county[] = "日历 全国：\n"
                             "  办公时间 09:00 至 17:00。\n"
                             "  年度 2026，依 “通知”，待核。\n"
                             "  放假 2026-04-04 至 2026-04-06，清明节。\n"
                             "  放假 2026-05-01 至 2026-05-05，劳动节。\n"
                             "  上班 2026-05-09，劳动节。\n"
                             "组织 甲县：\n"
                             "  区划 370402。\n"
                             "  日历 全国。\n"
                             "  机构 甲县审批局，职能 审批局。\n"
                             "  人员 李受，岗位 受理员，机构 甲县审批局。\n";

/* Must the engine count, on the 用例 of a refuted span, the days the prover did? Not where the bound may be loose; where
 * one branch may cut short the other by an expiry, or stop its time, and the path follows the other alone; where a span is dated back and ends
 * in one move, so that its clock never ran; or where a step begun by an expiry may use up a day before the span begins
 * and take the rest of its limit in it (继续办理，记 受理; 续计; interrupted): nobody acts at 24:00, so an act at once is the next
 * day's. */
static bool counted_by_engine(const struct process *p) {
    bool branch = false, back = false, expiry = false, rest = false, begun = false;
    for (int i = 0; i < p->steps; i++) {
        rest |= p->step[i].keeps;
        branch |= p->step[i].excluded && p->step[i].branch > 0;
        for (int k = 0; k < p->step[i].moves; k++) {
            const struct move *m = &p->step[i].move[k];
            expiry |= m->tacit;
            begun |= m->tacit && m->target != STAY && m->target != CLOSE;
            rest |= m->target == STAY && m->begins;
            branch |= m->tacit && p->step[i].branch > 0;
            back |= m->back;
        }
    }
    return !may_be_loose(p) && !branch && !back && !(rest && expiry) && !(begun && p->halt >= 0);
}

/* With one day less than its bound the span is overdue on its own 用例; with the bound it is not, unless it ends by an
 * expiry: then both expire at the same 24:00, in order of declaration (M12). */
static void run_at_bound(tb_arena *a, struct files *f, struct process p, const tb_proof_span *s, char *text) {
    bool expiry = s->path.items[s->path.count - 1].tacit;
    for (p.limit = s->bound - 1; p.limit <= s->bound - expiry; p.limit++) {
        f->texts[0] = text_of(&p, text);
        run_scenario(a, f, s->scenario, TB_STR("法定期限"), p.limit < s->bound);
    }
    at_bound++;
}

static void test_random(int wanted) {
    static char text[1 << 16];
    struct enumeration e = {0};
    e.seen = malloc(STATES * sizeof *e.seen);
    e.slots = malloc((SLOT_MASK + 1) * sizeof *e.slots);
    e.queue = malloc(STATES * sizeof *e.queue);
    e.waiting = malloc(STATES);
    struct files f = {.paths = {TB_STR("试验.tb"), TB_STR("甲县.tb")}, .texts = {{0}, tb_str_z(county)}, .count = 2};
    tb_arena *a = tb_arena_new(NULL, 0);
    uint64_t first = seed_of("random processes");
    for (int i = 0, shown = 0; compared < wanted && shown < 5; i++) {
        struct process p;
        seed = (first + (uint64_t)i) * 0x9e3779b97f4a7c15u | 1;
        for (int k = 0; k < 8; k++) next_random(2);
        make(&p);
        tb_arena_reset(a);
        tb_str source = text_of(&p, text);
        f.texts[0] = source;
        tb_rules *r = compile_files(a, &f);
        if (!r || !r->programs.count) continue;
        tb_diagnostics d;
        tb_proof_report *report;
        tb_diagnostics_init(&d, a);
        if (!CHECK_INT(
                tb_prove(a, r->programs.items[0], r->directory, calendar_named(NULL, TB_STR("全国")), &d, &report),
                TB_OK) ||
            !CHECK(report->complete)) {
            printf("seed %llu\n%.*s\n", (unsigned long long)(first + (uint64_t)i), TB_FMT(source));
            break;
        }
        if (!CHECK(compare(&p, r->programs.items[0], report, &d, &e))) {
            tb_buf b;
            tb_buf_init(&b, a);
            tb_proof_print(&b, r->programs.items[0], report, TB_LANG_ZH);
            printf("seed %llu\n%.*s\n%.*s\n", (unsigned long long)(first + (uint64_t)i), TB_FMT(source), (int)b.n, b.p);
            shown++;
        }
        const tb_proof_span *s = &report->spans.items[0];
        if (s->verdict == TB_REFUTED && s->scenario.n && counted_by_engine(&p)) run_at_bound(a, &f, p, s, text);
    }
    printf("# random processes: %d compared, %d of them with 逐一 (%d exact, %d bounded from above, %d unbounded, %d over "
           "their limit, %d stuck, %d dead parts, %d at their bound in the engine), seed %llu\n",
           compared, listed, exact, conservative, unbounded, refuted, stuck, deads, at_bound, (unsigned long long)first);
    tb_arena_free(a);
    free(e.seen), free(e.slots), free(e.queue), free(e.waiting), free(e.edge), free(e.beside);
}

/* ---- the shipped matters: every graph is complete, and every 用例 of a failed proof runs ---- */

static void add_directory(tb_arena *a, struct files *f, const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d)) && f->count < FILES) {
        size_t n = strlen(e->d_name);
        if (n < 4 || strcmp(e->d_name + n - 3, ".tb")) continue;
        tb_str full = tb_str_printf(a, "%s/%s", path, e->d_name);
        char *b = slurp(full.p);
        f->paths[f->count] = full;
        f->texts[f->count++] = tb_str_copy(a, tb_str_z(b));
        free(b);
    }
    if (d) closedir(d);
}

static void test_shipped(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    struct files matters = {.count = 0};
    add_directory(a, &matters, "rules/事项");
    CHECK(matters.count > 0);
    for (uint32_t i = 0; i < matters.count; i++) {
        struct files f = {.paths = {matters.paths[i]}, .texts = {matters.texts[i]}, .count = 1};
        add_directory(a, &f, "rules/组织");
        add_directory(a, &f, "rules/日历");
        tb_rules *r = compile_files(a, &f);
        if (!CHECK(r && r->programs.count == 1)) continue;
        tb_diagnostics d;
        tb_proof_report *report;
        tb_diagnostics_init(&d, a);
        const tb_program *p = r->programs.items[0];
        if (!CHECK_INT(tb_prove(a, p, r->directory, calendar_named(NULL, TB_STR("全国")), &d, &report), TB_OK))
            continue;
        CHECK(report->complete);
        for (uint32_t k = 0; k < report->spans.count; k++) {
            const tb_proof_span *s = &report->spans.items[k];
            static const char *const verdicts[] = {[TB_PROVED] = "proved",
                                                   [TB_REFUTED] = "refuted",
                                                   [TB_BY_EXTENSION] = "by extension",
                                                   [TB_UNBOUNDED] = "unbounded",
                                                   [TB_NOT_PROVED] = "not proved"};
            printf("# %.*s %.*s: %s, %d of %d\n", TB_FMT(p->matter), TB_FMT(p->clocks.items[s->clock].name),
                   verdicts[s->verdict], s->bound, s->budget);
        }
        run_scenarios(a, &f, p, report);
    }
    tb_arena_free(a);
}

/* ---- wide parallels: independent branches compose ---- */

/* All of it is explored, in at most so many configurations; nothing is wrong with it; its span takes so long at worst. */
static void check_wide(const char *text, uint32_t most, int bound) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_rules *r = compile_text(a, tb_str_z(text));
    tb_diagnostics d;
    tb_proof_report *report;
    tb_diagnostics_init(&d, a);
    if (CHECK(r && r->programs.count) && CHECK_INT(tb_prove(a, r->programs.items[0], NULL, NULL, &d, &report), TB_OK)) {
        CHECK(report->complete);
        CHECK(report->configurations <= most);
        CHECK_INT(report->spans.items[0].bound, bound);
        CHECK_INT(d.errors, 0);
    }
    tb_arena_free(a);
}

static void test_wide(void) {
    static char text[1 << 17];
    int n = sprintf(text, "事项 宽：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 属地 "
                          "审批局，待核。\n  办理模式 窗口办理，因 “当面核验”，待核。\n  属地 取自 所在。\n"
                          "  法定期限 20个工作日，自 受理 至 决定，待核。\n  岗位 受理员，在 属地。\n申请表：\n  所在 "
                          "区划，必填。\n文书：\n  意见书。\n"
                          "环节 受理：\n  办理人 受理员。\n  期限 5个工作日。\n  齐全的，记 受理，转 同时。\n"
                          "并行 同时：\n  均办结的，转 决定。\n  任一不予的，转 决定。\n");
    for (int b = 0; b < 16; b++) {
        n += sprintf(text + n, "分支 支%d（在 同时）：\n", b);
        for (int k = 0; k < 3; k++)
            n += sprintf(text + n,
                         "环节 环%d之%d（在 支%d）：\n  办理人 受理员。\n  期限 %d个工作日。\n  "
                         "好%d之%d的，%s%d之%d%s。\n  不好的，出具 意见书，不予。\n",
                         b, k, b, 1 + (b + k) % 4, b, k, k < 2 ? "转 环" : "出具 意见书，完成#", b, k + 1, "");
    }
    for (char *x; (x = strchr(text, '#'));) { /* 完成 takes no target */
        char *end = strstr(x, "。");
        memmove(x, end, strlen(end) + 1);
    }
    n = (int)strlen(text);
    sprintf(text + n, "环节 决定：\n  办理人 受理员。\n  期限 2个工作日。\n  决定的，记 决定，办结 完了。\n");
    check_wide(text, 200, 9 + 2); /* 4^16 without the reduction */
}

/* Six branches of eight steps, of which each asks at its end for a document that the next one gives at its beginning: they depend
 * on each other, in a ring, but only there. */
static void test_wide_and_dependent(void) {
    static char text[32768];
    int n = sprintf(text, "事项 环：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n  实施主体 属地 审批局，待核。\n"
                          "  办理模式 窗口办理，因 “当面核验”，待核。\n  属地 取自 所在。\n"
                          "  法定期限 20个工作日，自 受理 至 决定，待核。\n  岗位 受理员，在 属地。\n申请表：\n"
                          "  所在 区划，必填。\n文书：\n");
    for (int b = 0; b < 6; b++) n += sprintf(text + n, "  书%d。\n", b);
    n += sprintf(text + n, "环节 受理：\n  办理人 受理员。\n  期限 5个工作日。\n  齐全的，记 受理，转 同时。\n并行 同时：\n"
                           "  均办结的，转 决定。\n");
    for (int b = 0; b < 6; b++) {
        n += sprintf(text + n, "分支 支%d（在 同时）：\n", b);
        for (int k = 0; k < 8; k++) {
            n += sprintf(text + n, "环节 环%d之%d（在 支%d）：\n  办理人 受理员。\n  期限 1个工作日。\n", b, k, b);
            if (k == 7)
                n += sprintf(text + n, "  早的，若 已 书%d，完成。\n  晚的，若 未 书%d，完成。\n", (b + 1) % 6, (b + 1) % 6);
            else if (k == 0) n += sprintf(text + n, "  好的，出具 书%d，转 环%d之1。\n", b, b);
            else n += sprintf(text + n, "  好的，转 环%d之%d。\n", b, k + 1);
        }
    }
    sprintf(text + n, "环节 决定：\n  办理人 受理员。\n  期限 2个工作日。\n  决定的，记 决定，办结 完了。\n");
    check_wide(text, 5000, 8 + 2); /* 9^6 without the reduction; both answers are met: 晚的 is not dead */
}

/* ---- memory runs out anywhere: TB_NOMEM, never more ---- */

struct failing {
    int left;
};
static void *take_block(void *user, size_t n) {
    struct failing *f = user;
    return f->left-- > 0 ? malloc(n) : NULL;
}
static void give_block(void *user, void *block) {
    (void)user;
    free(block);
}

static void test_memory(void) {
    char *base = slurp("tests/proof/base.tb");
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_rules *r = base ? compile_text(a, tb_str_z(base)) : NULL;
    if (CHECK(r && r->programs.count)) {
        bool done = false;
        for (int n = 1; n < 200 && !done; n++) {
            struct failing f = {n};
            tb_allocator from = {take_block, give_block, &f};
            tb_arena *x = tb_arena_new(&from, 0);
            tb_diagnostics d;
            tb_proof_report *report;
            if (!x) continue;
            tb_diagnostics_init(&d, x);
            int result = tb_prove(x, r->programs.items[0], r->directory, NULL, &d, &report);
            done = result == TB_OK;
            CHECK(done || (result == TB_NOMEM && !report));
            tb_arena_free(x);
        }
        CHECK(done);
    }
    tb_arena_free(a);
    free(base);
}

/* ---- units: what a step's limit takes of a span in another unit, against the hours of ten years it can begin at ---- */

static const int begins_at[] = {0, 8, 9, 12, 16, 17, 23};

static int used(const tb_calendar *c, int64_t from, const tb_due *due, enum tb_unit unit) {
    if (unit == TB_DAYS) return due->day - tb_day_of(from);
    if (unit == TB_WORKDAYS) return tb_workdays_between(c, tb_day_of(from), due->day, NULL, 0);
    return tb_used_between(c, from, due->at, unit, NULL, 0);
}

/* `over`: by how much the proof may be above what any beginning shows: whole days are counted as if begun at opening time. */
static void one_conversion(tb_arena *a, struct files *f, enum tb_unit span, enum tb_unit step, int n, bool roll, int over) {
    static const char head[] = "事项 试验：\n  版本 1，生效 2026-01-01，适用 申请日。\n  事项类型 公共服务。\n"
                               "  实施主体 甲县审批局。\n  办理模式 全程网办。\n  属地 取自 所在。\n"
                               "  收到材料 以 属地收到 为准，待核。\n";
    f->texts[0] = tb_str_printf(
        a, "%s  法定期限 8%s，自 受理 至 决定，待核。\n  岗位 受理员，在 属地。\n申请表：\n  所在 地址，必填。\n环节 受理：\n  办理人 受理员。\n"
           "  期限 1个工作日。\n  齐的，记 受理，转 审查。\n环节 审查：\n  办理人 受理员。\n  期限 %d%s%s。\n  查完的，记 决定，办结 完了。\n",
        head, tb_unit_text((enum tb_unit_word)span, TB_LANG_ZH), n, tb_unit_text((enum tb_unit_word)step, TB_LANG_ZH),
        roll ? "，末日顺延" : "");
    tb_rules *r = compile_files(a, f);
    tb_diagnostics d;
    tb_proof_report *report;
    tb_diagnostics_init(&d, a);
    if (!CHECK(r && r->programs.count)) return;
    const tb_calendar *c = calendar_named(NULL, TB_STR("全国"));
    if (!CHECK_INT(tb_prove(a, r->programs.items[0], r->directory, c, &d, &report), TB_OK) || !CHECK_INT(report->spans.count, 1)) return;
    int bound = report->spans.items[0].bound, most = 0;
    for (int32_t i = 0, first = tb_day(2017, 1, 1), last = tb_day(2026, 12, 24); i < (last - first) * 7; i++) {
        int64_t from = tb_day_start(first + i / 7) + (int64_t)begins_at[i % 7] * 3600000;
        tb_due due = tb_due_after(c, from, n, step, roll, NULL, 0);
        int took = due.kind == TB_DUE_EXACT ? used(c, from, &due, span) : 0;
        if (took > most) most = took;
    }
    if (!CHECK(most <= bound && bound <= most + over))
        printf("# %d of unit %d%s in unit %d: bound %d, worst seen %d\n", n, step, roll ? ", rolled" : "", span, bound, most);
}

static void test_units(void) {
    char *calendar = slurp("rules/日历/全国.tb");
    char *county_only = strstr(county, "组织 甲县");
    if (!CHECK(calendar && county_only)) return;
    struct files f = {.paths = {TB_STR("试验.tb"), TB_STR("甲县.tb"), TB_STR("全国.tb")},
                      .texts = {{0}, tb_str_z(county_only), tb_str_z(calendar)}, .count = 3};
    tb_arena *a = tb_arena_new(NULL, 0);
    static const int some[] = {1, 3, 7, 16, 24, 40};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        int n = some[i];
        one_conversion(a, &f, TB_WORKDAYS, TB_WORKHOURS, n, false, 0);
        one_conversion(a, &f, TB_DAYS, TB_WORKHOURS, n, false, 0);
        one_conversion(a, &f, TB_HOURS, TB_WORKHOURS, n, false, 36);
        one_conversion(a, &f, TB_WORKHOURS, TB_WORKHOURS, n, false, 0);
        one_conversion(a, &f, TB_WORKHOURS, TB_WORKDAYS, n, false, 0);
        one_conversion(a, &f, TB_WORKHOURS, TB_HOURS, n, false, 0);
        one_conversion(a, &f, TB_WORKHOURS, TB_DAYS, n, true, 8 * (2 * (n / 7) + 2));
        one_conversion(a, &f, TB_WORKDAYS, TB_WORKDAYS, n, false, 0);
        one_conversion(a, &f, TB_WORKDAYS, TB_DAYS, n, true, n); /* 自然日 as if each were a workday */
        one_conversion(a, &f, TB_DAYS, TB_WORKDAYS, n, false, 0);
        one_conversion(a, &f, TB_HOURS, TB_DAYS, n, true, 24);
        tb_arena_reset(a);
    }
    tb_arena_free(a);
    free(calendar);
}

int main(void) {
    test_units();
    test_memory();
    test_cases();
    test_shipped();
    test_wide();
    test_wide_and_dependent();
    printf("# %d 用例 of failed proofs run\n", scenarios_run);
    test_random(getenv("TB_RANDOM") ? atoi(getenv("TB_RANDOM")) : 2500);
    return check_end();
}
