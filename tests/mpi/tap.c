#include "tap.h"

int tap_failures;

int tap_run(const struct tap_test *tests, int n_tests) {
    int rank;
    int failed = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        printf("1..%d\n", n_tests);
    for (int i = 0; i < n_tests; i++) {
        int all;
        tap_failures = 0;
        tests[i].run();
        MPI_Allreduce(&tap_failures, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        if (rank == 0) {
            printf("%s %d - %s\n", all ? "not ok" : "ok", i + 1, tests[i].name);
            fflush(stdout);
        }
        failed += all > 0;
    }
    return failed > 0;
}
