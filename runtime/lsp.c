/* The language server: see lsp.h. */
#include "lsp_parts.h"
#include <stdlib.h>
#include <string.h>

enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    NO_METHOD = -32601,
    INVALID_PARAMS = -32602,
    INTERNAL = -32603,
    NOT_READY = -32002,
    FAILED = -32803
};

/* ---- framing ---- */

static bool header_named(tb_str line, const char *name, tb_str *value) {
    uint32_t n = (uint32_t)strlen(name), i = 0;
    for (; i < n && i < line.n; i++)
        if ((line.p[i] | 0x20) != name[i]) return false;
    if (i < n || i >= line.n || line.p[i] != ':') return false;
    for (i++; i < line.n && line.p[i] == ' ';) i++;
    *value = (tb_str){line.p + i, line.n - i};
    return true;
}

static bool read_length(tb_str digits, uint32_t *length) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || n > TB_LSP_MESSAGE) return false;
        n = n * 10 + (uint64_t)(digits.p[i] - '0');
    }
    *length = (uint32_t)n;
    return digits.n && n <= TB_LSP_MESSAGE;
}

enum tb_frame tb_frame_read(tb_str read, tb_str *body, uint32_t *used, const char **why) {
    uint32_t at = 0, length = 0;
    bool known = false;
    for (;;) {
        const char *end = memchr(read.p + at, '\n', read.n - at);
        uint32_t upto = end ? (uint32_t)(end - read.p) : read.n;
        if (upto > TB_FRAME_HEADER) return *why = "the header is longer than 4096 bytes", TB_FRAME_BAD;
        if (!end) return TB_FRAME_MORE;
        if (upto == at || read.p[upto - 1] != '\r') return *why = "a header line does not end with CR LF", TB_FRAME_BAD;
        tb_str line = {read.p + at, upto - 1 - at}, value;
        at = upto + 1;
        if (!line.n) break;
        if (!memchr(line.p, ':', line.n)) return *why = "a header line has no colon", TB_FRAME_BAD;
        if (!header_named(line, "content-length", &value)) continue;
        if (known || !read_length(value, &length))
            return *why = "Content-Length is no number, given twice, or over 48 MiB", TB_FRAME_BAD;
        known = true;
    }
    if (!known) return *why = "the header has no Content-Length", TB_FRAME_BAD;
    if (read.n - at < length) return TB_FRAME_MORE;
    *body = (tb_str){read.p + at, length};
    *used = at + length;
    return TB_FRAME_WHOLE;
}

/* ---- documents ---- */

static tb__document *document_at(tb_lsp *s, tb_str uri) {
    for (uint32_t i = 0; i < s->count; i++)
        if (tb_str_eq(s->documents[i].uri, uri)) return &s->documents[i];
    return NULL;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "file:///a/%E4%B8%AD.tb" → "/a/中.tb"; of another scheme, or with a NUL: the uri itself, which is nowhere on disk. */
static tb_str path_of(tb_arena *a, tb_str uri) {
    if (!tb_str_starts(uri, "file://")) return tb_str_copy(a, uri);
    tb_str rest = {uri.p + 7, uri.n - 7};
    while (rest.n && rest.p[0] != '/') rest.p++, rest.n--; /* localhost */
    tb_buf b;
    tb_buf_init(&b, a);
    for (uint32_t i = 0; i < rest.n; i++) {
        int high = rest.p[i] == '%' && i + 2 < rest.n ? hex(rest.p[i + 1]) : -1,
            low = high >= 0 ? hex(rest.p[i + 2]) : -1;
        char c = low >= 0 ? (char)(high << 4 | low) : rest.p[i];
        if (!c) return tb_str_copy(a, uri);
        if (low >= 0) i += 2;
        tb_put(&b, &c, 1);
    }
    return tb_buf_str(&b);
}

tb_str tb__lsp_uri(tb_lsp *s, tb_arena *a, tb_str path) {
    static const char digits[] = "0123456789ABCDEF";
    const tb__document *open = tb__lsp_document(s, path);
    if (open) return open->uri;
    tb_buf b;
    tb_buf_init(&b, a);
    tb_puts(&b, "file://");
    for (uint32_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("/-._~", c));
        char coded[3] = {'%', digits[c >> 4], digits[c & 15]};
        tb_put(&b, plain ? path.p + i : coded, plain ? 1 : 3);
    }
    return tb_buf_str(&b);
}

struct keeping {
    tb_arena *arena;
    tb_str uri, path, text;
};

static int keep(void *arg) {
    struct keeping *k = arg;
    k->uri = tb_str_copy(k->arena, k->uri);
    k->path = tb_str_copy(k->arena, k->path);
    k->text = tb_str_copy(k->arena, k->text);
    return TB_OK;
}

/* Gives a document a text; `d` NULL: a new one. false: no memory, or too many; nothing has changed. */
static bool set_text(tb_lsp *s, tb__document *d, tb_str uri, tb_str text, int64_t version) {
    tb_arena *a = tb_arena_new(NULL, 0);
    if (!a) return false;
    struct keeping k = {a, uri, tb_str_is(uri, "") ? uri : tb_str_copy(s->work, path_of(s->work, uri)), text};
    if ((!d && s->count == TB_LSP_DOCUMENTS) || tb_try(a, keep, &k) != TB_OK) {
        tb_arena_free(a);
        return false;
    }
    bool opened = !d; /* the others compare its text with what they read: files_changed */
    if (!d) {
        d = &s->documents[s->count++];
        *d = (tb__document){0};
    }
    tb_arena_free(d->arena);
    d->arena = a, d->uri = k.uri, d->path = k.path, d->text = k.text;
    d->version = version;
    for (uint32_t i = 0; i < s->count; i++)
        if (&s->documents[i] == d || (!opened && tb__lsp_reads(&s->documents[i], d->path)))
            tb__lsp_forget(&s->documents[i]);
    return true;
}

/* Files may be others on disk: what was read is forgotten, and each analysis compared before it is used again. */
static void files_changed(tb_lsp *s) {
    tb__lsp_forget_disk(s);
    for (uint32_t i = 0; i < s->count; i++) s->documents[i].sure = false;
}

/* ---- JSON out ---- */

enum tb_lang tb__lsp_lang(const tb_lsp *s, const tb__document *d) {
    return s->lang != TB_LANG_AUTO ? s->lang : tb_words_of(d->text);
}

static void put_position(tb_lsp *s, tb_buf *b, const tb_sources *sources, uint32_t file, uint32_t offset) {
    const tb_source *in = &sources->list.items[file];
    if (offset > in->text.n) offset = in->text.n;
    uint32_t line = tb_source_place(sources, file, offset).line - 1;
    tb_str before = {in->text.p + in->line_start[line], offset - in->line_start[line]};
    tb_putf(b, "{\"line\":%u,\"character\":%u}", line, tb_source_units(before, s->units));
}

void tb__lsp_put_range(tb_lsp *s, tb_buf *b, const tb_sources *sources, tb_span span) {
    tb_puts(b, "{\"start\":");
    put_position(s, b, sources, span.file, span.from);
    tb_puts(b, ",\"end\":");
    put_position(s, b, sources, span.file, span.to > span.from ? span.to : span.from);
    tb_puts(b, "}");
}

void tb__lsp_put_diagnostic(tb_lsp *s, tb_buf *b, const tb__document *d, const tb_diagnostic *x) {
    enum tb_lang lang = tb__lsp_lang(s, d);
    bool en = lang == TB_LANG_EN;
    char code[8];
    tb_puts(b, "{\"range\":");
    tb__lsp_put_range(s, b, &d->rules->sources, x->span);
    tb_putf(b, ",\"severity\":%d,\"code\":\"%s\",\"source\":\"tongban\",\"message\":", (int)tb_code_severity(x->code),
            tb_code_text(x->code, code));
    tb_buf message;
    tb_buf_init(&message, b->arena);
    tb_putstr(&message, tb_diagnostic_message(b->arena, x, lang));
    tb_str hint = tb_diagnostic_hint(b->arena, x, lang);
    if (x->expected.n) tb_putf(&message, en ? "\nexpected: %.*s" : "\n这里可以写：%.*s", TB_FMT(x->expected));
    if (hint.n) tb_putf(&message, en ? "\nhint: %.*s" : "\n提示：%.*s", TB_FMT(hint));
    tb_json_put_text(b, tb_buf_str(&message));
    if (x->other.file < d->rules->sources.list.count) {
        tb_puts(b, ",\"relatedInformation\":[{\"location\":{\"uri\":");
        tb_json_put_text(b, tb__lsp_uri(s, b->arena, d->rules->sources.list.items[x->other.file].path));
        tb_puts(b, ",\"range\":");
        tb__lsp_put_range(s, b, &d->rules->sources, x->other);
        tb_puts(b, en ? "},\"message\":\"see also\"}]" : "},\"message\":\"另见\"}]");
    }
    tb_puts(b, "}");
}

static void begin_message(tb_buf *b, tb_arena *a) {
    tb_buf_init(b, a);
    tb_puts(b, "{\"jsonrpc\":\"2.0\",");
}

static void put_id(tb_buf *b, const tb_json *id) {
    tb_puts(b, "\"id\":");
    if (id && (id->kind == TB_JSON_INT || id->kind == TB_JSON_STR)) tb_json_write(b, id);
    else tb_puts(b, "null");
}

static void send_error(tb_lsp *s, const tb_json *id, int code, const char *message) {
    tb_buf b;
    begin_message(&b, s->work);
    put_id(&b, id);
    tb_putf(&b, ",\"error\":{\"code\":%d,\"message\":", code);
    tb_json_put_text(&b, tb_str_z(message));
    tb_puts(&b, "}}");
    s->send(s->user, tb_buf_str(&b));
}

static void send_result(tb_lsp *s, const tb_json *id, tb_str result) {
    tb_buf b;
    begin_message(&b, s->work);
    put_id(&b, id);
    tb_puts(&b, ",\"result\":");
    tb_putstr(&b, result.n ? result : TB_STR("null"));
    tb_puts(&b, "}");
    s->send(s->user, tb_buf_str(&b));
}

static void log_message(tb_lsp *s, const char *text) {
    tb_buf b;
    begin_message(&b, s->work);
    tb_puts(&b, "\"method\":\"window/logMessage\",\"params\":{\"type\":1,\"message\":");
    tb_json_put_text(&b, tb_str_z(text));
    tb_puts(&b, "}}");
    s->send(s->user, tb_buf_str(&b));
}

/* ---- what is wrong in the files a document refers to ---- */

/* The 引用 of the document by which it reads a file, directly or through others; NULL: by none (组织/, 日历/). */
static const tb_name *import_of(const tb__document *d, uint32_t file, tb_arena *a) {
    const tb_rules *rules = d->rules;
    const tb_names *said = &rules->trees.items[0]->references;
    uint32_t n = rules->sources.list.count;
    for (uint32_t i = 0; i < said->count; i++) {
        bool *seen = TB_NEW_ARRAY(a, n, bool);
        tb_str *way = TB_NEW_ARRAY(a, n + 1, tb_str);
        uint32_t count = 0;
        way[count++] = tb__lsp_reference(d, d->path, said->items[i].text);
        for (uint32_t at = 0; at < count; at++) {
            uint32_t f = 0;
            while (f < n && !tb_str_eq(rules->sources.list.items[f].path, way[at])) f++;
            if (f == n || seen[f]) continue;
            if (f == file) return &said->items[i];
            seen[f] = true;
            for (uint32_t k = 0; k < d->links.count && count <= n; k++)
                if (tb_str_eq(d->links.items[k].from, way[at])) way[count++] = d->links.items[k].found;
        }
    }
    return NULL;
}

/* Does the file's own document, being open, show it? */
static bool shown_there(tb_lsp *s, const tb__document *d, const tb_diagnostic *x) {
    tb__document *there = tb__lsp_document(s, d->rules->sources.list.items[x->span.file].path);
    if (!there || !tb__lsp_analyse(s, there)) return false;
    for (uint32_t i = 0; i < there->rules->diagnostics.list.count; i++) {
        const tb_diagnostic *y = &there->rules->diagnostics.list.items[i];
        if (y->span.file == 0 && y->code == x->code && y->span.from == x->span.from) return true;
    }
    return false;
}

static bool told_here(tb_lsp *s, const tb__document *d, const tb_diagnostic *x) {
    return x->span.file != 0 && tb_code_severity(x->code) != TB_NOTE && !shown_there(s, d, x);
}

enum { RELATED = 8 /* places shown of one file */ };

static void put_related(tb_lsp *s, tb_buf *b, const tb__document *d, const tb_diagnostic *x) {
    tb_puts(b, "{\"location\":{\"uri\":");
    tb_json_put_text(b, tb__lsp_uri(s, b->arena, d->rules->sources.list.items[x->span.file].path));
    tb_puts(b, ",\"range\":");
    tb__lsp_put_range(s, b, &d->rules->sources, x->span);
    tb_puts(b, "},\"message\":");
    tb_json_put_text(b, tb_diagnostic_message(b->arena, x, tb__lsp_lang(s, d)));
    tb_puts(b, "}");
}

/* One diagnostic at the 引用 for all that is wrong in a file it reads: `first` is the first of them, and they stand together. */
static void put_imported(tb_lsp *s, tb_buf *b, const tb__document *d, const tb_name *said, uint32_t first) {
    const tb_diagnostics *all = &d->rules->diagnostics;
    const tb_diagnostic *x = &all->list.items[first];
    bool en = tb__lsp_lang(s, d) == TB_LANG_EN;
    uint32_t errors = 0, warnings = 0, shown = 0;
    tb_buf related, message;
    tb_buf_init(&related, b->arena);
    tb_buf_init(&message, b->arena);
    for (uint32_t i = first; i < all->list.count && all->list.items[i].span.file == x->span.file; i++) {
        const tb_diagnostic *y = &all->list.items[i];
        if (!told_here(s, d, y)) continue;
        bool error = tb_code_severity(y->code) == TB_ERROR;
        if (error && !errors) x = y;
        errors += error, warnings += !error;
        if (shown++ == RELATED) break;
        if (shown > 1) tb_puts(&related, ",");
        put_related(s, &related, d, y);
    }
    tb_str path = tb_path_below(tb__lsp_root_of(s, b->arena, d->path), d->rules->sources.list.items[x->span.file].path);
    tb_putf(&message, en ? "in the imported file “%.*s”: " : "引用的“%.*s”里有 ", TB_FMT(path));
    if (errors) tb_putf(&message, en ? "%u errors" : "%u 处错误", errors);
    if (warnings) tb_putf(&message, en ? "%s%u warnings" : "%s%u 处警告", errors ? en ? ", " : "、" : "", warnings);
    if (shown > RELATED) tb_puts(&message, en ? " or more" : "以上");
    tb_putf(&message, en ? "; line %u: %.*s" : "；第 %u 行：%.*s",
            tb_source_place(&d->rules->sources, x->span.file, x->span.from).line,
            TB_FMT(tb_diagnostic_message(b->arena, x, tb__lsp_lang(s, d))));
    char code[8];
    tb_puts(b, "{\"range\":");
    tb__lsp_put_range(s, b, &d->rules->sources, said->span);
    tb_putf(b, ",\"severity\":%d,\"code\":\"%s\",\"source\":\"tongban\",\"message\":", errors ? TB_ERROR : TB_WARNING,
            tb_code_text(x->code, code));
    tb_json_put_text(b, tb_buf_str(&message));
    tb_puts(b, ",\"relatedInformation\":[");
    tb_putstr(b, tb_buf_str(&related));
    tb_puts(b, "]}");
}

static void publish(tb_lsp *s, const tb__document *d, bool gone) {
    tb_buf b;
    begin_message(&b, s->work);
    tb_puts(&b, "\"method\":\"textDocument/publishDiagnostics\",\"params\":{\"uri\":");
    tb_json_put_text(&b, d->uri);
    if (!gone) tb_putf(&b, ",\"version\":%lld", (long long)d->version);
    tb_puts(&b, ",\"diagnostics\":[");
    bool first = true;
    uint32_t summed = 0; /* the file whose diagnostics were put last, at its 引用 */
    for (uint32_t i = 0; !gone && d->rules && i < d->rules->diagnostics.list.count; i++) {
        const tb_diagnostic *x = &d->rules->diagnostics.list.items[i];
        uint32_t file = x->span.file;
        const tb_name *said = NULL;
        if (file != 0) {
            if (file == summed || !told_here(s, d, x)) continue;
            summed = file;
            said = import_of(d, file, s->work);
            if (!said) continue; /* 组织/ or 日历/: told when that is open */
        }
        if (!first) tb_puts(&b, ",");
        first = false;
        if (said) put_imported(s, &b, d, said, i);
        else tb__lsp_put_diagnostic(s, &b, d, x);
    }
    tb_puts(&b, "]}}");
    s->send(s->user, tb_buf_str(&b));
}

/* ---- the life of the server and of its documents ---- */

static const tb_json no_params = {.kind = TB_JSON_OBJECT};

static const tb_json *member(const tb_json *object, const char *key) {
    const tb_json *m = object ? tb_json_get(object, key) : NULL;
    return m ? m : &no_params;
}

/* The first of the client's encodings that we know, in our order: bytes need no counting; without a word it is UTF-16. */
static enum tb_units agreed_units(const tb_json *params, const char **name) {
    static const struct {
        const char *name;
        enum tb_units units;
    } known[] = {{"utf-8", TB_UNITS_UTF8}, {"utf-16", TB_UNITS_UTF16}, {"utf-32", TB_UNITS_UTF32}};
    const tb_json *offered = member(member(member(params, "capabilities"), "general"), "positionEncodings");
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (uint32_t i = 0; offered->kind == TB_JSON_ARRAY && i < offered->count; i++)
            if (tb_str_is(offered->items[i].text, known[k].name)) return *name = known[k].name, known[k].units;
    *name = "utf-16";
    return TB_UNITS_UTF16;
}

static void initialize(tb_lsp *s, const tb_json *id, const tb_json *params) {
    const char *name;
    s->units = agreed_units(params, &name);
    const tb_json *workspace = member(member(params, "capabilities"), "workspace"),
                  *watching = tb_json_get(member(workspace, "didChangeWatchedFiles"), "dynamicRegistration");
    s->watched = watching && watching->kind == TB_JSON_TRUE;
    s->ready = true;
    send_result(s, id,
                tb_str_printf(s->work,
                              "{\"capabilities\":{\"positionEncoding\":\"%s\",\"textDocumentSync\":{\"openClose\":true,"
                              "\"change\":2,\"save\":{\"includeText\":false}},"
                              "\"completionProvider\":{\"triggerCharacters\":[\"，\",\"、\",\" "
                              "\",\"《\",\",\"]},\"hoverProvider\":true,\"definitionProvider\":true,"
                              "\"referencesProvider\":true,\"documentHighlightProvider\":true,"
                              "\"documentSymbolProvider\":true,\"documentFormattingProvider\":true,"
                              "\"foldingRangeProvider\":true,\"codeActionProvider\":{\"codeActionKinds\":[\"quickfix\"]"
                              "},\"renameProvider\":{\"prepareProvider\":true}},"
                              "\"serverInfo\":{\"name\":\"tongban\"}}",
                              name));
}

static void did_open(tb_lsp *s, const tb_json *params) {
    const tb_json *d = member(params, "textDocument");
    tb_str uri = tb_json_text(d, "uri");
    if (!uri.n || !set_text(s, document_at(s, uri), uri, tb_json_text(d, "text"), tb_json_number(d, "version", 0)))
        log_message(s, "didOpen: the document cannot be kept (no uri, more than 512 documents, or out of memory)");
    files_changed(s);
}

/* One change: a range of the text so far, or all of it. false: a range that is none. */
static bool change(tb_lsp *s, tb_str *text, const tb_json *c) {
    tb_str fresh = tb_json_text(c, "text");
    const tb_json *range = tb_json_get(c, "range");
    if (!range) return *text = fresh, true;
    tb_sources sources = {0};
    tb_source_add(s->work, &sources, TB_NONE, *text);
    const tb_json *ends[2] = {member(range, "start"), member(range, "end")};
    uint32_t at[2];
    for (int i = 0; i < 2; i++) {
        int64_t line = tb_json_number(ends[i], "line", -1), column = tb_json_number(ends[i], "character", -1);
        if (line < 0 || column < 0 || line > UINT32_MAX || column > UINT32_MAX) return false;
        at[i] = tb_source_offset(&sources.list.items[0], (uint32_t)line, (uint32_t)column, s->units);
    }
    if (at[0] > at[1]) return false;
    if ((uint64_t)text->n + fresh.n > TB_LSP_MESSAGE) return false;
    tb_buf b;
    tb_buf_init(&b, s->work);
    tb_put(&b, text->p, at[0]);
    tb_putstr(&b, fresh);
    tb_put(&b, text->p + at[1], text->n - at[1]);
    *text = tb_buf_str(&b);
    return true;
}

static void did_change(tb_lsp *s, const tb_json *params) {
    const tb_json *id = member(params, "textDocument"), *changes = member(params, "contentChanges");
    tb__document *d = document_at(s, tb_json_text(id, "uri"));
    if (!d) {
        log_message(s, "didChange: the document is not open");
        return;
    }
    tb_str text = d->text;
    for (uint32_t i = 0; changes->kind == TB_JSON_ARRAY && i < changes->count; i++)
        if (!change(s, &text, &changes->items[i])) {
            log_message(s, "didChange: a range that is none, or a text over 48 MiB; the change was left out");
            return;
        }
    if (!set_text(s, d, d->uri, text, tb_json_number(id, "version", d->version + 1)))
        log_message(s, "didChange: out of memory; the change was left out");
}

static void did_close(tb_lsp *s, const tb_json *params) {
    tb__document *d = document_at(s, tb_json_text(member(params, "textDocument"), "uri"));
    if (!d) return;
    publish(s, d, true);
    tb__lsp_forget(d);
    tb_arena_free(d->arena);
    *d = s->documents[--s->count];
    s->documents[s->count] = (tb__document){0};
    files_changed(s); /* the others see the file on disk again */
}

static void did_save(tb_lsp *s, const tb_json *params) {
    tb__document *d = document_at(s, tb_json_text(member(params, "textDocument"), "uri"));
    if (d && d->heavy && !d->proved) d->heavy = d->told = false;
    files_changed(s);
}

static void watched(tb_lsp *s, const tb_json *params) {
    (void)params;
    files_changed(s);
}

#define WATCH "watch" /* the id of our one request */

/* Asks an editor that can to say when a file of rules changes outside it; its answer changes nothing. */
static void initialized(tb_lsp *s, const tb_json *params) {
    (void)params;
    if (s->watched)
        s->send(s->user, TB_STR("{\"jsonrpc\":\"2.0\",\"id\":\"" WATCH "\",\"method\":\"client/registerCapability\","
                                "\"params\":{\"registrations\":[{\"id\":\"watch\",\"method\":"
                                "\"workspace/didChangeWatchedFiles\",\"registerOptions\":{\"watchers\":["
                                "{\"globPattern\":\"**/*.tb\"}]}}]}}"));
}

static void nothing(tb_lsp *s, const tb_json *params) { (void)s, (void)params; }

static const struct {
    const char *method;
    void (*take)(tb_lsp *s, const tb_json *params);
} notifications[] = {
    {"initialized", initialized},           {"textDocument/didOpen", did_open},
    {"textDocument/didChange", did_change}, {"textDocument/didClose", did_close},
    {"textDocument/didSave", did_save},     {"workspace/didChangeWatchedFiles", watched},
    {"$/cancelRequest", nothing},           {"$/setTrace", nothing},
};

static void notify(tb_lsp *s, tb_str method, const tb_json *params) {
    if (tb_str_is(method, "exit")) {
        s->exit = s->shut ? 0 : 1;
        return;
    }
    if (!s->ready || s->shut) return; /* before initialize and after shutdown nothing but exit is heard */
    for (size_t i = 0; i < sizeof notifications / sizeof *notifications; i++)
        if (tb_str_is(method, notifications[i].method)) notifications[i].take(s, params);
}

/* A request about a document, and mostly about a place in it. */
static void ask(tb_lsp *s, const tb_json *id, tb__lsp_answer *answer, const tb_json *params) {
    tb_buf result;
    tb_buf_init(&result, s->work);
    tb__lsp_request r = {.server = s, .a = s->work, .params = params, .result = &result};
    r.document = document_at(s, tb_json_text(member(params, "textDocument"), "uri"));
    if (!r.document) {
        send_error(s, id, INVALID_PARAMS, "the document is not open");
        return;
    }
    if (!tb__lsp_analyse(s, r.document)) {
        send_error(s, id, INTERNAL, "the document cannot be compiled: a limit of the compiler, or out of memory");
        return;
    }
    const tb_json *at = member(params, "position");
    int64_t line = tb_json_number(at, "line", 0), column = tb_json_number(at, "character", 0);
    line = line < 0 ? 0 : line > UINT32_MAX ? UINT32_MAX : line;
    column = column < 0 ? 0 : column > UINT32_MAX ? UINT32_MAX : column;
    r.offset = tb_source_offset(&r.document->rules->sources.list.items[0], (uint32_t)line, (uint32_t)column, s->units);
    answer(&r);
    if (r.error.n) send_error(s, id, FAILED, tb_str_copy(s->work, r.error).p);
    else send_result(s, id, tb_buf_str(&result));
}

static void request(tb_lsp *s, const tb_json *id, tb_str method, const tb_json *params) {
    tb__lsp_answer *answer = tb__lsp_answer_to(method);
    if (s->shut) {
        send_error(s, id, INVALID_REQUEST, "the server was told to shut down");
    } else if (tb_str_is(method, "initialize")) {
        if (s->ready) send_error(s, id, INVALID_REQUEST, "initialize came twice");
        else initialize(s, id, params);
    } else if (!s->ready) {
        send_error(s, id, NOT_READY, "initialize has to come first");
    } else if (tb_str_is(method, "shutdown")) {
        s->shut = true;
        send_result(s, id, TB_NONE);
    } else if (answer) {
        ask(s, id, answer, params);
    } else {
        send_error(s, id, NO_METHOD, "no such method");
    }
}

struct taking {
    tb_lsp *s;
    tb_str body;
    const tb_json *id;
};

static int take(void *arg) {
    struct taking *t = arg;
    const char *error = NULL;
    size_t where = 0;
    const tb_json *m = tb_json_read(t->s->work, t->body, &error, &where);
    if (!m) {
        send_error(t->s, NULL, PARSE_ERROR,
                   tb_str_printf(t->s->work, "at byte %zu: %s", where, error ? error : "not JSON").p);
        return TB_OK;
    }
    t->id = tb_json_get(m, "id");
    tb_str method = tb_json_text(m, "method");
    const tb_json *params = member(m, "params");
    bool ours = t->id && t->id->kind == TB_JSON_STR && tb_str_is(t->id->text, WATCH); /* its result is null: not kept */
    bool answer = !method.n && t->id && (ours || tb_json_get(m, "result") || tb_json_get(m, "error"));
    if (answer) return TB_OK;
    if (!method.n) send_error(t->s, t->id, INVALID_REQUEST, "a message needs a method");
    else if (t->id) request(t->s, t->id, method, params);
    else notify(t->s, method, params);
    return TB_OK;
}

void tb_lsp_message(tb_lsp *s, tb_str body) {
    struct taking t = {.s = s, .body = body};
    if (tb_try(s->work, take, &t) != TB_OK)
        s->send(s->user,
                TB_STR("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"out of memory\"}}"));
    tb_arena_reset(s->work);
}

bool tb_lsp_busy(const tb_lsp *s) {
    for (uint32_t i = 0; i < s->count && !s->shut; i++)
        if (!s->documents[i].told || !s->documents[i].sure) return true;
    return false;
}

static int tell(void *arg) {
    tb_lsp *s = arg;
    for (uint32_t i = 0; i < s->count && !s->shut; i++) {
        tb__document *d = &s->documents[i];
        if (d->told && d->sure) continue;
        bool compiled = tb__lsp_analyse(s, d), told = d->told;
        d->told = true;
        if (!compiled) log_message(s, "a document cannot be compiled: a limit of the compiler, or out of memory");
        else if (!told) tb__lsp_prove(d), publish(s, d, false);
    }
    return TB_OK;
}

void tb_lsp_idle(tb_lsp *s) {
    (void)tb_try(s->work, tell, s); /* a document that memory did not suffice for is told with its next change */
    tb_arena_reset(s->work);
}

int tb_lsp_exit(const tb_lsp *s) { return s->exit; }

tb_lsp *tb_lsp_new(tb_lsp_send *send, void *user, enum tb_lang lang) {
    tb_lsp *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (tb_lsp){.send = send,
                  .user = user,
                  .lang = lang,
                  .exit = -1,
                  .work = tb_arena_new(NULL, 0),
                  .disk = tb_arena_new(NULL, 0)};
    if (s->work && s->disk) return s;
    tb_lsp_free(s);
    return NULL;
}

void tb_lsp_free(tb_lsp *s) {
    if (!s) return;
    for (uint32_t i = 0; i < s->count; i++) {
        tb__lsp_forget(&s->documents[i]);
        tb_arena_free(s->documents[i].arena);
    }
    tb_arena_free(s->disk);
    tb_arena_free(s->work);
    free(s);
}
