#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

struct ln_random ln_problem_random(const struct ln_point *point) {
    struct ln_random random;
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_DATA], LN_STREAM_DATA);
    return random;
}

double *ln_problem_gaussian(struct ln_random *random, int rows, int cols) {
    double *x = ln_linalg_alloc((size_t)rows * cols, sizeof *x);
    ln_random_normals(random, (size_t)rows * cols, x);
    return x;
}

double *ln_problem_frame(struct ln_random *random, int m, int n) {
    double *frame = ln_problem_gaussian(random, m, n);
    ln_orthonormalise(frame, m, n);
    return frame;
}

static double *diagonal(const struct ln_value *spectrum, int rows, int cols) {
    double *x = ln_linalg_alloc((size_t)rows * cols, sizeof *x);
    for (int i = 0; i < spectrum->count; i++)
        x[i * cols + i] = spectrum->reals[i];
    return x;
}

double *ln_problem_from_spectrum(struct ln_random *random, const struct ln_value *spectrum,
                                 const char *basis, int rows, int cols) {
    if (strcmp(basis, "identity") == 0)
        return diagonal(spectrum, rows, cols);
    int r = spectrum->count;
    double *u = ln_problem_frame(random, rows, r);
    double *v = strcmp(basis, "symmetric") == 0 ? NULL : ln_problem_frame(random, cols, r);
    double *scaled = ln_linalg_alloc((size_t)rows * r, sizeof *scaled);
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < r; k++)
            scaled[i * r + k] = u[i * r + k] * spectrum->reals[k];
    double *x = ln_linalg_alloc((size_t)rows * cols, sizeof *x);
    ln_matmul(x, scaled, false, v ? v : u, true, rows, cols, r);
    free(scaled);
    free(v);
    free(u);
    return x;
}
