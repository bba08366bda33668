/* The language server, driven as an editor drives it: messages in, messages out, without a process.
 *
 *   test_lsp [-u]      cases tests/lsp/NAME.case; -u writes what came out into them, for review
 *
 * A case: `==== title [what …]`, a text with ‸ where the cursor is, `----`, what the editor sees. `what`: diagnose, complete, hover, define, refs,
 * rename NEW, symbols, format, fold, fix. The text is an unsaved file of rules/事项, so that the shipped laws, calendars and organs are there. A line
 * `>>>> 流程模板/甲.tb` begins another unsaved document of rules/, open too; the cursor may be in any. */
#include "cases.h"
#include "lsp_parts.h"
#include "pure.h"
#include <jansson.h>
#include <unistd.h>

/* ---- an editor ---- */

struct editor {
    tb_lsp *server;
    json_t *answers; /* what was sent, in order */
    int id;
};

static void sent(void *user, tb_str body) {
    struct editor *e = user;
    json_error_t error;
    json_t *m = json_loadb(body.p, body.n, 0, &error);
    if (!CHECK(m != NULL)) fprintf(stderr, "%s: %.*s\n", error.text, (int)body.n, body.p);
    else json_array_append_new(e->answers, m);
}

static void say(struct editor *e, json_t *message) {
    json_object_set_new(message, "jsonrpc", json_string("2.0"));
    char *text = json_dumps(message, 0);
    tb_lsp_message(e->server, tb_str_z(text));
    free(text);
    json_decref(message);
}

static void notice(struct editor *e, const char *method, json_t *params) {
    say(e, json_pack("{s:s,s:o}", "method", method, "params", params));
}

/* The answer to a request; the caller owns it. */
static json_t *request(struct editor *e, const char *method, json_t *params) {
    int id = ++e->id;
    json_array_clear(e->answers);
    say(e, json_pack("{s:i,s:s,s:o}", "id", id, "method", method, "params", params));
    json_t *m;
    size_t i;
    json_array_foreach(e->answers, i, m) if (json_integer_value(json_object_get(m, "id")) == id) return json_incref(m);
    CHECK(!"an answer");
    return json_object();
}

static void start(struct editor *e, const char *encoding) {
    *e = (struct editor){.answers = json_array()};
    e->server = tb_lsp_new(sent, e, TB_LANG_AUTO);
    json_t *general = encoding ? json_pack("{s:[s]}", "positionEncodings", encoding) : json_object();
    json_t *m = request(e, "initialize", json_pack("{s:n,s:{s:o}}", "processId", "capabilities", "general", general));
    const char *agreed = json_string_value(
        json_object_get(json_object_get(json_object_get(m, "result"), "capabilities"), "positionEncoding"));
    CHECK_STR(agreed, encoding ? encoding : "utf-16");
    json_decref(m);
    notice(e, "initialized", json_object());
}

static void end(struct editor *e) {
    tb_lsp_free(e->server);
    json_decref(e->answers);
}

static char uri[4096];
static void make_uri(void) {
    char here[2048];
    CHECK(getcwd(here, sizeof here) != NULL);
    snprintf(uri, sizeof uri, "file://%s/rules/%%E4%%BA%%8B%%E9%%A1%%B9/%%e8%%af%%95.tb",
             here); /* 事项/试.tb, large and small digits */
}

static void open_at(struct editor *e, const char *where, tb_str text) {
    notice(e, "textDocument/didOpen",
           json_pack("{s:{s:s,s:s,s:i,s:o}}", "textDocument", "uri", where, "languageId", "tongban", "version", 1,
                     "text", json_stringn(text.p, text.n)));
}

static void open_text(struct editor *e, tb_str text) { open_at(e, uri, text); }

static json_t *position_of(tb_str text, uint32_t offset) {
    int line = 0, column = 0;
    for (uint32_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\n') line++, column = 0;
        else if ((c & 0xC0) != 0x80) column += c >= 0xF0 ? 2 : 1;
    }
    return json_pack("{s:i,s:i}", "line", line, "character", column);
}

static json_t *at(tb_str text, uint32_t offset) {
    return json_pack("{s:{s:s},s:o}", "textDocument", "uri", uri, "position", position_of(text, offset));
}

/* ---- what an editor does with edits; positions are UTF-16 ---- */

static uint32_t offset_of(tb_str text, json_t *position) {
    int line = (int)json_integer_value(json_object_get(position, "line")),
        column = (int)json_integer_value(json_object_get(position, "character"));
    uint32_t i = 0;
    for (; line && i < text.n; i++) line -= text.p[i] == '\n';
    for (; column > 0 && i < text.n && text.p[i] != '\n';) {
        unsigned char c = (unsigned char)text.p[i];
        column -= c >= 0xF0 ? 2 : 1;
        for (i++; i < text.n && ((unsigned char)text.p[i] & 0xC0) == 0x80;) i++;
    }
    return i;
}

static tb_str applied(tb_arena *a, tb_str text, json_t *edits) {
    for (size_t n = json_array_size(edits); n > 0; n--) { /* from the last to the first: they come in order */
        json_t *x = json_array_get(edits, n - 1), *range = json_object_get(x, "range");
        uint32_t from = offset_of(text, json_object_get(range, "start")),
                 to = offset_of(text, json_object_get(range, "end"));
        text = tb_str_printf(a, "%.*s%s%.*s", (int)from, text.p, json_string_value(json_object_get(x, "newText")),
                             (int)(text.n - to), text.p + to);
    }
    return text;
}

/* ---- answers as lines ---- */

static void put_place(tb_buf *b, json_t *range) {
    for (int i = 0; i < 2; i++) {
        json_t *p = json_object_get(range, i ? "end" : "start");
        tb_putf(b, "%s%d:%d", i ? "-" : "", (int)json_integer_value(json_object_get(p, "line")) + 1,
                (int)json_integer_value(json_object_get(p, "character")));
    }
}

/* Decoded, below rules/. */
static void put_path(tb_buf *b, const char *u) {
    for (const char *p = strstr(u, "rules/"); p && *p; p++) {
        char two[3] = {p[0] == '%' ? p[1] : 0, p[0] == '%' ? p[2] : 0, 0},
             c = *p == '%' ? (char)strtol(two, NULL, 16) : *p;
        tb_put(b, &c, 1);
        p += *p == '%' ? 2 : 0;
    }
}

static void put_file(tb_buf *b, json_t *location) {
    const char *u = json_string_value(json_object_get(location, "uri"));
    if (!u) return;
    if (strcmp(u, uri) != 0) put_path(b, u);
    tb_puts(b, " ");
    put_place(b, json_object_get(location, "range"));
    tb_puts(b, "\n");
}

static void put_symbols(tb_buf *b, json_t *list, int depth) {
    json_t *s;
    size_t i;
    json_array_foreach(list, i, s) {
        for (int k = 0; k < depth; k++) tb_puts(b, "  ");
        tb_putf(b, "%s %s ", json_string_value(json_object_get(s, "detail")),
                json_string_value(json_object_get(s, "name")));
        put_place(b, json_object_get(s, "selectionRange"));
        tb_puts(b, "\n");
        put_symbols(b, json_object_get(s, "children"), depth + 1);
    }
}

static void put_list(tb_buf *b, json_t *list) {
    json_t *d, *other;
    size_t i, k;
    json_array_foreach(list, i, d) {
        put_place(b, json_object_get(d, "range"));
        tb_putf(b, " %d %s %s\n", (int)json_integer_value(json_object_get(d, "severity")),
                json_string_value(json_object_get(d, "code")), json_string_value(json_object_get(d, "message")));
        json_array_foreach(json_object_get(d, "relatedInformation"), k, other) {
            tb_putf(b, "  %s", json_string_value(json_object_get(other, "message")));
            put_file(b, json_object_get(other, "location"));
        }
    }
}

static void put_diagnostics(tb_buf *b, struct editor *e) {
    json_array_clear(e->answers);
    CHECK(tb_lsp_busy(e->server));
    tb_lsp_idle(e->server);
    CHECK(!tb_lsp_busy(e->server));
    for (size_t i = 0; i < json_array_size(e->answers); i++) {
        json_t *params = json_object_get(json_array_get(e->answers, i), "params");
        if (json_array_size(e->answers) > 1) {
            tb_puts(b, ">>>> ");
            put_path(b, json_string_value(json_object_get(params, "uri")));
            tb_puts(b, "\n");
        }
        put_list(b, json_object_get(params, "diagnostics"));
    }
}

static void put_fixes(tb_buf *b, tb_str text, json_t *actions) {
    json_t *x;
    size_t i;
    json_array_foreach(actions, i, x) {
        json_t *edits = json_object_get(json_object_get(json_object_get(x, "edit"), "changes"), uri);
        tb_str after = applied(b->arena, text, edits);
        tb_putf(b, "%s\n", json_string_value(json_object_get(x, "title")));
        uint32_t from = 0; /* the lines that are others now */
        while (from < text.n && from < after.n && text.p[from] == after.p[from]) from++;
        while (from && after.p[from - 1] != '\n') from--;
        uint32_t to = from;
        while (to < after.n && after.p[to] != '\n') to++;
        tb_putf(b, "  %.*s\n", (int)(to - from), after.p + from);
    }
}

struct opened { /* the documents of a case */
    char uri[8192];
    tb_str text;
};

/* What becomes of every file that a renaming changes: an open document's text, of others how many places. */
static void put_renamed(tb_buf *b, const struct opened *docs, size_t n, json_t *changes) {
    const char *where;
    json_t *edits;
    json_object_foreach(changes, where, edits) {
        const struct opened *open = NULL;
        for (size_t i = 0; i < n; i++)
            if (!strcmp(docs[i].uri, where)) open = &docs[i];
        if (n > 1 || !open) {
            tb_puts(b, ">>>> ");
            put_path(b, where);
            tb_puts(b, "\n");
        }
        if (open) tb_putstr(b, applied(b->arena, open->text, edits));
        else tb_putf(b, "%zu places\n", json_array_size(edits));
    }
}

static void put_answer(tb_buf *b, const struct opened *docs, size_t n, tb_str text, const char *what, json_t *m) {
    json_t *result = json_object_get(m, "result"), *error = json_object_get(m, "error"), *x;
    size_t i;
    if (error) tb_putf(b, "%s\n", json_string_value(json_object_get(error, "message")));
    else if (!strcmp(what, "complete")) json_array_foreach(json_object_get(result, "items"), i, x) {
            const char *label = json_string_value(json_object_get(x, "label")),
                       *detail = json_string_value(json_object_get(x, "detail"));
            const char *written = json_string_value(json_object_get(json_object_get(x, "textEdit"), "newText"));
            tb_putf(b, "%s%s%s%s%s\n", label, strcmp(label, written) ? " → " : "",
                    strcmp(label, written) ? written : "", detail ? "  # " : "", detail ? detail : "");
        }
    else if (!strcmp(what, "hover") && json_is_object(result)) {
        put_place(b, json_object_get(result, "range"));
        tb_putf(b, "\n%s\n", json_string_value(json_object_get(json_object_get(result, "contents"), "value")));
    } else if (!strcmp(what, "define") && json_is_object(result)) put_file(b, result);
    else if (!strcmp(what, "refs")) json_array_foreach(result, i, x) put_file(b, x);
    else if (!strcmp(what, "rename")) put_renamed(b, docs, n, json_object_get(result, "changes"));
    else if (!strcmp(what, "symbols")) put_symbols(b, result, 0);
    else if (!strcmp(what, "format")) tb_putstr(b, applied(b->arena, text, result));
    else if (!strcmp(what, "fold"))
        json_array_foreach(result, i, x)
            tb_putf(b, "%d-%d\n", (int)json_integer_value(json_object_get(x, "startLine")) + 1,
                    (int)json_integer_value(json_object_get(x, "endLine")) + 1);
    else if (!strcmp(what, "fix")) put_fixes(b, text, result);
    else tb_puts(b, "(nothing)\n");
}

static const struct {
    const char *what, *method;
} methods[] = {{"complete", "textDocument/completion"}, {"hover", "textDocument/hover"},
               {"define", "textDocument/definition"},   {"refs", "textDocument/references"},
               {"rename", "textDocument/rename"},       {"symbols", "textDocument/documentSymbol"},
               {"format", "textDocument/formatting"},   {"fold", "textDocument/foldingRange"},
               {"fix", "textDocument/codeAction"}};

enum { DOCUMENTS = 8 };

/* A case's text cut into its documents, the cursor taken out; the number of documents, *at the one with the cursor, *place in it. */
static size_t cut(tb_arena *a, tb_str text, struct opened *docs, size_t *at, uint32_t *place) {
    static const char cursor[] = "‸", begins[] = ">>>> ";
    size_t n = 0;
    *at = 0, *place = 0;
    for (uint32_t from = 0; n < DOCUMENTS && (from < text.n || !n); n++) {
        bool named = text.n - from >= 5 && memcmp(text.p + from, begins, 5) == 0;
        uint32_t line = named ? line_end(text, from) : from, to = find_line(text, line, begins);
        struct opened *d = &docs[n];
        if (named)
            snprintf(d->uri, sizeof d->uri, "%.*s/%.*s", (int)(strstr(uri, "/rules/") - uri + 6), uri,
                     (int)(line - from - 6), text.p + from + 5);
        else snprintf(d->uri, sizeof d->uri, "%s", uri);
        d->text = (tb_str){text.p + line, to - line};
        if (n == 0) *place = d->text.n;
        for (uint32_t i = 0; i + 3 <= d->text.n; i++)
            if (memcmp(d->text.p + i, cursor, 3) == 0) {
                *at = n, *place = i;
                d->text = tb_str_printf(a, "%.*s%.*s", (int)i, d->text.p, (int)(d->text.n - i - 3), d->text.p + i + 3);
                break;
            }
        from = to;
    }
    return n;
}

static tb_str answer(tb_arena *a, tb_str title, tb_str text) {
    struct editor e;
    static struct opened docs[DOCUMENTS];
    tb_buf b;
    char what[32] = "", argument[256] = "";
    const char *open = memrchr(title.p, '[', title.n);
    uint32_t place;
    size_t at_doc, n = cut(a, text, docs, &at_doc, &place);
    if (!CHECK(open && sscanf(open, "[%31[a-z] %255[^]]", what, argument) >= 1)) return TB_NONE;
    text = docs[at_doc].text;
    tb_buf_init(&b, a);
    start(&e, NULL);
    for (size_t i = 0; i < n; i++) open_at(&e, docs[i].uri, docs[i].text);
    if (!strcmp(what, "diagnose")) put_diagnostics(&b, &e);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(what, methods[i].what) != 0) continue;
        json_t *params =
            json_pack("{s:{s:s},s:o}", "textDocument", "uri", docs[at_doc].uri, "position", position_of(text, place));
        if (*argument) json_object_set_new(params, "newName", json_string(argument));
        json_t *whole = json_pack("{s:o,s:o}", "start", position_of(text, 0), "end", position_of(text, text.n));
        json_object_set_new(params, "range", whole);
        json_t *m = request(&e, methods[i].method, params);
        put_answer(&b, docs, n, text, what, m);
        json_decref(m);
    }
    end(&e);
    return tb_buf_str(&b);
}

/* ---- the life of the server ---- */

static int error_code(json_t *m) {
    return (int)json_integer_value(json_object_get(json_object_get(m, "error"), "code"));
}

static int raw(struct editor *e, const char *body) {
    json_array_clear(e->answers);
    tb_lsp_message(e->server, tb_str_z(body));
    return json_array_size(e->answers) ? error_code(json_array_get(e->answers, 0)) : 0;
}

static void test_life(void) {
    struct editor e = {.answers = json_array()};
    e.server = tb_lsp_new(sent, &e, TB_LANG_AUTO);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/hover\",\"params\":{}}"), -32002);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":{}}"),
              0); /* before initialize: not heard */
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":\"甲\",\"method\":\"initialize\",\"params\":{\"processId\":null}}"),
              0);
    CHECK_STR(json_string_value(json_object_get(json_array_get(e.answers, 0), "id")), "甲");
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"initialize\"}"), -32600);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"textDocument/nothing\"}"), -32601);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"textDocument/"
                      "hover\",\"params\":{\"textDocument\":{\"uri\":\"file:///x\"}}}"),
              -32602);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":5}"), -32600);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"$/unknown\"}"), 0);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{}}"), 0);
    static const char *const broken[] = {"", "{", "[]x", "{\"id\":1.5}", "\"\\ud800\"", "{\"a\":\"\xff\"}", "nul"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) CHECK_INT(raw(&e, broken[i]), -32700);
    static const char *const odd[] = {"[]", "1", "\"x\"", "{\"id\":[],\"method\":7}",
                                      "{\"id\":{},\"method\":\"shut\",\"params\":[1]}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) CHECK(raw(&e, odd[i]) < 0);
    CHECK_INT(tb_lsp_exit(e.server), -1);
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"shutdown\"}"), 0);
    CHECK(json_is_null(json_object_get(json_array_get(e.answers, 0), "result")));
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"textDocument/hover\"}"), -32600);
    raw(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}");
    CHECK_INT(tb_lsp_exit(e.server), 0);
    end(&e);
    start(&e, "utf-8");
    raw(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}");
    CHECK_INT(tb_lsp_exit(e.server), 1);
    end(&e);
}

static enum tb_frame frame(const char *text, uint32_t *used, tb_str *body) {
    const char *why = NULL;
    enum tb_frame f = tb_frame_read(tb_str_z(text), body, used, &why);
    CHECK((f == TB_FRAME_BAD) == (why != NULL));
    return f;
}

static void test_frames(void) {
    tb_str body;
    uint32_t used = 0;
    CHECK_INT(frame("Content-Length: 2\r\n\r\n{}rest", &used, &body), TB_FRAME_WHOLE);
    CHECK(used == 23 && tb_str_is(body, "{}"));
    CHECK_INT(
        frame("content-length:3\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\nabc", &used, &body),
        TB_FRAME_WHOLE);
    CHECK(tb_str_is(body, "abc"));
    static const char *const more[] = {"",
                                       "C",
                                       "Content-Length: 2",
                                       "Content-Length: 2\r\n",
                                       "Content-Length: 2\r\n\r\n",
                                       "Content-Length: 2\r\n\r\n{"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) CHECK_INT(frame(more[i], &used, &body), TB_FRAME_MORE);
    static const char *const bad[] = {"\r\n\r\n",
                                      "Content-Length: 2\n\n{}",
                                      "Content-Length: -2\r\n\r\n",
                                      "Content-Length: \r\n\r\n",
                                      "Content-Length: 2x\r\n\r\n",
                                      "Content-Length: 99999999999999999999\r\n\r\n",
                                      "Content-Length: 50331649\r\n\r\n",
                                      "hello\r\n\r\n",
                                      "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_INT(frame(bad[i], &used, &body), TB_FRAME_BAD);
    char *endless = malloc(8193);
    memset(endless, 'a', 8192), endless[8192] = '\0';
    CHECK_INT(frame(endless, &used, &body), TB_FRAME_BAD);
    free(endless);
}

/* ---- columns: 𠮷 is four bytes, two units of UTF-16, one character ---- */

static void test_columns(void) {
    static const char text[] = "事项 𠮷办：\n  岗位 𠮷员、乙，在 无此地。\n";
    static const struct {
        const char *encoding;
        int column;
    } want[] = {{NULL, 13}, {"utf-16", 13}, {"utf-32", 12}, {"utf-8", 29}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct editor e;
        start(&e, want[i].encoding);
        open_text(&e, tb_str_z(text));
        json_array_clear(e.answers);
        tb_lsp_idle(e.server);
        json_t *d, *list = json_object_get(json_object_get(json_array_get(e.answers, 0), "params"), "diagnostics");
        size_t k;
        int column = -1;
        json_array_foreach(list, k, d) if (!strcmp(json_string_value(json_object_get(d, "code")), "TB0217")) column =
            (int)json_integer_value(
                json_object_get(json_object_get(json_object_get(d, "range"), "start"), "character"));
        CHECK_INT(column, want[i].column);
        end(&e);
    }
}

/* ---- what an editor sends while one types is the text it shows ---- */

static const char *const pieces[] = {"事项", "\n", "。", "𠮷", "é", "a", "，", "\r\n", "", "办理人 审查员"};

static void test_edits(void) {
    struct editor e;
    start(&e, NULL);
    tb_str text = TB_STR("事项 甲：\n  岗位 乙，在 丙。\n");
    open_text(&e, text);
    for (int round = 0; round < 400; round++) {
        json_t *changes = json_array();
        for (uint32_t n = dice(3) + 1; n > 0; n--) {
            uint32_t from = dice(text.n + 1), to = from + dice(12);
            if (to > text.n) to = text.n;
            while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80) from--;
            while (to < text.n && ((unsigned char)text.p[to] & 0xC0) == 0x80) to++;
            while (from && text.p[from - 1] == '\r') from--; /* no position lies within a line's end */
            while (to && to < text.n && text.p[to] == '\n' && text.p[to - 1] == '\r') to++;
            const char *piece = pieces[dice(sizeof pieces / sizeof *pieces)];
            bool whole = dice(40) == 0;
            json_t *change = json_pack("{s:s}", "text", piece);
            if (!whole)
                json_object_set_new(
                    change, "range",
                    json_pack("{s:o,s:o}", "start", position_of(text, from), "end", position_of(text, to)));
            json_array_append_new(changes, change);
            text = whole
                       ? tb_str_copy(arena, tb_str_z(piece))
                       : tb_str_printf(arena, "%.*s%s%.*s", (int)from, text.p, piece, (int)(text.n - to), text.p + to);
        }
        notice(&e, "textDocument/didChange",
               json_pack("{s:{s:s,s:i},s:o}", "textDocument", "uri", uri, "version", round + 2, "contentChanges",
                         changes));
        if (!CHECK(tb_str_eq(e.server->documents[0].text, text))) {
            fprintf(stderr, "got «%.*s»\nexpected «%.*s»\n", TB_FMT(e.server->documents[0].text), TB_FMT(text));
            break;
        }
        if (round % 100 == 0) tb_lsp_idle(e.server);
    }
    json_array_clear(e.answers); /* a change that is none leaves the text */
    notice(&e, "textDocument/didChange",
           json_pack("{s:{s:s},s:[{s:s,s:{s:{s:i,s:i}}}]}", "textDocument", "uri", uri, "contentChanges", "text", "x",
                     "range", "start", "line", -1, "character", 0));
    CHECK(tb_str_eq(e.server->documents[0].text, text));
    CHECK_INT(json_array_size(e.answers), 1);
    notice(&e, "textDocument/didClose", json_pack("{s:{s:s}}", "textDocument", "uri", uri));
    CHECK_INT(e.server->count, 0);
    end(&e);
}

/* ---- over whole matters: any place may be asked about; names go there and back ---- */

static const char *const matters[] = {"rules/事项/食品经营许可核发.tb", "rules/事项/开办餐饮店一件事.tb",
                                      "tests/grammar/constructs.tb", "tests/grammar/example.tb"};

static void test_places(void) {
    for (size_t i = 0; i < sizeof matters / sizeof *matters; i++) {
        struct editor e;
        tb_str text = read_all(arena, matters[i]);
        CHECK(text.n > 0);
        start(&e, NULL);
        open_text(&e, text);
        for (int n = 0; n < 60; n++) {
            uint32_t place = dice(text.n);
            while (((unsigned char)text.p[place] & 0xC0) == 0x80) place--;
            json_t *m = request(&e, methods[n % 5].method, at(text, place));
            bool rename = n % 5 == 4; /* without a new name: refused */
            CHECK(rename ? error_code(m) < 0 : error_code(m) == 0);
            json_decref(m);
        }
        end(&e);
    }
}

/* Those of the names: the proofs read a meaning into some (首次 …, 不予 …), which another name does not have. */
static size_t count_diagnostics(struct editor *e) {
    size_t n = 0, i;
    json_t *x;
    json_array_clear(e->answers);
    tb_lsp_idle(e->server);
    json_array_foreach(json_object_get(json_object_get(json_array_get(e->answers, 0), "params"), "diagnostics"), i, x)
        n += strncmp(json_string_value(json_object_get(x, "code")), "TB03", 4) != 0;
    return n;
}

static void replace_text(struct editor *e, tb_str text) {
    notice(e, "textDocument/didChange",
           json_pack("{s:{s:s,s:i},s:[{s:o}]}", "textDocument", "uri", uri, "version", 1, "contentChanges", "text",
                     json_stringn(text.p, text.n)));
}

/* Another name changes nothing that check would say, and the old name back gives the old text. */
static void test_renames(void) {
    struct editor e;
    tb_str text = read_all(arena, matters[0]);
    start(&e, NULL);
    open_text(&e, text);
    size_t before = count_diagnostics(&e);
    int renamed = 0;
    for (int n = 0; n < 60; n++) {
        tb_lsp *s = e.server;
        CHECK(tb__lsp_analyse(s, &s->documents[0]));
        tb_mentions u = tb_mentions_of(arena, &s->documents[0].rules->sources, s->documents[0].rules->trees.items[0]);
        tb_mention use = u.list.items[dice(u.list.count)];
        tb_str old = tb_str_copy(arena, use.stem), why;
        const tb_section *in = &u.tree->sections.items[use.section];
        bool ground = false; /* 听证 …，不计入期限: its name is what the law lists */
        for (uint32_t i = 0; i < u.tree->sections.count; i++)
            for (uint32_t k = 0; k < u.tree->sections.items[i].clauses.count; k++)
                ground = ground || (u.tree->sections.items[i].clauses.items[k].kind == TB_C_EXCLUSION &&
                                    tb_str_eq(u.tree->sections.items[i].name.text, old));
        if (!tb_own_name(arena, &u, &use, TB_LANG_ZH, &why) || !tb_mention_definition(&u, &use) || ground ||
            in->kind == TB_S_LAW || use.sort == TB_N_MATTER) /* the shipped file has that name: no way back */
            continue;
        uint32_t nth = 0; /* of its uses: the same one is renamed back */
        for (uint32_t i = 0; i < u.list.count; i++)
            nth += tb_mention_same(&u.list.items[i], &use) && u.list.items[i].span.from < use.span.from;
        json_t *params = at(text, use.span.from);
        const char *fresh = n % 2 ? "新的名称（甲）" : "新名称";
        json_object_set_new(params, "newName", json_string(fresh));
        json_t *m = request(&e, "textDocument/rename", params);
        tb_str after =
            applied(arena, text, json_object_get(json_object_get(json_object_get(m, "result"), "changes"), uri));
        json_decref(m);
        CHECK(!tb_str_eq(after, text));
        replace_text(&e, after);
        size_t now = count_diagnostics(&e);
        if (use.sort != TB_N_POST && !CHECK_INT(now, before)) /* 组织 names the posts too */
            fprintf(stderr, "renaming %s %.*s\n", tb_sort_word(use.sort, TB_LANG_EN), TB_FMT(old));
        tb_mentions renamed_uses =
            tb_mentions_of(arena, &s->documents[0].rules->sources, s->documents[0].rules->trees.items[0]);
        uint32_t from = 0;
        for (uint32_t i = 0, seen = 0; i < renamed_uses.list.count; i++) {
            const tb_mention *x = &renamed_uses.list.items[i];
            if (x->sort == use.sort && tb_str_is(x->stem, fresh) && seen++ == nth) from = x->span.from;
        }
        params = at(after, from);
        json_object_set_new(params, "newName", json_stringn(old.p, old.n));
        m = request(&e, "textDocument/rename", params);
        tb_str back =
            applied(arena, after, json_object_get(json_object_get(json_object_get(m, "result"), "changes"), uri));
        json_decref(m);
        if (!CHECK(tb_str_eq(back, text)))
            fprintf(stderr, "renaming %s %.*s there and back\n", tb_sort_word(use.sort, TB_LANG_EN), TB_FMT(old));
        replace_text(&e, text);
        renamed++;
    }
    CHECK(renamed > 10);
    end(&e);
}

/* An open document is read in place of its file. */
static void test_overlay(void) {
    struct editor e;
    char law[4096];
    start(&e, NULL);
    snprintf(law, sizeof law,
             "%.*s/%%E6%%B3%%95%%E8%%A7%%84/%%E8%%A1%%8C%%E6%%94%%BF%%E8%%AE%%B8%%E5%%8F%%AF%%E6%%B3%%95.tb",
             (int)(strstr(uri, "/rules/") - uri + 6), uri);
    tb_str text = TB_STR("引用 “法规/行政许可法.tb”。\n事项 甲：\n  实施主体 乙，依《行政许可法》第九百条。\n");
    open_text(&e, text);
    json_t *params = at(text, text.n - 10), *m = request(&e, "textDocument/hover", json_incref(params));
    const char *said =
        json_string_value(json_object_get(json_object_get(json_object_get(m, "result"), "contents"), "value"));
    CHECK(said && strstr(said, "没有这一条"));
    json_decref(m);
    notice(
        &e, "textDocument/didOpen",
        json_pack(
            "{s:{s:s,s:i,s:s}}", "textDocument", "uri", law, "version", 1, "text",
            "法规 行政许可法：\n  位阶 法律。\n  公布 2003-08-27，施行 2004-07-01。\n  第九百条，“未保存的一条”。\n"));
    m = request(&e, "textDocument/hover", params);
    said = json_string_value(json_object_get(json_object_get(json_object_get(m, "result"), "contents"), "value"));
    CHECK(said && strstr(said, "未保存的一条"));
    json_decref(m);
    end(&e);
}

/* ---- files on a disk of our own: what is told of others, and what is read again ---- */

static char root[] = "/tmp/test_lsp.XXXXXX";

static void put_on_disk(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "wb");
    if (!CHECK(f != NULL)) return;
    CHECK(fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

static const char *at_root(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "file://%s/%s", root, name);
    return path;
}

/* What is published when the editor is silent: "NAME:CODE,CODE NAME:" in the order it comes. */
static const char *published(struct editor *e) {
    static char all[2048];
    json_t *m, *d;
    size_t i, k;
    all[0] = '\0';
    json_array_clear(e->answers);
    tb_lsp_idle(e->server);
    json_array_foreach(e->answers, i, m) {
        json_t *params = json_object_get(m, "params");
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s:", n ? " " : "",
                 strrchr(json_string_value(json_object_get(params, "uri")), '/') + 1);
        json_array_foreach(json_object_get(params, "diagnostics"), k, d) {
            n = strlen(all);
            snprintf(all + n, sizeof all - n, "%s%s", k ? "," : "", json_string_value(json_object_get(d, "code")));
        }
    }
    return all;
}

static void change_whole(struct editor *e, const char *where, const char *text) {
    notice(e, "textDocument/didChange",
           json_pack("{s:{s:s,s:i},s:[{s:s}]}", "textDocument", "uri", where, "version", 2, "contentChanges", "text",
                     text));
}

static void notice_of(struct editor *e, const char *method, const char *where) {
    notice(e, method, json_pack("{s:{s:s}}", "textDocument", "uri", where));
}

#define LAW_OF(article) "法规 甲法：\n  位阶 法律。\n  公布 2020-01-01，施行 2020-01-01。\n  " article "，“甲”。\n"
#define UNFINISHED_LAW LAW_OF("第一条") "  第二条，“乙”\n"
#define TEMPLATE_OF(name, path) "引用 “" path "”。\n\n流程模板 " name "：\n  法定期限 无。\n"
static const char cites[] =
    "引用 “law.tb”。\n\n事项 甲：\n  版本 1，生效 2026-01-01，适用 申请日。\n  法定期限 无，依《甲法》第一条。\n";

/* Among what was published, has the document this code? */
static bool told(const char *all, const char *name, enum tb_code code) {
    char word[8];
    const char *from = strstr(all, name), *end = from ? strchr(from, ' ') : NULL;
    const char *at = from ? strstr(from, tb_code_text(code, word)) : NULL;
    return at && (!end || at < end);
}

/* A document that changes renews those that refer to it, directly or not, and no others. */
static void test_neighbours(void) {
    struct editor e;
    const char *all;
    start(&e, NULL);
    put_on_disk("law.tb", LAW_OF("第一条"));
    put_on_disk("by.tb", TEMPLATE_OF("乙", "law.tb"));
    open_at(&e, at_root("a.tb"), tb_str_z(cites));
    open_at(&e, at_root("b.tb"), TB_STR(TEMPLATE_OF("丙", "by.tb")));
    open_at(&e, at_root("c.tb"), TB_STR("流程模板 丁：\n  法定期限 无。\n"));
    all = published(&e);
    CHECK(!told(all, "a.tb", TB_E_ARTICLE_UNKNOWN));
    CHECK(strstr(all, "b.tb:") && strstr(all, "c.tb:"));
    open_at(&e, at_root("law.tb"), TB_STR(LAW_OF("第一条"))); /* as on disk: nothing is new for the others */
    CHECK_STR(published(&e), "law.tb:");
    change_whole(&e, at_root("law.tb"), LAW_OF("第二条"));
    all = published(&e);
    CHECK(told(all, "a.tb", TB_E_ARTICLE_UNKNOWN));
    CHECK(strstr(all, "b.tb:") && strstr(all, "law.tb:") && !strstr(all, "c.tb:"));
    change_whole(&e, at_root("law.tb"), UNFINISHED_LAW); /* its own document tells it, the others need not */
    all = published(&e);
    CHECK(told(all, "law.tb", TB_E_LOST_STOP) && !told(all, "b.tb", TB_E_LOST_STOP));
    CHECK(!told(all, "a.tb", TB_E_ARTICLE_UNKNOWN));
    change_whole(&e, at_root("law.tb"), LAW_OF("第二条"));
    published(&e);
    notice_of(&e, "textDocument/didClose", at_root("law.tb")); /* the file on disk counts again */
    all = published(&e);
    CHECK(strstr(all, "a.tb:") && !told(all, "a.tb", TB_E_ARTICLE_UNKNOWN) && !strstr(all, "c.tb:"));
    end(&e);
}

/* What is wrong in a file that is not open stands at the 引用 that leads to it. */
static void test_not_open(void) {
    struct editor e;
    start(&e, NULL);
    put_on_disk("law.tb", UNFINISHED_LAW);
    put_on_disk("by.tb", TEMPLATE_OF("乙", "law.tb"));
    open_at(&e, at_root("b.tb"), TB_STR("# 空行\n" TEMPLATE_OF("丙", "by.tb")));
    CHECK(told(published(&e), "b.tb", TB_E_LOST_STOP));
    json_t *d =
        json_array_get(json_object_get(json_object_get(json_array_get(e.answers, 0), "params"), "diagnostics"), 0);
    json_t *begin = json_object_get(json_object_get(d, "range"), "start"),
           *related = json_object_get(json_array_get(json_object_get(d, "relatedInformation"), 0), "location");
    CHECK_INT(json_integer_value(json_object_get(begin, "line")), 1);
    CHECK_INT(json_integer_value(json_object_get(begin, "character")), 3);
    CHECK_INT(json_integer_value(json_object_get(d, "severity")), 1);
    CHECK(strstr(json_string_value(json_object_get(d, "message")), "law.tb”里有 1 处错误；第 5 行：") != NULL);
    CHECK_STR(json_string_value(json_object_get(related, "uri")), at_root("law.tb"));
    CHECK_INT(json_integer_value(json_object_get(json_object_get(json_object_get(related, "range"), "start"), "line")),
              4);
    end(&e);
}

/* Typing reads nothing again; a word that files changed does, and only what is other by it is told again. */
static void test_disk(void) {
    struct editor e;
    start(&e, NULL);
    put_on_disk("law.tb", LAW_OF("第一条"));
    open_at(&e, at_root("a.tb"), tb_str_z(cites));
    open_at(&e, at_root("c.tb"), TB_STR("流程模板 丁：\n  法定期限 无。\n"));
    CHECK(!told(published(&e), "a.tb", TB_E_ARTICLE_UNKNOWN));
    put_on_disk("law.tb", LAW_OF("第二条"));
    change_whole(&e, at_root("a.tb"), cites);
    CHECK(!told(published(&e), "a.tb", TB_E_ARTICLE_UNKNOWN));
    notice(&e, "workspace/didChangeWatchedFiles", json_pack("{s:[]}", "changes"));
    const char *all = published(&e);
    CHECK(told(all, "a.tb", TB_E_ARTICLE_UNKNOWN) && !strstr(all, "c.tb:"));
    put_on_disk("law.tb", LAW_OF("第一条"));
    notice_of(&e, "textDocument/didSave", at_root("c.tb"));
    all = published(&e);
    CHECK(strstr(all, "a.tb:") && !told(all, "a.tb", TB_E_ARTICLE_UNKNOWN));
    notice_of(&e, "textDocument/didSave", at_root("c.tb"));
    CHECK_STR(published(&e), "");
    char path[256];
    snprintf(path, sizeof path, "%s/law.tb", root);
    CHECK(unlink(path) == 0);
    notice_of(&e, "textDocument/didSave", at_root("c.tb"));
    CHECK(told(published(&e), "a.tb", TB_E_REFERENCE_MISSING));
    put_on_disk("law.tb", LAW_OF("第一条")); /* what was missing comes */
    notice_of(&e, "textDocument/didSave", at_root("c.tb"));
    all = published(&e);
    CHECK(strstr(all, "a.tb:") && !told(all, "a.tb", TB_E_REFERENCE_MISSING));
    end(&e);
}

static void test_watching(void) {
    struct editor e = {.answers = json_array()};
    e.server = tb_lsp_new(sent, &e, TB_LANG_AUTO);
    json_decref(request(&e, "initialize",
                        json_pack("{s:{s:{s:{s:b}}}}", "capabilities", "workspace", "didChangeWatchedFiles",
                                  "dynamicRegistration", 1)));
    json_array_clear(e.answers);
    notice(&e, "initialized", json_object());
    CHECK_STR(json_string_value(json_object_get(json_array_get(e.answers, 0), "method")), "client/registerCapability");
    CHECK_INT(raw(&e, "{\"jsonrpc\":\"2.0\",\"id\":\"watch\",\"result\":null}"), 0);
    CHECK_INT(json_array_size(e.answers), 0);
    end(&e);
}

static void test_files(void) {
    static const char *const names[] = {"law.tb", "by.tb"};
    if (!CHECK(mkdtemp(root) != NULL)) return;
    test_neighbours();
    test_not_open();
    test_disk();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        CHECK(unlink(path) == 0);
    }
    CHECK(rmdir(root) == 0);
}

static int run(void *arg) {
    (void)arg;
    make_uri();
    test_life();
    test_frames();
    test_columns();
    test_edits();
    test_places();
    test_renames();
    test_overlay();
    test_watching();
    test_files();
    return TB_OK;
}

int main(int argc, char **argv) {
    bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
    make_uri();
    run_case_files("tests/lsp", update, answer);
    return run_pure(run);
}
