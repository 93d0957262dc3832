/* Results files made of the rows of others: the parts of a sweep put together, a sweep extended.
 * Serial, without MPI. The sources are only read, also while a run is writing them; the new file
 * appears whole or not at all (docs/results-file.md). */
#ifndef LINNET_REUSE_H
#define LINNET_REUSE_H

#include <stdint.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

struct ln_reuse_counts {
    int64_t n_done, n_pending, n_excluded; /* of the new file */
    int64_t n_damaged; /* rows called done in a source that are not what was written: not taken */
    int64_t n_twice;   /* rows that more than one part has, equal to the bit */
    int64_t n_unused;  /* finished rows of the old file whose point is not in the new sweep */
};

/* Makes path of parts of one sweep, in any order. Errors: LN_INPUT (path is there; parts of
 * different sweeps, programs, kinds of CPU; a row that is not the same in two parts; all named),
 * LN_FATAL (I/O). */
int ln_reuse_merge(const char *path, const char *const *parts, int n_parts,
                   struct ln_reuse_counts *counts, struct ln_err *err);

#endif
