#include "diagonal_sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

/* Inputs of a sweep are columns of samples. */
static size_t write_data(char *text, size_t size, const struct pesme_case *a_case) {
    struct ln_regression data = pesme_regression(a_case);
    size_t used = (size_t)snprintf(text, size, "linnet: 1\nproblem: {kind: data, loss: mean, x: [");
    for (int j = 0; j < a_case->d; j++)
        for (int i = 0; i < a_case->n; i++)
            used += (size_t)snprintf(text + used, size - used, "%s%.17g%s",
                                     i > 0   ? ", "
                                     : j > 0 ? ", ["
                                             : "[",
                                     data.x[j * a_case->n + i], i == a_case->n - 1 ? "]" : "");
    used += (size_t)snprintf(text + used, size - used, "], y: [[");
    for (int i = 0; i < a_case->n; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%.17g", i ? ", " : "", data.y[i]);
    pesme_clear(&data);
    return used + (size_t)snprintf(text + used, size - used, "]]}\n");
}

void sweep_case(struct golden *run, const struct pesme_case *a_case, const char *rest, ...) {
    static char text[1 << 15];
    size_t used = write_data(text, sizeof text, a_case);
    va_list list;
    va_start(list, rest);
    vsnprintf(text + used, sizeof text - used, rest, list);
    va_end(list);
    golden_run_text(run, text);
}

double sweep_error(const struct golden *run, int64_t cell, int64_t step, const double *wanted,
                   int d) {
    double largest = 0;
    for (int i = 0; i < d; i++) {
        double gap = fabs(golden_at(run, cell, "coefficients_series", step, i) - wanted[i]);
        largest = gap <= largest ? largest : gap; /* NaN wins */
    }
    return largest;
}

double sweep_distance(const struct golden *run, int64_t cell, int64_t step, const double *wanted,
                      int d) {
    double squares = 0;
    for (int i = 0; i < d; i++)
        squares += pow(golden_at(run, cell, "coefficients_series", step, i) - wanted[i], 2);
    return sqrt(squares);
}

bool sweep_jump(const struct pesme_case *a_case, int k, double *time, double *saddle) {
    if (k >= PESME_MOST_JUMPS || !a_case->jumps[k])
        return false;
    const char *rest;
    pesme_numbers(a_case->jumps[k], time, 1, &rest);
    pesme_numbers(rest, saddle, a_case->d, NULL);
    return true;
}

/* Smallest whole number up to 1e6 that makes every time a whole number, or nearly. */
static int64_t divisor(const double *times, int count) {
    for (int64_t n = 1; n < 1000000; n++) {
        bool fits = true;
        for (int k = 0; k < count && fits; k++)
            fits = fabs(times[k] * (double)n - nearbyint(times[k] * (double)n)) < 1e-9 * (double)n;
        if (fits)
            return n;
    }
    return 1000000;
}

int sweep_middles(const struct pesme_case *a_case, double *time_step, int64_t *steps) {
    double times[PESME_MOST_JUMPS + 1], saddle[MOST];
    int count = 0;
    while (sweep_jump(a_case, count, &times[count], saddle))
        count++;
    times[count] = 3 * times[count - 1] - 2 * times[count - 2];
    for (int k = 0; k < count; k++)
        times[k] = 0.5 * (times[k] + times[k + 1]);
    int64_t n = divisor(times, count);
    for (int k = 0; k < count; k++)
        steps[k] = (int64_t)nearbyint(times[k] * (double)n);
    *time_step = 1.0 / (double)n;
    return count;
}

const char *sweep_list(const int64_t *numbers, int count) {
    static char text[4096];
    size_t used = 0;
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld", i ? ", " : "[",
                                 (long long)numbers[i]);
    snprintf(text + used, sizeof text - used, "]");
    return text;
}
