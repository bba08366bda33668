/* Is a text well-formed XML? Elements closed as opened, attributes quoted, references known, characters allowed, one root. A
 * small reader of what our writers write: SVG, BPMN, and HTML written as XML. */
#ifndef TB_TEST_XML_H
#define TB_TEST_XML_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool xml_known(const char *s, const char *end) {
    static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#10;"};
    for (int i = 0; i < 5; i++)
        if ((size_t)(end - s) >= strlen(known[i]) && memcmp(s, known[i], strlen(known[i])) == 0) return true;
    return false;
}

/* NULL, or what is wrong. */
static inline const char *xml_error(const char *s, size_t n) {
    const char *open[64], *end = s + n;
    size_t length[64];
    int depth = 0;
    bool root = false;
    static const char doctype[] = "<!DOCTYPE html>\n", declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (n > sizeof doctype && memcmp(s, doctype, sizeof doctype - 1) == 0) s += sizeof doctype - 1;
    if (n > sizeof declaration && memcmp(s, declaration, sizeof declaration - 1) == 0) s += sizeof declaration - 1;
    while (s < end) {
        if (*s != '<') {
            if ((uint8_t)*s < ' ' && *s != '\n') return "a control character";
            if (*s == '&' && !xml_known(s, end)) return "an unknown reference";
            if (depth == 0 && *s != '\n') return "text outside of the root";
            s++;
            continue;
        }
        bool closes = s[1] == '/';
        const char *name = s += closes ? 2 : 1;
        while (s < end &&
               ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == ':' || (*s >= '0' && *s <= '9')))
            s++;
        size_t len = (size_t)(s - name);
        if (!len) return "an element without a name";
        if (closes) {
            if (depth == 0 || length[depth - 1] != len || memcmp(open[depth - 1], name, len) != 0) return "a wrong end";
            depth--;
            if (*s++ != '>') return "an end that does not end";
            continue;
        }
        if (depth == 0 && root) return "two roots";
        root = true;
        while (s < end && *s == ' ') {
            while (s < end && *s == ' ') s++;
            const char *attribute = s;
            while (s < end && ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '-' || *s == ':' ||
                               (*s >= '0' && *s <= '9')))
                s++;
            if (s == attribute) break;
            if (s[0] != '=' || s[1] != '"') return "an attribute without quotes";
            for (s += 2; s < end && *s != '"'; s++)
                if (*s == '<' || (*s == '&' && !xml_known(s, end))) return "a mark in an attribute";
            s++;
        }
        if (s[0] == '/' && s[1] == '>') {
            s += 2;
        } else if (*s == '>') {
            if (depth == 64) return "too deep";
            open[depth] = name, length[depth++] = len;
            s++;
        } else return "a beginning that does not end";
    }
    return depth == 0 && root ? NULL : "not closed";
}
#endif
