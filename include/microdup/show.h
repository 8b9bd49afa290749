/* One pair of a session as a picture. */
#ifndef MICRODUP_SHOW_H
#define MICRODUP_SHOW_H

#include <stdbool.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    /* REQUIRED: two micrographs, by their names in the input or as much of these as is plain, in any order */
    const char *a, *b;

    /* OPTIONAL, with defaults from mdup_show_options_init */
    const char
        *session;    /* "session.mdup": the file that mdup_screen has left; it may be read-only */
    const char *out; /* "pair.png" */
} mdup_show_options;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_show_options_init(mdup_show_options *options);

/** Writes a PNG with both frames, the shared area of both and the numbers, from the session alone, and tells the numbers to callbacks->log.  A pair
 *  that the session knows and does not report is shown too; of any other two their frames.  callbacks may be NULL.  False with *err set, also
 *  when there is a file of that name that this program did not make (INVALID). */
MDUP_PUBLIC bool mdup_show(const mdup_show_options *options, const mdup_callbacks *callbacks,
                           mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
