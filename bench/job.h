/* A sweep that a benchmark runs through the engine, again and again, without MPI and without a
 * results file. Any error ends the program with its message: a benchmark has nobody to tell. */
#ifndef LINNET_BENCH_JOB_H
#define LINNET_BENCH_JOB_H

#include "linnet/column.h"
#include "linnet/plan.h"
#include "linnet/sweep.h"

struct ln_engine;

struct ln_bench_job {
    char *text;
    struct ln_sweep *sweep;
    struct ln_layout layout;
    struct ln_plan *plan;
    struct ln_engine *engine;
    char *rows; /* [n_cells][layout.row_bytes], of the last run */
    /* What to do with a finished row besides keeping it; NULL: nothing. */
    int (*write)(void *ctx, int64_t cell, const void *row, struct ln_err *err);
    void *write_ctx;
};

/* sets: "key.path=value" overrides. */
void ln_bench_load(struct ln_bench_job *job, const char *path, const char *const *sets, int n_sets);
void ln_bench_unload(struct ln_bench_job *job);

/* The same as a command of serve.h has it, "PATH key.path=value ...", in place of what was loaded.
 */
void ln_bench_load_words(struct ln_bench_job *job, char *rest);

/* Trains every point of the plan, longest first, group by group. */
void ln_bench_train(struct ln_bench_job *job);

/* A number of a column of the last run, or element `index` of one with more. Columns of whole
 * numbers count as doubles. */
double ln_bench_number(const struct ln_bench_job *job, int64_t cell, const char *column);
double ln_bench_element(const struct ln_bench_job *job, int64_t cell, const char *column,
                        int64_t index);

_Noreturn void ln_bench_die(const char *what);

#endif
