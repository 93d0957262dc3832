#undef _FILE_OFFSET_BITS /* open and pwrite are defined below by the names that libraries use */
#include "linnet/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef LN_FAULTS

#define NAME_OF(site, name) name,
static const char *const names[] = {LN_FAULT_SITES(NAME_OF)};

static const struct {
    const char *name;
    int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT},
              {"EROFS", EROFS},   {"ESTALE", ESTALE}, {"ENOLCK", ENOLCK},
              {"EINTR", EINTR},   {"EACCES", EACCES}, {"EMFILE", EMFILE},
              {"ENOENT", ENOENT}, {"ENOMEM", ENOMEM}, {"ENAMETOOLONG", ENAMETOOLONG}};

enum { NOTHING = 0, KILL = -1, KILL_AFTER = -2, SHORT = -3, STOP = -4, MOST = 8 };

struct fault {
    int site; /* -1: a mistake */
    long at;  /* arrival */
    int what; /* an errno, or one of the above */
    char word[32];
};

static struct fault faults[MOST];
static int n_faults = -1;
static long arrivals[LN_FAULT_N_SITES];
static bool is_short, dies_after;
static int number, inside = -1;

static int find_site(const char *name) {
    for (int i = 0; i < LN_FAULT_N_SITES; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int find_what(const char *what) {
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, what) == 0)
            return errors[i].number;
    return strcmp(what, "kill") == 0         ? KILL
           : strcmp(what, "kill-after") == 0 ? KILL_AFTER
           : strcmp(what, "short") == 0      ? SHORT
           : strcmp(what, "stop") == 0       ? STOP
                                             : NOTHING;
}

/* What a launcher says before MPI is up; a program without one is rank 0. */
static int own_rank(void) {
    static const char *const variables[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"};
    for (int i = 0; i < 3; i++)
        if (getenv(variables[i]))
            return atoi(getenv(variables[i]));
    return 0;
}

/* A word that cannot be understood ends the program: a test must not believe it has tested. */
static void take_word(const char *word) {
    char site[32], what[32] = "";
    long at = 0;
    int rank = -1;
    struct fault *fault = &faults[n_faults];
    snprintf(fault->word, sizeof fault->word, "%s", word);
    fault->site = -1;
    if (strchr(word, ':')) {
        int n = sscanf(word, "%31[^:]:%ld:%31[^:]:%d", site, &at, what, &rank);
        *fault = (struct fault){
            .site = n >= 3 ? find_site(site) : -1, .at = at, .what = find_what(what)};
        if (fault->site < 0 || fault->what == NOTHING || at < 1)
            abort();
    }
    if (rank < 0 || rank == own_rank())
        n_faults++;
}

static void begin(void) {
    const char *wish = getenv("LINNET_FAULT");
    char *copy = strdup(wish ? wish : ""), *rest = copy;
    n_faults = 0;
    for (char *word = strsep(&rest, ","); word && n_faults < MOST; word = strsep(&rest, ","))
        if (word[0])
            take_word(word);
    free(copy);
}

bool ln_fault_is_on(const char *mistake) {
    if (n_faults < 0)
        begin();
    for (int i = 0; i < n_faults; i++)
        if (faults[i].site < 0 && strcmp(faults[i].word, mistake) == 0)
            return true;
    return false;
}

bool ln_fault_fails(enum ln_fault_site site) {
    if (n_faults < 0)
        begin();
    long at = ++arrivals[site];
    is_short = false; /* of a call before that has no size */
    for (int i = 0; i < n_faults; i++) {
        const struct fault *fault = &faults[i];
        if (fault->site != (int)site)
            continue;
        if (fault->what == SHORT && at == fault->at)
            is_short = true;
        dies_after = dies_after || (fault->what == KILL_AFTER && at == fault->at);
        if (fault->what == KILL && at == fault->at)
            raise(SIGKILL);
        if (fault->what == STOP && at == fault->at)
            raise(SIGUSR1);
        number = fault->what > 0 ? fault->what : ENOSPC;
        errno = number;
        if ((fault->what > 0 && at == fault->at) || (fault->what == SHORT && at == fault->at + 1))
            return true;
    }
    return false;
}

int ln_fault_number(void) {
    return number;
}

void ln_fault_after(void) {
    if (dies_after)
        raise(SIGKILL);
}

size_t ln_fault_size(size_t size) {
    size_t half = is_short && size > 1 ? size / 2 : size;
    is_short = false;
    return half;
}

void ln_fault_lose_page(void *at) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *start = (char *)at - (uintptr_t)at % page;
    int empty = memfd_create("lost", MFD_CLOEXEC);
    if (empty < 0 ||
        mmap(start, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, empty, 0) == MAP_FAILED)
        abort();
}

void ln_fault_inside(enum ln_fault_site site) {
    inside = (int)site;
}

void ln_fault_outside(void) {
    inside = -1;
}

/* Stands in for the C library's, also for HDF5 and MPI. */
ssize_t pwrite(int fd, const void *bytes, size_t size, off64_t offset);
ssize_t pwrite(int fd, const void *bytes, size_t size, off64_t offset) {
    if (inside >= 0 && ln_fault_fails((enum ln_fault_site)inside))
        return -1;
    ssize_t put =
        syscall(SYS_pwrite64, fd, bytes, inside >= 0 ? ln_fault_size(size) : size, offset);
    if (inside >= 0)
        ln_fault_after();
    return put;
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, int) : 0;
    va_end(args);
    size_t length = strlen(path);
    bool is_results = length > 3 && strcmp(path + length - 3, ".h5") == 0;
    if (inside == LN_FAULT_SHARED_OPEN && is_results && ln_fault_fails(LN_FAULT_SHARED_OPEN))
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("LINNET_FAULT_COUNT");
    FILE *file = path ? fopen(path, "a") : NULL;
    for (int i = 0; file && i < LN_FAULT_N_SITES; i++)
        if (arrivals[i] > 0)
            fprintf(file, "%s %ld\n", names[i], arrivals[i]);
    if (file)
        fclose(file);
}

#endif
