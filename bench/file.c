/* The results file: the same sweep through the engine with every row written, and with none. One
 * rank, without the messages of the farm.
 *
 *   load SWEEP [key=value ...]
 *   run                          without a file
 *   store FILE                   into a file of its own; FILE must not be there
 */
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>

#include "job.h"
#include "linnet/store.h"
#include "measure.h"
#include "serve.h"

static struct ln_bench_job job;

/* What goes to the file, with the time it takes. */
struct writer {
    struct ln_store *store;
    double wall, cpu;
    int64_t rows;
};

static void check(int status, const struct ln_err *err) {
    if (status != LN_OK)
        ln_bench_die(err->text);
}

static int write_row(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    struct writer *writer = ctx;
    double wall = ln_bench_wall(), cpu = ln_bench_cpu();
    int status = ln_store_write(writer->store, cell, row, err);
    writer->cpu += ln_bench_cpu() - cpu;
    writer->wall += ln_bench_wall() - wall;
    writer->rows++;
    return status;
}

static void load(char *rest) {
    ln_bench_load_words(&job, rest);
    printf("{\"points\": %lld, \"row_bytes\": %zu}\n", (long long)job.plan->n_points,
           job.layout.row_bytes);
}

static void run(char *rest) {
    (void)rest;
    double wall = ln_bench_wall(), cpu = ln_bench_cpu();
    job.write = NULL;
    ln_bench_train(&job);
    cpu = ln_bench_cpu() - cpu;
    printf("{\"wall\": %.9g, \"cpu\": %.9g}\n", ln_bench_wall() - wall, cpu);
}

/* open and close: laying the file out before the first row, and what comes after the last. */
static void store(char *rest) {
    const char *path = ln_bench_word(rest);
    struct writer writer = {0};
    struct ln_err err = {0};
    bool is_resumed;
    double start = ln_bench_wall(), cpu = ln_bench_cpu();
    check(ln_store_open(path, MPI_COMM_WORLD, job.sweep, &job.layout, &writer.store, &is_resumed,
                        &err),
          &err);
    double opened = ln_bench_wall();
    job.write = write_row;
    job.write_ctx = &writer;
    ln_bench_train(&job);
    double trained = ln_bench_wall();
    check(ln_store_sync(writer.store, &err), &err);
    check(ln_store_close(writer.store, &err), &err);
    double end = ln_bench_wall();
    cpu = ln_bench_cpu() - cpu;
    printf("{\"wall\": %.9g, \"cpu\": %.9g, \"open\": %.9g, \"write\": %.9g, \"write_cpu\": %.9g, "
           "\"close\": %.9g, \"rows\": %lld}\n",
           end - start, cpu, opened - start, writer.wall, writer.cpu, end - trained,
           (long long)writer.rows);
    unlink(path);
}

int main(int argc, char **argv) {
    const struct ln_bench_verb verbs[] = {
        {"load", load}, {"run", run}, {"store", store}, {NULL, NULL}};
    MPI_Init(&argc, &argv);
    ln_bench_serve(verbs);
    MPI_Finalize();
    return 0;
}
