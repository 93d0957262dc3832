/* Plateaus and jumps of a sampled trajectory. Near a saddle |b_i g_i| is small for every i: b
 * minimises the loss on its support (Pesme, Flammarion 2023, Prop. 1). */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/saddles.h"

/* r, and the largest |b_i| of all samples. */
static double motion_of(const double *b, const double *g, int n_times, int d, double *r) {
    double size = 0;
    for (int k = 0; k < n_times; k++)
        for (int i = 0; i < d; i++) {
            size_t at = (size_t)k * d + i;
            r[k] = fmax(r[k], fabs(b[at] * g[at]));
            size = fmax(size, fabs(b[at]));
        }
    return size;
}

static double moved(const double *b, const double *to, int d) {
    double most = 0;
    for (int i = 0; i < d; i++)
        most = fmax(most, fabs(b[i] - to[i]));
    return most;
}

static int fastest(const double *r, int first, int last) {
    int best = first;
    for (int k = first; k <= last; k++)
        if (r[k] > r[best])
            best = k;
    return best;
}

int ln_plateaus_find(const double *b, const double *g, int n_times, int d, double quiet,
                     struct ln_plateau *plateaus, int most) {
    double *r = ln_linalg_alloc((size_t)n_times, sizeof *r), loudest = 0;
    double size = motion_of(b, g, n_times, d, r);
    int count = 0, last = -2;
    for (int k = 0; k < n_times; k++)
        loudest = fmax(loudest, r[k]);
    for (int k = 0; k < n_times; k++) {
        if (!(r[k] <= quiet * loudest))
            continue;
        const double *now = b + (size_t)k * d;
        bool goes_on = k > 0 && last == k - 1 && moved(now - d, now, d) <= quiet * size;
        if (!goes_on && count > 0 && count <= most)
            plateaus[count - 1].jump = fastest(r, last + (last < k - 1), k - 1);
        if (!goes_on && count++ < most)
            plateaus[count - 1] = (struct ln_plateau){k, k, -1};
        if (count <= most)
            plateaus[count - 1].last = k;
        last = k;
    }
    free(r);
    return count;
}

static double squared_distance(const double *a, const double *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* The difference of the squared distances is linear in b. */
double ln_plateaus_switch_time(const double *t, const double *b, int n_times, int d, int first,
                               const double *from, const double *to, int *at) {
    double before = NAN;
    for (int k = first; k < n_times; k++) {
        const double *now = b + (size_t)k * d;
        double left = squared_distance(now, to, d) - squared_distance(now, from, d);
        if (left <= 0 && before > 0) {
            *at = k;
            return t[k - 1] + (t[k] - t[k - 1]) * before / (before - left);
        }
        before = left;
    }
    return (double)NAN;
}
