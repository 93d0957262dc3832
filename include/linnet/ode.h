/* Ordinary differential equations y' = f(t, y): the explicit Prince-Dormand pair of orders 8 and 9
 * of the GNU Scientific Library with error control, landing exactly on the times asked for, and
 * with events.
 *
 * GSL rather than SUNDIALS: the flows here are not stiff beyond what a bounded explicit step takes,
 * they want the full order at the output times (an interpolant has less), and GSL is 11 MB where
 * Debian's SUNDIALS pulls in 88 packages. The event search takes the last step anew with a shorter
 * length, so a crossing is as accurate as the step itself. */
#ifndef LINNET_ODE_H
#define LINNET_ODE_H

#include <stdint.h>

/* dydt [n] at (t, y). */
typedef void ln_velocity(void *ctx, double t, const double *y, double *dydt);

/* An event is where the function goes from positive to not positive. */
typedef double ln_event(void *ctx, double t, const double *y);

/* A bound on the next step at (t, y); a positive number. */
typedef double ln_step_bound(void *ctx, double t, const double *y);

struct ln_ode {
    int n;
    ln_velocity *velocity;
    ln_event *event;      /* NULL: none */
    ln_step_bound *bound; /* NULL: none */
    void *ctx;
    double rtol, atol;   /* local error of each component: atol + rtol |y_i| */
    int64_t most_steps;  /* of one call of ln_ode_advance, before it fails; 0: no limit */
    int64_t pause_after; /* steps of one call, before it returns LN_ODE_PAUSED; 0: no limit */
    double step;         /* next step to try; 0: chosen at the start */
    int64_t n_steps;     /* accepted so far */
    struct ln_ode_memory *memory;
};

enum ln_ode_status {
    LN_ODE_REACHED, /* t is t_end */
    LN_ODE_EVENT,   /* t and y are just past the event, within the rounding of t */
    LN_ODE_PAUSED,  /* pause_after steps are done; calling again goes on with the same bits */
    LN_ODE_FAILED,  /* a state that is not finite, a step too small, or too many; y is the last good
                       state */
};

/* Takes the memory that n asks for; the other members (tolerances, event, ...) are zero and set by
 * the caller. */
void ln_ode_init(struct ln_ode *ode, int n, ln_velocity *velocity, void *ctx);
void ln_ode_clear(struct ln_ode *ode);

/* From (*t, y) to t_end > *t, or to the event. */
enum ln_ode_status ln_ode_advance(struct ln_ode *ode, double *t, double t_end, double *y);

#endif
