#include "linnet/random.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>

void ln_random_init(struct ln_random *random, uint64_t base, uint64_t seed, enum ln_stream stream) {
    memset(random, 0, sizeof *random);
    random->key[0] = base;
    random->key[1] = seed;
    random->counter[3] = (uint64_t)stream;
}

uint64_t ln_random_bits(struct ln_random *random) {
    if (random->left == 0) {
        philox4x64_ctr_t counter;
        philox4x64_key_t key;
        memcpy(counter.v, random->counter, sizeof counter.v);
        memcpy(key.v, random->key, sizeof key.v);
        philox4x64_ctr_t block = philox4x64(counter, key);
        memcpy(random->block, block.v, sizeof block.v);
        random->counter[0]++;
        random->left = 4;
    }
    return random->block[4 - random->left--];
}

double ln_random_uniform(struct ln_random *random) {
    return ((double)(ln_random_bits(random) >> 12) + 0.5) * 0x1p-52;
}

/* Box-Muller: both numbers of a pair are used, in order. */
double ln_random_normal(struct ln_random *random) {
    if (random->has_spare) {
        random->has_spare = 0;
        return random->spare;
    }
    double radius = sqrt(-2.0 * log(ln_random_uniform(random)));
    double angle = 6.283185307179586 * ln_random_uniform(random);
    random->spare = radius * sin(angle);
    random->has_spare = 1;
    return radius * cos(angle);
}

void ln_random_normals(struct ln_random *random, size_t n, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = ln_random_normal(random);
}

static const uint64_t golden_gamma = 0x9E3779B97F4A7C15u;

struct ln_splitmix ln_splitmix_seeded(uint64_t base, uint64_t seed) {
    return (struct ln_splitmix){seed ^ base * golden_gamma};
}

double ln_splitmix_uniform(struct ln_splitmix *random) {
    uint64_t z = random->state += golden_gamma;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return 2.0 * ((double)(z >> 11) * 0x1p-53) - 1.0;
}
