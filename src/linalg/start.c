/* What is set once per process: one BLAS thread, flushed denormals, OpenBLAS's core type. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { FTZ_DAZ = 0x8040 };

/* Of an OpenBLAS with kernels for several cores. They choose the kernels when the library is
 * loaded, by the CPU's model number: a new or virtual CPU is taken for an old one, and gives other
 * bits at half the speed. */
void gotoblas_dynamic_init(void) __attribute__((weak));
void gotoblas_dynamic_quit(void) __attribute__((weak));

/* Which core's kernels the CPU can run, by what it says it can do; NULL: OpenBLAS knows better. */
static const char *core_of_cpu(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "Haswell";
#endif
    return NULL;
}

static bool is_asked_for(void) {
    const char *wish = getenv("OPENBLAS_CORETYPE");
    return wish && *wish;
}

static bool is_core(const char *core) {
    return core && strcmp(openblas_get_corename(), core) == 0;
}

/* The library is asked to choose again, before it has computed anything. */
static void pin_core(void) {
    const char *core = core_of_cpu();
    if (is_asked_for() || !core || is_core(core) || !gotoblas_dynamic_init ||
        !gotoblas_dynamic_quit)
        return;
    setenv("OPENBLAS_CORETYPE", core, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv("OPENBLAS_CORETYPE");
}

void ln_linalg_start(void) {
    openblas_set_num_threads(1);
    pin_core();
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | FTZ_DAZ);
#endif
}

bool ln_linalg_flushes(void) {
#if defined(__x86_64__)
    return (_mm_getcsr() & FTZ_DAZ) == FTZ_DAZ;
#else
    return false;
#endif
}

const char *ln_linalg_cpu_kind(void) {
    static char text[96];
    const char *chain = ln_lanes_set() == LN_LANES_PORTABLE ? "no FMA" : "FMA";
    snprintf(text, sizeof text, "%s, %s, OpenBLAS core %s", chain,
             ln_linalg_flushes() ? "FTZ+DAZ" : "denormals", openblas_get_corename());
    return text;
}

const char *ln_linalg_blas(void) {
    static char text[128];
    char version[32] = "";
    sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    snprintf(text, sizeof text, "OpenBLAS %s, core %s (%s)", version, openblas_get_corename(),
             is_asked_for()           ? "asked for by OPENBLAS_CORETYPE"
             : is_core(core_of_cpu()) ? "pinned, by what the CPU can do"
                                      : "its own choice");
    return text;
}
