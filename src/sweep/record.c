/* The steps at which series are recorded. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

enum { RECORDS_MOST = 1000000, DEFAULT_LOG = 64 };

static const struct ln_key *find_key(const struct ln_sweep *sweep, const char *full) {
    for (int i = 0; i < sweep->n_keys; i++)
        if (strcmp(sweep->keys[i].full, full) == 0)
            return &sweep->keys[i];
    return NULL;
}

/* The largest max_steps of the grid. */
static int64_t last_step(const struct ln_sweep *sweep) {
    const struct ln_key *key = find_key(sweep, "train.max_steps");
    if (!key)
        return 0;
    if (key->axis < 0) {
        const struct ln_variant *variant = &ln_spec_use_of(sweep, key)->variants[0];
        return variant->values[ln_spec_row(variant, key->name)].integer;
    }
    int64_t most = 0;
    const struct ln_driver *driver = &sweep->drivers[key->axis][key->coord];
    for (int64_t i = 0; i < sweep->axes[key->axis].count; i++)
        if (driver->values[0][i].integer > most)
            most = driver->values[0][i].integer;
    return most;
}

/* Steps come in order; those that round to the one before are the same record. */
static void push_step(struct ln_sweep *sweep, double step) {
    int64_t whole = (int64_t)rint(step);
    if (sweep->n_steps == 0 || whole > sweep->steps[sweep->n_steps - 1])
        sweep->steps[sweep->n_steps++] = whole;
}

static int make_room(struct ln_sweep *sweep, const struct ln_key *key, double count) {
    if (count > RECORDS_MOST)
        return ln_mark_error(sweep->reader.err, key->node->mark,
                             "%s asks for %.6g records; at most %d are allowed", key->full, count,
                             RECORDS_MOST);
    sweep->steps = ln_arena_try(&sweep->arena, (size_t)count, sizeof *sweep->steps);
    if (!sweep->steps)
        return ln_err_set(sweep->reader.err, LN_FATAL, "out of memory for the recorded steps");
    push_step(sweep, 0);
    return LN_OK;
}

static int log_steps(struct ln_sweep *sweep, const struct ln_key *key, int64_t n, double last) {
    int status = make_room(sweep, key, (double)n + 1);
    if (status)
        return status;
    for (int64_t i = 0; i < n - 1 && last >= 1; i++) {
        double share = n > 2 ? (double)i / (double)(n - 2) : 1;
        push_step(sweep, share == 1 ? last : exp(log(last) * share));
    }
    return LN_OK;
}

static int linear_steps(struct ln_sweep *sweep, const struct ln_key *key, int64_t n, double last) {
    int status = make_room(sweep, key, (double)n + 1);
    for (int64_t i = 1; i < n && !status; i++)
        push_step(sweep, last * (double)i / (double)(n - 1));
    return status;
}

static int every_steps(struct ln_sweep *sweep, const struct ln_key *key, int64_t every,
                       double last) {
    int status = make_room(sweep, key, floor(last / (double)every) + 2);
    for (double step = (double)every; step < last && !status; step += (double)every)
        push_step(sweep, step);
    if (!status)
        push_step(sweep, last);
    return status;
}

static int compare_steps(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int list_steps(struct ln_sweep *sweep, const struct ln_key *key,
                      const struct ln_value *value, double last) {
    int status = make_room(sweep, key, value->count + 2.0);
    if (status)
        return status;
    size_t n = (size_t)value->count;
    int64_t *sorted = ln_arena_take(&sweep->arena, n, sizeof *sorted);
    memcpy(sorted, value->integers, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_steps);
    if ((double)sorted[n - 1] > last)
        return ln_mark_error(sweep->reader.err, key->node->mark,
                             "%s holds step %lld, beyond the last step %.0f (train.max_steps)",
                             key->full, (long long)sorted[n - 1], last);
    for (size_t i = 0; i < n; i++)
        push_step(sweep, (double)sorted[i]);
    push_step(sweep, last);
    return LN_OK;
}

/* The one way of record.times that is set; log with its default if none is. */
static int chosen_way(struct ln_sweep *sweep, struct ln_variant *record,
                      const struct ln_key **way) {
    static const char *const ways[] = {"record.times.log", "record.times.linear",
                                       "record.times.every", "record.times.list"};
    *way = NULL;
    for (int i = 0; i < 4; i++) {
        const struct ln_key *key = find_key(sweep, ways[i]);
        if (!record->values[ln_spec_row(record, key->name)].is_set)
            continue;
        if (*way)
            return ln_mark_error(sweep->reader.err, ln_node_key_mark(key->node),
                                 "%s and %s exclude each other; keep one of them", (*way)->full,
                                 key->full);
        *way = key;
    }
    if (*way)
        return LN_OK;
    *way = find_key(sweep, ways[0]);
    record->values[ln_spec_row(record, (*way)->name)] = (struct ln_value){
        .is_set = true, .integer = DEFAULT_LOG, .real = DEFAULT_LOG, .text = "64"};
    return LN_OK;
}

static struct ln_variant *record_variant(struct ln_sweep *sweep) {
    for (int p = 0; p < sweep->schema->n_parts; p++)
        if (sweep->schema->parts[p].section == LN_RECORD)
            return &sweep->uses[p].variants[0];
    return NULL;
}

int ln_spec_record(struct ln_sweep *sweep) {
    static const char *const none[] = {NULL};
    struct ln_variant *record = record_variant(sweep);
    sweep->final = sweep->final ? sweep->final : none;
    sweep->series = sweep->series ? sweep->series : none;
    sweep->theory = sweep->theory ? sweep->theory : none;
    if (!record)
        return LN_OK;
    const struct ln_key *way;
    int status = chosen_way(sweep, record, &way);
    if (status)
        return status;
    const struct ln_value *value = &record->values[ln_spec_row(record, way->name)];
    double last = (double)last_step(sweep);
    sweep->record = (struct ln_conf){record->params, record->values, record->n_params};
    if (strcmp(way->name, "times.log") == 0)
        return log_steps(sweep, way, value->integer, last);
    if (strcmp(way->name, "times.linear") == 0)
        return linear_steps(sweep, way, value->integer, last);
    if (strcmp(way->name, "times.every") == 0)
        return every_steps(sweep, way, value->integer, last);
    return list_steps(sweep, way, value, last);
}
