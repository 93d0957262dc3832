/* Points that are stopped at a poll, parked, and continued in other lanes beside others: to the bit
 * those of a run that nobody stopped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

enum { MOST = 12 };

static const int64_t steps[] = {0, 1, 2, 17, 50, 51, 140, 160, 300};
enum { N_STEPS = sizeof steps / sizeof steps[0] };

static struct net nets[MOST];
static struct outcome straight[MOST], pieces[MOST];

static void assert_same(const struct outcome *a, const struct outcome *b, const struct net *net) {
    size_t bytes = (size_t)net->shape.n_state * sizeof(double);
    assert_int_equal(a->label, b->label);
    assert_int_equal(a->run.step, b->run.step);
    assert_int_equal(a->run.n_rises, b->run.n_rises);
    assert_memory_equal(&a->run, &b->run, sizeof a->run);
    assert_memory_equal(a->weights, b->weights, bytes);
    assert_int_equal(a->n_records, b->n_records);
    for (int i = 0; i < a->n_records; i++) {
        assert_int_equal(a->record_step[i], b->record_step[i]);
        assert_memory_equal(&a->record_excess[i], &b->record_excess[i], sizeof(double));
        assert_memory_equal(a->record_weights[i], b->record_weights[i], bytes);
    }
}

/* Trains nets[0..n - 1] at one go, then stopping at every stop_at-th poll. Returns the stops. */
static int compare(int n, int stop_at, int64_t poll_steps) {
    struct job job = {.nets = nets, .n_tasks = n, .outcomes = straight, .fail_at = -1};
    struct ln_err err = {0};
    memset(straight, 0, sizeof straight);
    memset(pieces, 0, sizeof pieces);
    assert_int_equal(job_run(&job, steps, N_STEPS, &err), LN_OK);
    int n_stops = job_run_in_pieces(nets, n, pieces, steps, N_STEPS, stop_at, poll_steps);
    for (int i = 0; i < n; i++) {
        assert_same(&straight[i], &pieces[i], &nets[i]);
        outcome_clear(&straight[i]);
        outcome_clear(&pieces[i]);
    }
    return n_stops;
}

/* At every step, at every third, and in long runs of steps. The first poll comes before anything
 * has moved. */
static void compare_all(int n) {
    assert_in_range(compare(n, 2, 1), 100, 100000);
    assert_in_range(compare(n, 4, 1), 30, 100000);
    assert_in_range(compare(n, 2, 13), 3, 100000);
}

static void clear(int n) {
    for (int i = 0; i < n; i++)
        net_clear(&nets[i]);
}

/* Points that converge, diverge, oscillate and reach the horizon, some with their last steps kept.
 */
static void limit(struct net *net, int i, double step_size) {
    job_train_by_gd(net, step_size * pow(1.6, i), 90 + 13 * i);
    point_set_real(&net->point, LN_LIMITS, "stop.loss", pow(10, -1 - i % 5));
    point_set_int(&net->point, LN_LIMITS, "stop.hold", 1 + 11 * (i % 3));
}

static void train_by(struct net *net, const char *algorithm) {
    double step_size = ln_conf_real(&net->point.conf[LN_TRAIN], "step_size");
    point_choose(&net->point, LN_TRAIN, &ln_algorithms, algorithm);
    point_set_real(&net->point, LN_TRAIN, "step_size", step_size);
}

static void deep_networks_of_every_size_go_on_where_they_were(void **state) {
    (void)state;
    static const struct {
        int n_layers, widths[5];
        bool has_moment;
    } shapes[] = {{3, {3, 3, 3, 3}, true}, {2, {5, 5, 5}, false},  {3, {2, 5, 4, 3}, true},
                  {2, {12, 12, 12}, true}, {1, {4, 3}, true},      {4, {1, 1, 1, 1, 1}, false},
                  {2, {20, 6, 20}, false}, {3, {7, 7, 7, 7}, true}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        for (int i = 0; i < MOST; i++) {
            net_make(&nets[i], shapes[k].widths, shapes[k].n_layers, shapes[k].has_moment,
                     60 + (uint64_t)i);
            limit(&nets[i], i, 0.004);
            point_set_real(&nets[i].point, LN_TRAIN, "decay", i % 4 == 3 ? 0.1 : 0);
        }
        compare_all(MOST);
        clear(MOST);
    }
}

static void a_large_network_alone_in_its_batch_goes_on(void **state) {
    (void)state;
    static const int wide[] = {70, 70, 70}, widest[] = {410, 410, 410};
    for (int i = 0; i < 2; i++) {
        net_make(&nets[0], wide, 2, i > 0, 3 + (uint64_t)i);
        limit(&nets[0], i, 0.001);
        assert_int_equal(nets[0].shape.lanes, 1);
        assert_in_range(compare(1, 2, 7), 5, 1000);
        clear(1);
    }
    net_make(&nets[0], widest, 2, false, 3);
    job_train_by_gd(&nets[0], 1e-4, 3);
    assert_in_range(compare(1, 2, 1), 2, 10);
    clear(1);
}

static void a_step_size_in_units_of_the_start_is_that_of_step_0(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    for (int i = 0; i < MOST; i++) {
        net_make(&nets[i], widths, 2, true, 10 + (uint64_t)i);
        limit(&nets[i], i, 0.02);
        point_set_word(&nets[i].point, LN_TRAIN, "step_unit", i % 2 ? "start" : "minimum");
    }
    compare_all(MOST);
    clear(MOST);
}

static void make_diagonal(struct net *net, int form, const int *problem) {
    static const char *const forms[] = {"squares", "uv", "power", "power"};
    static const int depths[] = {2, 2, 3, 6};
    point_clear(&net->point);
    point_set_seeds(&net->point, 5);
    point_choose(&net->point, LN_PROBLEM, &ln_problems, problem[1] ? "teacher" : "low_rank");
    point_set_int(&net->point, LN_PROBLEM, problem[1] ? "inputs" : "cols", problem[0]);
    point_set_int(&net->point, LN_PROBLEM, problem[1] ? "samples" : "rows",
                  problem[1] ? problem[1] : 1);
    point_choose(&net->point, LN_MODEL, &ln_models, "diagonal");
    point_set_word(&net->point, LN_MODEL, "form", forms[form]);
    point_set_int(&net->point, LN_MODEL, "depth", depths[form]);
    point_choose(&net->point, LN_INIT, &ln_inits, "diagonal");
}

/* Own moments, a shared M, shared inputs, no M at all; the points of a batch have one problem. */
static void diagonal_networks_of_every_form_go_on(void **state) {
    (void)state;
    static const int problems[][2] = {{7, 12}, {30, 45}, {33, 20}, {29, 0}};
    for (int k = 0; k < 16; k++) {
        for (int i = 0; i < MOST; i++) {
            make_diagonal(&nets[i], k % 4, problems[k / 4]);
            point_set_real(&nets[i].point, LN_INIT, "scale", 0.3 + 0.02 * i);
            net_complete(&nets[i]);
            limit(&nets[i], i, 0.002);
            if (i > 0) {
                ln_problem_free(nets[i].problem);
                nets[i].problem = nets[0].problem;
            }
        }
        assert_in_range(compare(MOST, 2, 1), 100, 100000);
        assert_in_range(compare(MOST, 2, 13), 3, 100000);
        for (int i = 1; i < MOST; i++)
            nets[i].problem = NULL;
        clear(MOST);
    }
}

static void a_penalised_network_goes_on(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    for (int i = 0; i < MOST; i++) {
        net_make(&nets[i], widths, 2, true, 10 + (uint64_t)i);
        net_clear(&nets[i]);
        point_set_real(&nets[i].point, LN_MODEL, "penalty", 0.6);
        net_complete(&nets[i]);
        limit(&nets[i], i, 0.004);
    }
    compare_all(MOST);
    clear(MOST);
}

static void the_samples_of_a_step_are_those_they_would_have_been(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    for (int i = 0; i < MOST; i++) {
        net_make(&nets[i], widths, 2, true, 10 + (uint64_t)i);
        limit(&nets[i], i, 0.004);
        train_by(&nets[i], "sgd");
        point_set_int(&nets[i].point, LN_TRAIN, "batch_size", 1 + i % 7);
        point_set_word(&nets[i].point, LN_TRAIN, "order", i % 2 ? "fresh" : "epochs");
    }
    compare_all(MOST);
    clear(MOST);
}

static void the_algorithms_that_project_go_on(void **state) {
    (void)state;
    static const double target[] = {1.5, 0.2, 0, 0.1, 1, 0, 0, 0.3, 0.7};
    static const char *const kinds[] = {"none", "penalty", "proximal", "spectral_ball",
                                        "frobenius_ball"};
    for (int i = 0; i < MOST; i++) {
        net_begin(&nets[i], target, 3, 3, 3);
        net_complete(&nets[i]);
        limit(&nets[i], i, 0.004);
        train_by(&nets[i], "step_and_project");
        point_set_word(&nets[i].point, LN_TRAIN, "regulariser", kinds[i % 5]);
        point_set_real(&nets[i].point, LN_TRAIN, "kappa", 0.1);
        point_set_real(&nets[i].point, LN_TRAIN, "psi", 0.2);
    }
    compare_all(MOST);
    for (int i = 0; i < MOST; i++) {
        train_by(&nets[i], "power_projection");
        point_set_word(&nets[i].point, LN_TRAIN, "gauge", i % 2 ? "polar" : "simple");
    }
    compare_all(MOST);
    clear(MOST);
}

/* A poll comes after some fifty steps of the integrator: long stretches are parked in the middle,
 * with the crossing of a threshold before them or behind. */
static void a_flow_goes_on_between_two_steps_of_its_grid(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2}, plane[2] = {9, 6};
    for (int i = 0; i < MOST; i++) {
        struct net *net = &nets[0];
        if (i % 3 == 2)
            make_diagonal(net, i / 3, plane);
        else
            net_make(net, widths, 2, true, 10 + (uint64_t)i);
        if (i % 3 < 2)
            net_clear(net);
        if (i % 3 == 1) {
            point_choose(&net->point, LN_MODEL, &ln_models, i % 2 ? "one_neuron" : "induced");
            point_choose(&net->point, LN_INIT, &ln_inits, i % 2 ? "rank_one" : "balanced");
        }
        net_complete(net);
        job_train_by_flow(net, i % 2 ? 0.3 : 2, 170);
        point_set_real(&net->point, LN_LIMITS, "stop.loss", i % 4 ? 0 : 1e-4);
        point_set_int(&net->point, LN_LIMITS, "stop.hold", 7);
        assert_true(compare(1, 2, 1) > N_STEPS || i % 2 || i % 4 == 0);
        assert_true(compare(1, 3, 1) >= 1);
        net_clear(net);
    }
}

/* What was parked of a point, with one thing changed at a time. */
static struct parked park_one(int stop_at) {
    struct parked parked = {0};
    struct job job = {.nets = nets, .n_tasks = 1, .outcomes = pieces, .fail_at = -1};
    struct ln_err err = {0};
    memset(pieces, 0, sizeof pieces);
    job.parked = &parked;
    job.stop_at = stop_at;
    job.poll_steps = 1;
    assert_int_equal(job_run(&job, steps, N_STEPS, &err), LN_STOPPED);
    assert_non_null(parked.bytes);
    outcome_clear(&pieces[0]);
    return parked;
}

/* Goes on from such bytes, which must end well whatever they are. */
static bool is_refused(const void *bytes, size_t size) {
    struct parked parked = {ln_linalg_alloc(size, 1), size};
    struct job job = {.nets = nets, .n_tasks = 1, .outcomes = pieces, .fail_at = -1};
    struct ln_err err = {0};
    memcpy(parked.bytes, bytes, size);
    memset(pieces, 0, sizeof pieces);
    pieces[0].n_records = 0;
    job.parked = &parked;
    int status = job_run(&job, NULL, 0, &err);
    assert_int_equal(status, LN_OK);
    if (job.n_refused)
        assert_same(&pieces[0], &straight[0], &nets[0]);
    outcome_clear(&pieces[0]);
    free(parked.bytes);
    return job.n_refused > 0;
}

/* Sizes that are not right are refused, and the point begins anew; a byte that is turned is either
 * refused or a number like any other: then training ends well all the same. */
static void bytes_that_are_no_such_point_are_refused(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    for (int kind = 0; kind < 2; kind++) {
        struct ln_err err = {0};
        struct job job = {.nets = nets, .n_tasks = 1, .outcomes = straight, .fail_at = -1};
        int n_refused = 0;
        net_make(&nets[0], widths, 2, true, 10);
        if (kind)
            job_train_by_flow(&nets[0], 5, 3);
        else
            job_train_by_gd(&nets[0], 0.01, 60);
        memset(straight, 0, sizeof straight);
        assert_int_equal(job_run(&job, NULL, 0, &err), LN_OK);
        struct parked parked = park_one(kind ? 2 : 9);
        unsigned char *bytes = parked.bytes;
        assert_false(is_refused(bytes, parked.size));
        for (size_t size = 1; size < parked.size; size++)
            assert_true(is_refused(bytes, size));
        for (size_t at = 0; at < parked.size; at++) {
            bytes[at] ^= (unsigned char)(1u << at % 8);
            n_refused += is_refused(bytes, parked.size);
            bytes[at] ^= (unsigned char)(1u << at % 8);
        }
        assert_in_range(n_refused, 100, (int)parked.size);
        outcome_clear(&straight[0]);
        free(bytes);
        clear(1);
    }
}

/* A stop before anything has moved again. */
static void a_stop_right_after_the_resume_parks_the_same_bytes(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    for (int kind = 0; kind < 2; kind++) {
        net_make(&nets[0], widths, 2, true, 10);
        if (kind)
            job_train_by_flow(&nets[0], 5, 3);
        else
            job_train_by_gd(&nets[0], 0.01, 60);
        struct parked before = park_one(4), after = {ln_linalg_alloc(before.size, 1), before.size};
        struct job job = {.nets = nets, .n_tasks = 1, .outcomes = pieces, .fail_at = -1};
        struct ln_err err = {0};
        memcpy(after.bytes, before.bytes, before.size);
        job.parked = &after;
        job.stop_at = 1;
        job.poll_steps = 1;
        assert_int_equal(job_run(&job, NULL, 0, &err), LN_STOPPED);
        assert_int_equal(after.size, before.size);
        assert_memory_equal(after.bytes, before.bytes, before.size);
        free(before.bytes);
        free(after.bytes);
        clear(1);
    }
}

/* Another step size, limit, algorithm: another point. */
static void what_another_point_has_left_is_refused(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2};
    net_make(&nets[0], widths, 2, true, 10);
    job_train_by_gd(&nets[0], 0.01, 60);
    struct parked parked = park_one(9);
    for (int i = 0; i < 6; i++) {
        struct ln_err err = {0};
        struct job job = {.nets = nets, .n_tasks = 1, .outcomes = straight, .fail_at = -1};
        job_train_by_gd(&nets[0], i == 1 ? 0.011 : 0.01, i == 2 ? 61 : 60);
        if (i == 3)
            point_set_int(&nets[0].point, LN_LIMITS, "stop.hold", 49);
        if (i == 4)
            point_set_real(&nets[0].point, LN_LIMITS, "stop.loss", 1e-9);
        if (i == 5)
            train_by(&nets[0], "step_and_project");
        memset(straight, 0, sizeof straight);
        assert_int_equal(job_run(&job, NULL, 0, &err), LN_OK);
        assert_int_equal(is_refused(parked.bytes, parked.size), i > 0);
        outcome_clear(&straight[0]);
    }
    free(parked.bytes);
    clear(1);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_networks_of_every_size_go_on_where_they_were),
        cmocka_unit_test(a_large_network_alone_in_its_batch_goes_on),
        cmocka_unit_test(a_step_size_in_units_of_the_start_is_that_of_step_0),
        cmocka_unit_test(diagonal_networks_of_every_form_go_on),
        cmocka_unit_test(a_penalised_network_goes_on),
        cmocka_unit_test(the_samples_of_a_step_are_those_they_would_have_been),
        cmocka_unit_test(the_algorithms_that_project_go_on),
        cmocka_unit_test(a_flow_goes_on_between_two_steps_of_its_grid),
        cmocka_unit_test(bytes_that_are_no_such_point_are_refused),
        cmocka_unit_test(a_stop_right_after_the_resume_parks_the_same_bytes),
        cmocka_unit_test(what_another_point_has_left_is_refused),
    };
    return cmocka_run_group_tests_name("park", tests, start, NULL);
}
