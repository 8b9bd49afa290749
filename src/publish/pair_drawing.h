/* A pair drawn, on the PDF or as a picture of its own: both frames, and the shared area of both. */
#ifndef MDUP_PUBLISH_PAIR_DRAWING_H
#define MDUP_PUBLISH_PAIR_DRAWING_H

#include "formats/drawing.h"
#include "publish/canvas.h"
#include "publish/figure.h"
#include "publish/picture.h"

/* Where something goes on the page. */
typedef struct {
    double x, y, width, height;
} mdup_box;

typedef struct {
    const mdup_view *view; /* borrowed */
    mdup_pair pair;
    const mdup_report_micrograph *micrographs[2];
    mdup_picture pictures[2]; /* grey is NULL where there is no frame */
    mdup_picture difference;  /* when it was asked for, and both have a frame */
    mdup_area shared[2];      /* px of the micrographs, y down */
    double unit;              /* of lines and letters: 1 on a PDF */
} mdup_pair_drawing;

typedef enum { MDUP_LAYER_EARLIER, MDUP_LAYER_LATER, MDUP_LAYER_DIFFERENCE } mdup_layer;

/** Makes the pictures.  False with *err (NOMEM).  Free with mdup_pair_drawing_clear. */
bool mdup_pair_drawing_make(const mdup_view *view, const mdup_pair *pair, bool with_difference,
                            mdup_pair_drawing *out, mdup_error **err) MDUP_MUST_CHECK;
void mdup_pair_drawing_clear(mdup_pair_drawing *pair);

/** As large as fits from the upper left corner of the box on: a frame with a scale bar, the shared area outlined if that is asked for. */
void mdup_draw_frame(const mdup_pair_drawing *pair, mdup_drawing *drawing, bool later,
                     bool is_outlined, const mdup_box *where);

/** The same of the shared area, as the earlier frame has it, the later one laid onto it, or their difference. */
void mdup_draw_shared(const mdup_pair_drawing *pair, mdup_drawing *drawing, mdup_layer layer,
                      const mdup_box *where);

void mdup_draw_use_ink(mdup_drawing *drawing, mdup_ink ink);
/** The colour of the outline in the earlier or the later frame. */
void mdup_draw_use_outline(mdup_drawing *drawing, bool later);

#endif
