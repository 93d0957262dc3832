/* UTF-8, as far as bytes of unknown origin must be looked at. */
#ifndef LINNET_UTF8_H
#define LINNET_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at text[left]; 0: there is none. *code (may be NULL): its number. */
size_t ln_utf8_length(const char *text, size_t left, unsigned *code);

/* Whether a terminal would act on nothing in text. */
bool ln_utf8_is_plain(const char *text);

/* Copies text and writes what a terminal would act on instead of showing it as escapes, \\n, \\x1b,
 * \\u202e: controls, changes of direction, bytes that are no UTF-8. Cut where it does not fit. Line
 * ends stay if they are followed by two blanks and keeps_lines, as in our own messages. Returns
 * out. */
char *ln_utf8_show(const char *text, bool keeps_lines, char *out, size_t size);

#endif
