/* tongban lsp: the language server on standard input and output, for editors. What it answers: runtime/lsp.h. Here are the pipes: messages are taken
 * one after the other as long as there are any, and diagnostics are told when the editor has been silent for a moment. */
#include "../lsp.h"
#include "command.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SILENCE = 40 /* ms after the last message, then diagnostics are told */, READ = 64 << 10 };

struct pipes {
    char *read; /* what came and was not yet taken */
    size_t n, room;
    bool broken; /* standard output is gone */
};

static void write_all(struct pipes *p, const char *text, size_t n) {
    while (n && !p->broken) {
        ssize_t k = write(STDOUT_FILENO, text, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            p->broken = true;
            return;
        }
        text += k;
        n -= (size_t)k;
    }
}

static void send(void *user, tb_str body) {
    char header[64];
    int n = snprintf(header, sizeof header, "Content-Length: %u\r\n\r\n", body.n);
    write_all(user, header, (size_t)n);
    write_all(user, body.p, body.n);
}

/* Waits for more; 1: something came, 0: silence, -1: the end, an error, or no memory. */
static int read_more(struct pipes *p, int timeout) {
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&in, 1, timeout);
    if (ready == 0) return 0;
    if (ready < 0) return errno == EINTR ? 1 : -1;
    if (p->room - p->n < READ) {
        char *more = realloc(p->read, p->room * 2 + READ);
        if (!more) return -1;
        p->read = more;
        p->room = p->room * 2 + READ;
    }
    ssize_t n = read(STDIN_FILENO, p->read + p->n, READ);
    if (n < 0 && errno == EINTR) return 1;
    if (n <= 0) return -1;
    p->n += (size_t)n;
    return 1;
}

/* Takes every whole message. false: what came is no message, and where the next begins cannot be known. */
static bool take_messages(struct pipes *p, tb_lsp *s, const char **why) {
    size_t at = 0;
    enum tb_frame frame = TB_FRAME_MORE;
    while (p->n > at && tb_lsp_exit(s) < 0) {
        tb_str body;
        uint32_t used;
        frame = tb_frame_read((tb_str){p->read + at, (uint32_t)(p->n - at)}, &body, &used, why);
        if (frame != TB_FRAME_WHOLE) break;
        tb_lsp_message(s, body);
        at += used;
    }
    if (at) memmove(p->read, p->read + at, p->n - at);
    p->n -= at;
    return frame != TB_FRAME_BAD;
}

static int serve(tb_line *line, tb_lsp *s, struct pipes *p) {
    while (tb_lsp_exit(s) < 0 && !p->broken) {
        const char *why;
        int more = read_more(p, tb_lsp_busy(s) ? SILENCE : -1);
        if (more == 0) tb_lsp_idle(s);
        if (more < 0) return tb_line_error(line, "编辑器没有发 exit 就断开了", "the editor went away without exit");
        if (!take_messages(p, s, &why)) {
            send(p, TB_STR("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not a message of "
                           "the language server protocol\"}}"));
            return tb_line_error(line, "读不懂编辑器发来的消息：%s", "what the editor sent is no message: %s", why);
        }
    }
    return p->broken ? TB_EXIT_FAILED : tb_lsp_exit(s);
}

static int run(tb_line *line) {
    struct pipes p = {0};
    tb_lsp *s = tb_lsp_new(send, &p, line->lang);
    int code = s ? serve(line, s, &p) : tb_line_error(line, "内存不足", "out of memory");
    tb_lsp_free(s);
    free(p.read);
    return code;
}

static const tb_flag flags[] = {
    {"stdio", NULL, "用标准输入输出（编辑器常会带上，总是如此）",
     "use standard input and output (as editors say; it always does)"},
    {NULL, NULL, NULL, NULL},
};
const tb_command tb__command_lsp = {
    .name = "lsp",
    .arguments = "[--stdio]",
    .least = 0,
    .most = 0,
    .flags = flags,
    .run = run,
    .zh = "编辑器的语言服务：边写边查、补全、悬停看法条和期限、跳转、改名、排版",
    .en = "language server for editors: diagnostics, completion, hover, definition, rename, formatting",
    .more_zh = "由编辑器启动，见 grammar/editors。",
    .more_en = "Started by the editor; see grammar/editors.",
};
