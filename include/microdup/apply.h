/* What a screen has decided, applied to other files: the removed micrographs taken out of STAR files and of cryoSPARC's tables. */
#ifndef MICRODUP_APPLY_H
#define MICRODUP_APPLY_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>
#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which names in another file are taken for the name of a micrograph of the session. */
typedef enum {
    MDUP_MATCH_AUTO, /* the same name; the same path within the project, whatever the job; the same file name in another folder, when it
                         holds the time of the exposure or is one of Leginon's */
    MDUP_MATCH_EXACT, /* the same name only */
    MDUP_MATCH_PATH,  /* and the same path within the project */
    MDUP_MATCH_FILE   /* as AUTO, and any other file name that is the same */
} mdup_match;

typedef struct {
    /* REQUIRED */
    const char *session; /* the folder that mdup_screen has written into */
    const char *const *
        files; /* STAR files and .cs files; several .cs files of the same records as "a.cs,b.cs"; borrowed */
    size_t n_files;
    const char *out_dir; /* where the copies go */

    /* OPTIONAL, with defaults from mdup_apply_options_init */
    mdup_match match; /* AUTO */
    /* NULL; what stands behind a micrograph's name in those of its own coordinate files, beside "_autopick" and others that are known */
    const char *suffix;
} mdup_apply_options;

typedef struct {
    int64_t n_files, n_written, n_failed;
    int64_t n_rows, n_of_session, n_removed;
} mdup_apply_summary;

/** Sets every optional field to its default. */
MDUP_PUBLIC void mdup_apply_options_init(mdup_apply_options *options);

/** Writes into out_dir each file without the rows (records) of the micrographs that were removed, every other byte as it is, and
 *  applied.csv, which tells what was done.  A file that cannot be dealt with is told by a warning, and the others go on.  Nothing is
 *  overwritten but what an earlier call has written.  callbacks and summary may be NULL.  False with *err set when nothing could be
 *  begun, or, with the summary set, when a file failed (INVALID). */
MDUP_PUBLIC bool mdup_apply(const mdup_apply_options *options, const mdup_callbacks *callbacks,
                            mdup_apply_summary *summary, mdup_error **err) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
