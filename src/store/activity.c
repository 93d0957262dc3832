#include "linnet/activity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lock.h"
#include "pages.h"

static const double most_seconds = 1e10;
static const double fresh_seconds = 60; /* a run tells of itself every second */

static const char *word(const char *text) {
    return strcmp(text, "-") == 0 ? "" : text;
}

/* Whether somebody holds the lock, and who. */
static enum ln_lock_state look_at_lock(const char *path, struct ln_activity *activity) {
    struct ln_lock_note note;
    struct ln_err err = {0};
    enum ln_lock_state state = ln_lock_look(path, &note, &activity->silent, &err);
    if (state == LN_LOCK_UNKNOWN) {
        activity->kind = LN_ACTIVITY_UNKNOWN;
        snprintf(activity->note, sizeof activity->note, "%s", err.text);
    }
    if (state != LN_LOCK_HELD)
        return state;
    activity->kind = LN_ACTIVITY_WRITER;
    activity->pid = note.holder.pid;
    snprintf(activity->host, sizeof activity->host, "%s", word(note.holder.host));
    snprintf(activity->job, sizeof activity->job, "%s", word(note.holder.job));
    snprintf(activity->since, sizeof activity->since, "%s", note.since);
    return state;
}

static bool makes_sense(const struct ln_page_pace *pace, int64_t n_cells) {
    return pace->when > 0 && pace->when < most_seconds && pace->seconds_left >= 0 &&
           pace->seconds_left < most_seconds && pace->n_done >= 0 &&
           pace->n_done <= pace->n_points && pace->n_points <= n_cells;
}

static void take_run(const struct ln_pages *pages, int64_t n_cells, struct ln_activity *activity) {
    const struct ln_page_pace *pace = &pages->pages[0].pace;
    activity->n_ranks = pages->n;
    for (int r = 0; r < pages->n; r++)
        for (int i = 0; i < LN_PAGE_SLOTS; i++)
            activity->n_in_hand += pages->pages[r].slots[i] > 0;
    activity->has_pace = makes_sense(pace, n_cells);
    if (!activity->has_pace)
        return;
    activity->n_done = pace->n_done;
    activity->n_points = pace->n_points;
    activity->seconds_left = pace->seconds_left;
    activity->when = pace->when;
}

/* Nobody is known to hold the lock. Where each host keeps its locks by itself, that says nothing of
 * another host, and what a run there has just told counts for more. */
static bool may_live(const struct ln_activity *activity) {
    struct ln_holder self;
    ln_holder_self(&self);
    return strcmp(activity->host, word(self.host)) != 0 && activity->has_pace &&
           fabs((double)time(NULL) - activity->when) < fresh_seconds;
}

static void take_dead(const struct ln_pages *pages, int64_t n_cells, struct ln_activity *activity) {
    const struct ln_page_head *head = NULL;
    for (int r = 0; r < pages->n && !head; r++)
        if (pages->pages[r].head.magic[0])
            head = &pages->pages[r].head;
    activity->gave_up = ln_pages_gave_up(pages);
    if (!head || activity->gave_up)
        return; /* it had not begun, or is not dead but ended */
    activity->kind = LN_ACTIVITY_DIED;
    activity->pid = head->pid;
    activity->silent = 0;
    activity->died = pages->when;
    snprintf(activity->host, sizeof activity->host, "%s", word(head->host));
    snprintf(activity->job, sizeof activity->job, "%s", word(head->job));
    take_run(pages, n_cells, activity);
    if (may_live(activity))
        activity->kind = LN_ACTIVITY_UNKNOWN;
}

void ln_activity_look(const char *path, const char *digest, int64_t n_cells,
                      struct ln_activity *activity) {
    struct ln_pages pages;
    struct ln_err err = {0};
    *activity = (struct ln_activity){.kind = LN_ACTIVITY_NONE};
    enum ln_lock_state lock = look_at_lock(path, activity);
    if (!digest || lock == LN_LOCK_UNKNOWN)
        return;
    if (ln_pages_read(path, digest, n_cells, &pages, &err) != LN_OK) {
        snprintf(activity->note, sizeof activity->note, "%s", err.text);
        return;
    }
    /* A run takes the lock before it makes its pages: who has both looked in between, or is dead.
     */
    if (lock == LN_LOCK_FREE && pages.n > 0)
        lock = look_at_lock(path, activity);
    if (pages.n > 0 && lock == LN_LOCK_FREE) {
        take_dead(&pages, n_cells, activity);
    } else if (pages.n > 0 && pages.pages[0].head.pid == activity->pid &&
               strcmp(word(pages.pages[0].head.host), activity->host) == 0) {
        activity->kind = LN_ACTIVITY_RUN;
        take_run(&pages, n_cells, activity);
    }
    ln_pages_clear(&pages);
}
