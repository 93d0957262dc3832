#include "linnet/model.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/work.h"
#include "penalty.h"

#define LN_MODEL(name) extern const struct ln_model ln_model_##name;
#define LN_INIT(name) extern const struct ln_init ln_init_##name;
#include "list.h"
#undef LN_MODEL
#undef LN_INIT

static const struct ln_entry *const models[] = {
#define LN_MODEL(name) &ln_model_##name.entry,
#include "list.h"
#undef LN_MODEL
};

static const struct ln_entry *const inits[] = {
#define LN_INIT(name) &ln_init_##name.entry,
#include "list.h"
#undef LN_INIT
};

const struct ln_catalogue ln_models = {"model", models, sizeof models / sizeof models[0]};
const struct ln_catalogue ln_inits = {"initialisation", inits, sizeof inits / sizeof inits[0]};

/* Sizes of work arrays are ints with factors of up to 24 (Lanczos vectors). */
enum { MOST_WEIGHTS = INT_MAX / 24 };

static void complete_shape(struct ln_shape *shape) {
    shape->max_width = shape->rank = shape->widths[0];
    for (int j = 1; j <= shape->n_layers; j++) {
        int width = shape->widths[j];
        shape->offset[j] = shape->offset[j - 1] + width * shape->widths[j - 1];
        shape->max_width = width > shape->max_width ? width : shape->max_width;
        shape->rank = width < shape->rank ? width : shape->rank;
    }
    if (!shape->n_weights)
        shape->n_weights = shape->offset[shape->n_layers];
    if (!shape->n_state)
        shape->n_state = shape->n_weights;
    if (!shape->lanes)
        shape->lanes = ln_lanes_for(shape->n_layers, shape->max_width);
}

int ln_shape_of(const struct ln_point *point, struct ln_shape *shape, struct ln_err *err) {
    const struct ln_model *model = (const struct ln_model *)point->entry[LN_MODEL];
    int d_in, d_out;
    memset(shape, 0, sizeof *shape);
    int status = ln_problem_dims(point, &d_in, &d_out, err);
    if (status == LN_OK)
        status = model->shape(point, d_in, d_out, shape, err);
    if (status != LN_OK)
        return status;
    double n_weights = 0;
    for (int j = 1; j <= shape->n_layers; j++)
        n_weights += (double)shape->widths[j] * shape->widths[j - 1];
    if (n_weights > MOST_WEIGHTS)
        return ln_err_key(err, "model.width",
                          "%.3g weights are more than %d; take less depth or width", n_weights,
                          MOST_WEIGHTS);
    shape->model = model;
    shape->has_moment = ln_problem_has_moment(point);
    complete_shape(shape);
    return LN_OK;
}

bool ln_shape_is_same(const struct ln_shape *a, const struct ln_shape *b) {
    return a->model == b->model && a->n_layers == b->n_layers && a->has_moment == b->has_moment &&
           a->variant == b->variant && a->lanes == b->lanes && a->n_state == b->n_state &&
           a->n_constants == b->n_constants &&
           memcmp(a->widths, b->widths, (size_t)(a->n_layers + 1) * sizeof(int)) == 0;
}

void ln_shape_text(const struct ln_shape *shape, char text[64]) {
    int used = snprintf(text, 64, "%d", shape->widths[0]);
    for (int j = 1; j <= shape->n_layers && used < 52; j++)
        used += snprintf(text + used, 64 - (size_t)used, "-%d", shape->widths[j]);
    if (used >= 52)
        snprintf(text + 48, 16, "...(%d)", shape->n_layers);
}

/* Whether `word` is among words, which are separated by one space. */
static bool is_word_of(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == n && strncmp(at, word, n) == 0)
            return true;
        at += length;
    }
    return false;
}

static bool starts(const struct ln_init *init, const struct ln_model *model) {
    return init->models ? is_word_of(init->models, model->entry.name) : model->has_layers;
}

static int cannot_start(const struct ln_init *init, const struct ln_model *model,
                        struct ln_err *err) {
    char names[128] = "";
    for (int i = 0; i < ln_inits.n_entries; i++)
        if (starts((const struct ln_init *)inits[i], model))
            snprintf(names + strlen(names), sizeof names - strlen(names), " %s", inits[i]->name);
    return ln_err_key(err, "model.init.kind", "'%s' cannot start the model '%s'; one of:%s",
                      init->entry.name, model->entry.name, names);
}

int ln_init_check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    const struct ln_init *init = (const struct ln_init *)point->entry[LN_INIT];
    if (!starts(init, shape->model))
        return cannot_start(init, shape->model, err);
    return init->check ? init->check(point, shape, err) : LN_OK;
}

void ln_init_fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    memset(weights, 0, (size_t)shape->n_state * sizeof *weights);
    ((const struct ln_init *)point->entry[LN_INIT])->fill(point, shape, weights);
}

void ln_constants_of(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem, double *out) {
    if (shape->model->constants)
        shape->model->constants(point, shape, problem, out);
}

static void apply_hessian(void *ctx, double *y, const double *x) {
    const struct ln_net *net = ctx;
    net->shape->model->hessian_vector(net, x, y);
}

static double dense_extreme(const struct ln_net *net, int end) {
    int n = net->shape->n_weights;
    size_t mark = ln_work_mark();
    double *hessian = ln_work_take((size_t)n * n);
    net->shape->model->hessian(net, hessian);
    double lambda = ln_sym_extreme(hessian, n, end);
    ln_work_release(mark);
    return lambda;
}

double ln_hessian_extreme(const struct ln_net *net, int end, double *residual) {
    const struct ln_model *model = net->shape->model;
    int n = net->shape->n_weights;
    double lambda = NAN, rest = 0;
    if (n > LN_DENSE_UP_TO && model->hessian_vector) {
        struct ln_net at = *net;
        if (!ln_lanczos_extreme(&lambda, &rest, apply_hessian, &at, n, end))
            lambda = (double)NAN;
    } else if (n <= LN_DENSE_UP_TO && model->hessian) {
        lambda = dense_extreme(net, end);
    }
    if (residual)
        *residual = isnan(lambda) ? (double)NAN : rest;
    return lambda;
}

/* The best map of rank `rank`, U_r U_r^T Phi with U_r the first left singular vectors of the
 * whitened target (Eckart-Young for the norm of the loss). */
static void best_map(const struct ln_problem *problem, int rank, double *p) {
    int m = problem->d_out, n = problem->d_in,
        kept = rank < problem->n_modes ? rank : problem->n_modes;
    double *u = ln_linalg_alloc((size_t)m * kept, sizeof *u),
           *part = ln_linalg_alloc((size_t)kept * n, sizeof *part);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < kept; k++)
            u[i * kept + k] = problem->left[i * problem->n_modes + k];
    ln_matmul(part, u, true, problem->target, false, kept, n, m);
    ln_matmul(p, u, false, part, false, m, n, kept);
    free(part);
    free(u);
}

double ln_minimum_sharpness(const struct ln_net *net) {
    const struct ln_shape *shape = net->shape;
    if (!shape->model->has_layers)
        return NAN;
    if (!net->problem->moment && shape->variant == LN_VARIANT_PLAIN)
        return shape->n_layers * pow(net->problem->sigma[0], 2.0 - 2.0 / shape->n_layers);
    double *weights = ln_linalg_alloc(shape->n_state, sizeof *weights);
    double *p = ln_linalg_alloc((size_t)net->problem->d_out * net->problem->d_in, sizeof *p);
    best_map(net->problem, shape->rank, p);
    bool is_there = true;
    if (shape->variant == LN_VARIANT_PENALISED)
        is_there = ln_penalty_balanced(net, p, weights);
    else
        ln_balanced_factors(shape, p, weights);
    struct ln_net minimum = {shape, net->problem, net->constants, weights};
    double lambda = is_there ? ln_hessian_extreme(&minimum, +1, NULL) : (double)NAN;
    free(p);
    free(weights);
    return lambda;
}

void ln_balanced_factors(const struct ln_shape *shape, const double *p, double *weights) {
    int rows = shape->widths[shape->n_layers], cols = shape->widths[0],
        modes = rows < cols ? rows : cols;
    double *u = ln_linalg_alloc((size_t)rows * modes, sizeof *u),
           *s = ln_linalg_alloc(modes, sizeof *s);
    double *v = ln_linalg_alloc((size_t)cols * modes, sizeof *v);
    ln_svd(u, s, v, p, rows, cols);
    ln_balanced_from_svd(shape, u, s, v, weights);
    free(v);
    free(s);
    free(u);
}
