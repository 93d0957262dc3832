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
    if (shelf->catalogue == &ln_predictions) {
        printf("  every prediction\n");
        print_params("theory", ln_theory_params, ln_n_theory_params);
    }
    printf("\n");
}

/* A table cell: its bars are not the table's. */
static void print_cell(const char *text) {
    for (; *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

/* The same as a page: docs/catalogue.md. */
static void print_markdown_params(const char *section, const struct ln_param *params,
                                  int n_params) {
    if (n_params > 0)
        printf("\n| key | default | what |\n|---|---|---|\n");
    for (int i = 0; i < n_params; i++) {
        const struct ln_param *param = &params[i];
        printf("| `%s.%s` | %s%s%s | ", section, param->name, param->fallback ? "`" : "",
               param->fallback ? param->fallback : "must be given", param->fallback ? "`" : "");
        print_cell(param->doc);
        printf(param->choices ? " One of `%s`. |\n" : " |\n", param->choices);
    }
}

static void print_markdown(void) {
    printf("# Catalogue\n\nEverything that can stand in a sweep file. Made by `linnet list "
           "--markdown` from "
           "the tables in the source.\n");
    for (int i = 0; i < N_SHELVES; i++) {
        const struct ln_catalogue *catalogue = shelves[i].catalogue;
        printf("\n## %s\n", shelves[i].name);
        for (int k = 0; k < catalogue->n_entries; k++) {
            const struct ln_entry *entry = catalogue->entries[k];
            printf("\n### %s\n\n%s%s%s%s\n", entry->name, entry->doc,
                   entry->source ? " Source: " : "", entry->source ? entry->source : "",
                   entry->source ? "." : "");
            print_markdown_params(shelves[i].section, entry->params, entry->n_params);
        }
        if (catalogue == &ln_algorithms) {
            printf("\n### every algorithm\n");
            print_markdown_params("train", ln_limits, ln_n_limits);
        }
        if (catalogue == &ln_predictions) {
            printf("\n### every prediction\n");
            print_markdown_params("theory", ln_theory_params, ln_n_theory_params);
        }
    }
}

static int list_one(const char *name) {
    bool is_found = false;
    for (int i = 0; i < N_SHELVES; i++) {
        const struct ln_entry *entry = ln_catalogue_find(shelves[i].catalogue, name);
        if (strcmp(shelves[i].name, name) == 0) {
            print_shelf(&shelves[i]);
        } else if (entry) {
            printf("%s\n", shelves[i].name); /* a name may stand in two catalogues */
            print_entry(&shelves[i], entry);
        } else {
            continue;
        }
        is_found = true;
    }
    if (is_found)
        return LN_OK;
    return cli_usage(&command_list, "there is nothing named '%s'; `linnet list` shows all", name);
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--markdown", NULL, false}};
    const char *value, *name = NULL;
    bool is_markdown = false;
    int index = 1, option;
    while ((option = cli_next(&command_list, specs, 1, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option == 0)
            is_markdown = true;
        else if (!cli_take_path(&command_list, &name, value))
            return LN_INPUT;
    }
    if (name)
        return list_one(name);
    if (is_markdown)
        print_markdown();
    for (int i = 0; i < N_SHELVES && !is_markdown; i++)
        print_shelf(&shelves[i]);
    return LN_OK;
}

const struct command command_list = {
    "list",
    "linnet list [problems | models | inits | algorithms | observables | predictions | NAME]",
    "Shows what can stand in a sweep file, with every parameter.",
    "\n  --markdown   all of it as a page (docs/catalogue.md)\n", run};
