/* Which points of one sweep are points of another: the same value of every key that decides what a
 * point computes. Random numbers are drawn from seeds, which are keys too, never from the place of
 * a point in its grid (random.h), so the same point has the same bits in both. */
#ifndef LINNET_MATCH_H
#define LINNET_MATCH_H

#include "linnet/err.h"
#include "linnet/sweep.h"

struct ln_match;

/* Two sweeps that may differ in axes and `where`, but in no key that neither drives along an axis.
 * Errors: LN_INPUT (such a key, or an axis without a value that the other sweep has, named, with
 * both values and the position in `to`), LN_FATAL (memory). Ownership: ln_match_free; the sweeps
 * must outlive it. */
int ln_match_create(const struct ln_sweep *from, const struct ln_sweep *to, struct ln_match **match,
                    struct ln_err *err);
void ln_match_free(struct ln_match *match);

/* The cell of `from` that is the point of a cell of `to`; -1: none, or left out by where. */
int64_t ln_match_cell(struct ln_match *match, int64_t cell);

#endif
