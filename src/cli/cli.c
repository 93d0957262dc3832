#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/utf8.h"

int cli_fail(const struct ln_err *err) {
    char text[4 * sizeof err->text];
    fprintf(stderr, "linnet: %s\n", ln_utf8_show(err->text, true, text, sizeof text));
    return (int)err->status;
}

enum { SHOWN = 2048, RING = 8 };

const char *cli_shown(const char *text) {
    static char ring[RING][SHOWN];
    static int next;
    if (ln_utf8_is_plain(text))
        return text;
    next = (next + 1) % RING;
    return ln_utf8_show(text, false, ring[next], SHOWN);
}

const char *cli_json(const char *text) {
    static char ring[RING][SHOWN];
    static int next;
    char *out = ring[next], *to = out;
    next = (next + 1) % RING;
    /* A backslash of an escape is doubled: the string reads as what is shown. */
    for (const char *from = cli_shown(text); *from && to < out + SHOWN - 3; from++) {
        if (*from == '"' || *from == '\\')
            *to++ = '\\';
        *to++ = *from;
    }
    *to = '\0';
    return out;
}

int cli_usage(const struct command *command, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "linnet %s: %s", command->name, cli_shown(text));
    fprintf(stderr, "\nusage: %s     (linnet %s --help says more)\n", command->synopsis,
            command->name);
    return LN_INPUT;
}

void cli_help(const struct command *command) {
    printf("usage: %s\n\n%s\n%s", command->synopsis, command->doc, command->help);
}

static int take_option(const struct command *command, const struct option_spec *specs, int n_specs,
                       int argc, char **argv, int *index, const char **value) {
    const char *word = argv[(*index)++], *equals = strchr(word, '=');
    size_t length = equals && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
    for (int i = 0; i < n_specs; i++) {
        bool is_it =
            (strlen(specs[i].name) == length && strncmp(specs[i].name, word, length) == 0) ||
            (specs[i].brief && strcmp(specs[i].brief, word) == 0);
        if (!is_it)
            continue;
        bool has_equals = word[length] == '=';
        if (!specs[i].has_value && has_equals)
            return cli_usage(command, "%s takes no value", specs[i].name), -3;
        if (specs[i].has_value && !has_equals && *index >= argc)
            return cli_usage(command, "%s needs a value", specs[i].name), -3;
        *value = !specs[i].has_value ? NULL : has_equals ? word + length + 1 : argv[(*index)++];
        return i;
    }
    cli_usage(command, "there is no option '%s'", word);
    return -3;
}

int cli_next(const struct command *command, const struct option_spec *specs, int n_specs, int argc,
             char **argv, int *index, const char **value) {
    if (*index >= argc)
        return -2;
    const char *word = argv[*index];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        cli_help(command);
        return -4;
    }
    if (word[0] == '-' && word[1] != '\0')
        return take_option(command, specs, n_specs, argc, argv, index, value);
    *value = word;
    (*index)++;
    return -1;
}

bool cli_take_path(const struct command *command, const char **path, const char *value) {
    if (*path) {
        cli_usage(command, "one file at a time, not '%s' too", value);
        return false;
    }
    *path = value;
    return true;
}

bool cli_take_set(const struct command *command, const char *sets[CLI_MOST_SETS], int *n_sets,
                  const char *value) {
    if (*n_sets == CLI_MOST_SETS) {
        cli_usage(command, "more than %d --set", CLI_MOST_SETS);
        return false;
    }
    sets[(*n_sets)++] = value;
    return true;
}

int cli_check_results_options(const struct command *command, const char *path,
                              const char *sweep_path, int n_sets) {
    if (!path)
        return cli_usage(command, "which results file?");
    if (n_sets > 0 && !sweep_path)
        return cli_usage(command, "--set belongs to --sweep; a results file has its own");
    return LN_OK;
}

/* A file, or a pipe that somebody is writing to: `linnet plan <(make-sweep)`. */
static int open_text(const char *path, int *fd, struct ln_err *err) {
    struct stat info;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &info) != 0)
        return ln_err_set(err, LN_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return ln_err_set(err, LN_INPUT, "%s: is a directory; give a sweep file", path);
    if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode))
        return ln_err_set(err, LN_INPUT, "%s: is no file; give a sweep file", path);
    return LN_OK;
}

/* Seconds to wait for somebody who writes to a pipe, and for the next byte of one who does. */
enum { WAIT_WRITER = 2, WAIT_BYTE = 60 };

/* Up to `most` bytes; false after an error, or when it has waited long enough. */
static bool read_all(int fd, char *text, size_t most, size_t *size) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    *size = 0;
    for (int idle = 0; *size < most;) {
        int ready = poll(&wait, 1, 1000);
        bool is_over = ready > 0 && !(wait.revents & POLLIN);
        ssize_t got = is_over ? 0 : read(fd, text + *size, most - *size);
        if (got > 0) {
            *size += (size_t)got;
            idle = 0;
        } else if (got == 0 && (ready > 0 || *size > 0)) {
            return true;
        } else if ((got < 0 && errno != EINTR && errno != EAGAIN) ||
                   idle++ >= (got == 0 ? WAIT_WRITER : WAIT_BYTE)) {
            errno = errno == EAGAIN || got == 0 ? ETIMEDOUT : errno;
            return false;
        }
    }
    return true;
}

int cli_read_text(const char *path, char **text, size_t *size, struct ln_err *err) {
    enum { MOST = 4 << 20 };
    int fd, status = open_text(path, &fd, err);
    *text = status == LN_OK ? malloc(MOST + 2) : NULL;
    if (status == LN_OK && (!*text || !read_all(fd, *text, MOST + 1, size))) {
        status = ln_err_set(err, LN_INPUT, "%s: cannot be read: %s", path,
                            errno == ETIMEDOUT ? "nobody writes to it" : strerror(errno));
        free(*text);
        *text = NULL;
    }
    if (fd >= 0)
        close(fd);
    if (status == LN_OK)
        (*text)[*size] = '\0';
    return status;
}

int cli_split_lines(char *text, const char **lines, int most) {
    int n = 0;
    for (char *line = text ? strtok(text, "\n") : NULL; line && n < most; line = strtok(NULL, "\n"))
        lines[n++] = line;
    return n;
}

void cli_duration(double seconds, char text[32]) {
    if (!(seconds < 1e9))
        snprintf(text, 32, "years");
    else if (seconds < 120)
        snprintf(text, 32, "%.3g s", seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%.0f min", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 32, "%.1f h", seconds / 3600);
    else
        snprintf(text, 32, "%.1f days", seconds / 86400);
}

void cli_bytes(double bytes, char text[32]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    int i = 0;
    for (; bytes >= 1000 && i < 5; i++)
        bytes /= 1000;
    snprintf(text, 32, "%.3g %s", bytes, units[i]);
}
