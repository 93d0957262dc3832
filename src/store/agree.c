#include "linnet/agree.h"

int ln_agree(MPI_Comm comm, int status, struct ln_err *err) {
    int rank, n_ranks, failed;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    int mine = status == LN_OK ? n_ranks : rank;
    MPI_Allreduce(&mine, &failed, 1, MPI_INT, MPI_MIN, comm);
    if (failed == n_ranks)
        return LN_OK;
    MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, failed, comm);
    return (int)err->status;
}
