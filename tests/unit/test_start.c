/* What ln_linalg_start sets. Run as well with OPENBLAS_CORETYPE and LINNET_ISA set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

void gotoblas_dynamic_init(void) __attribute__((weak));
void gotoblas_dynamic_quit(void) __attribute__((weak));
char *openblas_get_corename(void);

static const char *wish; /* OPENBLAS_CORETYPE as the test was called */

/* OpenBLAS takes the CPU for an old one. */
static void choose_wrongly(void) {
    setenv("OPENBLAS_CORETYPE", wish ? wish : "Nehalem", 1);
    if (gotoblas_dynamic_init && gotoblas_dynamic_quit) {
        gotoblas_dynamic_quit();
        gotoblas_dynamic_init();
    }
    if (!wish)
        unsetenv("OPENBLAS_CORETYPE");
}

static const char *expected_core(void) {
    if (wish)
        return wish;
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        return "SkylakeX";
    return __builtin_cpu_supports("fma") ? "Haswell" : "Nehalem";
}

static void openblas_gets_the_kernels_the_cpu_can_run_or_the_user_asked_for(void **state) {
    (void)state;
    assert_string_equal(openblas_get_corename(), expected_core());
    assert_non_null(strstr(ln_linalg_blas(), expected_core()));
    assert_int_equal(strstr(ln_linalg_blas(), "asked for") != NULL, wish != NULL);
    assert_non_null(strstr(ln_linalg_cpu_kind(), expected_core()));
}

static void the_environment_is_left_as_it_was(void **state) {
    (void)state;
    const char *now = getenv("OPENBLAS_CORETYPE");
    assert_int_equal(now != NULL, wish != NULL);
}

static void products_are_right_after_the_change_of_kernels(void **state) {
    (void)state;
    enum { D = 70 };
    double *a = ln_linalg_alloc(D * D, sizeof *a), *c = ln_linalg_alloc(D * D, sizeof *c);
    for (int i = 0; i < D * D; i++)
        a[i] = i % 7 - 3;
    ln_matmul(c, a, false, a, true, D, D, D);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            double sum = 0;
            for (int k = 0; k < D; k++)
                sum += a[i * D + k] * a[j * D + k];
            assert_true(c[i * D + j] == sum); /* integers */
        }
    free(c);
    free(a);
}

static void denormal_numbers_are_flushed_and_the_cpu_kind_says_so(void **state) {
    (void)state;
    volatile double small = 1e-160, smallest = 5e-324;
    assert_true(ln_linalg_flushes());
    assert_true(small * small == 0);
    assert_true(smallest * 1e300 == 0);
    assert_non_null(strstr(ln_linalg_cpu_kind(), "FTZ+DAZ"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openblas_gets_the_kernels_the_cpu_can_run_or_the_user_asked_for),
        cmocka_unit_test(the_environment_is_left_as_it_was),
        cmocka_unit_test(products_are_right_after_the_change_of_kernels),
        cmocka_unit_test(denormal_numbers_are_flushed_and_the_cpu_kind_says_so),
    };
    wish = getenv("OPENBLAS_CORETYPE");
    choose_wrongly();
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
