/* report.html, logfile.pdf and the last lines on the terminal, of a session that was just screened or decided again. */
#ifndef MDUP_FLOW_REPORT_H
#define MDUP_FLOW_REPORT_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "flow/parameters.h"
#include "flow/reading.h"
#include "publish/publish.h"
#include "publish/report.h"
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
    /* Of a result that was there before; NULL: it was made just now. */
    const mdup_session_provenance *made;
    const char *tables_dir; /* where its tables are; NULL: options->out_dir */
} mdup_report_job;

/** Fills a report that is valid while use(context, report) runs, and returns what that does.  False with *err (NOMEM) when it came to none. */
bool mdup_report_use(const mdup_report_job *job,
                     bool (*use)(void *context, const mdup_report *report, mdup_error **err),
                     void *context, mdup_error **err) MDUP_MUST_CHECK;

/** Writes report.html and logfile.pdf of a report into out_dir.  False with *err (NOMEM, IO). */
bool mdup_report_write(const mdup_report *report, const char *out_dir,
                       mdup_error **err) MDUP_MUST_CHECK;

/** Hands the verdict's first sentence to callbacks->log.  False with *err (NOMEM). */
bool mdup_report_say_headline(const mdup_report *report, const mdup_callbacks *callbacks,
                              mdup_error **err) MDUP_MUST_CHECK;

/** Writes report.html and logfile.pdf into options->out_dir, and hands the verdict to callbacks->log.  False with *err (NOMEM, IO). */
bool mdup_report_session(const mdup_report_job *job, const mdup_callbacks *callbacks,
                         mdup_error **err) MDUP_MUST_CHECK;

#endif
