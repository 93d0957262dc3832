#include "start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"

bool ln_start_is_plain(const struct ln_outlook *outlook) {
    const struct ln_shape *shape = outlook->net.shape;
    double lambda;
    return shape->model->has_layers && shape->n_constants == 0 &&
           ln_problem_is_white(outlook->net.problem, &lambda) && fabs(lambda - 1) <= 1e-12;
}

/* Every layer is d x d; W_1 .. W_{N-1} are below I and W_N is above I. */
static bool is_made_of_identities(const struct ln_outlook *outlook, double below, double above) {
    const struct ln_shape *shape = outlook->net.shape;
    const double *w = outlook->net.weights;
    int d = shape->widths[0], last = shape->offset[shape->n_layers - 1];
    for (int j = 1; j <= shape->n_layers; j++)
        if (shape->widths[j] != d)
            return false;
    for (int i = 0; i < shape->n_weights; i++)
        if (w[i] != (i % (d * d) % (d + 1) == 0 ? (i < last ? below : above) : 0.0))
            return false;
    return ln_start_is_plain(outlook);
}

bool ln_start_is_identity(const struct ln_outlook *outlook, double *alpha) {
    *alpha = outlook->net.weights[0];
    return is_made_of_identities(outlook, *alpha, *alpha);
}

bool ln_start_is_zero_asymmetric(const struct ln_outlook *outlook) {
    return is_made_of_identities(outlook, 1, 0);
}

double *ln_start_eigenvalues(const struct ln_outlook *outlook) {
    const struct ln_problem *problem = outlook->net.problem;
    const double *phi = problem->target;
    int d = problem->d_in;
    if (problem->d_out != d)
        return NULL;
    double largest = 0, skew = 0;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            largest = fmax(largest, fabs(phi[i * d + j]));
            skew = fmax(skew, fabs(phi[i * d + j] - phi[j * d + i]));
        }
    if (!(skew <= 1e-12 * largest))
        return NULL;
    double *lambda = ln_linalg_alloc(d, sizeof *lambda);
    ln_sym_eig(lambda, NULL, phi, d);
    double most = fmax(fabs(lambda[0]), fabs(lambda[d - 1]));
    for (int k = 0; k < d; k++)
        lambda[k] = fabs(lambda[k]) <= 1e-12 * most ? 0 : lambda[k];
    return lambda;
}

bool ln_start_algorithm_is(const struct ln_outlook *outlook, const char *name) {
    return strcmp(outlook->point->entry[LN_TRAIN]->name, name) == 0;
}

/* W -= eta_k grad. */
static bool is_plain_descent(const struct ln_outlook *outlook) {
    return ln_start_algorithm_is(outlook, "gd") ||
           (ln_start_algorithm_is(outlook, "step_and_project") &&
            ln_conf_is(&outlook->point->conf[LN_TRAIN], "regulariser", "none"));
}

bool ln_start_descends(const struct ln_outlook *outlook) {
    return is_plain_descent(outlook) && outlook->step_size > 0 &&
           ln_conf_real(&outlook->point->conf[LN_TRAIN], "decay") == 0;
}

bool ln_start_follows_flow(const struct ln_outlook *outlook) {
    return ln_start_algorithm_is(outlook, "flow") || is_plain_descent(outlook);
}

bool ln_start_step_within(const struct ln_outlook *outlook, double limit) {
    return outlook->step_size <= limit * (1 + 1e-12);
}

double ln_start_error(const struct ln_outlook *outlook) {
    const struct ln_net *net = &outlook->net;
    size_t size = (size_t)net->problem->d_out * net->problem->d_in;
    double *p = ln_linalg_alloc(size, sizeof *p);
    net->shape->model->end_to_end(net, p);
    for (size_t i = 0; i < size; i++)
        p[i] -= net->problem->target[i];
    double error = ln_norm(p, size);
    free(p);
    return error;
}

double ln_start_gap(const struct ln_net *net) {
    double largest = 0;
    for (int j = 1; j < net->shape->n_layers; j++) {
        size_t size = (size_t)net->shape->widths[j] * net->shape->widths[j];
        double *gap = ln_linalg_alloc(size, sizeof *gap);
        ln_balance_gap(net->shape, net->weights, j, gap);
        largest = fmax(largest, ln_norm(gap, size));
        free(gap);
    }
    return largest;
}

double ln_start_steps(const struct ln_outlook *outlook, double error, double factor) {
    double eps = ln_conf_real(&outlook->point->conf[LN_LIMITS], "stop.loss"),
           loss = 0.5 * error * error;
    if (!(eps > 0))
        return NAN;
    return loss <= eps ? 0 : fmax(ceil(log(loss / eps) / -log(factor)), 1);
}
