#include "linnet/deaths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "identity.h"
#include "linnet/store.h"
#include "pages.h"

/* Nothing is gained by counting further than MOST_COUNTED; and to vanish once can be anything. */
enum { MOST_COUNTED = 999, VANISHED_APART = 2 };

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

uint8_t ln_deaths_apart(const struct ln_death *death) {
    if (death->count >= LN_DEATHS_MOST)
        return LN_APART_NEVER;
    if (death->vanished < VANISHED_APART)
        return death->count > 0;
    int apart = 1 + death->vanished - VANISHED_APART;
    return (uint8_t)(apart < LN_APART_MOST ? apart : LN_APART_MOST);
}

int ln_deaths_company(uint8_t apart, int n_ranks) {
    int company = apart > 0 ? n_ranks >> (apart - 1) : n_ranks;
    return company > 1 ? company : 1;
}

static int64_t sum_up(const struct ln_deaths *deaths) {
    int64_t n = 0;
    for (int64_t i = 0; i < deaths->n; i++)
        n += deaths->items[i].count;
    return n;
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
    order = order ? order : a->vanished - b->vanished;
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

/* A point in the hands of a process that died, or vanished with all others. */
struct found {
    int64_t cell;
    const struct ln_page *page;
    bool is_doubt;
};

static int compare_found(const void *a, const void *b) {
    int64_t first = ((const struct found *)a)->cell, second = ((const struct found *)b)->cell;
    return (first > second) - (first < second);
}

/* Those that are open, each once, by rising cell. */
static int64_t find_points(const struct ln_pages *pages, const enum ln_blame *blame,
                           const struct ln_sweep *sweep, const uint8_t *done, struct found *found) {
    static struct ln_point point;
    int64_t n = 0, kept = 0;
    for (int64_t i = 0; i < (int64_t)pages->n * LN_PAGE_SLOTS; i++) {
        const struct ln_page *page = &pages->pages[i / LN_PAGE_SLOTS];
        enum ln_blame why = blame[i / LN_PAGE_SLOTS];
        int64_t cell = page->slots[i % LN_PAGE_SLOTS] - 1;
        if (why != LN_BLAME_NONE && cell >= 0 && !done[cell] && ln_sweep_point(sweep, cell, &point))
            found[n++] = (struct found){cell, page, why == LN_BLAME_DOUBT};
    }
    qsort(found, (size_t)n, sizeof *found, compare_found);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || found[i].cell != found[i - 1].cell)
            found[kept++] = found[i];
    return kept;
}

/* A death outweighs what only happened to be near. */
static void note(struct ln_death *death, const struct found *found, int64_t when, bool is_guilty) {
    time_t seconds = (time_t)when;
    struct tm utc;
    death->cell = found->cell;
    death->vanished += found->is_doubt && death->vanished < MOST_COUNTED;
    if (!is_guilty && death->count > 0)
        return;
    death->count += is_guilty && death->count < MOST_COUNTED;
    gmtime_r(&seconds, &utc);
    strftime(death->when, sizeof death->when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(death->host, sizeof death->host, "%s", found->page->head.host);
    snprintf(death->job, sizeof death->job, "%s", found->page->head.job);
    death->signal = found->page->signal;
}

/* Nobody else had anything in hand, as it was to be, and all have vanished. */
static bool is_sole(const struct ln_death *death, int64_t n_found, const struct ln_pages *pages) {
    uint8_t apart = ln_deaths_apart(death);
    return apart > 1 && ln_deaths_company(apart, pages->n) == 1 && n_found == 1 &&
           ln_pages_vanished(pages);
}

/* Both are in order, and so is the list that comes of them. */
static int take_in(struct ln_deaths *deaths, const struct found *found, int64_t n_found,
                   const struct ln_pages *pages, struct ln_err *err) {
    int64_t room = deaths->n + n_found + 1, n = 0, i = 0;
    struct ln_death *items = calloc((size_t)room, sizeof *items);
    if (!items)
        return ln_err_set(err, LN_FATAL, "out of memory");
    for (int64_t k = 0; k < n_found; k++) {
        while (i < deaths->n && deaths->items[i].cell < found[k].cell)
            items[n++] = deaths->items[i++];
        if (i < deaths->n && deaths->items[i].cell == found[k].cell)
            items[n] = deaths->items[i++];
        bool is_guilty = !found[k].is_doubt || is_sole(&items[n], n_found, pages);
        note(&items[n++], &found[k], pages->when, is_guilty);
    }
    while (i < deaths->n)
        items[n++] = deaths->items[i++];
    free(deaths->items);
    deaths->items = items;
    deaths->room = room;
    deaths->n = n;
    return LN_OK;
}

static int count_pages(const struct ln_pages *pages, const struct ln_sweep *sweep,
                       const uint8_t *done, struct ln_deaths *deaths, int64_t *n,
                       struct ln_err *err) {
    enum ln_blame *blame = calloc((size_t)pages->n + 1, sizeof *blame);
    struct found *found = calloc((size_t)pages->n * LN_PAGE_SLOTS + 1, sizeof *found);
    int rc = blame && found ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
    int64_t before = sum_up(deaths), run = 0;
    for (int r = 0; r < pages->n; r++)
        run = pages->pages[r].head.run ? pages->pages[r].head.run : run;
    /* Counted already, by a run that was killed before it could begin. */
    if (rc == LN_OK && run != deaths->run) {
        ln_pages_blame(pages, blame);
        int64_t n_found = find_points(pages, blame, sweep, done, found);
        rc = take_in(deaths, found, n_found, pages, err);
    }
    deaths->run = run;
    *n = sum_up(deaths) - before;
    free(found);
    free(blame);
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
    char cause[64] = "killed without a sign", job[48] = "";
    if (death->signal)
        snprintf(cause, sizeof cause, "signal %d, %s", death->signal, strsignal(death->signal));
    if (strcmp(death->job, "-") != 0)
        snprintf(job, sizeof job, ", Slurm job %s", death->job);
    if (death->count == 0)
        snprintf(text, size,
                 "in hand %d time%s when all processes vanished at once (a node, a memory limit, "
                 "kill -9), last on %s%s at %s",
                 death->vanished, death->vanished == 1 ? "" : "s", death->host, job, death->when);
    else
        snprintf(text, size, "its process died %d time%s, last on %s%s at %s: %s", death->count,
                 death->count == 1 ? "" : "s", death->host, job, death->when, cause);
}
