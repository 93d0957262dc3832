#include "pesme_cases.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct pesme_case pesme_cases[] = {
    {.name = "ortho4x3",
     .n = 4,
     .d = 3,
     .x = "1 1 1  1 -1 1  1 1 -1  1 -1 -1",
     .y = "7/4 13/4 1/4 11/4",
     .jumps = {"1/2: 2 0 0 | 1 -1/2 1/4", "1: 2 -1 0 | 1 -1 1/2", "2: 2 -1 1/2 | 1 -1 1"},
     .losses = "85/32 21/32 5/32 1/32",
     .constants = ".34657 .34657 0"},
    {.name = "drop2x2",
     .n = 2,
     .d = 2,
     .x = "1 -2  0 -2",
     .y = "2 0",
     .jumps = {"1/2: 0 -1/2 | 1/2 -1", "3/2: 2 0 | 1 -1"},
     .dropped = {NULL, "2"},
     .losses = "1 1/2 0",
     .constants = "0 1.60470"},
    {.name = "flip2x2",
     .n = 2,
     .d = 2,
     .x = "0 2  -1 2",
     .y = "-1 3",
     .jumps = {"1/2: 0 1/2 | -3/4 1", "3/4: -3 0 | -1 1", "11/4: -4 -1/2 | -1 -1"},
     .dropped = {NULL, "2"},
     .losses = "5/2 2 1/4 0",
     .constants = "0 .89588 1.30404"},
    {.name = "zhao2x4",
     .n = 2,
     .d = 4,
     .x = "1 1/2 7/10 0  1/2 1 1/10 7/10",
     .y = "1 0",
     .jumps = {"2: 4/5 0 0 0 | 1 1/2 7/10 0", "8: 0 0 7/5 0 | 1 -2/5 1 -21/25",
               "552/49: 0 0 10/7 -10/49 | 45/49 -30/49 1 -1"},
     .dropped = {NULL, "1"},
     .losses = "1/4 1/20 1/200 0",
     .constants = ".470004 10.05836 -33.00116"},
    {.name = "mono3x5",
     .n = 3,
     .d = 5,
     .x = "-2 0 0 -1 1  -2 -1 3 1 1  2 -1 -2 0 1",
     .y = "2 -1 -3",
     .jumps = {"3/8: -2/3 0 0 0 0 | -1 1/2 3/8 -3/8 -1/4",
               "3/4: -2/3 2 0 0 0 | -1 1 -1/12 -3/4 -2/3",
               "3/2: -2/3 5/3 0 -2/3 0 | -1 1 -1/2 -1 -1/2"},
     .losses = "7/3 13/9 1/9 0",
     .constants = ".05394 .51986 -.44950"},
    {.name = "noisy4x3",
     .n = 4,
     .d = 3,
     .x = "1 0 0  1 -2 -1  2 0 -1  -2 1 1",
     .y = "-3 0 4 0",
     .jumps = {"4/5: 1/2 0 0 | 1 0 -4/5", "4/3: 0 0 -4/3 | 1 4/15 -1",
               "31/15: 0 2 -10/3 | 25/36 1 -1", "646/165: -22/7 25/7 -71/7 | -1 1 -1"},
     .dropped = {NULL, "1"},
     .losses = "25/8 45/16 59/24 35/24 1/56",
     .constants = "0 1.25665 1.81972 4.89926"},
    {.name = "react3x3",
     .n = 3,
     .d = 3,
     .x = "1 0 0  3 0 -2  0 1 -1",
     .y = "1 2 2",
     .jumps = {"3/7: 7/10 0 0 | 1 2/7 -6/7", "2/3: 0 0 -6/5 | 1 4/9 -1",
               "11/4: 0 1 -1 | 31/36 1 -1", "19/6: 7/10 2 0 | 1 1 -1", "199/6: 1 5/2 1/2 | 1 1 1"},
     .dropped = {NULL, "1", NULL, "3"},
     .losses = "3/2 41/60 3/10 1/6 1/60 0",
     .constants = ".07210 .98638 -1.22552 5.22722 5.94023"},
    {.name = "rich3x5",
     .n = 3,
     .d = 5,
     .x = "0 3 2 0 3  -1 3 0 1 -2  3 -1 0 -1 3",
     .y = "-3 1 1",
     .jumps = {"3/8: 0 0 0 0 -4/11", "3/7: 0 -7/19 0 0 -4/11",
               "43/56: 0 0 -3/2 0 0 | 11/14 -1 -1 -1/14 -1", "61/56: 1/5 0 -3/2 0 0",
               "19/14: 4/3 0 0 0 -34/33 | 1 -1/2 -1 0 -1",
               "41/7: 16/11 1/11 0 0 -12/11 | 1 1 -8/11 3/11 -1"},
     .dropped = {NULL, NULL, "2 5", NULL, "3"},
     .losses = "11/6 89/66 192/209 1/3 4/15 1/66 0",
     .constants = "-.05971 -.06544 1.21545 -2.32714 .85795 -8.14467"},
    {.name = "shrink3x3",
     .n = 3,
     .d = 3,
     .x = "1 -2 -1  0 1 -2  0 -2 0",
     .y = "-3 0 0",
     .jumps = {"1/2: 0 2/3 0", "1: 0 2/3 3/5 | -7/9 1 1", "13/8: -3 0 0 | -1 1 1"},
     .dropped = {NULL, NULL, "2 3"},
     .losses = "3/2 5/6 8/15 0",
     .constants = ".07192 .09116 2.89787"},
    {.name = "standin5x7", /* stands in for Figure 1 */
     .n = 5,
     .d = 7,
     .x = "-.1 .2 -.8 .2 -1.2 -.8 1.8  0 .5 -.2 .8 .9 .6 -.1  .5 -.6 .5 -1.3 .3 -1.5 -.3"
          "  .8 .9 .3 1 .4 -.5 -.1  -.6 .4 .2 2 1 1.3 -.3",
     .y = "3 10 -7 26 2",
     .jumps = {"50/477: 0 0 0 4770/737 0 0 0", "11125/55648: 0 1700/81 0 0 0 0 0",
               "165429925/560820544: 10 20 0 0 0 0 0"},
     .dropped = {NULL, "4"}},
};
const int n_pesme_cases = sizeof pesme_cases / sizeof pesme_cases[0];

const struct pesme_case *pesme_find(const char *name) {
    for (int i = 0; i < n_pesme_cases; i++)
        if (strcmp(pesme_cases[i].name, name) == 0)
            return &pesme_cases[i];
    abort(); /* no case of that name */
}

int pesme_numbers(const char *text, double *out, int most, const char **rest) {
    int count = 0;
    for (text += strspn(text, " "); *text && *text != '|' && *text != ':';
         text += strspn(text, " ")) {
        char *end;
        double number = strtod(text, &end);
        if (*end == '/')
            number /= strtod(end + 1, &end);
        assert(end > text && count < most);
        out[count++] = number;
        text = end;
    }
    if (rest)
        *rest = *text ? text + 1 : text;
    return count;
}

struct ln_regression pesme_regression(const struct pesme_case *a_case) {
    int n = a_case->n, d = a_case->d;
    double *rows = calloc((size_t)n * (size_t)d, sizeof *rows);
    double *x = calloc((size_t)n * (size_t)d, sizeof *x), *y = calloc((size_t)n, sizeof *y);
    int count = pesme_numbers(a_case->x, rows, n * d, NULL);
    assert(count == n * d);
    count = pesme_numbers(a_case->y, y, n, NULL);
    assert(count == n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++)
            x[j * n + i] = rows[i * d + j];
    free(rows);
    return (struct ln_regression){.n = n, .d = d, .x = x, .y = y, .c = 1.0 / n};
}

void pesme_clear(struct ln_regression *regression) {
    /* Made here, so known to be writable. */
    free((void *)(uintptr_t)regression->x);
    free((void *)(uintptr_t)regression->y);
    *regression = (struct ln_regression){0};
}
