#include "linnet/agree.h"

#include <stdbool.h>
#include <time.h>

#include "linnet/fault.h"

static const double patience_seconds = 5;                  /* of a rank that has failed */
static const double trust_seconds = LN_FAULT_SECONDS(180); /* of one that has not */

/* The lowest bid is heard: that of a rank that failed before that of one that was stopped. */
static int bid(int status, int rank, int n_ranks) {
    return status == LN_OK ? 2 * n_ranks : status == LN_STOPPED ? n_ranks + rank : rank;
}

static int conclude(MPI_Comm comm, int lowest, int n_ranks, struct ln_err *err) {
    if (lowest == 2 * n_ranks)
        return LN_OK;
    MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, lowest % n_ranks, comm);
    return (int)err->status;
}

int ln_agree(MPI_Comm comm, int status, struct ln_err *err) {
    int rank, n_ranks, lowest;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    int mine = bid(status, rank, n_ranks);
    MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, comm);
    return conclude(comm, lowest, n_ranks, err);
}

/* Whether the request is over in time; a rank that gives up leaves it open. */
static bool is_over(MPI_Request *request, double patience) {
    double start = MPI_Wtime();
    int over = 0;
    while (!over) {
        MPI_Test(request, &over, MPI_STATUS_IGNORE);
        if (!over && MPI_Wtime() - start > patience)
            return false;
        if (!over)
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return true;
}

int ln_agree_or_leave(MPI_Comm comm, int status, struct ln_err *err) {
    static int mine, lowest; /* outlive a request that is left open */
    int rank, n_ranks;
    MPI_Request request;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    mine = bid(status, rank, n_ranks);
    MPI_Iallreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, comm, &request);
    if (is_over(&request, status == LN_OK ? trust_seconds : patience_seconds))
        return conclude(comm, lowest, n_ranks, err);
    if (status != LN_OK)
        return status;
    return ln_err_set(err, LN_FATAL, "rank %d has waited %.0f s for the others to open the results",
                      rank, trust_seconds);
}

void ln_agree_meet(MPI_Comm comm) {
    MPI_Request request;
    MPI_Ibarrier(comm, &request);
    (void)is_over(&request, patience_seconds);
}
