#include "linnet/deaths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "identity.h"
#include "linnet/store.h"
#include "pages.h"

/* Nothing is gained by counting further. */
enum { MOST_COUNTED = 999 };

void ln_deaths_init(struct ln_deaths *deaths, const char *digest) {
    memset(deaths, 0, sizeof *deaths);
    snprintf(deaths->digest, sizeof deaths->digest, "%s", digest);
}

void ln_deaths_begin(struct ln_deaths *deaths, const struct ln_sweep *sweep) {
    char digest[LN_DIGEST_SIZE];
    ln_identity_sweep_digest(sweep, digest);
    ln_deaths_init(deaths, digest);
}

void ln_deaths_clear(struct ln_deaths *deaths) {
    free(deaths->items);
    deaths->items = NULL;
    deaths->n = deaths->room = 0;
}

/* Where the cell stands, or would stand. */
static int64_t place_of(const struct ln_deaths *deaths, int64_t cell) {
    int64_t low = 0, high = deaths->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (deaths->items[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct ln_death *ln_deaths_find(const struct ln_deaths *deaths, int64_t cell) {
    int64_t at = place_of(deaths, cell);
    return at < deaths->n && deaths->items[at].cell == cell ? &deaths->items[at] : NULL;
}

/* The entry of a cell, made if it is not there; NULL: no memory. */
static struct ln_death *entry_of(struct ln_deaths *deaths, int64_t cell) {
    int64_t at = place_of(deaths, cell);
    if (at < deaths->n && deaths->items[at].cell == cell)
        return &deaths->items[at];
    if (deaths->n == deaths->room) {
        int64_t room = 2 * deaths->room + 16;
        struct ln_death *items = realloc(deaths->items, (size_t)room * sizeof *items);
        if (!items)
            return NULL;
        deaths->items = items;
        deaths->room = room;
    }
    memmove(&deaths->items[at + 1], &deaths->items[at],
            (size_t)(deaths->n - at) * sizeof *deaths->items);
    deaths->n++;
    deaths->items[at] = (struct ln_death){.cell = cell};
    return &deaths->items[at];
}

/* A total order: what two lists say together must not depend on which comes first. */
static int compare(const struct ln_death *a, const struct ln_death *b) {
    int order = a->count - b->count;
    order = order ? order : strcmp(a->when, b->when);
    order = order ? order : strcmp(a->host, b->host);
    order = order ? order : strcmp(a->job, b->job);
    return order ? order : a->signal - b->signal;
}

int ln_deaths_join(struct ln_deaths *deaths, const struct ln_deaths *other, struct ln_err *err) {
    for (int64_t i = 0; i < other->n; i++) {
        struct ln_death *death = entry_of(deaths, other->items[i].cell);
        if (!death)
            return ln_err_set(err, LN_FATAL, "out of memory");
        if (compare(&other->items[i], death) > 0)
            *death = other->items[i];
    }
    return LN_OK;
}

void ln_deaths_filter(struct ln_deaths *deaths,
                      bool (*keep)(const struct ln_death *death, const void *ctx),
                      const void *ctx) {
    int64_t kept = 0;
    for (int64_t i = 0; i < deaths->n; i++)
        if (keep(&deaths->items[i], ctx))
            deaths->items[kept++] = deaths->items[i];
    deaths->n = kept;
}

static int count_page(const struct ln_page *page, int64_t when, const struct ln_sweep *sweep,
                      const uint8_t *done, struct ln_deaths *deaths, int64_t *n,
                      struct ln_err *err) {
    static struct ln_point point;
    struct tm utc;
    time_t seconds = (time_t)when;
    gmtime_r(&seconds, &utc);
    for (int i = 0; i < LN_PAGE_SLOTS; i++) {
        int64_t cell = page->slots[i] - 1;
        if (cell < 0 || done[cell] || !ln_sweep_point(sweep, cell, &point))
            continue;
        struct ln_death *death = entry_of(deaths, cell);
        if (!death)
            return ln_err_set(err, LN_FATAL, "out of memory");
        death->count += death->count < MOST_COUNTED;
        death->signal = page->signal;
        snprintf(death->host, sizeof death->host, "%s", page->head.host);
        snprintf(death->job, sizeof death->job, "%s", page->head.job);
        strftime(death->when, sizeof death->when, "%Y-%m-%dT%H:%M:%SZ", &utc);
        ++*n;
    }
    return LN_OK;
}

static int count_pages(const struct ln_pages *pages, const struct ln_sweep *sweep,
                       const uint8_t *done, struct ln_deaths *deaths, int64_t *n,
                       struct ln_err *err) {
    bool *blamed = calloc((size_t)pages->n + 1, sizeof *blamed);
    int rc = blamed ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
    int64_t run = 0;
    if (rc == LN_OK)
        ln_pages_blame(pages, blamed);
    for (int r = 0; r < pages->n; r++)
        run = pages->pages[r].head.run ? pages->pages[r].head.run : run;
    /* Counted already, by a run that was killed before it could begin. */
    bool is_new = run != deaths->run;
    deaths->run = run;
    for (int r = 0; rc == LN_OK && is_new && r < pages->n; r++)
        if (blamed[r])
            rc = count_page(&pages->pages[r], pages->when, sweep, done, deaths, n, err);
    free(blamed);
    return rc;
}

int ln_deaths_fold(const char *path, const struct ln_sweep *sweep, const uint8_t *done,
                   struct ln_deaths *deaths, int64_t *n, struct ln_err *err) {
    struct ln_pages pages;
    *n = 0;
    if (ln_pages_read(path, deaths->digest, ln_sweep_n_cells(sweep), &pages, err))
        return (int)err->status;
    int rc = pages.n > 0 ? count_pages(&pages, sweep, done, deaths, n, err) : LN_OK;
    ln_pages_clear(&pages);
    return rc;
}

void ln_deaths_say(const struct ln_death *death, char *text, size_t size) {
    char cause[64] = "killed without a sign";
    if (death->signal)
        snprintf(cause, sizeof cause, "signal %d, %s", death->signal, strsignal(death->signal));
    snprintf(text, size, "its process died %d time%s, last on %s%s%s at %s: %s", death->count,
             death->count == 1 ? "" : "s", death->host,
             strcmp(death->job, "-") ? ", Slurm job " : "",
             strcmp(death->job, "-") ? death->job : "", death->when, cause);
}
