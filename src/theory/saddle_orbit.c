/* Heteroclinic orbits of the jumps, and what they say about jump times at finite scale.
 *
 * On the fast time th = Lam (t - t_k) a jump is the flow db/dth = -2 |b| o grad L(b) with frozen
 * signs; in q = ln |b| it is dq_i/dth = -2 sign_i g_i, and no coordinate can cross 0 by rounding.
 * Outside the jumps s_j(t) = s_j^0(t) + delta_j / Lam, with delta_j = sign_j ln(2 |b_j|) / 2 where
 * b_j is not 0 (asymptotics of sinh), and constant elsewhere. Hence a new coordinate grows as
 * |b_h| = 1/2 exp(2 (|g_h| th + sign_h delta_h)), which is 1/2 at th = c = delta_h / g_h, and a
 * jump shifts delta_j by -K_j, K_j the excess of int g_j dth over its two plateau values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/ode.h"
#include "linnet/saddles.h"

static const double departure = 1e-12, arrival = 1e-11, degenerate_arrival = 1e-3;
enum { MOST_STEPS = 2000000 };

/* The face of one jump. The state of the flow is q [m], int (b - from) dth [m], the length. */
struct orbit {
    const struct ln_regression *problem;
    int m;
    int *face;
    double *hessian, *slope; /* [m x m] c X_F' X_F, [m] c X_F' y */
    double *sign, *from, *to, *b, *g, *state;
    double size, close; /* largest |b_i| of both ends; distance that counts as arrived */
};

static const double *column(const struct ln_regression *problem, int j) {
    return problem->x + (size_t)j * problem->n;
}

static double signed_of(double sign, double q) {
    return sign * exp(fmin(q, 650));
}

static void flow(void *ctx, double t, const double *state, double *dstate) {
    struct orbit *orbit = ctx;
    int m = orbit->m;
    double speed = 0;
    (void)t;
    for (int i = 0; i < m; i++)
        orbit->b[i] = signed_of(orbit->sign[i], state[i]);
    for (int i = 0; i < m; i++) {
        double g = ln_dot(orbit->hessian + (size_t)i * m, orbit->b, (size_t)m) - orbit->slope[i];
        dstate[i] = -2 * orbit->sign[i] * g;
        dstate[m + i] = orbit->b[i] - orbit->from[i];
        speed += dstate[i] * dstate[i] * orbit->b[i] * orbit->b[i];
    }
    dstate[2 * m] = sqrt(speed);
}

/* Squared distance to the end less that to the beginning. */
static double to_switch(void *ctx, double t, const double *state) {
    const struct orbit *orbit = ctx;
    double difference = 0;
    (void)t;
    for (int i = 0; i < orbit->m; i++) {
        double b = signed_of(orbit->sign[i], state[i]);
        double after = b - orbit->to[i], before = b - orbit->from[i];
        difference += after * after - before * before;
    }
    return difference;
}

static double to_arrival(void *ctx, double t, const double *state) {
    const struct orbit *orbit = ctx;
    double distance = 0;
    (void)t;
    for (int i = 0; i < orbit->m; i++)
        distance = fmax(distance, fabs(signed_of(orbit->sign[i], state[i]) - orbit->to[i]));
    return distance - orbit->close;
}

static double distance_to(const struct orbit *orbit, const double *end) {
    double sum = 0;
    for (int i = 0; i < orbit->m; i++) {
        double difference = signed_of(orbit->sign[i], orbit->state[i]) - end[i];
        sum += difference * difference;
    }
    return sqrt(sum);
}

static void orbit_begin(struct orbit *orbit, const struct ln_regression *problem,
                        const double *from, const double *to, const double *s) {
    size_t d = (size_t)problem->d, n = (size_t)problem->n;
    *orbit = (struct orbit){.problem = problem};
    orbit->face = ln_linalg_alloc(d, sizeof(int));
    double **numbers[] = {&orbit->sign, &orbit->from, &orbit->to, &orbit->b, &orbit->g};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = ln_linalg_alloc(d, sizeof(double));
    for (int i = 0; i < problem->d; i++) {
        double high = problem->high ? problem->high[i] : 1;
        double low = problem->low ? problem->low[i] : 1;
        if (s[i] != high && s[i] != -low)
            continue;
        int k = orbit->m++;
        orbit->face[k] = i;
        orbit->sign[k] = s[i] == high ? 1 : -1;
        orbit->from[k] = from[i];
        orbit->to[k] = to[i];
        orbit->size = fmax(orbit->size, fmax(fabs(from[i]), fabs(to[i])));
    }
    size_t m = (size_t)orbit->m;
    orbit->hessian = ln_linalg_alloc(m * m, sizeof(double));
    orbit->slope = ln_linalg_alloc(m, sizeof(double));
    orbit->state = ln_linalg_alloc(2 * m + 1, sizeof(double));
    for (size_t i = 0; i < m; i++) {
        const double *x = column(problem, orbit->face[i]);
        for (size_t j = 0; j < m; j++)
            orbit->hessian[i * m + j] = problem->c * ln_dot(x, column(problem, orbit->face[j]), n);
        orbit->slope[i] = problem->c * ln_dot(x, problem->y, n);
    }
}

static void orbit_end(struct orbit *orbit) {
    void *blocks[] = {orbit->face, orbit->hessian, orbit->slope, orbit->sign, orbit->from,
                      orbit->to,   orbit->b,       orbit->g,     orbit->state};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

/* State on the unstable manifold of `from`, where every new coordinate is still small. g [d]:
 * gradient at `from`. Returns its fast time; *origin: the first new coordinate is 1/2 there,
 * linearised. A warm start has no new coordinate: its orbit begins at `from` at time 0. */
static double depart(struct orbit *orbit, const double *g, const double *delta, double *origin) {
    double theta = 0;
    *origin = 0;
    bool is_first = true;
    for (int k = 0; k < orbit->m; k++) {
        int i = orbit->face[k];
        if (orbit->from[k] != 0)
            continue;
        double crossing = delta[i] / g[i];
        double start = crossing + log(2 * departure * orbit->size) / (2 * fabs(g[i]));
        theta = is_first ? start : fmin(theta, start);
        *origin = is_first ? crossing : fmin(*origin, crossing);
        is_first = false;
    }
    for (int k = 0; k < orbit->m; k++) {
        int i = orbit->face[k];
        orbit->state[k] = orbit->from[k] != 0
                              ? log(fabs(orbit->from[k]))
                              : log(0.5) + 2 * fabs(g[i]) * (theta - delta[i] / g[i]);
    }
    return theta;
}

/* Follows the orbit to its end. Returns false if it did not get there; *end: its fast time. */
static bool follow(struct orbit *orbit, double theta, double *theta_switch, double *end) {
    struct ln_ode ode;
    ln_ode_init(&ode, 2 * orbit->m + 1, flow, orbit);
    ode.rtol = ode.atol = 1e-12;
    ode.most_steps = MOST_STEPS;
    const double never = theta + 1e12;
    *theta_switch = NAN;
    *end = theta;
    ode.event = to_switch;
    bool is_good = ln_ode_advance(&ode, end, never, orbit->state) == LN_ODE_EVENT;
    *theta_switch = *end;
    ode.event = to_arrival;
    if (is_good && to_arrival(orbit, *end, orbit->state) > 0)
        is_good = ln_ode_advance(&ode, end, never, orbit->state) == LN_ODE_EVENT;
    ln_ode_clear(&ode);
    return is_good;
}

/* delta_j -= K_j, K_j = c X_j . X_F (int (b - from) dth - (to - from) theta_end). */
static void shift(const struct orbit *orbit, double end, double *delta) {
    const struct ln_regression *problem = orbit->problem;
    size_t n = (size_t)problem->n;
    double *sum = ln_linalg_alloc(n, sizeof *sum);
    for (int k = 0; k < orbit->m; k++) {
        double excess = orbit->state[orbit->m + k] - (orbit->to[k] - orbit->from[k]) * end;
        for (size_t i = 0; i < n; i++)
            sum[i] += column(problem, orbit->face[k])[i] * excess;
    }
    for (int j = 0; j < problem->d; j++)
        delta[j] -= problem->c * ln_dot(column(problem, j), sum, n);
    free(sum);
}

/* The shifts of the active duals are known from b too. Returns the largest disagreement. */
static double settle(const double *b, int d, double *delta) {
    double worst = 0;
    for (int i = 0; i < d; i++) {
        if (b[i] == 0)
            continue;
        double known = (b[i] > 0 ? 1 : -1) * log(2 * fabs(b[i])) / 2;
        worst = fmax(worst, fabs(delta[i] - known));
        delta[i] = known;
    }
    return worst;
}

static int n_new(const struct orbit *orbit) {
    int count = 0;
    for (int k = 0; k < orbit->m; k++)
        count += orbit->from[k] == 0;
    return count;
}

struct way {
    const struct ln_regression *problem;
    const struct ln_saddles *saddles;
    double *delta, *g;
    bool is_lost; /* a degenerate saddle was passed: the shifts are not known any more */
};

static bool is_degenerate(const struct ln_saddles *saddles, int k) {
    return k >= 0 && ln_saddles_n_degenerate(saddles, k) > 0;
}

/* One jump. Where the shifts are lost, the orbit of one new coordinate is known all the same, but
 * not its place in time. */
static void travel(struct way *way, struct orbit *orbit, int k, struct ln_jump *jump) {
    const struct ln_saddles *saddles = way->saddles;
    double origin, theta_switch, end;
    bool was_lost = way->is_lost;
    if (was_lost)
        memset(way->delta, 0, (size_t)saddles->d * sizeof *way->delta);
    way->is_lost = true;
    if (is_degenerate(saddles, k - 1) || (was_lost && n_new(orbit) > 1))
        return;
    double theta = depart(orbit, way->g, way->delta, &origin);
    double gap = distance_to(orbit, orbit->from);
    if (!follow(orbit, theta, &theta_switch, &end))
        return;
    shift(orbit, end, way->delta);
    double residual = settle(saddles->b + (size_t)k * saddles->d, saddles->d, way->delta);
    way->is_lost = was_lost || is_degenerate(saddles, k);
    jump->c = was_lost ? (double)NAN : origin;
    jump->h = theta_switch - origin;
    jump->length = gap + orbit->state[2 * orbit->m] + distance_to(orbit, orbit->to);
    jump->residual = way->is_lost ? (double)NAN : residual;
}

static void one_jump(struct way *way, int k, const double *from, struct ln_jump *jump) {
    const struct ln_saddles *saddles = way->saddles;
    const double *to = saddles->b + (size_t)k * saddles->d, none = (double)NAN;
    struct orbit orbit;
    *jump = (struct ln_jump){none, none, none, 0, none};
    for (int i = 0; i < saddles->d; i++)
        jump->chord = hypot(jump->chord, to[i] - from[i]);
    ln_regression_loss(way->problem, from, way->g);
    orbit_begin(&orbit, way->problem, from, to, saddles->s + (size_t)k * saddles->d);
    orbit.close = (is_degenerate(saddles, k) ? degenerate_arrival : arrival) * orbit.size;
    travel(way, &orbit, k, jump);
    orbit_end(&orbit);
}

void ln_saddles_jumps(const struct ln_regression *problem, const struct ln_saddles *saddles,
                      struct ln_jump *jumps) {
    size_t d = (size_t)saddles->d, bytes = d * sizeof(double);
    struct way way = {.problem = problem, .saddles = saddles};
    way.delta = ln_linalg_alloc(d, sizeof *way.delta);
    way.g = ln_linalg_alloc(d, sizeof *way.g);
    jumps[0] = (struct ln_jump){0};
    if (problem->start)
        settle(problem->start, saddles->d, way.delta);
    if (problem->start && memcmp(problem->start, saddles->b, bytes) != 0)
        one_jump(&way, 0, problem->start, &jumps[0]);
    for (int k = 1; k <= saddles->n_jumps && !ln_interrupt_is_due(); k++)
        one_jump(&way, k, saddles->b + (size_t)(k - 1) * d, &jumps[k]);
    free(way.g);
    free(way.delta);
}

double ln_saddles_total_length(const struct ln_saddles *saddles, const struct ln_jump *jumps) {
    double length = saddles->time[saddles->n_jumps];
    for (int k = 0; k <= saddles->n_jumps; k++)
        length += jumps[k].length;
    return length;
}
