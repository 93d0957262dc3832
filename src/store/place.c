#include "place.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parked_file.h"

int ln_place_check(const char *path, struct ln_err *err) {
    struct stat info;
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/')
        return ln_err_set(err, LN_INPUT, "'%s' does not name a file", path);
    char *copy = strdup(path);
    if (!copy)
        return ln_err_set(err, LN_FATAL, "out of memory");
    const char *directory = dirname(copy);
    int rc = LN_OK;
    if (stat(directory, &info) != 0)
        rc = ln_err_set(err, LN_INPUT, "cannot write %s: %s: %s; create the directory first", path,
                        directory, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        rc = ln_err_set(err, LN_INPUT, "cannot write %s: %s is not a directory", path, directory);
    else if (lstat(path, &info) == 0 && stat(path, &info) != 0)
        rc = ln_err_set(err, LN_INPUT, "%s is a link to nothing: %s", path, strerror(errno));
    else if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        rc = ln_err_set(err, LN_INPUT, "%s is a directory; give the name of a file in it", path);
    else if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        rc = ln_err_set(err, LN_INPUT, "%s is not a regular file", path);
    else if (stat(path, &info) == 0 && access(path, R_OK | W_OK) != 0)
        rc = ln_err_set(err, LN_INPUT, "cannot write %s: %s", path, strerror(errno));
    free(copy);
    return rc;
}

int ln_place_claim(const char *path, struct ln_lock *lock, struct ln_err *err) {
    struct stat info;
    if (ln_place_check(path, err) || ln_lock_take(lock, path, err))
        return (int)err->status;
    int rc = lstat(path, &info) != 0
                 ? ln_parked_check_beside(path, NULL, err)
                 : ln_err_set(err, LN_INPUT,
                              "%s is there already and may hold finished points; give another name",
                              path);
    if (rc != LN_OK)
        ln_lock_release(lock);
    return rc;
}
