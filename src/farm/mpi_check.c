#include "mpi_check.h"

#include <mpi.h>

int ln_mpi_check(int rc, const char *call, struct ln_err *err) {
    if (rc == MPI_SUCCESS)
        return LN_OK;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    MPI_Error_string(rc, text, &length);
    return ln_err_set(err, LN_FATAL, "%s failed: %s", call, text);
}
