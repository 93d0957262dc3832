/* Faults on demand, for the tests: calls that can fail have a name, and a build with -DLN_FAULTS
 * (tests/fault builds one beside the program; the meson option `faults` makes all of them so) lets
 * them fail. Without it the macros are the calls alone and nothing of this is in the program.
 *
 *     LINNET_FAULT=site:N:what[:rank][,...]
 *
 * At the Nth arrival at the site (on that rank, or on all) the call does not happen: what is the
 * name of an errno, or `kill` (SIGKILL before the call), `kill-after`, `short` (half of the bytes
 * are written or read, and the next arrival fails with ENOSPC), `stop` (SIGUSR1 before the call,
 * which happens). Words without a colon are mistakes that the tests must find: `order` (the status
 * of a row is written first), `checksum` (every row passes for whole), `lock` (none is taken); or
 * say where the program is: `nolocks` (a file system without locks). LINNET_FAULT_COUNT=FILE
 * appends "site arrivals" at exit. */
#ifndef LINNET_FAULT_H
#define LINNET_FAULT_H

#define LN_FAULT_SITES(X)                                                                          \
    X(LOCK_OPEN, "lock.open")                                                                      \
    X(LOCK_TAKE, "lock.take")                                                                      \
    X(TEMPORARY_REMOVE, "temporary.remove")                                                        \
    X(TEMPORARY_RENAME, "temporary.rename")                                                        \
    X(DIRECTORY_OPEN, "directory.open")                                                            \
    X(DIRECTORY_SYNC, "directory.sync")                                                            \
    X(SPACE_ASK, "space.ask")                                                                      \
    X(SPACE_RESERVE, "space.reserve")                                                              \
    X(FILE_WRITE, "file.write")                                                                    \
    X(FILE_SYNC, "file.sync")                                                                      \
    X(SKELETON_CREATE, "skeleton.create")                                                          \
    X(SKELETON_WRITE, "skeleton.write")                                                            \
    X(SKELETON_CLOSE, "skeleton.close")                                                            \
    X(SKELETON_OPEN, "skeleton.open")                                                              \
    X(SHARED_OPEN, "shared.open")                                                                  \
    X(SHARED_OPEN_PLAIN, "shared.open_plain")                                                      \
    X(SHARED_MAP, "shared.map")                                                                    \
    X(SHARED_CLOSE, "shared.close")                                                                \
    X(VALUE_DATA, "value.data")                                                                    \
    X(VALUE_CHECKSUM, "value.checksum")                                                            \
    X(VALUE_STATUS, "value.status")                                                                \
    X(VALUE_SYNC, "value.sync")                                                                    \
    X(ROWS_READ, "rows.read")                                                                      \
    X(RESUME_OPEN, "resume.open")                                                                  \
    X(SOURCE_OPEN, "source.open")                                                                  \
    X(MERGE_CREATE, "merge.create")                                                                \
    X(REFERENCE_CREATE, "reference.create")                                                        \
    X(REPAIR_OPEN, "repair.open")                                                                  \
    X(REPAIR_KEEP, "repair.keep")                                                                  \
    X(LOCK_WRITE, "lock.write")                                                                    \
    X(LOCK_REMOVE, "lock.remove")                                                                  \
    X(LOCK_GUARD, "lock.guard")                                                                    \
    X(LOCK_UNGUARD, "lock.unguard")                                                                \
    X(LOCK_RELEASE, "lock.release")                                                                \
    X(PROBE_CREATE, "probe.create")                                                                \
    X(PROBE_RESERVE, "probe.reserve")                                                              \
    X(PROBE_OPEN, "probe.open")                                                                    \
    X(PROBE_WRITE, "probe.write")                                                                  \
    X(PROBE_SYNC, "probe.sync")                                                                    \
    X(PROBE_READ, "probe.read")                                                                    \
    X(PROBE_REMOVE, "probe.remove")                                                                \
    X(PARKED_OPEN, "parked.open")                                                                  \
    X(PARKED_READ, "parked.read")                                                                  \
    X(PARKED_CREATE, "parked.create")                                                              \
    X(PARKED_WRITE, "parked.write")                                                                \
    X(PARKED_REMOVE, "parked.remove")                                                              \
    X(DEATHS_READ, "deaths.read")                                                                  \
    X(DEATHS_CREATE, "deaths.create")                                                              \
    X(DEATHS_WRITE, "deaths.write")                                                                \
    X(DEATHS_REMOVE, "deaths.remove")                                                              \
    X(PAGES_OPEN, "pages.open")                                                                    \
    X(PAGES_READ, "pages.read")                                                                    \
    X(RUNNING_CREATE, "running.create")                                                            \
    X(RUNNING_OPEN, "running.open")                                                                \
    X(RUNNING_MAP, "running.map")                                                                  \
    X(RUNNING_REMOVE, "running.remove")

#ifdef LN_FAULTS

#include <stdbool.h>
#include <stddef.h>

#define LN_FAULT_ENUM(site, name) LN_FAULT_##site,
enum ln_fault_site { LN_FAULT_SITES(LN_FAULT_ENUM) LN_FAULT_N_SITES };

/* Counts an arrival. True: the call is to fail, errno says how. May not come back. */
bool ln_fault_fails(enum ln_fault_site site);

/* The number of the errno that was asked for (0: none was): for calls that return it. */
int ln_fault_number(void);

/* After the call: kill-after. */
void ln_fault_after(void);

/* Half of size where this arrival is to be short. */
size_t ln_fault_size(size_t size);

/* A mistake that was asked for. */
bool ln_fault_is_on(const char *mistake);

/* The page of `at` can no longer be had, as after the loss of a disk. */
void ln_fault_lose_page(void *at);

/* Calls of libraries to open (of *.h5) and pwrite arrive at the site until LN_FAULT_OUTSIDE. */
void ln_fault_inside(enum ln_fault_site site);
void ln_fault_outside(void);

/* The value of call, or `failed`. */
#define LN_FAULT(site, failed, call) LN_FAULT_AT(LN_FAULT_##site, failed, call)
#define LN_FAULT_AT(site, failed, call)                                                            \
    __extension__({                                                                                \
        __typeof__(call) fault_value;                                                              \
        if (ln_fault_fails(site))                                                                  \
            fault_value = (failed);                                                                \
        else                                                                                       \
            fault_value = (call);                                                                  \
        ln_fault_after();                                                                          \
        fault_value;                                                                               \
    })
/* The same of a call that others take part in: it happens, and then seems to have failed. */
#define LN_FAULT_TOGETHER(site, failed, call)                                                      \
    __extension__({                                                                                \
        bool fault_fails = ln_fault_fails(LN_FAULT_##site);                                        \
        __typeof__(call) fault_value = (call);                                                     \
        ln_fault_after();                                                                          \
        fault_fails ? (failed) : fault_value;                                                      \
    })
/* Before and after `size` bytes go to memory that is a file. */
#define LN_FAULT_BEFORE_COPY(site, to, from, size)                                                 \
    do {                                                                                           \
        if (ln_fault_fails(site))                                                                  \
            ln_fault_lose_page(to);                                                                \
        if (ln_fault_size(2) == 1) {                                                               \
            memcpy(to, from, (size) / 2);                                                          \
            ln_fault_lose_page(to);                                                                \
        }                                                                                          \
    } while (0)
#define LN_FAULT_AFTER_COPY() ln_fault_after()
#define LN_FAULT_SIZE(size) ln_fault_size(size)
#define LN_FAULT_NUMBER() ln_fault_number()
#define LN_FAULT_INSIDE(site) ln_fault_inside(LN_FAULT_##site)
#define LN_FAULT_OUTSIDE() ln_fault_outside()
#define LN_FAULT_IS_ON(mistake) ln_fault_is_on(mistake)
/* How long to wait for others: tests have less patience. */
#define LN_FAULT_SECONDS(seconds) ((seconds) / 12)

#else

#define LN_FAULT(site, failed, call) (call)
#define LN_FAULT_AT(site, failed, call) (call)
#define LN_FAULT_TOGETHER(site, failed, call) (call)
#define LN_FAULT_BEFORE_COPY(site, to, from, size) ((void)0)
#define LN_FAULT_AFTER_COPY() ((void)0)
#define LN_FAULT_SIZE(size) (size)
#define LN_FAULT_INSIDE(site) ((void)0)
#define LN_FAULT_OUTSIDE() ((void)0)
#define LN_FAULT_IS_ON(mistake) false
#define LN_FAULT_SECONDS(seconds) (seconds)

#endif

#endif
