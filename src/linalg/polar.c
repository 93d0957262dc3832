#include "linnet/polar.h"

#include <math.h>

#include "linnet/linalg.h"
#include "linnet/work.h"

static const double pi = 3.14159265358979323846;

static double *matrix(int n) {
    return ln_work_take((size_t)n * n);
}

static void symmetric_part(double *s, const double *m, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            s[i * n + j] = 0.5 * (m[i * n + j] + m[j * n + i]);
}

double ln_margin(const double *m, int n) {
    size_t mark = ln_work_mark();
    double *s = matrix(n), *w = ln_work_take((size_t)n);
    symmetric_part(s, m, n);
    ln_sym_eig(w, NULL, s, n);
    double margin = w[0];
    ln_work_release(mark);
    return margin;
}

bool ln_margin_project(double *m, double gamma, int n) {
    size_t mark = ln_work_mark();
    double *s = matrix(n), *v = matrix(n), *w = ln_work_take((size_t)n);
    symmetric_part(s, m, n);
    ln_sym_eig(w, v, s, n);
    bool moves = w[0] < gamma;
    if (moves) {
        for (int i = 0; i < n * n; i++)
            m[i] -= s[i];
        for (int i = 0; i < n; i++)
            w[i] = fmax(w[i], gamma);
        ln_sym_compose(s, v, w, n);
        for (int i = 0; i < n; i++) /* exactly symmetric, whatever the product rounds to */
            for (int j = 0; j < n; j++)
                m[i * n + j] += 0.5 * (s[i * n + j] + s[j * n + i]);
    }
    ln_work_release(mark);
    return moves;
}

bool ln_rotation_init(struct ln_rotation *rotation, const double *r, int n) {
    *rotation = (struct ln_rotation){.n = n, .mark = ln_work_mark()};
    rotation->angle = ln_work_take((size_t)n);
    rotation->frame = matrix(n);
    rotation->skew = matrix(n);
    double *s = matrix(n);
    symmetric_part(s, r, n);
    for (int i = 0; i < n * n; i++)
        rotation->skew[i] = r[i] - s[i];
    ln_sym_eig(rotation->angle, rotation->frame, s, n);
    bool has_root = true;
    for (int i = 0; i < n; i++) {
        rotation->angle[i] = acos(fmin(fmax(rotation->angle[i], -1.0), 1.0));
        has_root = has_root && rotation->angle[i] <= pi - 1e-7;
    }
    return has_root;
}

void ln_rotation_clear(struct ln_rotation *rotation) {
    ln_work_release(rotation->mark);
    *rotation = (struct ln_rotation){0};
}

void ln_rotation_power(const struct ln_rotation *rotation, double s, double *power) {
    int n = rotation->n;
    size_t mark = ln_work_mark();
    double *w = ln_work_take((size_t)n), *ratio = matrix(n);
    for (int i = 0; i < n; i++) {
        double a = rotation->angle[i];
        w[i] = a < 1e-9 ? s : sin(s * a) / sin(a);
    }
    ln_sym_compose(power, rotation->frame, w, n);
    ln_matmul(ratio, power, false, rotation->skew, false, n, n, n);
    for (int i = 0; i < n; i++)
        w[i] = cos(s * rotation->angle[i]);
    ln_sym_compose(power, rotation->frame, w, n);
    for (int i = 0; i < n * n; i++)
        power[i] += ratio[i];
    ln_work_release(mark);
}

/* R and H^{1/N} of P = R H: P = U diag(s) V^T, R = U V^T, H = V diag(s) V^T. */
static void polar(double *r, double *root, const double *p, int n, int n_layers) {
    size_t mark = ln_work_mark();
    double *u = matrix(n), *v = matrix(n), *s = ln_work_take((size_t)n);
    ln_svd(u, s, v, p, n, n);
    ln_matmul(r, u, false, v, true, n, n, n);
    for (int i = 0; i < n; i++)
        s[i] = pow(s[i], 1.0 / n_layers);
    ln_sym_compose(root, v, s, n);
    ln_work_release(mark);
}

/* Layer i = R^{1/N} [R^{(i-1)/N} H^{1/N} R^{-(i-1)/N}]; R^{-s} is the transpose of R^s. */
static void fill_layers(double *layers, const struct ln_rotation *rotation, const double *root,
                        int n_layers) {
    int n = rotation->n;
    size_t mark = ln_work_mark();
    double *left = matrix(n), *right = matrix(n), *half = matrix(n);
    for (int i = 1; i <= n_layers; i++) {
        ln_rotation_power(rotation, (double)i / n_layers, left);
        ln_rotation_power(rotation, (double)(i - 1) / n_layers, right);
        ln_matmul(half, root, false, right, true, n, n, n);
        ln_matmul(layers + (size_t)(i - 1) * n * n, left, false, half, false, n, n, n);
    }
    ln_work_release(mark);
}

bool ln_polar_layers(double *layers, const double *p, int n, int n_layers) {
    size_t mark = ln_work_mark();
    double *r = matrix(n), *root = matrix(n);
    struct ln_rotation rotation;
    bool has_root = isfinite(ln_norm(p, (size_t)n * n));
    if (has_root) {
        polar(r, root, p, n, n_layers);
        has_root = ln_rotation_init(&rotation, r, n);
    }
    if (has_root)
        fill_layers(layers, &rotation, root, n_layers);
    for (size_t i = 0; !has_root && i < (size_t)n_layers * n * n; i++)
        layers[i] = NAN;
    ln_work_release(mark);
    return has_root;
}
