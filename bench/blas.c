/* The best loop one writes in C on a BLAS, as an opponent: one point after the other, the minimal
 * schedule of 3 (N - 1) dgemm calls a step, the update fused into the product. Obeys the same
 * orders as the opponents in Python (opponents/case.py). */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "linnet/linalg.h"
#include "measure.h"
#include "serve.h"

enum { CHECKED = 8, MOST_LAYERS = 256 };

/* The case: phi [d x d], starts [points][N][d x d]. */
static struct {
    int d, depth;
    long long points;
    double eta, *phi, *starts;
    double *layers, *products, *error, *below; /* of the point in hand */
} given;

static double *squares(size_t count) {
    return ln_linalg_alloc(count * (size_t)given.d * given.d, sizeof(double));
}

static void load(char *rest) {
    const char *path = ln_bench_word(rest);
    FILE *file = fopen(path, "rb");
    if (!file ||
        fscanf(file, "%d %d %lld %lf", &given.d, &given.depth, &given.points, &given.eta) != 4 ||
        fgetc(file) != '\n')
        ln_bench_die(path);
    size_t square = (size_t)given.d * given.d, all = (size_t)given.points * given.depth;
    double **arrays[] = {&given.phi,      &given.starts, &given.layers,
                         &given.products, &given.error,  &given.below};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(*arrays[i]);
    given.phi = squares(1);
    given.starts = squares(all);
    given.layers = squares((size_t)given.depth);
    given.products = squares((size_t)given.depth);
    given.error = squares(1);
    given.below = squares(1);
    if (fread(given.phi, sizeof(double), square, file) != square ||
        fread(given.starts, sizeof(double), all * square, file) != all * square)
        ln_bench_die(path);
    fclose(file);
    printf("{\"points\": 1, \"chunk\": 1}\n");
}

static double *layer(int j) {
    return given.layers + (size_t)j * given.d * given.d;
}

static double *product(int j) {
    return j == 0 ? given.layers : given.products + (size_t)j * given.d * given.d;
}

static void dgemm(double *c, CBLAS_TRANSPOSE ta, const double *a, CBLAS_TRANSPOSE tb,
                  const double *b, double alpha, double beta) {
    int d = given.d;
    cblas_dgemm(CblasRowMajor, ta, tb, d, d, d, alpha, a, d, b, d, beta, c, d);
}

static void forward(void) {
    for (int j = 1; j < given.depth; j++)
        dgemm(product(j), CblasNoTrans, layer(j), CblasNoTrans, product(j - 1), 1.0, 0.0);
    for (int i = 0; i < given.d * given.d; i++)
        given.error[i] = product(given.depth - 1)[i] - given.phi[i];
}

static void step(void) {
    forward();
    for (int j = given.depth - 1; j > 0; j--) {
        dgemm(given.below, CblasTrans, layer(j), CblasNoTrans, given.error, 1.0, 0.0);
        dgemm(layer(j), CblasNoTrans, given.error, CblasTrans, product(j - 1), -given.eta, 1.0);
        double *swap = given.error;
        given.error = given.below;
        given.below = swap;
    }
    for (int i = 0; i < given.d * given.d; i++)
        given.layers[i] -= given.eta * given.error[i];
}

static void train(long long point, long long steps) {
    size_t numbers = (size_t)given.depth * given.d * given.d;
    memcpy(given.layers, given.starts + (size_t)point * numbers, numbers * sizeof(double));
    for (long long k = 0; k < steps; k++)
        step();
}

static double loss(void) {
    double sum = 0;
    forward();
    for (int i = 0; i < given.d * given.d; i++)
        sum += given.error[i] * given.error[i];
    return 0.5 * sum;
}

static void losses(char *rest) {
    long long steps = atoll(ln_bench_word(rest));
    for (long long i = 0; i < CHECKED && i < given.points; i++) {
        train(i, steps);
        printf("%s%.17g", i ? ", " : "{\"losses\": [", loss());
    }
    printf("]}\n");
}

static void run(char *rest) {
    long long steps = atoll(ln_bench_word(rest));
    double wall = ln_bench_wall(), cpu = ln_bench_cpu();
    train(0, steps);
    cpu = ln_bench_cpu() - cpu;
    printf("{\"cpu\": %.9g, \"wall\": %.9g, \"steps\": %lld}\n", cpu, ln_bench_wall() - wall,
           steps);
}

int main(void) {
    const struct ln_bench_verb verbs[] = {
        {"load", load}, {"losses", losses}, {"run", run}, {NULL, NULL}};
    ln_bench_serve(verbs);
    return 0;
}
