/* What the parts of a sweep know of deaths goes with their rows. */
#ifndef LINNET_STORE_MERGE_DEATHS_H
#define LINNET_STORE_MERGE_DEATHS_H

#include "rows.h"
#include "source.h"

/* Writes path.deaths of what lies beside the parts, for the points that are not done in the new
 * file fd. Whatever else lies beside path is of an older file of that name, and removed. Errors:
 * LN_INPUT (something could not be read or written: the reasons may be missing). */
int ln_merge_deaths(const char *path, int fd, const struct ln_rows *rows,
                    const struct ln_source *parts, int n_parts, struct ln_err *err);

#endif
