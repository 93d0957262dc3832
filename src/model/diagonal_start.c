/* The start of the diagonal network: every coordinate at scale alpha (or alpha^(k_i)) with product
 * 0, or with a given product b0 and the same conserved quantity.
 *
 * w+ w- = alpha^(2 k_i) is conserved by the flow, and b = alpha^2 sinh(2 theta) makes theta the one
 * unknown: cold theta = 0, so w+- = alpha, u = sqrt(2) alpha, v = 0. Source: Pesme, Flammarion
 * 2023, setting. */
#include <math.h>

#include "linnet/model_diagonal.h"

static const struct ln_param params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "~",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "alpha: w+- start at alpha (u at sqrt(2) alpha, v at 0); default 0.001."},
    {.name = "log_scale",
     .type = LN_REAL,
     .fallback = "~",
     .low = -700,
     .high = 1e9,
     .doc = "Lam = ln(1/alpha) in place of scale, for an alpha below the smallest number."},
    {.name = "product",
     .type = LN_REALS,
     .fallback = "~",
     .doc = "Warm start: the d_in coefficients b at step 0; default: all 0."},
    {.name = "exponents",
     .type = LN_REALS,
     .fallback = "~",
     .low = 0,
     .high = 1e3,
     .low_open = true,
     .doc = "Coordinate i starts at alpha^(k_i), depth 2; d_in numbers, default: all 1."},
};

double ln_diagonal_log_scale(const struct ln_point *point) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    if (ln_conf_is_set(conf, "log_scale"))
        return ln_conf_real(conf, "log_scale");
    return -log(ln_conf_is_set(conf, "scale") ? ln_conf_real(conf, "scale") : 1e-3);
}

static int check_length(const struct ln_conf *conf, const char *name, const char *key, int d,
                        struct ln_err *err) {
    const struct ln_value *value = ln_conf_value(conf, name);
    if (!value->is_set || value->count == d)
        return LN_OK;
    return ln_err_key(err, key, "%d numbers do not fit the %d inputs of the problem; give %d",
                      value->count, d, d);
}

/* What the arithmetic can hold: raw weights must not underflow, the dual needs a boundary that it
 * can tell from 1. */
static int check_scale(const struct ln_shape *shape, double log_scale, double most,
                       struct ln_err *err) {
    int depth = ln_diagonal_depth(shape);
    const double most_exponent = 700.0, most_wall = 14.0;
    if (ln_diagonal_form(shape) != LN_DIAGONAL_DUAL) {
        if (fabs(depth * log_scale * most) <= most_exponent)
            return LN_OK;
        return ln_err_key(
            err, "model.init.scale",
            "alpha^%g is out of the range of numbers (ln(1/alpha) = %g); take a scale nearer 1, or "
            "form: dual",
            depth * most, log_scale);
    }
    if (!(log_scale > 0))
        return ln_err_key(err, "model.init.scale",
                          "the dual form needs a scale below 1, ln(1/alpha) > 0, not %g",
                          log_scale);
    if (depth > 2 && (depth - 2) * log_scale > most_wall)
        return ln_err_key(
            err, "model.init.scale",
            "alpha^(D-2) = alpha^%d is below 1e-6: the dual of depth %d cannot be told from its "
            "wall; take a larger scale, or depth 2",
            depth - 2, depth);
    return LN_OK;
}

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    const struct ln_value *exponents = ln_conf_value(conf, "exponents");
    double most = 0;
    if (ln_conf_is_set(conf, "scale") && ln_conf_is_set(conf, "log_scale"))
        return ln_err_key(err, "model.init.log_scale",
                          "scale and log_scale say the same; give one of them");
    if (exponents->is_set && ln_diagonal_depth(shape) > 2)
        return ln_err_key(
            err, "model.init.exponents",
            "exponents belong to depth 2: at depth %d each would have a time of its own",
            ln_diagonal_depth(shape));
    int status = check_length(conf, "product", "model.init.product", shape->widths[0], err);
    if (status == LN_OK)
        status = check_length(conf, "exponents", "model.init.exponents", shape->widths[0], err);
    if (status != LN_OK)
        return status;
    for (int i = 0; i < exponents->count && exponents->is_set; i++)
        most = fmax(most, exponents->reals[i]);
    return check_scale(shape, ln_diagonal_log_scale(point), exponents->is_set ? most : 1.0, err);
}

/* The two numbers of a coordinate at scale alpha with product b. A dual near its boundary is the
 * boundary and the rest. */
static void fill_pair(const struct ln_shape *shape, double log_scale, double k, double b,
                      double *first, double *second) {
    int depth = ln_diagonal_depth(shape);
    double mu = exp(-2.0 * log_scale * k), larger;
    switch (ln_diagonal_form(shape)) {
    case LN_DIAGONAL_SQUARES:
        larger = sqrt(fabs(b) + hypot(b, mu));
        *first = b < 0 ? mu / larger : larger;
        *second = b < 0 ? larger : mu / larger;
        break;
    case LN_DIAGONAL_UV:
        *first = sqrt(mu + hypot(b, mu));
        *second = b / *first;
        break;
    case LN_DIAGONAL_DUAL: {
        double gap = ln_diagonal_gap_of(depth, log_scale, k, b);
        bool is_near = gap < 0.5 * k;
        *first = copysign(is_near ? k : k - gap, b);
        *second = is_near ? -copysign(1.0, b) * gap : 0.0;
        break;
    }
    default: {
        double gap = ln_diagonal_gap_of(depth, log_scale, 1.0, b), root = -1.0 / (depth - 2);
        double near = exp(-log_scale) * pow(gap, root),
               far = exp(-log_scale) * pow(2.0 - gap, root);
        *first = b < 0 ? far : near;
        *second = b < 0 ? near : far;
    }
    }
}

/* The integral of -g that would lead from product 0 to b, in raw time. */
static double theta_of(const struct ln_shape *shape, double log_scale, double k, double b) {
    int depth = ln_diagonal_depth(shape);
    if (depth > 2)
        return ln_diagonal_dual_of(depth, log_scale, 1.0, b) *
               ln_diagonal_time_unit(shape, log_scale);
    double q = log(fabs(b)) + 2.0 * log_scale * k;
    return copysign(0.5 * (q > 18.0 ? q + log(2.0) : asinh(exp(q))), b);
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *state) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    const struct ln_value *product = ln_conf_value(conf, "product"),
                          *exponents = ln_conf_value(conf, "exponents");
    const struct ln_net net = {.shape = shape, .weights = state};
    struct ln_diagonal_path path = ln_diagonal_path_of(&net);
    double log_scale = ln_diagonal_log_scale(point);
    int d = shape->widths[0];
    for (int i = 0; i < d; i++) {
        double b = product->is_set ? product->reals[i] : 0.0,
               k = exponents->is_set ? exponents->reals[i] : 1.0;
        fill_pair(shape, log_scale, k, b, &state[i], &state[d + i]);
        if (!path.theta)
            continue;
        state[path.theta - state + i] = theta_of(shape, log_scale, k, b);
        if (path.plus)
            state[path.plus - state + i] = state[path.minus - state + i] = 1.0;
    }
}

const struct ln_init ln_init_diagonal = {
    .entry =
        {.name = "diagonal",
         .doc = "Every coordinate of a diagonal network at scale alpha with product 0, or a given "
                "product.",
         .source = "Pesme, Flammarion 2023, setting",
         LN_PARAMS(params)},
    .models = "diagonal",
    .check = check,
    .fill = fill,
};
