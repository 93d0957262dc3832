/* Parameters and catalogue entries: the vocabulary in which a model, an algorithm, an observable
 * says what it needs. The same tables validate sweep files, fill `linnet list`, document the
 * results file. */
#ifndef LINNET_PARAM_H
#define LINNET_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ln_type {
    LN_INT,      /* one integer */
    LN_REAL,     /* one number */
    LN_BOOL,     /* true or false */
    LN_CHOICE,   /* one word of `choices` */
    LN_TEXT,     /* a string */
    LN_INTS,     /* one integer or a list of integers */
    LN_REALS,    /* one number or a list of numbers */
    LN_MATRIX,   /* [[1, 2], [3, 4]] row by row, or {file: x.csv} or {file: x.h5, dataset: name} */
    LN_MATRICES, /* a list of matrices */
};

/* rows x cols, row-major. */
struct ln_matrix {
    int rows, cols;
    const double *data;
};

struct ln_value {
    bool is_set;                      /* false: left out, and the default is "~" */
    int64_t integer;                  /* INT, BOOL, CHOICE (index into choices) */
    double real;                      /* REAL, and INT as a number */
    int count;                        /* elements of INTS, REALS, MATRICES; 1 for MATRIX */
    const int64_t *integers;          /* INTS */
    const double *reals;              /* REALS */
    const struct ln_matrix *matrices; /* MATRIX, MATRICES */
    const char *text; /* TEXT, CHOICE; for the others the canonical text of the value */
};

struct ln_param {
    const char *name; /* key inside its section; a dot descends: "stop.hold" is stop: {hold: ...} */
    enum ln_type type;
    const char *fallback; /* default, written as in YAML; "~" unset; NULL: must be given */
    double low, high;     /* allowed range of every number; both 0: any finite number */
    bool low_open;        /* low itself is not allowed */
    const char *choices;  /* CHOICE: words separated by one space */
    const char *units;    /* CF units; NULL or "1": none */
    const char *doc;      /* one sentence */
};

/* A parameter table with a value for every row. */
struct ln_conf {
    const struct ln_param *params;
    const struct ln_value *values;
    int n_params;
};

/* First member of every catalogue entry. */
struct ln_entry {
    const char *name;
    const char *doc;    /* one sentence */
    const char *source; /* paper and statement; NULL: common knowledge */
    const struct ln_param *params;
    int n_params;
};

/* All entries of one kind, in the order of the folder's list.h. */
struct ln_catalogue {
    const char *what; /* "model", "initialisation", ... */
    const struct ln_entry *const *entries;
    int n_entries;
};

#define LN_PARAMS(table) .params = (table), .n_params = (int)(sizeof(table) / sizeof((table)[0]))

/* The entry of that name, or NULL. */
const struct ln_entry *ln_catalogue_find(const struct ln_catalogue *catalogue, const char *name);

/* The value of a parameter; the name must be in the table (asserted). */
const struct ln_value *ln_conf_value(const struct ln_conf *conf, const char *name);
bool ln_conf_is_set(const struct ln_conf *conf, const char *name);
int64_t ln_conf_int(const struct ln_conf *conf, const char *name);
double ln_conf_real(const struct ln_conf *conf, const char *name);
bool ln_conf_bool(const struct ln_conf *conf, const char *name);
bool ln_conf_is(const struct ln_conf *conf, const char *name, const char *choice);
const struct ln_matrix *ln_conf_matrix(const struct ln_conf *conf, const char *name);

#endif
