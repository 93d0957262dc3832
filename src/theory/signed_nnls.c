/* Least squares with a sign for every coordinate: Lawson, Hanson 1974, chapter 23, from any b that
 * has the signs. The minimiser of a face in general position is unique, so the result has no
 * history; the support of the saddle before is nearly always the right one but for a coordinate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/saddles.h"

struct fit {
    const struct ln_regression *problem;
    const int8_t *sign;
    double gtol;
    double *b, *g, *z, *columns; /* z: the refit of the free set */
    int *set;                    /* the free coordinates, in the order they came in */
    bool *is_skipped;
    int n_free;
};

static bool is_free(const struct fit *fit, int i) {
    for (int k = 0; k < fit->n_free; k++)
        if (fit->set[k] == i)
            return true;
    return false;
}

/* The bound coordinate along which the loss falls fastest; -1: none. */
static int most_violated(struct fit *fit) {
    int best = -1;
    double most = fit->gtol;
    ln_regression_loss(fit->problem, fit->b, fit->g);
    for (int i = 0; i < fit->problem->d; i++)
        if (fit->sign[i] && !fit->is_skipped[i] && -fit->sign[i] * fit->g[i] > most &&
            !is_free(fit, i)) {
            most = -fit->sign[i] * fit->g[i];
            best = i;
        }
    return best;
}

static bool refit(struct fit *fit) {
    size_t n = (size_t)fit->problem->n;
    if (fit->n_free > fit->problem->n || ln_interrupt_is_due())
        return false;
    for (int k = 0; k < fit->n_free; k++)
        memcpy(fit->columns + k * n, fit->problem->x + fit->set[k] * n, n * sizeof *fit->columns);
    return ln_least_squares(fit->z, fit->columns, fit->problem->y, (int)n, fit->n_free);
}

static void release(struct fit *fit, int at) {
    fit->b[fit->set[at]] = 0;
    fit->n_free--;
    for (int k = at; k < fit->n_free; k++)
        fit->set[k] = fit->set[k + 1];
}

/* Towards z as far as every sign allows; the coordinates that stop the way are fixed at 0. Returns
 * true if none did. */
static bool move(struct fit *fit) {
    double part = 1;
    int stop = -1;
    for (int k = 0; k < fit->n_free; k++) {
        double b = fit->b[fit->set[k]], z = fit->z[k];
        if (fit->sign[fit->set[k]] * z <= 0 && (stop < 0 || b / (b - z) < part)) {
            part = b == 0 ? 0 : b / (b - z);
            stop = k;
        }
    }
    for (int k = 0; k < fit->n_free; k++)
        fit->b[fit->set[k]] += part * (fit->z[k] - fit->b[fit->set[k]]);
    if (stop >= 0)
        release(fit, stop);
    for (int k = fit->n_free - 1; stop >= 0 && k >= 0; k--)
        if (fit->sign[fit->set[k]] * fit->b[fit->set[k]] <= 0)
            release(fit, k);
    return stop < 0;
}

/* Takes in one coordinate and refits until every sign holds. A newcomer whose refit has the wrong
 * sign is violated by rounding only: it is skipped until another came in. */
static bool take_in(struct fit *fit, int newcomer) {
    fit->set[fit->n_free++] = newcomer;
    bool is_first = true;
    for (;;) {
        if (!refit(fit))
            return false;
        if (is_first && fit->sign[newcomer] * fit->z[fit->n_free - 1] <= 0) {
            release(fit, fit->n_free - 1);
            fit->is_skipped[newcomer] = true;
            return true;
        }
        if (is_first)
            memset(fit->is_skipped, 0, (size_t)fit->problem->d * sizeof *fit->is_skipped);
        is_first = false;
        if (move(fit))
            return true;
    }
}

/* The coordinates of the b given that have their sign, refitted; the others are set to 0. */
static bool begin(struct fit *fit) {
    for (int i = 0; i < fit->problem->d; i++) {
        if (fit->sign[i] * fit->b[i] > 0)
            fit->set[fit->n_free++] = i;
        else
            fit->b[i] = 0;
    }
    while (fit->n_free > 0) {
        if (!refit(fit))
            return false;
        if (move(fit))
            return true;
    }
    return true;
}

static void snap(double *b, int d) {
    double most = 0;
    for (int i = 0; i < d; i++)
        most = fmax(most, fabs(b[i]));
    for (int i = 0; i < d; i++)
        if (fabs(b[i]) <= 1e-12 * most)
            b[i] = 0;
}

bool ln_signed_nnls(const struct ln_regression *problem, const int8_t *sign, double gtol,
                    double *b) {
    size_t d = (size_t)problem->d, n = (size_t)problem->n, most = (n < d ? n : d) + 1;
    struct fit fit = {.problem = problem, .sign = sign, .gtol = gtol, .b = b};
    fit.g = ln_linalg_alloc(d, sizeof(double));
    fit.z = ln_linalg_alloc(d + 1, sizeof(double));
    fit.columns = ln_linalg_alloc(most * n, sizeof(double));
    fit.set = ln_linalg_alloc(d + 1, sizeof(int));
    fit.is_skipped = ln_linalg_alloc(d, sizeof(bool));
    bool is_good = begin(&fit);
    int newcomer;
    while (is_good && (newcomer = most_violated(&fit)) >= 0)
        is_good = take_in(&fit, newcomer);
    if (is_good)
        snap(b, problem->d);
    free(fit.is_skipped);
    free(fit.set);
    free(fit.columns);
    free(fit.z);
    free(fit.g);
    return is_good;
}
