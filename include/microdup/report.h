/* The page to look at, once more, from the session file alone. */
#ifndef MICRODUP_REPORT_H
#define MICRODUP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *session; /* REQUIRED: the file that mdup_screen has left; it may be read-only */

    /* OPTIONAL, with defaults from mdup_report_options_init */
    const char *out_dir;  /* NULL: the folder of the session */
    int64_t report_pairs; /* with pictures in report.html, at most; negative: as in the screen */
    bool anonymous; /* report.html and logfile.pdf name no folders, also when the screen's did */
} mdup_report_options;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_report_options_init(mdup_report_options *options);

/** Writes report.html and logfile.pdf of the last screen or decision into out_dir, and tells the verdict to callbacks->log.  callbacks may be NULL.
 *  False with *err set, also when there are files of these names that this program did not write (INVALID). */
MDUP_PUBLIC bool mdup_report_again(const mdup_report_options *options,
                                   const mdup_callbacks *callbacks,
                                   mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
