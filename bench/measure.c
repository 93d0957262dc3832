#include "measure.h"

#include <cblas.h>
#include <immintrin.h>
#include <string.h>
#include <time.h>

#include "linnet/lanes.h"

/* 12 chains of FMAs of 4 cycles on two ports: 8 in flight are needed, and 12 registers are there.
 */
enum { CHAINS = 12, TURNS = 20000 };

static double clock_of(clockid_t id) {
    struct timespec time;
    clock_gettime(id, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double ln_bench_cpu(void) {
    return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

double ln_bench_wall(void) {
    return clock_of(CLOCK_MONOTONIC);
}

/* Each returns the flops it has done and leaves a result in `sink`, so that nothing can be left
 * out. The numbers stay near 1. */
__attribute__((target("avx512f"))) static double turns_avx512(double *sink) {
    __m512d x[CHAINS], a = _mm512_set1_pd(0.999), b = _mm512_set1_pd(0.001);
    for (int i = 0; i < CHAINS; i++)
        x[i] = _mm512_set1_pd(1.0 + i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            x[i] = _mm512_fmadd_pd(x[i], a, b);
    for (int i = 0; i < CHAINS; i++)
        *sink += _mm512_cvtsd_f64(x[i]);
    return 16.0 * CHAINS * TURNS;
}

__attribute__((target("avx2,fma"))) static double turns_avx2(double *sink) {
    __m256d x[CHAINS], a = _mm256_set1_pd(0.999), b = _mm256_set1_pd(0.001);
    for (int i = 0; i < CHAINS; i++)
        x[i] = _mm256_set1_pd(1.0 + i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            x[i] = _mm256_fmadd_pd(x[i], a, b);
    for (int i = 0; i < CHAINS; i++)
        *sink += _mm256_cvtsd_f64(x[i]);
    return 8.0 * CHAINS * TURNS;
}

static double turns_portable(double *sink) {
    __m128d x[CHAINS], a = _mm_set1_pd(0.999), b = _mm_set1_pd(0.001);
    for (int i = 0; i < CHAINS; i++)
        x[i] = _mm_set1_pd(1.0 + i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            x[i] = _mm_add_pd(_mm_mul_pd(x[i], a), b);
    for (int i = 0; i < CHAINS; i++)
        *sink += _mm_cvtsd_f64(x[i]);
    return 4.0 * CHAINS * TURNS;
}

/* The best of eight stretches: an interrupt costs one of them, not the sample. */
static double best_rate(double (*turns)(double *sink), double seconds) {
    static volatile double kept;
    double best = 0, sink = 0;
    for (int stretch = 0; stretch < 8; stretch++) {
        double start = ln_bench_cpu(), now = start, flops = 0;
        while (now - start < seconds / 8) {
            flops += turns(&sink);
            now = ln_bench_cpu();
        }
        double rate = flops / (now - start);
        best = rate > best ? rate : best;
    }
    kept = sink;
    (void)kept;
    return best;
}

double ln_bench_peak(double seconds) {
    const char *isa = ln_lanes_isa();
    if (strcmp(isa, "avx512") == 0)
        return best_rate(turns_avx512, seconds);
    if (strcmp(isa, "avx2") == 0)
        return best_rate(turns_avx2, seconds);
    return best_rate(turns_portable, seconds);
}

static double turns_dgemm(double *sink) {
    enum { N = 64 };
    static _Alignas(64) double a[N * N], b[N * N], c[N * N];
    if (a[0] == 0)
        for (int i = 0; i < N * N; i++)
            a[i] = b[i] = 1.0 / (1 + i);
    for (int i = 0; i < 10; i++)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1.0, a, N, b, N, 0.0, c, N);
    *sink += c[0];
    return 10.0 * 2.0 * N * N * N;
}

double ln_bench_reference(double seconds) {
    return best_rate(turns_dgemm, seconds);
}
