/* Results files that HDF5 finds in order and linnet should not: the input is a program of changes
 * to a finished file (variables of other types, shapes and layouts, other attributes, other texts),
 * made through HDF5 itself, so that whatever goes wrong then is in our own code. */
#include <assert.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_files.h"
#include "target.h"

enum { MOST_CHANGES = 12, MOST_TEXT = 64, MOST_RANK = 6 };

struct input {
    const uint8_t *at;
    size_t left;
};

static unsigned next(struct input *in) {
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static const char *const variables[] = {
    "status",         "row_checksum", "label", "loss",      "loss_series",    "record_step",
    "weights",        "steps",        "tags",  "seed",      "step_size_used", "coefficients_series",
    "init_kind",      "record",       "mode",  "certified", "sweep_text",     "sweep_overrides",
    "sweep_canonical"};
static const char *const attributes[] = {
    "linnet_format", "grid",       "row_variables", "sweep_text",     "sweep_overrides", "title",
    "flag_meanings", "flag_masks", "long_name",     "units",          "comment",         "NAME",
    "CLASS",         "cpu_kind",   "sweep_digest",  "sweep_canonical"};
enum {
    N_VARIABLES = sizeof variables / sizeof variables[0],
    N_ATTRIBUTES = sizeof attributes / sizeof attributes[0]
};

static hid_t type_of(unsigned choice) {
    const hid_t types[] = {H5T_STD_I8LE,    H5T_STD_I32LE,    H5T_STD_I64LE, H5T_STD_U64LE,
                           H5T_IEEE_F64LE,  H5T_IEEE_F32BE,   H5T_STD_U16BE, H5T_C_S1,
                           H5T_STD_REF_OBJ, H5T_NATIVE_OPAQUE};
    return types[choice % (sizeof types / sizeof types[0])];
}

/* More dimensions behind those of the file, or others altogether: small sizes, and 0 and large ones
 * where nothing is stored yet. */
static int shape_of(struct input *in, int kept, hsize_t *dims) {
    int rank = kept + (int)(next(in) % (unsigned)(kept ? 3 : 5));
    for (int i = kept; i < rank; i++) {
        unsigned c = next(in);
        dims[i] = c < 240 ? c % 9 : 1ULL << (c % 48);
    }
    return rank;
}

/* Type and shape as they are: most checks are passed only by what is nearly right. */
static int kept_shape(hid_t file, const char *name, hid_t *type, hsize_t *dims) {
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        return 0;
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    rank = rank > 0 && rank <= MOST_RANK - 2 ? H5Sget_simple_extent_dims(space, dims, NULL) : 0;
    *type = H5Dget_type(dataset);
    H5Sclose(space);
    H5Dclose(dataset);
    return rank;
}

/* Refused by HDF5 where it would take more than a little. */
static hid_t layout_of(struct input *in, int rank, const hsize_t *dims) {
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t ones[MOST_RANK] = {1, 1, 1, 1, 1, 1}, count = 1;
    for (int i = 0; i < rank; i++)
        count = dims[i] < 1 << 20 && count < 1 << 20 ? count * dims[i] : 1 << 20;
    unsigned choice = count < 4096 ? next(in) % 8 : 2;
    if (choice == 0)
        H5Pset_layout(how, H5D_COMPACT);
    else if (choice == 2 && rank > 0)
        H5Pset_chunk(how, rank, ones);
    else
        H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    return how;
}

static void put_variable(struct input *in, hid_t file) {
    const char *name = variables[next(in) % N_VARIABLES];
    hsize_t dims[MOST_RANK] = {0};
    unsigned choice = next(in);
    hid_t type = type_of(choice), old = H5I_INVALID_HID;
    int kept = choice & 0x80 ? kept_shape(file, name, &old, dims) : 0;
    int rank = shape_of(in, kept, dims);
    hid_t space = H5Screate_simple(rank, dims, NULL), how = layout_of(in, rank, dims);
    if (H5Lexists(file, name, H5P_DEFAULT) > 0)
        H5Ldelete(file, name, H5P_DEFAULT);
    hid_t dataset =
        H5Dcreate2(file, name, old >= 0 ? old : type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (old >= 0)
        H5Tclose(old);
    H5Pclose(how);
    H5Sclose(space);
}

/* On the root, or on a variable. */
static hid_t object_of(struct input *in, hid_t file) {
    unsigned choice = next(in);
    return choice & 1 ? H5Oopen(file, variables[choice / 2 % N_VARIABLES], H5P_DEFAULT)
                      : H5Gopen2(file, "/", H5P_DEFAULT);
}

static void put_text(struct input *in, hid_t object, const char *name) {
    char text[MOST_TEXT + 1] = "";
    size_t n = 1 + next(in) % MOST_TEXT;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)next(in);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    const char *variable = text;
    bool is_variable = text[0] == 'v';
    H5Tset_size(type, is_variable ? H5T_VARIABLE : n);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0) {
        H5Awrite(attribute, type, is_variable ? (const void *)&variable : text);
        H5Aclose(attribute);
    }
    H5Sclose(space);
    H5Tclose(type);
}

static void put_attribute(struct input *in, hid_t file) {
    hid_t object = object_of(in, file);
    const char *name = attributes[next(in) % N_ATTRIBUTES];
    unsigned kind = next(in);
    if (object < 0)
        return;
    if (H5Aexists(object, name) > 0)
        H5Adelete(object, name);
    if (kind < 160) {
        put_text(in, object, name);
    } else if (kind < 230) {
        hsize_t dims[5] = {0};
        int rank = (int)(next(in) % 3);
        for (int i = 0; i < rank; i++)
            dims[i] = next(in) % 9;
        hid_t space = H5Screate_simple(rank, dims, NULL);
        hid_t attribute = H5Acreate2(object, name, type_of(kind), space, H5P_DEFAULT, H5P_DEFAULT);
        if (attribute >= 0)
            H5Aclose(attribute);
        H5Sclose(space);
    }
    H5Oclose(object);
}

/* Some bytes of a text attribute of the root replaced by others. */
static void edit_text(struct input *in, hid_t file) {
    const char *name = attributes[next(in) % 6];
    hid_t attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1;
    if (attribute < 0)
        return;
    hid_t type = H5Aget_type(attribute);
    size_t size = H5Aget_storage_size(attribute), n = next(in) % 16; /* it may be an array by now */
    size_t at = next(in) + 256 * (size_t)next(in);
    char *text = calloc(size + 1, 1);
    if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && size > 0 &&
        H5Aread(attribute, type, text) >= 0) {
        for (size_t i = 0; i < n; i++)
            text[(at + i) % size] = (char)next(in);
        H5Awrite(attribute, type, text);
    }
    free(text);
    H5Tclose(type);
    H5Aclose(attribute);
}

/* Some values of a variable; where they lie is known only once the file is closed. */
struct poke {
    haddr_t at;
    uint8_t bytes[16];
    unsigned n;
};

static struct poke poke_values(struct input *in, hid_t file) {
    struct poke poke = {.at = HADDR_UNDEF};
    hid_t dataset = H5Dopen2(file, variables[next(in) % N_VARIABLES], H5P_DEFAULT);
    if (dataset < 0)
        return poke;
    haddr_t base = H5Dget_offset(dataset), size = H5Dget_storage_size(dataset);
    poke.n = 1 + next(in) % sizeof poke.bytes;
    unsigned at = next(in);
    for (unsigned i = 0; i < poke.n; i++)
        poke.bytes[i] = (uint8_t)next(in);
    if (base != HADDR_UNDEF && size >= poke.n)
        poke.at = base + at % (size - poke.n + 1);
    H5Dclose(dataset);
    return poke;
}

static void put_link(struct input *in, hid_t file) {
    const char *name = variables[next(in) % N_VARIABLES];
    const char *to = variables[next(in) % N_VARIABLES];
    unsigned kind = next(in) % 4;
    if (H5Lexists(file, name, H5P_DEFAULT) > 0)
        H5Ldelete(file, name, H5P_DEFAULT);
    if (kind == 0)
        H5Lcreate_soft(to, file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == 1)
        H5Lcreate_external("good.h5", to, file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == 2 && H5Lexists(file, to, H5P_DEFAULT) > 0)
        H5Lcreate_hard(file, to, file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == 3)
        H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void change(struct input *in, const char *path) {
    struct poke pokes[MOST_CHANGES];
    int n_pokes = 0;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert(file >= 0);
    for (int i = 0; i < MOST_CHANGES && in->left > 0; i++) {
        unsigned op = next(in) % 8;
        if (op < 2)
            put_variable(in, file);
        else if (op < 4)
            put_attribute(in, file);
        else if (op < 5)
            edit_text(in, file);
        else if (op < 7)
            pokes[n_pokes++] = poke_values(in, file);
        else
            put_link(in, file);
    }
    H5Fclose(file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < n_pokes; i++)
        if (pokes[i].at != HADDR_UNDEF &&
            pwrite(fd, pokes[i].bytes, pokes[i].n, (off_t)pokes[i].at) < 0)
            abort();
    close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    make_files();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input in = {data, size};
    unsigned reader = next(&in), point = next(&in) % 5;
    const struct made *made = &made_files[reader / 8 % 2];
    const char *path = scratch_path("bad.h5");
    scratch_write(path, made->bytes, made->size);
    change(&in, path);
    int code = read_results(reader, point, path);
    assert(code >= 0 && code <= 2);
    return 0;
}
