/* The camera: what it adds to every frame alike. */
#ifndef MDUP_SIMULATE_DETECTOR_H
#define MDUP_SIMULATE_DETECTOR_H

#include <stdint.h>

#include "base/error.h"

typedef struct {
    int32_t nx, ny;
    int8_t *pattern; /* [y * nx + x], in steps of gain_step: what the gain reference has left */
    float gain_step;
    double binning; /* pixels of a K3 at 0.83 A on the side of one of these; 1 for smaller ones */
} mdup_detector;

/** A camera of nx x ny px with a pattern of 0.4 % sd that reaches over about a pixel: in a pair
 *  of K3 frames its correlation at (0, 0) is about 2 sigma, as in CU428 (9 sigma in the sum over
 *  13 pairs). Pixels larger than a K3's are taken to be binned ones: the pattern is weaker in
 *  proportion, as the shot noise is, and the edges ring over fewer of them.  A bad camera has 1 %
 *  sd whatever the pixels.  False with *err set when memory runs out. */
bool mdup_detector_make(int32_t nx, int32_t ny, double pixel_A, bool is_bad, uint64_t key,
                        mdup_detector *detector, mdup_error **err) MDUP_MUST_CHECK;
void mdup_detector_free(mdup_detector *detector);

/** The part that an edge row takes of the jump between the opposite edges, `rows` rows inside: what
 * Fourier cropping of an image that does not meet itself at its edges leaves in every micrograph.
 * 0 from MDUP_RINGING_px on. */
double mdup_detector_ringing(const mdup_detector *detector, int32_t rows);

enum { MDUP_RINGING_px = 64 };

#endif
