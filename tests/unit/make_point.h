/* Points for tests of the physics, without the YAML parser: an entry of a catalogue with every
 * parameter at its default, then single values by name.
 *
 * Lists and matrices are borrowed: they must outlive the point and its copies. */
#ifndef LINNET_TEST_MAKE_POINT_H
#define LINNET_TEST_MAKE_POINT_H

#include "linnet/point.h"

/* An empty point: no entries, base seed 1, all streams at seed 0. */
void point_clear(struct ln_point *point);

/* Selects an entry of the catalogue for the section. */
void point_choose(struct ln_point *point, enum ln_section section,
                  const struct ln_catalogue *catalogue, const char *name);

/* A section that has parameters but no entry. */
void point_table(struct ln_point *point, enum ln_section section, const struct ln_param *params,
                 int n_params);

void point_set_int(struct ln_point *point, enum ln_section section, const char *name,
                   int64_t value);
void point_set_real(struct ln_point *point, enum ln_section section, const char *name,
                    double value);
void point_set_word(struct ln_point *point, enum ln_section section, const char *name,
                    const char *word);
void point_set_ints(struct ln_point *point, enum ln_section section, const char *name,
                    const int64_t *values, int count);
void point_set_reals(struct ln_point *point, enum ln_section section, const char *name,
                     const double *values, int count);
void point_set_matrices(struct ln_point *point, enum ln_section section, const char *name,
                        const struct ln_matrix *matrices, int count);
void point_set_seeds(struct ln_point *point, uint64_t seed);

#endif
