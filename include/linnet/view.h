/* The results file as readers see it: serial, read-only, also while a run is writing. No MPI. */
#ifndef LINNET_VIEW_H
#define LINNET_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linnet/err.h"
#include "linnet/health.h"

struct ln_view;

/* Errors: LN_INPUT (not there, not a linnet file, truncated, of a newer format). */
int ln_view_open(const char *path, struct ln_view **view, struct ln_err *err);

/* Whether HDF5 survives the file: it is opened in a child process first (what ln_view_open does by
 * itself, but not while MPI is up). Anything else that is wrong with it, or no file at all, is
 * fine. Errors: LN_INPUT. */
int ln_view_try(const char *path, struct ln_err *err);

void ln_view_close(struct ln_view *view);

int64_t ln_view_n_cells(const struct ln_view *view);
const char *ln_view_sweep_text(const struct ln_view *view); /* verbatim YAML */
const char *ln_view_sweep_sets(const struct ln_view *view); /* --set overrides, one a line */
const char *ln_view_attribute(const struct ln_view *view,
                              const char *name); /* root attribute text, or NULL */
/* Whether it says that it holds the results of this sweep. */
bool ln_view_is_of(const struct ln_view *view, const struct ln_sweep *sweep);

/* status[n_cells]. */
int ln_view_status(const struct ln_view *view, int8_t *status, struct ln_err *err);

/* *n: cells whose status [n_cells] cannot be: done without a checksum, left out with one, or a
 * number that says nothing. A look, no proof: what is done is not verified. Errors: LN_FATAL. */
int ln_view_contradictions(const struct ln_view *view, const int8_t *status, int64_t *n,
                           struct ln_err *err);

struct ln_view_variable {
    char name[64];
    char long_name[128], units[32], doc[512];
    int n_flags;
    char flags[64][32]; /* flag_meanings */
    int n_extra;        /* dimensions after the axes */
    int64_t extra[2];
    bool is_mask; /* flags name bits, not values */
    bool is_integer;
};

/* The row variables in file order, helper variables (status, row_checksum) left out. */
int ln_view_n_variables(const struct ln_view *view);
const struct ln_view_variable *ln_view_variable(const struct ln_view *view, int index);

/* One row of a variable as numbers: out[product of extra]. */
int ln_view_row(const struct ln_view *view, int variable, int64_t cell, double *out,
                struct ln_err *err);

/* Coordinate of an extra dimension by name ("record_step"): *values malloc'ed [*count]. */
int ln_view_coordinate(const struct ln_view *view, const char *name, double **values,
                       int64_t *count, struct ln_err *err);

/* Verifies every row and what is not a row. sweep: the one the file holds, or NULL where it cannot
 * be read again; then what `where` leaves out is taken from the file. */
int ln_view_health(const struct ln_view *view, const struct ln_sweep *sweep,
                   struct ln_health *health, struct ln_err *err);

/* "1.10.8". Static text. */
const char *ln_view_hdf5_version(void);

/* Reads a matrix dataset of any HDF5 file (an ln_read_matrix). */
int ln_view_read_matrix(const char *path, const char *dataset, int *rows, int *cols, double **data,
                        struct ln_err *err);

#endif
