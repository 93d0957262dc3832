#include <stdio.h>
#include <stdlib.h>

#include "run.h"

/* Rank 0 according to its launcher, before MPI is up; all of them where the launcher does not say.
 */
bool run_is_first(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                        "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            return atoi(getenv(names[i])) == 0;
    return true;
}

/* A launcher of another MPI starts N programs that each believe they are alone: N runs on one file.
 */
int run_check_launcher(int n_ranks) {
    static const char *const counts[] = {"SLURM_STEP_NUM_TASKS", "PMI_SIZE", "PALS_NRANKS",
                                         "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS"};
    for (size_t i = 0; n_ranks == 1 && i < sizeof counts / sizeof counts[0]; i++) {
        const char *text = getenv(counts[i]);
        if (!text || atoi(text) <= 1)
            continue;
        fprintf(stderr,
                "linnet: the launcher started %s processes (%s), but each sees itself alone: its "
                "MPI does not match.\n"
                "        Under Slurm use `srun --mpi=pmix` (see `srun --mpi=list`), elsewhere the "
                "mpirun of the Open MPI that\n"
                "        linnet was built with.\n",
                text, counts[i]);
        return LN_INPUT;
    }
    return LN_OK;
}
