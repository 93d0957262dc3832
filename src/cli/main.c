#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/canary.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/view.h"

static const struct command *const commands[] = {
    &command_run,     &command_plan,     &command_status,  &command_show, &command_check,
    &command_extend,  &command_merge,    &command_certify, &command_list, &command_repair,
    &command_saddles, &command_simulate, &command_submit};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *to) {
    fprintf(to, "linnet sweeps the training dynamics of linear networks.\n\n"
                "usage: linnet COMMAND [options]     (linnet help COMMAND says more)\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->doc);
    fprintf(to,
            "\nlinnet --version [--verbose]: version; with what results depend on (CPU, kernels, "
            "libraries)\n");
    fprintf(to, "\n  mpirun -n 4 linnet run sweep.yaml -o results.h5\n\n"
                "exit codes: 0 done, 1 the machine failed, 2 bad input, 3 all done but points that "
                "failed, 75 stopped on\nrequest (run again to resume; mpirun may turn it into 1 "
                "where it is interrupted itself)\n");
}

static int print_version(bool is_verbose) {
    printf("linnet %s\n", LN_VERSION);
    if (!is_verbose)
        return LN_OK;
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(mpi, &length);
    ln_linalg_start();
    printf("results depend on: %s\nkernels: %s\nBLAS: %s\nMPI: %.40s\nHDF5: %s\n",
           ln_linalg_cpu_kind(), ln_lanes_isa(), ln_linalg_blas(), mpi, ln_view_hdf5_version());
    struct ln_canary canary;
    struct ln_err err = {0};
    if (ln_canary_run(&canary, &err) != LN_OK)
        return cli_fail(&err);
    printf("canary: %016" PRIx64 "\n", ln_canary_fingerprint(&canary));
    return LN_OK;
}

static const struct command *find_command(const char *name) {
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int refuse_command(const char *name) {
    fprintf(stderr, "linnet: there is no command '%s'; the commands are", cli_shown(name));
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(stderr, "%s %s", i ? "," : "", commands[i]->name);
    fprintf(stderr, "\n");
    return LN_INPUT;
}

static int dispatch(int argc, char **argv) {
    const struct command *command = find_command(argv[0]);
    return command ? command->run(argc, argv) : refuse_command(argv[0]);
}

/* linnet help [COMMAND] */
static int help(int argc, char **argv) {
    const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;
    if (argc > 2 && !command)
        return refuse_command(argv[2]);
    if (command)
        cli_help(command);
    else
        print_help(stdout);
    return LN_OK;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return LN_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return help(argc, argv);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print_version(argc > 2 && strcmp(argv[2], "--verbose") == 0);
    return dispatch(argc - 1, argv + 1);
}
