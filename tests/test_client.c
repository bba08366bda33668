/* The command line's client against a real server, a closed port, and services that are no HTTP server. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "check.h"
#include "client.h"
#include "http.h"

static tb_io *io;
static tb_io_wake *wake;

static void handle(void *user, tb_http_request *r) {
    (void)user;
    tb_str p = tb_http_segment(r, 0), b = tb_http_body(r), type = {"", 0};
    if (tb_str_is(p, "echo")) {
        char text[200];
        tb_http_header(r, "Content-Type", &type);
        int n = snprintf(text, sizeof text, "%s %s %u %.*s", tb_method_name(tb_http_method(r)),
                         tb_http_segment(r, 1).p, b.n, type.n ? 16 : 0, type.p);
        tb_http_answer(r, 201, "text/plain", NULL, text, (size_t)n);
    } else if (tb_str_is(p, "body")) {
        tb_http_answer(r, 200, "text/plain", NULL, b.p, b.n);
    } else {
        tb_http_error(r, 404, "NOT_FOUND", "没有");
    }
}
static void stop(void *arg) {
    (void)arg;
    tb_io_stop(io);
}
static void *serve(void *arg) {
    (void)arg;
    tb_io_run(io);
    return NULL;
}

/* A service that says `says` and closes. */
static int other_fd;
static void *speak(void *says) {
    int fd = accept(other_fd, NULL, NULL);
    char buffer[1000];
    if (recv(fd, buffer, sizeof buffer, 0) > 0)
        send(fd, says, strlen(says), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void fails(const char *server, const char *why) {
    char error[TB_CLIENT_ERROR] = "", *response = NULL;
    size_t n;
    int status;
    CHECK_INT(tb_client_call(server, "GET", "/", NULL, 0, &status, &response, &n, error), TB_FAILED);
    if (!CHECK(strstr(error, why)))
        fprintf(stderr, "    said: %s\n", error);
    CHECK(response == NULL);
}

int main(void) {
    char error[TB_CLIENT_ERROR] = "", server[100], *response;
    size_t n;
    int status;
    io = tb_io_new();
    tb_http_server *s = tb_http_server_new(io, NULL, handle, NULL);
    CHECK_INT(tb_http_server_listen(s, "127.0.0.1", 0, error, sizeof error), TB_OK);
    wake = tb_io_wake_new(io, stop, NULL);
    snprintf(server, sizeof server, "http://127.0.0.1:%d/", tb_http_server_port(s));
    pthread_t t;
    pthread_create(&t, NULL, serve, NULL);

    tb_client *c = tb_client_new(server, error);
    char path[100] = "/echo/";
    tb_client_encode(path + 6, "食品/a b", strlen("食品/a b"));
    CHECK_STR(path, "/echo/%E9%A3%9F%E5%93%81%2Fa%20b");
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    for (int i = 0; i < 4; i++) {
        char want[100];
        CHECK_INT(tb_client_request(c, methods[i], path, NULL, 0, &status, &response, &n, error), TB_OK);
        CHECK_INT(status, 201);
        snprintf(want, sizeof want, "%s 食品/a b 0 %s", methods[i], i == 1 || i == 2 ? "application/x-ww" : "");
        CHECK_STR(response, want);
        CHECK_INT(n, strlen(want));
        free(response);
    }
    CHECK_INT(tb_client_request(c, "POST", path, "{\"a\":1}", 7, &status, &response, &n, error), TB_OK);
    CHECK_STR(response, "POST 食品/a b 7 application/json");
    free(response);
    char *big = malloc(1000000);
    memset(big, 'x', 1000000);
    CHECK_INT(tb_client_request(c, "PUT", "/body", big, 1000000, &status, &response, &n, error), TB_OK);
    CHECK(status == 200 && n == 1000000 && memcmp(response, big, n) == 0);
    free(response);
    free(big);
    CHECK_INT(tb_client_request(c, "GET", "/none", NULL, 0, &status, &response, &n, error), TB_OK);
    CHECK(status == 404 && strstr(response, "NOT_FOUND"));
    free(response);
    CHECK_INT(tb_client_request(c, "HEAD", "/none", NULL, 0, &status, &response, &n, error), TB_OK);
    CHECK(status == 404 && n == 0 && *response == '\0');
    free(response);
    tb_client_free(c);
    tb_io_wake_send(wake);
    pthread_join(t, NULL);
    CHECK_INT(tb_http_server_stats(s).accepted, 1); /* one connection for all */
    tb_io_wake_free(wake);
    tb_http_server_free(s);
    tb_io_free(io);

    fails(server, "请先运行 tongban serve"); /* the port is closed now */
    fails("127.0.0.1:8420", "请写成 http://");
    fails("http://", "");
    fails("http://no-such-host.invalid", "连不上");
    other_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t an = sizeof a;
    CHECK(bind(other_fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(other_fd, 5) == 0 &&
          getsockname(other_fd, (struct sockaddr *)&a, &an) == 0);
    snprintf(server, sizeof server, "http://127.0.0.1:%d", ntohs(a.sin_port));
    static char nothing[] = "", noise[] = "220 smtp ready\r\n";
    static char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    char *const says[] = {nothing, noise, cut};
    static const char *const why[] = {"断开", "不是 HTTP", "断开"};
    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, speak, says[i]);
        fails(server, why[i]);
        pthread_join(t, NULL);
    }
    close(other_fd);
    return check_end();
}
