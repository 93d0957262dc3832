/* Matrices: written inline, read from a CSV file (csv.c), or from an HDF5 file through the reader's
 * callback. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "text.h"
#include "value.h"

static int wants(const struct ln_reader *reader, const char *key, const struct ln_node *node) {
    return ln_mark_error(reader->err, node->mark,
                         "%s is %.60s; a matrix is [[1, 2], [3, 4]] row by row, or {file: x.csv}, "
                         "or {file: x.h5, dataset: name}",
                         key, ln_node_what(node));
}

/* All rows are checked before memory is taken: a long first row and many short ones must not ask
 * for their product. */
static int check_rows(const struct ln_reader *reader, const char *key, const struct ln_node *node) {
    if (node->count == 0)
        return ln_mark_error(reader->err, node->mark, "%s has no rows; write [[1, 2], [3, 4]]",
                             key);
    for (const struct ln_node *row = node->first; row; row = row->next) {
        if (row->kind != LN_NODE_LIST || row->count == 0)
            return wants(reader, key, row);
        if (row->count != node->first->count)
            return ln_mark_error(reader->err, row->mark,
                                 "%s: this row has %d numbers, the first has %d; all rows must be "
                                 "equally long",
                                 key, row->count, node->first->count);
    }
    return LN_OK;
}

static int parse_inline(const struct ln_reader *reader, const char *key, const struct ln_node *node,
                        struct ln_matrix *matrix) {
    int status = check_rows(reader, key, node);
    if (status)
        return status;
    int rows = node->count, cols = node->first->count;
    double *data = ln_arena_take(reader->arena, (size_t)rows * (size_t)cols, sizeof *data);
    *matrix = (struct ln_matrix){rows, cols, data};
    for (const struct ln_node *row = node->first; row; row = row->next)
        for (const struct ln_node *item = row->first; item; item = item->next)
            if (!ln_node_number(item, data++))
                return ln_mark_error(reader->err, item->mark, "%s: %.60s is not a finite number",
                                     key, ln_node_what(item));
    return LN_OK;
}

/* One file after the other may be named; together they must fit into memory too. */
static int take_share(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                      size_t count) {
    *reader->n_matrix += count;
    if (*reader->n_matrix <= LN_MATRICES_MOST)
        return LN_OK;
    return ln_mark_error(reader->err, mark,
                         "%s: the matrices of this sweep have more than %d elements together; use "
                         "smaller or fewer ones",
                         key, LN_MATRICES_MOST);
}

static int read_csv(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                    const char *path, struct ln_matrix *matrix) {
    int status = ln_csv_read(reader, key, mark, path, matrix);
    return status ? status
                  : take_share(reader, key, mark, (size_t)matrix->rows * (size_t)matrix->cols);
}

static int read_hdf5(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                     const char *path, const char *dataset, struct ln_matrix *matrix) {
    if (!reader->read_hdf5)
        return ln_mark_error(reader->err, mark, "%s: HDF5 files cannot be read here; use .csv",
                             key);
    int rows = 0, cols = 0;
    double *data = NULL;
    int status = reader->read_hdf5(path, dataset, &rows, &cols, &data, reader->err);
    if (status) {
        ln_err_prefix(reader->err, "%s:%d:%d: %s: ", mark.file, mark.line, mark.column, key);
        return status;
    }
    size_t n = (size_t)rows * (size_t)cols;
    double *kept =
        n > 0 && n <= LN_MATRIX_MOST ? ln_arena_try(reader->arena, n, sizeof *kept) : NULL;
    if (!kept)
        status = ln_mark_error(reader->err, mark,
                               "%s: the matrix is %d x %d; it must have from 1 to %d elements", key,
                               rows, cols, LN_MATRIX_MOST);
    for (size_t i = 0; !status && i < n; i++) {
        kept[i] = data[i];
        if (!isfinite(data[i]))
            status = ln_mark_error(reader->err, mark,
                                   "%s: row %zu, column %zu of the matrix is not finite", key,
                                   i / (size_t)cols + 1, i % (size_t)cols + 1);
    }
    *matrix = (struct ln_matrix){rows, cols, kept};
    free(data);
    return status ? status : take_share(reader, key, mark, n);
}

static const char *beside(const struct ln_reader *reader, const char *name) {
    const char *slash = strrchr(reader->path, '/');
    if (name[0] == '/' || !slash)
        return name;
    return ln_arena_print(reader->arena, "%.*s/%s", (int)(slash - reader->path), reader->path,
                          name);
}

static bool ends_in(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcasecmp(name + n - m, ending) == 0;
}

static int parse_file(const struct ln_reader *reader, const char *key, const struct ln_node *node,
                      struct ln_matrix *matrix) {
    const struct ln_node *file = ln_node_find(node, "file");
    const struct ln_node *dataset = ln_node_find(node, "dataset");
    for (const struct ln_node *item = node->first; item; item = item->next)
        if (item != file && item != dataset)
            return ln_mark_error(reader->err, item->key->mark,
                                 "%s: unknown key '%.60s'; a matrix from a file has the keys file "
                                 "and dataset",
                                 key, item->key->text);
        else if (item->kind != LN_NODE_SCALAR || ln_node_is_null(item))
            return ln_mark_error(reader->err, item->mark, "%s.%s must be a string", key,
                                 item->key->text);
    if (!file)
        return wants(reader, key, node);
    const char *path = beside(reader, file->text);
    if (ends_in(path, ".csv")) {
        if (dataset)
            return ln_mark_error(reader->err, dataset->key->mark,
                                 "%s: a CSV file has no datasets; leave the key out", key);
        return read_csv(reader, key, file->mark, path, matrix);
    }
    if (!ends_in(path, ".h5") && !ends_in(path, ".hdf5"))
        return ln_mark_error(reader->err, file->mark,
                             "%s: %.200s is of no known kind; the name must end in .csv, .h5 or "
                             ".hdf5",
                             key, file->text);
    if (!dataset)
        return ln_mark_error(reader->err, file->mark,
                             "%s: the key dataset is missing; write {file: %.100s, dataset: name}",
                             key, file->text);
    return read_hdf5(reader, key, file->mark, path, dataset->text, matrix);
}

int ln_matrix_parse(const struct ln_reader *reader, const char *key, const struct ln_node *node,
                    struct ln_matrix *matrix) {
    if (node->kind == LN_NODE_LIST)
        return parse_inline(reader, key, node, matrix);
    if (node->kind == LN_NODE_MAP)
        return parse_file(reader, key, node, matrix);
    return wants(reader, key, node);
}

enum { SPELLED_MOST = 64 };

const char *ln_matrix_text(const struct ln_reader *reader, const struct ln_matrix *matrix) {
    size_t n = (size_t)matrix->rows * (size_t)matrix->cols;
    if (n > SPELLED_MOST)
        return ln_arena_print(reader->arena, "matrix(%dx%d, xxh64 %016llx)", matrix->rows,
                              matrix->cols,
                              (unsigned long long)XXH64(matrix->data, n * sizeof(double), 0));
    struct ln_text text = {0};
    char number[LN_NUMBER_CHARS];
    for (size_t i = 0; i < n; i++) {
        size_t col = i % (size_t)matrix->cols;
        ln_text_add(&text, "%s%s",
                    i == 0     ? "[["
                    : col == 0 ? "], ["
                               : ", ",
                    ln_text_number(matrix->data[i], number));
    }
    ln_text_add(&text, "]]");
    return ln_text_keep(&text, reader->arena);
}
