/* linnet submit: a job script that fits the sweep, and its way into the queue. */
#include "submit.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

struct submission {
    struct submit_request request;
    struct submit_paths paths;
    struct submit_size size;
    char *script, *merge; /* texts */
};

static void print_dry(const struct submission *submission) {
    const struct submit_paths *paths = &submission->paths;
    const char *after = submission->request.after;
    fputs(submission->script, stdout);
    printf("\n# would be %s, submitted with\n# sbatch %s%s%s%s\n", cli_shown(paths->script),
           after ? "--dependency=afterany:" : "", after ? after : "", after ? " " : "",
           cli_shown(paths->script));
    if (!submission->merge)
        return;
    printf("\n%s\n# would be %s, submitted with\n# sbatch --dependency=afterany:JOBID %s\n",
           submission->merge, cli_shown(paths->merge), cli_shown(paths->merge));
}

static int send_off(const struct submission *submission, struct ln_err *err) {
    const struct submit_paths *paths = &submission->paths;
    char job[32], merge[32];
    if (submit_save(paths->script, submission->script, err) ||
        (paths->merge && submit_save(paths->merge, submission->merge, err)))
        return (int)err->status;
    if (submit_send(paths->script, submission->request.after, job, err) != LN_OK)
        return ln_err_prefix(err, "%s is written, but not submitted: ", paths->script);
    printf("%sjob %s: %s; log %s-%s%s.log\n", submission->size.notes, job, cli_shown(paths->script),
           paths->name, job, paths->merge ? "_SHARD" : "");
    if (!paths->merge)
        return LN_OK;
    if (submit_send(paths->merge, job, merge, err) != LN_OK)
        return ln_err_prefix(err, "the shards are job %s, but nothing joins them (%s): ", job,
                             paths->merge);
    printf("job %s joins the shards when they are done: %s\n", merge, cli_shown(paths->merge));
    return LN_OK;
}

static int do_submit(struct submission *submission, struct ln_err *err) {
    struct ln_sweep *sweep = NULL;
    const struct submit_request *request = &submission->request;
    int status = cli_read_sweep(request->sweep_path, request->sets, request->n_sets, &sweep, err);
    if (status == LN_OK)
        status = submit_paths_find(&submission->paths, request, err);
    if (status == LN_OK)
        status = submit_size(request, sweep, &submission->size, err);
    ln_sweep_free(sweep);
    if (status != LN_OK)
        return status;
    if (submission->size.n_points == 0) {
        printf("%s: all %lld points are done; there is nothing to submit\n",
               cli_shown(request->output), (long long)submission->size.n_done);
        return LN_OK;
    }
    submit_put_lines(stderr, "linnet: warning: ", submission->size.warnings);
    submission->script = submit_script(request, &submission->paths, &submission->size);
    if (request->n_shards > 0)
        submission->merge = submit_merge_script(request, &submission->paths, &submission->size);
    if (!request->is_dry)
        return send_off(submission, err);
    print_dry(submission);
    return LN_OK;
}

static int run(int argc, char **argv) {
    struct submission *submission = ln_linalg_alloc(1, sizeof *submission);
    struct ln_err err = {0};
    int status = submit_read_options(&submission->request, argc, argv);
    if (status == LN_OK) {
        ln_linalg_start();
        status = do_submit(submission, &err);
        if (status != LN_OK)
            cli_fail(&err);
    }
    free(submission->script);
    free(submission->merge);
    submit_size_clear(&submission->size);
    submit_paths_clear(&submission->paths);
    free(submission);
    return status == -1 ? LN_OK : status;
}

const struct command command_submit = {
    "submit",
    "linnet submit SWEEP.yaml [-o OUT.h5] [--ntasks P] [--nodes N] [--time T] [--shards K] "
    "[options] "
    "[--dry-run]",
    "Writes a Slurm job script for a sweep, sized from its plan, and submits it.",
    "\n  -o, --output OUT.h5      results file; default: the sweep's name with .h5, here. The "
    "script is\n"
    "                           OUT.sbatch\n"
    "  -n, --ntasks P           ranks; default: as many as the plan keeps busy\n"
    "  -N, --nodes N            on so many nodes; without --ntasks, all their cores\n"
    "  -t, --time T             limit of one job, as run --walltime: 4:00:00, 1-12:00:00, 90min, "
    "4h, "
    "3600s, or\n"
    "                           minutes; default: by the plan. What is not done then goes on in "
    "the "
    "next\n"
    "      --shards K           an array of K jobs of that size, and one that joins their files\n"
    "  -p, --partition P   -A, --account A   -q, --qos Q   -C, --constraint C   --mem-per-cpu M\n"
    "                           as sbatch takes them\n"
    "      --launcher L         srun (default) or mpirun\n"
    "      --set key=value      overrides a key of the sweep file\n"
    "      --after JOBID        starts when that job has ended\n"
    "      --no-requeue         for sites that do not requeue: a job that has to stop submits its "
    "successor\n"
    "      --dry-run            prints the script, and touches nothing\n\n"
    "An output that is there is gone on with, and the job sized by what it lacks.\n",
    run};
