/* What is damaged of the parked points is taken out; what is whole stays as it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linnet/fault.h"
#include "linnet/parked.h"
#include "newfile.h"
#include "parked_file.h"
#include "sidefile.h"

struct keeping {
    const struct ln_parked_file *file;
    const struct ln_parked_entry *from; /* [n]: those that are whole */
    struct ln_parked_entry *to;         /* [n]: the same in the new file */
    int64_t n;
};

static int copy_record(const struct keeping *keeping, int64_t i, int fd, const char *path,
                       struct ln_err *err) {
    void *bytes = malloc((size_t)keeping->from[i].size);
    int rc =
        !bytes ? ln_err_set(err, LN_FATAL, "out of memory for %s", path)
        : !ln_parked_file_read(keeping->file->fd, &keeping->from[i], bytes)
            ? ln_err_set(err, LN_FATAL, "%s cannot be read any more", path)
            : ln_newfile_write(fd, keeping->to[i].offset, keeping->to[i].size, bytes, path, err);
    free(bytes);
    return rc;
}

static int write_all(const struct keeping *keeping, int fd, const char *path, struct ln_err *err) {
    int rc =
        ln_parked_file_write_begin(fd, path, keeping->file->identity, keeping->to, keeping->n, err);
    for (int64_t i = 0; rc == LN_OK && i < keeping->n; i++)
        rc = copy_record(keeping, i, fd, path, err);
    return rc == LN_OK ? ln_newfile_sync(fd, path, err) : rc;
}

static int fill(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    int fd = LN_FAULT(PARKED_CREATE, -1, ln_sidefile_create(temporary, O_WRONLY));
    if (fd < 0)
        return ln_sidefile_fail("create", temporary, err);
    int rc = write_all(ctx, fd, path, err);
    if (close(fd) != 0 && rc == LN_OK)
        rc = ln_sidefile_fail("write", path, err);
    return rc;
}

static int fail_read(const char *name, int number, struct ln_err *err) {
    return ln_err_set(err, LN_FATAL, "cannot read %s: %s", name,
                      number ? strerror(number) : "it became shorter");
}

/* The entries whose records are whole, in front. What cannot be read may be whole: an error. */
static int pick(const char *name, const struct ln_parked_file *file, struct ln_parked_entry *whole,
                int64_t *n, struct ln_err *err) {
    *n = 0;
    for (int64_t i = 0; i < file->n; i++) {
        unsigned char *bytes = malloc((size_t)file->entries[i].size);
        if (!bytes)
            return ln_err_set(err, LN_FATAL, "out of memory for %s", name);
        int rc = ln_parked_file_fetch(file->fd, &file->entries[i], bytes), number = errno;
        free(bytes);
        if (rc == LN_FATAL)
            return fail_read(name, number, err);
        if (rc == LN_OK)
            whole[(*n)++] = file->entries[i];
    }
    return LN_OK;
}

static int keep_whole(const char *name, const struct ln_parked_file *file, bool is_dry,
                      struct ln_parked_repair *counts, struct ln_err *err) {
    size_t room = (size_t)file->n + 1;
    struct ln_parked_entry *from = calloc(2 * room, sizeof *from);
    if (!from)
        return ln_err_set(err, LN_FATAL, "out of memory for %s", name);
    struct keeping keeping = {file, from, from + room, 0};
    int rc = pick(name, file, from, &keeping.n, err);
    if (rc == LN_OK) {
        memcpy(keeping.to, from, room * sizeof *from);
        counts->n_kept = keeping.n;
        counts->n_lost = file->n - keeping.n;
        if (!is_dry && counts->n_lost > 0)
            rc = keeping.n > 0 ? ln_newfile_make(name, fill, &keeping, err)
                               : LN_FAULT(PARKED_REMOVE, ln_sidefile_fail("remove", name, err),
                                          ln_sidefile_remove(name, err));
    }
    free(from);
    return rc;
}

/* Nothing in it can be used: out of the way, and nothing else lost by it. */
static int move_away(const char *name, int fd, bool is_dry, struct ln_parked_repair *counts,
                     struct ln_err *err) {
    int rc = LN_OK;
    if (is_dry)
        snprintf(counts->kept, sizeof counts->kept, "%s.damaged", name);
    else
        rc = ln_newfile_keep(name, fd, counts->kept, sizeof counts->kept, err);
    if (rc == LN_OK && !is_dry)
        rc = LN_FAULT(PARKED_REMOVE, ln_sidefile_fail("remove", name, err),
                      ln_sidefile_remove(name, err));
    counts->is_moved = rc == LN_OK;
    return rc;
}

static int refuse_other(const char *name, struct ln_err *err) {
    return ln_err_set(
        err, LN_INPUT,
        "%s is of another sweep, version of linnet or kind of CPU, and stays as it is", name);
}

static int repair(const char *name, const char *identity, bool is_dry,
                  struct ln_parked_repair *counts, struct ln_err *err) {
    struct ln_parked_file file;
    struct ln_sidefile found;
    struct ln_err why;
    if (ln_sidefile_open(name, O_RDONLY, &found, err)) /* no file of ours, or it cannot be read */
        return ln_sidefile_is_other(name) ? LN_INPUT : LN_FATAL;
    if (found.fd < 0)
        return LN_OK;
    int rc = ln_parked_file_open(name, &file, &why);
    if (rc == LN_OK && strcmp(file.identity, identity) != 0) {
        rc = refuse_other(name, err);
    } else if (rc == LN_OK) {
        rc = keep_whole(name, &file, is_dry, counts, err) == LN_OK ? LN_OK : LN_FATAL;
    } else if (rc == LN_INPUT && file.fault == LN_PARKED_DAMAGED) {
        rc = move_away(name, found.fd, is_dry, counts, err) == LN_OK ? LN_OK : LN_FATAL;
        snprintf(counts->why, sizeof counts->why, "%s", why.text);
    } else {
        *err = why;
        rc = rc == LN_INPUT && file.fault == LN_PARKED_FOREIGN ? LN_INPUT : LN_FATAL;
    }
    ln_parked_file_close(&file);
    close(found.fd);
    return rc;
}

int ln_parked_repair(const char *path, const struct ln_sweep *sweep, const struct ln_layout *layout,
                     bool is_dry, struct ln_parked_repair *counts, struct ln_err *err) {
    char *name = ln_parked_path(path), identity[LN_PARKED_IDENTITY];
    memset(counts, 0, sizeof *counts);
    ln_parked_identity_own(identity, sweep, layout);
    int rc = name ? repair(name, identity, is_dry, counts, err)
                  : ln_err_set(err, LN_FATAL, "out of memory");
    if (rc != LN_OK) /* nothing was done */
        memset(counts, 0, sizeof *counts);
    free(name);
    return rc;
}
