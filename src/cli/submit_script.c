/* The job scripts: what is known of this sweep, and then the text of those in slurm/, which is
 * compiled in: one text, whether it is written by `linnet submit` or submitted by hand. */
#include <stdlib.h>
#include <string.h>

#include "linnet/utf8.h"
#include "submit.h"

static const char *const sweep_text[] = {
#include "sweep_text.h"
    NULL};
static const char *const merge_text[] = {
#include "merge_text.h"
    NULL};

/* One word for bash, whatever is in it, and one line: $'...' knows escapes. */
static void put_quoted(FILE *to, const char *text) {
    if (ln_utf8_is_plain(text) && !strchr(text, '\'')) {
        fprintf(to, "'%s'", text);
        return;
    }
    fputs("$'", to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '\'' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < 0x20 || *c >= 0x7F)
            fprintf(to, "\\%03o", *c);
        else
            fputc(*c, to);
    fputs("'", to);
}

static void put_setting(FILE *to, const char *name, const char *value) {
    fprintf(to, "%s=", name);
    put_quoted(to, value);
    fputc('\n', to);
}

void submit_put_lines(FILE *to, const char *before, const char *lines) {
    size_t length;
    for (const char *at = lines; *at; at += length + (at[length] != '\0')) {
        length = strcspn(at, "\n");
        fputs(before, to);
        fwrite(at, 1, length, to);
        fputc('\n', to);
    }
}

/* An option with a checked word, or nothing. */
static void put_word(FILE *to, const char *option, const char *word) {
    if (word)
        fprintf(to, "#SBATCH --%s=%s\n", option, word);
}

static void put_limit(FILE *to, double seconds) {
    long s = (long)seconds;
    fprintf(to, "#SBATCH --time=%02ld:%02ld:%02ld\n", s / 3600, s / 60 % 60, s % 60);
}

/* What both jobs are submitted with. */
static void put_common(FILE *to, const struct submit_request *request) {
    put_word(to, "partition", request->partition);
    put_word(to, "account", request->account);
    put_word(to, "qos", request->qos);
    put_word(to, "constraint", request->constraint);
    put_word(to, "mem-per-cpu", request->memory);
    fprintf(to, "#SBATCH --open-mode=append\n#SBATCH --%s\n",
            request->has_no_requeue ? "no-requeue" : "requeue");
}

static void put_text(FILE *to, const char *const *lines) {
    fputc('\n', to);
    for (; *lines; lines++)
        fputs(*lines, to);
}

static void put_options(FILE *to, const struct submit_request *request) {
    fputs("options=(", to);
    for (int i = 0; i < request->n_sets; i++) {
        fputs(i ? " --set " : "--set ", to);
        put_quoted(to, request->sets[i]);
    }
    fputs(")\n", to);
}

static void put_head(FILE *to, const struct submit_paths *paths) {
    fprintf(to,
            "#!/bin/bash\n# Written by linnet submit (%s), which replaces it when it is asked "
            "again.\n# %s -> %s\n#\n",
            LN_VERSION, cli_shown(paths->sweep), cli_shown(paths->output));
}

static void put_size(FILE *to, const struct submit_request *request,
                     const struct submit_paths *paths, const struct submit_size *size) {
    fprintf(to, "#\n#SBATCH --job-name=%s\n", paths->name);
    if (request->n_nodes > 0)
        fprintf(to, "#SBATCH --nodes=%d\n", request->n_nodes);
    if (size->per_node > 0)
        fprintf(to, "#SBATCH --ntasks-per-node=%d\n", size->per_node);
    else
        fprintf(to, "#SBATCH --ntasks=%d\n", size->n_tasks);
    fprintf(to, "#SBATCH --cpus-per-task=1\n");
    put_limit(to, size->limit);
    if (request->n_shards > 0)
        fprintf(to, "#SBATCH --array=1-%d\n#SBATCH --output=%%x-%%A_%%a.log\n", request->n_shards);
    else
        fprintf(to, "#SBATCH --output=%%x-%%j.log\n");
    put_common(to, request);
    fprintf(to, "#SBATCH --signal=B:USR1@120\n\n");
}

static FILE *begin(char **text, size_t *n) {
    FILE *to = open_memstream(text, n);
    if (!to)
        abort();
    return to;
}

char *submit_script(const struct submit_request *request, const struct submit_paths *paths,
                    const struct submit_size *size) {
    char *text;
    size_t n;
    FILE *to = begin(&text, &n);
    put_head(to, paths);
    submit_put_lines(to, "# ", size->notes);
    submit_put_lines(to, "# warning: ", size->warnings);
    put_size(to, request, paths, size);
    put_setting(to, "sweep", paths->sweep);
    put_setting(to, "out", paths->output);
    put_setting(to, "linnet", paths->program);
    fprintf(to, "launcher=%s\non_stop=%s\nn_shards=%d\n", request->launcher,
            request->has_no_requeue ? "successor" : "requeue", request->n_shards);
    put_options(to, request);
    fprintf(to, "again=()\nagain_with=()\n");
    put_text(to, sweep_text);
    fclose(to);
    return text;
}

char *submit_merge_script(const struct submit_request *request, const struct submit_paths *paths,
                          const struct submit_size *size) {
    char *text;
    size_t n;
    FILE *to = begin(&text, &n);
    put_head(to, paths);
    fprintf(to,
            "# Joins the %d shards when their jobs are over.\n#\n#SBATCH --job-name=%s-merge\n"
            "#SBATCH --ntasks=1\n",
            request->n_shards, paths->name);
    put_limit(to, size->merge_limit);
    fprintf(to, "#SBATCH --output=%%x-%%j.log\n");
    put_common(to, request);
    fputc('\n', to);
    put_setting(to, "out", paths->output);
    put_setting(to, "linnet", paths->program);
    fprintf(to, "n_shards=%d\nshards_name=%s\nagain=()\nagain_with=()\n", request->n_shards,
            paths->name);
    put_text(to, merge_text);
    fclose(to);
    return text;
}
