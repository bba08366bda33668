/* See mask.h. */
#include "mask.h"
#include <string.h>

enum { ID_NUMBER = 18, PHONE_NUMBER = 11, HEAD = 3, TAIL = 4, SECRET_LEAST = 6 /* bytes: two Han characters */ };

typedef struct secret {
    tb_str text, shown;
} secret;
struct tb_mask {
    tb_arena *a;
    const tb_program *p;
    TB_LIST(secret) secrets;
};

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* The first three and the last four stay, when that leaves something to hide. */
static tb_str mask_number(tb_arena *a, tb_str text) {
    if (text.n < HEAD + TAIL + 1) return TB_STR("***");
    char *out = tb_alloc(a, text.n + 1);
    memset(out, '*', text.n);
    memcpy(out, text.p, HEAD);
    memcpy(out + text.n - TAIL, text.p + text.n - TAIL, TAIL);
    out[text.n] = '\0';
    return (tb_str){out, text.n};
}

/* The first character stays; how many follow is not told. */
static tb_str mask_words(tb_arena *a, tb_str text) {
    uint32_t n = text.n ? 1 : 0;
    while (n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80) n++;
    return text.n > n ? tb_str_printf(a, "%.*s**", (int)n, text.p) : TB_STR("***");
}

static bool hidden(const tb_field *f) {
    enum tb_type t = f->type == TB_T_LIST ? f->item : f->type;
    return f->sensitive || t == TB_T_ID_CARD || t == TB_T_PHONE;
}

static tb_json mask_as(tb_mask *m, enum tb_type type, const tb_json *v) {
    if (v->kind == TB_JSON_ARRAY) {
        tb_json *items = TB_NEW_ARRAY(m->a, v->count + 1u, tb_json);
        for (uint32_t i = 0; i < v->count; i++) items[i] = mask_as(m, type, &v->items[i]);
        return tb_json_of_array(items, v->count);
    }
    if (v->kind == TB_JSON_OBJECT) { /* 地址 */
        tb_json_maker out;
        tb_json_begin(&out, m->a);
        for (uint32_t i = 0; i < v->count; i++)
            tb_json_add(&out, v->keys[i], tb_str_is(v->keys[i], "区划") ? v->items[i] : tb_json_of_text(TB_STR("***")));
        return tb_json_done(&out);
    }
    if (v->kind != TB_JSON_STR) return tb_json_of_text(TB_STR("***"));
    if (type == TB_T_ID_CARD || type == TB_T_PHONE) return tb_json_of_text(mask_number(m->a, v->text));
    return tb_json_of_text(type == TB_T_TEXT ? mask_words(m->a, v->text) : TB_STR("***"));
}

static const tb_field *field_of(const tb_program *p, tb_str name) {
    for (uint32_t i = 0; i < p->fields.count; i++)
        if (tb_str_eq(p->fields.items[i].name, name)) return &p->fields.items[i];
    return NULL;
}

/* What is to be found again elsewhere: texts, and the texts in lists and addresses. */
static void keep_secrets(tb_mask *m, const tb_json *clear, const tb_json *shown) {
    if (clear->kind == TB_JSON_STR && shown->kind == TB_JSON_STR) {
        if (clear->text.n >= SECRET_LEAST && !tb_str_eq(clear->text, shown->text))
            *TB_PUSH(m->a, m->secrets) = (secret){clear->text, shown->text};
        return;
    }
    for (uint32_t i = 0; i < clear->count && i < shown->count; i++) keep_secrets(m, &clear->items[i], &shown->items[i]);
}

tb_mask *tb_mask_begin(tb_arena *a, const tb_program *p, const tb_json *form) {
    tb_mask *m = TB_NEW(a, tb_mask);
    m->a = a;
    m->p = p;
    for (uint32_t i = 0; i < form->count; i++) {
        const tb_field *f = field_of(p, form->keys[i]);
        if (!f || !hidden(f)) continue;
        tb_json shown = mask_as(m, f->type == TB_T_LIST ? f->item : f->type, &form->items[i]);
        keep_secrets(m, &form->items[i], &shown);
    }
    return m;
}

void tb_mask_in(tb_mask *m, tb_arena *a) { m->a = a; }

tb_json tb_mask_form(tb_mask *m, const tb_json *form) {
    tb_json_maker out;
    tb_json_begin(&out, m->a);
    for (uint32_t i = 0; i < form->count; i++) {
        const tb_field *f = field_of(m->p, form->keys[i]);
        tb_json v = f && hidden(f) ? mask_as(m, f->type == TB_T_LIST ? f->item : f->type, &form->items[i])
                    : f && f->type == TB_T_CREDIT_CODE ? form->items[i] /* of a company, and public */
                                                       : tb_mask_value(m, &form->items[i]);
        tb_json_add(&out, form->keys[i], v);
    }
    return tb_json_done(&out);
}

tb_json tb_mask_value(tb_mask *m, const tb_json *v) {
    if (v->kind == TB_JSON_STR) return tb_json_of_text(tb_mask_text(m, v->text));
    if (v->kind == TB_JSON_ARRAY) {
        tb_json *items = TB_NEW_ARRAY(m->a, v->count + 1u, tb_json);
        for (uint32_t i = 0; i < v->count; i++) items[i] = tb_mask_value(m, &v->items[i]);
        return tb_json_of_array(items, v->count);
    }
    if (v->kind != TB_JSON_OBJECT) return *v;
    tb_json_maker out;
    tb_json_begin(&out, m->a);
    for (uint32_t i = 0; i < v->count; i++) tb_json_add(&out, v->keys[i], tb_mask_value(m, &v->items[i]));
    return tb_json_done(&out);
}

static const secret *secret_at(const tb_mask *m, tb_str rest) {
    for (uint32_t i = 0; i < m->secrets.count; i++) {
        const secret *s = &m->secrets.items[i];
        if (rest.n >= s->text.n && memcmp(rest.p, s->text.p, s->text.n) == 0) return s;
    }
    return NULL;
}

/* How many bytes from here are a number that only a person has; 0: none. `rest` begins a run of digits. */
static uint32_t number_at(tb_str rest) {
    uint32_t n = 0;
    while (n < rest.n && digit(rest.p[n])) n++;
    if (n == ID_NUMBER - 1 && n < rest.n && (rest.p[n] | 0x20) == 'x') return ID_NUMBER;
    if (n == ID_NUMBER) return n;
    return n == PHONE_NUMBER && rest.p[0] == '1' && rest.p[1] >= '3' ? n : 0;
}

tb_str tb_mask_text(tb_mask *m, tb_str text) {
    tb_buf b;
    tb_buf_init(&b, m->a);
    for (uint32_t i = 0; i < text.n;) {
        tb_str rest = {text.p + i, text.n - i};
        const secret *s = secret_at(m, rest);
        bool begins = digit(rest.p[0]) && (i == 0 || !digit(text.p[i - 1]));
        uint32_t n = s ? s->text.n : begins ? number_at(rest) : 0;
        if (s) tb_putstr(&b, s->shown);
        else if (n) tb_putstr(&b, mask_number(m->a, (tb_str){rest.p, n}));
        else tb_put(&b, rest.p, n = 1);
        i += n;
    }
    return tb_buf_str(&b);
}

tb_str tb_mask_fields(tb_arena *a, const tb_program *p, const tb_json *form) {
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < form->count; i++) {
        const tb_field *f = field_of(p, form->keys[i]);
        if (!f || !hidden(f)) continue;
        if (b.n) tb_puts(&b, "、");
        tb_putstr(&b, f->name);
    }
    return tb_buf_str(&b);
}
