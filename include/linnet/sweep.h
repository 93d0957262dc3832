/* A sweep: YAML text, validated, with its grid of points.
 *
 * Text -> spec (every key checked against the catalogues' tables) -> axes -> grid. The result is
 * const: all ranks parse the same bytes and hold the same sweep. */
#ifndef LINNET_SWEEP_H
#define LINNET_SWEEP_H

#include <stddef.h>

#include "linnet/err.h"
#include "linnet/point.h"

struct ln_sweep;

/* Reads a matrix from an HDF5 file (store/ provides it; sweep/ knows no HDF5). On success *data is
 * malloc'ed rows x cols, row-major, and belongs to the caller. */
typedef int ln_read_matrix(const char *path, const char *dataset, int *rows, int *cols,
                           double **data, struct ln_err *err);

/* Parses and validates. `path` names the text in messages and is the base of relative file names;
 * `sets` are "key.path=value" overrides. On error *sweep is NULL and the message reads
 * "file:line:column: what is wrong; what would be right". Ownership: ln_sweep_free. */
int ln_sweep_parse(const char *path, const char *text, size_t size, const char *const *sets,
                   int n_sets, ln_read_matrix *read_hdf5, struct ln_sweep **sweep,
                   struct ln_err *err);
void ln_sweep_free(struct ln_sweep *sweep);

/* Adds file:line:column of the key err->where names to the message, if it names one. Returns
 * err->status. */
int ln_sweep_locate(const struct ln_sweep *sweep, struct ln_err *err);

const char *ln_sweep_name(const struct ln_sweep *sweep);               /* key `name` */
const char *ln_sweep_text(const struct ln_sweep *sweep, size_t *size); /* verbatim */
const char *ln_sweep_sets(const struct ln_sweep *sweep);               /* overrides, one a line */
const char *
ln_sweep_canonical(const struct ln_sweep *sweep); /* every key with its value, axes spelled out;
                                                     equal for equal sweeps, one key a line */

/* A parameter driven along an axis. */
struct ln_coord {
    const char *name; /* as written in the file: "init_scale" */
    const char *key;  /* full key: "model.init.scale" */
    const char *units, *doc;
    enum ln_type type;
    const double *numbers;    /* [count], or NULL where the values are words or lists */
    const char *const *texts; /* [count] canonical texts, always there */
};

/* One dimension of the grid. Its name is that of its first coord, or the name given to a zip group.
 */
struct ln_axis {
    const char *name;
    int64_t count;
    int n_coords; /* more than one: a zip group */
    const struct ln_coord *coords;
    bool is_log; /* made by logspace or powers */
};

int ln_sweep_n_axes(const struct ln_sweep *sweep);
const struct ln_axis *ln_sweep_axis(const struct ln_sweep *sweep, int axis);

/* Cells of the grid, those left out by `where` included; cell ids are row-major over the axes. */
int64_t ln_sweep_n_cells(const struct ln_sweep *sweep);

/* Fills in the point of a cell. Returns false where `where` leaves the cell out (point is filled in
 * all the same). */
bool ln_sweep_point(const struct ln_sweep *sweep, int64_t cell, struct ln_point *point);

/* The names in record.final, record.series or record.theory: [n], NULL-terminated. Empty: the
 * default was asked for. */
const char *const *ln_sweep_final(const struct ln_sweep *sweep);
const char *const *ln_sweep_series(const struct ln_sweep *sweep);
const char *const *ln_sweep_theory(const struct ln_sweep *sweep);

/* Steps at which to record, strictly increasing, starting with 0: [*count]. From record.times and
 * the largest max_steps of the grid. */
const int64_t *ln_sweep_record_steps(const struct ln_sweep *sweep, int *count);

#endif
