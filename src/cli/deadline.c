#include "deadline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "linnet/ask_program.h"

/* Longer than anybody's queue, and short enough for every sum of seconds. */
static const double most_seconds = 366.0 * 86400;

static bool is_digits(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return size > 0 && size <= 12;
}

/* "12" before `end`; moves *text there. */
static bool take_number(const char **text, const char *end, double *number) {
    if (!is_digits(*text, (size_t)(end - *text)))
        return false;
    *number = strtod(*text, NULL);
    *text = end;
    return true;
}

/* Up to three numbers between colons; returns how many, 0: it is something else. */
static int take_fields(const char *text, double fields[3]) {
    for (int n = 0; n < 3; n++) {
        const char *end = text + strcspn(text, ":");
        if (!take_number(&text, end, &fields[n]) || (n > 0 && fields[n] > 59))
            return 0;
        if (*text == '\0')
            return n + 1;
        text++;
    }
    return 0;
}

static bool read_with_unit(const char *text, double *seconds) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    char *unit;
    if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] == '\0')
        return false;
    double number = strtod(text, &unit);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (unit == text + strspn(text, "0123456789.") && strcmp(unit, units[i].name) == 0) {
            *seconds = number * units[i].seconds;
            return true;
        }
    return false;
}

/* M, M:S, H:M:S; after "D-": H, H:M, H:M:S. */
static bool read_as_slurm(const char *text, double *seconds) {
    double days = 0, f[3];
    const char *dash = strchr(text, '-');
    if (dash && (!take_number(&text, dash, &days) || text++ != dash))
        return false;
    int n = take_fields(text, f);
    if (n == 0 || (dash && f[0] > 23))
        return false;
    double first = dash || n == 3 ? 3600 : 60;
    *seconds = 86400 * days + first * f[0] + (n > 1 ? first / 60 * f[1] : 0) + (n > 2 ? f[2] : 0);
    return true;
}

bool deadline_read_duration(const char *text, double *seconds) {
    bool good = read_with_unit(text, seconds) || read_as_slurm(text, seconds);
    return good && *seconds >= 1 && *seconds <= most_seconds;
}

bool deadline_read_time(const char *text, double *end) {
    struct tm local = {.tm_isdst = -1};
    size_t size = strcspn(text, " \t\r\n");
    if (text[size + strspn(text + size, " \t\r\n")] != '\0')
        return false;
    if (is_digits(text, size)) {
        *end = strtod(text, NULL);
        return true;
    }
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &local);
    if (rest != text + size)
        return false;
    time_t seconds = mktime(&local);
    *end = (double)seconds;
    return seconds != (time_t)-1;
}

double deadline_of_job(void) {
    const char *end_time = getenv("SLURM_JOB_END_TIME"), *id = getenv("SLURM_JOB_ID");
    char answer[256] = "";
    double end, now = (double)time(NULL);
    bool is_known =
        end_time && is_digits(end_time, strlen(end_time)) && deadline_read_time(end_time, &end);
    if (!is_known && id && is_digits(id, strlen(id))) {
        const char *const words[] = {"squeue", "-h", "-j", id, "-o", "%e", NULL};
        setenv("SLURM_TIME_FORMAT", "standard",
               1); /* as it is read here, whatever the user likes */
        is_known = ln_ask_program(words, 10, answer, sizeof answer) == 0 &&
                   deadline_read_time(answer, &end);
    }
    /* A time that is long past or far away is that of something else. */
    return is_known && end > now - 3600 && end < now + most_seconds ? end : 0;
}
