/* Frames that stay in memory from one pass over a growing session to the next, so that they are not read from its file each time: of 5000
 * micrographs that is half a GB. */
#ifndef MDUP_FLOW_KEPT_FRAMES_H
#define MDUP_FLOW_KEPT_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct {
    int64_t id; /* of the reading, in the session */
    uint64_t hash;
    int8_t *pixels; /* owned; NULL once it is taken */
} mdup_kept_frame;

/* Begins as {0}. */
typedef struct {
    mdup_kept_frame *items; /* sorted by id */
    size_t n;
} mdup_kept_frames;

/** Hands over the frame of that reading, if it is here and has that hash; else NULL.  Free with free(). */
int8_t *mdup_kept_frames_take(mdup_kept_frames *frames, int64_t id, uint64_t hash);

/** Takes over n items, an array from malloc and the pixels in it, in the place of what is left. */
void mdup_kept_frames_put(mdup_kept_frames *frames, mdup_kept_frame *items, size_t n);

void mdup_kept_frames_clear(mdup_kept_frames *frames);

#endif
