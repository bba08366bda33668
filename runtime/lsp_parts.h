/* Inside the language server: what its two files share. lsp.c keeps documents and routes messages; lsp_answers.c answers requests about a document. */
#ifndef TB_LSP_PARTS_H
#define TB_LSP_PARTS_H
#include "ask.h"
#include "canonical.h"
#include "compile.h"
#include "files.h"
#include "lsp.h"

typedef struct tb__document {
    tb_arena *arena; /* uri, path, text: made anew with each change */
    tb_str uri, path, text;
    int64_t version;
    bool told;          /* its diagnostics are those last published */
    tb_arena *analysis; /* rules; NULL: not compiled since the last change of any document */
    tb_rules *rules;    /* the document is source 0 */
} tb__document;

struct tb_lsp {
    tb_lsp_send *send;
    void *user;
    enum tb_lang lang;
    enum tb_units units;
    bool ready, shut; /* initialize, shutdown came */
    int exit;
    tb_arena *work; /* of the message at hand */
    tb__document documents[TB_LSP_DOCUMENTS];
    uint32_t count;
};

/* Compiles the document unless that is done. false: it cannot be (too many files). */
bool tb__lsp_analyse(tb_lsp *s, tb__document *d);
/* "file:///…" of a path; of an open document its own. */
tb_str tb__lsp_uri(tb_lsp *s, tb_arena *a, tb_str path);
void tb__lsp_put_range(tb_lsp *s, tb_buf *b, const tb_sources *sources, tb_span span);
void tb__lsp_put_diagnostic(tb_lsp *s, tb_buf *b, const tb__document *d, const tb_diagnostic *x);
enum tb_lang tb__lsp_lang(const tb_lsp *s, const tb__document *d);

typedef struct tb__lsp_request {
    tb_lsp *server;
    tb_arena *a;
    const tb_json *params;
    tb__document *document;
    uint32_t offset; /* of params.position */
    tb_buf *result;  /* JSON; left empty: null */
    tb_str error;    /* a refusal in words; empty: none */
} tb__lsp_request;
typedef void tb__lsp_answer(tb__lsp_request *r);
/* The answer to a method about a document; NULL: none is known. */
tb__lsp_answer *tb__lsp_answer_to(tb_str method);
#endif
