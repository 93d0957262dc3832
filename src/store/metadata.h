/* Everything in a results file that is not a row: HDF5's structures, attributes, coordinates. The
 * bytes follow from sweep, program and kind of CPU alone and never change, so one checksum covers
 * them (the variable metadata_checksum, laid out early so that a file that was cut off has it). */
#ifndef LINNET_STORE_METADATA_H
#define LINNET_STORE_METADATA_H

#include <stdbool.h>

#include "rows.h"

struct ln_gap {
    int64_t start, end;
};

enum { LN_MAX_GAPS = LN_MAX_COLUMNS + 4 };

/* The stretches of a file that hold no row, ascending: gaps[LN_MAX_GAPS]; returns how many.
 * with_checksum: the checksum itself counts as metadata. */
int ln_metadata_gaps(const struct ln_rows *rows, int64_t file_size, bool with_checksum,
                     struct ln_gap *gaps);

/* XXH64 (seed 0; 0 becomes 1) of the gaps without the checksum: start and end as int64, then the
 * bytes, gap after gap. Errors: LN_FATAL (reading). */
int ln_metadata_checksum(int fd, const struct ln_rows *rows, int64_t file_size, uint64_t *checksum,
                         struct ln_err *err);

/* *is_whole: the metadata are what was written. Errors: LN_FATAL (reading). */
int ln_metadata_verify(int fd, const struct ln_rows *rows, int64_t file_size, bool *is_whole,
                       struct ln_err *err);

/* The same as an error. Errors: LN_INPUT. */
int ln_metadata_check(int fd, const char *path, const struct ln_rows *rows, struct ln_err *err);

#endif
