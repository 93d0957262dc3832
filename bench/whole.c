/* The whole engine under the driver's orders:
 *
 *   load SWEEP [key=value ...]   the sweep to run
 *   case FILE                    its target, step size and start weights, for the opponents
 *   run                          trains every point of it
 *   losses                       final loss of every point of the last run
 *   peak SECONDS                 how fast this core is: FMA peak, and dgemm; the share of it that
 * we got
 */
#include <stdio.h>
#include <stdlib.h>

#include "job.h"
#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/train.h"
#include "measure.h"
#include "serve.h"

static struct ln_bench_job job;

static void load(char *rest) {
    ln_bench_load_words(&job, rest);
    printf("{\"points\": %lld, \"groups\": %d, \"lanes\": %d}\n", (long long)job.plan->n_points,
           job.plan->n_groups, job.plan->groups[0].lanes);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double steps_run(void) {
    double steps = 0;
    for (int64_t i = 0; i < job.plan->n_points; i++)
        steps += ln_bench_number(&job, job.plan->ids[i], "steps");
    return steps;
}

/* Longest over median run, in steps. */
static double tail(void) {
    int64_t n = job.plan->n_points;
    double *all = ln_linalg_alloc((size_t)n, sizeof(double));
    for (int64_t i = 0; i < n; i++)
        all[i] = ln_bench_number(&job, job.plan->ids[i], "steps");
    qsort(all, (size_t)n, sizeof *all, ascending);
    double ratio = all[n - 1] / all[n / 2];
    free(all);
    return ratio;
}

static void run(char *rest) {
    (void)rest;
    struct ln_train_use before = *ln_engine_use(job.engine);
    double peak = ln_bench_peak(2e-3), wall = ln_bench_wall(), cpu = ln_bench_cpu();
    ln_bench_train(&job);
    cpu = ln_bench_cpu() - cpu;
    wall = ln_bench_wall() - wall;
    double after = ln_bench_peak(2e-3);
    const struct ln_train_use *use = ln_engine_use(job.engine);
    printf(
        "{\"cpu\": %.9g, \"wall\": %.9g, \"steps\": %.17g, \"peak\": %.6g, \"lane_steps\": %.17g, "
        "\"busy_steps\": %.17g, \"tail\": %.6g}\n",
        cpu, wall, steps_run(), after > peak ? after : peak, use->lane_steps - before.lane_steps,
        use->busy_steps - before.busy_steps, tail());
}

static void losses(char *rest) {
    (void)rest;
    for (int64_t i = 0; i < job.plan->n_cells; i++)
        printf("%s%.17g", i ? ", " : "{\"losses\": [", ln_bench_number(&job, i, "final_loss"));
    printf("]}\n");
}

/* One line "d N points eta", then doubles: Phi [d x d], and of each point W_1 .. W_N. */
static void write_case(char *rest) {
    const char *path = ln_bench_word(rest);
    static struct ln_point point;
    struct ln_problem *problem;
    struct ln_shape shape;
    struct ln_err err = {0};
    ln_sweep_point(job.sweep, 0, &point);
    if (ln_train_shape(&point, &shape, &err) != LN_OK ||
        ln_problem_create(&point, &problem, &err) != LN_OK)
        ln_bench_die(err.text);
    FILE *file = fopen(path, "wb");
    if (!file)
        ln_bench_die(path);
    int d = problem->d_in;
    fprintf(file, "%d %d %lld %.17g\n", d, shape.n_layers, (long long)job.plan->n_cells,
            ln_conf_real(&point.conf[LN_TRAIN], "step_size"));
    fwrite(problem->target, sizeof(double), (size_t)d * d, file);
    double *weights = ln_linalg_alloc((size_t)shape.n_state, sizeof(double));
    for (int64_t cell = 0; cell < job.plan->n_cells; cell++) {
        ln_sweep_point(job.sweep, cell, &point);
        ln_init_fill(&point, &shape, weights);
        fwrite(weights, sizeof(double), (size_t)shape.n_weights, file);
    }
    free(weights);
    ln_problem_free(problem);
    if (fclose(file) != 0)
        ln_bench_die(path);
    printf("{}\n");
}

static void peak(char *rest) {
    double seconds = atof(ln_bench_word(rest)), wall = ln_bench_wall(), cpu = ln_bench_cpu();
    double peak = ln_bench_peak(0.5 * seconds), reference = ln_bench_reference(0.5 * seconds);
    cpu = ln_bench_cpu() - cpu;
    wall = ln_bench_wall() - wall;
    printf("{\"peak\": %.6g, \"reference\": %.6g, \"share\": %.4f}\n", peak, reference, cpu / wall);
}

int main(void) {
    const struct ln_bench_verb verbs[] = {{"load", load},       {"run", run},   {"losses", losses},
                                          {"case", write_case}, {"peak", peak}, {NULL, NULL}};
    ln_bench_serve(verbs);
    if (job.sweep)
        ln_bench_unload(&job);
    return 0;
}
