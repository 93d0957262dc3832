#include "linnet/utf8.h"

#include <stdio.h>
#include <string.h>

size_t ln_utf8_length(const char *text, size_t left, unsigned *code) {
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    unsigned number = n == 1 ? s[0] : s[0] & (0xFFU >> (n + 1));
    if (n > left || (n > 1 && (s[0] < 0xC2 || s[0] > 0xF4)))
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        number = number << 6 | (s[i] & 0x3FU);
    }
    bool is_overlong = (n == 3 && number < 0x800) || (n == 4 && number < 0x10000);
    if (is_overlong || (number >= 0xD800 && number < 0xE000) || number > 0x10FFFF)
        return 0;
    if (code)
        *code = number;
    return n;
}

/* Controls, line and paragraph separators, and the characters that turn the direction of writing.
 */
static bool is_acted_on(unsigned code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x061C || code == 0xFEFF;
}

bool ln_utf8_is_plain(const char *text) {
    for (size_t left = strlen(text), n = 1; left > 0; text += n, left -= n) {
        unsigned code = 0;
        n = ln_utf8_length(text, left, &code);
        if (n == 0 || is_acted_on(code))
            return false;
    }
    return true;
}

char *ln_utf8_show(const char *text, bool keeps_lines, char *out, size_t size) {
    size_t used = 0;
    for (size_t left = strlen(text), n = 1; left > 0 && size > 0; text += n, left -= n) {
        char piece[16];
        unsigned code = 0;
        n = ln_utf8_length(text, left, &code);
        bool is_line = keeps_lines && code == '\n' && strncmp(text + 1, "  ", 2) == 0;
        if (n == 0)
            snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)text[0]);
        else if (code == '\n' && !is_line)
            snprintf(piece, sizeof piece, "\\n");
        else if (is_acted_on(code) && !is_line)
            snprintf(piece, sizeof piece, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
        else
            snprintf(piece, sizeof piece, "%.*s", (int)n, text);
        n = n ? n : 1;
        size_t more = strlen(piece);
        if (used + more >= size)
            break;
        memcpy(out + used, piece, more);
        used += more;
    }
    if (size > 0)
        out[used] = '\0';
    return out;
}
