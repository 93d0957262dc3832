/* Golden tests: a sweep goes the way it goes for users (text, plan, engine) without MPI and HDF5;
 * its rows are compared with numbers printed elsewhere.
 *
 * Numbers are given as text, because the text says how many digits are known: a number shows
 * "1.250" if it is within half a unit of the last digit written. */
#ifndef LINNET_TEST_GOLDEN_H
#define LINNET_TEST_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "linnet/column.h"
#include "linnet/sweep.h"

/* A sweep that was run. Cells are numbered row-major over the axes. */
struct golden {
    struct ln_sweep *sweep;
    struct ln_layout layout;
    char *rows; /* [n_cells][layout.row_bytes] */
};

/* Runs tests/golden/<name> of the source tree, or a text. Errors fail the test. Ownership:
 * golden_clear. */
void golden_run_file(struct golden *golden, const char *name);
void golden_run_text(struct golden *golden, const char *text);
void golden_clear(struct golden *golden);

/* Number `index` of a column of a cell. */
double golden_number(const struct golden *golden, int64_t cell, const char *column, int64_t index);

/* Number `index` of a series at a recorded step. */
double golden_at(const struct golden *golden, int64_t cell, const char *series, int64_t step,
                 int64_t index);

const char *golden_label(const struct golden *golden, int64_t cell);
const char *golden_verdict(const struct golden *golden, int64_t cell); /* of the end */

/* SplitMix64, uniform in (-1, 1): the generator of the reference numbers. */
double golden_splitmix(uint64_t *state);

/* Checks; a failure is reported at the place of the call. */
#define assert_shows(number, digits) golden_shows(number, digits, __FILE__, __LINE__)
#define assert_near(number, wanted, tolerance)                                                     \
    golden_near(number, wanted, tolerance, __FILE__, __LINE__)

/* table: "step digits, step digits, ..." of the loss. */
#define assert_loss(golden, cell, table) golden_loss(golden, cell, table, __FILE__, __LINE__)

void golden_shows(double number, const char *digits, const char *file, int line);
void golden_near(double number, double wanted, double tolerance, const char *file, int line);
void golden_loss(const struct golden *golden, int64_t cell, const char *table, const char *file,
                 int line);

#endif
