/* OUT.h5.deaths:
 *
 *   linnet deaths 1 sweep 0123456789abcdef run 17
 *   cell 12 deaths 3 signal 11 host n1 job - at 2026-11-21T11:10:27Z
 *   cell 40 deaths 0 signal 0 host n2 job 17 at 2026-11-21T11:10:27Z vanished 2
 *
 * by rising cell. A file with anything else in it is not believed at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linnet/deaths.h"
#include "linnet/fault.h"
#include "newfile.h"
#include "sidefile.h"

/* A line for each point that the largest run has in hand, and as much again: a file that says more
 * is nonsense. */
enum { MOST_BYTES = 1 << 27, MOST_SIGNAL = 64 };

/* A line of its own, without its end; NULL: there is none, or it has no end. */
static char *next_line(char **at) {
    char *line = *at, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

/* What may follow a line: runs that vanished. */
static bool parse_vanished(const char *rest, struct ln_death *death) {
    int end = -1;
    if (*rest == '\0')
        return death->count >= 1;
    return sscanf(rest, " vanished %3d%n", &death->vanished, &end) == 1 && rest[end] == '\0' &&
           death->vanished >= 1;
}

static bool parse_line(const char *line, int64_t n_cells, int64_t after, struct ln_death *death) {
    int end = -1;
    *death = (struct ln_death){0};
    if (sscanf(line,
               "cell %9" SCNd64 " deaths %3d signal %2d host %63[A-Za-z0-9._-] job "
               "%23[A-Za-z0-9._-] at %20[0-9TZ:-]%n",
               &death->cell, &death->count, &death->signal, death->host, death->job, death->when,
               &end) != 6)
        return false;
    return end > 0 && parse_vanished(line + end, death) && death->cell > after &&
           death->cell < n_cells && death->count >= 0 && death->signal >= 0 &&
           death->signal <= MOST_SIGNAL;
}

static bool parse_head(const char *line, struct ln_deaths *deaths, bool *is_ours) {
    char digest[24] = "";
    int end = -1;
    if (!line || sscanf(line, "linnet deaths 1 sweep %16[0-9a-f] run %19" SCNd64 "%n", digest,
                        &deaths->run, &end) != 2)
        return false;
    *is_ours = strcmp(digest, deaths->digest) == 0;
    return end > 0 && line[end] == '\0';
}

static bool parse(char *text, int64_t n_cells, struct ln_deaths *deaths, bool *is_ours) {
    char *at = text;
    int64_t n_lines = 0, last = -1;
    for (const char *c = text; *c; c++)
        n_lines += *c == '\n';
    deaths->items = calloc((size_t)n_lines + 1, sizeof *deaths->items);
    deaths->room = n_lines + 1;
    if (!deaths->items || !parse_head(next_line(&at), deaths, is_ours))
        return false;
    while (*is_ours && *at) {
        const char *line = next_line(&at);
        struct ln_death *death = &deaths->items[deaths->n];
        if (!line || !parse_line(line, n_cells, last, death))
            return false;
        last = death->cell;
        deaths->n++;
    }
    return true;
}

/* Takes what the text says, or nothing. */
static int take(char *text, const char *name, int64_t n_cells, struct ln_deaths *deaths,
                struct ln_err *err) {
    bool is_ours = true, is_good = parse(text, n_cells, deaths, &is_ours);
    if (is_good && is_ours)
        return LN_OK;
    ln_deaths_clear(deaths);
    deaths->run = 0;
    return ln_err_set(err, LN_INPUT, is_good ? "%s is of another sweep" : "%s is damaged", name);
}

int ln_deaths_read(const char *path, int64_t n_cells, struct ln_deaths *deaths,
                   struct ln_err *err) {
    char *text = NULL, *name = ln_sidefile_name(path, ".deaths");
    ln_deaths_clear(deaths);
    int rc = name ? LN_FAULT(DEATHS_READ, (ln_sidefile_fail("read", name, err), LN_FATAL),
                             ln_sidefile_read(name, MOST_BYTES, &text, err))
                  : ln_err_set(err, LN_FATAL, "out of memory");
    if (text)
        rc = take(text, name, n_cells, deaths, err);
    free(text);
    free(name);
    return rc;
}

/* In one go: what stops a write is then said by the call that it stopped. */
static int write_text(const struct ln_deaths *deaths, int fd, const char *path,
                      struct ln_err *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return ln_err_set(err, LN_FATAL, "out of memory for %s", path);
    fprintf(file, "linnet deaths 1 sweep %s run %" PRId64 "\n", deaths->digest, deaths->run);
    for (int64_t i = 0; i < deaths->n; i++) {
        const struct ln_death *death = &deaths->items[i];
        fprintf(file, "cell %" PRId64 " deaths %d signal %d host %s job %s at %s", death->cell,
                death->count, death->signal, death->host, death->job, death->when);
        if (death->vanished > 0)
            fprintf(file, " vanished %d", death->vanished);
        fputc('\n', file);
    }
    bool is_bad = ferror(file) != 0;
    int rc = fclose(file) != 0 || is_bad
                 ? ln_err_set(err, LN_FATAL, "out of memory for %s", path)
                 : LN_FAULT(DEATHS_WRITE, ln_sidefile_fail("write", path, err),
                            ln_newfile_write(fd, 0, (int64_t)size, text, path, err));
    free(text);
    return rc;
}

static int fill(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    const struct ln_deaths *deaths = ctx;
    int fd = LN_FAULT(DEATHS_CREATE, -1, ln_sidefile_create(temporary, O_WRONLY));
    if (fd < 0)
        return ln_sidefile_fail("create", temporary, err);
    int rc = write_text(deaths, fd, path, err);
    if (rc == LN_OK)
        rc = ln_newfile_sync(fd, temporary, err);
    close(fd);
    return rc;
}

static int replace(const char *name, const struct ln_deaths *deaths, struct ln_err *err) {
    union {
        const struct ln_deaths *read;
        void *ctx;
    } list = {deaths};
    if (deaths->n == 0)
        return LN_FAULT(DEATHS_REMOVE, ln_sidefile_fail("remove", name, err),
                        ln_sidefile_remove(name, err));
    if (ln_sidefile_check_place(name, err))
        return LN_INPUT;
    return ln_newfile_make(name, fill, list.ctx, err);
}

int ln_deaths_write(const char *path, const struct ln_deaths *deaths, struct ln_err *err) {
    char *name = ln_sidefile_name(path, ".deaths");
    int rc = name ? replace(name, deaths, err) : ln_err_set(err, LN_INPUT, "out of memory");
    free(name);
    return rc;
}

void ln_deaths_forget(const char *path) {
    static const char *const suffixes[] = {".deaths", ".running"};
    struct ln_err err;
    for (int i = 0; i < 2; i++) {
        char *name = ln_sidefile_name(path, suffixes[i]);
        if (name)
            (void)ln_sidefile_remove(name, &err); /* what stays is of another sweep, or told of */
        free(name);
    }
}
