/* A frame as a person sees it. */
#ifndef MDUP_PUBLISH_PICTURE_H
#define MDUP_PUBLISH_PICTURE_H

#include "publish/report.h"

typedef struct {
    int32_t nx, ny;
    uint8_t *grey; /* the first row on top; owned */
    mdup_strbuf jpeg;
} mdup_picture;

/** Softens a frame a little, stretches its contrast from the 1st to the 99th percentile, as is usual in the field, turns it so that y points
 *  up, and packs it into no more than most_bytes where that can be done without spoiling it.
 *  *step: where to begin, 0 for the first picture; frames of a session are alike, and what the last one needed the next one will.
 *  False with *err (NOMEM).  Free with mdup_picture_clear. */
bool mdup_picture_make(const mdup_report_frame *frame, size_t most_bytes, int *step,
                       mdup_picture *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_picture_clear(mdup_picture *picture);

/** The JPEG as a data URI. */
void mdup_picture_uri(const mdup_picture *picture, mdup_strbuf *out);

/** How a copy that lies in this way is drawn onto its original of width x height: (x, y) of its picture goes to
 *  (m[0] x + m[2] y + m[4], m[1] x + m[3] y + m[5]). */
void mdup_picture_matrix(mdup_orientation orientation, double width, double height, double m[6]);

#endif
