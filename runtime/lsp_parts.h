/* Inside the language server: what its files share. lsp.c keeps documents and routes messages; lsp_files.c reads what they refer to and compiles
 * them; lsp_answers.c answers requests about a document. */
#ifndef TB_LSP_PARTS_H
#define TB_LSP_PARTS_H
#include "ask.h"
#include "canonical.h"
#include "compile.h"
#include "files.h"
#include "lsp.h"
#include "project.h"

typedef struct tb__lsp_link { /* a 引用: the file that says it, what it says, the file meant; empty: there is none */
    tb_str from, said, found;
} tb__lsp_link;

typedef struct tb__lsp_root {
    tb_str directory, root;
} tb__lsp_root;

typedef struct tb__document {
    tb_arena *arena; /* uri, path, text: made anew with each change */
    tb_str uri, path, text;
    int64_t version;
    bool told;          /* its diagnostics are those last published */
    bool sure;          /* the analysis was made, or compared with the files, since these may have changed */
    tb_arena *analysis; /* rules, links; NULL: not compiled since a file it reads changed */
    tb_rules *rules;    /* the document is source 0 */
    bool proved;        /* what the proofs found stands among the diagnostics */
    bool heavy;         /* its last proofs took long: the next are made when it is saved, not while it is typed */
    uint32_t context;   /* the sources before this one are the document and 组织/, 日历/ */
    TB_LIST(tb__lsp_link) links;
} tb__document;

struct tb_lsp {
    tb_lsp_send *send;
    void *user;
    enum tb_lang lang;
    enum tb_units units;
    bool ready, shut; /* initialize, shutdown came */
    bool watched;     /* the editor can watch files for us */
    int exit;
    tb_arena *work; /* of the message at hand */
    tb_arena *disk; /* read, walked, roots */
    tb_files read;  /* what was read since files may have changed */
    TB_LIST(tb_str) walked;
    TB_LIST(tb__lsp_root) roots;
    tb__document documents[TB_LSP_DOCUMENTS];
    uint32_t count;
};

/* ---- lsp_files.c ---- */
tb__document *tb__lsp_document(tb_lsp *s, tb_str path); /* NULL: not open */
void tb__lsp_forget_disk(tb_lsp *s);                    /* what was read may have changed */
void tb__lsp_forget(tb__document *d);                   /* its analysis is void: it will be made, and told */
bool tb__lsp_reads(const tb__document *d, tb_str path); /* did the analysis read it? true when there is none */
tb_str tb__lsp_root_of(tb_lsp *s, tb_arena *a, tb_str path);
/* The file that a 引用 of an analysed document, or of a file it reads, means; empty: none. */
tb_str tb__lsp_reference(const tb__document *d, tb_str from, tb_str said);
/* The names of the document (number 0), the open documents, the files below its rules root and all that these refer to. Under tb_try(). */
tb_project *tb__lsp_project(tb_lsp *s, tb_arena *a, const tb__document *d);
/* Compiles the document unless that is done. false: it cannot be (too many files). */
bool tb__lsp_analyse(tb_lsp *s, tb__document *d);
/* Adds what the proofs find to the diagnostics of a document that was compiled. */
void tb__lsp_prove(tb__document *d);
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
