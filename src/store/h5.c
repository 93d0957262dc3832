#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/view.h"

/* No text of ours is longer; a hostile file must not make us allocate what its header claims. */
enum { MAX_TEXT = 1 << 28 };

static char reason[300];

static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *data) {
    (void)data;
    const char *desc = error->desc ? error->desc : "";
    /* Where the system has refused something HDF5 tells a long story around its words. */
    static const char mark[] = "error message = '";
    const char *words = strstr(desc, mark);
    if (words)
        desc = words + sizeof mark - 1;
    if (n == 0)
        snprintf(reason, sizeof reason, "%.*s", (int)strcspn(desc, words ? "'" : "\n"), desc);
    return 0;
}

/* Called by HDF5 for every failed call. Only the first failure since ln_h5_begin is a cause. */
static herr_t on_error(hid_t stack, void *data) {
    (void)data;
    if (reason[0] == '\0')
        H5Ewalk2(stack, H5E_WALK_UPWARD, keep_innermost, NULL);
    return 0;
}

void ln_h5_begin(void) {
    static bool has_begun;
    /* We close what we open; what a damaged file leaves open in HDF5 itself makes its own way of
     * closing at exit complain. */
    if (!has_begun)
        H5dont_atexit();
    has_begun = true;
    H5Eset_auto2(H5E_DEFAULT, on_error, NULL);
    reason[0] = '\0';
}

int ln_h5_error(struct ln_err *err, enum ln_status status, const char *format, ...) {
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ln_err_set(err, status, "%s%s%s", text, reason[0] ? ": " : "", reason);
}

hid_t ln_h5_access(void) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && (H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
                        H5Pset_file_locking(access, 0, 1) < 0)) {
        H5Pclose(access);
        return H5I_INVALID_HID;
    }
    return access;
}

/* Creation order, so that readers list dimensions and variables in ours instead of the alphabet's.
 */
hid_t ln_h5_create(const char *path, unsigned how) {
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t access = ln_h5_access();
    hid_t file = H5I_INVALID_HID;
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    if (creation >= 0 && access >= 0 && H5Pset_link_creation_order(creation, order) >= 0 &&
        H5Pset_attr_creation_order(creation, order) >= 0 &&
        H5Pset_obj_track_times(creation, 0) >= 0)
        file = H5Fcreate(path, how, creation, access);
    if (access >= 0)
        H5Pclose(access);
    if (creation >= 0)
        H5Pclose(creation);
    return file;
}

static int check_regular(const char *path, struct ln_err *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return ln_err_set(err, LN_INPUT, "cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return ln_err_set(err, LN_INPUT, "%s is a directory, not a results file", path);
    if (!S_ISREG(info.st_mode))
        return ln_err_set(err, LN_INPUT, "%s is not a regular file", path);
    if (info.st_size == 0)
        return ln_err_set(err, LN_INPUT, "%s is empty, not an HDF5 file", path);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return ln_err_set(err, LN_INPUT, "cannot read %s: %s", path, strerror(errno));
    close(fd);
    return LN_OK;
}

int ln_h5_open(const char *path, hid_t *file, struct ln_err *err) {
    if (check_regular(path, err))
        return (int)err->status;
    hid_t access = ln_h5_access();
    if (access < 0)
        return ln_h5_error(err, LN_FATAL, "cannot set up HDF5");
    *file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (*file < 0)
        return ln_h5_error(err, LN_INPUT,
                           "%s is not a whole HDF5 file (`linnet repair` with --sweep saves the "
                           "rows of one that was)",
                           path);
    return LN_OK;
}

static herr_t refuse_other_file(const char *parent, const char *group, const char *child,
                                const char *object, unsigned *flags, hid_t access, void *data) {
    (void)parent, (void)group, (void)child, (void)object, (void)flags, (void)access, (void)data;
    return -1;
}

static bool is_inside(hid_t dataset) {
    hid_t how = H5Dget_create_plist(dataset);
    if (how < 0)
        return false;
    bool is_it = H5Pget_layout(how) != H5D_VIRTUAL && H5Pget_external_count(how) == 0;
    H5Pclose(how);
    return is_it;
}

hid_t ln_h5_open_dataset(hid_t file, const char *name) {
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    hid_t dataset = H5I_INVALID_HID;
    if (access >= 0 && H5Pset_elink_cb(access, refuse_other_file, NULL) >= 0)
        dataset = H5Dopen2(file, name, access);
    if (access >= 0)
        H5Pclose(access);
    if (dataset >= 0 && !is_inside(dataset)) {
        H5Dclose(dataset);
        return H5I_INVALID_HID;
    }
    return dataset;
}

bool ln_h5_put_text(hid_t object, const char *name, const char *text) {
    if (!text || text[0] == '\0')
        return true;
    hid_t type = H5Tcopy(H5T_C_S1);
    hid_t space = H5Screate(H5S_SCALAR);
    bool ok = type >= 0 && space >= 0 && H5Tset_size(type, strlen(text)) >= 0 &&
              H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0;
    hid_t attribute =
        ok ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : H5I_INVALID_HID;
    ok = attribute >= 0 && H5Awrite(attribute, type, text) >= 0;
    if (attribute >= 0)
        H5Aclose(attribute);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return ok;
}

bool ln_h5_put_numbers(hid_t object, const char *name, hid_t file, hid_t memory, int count,
                       const void *numbers) {
    hsize_t size = (hsize_t)count;
    hid_t space = H5Screate_simple(1, &size, NULL);
    if (space < 0)
        return false;
    hid_t attribute = H5Acreate2(object, name, file, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = attribute >= 0 && H5Awrite(attribute, memory, numbers) >= 0;
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return ok;
}

/* Reads one text of `type` from an attribute; variable-length texts are ones somebody else wrote.
 */
static char *read_text(hid_t attribute, hid_t type) {
    size_t size = H5Tget_size(type);
    char *text = NULL;
    if (H5Tis_variable_str(type) > 0) {
        char *variable = NULL;
        if (H5Aread(attribute, type, &variable) >= 0 && variable) {
            text = strdup(variable);
            H5free_memory(variable);
        }
    } else if (size > 0 && size < MAX_TEXT && (text = calloc(size + 1, 1))) {
        if (H5Aread(attribute, type, text) < 0) {
            free(text);
            text = NULL;
        }
    }
    return text;
}

char *ln_h5_get_text(hid_t object, const char *name) {
    if (H5Aexists(object, name) <= 0)
        return NULL;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return NULL;
    hid_t type = H5Aget_type(attribute);
    hid_t space = H5Aget_space(attribute);
    char *text = NULL;
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING &&
        H5Sget_simple_extent_npoints(space) == 1)
        text = read_text(attribute, type);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    H5Aclose(attribute);
    return text;
}

char *ln_h5_get_long_text(hid_t file, const char *name) {
    char *text = ln_h5_get_text(file, name);
    if (text || H5Lexists(file, name, H5P_DEFAULT) <= 0)
        return text;
    hid_t dataset = ln_h5_open_dataset(file, name);
    if (dataset < 0)
        return NULL;
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    hssize_t size = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    bool is_text = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tget_size(type) == 1;
    if (is_text && size > 0 && size < MAX_TEXT && (text = calloc((size_t)size + 1, 1)) &&
        H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0) {
        free(text);
        text = NULL;
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    H5Dclose(dataset);
    return text;
}

const char *ln_view_hdf5_version(void) {
    static char text[32];
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
