#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "submit.h"

static const char mark[] = "# Written by linnet submit";

/* A job reads it later: no pipe. */
static int find_sweep(struct submit_paths *paths, const char *path, struct ln_err *err) {
    struct stat info;
    paths->sweep = realpath(path, NULL);
    if (paths->sweep && stat(paths->sweep, &info) == 0 && S_ISREG(info.st_mode))
        return LN_OK;
    return ln_err_set(err, LN_INPUT, "%s is no file that a job can read later", path);
}

/* Its folder must be there, it need not. */
static int find_output(struct submit_paths *paths, const char *path, struct ln_err *err) {
    char *for_folder = strdup(path), *for_name = strdup(path), *folder = NULL;
    if (!for_folder || !for_name)
        abort();
    const char *name = basename(for_name);
    bool is_name = path[0] && path[strlen(path) - 1] != '/' && strcmp(name, ".") != 0 &&
                   strcmp(name, "..") != 0 && strlen(name) < 200;
    int status = LN_OK;
    folder = realpath(dirname(for_folder), NULL);
    if (!is_name)
        status = ln_err_set(err, LN_INPUT, "'%s' is no name for a results file", path);
    else if (!folder)
        status = ln_err_set(err, LN_INPUT, "the folder of %s: %s", path, strerror(errno));
    else if (asprintf(&paths->output, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) < 0)
        abort();
    free(folder);
    free(for_folder);
    free(for_name);
    return status;
}

/* OUT.h5 -> OUT.sbatch, OUT-merge.sbatch */
static char *script_of(const char *output, const char *part) {
    size_t n = strlen(output);
    char *path;
    if (n > 3 && strcmp(output + n - 3, ".h5") == 0)
        n -= 3;
    if (asprintf(&path, "%.*s%s.sbatch", (int)n, output, part) < 0)
        abort();
    return path;
}

/* What squeue shows and log files are called: the output's name, as far as it is a word. */
static void make_name(char name[64], const char *output) {
    const char *slash = strrchr(output, '/');
    size_t length = strlen(slash + 1);
    int n = snprintf(name, 64, "linnet-");
    if (length > 3 && strcmp(slash + length - 2, ".h5") == 0)
        length -= 3;
    for (const char *c = slash + 1; c <= slash + length && n < 50; c++)
        name[n++] = isalnum((unsigned char)*c) || *c == '.' || *c == '-' ? *c : '_';
    name[n] = '\0';
}

static int find_program(struct submit_paths *paths, struct ln_err *err) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return ln_err_set(err, LN_FATAL, "cannot find out where linnet is: %s", strerror(errno));
    path[n] = '\0';
    paths->program = strdup(path);
    return paths->program ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
}

int submit_paths_find(struct submit_paths *paths, const struct submit_request *request,
                      struct ln_err *err) {
    if (find_sweep(paths, request->sweep_path, err) || find_output(paths, request->output, err) ||
        find_program(paths, err))
        return (int)err->status;
    make_name(paths->name, paths->output);
    paths->script = script_of(paths->output, "");
    if (request->n_shards > 0)
        paths->merge = script_of(paths->output, "-merge");
    return LN_OK;
}

void submit_paths_clear(struct submit_paths *paths) {
    free(paths->sweep);
    free(paths->output);
    free(paths->program);
    free(paths->script);
    free(paths->merge);
}

/* Whether there is nothing under that name, or a script of ours. */
static bool is_free(const char *path) {
    char head[64] = "";
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_ours = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                   read(fd, head, sizeof head - 1) > 0 && strstr(head, mark);
    if (fd >= 0)
        close(fd);
    return is_ours;
}

static bool write_all(int fd, const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        ssize_t put = write(fd, text, left);
        if (put <= 0 && errno != EINTR)
            return false;
        text += put > 0 ? put : 0;
        left -= put > 0 ? (size_t)put : 0;
    }
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
}

int submit_save(const char *path, const char *text, struct ln_err *err) {
    char *temporary;
    if (!is_free(path))
        return ln_err_set(err, LN_INPUT,
                          "%s is there and was not written by linnet submit; remove it or choose "
                          "another output",
                          path);
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        abort();
    int fd = mkostemp(temporary, O_CLOEXEC), status = LN_OK;
    bool is_made = fd >= 0 && write_all(fd, text) && rename(temporary, path) == 0;
    if (!is_made) {
        status = ln_err_set(err, fd < 0 ? LN_INPUT : LN_FATAL, "cannot write %s: %s", path,
                            strerror(errno));
        if (fd >= 0)
            unlink(temporary);
    }
    if (fd >= 0)
        close(fd);
    free(temporary);
    return status;
}
