/* A finished results file with bytes changed, or cut short. HDF5 is known to fall over such files,
 * so each is read in a child; a child that dies inside HDF5 is counted and forgiven (ln_trial keeps
 * it from the program in the same way), one that dies anywhere else is a finding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_files.h"
#include "target.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_REPORTS
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_REPORTS
#endif
#ifdef HAS_REPORTS
#include <sanitizer/asan_interface.h>
#endif

enum { DIED_IN_HDF5 = 90, SECONDS = 20 };

static long n_files, n_fallen, n_slow;

static void report(void) {
    fprintf(stderr, "bytes: %ld files, %ld brought HDF5 down, %ld kept it busy for %d s\n", n_files,
            n_fallen, n_slow, SECONDS);
}

#ifdef HAS_REPORTS
/* The frames of the report begin with "    #0 address in function file"; libc and the sanitizer's
 * own stand before the one that called them. */
static void on_report(const char *text) {
    for (const char *frame = strstr(text, "    #0"); frame; frame = strstr(frame + 1, "    #")) {
        size_t n = strcspn(frame, "\n");
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)n, frame);
        if (strstr(line, "libhdf5"))
            _exit(DIED_IN_HDF5);
        if (strstr(line, " in ln_") || strstr(line, "/src/") || strstr(line, "command_"))
            return;
    }
}

#endif

static int read_in_child(unsigned reader, unsigned point, const char *path) {
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit time = {SECONDS, SECONDS};
        setrlimit(RLIMIT_CPU, &time);
#ifdef HAS_REPORTS
        __asan_set_error_report_callback(on_report);
#endif
        _exit(read_results(reader, point, path));
    }
    while (child > 0 && waitpid(child, &result, 0) != child)
        continue;
    return result;
}

/* Pairs of place and value; the last byte of the input may cut the file. */
static void change(const uint8_t *data, size_t size, uint8_t *bytes, size_t *length) {
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t at = data[i] | (size_t)data[i + 1] << 8 | (size_t)(data[i + 2] & 1) << 16;
        bytes[at % *length] = data[i + 3];
    }
    if (size % 4 == 1)
        *length = *length * data[size - 1] / 256;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    make_files();
    atexit(report);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3)
        return 0;
    const struct made *made = &made_files[data[0] / 8 % 2];
    size_t length = made->size;
    const char *path = scratch_path("bad.h5");
    uint8_t *bytes = malloc(length);
    memcpy(bytes, made->bytes, length);
    change(data + 2, size - 2, bytes, &length);
    scratch_write(path, bytes, length);
    free(bytes);
    int result = read_in_child(data[0], data[1] % 5, path);
    n_files++;
    if (WIFEXITED(result) && WEXITSTATUS(result) <= 2)
        return 0;
    if (WIFEXITED(result) && WEXITSTATUS(result) == DIED_IN_HDF5)
        n_fallen++;
    else if (WIFSIGNALED(result) && WTERMSIG(result) == SIGXCPU)
        n_slow++;
    else
        abort();
    return 0;
}
