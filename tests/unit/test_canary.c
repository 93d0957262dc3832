/* The canary finds its closed forms, and a computer that lies. */
#include <cblas.h>
#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cmocka.h>

#include "linnet/canary.h"
#include "linnet/linalg.h"

/* The program's own dgemm stands before that of the library. */
static double error_of_dgemm;

void cblas_dgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE trans_a,
                 const enum CBLAS_TRANSPOSE trans_b, const blasint m, const blasint n,
                 const blasint k, const double alpha, const double *a, const blasint lda,
                 const double *b, const blasint ldb, const double beta, double *c,
                 const blasint ldc) {
    static __typeof__(&cblas_dgemm) dgemm;
    if (!dgemm) {
        void *found = dlsym(RTLD_NEXT, "cblas_dgemm");
        memcpy(&dgemm, &found, sizeof dgemm);
    }
    dgemm(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    c[0] += error_of_dgemm * fabs(c[0]);
}

static struct ln_canary sing(void) {
    struct ln_canary canary;
    struct ln_err err = {0};
    memset(&canary, 0, sizeof canary);
    if (ln_canary_run(&canary, &err) != LN_OK)
        fail_msg("%s", err.text);
    return canary;
}

static void closed_forms_are_found(void **state) {
    (void)state;
    sing();
}

static void it_sings_the_same_every_time(void **state) {
    (void)state;
    struct ln_canary first = sing(), second = sing();
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(ln_canary_fingerprint(&first) == ln_canary_fingerprint(&second));
}

static void every_part_has_bits_of_its_own(void **state) {
    (void)state;
    struct ln_canary canary = sing();
    for (int i = 0; i < LN_CANARY_PARTS; i++) {
        assert_true(canary.bits[i] != 0);
        for (int j = 0; j < i; j++)
            assert_true(canary.bits[i] != canary.bits[j]);
    }
}

static void a_wrong_product_is_an_error_with_both_numbers(void **state) {
    (void)state;
    struct ln_canary canary;
    struct ln_err err = {0};
    error_of_dgemm = 1e-15;
    int status = ln_canary_run(&canary, &err);
    error_of_dgemm = 0;
    assert_int_equal(status, LN_FATAL);
    assert_non_null(strstr(err.text, "a product by OpenBLAS: element 0 is "));
    assert_non_null(strstr(err.text, "but should be"));
}

static void wrong_last_bits_are_another_fingerprint(void **state) {
    (void)state;
    struct ln_canary right = sing(), wrong;
    struct ln_err err = {0};
    memset(&wrong, 0, sizeof wrong);
    error_of_dgemm = 1e-15;
    ln_canary_run(&wrong, &err);
    error_of_dgemm = 0;
    assert_true(right.bits[0] == wrong.bits[0]);
    assert_true(ln_canary_fingerprint(&right) != ln_canary_fingerprint(&wrong));
}

#if defined(__x86_64__)
static void another_rounding_mode_is_an_error(void **state) {
    static const unsigned modes[] = {_MM_ROUND_DOWN, _MM_ROUND_UP, _MM_ROUND_TOWARD_ZERO};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct ln_canary canary;
        struct ln_err err = {0};
        _MM_SET_ROUNDING_MODE(modes[i]);
        int status = ln_canary_run(&canary, &err);
        _MM_SET_ROUNDING_MODE(_MM_ROUND_NEAREST);
        assert_int_equal(status, LN_FATAL);
        assert_string_equal(err.text, "the CPU does not round to nearest");
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_forms_are_found),
        cmocka_unit_test(it_sings_the_same_every_time),
        cmocka_unit_test(every_part_has_bits_of_its_own),
        cmocka_unit_test(a_wrong_product_is_an_error_with_both_numbers),
        cmocka_unit_test(wrong_last_bits_are_another_fingerprint),
#if defined(__x86_64__)
        cmocka_unit_test(another_rounding_mode_is_an_error),
#endif
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
