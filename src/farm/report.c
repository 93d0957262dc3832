#include "report.h"

#include <assert.h>
#include <string.h>

void ln_report_point(struct ln_report *report, int group, double predicted, double actual,
                     double earlier, int label) {
    int i = 0;
    while (i < report->n_parts && report->parts[i].group != group)
        i++;
    assert(i < LN_REPORT_PARTS);
    if (i == report->n_parts) {
        report->parts[i].group = group;
        report->parts[i].tally = (struct ln_tally){0};
        report->n_parts++;
    }
    ln_tally_point(&report->parts[i].tally, predicted, actual);
    report->parts[i].tally.earlier += earlier;
    if (label >= 0 && label < LN_MAX_LABELS)
        report->labels[label]++;
}

void ln_report_pack(const struct ln_report *report, double *words) {
    memset(words, 0, LN_REPORT_PARTS * LN_N_PART_WORDS * sizeof *words);
    for (int i = 0; i < report->n_parts; i++, words += LN_N_PART_WORDS) {
        const struct ln_tally *tally = &report->parts[i].tally;
        words[0] = report->parts[i].group;
        words[1] = (double)tally->count;
        words[2] = tally->predicted;
        words[3] = tally->actual;
        words[4] = tally->longest;
        words[5] = tally->logs;
        words[6] = tally->squares;
        words[7] = tally->earlier;
    }
}

void ln_report_unpack(struct ln_report *report, const double *words) {
    report->n_parts = 0;
    for (; report->n_parts < LN_REPORT_PARTS && words[1] > 0; words += LN_N_PART_WORDS) {
        report->parts[report->n_parts].group = (int)words[0];
        report->parts[report->n_parts++].tally = (struct ln_tally){
            (int64_t)words[1], words[2], words[3], words[4], words[5], words[6], words[7]};
    }
}
