#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "h5.h"
#include "linnet/linalg.h"

static void digest_hex(uint64_t hash, char hex[LN_DIGEST_SIZE]) {
    snprintf(hex, LN_DIGEST_SIZE, "%016" PRIx64, hash);
}

static void digest_text(const char *text, char hex[LN_DIGEST_SIZE]) {
    digest_hex(XXH64(text, strlen(text), 0), hex);
}

void ln_identity_sweep_digest(const struct ln_sweep *sweep, char hex[LN_DIGEST_SIZE]) {
    digest_text(ln_sweep_canonical(sweep), hex);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    return XXH64(bytes, size, hash);
}

static uint64_t mix_text(uint64_t hash, const char *text) {
    return mix(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static uint64_t mix_number(uint64_t hash, int64_t number) {
    return mix(hash, &number, sizeof number);
}

/* Covers what decides where bytes go and what they mean, not the wording of the documentation. */
void ln_identity_layout_digest(const struct ln_layout *layout, char hex[LN_DIGEST_SIZE]) {
    uint64_t hash = 0;
    for (int i = 0; i < layout->n_dims; i++) {
        const struct ln_dim *dim = &layout->dims[i];
        hash = mix_number(mix_text(hash, dim->name), dim->size);
        hash = mix_text(hash, dim->coord_name);
        if (dim->coord_name)
            hash = mix(hash, dim->coord, (size_t)dim->size * sizeof *dim->coord);
    }
    for (int i = 0; i < layout->n_columns; i++) {
        const struct ln_column *column = &layout->columns[i];
        hash = mix_number(mix_text(hash, column->name), (int64_t)column->type);
        hash = mix_number(hash, column->n_extra);
        for (int k = 0; k < column->n_extra; k++)
            hash = mix_text(hash, layout->dims[column->extra[k]].name);
        hash = mix_number(hash, column->flags ? column->n_flags : 0);
        for (int k = 0; column->flags && k < column->n_flags; k++)
            hash = mix_text(hash, column->flags[k]);
    }
    digest_hex(hash, hex);
}

void ln_identity_text_digest(const char *text, size_t size, const char *overrides,
                             char hex[LN_DIGEST_SIZE]) {
    digest_hex(mix_text(mix(0, text, size), overrides), hex);
}

bool ln_identity_put(hid_t file, const struct ln_sweep *sweep, const struct ln_layout *layout) {
    char sweep_digest[LN_DIGEST_SIZE];
    char layout_digest[LN_DIGEST_SIZE];
    char text_digest[LN_DIGEST_SIZE];
    int32_t format = LN_FORMAT;
    size_t size = 0;
    const char *text = ln_sweep_text(sweep, &size);
    ln_identity_sweep_digest(sweep, sweep_digest);
    ln_identity_text_digest(text, size, ln_sweep_sets(sweep), text_digest);
    ln_identity_layout_digest(layout, layout_digest);
    return ln_h5_put_text(file, "Conventions", "CF-1.8") &&
           ln_h5_put_text(file, "title", ln_sweep_name(sweep)) &&
           ln_h5_put_text(file, "source", "linnet " LN_VERSION) &&
           ln_h5_put_numbers(file, "linnet_format", H5T_STD_I32LE, H5T_NATIVE_INT32, 1, &format) &&
           ln_h5_put_text(file, "sweep_digest", sweep_digest) &&
           ln_h5_put_text(file, "sweep_text_digest", text_digest) &&
           ln_h5_put_text(file, "layout_digest", layout_digest) &&
           ln_h5_put_text(file, "cpu_kind", ln_linalg_cpu_kind());
}

static bool read_format(hid_t file, int32_t *format) {
    if (H5Aexists(file, "linnet_format") <= 0)
        return false;
    hid_t attribute = H5Aopen(file, "linnet_format", H5P_DEFAULT);
    if (attribute < 0)
        return false;
    hid_t space = H5Aget_space(attribute);
    hid_t type = H5Aget_type(attribute);
    bool ok = space >= 0 && type >= 0 && H5Sget_simple_extent_npoints(space) == 1 &&
              H5Tget_class(type) == H5T_INTEGER &&
              H5Aread(attribute, H5T_NATIVE_INT32, format) >= 0;
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    H5Aclose(attribute);
    return ok;
}

int ln_identity_check_format(hid_t file, const char *path, struct ln_err *err) {
    int32_t format = 0;
    if (!read_format(file, &format))
        return ln_err_set(err, LN_INPUT, "%s is an HDF5 file, but not one that linnet wrote", path);
    if (format != LN_FORMAT)
        return ln_err_set(err, LN_INPUT,
                          "%s has results format %" PRId32 "; this linnet reads format %d", path,
                          format, LN_FORMAT);
    return LN_OK;
}

int ln_identity_check_digest(const char *path, const char *canonical, const char *digest,
                             struct ln_err *err) {
    char hex[LN_DIGEST_SIZE];
    digest_text(canonical, hex);
    if (strcmp(hex, digest) == 0)
        return LN_OK;
    return ln_err_set(err, LN_INPUT,
                      "%s is damaged: the digest of its sweep is %s, and it says '%.40s'", path,
                      hex, digest);
}

static bool attribute_is(hid_t file, const char *name, const char *expected, char *stored,
                         size_t size) {
    char *text = ln_h5_get_text(file, name);
    bool same = text && strcmp(text, expected) == 0;
    snprintf(stored, size, "%s", text ? text : "nothing");
    free(text);
    return same;
}

static int check_sweep(hid_t file, const char *path, const struct ln_sweep *sweep,
                       struct ln_err *err) {
    char stored[64];
    char digest[LN_DIGEST_SIZE];
    ln_identity_sweep_digest(sweep, digest);
    if (attribute_is(file, "sweep_digest", digest, stored, sizeof stored))
        return LN_OK;
    char *canonical = ln_h5_get_long_text(file, "sweep_canonical");
    ln_err_set(
        err, LN_INPUT,
        "%s holds another sweep; choose another output file (where axes alone differ, `linnet "
        "extend` begins it with these points)",
        path);
    const struct ln_identity_names names = {"the file", "this sweep"};
    ln_identity_describe(err, canonical ? canonical : "", ln_sweep_canonical(sweep), &names);
    free(canonical);
    return (int)err->status;
}

int ln_identity_check(hid_t file, const char *path, const struct ln_sweep *sweep,
                      const struct ln_layout *layout, struct ln_err *err) {
    char stored[200];
    char digest[LN_DIGEST_SIZE];
    ln_identity_layout_digest(layout, digest);
    if (ln_identity_check_format(file, path, err) || check_sweep(file, path, sweep, err))
        return (int)err->status;
    if (!attribute_is(file, "source", "linnet " LN_VERSION, stored, sizeof stored))
        return ln_err_set(err, LN_INPUT,
                          "%s was begun by %s, this is linnet " LN_VERSION
                          "; finish it with that version or choose another output file",
                          path, stored);
    if (!attribute_is(file, "layout_digest", digest, stored, sizeof stored))
        return ln_err_set(err, LN_INPUT,
                          "%s holds this sweep with other columns; choose another output file",
                          path);
    if (!attribute_is(file, "cpu_kind", ln_linalg_cpu_kind(), stored, sizeof stored))
        return ln_err_set(
            err, LN_INPUT,
            "%s was begun on another kind of CPU (%s; this one: %s), whose last bits differ; "
            "finish it there or choose another output file",
            path, stored, ln_linalg_cpu_kind());
    return LN_OK;
}
