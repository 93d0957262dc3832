#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/certificate.h"
#include "linnet/linalg.h"
#include "linnet/view.h"

/* What is asked for. */
struct request {
    const char *path, *sets[CLI_MOST_SETS];
    int n_sets;
    int64_t cell; /* -1: the only point */
    struct ln_certificate_options options;
};

/* The network that is looked at, and all it stands on. */
struct place {
    struct ln_view *view; /* NULL: weights of a start */
    char *text;
    struct ln_sweep *sweep;
    struct ln_point *point;
    struct ln_shape shape;
    struct ln_problem *problem;
    double *weights, *constants;
    int64_t cell;
};

static void place_clear(struct place *place) {
    free(place->constants);
    free(place->weights);
    ln_problem_free(place->problem);
    free(place->point);
    ln_sweep_free(place->sweep);
    free(place->text);
    ln_view_close(place->view);
}

/* The sweep of a text file, or the one a results file holds. */
static int open_sweep(const struct request *request, struct place *place, struct ln_err *err) {
    static const char signature[] = "\211HDF\r\n\032\n";
    size_t size;
    int status = cli_read_text(request->path, &place->text, &size, err);
    if (status != LN_OK)
        return status;
    bool is_results = size >= 8 && memcmp(place->text, signature, 8) == 0;
    if (!is_results)
        return ln_sweep_parse(request->path, place->text, size, request->sets, request->n_sets,
                              ln_view_read_matrix, &place->sweep, err);
    if (request->n_sets > 0)
        return ln_err_set(err, LN_INPUT,
                          "%s: the parameters of finished points cannot be set; --set is for sweep "
                          "files",
                          request->path);
    status = ln_view_open(request->path, &place->view, err);
    return status == LN_OK ? cli_sweep_of(place->view, request->path, &place->sweep, err) : status;
}

static int find_point(const struct request *request, struct place *place, struct ln_err *err) {
    int64_t n = ln_sweep_n_cells(place->sweep);
    if (request->cell < 0 && n > 1)
        return ln_err_set(err, LN_INPUT, "%s: which of its %lld points? give --point K",
                          request->path, (long long)n);
    place->cell = request->cell < 0 ? 0 : request->cell;
    if (place->cell >= n)
        return ln_err_set(err, LN_INPUT, "%s: there is no point %lld; points are 0 to %lld",
                          request->path, (long long)place->cell, (long long)n - 1);
    place->point = ln_linalg_alloc(1, sizeof *place->point);
    if (!ln_sweep_point(place->sweep, place->cell, place->point))
        return ln_err_set(err, LN_INPUT, "%s: point %lld is left out by where", request->path,
                          (long long)place->cell);
    return LN_OK;
}

/* Final weights of a finished point. */
static int read_weights(const struct request *request, struct place *place, struct ln_err *err) {
    int index = cli_find_variable(place->view, "weights", 1);
    if (index < 0)
        return ln_err_set(err, LN_INPUT,
                          "%s holds no weights; run the sweep with record: {final: [weights, ...]}",
                          request->path);
    int64_t room = ln_view_variable(place->view, index)->extra[0];
    if (room < place->shape.n_weights)
        return ln_err_set(err, LN_INPUT, "%s is damaged: it has %lld weights a point, its sweep %d",
                          request->path, (long long)room, place->shape.n_weights);
    int8_t *done = ln_linalg_alloc((size_t)ln_view_n_cells(place->view), 1);
    double *row = ln_linalg_alloc((size_t)room, sizeof *row);
    int status = ln_view_status(place->view, done, err);
    if (status == LN_OK && done[place->cell] != 1)
        status = ln_err_set(err, LN_INPUT, "%s: point %lld is not finished; run the sweep again",
                            request->path, (long long)place->cell);
    if (status == LN_OK)
        status = ln_view_row(place->view, index, place->cell, row, err);
    for (int i = 0; status == LN_OK && i < place->shape.n_weights; i++) {
        place->weights[i] = row[i];
        if (!isfinite(row[i]))
            status =
                ln_err_set(err, LN_INPUT, "%s: point %lld ended with weights that are not finite",
                           request->path, (long long)place->cell);
    }
    free(row);
    free(done);
    return status;
}

static int build(const struct request *request, struct place *place, struct ln_err *err) {
    int status = ln_shape_of(place->point, &place->shape, err);
    if (status == LN_OK)
        status = ln_init_check(place->point, &place->shape, err);
    if (status == LN_OK && !place->shape.model->has_layers)
        status = ln_err_key(err, "model.kind",
                            "the model '%s' has no layers W_1 .. W_N; certify is for those that do",
                            place->shape.model->entry.name);
    if (status == LN_OK)
        status = ln_problem_create(place->point, &place->problem, err);
    if (status != LN_OK)
        return ln_sweep_locate(place->sweep, err);
    place->weights = ln_linalg_alloc((size_t)place->shape.n_state, sizeof(double));
    place->constants = ln_linalg_alloc((size_t)place->shape.n_constants, sizeof(double));
    ln_constants_of(place->point, &place->shape, place->problem, place->constants);
    if (place->view)
        return read_weights(request, place, err);
    ln_init_fill(place->point, &place->shape, place->weights);
    return LN_OK;
}

static void print_index_set(const struct ln_certificate *c) {
    const char *comma = "";
    printf("index set        {");
    for (int k = 0; k < c->n_modes; k++)
        if (c->kept[k]) {
            printf("%s%d", comma, k + 1);
            comma = ", ";
        }
    printf("} of 1 to %d\n", c->n_modes);
}

static void print_spectrum(const struct ln_certificate *c) {
    printf("lambda_min       %.12g    (residual %.1e; zero up to %.1e)\n", c->lambda_min,
           c->residual_min, c->zero);
    printf("lambda_max       %.12g    (residual %.1e)\n", c->lambda_max, c->residual_max);
    if (c->n_zero >= 0)
        printf("inertia          %d negative, %d zero, %d positive\n", c->n_negative, c->n_zero,
               c->n_positive);
    else
        printf("inertia          not known above %d weights\n", LN_DENSE_UP_TO);
    if (!isnan(c->curvature_bound))
        printf("curvature bound  lambda_min <= %.12g    (least eigenvalue of A_k)\n",
               c->curvature_bound);
}

static void print_certificate(const struct place *place, const struct ln_certificate *c) {
    char shape[64];
    double floor = place->problem->loss_floor;
    ln_shape_text(&place->shape, shape);
    printf("point %lld: %s, %d weights, at its %s\n", (long long)place->cell, shape,
           place->shape.n_weights, place->view ? "end" : "start");
    printf("verdict          %s\n", ln_nature_names[c->nature]);
    printf("because          %s\n", ln_statement_texts[c->statement]);
    printf("rank             %d of at most %d\n", c->rank, c->rank_max);
    print_index_set(c);
    if (c->n_pivots > 0)
        printf("pivots           %d of %d tightened", c->n_tightened, c->n_pivots);
    if (c->pivot[0] > 0)
        printf("; not (%d, %d)", c->pivot[0], c->pivot[1]);
    printf(c->n_pivots > 0 ? "\n" : "");
    printf("loss             %.12g    (least %.12g, excess %.6g)\n", floor + c->excess,
           floor + c->level, c->excess - c->level);
    printf("max |gradient|   %.3g    (zero up to %.3g)\n", c->max_gradient, c->gradient_limit);
    print_spectrum(c);
}

static int refuse(const struct request *request, const struct place *place,
                  const struct ln_certificate *c, struct ln_err *err) {
    char near[80] = "";
    if (c->nature == LN_IS_NEAR_SADDLE || c->nature == LN_IS_NEAR_MINIMUM)
        snprintf(near, sizeof near, "; it is near a %s with %d modes",
                 c->nature == LN_IS_NEAR_SADDLE ? "saddle" : "minimum", c->rank);
    return ln_err_set(err, LN_INPUT,
                      "%s: point %lld is not a critical point: max|grad| = %.10g, and zero is at "
                      "most %.3g%s; give weights of a critical point, or for the end of a run a "
                      "larger --gradient-tolerance and --rank-tolerance",
                      request->path, (long long)place->cell, c->max_gradient, c->gradient_limit,
                      near);
}

static int certify(const struct request *request, struct ln_err *err) {
    struct place *place = ln_linalg_alloc(1, sizeof *place);
    struct ln_certificate certificate;
    int status = open_sweep(request, place, err);
    if (status == LN_OK)
        status = find_point(request, place, err);
    if (status == LN_OK)
        status = build(request, place, err);
    if (status == LN_OK) {
        struct ln_net net = {&place->shape, place->problem, place->constants, place->weights};
        ln_certificate_classify(&net, &request->options, &certificate);
        if (certificate.statement == LN_BY_GRADIENT)
            status = refuse(request, place, &certificate, err);
    }
    if (status == LN_OK) {
        struct ln_net net = {&place->shape, place->problem, place->constants, place->weights};
        ln_certify(&net, &request->options, &certificate);
        print_certificate(place, &certificate);
    }
    place_clear(place);
    free(place);
    return status;
}

static bool take_number(const char *option, const char *text, double *number) {
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    if (!errno && end != text && !*end && *number > 0 && *number < 1)
        return true;
    cli_usage(&command_certify, "%s takes a number above 0 and below 1, not '%s'", option, text);
    return false;
}

static bool take_option(struct request *request, int option, const char *value) {
    char *end;
    if (option == 1)
        return take_number("--gradient-tolerance", value, &request->options.gradient_tolerance);
    if (option == 2)
        return take_number("--rank-tolerance", value, &request->options.rank_tolerance);
    if (option == 3)
        return cli_take_set(&command_certify, request->sets, &request->n_sets, value);
    errno = 0;
    request->cell = strtoll(value, &end, 10);
    if (!errno && !*end && end != value && request->cell >= 0)
        return true;
    cli_usage(&command_certify, "--point takes the number of a point, not '%s'", value);
    return false;
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--point", "-p", true},
                                               {"--gradient-tolerance", NULL, true},
                                               {"--rank-tolerance", NULL, true},
                                               {"--set", NULL, true}};
    struct request request = {.cell = -1, .options = ln_certificate_exact};
    const char *value;
    int index = 1, option;
    while ((option = cli_next(&command_certify, specs, 4, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        bool is_good = option >= 0 ? take_option(&request, option, value)
                                   : cli_take_path(&command_certify, &request.path, value);
        if (!is_good)
            return LN_INPUT;
    }
    if (!request.path)
        return cli_usage(&command_certify, "which sweep or results file?");
    struct ln_err err = {0};
    ln_linalg_start();
    int status = certify(&request, &err);
    return status == LN_OK ? LN_OK : cli_fail(&err);
}

const struct command command_certify = {
    "certify", "linnet certify SWEEP.yaml | OUT.h5 [--point K] [--set key=value]...",
    "Says what a critical point is: global minimum, strict or non-strict saddle, and why.",
    "\n"
    "Of a sweep file it takes the weights at the start of a point (model.init.kind: weights reads\n"
    "them inline, from CSV or from HDF5), of a results file those at its end (record.final must\n"
    "have named `weights`). Weights whose gradient is not zero are refused, exit code 2.\n"
    "\n"
    "  -p, --point K               number of the point; not needed if there is only one\n"
    "      --gradient-tolerance X  max|grad| that is zero, relative to max(1, |M|, |C|); 1e-9\n"
    "      --rank-tolerance X      singular values that are zero, relative to the largest; 1e-9\n"
    "                              (take 1e-6 for the end of a run)\n"
    "      --set key=value         overrides a key of the sweep file\n",
    run};
