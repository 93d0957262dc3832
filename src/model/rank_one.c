/* Balanced networks with the end-to-end matrix scale u v^T: the starts of Eftekhari 2020. The
 * layers are W_j = scale^{1/N} h_j h_{j-1}^T with h_0 = v, h_N = u and, between them, the first
 * axis: the hidden directions are a gauge that the flow does not see. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "1",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "s0: singular value of the end-to-end matrix."},
    {.name = "left",
     .type = LN_REALS,
     .fallback = "~",
     .doc = "Direction of u, d_out numbers of any length; default: random, seeded."},
    {.name = "right",
     .type = LN_REALS,
     .fallback = "~",
     .doc = "Direction of v, d_in numbers of any length; default: random, seeded."},
    {.name = "left_angle",
     .type = LN_REAL,
     .fallback = "~",
     .units = "pi rad",
     .doc = "In place of left: u is the first axis turned by this towards the second, in units of "
            "pi."},
    {.name = "right_angle",
     .type = LN_REAL,
     .fallback = "~",
     .units = "pi rad",
     .doc = "In place of right: v is the first axis turned by this towards the second, in units "
            "of pi."},
};

static int check_side(const struct ln_point *point, const char *name, const char *angle, int size,
                      struct ln_err *err) {
    const struct ln_value *side = ln_conf_value(&point->conf[LN_INIT], name);
    char key[64] = "model.init.";
    bool is_zero = true;
    for (int i = 0, at = 11; name[i]; i++)
        key[at++] = name[i];
    if (side->is_set && ln_conf_is_set(&point->conf[LN_INIT], angle))
        return ln_err_key(err, key, "give either %s or %s", name, angle);
    if (ln_conf_is_set(&point->conf[LN_INIT], angle) && size == 1)
        return ln_err_key(err, key, "a vector of one number has no angle; give %s: 1 or -1", name);
    if (!side->is_set)
        return LN_OK;
    if (side->count != size)
        return ln_err_key(err, key, "%d numbers do not fit; give %d", side->count, size);
    for (int i = 0; i < size; i++)
        is_zero &= side->reals[i] == 0;
    return is_zero ? ln_err_key(err, key,
                                "a zero vector has no direction; give one number other than 0")
                   : LN_OK;
}

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    int status = check_side(point, "left", "left_angle", shape->widths[shape->n_layers], err);
    return status != LN_OK ? status
                           : check_side(point, "right", "right_angle", shape->widths[0], err);
}

/* A unit vector: given, turned in the plane of the first two axes, or random. The random one is
 * drawn in any case, so that one side does not depend on how the other is given. */
static void unit_vector(const struct ln_conf *conf, const char *name, const char *angle,
                        struct ln_random *random, double *x, int n) {
    const struct ln_value *given = ln_conf_value(conf, name);
    ln_random_normals(random, (size_t)n, x);
    for (int i = 0; i < n && given->is_set; i++)
        x[i] = given->reals[i];
    if (ln_conf_is_set(conf, angle)) {
        double turn = acos(-1) * ln_conf_real(conf, angle);
        for (int i = 0; i < n; i++)
            x[i] = i == 0 ? cos(turn) : i == 1 ? sin(turn) : 0;
    }
    double largest = 0, norm = 0;
    for (int i = 0; i < n; i++)
        largest = fmax(largest, fabs(x[i]));
    for (int i = 0; i < n; i++)
        x[i] /= largest;
    norm = ln_norm(x, (size_t)n);
    for (int i = 0; i < n; i++)
        x[i] /= norm;
}

/* The singular vectors are known: taken from the product, rounding would add the others with the
 * N-th root of their tiny singular values. */
static void fill_layers(const struct ln_shape *shape, double scale, const double *u,
                        const double *v, double *weights) {
    int m = shape->widths[shape->n_layers], n = shape->widths[0], r = m < n ? m : n;
    double *left = ln_linalg_alloc((size_t)m * r, sizeof *left),
           *right = ln_linalg_alloc((size_t)n * r, sizeof *right),
           *s = ln_linalg_alloc(r, sizeof *s);
    s[0] = scale;
    for (int i = 0; i < m; i++)
        left[i * r] = u[i];
    for (int k = 0; k < n; k++)
        right[k * r] = v[k];
    ln_balanced_from_svd(shape, left, s, right, weights);
    free(s);
    free(right);
    free(left);
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    int m = shape->widths[shape->n_layers], n = shape->widths[0];
    double *u = ln_linalg_alloc(m, sizeof *u), *v = ln_linalg_alloc(n, sizeof *v),
           *p = ln_linalg_alloc((size_t)m * n, sizeof *p), scale = ln_conf_real(conf, "scale");
    struct ln_random random;
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_INIT], LN_STREAM_INIT);
    unit_vector(conf, "left", "left_angle", &random, u, m);
    unit_vector(conf, "right", "right_angle", &random, v, n);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++)
            p[i * n + k] = scale * u[i] * v[k];
    if (shape->model->has_layers)
        fill_layers(shape, scale, u, v, weights);
    else
        shape->model->from_product(shape, p, weights);
    free(p);
    free(v);
    free(u);
}

const struct ln_init ln_init_rank_one = {
    .entry = {.name = "rank_one",
              .doc = "Balanced network with the end-to-end matrix scale u v^T; between the layers, "
                     "the first hidden unit.",
              .source = "Eftekhari 2020, balanced initialisation with r = 1",
              LN_PARAMS(params)},
    .models = "deep induced one_neuron",
    .check = check,
    .fill = fill,
};
