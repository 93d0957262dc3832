/* `linnet saddles`: the saddles a diagonal linear network visits in the limit of small scale. */
#include "saddles.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "linnet/linalg.h"

enum {
    OPTION_POINT,
    OPTION_SET,
    OPTION_X,
    OPTION_Y,
    OPTION_MEASURE,
    OPTION_FIRST,
    OPTION_SCALE,
    OPTION_OUTPUT
};

static const struct option_spec specs[] = {
    [OPTION_POINT] = {"--point", "-p", true},
    [OPTION_SET] = {"--set", NULL, true},
    [OPTION_X] = {"--x", NULL, true},
    [OPTION_Y] = {"--y", NULL, true},
    [OPTION_MEASURE] = {"--measure", NULL, true},
    [OPTION_FIRST] = {"--first-order", NULL, false},
    [OPTION_SCALE] = {"--log-scale", NULL, true},
    [OPTION_OUTPUT] = {"--output", "-o", true},
};
enum { N_SPECS = sizeof specs / sizeof specs[0] };

/* Returns -1 to go on, or an exit code. */
static int take_option(struct saddles_options *options, int option, const char *value) {
    const char **words[N_SPECS] = {[OPTION_POINT] = &options->point,
                                   [OPTION_X] = &options->x,
                                   [OPTION_Y] = &options->y,
                                   [OPTION_MEASURE] = &options->measure,
                                   [OPTION_SCALE] = &options->log_scale,
                                   [OPTION_OUTPUT] = &options->output};
    if (option == OPTION_FIRST)
        options->has_first_order = true;
    else if (option == OPTION_SET)
        return cli_take_set(&command_saddles, options->sets, &options->n_sets, value) ? -1
                                                                                      : LN_INPUT;
    else
        *words[option] = value;
    return -1;
}

static int check_options(const struct saddles_options *options) {
    int n_sources =
        (options->sweep != NULL) + (options->x || options->y) + (options->measure != NULL);
    if (n_sources != 1)
        return cli_usage(&command_saddles,
                         "%s; give a sweep, or --x and --y, or --measure with a results file",
                         n_sources ? "more than one problem" : "which problem?");
    if (!options->x != !options->y)
        return cli_usage(&command_saddles, "--x and --y belong together");
    if (options->x && (options->point || options->n_sets))
        return cli_usage(&command_saddles, "--point and --set belong to a sweep");
    if (options->measure && options->n_sets)
        return cli_usage(&command_saddles, "--set belongs to a sweep; a results file has its own");
    return -1;
}

static int parse(int argc, char **argv, struct saddles_options *options) {
    const char *value;
    int index = 1, option, code = -1;
    while (code < 0 && (option = cli_next(&command_saddles, specs, N_SPECS, argc, argv, &index,
                                          &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option >= 0)
            code = take_option(options, option, value);
        else if (!cli_take_path(&command_saddles, &options->sweep, value))
            return LN_INPUT;
    }
    return code < 0 ? check_options(options) : code;
}

/* ln(1/alpha): as given, or that of the point. */
static int take_scale(const struct saddles_options *options, struct report *report,
                      struct ln_err *err) {
    char *end;
    if (!options->log_scale)
        return LN_OK;
    errno = 0;
    report->log_scale = strtod(options->log_scale, &end);
    if (errno || *end || end == options->log_scale || !(report->log_scale > 0) ||
        !isfinite(report->log_scale))
        return ln_err_set(err, LN_INPUT,
                          "--log-scale takes ln(1/alpha), a number above 0, not '%s'",
                          options->log_scale);
    return LN_OK;
}

static int check_order(const struct source *source, const struct saddles_options *options,
                       struct ln_err *err) {
    if (options->has_first_order && source->limit.depth != 2)
        return ln_err_set(err, LN_INPUT,
                          "first-order times are those of depth 2, not %d; leave --first-order out",
                          source->limit.depth);
    return LN_OK;
}

static int work(const struct saddles_options *options, struct source *source, struct report *report,
                struct ln_err *err) {
    int status = source_open(source, options, err);
    if (status == LN_OK) {
        report->regression = &source->limit.regression;
        report->log_scale = source->limit.log_scale;
        report->time_unit = source->limit.time_unit;
        report->title = ln_sweep_name(source->sweep);
        status = take_scale(options, report, err);
    }
    if (status == LN_OK)
        status = check_order(source, options, err);
    if (status != LN_OK)
        return status;
    ln_saddles_walk(report->regression, &report->saddles);
    if ((options->has_first_order || options->measure) && source->limit.depth == 2 &&
        report->saddles.status == LN_SADDLES_DONE) {
        report->jumps = ln_linalg_alloc((size_t)report->saddles.n_jumps + 1, sizeof *report->jumps);
        ln_saddles_jumps(report->regression, &report->saddles, report->jumps);
    }
    report_print(report);
    if (report->saddles.status != LN_SADDLES_DONE)
        return ln_err_set(err, LN_INPUT, "stopped after %d jumps: %s",
                          report->saddles.n_jumps < 0 ? 0 : report->saddles.n_jumps,
                          ln_saddles_status_text[report->saddles.status]);
    if (options->measure)
        status = report_measure(report, source, err);
    return status == LN_OK && options->output ? report_store(report, options->output, err) : status;
}

static int run(int argc, char **argv) {
    struct saddles_options options = {0};
    struct source source = {0};
    struct report report = {.log_scale = (double)NAN, .time_unit = (double)NAN};
    struct ln_err err = {0};
    int code = parse(argc, argv, &options);
    if (code >= 0)
        return code;
    ln_linalg_start();
    int status = work(&options, &source, &report, &err);
    free(report.jumps);
    ln_saddles_clear(&report.saddles);
    source_close(&source);
    return status == LN_OK ? LN_OK : cli_fail(&err);
}

const struct command command_saddles = {
    "saddles",
    "linnet saddles SWEEP.yaml [--point K] | --x X.csv --y y.csv | --measure OUT.h5 [--point K]",
    "Prints the saddles and jump times of a diagonal network in the limit of small scale.",
    "\n  SWEEP.yaml          a point of a sweep with one output (--set key=value as in run); of a\n"
    "                      diagonal network the warm start and the exponents count too\n"
    "  --x X.csv           X as in the paper: one ROW a sample (in sweep files a sample is a\n"
    "                      column); the loss is |Xb - y|^2 / (2n)\n"
    "  --y y.csv           one number for each sample\n"
    "  --measure OUT.h5    a point of a results file with record.series: [coefficients]: the\n"
    "                      plateaus and jumps found in the run against those predicted\n"
    "  --point K           number of the point\n"
    "  --first-order       shifts c and half times h of the jump times, orbits of the jumps\n"
    "  --log-scale LAM     ln(1/alpha) for the times (default: that of the point)\n"
    "  -o FILE.h5          stores it all with named axes; FILE.h5 must not be there\n",
    run};
