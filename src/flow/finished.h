/* A finished screen as its session has it: what is decided again, reported again and shown is made of it, without the images. */
#ifndef MDUP_FLOW_FINISHED_H
#define MDUP_FLOW_FINISHED_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "flow/reading.h"
#include "flow/report.h"
#include "publish/publish.h"
#include "session/session.h"

/* Parameters that a decision leaves beside its own: what the screen was asked for. */
#define MDUP_SCREEN_OVERLAP "screen-min-overlap"
#define MDUP_SCREEN_EVALUE "screen-evalue"

typedef struct {
    mdup_session *session; /* as is all that follows, owned */
    const char *path;      /* of it, as given; borrowed */
    const mdup_callbacks *callbacks;
    mdup_session_result result;
    mdup_session_provenance provenance;
    mdup_session_geometry *geometries;
    size_t n_geometries;
    mdup_reading
        *readings; /* what a report asks of each micrograph; frames when they are asked for */
    mdup_screen_options options; /* of the last decision; out_dir is that of nobody */
    const char **inputs;         /* of the options */
    mdup_screen_summary summary; /* without times */
} mdup_finished;

/** Takes over the session, also after a failure, and loads its result.  path and callbacks (may be NULL) are borrowed.  False with *err: INVALID
 *  when no screen has finished in it; PARSE (damaged); NOMEM.  Free with mdup_finished_clear, also after a failure. */
bool mdup_finished_load(mdup_session *session, const char *path, const mdup_callbacks *callbacks,
                        mdup_finished *out, mdup_error **err) MDUP_MUST_CHECK;

/** Opens a session to read from, and loads it; as mdup_session_open and mdup_finished_load. */
bool mdup_finished_open(const char *path, const mdup_callbacks *callbacks, mdup_finished *out,
                        mdup_error **err) MDUP_MUST_CHECK;
void mdup_finished_clear(mdup_finished *finished);

/** Counts the decision into the summary. */
void mdup_finished_count(mdup_finished *finished);

/** What a report of it is made of: catalog, pairs and decision of `results` (the result's, or another decision of it), `options` of whom they
 *  are.  Frames come from the session; one that cannot be had is told by a warning.  All is borrowed. */
mdup_report_job mdup_finished_report(mdup_finished *finished, const mdup_results *results,
                                     const mdup_screen_options *options);

#endif
