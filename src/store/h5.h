/* Thin helpers over HDF5: errors that become one line, and texts stored the way netCDF readers
 * accept them.
 *
 * HDF5 prints its own error stack and forgets it at the next call, clean-up calls included.
 * ln_h5_begin installs a handler that prints nothing and keeps the first (innermost) reason until
 * ln_h5_error uses it. */
#ifndef LINNET_STORE_H5_H
#define LINNET_STORE_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "linnet/err.h"

/* Silences HDF5 and forgets the last reason. Every public function of this folder that calls HDF5
 * starts so. */
void ln_h5_begin(void);

/* Sets the message (printf style) followed by HDF5's reason, if it gave one. Returns status. */
int ln_h5_error(struct ln_err *err, enum ln_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Properties of a file access that takes no lock and writes the oldest format that has what we use.
 * Without locks a reader never disturbs a writer. Returns an id to close, or < 0. */
hid_t ln_h5_access(void);

/* Makes a file (how: H5F_ACC_EXCL, not there yet; H5F_ACC_TRUNC, in place of what is there) which
 * keeps the order of what is put into it. Returns an id to close, or < 0. */
hid_t ln_h5_create(const char *path, unsigned how);

/* Opens a regular HDF5 file for reading, serially. Errors: LN_INPUT, each with its own message. */
int ln_h5_open(const char *path, hid_t *file, struct ln_err *err);

/* Opens a dataset whose values lie in this file: links and raw data that lead into other files are
 * refused, because opening those may wait for ever (a pipe) or read what nobody meant to show.
 * Returns an id to close, or < 0. */
hid_t ln_h5_open_dataset(hid_t file, const char *name);

/* Fixed-length UTF-8 text attribute; NULL and "" are left out. Returns false on failure. */
bool ln_h5_put_text(hid_t object, const char *name, const char *text);

/* Attribute that is an array of count numbers. `file` and `memory` are types. Returns false on
 * failure. */
bool ln_h5_put_numbers(hid_t object, const char *name, hid_t file, hid_t memory, int count,
                       const void *numbers);

/* malloc'ed text of an attribute; NULL: there is none, or it is not one text. */
char *ln_h5_get_text(hid_t object, const char *name);

/* The same, where a text too long for an attribute is a dataset of characters. */
char *ln_h5_get_long_text(hid_t file, const char *name);

#endif
