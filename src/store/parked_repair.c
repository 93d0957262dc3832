/* What is damaged of the parked points is taken out; what is whole stays as it is. */
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
    size_t header;
    int64_t size;
    unsigned char *begin =
        ln_parked_file_begin(keeping->file->identity, keeping->to, keeping->n, &header, &size);
    if (!begin)
        return ln_err_set(err, LN_FATAL, "out of memory for %s", path);
    int rc = ln_newfile_reserve(fd, path, size, err);
    if (rc == LN_OK)
        rc = ln_newfile_write(fd, 0, (int64_t)header, begin, path, err);
    free(begin);
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

/* The entries whose records are whole, in front. */
static int64_t pick(const struct ln_parked_file *file, struct ln_parked_entry *whole) {
    int64_t n = 0;
    for (int64_t i = 0; i < file->n; i++) {
        unsigned char *bytes = malloc((size_t)file->entries[i].size);
        if (bytes && ln_parked_file_read(file->fd, &file->entries[i], bytes))
            whole[n++] = file->entries[i];
        free(bytes);
    }
    return n;
}

static int keep_whole(const char *name, const struct ln_parked_file *file, bool is_dry,
                      struct ln_parked_repair *counts, struct ln_err *err) {
    size_t room = (size_t)file->n + 1;
    struct ln_parked_entry *from = calloc(2 * room, sizeof *from);
    if (!from)
        return ln_err_set(err, LN_FATAL, "out of memory for %s", name);
    struct keeping keeping = {file, from, from + room, pick(file, from)};
    int rc = LN_OK;
    memcpy(keeping.to, from, room * sizeof *from);
    counts->n_kept = keeping.n;
    counts->n_lost = file->n - keeping.n;
    if (!is_dry && counts->n_lost > 0)
        rc = keeping.n > 0 ? ln_newfile_make(name, fill, &keeping, err)
                           : ln_sidefile_remove(name, err);
    free(from);
    return rc;
}

/* Nothing in it can be used: out of the way. */
static int move_away(const char *name, bool is_dry, struct ln_parked_repair *counts,
                     struct ln_err *err) {
    char *to = ln_sidefile_name(name, ".damaged");
    int rc = to ? ln_sidefile_check_place(to, err) : ln_err_set(err, LN_FATAL, "out of memory");
    if (rc == LN_OK && !is_dry && rename(name, to) != 0)
        rc = ln_sidefile_fail("rename", name, err);
    counts->is_moved = rc == LN_OK;
    free(to);
    return rc;
}

static int repair(const char *name, bool is_dry, struct ln_parked_repair *counts,
                  struct ln_err *err) {
    struct ln_parked_file file;
    struct ln_sidefile found;
    struct ln_err why;
    if (ln_sidefile_open(name, O_RDONLY, &found, err))
        return LN_INPUT; /* no file of ours */
    if (found.fd < 0)
        return LN_OK;
    close(found.fd);
    int rc = ln_parked_file_open(name, &file, &why);
    if (rc == LN_OK)
        rc = keep_whole(name, &file, is_dry, counts, err);
    else if (rc == LN_INPUT)
        rc = move_away(name, is_dry, counts, err);
    else
        *err = why;
    if (counts->is_moved)
        snprintf(counts->why, sizeof counts->why, "%s", why.text);
    ln_parked_file_close(&file);
    return rc;
}

int ln_parked_repair(const char *path, bool is_dry, struct ln_parked_repair *counts,
                     struct ln_err *err) {
    char *name = ln_parked_path(path);
    memset(counts, 0, sizeof *counts);
    int rc = name ? repair(name, is_dry, counts, err) : ln_err_set(err, LN_FATAL, "out of memory");
    free(name);
    return rc;
}
