/* OUT.h5.deaths:
 *
 *   linnet deaths 1 sweep 0123456789abcdef run 17
 *   cell 12 deaths 3 signal 11 host n1 job - at 2026-11-21T11:10:27Z
 *
 * by rising cell. A file with anything else in it is not believed at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/deaths.h"
#include "newfile.h"

/* Deaths are few: a file that says more is nonsense. */
enum { MOST_BYTES = 16 << 20, MOST_SIGNAL = 64 };

static bool name_of(const char *path, const char *suffix, char *name, size_t size) {
    return snprintf(name, size, "%s%s", path, suffix) < (int)size;
}

/* The whole file, malloc'ed, zero-terminated; NULL with errno, ENOENT where there is none. */
static char *read_text(const char *name) {
    struct stat info;
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    char *text = NULL;
    errno = EINVAL;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= MOST_BYTES) {
        text = malloc((size_t)info.st_size + 1);
        ssize_t got = text ? pread(fd, text, (size_t)info.st_size, 0) : -1;
        if (text)
            text[got > 0 ? got : 0] = '\0';
        if (got != info.st_size || strlen(text) != (size_t)got) {
            free(text);
            text = NULL;
        }
    }
    int error = errno;
    close(fd);
    errno = error;
    return text;
}

/* A line of its own, without its end; NULL: there is none, or it has no end. */
static char *next_line(char **at) {
    char *line = *at, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
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
    return end > 0 && line[end] == '\0' && death->cell > after && death->cell < n_cells &&
           death->count >= 1 && death->signal >= 0 && death->signal <= MOST_SIGNAL;
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

int ln_deaths_read(const char *path, int64_t n_cells, struct ln_deaths *deaths,
                   struct ln_err *err) {
    char name[4096];
    bool is_ours = true;
    ln_deaths_clear(deaths);
    if (!name_of(path, ".deaths", name, sizeof name))
        return LN_OK;
    char *text = read_text(name);
    if (!text && errno == ENOENT)
        return LN_OK;
    bool is_good = text && parse(text, n_cells, deaths, &is_ours);
    free(text);
    if (is_good && is_ours)
        return LN_OK;
    ln_deaths_clear(deaths);
    deaths->run = 0;
    return ln_err_set(err, LN_INPUT, is_good ? "%s is of another sweep" : "%s is damaged", name);
}

static int fill(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    const struct ln_deaths *deaths = ctx;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        return ln_err_set(err, LN_INPUT, "cannot create %s: %s", temporary, strerror(errno));
    fprintf(file, "linnet deaths 1 sweep %s run %" PRId64 "\n", deaths->digest, deaths->run);
    for (int64_t i = 0; i < deaths->n; i++) {
        const struct ln_death *death = &deaths->items[i];
        fprintf(file, "cell %" PRId64 " deaths %d signal %d host %s job %s at %s\n", death->cell,
                death->count, death->signal, death->host, death->job, death->when);
    }
    int rc = fflush(file) == 0
                 ? ln_newfile_sync(fd, temporary, err)
                 : ln_err_set(err, LN_FATAL, "cannot write %s: %s", path, strerror(errno));
    fclose(file);
    return rc;
}

/* A file with one name, or none: what somebody planted there is not replaced. */
static bool is_ours_to_replace(const char *name) {
    struct stat info;
    return lstat(name, &info) != 0 || (S_ISREG(info.st_mode) && info.st_nlink == 1);
}

int ln_deaths_write(const char *path, const struct ln_deaths *deaths, struct ln_err *err) {
    char name[4096];
    union {
        const struct ln_deaths *read;
        void *ctx;
    } list = {deaths};
    bool is_ours = name_of(path, ".deaths", name, sizeof name) && is_ours_to_replace(name);
    if (deaths->n == 0) {
        if (is_ours)
            unlink(name);
        return LN_OK;
    }
    if (!is_ours)
        return ln_err_set(err, LN_INPUT, "%s.deaths cannot be replaced", path);
    return ln_newfile_make(name, fill, list.ctx, err);
}

void ln_deaths_forget(const char *path) {
    static const char *const suffixes[] = {".deaths", ".running"};
    char name[4096];
    for (int i = 0; i < 2; i++)
        if (name_of(path, suffixes[i], name, sizeof name) && is_ours_to_replace(name))
            unlink(name);
}
