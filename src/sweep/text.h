/* Growing text, the shortest spelling of a number, and the nearest spelling of a word. */
#ifndef LINNET_SWEEP_TEXT_H
#define LINNET_SWEEP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

struct ln_text {
    char *at;
    size_t used, size;
};

void ln_text_add(struct ln_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *ln_text_keep(struct ln_text *text, struct ln_arena *arena); /* moves it into the arena */
void ln_text_clear(struct ln_text *text);

enum { LN_NUMBER_CHARS = 32 };

/* The shortest decimal that reads back as the same number. */
const char *ln_text_number(double x, char out[LN_NUMBER_CHARS]);

/* Damerau-Levenshtein distance (insert, delete, replace, swap of neighbours), letter case ignored.
 */
int ln_text_distance(const char *a, const char *b);

/* A search for the word that was meant: offer every candidate, then read best (NULL: none is near).
 */
struct ln_nearest {
    const char *word, *best;
    int distance;
};
void ln_nearest_offer(struct ln_nearest *nearest, const char *candidate);

/* "; did you mean 'step_size'?" or "", valid until the next call on the same buffer. */
enum { LN_HINT_CHARS = 160 };
const char *ln_nearest_hint(const struct ln_nearest *nearest, char out[LN_HINT_CHARS]);

#endif
