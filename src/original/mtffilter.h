/* The band-pass of IMOD's `mtffilter -lowpass 0.25,0.05 -highpass 0.04`, which both images of a pair go through before
 * they are compared.  (The original passes -highpass 0.04,0.02; the second number is read by nothing.) */
#ifndef MDUP_ORIGINAL_MTFFILTER_H
#define MDUP_ORIGINAL_MTFFILTER_H

#include <stddef.h>

#include "image/fft.h"

/* All tables for one image size.  Read only after init. */
typedef struct {
    mdup_fft *fft;
    float *filter;
    int32_t nx, ny;         /* px, of the image */
    int32_t pad_nx, pad_ny; /* px, transformed */
    int32_t pad_left, pad_bottom;
} mdup_mtffilter;

/** On failure nothing stays allocated. */
bool mdup_mtffilter_init(mdup_mtffilter *self, int32_t nx, int32_t ny,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_mtffilter_clear(mdup_mtffilter *self);

/** Floats in the buffer `real`, and complex samples in the spectrum. */
size_t mdup_mtffilter_real_size(const mdup_mtffilter *self);
size_t mdup_mtffilter_spectrum_size(const mdup_mtffilter *self);

/** Where in `real` the image lies, its rows pad_nx floats apart. */
float *mdup_mtffilter_image(const mdup_mtffilter *self, float *real);

/** Filters, in place, the image that the caller has put there.  The result is not normalised (times pad_nx * pad_ny); what
 *  surrounds it in `real` is of no use.  `spectrum` is overwritten. */
void mdup_mtffilter_run(const mdup_mtffilter *self, float *real, float complex *spectrum);

#endif
