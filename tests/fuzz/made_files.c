#include "made_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "spec.h"
#include "target.h"
#include "trial.h"

static const char *const sweeps[2] = {
    "linnet: 1\nname: deep\nproblem: {kind: target, spectrum: [2, 1]}\n"
    "model: {depth: 2, width: 2, init: {kind: gaussian, scale: 0.5}}\n"
    "train: {step_size: 0.05, max_steps: 50}\n"
    "record: {final: [loss, weights], series: [loss], times: {log: 6}}\n"
    "axes: {seed: {count: 2}, init_kind: [gaussian, identity]}\n",
    "linnet: 1\nname: flip\nproblem: {kind: data, x: [[0, -1], [2, 2]], y: [[-1, 3]], loss: mean}\n"
    "model: {kind: diagonal, form: dual, init: {kind: diagonal, log_scale: 230.2585}}\n"
    "train: {algorithm: flow, time_step: 0.1, max_steps: 50, stop: {loss: 0}}\n"
    "record: {series: [coefficients], times: {every: 5}, theory: [jump_times]}\n"};

struct made made_files[2];

static void run_sweep(int which) {
    char *text = strdup(scratch_path("x.csv")), *out = strdup(scratch_path("good.h5"));
    char *argv[] = {(char[]){"run"}, text, (char[]){"-o"}, out, (char[]){"-q"}};
    scratch_write(text, sweeps[which], strlen(sweeps[which]));
    unlink(out);
    pid_t child = fork();
    if (child == 0) {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
        _exit(command_run.run(5, argv));
    }
    int result = 1;
    if (child < 0 || waitpid(child, &result, 0) < 0 || result != 0) {
        fprintf(stderr, "the file to begin with could not be made\n");
        _exit(1);
    }
    free(text);
    free(out);
}

static void load(struct made *made, const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        abort();
    made->size = (size_t)info.st_size;
    made->bytes = malloc(made->size);
    if (read(fd, made->bytes, made->size) != (ssize_t)made->size)
        abort();
    close(fd);
}

void make_files(void) {
    ln_linalg_start();
    ln_trial_is_off = true;
    ln_spec_limits = (struct ln_limits){.axis = 1000, .cells = 10000, .values = 4000};
    for (int i = 0; i < 2; i++) {
        run_sweep(i);
        load(&made_files[i], scratch_path("good.h5"));
    }
}

static int read_matrices(const char *path) {
    static const char *const names[] = {"loss_series", "weights", "label", "x/y"};
    struct ln_err err = {0};
    for (int i = 0; i < 4; i++) {
        int rows, cols;
        double *data;
        if (ln_view_read_matrix(path, names[i], &rows, &cols, &data, &err) == LN_OK)
            free(data);
    }
    return LN_OK;
}

int read_results(unsigned choice, unsigned point, const char *path) {
    char number[16], *file = strdup(path);
    snprintf(number, sizeof number, "%u", point);
    char *status[] = {(char[]){"status"}, file, NULL};
    char *json[] = {(char[]){"status"}, file, (char[]){"--json"}, NULL};
    char *check[] = {(char[]){"check"}, file, NULL};
    char *show[] = {(char[]){"show"}, file, (char[]){"-p"}, number, NULL};
    char *certify[] = {(char[]){"certify"}, file, (char[]){"-p"}, number, NULL};
    char *measure[] = {(char[]){"saddles"}, (char[]){"--measure"}, file, NULL};
    int code;
    silence_begin();
    switch (choice % 8) {
    case 0:
        code = command_status.run(2, status);
        break;
    case 1:
        code = command_status.run(3, json);
        break;
    case 2:
        code = command_check.run(2, check);
        break;
    case 3:
        code = read_matrices(path);
        break;
    case 4:
        code = command_certify.run(4, certify);
        break;
    case 5:
        code = command_saddles.run(3, measure);
        break;
    default:
        code = command_show.run(4, show);
    }
    silence_end();
    free(file);
    return code;
}
