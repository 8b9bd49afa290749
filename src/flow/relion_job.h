/* A job of RELION's pipeline, type External: what RELION is told, beside the files of a screen.
 *
 * RELION starts us as `PROGRAM --o External/job005/ --in_mics FILE --j N [--label value ...]` in the
 * project's folder, with output to run.out and run.err in the job's folder, and then waits for one
 * of the files RELION_JOB_EXIT_SUCCESS, _FAILURE or _ABORTED there.  When it sees SUCCESS it reads
 * RELION_OUTPUT_NODES.star.  To stop us it makes RELION_JOB_ABORT_NOW.  RELION 3.1, 4 and 5 differ
 * in the names of types of nodes; the version is read from the job.star that RELION writes first.
 * (RELION's pipeline_jobs.cpp, pipeliner.cpp and pipeline_control.cpp.) */
#ifndef MDUP_FLOW_RELION_JOB_H
#define MDUP_FLOW_RELION_JOB_H

#include <microdup/screen.h>

#include "base/error.h"
#include "base/strbuf.h"

typedef enum {
    MDUP_RELION_AUTO, /* as job.star in the job's folder says, else default_pipeline.star in the
                         current one, else 5 */
    MDUP_RELION_3_1,
    MDUP_RELION_4,
    MDUP_RELION_5
} mdup_relion_version;

typedef enum { MDUP_RELION_SUCCESS, MDUP_RELION_FAILURE, MDUP_RELION_ABORTED } mdup_relion_outcome;

/** The RELION whose job the folder is; AUTO when neither file is there or tells.  False with *err:
 * NOMEM, or what is wrong with job.star. */
bool mdup_relion_find_version(const char *job_dir, mdup_relion_version *version,
                              mdup_error **err) MDUP_MUST_CHECK;

/** Appends the content of RELION_OUTPUT_NODES.star: those of micrographs.star and logfile.pdf that
 * are in the folder.  Both columns of types are written, RELION 3.1's numbers and the labels of 4 and
 * 5; each RELION passes over the other. */
void mdup_relion_output_nodes(const char *job_dir, mdup_relion_version version, mdup_strbuf *out);

/** Makes the file that tells RELION how the job ended, in place of any other; `dir` is the job's
 * folder.  IO. */
bool mdup_relion_mark(const char *dir, mdup_relion_outcome outcome,
                      mdup_error **err) MDUP_MUST_CHECK;

/** A screen as such a job: options->out_dir is the job's folder.  The marks of an earlier run are
 * taken away first; the mark of this one is the last thing written, also when it fails (as far as
 * the folder can be written).  RELION_JOB_ABORT_NOW is looked for every 5 s at the most, for the
 * sake of shared file systems, and stops the job like callbacks->stop.  Otherwise as mdup_screen. */
bool mdup_relion_screen(const mdup_screen_options *options, const char *control_dir,
                        mdup_relion_version version, const mdup_callbacks *callbacks,
                        mdup_screen_summary *summary, mdup_error **err) MDUP_MUST_CHECK;

#endif
