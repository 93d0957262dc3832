/* Results files made of the rows of others: the parts of a sweep put together, a sweep extended.
 * Serial, without MPI. The sources are only read, also while a run is writing them; the new file
 * appears whole or not at all (docs/results-file.md). */
#ifndef LINNET_REUSE_H
#define LINNET_REUSE_H

#include <stdint.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/match.h"

struct ln_reuse_counts {
    int64_t n_done, n_pending, n_excluded; /* of the new file */
    int64_t n_failed;                      /* of the new file: failed in a part, done in none */
    int64_t n_damaged; /* rows called done in a source that are not what was written: not taken */
    int64_t n_twice;   /* rows that more than one part has, equal to the bit */
    int64_t n_unused;  /* finished rows of the old file whose point is not in the new sweep */
    char note[512];    /* merge: why deaths of points that are not done may be missing; "": none */
};

/* Makes path of parts of one sweep, in any order. Errors: LN_INPUT (path is there; parts of
 * different sweeps, programs, kinds of CPU; a row that is not the same in two parts; all named),
 * LN_FATAL (I/O). */
int ln_reuse_merge(const char *path, const char *const *parts, int n_parts,
                   struct ln_reuse_counts *counts, struct ln_err *err);

/* What a results file was made of: texts of its sweep (the caller parses and frees them). Errors:
 * LN_INPUT. */
int ln_reuse_sweep_of(const char *path, char **text, char **overrides, struct ln_err *err);

/* The two sides of an extension, and their match. */
struct ln_reuse_plan {
    const struct ln_sweep *old, *new;
    const struct ln_layout *old_layout, *new_layout;
    struct ln_match *match; /* from old to new */
};

/* Makes path for the new sweep, with every finished row of old_path whose point is in it; the rest
 * is pending. Errors: LN_INPUT (path is there; the old file is of another program, kind of CPU or
 * sweep than it seems; other columns or record steps; all named), LN_FATAL (I/O). */
int ln_reuse_extend(const char *path, const char *old_path, const struct ln_reuse_plan *plan,
                    struct ln_reuse_counts *counts, struct ln_err *err);

#endif
