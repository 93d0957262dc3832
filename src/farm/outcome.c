#include "outcome.h"

#include <math.h>

static double label(const struct ln_row_end *end) {
    return end->label;
}

static double period(const struct ln_row_end *end) {
    return end->period ? end->period : -1;
}

static double saddle_modes(const struct ln_row_end *end) {
    return end->modes;
}

static double steps(const struct ln_row_end *end) {
    return (double)end->run->step;
}

static double converged_step(const struct ln_row_end *end) {
    return (double)end->run->converged_step;
}

static double diverged_step(const struct ln_row_end *end) {
    return (double)end->run->diverged_step;
}

static double initial_loss(const struct ln_row_end *end) {
    return end->sight->problem->loss_floor + end->run->initial;
}

static double final_loss(const struct ln_row_end *end) {
    return end->sight->problem->loss_floor + end->run->excess;
}

static double best_loss(const struct ln_row_end *end) {
    return isfinite(end->run->best) ? end->sight->problem->loss_floor + end->run->best
                                    : (double)NAN;
}

static double best_step(const struct ln_row_end *end) {
    return isfinite(end->run->best) ? (double)end->run->best_step : -1;
}

static double excess_loss(const struct ln_row_end *end) {
    return end->run->excess - end->run->level;
}

static double reachable_loss(const struct ln_row_end *end) {
    return end->sight->problem->loss_floor + end->run->level;
}

static double loss_ratio(const struct ln_row_end *end) {
    double floor = end->sight->problem->loss_floor;
    return (floor + end->run->worst) / (floor + end->run->initial);
}

static double loss_rises(const struct ln_row_end *end) {
    return (double)end->run->n_rises;
}

static double step_size_used(const struct ln_row_end *end) {
    return end->run->step_size;
}

static double plateau_level(const struct ln_row_end *end, int plateau) {
    return plateau < end->run->n_plateaus
               ? end->sight->problem->loss_floor + ln_problem_level(end->sight->problem, plateau)
               : (double)NAN;
}

static double plateau_enter(const struct ln_row_end *end, int plateau) {
    return (double)end->run->plateau_enter[plateau];
}

static double plateau_leave(const struct ln_row_end *end, int plateau) {
    return (double)end->run->plateau_leave[plateau];
}

#define LABELS .flags = ln_label_names, .n_flags = LN_N_LABELS

const struct ln_row_outcome ln_row_outcomes[] = {
    {"label", LN_I8, "outcome", "1",
     "What became of the point; the rules are tried in this order and the first that holds "
     "decides.",
     LABELS, .number = label},
    {"period", LN_I32, "period of the cycle", "1",
     "Smallest p <= 64 with which state and loss repeat at the horizon; -1: none.",
     .number = period},
    {"saddle_modes", LN_I32, "modes learnt at the saddle", "1",
     "Number of target modes fitted where the run lingers at the horizon; -1: it is not near a "
     "saddle.",
     .number = saddle_modes},
    {"steps", LN_I64, "steps run", "1", "Steps until the run stopped.", .number = steps},
    {"converged_step", LN_I64, "step of convergence", "1",
     "First step of the stretch of stop.hold steps with excess loss at most stop.loss; -1: not "
     "converged.",
     .number = converged_step},
    {"diverged_step", LN_I64, "step of divergence", "1",
     "First step with excess loss above stop.diverged, or not a number; -1: not diverged.",
     .number = diverged_step},
    {"initial_loss", LN_F64, "training loss at the start", "1", "Loss at step 0.",
     .number = initial_loss},
    {"final_loss", LN_F64, "training loss at the end", "1", "Loss at the last step.",
     .number = final_loss},
    {"best_loss", LN_F64, "least training loss", "1", "Least loss of the run.",
     .number = best_loss},
    {"best_step", LN_I64, "step of the least loss", "1", "Step of best_loss.", .number = best_step},
    {"excess_loss", LN_F64, "excess loss at the end", "1",
     "final_loss minus reachable_loss, precise far below the loss itself unless a bottleneck "
     "leaves modes out.",
     .number = excess_loss},
    {"reachable_loss", LN_F64, "least loss the widths allow", "1",
     "Loss of the best map of rank at most the smallest width (Eckart-Young).",
     .number = reachable_loss},
    {"loss_ratio_max", LN_F64, "largest loss over initial loss", "1",
     "Above 1: the loss rose above its start.", .number = loss_ratio},
    {"loss_rises", LN_I64, "steps on which the loss rose", "1",
     "By more than rounding (1e-9 relative) and while the excess is above stop.loss.",
     .number = loss_rises},
    {"step_size_used", LN_F64, "absolute step size", "1",
     "eta after step_unit was resolved; of the first step for a schedule; the time between two "
     "steps for a flow.",
     .number = step_size_used},
    {"plateau_level", LN_F64, "loss level of each plateau", "1",
     "Loss when the r largest modes are learnt and no other.", .per_plateau = plateau_level},
    {"plateau_enter", LN_I64, "step at which each plateau is entered", "1",
     "First step with a loss at most 1 % of the gap to the next level above this level; -1: never.",
     .per_plateau = plateau_enter},
    {"plateau_leave", LN_I64, "step at which each plateau is left", "1",
     "First step with a loss 1 % of the gap below this level; -1: never.",
     .per_plateau = plateau_leave},
};
const int ln_row_n_outcomes = sizeof ln_row_outcomes / sizeof ln_row_outcomes[0];
