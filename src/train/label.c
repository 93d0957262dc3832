/* Outcome labels. Every rule is written down in docs/physics.md with the numbers used here. */
#include <math.h>

#include "linnet/linalg.h"
#include "linnet/train.h"
#include "linnet/work.h"

const char *const ln_label_names[LN_N_LABELS] = {
    "invalid",
    "diverged",
    "converged_monotone",
    "converged_catapult",
    "converged_oscillating",
    "period_p",
    "chaotic_bounded",
    "stuck_origin",
    "plateau_r",
    "slow",
};

enum { MAX_PERIOD = 64, N_BLOCKS = 8 };

/* The window in time order: at(run, x, 0) is the oldest. */
static double at(const struct ln_run *run, const double *window, int i) {
    return window[(run->step + 1 + i) % LN_WINDOW];
}

static double span_of(const double *window) {
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < LN_WINDOW; i++) {
        low = fmin(low, window[i]);
        high = fmax(high, window[i]);
    }
    return high - low;
}

static bool repeats(const struct ln_run *run, const double *window, int period, double tolerance) {
    for (int i = period; i < LN_WINDOW; i++)
        if (!(fabs(at(run, window, i) - at(run, window, i - period)) <= tolerance))
            return false;
    return true;
}

/* The state oscillates: it turns at least eight times within the window, by more than rounding. */
static bool oscillates(const struct ln_run *run) {
    double span = span_of(run->state_window), scale = 0;
    int turns = 0;
    for (int i = 0; i < LN_WINDOW; i++)
        scale = fmax(scale, fabs(run->state_window[i]));
    for (int i = 2; i < LN_WINDOW; i++) {
        double a = at(run, run->state_window, i - 1) - at(run, run->state_window, i - 2);
        double b = at(run, run->state_window, i) - at(run, run->state_window, i - 1);
        turns += a * b < 0;
    }
    return turns >= 8 && span > 1e-6 * scale;
}

/* The swing of the state shrinks from each of eight blocks to the next: on its way to rest. */
static bool decays(const struct ln_run *run) {
    double before = INFINITY;
    for (int block = 0; block < N_BLOCKS; block++) {
        double low = INFINITY, high = -INFINITY;
        for (int i = block * LN_WINDOW / N_BLOCKS; i < (block + 1) * LN_WINDOW / N_BLOCKS; i++) {
            low = fmin(low, at(run, run->state_window, i));
            high = fmax(high, at(run, run->state_window, i));
        }
        if (!(high - low < before * (1.0 - 1e-6)))
            return false;
        before = high - low;
    }
    return true;
}

/* Smallest period in 2..64 with which state and loss repeat to 1e-6 of their span; 0: none. */
static int period_of(const struct ln_run *run) {
    double state = 1e-6 * span_of(run->state_window);
    double loss = 1e-6 * span_of(run->loss_window) + 1e-12 * fabs(run->excess);
    for (int period = 2; period <= MAX_PERIOD; period++)
        if (repeats(run, run->state_window, period, state) &&
            repeats(run, run->loss_window, period, loss))
            return period;
    return 0;
}

/* A saddle fits a set S of the modes (u_i, sigma_i, v_i) and leaves the rest at zero: E_S = 1/2 sum
 * of sigma_i^2 outside S. Near one: E within 1 % of the smallest mode still missing. Returns |S|,
 * or -1. Source: Nguegnang et al. 2021, critical points on M_k. */
static int modes_at_saddle(const struct ln_run *run, const struct ln_problem *problem,
                           const double *p) {
    int m = problem->d_out, n = problem->d_in, r = problem->n_modes, learnt = 0;
    double level = 0, smallest = INFINITY;
    size_t mark = ln_work_mark();
    double *q = ln_work_take((size_t)m * n), *half = ln_work_take((size_t)m * r);
    if (problem->root)
        ln_matmul(q, p, false, problem->root, false, m, n, n);
    ln_matmul(half, problem->root ? q : p, false, problem->right, false, m, r, n);
    for (int k = 0; k < r; k++) {
        double sigma = problem->sigma[k], fitted = 0;
        for (int i = 0; i < m; i++)
            fitted += problem->left[i * r + k] * half[i * r + k];
        if (sigma <= 1e-12 * problem->sigma[0])
            continue;
        if (fitted > 0.5 * sigma) {
            learnt++;
        } else {
            level += 0.5 * sigma * sigma;
            smallest = fmin(smallest, 0.5 * sigma * sigma);
        }
    }
    ln_work_release(mark);
    return fabs(run->excess - level) <= 0.01 * smallest && isfinite(smallest) &&
                   level > run->level + 0.5 * smallest
               ? learnt
               : -1;
}

bool ln_label_reads_product(const struct ln_run *run) {
    return !run->is_invalid && run->diverged_step < 0 && run->converged_step < 0;
}

enum ln_label ln_label_of(const struct ln_run *run, const struct ln_problem *problem,
                          const double *p, int *period, int *modes) {
    *period = 0;
    *modes = -1;
    if (run->is_invalid)
        return LN_INVALID;
    if (run->diverged_step >= 0)
        return LN_DIVERGED;
    if (run->converged_step >= 0) {
        if (run->worst > run->initial * (1.0 + 1e-9))
            return LN_CONVERGED_CATAPULT;
        return run->n_rises > 0 ? LN_CONVERGED_OSCILLATING : LN_CONVERGED_MONOTONE;
    }
    if (run->max_steps >= LN_WINDOW && oscillates(run) && !decays(run)) {
        *period = period_of(run);
        return *period ? LN_PERIOD_P : LN_CHAOTIC_BOUNDED;
    }
    *modes = modes_at_saddle(run, problem, p);
    return *modes == 0 ? LN_STUCK_ORIGIN : *modes > 0 ? LN_PLATEAU_R : LN_SLOW;
}
