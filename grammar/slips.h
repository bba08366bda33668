/* What was meant by words that the language spells otherwise: 从 for 自, 大于等于 for 不小于, 三天, 2026年2月1日. */
#ifndef TB_SLIPS_H
#define TB_SLIPS_H
#include "arena.h"

/* The keyword for what other texts call so; empty: none. */
tb_str tb_other_word(tb_str word);
/* The period that begins a text, as the language writes it: 一个工作日 → 1个工作日. Empty: none, or it does not say which days. */
tb_str tb_period_meant(tb_arena *a, tb_str text);
/* The date that begins a text, as the language writes it: 2026年2月1日, 2026/2/1 → 2026-02-01. Empty: none. */
tb_str tb_date_meant(tb_arena *a, tb_str text);
/* The number that begins a text, in digits: 三百 → 300, 300平方米 → 300. Empty: none. */
tb_str tb_number_meant(tb_arena *a, tb_str text);
#endif
