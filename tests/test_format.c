/* The layout, on texts nobody wrote: random sound texts over the whole language (every heading, clause, part and form of
 * condition that clauses.def and parts.def allow), in Chinese words, English words or both, with marks of either width,
 * any white space, and comments wherever one may stand. What must hold of each is in layout.h.
 *
 *   test_format [FILE…]       asks the same of these texts instead (what a fuzzer has found)
 *   TB_SEED=N TB_TEXTS=N      the seed and the number of texts (both are printed)
 *
 * A text that fails is made small before it is shown: pieces of it are left out for as long as the same thing fails.
 *
 * A text is made as a row of pieces (words and marks), then written. In a `tame` text lines end only where they cannot
 * be taken for a sentence's end, so it must parse without an error: otherwise the generator and the grammar disagree, and
 * the rest would be tested on nothing. A `wild` one breaks lines and is commented anywhere, and may parse or not. */
#include "cases.h"
#include "engine.h"
#include "layout.h"
#include <unistd.h>

static uint64_t seed;
static uint32_t roll(uint32_t n) { return below(&seed, n); }
static bool chance(uint32_t percent) { return roll(100) < percent; }

struct piece {
    tb_str text;
    int mark;  /* COMMA, STOP …; 0: a word */
    bool safe; /* a line may end before it */
};

enum words { CHINESE, ENGLISH, MIXED };

struct maker {
    tb_arena *a;
    enum words words;
    TB_LIST(struct piece) pieces;
    bool safe; /* of the next piece */
};

static bool clause_made[TB_C_COUNT], part_made[TB_P_COUNT], section_made[TB_S_COUNT];

/* ---- pieces ---- */

static void put(struct maker *m, tb_str text, int mark) {
    *TB_PUSH(m->a, m->pieces) = (struct piece){text, mark, m->safe};
    m->safe = false;
}

static bool english(struct maker *m) { return m->words == ENGLISH || (m->words == MIXED && chance(50)); }

static void key(struct maker *m, int token) {
    static const struct {
        const char *zh, *en;
    } words[] = {
#define X(token, zh, en) {zh, en},
#include "keywords.def"
#undef X
    };
    const char *zh = words[token - K_MATTER].zh;
    put(m, tb_str_z(english(m) || !*zh ? words[token - K_MATTER].en : zh), 0);
}

static void mark(struct maker *m, int kind) {
    put(m, TB_NONE, kind);
    m->safe = kind == COMMA || kind == STOP || kind == COLON || kind == SEP || kind == OPEN;
}

/* A name as written, with what follows it directly (的, 之前, 日). */
static tb_str name_text(struct maker *m, const char *tail) {
    static const char *const zh[] = {"受理", "审查员", "迁入地",   "材料齐全", "法定到期",
                                     "乙2",  "A类",    "市中区_1", "营业执照"};
    static const char *const en[] = {"review", "head-of-office", "x1", "B", "papers-complete", "home.v2"};
    static const char *const marked[] = {"「营业执照（副本）」", "「不予」", "「a, b. c」",
                                         "「环节：甲」",         "「#1」",   "「in」"};
    const char *name = chance(15) ? marked[roll(6)] : english(m) ? en[roll(6)] : zh[roll(9)];
    return tb_str_printf(m->a, "%s%s", name, tail);
}

static void name(struct maker *m) {
    static const char *const others[] = {"370402", "“一段，话。”", "\"two words, and a dot.\"", "“甲“乙”"};
    put(m, chance(90) ? name_text(m, "") : tb_str_z(others[roll(4)]), 0);
}

static void names(struct maker *m, int most) {
    name(m);
    for (int n = (int)roll((uint32_t)most); n > 0; n--) mark(m, SEP), name(m);
}

static void moment(struct maker *m) {
    if (chance(10)) key(m, K_CLOSE);
    else name(m);
}

static void moments(struct maker *m) {
    moment(m);
    while (chance(30)) mark(m, SEP), moment(m);
}

static void one_of(struct maker *m, const char *const *list, uint32_t n) { put(m, tb_str_z(list[roll(n)]), 0); }
#define ONE_OF(m, ...)                                                                                                 \
    one_of(m, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void period(struct maker *m) {
    ONE_OF(m, "20个工作日", "5工作日", "3个自然日", "48小时", "1个月", "2年", "5-workdays", "3-hours", "16个工作小时", "4-workhours");
}
static void times(struct maker *m) { ONE_OF(m, "1次", "12次", "3-times"); }
static void heads(struct maker *m) { ONE_OF(m, "2人", "3-persons"); }
static void date(struct maker *m) { ONE_OF(m, "2026-03-02", "1999-12-31", "2024-02-29"); }
static void time_of_day(struct maker *m) { ONE_OF(m, "09:00", "9：30", "24:00", "00:00"); }
static void number(struct maker *m) { ONE_OF(m, "0", "300", "2.5", "0.01", "-3"); }
static void count_number(struct maker *m) { ONE_OF(m, "1", "16", "2026"); }
static void law(struct maker *m) {
    ONE_OF(m, "《行政许可法》第四十二条第一款", "《甲法》 第十条", "《甲办法》", "《Act 1》第25条",
           "《甲法》第四十五条之一第二项", "《甲，乙。》　第二条");
}

static void laws(struct maker *m) {
    if (chance(85)) law(m);
    else ONE_OF(m, "“国办发〔2020〕35号”", "\"notice 1, of 2020.\"");
    while (chance(20)) {
        mark(m, SEP);
        if (chance(50)) law(m);
        else ONE_OF(m, "第四十七条", "第三条第一款", "“批复”");
    }
}

static void value(struct maker *m) {
    switch (roll(7)) {
    case 0: period(m); break;
    case 1: times(m); break;
    case 2: heads(m); break;
    case 3: number(m); break;
    case 4: date(m); break;
    case 5: ONE_OF(m, "“是，的。”", "\"x\""); break;
    default: put(m, name_text(m, ""), 0);
    }
}

static void compare(struct maker *m) {
    static const int words[] = {K_OVER, K_BELOW, K_AT_MOST, K_NOT_BELOW, K_EQUALS, K_DIFFERS};
    static const int signs[] = {GT, GE, LT, LE, EQ, NE};
    if (chance(50)) key(m, words[roll(6)]);
    else mark(m, signs[roll(6)]);
}

/* ---- conditions ---- */

static void operand(struct maker *m) {
    if (chance(85)) name(m);
    else date(m);
    while (chance(25)) {
        switch (roll(6)) {
        case 0: mark(m, PLUS); break;
        case 1: key(m, K_ADDED); break;
        case 2: mark(m, SUBTRACT); break;
        case 3: key(m, K_MINUS); break;
        case 4: mark(m, STAR); break;
        default: key(m, K_MULTIPLIED);
        }
        name(m);
    }
}

static void is(struct maker *m) { key(m, chance(50) ? K_IS : K_ARE); }

static void condition(struct maker *m, int depth) {
    if (depth > 0 && chance(50)) {
        bool brackets = chance(40);
        if (brackets) mark(m, OPEN);
        if (chance(20)) {
            if (chance(50)) key(m, K_NOT);
            else mark(m, BANG);
        }
        condition(m, depth - 1);
        switch (roll(4)) {
        case 0: key(m, K_OR); break;
        case 1: key(m, K_AND); break;
        case 2: put(m, TB_STR("&&"), 0); break;
        default: put(m, TB_STR("||"), 0);
        }
        condition(m, depth - 1);
        if (brackets) mark(m, SHUT);
        return;
    }
    switch (roll(9)) {
    case 0: key(m, K_DONE), moment(m); break;
    case 1: key(m, K_NOT_DONE), moment(m); break;
    case 2: key(m, K_FILLED), name(m); break;
    case 3: key(m, K_UNFILLED), name(m); break;
    case 4: name(m), key(m, chance(50) ? K_AMONG : K_CONTAINS), names(m, 3); break;
    case 5: name(m), is(m), names(m, 3); break;
    case 6: key(m, K_MODE), is(m), names(m, 2); break;
    case 7: name(m); break;
    default: operand(m), compare(m), operand(m);
    }
}

/* ---- parts ---- */

enum form { UNKNOWN, FLAG, ONE, SOME, MOMENT, MOMENTS, PERIOD, DATE_FORM, LAWS, COUNT, OWN };
static const struct {
    int key;
    enum form form;
} part_forms[TB_P_COUNT] = {[TB_P_EFFECTIVE] = {K_EFFECTIVE, DATE_FORM},
                            [TB_P_APPLIES] = {K_APPLIES, ONE},
                            [TB_P_BASIS] = {K_BASIS, LAWS},
                            [TB_P_GROUND] = {K_GROUND, LAWS},
                            [TB_P_ROLL] = {K_ROLL, FLAG},
                            [TB_P_CALENDAR] = {K_CALENDAR, ONE},
                            [TB_P_KEEP] = {K_KEEP, FLAG},
                            [TB_P_ONLY] = {K_ONLY, SOME},
                            [TB_P_BY] = {K_BY, SOME},
                            [TB_P_ISSUE] = {K_ISSUE, SOME},
                            [TB_P_AT] = {K_AT, ONE},
                            [TB_P_GOTO] = {K_GOTO, ONE},
                            [TB_P_TRANSFER] = {K_TRANSFER, ONE},
                            [TB_P_RETURN] = {K_RETURN, ONE},
                            [TB_P_CLOSE] = {K_CLOSE, ONE},
                            [TB_P_COMPLETE] = {K_COMPLETE, FLAG},
                            [TB_P_REJECT] = {K_REJECT, FLAG},
                            [TB_P_RECORD] = {K_RECORD, MOMENTS},
                            [TB_P_STATE] = {K_STATE, SOME},
                            [TB_P_PROMPT] = {K_PROMPT, SOME},
                            [TB_P_DEEM] = {K_DEEM, MOMENT},
                            [TB_P_IRREVERSIBLE] = {K_IRREVERSIBLE, FLAG},
                            [TB_P_RED] = {K_RED, ONE},
                            [TB_P_YELLOW] = {K_YELLOW, ONE},
                            [TB_P_REPORT] = {K_REPORT, ONE},
                            [TB_P_CONTINUE] = {K_CONTINUE, FLAG},
                            [TB_P_STOPS] = {K_EXCLUDED, FLAG},
                            [TB_P_SEAL] = {K_SEAL, ONE},
                            [TB_P_REQUIRED] = {K_REQUIRED, FLAG},
                            [TB_P_NEEDED] = {K_NEEDED, FLAG},
                            [TB_P_OPTIONAL] = {K_OPTIONAL, FLAG},
                            [TB_P_SENSITIVE] = {K_SENSITIVE, FLAG},
                            [TB_P_ELECTRONIC] = {K_ELECTRONIC, FLAG},
                            [TB_P_EXEMPT] = {K_EXEMPT, FLAG},
                            [TB_P_UNIT] = {K_UNIT, ONE},
                            [TB_P_MODE] = {K_MODE, ONE},
                            [TB_P_STEPS] = {K_STEP, SOME},
                            [TB_P_DONE] = {K_DONE, MOMENTS},
                            [TB_P_NOT_DONE] = {K_NOT_DONE, MOMENTS},
                            [TB_P_LIMIT] = {K_LIMIT, PERIOD},
                            [TB_P_EXTEND] = {K_EXTEND, PERIOD},
                            [TB_P_EXCLUDES] = {K_EXCLUDED, SOME},
                            [TB_P_HOLIDAY] = {K_HOLIDAY, FLAG},
                            [TB_P_ABOVE] = {K_ABOVE, ONE},
                            [TB_P_DUTY] = {K_DUTY, ONE},
                            [TB_P_POSTS] = {K_POST, SOME},
                            [TB_P_ORGAN] = {K_OFFICE, ONE},
                            [TB_P_CLOSES] = {K_CLOSES, FLAG},
                            [TB_P_UP_TO] = {K_UP_TO, COUNT},
                            [TB_P_DEFERRABLE] = {K_DEFERRABLE, FLAG},
                            [TB_P_PROMISABLE] = {K_PROMISABLE, FLAG},
                            [TB_P_CORRECTABLE] = {K_CORRECTABLE, PERIOD},
                            [TB_P_AHEAD] = {K_AHEAD, PERIOD},
                            [TB_P_LEAD] = {K_LEAD, ONE},
                            [TB_P_DEADLINE] = {K_DEADLINE, DATE_FORM},
                            [TB_P_FROM] = {0, OWN},
                            [TB_P_TIMES] = {0, OWN},
                            [TB_P_BEFORE_EXPIRY] = {0, OWN},
                            [TB_P_CHOICE] = {0, OWN},
                            [TB_P_APPROVE] = {0, OWN},
                            [TB_P_DATED] = {0, OWN},
                            [TB_P_IF] = {0, OWN},
                            [TB_P_COMPARE] = {0, OWN},
                            [TB_P_PERSONS] = {0, OWN},
                            [TB_P_SET] = {0, OWN},
                            [TB_P_REFUSED] = {0, OWN},
                            [TB_P_NAMED_DATE] = {0, OWN},
                            [TB_P_NAMED_TIME] = {0, OWN},
                            [TB_P_LEFT] = {0, OWN},
                            [TB_P_PERIOD] = {0, OWN},
                            [TB_P_REACHES] = {0, OWN},
                            [TB_P_TEXT] = {0, OWN},
                            [TB_P_DEFAULT] = {0, OWN}};

/* Parts of a form of their own. */
static void own_part(struct maker *m, enum tb_part_kind k) {
    switch (k) {
    case TB_P_FROM:
        key(m, K_FROM), moment(m);
        if (chance(50)) key(m, K_TO), moment(m);
        break;
    case TB_P_TIMES: key(m, K_ONLY), times(m); break;
    case TB_P_BEFORE_EXPIRY:
        key(m, K_BEFORE_EXPIRY);
        if (chance(60)) period(m);
        if (chance(60)) key(m, K_BY), names(m, 2), key(m, K_APPROVE);
        break;
    case TB_P_CHOICE: key(m, K_BY), name(m), key(m, K_CHOOSE), names(m, 3); break;
    case TB_P_APPROVE: key(m, K_BY), names(m, 2), key(m, K_APPROVE); break;
    case TB_P_DATED: ONE_OF(m, "受理日", "accepted-date"), ONE_OF(m, "最近一次收到材料日", "received-date"); break;
    case TB_P_IF: key(m, K_IF), condition(m, 3); break;
    case TB_P_COMPARE: compare(m), number(m); break;
    case TB_P_PERSONS: key(m, K_PERSONS), heads(m); break;
    case TB_P_SET: name(m), is(m), value(m); break;
    case TB_P_REFUSED:
        key(m, K_REFUSED);
        if (chance(50)) name(m);
        break;
    case TB_P_NAMED_DATE: name(m), date(m); break;
    case TB_P_NAMED_TIME: name(m), date(m), time_of_day(m); break;
    case TB_P_LEFT: name(m), period(m); break;
    case TB_P_PERIOD: key(m, K_FROM), date(m), key(m, K_TO), date(m); break;
    case TB_P_REACHES: key(m, K_REACHES), key(m, K_STATUTORY), mark(m, SEP), name(m); break;
    case TB_P_TEXT: name(m); break;
    case TB_P_DEFAULT: key(m, K_DEFAULT), value(m); break;
    default: CHECK(!"a part the generator does not know");
    }
}

static void part(struct maker *m, enum tb_part_kind k) {
    part_made[k] = true;
    if (part_forms[k].key) key(m, part_forms[k].key);
    switch (part_forms[k].form) {
    case UNKNOWN: CHECK(!"a part the generator does not know"); break;
    case FLAG: break;
    case ONE: name(m); break;
    case SOME: names(m, 3); break;
    case MOMENT: moment(m); break;
    case MOMENTS: moments(m); break;
    case PERIOD: period(m); break;
    case DATE_FORM: date(m); break;
    case LAWS: laws(m); break;
    case COUNT: count_number(m); break;
    default: own_part(m, k);
    }
}

/* ---- clauses ---- */

static const int head_words[TB_C_COUNT] =
    {/* clauses of a keyword and names */
     [TB_C_VERSION] = K_VERSION, [TB_C_KIND] = K_KIND,         [TB_C_SERVICE] = K_SERVICE,
     [TB_C_MODES] = K_MODES,     [TB_C_POSTS] = K_POST,        [TB_C_SEPARATE] = K_SEPARATE,
     [TB_C_ACTORS] = K_ACTORS,   [TB_C_OBLIGATION] = K_MUST,   [TB_C_USES] = K_USES,
     [TB_C_DROPS] = K_DROPS,     [TB_C_ADOPTS] = K_ADOPTS,     [TB_C_REQUESTS] = K_REQUESTS,
     [TB_C_REPLIES] = K_REPLIES, [TB_C_PROVIDER] = K_PROVIDER, [TB_C_CALLS] = K_CALLS,
     [TB_C_STARTS] = K_STARTS,   [TB_C_FOLLOWS] = K_FOLLOWS,   [TB_C_PROMISE] = K_PROMISE,
     [TB_C_HELD] = K_HELD,       [TB_C_REMIND] = K_REMIND,   [TB_C_YELLOW] = K_YELLOW,     [TB_C_RED] = K_RED,
     [TB_C_RANK] = K_RANK,       [TB_C_DIVISION] = K_DIVISION, [TB_C_OFFICE] = K_OFFICE,
     [TB_C_PERSON] = K_PERSON,   [TB_C_DEPUTY] = K_DEPUTY};

static bool many_names(enum tb_clause_kind k) {
    return k == TB_C_MODES || k == TB_C_POSTS || k == TB_C_SEPARATE || k == TB_C_DROPS || k == TB_C_REQUESTS ||
           k == TB_C_REPLIES || k == TB_C_REMIND || k == TB_C_ADOPTS;
}

static void days(struct maker *m, int word) {
    key(m, word), ONE_OF(m, "2026-01-01");
    if (chance(50)) key(m, K_TO), ONE_OF(m, "2026-01-03");
}

static void limit(struct maker *m, int word, bool may_be_none) {
    key(m, word);
    if (may_be_none && chance(20)) key(m, K_NONE);
    else period(m);
}

/* A heading that takes an act also reads “甲 乙的” on the next line as one, so the act has its own words. */
static void act(struct maker *m) {
    if (english(m)) key(m, K_WHEN), name(m);
    else put(m, name_text(m, "的"), 0);
}

static void head(struct maker *m, enum tb_clause_kind k) {
    if (head_words[k]) {
        key(m, head_words[k]);
        name(m);
        if (k == TB_C_ACTORS && chance(20)) key(m, K_WITH), name(m);
        else
            while (many_names(k) && chance(40)) mark(m, SEP), name(m);
        return;
    }
    switch (k) {
    case TB_C_AUTHORITY:
    case TB_C_ORGAN:
        key(m, k == TB_C_ORGAN ? K_ORGAN : K_AUTHORITY), name(m);
        if (chance(50)) name(m);
        break;
    case TB_C_PLACE:
        name(m), key(m, K_TAKEN);
        if (chance(80)) name(m);
        else key(m, K_AUTHORITY);
        break;
    case TB_C_RECEIPT: name(m), key(m, K_AS), moment(m), key(m, K_COUNTS); break;
    case TB_C_DEEM: name(m), key(m, K_DEEM), moment(m); break;
    case TB_C_STATUTORY: limit(m, K_STATUTORY, true); break;
    case TB_C_PROMISED: limit(m, K_PROMISED, true); break;
    case TB_C_EXTENSION: limit(m, K_EXTENSION, false); break;
    case TB_C_ADJUSTMENT: key(m, K_ADJUSTMENT), key(m, K_BY), names(m, 2), key(m, K_APPROVE); break;
    case TB_C_LIMIT: limit(m, K_LIMIT, false); break;
    case TB_C_DEFERRED: limit(m, K_DEFERRED, false); break;
    case TB_C_TIMEOUT:
        key(m, K_TIMEOUT);
        ONE_OF(m, "30分钟", "5-minutes", "2小时");
        break;
    case TB_C_RETRIES: key(m, K_RETRIES), times(m); break;
    case TB_C_FIELD:
        name(m), name(m);
        if (chance(30)) names(m, 3);
        break;
    case TB_C_MATERIAL:
    case TB_C_DOCUMENT:
    case TB_C_LISTED: name(m); break;
    case TB_C_EXCLUSION: key(m, K_EXCLUDED); break;
    case TB_C_ON_SITE: key(m, K_ON_SITE); break;
    case TB_C_EVENT: act(m); break;
    case TB_C_AT:
        date(m);
        if (chance(70)) time_of_day(m);
        name(m);
        break;
    case TB_C_NOW:
        if (chance(50)) date(m), time_of_day(m);
        key(m, K_NOW), part(m, TB_P_STEPS);
        break;
    case TB_C_ENACTED: key(m, K_ENACTED), date(m); break;
    case TB_C_ARTICLE: ONE_OF(m, "第四十二条第一款", "第7条", "第四十五条之一"); break;
    case TB_C_HOURS:
        key(m, K_HOURS), time_of_day(m), key(m, K_TO), time_of_day(m);
        while (chance(30)) mark(m, SEP), time_of_day(m), key(m, K_TO), time_of_day(m);
        break;
    case TB_C_EVERY_YEAR:
        key(m, K_EVERY_YEAR), ONE_OF(m, "1月1日");
        if (chance(50)) mark(m, SEP), ONE_OF(m, "10月2日");
        break;
    case TB_C_YEAR: key(m, K_YEAR), count_number(m); break;
    case TB_C_REST: days(m, K_HOLIDAY); break;
    case TB_C_WORK: days(m, K_WORKDAY); break;
    case TB_C_CALENDAR: key(m, K_CALENDAR), name(m); break;
    case TB_C_PARAMETER: key(m, K_PARAMETER), name(m), name(m); break;
    case TB_C_INPUT:
    case TB_C_OUTPUT:
        key(m, k == TB_C_INPUT ? K_INPUT : K_OUTPUT), name(m), name(m);
        if (chance(40)) names(m, 3);
        break;
    case TB_C_HITS:
        key(m, K_HITS), name(m);
        if (chance(40)) name(m);
        break;
    case TB_C_ROW:
        if (chance(80)) key(m, K_IF), condition(m, 3);
        else key(m, K_OTHERWISE);
        break;
    default: CHECK(!"a clause the generator does not know");
    }
}

static void clause(struct maker *m, enum tb_clause_kind k) {
    bool done[TB_P_COUNT] = {false};
    clause_made[k] = true;
    head(m, k);
    if (k == TB_C_NOW) done[TB_P_STEPS] = true;
    uint32_t parts = 0;
    for (int p = 1; p < TB_P_COUNT; p++)
        if (tb__takes_part(k, (enum tb_part_kind)p) == 2)
            mark(m, COMMA), part(m, (enum tb_part_kind)p), done[p] = true, parts++;
    for (uint32_t n = roll(80); n > 0; n--) {
        int p = 1 + (int)roll(TB_P_COUNT - 1), often = tb__takes_part(k, (enum tb_part_kind)p);
        if (!often || (done[p] && often != 3)) continue;
        mark(m, COMMA), part(m, (enum tb_part_kind)p), done[p] = true, parts++;
    }
    if (chance(15) || (k == TB_C_EVENT && parts == 0)) mark(m, COMMA), key(m, K_PENDING);
    mark(m, STOP);
}

/* ---- headings ---- */

static void bound(struct maker *m) {
    if (english(m)) key(m, K_BEFORE), name(m);
    else put(m, name_text(m, "之前"), 0);
}

static void heading(struct maker *m, enum tb_section_kind k) {
    static const int words[TB_S_COUNT] = {[TB_S_MATTER] = K_MATTER,       [TB_S_FORM] = K_FORM,
                                          [TB_S_MATERIALS] = K_MATERIALS, [TB_S_DOCUMENTS] = K_DOCUMENTS,
                                          [TB_S_STEP] = K_STEP,           [TB_S_PARALLEL] = K_PARALLEL,
                                          [TB_S_BRANCH] = K_BRANCH,       [TB_S_ANYWHERE] = K_ANYWHERE,
                                          [TB_S_SCENARIO] = K_SCENARIO,   [TB_S_LAW] = K_LAW,
                                          [TB_S_CALENDAR] = K_CALENDAR,   [TB_S_DIRECTORY] = K_DIRECTORY,
                                          [TB_S_TEMPLATE] = K_TEMPLATE,   [TB_S_TABLE] = K_TABLE,
                                          [TB_S_INTERFACE] = K_INTERFACE, [TB_S_CATALOGUE] = K_CATALOGUE};
    bool plain = k == TB_S_FORM || k == TB_S_MATERIALS || k == TB_S_DOCUMENTS || k == TB_S_ANYWHERE;
    bool place = k == TB_S_STEP || k == TB_S_PARALLEL || k == TB_S_BRANCH;
    section_made[k] = true;
    key(m, words[k]);
    if (!plain) name(m);
    if (k == TB_S_BRANCH || (place && chance(30))) mark(m, OPEN), key(m, K_AT), name(m), mark(m, SHUT);
    if ((place || k == TB_S_ANYWHERE) && chance(30)) mark(m, COMMA), key(m, K_ONLY), names(m, 3);
    if (place && chance(30)) mark(m, COMMA), key(m, K_OF), name(m);
    if (k == TB_S_ANYWHERE && chance(50)) mark(m, COMMA), bound(m);
    if (k == TB_S_BRANCH && chance(30)) mark(m, COMMA), key(m, K_EACH), name(m);
    if (k == TB_S_STEP && chance(20)) mark(m, COMMA), key(m, K_CHANGED);
    if (k == TB_S_STEP && chance(20)) {
        mark(m, COMMA), key(m, K_INSERTED);
        if (english(m)) key(m, K_BEFORE), name(m);
        else put(m, name_text(m, "之前"), 0);
    }
    if (k != TB_S_CALENDAR && chance(10)) mark(m, COMMA), key(m, K_PENDING);
    mark(m, COLON);
}

static void section(struct maker *m) {
    enum tb_section_kind k = (enum tb_section_kind)(1 + roll(TB_S_COUNT - 1));
    heading(m, k);
    for (uint32_t n = roll(8); n > 0;) {
        enum tb_clause_kind c = (enum tb_clause_kind)(1 + roll(TB_C_COUNT - 1));
        if (tb__takes_clause(k, c)) clause(m, c), n--;
    }
}

/* ---- writing ---- */

static const char *mark_text(int kind, bool wide) {
    switch (kind) {
    case COMMA: return wide ? "，" : ",";
    case STOP: return wide ? "。" : ".";
    case COLON: return wide ? "：" : ":";
    case OPEN: return wide ? "（" : "(";
    case SHUT: return wide ? "）" : ")";
    case SEP: return wide ? "、" : "/";
    case GE: return wide ? "≥" : ">=";
    case LE: return wide ? "≤" : "<=";
    case NE: return wide ? "≠" : "!=";
    case GT: return wide ? "＞" : ">";
    case LT: return wide ? "＜" : "<";
    case EQ: return wide ? "＝" : "=";
    case PLUS: return wide ? "＋" : "+";
    case SUBTRACT: return wide ? "−" : " - "; /* “-” is also a letter of names */
    case STAR: return wide ? "×" : "*";
    default: return wide ? "！" : "!";
    }
}

static void blanks(tb_buf *b, uint32_t least) {
    static const char *const some[] = {" ", " ", " ", "  ", "\t", "　", "   "};
    if (least || chance(30)) tb_puts(b, some[roll(7)]);
}

static void comment(tb_buf *b) {
    static const char *const some[] = {"#",     "# 说明：这里，待核。", "# two words ", "#「」“ 《",
                                       "#x　 ", "## 环节 甲：",         "#\t.."};
    tb_puts(b, some[roll(7)]);
}

static void new_lines(tb_buf *b, bool commented) {
    blanks(b, 0);
    if (commented && chance(40)) comment(b);
    for (uint32_t n = 1 + roll(3); n > 0; n--) {
        tb_puts(b, chance(90) ? "\n" : "\r\n");
        blanks(b, 0);
        if (commented && chance(30)) comment(b), tb_puts(b, "\n");
    }
    blanks(b, 0);
}

static tb_str write_text(struct maker *m, bool wild, bool commented) {
    tb_buf b;
    tb_buf_init(&b, m->a);
    uint32_t wide_marks = roll(3) * 50; /* none, half, all */
    if (chance(3)) tb_puts(&b, "\xEF\xBB\xBF");
    if (commented && chance(30)) comment(&b), tb_puts(&b, "\n");
    bool glued_stop = false; /* a half-width full stop wants white space behind it */
    for (uint32_t i = 0; i < m->pieces.count; i++) {
        const struct piece *x = &m->pieces.items[i], *before = i ? x - 1 : NULL;
        int was = before ? before->mark : STOP;
        bool sentence = was == STOP || was == COLON;
        bool heading_next = sentence && x->mark == 0; /* most sentences begin a line, as people write */
        bool line = before && ((x->safe && chance(heading_next ? 90 : 15)) || (wild && chance(7)));
        if (line) new_lines(&b, commented);
        else if (before) blanks(&b, glued_stop || (!was && !x->mark) || (was && was != OPEN && !x->mark && chance(50)));
        if (!x->mark) tb_putstr(&b, x->text);
        bool wide = chance(wide_marks);
        if (x->mark) tb_puts(&b, mark_text(x->mark, wide));
        glued_stop = x->mark && !wide && (x->mark == STOP || x->mark == COLON);
    }
    if (chance(80)) new_lines(&b, commented);
    return tb_buf_str(&b);
}

static tb_str make_text(tb_arena *a, bool wild, enum words words) {
    struct maker m = {.a = a, .words = words, .safe = true};
    for (uint32_t n = roll(4); chance(20) && n > 0; n--) {
        key(&m, K_IMPORT), ONE_OF(&m, "“法规/甲.tb”", "\"laws/a.tb\"");
        if (chance(30)) mark(&m, SEP), ONE_OF(&m, "“乙.tb”");
        mark(&m, STOP);
    }
    for (uint32_t n = 1 + roll(4); n > 0; n--) section(&m);
    return write_text(&m, wild, chance(70));
}

/* ---- failures, made small ---- */

/* Without text[from … to), cut at characters. */
static tb_str without(tb_arena *a, tb_str text, uint32_t from, uint32_t to) {
    while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80) from++;
    while (to < text.n && ((unsigned char)text.p[to] & 0xC0) == 0x80) to++;
    if (to < from) to = from;
    return tb_str_printf(a, "%.*s%.*s", (int)from, text.p, (int)(text.n - to), text.p + to);
}

static tb_str smallest(tb_arena *a, tb_str text, const char *fault) {
    for (uint32_t size = text.n / 2; size > 0;) {
        bool smaller = false;
        for (uint32_t from = 0; from < text.n;) {
            tb_str less = without(a, text, from, from + size < text.n ? from + size : text.n);
            const char *still = less.n < text.n ? layout_fault(a, less) : NULL;
            if (still && strcmp(still, fault) == 0) text = less, smaller = true;
            else from += size;
        }
        if (!smaller || size > 8) size /= 2;
    }
    return text;
}

static bool holds(tb_arena *a, tb_str text) {
    const char *fault = layout_fault(a, text);
    if (CHECK(!fault)) return true;
    tb_str small = smallest(a, text, fault), once = tb_format(a, TB_STR("x"), small);
    fprintf(stderr, "    %s:\n«%.*s»\nlaid out:\n«%.*s»\nagain:\n«%.*s»\n", fault, TB_FMT(small), TB_FMT(once),
            TB_FMT(tb_format(a, TB_STR("x"), once)));
    return false;
}

static bool sound(tb_arena *a, tb_str text, bool complain) {
    tb_sources s = {0};
    tb_diagnostics d;
    tb_buf b;
    tb_diagnostics_init(&d, a);
    tb_parse(a, &s, tb_source_add(a, &s, TB_STR("x"), text), &d);
    if (d.errors == 0 || !complain) return d.errors == 0;
    tb_buf_init(&b, a);
    tb_diagnostics_print(&b, &s, &d, TB_LANG_ZH, false);
    fprintf(stderr, "%.*s", (int)(b.n < 3000 ? b.n : 3000), tb_buf_str(&b).p);
    return false;
}

/* Has this text a full-width mark outside comments, texts, names and laws? */
static bool wide_marks(tb_str text) {
    tb_arena *a = tb_arena_new(NULL, 0);
    tb_sources s = {0};
    tb__lexer l;
    tb_source_add(a, &s, TB_STR(""), text);
    tb__lex_begin(&l, a, NULL, &s.list.items[0], 0);
    bool wide = false;
    for (tb__token t = tb__lex_next(&l); t.kind; t = tb__lex_next(&l))
        wide |= layout_is_mark(t.kind) && (unsigned char)text.p[t.at.from] >= 0x80;
    tb_arena_free(a);
    return wide;
}

static void generated(int count) {
    int wild_sound = 0, wild = 0;
    for (int i = 0; i < count; i++) {
        uint64_t now = seed;
        tb_arena *a = tb_arena_new(NULL, 0);
        bool tame = chance(70);
        enum words words = (enum words)roll(3);
        tb_str text = make_text(a, !tame, words);
        bool ok = holds(a, text);
        if (tame) ok &= CHECK(sound(a, text, true));
        else wild++, wild_sound += sound(a, text, false);
        tb_str once = tb_format(a, TB_STR("x"), text);
        if (words != MIXED) ok &= CHECK(wide_marks(once) == (words == CHINESE));
        if (!ok) fprintf(stderr, "    with TB_SEED=%llu TB_TEXTS=1\n", (unsigned long long)now);
        tb_arena_free(a);
        if (!ok) return;
    }
    if (count < 500) return;
    for (int k = 1; k < TB_C_COUNT; k++)
        if (!CHECK(clause_made[k]))
            fprintf(stderr, "    no clause %d (%s)\n", k, tb_clause_word((enum tb_clause_kind)k, TB_LANG_EN));
    for (int k = 1; k < TB_P_COUNT; k++)
        if (!CHECK(part_made[k]))
            fprintf(stderr, "    no part %d (%s)\n", k, tb_part_word((enum tb_part_kind)k, TB_LANG_EN));
    for (int k = 1; k < TB_S_COUNT; k++) CHECK(section_made[k]);
    printf("%d of %d wild texts parse\n", wild_sound, wild);
    CHECK(wild_sound * 20 > wild);
}

/* Texts that once came out wrong. */
static void pinned(void) {
    static const char *const texts[] = {"《》第五条条。",
                                        "《行政许可法》第二十五条第二十五条。",
                                        "第二款项目之 x。",
                                        "：员−transfer",
                                        "，员≥transfer、员／by",
                                        "x.\xC2\xA0y\xC2\xA0.",
                                        "9:0用例\x01in。",
                                        "《甲》 第五条in 甲。",
                                        "《甲》第五条之一第二款in 甲。",
                                        "「x」之前in 甲。"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tb_arena *a = tb_arena_new(NULL, 0);
        holds(a, tb_str_z(texts[i]));
        tb_arena_free(a);
    }
}

/* The language of a text is told by its words, which source.c and the scanner must cut alike: of 员?transfer either both
 * see one word (Chinese), or the keyword behind the mark (English). */
static void letters_agree(void) {
    tb_arena *a = tb_arena_new(NULL, 0);
    for (uint32_t c = 0x21; c < 0x10800; c++) {
        if ((c >= 0xD800 && c < 0xE000) || c == '#' || c == 0xFF03 || c == '.') continue;
        char text[32], at[5] = {(char)c};
        if (c >= 0x10000)
            snprintf(at, sizeof at, "%c%c%c%c", 0xF0 | c >> 18, 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63),
                     0x80 | (c & 63));
        else if (c >= 0x800) snprintf(at, sizeof at, "%c%c%c", 0xE0 | c >> 12, 0x80 | (c >> 6 & 63), 0x80 | (c & 63));
        else if (c >= 0x80) snprintf(at, sizeof at, "%c%c", 0xC0 | c >> 6, 0x80 | (c & 63));
        snprintf(text, sizeof text, "员%stransfer", at);
        tb_arena_reset(a);
        tb_sources s = {0};
        tb__lexer l;
        tb_source_add(a, &s, TB_STR(""), tb_str_z(text));
        tb__lex_begin(&l, a, NULL, &s.list.items[0], 0);
        bool one = tb__lex_next(&l).at.to == strlen(text);
        if (!CHECK_INT(tb_source_chinese(tb_str_z(text)), one)) fprintf(stderr, "    U+%04X\n", c);
    }
    tb_arena_free(a);
}

int main(int words_given, char **words) {
    const char *given = getenv("TB_TEXTS");
    int count = given ? atoi(given) : 1500;
    alarm(600); /* a hang is a failure */
    if (words_given > 1) {
        for (int i = 1; i < words_given; i++) { /* texts a fuzzer has found */
            tb_arena *a = tb_arena_new(NULL, 0);
            tb_str text = read_all(a, words[i]);
            if (CHECK(text.p)) holds(a, text);
            tb_arena_free(a);
        }
        return check_end();
    }
    seed = seed_of("test_format");
    printf("TB_TEXTS=%d\n", count);
    pinned();
    letters_agree();
    generated(count);
    return check_end();
}
