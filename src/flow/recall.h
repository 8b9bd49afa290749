/* What a session knows of the micrographs of a list: those whose files are as they were are not read again. */
#ifndef MDUP_FLOW_RECALL_H
#define MDUP_FLOW_RECALL_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "flow/frames.h"
#include "flow/kept_frames.h"
#include "flow/reading.h"
#include "session/work.h"

typedef struct {
    mdup_session *session;         /* borrowed */
    mdup_kept_frames *kept;        /* borrowed; NULL: none are kept */
    int mode0;                     /* as the files are read now */
    size_t n;                      /* micrographs */
    mdup_session_reading *entries; /* of each: what the session has under its name, and its id */
    bool *is_known;                /* of each: its reading is filled in */
} mdup_recall;

/** Finds each micrograph of the catalog in the session by its name, enters those that are new, and fills in readings[catalog->n] (zeroed) of those that
 *  need not be read: the file has the size and time it had, and was read in the same way.  Their frames are taken from `kept` (may be NULL), as
 *  far as they are there, and added to `frames`.  Says through callbacks->log what is to be
 *  read again, and why.  False with *err: INVALID when the session knows other micrographs and none of these; IO, PARSE, NOMEM.  Free with
 *  mdup_recall_clear, also after a failure; the readings stay. */
bool mdup_recall_readings(mdup_session *session, const mdup_catalog *catalog,
                          const mdup_screen_options *options, mdup_kept_frames *kept,
                          const mdup_callbacks *callbacks, mdup_reading *readings,
                          mdup_frames *frames, mdup_recall *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_recall_clear(mdup_recall *recall);

/** Keeps a reading just made of micrograph i.  Any thread. */
bool mdup_recall_keep(mdup_recall *recall, size_t i, const mdup_reading *reading,
                      mdup_error **err) MDUP_MUST_CHECK;

#endif
