#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const struct ln_problem *problem = sight->problem;
    int m = problem->d_out, n = problem->d_in, r = problem->n_modes;
    double *v = ln_linalg_alloc((size_t)n * r, sizeof *v),
           *half = ln_linalg_alloc((size_t)m * r, sizeof *half);
    if (problem->root)
        ln_matmul(v, problem->root, false, problem->right, false, n, r, n);
    ln_matmul(half, sight->p, false, problem->root ? v : problem->right, false, m, r, n);
    for (int k = 0; k < r; k++) {
        double fitted = 0;
        for (int i = 0; i < m; i++)
            fitted += problem->left[i * r + k] * half[i * r + k];
        out[k] = problem->sigma[k] > 0 ? fitted / problem->sigma[k] : (double)NAN;
    }
    free(half);
    free(v);
}

const struct ln_observable ln_observable_mode_overlap = {
    .entry = {.name = "mode_overlap",
              .doc = "Share of each target mode that is learnt: u_i^T P M^{1/2} v_i / sigma_i; 1 "
                     "is fitted.",
              .source = "Saxe, McClelland, Ganguli 2014"},
    .long_name = "learnt share of each target mode",
    .units = "1",
    .extent = LN_PER_MODE,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
