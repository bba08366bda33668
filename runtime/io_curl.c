/* HTTP to others, on libcurl's multi interface driven by the loop: curl says which sockets it waits for and when it wants to be woken,
 * libuv tells it. No thread, no blocking; names are resolved by curl's own resolver. See io.h for the contract. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include "io.h"

uv_loop_t *tb__io_loop(tb_io *io);

typedef struct call {
    struct tb_io_caller *caller;
    CURL *easy;
    struct curl_slist *headers;
    tb_io_answer_fn *fn;
    void *arg;
    char *body;
    size_t n, room, most;
    bool too_long;
    char why[CURL_ERROR_SIZE];
    struct call *next, **here;
} call;

struct tb_io_caller {
    tb_io *io;
    CURLM *multi;
    uv_timer_t *timer;
    call *calls;
    int busy;  /* inside curl or a callback: free() waits for the way out */
    bool dead;
};

enum { CONNECT_MS = 10 * 1000, CONNECTIONS = 64 };

static void gone(uv_handle_t *h) { free(h); }

static void drop(call *c) {
    *c->here = c->next;
    if (c->next) c->next->here = c->here;
    curl_multi_remove_handle(c->caller->multi, c->easy);
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    free(c->body);
    free(c);
}

static void really_free(tb_io_caller *c) {
    while (c->calls) drop(c->calls);
    if (c->multi) curl_multi_cleanup(c->multi); /* closes its sockets: on_socket() lets their handles go */
    if (c->timer) {
        uv_timer_stop(c->timer);
        uv_close((uv_handle_t *)c->timer, gone);
    }
    free(c);
}

/* Tells what has ended. A callback may begin other calls, or free the caller. */
static void leave(tb_io_caller *c) {
    CURLMsg *m;
    int left;
    while (!c->dead && c->busy == 1 && (m = curl_multi_info_read(c->multi, &left))) {
        if (m->msg != CURLMSG_DONE) continue;
        call *x = NULL;
        long status = 0;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        const char *why = x->too_long ? "the answer is too long" : *x->why ? x->why : curl_easy_strerror(code);
        x->fn(x->arg, code == CURLE_OK ? (int)status : 0, x->body ? x->body : "", x->n, code == CURLE_OK ? "" : why);
        drop(x);
    }
    if (--c->busy == 0 && c->dead) really_free(c);
}

static void on_poll(uv_poll_t *p, int status, int events) {
    tb_io_caller *c = p->data;
    uv_os_fd_t fd;
    int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (uv_fileno((uv_handle_t *)p, &fd) != 0) return;
    if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
    c->busy++;
    curl_multi_socket_action(c->multi, fd, flags, &running);
    leave(c);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket) {
    tb_io_caller *c = user;
    uv_poll_t *p = socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (!p) return 0;
        uv_poll_stop(p);
        uv_close((uv_handle_t *)p, gone);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p || uv_poll_init_socket(tb__io_loop(c->io), p, fd) != 0) return free(p), -1;
        p->data = c;
        curl_multi_assign(c->multi, fd, p);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(p, events, on_poll) == 0 ? 0 : -1;
}

static void on_time(uv_timer_t *t) {
    tb_io_caller *c = t->data;
    int running;
    c->busy++;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    leave(c);
}

static int on_timeout(CURLM *multi, long ms, void *user) {
    tb_io_caller *c = user;
    (void)multi;
    if (ms < 0) uv_timer_stop(c->timer);
    else uv_timer_start(c->timer, on_time, (uint64_t)ms, 0);
    return 0;
}

tb_io_caller *tb_io_caller_new(tb_io *io) {
    tb_io_caller *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->io = io;
    c->timer = calloc(1, sizeof *c->timer);
    if (!c->timer) return free(c), NULL;
    uv_timer_init(tb__io_loop(io), c->timer);
    c->timer->data = c;
    c->multi = curl_multi_init();
    if (!c->multi) return really_free(c), NULL;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    return c;
}

static size_t on_bytes(char *p, size_t one, size_t n, void *user) {
    call *c = user;
    n *= one;
    if (n > c->most - c->n) return c->too_long = true, 0;
    if (c->room - c->n < n) {
        size_t room = c->room ? c->room * 2 : 1024;
        while (room - c->n < n) room *= 2;
        char *more = realloc(c->body, room);
        if (!more) return 0;
        c->body = more;
        c->room = room;
    }
    if (n) memcpy(c->body + c->n, p, n);
    c->n += n;
    return n;
}

static bool header(call *c, const char *name, const char *value) {
    char line[512];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = n < (int)sizeof line ? curl_slist_append(c->headers, line) : NULL;
    if (longer) c->headers = longer;
    return longer != NULL;
}

int tb_io_call(tb_io_caller *caller, const tb_io_post *post, tb_io_answer_fn *fn, void *arg) {
    call *c = calloc(1, sizeof *c);
    if (!c) return TB_NOMEM;
    *c = (call){.caller = caller, .fn = fn, .arg = arg, .most = post->answer_most, .easy = curl_easy_init(), .next = caller->calls,
                .here = &caller->calls};
    if (!c->easy) return free(c), TB_NOMEM;
    if (c->next) c->next->here = &c->next;
    caller->calls = c;
    char bearer[400] = "";
    if (post->token) snprintf(bearer, sizeof bearer, "Bearer %.390s", post->token);
    bool whole = header(c, "Content-Type", "application/json; charset=utf-8") && header(c, "Idempotency-Key", post->key) &&
                 (!post->token || header(c, "Authorization", bearer));
    /* Expect: would cost a round trip. Redirects are not followed: a body with personal data goes where it was meant to go. */
    struct curl_slist *plain = whole ? curl_slist_append(c->headers, "Expect:") : NULL;
    if (!plain) return drop(c), TB_NOMEM;
    c->headers = plain;
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(post->timeout < CONNECT_MS ? post->timeout : CONNECT_MS));
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)post->timeout);
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->n);
    if (curl_easy_setopt(c->easy, CURLOPT_URL, post->url) != CURLE_OK ||
        curl_easy_setopt(c->easy, CURLOPT_COPYPOSTFIELDS, post->body) != CURLE_OK)
        return drop(c), TB_NOMEM;
    caller->busy++;
    CURLMcode code = curl_multi_add_handle(caller->multi, c->easy); /* asks for a timeout of 0: it begins on the next turn */
    caller->busy--;
    if (code != CURLM_OK) return drop(c), TB_NOMEM;
    return TB_OK;
}

void tb_io_caller_free(tb_io_caller *c) {
    if (!c) return;
    c->dead = true;
    if (c->busy == 0) really_free(c);
}
