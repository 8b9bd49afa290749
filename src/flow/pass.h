/* One screen of many over a session that grows: what lives longer than it. */
#ifndef MDUP_FLOW_PASS_H
#define MDUP_FLOW_PASS_H

#include <microdup/screen.h>

#include "flow/kept_frames.h"
#include "publish/publish.h"
#include "session/work.h"

typedef struct {
    mdup_catalog *catalog;   /* what to screen; the pass frees it, and sets it to NULL */
    mdup_session *session;   /* NULL: the pass opens it, and leaves it open */
    mdup_kept_frames frames; /* of the last pass, then of this one */
    /* Called when all files are written, unless it is NULL.  False with *err: the pass has failed. */
    bool (*published)(void *context, const mdup_results *results, mdup_error **err);
    void *context;
} mdup_pass;

/** mdup_screen of pass->catalog; the inputs of the options are for the record only.  Session and frames belong to the caller afterwards, also after a failure:
 *  what a failed pass has left in the session is whole, but its connection may not be good for more. */
bool mdup_screen_pass(const mdup_screen_options *options, mdup_pass *pass,
                      const mdup_callbacks *callbacks, mdup_screen_summary *summary,
                      mdup_error **err) MDUP_MUST_CHECK;

#endif
