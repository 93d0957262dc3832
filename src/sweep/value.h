/* One node -> one value, by the row of the parameter table that describes it. */
#ifndef LINNET_SWEEP_VALUE_H
#define LINNET_SWEEP_VALUE_H

#include "yaml.h"

#include "linnet/param.h"
#include "linnet/sweep.h"

/* Elements of one matrix, and of all matrices of a sweep that come from files. */
enum { LN_MATRIX_MOST = 64 << 20, LN_MATRICES_MOST = 2 * LN_MATRIX_MOST };

/* What values need besides their text. */
struct ln_reader {
    struct ln_arena *arena;
    const char *path; /* of the sweep file: base of relative names */
    ln_read_matrix *read_hdf5;
    struct ln_err *err;
    size_t *n_matrix; /* elements taken from files so far */
};

/* Parses and checks. `key` is the full key for messages ("model.depth"). The value's text is its
 * canonical spelling. Errors: LN_INPUT at the node; LN_FATAL. */
int ln_value_parse(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                   const struct ln_node *node, struct ln_value *value);

/* The default of the table; the parameter must have one. A default that its own table refuses is an
 * error of LN_INPUT too: the table tests run every one of them. */
int ln_value_fallback(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                      struct ln_value *value);

/* A value made by an axis form: checked like a written one. */
int ln_value_number(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                    struct ln_mark mark, double number, struct ln_value *value);

/* Whether the parameter takes a single number, so that numeric axis forms apply. */
bool ln_param_is_numeric(const struct ln_param *param);

/* A plain finite number of the YAML core schema. */
bool ln_node_number(const struct ln_node *node, double *number);
bool ln_node_integer(const struct ln_node *node, int64_t *integer); /* 1e4 too */

/* "a whole number of at least 1", for messages. */
const char *ln_param_wants(const struct ln_reader *reader, const struct ln_param *param);

/* [[1, 2], [3, 4]] or {file: ..., dataset: ...}. */
int ln_matrix_parse(const struct ln_reader *reader, const char *key, const struct ln_node *node,
                    struct ln_matrix *matrix);

/* The same from a CSV file; mark: where the sweep names it. */
int ln_csv_read(const struct ln_reader *reader, const char *key, struct ln_mark mark,
                const char *path, struct ln_matrix *matrix);

/* Its canonical spelling: the numbers, or shape and digest where there are many. */
const char *ln_matrix_text(const struct ln_reader *reader, const struct ln_matrix *matrix);

#endif
