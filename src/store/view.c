#include "linnet/view.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cells.h"
#include "h5.h"
#include "identity.h"
#include "linnet/store.h"
#include "metadata.h"
#include "rows.h"
#include "trial.h"

/* No coordinate of ours and no matrix that a sweep takes is larger; what a header claims is checked
 * before memory is taken for it. */
enum { MAX_NUMBERS = 64 << 20 };

struct attribute {
    char *name, *text;
};

struct ln_view {
    hid_t file;
    int fd;
    char *path, *text, *sets;
    struct ln_rows rows;
    struct ln_view_variable variables[LN_MAX_COLUMNS];
    int n_attributes;
    struct attribute *attributes; /* the root attributes that are texts */
};

static herr_t keep_attribute(hid_t file, const char *name, const H5A_info_t *info, void *data) {
    (void)info;
    struct ln_view *view = data;
    char *text = ln_h5_get_text(file, name);
    if (!text)
        return 0;
    size_t size = ((size_t)view->n_attributes + 1) * sizeof *view->attributes;
    struct attribute *more = realloc(view->attributes, size);
    if (more)
        view->attributes = more;
    char *copy = more ? strdup(name) : NULL;
    if (!copy) {
        free(text);
        return -1;
    }
    more[view->n_attributes++] = (struct attribute){.name = copy, .text = text};
    return 0;
}

static void read_into(hid_t object, const char *name, char *to, size_t size) {
    char *text = ln_h5_get_text(object, name);
    snprintf(to, size, "%s", text ? text : "");
    free(text);
}

static void read_flags(hid_t dataset, struct ln_view_variable *variable) {
    variable->is_mask = H5Aexists(dataset, "flag_masks") > 0;
    char *text = ln_h5_get_text(dataset, "flag_meanings");
    char *rest = text;
    int room = (int)(sizeof variable->flags / sizeof variable->flags[0]);
    for (char *word = strsep(&rest, " "); word && variable->n_flags < room;
         word = strsep(&rest, " "))
        snprintf(variable->flags[variable->n_flags++], sizeof variable->flags[0], "%s", word);
    free(text);
}

static bool describe_variable(const struct ln_view *view, const struct ln_rows_column *column,
                              struct ln_view_variable *variable) {
    hid_t dataset = ln_h5_open_dataset(view->file, column->name);
    if (dataset < 0)
        return false;
    snprintf(variable->name, sizeof variable->name, "%s", column->name);
    read_into(dataset, "long_name", variable->long_name, sizeof variable->long_name);
    read_into(dataset, "units", variable->units, sizeof variable->units);
    read_into(dataset, "comment", variable->doc, sizeof variable->doc);
    read_flags(dataset, variable);
    variable->n_extra = column->n_extra;
    memcpy(variable->extra, column->extra, sizeof variable->extra);
    variable->is_integer = column->type != LN_F64;
    H5Dclose(dataset);
    return true;
}

static int describe(struct ln_view *view, struct ln_err *err) {
    hsize_t at = 0;
    bool ok =
        H5Aiterate2(view->file, H5_INDEX_NAME, H5_ITER_NATIVE, &at, keep_attribute, view) >= 0;
    for (int i = 0; ok && i < view->rows.n_columns; i++)
        ok = describe_variable(view, &view->rows.columns[i], &view->variables[i]);
    view->text = ln_h5_get_long_text(view->file, "sweep_text");
    view->sets = ln_h5_get_long_text(view->file, "sweep_overrides");
    if (!view->sets) /* an empty text is not stored */
        view->sets = strdup("");
    if (!ok || !view->text || !view->sets)
        return ln_h5_error(err, LN_INPUT, "%s is damaged: it does not describe its sweep",
                           view->path);
    return LN_OK;
}

static int open_file(struct ln_view *view, struct ln_err *err) {
    struct stat info;
    if (ln_h5_open(view->path, &view->file, err) ||
        ln_identity_check_format(view->file, view->path, err))
        return (int)err->status;
    view->fd = open(view->path, O_RDONLY | O_CLOEXEC);
    if (view->fd < 0 || fstat(view->fd, &info) != 0)
        return ln_err_set(err, LN_INPUT, "cannot read %s: %s", view->path, strerror(errno));
    return ln_rows_map(view->file, view->path, info.st_size, &view->rows, err);
}

static int open_and_describe(struct ln_view *view, struct ln_err *err) {
    ln_h5_begin();
    int rc = open_file(view, err);
    return rc == LN_OK ? describe(view, err) : rc;
}

/* All that any reader takes from a results file by way of HDF5. */
static void try_all(void *data) {
    struct ln_view *view = data;
    struct ln_err err;
    if (open_and_describe(view, &err) != LN_OK)
        return;
    free(ln_h5_get_long_text(view->file, "sweep_canonical"));
    H5Fclose(view->file);
}

static struct ln_view *create_view(const char *path) {
    struct ln_view *view = calloc(1, sizeof *view);
    if (!view)
        return NULL;
    view->file = H5I_INVALID_HID;
    view->fd = -1;
    view->path = strdup(path);
    if (!view->path) {
        free(view);
        return NULL;
    }
    return view;
}

int ln_view_open(const char *path, struct ln_view **view, struct ln_err *err) {
    *view = NULL;
    struct ln_view *opened = create_view(path);
    if (!opened)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_trial(path, try_all, opened, err);
    if (rc == LN_OK)
        rc = open_and_describe(opened, err);
    if (rc != LN_OK) {
        ln_view_close(opened);
        return rc;
    }
    *view = opened;
    return LN_OK;
}

int ln_view_try(const char *path, struct ln_err *err) {
    struct ln_view *view = create_view(path);
    if (!view)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = access(path, F_OK) == 0 ? ln_trial(path, try_all, view, err) : LN_OK;
    ln_view_close(view);
    return rc;
}

void ln_view_close(struct ln_view *view) {
    if (!view)
        return;
    if (view->fd >= 0)
        close(view->fd);
    if (view->file >= 0)
        H5Fclose(view->file);
    for (int i = 0; i < view->n_attributes; i++) {
        free(view->attributes[i].name);
        free(view->attributes[i].text);
    }
    free(view->attributes);
    free(view->sets);
    free(view->text);
    free(view->path);
    free(view);
}

int64_t ln_view_n_cells(const struct ln_view *view) {
    return view->rows.n_cells;
}

const char *ln_view_sweep_text(const struct ln_view *view) {
    return view->text;
}

const char *ln_view_sweep_sets(const struct ln_view *view) {
    return view->sets;
}

const char *ln_view_attribute(const struct ln_view *view, const char *name) {
    for (int i = 0; i < view->n_attributes; i++)
        if (strcmp(view->attributes[i].name, name) == 0)
            return view->attributes[i].text;
    return NULL;
}

bool ln_view_is_of(const struct ln_view *view, const struct ln_sweep *sweep) {
    const char *digest = ln_view_attribute(view, "sweep_digest");
    char own[LN_DIGEST_SIZE];
    ln_identity_sweep_digest(sweep, own);
    return digest && strcmp(digest, own) == 0;
}

int ln_view_status(const struct ln_view *view, int8_t *status, struct ln_err *err) {
    int rc = ln_rows_read(view->fd, view->rows.status.base, view->rows.n_cells, status, err);
    return rc == LN_OK ? LN_OK : ln_err_prefix(err, "%s: ", view->path);
}

static bool cannot_be(int8_t status, uint64_t checksum) {
    return status == LN_ROW_DONE       ? checksum == 0
           : status == LN_ROW_EXCLUDED ? checksum != 0
                                       : status < 0 || status > LN_ROW_FAILED;
}

int ln_view_contradictions(const struct ln_view *view, const int8_t *status, int64_t *n,
                           struct ln_err *err) {
    enum { ROOM = 8192 };
    static uint64_t checksums[ROOM];
    int64_t n_cells = view->rows.n_cells, size = (int64_t)sizeof checksums[0];
    *n = 0;
    for (int64_t first = 0; first < n_cells; first += ROOM) {
        int64_t count = n_cells - first < ROOM ? n_cells - first : ROOM;
        int64_t at = view->rows.checksum.base + first * size;
        if (ln_rows_read(view->fd, at, count * size, checksums, err))
            return ln_err_prefix(err, "%s: ", view->path);
        for (int64_t i = 0; i < count; i++)
            *n += cannot_be(status[first + i], checksums[i]);
    }
    return LN_OK;
}

int ln_view_n_variables(const struct ln_view *view) {
    return view->rows.n_columns;
}

const struct ln_view_variable *ln_view_variable(const struct ln_view *view, int index) {
    return &view->variables[index];
}

static double to_number(enum ln_ctype type, const void *bytes, int64_t i) {
    switch (type) {
    case LN_I8:
        return ((const int8_t *)bytes)[i];
    case LN_I32:
        return ((const int32_t *)bytes)[i];
    case LN_I64:
        return (double)((const int64_t *)bytes)[i];
    case LN_F64:
        return ((const double *)bytes)[i];
    }
    return (double)NAN;
}

int ln_view_row(const struct ln_view *view, int variable, int64_t cell, double *out,
                struct ln_err *err) {
    assert(variable >= 0 && variable < view->rows.n_columns && cell >= 0 &&
           cell < view->rows.n_cells);
    const struct ln_rows_column *column = &view->rows.columns[variable];
    void *bytes = malloc((size_t)column->bytes);
    if (!bytes)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_rows_read(view->fd, column->base + cell * column->bytes, column->bytes, bytes, err);
    int64_t n = column->bytes / (int64_t)ln_ctype_bytes(column->type);
    for (int64_t i = 0; rc == LN_OK && i < n; i++)
        out[i] = to_number(column->type, bytes, i);
    free(bytes);
    return rc == LN_OK ? LN_OK : ln_err_prefix(err, "%s: ", view->path);
}

/* Reads a whole numeric dataset of `rank` dimensions. *values is malloc'ed.
 */
static bool read_numbers(hid_t dataset, int rank, hsize_t *dims, double **values) {
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    bool ok = type >= 0 && space >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
              (H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER) &&
              H5Sget_simple_extent_dims(space, dims, NULL) >= 0;
    hsize_t count = 1;
    for (int i = 0; ok && i < rank; i++) {
        ok = dims[i] > 0 && dims[i] <= MAX_NUMBERS / count;
        count *= dims[i];
    }
    *values = ok ? malloc(count * sizeof **values) : NULL;
    ok =
        *values && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, *values) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (!ok) {
        free(*values);
        *values = NULL;
    }
    return ok;
}

/* A dimension without values is a dataset too, of zeros. */
static bool is_pure_dimension(hid_t dataset) {
    char name[32];
    read_into(dataset, "NAME", name, sizeof name);
    return strncmp(name, "This is a netCDF dimension", 26) == 0;
}

int ln_view_coordinate(const struct ln_view *view, const char *name, double **values,
                       int64_t *count, struct ln_err *err) {
    hsize_t size = 0;
    *values = NULL;
    ln_h5_begin();
    hid_t dataset = ln_h5_open_dataset(view->file, name);
    bool ok =
        dataset >= 0 && !is_pure_dimension(dataset) && read_numbers(dataset, 1, &size, values);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (!ok)
        return ln_h5_error(err, LN_INPUT, "%s has no numeric coordinate '%s'", view->path, name);
    *count = (int64_t)size;
    return LN_OK;
}

int ln_view_health(const struct ln_view *view, const struct ln_sweep *sweep,
                   struct ln_health *health, struct ln_err *err) {
    const struct ln_cells cells = {view->path, view->fd, &view->rows, sweep, false};
    struct stat info;
    memset(health, 0, sizeof *health);
    if (fstat(view->fd, &info) != 0)
        return ln_err_set(err, LN_FATAL, "cannot read %s: %s", view->path, strerror(errno));
    if (ln_metadata_verify(view->fd, &view->rows, info.st_size, &health->is_whole, err))
        return ln_err_prefix(err, "%s: ", view->path);
    return ln_cells_walk(&cells, NULL, NULL, health, err);
}

struct matrix_request {
    const char *path, *dataset;
    int rows, cols;
    double *data;
};

static int read_matrix(struct matrix_request *request, struct ln_err *err) {
    hsize_t dims[2] = {0, 0};
    hid_t file = H5I_INVALID_HID;
    ln_h5_begin();
    if (ln_h5_open(request->path, &file, err))
        return (int)err->status;
    hid_t dataset = ln_h5_open_dataset(file, request->dataset);
    int rc = LN_OK;
    if (dataset < 0)
        rc = ln_err_set(err, LN_INPUT, "%s has no dataset '%s' of its own", request->path,
                        request->dataset);
    else if (!read_numbers(dataset, 2, dims, &request->data))
        rc = ln_err_set(err, LN_INPUT,
                        "'%s' in %s is not a readable matrix of numbers (2 dimensions, 1 to %d "
                        "elements)",
                        request->dataset, request->path, MAX_NUMBERS);
    request->rows = (int)dims[0];
    request->cols = (int)dims[1];
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Fclose(file);
    return rc;
}

static void try_matrix(void *data) {
    struct ln_err err;
    read_matrix(data, &err);
}

int ln_view_read_matrix(const char *path, const char *dataset, int *rows, int *cols, double **data,
                        struct ln_err *err) {
    struct matrix_request request = {.path = path, .dataset = dataset};
    *data = NULL;
    if (ln_trial(path, try_matrix, &request, err))
        return (int)err->status;
    int rc = read_matrix(&request, err);
    *rows = request.rows;
    *cols = request.cols;
    *data = request.data;
    return rc;
}
