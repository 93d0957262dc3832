/* The canary of every rank against that of rank 0, and who a rank is. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linnet/agree.h"
#include "linnet/canary.h"
#include "linnet/farm.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"

enum { MOST_WHO = 320 };

/* "model name" of the first CPU. */
static void cpu_model(char *text, size_t size) {
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(text, size, "CPU of unknown model");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        colon += 1 + strspn(colon + 1, " ");
        snprintf(text, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (file)
        fclose(file);
}

static void say_who(int rank, char text[MOST_WHO]) {
    char host[65] = "?", cpu[128];
    gethostname(host, sizeof host - 1);
    cpu_model(cpu, sizeof cpu);
    snprintf(text, MOST_WHO, "rank %d on %s (%s, %s kernels, %s)", rank, host, cpu, ln_lanes_isa(),
             ln_linalg_blas());
}

/* -1: none. */
static int first_difference(const struct ln_canary *mine, const struct ln_canary *first) {
    for (int i = 0; i < LN_CANARY_PARTS; i++)
        if (mine->bits[i] != first->bits[i])
            return i;
    return -1;
}

/* With three ranks or more the odd one out is known: where most differ from rank 0, it is rank 0.
 */
static int compare(const struct ln_canary *mine, const char *who, MPI_Comm comm,
                   struct ln_err *err) {
    struct ln_canary first = *mine;
    char first_who[MOST_WHO];
    int n_ranks, n_differ = 0;
    MPI_Comm_size(comm, &n_ranks);
    memcpy(first_who, who, MOST_WHO);
    MPI_Bcast(&first, (int)sizeof first, MPI_BYTE, 0, comm);
    MPI_Bcast(first_who, MOST_WHO, MPI_BYTE, 0, comm);
    int part = first_difference(mine, &first), differs = part >= 0;
    MPI_Allreduce(&differs, &n_differ, 1, MPI_INT, MPI_SUM, comm);
    if (!differs)
        return LN_OK;
    return ln_err_set(
        err, LN_FATAL,
        "self-check: %s has other bits on %s than on %s; %d of %d ranks differ from rank 0, so "
        "the results would depend on who computes what; ask for nodes of one kind with the same "
        "libraries, and have one that disagrees with its like looked at",
        ln_canary_names[part], who, first_who, n_differ, n_ranks);
}

int ln_farm_check(MPI_Comm comm, struct ln_err *err) {
    struct ln_canary canary = {{0}};
    char who[MOST_WHO];
    int rank;
    MPI_Comm_rank(comm, &rank);
    say_who(rank, who);
    int status = ln_canary_run(&canary, err);
    if (status != LN_OK)
        ln_err_prefix(err, "self-check: %s computes wrongly: ", who);
    status = ln_agree(comm, status, err);
    return status == LN_OK ? ln_agree(comm, compare(&canary, who, comm, err), err) : status;
}
