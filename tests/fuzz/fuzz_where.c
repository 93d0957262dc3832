/* A condition of `where` by itself, in a sweep of three axes: parsed, and evaluated in every cell.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/sweep.h"
#include "target.h"

static const char text[] = "linnet: 1\n"
                           "axes:\n"
                           "  depth: [1, 2, 5]\n"
                           "  step_size: [0.1, 0.5]\n"
                           "  init_kind: [identity, orthogonal]\n";

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    return 0;
}

/* In a block of YAML every line end stays, and no character means anything. */
static char *in_block(const uint8_t *data, size_t size) {
    char *set = calloc(1, 2 * size + 16), *to = set;
    to += strlen(strcpy(to, "where=|-\n "));
    for (size_t i = 0; i < size && data[i]; i++) {
        *to++ = (char)data[i];
        if (data[i] == '\n')
            *to++ = ' ';
    }
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct ln_point point;
    struct ln_sweep *sweep = NULL;
    struct ln_err err = {0};
    char *set = in_block(data, size);
    const char *sets[] = {set};
    int status = ln_sweep_parse("f.yaml", text, strlen(text), sets, 1, NULL, &sweep, &err);
    assert(status == LN_OK || (status == LN_INPUT && !sweep && err.text[0]));
    for (int64_t cell = 0; sweep && cell < ln_sweep_n_cells(sweep); cell++)
        ln_sweep_point(sweep, cell, &point);
    ln_sweep_free(sweep);
    free(set);
    return 0;
}
