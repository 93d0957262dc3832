#include <string.h>

#include "cli.h"
#include "linnet/observe.h"
#include "linnet/problem.h"
#include "linnet/theory.h"
#include "linnet/train.h"

static const struct shelf {
    const char *name;
    const struct ln_catalogue *catalogue;
    const char *section;
} shelves[] = {
    {"problems", &ln_problems, "problem"},      {"models", &ln_models, "model"},
    {"inits", &ln_inits, "model.init"},         {"algorithms", &ln_algorithms, "train"},
    {"observables", &ln_observables, "record"}, {"predictions", &ln_predictions, NULL},
};
enum { N_SHELVES = sizeof shelves / sizeof shelves[0] };

static void print_params(const char *section, const struct ln_param *params, int n_params) {
    static const char *const types[] = {"integer",  "number",  "true/false", "word",    "text",
                                        "integers", "numbers", "matrix",     "matrices"};
    for (int i = 0; i < n_params; i++) {
        const struct ln_param *param = &params[i];
        printf("      %s.%s (%s", section, param->name, types[param->type]);
        if (param->choices)
            printf(": %s", param->choices);
        if (!param->fallback)
            printf("; must be given");
        else if (strcmp(param->fallback, "~") != 0)
            printf("; default %s", param->fallback);
        printf(")\n          %s\n", param->doc);
    }
}

static void print_entry(const struct shelf *shelf, const struct ln_entry *entry) {
    printf("  %s\n      %s\n", entry->name, entry->doc);
    if (entry->source)
        printf("      Source: %s.\n", entry->source);
    print_params(shelf->section, entry->params, entry->n_params);
}

static void print_shelf(const struct shelf *shelf) {
    printf("%s\n", shelf->name);
    for (int i = 0; i < shelf->catalogue->n_entries; i++)
        print_entry(shelf, shelf->catalogue->entries[i]);
    if (shelf->catalogue == &ln_algorithms) {
        printf("  every algorithm\n");
        print_params("train", ln_limits, ln_n_limits);
    }
    printf("\n");
}

static int list_one(const char *name) {
    bool is_found = false;
    for (int i = 0; i < N_SHELVES; i++) {
        const struct ln_entry *entry = ln_catalogue_find(shelves[i].catalogue, name);
        if (strcmp(shelves[i].name, name) == 0)
            print_shelf(&shelves[i]);
        else if (entry)
            print_entry(&shelves[i], entry);
        else
            continue;
        is_found = true;
    }
    if (is_found)
        return LN_OK;
    return cli_usage(&command_list, "there is nothing named '%s'; `linnet list` shows all", name);
}

static int run(int argc, char **argv) {
    const char *value, *name = NULL;
    int index = 1, option;
    while ((option = cli_next(&command_list, NULL, 0, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        name = value;
    }
    if (name)
        return list_one(name);
    for (int i = 0; i < N_SHELVES; i++)
        print_shelf(&shelves[i]);
    return LN_OK;
}

const struct command command_list = {
    "list",
    "linnet list [problems | models | inits | algorithms | observables | predictions | NAME]",
    "Shows what can stand in a sweep file, with every parameter.", "", run};
