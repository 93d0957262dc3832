/* The farm with a make-believe engine and store: who trains what, how a run ends. Run on 1 to 4
 * ranks. With the argument "fatal" a write is refused and the program ends as linnet does: one
 * line, then MPI_Abort. */
#include <mpi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "linnet/engine.h"
#include "linnet/farm.h"
#include "linnet/linalg.h"

#include "tap.h"

enum { MAX_POINTS = 4000, N_GROUPS = 5, MAX_LANES = 4, FIRST_CELL = 17 };

/* What is to happen in a run; set before it. */
static struct {
    int64_t refused_cell, bad_cell; /* a write that fails; an input error; -1: none */
    int64_t endless_cell;           /* a point that never comes to its end; -1: none */
    int64_t stop_after;             /* this rank asks to stop after so many points; -1: never */
} script;

/* What happened on this rank. */
static struct {
    int written[MAX_POINTS];
    int64_t n_written, n_unsynced;
    volatile int stop_asked;
    struct ln_progress last;
    int n_final, n_accounts;
    struct ln_train_use use; /* of the account */
    int64_t n_accounted;
} seen;

/* Points that any rank has written, and those without an end that one has begun: shared memory. */
static volatile int *n_seen_by_all;

static int rank, n_ranks;
static struct ln_plan plan;
static int64_t ids[MAX_POINTS];
static double cost[MAX_POINTS];
static struct ln_group groups[N_GROUPS];

/* ---- make-believe store ---- */

int ln_store_write(struct ln_store *store, int64_t cell, const void *row, struct ln_err *err) {
    (void)store;
    (void)row;
    if (cell == script.refused_cell)
        return ln_err_set(err, LN_FATAL, "cannot write row %ld", (long)cell);
    seen.written[cell - FIRST_CELL]++;
    seen.n_unsynced++;
    if (n_seen_by_all)
        __atomic_add_fetch(n_seen_by_all, 1, __ATOMIC_SEQ_CST);
    if (++seen.n_written == script.stop_after)
        seen.stop_asked = 1;
    return LN_OK;
}

void ln_store_renew(struct ln_store *store) {
    (void)store;
}

int ln_store_sync(struct ln_store *store, struct ln_err *err) {
    (void)store;
    (void)err;
    seen.n_unsynced = 0;
    return LN_OK;
}

/* ---- make-believe engine: a point takes about a fifth of a millisecond for every millisecond
 * predicted ---- */

struct ln_engine {
    int64_t cell[MAX_LANES];
    int left[MAX_LANES]; /* rounds to go; 0: the lane is idle */
};

int ln_engine_create(const struct ln_sweep *sweep, const struct ln_layout *layout,
                     struct ln_engine **engine, struct ln_err *err) {
    (void)sweep;
    (void)layout;
    *engine = calloc(1, sizeof **engine);
    return *engine ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
}

void ln_engine_free(struct ln_engine *engine) {
    free(engine);
}

/* Three of four lane steps are busy. */
const struct ln_train_use *ln_engine_use(const struct ln_engine *engine) {
    static const struct ln_train_use use = {4.0, 3.0};
    (void)engine;
    return &use;
}

static int group_of_cell(int64_t cell) {
    for (int64_t i = 0; i < plan.n_points; i++)
        for (int g = 0; ids[i] == cell && g < plan.n_groups; g++)
            if (i >= groups[g].first && i < groups[g].first + groups[g].count)
                return g;
    return -1;
}

/* Returns the number of busy lanes; -1 where a point is of another shape than the first. */
static int fill_lanes(struct ln_engine *engine, const struct ln_engine_hooks *hooks, int *group) {
    int n_busy = 0;
    for (int l = 0; l < MAX_LANES; l++) {
        if (engine->left[l] == 0 && hooks->next(hooks->ctx, &engine->cell[l])) {
            int its_group = group_of_cell(engine->cell[l]);
            if (*group >= 0 && its_group != *group)
                return -1;
            *group = its_group;
            if (n_seen_by_all && engine->cell[l] == script.endless_cell)
                __atomic_add_fetch(n_seen_by_all, 1, __ATOMIC_SEQ_CST);
            engine->left[l] = 1 + (int)(engine->cell[l] % 7);
        }
        n_busy += engine->left[l] > 0;
    }
    return n_busy;
}

static int advance(struct ln_engine *engine, const struct ln_engine_hooks *hooks,
                   struct ln_err *err) {
    int8_t row[8] = {0};
    for (int l = 0; l < MAX_LANES; l++) {
        if (engine->left[l] > 0 && engine->cell[l] == script.endless_cell)
            continue;
        if (engine->left[l] == 0 || --engine->left[l] > 0)
            continue;
        if (engine->cell[l] == script.bad_cell)
            return ln_err_key(err, "model.width", "bad cell %ld", (long)engine->cell[l]);
        row[0] = (int8_t)(engine->cell[l] % 3);
        int status = hooks->finish(hooks->ctx, engine->cell[l], row, err);
        if (status != LN_OK)
            return status;
    }
    return LN_OK;
}

int ln_engine_run(struct ln_engine *engine, const struct ln_engine_hooks *hooks,
                  struct ln_err *err) {
    int group = -1;
    memset(engine, 0, sizeof *engine);
    for (;;) {
        int n_busy = fill_lanes(engine, hooks, &group);
        if (n_busy <= 0)
            return n_busy == 0 ? LN_OK : ln_err_set(err, LN_FATAL, "a run mixed two shapes");
        usleep(50);
        if (hooks->poll(hooks->ctx))
            return LN_STOPPED;
        int status = advance(engine, hooks, err);
        if (status != LN_OK)
            return status;
    }
}

/* ---- a run ---- */

static void note_progress(void *ctx, const struct ln_progress *progress, bool final) {
    (void)ctx;
    seen.last = *progress;
    seen.n_final += final;
}

static void note_account(void *ctx, const struct ln_account *account) {
    (void)ctx;
    seen.n_accounts++;
    seen.use = account->use;
    for (int g = 0; g < account->plan->n_groups; g++) {
        CHECK(account->groups[g].count <= account->plan->groups[g].count);
        CHECK(account->groups[g].actual >= account->groups[g].longest);
        seen.n_accounted += account->groups[g].count;
    }
}

static void make_plan(int64_t n_points, double seconds) {
    memset(&plan, 0, sizeof plan);
    plan = (struct ln_plan){.n_points = n_points, .n_cells = n_points, .ids = ids, .cost = cost};
    plan.groups = groups;
    plan.n_groups = n_points >= N_GROUPS ? N_GROUPS : n_points > 0;
    for (int64_t i = 0; i < n_points; i++) {
        ids[i] = FIRST_CELL + (i * 7919) % n_points;
        cost[i] = seconds;
        plan.total_cost += cost[i];
    }
    for (int g = 0; g < plan.n_groups; g++) {
        groups[g].first = n_points * g / plan.n_groups;
        groups[g].count = n_points * (g + 1) / plan.n_groups - groups[g].first;
        groups[g].lanes = g == 0 ? 1 : MAX_LANES;
    }
    memset(&seen, 0, sizeof seen);
    script.refused_cell = script.bad_cell = script.stop_after = script.endless_cell = -1;
}

static int run(struct ln_err *err) {
    static struct ln_layout layout = {.n_columns = 1,
                                      .columns = {{.name = "label", .type = LN_I8}}};
    ln_layout_finish(&layout);
    struct ln_farm_options options = {
        .progress = note_progress, .account = note_account, .stop_asked = &seen.stop_asked};
    int status = ln_farm_run(NULL, &layout, &plan, NULL, MPI_COMM_WORLD, &options, err);
    if (status != LN_FATAL)
        MPI_Allreduce(MPI_IN_PLACE, seen.written, MAX_POINTS, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    return status;
}

/* Points that were written; none may be written twice. */
static int64_t count_written(void) {
    int64_t n = 0;
    for (int64_t i = 0; i < MAX_POINTS; i++) {
        CHECK(seen.written[i] == 0 || seen.written[i] == 1);
        n += seen.written[i];
    }
    return n;
}

static void check_complete(int64_t n_points) {
    CHECK(count_written() == n_points);
    CHECK(seen.n_unsynced == 0 || seen.stop_asked); /* after a stop closing the store syncs */
    if (rank > 0)
        return;
    CHECK(seen.n_final == 1);
    CHECK(seen.last.n_done == n_points);
    CHECK(seen.last.labels[0] + seen.last.labels[1] + seen.last.labels[2] == n_points);
    CHECK(seen.last.seconds_left == 0.0);
    CHECK(seen.last.seconds_done >= 0.0);
    CHECK(seen.last.n_ranks == n_ranks);
    CHECK(seen.n_accounts == 1 && seen.n_accounted == n_points);
    CHECK(seen.use.lane_steps == 4.0 * n_ranks && seen.use.busy_steps == 3.0 * n_ranks);
}

static void every_point_is_written_exactly_once(void) {
    static const double seconds[] = {0.0, 1e-6, 1e-3, 0.02, 10.0};
    for (int i = 0; i < 5; i++) {
        struct ln_err err;
        make_plan(997, seconds[i]);
        CHECK(run(&err) == LN_OK);
        check_complete(997);
    }
}

static void every_rank_takes_part(void) {
    struct ln_err err;
    make_plan(2000, 1e-3);
    CHECK(run(&err) == LN_OK);
    CHECK(seen.n_written > 2000 / n_ranks / 10);
}

static void a_plan_without_points_ends_at_once(void) {
    struct ln_err err;
    make_plan(0, 1.0);
    CHECK(run(&err) == LN_OK);
    check_complete(0);
}

static void fewer_points_than_ranks_are_enough(void) {
    struct ln_err err;
    make_plan(2, 1.0);
    CHECK(run(&err) == LN_OK);
    check_complete(2);
}

static void stop_on(int where) {
    struct ln_err err;
    make_plan(MAX_POINTS, 1e-3);
    script.stop_after = rank == where ? 30 : -1;
    CHECK(run(&err) == LN_STOPPED);
    int64_t n = count_written();
    CHECK(n >= 30 && n < MAX_POINTS / 2); /* the others gave up too */
    if (rank == 0)
        CHECK(seen.last.n_done == n);
}

static void a_stop_on_any_rank_stops_all(void) {
    for (int where = 0; where < n_ranks; where++)
        stop_on(where);
}

/* Asks once all points are under way or done, however long the other ranks take for that. */
static void ask_to_stop(int number) {
    (void)number;
    if (__atomic_load_n(n_seen_by_all, __ATOMIC_SEQ_CST) >= plan.n_points)
        seen.stop_asked = 1;
}

static void stop_where_idle(int busy) {
    struct ln_err err = {0};
    const struct itimerval often = {.it_value.tv_usec = 100000, .it_interval.tv_usec = 20000};
    const struct itimerval never = {.it_value.tv_usec = 0};
    make_plan(busy + 1, 1.0);
    script.endless_cell = ids[busy];
    if (rank == 0)
        *n_seen_by_all = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    signal(SIGALRM, ask_to_stop);
    if (rank == n_ranks - 1)
        setitimer(ITIMER_REAL, &often, NULL);
    CHECK(run(&err) == LN_STOPPED);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(strcmp(err.text, "stopped on request") == 0);
    CHECK(count_written() == busy);
}

/* One rank is told to stop when it has long had nothing to do. */
static void a_stop_on_an_idle_rank_stops_those_that_are_busy(void) {
    MPI_Win window;
    MPI_Aint size;
    int unit;
    void *mine, *first;
    MPI_Win_allocate_shared(rank == 0 ? sizeof *n_seen_by_all : 0, sizeof *n_seen_by_all,
                            MPI_INFO_NULL, MPI_COMM_WORLD, &mine, &window);
    MPI_Win_shared_query(window, 0, &size, &unit, &first);
    n_seen_by_all = first;
    for (int busy = 0; busy + 1 < n_ranks; busy++)
        stop_where_idle(busy);
    n_seen_by_all = NULL;
    MPI_Win_free(&window);
}

static void a_stop_after_the_last_point_is_no_stop(void) {
    struct ln_err err;
    make_plan(1, 1e-3);
    script.stop_after = 1;
    CHECK(run(&err) == LN_OK);
    check_complete(1);
}

static void an_input_error_on_one_rank_ends_the_run_with_one_message_for_all(void) {
    for (int64_t cell = FIRST_CELL; cell < FIRST_CELL + 400; cell += 97) {
        struct ln_err err = {0};
        char text[64];
        make_plan(400, 1e-3);
        script.bad_cell = cell;
        CHECK(run(&err) == LN_INPUT);
        snprintf(text, sizeof text, "bad cell %ld", (long)cell);
        CHECK(strcmp(err.text, text) == 0);
        CHECK(strcmp(err.where, "model.width") == 0);
        CHECK(count_written() < 400);
    }
}

/* Runs that end in the midst of every phase of the protocol, one after the other on the same
 * communicator. */
static void a_run_ends_whenever_it_is_stopped(void) {
    for (int i = 0; i < 300; i++) {
        struct ln_err err;
        make_plan(1 + (i * 31) % 90, i % 2 ? 1e-3 : 1.0);
        script.stop_after = (i + rank) % 3 ? -1 : 1 + i % 23;
        int status = run(&err);
        int64_t n = count_written();
        CHECK(status == (n == plan.n_points ? LN_OK : LN_STOPPED));
        if (rank == 0)
            CHECK(seen.last.n_done == n);
    }
}

static int refuse_a_write(void) {
    struct ln_err err;
    make_plan(1000, 1e-3);
    script.refused_cell = FIRST_CELL + 500;
    if (run(&err) == LN_FATAL) {
        fprintf(stderr, "fatal: %s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, LN_FATAL);
    }
    return 0;
}

static const struct tap_test tests[] = {
    TAP_TEST(every_point_is_written_exactly_once),
    TAP_TEST(every_rank_takes_part),
    TAP_TEST(a_plan_without_points_ends_at_once),
    TAP_TEST(fewer_points_than_ranks_are_enough),
    TAP_TEST(a_stop_on_any_rank_stops_all),
    TAP_TEST(a_stop_on_an_idle_rank_stops_those_that_are_busy),
    TAP_TEST(a_stop_after_the_last_point_is_no_stop),
    TAP_TEST(an_input_error_on_one_rank_ends_the_run_with_one_message_for_all),
    TAP_TEST(a_run_ends_whenever_it_is_stopped),
};

int main(int argc, char **argv) {
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    MPI_Init(&argc, &argv);
    ln_linalg_start();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    bool is_fatal = argc > 1 && strcmp(argv[1], "fatal") == 0;
    int code = is_fatal ? refuse_a_write() : tap_run(tests, (int)(sizeof tests / sizeof tests[0]));
    MPI_Finalize();
    return code;
}
