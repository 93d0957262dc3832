/* A matrix from a CSV file, one row a line; commas and blanks both separate, # begins a comment.
 *
 * The file comes in byte by byte and nothing is kept but its numbers, so a line without end or a
 * device that never dries up costs no memory. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "value.h"

enum { WORD_MOST = 400 }; /* characters of one number */

/* Numbers of a file while they come in. */
struct csv {
    const struct ln_reader *reader;
    struct ln_mark at; /* in the file */
    char word[WORD_MOST + 1];
    int n_word; /* characters of it so far */
    bool is_comment;
    double *data;
    size_t count, size;
    int rows, cols, row; /* row: numbers in this line so far */
};

static int push(struct csv *csv, double number) {
    if (csv->count == LN_MATRIX_MOST)
        return ln_mark_error(csv->reader->err, csv->at, "more than %d numbers in one matrix",
                             LN_MATRIX_MOST);
    if (csv->count == csv->size) {
        csv->size = 2 * csv->size + 64;
        double *more = realloc(csv->data, csv->size * sizeof *more);
        if (!more)
            return ln_err_set(csv->reader->err, LN_FATAL, "out of memory while reading %s",
                              csv->at.file);
        csv->data = more;
    }
    csv->data[csv->count++] = number;
    csv->row++;
    return LN_OK;
}

static int end_word(struct csv *csv) {
    if (csv->n_word == 0)
        return LN_OK;
    char *end;
    struct ln_mark mark = csv->at;
    mark.column -= csv->n_word;
    csv->word[csv->n_word] = '\0';
    bool is_plain = csv->word[strspn(csv->word, "+-.0123456789eE")] == '\0';
    double number = strtod(csv->word, &end);
    if (!is_plain || *end != '\0' || !isfinite(number))
        return ln_mark_error(csv->reader->err, mark,
                             "'%.40s' is not a finite number; a CSV file holds numbers separated "
                             "by commas or blanks, and comments after #",
                             csv->word);
    csv->n_word = 0;
    return push(csv, number);
}

static int end_line(struct csv *csv) {
    struct ln_mark mark = {csv->at.file, csv->at.line, 1};
    if (csv->row > 0 && csv->rows > 0 && csv->row != csv->cols)
        return ln_mark_error(csv->reader->err, mark,
                             "this row has %d numbers, the first has %d; all rows must be equally "
                             "long",
                             csv->row, csv->cols);
    if (csv->row > 0) {
        csv->cols = csv->row;
        csv->rows++;
    }
    csv->row = 0;
    csv->is_comment = false;
    return LN_OK;
}

/* One character; line and column are its own until the next. */
static int take(struct csv *csv, int c) {
    int status = LN_OK;
    bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
    if (c == '\n') {
        status = end_word(csv);
        status = status ? status : end_line(csv);
        csv->at.line++;
        csv->at.column = 0;
    } else if (!csv->is_comment && (is_blank || c == '#')) {
        status = end_word(csv);
        csv->is_comment = c == '#';
    } else if (!csv->is_comment) {
        if (c < 0x20 || c == 0x7F)
            return ln_mark_error(csv->reader->err, csv->at,
                                 "byte 0x%02x is not text; a CSV file holds numbers", c);
        if (csv->n_word == WORD_MOST)
            return ln_mark_error(csv->reader->err, csv->at,
                                 "a word of more than %d characters is no number", WORD_MOST);
        csv->word[csv->n_word++] = (char)c;
    }
    csv->at.column++;
    return status;
}

static int take_all(struct csv *csv, FILE *file, const char *key, struct ln_mark mark) {
    int status = LN_OK, c;
    errno = 0;
    while (!status && (c = getc_unlocked(file)) != EOF)
        status = take(csv, c);
    if (!status && ferror(file))
        return ln_mark_error(csv->reader->err, mark, "%s: cannot read %s: %s", key, csv->at.file,
                             strerror(errno));
    if (!status)
        status = end_word(csv);
    if (!status)
        status = end_line(csv);
    if (!status && csv->count == 0)
        status = ln_mark_error(csv->reader->err, (struct ln_mark){csv->at.file, 1, 1},
                               "no numbers in it; %s is to be a matrix, one row a line", key);
    return status;
}

/* O_NONBLOCK: a pipe of that name would wait for its writer; only a file is taken. */
static FILE *open_file(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                       const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool is_file = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    FILE *file = is_file ? fdopen(fd, "r") : NULL;
    if (file)
        return file;
    ln_mark_error(reader->err, mark, "%s: cannot open %s: %s", key, path,
                  fd >= 0 && !is_file ? "it is no regular file" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

int ln_csv_read(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                const char *path, struct ln_matrix *matrix) {
    struct csv csv = {.reader = reader, .at = {path, 1, 1}};
    FILE *file = open_file(reader, key, mark, path);
    if (!file)
        return LN_INPUT;
    int status = take_all(&csv, file, key, mark);
    if (!status) {
        double *data = ln_arena_try(reader->arena, csv.count, sizeof *data);
        if (data)
            memcpy(data, csv.data, csv.count * sizeof *data);
        else
            status = ln_err_set(reader->err, LN_FATAL, "out of memory while reading %s", path);
        *matrix = (struct ln_matrix){csv.rows, csv.cols, data};
    }
    free(csv.data);
    fclose(file);
    return status;
}
