#include "linnet/agree.h"

#include <stdbool.h>
#include <time.h>

#include "linnet/fault.h"

static const double patience_seconds = 5;                  /* of a rank that has failed */
static const double trust_seconds = LN_FAULT_SECONDS(180); /* of one that has not */

/* The lowest rank that failed, n_ranks where none did. */
static int conclude(MPI_Comm comm, int failed, int n_ranks, struct ln_err *err) {
    if (failed == n_ranks)
        return LN_OK;
    MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, failed, comm);
    return (int)err->status;
}

int ln_agree(MPI_Comm comm, int status, struct ln_err *err) {
    int rank, n_ranks, failed;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    int mine = status == LN_OK ? n_ranks : rank;
    MPI_Allreduce(&mine, &failed, 1, MPI_INT, MPI_MIN, comm);
    return conclude(comm, failed, n_ranks, err);
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
    static int mine, failed; /* outlive a request that is left open */
    int rank, n_ranks;
    MPI_Request request;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    mine = status == LN_OK ? n_ranks : rank;
    MPI_Iallreduce(&mine, &failed, 1, MPI_INT, MPI_MIN, comm, &request);
    if (is_over(&request, status == LN_OK ? trust_seconds : patience_seconds))
        return conclude(comm, failed, n_ranks, err);
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
