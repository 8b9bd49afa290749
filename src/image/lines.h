/* Rows and columns that a detector, a gain reference or a crop in Fourier space made brighter or darker than their neighbours. */
#ifndef MDUP_IMAGE_LINES_H
#define MDUP_IMAGE_LINES_H

#include <stddef.h>
#include <stdint.h>

/** Takes the mean from each row and each column whose mean is far off; image: nx * ny values around 0, in place; scratch:
 *  mdup_remove_lines_scratch_size floats. */
void mdup_remove_lines(float *image, int32_t nx, int32_t ny, float *scratch);
size_t mdup_remove_lines_scratch_size(int32_t nx, int32_t ny);

#endif
