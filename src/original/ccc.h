/* The original tool's CCC, for microduplicate_screener: what `tiltxcorr`, `newstack -xform` and `mtffilter` of IMOD 4 and a
 * Pearson coefficient over the whole frame gave, without the programs and the files between them.
 *
 * A plan holds the tables for one image size, an image is prepared once, each thread has a scratch.  One thread compares one
 * reference with its targets:
 *
 *     mdup_original_set_reference(plan, scratch, reference);
 *     for each target: mdup_original_compare(plan, scratch, target, &result);
 *
 * The pair step allocates nothing, and its result depends on the two images only.  It is not symmetric: the target is
 * interpolated, filled and filtered, the reference only filtered. */
#ifndef MDUP_ORIGINAL_CCC_H
#define MDUP_ORIGINAL_CCC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    MDUP_ORIGINAL_MIN_px = 25,   /* tiltxcorr's own limit */
    MDUP_ORIGINAL_MAX_px = 65536 /* past any camera; keeps the sizes below from overflowing */
};

typedef struct mdup_original_plan mdup_original_plan;
typedef struct mdup_original_image mdup_original_image;
typedef struct mdup_original_scratch mdup_original_scratch;

/* Shift in px of the images compared, IMOD's sign: the target moved by it lies on the reference, so a point at (x, y) in the
 * target is at (x + shift_x, y + shift_y) in the reference.  That is microdup's shift with the reference as A and the target
 * as B (the original takes the earlier one as reference), but binned.  Circular: beyond half the padded size it is aliased.
 * In steps of 0.001 px, as in the transform file through which IMOD's programs hand it on. */
typedef struct {
    double ccc; /* -1 to 1 */
    double shift_x_px;
    double shift_y_px;
} mdup_original_result;

/** Tables for images of nx x ny pixels (already binned), for any number of threads.  INVALID when a side is below 25 px or
 *  above 65536 px; the message does not name a file. */
mdup_original_plan *mdup_original_plan_new(int32_t nx, int32_t ny,
                                           mdup_error **err) MDUP_MUST_CHECK;

/** NULL is fine.  Images and scratches made with the plan are freed by themselves, before or after. */
void mdup_original_plan_free(mdup_original_plan *plan);

/** What one prepared image and one scratch take: 3.2 MB and 6.6 MB at 720 x 512 px, in proportion to the area otherwise.
 *  Nothing but the pixels is needed to prepare an image again, so a caller keeps as many as it has memory for. */
size_t mdup_original_image_bytes(const mdup_original_plan *plan);
size_t mdup_original_scratch_bytes(const mdup_original_plan *plan);

mdup_original_scratch *mdup_original_scratch_new(const mdup_original_plan *plan,
                                                 mdup_error **err) MDUP_MUST_CHECK;
void mdup_original_scratch_free(mdup_original_scratch *scratch); /* NULL is fine */

/** Copies the pixels (nx * ny, x fastest, row 0 first) and prepares them to be compared as reference or as target.  Scale
 *  and offset do not matter.  A reference set in the scratch stays.  NULL with *err: NOMEM, or INVALID when a pixel is NaN or
 *  infinite (the message does not name a file). */
mdup_original_image *mdup_original_image_new(const mdup_original_plan *plan,
                                             mdup_original_scratch *scratch, const float *pixels,
                                             mdup_error **err) MDUP_MUST_CHECK;
void mdup_original_image_free(mdup_original_image *image); /* NULL is fine */

/** What the following comparisons with this scratch are made with.  The image is not needed any more afterwards. */
void mdup_original_set_reference(const mdup_original_plan *plan, mdup_original_scratch *scratch,
                                 const mdup_original_image *reference);

/** The original's score and shift of the reference set and a target.  With a constant image on either side, all 0. */
void mdup_original_compare(const mdup_original_plan *plan, mdup_original_scratch *scratch,
                           const mdup_original_image *target, mdup_original_result *out);

#endif
