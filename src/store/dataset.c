#include "dataset.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5.h"

static hid_t creation_properties(void) {
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    if (how >= 0 &&
        (H5Pset_layout(how, H5D_CONTIGUOUS) < 0 ||
         H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY) < 0 ||
         H5Pset_fill_time(how, H5D_FILL_TIME_NEVER) < 0 || H5Pset_obj_track_times(how, 0) < 0 ||
         H5Pset_attr_creation_order(how, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0)) {
        H5Pclose(how);
        return H5I_INVALID_HID;
    }
    return how;
}

hid_t ln_dataset_create(hid_t file, const char *name, hid_t type, int rank, const int64_t *sizes,
                        const hid_t *scales) {
    hsize_t dims[H5S_MAX_RANK];
    for (int i = 0; i < rank; i++)
        dims[i] = (hsize_t)sizes[i];
    hid_t dataset = H5I_INVALID_HID;
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t how = creation_properties();
    if (space >= 0 && how >= 0)
        dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    bool ok = dataset >= 0;
    for (int i = 0; ok && scales && i < rank; i++)
        ok = H5DSattach_scale(dataset, scales[i], (unsigned)i) >= 0;
    if (how >= 0)
        H5Pclose(how);
    if (space >= 0)
        H5Sclose(space);
    if (!ok && dataset >= 0)
        H5Dclose(dataset);
    return ok ? dataset : H5I_INVALID_HID;
}

/* Closes a dataset that could not be finished. */
static hid_t finish(hid_t dataset, bool ok) {
    if (ok || dataset < 0)
        return dataset;
    H5Dclose(dataset);
    return H5I_INVALID_HID;
}

hid_t ln_dataset_pure_dimension(hid_t file, const char *name, int64_t size) {
    /* The name by which every netCDF reader knows that the scale has no values. */
    char label[80];
    snprintf(label, sizeof label, "This is a netCDF dimension but not a netCDF variable.%10" PRId64,
             size);
    hid_t scale = ln_dataset_create(file, name, H5T_IEEE_F32BE, 1, &size, NULL);
    return finish(scale, scale >= 0 && H5DSset_scale(scale, label) >= 0);
}

hid_t ln_dataset_coordinate(hid_t file, const char *name, hid_t file_type, hid_t memory_type,
                            int64_t size, const void *values) {
    hid_t scale = ln_dataset_create(file, name, file_type, 1, &size, NULL);
    bool ok = scale >= 0 &&
              H5Dwrite(scale, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
              H5DSset_scale(scale, name) >= 0;
    return finish(scale, ok);
}

/* Writes size bytes of characters, attached to the scales of its dimensions. */
static hid_t put_characters(hid_t file, const char *name, int rank, const int64_t *sizes,
                            const hid_t *scales, const char *bytes) {
    hid_t dataset = ln_dataset_create(file, name, H5T_C_S1, rank, sizes, scales);
    bool ok = dataset >= 0 &&
              H5Dwrite(dataset, H5T_C_S1, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0 &&
              ln_h5_put_text(dataset, "_Encoding", "utf-8");
    return finish(dataset, ok);
}

/* The dimension of the characters of a text variable: its name, and "_length". */
static hid_t length_dimension(hid_t file, const char *name, int64_t size) {
    char dimension[128];
    snprintf(dimension, sizeof dimension, "%s_length", name);
    return ln_dataset_pure_dimension(file, dimension, size);
}

hid_t ln_dataset_texts(hid_t file, const char *name, hid_t scale, int64_t count,
                       const char *const *texts) {
    size_t longest = 1;
    for (int64_t i = 0; i < count; i++)
        if (strlen(texts[i]) > longest)
            longest = strlen(texts[i]);
    char *bytes = calloc((size_t)count, longest);
    if (!bytes)
        return H5I_INVALID_HID;
    for (int64_t i = 0; i < count; i++)
        memcpy(bytes + (size_t)i * longest, texts[i], strlen(texts[i]));
    int64_t sizes[2] = {count, (int64_t)longest};
    hid_t dataset = H5I_INVALID_HID;
    hid_t scales[2] = {scale, length_dimension(file, name, sizes[1])};
    if (scales[1] >= 0) {
        dataset = put_characters(file, name, 2, sizes, scales, bytes);
        H5Dclose(scales[1]);
    }
    free(bytes);
    return dataset;
}

bool ln_dataset_characters(hid_t file, const char *name, const char *text, size_t size) {
    int64_t length = (int64_t)size;
    hid_t scale = length_dimension(file, name, length);
    if (scale < 0)
        return false;
    hid_t dataset = put_characters(file, name, 1, &length, &scale, text);
    H5Dclose(scale);
    if (dataset >= 0)
        H5Dclose(dataset);
    return dataset >= 0;
}
