/* report.html, logfile.pdf and the last lines on the terminal, from a session that was just screened. */
#ifndef MDUP_FLOW_REPORT_H
#define MDUP_FLOW_REPORT_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "flow/compare.h"
#include "flow/reading.h"
#include "publish/publish.h"

/* What a report is made of; all borrowed. */
typedef struct {
    const mdup_screen_options *options;
    const mdup_screen_summary *summary; /* with the times so far */
    const mdup_results *results;
    const mdup_reading *readings; /* one a micrograph, with its frame */
    const mdup_pair_list *
        usual; /* what the geometry with most members gave: the null distribution is taken from it */
    int n_threads;
} mdup_report_job;

/** Writes report.html and logfile.pdf into options->out_dir, and hands the verdict to callbacks->log.  False with *err (NOMEM, IO). */
bool mdup_report_session(const mdup_report_job *job, const mdup_callbacks *callbacks,
                         mdup_error **err) MDUP_MUST_CHECK;

#endif
