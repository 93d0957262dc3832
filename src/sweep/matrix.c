/* Matrices: written inline, read from a CSV file, or from an HDF5 file through the reader's
 * callback. */
#include "value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "text.h"

static int wants(const struct ln_reader *reader, const char *key, const struct ln_node *node) {
    return ln_mark_error(reader->err, node->mark,
                         "%s is %.60s; a matrix is [[1, 2], [3, 4]] row by row, or {file: x.csv}, "
                         "or {file: x.h5, dataset: name}",
                         key, ln_node_what(node));
}

static int parse_row(const struct ln_reader *reader, const char *key, const struct ln_node *row,
                     int cols, double *out) {
    if (row->count != cols)
        return ln_mark_error(reader->err, row->mark,
                             "%s: this row has %d numbers, the first has %d; all rows must be "
                             "equally long",
                             key, row->count, cols);
    for (const struct ln_node *item = row->first; item; item = item->next)
        if (!ln_node_number(item, out++))
            return ln_mark_error(reader->err, item->mark, "%s: %.60s is not a finite number", key,
                                 ln_node_what(item));
    return LN_OK;
}

static int parse_inline(const struct ln_reader *reader, const char *key, const struct ln_node *node,
                        struct ln_matrix *matrix) {
    if (node->count == 0)
        return ln_mark_error(reader->err, node->mark, "%s has no rows; write [[1, 2], [3, 4]]",
                             key);
    for (const struct ln_node *row = node->first; row; row = row->next)
        if (row->kind != LN_NODE_LIST || row->count == 0)
            return wants(reader, key, row);
    int rows = node->count, cols = node->first->count;
    double *data = ln_arena_take(reader->arena, (size_t)rows * (size_t)cols, sizeof *data);
    int i = 0;
    for (const struct ln_node *row = node->first; row; row = row->next) {
        int status = parse_row(reader, key, row, cols, data + (size_t)i++ * (size_t)cols);
        if (status)
            return status;
    }
    *matrix = (struct ln_matrix){rows, cols, data};
    return LN_OK;
}

/* Numbers of a file while they come in. */
struct csv {
    struct ln_mark at; /* in the file */
    double *data;
    size_t count, size;
    int rows, cols;
    struct ln_err *err;
};

static int csv_push(struct csv *csv, double number) {
    if (csv->count == LN_MATRIX_MOST)
        return ln_mark_error(csv->err, csv->at, "more than %d numbers in one matrix",
                             LN_MATRIX_MOST);
    if (csv->count == csv->size) {
        csv->size = 2 * csv->size + 64;
        double *more = realloc(csv->data, csv->size * sizeof *more);
        if (!more)
            return ln_err_set(csv->err, LN_FATAL, "out of memory while reading %s", csv->at.file);
        csv->data = more;
    }
    csv->data[csv->count++] = number;
    return LN_OK;
}

/* Commas and blanks both separate; # begins a comment. */
static int csv_line(struct csv *csv, const char *line) {
    int cols = 0;
    const char *at = line;
    for (;;) {
        at += strspn(at, ", \t\r\n");
        if (*at == '\0' || *at == '#')
            break;
        size_t n = strcspn(at, ", \t\r\n#");
        csv->at.column = (int)(at - line) + 1;
        char *end;
        double number = strtod(at, &end);
        if (end != at + n || !isfinite(number))
            return ln_mark_error(csv->err, csv->at,
                                 "'%.*s' is not a finite number; a CSV file holds numbers "
                                 "separated by commas or blanks, and comments after #",
                                 (int)(n < 40 ? n : 40), at);
        int status = csv_push(csv, number);
        if (status)
            return status;
        at = end;
        cols++;
    }
    csv->at.column = 1;
    if (cols > 0 && csv->rows > 0 && cols != csv->cols)
        return ln_mark_error(csv->err, csv->at,
                             "this row has %d numbers, the first has %d; all rows must be equally "
                             "long",
                             cols, csv->cols);
    if (cols > 0) {
        csv->cols = cols;
        csv->rows++;
    }
    return LN_OK;
}

static int read_csv(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                    const char *path, struct ln_matrix *matrix) {
    struct csv csv = {.at = {path, 0, 1}, .err = reader->err};
    char *line = NULL;
    size_t size = 0;
    int status = LN_OK;
    FILE *file = fopen(path, "r");
    if (!file)
        return ln_mark_error(reader->err, mark, "%s: cannot open %s: %s", key, path,
                             strerror(errno));
    errno = 0;
    while (!status && getline(&line, &size, file) >= 0) {
        csv.at.line++;
        status = csv_line(&csv, line);
    }
    if (!status && ferror(file))
        status =
            ln_mark_error(reader->err, mark, "%s: cannot read %s: %s", key, path, strerror(errno));
    if (!status && csv.count == 0)
        status = ln_mark_error(reader->err, (struct ln_mark){path, 1, 1},
                               "no numbers in it; %s is to be a matrix, one row a line", key);
    if (!status) {
        double *data = ln_arena_try(reader->arena, csv.count, sizeof *data);
        if (data)
            memcpy(data, csv.data, csv.count * sizeof *data);
        else
            status = ln_err_set(reader->err, LN_FATAL, "out of memory while reading %s", path);
        *matrix = (struct ln_matrix){csv.rows, csv.cols, data};
    }
    free(csv.data);
    free(line);
    fclose(file);
    return status;
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
    return status;
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
