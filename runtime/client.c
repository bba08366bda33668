/* The command line's HTTP client; what it promises stands in client.h. */
#include "client.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"

struct tb_client {
    CURL *curl;
    char *server; /* without '/' at the end */
    bool english;
    const char *token;
};

typedef struct answer {
    char *p;
    size_t n, room;
    bool too_long, no_memory;
} answer;

static size_t on_bytes(char *p, size_t one, size_t n, void *user) {
    answer *a = user;
    n *= one;
    if (n > TB_CLIENT_ANSWER - a->n) {
        a->too_long = true;
        return 0;
    }
    if (a->room - a->n <= n) {
        size_t room = a->room ? a->room : 4096;
        while (room - a->n <= n)
            room *= 2;
        char *more = realloc(a->p, room);
        if (!more) {
            a->no_memory = true;
            return 0;
        }
        a->p = more;
        a->room = room;
    }
    memcpy(a->p + a->n, p, n);
    a->n += n;
    return n;
}

tb_client *tb_client_new(const char *server, char error[TB_CLIENT_ERROR]) {
    static const char scheme[] = "http://";
    if (strncmp(server, scheme, sizeof scheme - 1) != 0 && strncmp(server, "https://", 8) != 0) {
        snprintf(error, TB_CLIENT_ERROR, "服务器地址“%.200s”不对：请写成 http://127.0.0.1:8420 的样子", server);
        return NULL;
    }
    tb_client *c = calloc(1, sizeof *c);
    if (c) {
        c->curl = curl_easy_init();
        c->server = strdup(server);
    }
    if (!c || !c->curl || !c->server) {
        tb_client_free(c);
        snprintf(error, TB_CLIENT_ERROR, "内存不足");
        return NULL;
    }
    for (size_t n = strlen(c->server); n > 0 && c->server[n - 1] == '/'; n--)
        c->server[n - 1] = '\0';
    return c;
}

void tb_client_free(tb_client *c) {
    if (!c)
        return;
    if (c->curl)
        curl_easy_cleanup(c->curl);
    free(c->server);
    free(c);
}

void tb_client_english(tb_client *c) { c->english = true; }
void tb_client_token(tb_client *c, const char *token) { c->token = token; }

static void say_why_in_english(const char *at, CURLcode code, const answer *a, const char *other, char error[TB_CLIENT_ERROR]) {
    const char *what = code == CURLE_COULDNT_CONNECT ? "cannot be reached; run tongban serve first, or name the server with --server"
                       : code == CURLE_COULDNT_RESOLVE_HOST ? "is a host nobody knows; check --server"
                       : code == CURLE_OPERATION_TIMEDOUT ? "did not answer in time; repeat with the same request key (nothing is done twice)"
                       : code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE
                           ? "broke the connection before it answered; repeat with the same request key (nothing is done twice)"
                       : code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ? "does not speak HTTP; is that the port of tongban serve?"
                       : a->too_long ? "sent too long an answer" : code == CURLE_OUT_OF_MEMORY || a->no_memory ? "- out of memory" : other;
    snprintf(error, TB_CLIENT_ERROR, "%.200s %.200s", at, what);
}

static void say_why(const char *at, CURLcode code, const answer *a, const char *detail, char error[TB_CLIENT_ERROR]) {
    const char *other = *detail ? detail : curl_easy_strerror(code);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        snprintf(error, TB_CLIENT_ERROR, "连不上 %.200s：请先运行 tongban serve，或用 --server 指明服务器地址", at);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        snprintf(error, TB_CLIENT_ERROR, "连不上 %.200s：找不到这个主机名，请检查 --server", at);
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        snprintf(error, TB_CLIENT_ERROR, "连不上 %.200s：找不到代理服务器，请检查环境变量 http_proxy", at);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(error, TB_CLIENT_ERROR, "%.200s 没有在时限内答复：请稍后用同一请求号重试（已办的不会重办）", at);
        break;
    case CURLE_URL_MALFORMAT:
        snprintf(error, TB_CLIENT_ERROR, "服务器地址“%.200s”不对：请写成 http://127.0.0.1:8420 的样子", at);
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        snprintf(error, TB_CLIENT_ERROR, "与 %.200s 的连接在答复之前断开：请用同一请求号重试（已办的不会重办）", at);
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* the scheme was checked: this is "HTTP/0.9", bytes without a head */
    case CURLE_WEIRD_SERVER_REPLY:
        snprintf(error, TB_CLIENT_ERROR, "%.200s 的答复不是 HTTP：请检查端口是否是 tongban serve 的", at);
        break;
    case CURLE_OUT_OF_MEMORY: snprintf(error, TB_CLIENT_ERROR, "内存不足"); break;
    default:
        if (a->too_long)
            snprintf(error, TB_CLIENT_ERROR, "%.200s 的答复超过了 %d MiB", at, TB_CLIENT_ANSWER >> 20);
        else if (a->no_memory)
            snprintf(error, TB_CLIENT_ERROR, "内存不足");
        else
            snprintf(error, TB_CLIENT_ERROR, "请求 %.200s 失败：%.200s", at, other);
    }
}

int tb_client_request(tb_client *c, const char *method, const char *path, const char *body, size_t n, int *status,
                      char **response, size_t *length, char error[TB_CLIENT_ERROR]) {
    char detail[CURL_ERROR_SIZE] = "";
    answer a = {0};
    int result = TB_FAILED;
    size_t room = strlen(c->server) + strlen(path) + 1;
    char *url = malloc(room), credential[512];
    /* Expect: would cost a round trip for each large body; our server takes them as they come. */
    const char *const lines[] = {body ? "Content-Type: application/json; charset=utf-8" : NULL, body ? "Expect:" : NULL,
                                 c->english ? "Accept-Language: en" : NULL, c->token ? credential : NULL};
    struct curl_slist *headers = NULL;
    if (c->token) snprintf(credential, sizeof credential, "Authorization: Bearer %s", c->token);
    bool enough = url != NULL;
    for (size_t i = 0; enough && i < sizeof lines / sizeof *lines; i++) {
        struct curl_slist *longer = lines[i] ? curl_slist_append(headers, lines[i]) : headers;
        enough = longer || !lines[i];
        if (enough) headers = longer;
    }
    if (!enough) {
        snprintf(error, TB_CLIENT_ERROR, "内存不足");
        goto out;
    }
    snprintf(url, room, "%s%s", c->server, path);
    curl_easy_reset(c->curl); /* keeps the connection */
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1"); /* a proxy cannot reach our loopback */
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)TB_CLIENT_CONNECT_MS);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)TB_CLIENT_CALL_MS);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &a);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    if (body) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
    } else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, "");
    }
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    CURLcode code = curl_easy_perform(c->curl);
    if (code != CURLE_OK) {
        if (c->english) say_why_in_english(c->server, code, &a, *detail ? detail : curl_easy_strerror(code), error);
        else say_why(c->server, code, &a, detail, error);
        goto out;
    }
    long got = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &got);
    if (!a.p && !(a.p = malloc(1))) {
        snprintf(error, TB_CLIENT_ERROR, "内存不足");
        goto out;
    }
    a.p[a.n] = '\0'; /* on_bytes leaves room for it */
    *status = (int)got;
    *response = a.p;
    *length = a.n;
    a.p = NULL;
    result = TB_OK;
out:
    free(a.p);
    free(url);
    curl_slist_free_all(headers);
    return result;
}

int tb_client_call(const char *server, const char *method, const char *path, const char *body, size_t n, int *status,
                   char **response, size_t *length, char error[TB_CLIENT_ERROR]) {
    tb_client *c = tb_client_new(server, error);
    if (!c)
        return TB_FAILED;
    int result = tb_client_request(c, method, path, body, n, status, response, length, error);
    tb_client_free(c);
    return result;
}

char *tb_client_encode(char *out, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("-._~", c)))
            *out++ = (char)c;
        else
            out += sprintf(out, "%%%02X", c);
    }
    *out = '\0';
    return out;
}
