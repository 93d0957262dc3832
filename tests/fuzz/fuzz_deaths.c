/* What runs leave about their deaths. An even first byte: the rest is OUT.h5.deaths. An odd one:
 * the rest changes a sound OUT.h5.running, whose checksums may be made right again.
 *
 * Promises checked: a refusal has exit code 2 and a message; what is accepted is of this sweep and
 * within bounds, can be shown on a terminal, and can be written and read back as it is. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holder.h"
#include "linnet/deaths.h"
#include "linnet/linalg.h"
#include "linnet/utf8.h"
#include "pages.h"
#include "target.h"

enum { CELLS = 12, RANKS = 4 };

static const char text[] =
    "linnet: 1\naxes: {depth: [1, 2, 3], seed: {count: 4}}\nwhere: depth < 3\n";
static struct ln_sweep *sweep;
static struct ln_holder self;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct ln_err err = {0};
    (void)argc, (void)argv;
    ln_linalg_start();
    ln_holder_self(&self);
    if (ln_sweep_parse("f.yaml", text, strlen(text), NULL, 0, NULL, &sweep, &err) != LN_OK)
        abort();
    return 0;
}

static void check_list(const struct ln_deaths *deaths) {
    assert(deaths->n >= 0 && deaths->n <= CELLS);
    for (int64_t i = 0; i < deaths->n; i++) {
        char shown[512];
        const struct ln_death *death = &deaths->items[i];
        assert(death->cell >= 0 && death->cell < CELLS);
        assert(death->count >= 0 && death->vanished >= 0 && death->count + death->vanished > 0);
        assert(i == 0 || death->cell > death[-1].cell);
        assert(ln_deaths_find(deaths, death->cell) == death);
        ln_deaths_say(death, shown, sizeof shown);
        assert(ln_utf8_is_plain(shown));
    }
}

static bool is_same(const struct ln_death *a, const struct ln_death *b) {
    return a->cell == b->cell && a->count == b->count && a->vanished == b->vanished &&
           a->signal == b->signal && strcmp(a->host, b->host) == 0 && strcmp(a->job, b->job) == 0 &&
           strcmp(a->when, b->when) == 0;
}

static void write_and_read(const struct ln_deaths *deaths) {
    struct ln_deaths again;
    struct ln_err err = {0};
    const char *path = scratch_path("again");
    ln_deaths_begin(&again, sweep);
    int status = ln_deaths_write(path, deaths, &err);
    assert(status == LN_OK);
    status = ln_deaths_read(path, CELLS, &again, &err);
    assert(status == LN_OK && again.n == deaths->n);
    for (int64_t i = 0; i < again.n; i++)
        assert(is_same(&again.items[i], &deaths->items[i]));
    assert(again.n == 0 || again.run == deaths->run);
    ln_deaths_clear(&again);
}

/* The word DIGEST stands for that of the sweep, which every new default changes. */
static void write_list(const uint8_t *data, size_t size, const char *digest) {
    const uint8_t *word = size > 0 ? memmem(data, size, "DIGEST", 6) : NULL;
    size_t before = word ? (size_t)(word - data) : size, n = word ? strlen(digest) : 0;
    uint8_t *bytes = malloc(size + n + 1);
    memcpy(bytes, data, before);
    memcpy(bytes + before, digest, n);
    if (word)
        memcpy(bytes + before + n, word + 6, size - before - 6);
    scratch_write(scratch_path("out.deaths"), bytes, word ? size + n - 6 : size);
    free(bytes);
}

static void read_list(const uint8_t *data, size_t size) {
    struct ln_deaths deaths;
    struct ln_err err = {0};
    ln_deaths_begin(&deaths, sweep);
    write_list(data, size, deaths.digest);
    int status = ln_deaths_read(scratch_path("out"), CELLS, &deaths, &err);
    assert(status == LN_OK || (status == LN_INPUT && err.text[0] && deaths.n == 0));
    check_list(&deaths);
    write_and_read(&deaths);
    ln_deaths_clear(&deaths);
}

static void fill_page(struct ln_page *page, int rank) {
    struct ln_deaths empty;
    struct ln_page_head *head = &page->head;
    ln_deaths_begin(&empty, sweep);
    head->rank = rank;
    head->n_ranks = RANKS;
    head->run = 7;
    memcpy(head->digest, empty.digest, sizeof head->digest);
    memcpy(head->host, self.host, sizeof head->host);
    memcpy(head->boot_id, self.boot_id, sizeof head->boot_id);
    memcpy(head->job, self.job, sizeof head->job);
    memcpy(head->magic, LN_PAGE_MAGIC, sizeof head->magic);
    page->signal = rank == 1 ? 11 : 0;
    page->slots[0] = rank + 1;
    page->slots[3] = 2 * rank + 2;
}

/* Triples: page and the high bits of a place, the low ones, the value. */
static void change_pages(const uint8_t *data, size_t size, uint8_t *bytes, bool mends) {
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t place = (data[i] >> 4) * 256u + data[i + 1];
        bytes[(data[i] % RANKS) * (size_t)LN_PAGE_BYTES + place % sizeof(struct ln_page)] =
            data[i + 2];
    }
    for (int r = 0; mends && r < RANKS; r++) {
        struct ln_page page;
        memcpy(&page, bytes + (size_t)r * LN_PAGE_BYTES, sizeof page);
        page.head.checksum = ln_page_checksum(&page.head);
        memcpy(bytes + (size_t)r * LN_PAGE_BYTES, &page, sizeof page);
    }
}

/* Bits of `how`: 2, checksums are right; 4, the file is cut; 8, its time is none. */
static void write_pages(const uint8_t *data, size_t size, unsigned how) {
    static uint8_t bytes[RANKS * LN_PAGE_BYTES];
    const char *path = scratch_path("out.running");
    const struct timespec never[2] = {{.tv_sec = INT64_MAX / 4}, {.tv_sec = INT64_MAX / 4}};
    memset(bytes, 0, sizeof bytes);
    for (int r = 0; r < RANKS; r++) {
        struct ln_page page;
        memset(&page, 0, sizeof page);
        fill_page(&page, r);
        memcpy(bytes + (size_t)r * LN_PAGE_BYTES, &page, sizeof page);
    }
    change_pages(data, size, bytes, how & 2);
    scratch_write(path, bytes, how & 4 ? sizeof bytes - how : sizeof bytes);
    if (how & 8)
        utimensat(AT_FDCWD, path, never, 0);
}

static void read_pages(const uint8_t *data, size_t size, unsigned how) {
    struct ln_deaths deaths;
    struct ln_err err = {0};
    uint8_t done[CELLS] = {[2] = 1};
    int64_t n = 0;
    write_pages(data, size, how);
    ln_deaths_begin(&deaths, sweep);
    int status = ln_deaths_fold(scratch_path("out"), sweep, done, &deaths, &n, &err);
    assert(status == LN_OK || (status == LN_INPUT && err.text[0] && n == 0));
    check_list(&deaths);
    assert(!ln_deaths_find(&deaths, 2) && (deaths.n == 0 || deaths.items[deaths.n - 1].cell < 8));
    write_and_read(&deaths);
    ln_deaths_clear(&deaths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0)
        read_list(data + 1, size - 1);
    else
        read_pages(data + 1, size - 1, data[0]);
    return 0;
}
