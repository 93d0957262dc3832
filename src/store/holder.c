#include "holder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/ask_program.h"

static const double slurm_seconds = 10.0;

/* A word: what is no letter, digit, dot, dash or underscore becomes one; nothing becomes "-". */
static void put_word(char *to, size_t size, const char *text) {
    int length = (int)strcspn(text, "\n");
    snprintf(to, size, "%.*s", length ? length : 1, length ? text : "-");
    for (char *at = to; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(".-_", *at))
            *at = '_';
}

static bool read_file(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* State and start of a process, from /proc: the name in it may hold anything but is the last thing
 * in parentheses. */
static bool read_process(int64_t pid, char *state, int64_t *started) {
    char path[64], text[1024];
    long long ticks = 0;
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    if (!read_file(path, text, sizeof text))
        return false;
    const char *end = strrchr(text, ')');
    *state = '?';
    if (!end || sscanf(end + 1,
                       " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                       "%*s %lld",
                       state, &ticks) != 2)
        return false;
    *started = ticks;
    return true;
}

/* "17.alpha": the number means something on its cluster only. */
static void put_job(struct ln_holder *holder, const char *job) {
    const char *cluster = getenv("SLURM_CLUSTER_NAME");
    char text[256] = "";
    if (job)
        snprintf(text, sizeof text, "%s%s%s", job, cluster ? "." : "", cluster ? cluster : "");
    put_word(holder->job, sizeof holder->job, text);
}

void ln_holder_self(struct ln_holder *holder) {
    char text[128] = "", state;
    struct stat space;
    const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
    memset(holder, 0, sizeof *holder);
    gethostname(text, sizeof text - 1);
    put_word(holder->host, sizeof holder->host, text);
    read_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
    put_word(holder->boot_id, sizeof holder->boot_id, text);
    put_job(holder, job);
    holder->job_restart = job && restart ? atoll(restart) : 0;
    holder->pid = getpid();
    holder->pid_space = stat("/proc/self/ns/pid", &space) == 0 ? (int64_t)space.st_ino : 0;
    if (!read_process(holder->pid, &state, &holder->pid_started))
        holder->pid_started = 0;
}

static enum ln_life life_on_this_host(const struct ln_holder *holder,
                                      const struct ln_holder *self) {
    char state;
    int64_t started;
    if (strcmp(holder->boot_id, "-") == 0 || strcmp(self->boot_id, "-") == 0)
        return LN_LIFE_UNKNOWN;
    if (strcmp(holder->boot_id, self->boot_id) != 0) /* many hosts have that name */
        return strcmp(self->host, "localhost") == 0 ? LN_LIFE_UNKNOWN : LN_LIFE_DEAD;
    if (holder->pid_space != self->pid_space || holder->pid_space == 0 || holder->pid <= 0)
        return LN_LIFE_UNKNOWN;
    if (kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH)
        return LN_LIFE_DEAD;
    if (!read_process(holder->pid, &state, &started) || holder->pid_started == 0)
        return LN_LIFE_UNKNOWN;
    return state == 'Z' || state == 'X' || started != holder->pid_started ? LN_LIFE_DEAD
                                                                          : LN_LIFE_ALIVE;
}

/* A job that Slurm no longer knows, or an earlier start of our own, has ended: Slurm ends all
 * processes of a job before it forgets it or starts it again. */
static enum ln_life life_in_slurm(const struct ln_holder *holder, const struct ln_holder *self) {
    char answer[512], number[sizeof holder->job];
    size_t digits = strspn(holder->job, "0123456789");
    const char *own = getenv("SLURM_CLUSTER_NAME"), *cluster = holder->job + digits;
    if (digits == 0 || (*cluster != '\0' && *cluster != '.'))
        return LN_LIFE_UNKNOWN;
    snprintf(number, sizeof number, "%.*s", (int)digits, holder->job);
    if (strcmp(holder->job, self->job) == 0)
        return holder->job_restart < self->job_restart ? LN_LIFE_DEAD : LN_LIFE_UNKNOWN;
    /* Only the cluster that the holder ran on can tell; without names there is one. */
    if (*cluster && (!own || strncmp(cluster + 1, own, strlen(cluster + 1)) != 0))
        return LN_LIFE_UNKNOWN;
    const char *const words[] = {"squeue", "-h", "-o", "%T", "-j", number, NULL};
    int code = ln_ask_program(words, slurm_seconds, answer, sizeof answer);
    const char *state = answer + strspn(answer, " \n");
    /* Waiting to start again, or about to be over: its processes may still end. */
    if (code == 0 && (strncmp(state, "PENDING", 7) == 0 || strncmp(state, "COMPLETING", 10) == 0))
        return LN_LIFE_UNKNOWN;
    if (code == 0)
        return *state ? LN_LIFE_ALIVE : LN_LIFE_DEAD;
    return code > 0 && strstr(answer, "Invalid job id") ? LN_LIFE_DEAD : LN_LIFE_UNKNOWN;
}

bool ln_holder_is_here(const struct ln_holder *holder) {
    struct ln_holder self;
    ln_holder_self(&self);
    return strcmp(holder->host, self.host) == 0;
}

enum ln_life ln_holder_life_here(const struct ln_holder *holder) {
    struct ln_holder self;
    ln_holder_self(&self);
    return strcmp(holder->host, self.host) == 0 ? life_on_this_host(holder, &self)
                                                : LN_LIFE_UNKNOWN;
}

enum ln_life ln_holder_life(const struct ln_holder *holder) {
    struct ln_holder self;
    enum ln_life life = ln_holder_life_here(holder);
    ln_holder_self(&self);
    return life == LN_LIFE_UNKNOWN ? life_in_slurm(holder, &self) : life;
}
