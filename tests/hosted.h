/* A server in this process: its loop runs in a thread, the test is its client on plain sockets. */
#ifndef TB_HOSTED_H
#define TB_HOSTED_H
#include "check.h"
#include "io.h"
#include "server.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- a server in a thread ---- */

typedef struct host {
    tb_io *io;
    tb_io_wake *wake;
    tb_server *server;
    pthread_t thread;
    int port;
    char why[2048];
} host;

static inline void stop_now(void *arg) { tb_server_stop(((host *)arg)->server); }

static inline void *run(void *arg) {
    tb_io_run(((host *)arg)->io);
    return NULL;
}

static inline int open_host(host *h, tb_server_options o) {
    *h = (host){.io = o.io ? o.io : tb_io_new()};
    o.io = h->io;
    h->server = tb_server_new(&o, h->why, sizeof h->why);
    if (!h->server) return 0;
    h->wake = tb_io_wake_new(h->io, stop_now, h);
    h->port = tb_server_port(h->server);
    pthread_create(&h->thread, NULL, run, h);
    return 1;
}

static inline void close_host(host *h) {
    if (h->server) {
        tb_io_wake_send(h->wake);
        pthread_join(h->thread, NULL);
        tb_io_wake_free(h->wake);
        tb_server_free(h->server);
    }
    tb_io_free(h->io);
}

/* ---- a client ---- */

static char answer[4 << 20] __attribute__((unused)); /* body of the last answer */
static char head[8192];

static inline int dial(int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) perror("connect");
    return fd;
}

static inline void put(int fd, const char *method, const char *path, const char *extra, const char *body) {
    static _Thread_local char text[1 << 20];
    const char *type = *body && !strstr(extra, "Content-Type") ? "Content-Type: application/json\r\n" : "";
    int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%sContent-Length: %zu\r\n\r\n%s", method, path,
                     type, extra, strlen(body), body);
    for (int at = 0; at < n;) {
        ssize_t m = write(fd, text + at, (size_t)(n - at));
        if (m <= 0) break;
        at += (int)m;
    }
}

static inline int get_into(int fd, char *out, size_t room, char *first, size_t first_room) {
    size_t n = 0, body = 0, want = 0;
    char *end = NULL;
    for (;;) {
        if (!end && n) {
            out[n] = '\0';
            if ((end = strstr(out, "\r\n\r\n"))) {
                const char *length = strcasestr(out, "Content-Length:");
                body = (size_t)(end + 4 - out);
                want = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
            }
        }
        if (end && n >= body + want) break;
        ssize_t m = read(fd, out + n, room - n - 1);
        if (m <= 0) return 0;
        n += (size_t)m;
    }
    int status = atoi(out + 9);
    snprintf(first, first_room, "%.*s", (int)body, out);
    memmove(out, out + body, want);
    out[want] = '\0';
    return status;
}

static inline int take(int fd) { return get_into(fd, answer, sizeof answer, head, sizeof head); }

static inline int ask(int fd, const char *method, const char *path, const char *body) {
    put(fd, method, path, "", body);
    return take(fd);
}

static inline int says(const char *text) {
    if (strstr(answer, text)) return 1;
    fprintf(stderr, "    the answer is %.1500s\n", answer);
    return 0;
}
#endif
