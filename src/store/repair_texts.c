/* The sweep in a file of which anything may be damaged: HDF5 reads it in a child process, which
 * leaves what it found in memory shared with us. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "h5.h"
#include "identity.h"
#include "linnet/health.h"
#include "newfile.h"
#include "rows.h"
#include "trial.h"

struct request {
    const char *path;
    int fd; /* text, 0, overrides, 0 */
};

/* Also a file that was cut off: HDF5 refuses it by its length alone, which its own tool h5clear
 * needs to get past too. */
static hid_t open_torn(const char *path) {
    hid_t access = ln_h5_access();
    hid_t file = H5I_INVALID_HID;
    hbool_t skip = 1;
    if (access < 0)
        return file;
    if (H5Pset(access, "skip_eof_check", &skip) >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

static void find_texts(void *data) {
    const struct request *request = data;
    struct ln_err err;
    char hex[LN_DIGEST_SIZE];
    ln_h5_begin();
    hid_t file = open_torn(request->path);
    if (file < 0)
        return;
    char *text = ln_h5_get_long_text(file, "sweep_text");
    char *overrides = ln_h5_get_long_text(file, "sweep_overrides");
    char *digest = ln_h5_get_text(file, "sweep_text_digest");
    if (text)
        ln_identity_text_digest(text, strlen(text), overrides, hex);
    if (text && digest && strcmp(digest, hex) == 0) {
        int64_t size = (int64_t)strlen(text) + 1;
        const char *sets = overrides ? overrides : "";
        if (ln_newfile_write(request->fd, 0, size, text, "", &err) == LN_OK)
            ln_newfile_write(request->fd, size, (int64_t)strlen(sets) + 1, sets, "", &err);
    }
    /* What was read matters, not what becomes of the process. */
}

static int take_texts(int fd, const char *path, char **text, char **overrides, struct ln_err *err) {
    struct stat info = {0};
    char *bytes = NULL;
    int rc = LN_OK;
    if (fstat(fd, &info) == 0 && info.st_size > 1)
        bytes = calloc((size_t)info.st_size + 2, 1);
    if (!bytes)
        return ln_err_set(err, LN_INPUT,
                          "the sweep that %s holds cannot be read, or is damaged; give the sweep "
                          "file: --sweep SWEEP.yaml",
                          path);
    if (ln_rows_read(fd, 0, info.st_size, bytes, err))
        rc = ln_err_prefix(err, "%s: ", path);
    if (rc == LN_OK) {
        *text = strdup(bytes);
        *overrides = strdup(bytes + strlen(bytes) + 1);
        if (!*text || !*overrides)
            rc = ln_err_set(err, LN_FATAL, "out of memory");
    }
    free(bytes);
    return rc;
}

int ln_repair_texts(const char *path, char **text, char **overrides, struct ln_err *err) {
    struct request request = {path, memfd_create("linnet", MFD_CLOEXEC)};
    struct stat info;
    struct ln_err trial;
    int rc = LN_OK;
    *text = *overrides = NULL;
    if (request.fd < 0)
        return ln_err_set(err, LN_FATAL, "out of memory: %s", strerror(errno));
    if (stat(path, &info) != 0)
        rc = ln_err_set(err, LN_INPUT, "cannot open %s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        rc = ln_err_set(err, LN_INPUT, "%s is not a regular file", path);
    if (rc == LN_OK) {
        (void)ln_trial(path, find_texts, &request, &trial); /* its end says nothing new */
        rc = take_texts(request.fd, path, text, overrides, err);
    }
    close(request.fd);
    return rc;
}
