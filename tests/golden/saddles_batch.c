/* Walks many problems for a solver outside: reads "n d", X row by row, y from standard input, over
 * and over, and prints for each "status jumps", then per saddle t, b and s. */
#include <stdio.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/saddles.h"

static int read_numbers(double *x, int count, int stride) {
    for (int i = 0; i < count; i++)
        if (scanf("%lf", x + (long)i * stride) != 1)
            return 0;
    return 1;
}

static void print_numbers(const double *x, int count) {
    for (int i = 0; i < count; i++)
        printf(" %.17g", x[i]);
}

static int one_problem(int n, int d) {
    double *x = ln_linalg_alloc((size_t)n * (size_t)d, sizeof *x);
    double *y = ln_linalg_alloc((size_t)n, sizeof *y);
    int is_read = 1;
    for (int i = 0; i < n && is_read; i++)
        is_read = read_numbers(x + i, d, n);
    is_read = is_read && read_numbers(y, n, 1);
    if (is_read) {
        struct ln_regression regression = {.n = n, .d = d, .x = x, .y = y, .c = 1.0 / n};
        struct ln_saddles saddles;
        ln_saddles_walk(&regression, &saddles);
        printf("%d %d %.3g\n", (int)saddles.status, saddles.n_jumps, saddles.certificate);
        for (int k = 0; k <= saddles.n_jumps; k++) {
            printf("%.17g", saddles.time[k]);
            print_numbers(saddles.b + k * d, d);
            print_numbers(saddles.s + k * d, d);
            printf("\n");
        }
        ln_saddles_clear(&saddles);
    }
    free(x);
    free(y);
    return is_read;
}

int main(void) {
    int n, d;
    ln_linalg_start();
    while (scanf("%d %d", &n, &d) == 2)
        if (n < 1 || d < 1 || !one_problem(n, d))
            return 2;
    return 0;
}
