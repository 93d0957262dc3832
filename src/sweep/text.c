#include "text.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

static void reserve(struct ln_text *text, size_t more) {
    if (text->used + more <= text->size)
        return;
    text->size = 2 * text->size + more;
    char *grown = realloc(text->at, text->size);
    /* The last resort says in one line what is missing, and ends the process. */
    text->at = grown ? grown : ln_linalg_alloc(SIZE_MAX, 1);
}

void ln_text_add(struct ln_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t n = (size_t)vsnprintf(NULL, 0, format, args);
    reserve(text, n + 1);
    vsnprintf(text->at + text->used, n + 1, format, again);
    text->used += n;
    va_end(again);
    va_end(args);
}

char *ln_text_keep(struct ln_text *text, struct ln_arena *arena) {
    char *kept = ln_arena_copy(arena, text->at ? text->at : "", text->used);
    ln_text_clear(text);
    return kept;
}

void ln_text_clear(struct ln_text *text) {
    free(text->at);
    memset(text, 0, sizeof *text);
}

const char *ln_text_number(double x, char out[LN_NUMBER_CHARS]) {
    if (x == 0)
        x = 0; /* -0 and 0 are the same value */
    if (fabs(x) < 1e15 && x == rint(x)) {
        snprintf(out, LN_NUMBER_CHARS, "%.0f", x); /* 100, not 1e+02 */
        return out;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, LN_NUMBER_CHARS, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    return out;
}

enum { WORD_CHARS = 64 };

static int min_int(int a, int b) {
    return a < b ? a : b;
}

static bool same(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

int ln_text_distance(const char *a, const char *b) {
    int n = (int)strnlen(a, WORD_CHARS), m = (int)strnlen(b, WORD_CHARS);
    int row[3][WORD_CHARS + 1]; /* rows i-2, i-1, i of the table, by i mod 3 */
    for (int j = 0; j <= m; j++)
        row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *one = row[(i + 2) % 3], *two = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int replace = one[j - 1] + !same(a[i - 1], b[j - 1]);
            now[j] = min_int(replace, 1 + min_int(one[j], now[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                now[j] = min_int(now[j], two[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

void ln_nearest_offer(struct ln_nearest *nearest, const char *candidate) {
    size_t longest =
        strlen(nearest->word) > strlen(candidate) ? strlen(nearest->word) : strlen(candidate);
    int distance = ln_text_distance(nearest->word, candidate);
    if (distance > 1 + (int)longest / 4 || distance >= (int)longest)
        return;
    if (!nearest->best || distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}

const char *ln_nearest_hint(const struct ln_nearest *nearest, char out[LN_HINT_CHARS]) {
    out[0] = '\0';
    if (nearest->best)
        snprintf(out, LN_HINT_CHARS, "; did you mean '%s'?", nearest->best);
    return out;
}
