/* The diagonal linear network in four forms: the literal weights u, v; the pair w+, w- in which a
 * step of gradient descent is the exact multiplication w+- *= 1 -+ eta g; its powers D >= 3; and
 * the dual, in which the flow stays exact for any alpha.
 *
 * Everything is a pass over [d][lanes]: the coordinates meet only in g = M (b - Phi). Source:
 * Pesme, Flammarion 2023; Even, Pesme, Gunasekar, Flammarion 2023 (descent). */
#include "diagonal.h"

#include <math.h>
#include <string.h>

#include "linnet/linalg.h"

static const struct ln_param params[] = {
    {.name = "form",
     .type = LN_CHOICE,
     .fallback = "squares",
     .choices = "squares uv power dual",
     .doc = "b = (w+^2 - w-^2)/2; b = u v (loses a coordinate that changes sign when alpha^2 < "
            "1e-16); b = w+^D - w-^D; or the dual s in accelerated time (flow only, any alpha)."},
    {.name = "depth",
     .type = LN_INT,
     .fallback = "~",
     .low = 2,
     .high = 64,
     .doc = "D; default 2, or 3 for power. squares and uv have 2, power 3 and more, dual any."},
};

bool ln_is_diagonal(const struct ln_shape *shape) {
    return shape->model == &ln_model_diagonal;
}

enum ln_diagonal_form ln_diagonal_form(const struct ln_shape *shape) {
    return (enum ln_diagonal_form)(shape->variant % 4);
}

int ln_diagonal_depth(const struct ln_shape *shape) {
    return shape->variant / 4;
}

static enum ln_diagonal_form form_of(const struct ln_conf *conf) {
    return ln_conf_is(conf, "form", "squares") ? LN_DIAGONAL_SQUARES
           : ln_conf_is(conf, "form", "uv")    ? LN_DIAGONAL_UV
           : ln_conf_is(conf, "form", "power") ? LN_DIAGONAL_POWER
                                               : LN_DIAGONAL_DUAL;
}

static int check_depth(const struct ln_conf *conf, int depth, struct ln_err *err) {
    if (ln_conf_is(conf, "form", "power") && depth < 3)
        return ln_err_key(err, "model.depth",
                          "the form power has depth 3 or more, not %d; for "
                          "depth 2 take form: squares",
                          depth);
    if ((ln_conf_is(conf, "form", "squares") || ln_conf_is(conf, "form", "uv")) && depth != 2)
        return ln_err_key(err, "model.depth",
                          "the form %s has depth 2, not %d; for more take form: power or dual",
                          ln_conf_value(conf, "form")->text, depth);
    return LN_OK;
}

static bool has_keeps(enum ln_diagonal_form form) {
    return form == LN_DIAGONAL_SQUARES || form == LN_DIAGONAL_UV;
}

/* What descends stands in lanes at any size: up to here each lane has an M of its own, above they
 * share one. */
enum { OWN_MOMENT_UP_TO = 24 };

static void take_lanes(const struct ln_point *point, struct ln_shape *shape) {
    shape->runs = true;
    shape->lanes = LN_LANES;
    shape->shares_problem = ln_problem_has_moment(point) && shape->widths[0] > OWN_MOMENT_UP_TO;
}

static int shape_of(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                    struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_MODEL];
    enum ln_diagonal_form form = form_of(conf);
    int depth = ln_conf_is_set(conf, "depth") ? (int)ln_conf_int(conf, "depth")
                : form == LN_DIAGONAL_POWER   ? 3
                                              : 2;
    if (d_out != 1)
        return ln_err_key(err, "model.kind",
                          "a diagonal network has one output, the problem has %d; give y or the "
                          "target one row",
                          d_out);
    int status = check_depth(conf, depth, err);
    if (status != LN_OK)
        return status;
    shape->n_layers = 1;
    shape->widths[0] = d_in;
    shape->widths[1] = 1;
    shape->variant = (int)form + 4 * depth;
    shape->is_flow_only = form == LN_DIAGONAL_DUAL;
    shape->n_weights = form == LN_DIAGONAL_DUAL ? d_in : 2 * d_in;
    shape->n_state =
        3 * d_in + 2 + (form == LN_DIAGONAL_DUAL ? 0 : d_in) + (has_keeps(form) ? 2 * d_in : 0);
    shape->n_constants = 2 + d_in;
    shape->n_scratch = 2 * d_in;
    if (!shape->is_flow_only)
        take_lanes(point, shape);
    return LN_OK;
}

static void constants(const struct ln_point *point, const struct ln_shape *shape,
                      const struct ln_problem *problem, double *out) {
    const struct ln_value *exponents = ln_conf_value(&point->conf[LN_INIT], "exponents");
    int d = shape->widths[0];
    double largest = 0;
    out[0] = ln_diagonal_log_scale(point);
    for (int i = 0; i < d; i++) {
        double g = problem->moment ? ln_dot(problem->target, problem->moment + i * d, (size_t)d)
                                   : problem->target[i];
        largest = fmax(largest, fabs(g));
        out[1 + i] = exponents->is_set ? exponents->reals[i] : 1.0;
    }
    out[1 + d] = fmax(1e-8 * largest, 1e-100);
}

struct ln_diagonal_places ln_diagonal_places_of(const struct ln_shape *shape) {
    int d = shape->widths[0];
    enum ln_diagonal_form form = ln_diagonal_form(shape);
    struct ln_diagonal_places at = {.sum = 2 * d, .theta = -1, .plus = -1, .minus = -1};
    at.length = at.sum + d;
    at.time = at.length + 1;
    if (form != LN_DIAGONAL_DUAL)
        at.theta = at.time + 1;
    if (has_keeps(form)) {
        at.plus = at.theta + d;
        at.minus = at.plus + d;
    }
    return at;
}

struct ln_diagonal_path ln_diagonal_path_of(const struct ln_net *net) {
    struct ln_diagonal_places at = ln_diagonal_places_of(net->shape);
    const double *state = net->weights;
    return (struct ln_diagonal_path){.sum = state + at.sum,
                                     .length = state[at.length],
                                     .time = state[at.time],
                                     .theta = at.theta < 0 ? NULL : state + at.theta,
                                     .plus = at.plus < 0 ? NULL : state + at.plus,
                                     .minus = at.minus < 0 ? NULL : state + at.minus};
}

void ln_diagonal_dual(const struct ln_net *net, double *s) {
    struct ln_diagonal_path path = ln_diagonal_path_of(net);
    double unit = ln_diagonal_time_unit(net->shape, net->constants[0]);
    for (int i = 0; i < net->shape->widths[0]; i++)
        s[i] = path.theta ? path.theta[i] / unit
                          : net->weights[i] + net->weights[net->shape->widths[0] + i];
}

bool ln_diagonal_effective(const struct ln_net *net, const double *start, double *scale,
                           double *from) {
    struct ln_net first = *net;
    first.weights = start;
    struct ln_diagonal_path path = ln_diagonal_path_of(net), old = ln_diagonal_path_of(&first);
    if (!path.plus)
        return false;
    for (int i = 0; i < net->shape->widths[0]; i++) {
        /* x sums to theta(0) - theta, and w+-(0)^2 = a^2 exp(+-2 theta(0)) */
        double log_a2 = -2.0 * net->constants[0] * net->constants[1 + i];
        double shift = 2.0 * (2.0 * old.theta[i] - path.theta[i]);
        double plus = 2.0 * log(fabs(path.plus[i])), minus = 2.0 * log(fabs(path.minus[i]));
        scale[i] = exp(0.5 * (log_a2 + 0.5 * (plus + minus)));
        from[i] = 0.5 * (exp(log_a2 + shift + plus) - exp(log_a2 - shift + minus));
    }
    return true;
}

/* The two numbers of one coordinate in one lane. */
static void gather(const struct ln_batch *batch, int i, int lane, double w[2]) {
    const struct ln_shape *shape = batch->shape;
    size_t lanes = (size_t)shape->lanes, d = (size_t)shape->widths[0];
    w[0] = batch->weights[(size_t)i * lanes + lane];
    w[1] = batch->weights[(d + (size_t)i) * lanes + lane];
}

static struct ln_diagonal_jet jet_at(const struct ln_batch *batch, int i, int lane) {
    double w[2];
    size_t lanes = (size_t)batch->shape->lanes;
    gather(batch, i, lane, w);
    return ln_diagonal_jet_of(batch->shape, batch->constants[lane],
                              batch->constants[(size_t)(1 + i) * lanes + lane], w);
}

/* b [d][lanes] and db/ds of the dual, lane by lane. */
static void multiply_dual(const struct ln_batch *batch, double *b, double *slope) {
    const struct ln_shape *shape = batch->shape;
    int d = shape->widths[0], lanes = shape->lanes, depth = ln_diagonal_depth(shape);
    for (int i = 0; i < d; i++)
        for (int lane = 0; lane < lanes; lane++) {
            double w[2];
            gather(batch, i, lane, w);
            b[i * lanes + lane] = ln_diagonal_expand(depth, batch->constants[lane],
                                                     batch->constants[(1 + i) * lanes + lane], w,
                                                     &slope[i * lanes + lane]);
        }
}

void ln_diagonal_multiply(const struct ln_batch *batch, double *b) {
    const struct ln_shape *shape = batch->shape;
    size_t lanes = (size_t)shape->lanes, count = (size_t)shape->widths[0] * lanes;
    const double *w = batch->weights;
    switch (ln_diagonal_form(shape)) {
    case LN_DIAGONAL_SQUARES:
        for (size_t k = 0; k < count; k++)
            b[k] = 0.5 * (w[k] - w[count + k]) * (w[k] + w[count + k]);
        break;
    case LN_DIAGONAL_UV:
        for (size_t k = 0; k < count; k++)
            b[k] = w[k] * w[count + k];
        break;
    case LN_DIAGONAL_POWER:
        for (size_t k = 0; k < count; k++)
            b[k] = jet_at(batch, (int)(k / lanes), (int)(k % lanes)).product;
        break;
    case LN_DIAGONAL_DUAL:
        multiply_dual(batch, b, batch->scratch + count);
        break;
    }
}

static void gradient(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    size_t lanes = (size_t)shape->lanes, count = (size_t)shape->widths[0] * lanes;
    for (size_t k = 0; k < count; k++) {
        struct ln_diagonal_jet jet = jet_at(batch, (int)(k / lanes), (int)(k % lanes));
        out[k] = jet.first[0] * batch->error[k];
        if (!shape->is_flow_only)
            out[count + k] = jet.first[1] * batch->error[k];
    }
}

/* How the flow moves a coordinate: db/dt = -pace g, and its two raw weights by -first g. */
static double pace_at(const struct ln_batch *batch, int i, int lane, double first[2]) {
    const struct ln_shape *shape = batch->shape;
    if (shape->is_flow_only) /* forward has left it there */
        return batch->scratch[(shape->widths[0] + i) * shape->lanes + lane];
    struct ln_diagonal_jet jet = jet_at(batch, i, lane);
    first[0] = jet.first[0];
    first[1] = jet.first[1];
    return first[0] * first[0] + first[1] * first[1];
}

/* The dual is kept in two parts, s + rest, because a plateau asks for a far smaller change of s
 * than its last digit (2 Lam times the change is that of b): a gradient well below delta =
 * constants[1 + d] moves the rest, one well above moves s, smoothly, and the sum follows -g. */
static void velocity(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    size_t lanes = (size_t)shape->lanes, count = (size_t)shape->widths[0] * lanes;
    struct ln_diagonal_places at = ln_diagonal_places_of(shape);
    double *length = out + (size_t)at.length * lanes;
    const double *w = batch->weights,
                 *small = batch->constants + (size_t)(1 + shape->widths[0]) * lanes;
    for (size_t lane = 0; lane < lanes; lane++) {
        length[lane] = 0;
        out[(size_t)at.time * lanes + lane] = 1;
    }
    for (size_t k = 0; k < count; k++) {
        double first[2] = {0},
               moves = batch->error[k] * pace_at(batch, (int)(k / lanes), (int)(k % lanes), first);
        double g = batch->error[k];
        if (shape->is_flow_only) {
            double share = g * g / (g * g + small[k % lanes] * small[k % lanes]);
            out[k] = -g * share;
            out[count + k] = -g * (1.0 - share);
        } else {
            out[k] = -first[0] * g;
            out[count + k] = -first[1] * g;
            out[(size_t)at.theta * lanes + k] = -g;
        }
        if (at.plus >= 0) {
            out[(size_t)at.plus * lanes + k] = -g * w[(size_t)at.plus * lanes + k];
            out[(size_t)at.minus * lanes + k] = g * w[(size_t)at.minus * lanes + k];
        }
        out[(size_t)at.sum * lanes + k] = batch->scratch[k];
        length[k % lanes] += moves * moves;
    }
    for (size_t lane = 0; lane < lanes; lane++)
        length[lane] = sqrt(length[lane]);
}

/* How fast the flow multiplies the smaller weights of a coordinate, or the distance of its dual to
 * the wall, in units of |g|: what a step must resolve even where b is too small to be seen. */
static double growth(const struct ln_batch *batch, int i, int lane) {
    const struct ln_shape *shape = batch->shape;
    int depth = ln_diagonal_depth(shape);
    double w[2];
    gather(batch, i, lane, w);
    if (ln_diagonal_form(shape) == LN_DIAGONAL_POWER) {
        struct ln_diagonal_jet jet = jet_at(batch, i, lane);
        return fmax(fabs(jet.second[0]), fabs(jet.second[1]));
    }
    if (!shape->is_flow_only)
        return 2.0;
    return depth == 2 ? 2.0 * batch->constants[lane]
                      : (depth / (depth - 2.0) + 1.0) / fmax(1.0 - fabs(w[0] + w[1]), 1e-12);
}

/* h = c / (max_i (|H| pace)_i + max_i growth_i |g_i|): the first is a bound of the decay rates of a
 * plateau, the second keeps a step from striding over a jump. In raw weights, some of which are too
 * small for an error control to see, the step itself has to be accurate: c^9 / 9! a step. */
static double longest_step(const struct ln_batch *batch, int lane) {
    const struct ln_shape *shape = batch->shape;
    int d = shape->widths[0], lanes = shape->lanes;
    double *paces = batch->scratch + (size_t)d * lanes, stiff = 0, grow = 0, first[2];
    for (int i = 0; i < d; i++) {
        paces[i * lanes + lane] = pace_at(batch, i, lane, first);
        grow = fmax(grow, growth(batch, i, lane) * fabs(batch->error[i * lanes + lane]));
    }
    for (int i = 0; i < d; i++) {
        double row = shape->has_moment ? 0.0 : paces[i * lanes + lane];
        for (int j = 0; shape->has_moment && j < d; j++)
            row += fabs(batch->moment[(i * d + j) * lanes + lane]) * paces[j * lanes + lane];
        stiff = fmax(stiff, row);
    }
    return (shape->is_flow_only ? 2.0 : 0.25) / (stiff + grow);
}

static void end_to_end(const struct ln_net *net, double *p) {
    int d = net->shape->widths[0];
    for (int i = 0; i < d; i++) {
        double w[2] = {net->weights[i], net->weights[d + i]};
        p[i] = ln_diagonal_jet_of(net->shape, net->constants[0], net->constants[1 + i], w).product;
    }
}

/* g = M (b - Phi), and a few products a coordinate; an exponential counts as 40. */
static double step_flops(const struct ln_shape *shape) {
    double d = shape->widths[0];
    return (shape->has_moment ? 2.0 * d * d : 0.0) + (shape->is_flow_only ? 200.0 : 30.0) * d;
}

const struct ln_model ln_model_diagonal = {
    .entry = {.name = "diagonal",
              .doc = "Diagonal linear network x -> b . x, one output, b_i = u_i v_i or a form of "
                     "it.",
              .source = "Pesme, Flammarion 2023, setting; Woodworth et al. 2020, depth D",
              LN_PARAMS(params)},
    .shape = shape_of,
    .constants = constants,
    .forward = ln_diagonal_forward,
    .descend = ln_diagonal_descend,
    .run = ln_diagonal_run,
    .gradient = gradient,
    .velocity = velocity,
    .longest_step = longest_step,
    .end_to_end = end_to_end,
    .hessian = ln_diagonal_hessian,
    .hessian_vector = ln_diagonal_hessian_vector,
    .step_flops = step_flops,
};
