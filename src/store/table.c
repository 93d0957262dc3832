#include "linnet/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h5.h"
#include "place.h"
#include "variables.h"

static hid_t memory_type(enum ln_ctype type) {
    switch (type) {
    case LN_I8:
        return H5T_NATIVE_INT8;
    case LN_I32:
        return H5T_NATIVE_INT32;
    case LN_I64:
        return H5T_NATIVE_INT64;
    case LN_F64:
        return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

static bool fill(hid_t file, const struct ln_column *column, const void *row) {
    hid_t dataset = H5Dopen2(file, column->name, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    bool ok = H5Dwrite(dataset, memory_type(column->type), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       (const char *)row + column->offset) >= 0;
    H5Dclose(dataset);
    return ok;
}

static bool write_all(hid_t file, struct ln_variables *variables, const struct ln_layout *layout,
                      const void *row, const struct ln_attribute *attributes, int n_attributes) {
    bool ok = ln_variables_put_table(variables, file, layout) &&
              ln_h5_put_text(file, "Conventions", "CF-1.8") &&
              ln_h5_put_text(file, "source", "linnet " LN_VERSION);
    for (int i = 0; ok && i < n_attributes; i++)
        ok = ln_h5_put_text(file, attributes[i].name, attributes[i].text);
    for (int i = 0; ok && i < layout->n_columns; i++)
        ok = fill(file, &layout->columns[i], row);
    return ok;
}

/* Under a name that nobody waits for, then under its own: a reader never sees half a file. */
static int write_as(const char *temporary, const char *path, const struct ln_layout *layout,
                    const void *row, const struct ln_attribute *attributes, int n_attributes,
                    struct ln_err *err) {
    struct ln_variables *variables = calloc(1, sizeof *variables);
    if (!variables)
        return ln_err_set(err, LN_FATAL, "out of memory");
    ln_h5_begin();
    hid_t file = ln_h5_create(temporary, H5F_ACC_EXCL);
    if (file < 0) {
        free(variables);
        return ln_h5_error(err, LN_INPUT, "cannot create %s", temporary);
    }
    bool ok = write_all(file, variables, layout, row, attributes, n_attributes);
    ln_variables_close(variables);
    ok = H5Fclose(file) >= 0 && ok;
    free(variables);
    int rc = ok ? LN_OK : ln_h5_error(err, LN_FATAL, "cannot write %s", path);
    if (rc == LN_OK && rename(temporary, path) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot rename %s to %s: %s", temporary, path,
                        strerror(errno));
    if (rc != LN_OK)
        unlink(temporary);
    return rc;
}

int ln_table_write(const char *path, const struct ln_layout *layout, const void *row,
                   const struct ln_attribute *attributes, int n_attributes, struct ln_err *err) {
    char *temporary = NULL;
    if (access(path, F_OK) == 0)
        return ln_err_set(err, LN_INPUT,
                          "%s is there already; give another name, or remove it first", path);
    int rc = ln_place_check(path, err);
    if (rc != LN_OK)
        return rc;
    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        return ln_err_set(err, LN_FATAL, "out of memory");
    rc = write_as(temporary, path, layout, row, attributes, n_attributes, err);
    free(temporary);
    return rc;
}
