#include "linnet/singular.h"

#include <string.h>

#include "linnet/lanes.h"
#include "singular_kernel.h"

bool ln_singular_in_lanes(int m, int n) {
    return m <= 12 && n <= 12;
}

void ln_lanes_singular(double *s, double *a, int m, int n) {
    const char *isa = ln_lanes_isa();
    if (strcmp(isa, "avx512") == 0)
        ln_singular_avx512(s, a, m, n);
    else if (strcmp(isa, "avx2") == 0)
        ln_singular_avx2(s, a, m, n);
    else
        ln_singular_portable(s, a, m, n);
}
