/* A screen that is kept going while the session is being recorded. */
#ifndef MICRODUP_WATCH_H
#define MICRODUP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>
#include <microdup/screen.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    /* Inputs (which may not be there yet) and all else as for mdup_screen, with the defaults of mdup_watch_options_init: `expect` is 10000.
     * dry_run, strict and no_session are refused. */
    mdup_screen_options screen;
    double every_s; /* 30; between two looks at the inputs */
    /* 0; it ends when nothing has come for so long; 0: it does not end by itself. */
    double until_idle_s;
    /* 5; percent of one core that passes may take on average: what is new waits for that up to 15 minutes.  0: it does not wait. */
    double load_percent;
} mdup_watch_options;

/* A micrograph that has turned out to be a duplicate, or was told as one and is none. */
typedef struct {
    bool is_retracted;
    const char *original, *duplicate; /* names as in the input: kept, removed */
    /* NaN in a retraction.  A point at (x, y) in the duplicate is at (x + shift_x_px, y + shift_y_px) in the original; px of the micrograph. */
    double overlap, shift_x_px, shift_y_px, log10_evalue;
    double pixel_A;     /* 0: not known */
    const char *reason; /* of a retraction; else NULL */
} mdup_watch_event;

/* How things stand. */
typedef struct {
    bool is_passing;       /* a screen is under way */
    int64_t n_passes;      /* finished */
    int64_t n_micrographs; /* in the last of them, */
    int64_t n_removed;     /* and how many of these are duplicates */
    int64_t n_waiting;     /* named by the input, and not whole yet */
    bool has_new;          /* there is something new that waits for the next pass */
    double pass_s;         /* what the last one took */
    double next_s;         /* until the next look, or the next pass when there is something new */
} mdup_watch_status;

typedef struct {
    /* As for mdup_screen; stop ends the watch.  INFO is one line for each pass, and when it waits for something. */
    mdup_callbacks common;
    /* These get common.user, on the calling thread, and may be NULL.  found: each duplicate once, also when the watch was ended and begun
     * again: the session remembers it. */
    void (*found)(void *user, const mdup_watch_event *event);
    /* Several times a second, while it waits and while it passes. */
    void (*status)(void *user, const mdup_watch_status *status);
} mdup_watch_callbacks;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_watch_options_init(mdup_watch_options *options);

/** Looks at the inputs again and again, and screens what they name into screen.out_dir whenever something has come; after each pass the results are
 *  whole, and those of a screen of what was there.  Files that are still being written are left for a later pass.  A pass that fails is a warning, and tried
 *  again.  summary (may be NULL) is of the last pass, all zero when there was none.  True when it ends because nothing has come for
 *  until_idle_s.  False with *err: ABORTED when callbacks->stop asked for it; else what made it impossible to begin. */
MDUP_PUBLIC bool mdup_watch(const mdup_watch_options *options,
                            const mdup_watch_callbacks *callbacks, mdup_screen_summary *summary,
                            mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
