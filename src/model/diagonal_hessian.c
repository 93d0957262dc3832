/* The Hessian of the diagonal network. With J the derivatives of b by the weights (one or two a
 * coordinate), H_F = J^T M J + diag(g_i d2b_i), the second term inside each coordinate. Source:
 * Pesme, Flammarion 2023, proposition 1 (the block [[0, g_i], [g_i, 0]] of u, v off the support).
 */
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"

struct expansion {
    int d, legs; /* weights a coordinate */
    const double *moment;
    double *g;
    struct ln_diagonal_jet *jets;
};

static struct expansion expand(const struct ln_net *net) {
    int d = net->shape->widths[0];
    struct expansion e = {
        .d = d, .legs = net->shape->n_weights / d, .moment = net->problem->moment};
    double *delta = ln_linalg_alloc(d, sizeof *delta);
    e.g = ln_linalg_alloc(d, sizeof *e.g);
    e.jets = ln_linalg_alloc(d, sizeof *e.jets);
    for (int i = 0; i < d; i++) {
        double w[2] = {net->weights[i], net->weights[d + i]};
        e.jets[i] = ln_diagonal_jet_of(net->shape, net->constants[0], net->constants[1 + i], w);
        delta[i] = e.g[i] = e.jets[i].product - net->problem->target[i];
    }
    if (e.moment)
        ln_matmul(e.g, delta, false, e.moment, false, 1, d, d);
    free(delta);
    return e;
}

static void clear(struct expansion *e) {
    free(e->g);
    free(e->jets);
}

static double moment(const struct expansion *e, int i, int j) {
    return e->moment ? e->moment[i * e->d + j] : i == j;
}

/* The term of g inside coordinate i, between its legs a and b. */
static double bend(const struct expansion *e, int i, int a, int b) {
    return e->g[i] * (a == b ? e->jets[i].second[a] : e->jets[i].cross);
}

void ln_diagonal_hessian(const struct ln_net *net, double *hessian) {
    struct expansion e = expand(net);
    int n = net->shape->n_weights;
    for (int row = 0; row < n; row++)
        for (int col = 0; col < n; col++) {
            int i = row % e.d, j = col % e.d, a = row / e.d, b = col / e.d;
            hessian[row * n + col] = e.jets[i].first[a] * moment(&e, i, j) * e.jets[j].first[b] +
                                     (i == j ? bend(&e, i, a, b) : 0.0);
        }
    clear(&e);
}

void ln_diagonal_hessian_vector(const struct ln_net *net, const double *v, double *out) {
    struct expansion e = expand(net);
    double *along = ln_linalg_alloc(e.d, sizeof *along),
           *turned = ln_linalg_alloc(e.d, sizeof *turned);
    for (int i = 0; i < e.d; i++)
        for (int a = 0; a < e.legs; a++)
            along[i] += e.jets[i].first[a] * v[a * e.d + i];
    for (int i = 0; i < e.d; i++)
        for (int j = 0; j < e.d; j++)
            turned[i] += moment(&e, i, j) * along[j];
    for (int i = 0; i < e.d; i++)
        for (int a = 0; a < e.legs; a++) {
            out[a * e.d + i] = e.jets[i].first[a] * turned[i];
            for (int b = 0; b < e.legs; b++)
                out[a * e.d + i] += bend(&e, i, a, b) * v[b * e.d + i];
        }
    free(turned);
    free(along);
    clear(&e);
}
