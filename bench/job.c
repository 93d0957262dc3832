#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "serve.h"

/* One group of the plan, handed out point by point. */
struct source {
    struct ln_bench_job *job;
    const int64_t *next, *end;
};

void ln_bench_die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(EXIT_FAILURE);
}

static char *read_text(const char *path, size_t *size) {
    FILE *file = fopen(path, "r");
    if (!file)
        ln_bench_die(path);
    enum { MOST = 1 << 20 };
    char *text = ln_linalg_alloc(MOST, 1);
    *size = fread(text, 1, MOST - 1, file);
    fclose(file);
    return text;
}

void ln_bench_load(struct ln_bench_job *job, const char *path, const char *const *sets,
                   int n_sets) {
    struct ln_err err = {0};
    size_t size;
    memset(job, 0, sizeof *job);
    job->text = read_text(path, &size);
    int status = ln_sweep_parse(path, job->text, size, sets, n_sets, NULL, &job->sweep, &err);
    if (status == LN_OK)
        status = ln_engine_layout(job->sweep, &job->layout, &err);
    if (status == LN_OK)
        status = ln_plan_create(job->sweep, NULL, &job->plan, &err);
    if (status == LN_OK)
        status = ln_engine_create(job->sweep, &job->layout, &job->engine, &err);
    if (status != LN_OK)
        ln_bench_die(err.text);
    job->rows = ln_linalg_alloc((size_t)ln_sweep_n_cells(job->sweep), job->layout.row_bytes);
}

void ln_bench_unload(struct ln_bench_job *job) {
    ln_engine_free(job->engine);
    ln_plan_free(job->plan);
    ln_sweep_free(job->sweep);
    free(job->rows);
    free(job->text);
    memset(job, 0, sizeof *job);
}

void ln_bench_load_words(struct ln_bench_job *job, char *rest) {
    enum { MOST_SETS = 16 };
    const char *sets[MOST_SETS], *path = ln_bench_word(rest);
    int n = 0;
    for (char *set; n < MOST_SETS && (set = strtok(NULL, " \n"));)
        sets[n++] = set;
    if (job->sweep)
        ln_bench_unload(job);
    ln_bench_load(job, path, sets, n);
}

static bool next(void *ctx, int64_t *cell) {
    struct source *source = ctx;
    if (source->next == source->end)
        return false;
    *cell = *source->next++;
    return true;
}

static int finish(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    struct ln_bench_job *job = ((struct source *)ctx)->job;
    memcpy(job->rows + (size_t)cell * job->layout.row_bytes, row, job->layout.row_bytes);
    return job->write ? job->write(job->write_ctx, cell, row, err) : LN_OK;
}

static bool poll(void *ctx) {
    (void)ctx;
    return false;
}

void ln_bench_train(struct ln_bench_job *job) {
    for (int g = 0; g < job->plan->n_groups; g++) {
        const struct ln_group *group = &job->plan->groups[g];
        const int64_t *first = job->plan->ids + group->first;
        struct source source = {job, first, first + group->count};
        const struct ln_engine_hooks hooks = {
            .ctx = &source, .next = next, .finish = finish, .poll = poll};
        struct ln_err err = {0};
        if (ln_engine_run(job->engine, &hooks, &err) != LN_OK)
            ln_bench_die(err.text);
    }
}

double ln_bench_number(const struct ln_bench_job *job, int64_t cell, const char *name) {
    return ln_bench_element(job, cell, name, 0);
}

double ln_bench_element(const struct ln_bench_job *job, int64_t cell, const char *name,
                        int64_t index) {
    const struct ln_column *column = ln_layout_find(&job->layout, name);
    if (!column)
        ln_bench_die(name);
    const char *at = job->rows + (size_t)cell * job->layout.row_bytes + column->offset +
                     (size_t)index * ln_ctype_bytes(column->type);
    double real;
    int64_t whole;
    if (column->type == LN_I64) {
        memcpy(&whole, at, sizeof whole);
        return (double)whole;
    }
    if (column->type != LN_F64)
        return *(const int8_t *)at;
    memcpy(&real, at, sizeof real);
    return real;
}
