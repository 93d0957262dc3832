/* The side log OUT.h5.log: one JSON line when a run starts and one when it ends, and before the end
 * one for each shape: points, predicted and actual core seconds, the actual ones of the longest
 * point, sums of l and l^2 with l = ln(actual / predicted) of a point; then one of lanes: steps
 * times lanes moved, and how many of these moved a point. Clocks and hosts go here, because the
 * results file is a pure function of the sweep. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* Appends one line; a log that cannot be written is no reason to stop a run. */
static void append(const char *output, const char *line) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s.log", output) >= (int)sizeof path)
        return;
    /* O_NONBLOCK: a pipe of that name would wait for its reader. */
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = open(path, flags, 0666);
    struct stat info;
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink <= 1)
        dprintf(fd, "%s\n", line);
    close(fd);
}

static void text_of_time(time_t when, char text[32]) {
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void time_text(char text[32]) {
    text_of_time(time(NULL), text);
}

void cli_log_start(const char *output, int n_ranks, int64_t n_points, bool is_resumed) {
    char line[512], when[32], host[128] = "";
    time_text(when);
    gethostname(host, sizeof host - 1);
    snprintf(
        line, sizeof line,
        "{\"event\": \"start\", \"time\": \"%s\", \"host\": \"%s\", \"pid\": %ld, \"ranks\": %d, "
        "\"linnet\": \"%s\", \"points\": %lld, \"resumed\": %s}",
        when, host, (long)getpid(), n_ranks, LN_VERSION, (long long)n_points,
        is_resumed ? "true" : "false");
    append(output, line);
}

void cli_log_deadline(const char *output, double end, double margin) {
    char line[256], when[32];
    text_of_time((time_t)end, when);
    snprintf(line, sizeof line, "{\"event\": \"limit\", \"time\": \"%s\", \"margin\": %.3f}", when,
             margin);
    append(output, line);
}

void cli_log_end(const char *output, double seconds, int status) {
    char line[256], when[32];
    time_text(when);
    snprintf(line, sizeof line,
             "{\"event\": \"end\", \"time\": \"%s\", \"seconds\": %.3f, \"exit\": %d}", when,
             seconds, status);
    append(output, line);
}

void cli_log_costs(const char *output, const struct cli_costs *costs,
                   const struct ln_train_use *use) {
    char line[512];
    for (int i = 0; i < costs->n; i++) {
        const struct ln_tally *tally = &costs->items[i].tally;
        snprintf(line, sizeof line,
                 "{\"event\": \"shape\", \"shape\": \"%s\", \"points\": %lld, \"predicted\": "
                 "%.9g, \"actual\": %.9g, \"longest\": %.9g, \"logs\": %.9g, \"squares\": %.9g}",
                 costs->items[i].shape, (long long)tally->count, tally->predicted, tally->actual,
                 tally->longest, tally->logs, tally->squares);
        append(output, line);
    }
    snprintf(line, sizeof line,
             "{\"event\": \"lanes\", \"lane_steps\": %.9g, \"busy_steps\": %.9g}", use->lane_steps,
             use->busy_steps);
    append(output, line);
}

/* NULL: there is none that can be read. O_NONBLOCK: a pipe of that name would wait for its writer.
 */
static FILE *open_log(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    FILE *file = NULL;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        file = fdopen(fd, "r");
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

void cli_log_last(const char *output, struct cli_last *last) {
    char path[4096], line[1024], end[32];
    double seconds;
    *last = (struct cli_last){0};
    if (snprintf(path, sizeof path, "%s.log", output) >= (int)sizeof path)
        return;
    FILE *file = open_log(path);
    while (file && fgets(line, sizeof line, file)) {
        struct cli_last next = {.has_start = true};
        if (sscanf(line,
                   "{\"event\": \"start\", \"time\": \"%31[0-9TZ:-]\", \"host\": "
                   "\"%127[^\"]\"",
                   next.start, next.host) == 2)
            *last = next;
        else if (sscanf(line,
                        "{\"event\": \"end\", \"time\": \"%31[0-9TZ:-]\", \"seconds\": %lf, "
                        "\"exit\": %d",
                        end, &seconds, &last->exit) == 3) {
            last->has_end = true;
            memcpy(last->end, end, sizeof end);
        }
    }
    if (file)
        fclose(file);
}

static bool is_amount(double x) {
    return isfinite(x) && x >= 0;
}

void cli_log_read(const char *output, struct cli_costs *costs) {
    static const char format[] =
        "{\"event\": \"shape\", \"shape\": \"%63[^\"]\", \"points\": %lld, \"predicted\": %lf, "
        "\"actual\": %lf, \"longest\": %lf, \"logs\": %lf, \"squares\": %lf}";
    char path[4096], line[1024], shape[64];
    if (snprintf(path, sizeof path, "%s.log", output) >= (int)sizeof path)
        return;
    FILE *file = open_log(path);
    while (file && fgets(line, sizeof line, file)) {
        struct ln_tally t = {0};
        long long count;
        if (sscanf(line, format, shape, &count, &t.predicted, &t.actual, &t.longest, &t.logs,
                   &t.squares) != 7)
            continue;
        if (count <= 0 || !is_amount(t.predicted) || !is_amount(t.actual) || !is_amount(t.longest))
            continue;
        t.count = count;
        cli_costs_add(costs, shape, &t);
    }
    if (file)
        fclose(file);
}
