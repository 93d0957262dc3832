/* The one-neuron flow in time: march in tau panel by panel with Gauss quadrature. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_integration.h>

#include "linnet/one_neuron.h"

/* Nodes of a panel, and panels before the march gives up. */
enum { NODES = 10, MOST_PANELS = 200000 };

struct panel {
    const struct ln_one_neuron *flow;
    const gsl_integration_glfixed_table *table;
    double start2; /* n^2 at its start */
};

/* n^2 at tau = x behind the present state, where it is 1 but for rounding. */
static double norm2(const struct ln_one_neuron *flow, double x) {
    double sum = 0.5 * (flow->u_rest * flow->u_rest + flow->v_rest * flow->v_rest);
    for (int k = 0; k < flow->n_modes; k++) {
        double grown = flow->p[k] * exp(flow->sigma[k] * x),
               fallen = flow->m[k] * exp(-flow->sigma[k] * x);
        sum += grown * grown + fallen * fallen;
    }
    return sum;
}

/* (n(x)/n(0))^N. */
static double growth(double x, void *params) {
    const struct panel *panel = params;
    return pow(norm2(panel->flow, x) / panel->start2, 0.5 * panel->flow->n_layers);
}

static double integral(double (*function)(double, void *), struct panel *panel, double x) {
    gsl_function integrand = {function, panel};
    return gsl_integration_glfixed(&integrand, 0, x, panel->table);
}

/* 1/s at x. */
static double inverse_at(double x, struct panel *panel) {
    const struct ln_one_neuron *flow = panel->flow;
    return (flow->inverse + flow->n_layers * integral(growth, panel, x)) / growth(x, panel);
}

/* dt/dtau = s^{-(1 - 2/N)}. */
static double slowness(double x, void *params) {
    struct panel *panel = params;
    return pow(inverse_at(x, panel), 1 - 2.0 / panel->flow->n_layers);
}

static double duration(double x, struct panel *panel) {
    return panel->flow->n_layers == 2 ? x : integral(slowness, panel, x);
}

/* x at which the panel has lasted `wanted`, by Newton; duration() is smooth and rises. */
static double solve(struct panel *panel, double wanted, double width, double whole) {
    double x = width * (wanted / whole);
    for (int i = 0; i < 30 && panel->flow->n_layers > 2; i++) {
        double move = (wanted - duration(x, panel)) / slowness(x, panel);
        x = fmin(fmax(x + move, 0), width);
        if (fabs(move) <= 1e-16 * width)
            break;
    }
    return x;
}

/* Moves the state by x; returns whether anything changed. */
static bool move(struct ln_one_neuron *flow, struct panel *panel, double x) {
    double inverse = inverse_at(x, panel), norm = sqrt(norm2(flow, x));
    bool changed = inverse != flow->inverse;
    for (int k = 0; k < flow->n_modes; k++) {
        double p = flow->p[k] * exp(flow->sigma[k] * x) / norm,
               m = flow->m[k] * exp(-flow->sigma[k] * x) / norm;
        changed |= p != flow->p[k] || m != flow->m[k];
        flow->p[k] = p;
        flow->m[k] = m;
    }
    changed |= flow->u_rest != flow->u_rest / norm || flow->v_rest != flow->v_rest / norm;
    flow->u_rest /= norm;
    flow->v_rest /= norm;
    flow->inverse = inverse;
    return changed;
}

/* A panel is a quarter of the distance to the nearest singularity of 1/s^(1-2/N), which lies 1/(N
 * s) before it or about 1/(N s_1) away from the axis. */
static bool march(struct ln_one_neuron *flow, double until,
                  const gsl_integration_glfixed_table *table) {
    for (int i = 0; i < MOST_PANELS && flow->time < until; i++) {
        struct panel panel = {flow, table, norm2(flow, 0)};
        double fastest = fmax(flow->sigma[0], ln_one_neuron_scale(flow));
        double width = 0.25 / (flow->n_layers * fastest), whole = duration(width, &panel);
        bool is_last = flow->time + whole >= until, changed;
        if (is_last)
            width = solve(&panel, until - flow->time, width, whole);
        changed = move(flow, &panel, width);
        flow->time = is_last || !changed ? until : flow->time + whole;
    }
    return flow->time >= until;
}

bool ln_one_neuron_advance(struct ln_one_neuron *flow, double t) {
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(NODES);
    if (!table)
        abort(); /* out of memory, as in ln_linalg_alloc */
    bool reached = march(flow, flow->lambda * t, table);
    gsl_integration_glfixed_table_free(table);
    return reached;
}
