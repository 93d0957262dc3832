/* Tests that run on several ranks at once and report as one: TAP on rank 0. A test passes if it
 * passes on every rank; a failed check prints where and on which rank. */
#ifndef LINNET_TESTS_TAP_H
#define LINNET_TESTS_TAP_H

#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>

struct tap_test {
    const char *name; /* a sentence */
    void (*run)(void);
};

/* Counts the checks that failed in the running test on this rank. */
extern int tap_failures;

#define TAP_TEST(name)                                                                             \
    { #name, name }

/* Goes on after a failure: other ranks may be in a collective call. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            int tap_rank;                                                                          \
            MPI_Comm_rank(MPI_COMM_WORLD, &tap_rank);                                              \
            fprintf(stderr, "%s:%d: rank %d: not true: %s\n", __FILE__, __LINE__, tap_rank,        \
                    #condition);                                                                   \
            tap_failures++;                                                                        \
        }                                                                                          \
    } while (0)

/* Runs all tests; returns the exit code of the program. Ranks: collective over the world. */
int tap_run(const struct tap_test *tests, int n_tests);

#endif
