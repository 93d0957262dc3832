#include "metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { PIECE_BYTES = 1 << 16 };

static int by_start(const void *a, const void *b) {
    const struct ln_gap *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static struct ln_gap place_of(const struct ln_rows_column *column, int64_t n_cells) {
    return (struct ln_gap){column->base, column->base + column->bytes * n_cells};
}

int ln_metadata_gaps(const struct ln_rows *rows, int64_t file_size, bool with_checksum,
                     struct ln_gap *gaps) {
    struct ln_gap places[LN_MAX_GAPS];
    int n = 0, n_gaps = 0;
    for (; n < rows->n_columns; n++)
        places[n] = place_of(&rows->columns[n], rows->n_cells);
    places[n++] = place_of(&rows->checksum, rows->n_cells);
    places[n++] = place_of(&rows->status, rows->n_cells);
    if (!with_checksum)
        places[n++] = place_of(&rows->metadata, 1);
    qsort(places, (size_t)n, sizeof places[0], by_start);
    int64_t at = 0;
    for (int i = 0; i < n; i++) {
        if (places[i].start > at)
            gaps[n_gaps++] = (struct ln_gap){at, places[i].start};
        at = places[i].end > at ? places[i].end : at;
    }
    if (file_size > at)
        gaps[n_gaps++] = (struct ln_gap){at, file_size};
    return n_gaps;
}

static int add_gap(XXH64_state_t *state, int fd, const struct ln_gap *gap, struct ln_err *err) {
    static unsigned char bytes[PIECE_BYTES];
    XXH64_update(state, gap, sizeof *gap);
    for (int64_t at = gap->start; at < gap->end; at += PIECE_BYTES) {
        int64_t size = gap->end - at < PIECE_BYTES ? gap->end - at : PIECE_BYTES;
        if (ln_rows_read(fd, at, size, bytes, err))
            return (int)err->status;
        XXH64_update(state, bytes, (size_t)size);
    }
    return LN_OK;
}

int ln_metadata_checksum(int fd, const struct ln_rows *rows, int64_t file_size, uint64_t *checksum,
                         struct ln_err *err) {
    struct ln_gap gaps[LN_MAX_GAPS];
    int n = ln_metadata_gaps(rows, file_size, false, gaps);
    XXH64_state_t *state = XXH64_createState();
    int rc = state ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
    if (rc == LN_OK)
        XXH64_reset(state, 0);
    for (int i = 0; i < n && rc == LN_OK; i++)
        rc = add_gap(state, fd, &gaps[i], err);
    if (rc == LN_OK) {
        uint64_t hash = XXH64_digest(state);
        *checksum = hash ? hash : 1;
    }
    XXH64_freeState(state);
    return rc;
}

int ln_metadata_verify(int fd, const struct ln_rows *rows, int64_t file_size, bool *is_whole,
                       struct ln_err *err) {
    uint64_t stored, actual;
    if (ln_rows_read(fd, rows->metadata.base, sizeof stored, &stored, err) ||
        ln_metadata_checksum(fd, rows, file_size, &actual, err))
        return (int)err->status;
    *is_whole = stored == actual;
    return LN_OK;
}

int ln_metadata_check(int fd, const char *path, const struct ln_rows *rows, struct ln_err *err) {
    struct stat info;
    bool is_whole = false;
    if (fstat(fd, &info) != 0)
        return ln_err_set(err, LN_INPUT, "cannot read %s: %s", path, strerror(errno));
    if (ln_metadata_verify(fd, rows, info.st_size, &is_whole, err))
        return ln_err_prefix(err, "%s: ", path);
    if (is_whole)
        return LN_OK;
    return ln_err_set(err, LN_INPUT,
                      "%s is damaged: what is not a row (coordinates, attributes, HDF5's own) is "
                      "not what was written; `linnet repair` saves its rows",
                      path);
}
