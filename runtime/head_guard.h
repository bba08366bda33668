/* The guard in front of the HTTP parser: is this request head, and this chunked framing, beyond doubt?
 *
 * Why: request smuggling and its kin live where two readers of one byte stream (a proxy and us) disagree about where
 * a request ends. Parsers forgive; each forgiveness is a possible disagreement. This guard forgives nothing that
 * bears on framing or routing (RFC 9112 §2.2, §3.2, §5.1, §5.2, §6.1, §6.3, §7.1): what it lets through, every reader
 * reads alike. llhttp then parses the same bytes, and http.c refuses the request when the two do not agree.
 *
 * Pure: no I/O, no memory, no globals. It may be fed a head byte by byte; every byte is looked at once.
 *
 * Two deliberate widenings: bytes from 0x80 on are let through in the target, because people type Chinese names into
 * curl (http.c requires them to be UTF-8), and header values may hold them (RFC 9110 §5.5, obs-text). Two deliberate
 * narrowings: chunk extensions and trailers, which no client of ours sends, are refused. */
#ifndef TB_HEAD_GUARD_H
#define TB_HEAD_GUARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TB_HEAD_MAX = 16 * 1024, /* bytes of a head, the empty line included */
    TB_HEAD_MAX_FIELDS = 64, /* header fields */
    TB_HEAD_MAX_METHOD = 16, /* bytes of a method */
    TB_HEAD_MAX_LENGTH_DIGITS = 15,
    TB_HEAD_MAX_CHUNK_DIGITS = 8
};

/* Every way to be refused: name, HTTP status, code of the error answer, text. */
#define TB_HEAD_REASONS(X) \
    X(NONE, 0, "", "") \
    X(TLS, 400, "HTTP_TLS", "这个端口只讲 http://，收到的像是 https://：请把地址改为 http://") \
    X(BARE_CR, 400, "HTTP_BARE_CR", "请求头中有单独的回车符（CR）：行必须以 CRLF 结束") \
    X(BARE_LF, 400, "HTTP_BARE_LF", "请求头中有单独的换行符（LF）：行必须以 CRLF 结束") \
    X(METHOD, 400, "HTTP_METHOD", "请求行的方法不合规定") \
    X(UNKNOWN_METHOD, 501, "HTTP_UNKNOWN_METHOD", "不支持这个方法：可用 GET、HEAD、POST、PUT、PATCH、DELETE、OPTIONS") \
    X(TARGET, 400, "HTTP_TARGET", "请求行的地址不合规定：应以 / 开头，特殊字符须写成 %XX") \
    X(VERSION, 400, "HTTP_VERSION", "请求行的版本不合规定：应为 HTTP/1.1") \
    X(OTHER_VERSION, 505, "HTTP_OTHER_VERSION", "不支持这个 HTTP 版本：请用 HTTP/1.1") \
    X(FOLD, 400, "HTTP_FOLD", "请求头以空白开头的续行已被废止") \
    X(SPACE_COLON, 400, "HTTP_SPACE_COLON", "请求头的名称与冒号之间不得有空白") \
    X(EMPTY_NAME, 400, "HTTP_EMPTY_NAME", "请求头缺少名称") \
    X(NAME, 400, "HTTP_NAME", "请求头的名称中有不许可的字符，或者缺少冒号") \
    X(VALUE, 400, "HTTP_VALUE", "请求头的值中有控制字符") \
    X(LENGTH, 400, "HTTP_LENGTH", "Content-Length 不是一个合规的数") \
    X(TWO_LENGTHS, 400, "HTTP_TWO_LENGTHS", "Content-Length 出现了不止一次") \
    X(LENGTH_AND_CODING, 400, "HTTP_LENGTH_AND_CODING", "Content-Length 与 Transfer-Encoding 不得同时出现") \
    X(CODING, 400, "HTTP_CODING", "Transfer-Encoding 只能是 chunked，且只能出现一次") \
    X(NO_HOST, 400, "HTTP_NO_HOST", "缺少 Host") \
    X(TWO_HOSTS, 400, "HTTP_TWO_HOSTS", "Host 出现了不止一次") \
    X(HOST, 400, "HTTP_HOST", "Host 不合规定，或者与请求行的地址不一致") \
    X(EXPECT, 417, "HTTP_EXPECT", "Expect 只能是 100-continue") \
    X(FIELDS, 431, "HTTP_FIELDS", "请求头的项数超过了 64 项") \
    X(LONG, 431, "HTTP_HEAD_LONG", "请求头超过了 16 KiB") \
    X(CHUNK, 400, "HTTP_CHUNK", "分块（chunked）的正文不合规定") \
    X(CHUNK_EXTENSION, 400, "HTTP_CHUNK_EXTENSION", "不接受分块扩展（chunk extension）和尾部字段（trailer）") \
    X(BODY_LONG, 413, "HTTP_BODY_LONG", "请求正文超过了限度")

typedef enum tb_head_reason {
#define X(name, status, code, text) TB_HEAD_##name,
    TB_HEAD_REASONS(X)
#undef X
} tb_head_reason;

int tb_head_status(tb_head_reason r);       /* 400, 413, 417, 431, 501, 505 */
const char *tb_head_code(tb_head_reason r); /* "HTTP_…" */
const char *tb_head_text(tb_head_reason r); /* Chinese */

typedef enum tb_method {
    TB_HTTP_GET, TB_HTTP_HEAD, TB_HTTP_POST, TB_HTTP_PUT, TB_HTTP_PATCH, TB_HTTP_DELETE, TB_HTTP_OPTIONS,
    TB_HTTP_METHODS /* how many */
} tb_method;
const char *tb_method_name(tb_method m);

typedef enum tb_head_verdict { TB_HEAD_MORE, TB_HEAD_WHOLE, TB_HEAD_REFUSED } tb_head_verdict;

/* A piece of the head: an offset from its first byte. */
typedef struct tb_head_span {
    uint16_t at, n;
} tb_head_span;

typedef struct tb_head_field {
    tb_head_span name, value; /* the value without the white space around it */
} tb_head_field;

/* One head being looked at; after TB_HEAD_WHOLE, what it says. */
typedef struct tb_head {
    tb_head_reason reason; /* after TB_HEAD_REFUSED */
    uint32_t seen;         /* bytes looked at so far; after TB_HEAD_WHOLE, the length of the head; refused: where */
    uint8_t state;         /* of the guard */
    tb_method method;
    tb_head_span path, query; /* query: after the '?', empty when none; path: "/…", or "*" of OPTIONS */
    uint8_t minor;            /* HTTP/1.minor */
    bool has_length, chunked, close, keep_alive, wants_continue;
    uint64_t length; /* Content-Length, when has_length */
    uint32_t count;
    tb_head_span target, authority, host; /* of the guard */
    tb_head_field fields[TB_HEAD_MAX_FIELDS];
} tb_head;

void tb_head_begin(tb_head *h);
/* `bytes` are the head's first n bytes: all that have come so far, those shown before included (they may have moved).
 */
tb_head_verdict tb_head_feed(tb_head *h, const char *bytes, size_t n);

/* A chunked body being looked at. */
typedef struct tb_chunks {
    tb_head_reason reason;
    uint8_t state, digits;
    uint64_t left, total, limit; /* of the chunk; of the body so far; allowed */
} tb_chunks;

void tb_chunks_begin(tb_chunks *c, uint64_t limit);
/* Looks at the next n bytes of the body; *used says how many of them belong to it (all, when TB_HEAD_MORE). */
tb_head_verdict tb_chunks_feed(tb_chunks *c, const char *bytes, size_t n, size_t *used);
#endif
