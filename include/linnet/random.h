/* Counter-based random numbers (Random123 Philox 4x64-10). A stream depends on (base, seed, stream)
 * and nothing else: no state is shared, so a point draws the same numbers on any rank, in any
 * order. The stream OTHER is for what is neither data nor start (batches, probes). */
#ifndef LINNET_RANDOM_H
#define LINNET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "linnet/point.h"

struct ln_random {
    uint64_t key[2], counter[4], block[4];
    int left;     /* words of block not used yet */
    double spare; /* second normal of a Box-Muller pair */
    int has_spare;
};

void ln_random_init(struct ln_random *random, uint64_t base, uint64_t seed, enum ln_stream stream);
uint64_t ln_random_bits(struct ln_random *random);
double ln_random_uniform(struct ln_random *random); /* in (0, 1) */
double ln_random_normal(struct ln_random *random);  /* standard normal */
void ln_random_normals(struct ln_random *random, size_t n, double *x);

/* SplitMix64: a few lines in any language. For reference problems that others have to be able to
 * make anew to the last bit; everything else draws from the streams above. */
struct ln_splitmix {
    uint64_t state;
};

/* The state is the seed itself where base is 0. Source: Steele, Lea, Flood 2014. */
struct ln_splitmix ln_splitmix_seeded(uint64_t base, uint64_t seed);
double ln_splitmix_uniform(struct ln_splitmix *random); /* in [-1, 1): 53 bits */

#endif
