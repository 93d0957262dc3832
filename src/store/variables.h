/* Dimensions, coordinates and row variables of a results file that is being laid out. */
#ifndef LINNET_STORE_VARIABLES_H
#define LINNET_STORE_VARIABLES_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "linnet/column.h"
#include "linnet/sweep.h"

/* netCDF allows more, HDF5 does not. */
enum { LN_MAX_RANK = H5S_MAX_RANK };

struct ln_variables {
    hid_t file;
    int n_axes, n_dims;             /* dims: the axes, then those of the layout */
    const char *names[LN_MAX_RANK]; /* of the dimensions */
    int64_t sizes[LN_MAX_RANK];
    hid_t scales[LN_MAX_RANK];          /* open until ln_variables_close */
    char coordinates[LN_MAX_RANK][512]; /* auxiliary coordinates of each dimension */
};

/* All return false on failure; the reason is HDF5's. */
bool ln_variables_put_dimensions(struct ln_variables *variables, hid_t file,
                                 const struct ln_sweep *sweep, const struct ln_layout *layout);
bool ln_variables_put_rows(struct ln_variables *variables, const struct ln_layout *layout);

/* The place of the checksum of all that is not a row (metadata.h): a variable without dimensions.
 */
bool ln_variables_put_metadata(hid_t file);

/* The same for a layout alone: no axes, no helper variables. */
bool ln_variables_put_table(struct ln_variables *variables, hid_t file,
                            const struct ln_layout *layout);

/* A text of any length: an attribute, or where it is too long for one a dataset of characters. */
bool ln_variables_put_text(hid_t file, const char *name, const char *text, size_t size);

void ln_variables_close(struct ln_variables *variables);

#endif
