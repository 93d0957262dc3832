/* The files beside a results file: OUT.h5.parked, .deaths, .running, .probe, .lock and what is made
 * on the way to them. Anybody may have put anything under these names: links are not followed,
 * pipes not waited for, and only regular files are read, written or removed. What replaces one gets
 * a new file (newfile.h), so a second name of the old one keeps its bytes. */
#ifndef LINNET_STORE_SIDEFILE_H
#define LINNET_STORE_SIDEFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "linnet/err.h"

struct ln_sidefile {
    int fd; /* -1: there is none */
    struct stat info;
};

/* path with the suffix. Ownership: free. NULL: no memory. */
char *ln_sidefile_name(const char *path, const char *suffix);

/* Opens a regular file; flags: O_RDONLY or O_RDWR. Where there is none: LN_OK, fd -1. Ownership:
 * close fd. Errors: LN_INPUT. */
int ln_sidefile_open(const char *name, int flags, struct ln_sidefile *file, struct ln_err *err);

/* The whole of a file of at most so many bytes, zero-terminated and without zeros in it; *text is
 * NULL where there is none. Ownership: free. Errors: LN_INPUT (damaged), LN_FATAL (it cannot be
 * read, which says nothing about what is in it). */
int ln_sidefile_read(const char *name, int64_t most, char **text, struct ln_err *err);

/* A file of a name that is not there; flags: O_WRONLY or O_RDWR. Returns what open does. */
int ln_sidefile_create(const char *name, int flags);

/* Whether nothing is there, or what may be replaced. Errors: LN_INPUT. */
int ln_sidefile_check_place(const char *name, struct ln_err *err);

/* Whether a link, a directory, a pipe or the like is there. */
bool ln_sidefile_is_other(const char *name);

/* Removes a regular file; anything else is not ours, and stays. Errors: LN_INPUT. */
int ln_sidefile_remove(const char *name, struct ln_err *err);

/* "cannot <what> <name>: <errno>". Returns LN_INPUT. */
int ln_sidefile_fail(const char *what, const char *name, struct ln_err *err);

#endif
