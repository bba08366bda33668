/* The grammar: a flat list of headings and clauses, and the trees they become.
 *
 * What a clause may hold and under which heading it may stand is NOT here (shape.c, from tables): the grammar
 * accepts any clause anywhere, so that a clause in the wrong place is answered in words and not with a list of
 * tokens, and so that no error can reach beyond its own sentence. Actions only build nodes.
 *
 * Errors. Parsing is pushed token by token (tb__parse_run below). Before a token that opens a line is pushed, LAC
 * tells whether the parser could take it; if not, and a 。 or ： would have been right, the mark was forgotten at the
 * end of the line before: that is said once, the mark is put in, and the line that follows is read as if nothing
 * had happened. Any other error drops its sentence: up to 。 or ： or, failing both, the next line that is not a
 * continuation. */
%require "3.8"
%define api.prefix {tb__yy}
%define api.pure full
%define api.push-pull push
%define api.location.type {tb__at}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%parse-param {tb__parse *p}

%code requires {
#include "syntax.h"
}
%code {
#include "slips.h"
#include <stdio.h>
#include <string.h>

/* The stack never grows (and so never allocates): it has its greatest depth from the start, inside the parser's
 * state, which lives in the arena. Sentences are flat; only conditions nest, and those are bounded by
 * TB_EXPR_DEPTH. */
#define YYINITDEPTH 1500
#define YYMAXDEPTH 1500
#define YYMALLOC(n) ((void)(n), NULL)
#define YYFREE(block) ((void)(block))

#define YYLLOC_DEFAULT(current, rhs, n)                                           \
    do {                                                                          \
        if (n) (current).from = YYRHSLOC(rhs, 1).from, (current).to = YYRHSLOC(rhs, n).to; \
        else (current).from = (current).to = YYRHSLOC(rhs, 0).to;                 \
    } while (0)

static void yyerror(const tb__at *at, tb__parse *p, const char *text);
static tb_span span(const tb__parse *p, tb__at at) { return (tb_span){p->file, at.from, at.to}; }
static tb__word keyword_name(const tb__parse *p, const char *zh, tb__at at);
static tb_names names1(tb__parse *p, tb__word w);
static tb_names names2(tb__parse *p, tb__word v, tb__word w);
static tb_names joined(tb__parse *p, tb__word first, tb_names rest);
static void add_name(tb__parse *p, tb_names *list, tb__word w);
static void add_law(tb__parse *p, tb_part *basis, tb__word w, tb__at at, int kind);
static tb_part *new_part(tb__parse *p, enum tb_part_kind kind, tb__at at);
static tb_part *names_part(tb__parse *p, enum tb_part_kind kind, tb_names names, tb__at at);
static tb_part *duration_part(tb__parse *p, enum tb_part_kind kind, tb__word w, tb__at at);
static tb_part *value_part(tb__parse *p, tb__word field, tb__word value, tb__at at);
/* A template leaves the amount open: a parameter's name stands where it belongs. */
static tb_part *open_part(tb__parse *p, enum tb_part_kind kind, tb__word parameter, tb__at at) {
    tb_part *part = new_part(p, kind, at);
    part->value = parameter.name;
    part->value_kind = TB_V_NAME;
    return part;
}

static tb_clause *new_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head);
static tb_clause *names_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb_names names);
static tb_clause *limit_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb__word w);
static tb_clause *days_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb__word from, tb__word to);
static tb_clause *timed(tb_clause *c, tb__word date, int minutes);
static void add_spell(tb__parse *p, tb_spells *l, tb__word from, tb__word to, tb__at at);
static void add_part(tb__parse *p, tb_clause *c, const tb_part *part);
static void end_clause(tb__parse *p, tb_clause *c, tb__at at);
static tb_section *new_section(tb__parse *p, enum tb_section_kind kind, tb__word name, tb__at at);
static void option_once(tb__parse *p, bool taken, const char *zh, const char *en, tb__at at);
static void end_section(tb__parse *p, tb_section *s, tb__at at);
static const tb_expr *expr(tb__parse *p, enum tb_expr_kind kind, const tb_expr *a, const tb_expr *b, tb__at at);
static const tb_expr *named_expr(tb__parse *p, enum tb_expr_kind kind, tb__word w, tb__at at);
static const tb_expr *listed_expr(tb__parse *p, enum tb_expr_kind kind, tb__word w, tb_names names, tb__at at);
static const tb_expr *value_expr(tb__parse *p, tb__word w, tb__at at);
static const tb_expr *compared(tb__parse *p, const tb_expr *a, enum tb_compare op, const tb_expr *b, tb__at at);
static const tb__word no_word = {.name = {.text = {"", 0}, .span = {UINT32_MAX, 0, 0}}};
}

%union {
    tb__word word;
    tb_names names;
    tb_spells spells;
    tb_part *part;
    tb_clause *clause;
    tb_section *section;
    const tb_expr *expr;
    int code; /* a kind of part, section or comparison; minutes */
}

%token <word> NAME "名称" EVENT "…的，" BOUND "…之前" NUMBER "数" TEXT "“引文”" DATE "日期" TIME "时刻" MONTH_DAY "月日"
%token <word> DURATION "期间" TIMES "次数" HEADS "人数" LAW_REF "《法律》" ARTICLE "第…条"
%token COMMA "，" STOP "。" COLON "：" OPEN "（" SHUT "）" SEP "、" SEMICOLON "；"
%token LT "<" LE "<=" GT ">" GE ">=" EQ "=" NE "!=" PLUS "+" SUBTRACT "-" STAR "*" BOTH "&&" EITHER "||" BANG "!"
/* The keywords, in the order of keywords.def. */
%token K_MATTER "事项" K_FORM "申请表" K_MATERIALS "申请材料" K_DOCUMENTS "文书" K_STEP "环节" K_PARALLEL "并行" K_BRANCH "分支"
%token K_ANYWHERE "任一环节" K_SCENARIO "用例" K_LAW "法规" K_CALENDAR "日历" K_DIRECTORY "组织"
%token K_TEMPLATE "流程模板" K_TABLE "决策表" K_INTERFACE "外部接口" K_CATALOGUE "清单" K_IMPORT "引用"
%token K_VERSION "版本" K_KIND "事项类型" K_SERVICE "办件类型" K_AUTHORITY "实施主体" K_MODES "办理模式" K_TAKEN "取自" K_AS "以"
%token K_COUNTS "为准" K_DEEM "视为" K_STATUTORY "法定期限" K_PROMISED "承诺期限" K_EXTENSION "期限延长" K_ADJUSTMENT "期限调整" K_POST "岗位"
%token K_SEPARATE "不得同一人" K_ACTORS "办理人" K_LIMIT "期限" K_MUST "应当" K_EXCLUDED "不计入期限" K_ORGAN "主体" K_WHEN "when"
%token K_NOW "此时" K_RANK "位阶" K_ENACTED "公布" K_HOURS "办公时间" K_EVERY_YEAR "每年" K_YEAR "年度" K_HOLIDAY "放假"
%token K_WORKDAY "上班" K_DIVISION "区划" K_OFFICE "机构" K_PERSON "人员" K_DEPUTY "代理"
%token K_PARAMETER "参数" K_USES "套用" K_DROPS "删去" K_INPUT "输入" K_OUTPUT "输出" K_HITS "命中" K_OTHERWISE "否则"
%token K_ADOPTS "采用" K_REQUESTS "请求" K_REPLIES "回复" K_TIMEOUT "超时" K_RETRIES "重试" K_PROVIDER "提供方" K_CALLS "调用"
%token K_STARTS "发起" K_FOLLOWS "遵循" K_DEFERRED "容缺受理" K_PROMISE "告知承诺" K_ON_SITE "现场必须" K_HELD "举行日" K_REMIND "提醒"
%token K_PENDING "待核" K_NONE "无" K_EFFECTIVE "生效"
%token K_APPLIES "适用" K_BASIS "依" K_GROUND "因" K_FROM "自" K_TO "至" K_ROLL "末日顺延" K_KEEP "续计" K_ONLY "限"
%token K_BEFORE_EXPIRY "届满前" K_BEFORE "before" K_BY "由" K_CHOOSE "选择" K_APPROVE "批准" K_ISSUE "出具" K_AT "在" K_OF "属"
%token K_GOTO "转" K_TRANSFER "转送" K_RETURN "退回" K_CLOSE "办结" K_COMPLETE "完成" K_REJECT "不予" K_RECORD "记" K_STATE "载明"
%token K_PROMPT "提示" K_IRREVERSIBLE "不可撤回" K_IF "若" K_RED "红牌" K_YELLOW "黄牌" K_REPORT "报告" K_CONTINUE "继续办理"
%token K_SEAL "用章" K_REQUIRED "必填" K_NEEDED "必要" K_OPTIONAL "选填" K_SENSITIVE "敏感" K_ELECTRONIC "电子证照" K_EXEMPT "免提交"
%token K_UNIT "单位" K_PERSONS "不少于" K_MODE "模式" K_IS "为" K_ARE "是" K_WITH "与" K_REFUSED "应当拒绝" K_DONE "已"
%token K_NOT_DONE "未" K_FILLED "已填" K_UNFILLED "未填" K_AMONG "属于" K_OR "或" K_AND "且" K_NOT "非" K_OVER "大于"
%token K_BELOW "小于" K_AT_MOST "不大于" K_NOT_BELOW "不小于" K_EQUALS "等于" K_DIFFERS "不等于" K_EXTEND "延长" K_REACHES "及于"
%token K_ABOVE "上级" K_DUTY "职能" K_CLOSES "下班截止"
%token K_DEFAULT "默认" K_CHANGED "改" K_INSERTED "插入" K_EACH "逐一" K_UP_TO "至多" K_DEFERRABLE "可容缺"
%token K_PROMISABLE "可承诺" K_CORRECTABLE "可更正" K_AHEAD "提前" K_LEAD "牵头" K_DEADLINE "截止" K_CONTAINS "包含" K_ADDED "加" K_MINUS "减"
%token K_MULTIPLIED "乘"

%type <word> name moment limit value
%type <names> names moments limits month_days all_of options
%type <spells> spells
%type <part> part flag basis laws values
%type <clause> head sentence
%type <section> heading heading_head
%type <expr> expr conjunction negation primary operand product atom
%type <code> sum_sign
%type <code> named_section plain_section flag_word names_word moments_word compare names_head limit_head column time

/* Everything a half-built list or node owns is in the arena, so there is nothing to free when the parser drops one.
 * Said here on purpose: a type that ever owns something else must say how it is let go. */
%destructor { (void)$$; } <names> <part> <clause> <section> <expr>

%%

file:
  %empty
| file item
;

item:
  "引用" references "。"
| heading "："                  { end_section(p, $heading, @heading); }
| "日历" name "："              { end_section(p, new_section(p, TB_S_CALENDAR, $name, @$), @$); }
| sentence "。"                 { end_clause(p, $sentence, @$); }
| "。"
| error "。"                    { yyerrok; }
| error "："                    { end_section(p, new_section(p, TB_S_NONE, no_word, @$), @$); yyerrok; }
;

references:
  TEXT                          { add_name(p, &p->tree->references, $1); }
| references "、" TEXT          { add_name(p, &p->tree->references, $3); }
;

/* ---- headings ---- */

heading:
  heading_head
| heading "（" "在" name "）"   { option_once(p, $1->in.text.n, "在", "at", @3); $$ = $1; $$->in = $name.name; }
| heading "，" "限" names       { option_once(p, $1->only.count, "限", "limit", @3); $$ = $1; $$->only = $names; }
| heading "，" "属" name        { option_once(p, $1->phase.text.n, "属", "of", @3); $$ = $1; $$->phase = $name.name; }
| heading "，" BOUND            { option_once(p, $1->before.text.n, "之前", "before", @3); $$ = $1; $$->before = $3.name; }
| heading "，" "before" moment  { option_once(p, $1->before.text.n, "之前", "before", @3); $$ = $1;
                                  $$->before = $moment.name; }
| heading "，" "逐一" name       { option_once(p, $1->each.text.n, "逐一", "for-each", @3); $$ = $1; $$->each = $name.name; }
| heading "，" "改"             { option_once(p, $1->changed, "改", "changed", @3); $$ = $1; $$->changed = true; }
| heading "，" "插入" BOUND     { option_once(p, $1->inserted.text.n, "插入", "inserted", @3); $$ = $1;
                                  $$->inserted = $4.name; }
| heading "，" "插入" "before" name { option_once(p, $1->inserted.text.n, "插入", "inserted", @3); $$ = $1;
                                  $$->inserted = $name.name; }
| heading "，" "待核"           { $$ = $1; $$->pending = true; }
;

heading_head:
  named_section name            { $$ = new_section(p, $1, $name, @$); }
| plain_section                 { $$ = new_section(p, $1, no_word, @$); }
;

named_section:
  "事项" { $$ = TB_S_MATTER; } | "环节" { $$ = TB_S_STEP; } | "并行" { $$ = TB_S_PARALLEL; } | "分支" { $$ = TB_S_BRANCH; }
| "用例" { $$ = TB_S_SCENARIO; } | "法规" { $$ = TB_S_LAW; } | "组织" { $$ = TB_S_DIRECTORY; } | "流程模板" { $$ = TB_S_TEMPLATE; }
| "决策表" { $$ = TB_S_TABLE; } | "外部接口" { $$ = TB_S_INTERFACE; } | "清单" { $$ = TB_S_CATALOGUE; }
;

plain_section:
  "申请表" { $$ = TB_S_FORM; } | "申请材料" { $$ = TB_S_MATERIALS; } | "文书" { $$ = TB_S_DOCUMENTS; }
| "任一环节" { $$ = TB_S_ANYWHERE; }
;

/* ---- clauses: a head, then parts between commas ---- */

sentence:
  head
| sentence "，" part            { add_part(p, $1, $part); $$ = $1; }
;

head:
  names_head names              { $$ = names_clause(p, $1, @1, $names); }
| names_head all_of             { $$ = names_clause(p, $1, @1, $all_of); $$->all = true; }
| "日历" name                   { $$ = names_clause(p, TB_C_CALENDAR, @1, names1(p, $name)); }
| "实施主体" name               { $$ = names_clause(p, TB_C_AUTHORITY, @1, names1(p, $name)); }
| "实施主体" name[a] name[b]    { $$ = names_clause(p, TB_C_AUTHORITY, @1, names2(p, $a, $b)); }
| "主体" name                   { $$ = names_clause(p, TB_C_ORGAN, @1, names1(p, $name)); }
| "主体" name[a] name[b]        { $$ = names_clause(p, TB_C_ORGAN, @1, names2(p, $a, $b)); }
| "法定期限" DURATION           { $$ = limit_clause(p, TB_C_STATUTORY, @1, $2); }
| "法定期限" "无"               { $$ = new_clause(p, TB_C_STATUTORY, @1); $$->none = true; }
| "承诺期限" DURATION           { $$ = limit_clause(p, TB_C_PROMISED, @1, $2); }
| "承诺期限" "无"               { $$ = new_clause(p, TB_C_PROMISED, @1); $$->none = true; }
| "期限延长" DURATION           { $$ = limit_clause(p, TB_C_EXTENSION, @1, $2); }
| "期限调整" "由" names "批准"  { $$ = names_clause(p, TB_C_ADJUSTMENT, @1, $names); }
| "期限" DURATION               { $$ = limit_clause(p, TB_C_LIMIT, @1, $2); }
| limit_head NAME               { $$ = names_clause(p, $1, @1, names1(p, $2)); } /* a template's parameter */
| "参数" name[a] name[b]        { $$ = names_clause(p, TB_C_PARAMETER, @1, names2(p, $a, $b)); }
| column name[a] name[b]        { $$ = names_clause(p, $1, @1, names2(p, $a, $b)); }
| column name[a] name[b] options { $$ = names_clause(p, $1, @1, joined(p, $a, joined(p, $b, $options))); }
| column name[a] name[b] name[c] options { $$ = names_clause(p, $1, @1, joined(p, $a, joined(p, $b, joined(p, $c, $options)))); }
| column name "区划"            { $$ = names_clause(p, $1, @1, names2(p, $name, keyword_name(p, "区划", @3))); }
| column name[a] name[b] "区划" { $$ = names_clause(p, $1, @1, joined(p, $a, names2(p, $b, keyword_name(p, "区划", @4)))); }
| "命中" name                   { $$ = names_clause(p, TB_C_HITS, @1, names1(p, $name)); }
| "命中" name[a] name[b]        { $$ = names_clause(p, TB_C_HITS, @1, names2(p, $a, $b)); }
| "若" expr                     { $$ = new_clause(p, TB_C_ROW, @1); $$->expr = $expr; }
| "否则"                        { $$ = new_clause(p, TB_C_ROW, @1); }
| "超时" DURATION               { $$ = limit_clause(p, TB_C_TIMEOUT, @1, $2); }
| "重试" TIMES                  { $$ = new_clause(p, TB_C_RETRIES, @1); $$->number = tb__number($2.name.text); }
| "容缺受理" DURATION           { $$ = limit_clause(p, TB_C_DEFERRED, @1, $2); }
| "现场必须"                    { $$ = new_clause(p, TB_C_ON_SITE, @1); }
| "不计入期限"                  { $$ = new_clause(p, TB_C_EXCLUSION, @1); }
| EVENT                         { $$ = names_clause(p, TB_C_EVENT, @1, names1(p, $1)); }
| "when" name                   { $$ = names_clause(p, TB_C_EVENT, @2, names1(p, $name)); }
| name                          { $$ = names_clause(p, TB_C_NONE, @1, names1(p, $name)); }
| name flag                     { $$ = names_clause(p, TB_C_NONE, @1, names1(p, $name)); add_part(p, $$, $flag); }
| name[a] name[b]               { $$ = names_clause(p, TB_C_NONE, @1, names2(p, $a, $b)); }
| name "区划"                   { /* a type that is also a keyword */
                                  $$ = names_clause(p, TB_C_NONE, @1, names2(p, $name, keyword_name(p, "区划", @2))); }
| name[a] name[b] options       { $$ = names_clause(p, TB_C_NONE, @1, joined(p, $a, joined(p, $b, $options))); }
| name[a] name[b] name[c] options { /* 项目 列表 选项 甲、乙 */
                                  $$ = names_clause(p, TB_C_NONE, @1, joined(p, $a, joined(p, $b, joined(p, $c, $options)))); }
| name[a] name[b] "区划"        { $$ = names_clause(p, TB_C_NONE, @1, joined(p, $a, names2(p, $b, keyword_name(p, "区划", @3)))); }
| name[a] "取自" name[b]        { $$ = names_clause(p, TB_C_PLACE, @2, names2(p, $a, $b)); }
| name "取自" "实施主体"        { /* the organ's seat: a word that is also a keyword */
                                  $$ = names_clause(p, TB_C_PLACE, @2, names2(p, $name, (tb__word){{TB_STR("实施主体"), span(p, @3)}, TB_V_NAME})); }
| name "以" moment "为准"       { $$ = names_clause(p, TB_C_RECEIPT, @2, names2(p, $name, $moment)); }
| name "视为" moment            { $$ = names_clause(p, TB_C_DEEM, @2, names2(p, $name, $moment)); }
| DATE time name                { $$ = timed(names_clause(p, TB_C_AT, @1, names1(p, $name)), $1, $time); }
| DATE time "此时"              { $$ = timed(new_clause(p, TB_C_NOW, @3), $1, $time); }
| DATE time "此时" part         { $$ = timed(new_clause(p, TB_C_NOW, @3), $1, $time); add_part(p, $$, $part); }
| "此时" part                   { $$ = new_clause(p, TB_C_NOW, @1); add_part(p, $$, $part); }
| "公布" DATE                   { $$ = timed(new_clause(p, TB_C_ENACTED, @1), $2, -1); }
| ARTICLE                       { $$ = new_clause(p, TB_C_ARTICLE, @1);
                                  $$->article = tb__law($1.name.text, span(p, @1)); }
| "办公时间" spells             { $$ = new_clause(p, TB_C_HOURS, @1); $$->spells = $spells; }
| "每年" month_days             { $$ = names_clause(p, TB_C_EVERY_YEAR, @1, $month_days); }
| "年度" NUMBER                 { $$ = new_clause(p, TB_C_YEAR, @1); $$->number = tb__number($2.name.text); }
| "放假" DATE                   { $$ = days_clause(p, TB_C_REST, @1, $2, $2); }
| "放假" DATE[a] "至" DATE[b]   { $$ = days_clause(p, TB_C_REST, @1, $a, $b); }
| "上班" DATE                   { $$ = days_clause(p, TB_C_WORK, @1, $2, $2); }
| "上班" DATE[a] "至" DATE[b]   { $$ = days_clause(p, TB_C_WORK, @1, $a, $b); }
;

names_head:
  "版本" { $$ = TB_C_VERSION; } | "事项类型" { $$ = TB_C_KIND; } | "办件类型" { $$ = TB_C_SERVICE; } | "办理模式" { $$ = TB_C_MODES; }
| "岗位" { $$ = TB_C_POSTS; } | "不得同一人" { $$ = TB_C_SEPARATE; } | "办理人" { $$ = TB_C_ACTORS; }
| "应当" { $$ = TB_C_OBLIGATION; }
| "套用" { $$ = TB_C_USES; } | "删去" { $$ = TB_C_DROPS; } | "采用" { $$ = TB_C_ADOPTS; } | "请求" { $$ = TB_C_REQUESTS; }
| "回复" { $$ = TB_C_REPLIES; } | "提供方" { $$ = TB_C_PROVIDER; } | "调用" { $$ = TB_C_CALLS; }
| "发起" { $$ = TB_C_STARTS; } | "遵循" { $$ = TB_C_FOLLOWS; } | "告知承诺" { $$ = TB_C_PROMISE; }
| "举行日" { $$ = TB_C_HELD; } | "提醒" { $$ = TB_C_REMIND; } | "黄牌" { $$ = TB_C_YELLOW; } | "红牌" { $$ = TB_C_RED; }
| "位阶" { $$ = TB_C_RANK; } | "区划" { $$ = TB_C_DIVISION; } | "机构" { $$ = TB_C_OFFICE; } | "人员" { $$ = TB_C_PERSON; }
| "代理" { $$ = TB_C_DEPUTY; }
;

limit_head:
  "期限" { $$ = TB_C_LIMIT; } | "法定期限" { $$ = TB_C_STATUTORY; } | "承诺期限" { $$ = TB_C_PROMISED; }
| "期限延长" { $$ = TB_C_EXTENSION; } | "容缺受理" { $$ = TB_C_DEFERRED; }
;

column: "输入" { $$ = TB_C_INPUT; } | "输出" { $$ = TB_C_OUTPUT; } ;

time: %empty { $$ = -1; } | TIME { $$ = tb__minutes($1.name.text); } ;

options: names ;

spells:
  TIME[a] "至" TIME[b]          { $$ = (tb_spells){0}; add_spell(p, &$$, $a, $b, @$); }
| spells "、" TIME[a] "至" TIME[b] { $$ = $1; add_spell(p, &$$, $a, $b, (tb__at){@a.from, @b.to}); }
;
month_days:
  MONTH_DAY                     { $$ = names1(p, $1); }
| month_days "、" MONTH_DAY     { $$ = $1; add_name(p, &$$, $3); }
;

/* ---- parts ---- */

part:
  flag
| names_word names              { $$ = names_part(p, $1, $names, @$); }
| "及于" limits                 { $$ = names_part(p, TB_P_REACHES, $limits, @$); }
| moments_word moments          { $$ = names_part(p, $1, $moments, @$); }
| "生效" DATE                   { $$ = new_part(p, TB_P_EFFECTIVE, @$); $$->day = tb__date($2.name.text); }
| basis
| "因" laws                     { $$ = $laws; $$->kind = TB_P_GROUND; $$->span = span(p, @$); }
| "自" DATE[a] "至" DATE[b]     { $$ = new_part(p, TB_P_PERIOD, @$); $$->day = tb__date($a.name.text), $$->day_to = tb__date($b.name.text); }
| "自" moment                   { $$ = names_part(p, TB_P_FROM, names1(p, $moment), @$); }
| "自" moment[a] "至" moment[b] { $$ = names_part(p, TB_P_FROM, names2(p, $a, $b), @$); }
| "限" names                    { $$ = names_part(p, TB_P_ONLY, $names, @$); }
| "限" TIMES                    { $$ = new_part(p, TB_P_TIMES, @$); $$->number = tb__number($2.name.text); }
| "届满前"                      { $$ = new_part(p, TB_P_BEFORE_EXPIRY, @$); }
| "届满前" DURATION             { $$ = duration_part(p, TB_P_BEFORE_EXPIRY, $2, @$); }
| "届满前" NAME                 { $$ = open_part(p, TB_P_BEFORE_EXPIRY, $2, @$); }
| "届满前" "由" names "批准"    { $$ = names_part(p, TB_P_BEFORE_EXPIRY, $names, @$); }
| "届满前" DURATION "由" names "批准" { $$ = duration_part(p, TB_P_BEFORE_EXPIRY, $2, @$); $$->names = $names; }
| "由" names                    { $$ = names_part(p, TB_P_BY, $names, @$); }
| "由" names "批准"             { $$ = names_part(p, TB_P_APPROVE, $names, @$); }
| "由" name "选择" names        { $$ = names_part(p, TB_P_CHOICE, joined(p, $name, $names), @$); }
| "办结"                        { $$ = new_part(p, TB_P_CLOSE, @$); }
| "办结" name                   { $$ = names_part(p, TB_P_CLOSE, names1(p, $name), @$); }
| "若" expr                     { $$ = new_part(p, TB_P_IF, @$); $$->expr = $expr; }
| compare NUMBER                { $$ = value_part(p, no_word, $2, @$); $$->kind = TB_P_COMPARE; $$->op = $compare; }
| compare NAME                  { $$ = value_part(p, no_word, $2, @$); $$->kind = TB_P_COMPARE; $$->op = $compare; }
| "不少于" HEADS                { $$ = new_part(p, TB_P_PERSONS, @$); $$->number = tb__number($2.name.text); }
| "不少于" NAME                 { $$ = open_part(p, TB_P_PERSONS, $2, @$); }
| "期限" DURATION               { $$ = duration_part(p, TB_P_LIMIT, $2, @$); }
| "延长" DURATION               { $$ = duration_part(p, TB_P_EXTEND, $2, @$); }
| "默认" value                  { $$ = value_part(p, no_word, $value, @$); $$->kind = TB_P_DEFAULT; }
| "至多" NUMBER                 { $$ = new_part(p, TB_P_UP_TO, @$); $$->number = tb__number($2.name.text); }
| "至多" NAME                   { $$ = open_part(p, TB_P_UP_TO, $2, @$); }
| "提前" DURATION               { $$ = duration_part(p, TB_P_AHEAD, $2, @$); }
| "可更正" DURATION             { $$ = duration_part(p, TB_P_CORRECTABLE, $2, @$); }
| "可更正" NAME                 { $$ = open_part(p, TB_P_CORRECTABLE, $2, @$); }
| "截止" DATE                   { $$ = new_part(p, TB_P_DEADLINE, @$); $$->day = tb__date($2.name.text); }
| "应当拒绝"                    { $$ = new_part(p, TB_P_REFUSED, @$); }
| "应当拒绝" name               { $$ = names_part(p, TB_P_REFUSED, names1(p, $name), @$); }
| name                          { $$ = names_part(p, TB_P_TEXT, names1(p, $name), @$); }
| name[a] name[b]               { $$ = names_part(p, TB_P_DATED, names2(p, $a, $b), @$); }
| name DATE                     { $$ = names_part(p, TB_P_NAMED_DATE, names1(p, $name), @$);
                                  $$->day = tb__date($2.name.text); }
| name DATE TIME                { $$ = names_part(p, TB_P_NAMED_TIME, names1(p, $name), @$);
                                  $$->day = tb__date($2.name.text), $$->minutes = tb__minutes($3.name.text); }
| name DURATION                 { $$ = duration_part(p, TB_P_LEFT, $2, @$); $$->names = names1(p, $name); }
| name is values                { $$ = $values; $$->kind = TB_P_SET; $$->span = span(p, @$); $$->names = names1(p, $name); }
| "期限" is values              { /* what 调整期限 is told: which limit */
                                  $$ = $values; $$->kind = TB_P_SET; $$->span = span(p, @$);
                                  $$->names = names1(p, keyword_name(p, "期限", @1)); }
| "待核"                        { $$ = new_part(p, TB_P_NONE, @$); }
;

flag: flag_word                 { $$ = new_part(p, $1, @$); } ;

flag_word:
  "末日顺延" { $$ = TB_P_ROLL; } | "续计" { $$ = TB_P_KEEP; } | "完成" { $$ = TB_P_COMPLETE; } | "不予" { $$ = TB_P_REJECT; }
| "不可撤回" { $$ = TB_P_IRREVERSIBLE; } | "继续办理" { $$ = TB_P_CONTINUE; } | "不计入期限" { $$ = TB_P_STOPS; }
| "必填" { $$ = TB_P_REQUIRED; } | "必要" { $$ = TB_P_NEEDED; }
| "选填" { $$ = TB_P_OPTIONAL; } | "敏感" { $$ = TB_P_SENSITIVE; }
| "电子证照" { $$ = TB_P_ELECTRONIC; } | "免提交" { $$ = TB_P_EXEMPT; }
| "放假" { $$ = TB_P_HOLIDAY; } | "下班截止" { $$ = TB_P_CLOSES; }
| "可容缺" { $$ = TB_P_DEFERRABLE; } | "可承诺" { $$ = TB_P_PROMISABLE; }
;

names_word:
  "适用" { $$ = TB_P_APPLIES; } | "日历" { $$ = TB_P_CALENDAR; } | "出具" { $$ = TB_P_ISSUE; } | "在" { $$ = TB_P_AT; }
| "转" { $$ = TB_P_GOTO; } | "转送" { $$ = TB_P_TRANSFER; } | "退回" { $$ = TB_P_RETURN; } | "载明" { $$ = TB_P_STATE; }
| "提示" { $$ = TB_P_PROMPT; } | "红牌" { $$ = TB_P_RED; } | "黄牌" { $$ = TB_P_YELLOW; } | "报告" { $$ = TB_P_REPORT; }
| "用章" { $$ = TB_P_SEAL; } | "单位" { $$ = TB_P_UNIT; } | "模式" { $$ = TB_P_MODE; } | "环节" { $$ = TB_P_STEPS; }
| "不计入期限" { $$ = TB_P_EXCLUDES; } | "上级" { $$ = TB_P_ABOVE; } | "职能" { $$ = TB_P_DUTY; }
| "岗位" { $$ = TB_P_POSTS; } | "机构" { $$ = TB_P_ORGAN; } | "牵头" { $$ = TB_P_LEAD; }
;

moments_word:
  "记" { $$ = TB_P_RECORD; } | "视为" { $$ = TB_P_DEEM; } | "已" { $$ = TB_P_DONE; } | "未" { $$ = TB_P_NOT_DONE; }
;

basis:
  "依" laws                     { $$ = $laws; $$->kind = TB_P_BASIS; $$->span = span(p, @$); }
;

laws:
  LAW_REF                       { $$ = new_part(p, TB_P_BASIS, @$); add_law(p, $$, $1, @1, LAW_REF); }
| TEXT                          { $$ = new_part(p, TB_P_BASIS, @$); add_law(p, $$, $1, @1, TEXT); }
| laws "、" LAW_REF             { $$ = $1; add_law(p, $$, $3, @3, LAW_REF); }
| laws "、" TEXT                { $$ = $1; add_law(p, $$, $3, @3, TEXT); }
| laws "、" ARTICLE             { $$ = $1; add_law(p, $$, $3, @3, ARTICLE); }
;

is: "为" | "是" ;

values: /* of a list, in a 用例 */
  value                         { $$ = value_part(p, no_word, $value, @$); }
| values "、" value             { $$ = $1; *TB_PUSH(p->arena, $$->values) = $value.name; }
;

value:
  NAME | TEXT | NUMBER | DATE
| "法定期限"                    { $$ = keyword_name(p, "法定期限", @1); }
| "承诺期限"                    { $$ = keyword_name(p, "承诺期限", @1); }
| DURATION                      { $$ = $1; $$.kind = TB_V_DURATION; }
| TIMES                         { $$ = $1; $$.kind = TB_V_TIMES; }
| HEADS                         { $$ = $1; $$.kind = TB_V_PERSONS; }
;

compare:
  "大于" { $$ = TB_GT; } | ">" { $$ = TB_GT; } | "不小于" { $$ = TB_GE; } | ">=" { $$ = TB_GE; }
| "小于" { $$ = TB_LT; } | "<" { $$ = TB_LT; } | "不大于" { $$ = TB_LE; } | "<=" { $$ = TB_LE; }
| "等于" { $$ = TB_EQ; } | "=" { $$ = TB_EQ; } | "不等于" { $$ = TB_NE; } | "!=" { $$ = TB_NE; }
;

/* ---- names: a word, 「…」, a code such as 370402, or a text ---- */

name: NAME | NUMBER | TEXT ;

moment: /* 办结 is a keyword and a milestone */
  name
| "办结"                        { $$ = keyword_name(p, "办结", @1); }
;

limit: /* so are the names of limits */
  name
| "法定期限"                    { $$ = keyword_name(p, "法定期限", @1); }
| "承诺期限"                    { $$ = keyword_name(p, "承诺期限", @1); }
;

limits:
  limit                         { $$ = names1(p, $limit); }
| limits "、" limit             { $$ = $1; add_name(p, &$$, $limit); }
;

names:
  name                          { $$ = names1(p, $name); }
| names "、" name               { $$ = $1; add_name(p, &$$, $name); }
;

all_of:
  name[a] "与" name[b]          { $$ = names2(p, $a, $b); }
| all_of "与" name              { $$ = $1; add_name(p, &$$, $name); }
;

moments:
  moment                        { $$ = names1(p, $moment); }
| moments "、" moment           { $$ = $1; add_name(p, &$$, $moment); }
;

/* ---- conditions ---- */

expr:
  conjunction
| expr or conjunction           { $$ = expr(p, TB_X_OR, $1, $3, @$); }
;

conjunction:
  negation
| conjunction and negation      { $$ = expr(p, TB_X_AND, $1, $3, @$); }
;

negation:
  primary
| not negation                  { $$ = expr(p, TB_X_NOT, $2, NULL, @$); }
;

or: "或" | "||" ;
and: "且" | "&&" ;
not: "非" | "!" ;

primary:
  "（" expr "）"                { $$ = $2; }
| name                          { $$ = value_expr(p, $1, @1); }
| operand[a] compare operand[b] { $$ = compared(p, $a, $compare, $b, @$); }
| name "包含" names             { $$ = listed_expr(p, TB_X_CONTAINS, $1, $names, @$); }
| name "属于" names             { $$ = listed_expr(p, TB_X_IN, $1, $names, @$); }
| name is names                 { $$ = listed_expr(p, TB_X_IN, $1, $names, @$); }
| "模式" is names               { $$ = listed_expr(p, TB_X_MODE, no_word, $names, @$); }
| "已" moment                   { $$ = named_expr(p, TB_X_DONE, $2, @$); }
| "未" moment                   { $$ = named_expr(p, TB_X_NOT_DONE, $2, @$); }
| "已填" name                   { $$ = named_expr(p, TB_X_FILLED, $2, @$); }
| "未填" name                   { $$ = named_expr(p, TB_X_UNFILLED, $2, @$); }
;

operand: /* amounts: × before + and −, as in school; brackets are the conditions' */
  product
| operand sum_sign product      { $$ = expr(p, $2, $1, $3, @$); }
;

sum_sign:
  "+" { $$ = TB_X_ADD; } | "加" { $$ = TB_X_ADD; } | "-" { $$ = TB_X_SUB; } | "减" { $$ = TB_X_SUB; }
;

product:
  atom
| product star atom             { $$ = expr(p, TB_X_MUL, $1, $3, @$); }
;

star: "*" | "乘" ;

atom:
  name                          { $$ = value_expr(p, $1, @1); }
| DATE                          { $$ = value_expr(p, $1, @1); }
;

%%

/* ---- nodes ---- */

static void add_name(tb__parse *p, tb_names *list, tb__word w) { *TB_PUSH(p->arena, *list) = w.name; }

/* A keyword that stands for a name: its Chinese word, also in an English text, so that the compiler sees one. */
static tb__word keyword_name(const tb__parse *p, const char *zh, tb__at at) {
    return (tb__word){{tb_str_z(zh), span(p, at)}, TB_V_NAME};
}

static tb_names names1(tb__parse *p, tb__word w) {
    tb_names list = {0};
    add_name(p, &list, w);
    return list;
}

static tb_names names2(tb__parse *p, tb__word v, tb__word w) {
    tb_names list = names1(p, v);
    add_name(p, &list, w);
    return list;
}

static tb_names joined(tb__parse *p, tb__word first, tb_names rest) {
    tb_names list = names1(p, first);
    for (uint32_t i = 0; i < rest.count; i++) *TB_PUSH(p->arena, list) = rest.items[i];
    return list;
}

static void add_law(tb__parse *p, tb_part *basis, tb__word w, tb__at at, int kind) {
    if (kind == TEXT) {
        add_name(p, &basis->names, w);
        return;
    }
    tb_law_ref r = tb__law(w.name.text, span(p, at));
    if (kind == ARTICLE && basis->laws.count) r.law = basis->laws.items[basis->laws.count - 1].law; /* 《X》第一条、第二条 */
    *TB_PUSH(p->arena, basis->laws) = r;
}

static tb_part *new_part(tb__parse *p, enum tb_part_kind kind, tb__at at) {
    tb_part *part = TB_NEW(p->arena, tb_part);
    *part = (tb_part){.kind = kind, .span = span(p, at), .day = INT32_MIN, .day_to = INT32_MIN};
    return part;
}

static tb_part *names_part(tb__parse *p, enum tb_part_kind kind, tb_names names, tb__at at) {
    tb_part *part = new_part(p, kind, at);
    part->names = names;
    return part;
}

static tb_part *duration_part(tb__parse *p, enum tb_part_kind kind, tb__word w, tb__at at) {
    tb_part *part = new_part(p, kind, at);
    part->duration = tb__duration(w.name.text);
    return part;
}

static tb_part *value_part(tb__parse *p, tb__word field, tb__word value, tb__at at) {
    tb_part *part = new_part(p, TB_P_SET, at);
    if (field.name.text.n) part->names = names1(p, field);
    part->value = value.name;
    *TB_PUSH(p->arena, part->values) = value.name;
    switch (value.kind) {
    case TB_V_TEXT: part->value_kind = TB_V_TEXT; break;
    case TB_V_NUMBER: part->value_kind = TB_V_NUMBER; break;
    case TB_V_DATE: part->value_kind = TB_V_DATE; part->day = tb__date(value.name.text); break;
    case TB_V_DURATION: part->value_kind = TB_V_DURATION; part->duration = tb__duration(value.name.text); break;
    case TB_V_TIMES: part->value_kind = TB_V_TIMES; part->number = tb__number(value.name.text); break;
    case TB_V_PERSONS: part->value_kind = TB_V_PERSONS; part->number = tb__number(value.name.text); break;
    default: part->value_kind = TB_V_NAME;
    }
    return part;
}

static tb_clause *new_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head) {
    tb_clause *c = TB_NEW(p->arena, tb_clause);
    *c = (tb_clause){.kind = kind, .span = span(p, head), .head = span(p, head), .day = INT32_MIN, .day_to = INT32_MIN,
                     .minutes = -1, .article = {.law = {"", 0}, .span = span(p, head)}};
    return c;
}

static tb_clause *names_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb_names names) {
    tb_clause *c = new_clause(p, kind, head);
    c->names = names;
    return c;
}

static tb_clause *limit_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb__word w) {
    tb_clause *c = new_clause(p, kind, head);
    c->duration = tb__duration(w.name.text);
    return c;
}

static void add_spell(tb__parse *p, tb_spells *l, tb__word from, tb__word to, tb__at at) {
    *TB_PUSH(p->arena, *l) = (tb_spell){tb__minutes(from.name.text), tb__minutes(to.name.text), span(p, at)};
}

static tb_clause *days_clause(tb__parse *p, enum tb_clause_kind kind, tb__at head, tb__word from, tb__word to) {
    tb_clause *c = new_clause(p, kind, head);
    c->day = tb__date(from.name.text), c->day_to = tb__date(to.name.text);
    return c;
}

static tb_clause *timed(tb_clause *c, tb__word date, int minutes) {
    c->day = tb__date(date.name.text), c->minutes = minutes;
    return c;
}

static void add_part(tb__parse *p, tb_clause *c, const tb_part *part) {
    if (c->pending) tb_report(p->d, TB_E_PENDING_LAST, part->span, TB_NONE, TB_NONE, TB_NONE);
    if (part->kind == TB_P_NONE) { /* 待核 */
        c->pending = true;
        return;
    }
    *TB_PUSH(p->arena, c->parts) = *part;
    if (part->kind == TB_P_BASIS)
        for (uint32_t i = 0; i < part->laws.count; i++) *TB_PUSH(p->arena, c->laws) = part->laws.items[i];
}

static void end_clause(tb__parse *p, tb_clause *c, tb__at at) {
    c->span = span(p, at);
    if (p->tree->sections.count == 0) { /* said once: everything up to the first heading stands in the open */
        if (!p->no_heading) tb_report(p->d, TB_E_NO_HEADING, c->head, TB_NONE, TB_NONE, TB_NONE);
        p->no_heading = true;
        return;
    }
    tb_section *s = &p->tree->sections.items[p->tree->sections.count - 1];
    *TB_PUSH(p->arena, s->clauses) = *c;
}

static tb_section *new_section(tb__parse *p, enum tb_section_kind kind, tb__word name, tb__at at) {
    tb_section *s = TB_NEW(p->arena, tb_section);
    *s = (tb_section){.kind = kind, .span = span(p, at), .name = name.name,
                      .in = no_word.name, .phase = no_word.name, .before = no_word.name, .each = no_word.name,
                      .inserted = no_word.name};
    return s;
}

static void option_once(tb__parse *p, bool taken, const char *zh, const char *en, tb__at at) {
    tb_str word = tb_str_z(p->lang == TB_LANG_EN ? en : zh);
    if (taken) tb_report(p->d, TB_E_OPTION_TWICE, span(p, at), word, TB_NONE, TB_NONE);
}

static void end_section(tb__parse *p, tb_section *s, tb__at at) {
    s->span = span(p, at);
    /* 属 审查阶段 names the phase 审查. */
    static const char *const endings[] = {"阶段", "-phase"};
    for (int i = 0; i < 2; i++)
        if (tb_str_ends(s->phase.text, endings[i]) && s->phase.text.n > strlen(endings[i]))
            s->phase.text.n -= (uint32_t)strlen(endings[i]);
    *TB_PUSH(p->arena, p->tree->sections) = *s;
}

/* ---- conditions: every node knows its height, so that no reader recurses deeper than TB_EXPR_DEPTH ---- */

static const tb_expr *expr(tb__parse *p, enum tb_expr_kind kind, const tb_expr *a, const tb_expr *b, tb__at at) {
    int height = 1 + (a && a->height > (b ? b->height : 0) ? a->height : b ? b->height : 0);
    if (height > TB_EXPR_DEPTH) {
        if (!p->too_deep)
            tb_report(p->d, TB_E_TOO_DEEP, span(p, at), tb_str_printf(p->arena, "%d", (int)TB_EXPR_DEPTH), TB_NONE,
                TB_NONE);
        p->too_deep = true;
        return a;
    }
    tb_expr *x = TB_NEW(p->arena, tb_expr);
    *x = (tb_expr){.kind = kind, .span = span(p, at), .a = a, .b = b, .text = {"", 0}, .day = INT32_MIN,
                   .height = height};
    return x;
}

static tb_expr *leaf(tb__parse *p, enum tb_expr_kind kind, tb_str text, tb__at at) {
    tb_expr *x = TB_NEW(p->arena, tb_expr);
    *x = (tb_expr){.kind = kind, .span = span(p, at), .text = text, .day = INT32_MIN, .height = 1};
    return x;
}

static const tb_expr *named_expr(tb__parse *p, enum tb_expr_kind kind, tb__word w, tb__at at) {
    return leaf(p, kind, w.name.text, at);
}

static const tb_expr *listed_expr(tb__parse *p, enum tb_expr_kind kind, tb__word w, tb_names names, tb__at at) {
    tb_expr *x = leaf(p, kind, w.name.text, at);
    x->names = names;
    return x;
}

static const tb_expr *value_expr(tb__parse *p, tb__word w, tb__at at) {
    static const enum tb_expr_kind kinds[] = {TB_X_NAME, TB_X_NAME, TB_X_TEXT, TB_X_NUMBER, TB_X_DATE};
    tb_expr *x = leaf(p, kinds[w.kind], w.name.text, at);
    if (x->kind == TB_X_DATE) x->day = tb__date(w.name.text);
    return x;
}

static const tb_expr *compared(tb__parse *p, const tb_expr *a, enum tb_compare op, const tb_expr *b, tb__at at) {
    const tb_expr *x = expr(p, TB_X_COMPARE, a, b, at);
    if (x == a) return a; /* too deep, and said */
    tb_expr *with = TB_NEW(p->arena, tb_expr);
    *with = *x;
    with->op = op;
    return with;
}

/* ---- what is said about errors ---- */

/* A token in words: 名称“X”, “，”, 日期 … */
static tb_str symbol_word(tb__parse *p, yysymbol_kind_t kind) {
    bool en = p->lang == TB_LANG_EN;
    switch (kind) {
#define X(token, zh, en_word) \
    case YYSYMBOL_K_##token: return tb_str_printf(p->arena, "“%s”", (en && *en_word) || !*zh ? en_word : zh);
#include "keywords.def"
#undef X
    case YYSYMBOL_YYEOF: return tb_str_z(en ? "the end of the file" : "文件末尾");
    case YYSYMBOL_NAME: return tb_str_z(en ? "a name" : "名称");
    case YYSYMBOL_EVENT: return tb_str_z(en ? "an act “…的”" : "动作“…的，”");
    case YYSYMBOL_BOUND: return tb_str_z(en ? "a bound “…之前”" : "“…之前”");
    case YYSYMBOL_NUMBER: return tb_str_z(en ? "a number" : "数");
    case YYSYMBOL_TEXT: return tb_str_z(en ? "a text “…”" : "引文“…”");
    case YYSYMBOL_DATE: return tb_str_z(en ? "a date" : "日期");
    case YYSYMBOL_TIME: return tb_str_z(en ? "a time of day" : "时刻");
    case YYSYMBOL_MONTH_DAY: return tb_str_z(en ? "a day such as 5月1日" : "月日（如 5月1日）");
    case YYSYMBOL_DURATION: return tb_str_z(en ? "a period" : "期间（如 20个工作日）");
    case YYSYMBOL_TIMES: return tb_str_z(en ? "a count such as 1-times" : "次数（如 1次）");
    case YYSYMBOL_HEADS: return tb_str_z(en ? "a number of persons" : "人数（如 2人）");
    case YYSYMBOL_LAW_REF: return tb_str_z(en ? "a law 《…》" : "《法律》");
    case YYSYMBOL_ARTICLE: return tb_str_z(en ? "an article 第…条" : "第…条");
    case YYSYMBOL_COMMA: return tb_str_z(en ? "“,”" : "“，”");
    case YYSYMBOL_STOP: return tb_str_z(en ? "“.”" : "“。”");
    case YYSYMBOL_COLON: return tb_str_z(en ? "“:”" : "“：”");
    case YYSYMBOL_OPEN: return tb_str_z(en ? "“(”" : "“（”");
    case YYSYMBOL_SHUT: return tb_str_z(en ? "“)”" : "“）”");
    case YYSYMBOL_SEP: return tb_str_z(en ? "“/”" : "“、”");
    case YYSYMBOL_SEMICOLON: return tb_str_z(en ? "“;”" : "“；”");
    default: return tb_str_printf(p->arena, "“%s”", yysymbol_name(kind));
    }
}

/* What stood in the way, with the user's own text where that says more than its kind. */
static tb_str found_word(tb__parse *p, yysymbol_kind_t kind) {
    tb_str text = tb_source_text(p->sources, span(p, p->next.at));
    if (kind == YYSYMBOL_YYEOF || text.n == 0 || text.n > 60) return symbol_word(p, kind);
    bool quoted = tb_str_starts(text, "“") || tb_str_starts(text, "《") || tb_str_starts(text, "「") ||
        tb_str_starts(text, "\"");
    return tb_str_printf(p->arena, quoted ? "%.*s" : "“%.*s”", TB_FMT(text));
}

static bool expects(const yysymbol_kind_t *list, int n, yysymbol_kind_t kind) {
    for (int i = 0; i < n; i++)
        if (list[i] == kind) return true;
    return false;
}

/* At most five alternatives; the marks first, then what carries meaning. */
static tb_str alternatives(tb__parse *p, const yysymbol_kind_t *list, int n) {
    enum { ALTERNATIVES = 5 };
    bool en = p->lang == TB_LANG_EN;
    if (expects(list, n, YYSYMBOL_K_MATTER)) return tb_str_z(en ? "a heading or a clause" : "标题或者一句");
    tb_buf b;
    tb_buf_init(&b, p->arena);
    bool names = expects(list, n, YYSYMBOL_NAME), parts = expects(list, n, YYSYMBOL_K_BASIS);
    int said = 0, all = 0;
    /* NUMBER and TEXT may stand for a name, and after a comma any part may: saying so would only be noise. */
    for (int i = 0; i < n; i++) {
        if (names && (list[i] == YYSYMBOL_NUMBER || list[i] == YYSYMBOL_TEXT)) continue;
        if (parts && list[i] > YYSYMBOL_SEMICOLON) continue;
        if (parts && list[i] == YYSYMBOL_NAME) continue;
        if (list[i] >= YYSYMBOL_LT && list[i] <= YYSYMBOL_BANG) continue; /* signs: the words are said */
        if (!en && (list[i] == YYSYMBOL_K_BEFORE || list[i] == YYSYMBOL_K_WHEN)) continue; /* Chinese has X之前, X的 */
        all++;
        if (said == ALTERNATIVES) continue;
        if (said++) tb_puts(&b, en ? ", " : "、");
        tb_putstr(&b, symbol_word(p, list[i]));
    }
    if (parts && said) tb_puts(&b, en ? ", " : "、");
    if (parts) tb_puts(&b, en ? "a part of the clause" : said ? "分句" : "分句（如 依、限、由、出具、转…）");
    else if (all > said) tb_puts(&b, en ? " …" : "等");
    return tb_buf_str(&b);
}

/* Has the lexer complained about this token, or about what it touches? Then its trouble is no second error. */
static bool said_before(const tb__parse *p, tb_span at) {
    for (uint32_t i = 0; i < p->d->list.count; i++) {
        tb_span said = p->d->list.items[i].span;
        if (said.file == at.file && said.to > said.from && (said.from == at.from || said.to == at.from)) return true;
    }
    return false;
}

/* Did the lexer meet something unreadable in this sentence? What does not fit together then follows from it. */
static bool unreadable_before(const tb__parse *p, tb_span at) {
    for (uint32_t i = 0; i < p->d->list.count; i++) {
        const tb_diagnostic *d = &p->d->list.items[i];
        if (d->span.file == at.file && d->span.from >= p->sentence && d->span.from < at.from &&
            (d->code == TB_E_BAD_CHAR || d->code == TB_E_CONTROL || d->code == TB_E_BAD_UTF8))
            return true;
    }
    return false;
}

/* 3 个工作日, 20 workdays: the number and its unit are one word. */
static void period_hint(tb__parse *p, tb_diagnostic *d, tb_span at) {
    static const char *const zh[] = {"个工作日", "工作日", "个自然日", "自然日", "小时", "个月", "年", NULL},
                             *const en[] = {"workday", "day", "hour", "month", "year", NULL};
    tb_str number = tb_source_text(p->sources, at), text = p->sources->list.items[p->file].text;
    tb__period_hint(p, d, at);
    if (d->hint.n || p->next.kind != NUMBER) return;
    uint32_t from = at.to;
    while (from < text.n && text.p[from] == ' ') from++;
    tb_str rest = {text.p + from, text.n - from};
    for (int i = 0; zh[i]; i++)
        if (tb_str_starts(rest, zh[i])) {
            d->hint = tb_str_printf(p->arena, "数和单位之间不要空格：%.*s%s", TB_FMT(number), zh[i]);
            d->hint_en = tb_str_printf(p->arena, "no blank between number and unit: %.*s%s", TB_FMT(number), zh[i]);
            return;
        }
    for (int i = 0; en[i]; i++)
        if (tb_str_starts(rest, en[i])) {
            d->hint = tb_str_printf(p->arena, "数和单位之间用 - 连接：%.*s-%ss", TB_FMT(number), en[i]);
            d->hint_en = tb_str_printf(p->arena, "join number and unit by a hyphen: %.*s-%ss", TB_FMT(number), en[i]);
            return;
        }
}

/* Does a part of a clause begin so? Then it wants a comma before it. */
static bool begins_part(tb_str word) {
    for (int k = 1; k < TB_P_COUNT; k++)
        for (int lang = 0; lang < 2; lang++)
            if (word.n && tb_str_is(word, tb_part_word((enum tb_part_kind)k, lang ? TB_LANG_EN : TB_LANG_ZH))) return true;
    return false;
}

/* 从, 大于等于, 并且: said in other words. The first of the last few words that is one. */
static bool other_word(tb__parse *p, const yysymbol_kind_t *list, int n, yysymbol_kind_t got) {
    const tb__token *words[] = {&p->last[1], &p->last[0], &p->next};
    for (int i = 0; i < 3; i++) {
        if (words[i]->kind != NAME || words[i]->at.from < p->sentence || (i == 2 && got != YYSYMBOL_NAME)) continue;
        if (i == 2 && expects(list, n, YYSYMBOL_NAME)) continue;
        tb_str meant = tb_other_word(tb_source_text(p->sources, span(p, words[i]->at)));
        if (!meant.n) continue;
        tb_report(p->d, TB_E_MISSPELT, span(p, words[i]->at), words[i]->word.name.text, meant, TB_NONE);
        return true;
    }
    return false;
}

static void hint(tb_diagnostic *d, tb_str zh, tb_str en) {
    d->hint = zh;
    d->hint_en = en;
}

/* A sentence that fits nowhere, and yet a usual slip explains it: what to write instead. */
static void advise(tb__parse *p, tb_diagnostic *d, const yysymbol_kind_t *list, int n, yysymbol_kind_t got) {
    const tb__token *last = &p->last[0];
    tb_span at = d->span;
    tb_arena *a = p->arena;
    tb_str found = tb_source_text(p->sources, at), word = last->word.name.text, all = p->sources->list.items[p->file].text;
    bool new_line = p->last[1].kind == COMMA ? last->opens_line : last->kind == COMMA && p->next.opens_line;
    tb_str date = expects(list, n, YYSYMBOL_DATE) && !expects(list, n, YYSYMBOL_NAME)
                      ? tb_date_meant(a, (tb_str){all.p + at.from, all.n - at.from}) : TB_NONE;
    if (new_line) d->expected = TB_STR("");
    if (new_line)
        hint(d, TB_STR("上一行末尾是“，”；如果这是新的一句，请把它改成“。”"),
             TB_STR("the line before ends with a comma; if this begins a new clause, write a full stop there"));
    else if (date.n)
        hint(d, tb_str_printf(a, "日期写成 %.*s", TB_FMT(date)), tb_str_printf(a, "dates are written %.*s", TB_FMT(date)));
    else if (expects(list, n, YYSYMBOL_DATE) && !expects(list, n, YYSYMBOL_NAME))
        hint(d, TB_STR("日期写成 2026-03-02"), TB_STR("dates are written 2026-03-02"));
    else if (last->kind == NAME && tb_str_ends(word, "的") && expects(list, n, YYSYMBOL_COMMA))
        hint(d, tb_str_printf(a, "动作后面要有逗号：%.*s，", TB_FMT(word)),
             tb_str_printf(a, "an act is followed by a comma: %.*s，", TB_FMT(word)));
    else if (expects(list, n, YYSYMBOL_K_MATTER) &&
             (got == YYSYMBOL_K_FILLED || got == YYSYMBOL_K_UNFILLED || got == YYSYMBOL_K_NOT || got == YYSYMBOL_K_NOT_DONE))
        hint(d, tb_str_printf(a, "条件前面写 若：若 %.*s …", TB_FMT(found)),
             tb_str_printf(a, "a condition begins with if: if %.*s …", TB_FMT(found)));
    else if (expects(list, n, YYSYMBOL_COMMA) && begins_part(found))
        hint(d, tb_str_printf(a, "“%.*s”前面要有“，”", TB_FMT(found)),
             tb_str_printf(a, "write “,” before “%.*s”", TB_FMT(found)));
    else if ((got == YYSYMBOL_EQ || got == YYSYMBOL_K_EQUALS) && expects(list, n, YYSYMBOL_K_IS))
        hint(d, tb_str_printf(a, "给值用 为：%.*s 为 …", TB_FMT(word)), tb_str_printf(a, "a value is given by is: %.*s is …", TB_FMT(word)));
    else if (expects(list, n, YYSYMBOL_BOUND) && got == YYSYMBOL_NAME)
        hint(d, TB_STR("界限写成 X之前，例如 决定之前"), TB_STR("a bound is written “before X”, such as “before decided”"));
}

static int yyreport_syntax_error(const yypcontext_t *context, tb__parse *p) {
    enum { MOST = YYNTOKENS };
    yysymbol_kind_t list[MOST], got = yypcontext_token(context);
    int n = yypcontext_expected_tokens(context, list, MOST);
    if (n < 0) n = 0;
    tb_span at = span(p, p->next.at);
    const tb__token *last = &p->last[0];
    tb_str word = last->word.name.text, found = found_word(p, got);
    if (at.to > at.from && said_before(p, at)) return 0;
    if (unreadable_before(p, at)) return 0;

    /* A keyword glued to the name after it: one of the words just read begins with it. */
    if (got != YYSYMBOL_COMMA && got != YYSYMBOL_STOP) /* these end a sentence that shape.c will look at as a whole */
        for (int i = 0; i < 2; i++) {
            const tb__token *t = i ? &p->last[1] : &p->last[0];
            tb_str glued = t->kind == NAME ? tb__glued_keyword(t->word.name.text) : TB_NONE;
            if (glued.n >= 6 && t->word.name.text.p == p->sources->list.items[p->file].text.p + t->at.from) {
                tb_str rest = {t->word.name.text.p + glued.n, t->word.name.text.n - glued.n};
                tb_report(p->d, TB_E_GLUED, span(p, t->at), glued, rest, TB_NONE);
                return 0;
            }
        }
    if (other_word(p, list, n, got)) return 0;
    /* A word that is nearly a keyword. The name that a sentence's own keyword asks for is none: 环节 受理 is not 环节 代理. */
    bool asked = p->last[1].kind != NAME && p->last[1].at.from == p->sentence;
    if (last->kind == NAME && !asked && (got == YYSYMBOL_DURATION || got == YYSYMBOL_LAW_REF || got == YYSYMBOL_NAME ||
        got == YYSYMBOL_TIMES ||
                               got == YYSYMBOL_HEADS || got == YYSYMBOL_TEXT || got == YYSYMBOL_K_NONE)) {
        tb_str near = tb__near_keyword(word);
        if (near.n) {
            tb_report(p->d, TB_E_MISSPELT, span(p, last->at), word, near, TB_NONE);
            return 0;
        }
    }
    /* A heading whose first word is nearly a keyword: 环接 受理： */
    if (got == YYSYMBOL_COLON && last->kind == NAME && p->last[1].kind == NAME && p->last[1].at.from >= p->sentence) {
        tb_str first = p->last[1].word.name.text, near = tb__near_keyword(first);
        if (near.n) {
            tb_report(p->d, TB_E_MISSPELT, span(p, p->last[1].at), first, near, TB_NONE);
            return 0;
        }
    }
    if (got == YYSYMBOL_YYEOF) {
        tb_diagnostic *d = tb_report(p->d, TB_E_SYNTAX_END, (tb_span){p->file, last->at.to, last->at.to}, TB_NONE,
            TB_NONE, TB_NONE);
        d->expected = alternatives(p, list, n);
        return 0;
    }
    if (got == YYSYMBOL_OPEN && last->kind == NAME && !expects(list, n, YYSYMBOL_OPEN)) {
        tb_report(p->d, TB_E_NAME_PAREN, (tb_span){p->file, last->at.from, at.to}, word, TB_NONE, TB_NONE);
        return 0;
    }
    if (n > 0 && expects(list, n, YYSYMBOL_SHUT)) {
        tb_report(p->d, TB_E_UNCLOSED_PAREN, at, found, TB_NONE, TB_NONE);
        return 0;
    }
    if (expects(list, n, YYSYMBOL_DURATION) && !expects(list, n, YYSYMBOL_STOP)) {
        tb_diagnostic *d = tb_report(p->d, TB_E_NEEDS_DURATION, at, found, TB_NONE, TB_NONE);
        period_hint(p, d, at);
        return 0;
    }
    if (expects(list, n, YYSYMBOL_HEADS)) {
        tb_report(p->d, TB_E_NEEDS_PERSONS, at, found, TB_NONE, TB_NONE);
        return 0;
    }
    if (expects(list, n, YYSYMBOL_NUMBER) && !expects(list, n, YYSYMBOL_TEXT)) {
        tb_report(p->d, TB_E_NEEDS_NUMBER, at, found, TB_NONE, TB_NONE);
        return 0;
    }
    if (got >= YYSYMBOL_K_MATTER && got <= YYSYMBOL_K_CLOSES && expects(list, n, YYSYMBOL_NAME) &&
        (!expects(list, n, YYSYMBOL_STOP) || last->kind >= K_MATTER)) {
        tb_str keyword = tb_source_text(p->sources, at);
        tb_diagnostic *d = tb_report(p->d, TB_E_KEYWORD_NAME, at, keyword, TB_NONE, TB_NONE);
        d->expected = alternatives(p, list, n);
        if (last->kind == SEP && begins_part(keyword))
            hint(d, tb_str_printf(p->arena, "把前面的“、”改成“，”；如果它是名称，写成「%.*s」", TB_FMT(keyword)),
                 tb_str_printf(p->arena, "write “,” before it; if it is meant as a name, write 「%.*s」", TB_FMT(keyword)));
        return 0;
    }
    if (got == YYSYMBOL_NAME && last->kind == NAME) {
        tb_report(p->d, TB_E_SPACED_NAME, at, word, p->next.word.name.text, TB_NONE)->expected =
            alternatives(p, list, n);
        return 0;
    }
    tb_diagnostic *d = tb_report(p->d, TB_E_SYNTAX, at, found, TB_NONE, TB_NONE);
    d->expected = alternatives(p, list, n);
    advise(p, d, list, n, got);
    return 0;
}

/* bison calls this only when its stack is full. */
static void yyerror(const tb__at *at, tb__parse *p, const char *text) {
    (void)text;
    if (!p->too_deep)
        tb_report(p->d, TB_E_TOO_DEEP, span(p, *at), tb_str_printf(p->arena, "%d", (int)TB_EXPR_DEPTH), TB_NONE,
            TB_NONE);
    p->too_deep = true;
}

/* ---- the loop ---- */

/* Could the parser take this token now? (What LAC asks, asked before pushing.) */
static bool takes(yypstate *s, int token) {
    yysymbol_kind_t kind = YYTRANSLATE(token);
    return yy_lac(s->yyesa, &s->yyes, &s->yyes_capacity, s->yyssp, kind) == 0;
}

/* Is the parser in the middle of dropping a broken sentence? Then it stands behind `error` and takes only 。 and ：. */
static bool dropping(yypstate *s) {
    return s->yyerrstatus == 3 && takes(s, STOP) && takes(s, COLON) && !takes(s, COMMA) && !takes(s, NAME);
}

static int push(tb__parse *p, yypstate *s, const tb__token *t) {
    TB__YYSTYPE value = {.word = t->word};
    tb__at at = t->at;
    p->next = *t;
    int status = yypush_parse(s, t->kind, &value, &at, p);
    p->last[2] = p->last[1], p->last[1] = p->last[0], p->last[0] = *t;
    if (t->kind == STOP || t->kind == COLON) p->sentence = t->at.to;
    return status;
}

/* The line before ended without its mark: say so behind its last token, and put the mark in. */
static int supply(tb__parse *p, yypstate *s, int mark) {
    uint32_t end = p->last[0].at.to;
    enum tb_code code = mark == COLON ? TB_E_LOST_COLON : TB_E_LOST_STOP;
    tb_report(p->d, code, (tb_span){p->file, end, end}, TB_NONE, TB_NONE, TB_NONE);
    tb__token t = {.kind = mark, .at = {end, end}, .word = no_word};
    return push(p, s, &t);
}

/* Does nothing but a comment follow on the line? *at moves over the blanks. */
static bool ends_line(tb_str text, uint32_t *at) {
    while (*at < text.n && strchr(" \t\r", text.p[*at]) && text.p[*at]) ++*at;
    return *at == text.n || text.p[*at] == '\n' || text.p[*at] == '#';
}

/* The word at a place of the text, up to what ends words. */
static tb_str word_from(tb_str text, uint32_t at) {
    static const char *const ends[] = {" ", "\t", "\r", "\n", "，", ",", "。", "、", "；", ";", "：", "（", "《", "“", NULL};
    uint32_t to = at;
    for (bool more = true; more && to < text.n; to += more) {
        tb_str rest = {text.p + to, text.n - to};
        for (int i = 0; ends[i] && more; i++) more = !tb_str_starts(rest, ends[i]);
    }
    return (tb_str){text.p + at, to - at};
}

/* “；” is said and read as what was meant: 。 at the end of a line; inside, 、 between names and ， before what begins
 * another part. */
static int semicolon(tb__parse *p, yypstate *s, const tb__token *t) {
    const tb_source *in = &p->sources->list.items[p->file];
    uint32_t at = t->at.to;
    bool ends = ends_line(in->text, &at);
    bool names = !ends && p->last[0].kind == NAME && takes(s, SEP) && !tb__keyword(word_from(in->text, at));
    tb_diagnostic *d = tb_report(p->d, TB_E_SEMICOLON, span(p, t->at), TB_NONE, TB_NONE, TB_NONE);
    hint(d, tb_str_printf(p->arena, "这里请写“%s”；几个名称用“、”，句中用“，”，句末用“。”", ends ? "。" : names ? "、" : "，"),
         tb_str_printf(p->arena, "write “%s” here: “/” between names, “,” inside a sentence, “.” at its end",
                       ends ? "." : names ? "/" : ","));
    return ends ? STOP : names ? SEP : COMMA;
}

/* 环节 补正。 at the margin is a heading, 办理人 受理员： within it a clause: the wrong mark is said and read as the right
 * one. */
static int end_mark(tb__parse *p, yypstate *s, const tb__token *t) {
    int other = t->kind == STOP ? COLON : STOP;
    uint32_t at = t->at.to;
    if (!ends_line(p->sources->list.items[p->file].text, &at)) return t->kind;
    if (takes(s, t->kind) || !takes(s, other) || p->heading_at_margin != (other == COLON)) return t->kind;
    tb_diagnostic *d =
        tb_report(p->d, other == COLON ? TB_E_LOST_COLON : TB_E_LOST_STOP, span(p, t->at), TB_NONE, TB_NONE, TB_NONE);
    if (other == COLON) hint(d, TB_STR("标题用“：”结束：把这里的“。”改成“：”"), TB_STR("a heading ends with “:”: write it in place of “.”"));
    else hint(d, TB_STR("一句用“。”结束：把这里的“：”改成“。”"), TB_STR("a clause ends with “.”: write it in place of “:”"));
    return other;
}

void tb__parse_run(tb__parse *p) {
    /* What yypstate_new() does, but from the arena and with all the room LAC's own stack can ever need. */
    yypstate *s = TB_NEW(p->arena, yypstate);
    s->yystacksize = YYINITDEPTH;
    s->yyss = s->yyssa, s->yyvs = s->yyvsa, s->yyls = s->yylsa;
    s->yyes_capacity = 4 * YYMAXDEPTH;
    s->yyes = TB_NEW_ARRAY(p->arena, 4 * YYMAXDEPTH, yy_state_t);
    yypstate_clear(s);
    int status = YYPUSH_MORE;
    while (status == YYPUSH_MORE) {
        tb__token t = tb__lex_next(&p->lexer);
        if (t.kind >= TB__COMMENT) continue;
        if (t.kind == SEMICOLON) t.kind = semicolon(p, s, &t);
        int before = p->last[0].kind;
        bool opens = (t.opens_line || t.kind == 0) && before != COMMA && before != SEP && before != 0;
        if (opens && dropping(s)) {
            tb__token end = {.kind = STOP, .at = {p->last[0].at.to, p->last[0].at.to}, .word = no_word};
            status = push(p, s, &end);
        } else if (opens && before != STOP && before != COLON) {
            bool stop = takes(s, STOP), colon = takes(s, COLON);
            /* 日历 全国 may be a heading or a clause: what stands at the margin is a heading. */
            int mark = colon && (!stop || p->heading_at_margin) ? COLON : STOP;
            /* A name after a name may be a type, but not on the next line. */
            bool starts = t.kind == NAME || t.kind == DATE || t.kind == ARTICLE;
            if ((stop || colon) && (starts || !takes(s, t.kind))) status = supply(p, s, mark);
        }
        if (t.opens_line) p->heading_at_margin = tb_source_place(p->sources, p->file, t.at.from).column == 1;
        if (status == YYPUSH_MORE && (t.kind == STOP || t.kind == COLON)) t.kind = end_mark(p, s, &t);
        if (status == YYPUSH_MORE) status = push(p, s, &t);
    }
}
