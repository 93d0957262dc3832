#include "linnet/saddles_point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"

/* Samples as they are; a target is b* seen through the identity. */
static void take_problem(const struct ln_problem *problem, struct ln_limit *limit) {
    int d = problem->d_in;
    struct ln_regression *regression = &limit->regression;
    *regression = (struct ln_regression){.d = d, .n = d, .c = 1, .y = problem->target};
    if (problem->x) {
        *regression = (struct ln_regression){
            .d = d, .n = problem->n_samples, .c = problem->c, .x = problem->x, .y = problem->y};
        return;
    }
    limit->identity = ln_linalg_alloc((size_t)d * d, sizeof(double));
    for (int i = 0; i < d; i++)
        limit->identity[(size_t)i * d + i] = 1;
    regression->x = limit->identity;
}

static double *copy_of(const struct ln_value *value) {
    double *copy = ln_linalg_alloc((size_t)value->count, sizeof *copy);
    memcpy(copy, value->reals, (size_t)value->count * sizeof *copy);
    return copy;
}

static void take_start(const struct ln_conf *conf, struct ln_limit *limit) {
    const struct ln_value *exponents = ln_conf_value(conf, "exponents");
    const struct ln_value *product = ln_conf_value(conf, "product");
    if (exponents->is_set)
        limit->regression.low = limit->regression.high = limit->walls = copy_of(exponents);
    if (product->is_set)
        limit->regression.start = limit->start = copy_of(product);
}

int ln_limit_of(const struct ln_point *point, const struct ln_shape *shape,
                const struct ln_problem *problem, struct ln_limit *limit, struct ln_err *err) {
    *limit = (struct ln_limit){.log_scale = (double)NAN, .time_unit = (double)NAN, .depth = 2};
    if (problem->d_out != 1)
        return ln_err_key(err, "problem.kind",
                          "the saddles of a diagonal network are those of one output, this problem "
                          "has %d; give y (or the target) one row",
                          problem->d_out);
    take_problem(problem, limit);
    if (ln_is_diagonal(shape) && strcmp(point->entry[LN_INIT]->name, "diagonal") == 0) {
        limit->depth = ln_diagonal_depth(shape);
        limit->log_scale = ln_diagonal_log_scale(point);
        limit->time_unit = ln_diagonal_time_unit(shape, limit->log_scale);
        take_start(&point->conf[LN_INIT], limit);
    }
    return LN_OK;
}

void ln_limit_clear(struct ln_limit *limit) {
    free(limit->identity);
    free(limit->walls);
    free(limit->start);
    *limit = (struct ln_limit){0};
}
