/* Gradient descent: every layer moves at once, from old weights. Source: Bartlett et al. 2018;
 * Nguegnang et al. 2021 (step sizes eta_0 / (k + 1)^decay). */
#include "linnet/lanes.h"
#include "step.h"

static const struct ln_param params[] = {LN_STEP_PARAMS};

static bool start(const struct ln_task *task, void *memory, double *step_size) {
    struct ln_step *step = memory;
    bool can_start = ln_step_begin(step, task);
    *step_size = step->size;
    return can_start;
}

static bool step_sizes(const void *states, const struct ln_run *runs, int lanes, int64_t count,
                       double *eta) {
    const struct ln_step *steps = states;
    bool is_constant = true;
    for (int lane = 0; lane < lanes; lane++)
        is_constant &= steps[lane].decay == 0.0;
    for (int64_t k = 0; k < (is_constant ? 1 : count); k++)
        for (int lane = 0; lane < lanes; lane++)
            eta[k * LN_LANES + lane] = ln_step_at(&steps[lane], runs[lane].step + k);
    return is_constant;
}

static void advance(struct ln_batch *batch, void *states, const struct ln_run *runs,
                    int64_t *taken) {
    (void)taken; /* one step, as set */
    _Alignas(64) double eta[LN_LANES];
    step_sizes(states, runs, batch->shape->lanes, 1, eta);
    batch->shape->model->descend(batch, eta);
}

const struct ln_algorithm ln_algorithm_gd = {
    .entry = {.name = "gd",
              .doc = "Gradient descent, all layers updated simultaneously.",
              .source = "Bartlett, Helmbold, Long 2018, gradient descent; Nguegnang, Rauhut, "
                        "Terstiege 2021, step sizes eta_0/(k+1)^decay",
              LN_PARAMS(params)},
    .state_bytes = sizeof(struct ln_step),
    .check = ln_step_check,
    .check_is_blind = true,
    .start = start,
    .step_sizes = step_sizes,
    .advance = advance,
    .predicted_steps = ln_step_count,
};
