/* A Gaussian blur at a cost that does not depend on its width. */
#ifndef MDUP_IMAGE_BLUR_H
#define MDUP_IMAGE_BLUR_H

#include <stddef.h>
#include <stdint.h>

/** Floats of scratch that mdup_blur needs for an image of nx by ny. */
size_t mdup_blur_scratch_size(int32_t nx, int32_t ny);

/** Blurs in place with three running means, which together are a Gaussian of sigma_px to a few per
 * cent (Wells 1986).  At the edges the mean is over the pixels there are, so a constant image stays
 * what it is. */
void mdup_blur(float *image, int32_t nx, int32_t ny, double sigma_x_px, double sigma_y_px,
               float *scratch);

#endif
