/* `linnet saddles --x x.csv --y y.csv`: the bytes before the first ';' are X, those behind it y.
 * The same reader serves the matrices of sweeps. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "saddles.h"
#include "target.h"

/* Walks of more than this are the business of the tests of the theory. */
enum { MOST_NUMBERS = 36 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    ln_linalg_start();
    return 0;
}

static void walk(const struct source *source) {
    struct ln_saddles saddles = {0};
    const struct ln_regression *regression = &source->limit.regression;
    if (regression->n * regression->d > MOST_NUMBERS)
        return;
    ln_saddles_walk(regression, &saddles);
    ln_saddles_clear(&saddles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = memchr(data, ';', size);
    size_t n_x = cut ? (size_t)(cut - data) : size;
    const char *x = scratch_path("x.csv"), *y = scratch_path("y.csv");
    struct saddles_options options = {.x = x, .y = y};
    struct source source;
    struct ln_err err = {0};
    scratch_write(x, data, n_x);
    scratch_write(y, cut ? cut + 1 : data, cut ? size - n_x - 1 : 0);
    if (source_open(&source, &options, &err) == LN_OK)
        walk(&source);
    else
        assert(err.status == LN_INPUT && err.text[0]);
    source_close(&source);
    return 0;
}
