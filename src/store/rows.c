#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "h5.h"
#include "linnet/fault.h"
#include "linnet/interrupt.h"
#include "linnet/store.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "rows are written as they stand in memory; the file is little-endian"
#endif

/* Verified at a time: large reads, small memory. */
enum { BLOCK_BYTES = 4 << 20 };

/* No sweep has more; a header that claims more must not make anybody take memory for them. */
enum { MAX_CELLS = 1000000000 };

static bool type_of(hid_t type, enum ln_ctype *ctype) {
    bool ok = true;
    if (H5Tequal(type, H5T_STD_I8LE) > 0)
        *ctype = LN_I8;
    else if (H5Tequal(type, H5T_STD_I32LE) > 0)
        *ctype = LN_I32;
    else if (H5Tequal(type, H5T_STD_I64LE) > 0 || H5Tequal(type, H5T_STD_U64LE) > 0)
        *ctype = LN_I64;
    else if (H5Tequal(type, H5T_IEEE_F64LE) > 0)
        *ctype = LN_F64;
    else
        ok = false;
    return ok;
}

/* Splits the shape of a variable into its cells and the dimensions after the axes. */
static bool set_shape(hid_t space, int n_axes, int64_t *n_cells, struct ln_rows_column *column) {
    hsize_t dims[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < n_axes || rank > n_axes + LN_MAX_EXTRA ||
        H5Sget_simple_extent_dims(space, dims, NULL) < 0)
        return false;
    *n_cells = 1;
    column->bytes = (int64_t)ln_ctype_bytes(column->type);
    column->n_extra = rank - n_axes;
    for (int i = 0; i < rank; i++) {
        int64_t *product = i < n_axes ? n_cells : &column->bytes;
        if (dims[i] == 0 || __builtin_mul_overflow(*product, dims[i], product))
            return false;
        if (i >= n_axes)
            column->extra[i - n_axes] = (int64_t)dims[i];
    }
    return *n_cells <= MAX_CELLS;
}

/* A variable the file claims to hold must be laid out as we lay it out, and lie inside the file. */
static bool place_column(hid_t dataset, int n_axes, int64_t file_size, int64_t *n_cells,
                         struct ln_rows_column *column) {
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    hid_t how = H5Dget_create_plist(dataset);
    haddr_t base = H5Dget_offset(dataset);
    int64_t size = 0;
    int64_t end = 0;
    bool ok = type >= 0 && space >= 0 && how >= 0 && H5Pget_layout(how) == H5D_CONTIGUOUS &&
              type_of(type, &column->type) && set_shape(space, n_axes, n_cells, column) &&
              base <= (haddr_t)file_size &&
              !__builtin_mul_overflow(column->bytes, *n_cells, &size) &&
              !__builtin_add_overflow((int64_t)base, size, &end) && end <= file_size;
    column->base = (int64_t)base;
    if (how >= 0)
        H5Pclose(how);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return ok;
}

static bool map_column(hid_t file, const char *name, int n_axes, int64_t file_size,
                       int64_t *n_cells, struct ln_rows_column *column) {
    if (name[0] == '\0' || strlen(name) >= sizeof column->name)
        return false;
    hid_t dataset = ln_h5_open_dataset(file, name);
    if (dataset < 0)
        return false;
    memcpy(column->name, name, strlen(name) + 1);
    bool ok = place_column(dataset, n_axes, file_size, n_cells, column);
    H5Dclose(dataset);
    return ok;
}

/* One number without dimensions. */
static bool map_metadata(hid_t file, int64_t file_size, struct ln_rows_column *column) {
    int64_t n_values = 0;
    return map_column(file, "metadata_checksum", 0, file_size, &n_values, column) &&
           column->n_extra == 0 && column->bytes == 8;
}

static int count_words(char *text) {
    int n = 0;
    char *next = text;
    while (strsep(&next, " "))
        n++;
    return n;
}

static int damaged(struct ln_err *err, const char *path, const char *name) {
    return ln_err_set(err, LN_INPUT,
                      "%s is damaged: its variable '%s' is missing, or not stored as linnet "
                      "stores it (a compressed copy cannot be verified)",
                      path, name);
}

static int map_named(hid_t file, const char *path, int n_axes, int64_t file_size, char *names,
                     struct ln_rows *rows, struct ln_err *err) {
    if (!map_column(file, "status", n_axes, file_size, &rows->n_cells, &rows->status) ||
        rows->status.bytes != 1)
        return damaged(err, path, "status");
    int64_t n_cells = 0;
    if (!map_column(file, "row_checksum", n_axes, file_size, &n_cells, &rows->checksum) ||
        rows->checksum.bytes != 8 || n_cells != rows->n_cells)
        return damaged(err, path, "row_checksum");
    if (!map_metadata(file, file_size, &rows->metadata))
        return damaged(err, path, "metadata_checksum");
    rows->packed = (int64_t)sizeof(int64_t) + 1;
    for (char *name = strsep(&names, " "); name; name = strsep(&names, " ")) {
        if (rows->n_columns == LN_MAX_COLUMNS)
            return ln_err_set(err, LN_INPUT, "%s has more than %d row variables", path,
                              LN_MAX_COLUMNS);
        struct ln_rows_column *column = &rows->columns[rows->n_columns];
        if (!map_column(file, name, n_axes, file_size, &n_cells, column) ||
            n_cells != rows->n_cells)
            return damaged(err, path, name);
        rows->packed += column->bytes;
        rows->n_columns++;
    }
    return LN_OK;
}

int ln_rows_map(hid_t file, const char *path, int64_t file_size, struct ln_rows *rows,
                struct ln_err *err) {
    memset(rows, 0, sizeof *rows);
    char *axes = ln_h5_get_text(file, "grid");
    char *names = ln_h5_get_text(file, "row_variables");
    int rc = LN_OK;
    if (axes && names)
        rc = map_named(file, path, count_words(axes), file_size, names, rows, err);
    else
        rc = ln_err_set(err, LN_INPUT,
                        "%s is damaged: the attributes 'grid' and 'row_variables' are missing",
                        path);
    free(names);
    free(axes);
    return rc;
}

uint64_t ln_rows_checksum(const struct ln_rows *rows, const unsigned char *packed) {
    uint64_t hash = XXH64(packed, (size_t)rows->packed, 0);
    return hash ? hash : 1;
}

void ln_rows_pack(const struct ln_rows *rows, int64_t cell, const unsigned char *const *parts,
                  unsigned char *packed) {
    memcpy(packed, &cell, sizeof cell);
    packed += sizeof cell;
    for (int c = 0; c < rows->n_columns; c++) {
        memcpy(packed, parts[c], (size_t)rows->columns[c].bytes);
        packed += rows->columns[c].bytes;
    }
    *packed = LN_ROW_DONE;
}

int ln_rows_read(int fd, int64_t offset, int64_t size, void *bytes, struct ln_err *err) {
    char *to = bytes;
    while (size > 0) {
        ssize_t got = LN_FAULT(ROWS_READ, -1, pread(fd, to, LN_FAULT_SIZE((size_t)size), offset));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ln_err_set(err, LN_FATAL, "cannot read the results file: %s",
                              got < 0 ? strerror(errno) : "it became shorter");
        to += got;
        offset += got;
        size -= got;
    }
    return LN_OK;
}

void ln_rows_read_torn(int fd, int64_t offset, int64_t size, void *bytes) {
    enum { PAGE = 4096 };
    char *to = bytes;
    memset(to, 0, (size_t)size);
    while (size > 0) {
        ssize_t got = pread(fd, to, (size_t)size, offset);
        if (got == 0)
            return;
        /* A bad place costs the pages that hold it, no more. */
        int64_t step = got > 0 ? got : PAGE - offset % PAGE;
        if (got < 0 && size > step && errno == EIO)
            got = pread(fd, to, (size_t)step, offset);
        step = step < size ? step : size;
        if (got < 0)
            memset(to, 0, (size_t)step);
        to += step;
        offset += step;
        size -= step;
    }
}

/* Memory for one block: the columns of `rows` cells one after the other, their checksums, one
 * packed row. */
struct block {
    unsigned char *bytes, *packed;
    uint64_t *checksums;
};

static int read_block(const struct ln_rows *rows, int fd, int64_t first, int64_t count,
                      const struct block *block, struct ln_err *err) {
    unsigned char *to = block->bytes;
    for (int c = 0; c < rows->n_columns; c++) {
        const struct ln_rows_column *column = &rows->columns[c];
        if (ln_rows_read(fd, column->base + first * column->bytes, count * column->bytes, to, err))
            return (int)err->status;
        to += count * column->bytes;
    }
    return ln_rows_read(fd, rows->checksum.base + first * 8, count * 8, block->checksums, err);
}

static bool is_whole(const struct ln_rows *rows, const struct block *block, int64_t first,
                     int64_t count, int64_t i) {
    const unsigned char *parts[LN_MAX_COLUMNS];
    const unsigned char *at = block->bytes;
    for (int c = 0; c < rows->n_columns; c++) {
        parts[c] = at + i * rows->columns[c].bytes;
        at += count * rows->columns[c].bytes;
    }
    ln_rows_pack(rows, first + i, parts, block->packed);
    return LN_FAULT_IS_ON("checksum") ||
           ln_rows_checksum(rows, block->packed) == block->checksums[i];
}

static int verify_block(const struct ln_rows *rows, int fd, int64_t first, int64_t count,
                        int8_t *verdict, const struct block *block, struct ln_err *err) {
    if (!memchr(verdict, LN_ROW_DONE, (size_t)count))
        return LN_OK;
    if (read_block(rows, fd, first, count, block, err))
        return (int)err->status;
    for (int64_t i = 0; i < count; i++)
        if (verdict[i] == LN_ROW_DONE && !is_whole(rows, block, first, count, i))
            verdict[i] = LN_ROW_BAD;
    return LN_OK;
}

int ln_rows_verify(const struct ln_rows *rows, int fd, int64_t first, int64_t count,
                   int8_t *verdict, struct ln_err *err) {
    int64_t step = BLOCK_BYTES / rows->packed + 1;
    struct block block = {
        .bytes = malloc((size_t)(step * rows->packed)),
        .packed = malloc((size_t)rows->packed),
        .checksums = malloc((size_t)step * sizeof(uint64_t)),
    };
    int rc = LN_OK;
    if (!block.bytes || !block.packed || !block.checksums)
        rc = ln_err_set(err, LN_FATAL, "out of memory while verifying rows");
    else
        rc = ln_rows_read(fd, rows->status.base + first, count, verdict, err);
    for (int64_t i = 0; rc == LN_OK && i < count; i++)
        if (verdict[i] < LN_ROW_PENDING || verdict[i] > LN_ROW_FAILED)
            verdict[i] = LN_ROW_BAD;
    for (int64_t i = 0; rc == LN_OK && i < count; i += step) {
        int64_t n = count - i < step ? count - i : step;
        rc = ln_interrupt_is_due()
                 ? ln_err_set(err, LN_STOPPED, "stopped on request, while the rows were verified")
                 : verify_block(rows, fd, first + i, n, verdict + i, &block, err);
    }
    free(block.checksums);
    free(block.packed);
    free(block.bytes);
    return rc;
}
