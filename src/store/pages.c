#include "pages.h"

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "holder.h"
#include "linnet/fault.h"
#include "sidefile.h"

enum { MOST_SIGNAL = 64 };
static const int64_t year_10000 = 253402300800; /* seconds since 1970 */

uint64_t ln_page_checksum(const struct ln_page_head *head) {
    struct ln_page_head copy = *head;
    memcpy(copy.magic, LN_PAGE_MAGIC, sizeof copy.magic);
    return XXH64(&copy, offsetof(struct ln_page_head, checksum), 0);
}

/* As ln_holder_self has it: it goes into a line of OUT.h5.deaths. */
static bool is_word(const char *text, size_t size) {
    size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr(".-_", text[i]))
            return false;
    return length > 0 && length < size;
}

static bool is_sound(const struct ln_page *page, int rank, int n_ranks, int64_t n_cells) {
    const struct ln_page_head *head = &page->head;
    bool ok = head->rank == rank && head->n_ranks == n_ranks && head->run > 0 &&
              head->checksum == ln_page_checksum(head) && is_word(head->host, sizeof head->host) &&
              is_word(head->digest, sizeof head->digest) &&
              is_word(head->boot_id, sizeof head->boot_id) &&
              is_word(head->job, sizeof head->job) && page->ending >= LN_ENDING_NONE &&
              page->ending <= LN_ENDING_GAVE_UP && page->signal >= 0 && page->signal <= MOST_SIGNAL;
    for (int i = 0; ok && i < LN_PAGE_SLOTS; i++)
        ok = page->slots[i] >= 0 && page->slots[i] <= n_cells;
    return ok;
}

static int read_pages(int fd, const char *name, const char *digest, int64_t n_cells,
                      struct ln_pages *pages, struct ln_err *err) {
    const struct ln_page *first = NULL;
    for (int r = 0; r < pages->n; r++) {
        struct ln_page *page = &pages->pages[r];
        ssize_t got = LN_FAULT(
            PAGES_READ, -1, pread(fd, page, LN_FAULT_SIZE(sizeof *page), (off_t)r * LN_PAGE_BYTES));
        if (got < 0)
            return ln_sidefile_fail("read", name, err);
        if (got != (ssize_t)sizeof *page)
            return ln_err_set(err, LN_INPUT, "%s is damaged", name);
        if (page->head.magic[0] == '\0') {
            *page = (struct ln_page){0}; /* what else it has is not vouched for */
            continue;
        }
        if (memcmp(page->head.magic, LN_PAGE_MAGIC, sizeof page->head.magic) != 0 ||
            !is_sound(page, r, pages->n, n_cells) || (first && page->head.run != first->head.run))
            return ln_err_set(err, LN_INPUT, "%s is damaged", name);
        if (strcmp(page->head.digest, digest) != 0)
            return ln_err_set(err, LN_INPUT, "%s is of another sweep", name);
        first = first ? first : page;
    }
    return LN_OK;
}

static int read_file(const struct ln_sidefile *file, const char *name, const char *digest,
                     int64_t n_cells, struct ln_pages *pages, struct ln_err *err) {
    int64_t size = file->info.st_size, when = file->info.st_mtime;
    bool ok = size > 0 && size % LN_PAGE_BYTES == 0 && size / LN_PAGE_BYTES <= LN_PAGES_MOST;
    pages->n = ok ? (int)(size / LN_PAGE_BYTES) : 0;
    pages->when = ok && when > 0 && when < year_10000 ? when : 0;
    pages->pages = calloc((size_t)pages->n + 1, sizeof *pages->pages);
    int rc = ok && pages->pages ? read_pages(file->fd, name, digest, n_cells, pages, err)
                                : ln_err_set(err, LN_INPUT, "%s is damaged", name);
    /* What is stored through a mapping does not touch the time of the file. */
    if (rc == LN_OK && pages->n > 0 && pages->pages[0].pace.when < (double)year_10000)
        pages->when = (int64_t)fmax((double)pages->when, pages->pages[0].pace.when);
    if (rc != LN_OK)
        ln_pages_clear(pages);
    return rc;
}

int ln_pages_read(const char *path, const char *digest, int64_t n_cells, struct ln_pages *pages,
                  struct ln_err *err) {
    struct ln_sidefile file = {.fd = -1};
    char *name = ln_sidefile_name(path, ".running");
    *pages = (struct ln_pages){0};
    int rc = name ? LN_FAULT(PAGES_OPEN, ln_sidefile_fail("open", name, err),
                             ln_sidefile_open(name, O_RDONLY, &file, err))
                  : ln_err_set(err, LN_INPUT, "out of memory");
    if (file.fd >= 0) {
        rc = read_file(&file, name, digest, n_cells, pages, err);
        close(file.fd);
    }
    free(name);
    return rc;
}

void ln_pages_clear(struct ln_pages *pages) {
    free(pages->pages);
    *pages = (struct ln_pages){0};
}

static bool is_live(const struct ln_page *page) {
    return page->head.magic[0] != '\0';
}

static bool has_crashed(const struct ln_page *page) {
    return is_live(page) && page->signal != 0 && page->ending == LN_ENDING_NONE;
}

static bool has_vanished(const struct ln_page *page) {
    return is_live(page) && page->signal == 0 && page->ending == LN_ENDING_NONE;
}

/* Whether several processes ran on the host (NULL: on any), and all of them have vanished. One
 * point does not do that. */
static bool all_have_vanished(const struct ln_pages *pages, const char *host) {
    int n_live = 0, n_vanished = 0;
    for (int r = 0; r < pages->n; r++) {
        const struct ln_page *page = &pages->pages[r];
        if (host && strcmp(page->head.host, host) != 0)
            continue;
        n_live += is_live(page);
        n_vanished += has_vanished(page);
    }
    return n_live > 1 && n_vanished == n_live;
}

bool ln_pages_vanished(const struct ln_pages *pages) {
    return all_have_vanished(pages, NULL);
}

/* Of a process in a run without a crash. */
static enum ln_blame blame_of(const struct ln_pages *pages, const struct ln_page *page,
                              const struct ln_holder *self) {
    bool went_down =
        strcmp(page->head.host, self->host) == 0 && strcmp(page->head.boot_id, self->boot_id) != 0;
    if (!has_vanished(page) || went_down)
        return LN_BLAME_NONE;
    /* Killed without a sign, with all others or beside some that were then asked to end. */
    return ln_pages_vanished(pages) || all_have_vanished(pages, page->head.host) ? LN_BLAME_DOUBT
                                                                                 : LN_BLAME_DEATH;
}

static bool has_crashes(const struct ln_pages *pages) {
    bool has_crash = false;
    for (int r = 0; r < pages->n; r++)
        has_crash |= has_crashed(&pages->pages[r]);
    return has_crash;
}

bool ln_pages_gave_up(const struct ln_pages *pages) {
    bool has_given_up = false;
    for (int r = 0; r < pages->n; r++)
        has_given_up |= is_live(&pages->pages[r]) && pages->pages[r].ending == LN_ENDING_GAVE_UP;
    return has_given_up && !has_crashes(pages);
}

void ln_pages_blame(const struct ln_pages *pages, enum ln_blame *blame) {
    struct ln_holder self;
    ln_holder_self(&self);
    bool has_crash = has_crashes(pages), has_given_up = ln_pages_gave_up(pages);
    for (int r = 0; r < pages->n; r++) {
        const struct ln_page *page = &pages->pages[r];
        if (has_crash)
            blame[r] = has_crashed(page) ? LN_BLAME_DEATH : LN_BLAME_NONE;
        else
            blame[r] = has_given_up ? LN_BLAME_NONE : blame_of(pages, page, &self);
    }
}
