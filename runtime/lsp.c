/* The language server: see lsp.h. */
#include "digest.h"
#include "lsp_parts.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static tb__document *document_with_path(tb_lsp *s, tb_str path) {
    for (uint32_t i = 0; i < s->count; i++)
        if (tb_str_eq(s->documents[i].path, path)) return &s->documents[i];
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
    const tb__document *open = document_with_path(s, path);
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

/* "/a/b/../c" → "/a/c": so that a file has one name. */
static tb_str tidy_path(tb_arena *a, tb_str path) {
    char *out = tb_alloc(a, (size_t)path.n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < path.n;) {
        uint32_t end = i + 1;
        while (end < path.n && path.p[end] != '/') end++;
        tb_str part = {path.p + i, end - i};
        if (tb_str_is(part, "/..")) {
            while (n && out[--n] != '/') {}
        } else if (!tb_str_is(part, "/.") && !tb_str_is(part, "/")) {
            memcpy(out + n, part.p, part.n);
            n += part.n;
        }
        i = end;
    }
    return (tb_str){out, n};
}

/* Every analysis may have read the text that changed. */
static void forget_analyses(tb_lsp *s) {
    for (uint32_t i = 0; i < s->count; i++) {
        tb_arena_free(s->documents[i].analysis);
        s->documents[i].analysis = NULL;
        s->documents[i].rules = NULL;
    }
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
    if (!d) {
        d = &s->documents[s->count++];
        *d = (tb__document){0};
    }
    tb_arena_free(d->arena);
    d->arena = a, d->uri = k.uri, d->path = k.path, d->text = k.text;
    d->version = version;
    forget_analyses(s);
    for (uint32_t i = 0; i < s->count; i++) s->documents[i].told = false;
    return true;
}

/* ---- compiling, as check does ---- */

struct analysing {
    tb_lsp *s;
    tb__document *d;
    tb_arena *a;
    tb_resolver disk;
    int result;
};

/* 引用: an open document before the file it stands for. */
static bool resolve(void *user, tb_str from, tb_str path, tb_str *found, tb_str *text) {
    struct analysing *w = user;
    if (path.n == 0 || path.p[0] == '/') return false;
    tb_str root = tb_rules_root(w->a, tb_str_copy(w->a, from).p), places[2] = {root, tb_path_directory(from)};
    for (int i = root.n ? 0 : 1; i < 2; i++) {
        tb_str whole = tidy_path(w->a, tb_path_under(w->a, places[i], path));
        const tb__document *open = document_with_path(w->s, whole);
        if (open) return *found = tb_str_copy(w->a, open->path), *text = open->text, true;
        if (tb_resolve_on_disk(&w->disk, from, path, found, text)) break;
        if (i == 1) return false;
    }
    if (!found->n) return false;
    *found = tidy_path(w->a, *found);
    return true;
}

/* 组织/ and 日历/ of the root; open documents take the place of their files. What cannot be read there is told by check, not while typing. */
static void add_context(struct analysing *w, tb_files *files) {
    static const char *const parts[] = {"组织", "日历"};
    tb_str root = tb_rules_root(w->a, w->d->path.p);
    for (int i = 0; root.n && i < 2; i++) {
        struct stat st;
        tb_str directory = tb_path_under(w->a, root, tb_str_z(parts[i]));
        if (stat(directory.p, &st) == 0) (void)tb_files_add(w->a, files, directory.p, w->s->lang);
    }
    for (uint32_t i = 1; i < files->list.count; i++) {
        const tb__document *open = document_with_path(w->s, files->list.items[i].path);
        if (open) files->list.items[i].text = open->text;
    }
}

static int analyse(void *arg) {
    struct analysing *w = arg;
    tb_files files = {0};
    *TB_PUSH(w->a, files.list) = (tb_file){w->d->path, w->d->text};
    add_context(w, &files);
    uint32_t n = files.list.count;
    tb_str *paths = TB_NEW_ARRAY(w->a, n, tb_str), *texts = TB_NEW_ARRAY(w->a, n, tb_str);
    for (uint32_t i = 0; i < n; i++) paths[i] = files.list.items[i].path, texts[i] = files.list.items[i].text;
    tb_compile_input in = {.paths = paths, .texts = texts, .count = n, .resolve = resolve, .user = w, .sm3 = tb_sm3};
    w->result = tb_compile(w->a, &in, &w->d->rules);
    return TB_OK;
}

bool tb__lsp_analyse(tb_lsp *s, tb__document *d) {
    if (d->analysis) return d->rules != NULL;
    d->analysis = tb_arena_new(NULL, 0);
    if (!d->analysis) return false;
    struct analysing w = {.s = s, .d = d, .a = d->analysis, .disk = {.arena = d->analysis, .lang = s->lang}};
    if (tb_try(d->analysis, analyse, &w) != TB_OK || w.result != TB_OK || !d->rules || !d->rules->trees.count)
        d->rules = NULL;
    return d->rules != NULL;
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

static void publish(tb_lsp *s, const tb__document *d, bool gone) {
    tb_buf b;
    begin_message(&b, s->work);
    tb_puts(&b, "\"method\":\"textDocument/publishDiagnostics\",\"params\":{\"uri\":");
    tb_json_put_text(&b, d->uri);
    if (!gone) tb_putf(&b, ",\"version\":%lld", (long long)d->version);
    tb_puts(&b, ",\"diagnostics\":[");
    bool first = true;
    for (uint32_t i = 0; !gone && d->rules && i < d->rules->diagnostics.list.count; i++) {
        const tb_diagnostic *x = &d->rules->diagnostics.list.items[i];
        if (x->span.file != 0) continue; /* another file's: told when that is open */
        if (!first) tb_puts(&b, ",");
        first = false;
        tb__lsp_put_diagnostic(s, &b, d, x);
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
    forget_analyses(s);
    tb_arena_free(d->arena);
    *d = s->documents[--s->count];
    s->documents[s->count] = (tb__document){0};
    for (uint32_t i = 0; i < s->count; i++) s->documents[i].told = false; /* they see the file on disk again */
}

static void did_save(tb_lsp *s, const tb_json *params) {
    (void)params;
    forget_analyses(s); /* other files may have changed on disk */
    for (uint32_t i = 0; i < s->count; i++) s->documents[i].told = false;
}

static void watched(tb_lsp *s, const tb_json *params) { did_save(s, params); }

static void nothing(tb_lsp *s, const tb_json *params) { (void)s, (void)params; }

static const struct {
    const char *method;
    void (*take)(tb_lsp *s, const tb_json *params);
} notifications[] = {
    {"initialized", nothing},
    {"textDocument/didOpen", did_open},
    {"textDocument/didChange", did_change},
    {"textDocument/didClose", did_close},
    {"textDocument/didSave", did_save},
    {"workspace/didChangeWatchedFiles", watched},
    {"$/cancelRequest", nothing},
    {"$/setTrace", nothing},
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
    bool answer =
        !method.n && t->id && (tb_json_get(m, "result") || tb_json_get(m, "error")); /* to a request we never made */
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
        if (!s->documents[i].told) return true;
    return false;
}

static int tell(void *arg) {
    tb_lsp *s = arg;
    for (uint32_t i = 0; i < s->count && !s->shut; i++) {
        tb__document *d = &s->documents[i];
        if (d->told) continue;
        d->told = true;
        if (!tb__lsp_analyse(s, d))
            log_message(s, "a document cannot be compiled: a limit of the compiler, or out of memory");
        else publish(s, d, false);
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
    *s = (tb_lsp){.send = send, .user = user, .lang = lang, .exit = -1, .work = tb_arena_new(NULL, 0)};
    if (s->work) return s;
    free(s);
    return NULL;
}

void tb_lsp_free(tb_lsp *s) {
    if (!s) return;
    forget_analyses(s);
    for (uint32_t i = 0; i < s->count; i++) tb_arena_free(s->documents[i].arena);
    tb_arena_free(s->work);
    free(s);
}
