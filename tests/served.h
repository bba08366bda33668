/* A real server under test: starts build/tongban (or $TONGBAN) serve on a free port, and ends or kills it. */
#ifndef TB_SERVED_H
#define TB_SERVED_H
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct served {
    pid_t pid;
    int output; /* what it prints */
    char url[64];
    char said[4096]; /* until it listened */
} served;

static inline const char *served_binary(void) {
    const char *given = getenv("TONGBAN");
    return given && *given ? given : "build/tongban";
}

/* `more` ends with NULL. Answers when the server listens; false: it did not, `said` says why. */
static inline bool served_start(served *s, const char *db, const char *const *more) {
    const char *argv[32] = {served_binary(), "serve", "--db", db, "--rules", "rules", "--listen", "127.0.0.1:0"};
    int pair[2], n = 8;
    while (more && *more && n < 31) argv[n++] = *more++;
    *s = (served){.pid = -1, .output = -1};
    if (pipe(pair) != 0) return false;
    s->pid = fork();
    if (s->pid == 0) {
        dup2(pair[1], STDOUT_FILENO);
        dup2(pair[1], STDERR_FILENO);
        close(pair[0]);
        close(pair[1]);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(pair[1]);
    s->output = pair[0];
    for (size_t have = 0; s->pid > 0 && have + 1 < sizeof s->said;) {
        ssize_t k = read(s->output, s->said + have, sizeof s->said - 1 - have);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        have += (size_t)k;
        s->said[have] = '\0';
        const char *at = strstr(s->said, "http://127.0.0.1:");
        size_t length = at ? strspn(at + 17, "0123456789") + 17 : 0;
        if (!at || !at[length]) continue; /* the port's digits are all there only when something follows */
        snprintf(s->url, sizeof s->url, "%.*s", (int)length, at);
        return true;
    }
    return false;
}

/* SIGTERM ends it gracefully, SIGKILL as a power failure of the process would. Answers the wait status. */
static inline int served_end(served *s, int signal) {
    int status = -1;
    if (s->pid <= 0) return status;
    kill(s->pid, signal);
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) continue;
    close(s->output);
    s->pid = -1;
    return status;
}

/* A fresh directory below $TMPDIR or build/; removed with served_remove. */
static inline bool served_directory(char path[256], const char *name) {
    const char *under = getenv("TMPDIR");
    snprintf(path, 256, "%s/tongban-%s-XXXXXX", under && *under ? under : "/tmp", name);
    return mkdtemp(path) != NULL;
}
static inline void served_remove(const char *directory, const char *db) {
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char path[512];
    for (int i = 0; i < 4; i++) snprintf(path, sizeof path, "%s%s", db, tails[i]), unlink(path);
    rmdir(directory);
}
/* Runs the binary with arguments, output thrown away; its exit code. */
static inline int served_run(const char *const *arguments) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        const char *argv[32] = {served_binary()};
        for (int n = 1; *arguments && n < 31; n++) argv[n] = *arguments++;
        if (!freopen("/dev/null", "w", stdout)) _exit(126);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#endif
