/* Which names in another file mean which micrographs of a session.
 *
 * Files of one project name a micrograph alike, or nearly so.  A name means a micrograph, by the first of these rules that holds:
 *
 *   exact  it is the same text
 *   path   it is the same path within the project.  RELION and cryoSPARC put what a job makes of a file into a folder of the job, under the
 *          file's own path (MotionCorr/job002/Movies/x.mrc of Movies/x.tiff; RELION's decomposePipelineFileName), so neither the job's
 *          folder counts, nor the extension, nor what motion correction adds to a name (_DW, _fractions, ...; dots become '_' there), nor,
 *          when only one of the two is absolute, what stands before the job's folder
 *   stamp  it has the same file name, whatever the folder, and that name tells by itself what it is: it holds the date and time of the
 *          exposure, or is one of Leginon's.  A uid of cryoSPARC in front of it does not count
 *   file   it has the same file name; only when asked for, since x_0001 of another grid has that too
 *
 * Where that leaves more than one answer there is none: */
#ifndef MDUP_CATALOG_SAME_MICROGRAPH_H
#define MDUP_CATALOG_SAME_MICROGRAPH_H

#include <stddef.h>

#include "base/error.h"

typedef enum {
    MDUP_SAME_NONE,  /* no micrograph of the session */
    MDUP_SAME_EXACT, /* the rules, strictest first */
    MDUP_SAME_PATH,
    MDUP_SAME_STAMP,
    MDUP_SAME_FILE,
    MDUP_SAME_SECOND, /* by some rule one that another name means by a stricter rule: left alone */
    MDUP_SAME_AMBIGUOUS, /* one of several micrographs, or one that another name could mean as well */
    MDUP_SAME_KINDS
} mdup_same;

typedef struct {
    mdup_same how;
    ptrdiff_t
        micrograph;  /* EXACT to FILE: which; AMBIGUOUS, SECOND: one that it could be; else -1 */
    ptrdiff_t other; /* AMBIGUOUS: a second one that it could be, or -1 */
    ptrdiff_t rival; /* AMBIGUOUS, SECOND: another name that could mean that micrograph, or -1 */
} mdup_same_name;

/** Matches `names` (all those of one file, or of several that belong together; no two equal) with the micrographs called `known`.  Of
 *  several micrographs of one name the first is meant.
 *
 *  fate: what is to become of each micrograph.  Those of one fate need not be told from each other, and it does no harm when several names
 *  mean one of the fate 0; everything else that is not certain is AMBIGUOUS.  weakest: the last rule to try, EXACT to FILE.  out: n_names.
 *  False with *err (NOMEM). */
bool mdup_same_micrographs(const char *const *known, const size_t *fate, size_t n_known,
                           const char *const *names, size_t n_names, mdup_same weakest,
                           mdup_same_name *out, mdup_error **err) MDUP_MUST_CHECK;

/** What of a path stands behind the first folder of a job of RELION, "Movies/x.mrc" of "MotionCorr/job002/Movies/x.mrc"; NULL when there is
 *  none. */
const char *mdup_path_behind_job(const char *path);

/** "the same name", "the same path in the project", ...: a rule for messages; static storage. */
const char *mdup_same_phrase(mdup_same how);

#endif
