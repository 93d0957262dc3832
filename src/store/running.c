#include "linnet/running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "holder.h"
#include "identity.h"
#include "linnet/agree.h"
#include "linnet/fault.h"
#include "memory.h"
#include "newfile.h"
#include "pages.h"
#include "sidefile.h"

/* What the operating system says of a process that does something impossible. */
static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
enum { N_CRASHES = sizeof crashes / sizeof crashes[0] };

/* What is sent from outside to end a process, besides those that ask a run to stop. */
static const int orders[] = {SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR2, SIGXCPU, SIGVTALRM};
enum { N_ORDERS = sizeof orders / sizeof orders[0] };

struct ln_running {
    MPI_Comm comm;
    int rank;
    char *path; /* of the file itself */
};

/* The page of this process, for the signal handlers; a process has one at a time. What is mapped is
 * written through memory, else through the file. */
static struct {
    struct ln_page *page; /* mapped, or a copy in memory */
    int fd;               /* -1: the page is mapped, or there is none */
    off_t at;
} own = {.fd = -1};

static struct sigaction crashes_before[N_CRASHES], orders_before[N_ORDERS];

/* Brings a change of the page to the file. Async-signal-safe. */
static void publish(const volatile void *from, size_t size) {
    if (own.fd < 0)
        return;
    int error = errno;
    off_t offset = (const volatile char *)from - (const volatile char *)own.page;
    ssize_t put = pwrite(own.fd, (const char *)own.page + offset, size, own.at + offset);
    (void)put; /* a death that is not counted */
    errno = error;
}

static void set_word(int32_t *word, int32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
    publish(word, sizeof *word);
}

static void end_as(enum ln_ending ending) {
    if (own.page && own.page->ending == LN_ENDING_NONE)
        set_word(&own.page->ending, ending);
}

void ln_running_asked(void) {
    end_as(LN_ENDING_ASKED);
}

void ln_running_gives_up(void) {
    end_as(LN_ENDING_GAVE_UP);
}

/* Back to whoever was to hear of the signal before: he ends the process. What the processor
 * reported will happen again; what was sent is sent again. */
static void hand_on(int number, const siginfo_t *info, const struct sigaction *before) {
    sigaction(number, before, NULL);
    if (info->si_code <= 0)
        raise(number);
}

static void on_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    if (own.page && own.page->signal == 0)
        set_word(&own.page->signal, number);
    for (int i = 0; i < N_CRASHES; i++)
        if (crashes[i] == number)
            hand_on(number, info, &crashes_before[i]);
}

static void on_order(int number, siginfo_t *info, void *context) {
    (void)context;
    ln_running_asked();
    for (int i = 0; i < N_ORDERS; i++)
        if (orders[i] == number)
            hand_on(number, info, &orders_before[i]);
}

/* A stack of its own: the other one may be what has run out. */
static void catch_signals(void) {
    static char stack[64 << 10];
    const stack_t place = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction order = {.sa_sigaction = on_order, .sa_flags = SA_SIGINFO};
    sigaltstack(&place, NULL);
    for (int i = 0; i < N_CRASHES; i++)
        sigaction(crashes[i], &crash, &crashes_before[i]);
    for (int i = 0; i < N_ORDERS; i++) {
        sigaction(orders[i], NULL, &orders_before[i]);
        bool is_deadly =
            !(orders_before[i].sa_flags & SA_SIGINFO) && orders_before[i].sa_handler == SIG_DFL;
        if (is_deadly)
            sigaction(orders[i], &order, NULL);
    }
}

static void release_signals(void) {
    const stack_t none = {.ss_flags = SS_DISABLE};
    struct sigaction now;
    for (int i = 0; i < N_CRASHES; i++)
        if (sigaction(crashes[i], NULL, &now) == 0 && now.sa_sigaction == on_crash)
            sigaction(crashes[i], &crashes_before[i], NULL);
    for (int i = 0; i < N_ORDERS; i++)
        if (sigaction(orders[i], NULL, &now) == 0 && now.sa_sigaction == on_order)
            sigaction(orders[i], &orders_before[i], NULL);
    sigaltstack(&none, NULL);
}

/* exit() by a library (MPI that has lost its launcher): no death over a point. */
static void on_exit_of_process(void) {
    ln_running_gives_up();
}

/* A file of empty pages; ctx: how many. Nothing of it has to outlive a power cut. */
static int fill(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    const int *n = ctx;
    int fd = LN_FAULT(RUNNING_CREATE, -1, ln_sidefile_create(temporary, O_WRONLY));
    if (fd < 0)
        return ln_sidefile_fail("create", temporary, err);
    int rc = ln_newfile_reserve(fd, path, (int64_t)*n * LN_PAGE_BYTES, err);
    close(fd);
    return rc;
}

static int make_file(const struct ln_running *running, struct ln_err *err) {
    int n;
    MPI_Comm_size(running->comm, &n);
    if (n > LN_PAGES_MOST)
        return ln_err_set(err, LN_INPUT, "%d ranks are too many for %s", n, running->path);
    if (ln_sidefile_check_place(running->path, err))
        return LN_INPUT;
    return ln_newfile_make(running->path, fill, &n, err) == LN_OK ? LN_OK : LN_INPUT;
}

static void write_head(struct ln_page *page, const struct ln_running *running, int64_t run,
                       const struct ln_sweep *sweep) {
    struct ln_page_head *head = &page->head;
    struct ln_holder self;
    ln_holder_self(&self);
    head->rank = running->rank;
    MPI_Comm_size(running->comm, &head->n_ranks);
    head->run = run;
    head->pid = self.pid;
    ln_identity_sweep_digest(sweep, head->digest);
    memcpy(head->host, self.host, sizeof head->host);
    memcpy(head->boot_id, self.boot_id, sizeof head->boot_id);
    memcpy(head->job, self.job, sizeof head->job);
    head->checksum = ln_page_checksum(head);
    publish(page, sizeof *page);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy(head->magic, LN_PAGE_MAGIC, sizeof head->magic);
    publish(head->magic, sizeof head->magic);
}

/* Each rank sees its page alone. */
static int take_page(const struct ln_running *running, int64_t run, const struct ln_sweep *sweep,
                     struct ln_err *err) {
    static struct ln_page copy;
    struct ln_sidefile file = {.fd = -1};
    int rc = LN_FAULT(RUNNING_OPEN, ln_sidefile_fail("open", running->path, err),
                      ln_sidefile_open(running->path, O_RDWR, &file, err));
    if (rc == LN_OK && file.fd < 0) /* where file systems are not what they should be */
        rc = ln_err_set(err, LN_INPUT, "rank %d does not see %s", running->rank, running->path);
    if (rc != LN_OK)
        return rc;
    own.at = (off_t)running->rank * LN_PAGE_BYTES;
    int fd = file.fd;
    void *at =
        ln_store_memory_is_safe(fd)
            ? LN_FAULT(RUNNING_MAP, MAP_FAILED,
                       mmap(NULL, LN_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, own.at))
            : MAP_FAILED;
    memset(&copy, 0, sizeof copy);
    own.fd = at == MAP_FAILED ? fd : -1;
    own.page = at == MAP_FAILED ? &copy : at;
    if (at != MAP_FAILED)
        close(fd);
    write_head(own.page, running, run, sweep);
    return LN_OK;
}

static void leave_page(void) {
    struct ln_page *page = own.page;
    int fd = own.fd;
    own.page = NULL; /* first of all: a handler may come at any moment */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    own.fd = -1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (page && fd < 0)
        munmap(page, LN_PAGE_BYTES);
    if (fd >= 0)
        close(fd);
}

/* A number no other run has. */
static int64_t draw_run(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t drawn = (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 44;
    return (int64_t)(drawn & INT64_MAX) | 1;
}

static int open_pages(struct ln_running *running, const struct ln_sweep *sweep,
                      struct ln_err *err) {
    static bool is_first = true;
    int64_t run = draw_run();
    int rc = running->rank == 0 ? make_file(running, err) : LN_OK;
    rc = ln_agree(running->comm, rc, err);
    if (rc != LN_OK)
        return rc;
    MPI_Bcast(&run, 1, MPI_INT64_T, 0, running->comm);
    rc = ln_agree(running->comm, take_page(running, run, sweep, err), err);
    if (rc == LN_OK && is_first)
        atexit(on_exit_of_process);
    is_first = false;
    return rc;
}

int ln_running_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                    struct ln_running **out, struct ln_err *err) {
    struct ln_running *running = calloc(1, sizeof *running);
    int rc = LN_OK;
    *out = NULL;
    if (!running || asprintf(&running->path, "%s.running", path) < 0)
        rc = ln_err_set(err, LN_INPUT, "out of memory");
    rc = ln_agree(comm, rc, err);
    if (rc == LN_OK) {
        running->comm = comm;
        MPI_Comm_rank(comm, &running->rank);
        rc = open_pages(running, sweep, err);
        if (rc == LN_OK)
            catch_signals();
        else
            leave_page();
    }
    if (rc != LN_OK) {
        if (running)
            free(running->path);
        free(running);
        return rc;
    }
    *out = running;
    return LN_OK;
}

/* That it stays is no harm: none of its pages names a point any more. */
static void remove_file(const struct ln_running *running) {
    struct ln_err err;
    (void)LN_FAULT(RUNNING_REMOVE, LN_INPUT, ln_sidefile_remove(running->path, &err));
}

void ln_running_close(struct ln_running *running) {
    if (!running)
        return;
    MPI_Barrier(running->comm);
    release_signals();
    leave_page();
    if (running->rank == 0)
        remove_file(running);
    free(running->path);
    free(running);
}

/* The first slot that holds one value gets the other. */
static void put(int64_t before, int64_t after) {
    for (int i = 0; i < LN_PAGE_SLOTS; i++) {
        int64_t *slot = &own.page->slots[i];
        if (*slot == before) {
            __atomic_store_n(slot, after, __ATOMIC_RELAXED);
            publish(slot, sizeof *slot);
            return;
        }
    }
}

void ln_running_enter(struct ln_running *running, int64_t cell) {
    if (running)
        put(0, cell + 1);
}

void ln_running_leave(struct ln_running *running, int64_t cell) {
    if (running)
        put(cell + 1, 0);
}

void ln_running_clear(struct ln_running *running) {
    if (!running)
        return;
    memset(own.page->slots, 0, sizeof own.page->slots);
    publish(own.page->slots, sizeof own.page->slots);
}

void ln_running_tell(struct ln_running *running, int64_t n_done, int64_t n_points,
                     double seconds_left) {
    if (!running || running->rank != 0)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    own.page->pace = (struct ln_page_pace){(double)now.tv_sec, seconds_left, n_done, n_points};
    publish((const char *)own.page + offsetof(struct ln_page, pace), sizeof own.page->pace);
}
