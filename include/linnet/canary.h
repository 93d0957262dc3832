/* A canary: a few networks and products that are trained before anything is written, in the way of
 * every run (sweep, engine, kernels, OpenBLAS). Some have closed forms; the bits of all of them
 * must be the same on every rank. It finds a CPU that computes wrongly, a rounding mode that
 * somebody changed, a kernel that was compiled wrongly, a node with other libraries. */
#ifndef LINNET_CANARY_H
#define LINNET_CANARY_H

#include <stdint.h>

#include "linnet/err.h"

enum { LN_CANARY_PARTS = 8 };

extern const char *const ln_canary_names[LN_CANARY_PARTS];

/* XXH64 of what each part came to: a matter of the kind of CPU and the libraries alone. */
struct ln_canary {
    uint64_t bits[LN_CANARY_PARTS];
};

/* Some milliseconds; the first call of a process takes longer than the next. Errors: LN_FATAL,
 * where a closed form is missed, with both numbers. */
int ln_canary_run(struct ln_canary *canary, struct ln_err *err);

/* All parts as one number. */
uint64_t ln_canary_fingerprint(const struct ln_canary *canary);

#endif
