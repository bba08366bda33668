/* The language server's inside: messages in, messages out (LSP 3.17, JSON-RPC 2.0). command/lsp.c gives it standard input and output.
 *
 * Why apart from the pipes: a message is a text and so are its answers, so the tests drive the server as an editor does, without a process. What is
 * under the cursor and what may come there is answered by grammar/ask.h; here are documents, positions and JSON.
 *
 * A document's text is the editor's, not the disk's: open documents also stand in for their files when other documents refer to them. Each document
 * is compiled as `tongban check` would compile it, with 组织/ and 日历/ of the rules root above it, when something asks, and again only when a file it
 * reads is another: a change in one document renews the others that 引用 it, and no more. What is wrong in a file that is not open is told at the
 * 引用 of the open one. Uses and renaming reach the open documents and every file below the rules root. Diagnostics are published when the editor has nothing more to say (tb_lsp_idle), so that typing is not held up by what is already old. */
#ifndef TB_LSP_H
#define TB_LSP_H
#include "diagnostic.h"

enum {
    TB_LSP_MESSAGE = 48 << 20 /* bytes of a message: a source of 8 MiB with every byte escaped */,
    TB_LSP_DOCUMENTS = 512
};

typedef struct tb_lsp tb_lsp;
/* Takes a whole message, without its header; `body` lives until it returns. */
typedef void tb_lsp_send(void *user, tb_str body);

/* NULL: no memory. lang: of messages; TB_LANG_AUTO: as the documents. */
tb_lsp *tb_lsp_new(tb_lsp_send *send, void *user, enum tb_lang lang);
void tb_lsp_free(tb_lsp *s); /* NULL is allowed */
/* Reads one message and sends what it answers. Never fails: what cannot be read or done is answered with an error. */
void tb_lsp_message(tb_lsp *s, tb_str body);
bool tb_lsp_busy(const tb_lsp *s); /* are there diagnostics to publish? */
void tb_lsp_idle(tb_lsp *s);       /* publishes them */
/* -1 while it runs; after `exit` the program's exit code: 0 when `shutdown` came before, else 1. */
int tb_lsp_exit(const tb_lsp *s);

/* ---- framing: "Content-Length: N\r\n … \r\n\r\n" and N bytes ---- */
enum tb_frame { TB_FRAME_MORE = 0, TB_FRAME_WHOLE, TB_FRAME_BAD };
enum { TB_FRAME_HEADER = 4096 /* bytes of a header */ };
/* Looks for a message at the start of what was read so far. WHOLE: *body lies within `read`, *used bytes belong to it. BAD: this is no header, or the
 * message is longer than TB_LSP_MESSAGE; where the next would begin cannot be known, *why says what was wrong. */
enum tb_frame tb_frame_read(tb_str read, tb_str *body, uint32_t *used, const char **why);
#endif
