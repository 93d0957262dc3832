#include "linnet/farm.h"

#include "pump.h"
#include "worker.h"

int ln_farm_run(const struct ln_sweep *sweep, const struct ln_layout *layout,
                const struct ln_plan *plan, struct ln_store *store, MPI_Comm comm,
                const struct ln_farm_options *options, struct ln_err *err) {
    struct ln_pump pump;
    struct ln_worker worker = {
        .sweep = sweep,
        .layout = layout,
        .store = store,
        .pump = &pump,
        .stop_asked = options->stop_asked,
        .running = options->running,
        .parked = options->parked,
    };
    int status = ln_pump_open(&pump, plan, comm, options, err);
    if (status == LN_OK) {
        ln_hand_init(&worker.hand, plan);
        status = ln_worker_run(&worker, err);
        status = ln_pump_leave(&pump, status, err);
    }
    if (status != LN_FATAL) /* closing is collective, and the other ranks may be gone */
        ln_pump_close(&pump);
    return status;
}
