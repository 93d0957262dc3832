/* What all ranks hear where one is stopped or has failed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linnet/agree.h"
#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/store.h"
#include "made_sweep.h"
#include "tap.h"

static int rank, n_ranks;

static bool yes(void *ctx) {
    (void)ctx;
    return true;
}

/* Of all ranks or of the last one alone. */
static void a_scan_that_is_told_to_stop_gives_up_on_all_ranks(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_layout layout = made_layout();
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    char path[64];
    uint8_t done[48];
    int64_t n_bad = -1;
    bool resumed = false;
    int id = (int)getpid();
    MPI_Bcast(&id, 1, MPI_INT, 0, MPI_COMM_WORLD);
    snprintf(path, sizeof path, "/tmp/linnet-stop-%d.h5", id);
    CHECK(ln_store_open(path, MPI_COMM_WORLD, &sweep, &layout, &store, &resumed, &err) == LN_OK);
    for (int k = 0; k < 2; k++) {
        bool is_told = k == 0 || rank == n_ranks - 1;
        ln_interrupt_by((struct ln_interrupt){is_told ? yes : NULL, NULL});
        CHECK(ln_store_scan(store, done, &n_bad, &err) == LN_STOPPED);
        ln_interrupt_by((struct ln_interrupt){0});
    }
    CHECK(ln_store_scan(store, done, &n_bad, &err) == LN_OK && n_bad == 0);
    CHECK(ln_store_close(store, &err) == LN_OK);
    if (rank == 0)
        unlink(path);
}

static void an_error_is_heard_before_a_stop(void) {
    struct ln_err err = {0};
    bool is_last = rank == n_ranks - 1;
    int status = is_last ? ln_err_set(&err, LN_FATAL, "the disk is full")
                         : ln_err_set(&err, LN_STOPPED, "stopped");
    CHECK(ln_agree(MPI_COMM_WORLD, status, &err) == LN_FATAL);
    CHECK(strcmp(err.text, "the disk is full") == 0);
    status = is_last ? ln_err_set(&err, LN_STOPPED, "stopped") : LN_OK;
    CHECK(ln_agree_or_leave(MPI_COMM_WORLD, status, &err) == LN_STOPPED);
    CHECK(ln_agree(MPI_COMM_WORLD, LN_OK, &err) == LN_OK);
}

static const struct tap_test tests[] = {
    TAP_TEST(a_scan_that_is_told_to_stop_gives_up_on_all_ranks),
    TAP_TEST(an_error_is_heard_before_a_stop),
};

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    ln_linalg_start();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    int rc = tap_run(tests, (int)(sizeof tests / sizeof tests[0]));
    MPI_Finalize();
    return rc;
}
