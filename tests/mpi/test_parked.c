/* The file of parked points: what is kept comes back on any number of ranks, and no damage goes
 * unnoticed. */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/linalg.h"
#include "linnet/parked.h"

#include "made_sweep.h"
#include "tap.h"

enum { N_CELLS = 48, MOST_BYTES = 3000000 };

static int rank, n_ranks;
static char path[256], own[300];
static struct ln_sweep sweep;
static struct ln_layout layout;
static uint8_t done[N_CELLS];
static struct ln_parked *parked;
static struct ln_parked_news news;
static struct ln_err err;
static unsigned char bytes[MOST_BYTES];

/* The record of a cell as generation g parks it: some are longer than a message. */
static size_t record_of(int64_t cell, int g) {
    size_t size = cell % 7 == 3 ? 2500000 + (size_t)cell : 1 + (size_t)(cell * 37 + g * 11) % 900;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 7 + (size_t)cell * 13 + (size_t)g * 101);
    return size;
}

static bool is_record(int64_t cell, int g) {
    size_t size = 0;
    double seconds = 0;
    const unsigned char *found = ln_parked_find(parked, cell, &size, &seconds);
    return found && size == record_of(cell, g) && memcmp(found, bytes, size) == 0 &&
           seconds == (double)cell + g;
}

static bool is_there(int64_t cell) {
    size_t size;
    double seconds;
    return ln_parked_find(parked, cell, &size, &seconds);
}

static void open_parked(void) {
    CHECK(ln_parked_open(path, MPI_COMM_WORLD, &sweep, &layout, done, &parked, &news, &err) ==
          LN_OK);
}

static void keep(int64_t cell, int g) {
    size_t size = record_of(cell, g);
    ln_parked_keep(parked, cell, (double)cell + g, bytes, size);
}

static int64_t write_and_close(void) {
    int64_t n = -1;
    CHECK(ln_parked_write(parked, &n, &err) == LN_OK);
    ln_parked_close(parked);
    return n;
}

static void begin(void) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        unlink(own);
    memset(done, 0, sizeof done);
    MPI_Barrier(MPI_COMM_WORLD);
}

/* Every rank parks the cells that are its own, of 1 to 12. */
static void park_twelve(void) {
    begin();
    open_parked();
    CHECK(news.n == 0 && news.note[0] == '\0');
    for (int64_t cell = 1; cell <= 12; cell++)
        if (cell % n_ranks == rank)
            keep(cell, 0);
    CHECK(write_and_close() == 12);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void what_was_kept_comes_back_on_every_rank(void) {
    struct stat info;
    park_twelve();
    CHECK(stat(own, &info) == 0 && (info.st_mode & 0777) == 0644);
    open_parked();
    CHECK(news.n == 12 && news.n_bad == 0 && news.note[0] == '\0' && news.seconds == 78);
    for (int64_t cell = 1; cell <= 12; cell++)
        CHECK(is_record(cell, 0));
    CHECK(!is_there(0) && !is_there(13));
    ln_parked_close(parked);
}

static void what_is_neither_finished_nor_parked_anew_is_carried_over(void) {
    park_twelve();
    done[2] = done[9] = 1; /* finished by somebody else in between */
    open_parked();
    CHECK(news.n == 10 && !is_there(2));
    for (int64_t cell = 1; cell <= 12; cell++) {
        if (cell % n_ranks != (rank + 1) % n_ranks)
            continue;
        if (cell % 3 == 0 && cell != 9)
            keep(cell, 1); /* moved on */
        if (cell % 3 == 1)
            ln_parked_settle(parked, cell); /* finished */
    }
    if (rank == n_ranks - 1)
        keep(40, 1);
    CHECK(write_and_close() == 7);
    open_parked();
    for (int64_t cell = 1; cell <= 12; cell++) {
        if (cell % 3 == 0 && cell != 9)
            CHECK(is_record(cell, 1));
        else if (cell % 3 == 2 && cell != 2)
            CHECK(is_record(cell, 0));
        else
            CHECK(!is_there(cell));
    }
    CHECK(is_record(40, 1));
    ln_parked_close(parked);
}

static void a_stop_before_anything_has_moved_leaves_the_file_as_it_is(void) {
    struct stat before, after;
    park_twelve();
    CHECK(stat(own, &before) == 0);
    open_parked();
    CHECK(write_and_close() == 12);
    MPI_Barrier(MPI_COMM_WORLD);
    CHECK(stat(own, &after) == 0 && before.st_ino == after.st_ino);
}

static void when_nothing_is_left_the_file_goes(void) {
    park_twelve();
    open_parked();
    for (int64_t cell = 1; cell <= 12; cell++)
        if (cell % n_ranks == rank)
            ln_parked_settle(parked, cell);
    CHECK(write_and_close() == 0);
    MPI_Barrier(MPI_COMM_WORLD);
    CHECK(access(own, F_OK) != 0);
}

static void a_new_results_file_begins_without_what_lies_there(void) {
    park_twelve();
    CHECK(ln_parked_open(path, MPI_COMM_WORLD, &sweep, &layout, NULL, &parked, &news, &err) ==
          LN_OK);
    CHECK(news.n == 0 && access(own, F_OK) != 0);
    ln_parked_close(parked);
}

static void the_points_of_another_sweep_are_refused_and_left_there(void) {
    park_twelve();
    struct ln_sweep other = sweep;
    other.canonical = "something else\n";
    CHECK(ln_parked_open(path, MPI_COMM_WORLD, &other, &layout, done, &parked, &news, &err) ==
          LN_OK);
    CHECK(news.n == 0 && strstr(news.note, "is of another sweep"));
    CHECK(!is_there(1));
    ln_parked_close(parked);
    CHECK(access(own, F_OK) == 0);
}

/* A place that cannot be written: said, and the old file stays. */
static void a_file_that_cannot_be_written_leaves_the_old_one(void) {
    char temporary[310];
    int64_t n;
    park_twelve();
    snprintf(temporary, sizeof temporary, "%s.tmp", own);
    if (rank == 0)
        CHECK(mkdir(temporary, 0700) == 0);
    MPI_Barrier(MPI_COMM_WORLD);
    open_parked();
    keep(20 + rank, 1);
    CHECK(ln_parked_write(parked, &n, &err) != LN_OK && strstr(err.text, "is in the way"));
    CHECK(n == 0);
    ln_parked_close(parked);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        rmdir(temporary);
        FILE *half = fopen(temporary, "wb"); /* as a run leaves it that is killed */
        CHECK(half && fclose(half) == 0);
    }
    open_parked();
    CHECK(news.n == 12 && is_record(5, 0) && access(temporary, F_OK) != 0);
    ln_parked_close(parked);
}

static bool is_text(const char *text) {
    char line[64] = "";
    FILE *file = fopen(own, "r");
    bool same = file && fgets(line, sizeof line, file) && strcmp(line, text) == 0;
    if (file)
        fclose(file);
    return same;
}

/* By a run that looked when its own file was there, or nothing. */
static void what_somebody_puts_there_during_a_run_stays(void) {
    static const char notes[] = "notes of somebody\n";
    int64_t n = -1;
    for (int round = 0; round < 3; round++) {
        begin();
        if (round > 0)
            park_twelve();
        open_parked();
        if (round < 2)
            keep(20 + rank, 1);
        for (int64_t cell = 1; cell <= 12; cell++)
            ln_parked_settle(parked, cell);
        MPI_Barrier(MPI_COMM_WORLD);
        if (rank == 0) {
            unlink(own);
            FILE *file = fopen(own, "w");
            CHECK(file && fputs(notes, file) >= 0 && fclose(file) == 0);
        }
        int rc = ln_parked_write(parked, &n, &err); /* the last has nothing to write */
        CHECK(round == 2 ? rc == LN_OK
                         : rc == LN_FATAL && strstr(err.text, "no file of parked points; move it "
                                                              "away or remove it"));
        CHECK(n == 0);
        ln_parked_close(parked);
        MPI_Barrier(MPI_COMM_WORLD);
        CHECK(is_text(notes));
    }
}

static size_t read_file(unsigned char *into) {
    FILE *file = fopen(own, "rb");
    size_t size = file ? fread(into, 1, MOST_BYTES, file) : 0;
    if (file)
        fclose(file);
    return size;
}

static void put_file(const unsigned char *from, size_t size) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        FILE *file = fopen(own, "wb");
        CHECK(file && fwrite(from, 1, size, file) == size);
        fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

/* Of a file of three small records: is a change to it noticed? */
static bool is_noticed(const unsigned char *file, size_t size) {
    put_file(file, size);
    open_parked();
    int64_t n = news.n;
    bool is_said = news.note[0] || news.n_bad > 0, same = true;
    for (int64_t cell = 1; cell <= 2; cell++)
        same &= !is_there(cell) || is_record(cell, 0);
    ln_parked_close(parked);
    return is_said && n < 2 && same;
}

static void every_flipped_byte_and_every_truncation_is_noticed(void) {
    static unsigned char file[MOST_BYTES];
    begin();
    open_parked();
    if (rank == 0) {
        keep(1, 0);
        keep(2, 0);
    }
    CHECK(write_and_close() == 2);
    MPI_Barrier(MPI_COMM_WORLD);
    size_t size = read_file(file);
    CHECK(size > 100 && size < 2000);
    for (size_t at = 0; at < size; at++) {
        file[at] ^= (unsigned char)(1u << at % 8);
        CHECK(is_noticed(file, size));
        file[at] ^= (unsigned char)(1u << at % 8);
    }
    for (size_t length = 0; length < size; length++)
        CHECK(is_noticed(file, length));
    file[size] = 0;
    CHECK(is_noticed(file, size + 1));
    CHECK(!is_noticed(file, size));
}

static void what_is_no_regular_file_is_refused(void) {
    char target[310];
    park_twelve();
    snprintf(target, sizeof target, "%s.other", own);
    if (rank == 0)
        CHECK(rename(own, target) == 0 && symlink(target, own) == 0);
    MPI_Barrier(MPI_COMM_WORLD);
    open_parked();
    CHECK(news.n == 0 && strstr(news.note, "is not a regular file but a link"));
    ln_parked_close(parked);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        unlink(own);
        unlink(target);
        CHECK(mkdir(own, 0700) == 0);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    open_parked();
    CHECK(news.n == 0 && strstr(news.note, "is not a regular file"));
    CHECK(write_and_close() == 0);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        CHECK(rmdir(own) == 0);
}

int main(int argc, char **argv) {
    char folder[] = "/dev/shm/linnet-parked.XXXXXX";
    MPI_Init(&argc, &argv);
    ln_linalg_start();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    umask(022);
    if (rank == 0 && !mkdtemp(folder))
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Bcast(folder, sizeof folder, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(path, sizeof path, "%s/out.h5", folder);
    snprintf(own, sizeof own, "%s.parked", path);
    sweep = made_sweep();
    layout = made_layout();
    const struct tap_test tests[] = {
        TAP_TEST(what_was_kept_comes_back_on_every_rank),
        TAP_TEST(what_is_neither_finished_nor_parked_anew_is_carried_over),
        TAP_TEST(a_stop_before_anything_has_moved_leaves_the_file_as_it_is),
        TAP_TEST(when_nothing_is_left_the_file_goes),
        TAP_TEST(a_new_results_file_begins_without_what_lies_there),
        TAP_TEST(the_points_of_another_sweep_are_refused_and_left_there),
        TAP_TEST(a_file_that_cannot_be_written_leaves_the_old_one),
        TAP_TEST(what_somebody_puts_there_during_a_run_stays),
        TAP_TEST(every_flipped_byte_and_every_truncation_is_noticed),
        TAP_TEST(what_is_no_regular_file_is_refused),
    };
    int result = tap_run(tests, (int)(sizeof tests / sizeof tests[0]));
    begin();
    if (rank == 0)
        rmdir(folder);
    MPI_Finalize();
    return result;
}
