#include "park.h"

#include <math.h>
#include <string.h>

#include "judge.h"

/* Of the bytes: of another version they are not read. */
enum { VERSION = 2 };

/* What the task has to say too: a point of other limits is another point. */
static void put_limits(struct ln_pack *pack, const struct ln_run *run) {
    ln_pack_int(pack, run->max_steps);
    ln_pack_int(pack, run->hold);
    ln_pack_int(pack, run->n_plateaus);
    ln_pack_int(pack, run->strides);
    ln_pack_number(pack, run->stop_loss);
    ln_pack_number(pack, run->stop_diverged);
    ln_pack_number(pack, run->level);
    ln_pack_number(pack, run->step_size);
}

static bool is_number(struct ln_unpack *unpack, double expected) {
    double x = ln_unpack_number(unpack);
    return memcmp(&x, &expected, sizeof x) == 0;
}

static bool are_limits(struct ln_unpack *unpack, const struct ln_run *run) {
    bool same = ln_unpack_int(unpack) == run->max_steps;
    same &= ln_unpack_int(unpack) == run->hold;
    same &= ln_unpack_int(unpack) == run->n_plateaus;
    same &= ln_unpack_int(unpack) == run->strides;
    same &= is_number(unpack, run->stop_loss);
    same &= is_number(unpack, run->stop_diverged);
    same &= is_number(unpack, run->level);
    return same & is_number(unpack, run->step_size);
}

static void put_books(struct ln_pack *pack, const struct ln_run *run) {
    ln_pack_int(pack, run->step);
    ln_pack_int(pack, run->is_cut);
    ln_pack_number(pack, run->initial);
    ln_pack_number(pack, run->previous);
    ln_pack_number(pack, run->excess);
    ln_pack_number(pack, run->best);
    ln_pack_number(pack, run->worst);
    ln_pack_int(pack, run->best_step);
    ln_pack_int(pack, run->n_rises);
    ln_pack_int(pack, run->streak);
    ln_pack_int(pack, run->low_since);
    ln_pack_int(pack, run->plateau_position);
    ln_pack_ints(pack, run->plateau_enter, LN_MAX_PLATEAUS);
    ln_pack_ints(pack, run->plateau_leave, LN_MAX_PLATEAUS);
    ln_pack_numbers(pack, run->loss_window, LN_WINDOW);
    ln_pack_numbers(pack, run->state_window, LN_WINDOW);
}

static void take_books(struct ln_unpack *unpack, struct ln_run *run) {
    run->step = ln_unpack_int(unpack);
    run->is_cut = ln_unpack_int(unpack) != 0;
    run->initial = ln_unpack_number(unpack);
    run->previous = ln_unpack_number(unpack);
    run->excess = ln_unpack_number(unpack);
    run->best = ln_unpack_number(unpack);
    run->worst = ln_unpack_number(unpack);
    run->best_step = ln_unpack_int(unpack);
    run->n_rises = ln_unpack_int(unpack);
    run->streak = ln_unpack_int(unpack);
    run->low_since = ln_unpack_int(unpack);
    int64_t position = ln_unpack_int(unpack);
    unpack->is_bad |= position < 0 || position > 2 * run->n_plateaus;
    run->plateau_position = unpack->is_bad ? 0 : (int)position;
    ln_unpack_ints(unpack, run->plateau_enter, LN_MAX_PLATEAUS);
    ln_unpack_ints(unpack, run->plateau_leave, LN_MAX_PLATEAUS);
    ln_unpack_numbers(unpack, run->loss_window, LN_WINDOW);
    ln_unpack_numbers(unpack, run->state_window, LN_WINDOW);
}

static bool is_within(int64_t x, int64_t low, int64_t high) {
    return x >= low && x <= high;
}

/* Whether a run that goes on, or whose end was cut short, can have such books. Steps are those it
 * has done. */
static bool are_books(const struct ln_run *run) {
    bool good = is_within(run->step, 0, run->max_steps);
    good &= is_within(run->best_step, 0, run->step) && is_within(run->n_rises, 0, run->step);
    good &= is_within(run->streak, 0, run->hold) && is_within(run->low_since, 0, run->step);
    good &= run->streak == 0 || run->streak == run->step - run->low_since + 1;
    for (int r = 0; r < LN_MAX_PLATEAUS; r++) {
        bool is_in = run->plateau_position > 2 * r, is_out = run->plateau_position > 2 * r + 1;
        good &= is_in ? is_within(run->plateau_enter[r], 0, run->step) : run->plateau_enter[r] < 0;
        good &= is_out ? is_within(run->plateau_leave[r], 0, run->step) : run->plateau_leave[r] < 0;
    }
    return good && isfinite(run->initial) && run->previous == run->excess &&
           isfinite(run->excess) && run->best <= run->excess && run->excess <= run->worst &&
           isfinite(run->worst) && isfinite(run->best);
}

void ln_park_put(struct ln_pack *pack, const struct ln_algorithm *algorithm,
                 const struct ln_run *run, const double *state, int n_state) {
    ln_pack_int(pack, VERSION);
    ln_pack_text(pack, algorithm->entry.name);
    put_limits(pack, run);
    put_books(pack, run);
    ln_pack_int(pack, n_state);
    ln_pack_numbers(pack, state, (size_t)n_state);
}

bool ln_park_take(struct ln_unpack *unpack, const struct ln_algorithm *algorithm,
                  struct ln_run *run, double *state, int n_state) {
    if (run->is_invalid || ln_unpack_int(unpack) != VERSION ||
        !ln_unpack_is_text(unpack, algorithm->entry.name) || !are_limits(unpack, run))
        return false;
    take_books(unpack, run);
    bool good = are_books(run) && ln_unpack_int(unpack) == n_state;
    ln_unpack_numbers(unpack, state, (size_t)n_state);
    for (int i = 0; i < n_state; i++)
        good &= isfinite(state[i]);
    ln_run_find_plateau(run);
    return good && !unpack->is_bad;
}
