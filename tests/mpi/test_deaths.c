/* Who is blamed for the end of a run, and what is kept of it. One rank. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../src/store/holder.h"
#include "../../src/store/pages.h"
#include "linnet/activity.h"
#include "linnet/deaths.h"
#include "linnet/linalg.h"
#include "linnet/running.h"
#include "linnet/store.h"
#include "made_sweep.h"
#include "tap.h"

enum { RANKS = 4, CELLS = 48 };

static char folder[] = "/tmp/linnet-deaths-XXXXXX";
static char path[64], running[80], list[80];
static struct ln_sweep sweep;
static int64_t run_number = 1;

/* A run of four ranks on this host, each with the points 10 r and 10 r + 1 in hand. */
static void fill_pages(struct ln_page pages[RANKS]) {
    struct ln_holder self;
    struct ln_deaths empty;
    ln_holder_self(&self);
    ln_deaths_begin(&empty, &sweep);
    memset(pages, 0, RANKS * sizeof *pages);
    run_number++;
    for (int r = 0; r < RANKS; r++) {
        struct ln_page_head *head = &pages[r].head;
        head->rank = r;
        head->n_ranks = RANKS;
        head->run = run_number;
        memcpy(head->digest, empty.digest, sizeof head->digest);
        memcpy(head->host, self.host, sizeof head->host);
        memcpy(head->boot_id, self.boot_id, sizeof head->boot_id);
        memcpy(head->job, self.job, sizeof head->job);
        pages[r].slots[0] = 10 * r + 1;
        pages[r].slots[5] = 10 * r + 2;
    }
}

static void leave_pages(struct ln_page pages[RANKS]) {
    int fd = open(running, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, RANKS * LN_PAGE_BYTES) == 0);
    for (int r = 0; r < RANKS; r++) {
        if (pages[r].head.n_ranks > 0) {
            memcpy(pages[r].head.magic, LN_PAGE_MAGIC, sizeof pages[r].head.magic);
            pages[r].head.checksum = ln_page_checksum(&pages[r].head);
        }
        CHECK(pwrite(fd, &pages[r], sizeof pages[r], r * LN_PAGE_BYTES) == sizeof pages[r]);
    }
    close(fd);
}

/* The cells of which one death is counted, as bits by tens; bit 8: something is wrong. */
static unsigned blamed(void) {
    struct ln_deaths deaths;
    struct ln_err err = {0};
    uint8_t done[CELLS] = {0};
    int64_t n = 0;
    unsigned bits = 0;
    ln_deaths_begin(&deaths, &sweep);
    if (ln_deaths_fold(path, &sweep, done, &deaths, &n, &err) != LN_OK)
        bits |= 1 << 8;
    for (int64_t i = 0; i < deaths.n; i++)
        bits |= (unsigned)deaths.items[i].count << deaths.items[i].cell / 10;
    if (n != 2 * __builtin_popcount(bits))
        bits |= 1 << 8;
    ln_deaths_clear(&deaths);
    return bits;
}

static void one_that_vanished_beside_others_that_were_asked_is_blamed(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    for (int r = 0; r < RANKS; r++)
        pages[r].ending = r == 2 ? LN_ENDING_NONE : LN_ENDING_ASKED;
    leave_pages(pages);
    CHECK(blamed() == 1U << 2);
}

static void a_crash_outweighs_all_that_only_vanished(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    pages[1].signal = 11;
    leave_pages(pages);
    CHECK(blamed() == 1U << 1);
    pages[1].ending = LN_ENDING_ASKED; /* it crashed while it was being stopped */
    leave_pages(pages);
    CHECK(blamed() == (1U << 0 | 1U << 2 | 1U << 3));
}

static void all_of_several_that_vanish_blame_nobody(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    leave_pages(pages);
    CHECK(blamed() == 0);
    for (int r = 1; r < RANKS; r++) /* ranks that had not begun */
        memset(&pages[r], 0, sizeof pages[r]);
    leave_pages(pages);
    CHECK(blamed() == 1U << 0);
}

/* Counts one more run; a point that is in none of the pages has ended. */
static void fold(struct ln_deaths *deaths, struct ln_page pages[RANKS], int64_t n_deaths) {
    struct ln_err err = {0};
    uint8_t done[CELLS] = {0};
    int64_t n;
    for (int r = 0; r < RANKS; r++)
        pages[r].head.run = run_number;
    run_number++;
    leave_pages(pages);
    CHECK(ln_deaths_fold(path, &sweep, done, deaths, &n, &err) == LN_OK && n == n_deaths);
}

static int apart(const struct ln_deaths *deaths, int64_t cell) {
    const struct ln_death *death = ln_deaths_find(deaths, cell);
    return death ? ln_deaths_apart(death) : 0;
}

static void a_point_in_hand_whenever_all_vanish_gets_less_company_until_it_is_blamed(void) {
    struct ln_page pages[RANKS];
    struct ln_deaths deaths;
    ln_deaths_begin(&deaths, &sweep);
    fill_pages(pages);
    fold(&deaths, pages, 0);
    CHECK(deaths.n == 2 * RANKS && apart(&deaths, 0) == 0);
    pages[0].slots[0] = 0; /* point 0 was done meanwhile, or not begun */
    fold(&deaths, pages, 0);
    CHECK(apart(&deaths, 0) == 0 && apart(&deaths, 1) == 1);
    fold(&deaths, pages, 0);
    CHECK(apart(&deaths, 31) == 2 && ln_deaths_company(2, RANKS) == 2);
    fold(&deaths, pages, 0);
    CHECK(apart(&deaths, 31) == 3 && ln_deaths_company(3, RANKS) == 1);
    fold(&deaths, pages, 0); /* there was company, by chance */
    for (int r = 0; r < RANKS; r++)
        memset(pages[r].slots, 0, sizeof pages[r].slots);
    pages[0].slots[3] = 1; /* point 0 by itself, but it was not to be */
    fold(&deaths, pages, 0);
    pages[0].slots[3] = 32;
    pages[3].ending = LN_ENDING_ASKED; /* on another host */
    for (int r = 0; r < RANKS; r++)
        snprintf(pages[r].head.host, sizeof pages[r].head.host, "node%d", r / 2);
    fold(&deaths, pages, 0); /* a node with all its ranks */
    pages[3].ending = LN_ENDING_NONE;
    for (int try = 0; try < LN_DEATHS_MOST; try++) {
        CHECK(apart(&deaths, 31) < LN_APART_NEVER);
        fold(&deaths, pages, 1);
    }
    CHECK(apart(&deaths, 31) == LN_APART_NEVER);
    for (int64_t i = 0; i < deaths.n; i++)
        CHECK(deaths.items[i].count == (deaths.items[i].cell == 31 ? LN_DEATHS_MOST : 0));
    ln_deaths_clear(&deaths);
}

static void what_is_known_of_a_death_stays_when_all_vanish_later(void) {
    struct ln_page pages[RANKS];
    struct ln_deaths deaths;
    ln_deaths_begin(&deaths, &sweep);
    fill_pages(pages);
    pages[1].signal = 11;
    fold(&deaths, pages, 2);
    pages[1].signal = 0;
    snprintf(pages[1].head.host, sizeof pages[1].head.host, "another-host");
    fold(&deaths, pages, 0);
    const struct ln_death *death = ln_deaths_find(&deaths, 10);
    CHECK(death && death->count == 1 && death->vanished == 1 && death->signal == 11 &&
          strcmp(death->host, "another-host") != 0);
    ln_deaths_clear(&deaths);
}

static void a_node_that_goes_down_with_all_its_ranks_blames_nobody(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    for (int r = 0; r < RANKS; r++)
        snprintf(pages[r].head.host, sizeof pages[r].head.host, "node%d", r / 2);
    pages[0].ending = pages[1].ending = LN_ENDING_ASKED;
    leave_pages(pages);
    CHECK(blamed() == 0);
    pages[3].ending = LN_ENDING_ASKED;
    leave_pages(pages);
    CHECK(blamed() == 1U << 2);
}

static void a_machine_that_was_started_anew_blames_nobody(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    for (int r = 1; r < RANKS; r++)
        memset(&pages[r], 0, sizeof pages[r]);
    snprintf(pages[0].head.boot_id, sizeof pages[0].head.boot_id, "another-boot");
    leave_pages(pages);
    CHECK(blamed() == 0);
    snprintf(pages[0].head.host, sizeof pages[0].head.host, "another-host");
    leave_pages(pages);
    CHECK(blamed() == 1U << 0);
}

static void a_run_that_gave_up_by_itself_blames_nobody(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    pages[3].ending = LN_ENDING_GAVE_UP;
    leave_pages(pages);
    CHECK(blamed() == 0);
}

/* What a reader makes of pages without a lock beside them. */
static enum ln_activity_kind seen(const struct ln_page pages[RANKS]) {
    struct ln_activity activity;
    ln_activity_look(path, pages[0].head.digest, CELLS, &activity);
    return activity.kind;
}

static void a_run_of_another_host_that_told_of_itself_just_now_is_not_called_dead(void) {
    struct ln_page pages[RANKS];
    fill_pages(pages);
    pages[0].pace = (struct ln_page_pace){.when = (double)time(NULL) - 5, .n_points = CELLS};
    leave_pages(pages);
    CHECK(seen(pages) == LN_ACTIVITY_DIED); /* of this host the kernel knows */
    snprintf(pages[0].head.host, sizeof pages[0].head.host, "another-host");
    leave_pages(pages);
    CHECK(seen(pages) == LN_ACTIVITY_UNKNOWN);
    pages[0].pace.when -= 120;
    leave_pages(pages);
    CHECK(seen(pages) == LN_ACTIVITY_DIED);
}

static void a_run_that_gave_up_by_itself_is_not_called_dead_unless_it_crashed(void) {
    struct ln_page pages[RANKS];
    struct ln_activity activity;
    fill_pages(pages);
    pages[3].ending = LN_ENDING_GAVE_UP;
    leave_pages(pages);
    ln_activity_look(path, pages[0].head.digest, CELLS, &activity);
    CHECK(activity.kind == LN_ACTIVITY_NONE && activity.gave_up);
    pages[1].signal = 11;
    leave_pages(pages);
    CHECK(seen(pages) == LN_ACTIVITY_DIED);
}

static void pages_that_contradict_themselves_are_not_believed(void) {
    struct ln_page pages[RANKS];
    for (int kind = 0; kind < 6; kind++) {
        fill_pages(pages);
        pages[1].signal = 11;
        if (kind == 0)
            pages[1].slots[3] = CELLS + 1;
        else if (kind == 1)
            pages[1].slots[3] = -1;
        else if (kind == 2)
            pages[1].head.rank = 0;
        else if (kind == 3)
            pages[1].head.run++;
        else if (kind == 4)
            pages[1].head.digest[0] ^= 1;
        else
            pages[1].signal = 99;
        leave_pages(pages);
        CHECK(blamed() == 1U << 8);
    }
}

static void a_run_is_counted_once(void) {
    struct ln_page pages[RANKS];
    struct ln_deaths deaths;
    struct ln_err err = {0};
    uint8_t done[CELLS] = {0};
    int64_t n = 0;
    done[11] = LN_ROW_DONE;
    fill_pages(pages);
    pages[1].signal = 8;
    leave_pages(pages);
    for (int start = 0; start < 2; start++) {
        ln_deaths_begin(&deaths, &sweep);
        CHECK(ln_deaths_read(path, CELLS, &deaths, &err) == LN_OK);
        CHECK(ln_deaths_fold(path, &sweep, done, &deaths, &n, &err) == LN_OK && n == 1 - start);
        CHECK(deaths.n == 1 && deaths.items[0].cell == 10 && deaths.items[0].count == 1 &&
              deaths.items[0].signal == 8);
        CHECK(ln_deaths_write(path, &deaths, &err) == LN_OK);
        ln_deaths_clear(&deaths);
    }
    unlink(list);
}

static void a_list_cut_off_or_of_another_sweep_is_not_believed(void) {
    struct ln_death items[2] = {{3, 2, 0, 11, "n1", "17", "2026-11-21T11:10:27Z"},
                                {40, 0, 5, 0, "n2", "-", "2026-11-21T11:10:28Z"}};
    struct ln_deaths deaths = {.items = items, .n = 2, .run = 5}, read;
    struct ln_err err = {0};
    ln_deaths_begin(&read, &sweep);
    memcpy(deaths.digest, read.digest, sizeof deaths.digest);
    CHECK(ln_deaths_write(path, &deaths, &err) == LN_OK);
    CHECK(ln_deaths_read(path, CELLS, &read, &err) == LN_OK && read.n == 2 && read.run == 5 &&
          memcmp(read.items, items, sizeof items) == 0);
    CHECK(ln_deaths_read(path, 40, &read, &err) == LN_INPUT && read.n == 0);
    struct stat info;
    CHECK(stat(list, &info) == 0);
    for (off_t size = info.st_size - 1; size >= 0; size--) {
        bool is_line = false;
        CHECK(truncate(list, size) == 0);
        int status = ln_deaths_read(path, CELLS, &read, &err);
        is_line = status == LN_OK && (read.n == 0 || read.n == 1);
        CHECK(status == LN_INPUT || is_line); /* cut off between two lines */
    }
    read.digest[0] ^= 1;
    deaths.n = 1;
    CHECK(ln_deaths_write(path, &deaths, &err) == LN_OK);
    CHECK(ln_deaths_read(path, CELLS, &read, &err) == LN_INPUT && read.n == 0);
    ln_deaths_clear(&read);
    unlink(list);
}

static void points_in_the_lanes_stand_in_the_page_until_they_leave(void) {
    struct ln_running *watch = NULL;
    struct ln_pages pages;
    struct ln_deaths deaths;
    struct ln_err err = {0};
    ln_deaths_begin(&deaths, &sweep);
    CHECK(ln_running_open(path, MPI_COMM_WORLD, &sweep, &watch, &err) == LN_OK);
    for (int64_t cell = 0; cell < LN_PAGE_SLOTS + 3; cell++) /* more than there is room for */
        ln_running_enter(watch, cell);
    ln_running_leave(watch, 2);
    ln_running_leave(watch, 47); /* never came */
    CHECK(ln_pages_read(path, deaths.digest, CELLS, &pages, &err) == LN_OK && pages.n == 1);
    for (int i = 0; i < LN_PAGE_SLOTS; i++)
        CHECK(pages.pages[0].slots[i] == (i == 2 ? 0 : i + 1));
    ln_pages_clear(&pages);
    ln_running_clear(watch);
    ln_running_asked();
    CHECK(ln_pages_read(path, deaths.digest, CELLS, &pages, &err) == LN_OK &&
          pages.pages[0].slots[0] == 0 && pages.pages[0].ending == LN_ENDING_ASKED);
    ln_pages_clear(&pages);
    ln_running_close(watch);
    CHECK(access(running, F_OK) != 0);
}

/* Gives the point back or up in the file. */
static void mark(int64_t cell, int8_t status, bool with_row) {
    struct ln_store *store = NULL;
    struct ln_layout layout = made_layout();
    struct ln_err err = {0};
    bool resumed;
    unsigned char *row = calloc(1, layout.row_bytes);
    made_row(&layout, cell, row);
    CHECK(ln_store_open(path, MPI_COMM_WORLD, &sweep, &layout, &store, &resumed, &err) == LN_OK);
    if (with_row)
        CHECK(ln_store_write(store, cell, row, &err) == LN_OK);
    CHECK(ln_store_mark(store, cell, status, &err) == LN_OK);
    CHECK(ln_store_close(store, &err) == LN_OK);
    free(row);
}

static unsigned char *slurp(long *size) {
    FILE *file = fopen(path, "rb");
    CHECK(file);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    unsigned char *bytes = malloc((size_t)*size);
    CHECK(fread(bytes, 1, (size_t)*size, file) == (size_t)*size);
    fclose(file);
    return bytes;
}

static void a_point_given_up_leaves_no_byte_of_its_row_behind(void) {
    long size, size_after;
    int n_changed = 0;
    mark(5, LN_ROW_PENDING, false);
    unsigned char *before = slurp(&size);
    mark(5, LN_ROW_FAILED, true);
    unsigned char *after = slurp(&size_after);
    CHECK(size == size_after);
    for (long i = 0; i < size; i++)
        n_changed += before[i] != after[i];
    CHECK(n_changed == 1); /* the status */
    free(after);
    mark(5, LN_ROW_PENDING, false);
    after = slurp(&size_after);
    CHECK(memcmp(before, after, (size_t)size) == 0);
    free(after);
    free(before);
    unlink(path);
}

static const struct tap_test tests[] = {
    TAP_TEST(one_that_vanished_beside_others_that_were_asked_is_blamed),
    TAP_TEST(a_crash_outweighs_all_that_only_vanished),
    TAP_TEST(all_of_several_that_vanish_blame_nobody),
    TAP_TEST(a_point_in_hand_whenever_all_vanish_gets_less_company_until_it_is_blamed),
    TAP_TEST(what_is_known_of_a_death_stays_when_all_vanish_later),
    TAP_TEST(a_node_that_goes_down_with_all_its_ranks_blames_nobody),
    TAP_TEST(a_machine_that_was_started_anew_blames_nobody),
    TAP_TEST(a_run_that_gave_up_by_itself_blames_nobody),
    TAP_TEST(a_run_of_another_host_that_told_of_itself_just_now_is_not_called_dead),
    TAP_TEST(a_run_that_gave_up_by_itself_is_not_called_dead_unless_it_crashed),
    TAP_TEST(pages_that_contradict_themselves_are_not_believed),
    TAP_TEST(a_run_is_counted_once),
    TAP_TEST(a_list_cut_off_or_of_another_sweep_is_not_believed),
    TAP_TEST(points_in_the_lanes_stand_in_the_page_until_they_leave),
    TAP_TEST(a_point_given_up_leaves_no_byte_of_its_row_behind),
};

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    ln_linalg_start();
    sweep = made_sweep();
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/out.h5", folder);
    snprintf(running, sizeof running, "%s.running", path);
    snprintf(list, sizeof list, "%s.deaths", path);
    int rc = tap_run(tests, (int)(sizeof tests / sizeof tests[0]));
    ln_deaths_forget(path);
    rmdir(folder);
    MPI_Finalize();
    return rc;
}
