/* Chains for the tests of the kernels, and one plain problem beside to say what is right: its
 * products are triple loops with fma(), one element after the other. */
#ifndef LINNET_TEST_CHAIN_CASE_H
#define LINNET_TEST_CHAIN_CASE_H

#include "linnet/chain.h"

enum { MOST_LAYERS = 16, MOST_STEPS = 64 };

struct chain_case {
    struct ln_chain *chain, *kept;       /* the second keeps its product ... */
    struct ln_chain_room *room, *halves; /* ... and goes half a step at a time */
    int lanes, n_weights, n_target, n_moment;
    double *weights, *target, *moment; /* as ln_chain_run takes them */
    double *eta;                       /* [MOST_STEPS][LN_LANES] */
    double *functional;                /* [n_weights] */
    double *losses, *signatures;       /* [MOST_STEPS + 1][LN_LANES] */
    struct ln_watch *watch;
    struct ln_steps steps;
};

/* Random numbers of such sizes that some steps change every digit and nothing blows up; lanes:
 * LN_LANES or 1. */
struct chain_case *chain_case_create(const int *widths, int n_layers, bool has_moment, int lanes,
                                     uint64_t seed);
void chain_case_free(struct chain_case *c);

/* Takes up to `most` steps from the number `from` on, all lanes busy; keeps histories if asked. */
void chain_case_run(struct chain_case *c, int from, int most, bool keeps);

/* P, error and E [lanes] of the weights as they are, in the room for half steps. */
void chain_case_go_up(struct chain_case *c, double *excess);

/* Bands without ends and empty books. */
void chain_case_watch_nothing(struct chain_case *c);

/* One lane of a case, by plain loops. */
struct plain {
    const struct ln_chain *chain;
    double *slot[6 * MOST_LAYERS + 8];
    double excess;
};

struct plain *plain_create(const struct chain_case *c, int lane);
void plain_free(struct plain *plain);
/* W_j ... W_i, layers from 1; the identity where i > j. d: widths. Ownership: free(). */
double *plain_product(const struct plain *plain, const int *d, int i, int j);
/* E of the state as it is. */
void plain_evaluate(struct plain *plain);
/* One step down and the E of the new state. */
void plain_step(struct plain *plain, double eta);
/* fma(), or two roundings where the set in use has none. */
double plain_fma(double a, double b, double c);

#endif
