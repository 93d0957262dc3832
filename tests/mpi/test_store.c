/* The results file, written by 1 to 4 ranks. `test_store make FILE` writes one for other readers to
 * open. */
#include <fcntl.h>
#include <ftw.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "linnet/linalg.h"
#include "linnet/store.h"
#include "linnet/view.h"
#include "made_sweep.h"
#include "tap.h"

static char folder[] = "/tmp/linnet-store-XXXXXX";
static int rank, n_ranks;

static void barrier(void) {
    MPI_Barrier(MPI_COMM_WORLD);
}

/* A path in the tests' folder; a few live at a time. */
static const char *at(const char *name) {
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

/* The whole file, malloc'ed. */
static char *slurp(const char *path, long *size) {
    FILE *file = fopen(path, "rb");
    CHECK(file);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)*size + 1);
    CHECK(fread(bytes, 1, (size_t)*size, file) == (size_t)*size);
    fclose(file);
    return bytes;
}

static void spill(const char *path, const char *bytes, long size) {
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(bytes, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
}

static int open_store(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                      struct ln_store **store, bool *resumed, struct ln_err *err) {
    struct ln_layout layout = made_layout();
    return ln_store_open(path, comm, sweep, &layout, store, resumed, err);
}

/* Writes the cells first, first + step, ... that `where` keeps; dealt out over the ranks of comm.
 */
static void write_file(const char *path, MPI_Comm comm, const struct ln_sweep *sweep, int64_t first,
                       int64_t step) {
    struct ln_store *store = NULL;
    struct ln_layout layout = made_layout();
    struct ln_err err = {0};
    struct ln_point *point = malloc(sizeof *point);
    unsigned char *row = malloc(layout.row_bytes);
    bool resumed = false;
    int me;
    int size;
    MPI_Comm_rank(comm, &me);
    MPI_Comm_size(comm, &size);
    CHECK(open_store(path, comm, sweep, &store, &resumed, &err) == LN_OK);
    for (int64_t cell = first; cell < ln_sweep_n_cells(sweep); cell += step) {
        if ((cell * 7 + 1) % size != me || !ln_sweep_point(sweep, cell, point))
            continue;
        made_row(&layout, cell, row);
        CHECK(ln_store_write(store, cell, row, &err) == LN_OK);
    }
    CHECK(ln_store_sync(store, &err) == LN_OK);
    CHECK(ln_store_close(store, &err) == LN_OK);
    free(row);
    free(point);
}

/* Reopens the file and scans it: done[n_cells] malloc'ed. */
static uint8_t *scan_file(const char *path, const struct ln_sweep *sweep, int64_t *n_bad) {
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    bool resumed = false;
    uint8_t *done = malloc((size_t)ln_sweep_n_cells(sweep));
    CHECK(open_store(path, MPI_COMM_WORLD, sweep, &store, &resumed, &err) == LN_OK);
    CHECK(resumed);
    CHECK(ln_store_scan(store, done, n_bad, &err) == LN_OK);
    CHECK(ln_store_close(store, &err) == LN_OK);
    return done;
}

static void rows_written_by_all_ranks_are_found_after_reopening(void) {
    struct ln_sweep sweep = made_sweep();
    int64_t n_bad = -1;
    write_file(at("rows.h5"), MPI_COMM_WORLD, &sweep, 0, 3);
    uint8_t *done = scan_file(at("rows.h5"), &sweep, &n_bad);
    CHECK(n_bad == 0);
    for (int64_t cell = 0; cell < 48; cell++)
        CHECK(done[cell] == (cell % 3 == 0));
    free(done);
    CHECK(!is_there(at("rows.h5.lock")) && !is_there(at("rows.h5.tmp")));
}

/* Where the value 16.25 (singular_values[16][1]) and the like stand is found by looking for the
 * bytes. */
static long find_double(const char *bytes, long size, double wanted, int nth) {
    for (long i = 0; i + 8 <= size; i++)
        if (memcmp(bytes + i, &wanted, 8) == 0 && nth-- == 0)
            return i;
    return -1;
}

static void a_damaged_byte_in_a_finished_row_is_found_and_only_there(void) {
    struct ln_sweep sweep = made_sweep();
    int64_t n_bad = -1;
    write_file(at("bad.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    for (int nth = 0; nth < 3; nth++) {
        barrier();
        if (rank == 0) {
            long size;
            char *bytes = slurp(at("bad.h5"), &size);
            long place = find_double(bytes, size, 256.25, nth);
            CHECK(place > 0);
            bytes[place] ^= 1;
            spill(at("damaged.h5"), bytes, size);
            free(bytes);
        }
        barrier();
        uint8_t *done = scan_file(at("damaged.h5"), &sweep, &n_bad);
        CHECK(n_bad == 1);
        for (int64_t cell = 0; cell < 48; cell++)
            CHECK(done[cell] == (cell != 16));
        free(done);
        struct ln_view *view = NULL;
        struct ln_err err = {0};
        struct ln_health health;
        CHECK(ln_view_open(at("damaged.h5"), &view, &err) == LN_OK);
        CHECK(ln_view_health(view, &sweep, &health, &err) == LN_OK);
        CHECK(health.n_done == 47 && health.n_pending == 0 && health.n_excluded == 0);
        CHECK(health.n_lost == 1 && ln_health_n_damaged(&health) == 1 &&
              health.shown[0].cell == 16);
        ln_view_close(view);
    }
}

static void a_row_found_damaged_can_be_written_again(void) {
    struct ln_sweep sweep = made_sweep();
    int64_t n_bad = -1;
    barrier();
    write_file(at("damaged.h5"), MPI_COMM_WORLD, &sweep, 16, 48);
    uint8_t *done = scan_file(at("damaged.h5"), &sweep, &n_bad);
    CHECK(n_bad == 0 && done[16]);
    free(done);
}

static void the_bytes_of_the_file_do_not_depend_on_the_ranks_or_on_a_resume(void) {
    struct ln_sweep sweep = made_sweep();
    sweep.has_where = true;
    for (int n = 1; n <= n_ranks; n++) {
        MPI_Comm part;
        char name[32];
        snprintf(name, sizeof name, "same%d.h5", n);
        MPI_Comm_split(MPI_COMM_WORLD, rank < n ? 0 : 1, 0, &part);
        if (rank < n)
            write_file(at(name), part, &sweep, 0, 1);
        MPI_Comm_free(&part);
    }
    write_file(at("same0.h5"), MPI_COMM_WORLD, &sweep, 1, 2);
    write_file(at("same0.h5"), MPI_COMM_WORLD, &sweep, 0, 2);
    for (int n = 0; rank == 0 && n <= n_ranks; n++) {
        char name[32];
        long sizes[2];
        snprintf(name, sizeof name, "same%d.h5", n);
        char *one = slurp(at("same1.h5"), &sizes[0]);
        char *other = slurp(at(name), &sizes[1]);
        CHECK(sizes[0] == sizes[1] && memcmp(one, other, (size_t)sizes[0]) == 0);
        free(one);
        free(other);
    }
    barrier();
}

static void a_cell_left_out_by_where_is_excluded_from_the_start(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_store *store = NULL;
    struct ln_view *view = NULL;
    struct ln_err err = {0};
    bool resumed = true;
    int8_t status[48];
    sweep.has_where = true;
    CHECK(open_store(at("where.h5"), MPI_COMM_WORLD, &sweep, &store, &resumed, &err) == LN_OK);
    CHECK(!resumed);
    CHECK(ln_view_open(at("where.h5"), &view, &err) == LN_OK); /* while it is open for writing */
    CHECK(ln_view_status(view, status, &err) == LN_OK);
    for (int cell = 0; cell < 48; cell++)
        CHECK(status[cell] == (cell % 5 == 3 ? LN_ROW_EXCLUDED : LN_ROW_PENDING));
    ln_view_close(view);
    CHECK(ln_store_close(store, &err) == LN_OK);
}

static void a_sweep_without_axes_has_one_point(void) {
    struct ln_sweep sweep = made_point();
    int64_t n_bad = -1;
    write_file(at("point.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    uint8_t *done = scan_file(at("point.h5"), &sweep, &n_bad);
    CHECK(done[0] == 1 && n_bad == 0);
    free(done);
}

static void a_view_shows_what_was_written(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_view *view = NULL;
    struct ln_err err = {0};
    double values[10];
    double *coordinate = NULL;
    int64_t count = 0;
    write_file(at("view.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    CHECK(ln_view_open(at("view.h5"), &view, &err) == LN_OK);
    CHECK(ln_view_n_cells(view) == 48 && ln_view_n_variables(view) == 7);
    CHECK(strcmp(ln_view_sweep_text(view), sweep.text) == 0);
    CHECK(strcmp(ln_view_sweep_sets(view), sweep.sets) == 0);
    CHECK(strcmp(ln_view_attribute(view, "Conventions"), "CF-1.8") == 0);
    CHECK(ln_view_attribute(view, "nonsense") == NULL);
    const struct ln_view_variable *label = ln_view_variable(view, 0);
    CHECK(strcmp(label->name, "label") == 0 && label->n_flags == 3 &&
          strcmp(label->flags[2], "slow") == 0);
    CHECK(label->is_integer && label->n_extra == 0 && strcmp(label->doc, "Outcome.") == 0);
    const struct ln_view_variable *series = ln_view_variable(view, 6);
    CHECK(series->n_extra == 2 && series->extra[0] == 5 && series->extra[1] == 2 &&
          !series->is_integer);
    CHECK(ln_view_row(view, 6, 20, values, &err) == LN_OK && values[9] == 320 + 9 * 0.25);
    CHECK(ln_view_row(view, 2, 20, values, &err) == LN_OK && values[0] == 2000);
    CHECK(ln_view_coordinate(view, "record_step", &coordinate, &count, &err) == LN_OK);
    CHECK(count == 5 && coordinate[4] == 1000);
    free(coordinate);
    CHECK(ln_view_coordinate(view, "init_kind", &coordinate, &count, &err) == LN_INPUT);
    ln_view_close(view);
}

static void a_text_too_long_for_an_attribute_is_kept_whole(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_view *view = NULL;
    struct ln_err err = {0};
    size_t size = 200000;
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    sweep.text = sweep.canonical = text;
    write_file(at("long.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    CHECK(ln_view_open(at("long.h5"), &view, &err) == LN_OK);
    CHECK(strcmp(ln_view_sweep_text(view), text) == 0);
    ln_view_close(view);
    free(text);
}

static void remains_of_a_dead_run_are_taken_over(void) {
    struct ln_sweep sweep = made_sweep();
    if (rank == 0) {
        spill(at("stale.h5.tmp"), "half", 4);
        spill(at("stale.h5.lock"), "host dead, process 1\n", 21);
    }
    barrier();
    write_file(at("stale.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    CHECK(!is_there(at("stale.h5.lock")) && !is_there(at("stale.h5.tmp")));
}

/* Opening path must fail on every rank with `status` and a message that has all of `words`; what
 * stood there is not touched. */
static void check_refused(const char *path, const struct ln_sweep *sweep, int status,
                          const char *word, const char *word2) {
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    bool resumed = false;
    struct stat info;
    long sizes[2] = {0, 0};
    bool is_file = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    char *before = is_file ? slurp(path, &sizes[0]) : NULL;
    barrier();
    CHECK(open_store(path, MPI_COMM_WORLD, sweep, &store, &resumed, &err) == status);
    CHECK(store == NULL && (int)err.status == status);
    if (!strstr(err.text, word) || !strstr(err.text, word2)) {
        fprintf(stderr, "message without '%s' or '%s': %s\n", word, word2, err.text);
        tap_failures++;
    }
    if (is_file) {
        char *after = slurp(path, &sizes[1]);
        CHECK(sizes[0] == sizes[1] && memcmp(before, after, (size_t)sizes[0]) == 0);
        free(after);
    }
    free(before);
    barrier();
}

static void another_sweep_is_refused_with_the_difference_named(void) {
    struct ln_sweep sweep = made_sweep();
    write_file(at("mine.h5"), MPI_COMM_WORLD, &sweep, 0, 1);
    sweep.canonical = "name = made\ntrain.max_steps = 20\ntrain.step_size = 0.1\n";
    check_refused(at("mine.h5"), &sweep, LN_INPUT, "another sweep",
                  "train.max_steps: 10 in the file, 20 in this sweep");
    sweep.canonical = "name = made\ntrain.max_steps = 10\ntrain.step_size = 0.1\nwhere = x\n";
    check_refused(at("mine.h5"), &sweep, LN_INPUT, "where: x", "only in this sweep");
    CHECK(!is_there(at("mine.h5.lock")));
}

static void other_columns_are_refused(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_layout layout = made_layout();
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    bool resumed = false;
    layout.n_columns--;
    ln_layout_finish(&layout);
    CHECK(ln_store_open(at("mine.h5"), MPI_COMM_WORLD, &sweep, &layout, &store, &resumed, &err) ==
          LN_INPUT);
    CHECK(strstr(err.text, "other columns"));
}

static void files_that_are_not_ours_are_refused_and_not_touched(void) {
    struct ln_sweep sweep = made_sweep();
    if (rank == 0) {
        long size;
        hid_t file = H5Fcreate(at("foreign.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        H5Fclose(file);
        char *bytes = slurp(at("mine.h5"), &size);
        spill(at("truncated.h5"), bytes, size / 2);
        spill(at("short.h5"), bytes, 40);
        spill(at("empty.h5"), "", 0);
        memset(bytes, 'j', (size_t)size);
        spill(at("junk.h5"), bytes, size);
        free(bytes);
        mkdir(at("directory.h5"), 0755);
        CHECK(symlink("nowhere", at("dangling.h5")) == 0 && mkfifo(at("pipe.h5"), 0644) == 0);
    }
    barrier();
    check_refused(at("foreign.h5"), &sweep, LN_INPUT, "not one that linnet wrote", "foreign.h5");
    check_refused(at("truncated.h5"), &sweep, LN_INPUT, "not a whole HDF5 file", "truncated");
    check_refused(at("short.h5"), &sweep, LN_INPUT, "not a whole HDF5 file", "short.h5");
    check_refused(at("empty.h5"), &sweep, LN_INPUT, "is empty", "empty.h5");
    check_refused(at("junk.h5"), &sweep, LN_INPUT, "not a whole HDF5 file", "signature");
    check_refused(at("directory.h5"), &sweep, LN_INPUT, "is a directory", "directory.h5");
    check_refused(at("dangling.h5"), &sweep, LN_INPUT, "link to nothing", "dangling.h5");
    check_refused(at("pipe.h5"), &sweep, LN_INPUT, "not a regular file", "pipe.h5");
    check_refused(at("directory.h5/"), &sweep, LN_INPUT, "does not name a file", "directory.h5/");
    check_refused(at("no/out.h5"), &sweep, LN_INPUT, "create the directory first", "No such file");
    struct ln_view *view = NULL;
    struct ln_err err = {0};
    const char *hostile[] = {"foreign.h5", "truncated.h5", "short.h5", "empty.h5",
                             "junk.h5",    "directory.h5", "pipe.h5",  "absent.h5"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        CHECK(ln_view_open(at(hostile[i]), &view, &err) == LN_INPUT && view == NULL);
}

static void a_second_run_is_refused_and_the_first_one_named(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    bool resumed = false;
    CHECK(open_store(at("held.h5"), MPI_COMM_WORLD, &sweep, &store, &resumed, &err) == LN_OK);
    check_refused(at("held.h5"), &sweep, LN_INPUT, "being written by another run (host ",
                  ", process ");
    CHECK(is_there(at("held.h5.lock")));
    barrier();
    CHECK(ln_store_close(store, &err) == LN_OK);
    CHECK(open_store(at("held.h5"), MPI_COMM_WORLD, &sweep, &store, &resumed, &err) == LN_OK);
    CHECK(ln_store_close(store, &err) == LN_OK);
}

static void an_axis_named_like_a_result_is_refused(void) {
    struct ln_sweep sweep = made_sweep();
    struct ln_axis axis = sweep.axes[1];
    struct ln_coord coord = axis.coords[0];
    coord.name = axis.name = "final_loss";
    axis.coords = &coord;
    sweep.axes = &axis;
    sweep.n_axes = 1;
    check_refused(at("clash.h5"), &sweep, LN_INPUT, "'final_loss' would stand twice",
                  "another name");
    CHECK(!is_there(at("clash.h5")) && !is_there(at("clash.h5.lock")) &&
          !is_there(at("clash.h5.tmp")));
}

/* On a memory disk the kernel knows at once that a file does not fit. */
static void a_file_that_does_not_fit_is_refused_and_leaves_nothing_behind(void) {
    struct statvfs disk;
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/linnet-store-%d.h5", (int)getppid());
    MPI_Bcast(path, sizeof path, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (statvfs("/dev/shm", &disk) != 0 || disk.f_blocks == 0)
        return;
    struct ln_sweep sweep = made_sweep();
    struct ln_layout layout = made_layout();
    struct ln_store *store = NULL;
    struct ln_err err = {0};
    bool resumed = false;
    int64_t *coord = NULL;
    layout.dims[0].size = (int64_t)(disk.f_blocks * disk.f_frsize / 8 / 48);
    layout.dims[0].coord_name = NULL;
    layout.dims[0].coord = coord;
    ln_layout_finish(&layout);
    CHECK(ln_store_open(path, MPI_COMM_WORLD, &sweep, &layout, &store, &resumed, &err) == LN_FATAL);
    CHECK(strstr(err.text, "not enough space") && strstr(err.text, " bytes"));
    char beside[80];
    snprintf(beside, sizeof beside, "%s.tmp", path);
    CHECK(!is_there(path) && !is_there(beside));
    barrier();
}

static void a_matrix_is_read_from_any_hdf5_file(void) {
    const double values[2][3] = {{1, 2, 3}, {4, 5, 6}};
    hsize_t dims[2] = {2, 3};
    struct ln_err err = {0};
    double *data = NULL;
    int rows = 0;
    int cols = 0;
    if (rank == 0) {
        hid_t file = H5Fcreate(at("matrix.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        hid_t space = H5Screate_simple(2, dims, NULL);
        hid_t dataset =
            H5Dcreate2(file, "phi", H5T_IEEE_F32BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        CHECK(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
        H5Dclose(dataset);
        H5Sclose(space);
        H5Fclose(file);
    }
    barrier();
    CHECK(ln_view_read_matrix(at("matrix.h5"), "phi", &rows, &cols, &data, &err) == LN_OK);
    CHECK(rows == 2 && cols == 3 && data[5] == 6);
    free(data);
    CHECK(ln_view_read_matrix(at("matrix.h5"), "psi", &rows, &cols, &data, &err) == LN_INPUT &&
          !data);
    CHECK(strstr(err.text, "no dataset 'psi'"));
    CHECK(ln_view_read_matrix(at("absent.h5"), "phi", &rows, &cols, &data, &err) == LN_INPUT &&
          !data);
}

static const struct tap_test tests[] = {
    TAP_TEST(rows_written_by_all_ranks_are_found_after_reopening),
    TAP_TEST(a_damaged_byte_in_a_finished_row_is_found_and_only_there),
    TAP_TEST(a_row_found_damaged_can_be_written_again),
    TAP_TEST(the_bytes_of_the_file_do_not_depend_on_the_ranks_or_on_a_resume),
    TAP_TEST(a_cell_left_out_by_where_is_excluded_from_the_start),
    TAP_TEST(a_sweep_without_axes_has_one_point),
    TAP_TEST(a_view_shows_what_was_written),
    TAP_TEST(a_text_too_long_for_an_attribute_is_kept_whole),
    TAP_TEST(remains_of_a_dead_run_are_taken_over),
    TAP_TEST(another_sweep_is_refused_with_the_difference_named),
    TAP_TEST(other_columns_are_refused),
    TAP_TEST(files_that_are_not_ours_are_refused_and_not_touched),
    TAP_TEST(a_second_run_is_refused_and_the_first_one_named),
    TAP_TEST(an_axis_named_like_a_result_is_refused),
    TAP_TEST(a_file_that_does_not_fit_is_refused_and_leaves_nothing_behind),
    TAP_TEST(a_matrix_is_read_from_any_hdf5_file),
};

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *at) {
    (void)info, (void)flag, (void)at;
    return remove(path);
}

static int run_tests(void) {
    int made = rank != 0 || mkdtemp(folder) != NULL;
    MPI_Bcast(&made, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Bcast(folder, sizeof folder, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (!made)
        return 1;
    int rc = tap_run(tests, (int)(sizeof tests / sizeof tests[0]));
    if (rank == 0 && nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        rc = 1;
    return rc;
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    ln_linalg_start();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    int rc = 0;
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        struct ln_sweep sweep = made_sweep();
        sweep.has_where = true;
        write_file(argv[2], MPI_COMM_WORLD, &sweep, 0, 2);
        rc = tap_failures > 0;
    } else {
        rc = run_tests();
    }
    MPI_Finalize();
    return rc;
}
