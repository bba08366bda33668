/* What the commands that talk to a server share: where it is, one call with its answer read, the one error shape told
 * to people, request keys.
 *
 * With --json a command prints the server's answer as it came, errors too. Exit codes: an answer 2xx is 0; a refusal
 * (4xx) is 1; no answer, or one that says the server could not (5xx), is 2: then nothing is known about a request that
 * writes, and repeating it with the same --request is safe. */
#ifndef TB_REMOTE_H
#define TB_REMOTE_H
#include "canonical.h"
#include "command.h"

#define TB_SERVER_FLAG                                                                                                 \
    {                                                                                                                  \
        "server", "URL", "服务器，缺省 $TONGBAN_SERVER 或 http://127.0.0.1:8420",                                      \
            "the server, $TONGBAN_SERVER or http://127.0.0.1:8420 when absent"                                         \
    }
#define TB_REQUEST_FLAG                                                                                                \
    {                                                                                                                  \
        "request", "请求号", "幂等请求号，缺省自动生成并打印；重试要用同一个",                                         \
            "idempotency key; made and printed when absent; repeat with the same"                                      \
    }
#define TB_BY_FLAGS                                                                                                    \
    {"person", "姓名", "谁在办", "who acts"}, {"post", "岗位", "以什么岗位", "in which post"},                         \
        {"for", "姓名", "代谁办（代理，或替申请人代录）", "for whom (standing in, or entering an application)"}, {               \
        "place", "区划", "在哪里（区划代码）", "where (division code)"                                                 \
    }
#define TB_FLAGS_END                                                                                                   \
    { NULL, NULL, NULL, NULL }

/* One call. *answer is the body read (NULL when it is no JSON we can read). Tells what went wrong; with --json prints
 * the body. The exit code. */
int tb__remote(tb_line *line, const char *method, tb_str path, tb_str body, const tb_json **answer);
/* The same without telling or printing anything but a failure to get any answer: *status is the HTTP status. */
int tb__remote_quiet(tb_line *line, const char *method, tb_str path, tb_str body, const tb_json **answer, int *status,
                     tb_str *text);
void tb__remote_refused(tb_line *line, const tb_json *answer, int status); /* tells an error shape on stderr */

/* "/v1/cases/%s/acts" with texts encoded: append plain text, then a segment, then plain text … */
void tb__put_encoded(tb_line *line, tb_buf *path, const char *text);
/* A query parameter, when its flag was given. */
void tb__put_parameter(tb_line *line, tb_buf *path, const char *name, const char *flag);
void tb__put_switch(tb_line *line, tb_buf *path, const char *flag); /* FLAG=true, when it was given */
/* After a page of a list: how to see the next. */
void tb__tell_next(tb_line *line, const tb_json *answer);

/* The key given, or a fresh one. *fresh: it was made here and should be told. */
tb_str tb__request_key(tb_line *line, bool *fresh);
/* Is there a token in $TONGBAN_TOKEN? It goes with each request, and says who acts. */
bool tb__has_token(void);
/* Writes "by":{…} from the flags. */
void tb__put_by(tb_line *line, tb_buf *body);
/* A value as typed: JSON when it begins with { [ " or is true/false, else a text. */
tb_json tb__typed_value(tb_line *line, tb_str text);
/* Splits "名=值"; false: told. */
bool tb__name_value(tb_line *line, const char *flag, const char *given, tb_str *name, tb_str *value);

tb_str tb__text_of(const tb_json *object, const char *key);                /* "" when absent */
tb_str tb__list_of(tb_line *line, const tb_json *object, const char *key); /* "a、b" */
tb_str tb__short_time(tb_line *line, tb_str rfc3339);                      /* 2026-03-02 09:00 */
tb_str tb__due_time(tb_line *line, tb_str rfc3339); /* the same, but midnight ends the day before: 2026-03-02 24:00 */
/* Prints the answer of an act or a submission: where the case is now, what was issued, what runs. */
void tb__tell_answer(tb_line *line, const tb_json *answer);
#endif
