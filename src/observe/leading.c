#include "leading.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

/* x -= (f^T x) f for column k of the frame [n x r]; returns f^T x. */
static double take_part(const double *frame, int r, int k, double *x, int n) {
    double part = 0;
    for (int i = 0; i < n; i++)
        part += frame[i * r + k] * x[i];
    for (int i = 0; i < n; i++)
        x[i] -= part * frame[i * r + k];
    return part;
}

/* The first mode is taken off first: what is left of u is small near the optimum and keeps its
 * digits. */
static void compare(struct leading *leading, const struct ln_problem *problem, double *u,
                    double *v) {
    int r = problem->n_modes;
    leading->a = take_part(problem->left, r, 0, u, problem->d_out);
    leading->b = take_part(problem->right, r, 0, v, problem->d_in);
    leading->u_rest = ln_norm(u, (size_t)problem->d_out);
    leading->v_rest = ln_norm(v, (size_t)problem->d_in);
    for (int k = 1; k < r; k++)
        leading->others += problem->sigma[k] * take_part(problem->left, r, k, u, problem->d_out) *
                           take_part(problem->right, r, k, v, problem->d_in);
}

struct leading ln_observe_leading(const struct ln_sight *sight) {
    const struct ln_problem *problem = sight->problem;
    int m = problem->d_out, n = problem->d_in, r = problem->n_modes;
    struct leading leading = {0};
    double *w = ln_linalg_alloc((size_t)m * n, sizeof *w),
           *u = ln_linalg_alloc((size_t)m * r, sizeof *u),
           *v = ln_linalg_alloc((size_t)n * r, sizeof *v), *s = ln_linalg_alloc(r, sizeof *s);
    if (problem->root)
        ln_matmul(w, sight->p, false, problem->root, false, m, n, n);
    else
        memcpy(w, sight->p, (size_t)m * n * sizeof *w);
    ln_svd(u, s, v, w, m, n);
    for (int i = 0; i < m; i++) /* the first columns, packed */
        u[i] = u[i * r];
    for (int i = 0; i < n; i++)
        v[i] = v[i * r];
    leading.s = s[0];
    compare(&leading, problem, u, v);
    free(s);
    free(v);
    free(u);
    free(w);
    return leading;
}
