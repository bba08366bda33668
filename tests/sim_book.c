/* The rules of a world as its people know them: which matters there are, what their forms ask, who works where, which
 * days are holidays; and the outside services that the matters call, which remember what they were asked. */
#include "sim_people.h"
#include <dirent.h>

static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = sim_alloc(1 << 18);
    size_t n = fread(text, 1, (1 << 18) - 1, f);
    text[n] = '\0';
    fclose(f);
    char *fit = sim_text("%s", text);
    sim_give_back(text, 1 << 18);
    return fit;
}

const char *sim_between_texts(const char *from, const char *a, const char *b) { /* a copy; NULL */
    const char *at = strstr(from, a), *end = at ? strstr(at + strlen(a), b) : NULL;
    return end ? sim_text("%.*s", (int)(end - at - (int)strlen(a)), at + strlen(a)) : NULL;
}

/* "a、b、c" */
static int split(const char *text, const char **out, int most) {
    int n = 0;
    while (text && *text && n < most) {
        const char *end = strstr(text, "、");
        out[n++] = end ? sim_text("%.*s", (int)(end - text), text) : sim_text("%s", text);
        text = end ? end + strlen("、") : NULL;
    }
    return n;
}

static void learn_services(const char *text) {
    for (const char *at = text; (at = strstr(at, "外部接口 ")) && book->service_count < INTERFACES; at++) {
        const char *name = sim_between_texts(at, "外部接口 ", "："), *words = sim_between_texts(at, "回复 ", "。");
        service *s = &book->services[book->service_count];
        bool known = false;
        for (int i = 0; i < book->service_count; i++) known |= strcmp(book->services[i].name, name) == 0;
        if (!words || known || strlen(name) > 90) continue;
        s->name = name;
        s->count = split(words, s->words, REPLIES);
        for (int i = 0; i < s->count; i++) {
            const char *stated = strstr(text, sim_text("答复%s的，载明 ", s->words[i]));
            const char *list = stated ? sim_between_texts(stated, "载明 ", "，") : NULL, *names[8];
            int n = split(list, names, 8);
            char *json = sim_text("{");
            for (int k = 0; k < n; k++) json = sim_text("%s%s\"%s\":\"77\"", json, k ? "," : "", names[k]);
            s->contents[i] = sim_text("%s}", json);
        }
        book->service_count++;
    }
}

static void add_base(const char *path) {
    if (strncmp(path, "../", 3) == 0) path += 3; /* as files below rules/ say it */
    for (int i = 0; i < book->base_count; i++)
        if (strcmp(book->base[i].path, path) == 0) return;
    char *text = slurp(sim_text("rules/%s", path));
    if (!text || book->base_count == 16) return;
    book->base[book->base_count].path = path;
    book->base[book->base_count++].text = text;
    learn_services(text);
    const char *line = strstr(text, "引用 "), *end = line ? strstr(line, "。") : NULL;
    for (const char *at = line; at && (at = strstr(at, "“")) && at < end; at++)
        add_base(sim_between_texts(at, "“", "”"));
}

static void add_text(const char *path, const char *text, sim_draft *draft) {
    int file = book->count;
    if (!text) return;
    const char *line = strstr(text, "引用 "), *end = line ? strstr(line, "。") : NULL;
    for (const char *at = line; at && (at = strstr(at, "“")) && at < end; at++)
        add_base(sim_between_texts(at, "“", "”"));
    learn_services(text);
    for (const char *at = text; (at = strstr(at, "\n事项 ")) && book->count < MATTERS; at++) {
        const char *name = sim_between_texts(at, "\n事项 ", "：");
        if (strchr(name, '\n')) continue;
        book->matters[book->count++] =
            (matter){.name = name, .text = text, .path = path, .draft = draft, .file = file, .version = 1};
    }
}

static void add_matter(const char *path) { add_text(path, slurp(path), NULL); }

static void add_random(int number) {
    const char *text = NULL;
    sim_draft *draft = sim_draft_new(number, &text);
    if (draft) add_text(sim_text("random/随机%d.tb", number), text, draft);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_rules(const struct dirent *e) { return strstr(e->d_name, ".tb") != NULL; }

/* One file of a directory. */
static void add_any(const char *directory) {
    struct dirent **list;
    int n = scandir(directory, &list, is_rules, by_name), which = n > 0 ? (int)sim_below((uint64_t)n) : 0;
    for (int i = 0; i < n; i++) {
        if (i == which) add_matter(sim_text("%s/%s", directory, list[i]->d_name));
        free(list[i]);
    }
    if (n >= 0) free(list);
}

/* A calendar of its own each time: another holiday moves due dates of open cases. */
const char *sim_calendar(void) {
    char *text = sim_text("日历 全国：\n  年度 2026，依 “测试”。\n");
    for (int month = 3; month <= 12; month++)
        if (sim_chance(30)) text = sim_text("%s  放假 2026-%02d-%02d，测试。\n", text, month, (int)sim_between(1, 28));
    if (sim_chance(50)) text = sim_text("%s\n  年度 2027，依 “测试”。\n", text);
    return text;
}

void sim_book_born(void) {
    book = sim_alloc(sizeof *book);
    add_base("组织/山东省.tb");
    add_base("组织/枣庄市.tb");
    add_base("组织/枣庄市市中区.tb");
    if (sim_chance(50)) add_matter("tests/matters/外部接口.tb");
    if (sim_chance(60)) add_any("tests/matters");
    for (int n = (int)sim_between(1, 3); n > 0; n--) add_random(n);
    if (sim_chance(7)) add_any("rules/事项");
    if (!book->count) add_matter("tests/matters/外部接口.tb");
    char *json = sim_text("{");
    for (int i = 0; i < book->service_count; i++)
        json = sim_text("%s%s\"%s\":{\"url\":\"http://service/%d\",\"timeout_ms\":%d}", json, i ? "," : "",
                        book->services[i].name, i, (int)sim_between(500, 30000));
    book->interfaces = sim_text("%s}", json);
}

const char *sim_interfaces(void) { return book->interfaces; }

/* ---- the services ---- */

static sim_call **chain_of(const char *key) { return &world->calls_by_key[sim_hash(1, key, strlen(key)) % SIM_CALLS]; }

sim_call *sim_call_of(const char *key) {
    for (sim_call *c = *chain_of(key); c; c = c->same)
        if (strcmp(c->key, key) == 0) return c;
    return NULL;
}

static sim_reaction say(const char *json, int status) {
    return (sim_reaction){.answers = true,
                          .status = status,
                          .body = sim_text("%s", json),
                          .delay = sim_once_in(10) ? sim_between(1, 20000) : sim_between(1, 300)};
}

sim_reaction sim_service(const char *key, const char *url, const char *body, size_t n) {
    const service *s = &book->services[atoi(strrchr(url, '/') + 1)];
    sim_call *c = sim_call_of(key);
    if (!c) {
        c = sim_alloc(sizeof *c);
        int word = (int)sim_below((uint64_t)s->count);
        *c = (sim_call){.next = world->calls,
                        .same = *chain_of(key),
                        .key = sim_text("%s", key),
                        .body = sim_text("%.*s", (int)n, body),
                        .reply = sim_text("{\"reply\":\"%s\",\"content\":%s}", s->words[word], s->contents[word]),
                        .id = sim_between_texts(body, "\"id\":\"", "\"")};
        world->calls = *chain_of(key) = c;
    }
    c->times++;
    world->counts.calls++;
    if (strlen(c->body) != n || memcmp(c->body, body, n) != 0)
        sim_fail("a service was asked for two things under the key %s:\n  %s\n  %.*s", key, c->body, (int)n, body);
    int luck = world->healing ? 10 : (int)sim_below(100);
    if (luck < 4) c->owes = true; /* and will say it once more by itself */
    if (luck < 60) return say(c->reply, 200);
    if (luck < 70) {
        c->owes = true;
        return say("{}", 202);
    }
    if (luck < 78) return (sim_reaction){.answers = true, .delay = sim_between(1, 500)}; /* the connection fails */
    if (luck < 86) return (sim_reaction){.answers = false};
    if (luck < 92) return say("", 503);
    if (luck < 94) return say("{\"error\":1}", 400);
    if (luck < 97) return say("not JSON at all", 200);
    return say("{\"reply\":\"没有这种答复\"}", 200);
}

/* ---- texts ---- */

char *sim_encoded(const char *text) { /* for a path */
    char *out = sim_alloc(3 * strlen(text) + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p > 0x7f || *p <= ' ' || strchr("%?#/\"", *p)) to += sprintf(to, "%%%02X", *p);
        else *to++ = (char)*p;
    }
    return out;
}

char *sim_quoted(const char *text) { /* as JSON */
    char *out = sim_alloc(2 * strlen(text) + 3), *to = out;
    *to++ = '"';
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\') *to++ = '\\', *to++ = *p;
        else if (*p == '\n') *to++ = '\\', *to++ = 'n';
        else if (*p == '\r') *to++ = '\\', *to++ = 'r';
        else if (*p == '\t') *to++ = '\\', *to++ = 't';
        else *to++ = *p;
    }
    *to++ = '"';
    return out;
}

/* ---- forms ---- */

/* A value of a type: one that will do, most times. */
static const char *value_of(const field *f, const char *type) {
    if (strcmp(type, "整数") == 0) return sim_text("%d", (int)sim_between(1, 400));
    if (strcmp(type, "小数") == 0 || strcmp(type, "金额") == 0) return sim_text("\"%d\"", (int)sim_between(1, 600));
    if (strcmp(type, "是否") == 0) return sim_chance(50) ? "true" : "false";
    if (strcmp(type, "日期") == 0)
        return sim_text("\"2026-%02d-%02d\"", (int)sim_between(1, 12), (int)sim_between(1, 28));
    if (strcmp(type, "时刻") == 0)
        return sim_text("\"2026-%02d-%02dT10:00:00+08:00\"", (int)sim_between(1, 12), (int)sim_between(1, 28));
    if (strcmp(type, "地址") == 0) return "{\"区划\":\"370402\",\"详址\":\"光明路1号\"}";
    if (strcmp(type, "区划") == 0) return "\"370402\"";
    if (strcmp(type, "身份证") == 0) return "\"11010519491231002X\"";
    if (strcmp(type, "统一社会信用代码") == 0) return "\"11370800MB28559184\"";
    if (strcmp(type, "手机号") == 0) return "\"13800000000\"";
    if (strcmp(type, "选项") == 0 && f->option_count)
        return sim_text("\"%s\"", f->options[sim_below((uint64_t)f->option_count)]);
    return sim_text("\"文%d\"", (int)sim_below(1000));
}

const char *sim_form_of(const matter *m) {
    char *out = sim_text("{");
    bool any = false;
    for (int i = 0; i < m->field_count; i++) {
        const field *f = &m->fields[i];
        if (!f->required && sim_chance(60)) continue;
        const char *value;
        if (strcmp(f->type, "列表") == 0) {
            int n = (int)sim_between(1, 3);
            char *list = sim_text("[");
            for (int k = 0; k < n; k++) list = sim_text("%s%s%s", list, k ? "," : "", value_of(f, f->item));
            value = sim_text("%s]", list);
        } else {
            value = value_of(f, f->type);
        }
        out = sim_text("%s%s\"%s\":%s", out, any ? "," : "", f->name, value);
        any = true;
    }
    return sim_text("%s}", out);
}

/* ---- other days, other people ---- */

/* The district with other people: some have left, one has come, and some days somebody stands in for another. */
const char *sim_other_people(const char *text) {
    char *out = sim_text("%s", "");
    for (const char *at = text, *end; *at; at = end) {
        const char *line_end = strchr(at, '\n');
        end = line_end ? line_end + 1 : at + strlen(at);
        if (strncmp(at, "  人员 ", strlen("  人员 ")) == 0 && sim_once_in(25)) continue;
        out = sim_text("%s%.*s", out, (int)(end - at), at);
    }
    int month = (int)sim_between(1, 12), day = (int)sim_between(1, 20);
    if (sim_chance(50))
        out = sim_text("%s  人员 新来%d，岗位 审查员、受理员，机构 市中区行政审批服务局。\n", out, (int)sim_below(100));
    if (sim_chance(50) && strstr(out, "  人员 王审查") && strstr(out, "  人员 褚审查"))
        out = sim_text("%s  代理 王审查，由 褚审查，岗位 审查员，自 2026-%02d-%02d 至 2026-%02d-28，依 “测试”。\n", out,
                       month, day, month);
    return out;
}

/* ---- what the server tells of a matter ---- */

const char *sim_keep(tb_str s) { return sim_text("%.*s", TB_FMT(s)); }

int sim_learn(matter *m, tb_arena *a, tb_str body) {
    const tb_json *o = tb_json_read(a, body, NULL, NULL), *versions = o ? tb_json_get(o, "versions") : NULL;
    if (!versions || !versions->count) return TB_FAILED;
    const tb_json *v = &versions->items[0], *form = tb_json_get(v, "form"), *modes = tb_json_get(v, "modes"),
                  *materials = tb_json_get(v, "materials");
    m->field_count = m->mode_count = m->material_count = 0;
    for (uint32_t i = 0; form && i < form->count && i < FIELDS; i++) {
        const tb_json *f = &form->items[i], *options = tb_json_get(f, "options"),
                      *required = tb_json_get(f, "required"), *item = tb_json_get(f, "item");
        field *to = &m->fields[m->field_count++];
        *to = (field){.name = sim_keep(tb_json_text(f, "name")),
                      .type = sim_keep(tb_json_text(f, "type")),
                      .item = "文本",
                      .required = (required && required->kind == TB_JSON_TRUE) || tb_json_get(f, "required_when")};
        if (item) to->item = sim_keep(item->kind == TB_JSON_STR ? item->text : tb_json_text(item, "type"));
        for (uint32_t k = 0; options && k < options->count && k < 8; k++)
            to->options[to->option_count++] = sim_keep(options->items[k].text);
    }
    for (uint32_t i = 0; modes && i < modes->count && i < MODES; i++)
        m->modes[m->mode_count++] = sim_keep(modes->items[i].text);
    for (uint32_t i = 0; materials && i < materials->count && i < FIELDS; i++)
        m->materials[m->material_count++] = sim_keep(tb_json_text(&materials->items[i], "name"));
    m->known = true;
    return TB_OK;
}

const matter *sim_matter_called(tb_str name) {
    for (int i = 0; i < book->count; i++)
        if (tb_str_is(name, book->matters[i].name)) return &book->matters[i];
    return NULL;
}
