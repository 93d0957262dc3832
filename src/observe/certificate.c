/* The certificate: verdict by the statements, and the spectrum beside it. */
#include "linnet/certificate.h"

#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

/* lambda is zero up to tau = 1e-8 max(1, lambda_max). */
static const double zero_tolerance = 1e-8;

static void dense_spectrum(const struct ln_net *net, struct ln_certificate *out) {
    int n = net->shape->n_weights;
    double *hessian = ln_linalg_alloc((size_t)n * n, sizeof *hessian),
           *w = ln_linalg_alloc(n, sizeof *w);
    net->shape->model->hessian(net, hessian);
    ln_sym_eig(w, NULL, hessian, n);
    out->lambda_min = w[0];
    out->lambda_max = w[n - 1];
    out->residual_min = out->residual_max = 0;
    out->zero = zero_tolerance * fmax(1, w[n - 1]);
    out->n_negative = out->n_zero = out->n_positive = 0;
    for (int i = 0; i < n; i++)
        (*(w[i] < -out->zero  ? &out->n_negative
           : w[i] > out->zero ? &out->n_positive
                              : &out->n_zero))++;
    free(w);
    free(hessian);
}

static void find_spectrum(const struct ln_net *net, struct ln_certificate *out) {
    if (net->shape->n_weights <= LN_DENSE_UP_TO) {
        dense_spectrum(net, out);
        return;
    }
    out->lambda_min = ln_hessian_extreme(net, -1, &out->residual_min);
    out->lambda_max = ln_hessian_extreme(net, +1, &out->residual_max);
    out->zero = zero_tolerance * fmax(1, out->lambda_max);
}

/* The rule and the spectrum must say the same. */
static bool contradicts(const struct ln_certificate *c) {
    bool is_negative = c->lambda_min < -c->zero;
    return (c->nature == LN_IS_STRICT_SADDLE && !is_negative) ||
           ((c->nature == LN_IS_GLOBAL_MINIMUM || c->nature == LN_IS_NONSTRICT_SADDLE) &&
            is_negative);
}

void ln_certify(const struct ln_net *net, const struct ln_certificate_options *options,
                struct ln_certificate *out) {
    ln_certificate_classify(net, options, out);
    find_spectrum(net, out);
    if (out->statement == LN_BY_GRADIENT || out->nature == LN_IS_UNRESOLVED)
        return;
    bool has_converged = out->residual_min <= 0.1 * out->zero && isfinite(out->lambda_max);
    if (has_converged && !contradicts(out))
        return;
    out->nature = LN_IS_UNRESOLVED;
    out->statement = has_converged ? LN_BY_SPECTRUM : LN_BY_RESIDUAL;
}

double ln_certificate_mask(const struct ln_certificate *certificate) {
    enum { BITS = 53 };
    double mask = 0;
    if (certificate->n_modes > BITS)
        return (double)NAN;
    for (int k = 0; k < certificate->n_modes; k++)
        mask += certificate->kept[k] ? ldexp(1, k) : 0;
    return mask;
}

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_certificate certificate;
    ln_certify(&net, &ln_certificate_at_end, &certificate);
    out[0] = certificate.nature;
}

const struct ln_observable ln_observable_certificate = {
    .entry = {.name = "certificate",
              .doc = "What the state is: a critical point to 1e-9 is a global minimum, a strict or "
                     "a non-strict saddle; else near one, or not critical.",
              .source = "Achour, Malgouyres, Gerchinovitz 2021 (tightened pivots); Zhu, Soudry, "
                        "Eldar, Wakin 2018"},
    .long_name = "certificate",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .flags = ln_nature_names,
    .n_flags = LN_N_NATURES,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
