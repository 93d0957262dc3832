/* The simulation of a run. The coordinator and the hands are the real ones; engine, messages and
 * clock are played here.
 *
 * A worker with b busy lanes out of L takes L times a point's share to advance it, or b times what
 * it takes alone, if that is less. A rank that computes looks at its messages every `poll` seconds,
 * one that waits at once. Rank 0 answers requests in the order they came, each takes `service`
 * seconds, and meanwhile its own points stand still. */
#include "linnet/simulate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "hand.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "report.h"

struct ln_simulate_options ln_simulate_usual(int n_ranks) {
    return (struct ln_simulate_options){n_ranks, 5e-6, 2e-6, 5e-4};
}

/* What dealing out one of the first grants takes, and telling a rank that there is none (measured).
 */
static const double deal_seconds = 2e-7, refuse_seconds = 2e-8;

enum kind {
    FINISH,  /* a point of the rank is done, if the version is still that of its lanes */
    REQUEST, /* a request of the rank arrives at rank 0 */
    SERVED,  /* rank 0 has worked it out */
    GRANT,   /* the answer arrives */
    LOOK     /* the rank looks at its messages */
};

struct worker {
    struct ln_hand hand;
    int64_t cell[LN_LANES];
    double left[LN_LANES]; /* core seconds to go; 0: the lane is free */
    int n_busy, version;
    double time;  /* up to which it has been advanced */
    double pause; /* seconds of service (rank 0) in which its points stand still */
    bool has_answer;
    struct ln_grant answer;
    struct ln_report report, sent;
    enum ln_wish wish; /* of the request under way */
};

struct simulation {
    const struct ln_plan *plan;
    const double *actual;
    const struct ln_simulate_options *options;
    struct ln_simulation *result;
    struct ln_coordinator *coordinator;
    struct ln_events events;
    struct worker *workers; /* [n_ranks] */
    double now, busy;       /* seconds, of all ranks, with a point in a lane */
    double desk_free;       /* when rank 0 has answered all requests it knows of */
};

static void put(struct simulation *s, double time, enum kind kind, int rank) {
    ln_events_put(&s->events, (struct ln_event){.time = time, .kind = (int)kind, .rank = rank});
}

/* The next time at which a computing rank looks at its messages; the ranks do it at different
 * times. */
static double next_look(const struct simulation *s, int rank) {
    double poll = s->options->poll, phase = poll * fmod(0.618033988749895 * rank, 1.0);
    return poll > 0 ? fmax(phase + ceil((s->now - phase) / poll) * poll, s->now) : s->now;
}

/* Seconds that a core second of one point takes with the lanes that are busy. */
static double slowness(const struct simulation *s, const struct worker *w) {
    const struct ln_group *group = &s->plan->groups[w->hand.group];
    double lanes = group->lanes;
    return group->solo > 0 ? fmin(lanes, w->n_busy * group->solo) : lanes;
}

static void advance(struct simulation *s, struct worker *w) {
    double seconds = s->now - w->time, pause = fmin(seconds, w->pause);
    w->time = s->now;
    w->pause = w->n_busy > 0 ? w->pause - pause : 0.0;
    if (w->n_busy == 0)
        return;
    s->busy += seconds;
    double done = (seconds - pause) / slowness(s, w);
    for (int l = 0; l < LN_LANES; l++)
        if (w->left[l] > 0)
            w->left[l] = fmax(w->left[l] - done, 1e-300);
}

static int soonest(const struct worker *w) {
    int best = -1;
    for (int l = 0; l < LN_LANES; l++)
        if (w->left[l] > 0 && (best < 0 || w->left[l] < w->left[best]))
            best = l;
    return best;
}

static void schedule(struct simulation *s, int rank) {
    struct worker *w = &s->workers[rank];
    w->version++;
    if (w->n_busy == 0)
        return;
    double time = s->now + w->pause + w->left[soonest(w)] * slowness(s, w);
    ln_events_put(&s->events, (struct ln_event){time, 0, FINISH, rank, w->version});
}

static void tell(struct simulation *s, int rank, struct ln_report *report) {
    for (int i = 0; i < report->n_parts; i++)
        ln_coordinator_done(s->coordinator, rank, report->parts[i].group, &report->parts[i].tally);
    memset(report, 0, sizeof *report);
}

static struct ln_grant serve(struct simulation *s, int rank, enum ln_wish wish) {
    struct ln_grant grant = ln_coordinator_serve(s->coordinator, rank, wish);
    s->result->n_grants += grant.count > 0;
    return grant;
}

static void collect(struct worker *w) {
    if (w->has_answer)
        ln_hand_answer(&w->hand, w->answer);
    w->has_answer = false;
}

static void ask_if_wished(struct simulation *s, int rank) {
    struct worker *w = &s->workers[rank];
    enum ln_wish wish = ln_hand_ask(&w->hand);
    if (wish == LN_WISH_NOTHING)
        return;
    w->wish = wish;
    if (rank == 0) {
        ln_hand_answer(&w->hand, serve(s, 0, wish));
        return;
    }
    w->sent = w->report;
    memset(&w->report, 0, sizeof w->report);
    s->result->n_requests++;
    put(s, s->now + s->options->latency, REQUEST, rank);
}

/* As the worker's next(). */
static bool next(struct simulation *s, int rank, int64_t *cell) {
    struct worker *w = &s->workers[rank];
    bool has_room = ln_hand_reserve(&w->hand);
    assert(has_room);
    bool has_started = ln_hand_start(&w->hand, s->now, cell);
    if (!has_started || w->hand.ahead.count == 0)
        ask_if_wished(s, rank);
    return has_started || ln_hand_start(&w->hand, s->now, cell);
}

/* Fills the lanes of an engine; where they are all empty, takes up a new shape. */
static void fill(struct simulation *s, int rank) {
    struct worker *w = &s->workers[rank];
    advance(s, w);
    if (w->n_busy == 0) {
        collect(w);
        ask_if_wished(s, rank);
        ln_hand_turn(&w->hand);
    }
    for (int l = 0; w->hand.group >= 0 && l < s->plan->groups[w->hand.group].lanes; l++) {
        if (w->left[l] > 0 || !next(s, rank, &w->cell[l]))
            continue;
        w->left[l] = fmax(s->actual[w->cell[l]], 1e-300);
        w->n_busy++;
    }
    schedule(s, rank);
}

static void finish(struct simulation *s, int rank) {
    struct worker *w = &s->workers[rank];
    double predicted, actual;
    advance(s, w);
    int lane = soonest(w);
    w->left[lane] = 0.0;
    w->n_busy--;
    ln_hand_finish(&w->hand, s->now, w->cell[lane], &predicted, &actual);
    ln_report_point(&w->report, w->hand.group, predicted, actual, 0.0, -1);
    if (rank == 0)
        tell(s, 0, &w->report);
    s->result->makespan = s->now;
    s->result->n_done++;
    fill(s, rank);
}

static void take_request(struct simulation *s, int rank) {
    struct worker *desk = &s->workers[0];
    double start = desk->n_busy > 0 ? next_look(s, 0) : s->now;
    s->desk_free = fmax(start, s->desk_free) + s->options->service;
    s->result->wait += s->desk_free - s->now + 2 * s->options->latency;
    advance(s, desk);
    desk->pause += s->options->service;
    schedule(s, 0);
    put(s, s->desk_free, SERVED, rank);
}

static void answer(struct simulation *s, int rank) {
    struct worker *w = &s->workers[rank];
    tell(s, rank, &w->sent);
    w->answer = serve(s, rank, w->wish);
    put(s, s->now + s->options->latency, GRANT, rank);
}

static void take_grant(struct simulation *s, int rank) {
    s->workers[rank].has_answer = true;
    if (s->workers[rank].n_busy > 0)
        put(s, next_look(s, rank), LOOK, rank);
    else
        fill(s, rank);
}

static void look(struct simulation *s, int rank) {
    if (!s->workers[rank].has_answer) /* taken when the lanes ran empty */
        return;
    collect(&s->workers[rank]);
    fill(s, rank);
}

static void happen(struct simulation *s, const struct ln_event *event) {
    s->now = event->time;
    switch ((enum kind)event->kind) {
    case FINISH:
        if (event->version == s->workers[event->rank].version)
            finish(s, event->rank);
        break;
    case REQUEST:
        take_request(s, event->rank);
        break;
    case SERVED:
        answer(s, event->rank);
        break;
    case GRANT:
        take_grant(s, event->rank);
        break;
    case LOOK:
        look(s, event->rank);
        break;
    }
}

/* The first grants: worked out one after the other, then handed down a tree. */
static void deal(struct simulation *s) {
    int n_ranks = s->options->n_ranks;
    double time = n_ranks > 1 ? s->options->latency * ceil(log2(n_ranks)) : 0.0;
    for (int r = 0; r < n_ranks; r++) {
        ln_hand_init(&s->workers[r].hand, s->plan);
        s->workers[r].answer = serve(s, r, LN_WISH_WORK);
        if (n_ranks > 1)
            time += s->workers[r].answer.count > 0 ? deal_seconds : refuse_seconds;
    }
    for (int r = 0; r < n_ranks; r++)
        put(s, time, GRANT, r);
}

static void conclude(struct simulation *s) {
    struct ln_simulation *result = s->result;
    double n_ranks = s->options->n_ranks;
    for (int64_t i = 0; i < s->plan->n_points; i++)
        result->work += s->actual[i];
    for (int g = 0; g < s->plan->n_groups; g++) {
        const struct ln_group *group = &s->plan->groups[g];
        double alone = group->solo > 0 ? group->solo : group->lanes;
        for (int64_t i = group->first; i < group->first + group->count; i++)
            result->longest = fmax(result->longest, alone * s->actual[i]);
    }
    result->ideal = fmax(result->work / n_ranks, result->longest);
    double all = result->makespan * n_ranks;
    result->idle = all > 0 ? fmax(1.0 - s->busy / all, 0.0) : 0.0;
    result->lanes = s->busy > 0 ? result->work / s->busy : 1.0;
    if (result->n_requests > 0)
        result->wait /= (double)result->n_requests;
}

void ln_simulate(const struct ln_plan *plan, const double *actual,
                 const struct ln_simulate_options *options, struct ln_simulation *result) {
    struct ln_plan by_position = *plan;
    by_position.ids = ln_linalg_alloc((size_t)plan->n_points + 1, sizeof *by_position.ids);
    for (int64_t i = 0; i < plan->n_points; i++)
        by_position.ids[i] = i;
    struct simulation s = {
        .plan = &by_position, .actual = actual, .options = options, .result = result};
    *result = (struct ln_simulation){0};
    s.coordinator = ln_coordinator_create(&by_position, options->n_ranks);
    s.workers = ln_linalg_alloc((size_t)options->n_ranks, sizeof *s.workers);
    assert(s.coordinator);
    deal(&s);
    for (struct ln_event event; ln_events_take(&s.events, &event);)
        happen(&s, &event);
    assert(ln_coordinator_is_finished(s.coordinator));
    conclude(&s);
    for (int r = 0; r < options->n_ranks; r++)
        ln_hand_clear(&s.workers[r].hand);
    ln_coordinator_free(s.coordinator);
    ln_events_clear(&s.events);
    free(s.workers);
    free(by_position.ids);
}

void ln_simulate_draw(const struct ln_plan *plan, double spread, uint64_t seed, double *actual) {
    struct ln_random random;
    ln_random_init(&random, 0, seed, LN_STREAM_OTHER);
    for (int g = 0; g < plan->n_groups; g++) {
        const struct ln_group *group = &plan->groups[g];
        double common = exp(spread * ln_random_normal(&random));
        for (int64_t i = group->first; i < group->first + group->count; i++) {
            double cost = plan->cost[i] * exp(spread * ln_random_normal(&random));
            actual[i] = common * (plan->most ? fmin(cost, plan->most[i]) : cost);
        }
    }
}
