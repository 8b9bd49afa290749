/* Deciding again: other rules for the pairs that a screen has found. */
#ifndef MICRODUP_DECIDE_H
#define MICRODUP_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>
#include <microdup/screen.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *session; /* REQUIRED: the file that mdup_screen has left */

    /* OPTIONAL, with defaults from mdup_decide_options_init */
    const char *out_dir; /* NULL: the folder of the session */
    double min_overlap;  /* negative: as in the screen */
    double max_evalue;   /* negative: as in the screen; at most 100, or what the screen had if that
                            was more */
    const char *keep;    /* which of two duplicates stays: "earliest", "latest", "min:COLUMN" or
                            "max:COLUMN" */
    const char *values;  /* STAR file with that column; NULL: the inputs of the screen */
    const char *const *exclude; /* files with names: these go in any case */
    size_t n_exclude;
    const char *const *protect; /* these stay in any case */
    size_t n_protect;
    const char *const *veto; /* tables of pairs that are none */
    size_t n_veto;
    int64_t report_pairs; /* with pictures in report.html, at most; negative: as in the screen */
    bool anonymous; /* report.html and logfile.pdf name no folders, also when the screen's did */
    const char *command_line; /* for the record; may be NULL */
} mdup_decide_options;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_decide_options_init(mdup_decide_options *options);

/** Decides by these rules and writes the files of mdup_screen anew, without the images of the micrographs; keeps the decision in the session, when that can be
 * written.  callbacks and summary may be NULL.  False with *err set; then earlier results are untouched. */
MDUP_PUBLIC bool mdup_decide_again(const mdup_decide_options *options,
                                   const mdup_callbacks *callbacks, mdup_screen_summary *summary,
                                   mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
