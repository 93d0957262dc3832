#include "variables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "h5.h"

/* An attribute must stay under 64 KiB; some of it is its header. */
enum { MAX_ATTRIBUTE = 60000 };

/* long_name: the name as one would write it in a label. */
static bool put_documentation(hid_t object, const char *name, const char *long_name,
                              const char *units, const char *doc) {
    char label[128];
    snprintf(label, sizeof label, "%s", long_name ? long_name : name);
    for (char *at = label; !long_name && *at; at++)
        if (*at == '_')
            *at = ' ';
    return ln_h5_put_text(object, "long_name", label) && ln_h5_put_text(object, "units", units) &&
           ln_h5_put_text(object, "comment", doc);
}

static void add_auxiliary(struct ln_variables *variables, int dim, const char *name) {
    char *list = variables->coordinates[dim];
    size_t used = strlen(list);
    snprintf(list + used, sizeof variables->coordinates[dim] - used, "%s%s", used ? " " : "", name);
}

static bool document_coord(hid_t object, const struct ln_axis *axis, const struct ln_coord *coord) {
    const char *units = coord->numbers && !coord->units ? "1" : coord->units;
    return put_documentation(object, coord->name, NULL, units, coord->doc) &&
           ln_h5_put_text(object, "parameter", coord->key) &&
           (!coord->numbers || ln_h5_put_text(object, "scale", axis->is_log ? "log" : "linear"));
}

/* The values of a numeric coordinate: as int64 where the parameter is an integer. */
static hid_t put_numbers(hid_t file, const struct ln_coord *coord, int64_t count, hid_t scale) {
    bool is_integer = coord->type == LN_INT;
    hid_t type = is_integer ? H5T_STD_I64LE : H5T_IEEE_F64LE;
    hid_t dataset = H5I_INVALID_HID;
    if (scale < 0)
        dataset = ln_dataset_coordinate(file, coord->name, type, H5T_NATIVE_DOUBLE, count,
                                        coord->numbers);
    else
        dataset = ln_dataset_create(file, coord->name, type, 1, &count, &scale);
    if (scale >= 0 && dataset >= 0 &&
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, coord->numbers) < 0) {
        H5Dclose(dataset);
        return H5I_INVALID_HID;
    }
    return dataset;
}

/* A coordinate that is not the dimension itself. Where it has the dimension's name it is stored
 * under the prefix by which netCDF-4 readers know a variable from a dimension of the same name. */
static bool put_auxiliary(struct ln_variables *variables, int dim, const struct ln_axis *axis,
                          const struct ln_coord *coord) {
    hid_t dataset = H5I_INVALID_HID;
    if (coord->numbers) {
        dataset = put_numbers(variables->file, coord, axis->count, variables->scales[dim]);
    } else {
        char name[128];
        const char *prefix = strcmp(coord->name, axis->name) == 0 ? LN_NON_COORDINATE : "";
        snprintf(name, sizeof name, "%s%s", prefix, coord->name);
        dataset = ln_dataset_texts(variables->file, name, variables->scales[dim], axis->count,
                                   coord->texts);
    }
    if (dataset < 0)
        return false;
    bool ok = document_coord(dataset, axis, coord);
    H5Dclose(dataset);
    if (strcmp(coord->name, axis->name) != 0)
        add_auxiliary(variables, dim, coord->name);
    return ok;
}

static bool put_axis(struct ln_variables *variables, int dim, const struct ln_axis *axis) {
    const struct ln_coord *first = &axis->coords[0];
    bool has_coordinate = first->numbers && strcmp(first->name, axis->name) == 0;
    variables->names[dim] = axis->name;
    variables->sizes[dim] = axis->count;
    variables->scales[dim] =
        has_coordinate ? put_numbers(variables->file, first, axis->count, H5I_INVALID_HID)
                       : ln_dataset_pure_dimension(variables->file, axis->name, axis->count);
    bool ok = variables->scales[dim] >= 0 &&
              (!has_coordinate || document_coord(variables->scales[dim], axis, first));
    for (int i = has_coordinate; ok && i < axis->n_coords; i++)
        ok = put_auxiliary(variables, dim, axis, &axis->coords[i]);
    return ok;
}

static bool put_dim(struct ln_variables *variables, int at, const struct ln_dim *dim) {
    bool has_coordinate = dim->coord_name && strcmp(dim->coord_name, dim->name) == 0;
    variables->names[at] = dim->name;
    variables->sizes[at] = dim->size;
    variables->scales[at] = has_coordinate
                                ? ln_dataset_coordinate(variables->file, dim->name, H5T_STD_I64LE,
                                                        H5T_NATIVE_INT64, dim->size, dim->coord)
                                : ln_dataset_pure_dimension(variables->file, dim->name, dim->size);
    if (variables->scales[at] < 0)
        return false;
    if (has_coordinate || !dim->coord_name)
        return !has_coordinate ||
               put_documentation(variables->scales[at], dim->name, NULL, dim->units, dim->doc);
    hid_t dataset = ln_dataset_create(variables->file, dim->coord_name, H5T_STD_I64LE, 1,
                                      &dim->size, &variables->scales[at]);
    if (dataset < 0)
        return false;
    bool ok = H5Dwrite(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, dim->coord) >= 0 &&
              put_documentation(dataset, dim->coord_name, NULL, dim->units, dim->doc);
    H5Dclose(dataset);
    add_auxiliary(variables, at, dim->coord_name);
    return ok;
}

static void begin(struct ln_variables *variables, hid_t file) {
    memset(variables, 0, sizeof *variables);
    variables->file = file;
    for (int i = 0; i < LN_MAX_RANK; i++)
        variables->scales[i] = H5I_INVALID_HID;
}

bool ln_variables_put_dimensions(struct ln_variables *variables, hid_t file,
                                 const struct ln_sweep *sweep, const struct ln_layout *layout) {
    int n_axes = ln_sweep_n_axes(sweep);
    bool ok = true;
    begin(variables, file);
    for (int i = 0; ok && i < n_axes; i++)
        ok = put_axis(variables, i, ln_sweep_axis(sweep, i));
    if (n_axes == 0) {
        struct ln_dim point = {.name = "point", .size = 1};
        ok = put_dim(variables, n_axes++, &point);
    }
    variables->n_axes = n_axes;
    for (int i = 0; ok && i < layout->n_dims; i++)
        ok = put_dim(variables, n_axes + i, &layout->dims[i]);
    variables->n_dims = n_axes + layout->n_dims;
    return ok;
}

static hid_t file_type(enum ln_ctype type) {
    switch (type) {
    case LN_I8:
        return H5T_STD_I8LE;
    case LN_I32:
        return H5T_STD_I32LE;
    case LN_I64:
        return H5T_STD_I64LE;
    case LN_F64:
        return H5T_IEEE_F64LE;
    }
    return H5I_INVALID_HID;
}

static bool put_fill_value(hid_t dataset, enum ln_ctype type) {
    const double missing = (double)NAN;
    const int64_t none = -1;
    if (type == LN_F64)
        return ln_h5_put_numbers(dataset, "_FillValue", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1,
                                 &missing);
    return ln_h5_put_numbers(dataset, "_FillValue", file_type(type), H5T_NATIVE_INT64, 1, &none);
}

/* Values 0, 1, 2, ... for I8; bits 1, 2, 4, ... for the others. */
static bool put_flags(hid_t dataset, enum ln_ctype type, const char *const *flags, int n_flags) {
    int64_t values[128];
    char meanings[128 * 33] = "";
    size_t used = 0;
    for (int i = 0; i < n_flags && i < 128; i++) {
        values[i] = type == LN_I8 ? i : (int64_t)1 << i;
        used += (size_t)snprintf(meanings + used, sizeof meanings - used, "%s%.32s", i ? " " : "",
                                 flags[i]);
    }
    return ln_h5_put_numbers(dataset, type == LN_I8 ? "flag_values" : "flag_masks", file_type(type),
                             H5T_NATIVE_INT64, n_flags, values) &&
           ln_h5_put_text(dataset, "flag_meanings", meanings);
}

/* A variable over the axes and the n_extra layout dimensions given. Returns the open dataset, or <
 * 0. */
static hid_t put_variable(struct ln_variables *variables, const char *name, hid_t type, int n_extra,
                          const int *extra) {
    int64_t sizes[LN_MAX_RANK];
    hid_t scales[LN_MAX_RANK];
    char coordinates[2048] = "";
    size_t used = 0;
    int rank = variables->n_axes + n_extra;
    for (int i = 0; i < rank; i++) {
        int dim = i < variables->n_axes ? i : variables->n_axes + extra[i - variables->n_axes];
        const char *list = variables->coordinates[dim];
        sizes[i] = variables->sizes[dim];
        scales[i] = variables->scales[dim];
        if (list[0] && used < sizeof coordinates)
            used += (size_t)snprintf(coordinates + used, sizeof coordinates - used, "%s%s",
                                     used ? " " : "", list);
    }
    hid_t dataset = ln_dataset_create(variables->file, name, type, rank, sizes, scales);
    if (dataset >= 0 && !ln_h5_put_text(dataset, "coordinates", coordinates)) {
        H5Dclose(dataset);
        return H5I_INVALID_HID;
    }
    return dataset;
}

static bool put_column(struct ln_variables *variables, const struct ln_column *column) {
    hid_t dataset = put_variable(variables, column->name, file_type(column->type), column->n_extra,
                                 column->extra);
    if (dataset < 0)
        return false;
    const char *units = column->units || column->flags ? column->units : "1";
    bool ok = put_documentation(dataset, column->name, column->long_name, units, column->doc) &&
              ln_h5_put_text(dataset, "references", column->source);
    if (column->flags)
        ok = ok && put_flags(dataset, column->type, column->flags, column->n_flags);
    else
        ok = ok && put_fill_value(dataset, column->type);
    H5Dclose(dataset);
    return ok;
}

static bool put_helpers(struct ln_variables *variables) {
    static const char *const states[] = {"pending", "done", "excluded", "failed"};
    hid_t checksum = put_variable(variables, "row_checksum", H5T_STD_U64LE, 0, NULL);
    if (checksum < 0)
        return false;
    bool ok = put_documentation(
        checksum, "row_checksum", "checksum of the row", NULL,
        "XXH64 (seed 0; 0 becomes 1) over the cell number as int64, the row's bytes "
        "of each row variable in the order of the attribute row_variables, and the "
        "status byte; 0: not written");
    H5Dclose(checksum);
    hid_t status = ok ? put_variable(variables, "status", H5T_STD_I8LE, 0, NULL) : H5I_INVALID_HID;
    if (status < 0)
        return false;
    ok =
        put_documentation(
            status, "status", "status of the point", NULL,
            "written last; every other variable reads as zero, not as missing, where this is "
            "not done: mask by status == 1 first; excluded: left out by the sweep's where; failed: "
            "given up after the process had died several times over the point") &&
        put_flags(status, LN_I8, states, 4);
    H5Dclose(status);
    return ok;
}

bool ln_variables_put_metadata(hid_t file) {
    hid_t dataset = ln_dataset_create(file, "metadata_checksum", H5T_STD_U64LE, 0, NULL, NULL);
    if (dataset < 0)
        return false;
    bool ok = put_documentation(dataset, "metadata_checksum", "checksum of what is not a row", NULL,
                                "XXH64 (seed 0; 0 becomes 1) over the stretches of the file that "
                                "hold no row, itself left out: start, end (int64), bytes");
    H5Dclose(dataset);
    return ok;
}

/* "a b c" of n names got from `name`. */
static bool put_names(hid_t file, const char *attribute, int n,
                      const char *(*name)(const void *, int), const void *of) {
    char names[LN_MAX_COLUMNS * 65] = "";
    size_t used = 0;
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.64s", i ? " " : "",
                                 name(of, i));
    return ln_h5_put_text(file, attribute, names);
}

static const char *dim_name(const void *of, int i) {
    const struct ln_variables *variables = of;
    return variables->names[i];
}

static const char *column_name(const void *of, int i) {
    const struct ln_layout *layout = of;
    return layout->columns[i].name;
}

bool ln_variables_put_rows(struct ln_variables *variables, const struct ln_layout *layout) {
    bool ok = put_names(variables->file, "grid", variables->n_axes, dim_name, variables) &&
              put_names(variables->file, "row_variables", layout->n_columns, column_name, layout);
    for (int i = 0; ok && i < layout->n_columns; i++)
        ok = put_column(variables, &layout->columns[i]);
    return ok && put_helpers(variables);
}

bool ln_variables_put_table(struct ln_variables *variables, hid_t file,
                            const struct ln_layout *layout) {
    bool ok = true;
    begin(variables, file);
    for (int i = 0; ok && i < layout->n_dims; i++)
        ok = put_dim(variables, i, &layout->dims[i]);
    variables->n_dims = layout->n_dims;
    for (int i = 0; ok && i < layout->n_columns; i++)
        ok = put_column(variables, &layout->columns[i]);
    return ok;
}

bool ln_variables_put_text(hid_t file, const char *name, const char *text, size_t size) {
    if (size < MAX_ATTRIBUTE)
        return ln_h5_put_text(file, name, text);
    return ln_dataset_characters(file, name, text, size);
}

void ln_variables_close(struct ln_variables *variables) {
    for (int i = 0; i < LN_MAX_RANK; i++)
        if (variables->scales[i] >= 0)
            H5Dclose(variables->scales[i]);
}
