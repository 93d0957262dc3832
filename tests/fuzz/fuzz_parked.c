/* Points in flight that an earlier run has left, with bytes changed or cut short: as a file with an
 * index, and as the record of a point that is then trained to its end. Whatever the bytes say, the
 * file is refused or its records are read, the point goes on or begins anew, and training ends. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "parked_file.h"
#include "target.h"

#define HEAD "linnet: 1\nproblem: {kind: "
#define TARGET HEAD "target, spectrum: [2, 1, 0.5], basis: random}\nmodel: {depth: 3, "
#define TEACHER HEAD "teacher, samples: 9, inputs: 3, outputs: 2}\nmodel: {depth: 2, "
#define GAUSSIAN "init: {kind: gaussian, scale: 0.5}}\n"
#define IDENTITY "init: {kind: identity, scale: 0.7}}\n"
#define TRAIN(algorithm) "train: {algorithm: " algorithm ", max_steps: 30, stop: {hold: 5}}\n"
#define RECORD                                                                                     \
    "record: {times: {log: 8}, series: [loss, singular_values], final: [weights, sharpness, "      \
    "balancedness]}\n"

/* One point each. */
static const char *const texts[] = {
    TARGET GAUSSIAN TRAIN("gd, step_size: 0.05") RECORD,
    TARGET IDENTITY TRAIN("power_projection, step_size: 0.05, gamma: 0.5") RECORD,
    TARGET IDENTITY TRAIN("step_and_project, step_size: 0.05, regulariser: spectral_ball, psi: "
                          "0.4") RECORD,
    TEACHER GAUSSIAN TRAIN("sgd, step_size: 0.02, batch_size: 2, order: epochs") RECORD,
    TARGET GAUSSIAN TRAIN("flow, time_step: 2, most_steps: 900, rtol: 1e-10") RECORD,
    HEAD "teacher, samples: 20, inputs: 30}\nmodel: {kind: diagonal, init: {kind: diagonal, scale: "
         "0.3}}\ntrain: {step_size: 0.01, max_steps: 30}\nrecord: {times: {log: 8}, series: "
         "[loss], final: [weights]}\n",
};
enum { N_KINDS = sizeof texts / sizeof texts[0], MOST = 1 << 16 };

static struct kind {
    struct ln_sweep *sweep;
    struct ln_layout layout;
    struct ln_engine *engine;
    unsigned char *bytes; /* [size] what an honest run has left */
    size_t size;
} kinds[N_KINDS];

/* A run of one point, from what it is given. */
struct trip {
    struct kind *kind;
    const void *parked;
    size_t size;
    int n_polls, stop_at, n_finished, n_refused;
    bool is_given;
};

static bool next(void *ctx, int64_t *cell) {
    struct trip *trip = ctx;
    *cell = 0;
    return trip->is_given ? false : (trip->is_given = true);
}

static int finish(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    (void)row, (void)err;
    assert(cell == 0);
    ((struct trip *)ctx)->n_finished++;
    return LN_OK;
}

static bool poll(void *ctx) {
    struct trip *trip = ctx;
    return ++trip->n_polls == trip->stop_at;
}

static void keep(void *ctx, int64_t cell, const void *bytes, size_t size) {
    struct trip *trip = ctx;
    assert(cell == 0 && size < MOST);
    trip->kind->bytes = ln_linalg_alloc(size, 1);
    memcpy(trip->kind->bytes, bytes, size);
    trip->kind->size = size;
}

static const void *parked(void *ctx, int64_t cell, size_t *size) {
    const struct trip *trip = ctx;
    (void)cell;
    *size = trip->size;
    return trip->parked;
}

static void refuse(void *ctx, int64_t cell) {
    (void)cell;
    ((struct trip *)ctx)->n_refused++;
}

static int run(struct trip *trip) {
    const struct ln_engine_hooks hooks = {.ctx = trip,
                                          .next = next,
                                          .finish = finish,
                                          .poll = poll,
                                          .park = keep,
                                          .parked = parked,
                                          .refuse = refuse,
                                          .poll_steps = 3};
    struct ln_err err = {0};
    return ln_engine_run(trip->kind->engine, &hooks, &err);
}

static void make_kind(struct kind *kind, const char *text) {
    struct ln_err err = {0};
    if (ln_sweep_parse("parked", text, strlen(text), NULL, 0, NULL, &kind->sweep, &err) != LN_OK ||
        ln_engine_layout(kind->sweep, &kind->layout, &err) != LN_OK ||
        ln_engine_create(kind->sweep, &kind->layout, &kind->engine, &err) != LN_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    struct trip trip = {.kind = kind, .stop_at = 3};
    assert(run(&trip) == LN_STOPPED && kind->bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    ln_linalg_start();
    for (int i = 0; i < N_KINDS; i++)
        make_kind(&kinds[i], texts[i]);
    return 0;
}

/* Triples of place and value; a byte that is left over cuts the bytes short. */
static void change(const uint8_t *data, size_t size, uint8_t *bytes, size_t *length) {
    size_t whole = *length;
    for (; size >= 3; data += 3, size -= 3)
        bytes[(data[0] | (size_t)data[1] << 8) % whole] = data[2];
    if (size == 1)
        *length = whole * data[0] / 256;
}

/* The record of a point, which is trained from there to its end. */
static void train_from(struct kind *kind, const void *bytes, size_t size) {
    struct trip trip = {.kind = kind, .parked = bytes, .size = size};
    assert(run(&trip) == LN_OK && trip.n_finished == 1);
}

/* A file of three records; with its checksum put right, what the index says has to be checked too.
 */
static size_t make_file(uint8_t *bytes) {
    struct ln_parked_entry entries[3];
    size_t header;
    int64_t size;
    for (int i = 0; i < 3; i++)
        entries[i] = (struct ln_parked_entry){i, (int64_t)kinds[i].size, 1.5,
                                              XXH64(kinds[i].bytes, kinds[i].size, 0), 0};
    unsigned char *begin = ln_parked_file_begin("sweep x\n", entries, 3, &header, &size);
    assert(begin && size < MOST);
    memcpy(bytes, begin, header);
    for (int i = 0; i < 3; i++)
        memcpy(bytes + entries[i].offset, kinds[i].bytes, kinds[i].size);
    free(begin);
    return (size_t)size;
}

static void put_checksum_right(uint8_t *bytes, size_t size) {
    uint64_t words[4], checksum;
    memcpy(words, bytes + 8, sizeof words); /* version, identity, records, size */
    if (size < 48 || words[1] > size || words[2] > size)
        return;
    size_t covered = 40 + words[1] + 32 * words[2];
    if (covered + 8 > size)
        return;
    checksum = XXH64(bytes, covered, 0);
    memcpy(bytes + covered, &checksum, sizeof checksum);
}

static void read_file(const uint8_t *bytes, size_t size) {
    static uint8_t record[MOST];
    struct ln_parked_file file;
    struct ln_err err = {0};
    const char *path = scratch_path("points.parked");
    scratch_write(path, bytes, size);
    if (ln_parked_file_open(path, &file, &err) != LN_OK) {
        assert(err.status == LN_INPUT && err.text[0]);
        return;
    }
    for (int64_t i = 0; i < file.n; i++) {
        const struct ln_parked_entry *entry = &file.entries[i];
        assert(entry->size <= MOST && ln_parked_file_find(&file, entry->cell) == entry);
        if (ln_parked_file_read(file.fd, entry, record))
            train_from(&kinds[entry->cell % N_KINDS], record, (size_t)entry->size);
    }
    ln_parked_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[MOST];
    if (size < 1)
        return 0;
    int which = data[0] % (N_KINDS + 2);
    if (which < N_KINDS) {
        size_t length = kinds[which].size;
        memcpy(bytes, kinds[which].bytes, length);
        change(data + 1, size - 1, bytes, &length);
        uint8_t *exact = malloc(length + 1); /* so that a read past the end is seen */
        memcpy(exact, bytes, length);
        train_from(&kinds[which], exact, length);
        free(exact);
        return 0;
    }
    size_t length = make_file(bytes);
    change(data + 1, size - 1, bytes, &length);
    if (which > N_KINDS)
        put_checksum_right(bytes, length);
    read_file(bytes, length);
    return 0;
}
