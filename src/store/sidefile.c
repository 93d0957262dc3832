#include "sidefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int careful = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

char *ln_sidefile_name(const char *path, const char *suffix) {
    char *name = NULL;
    return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

int ln_sidefile_fail(const char *what, const char *name, struct ln_err *err) {
    return ln_err_set(err, LN_INPUT, "cannot %s %s: %s", what, name,
                      errno == ELOOP ? "it is a link" : strerror(errno));
}

static int refuse_kind(const char *name, const struct stat *info, struct ln_err *err) {
    return ln_err_set(err, LN_INPUT, "%s is not a regular file%s", name,
                      S_ISLNK(info->st_mode)   ? " but a link"
                      : S_ISDIR(info->st_mode) ? " but a directory"
                                               : "");
}

int ln_sidefile_open(const char *name, int flags, struct ln_sidefile *file, struct ln_err *err) {
    file->fd = open(name, flags | careful);
    if (file->fd < 0)
        return errno == ENOENT ? LN_OK : ln_sidefile_fail("open", name, err);
    int rc = fstat(file->fd, &file->info) != 0 ? ln_sidefile_fail("open", name, err)
             : S_ISREG(file->info.st_mode)     ? LN_OK
                                               : refuse_kind(name, &file->info, err);
    if (rc != LN_OK) {
        close(file->fd);
        file->fd = -1;
    }
    return rc;
}

static int read_text(int fd, const char *name, int64_t size, char **text, struct ln_err *err) {
    *text = malloc((size_t)size + 1);
    ssize_t got = *text ? pread(fd, *text, (size_t)size, 0) : -1;
    if (got < 0)
        return ln_err_set(err, LN_FATAL, "cannot read %s: %s", name, strerror(errno));
    (*text)[got] = '\0';
    if (got == size && strlen(*text) == (size_t)got)
        return LN_OK;
    return ln_err_set(err, LN_INPUT, "%s is damaged", name);
}

int ln_sidefile_read(const char *name, int64_t most, char **text, struct ln_err *err) {
    struct ln_sidefile file;
    *text = NULL;
    if (ln_sidefile_open(name, O_RDONLY, &file, err))
        return (int)(err->status = LN_FATAL);
    if (file.fd < 0)
        return LN_OK;
    int rc = file.info.st_size <= most ? read_text(file.fd, name, file.info.st_size, text, err)
                                       : ln_err_set(err, LN_INPUT, "%s is damaged", name);
    close(file.fd);
    if (rc != LN_OK) {
        free(*text);
        *text = NULL;
    }
    return rc;
}

int ln_sidefile_create(const char *name, int flags) {
    return open(name, flags | careful | O_CREAT | O_EXCL, 0666);
}

int ln_sidefile_check_place(const char *name, struct ln_err *err) {
    struct stat info;
    if (lstat(name, &info) != 0)
        return errno == ENOENT ? LN_OK : ln_sidefile_fail("look at", name, err);
    return S_ISREG(info.st_mode) ? LN_OK : refuse_kind(name, &info, err);
}

bool ln_sidefile_is_other(const char *name) {
    struct stat info;
    return lstat(name, &info) == 0 && !S_ISREG(info.st_mode);
}

int ln_sidefile_remove(const char *name, struct ln_err *err) {
    if (ln_sidefile_is_other(name))
        return LN_OK;
    return unlink(name) == 0 || errno == ENOENT ? LN_OK : ln_sidefile_fail("remove", name, err);
}
