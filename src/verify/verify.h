/* One candidate shift of two frames, looked at again on the shared area alone. */
#ifndef MDUP_VERIFY_VERIFY_H
#define MDUP_VERIFY_VERIFY_H

#include "base/error.h"
#include "image/condition.h"
#include "verify/power.h"

typedef struct {
    float z; /* peak near the candidate in units of what chance makes there */
    float
        bunching; /* how much further than usual chance reaches at this very shift, where strong places lie on
                                    * strong places: z is divided by it already; 1 where they lie evenly, never less */
    double shift_x, shift_y;       /* px of the frame, refined to a fraction of a pixel */
    double shift_sd_x, shift_sd_y; /* their uncertainty, px, 0.02 to 2.5: of noise
                                    * alone, not of ice that moved; nor is it whether this is the right place */
} mdup_verdict;

/* Plans and buffers; one a worker. */
typedef struct mdup_verifier mdup_verifier;

/** The conditioner is borrowed and must outlive the verifier.  NULL with *err.  Free with mdup_verifier_free. */
mdup_verifier *mdup_verifier_new(const mdup_conditioner *conditioner,
                                 mdup_error **err) MDUP_MUST_CHECK;
void mdup_verifier_free(mdup_verifier *verifier);

/* A frame as verification sees it: cleaned, nx * ny floats from mdup_condition_clean, and where its power lies, from mdup_power_measure. */
typedef struct {
    const float *clean;
    const uint16_t *power;
} mdup_verify_frame;

/** Crops both frames to what they share at the candidate shift and a margin,
 *  whitens each there, correlates, and measures the peak within 2.5 px of the candidate against what unrelated crops of these spectra
 *  give at that shift (Parseval, and where the power of each lies), or against what is found between 6 px and 24 px from it where that
 *  is more.  False with *err (NOMEM) when a plan could not be made. */
bool mdup_verify(mdup_verifier *verifier, const mdup_verify_frame *a, const mdup_verify_frame *b,
                 double shift_x, double shift_y, mdup_verdict *out,
                 mdup_error **err) MDUP_MUST_CHECK;

/** Pearson's coefficient of two cleaned frames over the area they share at the shift rounded to whole pixels; 0 when they share
 *  nothing or one is constant there. */
double mdup_shared_ccc(const float *a, const float *b, int32_t nx, int32_t ny, double shift_x,
                       double shift_y);

/** Shared area / area of one frame. */
double mdup_overlap(int32_t nx, int32_t ny, double shift_x, double shift_y);

#endif
