/* Starts that were looked at before: points that differ in their step size alone begin alike, and
 * the sharpness of a start costs more than many a run. */
#ifndef LINNET_FARM_STARTS_H
#define LINNET_FARM_STARTS_H

#include "linnet/model.h"
#include "row.h"

struct ln_starts;

/* For starts of one shape. Recipe and shape must outlive it. Ownership: ln_starts_free. */
struct ln_starts *ln_starts_create(const struct ln_row_recipe *recipe,
                                   const struct ln_shape *shape);
void ln_starts_free(struct ln_starts *starts);

/* Fills the start columns of the row from an equal network (net: at step 0), if one is kept. */
bool ln_starts_recall(struct ln_starts *starts, const struct ln_net *net, void *row);

/* Keeps the start columns of the row. */
void ln_starts_keep(struct ln_starts *starts, const struct ln_net *net, void *row);

#endif
