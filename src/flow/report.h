/* report.html, logfile.pdf and the last lines on the terminal, of a session that was just screened or decided again. */
#ifndef MDUP_FLOW_REPORT_H
#define MDUP_FLOW_REPORT_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "flow/parameters.h"
#include "flow/reading.h"
#include "publish/publish.h"
#include "session/session.h"

/* What a report is made of; all borrowed. */
typedef struct {
    const mdup_screen_options *options;
    const mdup_screen_summary *summary; /* with the times so far */
    const mdup_results *results;
    mdup_reading *readings; /* one a micrograph */
    /* Makes the frame of a reading that has one, and has it not here; NULL: they are all here.  False: it cannot be had. */
    bool (*load_frame)(void *context, size_t index, mdup_reading *reading);
    void *context;
    const mdup_session_geometry
        *usual; /* that with most members: the null distribution is its; NULL: there is none */
    const char *session;          /* path of its file; NULL: none was written */
    const mdup_parameters *rules; /* of a decision from a session; NULL: those of the screen */
    int n_threads;
} mdup_report_job;

/** Writes report.html and logfile.pdf into options->out_dir, and hands the verdict to callbacks->log.  False with *err (NOMEM, IO). */
bool mdup_report_session(const mdup_report_job *job, const mdup_callbacks *callbacks,
                         mdup_error **err) MDUP_MUST_CHECK;

#endif
