#include "make_net.h"

#include <stdio.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "near.h"

static void choose_deep(struct net *net, int depth) {
    point_choose(&net->point, LN_MODEL, &ln_models, "deep");
    point_set_int(&net->point, LN_MODEL, "depth", depth);
}

void net_make(struct net *net, const int *widths, int n_layers, bool has_moment, uint64_t seed) {
    struct ln_point *point = &net->point;
    int d_in = widths[0], d_out = widths[n_layers];
    point_clear(point);
    point_set_seeds(point, seed);
    point_choose(point, LN_PROBLEM, &ln_problems, has_moment ? "teacher" : "low_rank");
    point_set_int(point, LN_PROBLEM, has_moment ? "inputs" : "cols", d_in);
    point_set_int(point, LN_PROBLEM, has_moment ? "outputs" : "rows", d_out);
    if (has_moment)
        point_set_int(point, LN_PROBLEM, "samples", 2 * d_in + 1);
    point_set_real(point, LN_PROBLEM, "noise", 1);
    choose_deep(net, n_layers);
    for (int j = 1; j < n_layers; j++)
        net->hidden[j - 1] = widths[j];
    if (n_layers > 1)
        point_set_ints(point, LN_MODEL, "width", net->hidden, n_layers - 1);
    point_choose(point, LN_INIT, &ln_inits, "gaussian");
    point_set_real(point, LN_INIT, "scale", 0.7);
    net_complete(net);
}

void net_begin(struct net *net, const double *target, int rows, int cols, int depth) {
    point_clear(&net->point);
    net->target = (struct ln_matrix){rows, cols, target};
    point_choose(&net->point, LN_PROBLEM, &ln_problems, "target");
    point_set_matrices(&net->point, LN_PROBLEM, "matrix", &net->target, 1);
    choose_deep(net, depth);
    point_choose(&net->point, LN_INIT, &ln_inits, "identity");
}

void net_complete(struct net *net) {
    struct ln_err err = {0};
    if (ln_shape_of(&net->point, &net->shape, &err) != LN_OK ||
        ln_problem_create(&net->point, &net->problem, &err) != LN_OK ||
        ln_init_check(&net->point, &net->shape, &err) != LN_OK) {
        fprintf(stderr, "a test made a point that is none: %s: %s\n", err.where, err.text);
        abort();
    }
    net->weights = ln_linalg_alloc((size_t)net->shape.n_state, sizeof(double));
    net->constants = ln_linalg_alloc((size_t)net->shape.n_constants, sizeof(double));
    ln_constants_of(&net->point, &net->shape, net->problem, net->constants);
    ln_init_fill(&net->point, &net->shape, net->weights);
}

void net_clear(struct net *net) {
    ln_problem_free(net->problem);
    free(net->weights);
    free(net->constants);
}

struct ln_net net_at(const struct net *net, const double *weights) {
    return (struct ln_net){&net->shape, net->problem, net->constants, weights};
}

struct ln_net net_view(const struct net *net) {
    return net_at(net, net->weights);
}

/* c [m x n] = a [m x k] b [k x n]. */
static void multiply(double *c, const double *a, const double *b, int m, int n, int k) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            c[i * n + j] = 0;
            for (int p = 0; p < k; p++)
                c[i * n + j] += a[i * k + p] * b[p * n + j];
        }
}

double net_excess(const struct net *net, const double *weights) {
    const int *d = net->shape.widths;
    int n_layers = net->shape.n_layers, n = d[0], size = d[n_layers] * n;
    double *p = ln_linalg_alloc((size_t)net->shape.max_width * n, sizeof *p);
    double *next = ln_linalg_alloc((size_t)net->shape.max_width * n, sizeof *next), sum = 0;
    for (int i = 0; i < n; i++)
        p[i * n + i] = 1;
    for (int j = 1; j <= n_layers; j++) {
        multiply(next, weights + net->shape.offset[j - 1], p, d[j], n, d[j - 1]);
        double *swap = p;
        p = next;
        next = swap;
    }
    for (int i = 0; i < size; i++)
        p[i] -= net->problem->target[i];
    for (int i = 0; i < size; i++)
        for (int k = 0; net->problem->moment && k < n; k++)
            sum += 0.5 * p[i] * net->problem->moment[(i % n) * n + k] * p[i - i % n + k];
    for (int i = 0; !net->problem->moment && i < size; i++)
        sum += 0.5 * p[i] * p[i];
    free(next);
    free(p);
    return sum;
}

void net_gradient(const struct net *net, const double *weights, double *gradient) {
    struct ln_net view = net_at(net, weights);
    ln_net_gradient(&view, gradient);
}

void net_assert_hessian_column(struct net *net, const double *hessian, int c, double rounding) {
    int n = net->shape.n_weights;
    double step = 1e-5, old = net->weights[c];
    double *above = ln_linalg_alloc((size_t)n, sizeof *above);
    double *below = ln_linalg_alloc((size_t)n, sizeof *below);
    net->weights[c] = old + step;
    net_gradient(net, net->weights, above);
    net->weights[c] = old - step;
    net_gradient(net, net->weights, below);
    net->weights[c] = old;
    for (int i = 0; i < n; i++) {
        double right = (above[i] - below[i]) / (2 * step);
        assert_near(hessian[i * n + c], right, 1e-7 * (1 + fabs(right)));
        assert_near(hessian[i * n + c], hessian[c * n + i], rounding * (1 + fabs(right)));
    }
    free(below);
    free(above);
}
