#include "linnet/landscape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

/* Eigenvalues as they are found. */
struct list {
    double *out;
    int count;
};

static void put(struct list *list, double x, int times) {
    while (times-- > 0)
        list->out[list->count++] = x;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Both modes kept: sum_h sigma_a^{2(N-h)/N} sigma_b^{2(h-1)/N}. With the penalty of two layers the
 * vector (sqrt sigma_a, -sqrt sigma_b, sqrt sigma_b, -sqrt sigma_a) of the pair gains
 * 2 rho (sigma_a + sigma_b), a single mode 4 rho sigma_a: both in place of a zero. */
static void put_kept_pairs(struct list *list, const double *kept, int r, int n_layers, double rho) {
    for (int a = 0; a < r; a++)
        for (int b = 0; b < r; b++) {
            double sum = 0;
            for (int h = 1; h <= n_layers; h++)
                sum += pow(kept[a], 2.0 * (n_layers - h) / n_layers) *
                       pow(kept[b], 2.0 * (h - 1) / n_layers);
            put(list, sum, 1);
            if (rho > 0 && b <= a)
                put(list, 2 * rho * (kept[a] + kept[b]), 1);
        }
}

/* One kept, one missing (or only on one side): sigma_a^{1-2/N} (sigma_a +- sigma_k). */
static void put_mixed_pairs(struct list *list, const struct ln_shape *shape, const double *kept,
                            int r, const double *missing, int n_missing) {
    int n_layers = shape->n_layers, one_sided = abs(shape->widths[0] - shape->widths[n_layers]);
    for (int a = 0; a < r; a++) {
        double factor = pow(kept[a], 1 - 2.0 / n_layers);
        for (int k = 0; k < n_missing; k++) {
            put(list, factor * (kept[a] + missing[k]), 1);
            put(list, factor * (kept[a] - missing[k]), 1);
        }
        put(list, factor * kept[a], one_sided);
    }
}

/* Hidden units that are not in use: two layers see the missing modes through each of them, and the
 * penalty ties them to the kept modes. */
static void put_idle_units(struct list *list, int idle, const double *kept, int r,
                           const double *missing, int n_missing, double rho) {
    for (int k = 0; k < n_missing; k++) {
        put(list, missing[k], idle);
        put(list, -missing[k], idle);
    }
    for (int a = 0; a < r && rho > 0; a++)
        put(list, 2 * rho * kept[a], idle);
}

void ln_balanced_spectrum(const struct ln_shape *shape, const double *sigma,
                          const unsigned char *kept, double rho, double *out) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers], r = 0, n_missing = 0;
    int n_modes = d_in < d_out ? d_in : d_out;
    double *in = ln_linalg_alloc(n_modes, sizeof *in),
           *left = ln_linalg_alloc(n_modes, sizeof *left);
    struct list list = {out, 0};
    for (int k = 0; k < n_modes; k++)
        *(kept[k] ? &in[r++] : &left[n_missing++]) = sigma[k];
    put_kept_pairs(&list, in, r, shape->n_layers, rho);
    put_mixed_pairs(&list, shape, in, r, left, n_missing);
    if (shape->n_layers == 2)
        put_idle_units(&list, shape->widths[1] - r, in, r, left, n_missing, rho);
    put(&list, 0, shape->n_weights - list.count);
    qsort(out, (size_t)shape->n_weights, sizeof *out, compare);
    free(left);
    free(in);
}

/* With an idle unit the largest missing mode counts, without one its distance to the smallest kept
 * one. Missing k and keeping a < k as the least: all above k are kept, and all above a may be. */
double ln_flattest_saddle(const double *sigma, int n_modes, int width) {
    double flattest = INFINITY;
    for (int k = 0; k < n_modes && sigma[k] > 0; k++) {
        int above = 0;
        while (sigma[above] > sigma[k])
            above++;
        if (above >= width)
            break;
        flattest = fmin(flattest, sigma[k]);
        int within = n_modes;
        for (int a = n_modes - 1; a > k; within = a--)
            if (sigma[a] > 0 && sigma[a] < sigma[k] && width <= within - 1)
                flattest = fmin(flattest, sigma[k] - sigma[a]);
    }
    return isfinite(flattest) ? -flattest : (double)NAN;
}
