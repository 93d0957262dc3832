/* What every unit test of the physics needs: cmocka, and comparing numbers with a tolerance. */
#ifndef LINNET_TEST_NEAR_H
#define LINNET_TEST_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fails unless |a - b| <= tolerance; NaN is near nothing. */
#define assert_near(a, b, tolerance) near_check((a), (b), (tolerance), __FILE__, __LINE__)

static inline void near_check(double a, double b, double tolerance, const char *file, int line) {
    if (fabs(a - b) <= tolerance)
        return;
    print_error("%.17g is not within %g of %.17g\n", a, tolerance, b);
    _fail(file, line);
}

/* Largest |a[i] - b[i]|; NaN if any is. */
static inline double near_distance(const double *a, const double *b, int n) {
    double largest = 0;
    for (int i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= largest))
            largest = fabs(a[i] - b[i]);
    return largest;
}

#endif
