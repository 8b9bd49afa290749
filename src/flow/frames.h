/* The frames of a screen: as many as may stay in memory.  The others are in the session file, and come from there when they are asked for. */
#ifndef MDUP_FLOW_FRAMES_H
#define MDUP_FLOW_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/reading.h"
#include "session/work.h"

typedef struct mdup_frames mdup_frames;

/** For readings[n], which are borrowed and hold the frames that are in memory: at most most_bytes of them beside those in use.  The session and its
 *  path are borrowed; NULL: all frames stay, whatever most_bytes says.  NULL with *err (NOMEM).  Free with mdup_frames_free; the readings
 *  stay. */
mdup_frames *mdup_frames_new(mdup_session *session, const char *session_path,
                             mdup_reading *readings, size_t n, double most_bytes,
                             mdup_error **err) MDUP_MUST_CHECK;
void mdup_frames_free(mdup_frames *frames);

/** Says that reading i now has its frame, and that the session has it under that id.  It is dropped when there is no room.  Any thread. */
void mdup_frames_add(mdup_frames *frames, size_t i, int64_t id);

/** The frame of reading i, which has one; it stays until mdup_frames_release, called once for each of these calls.  Any thread; not while
 *  anything else uses the session.  NULL with *err (IO, PARSE, NOMEM). */
const int8_t *mdup_frames_get(mdup_frames *frames, size_t i, mdup_error **err) MDUP_MUST_CHECK;
void mdup_frames_release(mdup_frames *frames, size_t i);

#endif
