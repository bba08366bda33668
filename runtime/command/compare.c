/* tongban compare: two places' matters side by side, for whoever must find the same service at both (无差别受理、同标准
 * 办理). The comparison is the one 遵循 proves (engine/proof/follow.h), asked both ways: each row is one thing in which one
 * of the two gives the applicant more trouble, or may. Each side is compiled with the rules directory above it, since
 * two places have two. */
#include "canonical.h"
#include "proof/follow.h"
#include "workspace.h"
#include <string.h>

typedef struct side {
    tb_workspace w;
    const tb_program *p;
    tb_str name; /* 市中区/食品经营许可核发: what tells the two apart */
} side;

/* FILE or FILE#MATTER. TB_OK, or how the command ends. */
static int open_side(tb_line *line, const char *argument, side *s) {
    tb_line one = *line;
    const char *hash = strrchr(argument, '#');
    tb_str path = hash ? tb_str_copy(line->arena, (tb_str){argument, (uint32_t)(hash - argument)}) : tb_str_z(argument);
    one.args[0] = path.p;
    one.count = 1;
    tb_buf_init(&one.out, line->arena);
    if (tb__workspace_open(&one, &s->w)) return TB_EXIT_FAILED;
    if (s->w.rules->diagnostics.errors) {
        tb__workspace_tell(&one, &s->w);
        if (one.out.n) tb_put(&line->out, one.out.p, one.out.n);
        return tb_line_error(line, "%.*s 有错误，改好了才能比", "%.*s has errors; correct them first", TB_FMT(path));
    }
    uint32_t found = 0;
    tb_buf names;
    tb_buf_init(&names, line->arena);
    for (uint32_t i = 0; i < s->w.rules->programs.count; i++) {
        const tb_program *p = s->w.rules->programs.items[i];
        if (hash && !tb_str_is(p->matter, hash + 1)) continue;
        if (found++) tb_puts(&names, "、");
        tb_putstr(&names, p->matter);
        s->p = p;
    }
    if (found == 1) return TB_OK;
    if (!found) return tb_line_error(line, "%s 里没有这个事项", "there is no such matter in %s", argument);
    return tb_line_error(line, "%.*s 里有几个事项，写成 文件#事项：%s",
                         "%.*s holds several matters, write FILE#MATTER: %s", TB_FMT(path), names.p);
}

/* Two matters of one name are told apart by where they are. */
static void name_sides(tb_line *line, side *s) {
    for (int i = 0; i < 2; i++) s[i].name = s[i].p->matter;
    if (!tb_str_eq(s[0].name, s[1].name)) return;
    for (int i = 0; i < 2; i++)
        s[i].name = s[i].p->authority.n && !tb_str_eq(s[0].p->authority, s[1].p->authority)
                        ? s[i].p->authority
                        : tb_str_copy(line->arena, tb_str_z(line->args[i]));
}

/* Undecided both ways is one row. */
static bool said(const tb_differences *all, const tb_difference *x) {
    for (uint32_t i = 0; i < all->list.count; i++) {
        const tb_difference *y = &all->list.items[i];
        if (!x->proved && !y->proved && x->aspect == y->aspect && tb_str_eq(x->subject, y->subject)) return true;
    }
    return false;
}

static tb_str place_of(tb_line *line, const tb_program *p, tb_span span) { return tb_span_text(line->arena, p, span); }

static void put_json(tb_line *line, const side *s, const tb_differences *ways) {
    tb_buf *b = &line->out;
    uint32_t rows = 0;
    tb_puts(b, "{\"matters\":[");
    for (int i = 0; i < 2; i++) {
        tb_puts(b, i ? ",{\"matter\":" : "{\"matter\":");
        tb_json_put_text(b, s[i].p->matter);
        tb_puts(b, ",\"version\":");
        tb_json_put_text(b, s[i].p->version);
        tb_puts(b, ",\"file\":");
        tb_json_put_text(b, tb_str_z(line->args[i]));
        tb_puts(b, "}");
    }
    tb_puts(b, "],\"differences\":[");
    for (int way = 0; way < 2; way++)
        for (uint32_t i = 0; i < ways[way].list.count; i++) {
            const tb_difference *x = &ways[way].list.items[i];
            if (way && said(&ways[0], x)) continue;
            tb_puts(b, rows++ ? ",{\"aspect\":" : "{\"aspect\":");
            tb_json_put_text(b, tb_str_z(tb_aspect_word(x->aspect, line->lang == TB_LANG_EN)));
            tb_puts(b, ",\"subject\":");
            tb_json_put_text(b, x->subject);
            tb_puts(b, ",\"first\":");
            tb_json_put_text(b, way ? x->there : x->here);
            tb_puts(b, ",\"second\":");
            tb_json_put_text(b, way ? x->here : x->there);
            tb_putf(b, ",\"stricter\":%s,\"places\":[", !x->proved ? "null" : way ? "\"second\"" : "\"first\"");
            tb_json_put_text(b, place_of(line, s[0].p, way ? x->other : x->at));
            tb_puts(b, ",");
            tb_json_put_text(b, place_of(line, s[1].p, way ? x->at : x->other));
            tb_puts(b, "]}");
        }
    tb_puts(b, "]}\n");
}

static uint32_t put_table(tb_line *line, const side *s, const tb_differences *ways) {
    tb_table t = {.columns = 5};
    uint32_t rows = 0;
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "方面", "aspect")));
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "名称", "subject")));
    for (int i = 0; i < 2; i++) tb_table_cell(line, &t, s[i].name);
    tb_table_cell(line, &t, tb_str_z(tb_line_say(line, "更严的", "stricter")));
    for (int way = 0; way < 2; way++)
        for (uint32_t i = 0; i < ways[way].list.count; i++) {
            const tb_difference *x = &ways[way].list.items[i];
            if (way && said(&ways[0], x)) continue;
            rows++;
            tb_table_cell(line, &t, tb_str_z(tb_aspect_word(x->aspect, line->lang == TB_LANG_EN)));
            tb_table_cell(line, &t, x->subject);
            tb_table_cell(line, &t, way ? x->there : x->here);
            tb_table_cell(line, &t, way ? x->here : x->there);
            tb_table_cell(line, &t, x->proved ? s[way].name : tb_str_z(tb_line_say(line, "比不出", "not decided")));
        }
    if (rows) tb_table_put(line, &t);
    return rows;
}

static int run(tb_line *line) {
    side s[2] = {0};
    tb_differences ways[2] = {0};
    bool en = line->lang == TB_LANG_EN;
    for (int i = 0; i < 2; i++) {
        int failed = open_side(line, line->args[i], &s[i]);
        if (failed) return failed;
    }
    name_sides(line, s);
    tb_stricter(line->arena, s[0].p, s[1].p, en, &ways[0]);
    tb_stricter(line->arena, s[1].p, s[0].p, en, &ways[1]);
    if (line->json) {
        put_json(line, s, ways);
        return ways[0].list.count || ways[1].list.count ? TB_EXIT_FOUND : TB_EXIT_CLEAN;
    }
    if (!put_table(line, s, ways)) {
        tb_putf(&line->out,
                tb_line_say(line, "%.*s 和 %.*s 对申请人一样\n", "%.*s and %.*s treat the applicant alike\n"),
                TB_FMT(s[0].name), TB_FMT(s[1].name));
        return TB_EXIT_CLEAN;
    }
    return TB_EXIT_FOUND;
}

const tb_command tb__command_compare = {
    .name = "compare",
    .arguments = "文件[#事项] 文件[#事项]",
    .least = 2,
    .most = 2,
    .run = run,
    .zh = "比对两个事项：期限、模式、要填的、要交的、会不予的，哪边更严",
    .en = "compare two matters: limits, modes, form, materials, refusals; which is stricter",
    .more_zh = "一样的退出码是 0，有差别是 1。名称相同的才算同一份材料、同一个动作；复杂的条件比不出时照实说明。\n"
               "例：tongban compare 甲区/事项/食品经营许可.tb 乙区/事项/食品经营许可.tb",
    .more_en =
        "Exits with 0 when they are alike, 1 when they differ. Things are the same when they bear the same name.",
};
