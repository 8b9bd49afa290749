/* An image moved as IMOD's `newstack -xform` moves it. */
#ifndef MDUP_ORIGINAL_NEWSTACK_H
#define MDUP_ORIGINAL_NEWSTACK_H

#include <stddef.h>
#include <stdint.h>

/** What newstack fills the empty area with: the mean of those rows of the image that the result needs (not of all), from
 *  the sums of its ny rows of nx pixels. */
float mdup_newstack_fill(const double *row_sums, int32_t nx, int32_t ny, double shift_y_px);

/** out(x, y) = image(x - shift_x, y - shift_y) by cubic convolution (a = -1, IMOD's), by a quadratic clipped to the
 *  neighbouring pixels within two pixels of the edge, and `fill` where there is no pixel.  The image is nx x ny, the rows of
 *  `out` are out_stride floats apart; `row` is room for nx floats. */
void mdup_newstack_shift(const float *image, int32_t nx, int32_t ny, double shift_x_px,
                         double shift_y_px, float fill, float *row, float *out, int32_t out_stride);

#endif
