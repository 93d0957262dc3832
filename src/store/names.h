/* Names in a results file: all of dimensions, coordinates and variables share one list. */
#ifndef LINNET_STORE_NAMES_H
#define LINNET_STORE_NAMES_H

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

/* Errors: LN_INPUT (a name twice, too long, or not a name; too many dimensions). */
int ln_names_check(const struct ln_sweep *sweep, const struct ln_layout *layout,
                   struct ln_err *err);

#endif
