/* Datasets laid out so that rows can be written without touching metadata ever again. */
#ifndef LINNET_STORE_DATASET_H
#define LINNET_STORE_DATASET_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

/* Prefix by which netCDF-4 readers know a variable that has the name of a dimension but is not its
 * values. */
#define LN_NON_COORDINATE "_nc4_non_coord_"

/* Contiguous, allocated now, not filled, without a time stamp. Attached to one scale per dimension
 * unless scales is NULL. Returns an id to close, or < 0. */
hid_t ln_dataset_create(hid_t file, const char *name, hid_t type, int rank, const int64_t *sizes,
                        const hid_t *scales);

/* A dimension without a coordinate, as netCDF-4 stores it. Returns the open scale, or < 0. */
hid_t ln_dataset_pure_dimension(hid_t file, const char *name, int64_t size);

/* A dimension with its coordinate (not documented yet). Returns the open scale, or < 0. */
hid_t ln_dataset_coordinate(hid_t file, const char *name, hid_t file_type, hid_t memory_type,
                            int64_t size, const void *values);

/* char[count][longest]: texts along the dimension of `scale`. Returns the open dataset, or < 0. */
hid_t ln_dataset_texts(hid_t file, const char *name, hid_t scale, int64_t count,
                       const char *const *texts);

/* char[size] along a dimension of its own. */
bool ln_dataset_characters(hid_t file, const char *name, const char *text, size_t size);

#endif
