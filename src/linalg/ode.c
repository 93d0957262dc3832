#include "linnet/ode.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_roots.h>

#include "linnet/linalg.h"

struct ln_ode_memory {
    gsl_odeiv2_step *step;
    gsl_odeiv2_control *control;
    gsl_odeiv2_system system;
    double *before, *after, *error;     /* [n] state before and after a step, its estimated error */
    double *slope_before, *slope_after; /* [n] f there */
};

/* One call of ln_ode_advance: the step from t to t + h. */
struct march {
    struct ln_ode *ode;
    double t, h;
    double event_before; /* value of the event function at t */
};

static int velocity(double t, const double *y, double *dydt, void *params) {
    const struct ln_ode *ode = params;
    ode->velocity(ode->ctx, t, y, dydt);
    return GSL_SUCCESS;
}

void ln_ode_init(struct ln_ode *ode, int n, ln_velocity *function, void *ctx) {
    struct ln_ode_memory *memory = ln_linalg_alloc(1, sizeof *memory);
    size_t size = (size_t)n;
    gsl_set_error_handler_off();
    *ode = (struct ln_ode){.n = n, .velocity = function, .ctx = ctx, .memory = memory};
    memory->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, size);
    memory->control = gsl_odeiv2_control_standard_new(0, 0, 1, 0);
    if (!memory->step || !memory->control)
        abort(); /* out of memory, as in ln_linalg_alloc */
    double **arrays[] = {&memory->before, &memory->after, &memory->error, &memory->slope_before,
                         &memory->slope_after};
    for (int i = 0; i < 5; i++)
        *arrays[i] = ln_linalg_alloc(size, sizeof(double));
}

void ln_ode_clear(struct ln_ode *ode) {
    struct ln_ode_memory *memory = ode->memory;
    if (!memory)
        return;
    gsl_odeiv2_step_free(memory->step);
    gsl_odeiv2_control_free(memory->control);
    free(memory->before);
    free(memory->after);
    free(memory->error);
    free(memory->slope_before);
    free(memory->slope_after);
    free(memory);
    ode->memory = NULL;
}

static double error_scale(const struct ln_ode *ode, double y) {
    return ode->atol + ode->rtol * fabs(y);
}

/* A first step that moves the state by about 1 % of itself; the control soon finds the right one.
 * Source: Hairer, Norsett, Wanner, Solving ODEs I, II.4. */
static double first_step(const struct ln_ode *ode) {
    const struct ln_ode_memory *memory = ode->memory;
    double state = 0, slope = 0;
    for (int i = 0; i < ode->n; i++) {
        double scale = error_scale(ode, memory->before[i]);
        if (scale > 0) {
            state = fmax(state, fabs(memory->before[i]) / scale);
            slope = fmax(slope, fabs(memory->slope_before[i]) / scale);
        }
    }
    return state > 1e-5 && slope > 1e-5 ? 0.01 * state / slope : 1e-6;
}

static bool is_finite(const double *x, int n) {
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* memory->after = the state one step of length h after memory->before. */
static void try_step(struct march *march, double h) {
    struct ln_ode_memory *memory = march->ode->memory;
    memcpy(memory->after, memory->before, (size_t)march->ode->n * sizeof(double));
    gsl_odeiv2_step_apply(memory->step, march->t, h, memory->after, memory->error,
                          memory->slope_before, memory->slope_after, &memory->system);
}

/* Takes a step of at most march->h that meets the tolerance, shortening march->h; march->h becomes
 * the length taken and ode->step the length to try next. false: no length does. */
static bool accept_step(struct march *march, bool is_cut, int64_t *n_tries) {
    struct ln_ode *ode = march->ode;
    struct ln_ode_memory *memory = ode->memory;
    int n = ode->n;
    for (;;) {
        if (march->t + march->h == march->t || (ode->most_steps && *n_tries >= ode->most_steps))
            return false;
        (*n_tries)++;
        try_step(march, march->h);
        if (!is_finite(memory->after, n) || !is_finite(memory->error, n) ||
            !is_finite(memory->slope_after, n)) {
            march->h *= 0.1;
            is_cut = false;
            continue;
        }
        double next = march->h;
        int change = gsl_odeiv2_control_hadjust(memory->control, memory->step, memory->after,
                                                memory->error, memory->slope_after, &next);
        if (change != GSL_ODEIV_HADJ_DEC) {
            /* A step cut short to land says nothing against a longer one. */
            ode->step = is_cut ? fmax(ode->step, next) : next;
            return true;
        }
        march->h = next;
        is_cut = false;
    }
}

static double event_after(double h, void *params) {
    struct march *march = params;
    struct ln_ode *ode = march->ode;
    if (h == 0)
        return march->event_before;
    try_step(march, h);
    return ode->event(ode->ctx, march->t + h, ode->memory->after);
}

/* Shortens the step to the event inside it: brackets it to the rounding of t and stops on the far
 * side, so that the event function is not positive there. */
static void step_to_event(struct march *march) {
    enum { MOST = 200 };
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    gsl_function function = {event_after, march};
    double low = 0, high = march->h, room = 4 * DBL_EPSILON * fmax(fabs(march->t), march->h);
    if (!solver)
        abort();
    gsl_root_fsolver_set(solver, &function, low, high);
    for (int i = 0; i < MOST && high - low > room; i++) {
        if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS)
            break;
        low = gsl_root_fsolver_x_lower(solver);
        high = gsl_root_fsolver_x_upper(solver);
    }
    /* Brent may leave a wide bracket around an end that is the root: close it by halving. */
    while (high - low > room) {
        double middle = 0.5 * (low + high);
        *(event_after(middle, march) > 0 ? &low : &high) = middle;
    }
    gsl_root_fsolver_free(solver);
    march->h = high;
    try_step(march, high);
}

static void begin_step(struct march *march, double t_end, bool *is_cut) {
    struct ln_ode *ode = march->ode;
    double h = ode->step > 0 ? ode->step : first_step(ode);
    if (ode->bound)
        h = fmin(h, ode->bound(ode->ctx, march->t, ode->memory->before));
    ode->step = h;
    *is_cut = march->t + h >= t_end;
    march->h = *is_cut ? t_end - march->t : h;
}

/* What a step that was accepted means: state and time move on. */
static enum ln_ode_status land(struct march *march, double t_end, bool is_cut, double *y) {
    struct ln_ode *ode = march->ode;
    struct ln_ode_memory *memory = ode->memory;
    enum ln_ode_status status = LN_ODE_PAUSED;
    bool reaches = is_cut && march->h == t_end - march->t;
    double t = reaches ? t_end : march->t + march->h;
    if (ode->event) {
        double value = ode->event(ode->ctx, t, memory->after);
        if (march->event_before > 0 && value <= 0) {
            step_to_event(march);
            reaches &= march->h == t_end - march->t;
            t = reaches ? t_end : march->t + march->h;
            status = LN_ODE_EVENT;
        }
        march->event_before = value;
    }
    ode->n_steps++;
    march->t = t;
    memcpy(y, memory->after, (size_t)ode->n * sizeof *y);
    memcpy(memory->before, memory->after, (size_t)ode->n * sizeof *y);
    memcpy(memory->slope_before, memory->slope_after, (size_t)ode->n * sizeof *y);
    return status == LN_ODE_PAUSED && reaches ? LN_ODE_REACHED : status;
}

enum ln_ode_status ln_ode_advance(struct ln_ode *ode, double *t, double t_end, double *y) {
    struct ln_ode_memory *memory = ode->memory;
    struct march march = {.ode = ode, .t = *t};
    enum ln_ode_status status = LN_ODE_PAUSED;
    int64_t n_tries = 0, n_done = 0;
    bool is_cut = false;
    memory->system = (gsl_odeiv2_system){velocity, NULL, (size_t)ode->n, ode};
    gsl_odeiv2_control_init(memory->control, ode->atol, ode->rtol, 1, 0);
    memcpy(memory->before, y, (size_t)ode->n * sizeof *y);
    ode->velocity(ode->ctx, *t, y, memory->slope_before);
    if (!is_finite(y, ode->n) || !is_finite(memory->slope_before, ode->n))
        return LN_ODE_FAILED;
    if (ode->event)
        march.event_before = ode->event(ode->ctx, *t, y);
    while (status == LN_ODE_PAUSED && (ode->pause_after == 0 || n_done < ode->pause_after)) {
        begin_step(&march, t_end, &is_cut);
        if (!accept_step(&march, is_cut, &n_tries))
            return LN_ODE_FAILED;
        status = land(&march, t_end, is_cut, y);
        *t = march.t;
        n_done++;
    }
    return status;
}
