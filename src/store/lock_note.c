#include "lock_note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 512 };

void ln_lock_note_make(struct ln_lock_note *note, bool by_existence) {
    time_t now = time(NULL);
    struct tm utc;
    memset(note, 0, sizeof *note);
    ln_holder_self(&note->holder);
    gmtime_r(&now, &utc);
    strftime(note->since, sizeof note->since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    note->by_existence = by_existence;
    if (getrandom(&note->token, sizeof note->token, 0) != (ssize_t)sizeof note->token)
        note->token = (uint64_t)now << 32 ^ (uint64_t)getpid();
}

bool ln_lock_note_write(int fd, const struct ln_lock_note *note) {
    const struct ln_holder *holder = &note->holder;
    char text[MOST_BYTES];
    int size = snprintf(text, sizeof text,
                        "linnet lock 1 host %s boot %s process %" PRId64 " space %" PRId64
                        " started %" PRId64 " job %s restart %" PRId64
                        " since %s by %s token %016" PRIx64 "\n",
                        holder->host, holder->boot_id, holder->pid, holder->pid_space,
                        holder->pid_started, holder->job, holder->job_restart, note->since,
                        note->by_existence ? "existence" : "kernel", note->token);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)size, 0) == size;
}

bool ln_lock_note_read(int fd, struct ln_lock_note *note) {
    struct ln_holder *holder = &note->holder;
    char text[MOST_BYTES], kind[16] = "";
    int end = -1;
    memset(note, 0, sizeof *note);
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    int n = sscanf(
        text,
        "linnet lock 1 host %63[A-Za-z0-9._-] boot %39[A-Za-z0-9._-] process %10" SCNd64
        " space %18" SCNd64 " started %18" SCNd64 " job %23[A-Za-z0-9._-] restart %9" SCNd64
        " since %20[0-9TZ:-] by %15[a-z] token %16" SCNx64 "%n",
        holder->host, holder->boot_id, &holder->pid, &holder->pid_space, &holder->pid_started,
        holder->job, &holder->job_restart, note->since, kind, &note->token, &end);
    note->by_existence = strcmp(kind, "existence") == 0;
    return n == 10 && end > 0 && strcmp(text + end, "\n") == 0 &&
           (note->by_existence || strcmp(kind, "kernel") == 0);
}

void ln_lock_note_say(const struct ln_lock_note *note, char *text, size_t size) {
    const struct ln_holder *holder = &note->holder;
    bool has_job = strcmp(holder->job, "-") != 0;
    snprintf(text, size, "host %s, process %" PRId64 "%s%s, since %s", holder->host, holder->pid,
             has_job ? ", Slurm job " : "", has_job ? holder->job : "", note->since);
}
