/* The stopping rules of one point, and when they have to be asked again. */
#include "judge.h"

#include <math.h>
#include <string.h>

/* The excess loss at which the plateau position moves on; none: -1, below any E. */
static double plateau_threshold(const struct ln_run *run) {
    int r = run->plateau_position / 2;
    if (r >= run->n_plateaus)
        return -1.0;
    double gap = 0.5 * run->problem->sigma[r] * run->problem->sigma[r];
    return ln_problem_level(run->problem, r) + (run->plateau_position % 2 ? -0.01 : 0.01) * gap;
}

void ln_run_find_plateau(struct ln_run *run) {
    run->plateau_next = plateau_threshold(run);
}

static void begin_plateaus(struct ln_run *run, int rank) {
    const struct ln_problem *problem = run->problem;
    while (run->n_plateaus < LN_MAX_PLATEAUS && run->n_plateaus < rank &&
           run->n_plateaus < problem->n_modes &&
           problem->sigma[run->n_plateaus] > 1e-6 * problem->sigma[0])
        run->n_plateaus++;
    for (int r = 0; r < LN_MAX_PLATEAUS; r++)
        run->plateau_enter[r] = run->plateau_leave[r] = -1;
    ln_run_find_plateau(run);
}

static void pass_plateaus(struct ln_run *run, double excess) {
    while (excess <= run->plateau_next) {
        int r = run->plateau_position / 2;
        *(run->plateau_position % 2 ? &run->plateau_leave[r] : &run->plateau_enter[r]) = run->step;
        run->plateau_position++;
        ln_run_find_plateau(run);
    }
}

void ln_run_begin(struct ln_run *run, const struct ln_task *task, int rank) {
    const struct ln_conf *limits = &task->point->conf[LN_LIMITS];
    const struct ln_problem *problem = task->net.problem;
    memset(run, 0, sizeof *run);
    run->max_steps = ln_conf_int(limits, "max_steps");
    run->hold = ln_conf_int(limits, "stop.hold");
    run->stop_loss = ln_conf_real(limits, "stop.loss");
    run->stop_diverged = ln_conf_real(limits, "stop.diverged");
    run->level = ln_problem_level(problem, rank < problem->n_modes ? rank : problem->n_modes);
    run->problem = problem;
    run->converged_step = run->diverged_step = -1;
    begin_plateaus(run, rank);
}

bool ln_run_is_lost(const struct ln_run *run) {
    return run->is_invalid || run->diverged_step >= 0;
}

/* The stopping rules, each step. Rises count while they are more than rounding and above the
 * tolerance. */
void ln_run_judge(struct ln_run *run, double excess) {
    run->excess = excess;
    double above = excess - run->level;
    if (run->step == 0) {
        run->initial = run->previous = run->worst = excess;
        run->is_invalid |= !isfinite(excess);
        run->is_finished = run->is_invalid;
    }
    if (!(excess <= run->worst))
        run->worst = isnan(excess) ? HUGE_VAL : excess;
    if (run->step == 0)
        run->best = excess;
    if (!(above < run->stop_diverged)) {
        run->diverged_step = run->step;
        run->is_finished = true;
        return;
    }
    if (excess > run->previous * LN_RISE && above > run->stop_loss)
        run->n_rises++;
    if (excess <= run->plateau_next)
        pass_plateaus(run, excess);
    if (excess < run->best) {
        run->best = excess;
        run->best_step = run->step;
    }
    run->previous = excess;
    bool is_low = above <= run->stop_loss && run->stop_loss > 0;
    if (is_low && run->streak == 0)
        run->low_since = run->step;
    run->streak = is_low ? run->step - run->low_since + 1 : 0;
    if (run->streak >= run->hold) {
        run->converged_step = run->low_since;
        run->is_finished = true;
    }
}

/* Within the band ln_run_judge only keeps the books of a step. Above stop.loss the lane goes on
 * until it comes down to it; once there, until it leaves again. */
void ln_run_watch(const struct ln_run *run, struct ln_watch *watch, int lane) {
    bool is_low = run->streak > 0;
    double low_end = nextafter(run->stop_loss, HUGE_VAL); /* a <= stop.loss: a < low_end */
    watch->level[lane] = run->level;
    watch->above_low[lane] = is_low || !(run->stop_loss > 0) ? -HUGE_VAL : run->stop_loss;
    watch->above_high[lane] = is_low && low_end < run->stop_diverged ? low_end : run->stop_diverged;
    watch->excess_low[lane] = run->plateau_next;
    watch->rise_above[lane] = run->stop_loss;
    watch->previous[lane] = run->previous;
    watch->best[lane] = run->best;
    watch->worst[lane] = run->worst;
    watch->best_at[lane] = -1;
    watch->n_rises[lane] = 0;
}

void ln_run_watch_nothing(struct ln_watch *watch, int lane) {
    watch->level[lane] = watch->previous[lane] = watch->best[lane] = watch->worst[lane] = 0;
    watch->above_low[lane] = watch->excess_low[lane] = -HUGE_VAL;
    watch->above_high[lane] = watch->rise_above[lane] = HUGE_VAL;
}

void ln_run_take_books(struct ln_run *run, const struct ln_watch *watch, int lane) {
    run->previous = watch->previous[lane];
    run->worst = watch->worst[lane];
    run->best = watch->best[lane];
    if (watch->best_at[lane] >= 0)
        run->best_step = run->step + (int64_t)watch->best_at[lane];
    run->n_rises += (int64_t)watch->n_rises[lane];
}

double ln_run_threshold(const struct ln_run *run) {
    double stop = run->stop_loss > 0 && run->streak == 0 ? run->level + run->stop_loss : -1.0;
    return stop > run->plateau_next ? stop : run->plateau_next;
}
